/* SPDX-License-Identifier: MIT */
/*
 * crypto.c - implementation notes.
 *
 * A step's outputs belong to the state that it goes to, so the tables below are read with the
 * next state.  INIT states set up an address counter, WAIT states wait for the duplex; the plain
 * state between two WAITs hands it the next word.
 */
#include "silicon/sancus/crypto.h"

#include <string.h>

#include "core/base/bytes.h"
#include "silicon/sancus/sponge.h"
#include "silicon/sancus/unit.h"

typedef enum step {
    STEP_IDLE,
    STEP_ENABLE,
    STEP_CHECK,
    STEP_LOAD_INIT,     /* a key from memory */
    STEP_LOAD_READ,
    STEP_LOAD,
    STEP_AD_INIT,       /* wrap, unwrap */
    STEP_AD,
    STEP_AD_WAIT,
    STEP_BODY_INIT,
    STEP_BODY,
    STEP_BODY_WAIT,
    STEP_MAC_INIT,
    STEP_MAC_WAIT,
    STEP_TAG_INIT,
    STEP_TAG_WRITE,
    STEP_TAG_WRITE_WAIT,
    STEP_TAG_CHECK,
    STEP_TAG_CHECK_WAIT,
    STEP_VENDOR_INIT,   /* enable */
    STEP_VENDOR,
    STEP_VENDOR_WAIT,
    STEP_VENDOR_KEY_INIT,
    STEP_VENDOR_KEY,
    STEP_VENDOR_KEY_WAIT,
    STEP_VENDOR_KEY_DONE,
    STEP_DEC_INIT,      /* enable of encrypted text */
    STEP_DEC_NONCE,
    STEP_DEC_NONCE_WAIT,
    STEP_DEC_START,
    STEP_DEC_END,
    STEP_DEC,
    STEP_DEC_WAIT,
    STEP_DEC_TAG_INIT,
    STEP_DEC_TAG,
    STEP_DEC_TAG_WAIT,
    STEP_KEY_START,     /* module key */
    STEP_KEY_END,
    STEP_VERIFY_START,
    STEP_VERIFY_END,
    STEP_TEXT,
    STEP_TEXT_WAIT,
    STEP_PS,
    STEP_PS_WAIT,
    STEP_PE,
    STEP_PE_WAIT,
    STEP_SS,
    STEP_SS_WAIT,
    STEP_SE,
    STEP_SE_WAIT,
    STEP_MODULE_KEY_INIT,
    STEP_MODULE_KEY,
    STEP_MODULE_KEY_WAIT,
    STEP_CLEAR_TEXT_START, /* disable */
    STEP_CLEAR_TEXT_END,
    STEP_CLEAR_TEXT,
    STEP_CLEAR_DATA_START,
    STEP_CLEAR_DATA_END,
    STEP_CLEAR_DATA,
    STEP_WHOLE,         /* computed at once, see whole() */
    STEP_FAIL,
    STEP_SUCCESS,
    STEP_SUCCESS_WAIT,
    STEP_COUNT,
} step;

typedef enum duplex_state {
    DUPLEX_RESET,
    DUPLEX_IDLE,
    DUPLEX_KEY,
    DUPLEX_KEY_WAIT,
    DUPLEX_AD_IDLE,
    DUPLEX_AD,
    DUPLEX_AD_WAIT,
    DUPLEX_BODY_IDLE,
    DUPLEX_BODY,
    DUPLEX_BODY_WAIT,
    DUPLEX_TAG_IDLE,
    DUPLEX_TAG,
    DUPLEX_TAG_WAIT,
} duplex_state;

/* KEY_NONE in the table: as before.  KEY_OWN: memory if r9 says so, else the module's. */
enum { KEY_NONE, KEY_NODE, KEY_MODULE, KEY_ZERO, KEY_MEMORY, KEY_OWN };

/* Where a word comes from. */
typedef enum source {
    FROM_NONE,
    FROM_MEMORY,
    FROM_R9,
    FROM_R9_TAG,    /* behind a tag at r9 */
    FROM_R10,
    FROM_R11,
    FROM_R12,
    FROM_R13,
    FROM_R14,
    FROM_R15,
    FROM_R15_TAG,
    FROM_PS,        /* of the selected module */
    FROM_PE,
    FROM_SS,
    FROM_SE,
} source;

/* Outputs of a step. */
#define DO_RESET_DUPLEX 0x0001u
#define DO_START 0x0002u        /* the duplex may go on with the next word */
#define DO_LAST 0x0004u         /* it is the last of its kind              */
#define DO_LAST_IF_DONE 0x0008u /* the same if the address counter ended   */
#define DO_EMPTY 0x0010u        /* no data bits                            */
#define DO_NEXT 0x0020u         /* address counter += 2                    */
#define DO_NEXT_IF_OUT 0x0040u  /* the same if the duplex has a word       */
#define DO_READ 0x0080u         /* bus: read                               */
#define DO_STORE_IF_OUT 0x0100u /* bus: write the duplex's word, if any, to the output */
#define DO_TAG_IF_OUT 0x0200u   /* bus: write it through the address counter */
#define DO_ZERO 0x0400u         /* bus: write 0                            */
#define DO_KEY_RESET 0x0800u
#define DO_KEY_WRITE 0x1000u
#define DO_LOAD 0x2000u         /* shift a word into the memory key        */
#define DO_TAG_OK 0x4000u       /* assume that the tag is right            */

