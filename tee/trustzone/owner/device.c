/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/owner/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "core/crypto/hash.h"
#include "posix/file.h"
#include "posix/log.h"
#include "silicon/trustzone/arch.h"

#define BLOCK_LEN sizeof(struct cw_tz_device_block)
#define BLOCK_CHECKED_LEN (BLOCK_LEN - CW_TZ_HASH_LEN)
#define JOURNAL_LEN (CW_TZ_JOURNAL_SECTORS * TZ_FLASH_SECTOR)
#define USED_LEN (CW_TZ_JOURNAL_AT + JOURNAL_LEN)
#define ERASED 0xff
#define NAME_LEN 32u

/* What is used of a flash, in one piece. */
struct flash {
    uint8_t bytes[USED_LEN];
};

/* --- the device block ----------------------------------------------------------------------------- */

static void put_block(const struct cw_tz_device_wish *wish, const uint8_t secret[static CW_TZ_UDS_LEN],
        uint8_t ret_block[static BLOCK_LEN])
{
    uint8_t certificate[CW_TZ_CERTIFICATE_MAX] = {0};
    uint8_t name[NAME_LEN] = {0};
    struct cw_tz_key key;
    struct cw_writer c = cw_writer_over(certificate, sizeof certificate);
    cw_tz_key_of_device(secret, &key);
    cw_tz_maker_put(&c, wish->manufacturer, key.point, wish->name);
    cw_bytes_wipe(&key, sizeof key);
    memcpy(name, wish->name, strlen(wish->name));
    struct cw_writer w = cw_writer_over(ret_block, BLOCK_LEN);
    cw_writer_u32(&w, CW_TZ_DEVICE_MAGIC);
    cw_writer_u32(&w, 1);
    cw_writer_bytes(&w, secret, CW_TZ_UDS_LEN);
    cw_writer_bytes(&w, name, sizeof name);
    cw_writer_bytes(&w, wish->manufacturer->point, CW_P256_PUBLIC_LEN);
    cw_writer_u32(&w, CW_TZ_LIFECYCLE_TEST);
    cw_writer_u32(&w, (uint32_t)c.used_len);
    cw_writer_bytes(&w, certificate, sizeof certificate);
    cw_sha256(ret_block, BLOCK_CHECKED_LEN, ret_block + BLOCK_CHECKED_LEN);
}

/* Does the device key follow from the secret? */
static bool is_key_of(const uint8_t secret[static CW_TZ_UDS_LEN],
        const uint8_t device[static CW_P256_PUBLIC_LEN])
{
    struct cw_tz_key key;
    cw_tz_key_of_device(secret, &key);
    const bool is_so = memcmp(key.point, device, sizeof key.point) == 0;
    cw_bytes_wipe(&key, sizeof key);
    return is_so;
}

static cw_status get_block(const uint8_t block[static BLOCK_LEN], struct cw_tz_device_info *ret_info,
        char ret_why[static CW_TZ_WHY_LEN])
{
    uint8_t hash[CW_TZ_HASH_LEN];
    uint8_t secret[CW_TZ_UDS_LEN];
    char name[NAME_LEN];
    struct cw_reader r = cw_reader_over(block, BLOCK_LEN);
    const uint32_t magic = cw_reader_u32(&r);
    const uint32_t version = cw_reader_u32(&r);
    cw_reader_bytes(&r, secret, sizeof secret);
    cw_reader_bytes(&r, (uint8_t *)name, sizeof name);
    cw_reader_bytes(&r, ret_info->manufacturer, sizeof ret_info->manufacturer);
    ret_info->lifecycle = cw_reader_u32(&r);
    const uint32_t certificate_len = cw_reader_u32(&r);
    const uint8_t *certificate = r.next;
    cw_sha256(block, BLOCK_CHECKED_LEN, hash);
    const char *why = NULL;
    struct cw_tz_maker maker = {0};
    if (magic != CW_TZ_DEVICE_MAGIC || version != 1) {
        why = "found no device block of version 1";
    } else if (memcmp(hash, block + BLOCK_CHECKED_LEN, sizeof hash) != 0 ||
            certificate_len > CW_TZ_CERTIFICATE_MAX) {
        why = "its device block was changed";
    } else {
        struct cw_reader c = cw_reader_over(certificate, certificate_len);
        cw_tz_maker_get(&c, &maker);
        const size_t name_len = strnlen(name, sizeof name);
        if (cw_reader_finish(&c) != CW_OK ||
                memcmp(maker.manufacturer, ret_info->manufacturer, CW_P256_PUBLIC_LEN) != 0 ||
                !cw_cose_is_by(&maker.sign1, maker.manufacturer) ||
                strlen(maker.name) != name_len || memcmp(maker.name, name, name_len) != 0) {
            why = "the certificate of its device key is not its manufacturer's";
        } else if (!is_key_of(secret, maker.device)) {
            why = "its secret does not belong to its device key";
        }
    }
    cw_bytes_wipe(secret, sizeof secret);
    if (why != NULL) {
        (void)snprintf(ret_why, CW_TZ_WHY_LEN, "%s", why);
        return CW_E_FORM;
    }
    (void)snprintf(ret_info->name, sizeof ret_info->name, "%s", maker.name);
    memcpy(ret_info->device, maker.device, sizeof ret_info->device);
    cw_tz_token_platform(maker.device, ret_info->platform);
    return CW_OK;
}

