/*
 * fs.h - for clients that try a file system through the native interface. Everything happens below C:\fs-test, which each
 * client makes anew. A check is one documented sentence; its source stands beside it.
 *
 * Sources: [DDI:x] a page of windows-driver-docs-ddi (wdm, ntifs, ntddk), [IFS:x] of windows-driver-docs, [SMP:x] of the FAT
 * sample in Windows-driver-samples, [Win32:x] of the Win32 API.
 */
#ifndef FS_H
#define FS_H

#include "../../nt/ntlab-client.h"
#include <winternl.h>
#include <ntstatus.h>
#include <winioctl.h>
#include <wchar.h>

#ifndef OBJ_CASE_INSENSITIVE
#define OBJ_CASE_INSENSITIVE 0x40
#endif

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
#define ROOT      L"\\??\\C:\\fs-test"

#define NtSetInformationFile(File, Iosb, Buffer, Length, Class)                                    \
    (NtSetInformationFile)(File, Iosb, Buffer, Length, (FILE_INFORMATION_CLASS)(Class))
#define NtQueryVolumeInformationFile(File, Iosb, Buffer, Length, Class)                            \
    (NtQueryVolumeInformationFile)(File, Iosb, Buffer, Length, (FS_INFORMATION_CLASS)(Class))
NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                          PLARGE_INTEGER, PULONG);
NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                           PLARGE_INTEGER, PULONG);
NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                                    ULONG, BOOLEAN, PUNICODE_STRING, BOOLEAN);
NTSTATUS NTAPI NtLockFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PLARGE_INTEGER,
                          PLARGE_INTEGER, ULONG, BOOLEAN, BOOLEAN);
NTSTATUS NTAPI NtUnlockFile(HANDLE, PIO_STATUS_BLOCK, PLARGE_INTEGER, PLARGE_INTEGER, ULONG);
NTSTATUS NTAPI NtNotifyChangeDirectoryFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID,
                                           ULONG, ULONG, BOOLEAN);
NTSTATUS NTAPI NtFlushBuffersFile(HANDLE, PIO_STATUS_BLOCK);
NTSTATUS NTAPI NtCreateSection(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PLARGE_INTEGER, ULONG,
                               ULONG, HANDLE);
NTSTATUS NTAPI NtMapViewOfSection(HANDLE, HANDLE, PVOID *, ULONG_PTR, SIZE_T, PLARGE_INTEGER,
                                  PSIZE_T, ULONG, ULONG, ULONG);
NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE, PVOID);
NTSTATUS NTAPI NtFlushVirtualMemory(HANDLE, PVOID *, PSIZE_T, PIO_STATUS_BLOCK);
NTSTATUS NTAPI NtCancelIoFile(HANDLE, PIO_STATUS_BLOCK);
NTSTATUS NTAPI NtQueryEaFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, BOOLEAN, PVOID, ULONG, PULONG,
                             BOOLEAN);
NTSTATUS NTAPI NtSetEaFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG);

static IO_STATUS_BLOCK Iosb;

/* A path below ROOT. */
static inline PWSTR
Under(PCWSTR Name)
{
    static WCHAR Buffers[4][600];
    static int Next;
    PWSTR Buffer = Buffers[Next++ & 3];

    wcscpy(Buffer, ROOT);
    if (*Name != 0) {
        if (*Name != L':') {
            wcscat(Buffer, L"\\");
        }
        wcscat(Buffer, Name);
    }
    return Buffer;
}

static inline NTSTATUS
CreateAt(HANDLE Folder, PCWSTR Path, ACCESS_MASK Access, ULONG Share, ULONG Disposition,
         ULONG Options, ULONG Attributes, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES Object;
    UNICODE_STRING Name;
    NTSTATUS Status;

    Name.Buffer = (PWSTR)Path;
    Name.Length = (USHORT)(wcslen(Path) * sizeof(WCHAR));
    Name.MaximumLength = Name.Length + sizeof(WCHAR);
    InitializeObjectAttributes(&Object, &Name, OBJ_CASE_INSENSITIVE, Folder, NULL);
    *Handle = NULL;
    Iosb.Information = 0x77;
    Status = NtCreateFile(Handle, Access | SYNCHRONIZE, &Object, &Iosb, NULL, Attributes, Share,
                          Disposition, Options, NULL, 0);
    return Status;
}