struct outputs {
    uint16_t what;
    uint8_t address, limit, cipher, word; /* source, loaded if not FROM_NONE */
    uint8_t key;
};

static const struct outputs table[STEP_COUNT] = {
    [STEP_IDLE] = {.what = DO_RESET_DUPLEX},
    [STEP_LOAD_INIT] = {.address = FROM_R9, .limit = FROM_R9_TAG},
    [STEP_LOAD] = {.what = DO_LOAD},
    [STEP_LOAD_READ] = {.what = DO_READ | DO_NEXT},
    [STEP_AD_INIT] = {.address = FROM_R10, .limit = FROM_R11, .key = KEY_OWN},
    [STEP_AD] = {.what = DO_START | DO_NEXT, .word = FROM_MEMORY},
    [STEP_AD_WAIT] = {.what = DO_READ | DO_LAST_IF_DONE},
    [STEP_BODY_INIT] = {.address = FROM_R12, .limit = FROM_R13, .cipher = FROM_R14},
    [STEP_BODY] = {.what = DO_START | DO_NEXT, .word = FROM_MEMORY},
    [STEP_BODY_WAIT] = {.what = DO_READ | DO_STORE_IF_OUT | DO_LAST_IF_DONE},
    [STEP_MAC_INIT] = {.what = DO_START},
    [STEP_MAC_WAIT] = {.what = DO_LAST | DO_EMPTY},
    [STEP_TAG_INIT] = {.what = DO_TAG_OK, .address = FROM_R15, .limit = FROM_R15_TAG},
    [STEP_TAG_WRITE] = {.what = DO_START},
    [STEP_TAG_WRITE_WAIT] = {.what = DO_TAG_IF_OUT | DO_NEXT_IF_OUT},
    [STEP_TAG_CHECK] = {.what = DO_START | DO_READ},
    [STEP_TAG_CHECK_WAIT] = {.what = DO_READ | DO_NEXT_IF_OUT},
    [STEP_VENDOR_INIT] = {.key = KEY_NODE},
    [STEP_VENDOR] = {.what = DO_START, .word = FROM_R11},
    [STEP_VENDOR_WAIT] = {.what = DO_LAST},
    [STEP_VENDOR_KEY_INIT] = {.what = DO_START | DO_KEY_RESET, .key = KEY_MODULE},
    [STEP_VENDOR_KEY] = {.what = DO_START | DO_KEY_WRITE},
    [STEP_VENDOR_KEY_WAIT] = {.what = DO_LAST | DO_EMPTY},
    [STEP_DEC_INIT] = {.what = DO_RESET_DUPLEX},
    [STEP_DEC_NONCE] = {.what = DO_START, .word = FROM_R10},
    [STEP_DEC_NONCE_WAIT] = {.what = DO_LAST},
    [STEP_DEC_START] = {.address = FROM_PS, .cipher = FROM_PS},
    [STEP_DEC_END] = {.limit = FROM_PE},
    [STEP_DEC] = {.what = DO_START | DO_NEXT, .word = FROM_MEMORY},
    [STEP_DEC_WAIT] = {.what = DO_READ | DO_STORE_IF_OUT | DO_LAST_IF_DONE},
    [STEP_DEC_TAG_INIT] = {.what = DO_TAG_OK, .address = FROM_R9, .limit = FROM_R9_TAG},
    [STEP_DEC_TAG] = {.what = DO_START | DO_READ},
    [STEP_DEC_TAG_WAIT] = {.what = DO_NEXT_IF_OUT},
    [STEP_KEY_START] = {.what = DO_RESET_DUPLEX, .address = FROM_PS, .key = KEY_MODULE},
    [STEP_KEY_END] = {.limit = FROM_PE},
    [STEP_VERIFY_START] = {.address = FROM_PS, .key = KEY_ZERO},
    [STEP_VERIFY_END] = {.limit = FROM_PE},
    [STEP_TEXT] = {.what = DO_START | DO_NEXT, .word = FROM_MEMORY},
    [STEP_TEXT_WAIT] = {.what = DO_READ},
    [STEP_PS] = {.what = DO_START, .word = FROM_PS},
    [STEP_PE] = {.what = DO_START, .word = FROM_PE},
    [STEP_SS] = {.what = DO_START, .word = FROM_SS},
    [STEP_SE] = {.what = DO_START, .word = FROM_SE},
    [STEP_SE_WAIT] = {.what = DO_LAST},
    [STEP_MODULE_KEY_INIT] = {.what = DO_START | DO_KEY_RESET},
    [STEP_MODULE_KEY] = {.what = DO_START | DO_KEY_WRITE},
    [STEP_MODULE_KEY_WAIT] = {.what = DO_LAST | DO_EMPTY},
    [STEP_CLEAR_TEXT_START] = {.address = FROM_PS},
    [STEP_CLEAR_TEXT_END] = {.limit = FROM_PE},
    [STEP_CLEAR_TEXT] = {.what = DO_ZERO | DO_NEXT},
    [STEP_CLEAR_DATA_START] = {.address = FROM_SS},
    [STEP_CLEAR_DATA_END] = {.limit = FROM_SE},
    [STEP_CLEAR_DATA] = {.what = DO_ZERO | DO_NEXT},
};

