/* SPDX-License-Identifier: MIT */
/*
 * traced_serve.c - mailboxes for a traced enclave.
 *
 * Only one thread may trace, and it also serves the host's socket.  So a small thread sleeps at
 * each mailbox and rings when the host gave the turn away; stops of the enclave's threads come as
 * SIGCHLD.
 */
#include "silicon/sgx/traced_serve.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "silicon/sgx/jail/frame.h"
#include "silicon/sgx/traced.h"

struct door {
    struct cw_traced_serve *serve;
    struct cw_sgx_mailbox *mailbox;
    pthread_t thread;
    bool started;
    sem_t outside;       /* the host may enter again */
    _Atomic bool knocked; /* it did */
    uint32_t function;
};

struct cw_traced_serve {
    struct cw_traced *traced;
    int poll, bell, knock, signals;
    unsigned count;
    struct door doors[CW_SGX_TCS_MAX];
};

static long futex(uint32_t *word, int operation, uint32_t value)
{
    return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

static void *watch(void *of_door)
{
    struct door *door = of_door;
    struct cw_sgx_mailbox *m = door->mailbox;
    static const uint64_t one = 1;

    (void)pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    for (;;) {
        while (sem_wait(&door->outside) != 0) {
        }
        __atomic_store_n(&m->cpu_waits, CW_SGX_WAIT_FUTEX, __ATOMIC_SEQ_CST);
        for (;;) {
            uint32_t seen = __atomic_load_n(&m->turn, __ATOMIC_SEQ_CST);

            if (seen == CW_SGX_TURN_CPU) {
                break;
            }
            (void)futex(&m->turn, FUTEX_WAIT, seen);
        }
        __atomic_store_n(&m->cpu_waits, CW_SGX_WAIT_LOOKS, __ATOMIC_SEQ_CST);
        atomic_store(&door->knocked, true);
        (void)!write(door->serve->knock, &one, sizeof one);
    }
    return NULL;
}

static void give_turn(struct cw_traced_serve *s, struct door *door)
{
    struct cw_sgx_mailbox *m = door->mailbox;
    static const uint64_t one = 1;

    __atomic_store_n(&m->turn, CW_SGX_TURN_HOST, __ATOMIC_SEQ_CST);
    switch (__atomic_load_n(&m->host_waits, __ATOMIC_SEQ_CST)) {
    case CW_SGX_WAIT_FUTEX:
        (void)futex(&m->turn, FUTEX_WAKE, 1);
        break;
    case CW_SGX_WAIT_BELL:
        if (s->bell >= 0) {
            (void)!write(s->bell, &one, sizeof one);
        }
        break;
    }
    (void)sem_post(&door->outside);
}

static void answer(struct cw_traced_serve *s, unsigned tcs, const struct cw_traced_event *event)
{
    struct door *door = &s->doors[tcs];
    struct cw_sgx_mailbox *m = door->mailbox;
    struct cw_traced_registers left;
    bool exit = event->stop == CW_TRACED_EEXIT;

    (void)cw_traced_get(s->traced, tcs, &left);
    m->function = exit ? SGX_EEXIT : door->function;
    memcpy(m->gpr, left.gpr, sizeof m->gpr);
    m->rflags = left.rflags;
    m->mxcsr = (uint32_t)cw_frame_get(left.xsave + CW_FPU_MXCSR, 4);
    m->fcw = (uint16_t)cw_frame_get(left.xsave, 2);
    m->vector = exit ? 0 : event->vector;
    m->error = exit ? 0 : (uint16_t)event->error;
    m->address = exit ? 0 : event->address & ~(uint64_t)(SGX_PAGE_LEN - 1);
    give_turn(s, door);
}

/* The host's request, read once. */
static void enter(struct cw_traced_serve *s, unsigned tcs)
{
    struct door *door = &s->doors[tcs];
    const volatile struct cw_sgx_mailbox *m = door->mailbox;
    const struct cw_jail_plan *plan = cw_traced_plan(s->traced);
    struct cw_traced_event refused = {.stop = CW_TRACED_AEX, .vector = SGX_VECTOR_GP};
    struct cw_traced_registers host;
    bool in = false;

    cw_traced_host(&host);
    door->function = m->function;
    for (unsigned i = 0; i < 16; i++) {
        host.gpr[i] = m->gpr[i];
    }
    host.gpr[CW_SGX_RSP] = CW_JAIL_OUTSIDE_AT + plan->outside_len;
    host.rflags = m->rflags;
    cw_frame_fpu_reset(host.xsave, m->fcw, m->mxcsr & CW_MXCSR_VALID);
    if (door->function == SGX_EENTER) {
        in = cw_traced_eenter(s->traced, tcs, &host);
    } else if (door->function == SGX_ERESUME) {
        in = cw_traced_eresume(s->traced, tcs);
    }
    if (in) {
        cw_traced_continue(s->traced, tcs);
    } else {
        answer(s, tcs, &refused);
    }
}

static void drain(struct cw_traced_serve *s)
{
    struct signalfd_siginfo info;
    uint64_t count;

    (void)!read(s->knock, &count, sizeof count);
    while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
    }
}

