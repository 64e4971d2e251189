/*
 * path.c - full names, searching, temporary names, drives and volumes. One drive: C:, fixed, read-only.
 */
#include "user/kernel32/base.h"

DWORD WINAPI
GetFullPathNameW(LPCWSTR Name, DWORD Room, LPWSTR Buffer, LPWSTR *FilePart)
{
    return RtlGetFullPathName_U(Name, Room * sizeof(WCHAR), Buffer, FilePart) / sizeof(WCHAR);
}

DWORD WINAPI
GetFullPathNameA(LPCSTR Name, DWORD Room, LPSTR Buffer, LPSTR *FilePart)
{
    UNICODE_STRING WideName;
    WCHAR Wide[1024];
    LPWSTR Part = NULL;
    DWORD Length;

    if (!BaseToWide(&WideName, Name)) {
        return 0;
    }
    Length = GetFullPathNameW(WideName.Buffer, RTL_NUMBER_OF(Wide), Wide, &Part);
    RtlFreeUnicodeString(&WideName);
    if (Length == 0 || Length >= RTL_NUMBER_OF(Wide)) {
        return 0;
    }
    Length = BaseToAnsi(Wide, Length, Buffer, Room);
    if (FilePart != NULL) {
        *FilePart = Part != NULL && Length < Room ? Buffer + (Part - Wide) : NULL;
    }
    return Length;
}

DWORD WINAPI
SearchPathW(LPCWSTR Path, LPCWSTR Name, LPCWSTR Extension, DWORD Room, LPWSTR Buffer,
            LPWSTR *FilePart)
{
    WCHAR Default[1024];
    DWORD Length;

    if (Name == NULL || *Name == 0) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return 0;
    }
    if (Path == NULL) {
        DWORD Used = GetModuleFileNameW(NULL, Default, MAX_PATH);

        while (Used > 0 && Default[Used - 1] != L'\\') {
            Used--;
        }
        wcscpy(Default + Used, L";.;C:\\Windows\\System32;C:\\Windows;");
        Used = (DWORD)wcslen(Default);
        if (GetEnvironmentVariableW(L"PATH", Default + Used, RTL_NUMBER_OF(Default) - Used) >=
            RTL_NUMBER_OF(Default) - Used) {
            Default[Used] = 0;
        }
        Path = Default;
    }
    Length = RtlDosSearchPath_U(Path, Name, Extension, Room * sizeof(WCHAR), Buffer, FilePart);
    if (Length == 0) {
        BaseFailWith(ERROR_FILE_NOT_FOUND);
    }
    return Length / sizeof(WCHAR);
}

DWORD WINAPI
SearchPathA(LPCSTR Path, LPCSTR Name, LPCSTR Extension, DWORD Room, LPSTR Buffer, LPSTR *FilePart)
{
    UNICODE_STRING WidePath = {0}, WideName = {0}, WideExtension = {0};
    WCHAR Wide[600];
    LPWSTR Part = NULL;
    DWORD Length = 0;

    if (BaseToWide(&WidePath, Path) && BaseToWide(&WideName, Name) &&
        BaseToWide(&WideExtension, Extension)) {
        Length = SearchPathW(WidePath.Buffer, WideName.Buffer, WideExtension.Buffer,
                             RTL_NUMBER_OF(Wide), Wide, &Part);
    }
    RtlFreeUnicodeString(&WidePath);
    RtlFreeUnicodeString(&WideName);
    RtlFreeUnicodeString(&WideExtension);
    if (Length == 0 || Length >= RTL_NUMBER_OF(Wide)) {
        return 0;
    }
    Length = BaseToAnsi(Wide, Length, Buffer, Room);
    if (FilePart != NULL) {
        *FilePart = Part != NULL && Length < Room ? Buffer + (Part - Wide) : NULL;
    }
    return Length;
}

/* Copies a constant folder out. */
static UINT
BaseFolder(PCWSTR Folder, LPWSTR Buffer, UINT Room)
{
    UINT Length = (UINT)wcslen(Folder);

    if (Buffer == NULL || Length + 1 > Room) {
        return Length + 1;
    }
    wcscpy(Buffer, Folder);
    return Length;
}

UINT WINAPI
GetSystemDirectoryW(LPWSTR Buffer, UINT Room)
{
    return BaseFolder(L"C:\\Windows\\System32", Buffer, Room);
}

UINT WINAPI
GetSystemDirectoryA(LPSTR Buffer, UINT Room)
{
    return BaseToAnsi(L"C:\\Windows\\System32", 19, Buffer, Room);
}

