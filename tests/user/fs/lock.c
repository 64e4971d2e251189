/*
 * lock.c - byte-range locks and oplocks. [DDI:ntifs/zwlockfile], [DDI:ntifs/zwunlockfile], [IFS:oplock-overview],
 * [IFS:granting-oplocks], [IFS:breaking-oplocks]
 */
#include "fs.h"

static NTSTATUS
Lock(HANDLE File, LONGLONG Start, LONGLONG Length, ULONG Key, BOOLEAN Exclusive)
{
    LARGE_INTEGER At = {.QuadPart = Start}, Bytes = {.QuadPart = Length};

    return NtLockFile(File, NULL, NULL, NULL, &Iosb, &At, &Bytes, Key, TRUE, Exclusive);
}

static NTSTATUS
Unlock(HANDLE File, LONGLONG Start, LONGLONG Length, ULONG Key)
{
    LARGE_INTEGER At = {.QuadPart = Start}, Bytes = {.QuadPart = Length};

    return NtUnlockFile(File, &Iosb, &At, &Bytes, Key);
}

static void
Ranges(void)
{
    HANDLE One = Make(L"ranges"), Two = Make(L"ranges");
    char Text[16];

    Write(One, 0, "0123456789", 10);
    EXPECT_STATUS(Lock(One, 0, 5, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Read(One, 0, Text, 5), STATUS_SUCCESS); // the owner
    EXPECT_STATUS(Write(One, 0, "x", 1), STATUS_SUCCESS);
    EXPECT_STATUS(Read(Two, 0, Text, 5), STATUS_FILE_LOCK_CONFLICT); // anybody else
    EXPECT_STATUS(Read(Two, 4, Text, 5), STATUS_FILE_LOCK_CONFLICT); // an overlap is enough
    EXPECT_STATUS(Read(Two, 5, Text, 5), STATUS_SUCCESS);
    EXPECT_STATUS(Write(Two, 4, "x", 1), STATUS_FILE_LOCK_CONFLICT);
    EXPECT_STATUS(Write(Two, 5, "x", 1), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(Two, 4, 5, 0, TRUE), STATUS_LOCK_NOT_GRANTED);
    EXPECT_STATUS(Lock(Two, 4, 5, 0, FALSE), STATUS_LOCK_NOT_GRANTED);
    EXPECT_STATUS(Lock(Two, 5, 5, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Unlock(Two, 5, 4, 0),
                  STATUS_RANGE_NOT_LOCKED); // exactly the range that was locked
    EXPECT_STATUS(Unlock(Two, 5, 5, 1), STATUS_RANGE_NOT_LOCKED); // and the key
    EXPECT_STATUS(Unlock(One, 5, 5, 0), STATUS_RANGE_NOT_LOCKED); // and the owner
    EXPECT_STATUS(Unlock(Two, 5, 5, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Unlock(One, 0, 5, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Read(Two, 0, Text, 5), STATUS_SUCCESS);
    // shared locks
    EXPECT_STATUS(Lock(One, 0, 5, 0, FALSE), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(Two, 0, 5, 0, FALSE), STATUS_SUCCESS);
    EXPECT_STATUS(Read(Two, 0, Text, 5), STATUS_SUCCESS);
    EXPECT_STATUS(Write(Two, 0, "x", 1),
                  STATUS_FILE_LOCK_CONFLICT); // not even the owner writes [Win32:LockFileEx]
    EXPECT_STATUS(Lock(Two, 0, 5, 0, TRUE), STATUS_LOCK_NOT_GRANTED);
    EXPECT_STATUS(Unlock(One, 0, 5, 0), STATUS_SUCCESS);
    EXPECT_STATUS(Unlock(Two, 0, 5, 0), STATUS_SUCCESS);
    // an exclusive lock conflicts with one of its own owner
    EXPECT_STATUS(Lock(One, 0, 5, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(One, 0, 5, 0, TRUE), STATUS_LOCK_NOT_GRANTED);
    // closing the handle unlocks
    NtClose(One);
    EXPECT_STATUS(Lock(Two, 0, 5, 0, TRUE), STATUS_SUCCESS);
    // beyond the end of the file, and beyond any
    EXPECT_STATUS(Lock(Two, 1000000, 1, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Lock(Two, -1, 2, 0, TRUE), STATUS_INVALID_LOCK_RANGE);
    NtClose(Two);
}

static void
Waiting(void)
{
    HANDLE One = Make(L"waiting"), Two, Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    LARGE_INTEGER At = {0}, Bytes = {.QuadPart = 10};
    IO_STATUS_BLOCK Pending;

    CreateAt(NULL, Under(L"waiting"), GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN, 0, 0,
             &Two);
    EXPECT_STATUS(Lock(One, 0, 10, 0, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(NtLockFile(Two, Event, NULL, NULL, &Pending, &At, &Bytes, 0, FALSE, TRUE),
                  STATUS_PENDING);
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_TIMEOUT);
    EXPECT_STATUS(Unlock(One, 0, 10, 0), STATUS_SUCCESS);
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_OBJECT_0); // granted now
    EXPECT_STATUS(Pending.Status, STATUS_SUCCESS);
    EXPECT_STATUS(Lock(One, 0, 10, 0, TRUE), STATUS_LOCK_NOT_GRANTED);
    // cancelled
    CloseHandle(Event);
    Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    EXPECT_STATUS(NtLockFile(Two, Event, NULL, NULL, &Pending, &At, &Bytes, 0, FALSE, TRUE),
                  STATUS_PENDING);
    NtCancelIoFile(Two, &Iosb);
    EXPECT_EQ(WaitForSingleObject(Event, 0), WAIT_OBJECT_0);
    EXPECT_STATUS(Pending.Status, STATUS_CANCELLED);
    NtClose(One);
    NtClose(Two);
}

/* FSCTL_REQUEST_OPLOCK_LEVEL_1, _2, BATCH, acknowledgments. */
#define LEVEL_1  CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 0, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define LEVEL_2  CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 1, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define BATCH    CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 2, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define ACK      CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 3, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define ACK_NO_2 CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 20, METHOD_BUFFERED, FILE_ANY_ACCESS)

static HANDLE Broken, Second;
static IO_STATUS_BLOCK Holder;

static HANDLE
Asynchronous(PCWSTR Name)
{
    HANDLE File;

    CreateAt(NULL, Under(Name), GENERIC_READ | GENERIC_WRITE | DELETE, SHARE_ALL, FILE_OPEN_IF, 0,
             0, &File);
    return File;
}

static NTSTATUS
Ask(HANDLE File, ULONG Code)
{
    if (Broken == NULL) {
        Broken = CreateEventA(NULL, TRUE, FALSE, NULL);
    }
    ResetEvent(Broken);
    Holder.Status = STATUS_PENDING;
    Holder.Information = 0x77;
    return NtFsControlFile(File, Broken, NULL, NULL, &Holder, Code, NULL, 0, NULL, 0);
}

static DWORD WINAPI
Opener(PVOID Disposition)
{
    Open(L"oplock", GENERIC_READ, SHARE_ALL, (ULONG)(ULONG_PTR)Disposition, 0, &Second);
    return 0;
}

static void
Oplocks(void)
{
    HANDLE File, Thread;
    IO_STATUS_BLOCK Own;

    File = Make(L"oplock");
    EXPECT_STATUS(Ask(File, LEVEL_1), STATUS_OPLOCK_NOT_GRANTED); // the handle must be asynchronous
    NtClose(File);
    File = Asynchronous(L"oplock");
    EXPECT_STATUS(Ask(File, LEVEL_1), STATUS_PENDING); // granted: the request waits
    EXPECT_EQ(WaitForSingleObject(Broken, 0), WAIT_TIMEOUT);
    // another open breaks it, and waits for the acknowledgment
    Thread = CreateThread(NULL, 0, Opener, (PVOID)(ULONG_PTR)FILE_OPEN, 0, NULL);
    EXPECT_EQ(WaitForSingleObject(Broken, 5000), WAIT_OBJECT_0);
    EXPECT_EQ(Holder.Information, 7); // FILE_OPLOCK_BROKEN_TO_LEVEL_2
    EXPECT_EQ(WaitForSingleObject(Thread, 100), WAIT_TIMEOUT);
    EXPECT_STATUS(Ask(File, ACK), STATUS_PENDING); // it has a Level 2 now
    EXPECT_EQ(WaitForSingleObject(Thread, 5000), WAIT_OBJECT_0);
    EXPECT_EQ(WaitForSingleObject(Broken, 0), WAIT_TIMEOUT);
    // a write breaks the Level 2, and waits for nobody
    {
        HANDLE Writer = Make(L"oplock");

        EXPECT_STATUS(Write(Writer, 0, "x", 1), STATUS_SUCCESS);
        EXPECT_EQ(WaitForSingleObject(Broken, 0), WAIT_OBJECT_0);
        EXPECT_EQ(Holder.Information, 8); // FILE_OPLOCK_BROKEN_TO_NONE
        NtClose(Writer);
    }
    // with two opens no exclusive oplock is granted, but a Level 2 is
    EXPECT_STATUS(Ask(File, BATCH), STATUS_OPLOCK_NOT_GRANTED);
    EXPECT_STATUS(Ask(File, LEVEL_2), STATUS_PENDING);
    NtClose(Second);
    NtClose(File); // ends it
    EXPECT_EQ(WaitForSingleObject(Broken, 0), WAIT_OBJECT_0);
    // batch: closing the handle acknowledges
    CloseHandle(Thread);
    File = Asynchronous(L"oplock");
    EXPECT_STATUS(Ask(File, BATCH), STATUS_PENDING);
    EXPECT_STATUS(Open(L"oplock", FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_OPEN, 0, &Second),
                  STATUS_SUCCESS); // breaks nothing
    NtClose(Second);
    EXPECT_EQ(WaitForSingleObject(Broken, 0), WAIT_TIMEOUT);
    EXPECT_STATUS(
        Open(L"oplock", GENERIC_READ, SHARE_ALL, FILE_OPEN, FILE_COMPLETE_IF_OPLOCKED, &Second),
        STATUS_OPLOCK_BREAK_IN_PROGRESS); // [IFS:breaking-oplocks]
    NtClose(Second);
    EXPECT_EQ(WaitForSingleObject(Broken, 0), WAIT_OBJECT_0);
    EXPECT_STATUS(NtFsControlFile(File, NULL, NULL, NULL, &Own, ACK_NO_2, NULL, 0, NULL, 0),
                  STATUS_SUCCESS);
    EXPECT_STATUS(NtFsControlFile(File, NULL, NULL, NULL, &Own, ACK, NULL, 0, NULL, 0),
                  STATUS_INVALID_OPLOCK_PROTOCOL); // nothing is breaking
    EXPECT_STATUS(Ask(File, BATCH), STATUS_PENDING);
    Thread = CreateThread(NULL, 0, Opener, (PVOID)(ULONG_PTR)FILE_OVERWRITE, 0, NULL);
    EXPECT_EQ(WaitForSingleObject(Broken, 5000), WAIT_OBJECT_0);
    EXPECT_EQ(Holder.Information, 8);
    EXPECT_EQ(WaitForSingleObject(Thread, 100), WAIT_TIMEOUT);
    NtClose(File);
    EXPECT_EQ(WaitForSingleObject(Thread, 5000), WAIT_OBJECT_0);
    NtClose(Second);
    CloseHandle(Thread);
}

int
main(void)
{
    BeginFs();
    Ranges();
    Waiting();
    Oplocks();
    return TEST_DONE();
}
