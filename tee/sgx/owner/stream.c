/* SPDX-License-Identifier: MIT */
#include "tee/sgx/owner/stream.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNKS (SGX_PAGE_LEN / SGX_CHUNK_LEN)
#define TAG_LEN 8u

uint16_t cw_sgxs_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

uint32_t cw_sgxs_u32(const uint8_t *at)
{
    return cw_sgxs_u16(at) | (uint32_t)cw_sgxs_u16(at + 2) << 16;
}

uint64_t cw_sgxs_u64(const uint8_t *at)
{
    return cw_sgxs_u32(at) | (uint64_t)cw_sgxs_u32(at + 4) << 32;
}

void cw_sgxs_put(uint8_t *at, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

/* --- writing ---------------------------------------- */

static uint8_t *put_header(uint8_t *at, const char tag[static TAG_LEN])
{
    memset(at, 0, SGX_SGXS_HEADER_LEN);
    memcpy(at, tag, TAG_LEN);
    return at + SGX_SGXS_HEADER_LEN;
}

static uint8_t *put_page(uint8_t *at, const struct cw_sgxs_page *page)
{
    uint8_t *header = at;
    at = put_header(at, SGX_SGXS_EADD);
    cw_sgxs_put(header + 8, page->offset, 8);
    cw_sgxs_put(header + 16, page->flags, 8);
    for (size_t i = 0; i < CHUNKS; i++) {
        header = at;
        at = put_header(at, SGX_SGXS_EEXTEND);
        cw_sgxs_put(header + 8, page->offset + i * SGX_CHUNK_LEN, 8);
        memcpy(at, page->bytes + i * SGX_CHUNK_LEN, SGX_CHUNK_LEN);
        at += SGX_CHUNK_LEN;
    }
    return at;
}

cw_status cw_sgxs_write(const struct cw_sgxs *s, uint8_t **ret_stream, size_t *ret_len)
{
    const size_t page_len = SGX_SGXS_HEADER_LEN + CHUNKS * (SGX_SGXS_HEADER_LEN + SGX_CHUNK_LEN);
    const size_t len = SGX_SGXS_HEADER_LEN + s->page_count * page_len;
    uint8_t *stream = malloc(len);
    if (stream == NULL) {
        return CW_E_SYSTEM;
    }
    uint8_t *at = put_header(stream, SGX_SGXS_ECREATE);
    cw_sgxs_put(stream + 8, s->ssa_frame_pages, 4);
    cw_sgxs_put(stream + 12, s->len, 8);
    for (size_t i = 0; i < s->page_count; i++) {
        at = put_page(at, &s->pages[i]);
    }
    *ret_stream = stream;
    *ret_len = len;
    return CW_OK;
}

/* --- reading ---------------------------------------- */

struct reader {
    const uint8_t *stream;
    size_t len;
    size_t at;
    struct cw_sgxs *s;
    size_t cap;  /* pages that there is room for */
    size_t open; /* the page that chunks belong to as a rule */
    EVP_MD_CTX *hash;
    char *why;
};

__attribute__((format(printf, 2, 3))) static cw_status say(const struct reader *r,
        const char *format, ...)
{
    char text[CW_SGXS_WHY_LEN - 32];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)snprintf(r->why, CW_SGXS_WHY_LEN, "at byte %zu: %s", r->at, text);
    return CW_E_FORM;
}

static bool is_zero(const uint8_t *at, size_t len)
{
    uint8_t all = 0;
    for (size_t i = 0; i < len; i++) {
        all |= at[i];
    }
    return all == 0;
}

static bool has_tag(const struct reader *r, const char tag[static TAG_LEN])
{
    return memcmp(r->stream + r->at, tag, TAG_LEN) == 0;
}

static cw_status read_create(struct reader *r)
{
    const uint8_t *header = r->stream;
    if (r->len < SGX_SGXS_HEADER_LEN || !has_tag(r, SGX_SGXS_ECREATE)) {
        return say(r, "found no ECREATE, which begins every SGXS stream");
    }
    r->s->ssa_frame_pages = cw_sgxs_u32(header + 8);
    r->s->len = cw_sgxs_u64(header + 12);
    if (r->s->len < SGX_PAGE_LEN || (r->s->len & (r->s->len - 1)) != 0) {
        return say(r, "ECREATE: SIZE is 0x%llx, expected a power of two, 4096 or more",
                (unsigned long long)r->s->len);
    }
    if (r->s->ssa_frame_pages == 0 || !is_zero(header + 20, SGX_SGXS_HEADER_LEN - 20)) {
        return say(r, "ECREATE: SSAFRAMESIZE is 0, or reserved bytes are not");
    }
    return CW_OK;
}

