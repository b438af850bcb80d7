/* SPDX-License-Identifier: MIT */
/*
 * msgbench - the physical floor of event messaging between processes.
 *
 *   msgbench latency  LINK SIZE COUNT      bare frames, two processes
 *   msgbench rate     LINK SIZE COUNT BATCH
 *   msgbench relay-latency LOCAL SIZE COUNT ENGINE
 *   msgbench relay-rate    LOCAL SIZE COUNT ENGINE BATCH
 *   msgbench inproc-latency SIZE COUNT ENGINE
 *   msgbench inproc-rate    SIZE COUNT ENGINE BATCH
 *
 * LINK and LOCAL are tcp, tcp-epoll, unix or pipe. BATCH is the number of
 * frames gathered into one write (1: a write for each event). ENGINE is evp
 * (OpenSSL), own (gcm_ni.h) or none.
 *
 * relay-*: module A - relay - tcp - relay - module B, four processes; the
 * relays read the frame header only, the modules seal and open. inproc-*: the
 * modules live in the relays' processes, so one tcp hop is left.
 *
 * Placement is the caller's (taskset).
 */
#include "bench/floors/frame.h"
#include "bench/floors/gcm_ni.h"

#include <openssl/evp.h>
#include <sys/wait.h>

#define TAG 16

/* One direction of a connection: a key and a counter as nonce. */
struct channel {
	int engine;		/* 0 none, 1 evp, 2 own */
	uint64_t count;
	EVP_CIPHER_CTX *ctx;
	struct gcm_ni own;
};

static void channel_start(struct channel *c, const char *engine, int sealing,
			  uint8_t seed)
{
	uint8_t key[16] = { seed, 2, 3 }, nonce[12] = { 0 };

	c->engine = strcmp(engine, "evp") == 0 ? 1 :
		    strcmp(engine, "own") == 0 ? 2 : 0;
	c->count = 0;
	gcm_init(&c->own, key);
	c->ctx = EVP_CIPHER_CTX_new();
	CHECK(c->ctx != NULL);
	CHECK(EVP_CipherInit_ex(c->ctx, EVP_aes_128_gcm(), NULL, key, nonce,
				sealing) == 1);
}

static void channel_nonce(struct channel *c, uint8_t nonce[12])
{
	memset(nonce, 0, 12);
	memcpy(nonce, &c->count, 8);
	c->count++;
}

static size_t channel_overhead(const struct channel *c)
{
	return c->engine == 0 ? 0 : TAG;
}

/* Seal n bytes of body into a frame with the header as associated data. */
static void channel_seal(struct channel *c, uint8_t *frame, uint16_t conn,
			 const uint8_t *body, size_t n)
{
	uint8_t nonce[12], *text = frame + FRAME_HEAD;
	int len;

	put_head(frame, (uint32_t)(n + channel_overhead(c)), conn);
	if (c->engine == 0) {
		memcpy(text, body, n);
		return;
	}
	channel_nonce(c, nonce);
	if (c->engine == 2) {
		gcm_seal(&c->own, nonce, frame, FRAME_HEAD, body, n, text,
			 text + n);
		return;
	}
	EVP_EncryptInit_ex(c->ctx, NULL, NULL, NULL, nonce);
	EVP_EncryptUpdate(c->ctx, NULL, &len, frame, FRAME_HEAD);
	EVP_EncryptUpdate(c->ctx, text, &len, body, (int)n);
	EVP_EncryptFinal_ex(c->ctx, text + n, &len);
	EVP_CIPHER_CTX_ctrl(c->ctx, EVP_CTRL_AEAD_GET_TAG, TAG, text + n);
}

