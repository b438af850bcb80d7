/* SPDX-License-Identifier: MIT */
/*
 * supervisor.h - one host's connection: the enclave's life from LOAD to its end.
 *
 * What     A process of its own for each connection serves it, so that a host that stalls, or an
 *          image that takes long, keeps nobody else waiting.  It ends when the host hangs up, and
 *          the enclave's process ends with it.
 * Trust    SILICON.  The host and the enclave are both foreign, to us and to each other.
 */
#ifndef CW_SILICON_SGX_SUPERVISOR_H
#define CW_SILICON_SGX_SUPERVISOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/status.h"
#include "silicon/sgx/port.h"
#include "silicon/sgx/qe.h"

#define CW_SUPERVISOR_SLOTS 256u

/* What all connections share: memory of all their processes. */
struct cw_epc {
    uint64_t total;                               /* bytes */
    _Atomic uint64_t used;                        /* bytes */
    _Atomic uint64_t by_slot[CW_SUPERVISOR_SLOTS]; /* of it */
};

struct cw_platform {
    const struct cw_sgx_fuses *fuses;
    const struct cw_qe *qe; /* NULL: no quotes */
    int jail;               /* descriptor of its program */
    bool traced;
    bool allow_mixed;
    bool bases_by_call; /* see cell.h */
    uid_t first_user; /* enclaves run as first_user + slot; 0: as this process */
    struct cw_epc *epc;
};

/* cw_supervisor_serve - until the connection ends.  host: SOCK_SEQPACKET, not blocking. */
void cw_supervisor_serve(const struct cw_platform *platform, int host, unsigned slot);

/* cw_epc_take - false: there is no room.  cw_epc_set - give back, or correct to what it is. */
bool cw_epc_take(struct cw_epc *epc, unsigned slot, uint64_t len);
void cw_epc_set(struct cw_epc *epc, unsigned slot, uint64_t len);

#endif
