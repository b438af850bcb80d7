/* SPDX-License-Identifier: MIT */
/* The service with OpenSSL as its client; the test plays runtime and node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include "sdk/run.h"
#include "services/web/client/web.h"

/* --- the runtime and the module ------------------------------------------------------------------------ */

#define STREAM_MAX 16u

static struct outlet {
    uint8_t bytes[65536];
    size_t len;
    bool is_ended;
    bool wants_more;
} outlets[STREAM_MAX];

static size_t room = 65536; /* of one call */
static size_t left;
static size_t taken;
static unsigned pages_made;

cw_status cw_random(void *ret_bytes, size_t len)
{
    return RAND_bytes(ret_bytes, (int)len) == 1 ? CW_OK : CW_E_ABSENT;
}

cw_status cw_reply_put(struct cw_reply *reply, const void *bytes, size_t len)
{
    if (len > reply->cap - reply->len) {
        return CW_E_SPACE;
    }
    (void)memcpy(reply->bytes + reply->len, bytes, len);
    reply->len += len;
    return CW_OK;
}

size_t cw_stream_send(uint32_t stream, const void *bytes, size_t len)
{
    struct outlet *o = &outlets[stream];
    size_t count = len < left ? len : left;
    assert_true(o->len + count <= sizeof o->bytes);
    (void)memcpy(o->bytes + o->len, bytes, count);
    o->len += count;
    left -= count;
    return count;
}

void cw_stream_taken(uint32_t stream, size_t len)
{
    (void)stream;
    taken = len;
}

void cw_stream_more(uint32_t stream)
{
    outlets[stream].wants_more = true;
}

void cw_stream_end(uint32_t stream)
{
    outlets[stream].is_ended = true;
}

cw_web_status cw_web_get(const char *path, struct cw_reply *page)
{
    pages_made++;
    if (strcmp(path, "/") == 0) {
        return cw_reply_put(page, "<p>3</p>", 8) == CW_OK ? CW_WEB_OK : CW_WEB_BROKEN;
    }
    if (strcmp(path, "/full") == 0) {
        for (size_t i = 0; i < CW_WEB_PAGE_MAX; i++) {
            assert_int_equal(cw_reply_put(page, "x", 1), CW_OK);
        }
        assert_int_equal(cw_reply_put(page, "x", 1), CW_E_SPACE);
        return CW_WEB_OK;
    }
    return strcmp(path, "/later") == 0 ? CW_WEB_LATER : CW_WEB_ABSENT;
}

static cw_status bring(uint32_t stream, const uint8_t *bytes, size_t len)
{
    left = room;
    outlets[stream].wants_more = false;
    return cw_stream_data(stream, bytes, len);
}

/* --- the client ------------------------------------------------------------------------------------------ */

static SSL_CTX *trusting;

struct client {
    SSL *ssl;
    BIO *in;
    BIO *out;
    uint32_t stream;
};

static struct client client_new(uint32_t stream)
{
    struct client c = {.ssl = SSL_new(trusting), .in = BIO_new(BIO_s_mem()),
            .out = BIO_new(BIO_s_mem()), .stream = stream};
    SSL_set_bio(c.ssl, c.in, c.out);
    SSL_set_connect_state(c.ssl);
    assert_int_equal(SSL_set1_host(c.ssl, "localhost"), 1);
    SSL_set_verify(c.ssl, SSL_VERIFY_PEER, NULL);
    outlets[stream] = (struct outlet){.len = 0};
    return c;
}

/* Carry what is there, at most `most` bytes at once, until nothing moves. */
static void carry(struct client *c, size_t most)
{
    struct outlet *o = &outlets[c->stream];
    bool is_moving = true;
    while (is_moving) {
        is_moving = false;
        uint8_t bytes[16384];
        char *waiting;
        long count = BIO_get_mem_data(c->out, &waiting);
        if ((count > 0 || o->wants_more) && !o->is_ended) {
            size_t len = (size_t)count < most ? (size_t)count : most;
            assert_int_equal(bring(c->stream, (const uint8_t *)waiting, len), CW_OK);
            assert_true(taken <= len);
            is_moving = taken > 0 || o->wants_more;
            if (taken > 0) {
                (void)BIO_read(c->out, bytes, (int)taken);
            }
        }
        if (o->len > 0) {
            assert_int_equal(BIO_write(c->in, o->bytes, (int)o->len), (int)o->len);
            o->len = 0;
            is_moving = true;
        }
        if (!SSL_is_init_finished(c->ssl)) {
            (void)SSL_do_handshake(c->ssl);
            is_moving = is_moving || BIO_get_mem_data(c->out, &waiting) > 0;
        }
        if (o->is_ended && o->len == 0) {
            return;
        }
    }
}

