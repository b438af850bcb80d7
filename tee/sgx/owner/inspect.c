/* SPDX-License-Identifier: MIT */
/* `causeway sgx inspect`: what an image is, in any of the forms in which images are kept. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "posix/file.h"
#include "posix/log.h"
#include "tee/sgx/owner/image.h"
#include "tee/sgx/owner/opcodes.h"
#include "tee/sgx/owner/sign.h"
#include "tee/sgx/owner/verbs.h"

#define FILE_MAX_LEN (1ul << 30)
#define FINDINGS_MAX 16u

typedef enum form {
    FORM_IMAGE,     /* SIGSTRUCT and SGXS */
    FORM_SGXS,
    FORM_ELF,       /* as the linker made it */
    FORM_SIGSTRUCT,
} form;

static const char *const form_names[] = {
        [FORM_IMAGE] = "SIGSTRUCT and SGXS",
        [FORM_SGXS] = "SGXS",
        [FORM_ELF] = "ELF",
        [FORM_SIGSTRUCT] = "SIGSTRUCT",
};

/* All that is known of one file. */
struct view {
    const char *path;
    uint8_t *bytes;
    size_t len;
    form form;
    const uint8_t *sigstruct; /* NULL: there is none */
    cw_status signature;      /* of cw_sigstruct_check */
    char signature_why[CW_SIGSTRUCT_WHY_LEN];
    uint8_t mrsigner[SGX_HASH_LEN];
    bool has_pages;
    struct cw_sgx_linked linked; /* pages, and for ELF the symbols at ENCLU */
    struct cw_opcode_finding findings[FINDINGS_MAX];
    size_t finding_count;
};

struct flag {
    uint64_t bit;
    const char *name;
};

static const struct flag attribute_flags[] = {{SGX_ATTR_INIT, "INIT"}, {SGX_ATTR_DEBUG, "DEBUG"},
        {SGX_ATTR_MODE64BIT, "MODE64BIT"}, {SGX_ATTR_PROVISIONKEY, "PROVISIONKEY"},
        {SGX_ATTR_EINITTOKENKEY, "EINITTOKENKEY"}, {SGX_ATTR_CET, "CET"}, {SGX_ATTR_KSS, "KSS"},
        {SGX_ATTR_AEXNOTIFY, "AEXNOTIFY"}, {0, NULL}};

/* --- reading ---------------------------------------- */

static bool has_stream(const uint8_t *bytes, size_t len)
{
    return len >= 8 && memcmp(bytes, SGX_SGXS_ECREATE, 8) == 0;
}

static cw_status take_stream(struct view *v, size_t from)
{
    char why[CW_SGXS_WHY_LEN];
    const cw_status status =
            cw_sgxs_read(v->bytes + from, v->len - from, &v->linked.image, why);
    if (status != CW_OK) {
        cw_log_error("%s" CW_AT ": the SGXS stream, which begins at byte %zu: %s" CW_REMEDY
                     ": is the file whole?",
                v->path, from, why);
        return CW_E_FORM;
    }
    v->has_pages = true;
    return CW_OK;
}

static cw_status take_elf(struct view *v)
{
    char why[CW_SGXS_WHY_LEN];
    uint8_t *stream = NULL;
    size_t len = 0;
    cw_status status = cw_sgx_image_link(v->path, &v->linked, why);
    if (status != CW_OK) {
        cw_log_error("%s" CW_AT ": this ELF file cannot be an enclave: %s", v->path, why);
        return CW_E_FORM;
    }
    status = cw_sgxs_write(&v->linked.image, &stream, &len);
    struct cw_sgxs image = {0};
    if (status == CW_OK) {
        status = cw_sgxs_read(stream, len, &image, why);
    }
    free(stream);
    if (status == CW_OK) {
        memcpy(v->linked.image.mrenclave, image.mrenclave, SGX_HASH_LEN);
        cw_sgxs_free(&image);
        v->has_pages = true;
    }
    return status;
}

static void take_sigstruct(struct view *v)
{
    v->sigstruct = v->bytes;
    v->signature = cw_sigstruct_check(v->sigstruct, v->signature_why);
    cw_sigstruct_signer(v->sigstruct, v->mrsigner);
}

