/* SPDX-License-Identifier: MIT */
/* What the owner's machine has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "deploy/doctor.h"
#include "deploy/memory.h"
#include "deploy/place.h"
#include "posix/file.h"
#include "posix/log.h"
#include "posix/version.h"

#define DAY_S 86400
#define ROOM_MIN (64ull << 20)
#define FILES_MIN 256u

/* What is missing matters when the descriptor needs it; without one, it may be meant. */
static cw_doctor_level level_of(const struct cw_doctor *d, bool is_needed)
{
    return d->is_described && is_needed ? CW_DOCTOR_ERROR : CW_DOCTOR_WARNING;
}

/* NULL: there is none; why not is in ret_caught. */
static char *find_sdk(const struct cw_doctor *d, char *ret_caught, size_t cap)
{
    cw_log_catch(ret_caught, cap);
    char *sdk = cw_place_sdk(d->app->options.sdk);
    cw_log_catch(NULL, 0);
    return sdk;
}

static void look_at_program(struct cw_doctor *d)
{
    struct utsname u;
    if (uname(&u) != 0) {
        memset(&u, 0, sizeof u);
    }
    cw_doctor_say(d, CW_DOCTOR_OK, "program", NULL, "causeway %s on %s %s, %s", CW_PROGRAM_VERSION,
            u.sysname, u.release, u.machine);
    char caught[1024];
    char *sdk = find_sdk(d, caught, sizeof caught);
    if (sdk != NULL) {
        cw_doctor_say(d, CW_DOCTOR_OK, "sdk", NULL, "%s", sdk);
    } else {
        cw_log_unmark(caught);
        cw_doctor_say(d, level_of(d, true), "sdk", "without it no module can be built", "%s",
                caught);
    }
    free(sdk);
}

static void look_at_tools(struct cw_doctor *d)
{
    bool is_any = false;
    for (size_t i = 0; cw_owner_backends[i] != NULL; i++) {
        const struct cw_owner_backend *b = cw_owner_backends[i];
        char why[CW_OWNER_WHY_LEN] = "";
        if (b->needs(why) == CW_OK) {
            cw_doctor_say(d, CW_DOCTOR_OK, "tools", NULL, "modules for %s can be built", b->name);
            is_any = true;
            continue;
        }
        char *remedy = strstr(why, ": apt install");
        if (remedy != NULL) {
            *remedy = '\0';
            remedy += 2;
        }
        cw_doctor_say(d, level_of(d, cw_doctor_uses(d, b->name)), "tools", remedy, "%s", why);
    }
    if (!is_any) {
        cw_doctor_say(d, CW_DOCTOR_ERROR, "tools", "apt install gcc binutils clang-14 lld-14",
                "no module can be built here at all");
    }
}

static bool is_local_node_of(const struct cw_doctor *d, const char *tee)
{
    for (size_t i = 0; d->is_described && i < d->app->d.node_count; i++) {
        const struct cw_descriptor_node *n = &d->app->d.nodes[i];
        if (n->is_local && (tee == NULL || strcmp(n->tee.value, tee) == 0)) {
            return true;
        }
    }
    return false;
}

static void look_at_program_file(struct cw_doctor *d, const char *name, const char *what,
        bool is_needed)
{
    const char *const places[] = {name, NULL};
    char *path = cw_place_find(places);
    if (path != NULL && access(path, X_OK) == 0) {
        cw_doctor_say(d, CW_DOCTOR_OK, "chips", NULL, "%s: %s", what, path);
    } else {
        cw_doctor_say(d, level_of(d, is_needed), "chips",
                "run `make`, or `make install`, which puts all programs side by side",
                "%s: there is no %s beside this program", what, name);
    }
    free(path);
}

/* What a TEE says of this machine; without a node of it none of that is an error. */
struct examined {
    struct cw_doctor *d;
    const char *tee;
};

static void take_saying(void *ctx, bool is_well, const char *text, const char *remedy)
{
    const struct examined *e = ctx;
    cw_doctor_say(e->d, is_well ? CW_DOCTOR_OK : CW_DOCTOR_WARNING, "chips", remedy, "%s: %s", e->tee,
            text);
}

