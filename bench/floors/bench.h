/* SPDX-License-Identifier: MIT */
/*
 * bench.h - the few things every benchmark here shares: a clock, pinning,
 * percentiles, full reads and writes, and one output format.
 *
 * Each result is one tab-separated line
 *     RESULT <bench> <variant> <size> <p50_ns> <p99_ns> <per_second>
 * with "-" for what a benchmark does not measure, so that tally.py can take
 * medians over several runs of the same line.
 */
#ifndef BENCH_H
#define BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DIE(what) do { \
	fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, (what), \
		strerror(errno)); \
	exit(1); \
} while (0)

#define CHECK(cond) do { if (!(cond)) DIE(#cond); } while (0)

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Time that this thread had a CPU: for work that never waits. */
static inline uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Keep the calling thread on one CPU; a negative number leaves it free. */
static inline void pin_to(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set) != 0)
		DIE("sched_setaffinity");
}

static inline int cmp_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Sorts in place. */
static inline uint64_t percentile(uint64_t *v, size_t n, double p)
{
	size_t i = (size_t)(p * (double)(n - 1) + 0.5);

	qsort(v, n, sizeof *v, cmp_u64);
	return v[i];
}

static inline void read_full(int fd, void *buf, size_t n)
{
	unsigned char *p = buf;

	while (n > 0) {
		ssize_t got = read(fd, p, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			DIE("read");
		p += got;
		n -= (size_t)got;
	}
}

static inline void write_full(int fd, const void *buf, size_t n)
{
	const unsigned char *p = buf;

	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			DIE("write");
		p += put;
		n -= (size_t)put;
	}
}

static inline void report_latency(const char *bench, const char *variant,
				  size_t size, uint64_t *samples, size_t n)
{
	uint64_t p50 = percentile(samples, n, 0.50);
	uint64_t p99 = percentile(samples, n, 0.99);

	printf("RESULT\t%s\t%s\t%zu\t%llu\t%llu\t-\n", bench, variant, size,
	       (unsigned long long)p50, (unsigned long long)p99);
	fflush(stdout);
}

static inline void report_rate(const char *bench, const char *variant,
			       size_t size, uint64_t count, uint64_t ns)
{
	printf("RESULT\t%s\t%s\t%zu\t%.1f\t-\t%.0f\n", bench, variant, size,
	       (double)ns / (double)count,
	       (double)count * 1e9 / (double)ns);
	fflush(stdout);
}

static inline int env_int(const char *name, int otherwise)
{
	const char *s = getenv(name);

	return s != NULL && *s != '\0' ? atoi(s) : otherwise;
}

#endif
