/*
 * bind.c - the imports of a driver become stubs.
 *
 * The host has bound them to the exports' addresses. Those that stand in the generated table are replaced here, in the
 * alias of the import table, which is writable. An export's real address is what the host has put into the first slot.
 */
#include "special.h"
#undef Machine /* hc.h's; a field of the image headers bears the name */
#include <ntimage.h>

#define VF_STUB_SIZE 16

BOOLEAN
VfIsVerified(const VOID *Address)
{
    ULONG64 Window = ((ULONG64)Address - ABI_IMAGE_BASE) / ABI_IMAGE_WINDOW;

    return Window < ABI_IMAGE_WINDOWS && (VfVerifiedWindows[Window / 64] >> (Window % 64) & 1) != 0;
}

static PVF_ENTRY
VfFindEntry(const char *Name)
{
    ULONG Low = 0, High = VF_EXPORT_COUNT;

    while (Low < High) {
        ULONG Middle = (Low + High) / 2;
        int Order = strcmp(Name, VfEntries[Middle].Name);

        if (Order == 0) {
            return &VfEntries[Middle];
        }
        if (Order < 0) {
            High = Middle;
        } else {
            Low = Middle + 1;
        }
    }
    return NULL;
}

VOID
VfAddHooks(const VF_HOOK_ROW *Rows, ULONG Count)
{
    for (ULONG i = 0; i < Count; i++) {
        PVF_ENTRY Entry = VfFindEntry(Rows[i].Name);
        ULONG j;

        ASSERT(Entry != NULL);
        if (Rows[i].Before != NULL) {
            for (j = 0; j < VF_CHAIN && Entry->Before[j] != NULL; j++) {
            }
            ASSERT(j < VF_CHAIN);
            Entry->Before[j] = Rows[i].Before;
        }
        if (Rows[i].After != NULL) {
            for (j = 0; j < VF_CHAIN && Entry->After[j] != NULL; j++) {
            }
            ASSERT(j < VF_CHAIN);
            Entry->After[j] = Rows[i].After;
            Entry->Wrapped = TRUE;
        }
    }
}

/* Sections PAGE... are pageable. */
static VOID
VfNoteSections(PKI_MODULE Module, PIMAGE_NT_HEADERS64 Nt)
{
    PIMAGE_SECTION_HEADER Section = IMAGE_FIRST_SECTION(Nt);

    for (ULONG i = 0; i < Nt->FileHeader.NumberOfSections; i++) {
        ULONG64 Start = (ULONG64)Module->DllBase + Section[i].VirtualAddress;

        if (RtlCompareMemory(Section[i].Name, "PAGE", 4) == 4 && Section[i].Misc.VirtualSize != 0 &&
            (Start & (PAGE_SIZE - 1)) == 0) {
            VfNoteSection(Start, Section[i].Misc.VirtualSize,
                          HcPage(Start) & (ABI_PROT_READ | ABI_PROT_WRITE | ABI_PROT_EXECUTE));
        }
    }
}

