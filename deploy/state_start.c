/* SPDX-License-Identifier: MIT */
/*
 * What platforms said of their starts: facts device/PLATFORM, "COUNT SEED".  They outlast a deployment,
 * as pins do.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "deploy/secret.h"
#include "deploy/state.h"
#include "posix/log.h"

struct seen {
    uint64_t count;
    uint8_t seed[CW_STATE_SEED_LEN];
};

static cw_status read_seen(struct cw_state *s, const char *name, struct seen *ret_seen)
{
    char text[128];
    char seed[2 * CW_STATE_SEED_LEN + 1] = "";
    int end = 0;
    *ret_seen = (struct seen){0};
    const cw_status status = cw_state_fact_get(s, name, text, sizeof text);
    if (status != CW_OK) {
        return status == CW_E_ABSENT ? CW_OK : status;
    }
    if (sscanf(text, "%" SCNu64 " %64s%n", &ret_seen->count, seed, &end) != 2 || text[end] != '\0' ||
            cw_hex_get(seed, ret_seen->seed, sizeof ret_seen->seed) != CW_OK) {
        cw_log_error("%s/state.db" CW_AT ": what is known of %s was changed" CW_REMEDY
                     ": restore a backup",
                cw_state_folder(s), name);
        return CW_E_SYSTEM;
    }
    return CW_OK;
}

static cw_status write_seen(struct cw_state *s, const char *name, uint64_t count,
        const uint8_t seed[static CW_STATE_SEED_LEN])
{
    char hex[2 * CW_STATE_SEED_LEN + 1];
    char text[128];
    cw_hex_put(seed, CW_STATE_SEED_LEN, hex);
    (void)snprintf(text, sizeof text, "%" PRIu64 " %s", count, hex);
    return cw_state_fact_put(s, name, text);
}

cw_status cw_state_start(struct cw_state *s, const char *platform, uint64_t count,
        const uint8_t seed[static CW_STATE_SEED_LEN], bool accept, uint64_t *ret_seen)
{
    char name[CW_STATE_NAME_CAP];
    struct seen seen;
    (void)snprintf(name, sizeof name, "device/%s", platform);
    cw_status status = cw_state_begin(s); /* modules of one platform may ask at once */
    if (status != CW_OK) {
        return status;
    }
    status = read_seen(s, name, &seen);
    const bool is_same = count == seen.count && memcmp(seed, seen.seed, sizeof seen.seed) == 0;
    if (status == CW_OK && count <= seen.count && !is_same && !accept) {
        status = CW_E_REPLAY;
    }
    if (status == CW_OK && !is_same) {
        status = write_seen(s, name, count, seed);
    }
    if (status == CW_OK) {
        status = cw_state_commit(s);
    } else {
        cw_state_rollback(s);
    }
    *ret_seen = seen.count;
    return status;
}
