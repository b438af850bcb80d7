/* SPDX-License-Identifier: MIT */
#include "deploy/demo.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "deploy/memory.h"
#include "posix/file.h"

#define LINE_MAX_LEN 1048576u
#define WORDS_MAX 32u
#define STOP_PATIENCE_MS 1500u
#define LOG_MAX 4194304u

/* --- processes ---------------------------------------------------------------------------------- */

bool cw_demo_start(struct cw_demo *d, const char *name, const char *program,
        const char *const *arguments)
{
    if (d->part_count == CW_DEMO_PARTS_MAX) {
        return cw_demo_fail(d, "too many parts");
    }
    struct cw_demo_part *part = &d->parts[d->part_count];
    char *path = cw_memory_format("%s/%s", d->programs, program);
    char *out = cw_memory_format("%s/logs/%s.out", d->folder, name);
    part->name = cw_memory_text(name);
    part->log = cw_memory_format("%s/logs/%s.log", d->folder, name);
    d->part_count++;
    const char *words[WORDS_MAX] = {path};
    for (size_t i = 0; arguments[i] != NULL && i + 2 < WORDS_MAX; i++) {
        words[i + 1] = arguments[i];
    }
    bool is_started = cw_file_exists(path);
    if (!is_started) {
        (void)cw_demo_fail(d, "there is no program %s: build or install all of Causeway", path);
    } else if (cw_proc_start(&part->proc, words, out, part->log) != CW_OK) {
        is_started = cw_demo_fail(d, "%s cannot be started", path);
    }
    free(path);
    free(out);
    return is_started;
}

static struct cw_demo_part *named(struct cw_demo *d, const char *name)
{
    for (size_t i = 0; i < d->part_count; i++) {
        if (strcmp(d->parts[i].name, name) == 0) {
            return &d->parts[i];
        }
    }
    return NULL;
}

/* The last line of a log: what a program said before it ended. */
static void last_line(const char *path, char *ret_text, size_t cap)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    ret_text[0] = '\0';
    if (cw_file_read(path, LOG_MAX, &bytes, &len) != CW_OK) {
        return;
    }
    while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == ' ')) {
        bytes[--len] = '\0';
    }
    const char *at = strrchr((const char *)bytes, '\n');
    snprintf(ret_text, cap, "%s", at == NULL ? (const char *)bytes : at + 1);
    free(bytes);
}

static bool is_alive(struct cw_demo *d, struct cw_demo_part *part)
{
    if (cw_proc_is_running(&part->proc)) {
        return true;
    }
    char said[160];
    last_line(part->log, said, sizeof said);
    return cw_demo_fail(d, "%s ended with status %d: \"%s\" (log: %s)", part->name,
            part->proc.exit_status, said, part->log);
}

bool cw_demo_are_alive(struct cw_demo *d)
{
    for (size_t i = 0; i < d->part_count; i++) {
        if (!is_alive(d, &d->parts[i])) {
            return false;
        }
    }
    return true;
}

char *cw_demo_first_line(struct cw_demo *d, const char *name)
{
    struct cw_demo_part *part = named(d, name);
    char *path = cw_memory_format("%s/logs/%s.out", d->folder, name);
    const uint64_t until_ms = cw_demo_now_ms(d) + CW_DEMO_PATIENCE_MS;
    char *line = NULL;
    while (line == NULL && is_alive(d, part)) {
        uint8_t *bytes = NULL;
        size_t len = 0;
        if (cw_file_exists(path) && cw_file_read(path, LINE_MAX_LEN, &bytes, &len) == CW_OK) {
            char *end = memchr(bytes, '\n', len);
            if (end != NULL) {
                *end = '\0';
                line = cw_memory_text((const char *)bytes);
            }
            free(bytes);
        }
        if (line == NULL && !cw_demo_again(d, until_ms)) {
            (void)cw_demo_fail(d, "%s is not ready after %u s (log: %s)", name,
                    CW_DEMO_PATIENCE_MS / 1000, part->log);
            break;
        }
    }
    free(path);
    return line;
}

void cw_demo_stop(struct cw_demo *d)
{
    for (unsigned i = 0; i < CW_DEMO_BOARDS; i++) {
        cw_demo_close(&d->boards[i]);
    }
    cw_demo_close(&d->adversary);
    while (d->part_count > 0) {
        struct cw_demo_part *part = &d->parts[--d->part_count];
        cw_proc_stop(&part->proc, STOP_PATIENCE_MS);
        free(part->name);
        free(part->log);
    }
}