static void look_at_chips(struct cw_doctor *d)
{
    char caught[1024];
    char *sdk = find_sdk(d, caught, sizeof caught);
    look_at_program_file(d, "causeway-node", "local nodes can run", is_local_node_of(d, NULL));
    for (size_t i = 0; cw_owner_backends[i] != NULL; i++) {
        const struct cw_owner_backend *b = cw_owner_backends[i];
        if (b->local != NULL) {
            char what[128];
            (void)snprintf(what, sizeof what, "%s chips can be emulated (no protection from this "
                           "machine's root)", b->name);
            look_at_program_file(d, b->local->program, what, is_local_node_of(d, b->name));
        }
        if (b->examine != NULL) {
            b->examine(sdk, take_saying, &(struct examined){d, b->name});
        }
    }
    free(sdk);
    if (cw_file_exists("/proc/sys/kernel/seccomp/actions_avail")) {
        cw_doctor_say(d, CW_DOCTOR_OK, "chips", NULL,
                "native modules can run in their jail (no protection)");
    } else {
        cw_doctor_say(d, level_of(d, is_local_node_of(d, "native")), "chips",
                "use a kernel that has CONFIG_SECCOMP_FILTER",
                "native modules cannot run here: no filter of system calls");
    }
}

static void look_at_system(struct cw_doctor *d)
{
    uint8_t bytes[16];
    if (getrandom(bytes, sizeof bytes, GRND_NONBLOCK) == (ssize_t)sizeof bytes) {
        cw_doctor_say(d, CW_DOCTOR_OK, "random", NULL, "the system has random bytes");
    } else {
        cw_doctor_say(d, CW_DOCTOR_ERROR, "random", "wait, or apt install rng-tools5",
                "the system has no random bytes yet");
    }
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < FILES_MIN) {
        cw_doctor_say(d, CW_DOCTOR_WARNING, "limits", "`ulimit -n 1024`",
                "only %llu files may be open at once", (unsigned long long)files.rlim_cur);
    }
    char *folder = d->app->descriptor_path == NULL ? NULL : cw_file_folder(d->app->descriptor_path);
    const char *place = d->app->options.state != NULL && cw_file_exists(d->app->options.state)
            ? d->app->options.state
            : folder;
    struct statvfs room;
    if (place != NULL && statvfs(place, &room) == 0) {
        const unsigned long long free_len = (unsigned long long)room.f_bavail * room.f_frsize;
        const bool is_enough = free_len >= ROOM_MIN;
        cw_doctor_say(d, is_enough ? CW_DOCTOR_OK : CW_DOCTOR_WARNING, "room",
                is_enough ? NULL : "make room: state and builds are kept there",
                "%s: %llu MiB are free", place, free_len >> 20);
        if (access(place, W_OK) != 0) {
            cw_doctor_say(d, CW_DOCTOR_ERROR, "room", "choose another folder by --state",
                    "%s may not be written by this user", place);
        }
    }
    free(folder);
}

/* A clock that stands before this program was made is wrong: certificates and logs suffer. */
static void look_at_clock(struct cw_doctor *d)
{
    struct stat st;
    const time_t now = time(NULL);
    char text[32] = "?";
    struct tm parts;
    if (gmtime_r(&now, &parts) != NULL) {
        (void)strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
    }
    if (stat("/proc/self/exe", &st) == 0 && now < st.st_mtime - DAY_S) {
        cw_doctor_say(d, CW_DOCTOR_ERROR, "clock", "`timedatectl set-ntp true`, or `date -s`",
                "it says %s UTC, which is before this program was made", text);
    } else {
        cw_doctor_say(d, CW_DOCTOR_OK, "clock", NULL, "%s UTC", text);
    }
}

void cw_doctor_machine(struct cw_doctor *d)
{
    look_at_program(d);
    look_at_tools(d);
    look_at_chips(d);
    look_at_system(d);
    look_at_clock(d);
}
