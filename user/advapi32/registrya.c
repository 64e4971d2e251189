/*
 * registrya.c - keys and values, the A routines: names and text data go through code page 1252.
 */
#include "user/advapi32/adv.h"

static BOOL
AdvIsText(DWORD Type)
{
    return Type == REG_SZ || Type == REG_EXPAND_SZ || Type == REG_MULTI_SZ;
}

LSTATUS WINAPI
RegOpenKeyExA(HKEY Key, LPCSTR SubKey, DWORD Options, REGSAM Access, PHKEY Result)
{
    UNICODE_STRING Wide;
    LSTATUS Error;

    if (!AdvToWide(&Wide, SubKey)) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    Error = RegOpenKeyExW(Key, Wide.Buffer, Options, Access, Result);
    RtlFreeUnicodeString(&Wide);
    return Error;
}

LSTATUS WINAPI
RegOpenKeyA(HKEY Key, LPCSTR SubKey, PHKEY Result)
{
    return RegOpenKeyExA(Key, SubKey, 0, MAXIMUM_ALLOWED, Result);
}

LSTATUS WINAPI
RegOpenKeyW(HKEY Key, LPCWSTR SubKey, PHKEY Result)
{
    return RegOpenKeyExW(Key, SubKey, 0, MAXIMUM_ALLOWED, Result);
}

LSTATUS WINAPI
RegCreateKeyExA(HKEY Key, LPCSTR SubKey, DWORD Reserved, LPSTR Class, DWORD Options, REGSAM Access,
                const LPSECURITY_ATTRIBUTES Security, PHKEY Result, LPDWORD Disposition)
{
    UNICODE_STRING Wide;
    LSTATUS Error;

    if (!AdvToWide(&Wide, SubKey)) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    Error =
        RegCreateKeyExW(Key, Wide.Buffer, 0, NULL, Options, Access, Security, Result, Disposition);
    RtlFreeUnicodeString(&Wide);
    return Error;
}

LSTATUS WINAPI
RegCreateKeyA(HKEY Key, LPCSTR SubKey, PHKEY Result)
{
    return RegCreateKeyExA(Key, SubKey, 0, NULL, 0, MAXIMUM_ALLOWED, NULL, Result, NULL);
}

LSTATUS WINAPI
RegCreateKeyW(HKEY Key, LPCWSTR SubKey, PHKEY Result)
{
    return RegCreateKeyExW(Key, SubKey, 0, NULL, 0, MAXIMUM_ALLOWED, NULL, Result, NULL);
}

/* Text is read whole and narrowed: half its bytes. */
LSTATUS WINAPI
RegQueryValueExA(HKEY Key, LPCSTR ValueName, LPDWORD Reserved, LPDWORD Type, LPBYTE Data,
                 LPDWORD Size)
{
    UNICODE_STRING Wide;
    DWORD Kind = REG_NONE, Bytes = 0, Room = Size != NULL ? *Size : 0;
    ULONG Written;
    PBYTE Buffer;
    LSTATUS Error;

    if (Data != NULL && Size == NULL) {
        return ERROR_INVALID_PARAMETER;
    }
    if (!AdvToWide(&Wide, ValueName)) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    Error = RegQueryValueExW(Key, Wide.Buffer, NULL, &Kind, NULL, &Bytes);
    if (Error == ERROR_SUCCESS) {
        Buffer = AdvAllocate(Bytes + 2);
        Error = Buffer == NULL ? ERROR_NOT_ENOUGH_MEMORY
                               : RegQueryValueExW(Key, Wide.Buffer, NULL, &Kind, Buffer, &Bytes);
        if (Error == ERROR_SUCCESS) {
            DWORD Need = AdvIsText(Kind) ? Bytes / sizeof(WCHAR) : Bytes;

            if (Type != NULL) {
                *Type = Kind;
            }
            if (Size != NULL) {
                *Size = Need;
            }
            if (Data != NULL && Need > Room) {
                Error = ERROR_MORE_DATA;
            } else if (Data != NULL && AdvIsText(Kind)) {
                RtlUnicodeToMultiByteN((PCHAR)Data, Room, &Written, (PWSTR)Buffer, Bytes);
            } else if (Data != NULL) {
                RtlCopyMemory(Data, Buffer, Bytes);
            }
        }
        AdvFree(Buffer);
    }
    RtlFreeUnicodeString(&Wide);
    return Error;
}

