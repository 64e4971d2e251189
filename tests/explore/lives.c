/*
 * lives.c - names, handles and references, each in the smallest program that shows what commutes. PROGRAM selects one.
 *
 *     OPEN       N threads open an event by its name and keep it, one closes the first handle. Who looks the name up behind the close finds
 *                nothing if that was the last handle; else each handle is made before or behind the close. No handle before it: 2^N, for
 *                each one has looked before or behind; some before it, then the name stays, and who has looked when does not matter: 2^N - 1
 *     REOPEN     the same, and each closes its own again (by lattice; who gives the last reference back is told apart as well)
 *     STRAY      one gives the last reference back, another one adds one that it had no right to: 2, one of them is a crash
 *     HELD       N threads add a reference and give it back, while somebody else has one. It could be why another's was not the last, so each
 *                comes before or behind each that is given back. N = 2: one before the other, or both overlap: 3
 *     DUPLICATE  N threads duplicate a handle, one closes it: 2^N
 *     MAKERS     N threads create one name, or open it if it is there, and close it (by lattice)
 *     TEMPORARY  one makes a permanent event temporary, one closes another handle to it: 2
 *     VALUES     N threads set one value of a key, one reads it: (N + 1)!
 *     SUBKEYS    N threads make a key each below one, whose list both change: N!
 *     CALLBACK   one notifies of a callback object, one takes its routine off it: before, behind, or while it is called: 3
 *     SYMBOLIC   N threads open an event by a symbolic link, one deletes that (by lattice)
 *     REUSED     one closes a handle and makes another one, which gets its value; N use that value: each before the close, in between, when there is
 *                no such handle, or behind: 3^N
 */
#include "program.h"

#define OPEN      1
#define REOPEN    2
#define STRAY     3
#define HELD      4
#define DUPLICATE 5
#define MAKERS    6
#define TEMPORARY 7
#define VALUES    8
#define SUBKEYS   9
#define CALLBACK  10
#define SYMBOLIC  11
#define REUSED    12

NTSYSAPI NTSTATUS NTAPI ZwDuplicateObject(HANDLE SourceProcessHandle, HANDLE SourceHandle,
                                          HANDLE TargetProcessHandle, PHANDLE TargetHandle,
                                          ACCESS_MASK DesiredAccess, ULONG HandleAttributes,
                                          ULONG Options);

static HANDLE Handle, Other, Opened[N];
static PVOID Object;
static PCALLBACK_OBJECT Callback;
static PVOID Registration;
static LONG Called;

static NTSTATUS
Named(PHANDLE Which, BOOLEAN Create, ULONG More)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\NtlabLives");
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE | More, NULL, NULL);
    return Create ? ZwCreateEvent(Which, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE)
                  : ZwOpenEvent(Which, EVENT_ALL_ACCESS, &Attributes);
}

static NTSTATUS
Key(PHANDLE Which, HANDLE Parent, PCWSTR Text)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Text);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, Parent,
                               NULL);
    return ZwCreateKey(Which, KEY_ALL_ACCESS, &Attributes, 0, NULL, REG_OPTION_VOLATILE, NULL);
}

static VOID NTAPI
Routine(PVOID Context, PVOID First, PVOID Second)
{
    Called++;
}

static VOID
Link(BOOLEAN Create)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabLives");
    UNICODE_STRING Target = RTL_CONSTANT_STRING(L"\\NtlabLives");

    Create ? IoCreateSymbolicLink(&Name, &Target) : IoDeleteSymbolicLink(&Name);
}

static VOID
OpenByLink(PHANDLE Which)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\DosDevices\\NtlabLives");
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwOpenEvent(Which, EVENT_ALL_ACCESS, &Attributes);
}

