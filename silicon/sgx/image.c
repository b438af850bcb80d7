/* SPDX-License-Identifier: MIT */
/*
 * Two passes: the first looks at the frame of every record and counts pages, so that all memory is
 * there before the second takes them in.  What the second takes is bounded by the page count; a
 * page is found by binary search, whatever order the stream has.
 */
#include "silicon/sgx/cpu.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "silicon/sgx/field.h"

#define TAG_LEN 8u
#define HEADER SGX_SGXS_HEADER_LEN
#define CHUNKS (SGX_PAGE_LEN / SGX_CHUNK_LEN)

typedef enum record {
    RECORD_ECREATE,
    RECORD_EADD,
    RECORD_EEXTEND,
    RECORD_UNMEASURED,
    RECORD_NONE,
} record;

/* A page by its place, for the search. */
struct place {
    uint64_t offset;
    size_t index;
};

struct reader {
    const uint8_t *stream;
    size_t len;
    size_t at; /* of the record in hand */
    struct cw_sgx_image image;
    struct place *places; /* sorted by offset */
    uint16_t *filled;     /* per page: a bit per chunk that the stream gave */
    size_t added_count;   /* pages whose EADD is behind us */
    EVP_MD_CTX *hash;
    char *why;
};

__attribute__((format(printf, 3, 4))) static cw_status refuse(const struct reader *r,
        cw_status status, const char *format, ...)
{
    char text[CW_SGX_WHY_LEN];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(r->why, CW_SGX_WHY_LEN, "SGXS, byte %zu: %.200s", r->at, text);
    return status;
}

static record record_of(const uint8_t *header)
{
    static const char tags[][TAG_LEN + 1] = {
            [RECORD_ECREATE] = SGX_SGXS_ECREATE,
            [RECORD_EADD] = SGX_SGXS_EADD,
            [RECORD_EEXTEND] = SGX_SGXS_EEXTEND,
            [RECORD_UNMEASURED] = SGX_SGXS_UNMEASURED,
    };
    for (unsigned i = 0; i < RECORD_NONE; i++) {
        if (memcmp(header, tags[i], TAG_LEN) == 0) {
            return (record)i;
        }
    }
    return RECORD_NONE;
}

static size_t record_len(record kind)
{
    return kind == RECORD_EEXTEND || kind == RECORD_UNMEASURED ? HEADER + SGX_CHUNK_LEN : HEADER;
}

/* --- the first pass ------------------------------------------------------------------------------ */

static cw_status check_ecreate(struct reader *r)
{
    const uint8_t *header = r->stream;
    if (r->len < HEADER || record_of(header) != RECORD_ECREATE) {
        return refuse(r, CW_E_FORM, "an SGXS stream begins with ECREATE, this does not");
    }
    r->image.ssa_frame_pages = cw_field_u32(header + 8);
    r->image.len = cw_field_u64(header + 12);
    uint64_t len = r->image.len;
    if (len < 2 * SGX_PAGE_LEN || len > CW_SGX_ELRANGE_MAX || (len & (len - 1)) != 0) {
        return refuse(r, CW_E_FORM,
                "SIZE is 0x%" PRIx64 "; it must be a power of two from 0x2000 to 0x%" PRIx64, len,
                (uint64_t)CW_SGX_ELRANGE_MAX);
    }
    /* More than an enclave has pages: no frame of it could be entered. */
    if (r->image.ssa_frame_pages == 0 || r->image.ssa_frame_pages > len / SGX_PAGE_LEN ||
            r->image.ssa_frame_pages > CW_SGX_PAGES_MAX) {
        return refuse(r, CW_E_FORM, "SSAFRAMESIZE is %" PRIu32 " pages; it must be from 1 to %u, in SIZE",
                r->image.ssa_frame_pages, CW_SGX_PAGES_MAX);
    }
    if (!cw_field_is_zero(header + 20, HEADER - 20)) {
        return refuse(r, CW_E_FORM, "ECREATE: bytes 20 to 63 must be zero");
    }
    return CW_OK;
}

