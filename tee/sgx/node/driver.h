/* SPDX-License-Identifier: MIT */
/*
 * driver.h - the kernel as the hardware loader uses it: Linux, or a test's double of it.
 *
 * What     The device /dev/sgx_enclave with its ioctls, its mappings, and the vDSO's way in.  The
 *          numbers are the kernel's (its user interface asm/sgx.h, which Debian 12 does not ship
 *          with this name for all architectures).
 * Trust    UNTRUSTED.
 * Errors   As the system calls: -1 and errno.
 */
#ifndef CW_TEE_SGX_NODE_DRIVER_H
#define CW_TEE_SGX_NODE_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/types.h>

struct cw_sgx_create {
    uint64_t src; /* a SECS */
};

struct cw_sgx_add_pages {
    uint64_t src;
    uint64_t offset;
    uint64_t length;
    uint64_t secinfo;
    uint64_t flags;
    uint64_t count; /* out: bytes that were added */
};

struct cw_sgx_init {
    uint64_t sigstruct;
};

#define CW_SGX_IOC_CREATE _IOW(0xa4, 0x00, struct cw_sgx_create)
#define CW_SGX_IOC_ADD_PAGES _IOWR(0xa4, 0x01, struct cw_sgx_add_pages)
#define CW_SGX_IOC_INIT _IOW(0xa4, 0x02, struct cw_sgx_init)
#define CW_SGX_ADD_MEASURE 1u

/* struct sgx_enclave_run: 256 bytes. */
struct cw_sgx_run {
    uint64_t tcs;
    uint32_t function;
    uint16_t exception_vector;
    uint16_t exception_error_code;
    uint64_t exception_addr;
    uint64_t user_handler;
    uint64_t user_data;
    uint8_t reserved[216];
};
_Static_assert(sizeof(struct cw_sgx_run) == 256, "the kernel's structure");

/* Registers that pass the boundary: in, and out again.  enter.S knows their places. */
struct cw_sgx_pass {
    uint64_t rdi;
    uint64_t rsi;
    uint64_t rdx;
    uint64_t r8;
    uint64_t r9;
    uint64_t function;
    struct cw_sgx_run *run;
};

struct cw_sgx_driver {
    int (*open)(void);
    int (*ioctl)(int file, unsigned long request, void *argument);
    void *(*mmap)(void *address, size_t len, int protection, int flags, int file, off_t offset);
    int (*munmap)(void *address, size_t len);
    int (*close)(int file);

    /* 0, or a negative errno; run says how it came out. */
    int (*enter)(struct cw_sgx_pass *pass);
};

extern const struct cw_sgx_driver cw_sgx_linux;

/* cw_sgx_vdso_enter - enter.S: call the vDSO's function, keep what it does not keep. */
int cw_sgx_vdso_enter(struct cw_sgx_pass *pass, void *function);

/* cw_sgx_vdso - __vdso_sgx_enter_enclave, or NULL: this kernel has none. */
void *cw_sgx_vdso(void);

#endif
