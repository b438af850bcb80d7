/* SPDX-License-Identifier: MIT */
/*
 * main.c - causeway-sgx: the command line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/bytes.h"
#include "posix/args.h"
#include "posix/log.h"
#include "silicon/sgx/cell.h"
#include "silicon/sgx/listen.h"
#include "silicon/sgx/privilege.h"
#include "silicon/sgx/run.h"

#define EPC_DEFAULT_MIB 1024
#define USERS_FIRST 1900000000u /* of a range that systemd and Debian leave alone */

enum { EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USE };

enum option {
    OPT_LISTEN,
    OPT_STATE,
    OPT_MODE,
    OPT_USER,
    OPT_USERS,
    OPT_EPC,
    OPT_ALLOW_WX,
    OPT_JAIL,
    OPT_RUN,
    OPT_SIGSTRUCT,
    OPT_JSON,
    OPT_SET,
    OPT_TCS,
    OPT_ARENA,
    OPT_BASE,
    OPT_TIMEOUT,
};

static const struct cw_args_option options[] = {
    [OPT_LISTEN] = {"listen", "PATH", "serve hosts on a Unix socket until SIGTERM"},
    [OPT_STATE] = {"state", "DIR", "root secret and certificates of this CPU; made if missing"},
    [OPT_MODE] = {"mode", "proc|traced", "proc (default), or each instruction under a tracer"},
    [OPT_USER] = {"user", "UID[:GID]", "as root: become this user"},
    [OPT_USERS] = {"enclave-users", "FIRST:COUNT", "as root: a user for each enclave, 256 or more"},
    [OPT_EPC] = {"epc", "MIB", "memory for all enclaves (default 1024)"},
    [OPT_ALLOW_WX] = {"allow-wx", NULL, "take images with writable code (--run does)"},
    [OPT_JAIL] = {"jail", "FILE", "program of enclaves (default: causeway-sgx-jail beside this)"},
    [OPT_RUN] = {"run", "FILE.sgxs", "load an image, enter it once, print how it came back"},
    [OPT_SIGSTRUCT] = {"sigstruct", "FILE", "its SIGSTRUCT, unless FILE.sgxs begins with it"},
    [OPT_JSON] = {"json", NULL, "the result of --run as one JSON object"},
    [OPT_SET] = {"set", "REGISTER=VALUE...", "of the entry: rdi rsi ... r15 rflags mxcsr fcw"},
    [OPT_TCS] = {"tcs", "INDEX", "which thread is entered (default 0)"},
    [OPT_ARENA] = {"arena", "BYTES", "memory shared with the host (default 65536)"},
    [OPT_BASE] = {"base", "ADDRESS", "where the enclave lies (default: anywhere)"},
    [OPT_TIMEOUT] = {"timeout-ms", "MS", "for the entry of --run (default 5000)"},
    {"help", NULL, "print this"},
    {"version", NULL, "print the version"},
    {NULL, NULL, NULL},
};

struct command {
    struct cw_run_options run;
    struct cw_platform platform;
    const char *listen, *state, *jail;
    bool change_user, users_given;
    unsigned user, group, first_user, user_count;
    uint64_t epc_mib;
    struct cw_sgx_fuses drawn; /* of a CPU without --state */
    struct cw_qe *qe;
};

static bool take_users(struct command *c, enum option option, const char *value)
{
    bool second = false;

    if (option == OPT_USER) {
        c->change_user = true;
        if (!cw_privilege_parse(value, &c->user, &c->group, &second) || c->user == 0) {
            cw_log_error("--user %s: give UID or UID:GID in digits, not root's", value);
            return false;
        }
        c->group = second ? c->group : c->user;
        return true;
    }
    c->users_given = true;
    if (!cw_privilege_parse(value, &c->first_user, &c->user_count, &second) || !second ||
            c->first_user == 0 || c->user_count < CW_SUPERVISOR_SLOTS) {
        cw_log_error("--enclave-users %s: give FIRST:COUNT, users that nobody else has, %u or more",
                value, CW_SUPERVISOR_SLOTS);
        return false;
    }
    return true;
}

