/* SPDX-License-Identifier: MIT */
/*
 * causeway - the owner's tool.
 *
 * Nothing heavy happens before the command line is understood, so that --version is fast.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deploy/failure.h"
#include "deploy/help.h"
#include "posix/log.h"
#include "posix/version.h"

#define TIMEOUT_S_MAX 3600

static const struct cw_verb verbs[] = {
        {"new", "a project of two modules in a new folder, which runs as it is", "FOLDER",
                "causeway new demo1", "tee", 1, 1, cw_cmd_new, NULL},
        {"validate", "check the descriptor; every mistake with its place", "[app.json]",
                "causeway validate examples/button-led/app.json", "", 0, 0, cw_cmd_validate, NULL},
        {"build", "build the images of all modules, and check the connections against them",
                "[app.json]", "causeway build", "", 0, 0, cw_cmd_build, NULL},
        {"plan", "what apply would do, and why; changes nothing", "[app.json]",
                "causeway plan --json", "exit-code", 0, 0, cw_cmd_plan, NULL},
        {"apply", "build, load, attest and connect; what is right is not touched", "[app.json]",
                "causeway apply", "force accept-rollback", 0, 0, cw_cmd_apply, NULL},
        {"status", "modules, sessions and authenticated counts of all connections", "[app.json]",
                "causeway status --json", "", 0, 0, cw_cmd_status, NULL},
        {"events", "accepted and refused frames by reason, stalls, restarts", "[app.json]",
                "causeway events --follow", "follow since", 0, 0, cw_cmd_events, NULL},
        {"attest", "fresh evidence of one module or of all", "[MODULE] [app.json]",
                "causeway attest controller", "", 0, 1, cw_cmd_attest, NULL},
        {"call", "an entry point, in clear and unauthenticated", "MODULE ENTRY [app.json]",
                "causeway call sensor poll --hex 01", "hex text file out", 2, 2, cw_cmd_call, NULL},
        {"send", "an event on a direct connection, exactly once", "NAME [app.json]",
                "causeway send trigger-btn --text hello", "hex text file", 1, 1, cw_cmd_send, NULL},
        {"request", "a request on a direct connection, and its authentic answer",
                "NAME [app.json]", "causeway request get-cert --out cert.pem",
                "hex text file out", 1, 1, cw_cmd_request, NULL},
        {"destroy", "disable and unload all modules, and forget the deployment", "[app.json]",
                "causeway destroy", "force", 0, 0, cw_cmd_destroy, NULL},
        {"backup", "the whole state in one sealed file", "FILE [app.json]",
                "causeway backup monday.backup", "backup-key", 1, 1, cw_cmd_backup, NULL},
        {"restore", "the state as a backup has it; apply then repairs", "FILE [app.json]",
                "causeway restore monday.backup", "backup-key force", 1, 1, cw_cmd_restore, NULL},
        {"key", "the owner's fingerprint; vendor keys; pinned keys of nodes",
                "show | add-vendor NODE | forget-node NODE | passphrase | key-file [app.json]",
                "causeway key add-vendor node_sancus1 --file vendor.key", "file", 1, 2,
                cw_cmd_key, NULL},
        {"demo", "boards, nodes and a hostile network on this machine: the talk's demo, and attacks",
                "", "causeway demo --once", "once dir", 0, 0, cw_cmd_demo, NULL},
        {"nodes", "what each node says of itself: tee, chip, protection, version, modules, key",
                "[app.json]", "causeway nodes", "", 0, 0, cw_cmd_nodes, NULL},
        {"doctor", "tools, chips, nodes, clock, ports, permissions; what to install or run",
                "[app.json]", "causeway doctor", "", 0, 0, cw_cmd_doctor, NULL},
        {"completion", "a script for a shell, or the names of a descriptor that it asks for",
                "bash|zsh|fish|modules|connections|nodes [app.json]", "causeway completion bash",
                "", 1, 1, cw_cmd_completion, NULL},
        {"help", "what there is; behind a verb, what the verb takes", "[VERB]",
                "causeway help apply", "", 0, 1, cw_cmd_help, NULL},
        {0},
};

enum {
    OPTION_JSON,
    OPTION_STATE,
    OPTION_KEY_FILE,
    OPTION_PASSPHRASE_FILE,
    OPTION_SDK,
    OPTION_TIMEOUT,
    OPTION_QUIET,
    OPTION_COLOR,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_OWN, /* from here on: of some verbs */
    OPTION_HEX = OPTION_OWN,
    OPTION_TEXT,
    OPTION_FILE,
    OPTION_OUT,
    OPTION_FORCE,
    OPTION_EXIT_CODE,
    OPTION_BACKUP_KEY,
    OPTION_FOLLOW,
    OPTION_SINCE,
    OPTION_ONCE,
    OPTION_DIR,
    OPTION_TEE,
    OPTION_ACCEPT_ROLLBACK,
};

