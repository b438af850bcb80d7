/* SPDX-License-Identifier: MIT */
/*
 * engine.c - implementation notes.
 *
 * A handler executes one instruction and tail-calls the next one's.  What changes with every
 * instruction travels in its arguments, that is in registers:
 *
 *   budget  cycles left, in the upper half, and minus the instructions done in the lower half;
 *           negative: time to leave
 *   nz, ab  the flags, not yet computed: the last result in 17 bits (byte operations shifted left
 *           by 8), and its two operands.  C is bit 16 of nz; Z says that bits 15..0 are 0; N is
 *           bit 15; V: both operands differ from the result in bit 15.
 *
 * A handler that finds its instruction not plain leaves before it has changed anything.
 */
#include "silicon/sancus/engine.h"

#include <stdlib.h>
#include <string.h>

#include "posix/log.h"
#include "silicon/sancus/core.h"
#include "silicon/sancus/debug.h"
#include "silicon/sancus/unit.h"

/* Rights at an address, for one subject.  Words have none at odd addresses. */
#define MAY_READ_BYTE 0x01u
#define MAY_WRITE_BYTE 0x02u
#define MAY_READ_WORD 0x04u
#define MAY_WRITE_WORD 0x08u
#define MAY_GO 0x10u

#define ZERO 16u /* r[16] reads as 0: the base of absolute addresses */
#define OPS_COUNT 0x8000u
/* No instruction that a handler executes takes longer. */
#define LONGEST 6

struct op;

#define ARGUMENTS                                                                                  \
    struct cw_chip *chip, const struct op *o, int64_t budget, uint32_t nz, uint32_t ab,            \
            const uint8_t *map

typedef void handler(ARGUMENTS);

struct op {
    handler *run;
    uint16_t x, y;         /* immediate, offset or target; offset of the destination */
    uint8_t s, d, words;
};

struct cw_engine {
    struct op ops[OPS_COUNT];
    uint8_t map[CW_SLOTS_MAX + 1][0x10000]; /* [0]: unprotected */
    uint8_t owner[0x10000];                 /* of code: 0, slot + 1, or NOT_PLAIN */
    uint8_t open_map[2][0x10000];           /* without modules: unprotected, any module */
    bool texts_overlap;
    bool map_valid[CW_SLOTS_MAX + 1];
    /* where a run has left */
    const struct op *at;
    int64_t budget;
    uint32_t nz, ab;
    bool running;
};

#define NOT_PLAIN 0xff

#define COST(cycles) (((int64_t)(cycles) << 32) + 1)

/* gcc turns the calls below into jumps when it optimises; otherwise a loop makes them. */
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
#define NEXT(next)                                                                                 \
    do {                                                                                           \
        const struct op *next_op = (next);                                                         \
        next_op->run(chip, next_op, budget, nz, ab, map);                                          \
        return;                                                                                    \
    } while (0)
#else
#define NEXT(next)                                                                                 \
    do {                                                                                           \
        struct cw_engine *next_engine = chip->engine;                                              \
        next_engine->at = (next);                                                                  \
        next_engine->budget = budget;                                                              \
        next_engine->nz = nz;                                                                      \
        next_engine->ab = ab;                                                                      \
        (void)map;                                                                                 \
        return;                                                                                    \
    } while (0)
#endif

static void leave(ARGUMENTS)
{
    struct cw_engine *engine = chip->engine;

    (void)map;
    engine->at = o;
    engine->budget = budget;
    engine->nz = nz;
    engine->ab = ab;
    engine->running = false;
}

#define LEAVE()                                                                                    \
    do {                                                                                           \
        leave(chip, o, budget, nz, ab, map);                                                       \
        return;                                                                                    \
    } while (0)
#define UNLIKELY(x) __builtin_expect((x), 0)
#define DENIED(address, right) UNLIKELY((map[address] & (right)) == 0)
#define ENTER()                                                                                    \
    if (UNLIKELY(budget < 0)) {                                                                    \
        LEAVE();                                                                                   \
    }
#define OP_AT(address) (&chip->engine->ops[(uint16_t)(address) >> 1])

#define REG(n) (chip->core.r[n])
#define CARRY(nz) ((nz) >> 16 & 1u)

static inline uint16_t load_word(const struct cw_chip *chip, uint16_t address)
{
    return (uint16_t)(chip->mem[address] | chip->mem[(uint16_t)(address + 1)] << 8);
}

static inline void store_word(struct cw_chip *chip, uint16_t address, uint16_t value)
{
    chip->mem[address] = (uint8_t)value;
    chip->mem[(uint16_t)(address + 1)] = (uint8_t)(value >> 8);
}