static cw_status take(struct view *v)
{
    static const uint8_t header[] = {6, 0, 0, 0, 0xe1, 0, 0, 0};
    if (v->len >= 4 && memcmp(v->bytes, "\177ELF", 4) == 0) {
        v->form = FORM_ELF;
        return take_elf(v);
    }
    if (has_stream(v->bytes, v->len)) {
        v->form = FORM_SGXS;
        return take_stream(v, 0);
    }
    if (v->len >= SGX_SIGSTRUCT_LEN && memcmp(v->bytes, header, sizeof header) == 0 &&
            (v->len == SGX_SIGSTRUCT_LEN ||
                    has_stream(v->bytes + SGX_SIGSTRUCT_LEN, v->len - SGX_SIGSTRUCT_LEN))) {
        v->form = v->len == SGX_SIGSTRUCT_LEN ? FORM_SIGSTRUCT : FORM_IMAGE;
        take_sigstruct(v);
        return v->form == FORM_IMAGE ? take_stream(v, SGX_SIGSTRUCT_LEN) : CW_OK;
    }
    cw_log_error("%s" CW_AT ": found no SGX image" CW_REMEDY ", expected SIGSTRUCT and SGXS (NAME.sgx of "
                 "`causeway build`), an SGXS stream, a SIGSTRUCT of %u bytes, or an ELF file linked "
                 "with tee/sgx/enclave/link.ld",
            v->path, SGX_SIGSTRUCT_LEN);
    return CW_E_FORM;
}

static uint64_t xfrm_of(const struct view *v)
{
    return v->sigstruct == NULL ? SGX_XFRM_LEGACY : cw_sgxs_u64(v->sigstruct + SGX_SIG_ATTRIBUTES + 8);
}

static cw_status scan(struct view *v)
{
    const struct cw_opcode_rules rules = {.xfrm = xfrm_of(v),
            .enclu = v->form == FORM_ELF ? v->linked.enclu : NULL,
            .enclu_count = v->linked.enclu_count};
    return !v->has_pages ? CW_OK
                         : cw_opcode_scan_image(&v->linked.image, &rules, v->findings, FINDINGS_MAX,
                                   &v->finding_count);
}

/* --- telling ---------------------------------------- */

struct hex {
    char text[2 * 64 + 1];
};

static struct hex hex_of(const uint8_t *bytes, size_t len)
{
    struct hex h = {""};
    for (size_t i = 0; i < len && i < 64; i++) {
        (void)snprintf(h.text + 2 * i, 3, "%02x", bytes[i]);
    }
    return h;
}

static const char *measurement_is(const struct view *v)
{
    if (v->sigstruct == NULL || !v->has_pages) {
        return NULL;
    }
    return memcmp(v->sigstruct + SGX_SIG_ENCLAVEHASH, v->linked.image.mrenclave, SGX_HASH_LEN) == 0
            ? "as signed"
            : "NOT what is signed: a CPU refuses it";
}

/* Pages of one kind that lie side by side. */
struct run {
    uint64_t offset;
    uint64_t end;
    uint64_t flags;
    size_t count;
    size_t measured; /* pages of which every byte is */
};

static size_t run_at(const struct cw_sgxs *image, size_t first, struct run *ret_run)
{
    const struct cw_sgxs_page *page = &image->pages[first];
    *ret_run = (struct run){.offset = page->offset, .end = page->offset, .flags = page->flags};
    size_t i = first;
    for (; i < image->page_count && image->pages[i].flags == page->flags &&
            image->pages[i].offset == ret_run->end; i++) {
        ret_run->end += SGX_PAGE_LEN;
        ret_run->count++;
        ret_run->measured += image->pages[i].measured == CW_SGXS_ALL_MEASURED ? 1 : 0;
    }
    return i;
}

static void rights_of(uint64_t flags, char ret_text[static 4])
{
    static const char letters[] = "rwx";
    for (size_t i = 0; i < 3; i++) {
        ret_text[i] = (flags >> i & 1) != 0 ? letters[i] : '-';
    }
    ret_text[3] = '\0';
}

