/*
 * space.c - spaces: which areas there are, where a new one goes, what state a page is in.
 *
 * An area is one allocation, one view, one image. States are kept in chunks, so that a large
 * reservation costs nothing until pages of it are committed.
 */
#include "mi.h"

VOID
MiInitializeSpace(PMI_SPACE Space, ULONG64 Base, ULONG64 Limit, ULONG64 FirstLimit, ULONG Parts)
{
    RtlZeroMemory(Space, sizeof(*Space));
    Space->Base = Base;
    Space->Limit = Limit;
    Space->FirstLimit = FirstLimit;
    Space->Parts = Parts;
    Space->PartSize = (Limit - FirstLimit) / Parts & ~0xFFFFull;
}

/* Index of the first area that ends above Address. */
static ULONG
MiIndex(PMI_SPACE Space, ULONG64 Address)
{
    ULONG Low = 0, High = Space->Count;

    while (Low < High) {
        ULONG Middle = (Low + High) / 2;

        if (Space->Area[Middle]->End <= Address) {
            Low = Middle + 1;
        } else {
            High = Middle;
        }
    }
    return Low;
}

PMI_AREA
MiFindArea(PMI_SPACE Space, ULONG64 Address)
{
    ULONG i;

    if (Space->Last < Space->Count && Space->Area[Space->Last]->Start <= Address &&
        Address < Space->Area[Space->Last]->End) {
        return Space->Area[Space->Last];
    }
    i = MiIndex(Space, Address);
    if (i < Space->Count && Space->Area[i]->Start <= Address) {
        Space->Last = i;
        return Space->Area[i];
    }
    return NULL;
}

PMI_AREA
MiNextArea(PMI_SPACE Space, ULONG64 Address)
{
    ULONG i = MiIndex(Space, Address);

    if (i < Space->Count && Space->Area[i]->Start <= Address) {
        i++;
    }
    return i < Space->Count ? Space->Area[i] : NULL;
}

BOOLEAN
MiIsFree(PMI_SPACE Space, ULONG64 Start, ULONG64 End)
{
    ULONG i = MiIndex(Space, Start);

    return i == Space->Count || Space->Area[i]->Start >= End;
}

/* The acting agent's part of the space. */
static PMI_PART
MiOwnPart(PMI_SPACE Space)
{
    PKAGENT Agent = KiAgent();
    ULONG Slot = Agent->Name == Space->FirstAgent ? (ULONG)-1 : Agent->Slot % Space->Parts;
    PMI_PART Part;

    for (Part = Space->Part; Part != NULL; Part = Part->Next) {
        if (Part->Slot == Slot) {
            return Part;
        }
    }
    Part = ExpAllocate(sizeof(*Part), MI_TAG_SPACE);
    Part->Slot = Slot;
    if (Slot == (ULONG)-1) {
        Part->Base = Space->Base;
        Part->Limit = Space->FirstLimit;
    } else {
        Part->Base = Space->FirstLimit + Slot * Space->PartSize;
        Part->Limit = Part->Base + Space->PartSize;
    }
    Part->Fresh = Part->Base;
    Part->Next = Space->Part;
    Space->Part = Part;
    return Part;
}

/* The lowest free place in [From, To), or 0. */
static ULONG64
MiLowestGap(PMI_SPACE Space, ULONG64 From, ULONG64 To, ULONG64 Size, ULONG64 Alignment)
{
    ULONG64 Start = (From + Alignment - 1) & ~(Alignment - 1);
    ULONG i = MiIndex(Space, Start);

    while (Start + Size <= To && Start + Size > Start) {
        if (i == Space->Count || Space->Area[i]->Start >= Start + Size) {
            return Start;
        }
        Start = (Space->Area[i]->End + Alignment - 1) & ~(Alignment - 1);
        while (i < Space->Count && Space->Area[i]->End <= Start) {
            i++;
        }
    }
    return 0;
}

static ULONG64
MiHighestGap(PMI_SPACE Space, ULONG64 From, ULONG64 To, ULONG64 Size, ULONG64 Alignment)
{
    ULONG64 Start;
    ULONG i = Space->Count;

    if (To - From < Size) {
        return 0;
    }
    Start = (To - Size) & ~(Alignment - 1);
    while (Start >= From) {
        while (i > 0 && Space->Area[i - 1]->Start >= Start + Size) {
            i--;
        }
        if (i == 0 || Space->Area[i - 1]->End <= Start) {
            return Start;
        }
        if (Space->Area[i - 1]->Start < From + Size) {
            return 0;
        }
        Start = (Space->Area[i - 1]->Start - Size) & ~(Alignment - 1);
    }
    return 0;
}

static ULONG64
MiChoosePlace(PMI_SPACE Space, ULONG64 Size, ULONG64 Alignment, BOOLEAN TopDown)
{
    PMI_PART Part;
    ULONG64 Place;

    if (TopDown) {
        Place = MiHighestGap(Space, Space->Base, Space->FirstLimit, Size, Alignment);
        if (Place != 0) {
            return Place;
        }
    }
    Part = MiOwnPart(Space);
    Place = MiLowestGap(Space, Part->Fresh, Part->Limit, Size, Alignment); /* M2 */
    if (Place != 0) {
        Part->Fresh = Place + Size;
        return Place;
    }
    Place = MiLowestGap(Space, Part->Base, Part->Limit, Size, Alignment);
    if (Place != 0) {
        return Place;
    }
    /* What is too large for a part goes where the first agent's is. */
    return MiLowestGap(Space, Space->Base, Space->Limit, Size, Alignment);
}

