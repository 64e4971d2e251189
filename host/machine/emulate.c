/*
 * emulate.c - instructions that a Linux process cannot run, or that answer differently on each
 * machine.
 *
 * Privileged ones are carried out in kernel mode only; in user mode they are reported as such.
 * Those that every mode may use (cpuid, rdtsc, rdrand ...) answer for the virtual processor.
 *
 *     CR8        IRQL: read from the KPCR; written through the kernel's own routine, since lowering
 * it runs what was held back IF         a word in the machine page; `pushf` still shows Linux's own
 * flag ports      read as all ones, writes are dropped: there is no device. Each site is noted once
 *     rdtsc      3 GHz of virtual time, plus a step for each query of the asking agent
 *     rdrand     a function of the run's seed, the agent's name and its count of queries
 *     MSRs       those below; any other is #GP, as on a processor that lacks it
 *     DRs        kept, without effect
 *
 * Facts: Intel SDM volumes 2 and 3 (encodings, MSR numbers, reset values).
 */
#include <string.h>
#include <ucontext.h>
#include <Zydis/Zydis.h>
#include "host/machine/isolation.h"
#include "host/machine/trap.h"

#define TSC_PER_100NS 300ull
#define TSC_QUERY     30ull
#define FLAGS_STATUS  0x8D5ull /* CF PF AF ZF SF OF */
#define FLAG_CF       1ull
#define SHARED_MOVE   (ABI_USER_SHARED_DATA - ABI_KERNEL_SHARED_DATA)

#define CR0_VALUE 0x80050033ull
#define CR4_VALUE 0x000506F8ull
#define CR4_SMEP  0x00100000ull

static ZydisDecoder decoder;
static ZydisFormatter formatter;

void
emulate_init(void)
{
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
}

/* Index into gregs of a general register of any width, -1 for others. */
static int
greg_of(ZydisRegister reg)
{
    ZydisRegister full = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);

    if (full < ZYDIS_REGISTER_RAX || full > ZYDIS_REGISTER_R15) {
        return -1;
    }
    return trap_greg[full - ZYDIS_REGISTER_RAX];
}

static uint64_t
read_register(const greg_t *g, ZydisRegister reg)
{
    uint64_t value = (uint64_t)g[greg_of(reg)];
    unsigned width = ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, reg);

    if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH) {
        return value >> 8 & 0xFF;
    }
    return width == 64 ? value : value & ((1ull << width) - 1);
}

static void
write_register(greg_t *g, ZydisRegister reg, uint64_t value)
{
    greg_t *slot = &g[greg_of(reg)];
    unsigned width = ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, reg);
    uint64_t mask;

    if (width >= 32) {
        *slot = (greg_t)(width == 32 ? (uint32_t)value : value);
        return;
    }
    mask = (1ull << width) - 1;
    if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH) {
        *slot = (greg_t)(((uint64_t)*slot & ~0xFF00ull) | (value & 0xFF) << 8);
        return;
    }
    *slot = (greg_t)(((uint64_t)*slot & ~mask) | (value & mask));
}

/* Bits of the full register that a write to `reg` sets. */
static uint64_t
written_bits(ZydisRegister reg)
{
    unsigned width = ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, reg);

    if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH) {
        return 0xFF00;
    }
    return width >= 32 ? ~0ull : (1ull << width) - 1;
}

static uint64_t
mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ x >> 27) * 0x94D049BB133111EBull;
    return x ^ x >> 31;
}

/* Name of the agent that asks and which of its queries this is. */
static uint64_t
next_query(uint32_t *name)
{
    static uint32_t early; /* before the kernel has agents */
    uint64_t agent = GUEST->agent;

    if (space_protection(agent) == ABI_NONE || (agent & (ABI_PAGE_SIZE - 1)) > ABI_PAGE_SIZE - 16) {
        *name = 0;
        return ++early;
    }
    struct abi_agent_state *state = guest_pointer(agent);

    *name = state->name;
    return ++state->queries;
}

uint64_t
emulate_tsc(void)
{
    uint32_t name;
    uint64_t queries = next_query(&name);

    return GUEST->time_100ns * TSC_PER_100NS + queries * TSC_QUERY;
}

