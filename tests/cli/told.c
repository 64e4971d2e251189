/*
 * told.c - threads that wait, hold and are interrupted in every way that a report tells of, and what it must say of each: the driver prints it, from
 * what documented routines say. At last the registers, which have been chosen, and a bug check (told.py).
 *
 * A line `told THREAD: TEXT`: in the part of the report that begins with that thread's address there is a line that holds TEXT;
 * `told 0: TEXT`: anywhere.
 */
#include <ntifs.h>
#include "../nt/ke/registers.h"

typedef VOID KKERNEL_ROUTINE(PKAPC, PVOID *, PVOID *, PVOID *, PVOID *);
NTKERNELAPI VOID NTAPI KeInitializeApc(PKAPC, PKTHREAD, ULONG, KKERNEL_ROUTINE *, PVOID, PVOID,
                                       KPROCESSOR_MODE, PVOID);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC, PVOID, PVOID, KPRIORITY);

NTKERNELAPI VOID FASTCALL ExAcquirePushLockExclusiveEx(PEX_PUSH_LOCK, ULONG);
NTKERNELAPI VOID FASTCALL ExAcquirePushLockSharedEx(PEX_PUSH_LOCK, ULONG);

#define TELL(Thread, ...)                                                                          \
    (DbgPrint("told %p: ", (PVOID)(Thread)), DbgPrint(__VA_ARGS__), DbgPrint("\n"))

static KEVENT Event, Never, Ready;
static KSEMAPHORE Semaphore;
static KMUTEX Mutex;
static KQUEUE Queue;
static KTIMER Timer;
static FAST_MUTEX FastMutex;
static ERESOURCE Resource;
static EX_PUSH_LOCK PushLock;
static PKTHREAD Waiter, Owner;
static KAPC Special, Normal;
static PDEVICE_OBJECT Device;
static const char Image[] = IMAGE;

/* Behind each wait, so that it is no tail call: the frame is on the stack. */
static DECLSPEC_NOINLINE VOID
Stays(VOID)
{
    __asm__ volatile("");
}

/* As the kernel begins a system thread it enters a critical region once; what it enters besides is told here. */
static VOID
Common(const char *Name, const char *Class, const char *Mode, BOOLEAN Alertable, ULONG Priority,
       KIRQL Irql, ULONG Critical, ULONG Guarded)
{
    PKTHREAD Me = KeGetCurrentThread();
    ULONG_PTR Low, High;

    TELL(Me, "THREAD %p  Cid %04x.%04x  Teb: 0000000000000000  WAIT: (%s) %s %s", Me,
         (ULONG)(ULONG_PTR)PsGetCurrentProcessId(), (ULONG)(ULONG_PTR)PsGetCurrentThreadId(), Class,
         Mode, Alertable ? "Alertable" : "Non-Alertable");
    TELL(Me, "Owning Process    %p  Image: System", PsGetCurrentProcess());
    TELL(Me, "Attached Process  0000000000000000  Image: N/A");
    TELL(Me, "Start Address     %s!%s", Image, Name);
    TELL(Me, "IRQL %u (%s)  KernelApcDisable -%u  SpecialApcDisable %s", (ULONG)Irql,
         Irql == APC_LEVEL ? "APC_LEVEL" : "PASSIVE_LEVEL", Critical, Guarded != 0 ? "-1" : "0");
    TELL(Me, " %s!%s+", Image, Name); /* a frame */
    IoGetStackLimits(&Low, &High);
    TELL(Me, "Stack Init %p", (PVOID)High);
    TELL(Me, "Base %p  Limit %p", (PVOID)High, (PVOID)Low);
    TELL(Me, "Priority %u  BasePriority 8  ContextSwitches 1", Priority);
}