static void open_stream(struct client *c, size_t most)
{
    left = room;
    assert_int_equal(cw_stream_open(c->stream), CW_OK);
    (void)SSL_do_handshake(c->ssl);
    carry(c, most);
    assert_int_equal(SSL_is_init_finished(c->ssl), 1);
}

/* The answer to one request, as text. */
static char answer[8192];

static void ask(struct client *c, const char *request, size_t most)
{
    assert_int_equal(SSL_write(c->ssl, request, (int)strlen(request)), (int)strlen(request));
    carry(c, most);
    size_t len = 0;
    int count;
    while ((count = SSL_read(c->ssl, answer + len, (int)(sizeof answer - 1 - len))) > 0) {
        len += (size_t)count;
    }
    answer[len] = 0;
}

static void client_free(struct client *c)
{
    if (!outlets[c->stream].is_ended) {
        cw_stream_close(c->stream);
    }
    SSL_free(c->ssl);
}

/* --- cases --------------------------------------------------------------------------------------------------- */

static void streams_are_refused_before_the_start(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    struct cw_reply reply = {.bytes = bytes, .cap = sizeof bytes};
    assert_int_equal(cw_stream_open(1), CW_E_STATE);
    assert_int_equal(cw_web_certificate_put(&reply), CW_E_STATE);
    assert_int_equal(cw_web_start("not a name", 10), CW_E_FORM);
    assert_int_equal(cw_stream_open(1), CW_E_STATE);
    assert_int_equal(reply.len, 0);
}

static void start_happens_once(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    struct cw_reply reply = {.bytes = bytes, .cap = sizeof bytes};
    assert_int_equal(cw_web_start(NULL, 0), CW_OK);
    assert_int_equal(cw_web_start(NULL, 0), CW_E_STATE);
    assert_int_equal(cw_web_certificate_put(&reply), CW_OK);
    trusting = SSL_CTX_new(TLS_client_method());
    BIO *bio = BIO_new_mem_buf(bytes, (int)reply.len);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_non_null(certificate);
    assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(trusting), certificate), 1);
    X509_free(certificate);
    BIO_free(bio);
}

