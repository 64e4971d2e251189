/*
 * control.c - a driver with a control interface as vendors' utilities have it: a table of objects, a buffer of a log,
 * memory and processes for a program with rights. Each request has a header with a signature, a version and a command's
 * structure behind it, so that a buffer of zeros comes nowhere. One of the mistakes that advisories tell of again and
 * again is in it, the one with the number CASE; with another number there is none.
 */
#include <ntifs.h>

#define HAS(Case) (CASE == (Case))
#define TAG       'ltnC'
#define SIGNATURE 0x4C54434Eu
#define VERSION   3u

#define CONTROL(Function, Method) CTL_CODE(0x9C40, 0x900 + (Function), Method, FILE_ANY_ACCESS)
#define CONTROL_NAME              CONTROL(0, METHOD_NEITHER)
#define CONTROL_POKE              CONTROL(1, METHOD_NEITHER)
#define CONTROL_PEEK              CONTROL(2, METHOD_BUFFERED)
#define CONTROL_APPEND            CONTROL(3, METHOD_BUFFERED)
#define CONTROL_ENTRIES           CONTROL(4, METHOD_BUFFERED)
#define CONTROL_CREATE            CONTROL(5, METHOD_BUFFERED)
#define CONTROL_USE               CONTROL(6, METHOD_BUFFERED)
#define CONTROL_DESTROY           CONTROL(7, METHOD_BUFFERED)
#define CONTROL_DISPATCH          CONTROL(8, METHOD_BUFFERED)
#define CONTROL_STATISTIC         CONTROL(9, METHOD_BUFFERED)
#define CONTROL_PHYSICAL          CONTROL(10, METHOD_BUFFERED)
#define CONTROL_REGISTER          CONTROL(11, METHOD_BUFFERED)
#define CONTROL_PROCESS           CONTROL(12, METHOD_BUFFERED)
#define CONTROL_SLOT              CONTROL(13, METHOD_BUFFERED)
#define CONTROL_EVENT             CONTROL(14, METHOD_BUFFERED)
#define CONTROL_TRANSFER          CONTROL(15, METHOD_NEITHER)
#define CONTROL_TEXT              CONTROL(16, METHOD_BUFFERED)

typedef struct _HEADER {
    ULONG Signature;
    USHORT Version;
    USHORT Command;
} HEADER, *PHEADER;

typedef struct _NAME_REQUEST {
    HEADER Header;
    ULONG Length;
    UCHAR Name[500];
} NAME_REQUEST, *PNAME_REQUEST;

typedef struct _POKE_REQUEST {
    HEADER Header;
    PULONG64 What;
    PULONG64 Where;
} POKE_REQUEST, *PPOKE_REQUEST;

typedef struct _PEEK_REQUEST {
    HEADER Header;
    PVOID Address;
    ULONG Bytes;
    ULONG Flags;
} PEEK_REQUEST, *PPEEK_REQUEST;

typedef struct _APPEND_REQUEST {
    HEADER Header;
    ULONG Bytes;
    ULONG Kind;
    UCHAR Data[240];
} APPEND_REQUEST, *PAPPEND_REQUEST;

typedef struct _ENTRY {
    ULONG Id, Value;
    UCHAR Text[24];
} ENTRY, *PENTRY;

typedef struct _ENTRIES_REQUEST {
    HEADER Header;
    ULONG Count;
    ULONG Reserved;
    ENTRY Entry[4];
} ENTRIES_REQUEST, *PENTRIES_REQUEST;

typedef struct _OBJECT {
    LIST_ENTRY Link;
    ULONG Id, Uses;
    VOID (*Routine)(struct _OBJECT *Object);
} OBJECT, *POBJECT;

typedef struct _OBJECT_REQUEST {
    HEADER Header;
    ULONG Id;
    LONG Index;
    ULONG64 Value;
} OBJECT_REQUEST, *POBJECT_REQUEST;

typedef struct _STATISTIC {
    ULONG Requests, Failures;
    ULONG64 Cookie;
    UCHAR Reserved[16];
} STATISTIC, *PSTATISTIC;

DRIVER_INITIALIZE DriverEntry;
static PDEVICE_OBJECT ControlDevice;
static FAST_MUTEX ObjectsLock;
static LIST_ENTRY Objects;
static POBJECT Current;
static ULONG ObjectCount;
static KSPIN_LOCK LogLock;
static UCHAR Log[256];
static ULONG Slots[16];
static volatile ULONG Requests, Failures, Sink;

