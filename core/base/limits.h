/* SPDX-License-Identifier: MIT */
/*
 * limits.h - sizes fixed by the protocol, and bounds that hold everywhere.
 *
 * A table's capacity that differs between images (channels, largest event) is no constant:
 * it comes with the memory that an image gives to the runtime (sdk/memory.c).
 *
 * Trust    TRUSTED.
 * Source   docs/protocol.md section 2
 */
#ifndef CW_CORE_BASE_LIMITS_H
#define CW_CORE_BASE_LIMITS_H

#define CW_VERSION 1u            /* of the protocol, in every header */

#define CW_KEY_LEN 16u           /* bytes, every symmetric key */
#define CW_TAG_LEN 16u           /* bytes */
#define CW_NONCE_LEN 16u         /* owner's N_o, bytes */
#define CW_START_LEN 16u         /* S, drawn at every start of a module, bytes */
#define CW_DEPLOYMENT_LEN 8u     /* D, bytes */
#define CW_CHECK_LEN 16u         /* key confirmation of a connection, bytes */
#define CW_DH_LEN 32u            /* an X25519 public key, bytes */

#define CW_LINK_HEADER_LEN 8u    /* length 4, version 1, type 1, zero 2 */
#define CW_MANAGE_HEADER_LEN 12u /* version 1, type 1, flags 2, session 4, seq 4 */
#define CW_EVENT_HEADER_LEN 12u  /* channel 4, counter 8 */

#define CW_EVENT_MAX_DEFAULT 64u /* payload bytes of an endpoint that declares no maximum */
#define CW_LINK_MAX (1ul << 20)  /* bytes of one message on any link */

/* Keys, tags and what they are computed over: a Sancus chip wants even addresses. */
#define CW_EVEN _Alignas(2)

#define CW_PAD 0x80u /* the byte behind a payload */

/* Bytes of a sealed body for a payload of n bytes: padded by 0x80 and zeros to an even length. */
#define CW_BODY_LEN(n) (((n) + 2u) & ~(uint32_t)1u)

/* Bytes of an event frame for a payload of n bytes. */
#define CW_FRAME_LEN(n) (CW_EVENT_HEADER_LEN + CW_BODY_LEN(n) + CW_TAG_LEN)

/* An acknowledgement: a frame without payload. */
#define CW_ACK_LEN CW_FRAME_LEN(0)

#endif
