/* SPDX-License-Identifier: MIT */
/* A board's flash file: made once and whole, read back with every byte checked, updated in place. */
#include "tee/trustzone/owner/device.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/crypto/hash.h"
#include "posix/file.h"
#include "posix/log.h"
#include "silicon/trustzone/arch.h"
#include "tee/trustzone/tests/board.h"

static char *folder;
static struct cw_tz_firmware_file firmware[3]; /* of security versions 1, 2, 2: the last two differ */
static char *flash;
static struct cw_tz_key maker;
static char said[1024];

static int start(void **state)
{
    (void)state;
    static const uint8_t kernels[] = {7, 8, 9};
    static const char *const names[] = {"one.bin", "two.bin", "other.bin"};
    folder = board_folder();
    for (size_t i = 0; i < 3; i++) {
        uint8_t bytes[BOARD_FIRMWARE_LEN];
        board_firmware(i == 0 ? 1 : 2, 5, kernels[i], bytes);
        char *path = board_file(folder, names[i], bytes, sizeof bytes);
        if (cw_tz_firmware_open(path, &firmware[i]) != CW_OK) {
            return 1;
        }
        free(path);
    }
    flash = cw_file_join(folder, "flash.bin");
    return cw_tz_key_new(&maker) == CW_OK ? 0 : 1;
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        cw_tz_firmware_close(&firmware[i]);
    }
    free(flash);
    board_remove(folder);
    return 0;
}

static int listen_to_errors(void **state)
{
    (void)state;
    (void)unlink(flash);
    said[0] = '\0';
    cw_log_catch(said, sizeof said);
    return 0;
}

static int hear_no_more(void **state)
{
    (void)state;
    cw_log_catch(NULL, 0);
    return 0;
}

static cw_status make(const char *name, bool replace, struct cw_tz_device_info *ret_info)
{
    const struct cw_tz_device_wish wish = {.name = name, .firmware = &firmware[0],
            .manufacturer = &maker, .replace = replace};
    return cw_tz_device_make(flash, &wish, ret_info);
}

