/* SPDX-License-Identifier: MIT */
/* What the owner remembers: durable, sealed, one process at a time. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "deploy/secret.h"
#include "deploy/state.h"
#include "posix/file.h"
#include "tests/support/folder.h"

static struct cw_state *opened(void)
{
    struct cw_state *s = NULL;
    assert_int_equal(cw_state_open(folder, NULL, &s), CW_OK);
    return s;
}

static char *path_of(const char *name)
{
    char *path = cw_file_join(folder, name);
    assert_non_null(path);
    return path;
}

static struct cw_state_connection connection(struct cw_state *s, const char *name)
{
    struct cw_state_connection c;
    assert_int_equal(cw_state_connection(s, name, &c), CW_OK);
    return c;
}

/* --- promises -------------------------------------------------------------------------------- */

static void what_was_put_is_there_after_reopening(void **state)
{
    (void)state;
    struct cw_state *s = opened();
    struct cw_state_module m;
    assert_int_equal(cw_state_module(s, "m", &m), CW_OK);
    m.life = CW_LIFE_OPEN;
    m.session = 0xfffffffe;
    memset(m.start, 7, sizeof m.start);
    assert_int_equal(cw_state_module_put(s, &m), CW_OK);
    struct cw_state_connection c = connection(s, "c");
    c.first = UINT64_C(0x7fffffffffffffff);
    c.limit_log2 = 48;
    c.start = 1;
    c.dst_count = 9;
    memset(c.key, 0xab, sizeof c.key);
    assert_int_equal(cw_state_connection_put(s, &c), CW_OK);
    uint8_t deployment[CW_DEPLOYMENT_LEN];
    assert_int_equal(cw_state_deployment(s, deployment), CW_OK);
    cw_state_close(s);

    s = opened();
    struct cw_state_module m2;
    assert_int_equal(cw_state_module(s, "m", &m2), CW_OK);
    assert_int_equal(m2.number, m.number);
    assert_int_equal(m2.session, m.session);
    assert_memory_equal(m2.start, m.start, sizeof m.start);
    struct cw_state_connection c2 = connection(s, "c");
    assert_memory_equal(&c2, &c, sizeof c);
    uint8_t again[CW_DEPLOYMENT_LEN];
    assert_int_equal(cw_state_deployment(s, again), CW_OK);
    assert_memory_equal(again, deployment, sizeof again);
    cw_state_close(s);
}

static void what_was_not_committed_is_not_there(void **state)
{
    (void)state;
    struct cw_state *s = opened();
    assert_int_equal(cw_state_begin(s), CW_OK);
    assert_int_equal(cw_state_fact_put(s, "a", "b"), CW_OK);
    cw_state_rollback(s);
    assert_false(cw_state_fact_is(s, "a", "b"));
    assert_int_equal(cw_state_begin(s), CW_OK);
    assert_int_equal(cw_state_fact_put(s, "a", "b"), CW_OK);
    cw_state_close(s); /* as a crash would */
    s = opened();
    assert_false(cw_state_fact_is(s, "a", "b"));
    cw_state_close(s);
}

static void numbers_are_never_given_twice(void **state)
{
    (void)state;
    struct cw_state *s = opened();
    uint32_t last = 0;
    for (int i = 0; i < 5; i++) {
        uint32_t number;
        assert_int_equal(cw_state_next(s, "channel", &number), CW_OK);
        assert_int_equal(number, last + 1);
        last = number;
    }
    assert_int_equal(cw_state_skip(s, "channel", 3), CW_OK); /* known already */
    uint32_t number;
    assert_int_equal(cw_state_next(s, "channel", &number), CW_OK);
    assert_int_equal(number, 6);
    assert_int_equal(cw_state_skip(s, "channel", 100), CW_OK);
    assert_int_equal(cw_state_next(s, "channel", &number), CW_OK);
    assert_int_equal(number, 101);
    struct cw_state_module m;
    assert_int_equal(cw_state_module(s, "a", &m), CW_OK);
    uint32_t first = m.number;
    assert_int_equal(cw_state_forget(s), CW_OK);
    assert_int_equal(cw_state_module(s, "a", &m), CW_OK);
    assert_true(m.number > first);
    cw_state_close(s);
}

