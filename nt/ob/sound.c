/*
 * sound.c - are the counts of objects and handles right?
 *
 * For the tests of the kernel, at the end of a run (NTLAB_SELF_CHECK, nt/ps/init.c). All objects are read off the pool, all handles off
 * the tables of the processes that are left, and each count is counted again (O1, O2). No schedule point is passed.
 */
#include "obp.h"
#include "nt/inc/sound.h"

ULONG
ObpCountObjects(POBJECT_TYPE Type)
{
    return Type->TotalNumberOfObjects;
}

typedef struct _OBP_COUNTS {
    ULONG Objects[OBP_MAX_TYPES], Handles[OBP_MAX_TYPES]; /* by type */
    ULONG All;                                            /* handles of all tables */
    LONG64 Known;                                         /* and what the objects say together */
} OBP_COUNTS;

static VOID
ObpCheckHandle(OBP_COUNTS *Counts, PVOID Body)
{
    POBP_OBJECT Object = ObpObject(Body);

    KI_DEMAND(Object->Type != NULL && Object->Header.TypeIndex == Object->Type->Index,
              "an object's type", Body);
    KI_DEMAND((Object->Header.Flags & OBP_FLAG_DELETING) == 0,
              "a handle to an object that has gone", Body);
    Counts->Handles[Object->Type->Index]++;
    Counts->All++;
}

static VOID
ObpCheckTable(OBP_COUNTS *Counts, POBP_TABLE Table)
{
    ULONG Before = Counts->All, Index = 0;

    for (POBP_ENTRY Entry; (Entry = ObpNextEntry(Table, &Index)) != NULL; Index++) {
        ObpCheckHandle(Counts, Entry->Object);
    }
    KI_DEMAND(Counts->All - Before == ObpHandlesInTable(Table), "how many handles a table has",
              Table);
}

static VOID
ObpCheckObject(PVOID Context, const EXP_BLOCK *Block)
{
    OBP_COUNTS *Counts = Context;
    POBP_OBJECT Object = Block->Address;

    if (Block->Tag != OBP_TAG_OBJECT || Block->Owner != 0 || Object->Type == NULL) {
        return;
    }
    Counts->Objects[Object->Header.TypeIndex]++;
    Counts->Known += Object->Header.HandleCount;
    KI_DEMAND(Object->Header.HandleCount >= 0 &&
                  Object->Header.PointerCount >=
                      Object->Header.HandleCount + (Object->Directory != NULL),
              "an object has more handles than references", OBP_BODY(Object)); /* O1 */
    KI_DEMAND(Object->Directory == NULL || Object->Name.Buffer != NULL, "an object's name",
              OBP_BODY(Object)); /* O2 */
}

VOID
ObpCheckSound(VOID)
{
    OBP_COUNTS *Counts = ExpAllocate(sizeof(*Counts), OBP_TAG_TEMPORARY);

    for (PLIST_ENTRY At = PsActiveProcessHead.Flink; At != &PsActiveProcessHead; At = At->Flink) {
        PEPROCESS Process = CONTAINING_RECORD(At, EPROCESS, ActiveProcessLinks);

        if (Process->HandleTable != NULL) {
            ObpCheckTable(Counts, Process->HandleTable);
        }
    }
    ExpVisitPool(ObpCheckObject, Counts);
    KI_DEMAND(Counts->Known == Counts->All, "how many handles there are", NULL);
    for (ULONG i = 2; i < ObpTypeCount; i++) {
        POBJECT_TYPE Type = ObpTypes[i];

        KI_DEMAND(Type->TotalNumberOfObjects == Counts->Objects[Type->Index],
                  "how many objects of a type there are", Type);
        KI_DEMAND(Type->TotalNumberOfHandles == Counts->Handles[Type->Index],
                  "how many handles to objects of a type there are", Type);
        KI_DEMAND(Type->HighWaterNumberOfObjects >= Type->TotalNumberOfObjects &&
                      Type->HighWaterNumberOfHandles >= Type->TotalNumberOfHandles,
                  "the most that there have been of a type", Type);
    }
    ExpFree(Counts);
}
