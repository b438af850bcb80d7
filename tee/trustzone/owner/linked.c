/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/owner/linked.h"

#include <gelf.h>
#include <stdio.h>

#define PAGE 0x1000u

static const uint32_t rights[CW_TZ_IMAGE_PARTS] = {PF_R | PF_X, PF_R, PF_R | PF_W};
static const char *const names[CW_TZ_IMAGE_PARTS] = {"text", "rodata", "data"};

static cw_status say(char *ret_why, const char *part, const char *what)
{
    (void)snprintf(ret_why, CW_TZ_IMAGE_WHY_LEN, "its %s %s", part, what);
    return CW_E_FORM;
}

/* One segment, which has to be at *at; then *at is the next page behind it. */
static cw_status take(struct cw_tz_linked *linked, const GElf_Phdr *h, size_t i, uint64_t *at,
        char *ret_why)
{
    size_t file_len = 0;
    const char *file = elf_rawfile(linked->object.elf, &file_len);
    if (h->p_flags != rights[i]) {
        return say(ret_why, names[i], "has other rights than that part of an image");
    }
    if (h->p_memsz > CW_TZ_IMAGE_MAX) {
        return say(ret_why, names[i],
                "is larger than 2 MiB: give it fewer \"channels\", or smaller events");
    }
    if (h->p_vaddr != *at || h->p_filesz > h->p_memsz) {
        return say(ret_why, names[i], "is not where the kernel will map it");
    }
    if (file == NULL || h->p_offset > file_len || h->p_filesz > file_len - h->p_offset) {
        return say(ret_why, names[i], "is not in the file");
    }
    linked->parts[i] = (struct cw_tz_image_part){
            (const uint8_t *)file + h->p_offset, (uint32_t)h->p_filesz};
    linked->bss_len = (uint32_t)(h->p_memsz - h->p_filesz);
    if (linked->bss_len != 0 && i != CW_TZ_IMAGE_PARTS - 1) {
        return say(ret_why, names[i], "has zeros behind it that are not in the file");
    }
    *at += (h->p_memsz + PAGE - 1) / PAGE * PAGE;
    return CW_OK;
}

cw_status cw_tz_linked_open(struct cw_tz_linked *linked, const char *path,
        char ret_why[static CW_TZ_IMAGE_WHY_LEN])
{
    *linked = (struct cw_tz_linked){0};
    GElf_Ehdr header;
    size_t count = 0;
    uint64_t at = CW_TZ_IMAGE_AT;
    size_t found = 0;
    if (cw_object_open(&linked->object, path) != CW_OK ||
            gelf_getehdr(linked->object.elf, &header) == NULL || header.e_machine != EM_AARCH64 ||
            header.e_type != ET_EXEC || header.e_entry != CW_TZ_IMAGE_AT ||
            elf_getphdrnum(linked->object.elf, &count) != 0) {
        return say(ret_why, "file", "is no static AArch64 program for a module's address");
    }
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr h;
        if (gelf_getphdr(linked->object.elf, (int)i, &h) == NULL) {
            return say(ret_why, "file", "cannot be read");
        }
        if (h.p_type != PT_LOAD) {
            continue;
        }
        if (found == CW_TZ_IMAGE_PARTS) {
            return say(ret_why, "file", "has more than text, rodata and data");
        }
        const cw_status status = take(linked, &h, found++, &at, ret_why);
        if (status != CW_OK) {
            return status;
        }
    }
    return found == CW_TZ_IMAGE_PARTS ? CW_OK
                                      : say(ret_why, "file", "lacks one of text, rodata and data");
}

void cw_tz_linked_close(struct cw_tz_linked *linked)
{
    cw_object_close(&linked->object);
}