UINT WINAPI
GetWindowsDirectoryW(LPWSTR Buffer, UINT Room)
{
    return BaseFolder(L"C:\\Windows", Buffer, Room);
}

UINT WINAPI
GetWindowsDirectoryA(LPSTR Buffer, UINT Room)
{
    return BaseToAnsi(L"C:\\Windows", 10, Buffer, Room);
}

/* TMP, TEMP, USERPROFILE, the Windows directory. [LEARN: GetTempPath] */
DWORD WINAPI
GetTempPathW(DWORD Room, LPWSTR Buffer)
{
    WCHAR Folder[MAX_PATH], Full[MAX_PATH];
    DWORD Length = GetEnvironmentVariableW(L"TMP", Folder, MAX_PATH - 1);

    if (Length == 0 || Length >= MAX_PATH - 1) {
        Length = GetEnvironmentVariableW(L"TEMP", Folder, MAX_PATH - 1);
    }
    if (Length == 0 || Length >= MAX_PATH - 1) {
        Length = GetEnvironmentVariableW(L"USERPROFILE", Folder, MAX_PATH - 1);
    }
    if (Length == 0 || Length >= MAX_PATH - 1) {
        Length = GetWindowsDirectoryW(Folder, MAX_PATH - 1);
    }
    Length = GetFullPathNameW(Folder, RTL_NUMBER_OF(Full) - 1, Full, NULL);
    if (Length != 0 && Length < RTL_NUMBER_OF(Full) - 1) {
        wcscpy(Folder, Full);
    }
    Length = (DWORD)wcslen(Folder);
    if (Folder[Length - 1] != L'\\') {
        Folder[Length++] = L'\\';
        Folder[Length] = 0;
    }
    if (Buffer !=
        NULL) { /* what is behind the path is cleared, all of it where the path does not fit */
        RtlZeroMemory(Buffer, min(Room, 0x7FFF) * sizeof(WCHAR));
    }
    return BaseFolder(Folder, Buffer, Room);
}

DWORD WINAPI
GetTempPathA(DWORD Room, LPSTR Buffer)
{
    WCHAR Folder[MAX_PATH];
    DWORD Length = GetTempPathW(MAX_PATH, Folder);

    return BaseToAnsi(Folder, Length, Buffer, Room);
}

