/*
 * left.c - what a driver leaves behind when it is unloaded, and that it is told of, each with its place (told.py): of each kind something, of some more,
 * beside others that were undone in time.
 */
#include <ntifs.h>

#define TELL(...) (DbgPrint("told %p: ", NULL), DbgPrint(__VA_ARGS__), DbgPrint("\n"))

#define RVA(Routine) ((ULONG)((ULONG_PTR)(Routine) - (ULONG_PTR)Base))

static const char Image[] = IMAGE;
static PVOID Base;
static KBUGCHECK_CALLBACK_RECORD Record, Undone;
static KBUGCHECK_REASON_CALLBACK_RECORD Reason;
static NPAGED_LOOKASIDE_LIST Kept, Deleted;
static PAGED_LOOKASIDE_LIST Paged;
static LOOKASIDE_LIST_EX KeptEx;
static ERESOURCE Resource, Second, DeletedResource;
static KTIMER Bare, Timer, Cancelled;
static KDPC Dpc;

static BOOLEAN
OnNmi(PVOID Context, BOOLEAN Handled)
{
    UNREFERENCED_PARAMETER(Context);
    return Handled;
}

static VOID
OnProcessor(PVOID Context, PKE_PROCESSOR_CHANGE_NOTIFY_CONTEXT Change, PNTSTATUS Status)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Change);
    UNREFERENCED_PARAMETER(Status);
}

static VOID
OnBugCheck(PVOID Buffer, ULONG Length)
{
    UNREFERENCED_PARAMETER(Buffer);
    UNREFERENCED_PARAMETER(Length);
}

static VOID
OnReason(KBUGCHECK_CALLBACK_REASON Why, PKBUGCHECK_REASON_CALLBACK_RECORD Callback, PVOID Data,
         ULONG Length)
{
    UNREFERENCED_PARAMETER(Why);
    UNREFERENCED_PARAMETER(Callback);
    UNREFERENCED_PARAMETER(Data);
    UNREFERENCED_PARAMETER(Length);
}

static VOID
OnTimer(PKDPC Of, PVOID Context, PVOID One, PVOID Two)
{
    UNREFERENCED_PARAMETER(Of);
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(One);
    UNREFERENCED_PARAMETER(Two);
}

/* They stay registered, and are named by their routines. */
static VOID
Routines(VOID)
{
    LARGE_INTEGER Hour = {.QuadPart = -36000000000ll};

    KeInitializeCallbackRecord((&Record));
    KeInitializeCallbackRecord((&Undone));
    KeInitializeCallbackRecord((&Reason));
    KeRegisterBugCheckCallback(&Undone, OnBugCheck, &Undone, sizeof(Undone), (PUCHAR) "undone");
    KeDeregisterBugCheckCallback(&Undone);
    KeRegisterBugCheckCallback(&Record, OnBugCheck, &Record, sizeof(Record), (PUCHAR) "left");
    TELL("a bug check callback: %s+0x%x", Image, RVA(OnBugCheck));
    KeRegisterBugCheckReasonCallback(&Reason, OnReason, KbCallbackSecondaryDumpData,
                                     (PUCHAR) "left");
    TELL("a bug check callback: %s+0x%x", Image, RVA(OnReason));
    KeInitializeDpc(&Dpc, OnTimer, NULL);
    KeInitializeTimer(&Timer);
    KeSetTimer(&Timer, Hour, &Dpc);
    TELL("a timer 0x%p for %s+0x%x", &Timer, Image, RVA(OnTimer));
    TELL(", queued at %s+", Image);
}

/* They lie in the image, and go with it; behind the routines that only one of the two can name. */
static VOID
Objects(VOID)
{
    LARGE_INTEGER Hour = {.QuadPart = -36000000000ll};

    KeRegisterNmiCallback(OnNmi, NULL);
    TELL("an NMI callback: %s+0x%x", Image, RVA(OnNmi));
    KeRegisterProcessorChangeCallback(OnProcessor, NULL, 0);
    TELL("a processor change callback: %s+0x%x", Image, RVA(OnProcessor));
    ExInitializeNPagedLookasideList(&Kept, NULL, NULL, 0, 64, 'tfeL', 0);
    ExInitializePagedLookasideList(&Paged, NULL, NULL, 0, 64, 'tfeL', 0);
    ExInitializeLookasideListEx(&KeptEx, NULL, NULL, PagedPool, 0, 64, 'tfeL', 0);
    ExInitializeNPagedLookasideList(&Deleted, NULL, NULL, 0, 64, 'tfeL', 0);
    ExDeleteNPagedLookasideList(&Deleted);
    TELL("a lookaside list 0x%p, made at %s+", &Kept, Image);
    TELL("a lookaside list 0x%p, made at %s+", &Paged, Image);
    TELL("a lookaside list 0x%p, made at %s+", &KeptEx, Image);
    ExInitializeResourceLite(&Resource);
    ExInitializeResourceLite(&Second);
    ExInitializeResourceLite(&DeletedResource);
    ExDeleteResourceLite(&DeletedResource);
    TELL("a resource 0x%p, made at %s+", &Resource, Image);
    TELL("a resource 0x%p, made at %s+", &Second, Image);
    KeInitializeTimer(&Bare);
    KeInitializeTimer(&Cancelled);
    KeSetTimer(&Bare, Hour, NULL);
    KeSetTimer(&Cancelled, Hour, NULL);
    KeCancelTimer(&Cancelled);
    TELL("a set timer without a DPC 0x%p", &Bare);
}

/* Of pool, by its tag: how many blocks, and how many bytes they are together. */
static VOID
Memory(VOID)
{
    UNICODE_STRING Event = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\LeftEvent");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\Left");
    UNICODE_STRING Gone = RTL_CONSTANT_STRING(L"\\DosDevices\\LeftNot");
    UNICODE_STRING Target = RTL_CONSTANT_STRING(L"\\Device\\Null");
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle;

    ExAllocatePoolWithTag(NonPagedPoolNx, 100, 'enOL');
    TELL("1 block of pool with the tag LOne, 100 bytes");
    for (ULONG i = 0; i < 3; i++) {
        ExAllocatePoolWithTag(PagedPool, 50 + i, 'rhTL');
    }
    ExFreePoolWithTag(ExAllocatePoolWithTag(PagedPool, 500, 'rhTL'), 'rhTL');
    ExFreePoolWithTag(ExAllocatePoolWithTag(PagedPool, 500, 'noNL'), 'noNL');
    TELL("3 blocks of pool with the tag LThr, 153 bytes");
    ExAllocatePoolWithTag(NonPagedPoolNx, 0x2000, 'gaPL');
    TELL("1 block of pool with the tag LPag, 8192 bytes");
    IoCreateSymbolicLink(&Gone, &Target);
    IoDeleteSymbolicLink(&Gone);
    IoCreateSymbolicLink(&Link, &Target);
    TELL("the symbolic link Left");
    InitializeObjectAttributes(&Attributes, &Event, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE);
    TELL("the handle 0x%p: Event LeftEvent", Handle);
}

static VOID
Unload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
}

NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    DriverObject->DriverUnload = Unload;
    Base = DriverObject->DriverStart;
    TELL("ntlab: %s is unloaded and leaves behind: ", Image);
    if (CASE == 1) {
        Routines();
        Memory();
    } else {
        Objects();
        Memory();
    }
    return STATUS_SUCCESS;
}
