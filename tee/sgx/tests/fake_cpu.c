/* SPDX-License-Identifier: MIT */
#include "tee/sgx/tests/fake_cpu.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/wire/frame.h"
#include "tee/sgx/abi.h"

#define BOXES_LEN SGX_PAGE_LEN
#define MEMORY_LEN (BOXES_LEN + CW_SGX_ARENA_LEN)

/* One connection, and its enclave, if it has one. */
struct line {
    struct fake_cpu *cpu;
    int file;
    int doorbell;
    uint8_t *memory;
    pthread_t module;
    uint32_t is_ending;
};

static struct cw_sgx_mailbox *mailbox(const struct line *line)
{
    return (struct cw_sgx_mailbox *)(void *)line->memory;
}

static uint64_t *word(const struct line *line, size_t offset)
{
    return (uint64_t *)(void *)(line->memory + BOXES_LEN + offset);
}

static uint64_t get(const struct line *line, size_t offset)
{
    return __atomic_load_n(word(line, offset), __ATOMIC_SEQ_CST);
}

static void put(const struct line *line, size_t offset, uint64_t value)
{
    __atomic_store_n(word(line, offset), value, __ATOMIC_SEQ_CST);
}

/* --- the enclave's thread ---------------------------------------------------------------------------- */

static bool ends(const struct line *line)
{
    return __atomic_load_n(&line->is_ending, __ATOMIC_SEQ_CST) != 0;
}

static void ring(const struct line *line)
{
    const uint64_t one = 1;
    if (write(line->doorbell, &one, sizeof one) < 0) {
        perror("doorbell");
    }
}

static void leave_as(const struct line *line, uint32_t function, uint64_t how, uint16_t vector)
{
    struct cw_sgx_mailbox *box = mailbox(line);
    box->function = function;
    (void)memset(box->gpr, 0, sizeof box->gpr);
    box->gpr[CW_SGX_RDI] = how;
    box->gpr[CW_SGX_RSI] = vector;
    box->vector = vector;
    __atomic_store_n(&box->turn, CW_SGX_TURN_HOST, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&box->host_waits, __ATOMIC_SEQ_CST) == CW_SGX_WAIT_BELL) {
        ring(line);
    }
}

static void leave(const struct line *line, uint64_t how)
{
    leave_as(line, SGX_EEXIT, how, 0);
}

/* Until the host gives the turn; false: the end. */
static bool await_turn(const struct line *line)
{
    struct cw_sgx_mailbox *box = mailbox(line);
    while (!ends(line)) {
        __atomic_store_n(&box->cpu_waits, CW_SGX_WAIT_FUTEX, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&box->turn, __ATOMIC_SEQ_CST) == CW_SGX_TURN_CPU) {
            __atomic_store_n(&box->cpu_waits, CW_SGX_WAIT_LOOKS, __ATOMIC_SEQ_CST);
            line->cpu->entered++;
            return true;
        }
        const struct timespec while_ = {.tv_nsec = 20000000};
        (void)syscall(SYS_futex, &box->turn, FUTEX_WAIT, CW_SGX_TURN_HOST, &while_, NULL, 0);
    }
    return false;
}

static void answer(const struct line *line, uint64_t result, const void *item, size_t len)
{
    uint8_t *out = line->memory + BOXES_LEN + CW_SGX_OUT;
    size_t out_len = 0;
    if (item != NULL) {
        cw_link_header_encode(
                &(struct cw_link_header){.len = (uint32_t)len, .type = CW_FRAME_REPLY}, out);
        (void)memcpy(out + CW_LINK_HEADER_LEN, item, len);
        out_len = CW_LINK_HEADER_LEN + len;
    }
    put(line, CW_SGX_WORD_RESULT, result << 24 | out_len);
}

static void respond(const struct line *line)
{
    put(line, CW_SGX_WORD_RESPONSE, get(line, CW_SGX_WORD_REQUEST));
}

/* What becomes of the thread after a command. */
typedef enum then {
    THEN_ANSWERED,
    THEN_OUT,  /* it left already   */
    THEN_OVER, /* the process ended */
} then;

