/* SPDX-License-Identifier: MIT */
/*
 * The front end: OP-TEE's messages (abi.h, part 2) to what module.h does (part 1).
 *
 * Implementation notes.  A message is fetched once, header and then parameters, into struct message;
 * whoever comes after sees this copy alone.  Parameters are compared, all of them at once, with what
 * the command takes; then buffers are found, whose lists are fetched once too.  What a command
 * changes is in the copy, and goes back when it is done: session, ret, ret_origin, and, where it
 * succeeded, values and sizes that go out.
 */
#include <stddef.h>

#include "core/base/bytes.h"
#include "sdk/rt.h"
#include "tee/trustzone/enclave/kernel/module.h"
#include "tee/trustzone/enclave/kernel/normal.h"
#include "tee/trustzone/enclave/kernel/pages.h"
#include "tee/trustzone/enclave/kernel/parts.h"
#include "tee/trustzone/enclave/kernel/service.h"
#include "tee/trustzone/enclave/kernel/shm.h"

#define PARAMETERS 4u /* of an invocation */
#define META 2u       /* parameters of OPEN_SESSION ahead of them */
#define MESSAGE_PAGE 4096u
#define HEADER_LEN sizeof(struct optee_message)

_Static_assert(sizeof(struct optee_message) == 32 && sizeof(struct optee_parameter) == 32,
        "as the driver has them");
_Static_assert(META + PARAMETERS == OPTEE_PARAMETERS_MAX, "the most that a message has");

/* A message, as it was fetched. */
struct message {
    struct optee_message header;
    struct optee_parameter parameters[OPTEE_PARAMETERS_MAX]; /* zeros behind those that it has */
};

/* What a parameter of an invocation must be. */
typedef enum kind {
    NONE = 0,
    VALUE_IN,
    VALUE_OUT,
    VALUE_INOUT,
    MEMORY_IN,
    MEMORY_OUT,
    ILL = 15,
} kind;

#define KINDS(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 4 | (uint32_t)(c) << 8 | (uint32_t)(d) << 12)

static struct cw_tz_info info;

/*
 * The numbers of open sessions as the normal world knows them: index, and above it how many sessions
 * that index has had, so that the number of a session that was closed is not that of a new one.
 */
#define INDEX_BITS 8u
static uint32_t generations[CW_TZ_SESSIONS + 1];
static uint32_t open_sessions[CW_TZ_SESSIONS + 1]; /* 0: closed */
_Static_assert(CW_TZ_SESSIONS < 1u << INDEX_BITS, "an index fits");

/* Copies of the lists of this call's buffers. */
static uint64_t lists[PARAMETERS][CW_TZ_SHM_PAGES];

void cw_tz_message_open(const struct cw_tz_boot *boot)
{
    info = (struct cw_tz_info){.version = 1, .boot = cw_tz_journal_boot()};
    cw_bytes_copy(info.platform, boot->platform, sizeof info.platform);
    cw_bytes_copy(info.name, boot->name, sizeof info.name);
    cw_bytes_wipe(generations, sizeof generations);
    cw_bytes_wipe(open_sessions, sizeof open_sessions);
    cw_tz_shm_close();
}

/* --- parameters ----------------------------------------------------------------------------------- */

/* Of the attributes as a whole: a bit that is not known makes it ill. */
static kind kind_of(uint64_t attr)
{
    switch (attr) {
    case OPTEE_NONE:
        return NONE;
    case OPTEE_VALUE_IN:
        return VALUE_IN;
    case OPTEE_VALUE_OUT:
        return VALUE_OUT;
    case OPTEE_VALUE_INOUT:
        return VALUE_INOUT;
    case OPTEE_RMEM_IN:
    case OPTEE_TMEM_IN:
    case OPTEE_TMEM_IN | OPTEE_NONCONTIGUOUS:
        return MEMORY_IN;
    case OPTEE_RMEM_OUT:
    case OPTEE_TMEM_OUT:
    case OPTEE_TMEM_OUT | OPTEE_NONCONTIGUOUS:
        return MEMORY_OUT;
    default:
        return ILL;
    }
}

static uint32_t kinds_of(const struct optee_parameter parameters[static PARAMETERS])
{
    return KINDS(kind_of(parameters[0].attr), kind_of(parameters[1].attr),
            kind_of(parameters[2].attr), kind_of(parameters[3].attr));
}

