/* SPDX-License-Identifier: MIT */
#include "tee/sgx/node/aesm.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/wire/node.h"

#define PATIENCE_S 10
#define MESSAGE_MAX (CW_QUOTE_MAX + 4096u)
#define KEY_ID_LEN 256u
#define QUOTE_FIXED_LEN 436u /* header, body, and the length of the signature */

/* Fields of a Request and of a Response. */
#define FIELD_INIT_QUOTE_EX 15u
#define FIELD_QUOTE_SIZE_EX 16u
#define FIELD_QUOTE_EX 17u

/* --- messages ---------------------------------------------------------------------------------------- */

struct message {
    uint8_t bytes[2048];
    size_t len;
};

static void put_byte(struct message *m, uint8_t byte)
{
    if (m->len == sizeof m->bytes) {
        abort(); /* requests are short, and ours */
    }
    m->bytes[m->len++] = byte;
}

static void put_varint(struct message *m, uint64_t value)
{
    while (value >= 0x80) {
        put_byte(m, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    put_byte(m, (uint8_t)value);
}

static void put_number(struct message *m, unsigned field, uint64_t value)
{
    put_varint(m, (uint64_t)field << 3);
    put_varint(m, value);
}

static void put_bytes(struct message *m, unsigned field, const uint8_t *bytes, size_t len)
{
    put_varint(m, (uint64_t)field << 3 | 2);
    put_varint(m, len);
    for (size_t i = 0; i < len; i++) {
        put_byte(m, bytes[i]);
    }
}

/* A part of an answer: what is left to read, or nothing any more, because it is malformed. */
struct part {
    const uint8_t *next;
    size_t left_len;
    bool is_bad;
};

static uint64_t get_varint(struct part *p)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (p->left_len == 0) {
            break;
        }
        const uint8_t byte = *p->next++;
        p->left_len--;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return value;
        }
    }
    p->is_bad = true;
    p->left_len = 0;
    return 0;
}

/* One field; false: there is none.  Bytes stand in ret_bytes, a number in ret_number. */
static bool get_field(struct part *p, unsigned *ret_field, struct part *ret_bytes,
        uint64_t *ret_number)
{
    if (p->left_len == 0) {
        return false;
    }
    const uint64_t key = get_varint(p);
    *ret_field = (unsigned)(key >> 3);
    *ret_bytes = (struct part){0};
    *ret_number = 0;
    if ((key & 7) == 0) {
        *ret_number = get_varint(p);
    } else if ((key & 7) == 2) {
        const uint64_t len = get_varint(p);
        if (len > p->left_len) {
            p->is_bad = true;
            p->left_len = 0;
        } else {
            *ret_bytes = (struct part){.next = p->next, .left_len = (size_t)len};
            p->next += len;
            p->left_len -= (size_t)len;
        }
    } else {
        p->is_bad = true;
        p->left_len = 0;
    }
    return !p->is_bad;
}

struct answer {
    uint64_t error;
    bool has_error;
    struct part bytes; /* field 2, if it is bytes */
    uint64_t number;   /* field 2, if it is a number */
};

/* The answer of the kind that was asked for. */
static bool get_answer(const uint8_t *bytes, size_t len, unsigned kind, struct answer *ret_answer)
{
    struct part all = {.next = bytes, .left_len = len};
    struct part inner;
    unsigned field;
    uint64_t number;
    bool is_found = false;
    *ret_answer = (struct answer){0};
    while (get_field(&all, &field, &inner, &number)) {
        if (field != kind) {
            continue;
        }
        is_found = true;
        unsigned which;
        struct part value;
        while (get_field(&inner, &which, &value, &number)) {
            if (which == 1) {
                ret_answer->has_error = true;
                ret_answer->error = number;
            } else if (which == 2) {
                ret_answer->bytes = value;
                ret_answer->number = number;
            }
        }
        if (inner.is_bad) {
            return false;
        }
    }
    return is_found && !all.is_bad && ret_answer->has_error;
}

/* --- the conversation -------------------------------------------------------------------------------- */

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0) {
        return -1;
    }
    (void)setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(file, (const struct sockaddr *)&address, sizeof address) != 0) {
        const int error = errno;
        (void)close(file);
        errno = error;
        return -1;
    }
    return file;
}

static bool send_all(int file, const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        const ssize_t count = send(file, bytes + at, len - at, MSG_NOSIGNAL);
        if (count <= 0 && errno != EINTR) {
            return false;
        }
        at += count > 0 ? (size_t)count : 0;
    }
    return true;
}

static bool receive_all(int file, uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        const ssize_t count = recv(file, bytes + at, len - at, 0);
        if (count == 0 || (count < 0 && errno != EINTR)) {
            return false;
        }
        at += count > 0 ? (size_t)count : 0;
    }
    return true;
}

/* One request of this kind; ret_reply is the caller's to free, and the answer points into it. */
static cw_status ask(const char *path, unsigned kind, const struct message *fields,
        uint8_t **ret_reply, struct answer *ret_answer, char why[static CW_AESM_WHY_LEN])
{
    struct message request = {.len = 4};
    put_bytes(&request, kind, fields->bytes, fields->len);
    const uint32_t request_len = (uint32_t)(request.len - 4);
    (void)memcpy(request.bytes, &request_len, 4); /* SGX is little-endian */
    const int file = connect_to(path);
    if (file < 0) {
        (void)snprintf(why, CW_AESM_WHY_LEN,
                "the quoting service does not answer at %s (%s): is aesmd installed and running, "
                "with its ECDSA plug-in?", path, strerror(errno));
        return CW_E_ABSENT;
    }
    uint32_t len = 0;
    uint8_t *reply = NULL;
    bool is_good = send_all(file, request.bytes, request.len) &&
            receive_all(file, (uint8_t *)&len, sizeof len) && len <= MESSAGE_MAX;
    if (is_good) {
        reply = malloc((size_t)len + 1);
        is_good = reply != NULL && receive_all(file, reply, len);
    }
    (void)close(file);
    if (!is_good || !get_answer(reply, len, kind, ret_answer)) {
        free(reply);
        (void)snprintf(why, CW_AESM_WHY_LEN,
                "what the quoting service at %s answers is not what it was asked for", path);
        return CW_E_FORM;
    }
    if (ret_answer->error != 0) {
        free(reply);
        (void)snprintf(why, CW_AESM_WHY_LEN,
                "the quoting service refused with AESM error %llu: its log says more "
                "(journalctl -u aesmd)", (unsigned long long)ret_answer->error);
        return CW_E_DENIED;
    }
    *ret_reply = reply;
    return CW_OK;
}

