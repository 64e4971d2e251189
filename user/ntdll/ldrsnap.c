/*
 * ldrsnap.c - exports and imports.
 *
 * Imports are bound by name (hint first) or ordinal; bound-import data is ignored, since every image is
 * relocated anyway. A forwarder "DLL.Name" or "DLL.#7" loads what it names, and the importer holds it.
 *
 * What an import without an export becomes depends on whose image lacks it. If it is one of the box's,
 * Windows has it and we do not: the import is bound to a thunk that ends the run when it is called, naming
 * the export and its caller. In any other image it is what Windows says too: STATUS_ENTRYPOINT_NOT_FOUND.
 *
 * Facts: PE format specification, "The .edata section", "The .idata section".
 */
#include "user/ntdll/ntdllp.h"

PIMAGE_NT_HEADERS NTAPI
RtlImageNtHeader(PVOID Base)
{
    PIMAGE_DOS_HEADER Dos = Base;

    if (Base == NULL || Base == (PVOID)(LONG_PTR)-1 || Dos->e_magic != IMAGE_DOS_SIGNATURE ||
        ((PIMAGE_NT_HEADERS)((PUCHAR)Base + Dos->e_lfanew))->Signature != IMAGE_NT_SIGNATURE) {
        return NULL;
    }
    return (PIMAGE_NT_HEADERS)((PUCHAR)Base + Dos->e_lfanew);
}

PVOID NTAPI
RtlImageDirectoryEntryToData(PVOID Base, BOOLEAN MappedAsImage, USHORT Directory, PULONG Size)
{
    PIMAGE_NT_HEADERS Headers;
    PIMAGE_DATA_DIRECTORY Entry;

    if (((ULONG_PTR)Base & 1) != 0) {
        Base = (PVOID)((ULONG_PTR)Base & ~1ull);
        MappedAsImage = FALSE;
    }
    Headers = RtlImageNtHeader(Base);
    if (Headers == NULL || Directory >= Headers->OptionalHeader.NumberOfRvaAndSizes) {
        return NULL;
    }
    Entry = &Headers->OptionalHeader.DataDirectory[Directory];
    if (Entry->VirtualAddress == 0) {
        return NULL;
    }
    *Size = Entry->Size;
    if (MappedAsImage || Entry->VirtualAddress < Headers->OptionalHeader.SizeOfHeaders) {
        return (PUCHAR)Base + Entry->VirtualAddress;
    }
    return RtlImageRvaToVa(Headers, Base, Entry->VirtualAddress, NULL);
}

PIMAGE_SECTION_HEADER NTAPI
RtlImageRvaToSection(PIMAGE_NT_HEADERS Headers, PVOID Base, ULONG Rva)
{
    PIMAGE_SECTION_HEADER Section = IMAGE_FIRST_SECTION(Headers);
    ULONG Index;

    for (Index = 0; Index < Headers->FileHeader.NumberOfSections; Index++, Section++) {
        if (Rva - Section->VirtualAddress < Section->SizeOfRawData) {
            return Section;
        }
    }
    return NULL;
}

PVOID NTAPI
RtlImageRvaToVa(PIMAGE_NT_HEADERS Headers, PVOID Base, ULONG Rva, PIMAGE_SECTION_HEADER *Last)
{
    PIMAGE_SECTION_HEADER Section = RtlImageRvaToSection(Headers, Base, Rva);

    if (Last != NULL) {
        *Last = Section;
    }
    return Section == NULL
               ? NULL
               : (PUCHAR)Base + Section->PointerToRawData + (Rva - Section->VirtualAddress);
}