/* With a number only the name is made; without, a file is created, which a read-only volume refuses. */
UINT WINAPI
GetTempFileNameW(LPCWSTR Path, LPCWSTR Prefix, UINT Unique, LPWSTR Result)
{
    UINT Number = Unique & 0xFFFF, Tries;
    DWORD Attributes = GetFileAttributesW(Path);
    HANDLE File;

    if (Attributes == INVALID_FILE_ATTRIBUTES || !(Attributes & FILE_ATTRIBUTE_DIRECTORY)) {
        BaseFailWith(ERROR_DIRECTORY);
        return 0;
    }
    if (wcslen(Path) > MAX_PATH - 14) {
        BaseFailWith(ERROR_BUFFER_OVERFLOW);
        return 0;
    }
    if (Number == 0) {
        Number = (GetTickCount() & 0xFFFF) | 1;
    }
    for (Tries = 0; Tries < 0xFFFF; Tries++, Number = Number % 0xFFFF + 1) {
        _snwprintf(Result, MAX_PATH, L"%ls%ls%.3ls%x.tmp", Path,
                   Path[wcslen(Path) - 1] == L'\\' ? L"" : L"\\", Prefix != NULL ? Prefix : L"",
                   Number);
        if (Unique != 0) {
            return Number;
        }
        File = CreateFileW(Result, GENERIC_READ, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
        if (File != INVALID_HANDLE_VALUE) {
            CloseHandle(File);
            return Number;
        }
        /* A folder of that name, or a file on its way out, denies access: the next number. */
        if (GetLastError() != ERROR_FILE_EXISTS &&
            (GetLastError() != ERROR_ACCESS_DENIED ||
             (GetFileAttributesW(Result) == INVALID_FILE_ATTRIBUTES &&
              GetLastError() != ERROR_ACCESS_DENIED))) {
            return 0;
        }
    }
    return 0;
}

UINT WINAPI
GetTempFileNameA(LPCSTR Path, LPCSTR Prefix, UINT Unique, LPSTR Result)
{
    UNICODE_STRING WidePath, WidePrefix;
    WCHAR Wide[MAX_PATH];
    UINT Number = 0;

    if (!BaseToWide(&WidePath, Path)) {
        return 0;
    }
    if (BaseToWide(&WidePrefix, Prefix)) {
        Number = GetTempFileNameW(WidePath.Buffer, WidePrefix.Buffer, Unique, Wide);
        if (Number != 0) {
            BaseToAnsi(Wide, (DWORD)wcslen(Wide), Result, MAX_PATH);
        }
        RtlFreeUnicodeString(&WidePrefix);
    }
    RtlFreeUnicodeString(&WidePath);
    return Number;
}

/* The device that a letter leads to, without the volume on it. */
static UINT
BaseTypeOfDrive(WCHAR Letter)
{
    WCHAR Name[] = L"\\??\\X:";
    OBJECT_ATTRIBUTES Attributes;
    FILE_FS_DEVICE_INFORMATION Device;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING Path;
    NTSTATUS Status;
    HANDLE File;

    Name[4] = Letter;
    RtlInitUnicodeString(&Path, Name);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenFile(&File, SYNCHRONIZE | FILE_READ_ATTRIBUTES, &Attributes, &Iosb,
                        FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_SYNCHRONOUS_IO_NONALERT);
    if (!NT_SUCCESS(Status)) {
        return DRIVE_NO_ROOT_DIR;
    }
    Status =
        NtQueryVolumeInformationFile(File, &Iosb, &Device, sizeof(Device), FileFsDeviceInformation);
    NtClose(File);
    if (!NT_SUCCESS(Status)) {
        return DRIVE_UNKNOWN;
    }
    switch (Device.DeviceType) {
    case FILE_DEVICE_DISK:
    case FILE_DEVICE_DISK_FILE_SYSTEM:
        return Device.Characteristics & 1 /* FILE_REMOVABLE_MEDIA */ ? DRIVE_REMOVABLE
                                                                     : DRIVE_FIXED;
    case FILE_DEVICE_VIRTUAL_DISK:
        return DRIVE_RAMDISK;
    case FILE_DEVICE_CD_ROM:
    case FILE_DEVICE_CD_ROM_FILE_SYSTEM:
        return DRIVE_CDROM;
    case FILE_DEVICE_NETWORK:
    case FILE_DEVICE_NETWORK_FILE_SYSTEM:
        return DRIVE_REMOTE;
    }
    return DRIVE_UNKNOWN;
}

DWORD WINAPI
GetLogicalDrives(VOID)
{
    WCHAR Name[] = L"A:", Target[64];
    DWORD Drives = 0;

    for (DWORD Bit = 0; Bit < 26; Bit++) {
        Name[0] = (WCHAR)(L'A' + Bit);
        if (QueryDosDeviceW(Name, Target, RTL_NUMBER_OF(Target)) != 0 ||
            GetLastError() == ERROR_INSUFFICIENT_BUFFER) {
            Drives |= 1u << Bit;
        }
    }
    return Drives;
}

/* NULL: the current directory's drive. "X:" is its root, as GetDriveType has it. */
UINT WINAPI
GetDriveTypeW(LPCWSTR Root)
{
    WCHAR Full[MAX_PATH];

    if (Root == NULL) {
        return GetCurrentDirectoryW(MAX_PATH, Full) != 0 && Full[1] == L':'
                   ? BaseTypeOfDrive(Full[0])
                   : DRIVE_UNKNOWN;
    }
    if (((Root[0] | 0x20) < L'a' || (Root[0] | 0x20) > L'z') || Root[1] != L':' ||
        (Root[2] != 0 && (Root[2] != L'\\' || Root[3] != 0))) {
        return DRIVE_NO_ROOT_DIR;
    }
    return BaseTypeOfDrive(Root[0]);
}

ANSI_FORM(UINT, GetDriveTypeA, (LPCSTR Root), Root, DRIVE_UNKNOWN, GetDriveTypeW(Wide.Buffer))

/* All names of \\??, each with its zero, and one more zero. */
static DWORD
BaseListDevices(LPWSTR Buffer, DWORD Room)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    struct {
        OBJECT_DIRECTORY_ENTRY Entry;
        WCHAR Text[512];
    } One;
    ULONG Context = 0;
    DWORD Length = 0;
    HANDLE Directory;
    NTSTATUS Status;

    RtlInitUnicodeString(&Name, L"\\??");
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenDirectoryObject(&Directory, 1 /* DIRECTORY_QUERY */, &Attributes);
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return 0;
    }
    while (NT_SUCCESS(
        NtQueryDirectoryObject(Directory, &One, sizeof(One), TRUE, FALSE, &Context, NULL))) {
        DWORD Count = One.Entry.Name.Length / sizeof(WCHAR);

        if (Length + Count + 2 > Room) {
            NtClose(Directory);
            BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
            return 0;
        }
        RtlCopyMemory(Buffer + Length, One.Entry.Name.Buffer, Count * sizeof(WCHAR));
        Buffer[Length + Count] = 0;
        Length += Count + 1;
    }
    NtClose(Directory);
    Buffer[Length++] = 0;
    return Length;
}

