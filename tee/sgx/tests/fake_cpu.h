/* SPDX-License-Identifier: MIT */
/*
 * fake_cpu.h - an emulated CPU for tests of its hosts: it speaks silicon/sgx/port.h, and its
 * enclaves are threads of the test that do what calls tell them, the worst included.
 *
 * A call of entry CALL: the first byte is a command, the rest its argument.
 *
 *     e  answer the argument        g  a result that is none      l  a length beyond OUT
 *     c  how often it was entered   n  a response to nothing      i  leave idle without an answer
 *     d  leave as dead              f  leave with a fault         x  an exception
 *     k  the process ends           s  work for argument[0] ms    h  never answer, never leave
 *     r  leave refused              o  leave in no known way      w  ring the bell many times
 *     m  served: one too many
 */
#ifndef CW_TEE_SGX_TESTS_FAKE_CPU_H
#define CW_TEE_SGX_TESTS_FAKE_CPU_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "silicon/sgx/port.h"

struct fake_cpu {
    char path[108];
    int listener;
    pthread_t thread;
    /* How it breaks its interface; set while nobody connects. */
    bool is_mute;         /* takes requests and does not answer               */
    bool has_no_seal;     /* the memory can be made shorter                   */
    bool is_short;        /* the memory is shorter than it says               */
    bool has_no_file;     /* LOADED without a descriptor                      */
    bool has_no_target;   /* TARGET is refused                                */
    bool cuts;            /* LOADED is cut in the middle                      */
    uint32_t refuses;     /* LOAD: this code                                  */
    bool garbles;         /* a byte of each packet is changed                 */
    unsigned entered;     /* EENTERs of all enclaves                          */
    unsigned left;        /* exits, idle or with an answer                    */
    unsigned alive;       /* enclaves                                         */
    unsigned lines;       /* connections                                      */
};

void fake_cpu_start(struct fake_cpu *cpu, const char *path);
void fake_cpu_stop(struct fake_cpu *cpu);

#endif