/* Importer holds a reference to Used, once. Consumes the caller's reference. */
static NTSTATUS
LdrpHold(PLDR_DATA_TABLE_ENTRY Importer, PLDR_DATA_TABLE_ENTRY Used)
{
    PLDR_DATA_TABLE_ENTRY *List;
    ULONG Index;

    for (Index = 0; Index < Importer->ImportCount; Index++) {
        if (Importer->Imports[Index] == Used) {
            LdrpRelease(Used);
            return STATUS_SUCCESS;
        }
    }
    List = Importer->Imports == NULL
               ? RtlAllocateHeap(RtlProcessHeap(), 0, sizeof(PVOID))
               : RtlReAllocateHeap(RtlProcessHeap(), 0, Importer->Imports,
                                   (Importer->ImportCount + 1) * sizeof(PVOID));
    if (List == NULL) {
        LdrpRelease(Used);
        return STATUS_NO_MEMORY;
    }
    List[Importer->ImportCount++] = Used;
    Importer->Imports = List;
    return STATUS_SUCCESS;
}

static NTSTATUS
LdrpFollowForwarder(PCSTR Forwarder, PLDR_DATA_TABLE_ENTRY Importer, PVOID *Address)
{
    WCHAR Buffer[128];
    UNICODE_STRING Name;
    PLDR_DATA_TABLE_ENTRY Target;
    NTSTATUS Status;
    ULONG Dot = 0, Index, Ordinal = 0;
    PCSTR Symbol;

    for (Index = 0; Forwarder[Index] != 0; Index++) {
        if (Forwarder[Index] == '.') {
            Dot = Index;
        }
    }
    if (Dot == 0 || Dot >= 120) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    for (Index = 0; Index < Dot; Index++) {
        Buffer[Index] = (UCHAR)Forwarder[Index];
    }
    RtlCopyMemory(Buffer + Dot, L".dll", 5 * sizeof(WCHAR));
    RtlInitUnicodeString(&Name, Buffer);
    Status = LdrpLoad(&Name, &Target);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Importer != NULL) {
        Status = LdrpHold(Importer, Target);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    } else {
        Target->References = -1; /* asked for by GetProcAddress: nobody could give it back */
    }
    Symbol = Forwarder + Dot + 1;
    if (*Symbol == '#') {
        for (Symbol++; *Symbol >= '0' && *Symbol <= '9'; Symbol++) {
            Ordinal = Ordinal * 10 + (*Symbol - '0');
        }
        return LdrpFindExport(Target, NULL, Ordinal, Importer, Address);
    }
    return LdrpFindExport(Target, Symbol, 0, Importer, Address);
}

NTSTATUS
LdrpFindExport(PLDR_DATA_TABLE_ENTRY Entry, PCSTR Name, ULONG Ordinal,
               PLDR_DATA_TABLE_ENTRY Importer, PVOID *Address)
{
    PUCHAR Base = Entry->DllBase;
    ULONG Size;
    PIMAGE_EXPORT_DIRECTORY Exports =
        RtlImageDirectoryEntryToData(Base, TRUE, IMAGE_DIRECTORY_ENTRY_EXPORT, &Size);
    PULONG Functions, Names;
    PUSHORT Ordinals;
    ULONG Index;

    if (Exports == NULL) {
        return Name != NULL ? STATUS_ENTRYPOINT_NOT_FOUND : STATUS_ORDINAL_NOT_FOUND;
    }
    Functions = (PULONG)(Base + Exports->AddressOfFunctions);
    if (Name != NULL) {
        LONG Low = 0, High = (LONG)Exports->NumberOfNames - 1;

        Names = (PULONG)(Base + Exports->AddressOfNames);
        Ordinals = (PUSHORT)(Base + Exports->AddressOfNameOrdinals);
        Index = ~0u;
        while (Low <= High) {
            LONG Middle = (Low + High) / 2;
            int Order = strcmp(Name, (PCSTR)(Base + Names[Middle]));

            if (Order == 0) {
                Index = Ordinals[Middle];
                break;
            }
            if (Order < 0) {
                High = Middle - 1;
            } else {
                Low = Middle + 1;
            }
        }
        if (Index == ~0u) {
            return STATUS_ENTRYPOINT_NOT_FOUND;
        }
    } else {
        Index = Ordinal - Exports->Base;
    }
    if (Index >= Exports->NumberOfFunctions || Functions[Index] == 0) {
        return Name != NULL ? STATUS_ENTRYPOINT_NOT_FOUND : STATUS_ORDINAL_NOT_FOUND;
    }
    if ((ULONG_PTR)(Base + Functions[Index]) - (ULONG_PTR)Exports <
        Size) { /* inside the directory */
        return LdrpFollowForwarder((PCSTR)(Base + Functions[Index]), Importer, Address);
    }
    *Address = Base + Functions[Index];
    return STATUS_SUCCESS;
}

