/*
 * mailslot.c - mailslots through kernel32 and by the native services.
 * [K: "CreateMailslot", "GetMailslotInfo", "SetMailslotInfo", "CreateFile", "Mailslots"; MS-FSCC 2.4.28; ntifs:
 *  FILE_MAILSLOT_SET_INFORMATION]
 */
#define WIN32_NO_STATUS
#include "../../nt/ntlab-client.h"
#undef WIN32_NO_STATUS
#include <winternl.h>
#include <ntstatus.h>

#define NAME          "\\\\.\\mailslot\\ntlab\\Test"
#define CLASS(Number) ((FILE_INFORMATION_CLASS)(Number))

NTSTATUS NTAPI NtCreateMailslotFile(PHANDLE, ULONG, POBJECT_ATTRIBUTES, PIO_STATUS_BLOCK, ULONG,
                                    ULONG, ULONG, PLARGE_INTEGER);
NTSTATUS NTAPI NtSetInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, FILE_INFORMATION_CLASS);

static DWORD
LastErrorOf(BOOL Result)
{
    return Result ? 0 : GetLastError();
}

static HANDLE
Writer(const char *Name)
{
    return CreateFileA(Name, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
}

static DWORD
Write(HANDLE File, const void *Data, DWORD Length)
{
    DWORD Count = 0;

    return WriteFile(File, Data, Length, &Count, NULL) ? Count : (DWORD)-1;
}

static void
Names(void)
{
    HANDLE Slot, Second;

    /* "This name must have the following form: \\.\mailslot\[path]name" */
    Slot = CreateMailslotA("bare", 0, 0, NULL);
    EXPECT(Slot == INVALID_HANDLE_VALUE);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_NAME);
    EXPECT(CreateMailslotA("\\\\.\\mailslot\\", 0, 0, NULL) == INVALID_HANDLE_VALUE);
    /* A client cannot open a slot "before the mailslot server has created it". */
    EXPECT(Writer(NAME) == INVALID_HANDLE_VALUE);
    EXPECT_EQ(GetLastError(), ERROR_FILE_NOT_FOUND);
    Slot = CreateMailslotA(NAME, 0, 0, NULL);
    EXPECT(Slot != INVALID_HANDLE_VALUE);
    /* "An error occurs if a mailslot with the specified name already exists"; names have no case. */
    EXPECT(CreateMailslotA("\\\\.\\MAILSLOT\\NTLAB\\TEST", 0, 0, NULL) == INVALID_HANDLE_VALUE);
    EXPECT_EQ(GetLastError(), ERROR_ALREADY_EXISTS);
    Second = Writer("\\\\.\\Mailslot\\NtLab\\tEST");
    EXPECT(Second != INVALID_HANDLE_VALUE);
    CloseHandle(Second);
    /* No other computer is there to be written to. */
    EXPECT(Writer("\\\\*\\mailslot\\ntlab\\test") == INVALID_HANDLE_VALUE);
    EXPECT(Writer("\\\\nowhere\\mailslot\\ntlab\\test") == INVALID_HANDLE_VALUE);
    /* "The mailslot exists until" its last handle is closed. */
    CloseHandle(Slot);
    EXPECT(Writer(NAME) == INVALID_HANDLE_VALUE);
    Slot = CreateMailslotW(L"\\\\.\\mailslot\\ntlab\\test", 0, 0, NULL);
    EXPECT(Slot != INVALID_HANDLE_VALUE);
    CloseHandle(Slot);
}

