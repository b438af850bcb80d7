/* SPDX-License-Identifier: MIT */
#include "tee/sgx/owner/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/wire/node.h"
#include "tee/sgx/owner/sign.h"
#include "tee/sgx/owner/stream.h"
#include "tee/sgx/owner/verify.h"

const char *const cw_sgx_statuses[] = {"SWHardeningNeeded", "ConfigurationNeeded",
        "ConfigurationAndSWHardeningNeeded", "OutOfDate", "OutOfDateConfigurationNeeded", NULL};

/* All that one verdict is made of. */
struct asking {
    struct cw_quote proof;
    struct cw_dcap_collateral *collateral;
    struct cw_dcap_policy policy;
    uint8_t signer[SGX_HASH_LEN];
    uint8_t report_data[SGX_REPORTDATA_LEN];
};

static void put_hex(const uint8_t *bytes, size_t len, char *ret_text)
{
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(ret_text + 2 * i, 3, "%02x", bytes[i]);
    }
}

static cw_status refuse(struct cw_owner_verdict *ret_verdict, const char *text)
{
    ret_verdict->genuine = false;
    (void)snprintf(ret_verdict->text, sizeof ret_verdict->text, "sgx: %.600s", text);
    return CW_E_AUTH;
}

/* The quoting enclave's vendor, as it says: a claim, which is not believed before it is proved. */
static bool claims_emulated(const struct cw_quote *proof)
{
    static const uint8_t vendor[SGX_QUOTE_VENDOR_LEN] = SGX_QUOTE_VENDOR_EMULATED;
    return proof->quote_len >= SGX_QUOTE_VENDOR + SGX_QUOTE_VENDOR_LEN &&
            memcmp(proof->quote + SGX_QUOTE_VENDOR, vendor, sizeof vendor) == 0;
}

static cw_status read_collateral(const struct cw_owner_node *node, struct asking *a,
        char why[static CW_DCAP_WHY_CAP])
{
    if (node->collateral != NULL) {
        return cw_dcap_collateral_read(node->collateral, &a->collateral, why);
    }
    if (a->proof.collateral_len == 0) {
        (void)snprintf(why, CW_DCAP_WHY_CAP,
                "its node brings no collateral (certificates and lists that verify the quote): "
                "write \"collateral\": \"FOLDER\" into the descriptor's node");
        return CW_E_ABSENT;
    }
    return cw_dcap_collateral_json(a->proof.collateral, a->proof.collateral_len, &a->collateral,
            why);
}

static void set_policy(const struct cw_owner_node *node, const struct cw_owner_built *built,
        const uint8_t *report, struct asking *a)
{
    const uint8_t *sigstruct = built->image;
    memcpy(a->report_data, report, 32);
    cw_sigstruct_signer(sigstruct, a->signer);
    a->policy = (struct cw_dcap_policy){
            .min_evaluation_number = node->min_evaluation,
            .mrenclave = built->measurement,
            .mrsigner = a->signer,
            .has_prodid = true,
            .prodid = cw_sgxs_u16(sigstruct + SGX_SIG_ISVPRODID),
            .min_svn = cw_sgxs_u16(sigstruct + SGX_SIG_ISVSVN),
            .report_data = a->report_data,
            .xfrm_allowed = cw_sgxs_u64(sigstruct + SGX_SIG_ATTRIBUTES + 8),
    };
    for (size_t i = 0; node->allow_status != NULL && node->allow_status[i] != NULL; i++) {
        cw_dcap_status status;
        if (cw_dcap_status_parse(node->allow_status[i], &status)) {
            a->policy.allowed_statuses |= CW_DCAP_STATUS_BIT(status);
        }
    }
    if (claims_emulated(&a->proof)) {
        a->policy.allow_emulated = true; /* the descriptor's policy has the last word */
        a->policy.root_key_hash = node->platform;
    } else {
        a->policy.ppid_hash = node->platform;
    }
}

