/* SPDX-License-Identifier: MIT */
#include "posix/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct cw_tls_identity *make_identity(const char *name)
{
    char *key = NULL;
    char *certificate = NULL;
    struct cw_tls_identity *identity = NULL;
    assert_int_equal(cw_tls_identity_generate(name, &key, &certificate), CW_OK);
    assert_int_equal(cw_tls_identity_from_pem(key, certificate, &identity), CW_OK);
    free(key);
    free(certificate);
    return identity;
}

/* Carry what one end has for the network to the other, in pieces of so many bytes. */
static cw_status carry(struct cw_tls *from, struct cw_tls *to, size_t piece)
{
    uint8_t bytes[4096];
    size_t len = 0;
    for (;;) {
        cw_tls_pull(from, bytes, piece, &len);
        if (len == 0) {
            return CW_OK;
        }
        const cw_status status = cw_tls_push(to, bytes, len);
        if (status != CW_OK) {
            return status;
        }
    }
}

struct pair {
    struct cw_tls_identity *owner, *node;
    struct cw_tls *client, *server;
};

static struct pair make_pair(size_t piece)
{
    struct pair p = {.owner = make_identity("owner"), .node = make_identity("node")};
    assert_int_equal(cw_tls_begin(p.owner, false, &p.client), CW_OK);
    assert_int_equal(cw_tls_begin(p.node, true, &p.server), CW_OK);
    for (int turn = 0; turn < 4; turn++) {
        assert_int_equal(carry(p.client, p.server, piece), CW_OK);
        assert_int_equal(carry(p.server, p.client, piece), CW_OK);
    }
    return p;
}

static void free_pair(struct pair *p)
{
    cw_tls_free(p->client);
    cw_tls_free(p->server);
    cw_tls_identity_free(p->owner);
    cw_tls_identity_free(p->node);
}

static void both_ends_learn_the_fingerprint_of_the_other(void **state)
{
    (void)state;
    struct pair p = make_pair(4096);
    assert_true(cw_tls_is_ready(p.client));
    assert_true(cw_tls_is_ready(p.server));
    assert_string_equal(cw_tls_peer(p.client), cw_tls_identity_fingerprint(p.node));
    assert_string_equal(cw_tls_peer(p.server), cw_tls_identity_fingerprint(p.owner));
    assert_string_not_equal(cw_tls_peer(p.server), cw_tls_peer(p.client));
    assert_int_equal(cw_tls_fingerprint_check(cw_tls_peer(p.client)), CW_OK);
    free_pair(&p);
}

static void bytes_arrive_however_they_are_cut(void **state)
{
    (void)state;
    struct pair p = make_pair(1);
    assert_true(cw_tls_is_ready(p.server));
    uint8_t sent[40000];
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (uint8_t)(i * 7);
    }
    assert_int_equal(cw_tls_write(p.client, sent, sizeof sent), CW_OK);
    assert_int_equal(carry(p.client, p.server, 13), CW_OK);
    uint8_t got[sizeof sent];
    size_t have = 0;
    size_t len = 0;
    while (cw_tls_read(p.server, got + have, sizeof got - have, &len) == CW_OK) {
        have += len;
        if (have == sizeof got) {
            break;
        }
    }
    assert_int_equal(have, sizeof sent);
    assert_memory_equal(got, sent, sizeof sent);
    assert_int_equal(cw_tls_read(p.server, got, sizeof got, &len), CW_AGAIN);
    cw_tls_close(p.client);
    assert_int_equal(carry(p.client, p.server, 4096), CW_OK);
    assert_int_equal(cw_tls_read(p.server, got, sizeof got, &len), CW_E_ABSENT);
    free_pair(&p);
}

