/* SPDX-License-Identifier: MIT */
/*
 * hardware.h - the hardware loader over any driver and quoting service: for tests.
 */
#ifndef CW_TEE_SGX_NODE_HARDWARE_H
#define CW_TEE_SGX_NODE_HARDWARE_H

#include "tee/sgx/node/driver.h"
#include "tee/sgx/node/loader.h"

/* As open of the loader.  driver and aesm must outlive the CPU. */
cw_status cw_sgx_hardware_open(uv_loop_t *loop, const struct cw_sgx_driver *driver,
        const char *aesm, struct cw_sgx_cpu **ret_cpu, char *ret_why, size_t why_cap);

#endif
