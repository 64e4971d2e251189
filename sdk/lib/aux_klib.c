/*
 * aux_klib.c - what aux_klib.lib has. Linked statically, as on Windows. [DDI: aux_klib.h]
 */
#include <ntifs.h>
#include <ntimage.h>
#include <aux_klib.h>

/* What NtQuerySystemInformation says of a module. [public: phnt, RTL_PROCESS_MODULE_INFORMATION] */
typedef struct _MODULE {
    HANDLE Section;
    PVOID MappedBase;
    PVOID ImageBase;
    ULONG ImageSize;
    ULONG Flags;
    USHORT LoadOrderIndex;
    USHORT InitOrderIndex;
    USHORT LoadCount;
    USHORT OffsetToFileName;
    UCHAR FullPathName[256];
} MODULE;
typedef struct _MODULES {
    ULONG NumberOfModules;
    MODULE Modules[1];
} MODULES, *PMODULES;

enum { SystemModuleInformation = 11 };
NTSYSAPI NTSTATUS NTAPI ZwQuerySystemInformation(int Class, PVOID Information, ULONG Length,
                                                 PULONG ReturnLength);

NTSTATUS NTAPI
AuxKlibInitialize(VOID)
{
    PAGED_CODE();
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
AuxKlibQueryModuleInformation(PULONG BufferSize, ULONG ElementSize, PVOID QueryInfo)
{
    PMODULES Modules = NULL;
    NTSTATUS Status;
    ULONG Length = 0, Needed, i;

    PAGED_CODE();
    if (ElementSize != sizeof(AUX_MODULE_BASIC_INFO) &&
        ElementSize != sizeof(AUX_MODULE_EXTENDED_INFO)) {
        return STATUS_INVALID_PARAMETER_2;
    }
    do { /* a driver may be loaded between the question for the size and the answer */
        if (Modules != NULL) {
            ExFreePoolWithTag(Modules, 'bilK');
        }
        Status = ZwQuerySystemInformation(SystemModuleInformation, NULL, 0, &Length);
        if (Status != STATUS_INFO_LENGTH_MISMATCH) {
            return Status;
        }
        Modules = ExAllocatePoolWithTag(PagedPool, Length, 'bilK');
        if (Modules == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        Status = ZwQuerySystemInformation(SystemModuleInformation, Modules, Length, &Length);
    } while (Status == STATUS_INFO_LENGTH_MISMATCH);
    if (NT_SUCCESS(Status)) {
        Needed = Modules->NumberOfModules * ElementSize;
        if (QueryInfo != NULL && *BufferSize < Needed) {
            Status = STATUS_BUFFER_TOO_SMALL;
        }
        for (i = 0; QueryInfo != NULL && NT_SUCCESS(Status) && i < Modules->NumberOfModules; i++) {
            PAUX_MODULE_EXTENDED_INFO Info =
                (PAUX_MODULE_EXTENDED_INFO)((PUCHAR)QueryInfo + i * ElementSize);

            Info->BasicInfo.ImageBase = Modules->Modules[i].ImageBase;
            if (ElementSize == sizeof(AUX_MODULE_EXTENDED_INFO)) {
                Info->ImageSize = Modules->Modules[i].ImageSize;
                Info->FileNameOffset = Modules->Modules[i].OffsetToFileName;
                RtlCopyMemory(Info->FullPathName, Modules->Modules[i].FullPathName,
                              sizeof(Info->FullPathName));
            }
        }
        *BufferSize = Needed;
    }
    ExFreePoolWithTag(Modules, 'bilK');
    return Status;
}

PIMAGE_EXPORT_DIRECTORY NTAPI
AuxKlibGetImageExportDirectory(PVOID ImageBase)
{
    PIMAGE_DOS_HEADER Dos = ImageBase;
    PIMAGE_NT_HEADERS64 Nt;

    if (Dos->e_magic != IMAGE_DOS_SIGNATURE) {
        return NULL;
    }
    Nt = (PIMAGE_NT_HEADERS64)((PUCHAR)ImageBase + Dos->e_lfanew);
    if (Nt->Signature != IMAGE_NT_SIGNATURE ||
        Nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT].VirtualAddress == 0) {
        return NULL;
    }
    return (PIMAGE_EXPORT_DIRECTORY)((PUCHAR)ImageBase +
                                     Nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT]
                                         .VirtualAddress);
}
