/*
 * promote.c - a loop without a schedule point is given one.
 *
 * Processors switch at schedule points only, so `while (!Flag);` would keep everybody else from ever
 * setting the flag. When the supervisor sees that nothing moves, it sends SIGUSR2, and the guest is
 * stepped from where it is, some 2,000 instructions at most, until its state is one that it was in before:
 * the general and vector registers, and every byte written since. Then, and only then, the loop can
 * never end by itself. One of its backward branches, in a driver or a user image, becomes an int3 that
 * first does the branch, and where it is taken is a `pause`.
 *
 *   P1  Host time decides nothing: what is promoted would have run forever, and each of its rounds
 *       leaves the same state, so it does not matter after how many of them it is noticed.
 *   P2  The branch that is taken is passed once in a round, so that the first pause always finds the same
 *       state. Of several the one in an image that is not of our own build, then the lowest.
 *   P3  A loop that counts, or whose round is longer than some 600 instructions, is not proven to be
 *       endless and stays as it is.
 *   P4  In a search nothing is promoted: a loop in one run would have more points than in another. Where accesses to memory are not seen the search
 *       begins anew with all that the code reads and writes, and a loop is known by that (host/explore/spin.c, L8).
 *   P5  While `look.active` TF is set in the guest's flags; any other signal than a step ends the look.
 */
#include <cpuid.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <Zydis/Zydis.h>
#include "host/machine/loaded.h"
#include "host/machine/snapshot.h"
#include "host/machine/trap.h"

#define MAX_STEPS   2000
#define MAX_WRITES  512
#define MAX_EDGES   64
#define MAX_PLANTED 256
#define MAX_BRANCH  6
#define MAX_TRIES   10000
#define MAX_VECTOR  4096

#define INT3        0xCC
#define FLAG_RF     0x10000ull
#define GENERAL_END (REG_RIP + 1)

static ZydisDecoder decoder;
static struct {
    uint32_t at, size;
} component[8]; /* of a standard XSAVE area */

struct branch {
    uint64_t from, target;
    uint8_t length;
    uint8_t bytes[MAX_BRANCH];
};

static struct {
    bool active; /* P5 */
    bool opaque; /* since the mark something was written that we do not follow */
    uint32_t steps;
    uint64_t points;
    struct branch last; /* the instruction that is being stepped, length 0: no branch of ours */
    /* The mark: a state to come back to (Brent's algorithm: it moves on after 1, 2, 4 ... steps). */
    uint32_t since, power;
    greg_t general[GENERAL_END];
    uint64_t flags;
    uint8_t vector[MAX_VECTOR];
    struct {
        uint64_t address;
        size_t size;
        uint8_t before[64];
    } write[MAX_WRITES];
    size_t writes;
    struct {
        struct branch branch;
        uint32_t passes;
    } edge[MAX_EDGES];
    size_t edges;
} look;

static struct {
    char image[64];
    uint32_t rva;
    uint8_t length;
    uint8_t bytes[MAX_BRANCH];
} site[RUN_MAX_PROMOTED];
static size_t sites;

static struct {
    uint64_t address;
    size_t site;
} planted[MAX_PLANTED];
static size_t planted_count;

static uint64_t hit_points; /* GUEST->points at the last pause */
/* The first pause since which there were only such pauses: where a run that never ends is said to have ended. */
static struct {
    uint64_t address, agent;
} still;
static uint32_t stop_tries; /* 0: the run goes on; else pauses until it ends at any of them */

void
promote_init(void)
{
    uint32_t eax, ebx, ecx, edx;

    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    component[0].size = 160;
    component[1].at = 160;
    component[1].size = 256;
    for (uint32_t i = 2; i < 8; i++) {
        __cpuid_count(0xD, i, eax, ebx, ecx, edx);
        if (eax != 0 && ebx + eax <= MAX_VECTOR) {
            component[i].at = ebx;
            component[i].size = eax;
        }
    }
}

/* ---- what is planted ---- */

static void
plant(struct loaded *image, size_t number)
{
    uint64_t address = image->image.base + site[number].rva;
    uint8_t *bytes = guest_pointer(address);

    if (strcasecmp(image->image.name, site[number].image) != 0 ||
        site[number].rva + site[number].length > image->image.pe.size ||
        memcmp(bytes + 1, site[number].bytes + 1, site[number].length - 1u) != 0 ||
        planted_count == MAX_PLANTED || !breakpoint_claim(&image->patch, address)) {
        return;
    }
    planted[planted_count].address = address;
    planted[planted_count++].site = number;
}

