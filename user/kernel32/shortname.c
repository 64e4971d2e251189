/*
 * shortname.c - a path's long and short form: each component by the name that its directory lists.
 *
 * Facts: GetLongPathName, GetShortPathName, "Naming Files, Paths, and Namespaces". A component that can only be the long name already
 * stays as the caller wrote it; so do separators, "." and "..", and what stands before the first component.
 */
#include "user/kernel32/base.h"

static BOOL
BaseIsSeparator(WCHAR Character)
{
    return Character == L'\\' || Character == L'/';
}

/* Behind Count components. */
static DWORD
BaseSkip(LPCWSTR Path, DWORD At, DWORD Count)
{
    while (Count-- != 0) {
        while (Path[At] != 0 && !BaseIsSeparator(Path[At])) {
            At++;
        }
        At += Path[At] != 0;
    }
    return At;
}

/* Characters before the first component that a directory lists: "C:\", "\\server\share\", "\\?\C:\", "\\?\Volume{...}\". */
static DWORD
BaseRootLength(LPCWSTR Path)
{
    if (BaseIsSeparator(Path[0]) && BaseIsSeparator(Path[1])) {
        if ((Path[2] != L'?' && Path[2] != L'.') || !BaseIsSeparator(Path[3])) {
            return BaseSkip(Path, 2, 2);
        }
        return BaseSkip(Path, 4, _wcsnicmp(Path + 4, L"UNC\\", 4) == 0 ? 3 : 1);
    }
    if (Path[0] != 0 && Path[1] == L':') {
        return BaseIsSeparator(Path[2]) ? 3 : 2;
    }
    return BaseIsSeparator(Path[0]) ? 1 : 0;
}

typedef struct _BASE_FORM {
    PWSTR Text;
    DWORD Length, Room; /* characters */
} BASE_FORM, *PBASE_FORM;

static BOOL
BaseAppend(PBASE_FORM Form, LPCWSTR Text, SIZE_T Length)
{
    if (Form->Length + Length >= Form->Room) {
        return BaseFailWith(ERROR_FILENAME_EXCED_RANGE);
    }
    RtlCopyMemory(Form->Text + Form->Length, Text, Length * sizeof(WCHAR));
    Form->Length += (DWORD)Length;
    Form->Text[Form->Length] = 0;
    return TRUE;
}

static BOOL
BaseMayBeShort(LPCWSTR Component)
{
    UNICODE_STRING Name;
    BOOLEAN Spaces;

    RtlInitUnicodeString(&Name, Component);
    return RtlIsNameLegalDOS8Dot3(&Name, NULL, &Spaces);
}

/* The last component of Whole, as its directory has it. */
static BOOL
BaseAppendComponent(PBASE_FORM Form, LPCWSTR Whole, LPCWSTR Component, BOOL Short)
{
    WIN32_FIND_DATAW Data;
    LPCWSTR Name = Component;
    HANDLE Find;

    if (wcscmp(Component, L".") == 0 || wcscmp(Component, L"..") == 0) {
        return BaseAppend(Form, Component, wcslen(Component));
    }
    if (wcspbrk(Component, L"*?\"<>") != NULL) {
        return BaseFailWith(ERROR_INVALID_NAME);
    }
    Find = FindFirstFileW(Whole, &Data);
    if (Find == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    FindClose(Find);
    if (Short) {
        Name = Data.cAlternateFileName[0] != 0 ? Data.cAlternateFileName : Data.cFileName;
    } else if (BaseMayBeShort(Component) || _wcsicmp(Component, Data.cFileName) != 0) {
        Name = Data.cFileName;
    }
    return BaseAppend(Form, Name, wcslen(Name));
}

/* Path is written to, and put right again. */
static BOOL
BaseMakeForm(PBASE_FORM Form, PWSTR Path, BOOL Short)
{
    DWORD At = BaseRootLength(Path);

    if (!BaseAppend(Form, Path, At)) {
        return FALSE;
    }
    if (Path[At] == 0) {
        return GetFileAttributesW(Path) != INVALID_FILE_ATTRIBUTES;
    }
    while (Path[At] != 0) {
        DWORD End = At;
        WCHAR Separator;

        if (BaseIsSeparator(Path[At])) {
            if (!BaseAppend(Form, Path + At++, 1)) {
                return FALSE;
            }
            continue;
        }
        while (Path[End] != 0 && !BaseIsSeparator(Path[End])) {
            End++;
        }
        Separator = Path[End];
        Path[End] = 0;
        if (!BaseAppendComponent(Form, Path, Path + At, Short)) {
            return FALSE;
        }
        Path[End] = Separator;
        At = End;
    }
    return TRUE;
}

/* The length without the zero, or the room needed with it; 0: an error. Name may be Buffer. */
static DWORD
BaseForm(LPCWSTR Name, LPWSTR Buffer, DWORD Room, BOOL Short)
{
    BASE_FORM Form = {.Room = 0x8000};
    DWORD Length = 0;
    PWSTR Path;

    if (Name == NULL) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return 0;
    }
    if (*Name == 0) {
        BaseFailWith(ERROR_PATH_NOT_FOUND);
        return 0;
    }
    Form.Text = RtlAllocateHeap(BaseHeap(), 0, Form.Room * sizeof(WCHAR));
    Path = RtlAllocateHeap(BaseHeap(), 0, (wcslen(Name) + 1) * sizeof(WCHAR));
    if (Form.Text == NULL || Path == NULL) {
        BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
    } else {
        wcscpy(Path, Name);
        if (BaseMakeForm(&Form, Path, Short)) {
            Length = Form.Length < Room ? Form.Length : Form.Length + 1;
            if (Buffer != NULL && Form.Length < Room) {
                wcscpy(Buffer, Form.Text);
            }
        }
    }
    RtlFreeHeap(BaseHeap(), 0, Path);
    RtlFreeHeap(BaseHeap(), 0, Form.Text);
    return Length;
}

