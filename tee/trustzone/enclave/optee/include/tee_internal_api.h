/* SPDX-License-Identifier: MIT */
/*
 * tee_internal_api.h - what a module needs of GlobalPlatform's TEE Internal Core API, version 1.3.
 *
 * What     Types, constants and functions as the specification names and numbers them, as far as
 *          this folder uses them: a module brings its own cryptography and needs a platform only.
 *          Here it is compiled against this file and tested against a double that keeps the rules
 *          (tee/trustzone/tests/optee_double.h); a board's development kit has its own file of
 *          this name in its place.
 * Trust    TRUSTED, and so is all that implements it: the TEE beneath.
 * Source   GlobalPlatform GPD_SPE_010, TEE Internal Core API Specification v1.3.1: sections 3.2
 *          (types), 3.3 (constants), 4.3 (entry points), 4.8 (panics), 4.9 (client API), 4.11
 *          (memory), 5 (storage), 6.12 (random)
 *
 * A call against the rules (a handle that is none, an unknown flag) does not return: the TEE ends
 * the instance, a panic.  Sizes are size_t; version 1.1 had uint32_t.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_OPTEE_INCLUDE_TEE_INTERNAL_API_H
#define CW_TEE_TRUSTZONE_ENCLAVE_OPTEE_INCLUDE_TEE_INTERNAL_API_H

#include <stddef.h>
#include <stdint.h>

typedef uint32_t TEE_Result;

typedef struct {
    uint32_t timeLow;
    uint16_t timeMid;
    uint16_t timeHiAndVersion;
    uint8_t clockSeqAndNode[8];
} TEE_UUID;

typedef union {
    struct {
        void *buffer;
        size_t size;
    } memref;
    struct {
        uint32_t a;
        uint32_t b;
    } value;
} TEE_Param;

typedef struct __TEE_TASessionHandle *TEE_TASessionHandle;
typedef struct __TEE_ObjectHandle *TEE_ObjectHandle;

#define TEE_HANDLE_NULL 0
#define TEE_TIMEOUT_INFINITE 0xFFFFFFFF
#define TEE_STORAGE_PRIVATE 0x00000001

#define TEE_SUCCESS 0x00000000
#define TEE_ERROR_CORRUPT_OBJECT 0xF0100001
#define TEE_ERROR_GENERIC 0xFFFF0000
#define TEE_ERROR_ACCESS_DENIED 0xFFFF0001
#define TEE_ERROR_ACCESS_CONFLICT 0xFFFF0003
#define TEE_ERROR_BAD_PARAMETERS 0xFFFF0006
#define TEE_ERROR_BAD_STATE 0xFFFF0007
#define TEE_ERROR_ITEM_NOT_FOUND 0xFFFF0008
#define TEE_ERROR_NOT_SUPPORTED 0xFFFF000A
#define TEE_ERROR_BUSY 0xFFFF000D
#define TEE_ERROR_SECURITY 0xFFFF000F
#define TEE_ERROR_SHORT_BUFFER 0xFFFF0010
#define TEE_ERROR_TARGET_DEAD 0xFFFF3024

/* The kinds of four parameters, four bits each, first parameter lowest. */
#define TEE_PARAM_TYPE_NONE 0
#define TEE_PARAM_TYPE_VALUE_INPUT 1
#define TEE_PARAM_TYPE_VALUE_OUTPUT 2
#define TEE_PARAM_TYPE_VALUE_INOUT 3
#define TEE_PARAM_TYPE_MEMREF_INPUT 5
#define TEE_PARAM_TYPE_MEMREF_OUTPUT 6
#define TEE_PARAM_TYPE_MEMREF_INOUT 7
#define TEE_NUM_PARAMS 4
#define TEE_PARAM_TYPES(t0, t1, t2, t3) ((t0) | ((t1) << 4) | ((t2) << 8) | ((t3) << 12))
#define TEE_PARAM_TYPE_GET(types, index) (((types) >> ((index) * 4)) & 0xF)

#define TEE_MEMORY_ACCESS_READ 0x00000001
#define TEE_MEMORY_ACCESS_WRITE 0x00000002
#define TEE_MEMORY_ACCESS_ANY_OWNER 0x00000004 /* without it: the TA's own memory only */

#define TEE_DATA_FLAG_ACCESS_READ 0x00000001
#define TEE_DATA_FLAG_ACCESS_WRITE 0x00000002
#define TEE_DATA_FLAG_ACCESS_WRITE_META 0x00000004
#define TEE_DATA_FLAG_SHARE_READ 0x00000010
#define TEE_DATA_FLAG_SHARE_WRITE 0x00000020
#define TEE_DATA_FLAG_OVERWRITE 0x00000400
#define TEE_OBJECT_ID_MAX_LEN 64

/* --- what a trusted application gives; one call at a time in an instance ---------------------------- */

TEE_Result TA_CreateEntryPoint(void);
void TA_DestroyEntryPoint(void);
TEE_Result TA_OpenSessionEntryPoint(uint32_t paramTypes, TEE_Param params[TEE_NUM_PARAMS],
        void **sessionContext);
void TA_CloseSessionEntryPoint(void *sessionContext);
TEE_Result TA_InvokeCommandEntryPoint(void *sessionContext, uint32_t commandID,
        uint32_t paramTypes, TEE_Param params[TEE_NUM_PARAMS]);

/* --- what it gets ------------------------------------------------------------------------------------ */

_Noreturn void TEE_Panic(TEE_Result panicCode);

/* Panics rather than fail. */
void TEE_GenerateRandom(void *randomBuffer, size_t randomBufferLen);

/* TEE_SUCCESS, or TEE_ERROR_ACCESS_DENIED where a byte of it may not be accessed so. */
TEE_Result TEE_CheckMemoryAccessRights(uint32_t accessFlags, void *buffer, size_t size);

TEE_Result TEE_OpenTASession(const TEE_UUID *destination, uint32_t cancellationRequestTimeout,
        uint32_t paramTypes, TEE_Param params[TEE_NUM_PARAMS], TEE_TASessionHandle *session,
        uint32_t *returnOrigin);
void TEE_CloseTASession(TEE_TASessionHandle session);
TEE_Result TEE_InvokeTACommand(TEE_TASessionHandle session, uint32_t cancellationRequestTimeout,
        uint32_t commandID, uint32_t paramTypes, TEE_Param params[TEE_NUM_PARAMS],
        uint32_t *returnOrigin);

/* Storage of this TA on this device. */
TEE_Result TEE_OpenPersistentObject(uint32_t storageID, const void *objectID, size_t objectIDLen,
        uint32_t flags, TEE_ObjectHandle *object);

/* Without OVERWRITE: TEE_ERROR_ACCESS_CONFLICT if it is there.  object NULL: it is closed at once. */
TEE_Result TEE_CreatePersistentObject(uint32_t storageID, const void *objectID, size_t objectIDLen,
        uint32_t flags, TEE_ObjectHandle attributes, const void *initialData,
        size_t initialDataLen, TEE_ObjectHandle *object);

/* count: fewer than size where the data end. */
TEE_Result TEE_ReadObjectData(TEE_ObjectHandle object, void *buffer, size_t size, size_t *count);
void TEE_CloseObject(TEE_ObjectHandle object);

#endif
