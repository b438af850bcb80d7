/* SPDX-License-Identifier: MIT */
/*
 * qe_state.h - what the files of the emulated platform share; private to silicon/sgx/qe*.c.
 *
 * Trust    SILICON.
 */
#ifndef CW_SILICON_SGX_QE_STATE_H
#define CW_SILICON_SGX_QE_STATE_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "silicon/sgx/qe.h"

/* Keys on P-256; the first four have a certificate. */
typedef enum cw_qe_key {
    CW_QE_PCK = 0,     /* of this platform: signs the quoting enclave's report */
    CW_QE_PLATFORM_CA, /* issues PCK                                           */
    CW_QE_ROOT_CA,     /* issues PLATFORM_CA and TCB_SIGNING                   */
    CW_QE_TCB_SIGNING, /* signs TCB info and QE identity                       */
    CW_QE_ATTESTATION, /* signs quotes                                         */
    CW_QE_KEY_COUNT,
} cw_qe_key;
#define CW_QE_CERTIFICATE_COUNT 4u

struct cw_qe {
    struct cw_sgx_fuses fuses;
    EVP_PKEY *keys[CW_QE_KEY_COUNT];
    X509 *certificates[CW_QE_CERTIFICATE_COUNT];
    char *pem[CW_QE_CERTIFICATE_COUNT];
    uint8_t platform[CW_QE_PLATFORM_LEN];
};

/* What this platform says of itself in certificates, TCB info and QE identity. */
#define CW_QE_ISVPRODID 1u
#define CW_QE_ISVSVN 1u
#define CW_QE_PCESVN 1u
#define CW_QE_ATTRIBUTES (SGX_ATTR_INIT | SGX_ATTR_MODE64BIT | SGX_ATTR_PROVISIONKEY)
#define CW_QE_XFRM SGX_XFRM_LEGACY
#define CW_QE_RAW_SIGNATURE_LEN 64u /* r, s: big-endian */
extern const uint8_t cw_qe_fmspc[6];
extern const uint8_t cw_qe_pceid[2];

/* cw_qe_mrsigner - of the quoting enclave, which no one signed: a hash of what it is. */
void cw_qe_mrsigner(uint8_t ret_hash[static SGX_HASH_LEN]);

/* cw_qe_derive - 32 bytes of the root for a purpose. */
CW_MUST_CHECK cw_status cw_qe_derive(const struct cw_qe *qe, const char *purpose,
        uint8_t ret_bytes[static 32]);

/* cw_qe_sign - ECDSA with SHA-256. */
CW_MUST_CHECK cw_status cw_qe_sign(const struct cw_qe *qe, cw_qe_key key, const void *bytes,
        size_t len, uint8_t ret_signature[static CW_QE_RAW_SIGNATURE_LEN]);

/* cw_qe_issue - the certificates of all keys, and no file; CW_E_SYSTEM: nothing was logged. */
CW_MUST_CHECK cw_status cw_qe_issue(struct cw_qe *qe);

/* cw_qe_crl - an empty list of an authority, DER; the caller frees it by OPENSSL_free. */
CW_MUST_CHECK cw_status cw_qe_crl(const struct cw_qe *qe, cw_qe_key authority, int64_t from,
        int64_t until, uint8_t **ret_der, size_t *ret_len);

#endif
