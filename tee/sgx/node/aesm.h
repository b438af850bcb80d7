/* SPDX-License-Identifier: MIT */
/*
 * aesm.h - the machine's quoting enclave, through the service that runs it (AESM).
 *
 * What     A Unix socket, one connection per request: length 4 (little-endian), a protobuf
 *          message.  Of these messages only the few fields that are needed are written and read.
 *          The key is the default one of DCAP: ECDSA P-256, of Intel's quoting enclave.
 * Calls    Blocks, some seconds at most.
 * Trust    UNTRUSTED.  What the service answers is foreign.
 * Source   messages.proto of the service; untested against the service itself
 */
#ifndef CW_TEE_SGX_NODE_AESM_H
#define CW_TEE_SGX_NODE_AESM_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "silicon/sgx/arch.h"

#define CW_AESM_SOCKET "/var/run/aesmd/aesm.socket"
#define CW_AESM_WHY_LEN 256u

/* CW_E_ABSENT: nobody answers; CW_E_FORM: it answers in a way that is not known; CW_E_DENIED: it
 * refused. */
CW_MUST_CHECK cw_status cw_aesm_target(const char *path,
        uint8_t ret_target[static SGX_TARGETINFO_LEN], char ret_why[static CW_AESM_WHY_LEN]);

/* ret_quote: free it. */
CW_MUST_CHECK cw_status cw_aesm_quote(const char *path,
        const uint8_t report[static SGX_REPORT_LEN], uint8_t **ret_quote, uint32_t *ret_len,
        char ret_why[static CW_AESM_WHY_LEN]);

#endif
