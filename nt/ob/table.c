/*
 * table.c - handle tables, and which handle an agent gets (O4).
 *
 * A table is cut into parts, one for each agent that ever acted in it. The process's first thread has
 * handles 4, 8, 12 ... up to 2^26; another agent's part follows from the slot that its name gave it.
 * Within its part an agent counts up; a handle that it closes goes on its own free list, wherever it
 * lay, and is the first to be used again (as on Windows: last freed, first used). So what an agent
 * gets depends on what it opened and closed itself.
 *
 * An agent whose part is full takes from the top of the first part downwards: there, and only there,
 * the order between agents shows.
 */
#include "obp.h"

#define OBP_FIRST_PART  (1u << 24) /* indexes below belong to the first thread */
#define OBP_PART_SIZE   7936u
#define OBP_INDEX_LIMIT (1u << 29)
#define OBP_CHUNK       128u
#define OBP_PART_HASH   16u
C_ASSERT(OBP_FIRST_PART + 65536ull * OBP_PART_SIZE <= OBP_INDEX_LIMIT);

typedef struct _OBP_PART {
    struct _OBP_PART *Next; /* in the hash chain */
    ULONG Slot;             /* OBP_FIRST_SLOT: the first thread's */
    ULONG Base, Size;       /* indexes [Base, Base + Size) */
    ULONG Next1;            /* next never used, relative to Base */
    ULONG FreeHead;         /* index of an entry in any part; 0: none */
    ULONG Chunks;
    POBP_ENTRY *Chunk;
} OBP_PART, *POBP_PART;
#define OBP_FIRST_SLOT ((ULONG) - 1)

struct _OBP_TABLE {
    PEPROCESS Process;
    ULONG FirstAgent;
    ULONG Handles;
    ULONG Top; /* what an agent with a full part gets next */
    POBP_PART Part[OBP_PART_HASH];
};

PVOID
ObpCreateHandleTable(PEPROCESS Process)
{
    POBP_TABLE Table = ExpAllocate(sizeof(*Table), OBP_TAG_TABLE);

    Table->Process = Process;
    Table->Top = OBP_FIRST_PART - 1;
    return Table;
}

VOID
ObpUseKernelTable(PEPROCESS Process)
{
    ASSERT(((POBP_TABLE)Process->HandleTable)->Handles == 0);
    ObpDeleteHandleTable(Process->HandleTable);
    ObpKernelTable->Process = Process;
    Process->HandleTable = ObpKernelTable;
}

VOID
ObpSetFirstAgent(PVOID HandleTable, ULONG AgentName)
{
    ((POBP_TABLE)HandleTable)->FirstAgent = AgentName;
}

ULONG
ObpHandlesInTable(POBP_TABLE Table)
{
    return Table->Handles;
}

static POBP_PART
ObpFindPart(POBP_TABLE Table, ULONG Slot, BOOLEAN Create)
{
    POBP_PART Part, *Place = &Table->Part[Slot % OBP_PART_HASH];

    for (; *Place != NULL && (*Place)->Slot <= Slot; Place = &(*Place)->Next) {
        if ((*Place)->Slot == Slot) {
            return *Place;
        }
    }
    if (!Create) {
        return NULL;
    }
    Part = ExpAllocate(sizeof(*Part), OBP_TAG_TABLE);
    Part->Slot = Slot;
    if (Slot == OBP_FIRST_SLOT) {
        Part->Base = 0;
        Part->Size = OBP_FIRST_PART;
        Part->Next1 = 1; /* handle 0 is none */
    } else {
        Part->Base = OBP_FIRST_PART + Slot * OBP_PART_SIZE;
        Part->Size = OBP_PART_SIZE;
    }
    Part->Next = *Place;
    *Place = Part;
    return Part;
}

static POBP_PART
ObpPartOfIndex(POBP_TABLE Table, ULONG Index, BOOLEAN Create)
{
    return ObpFindPart(
        Table, Index < OBP_FIRST_PART ? OBP_FIRST_SLOT : (Index - OBP_FIRST_PART) / OBP_PART_SIZE,
        Create);
}

/* The entry at Index, whether in use or not; NULL if its chunk does not exist and Create is FALSE. */
static POBP_ENTRY
ObpEntryAt(POBP_TABLE Table, ULONG Index, BOOLEAN Create)
{
    POBP_PART Part = ObpPartOfIndex(Table, Index, Create);
    ULONG Relative, Chunk;

    if (Part == NULL) {
        return NULL;
    }
    Relative = Index - Part->Base;
    Chunk = Relative / OBP_CHUNK;
    if (Chunk >= Part->Chunks) {
        POBP_ENTRY *New;
        ULONG Count;

        if (!Create) {
            return NULL;
        }
        Count = Part->Chunks * 2 > Chunk + 1 ? Part->Chunks * 2 : Chunk + 4;
        New = ExpAllocate(Count * sizeof(*New), OBP_TAG_TABLE);
        if (Part->Chunk != NULL) {
            RtlCopyMemory(New, Part->Chunk, Part->Chunks * sizeof(*New));
            ExpFree(Part->Chunk);
        }
        Part->Chunk = New;
        Part->Chunks = Count;
    }
    if (Part->Chunk[Chunk] == NULL) {
        if (!Create) {
            return NULL;
        }
        Part->Chunk[Chunk] = ExpAllocate(OBP_CHUNK * sizeof(OBP_ENTRY), OBP_TAG_TABLE);
    }
    return &Part->Chunk[Chunk][Relative % OBP_CHUNK];
}

