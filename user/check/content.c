/*
 * content.c - what buffers hold: structures of a driver whose meaning nobody has told us.
 *
 * Known are numbers that the driver compares fields with (host/check/hints.c). So a buffer is
 *     a base         zeros, FF, letters, small numbers, pointers to memory of ours, handles of ours, a path, strings
 *     an overlay     at each offset with hints one of its numbers, or one next to it
 *     one field      a length that lies, a pointer that is bad, a process
 * in each of the lengths that the driver may want. What is random comes from a fixed seed: the same driver gets the same
 * requests.
 */
#include "check.h"
#include <stdlib.h>
#include <string.h>

#define MAX_LENGTHS 10
#define FIELDS      64 /* bytes from the beginning in which each field is tried */
#define OVERLAYS    8
#define BASES       9

REQUEST Requests[MAX_REQUESTS];
ULONG RequestCount;

static UCHAR *Page; /* of ours, with one behind it that nobody may use */
static HANDLE Device, Event, Handles[2];
static ULONG Lengths[MAX_LENGTHS], LengthCount;
static ULONG64 Seed;
static const char Path[] = "\\??\\C:\\Windows\\System32\\config.nt";

static ULONG
Random(ULONG Below)
{
    Seed = Seed * 6364136223846793005ull + 1442695040888963407ull;
    return (ULONG)(Seed >> 33) % Below;
}

/* "CODE:IN:OUT", and hints behind it: "/OFFSET:VALUE", "/x:VALUE", "/l:LENGTH", all but IN and OUT in hexadecimal. */
void
ParseRequests(int argc, char **argv, int From)
{
    for (int i = From; i < argc && RequestCount < MAX_REQUESTS; i++) {
        PREQUEST Request = &Requests[RequestCount++];
        char *End;

        Request->Code = strtoul(argv[i], &End, 16);
        Request->In = *End == ':' ? strtoul(End + 1, &End, 10) : 64;
        Request->Out = *End == ':' ? strtoul(End + 1, &End, 10) : 64;
        Request->In = min(Request->In, 4096);
        Request->Out = min(Request->Out, 4096);
        while (*End == '/') {
            char Kind = End[1];
            ULONG Offset, Value;

            if ((Kind == 'x' || Kind == 'l') && End[2] == ':') {
                Value = strtoul(End + 3, &End, 16);
                if (Kind == 'x' && Request->Anywhere < 12) {
                    Request->Any[Request->Anywhere++] = Value;
                } else if (Kind == 'l' && Request->Lengths < 8) {
                    Request->Length[Request->Lengths++] = Value;
                }
                continue;
            }
            Offset = strtoul(End + 1, &End, 16);
            Value = *End == ':' ? strtoul(End + 1, &End, 16) : 0;
            if (Request->Hints < MAX_HINTS) {
                ULONG At = Request->Hints++;

                for (; At > 0 && Request->Hint[At - 1].Offset > Offset; At--) {
                    Request->Hint[At] = Request->Hint[At - 1];
                }
                Request->Hint[At].Offset = Offset;
                Request->Hint[At].Value = Value;
            }
        }
    }
}

/* ---- contents ---- */

/* A path that a program without rights may not open, behind what the driver compares. */
static void
PutPath(const REQUEST *Request, ULONG Which, BOOLEAN Wide)
{
    ULONG Behind = Request->Hints != 0 ? Request->Hint[Request->Hints - 1].Offset + 4 : 0;

    Behind = (Behind + 3) / 4 * 4 + 4 * (Which % 3);
    for (ULONG i = 0; Path[i] != 0 && Behind < 0x1000; i++) {
        Input[Behind + (Wide ? 2 * i : i)] = (UCHAR)Path[i];
    }
}