static unsigned tag_len(const struct cw_chip *chip)
{
    return chip->config.security_bits / 8;
}

static unsigned rounds(const struct cw_chip *chip)
{
    return chip->config.security_bits == 64 ? CW_SPONGE_ROUNDS_64 : CW_SPONGE_ROUNDS_128;
}

static bool is_command(const struct cw_chip *chip, uint16_t word)
{
    return chip->core.inst.sancus == (word & 15) + 1;
}

static bool is_verify(const struct cw_chip *chip)
{
    return is_command(chip, CW_SANCUS_VERIFY_ADDR) || is_command(chip, CW_SANCUS_VERIFY_PREV);
}

static bool is_wrap_or_unwrap(const struct cw_chip *chip)
{
    return is_command(chip, CW_SANCUS_WRAP) || is_command(chip, CW_SANCUS_UNWRAP);
}

/* The slot that the instruction's data are asked of. */
static int data_slot(const struct cw_chip *chip)
{
    const uint16_t *r = chip->core.r;

    switch (chip->core.inst.sancus - 1) {
    case CW_SANCUS_ENABLE & 15:
        return cw_unit_at(chip, r[12]);
    case CW_SANCUS_GET_ID & 15:
        return cw_unit_at(chip, r[15]);
    case CW_SANCUS_VERIFY_ADDR & 15:
        return cw_unit_at(chip, r[14]);
    case CW_SANCUS_VERIFY_PREV & 15:
        return cw_unit_by_id(chip, chip->unit.previous_id);
    case CW_SANCUS_DISABLE & 15:
        return cw_unit_at(chip, chip->core.inst_pc);
    default:
        return -1;
    }
}

/* The slot that its key is taken from. */
static int key_slot(const struct cw_chip *chip)
{
    return cw_unit_at(chip, is_command(chip, CW_SANCUS_ENABLE) ? chip->core.r[12]
                                                               : chip->core.inst_pc);
}

static const uint8_t *selected_key(const struct cw_chip *chip)
{
    static const uint8_t zero[16];
    int slot;

    switch (chip->crypto.key_select) {
    case KEY_NODE:
        return chip->config.node_key;
    case KEY_MODULE:
        slot = key_slot(chip);
        return slot < 0 ? zero : chip->unit.slot[slot].key;
    case KEY_MEMORY:
        return chip->crypto.loaded_key;
    default:
        return zero;
    }
}

static uint16_t word_from(const struct cw_chip *chip, uint8_t from, uint16_t mem_in)
{
    const uint16_t *r = chip->core.r;
    int slot = from >= FROM_PS ? data_slot(chip) : -1;
    const struct cw_slot *data = slot < 0 ? NULL : &chip->unit.slot[slot];

    switch (from) {
    case FROM_MEMORY:
        return mem_in;
    case FROM_R9:
    case FROM_R9_TAG:
        return (uint16_t)(r[9] + (from == FROM_R9_TAG ? tag_len(chip) : 0));
    case FROM_R10:
        return r[10];
    case FROM_R11:
        return r[11];
    case FROM_R12:
        return r[12];
    case FROM_R13:
        return r[13];
    case FROM_R14:
        return r[14];
    case FROM_R15:
    case FROM_R15_TAG:
        return (uint16_t)(r[15] + (from == FROM_R15_TAG ? tag_len(chip) : 0));
    case FROM_PS:
        return data == NULL ? 0 : data->ps;
    case FROM_PE:
        return data == NULL ? 0 : data->pe;
    case FROM_SS:
        return data == NULL ? 0 : data->ss;
    case FROM_SE:
        return data == NULL ? 0 : data->se;
    default:
        return 0;
    }
}

/* ---- the instruction's sequencer ---- */

static step after_check(const struct cw_chip *chip)
{
    if (!chip->crypto.valid || chip->crypto.refused) {
        return STEP_FAIL;
    }
    if (is_wrap_or_unwrap(chip)) {
        return STEP_AD_INIT;
    }
    if (is_command(chip, CW_SANCUS_ENABLE)) {
        return STEP_VENDOR_INIT;
    }
    if (is_verify(chip)) {
        return STEP_VERIFY_START;
    }
    return is_command(chip, CW_SANCUS_DISABLE) ? STEP_CLEAR_TEXT_START : STEP_SUCCESS;
}

static step first_step(const struct cw_chip *chip)
{
    if (is_command(chip, CW_SANCUS_ENABLE)) {
        return STEP_ENABLE;
    }
    if (!chip->crypto.refused && chip->crypto.whole_left != 0) {
        return STEP_WHOLE;
    }
    if (!chip->crypto.refused && is_wrap_or_unwrap(chip) && chip->core.r[9] != 0) {
        return STEP_LOAD_INIT;
    }
    return STEP_CHECK;
}

