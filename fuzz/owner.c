/* SPDX-License-Identifier: MIT */
/*
 * owner.c - what a node and a module answer to their owner.
 *
 * Input    which 1; 0, 1: a node's bytes, as answers to three requests; 2, 3: flags 1, then
 *          EVIDENCE, OPENED or an answer, as it is or (flag 1) under the session's keys.
 * Holds    an answer is believed only when it is the one to the last question; text for people is
 *          printable.
 * Plant    deploy/manager.c s/len < CW_MANAGE_HEADER_LEN + 2 + CW_TAG_LEN/len < 4/
 */
#include "core/crypto/suite.h"
#include "deploy/manager.h"
#include "deploy/nodeclient.h"
#include "fuzz/input.h"
#include "posix/log.h"

/* --- in place of a connection: posix/tls_client.c is not linked --------------------------------------- */

static struct fuzz_input wire;

cw_status cw_tls_client_connect(struct cw_tls_identity *identity, const char *address,
        const char *fingerprint, uint32_t timeout_ms, struct cw_tls_client **ret_client,
        char ret_why[static CW_TLS_WHY_CAP])
{
    (void)identity;
    (void)address;
    (void)fingerprint;
    (void)timeout_ms;
    *ret_client = NULL;
    ret_why[0] = 0;
    return CW_OK;
}

const char *cw_tls_client_peer(const struct cw_tls_client *client)
{
    (void)client;
    return "";
}

cw_status cw_tls_client_send(struct cw_tls_client *client, const uint8_t *bytes, size_t len)
{
    (void)client;
    (void)bytes;
    (void)len;
    return CW_OK;
}

cw_status cw_tls_client_receive(struct cw_tls_client *client, uint8_t *ret_bytes, size_t len)
{
    (void)client;
    if (wire.left_len < len) {
        return CW_E_SYSTEM;
    }
    fuzz_bytes(&wire, ret_bytes, len);
    return CW_OK;
}

void cw_tls_client_patience(struct cw_tls_client *client, uint32_t timeout_ms)
{
    (void)client;
    (void)timeout_ms;
}

void cw_tls_client_close(struct cw_tls_client *client)
{
    (void)client;
}

static void node(struct fuzz_input *in)
{
    static const uint8_t types[] = {CW_NODE_HELLO, CW_NODE_ENTER, CW_NODE_STATUS};
    char why[CW_TLS_WHY_CAP];
    struct cw_nodeclient *client;
    wire = *in;
    FUZZ_HOLDS(cw_nodeclient_connect(NULL, "n", "", NULL, 0, &client, why) == CW_OK);
    for (size_t i = 0; i < sizeof types; i++) {
        FUZZ_HOLDS(cw_nodeclient_post(client, types[i], types, i) == CW_OK);
    }
    struct cw_node_answer answer;
    cw_status status = CW_OK;
    for (size_t i = 0; status == CW_OK && i < sizeof types; i++) {
        status = cw_nodeclient_take(client, &answer);
        if (status == CW_OK) {
            char text[80];
            uint32_t sum = 0;
            for (size_t n = 0; n < answer.len; n++) {
                sum += answer.bytes[n];
            }
            cw_nodeclient_text(&answer, text, sizeof text);
            FUZZ_HOLDS(strlen(text) < sizeof text && sum <= 255u * answer.len);
            for (const char *c = text; *c != 0; c++) {
                FUZZ_HOLDS((uint8_t)*c >= ' ' && *c != 0x7f);
            }
        }
    }
    cw_nodeclient_close(client);
}

/* --- a module's answers ------------------------------------------------------------------------------- */

static void module(struct fuzz_input *in, bool dh)
{
    static const uint8_t nonce[CW_NONCE_LEN] = {9};
    static const uint8_t deployment[CW_DEPLOYMENT_LEN] = {1, 2, 3};
    static const uint8_t secret[CW_DH_LEN] = {7, 7};
    uint8_t message[CW_MANAGER_MESSAGE_MAX];
    struct cw_manager m;
    uint8_t report[32];
    const uint8_t *proof;
    size_t proof_len;
    size_t len;
    bool is_sealed = fuzz_u8(in) % 2 != 0;
    cw_manager_begin(&m, dh, nonce, message);
    uint8_t *bytes = fuzz_own(in, fuzz_u8(in), &len);
    cw_status status = cw_manager_evidence(&m, bytes, len, report, &proof, &proof_len);
    FUZZ_HOLDS(status != CW_OK || (proof >= bytes && proof + proof_len <= bytes + len));
    if (status == CW_OK) {
        status = cw_manager_open(&m, m.evidence.session + 1, deployment, 7, dh ? NULL : secret,
                dh ? secret : NULL, dh ? secret : NULL, message, &proof_len);
    }
    free(bytes);
    if (status != CW_OK) {
        cw_manager_end(&m);
        return;
    }
    uint8_t cipher = dh ? CW_CIPHER_AES : CW_CIPHER_SPONGENT;
    bytes = fuzz_own(in, CW_OPENED_LEN, &len);
    if (is_sealed && len == CW_OPENED_LEN) {
        cw_suite_seal(cipher, m.key_open, bytes, CW_MANAGE_HEADER_LEN, NULL, 0,
                bytes + CW_MANAGE_HEADER_LEN);
    }
    status = cw_manager_opened(&m, bytes, len);
    FUZZ_HOLDS(m.is_open == (status == CW_OK));
    free(bytes);
    if (status == CW_OK) {
        struct cw_answer answer;
        uint32_t index = 0;
        FUZZ_HOLDS(cw_manager_command(&m, CW_MANAGE_QUERY, &index, sizeof index, message, &len) ==
                CW_OK);
        bytes = fuzz_own(in, 256, &len);
        if (is_sealed && len >= CW_MANAGE_HEADER_LEN + 2 + CW_TAG_LEN && len % 2 == 0) {
            size_t body_len = len - CW_MANAGE_HEADER_LEN - CW_TAG_LEN;
            uint8_t *body = bytes + CW_MANAGE_HEADER_LEN;
            cw_suite_seal(cipher, m.key_out, bytes, CW_MANAGE_HEADER_LEN, body, body_len,
                    body + body_len);
        }
        if (cw_manager_answer(&m, CW_MANAGE_QUERY, bytes, len, &answer) == CW_OK) {
            FUZZ_HOLDS(is_sealed && answer.status <= CW_E_SYSTEM);
        }
        free(bytes);
    }
    cw_manager_end(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    struct fuzz_input in = {input, input_len};
    uint8_t which = fuzz_u8(&in) % 4;
    if (which < 2) {
        node(&in);
    } else {
        module(&in, which == 3);
    }
    return 0;
}
