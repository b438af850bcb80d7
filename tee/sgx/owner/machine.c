/* SPDX-License-Identifier: MIT */
/*
 * What this machine has for SGX.  Nothing is executed to find out: the kernel tells the CPU's flags,
 * and files say the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tee/sgx/owner/evidence.h"

#define FLAGS_MAX 8192u
#define AESM_SOCKET "/var/run/aesmd/aesm.socket"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

struct examining {
    cw_owner_say_fn *say;
    void *ctx;
    char flags[FLAGS_MAX]; /* " fpu vme ... " */
};

static void read_flags(struct examining *e)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file != NULL && fgets(e->flags, (int)sizeof e->flags - 1, file) != NULL) {
        if (strncmp(e->flags, "flags", 5) == 0) {
            break;
        }
        e->flags[0] = '\0';
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    const size_t len = strcspn(e->flags, "\n");
    e->flags[len] = ' ';
    e->flags[len + 1] = '\0';
}

static bool has_flag(const struct examining *e, const char *flag)
{
    char word[32];
    (void)snprintf(word, sizeof word, " %s ", flag);
    return strstr(e->flags, word) != NULL;
}

static void look_at_device(const struct examining *e, const char *path, const char *what,
        const char *group)
{
    char text[160];
    char remedy[160];
    if (access(path, F_OK) != 0) {
        (void)snprintf(text, sizeof text, "there is no %s, which %s", path, what);
        (void)snprintf(remedy, sizeof remedy,
                "switch SGX and flexible launch control on in the firmware, and use a kernel from "
                "5.11 on with CONFIG_X86_SGX");
        e->say(e->ctx, false, text, remedy);
    } else if (access(path, R_OK | W_OK) != 0) {
        (void)snprintf(text, sizeof text, "%s, which %s, may not be used by this user", path, what);
        (void)snprintf(remedy, sizeof remedy, "add the user to the group %s, or `chmod 666 %s`", group,
                path);
        e->say(e->ctx, false, text, remedy);
    } else {
        (void)snprintf(text, sizeof text, "%s may be used: it %s", path, what);
        e->say(e->ctx, true, text, NULL);
    }
}

static void look_at_hardware(const struct examining *e)
{
    if (!has_flag(e, "sgx") && access("/dev/sgx_enclave", F_OK) != 0) {
        e->say(e->ctx, true,
                "no SGX in this CPU: modules run on the emulated one (no protection from this "
                "machine's root)",
                NULL);
        return;
    }
    e->say(e->ctx, has_flag(e, "sgx_lc"),
            has_flag(e, "sgx_lc") ? "SGX in this CPU, with launch control"
                                  : "SGX in this CPU, without launch control, which Linux needs",
            has_flag(e, "sgx_lc") ? NULL : "switch flexible launch control on in the firmware");
    look_at_device(e, "/dev/sgx_enclave", "loads enclaves", "sgx");
    look_at_device(e, "/dev/sgx_provision", "lets the quoting enclave prove its platform",
            "sgx_prv");
    const bool has_aesm = access(AESM_SOCKET, F_OK) == 0;
    e->say(e->ctx, has_aesm,
            has_aesm ? "quotes can be asked for at " AESM_SOCKET
                     : "nobody makes quotes: there is no " AESM_SOCKET,
            has_aesm ? NULL : "install and start the service aesmd of Intel's SGX packages");
}

static void look_at_emulation(const struct examining *e)
{
    static const char *const flags[] = {"aes", "pclmulqdq", "rdrand", "sse4_1"};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (!has_flag(e, flags[i])) {
            char text[96];
            (void)snprintf(text, sizeof text, "this CPU has no %s, which sgx modules use", flags[i]);
            e->say(e->ctx, false, text, "run its nodes on a machine that has it");
        }
    }
    const long file = syscall(SYS_memfd_secret, O_CLOEXEC);
    e->say(e->ctx, file >= 0,
            file >= 0 ? "the emulated CPU hides enclaves' memory from root's tools (memfd_secret)"
                      : "this kernel has no memfd_secret: root reads the memory of emulated enclaves "
                        "with ordinary tools",
            file >= 0 ? NULL : "start the kernel with secretmem.enable=1, or use one from 6.5 on");
    if (file >= 0) {
        (void)close((int)file);
    }
    e->say(e->ctx, true,
            geteuid() == 0
                    ? "the emulated CPU can give each enclave a user of its own (causeway-sgx --user)"
                    : "the emulated CPU, its enclaves and their node share this user, who can read "
                      "the CPU's secret; as root, causeway-sgx --user keeps them apart",
            NULL);
}

void cw_sgx_examine(const char *sdk_dir, cw_owner_say_fn *say, void *ctx)
{
    (void)sdk_dir;
    struct examining e = {.say = say, .ctx = ctx};
    read_flags(&e);
    look_at_hardware(&e);
    look_at_emulation(&e);
}
