/*
 * entryfails.c - a DriverEntry that gives up because PsSetCreateProcessNotifyRoutineEx refused it: the report
 * says which routine wants what. [DDI:ntddk/pssetcreateprocessnotifyroutineex]
 */
#include <ntifs.h>

static VOID NTAPI
Notify(PEPROCESS Process, HANDLE Id, PPS_CREATE_NOTIFY_INFO Info)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    return PsSetCreateProcessNotifyRoutineEx(Notify, FALSE);
}