static void
Messages(void)
{
    HANDLE Slot = CreateMailslotA(NAME, 8, 0, NULL), First = Writer(NAME), Second = Writer(NAME);
    DWORD Size, Next, Messages, Timeout, Count = 77;
    char Text[16] = "";

    EXPECT(First != INVALID_HANDLE_VALUE && Second != INVALID_HANDLE_VALUE);
    EXPECT(GetMailslotInfo(Slot, &Size, &Next, &Messages, &Timeout));
    EXPECT(Size == 8 && Next == MAILSLOT_NO_MESSAGE && Messages == 0 && Timeout == 0);
    EXPECT_EQ(Write(First, "one", 3), 3);
    EXPECT_EQ(Write(Second, "second", 6), 6);
    EXPECT_EQ(Write(First, "", 0), 0);
    EXPECT_EQ(Write(First, "nine long", 9), (DWORD)-1); /* "the maximum size of a single message" */
    EXPECT(GetMailslotInfo(Slot, NULL, &Next, &Messages, NULL) && Next == 3 && Messages == 3);
    EXPECT(ReadFile(Slot, Text, sizeof(Text), &Count, NULL) && Count == 3);
    EXPECT(memcmp(Text, "one", 3) == 0);
    /* A message is read whole: what does not fit stays. */
    EXPECT_EQ(LastErrorOf(ReadFile(Slot, Text, 5, &Count, NULL)), ERROR_INSUFFICIENT_BUFFER);
    EXPECT(GetMailslotInfo(Slot, NULL, &Next, &Messages, NULL) && Next == 6 && Messages == 2);
    EXPECT(ReadFile(Slot, Text, 6, &Count, NULL) && Count == 6 && memcmp(Text, "second", 6) == 0);
    EXPECT(ReadFile(Slot, Text, sizeof(Text), &Count, NULL) && Count == 0);
    EXPECT_EQ(LastErrorOf(ReadFile(Slot, Text, sizeof(Text), &Count, NULL)), ERROR_SEM_TIMEOUT);
    /* Each end does one thing only. */
    EXPECT_EQ(LastErrorOf(WriteFile(Slot, "x", 1, &Count, NULL)), ERROR_ACCESS_DENIED);
    EXPECT_EQ(LastErrorOf(ReadFile(First, Text, 1, &Count, NULL)), ERROR_ACCESS_DENIED);
    EXPECT(!GetMailslotInfo(First, &Size, NULL, NULL, NULL));
    /* What nobody has read is gone with the slot; its writers write no more. */
    EXPECT_EQ(Write(First, "lost", 4), 4);
    CloseHandle(Slot);
    EXPECT_EQ(Write(First, "late", 4), (DWORD)-1);
    CloseHandle(First);
    CloseHandle(Second);
}

static DWORD WINAPI
WriteLater(LPVOID Context)
{
    HANDLE File = Writer(NAME);
    DWORD Count;

    Sleep(100);
    Write(File, "soon", 4);
    CloseHandle(File);
    return 0;
}

static void
Timeouts(void)
{
    HANDLE Slot = CreateMailslotA(NAME, 0, 1000, NULL), Thread;
    DWORD Timeout, Count, Start = GetTickCount();
    char Text[8];

    EXPECT(GetMailslotInfo(Slot, NULL, NULL, NULL, &Timeout) && Timeout == 1000);
    EXPECT_EQ(LastErrorOf(ReadFile(Slot, Text, sizeof(Text), &Count, NULL)), ERROR_SEM_TIMEOUT);
    EXPECT(GetTickCount() - Start >= 950);
    /* "This time-out value applies to all subsequent read operations" */
    EXPECT(SetMailslotInfo(Slot, MAILSLOT_WAIT_FOREVER));
    EXPECT(GetMailslotInfo(Slot, NULL, NULL, NULL, &Timeout) && Timeout == MAILSLOT_WAIT_FOREVER);
    Thread = CreateThread(NULL, 0, WriteLater, NULL, 0, NULL);
    EXPECT(ReadFile(Slot, Text, sizeof(Text), &Count, NULL) && Count == 4);
    EXPECT(memcmp(Text, "soon", 4) == 0);
    WaitForSingleObject(Thread, INFINITE);
    CloseHandle(Thread);
    EXPECT(SetMailslotInfo(Slot, 5000)); /* a message ends a wait that has a limit, too */
    Thread = CreateThread(NULL, 0, WriteLater, NULL, 0, NULL);
    EXPECT(ReadFile(Slot, Text, sizeof(Text), &Count, NULL) && Count == 4);
    WaitForSingleObject(Thread, INFINITE);
    CloseHandle(Thread);
    CloseHandle(Slot);
}

