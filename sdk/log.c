/* SPDX-License-Identifier: MIT */
#include "sdk/causeway.h"
#include "sdk/run.h"

void cw_log_line(const char *text)
{
    size_t len = 0;
    while (len < CW_LOG_LINE_MAX && text[len] != '\0') {
        len++;
    }
    if (cw_run_put(CW_FRAME_LOG, (const uint8_t *)text, len) != CW_OK) {
        return; /* without room the line is lost */
    }
}
