/* SPDX-License-Identifier: MIT */
/*
 * core.c - implementation notes.
 *
 * A cycle is computed in three passes: what the execution unit puts on its operand buses and on
 * the memory bus; whether that is a violation, and what the front end does; then all registers
 * change at once.  Two words are always in flight: the one in execution and the one on the
 * front end's bus, which is decoded in the last cycle of the instruction before.
 */
#include "silicon/sancus/core.h"

#include <string.h>

#include "silicon/sancus/crypto.h"
#include "silicon/sancus/debug.h"
#include "silicon/sancus/devices.h"
#include "silicon/sancus/soc.h"
#include "silicon/sancus/unit.h"

enum { FETCH_VECTOR, FETCH_TARGET, FETCH_DECODE, FETCH_WORD1, FETCH_WORD2, FETCH_IDLE };

enum {
    EXEC_ENTRY,        /* of an interrupt: remember the PC */
    EXEC_SP_PC,
    EXEC_PUSH_PC,
    EXEC_SP_SR,
    EXEC_PUSH_SR,
    EXEC_SAVE_STEP,    /* a module's registers, one by one */
    EXEC_SAVE_STORE,
    EXEC_FRAME_READ,   /* where the module wants them      */
    EXEC_FRAME_WAIT,
    EXEC_FRAME_PC,
    EXEC_CLEAR_SR,
    EXEC_SOURCE_ADDRESS,
    EXEC_SOURCE_READ,
    EXEC_SOURCE_WRITE,
    EXEC_DEST_ADDRESS,
    EXEC_DEST_READ,
    EXEC_DEST_WRITE,
    EXEC_DEST_WRITE2,  /* program memory was written: fetch again */
    EXEC_EXECUTE,
    EXEC_JUMP,
    EXEC_SANCUS,
    EXEC_IDLE,
};

enum { READ_RAM, READ_DEVICE, READ_ROM };

#define SR_KEPT 0xc1bfu

/* Everything that a cycle computes before the registers change. */
struct cycle {
    const struct cw_inst *inst;
    uint8_t state;              /* of the execution unit */
    bool entry;                 /* interrupt or reset entry runs */
    bool entry_end;             /* its last cycle                */
    uint16_t id;                /* who runs                      */
    bool in_module;
    uint8_t source_reg, dest_reg;
    uint16_t fetched;           /* word on the front end's bus   */
    uint16_t mem_in;            /* word on the data bus          */
    uint16_t mem_in_lane;
    uint16_t operand;           /* source operand, formatted     */
    uint16_t source, dest;      /* operand buses                 */
    uint16_t sum;               /* of both: addresses, SP        */
    uint16_t result;
    uint8_t flags;              /* V N Z C as bits 3..0          */
    bool writes_flags;
    bool bus;
    uint8_t lanes;
    uint16_t address, data;
    bool sp_write;
    uint16_t sp_value;
    bool reg_write, call;
    uint8_t write_reg;
    uint16_t write_value;
    bool sr_write;
    bool increment;
    uint16_t increment_value;
    uint16_t next_sp;
    bool sp_cleared;
    bool sancus_begins;
    struct cw_crypto_drive crypto;
    bool crypto_active;
    bool clear_registers;
    bool violation, violated;   /* in this cycle; in this instruction */
    bool rom_write;
    bool rom_bus, ram_bus;      /* the access reaches that memory */
    bool off;                   /* CPUOFF */
    bool gie;
    /* front end */
    bool done, irq, decode;
    uint16_t irqs;
    struct cw_inst next_inst;
    uint8_t next_state, next_fetch;
    bool fetch, fetch_bus;
    uint16_t next_pc;
    bool jump;                  /* the PC is written */
    uint16_t inst_pc_next;      /* address of the word that is decoded */
};

void cw_core_reset(struct cw_chip *chip)
{
    struct cw_core *core = &chip->core;
    uint16_t latches[3] = {core->rom_latch, core->ram_latch, 0};

    memset(core, 0, sizeof *core);
    core->rom_latch = latches[0] != 0 ? latches[0] : chip->rom_base;
    core->ram_latch = latches[1] != 0 ? latches[1] : CW_RAM_BASE;
    core->fetch_state = FETCH_VECTOR;
    core->exec_state = EXEC_ENTRY;
    core->irq_number = CW_IRQ_RESET;
    core->in_reset_entry = true;
    core->inst.one = CW_ONE_NONE;
}

/* ---- operands ---- */

static bool is_one(const struct cycle *c, cw_one one)
{
    return c->inst->one == one;
}

static bool is_push_or_call(const struct cycle *c)
{
    return is_one(c, CW_ONE_PUSH) || is_one(c, CW_ONE_CALL);
}

/* push @SP, call @SP+: the stack pointer moves with the read, not after it. */
static bool pushes_from_stack(const struct cycle *c)
{
    return (c->inst->source == CW_MODE_INDIRECT || c->inst->source == CW_MODE_INCREMENT) &&
            c->source_reg == 1;
}

static uint8_t source_register(const struct cw_core *core)
{
    const struct cw_inst *inst = &core->inst;

    if (inst->format == CW_FORMAT_TWO) {
        return inst->source_reg;
    }
    if (inst->one == CW_ONE_RETI) {
        return 1;
    }
    if (inst->one == CW_ONE_ENTRY) {
        return core->irq_source;
    }
    return inst->format == CW_FORMAT_ONE ? inst->dest_reg : 16;
}

static uint8_t dest_register(const struct cw_core *core)
{
    const struct cw_inst *inst = &core->inst;

    if (inst->format == CW_FORMAT_JUMP) {
        return 0;
    }
    if (inst->one == CW_ONE_ENTRY || inst->one == CW_ONE_PUSH || inst->one == CW_ONE_CALL) {
        return 1;
    }
    return inst->dest_reg;
}

static uint16_t register_value(const struct cw_core *core, uint8_t reg)
{
    return reg < 16 ? core->r[reg] : 0;
}

/* What the unit answers during interrupt entry. */
static uint16_t slot_word(const struct cw_chip *chip, uint8_t state, bool *ret_valid)
{
    bool frame = state == EXEC_SAVE_STEP || state == EXEC_FRAME_READ || state == EXEC_FRAME_WAIT;
    int slot = frame ? cw_unit_at(chip, chip->core.inst_pc)
                     : cw_unit_by_id(chip, chip->unit.interrupted_id);

    *ret_valid = slot >= 0;
    if (slot < 0) {
        return 0;
    }
    return frame ? chip->unit.slot[slot].se : chip->unit.slot[slot].ps;
}

