/* SPDX-License-Identifier: MIT */
/*
 * This machine's own SGX as a loader: a thread per enclave loads it, then serves its mailbox.
 *
 *     loop's thread                           enclave's thread
 *     load       ---- pthread_create ----->   place, ask for TARGETINFO
 *     loaded     <------- uv_async --------   (or why not)
 *     turn = CPU ------- futex, looks ---->   enter, until it comes back out
 *     doorbell   <------- eventfd ---------   turn = HOST
 *     unload     ---- bar, is_ending ----->   faults out, ends
 *     joined     <------- uv_async --------
 *
 * Implementation notes.  A thread inside an enclave that never leaves cannot be stopped from
 * outside but by taking its memory away: then it faults, and the vDSO comes back with that.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/wire/node.h"
#include "tee/sgx/abi.h"
#include "tee/sgx/node/aesm.h"
#include "tee/sgx/node/hardware.h"
#include "tee/sgx/node/place.h"

#define WHY_LEN CW_SGX_LOADER_WHY_LEN
#define THREAD_LOOKS 400u /* for a turn, before the thread sleeps */

struct cw_sgx_cpu {
    uv_loop_t *loop;
    const struct cw_sgx_driver *driver;
    const char *aesm;
    unsigned quoting_count;
    uv_idle_t closing;
    cw_node_done_fn closed;
    void *closed_ctx;
};

struct enclave {
    struct cw_sgx_enclave seen; /* first */
    struct cw_sgx_cpu *cpu;
    struct cw_sgx_loading loading;
    uint8_t *image; /* a copy, until it is loaded */
    uv_async_t news;
    pthread_t thread;
    struct cw_sgx_place place;
    cw_status status; /* of loading */
    char why[WHY_LEN];
    uint32_t is_placed; /* status, why and place are the loop's to read           */
    uint32_t is_ending; /* the thread is to end                                   */
    uint32_t is_over;   /* it has nothing more to do than return                  */
    bool is_told;
    cw_node_done_fn done;
    void *done_ctx;
};

