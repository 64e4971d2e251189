/*
 * job.c - job objects. Win32's information classes are the native ones.
 */
#include "user/kernel32/base.h"

HANDLE WINAPI
CreateJobObjectW(LPSECURITY_ATTRIBUTES Security, LPCWSTR Name)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Text;
    HANDLE Job = NULL;
    NTSTATUS Status;

    Status = NtCreateJobObject(&Job, JOB_OBJECT_ALL_ACCESS,
                               BaseNamed(&Attributes, &Text, Name, Security, OBJ_OPENIF));
    return BaseCreated(Status, Job);
}

ANSI_FORM(HANDLE, CreateJobObjectA, (LPSECURITY_ATTRIBUTES Security, LPCSTR Name), Name, NULL,
          CreateJobObjectW(Security, Wide.Buffer))

BOOL WINAPI
AssignProcessToJobObject(HANDLE Job, HANDLE Process)
{
    return BaseResult(NtAssignProcessToJobObject(Job, Process));
}

BOOL WINAPI
TerminateJobObject(HANDLE Job, UINT Code)
{
    return BaseResult(NtTerminateJobObject(Job, Code));
}

BOOL WINAPI
SetInformationJobObject(HANDLE Job, JOBOBJECTINFOCLASS Class, LPVOID Information, DWORD Length)
{
    return BaseResult(NtSetInformationJobObject(Job, Class, Information, Length));
}

BOOL WINAPI
QueryInformationJobObject(HANDLE Job, JOBOBJECTINFOCLASS Class, LPVOID Information, DWORD Length,
                          LPDWORD Returned)
{
    return BaseResult(NtQueryInformationJobObject(Job, Class, Information, Length, Returned));
}
