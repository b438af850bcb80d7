/* SPDX-License-Identifier: MIT */
/*
 * optee_double.h - a TEE in software for trusted applications that tools/optee-ta made (--host).
 *
 * What     Implements the functions of tee_internal_api.h and keeps the specification's rules: a
 *          wrong handle, flag or buffer is a panic, which ends the instance that called and no
 *          other.  Storage and the attestation service are the device's and outlive instances.
 *          Instances are copies of the file, each with memory of its own.
 */
#ifndef CW_TEE_TRUSTZONE_TESTS_OPTEE_DOUBLE_H
#define CW_TEE_TRUSTZONE_TESTS_OPTEE_DOUBLE_H

#include <stdbool.h>

#include "tee/trustzone/enclave/optee/include/tee_internal_api.h"

#define SIGNATURE_LEN 384u

struct application {
    void *library;
    void *session;
    bool is_dead;
    TEE_Result panic; /* the code, when it is dead */
    char path[64];
    uintptr_t start, end; /* its memory */
};

/* What the device is like; tests change it. */
extern struct optee_device {
    TEE_Result attestation; /* of opening its service     */
    TEE_Result signing;     /* of the service's command 2 */
    unsigned randoms;       /* calls of TEE_GenerateRandom */
    unsigned sessions_open; /* to services                */
    unsigned objects_open;
    bool is_corrupt;        /* every object               */
    size_t cut;             /* bytes that are missing at the end of every object */
    bool is_raced;          /* the next object to be created is there by then    */
    uint8_t nonce[64];      /* that the service was last given */
    size_t nonce_len;
} optee_device;

/* optee_reset - a device from the factory. */
void optee_reset(void);

/* optee_instance - a new one, without a session; TA_CreateEntryPoint was called. */
void optee_instance(const char *file, struct application *ret_application);
void optee_end(struct application *a);

/* The framework's side of the entry points.  TEE_ERROR_TARGET_DEAD: it panicked, here or before. */
TEE_Result optee_open(struct application *a, uint32_t types, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result optee_invoke(struct application *a, uint32_t command, uint32_t types,
        TEE_Param params[TEE_NUM_PARAMS]);

/* optee_panics - does what runs as an application panic? */
bool optee_panics(void (*run)(void));

/* optee_shared - memory of a client, [len] bytes that end at a page's end; what is behind is none. */
uint8_t *optee_shared(size_t len, bool is_writable);
void optee_shared_free(void);

/* optee_verify - is this the attestation service's evidence for the nonce? */
bool optee_verify(const uint8_t *nonce, size_t nonce_len, const uint8_t *evidence, size_t len);

#endif