static void poke(uint64_t at, uint8_t bits)
{
    uint8_t byte = 0;
    const int fd = open(flash, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte ^= bits;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
}

static void a_new_device_reads_back_as_it_was_made(void **state)
{
    (void)state;
    struct cw_tz_device_info made = {0};
    struct cw_tz_device_info read = {0};
    assert_int_equal(make("board-1", false, &made), CW_OK);
    assert_int_equal(cw_tz_device_read(flash, &read), CW_OK);
    assert_string_equal(read.name, "board-1");
    assert_int_equal(read.lifecycle, CW_TZ_LIFECYCLE_TEST);
    assert_int_equal(read.firmware.security_version, 1);
    assert_memory_equal(read.manufacturer, maker.point, sizeof maker.point);
    assert_memory_equal(read.platform, made.platform, sizeof made.platform);
    assert_true(read.is_journal_new);
    uint8_t hash[CW_SHA256_LEN];
    cw_sha256(read.device, sizeof read.device, hash);
    assert_memory_equal(read.platform, hash, sizeof hash);
}

static void the_file_is_sparse_private_and_erased_where_the_journal_is(void **state)
{
    (void)state;
    struct cw_tz_device_info made = {0};
    struct stat st;
    assert_int_equal(make("board", false, &made), CW_OK);
    assert_int_equal(stat(flash, &st), 0);
    assert_int_equal(st.st_size, 64 << 20);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_true(st.st_blocks * 512 < 2 << 20);
    uint8_t bytes[2] = {0};
    const int fd = open(flash, O_RDONLY);
    assert_int_equal(pread(fd, bytes, 1, CW_TZ_JOURNAL_AT), 1);
    assert_int_equal(pread(fd, bytes + 1, 1,
                             CW_TZ_JOURNAL_AT + CW_TZ_JOURNAL_SECTORS * TZ_FLASH_SECTOR - 1), 1);
    assert_int_equal(bytes[0], 0xff);
    assert_int_equal(bytes[1], 0xff);
    assert_int_equal(pread(fd, bytes, 1,
                             CW_TZ_JOURNAL_AT + CW_TZ_JOURNAL_SECTORS * TZ_FLASH_SECTOR), 1);
    assert_int_equal(bytes[0], 0);
    close(fd);
}

static void two_devices_have_different_keys(void **state)
{
    (void)state;
    struct cw_tz_device_info first = {0};
    struct cw_tz_device_info second = {0};
    assert_int_equal(make("board", false, &first), CW_OK);
    assert_int_equal(make("board", true, &second), CW_OK);
    assert_memory_not_equal(first.platform, second.platform, sizeof first.platform);
}

static void what_is_there_is_not_overwritten(void **state)
{
    (void)state;
    struct cw_tz_device_info first = {0};
    struct cw_tz_device_info second = {0};
    assert_int_equal(make("board", false, &first), CW_OK);
    assert_int_equal(make("other", false, &second), CW_E_STATE);
    assert_non_null(strstr(said, "there is such a file, which stays"));
    assert_int_equal(cw_tz_device_read(flash, &second), CW_OK);
    assert_memory_equal(first.platform, second.platform, sizeof first.platform);
}

static void every_byte_of_the_device_block_counts(void **state)
{
    (void)state;
    struct cw_tz_device_info info = {0};
    assert_int_equal(make("board", false, &info), CW_OK);
    for (size_t i = 0; i < sizeof(struct cw_tz_device_block); i += 7) {
        poke(CW_TZ_DEVICE_AT + i, 0x10);
        assert_int_equal(cw_tz_device_read(flash, &info), CW_E_FORM);
        poke(CW_TZ_DEVICE_AT + i, 0x10);
    }
    assert_int_equal(cw_tz_device_read(flash, &info), CW_OK);
}

/* A block whose own hash is right, too. */
static void a_foreign_secret_or_certificate_is_found(void **state)
{
    (void)state;
    static const size_t places[] = {offsetof(struct cw_tz_device_block, secret),
            offsetof(struct cw_tz_device_block, name),
            offsetof(struct cw_tz_device_block, manufacturer),
            offsetof(struct cw_tz_device_block, certificate) + 20};
    static const char *const words[] = {"secret does not belong", "not its manufacturer's",
            "not its manufacturer's", "not its manufacturer's"};
    for (size_t i = 0; i < 4; i++) {
        struct cw_tz_device_info info = {0};
        uint8_t block[sizeof(struct cw_tz_device_block)];
        assert_int_equal(make("board", true, &info), CW_OK);
        poke(CW_TZ_DEVICE_AT + places[i], 1);
        const int fd = open(flash, O_RDWR);
        assert_int_equal(pread(fd, block, sizeof block, CW_TZ_DEVICE_AT), sizeof block);
        cw_sha256(block, sizeof block - 32, block + sizeof block - 32);
        assert_int_equal(pwrite(fd, block, sizeof block, CW_TZ_DEVICE_AT), sizeof block);
        close(fd);
        cw_log_catch(said, sizeof said);
        assert_int_equal(cw_tz_device_read(flash, &info), CW_E_FORM);
        assert_non_null(strstr(said, words[i]));
    }
}

static void newer_firmware_leaves_device_and_journal_as_they_are(void **state)
{
    (void)state;
    struct cw_tz_device_info made = {0};
    struct cw_tz_device_info after = {0};
    struct cw_tz_firmware_info was = {0};
    assert_int_equal(make("board", false, &made), CW_OK);
    poke(CW_TZ_JOURNAL_AT + 77, 0x5a);
    assert_int_equal(cw_tz_device_update(flash, &firmware[1], &after, &was), CW_OK);
    assert_int_equal(was.security_version, 1);
    assert_int_equal(after.firmware.security_version, 2);
    assert_int_equal(cw_tz_device_read(flash, &after), CW_OK);
    assert_int_equal(after.firmware.security_version, 2);
    assert_memory_equal(after.platform, made.platform, sizeof made.platform);
    assert_false(after.is_journal_new);
    uint8_t byte = 0;
    const int fd = open(flash, O_RDONLY);
    assert_int_equal(pread(fd, &byte, 1, CW_TZ_JOURNAL_AT + 77), 1);
    close(fd);
    assert_int_equal(byte, 0xff ^ 0x5a);
    assert_int_equal(cw_tz_device_update(flash, &firmware[2], &after, &was), CW_OK); /* as new */
    assert_true(after.is_firmware_written);
}

static void other_bytes_of_the_same_version_are_written(void **state)
{
    (void)state;
    struct cw_tz_device_info info = {0};
    struct cw_tz_firmware_info was = {0};
    assert_int_equal(make("board", false, &info), CW_OK);
    assert_int_equal(cw_tz_device_update(flash, &firmware[0], &info, &was), CW_OK);
    assert_false(info.is_firmware_written);
    static const uint64_t boot[] = {0, CW_TZ_FIRMWARE_MAX - 1}; /* its first byte; behind its end */
    for (size_t i = 0; i < 2; i++) {
        poke(boot[i], 0x11);
        assert_int_equal(cw_tz_device_update(flash, &firmware[0], &info, &was), CW_OK);
        assert_true(info.is_firmware_written);
        assert_true(cw_tz_firmware_is_same(&was, &info.firmware));
        assert_int_equal(cw_tz_device_update(flash, &firmware[0], &info, &was), CW_OK);
        assert_false(info.is_firmware_written);
    }
}

static void older_firmware_is_refused(void **state)
{
    (void)state;
    struct cw_tz_device_info info = {0};
    struct cw_tz_firmware_info was = {0};
    assert_int_equal(make("board", false, &info), CW_OK);
    assert_int_equal(cw_tz_device_update(flash, &firmware[1], &info, &was), CW_OK);
    assert_int_equal(cw_tz_device_update(flash, &firmware[0], &info, &was), CW_E_STATE);
    assert_non_null(strstr(said, "security version 2"));
    assert_int_equal(cw_tz_device_read(flash, &info), CW_OK);
    assert_int_equal(info.firmware.security_version, 2);
}

static void a_board_that_runs_is_left_alone(void **state)
{
    (void)state;
    struct cw_tz_device_info info = {0};
    struct cw_tz_firmware_info was = {0};
    assert_int_equal(make("board", false, &info), CW_OK);
    const int fd = open(flash, O_RDWR);
    struct flock qemu = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 100, .l_len = 1};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &qemu), 0);
    assert_int_equal(cw_tz_device_update(flash, &firmware[1], &info, &was), CW_E_STATE);
    assert_non_null(strstr(said, "its board runs"));
    assert_int_equal(make("board", true, &info), CW_E_STATE);
    close(fd);
    assert_int_equal(cw_tz_device_update(flash, &firmware[1], &info, &was), CW_OK);
}

