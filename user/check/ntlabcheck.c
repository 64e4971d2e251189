/*
 * ntlabcheck.c - the client of `ntlab check`: asks a driver for everything that a program can ask for.
 *
 *     list                            device objects, one a line
 *     open DEVICE                     can it be opened, and its type
 *     codes DEVICE FROM CODE... -CODE...
 *                                     which codes it answers, with which lengths; those below FROM are left out, and so
 *                                     are codes that nobody has and that end the run all the same (-CODE)
 *     hostile DEVICE CODE...          each code with all lengths and with buffers that nobody should trust, from two threads
 *     walk DEVICE CODE:IN:OUT...      everything once, by one thread
 *     storm DEVICE THREADS ROUNDS CODE:IN:OUT...
 *                                     several threads, each with its own order, through one handle and through their own;
 *                                     who has to wait cancels, and every second thread ends with its request pending
 *     fuzz DEVICE CODE:IN:OUT/HINTS...    each code with structures made from what the driver compares with (content.c)
 *     sequence DEVICE STEPS CODE:IN:OUT/HINTS...
 *                                     such requests in some order
 *     activity DEVICE CODE:IN:OUT...  processes, threads, images, the registry, with and without such requests
 *     io DEVICE                       create, read, write, flush, queries, cleanup, close, with odd lengths
 *     files DIRECTORY NAME SERVICE|- keep|detach KNOWN...
 *                                     the life of a file: what a filter sees; and of files whose names the driver knows;
 *                                     that filter is attached first, and detached
 *     attach SERVICE                  how many instances the filter has by itself, and what attaching it to C: says
 *     reload SERVICE ROUNDS           unloads the driver and loads it again
 *
 * It never waits for ever: what is not done after a while is cancelled. Its exit code is always 0.
 */
#include "check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE, PVOID, ULONG, BOOLEAN, BOOLEAN, PULONG, PULONG);
NTSTATUS NTAPI NtCancelIoFile(HANDLE, PIO_STATUS_BLOCK);
NTSTATUS NTAPI NtLoadDriver(PUNICODE_STRING);
NTSTATUS NTAPI NtUnloadDriver(PUNICODE_STRING);
NTSTATUS NTAPI RtlAdjustPrivilege(ULONG, BOOLEAN, BOOLEAN, PBOOLEAN);
NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                          PLARGE_INTEGER, PULONG);
NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, PIO_STATUS_BLOCK, PVOID, ULONG,
                           PLARGE_INTEGER, PULONG);
NTSTATUS NTAPI NtFlushBuffersFile(HANDLE, PIO_STATUS_BLOCK);
NTSTATUS NTAPI NtQueryInformationFile(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG,
                                      FILE_INFORMATION_CLASS);

static const ULONG Lengths[] = {0,  1,  2,  3,  4,  7,   8,   12,  15,   16,   20,   24,
                                32, 40, 48, 63, 64, 128, 255, 256, 1024, 4096, 65536};
#define LENGTHS (sizeof(Lengths) / sizeof(Lengths[0]))
/* Lengths to which a driver cannot add, or which are negative: nobody has checked those of METHOD_NEITHER. */
static const ULONG Huge[] = {0xFFFFFFFF, 0xFFFFFFFC, 0xFFFFFFF0, 0x80000000, 0x40000001};

static char DeviceName[260];
UCHAR *Input, *Output;

void
MakeUnicode(const char *Text, PUNICODE_STRING Out, WCHAR *Buffer, ULONG Size)
{
    ULONG Length = 0;

    for (; Text[Length] != 0 && Length + 1 < Size; Length++) {
        Buffer[Length] = (UCHAR)Text[Length];
    }
    Buffer[Length] = 0;
    Out->Buffer = Buffer;
    Out->Length = (USHORT)(Length * sizeof(WCHAR));
    Out->MaximumLength = Out->Length + sizeof(WCHAR);
}

