/* SPDX-License-Identifier: MIT */
/*
 * many.h - several inputs of one entry, brought by one crossing of the boundary.
 *
 * What     For ports whose crossings are dear (call_many of tee/node.h).  The input of the call is
 *          one or more times: length 4, bytes of the entry.  They are served in order, up to the
 *          first that does not come back DONE or until half of the room for items is taken.
 *          After a PENDING answer what was not served is forgotten.
 * Trust    TRUSTED.  All bytes come from the attacker.
 */
#ifndef CW_SDK_MANY_H
#define CW_SDK_MANY_H

#include "tee/enclave.h"

/* cw_many_run - as cw_run, for many inputs.  What is no input is refused. */
cw_return cw_many_run(const struct cw_call *call);

/*
 * cw_many_close - what a port tells the node, at the end of a call or in its middle.
 *
 * value       of cw_many_run, cw_run or cw_enclave_leave
 * ret_value   with the items of all inputs
 * ret_served  how many came before the last one entered, whose result it is
 *
 * True: the call was one of many inputs, and this is its only answer.  False: ret_value is value.
 */
bool cw_many_close(cw_return value, cw_return *ret_value, uint32_t *ret_served);

#endif