static VOID NTAPI
Many(PVOID Context)
{
    static const WCHAR *const Names[] = {L"A", L"B", L"C", L"D"};
    UNICODE_STRING Value = RTL_CONSTANT_STRING(L"Value");
    ULONG Self = (ULONG)(ULONG_PTR)Context;
    HANDLE Own = NULL;
    PVOID Found;

    switch (PROGRAM) {
    case OPEN:
        Named(&Opened[Self], FALSE, 0);
        break;
    case REOPEN:
        if (NT_SUCCESS(Named(&Own, FALSE, 0))) {
            ZwClose(Own);
        }
        break;
    case STRAY:
        ObReferenceObject(Object);
        break;
    case HELD:
        ObReferenceObject(Object);
        ObDereferenceObject(Object);
        break;
    case DUPLICATE:
        ZwDuplicateObject(ZwCurrentProcess(), Handle, ZwCurrentProcess(), &Opened[Self], 0,
                          OBJ_KERNEL_HANDLE, DUPLICATE_SAME_ACCESS);
        break;
    case MAKERS:
        Named(&Own, TRUE, OBJ_OPENIF);
        ZwClose(Own);
        break;
    case TEMPORARY:
        ZwMakeTemporaryObject(Handle);
        break;
    case VALUES:
        ZwSetValueKey(Handle, &Value, 0, REG_DWORD, &Self, sizeof(Self));
        break;
    case SUBKEYS:
        BAD(!NT_SUCCESS(Key(&Opened[Self], Handle, Names[Self % 4])));
        break;
    case CALLBACK:
        ExNotifyCallback(Callback, NULL, NULL);
        break;
    case SYMBOLIC:
        OpenByLink(&Opened[Self]);
        break;
    case REUSED:
        if (NT_SUCCESS(
                ObReferenceObjectByHandle(Handle, SYNCHRONIZE, NULL, KernelMode, &Found, NULL))) {
            ObDereferenceObject(Found);
        }
        break;
    default:
        break;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
One(PVOID Context)
{
    UNICODE_STRING Value = RTL_CONSTANT_STRING(L"Value");
    UCHAR Buffer[64];
    ULONG Length;

    switch (PROGRAM) {
    case OPEN:
    case REOPEN:
    case DUPLICATE:
        ZwClose(Handle);
        break;
    case TEMPORARY:
        ZwClose(Other);
        break;
    case STRAY:
        ObDereferenceObject(Object);
        break;
    case VALUES:
        ZwQueryValueKey(Handle, &Value, KeyValuePartialInformation, Buffer, sizeof(Buffer),
                        &Length);
        break;
    case CALLBACK:
        ExUnregisterCallback(Registration);
        break;
    case SYMBOLIC:
        Link(FALSE);
        break;
    case REUSED:
        ZwClose(Handle);
        ZwCreateEvent(&Other, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE);
        break;
    default:
        break;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Setup(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Callback\\NtlabLives");
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    switch (PROGRAM) {
    case OPEN:
    case REOPEN:
    case SYMBOLIC:
        Named(&Handle, TRUE, 0);
        if (PROGRAM == SYMBOLIC) {
            Link(TRUE);
        }
        break;
    case STRAY:
    case HELD:
    case DUPLICATE:
        ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE);
        if (PROGRAM != DUPLICATE) {
            ObReferenceObjectByHandle(Handle, EVENT_ALL_ACCESS, *ExEventObjectType, KernelMode,
                                      &Object, NULL);
            ZwClose(Handle);
        }
        break;
    case REUSED:
        ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE);
        ObReferenceObjectByHandle(Handle, EVENT_ALL_ACCESS, *ExEventObjectType, KernelMode, &Object,
                                  NULL);
        break;
    case TEMPORARY:
        Named(&Handle, TRUE, OBJ_PERMANENT);
        Named(&Other, FALSE, 0);
        break;
    case VALUES:
    case SUBKEYS:
        BAD(!NT_SUCCESS(Key(&Handle, NULL, L"\\Registry\\Machine\\NtlabLives")));
        break;
    case CALLBACK:
        InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
        ExCreateCallback(&Callback, &Attributes, TRUE, TRUE);
        Registration = ExRegisterCallback(Callback, Routine, NULL);
        break;
    default:
        break;
    }
}

static VOID
Program(VOID)
{
    Setup();
    for (ULONG Index = 0; Index < N; Index++) {
        Start(Many, Index);
    }
    if (PROGRAM != HELD && PROGRAM != MAKERS && PROGRAM != SUBKEYS) {
        Start(One, 0);
    }
    Join();
    for (ULONG Index = 0; Index < N; Index++) {
        if (Opened[Index] != NULL) {
            ZwClose(Opened[Index]);
        }
    }
    switch (PROGRAM) {
    case REUSED:
        ZwClose(Other);
        __attribute__((fallthrough));
    case HELD:
    case STRAY:
        ObDereferenceObject(Object);
        break;
    case TEMPORARY: /* its name has gone with the last handle */
        ZwClose(Handle);
        BAD(NT_SUCCESS(Named(&Other, FALSE, 0)));
        break;
    case SYMBOLIC:
    case VALUES:
    case SUBKEYS:
        ZwClose(Handle);
        break;
    case CALLBACK:
        BAD(Called > 1);
        ObDereferenceObject(Callback);
        break;
    default:
        break;
    }
}