static VOID NTAPI
Several(PVOID Context)
{
    PVOID Objects[] = {&Event, &Semaphore, &Mutex, &Timer};
    static KWAIT_BLOCK Blocks[4];
    LARGE_INTEGER Until = {.QuadPart = -10000000000ll};

    Waiter = KeGetCurrentThread();
    KeSetPriorityThread(Waiter, 11);
    Common("Several", "UserRequest", "UserMode", TRUE, 11, 0, 1, 0);
    TELL(Waiter, "event %p", &Event);
    TELL(Waiter, "semaphore %p", &Semaphore);
    TELL(Waiter, "mutex %p, owned by thread %p (Cid ", &Mutex, Owner);
    TELL(Waiter, "timer %p", &Timer);
    KeSetEvent(&Ready, 0, FALSE);
    KeWaitForMultipleObjects(4, Objects, WaitAny, UserRequest, UserMode, TRUE, &Until, Blocks);
    Stays();
}

static VOID NTAPI
Owns(PVOID Context)
{
    Owner = KeGetCurrentThread();
    KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL);
    ExAcquireFastMutex(&FastMutex);
    KeEnterGuardedRegion();
    ExAcquireResourceSharedLite(&Resource, TRUE);
    ExAcquirePushLockExclusiveEx(&PushLock, 0);
    Common("Owns", "WrQueue", "KernelMode", FALSE, 8, 1, 2, 1);
    TELL(Owner, "queue %p", &Queue);
    TELL(Owner, "Holds mutex %p", &Mutex);
    TELL(Owner, "Holds fast mutex %p, acquired at %s!Owns+", &FastMutex, Image);
    TELL(Owner, "Holds resource %p shared, acquired at %s!Owns+", &Resource, Image);
    TELL(Owner, "Holds push lock %p exclusive, acquired at %s!Owns+", &PushLock, Image);
    TELL(Owner, "Guarded region entered 1 time: %s!Owns+", Image);
    KeSetEvent(&Ready, 0, FALSE);
    KeRemoveQueue(&Queue, KernelMode, NULL);
    Stays();
}

static VOID NTAPI
Delayed(PVOID Context)
{
    LARGE_INTEGER Until = {.QuadPart = -20000000000ll};

    Common("Delayed", "DelayExecution", "KernelMode", FALSE, 8, 0, 1, 0);
    KeSetEvent(&Ready, 0, FALSE);
    KeDelayExecutionThread(KernelMode, FALSE, &Until);
    Stays();
}

static VOID NTAPI
OfThread(PVOID Context)
{
    Common("OfThread", "Executive", "KernelMode", TRUE, 8, 0, 1, 0);
    TELL(KeGetCurrentThread(), "thread %p", Waiter);
    KeSetEvent(&Ready, 0, FALSE);
    KeWaitForSingleObject(Waiter, Executive, KernelMode, TRUE, NULL);
    Stays();
}

static VOID NTAPI
OfProcess(PVOID Context)
{
    Common("OfProcess", "Executive", "KernelMode", FALSE, 8, 0, 1, 0);
    TELL(KeGetCurrentThread(), "process %p", PsInitialSystemProcess);
    KeSetEvent(&Ready, 0, FALSE);
    KeWaitForSingleObject(PsInitialSystemProcess, Executive, KernelMode, FALSE, NULL);
    Stays();
}

static VOID NTAPI
OfFastMutex(PVOID Context)
{
    Common("OfFastMutex", "WrFastMutex", "KernelMode", FALSE, 8, 1, 1, 0);
    TELL(KeGetCurrentThread(), "fast-mutex %p, owned by thread %p (Cid ", &FastMutex, Owner);
    KeSetEvent(&Ready, 0, FALSE);
    ExAcquireFastMutex(&FastMutex);
    Stays();
}

static VOID NTAPI
OfResource(PVOID Context)
{
    Common("OfResource", "WrResource", "KernelMode", FALSE, 8, 0, 2, 0);
    TELL(KeGetCurrentThread(), "resource %p, wanted exclusive, held shared, owned by thread %p",
         &Resource, Owner);
    KeEnterCriticalRegion();
    KeSetEvent(&Ready, 0, FALSE);
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    Stays();
}

static VOID NTAPI
OfPushLock(PVOID Context)
{
    Common("OfPushLock", "WrPushLock", "KernelMode", FALSE, 8, 0, 2, 0);
    TELL(KeGetCurrentThread(), "push-lock %p, owned by thread %p (Cid ", &PushLock, Owner);
    KeEnterCriticalRegion();
    KeSetEvent(&Ready, 0, FALSE);
    ExAcquirePushLockSharedEx(&PushLock, 0);
    Stays();
}

