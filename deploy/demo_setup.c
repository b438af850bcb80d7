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
#include "posix/tool.h"
#include "tee/owner.h"

#define FILE_MAX 1048576u
#define FIRST_PORT 8443u
#define NEIGHBOUR "node_sgx2" /* so that AES frames cross the network, too */
#define TRUSTZONE "node_trustzone"
#define QEMU "qemu-system-aarch64"

/* The key that the node key published with the chip's sources gives to vendor 0x1234. */
static const char vendor_key[] = "# TEST KEY of vendor 0x1234 on chips with the published test node "
                                 "key: everybody knows it\n0b7bf3ae40880a8be430d0da34fb76f0\n";

static const char *const node_names[CW_DEMO_NODES] = {"node_sancus1", "node_sancus2", "node_sgx",
        NEIGHBOUR, TRUSTZONE};

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
    d->programs = cw_file_program_folder();
    if (d->programs == NULL) {
        return cw_demo_fail(d, "this program does not know where it lies");
    }
    d->self = cw_memory_format("%s/causeway", d->programs);
    d->example = cw_place_find(examples);
    d->firmware = cw_place_find(firmwares);
    if (d->example == NULL || d->firmware == NULL) {
        return cw_demo_fail(d, "the %s is not found beside %s: run `make`",
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

static bool start_boards(struct cw_demo *d)
{
    for (unsigned i = 0; i < CW_DEMO_BOARDS; i++) {
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

static const struct cw_owner_local *chip_of(const char *tee)
{
    const struct cw_owner_backend *const *backend = cw_owner_backends;
    while (*backend != NULL && strcmp((*backend)->name, tee) != 0) {
        backend++;
    }
    return *backend != NULL ? (*backend)->local : NULL;
}

/* Its shim, if all that it needs is here; else the reason is noted. */
static char *find_trustzone(struct cw_demo *d, const char *sdk)
{
    char *shim = cw_memory_format("%s/lib/trustzone/normal.bin", sdk != NULL ? sdk : ".");
    if (cw_tool_is_there(QEMU) && cw_file_exists(shim)) {
        d->node_count = CW_DEMO_NODES;
        return shim;
    }
    d->node_count = CW_DEMO_TRUSTZONE;
    d->no_trustzone = cw_memory_text(cw_tool_is_there(QEMU)
            ? "its firmware is not built: apt install gcc-aarch64-linux-gnu, then make"
            : QEMU " is missing: apt install qemu-system-arm");
    free(shim);
    return NULL;
}

static bool start_trustzone(struct cw_demo *d)
{
    const struct cw_owner_node node = {.name = TRUSTZONE};
    const struct cw_owner_local *local = chip_of("trustzone");
    char *sdk = cw_place_sdk(NULL);
    char *shim = local == NULL ? NULL : find_trustzone(d, sdk);
    if (shim == NULL) {
        free(sdk);
        return true;
    }
    char *folder = path_in(d, "trustzone");
    char *flash = path_in(d, "trustzone/flash.bin");
    char *link = path_in(d, "trustzone/link");
    char *console = path_in(d, "trustzone/console");
    char *control = path_in(d, "trustzone/control");
    const char *const words[] = {"--flash", flash, "--normal", shim, "--link", link, "--console",
            console, "--control", control, NULL};
    bool is_up = cw_file_make_folder(folder, 0700) == CW_OK
            && local->prepare(&node, sdk, folder) == CW_OK;
    if (!is_up) {
        (void)cw_demo_fail(d, "a TrustZone device cannot be made in %s", folder);
    }
    is_up = is_up && cw_demo_start(d, "trustzone", local->program, words)
            && cw_demo_open(d, &d->boards[CW_DEMO_BOARDS], control);
    free(sdk);
    free(shim);
    free(folder);
    free(flash);
    free(link);
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
    const char *tee = i < CW_DEMO_BOARDS ? "sancus" : i == CW_DEMO_TRUSTZONE ? "trustzone" : "sgx";
    char *state = cw_memory_format("%s/%s", d->folder, node_names[i]);
    char *chip = i < CW_DEMO_BOARDS ? cw_memory_format("uart=%s/board%u.uart", d->folder, i + 1)
            : i == CW_DEMO_TRUSTZONE ? cw_memory_format("link=%s/trustzone/link", d->folder)
                                     : cw_memory_format("cpu=%s/cpu", d->folder);
    const char *const words[] = {"--name", node_names[i], "--listen", "127.0.0.1:0", "--state",
            state, "--owner", owner, "--tee", tee, "--platform", chip, NULL};
    const bool is_started = cw_demo_start(d, node_names[i], "causeway-node", words);
    free(state);
    free(chip);
    return is_started;
}

/* "ready NAME ADDRESS FINGERPRINT" */
static bool hear_node(struct cw_demo *d, unsigned i)
{
    char *line = cw_demo_first_line(d, node_names[i]);
    const bool is_heard = line != NULL
            && sscanf(line, "ready %*s %63s %79s", d->node_address[i], d->node_print[i]) == 2;
    if (line != NULL && !is_heard) {
        (void)cw_demo_fail(d, "%s says \"%s\"", node_names[i], line);
    }
    free(line);
    return is_heard;
}

static bool start_nodes(struct cw_demo *d)
{
    json_t *key = cw_demo_verb(d, "key", (const char *const[]){"show", NULL});
    const char *owner = json_string_value(json_object_get(key, "fingerprint"));
    bool is_up = owner != NULL;
    for (unsigned i = 0; is_up && i < d->node_count; i++) {
        is_up = start_node(d, i, owner);
    }
    json_decref(key);
    for (unsigned i = 0; is_up && i < d->node_count; i++) {
        is_up = hear_node(d, i);
    }
    return is_up;
}

static bool start_adversary(struct cw_demo *d)
{
    char *control = path_in(d, "adversary.control");
    const char *words[4 * CW_DEMO_NODES + 3] = {"--control", control};
    for (size_t i = 0; i < d->node_count; i++) {
        words[4 * i + 2] = "--listen";
        words[4 * i + 3] = "127.0.0.1:0";
        words[4 * i + 4] = "--forward";
        words[4 * i + 5] = d->node_address[i];
    }
    bool is_up = cw_demo_start(d, "adversary", "causeway-adversary", words);
    char *line = is_up ? cw_demo_first_line(d, "adversary") : NULL;
    json_t *status = line == NULL ? NULL : json_loads(line, 0, NULL);
    size_t i;
    json_t *pair;
    json_array_foreach (json_object_get(status, "pairs"), i, pair) {
        const char *listen = json_string_value(json_object_get(pair, "listen"));
        if (listen != NULL && i < d->node_count) {
            snprintf(d->open_address[i], sizeof d->open_address[i], "%s", listen);
        }
    }
    is_up = d->open_address[d->node_count - 1][0] != '\0' && cw_demo_open(d, &d->adversary, control);
    if (!is_up) {
        (void)cw_demo_fail(d, "the adversary does not listen");
    }
    json_decref(status);
    free(line);
    free(control);
    return is_up;
}

/* --- the deployment ----------------------------------------------------------------------------- */

/* The chip that the owner believes: he runs it himself, and reads who it is in its folder. */
static bool identify(struct cw_demo *d, const char *tee, const char *folder,
        char ret_platform[static 2 * CW_PLATFORM_ID_LEN + 1])
{
    uint8_t id[CW_PLATFORM_ID_LEN];
    const struct cw_owner_local *local = chip_of(tee);
    if (local == NULL || local->identify(folder, id) != CW_OK) {
        return cw_demo_fail(d, "the %s chip in %s does not say who it is", tee, folder);
    }
    cw_hex_put(id, sizeof id, ret_platform);
    return true;
}

/* The drivers once more, on the TrustZone board: its button counts as the other, its LED follows. */
static void add_trustzone(json_t *app)
{
    json_t *modules = json_object_get(app, "modules");
    json_t *connections = json_object_get(app, "connections");
    json_array_append_new(json_object_get(app, "nodes"),
            json_pack("{s:s, s:s}", "name", TRUSTZONE, "tee", "trustzone"));
    json_array_append_new(modules, json_pack("{s:s, s:s, s:[s], s:s, s:s}", "name", "tz_button_driver",
            "node", TRUSTZONE, "sources", "button_driver.c", "device", "port1", "on_interrupt",
            "pressed"));
    json_array_append_new(modules, json_pack("{s:s, s:s, s:[s], s:s}", "name", "tz_led_driver", "node",
            TRUSTZONE, "sources", "led_driver.c", "device", "port2"));
    json_array_append_new(connections, json_pack("{s:s, s:s, s:s, s:s, s:s}", "from_module",
            "tz_button_driver", "from_output", "button_pressed", "to_module", "controller", "to_input",
            "button_pressed", "encryption", "aes"));
    json_array_append_new(connections, json_pack("{s:s, s:s, s:s, s:s, s:s}", "from_module",
            "controller", "from_output", "toggle_led", "to_module", "tz_led_driver", "to_input",
            "toggle_led", "encryption", "aes"));
}

/* The example's descriptor with the addresses of here, and the database on a node of its own. */
static bool write_descriptor(struct cw_demo *d)
{
    char *from = cw_file_join(d->example, "app.json");
    json_t *app = from == NULL ? NULL : json_load_file(from, 0, NULL);
    free(from);
    if (app == NULL) {
        return cw_demo_fail(d, "%s/app.json cannot be read", d->example);
    }
    char cpu[2 * CW_PLATFORM_ID_LEN + 1];
    char device[2 * CW_PLATFORM_ID_LEN + 1] = "";
    char *folder = path_in(d, "trustzone");
    const bool is_known = identify(d, "sgx", d->folder, cpu)
            && (d->no_trustzone != NULL || identify(d, "trustzone", folder, device));
    free(folder);
    if (!is_known) {
        json_decref(app);
        return false;
    }
    json_t *nodes = json_object_get(app, "nodes");
    json_array_append_new(nodes, json_pack("{s:s, s:s}", "name", NEIGHBOUR, "tee", "sgx"));
    if (d->no_trustzone == NULL) {
        add_trustzone(app);
    }
    size_t i;
    json_t *node;
    json_array_foreach (nodes, i, node) {
        if (i < d->node_count) {
            json_object_set_new(node, "address", json_string(d->open_address[i]));
            json_object_set_new(node, "key", json_string(d->node_print[i]));
        }
        if (i >= CW_DEMO_BOARDS) {
            json_object_set_new(node, "platform",
                    json_string(i == CW_DEMO_TRUSTZONE ? device : cpu));
        }
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
    for (unsigned i = 0; is_done && i < CW_DEMO_BOARDS; i++) {
        const char *const words[] = {"add-vendor", node_names[i], "--file", file, NULL};
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
    (void)cw_demo_done(d, "%s, each attested, each connection confirmed by both ends",
            d->no_trustzone == NULL ? "7 modules on 5 nodes" : "5 modules on 4 nodes");
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
    for (unsigned i = 0; i <= CW_DEMO_BOARDS; i++) {
        d->boards[i].fd = -1;
    }
    d->adversary.fd = -1;
    cw_demo_begin(d, "start two Sancus boards, an SGX CPU and a TrustZone board (emulated chips)");
    if (!find_pieces(d) || !make_folders(d) || !copy_sources(d) || !start_boards(d)
            || !start_trustzone(d) || !start_cpu(d)) {
        return false;
    }
    (void)cw_demo_done(d, "folder: %s%s%s", d->folder,
            d->no_trustzone != NULL ? "; without TrustZone: " : "",
            d->no_trustzone != NULL ? d->no_trustzone : "");
    cw_demo_begin(d, "start the nodes, and a hostile network between them");
    if (!start_nodes(d) || !start_adversary(d) || !write_descriptor(d) || !import_keys(d)) {
        return false;
    }
    (void)cw_demo_done(d, "the boards' vendor key is the published TEST key; the CPU's quotes chain "
                          "to a root of its own, no vendor's");
    return deploy(d) && open_page(d);
}

bool cw_demo_three_presses(struct cw_demo *d)
{
    for (unsigned i = 0; i < 3; i++) {
        char title[64];
        snprintf(title, sizeof title, "press the button (%u)", i + 1);
        cw_demo_begin(d, title);
        d->led = !d->led;
        d->presses++;
        if (!cw_demo_press(d) || !cw_demo_settle(d, CW_DEMO_PATIENCE_MS)) {
            return false;
        }
        (void)cw_demo_done(d, "LED %s, \"Button presses: %" PRIu64 "\"", d->led ? "on" : "off",
                d->presses);
    }
    return true;
}

bool cw_demo_trustzone_press(struct cw_demo *d)
{
    if (d->no_trustzone != NULL) {
        return true;
    }
    cw_demo_begin(d, "press the TrustZone board's button");
    d->led = !d->led;
    d->presses++;
    char *pressed = cw_demo_board(d, CW_DEMO_BOARDS, "press");
    const bool is_pressed = pressed != NULL;
    free(pressed);
    if (!is_pressed || !cw_demo_settle(d, CW_DEMO_PATIENCE_MS)) {
        return false;
    }
    const uint64_t until_ms = cw_demo_now_ms(d) + CW_DEMO_PATIENCE_MS;
    for (;;) {
        char *lit = cw_demo_board(d, CW_DEMO_BOARDS, "led?");
        const bool is_right = lit != NULL && (strcmp(lit, "1") == 0) == d->led;
        const bool is_over = lit == NULL || (!is_right && !cw_demo_again(d, until_ms));
        free(lit);
        if (is_right) {
            return cw_demo_done(d, "both LEDs %s, \"Button presses: %" PRIu64 "\"",
                    d->led ? "on" : "off", d->presses);
        }
        if (is_over) {
            return cw_demo_fail(d, "the LED of the TrustZone board does not follow");
        }
    }
}
