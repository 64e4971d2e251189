/*
 * advisories.c - mistakes of which advisories about drivers tell again and again, one for each CASE: lengths that are not
 * looked at, what stays on the stack, handles and names that a program may choose, memory that one thread frees and
 * another one uses.
 */
#define BUG_OWN_CLEANUP
#if CASE == 1628
#define BUG_CHARACTERISTICS FILE_DEVICE_SECURE_OPEN
#endif
#include "bug.h"

#define TAG 'vdaB'

typedef struct _MESSAGE {
    ULONG Bytes;
    UCHAR Data[60];
} MESSAGE, *PMESSAGE;

typedef struct _STATE {
    ULONG Version;
    ULONG Flags;
    ULONG64 Time;
    ULONG Reserved[4];
} STATE, *PSTATE;

#ifndef MM_COPY_MEMORY_PHYSICAL /* not in this DDK */
#define MM_COPY_MEMORY_PHYSICAL 1
typedef struct _MM_COPY_ADDRESS {
    union {
        PVOID VirtualAddress;
        PHYSICAL_ADDRESS PhysicalAddress;
    };
} MM_COPY_ADDRESS;
NTKERNELAPI NTSTATUS NTAPI MmCopyMemory(PVOID TargetAddress, MM_COPY_ADDRESS SourceAddress,
                                        SIZE_T NumberOfBytes, ULONG Flags,
                                        PSIZE_T NumberOfBytesTransferred);
#endif

static volatile ULONG Sink;
static PVOID volatile Shared;
static KSPIN_LOCK Lock, Other;
static FAST_MUTEX Mutex;
static LONG volatile References;

#if EITHER(1128)
/* NOLINE(1128): IoCreateDevice in bug.h. The device is the system's and the administrators'; without FILE_DEVICE_SECURE_OPEN
   its descriptor says nothing of \\Device\\NtlabBug\\name. */
static NTSTATUS
Protect(PDEVICE_OBJECT Device)
{
    union {
        ACL Acl;
        UCHAR Room[128];
    } Dacl;
    SECURITY_DESCRIPTOR Descriptor;
    HANDLE Handle;
    NTSTATUS Status;

    RtlCreateSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    RtlCreateAcl(&Dacl.Acl, sizeof(Dacl), ACL_REVISION);
    RtlAddAccessAllowedAce(&Dacl.Acl, ACL_REVISION, FILE_ALL_ACCESS, SeExports->SeLocalSystemSid);
    RtlAddAccessAllowedAce(&Dacl.Acl, ACL_REVISION, FILE_ALL_ACCESS, SeExports->SeAliasAdminsSid);
    RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, &Dacl.Acl, FALSE);
    Status = ObOpenObjectByPointer(Device, OBJ_KERNEL_HANDLE, NULL, WRITE_DAC, NULL, KernelMode,
                                   &Handle);
    if (NT_SUCCESS(Status)) {
        Status = ZwSetSecurityObject(Handle, DACL_SECURITY_INFORMATION, &Descriptor);
        ZwClose(Handle);
    }
    return Status;
}
#endif

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    KeInitializeSpinLock(&Lock);
    KeInitializeSpinLock(&Other);
    ExInitializeFastMutex(&Mutex);
#if EITHER(1128)
    return Protect(BugDevice);
#else
    return STATUS_SUCCESS;
#endif
}

static VOID
BugStop(VOID)
{
    if (Shared != NULL) {
        ExFreePoolWithTag(Shared, TAG);
    }
}

static VOID
BugCleanup(PDEVICE_OBJECT Device, PIRP Irp)
{
    PFILE_OBJECT File = IoGetCurrentIrpStackLocation(Irp)->FileObject;

#if EITHER(1113)
    /* Others may still have requests with this handle. */
    PVOID Block;

    ExAcquireFastMutex(&Mutex);
    Block = File->FsContext;
    if (!HAS(1113)) {
        File->FsContext = NULL;
    }
    ExReleaseFastMutex(&Mutex);
    if (Block != NULL) {
        ExFreePoolWithTag(Block, TAG);
    }
#endif
    (VOID) File;
}

#if EITHER(1104)
/* Brackets within brackets, as deep as the user likes. */
static DECLSPEC_NOINLINE ULONG
Nested(const UCHAR *At, const UCHAR *End, ULONG Depth)
{
    volatile UCHAR Name[120]; /* BUG(1104) */

    Name[0] = *At; /* BUG(1104) */
    if (At + 1 >= End || (!HAS(1104) && Depth > 8)) {
        return Depth;
    }
    return Nested(At + 1, End, Depth + 1) + Name[0]; /* BUG(1104) */
}
#endif

