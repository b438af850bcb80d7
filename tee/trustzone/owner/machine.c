/* SPDX-License-Identifier: MIT */
/* What this machine has for TrustZone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "posix/file.h"
#include "posix/tool.h"
#include "tee/trustzone/owner/firmware.h"
#include "tee/trustzone/owner/local.h"

#define EMULATOR "qemu-system-aarch64"
#define COMPILER "aarch64-linux-gnu-gcc"
#define LINE_MAX_LEN 256u

/* The first line of what a program says of its version; false: it says nothing. */
static bool version_of(const char *program, char ret_line[static LINE_MAX_LEN])
{
    char command[96];
    (void)snprintf(command, sizeof command, "%s --version 2>/dev/null", program);
    FILE *output = popen(command, "re");
    const bool is_said = output != NULL && fgets(ret_line, (int)LINE_MAX_LEN, output) != NULL;
    if (output != NULL) {
        (void)pclose(output);
    }
    ret_line[is_said ? strcspn(ret_line, "\n") : 0] = '\0';
    return is_said;
}

static void look_at_emulator(cw_owner_say_fn *say, void *ctx)
{
    char line[LINE_MAX_LEN];
    char text[LINE_MAX_LEN + 128];
    if (!cw_tool_is_there(EMULATOR) || !version_of(EMULATOR, line)) {
        say(ctx, false, "there is no " EMULATOR ", which is the chip of its boards",
                "apt install qemu-system-arm");
        return;
    }
    (void)snprintf(text, sizeof text, "its boards are run by %s", line);
    say(ctx, true, text, NULL);
}

static void look_at_compiler(cw_owner_say_fn *say, void *ctx)
{
    char line[LINE_MAX_LEN];
    if (!cw_tool_is_there(COMPILER) || !version_of(COMPILER, line)) {
        say(ctx, false, "there is no " COMPILER ", which builds its modules",
                "apt install gcc-aarch64-linux-gnu");
        return;
    }
    say(ctx, true, line, NULL);
}

static void look_at_firmware(const char *sdk_dir, cw_owner_say_fn *say, void *ctx)
{
    char why[CW_TZ_WHY_LEN] = "";
    char text[64];
    struct cw_tz_firmware_info info = {0};
    char *path = cw_tz_firmware_path(sdk_dir);
    if (path != NULL && cw_tz_firmware_read(path, &info, why) == CW_OK) {
        (void)snprintf(text, sizeof text, "the SDK has firmware of security version %u",
                info.security_version);
        say(ctx, true, text, NULL);
    } else {
        say(ctx, false, why, "run `make` with " COMPILER " installed (./run setup)");
    }
    free(path);
}

void cw_tz_examine(const char *sdk_dir, cw_owner_say_fn *say, void *ctx)
{
    look_at_emulator(say, ctx);
    look_at_compiler(say, ctx);
    if (sdk_dir != NULL) {
        look_at_firmware(sdk_dir, say, ctx);
    }
}
