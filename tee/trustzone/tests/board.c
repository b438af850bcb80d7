/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/tests/board.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/writer.h"
#include "posix/file.h"
#include "tee/trustzone/abi.h"

#define MONITOR_AT 0x1000u
#define MONITOR_LEN 0x800u
#define KERNEL_AT 0x2000u
#define KERNEL_LEN 0x3000u

void board_firmware(uint32_t security_version, uint8_t monitor, uint8_t kernel,
        uint8_t ret_firmware[static BOARD_FIRMWARE_LEN])
{
    memset(ret_firmware, 0, BOARD_FIRMWARE_LEN);
    memset(ret_firmware + MONITOR_AT, monitor, MONITOR_LEN);
    memset(ret_firmware + KERNEL_AT, kernel, KERNEL_LEN);
    struct cw_writer w = cw_writer_over(ret_firmware + CW_TZ_FIRMWARE_AT,
            sizeof(struct cw_tz_firmware));
    cw_writer_u32(&w, CW_TZ_FIRMWARE_MAGIC);
    cw_writer_u32(&w, security_version);
    cw_writer_u64(&w, MONITOR_AT);
    cw_writer_u64(&w, 0x0e000000);
    cw_writer_u64(&w, MONITOR_LEN);
    cw_writer_u64(&w, KERNEL_AT);
    cw_writer_u64(&w, 0x0e020000);
    cw_writer_u64(&w, KERNEL_LEN);
    if (w.status != CW_OK) {
        abort();
    }
}

char *board_file(const char *folder, const char *name, const void *bytes, size_t len)
{
    char *path = cw_file_join(folder, name);
    if (path == NULL || cw_file_write(path, bytes, len, 0600) != CW_OK) {
        abort();
    }
    return path;
}

char *board_folder(void)
{
    char *folder = strdup("/tmp/cw-trustzone-XXXXXX");
    if (folder == NULL || mkdtemp(folder) == NULL) {
        abort();
    }
    return folder;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void board_remove(char *folder)
{
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(folder);
}