NTSTATUS
OpenDevice(PHANDLE Handle)
{
    static const ACCESS_MASK Accesses[] = {FILE_GENERIC_READ | FILE_GENERIC_WRITE | SYNCHRONIZE,
                                           FILE_GENERIC_READ | SYNCHRONIZE,
                                           FILE_READ_ATTRIBUTES | SYNCHRONIZE};
    NTSTATUS Status = (NTSTATUS)0xC0000022;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Block;
    UNICODE_STRING Name;
    WCHAR Buffer[260];

    MakeUnicode(DeviceName, &Name, Buffer, 260);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    for (ULONG i = 0; i < 3 && Status == (NTSTATUS)0xC0000022; i++) {
        Status = NtCreateFile(Handle, Accesses[i], &Attributes, &Block, NULL, FILE_ATTRIBUTE_NORMAL,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_OPEN, 0,
                              NULL, 0);
    }
    return Status;
}

static BOOLEAN Waited; /* the last request that Finish has seen was pending */

/* Waits a while for what is pending, then cancels it and waits for that. */
static NTSTATUS
Finish(HANDLE Device, HANDLE Event, PIO_STATUS_BLOCK Block, NTSTATUS Status)
{
    IO_STATUS_BLOCK Cancelled;

    Waited = Status == STATUS_PENDING;
    if (Status != STATUS_PENDING) {
        return Status;
    }
    if (WaitForSingleObject(Event, PATIENCE_MS) == WAIT_TIMEOUT) {
        NtCancelIoFile(Device, &Cancelled);
        if (WaitForSingleObject(Event, PATIENCE_MS) == WAIT_TIMEOUT) {
            return STATUS_PENDING;
        }
    }
    return Block->Status;
}

NTSTATUS
Control(HANDLE Device, HANDLE Event, PIO_STATUS_BLOCK Block, ULONG Code, PVOID In, ULONG InLength,
        PVOID Out, ULONG OutLength)
{
    ResetEvent(Event);
    return Finish(Device, Event, Block,
                  NtDeviceIoControlFile(Device, Event, NULL, NULL, Block, Code, In, InLength, Out,
                                        OutLength));
}

/* ---- list ---- */

static void
List(const char *Directory)
{
    struct {
        UNICODE_STRING Name, Type;
    } *Entry;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    WCHAR Buffer[260];
    ULONG Context = 0, Length;
    char Child[260];
    HANDLE Handle;

    MakeUnicode(Directory, &Name, Buffer, 260);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NtOpenDirectoryObject(&Handle, 1, &Attributes) < 0) {
        return;
    }
    Entry = malloc(4096);
    while (NtQueryDirectoryObject(Handle, Entry, 4096, TRUE, FALSE, &Context, &Length) >= 0) {
        snprintf(Child, sizeof(Child), "%s%s%.*ls", Directory, Directory[1] != 0 ? "\\" : "",
                 (int)(Entry->Name.Length / sizeof(WCHAR)), Entry->Name.Buffer);
        if (Entry->Type.Length == 12 && memcmp(Entry->Type.Buffer, L"Device", 12) == 0) {
            printf("device %s\n", Child);
        } else if (Entry->Type.Length == 18 && memcmp(Entry->Type.Buffer, L"Directory", 18) == 0 &&
                   strcmp(Child, "\\Device") != 0) {
            List(Child);
        }
    }
    free(Entry);
    NtClose(Handle);
}

/* ---- codes ---- */

static BOOLEAN
IsRefusal(NTSTATUS Status)
{
    switch ((ULONG)Status) {
    case 0xC0000010: /* INVALID_DEVICE_REQUEST */
    case 0xC0000002: /* NOT_IMPLEMENTED */
    case 0xC00000BB: /* NOT_SUPPORTED */
    case 0xC000000D: /* INVALID_PARAMETER */
        return TRUE;
    }
    return FALSE;
}

static ULONG Left[8], LeftCount; /* strangers that end the run */

