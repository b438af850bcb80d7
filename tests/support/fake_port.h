/* SPDX-License-Identifier: MIT */
/*
 * fake_port.h - tee/enclave.h on the host, for tests of the runtime.
 *
 * The outside is real memory of the test; copies are counted, and one range can be declared
 * to be the enclave's.  A request leaves by calling the test back.
 */
#ifndef CW_TESTS_SUPPORT_FAKE_PORT_H
#define CW_TESTS_SUPPORT_FAKE_PORT_H

#include "tee/enclave.h"

struct fake_port {
    uint8_t root_key[CW_KEY_LEN]; /* of the chip; what cw_enclave_derive uses */
    uint8_t start[CW_START_LEN];
    uint8_t kind;
    unsigned copies_in;
    unsigned copies_out;
    const void *last_in;
    /* Called by cw_enclave_leave: fills in the next call. */
    void (*outside)(cw_return value, struct cw_call *ret_next);
};

extern struct fake_port fake_port;

/*
 * fake_port_new_life - start the image's module anew: its private memory is gone, its chip and code
 * are the same; the next entry is its first.
 *
 * start  each byte of what its life begins with
 */
void fake_port_new_life(uint8_t start);

#endif
