/*
 * slotmodel-client.c - mailslots against a model: hundreds of messages written and read, with readers that wait and buffers that are too small, cancelled reads,
 * and what the slot says of itself meanwhile; the parameters of its making; what ends when either side goes. [K: "CreateMailslot", "ReadFile"],
 * [LEARN:winbase/nf-winbase-getmailslotinfo], [DDI:ntifs/_file_mailslot_query_information], [DDI:ntifs/_file_mailslot_set_information],
 * [LEARN:ipc/about-mailslots].
 */
#include "../ntlab-client.h"
#include "pipes.h"

#define SEED 2
#include "../draw.h"

NTSTATUS NTAPI NtCreateMailslotFile(PHANDLE, ULONG, POBJECT_ATTRIBUTES, PIO_STATUS_BLOCK, ULONG,
                                    ULONG, ULONG, PLARGE_INTEGER);

#define PENDING       0x103
#define TIMED_OUT     0xC00000B5
#define TOO_SMALL     0xC0000023
#define BAD_PARAMETER 0xC000000D
#define CANCELLED     0xC0000120
#define CLOSED        0xC00000B6
#define NOT_FOUND     0xC0000034
#define COLLISION     0xC0000035
#define BAD_NAME      0xC0000033
#define UNTOUCHED     0x12345678
#define FAR_AWAY      ((void *)0x400080000000ull)
#define PATH          L"\\??\\mailslot\\ntlab\\model"
#define MOST          24
#define SLOTS         32

static IO_STATUS_BLOCK Iosb;
static HANDLE Server, Client;

static ULONG
Make(PCWSTR Path, ULONG Most, LARGE_INTEGER *Timeout)
{
    Server = NULL;
    return (ULONG)NtCreateMailslotFile(&Server, GENERIC_READ | SYNCHRONIZE, At(Path), &Iosb, 0, 77,
                                       Most, Timeout);
}

static ULONG
Open(PCWSTR Path)
{
    Client = NULL;
    return (ULONG)NtCreateFile(&Client, GENERIC_WRITE | SYNCHRONIZE, At(Path), &Iosb, NULL, 0, 3,
                               FILE_OPEN, 0, NULL, 0);
}

typedef struct {
    IO_STATUS_BLOCK Iosb;
    BYTE Data[MOST + 8], Wanted[MOST + 8];
    ULONG Length, WantStatus, WantCount;
    BOOL Used, Done;
} READ;

static READ Reads[SLOTS];
static ULONG Waiting[SLOTS], WaitCount, Lengths[SLOTS], MessageCount, Bad[6], Tried[6];
static BYTE Messages[SLOTS][MOST + 8];

static ULONG
Told(void)
{
    ULONG Wrong = 0;

    for (ULONG i = 0; i < SLOTS; i++) {
        READ *Read = &Reads[i];

        if (!Read->Used) {
            continue;
        }
        if (!Read->Done) {
            Wrong += Read->Iosb.Status != UNTOUCHED;
            continue;
        }
        Wrong += (ULONG)Read->Iosb.Status != Read->WantStatus ||
                 Read->Iosb.Information != Read->WantCount ||
                 memcmp(Read->Data, Read->Wanted, sizeof(Read->Data)) != 0;
        Read->Used = FALSE;
    }
    return Wrong;
}

static void
Reading(void)
{
    READ *Read = NULL;
    ULONG Want = PENDING, Status;

    for (ULONG i = 0; i < SLOTS && Read == NULL; i++) {
        Read = Reads[i].Used ? NULL : &Reads[i];
    }
    if (Read == NULL) {
        return;
    }
    Tried[0]++;
    memset(Read, 0xCC, sizeof(*Read));
    Read->Used = TRUE;
    Read->Done = FALSE;
    Read->Length = Any(MOST + 4);
    Read->Iosb.Status = UNTOUCHED;
    Read->WantCount = 0;
    if (MessageCount == 0) {
        Waiting[WaitCount++] = (ULONG)(Read - Reads);
    } else if (Lengths[0] > Read->Length) {
        Want = TOO_SMALL; /* it stays */
    } else {
        Want = 0;
        Read->Done = TRUE;
        Read->WantStatus = 0;
        Read->WantCount = Lengths[0];
        memcpy(Read->Wanted, Messages[0], Lengths[0]);
        memmove(Messages[0], Messages[1], (MessageCount - 1) * sizeof(Messages[0]));
        memmove(Lengths, Lengths + 1, --MessageCount * sizeof(ULONG));
    }
    Status = (ULONG)NtReadFile(Server, NULL, NULL, NULL, &Read->Iosb, Read->Data, Read->Length,
                               NULL, NULL);
    Bad[0] += Status != Want;
    if (Want == TOO_SMALL) {
        Bad[0] += Read->Data[0] != 0xCC;
        Read->Used = FALSE;
    }
    Bad[0] += Told();
}