/* What a missing import's thunk knows: `mov rax, record; mov r11, LdrpMissingImportThunk; jmp r11`. */
typedef struct _LDRP_MISSING {
    UCHAR Code[24];
    UNICODE_STRING Dll;
    PCSTR Name; /* in the importing image; NULL: by ordinal */
    ULONG Ordinal;
    ULONG Reserved;
    WCHAR DllText[64];
} LDRP_MISSING, *PLDRP_MISSING;

VOID LdrpMissingImportThunk(VOID);

VOID
LdrpMissingImport(PLDRP_MISSING Record, PVOID Caller)
{
    UNICODE_STRING Name;
    ANSI_STRING Ansi;
    WCHAR Buffer[160];
    CHAR Number[24];

    if (Record->Name == NULL) {
        _snprintf(Number, sizeof(Number), "#%u", Record->Ordinal);
    }
    RtlInitAnsiString(&Ansi, Record->Name != NULL ? Record->Name : Number);
    Name.Buffer = Buffer;
    Name.MaximumLength = sizeof(Buffer);
    Name.Length = 0;
    RtlAnsiStringToUnicodeString(&Name, &Ansi, FALSE);
    LdrpHardError(STATUS_ENTRYPOINT_NOT_FOUND, &Name, &Record->Dll, Caller);
    NtTerminateProcess(NtCurrentProcess(), STATUS_ENTRYPOINT_NOT_FOUND);
}

/* A system service that the kernel's table does not have yet: the same end, and never success. */
NTSTATUS
LdrpMissingService(PCSTR Service, PVOID Caller)
{
    UNICODE_STRING Name, Kernel;
    ANSI_STRING Ansi;
    WCHAR Buffer[80];

    if (strcmp(Service, "NtRaiseHardError") != 0) {
        RtlInitAnsiString(&Ansi, Service);
        Name.Buffer = Buffer;
        Name.MaximumLength = sizeof(Buffer);
        RtlAnsiStringToUnicodeString(&Name, &Ansi, FALSE);
        RtlInitUnicodeString(&Kernel, L"ntoskrnl.exe");
        LdrpHardError(STATUS_ENTRYPOINT_NOT_FOUND, &Name, &Kernel, Caller);
    }
    return STATUS_NOT_IMPLEMENTED;
}

static PVOID
LdrpMakeMissing(PCUNICODE_STRING Dll, PCSTR Name, ULONG Ordinal)
{
    static const UCHAR Template[] = {0x48, 0xB8, 0, 0, 0, 0, 0, 0, 0,    0,    0x49, 0xBB,
                                     0,    0,    0, 0, 0, 0, 0, 0, 0x41, 0xFF, 0xE3};
    PLDRP_MISSING Record = NULL;
    SIZE_T Size = sizeof(*Record);
    ULONG Old;

    /* One page each: this happens a few times in a run, and the page must be executable. */
    if (!NT_SUCCESS(NtAllocateVirtualMemory(NtCurrentProcess(), (PVOID *)&Record, 0, &Size,
                                            MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE))) {
        return NULL;
    }
    RtlCopyMemory(Record->Code, Template, sizeof(Template));
    *(UNALIGNED PVOID *)(Record->Code + 2) = Record;
    *(UNALIGNED PVOID *)(Record->Code + 12) = LdrpMissingImportThunk;
    Record->Dll.Buffer = Record->DllText;
    Record->Dll.MaximumLength = sizeof(Record->DllText);
    RtlCopyUnicodeString(&Record->Dll, Dll);
    Record->Name = Name;
    Record->Ordinal = Ordinal;
    NtProtectVirtualMemory(NtCurrentProcess(), (PVOID *)&Record, &Size, PAGE_EXECUTE_READ, &Old);
    return Record;
}

