/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  A map has one letter per opcode: what follows it.  What is illegal is
 * looked up afterwards, by opcode and, in groups, by the ModRM byte.
 */
#include "tee/sgx/owner/opcodes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "silicon/sgx/arch.h"
#include "tee/sgx/owner/stream.h"

/*
 *   .  nothing          m  ModRM             P  a prefix: handled before
 *   b  1 byte           B  ModRM, 1 byte     E  an escape: handled before
 *   w  2 bytes          g  ModRM, group 3: 1 byte with /0, /1     x  no instruction
 *   e  3 bytes (enter)  G  ModRM, group 3: 2 or 4 bytes
 *   z  2 or 4 bytes     Z  ModRM, 2 or 4
 *   v  2, 4 or 8        o  an address        j  4 bytes, a near branch
 */
static const char one_byte[] =
        "mmmmbzxxmmmmbzxE" /* 00 */
        "mmmmbzxxmmmmbzxx" /* 10 */
        "mmmmbzPxmmmmbzPx" /* 20 */
        "mmmmbzPxmmmmbzPx" /* 30 */
        "PPPPPPPPPPPPPPPP" /* 40: REX */
        "................" /* 50 */
        "xxEmPPPPzZbB...." /* 60 */
        "bbbbbbbbbbbbbbbb" /* 70 */
        "BZxBmmmmmmmmmmmm" /* 80 */
        "..........x....." /* 90 */
        "oooo....bz......" /* a0 */
        "bbbbbbbbvvvvvvvv" /* b0 */
        "BBw.EEBZe.w..bx." /* c0 */
        "mmmmxxx.mmmmmmmm" /* d0 */
        "bbbbbbbbjjxb...." /* e0 */
        "P.PP..gG......mm"; /* f0 */
static const char two_byte[] =
        "mmmmx.....x.xmxx" /* 0f 00; 3DNow! (0e, 0f) is no instruction of these CPUs */
        "mmmmmmmmmmmmmmmm" /* 10 */
        "mmmmxxxxmmmmmmmm" /* 20 */
        "......x.ExExxxxx" /* 30 */
        "mmmmmmmmmmmmmmmm" /* 40 */
        "mmmmmmmmmmmmmmmm" /* 50 */
        "mmmmmmmmmmmmmmmm" /* 60 */
        "BBBBmmm.mmxxmmmm" /* 70 */
        "jjjjjjjjjjjjjjjj" /* 80 */
        "mmmmmmmmmmmmmmmm" /* 90 */
        "...mBmxx...mBmmm" /* a0 */
        "mmmmmmmmmmBmmmmm" /* b0 */
        "mmBmBBBm........" /* c0 */
        "mmmmmmmmmmmmmmmm" /* d0 */
        "mmmmmmmmmmmmmmmm" /* e0 */
        "mmmmmmmmmmmmmmmm"; /* f0 */
_Static_assert(sizeof one_byte == 257 && sizeof two_byte == 257, "a letter for each opcode");

typedef enum map {
    MAP_ONE,  /* no escape */
    MAP_0F,
    MAP_0F38,
    MAP_0F3A,
    MAP_OTHER, /* of VEX and EVEX: none that is known here, or half-precision numbers */
} map;

struct decoding {
    const uint8_t *code;
    size_t len;
    size_t at;
    bool is_short;

    bool has_66;
    bool has_67;
    bool has_lock;
    bool has_vex;
    bool has_evex;
    uint8_t repeat; /* f2, f3 or 0: the last one */
    uint8_t rex;
    bool is_256; /* VEX.L */
    map map;
    uint8_t opcode;
    bool has_modrm;
    uint8_t modrm;
};

static uint8_t take(struct decoding *d)
{
    if (d->at >= d->len) {
        d->is_short = true;
        return 0;
    }
    return d->code[d->at++];
}

static uint8_t peek(const struct decoding *d)
{
    return d->at < d->len ? d->code[d->at] : 0;
}

