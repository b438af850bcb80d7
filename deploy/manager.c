/* SPDX-License-Identifier: MIT */
#include "deploy/manager.h"

#include <string.h>

#include "core/base/bytes.h"
#include "core/crypto/dh.h"
#include "core/crypto/hash.h"
#include "core/crypto/kdf.h"
#include "core/crypto/suite.h"
#include "core/module/module.h"

static uint8_t cipher_of(const struct cw_manager *s)
{
    return s->dh ? CW_CIPHER_AES : CW_CIPHER_SPONGENT;
}

void cw_manager_begin(struct cw_manager *s, bool dh, const uint8_t nonce[static CW_NONCE_LEN],
        uint8_t ret_message[static CW_ATTEST_LEN])
{
    *s = (struct cw_manager){.dh = dh};
    memcpy(s->nonce, nonce, CW_NONCE_LEN);
    cw_attest_encode(nonce, ret_message);
}

cw_status cw_manager_evidence(struct cw_manager *s, const uint8_t *bytes, size_t len,
        uint8_t ret_report[static 32], const uint8_t **ret_proof, size_t *ret_proof_len)
{
    const size_t share_len = s->dh ? CW_DH_LEN : 0;
    if (len < CW_EVIDENCE_LEN + share_len) {
        return CW_E_SHORT;
    }
    cw_status status = cw_evidence_decode(bytes, &s->evidence);
    if (status != CW_OK) {
        return status;
    }
    memcpy(s->life, bytes, CW_EVIDENCE_LEN);
    memcpy(s->share, bytes + CW_EVIDENCE_LEN, share_len);
    memset(ret_report, 0, 32);
    if (s->dh) {
        struct cw_sha256 hash;
        cw_sha256_init(&hash);
        cw_sha256_update(&hash, "cw1.att", 8);
        cw_sha256_update(&hash, s->nonce, sizeof s->nonce);
        cw_sha256_update(&hash, s->life, sizeof s->life);
        cw_sha256_update(&hash, s->share, sizeof s->share);
        cw_sha256_out(&hash, ret_report);
    }
    *ret_proof = bytes + CW_EVIDENCE_LEN + share_len;
    *ret_proof_len = len - CW_EVIDENCE_LEN - share_len;
    return CW_OK;
}

/* K_mgt of a chip's module: KDF(K_SM, "cw1.mgt" | OPEN without tag | S). */
static void master_by_chip(const struct cw_manager *s, const uint8_t open[static CW_OPEN_LEN],
        const uint8_t root_key[static CW_KEY_LEN], uint8_t ret_master[static CW_KEY_LEN])
{
    uint8_t context[8 + CW_OPEN_LEN + CW_START_LEN] = "cw1.mgt";
    memcpy(context + 8, open, CW_OPEN_LEN);
    memcpy(context + 8 + CW_OPEN_LEN, s->evidence.start, CW_START_LEN);
    cw_suite_derive(CW_CIPHER_SPONGENT, root_key, context, sizeof context, ret_master);
}

/* K_mgt by agreement; message is OPEN with the share, without the tag. */
static cw_status master_by_agreement(const struct cw_manager *s,
        const uint8_t owner_secret[static CW_DH_LEN], const uint8_t share_secret[static CW_DH_LEN],
        const uint8_t *message, size_t len, uint8_t ret_master[static CW_KEY_LEN])
{
    uint8_t input[2 * CW_DH_LEN];
    uint8_t attest[CW_ATTEST_LEN];
    uint8_t transcript[CW_SHA256_LEN];
    uint8_t extracted[CW_SHA256_LEN];
    if (!cw_x25519(share_secret, s->share, input) ||
            !cw_x25519(owner_secret, s->share, input + CW_DH_LEN)) {
        return CW_E_AUTH;
    }
    cw_attest_encode(s->nonce, attest);
    struct cw_sha256 hash;
    cw_sha256_init(&hash);
    cw_sha256_update(&hash, attest, sizeof attest);
    cw_sha256_update(&hash, s->life, sizeof s->life);
    cw_sha256_update(&hash, s->share, sizeof s->share);
    cw_sha256_update(&hash, message, len);
    cw_sha256_out(&hash, transcript);
    cw_hkdf_extract(transcript, sizeof transcript, input, sizeof input, extracted);
    cw_hkdf_expand(extracted, (const uint8_t *)"cw1.mgt", 8,
            ret_master, CW_KEY_LEN);
    cw_bytes_wipe(input, sizeof input);
    cw_bytes_wipe(extracted, sizeof extracted);
    return CW_OK;
}

