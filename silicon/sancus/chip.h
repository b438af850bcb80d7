/* SPDX-License-Identifier: MIT */
/*
 * chip.h - the state of one emulated Sancus microcontroller.
 *
 * What     One structure with all registers of the chip, so that its parts (core.c, unit.c,
 *          crypto.c, soc.c and the devices) can work on it; and what a user of the chip may do:
 *          configure, reset, run.
 * Trust    SILICON.  Knows nothing of the software it runs.
 * Memory   The caller owns struct cw_chip; it holds no pointer that has to be freed but the
 *          dispatch table (cw_chip_close).
 * Calls    One caller at a time.
 *
 *     cw_chip_init --> load memory --> cw_chip_power_on --> cw_chip_run ... --> cw_chip_close
 *
 * Time is counted in clock cycles.  A cycle reads the registers, computes, and commits; what a
 * device shows in a cycle is its state at the start of that cycle.
 */
#ifndef CW_SILICON_SANCUS_CHIP_H
#define CW_SILICON_SANCUS_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "silicon/sancus/arch.h"
#include "silicon/sancus/decode.h"
#include "silicon/sancus/quirks.h"

#define CW_SLOTS_MAX 16u
#define CW_CYCLE_NEVER UINT64_MAX

/* What becomes of a violation. */
typedef enum cw_on_violation {
    CW_VIOLATION_IRQ,   /* interrupt 13, as the published hardware */
    CW_VIOLATION_RESET, /* reset of the chip                       */
    CW_VIOLATION_STOP,  /* the run stops                           */
} cw_on_violation;

struct cw_chip_config {
    uint32_t rom_len, ram_len;       /* ROM ends at 0x10000, RAM begins at CW_RAM_BASE */
    unsigned slots_count;            /* 1 .. CW_SLOTS_MAX   */
    unsigned security_bits;          /* 64 or 128           */
    uint8_t node_key[16];            /* security_bits / 8 used */
    cw_quirks quirks;
    cw_on_violation on_violation;
    unsigned irq_pad;                /* 0, or constant interrupt latency (at least 7) */
    uint32_t clock_hz;
    bool lfxt;                       /* a 32 kHz crystal (655 kHz scale) is fitted */
    bool board_devices;              /* random source, counter, display            */
    bool uart;                       /* a full UART; else writes to TXD are printed */
    const char *counter_path;        /* where the non-volatile counter is kept      */
};

/* Why a run came back. */
typedef enum cw_stop {
    CW_STOP_NONE,
    CW_STOP_LIMIT,      /* the cycle limit is reached                        */
    CW_STOP_CPUOFF,     /* asleep, and nothing in the chip can wake it       */
    CW_STOP_SELF_JUMP,  /* jmp $, and nothing in the chip can interrupt it   */
    CW_STOP_VIOLATION,  /* only with CW_VIOLATION_STOP                       */
    CW_STOP_ILLEGAL,    /* a quirk that is off traps                         */
    CW_STOP_SLEEP,      /* asleep until chip->event_at; only if real_time    */
    CW_STOP_DEBUG,      /* chip->debug->reason                               */
} cw_stop;

/* A protected module's slot. */
struct cw_slot {
    bool enabled;
    uint16_t id, ps, pe, ss, se;
    uint8_t key[16];
};

/* The Sancus unit but its crypto engine. */
struct cw_unit {
    struct cw_slot slot[CW_SLOTS_MAX];
    unsigned enabled_count;
    uint16_t next_id;
    uint16_t previous_id;        /* what GET_CALLER_ID answers    */
    uint16_t id_last_cycle;
    uint16_t interrupted_id;     /* who ran when the last interrupt was detected */
    uint32_t executing;          /* bit per slot: the current instruction is in its text  */
    bool wrong_entry;            /* the current instruction entered a text elsewhere      */
    int new_slot;                /* slot of the running ENABLE, -1: none                  */
};

/* The crypto engine: its sequencer, the duplex sequencer, and the sponge. */
struct cw_crypto {
    uint8_t state;               /* enum in crypto.c */
    uint8_t wrap_state;
    uint8_t key_select;
    bool start;                  /* latched: the duplex may go on */
    bool valid;                  /* latched: the selected module exists */
    bool tag_ok;
    bool reg_write;
    uint8_t reg;                 /* 0 or 15 */
    uint16_t reg_value;
    uint16_t address, limit, cipher;
    uint16_t data_in;
    uint8_t key_index;           /* of the key being written   */
    uint8_t key_block;           /* of the key being absorbed  */
    uint8_t loaded_key[16];
    uint8_t sponge[42];
    unsigned busy;               /* cycles that the permutation still takes */
    bool steady;                 /* the last cycle changed nothing but [busy] */
    /* closed quirks */
    bool refused;                /* the running instruction is refused            */
    unsigned whole_left;         /* cycles of one that was computed at once       */
};

