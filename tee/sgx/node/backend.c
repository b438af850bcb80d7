/* SPDX-License-Identifier: MIT */
/*
 * The node's side of sgx: what goes through the arena, and who enters when.
 *
 *     LOADING --loaded--> READY --call--> CALLED --answer--> READY
 *        |                  |----------------|--ended, breach--> LOST --unload--> (freed)
 *        |--failed--> (freed)                |--unload--> LEAVING --done--> (freed)
 *
 * Implementation notes.  A module that is inside and awake answers within microseconds: the loop
 * does not sleep then but turns and looks for the answer (an idle handle keeps it from blocking;
 * everything else is served as well), and neither crosses the boundary.  After LOOK_NS it asks for
 * the doorbell instead, and sleeps.  A module that is outside is entered, and wakes the loop with
 * its answer.  While calls are close to each other it is entered again after an answer, so that
 * the next call finds it awake; how often this is tried depends on how often it helped.  A module
 * that finds no request for a while leaves, without ringing.  So nothing runs while nothing is to
 * be done.  On one processor nobody looks: whoever is looked for could not run.
 *
 * All that an enclave writes may change at any time: words are read once, items are copied before
 * they are looked at.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/wire/node.h"
#include "tee/sgx/abi.h"
#include "tee/sgx/node/loader.h"

#define LOOK_NS 20000u      /* how long the loop turns for an answer                           */
#define LOOK_PAUSES 40u     /* looks at one answer in each of its turns: about a microsecond   */
#define INSIDE_LOOKS 1000u  /* looks of a module for the next request, before it leaves        */
#define CLOSE_NS 200000u    /* calls this close to each other: the next one comes soon         */
#define TRY_CALLS_MAX 64u   /* calls between two tries to find it awake                        */
#define WHY_LEN 320u

typedef enum module_state {
    STATE_LOADING,
    STATE_READY,
    STATE_CALLED,
    STATE_LOST,
    STATE_LEAVING,
} module_state;

struct cw_node_module {
    struct cw_platform *platform;
    struct cw_node_module *next;
    struct cw_sgx_enclave *enclave;
    uv_poll_t bell;
    uv_timer_t later; /* for what must not happen before a function returned */
    int bell_file;
    unsigned open_handles;
    module_state state;

    uint64_t request;      /* the last one that was posted                          */
    uint32_t input_count;  /* of it, for call_many                                  */
    bool is_started;       /* it was entered for the first time                     */
    bool is_inside;        /* as far as we know: it may have left without ringing   */
    bool was_posted;       /* the request was there when the module was entered     */
    bool is_looking;       /* the loop turns for its answer                         */
    uint64_t look_until_ns;
    uint64_t called_ns;    /* when the last call began                              */
    bool is_close;         /* it followed the one before soon                       */
    bool is_tried;         /* it was entered so that this call finds it awake       */
    unsigned try_calls;    /* until it is entered so again                          */
    unsigned try_every;

    cw_node_loaded_fn loaded;
    void *loaded_ctx;
    cw_node_called_fn called;
    cw_node_called_many_fn called_many; /* one of the two, while a call is under way */
    void *called_ctx;
    cw_status later_status;
    cw_node_done_fn unloaded;
    void *unloaded_ctx;
    char why[WHY_LEN];
};

struct cw_platform {
    struct cw_node_setup setup;
    const struct cw_sgx_loader *loader;
    struct cw_sgx_cpu *cpu;
    struct cw_node_module *modules;
    uv_idle_t looking; /* active while modules are looked at */
    unsigned looking_count;
    bool has_processors; /* more than one */
    cw_node_done_fn closed;
    void *closed_ctx;
    uint8_t items[CW_SGX_OUT_LEN]; /* of the answer that is being told */
};

/* --- shared words --------------------------------------------------------------------------------- */

static uint64_t *word(const struct cw_node_module *m, size_t offset)
{
    return (uint64_t *)(void *)(m->enclave->arena + offset);
}

static uint64_t word_get(const struct cw_node_module *m, size_t offset)
{
    return __atomic_load_n(word(m, offset), __ATOMIC_SEQ_CST);
}

static void word_put(const struct cw_node_module *m, size_t offset, uint64_t value)
{
    __atomic_store_n(word(m, offset), value, __ATOMIC_SEQ_CST);
}