static step after_tag(const struct cw_chip *chip, step good)
{
    return chip->crypto.tag_ok ? good : STEP_FAIL;
}

static step next_step(const struct cw_chip *chip, bool start)
{
    const struct cw_crypto *c = &chip->crypto;
    bool waits = c->wrap_state != DUPLEX_RESET && c->wrap_state != DUPLEX_IDLE &&
            c->wrap_state != DUPLEX_AD_IDLE && c->wrap_state != DUPLEX_BODY_IDLE &&
            c->wrap_state != DUPLEX_TAG_IDLE;
    bool done = c->address >= c->limit;
    bool key_done = c->key_index == tag_len(chip) / 2;
    bool mac_only = is_command(chip, CW_SANCUS_WRAP) && chip->core.r[12] == chip->core.r[13];

    switch ((step)c->state) {
    case STEP_IDLE:
        return start ? first_step(chip) : STEP_IDLE;
    case STEP_ENABLE:
        return STEP_CHECK;
    case STEP_CHECK:
        return after_check(chip);
    case STEP_LOAD_INIT:
        return STEP_LOAD_READ;
    case STEP_LOAD:
        return done ? STEP_AD_INIT : STEP_LOAD_READ;
    case STEP_LOAD_READ:
        return STEP_LOAD;
    case STEP_AD_INIT:
    case STEP_AD:
        return STEP_AD_WAIT;
    case STEP_AD_WAIT:
        return waits ? STEP_AD_WAIT : !done ? STEP_AD : mac_only ? STEP_MAC_INIT : STEP_BODY_INIT;
    case STEP_BODY_INIT:
    case STEP_BODY:
        return STEP_BODY_WAIT;
    case STEP_BODY_WAIT:
        return waits ? STEP_BODY_WAIT : done ? STEP_TAG_INIT : STEP_BODY;
    case STEP_MAC_INIT:
        return STEP_MAC_WAIT;
    case STEP_MAC_WAIT:
        return waits ? STEP_MAC_WAIT : STEP_TAG_INIT;
    case STEP_TAG_INIT:
        return is_command(chip, CW_SANCUS_WRAP) ? STEP_TAG_WRITE_WAIT : STEP_TAG_CHECK_WAIT;
    case STEP_TAG_WRITE:
        return STEP_TAG_WRITE_WAIT;
    case STEP_TAG_WRITE_WAIT:
        return waits ? STEP_TAG_WRITE_WAIT : done ? STEP_SUCCESS : STEP_TAG_WRITE;
    case STEP_TAG_CHECK:
        return STEP_TAG_CHECK_WAIT;
    case STEP_TAG_CHECK_WAIT:
        return done ? after_tag(chip, STEP_SUCCESS) : waits ? STEP_TAG_CHECK_WAIT : STEP_TAG_CHECK;
    case STEP_VENDOR_INIT:
        return STEP_VENDOR;
    case STEP_VENDOR:
        return STEP_VENDOR_WAIT;
    case STEP_VENDOR_WAIT:
        return waits ? STEP_VENDOR_WAIT : STEP_VENDOR_KEY_INIT;
    case STEP_VENDOR_KEY_INIT:
    case STEP_VENDOR_KEY:
        return STEP_VENDOR_KEY_WAIT;
    case STEP_VENDOR_KEY_WAIT:
        return key_done ? STEP_VENDOR_KEY_DONE : waits ? STEP_VENDOR_KEY_WAIT : STEP_VENDOR_KEY;
    case STEP_VENDOR_KEY_DONE:
        return chip->core.r[10] != 0 ? STEP_DEC_INIT : STEP_KEY_START;
    case STEP_DEC_INIT:
        return STEP_DEC_NONCE;
    case STEP_DEC_NONCE:
        return STEP_DEC_NONCE_WAIT;
    case STEP_DEC_NONCE_WAIT:
        return waits ? STEP_DEC_NONCE_WAIT : STEP_DEC_START;
    case STEP_DEC_START:
        return STEP_DEC_END;
    case STEP_DEC_END:
    case STEP_DEC:
        return STEP_DEC_WAIT;
    case STEP_DEC_WAIT:
        return waits ? STEP_DEC_WAIT : done ? STEP_DEC_TAG_INIT : STEP_DEC;
    case STEP_DEC_TAG_INIT:
    case STEP_DEC_TAG:
        return STEP_DEC_TAG_WAIT;
    case STEP_DEC_TAG_WAIT:
        return done ? after_tag(chip, STEP_KEY_START) : waits ? STEP_DEC_TAG_WAIT : STEP_DEC_TAG;
    case STEP_KEY_START:
        return STEP_KEY_END;
    case STEP_VERIFY_START:
        return STEP_VERIFY_END;
    case STEP_KEY_END:
    case STEP_VERIFY_END:
    case STEP_TEXT:
        return STEP_TEXT_WAIT;
    case STEP_TEXT_WAIT:
        return waits ? STEP_TEXT_WAIT : done ? STEP_PS : STEP_TEXT;
    case STEP_PS:
        return STEP_PS_WAIT;
    case STEP_PS_WAIT:
        return waits ? STEP_PS_WAIT : STEP_PE;
    case STEP_PE:
        return STEP_PE_WAIT;
    case STEP_PE_WAIT:
        return waits ? STEP_PE_WAIT : STEP_SS;
    case STEP_SS:
        return STEP_SS_WAIT;
    case STEP_SS_WAIT:
        return waits ? STEP_SS_WAIT : STEP_SE;
    case STEP_SE:
        return STEP_SE_WAIT;
    case STEP_SE_WAIT:
        return waits ? STEP_SE_WAIT : is_verify(chip) ? STEP_MAC_INIT : STEP_MODULE_KEY_INIT;
    case STEP_MODULE_KEY_INIT:
    case STEP_MODULE_KEY:
        return STEP_MODULE_KEY_WAIT;
    case STEP_MODULE_KEY_WAIT:
        return key_done ? STEP_SUCCESS : waits ? STEP_MODULE_KEY_WAIT : STEP_MODULE_KEY;
    case STEP_CLEAR_TEXT_START:
        return STEP_CLEAR_TEXT_END;
    case STEP_CLEAR_TEXT_END:
        return STEP_CLEAR_TEXT;
    case STEP_CLEAR_TEXT:
        return done ? STEP_CLEAR_DATA_START : STEP_CLEAR_TEXT;
    case STEP_CLEAR_DATA_START:
        return STEP_CLEAR_DATA_END;
    case STEP_CLEAR_DATA_END:
        return STEP_CLEAR_DATA;
    case STEP_CLEAR_DATA:
        return done ? STEP_SUCCESS : STEP_CLEAR_DATA;
    case STEP_WHOLE:
        return c->whole_left > 1 ? STEP_WHOLE : c->tag_ok ? STEP_SUCCESS : STEP_FAIL;
    case STEP_SUCCESS:
        return is_command(chip, CW_SANCUS_DISABLE) ? STEP_SUCCESS_WAIT : STEP_IDLE;
    case STEP_FAIL:
    case STEP_SUCCESS_WAIT:
    case STEP_COUNT:
        break;
    }
    return STEP_IDLE;
}