static uint64_t
next_random(void)
{
    uint32_t name;
    uint64_t query = next_query(&name);

    return mix(machine.request->boot.seed + mix((uint64_t)name << 32 | (uint32_t)query));
}

static uint64_t
kpcr_irql(void)
{
    return *((uint8_t *)guest_pointer(GUEST->kpcr) + KPCR_IRQL);
}

static uint64_t
read_control(ZydisRegister reg)
{
    switch (reg) {
    case ZYDIS_REGISTER_CR0:
        return CR0_VALUE;
    case ZYDIS_REGISTER_CR2:
        return machine.last_fault;
    case ZYDIS_REGISTER_CR3:
        return 0x1AD000 + (GUEST->user_slice << 12);
    case ZYDIS_REGISTER_CR4:
        return CR4_VALUE | (machine.request->boot.os >= OS_WIN8 ? CR4_SMEP : 0);
    default:
        return kpcr_irql();
    }
}

static bool
read_msr(uint32_t number, uint64_t *value)
{
    switch (number) {
    case 0x10: /* TSC */
        *value = emulate_tsc();
        return true;
    case 0x1B: /* APIC_BASE: enabled, bootstrap processor */
        *value = 0xFEE00800 | (GUEST->current_cpu == 0 ? 0x100 : 0);
        return true;
    case 0x1A0: /* MISC_ENABLE: fast strings */
        *value = 1;
        return true;
    case 0x277: /* PAT at reset */
        *value = 0x0007040600070406ull;
        return true;
    case 0xC0000080: /* EFER: SCE LME LMA NXE */
        *value = 0xD01;
        return true;
    case 0xC0000081: /* STAR: kernel code 10h, user code 23h */
        *value = 0x0023001000000000ull;
        return true;
    case 0xC0000082: /* LSTAR */
        *value = machine.pages ? machine_gate_target : machine.entries.syscall;
        return true;
    case 0xC0000084: /* FMASK: what NT clears */
        *value = 0x4700;
        return true;
    case 0xC0000100: /* FS_BASE */
        *value = 0;
        return true;
    case 0xC0000101: /* GS_BASE */
        *value = GUEST->kpcr;
        return true;
    case 0xC0000102: /* KERNEL_GS_BASE */
        *value = GUEST->user_gs;
        return true;
    case 0xC0000103: /* TSC_AUX */
        *value = GUEST->current_cpu;
        return true;
    }
    return false;
}

static void
set_flags(greg_t *g, uint64_t flags)
{
    g[REG_EFL] = (greg_t)(((uint64_t)g[REG_EFL] & ~FLAGS_STATUS) | flags);
}

/* Descriptor-table stores: a limit and a base that NT could have. */
static bool
store_table(const ZydisDecodedOperand *operand, const greg_t *g, uint16_t limit, uint64_t base)
{
    uint8_t image[10];
    uint64_t address = 0;

    if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY || operand->mem.base == ZYDIS_REGISTER_NONE) {
        return false;
    }
    if (operand->mem.base == ZYDIS_REGISTER_RIP || greg_of(operand->mem.base) < 0) {
        return false;
    }
    address = read_register(g, operand->mem.base) + (uint64_t)operand->mem.disp.value;
    if (operand->mem.index != ZYDIS_REGISTER_NONE) {
        address += read_register(g, operand->mem.index) * operand->mem.scale;
    }
    memcpy(image, &limit, 2);
    memcpy(image + 2, &base, 8);
    if (!space_open(address) || !space_open(address + 9) ||
        !(space_protection(address) & ABI_PROT_WRITE)) {
        return false;
    }
    return space_write(address, image, sizeof(image));
}

