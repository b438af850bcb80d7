/* SPDX-License-Identifier: MIT */
/*
 * client.c - connect, load, enter.
 */
#include "silicon/sgx/client.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 8
#define ANSWER_PATIENCE_MS 60000
#define LOOK_MS 50 /* between looks whether the process still lives */

void cw_client_over(struct cw_client *ret_client, int socket)
{
    memset(ret_client, 0, sizeof *ret_client);
    ret_client->socket = socket;
}

bool cw_client_connect(struct cw_client *ret_client, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    cw_client_over(ret_client, fd);
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
    } else {
        (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
        if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
            return true;
        }
    }
    cw_client_close(ret_client);
    return false;
}

void cw_client_close(struct cw_client *client)
{
    int error = errno;

    if (client->outside != NULL) {
        (void)munmap(client->outside, client->outside_len);
        client->outside = NULL;
    }
    if (client->socket >= 0) {
        (void)close(client->socket);
        client->socket = -1;
    }
    errno = error;
}

bool cw_client_send(struct cw_client *client, const void *bytes, size_t len, const int *descriptors,
        unsigned count)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * DESCRIPTORS_MAX)];
        struct cmsghdr aligned;
    } control;
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (count != 0 && count <= DESCRIPTORS_MAX) {
        struct cmsghdr *c = &control.aligned;

        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(c), descriptors, sizeof(int) * count);
    }
    return sendmsg(client->socket, &message, MSG_NOSIGNAL) == (ssize_t)len;
}

size_t cw_client_receive(struct cw_client *client, void *ret_bytes, size_t cap,
        int *ret_descriptor, int timeout_ms)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr aligned;
    } control;
    struct iovec part = {.iov_base = ret_bytes, .iov_len = cap};
    struct msghdr message = {.msg_iov = &part,
            .msg_iovlen = 1,
            .msg_control = control.bytes,
            .msg_controllen = sizeof control.bytes};
    struct pollfd wait = {.fd = client->socket, .events = POLLIN};
    struct cmsghdr *c;
    ssize_t n;

    if (poll(&wait, 1, timeout_ms) != 1) {
        return 0;
    }
    n = recvmsg(client->socket, &message, MSG_CMSG_CLOEXEC);
    c = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
        int descriptor;

        memcpy(&descriptor, CMSG_DATA(c), sizeof descriptor);
        if (ret_descriptor != NULL) {
            *ret_descriptor = descriptor;
        } else {
            (void)close(descriptor);
        }
    }
    return n > 0 ? (size_t)n : 0;
}

/* Also notes the end of the enclave, which may come instead of any answer. */
static bool is_end(struct cw_client *client, const void *bytes, size_t len)
{
    struct cw_sgx_answer head;

    if (len < sizeof head) {
        return false;
    }
    memcpy(&head, bytes, sizeof head);
    if (head.header.type != CW_SGX_ENDED) {
        return false;
    }
    head.text[sizeof head.text - 1] = 0;
    (void)snprintf(client->ended, sizeof client->ended, "%s", head.text);
    return true;
}

uint32_t cw_client_load(struct cw_client *client, int image, int bell, uint64_t base,
        uint64_t arena_len)
{
    struct cw_sgx_load request = {
            .header = {.version = CW_SGX_PORT_VERSION, .type = CW_SGX_LOAD},
            .arena_len = arena_len,
            .base = base};
    int descriptors[2] = {image, bell}, outside = -1;
    uint8_t bytes[sizeof client->loaded];
    size_t len;
    void *mapped;

    if (!cw_client_send(client, &request, sizeof request, descriptors, bell >= 0 ? 2 : 1)) {
        return CW_SGX_E_REQUEST;
    }
    len = cw_client_receive(client, bytes, sizeof bytes, &outside, ANSWER_PATIENCE_MS);
    if (len != sizeof client->loaded) {
        (void)is_end(client, bytes, len);
        (void)snprintf(client->loaded.text, sizeof client->loaded.text, "%s",
                client->ended[0] != 0 ? client->ended : "the CPU hung up");
        return CW_SGX_E_REQUEST;
    }
    memcpy(&client->loaded, bytes, sizeof client->loaded);
    client->loaded.text[sizeof client->loaded.text - 1] = 0;
    if (client->loaded.code != SGX_OK || outside < 0) {
        if (outside >= 0) {
            (void)close(outside);
        }
        return client->loaded.code != SGX_OK ? client->loaded.code : CW_SGX_E_REQUEST;
    }
    client->outside_len = client->loaded.tcs_count * (size_t)SGX_PAGE_LEN + arena_len;
    mapped = mmap(NULL, client->outside_len, PROT_READ | PROT_WRITE, MAP_SHARED, outside, 0);
    (void)close(outside);
    if (mapped == MAP_FAILED) {
        return CW_SGX_E_SYSTEM;
    }
    client->outside = mapped;
    return SGX_OK;
}