/* ---- the duplex ---- */

static duplex_state duplex_next(const struct cw_chip *chip, bool last)
{
    const struct cw_crypto *c = &chip->crypto;
    bool permutes = c->busy != 0;

    switch ((duplex_state)c->wrap_state) {
    case DUPLEX_RESET:
        return DUPLEX_IDLE;
    case DUPLEX_IDLE:
        return c->start ? DUPLEX_KEY : DUPLEX_IDLE;
    case DUPLEX_KEY:
        return DUPLEX_KEY_WAIT;
    case DUPLEX_KEY_WAIT:
        return permutes                                ? DUPLEX_KEY_WAIT
               : c->key_block == tag_len(chip) / 2 ? DUPLEX_AD
                                                       : DUPLEX_KEY;
    case DUPLEX_AD_IDLE:
        return c->start ? DUPLEX_AD : DUPLEX_AD_IDLE;
    case DUPLEX_AD:
        return DUPLEX_AD_WAIT;
    case DUPLEX_AD_WAIT:
        return permutes ? DUPLEX_AD_WAIT : last ? DUPLEX_BODY_IDLE : DUPLEX_AD_IDLE;
    case DUPLEX_BODY_IDLE:
        return c->start ? DUPLEX_BODY : DUPLEX_BODY_IDLE;
    case DUPLEX_BODY:
        return DUPLEX_BODY_WAIT;
    case DUPLEX_BODY_WAIT:
        return permutes ? DUPLEX_BODY_WAIT : last ? DUPLEX_TAG_IDLE : DUPLEX_BODY_IDLE;
    case DUPLEX_TAG_IDLE:
        return c->start ? DUPLEX_TAG : DUPLEX_TAG_IDLE;
    case DUPLEX_TAG:
        return DUPLEX_TAG_WAIT;
    case DUPLEX_TAG_WAIT:
        return permutes ? DUPLEX_TAG_WAIT : DUPLEX_TAG_IDLE;
    }
    return DUPLEX_RESET;
}

struct duplex_out {
    bool ready;
    uint16_t word;
};

static struct duplex_out duplex_cycle(struct cw_chip *chip, uint16_t what)
{
    struct cw_crypto *c = &chip->crypto;
    bool last = (what & DO_LAST) != 0 ||
            ((what & DO_LAST_IF_DONE) != 0 && c->address >= c->limit);
    bool decrypts = is_command(chip, CW_SANCUS_UNWRAP) ||
            (is_command(chip, CW_SANCUS_ENABLE) && chip->core.r[10] != 0);
    duplex_state next = duplex_next(chip, last);
    struct duplex_out out = {.word = cw_sponge_output(c->sponge)};
    const uint8_t *key = selected_key(chip) + 2 * (c->key_block % (tag_len(chip) / 2));
    uint16_t block = c->data_in;
    bool frame = false, absorb = true, empty = (what & DO_EMPTY) != 0;