/* What the driver says to a code that nobody has, of the same type and method and with the same lengths. */
static NTSTATUS
Stranger(HANDLE Device, HANDLE Event, ULONG Code, ULONG In, ULONG Out)
{
    static struct {
        ULONG Key, In, Out;
        BOOLEAN Known;
        NTSTATUS Status;
    } Table[4096];
    ULONG Key = (Code & 0xFFFF0003) | (0xF7A << 2),
          Slot = (Key * 2654435761u ^ In * 40503u ^ Out * 2246822519u) % 4096;
    IO_STATUS_BLOCK Block;

    if (!Table[Slot].Known || Table[Slot].Key != Key || Table[Slot].In != In ||
        Table[Slot].Out != Out) {
        for (ULONG i = 0; i < LeftCount; i++) {
            if (Left[i] == Key) {
                return (NTSTATUS)0xC0000010;
            }
        }
        printf("strange %lx\n", Key); /* the last word, if it ends the run */
        fflush(stdout);
        Table[Slot].Key = Key;
        Table[Slot].In = In;
        Table[Slot].Out = Out;
        Table[Slot].Known = TRUE;
        Table[Slot].Status = Control(Device, Event, &Block, Key, Input, In, Output, Out);
        printf("told\n");
    }
    return Table[Slot].Status;
}

/* Was it accepted? What has to wait, and is cancelled then, was. */
static BOOLEAN
Accepts(HANDLE Device, HANDLE Event, ULONG Code, ULONG In, ULONG Out)
{
    IO_STATUS_BLOCK Block;

    return Control(Device, Event, &Block, Code, Input, In, Output, Out) >= 0 || Waited;
}

static void
Try(HANDLE Device, HANDLE Event, ULONG Code)
{
    NTSTATUS Best = 0, Status;
    ULONG GoodIn = ~0u, GoodOut = ~0u;
    BOOLEAN Differs = FALSE, Waits = FALSE;
    IO_STATUS_BLOCK Block;

    for (ULONG i = 0; i < LENGTHS; i++) {
        for (ULONG j = 0; j < LENGTHS; j += 3) {
            BOOLEAN Good;

            Status = Control(Device, Event, &Block, Code, Input, Lengths[i], Output, Lengths[j]);
            Good = Status >= 0 || Waited;
            Waits |= Waited;
            if (Status == Stranger(Device, Event, Code, Lengths[i], Lengths[j])) {
                continue;
            }
            if (Good && GoodIn == ~0u) {
                GoodIn = Lengths[i];
                GoodOut = Lengths[j];
                Best = Status;
            } else if (GoodIn == ~0u && (!Differs || !IsRefusal(Status))) {
                Best = Status;
            }
            Differs = TRUE;
        }
    }
    if (!Differs) {
        return;
    }
    printf("code %lx %lx", Code, (ULONG)Best);
    if (GoodIn == ~0u) {
        printf(" - -\n");
        return;
    }
    /* One length at a time, the other as large as it goes; then as it was accepted first. */
    fputs(" in", stdout);
    for (ULONG i = 0; i < LENGTHS; i++) {
        if (Accepts(Device, Event, Code, Lengths[i], 65536) ||
            Accepts(Device, Event, Code, Lengths[i], GoodOut)) {
            printf(",%lu", Lengths[i]);
        }
    }
    fputs(" out", stdout);
    for (ULONG j = 0; j < LENGTHS; j++) {
        if (Accepts(Device, Event, Code, GoodIn, Lengths[j])) {
            printf(",%lu", Lengths[j]);
        }
    }
    printf(" good %lu %lu%s\n", GoodIn, GoodOut, Waits ? " waits" : "");
}

