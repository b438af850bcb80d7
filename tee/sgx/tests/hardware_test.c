/* SPDX-License-Identifier: MIT */
/* The hardware loader against a double of the kernel's driver, of the vDSO, and of the service
 * that quotes.  On hardware itself it never ran. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "core/wire/node.h"
#include "tee/sgx/abi.h"
#include "tee/sgx/node/aesm.h"
#include "tee/sgx/node/hardware.h"
#include "tee/sgx/node/place.h"
#include "tee/sgx/tests/fake_driver.h"
#include "tests/support/sgx_image.h"

#define IMAGE_LEN 0x40000u
#define REG(rights) (SGX_SECINFO_REG | (rights))
#define RW (SGX_SECINFO_R | SGX_SECINFO_W)
#define RX (SGX_SECINFO_R | SGX_SECINFO_X)

static char folder[] = "/tmp/sgx-hardware-XXXXXX";
static char service_path[100];
static char why[CW_SGX_PLACE_WHY_LEN];

struct image {
    uint8_t *bytes;
    size_t len;
};

static struct image sign(struct sgx_stream *s, const struct sgx_identity *identity)
{
    struct image image = {.len = SGX_SIGSTRUCT_LEN + s->len};
    image.bytes = malloc(image.len);
    assert_non_null(image.bytes);
    sgx_sign(s, identity, SGX_SIGNER, image.bytes);
    (void)memcpy(image.bytes + SGX_SIGSTRUCT_LEN, s->bytes, s->len);
    sgx_stream_free(s);
    return image;
}

/* 0 TCS | 1, 2 SSA | 3 .. 10 code | 11 .. 13 constants | 16 .. 31 data, four of them unmeasured */
static void add_pages(struct sgx_stream *s)
{
    uint8_t page[SGX_PAGE_LEN];
    sgx_stream_ecreate(s, IMAGE_LEN, 1);
    sgx_stream_tcs(s, 0, &(struct sgx_tcs){.ossa = 0x1000, .nssa = 2, .oentry = 0x3000});
    for (unsigned i = 1; i < 32; i++) {
        for (size_t at = 0; at < sizeof page; at++) {
            page[at] = (uint8_t)(at * i);
        }
        if (i < 3) {
            sgx_stream_page(s, i * 0x1000, REG(RW), NULL, SGX_ALL_CHUNKS);
        } else if (i < 11) {
            sgx_stream_page(s, i * 0x1000, REG(RX), page, SGX_ALL_CHUNKS);
        } else if (i < 14) {
            sgx_stream_page(s, i * 0x1000, REG(SGX_SECINFO_R), page, SGX_ALL_CHUNKS);
        } else if (i >= 16 && i < 28) {
            sgx_stream_page(s, i * 0x1000, REG(RW), page, SGX_ALL_CHUNKS);
        } else if (i >= 28) {
            sgx_stream_page(s, i * 0x1000, REG(RW), NULL, 0);
        }
    }
}

static struct image good_image(void)
{
    struct sgx_stream s = {0};
    const struct sgx_identity identity = SGX_IDENTITY;
    add_pages(&s);
    return sign(&s, &identity);
}

static void expect_no_breach(void)
{
    if (fake_driver.breach[0] != '\0') {
        fail_msg("the loader broke a rule: %s", fake_driver.breach);
    }
}

static void loads(const struct image *image)
{
    struct cw_sgx_place place;
    if (cw_sgx_place_load(&fake_driver_table, image->bytes, image->len, &place, why) != CW_OK) {
        fail_msg("%s (%s)", why, fake_driver.breach);
    }
    expect_no_breach();
    assert_memory_equal(fake_driver.mrenclave, image->bytes + SGX_SIG_ENCLAVEHASH, SGX_HASH_LEN);
    assert_int_equal((uintptr_t)place.base, fake_driver.base);
    assert_int_equal((uintptr_t)place.base % IMAGE_LEN, 0);
    assert_int_equal(place.tcs, fake_driver.base);
    cw_sgx_place_unload(&place);
    assert_int_equal(fake_driver.opened, 0);
}

