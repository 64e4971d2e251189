/*
 * matrix-client.c - when does an APC arrive? Kind of APC x state of its target, compared with the documentation.
 *
 * Each row is a state, each letter a kind (matrix.h, in that order); what it says is written from the sources named
 * beside the row, not from the kernel that is tested:
 *     N  now, while the target is in the state
 *     L  when the state is left: inside the call that leaves it (of two regions: the one left first)
 *     M  inside the call that leaves the second of two regions
 *     U  at the end of the system call: before the target's next instruction in user mode
 *     A  only in the target's next alertable wait
 *     R  refused: it cannot be queued
 *     .  not asked
 * Also checked: kernel routines run at APC_LEVEL and normal ones at PASSIVE_LEVEL [K:types-of-apcs], both in the
 * target's context, and what a wait returns [K:waits-and-apcs].
 */
#include "ntlab-client.h"
#include <winioctl.h>
#include "ke/matrix.h"

#ifndef STATUS_USER_APC
#define STATUS_USER_APC 0xC0
#endif
typedef LONG NTSTATUS;
NTSTATUS NTAPI NtQueueApcThreadEx(HANDLE, HANDLE, PVOID, PVOID, PVOID, PVOID);

static const struct {
    const char *Name, *Arrives, *Source;
    int Since; /* major * 10 + minor */
} Rows[StateLast] = {
    [StatePassive] = {"runs at PASSIVE_LEVEL", "NNAUNN", "[K:types-of-apcs]"},
    [StateApcLevel] = {"runs at APC_LEVEL", "LLAULL", "[K:disabling-apcs]"},
    [StateDispatchLevel] = {"runs at DISPATCH_LEVEL", "LLAULL", "[K:disabling-apcs]"},
    [StateSpinLock] = {"holds a spin lock", "LLAU..", "[K:disabling-apcs]"},
    [StateCritical] = {"in a critical region", "NLAU..", "[DDI:wdm/keentercriticalregion]"},
    [StateFileSystem] = {"in the file system", "NLAU..", "[IFS:fsrtlenterfilesystem]"},
    [StateCriticalTwo] = {"in two critical regions", "NMAU..", "[BC:1]"},
    [StateMutex] = {"owns a mutex", "NLAU..", "[DDI:wdm/kewaitforsingleobject]"},
    [StateFastMutex] = {"owns a fast mutex", "LLAU..", "[K:disabling-apcs]"},
    [StateUnsafeMutex] = {"owns a fast mutex, unsafe", "NNAU..", "[S0]"},
    [StateResource] = {"owns a resource, no region", "NNAU..", "[S0]"},
    [StateGuarded] = {"in a guarded region", "LLAU..", "[DDI:wdm/keenterguardedregion]", 52},
    [StateGuardedMutex] = {"owns a guarded mutex", "LLAU..",
                           "[K:critical-regions-and-guarded-regions]", 52},
    [StateCriticalGuarded] = {"guarded in critical region", "LMAU..", "[K:disabling-apcs]", 52},
    [StateGuardedCritical] = {"critical in guarded region", "MMAU..", "[K:disabling-apcs]", 52},
    [StateCrossed] = {"critical and guarded, crossed", "MMAU..", "[K:disabling-apcs]", 52},
    [StateSpecialApc] = {"in a special kernel APC", "LLAU..", "[K:types-of-apcs]"},
    [StateKernelRoutine] = {"in a normal APC's kernel routine", "LLAU..", "[K:types-of-apcs]"},
    [StateNormalApc] = {"in a normal kernel APC", "NLAU..", "[DDI:ntifs/zwwaitforsingleobject]"},
    [StateWait] = {"waits, KernelMode", "NNAUNN", "[K:waits-and-apcs]"},
    [StateWaitAlertable] = {"waits, KernelMode, alertable", "NNAU..", "[K:waits-and-apcs]"},
    [StateWaitUser] = {"waits, UserMode", "NNAU..", "[K:waits-and-apcs]"},
    [StateWaitUserAlertable] = {"waits, UserMode, alertable", "NNNN..", "[K:waits-and-apcs]"},
    [StateWaitMultiple] = {"waits for two objects", "NNAU..", "[K:waits-and-apcs]"},
    [StateWaitQueue] = {"waits for a queue", "NNAU..", "[DDI:ntifs/zwwaitforsingleobject]"},
    [StateDelay] = {"delays", "NNAU..", "[K:waits-and-apcs]"},
    [StateWaitCritical] = {"waits in a critical region", "NLAU..",
                           "[DDI:ntifs/zwwaitforsingleobject]"},
    [StateWaitGuarded] = {"waits in a guarded region", "LLAU..", "[K:disabling-apcs]", 52},
    [StateWaitApcLevel] = {"waits at APC_LEVEL", "LLAU..", "[DDI:ntifs/zwwaitforsingleobject]"},
    [StateWaitNormalApc] = {"waits in a normal kernel APC", "NLAU..",
                            "[DDI:ntifs/zwwaitforsingleobject]"},
    [StateAttached] = {"attached to a process", "LLAUNN", "[DDI:ntifs/kestackattachprocess]"},
    [StateWaitAttached] = {"waits, attached", "LLAUNN", "[DDI:ntifs/kestackattachprocess]"},
    [StateUser] = {"runs in user mode", "NNANNN", "[K:types-of-apcs], [LEARN:QueueUserAPC2]"},
    [StateUserCalls] = {"calls services", "NNAN..", "[K:types-of-apcs], [LEARN:QueueUserAPC2]"},
    [StateUserSleep] = {"sleeps", "NNAU..", "[LEARN:QueueUserAPC]"},
    [StateUserSleepEx] = {"sleeps, alertable", "NNNN..", "[LEARN:QueueUserAPC]"},
    [StateUserWait] = {"waits in user mode", "NNAU..", "[LEARN:QueueUserAPC]"},
    [StateUserWaitEx] = {"waits in user mode, alertable", "NNNN..", "[LEARN:QueueUserAPC]"},
    [StateSuspended] = {"is suspended", "NLAU..", "[S0], [DDI:ntifs/zwwaitforsingleobject]"},
    [StateUnstarted] = {"has not begun", "NLUU..", "[LEARN:QueueUserAPC]"},
    [StateEnded] = {"has ended", "RRRR..", "nt-semantics 1.1 KeInsertQueueApc"},
};