static const struct cw_args_option options[] = {
        [OPTION_JSON] = {"json", NULL, "one JSON object on standard output"},
        [OPTION_STATE] = {"state", "DIR", "the state's folder (.causeway beside the descriptor)"},
        [OPTION_KEY_FILE] = {"key-file", "FILE", "the key of the state (DIR/key; CAUSEWAY_KEY_FILE)"},
        [OPTION_PASSPHRASE_FILE] = {"passphrase-file", "FILE",
                "the passphrase of the state (asked; CAUSEWAY_PASSPHRASE_FILE)"},
        [OPTION_SDK] = {"sdk", "DIR", "the SDK (beside the program; CAUSEWAY_SDK)"},
        [OPTION_TIMEOUT] = {"timeout", "SECONDS", "how long to wait for a node or module (60)"},
        [OPTION_QUIET] = {"quiet", NULL, "no steps, only results and errors"},
        [OPTION_COLOR] = {"color", "auto|always|never", "auto: on a terminal, without NO_COLOR"},
        [OPTION_HELP] = {"help", NULL, "this text, or that of a verb"},
        [OPTION_VERSION] = {"version", NULL, "the version of the program"},
        [OPTION_HEX] = {"hex", "DIGITS", "the payload in hexadecimal"},
        [OPTION_TEXT] = {"text", "TEXT", "the payload as text"},
        [OPTION_FILE] = {"file", "FILE", "the payload, or the key, from a file"},
        [OPTION_OUT] = {"out", "FILE", "write the answer there"},
        [OPTION_FORCE] = {"force", NULL, "forget nodes that do not answer; restore: over the state that is there"},
        [OPTION_EXIT_CODE] = {"exit-code", NULL, "status 4 when there is something to do"},
        [OPTION_BACKUP_KEY] = {"backup-key", "FILE",
                "its first line, a passphrase or a key, seals the backup (asked)"},
        [OPTION_FOLLOW] = {"follow", NULL, "go on; with --json an object a line"},
        [OPTION_SINCE] = {"since", "TIME", "how long ago: 90s, 10m, 2h, 1d"},
        [OPTION_ONCE] = {"once", NULL, "to the end, with all attacks; status 0 only if each held"},
        [OPTION_DIR] = {"dir", "DIR", "work there, and keep it"},
        [OPTION_TEE] = {"tee", "TEE", "what its nodes are: native (default), sancus, sgx or trustzone"},
        [OPTION_ACCEPT_ROLLBACK] = {"accept-rollback", "NODE",
                "take its device as it is, though the owner has seen a newer copy of it"},
        {0},
};

static const struct cw_tables program = {verbs, options, OPTION_OWN};

/* The same with what TEEs add. */
static struct cw_tables tables;

static bool is_descriptor(const char *word)
{
    const char *dot = strrchr(word, '.');
    return dot != NULL && (strcmp(dot, ".json") == 0 || strcmp(dot, ".yaml") == 0 ||
                                  strcmp(dot, ".yml") == 0);
}

static void set_color(struct cw_options *o, const char *when)
{
    const char *no_color = getenv("NO_COLOR");
    const bool is_wanted = isatty(STDOUT_FILENO) != 0 && (no_color == NULL || no_color[0] == '\0');
    o->color = strcmp(when, "always") == 0 || (strcmp(when, "auto") == 0 && is_wanted);
}

static bool set_timeout(struct cw_options *o, const char *seconds)
{
    char *end;
    const long value = strtol(seconds, &end, 10);
    if (seconds[0] < '0' || seconds[0] > '9' || *end != '\0' || value < 1 || value > TIMEOUT_S_MAX) {
        return false;
    }
    o->timeout_ms = (uint32_t)value * 1000;
    return true;
}

struct line {
    struct cw_options options;
    struct cw_words words;
    const struct cw_verb *verb;
    bool is_help;
    bool is_version;
};