static void fails(const struct image *image, cw_status status, const char *word)
{
    struct cw_sgx_place place = {.file = -1};
    assert_int_equal(
            cw_sgx_place_load(&fake_driver_table, image->bytes, image->len, &place, why), status);
    if (strstr(why, word) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", why, word);
    }
    assert_int_equal(fake_driver.opened, 0);
}

static int reset(void **state)
{
    (void)state;
    fake_driver_reset();
    return 0;
}

/* --- loading -------------------------------------------------------------------------------------------- */

static void driver_measures_what_the_image_says(void **state)
{
    (void)state;
    struct image image = good_image();
    loads(&image);
    assert_int_equal(fake_driver.adds, 6); /* TCS, SSA, code, constants, data, unmeasured data */
    /* TCS and SSA are alike to who maps; code; constants; data */
    assert_int_equal(fake_driver.mapped, 4);
    free(image.bytes);
}

static void base_is_wherever_the_kernel_has_room(void **state)
{
    (void)state;
    struct image image = good_image();
    for (uint64_t shift = 0; shift < 2 * IMAGE_LEN; shift += 7 * SGX_PAGE_LEN) {
        fake_driver.base_shift = shift;
        loads(&image);
    }
    free(image.bytes);
}

static void signals_in_the_middle_change_nothing(void **state)
{
    (void)state;
    struct image image = good_image();
    for (unsigned every = 1; every < 4; every++) {
        fake_driver_reset();
        fake_driver.short_every = every;
        fake_driver.signal_every = every + 1;
        loads(&image);
        assert_true(fake_driver.adds > 6 && fake_driver.inits > 1);
    }
    free(image.bytes);
}

static void driver_that_adds_nothing_ends_the_loading(void **state)
{
    (void)state;
    struct image image = good_image();
    fake_driver.is_stuck = true;
    fails(&image, CW_E_SYSTEM, "in a way that it has not");
    free(image.bytes);
}

static void failures_of_the_driver_name_a_remedy(void **state)
{
    (void)state;
    struct image image = good_image();
    fake_driver.open_error = EACCES;
    fails(&image, CW_E_SYSTEM, "group sgx");
    fake_driver.open_error = 0;
    fake_driver.fail_add = ENOMEM;
    fails(&image, CW_E_SYSTEM, "memory for enclaves is full");
    fake_driver.fail_add = EIO;
    fails(&image, CW_E_SYSTEM, "load it anew");
    fake_driver.fail_init = EPERM;
    fails(&image, CW_E_SYSTEM, "cannot initialize");
    expect_no_breach();
    fake_driver.fail_init = 0;
    loads(&image);
    free(image.bytes);
}

static void what_einit_refuses_is_named_before(void **state)
{
    (void)state;
    struct image image = good_image();
    image.bytes[SGX_SIG_ENCLAVEHASH] ^= 1;
    sgx_sign_again(image.bytes, SGX_SIGNER);
    fails(&image, CW_E_DENIED, "SGX_INVALID_MEASUREMENT");
    image.bytes[SGX_SIG_ENCLAVEHASH] ^= 1;
    fails(&image, CW_E_DENIED, "SGX_INVALID_SIGNATURE");
    assert_int_equal(fake_driver.adds, 0);
    free(image.bytes);
}

