/*
 * set.c - sets of addresses: open addressing, linear probing, removal by moving back. 0 is in none: what a driver did not get and passes on.
 */
#include "vfp.h"

static ULONG
VfSlot(ULONG64 Key)
{
    return (ULONG)((Key * 0x9E3779B97F4A7C15ull) >> 54); /* 10 bits: VF_SET_SIZE */
}

ULONG64
VfSetFind(PVF_SET Set, ULONG64 Key)
{
    for (ULONG i = VfSlot(Key); Set->Key[i] != 0; i = (i + 1) % VF_SET_SIZE) {
        if (Set->Key[i] == Key) {
            return Set->Value[i];
        }
    }
    return 0;
}

VOID
VfSetPut(PVF_SET Set, ULONG64 Key, ULONG64 Value)
{
    ULONG i;

    if (Key == 0) {
        return;
    }
    for (i = VfSlot(Key); Set->Key[i] != 0; i = (i + 1) % VF_SET_SIZE) {
        if (Set->Key[i] == Key) {
            Set->Value[i] = Value;
            return;
        }
    }
    if (Set->Count >= VF_SET_SIZE * 3 / 4) {
        return; /* V2 */
    }
    Set->Count++;
    Set->Key[i] = Key;
    Set->Value[i] = Value;
}

VOID
VfSetRemove(PVF_SET Set, ULONG64 Key)
{
    ULONG i = VfSlot(Key), Hole;

    if (Key == 0) {
        return;
    }
    while (Set->Key[i] != Key) {
        if (Set->Key[i] == 0) {
            return;
        }
        i = (i + 1) % VF_SET_SIZE;
    }
    Set->Count--;
    Hole = i;
    for (i = (i + 1) % VF_SET_SIZE; Set->Key[i] != 0; i = (i + 1) % VF_SET_SIZE) {
        ULONG Home = VfSlot(Set->Key[i]);

        /* It may move into the hole unless its own place lies between the two. */
        if ((i - Home) % VF_SET_SIZE >= (i - Hole) % VF_SET_SIZE) {
            Set->Key[Hole] = Set->Key[i];
            Set->Value[Hole] = Set->Value[i];
            Hole = i;
        }
    }
    Set->Key[Hole] = 0;
    Set->Value[Hole] = 0;
}
