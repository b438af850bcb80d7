/* SPDX-License-Identifier: MIT */
/*
 * elf.c - ELF files: what the owner's build reads, what a node loads, what the emulated chip runs.
 *
 * Input    which 1, then the file.
 * Holds    what was read lies inside what was given.
 * Plant    silicon/sancus/loader.c s/segment.file_len > image->len - segment.offset/false/
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "fuzz/input.h"
#include "silicon/sancus/loader.h"
#include "tee/native/node/image.h"
#include "tee/owner/object.h"
#include "tee/sancus/owner/elf.h"

static char path[64];

/* The input as a file. */
static void write_file(const struct fuzz_input *in)
{
    static int fd = -1;
    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    if (fd < 0 || ftruncate(fd, 0) != 0 ||
            pwrite(fd, in->next, in->left_len, 0) != (ssize_t)in->left_len) {
        abort();
    }
}

static void rows_hold(const struct cw_owner_endpoint *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strnlen(rows[i].name, sizeof rows[i].name);
        FUZZ_HOLDS(len > 0 && len < sizeof rows[i].name && rows[i].kind != 0);
    }
}

static void table(size_t pointer_len)
{
    struct cw_object_table table;
    if (cw_object_table(path, pointer_len, &table) == CW_OK) {
        rows_hold(table.rows, table.count);
        free(table.rows);
    }
}

static void sancus_table(void)
{
    table(2);
}

static void sancus_linked(void)
{
    struct cw_sancus_linked linked;
    if (cw_sancus_linked_read(path, &linked) == CW_OK) {
        uint8_t tag[CW_TAG_LEN];
        FUZZ_HOLDS(linked.ps < linked.pe && linked.ss <= linked.se);
        (void)!cw_sancus_verify_tag(&linked, tag); /* reads all of the text */
        free(linked.text);
    }
}

static void native_table(void)
{
    uint32_t text_len;
    uint32_t data_len;
    table(8);
    (void)!cw_object_sizes(path, ".outside", &text_len, &data_len);
}

static void chip(void)
{
    static struct cw_chip chip;
    if (chip.config.rom_len == 0) {
        const struct cw_chip_config config = {.rom_len = CW_ROM_LEN_DEFAULT,
                .ram_len = CW_RAM_LEN_DEFAULT, .slots_count = 4, .security_bits = 128,
                .clock_hz = 20000000};
        FUZZ_HOLDS(cw_chip_init(&chip, &config) == CW_OK);
    }
    if (cw_loader_load(&chip, path) == CW_OK) {
        cw_chip_power_on(&chip);
        (void)cw_chip_run(&chip, cw_chip_cycles(&chip) + 500);
    }
    memset(chip.mem, 0, sizeof chip.mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    static void (*const readers[])(void) = {sancus_table, sancus_linked, native_table, chip};
    struct fuzz_input in = {input, input_len};
    uint8_t which = fuzz_u8(&in) % 5;
    if (which < 4) {
        write_file(&in);
        readers[which]();
        return 0;
    }
    size_t len;
    uint8_t *image = fuzz_own(&in, SIZE_MAX, &len);
    (void)cw_image_is_static(image, len);
    free(image);
    return 0;
}