static VOID NTAPI
OnApc(PKAPC Apc, PVOID *Routine, PVOID *Context, PVOID *First, PVOID *Second)
{
}

static VOID NTAPI
OnNormal(PVOID Context, PVOID First, PVOID Second)
{
}

static VOID NTAPI
Interrupted(PVOID Context)
{
    PKTHREAD Me = KeGetCurrentThread();

    Common("Interrupted", "Executive", "KernelMode", FALSE, 8, 0, 1, 1);
    TELL(Me, "Queued special kernel APC %p: %s!OnApc", &Special, Image);
    TELL(Me, "Queued normal kernel APC %p: %s!OnNormal", &Normal, Image);
    TELL(Me, "Guarded region entered 1 time: %s!Interrupted+", Image);
    TELL(Me, "event %p", &Never);
    KeEnterGuardedRegion();
    KeInitializeApc(&Special, Me, 0, OnApc, NULL, NULL, KernelMode, NULL);
    KeInitializeApc(&Normal, Me, 0, OnApc, NULL, OnNormal, KernelMode, NULL);
    KeInsertQueueApc(&Normal, NULL, NULL, 0);
    KeInsertQueueApc(&Special, NULL, NULL, 0);
    KeSetEvent(&Ready, 0, FALSE);
    KeWaitForSingleObject(&Never, Executive, KernelMode, FALSE, NULL);
    Stays();
}

static VOID NTAPI
Asks(PVOID Context)
{
    IO_STATUS_BLOCK Block;
    PIRP Irp;

    Common("Asks", "Executive", "KernelMode", FALSE, 8, 0, 1, 0);
    Irp = IoBuildDeviceIoControlRequest(0x222404, Device, NULL, 0, NULL, 0, FALSE, &Event, &Block);
    TELL(KeGetCurrentThread(),
         "%p IRP_MJ_DEVICE_CONTROL code 0x222404 (METHOD_BUFFERED) at device %p of %s, pending",
         Irp, Device, Image);
    IoCallDriver(Device, Irp);
    KeSetEvent(&Ready, 0, FALSE);
    KeWaitForSingleObject(&Never, Executive, KernelMode, FALSE, NULL);
    Stays();
}

static NTSTATUS NTAPI
Pend(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    IoMarkIrpPending(Irp);
    return STATUS_PENDING;
}

#if CASE == 1
NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const PKSTART_ROUTINE Routine[] = {Owns,        Several,     Delayed,    OfThread,
                                              OfProcess,   OfFastMutex, OfResource, OfPushLock,
                                              Interrupted, Asks};
    HANDLE Thread;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    KeInitializeEvent(&Never, NotificationEvent, FALSE);
    KeInitializeEvent(&Ready, SynchronizationEvent, FALSE);
    KeInitializeSemaphore(&Semaphore, 0, 5);
    KeInitializeMutex(&Mutex, 0);
    KeInitializeQueue(&Queue, 1);
    KeInitializeTimer(&Timer);
    ExInitializeFastMutex(&FastMutex);
    ExInitializeResourceLite(&Resource);
    ExInitializePushLock(&PushLock);
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Pend;
    IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Routine); i++) {
        LARGE_INTEGER Soon = {.QuadPart = -10000};

        PsCreateSystemThread(&Thread, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine[i], NULL);
        ZwClose(Thread);
        KeWaitForSingleObject(&Ready, Executive, KernelMode, FALSE, NULL);
        KeDelayExecutionThread(KernelMode, FALSE, &Soon); /* it waits now */
    }
    KeBugCheckEx(0xE2, 1, 2, 3, 4);
}

#else /* an instruction that is none, with registers that were chosen */
NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const char *const Names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                        "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

    RegistersChoose(&RegistersBefore, 0);
    for (ULONG i = 0; i < 16; i++) {
        if (i != REGISTER_RSP) {
            TELL(NULL, "%s=%016llx", Names[i], RegistersBefore.General[i]);
        }
    }
    TELL(NULL, "rip=%p", RegistersAt);
    RegistersThrough();
    return STATUS_SUCCESS;
}
#endif
