/* SPDX-License-Identifier: MIT */
/*
 * command.h - what one tells the hostile network to do: a line in, a line of JSON out.
 *
 * Answers are {"ok": true, ...} or {"ok": false, "why": "..."}.  FILTER is any of pair=N link=N
 * from=dialer|listener type=event|request|response|ack|hello|... channel=N counter=N; without a
 * type, frames of events and requests are meant (`type=any`: all).
 *
 *   status                         pairs, open links, waiting rules
 *   list [FILTER] [last=N]         what was recorded
 *   show ID                        one message with its bytes
 *   record on|off
 *   drop N [FILTER]                the next N that fit do not arrive
 *   swap N [FILTER]                ... arrive behind the next one
 *   duplicate N [FILTER]           ... arrive twice
 *   delay N MS [FILTER]            ... arrive later
 *   flip N BIT [FILTER]            ... with a bit changed (counted behind the link header)
 *   truncate N BYTES [FILTER]      ... with bytes missing
 *   extend N BYTES [FILTER]        ... with bytes more
 *   clear                          forget the rules
 *   release                        let go what is delayed or waits to be swapped
 *   replay ID [link=N]             send a recorded message again, on its link or the newest of its
 *                                  pair
 *   bend flip|truncate|extend ID AMOUNT [link=N]   send it again, changed
 *   redirect ID CHANNEL [link=N|pair=N]            ... as a frame of another channel
 *   relabel ID CHANNEL COUNTER [link=N|pair=N]     ... and with another counter
 *   forge CHANNEL COUNTER [LEN] link=N|pair=N      a frame of random bytes
 *   predecessor ID1 ID2 COUNTER [link=N]           the forgery of forge.h out of two events
 *   inject HEX link=N|pair=N [from=listener]       these bytes
 *   cut LINK|all                   close links
 *   peek ADDRESS BYTES, poke ADDRESS BYTES VALUE, smc X0 X1 X2 X3, dma ADDRESS BYTES, mask 0|1, again
 *                                  what the normal world of a TrustZone board tries:
 *                                  "aborted", and "words": results or ESR_EL1 and FAR_EL1; "bytes"
 *   help
 *   quit
 */
#ifndef CW_TESTS_ADVERSARY_COMMAND_H
#define CW_TESTS_ADVERSARY_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/adversary/proxy.h"
#include "tests/adversary/world.h"

#define CW_COMMAND_LINE_MAX 65536u

extern const char cw_command_help[];

/*
 * cw_command_run - carry a line out.  It is taken apart in place.
 *
 * *ret_quit  set when the program shall end
 *
 * The answer, without newline, is the caller's to free.  NULL: no memory.
 */
char *cw_command_run(struct cw_proxy *p, struct cw_world *w, char *line, bool *ret_quit);

#endif
