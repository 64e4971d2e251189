/*
 * eventlog.c - events for the event log. There is no log to read: an event is told to who watches the run, as DbgPrint's
 * text is.
 */
#include "user/advapi32/adv.h"

typedef struct _ADV_SOURCE {
    ULONG Magic;
    WCHAR Name[64];
} ADV_SOURCE, *PADV_SOURCE;

#define SOURCE_MAGIC 0x6C767445

HANDLE WINAPI
RegisterEventSourceW(LPCWSTR Server, LPCWSTR Name)
{
    PADV_SOURCE Source;

    if (Name == NULL || (Server != NULL && Server[0] != 0)) {
        AdvFail(Name == NULL ? ERROR_INVALID_PARAMETER : RPC_S_SERVER_UNAVAILABLE);
        return NULL;
    }
    Source = AdvAllocate(sizeof(*Source));
    if (Source == NULL) {
        AdvFail(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    Source->Magic = SOURCE_MAGIC;
    lstrcpynW(Source->Name, Name, RTL_NUMBER_OF(Source->Name));
    return (HANDLE)Source;
}

HANDLE WINAPI
RegisterEventSourceA(LPCSTR Server, LPCSTR Name)
{
    UNICODE_STRING WideServer = {0}, WideName = {0};
    HANDLE Source = NULL;

    if (AdvToWide(&WideServer, Server) && AdvToWide(&WideName, Name)) {
        Source = RegisterEventSourceW(WideServer.Buffer, WideName.Buffer);
    }
    RtlFreeUnicodeString(&WideServer);
    RtlFreeUnicodeString(&WideName);
    return Source;
}

static PADV_SOURCE
AdvSource(HANDLE Handle)
{
    PADV_SOURCE Source = (PADV_SOURCE)Handle;

    if (Source == NULL || ((ULONG_PTR)Source & 7) != 0 || Source->Magic != SOURCE_MAGIC) {
        AdvFail(ERROR_INVALID_HANDLE);
        return NULL;
    }
    return Source;
}

BOOL WINAPI
DeregisterEventSource(HANDLE Handle)
{
    PADV_SOURCE Source = AdvSource(Handle);

    if (Source == NULL) {
        return FALSE;
    }
    Source->Magic = 0;
    AdvFree(Source);
    return TRUE;
}

static PCSTR
AdvEventKind(WORD Type)
{
    return Type == EVENTLOG_ERROR_TYPE         ? "error"
           : Type == EVENTLOG_WARNING_TYPE     ? "warning"
           : Type == EVENTLOG_INFORMATION_TYPE ? "information"
           : Type == EVENTLOG_AUDIT_SUCCESS    ? "audit success"
           : Type == EVENTLOG_AUDIT_FAILURE    ? "audit failure"
                                               : "success";
}

static BOOL
AdvReport(HANDLE Log, WORD Type, DWORD Id, WORD Strings, const LPVOID *String, const char *Line)
{
    PADV_SOURCE Source = AdvSource(Log);

    if (Source == NULL) {
        return FALSE;
    }
    DbgPrint("event log: %ls, %s 0x%x\n", Source->Name, AdvEventKind(Type), Id);
    for (WORD i = 0; i < Strings; i++) {
        DbgPrint(Line, String[i]);
    }
    return TRUE;
}

BOOL WINAPI
ReportEventW(HANDLE Log, WORD Type, WORD Category, DWORD Id, PSID User, WORD Strings,
             DWORD DataSize, LPCWSTR *String, LPVOID Data)
{
    return AdvReport(Log, Type, Id, Strings, (const LPVOID *)String, "event log:   %ls\n");
}

BOOL WINAPI
ReportEventA(HANDLE Log, WORD Type, WORD Category, DWORD Id, PSID User, WORD Strings,
             DWORD DataSize, LPCSTR *String, LPVOID Data)
{
    return AdvReport(Log, Type, Id, Strings, (const LPVOID *)String, "event log:   %s\n");
}
