/* SPDX-License-Identifier: MIT */
/*
 * natsbench - events through nats-server with libnats.
 *
 *   natsbench PORT[,PORT] CERTS|- latency SIZE COUNT
 *   natsbench PORT[,PORT] CERTS|- rate SIZE COUNT
 *
 * With two ports A and B use one server each of a cluster of two.
 * As mqttbench. Latency sends each event at once (SendAsap); rate lets the
 * library gather events into writes, its default.
 */
#include "bench/floors/bench.h"

#include <nats/nats.h>
#include <sys/wait.h>

#define NT(call) do { \
	natsStatus nt_s = (call); \
	if (nt_s != NATS_OK) { \
		fprintf(stderr, "%s: %s\n", #call, natsStatus_GetText(nt_s)); \
		exit(1); \
	} \
} while (0)

static uint8_t payload[65536];

static natsConnection *dial(int port, const char *certs, int at_once,
			    const char *who)
{
	natsOptions *o = NULL;
	natsConnection *nc = NULL;
	char url[64], path[512], key[512];

	NT(natsOptions_Create(&o));
	snprintf(url, sizeof url, "nats://127.0.0.1:%d", port);
	NT(natsOptions_SetURL(o, url));
	NT(natsOptions_SetSendAsap(o, at_once));
	if (strcmp(certs, "-") != 0) {
		NT(natsOptions_SetSecure(o, true));
		snprintf(path, sizeof path, "%s/ca.pem", certs);
		NT(natsOptions_LoadCATrustedCertificates(o, path));
		snprintf(path, sizeof path, "%s/%s.pem", certs, who);
		snprintf(key, sizeof key, "%s/%s.key", certs, who);
		NT(natsOptions_LoadCertificatesChain(o, path, key));
	}
	NT(natsConnection_Connect(&nc, o));
	return nc;
}

int main(int argc, char **argv)
{
	natsConnection *nc;
	natsSubscription *sub = NULL;
	natsMsg *msg = NULL;
	uint64_t *samples, start;
	const char *certs, *second;
	char name[32];
	int port, rate, count, ready[2], got = 0;
	size_t size;
	pid_t child;

	if (argc < 6)
		return 2;
	port = atoi(argv[1]);
	second = strchr(argv[1], ',');
	certs = argv[2];
	rate = strcmp(argv[3], "rate") == 0;
	size = (size_t)atoi(argv[4]);
	count = atoi(argv[5]);
	snprintf(name, sizeof name, "nats%s%s", second ? "-cluster" : "",
		 strcmp(certs, "-") == 0 ? "" : "-tls");
	CHECK(pipe(ready) == 0);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		if (second != NULL)
			port = atoi(second + 1);
		nc = dial(port, certs, !rate, "server");
		NT(natsConnection_SubscribeSync(&sub, nc, "ping"));
		NT(natsSubscription_SetPendingLimits(sub, -1, -1));
		NT(natsConnection_Flush(nc));
		write_full(ready[1], "r", 1);
		for (;;) {
			int end;

			NT(natsSubscription_NextMsg(&msg, sub, 20000));
			end = natsMsg_GetDataLength(msg) == 3 &&
			      memcmp(natsMsg_GetData(msg), "END", 3) == 0;
			natsMsg_Destroy(msg);
			if (end)
				break;
			got++;
			if (!rate)
				NT(natsConnection_Publish(nc, "pong", payload,
							  (int)size));
		}
		if (rate && got < count)
			printf("LOST\t%s\t%zu\t%d of %d\n", name, size,
			       count - got, count);
		NT(natsConnection_Publish(nc, "pong", "END", 3));
		NT(natsConnection_Flush(nc));
		return 0;
	}
	nc = dial(port, certs, !rate, "client");
	NT(natsConnection_SubscribeSync(&sub, nc, "pong"));
	NT(natsConnection_Flush(nc));
	read_full(ready[0], payload, 1);
	if (rate) {
		start = now_ns();
		for (int i = 0; i < count; i++)
			NT(natsConnection_Publish(nc, "ping", payload, (int)size));
		NT(natsConnection_Publish(nc, "ping", "END", 3));
		NT(natsSubscription_NextMsg(&msg, sub, 30000));
		natsMsg_Destroy(msg);
		report_rate("rate", name, size, (uint64_t)count, now_ns() - start);
	} else {
		samples = malloc((size_t)count * sizeof *samples);
		CHECK(samples != NULL);
		for (int i = 0; i < count; i++) {
			start = now_ns();
			NT(natsConnection_Publish(nc, "ping", payload, (int)size));
			NT(natsSubscription_NextMsg(&msg, sub, 5000));
			natsMsg_Destroy(msg);
			samples[i] = now_ns() - start;
		}
		NT(natsConnection_Publish(nc, "ping", "END", 3));
		report_latency("latency", name, size, samples, (size_t)count);
	}
	waitpid(child, NULL, 0);
	return 0;
}
