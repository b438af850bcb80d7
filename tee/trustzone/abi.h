/* SPDX-License-Identifier: MIT */
/*
 * abi.h - what crosses a boundary of TrustZone: calls, images, the link, the flash, the token.
 *
 * What     The secure world is called by the message interface of OP-TEE (a subset; part 2), by
 *          whatever runs in the normal world: our shim for a node on the host, or Linux with its
 *          own driver and libteec.  All integers are little-endian.
 *
 *              host: causeway-node -- link --> shim --+
 *                                                     +-- SMC --> EL3 --> S-EL1 --> S-EL0: a module
 *              Linux: causeway-node --> optee.ko -----+
 *
 * Trust    Whoever is named first in a part's heading believes nothing that the other says.
 * Source   docs/trustzone.md
 */
#ifndef CW_TEE_TRUSTZONE_ABI_H
#define CW_TEE_TRUSTZONE_ABI_H

#include <stdint.h>

#include "core/base/limits.h"

/* --- 1. secure world / node: a session is a module ------------------------------------------------
 *
 * OPEN_SESSION of this UUID gives a session without a module; CLOSE_SESSION ends session and
 * module.  Everything else is INVOKE.  A parameter is one of the four of an invocation; what is
 * not named is "none".  Sessions are few (CW_TZ_SESSIONS); a client that dies has its sessions
 * closed by Linux's driver, a link that is closed by the shim.
 *
 *   LOAD    0 value in: a offset, b length of the whole image    1 memory in: bytes from offset on.
 *           In order, without gaps.  The last one measures, checks the signature and maps:
 *           TEE_SUCCESS then means that the module exists and was not entered yet.
 *   ENTER   0 value inout: in a entry (cw_entry, | CW_TZ_MANY), b zero; out a cw_return,
 *           b served (sdk/many.h)     1 memory in: input    2 memory out: items
 *           TEE_ERROR_BUSY: it was not entered, something of it waits for FETCH: what a module said
 *           is told in the order in which it said it
 *   FETCH   0 value out: a cw_return, b events still waiting      2 memory out: items
 *           What a module said when its device, and not the node, entered it; oldest first.
 *           b 0 and a 0: there was nothing.
 *   INFO    1 memory out: struct cw_tz_info
 *   PING    0 value inout: a, b -> a + 1, b: how fast a session can be reached
 *
 * Bytes in are copied into the enclave's window before it is entered, bytes out after it left;
 * a module never sees memory of the normal world.
 *
 * When something waits for FETCH, the secure world raises CW_TZ_ATTENTION_INTERRUPT, an interrupt
 * of the normal world.
 */
/* f8c8ea4b-6c02-4df0-9e7b-6a0c6a5c2f13, as octets */
#define CW_TZ_UUID                                                                                   \
    {0xf8, 0xc8, 0xea, 0x4b, 0x6c, 0x02, 0x4d, 0xf0, 0x9e, 0x7b, 0x6a, 0x0c, 0x6a, 0x5c, 0x2f, 0x13}

#define CW_TZ_SESSIONS 16u
#define CW_TZ_ATTENTION_INTERRUPT 219

/* TCR_EL1 of the kernel: 39 bits by TTBR0 in pages of 4 KiB, no walks by TTBR1.  A normal world that has
 * the same, as one without MMU can, is switched to and from in less time. */
#define CW_TZ_TCR (25ul | 1ul << 8 | 1ul << 10 | 3ul << 12 | 1ul << 23 | 2ul << 32)

typedef enum cw_tz_call {
    CW_TZ_LOAD = 1,
    CW_TZ_ENTER,
    CW_TZ_FETCH,
    CW_TZ_INFO,
    CW_TZ_PING,
} cw_tz_call;

#define CW_TZ_MANY 0x80u

#define CW_TZ_IN_LEN (64ul << 10)
#define CW_TZ_OUT_LEN (64ul << 10)

struct cw_tz_info {
    uint32_t version;       /* 1 */
    uint32_t sessions_free;
    uint64_t boot;          /* how often this device started; never goes back */
    uint64_t memory_free;   /* bytes of secure RAM for modules */
    uint8_t platform[32];   /* SHA-256 of the device key, X and Y */
    uint8_t name[32];       /* of the device, zeros behind it */
};
_Static_assert(sizeof(struct cw_tz_info) == 88, "no holes");

