/* SPDX-License-Identifier: MIT */
#include "tests/adversary/world.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/wire/reader.h"
#include "core/wire/writer.h"

#define WORDS_LEN (8u * CW_WORLD_WORDS)
#define PATIENCE_S 5

void cw_world_close(struct cw_world *w)
{
    if (w->fd >= 0) {
        close(w->fd);
    }
    w->fd = -1;
}

static bool connect_to(struct cw_world *w)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    if (w->fd >= 0) {
        return true;
    }
    if (strlen(w->path) >= sizeof name.sun_path) {
        return false;
    }
    strcpy(name.sun_path, w->path);
    w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (w->fd < 0 || setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0
            || connect(w->fd, (const struct sockaddr *)&name, sizeof name) != 0) {
        cw_world_close(w);
        return false;
    }
    return true;
}

static bool take(const struct cw_world *w, uint8_t *ret_bytes, size_t len)
{
    for (size_t have = 0; have < len;) {
        const ssize_t n = recv(w->fd, ret_bytes + have, len - have, 0);
        if (n <= 0) {
            return false;
        }
        have += (size_t)n;
    }
    return true;
}

/* A board that was restarted has closed the old connection. */
static bool say(struct cw_world *w, const uint8_t *bytes, size_t len)
{
    for (unsigned i = 0; i < 2 && connect_to(w); i++) {
        uint8_t byte;
        const bool is_closed = recv(w->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
        if (!is_closed && send(w->fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len) {
            return true;
        }
        cw_world_close(w);
    }
    return false;
}

static bool hear(const struct cw_world *w, uint64_t ret_words[static CW_WORLD_WORDS],
        uint8_t *ret_bytes, size_t *ret_len)
{
    uint8_t header[CW_TZ_LINK_HEADER_LEN];
    uint8_t words[WORDS_LEN];
    if (!take(w, header, sizeof header)) {
        return false;
    }
    struct cw_reader r = cw_reader_over(header, sizeof header);
    const uint32_t len = cw_reader_u32(&r);
    if (header[4] != CW_TZ_LINK_PROBED || len < WORDS_LEN || len - WORDS_LEN > CW_WORLD_DMA_MAX
            || !take(w, words, sizeof words)) {
        return false;
    }
    r = cw_reader_over(words, sizeof words);
    for (size_t i = 0; i < CW_WORLD_WORDS; i++) {
        ret_words[i] = cw_reader_u64(&r);
    }
    *ret_len = len - WORDS_LEN;
    return take(w, ret_bytes, *ret_len);
}

const char *cw_world_probe(struct cw_world *w, cw_tz_probe what, const uint64_t arguments[static 4],
        uint64_t ret_words[static CW_WORLD_WORDS], uint8_t *ret_bytes, size_t *ret_len)
{
    uint8_t frame[CW_TZ_LINK_HEADER_LEN + WORDS_LEN];
    struct cw_writer writer = cw_writer_over(frame, sizeof frame);
    cw_writer_u32(&writer, WORDS_LEN);
    cw_writer_u32(&writer, CW_TZ_LINK_PROBE);
    cw_writer_u64(&writer, what);
    for (size_t i = 0; i < 4; i++) {
        cw_writer_u64(&writer, arguments[i]);
    }
    if (w->path == NULL) {
        return "no board was named: --world PATH";
    }
    if (!say(w, frame, sizeof frame)) {
        return "the board's normal world cannot be reached";
    }
    if (!hear(w, ret_words, ret_bytes, ret_len)) {
        cw_world_close(w);
        return "the board's normal world does not answer";
    }
    return NULL;
}
