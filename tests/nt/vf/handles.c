/*
 * handles.c - handles and objects that a driver uses in a program's request: the program's, its own of this process, of the system and of another process, with the
 * kernel's rights or the program's, as what they are or as something else; against a model of what is wrong with it.
 *
 * Each request has a routine of its own, for a rule is told once for each place. `judged: ROUTINE RULE`: judged.py.
 * [wdm: InitializeObjectAttributes, ObReferenceObjectByHandle; docs/rules: KernelHandle, UserHandleKernelMode, HandleWrongProcess, ObjectType]
 */
#include <ntifs.h>
#include "numbered.h"
#include "handles.h"
#define DEVICE L"JudgedHandles"
#include "judged.h"

NTSYSAPI NTSTATUS NTAPI ZwSetEvent(HANDLE, PLONG);
NTSYSAPI NTSTATUS NTAPI ZwDeleteValueKey(HANDLE, PUNICODE_STRING);

static HANDLE Elsewhere; /* opened in the system's process */
static volatile ULONG64 Sink;

static inline __attribute__((always_inline)) HANDLE
OpenOwn(BOOLEAN Kernel, BOOLEAN Named)
{
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle = NULL;

    InitializeObjectAttributes(&Attributes, NULL, Kernel ? OBJ_KERNEL_HANDLE : 0, NULL, NULL);
    (void)ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, Named ? &Attributes : NULL, NotificationEvent,
                        FALSE);
    return Handle;
}

static POBJECT_TYPE
TypeOf(const CASE *This)
{
    return This->Object == AN_EVENT      ? *ExEventObjectType
           : This->Object == A_SEMAPHORE ? *ExSemaphoreObjectType
           : This->Object == A_PROCESS   ? *PsProcessType
                                         : *PsThreadType;
}

static inline __attribute__((always_inline)) VOID
Act(const CASE *This, HANDLE Clients, HANDLE Own)
{
    HANDLE Handle = This->Whose == OF_CLIENT ? Clients
                    : This->Whose == PSEUDO
                        ? (This->Object == A_THREAD ? NtCurrentThread() : NtCurrentProcess())
                    : This->Whose == OWN_ELSEWHERE ? Elsewhere
                                                   : Own;
    UNICODE_STRING None = {0, 0, NULL};
    PVOID Object = NULL;

    switch (This->Kind) {
    case OPENS:
        Handle = OpenOwn(This->Kernel, TRUE);
        ZwClose(Handle);
        break;
    case OPENS_UNNAMED:
        Handle = OpenOwn(FALSE, FALSE);
        ZwClose(Handle);
        break;
    case REFERENCES:
        if (NT_SUCCESS(ObReferenceObjectByHandle(Handle, 0, This->Typed ? TypeOf(This) : NULL,
                                                 This->Kernel ? KernelMode : UserMode, &Object,
                                                 NULL))) {
            ObDereferenceObject(Object);
        }
        break;
    case SETS:
        ZwSetEvent(Handle, NULL);
        break;
    case QUERIES:
        ZwDeleteValueKey(Handle, &None); /* it is no key: nothing comes of it but a status */
        break;
    case CLOSES:
        ZwClose(Handle);
        break;
    default:
        if (!NT_SUCCESS(ObReferenceObjectByHandle(Handle, 0, This->Typed ? TypeOf(This) : NULL,
                                                  UserMode, &Object, NULL))) {
            break;
        }
        if (This->Forgotten) {
            ObDereferenceObject(Object);
            (void)ObReferenceObjectByHandle(Handle, 0, TypeOf(This), UserMode, &Object, NULL);
        }
        __try {
            if (This->Kind == READS_EVENT) {
                Sink = (ULONG64)KeReadStateEvent(Object);
            } else if (This->Kind == RELEASES) {
                Sink = (ULONG64)KeReleaseSemaphore(
                    Object, 0, 0x7FFFFFFF, FALSE); /* more than any has room for: it raises */
            } else if (This->Kind == ASKS_PROCESS) {
                Sink = (ULONG64)PsGetProcessId(Object);
            } else {
                Sink = (ULONG64)PsGetThreadId(Object);
            }
        } __except (EXCEPTION_EXECUTE_HANDLER) {
        }
        ObDereferenceObject(Object);
    }
}