static BOOLEAN
IsHeader(const HEADER *Header)
{
    return Header->Signature == SIGNATURE && Header->Version == VERSION;
}

/* ---- METHOD_NEITHER ---- */

static NTSTATUS
SetName(PNAME_REQUEST User, ULONG Length)
{
    UCHAR Name[96];
    NTSTATUS Status = STATUS_SUCCESS;
    HEADER Header;
    ULONG Bytes;

    if (Length < FIELD_OFFSET(NAME_REQUEST, Name)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    __try {
        ProbeForRead(User, Length, 1);
        Header = User->Header;
        if (!IsHeader(&Header)) {
            return STATUS_INVALID_PARAMETER;
        }
        Bytes = *(volatile ULONG *)&User->Length;
        if (Bytes > Length - FIELD_OFFSET(NAME_REQUEST, Name)) {
            return STATUS_INVALID_PARAMETER;
        }
        if (!HAS(410) && Bytes > sizeof(Name)) {
            return STATUS_NAME_TOO_LONG;
        }
#if HAS(420)
        if (*(volatile ULONG *)&User->Length > sizeof(Name)) { /* BUG(420) */
            return STATUS_NAME_TOO_LONG;
        }
#endif
        RtlCopyMemory(Name, User->Name, Bytes); /* BUG(410) */
        Sink = Name[0];
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return Status;
}

static NTSTATUS
Poke(PPOKE_REQUEST User, ULONG Length)
{
    NTSTATUS Status = STATUS_SUCCESS;
    POKE_REQUEST Request;

    if (Length != sizeof(*User)) {
        return STATUS_INVALID_BUFFER_SIZE;
    }
    __try {
        ProbeForRead(User, sizeof(*User), 1);
        Request = *User;
        if (!IsHeader(&Request.Header)) {
            return STATUS_INVALID_PARAMETER;
        }
        if (!HAS(411)) {
            ProbeForRead(Request.What, sizeof(ULONG64), 1);
            ProbeForWrite(Request.Where, sizeof(ULONG64), 1);
        }
        *(volatile ULONG64 *)Request.Where = *(volatile ULONG64 *)Request.What; /* BUG(411) */
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return Status;
}

/* A list of pieces, each with a pointer of its own. */
static NTSTATUS
Transfer(PPOKE_REQUEST User, ULONG Length, PVOID Output, ULONG OutLength)
{
    NTSTATUS Status = STATUS_SUCCESS;
    POKE_REQUEST Request;

    if (Length < sizeof(*User) || OutLength < sizeof(ULONG64)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    __try {
        ProbeForRead(User, sizeof(*User), 1);
        ProbeForWrite(Output, OutLength, 1);
        RtlCopyMemory(&Request, User, sizeof(Request));
        if (!IsHeader(&Request.Header) || Request.Header.Command != 7) {
            return STATUS_INVALID_PARAMETER;
        }
        if (!HAS(433)) {
            ProbeForRead(Request.What, sizeof(ULONG64), 1);
            *(volatile ULONG64 *)Output = *(volatile ULONG64 *)Request.What;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
#if HAS(433)
    if (NT_SUCCESS(Status) && (ULONG64)Request.What < (ULONG64)MM_USER_PROBE_ADDRESS) {
        Sink = *(volatile ULONG *)Request.What; /* BUG(433) */
    }
#endif
    return Status;
}

/* ---- METHOD_BUFFERED ---- */

static NTSTATUS
Peek(PPEEK_REQUEST Request, ULONG Length, PVOID Output, ULONG OutLength, PULONG_PTR Information)
{
    PPEEK_REQUEST Copy = Request;
    PVOID Address;
    ULONG Bytes;

    if (Length != sizeof(*Request) || !IsHeader(&Copy->Header)) {
        return STATUS_INVALID_PARAMETER;
    }
    Address = Copy->Address;
    Bytes = Copy->Bytes;
    if (Copy->Flags != 2 || Bytes > OutLength) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!HAS(412) && ((PUCHAR)Address < Log || (PUCHAR)Address + Bytes > Log + sizeof(Log) ||
                      (PUCHAR)Address + Bytes < (PUCHAR)Address)) {
        return STATUS_ACCESS_DENIED;
    }
    RtlCopyMemory(Output, Address, Bytes); /* BUG(412) */
    *Information = Bytes;
    return STATUS_SUCCESS;
}

static NTSTATUS
Append(PAPPEND_REQUEST Request, ULONG Length)
{
    PUCHAR Block;
    KIRQL Irql;
    ULONG Bytes;

    if (Length < FIELD_OFFSET(APPEND_REQUEST, Data) || !IsHeader(&Request->Header)) {
        return STATUS_INVALID_PARAMETER;
    }
    Bytes = Request->Bytes;
    if (Bytes > Length - FIELD_OFFSET(APPEND_REQUEST, Data)) {
        return STATUS_INVALID_PARAMETER;
    }
    Block = ExAllocatePoolWithTag(NonPagedPoolNx, 128, TAG); /* BUG(434) */
    if (Block == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (HAS(413) || Bytes <= 128) {
        RtlCopyMemory(Block, Request->Data, Bytes); /* BUG(413) */
    }
    KeAcquireSpinLock(&LogLock, &Irql); /* BUG(430) */
    if (Request->Kind == 0x71) {        /* a kind that is reserved */
#if HAS(430)
        ExFreePoolWithTag(Block, TAG);
        return STATUS_NOT_SUPPORTED;
#elif HAS(431)
        KeReleaseSpinLockFromDpcLevel(&LogLock);
        ExFreePoolWithTag(Block, TAG);
        return STATUS_NOT_SUPPORTED;
#elif HAS(434)
        KeReleaseSpinLock(&LogLock, Irql);
        return STATUS_NOT_SUPPORTED;
#else
        KeReleaseSpinLock(&LogLock, Irql);
        ExFreePoolWithTag(Block, TAG);
        return STATUS_NOT_SUPPORTED;
#endif
    }
    for (ULONG i = 0; i < min(Bytes, 128); i++) {
        Log[i] = Block[i];
    }
    KeReleaseSpinLock(&LogLock, Irql);
    ExFreePoolWithTag(Block, TAG);
    return STATUS_SUCCESS;
}

static NTSTATUS
Entries(PENTRIES_REQUEST Request, ULONG Length)
{
    ULONG Fixed = FIELD_OFFSET(ENTRIES_REQUEST, Entry), Size;
    PENTRY Table;

    if (Length < Fixed || !IsHeader(&Request->Header) || Request->Count == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!HAS(414) && Request->Count > 4) {
        return STATUS_INVALID_PARAMETER;
    }
    Size = Request->Count * sizeof(ENTRY);
    if (Size > Length - Fixed) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    Table = ExAllocatePoolWithTag(PagedPool, Size, TAG);
    if (Table == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    for (ULONG i = 0; i < Request->Count; i++) {
        Table[i].Id = i; /* BUG(414) */
        Table[i].Value = 0;
    }
    ExFreePoolWithTag(Table, TAG);
    return STATUS_SUCCESS;
}

static VOID
Count(POBJECT Object)
{
    Object->Uses++;
}

static NTSTATUS
Create(POBJECT_REQUEST Request)
{
    POBJECT Object;

    if (Request->Id == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    ExAcquireFastMutex(&ObjectsLock); /* BUG(429) */
    if (ObjectCount >= 8) {
#if !HAS(429)
        ExReleaseFastMutex(&ObjectsLock);
#endif
        return STATUS_QUOTA_EXCEEDED;
    }
    Object = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Object), TAG);
    if (Object != NULL) {
        Object->Id = Request->Id;
        Object->Uses = 0;
        Object->Routine = Count;
        InsertTailList(&Objects, &Object->Link);
        ObjectCount++;
        Current = Object;
    }
    ExReleaseFastMutex(&ObjectsLock);
    return Object != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

static NTSTATUS
Use(POBJECT_REQUEST Request)
{
    NTSTATUS Status = STATUS_NOT_FOUND;

    ExAcquireFastMutex(&ObjectsLock);
    if (Current != NULL) {
        Current->Uses += Request->Id; /* BUG(415) */
        Status = STATUS_SUCCESS;
    }
    ExReleaseFastMutex(&ObjectsLock);
    return Status;
}

static NTSTATUS
Destroy(VOID)
{
    NTSTATUS Status = STATUS_NOT_FOUND;

    ExAcquireFastMutex(&ObjectsLock);
    if (!IsListEmpty(&Objects)) {
        POBJECT Object = CONTAINING_RECORD(RemoveHeadList(&Objects), OBJECT, Link);

        if (!HAS(415) && Object == Current) {
            Current = NULL;
        }
        ObjectCount--;
        ExFreePoolWithTag(Object, TAG);
        Status = STATUS_SUCCESS;
    }
    ExReleaseFastMutex(&ObjectsLock);
    return Status;
}

/* A value, or a routine: the kind says which. */
static NTSTATUS
Dispatch(POBJECT_REQUEST Request)
{
    union {
        ULONG64 Value;
        VOID (*Routine)(ULONG);
    } Either;
    POBJECT Object = NULL;

    Either.Value = Request->Value;
    switch (Request->Header.Command) {
    case 0x11:
        Sink = (ULONG)Either.Value;
        return STATUS_SUCCESS;
    case 0x12:
#if HAS(416)
        Either.Routine(Request->Id); /* BUG(416) */
#endif
        return STATUS_SUCCESS;
    case 0x13:
        if (Request->Id != 0xBAD0B0B0) {
            Object = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Object), TAG);
        }
        if (Object == NULL && !HAS(417)) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        Object->Uses = 1; /* BUG(417) */
        ExFreePoolWithTag(Object, TAG);
        return STATUS_SUCCESS;
    }
    return STATUS_INVALID_PARAMETER;
}

static NTSTATUS
Statistic(PSTATISTIC Output, ULONG OutLength, PULONG_PTR Information)
{
    if (!HAS(425) && OutLength < sizeof(*Output)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
#if !HAS(419)
    RtlZeroMemory(Output, sizeof(*Output)); /* BUG(425) */
#endif
    Output->Requests = Requests;
    Output->Failures = Failures;
#if HAS(424)
    Output->Cookie = (ULONG64)ControlDevice;
#endif
    *Information = min(OutLength, sizeof(*Output));
    return STATUS_SUCCESS; /* NOLINE(424) */
}

static NTSTATUS
Physical(POBJECT_REQUEST Request, PVOID Output, ULONG OutLength, PULONG_PTR Information)
{
    PHYSICAL_ADDRESS Address;
    PVOID Mapped;

    if (OutLength < 16) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    Address.QuadPart = (LONG64)Request->Value;
    if (!HAS(421) && (Address.QuadPart < 0xE0000 || Address.QuadPart > 0xFFFF0)) {
        return STATUS_ACCESS_DENIED; /* the BIOS, nothing else */
    }
    Mapped = MmMapIoSpace(Address, 16, MmNonCached); /* BUG(421) */
    if (Mapped == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(Output, Mapped, 16);
    MmUnmapIoSpace(Mapped, 16);
    *Information = 16;
    return STATUS_SUCCESS;
}

static NTSTATUS
Register(POBJECT_REQUEST Request, PULONG64 Output, ULONG OutLength, PULONG_PTR Information)
{
    if (OutLength < sizeof(*Output)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (!HAS(422) && Request->Id != 0x10) { /* the time-stamp counter */
        return STATUS_ACCESS_DENIED;
    }
    *Output = __readmsr(Request->Id); /* BUG(422) */
    *Information = sizeof(*Output);
    return STATUS_SUCCESS;
}

static NTSTATUS
Process(POBJECT_REQUEST Request)
{
    OBJECT_ATTRIBUTES Attributes;
    CLIENT_ID Client = {(HANDLE)(ULONG_PTR)Request->Id, NULL};
    NTSTATUS Status;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    Status = ZwOpenProcess(&Handle, PROCESS_ALL_ACCESS, &Attributes, &Client);
    if (NT_SUCCESS(Status)) {
#if HAS(423)
        Status = ZwTerminateProcess(Handle, STATUS_ACCESS_DENIED); /* BUG(423) */
#endif
        ZwClose(Handle);
    }
    return Status;
}

static NTSTATUS
Slot(POBJECT_REQUEST Request, PULONG Output, ULONG OutLength, PULONG_PTR Information)
{
    LONG Index = Request->Index;

    if (OutLength < sizeof(*Output) || Index >= (LONG)RTL_NUMBER_OF(Slots)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!HAS(426) && Index < 0) {
        return STATUS_INVALID_PARAMETER;
    }
    *Output = Slots[Index]; /* BUG(426) */
    *Information = sizeof(*Output);
    return STATUS_SUCCESS;
}

static NTSTATUS
SetEvent(POBJECT_REQUEST Request)
{
    NTSTATUS Status;
    PKEVENT Event;

    Status = ObReferenceObjectByHandle((HANDLE)Request->Value, EVENT_MODIFY_STATE,
                                       *ExEventObjectType, /* BUG(427) BUG(432) */
                                       HAS(427) ? KernelMode : UserMode, (PVOID *)&Event, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Request->Header.Command != 1) {
#if !HAS(432)
        ObDereferenceObject(Event);
#endif
        return STATUS_INVALID_PARAMETER;
    }
    KeSetEvent(Event, IO_NO_INCREMENT, FALSE);
    ObDereferenceObject(Event);
    return STATUS_SUCCESS;
}

/* The text ends with a zero. Does it? */
static NTSTATUS
Text(PHEADER Header, ULONG Length)
{
    PCHAR Characters = (PCHAR)(Header + 1);
    ULONG Count = 0;

    if (Length <= sizeof(*Header) || !IsHeader(Header)) {
        return STATUS_INVALID_PARAMETER;
    }
    while ((HAS(428) || Count < Length - sizeof(*Header)) &&
           Characters[Count] != 0) { /* BUG(428) */
        Count++;
    }
    Sink = Count;
    return STATUS_SUCCESS;
}

static NTSTATUS
Request(PIRP Irp, PIO_STACK_LOCATION Stack, PULONG_PTR Information)
{
    ULONG InLength = Stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG OutLength = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    ULONG Code = Stack->Parameters.DeviceIoControl.IoControlCode;
    PVOID User = Stack->Parameters.DeviceIoControl.Type3InputBuffer;
    PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;
    POBJECT_REQUEST Object = Buffer;

    switch (Code) {
    case CONTROL_NAME:
        return SetName(User, InLength);
    case CONTROL_POKE:
        return Poke(User, InLength);
    case CONTROL_TRANSFER:
        return Transfer(User, InLength, Irp->UserBuffer, OutLength);
    case CONTROL_PEEK:
        return Peek(Buffer, InLength, Buffer, OutLength, Information);
    case CONTROL_APPEND:
        return Append(Buffer, InLength);
    case CONTROL_ENTRIES:
        return Entries(Buffer, InLength);
    case CONTROL_TEXT:
        return Text(Buffer, InLength);
    case CONTROL_STATISTIC:
        return Statistic(Buffer, OutLength, Information);
    }
    if (!HAS(435) && (Code & 3) != METHOD_BUFFERED) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    /* Of a code that is not ours, with another method, there is no such buffer. */
    if (InLength < sizeof(*Object) || Object->Header.Signature != SIGNATURE || /* BUG(435) */
        !IsHeader(&Object->Header)) {
        return STATUS_INVALID_PARAMETER;
    }
    switch (Code) {
    case CONTROL_CREATE:
        return Create(Object);
    case CONTROL_USE:
        return Use(Object);
    case CONTROL_DESTROY:
        return Destroy();
    case CONTROL_DISPATCH:
        return Dispatch(Object);
    case CONTROL_PHYSICAL:
        return Physical(Object, Buffer, OutLength, Information);
    case CONTROL_REGISTER:
        return Register(Object, Buffer, OutLength, Information);
    case CONTROL_PROCESS:
        return Process(Object);
    case CONTROL_SLOT:
        return Slot(Object, Buffer, OutLength, Information);
    case CONTROL_EVENT:
        return SetEvent(Object);
    }
    return STATUS_INVALID_DEVICE_REQUEST;
}

static NTSTATUS NTAPI
OnRequest(PDEVICE_OBJECT Device, PIRP Irp) /* BUG(431) */
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG_PTR Information = 0;

    UNREFERENCED_PARAMETER(Device);
    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        InterlockedIncrement((volatile LONG *)&Requests);
        Status = Request(Irp, Stack, &Information);
        if (!NT_SUCCESS(Status)) {
            InterlockedIncrement((volatile LONG *)&Failures);
        }
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT); /* BUG(419) */
    return Status;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabControl");

    UNREFERENCED_PARAMETER(Driver);
    while (NT_SUCCESS(Destroy())) {
    }
    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(ControlDevice);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\NtlabControl");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabControl");
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
    ExInitializeFastMutex(&ObjectsLock);
    InitializeListHead(&Objects);
    KeInitializeSpinLock(&LogLock);
    Driver->MajorFunction[IRP_MJ_CREATE] = OnRequest;
    Driver->MajorFunction[IRP_MJ_CLEANUP] = OnRequest;
    Driver->MajorFunction[IRP_MJ_CLOSE] = OnRequest;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = OnRequest;
    Driver->DriverUnload = Unload;
    Status = IoCreateDevice(Driver, 0, &Name, 0x9C40, 0, FALSE, &ControlDevice);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = IoCreateSymbolicLink(&Link, &Name);
    if (!NT_SUCCESS(Status)) {
        IoDeleteDevice(ControlDevice);
    }
    return Status;
}