static void endpoints_keep_their_numbers(void **state)
{
    (void)state;
    struct cw_state *s = opened();
    uint16_t a;
    uint16_t b;
    uint16_t again;
    assert_int_equal(cw_state_endpoint(s, 1, "a", &a), CW_OK);
    assert_int_equal(cw_state_endpoint(s, 1, "b", &b), CW_OK);
    assert_int_not_equal(a, b);
    assert_int_equal(cw_state_endpoint(s, 1, "a", &again), CW_OK);
    assert_int_equal(a, again);
    cw_state_close(s);
}

static bool contains(const char *path, const void *bytes, size_t len)
{
    uint8_t *all;
    size_t all_len;
    cw_status status = cw_file_read(path, 1 << 24, &all, &all_len);
    if (status != CW_OK) {
        return false;
    }
    bool found = memmem(all, all_len, bytes, len) != NULL;
    free(all);
    return found;
}

static void secrets_do_not_stand_in_the_file(void **state)
{
    (void)state;
    struct cw_state *s = opened();
    uint8_t secret[16];
    memset(secret, 0x5e, sizeof secret);
    assert_int_equal(cw_state_secret_put(s, "vendor/n", secret, sizeof secret), CW_OK);
    struct cw_state_connection c = connection(s, "c");
    memset(c.key, 0x6d, sizeof c.key);
    assert_int_equal(cw_state_connection_put(s, &c), CW_OK);
    assert_int_equal(cw_state_fact_put(s, "plain", "\x5f\x5f\x5f\x5f\x5f\x5f\x5f\x5f"), CW_OK);
    uint32_t peer;
    uint8_t link_key[CW_LINK_KEY_LEN];
    bool is_turned;
    assert_int_equal(cw_state_link(s, "a", "b", &peer, link_key, &is_turned), CW_OK);
    assert_false(is_turned);
    uint8_t same[CW_LINK_KEY_LEN];
    uint32_t same_peer;
    assert_int_equal(cw_state_link(s, "a", "b", &same_peer, same, &is_turned), CW_OK);
    assert_false(is_turned);
    assert_int_equal(same_peer, peer);
    assert_memory_equal(link_key, same, sizeof same);
    assert_int_equal(cw_state_link(s, "b", "a", &same_peer, same, &is_turned), CW_OK);
    assert_true(is_turned);
    assert_int_equal(same_peer, peer);
    assert_memory_equal(link_key, same, sizeof same);
    cw_state_close(s);
    char *path = path_of("state.db");
    assert_true(contains(path, "\x5f\x5f\x5f\x5f\x5f\x5f\x5f\x5f", 8));
    assert_false(contains(path, secret, sizeof secret));
    assert_false(contains(path, c.key, sizeof c.key));
    assert_false(contains(path, link_key, sizeof link_key));
    free(path);
    s = opened();
    uint8_t got[16];
    size_t len;
    assert_int_equal(cw_state_secret_get(s, "vendor/n", got, sizeof got, &len), CW_OK);
    assert_memory_equal(got, secret, sizeof got);
    cw_state_close(s);
}

static void sealed_secrets_open_only_in_their_place(void **state)
{
    (void)state;
    uint8_t key[CW_SECRET_KEY_LEN] = {1};
    uint8_t other[CW_SECRET_KEY_LEN] = {2};
    uint8_t sealed[8 + CW_SECRET_OVERHEAD];
    uint8_t twin[8 + CW_SECRET_OVERHEAD];
    uint8_t got[8];
    assert_int_equal(cw_secret_seal(key, "a/1", "secret!!", 8, sealed), CW_OK);
    assert_int_equal(cw_secret_seal(key, "a/1", "secret!!", 8, twin), CW_OK);
    assert_memory_not_equal(sealed, twin, sizeof sealed);
    assert_int_equal(cw_secret_open(key, "a/1", sealed, sizeof sealed, got), CW_OK);
    assert_memory_equal(got, "secret!!", 8);
    assert_int_equal(cw_secret_open(key, "a/2", sealed, sizeof sealed, got), CW_E_AUTH);
    assert_int_equal(cw_secret_open(other, "a/1", sealed, sizeof sealed, got), CW_E_AUTH);
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 0x40;
        assert_int_equal(cw_secret_open(key, "a/1", sealed, sizeof sealed, got), CW_E_AUTH);
        static const uint8_t zeros[8];
        if (i > 0) {
            assert_memory_equal(got, zeros, sizeof zeros);
        }
        sealed[i] ^= 0x40;
    }
    for (size_t len = 0; len < CW_SECRET_OVERHEAD; len++) {
        assert_int_equal(cw_secret_open(key, "a/1", sealed, len, got), CW_E_AUTH);
    }
}

