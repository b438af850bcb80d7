/* SPDX-License-Identifier: MIT */
/*
 * board_devices.c - random source, non-volatile counter and character display.
 *
 * The counter's file holds two records of a value and its complement; they are written in turn,
 * so that a crash leaves at least one whole.  The larger valid one counts.
 */
#include "silicon/sancus/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "posix/log.h"

#define RECORD_LEN 16

static void put64(uint8_t *to, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get64(const uint8_t *from)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < 8; i++) {
        value |= (uint64_t)from[i] << (8 * i);
    }
    return value;
}

static bool counter_load(struct cw_counter *counter)
{
    uint8_t records[2 * RECORD_LEN] = {0};
    ssize_t got = pread(counter->fd, records, sizeof records, 0);
    bool valid = false;

    counter->value = 0;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t value = get64(records + RECORD_LEN * i);

        if (got >= (ssize_t)(RECORD_LEN * (i + 1)) &&
                get64(records + RECORD_LEN * i + 8) == ~value) {
            valid = true;
            counter->value = value > counter->value ? value : counter->value;
        }
    }
    return got == 0 || valid;
}

cw_status cw_board_open(struct cw_chip *chip)
{
    struct cw_counter *counter = &chip->soc.counter;
    const char *path = chip->config.counter_path;

    counter->fd = -1;
    if (!chip->config.board_devices || path == NULL) {
        return CW_OK;
    }
    counter->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (counter->fd < 0) {
        cw_log_error("cannot open the counter's file %s: %s", path, strerror(errno));
        return CW_E_SYSTEM;
    }
    if (flock(counter->fd, LOCK_EX | LOCK_NB) != 0) {
        cw_log_error("the counter's file %s is in use by another board: give each its own", path);
        goto close_file;
    }
    if (!counter_load(counter)) {
        cw_log_error("the counter's file %s is damaged; a counter that could go back is worth "
                     "nothing: give the board a new file, and its modules new keys",
                path);
        goto close_file;
    }
    return CW_OK;

close_file:
    (void)close(counter->fd);
    counter->fd = -1;
    return CW_E_SYSTEM;
}

void cw_board_close(struct cw_chip *chip)
{
    if (chip->soc.counter.fd >= 0) {
        (void)close(chip->soc.counter.fd);
        chip->soc.counter.fd = -1;
    }
}

/* All ones when it cannot be made durable: the software must not take it for fresh. */
static uint64_t counter_advance(struct cw_counter *counter)
{
    uint8_t record[RECORD_LEN];
    uint64_t value = counter->value + 1;

    if (counter->value >= UINT64_MAX - 1) {
        return UINT64_MAX;
    }
    put64(record, value);
    put64(record + 8, ~value);
    if (counter->fd >= 0 &&
            (pwrite(counter->fd, record, sizeof record, (off_t)(value & 1) * RECORD_LEN) !=
                            (ssize_t)sizeof record ||
                    fdatasync(counter->fd) != 0)) {
        cw_log_error("cannot write the counter: %s", strerror(errno));
        return UINT64_MAX;
    }
    counter->value = value;
    return value;
}

static uint16_t random_word(void)
{
    uint8_t bytes[2];

    while (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
    }
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

uint16_t cw_board_read(struct cw_chip *chip, uint16_t address)
{
    struct cw_soc *soc = &chip->soc;
    uint64_t value;

    switch (address) {
    case CW_RANDOM:
        return random_word();
    case CW_COUNTER0:
        value = counter_advance(&soc->counter);
        soc->counter_latch[0] = (uint16_t)(value >> 16);
        soc->counter_latch[1] = (uint16_t)(value >> 32);
        soc->counter_latch[2] = (uint16_t)(value >> 48);
        return (uint16_t)value;
    case CW_COUNTER1:
    case CW_COUNTER2:
    case CW_COUNTER3:
        return soc->counter_latch[(address - CW_COUNTER1) / 2];
    case CW_DISPLAY_CTL:
        return (uint16_t)(soc->display.cell[soc->display.at] << 8);
    default:
        return 0;
    }
}

void cw_board_write(struct cw_chip *chip, uint16_t address, uint16_t data, uint8_t lanes)
{
    struct cw_display *display = &chip->soc.display;

    if (address != CW_DISPLAY_CTL) {
        return;
    }
    if ((lanes & 1) != 0 && (data & 0x80) != 0) {
        display->at = (uint8_t)(data & (CW_DISPLAY_LEN - 1));
    } else if ((lanes & 1) != 0 && (data & 0xff) == 1) {
        memset(display->cell, ' ', sizeof display->cell);
        display->at = 0;
        display->changed = true;
    }
    if ((lanes & 2) != 0) {
        display->cell[display->at] = (uint8_t)(data >> 8);
        display->at = (uint8_t)((display->at + 1) % CW_DISPLAY_LEN);
        display->changed = true;
    }
}
