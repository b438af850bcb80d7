/* SPDX-License-Identifier: MIT */
/*
 * spawn.h - start a program with nothing of this process in it: user, namespaces, descriptors.
 *
 * Trust    SILICON.
 * Calls    From the thread that lives as long as the process shall: the process ends with it.
 */
#ifndef CW_SILICON_SGX_SPAWN_H
#define CW_SILICON_SGX_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#define CW_SPAWN_DESCRIPTORS 10

struct cw_spawn {
    int program;                           /* descriptor */
    int descriptors[CW_SPAWN_DESCRIPTORS]; /* what each number shall be, -1: closed */
    uid_t user;                            /* user and group; 0: as this process    */
    bool traced;                           /* by this thread, from its first instruction */
    const char *name;
    bool namespaces; /* OUT: it has its own */
};

/*
 * cw_spawn_start - no environment, arguments: its name.  Without the right to make namespaces it is
 * started without.
 *
 * ret_why  [CW_SGX_TEXT_LEN], when it is false
 */
bool cw_spawn_start(struct cw_spawn *spawn, pid_t *ret_pid, int *ret_pid_descriptor,
        char *ret_why);

/* cw_spawn_step - what a child that ended with this status could not do, or NULL: it got further. */
const char *cw_spawn_step(int exit_status);

/* cw_spawn_reap - wait for its end. */
void cw_spawn_reap(pid_t pid, int *ret_status);

#endif