void
promote_loaded(struct loaded *image)
{
    for (size_t i = 0; i < sites; i++) {
        plant(image, i);
    }
}

void
promote_forget(uint64_t base, uint64_t size)
{
    size_t kept = 0;

    for (size_t i = 0; i < planted_count; i++) {
        if (planted[i].address - base >= size) {
            planted[kept++] = planted[i];
        }
    }
    planted_count = kept;
}

static struct loaded *
image_of(uint64_t address)
{
    for (size_t i = 0; i < loaded_count; i++) {
        if (image_contains(&loaded[i]->image, address)) {
            return loaded[i];
        }
    }
    return NULL;
}

static void
promote(const struct branch *branch)
{
    struct shared *shared = machine.shared;
    struct loaded *image = image_of(branch->from);

    if (sites == RUN_MAX_PROMOTED) {
        return;
    }
    snprintf(site[sites].image, sizeof(site[sites].image), "%s", image->image.name);
    site[sites].rva = (uint32_t)(branch->from - image->image.base);
    site[sites].length = branch->length;
    memcpy(site[sites].bytes, branch->bytes, branch->length);
    sites++;
    for (size_t i = 0; i < loaded_count; i++) {
        plant(loaded[i], sites - 1);
    }
    images_describe(branch->from, shared->promoted[sites - 1], sizeof(shared->promoted[0]));
    shared->promotions = (uint32_t)sites;
    worker_note(branch->from, "loops without a schedule point: it was made one");
}

/* ---- the proof ---- */

/* The vector state, with zeroes for what is in its initial configuration. */
static void
read_vector(const ucontext_t *context, uint8_t out[MAX_VECTOR])
{
    const uint8_t *area = (const uint8_t *)context->uc_mcontext.fpregs;
    uint64_t used = *(const uint64_t *)(area + 512);

    memset(out, 0, MAX_VECTOR);
    for (int i = 0; i < 8; i++) {
        if (used >> i & 1) {
            memcpy(out + component[i].at, area + component[i].at, component[i].size);
        }
    }
    memcpy(out + 24, area + 24, 4); /* MXCSR */
}

static void
set_mark(const ucontext_t *context)
{
    const greg_t *g = context->uc_mcontext.gregs;

    memcpy(look.general, g, sizeof(look.general));
    look.flags = (uint64_t)g[REG_EFL] & ~(FLAG_TF | FLAG_RF);
    read_vector(context, look.vector);
    look.opaque = false;
    look.since = 0;
    look.writes = 0;
    look.edges = 0;
}

static bool
is_at_mark(const ucontext_t *context)
{
    const greg_t *g = context->uc_mcontext.gregs;
    uint8_t now[MAX_VECTOR];

    if (look.opaque || memcmp(look.general, g, sizeof(look.general)) != 0 ||
        look.flags != ((uint64_t)g[REG_EFL] & ~(FLAG_TF | FLAG_RF))) {
        return false;
    }
    for (size_t i = 0; i < look.writes; i++) {
        size_t size = look.write[i].size;

        if (space_read(look.write[i].address, now, size) != size ||
            memcmp(now, look.write[i].before, size) != 0) {
            return false;
        }
    }
    read_vector(context, now);
    return memcmp(now, look.vector, MAX_VECTOR) == 0;
}

static bool
register_value(const greg_t *g, ZydisRegister name, uint64_t next, uint64_t *value)
{
    *value = name == ZYDIS_REGISTER_RIP ? next : 0;
    if (name >= ZYDIS_REGISTER_RAX && name <= ZYDIS_REGISTER_R15) {
        *value = (uint64_t)g[trap_greg[name - ZYDIS_REGISTER_RAX]];
        return true;
    }
    return name == ZYDIS_REGISTER_NONE || name == ZYDIS_REGISTER_RIP;
}

/* Remembers what lies where the next instruction will write. */
static void
follow_write(const greg_t *g, const ZydisDecodedInstruction *instruction,
             const ZydisDecodedOperand *operand)
{
    uint64_t next = (uint64_t)g[REG_RIP] + instruction->length, base, index, address;
    size_t size = operand->size / 8;

    if (!register_value(g, operand->mem.base, next, &base) ||
        !register_value(g, operand->mem.index, next, &index) ||
        operand->mem.segment == ZYDIS_REGISTER_FS || operand->mem.segment == ZYDIS_REGISTER_GS ||
        instruction->mnemonic == ZYDIS_MNEMONIC_POP || size == 0 ||
        size > sizeof(look.write[0].before) || look.writes == MAX_WRITES) {
        look.opaque = true;
        return;
    }
    address = base + index * operand->mem.scale + (uint64_t)operand->mem.disp.value;
    if (operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
        operand->mem.base == ZYDIS_REGISTER_RSP) {
        address = base - size; /* push, call */
    } else if (instruction->mnemonic == ZYDIS_MNEMONIC_BTS ||
               instruction->mnemonic == ZYDIS_MNEMONIC_BTR ||
               instruction->mnemonic == ZYDIS_MNEMONIC_BTC) {
        look.opaque = true; /* the bit may lie far from there */
        return;
    }
    for (size_t i = 0; i < look.writes; i++) {
        if (look.write[i].address == address && look.write[i].size == size) {
            return;
        }
    }
    look.write[look.writes].address = address;
    look.write[look.writes].size = size;
    if (space_read(address, look.write[look.writes].before, size) != size) {
        look.opaque = true;
        return;
    }
    look.writes++;
}

