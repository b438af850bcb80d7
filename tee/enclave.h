/* SPDX-License-Identifier: MIT */
/*
 * enclave.h - what a port gives to the runtime inside an enclave: eight functions, and two for
 * sealing where the chip has a key for it.
 *
 * What     Linked in, one implementation per image.  The port's entry code builds a struct
 *          cw_call, calls cw_run (sdk/run.h) with it, and returns its value to the node.
 * Trust    TRUSTED.  Everything in struct cw_call comes from the attacker.
 * Calls    One call at a time; the port refuses a second entry while one runs.
 * Source   docs/adding-a-tee.md
 */
#ifndef CW_TEE_ENCLAVE_H
#define CW_TEE_ENCLAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "core/base/status.h"
#include "core/wire/frame.h"
#include "core/wire/sealed.h"

/* An address on the other side of the boundary: an integer, so that nobody follows it. */
typedef uintptr_t cw_far;

/* One entry from the node. */
struct cw_call {
    cw_far in_far;  /* in_len bytes  */
    cw_far out_far; /* room for out_cap bytes of items (core/wire/frame.h) */
    size_t in_len;
    size_t out_cap;
    uint16_t entry; /* cw_entry, unchecked */
};

/* How a call comes back: cw_result in bits 31..24, bytes of items in bits 23..0. */
typedef uint32_t cw_return;
#define CW_RETURN(result, out_len) ((uint32_t)(result) << 24 | (uint32_t)(out_len))

/*
 * cw_enclave_start - the freshness of this life: called once, at the first entry.
 *
 * ret_start  random bytes (CW_FRESH_RANDOM), a counter that advances at every read
 *            (CW_FRESH_COUNTER), or zeros (CW_FRESH_NONE), as the chip has it
 */
uint8_t cw_enclave_start(uint8_t ret_start[static CW_START_LEN]);

/* cw_enclave_random - CW_E_ABSENT where the chip has no random source. */
CW_MUST_CHECK cw_status cw_enclave_random(uint8_t *ret_bytes, size_t len);

/*
 * cw_enclave_derive - KDF(root key of this module on this chip, context).
 *
 * The root key is derived by the chip from the module's measurement and never leaves it.
 * context has an even length.  A port whose TEE has no such key aborts: nothing linked into its
 * images asks for one.
 */
void cw_enclave_derive(const uint8_t *context, size_t context_len,
        uint8_t ret_key[static CW_KEY_LEN]);

/*
 * cw_enclave_seal_versions - of the chip and of this module, today; what sealed bytes say.
 *
 * cw_enclave_seal_key - a key from the chip for the body of sealed bytes (core/wire/sealed.h).
 *
 * sealing   whose key; it is bound to what isolates the module too, so that one under a debugger
 *           gets another
 *
 * CW_E_DENIED  versions are above today's
 *
 * Ports of TEEs that have no such key have neither function; the build of a module that seals
 * then says so.
 */
void cw_enclave_seal_versions(uint8_t ret_versions[static CW_SEALED_VERSIONS_LEN]);
CW_MUST_CHECK cw_status cw_enclave_seal_key(cw_sealing sealing,
        const uint8_t versions[static CW_SEALED_VERSIONS_LEN],
        const uint8_t id[static CW_SEALED_ID_LEN], uint8_t ret_key[static CW_KEY_LEN]);

/*
 * cw_enclave_counter - a counter of this module that outlives restarts; advance: by 1, first.
 *
 * CW_E_SPACE, CW_E_STATE  as cw_counter says (sdk/causeway.h); it did not change
 *
 * Ports of TEEs without one do not have this function; the build of a module that counts then says so.
 */
CW_MUST_CHECK cw_status cw_enclave_counter(bool advance, uint64_t *ret_count);

/*
 * cw_enclave_evidence - what the chip says about this module, with 32 bytes of its choice.
 *
 * report        bound into the evidence
 * ret_evidence  [cap] bytes.  CW_E_SPACE: more room is needed
 */
CW_MUST_CHECK cw_status cw_enclave_evidence(const uint8_t report[static 32],
        uint8_t *ret_evidence, size_t cap, size_t *ret_len);

/*
 * cw_enclave_copy_in, _copy_out - the only ways across the boundary.
 *
 * CW_E_DENIED  the range wraps, or touches the enclave; nothing was copied
 */
CW_MUST_CHECK cw_status cw_enclave_copy_in(void *ret_to, cw_far from_far, size_t len);
CW_MUST_CHECK cw_status cw_enclave_copy_out(cw_far to_far, const void *from, size_t len);

/*
 * cw_enclave_leave - go back to the node in the middle of a call; return with the next one.
 *
 * Stack and registers are kept inside.  The caller decides what the next call may be.
 */
void cw_enclave_leave(cw_return value, struct cw_call *ret_next);

/* cw_enclave_abort - an invariant is broken: never continue.  The module is dead until loaded anew. */
_Noreturn void cw_enclave_abort(void);

#endif
