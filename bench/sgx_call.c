/* SPDX-License-Identifier: MIT */
/*
 * bench-sgx - an enclave call on the emulated CPU (EENTER and EEXIT through a mailbox) against a
 * round trip of two processes over a futex, in turns, all on one processor; then on two, where
 * both sides look before they sleep.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "silicon/sgx/tests/cell_support.h"

#define BATCHES 600
#define CALLS 20 /* in a batch */
#define SPIN 20000u
#define PATIENCE_MS 10000

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static double median_us(uint64_t samples[static BATCHES])
{
    qsort(samples, BATCHES, sizeof samples[0], compare);
    return (double)samples[BATCHES / 2] / CALLS / 1000;
}

static void pin(pid_t pid, size_t processor)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    if (sched_setaffinity(pid, sizeof set, &set) != 0) {
        perror("bench-sgx: sched_setaffinity");
        exit(1);
    }
}

/* --- the floor: a word that goes to and fro --------------------------------------------------------- */

static uint32_t *word;

static void give(uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void wait_until(uint32_t value)
{
    for (;;) {
        uint32_t seen = __atomic_load_n(word, __ATOMIC_SEQ_CST);

        if (seen == value) {
            return;
        }
        syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
    }
}

static pid_t start_floor(void)
{
    pid_t pid;

    word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid = word == MAP_FAILED ? -1 : fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            wait_until(1);
            give(0);
        }
    }
    return pid;
}

static uint64_t floor_batch(void)
{
    uint64_t begin = now_ns();

    for (unsigned i = 0; i < CALLS; i++) {
        give(1);
        wait_until(0);
    }
    return now_ns() - begin;
}

/* --- ours ------------------------------------------------------------------------------------------- */

static uint64_t call_batch(struct test_cpu *cpu, uint32_t spin)
{
    struct cw_sgx_mailbox *m = cw_client_mailbox(&cpu->client, 0);
    uint64_t begin = now_ns();

    for (unsigned i = 0; i < CALLS; i++) {
        m->function = SGX_EENTER;
        if (cw_client_enter(&cpu->client, 0, spin, PATIENCE_MS) != CW_OK ||
                m->function != SGX_EEXIT) {
            fprintf(stderr, "bench-sgx: the enclave does not come back\n");
            exit(1);
        }
    }
    return now_ns() - begin;
}

static double measure_calls(struct test_cpu *cpu, uint32_t spin)
{
    static uint64_t samples[BATCHES];

    for (unsigned i = 0; i < BATCHES; i++) {
        samples[i] = call_batch(cpu, spin);
    }
    return median_us(samples);
}

int main(void)
{
    static uint64_t floor_samples[BATCHES], call_samples[BATCHES];
    struct test_image image = TEST_IMAGE(cw_enclave_count);
    struct test_cpu cpu;
    double floor_us, call_us;
    pid_t floor;

    pin(0, 0); /* and all that is started here */
    floor = start_floor();
    if (floor < 0 || test_cpu_load(&cpu, &image, false) != SGX_OK) {
        fprintf(stderr, "bench-sgx: nothing to measure\n");
        return 1;
    }
    for (unsigned i = 0; i < BATCHES; i++) {
        floor_samples[i] = floor_batch();
        call_samples[i] = call_batch(&cpu, 0);
    }
    floor_us = median_us(floor_samples);
    call_us = median_us(call_samples);
    printf("RESULT\tSGX enclave call, emulated, one processor\t%.2f\tus\tfutex round trip, %.2f"
           "\t%.2fx\t<= 4x\n",
            call_us, floor_us, call_us / floor_us);
    if (sysconf(_SC_NPROCESSORS_ONLN) > 1) {
        pin(0, 1);
        call_us = measure_calls(&cpu, SPIN);
        printf("RESULT\tSGX enclave call, two processors, spinning\t%.2f\tus\tfutex round trip on "
               "one, %.2f\t%.2fx\t-\n",
                call_us, floor_us, call_us / floor_us);
    } else {
        printf("ABSENT\tSGX enclave call, two processors\tthis machine has one\n");
    }
    test_cpu_stop(&cpu);
    kill(floor, SIGKILL);
    waitpid(floor, NULL, 0);
    return 0;
}