static const char *type_of(uint64_t flags)
{
    return (flags & SGX_SECINFO_TYPE_MASK) == SGX_SECINFO_TCS ? "TCS" : "REG";
}

static const char *measured_of(const struct run *run)
{
    return run->measured == run->count ? "measured"
            : run->measured == 0       ? "NOT MEASURED, or in part"
                                       : "some pages NOT MEASURED";
}

static void print_flags(uint64_t value)
{
    for (const struct flag *f = attribute_flags; f->name != NULL; f++) {
        if ((value & f->bit) != 0) {
            printf(" %s", f->name);
        }
    }
}

static void print_sigstruct(const struct view *v)
{
    const uint8_t *sig = v->sigstruct;
    const uint64_t attributes = cw_sgxs_u64(sig + SGX_SIG_ATTRIBUTES);
    const uint64_t mask = cw_sgxs_u64(sig + SGX_SIG_ATTRIBUTEMASK);
    printf("signature    %s%s%s\n", v->signature == CW_OK ? "right" : "WRONG",
            v->signature == CW_OK ? "" : ": ", v->signature == CW_OK ? "" : v->signature_why);
    printf("mrsigner     %s\n", hex_of(v->mrsigner, SGX_HASH_LEN).text);
    printf("signed for   %s\n", hex_of(sig + SGX_SIG_ENCLAVEHASH, SGX_HASH_LEN).text);
    printf("product      ISVPRODID 0x%04x, ISVSVN %u, date %08x, vendor 0x%x\n",
            cw_sgxs_u16(sig + SGX_SIG_ISVPRODID), cw_sgxs_u16(sig + SGX_SIG_ISVSVN),
            cw_sgxs_u32(sig + SGX_SIG_DATE), cw_sgxs_u32(sig + SGX_SIG_VENDOR));
    printf("attributes   0x%" PRIx64 ", mask 0x%" PRIx64 ":", attributes, mask);
    print_flags(attributes);
    printf("%s\n", (mask & SGX_ATTR_DEBUG) == 0 ? " (the host may set DEBUG and read it all)" : "");
    printf("xfrm         0x%" PRIx64 ", mask 0x%" PRIx64 "\n",
            cw_sgxs_u64(sig + SGX_SIG_ATTRIBUTES + 8), cw_sgxs_u64(sig + SGX_SIG_ATTRIBUTEMASK + 8));
    printf("miscselect   0x%x, mask 0x%x\n", cw_sgxs_u32(sig + SGX_SIG_MISCSELECT),
            cw_sgxs_u32(sig + SGX_SIG_MISCMASK));
}

static void print_tcs(const struct cw_sgxs_page *page)
{
    const uint8_t *tcs = page->bytes;
    printf("tcs 0x%-6" PRIx64 " entry 0x%" PRIx64 ", SSA at 0x%" PRIx64 " x %u, FS 0x%" PRIx64
           ", GS 0x%" PRIx64 ", flags 0x%" PRIx64 "\n",
            page->offset, cw_sgxs_u64(tcs + SGX_TCS_OENTRY), cw_sgxs_u64(tcs + SGX_TCS_OSSA),
            cw_sgxs_u32(tcs + SGX_TCS_NSSA), cw_sgxs_u64(tcs + SGX_TCS_OFSBASE),
            cw_sgxs_u64(tcs + SGX_TCS_OGSBASE), cw_sgxs_u64(tcs + SGX_TCS_FLAGS));
}

