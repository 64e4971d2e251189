/*
 * image.c - executables and DLLs in user processes.
 *
 * The host reads the file, places the image in the process's slice, relocates and patches it. Here it
 * becomes an area with the protections of its sections, a module of the process, and a notification.
 * Each process has pages of its own, so "copy on write" has happened when the image is mapped.
 */
#include "mi.h"

NTSTATUS
MiImageStatus(ULONG Result)
{
    switch (Result) {
    case ABI_IMAGE_OK:
        return STATUS_SUCCESS;
    case ABI_IMAGE_NOT_FOUND:
        return STATUS_OBJECT_NAME_NOT_FOUND;
    case ABI_IMAGE_WRONG_MACHINE:
        return STATUS_IMAGE_MACHINE_TYPE_MISMATCH;
    case ABI_IMAGE_IMPORT_MISSING:
        return STATUS_DRIVER_ENTRYPOINT_NOT_FOUND;
    case ABI_IMAGE_NEEDS:
        return STATUS_DRIVER_UNABLE_TO_LOAD;
    case ABI_IMAGE_CONFLICT:
        return STATUS_CONFLICTING_ADDRESSES;
    default:
        return STATUS_INVALID_IMAGE_FORMAT;
    }
}

char *
MiHostPath(PCUNICODE_STRING Path)
{
    ULONG Bytes = 0;
    char *Text;

    Text = ExpAllocate(Path->Length * 3 / 2 + 1, MI_TAG_MODULE);
    RtlUnicodeToUTF8N(Text, Path->Length * 3 / 2, &Bytes, Path->Buffer, Path->Length);
    Text[Bytes] = 0;
    return Text;
}

static BOOLEAN
MiReadHeader(PMI_IMAGE_CONTROL Control, ULONG64 Offset, PVOID Buffer, ULONG Bytes)
{
    if (Control->Host != NULL) {
        return HcFileRead(Control->Host, Offset, Buffer, Bytes) == Bytes;
    }
    if (Offset + Bytes > Control->Size) {
        return FALSE;
    }
    RtlCopyMemory(Buffer, (PVOID)(ABI_ALIAS(Control->Memory) + Offset), Bytes);
    return TRUE;
}

/*
 * What NtCreateSection checks before anything is mapped, and NtQuerySection reports. The statuses of
 * the loader: no MZ, no PE, 32-bit.
 */
NTSTATUS
MiParseImageHeaders(PMI_IMAGE_CONTROL Control, struct abi_image *Info)
{
    IMAGE_DOS_HEADER Dos;
    IMAGE_NT_HEADERS64 Nt;

    if (!MiReadHeader(Control, 0, &Dos, sizeof(Dos)) || Dos.e_magic != IMAGE_DOS_SIGNATURE) {
        return STATUS_INVALID_IMAGE_NOT_MZ;
    }
    if (Dos.e_lfanew < 0 || !MiReadHeader(Control, (ULONG)Dos.e_lfanew, &Nt, sizeof(Nt)) ||
        Nt.Signature != IMAGE_NT_SIGNATURE) {
        return STATUS_INVALID_IMAGE_PROTECT;
    }
    if (Nt.FileHeader.Machine != IMAGE_FILE_MACHINE_AMD64 ||
        Nt.OptionalHeader.Magic != IMAGE_NT_OPTIONAL_HDR64_MAGIC) {
        return Nt.FileHeader.Machine == IMAGE_FILE_MACHINE_I386 ? STATUS_INVALID_IMAGE_WIN_32
                                                                : STATUS_INVALID_IMAGE_FORMAT;
    }
    RtlZeroMemory(Info, sizeof(*Info));
    Info->size = Nt.OptionalHeader.SizeOfImage;
    Info->entry = Nt.OptionalHeader.AddressOfEntryPoint; /* relative: there is no base yet */
    Info->preferred = Nt.OptionalHeader.ImageBase;
    Info->stack_reserve = Nt.OptionalHeader.SizeOfStackReserve;
    Info->stack_commit = Nt.OptionalHeader.SizeOfStackCommit;
    Info->heap_reserve = Nt.OptionalHeader.SizeOfHeapReserve;
    Info->characteristics = Nt.FileHeader.Characteristics;
    Info->subsystem = Nt.OptionalHeader.Subsystem;
    Info->dll_characteristics = Nt.OptionalHeader.DllCharacteristics;
    Info->checksum = Nt.OptionalHeader.CheckSum;
    Info->timestamp = Nt.FileHeader.TimeDateStamp;
    Info->os_version = (ULONG)Nt.OptionalHeader.MajorOperatingSystemVersion << 16 |
                       Nt.OptionalHeader.MinorOperatingSystemVersion;
    Info->subsystem_version = (ULONG)Nt.OptionalHeader.MajorSubsystemVersion << 16 |
                              Nt.OptionalHeader.MinorSubsystemVersion;
    return STATUS_SUCCESS;
}

