/* SPDX-License-Identifier: MIT */
#include "posix/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "posix/log.h"

#define FULL_BELOW 16384u /* bytes that are no room: a page or two may be left of a full disk */

static cw_status failed(const char *what, const char *path)
{
    cw_log_error("cannot %s %s: %s", what, path, strerror(errno));
    return CW_E_SYSTEM;
}

/* Read [len] bytes or up to the end of the file. */
static ssize_t read_all(int fd, uint8_t *bytes, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = read(fd, bytes + done, len - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        if (n == 0) {
            break;
        }
        done += (size_t)n;
    }
    return (ssize_t)done;
}

cw_status cw_file_read(const char *path, size_t max_len, uint8_t **ret_bytes, size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR ? CW_E_ABSENT : failed("open", path);
    }
    cw_status status = CW_E_SYSTEM;
    uint8_t *bytes = NULL;
    struct stat st;
    if (fstat(fd, &st) != 0) {
        status = failed("look at", path);
        goto close_file;
    }
    if (!S_ISREG(st.st_mode)) {
        cw_log_error("%s" CW_AT " is not a regular file", path);
        goto close_file;
    }
    size_t len = (size_t)st.st_size;
    if (len > max_len) {
        cw_log_error("%s" CW_AT " has %zu bytes" CW_REMEDY "; at most %zu are taken", path, len,
                max_len);
        status = CW_E_SPACE;
        goto close_file;
    }
    bytes = malloc(len + 1);
    ssize_t n = bytes == NULL ? -1 : read_all(fd, bytes, len);
    if (n < 0) {
        status = failed("read", path);
        free(bytes);
        goto close_file;
    }
    bytes[n] = 0;
    *ret_bytes = bytes;
    *ret_len = (size_t)n;
    status = CW_OK;
close_file:
    close(fd);
    return status;
}

static bool write_part(int fd, const struct cw_file_part *part)
{
    const uint8_t *bytes = part->bytes;
    for (size_t done = 0; done < part->len;) {
        ssize_t n = pwrite(fd, bytes + done, part->len - done, (off_t)(part->at + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

static bool write_all(int fd, const struct cw_file_part *parts, size_t count, uint64_t file_len)
{
    bool is_written = ftruncate(fd, (off_t)file_len) == 0;
    for (size_t i = 0; i < count && is_written; i++) {
        is_written = write_part(fd, &parts[i]);
    }
    return is_written;
}

/* A rename lasts once its folder is written. */
static bool sync_folder(const char *path)
{
    char *folder = cw_file_folder(path);
    int fd = folder == NULL ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    free(folder);
    return done;
}

/* Under its name; a link, unlike a rename, leaves what is there. */
static cw_status put_in_place(const char *temporary, const char *path, bool replace)
{
    const bool is_there = replace ? rename(temporary, path) == 0 : link(temporary, path) == 0;
    const bool is_taken = !is_there && !replace && errno == EEXIST;
    const cw_status status = is_there && sync_folder(path) ? CW_OK
            : is_taken                                     ? CW_E_STATE
                                                           : failed("write", path);
    if (!replace || status != CW_OK) {
        unlink(temporary);
    }
    return status;
}

cw_status cw_file_write(const char *path, const void *bytes, size_t len, unsigned mode)
{
    const struct cw_file_part whole = {.bytes = bytes, .len = len};
    return cw_file_write_parts(path, &whole, 1, len, mode, true);
}

cw_status cw_file_write_parts(const char *path, const struct cw_file_part *parts, size_t count,
        uint64_t file_len, unsigned mode, bool replace)
{
    char temporary[PATH_MAX];
    int n = snprintf(temporary, sizeof temporary, "%s.%ld.new", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof temporary) {
        cw_log_error("the path %s is too long", path);
        return CW_E_SYSTEM;
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) {
        return failed("create", temporary);
    }
    bool written = write_all(fd, parts, count, file_len) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    if (close(fd) != 0 || !written) {
        cw_status status = failed("write", temporary);
        unlink(temporary);
        return status;
    }
    return put_in_place(temporary, path, replace);
}

/* NAME.PID.new, of a process that is no more. */
static bool is_unfinished(const char *name)
{
    const size_t len = strlen(name);
    if (len < 6 || strcmp(name + len - 4, ".new") != 0) {
        return false;
    }
    size_t at = len - 4;
    while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9') {
        at--;
    }
    const long pid = strtol(name + at, NULL, 10);
    return at > 1 && name[at - 1] == '.' && pid > 0 && pid <= INT_MAX &&
            (pid == getpid() || (kill((pid_t)pid, 0) != 0 && errno == ESRCH));
}

void cw_file_remove_unfinished(const char *folder)
{
    DIR *entries = opendir(folder);
    if (entries == NULL) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (is_unfinished(entry->d_name)) {
            (void)unlinkat(dirfd(entries), entry->d_name, 0);
        }
    }
    (void)closedir(entries);
}

cw_status cw_file_check_private(const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0) {
        return errno == ENOENT || errno == ENOTDIR ? CW_E_ABSENT : failed("look at", path);
    }
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
        cw_log_error("%s" CW_AT " must be a regular file that belongs to you", path);
        return CW_E_DENIED;
    }
    if ((st.st_mode & 077u) != 0) {
        cw_log_error("%s" CW_AT " holds a secret and others may use it (mode %04o)" CW_REMEDY ": "
                "chmod 600 %s", path,
                (unsigned)st.st_mode & 07777u, path);
        return CW_E_DENIED;
    }
    return CW_OK;
}

cw_status cw_file_make_folder(const char *path, unsigned mode)
{
    char *copy = strdup(path);
    if (copy == NULL) {
        return failed("create", path);
    }
    cw_status status = CW_OK;
    size_t len = strlen(copy);
    for (size_t i = 1; i <= len && status == CW_OK; i++) {
        if (copy[i] != '/' && copy[i] != '\0') {
            continue;
        }
        char end = copy[i];
        copy[i] = '\0';
        struct stat st;
        if (mkdir(copy, mode) != 0 && (errno != EEXIST || stat(copy, &st) != 0)) {
            status = failed("create the folder", copy);
        }
        copy[i] = end;
    }
    free(copy);
    return status;
}

bool cw_file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

char *cw_file_join(const char *folder, const char *name)
{
    if (name[0] == '/' || strcmp(folder, ".") == 0) {
        return strdup(name);
    }
    size_t folder_len = strlen(folder);
    const char *between = folder_len > 0 && folder[folder_len - 1] == '/' ? "" : "/";
    char *path = NULL;
    return asprintf(&path, "%s%s%s", folder, between, name) < 0 ? NULL : path;
}

bool cw_file_is_full(const char *path)
{
    struct statvfs room;
    return statvfs(path, &room) == 0 && room.f_blocks > 0 && room.f_bavail <= FULL_BELOW / room.f_frsize;
}

char *cw_file_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return strdup(".");
    }
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

char *cw_file_program_folder(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0) {
        return NULL;
    }
    path[n] = '\0';
    return cw_file_folder(path);
}