static void print_pages(const struct view *v)
{
    const struct cw_sgxs *image = &v->linked.image;
    const char *is = measurement_is(v);
    printf("mrenclave    %s%s%s\n", hex_of(image->mrenclave, SGX_HASH_LEN).text,
            is == NULL ? "" : "  ", is == NULL ? "" : is);
    printf("elrange      0x%" PRIx64 " bytes, %zu pages, SSA frames of %u page%s\n", image->len,
            image->page_count, image->ssa_frame_pages, image->ssa_frame_pages == 1 ? "" : "s");
    for (size_t i = 0; i < image->page_count;) {
        struct run run;
        char rights[4];
        i = run_at(image, i, &run);
        rights_of(run.flags, rights);
        printf("pages        0x%08" PRIx64 " - 0x%08" PRIx64 "  %s %s  %5zu  %s%s\n", run.offset,
                run.end, type_of(run.flags), rights, run.count, measured_of(&run),
                (run.flags & (SGX_SECINFO_W | SGX_SECINFO_X)) == (SGX_SECINFO_W | SGX_SECINFO_X)
                        ? ", WRITABLE CODE"
                        : "");
    }
    for (size_t i = 0; i < image->page_count; i++) {
        if ((image->pages[i].flags & SGX_SECINFO_TYPE_MASK) == SGX_SECINFO_TCS) {
            print_tcs(&image->pages[i]);
        }
    }
    printf("opcodes      %zu that an enclave may not have (XFRM 0x%" PRIx64 ")\n", v->finding_count,
            xfrm_of(v));
    for (size_t i = 0; i < v->finding_count && i < FINDINGS_MAX; i++) {
        printf("             0x%08" PRIx64 "  %s\n", v->findings[i].at, v->findings[i].opcode.name);
    }
}

/* --- the same as JSON ---------------------------------------- */

static json_t *json_hex(uint64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "0x%" PRIx64, value);
    return json_string(text);
}

static json_t *json_sigstruct(const struct view *v)
{
    const uint8_t *sig = v->sigstruct;
    json_t *flags = json_array();
    for (const struct flag *f = attribute_flags; f->name != NULL; f++) {
        if ((cw_sgxs_u64(sig + SGX_SIG_ATTRIBUTES) & f->bit) != 0) {
            json_array_append_new(flags, json_string(f->name));
        }
    }
    char date[12];
    (void)snprintf(date, sizeof date, "%08x", cw_sgxs_u32(sig + SGX_SIG_DATE));
    return json_pack("{s:b, s:s, s:s, s:s, s:i, s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
            "signature_right", v->signature == CW_OK, "signature_why", v->signature_why, "mrsigner",
            hex_of(v->mrsigner, SGX_HASH_LEN).text, "mrenclave",
            hex_of(sig + SGX_SIG_ENCLAVEHASH, SGX_HASH_LEN).text, "isvprodid",
            cw_sgxs_u16(sig + SGX_SIG_ISVPRODID), "isvsvn", cw_sgxs_u16(sig + SGX_SIG_ISVSVN),
            "date", date, "vendor", json_hex(cw_sgxs_u32(sig + SGX_SIG_VENDOR)), "attributes",
            json_hex(cw_sgxs_u64(sig + SGX_SIG_ATTRIBUTES)), "attribute_mask",
            json_hex(cw_sgxs_u64(sig + SGX_SIG_ATTRIBUTEMASK)), "flags", flags, "xfrm",
            json_hex(cw_sgxs_u64(sig + SGX_SIG_ATTRIBUTES + 8)), "xfrm_mask",
            json_hex(cw_sgxs_u64(sig + SGX_SIG_ATTRIBUTEMASK + 8)), "miscselect",
            json_hex(cw_sgxs_u32(sig + SGX_SIG_MISCSELECT)), "misc_mask",
            json_hex(cw_sgxs_u32(sig + SGX_SIG_MISCMASK)));
}

static json_t *json_tcs(const struct cw_sgxs *image)
{
    json_t *list = json_array();
    for (size_t i = 0; i < image->page_count; i++) {
        const uint8_t *tcs = image->pages[i].bytes;
        if ((image->pages[i].flags & SGX_SECINFO_TYPE_MASK) != SGX_SECINFO_TCS) {
            continue;
        }
        json_array_append_new(list,
                json_pack("{s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "offset",
                        json_hex(image->pages[i].offset), "entry",
                        json_hex(cw_sgxs_u64(tcs + SGX_TCS_OENTRY)), "ssa",
                        json_hex(cw_sgxs_u64(tcs + SGX_TCS_OSSA)), "nssa",
                        (json_int_t)cw_sgxs_u32(tcs + SGX_TCS_NSSA), "fs",
                        json_hex(cw_sgxs_u64(tcs + SGX_TCS_OFSBASE)), "gs",
                        json_hex(cw_sgxs_u64(tcs + SGX_TCS_OGSBASE)), "flags",
                        json_hex(cw_sgxs_u64(tcs + SGX_TCS_FLAGS))));
    }
    return list;
}

