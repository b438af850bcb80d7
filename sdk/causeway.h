/* SPDX-License-Identifier: MIT */
/*
 * causeway.h - all that a module's author includes.
 *
 * A module is a set of endpoints.  The descriptor (app.json) connects them.
 *
 *     #include "causeway.h"
 *
 *     CW_OUTPUT(toggle_led);
 *
 *     CW_INPUT(button_pressed, data, len)
 *     {
 *         (void)data; (void)len;
 *         toggle_led(NULL, 0);
 *     }
 *
 * What runs when   A handler runs to its end before the next begins; nothing interrupts it.
 *                  Outputs leave when it returns.  An input arrives exactly in its order
 *                  (delivery "strict") or with gaps that cw_event_gap tells ("latest").
 * Memory           No heap, no OS, no libc.  Data is valid until the handler returns, and is
 *                  private already: it was copied in once and verified.
 * Bytes            A maximum in bytes may follow: CW_INPUT(name, data, len, 256).  Without it
 *                  CW_EVENT_MAX_DEFAULT (64) holds.
 * Trust            TRUSTED: your module and this runtime are all that others must believe.
 */
#ifndef CW_SDK_CAUSEWAY_H
#define CW_SDK_CAUSEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/limits.h"
#include "core/base/status.h"
#include "core/module/endpoint.h"
#include "core/wire/frame.h"
#include "core/wire/sealed.h"

/*
 * CW_OUTPUT(name [, max]) - declares cw_status name(const void *data, size_t len).
 *
 * CW_OK       sealed for every connection of this output; also when there is none
 * CW_AGAIN    no window or no room: nothing was sealed, the drop is counted
 * CW_E_SPACE  longer than max or than what the other end takes
 * CW_E_STATE  a connection has spent its counters and waits for a new key
 *
 * In the handler of an input each output has room for one event for certain.  The result may
 * be ignored.
 */
#define CW_OUTPUT(...) \
    CW_WORDS_(1, 2, "CW_OUTPUT(name [, max])", __VA_ARGS__) \
    CW_OUTPUT_(__VA_ARGS__, CW_EVENT_MAX_DEFAULT, )

/* CW_INPUT(name, data, len [, max]) { ... } - handles one event. */
#define CW_INPUT(...) \
    CW_WORDS_(3, 4, "CW_INPUT(name, data, len [, max]) { ... }", __VA_ARGS__) \
    CW_INPUT_(__VA_ARGS__, CW_EVENT_MAX_DEFAULT, , , )

/*
 * CW_REQUEST(name [, max, reply_max]) - declares a call that waits for an answer:
 * cw_status name(const void *data, size_t len, void *ret_reply, size_t cap, size_t *ret_len).
 *
 * CW_OK       the handler's answer, [*ret_len] bytes
 * CW_E_ABSENT not connected
 * CW_AGAIN    no room; nothing was sent
 * CW_E_STATE  cancelled by the node or never answered: whether the handler ran is unknown
 * CW_E_SPACE  too long
 *
 * Meanwhile the module refuses all other events; the descriptor may have no cycle of requests.
 */
#define CW_REQUEST(...) \
    CW_WORDS_(1, 3, "CW_REQUEST(name [, max, reply_max])", __VA_ARGS__) \
    CW_REQUEST_(__VA_ARGS__, CW_EVENT_MAX_DEFAULT, CW_EVENT_MAX_DEFAULT, )

/* CW_HANDLER(name, data, len, reply [, max, reply_max]) { ... } - answers a request. */
#define CW_HANDLER(...) \
    CW_WORDS_(4, 6, "CW_HANDLER(name, data, len, reply [, max, reply_max]) { ... }", __VA_ARGS__) \
    CW_ANSWER_(CW_KIND_HANDLER, cw_serve_sink, __VA_ARGS__, CW_EVENT_MAX_DEFAULT, \
            CW_EVENT_MAX_DEFAULT, , , )

/*
 * CW_ENTRY(name, data, len, reply [, max, reply_max]) { ... } - a plain entry point.
 *
 * Anyone may call it, with any argument, at any time: nothing about it is authentic.
 */
#define CW_ENTRY(...) \
    CW_WORDS_(4, 6, "CW_ENTRY(name, data, len, reply [, max, reply_max]) { ... }", __VA_ARGS__) \
    CW_ANSWER_(CW_KIND_ENTRY, cw_serve_entry, __VA_ARGS__, CW_EVENT_MAX_DEFAULT, \
            CW_EVENT_MAX_DEFAULT, , , )

