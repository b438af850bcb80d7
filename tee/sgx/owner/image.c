/* SPDX-License-Identifier: MIT */
#include "tee/sgx/owner/image.h"

#include <gelf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tee/owner/object.h"
#include "tee/sgx/owner/opcodes.h"

#define NSSA_LEAST 2u /* the second frame is for the exception's entry */

/* While one file is read. */
struct linking {
    struct cw_object file;
    struct cw_sgx_linked *out;
    size_t cap; /* pages that there is room for */
    GElf_Ehdr header;
    uint64_t end; /* of the last page */
    char *why;
};

__attribute__((format(printf, 2, 3))) static cw_status say(const struct linking *l,
        const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(l->why, CW_SGXS_WHY_LEN, format, arguments);
    va_end(arguments);
    return CW_E_FORM;
}

#define HEX(number) ((unsigned long long)(number))

/* --- symbols ---------------------------------------- */

static bool find_symbol(const struct linking *l, const char *wanted, uint64_t *ret_value)
{
    for (size_t i = 0; i < l->file.symbol_count; i++) {
        bool is_defined = false;
        uint64_t value = 0;
        const char *name = cw_object_symbol(&l->file, i, &value, &is_defined);
        if (name != NULL && is_defined && strcmp(name, wanted) == 0) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static cw_status need_symbol(const struct linking *l, const char *name, uint64_t *ret_value)
{
    return find_symbol(l, name, ret_value)
            ? CW_OK
            : say(l, "the symbol %s is missing: link it with tee/sgx/enclave/link.ld", name);
}

/* The symbol below an address, for people. */
static const char *around(const struct linking *l, uint64_t address)
{
    const char *best = NULL;
    uint64_t best_value = 0;
    for (size_t i = 0; i < l->file.symbol_count; i++) {
        bool is_defined = false;
        uint64_t value = 0;
        const char *name = cw_object_symbol(&l->file, i, &value, &is_defined);
        if (name != NULL && name[0] != '\0' && is_defined && value <= address &&
                (best == NULL || value > best_value)) {
            best = name;
            best_value = value;
        }
    }
    return best != NULL ? best : "no symbol";
}

/* --- pages ---------------------------------------- */

static struct cw_sgxs_page *page_at(struct linking *l, uint64_t address)
{
    struct cw_sgxs *image = &l->out->image;
    for (size_t i = 0; i < image->page_count; i++) {
        if (image->pages[i].offset == address - address % SGX_PAGE_LEN) {
            return &image->pages[i];
        }
    }
    return NULL;
}

static cw_status add_page(struct linking *l, uint64_t offset, uint64_t flags)
{
    struct cw_sgxs *image = &l->out->image;
    if (image->page_count == l->cap) {
        const size_t cap = l->cap == 0 ? 32 : 2 * l->cap;
        struct cw_sgxs_page *pages =
                cap > CW_SGXS_PAGES_MAX ? NULL : realloc(image->pages, cap * sizeof *pages);
        if (pages == NULL) {
            return say(l, "it has more than %zu pages", l->cap);
        }
        image->pages = pages;
        l->cap = cap;
    }
    uint8_t *bytes = calloc(1, SGX_PAGE_LEN);
    if (bytes == NULL) {
        return say(l, "no memory");
    }
    image->pages[image->page_count++] = (struct cw_sgxs_page){.offset = offset,
            .flags = flags,
            .bytes = bytes,
            .measured = CW_SGXS_ALL_MEASURED};
    return CW_OK;
}

static cw_status check_segment(const struct linking *l, const GElf_Phdr *p, const char *file,
        size_t file_len)
{
    if (p->p_vaddr % SGX_PAGE_LEN != 0 || p->p_offset % SGX_PAGE_LEN != 0) {
        return say(l, "the segment at 0x%llx begins inside a page, so pages would have the rights of "
                      "two: link it with tee/sgx/enclave/link.ld and -z max-page-size=0x1000",
                HEX(p->p_vaddr));
    }
    if ((p->p_flags & PF_W) != 0 && (p->p_flags & PF_X) != 0) {
        return say(l, "the segment at 0x%llx is writable and executable (near %s): keep code in "
                      ".text and data out of it",
                HEX(p->p_vaddr), around(l, p->p_vaddr));
    }
    if (p->p_filesz > p->p_memsz || p->p_offset > file_len ||
            p->p_filesz > file_len - p->p_offset || file == NULL ||
            p->p_memsz > CW_SGXS_PAGES_MAX * SGX_PAGE_LEN ||
            p->p_vaddr > CW_SGXS_PAGES_MAX * SGX_PAGE_LEN) {
        return say(l, "the segment at 0x%llx is larger than the file, or than an image may be",
                HEX(p->p_vaddr));
    }
    if (p->p_vaddr < l->end) {
        return say(l, "the segment at 0x%llx begins before 0x%llx, where the one before it ends",
                HEX(p->p_vaddr), HEX(l->end));
    }
    return CW_OK;
}

static cw_status add_segment(struct linking *l, const GElf_Phdr *p)
{
    size_t file_len = 0;
    const char *file = elf_rawfile(l->file.elf, &file_len);
    cw_status status = check_segment(l, p, file, file_len);
    const uint64_t rights = ((p->p_flags & (PF_R | PF_X)) != 0 ? SGX_SECINFO_R : 0u) |
            ((p->p_flags & PF_W) != 0 ? SGX_SECINFO_R | SGX_SECINFO_W : 0u) |
            ((p->p_flags & PF_X) != 0 ? SGX_SECINFO_X : 0u);
    const uint64_t pages = (p->p_memsz + SGX_PAGE_LEN - 1) / SGX_PAGE_LEN;
    for (uint64_t i = 0; i < pages && status == CW_OK; i++) {
        const uint64_t from = i * SGX_PAGE_LEN;
        status = add_page(l, p->p_vaddr + from, rights | SGX_SECINFO_REG);
        if (status == CW_OK && from < p->p_filesz) {
            const uint64_t left = p->p_filesz - from;
            memcpy(l->out->image.pages[l->out->image.page_count - 1].bytes,
                    file + p->p_offset + from, left < SGX_PAGE_LEN ? (size_t)left : SGX_PAGE_LEN);
        }
    }
    l->end = p->p_vaddr + pages * SGX_PAGE_LEN;
    return status;
}

static cw_status add_segments(struct linking *l)
{
    size_t count = 0;
    if (elf_getphdrnum(l->file.elf, &count) != 0) {
        return say(l, "it has no program headers");
    }
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr p;
        if (gelf_getphdr(l->file.elf, (int)i, &p) == NULL) {
            return say(l, "its program headers are not readable");
        }
        if (p.p_type == PT_INTERP) {
            return say(l, "it wants the program interpreter: link it with --no-dynamic-linker");
        }
        cw_status status = p.p_type == PT_LOAD && p.p_memsz > 0 ? add_segment(l, &p) : CW_OK;
        if (status != CW_OK) {
            return status;
        }
    }
    return l->end == 0 ? say(l, "it has no segments to load") : CW_OK;
}

/* --- relocations ---------------------------------------- */

static cw_status check_relocation(struct linking *l, const GElf_Rela *rela)
{
    const uint64_t type = GELF_R_TYPE(rela->r_info);
    if (type == R_X86_64_NONE) {
        return CW_OK; /* what --gc-sections leaves behind */
    }
    if (type != R_X86_64_RELATIVE) {
        return say(l, "a relocation of type %llu at 0x%llx (in %s): only R_X86_64_RELATIVE can be "
                      "made inside; compile it with -fPIC -fvisibility=hidden, and define what it "
                      "names",
                HEX(type), HEX(rela->r_offset), around(l, rela->r_offset));
    }
    for (uint64_t at = rela->r_offset; at < rela->r_offset + 8; at += 7) {
        const struct cw_sgxs_page *page = page_at(l, at);
        if (page == NULL || (page->flags & SGX_SECINFO_W) == 0 ||
                (page->flags & SGX_SECINFO_TYPE_MASK) != SGX_SECINFO_REG) {
            return say(l, "a relocation at 0x%llx (in %s), where nothing can be written%s: tables "
                          "with addresses belong into .data.rel.ro or .data",
                    HEX(rela->r_offset), around(l, rela->r_offset),
                    page != NULL && (page->flags & SGX_SECINFO_X) != 0 ? " (code)" : "");
        }
    }
    return CW_OK;
}

static cw_status check_relocations(struct linking *l)
{
    for (Elf_Scn *s = elf_nextscn(l->file.elf, NULL); s != NULL; s = elf_nextscn(l->file.elf, s)) {
        GElf_Shdr header;
        if (gelf_getshdr(s, &header) == NULL) {
            return say(l, "its sections are not readable");
        }
        if ((header.sh_flags & SHF_ALLOC) == 0) {
            continue;
        }
        if ((header.sh_flags & SHF_TLS) != 0) {
            return say(l, "it has thread-local variables; a module has one thread: leave "
                          "_Thread_local out");
        }
        if (header.sh_type == SHT_REL || header.sh_type == SHT_RELR) {
            return say(l, "it has relocations in a form other than RELA: link it with -z "
                          "nopack-relative-relocs");
        }
        Elf_Data *data = header.sh_type == SHT_RELA ? elf_getdata(s, NULL) : NULL;
        const size_t count = data == NULL || header.sh_entsize == 0
                ? 0
                : (size_t)(header.sh_size / header.sh_entsize);
        for (size_t i = 0; i < count; i++) {
            GElf_Rela rela;
            if (gelf_getrela(data, (int)i, &rela) == NULL) {
                return say(l, "its relocations are not readable");
            }
            cw_status status = check_relocation(l, &rela);
            if (status != CW_OK) {
                return status;
            }
        }
    }
    return CW_OK;
}

static cw_status check_dynamic(const struct linking *l)
{
    for (Elf_Scn *s = elf_nextscn(l->file.elf, NULL); s != NULL; s = elf_nextscn(l->file.elf, s)) {
        GElf_Shdr header;
        Elf_Data *data = NULL;
        if (gelf_getshdr(s, &header) != NULL && header.sh_type == SHT_DYNAMIC &&
                header.sh_entsize != 0) {
            data = elf_getdata(s, NULL);
        }
        for (size_t i = 0; data != NULL && i < header.sh_size / header.sh_entsize; i++) {
            GElf_Dyn entry;
            if (gelf_getdyn(data, (int)i, &entry) != NULL && entry.d_tag == DT_NEEDED) {
                return say(l, "it needs shared libraries; an enclave has none: link it statically");
            }
        }
    }
    return CW_OK;
}

/* --- the TCS, and what the code inside relies on ---------------------------------------- */

static bool has_rights(struct linking *l, uint64_t offset, uint64_t rights)
{
    const struct cw_sgxs_page *page = page_at(l, offset);
    const uint64_t all = SGX_SECINFO_R | SGX_SECINFO_W | SGX_SECINFO_X;
    return page != NULL && (page->flags & all) == rights;
}

static cw_status check_tcs(struct linking *l, const uint8_t *tcs, uint64_t at)
{
    static const uint8_t zeros[SGX_PAGE_LEN];
    const uint64_t ossa = cw_sgxs_u64(tcs + SGX_TCS_OSSA);
    const uint32_t nssa = cw_sgxs_u32(tcs + SGX_TCS_NSSA);
    const uint64_t entry = cw_sgxs_u64(tcs + SGX_TCS_OENTRY);
    const uint64_t rw = SGX_SECINFO_R | SGX_SECINFO_W;
    if (cw_sgxs_u64(tcs + SGX_TCS_STATE) != 0 || cw_sgxs_u32(tcs + SGX_TCS_CSSA) != 0 ||
            cw_sgxs_u64(tcs + SGX_TCS_AEP) != 0 || cw_sgxs_u64(tcs + SGX_TCS_FLAGS) != 0 ||
            memcmp(tcs + SGX_TCS_RESERVED, zeros, SGX_PAGE_LEN - SGX_TCS_RESERVED) != 0) {
        return say(l, "the TCS at 0x%llx: STATE, FLAGS, CSSA, AEP and reserved bytes must be 0",
                HEX(at));
    }
    if (nssa < NSSA_LEAST || nssa > 16) {
        return say(l, "the TCS at 0x%llx: NSSA is %u, expected 2 to 16", HEX(at), nssa);
    }
    for (uint32_t i = 0; i < nssa; i++) {
        if (ossa % SGX_PAGE_LEN != 0 || !has_rights(l, ossa + i * SGX_PAGE_LEN, rw)) {
            return say(l, "the TCS at 0x%llx: its SSA frame at 0x%llx is no page to read and write",
                    HEX(at), HEX(ossa + i * SGX_PAGE_LEN));
        }
    }
    if (!has_rights(l, entry, SGX_SECINFO_R | SGX_SECINFO_X)) {
        return say(l, "the TCS at 0x%llx: OENTRY is 0x%llx, where no code is", HEX(at), HEX(entry));
    }
    const uint64_t fs = cw_sgxs_u64(tcs + SGX_TCS_OFSBASE);
    const uint64_t gs = cw_sgxs_u64(tcs + SGX_TCS_OGSBASE);
    if (fs % SGX_PAGE_LEN != 0 || gs % SGX_PAGE_LEN != 0 || !has_rights(l, fs, rw) ||
            !has_rights(l, gs, rw)) {
        return say(l, "the TCS at 0x%llx: FS at 0x%llx and GS at 0x%llx must be pages to read and "
                      "write",
                HEX(at), HEX(fs), HEX(gs));
    }
    if (cw_sgxs_u32(tcs + SGX_TCS_FSLIMIT) != SGX_TCS_LIMIT_ALL ||
            cw_sgxs_u32(tcs + SGX_TCS_GSLIMIT) != SGX_TCS_LIMIT_ALL) {
        return say(l, "the TCS at 0x%llx: FSLIMIT and GSLIMIT must be 0xffffffff", HEX(at));
    }
    return CW_OK;
}

static cw_status take_tcs(struct linking *l)
{
    uint64_t at = 0;
    cw_status status = need_symbol(l, "__cw_tcs", &at);
    struct cw_sgxs_page *page = status == CW_OK ? page_at(l, at) : NULL;
    if (status == CW_OK && (page == NULL || at % SGX_PAGE_LEN != 0)) {
        status = say(l, "__cw_tcs is 0x%llx, expected the beginning of a page", HEX(at));
    }
    if (status == CW_OK) {
        status = check_tcs(l, page->bytes, at);
    }
    if (status == CW_OK) {
        page->flags = SGX_SECINFO_TCS;
    }
    return status;
}

static cw_status take_len(struct linking *l)
{
    struct cw_sgxs *image = &l->out->image;
    uint64_t at = 0;
    image->ssa_frame_pages = 1;
    for (image->len = SGX_PAGE_LEN; image->len < l->end; image->len *= 2) {
    }
    cw_status status = need_symbol(l, "__cw_elrange_len", &at);
    const struct cw_sgxs_page *page = status == CW_OK ? page_at(l, at) : NULL;
    if (status == CW_OK && (page == NULL || at % 8 != 0 ||
            cw_sgxs_u64(page->bytes + at % SGX_PAGE_LEN) != image->len)) {
        return say(l, "__cw_elrange_len does not hold 0x%llx, the length of ELRANGE: link it with "
                      "tee/sgx/enclave/link.ld",
                HEX(image->len));
    }
    return status;
}

static cw_status take_enclu(struct linking *l)
{
    for (size_t i = 0; i < l->file.symbol_count; i++) {
        bool is_defined = false;
        uint64_t value = 0;
        const char *name = cw_object_symbol(&l->file, i, &value, &is_defined);
        if (name == NULL || !is_defined ||
                strncmp(name, CW_SGX_ENCLU_PREFIX, sizeof CW_SGX_ENCLU_PREFIX - 1) != 0) {
            continue;
        }
        if (l->out->enclu_count == CW_SGX_ENCLU_MAX) {
            return say(l, "more than %u symbols " CW_SGX_ENCLU_PREFIX "...", CW_SGX_ENCLU_MAX);
        }
        l->out->enclu[l->out->enclu_count++] = value;
    }
    return CW_OK;
}

/* Code: what would fault on hardware, and runs unseen on an emulated CPU, is refused here. */
static cw_status check_code(struct linking *l)
{
    const struct cw_opcode_rules rules = {.xfrm = SGX_XFRM_LEGACY,
            .enclu = l->out->enclu,
            .enclu_count = l->out->enclu_count};
    struct cw_opcode_finding found;
    size_t count = 0;
    if (cw_opcode_scan_image(&l->out->image, &rules, &found, 1, &count) != CW_OK) {
        return say(l, "no memory");
    }
    if (count == 0) {
        return CW_OK;
    }
    static const char *const remedies[] = {
            [CW_OPCODE_PLAIN] = "",
            [CW_OPCODE_ENCLU] = "only the runtime leaves the enclave: leave it out",
            [CW_OPCODE_ILLEGAL] = "it faults in an enclave: leave it out",
            [CW_OPCODE_AVX] = "the image has XFRM 3, no AVX: compile without -mavx and the like",
            [CW_OPCODE_AVX512] =
                    "the image has XFRM 3, no AVX-512: compile without -mavx512f and the like",
            [CW_OPCODE_UNKNOWN] = "keep data out of .text, and assembly to what CPUs agree on",
    };
    return say(l, "%zu instruction%s that an enclave may not have; the first is at 0x%llx (in %s): "
                  "%s; %s",
            count, count == 1 ? "" : "s", HEX(found.at), around(l, found.at), found.opcode.name,
            remedies[found.opcode.kind]);
}

static cw_status take_header(struct linking *l)
{
    if (gelf_getehdr(l->file.elf, &l->header) == NULL || gelf_getclass(l->file.elf) != ELFCLASS64 ||
            l->header.e_machine != EM_X86_64 || l->header.e_type != ET_DYN) {
        return say(l, "it is no x86-64 ELF file that is position-independent: link it with -pie");
    }
    return CW_OK;
}

static void take_sizes(struct linking *l)
{
    uint64_t bottom = 0;
    uint64_t top = 0;
    for (size_t i = 0; i < l->out->image.page_count; i++) {
        const struct cw_sgxs_page *page = &l->out->image.pages[i];
        const bool is_data = (page->flags & SGX_SECINFO_W) != 0;
        *(is_data ? &l->out->data_len : &l->out->text_len) += SGX_PAGE_LEN;
    }
    if (find_symbol(l, "__cw_stack_bottom", &bottom) && find_symbol(l, "__cw_stack_top", &top) &&
            top > bottom) {
        l->out->stack_len = (uint32_t)(top - bottom);
    }
}

cw_status cw_sgx_image_link(const char *path, struct cw_sgx_linked *ret_linked,
        char ret_why[static CW_SGXS_WHY_LEN])
{
    struct cw_sgx_linked out = {0};
    struct linking l = {.out = &out, .why = ret_why};
    cw_status status = cw_object_open(&l.file, path);
    if (status != CW_OK) {
        (void)snprintf(ret_why, CW_SGXS_WHY_LEN, "it is not readable as an ELF file with symbols");
    }
    cw_status (*const steps[])(struct linking *) = {take_header, add_segments, take_tcs,
            check_relocations, take_len, take_enclu, check_code};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && status == CW_OK; i++) {
        status = steps[i](&l);
    }
    if (status == CW_OK) {
        status = check_dynamic(&l);
    }
    if (status == CW_OK) {
        take_sizes(&l);
    }
    cw_object_close(&l.file);
    if (status != CW_OK) {
        cw_sgx_linked_free(&out);
        return status;
    }
    *ret_linked = out;
    return CW_OK;
}

void cw_sgx_linked_free(struct cw_sgx_linked *linked)
{
    cw_sgxs_free(&linked->image);
}
