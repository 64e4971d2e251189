/*
 * change.c - directory change notification: FindFirstChangeNotification, ReadDirectoryChangesW.
 *
 * A change handle is a directory with a request that waits: the handle is signaled when it is complete. The status block of
 * such a request outlives the call: all of them share one, which nobody reads.
 */
#include "user/kernel32/base.h"

HANDLE WINAPI
FindFirstChangeNotificationW(LPCWSTR Path, BOOL WatchSubtree, DWORD Filter)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING NtPath;
    HANDLE Folder;
    NTSTATUS Status;

    if (!BaseNtPath(Path, &NtPath)) {
        return INVALID_HANDLE_VALUE;
    }
    InitializeObjectAttributes(&Attributes, &NtPath, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenFile(&Folder, FILE_LIST_DIRECTORY | SYNCHRONIZE, &Attributes, &Iosb,
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                        FILE_DIRECTORY_FILE | FILE_OPEN_FOR_BACKUP_INTENT);
    RtlFreeUnicodeString(&NtPath);
    if (NT_SUCCESS(Status)) {
        Status = NtNotifyChangeDirectoryFile(Folder, NULL, NULL, NULL, &BaseChangeIosb, NULL, 0,
                                             Filter, WatchSubtree != 0);
        if (!NT_SUCCESS(Status)) {
            NtClose(Folder);
        }
    }
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return INVALID_HANDLE_VALUE;
    }
    return Folder;
}

ANSI_FORM(HANDLE, FindFirstChangeNotificationA, (LPCSTR Path, BOOL WatchSubtree, DWORD Filter),
          Path, INVALID_HANDLE_VALUE,
          FindFirstChangeNotificationW(Wide.Buffer, WatchSubtree, Filter))

/* Filter and subtree are those of the first request. */
BOOL WINAPI
FindNextChangeNotification(HANDLE Change)
{
    return BaseResult(NtNotifyChangeDirectoryFile(Change, NULL, NULL, NULL, &BaseChangeIosb, NULL,
                                                  0, FILE_NOTIFY_CHANGE_FILE_NAME, FALSE));
}

BOOL WINAPI
FindCloseChangeNotification(HANDLE Change)
{
    return BaseResult(NtClose(Change));
}

typedef struct _BASE_CHANGE_APC {
    LPOVERLAPPED_COMPLETION_ROUTINE Routine;
} BASE_CHANGE_APC;

static VOID NTAPI
BaseChangeApc(PVOID Context, PIO_STATUS_BLOCK Iosb, ULONG Reserved)
{
    LPOVERLAPPED_COMPLETION_ROUTINE Routine = Context;
    LPOVERLAPPED Overlapped = CONTAINING_RECORD(Iosb, OVERLAPPED, Internal);

    Routine(RtlNtStatusToDosError((NTSTATUS)Iosb->Status), (DWORD)Iosb->Information, Overlapped);
}

BOOL WINAPI
ReadDirectoryChangesW(HANDLE Folder, LPVOID Buffer, DWORD Length, BOOL WatchSubtree, DWORD Filter,
                      LPDWORD Returned, LPOVERLAPPED Overlapped,
                      LPOVERLAPPED_COMPLETION_ROUTINE Routine)
{
    IO_STATUS_BLOCK Iosb = {0};
    NTSTATUS Status;

    if (Overlapped != NULL) {
        Overlapped->Internal = STATUS_PENDING;
        Status = NtNotifyChangeDirectoryFile(
            Folder, Routine != NULL ? NULL : Overlapped->hEvent,
            Routine != NULL ? (PIO_APC_ROUTINE)BaseChangeApc : NULL,
            Routine != NULL                     ? (PVOID)Routine
            : (ULONG_PTR)Overlapped->hEvent & 1 ? NULL
                                                : (PVOID)Overlapped,
            (PIO_STATUS_BLOCK)&Overlapped->Internal, Buffer, Length, Filter, WatchSubtree != 0);
        return NT_ERROR(Status) ? BaseFail(Status) : TRUE;
    }
    Status = BaseWaitForFile(Folder, &Iosb,
                             NtNotifyChangeDirectoryFile(Folder, NULL, NULL, NULL, &Iosb, Buffer,
                                                         Length, Filter, WatchSubtree != 0));
    if (NT_ERROR(Status)) {
        return BaseFail(Status);
    }
    if (Returned != NULL) {
        *Returned = (DWORD)Iosb.Information;
    }
    return TRUE;
}
