/* SPDX-License-Identifier: MIT */
#include "deploy/place.h"

#include <stdlib.h>

#include "deploy/memory.h"
#include "posix/file.h"
#include "posix/log.h"

char *cw_place_find(const char *const *places)
{
    char *folder = cw_file_program_folder();
    char *found = NULL;
    for (size_t i = 0; folder != NULL && places[i] != NULL && found == NULL; i++) {
        char *place = cw_memory_format("%s/%s", folder, places[i]);
        found = realpath(place, NULL);
        free(place);
    }
    free(folder);
    return found;
}

static char *sdk_at(const char *folder, const char *who)
{
    char *header = cw_memory_format("%s/include/sdk/causeway.h", folder);
    char *sdk = cw_file_exists(header) ? realpath(folder, NULL) : NULL;
    if (sdk == NULL) {
        cw_log_error("%s" CW_AT " names %s, which is no SDK: there is no %s", who, folder, header);
    }
    free(header);
    return sdk;
}

char *cw_place_sdk(const char *asked)
{
    static const char *const places[] = {"../../sdk", "../lib/causeway/sdk", NULL};
    if (asked != NULL) {
        return sdk_at(asked, "--sdk");
    }
    const char *variable = getenv("CAUSEWAY_SDK");
    if (variable != NULL && variable[0] != '\0') {
        return sdk_at(variable, "CAUSEWAY_SDK");
    }
    char *sdk = cw_place_find(places);
    if (sdk == NULL) {
        cw_log_error("the SDK is not found" CW_REMEDY ": run `make` or `make install`, or name "
                "its folder by "
                     "--sdk or CAUSEWAY_SDK");
    }
    return sdk;
}
