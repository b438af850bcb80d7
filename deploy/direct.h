/* SPDX-License-Identifier: MIT */
/*
 * direct.h - the owner as the source of a direct connection.
 *
 * What     A frame is sealed, stored durably with its counter, and then sent; after a crash those
 *          bytes are sent again, or none.  Strict events leave the store when the module's
 *          acknowledgement verifies.
 * Trust    OWNER.
 */
#ifndef CW_DEPLOY_DIRECT_H
#define CW_DEPLOY_DIRECT_H

#include <stdint.h>

#include "deploy/app.h"

/* cw_direct_check - has the descriptor such a direct connection?  CW_E_FORM: no, it was logged. */
CW_MUST_CHECK cw_status cw_direct_check(struct cw_app *app, const char *name, bool request);

/*
 * cw_direct_send - one event.
 *
 * ret_acked  the module's authentic count of events accepted so far (strict; else 0)
 *
 * CW_E_STATE   the module does not take it: it may live another life (`causeway apply`)
 * CW_E_FORM    no such direct connection, it is one of requests, or the payload is too long
 */
CW_MUST_CHECK cw_status cw_direct_send(struct cw_app *app, const char *name,
        const uint8_t *payload, size_t len, uint64_t *ret_acked);

/* cw_direct_request - a request and its authentic answer; the caller frees it. */
CW_MUST_CHECK cw_status cw_direct_request(struct cw_app *app, const char *name,
        const uint8_t *payload, size_t len, uint8_t **ret_answer, size_t *ret_len);

#endif
