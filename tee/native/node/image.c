/* SPDX-License-Identifier: MIT */
#include "tee/native/node/image.h"

#include <elf.h>
#include <string.h>

#define SEGMENTS_MAX 16u

static bool is_header(const Elf64_Ehdr *header, size_t image_len)
{
    return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
            header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_ident[EI_DATA] == ELFDATA2LSB &&
            header->e_type == ET_EXEC && header->e_machine == EM_X86_64 &&
            header->e_phentsize == sizeof(Elf64_Phdr) && header->e_phnum > 0 &&
            header->e_phnum <= SEGMENTS_MAX && header->e_phoff <= image_len &&
            header->e_phnum * sizeof(Elf64_Phdr) <= image_len - header->e_phoff;
}

static bool is_segment(const Elf64_Phdr *segment, size_t image_len)
{
    return segment->p_type != PT_INTERP && segment->p_type != PT_DYNAMIC &&
            segment->p_offset <= image_len && segment->p_filesz <= image_len - segment->p_offset &&
            segment->p_filesz <= segment->p_memsz;
}

bool cw_image_is_static(const uint8_t *image, size_t image_len)
{
    Elf64_Ehdr header;
    if (image_len < sizeof header) {
        return false;
    }
    (void)memcpy(&header, image, sizeof header);
    if (!is_header(&header, image_len)) {
        return false;
    }
    bool enters_code = false;
    for (size_t i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        (void)memcpy(&segment, image + header.e_phoff + i * sizeof segment, sizeof segment);
        if (!is_segment(&segment, image_len)) {
            return false;
        }
        enters_code |= segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0 &&
                header.e_entry >= segment.p_vaddr &&
                header.e_entry - segment.p_vaddr < segment.p_filesz;
    }
    return enters_code;
}
