/* SPDX-License-Identifier: MIT */
/*
 * causeway-node - the event manager of one node.  Trusted by nobody.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/config.h"
#include "node/node.h"
#include "posix/file.h"
#include "posix/log.h"

#define EXIT_FAILED 1
#define EXIT_WRONG_USE 2
#define PATIENCE_MS 5000u

struct program {
    uv_loop_t loop;
    uv_signal_t terminate;
    uv_signal_t interrupt;
    uv_timer_t patience;
    struct cw_node *node;
};

static void closed(void *ctx)
{
    struct program *program = ctx;
    program->node = NULL;
}

static void out_of_patience(uv_timer_t *timer)
{
    (void)timer;
    cw_log_error("modules did not end within %u s: the node ends without them; is the board or the "
                 "platform stuck?", PATIENCE_MS / 1000);
    exit(EXIT_FAILED);
}

static void stop(uv_signal_t *handle, int number)
{
    struct program *program = handle->data;
    uv_close((uv_handle_t *)&program->terminate, NULL);
    uv_close((uv_handle_t *)&program->interrupt, NULL);
    cw_log_info("ends: signal %s", number == SIGINT ? "INT" : "TERM");
    (void)uv_timer_start(&program->patience, out_of_patience, PATIENCE_MS, 0);
    uv_unref((uv_handle_t *)&program->patience); /* it keeps nobody waiting */
    cw_node_close(program->node, closed, program);
}

static int run(const struct cw_node_config *config, struct cw_tls_identity *identity)
{
    static struct program program;
    if (uv_loop_init(&program.loop) != 0 ||
            cw_node_open(&program.loop, config, identity, &program.node) != CW_OK) {
        return EXIT_FAILED;
    }
    (void)uv_timer_init(&program.loop, &program.patience);
    (void)uv_signal_init(&program.loop, &program.terminate);
    (void)uv_signal_init(&program.loop, &program.interrupt);
    program.terminate.data = &program;
    program.interrupt.data = &program;
    (void)uv_signal_start(&program.terminate, stop, SIGTERM);
    (void)uv_signal_start(&program.interrupt, stop, SIGINT);
    char address[CW_NET_TEXT_CAP];
    cw_node_address(program.node, address);
    printf("ready %s %s %s\n", config->name, address, cw_tls_identity_fingerprint(identity));
    (void)fflush(stdout);
    (void)uv_run(&program.loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&program.loop);
    return 0;
}

int main(int argc, char **argv)
{
    cw_log_setup("causeway-node", CW_LOG_INFO, false);
    struct cw_node_config config;
    switch (cw_config_read(argc, argv, cw_node_backends, &config)) {
    case CW_ARGS_ANSWERED:
        return 0;
    case CW_ARGS_REFUSED:
        return EXIT_WRONG_USE;
    case CW_ARGS_GO:
        break;
    }
    cw_log_json(config.json_log);
    struct cw_tls_identity *identity = NULL;
    if (cw_file_make_folder(config.state_dir, 0700) != CW_OK ||
            cw_tls_identity_open(config.state_dir, config.name, &identity) != CW_OK) {
        return EXIT_FAILED;
    }
    const int status = run(&config, identity);
    cw_tls_identity_free(identity);
    for (size_t i = 0; i < config.option_count; i++) {
        free((void *)(uintptr_t)config.options[i].key);
    }
    return status;
}