static void tell(const struct cw_dcap_verdict *v, const struct cw_quote *proof,
        struct cw_owner_verdict *ret_verdict)
{
    const bool is_emulated = claims_emulated(proof) || v->emulated;
    *ret_verdict = (struct cw_owner_verdict){
            .genuine = v->accepted,
            /* What is emulated is shown and judged as such; deploy holds it against the policy. */
            .is_protected = v->is_protected || v->emulated,
            .emulated = is_emulated,
    };
    put_hex(v->report.mrsigner, SGX_HASH_LEN, ret_verdict->signer);
    (void)snprintf(ret_verdict->tcb, sizeof ret_verdict->tcb, "%s", cw_dcap_status_name(v->status));
    if (v->has_platform) {
        put_hex(is_emulated ? v->root_key_hash : v->platform.ppid_hash, CW_PLATFORM_ID_LEN,
                ret_verdict->platform);
    }
    if (!v->accepted) {
        (void)snprintf(ret_verdict->text, sizeof ret_verdict->text, "sgx: %s: %.280s; %.280s",
                cw_dcap_step_name(v->failed), v->reason, v->remedy);
    } else if (is_emulated) {
        (void)snprintf(ret_verdict->text, sizeof ret_verdict->text,
                "sgx: genuine enclave on an emulated CPU, platform %.16s (emulated)",
                ret_verdict->platform);
    } else {
        (void)snprintf(ret_verdict->text, sizeof ret_verdict->text,
                "sgx: genuine enclave on hardware, platform %.16s, TCB %s", ret_verdict->platform,
                ret_verdict->tcb);
    }
}

cw_status cw_sgx_verify_at(int64_t time, const struct cw_owner_node *node,
        const struct cw_owner_built *built, const uint8_t report[static 32], const uint8_t *proof,
        size_t proof_len, struct cw_owner_verdict *ret_verdict)
{
    struct asking a = {0};
    char why[CW_DCAP_WHY_CAP] = "";
    *ret_verdict = (struct cw_owner_verdict){0};
    struct cw_reader reader = cw_reader_over(proof, proof_len);
    cw_quote_get(&reader, &a.proof);
    if (cw_reader_finish(&reader) != CW_OK || built->image_len < SGX_SIGSTRUCT_LEN) {
        return refuse(ret_verdict, "this is not a quote with its collateral");
    }
    if (claims_emulated(&a.proof) && node->platform == NULL) {
        ret_verdict->emulated = true;
        return refuse(ret_verdict,
                "its CPU is emulated, and the descriptor names none to believe: write "
                "\"platform\": \"ID\" into its node (`causeway nodes --json` has what the node "
                "says; ask its operator)");
    }
    if (read_collateral(node, &a, why) != CW_OK) {
        return refuse(ret_verdict, why);
    }
    set_policy(node, built, report, &a);
    struct cw_dcap_verdict *verdict = calloc(1, sizeof *verdict);
    cw_status status = CW_E_SYSTEM;
    if (verdict != NULL) {
        status = cw_dcap_verify(a.proof.quote, a.proof.quote_len, a.collateral, time, &a.policy,
                verdict);
        tell(verdict, &a.proof, ret_verdict);
    } else {
        (void)refuse(ret_verdict, "no memory");
    }
    free(verdict);
    cw_dcap_collateral_free(a.collateral);
    return status == CW_OK ? CW_OK : CW_E_AUTH;
}

cw_status cw_sgx_verify(const struct cw_owner_node *node, const struct cw_owner_built *built,
        const uint8_t nonce[static CW_NONCE_LEN], const uint8_t life[static 32],
        const uint8_t *report, const uint8_t *proof, size_t proof_len,
        struct cw_owner_verdict *ret_verdict)
{
    (void)nonce; /* both are bound into report */
    (void)life;
    return cw_sgx_verify_at((int64_t)time(NULL), node, built, report, proof, proof_len,
            ret_verdict);
}