DWORD WINAPI
QueryDosDeviceW(LPCWSTR Device, LPWSTR Buffer, DWORD Room)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name, Target;
    WCHAR Path[260];
    HANDLE Link;
    NTSTATUS Status;
    DWORD Length;

    if (Device == NULL) {
        return BaseListDevices(Buffer, Room);
    }
    if (_snwprintf(Path, RTL_NUMBER_OF(Path), L"\\??\\%ls", Device) < 0) {
        BaseFailWith(ERROR_FILE_NOT_FOUND);
        return 0;
    }
    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenSymbolicLinkObject(&Link, SYMBOLIC_LINK_QUERY, &Attributes);
    if (NT_SUCCESS(Status)) {
        Target.Buffer = Buffer;
        Target.Length = 0;
        Target.MaximumLength = (USHORT)(min(Room, 0x7FF0) * sizeof(WCHAR));
        Status = NtQuerySymbolicLinkObject(Link, &Target, NULL);
        NtClose(Link);
    }
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return 0;
    }
    Length = Target.Length / sizeof(WCHAR);
    if (Length + 2 > Room) {
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    Buffer[Length] = Buffer[Length + 1] = 0;
    return Length + 2;
}

DWORD WINAPI
QueryDosDeviceA(LPCSTR Device, LPSTR Buffer, DWORD Room)
{
    UNICODE_STRING WideDevice;
    PWSTR Wide = NULL;
    DWORD Length = 0;

    if (!BaseToWide(&WideDevice, Device)) {
        return 0;
    }
    Wide = RtlAllocateHeap(BaseHeap(), 0, ((SIZE_T)Room + 1) * sizeof(WCHAR));
    if (Wide != NULL) {
        Length = QueryDosDeviceW(WideDevice.Buffer, Wide, Room);
        if (Length != 0) {
            BaseToAnsi(Wide, Length - 1, Buffer, Room);
        }
        RtlFreeHeap(BaseHeap(), 0, Wide);
    } else {
        BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
    }
    RtlFreeUnicodeString(&WideDevice);
    return Length;
}

/* A name in \??: the session's own directory of DOS devices is the global one. */
BOOL WINAPI
DefineDosDeviceW(DWORD Flags, LPCWSTR Device, LPCWSTR Target)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name, Path;
    WCHAR Text[260];
    HANDLE Link;
    NTSTATUS Status;

    if (_snwprintf(Text, RTL_NUMBER_OF(Text), L"\\??\\%ls", Device) < 0) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    RtlInitUnicodeString(&Name, Text);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, NULL,
                               NULL);
    if ((Flags & DDD_REMOVE_DEFINITION) != 0) {
        Status = NtOpenSymbolicLinkObject(&Link, DELETE, &Attributes);
        if (NT_SUCCESS(Status)) {
            Status = NtMakeTemporaryObject(Link);
            NtClose(Link);
        }
        return BaseResult(Status);
    }
    if ((Flags & DDD_RAW_TARGET_PATH) != 0) {
        RtlInitUnicodeString(&Path, Target);
        Status = NtCreateSymbolicLinkObject(&Link, SYMBOLIC_LINK_ALL_ACCESS, &Attributes, &Path);
    } else {
        if (!BaseNtPath(Target, &Path)) {
            return FALSE;
        }
        Status = NtCreateSymbolicLinkObject(&Link, SYMBOLIC_LINK_ALL_ACCESS, &Attributes, &Path);
        RtlFreeUnicodeString(&Path);
    }
    if (NT_SUCCESS(Status)) {
        NtClose(Link);
    }
    return BaseResult(Status);
}

BOOL WINAPI
DefineDosDeviceA(DWORD Flags, LPCSTR Device, LPCSTR Target)
{
    UNICODE_STRING WideDevice, WideTarget;
    BOOL Result = FALSE;

    if (!BaseToWide(&WideDevice, Device)) {
        return FALSE;
    }
    if (BaseToWide(&WideTarget, Target)) {
        Result = DefineDosDeviceW(Flags, WideDevice.Buffer, WideTarget.Buffer);
        RtlFreeUnicodeString(&WideTarget);
    }
    RtlFreeUnicodeString(&WideDevice);
    return Result;
}
