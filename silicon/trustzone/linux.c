/* SPDX-License-Identifier: MIT */
#include "silicon/trustzone/linux.h"

#include <libfdt.h>
#include <string.h>

/* adr x0, . + 0x1000; mov x1, 0; mov x2, 0; b CW_LINUX_KERNEL_AT.  x3 is 0 at our entry already,
 * and nobody looks. */
#define BRANCH_AT 12u
#define BRANCH_TO (CW_LINUX_KERNEL_AT - CW_TZ_NORMAL_AT - BRANCH_AT)
static const uint32_t code[] = {0x10008000u, 0xd2800001u, 0xd2800002u, 0x14000000u | BRANCH_TO / 4};
_Static_assert(CW_LINUX_TREE_OFFSET == 0x1000u && BRANCH_TO < 128ul << 20, "the code");

static const char psci[] = "arm,psci-1.0\0arm,psci-0.2";
static const char optee[] = "linaro,optee-tz";

/* Each returns libfdt's result: 0, or negative. */
static int set_text(void *tree, int node, const char *name, const char *text)
{
    return node < 0 ? node : fdt_setprop(tree, node, name, text, (int)strlen(text) + 1);
}

static int add_firmware(void *tree)
{
    const int firmware = fdt_add_subnode(tree, 0, "firmware");
    const int driver = firmware < 0 ? firmware : fdt_add_subnode(tree, firmware, "optee");
    const int result = set_text(tree, driver, "compatible", optee);
    return result < 0 ? result : set_text(tree, driver, "method", "smc");
}

static int add_psci(void *tree)
{
    const int node = fdt_add_subnode(tree, 0, "psci");
    const int result = node < 0 ? node : fdt_setprop(tree, node, "compatible", psci, sizeof psci);
    return result < 0 ? result : set_text(tree, node, "method", "smc");
}

static int enable_cpus(void *tree)
{
    const int cpus = fdt_path_offset(tree, "/cpus");
    int node = 0;
    int result = cpus < 0 ? cpus : -FDT_ERR_NOTFOUND;
    fdt_for_each_subnode(node, tree, cpus) { /* a property moves only what is behind its node */
        const char *type = fdt_getprop(tree, node, "device_type", NULL);
        if (type != NULL && strcmp(type, "cpu") == 0) {
            result = set_text(tree, node, "enable-method", "psci");
        }
    }
    return result;
}

static int choose(void *tree, uint64_t initramfs_len, const char *arguments)
{
    const int chosen = fdt_path_offset(tree, "/chosen");
    int result = set_text(tree, chosen, "bootargs", arguments);
    if (result == 0 && initramfs_len > 0) {
        result = fdt_setprop_u64(tree, chosen, "linux,initrd-start", CW_LINUX_INITRAMFS_AT);
        if (result == 0) {
            result = fdt_setprop_u64(tree, chosen, "linux,initrd-end",
                    CW_LINUX_INITRAMFS_AT + initramfs_len);
        }
    }
    return result;
}

static int forget_secrets(void *tree)
{
    const int node = fdt_path_offset(tree, "/secure-chosen");
    return node == -FDT_ERR_NOTFOUND ? 0 : node < 0 ? node : fdt_del_node(tree, node);
}

cw_status cw_linux_start(const uint8_t *tree, size_t tree_len, uint64_t initramfs_len,
        const char *arguments, uint8_t *ret_start, size_t *ret_start_len)
{
    uint8_t *const mine = ret_start + CW_LINUX_TREE_OFFSET;
    if (tree_len < sizeof(struct fdt_header) || fdt_check_header(tree) != 0
            || fdt_totalsize(tree) > tree_len
            || fdt_open_into(tree, mine, (int)(CW_LINUX_START_MAX - CW_LINUX_TREE_OFFSET)) != 0) {
        return CW_E_FORM;
    }
    if (forget_secrets(mine) != 0 || add_psci(mine) != 0 || add_firmware(mine) != 0
            || enable_cpus(mine) != 0 || choose(mine, initramfs_len, arguments) != 0
            || fdt_pack(mine) != 0) {
        return CW_E_FORM;
    }
    (void)memset(ret_start, 0, CW_LINUX_TREE_OFFSET);
    for (size_t i = 0; i < sizeof code / sizeof code[0]; i++) {
        for (size_t b = 0; b < 4; b++) {
            ret_start[4 * i + b] = (uint8_t)(code[i] >> (8 * b));
        }
    }
    *ret_start_len = CW_LINUX_TREE_OFFSET + fdt_totalsize(mine);
    return CW_OK;
}