/* Instructions of every mode. True if it was one; g is changed but for rip. */
static bool
emulate_common(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *op, greg_t *g)
{
    struct cpuid_result r;
    uint64_t value;

    switch (insn->mnemonic) {
    case ZYDIS_MNEMONIC_CPUID:
        r = cpuid_answer((uint32_t)g[REG_RAX], (uint32_t)g[REG_RCX]);
        g[REG_RAX] = r.eax;
        g[REG_RBX] = r.ebx;
        g[REG_RCX] = r.ecx;
        g[REG_RDX] = r.edx;
        return true;
    case ZYDIS_MNEMONIC_RDTSCP:
        g[REG_RCX] = GUEST->current_cpu;
        [[fallthrough]];
    case ZYDIS_MNEMONIC_RDTSC:
        value = emulate_tsc();
        g[REG_RAX] = (greg_t)(uint32_t)value;
        g[REG_RDX] = (greg_t)(value >> 32);
        return true;
    case ZYDIS_MNEMONIC_RDPID:
        write_register(g, op[0].reg.value, GUEST->current_cpu);
        return true;
    case ZYDIS_MNEMONIC_RDRAND:
    case ZYDIS_MNEMONIC_RDSEED:
        write_register(g, op[0].reg.value, next_random());
        set_flags(g, FLAG_CF);
        return true;
    case ZYDIS_MNEMONIC_XGETBV:
        g[REG_RAX] = (uint32_t)g[REG_RCX] == 0 ? 3 : 0;
        g[REG_RDX] = 0;
        return true;
    case ZYDIS_MNEMONIC_STR:
    case ZYDIS_MNEMONIC_SLDT:
    case ZYDIS_MNEMONIC_SMSW:
        if (op[0].type != ZYDIS_OPERAND_TYPE_REGISTER) {
            return false;
        }
        write_register(g, op[0].reg.value,
                       insn->mnemonic == ZYDIS_MNEMONIC_STR    ? 0x40
                       : insn->mnemonic == ZYDIS_MNEMONIC_SLDT ? 0
                                                               : CR0_VALUE);
        return true;
    case ZYDIS_MNEMONIC_SGDT:
        return store_table(&op[0], g, 0x57, 0xFFFFF80000001000ull);
    case ZYDIS_MNEMONIC_SIDT:
        return store_table(&op[0], g, 0xFFF, 0xFFFFF80000000000ull);
    default:
        return false;
    }
}

static void
move_special(const ZydisDecodedOperand *op, greg_t *g, struct emulated *out)
{
    ZydisRegister to = op[0].reg.value, from = op[1].reg.value;
    ZydisRegisterClass to_class = ZydisRegisterGetClass(to);
    ZydisRegisterClass from_class = ZydisRegisterGetClass(from);

    if (from_class == ZYDIS_REGCLASS_CONTROL) {
        write_register(g, to, read_control(from));
    } else if (from_class == ZYDIS_REGCLASS_DEBUG) {
        write_register(g, to, machine.debug_registers[from - ZYDIS_REGISTER_DR0]);
    } else if (to_class == ZYDIS_REGCLASS_DEBUG) {
        machine.debug_registers[to - ZYDIS_REGISTER_DR0] = read_register(g, from);
    } else if (to == ZYDIS_REGISTER_CR8) {
        out->value = read_register(g, from);
        out->result = EMULATE_CR8_WRITE;
    } else if (to_class == ZYDIS_REGCLASS_CONTROL) {
        worker_note((uint64_t)g[REG_RIP], "writes %s (%#lx): ignored", ZydisRegisterGetString(to),
                    read_register(g, from));
    } else {
        out->result = EMULATE_NO;
    }
}

static uint32_t
port_number(const ZydisDecodedOperand *number, const greg_t *g)
{
    return number->type == ZYDIS_OPERAND_TYPE_IMMEDIATE ? (uint32_t)number->imm.value.u
                                                        : (uint16_t)g[REG_RDX];
}

static void
port(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *op, greg_t *g)
{
    bool in = insn->mnemonic == ZYDIS_MNEMONIC_IN;
    uint32_t value = port_number(&op[in ? 1 : 0], g);

    if (in) {
        write_register(g, op[0].reg.value, ~0ull);
        worker_note((uint64_t)g[REG_RIP], "reads port %#x: no device, all ones", value);
    } else {
        worker_note((uint64_t)g[REG_RIP], "writes %#lx to port %#x: no device, dropped",
                    read_register(g, op[1].reg.value), value);
    }
}