static size_t channel_open(struct channel *c, uint8_t *frame, uint8_t *body)
{
	size_t n = head_len(frame);
	uint8_t nonce[12], *text = frame + FRAME_HEAD;
	int len, ok;

	if (c->engine == 0) {
		memcpy(body, text, n);
		return n;
	}
	n -= TAG;
	channel_nonce(c, nonce);
	if (c->engine == 2) {
		ok = gcm_open(&c->own, nonce, frame, FRAME_HEAD, text, n,
			      text + n, body) == 0;
	} else {
		EVP_DecryptInit_ex(c->ctx, NULL, NULL, NULL, nonce);
		EVP_DecryptUpdate(c->ctx, NULL, &len, frame, FRAME_HEAD);
		EVP_DecryptUpdate(c->ctx, body, &len, text, (int)n);
		EVP_CIPHER_CTX_ctrl(c->ctx, EVP_CTRL_AEAD_SET_TAG, TAG, text + n);
		ok = EVP_DecryptFinal_ex(c->ctx, body + n, &len) == 1;
	}
	if (!ok) {
		fprintf(stderr, "a frame did not open\n");
		exit(1);
	}
	return n;
}

static uint8_t body[BUFFER_SIZE], got_body[BUFFER_SIZE];

static struct reader *new_reader(int fd)
{
	struct reader *r = calloc(1, sizeof *r);

	CHECK(r != NULL);
	r->fd = fd;
	return r;
}

static struct writer *new_writer(int fd)
{
	struct writer *w = calloc(1, sizeof *w);

	CHECK(w != NULL);
	w->fd = fd;
	return w;
}

/* Wait for input with epoll when asked to, as an event loop would. */
static int epoll_of(int fd)
{
	struct epoll_event e = { .events = EPOLLIN };
	int ep = epoll_create1(0);

	CHECK(ep >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) == 0);
	return ep;
}

static uint8_t *await_frame(struct reader *r, int ep)
{
	uint8_t *f;

	while ((f = buffered_frame(r)) == NULL) {
		struct epoll_event e;

		if (ep >= 0 && epoll_wait(ep, &e, 1, -1) < 0)
			continue;
		if (!fill(r))
			return NULL;
	}
	return f;
}

/* The end that starts: sends, waits for the answer, COUNT times. */
static void requester(struct link l, int epoll, size_t n, int count,
		      const char *engine, const char *bench, const char *name)
{
	struct reader *r = new_reader(l.in);
	struct writer *w = new_writer(l.out);
	uint64_t *samples = malloc((size_t)count * sizeof *samples);
	struct channel out, in;
	int ep = epoll ? epoll_of(l.in) : -1;

	CHECK(samples != NULL);
	channel_start(&out, engine, 1, 1);
	channel_start(&in, engine, 0, 2);
	for (int i = -count / 10; i < count; i++) {
		uint64_t start = now_ns();
		uint8_t *f = frame_room(w, n + TAG);

		channel_seal(&out, f, 1, body, n);
		w->used += FRAME_HEAD + head_len(f);
		flush_frames(w);
		f = await_frame(r, ep);
		CHECK(f != NULL && channel_open(&in, f, got_body) == n);
		if (i >= 0)
			samples[i] = now_ns() - start;
	}
	report_latency(bench, name, n, samples, (size_t)count);
}

static void responder(struct link l, int epoll, const char *engine)
{
	struct reader *r = new_reader(l.in);
	struct writer *w = new_writer(l.out);
	struct channel out, in;
	int ep = epoll ? epoll_of(l.in) : -1;
	uint8_t *f;

	channel_start(&in, engine, 0, 1);
	channel_start(&out, engine, 1, 2);
	while ((f = await_frame(r, ep)) != NULL) {
		size_t n = channel_open(&in, f, got_body);

		f = frame_room(w, n + TAG);
		channel_seal(&out, f, 2, got_body, n);
		w->used += FRAME_HEAD + head_len(f);
		flush_frames(w);
	}
}

/* The producer of a one-way stream; the consumer's answer ends the clock. */
static void producer(struct link l, size_t n, int count, const char *engine,
		     int batch, const char *bench, const char *name)
{
	struct writer *w = new_writer(l.out);
	struct reader *r = new_reader(l.in);
	struct channel out;
	uint64_t start;

	channel_start(&out, engine, 1, 1);
	start = now_ns();
	for (int i = 1; i <= count; i++) {
		uint8_t *f = frame_room(w, n + TAG);

		channel_seal(&out, f, 1, body, n);
		w->used += FRAME_HEAD + head_len(f);
		if (i % batch == 0)
			flush_frames(w);
	}
	flush_frames(w);
	CHECK(next_frame(r) != NULL);
	report_rate(bench, name, n, (uint64_t)count, now_ns() - start);
}