static cw_status count_pages(struct reader *r)
{
    for (r->at = HEADER; r->at < r->len;) {
        if (r->len - r->at < HEADER) {
            return refuse(r, CW_E_FORM, "the stream ends inside a header");
        }
        record kind = record_of(r->stream + r->at);
        if (kind == RECORD_NONE) {
            return refuse(r, CW_E_FORM, "neither EADD nor EEXTEND nor UNMEASRD");
        }
        if (kind == RECORD_ECREATE) {
            return refuse(r, CW_E_FORM, "a second ECREATE");
        }
        if (r->len - r->at < record_len(kind)) {
            return refuse(r, CW_E_FORM, "the stream ends inside a chunk");
        }
        r->image.page_count += kind == RECORD_EADD;
        r->at += record_len(kind);
    }
    if (r->image.page_count > CW_SGX_PAGES_MAX) {
        r->at = 0;
        return refuse(r, CW_E_SPACE, "%zu pages; an enclave may have %u", r->image.page_count,
                CW_SGX_PAGES_MAX);
    }
    return CW_OK;
}

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;
    if (x->offset != y->offset) {
        return x->offset < y->offset ? -1 : 1;
    }
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Memory for all pages, and where each will lie. */
static cw_status make_room(struct reader *r)
{
    size_t count = r->image.page_count;
    r->image.pages = calloc(count + 1, sizeof *r->image.pages);
    r->image.memory = calloc(count + 1, SGX_PAGE_LEN);
    r->places = calloc(count + 1, sizeof *r->places);
    r->filled = calloc(count + 1, sizeof *r->filled);
    r->hash = EVP_MD_CTX_new();
    if (r->image.pages == NULL || r->image.memory == NULL || r->places == NULL ||
            r->filled == NULL || r->hash == NULL ||
            EVP_DigestInit_ex(r->hash, EVP_sha256(), NULL) != 1) {
        r->at = 0;
        return refuse(r, CW_E_SPACE, "no memory for %zu pages", count);
    }
    size_t index = 0;
    for (size_t at = HEADER; at < r->len;) {
        record kind = record_of(r->stream + at);
        if (kind == RECORD_EADD) {
            r->places[index] = (struct place){cw_field_u64(r->stream + at + 8), index};
            index++;
        }
        at += record_len(kind);
    }
    qsort(r->places, count, sizeof *r->places, compare_places);
    return CW_OK;
}

/* --- the second pass ----------------------------------------------------------------------------- */

static cw_status check_secinfo(const struct reader *r, uint64_t offset, uint64_t flags)
{
    uint64_t access = flags & (SGX_SECINFO_R | SGX_SECINFO_W | SGX_SECINFO_X);
    uint64_t type = flags & SGX_SECINFO_TYPE_MASK;
    if ((flags ^ access ^ type) != 0) {
        return refuse(r, CW_E_FORM, "page 0x%" PRIx64 ": SECINFO.FLAGS 0x%" PRIx64
                " has bits other than R, W, X and the page type", offset, flags);
    }
    if (type != SGX_SECINFO_REG && type != SGX_SECINFO_TCS) {
        return refuse(r, CW_E_FORM, "page 0x%" PRIx64 ": page type %u; EADD takes TCS (1) and REG (2)",
                offset, (unsigned)(type >> SGX_SECINFO_TYPE_SHIFT));
    }
    if (type == SGX_SECINFO_TCS && access != 0) {
        return refuse(r, CW_E_FORM, "page 0x%" PRIx64 ": a TCS has neither R nor W nor X", offset);
    }
    if ((access & SGX_SECINFO_W) != 0 && (access & SGX_SECINFO_R) == 0) {
        return refuse(r, CW_E_FORM, "page 0x%" PRIx64 ": W without R", offset);
    }
    return CW_OK;
}

static cw_status take_eadd(struct reader *r)
{
    const uint8_t *header = r->stream + r->at;
    uint64_t offset = cw_field_u64(header + 8);
    uint64_t flags = cw_field_u64(header + 16);
    if (offset % SGX_PAGE_LEN != 0 || offset >= r->image.len) {
        return refuse(r, CW_E_FORM, "EADD of 0x%" PRIx64 ": no page of an enclave of 0x%" PRIx64
                " bytes", offset, r->image.len);
    }
    cw_status status = check_secinfo(r, offset, flags);
    if (status != CW_OK) {
        return status;
    }
    if (!cw_field_is_zero(header + 24, HEADER - 24)) {
        return refuse(r, CW_E_FORM, "page 0x%" PRIx64 ": SECINFO behind FLAGS must be zero", offset);
    }
    size_t index = r->added_count++;
    r->image.pages[index] = (struct cw_sgx_page){.offset = offset, .secinfo = flags,
            .bytes = r->image.memory + index * SGX_PAGE_LEN};
    return CW_OK;
}

/* The page that was added at an offset, or SIZE_MAX. */
static size_t find_page(const struct reader *r, uint64_t offset)
{
    /* Mostly, a page's chunks follow it at once. */
    if (r->added_count > 0 && r->image.pages[r->added_count - 1].offset == offset) {
        return r->added_count - 1;
    }
    size_t low = 0;
    size_t high = r->image.page_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->places[middle].offset < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool is_there = low < r->image.page_count && r->places[low].offset == offset &&
            r->places[low].index < r->added_count;
    return is_there ? r->places[low].index : SIZE_MAX;
}