static bool is_out(const struct cw_node_module *m)
{
    return __atomic_load_n(&m->enclave->mailbox->turn, __ATOMIC_SEQ_CST) == CW_SGX_TURN_HOST;
}

static void wait_as(const struct cw_node_module *m, cw_sgx_wait how)
{
    __atomic_store_n(&m->enclave->mailbox->host_waits, (uint32_t)how, __ATOMIC_SEQ_CST);
}

/* --- the end of a module --------------------------------------------------------------------------- */

static void look_no_more(struct cw_node_module *m)
{
    struct cw_platform *p = m->platform;
    if (m->is_looking) {
        m->is_looking = false;
        p->looking_count--;
        if (p->looking_count == 0) {
            (void)uv_idle_stop(&p->looking);
        }
    }
}

/* A call that is under way gets its answer, and none is awaited after that. */
static void end_call(struct cw_node_module *m, cw_status status, uint32_t served, cw_result result,
        const uint8_t *items, size_t items_len)
{
    cw_node_called_fn called = m->called;
    cw_node_called_many_fn called_many = m->called_many;
    m->called = NULL;
    m->called_many = NULL;
    if (called != NULL) {
        called(m->called_ctx, status, result, items, items_len);
    } else if (called_many != NULL) {
        called_many(m->called_ctx, status, served, result, items, items_len);
    }
}

static void platform_freed(void *ctx)
{
    struct cw_platform *p = ctx;
    cw_node_done_fn closed = p->closed;
    void *closed_ctx = p->closed_ctx;
    free(p);
    closed(closed_ctx);
}

static void looking_closed(uv_handle_t *handle)
{
    struct cw_platform *p = handle->data;
    p->loader->close(p->cpu, platform_freed, p);
}

static void platform_ends(struct cw_platform *p)
{
    if (p->closed != NULL && p->modules == NULL && !uv_is_closing((uv_handle_t *)&p->looking)) {
        uv_close((uv_handle_t *)&p->looking, looking_closed);
    }
}

static void handle_closed(uv_handle_t *handle)
{
    struct cw_node_module *m = handle->data;
    m->open_handles--;
    if (m->open_handles > 0) {
        return;
    }
    struct cw_platform *p = m->platform;
    struct cw_node_module **at = &p->modules;
    while (*at != m) {
        at = &(*at)->next;
    }
    *at = m->next;
    (void)close(m->bell_file);
    cw_node_loaded_fn loaded = m->loaded;
    cw_node_done_fn unloaded = m->unloaded;
    if (loaded != NULL) {
        loaded(m->loaded_ctx, m->later_status, NULL, m->why);
    }
    if (unloaded != NULL) {
        unloaded(m->unloaded_ctx);
    }
    free(m);
    platform_ends(p);
}

static void enclave_gone(void *ctx)
{
    struct cw_node_module *m = ctx;
    uv_close((uv_handle_t *)&m->bell, handle_closed);
    uv_close((uv_handle_t *)&m->later, handle_closed);
}

static void leave_later(uv_timer_t *timer)
{
    struct cw_node_module *m = timer->data;
    end_call(m, CW_E_ABSENT, 0, CW_RESULT_REFUSED, NULL, 0);
    m->platform->loader->unload(m->enclave, enclave_gone, m);
}

static void leave(struct cw_node_module *m)
{
    m->state = STATE_LEAVING;
    look_no_more(m);
    (void)uv_poll_stop(&m->bell);
    (void)uv_timer_start(&m->later, leave_later, 0, 0);
}

/* It is no more, or does not keep to abi.h: whoever loaded it unloads it now. */
static void lose(struct cw_node_module *m)
{
    const struct cw_node_setup *setup = &m->platform->setup;
    look_no_more(m);
    (void)uv_poll_stop(&m->bell);
    (void)uv_timer_stop(&m->later);
    m->state = STATE_LOST;
    end_call(m, CW_E_ABSENT, 0, CW_RESULT_REFUSED, NULL, 0);
    if (m->state == STATE_LOST && setup->lost != NULL) {
        setup->lost(setup->ctx, m, m->why);
    }
}

static void break_off(struct cw_node_module *m, const char *why)
{
    (void)snprintf(m->why, sizeof m->why, "%s", why);
    lose(m);
}

