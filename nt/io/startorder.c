/*
 * startorder.c - in which order drivers start that start with the system. [K: "Specifying Driver Load Order";
 * HKLM\SYSTEM\CurrentControlSet\Control\ServiceGroupOrder, GroupOrderList]
 *
 *   G1  Boot start (0) before system start (1) before all others, which keep the order in which they were given.
 *   G2  Within one start type by group: those of ServiceGroupOrder's List in its order, then other groups and no group.
 *   G3  Within a group by tag: those of the group's GroupOrderList value (a count and the tags) in its order, then other
 *       tags and none. What nothing orders stays in the order given.
 */
#include "nt/io/iop.h"
#include "nt/inc/cm.h"
#include "nt/inc/startorder.h"

#define IOP_LAST 0xFFFFu

typedef struct _IOP_VALUE {
    KEY_VALUE_PARTIAL_INFORMATION Info;
    UCHAR Space[4096];
} IOP_VALUE;

static ULONG
IopReadControl(PCWSTR Key, PCWSTR ValueName, IOP_VALUE *Value)
{
    UNICODE_STRING Path, Name;
    OBJECT_ATTRIBUTES Attributes;
    ULONG Length = 0;
    NTSTATUS Status;
    HANDLE Handle;

    RtlInitUnicodeString(&Path, Key);
    RtlInitUnicodeString(&Name, ValueName);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    if (!NT_SUCCESS(ZwOpenKey(&Handle, KEY_READ, &Attributes))) {
        return 0;
    }
    Status =
        ZwQueryValueKey(Handle, &Name, KeyValuePartialInformation, Value, sizeof(*Value), &Length);
    ZwClose(Handle);
    return NT_SUCCESS(Status) ? Value->Info.DataLength : 0;
}

/* G2 */
static ULONG
IopGroupIndex(PCWSTR Group, IOP_VALUE *Value)
{
    ULONG Length = IopReadControl(
        L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\ServiceGroupOrder", L"List",
        Value);
    UNICODE_STRING Wanted, Each;
    PWSTR At = (PWSTR)Value->Info.Data, End = At + Length / sizeof(WCHAR);
    ULONG Index = 0;

    RtlInitUnicodeString(&Wanted, Group);
    while (At < End && *At != 0) {
        Each.Buffer = At;
        while (At < End && *At != 0) {
            At++;
        }
        Each.Length = Each.MaximumLength = (USHORT)((PUCHAR)At - (PUCHAR)Each.Buffer);
        if (RtlEqualUnicodeString(&Each, &Wanted, TRUE)) {
            return Index;
        }
        Index++;
        At++;
    }
    return IOP_LAST;
}

/* G3 */
static ULONG
IopTagIndex(PCWSTR Group, ULONG Tag, IOP_VALUE *Value)
{
    ULONG Length = IopReadControl(
        L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\GroupOrderList", Group, Value);
    PULONG Data = (PULONG)Value->Info.Data;

    for (ULONG i = 1; i < Length / sizeof(ULONG) && i <= Data[0]; i++) {
        if (Data[i] == Tag) {
            return i;
        }
    }
    return IOP_LAST;
}

static ULONG64
IopStartRank(PUNICODE_STRING Path, IOP_VALUE *Value)
{
    ULONG Start = 3, Tag = 0, Group = IOP_LAST, Place = IOP_LAST;
    WCHAR Name[128];

    CmpReadDword(Path, L"Start", &Start);
    if (Start > 1) {
        return 2ull << 32;
    }
    if (NT_SUCCESS(CmpReadString(Path, L"Group", Name, sizeof(Name)))) {
        Group = IopGroupIndex(Name, Value);
        if (NT_SUCCESS(CmpReadDword(Path, L"Tag", &Tag))) {
            Place = IopTagIndex(Name, Tag, Value);
        }
    }
    return (ULONG64)Start << 32 | Group << 16 | Place;
}

VOID
IopOrderStarts(PUNICODE_STRING Paths, ULONG Count, PULONG Order)
{
    IOP_VALUE *Value = ExpAllocate(sizeof(*Value), TAG_IODRIVER);
    ULONG64 *Rank = ExpAllocate(Count * sizeof(*Rank) + 1, TAG_IODRIVER);

    for (ULONG i = 0; i < Count; i++) {
        ULONG At = i;

        Rank[i] = IopStartRank(&Paths[i], Value);
        while (At > 0 && Rank[Order[At - 1]] > Rank[i]) {
            Order[At] = Order[At - 1];
            At--;
        }
        Order[At] = i;
    }
    ExpFree(Rank);
    ExpFree(Value);
}