/* The buffer of parameter i; of no bytes where the normal world says NULL. */
static uint32_t find_buffer(const struct optee_parameter parameters[static PARAMETERS], unsigned i,
        struct cw_tz_buffer *ret_buffer)
{
    const struct optee_parameter *p = &parameters[i];
    if (p->attr == OPTEE_RMEM_IN || p->attr == OPTEE_RMEM_OUT) {
        return cw_tz_shm_find(p->c, p->a, p->b, ret_buffer);
    }
    if (p->b == 0 || (p->attr & OPTEE_NONCONTIGUOUS) == 0) {
        return cw_tz_buffer_run(p->a, p->b, ret_buffer);
    }
    return cw_tz_buffer_list(p->a, p->b, lists[i], ret_buffer);
}

/* --- commands of a session: part 1 of abi.h ------------------------------------------------------- */

static uint32_t read_to(const struct cw_tz_buffer *buffer, uint8_t *ret_to)
{
    return cw_tz_buffer_read(buffer, ret_to, buffer->len) == CW_OK ? TEE_SUCCESS : TEE_ERROR_GENERIC;
}

/* Bytes out, and their length; too little room: the length alone. */
static uint32_t write_out(const struct cw_tz_buffer *buffer, struct optee_parameter *p,
        const void *bytes, uint64_t len)
{
    p->b = len;
    if (len > buffer->len) {
        return TEE_ERROR_SHORT_BUFFER;
    }
    return cw_tz_buffer_write(buffer, bytes, len) == CW_OK ? TEE_SUCCESS : TEE_ERROR_GENERIC;
}

static uint32_t load(uint32_t session, struct optee_parameter p[static PARAMETERS])
{
    struct cw_tz_buffer in;
    uint8_t *to = NULL;
    uint32_t code = find_buffer(p, 1, &in);
    if (code == TEE_SUCCESS) {
        code = cw_tz_session_room(session, p[0].a, p[0].b, in.len, &to);
    }
    if (code == TEE_SUCCESS) {
        code = read_to(&in, to);
    }
    return code == TEE_SUCCESS ? cw_tz_session_loaded(session, in.len) : code;
}

static uint32_t enter(uint32_t session, struct optee_parameter p[static PARAMETERS])
{
    struct cw_tz_buffer in;
    struct cw_tz_buffer out;
    struct cw_tz_said said;
    uint8_t *to = NULL;
    if (p[0].a > UINT8_MAX || p[0].b != 0) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    uint32_t code = find_buffer(p, 1, &in);
    if (code == TEE_SUCCESS) {
        code = find_buffer(p, 2, &out);
    }
    if (code == TEE_SUCCESS && out.len < CW_TZ_OUT_LEN) {
        p[2].b = CW_TZ_OUT_LEN;
        code = TEE_ERROR_SHORT_BUFFER;
    }
    if (code == TEE_SUCCESS) {
        code = cw_tz_session_input(session, in.len, &to);
    }
    if (code == TEE_SUCCESS) {
        code = read_to(&in, to);
    }
    if (code == TEE_SUCCESS) {
        code = cw_tz_session_enter(session, (uint32_t)p[0].a, in.len, &said);
    }
    if (code == TEE_SUCCESS) {
        p[0].a = said.value;
        p[0].b = said.count;
        code = write_out(&out, &p[2], said.items, said.len);
    }
    return code;
}

static uint32_t fetch(uint32_t session, struct optee_parameter p[static PARAMETERS])
{
    struct cw_tz_buffer out;
    struct cw_tz_said said;
    uint32_t code = find_buffer(p, 2, &out);
    if (code == TEE_SUCCESS) {
        code = cw_tz_session_fetch(session, &said);
    }
    if (code == TEE_SUCCESS) {
        code = write_out(&out, &p[2], said.items, said.len);
    }
    if (code == TEE_SUCCESS) {
        p[0].a = said.value;
        p[0].b = said.count;
        cw_tz_session_fetched(session);
    }
    return code;
}

static uint32_t tell(uint32_t session, struct optee_parameter p[static PARAMETERS])
{
    struct cw_tz_buffer out;
    (void)session;
    const uint32_t code = find_buffer(p, 1, &out);
    if (code != TEE_SUCCESS) {
        return code;
    }
    info.sessions_free = CW_TZ_SESSIONS - cw_tz_session_count();
    info.memory_free = cw_tz_pages_free_len();
    return write_out(&out, &p[1], &info, sizeof info);
}

static uint32_t ping(uint32_t session, struct optee_parameter p[static PARAMETERS])
{
    (void)session;
    p[0].a++;
    return TEE_SUCCESS;
}

