/* SPDX-License-Identifier: MIT */
#include "deploy/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "deploy/memory.h"
#include "posix/file.h"
#include "posix/log.h"

#define LINE_CAP 1024u
#define MEMORY_MAX (UINT64_C(1) << 30)

struct cw_kdf cw_kdf_new(void)
{
    struct cw_kdf kdf = {.log2_n = 17, .r = 8, .p = 1};
    cw_secret_random(kdf.salt, sizeof kdf.salt);
    return kdf;
}

void cw_kdf_put(const struct cw_kdf *kdf, char ret_text[static CW_KDF_TEXT_CAP])
{
    char salt[2 * sizeof kdf->salt + 1];
    cw_hex_put(kdf->salt, sizeof kdf->salt, salt);
    snprintf(ret_text, CW_KDF_TEXT_CAP, "scrypt %" PRIu32 " %" PRIu32 " %" PRIu32 " %s",
            kdf->log2_n, kdf->r, kdf->p, salt);
}

static uint64_t memory_of(const struct cw_kdf *kdf)
{
    return (UINT64_C(128) * kdf->r) * ((UINT64_C(1) << kdf->log2_n) + kdf->p);
}

cw_status cw_kdf_get(const char *text, struct cw_kdf *ret_kdf)
{
    struct cw_kdf kdf = {0};
    char salt[2 * sizeof kdf.salt + 1];
    int end = 0;
    if (sscanf(text, "scrypt %2" SCNu32 " %2" SCNu32 " %2" SCNu32 " %32[0-9a-f]%n", &kdf.log2_n,
                &kdf.r, &kdf.p, salt, &end) != 4 ||
            text[end] != '\0' || kdf.log2_n < 10 || kdf.log2_n > 24 || kdf.r < 1 || kdf.r > 32 ||
            kdf.p < 1 || kdf.p > 16 || memory_of(&kdf) > MEMORY_MAX) {
        return CW_E_FORM;
    }
    cw_status status = cw_hex_get(salt, kdf.salt, sizeof kdf.salt);
    if (status == CW_OK) {
        *ret_kdf = kdf;
    }
    return status;
}

cw_status cw_kdf_key(const struct cw_kdf *kdf, const char *passphrase,
        uint8_t ret_key[static CW_SECRET_KEY_LEN])
{
    if (EVP_PBE_scrypt(passphrase, strlen(passphrase), kdf->salt, sizeof kdf->salt,
                UINT64_C(1) << kdf->log2_n, kdf->r, kdf->p, memory_of(kdf) + (1u << 20), ret_key,
                CW_SECRET_KEY_LEN) == 1) {
        return CW_OK;
    }
    ERR_clear_error();
    cw_log_error("cannot make a key of the passphrase: it takes %" PRIu64 " MiB of memory",
            memory_of(kdf) >> 20);
    return CW_E_SYSTEM;
}

void cw_passphrase_end(char *passphrase)
{
    if (passphrase != NULL) {
        cw_bytes_wipe(passphrase, strlen(passphrase));
        free(passphrase);
    }
}

/* --- from a file ---------------------------------------- */

static cw_status read_file(const char *path, char *ret_line)
{
    cw_status status = cw_file_check_private(path);
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (status == CW_OK) {
        status = cw_file_read(path, LINE_CAP - 1, &bytes, &len);
    }
    if (status == CW_E_ABSENT) {
        cw_log_error("there is no file %s", path);
    }
    if (status == CW_OK) {
        len = strcspn((const char *)bytes, "\r\n");
        memcpy(ret_line, bytes, len);
        ret_line[len] = '\0';
        cw_bytes_wipe(bytes, len);
    }
    free(bytes);
    return status == CW_E_ABSENT || status == CW_E_SPACE ? CW_E_FORM : status;
}

/* --- from the terminal ---------------------------------------- */

static volatile sig_atomic_t interrupted; /* there is one terminal, and one who types */

static void on_signal(int number)
{
    interrupted = number;
}

/* A line without an echo; the terminal is as before when this returns. */
static bool ask(int tty, const char *question, char *ret_line)
{
    struct termios before;
    if (tcgetattr(tty, &before) != 0) {
        return false;
    }
    const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction old[3];
    const struct sigaction note = {.sa_handler = on_signal};
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    interrupted = 0;
    for (size_t i = 0; i < 3; i++) {
        (void)sigaction(signals[i], &note, &old[i]);
    }
    (void)tcsetattr(tty, TCSAFLUSH, &silent); /* who answers at once is not shown either */
    (void)dprintf(tty, "%s: ", question);
    size_t len = 0;
    ssize_t n = 0;
    while (interrupted == 0 && len < LINE_CAP - 1 && (n = read(tty, ret_line + len, 1)) == 1 &&
            ret_line[len] != '\n') {
        len++;
    }
    ret_line[len] = '\0';
    (void)tcsetattr(tty, TCSAFLUSH, &before);
    (void)dprintf(tty, "\n");
    for (size_t i = 0; i < 3; i++) {
        (void)sigaction(signals[i], &old[i], NULL);
    }
    if (interrupted != 0) {
        (void)raise(interrupted);
    }
    return interrupted == 0 && n == 1;
}

static cw_status read_terminal(const char *what, const char *option, bool is_new, char *ret_line)
{
    const int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0) {
        cw_log_error("%s" CW_AT ": there is no terminal to ask for the passphrase" CW_REMEDY ": "
                "give --%s FILE", what,
                option);
        return CW_E_STATE;
    }
    char again[LINE_CAP] = "";
    char *question = cw_memory_format("Passphrase of %s", what);
    cw_status status = ask(tty, question, ret_line) ? CW_OK : CW_E_STATE;
    if (status == CW_OK && is_new) {
        status = ask(tty, "The same again", again) ? CW_OK : CW_E_STATE;
        if (status == CW_OK && strcmp(ret_line, again) != 0) {
            cw_log_error("the two are not the same: nothing was changed");
            status = CW_E_FORM;
        }
    }
    if (status == CW_E_STATE) {
        cw_log_error("%s" CW_AT ": no passphrase was given", what);
    }
    cw_bytes_wipe(again, sizeof again);
    free(question);
    close(tty);
    return status;
}

cw_status cw_passphrase_read(const char *file, const char *what, const char *option, bool is_new,
        char **ret_passphrase)
{
    char line[LINE_CAP] = "";
    cw_status status =
            file != NULL ? read_file(file, line) : read_terminal(what, option, is_new, line);
    if (status == CW_OK && strlen(line) < (is_new ? CW_PASSPHRASE_LEAST : 1)) {
        cw_log_error("%s%sthe passphrase of %s has %zu characters" CW_REMEDY ", expected %u or "
                "more",
                file != NULL ? file : "", file != NULL ? ": " : "", what, strlen(line),
                is_new ? CW_PASSPHRASE_LEAST : 1);
        status = CW_E_FORM;
    }
    if (status == CW_OK) {
        *ret_passphrase = cw_memory_text(line);
    }
    cw_bytes_wipe(line, sizeof line);
    return status;
}
