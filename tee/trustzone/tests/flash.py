# SPDX-License-Identifier: MIT
"""flash - the secure flash of a device for tests, by the layout of tee/trustzone/abi.h part 6.

    flash.make(path, firmware, secret=..., certificate=...)
"""
import hashlib
import os
import struct

DEVICE_AT, JOURNAL_AT, SECTOR, LEN = 0x100000, 0x140000, 0x40000, 64 << 20
LIFECYCLE_TEST = 0x1000


def block(secret, name=b"test device", certificate=b"\x00", manufacturer=bytes(64),
          lifecycle=LIFECYCLE_TEST):
    """struct cw_tz_device_block."""
    body = struct.pack("<4sI32s32s64sII1024s", b"CWDV", 1, secret, name, manufacturer, lifecycle,
                       len(certificate), certificate)
    return body + hashlib.sha256(body).digest()


def make(path, firmware, device=None):
    """A flash with this firmware and device block; None: with no device."""
    with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(firmware)
        if device is not None:
            file.seek(DEVICE_AT)
            file.write(device)
        file.seek(JOURNAL_AT)
        file.write(b"\xff" * (2 * SECTOR))
        file.truncate(LEN)
