/* SPDX-License-Identifier: MIT */
/*
 * The node's side of TrustZone: modules are sessions of the secure world, one request at a time.
 *
 *     ABSENT --open, LOAD ...--> THERE --the board restarted, the kernel ended it--> LOST
 *        |--refused--> (freed)     |---------------unload---------------------------> (freed)
 *
 * Implementation notes.  What is asked of a board is a struct work in one queue; the first one is
 * under way, and a work may need several requests.  Before the next one begins, modules whose device
 * entered them are fetched from.  ENTER that is refused because something waits for FETCH comes
 * after it: so the node gets what a module said in the order in which the module said it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/reader.h"
#include "posix/log.h"
#include "tee/node.h"
#include "tee/trustzone/node/link.h"

#define PATIENCE_MS 15000u      /* how long a load waits for a board */
#define CHUNK_LEN (64ul << 10)  /* of an image, for each request     */
#define BUSY_MAX 3u
#define WHY_LEN 240u

typedef enum work_kind {
    WORK_LOAD,
    WORK_CALL,
    WORK_UNLOAD,
    WORK_INFO, /* of our own: what the board says of itself */
} work_kind;

typedef enum work_step {
    STEP_OPEN, /* LOAD, INFO: a session */
    STEP_MAIN,
    STEP_CLOSE,
} work_step;

struct work {
    struct work *next;
    work_kind kind;
    work_step step;
    struct cw_node_module *module; /* not of INFO */
    uint32_t session;              /* of INFO     */
    uint8_t *bytes;                /* image, or input */
    size_t len;
    size_t at; /* LOAD: how much of the image is there */
    uint32_t entry;
    union {
        cw_node_loaded_fn loaded;
        cw_node_called_fn called;
        cw_node_called_many_fn called_many;
        cw_node_done_fn done;
    } end;
    bool is_many;
    void *ctx;
    cw_status failed;    /* LOAD: what to say when its session is closed */
    char why[WHY_LEN];
};

struct cw_node_module {
    struct cw_node_module *next;
    uint32_t session; /* where is_there */
    bool is_there;
    bool is_lost;     /* whoever loaded it knows, or need not know */
    bool has_device;  /* which enters it by itself */
    bool fetch_due;
    unsigned busy_count; /* refusals in a row for something that FETCH did not find */
    char name[64];
};

struct cw_platform {
    struct cw_node_setup setup;
    const struct cw_tz_transport *transport;
    struct cw_tz_link *link;
    char *value; /* of the option */
    bool is_up;
    bool is_asking;                  /* something is under way */
    struct cw_node_module *fetching; /* it is a FETCH of this one, not the first work's */
    uv_timer_t turn;                 /* what must not happen before a function returned */
    uint64_t down_ms;                /* since then there is no board */
    struct work *queue;
    struct cw_node_module *modules;
    struct cw_tz_info info;
    bool has_info;
    unsigned open_handles;
    cw_node_done_fn closed;
    void *closed_ctx;
};

static void wake(struct cw_platform *p, uint64_t ms);
static bool may_start(const struct cw_platform *p);
static void ask_call(struct cw_platform *p, struct work *work);

/* --- work -------------------------------------------------------------------------------------------- */

static void add_work(struct cw_platform *p, const struct work *template, const uint8_t *bytes)
{
    struct work *work = malloc(sizeof *work);
    uint8_t *copy = template->len != 0 ? malloc(template->len) : NULL;
    if (work == NULL || (template->len != 0 && copy == NULL)) {
        cw_log_error("trustzone: no memory");
        abort(); /* a node without memory cannot keep its promises: callbacks always come */
    }
    *work = *template;
    work->bytes = copy;
    if (copy != NULL) {
        (void)memcpy(copy, bytes, template->len);
    }
    struct work **at = &p->queue;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = work;
    if (p->queue == work && work->kind == WORK_CALL && may_start(p) && work->module->is_there
            && !work->module->is_lost && work->len <= CW_TZ_IN_LEN) {
        ask_call(p, work); /* at once: its answer takes long enough */
    } else {
        wake(p, 0);
    }
}