static void images_that_linux_cannot_load_are_refused(void **state)
{
    (void)state;
    const struct sgx_identity identity = SGX_IDENTITY;
    struct sgx_stream part = {0};
    add_pages(&part);
    sgx_stream_page(&part, 0x20000, REG(RW), NULL, 0x00ff);
    struct image image = sign(&part, &identity);
    fails(&image, CW_E_FORM, "page 0x20000 is measured in part");
    free(image.bytes);

    uint8_t chunk[SGX_CHUNK_LEN] = {1};
    struct sgx_stream order = {0}; /* two pages are added, and measured after that */
    add_pages(&order);
    sgx_stream_eadd(&order, 0x20000, REG(RW));
    sgx_stream_eadd(&order, 0x21000, REG(RW));
    for (uint64_t at = 0; at < 2 * SGX_PAGE_LEN; at += SGX_CHUNK_LEN) {
        sgx_stream_eextend(&order, 0x20000 + at, chunk);
    }
    image = sign(&order, &identity);
    fails(&image, CW_E_FORM, "another measurement");
    free(image.bytes);

    struct sgx_stream closed = {0};
    sgx_stream_ecreate(&closed, IMAGE_LEN, 1);
    sgx_stream_page(&closed, 0, REG(RX), NULL, SGX_ALL_CHUNKS);
    image = sign(&closed, &identity);
    fails(&image, CW_E_FORM, "no TCS");
    free(image.bytes);

    struct sgx_stream greedy = {0};
    add_pages(&greedy);
    image = sign(&greedy, &(struct sgx_identity){.attributes = SGX_ATTR_MODE64BIT | SGX_ATTR_PROVISIONKEY,
                                  .attribute_mask = ~0ull, .xfrm = SGX_XFRM_LEGACY});
    fails(&image, CW_E_DENIED, "provisioning");
    free(image.bytes);
}

static void cut_images_are_refused(void **state)
{
    (void)state;
    struct image image = good_image();
    const struct image whole = image;
    for (image.len = 0; image.len < whole.len; image.len += 997) {
        struct cw_sgx_place place = {.file = -1};
        assert_int_not_equal(cw_sgx_place_load(&fake_driver_table, image.bytes, image.len, &place,
                                     why), CW_OK);
    }
    free(image.bytes);
}

/* --- the double's own rules: it catches what it is there for -------------------------------------------- */

static void double_refuses_what_the_kernel_refuses(void **state)
{
    (void)state;
    static _Alignas(SGX_PAGE_LEN) uint8_t page[2 * SGX_PAGE_LEN];
    _Alignas(64) uint8_t secinfo[64] = {0};
    const struct cw_sgx_driver *d = &fake_driver_table;
    struct cw_sgx_add_pages add = {.src = (uintptr_t)page, .offset = 0, .length = SGX_PAGE_LEN,
            .secinfo = (uintptr_t)secinfo, .flags = CW_SGX_ADD_MEASURE};
    const int file = d->open();
    assert_int_equal(d->ioctl(file, CW_SGX_IOC_ADD_PAGES, &add), -1); /* before CREATE */
    uint8_t *all = d->mmap(NULL, 4 * SGX_PAGE_LEN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const uint64_t base = ((uintptr_t)all + 0x1fff) & ~(uint64_t)0x1fff;
    static uint8_t secs[SGX_PAGE_LEN];
    struct cw_sgx_create create = {.src = (uintptr_t)secs};
    const uint64_t fields[][2] = {{SGX_SECS_SIZE, 0x2000}, {SGX_SECS_BASE, base},
            {SGX_SECS_SSAFRAMESIZE, 1}, {SGX_SECS_ATTRIBUTES, SGX_ATTR_MODE64BIT},
            {SGX_SECS_ATTRIBUTES + 8, 3}};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(d->ioctl(file, CW_SGX_IOC_CREATE, &create), -1);
        (void)memcpy(secs + fields[i][0], &fields[i][1], i == 2 ? 4 : 8);
    }
    secs[100] = 1;
    assert_int_equal(d->ioctl(file, CW_SGX_IOC_CREATE, &create), -1);
    secs[100] = 0;
    assert_int_equal(d->ioctl(file, CW_SGX_IOC_CREATE, &create), 0);
    assert_int_equal(d->ioctl(file, CW_SGX_IOC_CREATE, &create), -1);
    static const uint16_t wrong[] = {0, 0x300, SGX_SECINFO_TCS | SGX_SECINFO_R,
            SGX_SECINFO_REG | SGX_SECINFO_W, SGX_SECINFO_REG | RW | 8};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        (void)memcpy(secinfo, &wrong[i], 2);
        assert_int_equal(d->ioctl(file, CW_SGX_IOC_ADD_PAGES, &add), -1);
    }
    secinfo[0] = RW;
    secinfo[1] = 2;
    add.length = 0x3000;
    assert_int_equal(d->ioctl(file, CW_SGX_IOC_ADD_PAGES, &add), -1);
    add.length = SGX_PAGE_LEN;
    add.src++;
    assert_int_equal(d->ioctl(file, CW_SGX_IOC_ADD_PAGES, &add), -1);
    add.src--;
    assert_int_equal(d->ioctl(file, CW_SGX_IOC_ADD_PAGES, &add), 0);
    assert_int_equal(d->ioctl(file, CW_SGX_IOC_ADD_PAGES, &add), -1); /* twice */
    void *at = (void *)(uintptr_t)base;
    assert_ptr_equal(d->mmap(at, SGX_PAGE_LEN, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, file,
                             0), MAP_FAILED);
    assert_ptr_equal(d->mmap(at, 2 * SGX_PAGE_LEN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                             file, 0), MAP_FAILED);
    assert_ptr_equal(d->mmap(at, SGX_PAGE_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
            MAP_FAILED);
    struct cw_sgx_run run = {.tcs = base};
    struct cw_sgx_pass pass = {.function = SGX_EENTER, .run = &run};
    assert_int_equal(d->enter(&pass), -EINVAL);
    assert_int_equal(d->close(file), 0);
    (void)d->munmap(all, 4 * SGX_PAGE_LEN);
}

