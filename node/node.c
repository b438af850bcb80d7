/* SPDX-License-Identifier: MIT */
#include "node/node.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "node/accept.h"
#include "node/guest.h"
#include "node/journal.h"
#include "node/link.h"
#include "node/relay.h"
#include "posix/log.h"

#define TICK_MS 100u
#define EMPTY_LIMIT_MS 60000u /* a deployment without modules is forgotten then */
#define WHY_CAP 512u

uint64_t cw_node_now_ms(const struct cw_node *node)
{
    return uv_now(node->loop);
}

void cw_node_lend(struct cw_node *node, uv_buf_t *ret_buf)
{
    *ret_buf = uv_buf_init((char *)node->read_bytes, sizeof node->read_bytes);
}

/* --- tenancies ----------------------------------------------------------------------------------- */

struct cw_tenancy *cw_tenancy_find(struct cw_node *node,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN])
{
    CW_LIST_EACH (place, &node->tenancies) {
        struct cw_tenancy *tenancy = CW_LISTED(place, struct cw_tenancy, place);
        if (memcmp(tenancy->deployment, deployment, CW_DEPLOYMENT_LEN) == 0) {
            return tenancy;
        }
    }
    return NULL;
}

cw_status cw_tenancy_join(struct cw_node *node,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN], const char *owner,
        struct cw_tenancy **ret_tenancy)
{
    struct cw_tenancy *tenancy = cw_tenancy_find(node, deployment);
    if (tenancy == NULL) {
        tenancy = calloc(1, sizeof *tenancy);
        if (tenancy == NULL) {
            return CW_E_SPACE;
        }
        memcpy(tenancy->deployment, deployment, CW_DEPLOYMENT_LEN);
        strncpy(tenancy->owner, owner, sizeof tenancy->owner - 1);
        tenancy->empty_at_ms = cw_node_now_ms(node);
        cw_list_init(&tenancy->place);
        cw_list_append(&node->tenancies, &tenancy->place);
    } else if (strcmp(tenancy->owner, owner) != 0) {
        return CW_E_DENIED;
    }
    tenancy->use_count++;
    *ret_tenancy = tenancy;
    return CW_OK;
}

void cw_tenancy_leave(struct cw_tenancy *tenancy)
{
    tenancy->use_count--;
    if (tenancy->use_count == 0) {
        cw_list_remove(&tenancy->place);
        free(tenancy);
    }
}

/* Links of a deployment that has no module here lead nowhere. */
static void forget_empty(struct cw_node *node)
{
    const uint64_t now_ms = cw_node_now_ms(node);
    CW_LIST_EACH (place, &node->tenancies) {
        struct cw_tenancy *tenancy = CW_LISTED(place, struct cw_tenancy, place);
        if (tenancy->guest_count == 0 && now_ms - tenancy->empty_at_ms > EMPTY_LIMIT_MS) {
            cw_link_remove_all(node, tenancy);
            return; /* it may be gone, and the list with it */
        }
    }
}

/* --- the loop ------------------------------------------------------------------------------------ */

/* What one turn of the loop brought enters and leaves together, before anybody waits. */
static void flush(struct cw_node *node)
{
    do {
        cw_relay_flush_local(node);
        cw_guest_enter_all(node);
        cw_link_flush(node);
    } while (!cw_list_is_empty(&node->ready_guests) || !cw_list_is_empty(&node->dirty_relays) ||
            !cw_list_is_empty(&node->dirty_links));
}

static void before_wait(uv_prepare_t *handle)
{
    flush(handle->data);
}

static void after_wait(uv_check_t *handle)
{
    flush(handle->data);
}

static bool is_due(int timer_fd)
{
    uint64_t count;
    return read(timer_fd, &count, sizeof count) > 0;
}

static void tick(uv_poll_t *handle, int status, int events)
{
    struct cw_node *node = handle->data;
    (void)status;
    (void)events;
    if (!is_due(node->tick_fd)) {
        return;
    }
    const uint64_t now_ms = cw_node_now_ms(node);
    CW_LIST_EACH (place, &node->conns) {
        struct cw_conn *conn = CW_LISTED(place, struct cw_conn, place);
        if (!conn->is_closing && conn->kind->tick != NULL) {
            conn->kind->tick(conn, now_ms);
        }
    }
    cw_relay_tick(node);
    cw_journal_look(node);
    forget_empty(node);
}

void cw_node_time_acks(struct cw_node *node, uint32_t wait_ms)
{
    if (node->is_ack_timed) {
        return;
    }
    const struct itimerspec when = {.it_value = {
            .tv_sec = wait_ms / 1000, .tv_nsec = (long)(wait_ms % 1000) * 1000000}};
    node->is_ack_timed = timerfd_settime(node->ack_timer_fd, 0, &when, NULL) == 0;
}

static void acks_due(uv_poll_t *handle, int status, int events)
{
    struct cw_node *node = handle->data;
    (void)status;
    (void)events;
    if (is_due(node->ack_timer_fd)) {
        node->is_ack_timed = false;
        cw_relay_ack_due(node);
    }
}

static void start_handles(struct cw_node *node)
{
    (void)uv_prepare_init(node->loop, &node->before_wait);
    (void)uv_check_init(node->loop, &node->after_wait);
    (void)uv_timer_init(node->loop, &node->closing);
    (void)uv_poll_init(node->loop, &node->tick, node->tick_fd);
    (void)uv_poll_init(node->loop, &node->ack_timer, node->ack_timer_fd);
    uv_handle_t *const handles[] = {(uv_handle_t *)&node->before_wait,
            (uv_handle_t *)&node->after_wait, (uv_handle_t *)&node->closing,
            (uv_handle_t *)&node->tick, (uv_handle_t *)&node->ack_timer};
    node->open_handles = sizeof handles / sizeof *handles;
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++) {
        handles[i]->data = node;
    }
    (void)uv_prepare_start(&node->before_wait, before_wait);
    (void)uv_check_start(&node->after_wait, after_wait);
    const struct timespec every = {.tv_nsec = TICK_MS * 1000000L};
    const struct itimerspec when = {.it_interval = every, .it_value = every};
    (void)timerfd_settime(node->tick_fd, 0, &when, NULL);
    (void)uv_poll_start(&node->tick, UV_READABLE, tick);
    (void)uv_poll_start(&node->ack_timer, UV_READABLE, acks_due);
}

