/* SPDX-License-Identifier: MIT */
/*
 * decode.h - what an instruction word means.
 *
 * What     Turns one word into the control signals of the pipeline, junk words included.
 * Trust    SILICON.
 */
#ifndef CW_SILICON_SANCUS_DECODE_H
#define CW_SILICON_SANCUS_DECODE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum cw_format {
    CW_FORMAT_ENTRY,  /* no instruction: interrupt entry */
    CW_FORMAT_ONE,    /* one operand                     */
    CW_FORMAT_JUMP,
    CW_FORMAT_TWO,
} cw_format;

/* One-operand operations as encoded; ENTRY stands for interrupt entry. */
typedef enum cw_one {
    CW_ONE_RRC,
    CW_ONE_SWPB,
    CW_ONE_RRA,
    CW_ONE_SXT,
    CW_ONE_PUSH,
    CW_ONE_CALL,
    CW_ONE_RETI,
    CW_ONE_SANCUS,
    CW_ONE_ENTRY,
    CW_ONE_NONE,
} cw_one;

/* Two-operand operations as encoded. */
typedef enum cw_two {
    CW_TWO_NONE = 0,
    CW_TWO_MOV = 4,
    CW_TWO_ADD,
    CW_TWO_ADDC,
    CW_TWO_SUBC,
    CW_TWO_SUB,
    CW_TWO_CMP,
    CW_TWO_DADD,
    CW_TWO_BIT,
    CW_TWO_BIC,
    CW_TWO_BIS,
    CW_TWO_XOR,
    CW_TWO_AND,
} cw_two;

typedef enum cw_mode {
    CW_MODE_NONE,
    CW_MODE_REGISTER,
    CW_MODE_INDEXED,    /* x(Rn)   */
    CW_MODE_INDIRECT,   /* @Rn     */
    CW_MODE_INCREMENT,  /* @Rn+    */
    CW_MODE_SYMBOLIC,   /* x(PC)   */
    CW_MODE_IMMEDIATE,  /* @PC+    */
    CW_MODE_ABSOLUTE,   /* &x      */
    CW_MODE_CONSTANT,
} cw_mode;

struct cw_inst {
    uint8_t format;     /* cw_format */
    uint8_t one;        /* cw_one    */
    uint8_t two;        /* cw_two    */
    uint8_t condition;  /* of a jump: 0 NE, EQ, NC, C, N, GE, L, 7 always */
    uint8_t source;     /* cw_mode   */
    uint8_t dest;       /* cw_mode   */
    uint8_t source_reg, dest_reg;
    bool is_byte;
    bool is_branch;     /* writes the PC at the end of its execution */
    uint8_t words;      /* extension words, 0 .. 2 */
    uint8_t sancus;     /* command + 1, 0: none    */
    uint16_t constant;  /* CONSTANT: the value; JUMP: the offset in bytes */
};

/* cw_decode_word - the meaning of a word. */
void cw_decode_word(uint16_t word, struct cw_inst *ret_inst);

/* cw_decode_entry - interrupt entry in place of the instruction [word]. */
void cw_decode_entry(uint16_t word, struct cw_inst *ret_inst);

static inline bool cw_mode_has_word(uint8_t mode)
{
    return mode == CW_MODE_INDEXED || mode == CW_MODE_SYMBOLIC || mode == CW_MODE_ABSOLUTE ||
            mode == CW_MODE_IMMEDIATE;
}

static inline bool cw_mode_is_computed(uint8_t mode)
{
    return mode == CW_MODE_INDEXED || mode == CW_MODE_SYMBOLIC || mode == CW_MODE_ABSOLUTE;
}

#endif
