/* SPDX-License-Identifier: MIT */
/*
 * qe.h - one emulated platform: its fuses, its quoting enclave, and the authority that certifies it.
 *
 * What     A folder holds what a chip and its maker hold: `root`, 32 secret bytes from which every
 *          key is derived, and `certificates.pem`, issued once for those keys.  Reports become
 *          quotes (DCAP, version 3); collateral that verifies them is issued on demand.  All of it
 *          says that it is emulated: the vendor id of the quote (SGX_QUOTE_VENDOR_EMULATED), CPUSVN,
 *          the names of all certificates, and the TCB status EMULATED.
 * Trust    SILICON.  Reports are foreign bytes.
 * Memory   The caller frees what open and collateral return.
 * Calls    Once it is open, from any thread.  No clock: time is given.
 * Source   silicon/sgx/README.md; Intel SGX PCK certificate and CRL profile, ECDSA quote library API
 */
#ifndef CW_SILICON_SGX_QE_H
#define CW_SILICON_SGX_QE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "silicon/sgx/cpu.h"

#define CW_QE_QUOTE_MAX 8192u
#define CW_QE_PLATFORM_LEN 32u

struct cw_qe;

/*
 * cw_qe_open - the platform in a folder; made there if there is none.
 *
 * folder  is made with mode 0700 if it is missing
 *
 * CW_E_DENIED  `root` can be read by others; a line with the remedy was logged
 * CW_E_FORM    `root` is not 32 bytes long; logged
 * CW_E_SYSTEM  logged
 */
CW_MUST_CHECK cw_status cw_qe_open(const char *folder, struct cw_qe **ret_qe);
void cw_qe_free(struct cw_qe *qe);

/* cw_qe_fuses - of this platform, report_keyid drawn anew by cw_qe_open.  Lives as long as qe. */
const struct cw_sgx_fuses *cw_qe_fuses(const struct cw_qe *qe);

/* cw_qe_platform - SHA-256 of the root certificate's public key (SubjectPublicKeyInfo, DER). */
const uint8_t *cw_qe_platform(const struct cw_qe *qe);

/* cw_qe_target - TARGETINFO of the quoting enclave: for EREPORT. */
void cw_qe_target(const struct cw_qe *qe, uint8_t ret_target[static SGX_TARGETINFO_LEN]);

/*
 * cw_qe_quote - a quote of a report that this CPU made for the quoting enclave.
 *
 * ret_quote  [CW_QE_QUOTE_MAX] bytes
 *
 * CW_E_AUTH    the report's MAC is not this CPU's, or it was made for another target
 * CW_E_SYSTEM  a signature failed: no memory
 */
CW_MUST_CHECK cw_status cw_qe_quote(const struct cw_qe *qe,
        const uint8_t report[static SGX_REPORT_LEN],
        uint8_t ret_quote[static CW_QE_QUOTE_MAX], size_t *ret_len);

/*
 * cw_qe_collateral - one JSON object with the customary fields (tcb_info, tcb_info_signature,
 * qe_identity, qe_identity_signature, pck_crl, root_ca_crl, tcb_info_issuer_chain,
 * qe_identity_issuer_chain, pck_crl_issuer_chain), issued at a time and valid for 30 days; it is
 * dated an hour back, as clocks differ.
 *
 * now       seconds since 1970
 * ret_json  a string; the caller's to free()
 *
 * CW_E_SYSTEM  a signature failed: no memory
 */
CW_MUST_CHECK cw_status cw_qe_collateral(const struct cw_qe *qe, int64_t now, char **ret_json);

#endif
