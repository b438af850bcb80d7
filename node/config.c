/* SPDX-License-Identifier: MIT */
#include "node/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/limits.h"
#include "posix/log.h"

typedef enum option_index {
    OPTION_NAME,
    OPTION_LISTEN,
    OPTION_TEE,
    OPTION_PLATFORM,
    OPTION_OWNER,
    OPTION_STATE,
    OPTION_ALLOW_LISTEN,
    OPTION_MAX_STORE,
    OPTION_MAX_MODULES,
    OPTION_REQUEST_TIMEOUT,
    OPTION_STREAM_IDLE,
    OPTION_JSON_LOG,
} option_index;

static const struct cw_args_option options[] = {
        [OPTION_NAME] = {"name", "NAME", "what this node is called"},
        [OPTION_LISTEN] = {"listen", "ADDR...", "HOST:PORT or [IPV6]:PORT"},
        [OPTION_TEE] = {"tee", "TEE", "what its modules run on"},
        [OPTION_PLATFORM] = {"platform", "KEY=VALUE...", "a setting of that TEE"},
        [OPTION_OWNER] = {"owner", "FINGERPRINT...", "an owner who may use this node"},
        [OPTION_STATE] = {"state", "DIR", "its key and certificate, made at the first start"},
        [OPTION_ALLOW_LISTEN] = {"allow-listen", "ADDR...",
                "where modules may be served besides loopback (port 0: any)"},
        [OPTION_MAX_STORE] = {"max-store", "BYTES", "memory for frames of all owners (64 MiB)"},
        [OPTION_MAX_MODULES] = {"max-modules", "N", "modules of all owners (64)"},
        [OPTION_REQUEST_TIMEOUT] = {"request-timeout-ms", "N",
                "how long a module's request may take (10000)"},
        [OPTION_STREAM_IDLE] = {"stream-idle-ms", "N", "when a silent stream is cut (60000)"},
        [OPTION_JSON_LOG] = {"json-log", NULL, "lines on standard error as JSON"},
        {"help", NULL, "this text"},
        {"version", NULL, "the version of program and protocol"},
        {NULL, NULL, NULL},
};

void cw_config_defaults(struct cw_node_config *ret_config)
{
    *ret_config = (struct cw_node_config){
            .store_max_len = 64ull << 20,
            .guest_max = 64,
            .request_timeout_ms = 10000,
            .stream_idle_ms = 60000,
    };
}

static bool choose_backend(const char *name, const struct cw_node_backend *const *backends,
        struct cw_node_config *config)
{
    char names[256] = "";
    for (; *backends != NULL; backends++) {
        if (strcmp((*backends)->name, name) == 0) {
            config->backend = *backends;
            return true;
        }
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, " %s", (*backends)->name);
    }
    cw_log_error("--tee %s: expected one of:%s", name, names);
    return false;
}

static bool add_platform(const char *text, struct cw_node_config *config)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text || config->option_count == CW_NODE_OPTION_MAX) {
        cw_log_error("--platform %s: expected KEY=VALUE, at most %u times", text,
                CW_NODE_OPTION_MAX);
        return false;
    }
    char *key = strndup(text, (size_t)(equals - text));
    if (key == NULL) {
        cw_log_error("no memory");
        return false;
    }
    config->options[config->option_count++] =
            (struct cw_node_option){.key = key, .value = equals + 1};
    return true;
}

static bool add_owner(const char *text, struct cw_node_config *config)
{
    if (cw_tls_fingerprint_check(text) != CW_OK || config->owner_count == CW_NODE_OWNER_MAX) {
        cw_log_error("--owner %s: expected 64 lower-case hex digits, at most %u times", text,
                CW_NODE_OWNER_MAX);
        return false;
    }
    config->owners[config->owner_count++] = text;
    return true;
}

static bool add_listen(const char *text, struct cw_node_config *config)
{
    char host[CW_NET_HOST_CAP];
    uint16_t port;
    if (cw_net_split(text, host, &port) != CW_OK || config->listen_count == CW_NODE_LISTEN_MAX) {
        cw_log_error("--listen %s: expected HOST:PORT or [IPV6]:PORT, at most %u times", text,
                CW_NODE_LISTEN_MAX);
        return false;
    }
    config->listen[config->listen_count++] = text;
    return true;
}

static bool add_allowed(const char *text, struct cw_node_config *config)
{
    struct cw_net_address address;
    if (config->allowed_count == CW_NODE_ALLOW_MAX || cw_net_parse(text, &address) != CW_OK) {
        cw_log_error("--allow-listen %s: expected a numeric HOST:PORT or [IPV6]:PORT, at most %u "
                     "times", text, CW_NODE_ALLOW_MAX);
        return false;
    }
    config->allowed[config->allowed_count++] = address;
    return true;
}

