/* SPDX-License-Identifier: MIT */
#include "tee/sgx/tests/fake_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES_MAX 4096u
#define ENCLAVES 8u
#define RIGHTS (SGX_SECINFO_R | SGX_SECINFO_W | SGX_SECINFO_X)

struct page {
    uint64_t offset;
    int rights; /* PROT_*, as EADD took it */
    bool is_tcs;
};

struct enclave {
    int file; /* 0: free */
    bool is_created;
    bool is_initialized;
    bool is_broken; /* EADD failed: nothing but closing helps */
    uint64_t base;
    uint64_t len;
    EVP_MD_CTX *hash;
    struct page pages[PAGES_MAX];
    size_t page_count;
};

struct fake_driver fake_driver;
static struct enclave enclaves[ENCLAVES];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t reserved_at;
static uint64_t reserved_len;

void fake_driver_reset(void)
{
    (void)memset(&fake_driver, 0, sizeof fake_driver);
}

static int refuse(int error, const char *rule)
{
    if (rule != NULL && fake_driver.breach[0] == '\0') {
        (void)snprintf(fake_driver.breach, sizeof fake_driver.breach, "%s", rule);
    }
    errno = error;
    return -1;
}

static struct enclave *of_file(int file)
{
    for (size_t i = 0; i < ENCLAVES; i++) {
        if (enclaves[i].file == file && file != 0) {
            return &enclaves[i];
        }
    }
    return NULL;
}