static int
Codes(int argc, char **argv)
{
    HANDLE Device, Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    ULONG From = strtoul(argv[3], NULL, 16), Types[8], TypeCount = 0, Code;
    NTSTATUS Status = OpenDevice(&Device);
    IO_STATUS_BLOCK Block;

    if (Status < 0) {
        return 0;
    }
    while (argc > 4 && argv[argc - 1][0] == '-') {
        Code = strtoul(argv[--argc] + 1, NULL, 16);
        if (LeftCount < 8) {
            Left[LeftCount++] = Code;
        }
    }
    printf("stranger %lx\n", (ULONG)Stranger(Device, Event, 0x22 << 16, 64, 64));
    Types[TypeCount++] = 0x22;
    for (int i = 4; i < argc; i++) {
        ULONG Type = strtoul(argv[i], NULL, 16) >> 16, j = 0;

        while (j < TypeCount && Types[j] != Type) {
            j++;
        }
        if (j == TypeCount && TypeCount < 8) {
            Types[TypeCount++] = Type;
        }
        Code = strtoul(argv[i], NULL, 16);
        if ((ULONG)(i - 4) < From) {
            continue;
        }
        printf("at %d %lx\n", i - 4, Code);
        fflush(stdout);
        Try(Device, Event, Code);
    }
    /* By trying: functions that vendors use first, and the low ones; with and without access. */
    for (ULONG i = 0; i < TypeCount; i++) {
        for (ULONG Number = 0; Number < 0x180 * 4 * 2; Number++) {
            ULONG Function = Number >> 3, Index = 100000 + i * 0x10000 + Number;

            Function = Function < 0x100 ? 0x800 + Function : Function - 0x100;
            Code = (Types[i] << 16) | ((Number & 4) ? 0xC000 : 0) | (Function << 2) | (Number & 3);
            if (Index < From) {
                continue;
            }
            Status = Control(Device, Event, &Block, Code, Input, 64, Output, 64);
            if (Status != Stranger(Device, Event, Code, 64, 64) ||
                Control(Device, Event, &Block, Code, Input, 0, Output, 0) !=
                    Stranger(Device, Event, Code, 0, 0)) {
                printf("at %lu %lx\n", Index, Code);
                fflush(stdout);
                Try(Device, Event, Code);
            }
        }
    }
    printf("done\n");
    return 0;
}

/* ---- hostile ---- */

static DWORD WINAPI
Meddle(PVOID Page)
{
    for (int i = 0; i < 2; i++) {
        DWORD Old;

        *(volatile ULONG *)Page = 0xFFFFFFFF;
        VirtualProtect(Page, 4096, PAGE_NOACCESS, &Old);
        VirtualProtect(Page, 4096, PAGE_READWRITE, &Old);
    }
    return 0;
}