/* --- the vDSO's way in ----------------------------------------------------------------------------------- */

/* Leaves registers and control words as an enclave might. */
__attribute__((naked)) static void vdso(void)
{
    __asm__("movq 8(%rsp), %rax\n\t"      /* run */
            "movl $4, 8(%rax)\n\t"        /* function = EEXIT */
            "movq %rsp, 32(%rax)\n\t"     /* user_data */
            "addq $1, %rdi\n\t"
            "addq %rcx, %rsi\n\t"
            "addq %r8, %rdx\n\t"
            "movq $-1, %r12\n\t"
            "movq $-1, %r13\n\t"
            "movq $-1, %r14\n\t"
            "movq $-1, %r15\n\t"
            "pushq $0x7fff\n\t"
            "ldmxcsr (%rsp)\n\t"
            "fldcw (%rsp)\n\t"
            "popq %rax\n\t"
            "std\n\t"
            "xorl %eax, %eax\n\t"
            "ret");
}

static void way_in_keeps_what_callers_rely_on(void **state)
{
    (void)state;
    struct cw_sgx_run run = {.tcs = 5};
    struct cw_sgx_pass pass = {.rdi = 10, .rsi = 20, .rdx = 30, .r8 = 40, .r9 = 50,
            .function = SGX_EENTER, .run = &run};
    uint64_t kept[4];
    uint32_t mxcsr[2];
    uint16_t fcw[2];
    int status;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr[0]), "=m"(fcw[0]));
    __asm__ volatile("movq $11, %%r12\n\tmovq $12, %%r13\n\tmovq $13, %%r14\n\tmovq $14, %%r15\n\t"
                     "subq $128, %%rsp\n\tpushq %%rbx\n\tmovq %%rsp, %%rbx\n\tandq $-16, %%rsp\n\t"
                     "call cw_sgx_vdso_enter\n\tmovq %%rbx, %%rsp\n\tpopq %%rbx\n\taddq $128, %%rsp\n\t"
                     "movq %%r12, 0(%[kept])\n\tmovq %%r13, 8(%[kept])\n\t"
                     "movq %%r14, 16(%[kept])\n\tmovq %%r15, 24(%[kept])"
                     : "=a"(status)
                     : "D"(&pass), "S"((void *)(uintptr_t)vdso), [kept] "b"(kept)
                     : "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rcx", "rdx", "memory",
                     "cc");
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr[1]), "=m"(fcw[1]));
    assert_int_equal(status, 0);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(kept[i], 11 + i);
    }
    assert_int_equal(mxcsr[0] & 0xffc0, mxcsr[1] & 0xffc0);
    assert_int_equal(fcw[0], fcw[1]);
    assert_int_equal(pass.rdi, 11);
    assert_int_equal(pass.rsi, 20 + SGX_EENTER);
    assert_int_equal(pass.rdx, 70);
    assert_int_equal(run.function, SGX_EEXIT);
    assert_int_equal(run.user_data % 16, 8); /* the stack was aligned at the call */
}

