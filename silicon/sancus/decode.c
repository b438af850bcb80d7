/* SPDX-License-Identifier: MIT */
#include "silicon/sancus/decode.h"

static uint8_t mode_of(unsigned reg, unsigned bits, uint16_t *ret_constant)
{
    static const uint16_t of_r2[4] = {0, 0, 4, 8};
    static const uint16_t of_r3[4] = {0, 1, 2, 0xffff};
    static const uint8_t of_pc[4] = {
        CW_MODE_REGISTER, CW_MODE_SYMBOLIC, CW_MODE_INDIRECT, CW_MODE_IMMEDIATE};
    static const uint8_t of_any[4] = {
        CW_MODE_REGISTER, CW_MODE_INDEXED, CW_MODE_INDIRECT, CW_MODE_INCREMENT};

    if (reg == 3) {
        *ret_constant = of_r3[bits];
        return CW_MODE_CONSTANT;
    }
    if (reg == 2 && bits >= 2) {
        *ret_constant = of_r2[bits];
        return CW_MODE_CONSTANT;
    }
    if (reg == 2) {
        return bits == 0 ? CW_MODE_REGISTER : CW_MODE_ABSOLUTE;
    }
    return reg == 0 ? of_pc[bits] : of_any[bits];
}

static void decode_one(uint16_t word, struct cw_inst *inst)
{
    inst->format = CW_FORMAT_ONE;
    inst->one = (uint8_t)(word >> 7 & 7);
    inst->source = mode_of(word & 15, word >> 4 & 3, &inst->constant);
    inst->is_byte = (word & 0x40) != 0;
    inst->is_branch = inst->one == CW_ONE_RETI;
    if (inst->one == CW_ONE_SANCUS && (word & 15) < 10) {
        inst->sancus = (uint8_t)((word & 15) + 1);
    }
}

static void decode_two(uint16_t word, struct cw_inst *inst)
{
    unsigned reg = word & 15;

    inst->format = CW_FORMAT_TWO;
    inst->two = (uint8_t)(word >> 12);
    inst->source = mode_of(word >> 8 & 15, word >> 4 & 3, &inst->constant);
    inst->is_byte = (word & 0x40) != 0;
    inst->dest = CW_MODE_REGISTER;
    if ((word & 0x80) != 0) {
        inst->dest = reg == 2   ? CW_MODE_ABSOLUTE
                     : reg == 0 ? CW_MODE_SYMBOLIC
                                : CW_MODE_INDEXED;
    }
    inst->is_branch = inst->dest == CW_MODE_REGISTER && reg == 0;
}

void cw_decode_word(uint16_t word, struct cw_inst *ret_inst)
{
    *ret_inst = (struct cw_inst){
            .one = CW_ONE_NONE,
            .source_reg = (uint8_t)(word >> 8 & 15),
            .dest_reg = (uint8_t)(word & 15),
    };
    switch (word >> 13) {
    case 0:
        decode_one(word, ret_inst);
        break;
    case 1:
        ret_inst->format = CW_FORMAT_JUMP;
        ret_inst->source = CW_MODE_REGISTER;
        ret_inst->condition = (uint8_t)(word >> 10 & 7);
        ret_inst->is_branch = true;
        ret_inst->constant = (uint16_t)((word & 0x3ff) << 1 | ((word & 0x200) != 0 ? 0xf800 : 0));
        break;
    default:
        decode_two(word, ret_inst);
        break;
    }
    ret_inst->words = (uint8_t)(cw_mode_has_word(ret_inst->source) +
                                cw_mode_is_computed(ret_inst->dest));
}

void cw_decode_entry(uint16_t word, struct cw_inst *ret_inst)
{
    *ret_inst = (struct cw_inst){
            .format = CW_FORMAT_ENTRY,
            .one = CW_ONE_ENTRY,
            .source_reg = (uint8_t)(word >> 8 & 15),
            .dest_reg = (uint8_t)(word & 15),
    };
    ret_inst->source = mode_of(word >> 8 & 15, word >> 4 & 3, &ret_inst->constant);
    ret_inst->words = cw_mode_has_word(ret_inst->source);
}