static uint32_t get(const uint32_t *flag)
{
    return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

static void set(uint32_t *flag, uint32_t value)
{
    __atomic_store_n(flag, value, __ATOMIC_SEQ_CST);
}

/* --- the enclave's thread ------------------------------------------------------------------------------ */

static void place(struct enclave *e)
{
    uint8_t target[SGX_TARGETINFO_LEN];
    char why[CW_AESM_WHY_LEN] = "";
    e->status = cw_sgx_place_load(e->cpu->driver, e->image, e->loading.image_len, &e->place,
            e->why);
    if (e->status != CW_OK) {
        return;
    }
    e->status = cw_aesm_target(e->cpu->aesm, target, why);
    if (e->status == CW_OK) {
        (void)memcpy(e->seen.arena + CW_SGX_TARGET_AT, target, sizeof target);
    } else {
        (void)snprintf(e->why, sizeof e->why, "%s", why);
    }
}

/* Until the host gives the turn, or the end. */
static bool await_turn(const struct enclave *e)
{
    struct cw_sgx_mailbox *box = e->seen.mailbox;
    for (unsigned i = 0; i < THREAD_LOOKS; i++) {
        if (get(&box->turn) == CW_SGX_TURN_CPU) {
            return get(&e->is_ending) == 0;
        }
        __builtin_ia32_pause();
    }
    set(&box->cpu_waits, CW_SGX_WAIT_FUTEX);
    while (get(&box->turn) != CW_SGX_TURN_CPU && get(&e->is_ending) == 0) {
        (void)syscall(SYS_futex, &box->turn, FUTEX_WAIT, CW_SGX_TURN_HOST, NULL, NULL, 0);
    }
    set(&box->cpu_waits, CW_SGX_WAIT_LOOKS);
    return get(&e->is_ending) == 0;
}

static void enter(struct enclave *e)
{
    struct cw_sgx_mailbox *box = e->seen.mailbox;
    struct cw_sgx_run run = {.tcs = e->place.tcs};
    struct cw_sgx_pass pass = {.rdi = box->gpr[CW_SGX_RDI], .rsi = box->gpr[CW_SGX_RSI],
            .function = box->function, .run = &run};
    const int status = e->cpu->driver->enter(&pass);
    (void)memset(box->gpr, 0, sizeof box->gpr);
    box->gpr[CW_SGX_RDI] = pass.rdi;
    box->gpr[CW_SGX_RSI] = pass.rsi;
    box->function = status == 0 ? run.function : SGX_EENTER;
    box->vector = status == 0 ? run.exception_vector : SGX_VECTOR_GP;
    box->error = run.exception_error_code;
    box->address = run.exception_addr;
    set(&box->turn, CW_SGX_TURN_HOST);
    if (get(&box->host_waits) == CW_SGX_WAIT_BELL) {
        const uint64_t one = 1;
        (void)!write(e->loading.doorbell, &one, sizeof one);
    }
}

static void *enclave_thread(void *ctx)
{
    struct enclave *e = ctx;
    place(e);
    set(&e->is_placed, 1);
    (void)uv_async_send(&e->news);
    if (e->status == CW_OK) {
        while (await_turn(e)) {
            enter(e);
        }
    }
    set(&e->is_over, 1);
    (void)uv_async_send(&e->news);
    return NULL;
}

/* --- load and unload ------------------------------------------------------------------------------------ */

static void enclave_freed(uv_handle_t *handle)
{
    struct enclave *e = handle->data;
    cw_sgx_place_unload(&e->place);
    (void)munmap(e->seen.arena, CW_SGX_ARENA_LEN);
    free(e->seen.mailbox);
    free(e->image);
    e->done(e->done_ctx);
    free(e);
}

static void bar(struct enclave *e)
{
    cw_sgx_place_bar(&e->place);
    set(&e->is_ending, 1);
    set(&e->seen.mailbox->turn, CW_SGX_TURN_CPU); /* who is about to sleep on it does not */
    (void)syscall(SYS_futex, &e->seen.mailbox->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void news_came(uv_async_t *news)
{
    struct enclave *e = news->data;
    if (get(&e->is_placed) == 0) {
        return;
    }
    if (e->done != NULL) {
        if (get(&e->is_ending) == 0) {
            bar(e);
        }
        if (get(&e->is_over) != 0 && !uv_is_closing((uv_handle_t *)news)) {
            (void)pthread_join(e->thread, NULL);
            uv_close((uv_handle_t *)news, enclave_freed);
        }
    } else if (!e->is_told) {
        e->is_told = true;
        free(e->image);
        e->image = NULL;
        e->loading.loaded(e->loading.ctx, e->status, e->why);
    }
}

static struct cw_sgx_enclave *hardware_load(struct cw_sgx_cpu *cpu,
        const struct cw_sgx_loading *loading)
{
    struct enclave *e = calloc(1, sizeof *e);
    void *arena = mmap(NULL, CW_SGX_ARENA_LEN, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct cw_sgx_mailbox *box = calloc(1, sizeof *box);
    uint8_t *image = malloc(loading->image_len + 1);
    if (e == NULL || arena == MAP_FAILED || box == NULL || image == NULL) {
        abort(); /* about a megabyte: the node itself cannot go on */
    }
    (void)memcpy(image, loading->image, loading->image_len);
    e->cpu = cpu;
    e->loading = *loading;
    e->loading.image = NULL;
    e->image = image;
    e->place.file = -1;
    e->place.driver = cpu->driver;
    e->seen.mailbox = box;
    e->seen.arena = arena;
    e->seen.arena_inside = (uint64_t)(uintptr_t)arena;
    (void)uv_async_init(cpu->loop, &e->news, news_came);
    e->news.data = e;
    if (pthread_create(&e->thread, NULL, enclave_thread, e) != 0) {
        abort(); /* a thread: the node itself cannot go on */
    }
    return &e->seen;
}

static void hardware_unload(struct cw_sgx_enclave *enclave, cw_node_done_fn done, void *ctx)
{
    struct enclave *e = (struct enclave *)(void *)enclave;
    e->done = done;
    e->done_ctx = ctx;
    (void)uv_async_send(&e->news);
}

/* --- quotes -------------------------------------------------------------------------------------------- */

struct quoting {
    uv_work_t work;
    struct cw_sgx_cpu *cpu;
    cw_node_called_fn done;
    void *ctx;
    uint8_t report[SGX_REPORT_LEN];
    cw_status status;
    uint8_t *quote;
    uint32_t quote_len;
    char why[CW_AESM_WHY_LEN];
};

static void cpu_freed(uv_handle_t *handle)
{
    struct cw_sgx_cpu *cpu = handle->data;
    cw_node_done_fn closed = cpu->closed;
    void *ctx = cpu->closed_ctx;
    free(cpu);
    closed(ctx);
}

static void cpu_ends(struct cw_sgx_cpu *cpu)
{
    if (cpu->closed != NULL && cpu->quoting_count == 0) {
        uv_close((uv_handle_t *)&cpu->closing, cpu_freed);
    }
}

static void ask_service(uv_work_t *work)
{
    struct quoting *q = work->data;
    q->status = cw_aesm_quote(q->cpu->aesm, q->report, &q->quote, &q->quote_len, q->why);
}

static void service_answered(uv_work_t *work, int status)
{
    (void)status;
    struct quoting *q = work->data;
    struct cw_sgx_cpu *cpu = q->cpu;
    cpu->quoting_count--;
    if (q->status == CW_OK) {
        const struct cw_quote quote = {.quote = q->quote, .quote_len = q->quote_len};
        const size_t len = 8 + (size_t)q->quote_len;
        uint8_t *items = malloc(len);
        if (items == NULL) {
            abort(); /* some kilobytes */
        }
        struct cw_writer w = cw_writer_over(items, len);
        cw_quote_put(&w, &quote);
        q->done(q->ctx, CW_OK, CW_RESULT_DONE, items, len);
        free(items);
    } else {
        q->done(q->ctx, CW_OK, CW_RESULT_REFUSED, (const uint8_t *)q->why, strlen(q->why));
    }
    free(q->quote);
    free(q);
    cpu_ends(cpu);
}

static void hardware_quote(struct cw_sgx_cpu *cpu, const uint8_t report[static SGX_REPORT_LEN],
        cw_node_called_fn done, void *ctx)
{
    struct quoting *q = calloc(1, sizeof *q);
    if (q == NULL) {
        abort(); /* a kilobyte */
    }
    q->cpu = cpu;
    q->done = done;
    q->ctx = ctx;
    (void)memcpy(q->report, report, sizeof q->report);
    q->work.data = q;
    cpu->quoting_count++;
    if (uv_queue_work(cpu->loop, &q->work, ask_service, service_answered) != 0) {
        abort(); /* only with arguments that are none */
    }
}

/* --- the CPU ------------------------------------------------------------------------------------------- */

cw_status cw_sgx_hardware_open(uv_loop_t *loop, const struct cw_sgx_driver *driver,
        const char *aesm, struct cw_sgx_cpu **ret_cpu, char *ret_why, size_t why_cap)
{
    struct cw_sgx_cpu *cpu = calloc(1, sizeof *cpu);
    if (cpu == NULL) {
        (void)snprintf(ret_why, why_cap, "no memory");
        return CW_E_SYSTEM;
    }
    cpu->loop = loop;
    cpu->driver = driver;
    cpu->aesm = aesm;
    (void)uv_idle_init(loop, &cpu->closing);
    cpu->closing.data = cpu;
    *ret_cpu = cpu;
    return CW_OK;
}

static cw_status hardware_open(uv_loop_t *loop, const char *where, struct cw_sgx_cpu **ret_cpu,
        char *ret_why, size_t why_cap)
{
    (void)where;
    if (access("/dev/sgx_enclave", R_OK | W_OK) != 0) {
        (void)snprintf(ret_why, why_cap, "/dev/sgx_enclave: %s: add this user to its group",
                strerror(errno));
        return CW_E_SYSTEM;
    }
    if (cw_sgx_vdso() == NULL) {
        (void)snprintf(ret_why, why_cap,
                "this kernel has no way into enclaves for programs: 5.11 or later is needed");
        return CW_E_ABSENT;
    }
    if ((personality(0xffffffff) & READ_IMPLIES_EXEC) != 0) {
        (void)snprintf(ret_why, why_cap,
                "this process has READ_IMPLIES_EXEC, with which no enclave can be mapped: start it "
                "without `setarch -X`");
        return CW_E_DENIED;
    }
    return cw_sgx_hardware_open(loop, &cw_sgx_linux, CW_AESM_SOCKET, ret_cpu, ret_why, why_cap);
}

bool cw_sgx_hardware_is_there(void)
{
    return access("/dev/sgx_enclave", F_OK) == 0;
}

static void hardware_describe(struct cw_sgx_cpu *cpu, char *ret_json, size_t cap)
{
    (void)cpu;
    (void)snprintf(ret_json, cap,
            "{\"chip\": \"SGX\", \"emulated\": false, \"mode\": \"hardware\", "
            "\"isolation\": \"the CPU\"}");
}

static void hardware_close(struct cw_sgx_cpu *cpu, cw_node_done_fn done, void *ctx)
{
    cpu->closed = done;
    cpu->closed_ctx = ctx;
    cpu_ends(cpu);
}

const struct cw_sgx_loader cw_sgx_hardware = {
        .open = hardware_open,
        .load = hardware_load,
        .unload = hardware_unload,
        .quote = hardware_quote,
        .describe = hardware_describe,
        .close = hardware_close,
};