/* --- the quoting service ---------------------------------------------------------------------------------- */

struct service {
    int listener;
    pthread_t thread;
    unsigned error;  /* what it answers, in the answer's first field */
    bool is_broken;  /* answers what is no message                   */
    unsigned flips;  /* bytes of each answer that are changed        */
    unsigned asked[18];
    uint8_t report[SGX_REPORT_LEN];
};
static struct service service;

static size_t put_varint(uint8_t *at, uint64_t value)
{
    size_t len = 0;
    do {
        at[len++] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
    } while (value > 0);
    return len;
}

static uint64_t get_varint(const uint8_t **at)
{
    uint64_t value = 0;
    unsigned shift = 0;
    do {
        value |= (uint64_t)(**at & 0x7f) << shift;
        shift += 7;
    } while ((*(*at)++ & 0x80) != 0);
    return value;
}

/* Numbers of the fields of a request, one after the other, as the service's messages have them. */
static const unsigned fields_of[18][5] = {[15] = {1, 3, 4, 9}, [16] = {1, 9}, [17] = {1, 2, 4, 9}};

static void check_fields(unsigned kind, const uint8_t *fields, const uint8_t *end)
{
    unsigned count = 0;
    while (fields < end) {
        const uint64_t key = get_varint(&fields);
        assert_int_equal(key >> 3, fields_of[kind][count]);
        count++;
        const uint64_t value = get_varint(&fields);
        if ((key & 7) == 2) {
            fields += value;
        } else if (kind == 15 && key >> 3 != 9) { /* without it the service gives no TARGETINFO */
            assert_int_equal(value, key >> 3 == 3 ? 1 : 32);
        }
    }
    assert_int_equal(fields_of[kind][count], 0);
    assert_ptr_equal(fields, end);
}

/* The answer to a request of this kind, its fields' bytes behind it: the inner message. */
static size_t answer_of(unsigned kind, const uint8_t *fields, uint8_t *inner)
{
    size_t len = 0;
    inner[len++] = 1 << 3;
    len += put_varint(inner + len, service.error);
    if (kind == 16) {
        inner[len++] = 2 << 3;
        return len + put_varint(inner + len, 4600);
    }
    const size_t bytes_len = kind == 15 ? SGX_TARGETINFO_LEN : 4600;
    inner[len++] = 2 << 3 | 2;
    len += put_varint(inner + len, bytes_len);
    (void)memset(inner + len, kind == 15 ? 0x51 : 0x52, bytes_len);
    if (kind == 17) {
        const uint32_t signature_len = 4000; /* less than the room: what follows is none of it */
        (void)memcpy(inner + len + 432, &signature_len, 4);
        assert_int_equal(*fields++, 1 << 3 | 2);
        assert_int_equal(get_varint(&fields), SGX_REPORT_LEN);
        (void)memcpy(service.report, fields, SGX_REPORT_LEN);
        fields += SGX_REPORT_LEN;
        assert_int_equal(*fields++, 2 << 3 | 2);
        assert_int_equal(get_varint(&fields), 256);
        fields += 256;
        assert_int_equal(*fields++, 4 << 3);
        assert_true(get_varint(&fields) == 4600 || service.flips > 0);
    }
    return len + bytes_len;
}