static then obey(struct line *line, uint8_t command, const uint8_t *argument, size_t len)
{
    const unsigned entered = line->cpu->entered;
    switch (command) {
    case 'e':
        answer(line, CW_RESULT_DONE, argument, len);
        respond(line);
        return THEN_ANSWERED;
    case 'c':
        answer(line, CW_RESULT_DONE, &entered, sizeof entered);
        respond(line);
        return THEN_ANSWERED;
    case 's':
        usleep(1000u * argument[0]);
        answer(line, CW_RESULT_DONE, argument, len);
        respond(line);
        return THEN_ANSWERED;
    case 'g':
        answer(line, 77, NULL, 0);
        respond(line);
        return THEN_ANSWERED;
    case 'l':
        put(line, CW_SGX_WORD_RESULT, CW_SGX_OUT_LEN + 1);
        respond(line);
        return THEN_ANSWERED;
    case 'n':
        put(line, CW_SGX_WORD_RESPONSE, get(line, CW_SGX_WORD_REQUEST) + 5);
        return THEN_ANSWERED;
    case 'w':
        for (int i = 0; i < 1000; i++) {
            ring(line);
        }
        answer(line, CW_RESULT_DONE, argument, len);
        respond(line);
        return THEN_ANSWERED;
    case 'i':
        leave(line, CW_SGX_EXIT_IDLE);
        return THEN_OUT;
    case 'd':
        leave(line, CW_SGX_EXIT_DEAD);
        return THEN_OUT;
    case 'f':
        leave_as(line, SGX_EEXIT, CW_SGX_EXIT_FAULT, SGX_VECTOR_UD);
        return THEN_OUT;
    case 'r':
        leave(line, CW_SGX_EXIT_REFUSED);
        return THEN_OUT;
    case 'o':
        leave(line, 99);
        return THEN_OUT;
    case 'x':
        leave_as(line, SGX_EENTER, 0, SGX_VECTOR_PF);
        return THEN_OUT;
    case 'h':
        while (!ends(line)) {
            usleep(1000);
        }
        return THEN_OVER;
    case 'k': {
        struct cw_sgx_answer ended = {.header = {CW_SGX_PORT_VERSION, CW_SGX_ENDED}};
        (void)strcpy(ended.text, "SIGKILL: told to");
        (void)send(line->file, &ended, sizeof ended, MSG_NOSIGNAL);
        return THEN_OVER;
    }
    default:
        answer(line, CW_RESULT_REFUSED, NULL, 0);
        respond(line);
        return THEN_ANSWERED;
    }
}

/* Several inputs: each answers itself, up to one whose command is not 'e'. */
static void serve_many(const struct line *line, const uint8_t *in, size_t len)
{
    uint8_t *out = line->memory + BOXES_LEN + CW_SGX_OUT;
    size_t out_len = 0;
    uint64_t served = 0;
    uint64_t result = CW_RESULT_DONE;
    for (size_t at = 0; at + 4 <= len;) {
        uint32_t piece;
        (void)memcpy(&piece, in + at, 4);
        const uint8_t *bytes = in + at + 4;
        at += 4 + (size_t)piece;
        if (piece < 5 || bytes[4] == 'm') {
            served += piece >= 5 ? 100 : 0;
            result = CW_RESULT_REFUSED;
            break;
        }
        cw_link_header_encode(
                &(struct cw_link_header){.len = piece - 5, .type = CW_FRAME_REPLY}, out + out_len);
        (void)memcpy(out + out_len + CW_LINK_HEADER_LEN, bytes + 5, piece - 5);
        out_len += CW_LINK_HEADER_LEN + piece - 5;
        served += at < len;
    }
    put(line, CW_SGX_WORD_SERVED, served);
    put(line, CW_SGX_WORD_RESULT, result << 24 | out_len);
    respond(line);
}

static then serve(struct line *line)
{
    const uint8_t *in = line->memory + BOXES_LEN + CW_SGX_IN;
    const uint64_t entry = get(line, CW_SGX_WORD_ENTRY);
    const size_t len = (size_t)get(line, CW_SGX_WORD_IN_LEN);
    if (entry == (CW_SGX_MANY | CW_ENTRY_CALL)) {
        serve_many(line, in, len);
        return THEN_ANSWERED;
    }
    if (entry != CW_ENTRY_CALL || len < 5) {
        answer(line, CW_RESULT_REFUSED, NULL, 0);
        respond(line);
        return THEN_ANSWERED;
    }
    return obey(line, in[4], in + 5, len - 5);
}

