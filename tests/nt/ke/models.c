/*
 * models.c - nothing that differs between models of CPU moves an address.
 *
 * The runner repeats each test on what looks like another model and compares the hashes, and the objects of
 * schedule points are part of the hash. So each case uses an event that lies where an address could give the
 * model away. The checks themselves say that the objects work there.
 */
#include "../ntlab-test.h"

static LONG
Filter(VOID)
{
    KEVENT Event;

    /* The vector state that a trap saves lies above this frame. */
    KeInitializeEvent(&Event, SynchronizationEvent, FALSE);
    KeSetEvent(&Event, IO_NO_INCREMENT, FALSE);
    return KeReadStateEvent(&Event) == 1 ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH;
}

static VOID
StackBelowATrap(VOID)
{
    volatile BOOLEAN Handled = FALSE;
    ULONG *volatile Bad = (ULONG *)0x10;

    __try {
        *Bad = 1;
    } __except (Filter()) {
        Handled = TRUE;
    }
    EXPECT(Handled); /* [MSVC: try-except Statement, __except] */
}

static VOID
PoolAfterExtendedState(VOID)
{
    XSTATE_SAVE Save;
    PKEVENT Event;
    NTSTATUS Status;

    Status = KeSaveExtendedProcessorState(XSTATE_MASK_LEGACY, &Save);
    EXPECT_STATUS(Status, STATUS_SUCCESS); /* [DDI:wdm/kesaveextendedprocessorstate] */
    Event = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Event), 'ldoM');
    KeInitializeEvent(Event, SynchronizationEvent, TRUE);
    KeResetEvent(Event);
    EXPECT_EQ(KeReadStateEvent(Event), 0); /* [DDI:wdm/keresetevent] */
    ExFreePoolWithTag(Event, 'ldoM');
    if (NT_SUCCESS(Status)) {
        KeRestoreExtendedProcessorState(&Save);
    }
}

/* Several: a block of another size would move some of what follows. */
static VOID
ManyExtendedStates(VOID)
{
    static XSTATE_SAVE Save[8];
    static PKEVENT Event[8];

    for (ULONG Index = 0; Index < 8; Index++) {
        EXPECT_STATUS(KeSaveExtendedProcessorState(XSTATE_MASK_LEGACY, &Save[Index]),
                      STATUS_SUCCESS);
        Event[Index] = ExAllocatePoolWithTag(NonPagedPool, sizeof(KEVENT) * 8, 'ldoM');
        KeInitializeEvent(Event[Index], NotificationEvent, FALSE);
        KeSetEvent(Event[Index], IO_NO_INCREMENT, FALSE);
    }
    for (ULONG Index = 8; Index-- != 0;) {
        EXPECT_EQ(KeReadStateEvent(Event[Index]), 1); /* [DDI:wdm/kesetevent] */
        ExFreePoolWithTag(Event[Index], 'ldoM');
        KeRestoreExtendedProcessorState(&Save[Index]);
    }
}

TEST_DRIVER(TEST(StackBelowATrap), TEST(PoolAfterExtendedState), TEST(ManyExtendedStates))