static bool
is_string_port(ZydisMnemonic mnemonic)
{
    return mnemonic == ZYDIS_MNEMONIC_INSB || mnemonic == ZYDIS_MNEMONIC_INSW ||
           mnemonic == ZYDIS_MNEMONIC_INSD || mnemonic == ZYDIS_MNEMONIC_OUTSB ||
           mnemonic == ZYDIS_MNEMONIC_OUTSW || mnemonic == ZYDIS_MNEMONIC_OUTSD;
}

static bool
reads_port(ZydisMnemonic mnemonic)
{
    return mnemonic == ZYDIS_MNEMONIC_IN || mnemonic == ZYDIS_MNEMONIC_INSB ||
           mnemonic == ZYDIS_MNEMONIC_INSW || mnemonic == ZYDIS_MNEMONIC_INSD;
}

/* `ins`, `outs`, `rep` or not: all ones are read, what is written is dropped; the memory is touched as the processor does. */
static void
string_port(const ZydisDecodedInstruction *insn, greg_t *g, struct emulated *out)
{
    static const uint8_t ones[4] = {0xFF, 0xFF, 0xFF, 0xFF};
    bool in = reads_port(insn->mnemonic), repeats = (insn->attributes & ZYDIS_ATTRIB_HAS_REP) != 0;
    bool bytes = insn->mnemonic == ZYDIS_MNEMONIC_INSB || insn->mnemonic == ZYDIS_MNEMONIC_OUTSB;
    bool words = insn->mnemonic == ZYDIS_MNEMONIC_INSW || insn->mnemonic == ZYDIS_MNEMONIC_OUTSW;
    uint64_t size = bytes ? 1 : words ? 2 : 4, count = repeats ? (uint64_t)g[REG_RCX] : 1, done = 0;
    greg_t *address = &g[in ? REG_RDI : REG_RSI];

    for (; done < count; done++) {
        uint64_t at = (uint64_t)*address, last = at + size - 1;

        if (!space_open(at) || !space_open(last) ||
            (in && (!(space_protection(at) & ABI_PROT_WRITE) || !space_write(at, ones, size)))) {
            out->result = EMULATE_TOUCH;
            out->value = space_open(at) && !space_open(last) ? last : at;
            out->use = in;
            break;
        }
        *address += (g[REG_EFL] & FLAG_DF) ? -(greg_t)size : (greg_t)size;
    }
    if (repeats) {
        g[REG_RCX] -= (greg_t)done;
    }
    if (done != 0) {
        worker_note((uint64_t)g[REG_RIP], "%s %lu items %s port %#x: no device, %s",
                    in ? "reads" : "writes", done, in ? "from" : "to", (uint16_t)g[REG_RDX],
                    in ? "all ones" : "dropped");
    }
}

/* False: it has been told. */
static bool
tell(struct emulated *out)
{
    if (GUEST->hardware == ABI_HARDWARE_PASSED) {
        GUEST->hardware = ABI_HARDWARE_TOLD;
        return false;
    }
    out->result = EMULATE_HARDWARE;
    return true;
}

/* Must the kernel be told of it first? */
static bool
is_told(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *op, const greg_t *g,
        struct emulated *out)
{
    if (GUEST->hardware == ABI_HARDWARE_OFF) {
        return false;
    }
    if (is_string_port(insn->mnemonic)) {
        out->use = reads_port(insn->mnemonic) ? ABI_READS_PORT : ABI_WRITES_PORT;
        out->value = (uint16_t)g[REG_RDX];
        return tell(out);
    }
    switch (insn->mnemonic) {
    case ZYDIS_MNEMONIC_IN:
    case ZYDIS_MNEMONIC_OUT:
        out->use = insn->mnemonic == ZYDIS_MNEMONIC_IN ? ABI_READS_PORT : ABI_WRITES_PORT;
        out->value = port_number(&op[out->use == ABI_READS_PORT ? 1 : 0], g);
        break;
    case ZYDIS_MNEMONIC_RDMSR:
    case ZYDIS_MNEMONIC_WRMSR:
        out->use =
            insn->mnemonic == ZYDIS_MNEMONIC_RDMSR ? ABI_READS_REGISTER : ABI_WRITES_REGISTER;
        out->value = (uint32_t)g[REG_RCX];
        break;
    default:
        return false;
    }
    return tell(out);
}