VOID
VfBind(PKI_MODULE Module)
{
    PUCHAR Base = Module->DllBase;
    PIMAGE_NT_HEADERS64 Nt = (PIMAGE_NT_HEADERS64)(Base + ((PIMAGE_DOS_HEADER)Base)->e_lfanew);
    PIMAGE_DATA_DIRECTORY Directory =
        &Nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
    PIMAGE_IMPORT_DESCRIPTOR Import = (PIMAGE_IMPORT_DESCRIPTOR)(Base + Directory->VirtualAddress);
    ULONG64 Window = ((ULONG64)Base - ABI_IMAGE_BASE) / ABI_IMAGE_WINDOW;

    VfVerifiedWindows[Window / 64] |= 1ull << (Window % 64);
    VfNoteSections(Module, Nt);
    for (; Directory->VirtualAddress != 0 && Import->Name != 0; Import++) {
        const char *Dll = (const char *)(Base + Import->Name);
        PULONG64 Names = (PULONG64)(Base + Import->OriginalFirstThunk);
        PULONG64 Slots = (PULONG64)ABI_ALIAS(Base + Import->FirstThunk);

        BOOLEAN Filter = _stricmp(Dll, "fltmgr.sys") == 0;

        if (Import->OriginalFirstThunk == 0 ||
            (_stricmp(Dll, "ntoskrnl.exe") != 0 && _stricmp(Dll, "hal.dll") != 0 && !Filter)) {
            continue;
        }
        for (ULONG i = 0; Names[i] != 0; i++) {
            PVF_ENTRY Entry;

            if (IMAGE_SNAP_BY_ORDINAL64(Names[i])) {
                continue;
            }
            Entry = VfFindEntry((const char *)((PIMAGE_IMPORT_BY_NAME)(Base + Names[i]))->Name);
            if (Entry != NULL &&
                (Filter || ((ULONG64)Slots[i] - ABI_IMAGE_BASE) < ABI_IMAGE_WINDOW)) {
                Entry->Real = (PVOID)Slots[i];
                Slots[i] = (ULONG64)VfStubs + (ULONG64)(Entry - VfEntries) * VF_STUB_SIZE;
            }
        }
    }
}

/* At DISPATCH_LEVEL and above: is the caller's code pageable? */
VOID
VfCheckCode(PVF_FRAME Frame)
{
    if (VfIsPageable(HcOriginalRip((ULONG64)Frame->Caller))) {
        VfViolate(VfRulePagedCode, NULL, Frame,
                  "%a, which is pageable code, runs at %s: its page may be out", Frame->Caller,
                  VfIrqlName(KiIrql()));
    }
}

/* From enter.S: a verified driver calls an export. */
PVF_ENTRY
VfBefore(PVF_FRAME Frame, ULONG Index)
{
    PVF_ENTRY Entry = &VfEntries[Index];
    PVF_CALLOUT Callout = KiThread()->VfCallout;
    KIRQL Irql = KiIrql();

    if (Callout != NULL) {
        Callout->CallIrql = Irql;
    }
    if (Irql > Entry->High || Irql < Entry->Low) {
        VfCheckIrql(Frame, Entry, Irql);
    }
    if (Irql >= DISPATCH_LEVEL && VfPagedCount != 0) {
        VfCheckCode(Frame);
    }
    if (Irql >= DISPATCH_LEVEL && VfOpen != 0) {
        VfPageOut();
    }
    if (VfUserCount != 0) {
        VfUserBetween();
    }
    if (VfStackObjects.Count != 0) {
        VfMemoryBefore(Frame);
    }
    VfCurrent = Entry;
    for (ULONG i = 0; i < VF_CHAIN && Entry->Before[i] != NULL; i++) {
        Entry->Before[i](Frame);
    }
    VfCaller = Frame->Caller; /* V1: nobody else comes in between */
    return Entry;
}

#define VF_CALL_BYTES 0x1000 /* more than VfCallRoutine has */

/* The last thing that a routine of the driver does is often a jump to an export: that one's caller seems to be the verifier. */
static PVOID
VfTailCaller(PVOID Return)
{
    PVF_CALLOUT Callout = KiThread()->VfCallout;
    PRUNTIME_FUNCTION Function;
    ULONG64 Base;

    if (Callout == NULL || (ULONG64)Return - (ULONG64)VfCallRoutine >= VF_CALL_BYTES) {
        return Return;
    }
    Function = RtlLookupFunctionEntry((ULONG64)Return, &Base, NULL);
    return Function != NULL && Base + Function->BeginAddress == (ULONG64)VfCallRoutine
               ? (PVOID)Callout->Routine
               : Return;
}

PVOID
VfCallerOf(PVOID Return)
{
    return Return == (PVOID)VfEnterReturn ? VfCaller : VfTailCaller(Return);
}

ULONG64
VfAfter(PVF_FRAME Frame, PVF_ENTRY Entry, ULONG64 Result)
{
    VfCurrent = Entry;
    for (ULONG i = 0; i < VF_CHAIN && Entry->After[i] != NULL; i++) {
        Result = Entry->After[i](Frame, Result);
    }
    return Result;
}