/* Which key and quoting enclave: Intel's, for ECDSA P-256. */
static void put_key_id(struct message *m, unsigned field)
{
    static const uint8_t mrsigner[32] = {0x8c, 0x4f, 0x57, 0x75, 0xd7, 0x96, 0x50, 0x3e, 0x96,
            0x13, 0x7f, 0x77, 0xc6, 0x8a, 0x82, 0x9a, 0x00, 0x56, 0xac, 0x8d, 0xed, 0x70, 0x14,
            0x0b, 0x08, 0x1b, 0x09, 0x44, 0x90, 0xc5, 0x7b, 0xff};
    uint8_t id[KEY_ID_LEN] = {0};
    id[4] = sizeof mrsigner;
    (void)memcpy(id + 6, mrsigner, sizeof mrsigner);
    id[54] = 1;  /* ISVPRODID        */
    id[154] = 2; /* ECDSA P-256      */
    put_bytes(m, field, id, sizeof id);
}

cw_status cw_aesm_target(const char *path, uint8_t ret_target[static SGX_TARGETINFO_LEN],
        char ret_why[static CW_AESM_WHY_LEN])
{
    struct message fields = {0};
    uint8_t *reply = NULL;
    struct answer answer;
    put_key_id(&fields, 1);
    /* The key's id is wanted, 32 bytes: who does not want it is told its length, and no TARGETINFO. */
    put_number(&fields, 3, 1);
    put_number(&fields, 4, 32);
    put_number(&fields, 9, PATIENCE_S * 1000000u);
    cw_status status = ask(path, FIELD_INIT_QUOTE_EX, &fields, &reply, &answer, ret_why);
    if (status != CW_OK) {
        return status;
    }
    if (answer.bytes.left_len == SGX_TARGETINFO_LEN) {
        (void)memcpy(ret_target, answer.bytes.next, SGX_TARGETINFO_LEN);
    } else {
        (void)snprintf(ret_why, CW_AESM_WHY_LEN, "the quoting service gave no TARGETINFO");
        status = CW_E_FORM;
    }
    free(reply);
    return status;
}

static cw_status quote_size(const char *path, uint32_t *ret_len, char why[static CW_AESM_WHY_LEN])
{
    struct message fields = {0};
    uint8_t *reply = NULL;
    struct answer answer;
    put_key_id(&fields, 1);
    put_number(&fields, 9, PATIENCE_S * 1000000u);
    const cw_status status = ask(path, FIELD_QUOTE_SIZE_EX, &fields, &reply, &answer, why);
    if (status != CW_OK) {
        return status;
    }
    free(reply);
    if (answer.number <= QUOTE_FIXED_LEN || answer.number > CW_QUOTE_MAX) {
        (void)snprintf(why, CW_AESM_WHY_LEN, "the quoting service announces a quote of %llu bytes",
                (unsigned long long)answer.number);
        return CW_E_FORM;
    }
    *ret_len = (uint32_t)answer.number;
    return CW_OK;
}

cw_status cw_aesm_quote(const char *path, const uint8_t report[static SGX_REPORT_LEN],
        uint8_t **ret_quote, uint32_t *ret_len, char ret_why[static CW_AESM_WHY_LEN])
{
    struct message fields = {0};
    uint8_t *reply = NULL;
    struct answer answer;
    uint32_t room = 0;
    cw_status status = quote_size(path, &room, ret_why);
    if (status != CW_OK) {
        return status;
    }
    put_bytes(&fields, 1, report, SGX_REPORT_LEN);
    put_key_id(&fields, 2);
    put_number(&fields, 4, room);
    put_number(&fields, 9, PATIENCE_S * 1000000u);
    status = ask(path, FIELD_QUOTE_EX, &fields, &reply, &answer, ret_why);
    if (status != CW_OK) {
        return status;
    }
    /* It comes in the room that was given; its own length stands in it. */
    uint32_t signature_len = 0;
    const struct part *quote = &answer.bytes;
    if (quote->left_len >= QUOTE_FIXED_LEN) {
        (void)memcpy(&signature_len, quote->next + QUOTE_FIXED_LEN - 4, 4);
    }
    uint8_t *copy = NULL;
    if (quote->left_len > QUOTE_FIXED_LEN && quote->left_len <= CW_QUOTE_MAX &&
            signature_len <= quote->left_len - QUOTE_FIXED_LEN) {
        *ret_len = QUOTE_FIXED_LEN + signature_len;
        copy = malloc(*ret_len);
    }
    if (copy != NULL) {
        (void)memcpy(copy, quote->next, *ret_len);
        *ret_quote = copy;
    } else {
        (void)snprintf(ret_why, CW_AESM_WHY_LEN, "the quoting service gave no quote");
        status = CW_E_FORM;
    }
    free(reply);
    return status;
}
