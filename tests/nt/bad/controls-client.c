/*
 * controls-client.c - control codes whose buffers reach the driver as the caller's own addresses, and requests that no driver below answers. Each code is sent with buffers that are good, and then
 * with each of them in the system's memory, in no memory, and reaching over the end of it: it fails then, whatever driver it is. [DDI:wdm/probeforwrite], [DDI:wdm/probeforread],
 * [LEARN:kernel/using-neither-buffered-nor-direct-i-o]. What a driver has no routine for is STATUS_INVALID_DEVICE_REQUEST.
 */
#include "../ntlab-client.h"
#include <winioctl.h>
#include <winternl.h>

NTSTATUS NTAPI NtFlushVirtualMemory(HANDLE, PVOID *, PSIZE_T, PIO_STATUS_BLOCK);
NTSTATUS NTAPI NtQueryEaFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, BOOLEAN, PVOID, ULONG, PULONG,
                             BOOLEAN);
NTSTATUS NTAPI NtSetEaFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG);
NTSTATUS NTAPI NtQueryQuotaInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, BOOLEAN, PVOID,
                                           ULONG, PSID, BOOLEAN);
NTSTATUS NTAPI NtLockFile(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, PLARGE_INTEGER,
                          PLARGE_INTEGER, ULONG, BOOLEAN, BOOLEAN);

#define INVALID_REQUEST 0xC0000010
#define BAD_ADDRESS     0xC0000005
#define PIPE_TRANSCEIVE                                                                            \
    CTL_CODE(FILE_DEVICE_NAMED_PIPE, 5, METHOD_NEITHER, FILE_READ_DATA | FILE_WRITE_DATA)
#define PIPE_PEEK     CTL_CODE(FILE_DEVICE_NAMED_PIPE, 3, METHOD_BUFFERED, FILE_READ_DATA)
#define MAILSLOT_PEEK CTL_CODE(FILE_DEVICE_MAILSLOT, 0, METHOD_NEITHER, FILE_READ_DATA)

enum { Server, Client, Slot, Sender, File, Volume, Handles };

static HANDLE Handle[Handles];
static BYTE *Edge; /* what lies behind is not there */
static BYTE Room[256];
static LONGLONG Range[8] = {0, 100};

static DWORD WINAPI
Answers(void *Unused)
{
    BYTE Byte[16];
    DWORD Done;

    while (ReadFile(Handle[Server], Byte, sizeof(Byte), &Done, NULL)) {
        WriteFile(Handle[Server], Byte, Done, &Done, NULL);
    }
    return 0;
}

static ULONG
Send(HANDLE To, ULONG Code, PVOID In, ULONG InLength, PVOID Out, ULONG OutLength)
{
    IO_STATUS_BLOCK Iosb;

    return (ULONG)NtFsControlFile(To, NULL, NULL, NULL, &Iosb, Code, In, InLength, Out, OutLength);
}

static void
Addresses(void)
{
    static const struct {
        ULONG Whose, Code, InLength, OutLength;
    } Table[] = {
        {Client, PIPE_TRANSCEIVE, 4, 16},
        {Client, PIPE_PEEK, 0, 64},
        {Slot, MAILSLOT_PEEK, 0, 24},
        {File, FSCTL_QUERY_ALLOCATED_RANGES, 16, 64},
        {File, FSCTL_GET_RETRIEVAL_POINTERS, 8, 64},
        {File, FSCTL_READ_FILE_USN_DATA, 0, 128},
        {File, FSCTL_WRITE_USN_CLOSE_RECORD, 0, 8},
        {Volume, FSCTL_ENUM_USN_DATA, 24, 128},
        {Volume, FSCTL_READ_USN_JOURNAL, 40, 128},
        {Volume, FSCTL_QUERY_USN_JOURNAL, 0, 64},
        {File, FSCTL_GET_COMPRESSION, 0, 2},
        {File, FSCTL_SET_ZERO_DATA, 16, 0},
        {File, FSCTL_SET_SPARSE, 1, 0},
        {File, FSCTL_SET_COMPRESSION, 2, 0},
        {File, FSCTL_GET_OBJECT_ID, 0, 64},
        {File, FSCTL_GET_REPARSE_POINT, 0, 64},
    };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Table); i++) {
        HANDLE To = Handle[Table[i].Whose];
        ULONG In = Table[i].InLength, Out = Table[i].OutLength, Wrong = 0, Good;

        Good = Send(To, Table[i].Code, In ? Range : NULL, In, Out ? Room : NULL, Out);
        for (ULONG Kind = 0; Kind < 3; Kind++) {
            PVOID Bad = (PVOID)(Kind == 0 ? 0xFFFFF78000000000ull : 0x10);

            if (Out != 0) {
                Wrong += Send(To, Table[i].Code, In ? Range : NULL, In, Kind < 2 ? Bad : Edge - 1,
                              Out) < 0x80000000;
            }
            if (In != 0) {
                Wrong += Send(To, Table[i].Code, Kind < 2 ? Bad : Edge - In / 2, In,
                              Out ? Room : NULL, Out) < 0x80000000;
            }
        }
        EXPECT_EQ(Wrong, 0);
        EXPECT_EQ(Send(To, Table[i].Code, In ? Range : NULL, In, Out ? Room : NULL, Out), Good);
    }
}

