/*
 * pass.c - calls that are no question, but part of the step before: X11. Most of them the kernel passes alone, with what is looked up
 * here once (X14).
 */
#include "host/explore/inside.h"
#include "host/explore/private.h"
#include "host/explore/pulse.h"
#include "host/explore/returns.h"
#include "host/explore/sighting.h"
#include "host/explore/spin.h"
#include "host/explore/targets.h"
#include "host/machine/machine.h"

#define MAX_PASSED 256 /* calls in a row that are no question */

static struct abi_pass *passes; /* X14 */
static uint32_t passing;        /* number of GUEST->passing */

void
pass_init(void)
{
    passes = guest_pointer(ABI_PASSES);
}

/* X14: what it may pass from now on, before it asks. */
GENERAL_REGISTERS_ONLY void
pass_let(uint32_t number)
{
    bool may = number < it.at.agents && it.parting == 0;
    uint32_t room = MAX_PASSED - it.at.passed;

    passing = number;
    GUEST->passing = may ? it.names[number] : 0;
    GUEST->pass_room = room < ABI_PASSED ? room : ABI_PASSED;
    GUEST->passed = 0;
    GUEST->returns = it.rooted && returns_matter;
    GUEST->normal_targets = it.rooted ? targets_known.normal : 0;
    GUEST->special_targets = it.rooted ? targets_known.special : 0;
    GUEST->polls = spin_polls(number);
}

/* X14: what it has passed. */
GENERAL_REGISTERS_ONLY void
pass_catch_up(void)
{
    uint32_t passed = GUEST->passed;
    uint64_t ops = 0;

    if (passed == 0) {
        return;
    }
    for (uint32_t i = 0; i < passed; i++) {
        const struct abi_pass *pass = &passes[GUEST->passed_at[i]];
        uint16_t op = (uint16_t)(pass->what >> 16);

        ops |= 1ull << op;
        if ((SIGHTING_LOCKS >> op & 1) != 0) {
            sighting_passed_again(op, pass->object, passing);
        }
    }
    if (spin_called_all(passing, ops, it.at.moves + passed - 1)) {
        it.at.moves += passed;
    } else {
        for (uint32_t i = 0; i < passed; i++) {
            spin_called(passing, (uint16_t)(passes[GUEST->passed_at[i]].what >> 16), it.at.moves++);
        }
    }
    it.at.passed += passed;
    GUEST->passed = 0;
}

/* X14: the answer to such a call, where it follows from what the kernel can look up. */
GENERAL_REGISTERS_ONLY static void
keep_pass(const struct abi_agent *asker, const struct abi_pass *whole, uint64_t answer)
{
    struct abi_pass *place;

    if (whole == NULL || asker->list != 0 || !private_is_settled()) {
        return;
    }
    place = &passes[abi_pass_slot(whole)];
    for (uint32_t i = ABI_PASS_WAYS - 1; i > 0; i--) {
        place[i] = place[i - 1];
    }
    place[0] = *whole;
    place[0].what |= answer;
}

/* X11 */
GENERAL_REGISTERS_ONLY uint32_t
explorer_passes(const struct abi_agent *asker, const struct abi_pass *whole)
{
    uint32_t number = number_that_steps(asker->name);

    pass_catch_up();
    if (number == MAX_AGENTS || it.parting != 0 || it.at.passed == MAX_PASSED) {
        return 0;
    }
    pulse_look(asker); /* who waits for it has made no step */
    if (!private_passes(asker)) {
        keep_pass(asker, whole, ABI_PASS_ASKS);
        return 0;
    }
    it.at.passed++;
    sighting_passed(asker, number);
    spin_called(number, asker->op, it.at.moves++);
    GUEST->watching = 1;
    if (sighting_is_plain(asker)) {
        keep_pass(asker, whole, 0);
    }
    pass_let(number);
    return 1;
}