static void what_is_no_firmware_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[BOARD_FIRMWARE_LEN];
    board_firmware(1, 2, 3, bytes);
    struct cw_tz_firmware_info parts;
    char why[CW_TZ_WHY_LEN];
    assert_int_equal(cw_tz_firmware_check(bytes, sizeof bytes, &parts, why), CW_OK);
    assert_int_equal(cw_tz_firmware_check(bytes, sizeof bytes - 1, &parts, why), CW_E_FORM);
    assert_non_null(strstr(why, "kernel does not lie in it"));
    memset(bytes + CW_TZ_FIRMWARE_AT + 8, 0xff, 8); /* from + len would wrap */
    assert_int_equal(cw_tz_firmware_check(bytes, sizeof bytes, &parts, why), CW_E_FORM);
    bytes[CW_TZ_FIRMWARE_AT] ^= 1;
    assert_int_equal(cw_tz_firmware_check(bytes, sizeof bytes, &parts, why), CW_E_FORM);
    assert_non_null(strstr(why, "no firmware's header"));
    char *path = board_file(folder, "broken.bin", bytes, sizeof bytes);
    struct cw_tz_firmware_file broken;
    assert_int_equal(cw_tz_firmware_open(path, &broken), CW_E_FORM);
    assert_non_null(strstr(said, "this is no firmware"));
    cw_tz_firmware_close(&broken);
    assert_int_equal(cw_tz_firmware_open("/nowhere", &broken), CW_E_FORM);
    cw_tz_firmware_close(&broken);
    free(path);
}

static void names_that_no_device_can_have_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"", "a b", "a/b", "\xc3\xa9",
            "12345678901234567890123456789012"};
    struct cw_tz_device_info info = {0};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(make(names[i], false, &info), CW_E_FORM);
    }
    assert_int_equal(make("1234567890123456789012345678901", false, &info), CW_OK);
}

static void a_manufacturers_key_survives_its_file(void **state)
{
    (void)state;
    struct cw_tz_key key = {0};
    struct cw_tz_key read = {0};
    uint8_t points[2][CW_P256_PUBLIC_LEN];
    char *path = cw_file_join(folder, "key.pem");
    char *public_half = cw_file_join(folder, "key.pub.pem");
    assert_int_equal(cw_tz_key_read(path, &read), CW_E_ABSENT);
    assert_int_equal(cw_tz_key_new(&key), CW_OK);
    assert_int_equal(cw_tz_key_write(path, &key), CW_OK);
    assert_int_equal(cw_tz_key_read(path, &read), CW_OK);
    assert_memory_equal(&key, &read, sizeof key);
    assert_int_equal(cw_tz_key_write(path, &maker), CW_E_STATE);
    uint8_t *pem = NULL;
    size_t len = 0;
    assert_int_equal(cw_file_read(public_half, 4096, &pem, &len), CW_OK);
    assert_null(strstr((char *)pem, "PRIVATE"));
    assert_int_equal(cw_tz_key_points(pem, len, points, 2), 1);
    assert_memory_equal(points[0], key.point, sizeof key.point);
    free(pem);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(cw_tz_key_read(path, &read), CW_E_DENIED);
    free(path);
    free(public_half);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, listen_to_errors, hear_no_more)

int main(void)
{
    const struct CMUnitTest tests[] = {
            CASE(a_new_device_reads_back_as_it_was_made),
            CASE(the_file_is_sparse_private_and_erased_where_the_journal_is),
            CASE(two_devices_have_different_keys),
            CASE(what_is_there_is_not_overwritten),
            CASE(every_byte_of_the_device_block_counts),
            CASE(a_foreign_secret_or_certificate_is_found),
            CASE(other_bytes_of_the_same_version_are_written),
            CASE(newer_firmware_leaves_device_and_journal_as_they_are),
            CASE(older_firmware_is_refused),
            CASE(a_board_that_runs_is_left_alone),
            CASE(what_is_no_firmware_is_refused),
            CASE(names_that_no_device_can_have_are_refused),
            CASE(a_manufacturers_key_survives_its_file),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