uint32_t cw_client_ask(struct cw_client *client, uint32_t type, const void *bytes, size_t len,
        void *ret_bytes, size_t *ret_len)
{
    struct cw_sgx_header header = {.version = CW_SGX_PORT_VERSION, .type = type};
    struct cw_sgx_answer head;
    uint8_t *packet = calloc(1, CW_SGX_PACKET_MAX);
    uint32_t code = CW_SGX_E_REQUEST;
    size_t got = 0;

    if (packet == NULL || len > CW_SGX_PACKET_MAX - sizeof header) {
        goto free_packet;
    }
    memcpy(packet, &header, sizeof header);
    if (len != 0) {
        memcpy(packet + sizeof header, bytes, len);
    }
    if (!cw_client_send(client, packet, sizeof header + len, NULL, 0)) {
        goto free_packet;
    }
    got = cw_client_receive(client, packet, CW_SGX_PACKET_MAX, NULL, ANSWER_PATIENCE_MS);
    if (got < sizeof head || is_end(client, packet, got)) {
        goto free_packet;
    }
    memcpy(&head, packet, sizeof head);
    if (head.header.type != CW_SGX_ANSWER || head.len != got - sizeof head) {
        goto free_packet;
    }
    code = head.code;
    if (ret_bytes != NULL) {
        *ret_len = head.len < *ret_len ? head.len : *ret_len;
        memcpy(ret_bytes, packet + sizeof head, *ret_len);
    }
free_packet:
    free(packet);
    return code;
}

struct cw_sgx_mailbox *cw_client_mailbox(const struct cw_client *client, unsigned tcs)
{
    return (struct cw_sgx_mailbox *)(void *)(client->outside + (size_t)tcs * SGX_PAGE_LEN);
}

uint8_t *cw_client_arena(const struct cw_client *client)
{
    return client->outside + client->loaded.tcs_count * (size_t)SGX_PAGE_LEN;
}

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static long futex(uint32_t *word, int operation, uint32_t value, const struct timespec *timeout)
{
    return syscall(SYS_futex, word, operation, value, timeout, NULL, 0);
}

cw_status cw_client_wait(struct cw_client *client, unsigned tcs, uint32_t spin, int timeout_ms)
{
    struct cw_sgx_mailbox *m = cw_client_mailbox(client, tcs);
    const struct timespec look = {.tv_nsec = LOOK_MS * 1000000l};
    int64_t end;

    for (uint32_t i = 0; i < spin; i++) {
        if (__atomic_load_n(&m->turn, __ATOMIC_ACQUIRE) == CW_SGX_TURN_HOST) {
            return CW_OK;
        }
        __builtin_ia32_pause();
    }
    end = now_ms() + timeout_ms;
    __atomic_store_n(&m->host_waits, CW_SGX_WAIT_FUTEX, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&m->turn, __ATOMIC_SEQ_CST) != CW_SGX_TURN_HOST) {
        uint8_t packet[sizeof(struct cw_sgx_answer)];

        if (futex(&m->turn, FUTEX_WAIT, CW_SGX_TURN_CPU, &look) == 0 || errno != ETIMEDOUT) {
            continue;
        }
        if (client->ended[0] == 0) {
            struct pollfd wait = {.fd = client->socket, .events = POLLIN};

            if (poll(&wait, 1, 0) == 1 &&
                    !is_end(client, packet,
                            cw_client_receive(client, packet, sizeof packet, NULL, 0))) {
                (void)snprintf(client->ended, sizeof client->ended, "the CPU hung up");
            }
        }
        if (client->ended[0] != 0) {
            return CW_E_ABSENT;
        }
        if (now_ms() >= end) {
            return CW_AGAIN;
        }
    }
    __atomic_store_n(&m->host_waits, CW_SGX_WAIT_LOOKS, __ATOMIC_SEQ_CST);
    return CW_OK;
}

cw_status cw_client_enter(struct cw_client *client, unsigned tcs, uint32_t spin, int timeout_ms)
{
    struct cw_sgx_mailbox *m = cw_client_mailbox(client, tcs);

    if (spin == 0) {
        /* It sleeps at once: said beforehand, so that the CPU need not guess. */
        __atomic_store_n(&m->host_waits, CW_SGX_WAIT_FUTEX, __ATOMIC_SEQ_CST);
    }
    __atomic_store_n(&m->turn, CW_SGX_TURN_CPU, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&m->cpu_waits, __ATOMIC_SEQ_CST) == CW_SGX_WAIT_FUTEX) {
        (void)futex(&m->turn, FUTEX_WAKE, 1, NULL);
    }
    return cw_client_wait(client, tcs, spin, timeout_ms);
}

int cw_client_image(const uint8_t *sigstruct, size_t sigstruct_len, const uint8_t *stream,
        size_t stream_len)
{
    int fd = memfd_create("sgx-image", MFD_CLOEXEC);

    if (fd >= 0 && (write(fd, sigstruct, sigstruct_len) != (ssize_t)sigstruct_len ||
                           write(fd, stream, stream_len) != (ssize_t)stream_len)) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}
