/* SPDX-License-Identifier: MIT */
/*
 * device.h - a board's secure flash as a file: firmware, device block, journal.
 *
 * What     A file is made once, whole or not at all, and stays what it is: its device secret, and
 *          with it the keys of the device, are drawn then and are nowhere else.  Its firmware can be
 *          replaced while nobody runs it.
 * Trust    The manufacturer's side of the owner's tool.  A file that is read is foreign.
 * Errors   Whatever fails was logged, unless it says otherwise.
 * Source   tee/trustzone/abi.h, part 6
 */
#ifndef CW_TEE_TRUSTZONE_OWNER_DEVICE_H
#define CW_TEE_TRUSTZONE_OWNER_DEVICE_H

#include "tee/trustzone/owner/token.h"

/* What can be told of a device; its secret cannot. */
struct cw_tz_device_info {
    char name[CW_TZ_NAME_CAP];
    uint32_t lifecycle;
    uint8_t platform[CW_TZ_HASH_LEN];
    uint8_t device[CW_P256_PUBLIC_LEN];
    uint8_t manufacturer[CW_P256_PUBLIC_LEN];
    struct cw_tz_firmware_info firmware;
    bool is_journal_new; /* erased: it never started */
    bool is_firmware_written; /* by cw_tz_device_update: there were other bytes */
};

struct cw_tz_device_wish {
    const char *name; /* cw_tz_device_check_name */
    const struct cw_tz_firmware_file *firmware;
    const struct cw_tz_key *manufacturer;
    bool replace; /* what is there is lost, with its device */
};

/*
 * cw_tz_device_make - a new device.
 *
 * CW_E_STATE  there is such a file, which stays; or, to be replaced, its board runs
 * CW_E_FORM   no name
 */
CW_MUST_CHECK cw_status cw_tz_device_make(const char *path, const struct cw_tz_device_wish *wish,
        struct cw_tz_device_info *ret_info);

/*
 * cw_tz_device_update - another firmware; device block and journal stay.
 *
 * ret_was  the firmware until now
 *
 * CW_E_STATE  it runs, or has a firmware of a newer security version: nothing changed
 */
CW_MUST_CHECK cw_status cw_tz_device_update(const char *path,
        const struct cw_tz_firmware_file *firmware, struct cw_tz_device_info *ret_info,
        struct cw_tz_firmware_info *ret_was);

/*
 * cw_tz_device_read - what a flash file holds, checked: block, certificate, keys, firmware.
 *
 * CW_E_ABSENT  there is no such file; nothing was logged
 * CW_E_FORM    it is no flash file, or was changed
 */
CW_MUST_CHECK cw_status cw_tz_device_read(const char *path, struct cw_tz_device_info *ret_info);

/* cw_tz_device_check_name - 1 to 31 letters, digits, . _ - ; CW_E_FORM: it is none, logged. */
CW_MUST_CHECK cw_status cw_tz_device_check_name(const char *name);

/* cw_tz_device_complain_present - log that there is such a file, and what to do. */
void cw_tz_device_complain_present(const char *path);

/* cw_tz_device_is_flash - does a file of this length begin so? */
bool cw_tz_device_is_flash(uint64_t file_len);

#endif
