/*
 * extended.c - memory and views with extended parameters: where they may lie, and how they are aligned.
 *
 * Address requirements are met by asking for each free region that has room, from the lowest on (from the highest with
 * MEM_TOP_DOWN); a NUMA node is a preference and there is one node. Placeholders, partitions and physical pages are refused.
 *
 * Facts: VirtualAlloc2, MapViewOfFile3, UnmapViewOfFile2, MEM_EXTENDED_PARAMETER, MEM_ADDRESS_REQUIREMENTS.
 */
#include "user/kernel32/base.h"

#define BASE_GRANULARITY  0x10000ull
#define BASE_PLACEHOLDERS 0x44000 /* MEM_REPLACE_PLACEHOLDER, MEM_RESERVE_PLACEHOLDER */

typedef struct _BASE_PLACE {
    ULONG64 Lowest, Highest, Alignment;
    BOOLEAN Required;
} BASE_PLACE, *PBASE_PLACE;

typedef struct _BASE_REQUEST {
    HANDLE Process, Section; /* Section: NULL, private memory */
    ULONG64 Offset;
    SIZE_T Size;
    ULONG Type, Protection;
} BASE_REQUEST, *PBASE_REQUEST;

static NTSTATUS
BaseTakeRequirements(const MEM_ADDRESS_REQUIREMENTS *From, PBASE_PLACE Place)
{
    SYSTEM_INFO System;

    if (From == NULL || Place->Required) {
        return STATUS_INVALID_PARAMETER;
    }
    GetSystemInfo(&System);
    Place->Required = TRUE;
    Place->Lowest = (ULONG64)From->LowestStartingAddress;
    Place->Highest = (ULONG64)From->HighestEndingAddress;
    Place->Alignment = From->Alignment != 0 ? From->Alignment : BASE_GRANULARITY;
    if (Place->Highest == 0) {
        Place->Highest = (ULONG64)System.lpMaximumApplicationAddress;
    }
    if (Place->Lowest % BASE_GRANULARITY != 0 || (Place->Highest + 1) % 0x1000 != 0 ||
        Place->Highest > (ULONG64)System.lpMaximumApplicationAddress ||
        Place->Lowest >= Place->Highest || Place->Alignment < BASE_GRANULARITY ||
        (Place->Alignment & (Place->Alignment - 1)) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
BaseTakeParameters(PVOID Base, MEM_EXTENDED_PARAMETER *Parameters, ULONG Count, PBASE_PLACE Place)
{
    NTSTATUS Status = STATUS_SUCCESS;

    RtlZeroMemory(Place, sizeof(*Place));
    if (Count != 0 && Parameters == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    for (ULONG i = 0; i < Count && NT_SUCCESS(Status); i++) {
        switch (Parameters[i].Type) {
        case MemExtendedParameterAddressRequirements:
            Status = BaseTakeRequirements(Parameters[i].Pointer, Place);
            break;
        case MemExtendedParameterNumaNode:
            Status = Parameters[i].ULong == 0 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
            break;
        case MemExtendedParameterAttributeFlags: /* how pages are kept in real memory */
            break;
        default:
            Status = STATUS_INVALID_PARAMETER;
            break;
        }
    }
    return Place->Required && Base != NULL ? STATUS_INVALID_PARAMETER : Status;
}

static NTSTATUS
BaseTryAt(PBASE_REQUEST Request, PVOID *Base)
{
    LARGE_INTEGER Offset = {.QuadPart = (LONGLONG)Request->Offset};
    SIZE_T Size = Request->Size;

    if (Request->Section == NULL) {
        return NtAllocateVirtualMemory(Request->Process, Base, 0, &Size, Request->Type,
                                       Request->Protection);
    }
    return NtMapViewOfSection(Request->Section, Request->Process, Base, 0, 0, &Offset, &Size,
                              ViewShare, Request->Type, Request->Protection);
}

/* The address in a free region, or 0. */
static ULONG64
BaseFit(PBASE_PLACE Place, ULONG64 Start, ULONG64 End, SIZE_T Size, BOOLEAN TopDown)
{
    ULONG64 At;

    Start = max(Start, max(Place->Lowest, BASE_GRANULARITY));
    End = min(End, Place->Highest + 1);
    At = (Start + Place->Alignment - 1) & ~(Place->Alignment - 1);
    if (At < Start || At >= End || End - At < Size) {
        return 0;
    }
    return TopDown ? (End - Size) & ~(Place->Alignment - 1) : At;
}

/* How much a view of the whole section takes. */
static NTSTATUS
BaseViewSize(PBASE_REQUEST Request, PSIZE_T Size)
{
    struct {
        PVOID BaseAddress;
        ULONG Attributes;
        LARGE_INTEGER MaximumSize;
    } Basic; /* SectionBasicInformation */
    NTSTATUS Status;

    *Size = Request->Size;
    if (Request->Section == NULL || Request->Size != 0) {
        return STATUS_SUCCESS;
    }
    Status = NtQuerySection(Request->Section, 0, &Basic, sizeof(Basic), NULL);
    if (NT_SUCCESS(Status)) {
        *Size = (SIZE_T)(Basic.MaximumSize.QuadPart - (LONGLONG)Request->Offset);
    }
    return Status;
}

static NTSTATUS
BasePlace(PBASE_REQUEST Request, PBASE_PLACE Place, PVOID *Base)
{
    BOOLEAN TopDown = (Request->Type & MEM_TOP_DOWN) != 0;
    MEMORY_BASIC_INFORMATION Info;
    ULONG64 Address = 0, Last = 0;
    SIZE_T Size;
    NTSTATUS Status = BaseViewSize(Request, &Size);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    while (Address <= Place->Highest &&
           VirtualQueryEx(Request->Process, (PVOID)Address, &Info, sizeof(Info)) != 0) {
        ULONG64 At = 0;

        if (Info.State == MEM_FREE) {
            At = BaseFit(Place, (ULONG64)Info.BaseAddress,
                         (ULONG64)Info.BaseAddress + Info.RegionSize, Size, TopDown);
        }
        *Base = (PVOID)At;
        if (At != 0 && TopDown) {
            Last = At;
        } else if (At != 0 && NT_SUCCESS(BaseTryAt(Request, Base))) {
            return STATUS_SUCCESS;
        }
        Address = (ULONG64)Info.BaseAddress + Info.RegionSize;
    }
    *Base = (PVOID)Last;
    return Last != 0 ? BaseTryAt(Request, Base) : STATUS_NO_MEMORY;
}

static PVOID
BaseExtended(PBASE_REQUEST Request, PVOID Base, MEM_EXTENDED_PARAMETER *Parameters, ULONG Count)
{
    BASE_PLACE Place;
    NTSTATUS Status;

    if (Request->Process == NULL) {
        Request->Process = NtCurrentProcess();
    }
    Status = Request->Type & BASE_PLACEHOLDERS
                 ? STATUS_INVALID_PARAMETER
                 : BaseTakeParameters(Base, Parameters, Count, &Place);
    if (NT_SUCCESS(Status)) {
        Status = Place.Required ? BasePlace(Request, &Place, &Base) : BaseTryAt(Request, &Base);
    }
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return NULL;
    }
    return Base;
}

PVOID WINAPI
VirtualAlloc2(HANDLE Process, PVOID Base, SIZE_T Size, ULONG Type, ULONG Protection,
              MEM_EXTENDED_PARAMETER *Parameters, ULONG Count)
{
    BASE_REQUEST Request = {Process, NULL, 0, Size, Type, Protection};

    return BaseExtended(&Request, Base, Parameters, Count);
}

PVOID WINAPI
MapViewOfFile3(HANDLE Mapping, HANDLE Process, PVOID Base, ULONG64 Offset, SIZE_T Size, ULONG Type,
               ULONG Protection, MEM_EXTENDED_PARAMETER *Parameters, ULONG Count)
{
    BASE_REQUEST Request = {Process, Mapping, Offset, Size, Type, Protection};

    return BaseExtended(&Request, Base, Parameters, Count);
}

BOOL WINAPI
UnmapViewOfFile2(HANDLE Process, PVOID Base, ULONG Flags)
{
    if (Flags & ~1u) { /* MEM_UNMAP_WITH_TRANSIENT_BOOST */
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    return BaseResult(NtUnmapViewOfSection(Process, Base));
}
