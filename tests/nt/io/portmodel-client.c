/*
 * portmodel-client.c - completion ports against a queue: packets that are posted and those of requests come out in their order, one by one or several at once, with
 * what they were given; how many there are; what is no port, or no right to it; and what is left in a port when it goes.
 * [LEARN:fileio/i-o-completion-ports], [LEARN:ioapiset/getqueuedcompletionstatusex], [LEARN:ioapiset/postqueuedcompletionstatus],
 * [LEARN:winbase/setfilecompletionnotificationmodes]; the services are well known
 */
#include "../ntlab-client.h"
#include <winternl.h>

typedef struct {
    PVOID Key, Context;
    IO_STATUS_BLOCK Iosb;
} ENTRY;

NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                          PLARGE_INTEGER, PULONG);
NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                           PLARGE_INTEGER, PULONG);
NTSTATUS NTAPI NtCreateIoCompletion(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG);
NTSTATUS NTAPI NtOpenIoCompletion(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtSetIoCompletion(HANDLE, PVOID, PVOID, NTSTATUS, ULONG_PTR);
NTSTATUS NTAPI NtRemoveIoCompletion(HANDLE, PVOID *, PVOID *, PIO_STATUS_BLOCK, PLARGE_INTEGER);
NTSTATUS NTAPI NtRemoveIoCompletionEx(HANDLE, ENTRY *, ULONG, PULONG, PLARGE_INTEGER, BOOLEAN);
NTSTATUS NTAPI NtQueryIoCompletion(HANDLE, ULONG, PVOID, ULONG, PULONG);

#define PRIORITY_HINT (FILE_INFORMATION_CLASS)43 /* FileIoPriorityHintInformation */
#define NOTIFICATION  (FILE_INFORMATION_CLASS)41 /* FileIoCompletionNotificationInformation */
NTSTATUS NTAPI NtSetInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, FILE_INFORMATION_CLASS);
NTSTATUS NTAPI NtQueryInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG,
                                      FILE_INFORMATION_CLASS);

#define STEPS      1500
#define QUERY      1
#define MODIFY     2
#define ALL        0x1F0003
#define TIMEOUT    0x102
#define DENIED     0xC0000022
#define BAD_TYPE   0xC0000024
#define BAD_HANDLE 0xC0000008
#define BAD_VALUE  0xC000000D
#define END        0xC0000011
#define COLLISION  0xC0000035

static ENTRY Queue[STEPS + 16];
static ULONG First, Last, Seed = 1, Wrong;

static ULONG
Random(ULONG Below)
{
    Seed = Seed * 1664525 + 1013904223;
    return (Seed >> 8) % Below;
}

static void
Put(PVOID Key, PVOID Context, NTSTATUS Status, ULONG_PTR Information)
{
    ENTRY *Entry = &Queue[Last++];

    Entry->Key = Key;
    Entry->Context = Context;
    Entry->Iosb.Status = Status;
    Entry->Iosb.Information = Information;
}

static BOOL
IsNext(PVOID Key, PVOID Context, const IO_STATUS_BLOCK *Iosb)
{
    const ENTRY *Entry = &Queue[First++];

    return Entry->Key == Key && Entry->Context == Context && Entry->Iosb.Status == Iosb->Status &&
           Entry->Iosb.Information == Iosb->Information;
}

static HANDLE
OpenOn(const char *Name, HANDLE Port, ULONG_PTR Key, UCHAR Modes)
{
    HANDLE File = CreateFileA(Name, GENERIC_READ | GENERIC_WRITE, 7, NULL, OPEN_ALWAYS,
                              FILE_FLAG_OVERLAPPED, NULL);

    EXPECT(File != INVALID_HANDLE_VALUE && CreateIoCompletionPort(File, Port, Key, 0) == Port);
    if (Modes != 0) {
        EXPECT(SetFileCompletionNotificationModes(File, Modes));
    }
    return File;
}

