/* SPDX-License-Identifier: MIT */
/*
 * cutter.h - a TCP relay in a thread that breaks its connections after so many bytes.
 */
#ifndef CW_TESTS_SUPPORT_CUTTER_H
#define CW_TESTS_SUPPORT_CUTTER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "posix/net.h"

struct cw_cutter {
    pthread_t thread;
    int listener;
    char address[CW_NET_TEXT_CAP]; /* dial this   */
    char target[CW_NET_TEXT_CAP];  /* to reach it */
    atomic_size_t cut_after;       /* bytes of one connection, towards the target; 0: never */
    atomic_uint cuts;
    atomic_bool is_stopping;
};

/* Ends the test when it cannot. */
void cw_cutter_start(struct cw_cutter *cutter, const char *target);
void cw_cutter_stop(struct cw_cutter *cutter);

#endif