static void client_that_pins_the_certificate_reads_the_page(void **state)
{
    (void)state;
    struct client c = client_new(1);
    open_stream(&c, SIZE_MAX);
    assert_int_equal(SSL_get_verify_result(c.ssl), X509_V_OK);
    assert_string_equal(SSL_get_cipher_name(c.ssl), "ECDHE-ECDSA-AES128-GCM-SHA256");
    ask(&c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", SIZE_MAX);
    assert_non_null(strstr(answer, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(answer, "\r\n\r\n<p>3</p>"));
    assert_true(outlets[1].is_ended);
    /* TLS itself says that this was all. */
    assert_int_equal(SSL_get_shutdown(c.ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
    client_free(&c);
}

static void bytes_may_come_and_go_one_by_one(void **state)
{
    (void)state;
    room = 1;
    struct client c = client_new(2);
    open_stream(&c, 1);
    ask(&c, "GET /full HTTP/1.1\r\nHost: localhost\r\n\r\n", 1);
    assert_non_null(strstr(answer, "Content-Length: 2048\r\n"));
    assert_int_equal(strlen(strstr(answer, "\r\n\r\n")), 4 + 2048);
    assert_true(outlets[2].is_ended);
    client_free(&c);
    room = 65536;
}

static void code_of(const char *request, const char *code)
{
    struct client c = client_new(3);
    open_stream(&c, SIZE_MAX);
    ask(&c, request, SIZE_MAX);
    assert_memory_equal(answer, "HTTP/1.1 ", 9);
    assert_memory_equal(answer + 9, code, 3);
    client_free(&c);
}

static void every_failure_has_its_code(void **state)
{
    (void)state;
    code_of("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", "404");
    code_of("GET /later HTTP/1.1\r\nHost: x\r\n\r\n", "503");
    unsigned before = pages_made;
    code_of("POST / HTTP/1.1\r\nHost: x\r\n\r\n", "405");
    code_of("GET / HTTP/1.1\r\n\r\n", "400");
    char text[CW_WEB_REQUEST_MAX + 64];
    (void)memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    code_of(text, "431");
    (void)memcpy(text, "GET /", 5);
    (void)strcpy(text + 600, " HTTP/1.1\r\nHost: x\r\n\r\n");
    code_of(text, "414");
    assert_int_equal(pages_made, before);
}

static void head_has_no_body(void **state)
{
    (void)state;
    struct client c = client_new(3);
    open_stream(&c, SIZE_MAX);
    ask(&c, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", SIZE_MAX);
    assert_non_null(strstr(answer, "Content-Length: 8\r\n"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    client_free(&c);
}

static void streams_do_not_mix_and_one_too_many_waits(void **state)
{
    (void)state;
    struct client clients[CW_WEB_STREAMS];
    for (uint32_t i = 0; i < CW_WEB_STREAMS; i++) {
        clients[i] = client_new(4 + i);
        open_stream(&clients[i], 7);
    }
    assert_int_equal(cw_stream_open(4), CW_E_STATE);
    assert_int_equal(cw_stream_open(9), CW_AGAIN);
    for (uint32_t i = CW_WEB_STREAMS; i > 0; i--) {
        ask(&clients[i - 1], "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 7);
        assert_non_null(strstr(answer, "<p>3</p>"));
        client_free(&clients[i - 1]);
        assert_int_equal(cw_stream_open(9), CW_OK);
        cw_stream_close(9);
    }
}

static void garbage_ends_the_stream(void **state)
{
    (void)state;
    uint8_t bytes[4096];
    for (unsigned round = 0; round < 64; round++) {
        outlets[10] = (struct outlet){.len = 0};
        assert_int_equal(cw_stream_open(10), CW_OK);
        (void)RAND_bytes(bytes, sizeof bytes);
        if (round % 2 == 0) {
            bytes[0] = 22; /* looks like a handshake */
            bytes[1] = 3;
            bytes[2] = 3;
            bytes[3] = 0;
        }
        for (int i = 0; i < 64 && !outlets[10].is_ended; i++) {
            assert_int_equal(bring(10, bytes, sizeof bytes), CW_OK);
        }
        assert_true(outlets[10].is_ended);
        assert_int_equal(bring(10, bytes, 1), CW_E_ABSENT);
    }
}

static void changed_record_ends_the_stream(void **state)
{
    (void)state;
    struct client c = client_new(11);
    open_stream(&c, SIZE_MAX);
    unsigned before = pages_made;
    const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_true(SSL_write(c.ssl, request, sizeof request - 1) > 0);
    uint8_t record[256];
    int len = BIO_read(c.out, record, sizeof record);
    assert_true(len > 10);
    record[len - 1] ^= 1;
    assert_int_equal(bring(11, record, (size_t)len), CW_OK);
    assert_true(outlets[11].is_ended);
    assert_int_equal(pages_made, before);
    client_free(&c);
}

static void old_tls_and_other_suites_are_refused(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        struct client c = client_new(12);
        if (round == 0) {
            (void)SSL_set_max_proto_version(c.ssl, TLS1_1_VERSION);
            SSL_set_security_level(c.ssl, 0);
        } else {
            (void)SSL_set_max_proto_version(c.ssl, TLS1_2_VERSION);
            assert_int_equal(SSL_set_cipher_list(c.ssl, "ECDHE-ECDSA-AES256-GCM-SHA384"), 1);
        }
        assert_int_equal(cw_stream_open(12), CW_OK);
        (void)SSL_do_handshake(c.ssl);
        carry(&c, SIZE_MAX);
        assert_int_equal(SSL_is_init_finished(c.ssl), 0);
        assert_true(outlets[12].is_ended);
        client_free(&c);
    }
}

static int tear_down(void **state)
{
    (void)state;
    SSL_CTX_free(trusting);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(streams_are_refused_before_the_start),
            cmocka_unit_test(start_happens_once),
            cmocka_unit_test(client_that_pins_the_certificate_reads_the_page),
            cmocka_unit_test(bytes_may_come_and_go_one_by_one),
            cmocka_unit_test(every_failure_has_its_code),
            cmocka_unit_test(head_has_no_body),
            cmocka_unit_test(streams_do_not_mix_and_one_too_many_waits),
            cmocka_unit_test(garbage_ends_the_stream),
            cmocka_unit_test(changed_record_ends_the_stream),
            cmocka_unit_test(old_tls_and_other_suites_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