static void
Base(const REQUEST *Request, ULONG Kind, ULONG Which)
{
    static const UCHAR Fills[] = {0x00, 0xFF, 0x41};

    if (Kind < 3) {
        memset(Input, Fills[Kind], 0x2000);
        return;
    }
    memset(Input, 0, 0x2000);
    if (Kind == 6 || Kind == 7) {
        PutPath(Request, Which, Kind == 6);
        return;
    }
    for (ULONG i = 0; i < 128; i++) {
        switch (Kind) {
        case 3: /* as lengths, offsets, counts and indices */
            ((ULONG *)Input)[2 * i] = 8;
            ((ULONG *)Input)[2 * i + 1] = 16;
            break;
        case 4:
            ((PVOID *)Input)[i] = Page;
            break;
        case 8: /* as UNICODE_STRINGs */
            ((PVOID *)Input)[i] = i % 2 == 0 ? (PVOID)(ULONG_PTR)0x00420040 : Page + 0x100;
            break;
        default:
            ((HANDLE *)Input)[i] = Handles[i % 2];
        }
    }
}

/* At each offset with hints the `Which`th one; from 4 on any of them, but at one offset a neighbour, or none. */
static void
Overlay(const REQUEST *Request, ULONG Which)
{
    ULONG Odd =
        Which >= 4 && Request->Hints != 0 ? Request->Hint[Random(Request->Hints)].Offset : ~0u;

    for (ULONG i = 0, Next; i < Request->Hints; i = Next) {
        ULONG Offset = Request->Hint[i].Offset, Room = 4, Value;

        for (Next = i; Next < Request->Hints && Request->Hint[Next].Offset == Offset; Next++) {
        }
        if (Next < Request->Hints) {
            Room = min(Room, Request->Hint[Next].Offset - Offset);
        }
        Value = Request->Hint[i + (Which < 4 ? Which % (Next - i) : Random(Next - i))].Value;
        if (Offset == Odd) {
            if (Random(3) == 0) {
                continue;
            }
            Value += Random(2) == 0 ? 1 : ~0u;
        }
        memcpy(Input + Offset, &Value, Room);
    }
}

static void
AddLength(ULONG Length)
{
    for (ULONG i = 0; i < LengthCount; i++) {
        if (Lengths[i] == Length) {
            return;
        }
    }
    if (LengthCount < MAX_LENGTHS && Length <= 0x10000) {
        Lengths[LengthCount++] = Length;
    }
}

/* The most likely ones first. */
static void
MakeLengths(const REQUEST *Request)
{
    static const ULONG Usual[] = {8, 16, 24, 32, 64, 256, 4096};
    ULONG Behind = Request->Hints != 0 ? Request->Hint[Request->Hints - 1].Offset + 4 : 0;

    LengthCount = 0;
    for (ULONG i = 0; i < Request->Lengths && i < 4; i++) {
        AddLength(Request->Length[i]);
    }
    if (Behind != 0 && Behind <= 512) {
        AddLength((Behind + 7) & ~7u);
    }
    AddLength(Request->In);
    for (ULONG i = 0; i < sizeof(Usual) / sizeof(Usual[0]); i++) {
        AddLength(Usual[i]);
    }
}

static void
Send(const REQUEST *Request, ULONG InLength, ULONG Which)
{
    const ULONG Outs[] = {Request->Out, 4096, InLength, 8, 0, 1};
    IO_STATUS_BLOCK Block;

    Control(Device, Event, &Block, Request->Code, Input, InLength, Output,
            Outs[Which % (sizeof(Outs) / sizeof(Outs[0]))]);
}

/* ---- one code ---- */

static void
AllBases(const REQUEST *Request)
{
    for (ULONG i = 0; i < LengthCount; i++) {
        for (ULONG Kind = 0; Kind < BASES; Kind++) {
            for (ULONG Which = 0; Which < (Kind < 6 ? OVERLAYS : 3); Which++) {
                Base(Request, Kind, Which);
                Overlay(Request, Which);
                Send(Request, Lengths[i], Which + Kind);
            }
        }
        for (ULONG j = 0; j < Request->Anywhere && i < 4; j++) {
            ULONG Size = Request->Any[j] > 0xFFFF ? 4 : 2;

            for (ULONG At = 0; At < 32; At += Size) {
                Base(Request, j & 1 ? 4 : 0, 0);
                Overlay(Request, j / 2);
                memcpy(Input + At, &Request->Any[j], Size);
                Send(Request, Lengths[i], At / Size);
            }
        }
    }
}

