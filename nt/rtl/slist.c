/*
 * slist.c - sequenced lists: a stack that is pushed and popped without a lock.
 *
 * The header is 16 bytes and changes as one (cmpxchg16b): depth and a sequence number, which makes
 * a pop fail if anything happened in between; then the first entry's address, whose low 4 bits are
 * flags. Entries are aligned on 16 bytes.
 *
 * Each routine is one schedule point, on the header.
 *
 * Source: Microsoft Learn, "Singly and doubly linked lists", "Sequenced singly linked lists";
 * InitializeSListHead, ExInterlockedPushEntrySList; winnt.h, SLIST_HEADER.
 */
#include "nt/rtl/rtlp.h"

#ifdef RTL_KERNEL
#include "nt/inc/ke.h"
#define RTLP_POINT(Head) KiMemoryPoint(SP_ATOMIC, (Head), sizeof(SLIST_HEADER))
#else
#define RTLP_POINT(Head) ((void)0)
#endif

#undef InitializeSListHead
#undef ExQueryDepthSList

#define RTLP_HEADER_FLAGS 3ull /* HeaderType and Init, in the word with the address */

static SLIST_ENTRY *
RtlpFirst(const SLIST_HEADER *Head)
{
    return (SLIST_ENTRY *)(Head->Region & ~15ull);
}

/* Depth + Change, the next sequence number, and the new first entry. */
static BOOLEAN
RtlpReplaceFirst(PSLIST_HEADER Head, SLIST_HEADER Old, LONG Change, PSLIST_ENTRY First)
{
    ULONG64 Alignment = ((Old.Alignment & ~0xFFFFull) + 0x10000) |
                        (USHORT)(Old.Alignment + (ULONG64)(LONG64)Change);
    BOOLEAN Done;

    __asm__ volatile("lock cmpxchg16b %1"
                     : "=@ccz"(Done), "+m"(*Head), "+a"(Old.Alignment), "+d"(Old.Region)
                     : "b"(Alignment), "c"((ULONG64)First | RTLP_HEADER_FLAGS)
                     : "memory");
    return Done;
}

VOID NTAPI
InitializeSListHead(PSLIST_HEADER SListHead)
{
    if (((ULONG_PTR)SListHead & 15) != 0) {
        RtlpRaiseStatus(STATUS_DATATYPE_MISALIGNMENT);
    }
    SListHead->Alignment = 0;
    SListHead->Region = RTLP_HEADER_FLAGS;
}

PSLIST_ENTRY NTAPI
ExpInterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry)
{
    SLIST_HEADER Old;

    RTLP_POINT(ListHead);
    do {
        Old = *ListHead;
        ListEntry->Next = RtlpFirst(&Old);
    } while (!RtlpReplaceFirst(ListHead, Old, 1, ListEntry));
    return RtlpFirst(&Old);
}

PSLIST_ENTRY NTAPI
ExpInterlockedPopEntrySList(PSLIST_HEADER ListHead)
{
    SLIST_HEADER Old;
    PSLIST_ENTRY First;

    RTLP_POINT(ListHead);
    do {
        Old = *ListHead;
        First = RtlpFirst(&Old);
        if (First == NULL) {
            return NULL;
        }
    } while (!RtlpReplaceFirst(ListHead, Old, -1, First->Next));
    return First;
}

PSLIST_ENTRY NTAPI
ExpInterlockedFlushSList(PSLIST_HEADER ListHead)
{
    SLIST_HEADER Old;

    RTLP_POINT(ListHead);
    do {
        Old = *ListHead;
        if (RtlpFirst(&Old) == NULL) {
            return NULL;
        }
    } while (!RtlpReplaceFirst(ListHead, Old, -(LONG)(USHORT)Old.Alignment, NULL));
    return RtlpFirst(&Old);
}

USHORT NTAPI
ExQueryDepthSList(PSLIST_HEADER SListHead)
{
    RTLP_POINT(SListHead);
    return (USHORT)SListHead->Alignment;
}

PSLIST_ENTRY NTAPI
RtlFirstEntrySList(const SLIST_HEADER *ListHead)
{
    RTLP_POINT((PSLIST_HEADER)ListHead);
    return RtlpFirst(ListHead);
}

/* Count entries, linked from List to ListEnd, go in front as they are. */
PSLIST_ENTRY NTAPI
InterlockedPushListSList(PSLIST_HEADER ListHead, PSLIST_ENTRY List, PSLIST_ENTRY ListEnd,
                         ULONG Count)
{
    SLIST_HEADER Old;

    RTLP_POINT(ListHead);
    do {
        Old = *ListHead;
        ListEnd->Next = RtlpFirst(&Old);
    } while (!RtlpReplaceFirst(ListHead, Old, (LONG)Count, List));
    return RtlpFirst(&Old);
}

/* The names that ntdll has for them. */
VOID NTAPI
RtlInitializeSListHead(PSLIST_HEADER ListHead)
{
    InitializeSListHead(ListHead);
}

PSLIST_ENTRY NTAPI
RtlInterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry)
{
    return ExpInterlockedPushEntrySList(ListHead, ListEntry);
}

PSLIST_ENTRY NTAPI
RtlInterlockedPopEntrySList(PSLIST_HEADER ListHead)
{
    return ExpInterlockedPopEntrySList(ListHead);
}

PSLIST_ENTRY NTAPI
RtlInterlockedFlushSList(PSLIST_HEADER ListHead)
{
    return ExpInterlockedFlushSList(ListHead);
}

USHORT NTAPI
RtlQueryDepthSList(PSLIST_HEADER ListHead)
{
    return ExQueryDepthSList(ListHead);
}