static void a_key_that_others_may_read_is_refused(void **state)
{
    (void)state;
    cw_state_close(opened());
    char *path = path_of("key");
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(chmod(path, 0640), 0);
    struct cw_state *s = NULL;
    assert_int_equal(cw_state_open(folder, NULL, &s), CW_E_DENIED);
    assert_int_equal(chmod(path, 0600), 0);
    static const char wrong[] = "not a key\n";
    assert_int_equal(cw_file_write(path, wrong, sizeof wrong - 1, 0600), CW_OK);
    assert_int_equal(cw_state_open(folder, NULL, &s), CW_E_FORM);
    free(path);
}

static void another_key_does_not_open_the_state(void **state)
{
    (void)state;
    cw_state_close(opened());
    char *path = path_of("other");
    uint8_t key[CW_SECRET_KEY_LEN];
    assert_int_equal(cw_secret_key_load(path, key), CW_OK); /* makes one */
    struct cw_state *s = NULL;
    assert_int_not_equal(cw_state_open(folder, &(struct cw_state_access){.key_file = path}, &s), CW_OK);
    free(path);
}

static void only_one_process_holds_the_state(void **state)
{
    (void)state;
    struct cw_state *s = opened();
    pid_t child = fork();
    if (child == 0) {
        struct cw_state *mine = NULL;
        _exit(cw_state_open(folder, NULL, &mine) == CW_OK ? 1 : 0);
    }
    /* The child waits a while; it gets the lock once we let go, so hold it beyond that. */
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    cw_state_close(s);
}

static void outbox_gives_frames_back_in_order(void **state)
{
    (void)state;
    struct cw_state *s = opened();
    assert_int_equal(cw_state_outbox_put(s, 1, 6, (const uint8_t *)"six", 3), CW_OK);
    assert_int_equal(cw_state_outbox_put(s, 1, 5, (const uint8_t *)"five", 4), CW_OK);
    assert_int_equal(cw_state_outbox_put(s, 2, 1, (const uint8_t *)"one", 3), CW_OK);
    assert_int_not_equal(cw_state_outbox_put(s, 1, 5, (const uint8_t *)"again", 5), CW_OK);
    uint64_t counter;
    uint8_t *frame;
    size_t len;
    assert_int_equal(cw_state_outbox_first(s, 1, &counter, &frame, &len), CW_OK);
    assert_int_equal(counter, 5);
    assert_int_equal(len, 4);
    assert_memory_equal(frame, "five", 4);
    free(frame);
    assert_int_equal(cw_state_outbox_drop(s, 1, 6), CW_OK);
    uint64_t count;
    assert_int_equal(cw_state_outbox_count(s, 1, &count), CW_OK);
    assert_int_equal(count, 1);
    assert_int_equal(cw_state_outbox_drop(s, 1, 7), CW_OK);
    assert_int_equal(cw_state_outbox_first(s, 1, &counter, &frame, &len), CW_E_ABSENT);
    assert_int_equal(cw_state_outbox_count(s, 2, &count), CW_OK);
    assert_int_equal(count, 1);
    cw_state_close(s);
}

static uint8_t phase_of(struct cw_state *s, const char *name)
{
    return connection(s, name).phase;
}