static void skip(struct decoding *d, size_t len)
{
    if (d->len - d->at < len) {
        d->is_short = true;
        d->at = d->len;
    } else {
        d->at += len;
    }
}

static void take_prefixes(struct decoding *d)
{
    for (;;) {
        const uint8_t byte = peek(d);
        const bool is_rex = (byte & 0xf0) == 0x40;
        if (d->at >= d->len || d->at >= CW_OPCODE_LEN_MAX ||
                !(is_rex || byte == 0x66 || byte == 0x67 || byte == 0xf0 || byte == 0xf2 ||
                        byte == 0xf3 || byte == 0x26 || byte == 0x2e || byte == 0x36 ||
                        byte == 0x3e || byte == 0x64 || byte == 0x65)) {
            return;
        }
        d->at++;
        d->rex = is_rex ? byte : 0; /* only the last byte before the opcode counts */
        d->has_66 = d->has_66 || byte == 0x66;
        d->has_67 = d->has_67 || byte == 0x67;
        d->has_lock = d->has_lock || byte == 0xf0;
        d->repeat = byte == 0xf2 || byte == 0xf3 ? byte : d->repeat;
    }
}

static map map_of(unsigned number)
{
    static const map maps[] = {MAP_OTHER, MAP_0F, MAP_0F38, MAP_0F3A};
    return number < 4 ? maps[number] : MAP_OTHER;
}

static void take_vex(struct decoding *d, uint8_t first)
{
    d->has_vex = first != 0x62;
    d->has_evex = first == 0x62;
    const uint8_t second = take(d);
    if (first == 0xc5) {
        d->map = MAP_0F;
        d->is_256 = (second & 4) != 0;
    } else {
        const uint8_t third = take(d);
        d->map = map_of(second & (first == 0x62 ? 7u : 0x1fu));
        d->is_256 = (third & 4) != 0;
        if (first == 0x62) {
            (void)take(d);
        }
    }
    d->opcode = take(d);
}

static void take_opcode(struct decoding *d)
{
    const uint8_t first = take(d);
    d->opcode = first;
    if (first == 0xc4 || first == 0xc5 || first == 0x62) {
        take_vex(d, first);
        return;
    }
    if (first != 0x0f) {
        return;
    }
    d->map = MAP_0F;
    d->opcode = take(d);
    if (d->opcode == 0x38 || d->opcode == 0x3a) {
        d->map = d->opcode == 0x38 ? MAP_0F38 : MAP_0F3A;
        d->opcode = take(d);
    }
}

/* The letter of the opcode. */
static char form_of(const struct decoding *d)
{
    if (d->map == MAP_0F38) {
        return 'm';
    }
    if (d->map == MAP_0F3A) {
        return 'B';
    }
    if (d->map == MAP_OTHER) {
        return d->has_evex ? 'm' : 'x';
    }
    const char form = (d->map == MAP_ONE ? one_byte : two_byte)[d->opcode];
    if (!d->has_vex && !d->has_evex) {
        return form;
    }
    /* Vector instructions have a ModRM byte, but for vzeroupper and vzeroall. */
    return d->has_vex && d->opcode == 0x77 ? '.' : form == 'B' ? 'B' : 'm';
}

static void take_address(struct decoding *d)
{
    d->has_modrm = true;
    d->modrm = take(d);
    const unsigned mod = d->modrm >> 6;
    const unsigned rm = d->modrm & 7;
    if (mod == 3) {
        return;
    }
    unsigned base = rm;
    if (rm == 4) {
        base = take(d) & 7;
    }
    if (mod == 1) {
        skip(d, 1);
    } else if (mod == 2 || base == 5) {
        skip(d, 4);
    }
}

