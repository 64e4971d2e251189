/*
 * modes-client.c - what the I/O manager itself knows of a file: access, mode, alignment, position, completion ports, hints; and all of it
 * at once. [DDI:ntifs/ntqueryinformationfile], [DDI:ntifs/ntsetinformationfile], [DDI:ntifs/_file_all_information],
 * [DDI:ntifs/_file_mode_information], [DDI:wdm/_file_position_information], [DDI:ntifs/_file_completion_information],
 * [DDI:ntifs/ntcanceliofile].
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtCancelIoFile(HANDLE, PIO_STATUS_BLOCK);
NTSTATUS NTAPI NtRemoveIoCompletion(HANDLE, PVOID *, PVOID *, PIO_STATUS_BLOCK, PLARGE_INTEGER);

#define INVALID 0xC000000D

static IO_STATUS_BLOCK Iosb;
static ULONG64 Space[128];
#define LONGS ((ULONG *)Space)

static HANDLE
Open(ULONG Access, ULONG Options)
{
    static const WCHAR Path[] = L"\\??\\C:\\Windows\\Temp\\modes.txt";
    UNICODE_STRING Name = {sizeof(Path) - 2, sizeof(Path), (PWSTR)Path};
    OBJECT_ATTRIBUTES Attributes = {
        .Length = sizeof(Attributes), .ObjectName = &Name, .Attributes = 0x40};
    HANDLE File = NULL;

    EXPECT_EQ(
        NtCreateFile(&File, Access, &Attributes, &Iosb, NULL, 0, 7, FILE_OPEN_IF, Options, NULL, 0),
        0);
    return File;
}

static ULONG
Mode(HANDLE File)
{
    LONGS[0] = 0xCCCCCCCC;
    EXPECT_EQ(NtQueryInformationFile(File, &Iosb, Space, 4, 16), 0);
    EXPECT_EQ(Iosb.Information, 4);
    return LONGS[0];
}

static ULONG
Set(HANDLE File, ULONG Class, ULONG64 First, ULONG64 Second, ULONG Size)
{
    ULONG64 Value[2] = {First, Second};
    ULONG Status;

    memset(&Iosb, 0x77, sizeof(Iosb));
    Status = (ULONG)NtSetInformationFile(File, &Iosb, Value, Size, Class);
    if (Status == 0) { /* the final status, and nothing is transferred, whoever does it */
        EXPECT(Iosb.Status == 0 && Iosb.Information == 0);
    }
    return Status;
}

static void
Modes(void)
{
    /* write-through 2, sequential 4, no buffering 8, alertable 0x10, not alertable 0x20 */
    HANDLE Plain = Open(FILE_READ_DATA | SYNCHRONIZE, 0);
    HANDLE File = Open(FILE_READ_DATA | SYNCHRONIZE, 0x20 | 4);
    HANDLE Alertable = Open(FILE_READ_DATA | SYNCHRONIZE, 0x10 | 2);
    HANDLE Raw = Open(FILE_READ_DATA | SYNCHRONIZE, 0x20 | 8);

    EXPECT_EQ(Mode(Plain), 0);
    EXPECT_EQ(Mode(File), 0x24);
    EXPECT_EQ(Mode(Alertable), 0x12);
    EXPECT_EQ(Mode(Raw), 0x28);
    EXPECT_EQ(Set(File, 16, 0x12, 0, 4), 0); /* what may change */
    EXPECT_EQ(Mode(File), 0x12);
    EXPECT_EQ(Set(File, 16, 0x20, 0, 4), 0);
    EXPECT_EQ(Mode(File), 0x20);
    EXPECT_EQ(Set(File, 16, 0x30, 0, 4), INVALID); /* both */
    EXPECT_EQ(Set(File, 16, 0, 0, 4), INVALID);    /* it stays synchronous */
    EXPECT_EQ(Set(Plain, 16, 0x20, 0, 4), INVALID);
    EXPECT_EQ(Set(Plain, 16, 8, 0, 4), INVALID); /* how it is buffered stays */
    EXPECT_EQ(Set(Plain, 16, 6, 0, 4), 0);
    EXPECT_EQ(Mode(Plain), 6);
    EXPECT_EQ(Set(Plain, 16, 0, 0, 4), 0);
    EXPECT_EQ(Mode(Plain), 0);
    CloseHandle(Plain);
    CloseHandle(File);
    CloseHandle(Alertable);
    CloseHandle(Raw);
}

