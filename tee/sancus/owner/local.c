/* SPDX-License-Identifier: MIT */
/* A board on the owner's own machine: the emulator, with a node key made for it. */
#include "tee/sancus/owner/local.h"

#include "core/crypto/spongent.h"
#include "posix/tool.h"

static void arguments(const struct cw_owner_node *node, const char *sdk_dir,
        struct cw_tool *ret_arguments)
{
    static const char *const files[] = {"--uart", "uart", "--control", "control",
            "--counter-file", "counter", "--node-key-file", "chip.key"};
    cw_tool_add(ret_arguments, "--firmware");
    cw_tool_add(ret_arguments, "%s/lib/sancus/firmware.elf", sdk_dir);
    cw_tool_add(ret_arguments, "--chip");
    cw_tool_add(ret_arguments, "%s", node->chip != NULL ? node->chip : "hardened");
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        cw_tool_add(ret_arguments, "%s", files[i]);
    }
}

static void vendor_key(const uint8_t node_key[static CW_KEY_LEN], uint16_t vendor,
        uint8_t ret_key[static CW_KEY_LEN])
{
    const uint8_t id[] = {(uint8_t)vendor, (uint8_t)(vendor >> 8)};
    cw_spongent_mac(node_key, id, sizeof id, ret_key);
}

const struct cw_owner_local cw_sancus_local = {
        .program = "causeway-sancus",
        .key_file = "chip.key",
        .socket = "uart",
        .platform = "uart=../board/uart",
        .arguments = arguments,
        .vendor_key = vendor_key,
};