static void take_rest(struct decoding *d, char form)
{
    const bool is_wide = (d->rex & 8) != 0;
    const size_t z = d->has_66 && !is_wide ? 2 : 4;
    if (strchr("mBZgG", form) != NULL) {
        take_address(d);
    }
    const bool is_test = (d->modrm >> 3 & 7) < 2;
    switch (form) {
    case 'b':
    case 'B':
        skip(d, 1);
        break;
    case 'w':
        skip(d, 2);
        break;
    case 'e':
        skip(d, 3);
        break;
    case 'z':
    case 'Z':
        skip(d, z);
        break;
    case 'v':
        skip(d, is_wide ? 8 : z);
        break;
    case 'o':
        skip(d, d->has_67 ? 4 : 8);
        break;
    case 'j':
        skip(d, 4);
        break;
    case 'g':
        skip(d, is_test ? 1 : 0);
        break;
    case 'G':
        skip(d, is_test ? z : 0);
        break;
    default:
        break;
    }
}

/* --- kinds ---------------------------------------- */

struct name {
    uint8_t opcode;
    const char *name;
};

static const struct name illegal_one[] = {
        {0x6c, "ins"}, {0x6d, "ins"}, {0x6e, "outs"}, {0x6f, "outs"},
        {0x8e, "mov to a segment register"}, {0xca, "far return"}, {0xcb, "far return"},
        {0xcd, "int"}, {0xcf, "iret"}, {0xe4, "in"}, {0xe5, "in"}, {0xe6, "out"}, {0xe7, "out"},
        {0xec, "in"}, {0xed, "in"}, {0xee, "out"}, {0xef, "out"}, {0xf1, "int1"}, {0xf4, "hlt"},
        {0xfa, "cli"}, {0xfb, "sti"}, {0, NULL},
};
static const struct name illegal_0f[] = {
        {0x02, "lar"}, {0x03, "lsl"}, {0x05, "syscall"}, {0x06, "clts"}, {0x07, "sysret"},
        {0x08, "invd"}, {0x09, "wbinvd"}, {0x20, "mov from a control register"},
        {0x21, "mov from a debug register"}, {0x22, "mov to a control register"},
        {0x23, "mov to a debug register"}, {0x30, "wrmsr"}, {0x31, "rdtsc"}, {0x32, "rdmsr"},
        {0x33, "rdpmc"}, {0x34, "sysenter"}, {0x35, "sysexit"}, {0x37, "getsec"},
        {0x78, "vmread"}, {0x79, "vmwrite"}, {0xa1, "pop fs"}, {0xa2, "cpuid"}, {0xa9, "pop gs"},
        {0xaa, "rsm"}, {0xb2, "lss"}, {0xb4, "lfs"}, {0xb5, "lgs"}, {0, NULL},
};

static const char *look_up(const struct name *list, uint8_t opcode)
{
    while (list->name != NULL && list->opcode != opcode) {
        list++;
    }
    return list->name;
}

/* 0f 00 and 0f 01: descriptor tables, virtual machines, time; ENCLU is among them. */
static const char *illegal_system(const struct decoding *d)
{
    static const char *const of_00[] = {"sldt", "str", "lldt", "ltr", NULL, NULL, "jmpe", "jmpe"};
    static const char *const of_01[] = {"sgdt", "sidt", "lgdt", "lidt", "smsw", "rstorssp", "lmsw",
            "invlpg"};
    static const struct name by_modrm[] = {{0xc1, "vmcall"}, {0xc2, "vmlaunch"},
            {0xc3, "vmresume"}, {0xc4, "vmxoff"}, {0xc8, "monitor"}, {0xc9, "mwait"},
            {0xca, "clac"}, {0xcb, "stac"}, {0xcf, "encls"}, {0xd1, "xsetbv"}, {0xd4, "vmfunc"},
            {0xd9, "vmmcall"}, {0xf8, "swapgs"}, {0xf9, "rdtscp"}, {0xfd, "rdpru"}, {0, NULL}};
    const unsigned reg = d->modrm >> 3 & 7;
    if (d->opcode == 0x00) {
        return of_00[reg];
    }
    if (d->modrm < 0xc0) {
        return of_01[reg];
    }
    /* xgetbv, xend, xtest, rdpkru, wrpkru; serialize; and ENCLU. */
    if (d->modrm == 0xd0 || d->modrm == 0xd5 || d->modrm == 0xd6 || d->modrm == 0xd7 ||
            d->modrm == 0xee || d->modrm == 0xef || (d->modrm == 0xe8 && d->repeat == 0)) {
        return NULL;
    }
    const char *name = look_up(by_modrm, d->modrm);
    return name != NULL ? name : reg == 4 ? "smsw" : reg == 6 ? "lmsw" : "a system instruction";
}