static bool take_option(struct line *l, size_t index, const char *value)
{
    switch (index) {
    case OPTION_JSON:
        l->options.json = true;
        return true;
    case OPTION_STATE:
        l->options.state = value;
        return true;
    case OPTION_KEY_FILE:
        l->options.key_file = value;
        return true;
    case OPTION_PASSPHRASE_FILE:
        l->options.passphrase_file = value;
        return true;
    case OPTION_SDK:
        l->options.sdk = value;
        return true;
    case OPTION_TIMEOUT:
        if (!set_timeout(&l->options, value)) {
            cw_log_error("--timeout" CW_AT ": found \"%s\"" CW_REMEDY ", expected 1 to %d seconds",
                    value, TIMEOUT_S_MAX);
            return false;
        }
        return true;
    case OPTION_QUIET:
        l->options.quiet = true;
        return true;
    case OPTION_COLOR:
        set_color(&l->options, value);
        return true;
    case OPTION_HELP:
        l->is_help = true;
        return true;
    case OPTION_VERSION:
        l->is_version = true;
        return true;
    default:
        break;
    }
    if (l->verb == NULL || !cw_help_takes(l->verb, tables.options[index].name)) {
        cw_help_refuse(&tables, l->verb, tables.options[index].name);
        return false;
    }
    l->words.values[index] = value != NULL ? value : "";
    if (index == OPTION_HEX) {
        l->words.hex = value;
    } else if (index == OPTION_TEXT) {
        l->words.text = value;
    } else if (index == OPTION_FILE) {
        l->words.file = value;
    } else if (index == OPTION_OUT) {
        l->words.out = value;
    } else if (index == OPTION_BACKUP_KEY) {
        l->words.backup_key = value;
    } else if (index == OPTION_EXIT_CODE) {
        l->words.exit_code = true;
    } else if (index == OPTION_FOLLOW) {
        l->words.follow = true;
    } else if (index == OPTION_SINCE) {
        l->words.since = value;
    } else if (index == OPTION_ONCE) {
        l->words.once = true;
    } else if (index == OPTION_DIR) {
        l->words.dir = value;
    } else if (index == OPTION_TEE) {
        l->words.tee = value;
    } else if (index == OPTION_ACCEPT_ROLLBACK) {
        l->options.accept_rollback = value;
    } else if (index == OPTION_FORCE) {
        l->options.force = true;
    }
    return true;
}

static bool take_operand(struct line *l, const char *word)
{
    if (l->verb == NULL && is_descriptor(word)) {
        cw_log_error("%s" CW_AT ": found a descriptor in the place of the verb" CW_REMEDY
                     ", expected: causeway VERB %s",
                word, word);
        return false;
    }
    if (l->verb == NULL && word[0] != '\0') {
        l->verb = cw_help_find(&tables, word);
        l->words.verb = l->verb;
        return l->verb != NULL;
    }
    if (word[0] == '\0') {
        cw_log_error("\"\"" CW_AT ": found an empty word" CW_REMEDY ", expected none");
        return false;
    }
    if (is_descriptor(word) && strstr(l->verb->operands, "app.json") != NULL) {
        if (l->options.descriptor != NULL) {
            cw_log_error("%s" CW_AT ": found a second descriptor behind %s" CW_REMEDY
                         ", expected one",
                    word, l->options.descriptor);
            return false;
        }
        l->options.descriptor = word;
        return true;
    }
    if (l->words.count == l->verb->most || l->words.count == CW_WORDS_MAX) {
        cw_log_error("%s" CW_AT ": found one word too many" CW_REMEDY
                     ", expected: causeway %s%s%s%s",
                word, l->verb->name, l->verb->operands[0] == '\0' ? "" : " ", l->verb->operands,
                strstr(l->verb->operands, "app.json") == NULL
                        ? ""
                        : " (a descriptor ends in .json, .yaml or .yml)");
        return false;
    }
    l->words.operands[l->words.count++] = word;
    return true;
}

static bool parse(struct line *l, int argc, char **argv)
{
    struct cw_args args = cw_args_over(argc, argv);
    for (;;) {
        size_t index = 0;
        const char *value = NULL;
        switch (cw_args_next(&args, tables.options, &index, &value)) {
        case CW_ARGS_END:
            return true;
        case CW_ARGS_OPTION:
            if (!take_option(l, index, value)) {
                return false;
            }
            break;
        case CW_ARGS_OPERAND:
            if (!take_operand(l, value)) {
                return false;
            }
            break;
        case CW_ARGS_WRONG:
            return false;
        }
    }
}

/* Does a word, in front of a "--", ask for --json?  Asked before the line is understood. */
static bool wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            return true;
        }
    }
    return false;
}

