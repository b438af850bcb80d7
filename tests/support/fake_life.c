/* SPDX-License-Identifier: MIT */
/* Apart from fake_port.c: not every test that has a port has a module. */
#include <string.h>

#include "sdk/run.h"
#include "tests/support/fake_port.h"

void fake_port_new_life(uint8_t start)
{
    struct cw_module *m = &cw_run_module;
    memset(m->channels, 0, (size_t)(m->channels_end - m->channels) * sizeof *m->channels);
    *m = (struct cw_module){
            .life = {.version = CW_VERSION, .type = CW_MANAGE_ATTEST | CW_MANAGE_ANSWER},
            .channels = m->channels,
            .channels_end = m->channels_end,
            .endpoints = m->endpoints,
            .endpoints_end = m->endpoints_end,
    };
    memset(fake_port.root_key, 0x10, CW_KEY_LEN);
    memset(fake_port.start, start, CW_START_LEN);
    fake_port.kind = CW_FRESH_RANDOM;
}
