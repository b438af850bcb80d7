/* SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tee/enclave.h"

#define ROWS_MAX 256u

/* Bytes in blocks of their own, in order. */
struct list {
    struct item {
        uint8_t *bytes;
        size_t len;
        cw_status status;
    } *items;
    size_t count;
};

/* One row of the module's table. */
struct row {
    struct list sent;
    struct list answers;
    size_t answers_used;
    cw_status result;
};

extern const struct cw_endpoint __start_cw_endpoints[] __attribute__((weak));
extern const struct cw_endpoint __stop_cw_endpoints[] __attribute__((weak));

/* The module's variables (module.mk puts them there). */
extern uint8_t __start_cw_module_data[] __attribute__((weak));
extern uint8_t __stop_cw_module_data[] __attribute__((weak));
extern uint8_t __start_cw_module_bss[] __attribute__((weak));
extern uint8_t __stop_cw_module_bss[] __attribute__((weak));

void cw_init_hook(void) __attribute__((weak));

/* cmocka's, where the test has it. */
void _fail(const char *file, int line) __attribute__((weak));

static struct row rows[ROWS_MAX];
static struct list kept; /* answers of handlers */
static uint8_t *first_data;
static uint8_t *first_bss;
static uint32_t gap;
static uint32_t randomness;

_Noreturn static void fail(struct cw_test_place at, const char *name, const char *text)
{
    (void)fprintf(stderr, "%s:%d: %s: %s\n", at.file, at.line, name, text);
    if (_fail != NULL) {
        _fail(at.file, at.line);
    }
    abort();
}

static void *block(size_t len)
{
    void *bytes = malloc(len == 0 ? 1 : len);
    if (bytes == NULL) {
        abort();
    }
    return bytes;
}

static uint8_t *copy(const void *data, size_t len)
{
    uint8_t *bytes = block(len);
    if (len != 0) {
        (void)memcpy(bytes, data, len);
    }
    return bytes;
}

static void put(struct list *list, uint8_t *bytes, size_t len, cw_status status)
{
    struct item *items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (items == NULL) {
        abort();
    }
    list->items = items;
    list->items[list->count++] = (struct item){bytes, len, status};
}

static void forget(struct list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].bytes);
    }
    free(list->items);
    *list = (struct list){0};
}

static struct row *row_of(const struct cw_endpoint *row)
{
    const size_t index = (size_t)(row - __start_cw_endpoints);
    if (row < __start_cw_endpoints || row >= __stop_cw_endpoints || index >= ROWS_MAX) {
        (void)fprintf(stderr, "an endpoint that is not in the table, or more than %u\n", ROWS_MAX);
        abort();
    }
    return &rows[index];
}

/* Byte by byte: between variables lies what the sanitizer guards. */
__attribute__((no_sanitize("address", "undefined"))) static void move(volatile uint8_t *to,
        const volatile uint8_t *from, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = from[i];
    }
}

static void restore(uint8_t *start, const uint8_t *stop, uint8_t **first)
{
    const size_t len = (size_t)(stop - start);
    if (start == NULL) {
        return;
    }
    if (*first == NULL) {
        *first = block(len);
        move(*first, start, len);
    }
    move(start, *first, len);
}

void cw_test_start(void)
{
    for (size_t i = 0; i < ROWS_MAX; i++) {
        forget(&rows[i].sent);
        forget(&rows[i].answers);
        rows[i] = (struct row){.result = CW_OK};
    }
    forget(&kept);
    gap = 0;
    randomness = 1;
    restore(__start_cw_module_data, __stop_cw_module_data, &first_data);
    restore(__start_cw_module_bss, __stop_cw_module_bss, &first_bss);
    if (cw_init_hook != NULL) {
        cw_init_hook();
    }
}

/* --- what comes in ------------------------------------------------------------------------------ */

static void check(struct cw_test_place at, const struct cw_endpoint *row, const char *name,
        uint8_t kind, size_t len)
{
    static const char *const texts[] = {"", "not an input", "not an output", "not a handler",
            "not a request", "not an entry", "not a parameter"};
    if (row->kind != kind) {
        fail(at, name, texts[kind]);
    }
    if (len > row->max) {
        fail(at, name, "longer than its maximum: a node's runtime refuses it, so no handler sees it");
    }
}

void cw_test_event_(struct cw_test_place at, const struct cw_endpoint *row, const char *name,
        const void *data, size_t len)
{
    check(at, row, name, CW_KIND_INPUT, len);
    uint8_t *bytes = copy(data, len);
    row->call.handler(bytes, len, &(struct cw_reply){0});
    free(bytes);
    gap = 0;
}

struct cw_test_bytes cw_test_ask_(struct cw_test_place at, const struct cw_endpoint *row,
        const char *name, uint8_t kind, const void *data, size_t len)
{
    check(at, row, name, kind, len);
    uint8_t *bytes = copy(data, len);
    struct cw_reply reply = {.bytes = block(row->reply_max), .cap = row->reply_max};
    uint8_t *const room = reply.bytes;
    row->call.handler(bytes, len, &reply);
    free(bytes);
    put(&kept, room, reply.len, CW_OK);
    if (reply.bytes != room || reply.len > row->reply_max) {
        fail(at, name, "the handler changed the reply by other means than cw_reply_put");
    }
    return (struct cw_test_bytes){room, reply.len};
}