static cw_status check_secinfo(const struct reader *r, uint64_t offset, uint64_t flags)
{
    const uint64_t rights = flags & (SGX_SECINFO_R | SGX_SECINFO_W | SGX_SECINFO_X);
    const uint64_t type = flags & SGX_SECINFO_TYPE_MASK;
    const char *wrong = NULL;
    if (offset % SGX_PAGE_LEN != 0 || offset >= r->s->len) {
        wrong = "its offset is no page of ELRANGE";
    } else if (flags != (rights | type)) {
        wrong = "reserved bits of SECINFO are set";
    } else if (type != SGX_SECINFO_REG && type != SGX_SECINFO_TCS) {
        wrong = "it is neither a REG nor a TCS page";
    } else if (type == SGX_SECINFO_TCS && rights != 0) {
        wrong = "a TCS page has R, W or X";
    } else if ((rights & SGX_SECINFO_W) != 0 && (rights & SGX_SECINFO_R) == 0) {
        wrong = "W without R";
    }
    return wrong == NULL ? CW_OK
                         : say(r, "EADD of page 0x%llx, SECINFO 0x%llx: %s",
                                   (unsigned long long)offset, (unsigned long long)flags, wrong);
}

static cw_status read_add(struct reader *r)
{
    const uint8_t *header = r->stream + r->at;
    const uint64_t offset = cw_sgxs_u64(header + 8);
    const uint64_t flags = cw_sgxs_u64(header + 16);
    cw_status status = check_secinfo(r, offset, flags);
    if (status != CW_OK) {
        return status;
    }
    if (!is_zero(header + 24, SGX_SGXS_HEADER_LEN - 24)) {
        return say(r, "EADD of page 0x%llx: reserved bytes are not 0", (unsigned long long)offset);
    }
    if (r->s->page_count == r->cap) {
        const size_t cap = r->cap == 0 ? 64 : 2 * r->cap;
        struct cw_sgxs_page *pages =
                cap > CW_SGXS_PAGES_MAX ? NULL : realloc(r->s->pages, cap * sizeof *pages);
        if (pages == NULL) {
            return say(r, "more than %zu pages, or no memory", r->cap);
        }
        r->s->pages = pages;
        r->cap = cap;
    }
    uint8_t *bytes = calloc(1, SGX_PAGE_LEN);
    if (bytes == NULL) {
        return say(r, "no memory");
    }
    r->open = r->s->page_count;
    r->s->pages[r->s->page_count++] =
            (struct cw_sgxs_page){.offset = offset, .flags = flags, .bytes = bytes};
    return CW_OK;
}

static struct cw_sgxs_page *page_of(struct reader *r, uint64_t offset)
{
    const uint64_t base = offset - offset % SGX_PAGE_LEN;
    if (r->s->page_count > 0 && r->s->pages[r->open].offset == base) {
        return &r->s->pages[r->open];
    }
    for (size_t i = 0; i < r->s->page_count; i++) {
        if (r->s->pages[i].offset == base) {
            r->open = i;
            return &r->s->pages[i];
        }
    }
    return NULL;
}

static cw_status read_chunk(struct reader *r, bool is_measured)
{
    const uint8_t *header = r->stream + r->at;
    const uint64_t offset = cw_sgxs_u64(header + 8);
    struct cw_sgxs_page *page = page_of(r, offset);
    if (offset % SGX_CHUNK_LEN != 0 || page == NULL) {
        return say(r, "a chunk for 0x%llx, where no page was added", (unsigned long long)offset);
    }
    if (!is_zero(header + 16, SGX_SGXS_HEADER_LEN - 16)) {
        return say(r, "a chunk's header has reserved bytes that are not 0");
    }
    if (r->len - r->at - SGX_SGXS_HEADER_LEN < SGX_CHUNK_LEN) {
        return say(r, "the stream ends inside the chunk for 0x%llx", (unsigned long long)offset);
    }
    const size_t within = (size_t)(offset % SGX_PAGE_LEN);
    memcpy(page->bytes + within, header + SGX_SGXS_HEADER_LEN, SGX_CHUNK_LEN);
    page->measured |= (uint16_t)(is_measured ? 1u << within / SGX_CHUNK_LEN : 0);
    return CW_OK;
}

