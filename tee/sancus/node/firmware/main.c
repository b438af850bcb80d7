/* SPDX-License-Identifier: MIT */
/*
 * The event manager of a board: answers its gateway and sleeps.  It holds no secret and decides
 * nothing that a module relies on.
 */
#include "silicon/sancus/arch.h"
#include "tee/sancus/abi.h"
#include "tee/sancus/node/firmware/chip.h"
#include "tee/sancus/node/firmware/line.h"
#include "tee/sancus/node/firmware/slots.h"

#define REMIND 100000u /* polls between two reminders of an interrupt */

/* Survives a reset where the chip does not clear RAM. */
static uint16_t boot_count __attribute__((section(".noinit")));

static uint16_t boot;
static uint16_t answered_seq;
static size_t answer_len;

static size_t say_hello(uint8_t *ret_answer)
{
    const uint16_t fields[] = {CW_LINE_SLOTS, slots_used(), CW_LINE_IN_MAX, CW_LINE_OUT_MAX,
            CW_SANCUS_TEXT_BASE, CW_SANCUS_TEXT_END, CW_SANCUS_DATA_BASE, CW_SANCUS_DATA_END};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        line_put_u16(ret_answer + 2 * i, fields[i]);
    }
    return sizeof fields;
}

static size_t obey(const struct line_frame *frame, uint8_t *ret_answer)
{
    switch (frame->type) {
    case CW_LINE_HELLO:
        return say_hello(ret_answer);
    case CW_LINE_REBOOT:
        chip_reboot();
    case CW_LINE_WRITE:
        return slots_write(line_in, frame->len, ret_answer);
    case CW_LINE_ENABLE:
        return slots_enable(line_in, frame->len, ret_answer);
    case CW_LINE_CALL:
        return slots_call(line_in, frame->len, ret_answer);
    case CW_LINE_UNLOAD:
        return slots_unload(line_in, frame->len, ret_answer);
    default:
        line_put_u16(ret_answer, CW_LINE_BAD);
        return 2;
    }
}

static void answer(const struct line_frame *frame)
{
    bool is_repeated = frame->seq == answered_seq && frame->type != CW_LINE_REBOOT;
    if (!is_repeated) {
        line_put_u16(line_out, boot);
        answer_len = 2 + obey(frame, line_out + 2);
        answered_seq = frame->seq;
    }
    line_send(frame->type | CW_LINE_ANSWER, frame->seq, line_out, answer_len);
}

/*
 * Tell the gateway of devices that wait.  Interrupts stay off until it has called the driver,
 * since the device asks without end; so this board does not sleep meanwhile.
 */
static void remind(void)
{
    static const uint16_t enable_at[][2] = {{CW_IRQ_PORT1, CW_P1IE}, {CW_IRQ_PORT2, CW_P2IE}};
    for (size_t i = 0; i < 2; i++) {
        uint16_t bit = (uint16_t)(1u << enable_at[i][0]);
        if ((chip_interrupts & bit) == 0) {
            continue;
        }
        uint16_t slot = slots_waiting(enable_at[i][0]);
        if (slot < CW_LINE_SLOTS) {
            uint8_t payload[4];
            line_put_u16(payload, boot);
            line_put_u16(payload + 2, slot);
            line_send(CW_LINE_INTERRUPT, 0, payload, sizeof payload);
        } else if (!slots_own(enable_at[i][1])) {
            *(volatile uint8_t *)enable_at[i][1] = 0;
            chip_interrupts &= (uint16_t)~bit;
        }
    }
}

int main(void)
{
    boot_count++;
    boot = (uint16_t)(*(volatile uint16_t *)CW_RANDOM ^ boot_count);
    line_start();
    line_put_u16(line_out, boot);
    line_send(CW_LINE_HELLO | CW_LINE_ANSWER, 0, line_out, 2 + say_hello(line_out + 2));
    for (;;) {
        uint32_t left = 0;
        while (!line_is_busy()) {
            if (chip_interrupts == 0) {
                chip_sleep();
                left = 0;
            } else if (left == 0) {
                remind();
                left = REMIND;
            } else {
                left--;
            }
        }
        struct line_frame frame;
        if (line_receive(&frame)) {
            answer(&frame);
        }
    }
}