static cw_status take_chunk(struct reader *r, bool is_measured)
{
    const uint8_t *header = r->stream + r->at;
    const uint8_t *chunk = header + HEADER;
    const char *name = is_measured ? "EEXTEND" : "UNMEASRD";
    uint64_t offset = cw_field_u64(header + 8);
    if (!cw_field_is_zero(header + 16, HEADER - 16)) {
        return refuse(r, CW_E_FORM, "%s: bytes 16 to 63 must be zero", name);
    }
    if (offset % SGX_CHUNK_LEN != 0) {
        return refuse(r, CW_E_FORM, "%s of 0x%" PRIx64 ": chunks lie at multiples of 256", name,
                offset);
    }
    size_t index = find_page(r, offset & ~(uint64_t)(SGX_PAGE_LEN - 1));
    if (index == SIZE_MAX) {
        return refuse(r, CW_E_FORM, "%s of 0x%" PRIx64 ": no page was added there", name, offset);
    }
    struct cw_sgx_page *page = &r->image.pages[index];
    unsigned number = (unsigned)(offset % SGX_PAGE_LEN / SGX_CHUNK_LEN);
    uint16_t bit = (uint16_t)(1u << number);
    uint8_t *to = page->bytes + number * SGX_CHUNK_LEN;
    /* EEXTEND may measure a chunk twice, but its bytes are what EADD brought. */
    if ((r->filled[index] & bit) != 0 && memcmp(to, chunk, SGX_CHUNK_LEN) != 0) {
        return refuse(r, CW_E_FORM, "%s of 0x%" PRIx64 ": the chunk came before with other bytes",
                name, offset);
    }
    memcpy(to, chunk, SGX_CHUNK_LEN);
    r->filled[index] |= bit;
    page->measured |= is_measured ? bit : 0;
    return CW_OK;
}

static cw_status take_records(struct reader *r)
{
    for (r->at = 0; r->at < r->len;) {
        record kind = record_of(r->stream + r->at);
        cw_status status = CW_OK;
        if (kind == RECORD_EADD) {
            status = take_eadd(r);
        } else if (kind != RECORD_ECREATE) {
            status = take_chunk(r, kind == RECORD_EEXTEND);
        }
        if (status != CW_OK) {
            return status;
        }
        if (kind != RECORD_UNMEASURED &&
                EVP_DigestUpdate(r->hash, r->stream + r->at, record_len(kind)) != 1) {
            return refuse(r, CW_E_SPACE, "SHA-256 failed");
        }
        r->at += record_len(kind);
    }
    return EVP_DigestFinal_ex(r->hash, r->image.mrenclave, NULL) == 1
            ? CW_OK
            : refuse(r, CW_E_SPACE, "SHA-256 failed");
}

/* --- what only the whole shows --------------------------------------------------------------------- */

static cw_status check_twice(struct reader *r)
{
    for (size_t i = 1; i < r->image.page_count; i++) {
        if (r->places[i].offset == r->places[i - 1].offset) {
            return refuse(r, CW_E_FORM, "page 0x%" PRIx64 " is added twice", r->places[i].offset);
        }
    }
    return CW_OK;
}

static cw_status check_tcs(struct reader *r, const struct cw_sgx_page *page)
{
    static const struct {
        const char *name;
        size_t offset;
        size_t len;
    } zero[] = {
            {"STATE", SGX_TCS_STATE, 8},
            {"FLAGS", SGX_TCS_FLAGS, 8},
            {"CSSA", SGX_TCS_CSSA, 4},
            {"AEP", SGX_TCS_AEP, 8},
            {"the reserved bytes 72 to 4095", SGX_TCS_RESERVED, SGX_PAGE_LEN - SGX_TCS_RESERVED},
    };
    for (size_t i = 0; i < sizeof zero / sizeof zero[0]; i++) {
        if (!cw_field_is_zero(page->bytes + zero[i].offset, zero[i].len)) {
            return refuse(r, CW_E_FORM, "TCS 0x%" PRIx64 ": %s must be zero in an image", page->offset,
                    zero[i].name);
        }
    }
    return CW_OK;
}

static cw_status check_pages(struct reader *r)
{
    r->at = 0;
    cw_status status = check_twice(r);
    for (size_t i = 0; status == CW_OK && i < r->image.page_count; i++) {
        if ((r->image.pages[i].secinfo & SGX_SECINFO_TYPE_MASK) == SGX_SECINFO_TCS) {
            status = check_tcs(r, &r->image.pages[i]);
        }
    }
    return status;
}

static cw_status read_all(struct reader *r)
{
    cw_status (*const steps[])(struct reader *) = {check_ecreate, count_pages, make_room,
            take_records, check_pages};
    cw_status status = CW_OK;
    for (size_t i = 0; status == CW_OK && i < sizeof steps / sizeof steps[0]; i++) {
        status = steps[i](r);
    }
    return status;
}

cw_status cw_sgx_image_read(const uint8_t *stream, size_t len, struct cw_sgx_image *ret_image,
        char ret_why[static CW_SGX_WHY_LEN])
{
    struct reader r = {.stream = stream, .len = len, .why = ret_why};
    ret_why[0] = '\0';
    cw_status status = read_all(&r);
    EVP_MD_CTX_free(r.hash);
    free(r.places);
    free(r.filled);
    if (status == CW_OK) {
        *ret_image = r.image;
    } else {
        cw_sgx_image_free(&r.image);
    }
    return status;
}

void cw_sgx_image_free(struct cw_sgx_image *image)
{
    free(image->pages);
    free(image->memory);
    *image = (struct cw_sgx_image){0};
}