static void free_module(struct cw_platform *p, struct cw_node_module *module)
{
    struct cw_node_module **at = &p->modules;
    while (*at != module) {
        at = &(*at)->next;
    }
    *at = module->next;
    free(module);
}

struct outcome {
    cw_status status;
    const char *why;
    cw_result result;
    uint32_t served;
    const uint8_t *items;
    size_t items_len;
};

/* A work ended, the first one or not. */
static void end_work(struct cw_platform *p, struct work *work, const struct outcome *o)
{
    struct work **at = &p->queue;
    while (*at != work) {
        at = &(*at)->next;
    }
    *at = work->next;
    struct cw_node_module *module = work->module;
    switch (work->kind) {
    case WORK_LOAD:
        work->end.loaded(work->ctx, o->status, o->status == CW_OK ? module : NULL, o->why);
        if (o->status != CW_OK) {
            free_module(p, module);
        }
        break;
    case WORK_CALL:
        if (work->is_many) {
            work->end.called_many(work->ctx, o->status, o->served, o->result, o->items,
                    o->items_len);
        } else {
            work->end.called(work->ctx, o->status, o->result, o->items, o->items_len);
        }
        break;
    case WORK_UNLOAD:
        free_module(p, module);
        work->end.done(work->ctx);
        break;
    case WORK_INFO:
        break;
    }
    free(work->bytes);
    free(work);
    wake(p, 0);
}

static void fail_work(struct cw_platform *p, struct work *work, cw_status status, const char *why)
{
    end_work(p, work, &(struct outcome){.status = status, .why = why, .result = CW_RESULT_REFUSED});
}

static void lose_module(struct cw_platform *p, struct cw_node_module *module, const char *why)
{
    module->fetch_due = false;
    if (!module->is_lost) {
        module->is_lost = true;
        if (p->setup.lost != NULL) {
            p->setup.lost(p->setup.ctx, module, why);
        }
    }
}

static void want_info(struct cw_platform *p)
{
    for (const struct work *w = p->queue; w != NULL; w = w->next) {
        if (w->kind == WORK_INFO && w->step == STEP_OPEN) {
            return;
        }
    }
    add_work(p, &(struct work){.kind = WORK_INFO}, NULL);
}

static void ask(struct cw_platform *p, const struct cw_tz_ask *what, cw_tz_answered_fn answered)
{
    p->is_asking = true;
    p->transport->ask(p->link, what, answered);
}

/* --- what a module said ---------------------------------------------------------------------------------- */

struct said {
    cw_result result;
    uint32_t served;
};

/* False: no cw_return with so many bytes of items. */
static bool read_said(const struct cw_tz_answer *answer, struct said *ret_said)
{
    const uint64_t result = answer->a >> 24;
    if (result > CW_RESULT_PENDING || (answer->a & 0xffffffu) != answer->out_len) {
        return false;
    }
    ret_said->result = (cw_result)result;
    ret_said->served = answer->b <= UINT32_MAX ? (uint32_t)answer->b : 0;
    return true;
}

static struct work *call_of(const struct cw_platform *p, const struct cw_node_module *module)
{
    struct work *work = p->queue;
    while (work != NULL && (work->kind != WORK_CALL || work->module != module)) {
        work = work->next;
    }
    return work;
}

/*
 * Its device entered it.  If it waits for an answer now, a call that waits here would be refused, and
 * the node would not know why: it gets AGAIN first.
 */
static void tell_said(struct cw_platform *p, struct cw_node_module *module, cw_result result,
        const struct cw_tz_answer *answer)
{
    struct work *waiting = call_of(p, module);
    if (result == CW_RESULT_PENDING && waiting != NULL) {
        end_work(p, waiting, &(struct outcome){.status = CW_OK, .result = CW_RESULT_AGAIN});
    }
    if (p->setup.said != NULL && !module->is_lost) {
        p->setup.said(p->setup.ctx, module, result, answer->out, answer->out_len);
    }
}