/* --- open and close ------------------------------------------------------------------------------ */

static void free_node(struct cw_node *node)
{
    const int timers[] = {node->tick_fd, node->ack_timer_fd};
    for (size_t i = 0; i < sizeof timers / sizeof *timers; i++) {
        if (timers[i] >= 0) {
            (void)close(timers[i]);
        }
    }
    cw_journal_close(node);
    free(node);
}

static cw_status open_platform(struct cw_node *node)
{
    const struct cw_node_config *config = node->config;
    const struct cw_node_setup setup = {
            .loop = node->loop,
            .state_dir = config->state_dir,
            .options = config->options,
            .option_count = config->option_count,
            .lost = cw_guest_lost,
            .interrupt = cw_guest_interrupt,
            .said = cw_guest_said,
            .ctx = node,
    };
    char why[WHY_CAP] = "";
    const cw_status status = config->backend->open(&setup, &node->platform, why, sizeof why);
    if (status != CW_OK) {
        cw_log_error("%s: %s", config->backend->name, why);
    }
    return status;
}

cw_status cw_node_open(uv_loop_t *loop, const struct cw_node_config *config,
        struct cw_tls_identity *identity, struct cw_node **ret_node)
{
    struct cw_node *node = calloc(1, sizeof *node);
    if (node == NULL) {
        cw_log_error("no memory");
        return CW_E_SPACE;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* a peer that is gone shows as a failed write */
    node->loop = loop;
    node->config = config;
    node->identity = identity;
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    node->started_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    struct cw_list *const lists[] = {&node->tenancies, &node->guests, &node->links,
            &node->listeners, &node->conns, &node->ready_guests, &node->dirty_links, &node->dirty_relays,
            &node->waiting, &node->ack_due};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        cw_list_init(lists[i]);
    }
    node->tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    node->ack_timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    cw_status status = CW_E_SYSTEM;
    if (node->tick_fd < 0 || node->ack_timer_fd < 0) {
        cw_log_error("no timers: %s", strerror(errno));
    } else {
        status = open_platform(node);
    }
    if (status != CW_OK) {
        free_node(node);
        return status;
    }
    start_handles(node);
    for (size_t i = 0; status == CW_OK && i < config->listen_count; i++) {
        status = cw_listener_open(node, config->listen[i]);
    }
    if (status != CW_OK) {
        cw_node_close(node, NULL, NULL);
        return status;
    }
    *ret_node = node;
    return CW_OK;
}

void cw_node_address(const struct cw_node *node, char *ret_text)
{
    const struct cw_listener *first = CW_LISTED(node->listeners.next, struct cw_listener, place);
    strcpy(ret_text, cw_list_is_empty(&node->listeners) ? "" : first->address);
}

static void handle_closed(uv_handle_t *handle)
{
    struct cw_node *node = handle->data;
    node->open_handles--;
    if (node->open_handles > 0) {
        return;
    }
    void (*closed)(void *) = node->closed;
    void *ctx = node->closed_ctx;
    free_node(node);
    if (closed != NULL) {
        closed(ctx);
    }
}

static void close_handles(void *ctx)
{
    struct cw_node *node = ctx;
    uv_close((uv_handle_t *)&node->before_wait, handle_closed);
    uv_close((uv_handle_t *)&node->after_wait, handle_closed);
    uv_close((uv_handle_t *)&node->closing, handle_closed);
    uv_close((uv_handle_t *)&node->tick, handle_closed);
    uv_close((uv_handle_t *)&node->ack_timer, handle_closed);
}

/* When the last module and the last connection are gone, the platform may go. */
static void close_platform_when_empty(uv_check_t *handle)
{
    struct cw_node *node = handle->data;
    if (node->is_platform_closing || !cw_list_is_empty(&node->guests) ||
            !cw_list_is_empty(&node->conns)) {
        return;
    }
    node->is_platform_closing = true;
    (void)uv_check_stop(handle);
    node->config->backend->close(node->platform, close_handles, node);
}

static void nothing(uv_timer_t *timer)
{
    (void)timer; /* it only keeps the loop turning */
}

void cw_node_close(struct cw_node *node, void (*closed)(void *ctx), void *ctx)
{
    node->closed = closed;
    node->closed_ctx = ctx;
    node->is_closing = true;
    while (!cw_list_is_empty(&node->listeners)) {
        cw_listener_close(CW_LISTED(node->listeners.next, struct cw_listener, place));
    }
    CW_LIST_EACH (place, &node->guests) {
        cw_guest_unload(CW_LISTED(place, struct cw_guest, place), NULL, NULL);
    }
    cw_link_remove_all(node, NULL);
    CW_LIST_EACH (conn, &node->conns) {
        cw_conn_close(CW_LISTED(conn, struct cw_conn, place));
    }
    (void)uv_prepare_stop(&node->before_wait);
    (void)uv_check_stop(&node->after_wait);
    (void)uv_check_start(&node->after_wait, close_platform_when_empty);
    (void)uv_poll_stop(&node->tick);
    (void)uv_timer_start(&node->closing, nothing, 0, 10);
}
