/* SPDX-License-Identifier: MIT */
/*
 * chain.h - certificates and revocation lists of the SGX public key infrastructure.
 *
 * What     X.509 by OpenSSL; what is demanded of it is here: DER alone, P-256 with SHA-256 alone,
 *          the outer algorithm is the signed one, no critical extension that is not understood,
 *          authorities that may sign what they signed.  A chain is found by issuer name and
 *          signature; where a certificate stands in a file says nothing.
 *
 *              root (authority) --> intermediate (authority) --> PCK leaf
 *                               --> TCB signer
 * Trust    OWNER.  Certificates are foreign bytes.
 * Memory   The caller frees what is decoded: X509_free, X509_CRL_free.
 */
#ifndef CW_TEE_SGX_OWNER_CHAIN_H
#define CW_TEE_SGX_OWNER_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

/* cw_chain_certificate - NULL: not exactly one certificate in DER that is acceptable here. */
X509 *cw_chain_certificate(const uint8_t *der, size_t len);

/* cw_chain_list - the same of a revocation list. */
X509_CRL *cw_chain_list(const uint8_t *der, size_t len);

typedef enum cw_chain_role {
    CW_CHAIN_ROOT,
    CW_CHAIN_INTERMEDIATE,
    CW_CHAIN_LEAF,       /* has the PCK extension            */
    CW_CHAIN_TCB_SIGNER, /* has not; "... SGX TCB Signing"   */
    CW_CHAIN_NONE,
} cw_chain_role;

/* cw_chain_role_of - what its names, flags and key usage make of it. */
cw_chain_role cw_chain_role_of(X509 *certificate);

/* cw_chain_issued - did issuer, an authority, sign it?  Names and signature, not times. */
bool cw_chain_issued(X509 *issuer, X509 *certificate);
bool cw_chain_issued_list(X509 *issuer, X509_CRL *list);

/* cw_chain_names_issuer - is issuer's name the one that stands in the list? */
bool cw_chain_names_issuer(X509 *issuer, const X509_CRL *list);

bool cw_chain_is_revoked(X509_CRL *list, X509 *certificate);

/* cw_chain_window - from when to when; false: not to be told. */
bool cw_chain_window(const X509 *certificate, int64_t *ret_from, int64_t *ret_until);
bool cw_chain_window_list(const X509_CRL *list, int64_t *ret_from, int64_t *ret_until);

/* cw_chain_key_hash - SHA-256 of the SubjectPublicKeyInfo. */
bool cw_chain_key_hash(X509 *certificate, uint8_t ret_hash[static 32]);

/* cw_chain_common_name - of the subject; "?" without one; control characters are '?'. */
void cw_chain_common_name(const X509 *certificate, char *ret_name, size_t cap);

/* cw_chain_verify - an ECDSA signature, r and s (64 bytes) or DER, of SHA-256 of the bytes. */
bool cw_chain_verify(EVP_PKEY *key, const void *bytes, size_t len, const uint8_t *signature,
        size_t signature_len);

/* cw_chain_point - the P-256 key with these coordinates, x and y; NULL: not on the curve. */
EVP_PKEY *cw_chain_point(const uint8_t point[static 64]);

/* What the PCK extension holds. */
struct cw_chain_pck {
    uint8_t ppid[16];
    uint8_t components[16];
    uint16_t pcesvn;
    uint8_t cpusvn[16];
    uint8_t pceid[2];
    uint8_t fmspc[6];
    uint32_t type;
};

/* cw_chain_pck_read - false: none, or not what it should be. */
bool cw_chain_pck_read(const X509 *leaf, struct cw_chain_pck *ret_pck);

/* cw_chain_pck_decode - the same of the extension's bytes.  Pure. */
bool cw_chain_pck_decode(const uint8_t *der, size_t len, struct cw_chain_pck *ret_pck);

#endif
