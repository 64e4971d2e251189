/*
 * more.c - references by name, by pointer and with tags, handles that are opened from pointers. [DDI: wdm, ObReferenceObjectByPointer,
 * ObReferenceObjectByHandleWithTag, ObReferenceObjectByPointerWithTag, ObReferenceObjectSafe, ObCloseHandle, ObOpenObjectByPointerWithTag]
 */
#include "../ntlab-test.h"

NTSYSAPI NTSTATUS NTAPI ZwCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE,
                                      BOOLEAN);
NTKERNELAPI NTSTATUS NTAPI ObReferenceObjectByName(PUNICODE_STRING, ULONG, PACCESS_STATE,
                                                   ACCESS_MASK, POBJECT_TYPE, KPROCESSOR_MODE,
                                                   PVOID, PVOID *);
NTKERNELAPI BOOLEAN NTAPI ObReferenceObjectSafe(PVOID);
NTKERNELAPI NTSTATUS NTAPI ObOpenObjectByPointerWithTag(PVOID, ULONG, PACCESS_STATE, ACCESS_MASK,
                                                        POBJECT_TYPE, KPROCESSOR_MODE, ULONG,
                                                        PHANDLE);
NTKERNELAPI NTSTATUS NTAPI ObCloseHandle(HANDLE, KPROCESSOR_MODE);

__declspec(dllimport) extern POBJECT_TYPE *IoDeviceObjectType, *IoDriverObjectType;

#define TAG 'tseT'

static UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\ntlab-more");
static HANDLE Handle;
static PKEVENT Event;

static VOID
Prepare(VOID)
{
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT_STATUS(ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE),
                  STATUS_SUCCESS);
}

static LONG_PTR
Count(PVOID Object)
{
    LONG_PTR Up = ObfReferenceObject(Object);

    ObfDereferenceObject(Object);
    return Up - 1;
}