cw_status cw_manager_open(struct cw_manager *s, uint32_t number,
        const uint8_t deployment[static CW_DEPLOYMENT_LEN], uint32_t module,
        const uint8_t *root_key, const uint8_t *owner_secret, const uint8_t *share_secret,
        uint8_t ret_message[static CW_MANAGER_MESSAGE_MAX], size_t *ret_len)
{
    s->number = number;
    s->seq = 0;
    s->is_open = false;
    struct cw_open open = {
            .header = cw_manage_header(CW_MANAGE_OPEN, number, 0),
            .module = module,
    };
    memcpy(open.nonce, s->nonce, sizeof open.nonce);
    memcpy(open.deployment, deployment, sizeof open.deployment);
    memcpy(ret_message, &open, CW_OPEN_LEN);
    size_t len = CW_OPEN_LEN;
    uint8_t master[CW_KEY_LEN];
    cw_status status = CW_OK;
    if (s->dh) {
        cw_x25519_public(share_secret, ret_message + len);
        len += CW_DH_LEN;
        status = master_by_agreement(s, owner_secret, share_secret, ret_message, len, master);
    } else {
        master_by_chip(s, ret_message, root_key, master);
    }
    if (status == CW_OK) {
        const uint8_t cipher = cipher_of(s);
        cw_module_session_key(cipher, master, "cw1.opn", s->key_open);
        cw_module_session_key(cipher, master, "cw1.in\0", s->key_in);
        cw_module_session_key(cipher, master, "cw1.out", s->key_out);
        cw_suite_seal(cipher, s->key_open, ret_message, CW_MANAGE_HEADER_LEN, NULL, 0,
                ret_message + len);
        *ret_len = len + CW_TAG_LEN;
    }
    cw_bytes_wipe(master, sizeof master);
    return status;
}

cw_status cw_manager_opened(struct cw_manager *s, const uint8_t *bytes, size_t len)
{
    if (len != CW_OPENED_LEN) {
        return CW_E_SHORT;
    }
    uint8_t tag[CW_TAG_LEN];
    cw_suite_seal(cipher_of(s), s->key_open, bytes, CW_MANAGE_HEADER_LEN, NULL, 0, tag);
    if (!cw_bytes_equal(tag, bytes + CW_MANAGE_HEADER_LEN, sizeof tag)) {
        return CW_E_AUTH;
    }
    struct cw_manage_header header;
    cw_status status = cw_manage_header_decode(bytes, len, &header);
    if (status != CW_OK) {
        return status;
    }
    if (header.type != (CW_MANAGE_OPEN | CW_MANAGE_ANSWER) || header.session != s->number ||
            header.seq != 0) {
        return CW_E_FORM;
    }
    s->is_open = true;
    return CW_OK;
}

cw_status cw_manager_command(struct cw_manager *s, uint8_t type, const void *body,
        size_t body_len, uint8_t ret_message[static CW_MANAGER_MESSAGE_MAX], size_t *ret_len)
{
    if (!s->is_open || s->seq == UINT32_MAX) {
        return CW_E_STATE;
    }
    if (body_len > CW_CONFIG_HEADER_LEN + CW_CONFIG_MAX) {
        return CW_E_SPACE;
    }
    const struct cw_manage_header header = cw_manage_header(type, s->number, ++s->seq);
    memcpy(ret_message, &header, CW_MANAGE_HEADER_LEN);
    uint8_t *sealed = ret_message + CW_MANAGE_HEADER_LEN;
    memcpy(sealed, body, body_len);
    cw_suite_seal(cipher_of(s), s->key_in, ret_message, CW_MANAGE_HEADER_LEN, sealed, body_len,
            sealed + body_len);
    *ret_len = CW_MANAGE_HEADER_LEN + body_len + CW_TAG_LEN;
    return CW_OK;
}

cw_status cw_manager_answer(struct cw_manager *s, uint8_t type, uint8_t *bytes, size_t len,
        struct cw_answer *ret_answer)
{
    if (len < CW_MANAGE_HEADER_LEN + 2 + CW_TAG_LEN || len % 2 != 0) {
        return CW_E_SHORT;
    }
    struct cw_manage_header header;
    cw_status status = cw_manage_header_decode(bytes, len, &header);
    if (status != CW_OK) {
        return status;
    }
    if (header.type != (type | CW_MANAGE_ANSWER) || header.session != s->number ||
            header.seq != s->seq) {
        return CW_E_REPLAY;
    }
    uint8_t *body = bytes + CW_MANAGE_HEADER_LEN;
    const size_t body_len = len - CW_MANAGE_HEADER_LEN - CW_TAG_LEN;
    if (!cw_suite_open(cipher_of(s), s->key_out, bytes, CW_MANAGE_HEADER_LEN, body, body_len,
                body + body_len)) {
        return CW_E_AUTH;
    }
    return cw_answer_decode(body, body_len, ret_answer);
}

void cw_manager_end(struct cw_manager *s)
{
    cw_bytes_wipe(s, sizeof *s);
}

void cw_setconn_bytes(const struct cw_setconn *setconn, uint8_t ret_bytes[static CW_SETCONN_LEN])
{
    memcpy(ret_bytes, setconn, CW_SETCONN_LEN);
}
