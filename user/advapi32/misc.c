/*
 * misc.c - event tracing with nobody listening, random numbers, the user's name, the DLL's own entry.
 *
 * Random numbers are the processor's: `rdrand` answers for the virtual processor from the run's seed, so they are the same in
 * every run. Facts: EventRegister, EventWrite (ERROR_SUCCESS when no session is enabled), CryptGenRandom, RtlGenRandom.
 */
#include "user/advapi32/adv.h"
#include <wincrypt.h>
#include <evntprov.h>

BOOL WINAPI
DllMain(HINSTANCE Instance, DWORD Reason, LPVOID Reserved)
{
    return TRUE;
}

ULONG WINAPI
EventRegister(LPCGUID Provider, PENABLECALLBACK Callback, PVOID Context, PREGHANDLE Handle)
{
    if (Provider == NULL || Handle == NULL) {
        return ERROR_INVALID_PARAMETER;
    }
    *Handle = (REGHANDLE)(ULONG_PTR)
        Provider; /* nobody enables a provider: the handle is never looked into */
    return ERROR_SUCCESS;
}

ULONG WINAPI
EventUnregister(REGHANDLE Handle)
{
    return Handle == 0 ? ERROR_INVALID_HANDLE : ERROR_SUCCESS;
}

ULONG WINAPI
EventWrite(REGHANDLE Handle, PCEVENT_DESCRIPTOR Descriptor, ULONG Count,
           PEVENT_DATA_DESCRIPTOR Data)
{
    return Handle == 0 ? ERROR_INVALID_HANDLE : ERROR_SUCCESS;
}

ULONG WINAPI
EventWriteTransfer(REGHANDLE Handle, PCEVENT_DESCRIPTOR Descriptor, LPCGUID Activity,
                   LPCGUID Related, ULONG Count, PEVENT_DATA_DESCRIPTOR Data)
{
    return Handle == 0 ? ERROR_INVALID_HANDLE : ERROR_SUCCESS;
}

ULONG WINAPI
EventWriteString(REGHANDLE Handle, UCHAR Level, ULONGLONG Keyword, PCWSTR String)
{
    return Handle == 0 ? ERROR_INVALID_HANDLE : ERROR_SUCCESS;
}

BOOLEAN WINAPI
EventEnabled(REGHANDLE Handle, PCEVENT_DESCRIPTOR Descriptor)
{
    return FALSE;
}

BOOLEAN WINAPI
EventProviderEnabled(REGHANDLE Handle, UCHAR Level, ULONGLONG Keyword)
{
    return FALSE;
}

ULONG WINAPI
EventSetInformation(REGHANDLE Handle, EVENT_INFO_CLASS Class, PVOID Information, ULONG Length)
{
    return Handle == 0 ? ERROR_INVALID_HANDLE : ERROR_SUCCESS;
}

static VOID
AdvRandom(PUCHAR Buffer, ULONG Length)
{
    while (Length != 0) {
        ULONG64 Value;
        ULONG Part = min(Length, sizeof(Value));
        UCHAR Good;

        do {
            __asm__ volatile("rdrand %0" : "=r"(Value), "=@ccc"(Good));
        } while (!Good);
        RtlCopyMemory(Buffer, &Value, Part);
        Buffer += Part;
        Length -= Part;
    }
}

/* RtlGenRandom */
BOOLEAN WINAPI
SystemFunction036(PVOID Buffer, ULONG Length)
{
    AdvRandom(Buffer, Length);
    return TRUE;
}

/* A provider that can give random numbers and nothing else. */
BOOL WINAPI
CryptAcquireContextW(HCRYPTPROV *Provider, LPCWSTR Container, LPCWSTR Name, DWORD Type, DWORD Flags)
{
    *Provider = 1;
    return TRUE;
}

BOOL WINAPI
CryptAcquireContextA(HCRYPTPROV *Provider, LPCSTR Container, LPCSTR Name, DWORD Type, DWORD Flags)
{
    *Provider = 1;
    return TRUE;
}

BOOL WINAPI
CryptGenRandom(HCRYPTPROV Provider, DWORD Length, BYTE *Buffer)
{
    if (Provider != 1) {
        return AdvFail(ERROR_INVALID_PARAMETER);
    }
    AdvRandom(Buffer, Length);
    return TRUE;
}

BOOL WINAPI
CryptReleaseContext(HCRYPTPROV Provider, DWORD Flags)
{
    return Provider == 1 ? TRUE : AdvFail(ERROR_INVALID_PARAMETER);
}

/* SYSTEM for the local system's token, else the name that stands for the user of a run. */
BOOL WINAPI
GetUserNameW(LPWSTR Buffer, LPDWORD Size)
{
    static const SID System = {SID_REVISION, 1, SECURITY_NT_AUTHORITY, {SECURITY_LOCAL_SYSTEM_RID}};
    BOOL Member = FALSE;
    PCWSTR Name;
    DWORD Length;

    CheckTokenMembership(NULL, (PSID)&System, &Member);
    Name = Member ? L"SYSTEM" : L"user";
    Length = (DWORD)wcslen(Name) + 1;
    if (*Size < Length) {
        *Size = Length;
        return AdvFail(ERROR_INSUFFICIENT_BUFFER);
    }
    wcscpy(Buffer, Name);
    *Size = Length;
    return TRUE;
}

BOOL WINAPI
GetUserNameA(LPSTR Buffer, LPDWORD Size)
{
    WCHAR Wide[16];
    DWORD Length = RTL_NUMBER_OF(Wide), Index;

    GetUserNameW(Wide, &Length);
    if (*Size < Length) {
        *Size = Length;
        return AdvFail(ERROR_INSUFFICIENT_BUFFER);
    }
    for (Index = 0; Index < Length; Index++) {
        Buffer[Index] = (CHAR)Wide[Index];
    }
    *Size = Length;
    return TRUE;
}
