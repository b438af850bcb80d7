/* SPDX-License-Identifier: MIT */
/*
 * status.h - the names of failure; each tells the caller what to do.
 *
 * Trust    TRUSTED.
 */
#ifndef CW_CORE_BASE_STATUS_H
#define CW_CORE_BASE_STATUS_H

#define CW_MUST_CHECK __attribute__((warn_unused_result))

typedef enum cw_status {
    CW_OK = 0,
    CW_AGAIN,    /* nothing wrong: call again with more bytes, room or time */
    CW_E_SHORT,  /* the peer's bytes end before the message does: drop      */
    CW_E_FORM,   /* the peer's bytes violate docs/protocol.md: drop         */
    CW_E_AUTH,   /* tag or evidence does not verify: drop, count            */
    CW_E_REPLAY, /* authentic or not, but not the next one: drop, count     */
    CW_E_STATE,  /* a legal message at the wrong moment: refuse             */
    CW_E_DENIED, /* policy refuses                                          */
    CW_E_ABSENT, /* no such module, entry, connection or object             */
    CW_E_SPACE,  /* a fixed table or the caller's buffer is full            */
    CW_E_SYSTEM, /* posix layer only: the log line has the errno            */
} cw_status;

#endif