static void entry_operands(const struct cw_chip *chip, struct cycle *c)
{
    const struct cw_core *core = &chip->core;
    bool valid;

    switch (c->state) {
    case EXEC_ENTRY:
        c->source = core->r[0];
        c->dest = 0xfffe;
        break;
    case EXEC_SP_PC:
    case EXEC_SP_SR:
        if (!core->in_reset_entry) {
            c->source = register_value(core, c->dest_reg);
            c->dest = 0xfffe;
        }
        break;
    case EXEC_SAVE_STEP:
        c->source = c->source_reg == 1 ? slot_word(chip, c->state, &valid)
                                       : register_value(core, c->dest_reg);
        c->dest = 0xfffe;
        break;
    case EXEC_PUSH_PC:
    case EXEC_PUSH_SR:
    case EXEC_SAVE_STORE:
        c->source = register_value(core, c->source_reg);
        break;
    case EXEC_FRAME_READ:
    case EXEC_FRAME_WAIT:
        c->source = slot_word(chip, c->state, &valid);
        c->dest = 0xfffe;
        break;
    case EXEC_FRAME_PC:
        c->source = c->operand;
        break;
    default: /* EXEC_CLEAR_SR */
        c->source = slot_word(chip, c->state, &valid);
        break;
    }
}

static void execute_operands(const struct cw_chip *chip, struct cycle *c)
{
    const struct cw_core *core = &chip->core;
    bool valid = false;

    if (c->entry) {
        uint16_t word = slot_word(chip, c->state, &valid);

        c->source = valid ? word : 0;
        return;
    }
    if (c->inst->source == CW_MODE_REGISTER && c->inst->format != CW_FORMAT_JUMP) {
        c->source = register_value(core, c->source_reg);
    } else if (c->inst->source == CW_MODE_IMMEDIATE || c->inst->source == CW_MODE_CONSTANT ||
               c->inst->format == CW_FORMAT_JUMP) {
        c->source = core->sext;
    } else if (c->inst->source != CW_MODE_NONE) {
        c->source = c->operand;
    }
    if (is_one(c, CW_ONE_RETI)) {
        return;
    }
    if (c->inst->format == CW_FORMAT_TWO && c->inst->dest != CW_MODE_REGISTER) {
        c->dest = c->mem_in_lane;
    } else if (c->inst->format != CW_FORMAT_ENTRY) {
        c->dest = register_value(core, c->dest_reg);
    }
}

static void address_operands(const struct cw_chip *chip, struct cycle *c)
{
    const struct cw_core *core = &chip->core;
    bool push = is_push_or_call(c), computed = cw_mode_is_computed(c->inst->source);

    switch (c->state) {
    case EXEC_SOURCE_ADDRESS:
        if (push && c->inst->source == CW_MODE_INDEXED) {
            c->source = register_value(core, c->dest_reg);
            c->dest = 0xfffe;
        }
        break;
    case EXEC_SOURCE_READ:
    case EXEC_SOURCE_WRITE:
        if (c->inst->source != CW_MODE_ABSOLUTE) {
            c->source = register_value(core, c->source_reg);
        }
        if (computed) {
            c->dest = core->sext;
        } else if (c->state == EXEC_SOURCE_READ && push && pushes_from_stack(c)) {
            c->dest = 0xfffe;
        }
        break;
    case EXEC_DEST_READ:
        if (push) {
            c->source = register_value(core, c->dest_reg);
            c->dest = 0xfffe;
        } else if (is_one(c, CW_ONE_RETI)) {
            c->source = c->operand;
        } else {
            c->source = core->dext;
            c->dest = c->inst->dest == CW_MODE_ABSOLUTE ? 0 : register_value(core, c->dest_reg);
        }
        break;
    case EXEC_DEST_WRITE:
        if (is_one(c, CW_ONE_RETI)) {
            c->dest = c->mem_in_lane;
            break;
        }
        c->source = push ? 0 : core->dext;
        c->dest = c->inst->dest == CW_MODE_ABSOLUTE ? 0 : register_value(core, c->dest_reg);
        break;
    default:
        break;
    }
}

/* ---- arithmetic ---- */

static uint32_t decimal_add(uint16_t a, uint16_t b, unsigned carry)
{
    uint32_t sum = 0;

    for (unsigned shift = 0; shift < 16; shift += 4) {
        unsigned digit = ((unsigned)a >> shift & 15u) + ((unsigned)b >> shift & 15u) + carry;

        if (digit >= 10) {
            digit = (digit + 6) & 31;
        }
        carry = digit >> 4;
        sum |= (digit & 15u) << shift;
    }
    return sum | carry << 16;
}

static bool is_taken(unsigned condition, uint16_t sr)
{
    bool less = ((sr & CW_SR_V) != 0) != ((sr & CW_SR_N) != 0);

    switch (condition) {
    case 0:
        return (sr & CW_SR_Z) == 0;
    case 1:
        return (sr & CW_SR_Z) != 0;
    case 2:
        return (sr & CW_SR_C) == 0;
    case 3:
        return (sr & CW_SR_C) != 0;
    case 4:
        return (sr & CW_SR_N) != 0;
    case 5:
        return !less;
    case 6:
        return less;
    default:
        return true;
    }
}

static bool inverts_source(const struct cw_inst *inst)
{
    return inst->two == CW_TWO_SUB || inst->two == CW_TWO_SUBC || inst->two == CW_TWO_CMP ||
            inst->two == CW_TWO_BIC;
}

