/*
 * ole32.c - what programs use of COM without any server: its memory, GUIDs, and that a thread enters and leaves an apartment.
 * Nothing can be created: CoCreateInstance is not there, and whoever calls it is told so.
 *
 * A thread's apartment is in its TLS slot: how often it was entered << 1, and in bit 0 the kind: 1 single-threaded.
 * Facts: CoInitializeEx (S_FALSE: entered already; RPC_E_CHANGED_MODE: as another kind), StringFromGUID2, CoCreateGuid (a version 4 GUID).
 */
#include <objbase.h>

BOOLEAN NTAPI SystemFunction036(PVOID Buffer, ULONG Length);

static DWORD Apartment;

BOOL WINAPI
DllMain(HINSTANCE Instance, DWORD Reason, LPVOID Reserved)
{
    if (Reason == DLL_PROCESS_ATTACH) {
        Apartment = TlsAlloc();
        return Apartment != TLS_OUT_OF_INDEXES;
    }
    return TRUE;
}

HRESULT WINAPI
CoInitializeEx(LPVOID Reserved, DWORD Flags)
{
    ULONG_PTR Now = (ULONG_PTR)TlsGetValue(Apartment),
              Kind = (Flags & COINIT_APARTMENTTHREADED) != 0;

    if (Reserved != NULL || (Flags & ~0xEu) != 0) {
        return E_INVALIDARG;
    }
    if (Now != 0 && (Now & 1) != Kind) {
        return RPC_E_CHANGED_MODE;
    }
    TlsSetValue(Apartment, (PVOID)(((Now | Kind)) + 2));
    return Now != 0 ? S_FALSE : S_OK;
}

HRESULT WINAPI
CoInitialize(LPVOID Reserved)
{
    return CoInitializeEx(Reserved, COINIT_APARTMENTTHREADED);
}

void WINAPI
CoUninitialize(void)
{
    ULONG_PTR Now = (ULONG_PTR)TlsGetValue(Apartment);

    if (Now >= 2) {
        Now -= 2;
        TlsSetValue(Apartment, (PVOID)(Now < 2 ? 0 : Now));
    }
}

LPVOID WINAPI
CoTaskMemAlloc(SIZE_T Size)
{
    return HeapAlloc(GetProcessHeap(), 0, Size);
}

LPVOID WINAPI
CoTaskMemRealloc(LPVOID Memory, SIZE_T Size)
{
    if (Memory == NULL) {
        return CoTaskMemAlloc(Size);
    }
    if (Size == 0) {
        HeapFree(GetProcessHeap(), 0, Memory);
        return NULL;
    }
    return HeapReAlloc(GetProcessHeap(), 0, Memory, Size);
}

void WINAPI
CoTaskMemFree(LPVOID Memory)
{
    if (Memory != NULL) {
        HeapFree(GetProcessHeap(), 0, Memory);
    }
}

HRESULT WINAPI
CoCreateGuid(GUID *Guid)
{
    if (Guid == NULL) {
        return E_INVALIDARG;
    }
    SystemFunction036(Guid, sizeof(*Guid));
    Guid->Data3 = (Guid->Data3 & 0x0FFF) | 0x4000;
    Guid->Data4[0] = (Guid->Data4[0] & 0x3F) | 0x80;
    return S_OK;
}

static PWSTR
PutHex(PWSTR At, ULONG Value, int Digits)
{
    for (int Shift = (Digits - 1) * 4; Shift >= 0; Shift -= 4) {
        *At++ = L"0123456789ABCDEF"[Value >> Shift & 0xF];
    }
    return At;
}

/* Characters with the 0 at the end: 39; 0: no room. */
int WINAPI
StringFromGUID2(REFGUID Guid, LPOLESTR Text, int Room)
{
    PWSTR At = Text;

    if (Text == NULL || Room < 39) {
        return 0;
    }
    *At++ = '{';
    At = PutHex(At, Guid->Data1, 8);
    *At++ = '-';
    At = PutHex(At, Guid->Data2, 4);
    *At++ = '-';
    At = PutHex(At, Guid->Data3, 4);
    for (int Index = 0; Index < 8; Index++) {
        if (Index == 0 || Index == 2) {
            *At++ = '-';
        }
        At = PutHex(At, Guid->Data4[Index], 2);
    }
    *At++ = '}';
    *At = 0;
    return 39;
}

static BOOL
TakeHex(LPCOLESTR *At, int Digits, PULONG Value)
{
    *Value = 0;
    for (; Digits > 0; Digits--, (*At)++) {
        WCHAR Char = **At;
        ULONG Digit = Char >= '0' && Char <= '9'                     ? Char - '0'
                      : (Char | 0x20) >= 'a' && (Char | 0x20) <= 'f' ? (Char | 0x20) - 'a' + 10
                                                                     : 16;

        if (Digit == 16) {
            return FALSE;
        }
        *Value = *Value << 4 | Digit;
    }
    return TRUE;
}

HRESULT WINAPI
CLSIDFromString(LPCOLESTR Text, LPCLSID Guid)
{
    ULONG Value;
    GUID New;

    if (Text == NULL) {
        *Guid = (GUID){0};
        return S_OK;
    }
    if (*Text++ != '{' || !TakeHex(&Text, 8, &New.Data1) || *Text++ != '-' ||
        !TakeHex(&Text, 4, &Value)) {
        return CO_E_CLASSSTRING;
    }
    New.Data2 = (USHORT)Value;
    if (*Text++ != '-' || !TakeHex(&Text, 4, &Value)) {
        return CO_E_CLASSSTRING;
    }
    New.Data3 = (USHORT)Value;
    for (int Index = 0; Index < 8; Index++) {
        if (((Index == 0 || Index == 2) && *Text++ != '-') || !TakeHex(&Text, 2, &Value)) {
            return CO_E_CLASSSTRING;
        }
        New.Data4[Index] = (UCHAR)Value;
    }
    if (Text[0] != '}' || Text[1] != 0) {
        return CO_E_CLASSSTRING;
    }
    *Guid = New;
    return S_OK;
}