static const struct command {
    uint32_t (*run)(uint32_t session, struct optee_parameter p[static PARAMETERS]);
    uint32_t kinds;
} commands[] = {
        [CW_TZ_LOAD] = {load, KINDS(VALUE_IN, MEMORY_IN, NONE, NONE)},
        [CW_TZ_ENTER] = {enter, KINDS(VALUE_INOUT, MEMORY_IN, MEMORY_OUT, NONE)},
        [CW_TZ_FETCH] = {fetch, KINDS(VALUE_OUT, NONE, MEMORY_OUT, NONE)},
        [CW_TZ_INFO] = {tell, KINDS(NONE, MEMORY_OUT, NONE, NONE)},
        [CW_TZ_PING] = {ping, KINDS(VALUE_INOUT, NONE, NONE, NONE)},
};

/* --- messages --------------------------------------------------------------------------------------- */

/* The index of a session that is open, or 0. */
static uint32_t index_of(uint32_t session)
{
    const uint32_t index = session & ((1u << INDEX_BITS) - 1);
    return index >= 1 && index <= CW_TZ_SESSIONS && open_sessions[index] == session ? index : 0;
}

static uint32_t open_session(struct message *m)
{
    static const uint8_t uuid[16] = CW_TZ_UUID;
    const struct optee_parameter *p = m->parameters;
    uint32_t index = 0;
    if (m->header.parameter_count < META || p[0].attr != (OPTEE_VALUE_IN | OPTEE_META) ||
            p[1].attr != (OPTEE_VALUE_IN | OPTEE_META) ||
            kinds_of(p + META) != KINDS(NONE, NONE, NONE, NONE)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    if (!cw_bytes_equal(&p[0].a, uuid, 8) || !cw_bytes_equal(&p[0].b, uuid + 8, 8)) {
        return TEE_ERROR_ITEM_NOT_FOUND;
    }
    const uint32_t code = cw_tz_session_open(&index);
    if (code == TEE_SUCCESS) {
        open_sessions[index] = ++generations[index] << INDEX_BITS | index;
        m->header.session = open_sessions[index];
        m->header.ret_origin = TEE_ORIGIN_MODULE;
    }
    return code;
}

static uint32_t close_session(struct message *m)
{
    const uint32_t index = index_of(m->header.session);
    if (index == 0) {
        return TEE_ERROR_ITEM_NOT_FOUND;
    }
    open_sessions[index] = 0;
    return cw_tz_session_close(index);
}

static uint32_t invoke(struct message *m)
{
    const uint32_t index = index_of(m->header.session);
    const uint32_t number = m->header.function;
    if (index == 0) {
        return TEE_ERROR_ITEM_NOT_FOUND;
    }
    if (number >= sizeof commands / sizeof commands[0] || commands[number].run == NULL) {
        return TEE_ERROR_NOT_SUPPORTED;
    }
    if (m->header.parameter_count > PARAMETERS || kinds_of(m->parameters) != commands[number].kinds) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    m->header.ret_origin = TEE_ORIGIN_MODULE;
    return commands[number].run(index, m->parameters);
}

static uint32_t register_shm(const struct message *m)
{
    const struct optee_parameter *p = m->parameters;
    if (m->header.parameter_count != 1 || p->attr != (OPTEE_TMEM_OUT | OPTEE_NONCONTIGUOUS)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    return cw_tz_shm_register(p->c, p->a, p->b);
}

static uint32_t unregister_shm(const struct message *m)
{
    const struct optee_parameter *p = m->parameters;
    if (m->header.parameter_count != 1 || p->attr != OPTEE_RMEM_IN) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    return cw_tz_shm_unregister(p->c);
}

/* False: no such message. */
static bool run(struct message *m)
{
    m->header.ret_origin = TEE_ORIGIN_TEE;
    switch (m->header.command) {
    case OPTEE_OPEN_SESSION:
        m->header.ret = open_session(m);
        return true;
    case OPTEE_INVOKE:
        m->header.ret = invoke(m);
        return true;
    case OPTEE_CLOSE_SESSION:
        m->header.ret = close_session(m);
        return true;
    case OPTEE_REGISTER_SHM:
        m->header.ret = register_shm(m);
        return true;
    case OPTEE_UNREGISTER_SHM:
        m->header.ret = unregister_shm(m);
        return true;
    default:
        return false;
    }
}

/* False: it is not where a message can be, or has more parameters than one. */
static bool fetch_message(uint64_t pa, struct message *ret_message)
{
    const uint64_t room = MESSAGE_PAGE - pa % MESSAGE_PAGE;
    memset(ret_message, 0, sizeof *ret_message);
    if (pa % 8 != 0 || room < HEADER_LEN ||
            cw_tz_normal_read(&ret_message->header, pa, HEADER_LEN) != CW_OK) {
        return false;
    }
    const uint32_t count = ret_message->header.parameter_count;
    return count <= OPTEE_PARAMETERS_MAX &&
            HEADER_LEN + count * sizeof(struct optee_parameter) <= room &&
            cw_tz_normal_read(ret_message->parameters, pa + HEADER_LEN,
                    count * sizeof(struct optee_parameter)) == CW_OK;
}

static cw_status write_field(uint64_t pa, const void *field, size_t len, cw_status status)
{
    return status == CW_OK ? cw_tz_normal_write(pa, field, len) : status;
}

/* What goes back of a parameter; after a failure only a length that was too short. */
static cw_status return_parameter(uint64_t pa, const struct optee_parameter *p, uint32_t code)
{
    cw_status status = CW_OK;
    const kind what = kind_of(p->attr);
    if (code == TEE_SUCCESS && (what == VALUE_OUT || what == VALUE_INOUT)) {
        status = write_field(pa + offsetof(struct optee_parameter, a), &p->a, 3 * sizeof p->a,
                status);
    } else if (what == MEMORY_OUT && (code == TEE_SUCCESS || code == TEE_ERROR_SHORT_BUFFER)) {
        status = write_field(pa + offsetof(struct optee_parameter, b), &p->b, sizeof p->b, status);
    }
    return status;
}

static cw_status return_message(uint64_t pa, const struct message *m)
{
    cw_status status = CW_OK;
    for (uint32_t i = 0; i < m->header.parameter_count && m->header.command == OPTEE_INVOKE &&
            status == CW_OK; i++) {
        status = return_parameter(pa + HEADER_LEN + i * sizeof m->parameters[0], &m->parameters[i],
                m->header.ret);
    }
    status = write_field(pa + offsetof(struct optee_message, session), &m->header.session,
            sizeof m->header.session, status);
    status = write_field(pa + offsetof(struct optee_message, ret), &m->header.ret,
            sizeof m->header.ret, status);
    return write_field(pa + offsetof(struct optee_message, ret_origin), &m->header.ret_origin,
            sizeof m->header.ret_origin, status);
}

static uint32_t call_with_arg(uint64_t pa)
{
    static struct message m;
    if (!fetch_message(pa, &m)) {
        return OPTEE_EBADADDR;
    }
    if (!run(&m)) {
        return OPTEE_EBADCMD;
    }
    return return_message(pa, &m) == CW_OK ? OPTEE_OK : OPTEE_EBADADDR;
}

/* --- calls ------------------------------------------------------------------------------------------ */

/* A UUID as four registers. */
static void put_uuid(const uint8_t uuid[static 16], uint64_t ret_out[static 4])
{
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t *word = uuid + (size_t)4 * i;
        ret_out[i] = word[0] | (uint64_t)word[1] << 8 | (uint64_t)word[2] << 16 |
                (uint64_t)word[3] << 24;
    }
}

void cw_tz_message(const uint64_t in[static 4], uint64_t ret_out[static 4])
{
    static const uint8_t uuid[16] = CW_TZ_UUID;
    const uint32_t a1 = (uint32_t)in[1];
    const uint32_t a2 = (uint32_t)in[2];
    const uint32_t function = (uint32_t)in[0];
    uint64_t out[4] = {OPTEE_UNKNOWN, 0, 0, 0};
    switch (function) {
    case OPTEE_CALLS_UID: /* OP-TEE's, as words of the registers */
        out[0] = 0x384fb3e0;
        out[1] = 0xe7f811e3;
        out[2] = 0xaf630002;
        out[3] = 0xa5d5c51b;
        break;
    case OPTEE_CALLS_REVISION:
        out[0] = 2;
        break;
    case OPTEE_GET_OS_UUID:
        put_uuid(uuid, out);
        break;
    case OPTEE_GET_OS_REVISION:
        out[0] = 1;
        break;
    case OPTEE_EXCHANGE_CAPABILITIES:
        out[0] = OPTEE_OK;
        out[1] = OPTEE_CAP_DYNAMIC_SHM | OPTEE_CAP_MEMREF_NULL;
        break;
    case OPTEE_DISABLE_SHM_CACHE:
        out[0] = OPTEE_ENOTAVAIL;
        break;
    case OPTEE_ENABLE_SHM_CACHE:
        out[0] = OPTEE_OK;
        break;
    case OPTEE_CALL_WITH_ARG:
        out[0] = call_with_arg((uint64_t)a1 << 32 | a2);
        break;
    default:
        break;
    }
    for (unsigned i = 0; i < 4; i++) {
        ret_out[i] = out[i];
    }
}
