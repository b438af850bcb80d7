/* SPDX-License-Identifier: MIT */
#include "tee/sgx/tests/rig.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The tracee executes it where rig_protect wants a system call. */
void rig_syscall(void);
__asm__(".text\n.globl rig_syscall\nrig_syscall:\n    syscall\n    int3\n");

const struct rig_poison rig_clean = {.rsp = RIG_RSP, .rbp = RIG_RBP};
const struct rig_poison rig_poisoned = {.rsp = RIG_RSP, .rbp = RIG_RBP, .rdi = 0x6666666666666666ul,
        .rsi = 0x7777777777777777ul, .fill = 0xdeadbeefcafe0001ul, .fp = true,
        .flags = RIG_FLAG_DF | RIG_FLAG_AC | RIG_FLAG_NT | RIG_FLAGS_RESULT};

static void must(bool well, const char *what)
{
    if (!well) {
        fail_msg("%s: %s", what, strerror(errno));
    }
}

static uint64_t number(const uint8_t *at, size_t len)
{
    uint64_t value = 0;
    memcpy(&value, at, len);
    return value;
}

/* --- the image ----------------------------------------------------------------------------------- */

uint64_t rig_symbol(const struct rig *r, const char *name)
{
    return rig_symbol_of(r->elf, name);
}

uint64_t rig_symbol_of(const char *elf, const char *name)
{
    FILE *file = fopen(elf, "rb");
    must(file != NULL, elf);
    static uint8_t bytes[4u << 20];
    const size_t len = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    Elf64_Ehdr header;
    memcpy(&header, bytes, sizeof header);
    for (size_t i = 0; i < header.e_shnum; i++) {
        Elf64_Shdr table, names;
        memcpy(&table, bytes + header.e_shoff + i * sizeof table, sizeof table);
        if (table.sh_type != SHT_SYMTAB) {
            continue;
        }
        memcpy(&names, bytes + header.e_shoff + table.sh_link * sizeof names, sizeof names);
        for (size_t at = table.sh_offset; at < table.sh_offset + table.sh_size && at < len;
                at += sizeof(Elf64_Sym)) {
            Elf64_Sym symbol;
            memcpy(&symbol, bytes + at, sizeof symbol);
            if (strcmp((const char *)bytes + names.sh_offset + symbol.st_name, name) == 0) {
                return symbol.st_value;
            }
        }
    }
    fail_msg("%s has no symbol %s", elf, name);
    return 0;
}

static uint8_t *frame(const struct rig *r, uint32_t index)
{
    return r->memory + number(r->memory + r->tcs + SGX_TCS_OSSA, 8) + (size_t)index * SGX_PAGE_LEN;
}

static int rights_of(uint64_t secinfo)
{
    if ((secinfo & SGX_SECINFO_TYPE_MASK) == SGX_SECINFO_TCS) {
        return PROT_NONE;
    }
    return ((secinfo & SGX_SECINFO_R) != 0 ? PROT_READ : 0) |
            ((secinfo & SGX_SECINFO_W) != 0 ? PROT_WRITE : 0) |
            ((secinfo & SGX_SECINFO_X) != 0 ? PROT_EXEC : 0);
}

/* --- the process --------------------------------------------------------------------------------- */

static uint8_t *map(uint64_t at, size_t len, int rights, int fd)
{
    const int where = at == 0 ? 0 : MAP_FIXED;
    uint8_t *got = mmap((void *)at, len, rights, MAP_SHARED | where, fd, 0);
    return got == MAP_FAILED ? NULL : got;
}

static _Noreturn void be_enclave(const struct rig *r, int memory, int arena)
{
    bool well = map(r->base, r->image.len, PROT_NONE, memory) != NULL &&
            map(r->arena_far, CW_SGX_ARENA_LEN, PROT_READ | PROT_WRITE, arena) != NULL;
    for (size_t i = 0; well && i < r->image.page_count; i++) {
        const struct cw_sgx_page *page = &r->image.pages[i];
        well = mprotect((void *)(r->base + page->offset), SGX_PAGE_LEN,
                       rights_of(page->secinfo)) == 0;
    }
    if (well && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
            ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0) {
        (void)raise(SIGSTOP);
    }
    _exit(1);
}

static int wait_stop(struct rig *r)
{
    int status = 0;
    must(waitpid(r->pid, &status, 0) == r->pid, "waitpid");
    if (!WIFSTOPPED(status)) {
        fail_msg("the enclave's process ended: status %#x", (unsigned)status);
    }
    return WSTOPSIG(status);
}