/* What a RAM that was last asked for this word leaves on its bus. */
static inline void note_ram(struct cw_chip *chip, uint16_t address)
{
    if (address < chip->rom_base) {
        chip->core.ram_latch = address & 0xfffe;
    }
}

/* ---- operations: a, b -> value, nz, ab; shift is 0 for words and 8 for bytes ---- */

#define WORDS_OF(shift) ((shift) == 0 ? 0xffffu : 0xffu)
#define SET_SUM(shift)                                                                             \
    do {                                                                                           \
        nz = value << (shift);                                                                     \
        ab = (a << (shift)) << 16 | b << (shift);                                                  \
    } while (0)
#define SET_LOGIC(shift)                                                                           \
    do {                                                                                           \
        nz = value << (shift);                                                                     \
        ab = nz << 16 | nz;                                                                        \
        nz |= (uint32_t)(nz != 0) << 16;                                                           \
    } while (0)

#define DO_MOV(shift) value = a;
#define DO_ADD(shift)                                                                              \
    value = a + b;                                                                                 \
    SET_SUM(shift);
#define DO_ADDC(shift)                                                                             \
    value = a + b + CARRY(nz);                                                                     \
    SET_SUM(shift);
#define DO_SUBC(shift)                                                                             \
    a ^= WORDS_OF(shift);                                                                          \
    value = a + b + CARRY(nz);                                                                     \
    SET_SUM(shift);
#define DO_SUB(shift)                                                                              \
    a ^= WORDS_OF(shift);                                                                          \
    value = a + b + 1;                                                                             \
    SET_SUM(shift);
#define DO_CMP(shift) DO_SUB(shift)
#define DO_AND(shift)                                                                              \
    value = a & b;                                                                                 \
    SET_LOGIC(shift);
#define DO_BIT(shift) DO_AND(shift)
#define DO_BIC(shift) value = ~a & b;
#define DO_BIS(shift) value = a | b;
#define DO_XOR(shift)                                                                              \
    value = a ^ b;                                                                                 \
    nz = value << (shift);                                                                         \
    /* V: both negative, that is both differ from a positive result */                            \
    ab = (a & b) << (shift) << 16 | (a & b) << (shift);                                            \
    ab = (ab & 0x80008000u) != 0 && (nz & 0x8000u) == 0 ? 0x80008000u : nz << 16 | nz;             \
    nz |= (uint32_t)(nz != 0) << 16;

#define READ_RIGHT(shift) ((shift) == 0 ? MAY_READ_WORD : MAY_READ_BYTE)
#define WRITE_RIGHT(shift) ((shift) == 0 ? MAY_WRITE_WORD : MAY_WRITE_BYTE)
#define LOAD(shift, address) ((shift) == 0 ? load_word(chip, (address)) : chip->mem[(address)])

/* Sources: R register, I immediate or constant, X x(Rn), @ @Rn, P @Rn+. */
#define SOURCE_R(shift) uint32_t a = REG(o->s) & WORDS_OF(shift);
#define SOURCE_I(shift) uint32_t a = o->x;
#define SOURCE_MEMORY(shift, place)                                                                \
    uint16_t from = (place);                                                                       \
    uint32_t a;                                                                                    \
    if (DENIED(from, READ_RIGHT(shift))) {                                                         \
        LEAVE();                                                                                   \
    }                                                                                              \
    a = LOAD(shift, from);
#define SOURCE_X(shift) SOURCE_MEMORY(shift, (uint16_t)(REG(o->s) + o->x))
#define SOURCE_A(shift) SOURCE_MEMORY(shift, REG(o->s))
#define SOURCE_P(shift) SOURCE_MEMORY(shift, REG(o->s))
#define TOUCH_R(shift)
#define TOUCH_I(shift)
#define TOUCH_X(shift) note_ram(chip, from);
#define TOUCH_A(shift) note_ram(chip, from);
#define TOUCH_P(shift)                                                                             \
    note_ram(chip, from);                                                                          \
    REG(o->s) = (uint16_t)(from + ((shift) == 0 ? 2 : 1));

/* words of the instruction that the source and a destination in memory add */
#define WORDS_R 0
#define WORDS_I 0
#define WORDS_X 1
#define WORDS_A 0
#define WORDS_P 0

#define COST_R 1
#define COST_I 1 /* a constant; an immediate word costs one more */
#define COST_X 3
#define COST_A 2
#define COST_P 2

