/*
 * ldrload.c - finds, maps, references and unloads images.
 *
 * An image is known by its base name, compared without case, as on Windows: a second load of a name that is
 * loaded is one more reference, whatever the path. The kernel maps and relocates (NtCreateSection with
 * SEC_IMAGE); here the entry is made, imports are bound and the order of DllMain is kept.
 *
 * Search order without a path: the folder of the program, the system folder, the Windows folder, the
 * current folder, PATH ("Dynamic-link library search order", safe search mode).
 */
#include "user/ntdll/ntdllp.h"

#define LDRP_MAX_PATH 520

static const WCHAR *
LdrpLastPart(PCUNICODE_STRING Name, PUSHORT Bytes)
{
    USHORT At = Name->Length / sizeof(WCHAR);

    while (At > 0 && Name->Buffer[At - 1] != L'\\' && Name->Buffer[At - 1] != L'/') {
        At--;
    }
    *Bytes = Name->Length - At * sizeof(WCHAR);
    return Name->Buffer + At;
}

PLDR_DATA_TABLE_ENTRY
LdrpFindByName(PCUNICODE_STRING Name)
{
    UNICODE_STRING Base;
    PLIST_ENTRY Links;

    Base.Buffer = (PWSTR)LdrpLastPart(Name, &Base.Length);
    Base.MaximumLength = Base.Length;
    for (Links = LdrpData.InLoadOrderModuleList.Flink; Links != &LdrpData.InLoadOrderModuleList;
         Links = Links->Flink) {
        PLDR_DATA_TABLE_ENTRY Entry =
            CONTAINING_RECORD(Links, LDR_DATA_TABLE_ENTRY, InLoadOrderLinks);

        if (RtlEqualUnicodeString(&Entry->BaseDllName, &Base, TRUE)) {
            return Entry;
        }
    }
    return NULL;
}

PLDR_DATA_TABLE_ENTRY
LdrpFindByAddress(const VOID *Address)
{
    PLIST_ENTRY Links;

    if (LdrpData.InLoadOrderModuleList.Flink == NULL) {
        return NULL;
    }
    for (Links = LdrpData.InLoadOrderModuleList.Flink; Links != &LdrpData.InLoadOrderModuleList;
         Links = Links->Flink) {
        PLDR_DATA_TABLE_ENTRY Entry =
            CONTAINING_RECORD(Links, LDR_DATA_TABLE_ENTRY, InLoadOrderLinks);

        if ((ULONG_PTR)Address - (ULONG_PTR)Entry->DllBase < Entry->SizeOfImage) {
            return Entry;
        }
    }
    return NULL;
}

BOOLEAN
LdrpIsSystemImage(PLDR_DATA_TABLE_ENTRY Entry)
{
    return RtlPrefixUnicodeString(&LdrpSystemDirectory, &Entry->FullDllName, TRUE);
}

VOID
LdrpReference(PLDR_DATA_TABLE_ENTRY Entry)
{
    if (Entry->References != -1) {
        Entry->References++;
    }
}

