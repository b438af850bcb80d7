/* SPDX-License-Identifier: MIT */
/*
 * The decoder against objdump, instruction by instruction, over all code that goes into images, and
 * over hand-written vector code; and each instruction that an enclave may not have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "silicon/sgx/arch.h"
#include "tee/sgx/owner/opcodes.h"
#include "tests/support/folder.h"

/* --- the oracle ---------------------------------------- */

#define SECTION_MAX (8u << 20)

struct section {
    uint8_t *code;
    uint8_t *begins; /* 1: an instruction; 2: objdump knows none; 0: inside one */
    size_t len;
    size_t instructions;
    size_t vectors;
};

/* Decode a section from its first byte to its last; boundaries must be those of objdump. */
static void compare(struct section *s, const char *where)
{
    for (size_t at = 0; at < s->len;) {
        struct cw_opcode opcode = {0};
        /* What objdump does not know ends the agreement, until it knows one again. */
        while (at < s->len && s->begins[at] != 1) {
            if (s->begins[at] == 0) {
                fail_msg("%s: at 0x%zx objdump has no instruction", where, at);
            }
            at++;
            while (at < s->len && s->begins[at] == 0) {
                at++;
            }
        }
        if (at == s->len) {
            break;
        }
        size_t len = 1;
        while (at + len < s->len && s->begins[at + len] == 0) {
            len++;
        }
        /* objdump takes fwait, an instruction of its own, together with the next one. */
        if (s->code[at] == 0x9b && len > 1) {
            at++;
            len--;
        }
        if (cw_opcode_decode(s->code + at, s->len - at, &opcode) != CW_OK || opcode.len != len) {
            fail_msg("%s: at 0x%zx (%02x %02x %02x %02x): %zu bytes, objdump says %zu", where, at,
                    s->code[at], s->code[at + 1], s->code[at + 2], s->code[at + 3], opcode.len, len);
        }
        s->instructions++;
        s->vectors += opcode.kind == CW_OPCODE_AVX || opcode.kind == CW_OPCODE_AVX512 ? 1 : 0;
        at += len;
    }
    s->len = 0;
}

/* "  401000:\tf3 0f 1e fa \tendbr64" */
static void take_line(struct section *s, char *line)
{
    char *bytes = strchr(line, '\t');
    char *words = bytes == NULL ? NULL : strchr(bytes + 1, '\t');
    char *end = line;
    (void)strtoul(line, &end, 16);
    if (bytes == NULL || *end != ':') {
        return;
    }
    const bool is_bad = words == NULL || strstr(words, "(bad)") != NULL;
    if (words != NULL) {
        *words = '\0';
    }
    bool is_first = true;
    for (char *at = bytes + 1;;) {
        const unsigned long byte = strtoul(at, &end, 16);
        if (end == at || s->len == SECTION_MAX) {
            break;
        }
        s->code[s->len] = (uint8_t)byte;
        s->begins[s->len++] = is_first ? is_bad ? 2 : 1 : 0;
        is_first = false;
        at = end;
    }
}

static void agrees(const char *file, size_t least, size_t least_vectors)
{
    char command[512];
    char line[512];
    char where[256] = "";
    struct section s = {.code = malloc(SECTION_MAX), .begins = malloc(SECTION_MAX)};
    assert_non_null(s.code);
    assert_non_null(s.begins);
    (void)snprintf(command, sizeof command, "objdump -d -w -z --insn-width=16 '%s'", file);
    FILE *objdump = popen(command, "r");
    assert_non_null(objdump);
    while (fgets(line, sizeof line, objdump) != NULL) {
        if (strncmp(line, "Disassembly of section", 22) == 0) {
            compare(&s, where);
            (void)snprintf(where, sizeof where, "%.120s, %.100s", file, line + 23);
        }
        take_line(&s, line);
    }
    assert_int_equal(pclose(objdump), 0);
    compare(&s, where);
    printf("# %s: %zu instructions, %zu of them vectors\n", file, s.instructions, s.vectors);
    assert_true(s.instructions >= least);
    assert_true(s.vectors >= least_vectors);
    free(s.code);
    free(s.begins);
}

