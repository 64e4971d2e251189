/*
 * patch.c - patched code is run, and must do what it did before.
 *
 * Each case puts a few instructions into the sample image's .text, maps it in the middle of a
 * window of 4 GiB at an address of the system half, patches it, and calls it with known values in
 * all registers. Afterwards every register must be what it would have been.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include "host/image/patch.h"
#include "tests/host/check.h"
#include "tests/host/image/sample.h"

#define BASE   0x400080000000ull
#define WINDOW 0x400000000000ull
#define TEXT   (BASE + 0x1000)

/* In the order of the instruction set: rax rcx rdx rbx rsp rbp rsi rdi r8-r15. */
struct registers {
    uint64_t r[16];
};

uint64_t cr8, pauses, seen_rcx, seen_r11, seen_site, seen_return;
void run(const void *code, const struct registers *in, struct registers *out);
void helper_cr8_write(void), helper_cr8_read(void), helper_pause(void), helper_syscall(void),
    helper_smep(void);

/*
 * run: loads all registers but rsp, calls, stores them all. rsp is stored as the code leaves it.
 * The helpers keep to the conventions in patch.h.
 */
__asm__(
    ".text\n"
    "run: push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rdx; push %rdi\n"
    "mov %rsp, saved_rsp(%rip)\n"
    "mov %rsi, %rax\n"
    "mov 8(%rax), %rcx; mov 16(%rax), %rdx; mov 24(%rax), %rbx; mov 40(%rax), %rbp\n"
    "mov 48(%rax), %rsi; mov 56(%rax), %rdi; mov 64(%rax), %r8; mov 72(%rax), %r9\n"
    "mov 80(%rax), %r10; mov 88(%rax), %r11; mov 96(%rax), %r12; mov 104(%rax), %r13\n"
    "mov 112(%rax), %r14; mov 120(%rax), %r15; mov (%rax), %rax\n"
    "stc\n"
    "call *(%rsp)\n"
    "mov %rax, after(%rip); mov %rsp, after+32(%rip)\n"
    "mov saved_rsp(%rip), %rsp; mov 8(%rsp), %rax\n"
    "mov %rcx, 8(%rax); mov %rdx, 16(%rax); mov %rbx, 24(%rax); mov %rbp, 40(%rax)\n"
    "mov %rsi, 48(%rax); mov %rdi, 56(%rax); mov %r8, 64(%rax); mov %r9, 72(%rax)\n"
    "mov %r10, 80(%rax); mov %r11, 88(%rax); mov %r12, 96(%rax); mov %r13, 104(%rax)\n"
    "mov %r14, 112(%rax); mov %r15, 120(%rax)\n"
    "mov after(%rip), %rcx; mov %rcx, (%rax); mov after+32(%rip), %rcx\n"
    "sub %rsp, %rcx; mov %rcx, 32(%rax)\n"
    "cld; add $16, %rsp; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n"
    "helper_cr8_write: push %rax; mov 16(%rsp), %rax; mov %rax, cr8(%rip); pop %rax; cmc; ret\n"
    "helper_cr8_read: push %rax; mov cr8(%rip), %rax; mov %rax, 16(%rsp); pop %rax; cmc; ret\n"
    "helper_pause: pushf; incq pauses(%rip); popf; ret\n"
    "helper_syscall: mov %rcx, seen_rcx(%rip); mov %r11, seen_r11(%rip); jmp *%rcx\n"
    /* [rsp-8] must be read before anything is pushed */
    "helper_smep: mov %r11, seen_r11(%rip); mov -8(%rsp), %r11; mov %r11, seen_site(%rip)\n"
    "mov (%rsp), %r11; mov %r11, seen_return(%rip); mov seen_r11(%rip), %r11; ret\n"
    ".local saved_rsp; .comm saved_rsp, 8; .local after; .comm after, 40\n");

static struct patch patch;
static struct image image;
static uint8_t before[SAMPLE_IMAGE];
static uint64_t refuse_pages;