static void a_copy_of_the_state_is_noticed_and_settled_once(void **state)
{
    (void)state;
    struct cw_state *s = opened();
    bool was_copy = true;
    assert_int_equal(cw_state_settle(s, &was_copy), CW_OK);
    assert_false(was_copy);
    struct cw_state_connection direct = connection(s, "direct");
    direct.phase = CW_PHASE_MADE;
    assert_int_equal(cw_state_connection_put(s, &direct), CW_OK);
    struct cw_state_connection between = connection(s, "between");
    between.src_module = 3;
    between.phase = CW_PHASE_MADE;
    assert_int_equal(cw_state_connection_put(s, &between), CW_OK);
    assert_int_equal(cw_state_mark(s), CW_OK);
    assert_int_equal(cw_state_mark_keep(s), CW_OK);
    assert_int_equal(cw_state_settle(s, &was_copy), CW_OK);
    assert_false(was_copy);
    cw_state_close(s);

    char command[512];
    snprintf(command, sizeof command, "cp -a '%s' '%s.copy' && rm -rf '%s' && mv '%s.copy' '%s'",
            folder, folder, folder, folder, folder);
    assert_int_equal(system(command), 0);
    s = opened();
    assert_int_equal(cw_state_settle(s, &was_copy), CW_OK);
    assert_true(was_copy);
    assert_int_equal(phase_of(s, "direct"), CW_PHASE_NONE);
    assert_int_equal(phase_of(s, "between"), CW_PHASE_MADE);
    assert_int_equal(cw_state_settle(s, &was_copy), CW_OK);
    assert_false(was_copy);
    /* Spending a counter that was not committed is a copy, too. */
    assert_int_equal(cw_state_mark(s), CW_OK);
    assert_int_equal(cw_state_settle(s, &was_copy), CW_OK);
    assert_true(was_copy);
    cw_state_close(s);
}

static void builds_come_back_for_the_same_hash_alone(void **state)
{
    (void)state;
    struct cw_state *s = opened();
    const uint8_t hash[32] = {1};
    const uint8_t other[32] = {2};
    uint8_t *bytes;
    size_t len;
    assert_int_equal(cw_state_build_last(s, "m", &bytes, &len), CW_E_ABSENT);
    assert_int_equal(cw_state_build_put(s, "m", hash, (const uint8_t *)"image", 5), CW_OK);
    assert_int_equal(cw_state_build_get(s, "m", other, &bytes, &len), CW_E_ABSENT);
    assert_int_equal(cw_state_build_get(s, "m", hash, &bytes, &len), CW_OK);
    assert_int_equal(len, 5);
    assert_memory_equal(bytes, "image", 5);
    free(bytes);
    assert_int_equal(cw_state_build_last(s, "m", &bytes, &len), CW_OK);
    free(bytes);
    cw_state_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

/* What a backup brings back is older than what it describes. */
static void restored_state_gives_up_the_keys_that_may_have_been_used_since(void **state)
{
    (void)state;
    struct cw_state *s = opened();
    static const struct {
        const char *name;
        uint32_t src_module;
        uint8_t phase;
        uint8_t expected;
    } cases[] = {
            {"direct", 0, CW_PHASE_MADE, CW_PHASE_NONE},
            {"direct, begun", 0, CW_PHASE_BEGUN, CW_PHASE_NONE},
            {"begun", 3, CW_PHASE_BEGUN, CW_PHASE_NONE},
            {"made", 3, CW_PHASE_MADE, CW_PHASE_MADE}, /* kept only if both ends say the same */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cw_state_connection c = connection(s, cases[i].name);
        c.src_module = cases[i].src_module;
        c.dst_module = 4;
        c.phase = cases[i].phase;
        c.epoch = 7;
        memset(c.key, (int)i + 1, sizeof c.key);
        assert_int_equal(cw_state_connection_put(s, &c), CW_OK);
    }
    char *backup = path_of("backup");
    size_t len = 0;
    assert_int_equal(cw_state_backup(s, backup, "a long passphrase", &len), CW_OK);
    assert_true(len > 4096);
    uint32_t number = 0;
    assert_int_equal(cw_state_next(s, "channel", &number), CW_OK);
    cw_state_close(s);
    struct cw_state_restore how = {0};
    assert_int_equal(cw_state_restore(folder, backup, "a long passphrase", &how), CW_E_STATE);
    how.force = true;
    assert_int_equal(cw_state_restore(folder, backup, "another passphrase", &how), CW_E_DENIED);
    assert_int_equal(cw_state_restore(folder, backup, "a long passphrase", &how), CW_OK);
    s = opened();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct cw_state_connection c = connection(s, cases[i].name);
        assert_int_equal(c.phase, cases[i].expected);
        assert_int_equal(c.epoch, 7);
        assert_int_equal(c.key[0], (int)i + 1);
    }
    assert_true(cw_state_fact_is(s, "restored", "1"));
    cw_state_close(s);
    free(backup);
}