/* Instructions of kernel mode. */
static void
emulate_privileged(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *op, greg_t *g,
                   struct emulated *out)
{
    uint64_t value;

    switch (insn->mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
        if (op[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
            op[1].type == ZYDIS_OPERAND_TYPE_REGISTER) {
            move_special(op, g, out);
        } else {
            out->result = EMULATE_NO;
        }
        return;
    case ZYDIS_MNEMONIC_CLI:
        GUEST->interrupt_flag = 0;
        return;
    case ZYDIS_MNEMONIC_STI:
        GUEST->interrupt_flag = 1;
        return;
    case ZYDIS_MNEMONIC_HLT:
        out->result = EMULATE_PAUSE;
        return;
    case ZYDIS_MNEMONIC_IN:
    case ZYDIS_MNEMONIC_OUT:
        port(insn, op, g);
        return;
    case ZYDIS_MNEMONIC_INSB:
    case ZYDIS_MNEMONIC_INSW:
    case ZYDIS_MNEMONIC_INSD:
    case ZYDIS_MNEMONIC_OUTSB:
    case ZYDIS_MNEMONIC_OUTSW:
    case ZYDIS_MNEMONIC_OUTSD:
        string_port(insn, g, out);
        return;
    case ZYDIS_MNEMONIC_RDMSR:
        if (!read_msr((uint32_t)g[REG_RCX], &value)) {
            out->result = EMULATE_FAULT;
            return;
        }
        g[REG_RAX] = (greg_t)(uint32_t)value;
        g[REG_RDX] = (greg_t)(value >> 32);
        return;
    case ZYDIS_MNEMONIC_WRMSR:
        if (!read_msr((uint32_t)g[REG_RCX], &value)) {
            out->result = EMULATE_FAULT;
            return;
        }
        worker_note((uint64_t)g[REG_RIP], "writes MSR %#x: ignored", (uint32_t)g[REG_RCX]);
        return;
    case ZYDIS_MNEMONIC_RDPMC:
        g[REG_RAX] = 0;
        g[REG_RDX] = 0;
        return;
    case ZYDIS_MNEMONIC_WBINVD:
    case ZYDIS_MNEMONIC_INVD:
    case ZYDIS_MNEMONIC_INVLPG:
    case ZYDIS_MNEMONIC_CLTS:
        return;
    case ZYDIS_MNEMONIC_LGDT:
    case ZYDIS_MNEMONIC_LIDT:
    case ZYDIS_MNEMONIC_LLDT:
    case ZYDIS_MNEMONIC_LTR:
    case ZYDIS_MNEMONIC_LMSW:
        worker_note((uint64_t)g[REG_RIP], "loads a descriptor table: ignored");
        return;
    default:
        out->result = EMULATE_UNSUPPORTED;
    }
}

static bool
is_privileged(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *op)
{
    switch (insn->mnemonic) {
    case ZYDIS_MNEMONIC_IN:
    case ZYDIS_MNEMONIC_OUT:
    case ZYDIS_MNEMONIC_INSB:
    case ZYDIS_MNEMONIC_INSW:
    case ZYDIS_MNEMONIC_INSD:
    case ZYDIS_MNEMONIC_OUTSB:
    case ZYDIS_MNEMONIC_OUTSW:
    case ZYDIS_MNEMONIC_OUTSD:
    case ZYDIS_MNEMONIC_CLI:
    case ZYDIS_MNEMONIC_STI:
    case ZYDIS_MNEMONIC_RDPMC:
        return true; /* Zydis does not count what IOPL or CR4 can allow */
    default:
        return (insn->attributes & ZYDIS_ATTRIB_IS_PRIVILEGED) != 0;
    }
}

void
emulate_instruction(const uint8_t *bytes, size_t length, greg_t *g, struct emulated *out)
{
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
    uint64_t rip = (uint64_t)g[REG_RIP];

    *out = (struct emulated){.result = EMULATE_NO};
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, length, &insn, op))) {
        return;
    }
    out->length = insn.length;
    if (emulate_common(&insn, op, g)) {
        out->result = EMULATE_DONE;
    } else if (insn.mnemonic == ZYDIS_MNEMONIC_SYSCALL) {
        g[REG_RCX] = (greg_t)(rip + insn.length);
        g[REG_R11] = g[REG_EFL];
        out->result = EMULATE_SYSCALL;
    } else if (insn.mnemonic == ZYDIS_MNEMONIC_PAUSE) {
        out->result = EMULATE_PAUSE;
    } else if (!is_privileged(&insn, op)) {
        return;
    } else if (GUEST->mode == ABI_USER_MODE) {
        out->result = EMULATE_PRIVILEGED;
        return;
    } else if (is_told(&insn, op, g, out)) {
        return;
    } else {
        out->result = EMULATE_DONE;
        emulate_privileged(&insn, op, g, out);
    }
    if (out->result == EMULATE_UNSUPPORTED || out->result == EMULATE_NO) {
        ZydisFormatterFormatInstruction(&formatter, &insn, op, insn.operand_count_visible,
                                        out->text, sizeof(out->text), rip, NULL);
    } else if (out->result != EMULATE_FAULT && out->result != EMULATE_TOUCH) {
        g[REG_RIP] += insn.length;
    }
}