static bool
is_direct_branch(const uint8_t *bytes)
{
    return (bytes[0] & 0xF0) == 0x70 || bytes[0] == 0xEB || bytes[0] == 0xE9 ||
           (bytes[0] == 0x0F && (bytes[1] & 0xF0) == 0x80);
}

static uint64_t
branch_target(uint64_t from, const uint8_t *bytes, size_t length)
{
    int32_t wide;

    if (length == 2) {
        return from + 2 + (uint64_t)(int64_t)(int8_t)bytes[1];
    }
    memcpy(&wide, bytes + length - 4, 4);
    return from + length + (uint64_t)(int64_t)wide;
}

/* Looks at the instruction at rip before it runs. False: no step may be taken over it. */
static bool
prepare(const greg_t *g)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction instruction;
    uint64_t rip = (uint64_t)g[REG_RIP];
    uint8_t bytes[15];
    size_t length = space_read(rip, bytes, sizeof(bytes));

    look.last.length = 0;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, length, &instruction, operands))) {
        return false;
    }
    switch (instruction.mnemonic) {
    case ZYDIS_MNEMONIC_PUSHF: /* they would show TF, or lose it */
    case ZYDIS_MNEMONIC_PUSHFD:
    case ZYDIS_MNEMONIC_PUSHFQ:
    case ZYDIS_MNEMONIC_POPF:
    case ZYDIS_MNEMONIC_POPFD:
    case ZYDIS_MNEMONIC_POPFQ:
    case ZYDIS_MNEMONIC_IRETQ:
    case ZYDIS_MNEMONIC_SYSCALL:
    case ZYDIS_MNEMONIC_WRFSBASE: /* state that is not compared */
    case ZYDIS_MNEMONIC_WRGSBASE:
    case ZYDIS_MNEMONIC_WRPKRU:
    case ZYDIS_MNEMONIC_RDTSC: /* where it does not trap */
    case ZYDIS_MNEMONIC_RDTSCP:
    case ZYDIS_MNEMONIC_RDRAND:
    case ZYDIS_MNEMONIC_RDSEED:
        return false;
    default:
        break;
    }
    for (int i = 0; i < instruction.operand_count; i++) {
        if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            (operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)) {
            follow_write(g, &instruction, &operands[i]);
        }
    }
    if (instruction.length <= MAX_BRANCH && is_direct_branch(bytes)) {
        look.last.from = rip;
        look.last.length = instruction.length;
        look.last.target = branch_target(rip, bytes, instruction.length);
        memcpy(look.last.bytes, bytes, instruction.length);
    }
    return true;
}

/* A step has led to rip: was it back, inside of an image that is not the kernel? */
static void
follow_edge(uint64_t rip)
{
    struct loaded *image;

    if (look.last.length == 0 || look.last.target != rip || rip > look.last.from) {
        return;
    }
    image = image_of(look.last.from);
    if (image == NULL || !image_contains(&image->image, rip) ||
        (image->slice == 0 && image->window == 0)) {
        return;
    }
    for (size_t i = 0; i < look.edges; i++) {
        if (look.edge[i].branch.from == look.last.from) {
            look.edge[i].passes++;
            return;
        }
    }
    if (look.edges < MAX_EDGES) {
        look.edge[look.edges].branch = look.last;
        look.edge[look.edges++].passes = 1;
    }
}

/* P2 */
static void
choose_edge(void)
{
    const struct branch *best = NULL;
    bool best_ours = false;

    for (size_t i = 0; i < look.edges; i++) {
        const struct branch *branch = &look.edge[i].branch;
        bool ours = loaded_is_ours(image_of(branch->from));

        if (look.edge[i].passes == 1 && (best == NULL || ours < best_ours ||
                                         (ours == best_ours && branch->from < best->from))) {
            best = branch;
            best_ours = ours;
        }
    }
    if (best != NULL) {
        promote(best);
    }
}

