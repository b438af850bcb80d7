/* SPDX-License-Identifier: MIT */
/*
 * module.h - modules and their sessions: what the front end asks of the kernel.
 *
 * What     A session has at most one module.  Numbers of sessions are 1..CW_TZ_SESSIONS; any other,
 *          and one that is not open, is refused (TEE_ERROR_ITEM_NOT_FOUND), so that callers may
 *          pass on what the normal world said.  Results are TEE_* of abi.h.
 *
 *              OPEN --room, loaded: all bytes--> READY --enter--> READY, PENDING
 *              OPEN --loaded: refused--> OPEN            READY, PENDING --fault, abort, time--> DEAD
 *              any --close--> free: its pages hold zeros, its device is reset
 *
 *          No function here reads memory of the normal world: the front end copies it to where
 *          these functions say, once, before anything looks at it, and results from there.
 * Trust    TRUSTED.  Every argument may be the attacker's.
 * Calls    One at a time.
 */
#ifndef CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_MODULE_H
#define CW_TEE_TRUSTZONE_ENCLAVE_KERNEL_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "tee/trustzone/enclave/worlds.h"

/* Who a module is: fixed when it is loaded, for the token, sealing and counters. */
struct cw_tz_identity {
    uint8_t measurement[32];
    uint8_t signer[32]; /* SHA-256 of X || Y */
    uint8_t name[32];   /* zeros behind it   */
    uint64_t epoch;     /* of this start: never twice on a device */
    uint32_t security_version;
    uint16_t device;    /* cw_tz_device */
    bool is_debug;
};

/* cw_tz_session_open - TEE_ERROR_BUSY: all are taken. */
CW_MUST_CHECK uint32_t cw_tz_session_open(uint32_t *ret_session);

CW_MUST_CHECK uint32_t cw_tz_session_close(uint32_t session);

/* cw_tz_session_count - how many are open. */
uint32_t cw_tz_session_count(void);

/*
 * cw_tz_session_room - LOAD: where the next bytes of the image go.
 *
 * offset  must be where the bytes so far end; 0 begins anew
 * total   of the whole image, the same each time
 * ret_to  room for [len] bytes.  Nothing looks at them before cw_tz_session_loaded.
 *
 * TEE_ERROR_BAD_PARAMETERS  a gap, no bytes, or more than the image has
 * TEE_ERROR_EXCESS_DATA     longer than an image may be
 * TEE_ERROR_BAD_STATE       there is a module already
 * TEE_ERROR_OUT_OF_MEMORY
 */
CW_MUST_CHECK uint32_t cw_tz_session_room(uint32_t session, uint64_t offset, uint64_t total,
        uint64_t len, uint8_t **ret_to);

/*
 * cw_tz_session_loaded - those bytes are there; the last ones make a module of the image.
 *
 * TEE_ERROR_BAD_FORMAT, _ACCESS_DENIED, _BUSY (the device), _OUT_OF_MEMORY: nothing is loaded
 */
CW_MUST_CHECK uint32_t cw_tz_session_loaded(uint32_t session, uint64_t len);

/*
 * cw_tz_session_input - ENTER, first half: where its input goes, [len] bytes.
 *
 * TEE_ERROR_BAD_STATE    no module was loaded
 * TEE_ERROR_TARGET_DEAD
 * TEE_ERROR_BUSY         something of it waits for FETCH
 * TEE_ERROR_EXCESS_DATA  len is more than CW_TZ_IN_LEN
 */
CW_MUST_CHECK uint32_t cw_tz_session_input(uint32_t session, uint64_t len, uint8_t **ret_in);

struct cw_tz_said {
    uint32_t value;     /* a cw_return */
    uint32_t count;     /* ENTER: served; FETCH: what still waits behind this one */
    const uint8_t *items; /* valid until the next call of any function here */
    size_t len;         /* of items, 0..CW_TZ_OUT_LEN */
};

/*
 * cw_tz_session_enter - ENTER, second half: run it.
 *
 * entry   cw_entry, perhaps with CW_TZ_MANY; foreign
 *
 * What the module did cannot be done again: the caller makes sure beforehand that there is room for
 * CW_TZ_OUT_LEN bytes of items.
 *
 * TEE_ERROR_TARGET_DEAD  the module ended; no items
 */
CW_MUST_CHECK uint32_t cw_tz_session_enter(uint32_t session, uint32_t entry, uint64_t len,
        struct cw_tz_said *ret_said);

/*
 * cw_tz_session_fetch - FETCH: the oldest of what it said when its device entered it.
 *
 * It stays where it is until cw_tz_session_fetched, for when the caller has no room for it.
 * Nothing there: all zeros.
 */
CW_MUST_CHECK uint32_t cw_tz_session_fetch(uint32_t session, struct cw_tz_said *ret_said);
void cw_tz_session_fetched(uint32_t session);

#endif
