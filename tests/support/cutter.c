/* SPDX-License-Identifier: MIT */
#include "tests/support/cutter.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One piece from one side to the other; 0: it ended. */
static size_t carry(int from, int to, size_t most)
{
    char bytes[4096];
    const ssize_t got = read(from, bytes, most < sizeof bytes ? most : sizeof bytes);
    if (got <= 0 || send(to, bytes, (size_t)got, MSG_NOSIGNAL) != got) {
        return 0;
    }
    return (size_t)got;
}

static void relay(struct cw_cutter *cutter, int in, int out)
{
    size_t passed = 0;
    while (!atomic_load(&cutter->is_stopping)) {
        const size_t limit = atomic_load(&cutter->cut_after);
        if (limit > 0 && passed >= limit) {
            atomic_fetch_add(&cutter->cuts, 1);
            return;
        }
        struct pollfd ends[2] = {{.fd = in, .events = POLLIN}, {.fd = out, .events = POLLIN}};
        if (poll(ends, 2, 20) <= 0) {
            continue;
        }
        if (ends[0].revents != 0) {
            const size_t count = carry(in, out, limit > 0 ? limit - passed : 4096);
            passed += count;
            if (count == 0) {
                return;
            }
        }
        if (ends[1].revents != 0 && carry(out, in, 4096) == 0) {
            return;
        }
    }
}

static void *run(void *arg)
{
    struct cw_cutter *cutter = arg;
    while (!atomic_load(&cutter->is_stopping)) {
        struct pollfd wait = {.fd = cutter->listener, .events = POLLIN};
        if (poll(&wait, 1, 20) <= 0) {
            continue;
        }
        const int in = accept(cutter->listener, NULL, NULL);
        int out = -1;
        if (in >= 0 && cw_net_connect(cutter->target, 1000, &out) == CW_OK) {
            relay(cutter, in, out);
            close(out);
        }
        if (in >= 0) {
            close(in);
        }
    }
    return NULL;
}

void cw_cutter_start(struct cw_cutter *cutter, const char *target)
{
    memset(cutter, 0, sizeof *cutter);
    snprintf(cutter->target, sizeof cutter->target, "%s", target);
    struct cw_net_address address;
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    cutter->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (cutter->listener < 0 || cw_net_parse("127.0.0.1:0", &address) != CW_OK ||
            bind(cutter->listener, (struct sockaddr *)&address.storage, address.len) != 0 ||
            listen(cutter->listener, 8) != 0 ||
            getsockname(cutter->listener, (struct sockaddr *)&bound, &len) != 0) {
        perror("cutter");
        abort();
    }
    cw_net_print((const struct sockaddr *)&bound, cutter->address);
    if (pthread_create(&cutter->thread, NULL, run, cutter) != 0) {
        abort();
    }
}

void cw_cutter_stop(struct cw_cutter *cutter)
{
    atomic_store(&cutter->is_stopping, true);
    (void)pthread_join(cutter->thread, NULL);
    close(cutter->listener);
}