LSTATUS WINAPI
RegSetValueExA(HKEY Key, LPCSTR ValueName, DWORD Reserved, DWORD Type, const BYTE *Data, DWORD Size)
{
    UNICODE_STRING Wide;
    PWSTR Text = NULL;
    ULONG Written = Size;
    LSTATUS Error = ERROR_NOT_ENOUGH_MEMORY;

    if (!AdvToWide(&Wide, ValueName)) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    if (AdvIsText(Type)) {
        Text = AdvAllocate((Size + 1) * sizeof(WCHAR));
        if (Text != NULL) {
            RtlMultiByteToUnicodeN(Text, Size * sizeof(WCHAR), &Written, (PCSTR)Data, Size);
            Data = (const BYTE *)Text;
        }
    }
    if (!AdvIsText(Type) || Text != NULL) {
        Error = RegSetValueExW(Key, Wide.Buffer, 0, Type, Data, Written);
    }
    AdvFree(Text);
    RtlFreeUnicodeString(&Wide);
    return Error;
}

LSTATUS WINAPI
RegDeleteValueA(HKEY Key, LPCSTR ValueName)
{
    UNICODE_STRING Wide;
    LSTATUS Error;

    if (!AdvToWide(&Wide, ValueName)) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    Error = RegDeleteValueW(Key, Wide.Buffer);
    RtlFreeUnicodeString(&Wide);
    return Error;
}

LSTATUS WINAPI
RegDeleteKeyExA(HKEY Key, LPCSTR SubKey, REGSAM View, DWORD Reserved)
{
    UNICODE_STRING Wide;
    LSTATUS Error;

    if (!AdvToWide(&Wide, SubKey)) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    Error = RegDeleteKeyExW(Key, Wide.Buffer, View, 0);
    RtlFreeUnicodeString(&Wide);
    return Error;
}

LSTATUS WINAPI
RegDeleteKeyA(HKEY Key, LPCSTR SubKey)
{
    return RegDeleteKeyExA(Key, SubKey, 0, 0);
}

LSTATUS WINAPI
RegDeleteKeyW(HKEY Key, LPCWSTR SubKey)
{
    return RegDeleteKeyExW(Key, SubKey, 0, 0);
}

LSTATUS WINAPI
RegDeleteTreeA(HKEY Key, LPCSTR SubKey)
{
    UNICODE_STRING Wide;
    LSTATUS Error;

    if (!AdvToWide(&Wide, SubKey)) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    Error = RegDeleteTreeW(Key, Wide.Buffer);
    RtlFreeUnicodeString(&Wide);
    return Error;
}

LSTATUS WINAPI
RegEnumKeyExA(HKEY Key, DWORD Index, LPSTR Name, LPDWORD Room, LPDWORD Reserved, LPSTR Class,
              LPDWORD ClassRoom, PFILETIME LastWrite)
{
    WCHAR Wide[257];
    DWORD Length = RTL_NUMBER_OF(Wide);
    ULONG Written;
    LSTATUS Error = RegEnumKeyExW(Key, Index, Wide, &Length, NULL, NULL, NULL, LastWrite);

    if (Error != ERROR_SUCCESS) {
        return Error;
    }
    if (Length + 1 > *Room) {
        return ERROR_MORE_DATA;
    }
    RtlUnicodeToMultiByteN(Name, Length, &Written, Wide, Length * sizeof(WCHAR));
    Name[Written] = 0;
    *Room = Written;
    return ERROR_SUCCESS;
}

LSTATUS WINAPI
RegEnumKeyA(HKEY Key, DWORD Index, LPSTR Name, DWORD Room)
{
    return RegEnumKeyExA(Key, Index, Name, &Room, NULL, NULL, NULL, NULL);
}

LSTATUS WINAPI
RegEnumKeyW(HKEY Key, DWORD Index, LPWSTR Name, DWORD Room)
{
    return RegEnumKeyExW(Key, Index, Name, &Room, NULL, NULL, NULL, NULL);
}
