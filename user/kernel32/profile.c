/*
 * profile.c - private profiles: sections and keys of an .ini file. The routines without a path are for C:\Windows\win.ini.
 *
 * The file is read whole for each call and written whole for each change, as bytes of code page 1252; nothing is kept between.
 * A line is `[section]`, `key=value` (blanks around both and a pair of quotes around the value do not count), or a comment (`;`).
 * Facts: GetPrivateProfileString (a NULL section or key lists the names, each with its zero, and one more), WritePrivateProfileString
 * (a NULL value removes the key, a NULL key the section).
 */
#include "user/kernel32/base.h"

#define MOST (1 << 20)

typedef struct _BASE_LINE {
    const CHAR *Start, *End; /* without the line's end */
    const CHAR *Next;
    const CHAR *Name, *NameEnd; /* of a section, or a key */
    const CHAR *Value, *ValueEnd;
    BOOLEAN IsSection, IsKey;
} BASE_LINE, *PBASE_LINE;

/* A name without a folder is one of the Windows folder. [LEARN: GetPrivateProfileString] */
static HANDLE
BaseOpenProfile(LPCSTR Path, DWORD Access, DWORD Share, DWORD Disposition)
{
    CHAR Full[2 * MAX_PATH];
    UINT Length = GetWindowsDirectoryA(Full, MAX_PATH);

    if (Path != NULL && strpbrk(Path, "\\/:") == NULL && strlen(Path) < MAX_PATH) {
        Full[Length] = '\\';
        strcpy(Full + Length + 1, Path);
        Path = Full;
    }
    return CreateFileA(Path, Access, Share, NULL, Disposition, 0, NULL);
}

/* The whole file, with a zero behind it, or NULL: it is not there. */
static PSTR
BaseReadProfile(LPCSTR Path, PDWORD Length)
{
    HANDLE File =
        BaseOpenProfile(Path, GENERIC_READ, /* whoever has it open, and how */
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, OPEN_EXISTING);
    PSTR Text = NULL;
    DWORD Size;

    *Length = 0;
    if (File == INVALID_HANDLE_VALUE) {
        return NULL;
    }
    Size = GetFileSize(File, NULL);
    if (Size < MOST) {
        Text = RtlAllocateHeap(BaseHeap(), 0, Size + 1);
    }
    if (Text != NULL && !ReadFile(File, Text, Size, Length, NULL)) {
        *Length = 0;
    }
    if (Text != NULL) {
        Text[*Length] = 0;
    }
    CloseHandle(File);
    return Text;
}

static BOOL
IsBlank(CHAR Char)
{
    return Char == ' ' || Char == '\t';
}

static VOID
BaseTrim(const CHAR **Start, const CHAR **End)
{
    while (*Start < *End && IsBlank(**Start)) {
        (*Start)++;
    }
    while (*Start < *End && IsBlank((*End)[-1])) {
        (*End)--;
    }
}

/* The line at At; FALSE at the text's end. */
static BOOL
BaseNextLine(const CHAR *At, PBASE_LINE Line)
{
    const CHAR *End = At, *Sign;

    if (At == NULL || *At == 0) {
        return FALSE;
    }
    while (*End != 0 && *End != '\r' && *End != '\n') {
        End++;
    }
    *Line = (BASE_LINE){.Start = At, .End = End, .Next = End};
    if (*Line->Next == '\r') {
        Line->Next++;
    }
    if (*Line->Next == '\n') {
        Line->Next++;
    }
    BaseTrim(&At, &End);
    if (At < End && *At == '[') {
        Line->IsSection = TRUE;
        Line->Name = At + 1;
        for (Line->NameEnd = At + 1; Line->NameEnd < End && *Line->NameEnd != ']';
             Line->NameEnd++) {
        }
        BaseTrim(&Line->Name, &Line->NameEnd);
        return TRUE;
    }
    if (At == End || *At == ';') {
        return TRUE;
    }
    for (Sign = At; Sign < End && *Sign != '='; Sign++) {
    }
    if (Sign < End) {
        Line->IsKey = TRUE;
        Line->Name = At;
        Line->NameEnd = Sign;
        Line->Value = Sign + 1;
        Line->ValueEnd = End;
        BaseTrim(&Line->Name, &Line->NameEnd);
        BaseTrim(&Line->Value, &Line->ValueEnd);
        if (Line->ValueEnd - Line->Value >= 2 && (*Line->Value == '"' || *Line->Value == '\'') &&
            Line->ValueEnd[-1] == *Line->Value) {
            Line->Value++;
            Line->ValueEnd--;
        }
    } else { /* a line of a section all the same */
        Line->Name = At;
        Line->NameEnd = End;
    }
    return TRUE;
}

