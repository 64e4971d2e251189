/*
 * handle.c - handles, and names of objects.
 *
 * A name lies in the directory of the process's session, where "Global", "Local" and "Session" are links to
 * \BaseNamedObjects, to the directory itself, and to those of all sessions. Its case counts.
 */
#include "user/kernel32/base.h"

HANDLE
BaseRealHandle(HANDLE Handle)
{
    PRTL_USER_PROCESS_PARAMETERS Parameters = NtCurrentPeb()->ProcessParameters;

    switch ((DWORD)(ULONG_PTR)Handle) {
    case STD_INPUT_HANDLE:
        return Parameters->StandardInput;
    case STD_OUTPUT_HANDLE:
        return Parameters->StandardOutput;
    case STD_ERROR_HANDLE:
        return Parameters->StandardError;
    default:
        return Handle;
    }
}

BOOL WINAPI
CloseHandle(HANDLE Handle)
{
    return BaseResult(NtClose(BaseRealHandle(Handle)));
}

BOOL WINAPI
DuplicateHandle(HANDLE SourceProcess, HANDLE Source, HANDLE TargetProcess, LPHANDLE Target,
                DWORD Access, BOOL Inherit, DWORD Options)
{
    return BaseResult(NtDuplicateObject(SourceProcess, BaseRealHandle(Source), TargetProcess,
                                        Target, Access, Inherit ? OBJ_INHERIT : 0, Options));
}

BOOL WINAPI
GetHandleInformation(HANDLE Handle, LPDWORD Flags)
{
    OBJECT_HANDLE_FLAG_INFORMATION Information;
    NTSTATUS Status = NtQueryObject(BaseRealHandle(Handle), ObjectHandleFlagInformation,
                                    &Information, sizeof(Information), NULL);

    if (NT_SUCCESS(Status)) {
        *Flags = (Information.Inherit ? HANDLE_FLAG_INHERIT : 0) |
                 (Information.ProtectFromClose ? HANDLE_FLAG_PROTECT_FROM_CLOSE : 0);
    }
    return BaseResult(Status);
}

BOOL WINAPI
SetHandleInformation(HANDLE Handle, DWORD Mask, DWORD Flags)
{
    OBJECT_HANDLE_FLAG_INFORMATION Information;
    NTSTATUS Status;

    Handle = BaseRealHandle(Handle);
    Status =
        NtQueryObject(Handle, ObjectHandleFlagInformation, &Information, sizeof(Information), NULL);
    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    if ((Mask & HANDLE_FLAG_INHERIT) != 0) {
        Information.Inherit = (Flags & HANDLE_FLAG_INHERIT) != 0;
    }
    if ((Mask & HANDLE_FLAG_PROTECT_FROM_CLOSE) != 0) {
        Information.ProtectFromClose = (Flags & HANDLE_FLAG_PROTECT_FROM_CLOSE) != 0;
    }
    return BaseResult(NtSetInformationObject(Handle, ObjectHandleFlagInformation, &Information,
                                             sizeof(Information)));
}

BOOL WINAPI
CompareObjectHandles(HANDLE First, HANDLE Second)
{
    if (First == Second) {
        return TRUE;
    }
    return BaseResult(NtCompareObjects(First, Second));
}

static HANDLE
BaseDirectory(VOID)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Directory;
    WCHAR Path[48];

    if (BaseNamedObjects == NULL) {
        if (NtCurrentPeb()->SessionId == 0) {
            wcscpy(Path, L"\\BaseNamedObjects");
        } else {
            _snwprintf(Path, RTL_NUMBER_OF(Path), L"\\Sessions\\%u\\BaseNamedObjects",
                       NtCurrentPeb()->SessionId);
        }
        RtlInitUnicodeString(&Name, Path);
        InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
        if (NT_SUCCESS(NtOpenDirectoryObject(&Directory, 0xF /* query, traverse, create */,
                                             &Attributes)) &&
            InterlockedCompareExchangePointer(&BaseNamedObjects, Directory, NULL) != NULL) {
            NtClose(Directory);
        }
    }
    return BaseNamedObjects;
}

POBJECT_ATTRIBUTES
BaseNamed(POBJECT_ATTRIBUTES Attributes, PUNICODE_STRING Text, LPCWSTR Name,
          LPSECURITY_ATTRIBUTES Security, ULONG Flags)
{
    if (Security != NULL && Security->bInheritHandle) {
        Flags |= OBJ_INHERIT;
    }
    InitializeObjectAttributes(Attributes, NULL, Flags, NULL,
                               Security != NULL ? Security->lpSecurityDescriptor : NULL);
    if (Name != NULL && *Name != 0) {
        RtlInitUnicodeString(Text, Name);
        Attributes->ObjectName = Text;
        Attributes->RootDirectory = BaseDirectory();
    }
    return Attributes;
}

HANDLE
BaseCreated(NTSTATUS Status, HANDLE Handle)
{
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status == STATUS_OBJECT_TYPE_MISMATCH ? STATUS_INVALID_HANDLE : Status);
        return NULL;
    }
    SetLastError(Status == STATUS_OBJECT_NAME_EXISTS ? ERROR_ALREADY_EXISTS : ERROR_SUCCESS);
    return Handle;
}