static HANDLE Device, Event, Never;
static int Version;
static BOOL SpecialUserApcs;
static volatile LONG UserInside, UserGo, UserPhase, UserArrived, UserArrivedPhase, UserWrong;

static MATRIX_SEEN
Look(void)
{
    MATRIX_SEEN Seen = {0};
    DWORD Bytes;

    DeviceIoControl(Device, MATRIX_LOOK, NULL, 0, &Seen, sizeof(Seen), &Bytes, NULL);
    return Seen;
}

static void
Request(DWORD Code)
{
    DWORD Bytes;

    DeviceIoControl(Device, Code, NULL, 0, NULL, 0, &Bytes, NULL);
}

static HANDLE
Open(void)
{
    return CreateFileA("\\\\.\\KeMatrix", GENERIC_READ | GENERIC_WRITE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
}

static void NTAPI
UserRoutine(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    if (UserArrived++ == 0) {
        UserArrivedPhase = UserPhase;
    }
}

static DWORD WINAPI
Target(void *Parameter)
{
    ULONG State = (ULONG)(ULONG_PTR)Parameter;
    HANDLE Own;
    DWORD Bytes;

    UserInside = 1;
    UserPhase = 1;
    switch (State) {
    case StateUser:
    case StateSuspended:
        while (!UserGo) {
            YieldProcessor();
        }
        break;
    case StateUserCalls:
        while (!UserGo) {
            UserWrong += WaitForSingleObject(Never, 0) != WAIT_TIMEOUT;
        }
        break;
    case StateUserSleep:
        Sleep(200);
        break;
    case StateUserSleepEx:
        SleepEx(200, TRUE);
        break;
    case StateUserWait:
        WaitForSingleObject(Event, INFINITE);
        break;
    case StateUserWaitEx:
        WaitForSingleObjectEx(Event, INFINITE, TRUE);
        break;
    case StateUnstarted:
        break;
    default:
        Own = Open(); /* requests of one synchronous file go one by one */
        DeviceIoControl(Own, MATRIX_ENTER, &State, sizeof(State), NULL, 0, &Bytes, NULL);
        UserPhase = 3;
        CloseHandle(Own);
    }
    UserPhase = 3;
    Sleep(1); /* not alertable */
    UserPhase = 4;
    SleepEx(0, TRUE);
    UserPhase = 5;
    return 0;
}

/* Queues; 1 if it was, 0 if it was refused. */
static int
Queue(HANDLE Thread, int Kind)
{
    MATRIX_TARGET Request = {Thread, Kind};
    DWORD Bytes;

    if (Kind == KindUser) {
        return QueueUserAPC((PAPCFUNC)(void *)UserRoutine, Thread, 0) != 0;
    }
    if (Kind == KindSpecialUser) {
        return NtQueueApcThreadEx(Thread, (HANDLE)1, (PVOID)UserRoutine, NULL, NULL, NULL) >= 0;
    }
    DeviceIoControl(Device, MATRIX_QUEUE, &Request, sizeof(Request), &Request, 1, &Bytes, NULL);
    return *(char *)&Request;
}

static char
When(int Kind, int Queued, int Now)
{
    MATRIX_SEEN Seen = Look();

    if (!Queued) {
        return 'R';
    }
    if (Kind == KindUser || Kind == KindSpecialUser) {
        return UserArrived == 0        ? '-'
               : Now                   ? UserArrivedPhase < 3 ? 'N' : '?'
               : UserArrivedPhase < 3  ? 'U'
               : UserArrivedPhase == 4 ? 'A'
                                       : '?';
    }
    return Seen.Arrived == 0        ? '-'
           : Now                    ? 'N'
           : !Seen.ArrivedReleased  ? '?'
           : Seen.ArrivedPhase == 1 ? 'L'
           : Seen.ArrivedPhase == 2 ? 'M'
                                    : '?';
}

static void
Cell(int State, int Kind)
{
    DWORD Flags = State == StateUnstarted ? CREATE_SUSPENDED : 0;
    BOOL User = Kind == KindUser || Kind == KindSpecialUser;
    HANDLE Thread;
    MATRIX_SEEN Seen;
    char Text[200], Arrives, Expected = Rows[State].Arrives[Kind];
    int Queued, Now;

    Request(MATRIX_RESET);
    ResetEvent(Event);
    UserInside = UserGo = UserPhase = UserArrived = 0;
    UserArrivedPhase = -1;
    Thread = CreateThread(NULL, 0, Target,
                          (void *)(ULONG_PTR)(State == StateEnded ? StateUnstarted : State), Flags,
                          NULL);
    if (State == StateEnded) {
        WaitForSingleObject(Thread, INFINITE);
    } else if (State != StateUnstarted) {
        while (State < StateLastKernel ? !Look().Inside : !UserInside) {
            Sleep(1);
        }
    }
    Sleep(2); /* a waiting one waits by now */
    if (State == StateSuspended) {
        SuspendThread(Thread);
        Sleep(2);
    }
    Queued = Queue(Thread, Kind);
    Sleep(20);
    Now = User ? UserArrived != 0 : Look().Arrived != 0;
    Request(MATRIX_RELEASE);
    UserGo = 1;
    SetEvent(Event);
    if (State == StateSuspended || State == StateUnstarted) {
        Sleep(2);
        ResumeThread(Thread);
    }
    WaitForSingleObject(Thread, INFINITE);
    CloseHandle(Thread);
    Arrives = When(Kind, Queued, Now);
    Seen = Look();
    sprintf(Text, "%s, kind %d: %c %s", Rows[State].Name, Kind, Arrives, Rows[State].Source);
    EXPECT_LINE(Arrives == Expected, Text);
    if (Arrives != Expected) {
        printf("ntlab-test: note Cell:%d expected %c, phase %ld, released %ld\n", __LINE__,
               Expected, User ? UserArrivedPhase : Seen.ArrivedPhase, Seen.ArrivedReleased);
    }
    if (Expected == 'R') {
        return;
    }
    if (!User) {
        int Special = Kind == KindSpecialKernel || Kind == KindSpecialCurrent;

        sprintf(Text, "%s, kind %d: once, in the target, at its IRQL", Rows[State].Name, Kind);
        EXPECT_LINE(Seen.Arrived == 1 && Seen.OwnThread && Seen.KernelIrql == 1 &&
                        Seen.NormalIrql == (Special ? -1 : 0),
                    Text);
    } else {
        sprintf(Text, "%s, kind %d: once", Rows[State].Name, Kind);
        EXPECT_LINE(UserArrived == 1, Text);
    }
    if (State >= StateWait && State <= StateWaitNormalApc) {
        LONG Status = State == StateWaitMultiple                ? 1
                      : State == StateWaitUserAlertable && User ? STATUS_USER_APC
                                                                : 0;

        sprintf(Text, "%s, kind %d: the wait returns %lx", Rows[State].Name, Kind, Status);
        EXPECT_LINE(Seen.Status == Status, Text);
    }
}

int
main(int argc, char **argv)
{
    SYSTEM_INFO System;
    DWORD Build = *(volatile DWORD *)0x7FFE0260;

    Device = Open();
    EXPECT(Device != INVALID_HANDLE_VALUE);
    Event = CreateEventA(NULL, TRUE, FALSE, NULL);
    Never = CreateEventA(NULL, TRUE, FALSE, NULL);
    GetSystemInfo(&System);
    Version = *(volatile DWORD *)0x7FFE026C * 10 + *(volatile DWORD *)0x7FFE0270;
    SpecialUserApcs = Version >= 100 && Build >= 17763;
    for (int State = 0; State < StateLast; State++) {
        if (System.dwNumberOfProcessors == 1 &&
            (State == StateDispatchLevel || State == StateSpinLock)) {
            SKIP("nobody else runs while the only processor is at DISPATCH_LEVEL");
            continue;
        }
        for (int Kind = 0; Kind < KindLast && Rows[State].Since <= Version; Kind++) {
            if (Rows[State].Arrives[Kind] == '.' || (Kind == KindSpecialUser && !SpecialUserApcs)) {
                continue;
            }
            Cell(State, Kind);
        }
    }
    if (!SpecialUserApcs && Version >= 61) {
        /* before 1809 the 1 is a handle like any other */
        EXPECT_EQ(
            NtQueueApcThreadEx(GetCurrentThread(), (HANDLE)1, (PVOID)UserRoutine, NULL, NULL, NULL),
            (NTSTATUS)0xC0000008);
    }
    EXPECT_EQ(UserWrong, 0); /* no system call was disturbed */
    return TEST_DONE();
}