static void serve_one(int file)
{
    uint8_t request[4096];
    uint8_t inner[8192];
    uint8_t answer[8300];
    uint32_t len = 0;
    if (recv(file, &len, 4, MSG_WAITALL) != 4 || len > sizeof request ||
            recv(file, request, len, MSG_WAITALL) != (ssize_t)len) {
        return;
    }
    const uint8_t *at = request;
    const unsigned kind = (unsigned)(get_varint(&at) >> 3);
    const uint64_t fields_len = get_varint(&at);
    if (at + fields_len != request + len || kind < 15 || kind > 17) {
        return;
    }
    service.asked[kind]++;
    check_fields(kind, at, request + len);
    const size_t inner_len = answer_of(kind, at, inner);
    uint32_t answer_len = (uint32_t)put_varint(answer + 4, kind << 3 | 2);
    answer_len += (uint32_t)put_varint(answer + 4 + answer_len, inner_len);
    (void)memcpy(answer + 4 + answer_len, inner, inner_len);
    answer_len += (uint32_t)inner_len;
    if (service.is_broken) {
        answer[4 + 2] = 0xff;
        answer[4 + 3] = 0xff;
    }
    for (unsigned i = 0; i < service.flips; i++) { /* mostly where lengths stand */
        const unsigned where = (unsigned)rand() % (i % 2 == 0 ? 16 : answer_len);
        answer[4 + where] ^= (uint8_t)(1 + rand() % 255);
    }
    (void)memcpy(answer, &answer_len, 4);
    (void)send(file, answer, 4 + answer_len, MSG_NOSIGNAL);
}

static void *service_thread(void *ctx)
{
    (void)ctx;
    for (;;) {
        const int file = accept(service.listener, NULL, NULL);
        if (file < 0) {
            return NULL;
        }
        serve_one(file);
        (void)close(file);
    }
}