static bool take_number(struct command *c, enum option option, const char *value)
{
    uint64_t got = 0;

    if (option == OPT_EPC) {
        return cw_args_number("epc", value, 0, 1u << 20, &c->epc_mib);
    }
    if (option == OPT_BASE) {
        return cw_args_number("base", value, 0, CW_JAIL_TOP, &c->run.base);
    }
    if (option == OPT_ARENA) {
        if (!cw_args_number("arena", value, 0, CW_SGX_ARENA_MAX, &c->run.arena_len)) {
            return false;
        }
        c->run.arena_len = (c->run.arena_len + SGX_PAGE_LEN - 1) & ~(uint64_t)(SGX_PAGE_LEN - 1);
        return true;
    }
    if (option == OPT_TCS) {
        if (!cw_args_number("tcs", value, 0, CW_SGX_TCS_MAX - 1, &got)) {
            return false;
        }
        c->run.tcs = (unsigned)got;
        return true;
    }
    if (!cw_args_number("timeout-ms", value, 0, 86400000, &got)) {
        return false;
    }
    c->run.timeout_ms = (int)got;
    return true;
}

static bool take(void *ctx, size_t option, const char *value)
{
    struct command *c = ctx;

    switch ((enum option)option) {
    case OPT_LISTEN:
        c->listen = value;
        return true;
    case OPT_STATE:
        c->state = value;
        return true;
    case OPT_MODE:
        c->platform.traced = strcmp(value, "traced") == 0; /* or proc: args.h saw to it */
        return true;
    case OPT_USER:
    case OPT_USERS:
        return take_users(c, (enum option)option, value);
    case OPT_ALLOW_WX:
        c->platform.allow_mixed = true;
        return true;
    case OPT_JAIL:
        c->jail = value;
        return true;
    case OPT_RUN:
        c->run.image = value;
        return true;
    case OPT_SIGSTRUCT:
        c->run.sigstruct = value;
        return true;
    case OPT_JSON:
        c->run.json = true;
        return true;
    case OPT_SET:
        if (!cw_run_set(&c->run, value)) {
            cw_log_error("--set %s: give rdx, rbp, rsi, rdi, r8 to r15, rflags, mxcsr or fcw = a "
                         "number; the CPU sets the others", value);
            return false;
        }
        return true;
    case OPT_EPC:
    case OPT_TCS:
    case OPT_ARENA:
    case OPT_BASE:
    case OPT_TIMEOUT:
        return take_number(c, (enum option)option, value);
    }
    return false;
}

static const struct cw_args_program program = {
    .name = "causeway-sgx",
    .usage = "usage: causeway-sgx [OPTION]... --listen PATH --state DIR\n"
             "       causeway-sgx [OPTION]... --run FILE.sgxs [--sigstruct FILE] [--json]\n"
             "An SGX CPU in software: measures, checks signatures, derives keys, runs enclaves.\n"
             "It emulates: evidence from it says so, and it protects from no root.\n",
    .exits = "Exit status: 0 done, 1 failed, refused or too late, 2 wrong use or unusable file.",
    .operand = "what to do is given with --listen or --run",
    .options = options,
    .take = take,
};

static bool settle(struct command *c)
{
    bool root = geteuid() == 0;

    if ((c->listen == NULL) == (c->run.image == NULL)) {
        cw_log_error("give one of --listen PATH and --run FILE.sgxs (see --help)");
        return false;
    }
    if (c->listen != NULL && c->state == NULL) {
        cw_log_error("--listen needs --state DIR: keys must be the same after a restart");
        return false;
    }
    if ((c->change_user || c->users_given) && !root) {
        cw_log_error("--user and --enclave-users need root: start it as root, or leave them out "
                     "(all enclaves then run as this user)");
        return false;
    }
    c->platform.first_user = root ? c->first_user : 0;
    if (c->change_user && c->user >= c->first_user && c->user - c->first_user < c->user_count) {
        cw_log_error("--user %u is one of the users of enclaves", c->user);
        return false;
    }
    c->platform.allow_mixed |= c->run.image != NULL;
    return true;
}