#if EITHER(1103)
static DECLSPEC_NOINLINE ULONG
OnStack(const UCHAR *From, ULONG Bytes)
{
    PUCHAR Copied = __builtin_alloca(Bytes); /* BUG(1103) */

    RtlCopyMemory(Copied, From, Bytes);
    return Copied[Bytes / 2];
}
#endif

#if EITHER(1109)
static VOID NTAPI
Work(PDEVICE_OBJECT Device, PVOID Context)
{
    if (!HAS(1109)) {
        IoFreeWorkItem(Context);
    }
    Sink = 2;
}
#endif

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    PUCHAR Buffer = Irp->AssociatedIrp.SystemBuffer;
    ULONG Input = Stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG Output = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    ULONG Code = Stack->Parameters.DeviceIoControl.IoControlCode;
    PVOID User = Stack->Parameters.DeviceIoControl.Type3InputBuffer;
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG_PTR Information = 0;
    PUCHAR Block;
    PVOID Object;
    KIRQL OldIrql, Irql;
    PMDL Mdl;

    (VOID) Input, (VOID)Output, (VOID)Block, (VOID)Object, (VOID)OldIrql, (VOID)Irql, (VOID)Mdl,
        (VOID)User;
    if (Stack->MajorFunction != IRP_MJ_DEVICE_CONTROL) {
        return BugFinish(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
#if EITHER(1105) || EITHER(1106) || EITHER(1107) || EITHER(1108) || EITHER(1124) ||                \
    EITHER(1126) || EITHER(1127)
    if (Code != BUG_NEITHER) {
        return BugFinish(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
#elif EITHER(1100)
    if (Code != BUG_BUFFERED) {
        return BugFinish(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
#else
    if (Code != BUG_BUFFERED || Buffer == NULL) {
        return BugFinish(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
#endif
#if EITHER(1100)
    /* A request without input and output has no buffer. */
    if (!HAS(1100) && Input < sizeof(ULONG)) {
        return BugFinish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    }
    Sink = *(PULONG)Buffer; /* BUG(1100) */
#elif EITHER(1101)
    /* The length without its header, and nobody has looked whether there is one. */
    if (!HAS(1101) && Input < FIELD_OFFSET(MESSAGE, Data)) {
        return BugFinish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    }
    Block = ExAllocatePoolWithTag(NonPagedPoolNx, 64, TAG);
    if (Block != NULL) {
        ULONG Bytes = Input - FIELD_OFFSET(MESSAGE, Data);

        if ((LONG)Bytes <= 64) {
            RtlCopyMemory(Block, ((PMESSAGE)Buffer)->Data, Bytes); /* BUG(1101) */
        }
        ExFreePoolWithTag(Block, TAG);
    }
#elif EITHER(1102)
    /* A structure on the stack: two of its fields are not set. */
    STATE State;

    if (Output >= sizeof(State)) {
        if (!HAS(1102)) {
            RtlZeroMemory(&State, sizeof(State));
        }
        State.Version = 1;
        State.Flags = 3;
        State.Time = 5;
        RtlCopyMemory(Buffer, &State, sizeof(State));
        Information = sizeof(State);
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT); /* BUG(1102) */
    return STATUS_SUCCESS;
#elif EITHER(1103)
    /* A copy on the stack, as long as the user likes. */
    if (Input > 0 && (HAS(1103) || Input <= 256)) {
        Sink = OnStack(Buffer, Input);
    }
#elif EITHER(1104)
    Sink = Input == 0 ? 0 : Nested(Buffer, Buffer + Input, 0);
#elif EITHER(1105)
    /* ProbeForRead raises for a bad address, and nobody is there to catch it. */
    if (HAS(1105)) {
        ProbeForRead(User, Input, 1); /* BUG(1105) */
    }
    __try {
        if (!HAS(1105)) {
            ProbeForRead(User, Input, 1);
        }
        if (Input >= 4) {
            Sink = *(volatile ULONG *)User;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
#elif EITHER(1106)
    /* MmProbeAndLockPages raises as well. */
    Mdl = Input != 0 ? IoAllocateMdl(User, Input, FALSE, FALSE, NULL) : NULL;
    if (Mdl != NULL) {
#if HAS(1106)
        MmProbeAndLockPages(Mdl, UserMode, IoReadAccess); /* BUG(1106) */
        MmUnlockPages(Mdl);
#else
        __try {
            MmProbeAndLockPages(Mdl, UserMode, IoReadAccess);
            MmUnlockPages(Mdl);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
#endif
        IoFreeMdl(Mdl);
    }
#elif EITHER(1107)
    /* The user's address is locked as if the kernel had chosen it: it may be one of the kernel's. */
    Mdl = Input != 0 ? IoAllocateMdl(User, Input, FALSE, FALSE, NULL) : NULL;
    if (Mdl != NULL) {
        BOOLEAN Locked = FALSE;

        __try {
            MmProbeAndLockPages(Mdl, HAS(1107) ? KernelMode : UserMode,
                                IoWriteAccess); /* BUG(1107) */
            Locked = TRUE;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
        if (Locked) {
            Block = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
            if (Block != NULL) {
                Block[0] = 1;
            }
            MmUnlockPages(Mdl);
        }
        IoFreeMdl(Mdl);
    }
#elif EITHER(1108)
    /* Probed as long as the header is, and used as long as it says. */
    __try {
        MESSAGE Message;

        if (Input < sizeof(MESSAGE)) {
            return BugFinish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        ProbeForRead(User, HAS(1108) ? FIELD_OFFSET(MESSAGE, Data) : sizeof(MESSAGE), 1);
        Message = *(PMESSAGE)User; /* BUG(1108) */
        Sink = Message.Data[9];
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
#elif EITHER(1109)
    /* Freed as soon as it is queued. */
    Object = IoAllocateWorkItem(Device);
    if (Object != NULL) {
        IoQueueWorkItem(Object, Work, DelayedWorkQueue, Object);
        if (HAS(1109)) {
            IoFreeWorkItem(Object); /* BUG(1109) */
        }
    }
#elif EITHER(1110)
    /* A handle of the user's, whatever it may be one of, is signaled as an event. */
    if (Input < sizeof(HANDLE)) {
        return BugFinish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    }
    Status =
        ObReferenceObjectByHandle(*(PHANDLE)Buffer, EVENT_MODIFY_STATE, /* BUG(1110) */
                                  HAS(1110) ? NULL : *ExEventObjectType, UserMode, &Object, NULL);
    if (NT_SUCCESS(Status)) {
        KeSetEvent(Object, IO_NO_INCREMENT, FALSE);
        ObDereferenceObject(Object);
    }
#elif EITHER(1111)
    /* The reference is given back twice. */
    if (Input < sizeof(HANDLE)) {
        return BugFinish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    }
    Status = ObReferenceObjectByHandle(*(PHANDLE)Buffer, EVENT_MODIFY_STATE, *ExEventObjectType,
                                       UserMode, &Object, NULL);
    if (NT_SUCCESS(Status)) {
        KeSetEvent(Object, IO_NO_INCREMENT, FALSE);
        ObDereferenceObject(Object);
        if (HAS(1111)) {
            ObDereferenceObject(Object); /* BUG(1111) */
        }
    }
#elif EITHER(1112)
    /* A file of the user's: its fields are another object's if it is none. */
    if (Input < sizeof(HANDLE)) {
        return BugFinish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    }
    Status =
        ObReferenceObjectByHandle(*(PHANDLE)Buffer, FILE_READ_DATA, /* BUG(1112) */
                                  HAS(1112) ? NULL : *IoFileObjectType, UserMode, &Object, NULL);
    if (NT_SUCCESS(Status)) {
        PDEVICE_OBJECT Related = IoGetRelatedDeviceObject(Object);

        Sink = Related->DeviceType;
        ObDereferenceObject(Object);
    }
#elif EITHER(1113)
    /* What belongs to a handle, freed at its cleanup. */
    ExAcquireFastMutex(&Mutex);
    if (Stack->FileObject->FsContext == NULL &&
        (HAS(1113) || (Stack->FileObject->Flags & FO_CLEANUP_COMPLETE) == 0)) {
        Stack->FileObject->FsContext = ExAllocatePoolWithTag(NonPagedPoolNx, 64, TAG);
    }
    Block = Stack->FileObject->FsContext;
    if (Block != NULL) {
        Block[4]++; /* BUG(1113) */
    }
    ExReleaseFastMutex(&Mutex);
#elif EITHER(1114)
    /* Two requests exchange what all share, and no lock. */
    Block = ExAllocatePoolWithTag(NonPagedPoolNx, 64, TAG);
    if (Block != NULL) {
        if (!HAS(1114)) {
            ExAcquireFastMutex(&Mutex);
        }
        Object = Shared;
        if (Object != NULL) {
            ExFreePoolWithTag(Object, TAG); /* BUG(1114) */
        }
        Shared = Block;
        if (!HAS(1114)) {
            ExReleaseFastMutex(&Mutex);
        }
    }
#elif EITHER(1115)
    /* Two locks, and one variable for the IRQL. */
    KeAcquireSpinLock(&Lock, &OldIrql);
    KeAcquireSpinLock(&Other, HAS(1115) ? &OldIrql : &Irql);
    Sink = 3;
    KeReleaseSpinLock(&Other, HAS(1115) ? OldIrql : Irql);
    KeReleaseSpinLock(&Lock, OldIrql); /* NOLINE(1115): the routine */
#elif EITHER(1116)
    /* The device is dereferenced, of which there is no reference, and the file is not. */
    UNICODE_STRING Null = RTL_CONSTANT_STRING(L"\\Device\\Null");
    PDEVICE_OBJECT Lower;
    PFILE_OBJECT LowerFile;

    Status =
        IoGetDeviceObjectPointer(&Null, FILE_READ_ATTRIBUTES, &LowerFile, &Lower); /* BUG(1116) */
    if (NT_SUCCESS(Status)) {
        ObDereferenceObject(HAS(1116) ? (PVOID)Lower : (PVOID)LowerFile); /* BUG(1116) */
    }
#elif EITHER(1117)
    /* A signed comparison: what is negative is small. */
    if (Input < sizeof(MESSAGE) ||
        (HAS(1117) ? (LONG)((PMESSAGE)Buffer)->Bytes > 60 : ((PMESSAGE)Buffer)->Bytes > 60)) {
        return BugFinish(Irp, STATUS_INVALID_PARAMETER, 0);
    }
    Block = ExAllocatePoolWithTag(NonPagedPoolNx, 60, TAG);
    if (Block != NULL) {
        RtlCopyMemory(Block, ((PMESSAGE)Buffer)->Data, ((PMESSAGE)Buffer)->Bytes); /* BUG(1117) */
        ExFreePoolWithTag(Block, TAG);
    }
#elif EITHER(1118)
    /* A file that the user names is opened with the driver's rights. */
    if (Input >= 16 && Input < 1024 && Input % 2 == 0) {
        UNICODE_STRING Name = {
            .Length = (USHORT)Input, .MaximumLength = (USHORT)Input, .Buffer = (PWCH)Buffer};
        OBJECT_ATTRIBUTES Attributes;
        IO_STATUS_BLOCK Block2;
        HANDLE File;

        while (Name.Length >= 2 && Name.Buffer[Name.Length / 2 - 1] == 0) {
            Name.Length -= 2;
        }
        InitializeObjectAttributes(&Attributes, &Name,
                                   OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE |
                                       (HAS(1118) ? 0 : OBJ_FORCE_ACCESS_CHECK),
                                   NULL, NULL);
        /* BUG(1118) */
        Status = ZwCreateFile(&File, GENERIC_WRITE | SYNCHRONIZE, &Attributes, &Block2, NULL,
                              FILE_ATTRIBUTE_NORMAL, 0, FILE_OPEN_IF, FILE_SYNCHRONOUS_IO_NONALERT,
                              NULL, 0);
        if (NT_SUCCESS(Status)) {
            ZwClose(File);
        }
    }
#elif EITHER(1120)
    /* References that are counted, and looked at once more. */
    ExAcquireFastMutex(&Mutex);
    if (Shared == NULL) {
        Shared = ExAllocatePoolWithTag(NonPagedPoolNx, 64, TAG);
        References = 0;
    }
    Block = Shared;
    InterlockedIncrement(&References);
    ExReleaseFastMutex(&Mutex);
    if (Block != NULL) {
        Block[1]++; /* BUG(1120) */
    }
    if (!HAS(1120)) {
        ExAcquireFastMutex(&Mutex);
    }
    if (InterlockedDecrement(&References) == 0 && Block != NULL) {
        Shared = NULL;
        ExFreePoolWithTag(Block, TAG); /* BUG(1120) */
    }
    if (!HAS(1120)) {
        ExReleaseFastMutex(&Mutex);
    }
#elif EITHER(1121)
    /* Physical memory of the user's choice is copied. */
    if (Input >= 8 && Output >= 8) {
        MM_COPY_ADDRESS Address = {.PhysicalAddress.QuadPart = *(PLONGLONG)Buffer};
        SIZE_T Copied = 0;

        if (!HAS(1121) && (ULONG64)Address.PhysicalAddress.QuadPart >= 0x100000) {
            return BugFinish(Irp, STATUS_ACCESS_DENIED, 0);
        }
        Block = ExAllocatePoolWithTag(NonPagedPoolNx, 8, TAG);
        if (Block != NULL) {
            Status =
                MmCopyMemory(Block, Address, 8, MM_COPY_MEMORY_PHYSICAL, &Copied); /* BUG(1121) */
            ExFreePoolWithTag(Block, TAG);
        }
    }
#elif EITHER(1123)
    /* A string of the user's, whose length is not looked at. */
    if (Input >= 32) {
        UNICODE_STRING Name = {.Length = *(PUSHORT)Buffer,
                               .MaximumLength = *(PUSHORT)Buffer,
                               .Buffer = (PWCH)(Buffer + 8)};
        WCHAR Room[16];
        UNICODE_STRING Copied = {.MaximumLength = sizeof(Room), .Buffer = Room};

        if (!HAS(1123) && Name.Length > Input - 8) {
            return BugFinish(Irp, STATUS_INVALID_PARAMETER, 0);
        }
        Copied.Length = 0;
        for (ULONG i = 0; i < Name.Length / 2; i++) {
            Sink += Name.Buffer[i]; /* BUG(1123) */
        }
        RtlCopyUnicodeString(&Copied, &Name);
    }
#elif EITHER(1124)
    /* The user's memory is copied outside of __try. */
    if (Input >= sizeof(MESSAGE)) {
        MESSAGE Message;

#if HAS(1124)
        RtlCopyMemory(&Message, User, sizeof(Message)); /* BUG(1124) */
        Sink = Message.Data[9];
#else
        __try {
            ProbeForRead(User, sizeof(MESSAGE), 1);
            RtlCopyMemory(&Message, User, sizeof(Message));
            Sink = Message.Data[9];
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
#endif
    }
#elif EITHER(1125)
    /* A key that the user names is opened with the driver's rights. */
    if (Input >= 16 && Input < 1024 && Input % 2 == 0) {
        UNICODE_STRING Name = {
            .Length = (USHORT)Input, .MaximumLength = (USHORT)Input, .Buffer = (PWCH)Buffer};
        OBJECT_ATTRIBUTES Attributes;
        HANDLE Key;

        while (Name.Length >= 2 && Name.Buffer[Name.Length / 2 - 1] == 0) {
            Name.Length -= 2;
        }
        InitializeObjectAttributes(&Attributes, &Name,
                                   OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE |
                                       (HAS(1125) ? 0 : OBJ_FORCE_ACCESS_CHECK),
                                   NULL, NULL);
        Status = ZwOpenKey(&Key, KEY_SET_VALUE, &Attributes); /* BUG(1125) */
        if (NT_SUCCESS(Status)) {
            ZwClose(Key);
        }
    }
#elif EITHER(1126)
    /* The user's memory is copied, and was never probed. */
    __try {
        MESSAGE Message;

        if (Input < sizeof(MESSAGE)) {
            return BugFinish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        if (!HAS(1126)) {
            ProbeForRead(User, sizeof(MESSAGE), 1);
        }
        RtlCopyMemory(&Message, User, sizeof(Message)); /* BUG(1126) */
        Sink = Message.Data[9];
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
#elif EITHER(1127)
    /* The user gets a structure whose fields are not all set, without the I/O manager. */
    __try {
        STATE State;

        if (Output < sizeof(State)) {
            return BugFinish(Irp, STATUS_BUFFER_TOO_SMALL, 0);
        }
        if (!HAS(1127)) {
            RtlZeroMemory(&State, sizeof(State));
        }
        State.Version = 1;
        State.Time = 5;
        ProbeForWrite(Irp->UserBuffer, sizeof(State), 1);
        RtlCopyMemory(Irp->UserBuffer, &State, sizeof(State)); /* BUG(1127) */
        Information = sizeof(State);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
#elif EITHER(1128)
#else
#error no such case
#endif
    return BugFinish(Irp, Status, Information);
}