/* Inside: requests, until there are none for a while. */
static then inside(struct line *line)
{
    for (;;) {
        const uint64_t spin = get(line, CW_SGX_WORD_SPIN);
        for (uint64_t i = 0; i < spin &&
                get(line, CW_SGX_WORD_REQUEST) == get(line, CW_SGX_WORD_RESPONSE); i++) {
            __builtin_ia32_pause();
        }
        if (get(line, CW_SGX_WORD_REQUEST) == get(line, CW_SGX_WORD_RESPONSE)) {
            line->cpu->left++;
            leave(line, CW_SGX_EXIT_IDLE);
            return THEN_OUT;
        }
        const then what = serve(line);
        if (what != THEN_ANSWERED) {
            return what;
        }
        if (get(line, CW_SGX_WORD_SLEEPS) == 1) {
            line->cpu->left++;
            leave(line, CW_SGX_EXIT_WAKE);
            return THEN_OUT;
        }
    }
}

static void *module_thread(void *ctx)
{
    struct line *line = ctx;
    while (await_turn(line)) {
        if (inside(line) == THEN_OVER) {
            break;
        }
    }
    return NULL;
}

/* --- the interface ------------------------------------------------------------------------------------ */

static void garble(const struct line *line, void *packet, size_t len)
{
    if (line->cpu->garbles) {
        ((uint8_t *)packet)[(size_t)rand() % len] ^= (uint8_t)(1 + rand() % 255);
    }
}

static void answer_packet(const struct line *line, uint32_t code, const void *bytes, size_t len,
        const char *text)
{
    uint8_t packet[sizeof(struct cw_sgx_answer) + 4096];
    struct cw_sgx_answer head = {.header = {CW_SGX_PORT_VERSION, CW_SGX_ANSWER}, .code = code,
            .len = (uint32_t)len};
    (void)snprintf(head.text, sizeof head.text, "%s", text);
    (void)memcpy(packet, &head, sizeof head);
    if (len > 0) {
        (void)memcpy(packet + sizeof head, bytes, len);
    }
    garble(line, packet, sizeof head + len);
    (void)send(line->file, packet, sizeof head + len, MSG_NOSIGNAL);
}

static void send_loaded(const struct line *line, const struct cw_sgx_loaded *loaded, int file)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct cw_sgx_loaded packet = *loaded;
    garble(line, &packet, 64); /* where the numbers are */
    struct iovec part = {&packet, sizeof packet / (line->cpu->cuts ? 2 : 1)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (file >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        (void)memcpy(CMSG_DATA(header), &file, sizeof(int));
    }
    (void)sendmsg(line->file, &message, MSG_NOSIGNAL);
}