PLDR_DATA_TABLE_ENTRY
LdrpInsert(PVOID Base, PCUNICODE_STRING FullName)
{
    PIMAGE_NT_HEADERS Headers = RtlImageNtHeader(Base);
    PLDR_DATA_TABLE_ENTRY Entry;
    USHORT Bytes;

    Entry = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY,
                            sizeof(*Entry) + FullName->Length + sizeof(WCHAR));
    if (Entry == NULL) {
        return NULL;
    }
    Entry->DllBase = Base;
    Entry->SizeOfImage = Headers->OptionalHeader.SizeOfImage;
    Entry->TimeDateStamp = Headers->FileHeader.TimeDateStamp;
    if (Headers->OptionalHeader.AddressOfEntryPoint != 0) {
        Entry->EntryPoint = (PUCHAR)Base + Headers->OptionalHeader.AddressOfEntryPoint;
    }
    Entry->FullDllName.Buffer = (PWSTR)(Entry + 1);
    Entry->FullDllName.Length = FullName->Length;
    Entry->FullDllName.MaximumLength = FullName->Length + sizeof(WCHAR);
    RtlCopyMemory(Entry->FullDllName.Buffer, FullName->Buffer, FullName->Length);
    Entry->BaseDllName.Buffer = (PWSTR)LdrpLastPart(&Entry->FullDllName, &Bytes);
    Entry->BaseDllName.Length = Bytes;
    Entry->BaseDllName.MaximumLength = Bytes + sizeof(WCHAR);
    Entry->References = 0;
    Entry->ObsoleteLoadCount = 0xFFFF;
    Entry->TlsIndex = 0xFFFF;
    if ((Headers->FileHeader.Characteristics & IMAGE_FILE_DLL) != 0) {
        Entry->Flags |= LDRP_IMAGE_DLL;
    } else if (LdrpImage != NULL) {
        Entry->EntryPoint =
            NULL; /* a program that is loaded as a library: nobody calls its start */
    }
    InitializeListHead(&Entry->HashLinks);
    InsertTailList(&LdrpData.InLoadOrderModuleList, &Entry->InLoadOrderLinks);
    InsertTailList(&LdrpData.InMemoryOrderModuleList, &Entry->InMemoryOrderLinks);
    return Entry;
}

