/* SPDX-License-Identifier: MIT */
/*
 * run.c - a host that enters once.
 */
#include "silicon/sgx/run.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix/file.h"
#include "posix/log.h"
#include "silicon/sgx/client.h"
#include "silicon/sgx/field.h"
#include "silicon/sgx/listen.h"

#define END_LOOKS 3000 /* with 1 ms between */

static const char *const register_names[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi",
        "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};

bool cw_run_set(struct cw_run_options *options, const char *text)
{
    const char *equals = strchr(text, '=');
    char *end = NULL;
    size_t len = equals == NULL ? 0 : (size_t)(equals - text);
    uint64_t value;

    if (equals == NULL || equals[1] == 0 || equals[1] == '-') {
        return false;
    }
    errno = 0;
    value = strtoull(equals + 1, &end, 0);
    if (errno != 0 || *end != 0) {
        return false;
    }
    for (unsigned i = 0; i < 16; i++) {
        if (strlen(register_names[i]) == len && memcmp(register_names[i], text, len) == 0) {
            options->gpr[i] = value;
            return i != CW_SGX_RAX && i != CW_SGX_RBX && i != CW_SGX_RCX && i != CW_SGX_RSP;
        }
    }
    if (len == 6 && memcmp(text, "rflags", len) == 0) {
        options->rflags = value;
    } else if (len == 5 && memcmp(text, "mxcsr", len) == 0 && value <= UINT32_MAX) {
        options->mxcsr = (uint32_t)value;
    } else if (len == 3 && memcmp(text, "fcw", len) == 0 && value <= UINT16_MAX) {
        options->fcw = (uint16_t)value;
    } else {
        return false;
    }
    return true;
}

static const char *code_name(uint32_t code)
{
    switch (code) {
    case CW_SGX_E_IMAGE:
        return "IMAGE";
    case CW_SGX_E_EPC:
        return "EPC";
    case CW_SGX_E_SYSTEM:
        return "SYSTEM";
    case CW_SGX_E_REQUEST:
        return "REQUEST";
    default:
        return cw_sgx_code_name(code);
    }
}

static const char *vector_name(unsigned vector)
{
    static const char *const names[20] = {"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM",
            "#DF", "9", "#TS", "#NP", "#SS", "#GP", "#PF", "15", "#MF", "#AC", "#MC", "#XM"};

    return vector < 20 ? names[vector] : "?";
}

/* --- the result ------------------------------------------------------------------------------------ */

/* null: the CPU did not come so far. */
static void put_hash(json_t *object, const char *name, const uint8_t hash[static SGX_HASH_LEN])
{
    char text[2 * SGX_HASH_LEN + 1];

    if (cw_field_is_zero(hash, SGX_HASH_LEN)) {
        (void)json_object_set_new(object, name, json_null());
        return;
    }
    for (size_t i = 0; i < SGX_HASH_LEN; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", hash[i]);
    }
    (void)json_object_set_new(object, name, json_string(text));
}

static void put_number(json_t *object, const char *name, uint64_t value)
{
    char text[24];

    (void)snprintf(text, sizeof text, "0x%" PRIx64, value);
    (void)json_object_set_new(object, name, json_string(text));
}

static void put_identity(json_t *result, const struct cw_sgx_loaded *loaded,
        const uint8_t *sigstruct)
{
    json_t *attributes = json_object();
    bool refused = loaded->code != SGX_OK;

    put_hash(result, "mrenclave", loaded->mrenclave);
    put_hash(result, "mrsigner", loaded->mrsigner);
    put_number(attributes, "flags", cw_field_u64(loaded->attributes));
    put_number(attributes, "xfrm", cw_field_u64(loaded->attributes + 8));
    (void)json_object_set_new(result, "attributes", attributes);
    (void)json_object_set_new(result, "isvprodid",
            json_integer((json_int_t)cw_field_get(sigstruct + SGX_SIG_ISVPRODID, 2)));
    (void)json_object_set_new(result, "isvsvn",
            json_integer((json_int_t)cw_field_get(sigstruct + SGX_SIG_ISVSVN, 2)));
    (void)json_object_set_new(result, "code", json_integer(loaded->code));
    (void)json_object_set_new(result, "name", json_string(code_name(loaded->code)));
    (void)json_object_set_new(result, refused ? "why" : "weaker", json_string(loaded->text));
    if (!refused) {
        put_number(result, "base", loaded->base);
        put_number(result, "size", loaded->len);
        (void)json_object_set_new(result, "tcs", json_integer(loaded->tcs_count));
        put_number(result, "arena", loaded->arena);
    }
}

static void put_exit(json_t *result, const struct cw_sgx_mailbox *m)
{
    json_t *registers = json_object();

    for (unsigned i = 0; i < 16; i++) {
        put_number(registers, register_names[i], m->gpr[i]);
    }
    put_number(registers, "rflags", m->rflags);
    put_number(registers, "mxcsr", m->mxcsr);
    put_number(registers, "fcw", m->fcw);
    if (m->function == SGX_EEXIT) {
        (void)json_object_set_new(result, "exit", json_string("EEXIT"));
    } else {
        (void)json_object_set_new(result, "exit", json_string("AEX"));
        (void)json_object_set_new(result, "vector", json_string(vector_name(m->vector)));
        (void)json_object_set_new(result, "vector_number", json_integer(m->vector));
        (void)json_object_set_new(result, "error_code", json_integer(m->error));
        put_number(result, "address", m->address);
    }
    (void)json_object_set_new(result, "registers", registers);
}

static void print_value(const char *name, const json_t *value)
{
    const char *key;
    json_t *below;

    if (json_is_object(value)) {
        (void)printf("%s\n", name);
        /* The macro wants an object that it may change. */
        json_t *object = json_deep_copy(value);
        json_object_foreach(object, key, below)
        {
            (void)printf("    %-10s %s\n", key, json_string_value(below));
        }
        json_decref(object);
    } else if (json_is_string(value) && json_string_length(value) != 0) {
        (void)printf("%-14s %s\n", name, json_string_value(value));
    } else if (json_is_integer(value)) {
        (void)printf("%-14s %" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
    }
}

static void print_result(json_t *result, bool json)
{
    const char *key;
    json_t *value;

    if (json) {
        (void)json_dumpf(result, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
        (void)printf("\n");
        return;
    }
    json_object_foreach(result, key, value)
    {
        print_value(key, value);
    }
}

/* --- the run --------------------------------------------------------------------------------------- */

static cw_status enter(struct cw_client *client, const struct cw_run_options *options,
        json_t *result)
{
    struct cw_sgx_mailbox *m;
    cw_status status;

    if (options->tcs >= client->loaded.tcs_count) {
        cw_log_error("--tcs %u: the image has %u, counted from 0", options->tcs,
                client->loaded.tcs_count);
        return CW_E_FORM;
    }
    m = cw_client_mailbox(client, options->tcs);
    m->function = SGX_EENTER;
    memcpy(m->gpr, options->gpr, sizeof m->gpr);
    m->rflags = options->rflags;
    m->mxcsr = options->mxcsr;
    m->fcw = options->fcw;
    status = cw_client_enter(client, options->tcs, 0, options->timeout_ms);
    if (status == CW_OK) {
        put_exit(result, m);
    } else if (status == CW_AGAIN) {
        (void)json_object_set_new(result, "exit", json_string("timeout"));
    } else {
        (void)json_object_set_new(result, "exit", json_string("ended"));
        (void)json_object_set_new(result, "why", json_string(client->ended));
    }
    return status == CW_E_ABSENT ? CW_E_DENIED : status;
}

static cw_status run_over(struct cw_client *client, const struct cw_run_options *options,
        int image, const uint8_t *sigstruct)
{
    json_t *result = json_object();
    uint32_t code = cw_client_load(client, image, -1, options->base, options->arena_len);
    cw_status status = CW_E_DENIED;

    client->loaded.code = code;
    put_identity(result, &client->loaded, sigstruct);
    if (code == SGX_OK) {
        status = enter(client, options, result);
    } else if (!options->json) {
        cw_log_error("%s: refused, %s: %s", options->image, code_name(code), client->loaded.text);
    }
    if (status != CW_E_FORM) {
        print_result(result, options->json);
    }
    json_decref(result);
    return status;
}

/* It sees that the host hung up, ends the enclave and then itself. */
static void end(pid_t pid)
{
    for (unsigned i = 0; i < END_LOOKS; i++) {
        if (waitpid(pid, NULL, WNOHANG) != 0) {
            return;
        }
        (void)poll(NULL, 0, 1);
    }
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static cw_status run_image(const struct cw_platform *platform, const struct cw_run_options *options,
        int image, const uint8_t *sigstruct)
{
    struct cw_client client;
    int pair[2];
    cw_status status;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        cw_log_error("no socket: %s", strerror(errno));
        return CW_E_SYSTEM;
    }
    pid = cw_listen_fork(platform, pair[1], 0, pair[0]);
    (void)close(pair[1]);
    if (pid < 0) {
        cw_log_error("no process: %s", strerror(errno));
        (void)close(pair[0]);
        return CW_E_SYSTEM;
    }
    cw_client_over(&client, pair[0]);
    status = run_over(&client, options, image, sigstruct);
    cw_client_close(&client);
    end(pid);
    return status;
}

static cw_status read_file(const char *path, size_t max_len, uint8_t **ret_bytes, size_t *ret_len)
{
    cw_status status = cw_file_read(path, max_len, ret_bytes, ret_len);

    if (status == CW_E_ABSENT) {
        cw_log_error("%s: no such file; give an SGXS stream and its SIGSTRUCT", path);
    }
    return status == CW_OK ? CW_OK : CW_E_FORM;
}

cw_status cw_run_image(const struct cw_platform *platform, const struct cw_run_options *options)
{
    uint8_t *stream = NULL, *sigstruct = NULL;
    size_t stream_len = 0, sigstruct_len = 0;
    cw_status status = read_file(options->image, CW_SGX_IMAGE_MAX, &stream, &stream_len);
    int image = -1;

    if (status == CW_OK && options->sigstruct != NULL) {
        status = read_file(options->sigstruct, SGX_PAGE_LEN, &sigstruct, &sigstruct_len);
        if (status == CW_OK && sigstruct_len != SGX_SIGSTRUCT_LEN) {
            cw_log_error("%s: %zu bytes; a SIGSTRUCT has %u", options->sigstruct, sigstruct_len,
                    SGX_SIGSTRUCT_LEN);
            status = CW_E_FORM;
        }
    } else if (status == CW_OK && stream_len < SGX_SIGSTRUCT_LEN) {
        cw_log_error("%s: %zu bytes; without --sigstruct it begins with a SIGSTRUCT of %u",
                options->image, stream_len, SGX_SIGSTRUCT_LEN);
        status = CW_E_FORM;
    }
    if (status == CW_OK) {
        image = cw_client_image(sigstruct != NULL ? sigstruct : stream, sigstruct_len, stream,
                stream_len);
        status = image < 0 ? CW_E_SYSTEM : CW_OK;
    }
    if (status == CW_OK) {
        status = run_image(platform, options, image, sigstruct != NULL ? sigstruct : stream);
    }
    if (image >= 0) {
        (void)close(image);
    }
    free(sigstruct);
    free(stream);
    return status;
}