static uint64_t number(const uint8_t *bytes, size_t len)
{
    uint64_t value = 0;
    (void)memcpy(&value, bytes, len);
    return value;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void digest(struct enclave *e, const char tag[static 8], uint64_t first, size_t first_len,
        const uint8_t *rest, size_t rest_len)
{
    uint8_t block[64] = {0};
    (void)memcpy(block, tag, 8);
    (void)memcpy(block + 8, &first, first_len);
    if (rest_len > 0) {
        (void)memcpy(block + 8 + first_len, rest, rest_len);
    }
    (void)EVP_DigestUpdate(e->hash, block, sizeof block);
}

/* --- ioctls ------------------------------------------------------------------------------------------- */

static int create(struct enclave *e, const struct cw_sgx_create *c)
{
    const uint8_t *secs = (const uint8_t *)(uintptr_t)c->src;
    const uint64_t len = number(secs + SGX_SECS_SIZE, 8);
    const uint64_t base = number(secs + SGX_SECS_BASE, 8);
    const uint64_t flags = number(secs + SGX_SECS_ATTRIBUTES, 8);
    if (e->is_created) {
        return refuse(EINVAL, "a second CREATE");
    }
    if (len < 2 * SGX_PAGE_LEN || (len & (len - 1)) != 0) {
        return refuse(EINVAL, "SIZE is no power of two");
    }
    if ((base & (len - 1)) != 0) {
        return refuse(EIO, "BASE is not aligned to SIZE");
    }
    if ((flags & SGX_ATTR_INIT) != 0 || (flags & SGX_ATTR_MODE64BIT) == 0 ||
            (number(secs + SGX_SECS_ATTRIBUTES + 8, 8) & SGX_XFRM_LEGACY) != SGX_XFRM_LEGACY ||
            number(secs + SGX_SECS_SSAFRAMESIZE, 4) == 0) {
        return refuse(EIO, "ATTRIBUTES or SSAFRAMESIZE that ECREATE does not take");
    }
    if (!is_zero(secs + 24, 24) || !is_zero(secs + 64, SGX_PAGE_LEN - 64)) {
        return refuse(EIO, "reserved bytes of the SECS, or its identity, are set");
    }
    if (reserved_len < 2 * len || base < reserved_at || base + len > reserved_at + reserved_len) {
        return refuse(EIO, "ELRANGE is not in a reservation of twice its size");
    }
    e->is_created = true;
    e->base = base;
    e->len = len;
    e->hash = EVP_MD_CTX_new();
    (void)EVP_DigestInit_ex(e->hash, EVP_sha256(), NULL);
    digest(e, "ECREATE", number(secs + SGX_SECS_SSAFRAMESIZE, 4), 4, (const uint8_t *)&len, 8);
    fake_driver.base = base;
    fake_driver.len = len;
    return 0;
}

static const struct page *page_at(const struct enclave *e, uint64_t offset)
{
    for (size_t i = 0; i < e->page_count; i++) {
        if (e->pages[i].offset == offset) {
            return &e->pages[i];
        }
    }
    return NULL;
}

static int check_secinfo(const uint8_t *secinfo, int *ret_rights, bool *ret_is_tcs)
{
    const uint64_t flags = number(secinfo, 8);
    *ret_is_tcs = (flags & SGX_SECINFO_TYPE_MASK) == SGX_SECINFO_TCS;
    if (!*ret_is_tcs && (flags & SGX_SECINFO_TYPE_MASK) != SGX_SECINFO_REG) {
        return refuse(EINVAL, "a page that is neither REG nor TCS");
    }
    if (*ret_is_tcs && (flags & RIGHTS) != 0) {
        return refuse(EINVAL, "a TCS with rights");
    }
    if ((flags & SGX_SECINFO_W) != 0 && (flags & SGX_SECINFO_R) == 0) {
        return refuse(EINVAL, "W without R");
    }
    if ((flags & ~(uint64_t)(RIGHTS | SGX_SECINFO_TYPE_MASK)) != 0 || !is_zero(secinfo + 8, 56)) {
        return refuse(EINVAL, "reserved bits of SECINFO");
    }
    *ret_rights = *ret_is_tcs ? PROT_READ | PROT_WRITE
                              : ((flags & SGX_SECINFO_R) != 0 ? PROT_READ : 0) |
                    ((flags & SGX_SECINFO_W) != 0 ? PROT_WRITE : 0) |
                    ((flags & SGX_SECINFO_X) != 0 ? PROT_EXEC : 0);
    return 0;
}

static int add_page(struct enclave *e, uint64_t offset, const uint8_t *bytes,
        const uint8_t *secinfo, int rights, bool is_tcs, bool is_measured)
{
    if (page_at(e, offset) != NULL) {
        return refuse(EBUSY, "a page twice");
    }
    if (is_tcs && (number(bytes + SGX_TCS_STATE, 8) != 0 || number(bytes + SGX_TCS_CSSA, 4) != 0 ||
                          !is_zero(bytes + SGX_TCS_RESERVED, SGX_PAGE_LEN - SGX_TCS_RESERVED))) {
        e->is_broken = true;
        return refuse(EIO, "a TCS that EADD does not take");
    }
    e->pages[e->page_count++] = (struct page){offset, rights, is_tcs};
    digest(e, "EADD\0\0\0", offset, 8, secinfo, 48);
    for (size_t at = 0; at < SGX_PAGE_LEN && is_measured; at += SGX_CHUNK_LEN) {
        digest(e, "EEXTEND", offset + at, 8, NULL, 0);
        (void)EVP_DigestUpdate(e->hash, bytes + at, SGX_CHUNK_LEN);
    }
    return 0;
}

static int add_pages(struct enclave *e, struct cw_sgx_add_pages *a)
{
    const uint8_t *secinfo = (const uint8_t *)(uintptr_t)a->secinfo;
    int rights;
    bool is_tcs;
    fake_driver.adds++;
    if (!e->is_created || e->is_initialized || e->is_broken) {
        return refuse(EINVAL, "ADD_PAGES before CREATE, after INIT, or after it failed");
    }
    if (((a->src | a->offset | a->length) & (SGX_PAGE_LEN - 1)) != 0 || a->length == 0 ||
            a->offset > e->len || a->length > e->len - a->offset) {
        return refuse(EINVAL, "ADD_PAGES: src, offset or length");
    }
    if ((a->flags & ~(uint64_t)CW_SGX_ADD_MEASURE) != 0 || (a->secinfo & 63) != 0) {
        return refuse(EINVAL, "ADD_PAGES: flags, or SECINFO's alignment");
    }
    if (check_secinfo(secinfo, &rights, &is_tcs) != 0) {
        return -1;
    }
    void *source = (void *)(uintptr_t)a->src;
    if (mprotect(source, a->length, PROT_READ | PROT_WRITE | PROT_EXEC) != 0 ||
            mprotect(source, a->length, PROT_READ | PROT_WRITE) != 0) {
        return refuse(EACCES, "a source that cannot become executable");
    }
    if (fake_driver.fail_add != 0) {
        e->is_broken = true;
        const int error = fake_driver.fail_add;
        fake_driver.fail_add = 0;
        return refuse(error, NULL);
    }
    if (fake_driver.is_stuck) {
        return 0;
    }
    if (fake_driver.signal_every != 0 && fake_driver.adds % fake_driver.signal_every == 0) {
        return refuse(EINTR, NULL);
    }
    uint64_t len = a->length;
    if (fake_driver.short_every != 0 && fake_driver.adds % fake_driver.short_every == 0 &&
            len > SGX_PAGE_LEN) {
        len = len / 2 & ~(uint64_t)(SGX_PAGE_LEN - 1);
    }
    for (uint64_t at = 0; at < len; at += SGX_PAGE_LEN) {
        if (add_page(e, a->offset + at, (const uint8_t *)source + at, secinfo, rights, is_tcs,
                    (a->flags & CW_SGX_ADD_MEASURE) != 0) != 0) {
            return -1;
        }
        a->count += SGX_PAGE_LEN;
    }
    return 0;
}

static int init(struct enclave *e, const struct cw_sgx_init *i)
{
    const uint8_t *sigstruct = (const uint8_t *)(uintptr_t)i->sigstruct;
    fake_driver.inits++;
    if (!e->is_created || e->is_initialized || e->is_broken) {
        return refuse(EINVAL, "INIT before CREATE, twice, or after a failure");
    }
    const uint64_t vendor = number(sigstruct + SGX_SIG_VENDOR, 4);
    if (vendor != 0 && vendor != 0x8086) {
        return refuse(EINVAL, "VENDOR");
    }
    if (fake_driver.signal_every != 0 && fake_driver.inits % fake_driver.signal_every != 0) {
        return refuse(EINTR, NULL);
    }
    if (fake_driver.fail_init != 0) {
        return refuse(fake_driver.fail_init, NULL);
    }
    (void)EVP_DigestFinal_ex(e->hash, fake_driver.mrenclave, NULL);
    if (memcmp(fake_driver.mrenclave, sigstruct + SGX_SIG_ENCLAVEHASH, SGX_HASH_LEN) != 0) {
        return refuse(EPERM, "EINIT would refuse it: the measurement");
    }
    e->is_initialized = true;
    return 0;
}

static int fake_ioctl(int file, unsigned long request, void *argument)
{
    if (pthread_mutex_trylock(&mutex) != 0) {
        return refuse(EBUSY, "two ioctls at once");
    }
    struct enclave *e = of_file(file);
    int status;
    if (e == NULL) {
        status = refuse(EBADF, "no descriptor of the device");
    } else if (request == CW_SGX_IOC_CREATE) {
        status = create(e, argument);
    } else if (request == CW_SGX_IOC_ADD_PAGES) {
        status = add_pages(e, argument);
    } else if (request == CW_SGX_IOC_INIT) {
        status = init(e, argument);
    } else {
        status = refuse(ENOTTY, "no such ioctl");
    }
    (void)pthread_mutex_unlock(&mutex);
    return status;
}

/* --- descriptors and memory --------------------------------------------------------------------------- */

static int fake_open(void)
{
    if (fake_driver.open_error != 0) {
        return refuse(fake_driver.open_error, NULL);
    }
    for (size_t i = 0; i < ENCLAVES; i++) {
        if (enclaves[i].file == 0) {
            enclaves[i].file = memfd_create("sgx", MFD_CLOEXEC);
            if (ftruncate(enclaves[i].file, 1 << 30) != 0) {
                abort();
            }
            fake_driver.opened++;
            return enclaves[i].file;
        }
    }
    return refuse(ENOMEM, "too many enclaves for the test");
}

static int fake_close(int file)
{
    struct enclave *e = of_file(file);
    if (e == NULL) {
        return refuse(EBADF, "closed twice");
    }
    EVP_MD_CTX_free(e->hash);
    *e = (struct enclave){0};
    fake_driver.opened--;
    return close(file);
}

static void *map_enclave(const struct enclave *e, void *address, size_t len, int protection,
        int flags)
{
    const uint64_t at = (uint64_t)(uintptr_t)address;
    if (flags != (MAP_SHARED | MAP_FIXED) || (at & (SGX_PAGE_LEN - 1)) != 0) {
        (void)refuse(EINVAL, "a mapping of the device that is not shared and fixed");
        return MAP_FAILED;
    }
    if (!e->is_created || at < e->base || at + len > e->base + e->len) {
        (void)refuse(EACCES, "a mapping outside ELRANGE");
        return MAP_FAILED;
    }
    for (size_t i = 0; i < len; i += SGX_PAGE_LEN) {
        const struct page *page = page_at(e, at + i - e->base);
        if (page == NULL || (protection & ~page->rights) != 0) {
            (void)refuse(EACCES, "a mapping with more rights than a page, or of no page");
            return MAP_FAILED;
        }
        if (protection != page->rights) {
            (void)refuse(EACCES, "a mapping with fewer rights than its pages");
            return MAP_FAILED;
        }
    }
    fake_driver.mapped++;
    return mmap(address, len, protection & ~PROT_EXEC, MAP_SHARED | MAP_FIXED, e->file,
            (off_t)(at - e->base));
}

static void *fake_mmap(void *address, size_t len, int protection, int flags, int file,
        off_t offset)
{
    if (file >= 0) {
        const struct enclave *e = of_file(file);
        if (e == NULL || offset != 0) {
            (void)refuse(EBADF, "a mapping of something else");
            return MAP_FAILED;
        }
        return map_enclave(e, address, len, protection, flags);
    }
    if ((flags & MAP_FIXED) != 0 || fake_driver.base_shift == 0) {
        uint8_t *plain = mmap(address, len, protection, flags, file, offset);
        if ((flags & MAP_FIXED) == 0) {
            reserved_at = (uint64_t)(uintptr_t)plain;
            reserved_len = len;
        }
        return plain;
    }
    /* The kernel chooses where a reservation begins: it might be anywhere. */
    uint8_t *more = mmap(NULL, len + fake_driver.base_shift, protection, flags, file, offset);
    (void)munmap(more, fake_driver.base_shift);
    reserved_at = (uint64_t)(uintptr_t)more + fake_driver.base_shift;
    reserved_len = len;
    return more + fake_driver.base_shift;
}

/* --- the way in ---------------------------------------------------------------------------------------- */

static int fake_enter(struct cw_sgx_pass *pass)
{
    const struct cw_sgx_run *run = pass->run;
    if ((pass->function != SGX_EENTER && pass->function != SGX_ERESUME) ||
            !is_zero(run->reserved, sizeof run->reserved)) {
        (void)refuse(EINVAL, "enter: function, or reserved bytes of run");
        return -EINVAL;
    }
    bool is_tcs = false;
    for (size_t i = 0; i < ENCLAVES; i++) {
        const struct enclave *e = &enclaves[i];
        const struct page *page = e->is_initialized ? page_at(e, run->tcs - e->base) : NULL;
        is_tcs = is_tcs || (page != NULL && page->is_tcs);
    }
    if (!is_tcs) {
        (void)refuse(EINVAL, "enter: no TCS of an initialized enclave");
        return -EINVAL;
    }
    return fake_driver.enter(pass, &fake_driver);
}

const struct cw_sgx_driver fake_driver_table = {
        .open = fake_open,
        .ioctl = fake_ioctl,
        .mmap = fake_mmap,
        .munmap = munmap,
        .close = fake_close,
        .enter = fake_enter,
};