/* Both operands with the upper byte cleared in byte operations, and 17 bits of result. */
static uint32_t compute(const struct cycle *c, uint16_t a, uint16_t b, uint16_t sr)
{
    bool carry = (sr & CW_SR_C) != 0;
    unsigned top = c->inst->is_byte ? 7 : 15;

    switch (c->inst->two) {
    case CW_TWO_ADD:
        return (uint32_t)a + b;
    case CW_TWO_ADDC:
    case CW_TWO_SUBC:
        return (uint32_t)a + b + carry;
    case CW_TWO_SUB:
    case CW_TWO_CMP:
        return (uint32_t)a + b + 1;
    case CW_TWO_DADD:
        return decimal_add(a, b, carry);
    case CW_TWO_BIT:
    case CW_TWO_BIC:
    case CW_TWO_AND:
        return a & b;
    case CW_TWO_BIS:
        return a | b;
    case CW_TWO_XOR:
        return a ^ b;
    default:
        break;
    }
    switch (c->inst->one) {
    case CW_ONE_RRC:
    case CW_ONE_RRA: {
        bool in = c->inst->one == CW_ONE_RRC ? carry : (c->source >> top & 1) != 0;
        uint32_t shifted = c->source >> 1;

        /* the bit that enters goes into the operation's top bit and into bit 15 */
        shifted = (shifted & ~(1u << top)) | (uint32_t)in << top;
        return (shifted & 0x7fff) | (uint32_t)in << 15;
    }
    case CW_ONE_SWPB:
        return (uint16_t)(c->source << 8 | c->source >> 8);
    case CW_ONE_SXT:
        return (c->source & 0xffu) | ((c->source & 0x80) != 0 ? 0xff00u : 0);
    case CW_ONE_RETI:
    case CW_ONE_ENTRY:
        return (uint32_t)a + b;
    default:
        break;
    }
    if (c->inst->format == CW_FORMAT_JUMP) {
        return (is_taken(c->inst->condition, sr) ? (uint32_t)a : 0) + b;
    }
    return a;
}

static void arithmetic(const struct cw_core *core, struct cycle *c)
{
    bool executes = c->state == EXEC_EXECUTE;
    bool byte = c->inst->is_byte && executes;
    uint16_t a = executes && inverts_source(c->inst) ? (uint16_t)~c->source : c->source;
    uint16_t b = c->dest;
    uint32_t wide;
    uint16_t sign, low;
    bool v, n, z, carry;

    if (byte) {
        a &= 0xff;
        b &= 0xff;
    }
    c->sum = (uint16_t)(a + b);
    wide = executes || is_one(c, CW_ONE_RETI) || is_one(c, CW_ONE_ENTRY)
            ? compute(c, a, b, core->r[2])
            : a;
    c->result = (uint16_t)wide;
    if (!executes) {
        return;
    }
    sign = c->inst->is_byte ? 0x80 : 0x8000;
    low = c->inst->is_byte ? (uint16_t)(wide & 0xff) : (uint16_t)wide;
    n = (low & sign) != 0;
    z = low == 0;
    carry = (wide & (c->inst->is_byte ? 0x100u : 0x10000u)) != 0;
    v = ((a & sign) == (b & sign)) && ((a & sign) != 0) != n;
    switch (c->inst->two) {
    case CW_TWO_AND:
    case CW_TWO_BIT:
        v = false;
        carry = !z;
        c->writes_flags = true;
        break;
    case CW_TWO_XOR:
        v = (a & b & sign) != 0;
        carry = !z;
        c->writes_flags = true;
        break;
    case CW_TWO_ADD:
    case CW_TWO_ADDC:
    case CW_TWO_SUB:
    case CW_TWO_SUBC:
    case CW_TWO_CMP:
    case CW_TWO_DADD:
        c->writes_flags = true;
        break;
    default:
        break;
    }
    if (is_one(c, CW_ONE_RRC) || is_one(c, CW_ONE_RRA)) {
        v = false;
        carry = (a & 1) != 0;
        c->writes_flags = true;
    } else if (is_one(c, CW_ONE_SXT)) {
        v = false;
        carry = !z;
        c->writes_flags = true;
    }
    c->flags = (uint8_t)(v << 3 | n << 2 | z << 1 | carry);
}

/* ---- execution unit ---- */

static void memory_bus(const struct cw_chip *chip, struct cycle *c)
{
    const struct cw_core *core = &chip->core;
    bool no_write = c->inst->two == CW_TWO_CMP || c->inst->two == CW_TWO_BIT;
    bool stack = c->state == EXEC_PUSH_PC || c->state == EXEC_PUSH_SR ||
            c->state == EXEC_SAVE_STORE;
    bool entry_write = stack || c->state == EXEC_FRAME_PC;
    bool reti = is_one(c, CW_ONE_RETI);

    switch (c->state) {
    case EXEC_PUSH_PC:
    case EXEC_PUSH_SR:
    case EXEC_SAVE_STORE:
    case EXEC_FRAME_PC:
    case EXEC_FRAME_READ:
    case EXEC_FRAME_WAIT:
        c->bus = !core->in_reset_entry;
        break;
    case EXEC_SOURCE_READ:
        c->bus = c->inst->source != CW_MODE_IMMEDIATE;
        break;
    case EXEC_SOURCE_WRITE:
        c->bus = true;
        break;
    case EXEC_EXECUTE:
        c->bus = reti;
        break;
    case EXEC_DEST_READ:
        c->bus = c->inst->format != CW_FORMAT_ONE && c->inst->two != CW_TWO_MOV;
        break;
    case EXEC_DEST_WRITE:
        c->bus = !reti;
        break;
    default:
        break;
    }
    c->address = stack ? core->r[1] : c->sum;
    if ((entry_write || c->state == EXEC_DEST_WRITE || c->state == EXEC_SOURCE_WRITE) &&
            !no_write && !reti) {
        c->lanes = !c->inst->is_byte ? 3 : (c->sum & 1) != 0 ? 2 : 1;
    }
    c->data = c->inst->is_byte ? (uint16_t)((core->data_out & 0xff) * 0x101) : core->data_out;
    if (c->crypto.bus) {
        c->bus = true;
        c->lanes = c->crypto.lanes;
        c->address = c->crypto.address;
        c->data = c->crypto.data;
    }
}

static void stack_pointer(const struct cw_core *core, struct cycle *c)
{
    bool push = is_push_or_call(c);
    bool indexed = c->inst->source == CW_MODE_INDEXED;

    switch (c->state) {
    case EXEC_SP_PC:
    case EXEC_SP_SR:
        c->sp_write = !core->in_reset_entry;
        break;
    case EXEC_SAVE_STEP:
        c->sp_write = !core->in_reset_entry && c->source_reg != 1;
        break;
    case EXEC_FRAME_PC:
        c->sp_write = true;
        break;
    case EXEC_DEST_READ:
        c->sp_write = push && !indexed && !pushes_from_stack(c);
        break;
    case EXEC_SOURCE_ADDRESS:
        c->sp_write = push && indexed;
        break;
    case EXEC_SOURCE_READ:
        c->sp_write = push && pushes_from_stack(c);
        break;
    default:
        break;
    }
    c->sp_value = c->state == EXEC_FRAME_PC ? c->mem_in : c->sum;
}