static uint8_t *
make_page(void *ctx, uint64_t address)
{
    void *page;

    CHECK(address % ABI_PAGE_SIZE == 0);
    if (refuse_pages || address < WINDOW || address >= WINDOW + (1ull << 32)) {
        return NULL;
    }
    page = mmap((void *)address, ABI_PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    return page == (void *)address ? page : NULL;
}

static void
discard(void)
{
    for (size_t i = 0; i < patch.pages; i++) {
        munmap(patch.page[i].alias, ABI_PAGE_SIZE);
    }
    patch_free(&patch);
    if (image.where) {
        munmap(image.where, SAMPLE_IMAGE);
        image.where = NULL;
    }
}

/* Maps and patches an image with this code; `tune` may change the file before. */
static void
load(const uint8_t *code, size_t size, bool system, bool smep, void (*tune)(uint8_t *file))
{
    uint8_t file[SAMPLE_SIZE];
    struct pe pe;
    struct image_error err = {0};
    struct patch_options options = {
        .system = system,
        .smep = smep,
        .targets = {(uint64_t)helper_syscall, (uint64_t)helper_cr8_write, (uint64_t)helper_cr8_read,
                    (uint64_t)helper_pause, (uint64_t)helper_smep},
        .page = make_page};
    uint8_t *where;

    discard();
    sample_build(file);
    memset(file + SAMPLE_TEXT, 0xCC, 0x200);
    memcpy(file + SAMPLE_TEXT, code, size);
    set32(file + SAMPLE_SECTION(0) + 8, 0x200);
    set32(file + SAMPLE_OPTIONAL + 16, 0x1000); /* the code is the entry point */
    set32(file + SAMPLE_DIRECTORY(0), 0);
    set32(file + SAMPLE_DIRECTORY(3), 0);
    set32(file + SAMPLE_DIRECTORY(9), 0);
    set64(file + SAMPLE_LOAD_CONFIG + 0x88, 0);
    set64(file + SAMPLE_DATA + 0x30, SAMPLE_BASE);
    set64(file + SAMPLE_DATA + 0x38, SAMPLE_BASE);
    set64(file + SAMPLE_DATA + 0x40, SAMPLE_BASE);
    set64(file + SAMPLE_CALLBACKS, SAMPLE_BASE);
    if (tune) {
        tune(file);
    }
    CHECK_THAT(image_parse(file, sizeof file, &pe, &err) == 0, "%s", err.message);
    where = mmap((void *)BASE, SAMPLE_IMAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(where == (void *)BASE);
    CHECK_THAT(image_map(&pe, "test.sys", where, BASE, &image, &err) == 0, "%s", err.message);
    memcpy(before, where, sizeof before);
    CHECK(patch_image(&image, &options, &patch) == 0);
}

/* T1, and the tables agree with memory. */
static void
check_tables(void)
{
    uint8_t copy[SAMPLE_IMAGE];

    memcpy(copy, image.where, sizeof copy);
    for (size_t i = 0; i < patch.sites; i++) {
        const struct patch_site *site = &patch.site[i];

        CHECK(patch_site_at(&patch, site->address) == site);
        CHECK(i == 0 || site[-1].address < site->address);
        memcpy(copy + (site->address - BASE), site->bytes, site->length);
        if (site->trampoline) {
            uint32_t lower;

            CHECK(patch_original_rip(&patch, site->trampoline, &lower) == site->address &&
                  lower == 0);
        }
    }
    CHECK(memcmp(copy, before, sizeof copy) == 0);
    memcpy(copy, image.where, sizeof copy);
    patch_restore_copy(&patch, BASE, copy, sizeof copy);
    CHECK(memcmp(copy, before, sizeof copy) == 0);
    CHECK(patch_original_rip(&patch, TEXT, NULL) == 0);
    CHECK(patch.counts.found == patch.sites &&
          patch.counts.found ==
              patch.counts.patched + patch.counts.punned + patch.counts.int3 + patch.counts.left);
}

static struct registers
pattern(void)
{
    struct registers registers;

    for (unsigned i = 0; i < 16; i++) {
        registers.r[i] = 0x1111111111111111ull * i;
    }
    registers.r[4] = 0; /* rsp: difference */
    return registers;
}

static void
expect_registers(const struct registers *got, const struct registers *expected, const char *what)
{
    for (unsigned i = 0; i < 16; i++) {
        CHECK_THAT(got->r[i] == expected->r[i], "(%s: register %u is %llx, not %llx)", what, i,
                   (unsigned long long)got->r[i], (unsigned long long)expected->r[i]);
    }
}

static void
test_cr8(void)
{
    for (unsigned reg = 0; reg < 16; reg++) {
        uint8_t b = reg >= 8 ? 0x45 : 0x44;
        uint8_t write[] = {b, 0x0F, 0x22, (uint8_t)(0xC0 | (reg & 7)), 0xC3};
        uint8_t read[] = {b, 0x0F, 0x20, (uint8_t)(0xC0 | (reg & 7)), 0x90, 0xC3};
        struct registers in = pattern(), out, expected = in;

        load(write, sizeof write, true, false, NULL);
        if (reg == 4) { /* rsp: not worth a trampoline; it is trapped instead */
            CHECK(patch.counts.by_kind[PATCH_CR8_WRITE][PATCH_LEFT] == 1);
            continue;
        }
        CHECK(patch.counts.punned == 1);
        check_tables();
        run((void *)TEXT, &in, &out);
        expect_registers(&out, &expected, "cr8 write");
        CHECK(cr8 == in.r[reg]);

        load(read, sizeof read, true, false, NULL);
        CHECK(patch.counts.punned == 1);
        check_tables();
        cr8 = 0xC8C8;
        expected.r[reg] = 0xC8C8;
        run((void *)TEXT, &in, &out);
        expect_registers(&out, &expected, "cr8 read");
    }
    /* In a user image it traps, as it should. */
    load((const uint8_t *)"\x44\x0F\x22\xC0\xC3", 5, false, false, NULL);
    CHECK(patch.counts.found == 0);
}

/* The bytes after a site decide where its trampoline goes: try many. */
static void
test_punning(void)
{
    uint32_t random = 12345;
    unsigned punned = 0, trials = 400;

    for (unsigned trial = 0; trial < trials; trial++) {
        uint8_t code[64];
        size_t size = 0;
        struct registers in = pattern(), out, expected = in;
        uint64_t values[4];

        pauses = 0;
        for (unsigned i = 0; i < 4; i++) {
            /* pause; mov r8..r11, imm64: its three bytes and one of the immediate are borrowed */
            static const uint8_t opcodes[4][2] = {
                {0x49, 0xB8}, {0x49, 0xB9}, {0x49, 0xBA}, {0x49, 0xBB}};

            for (unsigned k = 0; k < 2; k++) {
                random = random * 1664525 + 1013904223;
                values[i] = values[i] << 32 | random;
            }
            memcpy(code + size, "\xF3\x90", 2);
            size += 2;
            if (trial & 1) { /* mov eax, imm32 leaves two random bytes of displacement */
                code[size++] = 0xB8;
                set32(code + size, values[i]);
                size += 4;
                expected.r[0] = (uint32_t)values[i];
            } else {
                memcpy(code + size, opcodes[i], 2);
                set64(code + size + 2, values[i]);
                size += 10;
                expected.r[8 + i] = values[i];
            }
        }
        code[size++] = 0xC3;
        load(code, size, trial & 2, false, NULL);
        CHECK(patch.counts.found == 4);
        check_tables();
        punned += patch.counts.punned;
        if (patch.counts.int3 == 0) {
            run((void *)TEXT, &in, &out);
            expect_registers(&out, &expected, "punning");
            CHECK(pauses == 4);
        }
    }
    CHECK_THAT(punned >= trials * 4 * 98 / 100, "%u of %u", punned, trials * 4);
}

static void
test_syscall(void)
{
    /* mov eax, 5; syscall; nop; ret */
    static const uint8_t code[] = "\xB8\x05\0\0\0\x0F\x05\x90\xC3";
    struct registers in = pattern(), out, expected = in;

    load(code, 9, false, false, NULL);
    CHECK(patch.counts.punned == 1);
    check_tables();
    run((void *)TEXT, &in, &out);
    expected.r[0] = 5;
    expected.r[1] = TEXT + 7;
    expected.r[11] = 0x246;
    expect_registers(&out, &expected, "syscall");
    CHECK(seen_rcx == TEXT + 7 && seen_r11 == 0x246);
}

/* ---- calls and jumps through pointers ---- */

#define CALLEE 0x180 /* in .text: stores its return address at rva 0x3100 and returns */

static void
tune_callee(uint8_t *file)
{
    /* push rax; mov rax,[rsp+8]; mov [rip+x],rax; pop rax; ret */
    static const uint8_t callee[] = "\x50\x48\x8B\x44\x24\x08\x48\x89\x05\0\0\0\0\x58\xC3";

    memcpy(file + SAMPLE_TEXT + CALLEE, callee, 15);
    set32(file + SAMPLE_TEXT + CALLEE + 9, 0x3100 - (0x1000 + CALLEE + 13));
    set64(file + SAMPLE_DATA + 0x40, SAMPLE_BASE + 0x1000 + CALLEE); /* rva 0x3040 points to it */
}

/* One operand: bytes before it, its encoding, and a register to hold the target or its address. */
struct operand {
    const char *what;
    uint8_t bytes[12];
    uint8_t size, reg;
    int32_t offset; /* of a memory operand from the register */
    bool memory;
    bool r11_changes;
};

static const struct operand operands[] = {
    {"rax", {0xFF, 0xD0}, 2, 0, 0, false, false},
    {"rbp", {0xFF, 0xD5}, 2, 5, 0, false, false},
    {"r10", {0x41, 0xFF, 0xD2}, 3, 10, 0, false, false},
    {"r11", {0x41, 0xFF, 0xD3}, 3, 11, 0, false, false},
    {"r12", {0x41, 0xFF, 0xD4}, 3, 12, 0, false, false},
    {"notrack rbx", {0x3E, 0xFF, 0xD3}, 3, 3, 0, false, false},
    {"[rbx]", {0xFF, 0x13}, 2, 3, 0, true, false},
    {"[r11]", {0x41, 0xFF, 0x13}, 3, 11, 0, true, false},
    {"[rcx+0x10]", {0xFF, 0x51, 0x10}, 3, 1, 0x10, true, false},
    {"[r12+0x28]", {0x41, 0xFF, 0x54, 0x24, 0x28}, 5, 12, 0x28, true, false},
    {"[rdi-0x1000]", {0xFF, 0x97, 0x00, 0xF0, 0xFF, 0xFF}, 6, 7, -0x1000, true, false},
    {"[rsp+0x20]", {0xFF, 0x54, 0x24, 0x20}, 4, 4, 0x20, true, true},
    {"[rip+x]", {0xFF, 0x15, 0x00, 0x00, 0x00, 0x00}, 6, 4, 0, true, false},
};

static void
test_indirect(bool jump)
{
    for (size_t i = 0; i < sizeof operands / sizeof operands[0]; i++) {
        const struct operand *operand = &operands[i];
        bool by_rsp = operand->memory && operand->reg == 4 && operand->size == 4;
        bool by_rip = operand->size == 6 && operand->bytes[1] == 0x15;
        uint8_t code[64];
        size_t size = 0, site, after;

        if (jump && by_rsp) {
            continue; /* its stack differs: the next test */
        }
        /* sub rsp, 0x28 / mov rax->[rsp+0x20] / call operand / add rsp, 0x28; ret */
        if (!jump) {
            memcpy(code, "\x48\x83\xEC\x28\x48\x89\x44\x24\x20", 9);
            size = 9;
        }
        site = size;
        memcpy(code + size, operand->bytes, operand->size);
        if (by_rip) {
            set32(code + size + 2, 0x3040 - (0x1000 + size + 6));
        }
        for (unsigned k = 0; jump && k < 3u; k++) { /* FF /2 -> FF /4 */
            if (code[size + k] == 0xFF) {
                code[size + k + 1] = (uint8_t)((code[size + k + 1] & ~0x38) | 0x20);
                break;
            }
        }
        size += operand->size;
        after = size;
        if (!jump) {
            memcpy(code + size, "\x48\x83\xC4\x28\xC3", 5);
            size += 5;
        }
        for (unsigned user = 0; user < 2; user++) {
            struct registers in = pattern(), out, expected;
            uint64_t target = user ? 0x00000FFFFFFFF123 : TEXT + CALLEE, got;

            load(code, size, true, true, tune_callee);
            CHECK_THAT(patch.counts.by_kind[jump ? PATCH_JUMP : PATCH_CALL][PATCH_LEFT] == 0 &&
                           patch.counts.int3 == 0 && patch.counts.found == 1,
                       "(%s)", operand->what);
            check_tables();
            memcpy(image.where + 0x3040, &target, 8);
            memset(image.where + 0x3100, 0, 8);
            if (by_rsp) {
                in.r[0] = target;
            } else if (!by_rip && operand->memory) {
                in.r[operand->reg] = BASE + 0x3040 - (uint64_t)(int64_t)operand->offset;
            } else if (!by_rip) {
                in.r[operand->reg] = target;
            }
            expected = in;
            seen_r11 = seen_site = 0;
            run((void *)TEXT, &in, &out);
            if (user) {
                expected.r[11] = target;
                CHECK_THAT(seen_r11 == target && seen_site == TEXT + site,
                           "(%s: r11 %llx site %llx)", operand->what, (unsigned long long)seen_r11,
                           (unsigned long long)seen_site);
                CHECK_THAT(jump || seen_return == TEXT + after, "(%s)", operand->what);
            } else {
                memcpy(&got, image.where + 0x3100, 8);
                CHECK_THAT(jump ? got != 0 : got == TEXT + after, "(%s: %llx)", operand->what,
                           (unsigned long long)got);
                CHECK_THAT(seen_r11 == 0, "(%s)", operand->what);
                if (operand->r11_changes) {
                    expected.r[11] = target;
                }
            }
            expect_registers(&out, &expected, operand->what);
        }
    }
    /* Switched off, and never in user images. */
    load((const uint8_t *)"\xFF\xD0\xC3", 3, true, false, NULL);
    CHECK(patch.counts.found == 0);
    load((const uint8_t *)"\xFF\xD0\xC3", 3, false, true, NULL);
    CHECK(patch.counts.found == 0);
}

static void
test_trusted_pointers(void)
{
    /* call [a.dll!Alpha]; call [guard_dispatch]; call [hypercall table + 0x10]; ret */
    uint8_t code[] = "\xFF\x15\0\0\0\0\xFF\x15\0\0\0\0\xFF\x14\x25\x10\x80\xFC\x7F\xC3";

    set32(code + 2, 0x2080 - 0x1006);
    set32(code + 8, SAMPLE_GUARD_DISPATCH - 0x100C);
    load(code, sizeof code - 1, true, true, NULL);
    CHECK(patch.counts.found == 0);
    set32(code + 2, 0x2098 - 0x1006); /* behind the slots */
    load(code, sizeof code - 1, true, true, NULL);
    CHECK(patch.counts.found == 1 && patch.counts.patched == 1);
    check_tables();
}

/* rsp is lower in the middle of a trampoline: unwinding from a helper needs to know. */
static void
test_lower(void)
{
    uint32_t lower;
    uint64_t trampoline;

    load((const uint8_t *)"\x44\x0F\x22\xC0\xC3", 5, true, false, NULL);
    trampoline = patch.site[0].trampoline;
    /* lea (5), mov (4), call (6): the return address is 15 */
    CHECK(patch_original_rip(&patch, trampoline + 15, &lower) == TEXT && lower == 8);
    CHECK(patch_original_rip(&patch, trampoline + 4, &lower) == TEXT && lower == 0);
}

/* ---- int3 ---- */

static volatile unsigned traps;

static void
on_trap(int signal, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    greg_t *r = uc->uc_mcontext.gregs;
    const struct patch_site *site = patch_site_at(&patch, (uint64_t)r[REG_RIP] - 1);

    if (!site || site->method != PATCH_INT3) {
        _exit(99);
    }
    traps++;
    if (site->trampoline) {
        r[REG_RIP] = (greg_t)site->trampoline;
        return;
    }
    r[REG_RAX] = 0x7777;
    r[REG_RIP] = (greg_t)(site->address + site->length);
}

static void
tune_two_roots(uint8_t *file)
{
    /* unwind data says that functions begin at 0x1000 and 0x1001 */
    set32(file + SAMPLE_DIRECTORY(3), 0x2400);
    set32(file + SAMPLE_PDATA + 4, 0x1001);
    set32(file + SAMPLE_PDATA + 12, 0x1001);
    set32(file + SAMPLE_PDATA + 16, 0x1010);
}

static void
test_int3(void)
{
    static const struct {
        const char *what;
        uint8_t bytes[5];
        uint8_t size;
    } cases[] = {{"rdtsc", {0x0F, 0x31}, 2},
                 {"rdtscp", {0x0F, 0x01, 0xF9}, 3},
                 {"rdrand rax", {0x48, 0x0F, 0xC7, 0xF0}, 4},
                 {"rdseed r8d", {0x41, 0x0F, 0xC7, 0xF8}, 4},
                 {"rdpid rax", {0xF3, 0x0F, 0xC7, 0xF8}, 4},
                 {"cpuid", {0x0F, 0xA2}, 2},
                 {"xgetbv", {0x0F, 0x01, 0xD0}, 3},
                 {"sgdt [rax]", {0x0F, 0x01, 0x00}, 3},
                 {"sidt [rax+8]", {0x0F, 0x01, 0x48, 0x08}, 4},
                 {"str eax", {0x0F, 0x00, 0xC8}, 3},
                 {"sldt eax", {0x0F, 0x00, 0xC0}, 3},
                 {"smsw eax", {0x0F, 0x01, 0xE0}, 3}};
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

    sigaction(SIGTRAP, &action, NULL);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct registers in = pattern(), out, expected = in;
        uint8_t code[16];

        memcpy(code, cases[i].bytes, cases[i].size);
        code[cases[i].size] = 0xC3;
        for (unsigned system = 0; system < 2; system++) {
            load(code, cases[i].size + 1u, system, true, NULL);
            CHECK_THAT(patch.counts.by_kind[PATCH_EMULATE][PATCH_INT3] == 1, "(%s)", cases[i].what);
            check_tables();
            traps = 0;
            run((void *)TEXT, &in, &out);
            expected.r[0] = 0x7777;
            expect_registers(&out, &expected, cases[i].what);
            CHECK(traps == 1);
        }
    }
    /* pause; ret, where only int3 can be had: the second byte is a root of its own. */
    {
        struct registers in = pattern(), out, expected = in;

        load((const uint8_t *)"\xF3\x90\xC3", 3, false, false, tune_two_roots);
        CHECK(patch.counts.int3 == 1 && image.where[0x1001] == 0x90);
        check_tables();
        traps = pauses = 0;
        run((void *)TEXT, &in, &out);
        expect_registers(&out, &expected, "pause by int3");
        CHECK(traps == 1 && pauses == 1);
    }
    /* No page to be had: all is left. */
    refuse_pages = 1;
    load((const uint8_t *)"\xF3\x90\x44\x0F\x20\xC0\xFF\xD0\xC3", 9, true, true, NULL);
    CHECK(patch.counts.left == 3 && patch.pages == 0);
    check_tables();
    refuse_pages = 0;
}

/* ---- what must not be touched ---- */

static void
tune_export_middle(uint8_t *file)
{
    set32(file + SAMPLE_DIRECTORY(0), 0x2100);
    set32(file + SAMPLE_FUNCTIONS, 0x1001);
    set32(file + SAMPLE_FUNCTIONS + 4, 0x1001);
}

static void
tune_relocation(uint8_t *file)
{
    set32(file + SAMPLE_RELOC, 0x1000);
    set16(file + SAMPLE_RELOC + 8, 0xA002);
    set16(file + SAMPLE_RELOC + 10, 0);
    set16(file + SAMPLE_RELOC + 12, 0);
}

static void
test_left_alone(void)
{
    /* mov eax, imm32 that contains a syscall; ret */
    static const uint8_t hidden[] = "\xB8\x0F\x05\xC3\x90\xC3";
    uint8_t moved[] = "\x48\xB8\0\0\0\0\0\0\0\0\xC3";

    load(hidden, 6, false, false, NULL);
    CHECK(patch.counts.found == 0);
    load(hidden, 6, false, false, tune_export_middle); /* a weak root within proven code */
    CHECK(patch.counts.found == 0 && patch.counts.rejected == 1);
    load(hidden, 6, false, false, tune_two_roots); /* two readings, both proven */
    CHECK(patch.counts.found == 1 && patch.counts.left == 1);
    check_tables();
    /* an address that happens to lie in the shared page after relocation is not ours to change */
    set64(moved + 2, 0xFFFFF78000000014 - (BASE - SAMPLE_BASE));
    load(moved, sizeof moved - 1, true, false, tune_relocation);
    CHECK(patch.counts.found == 1 && patch.counts.left == 1);
    check_tables();
}

/* Data between functions that would decode as instructions. */
static void
test_data_in_code(void)
{
    /* lea rdx,[table]; cmp eax,1; ja out; movsxd rcx,[rdx+rax*4]; add rcx,rdx; jmp rcx;
     * out: ret; table: two entries, then text that looks like syscall; cases */
    uint8_t code[0x80];
    uint8_t *table = code + 0x20;

    memset(code, 0xCC, sizeof code);
    memcpy(code,
           "\x48\x8D\x15\x19\0\0\0\x83\xF8\x01\x77\x09\x48\x63\x0C\x82\x48\x01\xD1\xFF\xE1\xC3",
           22);
    set32(table, 0x20);     /* 0x1040 */
    set32(table + 4, 0x30); /* 0x1050 */
    memcpy(table + 8, "\x0F\x05\x0F\x05\xF3\x90\xC3", 7);
    memcpy(code + 0x40, "\xF3\x90\xC3", 3);
    memcpy(code + 0x50, "\x0F\x31\xC3", 3);
    load(code, sizeof code, false, false, NULL);
    CHECK(patch.counts.found == 2);
    CHECK(patch_site_at(&patch, TEXT + 0x40) && patch_site_at(&patch, TEXT + 0x50));
    CHECK(memcmp(image.where + 0x1020, before + 0x1020, 16) == 0);
    check_tables();
}

static void
test_shared_data(void)
{
    /* mov rax, imm64; mov rax,[rax]; ret -- and mov eax, moffs64; ret */
    uint8_t immediate[] = "\x48\xB8\x20\x03\0\0\x80\xF7\xFF\xFF\x48\x8B\x00\xC3";
    uint8_t absolute[] = "\xA1\x20\x03\0\0\x80\xF7\xFF\xFF\xC3";
    uint64_t *shared;
    struct registers in = pattern(), out, expected = in;

    shared = mmap((void *)ABI_USER_SHARED_DATA, ABI_PAGE_SIZE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(shared == (void *)ABI_USER_SHARED_DATA);
    shared[0x320 / 8] = 0xABCD;
    expected.r[0] = 0xABCD;
    load(immediate, sizeof immediate - 1, true, true, NULL);
    CHECK(patch.counts.by_kind[PATCH_SHARED_DATA][PATCH_REWRITE] == 1);
    check_tables();
    run((void *)TEXT, &in, &out);
    expect_registers(&out, &expected, "imm64");
    load(absolute, sizeof absolute - 1, true, true, NULL);
    CHECK(patch.counts.by_kind[PATCH_SHARED_DATA][PATCH_REWRITE] == 1);
    run((void *)TEXT, &in, &out);
    expect_registers(&out, &expected, "moffs64");
    load(immediate, sizeof immediate - 1, false, true, NULL); /* user mode faults there */
    CHECK(patch.counts.found == 0);
    set64(immediate + 2, 0xFFFFF78000001000); /* the next page */
    load(immediate, sizeof immediate - 1, true, true, NULL);
    CHECK(patch.counts.found == 0);
}

int
main(void)
{
    test_cr8();
    test_punning();
    test_syscall();
    test_indirect(false);
    test_indirect(true);
    test_trusted_pointers();
    test_lower();
    test_int3();
    test_left_alone();
    test_data_in_code();
    test_shared_data();
    discard();
    return check_done("image-patch");
}