static BOOL
IsNamed(const BASE_LINE *Line, LPCSTR Name)
{
    SIZE_T Length = (SIZE_T)(Line->NameEnd - Line->Name);

    return strlen(Name) == Length && _strnicmp(Line->Name, Name, Length) == 0;
}

/* Behind the header of the section; NULL: there is none. */
static const CHAR *
BaseFindSection(const CHAR *Text, LPCSTR Section)
{
    BASE_LINE Line;

    for (; BaseNextLine(Text, &Line); Text = Line.Next) {
        if (Line.IsSection && IsNamed(&Line, Section)) {
            return Line.Next;
        }
    }
    return NULL;
}

/* Names, each with its zero, and one more; cut off with two zeros where there is no room. */
static DWORD
BaseListNames(const CHAR *Text, BOOL Sections, LPSTR Buffer, DWORD Room)
{
    BASE_LINE Line;
    DWORD Used = 0;

    for (; BaseNextLine(Text, &Line); Text = Line.Next) {
        DWORD Length = (DWORD)(Line.NameEnd - Line.Name);

        if (Line.IsSection && !Sections) {
            break;
        }
        if (Sections ? !Line.IsSection : !Line.IsKey) {
            continue;
        }
        if (Used + Length + 2 > Room) {
            Length = Room - 2 - Used;
            RtlCopyMemory(Buffer + Used, Line.Name, Length);
            Buffer[Room - 2] = Buffer[Room - 1] = 0;
            return Room - 2;
        }
        RtlCopyMemory(Buffer + Used, Line.Name, Length);
        Used += Length;
        Buffer[Used++] = 0;
    }
    Buffer[Used] = 0;
    return Used;
}

static DWORD
BaseCopyOut(const CHAR *Value, SIZE_T Length, LPSTR Buffer, DWORD Room)
{
    if (Length >= Room) {
        Length = Room - 1;
    }
    RtlMoveMemory(Buffer, Value, Length);
    Buffer[Length] = 0;
    return (DWORD)Length;
}

DWORD WINAPI
GetPrivateProfileStringA(LPCSTR Section, LPCSTR Key, LPCSTR Default, LPSTR Buffer, DWORD Room,
                         LPCSTR Path)
{
    const CHAR *At, *End;
    BASE_LINE Line;
    DWORD Length, Result = 0;
    PSTR Text;
    BOOL Found = FALSE;

    if (Buffer == NULL || Room == 0) {
        return 0;
    }
    if (Room == 1 || (Room == 2 && (Section == NULL || Key == NULL))) {
        Buffer[0] = 0;
        return 0;
    }
    Text = BaseReadProfile(Path, &Length);
    if (Section == NULL) {
        Result = BaseListNames(Text, TRUE, Buffer, Room);
        Found = TRUE;
    } else if ((At = BaseFindSection(Text, Section)) != NULL && Key == NULL) {
        Result = BaseListNames(At, FALSE, Buffer, Room);
        Found = TRUE;
    } else {
        for (; !Found && BaseNextLine(At, &Line) && !Line.IsSection; At = Line.Next) {
            if (Line.IsKey && IsNamed(&Line, Key)) {
                Result =
                    BaseCopyOut(Line.Value, (SIZE_T)(Line.ValueEnd - Line.Value), Buffer, Room);
                Found = TRUE;
            }
        }
    }
    if (!Found) {
        At = Default != NULL ? Default : "";
        End = At + strlen(At);
        while (End > At && IsBlank(End[-1])) {
            End--;
        }
        Result = BaseCopyOut(At, (SIZE_T)(End - At), Buffer, Room);
    }
    if (Text != NULL) {
        RtlFreeHeap(BaseHeap(), 0, Text);
    }
    return Result;
}

