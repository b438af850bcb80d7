/* SPDX-License-Identifier: MIT */
/*
 * privilege.c - change of user; three capabilities stay.
 */
#include "silicon/sgx/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "posix/log.h"

#define KEPT ((1u << CAP_SETUID) | (1u << CAP_SETGID) | (1u << CAP_KILL))

static bool keep_three(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2] = {
            {.effective = KEPT, .permitted = KEPT, .inheritable = 0}, {0, 0, 0}};

    for (int cap = 0; cap <= 63; cap++) {
        if ((cap > 31 || (KEPT >> cap & 1) == 0) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1 &&
                prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) {
            return false;
        }
    }
    return syscall(SYS_capset, &header, data) == 0;
}

static bool become(uid_t user, gid_t group)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2];

    /* What the bounding set is changed with goes with the rest, so it is kept until then. */
    return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && setgroups(0, NULL) == 0 &&
           setresgid(group, group, group) == 0 && setresuid(user, user, user) == 0 &&
           syscall(SYS_capget, &header, data) == 0 &&
           (data[0].effective = data[0].permitted, data[1].effective = data[1].permitted,
                   syscall(SYS_capset, &header, data) == 0) &&
           keep_three();
}

cw_status cw_privilege_settle(bool change, uid_t user, gid_t group)
{
    static const struct rlimit locked = {RLIM_INFINITY, RLIM_INFINITY};

    /* As long as it may: pages that are nobody else's count as locked memory. */
    (void)setrlimit(RLIMIT_MEMLOCK, &locked);
    if (change && !become(user, group)) {
        cw_log_error("cannot become user %u: %s; start causeway-sgx as root, or without --user",
                user, strerror(errno));
        return CW_E_SYSTEM;
    }
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        cw_log_error("cannot protect this process: %s", strerror(errno));
        return CW_E_SYSTEM;
    }
    return CW_OK;
}

static bool digits(const char *text, char **ret_end, unsigned *ret_value)
{
    unsigned long value;

    errno = 0;
    value = strtoul(text, ret_end, 10);
    *ret_value = (unsigned)value;
    return text[0] >= '0' && text[0] <= '9' && errno == 0 && value < UINT32_MAX;
}

bool cw_privilege_parse(const char *text, unsigned *ret_first, unsigned *ret_second,
        bool *ret_has_second)
{
    char *end = NULL;

    *ret_has_second = false;
    if (!digits(text, &end, ret_first)) {
        return false;
    }
    if (*end == ':') {
        *ret_has_second = true;
        return digits(end + 1, &end, ret_second) && *end == 0;
    }
    return *end == 0;
}