static void fetched(void *ctx, const struct cw_tz_answer *answer)
{
    struct cw_platform *p = ctx;
    struct cw_node_module *module = p->fetching;
    struct said said;
    p->fetching = NULL;
    p->is_asking = false;
    module->fetch_due = false;
    if (answer->ret == TEE_SUCCESS && read_said(answer, &said)) {
        module->fetch_due = answer->b > 0;
        if (answer->a != 0 || answer->b != 0) {
            module->busy_count = 0;
            tell_said(p, module, said.result, answer);
        }
    } else {
        lose_module(p, module, answer->ret == TEE_ERROR_TARGET_DEAD
                ? "the secure world ended it when its device entered it"
                : "what its device made it say cannot be had");
    }
    wake(p, 0);
}

static bool may_start(const struct cw_platform *p)
{
    bool may = p->is_up && !p->is_asking && p->closed == NULL;
    for (const struct cw_node_module *m = p->modules; m != NULL; m = m->next) {
        may &= !m->fetch_due;
    }
    return may;
}

static bool fetch_next(struct cw_platform *p)
{
    for (struct cw_node_module *m = p->modules; m != NULL; m = m->next) {
        if (m->fetch_due && m->is_there) {
            p->fetching = m;
            ask(p, &(struct cw_tz_ask){.command = OPTEE_INVOKE, .session = m->session,
                           .function = CW_TZ_FETCH, .room = CW_TZ_OUT_LEN}, fetched);
            return true;
        }
    }
    return false;
}

static void attention(void *ctx)
{
    struct cw_platform *p = ctx;
    for (struct cw_node_module *m = p->modules; m != NULL; m = m->next) {
        m->fetch_due |= m->has_device && m->is_there;
    }
    wake(p, 0);
}

/* --- loading ---------------------------------------------------------------------------------------------- */

static void load_step(struct cw_platform *p, struct work *work);

static const char *load_why(uint32_t ret, cw_status *ret_status)
{
    switch (ret) {
    case TEE_ERROR_OUT_OF_MEMORY:
        *ret_status = CW_E_SPACE;
        return "the secure world has no memory left for it: unload modules, or use another node";
    case TEE_ERROR_EXCESS_DATA:
        *ret_status = CW_E_SPACE;
        return "its image is longer than the secure world takes";
    case TEE_ERROR_ACCESS_DENIED:
        *ret_status = CW_E_DENIED;
        return "the secure world refuses its image: the signature is wrong, or this device has run "
               "a newer version of it";
    case TEE_ERROR_BUSY:
        *ret_status = CW_E_DENIED;
        return "its device belongs to another module, or the secure world has no session left";
    case TEE_ERROR_BAD_FORMAT:
        *ret_status = CW_E_FORM;
        return "the secure world does not take it for an image: build it for trustzone";
    default:
        *ret_status = CW_E_SYSTEM;
        return NULL;
    }
}

static void load_refused(struct work *work, uint32_t ret)
{
    const char *why = load_why(ret, &work->failed);
    if (why != NULL) {
        (void)snprintf(work->why, sizeof work->why, "%s", why);
    } else {
        (void)snprintf(work->why, sizeof work->why, "the secure world refused it with 0x%08" PRIx32,
                ret);
    }
}

/* Does the image say that a device enters it?  Only the kernel decides. */
static bool has_device(const uint8_t *image, size_t len)
{
    struct cw_reader r = cw_reader_over(image, len);
    for (unsigned i = 0; i < offsetof(struct cw_tz_image, on_interrupt); i++) {
        (void)cw_reader_u8(&r);
    }
    const uint16_t endpoint = cw_reader_u16(&r);
    return r.status == CW_OK && endpoint != UINT16_MAX;
}

static void loaded(void *ctx, const struct cw_tz_answer *answer)
{
    struct cw_platform *p = ctx;
    struct work *work = p->queue;
    struct cw_node_module *module = work->module;
    p->is_asking = false;
    switch (work->step) {
    case STEP_OPEN:
        if (answer->ret != TEE_SUCCESS) {
            load_refused(work, answer->ret);
            fail_work(p, work, work->failed, work->why);
            return;
        }
        module->session = answer->session;
        work->step = STEP_MAIN;
        break;
    case STEP_MAIN:
        if (answer->ret != TEE_SUCCESS) {
            load_refused(work, answer->ret);
            work->step = STEP_CLOSE;
        } else if (work->at == work->len) {
            module->is_there = true;
            module->has_device = has_device(work->bytes, work->len);
            end_work(p, work, &(struct outcome){.status = CW_OK});
            want_info(p);
            return;
        }
        break;
    case STEP_CLOSE:
        fail_work(p, work, work->failed, work->why);
        return;
    }
    load_step(p, work);
}