static void register_writes(const struct cw_chip *chip, struct cycle *c)
{
    const struct cw_inst *inst = c->inst;
    bool no_write = inst->two == CW_TWO_CMP || inst->two == CW_TWO_BIT;
    uint16_t value = c->result;

    c->write_reg = c->dest_reg;
    if (c->state == EXEC_EXECUTE) {
        c->reg_write = (inst->format == CW_FORMAT_TWO && inst->dest == CW_MODE_REGISTER &&
                               !no_write) ||
                (inst->format == CW_FORMAT_ONE && inst->source == CW_MODE_REGISTER &&
                        !is_push_or_call(c) && !is_one(c, CW_ONE_RETI)) ||
                inst->format == CW_FORMAT_JUMP;
    }
    if (chip->crypto.reg_write) {
        c->reg_write = true;
        c->write_reg = chip->crypto.reg;
        value = chip->crypto.reg_value;
    }
    c->write_value = inst->is_byte ? value & 0xff : value;
    c->sr_write = (c->reg_write && c->write_reg == 2) ||
            (c->state == EXEC_DEST_READ && is_one(c, CW_ONE_RETI));
    c->call = (c->state == EXEC_EXECUTE && is_one(c, CW_ONE_CALL)) ||
            (c->state == EXEC_DEST_WRITE && is_one(c, CW_ONE_RETI));
    c->jump = (c->reg_write && c->write_reg == 0) || c->call;
    stack_pointer(&chip->core, c);
}

/* True: it goes below the stack guard. */
static bool next_stack_pointer(const struct cw_core *core, struct cycle *c)
{
    bool written = c->reg_write && c->write_reg == 1;
    bool incremented = c->increment && c->source_reg == 1 && c->state != EXEC_CLEAR_SR;

    c->next_sp = core->r[1];
    if (written) {
        c->next_sp = c->write_value & 0xfffe;
    } else if (c->sp_write) {
        c->next_sp = c->sp_value & 0xfffe;
    } else if (incremented) {
        c->next_sp = c->increment_value & 0xfffe;
    }
    c->sp_cleared = c->clear_registers || c->next_sp == 0;
    return (written || c->sp_write || incremented) && !c->sp_cleared &&
            c->next_sp < core->stack_guard;
}

/* ---- when it is done ---- */

static bool ends_here(const struct cw_core *core, const struct cycle *c)
{
    if (core->do_jump) {
        return c->state == EXEC_JUMP;
    }
    if (core->do_dest_write) {
        return c->state == EXEC_DEST_WRITE && !c->rom_write;
    }
    if (core->do_source_write) {
        return c->state == EXEC_SOURCE_WRITE;
    }
    if (core->inst.sancus != 0) {
        return !(c->state == EXEC_EXECUTE || (c->state == EXEC_SANCUS && c->crypto.busy));
    }
    return c->state == EXEC_EXECUTE || c->state == EXEC_DEST_WRITE2;
}

static void increments(const struct cw_core *core, struct cycle *c, bool done)
{
    bool reti = is_one(c, CW_ONE_RETI);
    uint8_t reg = c->state == EXEC_CLEAR_SR ? 2 : c->source_reg;

    c->increment = (done && c->inst->source == CW_MODE_INCREMENT && !is_one(c, CW_ONE_ENTRY)) ||
            (reti && (c->state == EXEC_SOURCE_READ || c->state == EXEC_EXECUTE));
    c->increment_value = (uint16_t)(register_value(core, reg) +
            (c->inst->is_byte && reg != 1 ? 1 : 2));
}

static uint8_t first_state(const struct cycle *c)
{
    const struct cw_inst *next = &c->next_inst;

    if (next->one == CW_ONE_ENTRY) {
        return EXEC_ENTRY;
    }
    if (c->off) {
        return EXEC_IDLE;
    }
    if (cw_mode_is_computed(next->source)) {
        return EXEC_SOURCE_ADDRESS;
    }
    if (next->source == CW_MODE_INDIRECT || next->source == CW_MODE_INCREMENT ||
            next->source == CW_MODE_IMMEDIATE || next->one == CW_ONE_RETI) {
        return EXEC_SOURCE_READ;
    }
    if (cw_mode_is_computed(next->dest)) {
        return EXEC_DEST_ADDRESS;
    }
    return next->one == CW_ONE_PUSH || next->one == CW_ONE_CALL ? EXEC_DEST_READ : EXEC_EXECUTE;
}

static bool source_word_ready(const struct cw_core *core)
{
    return core->fetch_state == FETCH_WORD1 && cw_mode_has_word(core->inst.source);
}

static bool dest_word_ready(const struct cw_core *core)
{
    return (core->fetch_state == FETCH_WORD1 && !cw_mode_has_word(core->inst.source)) ||
            core->fetch_state == FETCH_WORD2;
}

static uint8_t next_exec_state(const struct cw_chip *chip, const struct cycle *c)
{
    const struct cw_core *core = &chip->core;
    bool module = chip->unit.executing != 0;
    uint8_t first = core->fetch_state == FETCH_IDLE && c->next_inst.one != CW_ONE_ENTRY
            ? EXEC_IDLE
            : first_state(c);
    bool dest_read = c->inst->dest == CW_MODE_INDEXED || is_push_or_call(c) ||
            is_one(c, CW_ONE_RETI);

    switch (c->state) {
    case EXEC_ENTRY:
        return core->save_state ? EXEC_FRAME_READ : module ? EXEC_CLEAR_SR : EXEC_SP_PC;
    case EXEC_SP_PC:
        return EXEC_PUSH_PC;
    case EXEC_PUSH_PC:
        return c->violated ? EXEC_CLEAR_SR : EXEC_SP_SR;
    case EXEC_SP_SR:
        return c->violated ? EXEC_CLEAR_SR : EXEC_PUSH_SR;
    case EXEC_PUSH_SR:
        return c->violated || core->in_reset_entry || !module ? EXEC_CLEAR_SR : EXEC_SAVE_STEP;
    case EXEC_SAVE_STEP:
        return c->violated || c->source_reg == 1 ? EXEC_CLEAR_SR : EXEC_SAVE_STORE;
    case EXEC_SAVE_STORE:
        return c->violated || (c->source_reg == 1 && !module) ? EXEC_CLEAR_SR : EXEC_SAVE_STEP;
    case EXEC_FRAME_READ:
        return c->violated ? EXEC_CLEAR_SR : EXEC_FRAME_WAIT;
    case EXEC_FRAME_WAIT:
        return EXEC_FRAME_PC;
    case EXEC_FRAME_PC:
        return EXEC_SP_PC;
    case EXEC_CLEAR_SR:
        return EXEC_EXECUTE;
    case EXEC_SOURCE_ADDRESS:
        return source_word_ready(core) ? EXEC_SOURCE_READ : EXEC_SOURCE_ADDRESS;
    case EXEC_SOURCE_READ:
        return cw_mode_is_computed(c->inst->dest) ? EXEC_DEST_ADDRESS
               : dest_read                        ? EXEC_DEST_READ
                                                  : EXEC_EXECUTE;
    case EXEC_DEST_ADDRESS:
        return dest_word_ready(core) || core->dext_ready ? EXEC_DEST_READ : EXEC_DEST_ADDRESS;
    case EXEC_DEST_READ:
        return EXEC_EXECUTE;
    case EXEC_EXECUTE:
        return core->do_dest_write     ? EXEC_DEST_WRITE
               : core->do_jump         ? EXEC_JUMP
               : core->do_source_write ? EXEC_SOURCE_WRITE
               : core->inst.sancus != 0 ? EXEC_SANCUS
                                        : first;
    case EXEC_SANCUS:
        return c->crypto.busy ? EXEC_SANCUS : first;
    case EXEC_DEST_WRITE:
        return core->do_jump ? EXEC_JUMP : c->rom_write ? EXEC_DEST_WRITE2 : first;
    default:
        return first;
    }
}

