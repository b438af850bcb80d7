/* SPDX-License-Identifier: MIT */
/* The CPU of a node on the owner's own machine: causeway-sgx, in a folder beside the node's. */
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "posix/file.h"
#include "posix/log.h"
#include "posix/tool.h"
#include "tee/sgx/owner/evidence.h"

#define CERTIFICATES "chip/certificates.pem"

static void arguments(const struct cw_owner_node *node, const char *sdk_dir,
        struct cw_tool *ret_arguments)
{
    static const char *const words[] = {"--listen", "cpu", "--state", "chip"};
    (void)node;
    (void)sdk_dir;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        cw_tool_add(ret_arguments, "%s", words[i]);
    }
}

/* The key of the one that nobody else signed. */
static bool hash_root(FILE *file, uint8_t ret_platform[static CW_PLATFORM_ID_LEN])
{
    bool is_found = false;
    for (X509 *c = PEM_read_X509(file, NULL, NULL, NULL); c != NULL && !is_found;) {
        uint8_t *der = NULL;
        if (X509_NAME_cmp(X509_get_subject_name(c), X509_get_issuer_name(c)) == 0) {
            const int len = i2d_PUBKEY(X509_get0_pubkey(c), &der);
            is_found = len > 0 && SHA256(der, (size_t)len, ret_platform) != NULL;
            OPENSSL_free(der);
        }
        X509_free(c);
        c = is_found ? NULL : PEM_read_X509(file, NULL, NULL, NULL);
    }
    return is_found;
}

static cw_status identify(const char *folder, uint8_t ret_platform[static CW_PLATFORM_ID_LEN])
{
    char *path = cw_file_join(folder, CERTIFICATES);
    FILE *file = path == NULL ? NULL : fopen(path, "r");
    cw_status status = CW_E_ABSENT;
    if (file != NULL) {
        status = hash_root(file, ret_platform) ? CW_OK : CW_E_FORM;
        (void)fclose(file);
    }
    if (status == CW_E_FORM) {
        cw_log_error("%s" CW_AT " holds no root certificate" CW_REMEDY
                     ": remove its folder; the CPU is another one then",
                path);
    }
    free(path);
    return status;
}

const struct cw_owner_local cw_sgx_local = {
        .program = "causeway-sgx",
        .socket = "cpu",
        .platform = "cpu=../board/cpu",
        .arguments = arguments,
        .identify = identify,
};
