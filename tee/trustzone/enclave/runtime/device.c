/* SPDX-License-Identifier: MIT */
#include "sdk/device.h"

#include "tee/trustzone/enclave/runtime/svc.h"

uint8_t cw_device_read(uint8_t offset)
{
    return (uint8_t)cw_svc_call(CW_TZ_SVC_DEVICE_READ, offset, 0, 0, 0).x0;
}

void cw_device_write(uint8_t offset, uint8_t value)
{
    (void)cw_svc_call(CW_TZ_SVC_DEVICE_WRITE, offset, value, 0, 0);
}