/* --- lines -------------------------------------------------------------------------------------- */

static int try_connect(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&name, sizeof name) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool cw_demo_open(struct cw_demo *d, struct cw_demo_lines *lines, const char *path)
{
    const uint64_t until_ms = cw_demo_now_ms(d) + CW_DEMO_PATIENCE_MS;
    if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path) {
        return cw_demo_fail(d, "%s is too long for a socket: choose a shorter --dir", path);
    }
    int fd;
    while ((fd = try_connect(path)) < 0) {
        if (!cw_demo_are_alive(d)) {
            return false;
        }
        if (!cw_demo_again(d, until_ms)) {
            return cw_demo_fail(d, "nobody listens at %s after %u s: %s", path,
                    CW_DEMO_PATIENCE_MS / 1000, strerror(errno));
        }
    }
    *lines = (struct cw_demo_lines){fd, cw_memory_new(LINE_MAX_LEN, 1), 0};
    return true;
}

void cw_demo_close(struct cw_demo_lines *lines)
{
    if (lines->fd >= 0) {
        close(lines->fd);
    }
    free(lines->bytes);
    *lines = (struct cw_demo_lines){.fd = -1};
}

static char *take_line(struct cw_demo_lines *lines)
{
    char *end = memchr(lines->bytes, '\n', lines->len);
    if (end == NULL) {
        return NULL;
    }
    *end = '\0';
    char *line = cw_memory_text(lines->bytes);
    const size_t used = (size_t)(end - lines->bytes) + 1;
    memmove(lines->bytes, lines->bytes + used, lines->len - used);
    lines->len -= used;
    return line;
}

char *cw_demo_read(struct cw_demo_lines *lines, uint32_t timeout_ms)
{
    char *line;
    while ((line = take_line(lines)) == NULL) {
        struct pollfd fd = {.fd = lines->fd, .events = POLLIN};
        const size_t room = LINE_MAX_LEN - lines->len;
        if (lines->fd < 0 || room == 0 || poll(&fd, 1, (int)timeout_ms) <= 0) {
            return NULL;
        }
        const ssize_t n = read(lines->fd, lines->bytes + lines->len, room);
        if (n <= 0) {
            return NULL;
        }
        lines->len += (size_t)n;
    }
    return line;
}

static bool write_line(const struct cw_demo_lines *lines, const char *text)
{
    char *line = cw_memory_format("%s\n", text);
    const size_t len = strlen(line);
    const bool is_sent = send(lines->fd, line, len, MSG_NOSIGNAL) == (ssize_t)len;
    free(line);
    return is_sent;
}

char *cw_demo_board(struct cw_demo *d, cw_demo_place board, const char *command)
{
    struct cw_demo_lines *lines = &d->boards[board];
    if (!write_line(lines, command)) {
        (void)cw_demo_fail(d, "board %u does not listen any more", board + 1);
        return NULL;
    }
    char *line;
    while ((line = cw_demo_read(lines, CW_DEMO_PATIENCE_MS)) != NULL) {
        if (strncmp(line, "event", 5) != 0) {
            break;
        }
        free(line);
    }
    if (line == NULL || strncmp(line, "ok", 2) != 0) {
        (void)cw_demo_fail(d, "board %u answers \"%s\" to \"%s\"", board + 1,
                line == NULL ? "" : line, command);
        free(line);
        return NULL;
    }
    memmove(line, line + 2 + (line[2] == ' '), strlen(line + 2 + (line[2] == ' ')) + 1);
    return line;
}

bool cw_demo_tell(struct cw_demo *d, cw_demo_place board, const char *command)
{
    char *answer = cw_demo_board(d, board, command);
    free(answer);
    return answer != NULL;
}

json_t *cw_demo_network(struct cw_demo *d, const char *command, ...)
{
    char text[CW_DEMO_TEXT_CAP];
    va_list arguments;
    va_start(arguments, command);
    vsnprintf(text, sizeof text, command, arguments);
    va_end(arguments);
    char *line = write_line(&d->adversary, text)
            ? cw_demo_read(&d->adversary, CW_DEMO_PATIENCE_MS)
            : NULL;
    json_t *answer = line == NULL ? NULL : json_loads(line, 0, NULL);
    if (!json_is_true(json_object_get(answer, "ok"))) {
        (void)cw_demo_fail(d, "the adversary answers \"%.200s\" to \"%s\"",
                line == NULL ? "" : line, text);
        json_decref(answer);
        answer = NULL;
    }
    free(line);
    return answer;
}
