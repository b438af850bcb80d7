/* SPDX-License-Identifier: MIT */
#include "deploy/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/crypto/dh.h"
#include "deploy/secret.h"
#include "posix/log.h"

#define PEM_CAP 8192u

cw_status cw_keys_open(struct cw_state *s, struct cw_keys *ret_keys)
{
    struct cw_keys keys = {0};
    size_t len;
    cw_status status =
            cw_state_secret_get(s, "owner/x25519", keys.dh_secret, sizeof keys.dh_secret, &len);
    if (status == CW_E_ABSENT) {
        cw_secret_random(keys.dh_secret, sizeof keys.dh_secret);
        status = cw_state_secret_put(s, "owner/x25519", keys.dh_secret, sizeof keys.dh_secret);
    }
    if (status == CW_OK) {
        cw_x25519_public(keys.dh_secret, keys.dh_public);
        *ret_keys = keys;
    }
    cw_bytes_wipe(&keys, sizeof keys);
    return status;
}

/* Key and certificate are kept as one text: the key's PEM, then the certificate's. */
static cw_status make_identity(struct cw_state *s, char *ret_pem)
{
    char *key;
    char *certificate;
    cw_status status = cw_tls_identity_generate("causeway owner", &key, &certificate);
    if (status != CW_OK) {
        cw_log_error("cannot make a TLS key");
        return status;
    }
    int len = snprintf(ret_pem, PEM_CAP, "%s%s", key, certificate);
    cw_bytes_wipe(key, strlen(key));
    free(key);
    free(certificate);
    if (len < 0 || (size_t)len >= PEM_CAP) {
        return CW_E_SPACE;
    }
    return cw_state_secret_put(s, "owner/tls", ret_pem, (size_t)len + 1);
}

cw_status cw_keys_tls(struct cw_state *s, struct cw_keys *keys)
{
    if (keys->tls != NULL) {
        return CW_OK;
    }
    char pem[PEM_CAP] = "";
    size_t len;
    cw_status status = cw_state_secret_get(s, "owner/tls", (uint8_t *)pem, sizeof pem, &len);
    if (status == CW_E_ABSENT) {
        status = make_identity(s, pem);
    }
    if (status == CW_OK) {
        pem[PEM_CAP - 1] = '\0';
        char *certificate = strstr(pem, "-----BEGIN CERTIFICATE");
        status = certificate == NULL ? CW_E_FORM
                                     : cw_tls_identity_from_pem(pem, certificate, &keys->tls);
        if (status != CW_OK) {
            cw_log_error("%s" CW_AT ": the owner's TLS key does not read", cw_state_folder(s));
        }
    }
    cw_bytes_wipe(pem, sizeof pem);
    return status;
}

void cw_keys_close(struct cw_keys *keys)
{
    if (keys->tls != NULL) {
        cw_tls_identity_free(keys->tls);
    }
    cw_bytes_wipe(keys, sizeof *keys);
}

static void vendor_name(const char *node, char *ret_name, size_t cap)
{
    snprintf(ret_name, cap, "vendor/%s", node);
}

cw_status cw_keys_vendor(struct cw_state *s, const char *node, uint8_t ret_key[static CW_KEY_LEN])
{
    char name[CW_STATE_NAME_CAP + 8];
    size_t len;
    vendor_name(node, name, sizeof name);
    return cw_state_secret_get(s, name, ret_key, CW_KEY_LEN, &len);
}

cw_status cw_keys_vendor_put(struct cw_state *s, const char *node,
        const uint8_t key[static CW_KEY_LEN])
{
    char name[CW_STATE_NAME_CAP + 8];
    vendor_name(node, name, sizeof name);
    return cw_state_secret_put(s, name, key, CW_KEY_LEN);
}

cw_status cw_keys_tee(struct cw_state *s, const struct cw_owner_backend *backend,
        uint8_t *ret_secret, size_t cap, size_t *ret_len)
{
    char name[CW_STATE_NAME_CAP];
    snprintf(name, sizeof name, "tee/%s/%s", backend->name, backend->secret->name);
    cw_status status = cw_state_secret_get(s, name, ret_secret, cap, ret_len);
    if (status == CW_E_ABSENT) {
        status = backend->secret->make(ret_secret, cap, ret_len);
        if (status != CW_OK) {
            cw_log_error("cannot make the %s key of %s modules", backend->secret->name,
                    backend->name);
            return status;
        }
        status = cw_state_secret_put(s, name, ret_secret, *ret_len);
    }
    return status;
}