/* A place aligned to its length, kept free: another one in each run, as a hostile loader has it. */
static uint64_t place(struct rig *r)
{
    const uint64_t len = r->image.len;
    r->reserved = mmap(NULL, 2 * len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(r->reserved != MAP_FAILED, "mmap");
    return ((uint64_t)r->reserved + len - 1) & ~(len - 1);
}

static int memory_file(size_t len)
{
    const int fd = memfd_create("rig", MFD_CLOEXEC);
    must(fd >= 0 && ftruncate(fd, (off_t)len) == 0, "memfd_create");
    return fd;
}

void rig_open(struct rig *r, const uint8_t *image, size_t len, const char *elf,
        const struct cw_sgx_fuses *fuses, bool debug)
{
    *r = (struct rig){.elf = elf, .fuses = *fuses};
    char why[CW_SGX_WHY_LEN] = "";
    memcpy(r->sigstruct, image, sizeof r->sigstruct);
    if (cw_sgx_image_read(image + SGX_SIGSTRUCT_LEN, len - SGX_SIGSTRUCT_LEN, &r->image, why) !=
            CW_OK) {
        fail_msg("%s", why);
    }
    r->base = place(r);
    const int memory = memory_file(r->image.len);
    const int arena = memory_file(CW_SGX_ARENA_LEN);
    r->memory = map(0, r->image.len, PROT_READ | PROT_WRITE, memory);
    r->arena = map(0, CW_SGX_ARENA_LEN, PROT_READ | PROT_WRITE, arena);
    must(r->memory != NULL && r->arena != NULL, "mmap");
    r->arena_far = (uint64_t)r->arena;
    for (size_t i = 0; i < r->image.page_count; i++) {
        const struct cw_sgx_page *page = &r->image.pages[i];
        memcpy(r->memory + page->offset, page->bytes, SGX_PAGE_LEN);
        if ((page->secinfo & SGX_SECINFO_TYPE_MASK) == SGX_SECINFO_TCS) {
            r->tcs = page->offset;
        }
    }
    cw_sgx_secs(&r->image, r->sigstruct, r->base, r->secs);
    if (cw_sgx_einit(r->secs, r->sigstruct, why) != SGX_OK) {
        fail_msg("%s", why);
    }
    if (debug) {
        r->secs[SGX_SECS_ATTRIBUTES] |= SGX_ATTR_DEBUG;
    }
    r->pid = fork();
    must(r->pid >= 0, "fork");
    if (r->pid == 0) {
        be_enclave(r, memory, arena);
    }
    (void)close(memory);
    (void)close(arena);
    (void)wait_stop(r);
    must(ptrace(PTRACE_SETOPTIONS, r->pid, NULL, PTRACE_O_EXITKILL) == 0, "PTRACE_SETOPTIONS");
}

void rig_close(struct rig *r)
{
    if (r->pid > 0) {
        (void)kill(r->pid, SIGKILL);
        (void)waitpid(r->pid, NULL, 0);
    }
    (void)munmap(r->reserved, 2 * r->image.len);
    (void)munmap(r->memory, r->image.len);
    (void)munmap(r->arena, CW_SGX_ARENA_LEN);
    cw_sgx_image_free(&r->image);
    *r = (struct rig){0};
}

static int resume(struct rig *r, bool single)
{
    r->regs.orig_rax = UINT64_MAX;
    must(ptrace(PTRACE_SETREGS, r->pid, NULL, &r->regs) == 0, "PTRACE_SETREGS");
    must(ptrace(single ? PTRACE_SINGLESTEP : PTRACE_CONT, r->pid, NULL, NULL) == 0, "PTRACE_CONT");
    const int got = wait_stop(r);
    must(ptrace(PTRACE_GETREGS, r->pid, NULL, &r->regs) == 0, "PTRACE_GETREGS");
    r->regs.eflags &= ~0x100ull; /* TF, which the kernel takes for the tracee's behind POPF */
    return got;
}

void rig_protect(struct rig *r, uint64_t far, size_t len, int rights)
{
    const struct user_regs_struct kept = r->regs;
    must(ptrace(PTRACE_GETREGS, r->pid, NULL, &r->regs) == 0, "PTRACE_GETREGS");
    r->regs.rip = (uint64_t)(uintptr_t)rig_syscall;
    r->regs.rax = SYS_mprotect;
    r->regs.rdi = far;
    r->regs.rsi = len;
    r->regs.rdx = (unsigned)rights;
    r->regs.eflags = 0x202;
    const int got = resume(r, false);
    if (got != SIGTRAP || r->regs.rax != 0) {
        fail_msg("mprotect in the enclave's process: signal %d, %lld", got, (long long)r->regs.rax);
    }
    r->regs = kept;
    must(ptrace(PTRACE_SETREGS, r->pid, NULL, &r->regs) == 0, "PTRACE_SETREGS");
}

/* --- the CPU --------------------------------------------------------------------------------------- */

static void set_fp(struct rig *r)
{
    must(ptrace(PTRACE_SETFPREGS, r->pid, NULL, &r->fp) == 0, "PTRACE_SETFPREGS");
}

void rig_get_fp(struct rig *r)
{
    must(ptrace(PTRACE_GETFPREGS, r->pid, NULL, &r->fp) == 0, "PTRACE_GETFPREGS");
}

static void poison_fp(struct rig *r)
{
    rig_get_fp(r);
    memset(r->fp.st_space, 0x5a, sizeof r->fp.st_space);
    memset(r->fp.xmm_space, 0xa5, sizeof r->fp.xmm_space);
    r->fp.cwd = 0x0c60; /* exceptions unmasked, single precision, towards zero */
    r->fp.swd = 0x3800; /* TOP 7 */
    r->fp.ftw = 0xff;   /* the stack is full */
    r->fp.mxcsr = 0xe000; /* towards zero, flush, nothing masked */
    set_fp(r);
}

bool rig_eenter(struct rig *r, const struct rig_poison *p)
{
    if (r->is_inside || r->cssa >= number(r->memory + r->tcs + SGX_TCS_NSSA, 4)) {
        return false;
    }
    r->is_inside = true;
    must(ptrace(PTRACE_GETREGS, r->pid, NULL, &r->regs) == 0, "PTRACE_GETREGS");
    struct user_regs_struct *regs = &r->regs;
    regs->rdx = regs->r8 = regs->r9 = regs->r10 = regs->r11 = p->fill;
    regs->r12 = regs->r13 = regs->r14 = regs->r15 = p->fill;
    regs->rdi = p->rdi;
    regs->rsi = p->rsi;
    regs->rsp = p->rsp;
    regs->rbp = p->rbp;
    regs->eflags = 0x202 | p->flags;
    regs->rax = r->cssa;
    regs->rbx = r->base + r->tcs;
    regs->rcx = RIG_TARGET;
    regs->rip = r->base + number(r->memory + r->tcs + SGX_TCS_OENTRY, 8);
    regs->fs_base = r->base + number(r->memory + r->tcs + SGX_TCS_OFSBASE, 8);
    regs->gs_base = r->base + number(r->memory + r->tcs + SGX_TCS_OGSBASE, 8);
    uint8_t *gpr = frame(r, r->cssa) + SGX_PAGE_LEN - SGX_GPRSGX_LEN;
    memcpy(gpr + SGX_GPR_URSP, &p->rsp, 8);
    memcpy(gpr + SGX_GPR_URBP, &p->rbp, 8);
    if (p->fp) {
        poison_fp(r);
    }
    return true;
}

/* Registers of a frame, in the order of GPRSGX. */
static void places(struct user_regs_struct *regs, unsigned long long *ret_places[static 18])
{
    unsigned long long *const all[18] = {&regs->rax, &regs->rcx, &regs->rdx, &regs->rbx, &regs->rsp,
            &regs->rbp, &regs->rsi, &regs->rdi, &regs->r8, &regs->r9, &regs->r10, &regs->r11,
            &regs->r12, &regs->r13, &regs->r14, &regs->r15, &regs->eflags, &regs->rip};
    memcpy(ret_places, all, sizeof all);
}

void rig_aex(struct rig *r, uint32_t exitinfo)
{
    uint8_t *ssa = frame(r, r->cssa);
    uint8_t *gpr = ssa + SGX_PAGE_LEN - SGX_GPRSGX_LEN;
    unsigned long long *registers[18];
    places(&r->regs, registers);
    for (size_t i = 0; i < 18; i++) {
        memcpy(gpr + 8 * i, registers[i], 8);
    }
    memcpy(gpr + SGX_GPR_EXITINFO, &exitinfo, 4);
    memcpy(gpr + SGX_GPR_FSBASE, &r->regs.fs_base, 8);
    memcpy(gpr + SGX_GPR_GSBASE, &r->regs.gs_base, 8);
    rig_get_fp(r);
    memcpy(ssa, &r->fp, 464);
    r->cssa++;
    r->is_inside = false;
}

bool rig_eresume(struct rig *r)
{
    if (r->is_inside || r->cssa == 0) {
        return false;
    }
    r->cssa--;
    r->is_inside = true;
    const uint8_t *ssa = frame(r, r->cssa);
    const uint8_t *gpr = ssa + SGX_PAGE_LEN - SGX_GPRSGX_LEN;
    must(ptrace(PTRACE_GETREGS, r->pid, NULL, &r->regs) == 0, "PTRACE_GETREGS");
    unsigned long long *registers[18];
    places(&r->regs, registers);
    for (size_t i = 0; i < 18; i++) {
        memcpy(registers[i], gpr + 8 * i, 8);
    }
    memcpy(&r->regs.fs_base, gpr + SGX_GPR_FSBASE, 8);
    memcpy(&r->regs.gs_base, gpr + SGX_GPR_GSBASE, 8);
    memset(&r->fp, 0, sizeof r->fp);
    memcpy(&r->fp, ssa, 464);
    set_fp(r);
    return true;
}

static bool is_in(const struct rig *r, uint64_t far, size_t len)
{
    return far >= r->base && far - r->base <= r->image.len - len;
}

static bool next_is(const struct rig *r, const char *bytes, size_t len)
{
    return is_in(r, r->regs.rip, len) && memcmp(r->memory + (r->regs.rip - r->base), bytes, len) == 0;
}

/* Operands of a leaf: inside and aligned, or #GP. */
static uint8_t *operand(struct rig *r, uint64_t far, size_t len, uint64_t align)
{
    return is_in(r, far, len) && far % align == 0 ? r->memory + (far - r->base) : NULL;
}

static enum rig_end fault(struct rig *r, uint8_t vector)
{
    r->vector = vector;
    return RIG_FAULT;
}

static enum rig_end enclu(struct rig *r)
{
    struct user_regs_struct *regs = &r->regs;
    uint32_t code = CW_SGX_FAULT_GP;
    if ((uint32_t)regs->rax == SGX_EEXIT) {
        return RIG_EXIT;
    }
    if ((uint32_t)regs->rax == SGX_EREPORT) {
        const uint8_t *target = operand(r, regs->rbx, SGX_TARGETINFO_LEN, 512);
        const uint8_t *data = operand(r, regs->rcx, SGX_REPORTDATA_LEN, 128);
        uint8_t *report = operand(r, regs->rdx, SGX_REPORT_LEN, 512);
        if (target != NULL && data != NULL && report != NULL) {
            code = cw_sgx_ereport(&r->fuses, r->secs, target, data, report);
        }
    }
    if ((uint32_t)regs->rax == SGX_EGETKEY) {
        const uint8_t *request = operand(r, regs->rbx, SGX_KEYREQUEST_LEN, 512);
        uint8_t *key = operand(r, regs->rcx, SGX_KEY_LEN, 16);
        if (request != NULL && key != NULL) {
            code = cw_sgx_egetkey(&r->fuses, r->secs, request, key);
            memcpy(r->last_key, key, sizeof r->last_key);
            r->keys++;
            regs->rax = code;
            regs->eflags = (regs->eflags & ~0x40ul) | (code == SGX_OK ? 0 : 0x40);
        }
    }
    if (code == CW_SGX_FAULT_GP) {
        return fault(r, SGX_VECTOR_GP);
    }
    regs->rip += 3;
    return RIG_STEPPED;
}

/* RDRAND as the test wants it: 48 0f c7 /6 with a register. */
static bool is_random(const struct rig *r)
{
    const uint8_t *at = r->memory + (r->regs.rip - r->base);
    return r->random != RIG_RANDOM_CPU && is_in(r, r->regs.rip, 4) && (at[0] & 0xf8) == 0x48 &&
            at[1] == 0x0f && at[2] == 0xc7 && (at[3] & 0xf8) == 0xf0;
}

static void draw(struct rig *r)
{
    unsigned long long *registers[18];
    places(&r->regs, registers);
    const uint8_t *at = r->memory + (r->regs.rip - r->base);
    const unsigned index = (at[3] & 7u) | ((at[0] & 1u) << 3);
    const bool is_there = r->random == RIG_RANDOM_STUCK ||
            (r->random == RIG_RANDOM_LATE && r->draws % 3 == 2);
    *registers[index] = !is_there ? 0 : r->random == RIG_RANDOM_STUCK ? 0x1234 : 0x9876 + r->draws;
    r->draws++;
    r->regs.eflags = (r->regs.eflags & ~RIG_FLAGS_RESULT) | (is_there ? 1 : 0);
    r->regs.rip += 4;
}

static enum rig_end stopped(struct rig *r, int got)
{
    siginfo_t info;
    must(ptrace(PTRACE_GETSIGINFO, r->pid, NULL, &info) == 0, "PTRACE_GETSIGINFO");
    r->address = (uint64_t)info.si_addr;
    switch (got) {
    case SIGTRAP:
        return info.si_code == TRAP_TRACE || info.si_code == TRAP_HWBKPT
                ? RIG_STEPPED
                : fault(r, SGX_VECTOR_BP);
    case SIGILL:
        return next_is(r, "\x0f\x01\xd7", 3) ? enclu(r) : fault(r, SGX_VECTOR_UD);
    case SIGFPE:
        return fault(r, info.si_code == FPE_INTDIV ? SGX_VECTOR_DE : SGX_VECTOR_XM);
    case SIGBUS:
        return fault(r, SGX_VECTOR_AC);
    case SIGSEGV:
        return fault(r, info.si_code == SI_KERNEL ? SGX_VECTOR_GP : SGX_VECTOR_PF);
    default:
        fail_msg("signal %d at %#llx", got, (long long)(r->regs.rip - r->base));
        return RIG_FAULT;
    }
}

enum rig_end rig_step(struct rig *r)
{
    r->steps++;
    if (next_is(r, "\x0f\x01\xd7", 3)) {
        return enclu(r);
    }
    if (is_random(r)) {
        draw(r);
        return RIG_STEPPED;
    }
    return stopped(r, resume(r, true));
}

enum rig_end rig_run(struct rig *r)
{
    enum rig_end end = RIG_STEPPED;
    while (end == RIG_STEPPED) {
        end = r->random != RIG_RANDOM_CPU || next_is(r, "\x0f\x01\xd7", 3)
                ? rig_step(r)
                : stopped(r, resume(r, false));
    }
    return end;
}

uint64_t rig_leave(struct rig *r)
{
    assert_true(next_is(r, "\x0f\x01\xd7", 3));
    assert_int_equal(r->regs.rax, SGX_EEXIT);
    assert_int_equal(r->regs.rbx, RIG_TARGET);
    r->is_inside = false;
    return r->regs.rdi;
}

uint64_t rig_go(struct rig *r, const struct rig_poison *p)
{
    if (!rig_eenter(r, p)) {
        fail_msg("EENTER is refused");
    }
    const enum rig_end end = rig_run(r);
    if (end != RIG_EXIT) {
        fail_msg("exception %u at %#llx, address %#llx", r->vector,
                (long long)(r->regs.rip - r->base), (long long)r->address);
    }
    return rig_leave(r);
}

/* --- the arena -------------------------------------------------------------------------------------- */

uint64_t rig_word(const struct rig *r, size_t offset)
{
    return number(r->arena + offset, 8);
}

void rig_set(struct rig *r, size_t offset, uint64_t value)
{
    memcpy(r->arena + offset, &value, sizeof value);
}

void rig_ask(struct rig *r, unsigned entry, const void *in, size_t len)
{
    rig_set(r, CW_SGX_WORD_ENTRY, entry);
    rig_set(r, CW_SGX_WORD_IN_LEN, len);
    memcpy(r->arena + CW_SGX_IN, in, len);
    rig_set(r, CW_SGX_WORD_REQUEST, rig_word(r, CW_SGX_WORD_RESPONSE) + 1);
}

cw_result rig_call(struct rig *r, unsigned entry, const void *in, size_t len)
{
    rig_ask(r, entry, in, len);
    assert_int_equal(rig_go(r, &rig_poisoned), CW_SGX_EXIT_IDLE);
    assert_true(rig_word(r, CW_SGX_WORD_RESPONSE) == rig_word(r, CW_SGX_WORD_REQUEST));
    return (cw_result)(rig_word(r, CW_SGX_WORD_RESULT) >> 24);
}

void rig_start(struct rig *r)
{
    struct rig_poison first = rig_poisoned;
    first.rdi = r->arena_far;
    first.rsi = CW_SGX_ARENA_LEN;
    assert_int_equal(rig_go(r, &first), CW_SGX_EXIT_IDLE);
}
