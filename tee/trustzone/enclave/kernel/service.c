/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/enclave/kernel/service.h"

#include "tee/trustzone/enclave/kernel/journal.h"
#include "tee/trustzone/enclave/kernel/parts.h"

cw_status cw_tz_services_open(const struct cw_tz_boot *boot)
{
    cw_status status = cw_tz_random_open(boot);
    if (status == CW_OK) {
        status = cw_tz_journal_open();
    }
    if (status == CW_OK) {
        cw_tz_random_start(cw_tz_journal_boot());
        cw_tz_keys_open(boot);
        cw_tz_token_open(boot);
        cw_tz_message_open(boot);
    }
    return status;
}
