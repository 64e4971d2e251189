/*
 * breakpoint.c - stops of `--break`: an int3 at an instruction, planted when its image is loaded.
 *
 * At a stop the worker tells the supervisor and waits for one byte. Then the instruction runs by itself,
 * once: its first byte is put back, one step is taken, the int3 is planted again. All of that is
 * between two instructions of the guest; it passes no schedule point and moves no time, so a run with
 * breaks takes the same way as without them.
 *
 *   B1  While a step is active its int3 is not planted, and TF is set in the guest's flags.
 *   B2  Where an int3 of the loader's stood already (host/image/patch.c, promote.c) nothing is planted or stepped:
  *       after the stop that int3 does what it is there for.
 *   B3  A jump of the loader's may borrow the first bytes of the next instruction. Before such a byte is
 *       changed the jump becomes an int3 with the same trampoline.
 */
#include <errno.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "host/machine/loaded.h"
#include "host/machine/trap.h"

#define INT3        0xCC
#define PUSHFQ      0x9C
#define JUMP_LENGTH 5

#define MAX_PLANTED 256

static struct {
    uint64_t address;
    uint8_t original;
} planted[MAX_PLANTED];
static size_t planted_count;

static struct {
    bool active; /* B1 */
    uint64_t address;
    uint8_t original;
} step;

static uint8_t *
byte_at(uint64_t address)
{
    return guest_pointer(address);
}

/* Makes the byte at `address` free to be changed (B3); false: it is inside an instruction that was replaced. */
bool
breakpoint_release(struct patch *patch, uint64_t address)
{
    for (size_t i = 0; i < patch->sites; i++) {
        struct patch_site *site = &patch->site[i];

        /* A punned jump may have prefixes in front: it ends up to 4 bytes behind its instruction. */
        if ((site->method != PATCH_JMP && site->method != PATCH_PUN) || address <= site->address ||
            address - site->address >=
                site->length + (site->method == PATCH_PUN ? JUMP_LENGTH - 1u : 0u)) {
            continue;
        }
        if (address - site->address < site->length || !breakpoint_release(patch, site->address)) {
            return false;
        }
        site->method = PATCH_INT3;
        *byte_at(site->address) = INT3;
        coverage_claim(site->address);
        for (size_t j = 0; j < planted_count; j++) {
            if (planted[j].address == site->address) {
                planted[j].original = INT3;
            }
        }
    }
    return true;
}

bool
breakpoint_claim(struct patch *patch, uint64_t address)
{
    if (!breakpoint_release(patch, address)) {
        return false;
    }
    for (size_t i = 0; i < planted_count; i++) {
        if (planted[i].address == address) {
            planted[i].original = INT3; /* B2 */
        }
    }
    coverage_claim(address);
    *byte_at(address) = INT3;
    return true;
}

void
breakpoints_plant(uint64_t base, const char *name, struct patch *patch)
{
    for (size_t i = 0; i < machine.request->breaks; i++) {
        const struct run_break *wanted = &machine.request->break_at[i];
        uint64_t address = base + wanted->rva;

        if (strcasecmp(wanted->image, name) != 0 || planted_count == MAX_PLANTED) {
            continue;
        }
        if (!breakpoint_release(patch, address)) {
            worker_note(address, "no break can be here, inside an instruction");
            continue;
        }
        planted[planted_count].address = address;
        planted[planted_count++].original = *byte_at(address);
        *byte_at(address) = INT3;
    }
}

void
breakpoints_forget(uint64_t base, uint64_t size)
{
    size_t kept = 0;

    for (size_t i = 0; i < planted_count; i++) {
        if (planted[i].address - base >= size) {
            planted[kept++] = planted[i];
        }
    }
    planted_count = kept;
}

void
worker_wait(const struct abi_trap *registers)
{
    char answer = 0;
    ssize_t got;

    worker_describe(registers);
    worker_send(RUN_BREAK, "", 1);
    do {
        got = read(machine.control, &answer, 1);
    } while (got < 0 && errno == EINTR);
    if (got != 1) {
        syscall(SYS_exit_group, 0); /* the user has had enough */
    }
}

bool
breakpoint_hit(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;
    uint64_t address = (uint64_t)g[REG_RIP] - 1;
    struct abi_trap registers;

    for (size_t i = 0; i < planted_count; i++) {
        if (planted[i].address != address) {
            continue;
        }
        g[REG_RIP] = (greg_t)address;
        trap_registers(context, &registers);
        worker_wait(&registers);
        if (planted[i].original == INT3) {
            g[REG_RIP] = (greg_t)address + 1; /* B2 */
            return false;
        }
        step.active = true;
        step.address = address;
        step.original = planted[i].original;
        *byte_at(address) = step.original;
        g[REG_EFL] |= FLAG_TF;
        return true;
    }
    return false;
}

bool
breakpoint_stepped(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;
    uint64_t flags;

    if (!step.active) {
        return false;
    }
    step.active = false;
    *byte_at(step.address) = INT3;
    g[REG_EFL] &= ~(greg_t)FLAG_TF;
    if (step.original == PUSHFQ && space_read((uint64_t)g[REG_RSP], &flags, 8) == 8) {
        flags &= ~(uint64_t)FLAG_TF; /* it has pushed our TF */
        space_write((uint64_t)g[REG_RSP], &flags, 8);
    }
    return true;
}

void
breakpoint_leave(ucontext_t *context)
{
    uint64_t rip = (uint64_t)context->uc_mcontext.gregs[REG_RIP];

    /* A fault of our own, at memory of the guest that is closed, ends no step of the guest's. */
    if (step.active && rip != step.address && !trap_in_host(rip) && !machine.stepping.active) {
        breakpoint_stepped(context);
    }
}