/* One step; *ret_len: how far it goes. */
static cw_status read_step(struct reader *r, size_t *ret_len)
{
    if (r->len - r->at < SGX_SGXS_HEADER_LEN) {
        return say(r, "%zu bytes are left over", r->len - r->at);
    }
    *ret_len = SGX_SGXS_HEADER_LEN;
    bool is_measured = true;
    cw_status status;
    if (has_tag(r, SGX_SGXS_EADD)) {
        status = read_add(r);
    } else if (has_tag(r, SGX_SGXS_EEXTEND) || has_tag(r, SGX_SGXS_UNMEASURED)) {
        is_measured = has_tag(r, SGX_SGXS_EEXTEND);
        *ret_len += SGX_CHUNK_LEN;
        status = read_chunk(r, is_measured);
    } else {
        status = say(r, "found neither EADD nor EEXTEND nor UNMEASRD");
    }
    if (status == CW_OK && is_measured &&
            EVP_DigestUpdate(r->hash, r->stream + r->at, *ret_len) != 1) {
        status = say(r, "the hash fails");
    }
    return status;
}

static int by_offset(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a;
    const uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right ? 1 : 0;
}

static cw_status check_twice(const struct reader *r)
{
    uint64_t *offsets = calloc(r->s->page_count + 1, sizeof *offsets);
    if (offsets == NULL) {
        return say(r, "no memory");
    }
    for (size_t i = 0; i < r->s->page_count; i++) {
        offsets[i] = r->s->pages[i].offset;
    }
    qsort(offsets, r->s->page_count, sizeof *offsets, by_offset);
    cw_status status = CW_OK;
    for (size_t i = 1; i < r->s->page_count && status == CW_OK; i++) {
        if (offsets[i] == offsets[i - 1]) {
            status = say(r, "page 0x%llx is added twice", (unsigned long long)offsets[i]);
        }
    }
    free(offsets);
    return status;
}

cw_status cw_sgxs_read(const uint8_t *stream, size_t len, struct cw_sgxs *ret_s,
        char ret_why[static CW_SGXS_WHY_LEN])
{
    struct cw_sgxs s = {0};
    struct reader r = {.stream = stream, .len = len, .s = &s, .why = ret_why,
            .hash = EVP_MD_CTX_new()};
    ret_why[0] = '\0';
    cw_status status = read_create(&r);
    if (status == CW_OK && (r.hash == NULL ||
            EVP_DigestInit_ex(r.hash, EVP_sha256(), NULL) != 1 ||
            EVP_DigestUpdate(r.hash, stream, SGX_SGXS_HEADER_LEN) != 1)) {
        status = say(&r, "the hash fails");
    }
    r.at = SGX_SGXS_HEADER_LEN;
    while (status == CW_OK && r.at < len) {
        size_t step = 0;
        status = read_step(&r, &step);
        r.at += status == CW_OK ? step : 0;
    }
    if (status == CW_OK) {
        status = check_twice(&r);
    }
    if (status == CW_OK && EVP_DigestFinal_ex(r.hash, s.mrenclave, NULL) != 1) {
        status = say(&r, "the hash fails");
    }
    EVP_MD_CTX_free(r.hash);
    if (status != CW_OK) {
        cw_sgxs_free(&s);
        return status;
    }
    *ret_s = s;
    return CW_OK;
}

const struct cw_sgxs_page *cw_sgxs_page(const struct cw_sgxs *s, uint64_t offset)
{
    for (size_t i = 0; i < s->page_count; i++) {
        if (s->pages[i].offset == offset) {
            return &s->pages[i];
        }
    }
    return NULL;
}

void cw_sgxs_free(struct cw_sgxs *s)
{
    for (size_t i = 0; i < s->page_count; i++) {
        free(s->pages[i].bytes);
    }
    free(s->pages);
    *s = (struct cw_sgxs){0};
}