/* Where all of it would just fit it counts as cut off, here and in sections. */
DWORD WINAPI
GetPrivateProfileSectionNamesA(LPSTR Buffer, DWORD Room, LPCSTR Path)
{
    DWORD Length = GetPrivateProfileStringA(NULL, NULL, NULL, Buffer, Room, Path);

    if (Length != 0 && Length + 1 == Room) {
        Buffer[--Length] = 0;
    }
    return Length;
}

/* "key=value" of each line, without comments; as in a list of names, what is cut off ends with two zeros, and the
 * result is Room - 2. [K: "GetPrivateProfileSection"] */
DWORD WINAPI
GetPrivateProfileSectionA(LPCSTR Section, LPSTR Buffer, DWORD Room, LPCSTR Path)
{
    const CHAR *At;
    BASE_LINE Line;
    DWORD Length, Used = 0;
    BOOL Full = FALSE;
    PSTR Text;

    if (Section == NULL || Buffer == NULL || Room < 2) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return 0;
    }
    Text = BaseReadProfile(Path, &Length);
    At = BaseFindSection(Text, Section);
    SetLastError(At != NULL ? ERROR_SUCCESS : ERROR_FILE_NOT_FOUND);
    for (; !Full && BaseNextLine(At, &Line) && !Line.IsSection; At = Line.Next) {
        const CHAR *Parts[] = {Line.Name, Line.NameEnd, "=", NULL, Line.Value, Line.ValueEnd};

        if (Line.Name == NULL) {
            continue; /* a comment, or empty */
        }
        Parts[3] = Parts[2] + Line.IsKey;
        for (int Part = 0; Part < 6; Part += 2) {
            for (const CHAR *From = Parts[Part]; From < Parts[Part + 1] && !Full; From++) {
                Full = Used + 2 >= Room;
                if (!Full) {
                    Buffer[Used++] = *From;
                }
            }
        }
        Full = Full || Used + 3 > Room;
        if (!Full) {
            Buffer[Used++] = 0;
        }
    }
    if (Full) {
        Used = Room - 2;
        Buffer[Used] = 0;
        Buffer[Used + 1] = 0;
    } else {
        Buffer[Used] = 0;
        if (Used == 0) {
            Buffer[1] = 0;
        }
    }
    if (Text != NULL) {
        RtlFreeHeap(BaseHeap(), 0, Text);
    }
    return Used;
}

/* The section is replaced: what is not in Pairs is gone. NULL deletes it. [K: "WritePrivateProfileSection"] */
BOOL WINAPI
WritePrivateProfileSectionA(LPCSTR Section, LPCSTR Pairs, LPCSTR Path)
{
    BOOL Good = Section != NULL && WritePrivateProfileStringA(Section, NULL, NULL, Path);

    for (; Good && Pairs != NULL && *Pairs != 0; Pairs += strlen(Pairs) + 1) {
        const CHAR *Equal = strchr(Pairs, '=');
        PSTR Key = RtlAllocateHeap(BaseHeap(), 0, strlen(Pairs) + 1);

        if (Key == NULL) {
            return BaseFail(STATUS_NO_MEMORY);
        }
        strcpy(Key, Pairs);
        if (Equal != NULL) {
            Key[Equal - Pairs] = 0;
            Good = WritePrivateProfileStringA(Section, Key, Equal + 1, Path);
        }
        RtlFreeHeap(BaseHeap(), 0, Key);
    }
    return Good;
}