/* One that is not there may be made, unless it is needed. */
static bool check_folder(const char *option, const char *path, bool is_needed)
{
    struct stat st;
    const bool is_there = path != NULL && stat(path, &st) == 0;
    if (path == NULL || (is_there ? S_ISDIR(st.st_mode) : !is_needed)) {
        return true;
    }
    cw_log_error("%s" CW_AT ": found %s, which is %s" CW_REMEDY ", expected a folder", option, path,
            is_there ? "a file" : "not there");
    return false;
}

/* One that is there; it may be a pipe. */
static bool check_file(const char *option, const char *path)
{
    struct stat st;
    const bool is_there = path != NULL && stat(path, &st) == 0;
    if (path == NULL || (is_there && !S_ISDIR(st.st_mode))) {
        return true;
    }
    cw_log_error("%s" CW_AT ": found %s, which is %s" CW_REMEDY ", expected a file", option, path,
            is_there ? "a folder" : "not there");
    return false;
}

static bool check_key_file(const char *path)
{
    struct stat st;
    if (path == NULL || stat(path, &st) != 0 || S_ISREG(st.st_mode)) {
        return true;
    }
    cw_log_error("--key-file" CW_AT ": found %s, which is no file" CW_REMEDY
                 ", expected a file, or a name for a new one",
            path);
    return false;
}

/* What the words mean together; help and version are served here. */
static int understand(struct line *l, int argc, char **argv, bool *ret_is_run)
{
    if (!parse(l, argc, argv)) {
        return CW_EXIT_WRONG;
    }
    if (l->is_version) {
        puts("causeway " CW_PROGRAM_VERSION);
        return CW_EXIT_DONE;
    }
    if (l->is_help && l->verb == NULL) {
        cw_help_all(&tables);
        return CW_EXIT_DONE;
    }
    if (l->verb == NULL) {
        cw_log_error("causeway" CW_AT ": found no verb" CW_REMEDY
                     ", expected causeway VERB; `causeway --help` lists the verbs");
        return CW_EXIT_WRONG;
    }
    if (l->is_help) {
        cw_help_one(&tables, l->verb);
        return CW_EXIT_DONE;
    }
    if (l->words.count < l->verb->least) {
        cw_log_error("%s" CW_AT ": found %zu of %zu words" CW_REMEDY ", expected: causeway %s %s",
                l->verb->name, l->words.count, l->verb->least, l->verb->name, l->verb->operands);
        return CW_EXIT_WRONG;
    }
    if (!check_folder("--state", l->options.state, false) ||
            !check_folder("--sdk", l->options.sdk, true) ||
            !check_folder("--dir", l->words.dir, false) || !check_key_file(l->options.key_file) ||
            !check_file("--passphrase-file", l->options.passphrase_file) ||
            !check_file("--backup-key", l->words.backup_key)) {
        return CW_EXIT_WRONG;
    }
    *ret_is_run = true;
    return CW_EXIT_DONE;
}

int main(int argc, char **argv)
{
    struct cw_failures *failures = wants_json(argc, argv) ? cw_failures_listen() : NULL;
    struct line l = {.options.timeout_ms = 60000};
    l.options.key_file = getenv("CAUSEWAY_KEY_FILE");
    l.options.passphrase_file = getenv("CAUSEWAY_PASSPHRASE_FILE");
    set_color(&l.options, "auto");
    cw_log_setup("causeway", CW_LOG_INFO, l.options.color && isatty(STDERR_FILENO) != 0);
    tables = cw_verbs_all(&program);
    bool is_run = false;
    int result = understand(&l, argc, argv, &is_run);
    cw_log_setup("causeway", CW_LOG_INFO, l.options.color && isatty(STDERR_FILENO) != 0);
    struct cw_app app = {.options = l.options, .failures = failures, .tables = &tables};
    if (is_run) {
        cw_app_begin_step(&app);
        result = l.verb->run(&app, &l.words);
    }
    if (failures != NULL && (is_run || result != CW_EXIT_DONE)) {
        if (app.steps != NULL && app.result == NULL) {
            app.result = json_object();
        }
        if (app.steps != NULL) {
            json_object_set(app.result, "steps", app.steps);
        }
        cw_failures_tell(failures, app.result, l.verb == NULL ? NULL : l.verb->name, result);
        app.result = NULL;
    }
    cw_app_close(&app);
    cw_failures_free(failures);
    if ((fflush(stdout) != 0 || ferror(stdout) != 0) && result == CW_EXIT_DONE) {
        cw_log_error("standard output" CW_AT ": it cannot be written" CW_REMEDY
                     "; what was asked for is done, what was to be told is lost: is the disk full?");
        result = CW_EXIT_FAILED;
    }
    return result;
}