static void load(struct line *line, const int files[2])
{
    struct fake_cpu *cpu = line->cpu;
    struct cw_sgx_loaded loaded = {.header = {CW_SGX_PORT_VERSION, CW_SGX_LOADED},
            .code = cpu->refuses, .tcs_count = 1, .arena_len = CW_SGX_ARENA_LEN};
    uint8_t first = 0;
    const bool is_image = pread(files[0], &first, 1, 0) == 1 && first == 'F';
    if (cpu->refuses == SGX_OK && !is_image) {
        loaded.code = CW_SGX_E_IMAGE;
        (void)strcpy(loaded.text, "no image\n\033of this CPU");
    }
    int file = -1;
    if (loaded.code == SGX_OK) {
        file = memfd_create("enclave", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (file < 0 || ftruncate(file, MEMORY_LEN) != 0) {
            abort();
        }
        if (!cpu->has_no_seal) {
            (void)fcntl(file, F_ADD_SEALS, cpu->is_short ? 0 : F_SEAL_SHRINK);
        }
        line->memory = mmap(NULL, MEMORY_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        loaded.arena = (uint64_t)(uintptr_t)(line->memory + BOXES_LEN);
        if (cpu->is_short) {
            (void)munmap(line->memory, MEMORY_LEN);
            line->memory = NULL;
            if (ftruncate(file, SGX_PAGE_LEN) != 0) {
                abort();
            }
            (void)fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK);
        }
    }
    send_loaded(line, &loaded, cpu->has_no_file ? -1 : file);
    if (file >= 0) {
        (void)close(file);
    }
    if (line->memory != NULL) {
        line->doorbell = files[1];
        __atomic_add_fetch(&cpu->alive, 1, __ATOMIC_SEQ_CST);
        (void)pthread_create(&line->module, NULL, module_thread, line);
    } else {
        (void)close(files[1]);
    }
    (void)close(files[0]);
}

static void serve_packet(struct line *line, const uint8_t *bytes, size_t len, const int files[2])
{
    static const char info[] = "{\"mode\": \"fake\", \"isolation\": \"none\", \"emulated\": true}";
    uint8_t target[SGX_TARGETINFO_LEN];
    struct cw_sgx_header header;
    if (len < sizeof header || line->cpu->is_mute) {
        return;
    }
    (void)memcpy(&header, bytes, sizeof header);
    switch (header.type) {
    case CW_SGX_LOAD:
        load(line, files);
        return;
    case CW_SGX_TARGET:
        (void)memset(target, 0x54, sizeof target);
        if (line->cpu->has_no_target) {
            answer_packet(line, CW_SGX_E_SYSTEM, NULL, 0, "no quoting enclave");
        } else {
            answer_packet(line, SGX_OK, target, sizeof target, "");
        }
        return;
    case CW_SGX_QUOTE: /* the report backwards, or a refusal of zeros */
        if (len != sizeof header + SGX_REPORT_LEN || bytes[sizeof header] == 0) {
            answer_packet(line, CW_SGX_E_REQUEST, NULL, 0, "this report is none of this CPU");
            return;
        }
        uint8_t quote[SGX_REPORT_LEN];
        for (size_t i = 0; i < sizeof quote; i++) {
            quote[i] = bytes[len - 1 - i];
        }
        answer_packet(line, SGX_OK, quote, sizeof quote, "");
        return;
    case CW_SGX_COLLATERAL:
        answer_packet(line, SGX_OK, "{\"tcb_info\": 1}", 15, "");
        return;
    case CW_SGX_INFO:
        answer_packet(line, SGX_OK, info, sizeof info - 1, "");
        return;
    default:
        answer_packet(line, CW_SGX_E_REQUEST, NULL, 0, "no such request");
        return;
    }
}

static void *line_thread(void *ctx)
{
    struct line *line = ctx;
    for (;;) {
        uint8_t bytes[4096];
        int files[2] = {-1, -1};
        union {
            struct cmsghdr align;
            char bytes[CMSG_SPACE(2 * sizeof(int))];
        } control;
        struct iovec part = {bytes, sizeof bytes};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
                .msg_controllen = sizeof control};
        const ssize_t len = recvmsg(line->file, &message, MSG_CMSG_CLOEXEC);
        if (len <= 0) {
            break;
        }
        const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        if (header != NULL && header->cmsg_len == CMSG_LEN(sizeof files)) {
            (void)memcpy(files, CMSG_DATA(header), sizeof files);
        }
        serve_packet(line, bytes, (size_t)len, files);
    }
    if (line->memory != NULL) {
        __atomic_store_n(&line->is_ending, 1u, __ATOMIC_SEQ_CST);
        (void)pthread_join(line->module, NULL);
        (void)munmap(line->memory, MEMORY_LEN);
        (void)close(line->doorbell);
        __atomic_sub_fetch(&line->cpu->alive, 1, __ATOMIC_SEQ_CST);
    }
    (void)close(line->file);
    __atomic_sub_fetch(&line->cpu->lines, 1, __ATOMIC_SEQ_CST);
    free(line);
    return NULL;
}

static void *cpu_thread(void *ctx)
{
    struct fake_cpu *cpu = ctx;
    for (;;) {
        const int file = accept4(cpu->listener, NULL, NULL, SOCK_CLOEXEC);
        if (file < 0) {
            return NULL;
        }
        struct line *line = calloc(1, sizeof *line);
        pthread_t thread;
        if (line == NULL) {
            abort();
        }
        line->cpu = cpu;
        line->file = file;
        __atomic_add_fetch(&cpu->lines, 1, __ATOMIC_SEQ_CST);
        (void)pthread_create(&thread, NULL, line_thread, line);
        (void)pthread_detach(thread);
    }
}

void fake_cpu_start(struct fake_cpu *cpu, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)memset(cpu, 0, sizeof *cpu);
    (void)snprintf(cpu->path, sizeof cpu->path, "%s", path);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    cpu->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (cpu->listener < 0 ||
            bind(cpu->listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
            listen(cpu->listener, 64) != 0) {
        perror(path);
        abort();
    }
    (void)pthread_create(&cpu->thread, NULL, cpu_thread, cpu);
}

void fake_cpu_stop(struct fake_cpu *cpu)
{
    (void)shutdown(cpu->listener, SHUT_RDWR);
    (void)pthread_join(cpu->thread, NULL);
    for (int i = 0; i < 5000 && __atomic_load_n(&cpu->lines, __ATOMIC_SEQ_CST) > 0; i++) {
        usleep(1000);
    }
    (void)close(cpu->listener);
    (void)unlink(cpu->path);
}
