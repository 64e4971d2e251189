/*
 * ldrres.c - resources of an image, and which of the box's DLLs stands behind an API-set name.
 *
 * A resource path has three levels: type, name, language; each a number or a zero-terminated string.
 * Facts: PE format specification, "The .rsrc section"; "Windows API sets" (api-ms-win-... and ext-ms-...
 * are names, not files: the loader maps them to a host).
 */
#include "user/ntdll/ntdllp.h"

static BOOLEAN
LdrpSameResourceName(PUCHAR Root, PIMAGE_RESOURCE_DIRECTORY_ENTRY Entry, ULONG_PTR Wanted)
{
    PIMAGE_RESOURCE_DIR_STRING_U String;
    PCWSTR Name = (PCWSTR)Wanted;
    ULONG Index;

    if (Wanted < 0x10000) {
        return !Entry->NameIsString && Entry->Id == (USHORT)Wanted;
    }
    if (!Entry->NameIsString) {
        return FALSE;
    }
    String = (PVOID)(Root + Entry->NameOffset);
    for (Index = 0; Index < String->Length; Index++) {
        if (RtlUpcaseUnicodeChar(Name[Index]) != RtlUpcaseUnicodeChar(String->NameString[Index])) {
            return FALSE;
        }
    }
    return Name[Index] == 0;
}

NTSTATUS NTAPI
LdrFindResource_U(PVOID Base, const ULONG_PTR *Path, ULONG Levels,
                  PIMAGE_RESOURCE_DATA_ENTRY *Found)
{
    static const NTSTATUS Missing[] = {STATUS_RESOURCE_TYPE_NOT_FOUND,
                                       STATUS_RESOURCE_NAME_NOT_FOUND,
                                       STATUS_RESOURCE_LANG_NOT_FOUND};
    ULONG Size, Level, Index, Count;
    PUCHAR Root = RtlImageDirectoryEntryToData(Base, TRUE, IMAGE_DIRECTORY_ENTRY_RESOURCE, &Size);
    PIMAGE_RESOURCE_DIRECTORY Directory = (PVOID)Root;
    PIMAGE_RESOURCE_DIRECTORY_ENTRY Entry;

    if (Root == NULL) {
        return STATUS_RESOURCE_DATA_NOT_FOUND;
    }
    for (Level = 0; Level < 3; Level++) {
        Entry = (PVOID)(Directory + 1);
        Count = Directory->NumberOfIdEntries + Directory->NumberOfNamedEntries;
        for (Index = 0; Index < Count; Index++) {
            if (Level < Levels && LdrpSameResourceName(Root, &Entry[Index], Path[Level])) {
                break;
            }
        }
        if (Index == Count) {
            /* A language that is not there, or none asked for: the first one. */
            if (Level < 2 || Count == 0) {
                return Missing[Level];
            }
            Index = 0;
        }
        if (!Entry[Index].DataIsDirectory) {
            *Found = (PVOID)(Root + Entry[Index].OffsetToData);
            return STATUS_SUCCESS;
        }
        Directory = (PVOID)(Root + Entry[Index].OffsetToDirectory);
    }
    return STATUS_RESOURCE_DATA_NOT_FOUND;
}

NTSTATUS NTAPI
LdrAccessResource(PVOID Base, PIMAGE_RESOURCE_DATA_ENTRY Entry, PVOID *Data, PULONG Size)
{
    if (Data != NULL) {
        *Data = (PUCHAR)((ULONG_PTR)Base & ~3ull) + Entry->OffsetToData;
    }
    if (Size != NULL) {
        *Size = Entry->Size;
    }
    return STATUS_SUCCESS;
}

static const struct {
    PCWSTR Prefix;
    PCWSTR Host;
} LdrpHosts[] = {
    {L"api-ms-win-core-", L"kernel32.dll"},    {L"api-ms-win-security-", L"advapi32.dll"},
    {L"api-ms-win-service-", L"advapi32.dll"}, {L"api-ms-win-eventing-", L"advapi32.dll"},
    {L"api-ms-win-crt-", L"ucrtbase.dll"},     {L"kernelbase.dll", L"kernel32.dll"},
    {L"kernelbase", L"kernel32.dll"},
};

/* Copies Name, or the host of the set that it names, into Host (whose buffer is large enough). */
VOID
LdrpApiSet(PCUNICODE_STRING Name, PUNICODE_STRING Host)
{
    UNICODE_STRING Prefix;
    ULONG Index;

    for (Index = 0; Index < RTL_NUMBER_OF(LdrpHosts); Index++) {
        RtlInitUnicodeString(&Prefix, LdrpHosts[Index].Prefix);
        if (RtlPrefixUnicodeString(&Prefix, Name, TRUE)) {
            Host->Length = 0;
            RtlAppendUnicodeToString(Host, LdrpHosts[Index].Host);
            return;
        }
    }
    RtlCopyUnicodeString(Host, Name);
}