void
Hostile(HANDLE Device, HANDLE Event, ULONG Code, UCHAR *In, UCHAR *Out)
{
    UCHAR *Pages = VirtualAlloc(NULL, 3 * 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    PVOID Bad[10];
    IO_STATUS_BLOCK Block;
    HANDLE Thread;
    DWORD Old;

    VirtualProtect(Pages + 4096, 4096, PAGE_NOACCESS, &Old);
    VirtualProtect(Pages + 8192, 4096, PAGE_READONLY, &Old);
    Bad[0] = NULL;
    Bad[1] = (PVOID)1;
    Bad[2] = Pages + 4096;     /* no access */
    Bad[3] = Pages + 4096 - 4; /* its first bytes are good */
    Bad[4] = Pages + 8192;     /* read only */
    Bad[5] = (PVOID)0x10000;
    Bad[6] = KERNEL_SPACE;
    Bad[7] = (PVOID)0xFFFFF78000000000ull;
    Bad[8] = (PVOID)0x8000000000000000ull;
    Bad[9] = (PVOID) ~(ULONG_PTR)3;
    /* Contents: lengths, offsets and pointers that lie. */
    for (ULONG Fill = 0; Fill < 5; Fill++) {
        static const UCHAR Fills[] = {0x00, 0xFF, 0x80, 0x41};

        if (Fill < sizeof(Fills)) {
            memset(In, Fills[Fill], BUFFER_SIZE);
        } else { /* no two words alike: who compares them, or counts with one, goes on */
            for (ULONG i = 0; i < BUFFER_SIZE / sizeof(ULONG); i++) {
                ((PULONG)In)[i] = 0x11223344 + i * 0x101;
            }
        }
        for (ULONG i = 0; i < LENGTHS; i++) {
            Control(Device, Event, &Block, Code, In, Lengths[i], Out, Lengths[i]);
            Control(Device, Event, &Block, Code, In, Lengths[i], Out, 0);
            Control(Device, Event, &Block, Code, In, Lengths[i], Out, 4096);
        }
        for (ULONG i = 0; (Code & 3) == METHOD_NEITHER && i < sizeof(Huge) / sizeof(Huge[0]); i++) {
            Control(Device, Event, &Block, Code, In, Huge[i], Out, 4096);
            Control(Device, Event, &Block, Code, In, 256, Out, Huge[i]);
        }
    }
    for (ULONG i = 0; i < 10; i++) {
        for (ULONG j = 1; j < LENGTHS; j += 4) {
            Control(Device, Event, &Block, Code, Bad[i], Lengths[j], Out, 4096);
            Control(Device, Event, &Block, Code, In, 4096, Bad[i], Lengths[j]);
            Control(Device, Event, &Block, Code, Bad[i], Lengths[j], Bad[i], Lengths[j]);
        }
        Control(Device, Event, &Block, Code, Bad[i], 0, Bad[i], 0);
        Control(Device, Event, &Block, Code, Bad[i], ~0u, Bad[i], ~0u);
    }
    /* Pointers within the buffer. */
    for (ULONG i = 0; i < 10; i++) {
        for (ULONG j = 0; j < 64; j++) {
            ((PVOID *)In)[j] = Bad[i];
        }
        Control(Device, Event, &Block, Code, In, 256, Out, 256);
    }
    /* The buffer changes while it is looked at. */
    Thread = CreateThread(NULL, 0, Meddle, Pages, 0, NULL);
    Control(Device, Event, &Block, Code, Pages, 64, Pages, 64);
    if (Thread != NULL) {
        WaitForSingleObject(Thread, PATIENCE_MS);
        CloseHandle(Thread);
    }
    VirtualFree(Pages, 0, MEM_RELEASE);
}

static ULONG HostileCodes[64], HostileCount;

/* The second thread begins at the other end, and has a handle and buffers of its own. */
static DWORD WINAPI
HostileThread(PVOID Second)
{
    HANDLE Device, Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    UCHAR *In = Input, *Out = Output;

    if (Second != NULL) {
        In = VirtualAlloc(NULL, BUFFER_SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        Out = VirtualAlloc(NULL, BUFFER_SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    }
    if (OpenDevice(&Device) >= 0) {
        for (ULONG i = 0; i < HostileCount; i++) {
            Hostile(Device, Event, HostileCodes[Second != NULL ? HostileCount - 1 - i : i], In,
                    Out);
        }
        NtClose(Device);
    }
    CloseHandle(Event);
    return 0;
}

static int
HostileAll(int argc, char **argv)
{
    HANDLE Thread;

    for (int i = 3; i < argc && HostileCount < 64; i++) {
        HostileCodes[HostileCount++] = strtoul(argv[i], NULL, 16);
    }
    Thread = CreateThread(NULL, 0, HostileThread, Input, 0, NULL);
    HostileThread(NULL);
    if (Thread != NULL) {
        WaitForSingleObject(Thread, 100 * PATIENCE_MS);
        CloseHandle(Thread);
    }
    return 0;
}

/* ---- storm ---- */

static ULONG Rounds;
static HANDLE Shared;

static DWORD WINAPI
Storm(PVOID Parameter)
{
    ULONG Number = (ULONG)(ULONG_PTR)Parameter;
    HANDLE Device = Shared, Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    IO_STATUS_BLOCK *Block = calloc(1, sizeof(*Block));
    UCHAR *In = calloc(1, 4096), *Out = calloc(1, 4096);
    BOOLEAN Own = (Number & 1) != 0 && OpenDevice(&Device) >= 0;

    for (ULONG i = 0; i < Rounds * RequestCount; i++) {
        ULONG Which = Number & 1 ? RequestCount - 1 - i % RequestCount : i % RequestCount;
        NTSTATUS Status;

        ResetEvent(Event);
        Status = NtDeviceIoControlFile(Device, Event, NULL, NULL, Block, Requests[Which].Code, In,
                                       Requests[Which].In, Out, Requests[Which].Out);
        if (Status == STATUS_PENDING && (Number & 1) && i + 1 == Rounds * RequestCount) {
            break; /* the handle, or the thread, goes with the request pending */
        }
        Finish(Device, Event, Block, Status);
    }
    if (Own) {
        NtClose(Device);
    }
    return 0; /* what a pending request may still write to is not freed */
}

static int
StormAll(int argc, char **argv)
{
    ULONG Count = (ULONG)atoi(argv[3]);
    HANDLE Thread[16];

    Rounds = (ULONG)atoi(argv[4]);
    ParseRequests(argc, argv, 5);
    Count = min(Count, 16);
    if (OpenDevice(&Shared) < 0 || RequestCount == 0) {
        return 0;
    }
    for (ULONG i = 1; i < Count; i++) {
        Thread[i] = CreateThread(NULL, 0, Storm, (PVOID)(ULONG_PTR)i, 0, NULL);
    }
    Storm(NULL);
    for (ULONG i = 1; i < Count; i++) {
        if (Thread[i] != NULL) {
            WaitForSingleObject(Thread[i], 2 * PATIENCE_MS);
            CloseHandle(Thread[i]);
        }
    }
    NtClose(Shared);
    return 0;
}

/* ---- io ---- */

void
Everything(HANDLE Device)
{
    static const ULONG Sizes[] = {0, 1, 64, 512, 4096, 65536};
    HANDLE Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    /* In sectors as well: what has a volume takes nothing else. Their ends are beyond 32 bits, 31 and 63. */
    static const LONGLONG Sectors[] = {0, 0, 0, 0x100000000, 0xFFFFF000, 0x7FFFFFFFFFFF0000};
    LARGE_INTEGER Offset = {{0}};
    IO_STATUS_BLOCK Block;

    for (ULONG i = 3; i < 6; i++) {
        for (ULONG j = 0; j < 2; j++) {
            Offset.QuadPart = j == 0 ? 0 : Sectors[i];
            ResetEvent(Event);
            Finish(Device, Event, &Block,
                   NtReadFile(Device, Event, NULL, NULL, &Block, Output, Sizes[i], &Offset, NULL));
            ResetEvent(Event);
            Finish(Device, Event, &Block,
                   NtWriteFile(Device, Event, NULL, NULL, &Block, Input, Sizes[i], &Offset, NULL));
        }
    }
    Offset.QuadPart = 0;
    for (ULONG i = 0; i < 6; i++) {
        ResetEvent(Event);
        Finish(Device, Event, &Block,
               NtReadFile(Device, Event, NULL, NULL, &Block, Output, Sizes[i], &Offset, NULL));
        ResetEvent(Event);
        Finish(Device, Event, &Block,
               NtWriteFile(Device, Event, NULL, NULL, &Block, Input, Sizes[i], &Offset, NULL));
        Offset.QuadPart = i == 2 ? -1 : Offset.QuadPart + 0x7FFFFFFF;
    }
    NtReadFile(Device, Event, NULL, NULL, &Block, KERNEL_SPACE, 64, &Offset, NULL);
    NtWriteFile(Device, Event, NULL, NULL, &Block, KERNEL_SPACE, 64, &Offset, NULL);
    NtFlushBuffersFile(Device, &Block);
    for (ULONG Class = 4; Class < 40; Class++) {
        NtQueryInformationFile(Device, &Block, Output, 64, (FILE_INFORMATION_CLASS)Class);
    }
    for (ULONG Class = 1; Class < 8; Class++) {
        NtQueryVolumeInformationFile(Device, &Block, Output, 64, (FS_INFORMATION_CLASS)Class);
    }
    CloseHandle(Event);
}

static int
Io(void)
{
    HANDLE Device, Second;
    char *Whole = DeviceName + strlen(DeviceName);

    if (OpenDevice(&Device) >= 0) {
        Everything(Device);
        if (OpenDevice(&Second) >= 0) { /* twice at once */
            NtClose(Second);
        }
        NtClose(Device);
    }
    strcpy(Whole, "\\a name that is not there"); /* and below it */
    if (OpenDevice(&Device) >= 0) {
        Everything(Device);
        NtClose(Device);
    }
    return 0;
}

/* ---- walk ---- */

static int
Walk(int argc, char **argv)
{
    HANDLE Device, Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    IO_STATUS_BLOCK Block;

    ParseRequests(argc, argv, 3);
    for (int i = 0; i < 2 && OpenDevice(&Device) >= 0; i++) {
        for (ULONG j = 0; j < RequestCount; j++) {
            Control(Device, Event, &Block, Requests[j].Code, Input, Requests[j].In, Output,
                    Requests[j].Out);
        }
        Everything(Device);
        NtClose(Device);
    }
    return 0;
}

/* ---- reload ---- */

static int
Reload(const char *Service, int Count)
{
    BOOLEAN Was;
    char Path[300];
    WCHAR Buffer[300];
    UNICODE_STRING Name;

    snprintf(Path, sizeof(Path), "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\%s",
             Service);
    MakeUnicode(Path, &Name, Buffer, 300);
    RtlAdjustPrivilege(10 /* SeLoadDriverPrivilege */, TRUE, FALSE, &Was);
    for (int i = 0; i < Count; i++) {
        NTSTATUS Unloaded = NtUnloadDriver(&Name), Loaded = NtLoadDriver(&Name);

        printf("reload %lx %lx\n", (ULONG)Unloaded, (ULONG)Loaded);
    }
    return 0;
}

int
main(int argc, char **argv)
{
    const char *What = argc > 1 ? argv[1] : "";

    Input = VirtualAlloc(NULL, BUFFER_SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    Output = VirtualAlloc(NULL, BUFFER_SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (argc > 2) {
        snprintf(DeviceName, 200, "%s", argv[2]);
    }
    if (strcmp(What, "list") == 0) {
        GetFileAttributesA("C:\\"); /* mounts it: its device is there with and without the driver */
        List("\\Device");
        List("\\");
        return 0;
    }
    if (strcmp(What, "open") == 0 && argc > 2) {
        struct {
            ULONG Type, Characteristics;
        } Info = {0};
        IO_STATUS_BLOCK Block;
        HANDLE Device;
        NTSTATUS Status = OpenDevice(&Device);

        if (Status >= 0) {
            NtQueryVolumeInformationFile(Device, &Block, &Info, sizeof(Info),
                                         (FS_INFORMATION_CLASS)4);
            NtClose(Device);
        }
        printf("open %lx %lx\n", (ULONG)Status, Info.Type);
        return 0;
    }
    if (strcmp(What, "codes") == 0 && argc > 3) {
        return Codes(argc, argv);
    }
    if (strcmp(What, "hostile") == 0 && argc > 3) {
        return HostileAll(argc, argv);
    }
    if (strcmp(What, "fuzz") == 0 && argc > 3) {
        ParseRequests(argc, argv, 3);
        return Fuzz();
    }
    if (strcmp(What, "activity") == 0 && argc > 2) {
        ParseRequests(argc, argv, 3);
        return Activity();
    }
    if (strcmp(What, "nothing") == 0) {
        return 0;
    }
    if (strcmp(What, "sequence") == 0 && argc > 4) {
        ParseRequests(argc, argv, 4);
        return Sequence((ULONG)atoi(argv[3]));
    }
    if (strcmp(What, "walk") == 0 && argc > 2) {
        return Walk(argc, argv);
    }
    if (strcmp(What, "storm") == 0 && argc > 5) {
        return StormAll(argc, argv);
    }
    if (strcmp(What, "io") == 0 && argc > 2) {
        return Io();
    }
    if (strcmp(What, "files") == 0 && argc > 3) {
        return Files(argc, argv);
    }
    if (strcmp(What, "attach") == 0 && argc > 2) {
        return TryAttach(argv[2]);
    }
    if (strcmp(What, "reload") == 0 && argc > 3) {
        return Reload(argv[2], atoi(argv[3]));
    }
    fputs("ntlabcheck: the client of `ntlab check`\n", stderr);
    return 0;
}