/* Result codes of GlobalPlatform that we use; origin 3: the secure world, 4: the module's session. */
#define TEE_SUCCESS 0x00000000u
#define TEE_ERROR_GENERIC 0xffff0000u
#define TEE_ERROR_ACCESS_DENIED 0xffff0001u   /* an image whose signature or version is refused */
#define TEE_ERROR_EXCESS_DATA 0xffff0004u
#define TEE_ERROR_BAD_FORMAT 0xffff0005u      /* not an image */
#define TEE_ERROR_BAD_PARAMETERS 0xffff0006u
#define TEE_ERROR_BAD_STATE 0xffff0007u       /* no module yet, or already one */
#define TEE_ERROR_ITEM_NOT_FOUND 0xffff0008u
#define TEE_ERROR_NOT_SUPPORTED 0xffff000au
#define TEE_ERROR_OUT_OF_MEMORY 0xffff000cu
#define TEE_ERROR_BUSY 0xffff000du            /* the device has another owner; ENTER: FETCH first */
#define TEE_ERROR_SECURITY 0xffff000fu
#define TEE_ERROR_SHORT_BUFFER 0xffff0010u
#define TEE_ERROR_TARGET_DEAD 0xffff3024u     /* the module is dead until it is loaded anew */
#define TEE_ORIGIN_TEE 3u
#define TEE_ORIGIN_MODULE 4u

/* --- 2. secure world / normal world: OP-TEE's messages ------------------------------------------------ */

#define OPTEE_CALLS_UID 0xbf00ff01u
#define OPTEE_CALLS_REVISION 0xbf00ff03u
#define OPTEE_GET_OS_UUID 0xb2000000u
#define OPTEE_GET_OS_REVISION 0xb2000001u
#define OPTEE_EXCHANGE_CAPABILITIES 0xb2000009u
#define OPTEE_DISABLE_SHM_CACHE 0xb200000au
#define OPTEE_ENABLE_SHM_CACHE 0xb200000bu
#define OPTEE_CALL_WITH_ARG 0x32000004u

#define OPTEE_CAP_DYNAMIC_SHM 0x04u
#define OPTEE_CAP_MEMREF_NULL 0x10u

#define OPTEE_OK 0u
#define OPTEE_ETHREAD_LIMIT 1u
#define OPTEE_EBADADDR 4u
#define OPTEE_EBADCMD 5u
#define OPTEE_ENOTAVAIL 7u
#define OPTEE_UNKNOWN 0xffffffffu

struct optee_parameter {
    uint64_t attr;
    uint64_t a; /* value; RMEM: offset; TMEM: address of the buffer */
    uint64_t b; /* value; RMEM, TMEM: size                          */
    uint64_t c; /* value; RMEM, TMEM: reference                     */
};

struct optee_message {
    uint32_t command;
    uint32_t function;
    uint32_t session;
    uint32_t cancel_id;
    uint32_t pad;
    uint32_t ret;
    uint32_t ret_origin;
    uint32_t parameter_count;
    struct optee_parameter parameters[]; /* all within one page of 4096 bytes */
};
#define OPTEE_PARAMETERS_MAX 6u

#define OPTEE_OPEN_SESSION 0u
#define OPTEE_INVOKE 1u
#define OPTEE_CLOSE_SESSION 2u
#define OPTEE_REGISTER_SHM 4u
#define OPTEE_UNREGISTER_SHM 5u

#define OPTEE_NONE 0u
#define OPTEE_VALUE_IN 1u
#define OPTEE_VALUE_OUT 2u
#define OPTEE_VALUE_INOUT 3u
#define OPTEE_RMEM_IN 5u
#define OPTEE_RMEM_OUT 6u
#define OPTEE_RMEM_INOUT 7u
#define OPTEE_TMEM_IN 9u
#define OPTEE_TMEM_OUT 10u
#define OPTEE_TMEM_INOUT 11u
#define OPTEE_META 0x100u
#define OPTEE_NONCONTIGUOUS 0x200u