/* op, source, extra source cycles, shift, reads the destination, writes it */
#define TO_REGISTER(op, mode, extra, suffix, shift, reads, writes)                                 \
    static void op##_##mode##extra##suffix##_r(ARGUMENTS)                                          \
    {                                                                                              \
        ENTER();                                                                                   \
        {                                                                                          \
            SOURCE_##mode(shift);                                                                  \
            uint32_t b = (reads) ? REG(o->d) & WORDS_OF(shift) : 0, value;                         \
                                                                                                   \
            (void)b;                                                                               \
            DO_##op(shift);                                                                        \
            TOUCH_##mode(shift);                                                                   \
            if (writes) {                                                                          \
                REG(o->d) = (uint16_t)(value & WORDS_OF(shift));                                   \
            }                                                                                      \
            budget -= COST(COST_##mode + (extra));                                                 \
            NEXT(o + 1 + WORDS_##mode + (extra));                                                  \
        }                                                                                          \
    }

/*
 * CMP and BIT do not write, but occupy the bus as if they did: on program memory that spoils the
 * next instruction's fetch, so they too are plain in RAM only.
 */
#define TO_MEMORY(op, mode, extra, suffix, shift, reads, writes)                                   \
    static void op##_##mode##extra##suffix##_m(ARGUMENTS)                                          \
    {                                                                                              \
        ENTER();                                                                                   \
        {                                                                                          \
            uint16_t to = (uint16_t)(REG(o->d) + o->y);                                            \
            SOURCE_##mode(shift);                                                                  \
            uint32_t b = 0, value;                                                                 \
                                                                                                   \
            if (DENIED(to, WRITE_RIGHT(shift))) {                                                  \
                LEAVE();                                                                           \
            }                                                                                      \
            if (reads) {                                                                           \
                b = LOAD(shift, to);                                                               \
            }                                                                                      \
            (void)b;                                                                               \
            DO_##op(shift);                                                                        \
            TOUCH_##mode(shift);                                                                   \
            note_ram(chip, to);                                                                    \
            if (writes) {                                                                          \
                if ((shift) == 0) {                                                                \
                    store_word(chip, to, (uint16_t)value);                                         \
                } else {                                                                           \
                    chip->mem[to] = (uint8_t)value;                                                \
                }                                                                                  \
            }                                                                                      \
            budget -= COST(COST_##mode + (extra) + 3);                                             \
            NEXT(o + 2 + WORDS_##mode + (extra));                                                  \
        }                                                                                          \
    }

#define SOURCES(make, op, suffix, shift, reads, writes)                                            \
    make(op, R, 0, suffix, shift, reads, writes) make(op, I, 0, suffix, shift, reads, writes)      \
            make(op, I, 1, suffix, shift, reads, writes)                                           \
                    make(op, X, 0, suffix, shift, reads, writes)                                   \
                            make(op, A, 0, suffix, shift, reads, writes)                           \
                                    make(op, P, 0, suffix, shift, reads, writes)
#define OPERATION(op, reads, writes)                                                               \
    SOURCES(TO_REGISTER, op, w, 0, reads, writes)                                                  \
    SOURCES(TO_REGISTER, op, b, 8, reads, writes)                                                  \
    SOURCES(TO_MEMORY, op, w, 0, reads, writes) SOURCES(TO_MEMORY, op, b, 8, reads, writes)

OPERATION(MOV, 0, 1)
OPERATION(ADD, 1, 1)
OPERATION(ADDC, 1, 1)
OPERATION(SUBC, 1, 1)
OPERATION(SUB, 1, 1)
OPERATION(CMP, 1, 0)
OPERATION(BIT, 1, 0)
OPERATION(BIC, 1, 1)
OPERATION(BIS, 1, 1)
OPERATION(XOR, 1, 1)
OPERATION(AND, 1, 1)

enum { FAST_REGISTER, FAST_CONSTANT, FAST_IMMEDIATE, FAST_INDEXED, FAST_INDIRECT, FAST_INCREMENT };

#define ROW(op, suffix, to)                                                                        \
    {                                                                                              \
        op##_R0##suffix##_##to, op##_I0##suffix##_##to, op##_I1##suffix##_##to,                    \
                op##_X0##suffix##_##to, op##_A0##suffix##_##to, op##_P0##suffix##_##to             \
    }
#define ROWS(op)                                                                                   \
    {                                                                                              \
        {ROW(op, w, r), ROW(op, b, r)}, { ROW(op, w, m), ROW(op, b, m) }                           \
    }

/* by operation, destination in memory, byte, source */
static handler *const two[16][2][2][6] = {
        [CW_TWO_MOV] = ROWS(MOV),
        [CW_TWO_ADD] = ROWS(ADD),
        [CW_TWO_ADDC] = ROWS(ADDC),
        [CW_TWO_SUBC] = ROWS(SUBC),
        [CW_TWO_SUB] = ROWS(SUB),
        [CW_TWO_CMP] = ROWS(CMP),
        [CW_TWO_BIT] = ROWS(BIT),
        [CW_TWO_BIC] = ROWS(BIC),
        [CW_TWO_BIS] = ROWS(BIS),
        [CW_TWO_XOR] = ROWS(XOR),
        [CW_TWO_AND] = ROWS(AND),
};

/* ---- jumps ---- */

#define IS_LESS(nz, ab) ((((((ab) ^ (nz)) & ((ab) >> 16 ^ (nz))) ^ (nz)) & 0x8000u) != 0)

#define JUMP(name, condition)                                                                      \
    static void name(ARGUMENTS)                                                                    \
    {                                                                                              \
        ENTER();                                                                                   \
        budget -= COST(2);                                                                         \
        if (condition) {                                                                           \
            if (DENIED(o->x, MAY_GO)) {                                                            \
                budget += COST(2);                                                                 \
                LEAVE();                                                                           \
            }                                                                                      \
            NEXT(o + (int16_t)o->y);                                                               \
        }                                                                                          \
        NEXT(o + 1);                                                                               \
    }
JUMP(jump_ne, (nz & 0xffff) != 0)
JUMP(jump_eq, (nz & 0xffff) == 0)
JUMP(jump_nc, CARRY(nz) == 0)
JUMP(jump_c, CARRY(nz) != 0)
JUMP(jump_n, (nz & 0x8000) != 0)
JUMP(jump_ge, !IS_LESS(nz, ab))
JUMP(jump_l, IS_LESS(nz, ab))
JUMP(jump_always, true)

static handler *const jumps[8] = {
        jump_ne, jump_eq, jump_nc, jump_c, jump_n, jump_ge, jump_l, jump_always};

/* br #x, br Rn: mov to the PC */
#define BRANCH(name, target, cycles)                                                               \
    static void name(ARGUMENTS)                                                                    \
    {                                                                                              \
        uint16_t to = (target);                                                                    \
                                                                                                   \
        ENTER();                                                                                   \
        if (DENIED(to, MAY_GO)) {                                                                  \
            LEAVE();                                                                               \
        }                                                                                          \
        budget -= COST(cycles);                                                                    \
        NEXT(OP_AT(to));                                                                           \
    }
BRANCH(branch_immediate, o->x, 3)
BRANCH(branch_register, REG(o->s), 2)

/* ---- stack ---- */

/* A new stack pointer that the stack guard has something to say about, or 0. */
#define IS_ODD_SP(sp) UNLIKELY((sp) == 0 || (sp) < chip->core.stack_guard)

#define PUSH(name, pushed, cycles)                                                                 \
    static void name(ARGUMENTS)                                                                    \
    {                                                                                              \
        uint16_t sp = (uint16_t)(REG(1) - 2), value = (pushed);                                    \
                                                                                                   \
        ENTER();                                                                                   \
        if (IS_ODD_SP(sp) || DENIED(sp, MAY_WRITE_WORD)) {                                         \
            LEAVE();                                                                               \
        }                                                                                          \
        REG(1) = sp;                                                                               \
        store_word(chip, sp, value);                                                               \
        note_ram(chip, sp);                                                                        \
        budget -= COST(cycles);                                                                    \
        NEXT(o + o->words);                                                                        \
    }
PUSH(push_register, REG(o->s), 3)
PUSH(push_constant, o->x, 3)
PUSH(push_immediate, o->x, 4)

#define CALL(name, target, cycles)                                                                 \
    static void name(ARGUMENTS)                                                                    \
    {                                                                                              \
        uint16_t sp = (uint16_t)(REG(1) - 2), to = (target);                                       \
                                                                                                   \
        ENTER();                                                                                   \
        if (IS_ODD_SP(sp) || DENIED(sp, MAY_WRITE_WORD) || DENIED(to, MAY_GO)) {                   \
            LEAVE();                                                                               \
        }                                                                                          \
        REG(1) = sp;                                                                               \
        store_word(chip, sp, o->y);                                                                \
        note_ram(chip, sp);                                                                        \
        budget -= COST(cycles);                                                                    \
        NEXT(OP_AT(to));                                                                           \
    }
CALL(call_immediate, o->x, 4)
CALL(call_register, REG(o->s), 3)

/* ret: mov @SP+, PC */
static void ret(ARGUMENTS)
{
    uint16_t sp = REG(1), next_sp = (uint16_t)(sp + 2), to;

    ENTER();
    if (IS_ODD_SP(next_sp) || DENIED(sp, MAY_READ_WORD)) {
        LEAVE();
    }
    to = load_word(chip, sp);
    if (DENIED(to, MAY_GO)) {
        LEAVE();
    }
    REG(1) = next_sp;
    note_ram(chip, sp);
    budget -= COST(3);
    NEXT(OP_AT(to));
}

/* pop: mov @SP+, Rn */
static void pop(ARGUMENTS)
{
    uint16_t sp = REG(1), next_sp = (uint16_t)(sp + 2);

    ENTER();
    if (IS_ODD_SP(next_sp) || DENIED(sp, MAY_READ_WORD)) {
        LEAVE();
    }
    REG(1) = next_sp;
    REG(o->d) = load_word(chip, sp);
    note_ram(chip, sp);
    budget -= COST(2);
    NEXT(o + 1);
}

/* mov, add, sub of a register or a number to the stack pointer */
#define TO_SP(name, source, cycles, ...)                                                           \
    static void name(ARGUMENTS)                                                                    \
    {                                                                                              \
        uint32_t a = (source), b = REG(1), value;                                                  \
        uint16_t sp;                                                                               \
        uint32_t nz_before = nz, ab_before = ab;                                                   \
                                                                                                   \
        (void)b;                                                                                   \
        ENTER();                                                                                   \
        __VA_ARGS__;                                                                               \
        sp = (uint16_t)(value & 0xfffe);                                                           \
        if (IS_ODD_SP(sp)) {                                                                       \
            nz = nz_before;                                                                        \
            ab = ab_before;                                                                        \
            LEAVE();                                                                               \
        }                                                                                          \
        REG(1) = sp;                                                                               \
        budget -= COST(cycles);                                                                    \
        NEXT(o + o->words);                                                                        \
    }
TO_SP(sp_mov_register, REG(o->s), 1, DO_MOV(0))
TO_SP(sp_mov_immediate, o->x, 2, DO_MOV(0))
TO_SP(sp_add_constant, o->x, 1, DO_ADD(0))
TO_SP(sp_add_immediate, o->x, 2, DO_ADD(0))
TO_SP(sp_sub_constant, o->x, 1, DO_SUB(0))
TO_SP(sp_sub_immediate, o->x, 2, DO_SUB(0))

/* ---- one operand, in a register ---- */

#define ONE(name, shift, sets, ...)                                                                \
    static void name(ARGUMENTS)                                                                    \
    {                                                                                              \
        uint32_t a = REG(o->s), value;                                                             \
                                                                                                   \
        ENTER();                                                                                   \
        __VA_ARGS__;                                                                               \
        REG(o->s) = (uint16_t)(value & WORDS_OF(shift));                                           \
        if (sets) {                                                                                \
            nz = (value & WORDS_OF(shift)) << (shift);                                             \
            ab = nz << 16 | nz;                                                                    \
            nz |= (a & 1) << 16;                                                                   \
        }                                                                                          \
        budget -= COST(1);                                                                         \
        NEXT(o + 1);                                                                               \
    }
ONE(rrc_w, 0, 1, value = a >> 1 | CARRY(nz) << 15)
ONE(rrc_b, 8, 1, value = (a & 0xff) >> 1 | CARRY(nz) << 7)
ONE(rra_w, 0, 1, value = a >> 1 | (a & 0x8000))
ONE(rra_b, 8, 1, value = (a & 0xff) >> 1 | (a & 0x80))
ONE(swpb, 0, 0, value = a << 8 | a >> 8)

static void sxt(ARGUMENTS)
{
    uint32_t value = REG(o->s) & 0xffu;

    ENTER();
    value |= (value & 0x80) != 0 ? 0xff00u : 0;
    REG(o->s) = (uint16_t)value;
    nz = value;
    ab = nz << 16 | nz;
    nz |= (uint32_t)(nz != 0) << 16;
    budget -= COST(1);
    NEXT(o + 1);
}

/* ---- flags ---- */

static void flags_in(uint16_t sr, uint32_t *ret_nz, uint32_t *ret_ab)
{
    uint32_t nz = (sr & CW_SR_N) != 0 ? 0x8000 : (sr & CW_SR_Z) != 0 ? 0 : 1;
    uint32_t operand = (sr & CW_SR_V) != 0 ? nz ^ 0x8000 : nz;

    *ret_nz = nz | ((sr & CW_SR_C) != 0 ? 0x10000 : 0);
    *ret_ab = operand << 16 | operand;
}

static uint16_t flags_out(uint16_t sr, uint32_t nz, uint32_t ab)
{
    sr &= (uint16_t)~(CW_SR_C | CW_SR_Z | CW_SR_N | CW_SR_V);
    sr |= CARRY(nz) != 0 ? CW_SR_C : 0;
    sr |= (nz & 0xffff) == 0 ? CW_SR_Z : 0;
    sr |= (nz & 0x8000) != 0 ? CW_SR_N : 0;
    sr |= ((ab ^ nz) & (ab >> 16 ^ nz) & 0x8000) != 0 ? CW_SR_V : 0;
    return sr;
}

/* mov SR, Rn */
static void mov_sr(ARGUMENTS)
{
    ENTER();
    REG(o->d) = flags_out(REG(2), nz, ab);
    budget -= COST(1);
    NEXT(o + 1);
}

/* ---- decoding ---- */

static bool is_general(unsigned reg)
{
    return reg >= 4;
}

static handler *choose_one(const struct cw_inst *inst, struct op *op)
{
    static handler *const plain[4][2] = {
            {rrc_w, rrc_b}, {swpb, NULL}, {rra_w, rra_b}, {sxt, NULL}};
    bool reg = inst->source == CW_MODE_REGISTER && is_general(inst->dest_reg);

    op->s = inst->dest_reg;
    if (inst->one <= CW_ONE_SXT && reg) {
        return plain[inst->one][inst->is_byte];
    }
    if (inst->is_byte) {
        return NULL;
    }
    if (inst->one == CW_ONE_PUSH) {
        return reg                                        ? push_register
               : inst->source == CW_MODE_CONSTANT  ? push_constant
               : inst->source == CW_MODE_IMMEDIATE ? push_immediate
                                                          : NULL;
    }
    if (inst->one == CW_ONE_CALL) {
        return reg ? call_register : inst->source == CW_MODE_IMMEDIATE ? call_immediate : NULL;
    }
    return NULL;
}

static handler *choose_special(const struct cw_inst *inst)
{
    bool reg = inst->source == CW_MODE_REGISTER && is_general(inst->source_reg);
    bool immediate = inst->source == CW_MODE_IMMEDIATE, number;

    number = immediate || inst->source == CW_MODE_CONSTANT;
    if (inst->is_byte || inst->dest != CW_MODE_REGISTER) {
        return NULL;
    }
    if (inst->source == CW_MODE_INCREMENT && inst->source_reg == 1 && inst->two == CW_TWO_MOV) {
        return inst->dest_reg == 0 ? ret : is_general(inst->dest_reg) ? pop : NULL;
    }
    if (inst->source == CW_MODE_REGISTER && inst->source_reg == 2) {
        return inst->two == CW_TWO_MOV && is_general(inst->dest_reg) ? mov_sr : NULL;
    }
    if (inst->dest_reg == 0 && inst->two == CW_TWO_MOV) {
        return reg ? branch_register : immediate ? branch_immediate : NULL;
    }
    if (inst->dest_reg != 1) {
        return NULL;
    }
    if (inst->two == CW_TWO_MOV) {
        return reg ? sp_mov_register : immediate ? sp_mov_immediate : NULL;
    }
    if (inst->two == CW_TWO_ADD && number) {
        return immediate ? sp_add_immediate : sp_add_constant;
    }
    if (inst->two == CW_TWO_SUB && number) {
        return immediate ? sp_sub_immediate : sp_sub_constant;
    }
    return NULL;
}

/* The engine's source mode, or -1. */
static int source_of(const struct cw_inst *inst, uint16_t pc, uint16_t word, struct op *op)
{
    op->s = inst->source_reg;
    op->x = word;
    switch (inst->source) {
    case CW_MODE_REGISTER:
        return is_general(inst->source_reg) || inst->source_reg == 1 ? FAST_REGISTER : -1;
    case CW_MODE_CONSTANT:
        op->x = inst->is_byte ? inst->constant & 0xff : inst->constant;
        return FAST_CONSTANT;
    case CW_MODE_IMMEDIATE:
        op->x = inst->is_byte ? word & 0xff : word;
        return FAST_IMMEDIATE;
    case CW_MODE_INDEXED:
        return FAST_INDEXED;
    case CW_MODE_SYMBOLIC:
        op->s = ZERO;
        op->x = (uint16_t)(word + pc + 2);
        return FAST_INDEXED;
    case CW_MODE_ABSOLUTE:
        op->s = ZERO;
        return FAST_INDEXED;
    case CW_MODE_INDIRECT:
        return inst->source_reg != 0 ? FAST_INDIRECT : -1;
    case CW_MODE_INCREMENT:
        /* with the same register as destination, the order matters: left to core.c */
        return is_general(inst->source_reg) && inst->source_reg != inst->dest_reg
                ? FAST_INCREMENT
                : -1;
    default:
        return -1;
    }
}

static handler *choose_two(const struct cw_chip *chip, const struct cw_inst *inst, uint16_t pc,
        struct op *op)
{
    uint16_t next = (uint16_t)(pc + 2), word = load_word(chip, next);
    int source = source_of(inst, pc, word, op);
    handler *special = choose_special(inst);
    bool memory = inst->dest != CW_MODE_REGISTER;

    op->d = inst->dest_reg;
    if (special != NULL) {
        return special;
    }
    if (source < 0 || (!memory && !is_general(inst->dest_reg))) {
        return NULL;
    }
    if (memory) {
        if (cw_mode_has_word(inst->source)) {
            next = (uint16_t)(next + 2);
        }
        op->y = load_word(chip, next);
        if (inst->dest == CW_MODE_SYMBOLIC) {
            op->y = (uint16_t)(op->y + next);
        }
        if (inst->dest != CW_MODE_INDEXED) {
            op->d = ZERO;
        }
    }
    return two[inst->two][memory][inst->is_byte][source];
}

static handler *choose(const struct cw_chip *chip, const struct cw_inst *inst, uint16_t pc,
        struct op *op)
{
    if (inst->format == CW_FORMAT_JUMP) {
        op->x = (uint16_t)(pc + 2 + inst->constant);
        op->y = (uint16_t)((int16_t)(inst->constant + 2) / 2);
        return op->x == pc ? NULL : jumps[inst->condition];
    }
    if (inst->format == CW_FORMAT_ONE) {
        op->x = inst->source == CW_MODE_CONSTANT ? inst->constant
                                                 : load_word(chip, (uint16_t)(pc + 2));
        op->y = (uint16_t)(pc + 2 * op->words);
        return choose_one(inst, op);
    }
    return choose_two(chip, inst, pc, op);
}

/* All words of the instruction and the next one's first belong to the same module, or to none. */
static bool stays(const struct cw_chip *chip, uint16_t pc, unsigned words)
{
    uint8_t owner = chip->engine->owner[pc];

    if (owner == NOT_PLAIN || (uint32_t)pc + 2 * words + 2 > 0xffff) {
        return false;
    }
    for (unsigned i = 1; i < 2 * words + 2; i++) {
        if (chip->engine->owner[pc + i] != owner) {
            return false;
        }
    }
    return true;
}

static void decode(ARGUMENTS)
{
    struct op *op = &chip->engine->ops[o - chip->engine->ops];
    uint16_t pc = (uint16_t)(2 * (o - chip->engine->ops)), word = load_word(chip, pc);
    bool alias = word < 0x1000 || (word >= 0x1400 && word < 0x2000);
    struct cw_inst inst;
    handler *chosen;

    cw_decode_word(word, &inst);
    memset(op, 0, sizeof *op);
    op->words = (uint8_t)(1 + inst.words);
    chosen = !alias && stays(chip, pc, op->words) ? choose(chip, &inst, pc, op) : NULL;
    if (chip->debug != NULL && (chip->debug->at[pc] & CW_DEBUG_BREAK) != 0) {
        chosen = NULL;
    }
    op->run = chosen != NULL ? chosen : leave;
    NEXT(op);
}

/* ---- maps ---- */

#define ALL_RIGHTS (MAY_READ_BYTE | MAY_WRITE_BYTE | MAY_READ_WORD | MAY_WRITE_WORD)
#define READ_RIGHTS (MAY_READ_BYTE | MAY_READ_WORD)
#define BYTE_RIGHTS (MAY_READ_BYTE | MAY_WRITE_BYTE)

/* Rights to [start, end); a word that lies across a bound has none. */
static void grant(uint8_t map[0x10000], uint32_t start, uint32_t end, uint8_t rights)
{
    if (start >= end) {
        return;
    }
    for (uint32_t a = start; a < end; a++) {
        map[a] = (a & 1) == 0 ? rights : rights & BYTE_RIGHTS;
    }
    if ((start & 1) != 0) {
        map[start - 1] &= BYTE_RIGHTS;
    }
    if ((end & 1) != 0) {
        map[end - 1] &= BYTE_RIGHTS;
    }
}

static void grant_memory(struct cw_chip *chip)
{
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *map = chip->engine->open_map[i];

        /* a module goes nowhere else but through core.c */
        grant(map, CW_RAM_BASE, chip->ram_end, ALL_RIGHTS);
        grant(map, chip->rom_base, 0x10000, READ_RIGHTS | (i == 0 ? MAY_GO : 0));
    }
}

/* What somebody watches is left to core.c, and so is every word that has such a byte. */
static void leave_watched(const struct cw_chip *chip, uint8_t map[0x10000])
{
    for (uint32_t a = 0; a < 0x10000; a++) {
        uint8_t kinds = chip->debug->at[a];
        uint8_t lost = (kinds & CW_DEBUG_READ) != 0     ? ALL_RIGHTS
                       : (kinds & CW_DEBUG_WRITE) != 0 ? MAY_WRITE_BYTE | MAY_WRITE_WORD
                                                       : 0;

        map[a] &= (uint8_t)~lost;
        map[a & 0xfffe] &= (uint8_t)~(lost & ~BYTE_RIGHTS);
    }
}

static void build_map(struct cw_chip *chip, unsigned subject)
{
    struct cw_engine *engine = chip->engine;
    uint8_t *map = engine->map[subject];

    memcpy(map, engine->open_map[subject != 0], sizeof engine->open_map[0]);
    for (unsigned i = 0; i < chip->config.slots_count; i++) {
        const struct cw_slot *slot = &chip->unit.slot[i];

        if (slot->enabled && i + 1 != subject) {
            grant(map, slot->ps, slot->pe, 0);
            grant(map, slot->ss, slot->se, 0);
        } else if (slot->enabled) {
            /* what is in the section but no program memory is left to core.c */
            grant(map, slot->ps, slot->pe, 0);
            grant(map, slot->ps < chip->rom_base ? chip->rom_base : slot->ps, slot->pe,
                    READ_RIGHTS | MAY_GO);
        }
    }
    for (uint32_t a = chip->rom_base; engine->texts_overlap && a < 0x10000; a++) {
        if (engine->owner[a] == NOT_PLAIN) {
            map[a] = 0;
        }
    }
    if (chip->debug != NULL) {
        leave_watched(chip, map);
    }
    engine->map_valid[subject] = true;
}

/* Whose code lies where. */
static void look_at_slots(struct cw_chip *chip)
{
    struct cw_engine *engine = chip->engine;

    engine->texts_overlap = false;
    memset(engine->owner, NOT_PLAIN, chip->rom_base);
    memset(engine->owner + chip->rom_base, 0, 0x10000u - chip->rom_base);
    for (unsigned i = 0; i < chip->config.slots_count; i++) {
        const struct cw_slot *slot = &chip->unit.slot[i];
        uint32_t a = slot->ps < chip->rom_base ? chip->rom_base : slot->ps;

        for (; slot->enabled && a < slot->pe; a++) {
            engine->texts_overlap |= engine->owner[a] != 0;
            engine->owner[a] = engine->owner[a] == 0 ? (uint8_t)(i + 1) : NOT_PLAIN;
        }
    }
    memset(engine->map_valid, 0, sizeof engine->map_valid);
    chip->slots_changed = false;
}

/* Decode anew what lies in the changed memory, or looked at it: three words and one more. */
static void forget(struct cw_chip *chip)
{
    uint32_t from = chip->dirty_from < 8 ? 0 : (chip->dirty_from - 8) & ~UINT32_C(1);

    for (uint32_t a = from; a < chip->dirty_to && a < 0x10000; a += 2) {
        chip->engine->ops[a / 2].run = decode;
    }
    chip->dirty_from = UINT32_MAX;
    chip->dirty_to = 0;
}

/* ---- in and out ---- */

cw_status cw_engine_open(struct cw_chip *chip)
{
    chip->engine = calloc(1, sizeof *chip->engine);
    if (chip->engine == NULL) {
        cw_log_error("out of memory");
        return CW_E_SYSTEM;
    }
    grant_memory(chip);
    chip->slots_changed = true;
    cw_chip_touch(chip, 0, 0x10000);
    return CW_OK;
}

void cw_engine_close(struct cw_chip *chip)
{
    free(chip->engine);
    chip->engine = NULL;
}

bool cw_engine_run(struct cw_chip *chip, uint64_t until)
{
    struct cw_engine *engine = chip->engine;
    uint64_t room = until - chip->cycle, cycles;
    uint16_t pc = chip->core.inst_pc;
    uint32_t done;
    unsigned subject;
    int64_t start;

    if (until <= chip->cycle + LONGEST || !cw_core_is_plain(chip) ||
            (chip->core.r[2] & (CW_SR_N | CW_SR_Z)) == (CW_SR_N | CW_SR_Z)) {
        return false;
    }
    if (chip->slots_changed) {
        look_at_slots(chip);
    }
    if (chip->dirty_to != 0) {
        forget(chip);
    }
    subject = engine->owner[pc];
    if (subject == NOT_PLAIN) {
        return false;
    }
    if (!engine->map_valid[subject]) {
        build_map(chip, subject);
    }
    room -= LONGEST;
    start = (int64_t)(room < 0x3fffffff ? room : 0x3fffffff) << 32;
    flags_in(chip->core.r[2], &engine->nz, &engine->ab);
    engine->at = &engine->ops[pc / 2];
    engine->budget = start;
    engine->running = true;
    do {
        engine->at->run(chip, engine->at, engine->budget, engine->nz, engine->ab,
                engine->map[subject]);
    } while (engine->running);
    done = (uint32_t)(start - engine->budget);
    if (done == 0) {
        return false;
    }
    cycles = (uint64_t)(start - engine->budget - (int64_t)done) >> 32;
    chip->cycle += cycles;
    chip->instructions += done;
    chip->core.r[2] = flags_out(chip->core.r[2], engine->nz, engine->ab);
    cw_core_enter(chip, (uint16_t)(2 * (engine->at - engine->ops)), pc);
    cw_unit_refresh(chip);
    return true;
}
