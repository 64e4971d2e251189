/*
 * function.c - which function holds an address: the exception directory (.pdata) of its image.
 *
 * The directory is sorted by BeginAddress. An address without an entry belongs to a leaf function:
 * one that moves neither rsp nor a nonvolatile register.
 *
 * Source: Microsoft Learn, "x64 exception handling" (RUNTIME_FUNCTION), "PE Format".
 */
#include "nt/rtl/rtlp.h"

#define PE_DIRECTORY_EXCEPTION 3

/*
 * The address of a PE32+ image's directory entry, or NULL. The image is mapped and was checked at
 * load.
 */
static PVOID
RtlpImageDirectory(ULONG64 ImageBase, ULONG Directory, PULONG Size)
{
    const UCHAR *Header = (const UCHAR *)ImageBase;
    const ULONG *Entry;

    Header += *(const ULONG *)(Header + 0x3C);
    if (*(const USHORT *)(Header + 0x18) != 0x20B || *(const ULONG *)(Header + 0x84) <= Directory) {
        return NULL;
    }
    Entry = (const ULONG *)(Header + 0x88 + Directory * 8);
    if (Entry[0] == 0 || Entry[1] == 0) {
        return NULL;
    }
    *Size = Entry[1];
    return (PVOID)(ImageBase + Entry[0]);
}

static PRUNTIME_FUNCTION
RtlpSearchFunctionTable(PRUNTIME_FUNCTION Table, ULONG Count, ULONG64 ImageBase, ULONG Rva)
{
    ULONG Low = 0, High = Count;
    PRUNTIME_FUNCTION Entry;

    while (Low < High) {
        ULONG Middle = Low + (High - Low) / 2;

        if (Rva < Table[Middle].BeginAddress) {
            High = Middle;
        } else if (Rva >= Table[Middle].EndAddress) {
            Low = Middle + 1;
        } else {
            Entry = &Table[Middle];
            /* Bit 0: UnwindData is the address of another entry, which counts. */
            if (Entry->UnwindData & 1) {
                Entry = (PRUNTIME_FUNCTION)(ImageBase + Entry->UnwindData - 1);
            }
            return Entry;
        }
    }
    return NULL;
}

PRUNTIME_FUNCTION NTAPI
RtlLookupFunctionEntry(ULONG64 ControlPc, PULONG64 ImageBase, PUNWIND_HISTORY_TABLE HistoryTable)
{
    PRUNTIME_FUNCTION Table;
    ULONG64 Base;
    ULONG Size;

    UNREFERENCED_PARAMETER(HistoryTable); /* a cache, and the search is short */
    if (RtlpLookupImage(ControlPc, &Base) == NULL) {
        *ImageBase = 0;
#ifdef RTL_KERNEL
        return NULL;
#else
        return RtlpLookupDynamicFunction(ControlPc, ImageBase);
#endif
    }
    *ImageBase = Base;
    Table = RtlpImageDirectory(Base, PE_DIRECTORY_EXCEPTION, &Size);
    if (Table == NULL) {
        return NULL;
    }
    return RtlpSearchFunctionTable(Table, Size / sizeof(*Table), Base, (ULONG)(ControlPc - Base));
}

PVOID NTAPI
RtlPcToFileHeader(PVOID PcValue, PVOID *BaseOfImage)
{
    ULONG64 Base = 0;

    RtlpLookupImage((ULONG64)PcValue, &Base);
    *BaseOfImage = (PVOID)Base;
    return (PVOID)Base;
}