static json_t *json_pages(const struct cw_sgxs *image)
{
    json_t *list = json_array();
    for (size_t i = 0; i < image->page_count;) {
        struct run run;
        char rights[4];
        i = run_at(image, i, &run);
        rights_of(run.flags, rights);
        json_array_append_new(list,
                json_pack("{s:o, s:s, s:s, s:I, s:b}", "offset", json_hex(run.offset), "type",
                        type_of(run.flags), "rights", rights, "count", (json_int_t)run.count,
                        "measured", run.measured == run.count));
    }
    return list;
}

static json_t *json_image(const struct view *v)
{
    const struct cw_sgxs *image = &v->linked.image;
    json_t *opcodes = json_array();
    for (size_t i = 0; i < v->finding_count && i < FINDINGS_MAX; i++) {
        json_array_append_new(opcodes, json_pack("{s:o, s:s}", "offset",
                                               json_hex(v->findings[i].at), "name",
                                               v->findings[i].opcode.name));
    }
    return json_pack("{s:s, s:o, s:I, s:I, s:o, s:o, s:I, s:o}", "mrenclave",
            hex_of(image->mrenclave, SGX_HASH_LEN).text, "elrange", json_hex(image->len),
            "ssa_frame_pages", (json_int_t)image->ssa_frame_pages, "page_count",
            (json_int_t)image->page_count, "pages", json_pages(image), "tcs", json_tcs(image),
            "illegal_count", (json_int_t)v->finding_count, "illegal", opcodes);
}

static json_t *json_view(const struct view *v)
{
    json_t *object = json_pack("{s:s, s:s}", "file", v->path, "form", form_names[v->form]);
    if (v->sigstruct != NULL) {
        json_object_set_new(object, "sigstruct", json_sigstruct(v));
    }
    if (v->has_pages) {
        json_object_set_new(object, "image", json_image(v));
    }
    if (measurement_is(v) != NULL) {
        json_object_set_new(object, "as_signed",
                json_boolean(memcmp(v->sigstruct + SGX_SIG_ENCLAVEHASH, v->linked.image.mrenclave,
                                     SGX_HASH_LEN) == 0));
    }
    return object;
}

static cw_status inspect(const struct cw_owner_call *call, json_t **ret_result)
{
    struct view v = {.path = call->operands[0]};
    cw_status status = cw_file_read(v.path, FILE_MAX_LEN, &v.bytes, &v.len);
    if (status == CW_E_ABSENT) {
        cw_log_error("%s" CW_AT ": there is no such file" CW_REMEDY
                     ", expected an image, such as .causeway/build/NODE/MODULE/MODULE.sgx",
                v.path);
        return CW_E_FORM;
    }
    if (status == CW_OK) {
        status = take(&v);
    }
    if (status == CW_OK) {
        status = scan(&v);
    }
    if (status == CW_OK && call->json) {
        *ret_result = json_view(&v);
    } else if (status == CW_OK) {
        printf("%s: %s, %zu bytes\n", v.path, form_names[v.form], v.len);
        if (v.has_pages) {
            print_pages(&v);
        }
        if (v.sigstruct != NULL) {
            print_sigstruct(&v);
        }
    }
    cw_sgx_linked_free(&v.linked);
    free(v.bytes);
    return status;
}

const struct cw_owner_verb cw_sgx_verb_inspect = {
        .name = "inspect",
        .summary = "what is in an image: measurement, signer, pages, threads, illegal opcodes",
        .operands = "FILE",
        .example = "causeway sgx inspect .causeway/build/node_sgx/controller/controller.sgx",
        .least = 1,
        .most = 1,
        .run = inspect,
};