static void
AllNumbers(const REQUEST *Request, ULONG Length)
{
    const ULONG Numbers[] = {~0u,        1,          2,          4,       8,      16,
                             0x7FFFFFFF, 0x80000000, ~0u - 15,   0x10000, 0x1000, Length,
                             Length + 1, 0x40000001, 0x20000001, ~0u - 3, 256};

    for (ULONG At = 0; At < FIELDS && At + 4 <= Length; At += 4) {
        for (ULONG i = 0; i < sizeof(Numbers) / sizeof(Numbers[0]); i++) {
            for (ULONG Which = 0; Which < 2; Which++) {
                Base(Request, Which * 3, 0);
                Overlay(Request, Which);
                memcpy(Input + At, &Numbers[i], 4);
                Send(Request, Length, i);
            }
        }
    }
}

static void
AllPointers(const REQUEST *Request, ULONG Length)
{
    const PVOID Pointers[] = {Page,
                              KERNEL_SPACE,
                              Page + 4096 - 4,
                              Page + 4096,
                              NULL,
                              (PVOID)0x10000,
                              (PVOID)0xFFFFF78000000000ull,
                              (PVOID)0x8000000000000000ull,
                              (PVOID)0x1111222200003000ull,
                              (PVOID)4,
                              Handles[0],
                              Handles[1],
                              (PVOID)-1};

    for (ULONG At = 0; At < FIELDS && At + 8 <= Length; At += 8) {
        for (ULONG i = 0; i < sizeof(Pointers) / sizeof(Pointers[0]); i++) {
            for (ULONG Which = 0; Which < 3; Which++) {
                Base(Request, Which == 0 ? 4 : Which == 1 ? 0 : 3, 0);
                Overlay(Request, Which);
                memcpy(Input + At, &Pointers[i], 8);
                Send(Request, Length, Which);
            }
        }
    }
}

static BOOLEAN
Prepare(void)
{
    DWORD Old;

    Page = VirtualAlloc(NULL, 2 * 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    for (ULONG i = 0; i < sizeof(Path); i++) {
        ((WCHAR *)(Page + 0x100))[i] = Path[i];
    }
    VirtualProtect(Page + 4096, 4096, PAGE_NOACCESS, &Old);
    Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    Handles[0] = CreateEventA(NULL, TRUE, FALSE, NULL);
    if (OpenDevice(&Device) < 0) {
        return FALSE;
    }
    Handles[1] = Device;
    return TRUE;
}

int
Fuzz(void)
{
    if (!Prepare()) {
        return 0;
    }
    for (ULONG i = 0; i < RequestCount; i++) {
        const REQUEST *Request = &Requests[i];

        MakeLengths(Request);
        AllBases(Request);
        for (ULONG j = 0; j < 2 && j < LengthCount; j++) {
            AllNumbers(Request, Lengths[j]);
            AllPointers(Request, Lengths[j]);
        }
        AllNumbers(Request, 4096);
        AllPointers(Request, 4096);
        Hostile(Device, Event, Request->Code, Input, Output);
    }
    NtClose(Device);
    return 0;
}

/* One after the other, as it comes: what one leaves behind, another one uses. */
int
Sequence(ULONG Steps)
{
    if (!Prepare() || RequestCount == 0) {
        return 0;
    }
    Seed = 1;
    for (ULONG i = 0; i < Steps; i++) {
        const REQUEST *Request = &Requests[Random(RequestCount)];

        MakeLengths(Request);
        Base(Request, Random(BASES), i);
        Overlay(Request, Random(OVERLAYS));
        Send(Request, Lengths[Random(min(LengthCount, 4))], Random(6));
        if (Random(24) == 0) { /* what belongs to a handle goes with it */
            NtClose(Device);
            if (OpenDevice(&Device) < 0) {
                return 0;
            }
            Handles[1] = Device;
        }
    }
    NtClose(Device);
    return 0;
}
