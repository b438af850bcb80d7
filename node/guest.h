/* SPDX-License-Identifier: MIT */
/*
 * guest.h - a module of an owner at this node, and the queue of what enters it.
 *
 * What     Whoever wants to enter a module has a job: a member of his own struct that stands in
 *          the module's queue, so that nothing is allocated per entry.  One entry is under way at
 *          a time.  While a request of the module is on its way, only its answer enters.
 *
 *     LOADING --loaded--> READY --lost--> LOST --unloaded, after a while--> LOADING (restarts + 1)
 *        |                  |---unload---> LEAVING --> gone
 *        |--failed, first time--> gone
 *
 * Trust    UNTRUSTED.  Items are the module's or the attacker's: bounded, then relayed.
 */
#ifndef CW_NODE_GUEST_H
#define CW_NODE_GUEST_H

#include "core/wire/node.h"
#include "node/journal.h"
#include "node/node.h"

#define CW_GUEST_NAME_CAP 64u
#define CW_GUEST_WHY_CAP 256u
#define CW_GUEST_RETRY_MS 5u /* the first wait of who was told AGAIN; then ever longer */

struct cw_guest;
struct cw_job;

/* What a job enters its module with; the bytes stay valid until begin is called again. */
struct cw_job_input {
    cw_entry entry;
    const uint8_t *bytes;
    size_t len;
    bool is_many; /* bytes are several inputs, as call_many of tee/node.h takes them */
};

struct cw_job_kind {
    /* False: there is nothing to enter for any more. */
    bool (*begin)(struct cw_job *job, struct cw_job_input *ret_input);

    /* A REPLY, RESPONSE or ACK item of this entry.  NULL: none is expected. */
    void (*item)(struct cw_job *job, cw_frame type, const uint8_t *bytes, size_t len);

    /* Once for each begin that returned true.  status CW_E_ABSENT: the module is gone or was
     * restarted, and what became of the entry is unknown. */
    void (*end)(struct cw_job *job, cw_status status, cw_result result);
};

struct cw_job {
    struct cw_list place; /* in guest->queue or guest->parked */
    const struct cw_job_kind *kind;
    struct cw_guest *guest;
    uint32_t served; /* when end is called: inputs that came back DONE before the last */
};

typedef enum cw_guest_state {
    CW_GUEST_LOADING,
    CW_GUEST_READY,
    CW_GUEST_LOST,
    CW_GUEST_LEAVING,
} cw_guest_state;

typedef void (*cw_guest_ready_fn)(void *ctx, cw_status status, const char *why);
typedef void (*cw_guest_gone_fn)(void *ctx);

struct cw_guest {
    struct cw_list place; /* in node->guests */
    struct cw_list ready_place; /* in node->ready_guests: somebody may enter */
    struct cw_node *node;
    struct cw_tenancy *tenancy;
    uint32_t number;
    char name[CW_GUEST_NAME_CAP];
    cw_guest_state state;
    struct cw_node_module *handle; /* NULL: not loaded */
    uint8_t *image;
    size_t image_len;

    struct cw_list queue;
    struct cw_list parked; /* were told AGAIN; enter when something changed */
    struct cw_job *current;
    struct cw_job nobody;  /* stands for a current job whose owner went away */
    bool is_entered;       /* a call of the backend is under way             */

    struct cw_relay *awaiting; /* the request whose answer it waits for     */
    bool is_pending;
    bool cancel_due;

    struct cw_list relays;    /* ends of connections at this module */
    struct cw_list periodics;
    struct cw_list outlets;   /* where it serves streams            */

    uv_timer_t retry;   /* parked jobs          */
    uv_timer_t limit;   /* of a request         */
    uv_timer_t reload;
    unsigned open_handles;
    uint32_t retry_ms;
    uint32_t reload_ms;
    uint64_t loaded_at_ms;

    struct cw_journal_seen seen;
    uint32_t restarts;
    uint64_t entries;
    uint64_t refused;
    uint64_t again;
    uint64_t astray; /* items without a connection, or none at all */

    cw_guest_ready_fn ready;
    void *ready_ctx;
    cw_status failure; /* told when nothing is left of it, so that one may try again */
    char why[CW_GUEST_WHY_CAP]; /* also, while LOST: why the last try to load it again failed, or "" */
    cw_guest_gone_fn gone;
    void *gone_ctx;
    bool is_unloading; /* the backend works on it */
};

/*
 * cw_guest_load - begin to load an image, which is copied; ready is called once, later.
 *
 * CW_E_STATE  there is such a module already
 * CW_E_SPACE  no room for one more
 */
CW_MUST_CHECK cw_status cw_guest_load(struct cw_node *node, const char *owner,
        const struct cw_module_name *module, const char *name, const uint8_t *image,
        size_t image_len, cw_guest_ready_fn ready, void *ctx);

/* cw_guest_unload - end everything that it has here; gone is called once, later. */
void cw_guest_unload(struct cw_guest *guest, cw_guest_gone_fn gone, void *ctx);

/* cw_guest_hurry - somebody asks for it: if it could not be loaded again, the next try is soon. */
void cw_guest_hurry(struct cw_guest *guest);

/* cw_guest_find - NULL: there is none, or it is another owner's. */
struct cw_guest *cw_guest_find(struct cw_node *node, const char *owner,
        const struct cw_module_name *module);

/* cw_guest_forget - whoever waited for ready or gone went away. */
void cw_guest_forget(struct cw_node *node, const void *ctx);

/* cw_guest_take_said - it was entered by its device, and came back so. */
void cw_guest_take_said(struct cw_guest *guest, cw_result result, const uint8_t *items,
        size_t items_len);

/* For the setup of a platform. */
void cw_guest_lost(void *node, struct cw_node_module *module, const char *why);
void cw_guest_interrupt(void *node, struct cw_node_module *module, uint16_t endpoint);
void cw_guest_said(void *node, struct cw_node_module *module, cw_result result, const uint8_t *items,
        size_t items_len);

void cw_job_init(struct cw_job *job, const struct cw_job_kind *kind, struct cw_guest *guest);

/* cw_job_queue - stand in the queue, once; enters when this turn of the loop has been read. */
void cw_job_queue(struct cw_job *job);

/* cw_job_park - stand aside until something changed for the module, or for a little while. */
void cw_job_park(struct cw_job *job);

/* cw_job_stop - leave the queue; end is not called, even if the entry is under way. */
void cw_job_stop(struct cw_job *job);

bool cw_job_is_idle(const struct cw_job *job);

/* cw_guest_enter_all - whoever may enter now does, with all that this turn of the loop brought. */
void cw_guest_enter_all(struct cw_node *node);

/* cw_guest_changed - what was told AGAIN may be taken now. */
void cw_guest_changed(struct cw_guest *guest);

/* cw_guest_answer - the answer to guest->awaiting came: enter with it when that is possible. */
void cw_guest_answer(struct cw_guest *guest);

/* --- between guest.c and enter.c ------------------------------------------------------------------ */

/* Stands for a current job whose owner went away. */
extern const struct cw_job_kind cw_job_nobody;

/* cw_guest_kick - let the next one enter, if nobody is inside, before the loop waits. */
void cw_guest_kick(struct cw_guest *guest);

/* cw_guest_wake - who stood aside stands in the queue again. */
void cw_guest_wake(struct cw_guest *guest);

/* cw_guest_end_current - the entry under way is over, with its request if it had one. */
void cw_guest_end_current(struct cw_guest *guest, cw_status status, cw_result result);

#endif
