/* SPDX-License-Identifier: MIT */
/*
 * fake_backend.h - a TEE whose modules live inside the node and do what a test tells them.
 *
 * What     Counters and windows as a real module has them, without cryptography: a frame's tag is
 *          16 bytes of 0x5a, anything else is a forgery.  All that a test wants to know comes
 *          back as the reply to an entry, so that it may run in another thread.
 *
 * Entry CALL, endpoint 0, argument:
 *   'e' channel 4, count 4, window 4   emit so many events, as the window allows; reply: emitted 4
 *   'q' channel 4, payload             a request; reply: what its handler answered, or "cancelled"
 *   's' channel 4                      reply: accepted 8, next 8, refused 4, wrong order 4
 *   'a' count 4                        say AGAIN to the next so many events
 *   'x'                                die
 *   'h'                                hang: never answer
 *   'i'                                raise an interrupt for endpoint 7
 *   'd' channel 4                      then be entered by its device: one event; 'D': before this answers
 *   'p' channel 4                      then be entered by its device: a request
 * Endpoint 7: counts; 'c' (endpoint 0): reply: that count 4.
 * An event on channels 500 to 599 makes the module ask on channel 6 before it goes on; channels
 * from 1000 on take gaps.  A request is answered with its payload reversed.  Streams are echoed; "bye\n" ends one; after
 * "pour\n" 100 pieces of 4000 bytes follow, each when the one before is gone.
 */
#ifndef CW_TESTS_SUPPORT_FAKE_BACKEND_H
#define CW_TESTS_SUPPORT_FAKE_BACKEND_H

#include <stdatomic.h>

#include "tee/node.h"

#define CW_FAKE_TAG 0x5au
#define CW_FAKE_CHANNELS 16u

extern const struct cw_node_backend cw_node_fake;

/* While true, images "frail" cannot be loaded; "fail" never can. */
extern atomic_bool cw_fake_is_broken;

/* An event or request of the fake kind; returns its length. */
size_t cw_fake_frame(uint32_t channel, uint64_t counter, const void *payload, size_t len,
        uint8_t *ret_frame);

#endif