static void
Writing(void)
{
    ULONG Length = Any(MOST + 2);
    BYTE Data[MOST + 2];
    BOOL Taken = FALSE;

    if (MessageCount + 1 >= SLOTS) {
        return;
    }
    Tried[1]++;
    for (ULONG i = 0; i < Length; i++) {
        Data[i] = (BYTE)Any(256);
    }
    if (Length > MOST) {
        Bad[1] += (ULONG)NtWriteFile(Client, NULL, NULL, NULL, &Iosb, Data, Length, NULL, NULL) !=
                  BAD_PARAMETER;
        return;
    }
    while (WaitCount != 0 && !Taken) { /* who has no room for it is told so */
        READ *Read = &Reads[Waiting[0]];

        Taken = Read->Length >= Length;
        Read->Done = TRUE;
        Read->WantStatus = Taken ? 0 : TOO_SMALL;
        Read->WantCount = Taken ? Length : 0;
        memcpy(Read->Wanted, Data, Taken ? Length : 0);
        memmove(Waiting, Waiting + 1, --WaitCount * sizeof(ULONG));
    }
    if (!Taken) {
        memcpy(Messages[MessageCount], Data, Length);
        Lengths[MessageCount++] = Length;
    }
    Bad[1] += NtWriteFile(Client, NULL, NULL, NULL, &Iosb, Data, Length, NULL, NULL) != 0 ||
              Iosb.Information != Length;
    Bad[1] += Told();
}

static void
Asking(void)
{
    ULONG Query[7];

    Tried[2]++;
    memset(Query, 0xCC, sizeof(Query));
    Bad[2] += NtQueryInformationFile(Server, &Iosb, Query, 24, 26) != 0 || Iosb.Information != 24;
    Bad[2] += Query[0] != MOST || Query[1] != 77 ||
              Query[2] != (MessageCount != 0 ? Lengths[0] : 0xFFFFFFFF) ||
              Query[3] != MessageCount || *(LONGLONG *)&Query[4] != (LONGLONG)(1ull << 63) ||
              Query[6] != 0xCCCCCCCC;
    Bad[2] += (ULONG)NtQueryInformationFile(Client, &Iosb, Query, 24, 26) != BAD_PARAMETER;
}

static void
Cancelling(void)
{
    if (WaitCount != 0) {
        ULONG i = Any(WaitCount);
        READ *Read = &Reads[Waiting[i]];

        Tried[3]++;
        Read->Done = TRUE;
        Read->WantStatus = CANCELLED;
        memmove(Waiting + i, Waiting + i + 1, (WaitCount - i - 1) * sizeof(ULONG));
        WaitCount--;
        Bad[3] += NtCancelIoFileEx(Server, &Read->Iosb, &Iosb) != 0;
        Bad[3] += Told();
    }
}

static void
Model(void)
{
    LARGE_INTEGER Forever = {.QuadPart = (LONGLONG)(1ull << 63)};

    EXPECT_EQ(Make(PATH, MOST, &Forever), 0);
    EXPECT_EQ(Iosb.Information, FILE_CREATED);
    EXPECT_EQ(Open(PATH), 0);
    for (ULONG Step = 0; Step < 900; Step++) {
        ULONG What = Any(16);

        if (What < 8) {
            Reading();
        } else if (What < 12) {
            Writing();
        } else if (What < 14) {
            Asking();
        } else {
            Cancelling();
        }
    }
    for (ULONG i = 0; i < 4; i++) {
        EXPECT_EQ(Bad[i], 0);
        EXPECT(Tried[i] != 0);
    }
    while (MessageCount != 0) {
        Reading();
    }
    for (ULONG i = WaitCount; i < 2; i++) {
        Reading();
    }
    EXPECT_EQ(Bad[0], 0);
    NtClose(Server); /* the slot is gone, whoever still has it open */
    EXPECT_EQ((ULONG)NtWriteFile(Client, NULL, NULL, NULL, &Iosb, "x", 1, NULL, NULL), CLOSED);
    EXPECT_EQ(Open(PATH), NOT_FOUND);
}