NTSTATUS
MiReadImageHeaders(const char *Name, struct abi_image *Info)
{
    MI_IMAGE_CONTROL Control = {.Host = (char *)Name};

    return MiParseImageHeaders(&Control, Info);
}

/* The headers of an image that is mapped, wherever the current process is. */
PVOID
MiMappedHeaders(ULONG64 Base, PIMAGE_SECTION_HEADER *Section)
{
    PUCHAR Alias = (PUCHAR)ABI_ALIAS(Base);
    PIMAGE_NT_HEADERS64 Nt = (PIMAGE_NT_HEADERS64)(Alias + ((PIMAGE_DOS_HEADER)Alias)->e_lfanew);

    *Section =
        (PIMAGE_SECTION_HEADER)((PUCHAR)&Nt->OptionalHeader + Nt->FileHeader.SizeOfOptionalHeader);
    return Nt;
}

static ULONG
MiSectionProtection(ULONG Characteristics)
{
    BOOLEAN Write = (Characteristics & IMAGE_SCN_MEM_WRITE) != 0;

    if (Characteristics & IMAGE_SCN_MEM_EXECUTE) {
        return Write                                    ? PAGE_EXECUTE_WRITECOPY
               : (Characteristics & IMAGE_SCN_MEM_READ) ? PAGE_EXECUTE_READ
                                                        : PAGE_EXECUTE;
    }
    return Write                                    ? PAGE_WRITECOPY
           : (Characteristics & IMAGE_SCN_MEM_READ) ? PAGE_READONLY
                                                    : PAGE_NOACCESS;
}

/* The host has committed the pages already: only our states are written (M3). */
static VOID
MiDescribeImage(PMI_SPACE Space, PMI_AREA Area)
{
    PIMAGE_SECTION_HEADER Section;
    PIMAGE_NT_HEADERS64 Nt = MiMappedHeaders(Area->Start, &Section);
    ULONG64 Address, End;
    ULONG i;

    End = Area->Start +
          ((Nt->OptionalHeader.SizeOfHeaders + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1));
    for (Address = Area->Start; Address < End && Address < Area->End; Address += PAGE_SIZE) {
        *MiStatePointer(Area, Address) = MiStateOf(PAGE_READONLY) | MI_STATE_COMMITTED;
    }
    for (i = 0; i < Nt->FileHeader.NumberOfSections; i++) {
        ULONG Size =
            Section[i].Misc.VirtualSize ? Section[i].Misc.VirtualSize : Section[i].SizeOfRawData;
        UCHAR State =
            MiStateOf(MiSectionProtection(Section[i].Characteristics)) | MI_STATE_COMMITTED;

        Address = Area->Start + (Section[i].VirtualAddress & ~(PAGE_SIZE - 1));
        End = Area->Start + Section[i].VirtualAddress + Size;
        for (; Address < End && Address < Area->End; Address += PAGE_SIZE) {
            *MiStatePointer(Area, Address) = State;
        }
    }
    Space->CommittedPages += (Area->End - Area->Start) / PAGE_SIZE;
}

PKI_MODULE
MiMakeModule(const char *FullName, const struct abi_image *Info)
{
    PKI_MODULE Module = ExpAllocate(sizeof(*Module), MI_TAG_MODULE);
    PIMAGE_SECTION_HEADER Section;
    PIMAGE_NT_HEADERS64 Nt;
    ULONG Length = (ULONG)strlen(FullName), Bytes, i;
    PWSTR Text = ExpAllocate((Length + 1) * sizeof(WCHAR), MI_TAG_MODULE);

    RtlUTF8ToUnicodeN(Text, Length * sizeof(WCHAR), &Bytes, FullName, Length);
    Module->FullDllName.Buffer = Text;
    Module->FullDllName.Length = (USHORT)Bytes;
    Module->FullDllName.MaximumLength = (USHORT)(Bytes + sizeof(WCHAR));
    for (i = Bytes / sizeof(WCHAR); i != 0 && Text[i - 1] != L'\\'; i--) {
    }
    Module->BaseDllName.Buffer = Text + i;
    Module->BaseDllName.Length = (USHORT)(Bytes - i * sizeof(WCHAR));
    Module->BaseDllName.MaximumLength = Module->BaseDllName.Length + sizeof(WCHAR);
    Module->Image = *Info;
    Module->DllBase = (PVOID)Info->base;
    Module->EntryPoint = (PVOID)Info->entry;
    Module->SizeOfImage = (ULONG)Info->size;
    Module->CheckSum = Info->checksum;
    Module->LoadCount = 1;
    Module->Flags = 0x4000; /* LDRP_ENTRY_PROCESSED */
    if (Info->dll_characteristics & 0x80) {
        Module->Flags |= 0x20; /* linked with /INTEGRITYCHECK */
    }
    Nt = MiMappedHeaders(Info->base, &Section);
    if (Nt->OptionalHeader.NumberOfRvaAndSizes > IMAGE_DIRECTORY_ENTRY_EXCEPTION) {
        PIMAGE_DATA_DIRECTORY Directory =
            &Nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXCEPTION];

        if (Directory->Size != 0) {
            Module->ExceptionTable = (PUCHAR)Module->DllBase + Directory->VirtualAddress;
            Module->ExceptionTableSize = Directory->Size;
        }
    }
    return Module;
}

