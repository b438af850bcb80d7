/* SPDX-License-Identifier: MIT */
/* Evidence is a REPORT for the enclave that the host names, usually the quoting enclave. */
#include "core/base/bytes.h"
#include "tee/sgx/enclave/inside.h"

cw_status cw_enclave_evidence(const uint8_t report[static 32], uint8_t *ret_evidence, size_t cap,
        size_t *ret_len)
{
    static _Alignas(512) uint8_t target[SGX_TARGETINFO_LEN];
    static _Alignas(128) uint8_t data[SGX_REPORTDATA_LEN];
    static _Alignas(512) uint8_t made[SGX_REPORT_LEN];
    if (cap < sizeof made) {
        return CW_E_SPACE;
    }
    cw_status status = cw_enclave_copy_in(target, cw_arena_place() + CW_SGX_TARGET_AT,
            SGX_TARGET_CONFIGID + 64);
    if (status != CW_OK) {
        return status;
    }
    /* What is reserved would be an exception: zeros, whatever the host wrote there. */
    cw_bytes_wipe(target + SGX_TARGET_ATTRIBUTES + SGX_ATTRIBUTES_LEN, 2);
    cw_bytes_wipe(target + SGX_TARGET_MISCSELECT + 4, 8);
    cw_bytes_copy(data, report, 32);
    cw_sgx_report(target, data, made);
    cw_bytes_copy(ret_evidence, made, sizeof made);
    *ret_len = sizeof made;
    return CW_OK;
}