/* Registers of the pipeline. */
struct cw_core {
    uint16_t r[17];              /* r[0]: fetch address; r[2] with its hardware bits; r[16]: 0 */
    uint8_t fetch_state, exec_state;
    struct cw_inst inst;         /* decoded: in execution */
    uint16_t inst_pc, previous_pc;
    uint16_t sext, dext;         /* extension words */
    bool dext_ready;
    uint8_t irq_number;
    uint8_t irq_source;          /* register that interrupt entry stores next */
    bool in_reset_entry;         /* the entry sequence after reset is running */
    bool violation_latched;
    bool save_state;             /* the interrupted module keeps its state itself */
    bool do_jump, do_dest_write, do_source_write;
    bool rom_busy;
    uint16_t data_out;           /* next word to write */
    bool odd_access;
    bool in_buffer_enable, in_buffer_valid;
    uint16_t in_buffer;
    uint16_t stack_guard;
    bool sm_interrupted;         /* SR bit 15's own register */
    /* memory backbone */
    uint16_t rom_latch, ram_latch; /* address of the word at each memory's output */
    uint16_t per_latch;
    uint8_t read_select;
    bool mask_reads;
    bool fetch_delayed, use_backup;
    uint16_t backup;
};

struct cw_watchdog {
    uint8_t ctl;
    uint16_t count;
    bool ifg, touched;
    uint64_t reset_at;           /* cycle at which the chip is reset, or never */
};

struct cw_timer_unit {
    uint16_t ctl, ccr;
    bool scci, sync0, sync1, delayed, event, capture, taken;
};

struct cw_timer {
    uint16_t ctl, tar;
    uint8_t divider;
    bool down;
    struct cw_timer_unit unit[3];
};

struct cw_port {
    uint8_t pins;                /* level at the package */
    uint8_t sync0, in, delayed;
    uint8_t out, dir, ifg, ies, ie, sel;
};

struct cw_multiplier {
    uint16_t op1, op2, lo, hi;
    uint8_t sumext, cycle;
    bool is_signed, accumulate;
};

#define CW_UART_QUEUE 4096u

struct cw_uart {
    uint8_t ctl, stat;
    uint16_t baud;
    uint8_t rx_data, tx_data, tx_shift;
    bool tx_full, tx_busy;
    uint64_t tx_done, rx_next;
    /* the wire's other end */
    uint8_t in[CW_UART_QUEUE], out[CW_UART_QUEUE];
    unsigned in_head, in_count, out_count;
};

struct cw_spi {
    uint8_t state;               /* enum in spi.c */
    uint8_t ctl;
    bool start;                  /* the byte in [data] is taken in this cycle */
    uint8_t data, shift;
    bool clock;
    uint8_t divider, count;      /* cycles of a half period; bits sent        */
};

struct cw_clock {
    uint8_t ctl1, ctl2;
    bool smclk, aclk;            /* enables in this cycle */
    uint8_t smclk_divider, aclk_divider;
    bool scg1, oscoff;           /* as the core had them at soc.now */
};

struct cw_dma {
    uint16_t address, count, trace_offset, remaining;
    uint16_t target;             /* what it reads while enabled */
    bool enable;
    uint8_t settle;              /* cycles until trace_out stays as it is */
    uint8_t trace[256];          /* bit per sample: the core was in its way */
    uint16_t trace_out, data;    /* data: what a read in this cycle sees */
};

struct cw_display {
    uint8_t cell[CW_DISPLAY_LEN];
    uint8_t at;
    bool changed;
};

struct cw_counter {
    uint64_t value;
    int fd;
};

struct cw_soc {
    uint64_t now;                /* devices are in their state at the start of this cycle */
    uint64_t reset_cycle;        /* when the time stamp counter was 0                     */
    bool watchdog_ie;
    struct cw_clock clock;
    struct cw_watchdog watchdog;
    struct cw_timer timer;
    struct cw_port port[6];
    struct cw_multiplier multiplier;
    struct cw_uart uart;
    struct cw_dma dma;
    struct cw_display display;
    struct cw_counter counter;
    uint16_t counter_latch[3];
    uint8_t led_digits[8];
    struct cw_spi spi;
    uint8_t file_data;
    uint64_t tsc_snapshot;
    bool led;                    /* level at the LED's pin */
    bool led_changed;
};

/* A refused access, for people. */
struct cw_violation {
    const char *rule;            /* short, stable name */
    uint16_t pc, address;
    uint16_t subject_id, object_id;
};

struct cw_chip;

/* What a chip tells its surroundings.  Any function may be NULL. */
struct cw_chip_events {
    void *arg;
    void (*instruction)(void *arg, const struct cw_chip *chip); /* about to execute   */
    void (*violation)(void *arg, const struct cw_violation *violation);
    void (*console)(void *arg, uint8_t byte);                   /* printed by TXD     */
    void (*reset)(void *arg, const char *why);
};

struct cw_engine;
struct cw_debug;

struct cw_chip {
    struct cw_core core;
    struct cw_unit unit;
    struct cw_crypto crypto;
    struct cw_soc soc;
    struct cw_chip_config config;
    struct cw_chip_events events;