/*
 * DLLs that every Windows has and the box has not. A program that imports from one loads; a call of what it
 * imports ends the run, as a missing routine of a DLL that is here does. LoadLibrary does not find them.
 */
static BOOLEAN
LdrpIsWindowsDll(PCUNICODE_STRING Name)
{
    static const PCWSTR Names[] = {L"bcrypt",   L"bcryptprimitives",
                                   L"cabinet",  L"cfgmgr32",
                                   L"comctl32", L"comdlg32",
                                   L"combase",  L"credui",
                                   L"crypt32",  L"cryptsp",
                                   L"dbgcore",  L"dbgeng",
                                   L"dbghelp",  L"devobj",
                                   L"dnsapi",   L"dwmapi",
                                   L"fltlib",   L"gdi32",
                                   L"hid",      L"imagehlp",
                                   L"imm32",    L"iphlpapi",
                                   L"mpr",      L"msi",
                                   L"mswsock",  L"ncrypt",
                                   L"netapi32", L"newdev",
                                   L"normaliz", L"ole32",
                                   L"oleaut32", L"pdh",
                                   L"powrprof", L"propsys",
                                   L"rpcrt4",   L"samlib",
                                   L"sechost",  L"secur32",
                                   L"setupapi", L"shcore",
                                   L"shell32",  L"shlwapi",
                                   L"sspicli",  L"taskschd",
                                   L"tdh",      L"urlmon",
                                   L"userenv",  L"uxtheme",
                                   L"version",  L"virtdisk",
                                   L"wevtapi",  L"winhttp",
                                   L"wininet",  L"winmm",
                                   L"winsta",   L"wintrust",
                                   L"wldap32",  L"ws2_32",
                                   L"wsock32",  L"wtsapi32",
                                   L"winusb",   L"windowscodecs"};
    UNICODE_STRING Base = *Name, Wanted;

    for (ULONG Index = 0; Index < Base.Length / sizeof(WCHAR); Index++) {
        if (Base.Buffer[Index] == L'.') {
            Base.Length = (USHORT)(Index * sizeof(WCHAR));
        }
    }
    for (ULONG Index = 0; Index < RTL_NUMBER_OF(Names); Index++) {
        RtlInitUnicodeString(&Wanted, Names[Index]);
        if (RtlEqualUnicodeString(&Base, &Wanted, TRUE)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Dll is NULL for a DLL of LdrpIsWindowsDll, DllName its name. */
static NTSTATUS
LdrpSnapDescriptor(PLDR_DATA_TABLE_ENTRY Entry, PLDR_DATA_TABLE_ENTRY Dll, PCUNICODE_STRING DllName,
                   PIMAGE_IMPORT_DESCRIPTOR Descriptor)
{
    PUCHAR Base = Entry->DllBase;
    PIMAGE_THUNK_DATA Table = (PVOID)(Base + Descriptor->FirstThunk), Thunk, Original;
    PVOID Region = Table;
    SIZE_T Count = 0, Size;
    ULONG Old = 0, Ignored;
    NTSTATUS Status;

    Original = Descriptor->OriginalFirstThunk != 0 ? (PVOID)(Base + Descriptor->OriginalFirstThunk)
                                                   : Table;
    while (Original[Count].u1.AddressOfData != 0) {
        Count++;
    }
    if (Count == 0) {
        return STATUS_SUCCESS;
    }
    Size = Count * sizeof(*Table);
    Status = NtProtectVirtualMemory(NtCurrentProcess(), &Region, &Size, PAGE_READWRITE, &Old);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    for (Thunk = Table; Thunk < Table + Count; Thunk++, Original++) {
        PCSTR Name = NULL;
        ULONG Ordinal = 0;
        PVOID Address = NULL;

        if (IMAGE_SNAP_BY_ORDINAL64(Original->u1.Ordinal)) {
            Ordinal = (ULONG)IMAGE_ORDINAL64(Original->u1.Ordinal);
        } else {
            Name = (PCSTR)((PIMAGE_IMPORT_BY_NAME)(Base + Original->u1.AddressOfData))->Name;
        }
        Status = Dll != NULL ? LdrpFindExport(Dll, Name, Ordinal, Entry, &Address)
                             : STATUS_ENTRYPOINT_NOT_FOUND;
        if (!NT_SUCCESS(Status) && (Dll == NULL || LdrpIsSystemImage(Dll))) {
            Address = LdrpMakeMissing(DllName, Name, Ordinal);
            Status = Address != NULL ? STATUS_SUCCESS : STATUS_NO_MEMORY;
        }
        if (!NT_SUCCESS(Status)) {
            UNICODE_STRING Wide;
            ANSI_STRING Ansi;

            RtlInitAnsiString(&Ansi, Name != NULL ? Name : "(ordinal)");
            if (NT_SUCCESS(RtlAnsiStringToUnicodeString(&Wide, &Ansi, TRUE))) {
                LdrpHardError(Status, &Wide, &Dll->BaseDllName, NULL);
                RtlFreeUnicodeString(&Wide);
            }
            break;
        }
        Thunk->u1.Function = (ULONG_PTR)Address;
    }
    NtProtectVirtualMemory(NtCurrentProcess(), &Region, &Size, Old, &Ignored);
    return Status;
}

NTSTATUS
LdrpSnapImports(PLDR_DATA_TABLE_ENTRY Entry)
{
    ULONG Size;
    PIMAGE_IMPORT_DESCRIPTOR Descriptor =
        RtlImageDirectoryEntryToData(Entry->DllBase, TRUE, IMAGE_DIRECTORY_ENTRY_IMPORT, &Size);
    NTSTATUS Status = STATUS_SUCCESS;

    if ((Entry->Flags & LDRP_ENTRY_PROCESSED) != 0) {
        return STATUS_SUCCESS;
    }
    Entry->Flags |= LDRP_ENTRY_PROCESSED;
    for (; Descriptor != NULL && Descriptor->Name != 0 && Descriptor->FirstThunk != 0;
         Descriptor++) {
        PLDR_DATA_TABLE_ENTRY Dll;
        UNICODE_STRING Name;
        ANSI_STRING Ansi;

        RtlInitAnsiString(&Ansi, (PCSTR)Entry->DllBase + Descriptor->Name);
        Status = RtlAnsiStringToUnicodeString(&Name, &Ansi, TRUE);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Status = LdrpLoad(&Name, &Dll);
        if (NT_SUCCESS(Status)) {
            Status = LdrpHold(Entry, Dll);
            if (NT_SUCCESS(Status)) {
                Status = LdrpSnapDescriptor(Entry, Dll, &Dll->BaseDllName, Descriptor);
            }
        } else if (Status == STATUS_DLL_NOT_FOUND && LdrpIsWindowsDll(&Name)) {
            Status = LdrpSnapDescriptor(Entry, NULL, &Name, Descriptor);
        } else {
            LdrpHardError(Status, &Name, &Entry->BaseDllName, NULL);
        }
        RtlFreeUnicodeString(&Name);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    return Status;
}

NTSTATUS NTAPI
LdrGetProcedureAddress(PVOID Base, PANSI_STRING Name, ULONG Ordinal, PVOID *Address)
{
    PLDR_DATA_TABLE_ENTRY Entry;
    NTSTATUS Status = STATUS_DLL_NOT_FOUND;
    CHAR Text[256];

    if (Name != NULL) {
        if (Name->Length >= sizeof(Text)) {
            return STATUS_ENTRYPOINT_NOT_FOUND;
        }
        RtlCopyMemory(Text, Name->Buffer, Name->Length);
        Text[Name->Length] = 0;
    }
    RtlEnterCriticalSection(&LdrpLoaderLock);
    Entry = LdrpFindByAddress(Base);
    if (Entry != NULL && Entry->DllBase == Base) {
        Status = LdrpFindExport(Entry, Name != NULL ? Text : NULL, Ordinal, NULL, Address);
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return Status;
}

NTSTATUS NTAPI
LdrGetProcedureAddressEx(PVOID Base, PANSI_STRING Name, ULONG Ordinal, PVOID *Address, ULONG Flags)
{
    return LdrGetProcedureAddress(Base, Name, Ordinal, Address);
}