static void every_secret_opens_after_the_key_was_changed(void **state)
{
    (void)state;
    struct cw_state *s = opened();
    struct cw_state_connection c = connection(s, "c");
    memset(c.key, 0xab, sizeof c.key);
    assert_int_equal(cw_state_connection_put(s, &c), CW_OK);
    uint32_t peer;
    uint8_t link[CW_LINK_KEY_LEN];
    bool is_turned;
    assert_int_equal(cw_state_link(s, "a", "b", &peer, link, &is_turned), CW_OK);
    assert_int_equal(cw_state_secret_put(s, "owner/x", "secret", 7), CW_OK);
    static const uint8_t hash[32] = {1};
    assert_int_equal(cw_state_build_put(s, "m", hash, (const uint8_t *)"image", 5), CW_OK);
    assert_int_equal(cw_state_use_passphrase(s, "a long passphrase"), CW_OK);
    assert_true(cw_state_has_passphrase(s));
    cw_state_close(s);
    char *file = path_of("passphrase");
    assert_int_equal(cw_file_write(file, "a long passphrase\n", 18, 0600), CW_OK);
    const struct cw_state_access access = {.passphrase_file = file};
    assert_int_equal(cw_state_open(folder, &access, &s), CW_OK);
    uint8_t again[CW_LINK_KEY_LEN];
    char text[8];
    uint8_t *bytes = NULL;
    size_t len;
    assert_int_equal(connection(s, "c").key[0], 0xab);
    assert_int_equal(cw_state_link(s, "a", "b", &peer, again, &is_turned), CW_OK);
    assert_memory_equal(link, again, sizeof link);
    assert_int_equal(cw_state_secret_get(s, "owner/x", (uint8_t *)text, sizeof text, &len), CW_OK);
    assert_string_equal(text, "secret");
    assert_int_equal(cw_state_build_get(s, "m", hash, &bytes, &len), CW_OK);
    assert_int_equal(len, 5);
    free(bytes);
    cw_state_close(s);
    free(file);
}

static void scratch_state_keeps_nothing(void **state)
{
    (void)state;
    struct cw_state *s = opened();
    assert_int_equal(cw_state_fact_put(s, "f", "before"), CW_OK);
    cw_state_close(s);
    const struct cw_state_access access = {.is_scratch = true};
    assert_int_equal(cw_state_open(folder, &access, &s), CW_OK);
    assert_true(cw_state_fact_is(s, "f", "before"));
    assert_int_equal(cw_state_fact_put(s, "f", "after"), CW_OK);
    assert_true(cw_state_fact_is(s, "f", "after"));
    cw_state_close(s);
    s = opened();
    assert_true(cw_state_fact_is(s, "f", "before"));
    cw_state_close(s);
    char *nowhere = path_of("nowhere");
    assert_int_equal(cw_state_open(nowhere, &access, &s), CW_OK);
    cw_state_close(s);
    assert_false(cw_file_exists(nowhere));
    free(nowhere);
}

struct writer {
    struct cw_state *s;
    int id;
};

static void *write_rows(void *ctx)
{
    const struct writer *w = ctx;
    for (int i = 0; i < 15; i++) {
        char name[32];
        uint32_t number;
        struct cw_state_connection c;
        snprintf(name, sizeof name, "c%d.%d", w->id, i);
        if (cw_state_connection(w->s, name, &c) != CW_OK || cw_state_begin(w->s) != CW_OK) {
            return ctx;
        }
        c.epoch = 1;
        if (cw_state_next(w->s, "channel", &number) != CW_OK ||
                cw_state_connection_put(w->s, &c) != CW_OK) {
            return ctx;
        }
        if (i % 5 == 4) {
            cw_state_rollback(w->s);
        } else if (cw_state_commit(w->s) != CW_OK) {
            return ctx;
        }
    }
    return NULL;
}