/* --- 3. node / shim: the link -------------------------------------------------------------------------
 *
 * Frames: length 4 (of what follows it), kind 1, zero 3, then:
 *   READY      shim, at its start, and after HELLO: see below
 *   CALL       node: a struct optee_message whose TMEM parameters have the offset of their buffer
 *              in the data instead of an address; parameter_count 0..6; then the data, to the end.
 *              The data of a memory that is only out need not be there: it is room.
 *   ANSWER     shim: the message as the secure world left it, offsets again instead of addresses;
 *              then, if ret is TEE_SUCCESS, the bytes of each memory that is out or inout, in order,
 *              as long as its size says, at most its room.  SMC results other than OPTEE_OK: ret
 *              TEE_ERROR_GENERIC, ret_origin 2.
 *   ATTENTION  shim, whenever that interrupt came: nothing
 * HELLO has 16 bytes of the node's choice, READY the same, or none when the shim starts: so a node
 * knows where its answers begin, whatever the shim still had to say to another.  Zero bytes between
 * frames are skipped: a node sends CW_TZ_LINK_MAX + CW_TZ_LINK_HEADER_LEN of them before HELLO, and
 * whatever its predecessor left unfinished ends in them.
 * One CALL is under way at a time; the shim answers in order.  It keeps a table of the sessions
 * that it opened, and closes them when the link opens anew (a new READY).
 *
 * A second console, if the board has one, is for tests: the normal world is its host's, and here it
 * does on request what a hostile one would.  It has no part in the link.
 *   PROBE      host: five words of 8: cw_tz_probe, arguments
 *   PROBED     shim: five words of 8: 1, results; or 0 (the CPU aborted), ESR_EL1, FAR_EL1, zeros.
 *              After DMA: the bytes
 */
#define CW_TZ_LINK_HEADER_LEN 8u
#define CW_TZ_LINK_READY 1u
#define CW_TZ_LINK_CALL 2u
#define CW_TZ_LINK_ANSWER 3u
#define CW_TZ_LINK_ATTENTION 4u
#define CW_TZ_LINK_HELLO 5u /* node, when it connected: the shim closes what is open and says READY */
#define CW_TZ_LINK_PROBE 6u
#define CW_TZ_LINK_PROBED 7u
#define CW_TZ_LINK_MAX (256ul << 10) /* of a frame without its header */
#define CW_TZ_LINK_NAME_LEN 16u      /* of HELLO and READY            */

typedef enum cw_tz_probe {
    CW_TZ_PROBE_READ = 1, /* address, bytes (1, 2, 4, 8) -> value                        */
    CW_TZ_PROBE_WRITE,    /* address, bytes, value                                       */
    CW_TZ_PROBE_SMC,      /* x0..x3 -> x0..x3                                            */
    CW_TZ_PROBE_DMA,      /* address, length, at most 4096: this console's device reads
                             there, and sends what it read behind the answer              */
    CW_TZ_PROBE_MASK,     /* 1: all interrupts of its CPU, 0: none                       */
    CW_TZ_PROBE_AGAIN,    /* the last ENTER of the link once more -> x0 of the SMC, ret, a and b of
                             parameter 0 */
} cw_tz_probe;

/* --- 4. kernel / owner: an image --------------------------------------------------------------------
 *
 * Header, then text, read-only data and data, each from a page's start in memory and without
 * padding in the file.  The measurement is SHA-256 over header bytes 0..159 and all that follows
 * the header; the signature (ECDSA P-256, r and s) is over the same hash.
 *
 * A module's address space: the image from CW_TZ_IMAGE_AT on (text RX, read-only data R, data and
 * bss RW, each on pages of its own), the stack below CW_TZ_STACK_TOP, unmapped pages around it,
 * the window.  The first instruction is the first of text.
 */
#define CW_TZ_IMAGE_MAGIC 0x5a545743u /* "CWTZ" */
#define CW_TZ_IMAGE_VERSION 1u
#define CW_TZ_IMAGE_HEADER_LEN 256u
#define CW_TZ_IMAGE_SIGNED_LEN 160u
#define CW_TZ_IMAGE_MAX (2ul << 20)   /* in memory, without stack and window */
#define CW_TZ_STACK_MAX (1ul << 20)

#define CW_TZ_IMAGE_AT 0x40000000ul
#define CW_TZ_STACK_TOP 0x40400000ul
#define CW_TZ_WINDOW_AT 0x40400000ul
#define CW_TZ_IN_AT CW_TZ_WINDOW_AT
#define CW_TZ_OUT_AT (CW_TZ_WINDOW_AT + CW_TZ_IN_LEN)