static VOID
WithTags(VOID)
{
    LONG_PTR Before;
    PVOID Object;

    EXPECT_STATUS(ObReferenceObjectByHandleWithTag(Handle, EVENT_MODIFY_STATE, *ExEventObjectType,
                                                   KernelMode, TAG, (PVOID *)&Event, NULL),
                  STATUS_SUCCESS);
    Before = Count(Event);
    EXPECT_STATUS(ObReferenceObjectByPointerWithTag(Event, 0, *ExEventObjectType, KernelMode, TAG),
                  STATUS_SUCCESS);
    EXPECT_EQ(Count(Event), Before + 1);
    EXPECT_EQ(ObfReferenceObjectWithTag(Event, TAG), Before + 2);
    EXPECT_EQ(ObfDereferenceObjectWithTag(Event, TAG), Before + 1);
    ObDereferenceObjectDeferDeleteWithTag(Event, TAG);
    EXPECT_EQ(Count(Event), Before);
    /* what it is not, and what is no handle: nothing is referenced */
    EXPECT_STATUS(
        ObReferenceObjectByHandleWithTag(Handle, 0, *PsThreadType, KernelMode, TAG, &Object, NULL),
        STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_STATUS(ObReferenceObjectByPointerWithTag(Event, 0, *PsProcessType, UserMode, TAG),
                  STATUS_OBJECT_TYPE_MISMATCH); /* which counts for UserMode alone */
    EXPECT_STATUS(ObReferenceObjectByHandleWithTag((HANDLE)(ULONG_PTR)0x7FFFFFF4, 0, NULL,
                                                   KernelMode, TAG, &Object, NULL),
                  STATUS_INVALID_HANDLE);
    EXPECT_EQ(Count(Event), Before);
}

/* [DDI:wdm/obreferenceobjectsafe] TRUE: there was a reference already. */
static VOID
Safe(VOID)
{
    LONG_PTR Before = Count(Event);

    EXPECT(ObReferenceObjectSafe(Event));
    EXPECT_EQ(Count(Event), Before + 1);
    ObDereferenceObject(Event);
}

static VOID
ByName(VOID)
{
    UNICODE_STRING None = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\ntlab-none"),
                   Other = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\NTLAB-MORE");
    LONG_PTR Before = Count(Event);
    PVOID Object = NULL;

    EXPECT_STATUS(
        ObReferenceObjectByName(&Name, 0, NULL, 0, *ExEventObjectType, KernelMode, NULL, &Object),
        STATUS_SUCCESS);
    EXPECT(Object == Event);
    EXPECT_EQ(Count(Event), Before + 1);
    ObDereferenceObject(Object);
    EXPECT_STATUS(ObReferenceObjectByName(&Name, 0, NULL, 0, *ExSemaphoreObjectType, KernelMode,
                                          NULL, &Object),
                  STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_STATUS(
        ObReferenceObjectByName(&None, 0, NULL, 0, *ExEventObjectType, KernelMode, NULL, &Object),
        STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_STATUS(ObReferenceObjectByName(&Other, OBJ_CASE_INSENSITIVE, NULL, 0, *ExEventObjectType,
                                          KernelMode, NULL, &Object),
                  STATUS_SUCCESS);
    ObDereferenceObject(Object);
    EXPECT_EQ(Count(Event), Before);
}

static VOID
Handles(VOID)
{
    HANDLE Second;

    EXPECT_STATUS(ObOpenObjectByPointerWithTag(Event, OBJ_KERNEL_HANDLE, NULL, EVENT_MODIFY_STATE,
                                               *ExEventObjectType, KernelMode, TAG, &Second),
                  STATUS_SUCCESS);
    EXPECT(Second != Handle);
    EXPECT_STATUS(ZwSetEvent(Second, NULL), STATUS_SUCCESS);
    EXPECT_EQ(KeReadStateEvent(Event), 1);
    EXPECT_STATUS(ObCloseHandle(Second, KernelMode), STATUS_SUCCESS);
    EXPECT_STATUS(ZwSetEvent(Second, NULL), STATUS_INVALID_HANDLE);
    EXPECT_STATUS(ObOpenObjectByPointerWithTag(Event, OBJ_KERNEL_HANDLE, NULL, 0, *PsThreadType,
                                               KernelMode, TAG, &Second),
                  STATUS_OBJECT_TYPE_MISMATCH);
}

/* Files, devices and drivers are objects as others: the type is checked. [DDI:wdm/obreferenceobjectbyhandle] */
static VOID
Types(VOID)
{
    UNICODE_STRING Path = RTL_CONSTANT_STRING(L"\\??\\C:\\");
    OBJECT_ATTRIBUTES Attributes;
    OBJECT_HANDLE_INFORMATION Info;
    IO_STATUS_BLOCK Iosb;
    PFILE_OBJECT File;
    HANDLE Folder;

    InitializeObjectAttributes(&Attributes, &Path, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    EXPECT_STATUS(ZwOpenFile(&Folder, FILE_LIST_DIRECTORY, &Attributes, &Iosb,
                             FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_DIRECTORY_FILE),
                  STATUS_SUCCESS);
    EXPECT_STATUS(
        ObReferenceObjectByHandle(Folder, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, &Info),
        STATUS_SUCCESS);
    EXPECT_EQ(Info.GrantedAccess, FILE_LIST_DIRECTORY); /* HandleInformation */
    EXPECT_STATUS(ObReferenceObjectByPointer(File, 0, *IoDeviceObjectType, UserMode),
                  STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_STATUS(ObReferenceObjectByPointer(File, 0, NULL, UserMode), STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_STATUS(
        ObReferenceObjectByPointer(File->DeviceObject, 0, *IoDeviceObjectType, KernelMode),
        STATUS_SUCCESS);
    ObDereferenceObject(File->DeviceObject);
    EXPECT_STATUS(ObReferenceObjectByPointer(File->DeviceObject->DriverObject, 0,
                                             *IoDriverObjectType, KernelMode),
                  STATUS_SUCCESS);
    ObDereferenceObject(File->DeviceObject->DriverObject);
    ObDereferenceObject(File);
    ZwClose(Folder);
    ObDereferenceObjectWithTag(Event, TAG);
    ZwClose(Handle);
}

TEST_DRIVER(TEST(Prepare), TEST(WithTags), TEST(Safe), TEST(ByName), TEST(Handles), TEST(Types))