/* Below ROOT, synchronous. */
static inline NTSTATUS
Open(PCWSTR Name, ACCESS_MASK Access, ULONG Share, ULONG Disposition, ULONG Options, PHANDLE Handle)
{
    return CreateAt(NULL, Under(Name), Access, Share, Disposition,
                    Options | FILE_SYNCHRONOUS_IO_NONALERT, FILE_ATTRIBUTE_NORMAL, Handle);
}

static inline HANDLE
Make(PCWSTR Name)
{
    HANDLE Handle;

    Open(Name, GENERIC_READ | GENERIC_WRITE | DELETE, SHARE_ALL, FILE_OPEN_IF, 0, &Handle);
    return Handle;
}

static inline void
MakeFile(PCWSTR Name)
{
    NtClose(Make(Name));
}

static inline void
MakeFolder(PCWSTR Name)
{
    HANDLE Handle;

    if (NT_SUCCESS(Open(Name, FILE_LIST_DIRECTORY, SHARE_ALL, FILE_OPEN_IF, FILE_DIRECTORY_FILE,
                        &Handle))) {
        NtClose(Handle);
    }
}

static inline NTSTATUS
Delete(PCWSTR Name)
{
    HANDLE Handle;
    BOOLEAN Disposition = TRUE;
    NTSTATUS Status = Open(Name, DELETE, SHARE_ALL, FILE_OPEN, FILE_OPEN_REPARSE_POINT, &Handle);

    if (NT_SUCCESS(Status)) {
        Status = NtSetInformationFile(Handle, &Iosb, &Disposition, 1, 13);
        NtClose(Handle);
    }
    return Status;
}

static inline BOOL
Exists(PCWSTR Name)
{
    HANDLE Handle;

    if (!NT_SUCCESS(Open(Name, FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_OPEN, FILE_OPEN_REPARSE_POINT,
                         &Handle))) {
        return FALSE;
    }
    NtClose(Handle);
    return TRUE;
}

static inline NTSTATUS
Write(HANDLE File, LONGLONG Offset, const void *Bytes, ULONG Length)
{
    LARGE_INTEGER At = {.QuadPart = Offset};

    return NtWriteFile(File, NULL, NULL, NULL, &Iosb, (PVOID)Bytes, Length, &At, NULL);
}

static inline NTSTATUS
Read(HANDLE File, LONGLONG Offset, void *Bytes, ULONG Length)
{
    LARGE_INTEGER At = {.QuadPart = Offset};

    Iosb.Information = 0;
    return NtReadFile(File, NULL, NULL, NULL, &Iosb, Bytes, Length, &At, NULL);
}

static inline LONGLONG
SizeOf(HANDLE File)
{
    FILE_STANDARD_INFO Info;

    return NT_SUCCESS(
               NtQueryInformationFile(File, &Iosb, &Info, sizeof(Info), (FILE_INFORMATION_CLASS)5))
               ? Info.EndOfFile.QuadPart
               : -1;
}

static inline NTSTATUS
SetSize(HANDLE File, LONGLONG Size)
{
    return NtSetInformationFile(File, &Iosb, &Size, sizeof(Size), 20);
}

static inline void
BeginFs(void)
{
    HANDLE Handle;

    if (NT_SUCCESS(CreateAt(NULL, ROOT, FILE_LIST_DIRECTORY, SHARE_ALL, FILE_OPEN_IF,
                            FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT, 0, &Handle))) {
        NtClose(Handle);
    }
}

#define EXPECT_STATUS(Actual, Expected)                                                            \
    do {                                                                                           \
        NTSTATUS NtlabStatus = (Actual);                                                           \
        EXPECT_LINE(NtlabStatus == (NTSTATUS)(Expected), #Actual " == " #Expected);                \
        if (NtlabStatus != (NTSTATUS)(Expected)) {                                                 \
            printf("ntlab-test: note %s:%d got 0x%08lx\n", __func__, __LINE__,                     \
                   (unsigned long)NtlabStatus);                                                    \
        }                                                                                          \
    } while (0)

#endif
