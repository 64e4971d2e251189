/*
 * version.c - the version resource of a file, and what it says.
 *
 * The block is the resource as it is; its nodes are {length, length of the value, kind, name, padding, value, padding,
 * children}, each on a boundary of 4. Behind it there is as much room again, where VerQueryValueA puts text that it had to
 * convert. [LEARN: VS_VERSIONINFO, String, GetFileVersionInfo, VerQueryValue]
 */
#include <winver.h>

typedef struct _VERSION_NODE {
    WORD Length, ValueLength, Text;
    WCHAR Name[];
} VERSION_NODE, *PVERSION_NODE;

#define ALIGN4(Pointer) ((PUCHAR)(((ULONG_PTR)(Pointer) + 3) & ~3ull))

BOOL WINAPI
DllMain(HINSTANCE Module, DWORD Reason, LPVOID Reserved)
{
    return TRUE;
}

static PVOID
FindVersion(LPCWSTR Path, HMODULE *Module, PDWORD Size)
{
    HRSRC Resource;

    *Module = LoadLibraryExW(Path, NULL, LOAD_LIBRARY_AS_DATAFILE);
    if (*Module == NULL) {
        return NULL;
    }
    Resource = FindResourceW(*Module, MAKEINTRESOURCEW(VS_VERSION_INFO), MAKEINTRESOURCEW(16));
    if (Resource == NULL) {
        DWORD Error = GetLastError();

        FreeLibrary(*Module);
        SetLastError(Error == ERROR_RESOURCE_DATA_NOT_FOUND ? ERROR_RESOURCE_TYPE_NOT_FOUND
                                                            : Error);
        return NULL;
    }
    *Size = SizeofResource(*Module, Resource);
    return LockResource(LoadResource(*Module, Resource));
}

DWORD WINAPI
GetFileVersionInfoSizeExW(DWORD Flags, LPCWSTR Path, LPDWORD Handle)
{
    HMODULE Module;
    DWORD Size;

    if (Handle != NULL) {
        *Handle = 0;
    }
    if (FindVersion(Path, &Module, &Size) == NULL) {
        return 0;
    }
    FreeLibrary(Module);
    return Size * 2 + 4;
}

DWORD WINAPI
GetFileVersionInfoSizeW(LPCWSTR Path, LPDWORD Handle)
{
    return GetFileVersionInfoSizeExW(0, Path, Handle);
}

BOOL WINAPI
GetFileVersionInfoExW(DWORD Flags, LPCWSTR Path, DWORD Handle, DWORD Length, LPVOID Data)
{
    HMODULE Module;
    DWORD Size;
    PVOID Version = FindVersion(Path, &Module, &Size);

    if (Version == NULL) {
        return FALSE;
    }
    RtlCopyMemory(Data, Version, min(Size, Length));
    if (Length > Size) {
        RtlZeroMemory((PUCHAR)Data + Size, Length - Size);
    }
    FreeLibrary(Module);
    return TRUE;
}

BOOL WINAPI
GetFileVersionInfoW(LPCWSTR Path, DWORD Handle, DWORD Length, LPVOID Data)
{
    return GetFileVersionInfoExW(0, Path, Handle, Length, Data);
}

static BOOL
Widen(LPCSTR Text, PUNICODE_STRING Wide)
{
    ANSI_STRING String;

    RtlInitAnsiString(&String, Text);
    return NT_SUCCESS(RtlAnsiStringToUnicodeString(Wide, &String, TRUE));
}

DWORD WINAPI
GetFileVersionInfoSizeA(LPCSTR Path, LPDWORD Handle)
{
    UNICODE_STRING Wide;
    DWORD Size = 0;

    if (Widen(Path, &Wide)) {
        Size = GetFileVersionInfoSizeW(Wide.Buffer, Handle);
        RtlFreeUnicodeString(&Wide);
    }
    return Size;
}

BOOL WINAPI
GetFileVersionInfoA(LPCSTR Path, DWORD Handle, DWORD Length, LPVOID Data)
{
    UNICODE_STRING Wide;
    BOOL Result = FALSE;

    if (Widen(Path, &Wide)) {
        Result = GetFileVersionInfoW(Wide.Buffer, Handle, Length, Data);
        RtlFreeUnicodeString(&Wide);
    }
    return Result;
}

/* The child of Node whose name is that of Length characters. */
static PVERSION_NODE
ChildOf(PVERSION_NODE Node, LPCWSTR Name, SIZE_T Length)
{
    PUCHAR End = (PUCHAR)Node + Node->Length;
    PUCHAR At = ALIGN4(Node->Name + wcslen(Node->Name) + 1);

    At = ALIGN4(At + Node->ValueLength * (Node->Text ? 2 : 1));
    while (At + sizeof(VERSION_NODE) < End) {
        PVERSION_NODE Child = (PVERSION_NODE)At;

        if (Child->Length == 0) {
            break;
        }
        if (wcslen(Child->Name) == Length && _wcsnicmp(Child->Name, Name, Length) == 0) {
            return Child;
        }
        At = ALIGN4(At + Child->Length);
    }
    return NULL;
}

BOOL WINAPI
VerQueryValueW(LPCVOID Block, LPCWSTR Path, LPVOID *Value, PUINT Length)
{
    PVERSION_NODE Node = (PVERSION_NODE)Block;

    while (*Path != 0) {
        SIZE_T Count;

        if (*Path == L'\\') {
            Path++;
            continue;
        }
        for (Count = 0; Path[Count] != 0 && Path[Count] != L'\\'; Count++) {
        }
        Node = ChildOf(Node, Path, Count);
        if (Node == NULL) {
            SetLastError(ERROR_RESOURCE_TYPE_NOT_FOUND);
            return FALSE;
        }
        Path += Count;
    }
    *Value = ALIGN4(Node->Name + wcslen(Node->Name) + 1);
    *Length = Node->ValueLength;
    return TRUE;
}

BOOL WINAPI
VerQueryValueA(LPCVOID Block, LPCSTR Path, LPVOID *Value, PUINT Length)
{
    PVERSION_NODE Root = (PVERSION_NODE)Block;
    UNICODE_STRING Wide;
    BOOL Result;

    if (!Widen(Path, &Wide)) {
        return FALSE;
    }
    Result = VerQueryValueW(Block, Wide.Buffer, Value, Length);
    if (Result && _wcsnicmp(Wide.Buffer, L"\\StringFileInfo\\", 16) == 0 && *Length != 0) {
        /* Text: its copy lies as far behind the block as the original lies in it, at half the offset's width. */
        PUCHAR Room =
            (PUCHAR)Block + ((Root->Length + 3) & ~3u) + ((PUCHAR)*Value - (PUCHAR)Block) / 2;
        ULONG Count;

        RtlUnicodeToMultiByteN((PCHAR)Room, *Length, &Count, *Value, *Length * sizeof(WCHAR));
        *Value = Room;
        *Length = Count;
    }
    RtlFreeUnicodeString(&Wide);
    return Result;
}
