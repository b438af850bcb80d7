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

/* The state of the image's one module; sdk/run.c owns it. */
extern struct cw_module cw_run_module;

/* Memory that the image gives to the runtime (sdk/memory.c, sized by the build). */
struct cw_memory {
    struct cw_channel *channels;
    struct cw_channel *channels_end;
    uint8_t *in;    /* one incoming message, and the event inside it */
    uint8_t *out;   /* one outgoing message being sealed             */
    uint8_t *reply; /* the answer of a handler or an entry           */
    uint16_t in_cap;
    uint16_t out_cap;
    uint16_t reply_cap;
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

/*
 * cw_session_prove - the proof that follows EVIDENCE.
 *
 * life       the CW_EVIDENCE_LEN bytes that are proved
 * ret_proof  [cap] bytes
 */
CW_MUST_CHECK cw_status cw_session_prove(const uint8_t nonce[static CW_NONCE_LEN],
        const uint8_t life[static CW_EVIDENCE_LEN],
        uint8_t *ret_proof, size_t cap, size_t *ret_len);

/*
 * cw_session_open - OPEN, and OPENED on success.
 *
 * CW_E_AUTH   not the owner
 * CW_E_REPLAY not a newer session
 */
CW_MUST_CHECK cw_status cw_session_open(struct cw_module *m, const uint8_t *message, size_t len,
        uint8_t ret_opened[static CW_OPENED_LEN]);

/*
 * cw_session_finish - the common end of cw_session_open: check the tag over message[0 .. len),
 * claim the module, answer.  Wipes master.
 */
CW_MUST_CHECK cw_status cw_session_finish(struct cw_module *m, const uint8_t *message, size_t len,
        uint8_t master[static CW_KEY_LEN], uint8_t ret_opened[static CW_OPENED_LEN]);

/* What the files of the runtime share. */

/* The entry being served; another one after a request left. */
extern struct cw_call cw_run_call;

/* Bytes of items in its output area. */
extern size_t cw_run_items_len;

/* cw_run_left - bytes of the output area that are free. */
size_t cw_run_left(void);

/* cw_run_put - append an item.  CW_AGAIN: it does not fit. */
CW_MUST_CHECK cw_status cw_run_put(cw_frame type, const uint8_t *bytes, size_t len);

/* cw_run_accept - an event or request is to be taken: every check, the cipher, the count. */
CW_MUST_CHECK cw_status cw_run_accept(struct cw_channel *c, size_t len, size_t answer_len,
        size_t *ret_payload_len);
extern uint32_t cw_run_gap;

/* cw_run_reply - room for an answer of this endpoint. */
struct cw_reply cw_run_reply(const struct cw_endpoint *endpoint);

/* CW_OK: every output has a window, and answer_len and one event of each find room. */
CW_OPTIONAL cw_status cw_outputs_ready(size_t answer_len);

CW_OPTIONAL cw_status cw_serve_stream(uint8_t entry, size_t len);
CW_OPTIONAL void cw_init_hook(void); /* the module's CW_INIT */

/* Streams from the outside world: a module that takes them defines these three. */
CW_OPTIONAL CW_MUST_CHECK cw_status cw_stream_open(uint32_t stream);
CW_OPTIONAL CW_MUST_CHECK cw_status cw_stream_data(uint32_t stream, const uint8_t *bytes, size_t len);
CW_OPTIONAL void cw_stream_close(uint32_t stream);

#endif