    uint64_t cycle;              /* since power-on; see cw_chip_cycles */
    uint64_t origin;             /* when the first instruction began   */
    uint64_t instructions;
    uint64_t cycle_limit;
    bool started;                /* the first instruction has begun */
    uint64_t event_at;           /* devices need a look then; 0: unknown */
    bool real_time;              /* let the caller wait while the core sleeps */
    bool at_boundary;            /* an instruction begins in this cycle */
    bool asleep;
    uint64_t asleep_since;       /* cycle */
    cw_stop stop;
    struct cw_violation violation; /* the last one */
    uint64_t violations_count;
    const char *trap_rule;       /* with CW_STOP_ILLEGAL */
    uint16_t trap_address;

    uint16_t rom_base;           /* first address of program memory      */
    uint32_t ram_end;            /* first address behind RAM             */
    struct cw_engine *engine;    /* see engine.c                         */
    struct cw_debug *debug;      /* see debug.h; NULL: nobody debugs     */
    bool engine_off;             /* single-cycle model only              */
    bool slots_changed;          /* since the engine looked              */
    uint32_t dirty_from, dirty_to; /* program memory written since then  */
    uint8_t mem[0x10000];
};

/*
 * cw_chip_init - a chip with empty memory, not yet powered.
 *
 * CW_E_FORM    the configuration is impossible
 * CW_E_SYSTEM  out of memory, or the counter's file cannot be used (a line is printed)
 */
CW_MUST_CHECK cw_status cw_chip_init(struct cw_chip *chip, const struct cw_chip_config *config);

/* cw_chip_power_on - all registers to their reset values; memory is kept. */
void cw_chip_power_on(struct cw_chip *chip);

/*
 * cw_chip_run - run until cw_chip_cycles() reaches cycle_limit, or another reason.
 *
 * Call again to go on.  The chip stands at an instruction boundary, or asleep.
 */
cw_stop cw_chip_run(struct cw_chip *chip, uint64_t cycle_limit);

/* cw_chip_cycles - cycles since the instruction at the reset vector began. */
uint64_t cw_chip_cycles(const struct cw_chip *chip);

/* cw_chip_stop_cycles - when the run stopped; a sleep begins with its first idle cycle. */
uint64_t cw_chip_stop_cycles(const struct cw_chip *chip, cw_stop stop);

/* cw_chip_pc - address of the next instruction. */
uint16_t cw_chip_pc(const struct cw_chip *chip);

/* cw_chip_reset - pull the reset line; the chip restarts at its reset vector. */
void cw_chip_reset(struct cw_chip *chip, const char *why);

/* cw_chip_jump - the next instruction is the one at [pc]; only at an instruction boundary. */
void cw_chip_jump(struct cw_chip *chip, uint16_t pc);

/*
 * cw_chip_came_from - after cw_chip_jump: the instruction before was the one at [pc], so that
 * the jump is judged as if that one had made it.
 */
void cw_chip_came_from(struct cw_chip *chip, uint16_t pc);

/* cw_chip_set_flags - the bits of SR that software may write. */
void cw_chip_set_flags(struct cw_chip *chip, uint16_t sr);

/* cw_chip_sleep - let [cycles] pass; only while CW_STOP_SLEEP or CW_STOP_CPUOFF was returned. */
void cw_chip_sleep(struct cw_chip *chip, uint64_t cycles);

/* cw_chip_next_event - when the devices need a look, at the latest. */
uint64_t cw_chip_next_event(struct cw_chip *chip);

/* cw_chip_trap - a closed quirk stops the run at the end of this cycle. */
void cw_chip_trap(struct cw_chip *chip, const char *rule, uint16_t address);

/* cw_chip_close - free what cw_chip_init took. */
void cw_chip_close(struct cw_chip *chip);

static inline uint16_t cw_chip_word(const struct cw_chip *chip, uint16_t address)
{
    address &= 0xfffe;
    return (uint16_t)(chip->mem[address] | chip->mem[address + 1] << 8);
}

static inline void cw_chip_poke(struct cw_chip *chip, uint16_t address, uint16_t value)
{
    address &= 0xfffe;
    chip->mem[address] = (uint8_t)value;
    chip->mem[address + 1] = (uint8_t)(value >> 8);
}

/* cw_chip_touch - program memory was changed; the engine must decode it anew. */
static inline void cw_chip_touch(struct cw_chip *chip, uint32_t from, uint32_t to)
{
    chip->dirty_from = from < chip->dirty_from ? from : chip->dirty_from;
    chip->dirty_to = to > chip->dirty_to ? to : chip->dirty_to;
}

static inline bool cw_chip_has(const struct cw_chip *chip, cw_quirk quirk)
{
    return cw_quirks_has(chip->config.quirks, quirk);
}

static inline bool cw_chip_is_rom(const struct cw_chip *chip, uint16_t address)
{
    return address >= chip->rom_base;
}

static inline bool cw_chip_is_ram(const struct cw_chip *chip, uint16_t address)
{
    return address >= CW_RAM_BASE && address < chip->ram_end;
}

#endif