/* `mov al/ax/eax/rax, [moffs64]`: the one form without a register to substitute. */
static bool
load_absolute(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *op, greg_t *g)
{
    uint64_t address, value = 0;

    if (insn->mnemonic != ZYDIS_MNEMONIC_MOV || op[0].type != ZYDIS_OPERAND_TYPE_REGISTER) {
        return false;
    }
    address = (uint64_t)op[1].mem.disp.value + SHARED_MOVE;
    if (address - ABI_USER_SHARED_DATA > ABI_PAGE_SIZE - op[0].size / 8) {
        return false;
    }
    memcpy(&value, (const void *)address, op[0].size / 8);
    write_register(g, op[0].reg.value, value);
    g[REG_RIP] += insn->length;
    return true;
}

bool
emulate_shared_data(const uint8_t *bytes, size_t length, greg_t *g)
{
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
    struct stepping *step = &machine.stepping;
    const ZydisDecodedOperand *memory = NULL;
    ZydisRegister reg;
    uint64_t move = SHARED_MOVE;

    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, length, &insn, op))) {
        return false;
    }
    for (int i = 0; i < insn.operand_count; i++) {
        if (op[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            (op[i].actions & ZYDIS_OPERAND_ACTION_MASK_READ)) {
            memory = &op[i];
            if (op[i].mem.base == ZYDIS_REGISTER_NONE ||
                (uint64_t)g[greg_of(op[i].mem.base) < 0 ? REG_RIP : greg_of(op[i].mem.base)] >>
                    47) {
                break; /* of two memory operands, the one in the upper half */
            }
        }
    }
    if (memory == NULL) {
        return false;
    }
    reg = memory->mem.base;
    if (reg == ZYDIS_REGISTER_NONE) {
        reg = memory->mem.index;
        move /= memory->mem.scale ? memory->mem.scale : 1;
        if (reg == ZYDIS_REGISTER_NONE) {
            return load_absolute(&insn, op, g);
        }
    }
    if (greg_of(reg) < 0) {
        return false;
    }
    *step = (struct stepping){.active = true, .reg = greg_of(reg), .flags = (uint64_t)g[REG_EFL]};
    step->original = (uint64_t)g[step->reg];
    step->substitute = step->original + move;
    for (int i = 0; i < insn.operand_count; i++) {
        if (op[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
            (op[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) &&
            greg_of(op[i].reg.value) == step->reg) {
            /* String instructions move it; a load into it keeps what it set. */
            if (op[i].visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN) {
                step->delta = true;
            } else {
                step->written = written_bits(op[i].reg.value);
            }
        }
    }
    g[step->reg] = (greg_t)step->substitute;
    g[REG_EFL] |= FLAG_TF;
    return true;
}
