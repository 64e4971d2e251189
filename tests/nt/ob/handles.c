/*
 * handles.c - handles: values, access, duplicates, attributes. [DDI:wdm/zwclose],
 * [DDI:wdm/obreferenceobjectbyhandle], [DDI:ntifs/zwduplicateobject], [DDI:ntifs/obopenobjectbypointer],
 * [DDI:ntifs/ntqueryobject], [K:object-handles]
 */
#include "../ntlab-test.h"

NTSYSAPI NTSTATUS NTAPI ZwCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE,
                                      BOOLEAN);
NTSYSAPI NTSTATUS NTAPI ZwOpenEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSYSAPI NTSTATUS NTAPI ZwSetInformationObject(HANDLE, OBJECT_INFORMATION_CLASS, PVOID, ULONG);
NTKERNELAPI BOOLEAN NTAPI ObIsKernelHandle(HANDLE);

static OBJECT_ATTRIBUTES Kernel = {.Length = sizeof(Kernel), .Attributes = OBJ_KERNEL_HANDLE};

static HANDLE
KernelEvent(VOID)
{
    HANDLE Handle = NULL;

    ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Kernel, NotificationEvent, FALSE);
    return Handle;
}

static VOID
KernelHandlesAreMarked(VOID)
{
    HANDLE Handle = KernelEvent(), Plain;

    EXPECT(ObIsKernelHandle(Handle));
    EXPECT_EQ((ULONG_PTR)Handle & 3, 0); /* the low two bits are the application's */
    EXPECT_STATUS(ZwClose(Handle), STATUS_SUCCESS);
    ZwCreateEvent(&Plain, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE);
    EXPECT(!ObIsKernelHandle(Plain));
    EXPECT_STATUS(ZwClose(Plain), STATUS_SUCCESS);
    EXPECT(!ObIsKernelHandle(NtCurrentProcess()));
}

static VOID
BadHandles(VOID)
{
    PVOID Object = (PVOID)1;

    EXPECT_STATUS(ZwClose((HANDLE)0x7FFC), STATUS_INVALID_HANDLE);
    EXPECT_STATUS(ObReferenceObjectByHandle((HANDLE)0x7FFC, 0, NULL, KernelMode, &Object, NULL),
                  STATUS_INVALID_HANDLE);
    EXPECT(Object == NULL);
    EXPECT_STATUS(ObReferenceObjectByHandle(NULL, 0, NULL, KernelMode, &Object, NULL),
                  STATUS_INVALID_HANDLE);
}

static VOID
TypesAreChecked(VOID)
{
    HANDLE Handle = KernelEvent();
    PVOID Object;

    EXPECT_STATUS(
        ObReferenceObjectByHandle(Handle, 0, *ExSemaphoreObjectType, KernelMode, &Object, NULL),
        STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_STATUS(
        ObReferenceObjectByHandle(Handle, 0, *ExEventObjectType, KernelMode, &Object, NULL),
        STATUS_SUCCESS);
    ObDereferenceObject(Object);
    ZwClose(Handle);
}

static VOID
KernelHandlesAreNotForUserMode(VOID)
{
    HANDLE Handle = KernelEvent();
    PVOID Object;

    EXPECT_STATUS(ObReferenceObjectByHandle(Handle, 0, NULL, UserMode, &Object, NULL),
                  STATUS_INVALID_HANDLE);
    ZwClose(Handle);
}

static VOID
AccessCountsForUserModeOnly(VOID)
{
    OBJECT_HANDLE_INFORMATION Information;
    HANDLE Handle;
    PVOID Object;

    ZwCreateEvent(&Handle, SYNCHRONIZE, NULL, NotificationEvent, FALSE);
    EXPECT_STATUS(
        ObReferenceObjectByHandle(Handle, EVENT_MODIFY_STATE, NULL, UserMode, &Object, NULL),
        STATUS_ACCESS_DENIED);
    EXPECT_STATUS(
        ObReferenceObjectByHandle(Handle, SYNCHRONIZE, NULL, UserMode, &Object, &Information),
        STATUS_SUCCESS);
    EXPECT_EQ(Information.GrantedAccess, SYNCHRONIZE);
    ObDereferenceObject(Object);
    EXPECT_STATUS(
        ObReferenceObjectByHandle(Handle, EVENT_MODIFY_STATE, NULL, KernelMode, &Object, NULL),
        STATUS_SUCCESS);
    ObDereferenceObject(Object);
    ZwClose(Handle);
}

static VOID
GenericRightsAreMapped(VOID)
{
    OBJECT_HANDLE_INFORMATION Information;
    HANDLE Handle;
    PVOID Object;

    ZwCreateEvent(&Handle, GENERIC_ALL, NULL, NotificationEvent, FALSE);
    ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Object, &Information);
    EXPECT_EQ(Information.GrantedAccess, EVENT_ALL_ACCESS);
    ObDereferenceObject(Object);
    ZwClose(Handle);
}

static VOID
PseudoHandles(VOID)
{
    PVOID Object;

    EXPECT_STATUS(
        ObReferenceObjectByHandle(NtCurrentProcess(), 0, *PsProcessType, KernelMode, &Object, NULL),
        STATUS_SUCCESS);
    EXPECT(Object == PsGetCurrentProcess());
    ObDereferenceObject(Object);
    EXPECT_STATUS(
        ObReferenceObjectByHandle(NtCurrentThread(), 0, *PsThreadType, KernelMode, &Object, NULL),
        STATUS_SUCCESS);
    EXPECT(Object == PsGetCurrentThread());
    ObDereferenceObject(Object);
    EXPECT_STATUS(
        ObReferenceObjectByHandle(NtCurrentThread(), 0, *PsProcessType, KernelMode, &Object, NULL),
        STATUS_OBJECT_TYPE_MISMATCH);
}

