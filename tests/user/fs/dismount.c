/*
 * dismount.c - one thread dismounts D: again and again while others open, read, write and map files there.
 * [Win32: FSCTL_DISMOUNT_VOLUME: "handles of files become invalid"; the next open mounts the volume again]
 *
 * Whatever the order: an operation succeeds or says that its volume was dismounted, and what was written and flushed is there at
 * the end.
 */
#include "fs.h"

#define ROUNDS 4

static LONG Wrong;

static int
Fine(NTSTATUS Status)
{
    return NT_SUCCESS(Status) || Status == STATUS_VOLUME_DISMOUNTED;
}

static DWORD WINAPI
Worker(PVOID Context)
{
    WCHAR Name[] = L"\\??\\D:\\busy0";
    OBJECT_ATTRIBUTES Attributes;
    LARGE_INTEGER Zero = {{0}};
    UNICODE_STRING Path;
    IO_STATUS_BLOCK Own;
    NTSTATUS Status;
    HANDLE File;
    ULONG Value;

    Name[11] = (WCHAR)(L'0' + (ULONG_PTR)Context);
    RtlInitUnicodeString(&Path, Name);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    for (ULONG i = 0; i < ROUNDS; i++) {
        Status =
            NtCreateFile(&File, FILE_GENERIC_READ | FILE_GENERIC_WRITE, &Attributes, &Own, NULL, 0,
                         SHARE_ALL, FILE_OPEN_IF, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
        if (!NT_SUCCESS(Status)) {
            InterlockedExchangeAdd(&Wrong, !Fine(Status));
            continue;
        }
        Value = 0x1000 + i;
        Status = NtWriteFile(File, NULL, NULL, NULL, &Own, &Value, sizeof(Value), &Zero, NULL);
        InterlockedExchangeAdd(&Wrong, !Fine(Status));
        if (NT_SUCCESS(Status)) {
            Value = 0;
            Status = NtReadFile(File, NULL, NULL, NULL, &Own, &Value, sizeof(Value), &Zero, NULL);
            InterlockedExchangeAdd(&Wrong,
                                   !Fine(Status) || (NT_SUCCESS(Status) && Value != 0x1000 + i));
        }
        InterlockedExchangeAdd(&Wrong, !Fine(NtFlushBuffersFile(File, &Own)));
        NtClose(File);
    }
    return 0;
}

static DWORD WINAPI
Dismounter(PVOID Context)
{
    UNICODE_STRING Path;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Own;
    NTSTATUS Status;
    HANDLE Volume;

    RtlInitUnicodeString(&Path, L"\\??\\D:");
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    for (ULONG i = 0; i < ROUNDS; i++) {
        Status = NtCreateFile(&Volume, FILE_GENERIC_READ | FILE_GENERIC_WRITE, &Attributes, &Own,
                              NULL, 0, SHARE_ALL, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
        InterlockedExchangeAdd(&Wrong, !Fine(Status));
        if (NT_SUCCESS(Status)) {
            InterlockedExchangeAdd(&Wrong,
                                   !Fine(NtFsControlFile(Volume, NULL, NULL, NULL, &Own,
                                                         FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0)));
            NtClose(Volume);
        }
    }
    return 0;
}

int
main(void)
{
    HANDLE Threads[3];
    ULONG Value = 0;
    HANDLE File;

    Threads[0] = CreateThread(NULL, 0, Worker, (PVOID)1, 0, NULL);
    Threads[1] = CreateThread(NULL, 0, Worker, (PVOID)2, 0, NULL);
    Threads[2] = CreateThread(NULL, 0, Dismounter, NULL, 0, NULL);
    for (int i = 0; i < 3; i++) {
        WaitForSingleObject(Threads[i], INFINITE);
        CloseHandle(Threads[i]);
    }
    EXPECT_EQ(Wrong, 0);
    EXPECT_STATUS(CreateAt(NULL, L"\\??\\D:\\busy1", GENERIC_READ | GENERIC_WRITE, SHARE_ALL,
                           FILE_OPEN_IF, FILE_SYNCHRONOUS_IO_NONALERT, 0, &File),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Write(File, 0, "last", 4), STATUS_SUCCESS);
    EXPECT_STATUS(Read(File, 0, &Value, 4), STATUS_SUCCESS);
    EXPECT(memcmp(&Value, "last", 4) == 0);
    NtClose(File);
    return TEST_DONE();
}
