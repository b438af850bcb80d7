/* SPDX-License-Identifier: MIT */
/*
 * The memory of one image, sized by the build: -DCW_CHANNELS= (ends of connections),
 * -DCW_EVENT_MAX= (largest event of any endpoint), -DCW_REPLY_MAX=, -DCW_STREAM_MAX= (bytes of
 * a stream that one call brings), -DCW_PROOF_MAX= (what the TEE adds to EVIDENCE).
 */
#include "sdk/run.h"

#define LARGER(a, b) ((a) > (b) ? (a) : (b))

/* The longest command of management is SETCONN, the longest OPEN has a share. */
#define MANAGE_MAX (CW_MANAGE_HEADER_LEN + CW_SETCONN_LEN + CW_TAG_LEN) /* an OPEN fits */
#define ENTRY_MAX (4 + LARGER(CW_EVENT_MAX, CW_STREAM_MAX))
#define FRAME_MAX CW_FRAME_LEN(LARGER(CW_EVENT_MAX, CW_REPLY_MAX) + CW_CONFIG_HEADER_LEN) /* a CONFIG fits */
#define IN_MAX LARGER(LARGER(MANAGE_MAX, ENTRY_MAX), FRAME_MAX)

static struct cw_channel channels[CW_CHANNELS];
static CW_EVEN uint8_t in[IN_MAX];
static CW_EVEN uint8_t out[LARGER(LARGER(FRAME_MAX, MANAGE_MAX), CW_CLAIM_LEN + CW_PROOF_MAX)];
static CW_EVEN uint8_t reply[LARGER(CW_REPLY_MAX, 2)];

_Static_assert(IN_MAX <= UINT16_MAX, "an image takes messages of less than 64 KiB");

const struct cw_memory cw_memory = {in, out, reply, sizeof in, sizeof out};

struct cw_module cw_run_module = {
        .life = {.version = CW_VERSION, .type = CW_MANAGE_ATTEST | CW_MANAGE_ANSWER},
        .channels = channels, .channels_end = channels + CW_CHANNELS,
        .endpoints = __start_cw_endpoints, .endpoints_end = __stop_cw_endpoints};
