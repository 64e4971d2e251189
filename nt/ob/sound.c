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

typedef struct _OBP_VISIT {
    POBJECT_TYPE Type;
    POBP_VISITOR Visit;
    PVOID Context;
} OBP_VISIT;

static VOID
ObpVisitOne(PVOID Context, const EXP_BLOCK *Block)
{
    OBP_VISIT *To = Context;
    POBP_OBJECT Object = Block->Address;

    if (Block->Tag == OBP_TAG_OBJECT && Block->Owner == 0 && Object->Type == To->Type &&
        (Object->Header.Flags & OBP_FLAG_DELETING) == 0) {
        To->Visit(To->Context, OBP_BODY(Object));
    }
}

VOID
ObpVisitObjects(POBJECT_TYPE Type, POBP_VISITOR Visit, PVOID Context)
{
    OBP_VISIT To = {Type, Visit, Context};

    ExpVisitPool(ObpVisitOne, &To);
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

/* What has a name is found by it, once, and where it says. */
static VOID
ObpCheckDirectory(PVOID Context, PVOID Body)
{
    POBP_DIRECTORY Directory = Body;

    for (ULONG i = 0; i < OBP_BUCKETS; i++) {
        PLIST_ENTRY Head = &Directory->Bucket[i];

        for (PLIST_ENTRY At = Head->Flink; At != Head; At = At->Flink) {
            POBP_OBJECT Object = CONTAINING_RECORD(At, OBP_OBJECT, DirectoryLinks);

            KI_DEMAND(At->Flink->Blink == At && Object->Directory == Directory,
                      "an object is in another directory", OBP_BODY(Object));
            KI_DEMAND(ObpFindInDirectory(Directory, &Object->Name, FALSE) == OBP_BODY(Object),
                      "an object is not found by its name", OBP_BODY(Object));
            KI_DEMAND((Object->Header.Flags & OBP_FLAG_PERMANENT) != 0 ||
                          Object->Header.PointerCount > 1,
                      "a name that only itself keeps", OBP_BODY(Object)); /* O3 */
            ++*(PULONG)Context;
        }
    }
}

static VOID
ObpCountNamed(PVOID Context, const EXP_BLOCK *Block)
{
    POBP_OBJECT Object = Block->Address;

    if (Block->Tag == OBP_TAG_OBJECT && Block->Owner == 0 && Object->Type != NULL) {
        *(PULONG)Context -= Object->Directory != NULL;
    }
}

/* What a driver leaves behind is told of to its author (owner.c); the kernel itself keeps none. */
static VOID
ObpCheckKernelHandles(VOID)
{
    ULONG Index = 0;

    for (POBP_ENTRY Entry; (Entry = ObpNextEntry(ObpKernelTable, &Index)) != NULL; Index++) {
        KI_DEMAND(Entry->Attributes >> OBP_OWNER_SHIFT != 0, "a handle that the kernel has lost",
                  Entry->Object);
    }
}

VOID
ObpCheckNames(BOOLEAN Last)
{
    ULONG Named = 0;

    if (Last) {
        ObpCheckKernelHandles();
    }

    ObpVisitObjects(ObpDirectoryType, ObpCheckDirectory, &Named);
    ExpVisitPool(ObpCountNamed, &Named);
    KI_DEMAND(Named == 0, "how many objects have a name", NULL);
}

VOID
ObpCheckSound(VOID)
{
    OBP_COUNTS *Counts = ExpAllocate(sizeof(*Counts), OBP_TAG_TEMPORARY);

    for (PEPROCESS Process = NULL; (Process = PspNextProcess(Process)) != NULL;) {
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
