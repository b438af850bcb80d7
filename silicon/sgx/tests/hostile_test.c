/* SPDX-License-Identifier: MIT */
/*
 * hostile_test.c - hosts that send garbage, wrong descriptors, too much, too often; enclaves that
 * lie to the supervisor.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "silicon/sgx/jail/plan.h"
#include "silicon/sgx/listen.h"
#include "silicon/sgx/tests/cell_support.h"

#define PATIENCE_MS 60000

/* A CPU that listens, in a process of its own. */
struct server {
    struct test_cpu cpu;
    char folder[64], path[96];
    pid_t pid;
};

static void start_server(struct server *s)
{
    int socket = -1;

    test_cpu_init(&s->cpu);
    (void)snprintf(s->folder, sizeof s->folder, "/tmp/cw-sgx-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    (void)snprintf(s->path, sizeof s->path, "%s/socket", s->folder);
    assert_int_equal(cw_listen_open(s->path, true, &socket), CW_OK);
    s->pid = fork();
    if (s->pid == 0) {
        _exit(cw_listen_serve(&s->cpu.platform, socket, s->path) == CW_OK ? 0 : 1);
    }
    assert_true(s->pid > 0);
    (void)close(socket);
}

static void stop_server(struct server *s)
{
    int status = -1;

    assert_int_equal(kill(s->pid, SIGTERM), 0);
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    assert_int_equal(status, 0); /* it lived until then, and ended well */
    assert_int_equal(access(s->path, F_OK), -1);
    (void)rmdir(s->folder);
    s->cpu.client.socket = -1;
    test_cpu_stop(&s->cpu);
}

static void connect_to(struct server *s, struct cw_client *client)
{
    if (!cw_client_connect(client, s->path)) {
        fail_msg("%s: %s", s->path, strerror(errno));
    }
}

/* A fresh host is served: the server is none the worse. */
static void assert_serves(struct server *s)
{
    struct test_image image = TEST_IMAGE(cw_enclave_count);
    struct cw_client client;
    struct cw_sgx_mailbox *m;
    int fd = test_image_open(&image);

    connect_to(s, &client);
    assert_int_equal(cw_client_load(&client, fd, -1, 0, 4096), SGX_OK);
    m = cw_client_mailbox(&client, 0);
    m->function = SGX_EENTER;
    m->rflags = 0x202;
    m->mxcsr = 0x1f80;
    m->fcw = 0x37f;
    assert_int_equal(cw_client_enter(&client, 0, 0, PATIENCE_MS), CW_OK);
    assert_int_equal(m->gpr[CW_SGX_RSI], 1);
    cw_client_close(&client);
    (void)close(fd);
}

static void garbage_is_answered_or_ends_the_connection(void **state)
{
    static uint8_t bytes[CW_SGX_PACKET_MAX + 16], answer[CW_SGX_PACKET_MAX];
    struct server s;

    (void)state;
    start_server(&s);
    srand(4711);
    for (unsigned i = 0; i < 300; i++) {
        struct cw_sgx_header header = {CW_SGX_PORT_VERSION, (uint32_t)(rand() % 8)};
        size_t len = i % 50 == 0 ? sizeof bytes : 1 + (size_t)rand() % 600;
        struct cw_client client;

        for (size_t k = 0; k < len; k++) {
            bytes[k] = (uint8_t)rand();
        }
        if (i % 3 != 0) {
            memcpy(bytes, &header, sizeof header); /* a good head, a bad body */
        }
        connect_to(&s, &client);
        assert_true(cw_client_send(&client, bytes, len, NULL, 0));
        len = cw_client_receive(&client, answer, sizeof answer, NULL, PATIENCE_MS);
        if (len != 0) {
            memcpy(&header, answer, sizeof header);
            assert_true(header.type == CW_SGX_ANSWER || header.type == CW_SGX_LOADED);
        }
        cw_client_close(&client);
    }
    assert_serves(&s);
    stop_server(&s);
}

static uint32_t load_with(struct server *s, const int *descriptors, unsigned count,
        uint64_t arena_len, char *ret_text)
{
    struct cw_sgx_load request = {
            .header = {.version = CW_SGX_PORT_VERSION, .type = CW_SGX_LOAD},
            .arena_len = arena_len};
    struct cw_sgx_loaded loaded;
    struct cw_client client;
    int got = -1;
    size_t len;

    connect_to(s, &client);
    assert_true(cw_client_send(&client, &request, sizeof request, descriptors, count));
    len = cw_client_receive(&client, &loaded, sizeof loaded, &got, PATIENCE_MS);
    cw_client_close(&client);
    if (got >= 0) {
        (void)close(got);
    }
    if (len != sizeof loaded) {
        return ~0u; /* it hung up */
    }
    (void)snprintf(ret_text, CW_SGX_TEXT_LEN, "%s", loaded.text);
    return loaded.code;
}

static void descriptors_that_are_no_image_are_refused(void **state)
{
    struct test_image image = TEST_IMAGE(cw_enclave_count);
    int file = test_image_open(&image), pipes[2], bell = eventfd(0, 0), many[6];
    char text[CW_SGX_TEXT_LEN] = "";
    struct server s;

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    start_server(&s);
    assert_int_equal(load_with(&s, NULL, 0, 4096, text), CW_SGX_E_REQUEST);
    assert_int_equal(load_with(&s, &pipes[0], 1, 4096, text), CW_SGX_E_IMAGE); /* never read */
    assert_int_equal(load_with(&s, &bell, 1, 4096, text), CW_SGX_E_IMAGE);
    many[0] = file;
    many[1] = pipes[1]; /* a doorbell that would not be one */
    assert_int_equal(load_with(&s, many, 2, 4096, text), CW_SGX_E_REQUEST);
    many[1] = bell;
    assert_int_equal(load_with(&s, many, 2, 4096, text), SGX_OK);
    for (unsigned i = 0; i < 6; i++) {
        many[i] = file;
    }
    assert_int_equal(load_with(&s, many, 6, 4096, text), ~0u);
    assert_int_equal(load_with(&s, &file, 1, 4095, text), CW_SGX_E_REQUEST);
    assert_int_equal(load_with(&s, &file, 1, CW_SGX_ARENA_MAX + 4096, text), CW_SGX_E_REQUEST);
    assert_int_equal(load_with(&s, &file, 1, 0, text), SGX_OK);
    assert_serves(&s);
    stop_server(&s);
    (void)close(file);
    (void)close(bell);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

static void bases_that_cannot_be_are_refused(void **state)
{
    static const uint64_t wrong[] = {0x1000, 0x10001000, 0x600000000000, 0x580000000000,
            0x7fff00000000, 0xffff800000000000};
    struct test_image image = TEST_IMAGE(cw_enclave_count);
    int fd = test_image_open(&image);
    struct server s;

    (void)state;
    start_server(&s);
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct cw_client client;

        connect_to(&s, &client);
        assert_int_equal(cw_client_load(&client, fd, -1, wrong[i], 4096), CW_SGX_E_IMAGE);
        cw_client_close(&client);
    }
    for (uint64_t base = 0x10000; base < 0x500000000000; base = base * 64) {
        struct cw_client client;

        connect_to(&s, &client);
        assert_int_equal(cw_client_load(&client, fd, -1, base, 4096), SGX_OK);
        assert_int_equal(client.loaded.base, base);
        cw_client_close(&client);
    }
    stop_server(&s);
    (void)close(fd);
}

static void memory_of_the_epc_comes_back(void **state)
{
    struct test_image image = TEST_IMAGE(cw_enclave_count);
    int fd = test_image_open(&image);
    struct cw_client clients[8];
    unsigned loaded = 0;
    uint32_t code = SGX_OK;
    struct server s;

    (void)state;
    start_server(&s);
    s.cpu.platform.epc->total = 4 * 60000; /* four of these and a bit */
    while (loaded < 8) {
        connect_to(&s, &clients[loaded]);
        code = cw_client_load(&clients[loaded], fd, -1, 0, 4096);
        if (code != SGX_OK) {
            break;
        }
        loaded++;
    }
    assert_int_equal(code, CW_SGX_E_EPC);
    assert_true(loaded >= 3 && loaded < 8);
    for (unsigned i = 0; i <= loaded; i++) {
        cw_client_close(&clients[i]);
    }
    for (unsigned i = 0; i < 3000 && atomic_load(&s.cpu.platform.epc->used) != 0; i++) {
        (void)poll(NULL, 0, 20);
    }
    assert_int_equal(atomic_load(&s.cpu.platform.epc->used), 0);
    assert_serves(&s);
    stop_server(&s);
    (void)close(fd);
}

/* EADD without EEXTEND: a page for each 64 bytes of the stream. */
static void pages_without_chunks_take_of_the_epc(void **state)
{
    struct sgx_identity identity = SGX_IDENTITY;
    uint8_t sigstruct[SGX_SIGSTRUCT_LEN];
    struct sgx_stream stream = {0};
    struct cw_client client;
    struct server s;
    int fd;

    (void)state;
    sgx_stream_ecreate(&stream, 1u << 20, 1);
    sgx_stream_tcs(&stream, 0, &(struct sgx_tcs){.ossa = 0x1000, .nssa = 1});
    for (uint64_t at = 1; at < 100; at++) {
        sgx_stream_eadd(&stream, at * SGX_PAGE_LEN,
                SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W);
    }
    sgx_sign(&stream, &identity, SGX_SIGNER, sigstruct);
    fd = cw_client_image(sigstruct, sizeof sigstruct, stream.bytes, stream.len);
    assert_true(fd >= 0);
    start_server(&s);
    for (unsigned pages = 100; pages <= 101; pages++) { /* its own, and the SECS */
        s.cpu.platform.epc->total = pages * SGX_PAGE_LEN;
        connect_to(&s, &client);
        assert_int_equal(cw_client_load(&client, fd, -1, 0, 4096),
                pages == 100 ? CW_SGX_E_EPC : SGX_OK);
        assert_int_equal(atomic_load(&s.cpu.platform.epc->used),
                pages == 100 ? 0 : pages * SGX_PAGE_LEN);
        cw_client_close(&client);
    }
    stop_server(&s);
    sgx_stream_free(&stream);
    (void)close(fd);
}

static void many_connections_leave_room_for_another_user(void **state)
{
    static struct cw_client clients[CW_SUPERVISOR_SLOTS + 8];
    unsigned open = 0, turned_away = 0;
    struct server s;

    (void)state;
    start_server(&s);
    for (; open < CW_SUPERVISOR_SLOTS + 8; open++) {
        connect_to(&s, &clients[open]);
    }
    for (unsigned i = 0; i < open; i++) {
        struct cw_sgx_header header = {0, 0};
        uint8_t bytes[sizeof(struct cw_sgx_answer)];

        if (cw_client_receive(&clients[i], bytes, sizeof bytes, NULL, i < 192 ? 0 : PATIENCE_MS) != 0) {
            memcpy(&header, bytes, sizeof header);
            assert_int_equal(header.type, CW_SGX_ENDED);
            turned_away++;
        }
    }
    assert_int_equal(turned_away, open - (CW_SUPERVISOR_SLOTS - CW_SUPERVISOR_SLOTS / 4));
    for (unsigned i = 0; i < open; i++) {
        cw_client_close(&clients[i]);
    }
    for (unsigned i = 0; i < 600; i++) { /* until it has seen that they are gone */
        uint8_t bytes[sizeof(struct cw_sgx_answer)];

        connect_to(&s, &clients[0]);
        const bool is_turned_away = cw_client_receive(&clients[0], bytes, sizeof bytes, NULL, 100) != 0;
        cw_client_close(&clients[0]);
        if (!is_turned_away) {
            break;
        }
    }
    assert_serves(&s);
    stop_server(&s);
}

static void a_host_that_reads_nothing_keeps_nobody_waiting(void **state)
{
    struct cw_sgx_header info = {CW_SGX_PORT_VERSION, CW_SGX_INFO};
    struct cw_client deaf;
    struct server s;
    unsigned sent = 0;

    (void)state;
    start_server(&s);
    connect_to(&s, &deaf);
    assert_int_equal(fcntl(deaf.socket, F_SETFL, O_NONBLOCK), 0);
    while (sent < 100000 && cw_client_send(&deaf, &info, sizeof info, NULL, 0)) {
        sent++;
    }
    assert_true(sent < 100000); /* it was cut off */
    assert_serves(&s);
    cw_client_close(&deaf);
    stop_server(&s);
}

static void when_the_host_goes_so_does_the_enclave(void **state)
{
    struct test_image image = TEST_IMAGE(cw_enclave_spin);
    int fd = test_image_open(&image);
    struct cw_client client;
    struct cw_sgx_mailbox *m;
    struct server s;

    (void)state;
    start_server(&s);
    connect_to(&s, &client);
    assert_int_equal(cw_client_load(&client, fd, -1, 0, 4096), SGX_OK);
    m = cw_client_mailbox(&client, 0);
    m->function = SGX_EENTER;
    assert_int_equal(cw_client_enter(&client, 0, 0, 20), CW_AGAIN); /* for ever */
    cw_client_close(&client);
    for (unsigned i = 0; i < 3000 && atomic_load(&s.cpu.platform.epc->used) != 0; i++) {
        (void)poll(NULL, 0, 20);
    }
    assert_int_equal(atomic_load(&s.cpu.platform.epc->used), 0); /* its process is gone */
    stop_server(&s);
    (void)close(fd);
}

static void the_doorbell_rings_when_asked(void **state)
{
    struct test_image image = TEST_IMAGE(cw_enclave_count);
    int fd = test_image_open(&image), bell = eventfd(0, EFD_NONBLOCK);
    struct pollfd wait = {.fd = bell, .events = POLLIN};
    struct cw_client client;
    struct cw_sgx_mailbox *m;
    struct server s;

    (void)state;
    start_server(&s);
    connect_to(&s, &client);
    assert_int_equal(cw_client_load(&client, fd, bell, 0, 4096), SGX_OK);
    m = cw_client_mailbox(&client, 0);
    for (unsigned i = 1; i <= 5; i++) {
        uint64_t count = 0;

        m->function = SGX_EENTER;
        m->rflags = 0x202;
        m->host_waits = CW_SGX_WAIT_BELL;
        __atomic_store_n(&m->turn, CW_SGX_TURN_CPU, __ATOMIC_SEQ_CST);
        (void)syscall(SYS_futex, &m->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
        assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
        assert_int_equal(read(bell, &count, sizeof count), sizeof count);
        assert_int_equal(count, 1);
        assert_int_equal(__atomic_load_n(&m->turn, __ATOMIC_SEQ_CST), CW_SGX_TURN_HOST);
        assert_int_equal(m->gpr[CW_SGX_RSI], i);
    }
    stop_server(&s);
    cw_client_close(&client);
    (void)close(fd);
    (void)close(bell);
}

/* --- an enclave that owns its shim ------------------------------------------------------------------ */

/* Where the jail's cw_syscall begins: its text lies as in its file. */
static uint64_t find_cw_syscall(void)
{
    static const uint8_t begin[] = {0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xd6};
    static uint8_t bytes[1u << 20];
    FILE *f = fopen(test_jail(), "rb");
    size_t len = f == NULL ? 0 : fread(bytes, 1, sizeof bytes, f);
    const uint8_t *at = memmem(bytes, len, begin, sizeof begin);

    assert_non_null(f);
    assert_non_null(at);
    (void)fclose(f);
    return CW_JAIL_TEXT_AT + (uint64_t)(at - bytes);
}

/* write(socket, call, len) from inside; false: it ended. */
static bool lie(struct test_cpu *cpu, const void *bytes, size_t copied, size_t len)
{
    struct cw_sgx_mailbox *m = cw_client_mailbox(&cpu->client, 0);

    memcpy(cw_client_arena(&cpu->client), bytes, copied);
    m->function = SGX_EENTER;
    m->gpr[CW_SGX_RDI] = SYS_write;
    m->gpr[CW_SGX_RSI] = CW_JAIL_SOCKET;
    m->gpr[CW_SGX_RDX] = cpu->client.loaded.arena;
    m->gpr[9] = len;
    m->gpr[8] = find_cw_syscall();
    return cw_client_enter(&cpu->client, 0, 0, PATIENCE_MS) == CW_OK;
}

static void an_enclave_that_lies_to_the_supervisor_harms_itself(void **state)
{
    static const size_t lengths[] = {1, sizeof(struct cw_jail_call) - 1,
            sizeof(struct cw_jail_call) + 1, 60000};
    struct test_image image = TEST_IMAGE(cw_enclave_lie);
    struct cw_jail_call call = {.kind = 77};
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;
    unsigned i;

    (void)state;
    for (i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        assert_int_equal(test_cpu_load(&cpu, &image, false), SGX_OK);
        for (unsigned k = 0; k < 6000 && lie(&cpu, &call, sizeof call, lengths[i]); k++) {
            (void)poll(NULL, 0, 10); /* until the supervisor has seen it */
        }
        assert_non_null(strstr(cpu.client.ended, "what no enclave sends"));
        test_cpu_stop(&cpu);
    }
    /* Well-formed, but no call: answered as the instruction would be, and it lives. */
    assert_int_equal(test_cpu_load(&cpu, &image, false), SGX_OK);
    for (i = 0; i < 3; i++) {
        call.kind = i == 0 ? 77 : i == 1 ? CW_JAIL_READY : SGX_EGETKEY;
        assert_true(lie(&cpu, &call, sizeof call, sizeof call));
        m = cw_client_mailbox(&cpu.client, 0);
        assert_int_equal(m->gpr[CW_SGX_RSI], sizeof call);
    }
    /* Answers that it never takes fill its own socket alone. */
    call.kind = SGX_EREPORT;
    for (i = 0; i < 5000 && lie(&cpu, &call, sizeof call, sizeof call); i++) {
    }
    assert_true(i < 5000);
    test_cpu_stop(&cpu);
}

static void a_host_that_changes_the_mailbox_meanwhile_gains_nothing(void **state)
{
    struct test_image image = TEST_IMAGE(cw_enclave_count);
    struct test_cpu cpu;
    struct cw_sgx_mailbox *m;
    pid_t child;

    (void)state;
    assert_int_equal(test_cpu_load(&cpu, &image, false), SGX_OK);
    m = cw_client_mailbox(&cpu.client, 0);
    child = fork();
    if (child == 0) {
        srand(4712);
        for (;;) {
            uint8_t *bytes = (uint8_t *)m;

            bytes[4 + (size_t)rand() % (sizeof *m - 4)] = (uint8_t)rand(); /* all but turn */
        }
    }
    for (unsigned i = 0; i < 2000; i++) {
        m->function = i % 3 == 0 ? SGX_ERESUME : SGX_EENTER;
        __atomic_store_n(&m->turn, CW_SGX_TURN_CPU, __ATOMIC_SEQ_CST);
        (void)syscall(SYS_futex, &m->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
        for (unsigned k = 0; k < 1000 &&
                             __atomic_load_n(&m->turn, __ATOMIC_SEQ_CST) == CW_SGX_TURN_CPU; k++) {
            (void)poll(NULL, 0, k > 100 ? 1 : 0);
        }
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    /* What it wrote may have cost a wake-up, its own: wake once more, and whenever it enters. */
    m->cpu_waits = CW_SGX_WAIT_FUTEX;
    (void)syscall(SYS_futex, &m->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
    assert_int_equal(cw_client_wait(&cpu.client, 0, 0, PATIENCE_MS), CW_OK);
    m->cpu_waits = CW_SGX_WAIT_FUTEX;
    m->rflags = 0x202;
    m->mxcsr = 0x1f80;
    m->fcw = 0x37f;
    assert_non_null(test_enter(&cpu, 0, SGX_EENTER));
    assert_int_equal(m->function, SGX_EEXIT);
    assert_true(m->gpr[CW_SGX_RSI] > 1); /* it was entered, and counted, and lives */
    test_cpu_stop(&cpu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(garbage_is_answered_or_ends_the_connection),
            cmocka_unit_test(descriptors_that_are_no_image_are_refused),
            cmocka_unit_test(bases_that_cannot_be_are_refused),
            cmocka_unit_test(memory_of_the_epc_comes_back),
            cmocka_unit_test(pages_without_chunks_take_of_the_epc),
            cmocka_unit_test(many_connections_leave_room_for_another_user),
            cmocka_unit_test(a_host_that_reads_nothing_keeps_nobody_waiting),
            cmocka_unit_test(when_the_host_goes_so_does_the_enclave),
            cmocka_unit_test(the_doorbell_rings_when_asked),
            cmocka_unit_test(an_enclave_that_lies_to_the_supervisor_harms_itself),
            cmocka_unit_test(a_host_that_changes_the_mailbox_meanwhile_gains_nothing),
    };

    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