/* ---- front end ---- */

static uint8_t next_fetch_state(const struct cw_core *core, const struct cycle *c)
{
    switch (core->fetch_state) {
    case FETCH_IDLE:
        return c->irq ? FETCH_VECTOR : !c->off ? FETCH_DECODE : FETCH_IDLE;
    case FETCH_VECTOR:
        return FETCH_TARGET;
    case FETCH_DECODE:
        if (c->irq) {
            return FETCH_VECTOR;
        }
        if (c->off && c->done) {
            return FETCH_IDLE;
        }
        if (c->jump || (!c->done && c->state != EXEC_IDLE)) {
            return FETCH_DECODE;
        }
        return c->next_inst.words != 0 ? FETCH_WORD1 : FETCH_DECODE;
    case FETCH_WORD1:
        return c->jump || core->inst.words == 1 ? FETCH_DECODE : FETCH_WORD2;
    default:
        return FETCH_DECODE;
    }
}

static uint8_t highest(uint16_t irqs)
{
    uint8_t number = 15;

    for (uint8_t i = 0; i < 14; i++) {
        if ((irqs >> i & 1) != 0) {
            number = i;
        }
    }
    return number;
}

static void front_end(struct cw_chip *chip, struct cycle *c)
{
    struct cw_core *core = &chip->core;
    bool violation_irq = c->violated && !is_one(c, CW_ONE_ENTRY) &&
            chip->config.on_violation == CW_VIOLATION_IRQ;

    c->done = ends_here(core, c);
    if (c->done || core->fetch_state == FETCH_IDLE) {
        if (c->gie) {
            cw_soc_sync(chip, chip->cycle);
            c->irqs = cw_soc_irqs(chip);
        }
        c->irq = violation_irq || c->irqs != 0;
        if (violation_irq) {
            c->irqs |= 1u << CW_IRQ_VIOLATION;
        }
    }
    c->decode = c->irq ||
            (core->fetch_state == FETCH_DECODE && (c->done || c->state == EXEC_IDLE));
    if (c->irq) {
        cw_decode_entry(c->fetched, &c->next_inst);
    } else {
        cw_decode_word(c->fetched, &c->next_inst);
    }
    c->next_state = next_exec_state(chip, c);
    c->next_fetch = next_fetch_state(core, c);
    c->fetch = !(core->fetch_state == FETCH_DECODE && !(c->done || c->state == EXEC_IDLE)) &&
            c->next_state != EXEC_IDLE;
    c->next_pc = c->jump                              ? c->write_value
                 : core->fetch_state == FETCH_VECTOR ? (uint16_t)(CW_VECTORS +
                                                               2 * core->irq_number)
                 : core->fetch_state == FETCH_TARGET ? c->fetched
                                                     : (uint16_t)(core->r[0] + (c->fetch ? 2 : 0));
    c->fetch_bus = c->fetch || c->jump || core->fetch_state == FETCH_VECTOR || core->rom_busy;
}

/* ---- registers change ---- */

static uint16_t next_status(const struct cw_core *core, const struct cycle *c)
{
    uint16_t sr = c->sr_write ? c->write_value & CW_SR_WRITABLE : core->r[2] & CW_SR_WRITABLE;
    bool interrupted = c->entry_end ? c->clear_registers : core->sm_interrupted;
    bool violation = c->violation || (core->r[2] & CW_SR_VIOLATION) != 0;

    if (c->state == EXEC_CLEAR_SR) {
        return 0;
    }
    if (c->clear_registers) {
        return interrupted ? CW_SR_SM : 0;
    }
    if (c->crypto.clear_z) {
        sr &= (uint16_t)~CW_SR_Z;
    }
    if (c->writes_flags) {
        sr &= (uint16_t)~(CW_SR_C | CW_SR_Z | CW_SR_N | CW_SR_V);
        sr |= (uint16_t)((c->flags & 7) | ((c->flags & 8) != 0 ? CW_SR_V : 0));
    }
    return (uint16_t)((sr | (interrupted ? CW_SR_SM : 0) | (violation ? CW_SR_VIOLATION : 0)) &
            SR_KEPT);
}

static void commit_registers(struct cw_chip *chip, const struct cycle *c)
{
    struct cw_core *core = &chip->core;
    uint16_t sr = next_status(core, c);
    uint8_t reg = c->state == EXEC_CLEAR_SR ? 2 : c->source_reg;

    if (core->inst.sancus == (CW_SANCUS_STACK_GUARD & 15) + 1) {
        core->stack_guard = core->r[15];
    }
    if (c->sp_cleared) {
        core->stack_guard = 0;
    }
    if (((sr ^ core->r[2]) & (CW_SR_SCG1 | CW_SR_OSCOFF)) != 0) {
        cw_soc_clock_gates(chip, chip->cycle + 1, (sr & CW_SR_SCG1) != 0,
                (sr & CW_SR_OSCOFF) != 0);
    }
    core->sm_interrupted = c->entry_end ? c->clear_registers : core->sm_interrupted;
    if (c->clear_registers) {
        memset(&core->r[4], 0, 11 * sizeof core->r[0]);
        core->r[1] = 0;
        core->r[15] = c->write_value;
    } else {
        if (c->increment && reg >= 4 && reg < 16) {
            core->r[reg] = c->increment_value;
        }
        if (c->reg_write && c->write_reg >= 3) {
            core->r[c->write_reg] = c->write_value;
        }
        core->r[1] = c->next_sp;
    }
    core->r[2] = sr;
    core->r[0] = c->next_pc;
}

