/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  The driver measures a page right after it added it, so only images whose
 * stream does the same can be loaded; ours do.  The pages are copied to memory of our own first:
 * the driver wants whole pages, from a mapping that might become executable.
 */
#include "tee/sgx/node/place.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "silicon/sgx/cpu.h"

#define WHY_LEN CW_SGX_PLACE_WHY_LEN
#define ALL_CHUNKS 0xffffu

static uint64_t number_at(const uint8_t *bytes, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

static void put_number(uint8_t *bytes, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

/* --- what can be said before anything is done ------------------------------------------------------ */

static bool digest_header(EVP_MD_CTX *hash, const char *tag, uint64_t first, size_t first_len,
        uint64_t second)
{
    uint8_t header[SGX_SGXS_HEADER_LEN] = {0};
    (void)memcpy(header, tag, 8);
    put_number(header + 8, first, first_len);
    put_number(header + 8 + first_len, second, 8);
    return EVP_DigestUpdate(hash, header, sizeof header) == 1;
}

/* MRENCLAVE as the driver will have it: page, its chunks, page ... */
static bool measure(const struct cw_sgx_image *image, uint8_t ret_hash[static SGX_HASH_LEN])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    bool is_good = hash != NULL && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 &&
            digest_header(hash, SGX_SGXS_ECREATE, image->ssa_frame_pages, 4, image->len);
    for (size_t i = 0; i < image->page_count && is_good; i++) {
        const struct cw_sgx_page *page = &image->pages[i];
        is_good = digest_header(hash, SGX_SGXS_EADD, page->offset, 8, page->secinfo);
        for (size_t at = 0; at < SGX_PAGE_LEN && page->measured != 0 && is_good;
                at += SGX_CHUNK_LEN) {
            is_good = digest_header(hash, SGX_SGXS_EEXTEND, page->offset + at, 8, 0) &&
                    EVP_DigestUpdate(hash, page->bytes + at, SGX_CHUNK_LEN) == 1;
        }
    }
    is_good = is_good && EVP_DigestFinal_ex(hash, ret_hash, NULL) == 1;
    EVP_MD_CTX_free(hash);
    return is_good;
}

static cw_status check_image(const struct cw_sgx_image *image, const uint8_t *sigstruct,
        char why[static WHY_LEN])
{
    uint8_t hash[SGX_HASH_LEN];
    size_t tcs_count = 0;
    for (size_t i = 0; i < image->page_count; i++) {
        const struct cw_sgx_page *page = &image->pages[i];
        tcs_count += (page->secinfo & SGX_SECINFO_TYPE_MASK) == SGX_SECINFO_TCS;
        if (page->measured != 0 && page->measured != ALL_CHUNKS) {
            (void)snprintf(why, WHY_LEN,
                    "page 0x%llx is measured in part: Linux measures whole pages or none",
                    (unsigned long long)page->offset);
            return CW_E_FORM;
        }
    }
    if (tcs_count == 0) {
        (void)snprintf(why, WHY_LEN, "it has no TCS: nobody could enter it");
        return CW_E_FORM;
    }
    if ((number_at(sigstruct + SGX_SIG_ATTRIBUTES, 8) &
                (SGX_ATTR_PROVISIONKEY | SGX_ATTR_EINITTOKENKEY)) != 0) {
        (void)snprintf(why, WHY_LEN,
                "it asks for the provisioning or launch key, which a node gives to nobody");
        return CW_E_DENIED;
    }
    if (!measure(image, hash)) {
        (void)snprintf(why, WHY_LEN, "no memory");
        return CW_E_SYSTEM;
    }
    if (memcmp(hash, image->mrenclave, sizeof hash) != 0) {
        (void)snprintf(why, WHY_LEN,
                "its stream does not measure each page where it adds it, as Linux does: the "
                "enclave would have another measurement");
        return CW_E_FORM;
    }
    return CW_OK;
}

/* EINIT's own checks, for the reason's name. */
static cw_status check_einit(const struct cw_sgx_image *image, const uint8_t *sigstruct,
        uint64_t base, uint8_t ret_secs[static SGX_PAGE_LEN], char why[static WHY_LEN])
{
    char text[CW_SGX_WHY_LEN] = "";
    uint8_t full[SGX_PAGE_LEN];
    cw_sgx_secs(image, sigstruct, base, full);
    (void)memset(ret_secs, 0, SGX_PAGE_LEN);
    (void)memcpy(ret_secs, full, SGX_SECS_ATTRIBUTES + SGX_ATTRIBUTES_LEN);
    uint32_t code = cw_sgx_ecreate(full, text);
    if (code == SGX_OK) {
        code = cw_sgx_einit(full, sigstruct, text);
    }
    if (code != SGX_OK) {
        (void)snprintf(why, WHY_LEN, "%s: %s", cw_sgx_code_name(code), text);
        return CW_E_DENIED;
    }
    return CW_OK;
}

/* --- the driver ------------------------------------------------------------------------------------- */

static cw_status failed(const char *what, char why[static WHY_LEN])
{
    const char *remedy = "";
    switch (errno) {
    case EACCES:
        remedy = ": may this user use /dev/sgx_enclave (group sgx), and does /dev forbid programs "
                 "(noexec)?";
        break;
    case ENOMEM:
    case ENOSPC:
        remedy = ": the memory for enclaves is full; unload some";
        break;
    case EIO:
        remedy = ": the CPU refused it, or lost its enclaves when the machine slept; load it anew";
        break;
    default:
        break;
    }
    (void)snprintf(why, WHY_LEN, "%s: %s%s", what, strerror(errno), remedy);
    return CW_E_SYSTEM;
}

/* Twice the size of address space, of which an aligned part stays. */
static bool reserve(struct cw_sgx_place *place, size_t len)
{
    const struct cw_sgx_driver *d = place->driver;
    uint8_t *all = d->mmap(NULL, 2 * len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
            -1, 0);
    if (all == MAP_FAILED) {
        return false;
    }
    const size_t before = (len - ((uintptr_t)all & (len - 1))) & (len - 1);
    if (before > 0) {
        (void)d->munmap(all, before);
    }
    if (len > before) {
        (void)d->munmap(all + before + len, len - before);
    }
    place->base = all + before;
    place->len = len;
    return true;
}

/* Pages that one call can add: one behind the other, alike. */
static size_t run_of(const struct cw_sgx_image *image, size_t first)
{
    size_t count = 1;
    while (first + count < image->page_count) {
        const struct cw_sgx_page *page = &image->pages[first + count];
        if (page->offset != image->pages[first].offset + count * SGX_PAGE_LEN ||
                page->secinfo != image->pages[first].secinfo ||
                page->measured != image->pages[first].measured) {
            break;
        }
        count++;
    }
    return count;
}

static cw_status add_run(const struct cw_sgx_place *place, const struct cw_sgx_page *first,
        const uint8_t *source, size_t count, char why[static WHY_LEN])
{
    _Alignas(64) uint8_t secinfo[SGX_SECINFO_LEN] = {0};
    put_number(secinfo, first->secinfo, 8);
    size_t done = 0;
    while (done < count * SGX_PAGE_LEN) {
        struct cw_sgx_add_pages add = {
                .src = (uint64_t)(uintptr_t)(source + done),
                .offset = first->offset + done,
                .length = count * SGX_PAGE_LEN - done,
                .secinfo = (uint64_t)(uintptr_t)secinfo,
                .flags = first->measured != 0 ? CW_SGX_ADD_MEASURE : 0,
        };
        const int status = place->driver->ioctl(place->file, CW_SGX_IOC_ADD_PAGES, &add);
        if (add.count > add.length || add.count % SGX_PAGE_LEN != 0 ||
                (status == 0 && add.count == 0)) {
            errno = EPROTO;
            return failed("the driver added pages in a way that it has not", why);
        }
        if (status != 0 && errno != EINTR && errno != EAGAIN) {
            return failed("the driver cannot add a page", why); /* no page is taken back: all goes */
        }
        done += (size_t)add.count;
    }
    return CW_OK;
}

static cw_status add_pages(const struct cw_sgx_place *place, const struct cw_sgx_image *image,
        char why[static WHY_LEN])
{
    const size_t len = image->page_count * SGX_PAGE_LEN;
    uint8_t *source = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (source == MAP_FAILED) {
        return failed("no memory for a copy of the image", why);
    }
    for (size_t i = 0; i < image->page_count; i++) {
        (void)memcpy(source + i * SGX_PAGE_LEN, image->pages[i].bytes, SGX_PAGE_LEN);
    }
    cw_status status = CW_OK;
    for (size_t i = 0; i < image->page_count && status == CW_OK;) {
        const size_t count = run_of(image, i);
        status = add_run(place, &image->pages[i], source + i * SGX_PAGE_LEN, count, why);
        i += count;
    }
    (void)munmap(source, len);
    return status;
}

static cw_status initialize(const struct cw_sgx_place *place, const uint8_t *sigstruct,
        char why[static WHY_LEN])
{
    _Alignas(SGX_PAGE_LEN) uint8_t page[SGX_PAGE_LEN] = {0};
    (void)memcpy(page, sigstruct, SGX_SIGSTRUCT_LEN);
    struct cw_sgx_init init = {.sigstruct = (uint64_t)(uintptr_t)page};
    int status;
    do {
        status = place->driver->ioctl(place->file, CW_SGX_IOC_INIT, &init);
    } while (status != 0 && (errno == EINTR || errno == EAGAIN));
    return status == 0 ? CW_OK : failed("the driver cannot initialize the enclave", why);
}

/* A TCS counts as data: the CPU writes there. */
static int protection_of(const struct cw_sgx_page *page)
{
    if ((page->secinfo & SGX_SECINFO_TYPE_MASK) == SGX_SECINFO_TCS) {
        return PROT_READ | PROT_WRITE;
    }
    return ((page->secinfo & SGX_SECINFO_R) != 0 ? PROT_READ : 0) |
            ((page->secinfo & SGX_SECINFO_W) != 0 ? PROT_WRITE : 0) |
            ((page->secinfo & SGX_SECINFO_X) != 0 ? PROT_EXEC : 0);
}

static int compare_offsets(const void *a, const void *b)
{
    const struct cw_sgx_page *x = a;
    const struct cw_sgx_page *y = b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Changes the order of the pages. */
static cw_status map_pages(const struct cw_sgx_place *place, struct cw_sgx_image *image,
        char why[static WHY_LEN])
{
    const struct cw_sgx_driver *d = place->driver;
    qsort(image->pages, image->page_count, sizeof *image->pages, compare_offsets);
    for (size_t i = 0; i < image->page_count;) {
        const struct cw_sgx_page *first = &image->pages[i];
        size_t count = 1;
        while (i + count < image->page_count &&
                image->pages[i + count].offset == first->offset + count * SGX_PAGE_LEN &&
                protection_of(&image->pages[i + count]) == protection_of(first)) {
            count++;
        }
        if (d->mmap(place->base + first->offset, count * SGX_PAGE_LEN, protection_of(first),
                    MAP_SHARED | MAP_FIXED, place->file, 0) == MAP_FAILED) {
            return failed("the driver does not map a range of the enclave", why);
        }
        i += count;
    }
    return CW_OK;
}

static uint64_t first_tcs(const struct cw_sgx_place *place, const struct cw_sgx_image *image)
{
    size_t i = 0;
    while ((image->pages[i].secinfo & SGX_SECINFO_TYPE_MASK) != SGX_SECINFO_TCS) {
        i++;
    }
    return (uint64_t)(uintptr_t)place->base + image->pages[i].offset;
}

static cw_status build(struct cw_sgx_place *place, struct cw_sgx_image *image,
        const uint8_t *sigstruct, char why[static WHY_LEN])
{
    const struct cw_sgx_driver *d = place->driver;
    _Alignas(SGX_PAGE_LEN) uint8_t secs[SGX_PAGE_LEN];
    cw_status status = check_image(image, sigstruct, why);
    if (status != CW_OK) {
        return status;
    }
    if (!reserve(place, (size_t)image->len)) {
        return failed("no address space for the enclave", why);
    }
    status = check_einit(image, sigstruct, (uint64_t)(uintptr_t)place->base, secs, why);
    if (status != CW_OK) {
        return status;
    }
    place->tcs = first_tcs(place, image);
    place->file = d->open();
    if (place->file < 0) {
        return failed("/dev/sgx_enclave cannot be opened", why);
    }
    struct cw_sgx_create create = {.src = (uint64_t)(uintptr_t)secs};
    if (d->ioctl(place->file, CW_SGX_IOC_CREATE, &create) != 0) {
        return failed("the driver cannot create the enclave", why);
    }
    status = add_pages(place, image, why);
    if (status == CW_OK) {
        status = initialize(place, sigstruct, why);
    }
    return status == CW_OK ? map_pages(place, image, why) : status;
}

cw_status cw_sgx_place_load(const struct cw_sgx_driver *driver, const uint8_t *image,
        size_t image_len, struct cw_sgx_place *ret_place,
        char ret_why[static CW_SGX_PLACE_WHY_LEN])
{
    struct cw_sgx_place place = {.driver = driver, .file = -1};
    struct cw_sgx_image pages = {0};
    char text[CW_SGX_WHY_LEN] = "";
    if (image_len <= SGX_SIGSTRUCT_LEN) {
        (void)snprintf(ret_why, WHY_LEN, "it is too short for SIGSTRUCT and pages");
        return CW_E_FORM;
    }
    cw_status status = cw_sgx_image_read(image + SGX_SIGSTRUCT_LEN, image_len - SGX_SIGSTRUCT_LEN,
            &pages, text);
    if (status != CW_OK) {
        (void)snprintf(ret_why, WHY_LEN, "%s", text);
        return status;
    }
    status = build(&place, &pages, image, ret_why);
    cw_sgx_image_free(&pages);
    if (status != CW_OK) {
        cw_sgx_place_unload(&place);
        return status;
    }
    *ret_place = place;
    return CW_OK;
}

void cw_sgx_place_bar(struct cw_sgx_place *place)
{
    if (place->base != NULL) {
        (void)place->driver->mmap(place->base, place->len, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    }
}

void cw_sgx_place_unload(struct cw_sgx_place *place)
{
    if (place->base != NULL) {
        (void)place->driver->munmap(place->base, place->len);
        place->base = NULL;
    }
    if (place->file >= 0) {
        (void)place->driver->close(place->file);
        place->file = -1;
    }
}