static void all_code_of_images_is_read_as_objdump_reads_it(void **state)
{
    (void)state;
    agrees("build/sdk/lib/sgx/libsgx.a", 1000, 0);
    agrees("build/sdk/lib/sgx/libcore.a", 1000, 0);
    agrees("build/sdk/lib/sgx/libservices.a", 1000, 0);
    agrees("build/sdk/lib/sgx/libbearssl.a", 30000, 0);
}

/* A compiler's and people's vector code: every form of addresses and constants. */
static void vector_code_is_read_as_objdump_reads_it(void **state)
{
    (void)state;
    static const char source[] =
            "#include <immintrin.h>\n"
            "void f(float *a, const float *b, int n) {\n"
            "  for (int i = 0; i < n; i++) { a[i] = a[i] * b[i] + a[i * 3] / (b[i] + 1); } }\n"
            "void g(int *a, const int *b, int n) {\n"
            "  for (int i = 0; i < n; i++) { a[i] = b[i] > 7 ? a[i] * 5 >> b[i] : b[i * 2]; } }\n"
            "void h(char *a, const char *b, int n) {\n"
            "  for (int i = 0; i < n; i++) { a[i] = (char)(b[n - i] + (b[i] > 3 ? 1 : a[i])); } }\n"
            "__m512i s(__m512i a, __m512i b) { return _mm512_alignr_epi32(\n"
            "  _mm512_permutexvar_epi8(a, b), _mm512_ternarylogic_epi64(a, b, a, 0x1b), 3); }\n"
            "__m256i p(__m256i a) { return _mm256_permute4x64_epi64(_mm256_shuffle_epi32(a, 0x1b),"
            " 0x4e); }\n";
    char path[128];
    char command[512];
    static const char *const flags[] = {"-O3 -mavx2 -mfma", "-O3 -march=icelake-server",
            "-O3 -march=icelake-server -mprefer-vector-width=512"};
    (void)snprintf(path, sizeof path, "%s/vectors.c", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(source, file) >= 0);
    assert_int_equal(fclose(file), 0);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        (void)snprintf(command, sizeof command, "gcc %s %s -c -o %s/vectors.o %s", flags[i],
                i == 0 ? "-Wno-psabi -mavx512vbmi" : "-Wno-psabi", folder, path);
        assert_int_equal(system(command), 0);
        (void)snprintf(path, sizeof path, "%s/vectors.o", folder);
        agrees(path, 100, 30);
        (void)snprintf(path, sizeof path, "%s/vectors.c", folder);
    }
    static const char math[] = "/lib/x86_64-linux-gnu/libm.so.6";
    if (access(math, R_OK) == 0) {
        agrees(math, 50000, 5000);
    }
}

/* --- what an enclave may not have ---------------------------------------- */

struct instruction {
    const char *bytes; /* hexadecimal digits */
    cw_opcode_kind kind;
    const char *name;
};

static size_t get_bytes(const char *text, uint8_t ret_bytes[static 32])
{
    size_t len = 0;
    for (; *text != '\0' && len < 32; text += *text == ' ' ? 1 : 2) {
        unsigned byte = 0;
        if (*text != ' ') {
            assert_int_equal(sscanf(text, "%2x", &byte), 1);
            ret_bytes[len++] = (uint8_t)byte;
        }
    }
    return len;
}