UINT WINAPI
GetPrivateProfileIntA(LPCSTR Section, LPCSTR Key, INT Default, LPCSTR Path)
{
    CHAR Text[32];
    ULONG Value = 0;

    if (GetPrivateProfileStringA(Section, Key, "", Text, sizeof(Text), Path) == 0) {
        return (UINT)Default;
    }
    return NT_SUCCESS(RtlCharToInteger(Text, 0, &Value)) ? Value : 0;
}

/* Puts a piece behind what is there already. */
static VOID
BaseAppend(PSTR *At, const CHAR *Start, SIZE_T Length)
{
    RtlCopyMemory(*At, Start, Length);
    *At += Length;
}

static VOID
BaseAppendEntry(PSTR *At, LPCSTR Key, LPCSTR Value)
{
    BaseAppend(At, Key, strlen(Key));
    BaseAppend(At, "=", 1);
    BaseAppend(At, Value, strlen(Value));
    BaseAppend(At, "\r\n", 2);
}

/* Text with the change made, in New. */
static PSTR
BaseChange(const CHAR *Text, LPCSTR Section, LPCSTR Key, LPCSTR Value, PSTR New)
{
    BOOL Inside = FALSE, Done = Key == NULL || Value == NULL;
    PSTR LastText = New; /* behind the section's last line that is not blank */
    BASE_LINE Line;

    for (; BaseNextLine(Text, &Line); Text = Line.Next) {
        if (Line.IsSection) {
            if (Inside && !Done) {
                SIZE_T Blank = (SIZE_T)(New - LastText), Entry = strlen(Key) + strlen(Value) + 3;
                PSTR At = LastText;

                RtlMoveMemory(LastText + Entry, LastText, Blank);
                BaseAppendEntry(&At, Key, Value);
                New += Entry;
                Done = TRUE;
            }
            Inside = IsNamed(&Line, Section);
            if (Inside && Key == NULL) {
                continue;
            }
        } else if (Inside && Key == NULL) {
            continue;
        } else if (Inside && Line.IsKey && IsNamed(&Line, Key)) {
            if (!Done) { /* the key stays as it is written */
                BaseAppend(&New, Line.Name, (SIZE_T)(Line.NameEnd - Line.Name));
                BaseAppendEntry(&New, "", Value);
                LastText = New;
                Done = TRUE;
            }
            continue;
        }
        BaseAppend(&New, Line.Start, (SIZE_T)(Line.End - Line.Start));
        BaseAppend(&New, "\r\n", 2);
        if (Line.Start != Line.End) {
            LastText = New;
        }
    }
    if (!Done) {
        if (!Inside) {
            BaseAppend(&New, "[", 1);
            BaseAppend(&New, Section, strlen(Section));
            BaseAppend(&New, "]\r\n", 3);
        }
        BaseAppendEntry(&New, Key, Value);
    }
    return New;
}

BOOL WINAPI
WritePrivateProfileStringA(LPCSTR Section, LPCSTR Key, LPCSTR Value, LPCSTR Path)
{
    DWORD Length, Written;
    PSTR Text, New;
    HANDLE File;
    BOOL Result;

    if (Section == NULL) {
        return TRUE; /* nothing is kept that could be written back */
    }
    Text = BaseReadProfile(Path, &Length);
    New = RtlAllocateHeap(BaseHeap(), 0,
                          (SIZE_T)Length * 2 + strlen(Section) + (Key != NULL ? strlen(Key) : 0) +
                              (Value != NULL ? strlen(Value) : 0) + 16);
    Result = New != NULL;
    if (!Result) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    } else {
        PSTR End = BaseChange(Text, Section, Key, Value, New);

        File = BaseOpenProfile(Path, GENERIC_WRITE, 0, CREATE_ALWAYS);
        Result = File != INVALID_HANDLE_VALUE &&
                 WriteFile(File, New, (DWORD)(End - New), &Written, NULL);
        if (File != INVALID_HANDLE_VALUE) {
            CloseHandle(File);
        }
        RtlFreeHeap(BaseHeap(), 0, New);
    }
    if (Text != NULL) {
        RtlFreeHeap(BaseHeap(), 0, Text);
    }
    return Result;
}

