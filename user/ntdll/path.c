/*
 * path.c - DOS paths: what kind, the full form, the NT name.
 *
 *     C:\a\..\b        drive absolute       \??\C:\b
 *     C:a  \a  a\b     relative             through the current folder
 *     \\server\share   UNC                  \??\UNC\server\share
 *     \\.\name         local device         \??\name          (normalised)
 *     \\?\anything     as it stands         \??\anything
 *     CON NUL COM1 ..  a device anywhere    \??\CON
 *
 * The current folder is ProcessParameters->CurrentDirectory.DosPath, with a backslash at its end. Who sets it has
 * it open, so that nobody removes it. PEB lock while it is read. Facts: "Naming Files, Paths, and Namespaces".
 */
#include "user/ntdll/ntdllp.h"

#define RTLP_PATH_ROOM 1024

static BOOLEAN
RtlpIsSlash(WCHAR Character)
{
    return Character == L'\\' || Character == L'/';
}

RTL_PATH_TYPE NTAPI
RtlDetermineDosPathNameType_U(PCWSTR Path)
{
    if (RtlpIsSlash(Path[0])) {
        if (!RtlpIsSlash(Path[1])) {
            return RtlPathTypeRooted;
        }
        if (Path[2] != L'.' && Path[2] != L'?') {
            return RtlPathTypeUncAbsolute;
        }
        if (RtlpIsSlash(Path[3])) {
            return RtlPathTypeLocalDevice;
        }
        return Path[3] == 0 ? RtlPathTypeRootLocalDevice : RtlPathTypeUncAbsolute;
    }
    if (Path[0] == 0 || Path[1] != L':') {
        return RtlPathTypeRelative;
    }
    return RtlpIsSlash(Path[2]) ? RtlPathTypeDriveAbsolute : RtlPathTypeDriveRelative;
}

/* Where a reserved device name lies in Path: offset in bytes << 16 | length in bytes; 0 if none. */
ULONG NTAPI
RtlIsDosDeviceName_U(PCWSTR Path)
{
    static const PCWSTR Names[] = {L"CON", L"PRN", L"AUX", L"NUL", L"CONIN$", L"CONOUT$"};
    RTL_PATH_TYPE Type = RtlDetermineDosPathNameType_U(Path);
    ULONG End = (ULONG)wcslen(Path), Root, Start, Length, Index;

    if (Type == RtlPathTypeLocalDevice || Type == RtlPathTypeRootLocalDevice ||
        Type == RtlPathTypeUncAbsolute) {
        return 0;
    }
    Root = End > 1 && Path[1] == L':' ? 2 : 0;
    for (Start = End; Start > Root && !RtlpIsSlash(Path[Start - 1]); Start--) {
    }
    /* Whatever follows a point or a colon is no part of the name. */
    for (Length = 0;
         Start + Length < End && Path[Start + Length] != L'.' && Path[Start + Length] != L':';
         Length++) {
    }
    while (Length > 0 && Path[Start + Length - 1] == L' ') {
        Length--;
    }
    for (Index = 0; Index < RTL_NUMBER_OF(Names); Index++) {
        if (wcslen(Names[Index]) == Length && _wcsnicmp(Path + Start, Names[Index], Length) == 0) {
            return (Start * sizeof(WCHAR)) << 16 | Length * sizeof(WCHAR);
        }
    }
    if (Length == 4 && Path[Start + 3] >= L'1' && Path[Start + 3] <= L'9' &&
        (_wcsnicmp(Path + Start, L"COM", 3) == 0 || _wcsnicmp(Path + Start, L"LPT", 3) == 0)) {
        return (Start * sizeof(WCHAR)) << 16 | Length * sizeof(WCHAR);
    }
    return 0;
}

/*
 * Copies Path to Out from character Root on, resolving "." and "..", turning slashes, and dropping points and
 * spaces at the end of the last part. Returns characters, 0 if there is no room.
 */