    if (c->busy != 0) {
        c->busy--;
    }
    switch ((unsigned)next) {
    case DUPLEX_KEY:
        block = (uint16_t)(key[0] | key[1] << 8);
        frame = c->key_block != tag_len(chip) / 2 - 1;
        c->key_block++;
        break;
    case DUPLEX_AD:
        frame = last;
        break;
    case DUPLEX_BODY:
        out.ready = true;
        out.word ^= c->data_in;
        frame = !last;
        block = decrypts ? out.word : block;
        break;
    case DUPLEX_TAG:
        out.ready = true;
        break;
    default:
        absorb = false;
        break;
    }
    if (absorb) {
        uint32_t bits = next == DUPLEX_TAG ? 1u
                        : empty            ? 2u | (frame ? 1u : 0u)
                                           : 0x20000u | (frame ? 0x10000u : 0u) | block;

        cw_sponge_absorb(c->sponge, chip->config.security_bits, bits);
        c->busy = rounds(chip);
    }
    c->wrap_state = (uint8_t)next;
    if ((what & DO_RESET_DUPLEX) != 0) {
        c->wrap_state = DUPLEX_RESET;
        c->key_block = 0;
        c->busy = 0;
        memset(c->sponge, 0, sizeof c->sponge);
    }
    return out;
}

/* ---- one cycle ---- */

static void finish(struct cw_chip *chip, bool success)
{
    struct cw_crypto *c = &chip->crypto;
    int slot = data_slot(chip);
    bool asks_id = is_verify(chip) || is_command(chip, CW_SANCUS_GET_ID) ||
            is_command(chip, CW_SANCUS_ENABLE);

    c->reg_write = true;
    c->reg = 15;
    c->reg_value = 0;
    if (!success) {
        return;
    }
    c->reg_value = 1;
    if (asks_id) {
        c->reg_value = slot < 0 ? 0 : chip->unit.slot[slot].id;
    } else if (is_command(chip, CW_SANCUS_GET_CALLER)) {
        c->reg_value = chip->unit.previous_id;
    } else if (is_command(chip, CW_SANCUS_DISABLE)) {
        c->reg = 0;
        c->reg_value = chip->core.r[15];
    } else if (is_wrap_or_unwrap(chip) && !cw_chip_has(chip, CW_QUIRK_CRYPTO_RUNS_ON) &&
            chip->core.violation_latched) {
        c->reg_value = 0;
    }
}

/* What closed quirks do to memory when an ENABLE ends. */
static void settle_enable(struct cw_chip *chip, bool success)
{
    const struct cw_slot *slot;

    if (chip->unit.new_slot < 0) {
        return;
    }
    slot = &chip->unit.slot[chip->unit.new_slot];
    if (success && !cw_chip_has(chip, CW_QUIRK_SECRET_NOT_CLEARED)) {
        for (uint32_t a = slot->ss; a < slot->se; a++) {
            if (cw_chip_is_ram(chip, (uint16_t)a)) {
                chip->mem[a] = 0;
            }
        }
    }
    if (!success && chip->core.r[10] != 0 && !cw_chip_has(chip, CW_QUIRK_ENC_FAIL_LEAK)) {
        memset(&chip->mem[slot->ps], 0, (size_t)(slot->pe - slot->ps));
        cw_chip_touch(chip, slot->ps, slot->pe);
    }
}

static struct cw_crypto_drive drive_bus(const struct cw_chip *chip, uint16_t what,
        const struct duplex_out *out)
{
    const struct cw_crypto *c = &chip->crypto;
    struct cw_crypto_drive drive = {.busy = true, .address = c->address};

    drive.bus = (what & (DO_READ | DO_ZERO)) != 0;
    if ((what & DO_ZERO) != 0) {
        drive.lanes = 3;
    }
    if ((what & (DO_STORE_IF_OUT | DO_TAG_IF_OUT)) != 0 && out->ready) {
        drive.bus = true;
        drive.lanes = 3;
        drive.data = out->word;
        drive.address = (what & DO_STORE_IF_OUT) != 0 ? c->cipher : c->address;
    }
    return drive;
}

static bool selection_is_valid(const struct cw_chip *chip)
{
    bool by_data = is_command(chip, CW_SANCUS_ENABLE) || is_verify(chip) ||
            is_command(chip, CW_SANCUS_GET_ID);
    bool by_key = !(is_verify(chip) || is_command(chip, CW_SANCUS_GET_ID) ||
            is_command(chip, CW_SANCUS_GET_CALLER));

    return (!by_data || data_slot(chip) >= 0) && (!by_key || key_slot(chip) >= 0);
}

static void count_addresses(struct cw_chip *chip, const struct outputs *o,
        const struct duplex_out *out, uint16_t mem_in)
{
    struct cw_crypto *c = &chip->crypto;
    bool next = (o->what & DO_NEXT) != 0 || ((o->what & DO_NEXT_IF_OUT) != 0 && out->ready);

    if (o->address != FROM_NONE) {
        c->address = word_from(chip, o->address, mem_in);
    } else if (next) {
        c->address = (uint16_t)(c->address + 2);
    }
    if (o->limit != FROM_NONE) {
        c->limit = word_from(chip, o->limit, mem_in);
    }
    if (o->cipher != FROM_NONE) {
        c->cipher = word_from(chip, o->cipher, mem_in);
    } else if ((o->what & DO_STORE_IF_OUT) != 0 && out->ready) {
        c->cipher = (uint16_t)(c->cipher + 2);
    }
}