/* Opens the file and maps it; STATUS_OBJECT_NAME_NOT_FOUND and STATUS_OBJECT_PATH_NOT_FOUND: go on searching. */
static NTSTATUS
LdrpMapFile(PCWSTR DosPath, PVOID *Base)
{
    UNICODE_STRING NtName;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    HANDLE File, Section;
    SIZE_T ViewSize = 0;
    NTSTATUS Status;

    if (!RtlDosPathNameToNtPathName_U(DosPath, &NtName, NULL, NULL)) {
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    InitializeObjectAttributes(&Attributes, &NtName, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenFile(&File, FILE_EXECUTE | FILE_READ_DATA | SYNCHRONIZE, &Attributes, &Iosb,
                        FILE_SHARE_READ | FILE_SHARE_DELETE,
                        FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT);
    RtlFreeUnicodeString(&NtName);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = NtCreateSection(&Section, SECTION_MAP_READ | SECTION_MAP_EXECUTE | SECTION_QUERY, NULL,
                             NULL, PAGE_EXECUTE, SEC_IMAGE, File);
    NtClose(File);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *Base = NULL;
    Status = NtMapViewOfSection(Section, NtCurrentProcess(), Base, 0, 0, NULL, &ViewSize, ViewShare,
                                0, PAGE_EXECUTE_WRITECOPY);
    NtClose(Section);
    return Status;
}

static BOOLEAN
LdrpIsAbsent(NTSTATUS Status)
{
    return Status == STATUS_OBJECT_NAME_NOT_FOUND || Status == STATUS_OBJECT_PATH_NOT_FOUND ||
           Status == STATUS_NO_SUCH_FILE || Status == STATUS_OBJECT_NAME_INVALID ||
           Status == STATUS_OBJECT_PATH_SYNTAX_BAD || Status == STATUS_NO_SUCH_DEVICE ||
           Status == STATUS_NOT_A_DIRECTORY || Status == STATUS_FILE_IS_A_DIRECTORY;
}

/* Tries Folder + Name; Folder need not end in a backslash. */
static NTSTATUS
LdrpTryFolder(PCWSTR Folder, ULONG FolderLength, PCUNICODE_STRING Name, PWSTR Path, PVOID *Base)
{
    if (FolderLength == 0 || FolderLength + Name->Length / sizeof(WCHAR) + 2 > LDRP_MAX_PATH) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    RtlCopyMemory(Path, Folder, FolderLength * sizeof(WCHAR));
    if (Path[FolderLength - 1] != L'\\') {
        Path[FolderLength++] = L'\\';
    }
    RtlCopyMemory(Path + FolderLength, Name->Buffer, Name->Length);
    Path[FolderLength + Name->Length / sizeof(WCHAR)] = 0;
    return LdrpMapFile(Path, Base);
}

static NTSTATUS
LdrpSearchPath(PCWSTR List, PCUNICODE_STRING Name, PWSTR Path, PVOID *Base)
{
    while (*List != 0) {
        ULONG Length = 0;
        NTSTATUS Status;

        while (List[Length] != 0 && List[Length] != L';') {
            Length++;
        }
        Status = LdrpTryFolder(List, Length, Name, Path, Base);
        if (!LdrpIsAbsent(Status)) {
            return Status;
        }
        List += Length;
        if (*List == L';') {
            List++;
        }
    }
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

/* A DLL that the system has a section of (\KnownDlls): no file is opened. */
static NTSTATUS
LdrpMapKnown(PCUNICODE_STRING Name, PWSTR Path, PVOID *Base)
{
    static const WCHAR Folder[] = L"C:\\Windows\\System32\\";
    WCHAR Buffer[LDRP_MAX_PATH];
    UNICODE_STRING Full = {0, sizeof(Buffer), Buffer};
    OBJECT_ATTRIBUTES Attributes;
    SIZE_T ViewSize = 0;
    HANDLE Section;
    NTSTATUS Status;

    RtlAppendUnicodeToString(&Full, L"\\KnownDlls\\");
    RtlAppendUnicodeStringToString(&Full, Name);
    InitializeObjectAttributes(&Attributes, &Full, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenSection(&Section, SECTION_MAP_READ | SECTION_MAP_EXECUTE, &Attributes);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *Base = NULL;
    Status = NtMapViewOfSection(Section, NtCurrentProcess(), Base, 0, 0, NULL, &ViewSize, ViewShare,
                                0, PAGE_EXECUTE_WRITECOPY);
    NtClose(Section);
    RtlCopyMemory(Path, Folder, sizeof(Folder) - sizeof(WCHAR));
    RtlCopyMemory((PUCHAR)Path + sizeof(Folder) - sizeof(WCHAR), Name->Buffer, Name->Length);
    Path[(sizeof(Folder) - sizeof(WCHAR) + Name->Length) / sizeof(WCHAR)] = 0;
    return Status;
}

/* Finds and maps Name, a path or a bare name; Path receives where. */
static NTSTATUS
LdrpFindAndMap(PCUNICODE_STRING Name, PWSTR Path, PVOID *Base)
{
    PRTL_USER_PROCESS_PARAMETERS Parameters = NtCurrentPeb()->ProcessParameters;
    UNICODE_STRING Program = Parameters->ImagePathName, Key, Value;
    NTSTATUS Status;
    USHORT Bytes;
    ULONG Length;
    PWSTR List;

    if (LdrpLastPart(Name, &Bytes) != Name->Buffer ||
        (Name->Length > 2 && Name->Buffer[1] == L':')) {
        WCHAR Given[LDRP_MAX_PATH];

        RtlCopyMemory(Given, Name->Buffer, Name->Length);
        Given[Name->Length / sizeof(WCHAR)] = 0;
        Length = RtlGetFullPathName_U(Given, LDRP_MAX_PATH * sizeof(WCHAR), Path, NULL);
        if (Length == 0 || Length >= LDRP_MAX_PATH * sizeof(WCHAR)) {
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        return LdrpMapFile(Path, Base);
    }
    Status = LdrpMapKnown(Name, Path, Base);
    if (!LdrpIsAbsent(Status)) {
        return Status;
    }
    LdrpLastPart(&Program, &Bytes);
    Status =
        LdrpTryFolder(Program.Buffer, (Program.Length - Bytes) / sizeof(WCHAR), Name, Path, Base);
    if (LdrpIsAbsent(Status)) {
        Status = LdrpSearchPath(L"C:\\Windows\\System32;C:\\Windows", Name, Path, Base);
    }
    if (LdrpIsAbsent(Status)) {
        Status = LdrpTryFolder(Parameters->CurrentDirectory.DosPath.Buffer,
                               Parameters->CurrentDirectory.DosPath.Length / sizeof(WCHAR), Name,
                               Path, Base);
    }
    if (!LdrpIsAbsent(Status)) {
        return Status;
    }
    RtlInitUnicodeString(&Key, L"PATH");
    List = RtlAllocateHeap(RtlProcessHeap(), 0, 0x10000);
    if (List == NULL) {
        return STATUS_NO_MEMORY;
    }
    Value.Buffer = List;
    Value.Length = 0;
    Value.MaximumLength = 0xFFF0;
    if (NT_SUCCESS(RtlQueryEnvironmentVariable_U(NULL, &Key, &Value))) {
        List[Value.Length / sizeof(WCHAR)] = 0;
        Status = LdrpSearchPath(List, Name, Path, Base);
    }
    RtlFreeHeap(RtlProcessHeap(), 0, List);
    return Status;
}

static VOID
LdrpRemove(PLDR_DATA_TABLE_ENTRY Entry)
{
    ULONG Index;

    RemoveEntryList(&Entry->InLoadOrderLinks);
    RemoveEntryList(&Entry->InMemoryOrderLinks);
    if (Entry->InitListed) {
        RemoveEntryList(&Entry->InInitializationOrderLinks);
    }
    for (Index = 0; Index < Entry->ImportCount; Index++) {
        LdrpRelease(Entry->Imports[Index]);
    }
    if (Entry->Imports != NULL) {
        RtlFreeHeap(RtlProcessHeap(), 0, Entry->Imports);
    }
    NtUnmapViewOfSection(NtCurrentProcess(), Entry->DllBase);
    RtlFreeHeap(RtlProcessHeap(), 0, Entry);
}

VOID
LdrpRelease(PLDR_DATA_TABLE_ENTRY Entry)
{
    if (Entry->References == -1 || --Entry->References > 0) {
        return;
    }
    if ((Entry->Flags & LDRP_PROCESS_ATTACH_CALLED) != 0) {
        Entry->Flags &= ~LDRP_PROCESS_ATTACH_CALLED;
        LdrpCallInit(Entry, DLL_PROCESS_DETACH, NULL);
        LdrpNotify(Entry, LDRP_DLL_UNLOADED);
    }
    LdrpRemove(Entry);
}

/* Maps Name and all that it imports; adds a reference. Nothing of it has run when this returns. */
NTSTATUS
LdrpLoad(PCUNICODE_STRING Given, PLDR_DATA_TABLE_ENTRY *Loaded)
{
    UNICODE_STRING Name, Full;
    WCHAR Buffer[LDRP_MAX_PATH], Path[LDRP_MAX_PATH];
    PLDR_DATA_TABLE_ENTRY Entry;
    const WCHAR *Part;
    USHORT Bytes;
    ULONG Index;
    BOOLEAN HasDot = FALSE;
    PVOID Base;
    NTSTATUS Status;

    if (Given->Length == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Given->Length > (LDRP_MAX_PATH - 8) * sizeof(WCHAR)) {
        return STATUS_NAME_TOO_LONG;
    }
    Name.Buffer = Buffer;
    Name.MaximumLength = sizeof(Buffer);
    LdrpApiSet(Given, &Name);
    Part = LdrpLastPart(&Name, &Bytes);
    for (Index = 0; Index < Bytes / sizeof(WCHAR); Index++) {
        HasDot = HasDot || Part[Index] == L'.';
    }
    if (!HasDot) {
        RtlAppendUnicodeToString(&Name, L".dll");
    } else if (Name.Buffer[Name.Length / sizeof(WCHAR) - 1] == L'.') {
        Name.Length -= sizeof(WCHAR); /* a trailing point: no extension wanted */
    }
    Entry = LdrpFindByName(&Name);
    if (Entry != NULL) {
        LdrpReference(Entry);
        *Loaded = Entry;
        return STATUS_SUCCESS;
    }
    Status = LdrpFindAndMap(&Name, Path, &Base);
    if (!NT_SUCCESS(Status)) {
        return LdrpIsAbsent(Status) ? STATUS_DLL_NOT_FOUND : Status;
    }
    RtlInitUnicodeString(&Full, Path);
    Entry = LdrpInsert(Base, &Full);
    if (Entry == NULL) {
        NtUnmapViewOfSection(NtCurrentProcess(), Base);
        return STATUS_NO_MEMORY;
    }
    Entry->References = 1;
    Status = LdrpSnapImports(Entry);
    if (NT_SUCCESS(Status) && LdrpData.Initialized) {
        Status = LdrpInitTls(Entry);
    }
    if (!NT_SUCCESS(Status)) {
        Entry->References = 0;
        LdrpRemove(Entry);
        return Status;
    }
    *Loaded = Entry;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
LdrLoadDll(PCWSTR SearchPath, PULONG Characteristics, PUNICODE_STRING Name, PVOID *Base)
{
    PLDR_DATA_TABLE_ENTRY Entry;
    NTSTATUS Status;

    RtlEnterCriticalSection(&LdrpLoaderLock);
    Status = LdrpLoad(Name, &Entry);
    if (NT_SUCCESS(Status)) {
        /* While the process still starts, the first thread attaches everything in its order. */
        if ((Entry->Flags & LDRP_PROCESS_ATTACH_CALLED) == 0) {
            LdrpListForInit(Entry);
            Status = LdrpAttachListed(FALSE);
        }
        if (NT_SUCCESS(Status)) {
            *Base = Entry->DllBase;
        } else {
            LdrpRelease(Entry);
        }
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return Status;
}

NTSTATUS NTAPI
LdrUnloadDll(PVOID Base)
{
    PLDR_DATA_TABLE_ENTRY Entry;
    NTSTATUS Status = STATUS_DLL_NOT_FOUND;

    if (LdrpShutdown) {
        return STATUS_SUCCESS;
    }
    RtlEnterCriticalSection(&LdrpLoaderLock);
    Entry = LdrpFindByAddress(Base);
    if (Entry != NULL && Entry->DllBase == Base) {
        LdrpRelease(Entry);
        Status = STATUS_SUCCESS;
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return Status;
}

NTSTATUS NTAPI
LdrGetDllHandleEx(ULONG Flags, PCWSTR SearchPath, PULONG Characteristics, PUNICODE_STRING Given,
                  PVOID *Base)
{
    UNICODE_STRING Name;
    WCHAR Buffer[LDRP_MAX_PATH];
    PLDR_DATA_TABLE_ENTRY Entry;
    USHORT Index, Bytes;
    const WCHAR *Part;
    BOOLEAN HasDot = FALSE;

    if (Given->Length > (LDRP_MAX_PATH - 8) * sizeof(WCHAR)) {
        return STATUS_NAME_TOO_LONG;
    }
    Name.Buffer = Buffer;
    Name.MaximumLength = sizeof(Buffer);
    LdrpApiSet(Given, &Name);
    Part = LdrpLastPart(&Name, &Bytes);
    for (Index = 0; Index < Bytes / sizeof(WCHAR); Index++) {
        HasDot = HasDot || Part[Index] == L'.';
    }
    if (!HasDot) {
        RtlAppendUnicodeToString(&Name, L".dll");
    } else if (Name.Buffer[Name.Length / sizeof(WCHAR) - 1] == L'.') {
        Name.Length -= sizeof(WCHAR);
    }
    RtlEnterCriticalSection(&LdrpLoaderLock);
    Entry = LdrpFindByName(&Name);
    if (Entry != NULL) {
        if ((Flags & 1) == 0) { /* LDR_GET_DLL_HANDLE_EX_UNCHANGED_REFCOUNT */
            LdrpReference(Entry);
        }
        if ((Flags & 2) != 0) { /* ..._PIN */
            Entry->References = -1;
        }
        *Base = Entry->DllBase;
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return Entry != NULL ? STATUS_SUCCESS : STATUS_DLL_NOT_FOUND;
}

NTSTATUS NTAPI
LdrGetDllHandle(PCWSTR SearchPath, PULONG Characteristics, PUNICODE_STRING Name, PVOID *Base)
{
    return LdrGetDllHandleEx(1, SearchPath, Characteristics, Name, Base);
}

NTSTATUS NTAPI
LdrAddRefDll(ULONG Flags, PVOID Base)
{
    PLDR_DATA_TABLE_ENTRY Entry;

    RtlEnterCriticalSection(&LdrpLoaderLock);
    Entry = LdrpFindByAddress(Base);
    if (Entry != NULL) {
        if ((Flags & 1) != 0) {
            Entry->References = -1;
        } else {
            LdrpReference(Entry);
        }
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return Entry != NULL ? STATUS_SUCCESS : STATUS_DLL_NOT_FOUND;
}

NTSTATUS NTAPI
LdrDisableThreadCalloutsForDll(PVOID Base)
{
    PLDR_DATA_TABLE_ENTRY Entry;
    NTSTATUS Status = STATUS_DLL_NOT_FOUND;

    RtlEnterCriticalSection(&LdrpLoaderLock);
    Entry = LdrpFindByAddress(Base);
    if (Entry != NULL && Entry->Tls == NULL) {
        Entry->Flags |= LDRP_DONT_CALL_FOR_THREADS;
        Status = STATUS_SUCCESS;
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return Status;
}

NTSTATUS NTAPI
LdrFindEntryForAddress(PVOID Address, PLDR_DATA_TABLE_ENTRY *Found)
{
    RtlEnterCriticalSection(&LdrpLoaderLock);
    *Found = LdrpFindByAddress(Address);
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return *Found != NULL ? STATUS_SUCCESS : STATUS_NO_MORE_ENTRIES;
}

/* The full path of the image at Base (NULL: the program); STATUS_BUFFER_TOO_SMALL sets Length to the need. */
NTSTATUS NTAPI
LdrGetDllFullName(PVOID Base, PUNICODE_STRING Name)
{
    PLDR_DATA_TABLE_ENTRY Entry;
    NTSTATUS Status = STATUS_DLL_NOT_FOUND;

    RtlEnterCriticalSection(&LdrpLoaderLock);
    Entry = Base == NULL ? LdrpImage : LdrpFindByAddress(Base);
    if (Entry != NULL && (Base == NULL || Entry->DllBase == Base)) {
        USHORT Bytes = min(Entry->FullDllName.Length, Name->MaximumLength);

        RtlCopyMemory(Name->Buffer, Entry->FullDllName.Buffer, Bytes);
        Name->Length = Entry->FullDllName.Length;
        Status = STATUS_SUCCESS;
        if ((ULONG)Entry->FullDllName.Length + sizeof(WCHAR) > Name->MaximumLength) {
            Status = STATUS_BUFFER_TOO_SMALL;
        } else {
            Name->Buffer[Bytes / sizeof(WCHAR)] = 0;
        }
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return Status;
}

NTSTATUS NTAPI
LdrLockLoaderLock(ULONG Flags, PULONG Disposition, PULONG_PTR Cookie)
{
    if ((Flags & 2) != 0) {
        if (!RtlTryEnterCriticalSection(&LdrpLoaderLock)) {
            if (Disposition != NULL) {
                *Disposition = 2;
            }
            return STATUS_SUCCESS;
        }
    } else {
        RtlEnterCriticalSection(&LdrpLoaderLock);
    }
    if (Disposition != NULL) {
        *Disposition = 1;
    }
    *Cookie = (ULONG_PTR)NtCurrentTeb()->ClientId.UniqueThread;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
LdrUnlockLoaderLock(ULONG Flags, ULONG_PTR Cookie)
{
    if (Cookie != (ULONG_PTR)NtCurrentTeb()->ClientId.UniqueThread) {
        return STATUS_INVALID_PARAMETER_2;
    }
    RtlLeaveCriticalSection(&LdrpLoaderLock);
    return STATUS_SUCCESS;
}
