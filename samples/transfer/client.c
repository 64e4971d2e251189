/*
 * client.c - moves 1 KB into and out of the driver by each method, then tries pointers that it should not.
 *
 * Every transfer is checked for what its IRP came with and for its bytes; every hostile pointer for its documented end.
 * The exit code is the number of things that were not as expected. Times are real under `--clock host` only.
 */
#include <windows.h>
#include <winioctl.h>
#include <stdio.h>
#include <string.h>
#include "transfer.h"

#define BATCHES 10
#define ROUNDS  200 /* requests in a batch; the quickest batch counts */

enum { Put, Get };
enum { Buffered, Direct, Neither };

static HANDLE Devices[3];
static UCHAR Buffer[TRANSFER_SIZE] __attribute__((aligned(TRANSFER_SIZE))); /* in one page */
static int Wrong;

static void
Expect(BOOL Condition, const char *What)
{
    if (!Condition) {
        printf("  NOT AS EXPECTED: %s\n", What);
        Wrong++;
    }
}

static DWORD
Transfer(int Device, DWORD Code, int Direction, void *Data, DWORD Length)
{
    DWORD Done;
    BOOL Good;

    if (Code == 0) {
        Good = Direction == Put ? WriteFile(Devices[Device], Data, Length, &Done, NULL)
                                : ReadFile(Devices[Device], Data, Length, &Done, NULL);
    } else if (Code == IOCTL_PUT_BUFFERED || Code == IOCTL_PUT_NEITHER) {
        Good = DeviceIoControl(Devices[Device], Code, Data, Length, NULL, 0, &Done, NULL);
    } else {
        Good = DeviceIoControl(Devices[Device], Code, NULL, 0, Data, Length, &Done, NULL);
    }
    return Good ? ERROR_SUCCESS : GetLastError();
}

static void
GetFacts(TRANSFER_FACTS *Facts)
{
    DWORD Done;

    memset(Facts, 0, sizeof(*Facts));
    Expect(DeviceIoControl(Devices[Buffered], IOCTL_FACTS, NULL, 0, Facts, sizeof(*Facts), &Done,
                           NULL),
           "IOCTL_FACTS");
}

static const struct {
    const char *Name;
    int Device;
    DWORD Code;
    int Direction, Method;
} Ways[] = {
    {"WriteFile, buffered", Buffered, 0, Put, Buffered},
    {"WriteFile, direct", Direct, 0, Put, Direct},
    {"WriteFile, neither", Neither, 0, Put, Neither},
    {"ReadFile, buffered", Buffered, 0, Get, Buffered},
    {"ReadFile, direct", Direct, 0, Get, Direct},
    {"ReadFile, neither", Neither, 0, Get, Neither},
    {"METHOD_BUFFERED", Neither, IOCTL_PUT_BUFFERED, Put, Buffered},
    {"METHOD_IN_DIRECT", Neither, IOCTL_PUT_IN_DIRECT, Put, Direct},
    {"METHOD_OUT_DIRECT", Neither, IOCTL_GET_OUT_DIRECT, Get, Direct},
    {"METHOD_NEITHER", Neither, IOCTL_PUT_NEITHER, Put, Neither},
};

static void
TryWay(int i)
{
    LARGE_INTEGER Start, End, Frequency;
    LONGLONG Best = MAXLONGLONG;
    TRANSFER_FACTS Facts;
    DWORD Error;

    memset(Buffer, 0x10 + i, sizeof(Buffer));
    Error = Transfer(Ways[i].Device, Ways[i].Code, Ways[i].Direction, Buffer, sizeof(Buffer));
    GetFacts(&Facts);

    QueryPerformanceFrequency(&Frequency);
    for (int Batch = 0; Batch < BATCHES; Batch++) {
        QueryPerformanceCounter(&Start);
        for (int Round = 0; Round < ROUNDS; Round++) {
            Transfer(Ways[i].Device, Ways[i].Code, Ways[i].Direction, Buffer, sizeof(Buffer));
        }
        QueryPerformanceCounter(&End);
        Best = min(Best, End.QuadPart - Start.QuadPart);
    }

    printf("%-20s  %5lu %5lu %6lu %6lu   %-10s %7lld\n", Ways[i].Name, Facts.PoolBytes,
           Facts.CopiedByIo, Facts.PagesLocked, Facts.PagesMapped,
           Facts.UserAddress ? "the user's" : "system",
           Best * 1000000000 / Frequency.QuadPart / ROUNDS);
    Expect(Error == ERROR_SUCCESS, "the transfer succeeds");
    Expect(memcmp(Buffer, Facts.Shared, sizeof(Facts.Shared)) == 0, "the bytes arrive");
    Expect((Facts.SystemBuffer != 0) == (Ways[i].Method == Buffered),
           "only buffered I/O has a system buffer");
    Expect((Facts.MdlAddress != 0) == (Ways[i].Method == Direct), "only direct I/O has an MDL");
    Expect(Facts.UserAddress == (Ways[i].Method == Neither ? (ULONG64)Buffer : 0),
           "only neither I/O uses the user's address");
    if (Ways[i].Method == Direct) {
        Expect(Facts.MappedAddress != (ULONG64)Buffer, "the MDL is mapped at another address");
    }
}