static void load_step(struct cw_platform *p, struct work *work)
{
    struct cw_tz_ask what = {.session = work->module->session};
    switch (work->step) {
    case STEP_OPEN:
        what.command = OPTEE_OPEN_SESSION;
        break;
    case STEP_MAIN:
        what.command = OPTEE_INVOKE;
        what.function = CW_TZ_LOAD;
        what.a = work->at;
        what.b = work->len;
        what.in = work->bytes + work->at;
        what.in_len = work->len - work->at < CHUNK_LEN ? work->len - work->at : CHUNK_LEN;
        work->at += what.in_len;
        break;
    case STEP_CLOSE:
        what.command = OPTEE_CLOSE_SESSION;
        break;
    }
    ask(p, &what, loaded);
}

/* --- calls and unloading ------------------------------------------------------------------------------------- */

/* It is no more: whoever called hears that first, then whoever loaded it. */
static void end_module(struct cw_platform *p, struct work *work, const char *why)
{
    struct cw_node_module *module = work->module;
    fail_work(p, work, CW_E_ABSENT, NULL);
    lose_module(p, module, why);
}

static void called(void *ctx, const struct cw_tz_answer *answer)
{
    struct cw_platform *p = ctx;
    struct work *work = p->queue;
    struct said said;
    char why[WHY_LEN];
    p->is_asking = false;
    switch (answer->ret) {
    case TEE_SUCCESS:
        work->module->busy_count = 0;
        if (read_said(answer, &said)) {
            end_work(p, work, &(struct outcome){.status = CW_OK, .result = said.result,
                                      .served = said.served, .items = answer->out,
                                      .items_len = answer->out_len});
        } else {
            end_module(p, work, "its answer is none");
        }
        break;
    case TEE_ERROR_BUSY: /* the same again, behind what it said before */
        work->module->fetch_due = true;
        if (++work->module->busy_count > BUSY_MAX) {
            end_module(p, work, "what it said when its device entered it does not come");
        }
        wake(p, 0);
        break;
    case TEE_ERROR_TARGET_DEAD:
        end_module(p, work, "the secure world ended it: it broke a rule, gave up, or ran too long");
        break;
    default:
        (void)snprintf(why, sizeof why, "the secure world refuses its calls with 0x%08" PRIx32,
                answer->ret);
        end_module(p, work, why);
        break;
    }
}

static void ask_call(struct cw_platform *p, struct work *work)
{
    if (!work->module->is_there || work->module->is_lost) {
        fail_work(p, work, CW_E_ABSENT, NULL);
        return;
    }
    if (work->len > CW_TZ_IN_LEN) { /* longer than any message that a module here takes */
        end_work(p, work, &(struct outcome){.status = CW_OK, .result = CW_RESULT_REFUSED});
        return;
    }
    ask(p, &(struct cw_tz_ask){.command = OPTEE_INVOKE, .session = work->module->session,
                   .function = CW_TZ_ENTER, .a = work->entry, .in = work->bytes,
                   .in_len = work->len, .room = CW_TZ_OUT_LEN}, called);
}

static void unloaded(void *ctx, const struct cw_tz_answer *answer)
{
    struct cw_platform *p = ctx;
    p->is_asking = false;
    if (answer->ret != TEE_SUCCESS) {
        cw_log_warn("trustzone: %s: a session does not close: 0x%08" PRIx32, p->value, answer->ret);
    }
    end_work(p, p->queue, &(struct outcome){.status = CW_OK});
    want_info(p);
}

static void ask_unload(struct cw_platform *p, struct work *work)
{
    if (!work->module->is_there) {
        end_work(p, work, &(struct outcome){.status = CW_OK});
        return;
    }
    work->module->is_there = false;
    ask(p, &(struct cw_tz_ask){.command = OPTEE_CLOSE_SESSION, .session = work->module->session},
            unloaded);
}

/* --- what the board is ------------------------------------------------------------------------------------------ */

