/* SPDX-License-Identifier: MIT */
/*
 * frame.h - length-prefixed frames over byte streams, buffered both ways, and
 * the links the messaging benchmarks run them over.
 *
 * A frame is a 4-byte length (of what follows the header), a 2-byte
 * connection number, 2 spare bytes, and the body.
 */
#ifndef FRAME_H
#define FRAME_H

#include "bench/floors/bench.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define FRAME_HEAD 8
#define BUFFER_SIZE 65536

struct link { int in, out; };

struct reader {
	int fd;
	size_t from, to;
	uint8_t buf[BUFFER_SIZE];
};

struct writer {
	int fd;
	size_t used;
	uint8_t buf[BUFFER_SIZE];
};

static inline void tcp_pair(int fd[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof a;
	int one = 1, l = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(l >= 0 && bind(l, (struct sockaddr *)&a, sizeof a) == 0);
	CHECK(listen(l, 1) == 0);
	CHECK(getsockname(l, (struct sockaddr *)&a, &len) == 0);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(fd[0], (struct sockaddr *)&a, sizeof a) == 0);
	fd[1] = accept(l, NULL, NULL);
	CHECK(fd[1] >= 0);
	close(l);
	for (int i = 0; i < 2; i++)
		CHECK(setsockopt(fd[i], IPPROTO_TCP, TCP_NODELAY, &one,
				 sizeof one) == 0);
}

/* Two ends of a link: "tcp", "unix" or "pipe". */
static inline void make_link(const char *kind, struct link *a, struct link *b)
{
	int fd[2], back[2];

	if (strcmp(kind, "pipe") == 0) {
		CHECK(pipe(fd) == 0 && pipe(back) == 0);
		*a = (struct link){ back[0], fd[1] };
		*b = (struct link){ fd[0], back[1] };
		return;
	}
	if (strcmp(kind, "unix") == 0)
		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	else
		tcp_pair(fd);
	*a = (struct link){ fd[0], fd[0] };
	*b = (struct link){ fd[1], fd[1] };
}

static inline void put_head(uint8_t *head, uint32_t len, uint16_t conn)
{
	memcpy(head, &len, 4);
	memcpy(head + 4, &conn, 2);
	memset(head + 6, 0, 2);
}

static inline uint32_t head_len(const uint8_t *head)
{
	uint32_t len;

	memcpy(&len, head, 4);
	return len;
}

/* The next whole frame if the buffer holds one, else NULL. */
static inline uint8_t *buffered_frame(struct reader *r)
{
	uint8_t *p = r->buf + r->from;

	if (r->to - r->from < FRAME_HEAD ||
	    r->to - r->from < FRAME_HEAD + head_len(p))
		return NULL;
	r->from += FRAME_HEAD + head_len(p);
	return p;
}

/* One read into the buffer; 0 at end of stream or when it would block. */
static inline int fill(struct reader *r)
{
	ssize_t got;

	if (r->from > 0) {
		memmove(r->buf, r->buf + r->from, r->to - r->from);
		r->to -= r->from;
		r->from = 0;
	}
	got = read(r->fd, r->buf + r->to, sizeof r->buf - r->to);
	if (got <= 0)
		return 0;
	r->to += (size_t)got;
	return 1;
}

/* Blocks for one frame; NULL at end of stream. */
static inline uint8_t *next_frame(struct reader *r)
{
	uint8_t *f;

	while ((f = buffered_frame(r)) == NULL)
		if (!fill(r))
			return NULL;
	return f;
}

static inline void flush_frames(struct writer *w)
{
	if (w->used > 0)
		write_full(w->fd, w->buf, w->used);
	w->used = 0;
}

/* Room for a frame with a body of n bytes; commit by adding to w->used. */
static inline uint8_t *frame_room(struct writer *w, size_t n)
{
	if (w->used + FRAME_HEAD + n > sizeof w->buf)
		flush_frames(w);
	return w->buf + w->used;
}

#endif