/* Messages have no attributes, no quotas, no ranges to lock, no names in them. */
static void
Unanswered(void)
{
    static const BYTE Ea[] = {0, 0, 0, 0, 0, 1, 1, 0, 'A', 0, 7};
    LARGE_INTEGER At = {.QuadPart = 0}, Length = {.QuadPart = 5};
    IO_STATUS_BLOCK Iosb;

    for (ULONG i = Server; i < File; i++) {
        ULONG Got[] = {
            (ULONG)NtQueryEaFile(Handle[i], &Iosb, Room, 64, FALSE, NULL, 0, NULL, TRUE),
            (ULONG)NtSetEaFile(Handle[i], &Iosb, (PVOID)Ea, sizeof(Ea)),
            (ULONG)NtQueryQuotaInformationFile(Handle[i], &Iosb, Room, 64, FALSE, NULL, 0, NULL,
                                               TRUE),
            (ULONG)NtLockFile(Handle[i], NULL, NULL, NULL, &Iosb, &At, &Length, 0, TRUE, TRUE),
        };

        for (ULONG j = 0; j < RTL_NUMBER_OF(Got); j++) {
            /* or the handle has not the right to ask */
            EXPECT(Got[j] == INVALID_REQUEST || Got[j] == 0xC0000022);
            if (Got[j] != INVALID_REQUEST) {
                printf("ntlab-test: note handle %u request %u: 0x%x\n", (unsigned)i, (unsigned)j,
                       (unsigned)Got[j]);
            }
        }
    }
}

/* The services of lists: each address of each wrong in turn. */
static void
Lists(void)
{
    static const BYTE Names[] = {0, 0, 0, 0, 1, 'A', 0, 0};
    static BYTE Ea[] = {0, 0, 0, 0, 0, 1, 1, 0, 'A', 0, 7, 0};
    PVOID Bad[] = {(PVOID)0xFFFFF78000000000ull, (PVOID)0x10, Edge - 1, NULL};
    IO_STATUS_BLOCK Iosb;
    ULONG Index = 1;

    EXPECT_EQ(NtSetEaFile(Handle[File], &Iosb, Ea, 11), 0);
    EXPECT_EQ(NtQueryEaFile(Handle[File], &Iosb, Room, 64, FALSE, (PVOID)Names, sizeof(Names), NULL,
                            TRUE),
              0);
    EXPECT_EQ(Iosb.Information, 11);
    EXPECT_EQ(NtQueryEaFile(Handle[File], &Iosb, Room, 64, FALSE, (PVOID)0x10, 0, NULL, TRUE),
              0); /* a list of no bytes is none */
    for (ULONG i = 0; i < RTL_NUMBER_OF(Bad); i++) {
        PVOID One = Bad[i];

        EXPECT(NtSetEaFile(Handle[File], One, Ea, 11) < 0);
        EXPECT(NtSetEaFile(Handle[File], &Iosb, One, 11) < 0);
        EXPECT(NtQueryEaFile(Handle[File], One, Room, 64, FALSE, NULL, 0, NULL, TRUE) < 0);
        EXPECT(NtQueryEaFile(Handle[File], &Iosb, One, 64, FALSE, NULL, 0, NULL, TRUE) < 0);
        if (One != NULL) {
            EXPECT(NtQueryEaFile(Handle[File], &Iosb, Room, 64, FALSE, One, 8, NULL, TRUE) < 0);
            EXPECT(NtQueryEaFile(Handle[File], &Iosb, Room, 64, FALSE, NULL, 0, One, TRUE) < 0);
            EXPECT(NtQueryQuotaInformationFile(Handle[File], &Iosb, Room, 64, FALSE, NULL, 0, One,
                                               TRUE) < 0);
        }
        EXPECT(NtQueryQuotaInformationFile(Handle[File], &Iosb, One, 64, FALSE, NULL, 0, NULL,
                                           TRUE) < 0);
    }
    EXPECT_EQ(NtQueryEaFile(Handle[File], &Iosb, Room, 64, FALSE, NULL, 0, &Index, TRUE), 0);
}