static void
Steps(HANDLE Port)
{
    static IO_STATUS_BLOCK Blocks[STEPS];
    static BYTE Data[64];
    HANDLE Plain = OpenOn("C:\\Windows\\Temp\\portmodel1", Port, 0x51, 0),
           Skips = OpenOn("C:\\Windows\\Temp\\portmodel2", Port, 0x52, 1);
    LARGE_INTEGER Now = {.QuadPart = 0}, Offset;

    for (ULONG i = 0; i < STEPS; i++) {
        PVOID Key = (PVOID)(ULONG_PTR)Random(1000), Context = (PVOID)(ULONG_PTR)(0x1000 + i);
        ULONG Count = 1 + Random(6), Removed = 77, Depth = 77, Length = 77, Status;
        ENTRY Got[8];

        switch (Random(7)) {
        case 0:
        case 1:
            Wrong += NtSetIoCompletion(Port, Key, Context, (NTSTATUS)(0xC0000000 + i), 5 * i) != 0;
            Put(Key, Context, (NTSTATUS)(0xC0000000 + i), 5 * i);
            break;
        case 2:
            Status =
                (ULONG)NtRemoveIoCompletion(Port, &Got[0].Key, &Got[0].Context, &Got[0].Iosb, &Now);
            Wrong += Status != (First == Last ? TIMEOUT : 0) ||
                     (First != Last && !IsNext(Got[0].Key, Got[0].Context, &Got[0].Iosb));
            break;
        case 3:
            memset(Got, 0xCC, sizeof(Got));
            Status = (ULONG)NtRemoveIoCompletionEx(Port, Got, Count, &Removed, &Now, FALSE);
            if (First == Last) {
                Wrong += Status != TIMEOUT;
                break;
            }
            Wrong += Status != 0 || Removed != min(Count, Last - First);
            for (ULONG k = 0; k < Removed; k++) {
                Wrong += !IsNext(Got[k].Key, Got[k].Context, &Got[k].Iosb);
            }
            Wrong += Got[Removed].Key != (PVOID)0xCCCCCCCCCCCCCCCC; /* nothing behind them */
            break;
        case 4:
            Wrong +=
                NtQueryIoCompletion(Port, 0, &Depth, sizeof(Depth), i % 2 ? &Length : NULL) != 0 ||
                Depth != Last - First;
            Wrong += i % 2 && Length != sizeof(Depth);
            break;
        default: { /* a request: its packet, unless it is an error or the file wants none of a success at once */
            HANDLE File = Random(2) ? Plain : Skips;
            BOOL Write = Random(2), Behind = !Write && Random(4) == 0;

            Offset.QuadPart = Behind ? 4096 : 0;
            Status = (ULONG)(Write ? NtWriteFile(File, NULL, NULL, Context, &Blocks[i], Data,
                                                 sizeof(Data), &Offset, NULL)
                                   : NtReadFile(File, NULL, NULL, Context, &Blocks[i], Data,
                                                1 + i % 64, &Offset, NULL));
            if (Status == 0x103) {
                Put(File == Plain ? (PVOID)0x51 : (PVOID)0x52, Context, Blocks[i].Status,
                    Blocks[i].Information);
            } else if (Status == 0 && File == Plain) {
                Put((PVOID)0x51, Context, 0, Write ? sizeof(Data) : Blocks[i].Information);
            } else {
                Wrong += Status != 0 && Status != END;
            }
            break;
        }
        }
    }
    EXPECT_EQ(Wrong, 0);
    CloseHandle(Plain);
    CloseHandle(Skips);
}

static void
Refused(HANDLE Port, HANDLE Queries, HANDLE Modifies)
{
    HANDLE Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    LARGE_INTEGER Now = {.QuadPart = 0};
    IO_STATUS_BLOCK Iosb;
    ENTRY Got[2];
    ULONG Removed, Depth;
    PVOID Key, Context;

    EXPECT_EQ((ULONG)NtSetIoCompletion(Queries, NULL, NULL, 0, 0), DENIED);
    EXPECT_EQ((ULONG)NtSetIoCompletion(Event, NULL, NULL, 0, 0), BAD_TYPE);
    EXPECT_EQ((ULONG)NtSetIoCompletion((HANDLE)0x7770, NULL, NULL, 0, 0), BAD_HANDLE);
    EXPECT_EQ((ULONG)NtRemoveIoCompletion(Queries, &Key, &Context, &Iosb, &Now), DENIED);
    EXPECT_EQ((ULONG)NtRemoveIoCompletion(Event, &Key, &Context, &Iosb, &Now), BAD_TYPE);
    EXPECT_EQ((ULONG)NtRemoveIoCompletionEx(Queries, Got, 1, &Removed, &Now, FALSE), DENIED);
    EXPECT_EQ((ULONG)NtRemoveIoCompletionEx(Port, Got, 0, &Removed, &Now, FALSE), BAD_VALUE);
    EXPECT_EQ((ULONG)NtQueryIoCompletion(Modifies, 0, &Depth, sizeof(Depth), NULL), DENIED);
    EXPECT_EQ((ULONG)NtQueryIoCompletion(Event, 0, &Depth, sizeof(Depth), NULL), BAD_TYPE);
    EXPECT_EQ((ULONG)NtQueryIoCompletion(Port, 1, &Depth, sizeof(Depth), NULL), 0xC0000003);
    EXPECT_EQ((ULONG)NtQueryIoCompletion(Port, 0, &Depth, 3, NULL), 0xC0000004);
    EXPECT_EQ((ULONG)NtQueryIoCompletion(Port, 0, &Depth, 8, NULL), 0xC0000004);
    EXPECT_EQ((ULONG)NtSetIoCompletion(Modifies, (PVOID)1, (PVOID)2, 3, 4), 0);
    Put((PVOID)1, (PVOID)2, 3, 4);
    EXPECT_EQ((ULONG)NtQueryIoCompletion(Queries, 0, &Depth, sizeof(Depth), NULL), 0);
    EXPECT_EQ(Depth, Last - First);
    CloseHandle(Event);
}

