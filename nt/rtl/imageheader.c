/*
 * imageheader.c - what drivers read of an image: its headers, its directories, its exports.
 *
 * A base whose lowest bit is set is an image mapped as data: relative addresses are turned into places of the file by the section
 * table. Nothing here trusts the image further than its own sizes.
 *
 * Source: Microsoft Learn, "PE Format"; ImageNtHeader and ImageDirectoryEntryToData (dbghelp), which say of the same routines what
 * they take and give.
 */
#include "nt/rtl/rtlp.h"
#undef Machine /* a field of the file header */
#include <ntimage.h>

#ifndef RTL_IMAGE_NT_HEADER_EX_FLAG_NO_RANGE_CHECK
#define RTL_IMAGE_NT_HEADER_EX_FLAG_NO_RANGE_CHECK 1
#endif

NTSTATUS NTAPI
RtlImageNtHeaderEx(ULONG Flags, PVOID Base, ULONG64 Size, PIMAGE_NT_HEADERS *OutHeaders)
{
    BOOLEAN Check = (Flags & RTL_IMAGE_NT_HEADER_EX_FLAG_NO_RANGE_CHECK) == 0;
    PIMAGE_DOS_HEADER Dos = Base;
    PIMAGE_NT_HEADERS Headers;

    if (OutHeaders == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    *OutHeaders = NULL;
    if ((Flags & ~RTL_IMAGE_NT_HEADER_EX_FLAG_NO_RANGE_CHECK) != 0 || Base == NULL ||
        Base == (PVOID)-1) {
        return STATUS_INVALID_PARAMETER;
    }
    if ((Check && Size < sizeof(*Dos)) || Dos->e_magic != IMAGE_DOS_SIGNATURE ||
        (ULONG)Dos->e_lfanew >= 0x10000000 ||
        (Check && (ULONG64)Dos->e_lfanew + sizeof(*Headers) > Size)) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    Headers = (PIMAGE_NT_HEADERS)((PUCHAR)Base + Dos->e_lfanew);
    if (Headers->Signature != IMAGE_NT_SIGNATURE) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    *OutHeaders = Headers;
    return STATUS_SUCCESS;
}

PIMAGE_NT_HEADERS NTAPI
RtlImageNtHeader(PVOID Base)
{
    PIMAGE_NT_HEADERS Headers;

    RtlImageNtHeaderEx(RTL_IMAGE_NT_HEADER_EX_FLAG_NO_RANGE_CHECK, Base, 0, &Headers);
    return Headers;
}

/* Where Rva is: in the image as mapped, or in the file. */
static PVOID
RtlpImageAt(PIMAGE_NT_HEADERS Headers, PUCHAR Base, BOOLEAN MappedAsImage, ULONG Rva)
{
    PIMAGE_SECTION_HEADER Section = IMAGE_FIRST_SECTION(Headers);

    if (MappedAsImage || Rva < Headers->OptionalHeader.SizeOfHeaders) {
        return Base + Rva;
    }
    for (ULONG i = 0; i < Headers->FileHeader.NumberOfSections; i++, Section++) {
        if (Rva >= Section->VirtualAddress &&
            Rva < Section->VirtualAddress + Section->SizeOfRawData) {
            return Base + Section->PointerToRawData + (Rva - Section->VirtualAddress);
        }
    }
    return NULL;
}

PVOID NTAPI
RtlImageDirectoryEntryToData(PVOID BaseOfImage, BOOLEAN MappedAsImage, USHORT DirectoryEntry,
                             PULONG Size)
{
    PIMAGE_DATA_DIRECTORY Directory;
    PIMAGE_NT_HEADERS Headers;

    if ((ULONG_PTR)BaseOfImage & 1) { /* mapped as data */
        BaseOfImage = (PVOID)((ULONG_PTR)BaseOfImage & ~(ULONG_PTR)1);
        MappedAsImage = FALSE;
    }
    Headers = RtlImageNtHeader(BaseOfImage);
    if (Headers == NULL || Headers->OptionalHeader.Magic != IMAGE_NT_OPTIONAL_HDR64_MAGIC ||
        DirectoryEntry >= Headers->OptionalHeader.NumberOfRvaAndSizes) {
        return NULL;
    }
    Directory = &Headers->OptionalHeader.DataDirectory[DirectoryEntry];
    if (Directory->VirtualAddress == 0) {
        return NULL;
    }
    *Size = Directory->Size;
    return RtlpImageAt(Headers, BaseOfImage, MappedAsImage, Directory->VirtualAddress);
}

/* NULL: no such name, or forwarded. */
PVOID NTAPI
RtlFindExportedRoutineByName(PVOID BaseOfImage, PCSTR RoutineName)
{
    PUCHAR Base = BaseOfImage;
    PIMAGE_EXPORT_DIRECTORY Exports;
    ULONG Size, Low = 0, High;

    Exports = RtlImageDirectoryEntryToData(Base, TRUE, IMAGE_DIRECTORY_ENTRY_EXPORT, &Size);
    if (Exports == NULL) {
        return NULL;
    }
    for (High = Exports->NumberOfNames; Low < High;) { /* the names are sorted */
        ULONG Middle = Low + (High - Low) / 2;
        const ULONG *Names = (const ULONG *)(Base + Exports->AddressOfNames);
        int Order = strcmp(RoutineName, (PCSTR)Base + Names[Middle]);

        if (Order == 0) {
            USHORT Ordinal = ((const USHORT *)(Base + Exports->AddressOfNameOrdinals))[Middle];
            ULONG Rva;

            if (Ordinal >= Exports->NumberOfFunctions) {
                return NULL;
            }
            Rva = ((const ULONG *)(Base + Exports->AddressOfFunctions))[Ordinal];
            return Rva >= (ULONG)((PUCHAR)Exports - Base) &&
                           Rva < (ULONG)((PUCHAR)Exports - Base) + Size
                       ? NULL
                       : Base + Rva;
        }
        if (Order < 0) {
            High = Middle;
        } else {
            Low = Middle + 1;
        }
    }
    return NULL;
}
