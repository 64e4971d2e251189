/*
 * duplicates.c - ObDuplicateObject: each source with each of the options, against what the copy's handle must say, and what is left of the source.
 * [ntifs: ObDuplicateObject; Win32: DuplicateHandle: DUPLICATE_SAME_ACCESS, DUPLICATE_CLOSE_SOURCE "regardless of any error status returned"]
 */
#include "../ntlab-test.h"

NTSYSAPI NTSTATUS NTAPI ObDuplicateObject(PEPROCESS, HANDLE, PEPROCESS, PHANDLE, ACCESS_MASK, ULONG,
                                          ULONG, KPROCESSOR_MODE);
#ifndef DUPLICATE_CLOSE_SOURCE
#define DUPLICATE_CLOSE_SOURCE 1
#define DUPLICATE_SAME_ACCESS  2
#endif
#ifndef DUPLICATE_SAME_ATTRIBUTES
#define DUPLICATE_SAME_ATTRIBUTES 4
#endif

#define SOURCE_ACCESS (SYNCHRONIZE | EVENT_MODIFY_STATE)
#define NOBODY        ((HANDLE)0x7F0)

static HANDLE
MakeEvent(ULONG Attributes)
{
    OBJECT_ATTRIBUTES Name;
    HANDLE Event = NULL;

    InitializeObjectAttributes(&Name, NULL, Attributes, NULL, NULL);
    EXPECT_STATUS(ZwCreateEvent(&Event, SOURCE_ACCESS, &Name, NotificationEvent, FALSE),
                  STATUS_SUCCESS);
    return Event;
}

static BOOLEAN
IsOpen(HANDLE Handle)
{
    PVOID Object;

    if (!NT_SUCCESS(
            ObReferenceObjectByHandle(Handle, 0, *ExEventObjectType, KernelMode, &Object, NULL))) {
        return FALSE;
    }
    ObDereferenceObject(Object);
    return TRUE;
}

static VOID
Duplicate(ULONG Of, ULONG Options, ACCESS_MASK Access, ULONG Attributes)
{
    PEPROCESS System = PsInitialSystemProcess;
    HANDLE Source = MakeEvent(Of), Copy = NOBODY;
    OBJECT_HANDLE_INFORMATION Information = {0};
    ACCESS_MASK Given = Options & DUPLICATE_SAME_ACCESS ? SOURCE_ACCESS
                        : Access == GENERIC_ALL         ? EVENT_ALL_ACCESS
                                                        : Access;
    ULONG Has = (Options & DUPLICATE_SAME_ATTRIBUTES ? Of : Attributes) & OBJ_INHERIT;
    PVOID First = NULL, Second = NULL;

    ObReferenceObjectByHandle(Source, 0, *ExEventObjectType, KernelMode, &First, NULL);
    EXPECT_STATUS(
        ObDuplicateObject(System, Source, System, &Copy, Access, Attributes, Options, KernelMode),
        STATUS_SUCCESS);
    EXPECT(Copy != Source && Copy != NULL && Copy != NOBODY);
    EXPECT_STATUS(
        ObReferenceObjectByHandle(Copy, 0, *ExEventObjectType, KernelMode, &Second, &Information),
        STATUS_SUCCESS);
    EXPECT_EQ(First, Second);
    EXPECT_EQ(Information.GrantedAccess, Given);
    EXPECT_EQ(Information.HandleAttributes & OBJ_INHERIT, Has);
    EXPECT_EQ(IsOpen(Source), (Options & DUPLICATE_CLOSE_SOURCE) == 0);
    ZwClose(Copy);
    if (Options & DUPLICATE_CLOSE_SOURCE) {
        EXPECT(!IsOpen(Copy));
    } else {
        ZwClose(Source);
    }
    ObDereferenceObject(First);
    ObDereferenceObject(Second);
}

static VOID
EveryOption(VOID)
{
    for (ULONG Options = 0; Options < 8; Options++) {
        Duplicate(OBJ_KERNEL_HANDLE, Options, SYNCHRONIZE, OBJ_KERNEL_HANDLE);
        Duplicate(OBJ_KERNEL_HANDLE | OBJ_INHERIT, Options, EVENT_ALL_ACCESS, OBJ_KERNEL_HANDLE);
        Duplicate(OBJ_KERNEL_HANDLE | OBJ_INHERIT, Options, GENERIC_ALL,
                  OBJ_KERNEL_HANDLE | OBJ_INHERIT);
        Duplicate(0, Options, SYNCHRONIZE, OBJ_INHERIT);
    }
}

/* Nothing is copied, and the answer says so. */
static VOID
NoSource(VOID)
{
    PEPROCESS System = PsInitialSystemProcess;

    for (ULONG Options = 0; Options < 8; Options++) {
        HANDLE Source = MakeEvent(0), Copy = NOBODY;

        ZwClose(Source);
        EXPECT_STATUS(ObDuplicateObject(System, Source, System, &Copy, SYNCHRONIZE, 0,
                                        Options & ~DUPLICATE_CLOSE_SOURCE, KernelMode),
                      STATUS_INVALID_HANDLE);
        EXPECT_EQ(Copy, NULL);
    }
}

/* The object without a handle of anybody's: who asked for none has closed it. */
static VOID
CloseOnly(VOID)
{
    PEPROCESS System = PsInitialSystemProcess;
    HANDLE Source = MakeEvent(0);
    PVOID Object;

    ObReferenceObjectByHandle(Source, 0, *ExEventObjectType, KernelMode, &Object, NULL);
    EXPECT_STATUS(
        ObDuplicateObject(System, Source, NULL, NULL, 0, 0, DUPLICATE_CLOSE_SOURCE, KernelMode),
        STATUS_SUCCESS);
    EXPECT(!IsOpen(Source));
    ObDereferenceObject(Object);
}

TEST_DRIVER(TEST(EveryOption), TEST(NoSource), TEST(CloseOnly))