static void take_info(struct cw_platform *p, const uint8_t *bytes, size_t len)
{
    struct cw_reader r = cw_reader_over(bytes, len);
    struct cw_tz_info info = {.version = cw_reader_u32(&r)};
    info.sessions_free = cw_reader_u32(&r);
    info.boot = cw_reader_u64(&r);
    info.memory_free = cw_reader_u64(&r);
    cw_reader_bytes(&r, info.platform, sizeof info.platform);
    cw_reader_bytes(&r, info.name, sizeof info.name);
    cw_reader_expect(&r, info.version == 1);
    if (cw_reader_finish(&r) == CW_OK) {
        p->info = info;
        p->has_info = true;
    }
}

static void told(void *ctx, const struct cw_tz_answer *answer)
{
    struct cw_platform *p = ctx;
    struct work *work = p->queue;
    p->is_asking = false;
    if (work->step == STEP_OPEN && answer->ret == TEE_SUCCESS) {
        work->session = answer->session;
        work->step = STEP_MAIN;
        wake(p, 0);
    } else if (work->step == STEP_MAIN) {
        if (answer->ret == TEE_SUCCESS) {
            take_info(p, answer->out, answer->out_len);
        }
        work->step = STEP_CLOSE;
        wake(p, 0);
    } else { /* closed; or all sessions are taken: it knows what it knew */
        end_work(p, work, &(struct outcome){.status = CW_OK});
    }
}

static void ask_info(struct cw_platform *p, const struct work *work)
{
    static const uint32_t commands[] = {OPTEE_OPEN_SESSION, OPTEE_INVOKE, OPTEE_CLOSE_SESSION};
    ask(p, &(struct cw_tz_ask){.command = commands[work->step], .session = work->session,
                   .function = work->step == STEP_MAIN ? CW_TZ_INFO : 0,
                   .room = work->step == STEP_MAIN ? sizeof(struct cw_tz_info) : 0}, told);
}

/* --- turns ----------------------------------------------------------------------------------------------------- */

static void start_work(struct cw_platform *p, struct work *work)
{
    switch (work->kind) {
    case WORK_LOAD:
        load_step(p, work);
        break;
    case WORK_CALL:
        ask_call(p, work);
        break;
    case WORK_UNLOAD:
        ask_unload(p, work);
        break;
    case WORK_INFO:
        ask_info(p, work);
        break;
    }
}

/* There is no board: a load waits for one for a while, all else is about what is gone. */
static void turn_down(struct cw_platform *p, struct work *work)
{
    const uint64_t down_ms = uv_now(p->setup.loop) - p->down_ms;
    if (work->kind == WORK_LOAD && down_ms < PATIENCE_MS) {
        wake(p, PATIENCE_MS - down_ms);
    } else if (work->kind == WORK_LOAD) {
        char why[WHY_LEN];
        (void)snprintf(why, sizeof why, "no board answers at %.100s: is causeway-trustzone running?",
                p->value);
        fail_work(p, work, CW_E_SYSTEM, why);
    } else if (work->kind == WORK_INFO) {
        end_work(p, work, &(struct outcome){.status = CW_OK});
    } else {
        start_work(p, work); /* nothing is there: it ends at once */
    }
}

static void turn(uv_timer_t *timer)
{
    struct cw_platform *p = timer->data;
    if (p->closed != NULL || p->is_asking) {
        return;
    }
    if (p->is_up && fetch_next(p)) {
        return;
    }
    if (p->queue != NULL && p->is_up) {
        start_work(p, p->queue);
    } else if (p->queue != NULL) {
        turn_down(p, p->queue);
    }
}

static void wake(struct cw_platform *p, uint64_t ms)
{
    if (p->closed == NULL && (!uv_is_active((uv_handle_t *)&p->turn)
                || uv_timer_get_due_in(&p->turn) > ms)) {
        (void)uv_timer_start(&p->turn, turn, ms, 0);
    }
}

static void up(void *ctx)
{
    struct cw_platform *p = ctx;
    p->is_up = true;
    want_info(p);
}