/* --- the file --------------------------------------------------------------------------------------- */

bool cw_tz_device_is_flash(uint64_t file_len)
{
    return file_len == TZ_FLASH_LEN;
}

static void free_flash(struct flash *f)
{
    if (f != NULL) {
        cw_bytes_wipe(f, sizeof *f);
    }
    free(f);
}

static cw_status no_flash(const char *path, const char *why)
{
    cw_log_error("%s" CW_AT ": this is no flash file of a device: %s" CW_REMEDY
                 ": `causeway trustzone new-device` makes one",
            path, why);
    return CW_E_FORM;
}

static bool read_all(int fd, uint8_t *bytes, size_t len)
{
    for (size_t done = 0; done < len;) {
        const ssize_t n = pread(fd, bytes + done, len - done, (off_t)done);
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return false;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static cw_status take(int fd, const char *path, struct flash *f, struct cw_tz_device_info *ret_info)
{
    struct stat st;
    char why[CW_TZ_WHY_LEN] = "";
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || !cw_tz_device_is_flash((uint64_t)st.st_size)) {
        (void)snprintf(why, sizeof why, "expected a regular file of %lu bytes", TZ_FLASH_LEN);
        return no_flash(path, why);
    }
    if (!read_all(fd, f->bytes, sizeof f->bytes)) {
        cw_log_error("cannot read %s: %s", path, strerror(errno));
        return CW_E_SYSTEM;
    }
    cw_status status = cw_tz_firmware_check(f->bytes, CW_TZ_FIRMWARE_MAX, &ret_info->firmware, why);
    if (status == CW_OK) {
        status = get_block(f->bytes + CW_TZ_DEVICE_AT, ret_info, why);
    }
    if (status != CW_OK) {
        return no_flash(path, why);
    }
    ret_info->is_journal_new = true;
    for (size_t i = 0; i < JOURNAL_LEN; i++) {
        ret_info->is_journal_new &= f->bytes[CW_TZ_JOURNAL_AT + i] == ERASED;
    }
    return CW_OK;
}

/* ret_fd: the file stays open; -1 on failure. */
static cw_status open_flash(const char *path, int flags, int *ret_fd)
{
    cw_status status = cw_file_check_private(path);
    *ret_fd = status == CW_OK ? open(path, flags | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (status == CW_OK && *ret_fd < 0) {
        cw_log_error("cannot open %s: %s", path, strerror(errno));
        status = CW_E_SYSTEM;
    }
    return status;
}

cw_status cw_tz_device_read(const char *path, struct cw_tz_device_info *ret_info)
{
    int fd = -1;
    struct flash *f = calloc(1, sizeof *f);
    cw_status status = f == NULL ? CW_E_SYSTEM : open_flash(path, O_RDONLY, &fd);
    *ret_info = (struct cw_tz_device_info){0};
    if (status == CW_OK) {
        status = take(fd, path, f, ret_info);
        (void)close(fd);
    }
    free_flash(f);
    return status;
}

/* --- a new one -------------------------------------------------------------------------------------- */

cw_status cw_tz_device_check_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const size_t len = strlen(name);
    if (len > 0 && len < NAME_LEN && strspn(name, letters) == len) {
        return CW_OK;
    }
    cw_log_error("--name" CW_AT ": found \"%s\"" CW_REMEDY
                 ", expected 1 to 31 letters, digits, dots, hyphens and underlines",
            name);
    return CW_E_FORM;
}

void cw_tz_device_complain_present(const char *path)
{
    cw_log_error("%s" CW_AT ": there is such a file, which stays: with it a device would be lost"
                 CW_REMEDY ": name another; --update gives it newer firmware, --replace makes another "
                 "device of it",
            path);
}

static cw_status write_flash(const char *path, const struct cw_tz_device_wish *wish)
{
    uint8_t secret[CW_TZ_UDS_LEN];
    uint8_t block[BLOCK_LEN];
    uint8_t *journal = malloc(JOURNAL_LEN);
    cw_status status = CW_E_SYSTEM;
    if (journal == NULL || getrandom(secret, sizeof secret, 0) != (ssize_t)sizeof secret) {
        cw_log_error("%s" CW_AT ": there is no memory, or no random bytes, for a device", path);
    } else {
        memset(journal, ERASED, JOURNAL_LEN);
        put_block(wish, secret, block);
        const struct cw_file_part parts[] = {
                {.at = 0, .bytes = wish->firmware->bytes, .len = wish->firmware->len},
                {.at = CW_TZ_DEVICE_AT, .bytes = block, .len = sizeof block},
                {.at = CW_TZ_JOURNAL_AT, .bytes = journal, .len = JOURNAL_LEN},
        };
        status = cw_file_write_parts(path, parts, sizeof parts / sizeof parts[0], TZ_FLASH_LEN, 0600,
                wish->replace);
    }
    if (status == CW_E_STATE) {
        cw_tz_device_complain_present(path);
    }
    cw_bytes_wipe(secret, sizeof secret);
    cw_bytes_wipe(block, sizeof block);
    free(journal);
    return status;
}

/* Nobody may run a device while its file is replaced: a board locks it as a whole, QEMU in parts. */
static cw_status lock(int fd, const char *path)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fcntl(fd, F_OFD_SETLK, &whole) == 0) {
        return CW_OK;
    }
    cw_log_error("%s" CW_AT ": its board runs" CW_REMEDY ": stop it before", path);
    return CW_E_STATE;
}

