/*
 * references.c - reference counts and deletion. [DDI:wdm/obreferenceobjectbypointer],
 * [DDI:wdm/obdereferenceobject], [DDI:wdm/obdereferenceobjectdeferdelete], [DDI:ntifs/obgetobjectsecurity]
 */
#include "../ntlab-test.h"

/* A macro in headers, and a routine: drivers in other languages import it. */
#undef ObDereferenceObject
NTKERNELAPI VOID NTAPI ObDereferenceObject(PVOID Object);

NTSYSAPI NTSTATUS NTAPI ZwCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE,
                                      BOOLEAN);
NTSYSAPI NTSTATUS NTAPI ZwOpenEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);

static OBJECT_ATTRIBUTES Kernel = {.Length = sizeof(Kernel), .Attributes = OBJ_KERNEL_HANDLE};

static VOID
AReferenceKeepsTheObject(VOID)
{
    HANDLE Handle;
    PKEVENT Event;

    ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Kernel, NotificationEvent, TRUE);
    EXPECT_STATUS(
        ObReferenceObjectByHandle(Handle, 0, *ExEventObjectType, KernelMode, (PVOID *)&Event, NULL),
        STATUS_SUCCESS);
    ZwClose(Handle);
    EXPECT_EQ(KeReadStateEvent(Event), 1); /* still there */
    ObDereferenceObject(Event);
}

static VOID
CountsAreReturned(VOID)
{
    HANDLE Handle;
    PVOID Event;
    LONG_PTR Up, Down;

    ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Kernel, NotificationEvent, TRUE);
    ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Event, NULL);
    Up = ObfReferenceObject(Event);
    Down = ObfDereferenceObject(Event);
    EXPECT_EQ(Up, Down + 1);
    ObDereferenceObject(Event);
    EXPECT_EQ(ObfReferenceObject(Event), Down); /* one less, one more */
    ObDereferenceObject(Event);
    ZwClose(Handle);
}

static VOID
ByPointerChecksTheType(VOID)
{
    EXPECT_STATUS(ObReferenceObjectByPointer(PsGetCurrentThread(), 0, *PsProcessType, UserMode),
                  STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_STATUS(ObReferenceObjectByPointer(PsGetCurrentThread(), 0, *PsThreadType, UserMode),
                  STATUS_SUCCESS);
    ObDereferenceObject(PsGetCurrentThread());
}

/* A thread object is deleted when its last reference goes, also at DISPATCH_LEVEL: then by a worker. */
static VOID
DereferenceAtDispatchLevel(VOID)
{
    LARGE_INTEGER Delay = {.QuadPart = -1000000};
    HANDLE Handle;
    PVOID Event;
    KIRQL OldIrql;

    ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Kernel, NotificationEvent, TRUE);
    ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Event, NULL);
    ZwClose(Handle);
    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    ObDereferenceObject(Event);
    EXPECT_EQ(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeLowerIrql(OldIrql);
    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
    ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Kernel, NotificationEvent, TRUE);
    ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Event, NULL);
    ZwClose(Handle);
    ObDereferenceObjectDeferDelete(Event);
    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
    EXPECT(TRUE);
}

static VOID
NamedObjectsHaveDescriptors(VOID)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\ntlab-sd");
    PSECURITY_DESCRIPTOR Descriptor;
    BOOLEAN Allocated, Defaulted;
    HANDLE Handle;
    PVOID Event;
    PSID Owner = NULL;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, TRUE);
    ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Event, NULL);
    EXPECT_STATUS(ObGetObjectSecurity(Event, &Descriptor, &Allocated), STATUS_SUCCESS);
    EXPECT(Descriptor != NULL && RtlValidSecurityDescriptor(Descriptor));
    EXPECT_STATUS(RtlGetOwnerSecurityDescriptor(Descriptor, &Owner, &Defaulted), STATUS_SUCCESS);
    EXPECT(Owner != NULL);
    ObReleaseObjectSecurity(Descriptor, Allocated);
    ObDereferenceObject(Event);
    ZwClose(Handle);
    /* without a name nobody needs one */
    ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Kernel, NotificationEvent, TRUE);
    ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Event, NULL);
    EXPECT_STATUS(ObGetObjectSecurity(Event, &Descriptor, &Allocated), STATUS_SUCCESS);
    EXPECT(Descriptor == NULL);
    ObDereferenceObject(Event);
    ZwClose(Handle);
    /* a process always has */
    EXPECT_STATUS(ObGetObjectSecurity(PsGetCurrentProcess(), &Descriptor, &Allocated),
                  STATUS_SUCCESS);
    EXPECT(Descriptor != NULL);
    ObReleaseObjectSecurity(Descriptor, Allocated);
}

/* The exported variables are POBJECT_TYPEs: what MmGetSystemRoutineAddress gives points to the type, as a driver linked
   with the DDK's libraries reads it. [DDI:wdm/mmgetsystemroutineaddress] */
static VOID
ExportedTypes(VOID)
{
    static const PCWSTR Names[] = {L"ExEventObjectType", L"ExSemaphoreObjectType",
                                   L"PsThreadType",      L"IoFileObjectType",
                                   L"SeTokenObjectType", L"CmKeyObjectType"};
    POBJECT_TYPE Types[RTL_NUMBER_OF(Names)];
    UNICODE_STRING Name;
    HANDLE Handle;
    PVOID Event;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Names); i++) {
        POBJECT_TYPE *Variable;

        RtlInitUnicodeString(&Name, Names[i]);
        Variable = MmGetSystemRoutineAddress(&Name);
        EXPECT(Variable != NULL);
        Types[i] = *Variable;
    }
    ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Kernel, NotificationEvent, TRUE);
    EXPECT_STATUS(ObReferenceObjectByHandle(Handle, 0, Types[0], KernelMode, &Event, NULL),
                  STATUS_SUCCESS);
    ObDereferenceObject(Event);
    for (ULONG i = 1; i < RTL_NUMBER_OF(Names); i++) {
        EXPECT_STATUS(ObReferenceObjectByHandle(Handle, 0, Types[i], KernelMode, &Event, NULL),
                      STATUS_OBJECT_TYPE_MISMATCH);
    }
    ZwClose(Handle);
    EXPECT_STATUS(ObReferenceObjectByPointer(PsGetCurrentThread(), 0, Types[2], KernelMode),
                  STATUS_SUCCESS);
    ObDereferenceObject(PsGetCurrentThread());
}

TEST_DRIVER(TEST(AReferenceKeepsTheObject), TEST(CountsAreReturned), TEST(ByPointerChecksTheType),
            TEST(DereferenceAtDispatchLevel), TEST(NamedObjectsHaveDescriptors),
            TEST(ExportedTypes))