#define CW_TZ_DEBUG 0x0001u /* flags: the module may log; sealing keys and token say so */

struct cw_tz_image {
    uint32_t magic;
    uint16_t version;
    uint16_t flags;
    uint32_t text_len;
    uint32_t rodata_len;
    uint32_t data_len;
    uint32_t bss_len;
    uint32_t stack_len;
    uint32_t security_version; /* never older than what the device has seen of signer and name */
    uint16_t device;           /* cw_tz_device */
    uint16_t on_interrupt;     /* the endpoint that the device enters; 0xffff: none */
    uint8_t zero[28];
    uint8_t name[32];          /* of the module; zeros behind it; not empty */
    uint8_t signer[64];        /* P-256, X and Y */
    uint8_t signature[64];
    uint8_t zero_too[32];
};
_Static_assert(sizeof(struct cw_tz_image) == CW_TZ_IMAGE_HEADER_LEN, "no holes");

/* Devices that a module can own, with the descriptor's names for them. */
typedef enum cw_tz_device {
    CW_TZ_DEVICE_NONE = 0,
    CW_TZ_DEVICE_PORT1 = 1, /* "port1": the button is its pin 0 */
    CW_TZ_DEVICE_PORT2 = 2, /* "port2": the LED is its pin 0    */
    CW_TZ_DEVICE_UART = 3,  /* "uart": the secure console       */
} cw_tz_device;

/* --- 5. kernel / module: SVC --------------------------------------------------------------------------
 *
 * `svc #0`, number in x8, arguments in x0..x3, result in x0 (a cw_status where none is named, in
 * 32 bits); all registers but x0 and x1 come back as they were.  Addresses are the module's own,
 * checked against its map.  An unknown number, or a buffer outside, kills the module.
 */
typedef enum cw_tz_svc {
    CW_TZ_SVC_LEAVE = 1,    /* x0 cw_return, x1 served; comes back with the next entry:
                               x0 entry (| CW_TZ_MANY), x1 bytes at CW_TZ_IN_AT.  The first entry
                               starts the image with the same registers, x2 = CW_TZ_CPU_*,
                               sp = CW_TZ_STACK_TOP, all others 0                                 */
    CW_TZ_SVC_ABORT,        /* never comes back */
    CW_TZ_SVC_RANDOM,       /* x0 bytes, x1 length, at most 256 */
    CW_TZ_SVC_EVIDENCE,     /* x0 report [32], x1 bytes, x2 room, x3 *uint32_t length: the token  */
    CW_TZ_SVC_SEAL_VERSIONS, /* x0 bytes [CW_SEALED_VERSIONS_LEN] */
    CW_TZ_SVC_SEAL_KEY,     /* x0 cw_sealing, x1 versions, x2 id, x3 key [16] */
    CW_TZ_SVC_DEVICE_READ,  /* x0 offset as sdk/device.h has it; x0: the byte */
    CW_TZ_SVC_DEVICE_WRITE, /* x0 offset, x1 byte */
    CW_TZ_SVC_COUNTER,      /* x0 1: advance first; x1 *uint64_t: the module's persistent counter,
                               of its signer and name */
    CW_TZ_SVC_LOG,          /* x0 bytes, x1 length; only of an image that may */
} cw_tz_svc;

#define CW_TZ_CPU_AES 0x1u  /* AES and PMULL instructions */
#define CW_TZ_CPU_SHA2 0x2u

/* --- 6. boot and kernel / owner: the flash -----------------------------------------------------------
 *
 *   0x000000  firmware: struct cw_tz_firmware at CW_TZ_FIRMWARE_AT, code around it, at most 1 MiB
 *   0x100000  device block, one sector: struct cw_tz_device_block; written once, when it is made
 *   0x140000  journal, two sectors, of kernel/journal.h: counters.  Erased at first: 0xff
 *
 * All else is zeros.
 */
#define CW_TZ_FIRMWARE_AT 0x800ul      /* behind the reset vector                             */
#define CW_TZ_FIRMWARE_MAX 0x100000ul
#define CW_TZ_DEVICE_AT 0x100000ul
#define CW_TZ_JOURNAL_AT 0x140000ul
#define CW_TZ_JOURNAL_SECTORS 2u

#define CW_TZ_FIRMWARE_MAGIC 0x57465743u /* "CWFW" */