static const char *illegal_name(const struct decoding *d)
{
    const unsigned reg = d->modrm >> 3 & 7;
    const bool is_memory = d->has_modrm && d->modrm < 0xc0;
    if (d->map == MAP_ONE && d->opcode == 0xff && (reg == 3 || reg == 5)) {
        return reg == 3 ? "far call" : "far jump";
    }
    if (d->map == MAP_ONE) {
        return look_up(illegal_one, d->opcode);
    }
    if (d->map == MAP_0F38 && d->opcode >= 0x80 && d->opcode <= 0x82) {
        return "an instruction of virtual machines (invept, invvpid, invpcid)";
    }
    if (d->map != MAP_0F) {
        return NULL;
    }
    if (d->opcode <= 0x01) {
        return illegal_system(d);
    }
    if (d->opcode == 0xc7 && d->repeat == 0xf3 && reg == 7) {
        return "rdpid";
    }
    if (d->opcode == 0xc7 && is_memory && (reg == 3 || reg == 5 || reg == 6 || reg == 7)) {
        return "an instruction of the system (xrstors, xsaves, vmptrld, vmptrst)";
    }
    return look_up(illegal_0f, d->opcode);
}

/* VEX on general registers (BMI) needs nothing in XFRM. */
static bool is_general(const struct decoding *d)
{
    return d->has_vex && !d->is_256 &&
            ((d->map == MAP_0F38 && (d->opcode == 0xf2 || d->opcode == 0xf3 || d->opcode == 0xf5 ||
                                            d->opcode == 0xf6 || d->opcode == 0xf7)) ||
                    (d->map == MAP_0F3A && d->opcode == 0xf0));
}

/* What no CPU takes, or what not all take alike. */
static bool is_unknown(const struct decoding *d, char form)
{
    const unsigned reg = d->modrm >> 3 & 7;
    if (form == 'x' || d->at > CW_OPCODE_LEN_MAX) {
        return true;
    }
    if ((d->has_vex || d->has_evex) &&
            (d->has_66 || d->has_lock || d->repeat != 0 || d->rex != 0)) {
        return true;
    }
    if (d->has_vex || d->has_evex) {
        return false;
    }
    /* With 66 a near branch has 2 bytes on one maker's CPUs, and 4 on the other's. */
    if (form == 'j' && d->has_66 && (d->rex & 8) == 0) {
        return true;
    }
    if (d->map != MAP_ONE) {
        return false;
    }
    /* 8f is pop, or XOP, which is another maker's. */
    return (d->opcode == 0xff && reg == 7) || (d->opcode == 0x8f && reg != 0) ||
            (d->opcode == 0xfe && reg > 1);
}

static void set_kind(const struct decoding *d, char form, struct cw_opcode *ret_opcode)
{
    const bool is_vector = d->has_vex || d->has_evex;
    const char *illegal = is_vector ? NULL : illegal_name(d);
    if (is_unknown(d, form)) {
        *ret_opcode = (struct cw_opcode){d->at, CW_OPCODE_UNKNOWN, "no instruction that is known"};
    } else if (is_general(d)) {
        *ret_opcode = (struct cw_opcode){d->at, CW_OPCODE_PLAIN, "general registers"};
    } else if (is_vector) {
        *ret_opcode = d->has_evex ? (struct cw_opcode){d->at, CW_OPCODE_AVX512, "AVX-512 (EVEX)"}
                                  : (struct cw_opcode){d->at, CW_OPCODE_AVX, "AVX (VEX)"};
    } else if (d->map == MAP_0F && d->opcode == 0x01 && d->modrm == 0xd7) {
        *ret_opcode = (struct cw_opcode){d->at, CW_OPCODE_ENCLU, "enclu"};
    } else if (illegal != NULL) {
        *ret_opcode = (struct cw_opcode){d->at, CW_OPCODE_ILLEGAL, illegal};
    } else {
        *ret_opcode = (struct cw_opcode){d->at, CW_OPCODE_PLAIN, "plain"};
    }
}

