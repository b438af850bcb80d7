/* SPDX-License-Identifier: MIT */
/*
 * chain.c - certificates and revocation lists, as a quote and its collateral carry them.
 *
 * Input    a byte: 0 PEM as in a quote, 1 PEM as in a file, 2 one certificate or list in DER, 3 the
 *          PCK extension; then that.
 * Holds    what is accepted is the one encoding of itself, and every question that is asked of it
 *          has an answer.
 * Plant    tee/sgx/owner/der.c s/len > d->left_len - head_len/len > d->left_len + 4096/
 */
#include "fuzz/input.h"
#include "tee/sgx/owner/chain.h"
#include "tee/sgx/owner/text.h"

static void ask_certificate(X509 *certificate, const uint8_t *der, size_t len)
{
    struct cw_chain_pck pck;
    unsigned char *encoded = NULL;
    uint8_t hash[32];
    char name[64];
    int64_t from;
    int64_t until;
    int encoded_len = i2d_X509(certificate, &encoded);
    FUZZ_HOLDS(encoded_len > 0 && (size_t)encoded_len == len && memcmp(encoded, der, len) == 0);
    OPENSSL_free(encoded);
    FUZZ_HOLDS(cw_chain_key_hash(certificate, hash));
    cw_chain_common_name(certificate, name, sizeof name);
    FUZZ_HOLDS(strnlen(name, sizeof name) < sizeof name);
    (void)cw_chain_window(certificate, &from, &until);
    bool has_extension = cw_chain_pck_read(certificate, &pck);
    FUZZ_HOLDS(!has_extension || cw_chain_role_of(certificate) != CW_CHAIN_TCB_SIGNER);
    (void)cw_chain_issued(certificate, certificate);
}

static void ask(const uint8_t *der, size_t len)
{
    X509 *certificate = cw_chain_certificate(der, len);
    X509_CRL *list = cw_chain_list(der, len);
    int64_t from;
    int64_t until;
    FUZZ_HOLDS(certificate == NULL || list == NULL);
    if (certificate != NULL) {
        ask_certificate(certificate, der, len);
    }
    if (list != NULL) {
        (void)cw_chain_window_list(list, &from, &until);
    }
    X509_free(certificate);
    X509_CRL_free(list);
}

static void read_pem(const uint8_t *bytes, size_t len, bool is_strict)
{
    struct cw_text_pem pem = {(const char *)bytes, len, is_strict};
    cw_text_label label;
    uint8_t *der;
    size_t der_len;
    size_t before = len;
    while (cw_text_pem_next(&pem, &label, &der, &der_len) == CW_OK) {
        FUZZ_HOLDS(pem.left_len < before && pem.next + pem.left_len == (const char *)bytes + len);
        FUZZ_HOLDS(der_len > 0 && der_len <= before - pem.left_len);
        before = pem.left_len;
        uint8_t *own = malloc(der_len);
        FUZZ_HOLDS(own != NULL);
        memcpy(own, der, der_len);
        ask(own, der_len);
        free(own);
        free(der);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len)
{
    struct fuzz_input in = {input, input_len};
    struct cw_chain_pck pck;
    struct cw_chain_pck before;
    size_t len;
    uint8_t kind = fuzz_u8(&in) % 4;
    uint8_t *bytes = fuzz_own(&in, SIZE_MAX, &len);
    if (kind <= 1) {
        read_pem(bytes, len, kind == 0);
    } else if (kind == 2) {
        ask(bytes, len);
    } else {
        memset(&pck, 0x5a, sizeof pck);
        before = pck;
        FUZZ_HOLDS(cw_chain_pck_decode(bytes, len, &pck) ||
                memcmp(&pck, &before, sizeof pck) == 0);
    }
    free(bytes);
    return 0;
}