/* One part of the firmware: copied from flash to secure RAM at boot, measured there. */
struct cw_tz_part {
    uint64_t from; /* flash */
    uint64_t to;   /* secure RAM */
    uint64_t len;
};

struct cw_tz_firmware {
    uint32_t magic;
    uint32_t security_version;
    struct cw_tz_part monitor;
    struct cw_tz_part kernel;
};

#define CW_TZ_DEVICE_MAGIC 0x56445743u /* "CWDV" */
#define CW_TZ_CERTIFICATE_MAX 1024u

struct cw_tz_device_block {
    uint32_t magic;
    uint32_t version;                /* 1 */
    uint8_t secret[32];              /* UDS */
    uint8_t name[32];
    uint8_t manufacturer[64];        /* P-256 X, Y: who signed the certificate */
    uint32_t lifecycle;              /* CW_TZ_LIFECYCLE_* */
    uint32_t certificate_len;
    uint8_t certificate[CW_TZ_CERTIFICATE_MAX]; /* of the device key; part 7 */
    uint8_t check[32];               /* SHA-256 of all before it */
};
#define CW_TZ_LIFECYCLE_TEST 0x1000u /* PSA: assembly and test; an emulated device is never "secured" */

/* --- 7. kernel / owner: the token ---------------------------------------------------------------------
 *
 *   token        = [ COSE_Sign1 by AK, COSE_Sign1 by the device key, COSE_Sign1 by the manufacturer ]
 *   each         = [ protected {1: -7}, {}, payload bstr, signature 64 ], deterministic CBOR (RFC
 *                  8949 section 4.2.1), ES256; tag 18 in front of each
 *   of AK        = EAT claims: {10 nonce: report 32, 256 ueid: 0x01 || SHA-256(device key),
 *                  265 profile: CW_TZ_PROFILE, 268 boot seed: 32 random bytes of this start (two
 *                  starts with one boot count tell that the flash was put back), 2394 client id: 1, 2395 lifecycle, 2396
 *                  implementation id: SHA-256(CW_TZ_IMPLEMENTATION), 2399 software components:
 *                  [{1: "M", 2: h_m}, {1: "K", 2: h_k, 4: version text}],
 *                  CW_TZ_CLAIM_BOOT: u64, CW_TZ_CLAIM_EMULATED: true,
 *                  CW_TZ_CLAIM_MODULE: {1: measurement 32, 2: signer 32, 3: name, 4: security version,
 *                  5: epoch u64, 6: debug bool, 7: device u16}}
 *   device key's = {1: AK's X || Y, 2: h_m, 3: h_k, 4: security version, 5: lifecycle}
 *   manufacturer's = {1: device key's X || Y, 2: name, 3: CW_TZ_IMPLEMENTATION, 4: manufacturer's X || Y}
 *
 *   What is said to be text is of type text, hashes and keys are bytes; signer: SHA-256(X || Y).
 *
 *   h_m, h_k: SHA-256 of the bytes of struct cw_tz_firmware's parts, as they were copied
 *   HKDF(key, info): RFC 5869 with SHA-256, no salt, 32 bytes unless it says 48; lifecycle 4 bytes
 *   DevID  = P-256(HKDF-48(UDS, "cw1.tz.device"))
 *   CDI_a  = HKDF(UDS, "cw1.tz.attest" || h_m || h_k || lifecycle)
 *   AK     = P-256(HKDF-48(CDI_a, "cw1.tz.key"))
 *   CDI_s  = HKDF(UDS, "cw1.tz.seal" || lifecycle)
 *   K_seal = HKDF(CDI_s, "image" || measurement or "signer" || SHA-256(signer) || name, ... debug,
 *            versions, id)
 *   P-256(x): the key whose scalar is x mod (n - 1) + 1, x 48 bytes, big-endian
 *
 * versions of sealed bytes: security version of the module u32, of the firmware u32, zeros.
 */
#define CW_TZ_PROFILE "tag:causeway,2026:trustzone-emulated"
#define CW_TZ_IMPLEMENTATION "causeway trustzone emulated by qemu"
#define CW_TZ_CLAIM_MODULE (-75000)
#define CW_TZ_CLAIM_BOOT (-75001)
#define CW_TZ_CLAIM_EMULATED (-75002)
#define CW_TZ_TOKEN_MAX 1536u

#endif