static void garbage_breaks_the_session_and_only_it(void **state)
{
    (void)state;
    struct pair p = make_pair(4096);
    struct cw_tls *victim = NULL;
    assert_int_equal(cw_tls_begin(p.node, true, &victim), CW_OK);
    const uint8_t garbage[64] = "GET / HTTP/1.1\r\nHost: node\r\n\r\n";
    assert_int_equal(cw_tls_push(victim, garbage, sizeof garbage), CW_E_AUTH);
    assert_int_equal(cw_tls_push(victim, garbage, sizeof garbage), CW_E_AUTH);
    assert_false(cw_tls_is_ready(victim));
    cw_tls_free(victim);
    assert_int_equal(cw_tls_write(p.client, garbage, sizeof garbage), CW_OK);
    assert_int_equal(carry(p.client, p.server, 4096), CW_OK);
    uint8_t got[64];
    size_t len = 0;
    assert_int_equal(cw_tls_read(p.server, got, sizeof got, &len), CW_OK);
    assert_int_equal(len, sizeof garbage);
    free_pair(&p);
}

static void changed_byte_is_noticed(void **state)
{
    (void)state;
    struct pair p = make_pair(4096);
    assert_int_equal(cw_tls_write(p.client, (const uint8_t *)"toggle", 6), CW_OK);
    uint8_t bytes[256];
    size_t len = 0;
    cw_tls_pull(p.client, bytes, sizeof bytes, &len);
    assert_true(len > 8);
    bytes[len - 1] ^= 1;
    assert_int_equal(cw_tls_push(p.server, bytes, len), CW_OK);
    assert_int_equal(cw_tls_read(p.server, bytes, sizeof bytes, &len), CW_E_AUTH);
    assert_int_equal(cw_tls_write(p.server, bytes, 1), CW_E_STATE);
    free_pair(&p);
}

static void key_without_its_certificate_is_refused(void **state)
{
    (void)state;
    char *keys[2];
    char *certificates[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cw_tls_identity_generate("n", &keys[i], &certificates[i]), CW_OK);
    }
    struct cw_tls_identity *identity = NULL;
    assert_int_equal(cw_tls_identity_from_pem(keys[0], certificates[1], &identity), CW_E_FORM);
    assert_int_equal(cw_tls_identity_from_pem("none", certificates[1], &identity), CW_E_FORM);
    assert_null(identity);
    for (int i = 0; i < 2; i++) {
        free(keys[i]);
        free(certificates[i]);
    }
}

static void identity_on_disk_is_private_and_stays(void **state)
{
    (void)state;
    char folder[] = "/tmp/cw-tls-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[128];
    char fingerprint[CW_TLS_FINGERPRINT_CAP];
    for (int start = 0; start < 2; start++) {
        struct cw_tls_identity *identity = NULL;
        assert_int_equal(cw_tls_identity_open(folder, "node_1", &identity), CW_OK);
        if (start == 0) {
            strcpy(fingerprint, cw_tls_identity_fingerprint(identity));
        }
        assert_string_equal(cw_tls_identity_fingerprint(identity), fingerprint);
        cw_tls_identity_free(identity);
    }
    snprintf(path, sizeof path, "%s/key.pem", folder);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    snprintf(path, sizeof path, "%s/certificate.pem", folder);
    assert_int_equal(unlink(path), 0); /* as when the first start was killed */
    struct cw_tls_identity *identity = NULL;
    assert_int_equal(cw_tls_identity_open(folder, "node_1", &identity), CW_OK);
    assert_string_equal(cw_tls_identity_fingerprint(identity), fingerprint);
    cw_tls_identity_free(identity);
    identity = NULL;
    snprintf(path, sizeof path, "%s/key.pem", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_not_equal(cw_tls_identity_open(folder, "node_1", &identity), CW_OK);
    assert_null(identity);
    snprintf(path, sizeof path, "%s/certificate.pem", folder);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/fingerprint", folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(both_ends_learn_the_fingerprint_of_the_other),
            cmocka_unit_test(bytes_arrive_however_they_are_cut),
            cmocka_unit_test(garbage_breaks_the_session_and_only_it),
            cmocka_unit_test(changed_byte_is_noticed),
            cmocka_unit_test(key_without_its_certificate_is_refused),
            cmocka_unit_test(identity_on_disk_is_private_and_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