/*
 * CW_CONFIG(name [, max]) - a parameter or a secret that the owner sets: a static struct cw_config.
 *
 *     CW_CONFIG(threshold, 2);
 *     ... threshold.is_set, threshold.len, threshold.bytes[0 .. len)
 *
 * It is no part of the image.  The owner sets it in every life of the module, encrypted, after it
 * was attested and before its connections are made.  So an input or a handler finds it set, if the
 * descriptor sets it at all; CW_INIT never does, and an entry, which anyone may call at any time,
 * must look at is_set.  Until then len is 0 and the bytes are zeros.  A change comes between two
 * handlers.
 */
#define CW_CONFIG(...) \
    CW_WORDS_(1, 2, "CW_CONFIG(name [, max]);", __VA_ARGS__) \
    CW_CONFIG_(__VA_ARGS__, CW_EVENT_MAX_DEFAULT, , )

/*
 * CW_LOG(text) - a line for the node's log, of at most CW_LOG_LINE_MAX bytes; only in a debug image.
 *
 * The descriptor's "debug": true makes one: another image, with another measurement, which is not
 * loaded unless the policy's "allow_debug" names the module.  In all others the line compiles to
 * nothing.  A line leaves in clear, with the items of the call; one that finds no room is lost.
 */
#define CW_LOG(text) ((void)(CW_DEBUG && (cw_log_line(text), true)))
#define CW_LOG_LINE_MAX 120u
#ifndef CW_DEBUG
#define CW_DEBUG 0
#endif
void cw_log_line(const char *text);

/* CW_INIT { ... } - runs once, before anything else of the module. */
#define CW_INIT void cw_init_hook(void)

/* cw_reply_put - append to an answer.  CW_E_SPACE: it does not fit, nothing was appended. */
cw_status cw_reply_put(struct cw_reply *reply, const void *bytes, size_t len);

/* cw_event_gap - in an input: events of this connection that were lost just before this one. */
uint32_t cw_event_gap(void);

/* cw_random - bytes from the chip.  CW_E_ABSENT: it has no random source. */
CW_MUST_CHECK cw_status cw_random(void *ret_bytes, size_t len);

/*
 * cw_seal, cw_unseal - bytes for a later life of the module, which anyone may keep meanwhile.
 *
 * sealing     CW_SEAL_IMAGE: only this very image can unseal them, on this chip; CW_SEAL_SIGNER: all
 *             images of this product that the same owner signed, if not older.  Unsealing takes only
 *             what was sealed so.
 * ret_sealed  [CW_SEALED_LEN(len)] bytes, which do not overlap those that are sealed
 * ret_bytes   [cap] bytes; zeros if they are not authentic
 *
 * CW_E_SPACE   the buffer is too short; nothing was written
 * CW_E_FORM    not sealed bytes of this version, or sealed otherwise
 * CW_E_AUTH    not of this module, of another chip, or changed
 * CW_E_DENIED  sealed by a newer version of chip or module
 *
 * Whoever keeps sealed bytes may give back older ones (rollback), or others of this module: say
 * inside what they are, and have freshness from elsewhere (cw_counter) where it matters.
 *
 * Not on every TEE: native and sancus have no key that survives a restart, and the build says so.
 */
CW_MUST_CHECK cw_status cw_seal(cw_sealing sealing, const void *bytes, size_t len,
        void *ret_sealed, size_t cap, size_t *ret_len);
CW_MUST_CHECK cw_status cw_unseal(cw_sealing sealing, const void *sealed, size_t len,
        void *ret_bytes, size_t cap, size_t *ret_len);

/*
 * cw_counter - the module's persistent counter: it only grows, and no restart takes it back.
 *
 * advance    true: by 1, first.  The new value is kept before it is told, so that a power cut may
 *            skip values, but never repeats one
 * ret_count  0 as long as nobody advanced it.  It belongs to signer and name: a newer image of the
 *            module goes on with it, a debug image has one of its own
 *
 * With it, sealed bytes can have freshness: seal the advanced value with them, and take back only those
 * that have the present one.
 *
 * CW_E_SPACE  the chip has no room for the counter of another module
 * CW_E_STATE  its memory failed
 *
 * Not on every TEE: only trustzone has one (its device's secure flash), and the build says so on others.
 */
CW_MUST_CHECK cw_status cw_counter(bool advance, uint64_t *ret_count);

/*
 * Byte streams between the outside world and a module, carried by its untrusted node: what a
 * service for HTTPS is made of.  A module that defines the three functions of sdk/run.h
 * (cw_stream_open, _data, _close) takes streams; bytes are not authentic.
 *
 * cw_stream_send   how many of [len] bytes found room in this call's output area
 * cw_stream_taken  in cw_stream_data: how many bytes were used; the node brings the rest again
 * cw_stream_more   ask to be called again without bytes once the node has drained the area
 * cw_stream_end    the node closes the stream after what was sent
 */