static void
Position(void)
{
    HANDLE File = Open(FILE_READ_DATA | SYNCHRONIZE, 0x20), Plain = Open(FILE_READ_DATA, 0);
    HANDLE Raw = Open(FILE_READ_DATA | SYNCHRONIZE, 0x20 | 8);

    EXPECT_EQ(Set(File, 14, 0x123456789, 0, 8), 0);
    EXPECT_EQ(NtQueryInformationFile(File, &Iosb, Space, 8, 14), 0);
    EXPECT(Space[0] == 0x123456789 && Iosb.Information == 8);
    EXPECT_EQ(Set(File, 14, (ULONG64)-5, 0, 8), INVALID);
    EXPECT_EQ(Set(Raw, 14, 513, 0, 8), INVALID); /* whole sectors where nothing is buffered */
    EXPECT_EQ(Set(Raw, 14, 4096, 0, 8), 0);
    EXPECT_EQ((ULONG)NtQueryInformationFile(File, &Iosb, Space, 7, 14), 0xC0000004);
    CloseHandle(File);
    CloseHandle(Plain);
    CloseHandle(Raw);
}

/* FILE_ALL_INFORMATION: what the file system knows, and what the I/O manager does. */
static void
All(void)
{
    HANDLE File = Open(FILE_READ_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE, 0x20 | 4);
    HANDLE Plain = Open(FILE_READ_ATTRIBUTES | FILE_WRITE_DATA, 2);
    ULONG Whole, Alignment;

    EXPECT_EQ(Set(File, 14, 77, 0, 8), 0);
    memset(Space, 0xCC, sizeof(Space));
    EXPECT_EQ(NtQueryInformationFile(File, &Iosb, Space, sizeof(Space), 18), 0);
    Whole = (ULONG)Iosb.Information;
    EXPECT_EQ(LONGS[19], FILE_READ_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE); /* access */
    EXPECT_EQ(Space[10], 77);                                                  /* position */
    EXPECT_EQ(LONGS[22], 0x24);                                                /* mode */
    Alignment = LONGS[23];
    EXPECT_EQ(LONGS[24], 46); /* its name */
    EXPECT(memcmp(LONGS + 25, L"\\Windows\\Temp\\modes.txt", 46) == 0);
    EXPECT_EQ(Whole, 100 + 46);
    EXPECT_EQ((ULONG)NtQueryInformationFile(File, &Iosb, Space, 104, 18), 0x80000005);
    EXPECT_EQ(LONGS[24], 46);
    EXPECT_EQ((ULONG)NtQueryInformationFile(File, &Iosb, Space, 50, 18), 0xC0000004);
    EXPECT_EQ(NtQueryInformationFile(Plain, &Iosb, Space, sizeof(Space), 18), 0);
    EXPECT(LONGS[19] == (FILE_READ_ATTRIBUTES | FILE_WRITE_DATA) && LONGS[22] == 2);
    EXPECT_EQ(NtQueryInformationFile(Plain, &Iosb, Space, 4, 8), 0); /* access, alone */
    EXPECT_EQ(LONGS[0], FILE_READ_ATTRIBUTES | FILE_WRITE_DATA);
    EXPECT_EQ(NtQueryInformationFile(Plain, &Iosb, Space, 4, 17), 0); /* alignment */
    EXPECT(LONGS[0] == Alignment && Alignment <= 511);
    EXPECT_EQ(NtQueryInformationFile(Plain, &Iosb, Space, 1, 51), 0); /* remote? */
    EXPECT_EQ(((BYTE *)Space)[0], 0);
    EXPECT_EQ(Set(Plain, 43, 1, 0, 4), 0); /* priority hint: low */
    EXPECT_EQ(NtQueryInformationFile(Plain, &Iosb, Space, 4, 43), 0);
    EXPECT_EQ(LONGS[0], 1);
    EXPECT_EQ(Set(Plain, 43, 3, 0, 4), INVALID);
    CloseHandle(File);
    CloseHandle(Plain);
}