static int start_service(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)reset(state);
    service = (struct service){.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", service_path);
    if (bind(service.listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
            listen(service.listener, 8) != 0) {
        return -1;
    }
    return pthread_create(&service.thread, NULL, service_thread, NULL);
}

static int stop_service(void **state)
{
    (void)state;
    (void)shutdown(service.listener, SHUT_RDWR);
    (void)pthread_join(service.thread, NULL);
    (void)close(service.listener);
    return unlink(service_path);
}

static void service_gives_target_and_quote(void **state)
{
    (void)state;
    uint8_t target[SGX_TARGETINFO_LEN] = {0};
    uint8_t report[SGX_REPORT_LEN];
    uint8_t *quote = NULL;
    uint32_t len = 0;
    (void)memset(report, 0x33, sizeof report);
    assert_int_equal(cw_aesm_target(service_path, target, why), CW_OK);
    assert_int_equal(target[0], 0x51);
    assert_int_equal(target[511], 0x51);
    assert_int_equal(cw_aesm_quote(service_path, report, &quote, &len, why), CW_OK);
    assert_int_equal(len, 436 + 4000);
    assert_int_equal(quote[0], 0x52);
    assert_memory_equal(service.report, report, sizeof report);
    free(quote);
    assert_int_equal(service.asked[16], 1);
}

static void service_that_refuses_or_babbles_is_told(void **state)
{
    (void)state;
    uint8_t target[SGX_TARGETINFO_LEN];
    uint8_t report[SGX_REPORT_LEN] = {0};
    uint8_t *quote = NULL;
    uint32_t len = 0;
    service.error = 42;
    assert_int_equal(cw_aesm_target(service_path, target, why), CW_E_DENIED);
    assert_non_null(strstr(why, "42"));
    service.error = 0;
    service.is_broken = true;
    assert_int_equal(cw_aesm_quote(service_path, report, &quote, &len, why), CW_E_FORM);
    assert_int_equal(cw_aesm_target("/tmp/no-quoting-service", target, why), CW_E_ABSENT);
    assert_non_null(strstr(why, "aesmd"));
}

static void changed_answers_of_the_service_do_no_harm(void **state)
{
    (void)state;
    uint8_t target[SGX_TARGETINFO_LEN];
    uint8_t report[SGX_REPORT_LEN] = {0};
    unsigned refused = 0;
    srand(1);
    for (unsigned i = 0; i < 600; i++) {
        uint8_t *quote = NULL;
        uint32_t len = 0;
        service.flips = 1 + i % 4;
        refused += cw_aesm_target(service_path, target, why) != CW_OK;
        if (cw_aesm_quote(service_path, report, &quote, &len, why) == CW_OK) {
            assert_true(len > 436 && len <= CW_QUOTE_MAX);
        } else {
            refused++;
        }
        free(quote);
    }
    assert_true(refused > 600);
}

/* --- the loader as a whole --------------------------------------------------------------------------------- */

static uv_loop_t loop;
static struct cw_sgx_cpu *cpu;
static bool is_loaded;
static bool is_done;
static bool is_quoted;
static cw_status load_status;
static char load_why[400];
static cw_result quote_result;
static size_t quote_len;
static unsigned entered;

static void on_loaded(void *ctx, cw_status status, const char *text)
{
    (void)ctx;
    is_loaded = true;
    load_status = status;
    (void)snprintf(load_why, sizeof load_why, "%s", text);
    uv_stop(&loop);
}

static void on_ended(void *ctx, const char *text)
{
    (void)ctx;
    fail_msg("ended: %s", text);
}

static void on_done(void *ctx)
{
    *(bool *)ctx = true;
    uv_stop(&loop);
}

static void on_quoted(void *ctx, cw_status status, cw_result result, const uint8_t *items,
        size_t len)
{
    (void)ctx;
    (void)status;
    (void)items;
    is_quoted = true;
    quote_result = result;
    quote_len = len;
    uv_stop(&loop);
}

static void run_until(const bool *flag)
{
    (void)alarm(120);
    while (!*flag) {
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    (void)alarm(0);
}

/* Leaves at once; RDI 99: stays inside until its memory is taken away. */
static int play(struct cw_sgx_pass *pass, const struct fake_driver *driver)
{
    entered++;
    if (pass->rdi == 99) {
        unsigned char there;
        while (mincore((void *)(uintptr_t)driver->base, SGX_PAGE_LEN, &there) == 0 && there != 0) {
            usleep(1000); /* the first page is of the device, and touched, while it is mapped */
        }
        pass->run->function = SGX_ERESUME;
        pass->run->exception_vector = SGX_VECTOR_PF;
        return 0;
    }
    pass->run->function = SGX_EEXIT;
    pass->rdi = CW_SGX_EXIT_IDLE;
    pass->rsi = 0;
    return 0;
}

static struct cw_sgx_enclave *load(const struct image *image, int bell)
{
    const struct cw_sgx_loading loading = {.image = image->bytes, .image_len = image->len,
            .doorbell = bell, .loaded = on_loaded, .ended = on_ended};
    is_loaded = false;
    struct cw_sgx_enclave *enclave = cw_sgx_hardware.load(cpu, &loading);
    assert_false(is_loaded);
    return enclave;
}

static void unload(struct cw_sgx_enclave *enclave)
{
    is_done = false;
    cw_sgx_hardware.unload(enclave, on_done, &is_done);
    assert_false(is_done);
    run_until(&is_done);
    assert_int_equal(fake_driver.opened, 0);
    expect_no_breach();
}

static void give_turn(struct cw_sgx_mailbox *box, uint64_t rdi)
{
    box->function = SGX_EENTER;
    box->gpr[CW_SGX_RDI] = rdi;
    __atomic_store_n(&box->host_waits, CW_SGX_WAIT_BELL, __ATOMIC_SEQ_CST);
    __atomic_store_n(&box->turn, CW_SGX_TURN_CPU, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&box->cpu_waits, __ATOMIC_SEQ_CST) == CW_SGX_WAIT_FUTEX) {
        (void)syscall(202, &box->turn, 1, 1, NULL, NULL, 0);
    }
}

static void enclave_is_entered_and_rings(void **state)
{
    (void)state;
    struct image image = good_image();
    const int bell = eventfd(0, EFD_CLOEXEC);
    uint64_t count;
    fake_driver.enter = play;
    entered = 0;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(cw_sgx_hardware_open(&loop, &fake_driver_table, service_path, &cpu, why,
                             sizeof why), CW_OK);
    struct cw_sgx_enclave *enclave = load(&image, bell);
    run_until(&is_loaded);
    if (load_status != CW_OK) {
        fail_msg("%s", load_why);
    }
    assert_int_equal(enclave->arena[CW_SGX_TARGET_AT + 5], 0x51);
    for (unsigned i = 0; i < 90; i++) {
        if (i % 20 == 0) {
            usleep(10000); /* and its thread sleeps */
        }
        give_turn(enclave->mailbox, i);
        assert_int_equal(read(bell, &count, sizeof count), sizeof count);
        assert_int_equal(enclave->mailbox->function, SGX_EEXIT);
        assert_int_equal(enclave->mailbox->gpr[CW_SGX_RDI], CW_SGX_EXIT_IDLE);
    }
    assert_int_equal(entered, 90);

    uint8_t report[SGX_REPORT_LEN] = {7};
    is_quoted = false;
    cw_sgx_hardware.quote(cpu, report, on_quoted, NULL);
    run_until(&is_quoted);
    assert_int_equal(quote_result, CW_RESULT_DONE);
    assert_int_equal(quote_len, 8 + 436 + 4000);
    unload(enclave);

    enclave = load(&image, bell); /* and gone before it is there */
    unload(enclave);
    assert_false(is_loaded);

    enclave = load(&image, bell);
    run_until(&is_loaded);
    *(volatile uint8_t *)(uintptr_t)fake_driver.base = 1; /* the TCS's page, data here */
    give_turn(enclave->mailbox, 99);
    usleep(20000);
    unload(enclave); /* while somebody is inside */

    image.bytes[SGX_SIG_SIGNATURE] ^= 1;
    enclave = load(&image, bell);
    run_until(&is_loaded);
    assert_int_equal(load_status, CW_E_DENIED);
    assert_non_null(strstr(load_why, "SGX_INVALID_SIGNATURE"));
    unload(enclave);

    is_done = false;
    cw_sgx_hardware.close(cpu, on_done, &is_done);
    run_until(&is_done);
    assert_int_equal(uv_loop_close(&loop), 0);
    (void)close(bell);
    free(image.bytes);
}

static void enclave_without_a_quoting_service_is_not_loaded(void **state)
{
    (void)state;
    struct image image = good_image();
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(cw_sgx_hardware_open(&loop, &fake_driver_table, "/tmp/no-quoting-service",
                             &cpu, why, sizeof why), CW_OK);
    struct cw_sgx_enclave *enclave = load(&image, -1);
    run_until(&is_loaded);
    assert_int_equal(load_status, CW_E_ABSENT);
    assert_non_null(strstr(load_why, "aesmd"));
    unload(enclave);
    is_done = false;
    cw_sgx_hardware.close(cpu, on_done, &is_done);
    run_until(&is_done);
    assert_int_equal(uv_loop_close(&loop), 0);
    free(image.bytes);
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(service_path, sizeof service_path, "%s/aesm", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

#define CASE(name) cmocka_unit_test_setup(name, reset)
#define WITH_SERVICE(name) cmocka_unit_test_setup_teardown(name, start_service, stop_service)

int main(void)
{
    const struct CMUnitTest tests[] = {
            CASE(driver_measures_what_the_image_says),
            CASE(base_is_wherever_the_kernel_has_room),
            CASE(signals_in_the_middle_change_nothing),
            CASE(driver_that_adds_nothing_ends_the_loading),
            CASE(failures_of_the_driver_name_a_remedy),
            CASE(what_einit_refuses_is_named_before),
            CASE(images_that_linux_cannot_load_are_refused),
            CASE(cut_images_are_refused),
            CASE(double_refuses_what_the_kernel_refuses),
            CASE(way_in_keeps_what_callers_rely_on),
            WITH_SERVICE(service_gives_target_and_quote),
            WITH_SERVICE(service_that_refuses_or_babbles_is_told),
            WITH_SERVICE(changed_answers_of_the_service_do_no_harm),
            WITH_SERVICE(enclave_is_entered_and_rings),
            CASE(enclave_without_a_quoting_service_is_not_loaded),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