struct cw_crypto_drive cw_crypto_cycle(struct cw_chip *chip, bool start, uint16_t mem_in)
{
    struct cw_crypto *c = &chip->crypto;
    step to = next_step(chip, start);
    const struct outputs *o = &table[to];
    uint8_t duplex_before = c->wrap_state;
    struct duplex_out out = duplex_cycle(chip, o->what);
    struct cw_crypto_drive drive = drive_bus(chip, o->what, &out);
    bool valid = selection_is_valid(chip);
    bool enable = is_command(chip, CW_SANCUS_ENABLE);

    drive.busy = to != STEP_IDLE;
    c->reg_write = false;
    if (to == STEP_FAIL || to == STEP_SUCCESS) {
        drive.clear_z = true;
        drive.cancel = to == STEP_FAIL && enable && !c->refused;
        if (enable) {
            settle_enable(chip, to == STEP_SUCCESS);
        }
        finish(chip, to == STEP_SUCCESS);
    }
    if ((o->what & DO_TAG_OK) != 0) {
        c->tag_ok = true;
    } else if (out.ready && out.word != mem_in) {
        c->tag_ok = false;
    }
    if ((o->what & DO_KEY_WRITE) != 0) {
        cw_unit_write_key(chip, c->key_index, out.word);
        c->key_index++;
    }
    if ((o->what & DO_KEY_RESET) != 0) {
        c->key_index = 0;
    }
    if ((o->what & DO_LOAD) != 0) {
        memmove(c->loaded_key, c->loaded_key + 2, tag_len(chip) - 2);
        c->loaded_key[tag_len(chip) - 2] = (uint8_t)mem_in;
        c->loaded_key[tag_len(chip) - 1] = (uint8_t)(mem_in >> 8);
    }
    if (o->word != FROM_NONE) {
        c->data_in = word_from(chip, o->word, mem_in);
    }
    count_addresses(chip, o, &out, mem_in);
    if (o->key == KEY_OWN) {
        c->key_select = chip->core.r[9] != 0 ? KEY_MEMORY : KEY_MODULE;
    } else if (o->key != KEY_NONE) {
        c->key_select = o->key;
    }
    c->start = (o->what & DO_START) != 0;
    c->valid = valid;
    if (to == STEP_WHOLE && c->state == STEP_WHOLE) {
        c->whole_left--;
    }
    c->steady = to == c->state && c->wrap_state == duplex_before;
    c->state = (uint8_t)to;
    return drive;
}

bool cw_crypto_is_idle(const struct cw_chip *chip)
{
    return chip->crypto.state == STEP_IDLE && !chip->crypto.reg_write;
}

unsigned cw_crypto_idle_cycles(const struct cw_chip *chip)
{
    const struct cw_crypto *c = &chip->crypto;
    bool permutes = c->wrap_state == DUPLEX_KEY_WAIT || c->wrap_state == DUPLEX_AD_WAIT ||
            c->wrap_state == DUPLEX_BODY_WAIT || c->wrap_state == DUPLEX_TAG_WAIT;

    if (c->state == STEP_WHOLE) {
        return c->whole_left > 2 ? c->whole_left - 2 : 0;
    }
    return permutes && c->steady && c->busy > 2 ? c->busy - 2 : 0;
}

void cw_crypto_skip(struct cw_chip *chip, unsigned cycles)
{
    if (chip->crypto.state == STEP_WHOLE) {
        chip->crypto.whole_left -= cycles;
    } else {
        chip->crypto.busy -= cycles;
    }
}

void cw_crypto_reset(struct cw_chip *chip)
{
    struct cw_crypto *c = &chip->crypto;
    uint16_t data_in = c->data_in;

    memset(c, 0, sizeof *c);
    c->data_in = data_in;
}

/* ---- closed quirks ---- */

static bool arguments_are_even(const struct cw_chip *chip)
{
    const uint16_t *r = chip->core.r;
    unsigned all = r[9] | r[10] | r[11] | r[12] | r[13] | r[14] | r[15];

    return (all & 1) == 0 && r[10] <= r[11] && r[12] <= r[13] &&
            (uint32_t)r[14] + (r[13] - r[12]) <= 0x10000 &&
            (uint32_t)r[15] + tag_len(chip) <= 0x10000 &&
            (r[9] == 0 || (uint32_t)r[9] + tag_len(chip) <= 0x10000);
}

static bool may(struct cw_chip *chip, uint16_t address, uint32_t len, bool write)
{
    if (cw_unit_allows(chip, chip->core.inst_pc, address, len, write)) {
        return true;
    }
    cw_unit_note(chip, write ? "write to a module's memory" : "read of a module's memory", address);
    chip->core.violation_latched = true;
    return false;
}