static void
Ports(void)
{
    HANDLE Plain = Open(FILE_READ_DATA | FILE_WRITE_DATA, 0);
    HANDLE File = Open(FILE_READ_DATA | SYNCHRONIZE, 0x20);
    HANDLE Port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    HANDLE Other = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    LARGE_INTEGER Zero = {.QuadPart = 0};
    OVERLAPPED Overlapped = {0};
    PVOID Key, Context;

    EXPECT_EQ(Set(File, 30, (ULONG_PTR)Port, 5, 16), INVALID); /* synchronous */
    EXPECT_EQ(Set(File, 61, (ULONG_PTR)Port, 5, 16), INVALID);
    EXPECT_EQ(Set(File, 41, 1, 0, 4), INVALID);
    EXPECT_EQ(Set(Plain, 30, (ULONG_PTR)Port, 5, 16), 0);
    EXPECT_EQ(Set(Plain, 30, (ULONG_PTR)Other, 6, 16), INVALID); /* it has one */
    WriteFile(Plain, "x", 1, NULL, &Overlapped);
    EXPECT_EQ(NtRemoveIoCompletion(Port, &Key, &Context, &Iosb, &Zero), 0);
    EXPECT(Key == (PVOID)5 && Context == &Overlapped && Iosb.Information == 1);
    EXPECT_EQ(Set(Plain, 61, (ULONG_PTR)Other, 6, 16), 0); /* replaced */
    WriteFile(Plain, "y", 1, NULL, &Overlapped);
    EXPECT_EQ(NtRemoveIoCompletion(Port, &Key, &Context, &Iosb, &Zero), 0x102);
    EXPECT_EQ(NtRemoveIoCompletion(Other, &Key, &Context, &Iosb, &Zero), 0);
    EXPECT(Key == (PVOID)6);
    EXPECT_EQ(Set(Plain, 61, 0, 0, 16), 0); /* taken away */
    WriteFile(Plain, "z", 1, NULL, &Overlapped);
    EXPECT_EQ(NtRemoveIoCompletion(Other, &Key, &Context, &Iosb, &Zero), 0x102);
    EXPECT_EQ(Set(Plain, 41, 9, 0, 4), INVALID);
    EXPECT_EQ(Set(Plain, 41, 3, 0, 4), 0);
    EXPECT_EQ(NtQueryInformationFile(Plain, &Iosb, Space, 4, 41), 0);
    EXPECT_EQ(LONGS[0], 3);
    CloseHandle(Plain);
    CloseHandle(File);
    CloseHandle(Port);
    CloseHandle(Other);
}

/* All that this thread has asked of the file ends; when the call returns, it has. */
static void
Cancelled(void)
{
    HANDLE Server =
        CreateNamedPipeA("\\\\.\\pipe\\modes", PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                         PIPE_TYPE_BYTE, 1, 64, 64, 0, NULL);
    HANDLE Client = CreateFileA("\\\\.\\pipe\\modes", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                                OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    OVERLAPPED First = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    OVERLAPPED Second = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    char Buffer[8];

    EXPECT(!ReadFile(Server, Buffer, 8, NULL, &First) && GetLastError() == ERROR_IO_PENDING);
    EXPECT(!ReadFile(Client, Buffer, 8, NULL, &Second) && GetLastError() == ERROR_IO_PENDING);
    EXPECT_EQ(NtCancelIoFile(Server, &Iosb), 0);
    EXPECT(Iosb.Status == 0 && Iosb.Information == 0);
    EXPECT_EQ(First.Internal, 0xC0000120);
    EXPECT_EQ(WaitForSingleObject(First.hEvent, 0), WAIT_OBJECT_0);
    EXPECT_EQ(WaitForSingleObject(Second.hEvent, 0), WAIT_TIMEOUT); /* another file's */
    EXPECT_EQ(NtCancelIoFile(Server, &Iosb), 0);                    /* nothing */
    EXPECT_EQ(NtCancelIoFile(Client, &Iosb), 0);
    EXPECT_EQ(Second.Internal, 0xC0000120);
    CloseHandle(First.hEvent);
    CloseHandle(Second.hEvent);
    CloseHandle(Client);
    CloseHandle(Server);
}

int
main(void)
{
    Modes();
    Position();
    All();
    Ports();
    Cancelled();
    DeleteFileA("C:\\Windows\\Temp\\modes.txt");
    TEST_DONE();
    return NtlabFailed != 0;
}