/* A string as code page 1252 in heap memory; NULL stays NULL. */
static PSTR
BaseNarrow(LPCWSTR Wide)
{
    int Length = Wide != NULL ? WideCharToMultiByte(1252, 0, Wide, -1, NULL, 0, NULL, NULL) : 0;
    PSTR Text = Length != 0 ? RtlAllocateHeap(BaseHeap(), 0, (SIZE_T)Length) : NULL;

    if (Text != NULL) {
        WideCharToMultiByte(1252, 0, Wide, -1, Text, Length, NULL, NULL);
    }
    return Text;
}

static VOID
BaseFreeNarrow(PSTR *Texts, int Count)
{
    for (int Index = 0; Index < Count; Index++) {
        if (Texts[Index] != NULL) {
            RtlFreeHeap(BaseHeap(), 0, Texts[Index]);
        }
    }
}

DWORD WINAPI
GetPrivateProfileStringW(LPCWSTR Section, LPCWSTR Key, LPCWSTR Default, LPWSTR Buffer, DWORD Room,
                         LPCWSTR Path)
{
    PSTR Texts[] = {BaseNarrow(Section), BaseNarrow(Key), BaseNarrow(Default), BaseNarrow(Path),
                    Room != 0 ? RtlAllocateHeap(BaseHeap(), 0, (SIZE_T)Room + 2) : NULL};
    DWORD Result = 0;

    if (Texts[4] != NULL) {
        Result = GetPrivateProfileStringA(Texts[0], Texts[1], Texts[2], Texts[4], Room, Texts[3]);
        MultiByteToWideChar(1252, 0, Texts[4], (int)(Result + 1), Buffer, (int)Room);
        if (Section == NULL || Key == NULL) {
            Buffer[Result + (Result + 1 < Room)] = 0;
        }
    }
    BaseFreeNarrow(Texts, 5);
    return Result;
}

UINT WINAPI
GetPrivateProfileIntW(LPCWSTR Section, LPCWSTR Key, INT Default, LPCWSTR Path)
{
    PSTR Texts[] = {BaseNarrow(Section), BaseNarrow(Key), BaseNarrow(Path)};
    UINT Result = GetPrivateProfileIntA(Texts[0], Texts[1], Default, Texts[2]);

    BaseFreeNarrow(Texts, 3);
    return Result;
}

BOOL WINAPI
WritePrivateProfileStringW(LPCWSTR Section, LPCWSTR Key, LPCWSTR Value, LPCWSTR Path)
{
    PSTR Texts[] = {BaseNarrow(Section), BaseNarrow(Key), BaseNarrow(Value), BaseNarrow(Path)};
    BOOL Result = WritePrivateProfileStringA(Texts[0], Texts[1], Texts[2], Texts[3]);

    BaseFreeNarrow(Texts, 4);
    return Result;
}

DWORD WINAPI
GetPrivateProfileSectionNamesW(LPWSTR Buffer, DWORD Room, LPCWSTR Path)
{
    DWORD Length = GetPrivateProfileStringW(NULL, NULL, NULL, Buffer, Room, Path);

    if (Length != 0 && Length + 1 == Room) {
        Buffer[--Length] = 0;
    }
    return Length;
}

DWORD WINAPI
GetPrivateProfileSectionW(LPCWSTR Section, LPWSTR Buffer, DWORD Room, LPCWSTR Path)
{
    PSTR Texts[] = {BaseNarrow(Section), BaseNarrow(Path),
                    Buffer != NULL ? RtlAllocateHeap(BaseHeap(), 0, (SIZE_T)Room + 2) : NULL};
    DWORD Result = GetPrivateProfileSectionA(Texts[0], Texts[2], Room, Texts[1]);

    if (Texts[2] != NULL && Room >= 2) {
        MultiByteToWideChar(1252, 0, Texts[2], (int)(Result + (Result == 0 ? 2 : 1)), Buffer,
                            (int)Room);
        if (Result == Room - 2) {
            Buffer[Room - 1] = 0;
        }
    }
    BaseFreeNarrow(Texts, 3);
    return Result;
}