#define ONE(n)                                                                                     \
    __attribute__((noinline)) static VOID H##n(HANDLE Clients, HANDLE Own)                         \
    {                                                                                              \
        Act(&Case[1##n - 1000], Clients, Own);                                                     \
        __asm__ volatile("" ::: "memory"); /* it is a call, and no jump */                         \
    }
#define NAME(n)    {"H" #n, H##n},
#define TENS(x, n) x(n##0) x(n##1) x(n##2) x(n##3) x(n##4) x(n##5) x(n##6) x(n##7) x(n##8) x(n##9)
TENS(TEN, 0)
TENS(TEN, 1)
static const struct {
    const char *Name;
    VOID (*Routine)(HANDLE Clients, HANDLE Own);
} Routines[REQUESTS] = {TENS(NAMES, 0) TENS(NAMES, 1)};

/* ---- the model ---- */

static VOID
Say(ULONG Number, const char *Rule, BOOLEAN Judged)
{
    if (Judged) {
        DbgPrint("judged: %s %s\n", Routines[Number].Name, Rule);
    }
}

static VOID
Judge(ULONG Number)
{
    const CASE *This = &Case[Number];
    BOOLEAN Clients = This->Whose == OF_CLIENT, Strange = This->Whose == OWN_ELSEWHERE;

    switch (This->Kind) {
    case OPENS:
        Say(Number, "KernelHandle", !This->Kernel);
        break;
    case REFERENCES:
        Say(Number, "UserHandleKernelMode", Clients && This->Kernel);
        Say(Number, "HandleWrongProcess", Strange && This->Kernel);
        break;
    case SETS:
    case QUERIES:
        Say(Number, "UserHandleKernelMode", Clients);
        Say(Number, "HandleWrongProcess", Strange);
        break;
    case READS_EVENT:
        Say(Number, "ObjectType", !This->Typed && !This->Forgotten && This->Object != AN_EVENT);
        break;
    case RELEASES:
        Say(Number, "ObjectType", !This->Typed && !This->Forgotten && This->Object != A_SEMAPHORE);
        break;
    case ASKS_PROCESS:
        Say(Number, "ObjectType", !This->Typed && !This->Forgotten && This->Object != A_PROCESS);
        break;
    case ASKS_THREAD:
        Say(Number, "ObjectType", !This->Typed && !This->Forgotten && This->Object != A_THREAD);
        break;
    }
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Number = NumberOf(Stack);
    const CASE *This = &Case[Number];

    if (Number < REQUESTS) {
        HANDLE Own = This->Whose == OWN_USER || This->Whose == OWN_KERNEL
                         ? OpenOwn(This->Whose == OWN_KERNEL, This->Whose == OWN_KERNEL)
                         : NULL;

        Judge(Number);
        Routines[Number].Routine(*(PHANDLE)Irp->AssociatedIrp.SystemBuffer, Own);
        if (Own != NULL && This->Kind != CLOSES) {
            ZwClose(Own);
        }
        SayWhetherLast(Number);
    }
    return Complete(Irp);
}

/* A handle of the system's process that no other process has: each has fewer. */
static VOID
OpenElsewhere(VOID)
{
    HANDLE Others[64];

    for (ULONG i = 0; i < RTL_NUMBER_OF(Others); i++) {
        Others[i] = OpenOwn(FALSE, FALSE);
    }
    Elsewhere = Others[63];
    for (ULONG i = 0; i < RTL_NUMBER_OF(Others) - 1; i++) {
        ZwClose(Others[i]);
    }
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    ZwClose(Elsewhere);
    DeleteDevice(Driver);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    MakeUp();
    OpenElsewhere(); /* DriverEntry runs in the system's process */
    return MakeDevice(Driver, Dispatch, Unload);
}