static NTSTATUS
CreateNative(PHANDLE Slot, PCWSTR Text, ULONG Options, PLARGE_INTEGER Timeout)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK Iosb;

    RtlInitUnicodeString(&Name, Text);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtCreateMailslotFile(Slot, GENERIC_READ | SYNCHRONIZE, &Attributes, &Iosb, Options, 64,
                                8, Timeout);
}

static void
Native(void)
{
    struct {
        ULONG MaximumMessageSize, Quota, NextMessageSize, MessagesAvailable;
        LARGE_INTEGER ReadTimeout;
    } Query;
    LARGE_INTEGER Forever = {.QuadPart = -1}, Soon = {.QuadPart = -10000};
    PLARGE_INTEGER Set = &Soon;
    OVERLAPPED Overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    IO_STATUS_BLOCK Iosb;
    HANDLE Slot, File;
    char Text[8];
    DWORD Count;

    EXPECT_EQ(CreateNative(&Slot, L"\\Device\\Mailslot\\native", 0xFF, &Forever),
              STATUS_INVALID_PARAMETER);
    EXPECT_EQ(CreateNative(&Slot, L"\\Device\\Mailslot\\native", 0, &Forever), 0);
    EXPECT_EQ(CreateNative(&File, L"\\??\\MAILSLOT\\Native", 0, &Forever),
              STATUS_OBJECT_NAME_COLLISION);
    EXPECT_EQ(NtQueryInformationFile(Slot, &Iosb, &Query, sizeof(Query), CLASS(26)), 0);
    EXPECT(Query.MaximumMessageSize == 8 && Query.Quota == 64 && Query.ReadTimeout.QuadPart == -1);
    /* A read that waits is cancelled, or gets the message of whoever writes first. */
    EXPECT_EQ(LastErrorOf(ReadFile(Slot, Text, 8, NULL, &Overlapped)), ERROR_IO_PENDING);
    EXPECT(CancelIo(Slot));
    EXPECT_EQ(LastErrorOf(GetOverlappedResult(Slot, &Overlapped, &Count, TRUE)),
              ERROR_OPERATION_ABORTED);
    EXPECT_EQ(LastErrorOf(ReadFile(Slot, Text, 8, NULL, &Overlapped)), ERROR_IO_PENDING);
    File = Writer("\\\\.\\mailslot\\native");
    EXPECT_EQ(Write(File, "direct", 6), 6);
    EXPECT(GetOverlappedResult(Slot, &Overlapped, &Count, FALSE) && Count == 6);
    /* [ntifs] the structure holds a pointer to the time-out. */
    EXPECT_EQ(NtSetInformationFile(Slot, &Iosb, &Set, sizeof(Set), CLASS(27)), 0);
    EXPECT_EQ(LastErrorOf(ReadFile(Slot, Text, 8, NULL, &Overlapped)), ERROR_IO_PENDING);
    EXPECT_EQ(LastErrorOf(GetOverlappedResult(Slot, &Overlapped, &Count, TRUE)), ERROR_SEM_TIMEOUT);
    Set = (PVOID)16;
    EXPECT_EQ(NtSetInformationFile(Slot, &Iosb, &Set, sizeof(Set), CLASS(27)),
              STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(NtSetInformationFile(File, &Iosb, &Set, sizeof(Set), CLASS(27)),
              STATUS_INVALID_PARAMETER);
    CloseHandle(File);
    CloseHandle(Slot);
    CloseHandle(Overlapped.hEvent);
}

int
main(void)
{
    Names();
    Messages();
    Timeouts();
    Native();
    return TEST_DONE();
}
