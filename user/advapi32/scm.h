/*
 * scm.h - what the files of the service control manager share.
 */
#ifndef USER_ADVAPI32_SCM_H
#define USER_ADVAPI32_SCM_H

#define ADV_MANAGER              0x53434D67
#define ADV_DRIVER               0x53436472
#define ADV_SERVICES             L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\"
#define ADV_KEY_ROOM             340
#define SE_LOAD_DRIVER_PRIVILEGE 10

typedef struct _ADV_SERVICE {
    ULONG Magic;
    ACCESS_MASK Access;
    WCHAR Name[1];
} ADV_SERVICE, *PADV_SERVICE;

PADV_SERVICE AdvServiceOf(SC_HANDLE Handle, ULONG Magic, ACCESS_MASK Access);
NTSTATUS AdvOpenServiceKey(PCWSTR Name, ACCESS_MASK Access, PHANDLE Key);
BOOL AdvReadDword(PCWSTR Service, PCWSTR Value, PULONG Result);
VOID AdvQueryState(PCWSTR Name, LPSERVICE_STATUS_PROCESS State);
/* scmlist.c: both names of the entry at Front, at the end of the free part of the buffer; where that part ends then. */
ULONG AdvPackNames(PUCHAR Buffer, ULONG Front, ULONG Back, PCWSTR Name, PCWSTR Display, BOOL Wide);
VOID AdvDeleteSubKeys(HANDLE Key);

NTSTATUS AdvDriverCall(PCWSTR Name, BOOL Load);

/* scmdepend.c */
VOID AdvReadDependencies(PCWSTR Service, PWSTR Buffer, DWORD Chars);
NTSTATUS AdvSetDependencies(HANDLE Key, PCWSTR List);
DWORD AdvStartDependencies(PCWSTR Name, PCWSTR *Path, ULONG Depth);
DWORD AdvStartNeeded(PCWSTR Name);
BOOL AdvHasRunningDependents(PCWSTR Name);

#endif