/* Goes on to step, or leaves the guest alone. */
static void
next_step(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;

    if (trap_in_host((uint64_t)g[REG_RIP]) || look.steps++ == MAX_STEPS ||
        GUEST->points != look.points || !prepare(g)) {
        promote_look_away(context);
        return;
    }
    g[REG_EFL] |= FLAG_TF;
}

void
promote_look(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;

    if (look.active || trap_in_host((uint64_t)g[REG_RIP]) || machine.stepping.active ||
        ((uint64_t)g[REG_EFL] & FLAG_TF) || sites == RUN_MAX_PROMOTED) {
        return;
    }
    look.active = true;
    look.steps = 0;
    look.power = 1;
    look.points = GUEST->points;
    set_mark(context);
    next_step(context);
}

bool
promote_is_looking(void)
{
    return look.active;
}

void
promote_look_away(ucontext_t *context)
{
    look.active = false;
    context->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)FLAG_TF;
}

bool
promote_is_unseen(const struct run_request *request)
{
    return request->explore != NULL && request->granularity == RUN_API && !request->polls;
}

void
promote_begin_anew(const struct run_request *request)
{
    if (request->polled == NULL || !promote_is_unseen(request)) {
        return;
    }
    *request->polled = 1;
    if (request->learned != NULL) {
        request->learned->grown = 1;
    }
}

/* P4 */
NORETURN static void
end_run(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;
    char where[256];

    if (snapshot.rooted) { /* else there is nobody who could change anything */
        promote_begin_anew(machine.request);
    }
    images_describe(images_original_rip((uint64_t)g[REG_RIP]), where, sizeof(where));
    trap_stop(g, ABI_LIVELOCK, "%s goes round for ever without calling the kernel", where);
}

void
promote_stepped(ucontext_t *context)
{
    follow_edge((uint64_t)context->uc_mcontext.gregs[REG_RIP]);
    look.since++;
    if (is_at_mark(context)) {
        promote_look_away(context);
        if (machine.request->explore != NULL) {
            end_run(context);
        }
        choose_edge();
        return;
    }
    if (look.since == look.power) {
        look.power *= 2;
        set_mark(context);
    }
    next_step(context);
}

/* ---- a promoted branch ---- */

static bool
is_taken(const uint8_t *bytes, uint64_t flags)
{
    bool cf = flags & 1, pf = flags >> 2 & 1, zf = flags >> 6 & 1, sf = flags >> 7 & 1;
    bool of = flags >> 11 & 1, truth = false;
    uint8_t code = bytes[0] == 0x0F ? bytes[1] : bytes[0];

    if (code == 0xEB || code == 0xE9) {
        return true;
    }
    switch (code >> 1 & 7) {
    case 0:
        truth = of;
        break;
    case 1:
        truth = cf;
        break;
    case 2:
        truth = zf;
        break;
    case 3:
        truth = cf || zf;
        break;
    case 4:
        truth = sf;
        break;
    case 5:
        truth = pf;
        break;
    case 6:
        truth = sf != of;
        break;
    case 7:
        truth = zf || sf != of;
        break;
    }
    return truth != (code & 1);
}

enum promote_hit
promote_hit(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;
    uint64_t address = (uint64_t)g[REG_RIP] - 1, points = GUEST->points;

    for (size_t i = 0; i < planted_count; i++) {
        size_t number = planted[i].site;

        if (planted[i].address != address) {
            continue;
        }
        if (!is_taken(site[number].bytes, (uint64_t)g[REG_EFL])) {
            g[REG_RIP] = (greg_t)(address + site[number].length);
            return PROMOTE_PASSED;
        }
        if (points - hit_points > 1 || still.address == 0) { /* more than the pause itself */
            machine.shared->moves++;
            machine.shared->still_points = points;
            machine.shared->still_hash = GUEST->hash;
            still.address = address;
            still.agent = GUEST->agent;
        }
        if (stop_tries != 0 &&
            ((address == still.address && GUEST->agent == still.agent) || --stop_tries == 0)) {
            machine.shared->stands_still = 1;
            g[REG_RIP] = (greg_t)address;
            return PROMOTE_STOP;
        }
        g[REG_RIP] = (greg_t)branch_target(address, site[number].bytes, site[number].length);
        machine.shared->spins++;
        hit_points = points;
        return PROMOTE_PAUSE;
    }
    return PROMOTE_NONE;
}

void
promote_stop_at_hit(void)
{
    stop_tries = MAX_TRIES;
}
