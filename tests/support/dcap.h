/* SPDX-License-Identifier: MIT */
/*
 * dcap.h - a vendor of SGX platforms for tests: its certificates, collateral, and quotes.
 *
 * What     Makes from a recipe all that a verifier needs: root, intermediate, PCK certificate with
 *          its extension, TCB signer, revocation lists, TCB info, QE identity, and a quote.  Keys
 *          are made once per process; a flaw spoils one thing, everything around it is right.
 * Trust    Test code.  Aborts where OpenSSL fails.
 */
#ifndef CW_TESTS_SUPPORT_DCAP_H
#define CW_TESTS_SUPPORT_DCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "silicon/sgx/arch.h"

/* One thing that is wrong. */
typedef enum dcap_flaw {
    DCAP_FLAW_NONE = 0,
    DCAP_LEAF_BY_ANOTHER_KEY, /* certificates */
    DCAP_LEAF_IS_AUTHORITY,
    DCAP_LEAF_WITHOUT_EXTENSION,
    DCAP_LEAF_EXTENSION_SHORT,
    DCAP_LEAF_WITHOUT_USAGE,
    DCAP_LEAF_ON_ANOTHER_CURVE,
    DCAP_LEAF_HAS_CRITICAL_EXTENSION,
    DCAP_LEAF_EXPIRED,
    DCAP_LEAF_NOT_YET,
    DCAP_INTERMEDIATE_NO_AUTHORITY,
    DCAP_INTERMEDIATE_BY_ANOTHER_KEY,
    DCAP_INTERMEDIATE_EXPIRED,
    DCAP_ROOT_EXPIRED,
    DCAP_SIGNER_BY_ANOTHER_KEY,
    DCAP_SIGNER_BY_INTERMEDIATE,
    DCAP_SIGNER_EXPIRED,
    DCAP_SIGNER_NAMED_OTHERWISE,
    DCAP_SIGNER_MISSING,
    DCAP_PCK_LIST_BY_ANOTHER_KEY, /* revocation lists */
    DCAP_PCK_LIST_EXPIRED,
    DCAP_PCK_LIST_NOT_YET,
    DCAP_PCK_LIST_MISSING,
    DCAP_PCK_LIST_NAMES_LEAF,
    DCAP_ROOT_LIST_BY_ANOTHER_KEY,
    DCAP_ROOT_LIST_EXPIRED,
    DCAP_ROOT_LIST_MISSING,
    DCAP_ROOT_LIST_NAMES_INTERMEDIATE,
    DCAP_ROOT_LIST_NAMES_SIGNER,
    DCAP_QE_REPORT_BY_ANOTHER_KEY, /* the quote */
    DCAP_QE_REPORT_VOUCHES_FOR_ANOTHER,
    DCAP_QE_REPORT_DATA_HAS_MORE,
    DCAP_QUOTE_BY_ANOTHER_KEY,
    DCAP_KEY_NOT_ON_CURVE,
    DCAP_QE_OF_ANOTHER_SIGNER,
    DCAP_QE_OF_ANOTHER_PRODUCT,
    DCAP_QE_MISCSELECT,
    DCAP_QE_DEBUG,
    DCAP_QE_TOO_OLD,
    DCAP_TCB_INFO_BY_ANOTHER_KEY, /* signed JSON */
    DCAP_TCB_INFO_EXPIRED,
    DCAP_TCB_INFO_NOT_YET,
    DCAP_TCB_INFO_OF_ANOTHER_PLATFORM,
    DCAP_TCB_INFO_OF_ANOTHER_PCE,
    DCAP_TCB_INFO_OF_TDX,
    DCAP_TCB_INFO_UNREACHED,
    DCAP_TCB_INFO_STATUS_UNKNOWN,
    DCAP_TCB_INFO_MISSING,
    DCAP_TCB_INFO_UNSIGNED,
    DCAP_QE_IDENTITY_BY_ANOTHER_KEY,
    DCAP_QE_IDENTITY_EXPIRED,
    DCAP_QE_IDENTITY_OF_ANOTHER_ENCLAVE,
    DCAP_QE_IDENTITY_MISSING,
    DCAP_FLAW_COUNT,
} dcap_flaw;

struct dcap_recipe {
    int64_t now;          /* certificates, lists and signed JSON are of this time */
    unsigned version;     /* of the quote: 3 or 4                                 */
    unsigned tcb_version; /* of TCB info: 2 or 3                                  */
    bool emulated;        /* vendor id                                            */
    const char *tcb_status;
    const char *qe_status;
    unsigned evaluation_number;
    unsigned order[3]; /* of leaf 0, intermediate 1, root 2 in the quote */
    size_t zeros;      /* behind the last PEM block                      */
    unsigned cert_type;
    uint64_t attributes;
    uint64_t xfrm;
    uint8_t report_data[SGX_REPORTDATA_LEN];
    dcap_flaw flaw;
};

struct dcap_made {
    uint8_t *quote;
    size_t quote_len;
    char *collateral; /* one JSON object */
    uint8_t root_hash[32];
    uint8_t mrenclave[SGX_HASH_LEN];
    uint8_t mrsigner[SGX_HASH_LEN];

    /* The same in parts. */
    char *tcb_info; /* signed objects, as the service sends them */
    char *qe_identity;
    char *signer_chain; /* PEM */
    char *pck_chain;    /* PEM: intermediate and root */
    uint8_t *root_list; /* DER; NULL: missing */
    size_t root_list_len;
    uint8_t *pck_list;
    size_t pck_list_len;
};

/* dcap_recipe_good - of version 3, UpToDate, of ISVPRODID 7 and ISVSVN 5. */
struct dcap_recipe dcap_recipe_good(void);

/* What is within and without: see dcap.c. */
#define DCAP_NOW 1750000000           /* of the good recipe: 2025-06-15T15:06:40Z */
#define DCAP_WINDOW_BEGIN (-86400)    /* from now, of lists and signed JSON       */
#define DCAP_WINDOW_END (29 * 86400)
#define DCAP_PRODID 7
#define DCAP_SVN 5

struct dcap_made dcap_make(const struct dcap_recipe *recipe);
void dcap_made_free(struct dcap_made *made);

/* dcap_extension - the PCK extension alone; ret_bytes: at least 1024. */
size_t dcap_extension(const struct dcap_recipe *recipe, uint8_t *ret_bytes);

#endif