/* Before a device is replaced; CW_OK also when there is none. */
static cw_status lock_present(const char *path, int *ret_fd)
{
    *ret_fd = open(path, O_RDWR | O_CLOEXEC);
    return *ret_fd < 0 ? CW_OK : lock(*ret_fd, path);
}

cw_status cw_tz_device_make(const char *path, const struct cw_tz_device_wish *wish,
        struct cw_tz_device_info *ret_info)
{
    int fd = -1;
    cw_status status = cw_tz_device_check_name(wish->name);
    if (status == CW_OK && wish->replace) {
        status = lock_present(path, &fd);
    }
    if (status == CW_OK) {
        status = write_flash(path, wish);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return status == CW_OK ? cw_tz_device_read(path, ret_info) : status;
}

/* --- newer firmware ------------------------------------------------------------------------------- */

static cw_status replace_firmware(const char *path, const struct flash *f,
        const struct cw_tz_firmware_file *firmware)
{
    const struct cw_file_part parts[] = {
            {.at = 0, .bytes = firmware->bytes, .len = firmware->len},
            {.at = CW_TZ_DEVICE_AT, .bytes = f->bytes + CW_TZ_DEVICE_AT, .len = BLOCK_LEN},
            {.at = CW_TZ_JOURNAL_AT, .bytes = f->bytes + CW_TZ_JOURNAL_AT, .len = JOURNAL_LEN},
    };
    return cw_file_write_parts(path, parts, sizeof parts / sizeof parts[0], TZ_FLASH_LEN, 0600, true);
}

/* Byte for byte: boot is in no measurement. */
static bool holds(const struct flash *f, const struct cw_tz_firmware_file *firmware)
{
    uint8_t rest = 0;
    for (size_t i = firmware->len; i < CW_TZ_FIRMWARE_MAX; i++) {
        rest |= f->bytes[i];
    }
    return rest == 0 && memcmp(f->bytes, firmware->bytes, firmware->len) == 0;
}

static cw_status update(const char *path, const struct flash *f,
        const struct cw_tz_firmware_file *firmware, struct cw_tz_device_info *info)
{
    if (firmware->info.security_version < info->firmware.security_version) {
        cw_log_error("%s" CW_AT ": its firmware has security version %u, found %u: an older one is "
                     "refused" CW_REMEDY ": use a newer Causeway",
                path, info->firmware.security_version, firmware->info.security_version);
        return CW_E_STATE;
    }
    if (holds(f, firmware)) {
        return CW_OK;
    }
    info->firmware = firmware->info;
    info->is_firmware_written = true;
    return replace_firmware(path, f, firmware);
}

cw_status cw_tz_device_update(const char *path, const struct cw_tz_firmware_file *firmware,
        struct cw_tz_device_info *ret_info, struct cw_tz_firmware_info *ret_was)
{
    int fd = -1;
    struct flash *f = calloc(1, sizeof *f);
    cw_status status = f == NULL ? CW_E_SYSTEM : open_flash(path, O_RDWR, &fd);
    *ret_info = (struct cw_tz_device_info){0};
    if (status == CW_OK) {
        status = lock(fd, path);
    }
    if (status == CW_OK) {
        status = take(fd, path, f, ret_info);
    }
    if (status == CW_OK) {
        *ret_was = ret_info->firmware;
        status = update(path, f, firmware, ret_info);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    free_flash(f);
    return status;
}
