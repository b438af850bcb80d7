/* SPDX-License-Identifier: MIT */
/*
 * Evidence of a Sancus module: MAC(K_att, N_o, life), K_att = KDF(K_SM, "cw1.att").  Whoever
 * knows the node's key or the vendor's can make it, nobody else; and it says nothing about what
 * kind of chip computes it, so a board in software is always reported as such.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/crypto/spongent.h"
#include "core/wire/attest.h"
#include "tee/sancus/owner/measure.h"

static uint8_t freshness_of(const struct cw_owner_node *node)
{
    return node->chip != NULL && strcmp(node->chip, "exact") == 0 ? CW_FRESH_NONE : CW_FRESH_RANDOM;
}

static bool is_authentic(const struct cw_owner_built *built,
        const uint8_t nonce[static CW_NONCE_LEN], const uint8_t life[static CW_EVIDENCE_LEN],
        const uint8_t proof[static CW_TAG_LEN])
{
    static const uint8_t label[8] = "cw1.att";
    uint8_t key[CW_KEY_LEN];
    uint8_t message[CW_NONCE_LEN + CW_EVIDENCE_LEN];
    uint8_t tag[CW_TAG_LEN];
    cw_spongent_mac(built->root_key, label, sizeof label, key);
    cw_bytes_copy(message, nonce, CW_NONCE_LEN);
    cw_bytes_copy(message + CW_NONCE_LEN, life, CW_EVIDENCE_LEN);
    cw_spongent_mac(key, message, sizeof message, tag);
    bool same = cw_bytes_equal(tag, proof, CW_TAG_LEN);
    cw_bytes_wipe(key, sizeof key);
    cw_bytes_wipe(tag, sizeof tag);
    return same;
}

cw_status cw_sancus_verify(const struct cw_owner_node *node, const struct cw_owner_built *built,
        const uint8_t nonce[static CW_NONCE_LEN], const uint8_t life[static 32],
        const uint8_t *report, const uint8_t *proof, size_t proof_len,
        struct cw_owner_verdict *ret_verdict)
{
    (void)report;
    *ret_verdict = (struct cw_owner_verdict){.emulated = true};
    struct cw_evidence evidence;
    const char *text = NULL;
    if (cw_evidence_decode(life, &evidence) != CW_OK || proof_len != CW_TAG_LEN) {
        text = "sancus: this is not evidence of a Sancus module";
    } else if (!is_authentic(built, nonce, life, proof)) {
        text = "sancus: wrong tag: another module, another place, another vendor key or node key, "
               "or an old answer";
    } else if (evidence.kind != freshness_of(node)) {
        text = evidence.kind == CW_FRESH_NONE
                ? "sancus: genuine, but it draws no fresh start; the descriptor expects a chip "
                  "with a random source"
                : "sancus: genuine, but its freshness is not what the descriptor's chip has";
    }
    if (text != NULL) {
        (void)snprintf(ret_verdict->text, sizeof ret_verdict->text, "%s", text);
        return CW_E_AUTH;
    }
    ret_verdict->genuine = true;
    ret_verdict->is_protected = true;
    (void)snprintf(ret_verdict->text, sizeof ret_verdict->text,
            "sancus: genuine module on a chip that holds this node's key (emulated)%s",
            evidence.kind == CW_FRESH_NONE ? "; freshness none: its past can be replayed to it" : "");
    return CW_OK;
}