static bool open_epc(struct command *c)
{
    void *shared = mmap(NULL, sizeof(struct cw_epc), PROT_READ | PROT_WRITE,
            MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED) {
        cw_log_error("out of memory");
        return false;
    }
    c->platform.epc = shared;
    c->platform.epc->total = c->epc_mib << 20;
    return true;
}

/* The folder of secrets is the supervisor's, not root's. */
static bool give_state(const struct command *c)
{
    if (c->state == NULL || !c->change_user) {
        return true;
    }
    if (mkdir(c->state, 0700) == 0 && chown(c->state, c->user, c->group) != 0) {
        cw_log_error("cannot give %s to user %u: %s", c->state, c->user, strerror(errno));
        return false;
    }
    return true;
}

static bool open_platform(struct command *c)
{
    if (c->state != NULL) {
        if (cw_qe_open(c->state, &c->qe) != CW_OK) {
            return false;
        }
        c->platform.qe = c->qe;
        c->platform.fuses = cw_qe_fuses(c->qe);
        return true;
    }
    if (getrandom(&c->drawn, sizeof c->drawn, 0) != (ssize_t)sizeof c->drawn) {
        cw_log_error("no random bytes: %s", strerror(errno));
        return false;
    }
    c->platform.fuses = &c->drawn;
    return true;
}

static void warn(const struct command *c)
{
    if (c->listen == NULL) {
        return;
    }
    if (c->platform.first_user == 0) {
        cw_log_warn("weaker isolation: enclaves run as this user, who can read the secrets in %s; "
                    "start it as root with --user for a user per enclave", c->state);
    } else if (!c->change_user) {
        cw_log_warn("the supervisor stays root: give --user UID");
    }
}

static cw_status work(struct command *c)
{
    int socket = -1;
    cw_status status = CW_E_SYSTEM;

    c->platform.jail = cw_cell_jail(c->jail);
    if (c->platform.jail < 0 || !open_epc(c) || !give_state(c)) {
        return CW_E_SYSTEM;
    }
    if (c->listen != NULL && cw_listen_open(c->listen, c->change_user, &socket) != CW_OK) {
        return CW_E_SYSTEM;
    }
    if (cw_privilege_settle(c->change_user, c->user, c->group) == CW_OK && open_platform(c)) {
        warn(c);
        status = c->listen != NULL ? cw_listen_serve(&c->platform, socket, c->listen)
                                   : cw_run_image(&c->platform, &c->run);
    }
    cw_qe_free(c->qe);
    cw_bytes_wipe(&c->drawn, sizeof c->drawn);
    return status;
}

static int act(struct command *c, int argc, char **argv)
{
    const cw_args_verdict verdict = cw_args_read(&program, argc, argv, c);
    cw_status status;

    if (verdict != CW_ARGS_GO) {
        return verdict == CW_ARGS_ANSWERED ? EXIT_DONE : EXIT_WRONG_USE;
    }
    if (!settle(c)) {
        return EXIT_WRONG_USE;
    }
    status = work(c);
    return status == CW_OK ? EXIT_DONE : status == CW_E_FORM ? EXIT_WRONG_USE : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    static struct command command = {
            .run = {.timeout_ms = 5000,
                    .arena_len = 65536,
                    .rflags = 0x202,
                    .mxcsr = 0x1f80,
                    .fcw = 0x37f},
            .first_user = USERS_FIRST,
            .user_count = CW_SUPERVISOR_SLOTS,
            .epc_mib = EPC_DEFAULT_MIB,
    };

    cw_log_setup("causeway-sgx", CW_LOG_INFO, false);
    return act(&command, argc, argv);
}