/* All that was there is gone, and what was under way with it. */
static void down(void *ctx, const char *why)
{
    struct cw_platform *p = ctx;
    struct work *under_way = p->is_asking && p->fetching == NULL ? p->queue : NULL;
    p->is_up = false;
    p->is_asking = false;
    p->fetching = NULL;
    p->down_ms = uv_now(p->setup.loop);
    for (struct cw_node_module *m = p->modules; m != NULL; m = m->next) {
        m->fetch_due = false;
    }
    for (struct work *w = p->queue; w != NULL; w = w->next) {
        w->step = STEP_OPEN; /* of a load: again, on the new board */
        w->at = 0;
    }
    if (under_way != NULL && under_way->kind != WORK_LOAD) {
        fail_work(p, under_way, CW_E_ABSENT, why);
    }
    for (struct cw_node_module *m = p->modules; m != NULL;) {
        struct cw_node_module *next = m->next;
        const bool was_there = m->is_there;
        m->is_there = false;
        if (was_there) {
            lose_module(p, m, why);
        }
        m = next;
    }
    wake(p, 0);
}

/* --- the contract ----------------------------------------------------------------------------------------------- */

static const struct cw_tz_transport *transport_of(const char *option)
{
    size_t i = 0;
    while (cw_tz_transports[i] != NULL && strcmp(cw_tz_transports[i]->option, option) != 0) {
        i++;
    }
    return cw_tz_transports[i];
}

static cw_status choose(const struct cw_node_setup *setup, struct cw_platform *p, const char **ret_value,
        char *ret_why, size_t why_cap)
{
    for (size_t i = 0; i < setup->option_count; i++) {
        const struct cw_tz_transport *found = transport_of(setup->options[i].key);
        if (found != NULL) {
            p->transport = found;
            *ret_value = setup->options[i].value;
        } else if (strcmp(setup->options[i].key, "control") != 0) {
            (void)snprintf(ret_why, why_cap, "--platform %s: a TrustZone board has %s=... only",
                    setup->options[i].key, cw_tz_transports[0]->option);
            return CW_E_FORM;
        }
    }
    if (p->transport == NULL) {
        (void)snprintf(ret_why, why_cap, "a TrustZone board is reached by --platform %s=...",
                cw_tz_transports[0]->option);
        return CW_E_FORM;
    }
    return CW_OK;
}

static cw_status trustzone_open(const struct cw_node_setup *setup, struct cw_platform **ret_platform,
        char *ret_why, size_t why_cap)
{
    struct cw_platform *p = calloc(1, sizeof *p);
    const char *value = "";
    (void)snprintf(ret_why, why_cap, "no memory");
    cw_status status = p != NULL ? choose(setup, p, &value, ret_why, why_cap) : CW_E_SYSTEM;
    if (status == CW_OK) {
        const struct cw_tz_link_owner owner = {
                .up = up, .down = down, .attention = attention, .ctx = p};
        p->value = strdup(value);
        status = p->value == NULL ? CW_E_SYSTEM : p->transport->open(setup->loop, value, &owner,
                &p->link, ret_why, why_cap);
    }
    if (status != CW_OK) {
        if (p != NULL) {
            free(p->value);
        }
        free(p);
        return status;
    }
    p->setup = *setup;
    p->setup.options = NULL;
    p->setup.option_count = 0;
    (void)uv_timer_init(setup->loop, &p->turn);
    p->turn.data = p;
    p->down_ms = uv_now(setup->loop);
    p->open_handles = 2;
    *ret_platform = p;
    return CW_OK;
}

static void trustzone_load(struct cw_platform *p, const char *name, const uint8_t *image,
        size_t image_len, cw_node_loaded_fn done, void *ctx)
{
    struct cw_node_module *module = calloc(1, sizeof *module);
    if (module == NULL) {
        cw_log_error("trustzone: no memory");
        abort();
    }
    (void)snprintf(module->name, sizeof module->name, "%s", name);
    module->next = p->modules;
    p->modules = module;
    add_work(p, &(struct work){.kind = WORK_LOAD, .module = module, .len = image_len,
                     .end.loaded = done, .ctx = ctx}, image);
}