static ULONG
RtlpNormalize(PCWSTR Path, PWSTR Out, ULONG Used, ULONG Room)
{
    ULONG Root = Used;

    while (*Path != 0) {
        ULONG Length = 0;

        while (RtlpIsSlash(*Path)) {
            Path++;
        }
        while (Path[Length] != 0 && !RtlpIsSlash(Path[Length])) {
            Length++;
        }
        if ((Length == 1 && Path[0] == L'.') ||
            (Length == 2 && Path[0] == L'.' && Path[1] == L'.')) {
            if (Length == 2 && Used > Root) {
                Used--;
                while (Used > Root && Out[Used - 1] != L'\\') {
                    Used--;
                }
            }
            if (Path[Length] == 0 && Used > Root && Out[Used - 1] == L'\\') {
                Used--; /* what it stands for is the last part */
            }
        } else if (Length != 0) {
            ULONG Kept = Length;

            if (Path[Length] == 0) {
                while (Kept > 0 && (Path[Kept - 1] == L'.' || Path[Kept - 1] == L' ')) {
                    Kept--;
                }
            } else if (Kept > 1 && Path[Kept - 1] == L'.' && Path[Kept - 2] != L'.') {
                Kept--;
            }
            if (Used + Kept + 2 > Room) {
                return 0;
            }
            RtlCopyMemory(Out + Used, Path, Kept * sizeof(WCHAR));
            Used += Kept;
            if (Path[Length] != 0) {
                Out[Used++] = L'\\';
            }
        }
        Path += Length;
    }
    Out[Used] = 0;
    return Used;
}

static ULONG
RtlpFullPath(PCWSTR Path, PWSTR Out, ULONG Room)
{
    PUNICODE_STRING Current = &NtCurrentPeb()->ProcessParameters->CurrentDirectory.DosPath;
    ULONG Device = RtlIsDosDeviceName_U(Path), Used, Parts;
    WCHAR Whole[RTLP_PATH_ROOM];

    if (Device != 0) {
        RtlCopyMemory(Out, L"\\\\.\\", 4 * sizeof(WCHAR));
        RtlCopyMemory(Out + 4, (PUCHAR)Path + (Device >> 16), Device & 0xFFFF);
        Used = 4 + (Device & 0xFFFF) / sizeof(WCHAR);
        Out[Used] = 0;
        return Used;
    }
    switch (RtlDetermineDosPathNameType_U(Path)) {
    case RtlPathTypeUncAbsolute:
        Out[0] = Out[1] = L'\\';
        Path += 2;
        /* The server and the share are the root: ".." does not leave them. */
        for (Used = 2, Parts = 0; *Path != 0 && Parts < 2; Path++) {
            if (Used + 2 > Room) {
                return 0;
            }
            Out[Used++] = RtlpIsSlash(*Path) ? L'\\' : *Path;
            Parts += RtlpIsSlash(*Path);
        }
        return RtlpNormalize(Path, Out, Used, Room);
    case RtlPathTypeLocalDevice:
        RtlCopyMemory(Out, L"\\\\.\\", 4 * sizeof(WCHAR));
        Out[2] = Path[2];
        return RtlpNormalize(Path + 4, Out, 4, Room);
    case RtlPathTypeRootLocalDevice:
        RtlCopyMemory(Out, L"\\\\.\\", 5 * sizeof(WCHAR));
        return 4;
    case RtlPathTypeDriveAbsolute:
        Out[0] = Path[0];
        Out[1] = L':';
        Out[2] = L'\\';
        return RtlpNormalize(Path + 3, Out, 3, Room);
    case RtlPathTypeDriveRelative:
        if (Current->Length < 3 * sizeof(WCHAR) ||
            RtlUpcaseUnicodeChar(Path[0]) != RtlUpcaseUnicodeChar(Current->Buffer[0])) {
            Out[0] = Path[0];
            Out[1] = L':';
            Out[2] = L'\\';
            return RtlpNormalize(Path + 2, Out, 3, Room);
        }
        Path += 2;
        break;
    case RtlPathTypeRooted:
        Out[0] = Current->Length >= 2 * sizeof(WCHAR) ? Current->Buffer[0] : L'C';
        Out[1] = L':';
        Out[2] = L'\\';
        return RtlpNormalize(Path, Out, 3, Room);
    default:
        break;
    }
    /* Relative: behind the current folder. */
    Used = Current->Length / sizeof(WCHAR);
    Parts = (ULONG)wcslen(Path);
    if (Used + Parts + 2 > RTL_NUMBER_OF(Whole) || Used < 3) {
        return 0;
    }
    RtlCopyMemory(Whole, Current->Buffer, Used * sizeof(WCHAR));
    if (*Path == 0) { /* "X:": the folder itself */
        Used -= Used > 3 && RtlpIsSlash(Whole[Used - 1]);
    } else if (!RtlpIsSlash(Whole[Used - 1])) {
        Whole[Used++] = L'\\';
    }
    RtlCopyMemory(Whole + Used, Path, (Parts + 1) * sizeof(WCHAR));
    RtlCopyMemory(Out, Whole, 3 * sizeof(WCHAR));
    return RtlpNormalize(Whole + 3, Out, 3, Room);
}