static const struct instruction instructions[] = {
        {"0fa2", CW_OPCODE_ILLEGAL, "cpuid"},
        {"0f05", CW_OPCODE_ILLEGAL, "syscall"},
        {"0f34", CW_OPCODE_ILLEGAL, "sysenter"},
        {"cd80", CW_OPCODE_ILLEGAL, "int"},
        {"f1", CW_OPCODE_ILLEGAL, "int1"},
        {"e460", CW_OPCODE_ILLEGAL, "in"},
        {"e660", CW_OPCODE_ILLEGAL, "out"},
        {"ec", CW_OPCODE_ILLEGAL, "in"},
        {"66ef", CW_OPCODE_ILLEGAL, "out"},
        {"f36c", CW_OPCODE_ILLEGAL, "ins"},
        {"f36f", CW_OPCODE_ILLEGAL, "outs"},
        {"0f01c1", CW_OPCODE_ILLEGAL, "vmcall"},
        {"0f01d9", CW_OPCODE_ILLEGAL, "vmmcall"},
        {"0f01d4", CW_OPCODE_ILLEGAL, "vmfunc"},
        {"0f31", CW_OPCODE_ILLEGAL, "rdtsc"},
        {"0f01f9", CW_OPCODE_ILLEGAL, "rdtscp"},
        {"0f33", CW_OPCODE_ILLEGAL, "rdpmc"},
        {"f30fc7f8", CW_OPCODE_ILLEGAL, "rdpid"},
        {"0f37", CW_OPCODE_ILLEGAL, "getsec"},
        {"ff18", CW_OPCODE_ILLEGAL, "far call"},
        {"48ff2d11223344", CW_OPCODE_ILLEGAL, "far jump"},
        {"cb", CW_OPCODE_ILLEGAL, "far return"},
        {"ca0800", CW_OPCODE_ILLEGAL, "far return"},
        {"48cf", CW_OPCODE_ILLEGAL, "iret"},
        {"8ed8", CW_OPCODE_ILLEGAL, "mov to a segment register"},
        {"0fa1", CW_OPCODE_ILLEGAL, "pop fs"},
        {"0fa9", CW_OPCODE_ILLEGAL, "pop gs"},
        {"0fb200", CW_OPCODE_ILLEGAL, "lss"},
        {"0fb400", CW_OPCODE_ILLEGAL, "lfs"},
        {"0fb500", CW_OPCODE_ILLEGAL, "lgs"},
        {"0f0100", CW_OPCODE_ILLEGAL, "sgdt"},
        {"0f0108", CW_OPCODE_ILLEGAL, "sidt"},
        {"0f00c0", CW_OPCODE_ILLEGAL, "sldt"},
        {"0f00c8", CW_OPCODE_ILLEGAL, "str"},
        {"0f01e0", CW_OPCODE_ILLEGAL, "smsw"},
        {"0f01f8", CW_OPCODE_ILLEGAL, "swapgs"},
        {"0f01cf", CW_OPCODE_ILLEGAL, "encls"},
        {"f4", CW_OPCODE_ILLEGAL, "hlt"},
        {"0f30", CW_OPCODE_ILLEGAL, "wrmsr"},
        {"0f20c0", CW_OPCODE_ILLEGAL, "mov from a control register"},
        {"0f01d7", CW_OPCODE_ENCLU, "enclu"},
        {"c5fc77", CW_OPCODE_AVX, "AVX (VEX)"},                      /* vzeroall   */
        {"c5f877", CW_OPCODE_AVX, "AVX (VEX)"},                      /* vzeroupper */
        {"c5f858c1", CW_OPCODE_AVX, "AVX (VEX)"},                    /* vaddps     */
        {"62f17c4858c1", CW_OPCODE_AVX512, "AVX-512 (EVEX)"},        /* vaddps zmm */
        {"c4e2f3f7c0", CW_OPCODE_PLAIN, "general registers"},        /* shrx       */
        {"c4e278f2c1", CW_OPCODE_PLAIN, "general registers"},        /* andn       */
        {"c4e3fbf0c020", CW_OPCODE_PLAIN, "general registers"},      /* rorx       */
        {"0f0b", CW_OPCODE_PLAIN, "plain"},                          /* ud2        */
        {"f30f1efa", CW_OPCODE_PLAIN, "plain"},                      /* endbr64    */
        {"660f3adfc101", CW_OPCODE_PLAIN, "plain"},                  /* aeskeygenassist */
        {"660f3a44c111", CW_OPCODE_PLAIN, "plain"},                  /* pclmulqdq  */
        {"0fc7f0", CW_OPCODE_PLAIN, "plain"},                        /* rdrand     */
        {"0fc7f8", CW_OPCODE_PLAIN, "plain"},                        /* rdseed     */
        {"480fc70e", CW_OPCODE_PLAIN, "plain"},                      /* cmpxchg16b */
        {"0f00e8", CW_OPCODE_PLAIN, "plain"},                        /* verw       */
        {"0faee8", CW_OPCODE_PLAIN, "plain"},                        /* lfence     */
        {"480fae0e", CW_OPCODE_PLAIN, "plain"},                      /* fxrstor64  */
        {"48b80fa20f050f31cd80", CW_OPCODE_PLAIN, "plain"},          /* in a constant */
        {"06", CW_OPCODE_UNKNOWN, "no instruction that is known"},   /* not in 64 bits */
        {"66e90000", CW_OPCODE_UNKNOWN, "no instruction that is known"}, /* makers differ */
        {"66c5f877", CW_OPCODE_UNKNOWN, "no instruction that is known"},
        {"8fe97880c00100", CW_OPCODE_UNKNOWN, "no instruction that is known"}, /* XOP */
        {"0f0fc0bf", CW_OPCODE_UNKNOWN, "no instruction that is known"}, /* 3DNow! */
};