/* A view of a file is written, and somebody is to be told. */
static void
Flush(void)
{
    PVOID Bad[] = {(PVOID)0xFFFFF78000000000ull, (PVOID)0x10, Edge - 8};
    HANDLE Section = CreateFileMappingA(Handle[File], NULL, PAGE_READWRITE, 0, 0, NULL);
    PVOID View = MapViewOfFile(Section, FILE_MAP_WRITE, 0, 0, 0), Base = View;
    IO_STATUS_BLOCK Iosb;
    SIZE_T Size = 10;

    EXPECT_EQ(NtFlushVirtualMemory((HANDLE)-1, &Base, &Size, &Iosb), 0);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Bad); i++) {
        EXPECT(NtFlushVirtualMemory((HANDLE)-1, &Base, &Size, Bad[i]) < 0);
        EXPECT(NtFlushVirtualMemory((HANDLE)-1, Bad[i], &Size, &Iosb) < 0);
    }
    UnmapViewOfFile(View);
    CloseHandle(Section);
}

int
main(void)
{
    static const char Pipe[] = "\\\\.\\pipe\\bad-controls", Box[] = "\\\\.\\mailslot\\bad-controls";
    DWORD Mode = PIPE_READMODE_MESSAGE, Done;
    BYTE *Pages = VirtualAlloc(NULL, 0x2000, MEM_RESERVE, PAGE_READWRITE);

    VirtualAlloc(Pages, 0x1000, MEM_COMMIT, PAGE_READWRITE);
    Edge = Pages + 0x1000;
    Handle[Server] =
        CreateNamedPipeA(Pipe, PIPE_ACCESS_DUPLEX | WRITE_DAC,
                         PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1, 256, 256, 0, NULL);
    Handle[Client] = CreateFileA(Pipe, GENERIC_ALL, 0, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT(SetNamedPipeHandleState(Handle[Client], &Mode, NULL, NULL));
    Handle[Slot] = CreateMailslotA(Box, 0, 0, NULL);
    Handle[Sender] = CreateFileA(Box, GENERIC_WRITE, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT(WriteFile(Handle[Sender], "one", 3, &Done, NULL));
    Handle[File] = CreateFileA("C:\\bad-controls", GENERIC_ALL, 0, NULL, CREATE_ALWAYS, 0, NULL);
    EXPECT(WriteFile(Handle[File], Room, 200, &Done, NULL));
    Handle[Volume] =
        CreateFileA("\\\\.\\C:", GENERIC_READ | GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT_EQ(Send(Handle[Volume], FSCTL_CREATE_USN_JOURNAL, Range, 16, NULL, 0), 0);
    for (ULONG i = 0; i < Handles; i++) {
        EXPECT(Handle[i] != INVALID_HANDLE_VALUE);
    }
    Unanswered();
    Lists();
    Flush();
    CloseHandle(CreateThread(NULL, 0, Answers, NULL, 0, NULL));
    Addresses();
    for (ULONG i = Handles; i-- > Client;) {
        CloseHandle(Handle[i]);
    }
    return TEST_DONE();
}