static void
Parameters(void)
{
    LARGE_INTEGER None = {.QuadPart = 0}, Short = {.QuadPart = -200000}, *New = &Short;
    BYTE Byte = 0;
    HANDLE First;

    EXPECT_EQ(Make(PATH, 0, &None), 0);
    First = Server;
    EXPECT_EQ(Make(L"\\??\\MAILSLOT\\NTLAB\\MODEL", 0, &None), COLLISION);
    EXPECT_EQ(Make(L"\\??\\mailslot\\", 0, &None), BAD_NAME);
    EXPECT_EQ(
        (ULONG)NtCreateMailslotFile(&Server, GENERIC_READ, At(PATH L"2"), &Iosb, 0, 0, 0, FAR_AWAY),
        0xC0000005);
    EXPECT_EQ((ULONG)NtCreateMailslotFile(&Server, GENERIC_READ, At(PATH L"2"), &Iosb,
                                          FILE_DIRECTORY_FILE, 0, 0, &None),
              BAD_PARAMETER);
    Server = First;
    EXPECT_EQ((ULONG)NtReadFile(Server, NULL, NULL, NULL, &Iosb, &Byte, 1, NULL, NULL), TIMED_OUT);
    EXPECT_EQ(Open(L"\\??\\Mailslot\\Ntlab\\MODEL"), 0);
    /* a message of any size, as the maker said; of none too */
    {
        static BYTE Big[5000], Back[5000];

        memset(Big, 0x33, sizeof(Big));
        EXPECT_EQ(NtWriteFile(Client, NULL, NULL, NULL, &Iosb, Big, sizeof(Big), NULL, NULL), 0);
        EXPECT_EQ(NtWriteFile(Client, NULL, NULL, NULL, &Iosb, Big, 0, NULL, NULL), 0);
        EXPECT_EQ((ULONG)NtReadFile(Server, NULL, NULL, NULL, &Iosb, Back, 4999, NULL, NULL),
                  TOO_SMALL);
        EXPECT_EQ(NtReadFile(Server, NULL, NULL, NULL, &Iosb, Back, 5000, NULL, NULL), 0);
        EXPECT(Iosb.Information == 5000 && memcmp(Big, Back, 5000) == 0);
        EXPECT_EQ(NtReadFile(Server, NULL, NULL, NULL, &Iosb, Back, 0, NULL, NULL), 0);
        EXPECT_EQ(Iosb.Information, 0);
    }
    EXPECT_EQ((ULONG)NtReadFile(Client, NULL, NULL, NULL, &Iosb, &Byte, 1, NULL, NULL) != 0, 1);
    /* another time-out, which passes */
    EXPECT_EQ((ULONG)NtSetInformationFile(Client, &Iosb, &New, sizeof(New), 27), BAD_PARAMETER);
    EXPECT_EQ(NtSetInformationFile(Server, &Iosb, &New, sizeof(New), 27), 0);
    {
        ULONG64 Query[3];
        IO_STATUS_BLOCK Late = {.Status = UNTOUCHED};

        EXPECT_EQ(NtQueryInformationFile(Server, &Iosb, Query, 24, 26), 0);
        EXPECT_EQ(Query[2], Short.QuadPart);
        EXPECT_EQ((ULONG)NtReadFile(Server, NULL, NULL, NULL, &Late, &Byte, 1, NULL, NULL),
                  PENDING);
        Sleep(10);
        EXPECT_EQ((ULONG)Late.Status, UNTOUCHED);
        Sleep(100);
        EXPECT_EQ((ULONG)Late.Status, TIMED_OUT);
        EXPECT_EQ(NtWriteFile(Client, NULL, NULL, NULL, &Iosb, "y", 1, NULL, NULL), 0);
        EXPECT_EQ(NtReadFile(Server, NULL, NULL, NULL, &Iosb, &Byte, 1, NULL, NULL), 0);
        EXPECT_EQ(Byte, 'y');
    }
    New = FAR_AWAY;
    EXPECT_EQ((ULONG)NtSetInformationFile(Server, &Iosb, &New, sizeof(New), 27), 0xC0000005);
    NtClose(Client);
    EXPECT_EQ(Open(PATH), 0); /* one client after the other */
    NtClose(Client);
    NtClose(Server);
}

int
main(void)
{
    Model();
    Parameters();
    return TEST_DONE();
}
