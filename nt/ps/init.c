/*
 * init.c - the run itself, in the first system thread: drivers in, clients through, drivers out.
 */
#include "nt/ps/psp.h"
#include "nt/inc/environment.h"
#include "nt/inc/sound.h"
#include "nt/inc/client.h"
#include "nt/inc/startorder.h"
#include "nt/inc/window.h"
#include "nt/inc/obend.h"
#include "nt/inc/visit.h"

DECLSPEC_NORETURN VOID
PspStop(ULONG Verdict, ULONG Code, const char *Message)
{
    struct abi_stop Why;
    ULONG Index = 0;

    RtlZeroMemory(&Why, sizeof(Why));
    Why.verdict = Verdict;
    Why.code = Code;
    for (; Message != NULL && Message[Index] != 0 && Index < sizeof(Why.message) - 1; Index++) {
        Why.message[Index] = Message[Index];
    }
    HcStop(&Why);
    __builtin_unreachable();
}

static VOID
PspWiden(PWSTR To, ULONG Room, const char *From)
{
    ULONG Bytes = 0;

    RtlUTF8ToUnicodeN(To, (Room - 1) * sizeof(WCHAR), &Bytes, From, (ULONG)strlen(From));
    To[Bytes / sizeof(WCHAR)] = 0;
}

/* The filter manager: a boot driver; from the beginning only if the host says that a client talks to it. */
static VOID
PspLoadFilterManager(VOID)
{
    if (HcConfig("fltmgr", NULL, 0) != 0) {
        IopLoadFilterManager();
    }
}

static VOID
PspLoadDrivers(VOID)
{
    ULONG Order[ABI_MAX_DRIVERS];
    UNICODE_STRING Paths[ABI_MAX_DRIVERS];
    WCHAR Image[256], Name[64];
    char Text[400];
    NTSTATUS Status;

    for (ULONG Index = 0; Index < PspBoot.drivers; Index++) {
        PspWiden(Name, RTL_NUMBER_OF(Name), PspBoot.driver[Index].name);
        PspWiden(Image, RTL_NUMBER_OF(Image), PspBoot.driver[Index].path);
        CmpCreateServiceKey(Name, Image, &Paths[Index]);
        IopDriverName(&Paths[Index], &PspDriverName[Index], PspDriverNameBuffer[Index],
                      sizeof(PspDriverNameBuffer[Index]));
    }
    IopOrderStarts(Paths, PspBoot.drivers, Order);
    for (ULONG i = 0; i < PspBoot.drivers; i++) {
        Status = IopLoadDriver(&Paths[Order[i]]);
        if (!NT_SUCCESS(Status)) {
            KiFormatText(Text, sizeof(Text), "%s.sys was not loaded: status %x%s",
                         PspBoot.driver[Order[i]].name, (ULONG)Status, IopLoadFailure());
            PspStop(ABI_LOAD_FAILED, (ULONG)Status, Text);
        }
    }
    for (ULONG i = 0; i < PspBoot.drivers; i++) {
        ExpFree(Paths[i].Buffer);
    }
}

BOOLEAN
PspIsDriverUnderTest(const char *FileName)
{
    for (ULONG Index = 0; Index < PspBoot.drivers; Index++) {
        const char *Name = PspBoot.driver[Index].name;
        ULONG i = 0;

        while (Name[i] != 0 && RtlUpperChar(Name[i]) == RtlUpperChar(FileName[i])) {
            i++;
        }
        if (Name[i] == 0 && (FileName[i] == '.' || FileName[i] == 0)) {
            return TRUE;
        }
    }
    return FALSE;
}

