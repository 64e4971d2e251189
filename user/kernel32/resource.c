/*
 * resource.c - the types, names and languages of a module's resources, one after the other.
 *
 * The tree has three levels; each is walked as it lies in the image: named entries first, then numbers. [LEARN:
 * EnumResourceTypes, EnumResourceNames, EnumResourceLanguages; PE format, "The .rsrc section"]
 */
#include "user/kernel32/base.h"

typedef struct _BASE_LEVEL {
    PUCHAR Root;
    PIMAGE_RESOURCE_DIRECTORY_ENTRY Entry;
    ULONG Count;
} BASE_LEVEL;

static BOOL
BaseFirstLevel(HMODULE Module, BASE_LEVEL *Level)
{
    ULONG Size;
    PVOID Base =
        Module != NULL ? (PVOID)((ULONG_PTR)Module & ~2ull) : NtCurrentPeb()->ImageBaseAddress;
    PIMAGE_RESOURCE_DIRECTORY Directory =
        RtlImageDirectoryEntryToData(Base, TRUE, IMAGE_DIRECTORY_ENTRY_RESOURCE, &Size);

    if (Directory == NULL) {
        return BaseFailWith(ERROR_RESOURCE_DATA_NOT_FOUND);
    }
    Level->Root = (PUCHAR)Directory;
    Level->Entry = (PVOID)(Directory + 1);
    Level->Count = Directory->NumberOfIdEntries + Directory->NumberOfNamedEntries;
    return TRUE;
}

static BOOL
BaseSameName(BASE_LEVEL *Level, ULONG Index, LPCWSTR Wanted)
{
    PIMAGE_RESOURCE_DIRECTORY_ENTRY Entry = &Level->Entry[Index];
    PIMAGE_RESOURCE_DIR_STRING_U String = (PVOID)(Level->Root + Entry->NameOffset);

    if (IS_INTRESOURCE(Wanted)) {
        return !Entry->NameIsString && Entry->Id == (USHORT)(ULONG_PTR)Wanted;
    }
    return Entry->NameIsString && wcslen(Wanted) == String->Length &&
           _wcsnicmp(Wanted, String->NameString, String->Length) == 0;
}

static BOOL
BaseNextLevel(BASE_LEVEL *Level, LPCWSTR Wanted, DWORD Missing)
{
    for (ULONG i = 0; i < Level->Count; i++) {
        if (BaseSameName(Level, i, Wanted)) {
            PIMAGE_RESOURCE_DIRECTORY Directory =
                (PVOID)(Level->Root + Level->Entry[i].OffsetToDirectory);

            Level->Entry = (PVOID)(Directory + 1);
            Level->Count = Directory->NumberOfIdEntries + Directory->NumberOfNamedEntries;
            return TRUE;
        }
    }
    return BaseFailWith(Missing);
}

/* The name of an entry as the callback gets it: a number, or a string in Text. */
static LPWSTR
BaseNameOf(BASE_LEVEL *Level, ULONG Index, PWSTR Text, ULONG Room)
{
    PIMAGE_RESOURCE_DIR_STRING_U String = (PVOID)(Level->Root + Level->Entry[Index].NameOffset);
    ULONG Length;

    if (!Level->Entry[Index].NameIsString) {
        return MAKEINTRESOURCEW(Level->Entry[Index].Id);
    }
    Length = min(String->Length, Room - 1);
    RtlCopyMemory(Text, String->NameString, Length * sizeof(WCHAR));
    Text[Length] = 0;
    return Text;
}

BOOL WINAPI
EnumResourceTypesW(HMODULE Module, ENUMRESTYPEPROCW Routine, LONG_PTR Parameter)
{
    BASE_LEVEL Level;
    WCHAR Text[256];

    if (!BaseFirstLevel(Module, &Level)) {
        return FALSE;
    }
    for (ULONG i = 0; i < Level.Count; i++) {
        if (!Routine(Module, BaseNameOf(&Level, i, Text, 256), Parameter)) {
            return BaseFailWith(ERROR_RESOURCE_ENUM_USER_STOP);
        }
    }
    return TRUE;
}

BOOL WINAPI
EnumResourceNamesW(HMODULE Module, LPCWSTR Type, ENUMRESNAMEPROCW Routine, LONG_PTR Parameter)
{
    BASE_LEVEL Level;
    WCHAR Text[256];

    if (!BaseFirstLevel(Module, &Level) ||
        !BaseNextLevel(&Level, Type, ERROR_RESOURCE_TYPE_NOT_FOUND)) {
        return FALSE;
    }
    for (ULONG i = 0; i < Level.Count; i++) {
        if (!Routine(Module, Type, BaseNameOf(&Level, i, Text, 256), Parameter)) {
            return BaseFailWith(ERROR_RESOURCE_ENUM_USER_STOP);
        }
    }
    return TRUE;
}

