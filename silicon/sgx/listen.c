/* SPDX-License-Identifier: MIT */
/*
 * listen.c - the process that only accepts: no byte of a host or an enclave is read here.
 */
#include "silicon/sgx/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix/log.h"

#define BACKLOG 64
#define END_LOOKS 400 /* with 10 ms between those in vain */
/* One user leaves room for others. */
#define SLOTS_PER_USER (CW_SUPERVISOR_SLOTS - CW_SUPERVISOR_SLOTS / 4)

struct slot {
    pid_t pid; /* 0: free */
    uid_t user;
};

struct listener {
    const struct cw_platform *platform;
    int socket, signals;
    struct slot slots[CW_SUPERVISOR_SLOTS];
};

static bool answers(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;

    if (fd >= 0) {
        (void)close(fd);
    }
    return good;
}

/* A socket that nobody serves any more is in the way; any other file is left alone. */
static bool clear_path(const char *path)
{
    struct stat st;

    return lstat(path, &st) != 0 || (S_ISSOCK(st.st_mode) && unlink(path) == 0);
}

cw_status cw_listen_open(const char *path, bool everyone, int *ret_socket)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t before;
    int fd;

    if (strlen(path) >= sizeof address.sun_path) {
        cw_log_error("--listen %s: a socket's path has at most %zu bytes", path,
                sizeof address.sun_path - 1);
        return CW_E_SYSTEM;
    }
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (answers(&address)) {
        cw_log_error("--listen %s: a program listens there already", path);
        return CW_E_STATE;
    }
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    before = umask(everyone ? 0 : 0177);
    if (fd < 0 || !clear_path(path) ||
            bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
            listen(fd, BACKLOG) != 0) {
        cw_log_error("--listen %s: %s; give a path where a socket can be made", path,
                strerror(errno));
        (void)umask(before);
        if (fd >= 0) {
            (void)close(fd);
        }
        return CW_E_SYSTEM;
    }
    (void)umask(before);
    *ret_socket = fd;
    return CW_OK;
}

pid_t cw_listen_fork(const struct cw_platform *platform, int host, unsigned slot, int listening)
{
    pid_t parent = getpid(), pid = fork();

    if (pid == 0) {
        sigset_t none;

        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(1);
        }
        if (listening >= 0) {
            (void)close(listening);
        }
        cw_supervisor_serve(platform, host, slot);
        _exit(0);
    }
    return pid;
}

/* Their number is bounded, and so is each user's. */
static int free_slot(const struct listener *l, uid_t user)
{
    unsigned own = 0;
    int found = -1;

    for (unsigned i = 0; i < CW_SUPERVISOR_SLOTS; i++) {
        if (l->slots[i].pid == 0) {
            found = found < 0 ? (int)i : found;
        } else if (l->slots[i].user == user) {
            own++;
        }
    }
    return own < SLOTS_PER_USER ? found : -1;
}

static void turn_away(int host)
{
    struct cw_sgx_answer no = {
            .header = {.version = CW_SGX_PORT_VERSION, .type = CW_SGX_ENDED},
            .code = CW_SGX_E_EPC,
            .text = "too many connections: each is an enclave; close some"};

    (void)send(host, &no, sizeof no, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void take_host(struct listener *l)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t len = sizeof peer;
    int host = accept4(l->socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), slot;
    pid_t pid;

    if (host < 0) {
        return;
    }
    (void)getsockopt(host, SOL_SOCKET, SO_PEERCRED, &peer, &len);
    slot = free_slot(l, peer.uid);
    if (slot < 0) {
        turn_away(host);
    } else {
        pid = cw_listen_fork(l->platform, host, (unsigned)slot, l->socket);
        if (pid > 0) {
            l->slots[slot] = (struct slot){.pid = pid, .user = peer.uid};
        } else {
            turn_away(host);
        }
    }
    (void)close(host);
}

static void reap(struct listener *l)
{
    pid_t pid;

    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        for (unsigned i = 0; i < CW_SUPERVISOR_SLOTS; i++) {
            if (l->slots[i].pid == pid) {
                l->slots[i].pid = 0;
                cw_epc_set(l->platform->epc, i, 0);
            }
        }
    }
}

/* False: it shall end. */
static bool take_signal(struct listener *l)
{
    struct signalfd_siginfo info;

    if (read(l->signals, &info, sizeof info) != (ssize_t)sizeof info) {
        return true;
    }
    if (info.ssi_signo == SIGCHLD) {
        reap(l);
        return true;
    }
    return false;
}

/* Enclaves' processes end with their supervisors, and come to us then: none is left behind. */
static void end_all(struct listener *l)
{
    for (unsigned i = 0; i < CW_SUPERVISOR_SLOTS; i++) {
        if (l->slots[i].pid != 0) {
            (void)kill(l->slots[i].pid, SIGKILL);
        }
    }
    for (unsigned i = 0; i < END_LOOKS; i++) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);

        if (pid < 0) {
            return;
        }
        if (pid == 0) {
            (void)poll(NULL, 0, 10);
        }
    }
}

cw_status cw_listen_serve(const struct cw_platform *platform, int socket, const char *path)
{
    static struct listener listener;
    struct listener *l = &listener;
    sigset_t mask;

    l->platform = platform;
    l->socket = socket;
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    (void)sigemptyset(&mask);
    (void)sigaddset(&mask, SIGCHLD);
    (void)sigaddset(&mask, SIGTERM);
    (void)sigaddset(&mask, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &mask, NULL);
    l->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (l->signals < 0) {
        cw_log_error("no descriptor for signals: %s", strerror(errno));
        return CW_E_SYSTEM;
    }
    cw_log_info("listening on %s", path);
    for (;;) {
        struct pollfd waits[2] = {{.fd = l->socket, .events = POLLIN},
                {.fd = l->signals, .events = POLLIN}};

        if (poll(waits, 2, -1) < 0 && errno != EINTR) {
            break;
        }
        if (waits[1].revents != 0 && !take_signal(l)) {
            break;
        }
        if (waits[0].revents != 0) {
            take_host(l);
        }
    }
    (void)unlink(path);
    end_all(l);
    return CW_OK;
}