/* The DMA unit reads where the core leaves a memory alone. */
static void run_dma(struct cw_chip *chip, const struct cycle *c, bool fetch_rom)
{
    struct cw_dma *dma = &chip->soc.dma;
    bool rearmed = c->bus && c->lanes != 0 && (c->address & 0xfffe) == CW_DMA_COUNT;
    bool reads = dma->enable && !cw_dma_is_refused(chip);
    uint16_t target = dma->target;
    bool delayed = false;

    if (reads && target < CW_PERIPHERAL_END) {
        delayed = c->bus && c->address < CW_PERIPHERAL_END;
        if (!delayed && chip->soc.now <= chip->cycle) {
            struct cw_soc_input input = {.read = true, .address = target};

            (void)cw_soc_access(chip, &input);
        }
    } else if (reads && cw_chip_is_ram(chip, target)) {
        delayed = c->bus && cw_chip_is_ram(chip, c->address);
        if (!delayed) {
            chip->core.ram_latch = target;
        }
    } else if (reads && cw_chip_is_rom(chip, target)) {
        delayed = c->rom_bus || fetch_rom;
        if (!delayed) {
            chip->core.rom_latch = target;
        }
    }
    if (!rearmed) {
        cw_dma_step(dma, delayed);
    }
}

static void commit_memory(struct cw_chip *chip, const struct cycle *c)
{
    struct cw_core *core = &chip->core;
    bool fetch_rom = c->fetch_bus && cw_chip_is_rom(chip, c->next_pc);
    bool save = !fetch_rom && core->fetch_delayed;
    bool restore = fetch_rom && !core->fetch_delayed;
    bool device = c->bus && c->address < CW_PERIPHERAL_END;
    bool ram_selected = c->bus && cw_chip_is_ram(chip, c->address);

    if (save) {
        core->backup = cw_chip_word(chip, core->rom_latch);
        core->use_backup = true;
    } else if (restore) {
        core->use_backup = false;
    }
    core->fetch_delayed = fetch_rom;
    if (cw_dma_is_active(&chip->soc.dma)) {
        run_dma(chip, c, fetch_rom);
    }
    if (device && !(c->violated && !cw_chip_has(chip, CW_QUIRK_MMIO_UNGUARDED))) {
        struct cw_soc_input input = {
                .read = c->lanes == 0,
                .write = c->lanes != 0,
                .address = c->address & 0xfffe,
                .data = c->data,
                .lanes = c->lanes,
        };

        core->per_latch = cw_soc_access(chip, &input);
    } else {
        core->per_latch = 0;
    }
    if (c->rom_bus) {
        core->rom_latch = c->address & 0xfffe;
    } else if (fetch_rom) {
        core->rom_latch = c->next_pc & 0xfffe;
    }
    if (c->ram_bus) {
        core->ram_latch = c->address & 0xfffe;
    }
    if (c->rom_bus || c->ram_bus) {
        uint16_t at = c->address & 0xfffe;

        if ((c->lanes & 1) != 0) {
            chip->mem[at] = (uint8_t)c->data;
        }
        if ((c->lanes & 2) != 0) {
            chip->mem[at + 1] = (uint8_t)(c->data >> 8);
        }
        if (c->rom_write) {
            cw_chip_touch(chip, at, at + 2u);
        }
    }
    core->rom_busy = fetch_rom && c->rom_bus;
    core->read_select = c->rom_bus ? READ_ROM : device ? READ_DEVICE : READ_RAM;
    core->mask_reads = c->violated || (core->mask_reads && !ram_selected);
    if (c->bus) {
        core->odd_access = (c->sum & 1) != 0;
    }
}

static void commit_data_out(struct cw_core *core, const struct cycle *c)
{
    switch (c->state) {
    case EXEC_DEST_READ:
        core->data_out = c->next_pc;
        break;
    case EXEC_FRAME_PC:
        core->data_out = core->r[1] | 1;
        break;
    case EXEC_SAVE_STORE:
        core->data_out = (uint16_t)(c->result | (c->source_reg == 1 ? 1 : 0));
        break;
    case EXEC_EXECUTE:
        if (is_one(c, CW_ONE_CALL)) {
            break;
        }
        core->data_out = c->result;
        break;
    case EXEC_ENTRY:
    case EXEC_PUSH_PC:
    case EXEC_PUSH_SR:
        core->data_out = c->result;
        break;
    default:
        break;
    }
}

static void commit_sequence(struct cw_chip *chip, const struct cycle *c)
{
    struct cw_core *core = &chip->core;
    uint8_t irq_source = core->irq_source;

    if (c->state == EXEC_SAVE_STEP) {
        irq_source = c->source_reg == 4 ? 1 : (uint8_t)((irq_source - 1) & 15);
    } else if (c->state == EXEC_SP_PC) {
        irq_source = 2;
    } else if (c->state == EXEC_SP_SR) {
        irq_source = 15;
    }
    core->irq_source = irq_source;
    if (c->state == EXEC_DEST_READ) {
        core->dext_ready = false;
    } else if (dest_word_ready(core)) {
        core->dext_ready = true;
    }
    if (c->state == EXEC_DEST_READ) {
        core->do_dest_write = true;
    } else if (c->state == EXEC_DEST_WRITE) {
        core->do_dest_write = false;
    }
    if (core->inst.format == CW_FORMAT_ONE && c->state == EXEC_SOURCE_READ) {
        core->do_source_write = true;
    } else if (c->state == EXEC_SOURCE_WRITE || c->state == EXEC_DEST_WRITE) {
        core->do_source_write = false;
    }
    if (c->next_inst.is_branch && c->decode) {
        core->do_jump = true;
    } else if (c->state == EXEC_JUMP) {
        core->do_jump = false;
    }
    if (core->in_buffer_enable) {
        core->in_buffer = c->mem_in_lane;
        core->in_buffer_valid = true;
    }
    if (c->state == EXEC_EXECUTE) {
        core->in_buffer_valid = false;
    }
    core->in_buffer_enable = c->state == EXEC_SOURCE_READ;
}