cw_status cw_opcode_decode(const uint8_t *code, size_t len, struct cw_opcode *ret_opcode)
{
    struct decoding d = {.code = code, .len = len};
    take_prefixes(&d);
    take_opcode(&d);
    const char form = form_of(&d);
    take_rest(&d, form);
    if (d.is_short) {
        return CW_E_SHORT;
    }
    set_kind(&d, form, ret_opcode);
    return CW_OK;
}

/* --- all of it ---------------------------------------- */

static bool may_stand(const struct cw_opcode_rules *rules, const struct cw_opcode *opcode,
        uint64_t at)
{
    switch (opcode->kind) {
    case CW_OPCODE_PLAIN:
        return true;
    case CW_OPCODE_ENCLU:
        for (size_t i = 0; rules->enclu != NULL && i < rules->enclu_count; i++) {
            if (rules->enclu[i] == at) {
                return true;
            }
        }
        return rules->enclu == NULL;
    case CW_OPCODE_AVX:
        return (rules->xfrm & SGX_XFRM_AVX) != 0;
    case CW_OPCODE_AVX512:
        return (rules->xfrm & 0xe0) == 0xe0;
    case CW_OPCODE_ILLEGAL:
    case CW_OPCODE_UNKNOWN:
        return false;
    }
    return false;
}

void cw_opcode_scan(const uint8_t *code, size_t len, uint64_t base,
        const struct cw_opcode_rules *rules, struct cw_opcode_finding *ret_findings, size_t cap,
        size_t *ret_count)
{
    size_t count = 0;
    size_t end = len;
    while (end > 0 && code[end - 1] == 0) {
        end--;
    }
    for (size_t at = 0; at < end;) {
        struct cw_opcode opcode;
        if (cw_opcode_decode(code + at, len - at, &opcode) != CW_OK) {
            opcode = (struct cw_opcode){len - at, CW_OPCODE_UNKNOWN, "an instruction that is cut"};
        }
        if (!may_stand(rules, &opcode, base + at)) {
            if (count < cap) {
                ret_findings[count] = (struct cw_opcode_finding){base + at, opcode};
            }
            count++;
        }
        at += opcode.len;
    }
    *ret_count = count;
}

static bool follows(const struct cw_sgxs *image, size_t first, size_t index)
{
    return index < image->page_count && (image->pages[index].flags & SGX_SECINFO_X) != 0 &&
            image->pages[index].offset ==
                    image->pages[first].offset + (index - first) * SGX_PAGE_LEN;
}

/* Pages that lie side by side are one piece of code: instructions cross from one to the next. */
cw_status cw_opcode_scan_image(const struct cw_sgxs *image, const struct cw_opcode_rules *rules,
        struct cw_opcode_finding *ret_findings, size_t cap, size_t *ret_count)
{
    size_t total = 0;
    for (size_t first = 0; first < image->page_count;) {
        size_t count = 0;
        while (follows(image, first, first + count)) {
            count++;
        }
        uint8_t *code = count == 0 ? NULL : malloc(count * SGX_PAGE_LEN);
        if (count > 0 && code == NULL) {
            return CW_E_SYSTEM;
        }
        for (size_t i = 0; i < count; i++) {
            memcpy(code + i * SGX_PAGE_LEN, image->pages[first + i].bytes, SGX_PAGE_LEN);
        }
        size_t found = 0;
        if (count > 0) {
            const size_t used = total < cap ? total : cap;
            cw_opcode_scan(code, count * SGX_PAGE_LEN, image->pages[first].offset, rules,
                    ret_findings + used, cap - used, &found);
        }
        total += found;
        free(code);
        first += count > 0 ? count : 1;
    }
    *ret_count = total;
    return CW_OK;
}
