/*
 * regvaluea.c - values, the rest of the A routines: enumerating, getting with a type asked for, by path.
 *
 * Text data goes through code page 1252, so its size changes: it is read whole, converted, then given.
 * Facts: RegEnumValue, RegQueryInfoKey, RegGetValue, RegSetKeyValue, RegDeleteKeyValue.
 */
#include "user/advapi32/adv.h"

#define ADV_NAME_ROOM 260

static BOOL
AdvIsTextType(DWORD Type)
{
    return Type == REG_SZ || Type == REG_EXPAND_SZ || Type == REG_MULTI_SZ;
}

/* Data of Size bytes as the A routines give it; ERROR_MORE_DATA if Room says less than there is. */
static LSTATUS
AdvGiveData(DWORD Type, PVOID Data, DWORD Size, LPBYTE Buffer, LPDWORD Room)
{
    ULONG Bytes = Size;
    LSTATUS Error = ERROR_SUCCESS;

    if (Room == NULL) {
        return ERROR_SUCCESS;
    }
    if (AdvIsTextType(Type)) {
        RtlUnicodeToMultiByteSize(&Bytes, Data, Size & ~1u);
    }
    if (Buffer != NULL) {
        if (*Room < Bytes) {
            Error = ERROR_MORE_DATA;
        } else if (AdvIsTextType(Type)) {
            RtlUnicodeToMultiByteN((PCHAR)Buffer, Bytes, NULL, Data, Size & ~1u);
        } else {
            RtlCopyMemory(Buffer, Data, Size);
        }
    }
    *Room = Bytes;
    return Error;
}

