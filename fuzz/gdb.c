/* SPDX-License-Identifier: MIT */
/*
 * gdb.c - a debugger's client at the stub of an emulated board.
 *
 * Input    how 1 (even: framed), then: even: bodies, each length 1, bytes, put into good frames;
 *          odd: the bytes as they are, acknowledgements on.
 *          A body of 128 and more is its length less 128, and its last byte fills the packet.
 * Holds    what the stub sends is acknowledgements and whole frames; a client that has gone
 *          leaves nothing behind.
 * Plant    silicon/sancus/gdb.c s/command.number >= CW_GDB_REGISTERS/command.number >= 200/
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz/input.h"
#include "posix/log.h"
#include "silicon/sancus/gdb.h"

#define SLICE 2000u
#define TURNS 64

static struct cw_chip chip;
static struct cw_gdb gdb;
static char path[64];

static void reset(void *arg)
{
    (void)arg;
    cw_chip_reset(&chip, "fuzz");
}

static void end(void)
{
    cw_gdb_close(&gdb);
    cw_chip_close(&chip);
}

static void begin(void)
{
    static const struct cw_gdb_hooks hooks = {NULL, reset, reset};
    struct cw_chip_config config = {.rom_len = 0xa400,
            .ram_len = 0x4000,
            .slots_count = 4,
            .security_bits = 128,
            .clock_hz = 20000000,
            .board_devices = true,
            .uart = true};

    cw_log_setup("fuzz", CW_LOG_ERROR, false);
    (void)snprintf(path, sizeof path, "/tmp/cw-fuzz-gdb-%ld", (long)getpid());
    FUZZ_HOLDS(cw_chip_init(&chip, &config) == CW_OK);
    FUZZ_HOLDS(cw_gdb_open(&gdb, &chip, path, &hooks, false) == CW_OK);
    (void)atexit(end);
}

/* add #1, r4; mov r4, &0x0300; jmp to the first */
static void load(void)
{
    static const uint16_t program[] = {0x5314, 0x4482, 0x0300, 0x3ffc};

    memset(chip.mem, 0, sizeof chip.mem);
    for (unsigned i = 0; i < sizeof program / sizeof program[0]; i++) {
        cw_chip_poke(&chip, (uint16_t)(0x5c00 + 2 * i), program[i]);
    }
    cw_chip_poke(&chip, 0xfffe, 0x5c00);
    cw_chip_power_on(&chip);
}

static int client(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    memcpy(address.sun_path, path, strlen(path) + 1);
    FUZZ_HOLDS(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}

/* Everything that comes is an acknowledgement or a whole frame with its sum. */
static void look_at(struct cw_gdb_packet *packet, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        FUZZ_HOLDS(packet->state != 0 || bytes[i] == '$' || bytes[i] == '+' || bytes[i] == '-');
        cw_gdb_input got = cw_gdb_packet_put(packet, bytes[i]);
        FUZZ_HOLDS(got == CW_GDB_MORE || got == CW_GDB_PACKET || got == CW_GDB_ACK ||
                got == CW_GDB_NACK);
    }
}

static void turn(int fd, struct cw_gdb_packet *packet)
{
    uint8_t bytes[4096];
    ssize_t got;

    cw_gdb_serve(&gdb);
    if (!cw_gdb_holds(&gdb)) {
        cw_gdb_ran(&gdb, cw_chip_run(&chip, cw_chip_cycles(&chip) + SLICE), NULL);
        cw_gdb_serve(&gdb);
    }
    while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0) {
        look_at(packet, bytes, (size_t)got);
        cw_gdb_serve(&gdb);
    }
}

static void send_frame(int fd, const uint8_t *body, size_t len)
{
    uint8_t frame[CW_GDB_FRAME_MAX];

    (void)send(fd, frame, cw_gdb_frame((const char *)body, len, frame), MSG_NOSIGNAL);
}

/* Numbers of digits that fit no packet, too: one body, doubled up to the largest there is. */
static void send_long(int fd, const uint8_t *body, size_t len)
{
    static uint8_t text[CW_GDB_BODY_MAX];
    size_t at = 0;

    for (; at < sizeof text; at++) {
        text[at] = at < len ? body[at] : body[len - 1];
    }
    send_frame(fd, text, at);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static bool began;
    struct fuzz_input in = {bytes, len};
    struct cw_gdb_packet packet = {0};
    bool framed = fuzz_u8(&in) % 2 == 0;

    if (!began) {
        began = true;
        begin();
    }
    load();
    int fd = client();
    turn(fd, &packet);
    if (!framed) {
        (void)send(fd, in.next, in.left_len, MSG_NOSIGNAL);
        turn(fd, &packet);
    }
    for (int i = 0; framed && i < TURNS && in.left_len != 0; i++) {
        uint8_t length = fuzz_u8(&in);
        size_t body_len;
        uint8_t *body = fuzz_own(&in, length % 128, &body_len);
        if (length >= 128 && body_len != 0) {
            send_long(fd, body, body_len);
        } else {
            send_frame(fd, body, body_len);
        }
        free(body);
        turn(fd, &packet);
        (void)send(fd, "\3", 1, MSG_NOSIGNAL);
        turn(fd, &packet);
    }
    (void)close(fd);
    cw_gdb_serve(&gdb);
    FUZZ_HOLDS(!gdb.attached && chip.debug == NULL);
    return 0;
}