BOOL WINAPI
EnumResourceLanguagesW(HMODULE Module, LPCWSTR Type, LPCWSTR Name, ENUMRESLANGPROCW Routine,
                       LONG_PTR Parameter)
{
    BASE_LEVEL Level;

    if (!BaseFirstLevel(Module, &Level) ||
        !BaseNextLevel(&Level, Type, ERROR_RESOURCE_TYPE_NOT_FOUND) ||
        !BaseNextLevel(&Level, Name, ERROR_RESOURCE_NAME_NOT_FOUND)) {
        return FALSE;
    }
    for (ULONG i = 0; i < Level.Count; i++) {
        if (!Routine(Module, Type, Name, Level.Entry[i].Id, Parameter)) {
            return BaseFailWith(ERROR_RESOURCE_ENUM_USER_STOP);
        }
    }
    return TRUE;
}

/* An A routine's callback gets strings of the code page. */
typedef struct _BASE_NARROW {
    PVOID Routine;
    LONG_PTR Parameter;
    LPCSTR Type;
} BASE_NARROW, *PBASE_NARROW;

static LPSTR
BaseNarrow(LPCWSTR Name, LPSTR Text, DWORD Room)
{
    if (IS_INTRESOURCE(Name)) {
        return (LPSTR)Name;
    }
    BaseToAnsi(Name, (DWORD)wcslen(Name), Text, Room);
    return Text;
}

static BOOL CALLBACK
BaseNarrowType(HMODULE Module, LPWSTR Type, LONG_PTR Parameter)
{
    PBASE_NARROW Narrow = (PBASE_NARROW)Parameter;
    char Text[256];

    return ((ENUMRESTYPEPROCA)Narrow->Routine)(Module, BaseNarrow(Type, Text, 256),
                                               Narrow->Parameter);
}

static BOOL CALLBACK
BaseNarrowName(HMODULE Module, LPCWSTR Type, LPWSTR Name, LONG_PTR Parameter)
{
    PBASE_NARROW Narrow = (PBASE_NARROW)Parameter;
    char Text[256];

    return ((ENUMRESNAMEPROCA)Narrow->Routine)(Module, Narrow->Type, BaseNarrow(Name, Text, 256),
                                               Narrow->Parameter);
}

BOOL WINAPI
EnumResourceTypesA(HMODULE Module, ENUMRESTYPEPROCA Routine, LONG_PTR Parameter)
{
    BASE_NARROW Narrow = {(PVOID)Routine, Parameter, NULL};

    return EnumResourceTypesW(Module, BaseNarrowType, (LONG_PTR)&Narrow);
}

BOOL WINAPI
EnumResourceNamesA(HMODULE Module, LPCSTR Type, ENUMRESNAMEPROCA Routine, LONG_PTR Parameter)
{
    BASE_NARROW Narrow = {(PVOID)Routine, Parameter, Type};
    UNICODE_STRING Wide = {0};
    BOOL Result;

    if (!IS_INTRESOURCE(Type) && !BaseToWide(&Wide, Type)) {
        return FALSE;
    }
    Result = EnumResourceNamesW(Module, Wide.Buffer != NULL ? Wide.Buffer : (LPCWSTR)Type,
                                BaseNarrowName, (LONG_PTR)&Narrow);
    RtlFreeUnicodeString(&Wide);
    return Result;
}

HRSRC WINAPI
FindResourceExA(HMODULE Module, LPCSTR Type, LPCSTR Name, WORD Language)
{
    UNICODE_STRING WideType = {0}, WideName = {0};
    HRSRC Result = NULL;

    if ((IS_INTRESOURCE(Type) || BaseToWide(&WideType, Type)) &&
        (IS_INTRESOURCE(Name) || BaseToWide(&WideName, Name))) {
        Result =
            FindResourceExW(Module, WideType.Buffer != NULL ? WideType.Buffer : (LPCWSTR)Type,
                            WideName.Buffer != NULL ? WideName.Buffer : (LPCWSTR)Name, Language);
    }
    RtlFreeUnicodeString(&WideType);
    RtlFreeUnicodeString(&WideName);
    return Result;
}