static void trustzone_call(struct cw_platform *p, struct cw_node_module *module, cw_entry entry,
        const uint8_t *in, size_t in_len, cw_node_called_fn done, void *ctx)
{
    add_work(p, &(struct work){.kind = WORK_CALL, .module = module, .len = in_len,
                     .entry = (uint32_t)entry, .end.called = done, .ctx = ctx}, in);
}

static void trustzone_call_many(struct cw_platform *p, struct cw_node_module *module, cw_entry entry,
        const uint8_t *in, size_t in_len, cw_node_called_many_fn done, void *ctx)
{
    add_work(p, &(struct work){.kind = WORK_CALL, .module = module, .len = in_len,
                     .entry = (uint32_t)entry | CW_TZ_MANY, .end.called_many = done,
                     .is_many = true, .ctx = ctx}, in);
}

static void trustzone_unload(struct cw_platform *p, struct cw_node_module *module,
        cw_node_done_fn done, void *ctx)
{
    module->is_lost = true; /* nobody needs to hear of it any more */
    module->fetch_due = false;
    add_work(p, &(struct work){.kind = WORK_UNLOAD, .module = module, .end.done = done, .ctx = ctx},
            NULL);
}

/* Foreign text into JSON: nothing that would need an escape. */
static void plain(const uint8_t bytes[static 32], char ret_text[static 33])
{
    size_t len = 0;
    while (len < 32 && bytes[len] > 0x20 && bytes[len] < 0x7f && bytes[len] != '"'
            && bytes[len] != '\\') {
        ret_text[len] = (char)bytes[len];
        len++;
    }
    ret_text[len] = '\0';
}

static void trustzone_describe(struct cw_platform *p, char *ret_json, size_t cap)
{
    unsigned count = 0;
    char name[33];
    char platform[65];
    for (const struct cw_node_module *m = p->modules; m != NULL; m = m->next) {
        count += m->is_there ? 1 : 0;
    }
    plain(p->info.name, name);
    for (size_t i = 0; i < sizeof p->info.platform; i++) {
        (void)snprintf(platform + 2 * i, 3, "%02x", p->info.platform[i]);
    }
    if (!p->has_info) {
        (void)snprintf(ret_json, cap, "{\"chip\":\"Arm TrustZone\",%s\"board\":\"%s\"}",
                p->transport->is_emulated ? "\"emulated\":true," : "", p->is_up ? "starting" : "away");
        return;
    }
    (void)snprintf(ret_json, cap,
            "{\"chip\":\"Arm TrustZone\",%s\"board\":\"%s\",\"device\":\"%s\",\"platform\":\"%s\","
            "\"boot\":%" PRIu64 ",\"modules\":%u,\"sessions_free\":%" PRIu32
            ",\"memory_free\":%" PRIu64 "}",
            p->transport->is_emulated ? "\"emulated\":true," : "", p->is_up ? "ready" : "away", name,
            platform, p->info.boot, count, p->info.sessions_free, p->info.memory_free);
}

static void part_closed(struct cw_platform *p)
{
    p->open_handles--;
    if (p->open_handles > 0) {
        return;
    }
    cw_node_done_fn closed = p->closed;
    void *ctx = p->closed_ctx;
    while (p->modules != NULL) {
        free_module(p, p->modules);
    }
    free(p->value);
    free(p);
    closed(ctx);
}

static void turn_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

static void link_closed(void *ctx)
{
    part_closed(ctx);
}

static void trustzone_close(struct cw_platform *p, cw_node_done_fn done, void *ctx)
{
    p->setup.lost = NULL;
    p->setup.said = NULL;
    while (p->queue != NULL) {
        fail_work(p, p->queue, CW_E_ABSENT, "the node shuts down");
    }
    p->closed = done;
    p->closed_ctx = ctx;
    p->transport->close(p->link, link_closed);
    uv_close((uv_handle_t *)&p->turn, turn_closed);
}

const struct cw_node_backend cw_node_trustzone = {
        .name = "trustzone",
        .protection = "the secure world isolates modules from the node's host and each other (a board "
                      "emulated by QEMU: not from whoever controls QEMU)",
        .open = trustzone_open,
        .load = trustzone_load,
        .call = trustzone_call,
        .call_many = trustzone_call_many,
        .unload = trustzone_unload,
        .describe = trustzone_describe,
        .close = trustzone_close,
};
