/* SPDX-License-Identifier: MIT */
#include "deploy/demo.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "deploy/memory.h"
#include "deploy/place.h"
#include "deploy/secret.h"
#include "posix/file.h"
#include "tee/owner.h"

#define FILE_MAX 1048576u
#define FIRST_PORT 8443u
#define NEIGHBOUR "node_sgx2" /* so that AES frames cross the network, too */

/* The key that the node key published with the chip's sources gives to vendor 0x1234. */
static const char vendor_key[] = "# TEST KEY of vendor 0x1234 on chips with the published test node "
                                 "key: everybody knows it\n0b7bf3ae40880a8be430d0da34fb76f0\n";

/* As in the example's descriptor, and the neighbour behind them. */
static const struct {
    const char *name;
    const char *tee;
    const char *chip; /* --platform, with the folder in front of the file's name */
} nodes[CW_DEMO_NODES] = {
        {"node_sancus1", "sancus", "uart=%s/board1.uart"},
        {"node_sancus2", "sancus", "uart=%s/board2.uart"},
        {"node_trustzone", "trustzone", "link=%s/board3.link"},
        {"node_sgx", "sgx", "cpu=%s/cpu"},
        {NEIGHBOUR, "sgx", "cpu=%s/cpu"},
};

static char *path_in(const struct cw_demo *d, const char *name)
{
    return cw_memory_format("%s/%s", d->folder, name);
}

/* --- what is there ------------------------------------------------------------------------------ */

static bool find_pieces(struct cw_demo *d)
{
    static const char *const examples[] = {"../../../examples/button-led",
            "../share/causeway/examples/button-led", NULL};
    static const char *const firmwares[] = {"../../sdk/lib/sancus/firmware.elf",
            "../lib/causeway/sdk/lib/sancus/firmware.elf", NULL};
    static const char *const normals[] = {"../../sdk/lib/trustzone/normal.bin",
            "../lib/causeway/sdk/lib/trustzone/normal.bin", NULL};
    d->programs = cw_file_program_folder();
    if (d->programs == NULL) {
        return cw_demo_fail(d, "this program does not know where it lies");
    }
    d->self = cw_memory_format("%s/causeway", d->programs);
    d->example = cw_place_find(examples);
    d->firmware = cw_place_find(firmwares);
    d->normal = cw_place_find(normals);
    if (d->example == NULL || d->firmware == NULL || d->normal == NULL) {
        return cw_demo_fail(d, "the %s is not found beside %s: run `./run build`",
                d->example == NULL ? "example button-led" : "firmware of a board", d->programs);
    }
    return true;
}

static bool make_folders(struct cw_demo *d)
{
    if (d->folder == NULL) {
        const char *base = getenv("TMPDIR");
        d->folder = cw_memory_format("%s/causeway-demo-XXXXXX",
                base != NULL && base[0] == '/' && strlen(base) < 48 ? base : "/tmp");
        if (mkdtemp(d->folder) == NULL) {
            return cw_demo_fail(d, "cannot make a folder like %s: %s", d->folder, strerror(errno));
        }
    } else {
        char *given = d->folder;
        if (cw_file_make_folder(given, 0700) != CW_OK
                || (d->folder = realpath(given, NULL)) == NULL) {
            d->folder = given;
            return cw_demo_fail(d, "%s cannot be used as a folder", given);
        }
        free(given);
    }
    static const char *const folders[] = {"app", "logs", "state", NULL};
    for (size_t i = 0; folders[i] != NULL; i++) {
        char *path = path_in(d, folders[i]);
        const cw_status status = cw_file_make_folder(path, 0700);
        free(path);
        if (status != CW_OK) {
            return cw_demo_fail(d, "cannot make %s/%s", d->folder, folders[i]);
        }
    }
    d->descriptor = path_in(d, "app/app.json");
    d->certificate = path_in(d, "cert.pem");
    d->flash = path_in(d, "flash.bin");
    return true;
}

