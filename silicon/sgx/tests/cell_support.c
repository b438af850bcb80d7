/* SPDX-License-Identifier: MIT */
/*
 * cell_support.c - images and a CPU for tests.
 */
#include "silicon/sgx/tests/cell_support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "silicon/sgx/cell.h"
#include "silicon/sgx/listen.h"

#define PATIENCE_MS 60000
#define RW (SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W)
#define RX (SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_X)

static void die(const char *what)
{
    (void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

void test_image_stream(const struct test_image *image, struct sgx_stream *ret_stream)
{
    size_t code_len = (size_t)(cw_enclaves_end - cw_enclaves);
    struct sgx_tcs first = {.ossa = 0x2000 + image->ossa_past_page,
            .nssa = 2,
            .oentry = IMAGE_CODE + (uint64_t)(image->entry - cw_enclaves),
            .ofsbase = 0x8000,
            .ogsbase = 0x9000};

    memset(ret_stream, 0, sizeof *ret_stream);
    sgx_stream_ecreate(ret_stream, IMAGE_LEN, 1);
    sgx_stream_tcs(ret_stream, 0, &first);
    if (image->second != NULL) {
        struct sgx_tcs second = first;

        second.ossa = 0xd000;
        second.oentry = IMAGE_CODE + (uint64_t)(image->second - cw_enclaves);
        sgx_stream_tcs(ret_stream, 0x1000, &second);
    }
    for (uint64_t at = 0; at < code_len; at += SGX_PAGE_LEN) {
        sgx_stream_page(ret_stream, IMAGE_CODE + at, image->mixed ? RX | SGX_SECINFO_W : RX,
                cw_enclaves + at, SGX_ALL_CHUNKS);
    }
    for (uint64_t at = 0; at < 4 * SGX_PAGE_LEN; at += SGX_PAGE_LEN) {
        sgx_stream_page(ret_stream, IMAGE_DATA + at, RW, NULL, SGX_ALL_CHUNKS);
    }
    for (uint64_t at = 0; at < 2 * SGX_PAGE_LEN; at += SGX_PAGE_LEN) {
        sgx_stream_page(ret_stream, 0x2000 + at, RW, NULL, SGX_ALL_CHUNKS);
        sgx_stream_page(ret_stream, 0xd000 + at, RW, NULL, SGX_ALL_CHUNKS);
    }
}

int test_image_open(const struct test_image *image)
{
    uint8_t sigstruct[SGX_SIGSTRUCT_LEN];
    struct sgx_stream stream;
    int fd;

    test_image_stream(image, &stream);
    sgx_sign(&stream, &image->identity, SGX_SIGNER, sigstruct);
    fd = cw_client_image(sigstruct, sizeof sigstruct, stream.bytes, stream.len);
    sgx_stream_free(&stream);
    if (fd < 0) {
        die("memfd");
    }
    return fd;
}

const char *test_jail(void)
{
    static char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    char *host;

    if (n < 0) {
        die("/proc/self/exe");
    }
    path[n] = 0;
    host = strstr(path, "/host/");
    if (host == NULL) {
        die(path);
    }
    (void)snprintf(host, sizeof path - (size_t)(host - path), "/host/bin/causeway-sgx-jail");
    return path;
}

void test_cpu_init(struct test_cpu *cpu)
{
    memset(cpu, 0, sizeof *cpu);
    if (getrandom(&cpu->fuses, sizeof cpu->fuses, 0) != (ssize_t)sizeof cpu->fuses) {
        die("getrandom");
    }
    cpu->platform.fuses = &cpu->fuses;
    cpu->platform.jail = cw_cell_jail(test_jail());
    cpu->platform.epc = mmap(NULL, sizeof *cpu->platform.epc, PROT_READ | PROT_WRITE,
            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (cpu->platform.jail < 0 || cpu->platform.epc == MAP_FAILED) {
        die("cpu");
    }
    cpu->platform.epc->total = 256ul << 20;
    cpu->platform.first_user = geteuid() == 0 ? 1900000000u : 0;
}

void test_cpu_start(struct test_cpu *cpu)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        die("socketpair");
    }
    cpu->pid = cw_listen_fork(&cpu->platform, pair[1], 0, pair[0]);
    (void)close(pair[1]);
    if (cpu->pid < 0) {
        die("fork");
    }
    cw_client_over(&cpu->client, pair[0]);
}

void test_cpu_stop(struct test_cpu *cpu)
{
    cw_client_close(&cpu->client);
    /* It sees the end of the connection, and ends. */
    if (cpu->pid > 0 && waitpid(cpu->pid, NULL, 0) != cpu->pid) {
        die("waitpid");
    }
    (void)close(cpu->platform.jail);
    (void)munmap(cpu->platform.epc, sizeof *cpu->platform.epc);
}

uint32_t test_cpu_load(struct test_cpu *cpu, const struct test_image *image, bool traced)
{
    test_cpu_init(cpu);
    cpu->platform.traced = traced;
    return test_cpu_load_on(cpu, image);
}

uint32_t test_cpu_load_on(struct test_cpu *cpu, const struct test_image *image)
{
    int fd = test_image_open(image);
    uint32_t code;

    cpu->platform.allow_mixed = image->mixed;
    test_cpu_start(cpu);
    code = cw_client_load(&cpu->client, fd, -1, 0, 65536);
    (void)close(fd);
    if (code != SGX_OK) {
        (void)fprintf(stderr, "load: 0x%x %s\n", code, cpu->client.loaded.text);
    } else {
        struct cw_sgx_mailbox *m = cw_client_mailbox(&cpu->client, 0);

        for (unsigned i = 0; i < cpu->client.loaded.tcs_count; i++) {
            m = cw_client_mailbox(&cpu->client, i);
            m->rflags = 0x202;
            m->mxcsr = 0x1f80;
            m->fcw = 0x37f;
        }
    }
    return code;
}

struct cw_sgx_mailbox *test_enter(struct test_cpu *cpu, unsigned tcs, uint32_t function)
{
    struct cw_sgx_mailbox *m = cw_client_mailbox(&cpu->client, tcs);

    m->function = function;
    if (cw_client_enter(&cpu->client, tcs, 0, PATIENCE_MS) != CW_OK) {
        (void)fprintf(stderr, "enter: %s\n",
                cpu->client.ended[0] != 0 ? cpu->client.ended : "timeout");
        return NULL;
    }
    return m;
}