static void each_instruction_is_known_for_what_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof instructions / sizeof instructions[0]; i++) {
        const struct instruction *want = &instructions[i];
        uint8_t bytes[32] = {0};
        const size_t len = get_bytes(want->bytes, bytes);
        struct cw_opcode opcode = {0};
        assert_int_equal(cw_opcode_decode(bytes, sizeof bytes, &opcode), CW_OK);
        if (opcode.kind != want->kind || strcmp(opcode.name, want->name) != 0 ||
                (opcode.kind != CW_OPCODE_UNKNOWN && opcode.len != len)) {
            fail_msg("%s: %s, %zu bytes; expected %s, %zu", want->bytes, opcode.name, opcode.len,
                    want->name, len);
        }
        for (size_t cut = 0; cut < len && want->kind != CW_OPCODE_UNKNOWN; cut++) {
            assert_int_equal(cw_opcode_decode(bytes, cut, &opcode), CW_E_SHORT);
        }
    }
}

static void a_scan_finds_the_one_among_many(void **state)
{
    (void)state;
    /* mov rax, constant; enclu; cpuid; vzeroall; ret; mov eax, 0, whose zeros are the last bytes */
    uint8_t code[32];
    const size_t len = get_bytes("48b80fa20f050f31cd80 0f01d7 0fa2 c5fc77 c3 b800000000", code);
    const uint64_t enclu = 0x100a;
    struct cw_opcode_rules rules = {.xfrm = SGX_XFRM_LEGACY, .enclu = &enclu, .enclu_count = 1};
    struct cw_opcode_finding found[4];
    size_t count = 0;
    cw_opcode_scan(code, len, 0x1000, &rules, found, 4, &count);
    assert_int_equal(count, 2);
    assert_int_equal(found[0].at, 0x100d);
    assert_string_equal(found[0].opcode.name, "cpuid");
    assert_int_equal(found[1].at, 0x100f);
    assert_int_equal(found[1].opcode.kind, CW_OPCODE_AVX);
    rules.xfrm |= SGX_XFRM_AVX;
    rules.enclu_count = 0;
    cw_opcode_scan(code, len, 0x1000, &rules, found, 1, &count);
    assert_int_equal(count, 2);
    assert_int_equal(found[0].opcode.kind, CW_OPCODE_ENCLU);
    rules.enclu = NULL;
    cw_opcode_scan(code, len, 0x1000, &rules, found, 4, &count);
    assert_int_equal(count, 1);
    cw_opcode_scan(code, len - 1, 0x1000, &rules, found, 4, &count);
    assert_int_equal(count, 2); /* now the last one is cut */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(all_code_of_images_is_read_as_objdump_reads_it),
            cmocka_unit_test(vector_code_is_read_as_objdump_reads_it),
            cmocka_unit_test(each_instruction_is_known_for_what_it_is),
            cmocka_unit_test(a_scan_finds_the_one_among_many),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