static bool copy_sources(struct cw_demo *d)
{
    DIR *folder = opendir(d->example);
    bool is_copied = folder != NULL;
    for (struct dirent *entry; is_copied && (entry = readdir(folder)) != NULL;) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".c") != 0) {
            continue;
        }
        char *from = cw_file_join(d->example, entry->d_name);
        char *to = cw_memory_format("%s/app/%s", d->folder, entry->d_name);
        uint8_t *bytes = NULL;
        size_t len = 0;
        is_copied = from != NULL && cw_file_read(from, FILE_MAX, &bytes, &len) == CW_OK
                && cw_file_write(to, bytes, len, 0600) == CW_OK;
        free(bytes);
        free(from);
        free(to);
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return is_copied || cw_demo_fail(d, "%s cannot be copied", d->example);
}

/* A port for the page: the usual one, or any that is free now. */
static unsigned free_port(void)
{
    const struct sockaddr_in wanted[] = {
            {.sin_family = AF_INET, .sin_port = htons(FIRST_PORT),
                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
            {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
    };
    unsigned port = FIRST_PORT;
    for (size_t i = 0; i < 2; i++) {
        struct sockaddr_in got = wanted[i];
        socklen_t len = sizeof got;
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const bool is_free = fd >= 0 && bind(fd, (const struct sockaddr *)&got, len) == 0
                && getsockname(fd, (struct sockaddr *)&got, &len) == 0;
        if (fd >= 0) {
            close(fd);
        }
        if (is_free) {
            port = ntohs(got.sin_port);
            break;
        }
    }
    return port;
}

/* --- programs ----------------------------------------------------------------------------------- */

static bool start_sancus_boards(struct cw_demo *d)
{
    for (unsigned i = CW_DEMO_SANCUS1; i <= CW_DEMO_SANCUS2; i++) {
        char *name = cw_memory_format("board%u", i + 1);
        char *uart = cw_memory_format("%s/board%u.uart", d->folder, i + 1);
        char *control = cw_memory_format("%s/board%u.control", d->folder, i + 1);
        char *counter = cw_memory_format("%s/board%u.counter", d->folder, i + 1);
        const char *const words[] = {"--firmware", d->firmware, "--uart", uart, "--control",
                control, "--counter-file", counter, NULL};
        const bool is_up = cw_demo_start(d, name, "causeway-sancus", words)
                && cw_demo_open(d, &d->boards[i], control);
        free(name);
        free(uart);
        free(control);
        free(counter);
        if (!is_up) {
            return false;
        }
    }
    return true;
}

/* A device of its own: `causeway trustzone new-device`. */
static bool make_device(struct cw_demo *d)
{
    char *log = path_in(d, "logs/new-device.log");
    const char *const words[] = {d->self, "trustzone", "new-device", d->flash, NULL};
    struct cw_proc proc = {0};
    bool is_made = cw_proc_start(&proc, words, log, log) == CW_OK;
    if (is_made && cw_proc_wait(&proc, CW_DEMO_PATIENCE_MS) != CW_OK) {
        cw_proc_stop(&proc, 500);
    }
    is_made = is_made && proc.exit_status == 0;
    if (!is_made) {
        (void)cw_demo_fail(d, "no device can be made (log: %s)", log);
    }
    free(log);
    return is_made;
}

static bool start_trustzone_board(struct cw_demo *d)
{
    char *link = path_in(d, "board3.link");
    char *probe = path_in(d, "board3.probe");
    char *console = path_in(d, "board3.console");
    char *control = path_in(d, "board3.control");
    const char *const words[] = {"--flash", d->flash, "--normal", d->normal, "--link", link,
            "--probe", probe, "--console", console, "--control", control, NULL};
    const bool is_up = make_device(d) && cw_demo_start(d, "board3", "causeway-trustzone", words)
            && cw_demo_open(d, &d->boards[CW_DEMO_TRUSTZONE], control);
    free(link);
    free(probe);
    free(console);
    free(control);
    return is_up;
}

/* One CPU for both nodes with enclaves, as two programs of one machine have. */
static bool start_cpu(struct cw_demo *d)
{
    char *socket_path = path_in(d, "cpu");
    char *state = path_in(d, "chip");
    const char *const words[] = {"--listen", socket_path, "--state", state, NULL};
    const uint64_t until_ms = cw_demo_now_ms(d) + CW_DEMO_PATIENCE_MS;
    bool is_up = cw_demo_start(d, "cpu", "causeway-sgx", words);
    while (is_up && !cw_file_exists(socket_path)) {
        is_up = cw_demo_are_alive(d) && (cw_demo_again(d, until_ms) ||
                cw_demo_fail(d, "the SGX CPU is not ready after %u s",
                        CW_DEMO_PATIENCE_MS / 1000));
    }
    free(socket_path);
    free(state);
    return is_up;
}

static bool start_node(struct cw_demo *d, unsigned i, const char *owner)
{
    const char *at = strstr(nodes[i].chip, "%s");
    char *state = cw_memory_format("%s/%s", d->folder, nodes[i].name);
    char *chip = cw_memory_format("%.*s%s%s", (int)(at - nodes[i].chip), nodes[i].chip, d->folder,
            at + 2);
    const char *const words[] = {"--name", nodes[i].name, "--listen", "127.0.0.1:0", "--state",
            state, "--owner", owner, "--tee", nodes[i].tee, "--platform", chip, NULL};
    const bool is_started = cw_demo_start(d, nodes[i].name, "causeway-node", words);
    free(state);
    free(chip);
    return is_started;
}

/* "ready NAME ADDRESS FINGERPRINT" */
static bool hear_node(struct cw_demo *d, unsigned i)
{
    char *line = cw_demo_first_line(d, nodes[i].name);
    const bool is_heard = line != NULL
            && sscanf(line, "ready %*s %63s %79s", d->node_address[i], d->node_print[i]) == 2;
    if (line != NULL && !is_heard) {
        (void)cw_demo_fail(d, "%s says \"%s\"", nodes[i].name, line);
    }
    free(line);
    return is_heard;
}

static bool start_nodes(struct cw_demo *d)
{
    json_t *key = cw_demo_verb(d, "key", (const char *const[]){"show", NULL});
    const char *owner = json_string_value(json_object_get(key, "fingerprint"));
    bool is_up = owner != NULL;
    for (unsigned i = 0; is_up && i < CW_DEMO_NODES; i++) {
        is_up = start_node(d, i, owner);
    }
    json_decref(key);
    for (unsigned i = 0; is_up && i < CW_DEMO_NODES; i++) {
        is_up = hear_node(d, i);
    }
    return is_up;
}

static bool start_adversary(struct cw_demo *d)
{
    char *control = path_in(d, "adversary.control");
    char *probe = path_in(d, "board3.probe");
    const char *words[4 * CW_DEMO_NODES + 5] = {"--control", control, "--world", probe};
    for (size_t i = 0; i < CW_DEMO_NODES; i++) {
        words[4 * i + 4] = "--listen";
        words[4 * i + 5] = "127.0.0.1:0";
        words[4 * i + 6] = "--forward";
        words[4 * i + 7] = d->node_address[i];
    }
    bool is_up = cw_demo_start(d, "adversary", "causeway-adversary", words);
    char *line = is_up ? cw_demo_first_line(d, "adversary") : NULL;
    json_t *status = line == NULL ? NULL : json_loads(line, 0, NULL);
    size_t i;
    json_t *pair;
    json_array_foreach (json_object_get(status, "pairs"), i, pair) {
        const char *listen = json_string_value(json_object_get(pair, "listen"));
        if (listen != NULL && i < CW_DEMO_NODES) {
            snprintf(d->open_address[i], sizeof d->open_address[i], "%s", listen);
        }
    }
    is_up = d->open_address[CW_DEMO_NODES - 1][0] != '\0' && cw_demo_open(d, &d->adversary, control);
    if (!is_up) {
        (void)cw_demo_fail(d, "the adversary does not listen");
    }
    json_decref(status);
    free(line);
    free(probe);
    free(control);
    return is_up;
}

/* --- the deployment ----------------------------------------------------------------------------- */

/* The chip that the owner believes: he runs it himself, and reads who it is in its folder. */
static bool identify(struct cw_demo *d, const char *tee, json_t *node)
{
    uint8_t id[CW_PLATFORM_ID_LEN];
    char platform[2 * CW_PLATFORM_ID_LEN + 1];
    const struct cw_owner_backend *const *backend = cw_owner_backends;
    while (*backend != NULL && strcmp((*backend)->name, tee) != 0) {
        backend++;
    }
    if (*backend == NULL) {
        return cw_demo_fail(d, "this build has no %s", tee);
    }
    if ((*backend)->local->identify == NULL) {
        return true;
    }
    if ((*backend)->local->identify(d->folder, id) != CW_OK) {
        return cw_demo_fail(d, "the %s chip in %s does not say who it is", tee, d->folder);
    }
    cw_hex_put(id, sizeof id, platform);
    return json_object_set_new(node, "platform", json_string(platform)) == 0;
}

/* The example's descriptor with the addresses of here, and the database on a node of its own. */
static bool write_descriptor(struct cw_demo *d)
{
    char *from = cw_file_join(d->example, "app-trustzone.json");
    json_t *app = from == NULL ? NULL : json_load_file(from, 0, NULL);
    free(from);
    if (app == NULL) {
        return cw_demo_fail(d, "%s/app-trustzone.json cannot be read", d->example);
    }
    json_t *described = json_object_get(app, "nodes");
    json_array_append_new(described, json_pack("{s:s, s:s}", "name", NEIGHBOUR, "tee", "sgx"));
    bool is_known = json_array_size(described) == CW_DEMO_NODES;
    size_t i;
    json_t *node;
    json_array_foreach (described, i, node) {
        if (is_known) {
            json_object_set_new(node, "address", json_string(d->open_address[i]));
            json_object_set_new(node, "key", json_string(d->node_print[i]));
            is_known = identify(d, nodes[i].tee, node);
        }
    }
    if (!is_known) {
        json_decref(app);
        return cw_demo_fail(d, "%s/app-trustzone.json has other nodes than the demo", d->example);
    }
    const unsigned port = free_port();
    json_t *module;
    json_array_foreach (json_object_get(app, "modules"), i, module) {
        const char *name = json_string_value(json_object_get(module, "name"));
        if (name != NULL && strcmp(name, "db") == 0) {
            json_object_set_new(module, "node", json_string(NEIGHBOUR));
        } else if (json_object_get(module, "serve") != NULL) {
            json_object_set_new(module, "serve", json_sprintf("127.0.0.1:%u", port));
        }
    }
    d->url = cw_memory_format("https://127.0.0.1:%u/", port);
    const int failed = json_dump_file(app, d->descriptor, JSON_INDENT(2));
    json_decref(app);
    return failed == 0 || cw_demo_fail(d, "%s cannot be written", d->descriptor);
}

static bool import_keys(struct cw_demo *d)
{
    char *file = path_in(d, "vendor.key");
    bool is_done = cw_file_write(file, vendor_key, sizeof vendor_key - 1, 0600) == CW_OK
            || cw_demo_fail(d, "%s cannot be written", file);
    for (unsigned i = 0; is_done && i < CW_DEMO_TRUSTZONE; i++) {
        const char *const words[] = {"add-vendor", nodes[i].name, "--file", file, NULL};
        json_t *answer = cw_demo_verb(d, "key", words);
        is_done = answer != NULL;
        json_decref(answer);
    }
    free(file);
    return is_done;
}

static const char *text_of(const json_t *module, const char *key)
{
    const char *text = json_string_value(json_object_get(module, key));
    return text == NULL || text[0] == '\0' ? "?" : text;
}

/* What the modules are and how they are protected, in the words of `causeway status`. */
static bool describe_modules(struct cw_demo *d, char *ret_text, size_t cap)
{
    json_t *status = cw_demo_verb(d, "status", (const char *const[]){NULL});
    size_t used = 0;
    size_t i;
    json_t *module;
    json_array_foreach (json_object_get(status, "modules"), i, module) {
        const char *signer = text_of(module, "signer");
        const int len = snprintf(ret_text + used, cap - used, "%s%s: %s %s %.8s%s%.8s",
                used == 0 ? "" : ", ", text_of(module, "module"), text_of(module, "protection"),
                text_of(module, "tee"), text_of(module, "measurement"),
                signer[0] == '?' ? "" : " signed by ", signer[0] == '?' ? "" : signer);
        used += len > 0 && (size_t)len < cap - used ? (size_t)len : 0;
    }
    json_decref(status);
    return used > 0;
}

static bool verb(struct cw_demo *d, const char *name, const char *const *words)
{
    json_t *answer = cw_demo_verb(d, name, words);
    const bool is_done = answer != NULL;
    json_decref(answer);
    return is_done;
}

static bool deploy(struct cw_demo *d)
{
    char protection[CW_DEMO_TEXT_CAP] = "";
    cw_demo_begin(d, "build, load, attest, connect (causeway apply)");
    if (!verb(d, "apply", (const char *const[]){NULL})) {
        return false;
    }
    (void)cw_demo_done(d, "7 modules on 5 nodes, each attested, each connection confirmed by both "
                          "ends");
    cw_demo_begin(d, "ask the modules (causeway status)");
    return describe_modules(d, protection, sizeof protection)
            && cw_demo_done(d, "%s", protection);
}

static bool open_page(struct cw_demo *d)
{
    const char *const words[] = {"get-cert", "--out", d->certificate, NULL};
    uint64_t presses = 0;
    cw_demo_begin(d, "start the web server, get its certificate, read the page");
    if (!verb(d, "send", (const char *const[]){"init-server", NULL}) || !verb(d, "request", words)
            || !cw_demo_page(d, &presses)) {
        return false;
    }
    if (presses != 0) {
        return cw_demo_fail(d, "the page counts %" PRIu64 " before any press", presses);
    }
    return cw_demo_done(d, "%s says \"Button presses: 0\"; its key was made inside the module",
            d->url);
}

bool cw_demo_set_up(struct cw_demo *d)
{
    for (unsigned i = 0; i < CW_DEMO_BOARDS; i++) {
        d->boards[i].fd = -1;
    }
    d->adversary.fd = -1;
    cw_demo_begin(d, "start two Sancus boards, a TrustZone board and an SGX CPU (emulated chips)");
    if (!find_pieces(d) || !make_folders(d) || !copy_sources(d) || !start_sancus_boards(d)
            || !start_trustzone_board(d) || !start_cpu(d)) {
        return false;
    }
    (void)cw_demo_done(d, "folder: %s", d->folder);
    cw_demo_begin(d, "start five nodes, and a hostile network between them");
    if (!start_nodes(d) || !start_adversary(d) || !write_descriptor(d) || !import_keys(d)) {
        return false;
    }
    (void)cw_demo_done(d, "the Sancus boards' vendor key is the published TEST key; tokens and quotes "
                          "of the other chips chain to roots of their own, no vendor's");
    return deploy(d) && open_page(d);
}

bool cw_demo_presses(struct cw_demo *d)
{
    static const struct {
        const char *title;
        cw_demo_place board;
    } rows[] = {
            {"press the button (1)", CW_DEMO_SANCUS1},
            {"press the TrustZone board's own button (2)", CW_DEMO_TRUSTZONE},
            {"press the button (3)", CW_DEMO_SANCUS1},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cw_demo_begin(d, rows[i].title);
        cw_demo_toggle(d);
        if (!cw_demo_press(d, rows[i].board) || !cw_demo_settle(d, CW_DEMO_PATIENCE_MS)) {
            return false;
        }
        (void)cw_demo_done(d, "both LEDs %s, \"Button presses: %" PRIu64 "\"",
                d->led[0] ? "on" : "off", d->presses);
    }
    return true;
}