static bool take_number(size_t option, const char *text, struct cw_node_config *config)
{
    uint64_t value = 0;
    const char *name = options[option].name;
    if (option == OPTION_MAX_STORE) {
        const bool fits = cw_args_number(name, text, 0, 1ull << 40, &value);
        config->store_max_len = value;
        return fits;
    }
    if (option == OPTION_MAX_MODULES) {
        const bool fits = cw_args_number(name, text, 1, 4096, &value);
        config->guest_max = (uint32_t)value;
        return fits;
    }
    const bool fits = cw_args_number(name, text, 1, 3600000, &value);
    *(option == OPTION_STREAM_IDLE ? &config->stream_idle_ms : &config->request_timeout_ms) =
            (uint32_t)value;
    return fits;
}

struct reading {
    const struct cw_node_backend *const *backends;
    struct cw_node_config *config;
};

static bool take_option(void *ctx, size_t option, const char *value)
{
    const struct reading *reading = ctx;
    struct cw_node_config *config = reading->config;
    switch ((option_index)option) {
    case OPTION_NAME:
        config->name = value;
        return true;
    case OPTION_STATE:
        config->state_dir = value;
        return true;
    case OPTION_LISTEN:
        return add_listen(value, config);
    case OPTION_TEE:
        return choose_backend(value, reading->backends, config);
    case OPTION_PLATFORM:
        return add_platform(value, config);
    case OPTION_OWNER:
        return add_owner(value, config);
    case OPTION_ALLOW_LISTEN:
        return add_allowed(value, config);
    case OPTION_MAX_STORE:
    case OPTION_MAX_MODULES:
    case OPTION_REQUEST_TIMEOUT:
    case OPTION_STREAM_IDLE:
        return take_number(option, value, config);
    case OPTION_JSON_LOG:
        config->json_log = true;
        return true;
    }
    return false;
}

static const struct cw_args_program program = {
        .name = "causeway-node",
        .usage = "usage: causeway-node --name NAME --listen ADDR --tee TEE [OPTION]...\n\n"
                 "The event manager of one node: loads modules of its owners, relays what they seal,\n"
                 "keeps it until it was accepted.  It holds no keys and is trusted by nobody.\n",
        .exits = "When it listens it prints: ready NAME ADDRESS FINGERPRINT\n"
                 "Exit status: 0 ended by a signal, 1 failed, 2 wrong use.",
        .operand = "there are only options; --help lists them",
        .protocol = CW_VERSION,
        .options = options,
        .take = take_option,
};

/* causeway-node/NAME where programs of this user keep their state. */
static void default_state(struct cw_node_config *config)
{
    const char *base = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    const bool has_base = base != NULL && base[0] == '/';
    if (config->state_dir != NULL || config->name == NULL ||
            (!has_base && (home == NULL || home[0] != '/'))) {
        return;
    }
    const int len = snprintf(config->state_path, sizeof config->state_path,
            "%s%s/causeway-node/%s", has_base ? base : home, has_base ? "" : "/.local/state",
            config->name);
    if (len > 0 && (size_t)len < sizeof config->state_path) {
        config->state_dir = config->state_path;
    }
}

/* What must be given, and what must not be too long. */
static bool is_complete(struct cw_node_config *config)
{
    default_state(config);
    const struct {
        bool is_missing;
        const char *text;
    } needs[] = {
            {config->name == NULL || config->name[0] == '\0' || strlen(config->name) > 63 ||
                            strpbrk(config->name, " \t\r\n/") != NULL,
                    "--name NAME is needed: 1 to 63 characters without spaces and slashes"},
            {config->listen_count == 0, "--listen HOST:PORT is needed"},
            {config->backend == NULL, "--tee TEE is needed"},
            {config->state_dir == NULL, "--state DIR is needed where there is no home folder"},
    };
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        if (needs[i].is_missing) {
            cw_log_error("%s; --help lists the options", needs[i].text);
            return false;
        }
    }
    if (config->owner_count == 0) {
        cw_log_warn("no --owner is given: nobody can use this node");
    }
    return true;
}

cw_args_verdict cw_config_read(int argc, char **argv,
        const struct cw_node_backend *const *backends, struct cw_node_config *ret_config)
{
    struct reading reading = {.backends = backends, .config = ret_config};
    cw_config_defaults(ret_config);
    const cw_args_verdict verdict = cw_args_read(&program, argc, argv, &reading);
    return verdict == CW_ARGS_GO && !is_complete(ret_config) ? CW_ARGS_REFUSED : verdict;
}