static VOID
Duplicates(VOID)
{
    OBJECT_HANDLE_INFORMATION Information;
    HANDLE Handle, Copy;
    PVOID First, Second;

    ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE);
    EXPECT_STATUS(
        ZwDuplicateObject(NtCurrentProcess(), Handle, NtCurrentProcess(), &Copy, SYNCHRONIZE, 0, 0),
        STATUS_SUCCESS);
    ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &First, NULL);
    ObReferenceObjectByHandle(Copy, 0, NULL, KernelMode, &Second, &Information);
    EXPECT(First == Second);
    EXPECT_EQ(Information.GrantedAccess, SYNCHRONIZE);
    ObDereferenceObject(First);
    ObDereferenceObject(Second);
    ZwClose(Copy);
    EXPECT_STATUS(ZwDuplicateObject(NtCurrentProcess(), Handle, NtCurrentProcess(), &Copy, 0, 0,
                                    DUPLICATE_SAME_ACCESS),
                  STATUS_SUCCESS);
    ZwClose(Copy);
    /* DUPLICATE_CLOSE_SOURCE closes it whatever else happens */
    EXPECT_STATUS(
        ZwDuplicateObject(NtCurrentProcess(), Handle, NULL, NULL, 0, 0, DUPLICATE_CLOSE_SOURCE),
        STATUS_SUCCESS);
    EXPECT_STATUS(ZwClose(Handle), STATUS_INVALID_HANDLE);
}

static VOID
ProtectedHandlesAreNotClosed(VOID)
{
    UCHAR Flags[2] = {0, 1};
    HANDLE Handle;

    ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE);
    EXPECT_STATUS(
        ZwSetInformationObject(Handle, 4 /* ObjectHandleFlagInformation */, Flags, sizeof(Flags)),
        STATUS_SUCCESS);
    EXPECT_STATUS(ZwClose(Handle), STATUS_HANDLE_NOT_CLOSABLE);
    Flags[1] = 0;
    EXPECT_STATUS(ZwSetInformationObject(Handle, 4, Flags, sizeof(Flags)), STATUS_SUCCESS);
    EXPECT_STATUS(ZwClose(Handle), STATUS_SUCCESS);
}

static VOID
QueryObject(VOID)
{
    PUBLIC_OBJECT_BASIC_INFORMATION Basic;
    static UCHAR Buffer[512];
    HANDLE Handle;
    ULONG Length;

    ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE);
    EXPECT_STATUS(ZwQueryObject(Handle, ObjectBasicInformation, &Basic, sizeof(Basic), &Length),
                  STATUS_SUCCESS);
    EXPECT_EQ(Basic.GrantedAccess, EVENT_ALL_ACCESS);
    EXPECT_EQ(Basic.HandleCount, 1);
    EXPECT_STATUS(ZwQueryObject(Handle, ObjectBasicInformation, &Basic, 4, &Length),
                  STATUS_INFO_LENGTH_MISMATCH);
    EXPECT_EQ(Length, sizeof(Basic));
    EXPECT_STATUS(ZwQueryObject(Handle, ObjectTypeInformation, Buffer, sizeof(Buffer), &Length),
                  STATUS_SUCCESS);
    EXPECT_EQ(((PUNICODE_STRING)Buffer)->Length, 5 * sizeof(WCHAR)); /* Event */
    EXPECT_STATUS(ZwQueryObject(Handle, 99, Buffer, sizeof(Buffer), &Length),
                  STATUS_INVALID_INFO_CLASS);
    ZwClose(Handle);
}

static VOID
OpenByPointer(VOID)
{
    HANDLE Handle = KernelEvent(), Second;
    PVOID Object;

    ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Object, NULL);
    EXPECT_STATUS(ObOpenObjectByPointer(Object, OBJ_KERNEL_HANDLE, NULL, SYNCHRONIZE,
                                        *ExEventObjectType, KernelMode, &Second),
                  STATUS_SUCCESS);
    EXPECT(ObIsKernelHandle(Second) && Second != Handle);
    ZwClose(Second);
    EXPECT_STATUS(ObOpenObjectByPointer(Object, 0, NULL, 0, *PsThreadType, UserMode, &Second),
                  STATUS_OBJECT_TYPE_MISMATCH);
    ObDereferenceObject(Object);
    ZwClose(Handle);
}

/* Last freed, first used; a thread's handles follow from what it did itself. */
static VOID
ValuesAreUsedAgain(VOID)
{
    HANDLE First = KernelEvent(), Second;

    ZwClose(First);
    Second = KernelEvent();
    EXPECT(First == Second);
    ZwClose(Second);
}

static VOID
ManyHandles(VOID)
{
    static HANDLE Handles[1000];
    ULONG i;

    for (i = 0; i < 1000; i++) {
        Handles[i] = KernelEvent();
    }
    EXPECT(Handles[999] != NULL && Handles[999] != Handles[0]);
    for (i = 0; i < 1000; i++) {
        if (ZwClose(Handles[i]) != STATUS_SUCCESS) {
            EXPECT(!"a handle could not be closed");
        }
    }
}

TEST_DRIVER(TEST(KernelHandlesAreMarked), TEST(BadHandles), TEST(TypesAreChecked),
            TEST(KernelHandlesAreNotForUserMode), TEST(AccessCountsForUserModeOnly),
            TEST(GenericRightsAreMapped), TEST(PseudoHandles), TEST(Duplicates),
            TEST(ProtectedHandlesAreNotClosed), TEST(QueryObject), TEST(OpenByPointer),
            TEST(ValuesAreUsedAgain), TEST(ManyHandles))