static POBP_PART
ObpOwnPart(POBP_TABLE Table)
{
    PKAGENT Agent = KiAgent();

    return ObpFindPart(Table, Agent->Name == Table->FirstAgent ? OBP_FIRST_SLOT : Agent->Slot,
                       TRUE);
}

POBP_ENTRY
ObpLookupEntry(POBP_TABLE Table, HANDLE Handle)
{
    ULONG64 Index = (ULONG64)Handle >> 2;
    POBP_ENTRY Entry;

    if (Index == 0 || Index >= OBP_INDEX_LIMIT) {
        return NULL;
    }
    Entry = ObpEntryAt(Table, (ULONG)Index, FALSE);
    return Entry != NULL && Entry->Object != NULL ? Entry : NULL;
}

/* The index that the agent gets next, if it has been closed before and others may know it; else 0. */
ULONG
ObpNextReused(POBP_TABLE Table)
{
    return ObpOwnPart(Table)->FreeHead;
}

/* Returns an index and its entry, which the caller fills; nothing is counted before it does. */
ULONG
ObpAllocateEntry(POBP_TABLE Table, POBP_ENTRY *Entry)
{
    POBP_PART Part = ObpOwnPart(Table);
    POBP_ENTRY Found;
    ULONG Index;

    while (Part->FreeHead != 0) {
        Index = Part->FreeHead;
        Found = ObpEntryAt(Table, Index, FALSE);
        if (Found->Object == NULL) {
            Part->FreeHead = Found->Attributes;
            goto Out;
        }
        Part->FreeHead = 0; /* taken by inheritance or a copy meanwhile: the chain is lost */
    }
    while (Part->Next1 < Part->Size) {
        Index = Part->Base + Part->Next1;
        if (Index >= Table->Top && Index < OBP_FIRST_PART) {
            break;
        }
        Part->Next1++;
        Found = ObpEntryAt(Table, Index, TRUE);
        if (Found->Object == NULL) {
            goto Out;
        }
    }
    for (; Table->Top > OBP_FIRST_PART / 2; Table->Top--) {
        Found = ObpEntryAt(Table, Table->Top, TRUE);
        if (Found->Object == NULL) {
            Index = Table->Top--;
            goto Out;
        }
    }
    return 0;

Out:
    Table->Handles++;
    RtlZeroMemory(Found, sizeof(*Found));
    *Entry = Found;
    return Index;
}

/* Inheritance: the child's handle has the parent's value. */
POBP_ENTRY
ObpAllocateEntryAt(POBP_TABLE Table, ULONG Index)
{
    POBP_ENTRY Entry = ObpEntryAt(Table, Index, TRUE);

    if (Entry->Object != NULL) {
        return NULL;
    }
    Table->Handles++;
    return Entry;
}

VOID
ObpFreeEntry(POBP_TABLE Table, ULONG Index)
{
    POBP_PART Part = ObpOwnPart(Table);
    POBP_ENTRY Entry = ObpEntryAt(Table, Index, FALSE);

    Entry->Object = NULL;
    Entry->Access = 0;
    Entry->Attributes = Part->FreeHead;
    Part->FreeHead = Index;
    Table->Handles--;
}

POBP_ENTRY
ObpNextEntry(POBP_TABLE Table, PULONG Index)
{
    POBP_PART Part, Best;
    ULONG Start = *Index, i;

    if (Table->Handles == 0) {
        return NULL;
    }
    /* Parts in the order of their bases; few tables have more than a handful. */
    for (;;) {
        Best = NULL;
        for (i = 0; i < OBP_PART_HASH; i++) {
            for (Part = Table->Part[i]; Part != NULL; Part = Part->Next) {
                if (Part->Base + Part->Size > Start && (Best == NULL || Part->Base < Best->Base)) {
                    Best = Part;
                }
            }
        }
        if (Best == NULL) {
            return NULL;
        }
        if (Start < Best->Base) {
            Start = Best->Base;
        }
        while (Start < Best->Base + Best->Size) {
            ULONG Chunk = (Start - Best->Base) / OBP_CHUNK;

            if (Chunk >= Best->Chunks) {
                break;
            }
            for (i = (Start - Best->Base) % OBP_CHUNK; Best->Chunk[Chunk] != NULL && i < OBP_CHUNK;
                 i++) {
                if (Best->Chunk[Chunk][i].Object != NULL) {
                    *Index = Best->Base + Chunk * OBP_CHUNK + i;
                    return &Best->Chunk[Chunk][i];
                }
            }
            Start = Best->Base + (Chunk + 1) * OBP_CHUNK;
        }
        Start = Best->Base + Best->Size;
    }
}

VOID
ObpDeleteHandleTable(POBP_TABLE Table)
{
    POBP_PART Part, Next;
    ULONG i, k;

    for (i = 0; i < OBP_PART_HASH; i++) {
        for (Part = Table->Part[i]; Part != NULL; Part = Next) {
            Next = Part->Next;
            for (k = 0; k < Part->Chunks; k++) {
                if (Part->Chunk[k] != NULL) {
                    ExpFree(Part->Chunk[k]);
                }
            }
            if (Part->Chunk != NULL) {
                ExpFree(Part->Chunk);
            }
            ExpFree(Part);
        }
    }
    ExpFree(Table);
}