/* Where the last part of the full path begins. A device has none, nor has a server alone. */
static PWSTR
RtlpFilePart(PWSTR Full, ULONG Length, ULONG Root)
{
    ULONG Index = Length;

    while (Index > 0 && Full[Index - 1] != L'\\') {
        Index--;
    }
    return Index > Root && Index < Length ? Full + Index : NULL;
}

static BOOLEAN
RtlpIsBlank(PCWSTR Path)
{
    while (*Path == L' ') {
        Path++;
    }
    return *Path == 0;
}

/* Bytes without the zero; if Buffer is too small, the bytes needed with it. 0: not a path. */
ULONG NTAPI
RtlGetFullPathName_U(PCWSTR Path, ULONG Bytes, PWSTR Buffer, PWSTR *FilePart)
{
    PWSTR Out;
    ULONG Length;

    if (FilePart != NULL) {
        *FilePart = NULL;
    }
    if (Path == NULL || RtlpIsBlank(Path)) {
        return 0;
    }
    Out = RtlAllocateHeap(RtlProcessHeap(), 0, 0x8000 * sizeof(WCHAR));
    if (Out == NULL) {
        return 0;
    }
    RtlAcquirePebLock();
    Length = RtlpFullPath(Path, Out, 0x8000);
    RtlReleasePebLock();
    if (Length != 0 && (Length + 1) * sizeof(WCHAR) <= Bytes) {
        RtlCopyMemory(Buffer, Out, (Length + 1) * sizeof(WCHAR));
        if (FilePart != NULL && RtlIsDosDeviceName_U(Path) == 0) {
            *FilePart = RtlpFilePart(Buffer, Length, 2);
        }
        Length *= sizeof(WCHAR);
    } else if (Length != 0) {
        Length = (Length + 1) * sizeof(WCHAR);
    }
    RtlFreeHeap(RtlProcessHeap(), 0, Out);
    return Length;
}

/* A device's name behind a folder's is that device only where there is such a folder. */
static BOOLEAN
RtlpHasFolder(PCWSTR Path, PWSTR Room)
{
    ULONG Length = RtlIsDosDeviceName_U(Path) >> 16;

    Length /= sizeof(WCHAR);
    if (Length == 0 || !RtlpIsSlash(Path[Length - 1])) {
        return TRUE;
    }
    RtlCopyMemory(Room, Path, Length * sizeof(WCHAR));
    Room[Length] = 0;
    return RtlDoesFileExists_U(Room);
}