BOOL WINAPI
WritePrivateProfileSectionW(LPCWSTR Section, LPCWSTR Pairs, LPCWSTR Path)
{
    PSTR Texts[] = {BaseNarrow(Section), BaseNarrow(Path), NULL};
    SIZE_T Length = 0;
    BOOL Result;

    if (Pairs != NULL) {
        while (Pairs[Length] != 0) {
            Length += wcslen(Pairs + Length) + 1;
        }
        Length++;
        Texts[2] = RtlAllocateHeap(BaseHeap(), 0, Length + 1);
        if (Texts[2] == NULL) {
            BaseFreeNarrow(Texts, 2);
            return BaseFail(STATUS_NO_MEMORY);
        }
        WideCharToMultiByte(1252, 0, Pairs, (int)Length, Texts[2], (int)Length, NULL, NULL);
        Texts[2][Length] = 0;
    }
    Result = WritePrivateProfileSectionA(Texts[0], Texts[2], Texts[1]);
    BaseFreeNarrow(Texts, 3);
    return Result;
}

/* [LEARN: GetProfileString and the like] a private profile's routines with the name of win.ini. */
#define WIN_INI(Result, Name, Arguments, ...)                                                      \
    Result WINAPI Name Arguments                                                                   \
    {                                                                                              \
        return __VA_ARGS__;                                                                        \
    }

WIN_INI(DWORD, GetProfileStringA,
        (LPCSTR Section, LPCSTR Key, LPCSTR Default, LPSTR Buffer, DWORD Room),
        GetPrivateProfileStringA(Section, Key, Default, Buffer, Room, "win.ini"))
WIN_INI(DWORD, GetProfileStringW,
        (LPCWSTR Section, LPCWSTR Key, LPCWSTR Default, LPWSTR Buffer, DWORD Room),
        GetPrivateProfileStringW(Section, Key, Default, Buffer, Room, L"win.ini"))
WIN_INI(UINT, GetProfileIntA, (LPCSTR Section, LPCSTR Key, INT Default),
        GetPrivateProfileIntA(Section, Key, Default, "win.ini"))
WIN_INI(UINT, GetProfileIntW, (LPCWSTR Section, LPCWSTR Key, INT Default),
        GetPrivateProfileIntW(Section, Key, Default, L"win.ini"))
WIN_INI(DWORD, GetProfileSectionA, (LPCSTR Section, LPSTR Buffer, DWORD Room),
        GetPrivateProfileSectionA(Section, Buffer, Room, "win.ini"))
WIN_INI(DWORD, GetProfileSectionW, (LPCWSTR Section, LPWSTR Buffer, DWORD Room),
        GetPrivateProfileSectionW(Section, Buffer, Room, L"win.ini"))
WIN_INI(BOOL, WriteProfileStringA, (LPCSTR Section, LPCSTR Key, LPCSTR Value),
        WritePrivateProfileStringA(Section, Key, Value, "win.ini"))
WIN_INI(BOOL, WriteProfileStringW, (LPCWSTR Section, LPCWSTR Key, LPCWSTR Value),
        WritePrivateProfileStringW(Section, Key, Value, L"win.ini"))
WIN_INI(BOOL, WriteProfileSectionA, (LPCSTR Section, LPCSTR Pairs),
        WritePrivateProfileSectionA(Section, Pairs, "win.ini"))
WIN_INI(BOOL, WriteProfileSectionW, (LPCWSTR Section, LPCWSTR Pairs),
        WritePrivateProfileSectionW(Section, Pairs, L"win.ini"))