static void commit_decode(struct cw_chip *chip, const struct cycle *c)
{
    struct cw_core *core = &chip->core;
    bool source_word = source_word_ready(core), dest_word = dest_word_ready(core);
    bool symbolic = (core->fetch_state == FETCH_WORD1 && core->inst.source == CW_MODE_SYMBOLIC) ||
            (core->fetch_state == FETCH_WORD2 && core->inst.dest == CW_MODE_SYMBOLIC) ||
            (core->fetch_state == FETCH_WORD1 && core->inst.source != CW_MODE_SYMBOLIC &&
                    c->next_fetch != FETCH_WORD2 && core->inst.dest == CW_MODE_SYMBOLIC);
    uint16_t word = (uint16_t)(c->fetched - (symbolic ? 2 : 0));

    if (dest_word) {
        core->dext = word;
    }
    if (c->decode && (c->next_inst.source == CW_MODE_CONSTANT ||
                             c->next_inst.format == CW_FORMAT_JUMP)) {
        core->sext = c->next_inst.constant;
    } else if (source_word) {
        core->sext = word;
    }
    if (c->irq) {
        core->irq_number = highest(c->irqs);
        core->save_state = c->in_module && c->gie;
        chip->unit.interrupted_id = c->id;
    }
    if (c->decode) {
        core->inst = c->next_inst;
    }
    if (c->done) {
        core->in_reset_entry = false;
    }
    core->violation_latched = c->violated && !c->done;
    core->exec_state = c->next_state;
    core->fetch_state = c->next_fetch;
}

/* ---- the cycle ---- */

static void read_buses(const struct cw_chip *chip, struct cycle *c)
{
    const struct cw_core *core = &chip->core;
    uint16_t raw = core->read_select == READ_ROM ? cw_chip_word(chip, core->rom_latch)
                   : core->read_select == READ_DEVICE
            ? core->per_latch
            : cw_chip_word(chip, core->ram_latch);

    c->fetched = core->use_backup ? core->backup : cw_chip_word(chip, core->rom_latch);
    c->mem_in = core->mask_reads ? 0 : raw;
    c->mem_in_lane = core->inst.is_byte && core->odd_access ? (uint16_t)((c->mem_in >> 8) * 0x101)
                                                            : c->mem_in;
    c->operand = core->in_buffer_valid ? core->in_buffer : c->mem_in_lane;
}

static void engine_cycle(struct cw_chip *chip, struct cycle *c)
{
    uint8_t command = chip->core.inst.sancus;

    c->sancus_begins = c->state == EXEC_EXECUTE && command != 0;
    c->crypto_active = (c->sancus_begins && command <= (CW_SANCUS_GET_CALLER & 15) + 1) ||
            !cw_crypto_is_idle(chip);
    if (!c->crypto_active) {
        return;
    }
    if (c->sancus_begins) {
        cw_crypto_screen(chip);
    }
}

static void check_access(struct cw_chip *chip, struct cycle *c)
{
    struct cw_access access = {c->address, c->lanes};

    if (c->bus && (c->address & 1) != 0 && !c->inst->is_byte && !c->crypto.bus &&
            !cw_chip_has(chip, CW_QUIRK_ODD_WORD)) {
        cw_chip_trap(chip, "odd-word", c->address);
    }

    if (chip->unit.enabled_count != 0 && c->bus && cw_unit_refuses(chip, &access)) {
        c->violation = true;
    }
    if (chip->unit.wrong_entry) {
        cw_unit_note(chip, "entry elsewhere than at the module's start", chip->core.inst_pc);
        c->violation = true;
    }
    if (chip->unit.next_id == CW_SANCUS_ID_IRQ) {
        cw_unit_note(chip, "module ids exhausted", 0);
        c->violation = true;
    }
    c->violated = c->violation || chip->core.violation_latched;
    if (c->violation && c->entry && c->bus && !cw_chip_has(chip, CW_QUIRK_SP_STORM)) {
        cw_chip_trap(chip, "sp-storm", c->address);
    }
}

static void check_stack(struct cw_chip *chip, struct cycle *c)
{
    if (!next_stack_pointer(&chip->core, c)) {
        return;
    }
    cw_unit_note(chip, "stack pointer below the stack guard", c->next_sp);
    c->violation = c->violated = true;
    c->rom_write = false;
    increments(&chip->core, c, ends_here(&chip->core, c));
}

/* Other things than an interrupt that a violation can lead to. */
static void answer_violation(struct cw_chip *chip)
{
    if (chip->config.on_violation == CW_VIOLATION_STOP) {
        chip->stop = CW_STOP_VIOLATION;
    } else if (chip->config.on_violation == CW_VIOLATION_RESET) {
        chip->soc.watchdog.reset_at = chip->cycle + 1;
        chip->event_at = 0;
    }
}

static void update_slots(struct cw_chip *chip, const struct cycle *c)
{
    uint8_t command = chip->core.inst.sancus;

    if (c->sancus_begins && command == (CW_SANCUS_ENABLE & 15) + 1 && !chip->crypto.refused) {
        cw_unit_create(chip);
    } else if (c->crypto.cancel) {
        cw_unit_cancel(chip);
    } else if (command == (CW_SANCUS_DISABLE & 15) + 1 && !c->crypto.busy) {
        cw_unit_disable(chip);
    }
}

static void track_id(struct cw_chip *chip, uint16_t id)
{
    if (chip->unit.id_last_cycle != id) {
        chip->unit.previous_id = chip->unit.id_last_cycle;
    }
    chip->unit.id_last_cycle = id;
    if (id != CW_SANCUS_ID_NONE && id < CW_SANCUS_ID_IRQ &&
            !cw_chip_has(chip, CW_QUIRK_CALLER_STICKY) && cw_unit_by_id(chip, id) < 0) {
        chip->unit.id_last_cycle = CW_SANCUS_ID_NONE; /* it has just been disabled */
    }
}

static cw_cycle after(struct cw_chip *chip, const struct cycle *c)
{
    bool begins = c->decode && !c->irq && c->next_state != EXEC_IDLE;

    if (c->decode && !c->irq) {
        chip->core.previous_pc = chip->core.inst_pc;
        chip->core.inst_pc = c->inst_pc_next;
        cw_unit_refresh(chip);
    }
    chip->cycle++;
    if (c->crypto_active) {
        uint64_t idle = cw_crypto_idle_cycles(chip), event = cw_chip_next_event(chip);

        idle = idle < event - chip->cycle ? idle : event - chip->cycle;
        if (event > chip->cycle && idle != 0 && !cw_dma_is_active(&chip->soc.dma) &&
                !(c->bus && c->address < CW_PERIPHERAL_END)) {
            cw_crypto_skip(chip, (unsigned)idle);
            chip->cycle += idle;
        }
    }
    if (begins) {
        return CW_CYCLE_BEGIN;
    }
    return chip->core.fetch_state == FETCH_IDLE && chip->core.exec_state == EXEC_IDLE
            ? CW_CYCLE_SLEEP
            : CW_CYCLE_PLAIN;
}

