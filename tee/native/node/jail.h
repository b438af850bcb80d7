/* SPDX-License-Identifier: MIT */
/*
 * jail.h - start an image as a process that can compute, and talk to its node, and no more.
 *
 * What     Everything that is allocated or may fail in libraries is prepared once; between fork
 *          and exec only system calls are made.
 *
 *              descriptors   0 and 1, pipes; 2, memory that the node maps too and whose length is
 *                            sealed; nothing else is open, nothing can be opened
 *              system calls  read of 0, write to 1, mmap of 2 (not executable), getrandom,
 *                            exit_group, arch_prctl(SET_FS)
 *              limits        memory; no files, processes, core, locked memory
 *              identity      no new privileges; root becomes nobody; dies with its node
 *              namespaces    user, network, mount, IPC, UTS of its own, where the kernel agrees
 *
 * Trust    UNTRUSTED by modules and owners; protects the node's machine from an image.
 */
#ifndef CW_TEE_NATIVE_NODE_JAIL_H
#define CW_TEE_NATIVE_NODE_JAIL_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/status.h"

struct cw_jail {
    struct sock_fprog filter; /* owned */
    int namespaces;           /* CLONE_NEW* that were granted to a probe */
    uint64_t memory_len;      /* of the address space, bytes             */
};

/* A process and the node's ends of its pipes, none of them blocking.  All are the caller's. */
struct cw_jailed {
    pid_t pid;
    int process;  /* pidfd: readable when the process ended            */
    int to;       /* its input                                         */
    int from;     /* its output                                        */
    int progress; /* ends when the image runs; else struct cw_jail_failure */
    uint8_t *shared; /* [CW_NATIVE_SHARED_LEN], to be unmapped */
};

/* Why an image did not begin to run. */
struct cw_jail_failure {
    int step; /* see cw_jail_step_name */
    int error;
};

/* cw_jail_open - make the filter, find out which namespaces may be had. */
CW_MUST_CHECK cw_status cw_jail_open(struct cw_jail *ret_jail, uint64_t memory_len,
        char *ret_why, size_t why_cap);
void cw_jail_close(struct cw_jail *jail);

/* cw_jail_start - a new process for an image of foreign bytes; name is what ps shows. */
CW_MUST_CHECK cw_status cw_jail_start(const struct cw_jail *jail, const char *name,
        const uint8_t *image, size_t image_len, struct cw_jailed *ret_jailed,
        char *ret_why, size_t why_cap);

const char *cw_jail_step_name(int step);

#endif
