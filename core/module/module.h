/* SPDX-License-Identifier: MIT */
/*
 * module.h - what an owner changes in a module: its session and its table of channels.
 *
 * What     Decode, check, act for every sealed command.  Does no I/O.
 * Trust    TRUSTED.  Commands come from the attacker until their tag is verified.
 * Memory   The runtime owns struct cw_module and the table that it points to.
 * Calls    One caller at a time.
 * Source   docs/protocol.md sections 5 and 6; threats T7 to T11 of docs/threat-model.md
 *
 *     UNCLAIMED --open--> OPEN --DISABLE(all)--> DISABLED (only QUERY, and a new open)
 */
#ifndef CW_CORE_MODULE_MODULE_H
#define CW_CORE_MODULE_MODULE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "core/channel/channel.h"
#include "core/module/endpoint.h"
#include "core/wire/attest.h"
#include "core/wire/manage.h"

struct cw_module {
    struct cw_evidence life; /* kind and start: this life; state, session, deployment */
    uint32_t number;         /* the module's number in its deployment                 */
    uint32_t last_seq;
    uint8_t cipher; /* of management                                                  */
    CW_EVEN uint8_t key_in[CW_KEY_LEN];
    CW_EVEN uint8_t key_out[CW_KEY_LEN];
    struct cw_channel *channels;
    struct cw_channel *channels_end; /* behind the last */
    const struct cw_endpoint *endpoints;
    const struct cw_endpoint *endpoints_end;
};

/* Is c a slot that was ever used?  Free ones are all behind those, as setconn takes the first. */
static inline bool cw_module_has(const struct cw_module *m, const struct cw_channel *c)
{
    return c != m->channels_end && c->state != CW_CHANNEL_FREE;
}

/*
 * cw_module_claim - OPEN begins a session.
 *
 * message     at an even address: header, nonce, deployment, module, what the TEE adds, [len]
 *             bytes; then the tag
 * master      K_mgt, from which the session's keys are derived; the caller wipes it
 * ret_opened  the answer
 *
 * CW_OK         the session is the new one; another deployment's channels are gone
 * CW_E_AUTH     not the owner's
 * CW_E_REPLAY   session is not above the current one
 */
CW_MUST_CHECK cw_status cw_module_claim(struct cw_module *m, const uint8_t *message, size_t len,
        const uint8_t master[static CW_KEY_LEN], uint8_t ret_opened[static CW_OPENED_LEN]);

/* cw_module_session_key - for owners: K_opn, K_in or K_out: KDF(K_mgt, label of 7 characters). */
void cw_module_session_key(uint8_t cipher, const uint8_t master[static CW_KEY_LEN],
        const char label[static 8], uint8_t ret_key[static CW_KEY_LEN]);

/*
 * cw_module_command - one sealed command, in place, and its sealed answer.
 *
 * message      [len] bytes in private memory, at an even address: header, sealed body, tag
 *
 * CW_OK        the command was the owner's; the answer says what became of it
 * otherwise    it was not, nothing changed, and there is no answer
 */
CW_MUST_CHECK cw_status cw_module_command(struct cw_module *m, uint8_t *message, size_t len,
        uint8_t ret_answer[static CW_ANSWERED_LEN]);

/*
 * cw_module_configure - CONFIG; linked only into images that have such parameters.
 *
 * body  [len] bytes at an even address, authentic: struct cw_config_header, value, zeros
 *
 * CW_E_FORM    lengths do not agree
 * CW_E_ABSENT  no parameter has that index
 * CW_E_SPACE   longer than it declares.  Nothing changed in all three
 */
__attribute__((weak)) cw_status cw_module_configure(struct cw_module *m, const uint8_t *body,
        size_t len);

/* cw_module_endpoint - the row of that index, or NULL. */
const struct cw_endpoint *cw_module_endpoint(const struct cw_module *m, uint32_t index);

/* cw_module_channel - the open channel of that id, or NULL. */
struct cw_channel *cw_module_channel(struct cw_module *m, uint32_t id);

/*
 * cw_module_settle - newest speaks for its connection: others take its count, older epochs close.
 *
 * While a connection is rekeyed, two sinks share its count; the first frame that one of them
 * accepts settles it.
 */
void cw_module_settle(struct cw_module *m, const struct cw_channel *newest);

#endif