static void
Hostile(const char *What, DWORD Error, DWORD Expected, const char *Meaning)
{
    printf("%-52s error %-4lu %s\n", What, Error, Meaning);
    Expect(Error == Expected, What);
}

static void
TryHostile(void)
{
    TRANSFER_FACTS Before, After;
    UCHAR *ReadOnly = VirtualAlloc(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    DWORD Old;
    void *Kernel;

    memset(Buffer, 0xAA, sizeof(Buffer));
    Transfer(Buffered, 0, Put, Buffer, sizeof(Buffer));
    GetFacts(&Before);
    Kernel = (void *)Before.VictimAddress;
    Hostile("kernel address, ReadFile on the buffered device",
            Transfer(Buffered, 0, Get, Kernel, 16), ERROR_NOACCESS, "the I/O manager probes");
    Hostile("kernel address, METHOD_OUT_DIRECT",
            Transfer(Neither, IOCTL_GET_OUT_DIRECT, Get, Kernel, 16), ERROR_NOACCESS,
            "locking the MDL raises");
    Hostile("kernel address, METHOD_NEITHER, probed",
            Transfer(Neither, IOCTL_GET_PROBED, Get, Kernel, 16), ERROR_NOACCESS,
            "ProbeForWrite raises");
    GetFacts(&After);
    Expect(memcmp(Before.Victim, After.Victim, sizeof(After.Victim)) == 0,
           "the driver's memory is untouched so far");
    Hostile("kernel address, METHOD_NEITHER, not probed",
            Transfer(Neither, IOCTL_GET_UNPROBED, Get, Kernel, 16), ERROR_SUCCESS,
            "silently written: __try sees no fault");
    GetFacts(&After);
    Expect(After.Victim[0] == 0xAA && After.Victim[15] == 0xAA,
           "the client wrote the driver's memory");

    memset(ReadOnly, 0x55, 4096);
    VirtualProtect(ReadOnly, 4096, PAGE_READONLY, &Old);
    Hostile("read-only page, WriteFile on the direct device",
            Transfer(Direct, 0, Put, ReadOnly, 16), ERROR_SUCCESS,
            "only read: the page may be locked for that");
    memset(Buffer, 0xAA, sizeof(Buffer));
    Transfer(Buffered, 0, Put, Buffer, sizeof(Buffer));
    Hostile("read-only page, ReadFile on the direct device", Transfer(Direct, 0, Get, ReadOnly, 16),
            ERROR_NOACCESS, "locking for write raises");
    Hostile("read-only page, METHOD_OUT_DIRECT",
            Transfer(Neither, IOCTL_GET_OUT_DIRECT, Get, ReadOnly, 16), ERROR_NOACCESS,
            "locking for write raises");
    Hostile("read-only page, METHOD_NEITHER, probed",
            Transfer(Neither, IOCTL_GET_PROBED, Get, ReadOnly, 16), ERROR_NOACCESS,
            "ProbeForWrite faults");
    Hostile("read-only page, METHOD_NEITHER, not probed",
            Transfer(Neither, IOCTL_GET_UNPROBED, Get, ReadOnly, 16), ERROR_NOACCESS,
            "the copy faults: CR0.WP holds in kernel mode");
    Expect(ReadOnly[0] == 0x55, "the read-only page is as it was");
    Hostile("no page, METHOD_NEITHER, probed",
            Transfer(Neither, IOCTL_PUT_NEITHER, Put, (void *)0x1000, 16), ERROR_NOACCESS,
            "the copy faults, __except has it");
}

int
main(void)
{
    static const char *const Names[3] = {"\\\\.\\TransferBuffered", "\\\\.\\TransferDirect",
                                         "\\\\.\\TransferNeither"};

    for (int i = 0; i < 3; i++) {
        Devices[i] =
            CreateFileA(Names[i], GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
        if (Devices[i] == INVALID_HANDLE_VALUE) {
            printf("cannot open %s: error %lu\n", Names[i], GetLastError());
            return 100;
        }
    }
    printf("%d bytes               pool  copied locked mapped  address used  ns per request (real "
           "under --clock host)\n",
           TRANSFER_SIZE);
    for (int i = 0; i < (int)(sizeof(Ways) / sizeof(Ways[0])); i++) {
        TryWay(i);
    }
    printf("\n");
    TryHostile();
    printf("\n%d not as expected\n", Wrong);
    return Wrong;
}