static void threads_do_not_meet_in_a_transaction(void **state)
{
    (void)state;
    struct cw_state *s = opened();
    pthread_t threads[4];
    struct writer writers[4];
    for (int i = 0; i < 4; i++) {
        writers[i] = (struct writer){s, i};
        assert_int_equal(pthread_create(&threads[i], NULL, write_rows, &writers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    uint32_t number;
    assert_int_equal(cw_state_next(s, "channel", &number), CW_OK);
    assert_int_equal(number, 4 * 12 + 1); /* what was rolled back was given to nobody */
    struct cw_state_connection *rows;
    size_t count;
    size_t made = 0;
    assert_int_equal(cw_state_connections(s, &rows, &count), CW_OK);
    for (size_t i = 0; i < count; i++) {
        made += rows[i].epoch;
    }
    assert_int_equal(count, 60);
    assert_int_equal(made, 48);
    free(rows);
    cw_state_close(s);
}

static void a_platform_that_went_back_is_noticed(void **state)
{
    (void)state;
    static const uint8_t first[CW_STATE_SEED_LEN] = {1};
    static const uint8_t second[CW_STATE_SEED_LEN] = {2};
    uint64_t seen = 9;
    struct cw_state *s = opened();
    assert_int_equal(cw_state_start(s, "ab", 5, first, false, &seen), CW_OK);
    assert_int_equal(seen, 0);
    assert_int_equal(cw_state_start(s, "ab", 5, first, false, &seen), CW_OK);
    assert_int_equal(cw_state_start(s, "cd", 1, first, false, &seen), CW_OK); /* another one */
    cw_state_close(s);
    s = opened();
    assert_int_equal(cw_state_start(s, "ab", 4, first, false, &seen), CW_E_REPLAY);
    assert_int_equal(seen, 5);
    assert_int_equal(cw_state_start(s, "ab", 5, second, false, &seen), CW_E_REPLAY);
    assert_int_equal(cw_state_forget(s), CW_OK); /* another deployment, the same devices */
    assert_int_equal(cw_state_start(s, "ab", 4, first, false, &seen), CW_E_REPLAY);
    assert_int_equal(cw_state_start(s, "ab", 6, second, false, &seen), CW_OK);
    assert_int_equal(cw_state_start(s, "ab", UINT64_MAX, second, false, &seen), CW_OK);
    assert_int_equal(cw_state_start(s, "ab", 5, first, false, &seen), CW_E_REPLAY);
    assert_int_equal(seen, UINT64_MAX);
    assert_int_equal(cw_state_start(s, "ab", 2, second, true, &seen), CW_OK); /* on purpose */
    assert_int_equal(cw_state_start(s, "ab", 2, second, false, &seen), CW_OK);
    assert_int_equal(cw_state_start(s, "ab", 2, first, false, &seen), CW_E_REPLAY);
    cw_state_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(what_was_put_is_there_after_reopening),
            TEST(restored_state_gives_up_the_keys_that_may_have_been_used_since),
            TEST(every_secret_opens_after_the_key_was_changed),
            TEST(scratch_state_keeps_nothing),
            TEST(threads_do_not_meet_in_a_transaction),
            TEST(what_was_not_committed_is_not_there),
            TEST(numbers_are_never_given_twice),
            TEST(endpoints_keep_their_numbers),
            TEST(secrets_do_not_stand_in_the_file),
            cmocka_unit_test(sealed_secrets_open_only_in_their_place),
            TEST(a_key_that_others_may_read_is_refused),
            TEST(another_key_does_not_open_the_state),
            TEST(only_one_process_holds_the_state),
            TEST(outbox_gives_frames_back_in_order),
            TEST(a_copy_of_the_state_is_noticed_and_settled_once),
            TEST(a_platform_that_went_back_is_noticed),
            TEST(builds_come_back_for_the_same_hash_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
