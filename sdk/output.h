/* SPDX-License-Identifier: MIT */
/*
 * output.h - what outputs and requests share.  Private to the runtime.
 *
 * Trust    TRUSTED.
 */
#ifndef CW_SDK_OUTPUT_H
#define CW_SDK_OUTPUT_H

#include "sdk/run.h"

/*
 * cw_output_send - seal an event for every connection of an endpoint, or for none.
 *
 * ret_channel  untouched where the endpoint is not connected
 *
 * CW_OK, CW_AGAIN, CW_E_SPACE, CW_E_STATE  as CW_OUTPUT's in sdk/causeway.h
 */
cw_status cw_output_send(const struct cw_endpoint *endpoint, cw_frame type, const void *data,
        size_t len, struct cw_channel **ret_channel);

#endif
