/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  A module is one run, so the first fit of a table with a byte a page is
 * enough: there are 3,840 pages and a few runs.
 */
#include "tee/trustzone/enclave/kernel/pages.h"

#include <stdbool.h>

#include "sdk/rt.h"
#include "tee/trustzone/enclave/worlds.h"

enum { COUNT = (CW_TZ_PAGES_END - CW_TZ_PAGES_AT) / CW_TZ_PAGE };

static bool is_taken[COUNT];
static size_t taken_count;

static void mark(size_t first, size_t count, bool value)
{
    taken_count = value ? taken_count + count : taken_count - count;
    for (size_t i = first; i < first + count; i++) {
        is_taken[i] = value;
    }
}

uint8_t *cw_tz_pages_take(size_t count)
{
    size_t free_count = 0;
    for (size_t i = 0; i < COUNT && count > 0; i++) {
        free_count = is_taken[i] ? 0 : free_count + 1;
        if (free_count == count) {
            const size_t first = i + 1 - count;
            uint8_t *run = cw_tz_pages + first * CW_TZ_PAGE;
            mark(first, count, true);
            memset(run, 0, count * CW_TZ_PAGE);
            return run;
        }
    }
    return NULL;
}

void cw_tz_pages_give(uint8_t *run, size_t count)
{
    memset(run, 0, count * CW_TZ_PAGE);
    mark((size_t)(run - cw_tz_pages) / CW_TZ_PAGE, count, false);
}

uint64_t cw_tz_pages_free_len(void)
{
    return (COUNT - taken_count) * CW_TZ_PAGE;
}