/* ---- for the engine ---- */

bool cw_core_is_plain(const struct cw_chip *chip)
{
    const struct cw_core *core = &chip->core;
    uint16_t pc = core->inst_pc;
    uint16_t fetched = core->use_backup ? core->backup : cw_chip_word(chip, core->rom_latch);
    struct cw_inst expected;

    if (core->mask_reads || core->violation_latched || core->rom_busy || core->dext_ready ||
            core->in_buffer_valid || core->in_buffer_enable || core->do_dest_write ||
            core->do_source_write || core->in_reset_entry || chip->unit.wrong_entry) {
        return false;
    }
    if ((pc & 1) != 0 || core->r[0] != (uint16_t)(pc + 2) || !cw_chip_is_rom(chip, pc) ||
            !cw_chip_is_rom(chip, core->r[0]) || fetched != cw_chip_word(chip, core->r[0])) {
        return false;
    }
    if (!cw_crypto_is_idle(chip) || chip->unit.id_last_cycle != cw_unit_current_id(chip)) {
        return false;
    }
    cw_decode_word(cw_chip_word(chip, pc), &expected);
    return memcmp(&expected, &core->inst, sizeof expected) == 0;
}

void cw_core_enter(struct cw_chip *chip, uint16_t pc, uint16_t previous)
{
    struct cw_core *core = &chip->core;
    struct cycle c = {.inst = &core->inst};

    cw_decode_word(cw_chip_word(chip, pc), &core->inst);
    c.next_inst = core->inst;
    core->inst_pc = pc;
    core->previous_pc = previous;
    core->r[0] = (uint16_t)(pc + 2);
    core->exec_state = first_state(&c);
    core->fetch_state = core->inst.words != 0 ? FETCH_WORD1 : FETCH_DECODE;
    core->rom_latch = core->r[0];
    core->use_backup = false;
    core->fetch_delayed = true;
    core->do_jump = core->inst.is_branch;
    if (core->inst.source == CW_MODE_CONSTANT || core->inst.format == CW_FORMAT_JUMP) {
        core->sext = core->inst.constant;
    }
}

cw_cycle cw_core_cycle(struct cw_chip *chip)
{
    struct cw_core *core = &chip->core;
    struct cycle c = {.inst = &core->inst, .state = core->exec_state};
    bool entered;

    c.entry = core->inst.one == CW_ONE_ENTRY || core->in_reset_entry;
    c.entry_end = c.entry && c.state == EXEC_EXECUTE;
    c.clear_registers = c.entry_end && chip->unit.executing != 0;
    c.source_reg = source_register(core);
    c.dest_reg = dest_register(core);
    c.inst_pc_next = core->r[0];
    read_buses(chip, &c);
    c.id = cw_unit_current_id(chip);
    c.in_module = chip->unit.executing != 0;
    entered = c.id != chip->unit.id_last_cycle && c.id != CW_SANCUS_ID_NONE &&
            c.id != CW_SANCUS_ID_RESET && !c.entry;
    engine_cycle(chip, &c);
    if (c.state == EXEC_EXECUTE) {
        execute_operands(chip, &c);
    } else if (c.state <= EXEC_CLEAR_SR) {
        entry_operands(chip, &c);
    } else {
        address_operands(chip, &c);
    }
    arithmetic(core, &c);
    register_writes(chip, &c);
    if (c.crypto_active) {
        c.crypto = cw_crypto_cycle(chip,
                c.sancus_begins && core->inst.sancus <= (CW_SANCUS_GET_CALLER & 15) + 1, c.mem_in);
    }
    memory_bus(chip, &c);
    c.gie = (core->r[2] & CW_SR_GIE) != 0 && !entered;
    c.off = (core->r[2] & CW_SR_CPUOFF) != 0 ||
            (c.sr_write && (c.write_value & CW_SR_CPUOFF) != 0);
    c.rom_write = c.bus && c.lanes != 0 && cw_chip_is_rom(chip, c.address);
    check_access(chip, &c);
    if (c.sancus_begins && core->inst.sancus == (CW_SANCUS_ENABLE & 15) + 1 &&
            !chip->crypto.refused && cw_unit_overlaps(chip)) {
        cw_unit_note(chip, "new module overlaps another", core->r[12]);
        c.violation = c.violated = true;
    }
    c.rom_write = c.rom_write && !c.violated;
    increments(core, &c, ends_here(core, &c));
    check_stack(chip, &c);
    /* CMP and BIT ask for the bus as if to write, and are judged for it, but nothing moves. */
    bool idle_write = c.state == EXEC_DEST_WRITE && c.lanes == 0 && !c.crypto.bus &&
            !cw_chip_has(chip, CW_QUIRK_COMPARE_TEXT);
    c.rom_bus = c.bus && cw_chip_is_rom(chip, c.address) && !c.violated && !idle_write;
    c.ram_bus = c.bus && cw_chip_is_ram(chip, c.address) && !c.violated;
    if (c.violated && chip->config.on_violation != CW_VIOLATION_IRQ) {
        answer_violation(chip);
    }
    if (chip->debug != NULL && c.bus && !c.violated) {
        cw_debug_access(chip, c.address, c.lanes,
                !core->inst.is_byte || c.entry || c.crypto.bus);
    }
    front_end(chip, &c);
    if (core->fetch_state == FETCH_VECTOR && core->irq_number == CW_IRQ_TIMER_A0) {
        struct cw_soc_input input = {.accepted = CW_IRQ_TIMER_A0 + 1};

        (void)cw_soc_access(chip, &input);
    } else if (core->fetch_state == FETCH_VECTOR && core->irq_number == CW_IRQ_WATCHDOG) {
        struct cw_soc_input input = {.accepted = CW_IRQ_WATCHDOG + 1};

        (void)cw_soc_access(chip, &input);
    }
    commit_data_out(core, &c);
    commit_memory(chip, &c);
    commit_sequence(chip, &c);
    commit_registers(chip, &c);
    update_slots(chip, &c);
    track_id(chip, c.id);
    commit_decode(chip, &c);
    return after(chip, &c);
}