/* As the runtime sets it: what was there before is gone. */
void cw_test_config_(struct cw_test_place at, const struct cw_endpoint *row, const char *name,
        const void *data, size_t len)
{
    check(at, row, name, CW_KIND_CONFIG, len);
    struct cw_config *config = row->call.config;
    (void)memset(config->bytes, 0, row->max);
    if (len != 0) {
        (void)memcpy(config->bytes, data, len);
    }
    config->len = (uint16_t)len;
    config->is_set = true;
}

void cw_test_gap(uint32_t lost)
{
    gap = lost;
}

void cw_test_random(uint32_t seed)
{
    randomness = seed;
}

/* --- what goes out ------------------------------------------------------------------------------ */

size_t cw_test_count_(struct cw_test_place at, const struct cw_endpoint *row, const char *name)
{
    if (row->kind != CW_KIND_OUTPUT && row->kind != CW_KIND_REQUEST) {
        fail(at, name, "neither an output nor a request");
    }
    return row_of(row)->sent.count;
}

struct cw_test_bytes cw_test_sent_(struct cw_test_place at, const struct cw_endpoint *row,
        const char *name, size_t index)
{
    if (index >= cw_test_count_(at, row, name)) {
        fail(at, name, "so many did not leave");
    }
    const struct item *item = &row_of(row)->sent.items[index];
    return (struct cw_test_bytes){item->bytes, item->len};
}

void cw_test_result_(struct cw_test_place at, const struct cw_endpoint *row, const char *name,
        cw_status status)
{
    check(at, row, name, CW_KIND_OUTPUT, 0);
    row_of(row)->result = status;
}

void cw_test_answer_(struct cw_test_place at, const struct cw_endpoint *row, const char *name,
        cw_status status, const void *data, size_t len)
{
    check(at, row, name, CW_KIND_REQUEST, 0);
    if (len > row->reply_max) {
        fail(at, name, "longer than the answer that the request takes");
    }
    put(&row_of(row)->answers, copy(data, len), len, status);
}

bool cw_test_is(struct cw_test_bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.bytes, text, bytes.len) == 0;
}

/* --- what the module calls ---------------------------------------------------------------------- */

cw_status cw_emit(const struct cw_endpoint *endpoint, const void *data, size_t len)
{
    struct row *row = row_of(endpoint);
    if (len > endpoint->max) {
        return CW_E_SPACE;
    }
    if (row->result == CW_OK) {
        put(&row->sent, copy(data, len), len, CW_OK);
    }
    return row->result;
}

cw_status cw_request(const struct cw_endpoint *endpoint, const void *data, size_t len,
        void *ret_reply, size_t cap, size_t *ret_len)
{
    struct row *row = row_of(endpoint);
    if (len > endpoint->max) {
        return CW_E_SPACE;
    }
    if (row->answers_used == row->answers.count) {
        return CW_E_ABSENT;
    }
    const struct item *answer = &row->answers.items[row->answers_used++];
    put(&row->sent, copy(data, len), len, CW_OK);
    if (answer->status == CW_OK && answer->len > cap) {
        return CW_E_SPACE;
    }
    if (answer->status == CW_OK && answer->len != 0) {
        (void)memcpy(ret_reply, answer->bytes, answer->len);
    }
    if (answer->status == CW_OK) {
        *ret_len = answer->len;
    }
    return answer->status;
}

cw_status cw_reply_put(struct cw_reply *reply, const void *bytes, size_t len)
{
    if (len > reply->cap - reply->len) {
        return CW_E_SPACE;
    }
    if (len != 0) {
        (void)memcpy(reply->bytes + reply->len, bytes, len);
    }
    reply->len += len;
    return CW_OK;
}

uint32_t cw_event_gap(void)
{
    return gap;
}

cw_status cw_random(void *ret_bytes, size_t len)
{
    uint8_t *to = ret_bytes;
    if (randomness == 0) {
        return CW_E_ABSENT;
    }
    for (size_t i = 0; i < len; i++) { /* xorshift: spread, and the same every time */
        randomness ^= randomness << 13;
        randomness ^= randomness >> 17;
        randomness ^= randomness << 5;
        to[i] = (uint8_t)(randomness >> 24);
    }
    return CW_OK;
}

/* A chip whose every key follows from the bytes' own id: what is sealed in a test, is unsealed in it. */
void cw_enclave_seal_versions(uint8_t ret_versions[static CW_SEALED_VERSIONS_LEN])
{
    (void)memset(ret_versions, 0, CW_SEALED_VERSIONS_LEN);
}

cw_status cw_enclave_seal_key(cw_sealing sealing,
        const uint8_t versions[static CW_SEALED_VERSIONS_LEN],
        const uint8_t id[static CW_SEALED_ID_LEN], uint8_t ret_key[static CW_KEY_LEN])
{
    (void)versions;
    (void)memcpy(ret_key, id, CW_KEY_LEN);
    ret_key[0] ^= (uint8_t)sealing;
    return CW_OK;
}

/* Like a chip's: it outlives a start of the module, not the test program. */
cw_status cw_counter(bool advance, uint64_t *ret_count)
{
    static uint64_t count;
    count += advance;
    *ret_count = count;
    return CW_OK;
}

/* The table's rows name how the runtime serves them; here handlers are called without it. */
_Noreturn void cw_unit_unused(void);
_Noreturn void cw_unit_unused(void)
{
    abort();
}
#define UNUSED(name) __asm__(".globl " #name "\n.set " #name ", cw_unit_unused");
UNUSED(cw_serve_sink)
UNUSED(cw_serve_output)
UNUSED(cw_serve_entry)
UNUSED(cw_serve_config)
UNUSED(cw_log_line)
