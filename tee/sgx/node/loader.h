/* SPDX-License-Identifier: MIT */
/*
 * loader.h - what brings enclaves into a CPU: the emulated one, or the machine's own.
 *
 * What     A loader loads an image and serves its mailbox (silicon/sgx/port.h): the first TCS runs
 *          whenever turn says so, and the doorbell rings when it comes back out and host_waits
 *          says so.  The backend does all else: what is in the arena, who enters when.
 * Trust    UNTRUSTED.  What an enclave writes is foreign to the backend and to the loader.
 * Calls    From the loop's thread; callbacks come there too, never before the function that began
 *          it returned.  Nothing blocks but open.
 */
#ifndef CW_TEE_SGX_NODE_LOADER_H
#define CW_TEE_SGX_NODE_LOADER_H

#include "silicon/sgx/port.h"
#include "tee/node.h"

#define CW_SGX_LOADER_WHY_LEN 320u

struct cw_sgx_cpu; /* the loader's own */

/* One enclave; the first member of what the loader keeps of it.  Valid once loaded was called. */
struct cw_sgx_enclave {
    struct cw_sgx_mailbox *mailbox;
    uint8_t *arena;        /* [CW_SGX_ARENA_LEN]; the quoting enclave's TARGETINFO is in it */
    uint64_t arena_inside; /* the address that the enclave is told                          */
};

struct cw_sgx_loading {
    const uint8_t *image; /* SIGSTRUCT and SGXS, [image_len] foreign bytes; the caller's again  */
    size_t image_len;
    int doorbell;         /* an eventfd, the caller's until unload is done                      */

    /* Once: status CW_OK, or why not.  Then unload is all that may follow. */
    void (*loaded)(void *ctx, cw_status status, const char *why);

    /* It ended without being asked to; unload is all that may follow. */
    void (*ended)(void *ctx, const char *why);
    void *ctx;
};

struct cw_sgx_loader {
    /* where  "cpu" of the platform's options, or NULL */
    cw_status (*open)(uv_loop_t *loop, const char *where, struct cw_sgx_cpu **ret_cpu,
            char *ret_why, size_t why_cap);

    struct cw_sgx_enclave *(*load)(struct cw_sgx_cpu *cpu, const struct cw_sgx_loading *loading);

    /* At any time after load, whatever the enclave does; no callback but done comes after it. */
    void (*unload)(struct cw_sgx_enclave *enclave, cw_node_done_fn done, void *ctx);

    /* As in tee/node.h. */
    void (*quote)(struct cw_sgx_cpu *cpu, const uint8_t report[static SGX_REPORT_LEN],
            cw_node_called_fn done, void *ctx);
    void (*describe)(struct cw_sgx_cpu *cpu, char *ret_json, size_t cap);

    /* When no enclave is left. */
    void (*close)(struct cw_sgx_cpu *cpu, cw_node_done_fn done, void *ctx);
};

extern const struct cw_sgx_loader cw_sgx_emulated;
extern const struct cw_sgx_loader cw_sgx_hardware;

/* cw_sgx_hardware_is_there - this machine has SGX, and its kernel offers it. */
bool cw_sgx_hardware_is_there(void);

#endif
