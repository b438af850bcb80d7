/* SPDX-License-Identifier: MIT */
/*
 * sgx_image.c - SGXS streams: what becomes the pages of an enclave, and its measurement.
 *
 * Input    which 1.  0: a stream as it stands.  Else SSAFRAMESIZE 1, log2 SIZE 1, then records, 6
 *          bytes each: kind 1 (0 ECREATE, 1 EADD, 2 EEXTEND, 3 UNMEASRD, and with 4 the next byte
 *          besides flips a byte of the record), place 2 in units of 256 bytes, SECINFO 2, fill 1.
 * Holds    pages lie inside, apart, aligned, with a type and rights that there are; no TCS has a
 *          state; MRENCLAVE is that of other code; what is refused is said why.  The owner's
 *          reader takes what the CPU takes, and reads the same; any code can be scanned.
 * Plant    silicon/sgx/image.c s/offset % SGX_PAGE_LEN != 0 || offset >= r->image.len/offset >= r->image.len/
 */
#include "fuzz/input.h"
#include "silicon/sgx/cpu.h"
#include "tee/sgx/owner/opcodes.h"
#include "tee/sgx/owner/stream.h"
#include "tests/support/sgx_image.h"

static void add_record(struct sgx_stream *s, struct fuzz_input *in, uint64_t size)
{
    uint8_t chunk[SGX_CHUNK_LEN];
    uint8_t kind = fuzz_u8(in);
    uint64_t place = fuzz_u16(in) * (uint64_t)SGX_CHUNK_LEN;
    uint64_t secinfo = fuzz_u16(in);
    size_t before = s->len;
    memset(chunk, fuzz_u8(in), sizeof chunk);
    switch (kind & 3) {
    case 0:
        sgx_stream_ecreate(s, size, 1);
        break;
    case 1:
        sgx_stream_eadd(s, place, secinfo);
        break;
    case 2:
        sgx_stream_eextend(s, place, chunk);
        break;
    default:
        sgx_stream_unmeasured(s, place, chunk);
    }
    if ((kind & 4) != 0) {
        s->bytes[before + fuzz_u8(in) % (s->len - before)] ^= (uint8_t)(1u << (kind >> 5));
    }
}

static void page_holds(const struct cw_sgx_image *image, size_t i)
{
    const struct cw_sgx_page *page = &image->pages[i];
    FUZZ_HOLDS(page->offset % SGX_PAGE_LEN == 0 && page->offset < image->len);
    FUZZ_HOLDS((page->secinfo & ~0x207ull) == 0 || page->secinfo == SGX_SECINFO_TCS);
    FUZZ_HOLDS((page->secinfo & (SGX_SECINFO_R | SGX_SECINFO_W)) != SGX_SECINFO_W);
    FUZZ_HOLDS(page->bytes == image->memory + i * SGX_PAGE_LEN);
    if (page->secinfo == SGX_SECINFO_TCS) {
        uint64_t state;
        uint32_t cssa;
        memcpy(&state, page->bytes + SGX_TCS_STATE, sizeof state);
        memcpy(&cssa, page->bytes + SGX_TCS_CSSA, sizeof cssa);
        FUZZ_HOLDS(state == 0 && cssa == 0 && page->bytes[SGX_PAGE_LEN - 1] == 0);
    }
    for (size_t j = 0; i < 64 && j < i; j++) {
        FUZZ_HOLDS(image->pages[j].offset != page->offset);
    }
}

/* cpu: as the CPU read it, NULL if it refused. */
static void owner_reads(const uint8_t *bytes, size_t len, const struct cw_sgx_image *cpu)
{
    struct cw_sgxs image = {0};
    char why[CW_SGXS_WHY_LEN];
    struct cw_opcode_finding found[2];
    const struct cw_opcode_rules rules = {.xfrm = SGX_XFRM_LEGACY};
    size_t count = 0;
    cw_status status = cw_sgxs_read(bytes, len, &image, why);
    FUZZ_HOLDS(status == CW_OK || (cpu == NULL && why[0] != '\0'));
    if (status != CW_OK) {
        return;
    }
    FUZZ_HOLDS(cw_opcode_scan_image(&image, &rules, found, 2, &count) == CW_OK);
    FUZZ_HOLDS(count == 0 || found[0].opcode.len > 0);
    if (cpu != NULL) {
        FUZZ_HOLDS(memcmp(image.mrenclave, cpu->mrenclave, sizeof image.mrenclave) == 0);
        FUZZ_HOLDS(image.len == cpu->len && image.page_count == cpu->page_count);
        for (size_t i = 0; i < image.page_count && image.page_count == cpu->page_count; i++) {
            FUZZ_HOLDS(image.pages[i].offset == cpu->pages[i].offset &&
                    image.pages[i].flags == cpu->pages[i].secinfo &&
                    image.pages[i].measured == cpu->pages[i].measured &&
                    memcmp(image.pages[i].bytes, cpu->pages[i].bytes, SGX_PAGE_LEN) == 0);
        }
    }
    cw_sgxs_free(&image);
}

static void read_stream(const uint8_t *bytes, size_t len)
{
    struct cw_sgx_image image = {.page_count = 4711};
    char why[CW_SGX_WHY_LEN];
    cw_status status = cw_sgx_image_read(bytes, len, &image, why);
    if (status != CW_OK) {
        FUZZ_HOLDS(why[0] != '\0' && memchr(why, 0, sizeof why) != NULL);
        FUZZ_HOLDS(image.page_count == 4711 && image.pages == NULL);
        owner_reads(bytes, len, NULL);
        return;
    }
    uint8_t hash[SGX_HASH_LEN];
    uint8_t *copy = malloc(len);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, bytes, len);
    sgx_stream_mrenclave(&(struct sgx_stream){copy, len}, hash);
    free(copy);
    FUZZ_HOLDS(why[0] == '\0' && memcmp(hash, image.mrenclave, sizeof hash) == 0);
    FUZZ_HOLDS(image.page_count <= CW_SGX_PAGES_MAX && image.page_count <= image.len / SGX_PAGE_LEN);
    for (size_t i = 0; i < image.page_count; i++) {
        page_holds(&image, i);
    }
    owner_reads(bytes, len, &image);
    cw_sgx_image_free(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    struct fuzz_input in = {input, input_len};
    size_t len;
    if (fuzz_u8(&in) == 0) {
        uint8_t *bytes = fuzz_own(&in, SIZE_MAX, &len);
        read_stream(bytes, len);
        free(bytes);
        return 0;
    }
    struct sgx_stream s = {0};
    uint8_t frame = fuzz_u8(&in);
    uint64_t size = 1ull << fuzz_u8(&in) % 64;
    sgx_stream_ecreate(&s, size, frame);
    while (in.left_len > 0) {
        add_record(&s, &in, size);
    }
    s.bytes = realloc(s.bytes, s.len); /* a byte read past the end is seen */
    read_stream(s.bytes, s.len);
    sgx_stream_free(&s);
    return 0;
}