/* Who takes none of them: packets and requests that are done go with the port. */
static void
Left(void)
{
    HANDLE Port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0),
           Null = CreateFileA("\\\\.\\NUL", GENERIC_WRITE, 7, NULL, OPEN_EXISTING,
                              FILE_FLAG_OVERLAPPED, NULL);
    static OVERLAPPED Overlapped[6];
    ULONG Depth;

    EXPECT(Port != NULL && CreateIoCompletionPort(Null, Port, 0x61, 0) == Port);
    for (ULONG i = 0; i < 6; i++) {
        EXPECT(WriteFile(Null, "x", 1, NULL, &Overlapped[i]));
        EXPECT(PostQueuedCompletionStatus(Port, i, i, NULL));
    }
    EXPECT_EQ((ULONG)NtQueryIoCompletion(Port, 0, &Depth, sizeof(Depth), NULL), 0);
    EXPECT_EQ(Depth, 12);
    CloseHandle(Null);
    CloseHandle(Port);
}

/* What a file remembers of its own, at the bounds: how urgent its requests are, and how their end is told. */
static void
Modes(void)
{
    HANDLE File = CreateFileA("C:\\Windows\\Temp\\portmodel3", GENERIC_READ | GENERIC_WRITE, 7,
                              NULL, OPEN_ALWAYS, FILE_FLAG_OVERLAPPED, NULL);
    HANDLE Waits = CreateFileA("C:\\Windows\\Temp\\portmodel3", GENERIC_READ | GENERIC_WRITE, 7,
                               NULL, OPEN_ALWAYS, 0, NULL);
    IO_STATUS_BLOCK Iosb;

    for (ULONG Value = 0; Value < 6; Value++) {
        ULONG64 Hint = Value, Said = 77;

        EXPECT_EQ((ULONG)NtSetInformationFile(File, &Iosb, &Hint, sizeof(Hint), PRIORITY_HINT),
                  Value <= 2 ? 0 : BAD_VALUE);
        EXPECT_EQ((ULONG)NtQueryInformationFile(File, &Iosb, &Said, sizeof(Said), PRIORITY_HINT),
                  0);
        EXPECT_EQ((ULONG)Said, min(Value, 2));
    }
    for (ULONG Value = 0; Value < 10; Value++) {
        static ULONG Set;
        ULONG Said = 77;

        EXPECT_EQ((ULONG)NtSetInformationFile(File, &Iosb, &Value, sizeof(Value), NOTIFICATION),
                  Value < 8 ? 0 : BAD_VALUE);
        EXPECT_EQ((ULONG)NtSetInformationFile(Waits, &Iosb, &Value, sizeof(Value), NOTIFICATION),
                  BAD_VALUE);
        Set |= Value < 8 ? Value : 0;
        EXPECT_EQ((ULONG)NtQueryInformationFile(File, &Iosb, &Said, sizeof(Said), NOTIFICATION), 0);
        EXPECT_EQ(Said, Set);
    }
    CloseHandle(File);
    CloseHandle(Waits);
}

int
main(void)
{
    static WCHAR Text[] = L"\\BaseNamedObjects\\PortModel";
    UNICODE_STRING Name = {sizeof(Text) - 2, sizeof(Text), Text};
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Port, Other, Queries, Modifies;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    EXPECT_EQ((ULONG)NtOpenIoCompletion(&Port, ALL, &Attributes), 0xC0000034);
    EXPECT_EQ((ULONG)NtCreateIoCompletion(&Port, ALL, &Attributes, 2), 0);
    EXPECT_EQ((ULONG)NtCreateIoCompletion(&Other, ALL, &Attributes, 2), COLLISION);
    EXPECT_EQ((ULONG)NtOpenIoCompletion(&Queries, QUERY, &Attributes), 0);
    EXPECT_EQ((ULONG)NtOpenIoCompletion(&Modifies, MODIFY, &Attributes), 0);
    Left();
    Modes();
    Steps(Port);
    Refused(Port, Queries, Modifies);
    EXPECT(First < Last); /* what is left goes with the port */
    CloseHandle(Queries);
    CloseHandle(Modifies);
    CloseHandle(Port);
    EXPECT_EQ((ULONG)NtOpenIoCompletion(&Port, ALL, &Attributes), 0xC0000034);
    return TEST_DONE();
}