static void consumer(struct link l, int count, const char *engine)
{
	struct reader *r = new_reader(l.in);
	struct writer *w = new_writer(l.out);
	struct channel in;

	channel_start(&in, engine, 0, 1);
	for (int i = 0; i < count; i++) {
		uint8_t *f = next_frame(r);

		CHECK(f != NULL);
		channel_open(&in, f, got_body);
	}
	put_head(w->buf, 0, 2);
	w->used = FRAME_HEAD;
	flush_frames(w);
	while (next_frame(r) != NULL)
		;
}

/* Route frames both ways between two links until one of them closes. */
static void relay(struct link left, struct link right)
{
	struct reader *in[2] = { new_reader(left.in), new_reader(right.in) };
	struct writer *out[2] = { new_writer(right.out), new_writer(left.out) };
	int ep = epoll_create1(0);

	for (uint32_t i = 0; i < 2; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.u32 = i };

		CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, in[i]->fd, &e) == 0);
	}
	for (;;) {
		struct epoll_event e[2];
		int n = epoll_wait(ep, e, 2, -1);

		for (int k = 0; k < n; k++) {
			uint32_t i = e[k].data.u32;
			uint8_t *f;

			if (!fill(in[i]))
				return;
			while ((f = buffered_frame(in[i])) != NULL) {
				size_t len = FRAME_HEAD + head_len(f);

				memcpy(frame_room(out[i], head_len(f)), f, len);
				out[i]->used += len;
			}
			flush_frames(out[i]);
		}
	}
}

static pid_t spawned(void)
{
	pid_t p = fork();

	CHECK(p >= 0);
	return p;
}

static void close_link(struct link l)
{
	close(l.in);
	if (l.out != l.in)
		close(l.out);
}

int main(int argc, char **argv)
{
	const char *what, *kind = "tcp", *engine = "none", *bench;
	int epoll = 0, relayed, inproc, rate, count, batch = 1, at = 2;
	struct link a, b, m1, m2, c, d;
	size_t n;
	char name[64];

	if (argc < 4) {
		fprintf(stderr, "usage: see the head of msgbench.c\n");
		return 2;
	}
	what = argv[1];
	relayed = strncmp(what, "relay-", 6) == 0;
	inproc = strncmp(what, "inproc-", 7) == 0;
	rate = strstr(what, "rate") != NULL;
	if (!inproc)
		kind = argv[at++];
	n = (size_t)atoi(argv[at++]);
	count = atoi(argv[at++]);
	if (relayed || inproc)
		engine = argv[at++];
	if (rate)
		batch = atoi(argv[at++]);
	if (strcmp(kind, "tcp-epoll") == 0)
		epoll = 1;
	if (rate)
		snprintf(name, sizeof name, "%s%s%s-batch%d", inproc ? "tcp" : kind,
			 engine[0] == 'n' ? "" : "-", engine[0] == 'n' ? "" : engine,
			 batch);
	else
		snprintf(name, sizeof name, "%s%s%s", inproc ? "tcp" : kind,
			 engine[0] == 'n' ? "" : "-", engine[0] == 'n' ? "" : engine);
	bench = what;
	if (relayed) {
		make_link(kind, &a, &m1);
		make_link("tcp", &m2, &c);
		make_link(kind, &d, &b);
		if (spawned() == 0) {
			close_link(a); close_link(b); close_link(c); close_link(d);
			relay(m1, m2);
			_exit(0);
		}
		if (spawned() == 0) {
			close_link(a); close_link(b); close_link(m1); close_link(m2);
			relay(c, d);
			_exit(0);
		}
		close_link(m1); close_link(m2); close_link(c); close_link(d);
	} else {
		make_link(kind, &a, &b);
	}
	if (spawned() == 0) {
		close_link(a);
		if (rate)
			consumer(b, count, engine);
		else
			responder(b, epoll || inproc, engine);
		_exit(0);
	}
	close_link(b);
	if (rate)
		producer(a, n, count, engine, batch, bench, name);
	else
		requester(a, epoll || inproc, n, count, engine, bench, name);
	close_link(a);
	while (wait(NULL) > 0)
		;
	return 0;
}