DWORD WINAPI
GetLongPathNameW(LPCWSTR Name, LPWSTR Buffer, DWORD Room)
{
    return BaseForm(Name, Buffer, Room, FALSE);
}

DWORD WINAPI
GetShortPathNameW(LPCWSTR Name, LPWSTR Buffer, DWORD Room)
{
    return BaseForm(Name, Buffer, Room, TRUE);
}

static DWORD
BaseAnsiForm(LPCSTR Name, LPSTR Buffer, DWORD Room, BOOL Short)
{
    UNICODE_STRING Wide;
    DWORD Length = 0;
    PWSTR Text;

    if (Name == NULL) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return 0;
    }
    if (!BaseToWide(&Wide, Name)) {
        return 0;
    }
    Text = RtlAllocateHeap(BaseHeap(), 0, 0x8000 * sizeof(WCHAR));
    if (Text != NULL) {
        Length = BaseForm(Wide.Buffer, Text, 0x8000, Short);
        if (Length != 0) {
            Length = BaseToAnsi(Text, Length, Buffer, Buffer == NULL ? 0 : Room);
        }
        RtlFreeHeap(BaseHeap(), 0, Text);
    } else {
        BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
    }
    RtlFreeUnicodeString(&Wide);
    return Length;
}

DWORD WINAPI
GetLongPathNameA(LPCSTR Name, LPSTR Buffer, DWORD Room)
{
    return BaseAnsiForm(Name, Buffer, Room, FALSE);
}

DWORD WINAPI
GetShortPathNameA(LPCSTR Name, LPSTR Buffer, DWORD Room)
{
    return BaseAnsiForm(Name, Buffer, Room, TRUE);
}

/* Of a path as GetFullPathName makes it: the root of its volume, with a backslash. No volume is mounted in a folder. */
static BOOL
BaseVolumeRoot(LPCWSTR Full, LPWSTR Root, DWORD Room)
{
    DWORD Length = BaseRootLength(Full);

    if (Full[1] == L':' && GetDriveTypeW(Full) == DRIVE_NO_ROOT_DIR) {
        WCHAR Drive[] = {Full[0], L':', L'\\', 0};

        if (GetDriveTypeW(Drive) == DRIVE_NO_ROOT_DIR) {
            return BaseFailWith(ERROR_FILE_NOT_FOUND);
        }
    }
    if (Length + 2 > Room) {
        return BaseFailWith(ERROR_FILENAME_EXCED_RANGE);
    }
    RtlCopyMemory(Root, Full, Length * sizeof(WCHAR));
    if (Length == 0 || !BaseIsSeparator(Root[Length - 1])) {
        Root[Length++] = L'\\';
    }
    Root[Length] = 0;
    return TRUE;
}

BOOL WINAPI
GetVolumePathNameW(LPCWSTR Name, LPWSTR Buffer, DWORD Room)
{
    WCHAR Root[MAX_PATH];
    BOOL Result = FALSE;
    DWORD Length;
    PWSTR Full;

    if (Name == NULL || *Name == 0 || Buffer == NULL || Room == 0) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    Length = GetFullPathNameW(Name, 0, NULL, NULL);
    Full = RtlAllocateHeap(BaseHeap(), 0, (Length + 1) * sizeof(WCHAR));
    if (Full == NULL) {
        return BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
    }
    if (Length == 0 || GetFullPathNameW(Name, Length, Full, NULL) == 0) {
        BaseFailWith(ERROR_INVALID_NAME);
    } else if (BaseVolumeRoot(Full, Root, RTL_NUMBER_OF(Root))) {
        Result = wcslen(Root) < Room ? TRUE : BaseFailWith(ERROR_FILENAME_EXCED_RANGE);
        if (Result) {
            wcscpy(Buffer, Root);
        }
    }
    RtlFreeHeap(BaseHeap(), 0, Full);
    return Result;
}

BOOL WINAPI
GetVolumePathNameA(LPCSTR Name, LPSTR Buffer, DWORD Room)
{
    UNICODE_STRING Wide;
    WCHAR Root[MAX_PATH];
    BOOL Result;

    if (Name == NULL || *Name == 0 || Buffer == NULL || Room == 0) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    if (!BaseToWide(&Wide, Name)) {
        return FALSE;
    }
    Result = GetVolumePathNameW(Wide.Buffer, Root, min(Room, RTL_NUMBER_OF(Root)));
    RtlFreeUnicodeString(&Wide);
    if (Result) {
        BaseToAnsi(Root, (DWORD)wcslen(Root), Buffer, Room);
    }
    return Result;
}