static void read_bytes(const struct cw_chip *chip, uint16_t address, uint32_t len, uint8_t *ret)
{
    for (uint32_t i = 0; i < len; i++) {
        uint16_t at = (uint16_t)(address + i);

        ret[i] = cw_chip_is_ram(chip, at) || cw_chip_is_rom(chip, at) ? chip->mem[at] : 0;
    }
}

static void write_bytes(struct cw_chip *chip, uint16_t address, uint32_t len, const uint8_t *bytes)
{
    for (uint32_t i = 0; i < len; i++) {
        uint16_t at = (uint16_t)(address + i);

        if (cw_chip_is_ram(chip, at) || cw_chip_is_rom(chip, at)) {
            chip->mem[at] = bytes[i];
        }
    }
    cw_chip_touch(chip, address, address + len);
}

static unsigned whole_cycles(const struct cw_chip *chip, bool unwrap)
{
    const uint16_t *r = chip->core.r;
    unsigned k = tag_len(chip) / 2, round = rounds(chip);
    unsigned ad = r[10] == r[11] ? 1 : (r[11] - r[10]) / 2u;
    unsigned body = r[12] == r[13] ? 1 : (r[13] - r[12]) / 2u;
    unsigned cycles = unwrap ? (2 * k - 1) * (round + 2) + (ad + body) * (round + 3) + 10
                             : 2 * k * (round + 2) + (ad + body) * (round + 3) + 9;

    return cycles + (r[9] != 0 ? 2 * k : 0);
}

/*
 * The specified function, computed at once; the engine then only waits.  Nothing is written on
 * a wrong tag or on a violation.
 */
static void whole(struct cw_chip *chip, bool unwrap)
{
    static uint8_t ad[0x10000], in[0x10000], out[0x10000];
    const uint16_t *r = chip->core.r;
    uint32_t ad_len = (uint32_t)(r[11] - r[10]), in_len = (uint32_t)(r[13] - r[12]);
    uint8_t key[16], tag[16], expected[16];
    int slot = key_slot(chip);
    unsigned len = tag_len(chip);
    bool allowed = may(chip, r[10], ad_len, false) && may(chip, r[12], in_len, false) &&
            may(chip, r[14], in_len, true) && may(chip, r[15], len, !unwrap) &&
            (r[9] == 0 || may(chip, r[9], len, false));
    struct cw_sponge_job job = {
        chip->config.security_bits, key, ad, ad_len, in, in_len, unwrap};

    chip->crypto.tag_ok = false;
    if (r[9] != 0) {
        read_bytes(chip, r[9], len, key);
    } else if (slot >= 0) {
        memcpy(key, chip->unit.slot[slot].key, sizeof key);
    } else {
        chip->crypto.refused = true;
        return;
    }
    chip->crypto.whole_left = whole_cycles(chip, unwrap) - 2;
    if (!allowed) {
        return;
    }
    read_bytes(chip, r[10], ad_len, ad);
    read_bytes(chip, r[12], in_len, in);
    read_bytes(chip, r[15], len, expected);
    cw_sponge_run(&job, out, tag);
    chip->crypto.tag_ok = !unwrap || cw_bytes_equal(tag, expected, len);
    if (chip->crypto.tag_ok) {
        write_bytes(chip, r[14], in_len, out);
    }
    if (!unwrap) {
        write_bytes(chip, r[15], len, tag);
    }
    cw_bytes_wipe(key, sizeof key);
    cw_bytes_wipe(in, in_len);
    cw_bytes_wipe(out, in_len);
}

void cw_crypto_screen(struct cw_chip *chip)
{
    struct cw_crypto *c = &chip->crypto;
    const uint16_t *r = chip->core.r;
    bool unwrap = is_command(chip, CW_SANCUS_UNWRAP);
    bool whole_unwrap, empty_ad;

    c->refused = false;
    c->whole_left = 0;
    chip->unit.new_slot = -1;
    if (is_command(chip, CW_SANCUS_ENABLE)) {
        c->refused = cw_unit_enable_refused(chip);
        return;
    }
    if (is_verify(chip)) {
        c->refused = (!cw_chip_has(chip, CW_QUIRK_CRYPTO_ROUNDING) && (r[15] & 1) != 0) ||
                (!cw_chip_has(chip, CW_QUIRK_CODE_ORACLE) &&
                        !may(chip, r[15], tag_len(chip), false));
        return;
    }
    if (!is_wrap_or_unwrap(chip)) {
        return;
    }
    if (!cw_chip_has(chip, CW_QUIRK_CRYPTO_ROUNDING) && !arguments_are_even(chip)) {
        c->refused = true;
        return;
    }
    whole_unwrap = unwrap && !cw_chip_has(chip,
                              r[12] == r[13] ? CW_QUIRK_UNWRAP_EMPTY : CW_QUIRK_UNWRAP_UNVERIFIED);
    empty_ad = r[10] == r[11] && !cw_chip_has(chip, CW_QUIRK_AD_EMPTY);
    /* with rounding on, odd arguments have no specified function: the engine's steps decide */
    if ((whole_unwrap || empty_ad) && arguments_are_even(chip)) {
        whole(chip, unwrap);
    }
}
