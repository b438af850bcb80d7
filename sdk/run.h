/* SPDX-License-Identifier: MIT */
/*
 * run.h - the runtime between a port and a module.
 *
 * What     cw_run serves one entry: copies its input in once, decodes, checks, acts, and leaves
 *          items in the output area.  Private to images: a module's author sees causeway.h.
 * Trust    TRUSTED.
 * Source   docs/protocol.md section 8
 */
#ifndef CW_SDK_RUN_H
#define CW_SDK_RUN_H

#include "core/module/module.h"
#include "tee/enclave.h"

/* What not every image has; absent functions are NULL, which the callers test. */
#define CW_OPTIONAL __attribute__((weak))

/* cw_run - one entry of this image.  Called by the port only, never nested. */
cw_return cw_run(const struct cw_call *call);

/* Memory that the image gives to the runtime (sdk/memory.c, sized by the build): the state of its
 * one module, whose cipher is zero before the first entry, ... */
extern struct cw_module cw_run_module;

/* ... and room for messages. */
struct cw_memory {
    uint8_t *in;    /* one incoming message, and the event inside it */
    uint8_t *out;   /* one outgoing message being sealed             */
    uint8_t *reply; /* the answer of a handler or an entry: the largest reply_max of the table */
    uint16_t in_cap;
    uint16_t out_cap;
};
extern const struct cw_memory cw_memory;

/* The endpoint table: bounds of the section cw_endpoints, defined by the linker. */
extern const struct cw_endpoint __start_cw_endpoints[];
extern const struct cw_endpoint __stop_cw_endpoints[];

/*
 * The session: one of session_chip.c (the chip gives the module a secret key that the owner
 * can compute) and session_dh.c (the module agrees on a key, and the chip signs its share).
 */

/* CW_CIPHER_* of the management of this image. */
extern const uint8_t cw_session_cipher;

/* cw_session_start - make this life's key share; absent where there is none. */
CW_OPTIONAL void cw_session_start(void);

/* cw_session_attest - leave EVIDENCE for this nonce of the owner, and its proof. */
CW_MUST_CHECK cw_status cw_session_attest(const uint8_t nonce[static CW_NONCE_LEN]);

/*
 * cw_session_open - OPEN, and OPENED on success.
 *
 * CW_E_AUTH   not the owner
 * CW_E_REPLAY not a newer session
 */
CW_MUST_CHECK cw_status cw_session_open(const uint8_t *message, size_t len,
        uint8_t ret_opened[static CW_OPENED_LEN]);

/* What the files of the runtime share. */

/* The entry being served, another one after a request left.  Its output area is what is free. */
extern struct cw_call cw_run_call;

/* Bytes of items in front of the free area. */
extern size_t cw_run_items_len;

/* cw_run_put - append an item.  CW_AGAIN: it does not fit. */
CW_MUST_CHECK cw_status cw_run_put(cw_frame type, const uint8_t *bytes, size_t len);

/* cw_run_take - the input of the entry, copied in once.  CW_E_SPACE: longer than cap. */
CW_MUST_CHECK cw_status cw_run_take(uint8_t *ret_bytes, size_t cap);

/* cw_run_result - what the node is told of a status. */
cw_result cw_run_result(cw_status status);

/* Bytes of an item that carries a payload of n bytes in a frame. */
#define CW_ITEM_LEN(n) (CW_LINK_HEADER_LEN + (size_t)CW_FRAME_LEN(n))

/* cw_run_send - seal one event, request or response, and append it. */
CW_MUST_CHECK cw_status cw_run_send(struct cw_channel *c, cw_frame type, const void *data,
        size_t len);

/* Events lost just before the one being handled (sdk/sink.c). */
extern uint32_t cw_run_gap;

/* cw_output_next - the open source after c, or the first (NULL), of one endpoint or (NULL) of any. */
struct cw_channel *cw_output_next(struct cw_channel *c, const struct cw_endpoint *endpoint);

/*
 * cw_outputs_ready - have all sources a window, and do their items and [needed] bytes find room?
 *
 * endpoint  those of this one, for an event of [len] bytes each; or NULL: those of all, for the
 *           largest event of each
 *
 * CW_AGAIN, CW_E_SPACE, CW_E_STATE  as CW_OUTPUT's; the drop is counted where an endpoint is named
 */
CW_OPTIONAL cw_status cw_outputs_ready(const struct cw_endpoint *endpoint, size_t len,
        size_t needed);

CW_OPTIONAL cw_status cw_serve_stream(uint16_t entry, size_t len);
CW_OPTIONAL void cw_init_hook(void); /* the module's CW_INIT */

/* Streams from the outside world: a module that takes them defines these three. */
CW_OPTIONAL CW_MUST_CHECK cw_status cw_stream_open(uint32_t stream);
CW_OPTIONAL CW_MUST_CHECK cw_status cw_stream_data(uint32_t stream, const uint8_t *bytes, size_t len);
CW_OPTIONAL void cw_stream_close(uint32_t stream);

#endif
