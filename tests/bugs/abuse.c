/*
 * abuse.c - drivers of utilities: ports, registers, physical memory and processes for whoever asks. With the bug what the
 * request names is used as it is; without it the driver knows its bounds.
 */
#include "bug.h"

typedef struct _REQUEST {
    ULONG64 Number; /* of a port, a register, a process; an address */
    ULONG64 Value;
} REQUEST, *PREQUEST;

typedef struct _SESSION {
    ULONG64 Cookie;
    volatile ULONG64 Uses;
} SESSION, *PSESSION;

/* The DDK's headers leave these to the compiler. */
static inline ULONG64
ReadRegister(ULONG Register)
{
    ULONG Low, High;

    __asm__ volatile("rdmsr" : "=a"(Low), "=d"(High) : "c"(Register)); /* BUG(703) */
    return (ULONG64)High << 32 | Low;
}

static inline VOID
WriteRegister(ULONG Register, ULONG64 Value)
{
    /* BUG(702) */
    __asm__ volatile("wrmsr" : : "c"(Register), "a"((ULONG)Value), "d"((ULONG)(Value >> 32)));
}

static SESSION Sessions[4] = {{1}, {2}, {3}, {4}};

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    return STATUS_SUCCESS;
}

static VOID
BugStop(VOID)
{
}

#if EITHER(700) || EITHER(701) || EITHER(709) || EITHER(710)
/* The embedded controller. */
#define FIRST_PORT 0x62
#define LAST_PORT  0x66

static NTSTATUS
Use(PREQUEST Request)
{
    USHORT Port = (USHORT)Request->Number;

    if (CASE >= 1200 && (Port < FIRST_PORT || Port > LAST_PORT)) {
        return STATUS_ACCESS_DENIED;
    }
    if (EITHER(700)) {
        __outbyte(Port, (UCHAR)Request->Value); /* BUG(700) */
    } else if (EITHER(709)) {
        __outbytestring(Port, (PUCHAR)&Request->Value, sizeof(Request->Value)); /* BUG(709) */
    } else if (EITHER(710)) {
        __inwordstring(Port, (PUSHORT)&Request->Value, sizeof(Request->Value) / 2); /* BUG(710) */
    } else {
        Request->Value = __indword(Port); /* BUG(701) */
    }
    return STATUS_SUCCESS;
}
#elif EITHER(702) || EITHER(703)
#define TIME_STAMP_COUNTER 0x10

static NTSTATUS
Use(PREQUEST Request)
{
    ULONG Register = (ULONG)Request->Number;

    if (!HAS(702) && !HAS(703) && Register != TIME_STAMP_COUNTER) {
        return STATUS_ACCESS_DENIED;
    }
    __try {
        if (EITHER(702)) {
            WriteRegister(Register, Request->Value);
        } else {
            Request->Value = ReadRegister(Register);
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return STATUS_NOT_SUPPORTED; /* the processor has no such register */
    }
    return STATUS_SUCCESS;
}
#elif EITHER(704) || EITHER(705)
/* What was once returned to a program comes back as a pointer. */
static PSESSION
SessionOf(ULONG64 Number)
{
    if (HAS(704) || HAS(705)) {
        /* The kernel's: it must be ours. */
        return Number > (ULONG64)MmHighestUserAddress ? (PSESSION)Number : NULL;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Sessions); i++) {
        if (Sessions[i].Cookie == Number) {
            return &Sessions[i];
        }
    }
    return NULL;
}

static NTSTATUS
Use(PREQUEST Request)
{
    PSESSION Session = SessionOf(Request->Number);

    if (Session == NULL) {
        return STATUS_INVALID_HANDLE;
    }
    __try {
        if (EITHER(704)) {
            Session->Uses = Request->Value; /* BUG(704) */
        } else {
            RtlCopyMemory(Request, Session, sizeof(*Session)); /* BUG(705) */
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return STATUS_INVALID_HANDLE;
    }
    return STATUS_SUCCESS;
}
#elif EITHER(706)
/* A debugging aid opens processes that its user may not open. */
static NTSTATUS
Use(PREQUEST Request)
{
    PEPROCESS Process;
    NTSTATUS Status;
    HANDLE Handle;

    Status = PsLookupProcessByProcessId((HANDLE)(ULONG_PTR)Request->Number, &Process);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObOpenObjectByPointer(Process, 0, NULL, PROCESS_ALL_ACCESS, *PsProcessType,
                                   HAS(706) ? KernelMode : UserMode, &Handle); /* BUG(706) */
    ObDereferenceObject(Process);
    if (NT_SUCCESS(Status)) {
        Request->Value = (ULONG64)Handle;
    }
    return Status;
}
#elif EITHER(707)
static NTSTATUS
Use(PREQUEST Request)
{
    OBJECT_ATTRIBUTES Attributes;
    CLIENT_ID Client = {(HANDLE)(ULONG_PTR)Request->Number, NULL};
    NTSTATUS Status;
    HANDLE Handle;

    /* Without the bug the handle is the driver's own, and closed. */
    InitializeObjectAttributes(&Attributes, NULL, HAS(707) ? 0 : OBJ_KERNEL_HANDLE, NULL, NULL);
    Status = ZwOpenProcess(&Handle, PROCESS_ALL_ACCESS, &Attributes, &Client); /* BUG(707) */
    if (NT_SUCCESS(Status)) {
        if (HAS(707)) {
            Request->Value = (ULONG64)Handle;
        } else {
            ZwClose(Handle);
        }
    }
    return Status;
}
#elif EITHER(708)
/* Physical memory as drivers had it before MmMapIoSpace: a view of a section. */
#define BIOS_START 0xE0000
#define BIOS_END   0xF0000

static NTSTATUS
Use(PREQUEST Request)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\PhysicalMemory");
    LARGE_INTEGER Physical = {.QuadPart = (LONG64)Request->Number};
    OBJECT_ATTRIBUTES Attributes;
    SIZE_T Bytes = PAGE_SIZE;
    PVOID Base = NULL;
    NTSTATUS Status;
    HANDLE Section;

    if (!HAS(708) && (Physical.QuadPart < BIOS_START || Physical.QuadPart > BIOS_END)) {
        return STATUS_ACCESS_DENIED;
    }
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    Status = ZwOpenSection(&Section, SECTION_MAP_READ | SECTION_MAP_WRITE, &Attributes);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status =
        ZwMapViewOfSection(Section, ZwCurrentProcess(), &Base, 0, Bytes, &Physical, /* BUG(708) */
                           &Bytes, ViewUnmap, 0, PAGE_READWRITE | PAGE_NOCACHE);
    ZwClose(Section);
    if (NT_SUCCESS(Status)) {
        Request->Value = (ULONG64)Base;
    }
    return Status;
}
#else
#error no such case
#endif

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    NTSTATUS Status;

    (VOID) Sessions;
    if (Stack->MajorFunction != IRP_MJ_DEVICE_CONTROL ||
        Stack->Parameters.DeviceIoControl.IoControlCode != BUG_BUFFERED ||
        Stack->Parameters.DeviceIoControl.InputBufferLength < sizeof(REQUEST) ||
        Stack->Parameters.DeviceIoControl.OutputBufferLength < sizeof(REQUEST)) {
        return BugFinish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
    Status = Use(Irp->AssociatedIrp.SystemBuffer);
    return BugFinish(Irp, Status, NT_SUCCESS(Status) ? sizeof(REQUEST) : 0);
}
