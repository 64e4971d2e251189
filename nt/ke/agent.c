/*
 * agent.c - names. See KAGENT in nt/inc/ke.h.
 *
 *   A1  A name is a function of the creator's name and of how many it has given before.
 *   A2  A slot is the name's low bits; only when two living agents' names collide does the second
 *       take the next free one, and then its slot depends on who else lives. With 65536 slots and
 *       tens of agents that is rare; the trace hash would show it.
 */
#include "nt/ke/ki.h"

static ULONG
KiMix(ULONG64 Value)
{
    Value ^= Value >> 33;
    Value *= 0xFF51AFD7ED558CCDull;
    Value ^= Value >> 33;
    Value *= 0xC4CEB9FE1A85EC53ull;
    Value ^= Value >> 33;
    return (ULONG)Value;
}

ULONG
KiNextName(PKAGENT Agent)
{
    ULONG Name;

    Name = KiMix(((ULONG64)Agent->Name << 32) | ++Agent->Creations);
    return Name != 0 ? Name : 1;
}

VOID
KiInitializeAgent(PKAGENT Agent, PKAGENT Creator)
{
    ULONG Slot;

    Agent->Name = Creator != NULL ? KiNextName(Creator) : 1;
    Agent->Creations = 0;
    Agent->TimeQueries = 0;
    Agent->Objects = 0;
    Agent->PoolArena[0] = NULL;
    Agent->PoolArena[1] = NULL;
    Slot = Agent->Name % ABI_STACK_SLOTS;
    while (Slot == 0 || (KiSlotBitmap[Slot / 64] & (1ull << (Slot % 64))) != 0) {
        Slot = (Slot + 1) % ABI_STACK_SLOTS;
    }
    KiSlotBitmap[Slot / 64] |= 1ull << (Slot % 64);
    Agent->Slot = Slot;
}

VOID
KiDeleteAgent(PKAGENT Agent)
{
    KiSlotBitmap[Agent->Slot / 64] &= ~(1ull << (Agent->Slot % 64));
}
