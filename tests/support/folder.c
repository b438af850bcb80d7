/* SPDX-License-Identifier: MIT */
#include "tests/support/folder.h"

#include <stdio.h>
#include <stdlib.h>

char folder[32];

int folder_make(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/causeway-test-XXXXXX");
    return mkdtemp(folder) == NULL;
}

int folder_remove(void **state)
{
    (void)state;
    char command[64];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    folder[0] = '\0';
    return system(command);
}