/* --- in and out -------------------------------------------------------------------------------------- */

static void enter(struct cw_node_module *m)
{
    struct cw_sgx_mailbox *box = m->enclave->mailbox;
    (void)memset(box->gpr, 0, sizeof box->gpr);
    if (!m->is_started) {
        box->gpr[CW_SGX_RDI] = m->enclave->arena_inside;
        box->gpr[CW_SGX_RSI] = CW_SGX_ARENA_LEN;
        m->is_started = true;
    }
    box->function = SGX_EENTER;
    box->rflags = 0x202;
    box->mxcsr = 0x1f80;
    box->fcw = 0x37f;
    m->is_inside = true;
    m->was_posted = m->state == STATE_CALLED;
    __atomic_store_n(&box->turn, (uint32_t)CW_SGX_TURN_CPU, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&box->cpu_waits, __ATOMIC_SEQ_CST) == CW_SGX_WAIT_FUTEX) {
        (void)syscall(SYS_futex, &box->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

static const char *vector_name(uint64_t vector)
{
    switch (vector) {
    case SGX_VECTOR_DE:
        return "#DE: a division by zero";
    case SGX_VECTOR_BP:
        return "#BP: a breakpoint";
    case SGX_VECTOR_UD:
        return "#UD: an instruction that an enclave must not use";
    case SGX_VECTOR_GP:
        return "#GP: a general protection fault";
    case SGX_VECTOR_PF:
        return "#PF: memory that it does not have, or not so";
    case SGX_VECTOR_AC:
        return "#AC: an unaligned address";
    default:
        return "an exception";
    }
}

/* It left a while ago, having found nothing to do. */
static bool has_left(struct cw_node_module *m)
{
    const struct cw_sgx_mailbox *box = m->enclave->mailbox;
    const uint64_t how = __atomic_load_n(&box->gpr[CW_SGX_RDI], __ATOMIC_RELAXED);
    return !m->is_inside ||
            (is_out(m) && __atomic_load_n(&box->function, __ATOMIC_RELAXED) == SGX_EEXIT &&
                    (how == CW_SGX_EXIT_IDLE || how == CW_SGX_EXIT_WAKE));
}

/* It came back out. */
static void take_exit(struct cw_node_module *m)
{
    const struct cw_sgx_mailbox *box = m->enclave->mailbox;
    const uint32_t function = __atomic_load_n(&box->function, __ATOMIC_RELAXED);
    const uint64_t how = __atomic_load_n(&box->gpr[CW_SGX_RDI], __ATOMIC_RELAXED);
    const uint64_t vector = function == SGX_EEXIT
            ? __atomic_load_n(&box->gpr[CW_SGX_RSI], __ATOMIC_RELAXED)
            : __atomic_load_n(&box->vector, __ATOMIC_RELAXED);
    m->is_inside = false;
    if (function != SGX_EEXIT || how == CW_SGX_EXIT_FAULT) {
        (void)snprintf(m->why, sizeof m->why, "%s", vector_name(vector));
        lose(m);
    } else if (how == CW_SGX_EXIT_DEAD) {
        break_off(m, "it aborted: an invariant of its runtime was broken");
    } else if (how == CW_SGX_EXIT_REFUSED) {
        break_off(m, "it refused to be entered: is it of another version?");
    } else if (how != CW_SGX_EXIT_IDLE && how != CW_SGX_EXIT_WAKE) {
        break_off(m, "it left in a way that is none");
    } else if (m->state == STATE_CALLED &&
            word_get(m, CW_SGX_WORD_RESPONSE) == m->request - 1) {
        if (m->was_posted) {
            break_off(m, "it left without an answer");
        } else {
            enter(m); /* they passed each other */
        }
    }
}

/* --- answers ------------------------------------------------------------------------------------------ */

/* It left with its answer: shall it wait inside for the next call? */
static void keep_awake(struct cw_node_module *m)
{
    if (m->is_inside || !m->is_close || !m->platform->has_processors) {
        return;
    }
    if (m->try_calls > 0) {
        m->try_calls--;
        return;
    }
    m->is_tried = true;
    word_put(m, CW_SGX_WORD_SPIN, INSIDE_LOOKS);
    enter(m);
}

/* Did it help that it was entered before? */
static void learn(struct cw_node_module *m, bool was_awake)
{
    if (was_awake) {
        m->try_every = 0;
        m->try_calls = 0;
    } else if (m->is_tried) {
        m->try_every = 2 * m->try_every + 1 < TRY_CALLS_MAX ? 2 * m->try_every + 1 : TRY_CALLS_MAX;
        m->try_calls = m->try_every;
    }
    m->is_tried = false;
}

/* What it answered is there, whole; it may still change. */
static void take_answer(struct cw_node_module *m)
{
    struct cw_platform *p = m->platform;
    const uint64_t value = word_get(m, CW_SGX_WORD_RESULT);
    const uint64_t served = word_get(m, CW_SGX_WORD_SERVED);
    const uint64_t result = value >> 24;
    const uint64_t len = value & 0xffffff;
    if (result > CW_RESULT_PENDING || len > CW_SGX_OUT_LEN ||
            (m->called_many != NULL && served >= m->input_count)) {
        break_off(m, "it sent what is no answer");
        return;
    }
    (void)memcpy(p->items, m->enclave->arena + CW_SGX_OUT, (size_t)len);
    if (m->is_looking) {
        learn(m, true);
    }
    look_no_more(m);
    wait_as(m, CW_SGX_WAIT_LOOKS);
    m->state = STATE_READY;
    keep_awake(m);
    end_call(m, CW_OK, (uint32_t)served, (cw_result)result, p->items, (size_t)len);
}

/* True: there was something; the module may be in any state now. */
static bool look(struct cw_node_module *m)
{
    const uint64_t response = word_get(m, CW_SGX_WORD_RESPONSE);
    if (response == m->request) {
        take_answer(m);
        return true;
    }
    if (response != m->request - 1) {
        break_off(m, "it answered what it was not asked");
        return true;
    }
    if (m->is_inside && is_out(m)) {
        take_exit(m);
        return true;
    }
    return false;
}

static void look_for_a_while(struct cw_node_module *m)
{
    for (unsigned i = 0; i < LOOK_PAUSES; i++) {
        if (look(m)) {
            return;
        }
        __builtin_ia32_pause();
    }
    if (uv_hrtime() > m->look_until_ns) {
        look_no_more(m);
        learn(m, false);
        word_put(m, CW_SGX_WORD_SLEEPS, 1);
        (void)look(m);
    }
}

static void look_at_all(uv_idle_t *idle)
{
    struct cw_platform *p = idle->data;
    /* Modules are freed in other turns of the loop, and begun at the list's head. */
    for (struct cw_node_module *m = p->modules; m != NULL; m = m->next) {
        if (m->is_looking) {
            look_for_a_while(m);
        }
    }
}

static void bell_rings(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    struct cw_node_module *m = handle->data;
    uint64_t count;
    if (read(m->bell_file, &count, sizeof count) < 0) {
        return; /* nothing after all */
    }
    if (m->state == STATE_CALLED && m->is_inside && is_out(m)) {
        take_exit(m);
    }
    if (m->state == STATE_CALLED) {
        (void)look(m);
    }
}

/* --- calls ------------------------------------------------------------------------------------------- */

static void answer_later(uv_timer_t *timer)
{
    struct cw_node_module *m = timer->data;
    end_call(m, m->later_status, 0, CW_RESULT_REFUSED, NULL, 0);
}

/* type: an entry, or many of it. */
static void begin_call(struct cw_node_module *m, unsigned type, const uint8_t *in, size_t in_len)
{
    struct cw_platform *p = m->platform;
    const bool is_entry = m->called_many != NULL || type < CW_SGX_MANY;
    if (m->state != STATE_READY || in_len > CW_SGX_IN_LEN || !is_entry) {
        /* Longer than any message of a link, or no entry: no module takes it. */
        m->later_status = m->state == STATE_READY ? CW_OK : CW_E_ABSENT;
        (void)uv_timer_start(&m->later, answer_later, 0, 0);
        return;
    }
    if (in_len > 0) {
        (void)memcpy(m->enclave->arena + CW_SGX_IN, in, in_len);
    }
    const uint64_t now_ns = uv_hrtime();
    m->is_close = now_ns - m->called_ns < CLOSE_NS;
    m->called_ns = now_ns;
    const bool looks = p->has_processors && m->is_inside && !is_out(m);
    word_put(m, CW_SGX_WORD_ENTRY, type);
    word_put(m, CW_SGX_WORD_IN_LEN, in_len);
    word_put(m, CW_SGX_WORD_SPIN, looks ? INSIDE_LOOKS : 0);
    word_put(m, CW_SGX_WORD_SLEEPS, looks ? 0 : 1);
    m->request++;
    m->state = STATE_CALLED;
    m->was_posted = false;
    word_put(m, CW_SGX_WORD_REQUEST, m->request);
    wait_as(m, CW_SGX_WAIT_BELL);
    if (!looks) {
        learn(m, false);
    }
    if (has_left(m)) {
        enter(m);
    }
    if (looks || is_out(m)) { /* out, and not as it should be: who could ring */
        m->look_until_ns = looks ? now_ns + LOOK_NS : now_ns;
        m->is_looking = true;
        p->looking_count++;
        (void)uv_idle_start(&p->looking, look_at_all);
    }
}

static void sgx_call(struct cw_platform *p, struct cw_node_module *m, cw_entry entry,
        const uint8_t *in, size_t in_len, cw_node_called_fn done, void *ctx)
{
    (void)p;
    m->called = done;
    m->called_ctx = ctx;
    m->input_count = 1;
    begin_call(m, entry, in, in_len);
}

static uint32_t count_inputs(const uint8_t *in, size_t in_len)
{
    struct cw_reader r = cw_reader_over(in, in_len);
    uint32_t count = 0;
    while (r.left_len > 0 && r.status == CW_OK) {
        const uint32_t len = cw_reader_u32(&r);
        cw_reader_expect(&r, len <= r.left_len);
        if (r.status == CW_OK) {
            r.next += len;
            r.left_len -= len;
            count++;
        }
    }
    return count;
}

static void sgx_call_many(struct cw_platform *p, struct cw_node_module *m, cw_entry entry,
        const uint8_t *in, size_t in_len, cw_node_called_many_fn done, void *ctx)
{
    (void)p;
    m->called_many = done;
    m->called_ctx = ctx;
    m->input_count = count_inputs(in, in_len);
    begin_call(m, CW_SGX_MANY | entry, in, in_len);
}

/* --- load and unload ---------------------------------------------------------------------------------- */

static void enclave_loaded(void *ctx, cw_status status, const char *why)
{
    struct cw_node_module *m = ctx;
    if (m->state == STATE_LEAVING) {
        return; /* it is being unloaded already */
    }
    if (status != CW_OK) {
        (void)snprintf(m->why, sizeof m->why, "%s", why);
        m->later_status = status;
        m->state = STATE_LEAVING;
        m->platform->loader->unload(m->enclave, enclave_gone, m); /* then loaded is told */
        return;
    }
    cw_node_loaded_fn loaded = m->loaded;
    m->loaded = NULL;
    m->request = word_get(m, CW_SGX_WORD_RESPONSE);
    m->state = STATE_READY;
    loaded(m->loaded_ctx, CW_OK, m, NULL);
}

static void enclave_ended(void *ctx, const char *why)
{
    struct cw_node_module *m = ctx;
    if (m->state == STATE_CALLED && word_get(m, CW_SGX_WORD_RESPONSE) == m->request) {
        take_answer(m); /* its last words count */
    }
    if (m->state == STATE_READY || m->state == STATE_CALLED) {
        break_off(m, why);
    }
}

static void sgx_load(struct cw_platform *p, const char *name, const uint8_t *image,
        size_t image_len, cw_node_loaded_fn done, void *ctx)
{
    (void)name;
    struct cw_node_module *m = calloc(1, sizeof *m);
    const int bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (m == NULL || bell < 0 || uv_poll_init(p->setup.loop, &m->bell, bell) != 0) {
        abort(); /* a kilobyte and a descriptor: the node itself cannot go on */
    }
    m->platform = p;
    m->next = p->modules;
    m->bell_file = bell;
    m->later_status = CW_E_ABSENT; /* unless loading says otherwise */
    m->bell.data = m;
    m->loaded = done;
    m->loaded_ctx = ctx;
    (void)uv_timer_init(p->setup.loop, &m->later);
    m->later.data = m;
    m->open_handles = 2;
    (void)uv_poll_start(&m->bell, UV_READABLE, bell_rings);
    p->modules = m;
    const struct cw_sgx_loading loading = {.image = image, .image_len = image_len,
            .doorbell = bell, .loaded = enclave_loaded, .ended = enclave_ended, .ctx = m};
    m->enclave = p->loader->load(p->cpu, &loading);
}

static void sgx_unload(struct cw_platform *p, struct cw_node_module *m, cw_node_done_fn done,
        void *ctx)
{
    (void)p;
    m->unloaded = done;
    m->unloaded_ctx = ctx;
    leave(m);
}

static bool has_processors(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 1;
}

/* --- the platform ---------------------------------------------------------------------------------------- */

static cw_status choose(const struct cw_node_setup *setup, const struct cw_sgx_loader **ret_loader,
        const char **ret_where, char *ret_why, size_t why_cap)
{
    *ret_where = NULL;
    for (size_t i = 0; i < setup->option_count; i++) {
        if (strcmp(setup->options[i].key, "cpu") != 0) {
            (void)snprintf(ret_why, why_cap, "--platform %s=%s: sgx knows cpu=SOCKET alone, where "
                                             "`causeway-sgx --listen SOCKET` is",
                    setup->options[i].key, setup->options[i].value);
            return CW_E_FORM;
        }
        *ret_where = setup->options[i].value;
    }
    if (*ret_where != NULL) {
        *ret_loader = &cw_sgx_emulated;
        return CW_OK;
    }
    if (cw_sgx_hardware_is_there()) {
        *ret_loader = &cw_sgx_hardware;
        return CW_OK;
    }
    (void)snprintf(ret_why, why_cap,
            "this machine offers no SGX (there is no /dev/sgx_enclave): start an emulated CPU, "
            "`causeway-sgx --listen SOCKET`, and give --platform cpu=SOCKET");
    return CW_E_ABSENT;
}

static cw_status sgx_open(const struct cw_node_setup *setup, struct cw_platform **ret_platform,
        char *ret_why, size_t why_cap)
{
    const struct cw_sgx_loader *loader = NULL;
    const char *where = NULL;
    cw_status status = choose(setup, &loader, &where, ret_why, why_cap);
    if (status != CW_OK) {
        return status;
    }
    struct cw_platform *p = calloc(1, sizeof *p);
    if (p == NULL) {
        (void)snprintf(ret_why, why_cap, "no memory");
        return CW_E_SYSTEM;
    }
    status = loader->open(setup->loop, where, &p->cpu, ret_why, why_cap);
    if (status != CW_OK) {
        free(p);
        return status;
    }
    p->loader = loader;
    p->has_processors = has_processors();
    p->setup = *setup;
    p->setup.options = NULL;
    p->setup.option_count = 0;
    (void)uv_idle_init(setup->loop, &p->looking);
    p->looking.data = p;
    *ret_platform = p;
    return CW_OK;
}

static void sgx_close(struct cw_platform *p, cw_node_done_fn done, void *ctx)
{
    p->closed = done;
    p->closed_ctx = ctx;
    for (struct cw_node_module *m = p->modules; m != NULL; m = m->next) {
        if (m->state != STATE_LEAVING) {
            (void)snprintf(m->why, sizeof m->why, "the node ends");
            leave(m);
        }
    }
    platform_ends(p);
}

static void sgx_describe(struct cw_platform *p, char *ret_json, size_t cap)
{
    p->loader->describe(p->cpu, ret_json, cap);
}

/* Evidence that is none ends here: it costs no quoting enclave's time. */
static void sgx_quote(struct cw_platform *p, const uint8_t *evidence, size_t evidence_len,
        cw_node_called_fn done, void *ctx)
{
    uint8_t report[SGX_REPORT_LEN] = {0}; /* of another length it is none, and the CPU says so */
    if (evidence_len == sizeof report) {
        (void)memcpy(report, evidence, sizeof report);
    }
    p->loader->quote(p->cpu, report, done, ctx);
}

const struct cw_node_backend cw_node_sgx = {
        .name = "sgx",
        .protection = "the CPU isolates and attests modules; an emulated one not from root",
        .open = sgx_open,
        .load = sgx_load,
        .call = sgx_call,
        .call_many = sgx_call_many,
        .unload = sgx_unload,
        .describe = sgx_describe,
        .quote = sgx_quote,
        .close = sgx_close,
};