LSTATUS WINAPI
RegEnumValueA(HKEY Key, DWORD Index, LPSTR Name, LPDWORD NameRoom, LPDWORD Reserved, LPDWORD Type,
              LPBYTE Data, LPDWORD Size)
{
    WCHAR Wide[ADV_NAME_ROOM];
    DWORD Length = ADV_NAME_ROOM, Kind, Bytes = 0x10000;
    PVOID Buffer;
    ULONG Narrow;
    LSTATUS Error;

    if (Name == NULL || NameRoom == NULL || Reserved != NULL || (Data != NULL && Size == NULL)) {
        return ERROR_INVALID_PARAMETER; /* only what comes after may be missing */
    }
    Buffer = AdvAllocate(Bytes);
    if (Buffer == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    Error = RegEnumValueW(Key, Index, Wide, &Length, NULL, &Kind, Buffer, &Bytes);
    if (Error == ERROR_SUCCESS) {
        RtlUnicodeToMultiByteSize(&Narrow, Wide, Length * sizeof(WCHAR));
        if (Narrow + 1 > *NameRoom) {
            Error = ERROR_MORE_DATA;
        } else {
            RtlUnicodeToMultiByteN(Name, Narrow, NULL, Wide, Length * sizeof(WCHAR));
            Name[Narrow] = 0;
            *NameRoom = Narrow;
            if (Type != NULL) {
                *Type = Kind;
            }
            Error = AdvGiveData(Kind, Buffer, Bytes, Data, Size);
        }
    }
    AdvFree(Buffer);
    return Error;
}

/* Lengths are in characters, which code page 1252 has one byte each of. */
LSTATUS WINAPI
RegQueryInfoKeyA(HKEY Key, LPSTR Class, LPDWORD ClassRoom, LPDWORD Reserved, LPDWORD SubKeys,
                 LPDWORD MaxSubKey, LPDWORD MaxClass, LPDWORD Values, LPDWORD MaxValueName,
                 LPDWORD MaxData, LPDWORD Security, PFILETIME Written)
{
    if (Class != NULL && ClassRoom != NULL && *ClassRoom != 0) {
        Class[0] = 0;
        *ClassRoom = 0;
    }
    return RegQueryInfoKeyW(Key, NULL, NULL, NULL, SubKeys, MaxSubKey, MaxClass, Values,
                            MaxValueName, MaxData, Security, Written);
}

LSTATUS WINAPI
RegGetValueA(HKEY Key, LPCSTR SubKey, LPCSTR Value, DWORD Flags, LPDWORD Type, PVOID Data,
             LPDWORD Size)
{
    UNICODE_STRING WideKey, WideValue = {0};
    DWORD Kind, Bytes = 0x10000;
    PVOID Buffer = AdvAllocate(Bytes);
    LSTATUS Error = ERROR_NOT_ENOUGH_MEMORY;

    if (Buffer != NULL && AdvToWide(&WideKey, SubKey)) {
        if (AdvToWide(&WideValue, Value)) {
            Error = RegGetValueW(Key, WideKey.Buffer, WideValue.Buffer, Flags & ~RRF_ZEROONFAILURE,
                                 &Kind, Buffer, &Bytes);
            RtlFreeUnicodeString(&WideValue);
        }
        RtlFreeUnicodeString(&WideKey);
        if (Error == ERROR_SUCCESS) {
            Error = AdvGiveData(Kind, Buffer, Bytes, Data, Size);
            if (Type != NULL) {
                *Type = Kind;
            }
        } else if ((Flags & RRF_ZEROONFAILURE) != 0 && Data != NULL && Size != NULL) {
            RtlZeroMemory(Data, *Size);
        }
    }
    if (Buffer != NULL) {
        AdvFree(Buffer);
    }
    return Error;
}

LSTATUS WINAPI
RegSetKeyValueW(HKEY Key, LPCWSTR SubKey, LPCWSTR Value, DWORD Type, LPCVOID Data, DWORD Size)
{
    HKEY Opened = Key;
    LSTATUS Error = ERROR_SUCCESS;

    if (SubKey != NULL && *SubKey != 0) {
        Error = RegCreateKeyExW(Key, SubKey, 0, NULL, 0, KEY_SET_VALUE, NULL, &Opened, NULL);
    }
    if (Error == ERROR_SUCCESS) {
        Error = RegSetValueExW(Opened, Value, 0, Type, Data, Size);
        if (Opened != Key) {
            RegCloseKey(Opened);
        }
    }
    return Error;
}

LSTATUS WINAPI
RegSetKeyValueA(HKEY Key, LPCSTR SubKey, LPCSTR Value, DWORD Type, LPCVOID Data, DWORD Size)
{
    HKEY Opened = Key;
    LSTATUS Error = ERROR_SUCCESS;

    if (SubKey != NULL && *SubKey != 0) {
        Error = RegCreateKeyExA(Key, SubKey, 0, NULL, 0, KEY_SET_VALUE, NULL, &Opened, NULL);
    }
    if (Error == ERROR_SUCCESS) {
        Error = RegSetValueExA(Opened, Value, 0, Type, Data, Size);
        if (Opened != Key) {
            RegCloseKey(Opened);
        }
    }
    return Error;
}

LSTATUS WINAPI
RegDeleteKeyValueW(HKEY Key, LPCWSTR SubKey, LPCWSTR Value)
{
    HKEY Opened = Key;
    LSTATUS Error = ERROR_SUCCESS;

    if (SubKey != NULL && *SubKey != 0) {
        Error = RegOpenKeyExW(Key, SubKey, 0, KEY_SET_VALUE, &Opened);
    }
    if (Error == ERROR_SUCCESS) {
        Error = RegDeleteValueW(Opened, Value);
        if (Opened != Key) {
            RegCloseKey(Opened);
        }
    }
    return Error;
}

LSTATUS WINAPI
RegDeleteKeyValueA(HKEY Key, LPCSTR SubKey, LPCSTR Value)
{
    UNICODE_STRING WideKey, WideValue;
    LSTATUS Error = ERROR_NOT_ENOUGH_MEMORY;

    if (AdvToWide(&WideKey, SubKey)) {
        if (AdvToWide(&WideValue, Value)) {
            Error = RegDeleteKeyValueW(Key, WideKey.Buffer, WideValue.Buffer);
            RtlFreeUnicodeString(&WideValue);
        }
        RtlFreeUnicodeString(&WideKey);
    }
    return Error;
}