size_t cw_stream_send(uint32_t stream, const void *bytes, size_t len);
void cw_stream_taken(uint32_t stream, size_t len);
void cw_stream_more(uint32_t stream);
void cw_stream_end(uint32_t stream);

/* What the macros above are made of. */

cw_status cw_serve_sink(uint16_t, const struct cw_endpoint *, struct cw_channel *, size_t);
cw_status cw_serve_output(uint16_t, const struct cw_endpoint *, struct cw_channel *, size_t);
cw_status cw_serve_entry(uint16_t, const struct cw_endpoint *, struct cw_channel *, size_t);

cw_status cw_emit(const struct cw_endpoint *endpoint, const void *data, size_t len);
cw_status cw_request(const struct cw_endpoint *endpoint, const void *data, size_t len,
        void *ret_reply, size_t cap, size_t *ret_len);

/* A mistake in a declaration is the first error, in words: how many words it has, ... */
#define CW_WORDS_(least, most, usage, ...) \
    _Static_assert(CW_COUNT_(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0) >= (least) && \
                    CW_COUNT_(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0) <= (most), \
            "expected " usage);
#define CW_COUNT_(a, b, c, d, e, f, g, h, count, ...) count

/* ... its name, and how long events may be. */
#define CW_CHECK_(name, maximum, reply_maximum) \
    _Static_assert(sizeof #name > 1 && sizeof #name <= 64, \
            "expected a name of 1 to 63 letters, digits and underscores"); \
    _Static_assert((maximum) <= CW_EVENT_MAX_LARGEST && (reply_maximum) <= CW_EVENT_MAX_LARGEST, \
            "expected a maximum of at most 65504 bytes for " #name);
#define CW_EVENT_MAX_LARGEST 65504u

#define CW_ROW_(name) \
    extern const struct cw_endpoint cw_endpoint_##name; \
    __attribute__((used, section("cw_endpoints"), aligned(_Alignof(struct cw_endpoint)))) \
    const struct cw_endpoint cw_endpoint_##name

#define CW_OUTPUT_(name, maximum, ...) \
    CW_CHECK_(name, maximum, 0) \
    CW_ROW_(name) = { \
            .max = (maximum), .kind = CW_KIND_OUTPUT, .serve = cw_serve_output}; \
    static inline cw_status name(const void *data, size_t len) \
    { \
        return cw_emit(&cw_endpoint_##name, data, len); \
    } \
    extern const struct cw_endpoint cw_endpoint_##name

#define CW_INPUT_(name, data, len, maximum, ...) \
    CW_CHECK_(name, maximum, 0) \
    static void name(const uint8_t *data, size_t len, struct cw_reply *); \
    CW_ROW_(name) = {.call.handler = name, .max = (maximum), .kind = CW_KIND_INPUT, \
            .serve = cw_serve_sink}; \
    static void name(const uint8_t *data, size_t len, \
            __attribute__((unused)) struct cw_reply *cw_none)

#define CW_CONFIG_(name, maximum, ...) \
    CW_CHECK_(name, maximum, 0) \
    _Static_assert((maximum) >= 1 && (maximum) <= 4096, \
            "expected a maximum of 1 to 4096 bytes for " #name); \
    static uint8_t cw_config_bytes_##name[(maximum)]; \
    static struct cw_config name = {.bytes = cw_config_bytes_##name}; \
    CW_ROW_(name) = {.call.config = &name, .max = (maximum), .kind = CW_KIND_CONFIG, \
            .serve = cw_serve_config}; \
    extern const struct cw_endpoint cw_endpoint_##name

#define CW_REQUEST_(name, maximum, reply_maximum, ...) \
    CW_CHECK_(name, maximum, reply_maximum) \
    CW_ROW_(name) = { \
            .max = (maximum), .reply_max = (reply_maximum), .kind = CW_KIND_REQUEST}; \
    static inline cw_status name(const void *data, size_t len, void *ret_reply, size_t cap, \
            size_t *ret_len) \
    { \
        return cw_request(&cw_endpoint_##name, data, len, ret_reply, cap, ret_len); \
    } \
    extern const struct cw_endpoint cw_endpoint_##name

#define CW_ANSWER_(row_kind, row_serve, name, data, len, reply, maximum, reply_maximum, ...) \
    CW_CHECK_(name, maximum, reply_maximum) \
    static void name(const uint8_t *data, size_t len, struct cw_reply *reply); \
    CW_ROW_(name) = {.call.handler = name, .max = (maximum), .reply_max = (reply_maximum), \
            .kind = (row_kind), .serve = (row_serve)}; \
    static void name(const uint8_t *data, size_t len, struct cw_reply *reply)

#endif