static VOID
MiLinkArea(PMI_SPACE Space, PMI_AREA Area)
{
    ULONG i;

    if (Space->Count == Space->Room) {
        ULONG Room = Space->Room * 2 + 32;
        PMI_AREA *New = ExpAllocate(Room * sizeof(*New), MI_TAG_SPACE);

        if (Space->Area != NULL) {
            RtlCopyMemory(New, Space->Area, Space->Count * sizeof(*New));
            ExpFree(Space->Area);
        }
        Space->Area = New;
        Space->Room = Room;
    }
    i = MiIndex(Space, Area->Start);
    RtlMoveMemory(&Space->Area[i + 1], &Space->Area[i], (Space->Count - i) * sizeof(PMI_AREA));
    Space->Area[i] = Area;
    Space->Count++;
    Space->Last = i;
}

PMI_AREA
MiInsertArea(PMI_SPACE Space, ULONG64 Address, ULONG64 Size, ULONG64 Alignment, BOOLEAN TopDown)
{
    PMI_AREA Area;

    if (Address == 0) {
        Address = MiChoosePlace(Space, Size, Alignment, TopDown);
        if (Address == 0) {
            return NULL;
        }
    } else if (!MiIsFree(Space, Address, Address + Size)) {
        return NULL;
    }
    Area = ExpAllocate(sizeof(*Area), MI_TAG_SPACE);
    Area->Start = Address;
    Area->End = Address + Size;
    MiLinkArea(Space, Area);
    return Area;
}

static ULONG
MiChunks(PMI_AREA Area)
{
    return (ULONG)(((Area->End - Area->Start) / PAGE_SIZE + MI_CHUNK - 1) / MI_CHUNK);
}

static VOID
MiFreeArea(PMI_AREA Area)
{
    ULONG i;

    if (Area->Chunk != NULL) {
        for (i = 0; i < MiChunks(Area); i++) {
            if (Area->Chunk[i] != NULL) {
                ExpFree(Area->Chunk[i]);
            }
        }
        ExpFree(Area->Chunk);
    }
    ExpFree(Area);
}

VOID
MiRemoveArea(PMI_SPACE Space, PMI_AREA Area)
{
    ULONG i = MiIndex(Space, Area->Start);

    ASSERT(Space->Area[i] == Area);
    MiForgetLocks(Space, Area->Start, Area->End);
    Space->Count--;
    RtlMoveMemory(&Space->Area[i], &Space->Area[i + 1], (Space->Count - i) * sizeof(PMI_AREA));
    Space->Last = 0;
    MiFreeArea(Area);
}

/* Cuts an area in two at a page. States move to the new, upper one. */
VOID
MiSplitArea(PMI_SPACE Space, PMI_AREA Area, ULONG64 At)
{
    PMI_AREA Upper = ExpAllocate(sizeof(*Upper), MI_TAG_SPACE);
    ULONG64 Address;

    *Upper = *Area;
    Upper->Start = At;
    Upper->Chunk = NULL;
    if (Area->Backing != 0) {
        Upper->Backing = Area->Backing + (At - Area->Start);
        Upper->Offset = Area->Offset + (At - Area->Start);
    }
    for (Address = At; Area->Chunk != NULL && Address < Area->End; Address += PAGE_SIZE) {
        UCHAR State = MiState(Area, Address);

        if (State != 0) {
            *MiStatePointer(Upper, Address) = State;
            *MiStatePointer(Area, Address) = 0;
        }
    }
    /* The chunk array of the lower part stays as long as it was; MiFreeArea needs its end. */
    if (Area->Chunk != NULL) {
        ULONG Old = MiChunks(Area), i;

        Area->End = At;
        for (i = MiChunks(Area); i < Old; i++) {
            if (Area->Chunk[i] != NULL) {
                ExpFree(Area->Chunk[i]);
                Area->Chunk[i] = NULL;
            }
        }
    }
    Area->End = At;
    MiLinkArea(Space, Upper);
}

UCHAR
MiState(PMI_AREA Area, ULONG64 Address)
{
    ULONG64 Page = (Address - Area->Start) / PAGE_SIZE;

    if (Area->Chunk == NULL || Area->Chunk[Page / MI_CHUNK] == NULL) {
        return 0;
    }
    return Area->Chunk[Page / MI_CHUNK][Page % MI_CHUNK];
}

PUCHAR
MiStatePointer(PMI_AREA Area, ULONG64 Address)
{
    ULONG64 Page = (Address - Area->Start) / PAGE_SIZE;

    if (Area->Chunk == NULL) {
        Area->Chunk = ExpAllocate(MiChunks(Area) * sizeof(PUCHAR), MI_TAG_SPACE);
    }
    if (Area->Chunk[Page / MI_CHUNK] == NULL) {
        Area->Chunk[Page / MI_CHUNK] = ExpAllocate(MI_CHUNK, MI_TAG_SPACE);
    }
    return &Area->Chunk[Page / MI_CHUNK][Page % MI_CHUNK];
}

VOID
MiDeleteSpace(PMI_SPACE Space)
{
    PMI_PART Part, Next;

    ASSERT(Space->Count == 0);
    if (Space->Area != NULL) {
        ExpFree(Space->Area);
    }
    for (Part = Space->Part; Part != NULL; Part = Next) {
        Next = Part->Next;
        ExpFree(Part);
    }
}