NTSTATUS NTAPI
RtlDosPathNameToNtPathName_U_WithStatus(PCWSTR DosName, PUNICODE_STRING NtName, PWSTR *FilePart,
                                        PRTL_RELATIVE_NAME_U Relative)
{
    PWSTR Full, Out;
    ULONG Length, Skip = 0, Index;
    PCWSTR Prefix = L"\\??\\";

    if (DosName == NULL || RtlpIsBlank(DosName)) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    Out = RtlAllocateHeap(RtlProcessHeap(), 0, 0x8010 * sizeof(WCHAR));
    if (Out == NULL) {
        return STATUS_NO_MEMORY;
    }
    Full = Out + 8;
    if (DosName[0] == L'\\' && (DosName[1] == L'\\' || DosName[1] == L'?') && DosName[2] == L'?' &&
        DosName[3] == L'\\' && (DosName[1] == L'\\' || DosName[4] != 0)) {
        /* \\?\ and \??\ : as it stands. */
        Length = (ULONG)wcslen(DosName);
        if (Length >= 0x7FF0) {
            RtlFreeHeap(RtlProcessHeap(), 0, Out);
            return STATUS_NAME_TOO_LONG;
        }
        RtlCopyMemory(Full, DosName, (Length + 1) * sizeof(WCHAR));
        Skip = 4;
    } else {
        if (wcslen(DosName) < 0x7FF0 && !RtlpHasFolder(DosName, Full)) {
            RtlFreeHeap(RtlProcessHeap(), 0, Out);
            return STATUS_OBJECT_NAME_INVALID;
        }
        RtlAcquirePebLock();
        Length = RtlpFullPath(DosName, Full, 0x7FF0);
        RtlReleasePebLock();
        if (Length == 0) {
            RtlFreeHeap(RtlProcessHeap(), 0, Out);
            return wcslen(DosName) < 0x7FF0 ? STATUS_OBJECT_PATH_SYNTAX_BAD : STATUS_NAME_TOO_LONG;
        }
        if (Full[0] == L'\\' && Full[1] == L'\\') {
            Skip = 2;
            Prefix = L"\\??\\UNC\\";
            if ((Full[2] == L'.' || Full[2] == L'?') && Full[3] == L'\\') {
                Skip = 4;
                Prefix = L"\\??\\";
            }
        }
    }
    Index = (ULONG)wcslen(Prefix);
    RtlCopyMemory(Out, Prefix, Index * sizeof(WCHAR));
    RtlMoveMemory(Out + Index, Full + Skip, (Length - Skip + 1) * sizeof(WCHAR));
    Length = Index + Length - Skip;
    NtName->Buffer = RtlReAllocateHeap(RtlProcessHeap(), 0, Out, (Length + 1) * sizeof(WCHAR));
    if (NtName->Buffer == NULL) {
        NtName->Buffer = Out;
    }
    NtName->Length = (USHORT)(Length * sizeof(WCHAR));
    NtName->MaximumLength = NtName->Length + sizeof(WCHAR);
    if (FilePart != NULL) {
        /* Behind \??\ and UNC\ there is a server, no file. */
        *FilePart = RtlIsDosDeviceName_U(DosName) != 0
                        ? NULL
                        : RtlpFilePart(NtName->Buffer, Length, Index > 4 ? Index : 0);
    }
    if (Relative != NULL) {
        RtlZeroMemory(Relative, sizeof(*Relative));
    }
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI
RtlDosPathNameToNtPathName_U(PCWSTR DosName, PUNICODE_STRING NtName, PWSTR *FilePart,
                             PRTL_RELATIVE_NAME_U Relative)
{
    return NT_SUCCESS(RtlDosPathNameToNtPathName_U_WithStatus(DosName, NtName, FilePart, Relative));
}

/* Never a relative form: the whole name, as without it. */
BOOLEAN NTAPI
RtlDosPathNameToRelativeNtPathName_U(PCWSTR DosName, PUNICODE_STRING NtName, PWSTR *FilePart,
                                     PRTL_RELATIVE_NAME_U Relative)
{
    return RtlDosPathNameToNtPathName_U(DosName, NtName, FilePart, Relative);
}

VOID NTAPI
RtlReleaseRelativeName(PRTL_RELATIVE_NAME_U Relative)
{
    UNREFERENCED_PARAMETER(Relative); /* it holds nothing */
}

ULONG NTAPI
RtlGetCurrentDirectory_U(ULONG Bytes, PWSTR Buffer)
{
    PUNICODE_STRING Current = &NtCurrentPeb()->ProcessParameters->CurrentDirectory.DosPath;
    ULONG Length;

    RtlAcquirePebLock();
    Length = Current->Length;
    if (Length > 3 * sizeof(WCHAR) && Current->Buffer[Length / sizeof(WCHAR) - 1] == L'\\') {
        Length -= sizeof(WCHAR);
    }
    if (Length + sizeof(WCHAR) <= Bytes) {
        RtlCopyMemory(Buffer, Current->Buffer, Length);
        Buffer[Length / sizeof(WCHAR)] = 0;
    } else {
        Length += sizeof(WCHAR);
    }
    RtlReleasePebLock();
    return Length;
}

NTSTATUS NTAPI
RtlSetCurrentDirectory_U(PUNICODE_STRING Path)
{
    PUNICODE_STRING Current = &NtCurrentPeb()->ProcessParameters->CurrentDirectory.DosPath;
    UNICODE_STRING NtName;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    HANDLE Folder, Old;
    PWSTR Full;
    ULONG Length;
    NTSTATUS Status;

    Full = RtlAllocateHeap(RtlProcessHeap(), 0, RTLP_PATH_ROOM * sizeof(WCHAR));
    if (Full == NULL) {
        return STATUS_NO_MEMORY;
    }
    Length = RtlGetFullPathName_U(Path->Buffer, (RTLP_PATH_ROOM - 2) * sizeof(WCHAR), Full, NULL);
    if (Length == 0 || Length >= (RTLP_PATH_ROOM - 2) * sizeof(WCHAR)) {
        RtlFreeHeap(RtlProcessHeap(), 0, Full);
        return STATUS_OBJECT_NAME_INVALID;
    }
    Status = STATUS_OBJECT_NAME_INVALID;
    if (RtlDosPathNameToNtPathName_U(Full, &NtName, NULL, NULL)) {
        InitializeObjectAttributes(&Attributes, &NtName, OBJ_CASE_INSENSITIVE, NULL, NULL);
        Status = NtOpenFile(&Folder, FILE_TRAVERSE | SYNCHRONIZE, &Attributes, &Iosb,
                            FILE_SHARE_READ | FILE_SHARE_WRITE,
                            FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT);
        RtlFreeUnicodeString(&NtName);
    }
    if (!NT_SUCCESS(Status)) {
        RtlFreeHeap(RtlProcessHeap(), 0, Full);
        return Status;
    }
    Length /= sizeof(WCHAR);
    if (Full[Length - 1] != L'\\') {
        Full[Length++] = L'\\';
        Full[Length] = 0;
    }
    RtlAcquirePebLock();
    if (Current->MaximumLength == RTLP_PATH_ROOM * sizeof(WCHAR) && Current->Buffer != NULL &&
        RtlValidateHeap(RtlProcessHeap(), 0, Current->Buffer)) {
        RtlFreeHeap(RtlProcessHeap(), 0, Current->Buffer);
    }
    Current->Buffer = Full;
    Current->Length = (USHORT)(Length * sizeof(WCHAR));
    Current->MaximumLength = RTLP_PATH_ROOM * sizeof(WCHAR);
    /* It stays open while it is the current one: nobody removes it. */
    Old = NtCurrentPeb()->ProcessParameters->CurrentDirectory.Handle;
    NtCurrentPeb()->ProcessParameters->CurrentDirectory.Handle = Folder;
    RtlReleasePebLock();
    if (Old != NULL) {
        NtClose(Old);
    }
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI
RtlDoesFileExists_U(PCWSTR Path)
{
    UNICODE_STRING NtName;
    OBJECT_ATTRIBUTES Attributes;
    FILE_BASIC_INFORMATION Basic;
    NTSTATUS Status;

    if (!RtlDosPathNameToNtPathName_U(Path, &NtName, NULL, NULL)) {
        return FALSE;
    }
    InitializeObjectAttributes(&Attributes, &NtName, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtQueryAttributesFile(&Attributes, &Basic);
    RtlFreeUnicodeString(&NtName);
    return NT_SUCCESS(Status) || Status == STATUS_SHARING_VIOLATION ||
           Status == STATUS_ACCESS_DENIED;
}

/* The first folder of the ;-list Path that holds Name (with Extension, if it has none). As RtlGetFullPathName_U. */
ULONG NTAPI
RtlDosSearchPath_U(PCWSTR Path, PCWSTR Name, PCWSTR Extension, ULONG Bytes, PWSTR Buffer,
                   PWSTR *FilePart)
{
    ULONG NameLength = (ULONG)wcslen(Name), ExtensionLength = 0, Room = 0x2000, Result = 0;
    PWSTR Try;
    PCWSTR Dot = wcsrchr(Name, L'.');

    if (Extension != NULL && (Dot == NULL || wcschr(Dot, L'\\') != NULL)) {
        ExtensionLength = (ULONG)wcslen(Extension);
    }
    Try = RtlAllocateHeap(RtlProcessHeap(), 0, Room * sizeof(WCHAR));
    if (Try == NULL) {
        return 0;
    }
    if (RtlDetermineDosPathNameType_U(Name) != RtlPathTypeRelative) {
        Path = L"";
    }
    do {
        ULONG Length = 0;

        while (Path[Length] != 0 && Path[Length] != L';') {
            Length++;
        }
        if (Length + NameLength + ExtensionLength + 2 <= Room) {
            ULONG At = Length;

            RtlCopyMemory(Try, Path, Length * sizeof(WCHAR));
            if (At > 0 && !RtlpIsSlash(Try[At - 1])) {
                Try[At++] = L'\\';
            }
            RtlCopyMemory(Try + At, Name, NameLength * sizeof(WCHAR));
            RtlCopyMemory(Try + At + NameLength, Extension, ExtensionLength * sizeof(WCHAR));
            Try[At + NameLength + ExtensionLength] = 0;
            if (RtlDoesFileExists_U(Try)) {
                Result = RtlGetFullPathName_U(Try, Bytes, Buffer, FilePart);
                break;
            }
        }
        Path += Length;
        if (*Path == L';') {
            Path++;
        }
    } while (*Path != 0);
    RtlFreeHeap(RtlProcessHeap(), 0, Try);
    return Result;
}
