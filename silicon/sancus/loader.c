/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/loader.h"

#include <stdlib.h>
#include <string.h>

#include "posix/file.h"
#include "posix/log.h"

#define FILE_MAX (16u << 20)
#define HEADER_LEN 52u
#define SEGMENT_LEN 32u
#define ELF_EXEC 2u
#define ELF_MSP430 105u
#define ELF_LOAD 1u
#define SEGMENTS_MAX 64u

struct image {
    const char *path;
    const uint8_t *bytes;
    size_t len;
};

struct segment {
    uint32_t offset, address, file_len, len;
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) | (uint32_t)get16(p + 2) << 16;
}

static cw_status check_header(const struct image *image)
{
    static const uint8_t magic[6] = {0x7f, 'E', 'L', 'F', 1, 1};
    const uint8_t *h = image->bytes;

    if (image->len < 4 || memcmp(h, magic, 4) != 0) {
        cw_log_error("%s is not an ELF file: give a program linked for the MSP430", image->path);
        return CW_E_FORM;
    }
    if (image->len < HEADER_LEN) {
        cw_log_error("%s is cut off in its header: build or copy it anew", image->path);
        return CW_E_FORM;
    }
    if (memcmp(h, magic, sizeof magic) != 0) {
        cw_log_error("%s is not a 32-bit little-endian ELF file: link it for msp430", image->path);
        return CW_E_FORM;
    }
    if (get16(h + 18) != ELF_MSP430) {
        cw_log_error("%s is for another machine (%u, not MSP430 = %u): link it for msp430",
                image->path, get16(h + 18), ELF_MSP430);
        return CW_E_FORM;
    }
    if (get16(h + 16) != ELF_EXEC) {
        cw_log_error("%s is not an executable (type %u): link it, without -r", image->path,
                get16(h + 16));
        return CW_E_FORM;
    }
    if (get16(h + 44) == 0 || get16(h + 42) != SEGMENT_LEN) {
        cw_log_error("%s has no loadable segment: link it with a linker script", image->path);
        return CW_E_FORM;
    }
    if (get16(h + 44) > SEGMENTS_MAX) {
        cw_log_error("%s has %u segments; at most %u are read: merge sections", image->path,
                get16(h + 44), SEGMENTS_MAX);
        return CW_E_FORM;
    }
    if (get32(h + 28) > image->len ||
            (uint64_t)get16(h + 44) * SEGMENT_LEN > image->len - get32(h + 28)) {
        cw_log_error("%s is cut off in its segment table: build or copy it anew", image->path);
        return CW_E_FORM;
    }
    return CW_OK;
}

static bool is_memory(const struct cw_chip *chip, uint32_t address)
{
    return address <= 0xffff && (cw_chip_is_ram(chip, (uint16_t)address) ||
                                        cw_chip_is_rom(chip, (uint16_t)address));
}

/* A linker may put the file's own headers into a segment: they are no part of the program. */
static void drop_headers(const struct image *image, struct segment *segment)
{
    uint32_t end = get32(image->bytes + 28) + get16(image->bytes + 44) * SEGMENT_LEN;

    if (segment->offset != 0) {
        return;
    }
    while (segment->file_len != 0 &&
            (segment->offset < end || image->bytes[segment->offset] == 0)) {
        segment->offset++;
        segment->address++;
        segment->file_len--;
        segment->len -= segment->len != 0 ? 1 : 0;
    }
}

static cw_status load_segment(struct cw_chip *chip, const struct image *image,
        const struct segment *segment, uint8_t *taken)
{
    for (uint32_t i = 0; i < segment->file_len; i++) {
        uint32_t at = segment->address + i;

        if (!is_memory(chip, at)) {
            cw_log_error("%s: a segment loads to 0x%04x, where there is no memory (RAM 0x%04x to "
                         "0x%04x, program memory 0x%04x to 0xffff): change the linker script, or "
                         "--rom and --ram",
                    image->path, (unsigned)at, CW_RAM_BASE, (unsigned)chip->ram_end - 1,
                    chip->rom_base);
            return CW_E_FORM;
        }
        if ((taken[at / 8] & 1u << at % 8) != 0) {
            cw_log_error("%s: two segments load to 0x%04x: change the linker script", image->path,
                    (unsigned)at);
            return CW_E_FORM;
        }
        taken[at / 8] |= (uint8_t)(1u << at % 8);
        chip->mem[at] = image->bytes[segment->offset + i];
    }
    return CW_OK;
}

/* Some tools leave the physical addresses 0: then what is loaded lies where it runs. */
static bool has_physical_addresses(const struct image *image)
{
    const uint8_t *table = image->bytes + get32(image->bytes + 28);

    for (unsigned i = 0; i < get16(image->bytes + 44); i++) {
        const uint8_t *p = table + SEGMENT_LEN * i;

        if (get32(p) == ELF_LOAD && get32(p + 12) != 0) {
            return true;
        }
    }
    return false;
}

static cw_status load_segments(struct cw_chip *chip, const struct image *image)
{
    uint8_t taken[0x10000 / 8] = {0};
    const uint8_t *table = image->bytes + get32(image->bytes + 28);
    unsigned count = get16(image->bytes + 44), loaded = 0;
    unsigned address_at = has_physical_addresses(image) ? 12 : 8;

    for (unsigned i = 0; i < count; i++) {
        const uint8_t *p = table + SEGMENT_LEN * i;
        struct segment segment = {get32(p + 4), get32(p + address_at), get32(p + 16),
                get32(p + 20)};
        cw_status status;

        if (get32(p) != ELF_LOAD || segment.file_len == 0) {
            continue;
        }
        if (segment.offset > image->len || segment.file_len > image->len - segment.offset) {
            cw_log_error("%s is cut off: segment %u ends behind the file: build or copy it anew",
                    image->path, i);
            return CW_E_FORM;
        }
        drop_headers(image, &segment);
        status = load_segment(chip, image, &segment, taken);
        if (status != CW_OK) {
            return status;
        }
        loaded++;
    }
    if (loaded == 0) {
        cw_log_error("%s has no loadable segment: link it with a linker script", image->path);
        return CW_E_FORM;
    }
    return CW_OK;
}

cw_status cw_loader_load(struct cw_chip *chip, const char *path)
{
    uint8_t *bytes = NULL;
    struct image image = {.path = path};
    cw_status status = cw_file_read(path, FILE_MAX, &bytes, &image.len);

    if (status == CW_E_ABSENT) {
        cw_log_error("%s does not exist: give the path of an ELF file", path);
        return CW_E_FORM;
    }
    if (status != CW_OK) {
        return status == CW_E_SPACE ? CW_E_FORM : status;
    }
    image.bytes = bytes;
    status = check_header(&image);
    if (status == CW_OK) {
        status = load_segments(chip, &image);
    }
    free(bytes);
    return status;
}