VOID
MiFreeModule(PKI_MODULE Module)
{
    ExpFree(Module->FullDllName.Buffer);
    ExpFree(Module);
}

/* Into the slice of Process; Requested is a hint that the host does not need. */
NTSTATUS
MiMapImage(PEPROCESS Process, const char *Name, PVOID Requested, PVOID *Base,
           struct abi_image *Info, PMI_SECTION Section)
{
    PMI_SPACE Space = MiLiveSpace(Process);
    PKI_MODULE Module;
    PMI_AREA Area;
    ULONG Result;

    if (Space == NULL) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    Result = MiLoadImage(Name, Section, ABI_IMAGE_USER, Process->Pcb.Slice, Info);
    if (Result != ABI_IMAGE_OK) {
        return MiImageStatus(Result);
    }
    Area = MiInsertArea(Space, Info->base, (Info->size + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1),
                        PAGE_SIZE, FALSE);
    if (Area == NULL) { /* the low range: something of ours lies there, which the host knows too */
        HcImageUnload(Info->base);
        return STATUS_CONFLICTING_ADDRESSES;
    }
    Area->Type = MEM_IMAGE;
    Area->Protection = PAGE_EXECUTE_WRITECOPY;
    Area->Section = Section;
    if (Info->base < ABI_LOW_END) {
        MiLowOwner = Process;
        Process->Pcb.OwnsLowRange = TRUE;
    }
    MiDescribeImage(Space, Area);
    Process->VirtualSize += Area->End - Area->Start;
    Module = MiMakeModule(Name, Info);
    InsertTailList(&Process->ModuleList, &Module->InLoadOrderLinks);
    Process->Modules++;
    KiTrace(EV_IMAGE_LOAD, Module->DllBase, (ULONG64)Process->UniqueProcessId, Module->SizeOfImage,
            0, 0);
    *Base = Module->DllBase;
    if (Process->Begun) { /* what is there before is told of by the first thread */
        PspCallImageNotify(&Module->FullDllName, Process->UniqueProcessId, Module);
        DbgkMapImage(Process, Module);
    }
    return Info->base == Info->preferred ? STATUS_SUCCESS : STATUS_IMAGE_NOT_AT_BASE;
}

NTSTATUS
MiMapUserImage(PEPROCESS Process, const char *Name, PVOID *Base, struct abi_image *Info)
{
    return MiMapImage(Process, Name, NULL, Base, Info, NULL);
}

PKI_MODULE
MiFindUserModule(PEPROCESS Process, const VOID *Address)
{
    PLIST_ENTRY Entry;

    if (Process->ModuleList.Flink == NULL) {
        return NULL;
    }
    for (Entry = Process->ModuleList.Flink; Entry != &Process->ModuleList; Entry = Entry->Flink) {
        PKI_MODULE Module = CONTAINING_RECORD(Entry, KI_MODULE, InLoadOrderLinks);

        if ((ULONG64)Address - (ULONG64)Module->DllBase < Module->SizeOfImage) {
            return Module;
        }
    }
    return NULL;
}

VOID
MiUnmapImage(PEPROCESS Process, PMI_AREA Area)
{
    PMI_SPACE Space = MI_SPACE_OF(Process);
    PKI_MODULE Module = MiFindUserModule(Process, (PVOID)Area->Start);
    PMI_SECTION Section = Area->Section;

    ASSERT(Module != NULL);
    KiTrace(EV_IMAGE_UNLOAD, Module->DllBase, (ULONG64)Process->UniqueProcessId, 0, 0, 0);
    RemoveEntryList(&Module->InLoadOrderLinks);
    Process->Modules--;
    Space->CommittedPages -= (Area->End - Area->Start) / PAGE_SIZE;
    Process->VirtualSize -= Area->End - Area->Start;
    HcImageUnload(Area->Start);
    MiRemoveArea(Space, Area);
    MiFreeModule(Module);
    if (Section != NULL) {
        Section->Views--;
        ObDereferenceObject(Section);
    }
}

PVOID
KiLookupImage(ULONG64 ControlPc, PULONG Size)
{
    PKI_MODULE Module = ABI_IS_USER(ControlPc)
                            ? MiFindUserModule(PspCurrentProcess(), (PVOID)ControlPc)
                            : MiFindModule((PVOID)ControlPc);

    if (Module == NULL) {
        return NULL;
    }
    *Size = Module->SizeOfImage;
    return Module->DllBase;
}