bool cw_traced_serve_work(struct cw_traced_serve *s)
{
    drain(s);
    for (unsigned i = 0; i < s->count; i++) {
        struct cw_traced_event event;

        if (atomic_exchange(&s->doors[i].knocked, false)) {
            enter(s, i);
        }
        switch (cw_traced_take(s->traced, i, &event)) {
        case CW_TRACED_EEXIT:
        case CW_TRACED_AEX:
            answer(s, i, &event);
            break;
        case CW_TRACED_ENDED:
            return false;
        case CW_TRACED_RUNNING:
        case CW_TRACED_STEPPED:
            break;
        }
    }
    return true;
}

static bool watch_descriptor(struct cw_traced_serve *s, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return fd >= 0 && epoll_ctl(s->poll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool open_doors(struct cw_traced_serve *s, uint8_t *mailboxes)
{
    for (unsigned i = 0; i < s->count; i++) {
        struct door *door = &s->doors[i];

        door->serve = s;
        door->mailbox = (struct cw_sgx_mailbox *)(void *)(mailboxes + (size_t)i * SGX_PAGE_LEN);
        if (sem_init(&door->outside, 0, 1) != 0 ||
                pthread_create(&door->thread, NULL, watch, door) != 0) {
            return false;
        }
        door->started = true;
    }
    return true;
}

uint32_t cw_traced_serve_open(struct cw_cell *cell, const struct cw_sgx_fuses *fuses, int bell,
        struct cw_traced_serve **ret_serve, char *ret_why)
{
    struct cw_traced_serve *s = calloc(1, sizeof *s);
    uint32_t code = CW_SGX_E_SYSTEM;
    sigset_t mask;

    *ret_serve = NULL;
    (void)snprintf(ret_why, CW_SGX_TEXT_LEN, "no memory or descriptors for the tracer");
    if (s == NULL) {
        return code;
    }
    (void)sigemptyset(&mask);
    (void)sigaddset(&mask, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &mask, NULL);
    s->count = cell->plan->tcs_count;
    s->bell = bell >= 0 ? dup(bell) : -1;
    s->poll = epoll_create1(EPOLL_CLOEXEC);
    s->knock = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->poll >= 0 && watch_descriptor(s, s->knock) && watch_descriptor(s, s->signals)) {
        code = cw_traced_over(cell, fuses, &s->traced, ret_why);
        if (code == SGX_OK && !open_doors(s, cell->outside.bytes)) {
            code = CW_SGX_E_SYSTEM;
        }
    }
    if (code != SGX_OK) {
        cw_traced_serve_close(s);
        return code;
    }
    *ret_serve = s;
    return SGX_OK;
}

void cw_traced_serve_close(struct cw_traced_serve *s)
{
    if (s == NULL) {
        return;
    }
    for (unsigned i = 0; i < s->count; i++) {
        if (s->doors[i].started) {
            (void)pthread_cancel(s->doors[i].thread);
            (void)pthread_join(s->doors[i].thread, NULL);
        }
    }
    cw_traced_close(s->traced);
    (void)close(s->poll);
    (void)close(s->knock);
    (void)close(s->signals);
    if (s->bell >= 0) {
        (void)close(s->bell);
    }
    free(s);
}

int cw_traced_serve_descriptor(const struct cw_traced_serve *s)
{
    return s->poll;
}

const char *cw_traced_serve_why(const struct cw_traced_serve *s)
{
    return cw_traced_why(s->traced);
}