static VOID
PspRunClients(VOID)
{
    PEPROCESS Process[ABI_MAX_CLIENTS];
    PETHREAD Thread[ABI_MAX_CLIENTS];
    PACCESS_TOKEN Token;
    char Text[400];
    NTSTATUS Status;

    for (ULONG Index = 0; Index < PspBoot.clients; Index++) {
        PspWiden(PspClientImage, RTL_NUMBER_OF(PspClientImage), PspBoot.client[Index].image);
        PspWiden(PspClientCommand, RTL_NUMBER_OF(PspClientCommand), PspBoot.client[Index].command);
        KiSpareAllocations(TRUE); /* the command line's, no service's */
        Token = SepMakeToken(PspBoot.client[Index].token);
        KiSpareAllocations(FALSE);
        Status = PspCreateUserProcess(PspClientImage, PspClientCommand, Token, NULL, FALSE, NULL,
                                      &Process[Index], &Thread[Index]);
        ObDereferenceObject(Token);
        if (!NT_SUCCESS(Status)) {
            KiFormatText(Text, sizeof(Text), "%s was not started: status %x",
                         PspBoot.client[Index].image, (ULONG)Status);
            PspStop(ABI_LOAD_FAILED, (ULONG)Status, Text);
        }
        Process[Index]->IsClient = TRUE;
        Process[Index]->ClientIndex = Index;
        PspNotifyProcess(Process[Index], NULL, PspCurrentThread(), TRUE);
    }
    PspCurrentThread()->OwnCode = TRUE; /* only calls of others can come to a driver from now on */
    if (!PspAreStartsWatched()) {
        KiCloseWindow(PspBoot.clients);
    }
    KiBeginClients();
    for (ULONG Index = 0; Index < PspBoot.clients; Index++) {
        PspStartThread(Thread[Index]);
        ObDereferenceObject(Thread[Index]);
    }
    for (ULONG Index = 0; Index < PspBoot.clients; Index++) {
        KeWaitForSingleObject(Process[Index], Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(Process[Index]);
    }
}

/* Whether the current process is the client or comes of it: nobody waits for who may be waiting for him. */
static BOOLEAN
PspComesOf(PEPROCESS Client)
{
    HANDLE Id = PspCurrentProcess()->UniqueProcessId;

    for (ULONG Depth = 0; Depth < 16 && Id != Client->UniqueProcessId; Depth++) {
        HANDLE Parent = NULL;

        for (PEPROCESS Process = NULL; (Process = PspNextProcess(Process)) != NULL;) {
            if (Process->UniqueProcessId == Id) {
                Parent = Process->InheritedFromUniqueProcessId;
            }
        }
        Id = Parent;
    }
    return Id == Client->UniqueProcessId;
}

/* Waits until the clients that the caller has nothing to do with have ended, for a minute at most. */
VOID
PspLetClientsEnd(VOID)
{
    PEPROCESS Wait[ABI_MAX_CLIENTS];
    LARGE_INTEGER Until = {0};
    ULONG Count = 0;

    for (PEPROCESS Process = NULL; (Process = PspNextProcess(Process)) != NULL;) {
        if (Process->IsClient && !PspComesOf(Process) && ObReferenceObjectSafe(Process)) {
            Wait[Count++] = Process;
        }
    }
    if (Count != 0) {
        KeQuerySystemTime(&Until);
        Until.QuadPart += 60LL * 10000000;
    }
    for (ULONG Index = 0; Index < Count; Index++) {
        KeWaitForSingleObject(Wait[Index], Executive, KernelMode, FALSE, &Until);
        ObDereferenceObject(Wait[Index]);
    }
}

VOID
PspUnloadLastDriver(VOID)
{
    if (PspBoot.drivers != 0) {
        IopUnloadNamed(&PspDriverName[PspBoot.drivers - 1]);
    }
}

/*
 * Whether the driver's unload still waits for somebody. The last close may be under way in a worker: a file object's last reference
 * went at APC_LEVEL.
 */
static BOOLEAN
PspIsUnloadLeft(PUNICODE_STRING Name, char *Why, ULONG Bytes)
{
    if (!IopIsUnloadDeferred(Name, Why, Bytes)) {
        return FALSE;
    }
    KeFlushQueuedDpcs();
    ObpWaitForDeletes();
    return IopIsUnloadDeferred(Name, Why, Bytes);
}

static VOID
PspUnloadDrivers(VOID)
{
    for (ULONG Index = PspBoot.drivers; Index-- > 0;) {
        Machine->ending = Index == 0;
        /* A driver without an unload routine stays: that is its right. */
        IopUnloadNamed(&PspDriverName[Index]);
    }
    for (ULONG Index = PspBoot.drivers; Index-- > 0;) {
        char Why[300], Text[400];

        if (PspIsUnloadLeft(&PspDriverName[Index], Why, sizeof(Why))) {
            KiFormatText(Text, sizeof(Text), "%s.sys was never unloaded: %s",
                         PspBoot.driver[Index].name, Why);
            PspStop(ABI_LEAK, 0, Text);
        }
    }
}

VOID
PspRunCommandLine(VOID)
{
    HcBootInfo(&PspBoot);
    PspBeginChecks();
    if (PspBoot.explore) {
        KiInjectAllow(PspBoot.clients != 0 ? PspBoot.inject : 0);
        Machine->explore = PspBoot.explore;
        Machine->budget = 0;
    }
    VfInitSystem();
    ExpBeginFailing();
    PspLoadFilterManager();
    PspLoadDrivers();
    PspRunClients();
    KiEndClients();
    PspUnloadDrivers();
    KiRunLeftThreads();
    IopShutdownDrivers();
    KiRunLeftThreads(); /* whom a driver has woken then */
    PspCheckSelf();
    PspStop(ABI_CLEAN, PspClientExit, NULL);
}
