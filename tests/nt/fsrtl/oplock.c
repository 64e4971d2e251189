/*
 * oplock.c - the oplock package, with requests of our own. [DDI: ntifs, FsRtlOplockFsctrl, FsRtlCheckOplock, FsRtlOplockBreakToNone,
 * FsRtlOplockIsFastIoPossible, FsRtlOplockIsSharedRequest; IFS: oplock overview]
 */
#define HANDLES 2
#include "oplock.h"

static NTSTATUS
Control(PREQUEST Request, PFILE_OBJECT File, ULONG Code, ULONG Opens)
{
    Begin(Request, File, IRP_MJ_FILE_SYSTEM_CONTROL)->Parameters.FileSystemControl.FsControlCode =
        Code;
    return FsRtlOplockFsctrl(&Oplock, Request->Irp, Opens);
}

/* An operation of File; STATUS_PENDING: Waits until the break is over. */
static NTSTATUS
Operation(PREQUEST Request, PFILE_OBJECT File, UCHAR Major, ACCESS_MASK Access, ULONG Disposition)
{
    PIO_STACK_LOCATION Stack = Begin(Request, File, Major);
    NTSTATUS Status;

    if (Major == IRP_MJ_CREATE) {
        Request->Security.AccessState = &Request->Access;
        Request->Security.DesiredAccess = Access;
        Request->Access.OriginalDesiredAccess = Access;
        Stack->Parameters.Create.SecurityContext = &Request->Security;
        Stack->Parameters.Create.Options = Disposition << 24;
        Stack->Parameters.Create.ShareAccess =
            FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    } else if (Major == IRP_MJ_WRITE) {
        Stack->Parameters.Write.Length = 1;
    }
    Request->Waits = TRUE;
    Status = FsRtlCheckOplock(&Oplock, Request->Irp, Request, Over, NULL);
    if (Status != STATUS_PENDING) {
        Request->Waits = FALSE;
    }
    return Status;
}

static VOID
Prepare(VOID)
{
    OpenAll(L"\\??\\C:\\oplock-test");
    EXPECT(!FsRtlCurrentOplock(&Oplock) && !FsRtlCurrentBatchOplock(&Oplock));
    EXPECT(FsRtlOplockIsFastIoPossible(&Oplock)); /* there is none */
}

/* [ntifs: FsRtlCheckOplockEx] */
static VOID
Flags(VOID)
{
    REQUEST Holder, Write;

    EXPECT_STATUS(Control(&Holder, Files[0], FSCTL_REQUEST_OPLOCK_LEVEL_1, 1), STATUS_PENDING);
    Begin(&Write, Files[1], IRP_MJ_WRITE)->Parameters.Write.Length = 1;
    /* only the key is looked at; a create that failed takes back its own: no break will occur */
    EXPECT_STATUS(FsRtlCheckOplockEx(&Oplock, Write.Irp, OPLOCK_FLAG_OPLOCK_KEY_CHECK_ONLY, &Write,
                                     Over, NULL),
                  STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlCheckOplockEx(&Oplock, Write.Irp, OPLOCK_FLAG_BACK_OUT_ATOMIC_OPLOCK, &Write,
                                     Over, NULL),
                  STATUS_SUCCESS);
    EXPECT(!Holder.Done);
    End(&Write);
    /* whatever the key: the owner's own write breaks it */
    Begin(&Write, Files[0], IRP_MJ_WRITE)->Parameters.Write.Length = 1;
    EXPECT_STATUS(FsRtlCheckOplockEx(&Oplock, Write.Irp, 0, &Write, Over, NULL), STATUS_SUCCESS);
    EXPECT(!Holder.Done);
    EXPECT_STATUS(
        FsRtlCheckOplockEx(&Oplock, Write.Irp,
                           OPLOCK_FLAG_IGNORE_OPLOCK_KEYS | OPLOCK_FLAG_COMPLETE_IF_OPLOCKED,
                           &Write, Over, NULL),
        STATUS_OPLOCK_BREAK_IN_PROGRESS);
    EXPECT(Holder.Done && Holder.Iosb.Information == FILE_OPLOCK_BROKEN_TO_NONE);
    End(&Write);
    End(&Holder);
    EXPECT_STATUS(Control(&Write, Files[0], FSCTL_OPLOCK_BREAK_ACKNOWLEDGE, 1), STATUS_SUCCESS);
    End(&Write);
    EXPECT(!FsRtlCurrentOplock(&Oplock));
}

static VOID
BeginOpen(PREQUEST Request, PFILE_OBJECT File, ACCESS_MASK Access, ULONG Options)
{
    PIO_STACK_LOCATION Stack = Begin(Request, File, IRP_MJ_CREATE);

    Request->Security.AccessState = &Request->Access;
    Request->Security.DesiredAccess = Access;
    Stack->Parameters.Create.SecurityContext = &Request->Security;
    Stack->Parameters.Create.Options = (FILE_OPEN << 24) | Options;
    Stack->Parameters.Create.ShareAccess = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
}

/* FILE_OPEN_REQUIRING_OPLOCK. [ntifs: FsRtlOplockFsctrl, FsRtlCheckOplockEx; IFS: "Atomic Create-With-Oplock"] */
static VOID
Required(VOID)
{
    REQUEST Create, Other, Holder;

    /* there is a granted oplock that it would break: it is not broken */
    EXPECT_STATUS(Control(&Holder, Files[0], FSCTL_REQUEST_OPLOCK_LEVEL_1, 1), STATUS_PENDING);
    BeginOpen(&Create, Files[1], FILE_READ_DATA, FILE_OPEN_REQUIRING_OPLOCK);
    EXPECT_STATUS(FsRtlCheckOplock(&Oplock, Create.Irp, &Create, Over, NULL),
                  (NTSTATUS)0xC0000909 /* STATUS_CANNOT_BREAK_OPLOCK */);
    EXPECT(!Holder.Done);
    EXPECT_STATUS(FsRtlOplockFsctrl(&Oplock, Create.Irp, 2), (NTSTATUS)0xC0000909);
    EXPECT(!Create.Done); /* the request is the file system's */
    IoCancelIrp(Holder.Irp);
    EXPECT(Holder.Done && Holder.Iosb.Status == STATUS_CANCELLED);
    End(&Holder);
    /* now it may: until it has asked for its oplock, or is taken back, others wait */
    EXPECT_STATUS(FsRtlCheckOplock(&Oplock, Create.Irp, &Create, Over, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlOplockFsctrl(&Oplock, Create.Irp, 1), STATUS_SUCCESS);
    EXPECT(!Create.Done);
    EXPECT_STATUS(Operation(&Other, Files[0], IRP_MJ_CREATE, FILE_READ_DATA, FILE_OPEN),
                  STATUS_PENDING);
    EXPECT(Other.Waits);
    EXPECT_STATUS(FsRtlCheckOplockEx(&Oplock, Create.Irp, OPLOCK_FLAG_BACK_OUT_ATOMIC_OPLOCK, NULL,
                                     NULL, NULL),
                  STATUS_SUCCESS);
    EXPECT(!Other.Waits);
    End(&Other);
    /* the request comes, and is granted: they look again */
    EXPECT_STATUS(FsRtlOplockFsctrl(&Oplock, Create.Irp, 1), STATUS_SUCCESS);
    EXPECT_STATUS(Operation(&Other, Files[0], IRP_MJ_CREATE, FILE_READ_DATA, FILE_OPEN),
                  STATUS_PENDING);
    EXPECT_STATUS(Control(&Holder, Files[1], FSCTL_REQUEST_OPLOCK_LEVEL_1, 1), STATUS_PENDING);
    EXPECT(!Other.Waits && !Holder.Done);
    IoCancelIrp(Holder.Irp);
    End(&Holder);
    End(&Other);
    End(&Create);
    EXPECT(!FsRtlCurrentOplock(&Oplock));
    /* a filter oplock that could be granted */
    BeginOpen(&Create, Files[1], FILE_READ_ATTRIBUTES, FILE_RESERVE_OPFILTER);
    EXPECT_STATUS(FsRtlOplockFsctrl(&Oplock, Create.Irp, 2), STATUS_OPLOCK_NOT_GRANTED);
    EXPECT_STATUS(FsRtlOplockFsctrl(&Oplock, Create.Irp, 1), STATUS_SUCCESS);
    Create.Security.DesiredAccess = FILE_READ_DATA;
    EXPECT_STATUS(FsRtlOplockFsctrl(&Oplock, Create.Irp, 1), STATUS_OPLOCK_NOT_GRANTED);
    End(&Create);
}

static VOID
LevelOne(VOID)
{
    REQUEST Holder, Open, Ack;

    /* with two opens no exclusive one is granted */
    EXPECT_STATUS(Control(&Holder, Files[0], FSCTL_REQUEST_OPLOCK_LEVEL_1, 2),
                  STATUS_OPLOCK_NOT_GRANTED);
    EXPECT(Holder.Done && Holder.Iosb.Status == STATUS_OPLOCK_NOT_GRANTED);
    End(&Holder);
    EXPECT_STATUS(Control(&Holder, Files[0], FSCTL_REQUEST_OPLOCK_LEVEL_1, 1), STATUS_PENDING);
    EXPECT(!Holder.Done); /* granted: it waits for the break */
    EXPECT(FsRtlCurrentOplock(&Oplock) && !FsRtlCurrentBatchOplock(&Oplock));
    /* its owner does as it likes */
    EXPECT_STATUS(Operation(&Open, Files[0], IRP_MJ_WRITE, 0, 0), STATUS_SUCCESS);
    EXPECT(!Holder.Done);
    End(&Open);
    /* an open for attributes alone breaks nothing */
    EXPECT_STATUS(Operation(&Open, Files[1], IRP_MJ_CREATE, FILE_READ_ATTRIBUTES, FILE_OPEN),
                  STATUS_SUCCESS);
    EXPECT(!Holder.Done);
    End(&Open);
    /* another one breaks it to level 2, and waits for the acknowledgment */
    EXPECT_STATUS(Operation(&Open, Files[1], IRP_MJ_CREATE, FILE_READ_DATA, FILE_OPEN),
                  STATUS_PENDING);
    EXPECT(Holder.Done && Holder.Iosb.Information == FILE_OPLOCK_BROKEN_TO_LEVEL_2);
    EXPECT(Open.Waits);
    EXPECT(!FsRtlOplockIsFastIoPossible(&Oplock)); /* a break is under way */
    /* acknowledged: there is a level 2 now, and the open goes on */
    EXPECT_STATUS(Control(&Ack, Files[0], FSCTL_OPLOCK_BREAK_ACKNOWLEDGE, 2), STATUS_PENDING);
    EXPECT(!Ack.Done && !Open.Waits);
    EXPECT(FsRtlCurrentOplock(&Oplock));
    End(&Holder);
    End(&Open);
    /* a write ends it without asking anybody */
    EXPECT_STATUS(Operation(&Open, Files[1], IRP_MJ_WRITE, 0, 0), STATUS_SUCCESS);
    EXPECT(Ack.Done && Ack.Iosb.Information == FILE_OPLOCK_BROKEN_TO_NONE);
    EXPECT(!FsRtlCurrentOplock(&Oplock));
    End(&Open);
    End(&Ack);
}

static VOID
BatchOplock(VOID)
{
    REQUEST Holder, Open, Ack;

    EXPECT_STATUS(Control(&Holder, Files[0], FSCTL_REQUEST_BATCH_OPLOCK, 1), STATUS_PENDING);
    EXPECT(FsRtlCurrentBatchOplock(&Oplock));
    /* overwriting leaves nothing to cache */
    EXPECT_STATUS(Operation(&Open, Files[1], IRP_MJ_CREATE, FILE_READ_DATA, FILE_OVERWRITE_IF),
                  STATUS_PENDING);
    EXPECT(Holder.Done && Holder.Iosb.Information == FILE_OPLOCK_BROKEN_TO_NONE);
    /* about to close: the open waits for the close */
    EXPECT_STATUS(Control(&Ack, Files[0], FSCTL_OPBATCH_ACK_CLOSE_PENDING, 2), STATUS_SUCCESS);
    EXPECT(Open.Waits);
    End(&Ack);
    EXPECT_STATUS(Operation(&Ack, Files[0], IRP_MJ_CLEANUP, 0, 0), STATUS_SUCCESS);
    EXPECT(!Open.Waits && !FsRtlCurrentOplock(&Oplock));
    End(&Ack);
    End(&Open);
    End(&Holder);
    /* an acknowledgment of nothing */
    EXPECT_STATUS(Control(&Ack, Files[0], FSCTL_OPLOCK_BREAK_ACKNOWLEDGE, 1),
                  STATUS_INVALID_OPLOCK_PROTOCOL);
    End(&Ack);
}

static VOID
Shared(VOID)
{
    REQUEST One, Two, Open;

    EXPECT_STATUS(Control(&One, Files[0], FSCTL_REQUEST_OPLOCK_LEVEL_2, 0), STATUS_PENDING);
    EXPECT_STATUS(Control(&Two, Files[1], FSCTL_REQUEST_OPLOCK_LEVEL_2, 0), STATUS_PENDING);
    EXPECT_STATUS(Operation(&Open, Files[1], IRP_MJ_READ, 0, 0), STATUS_SUCCESS);
    EXPECT(!One.Done && !Two.Done); /* reading is what it is for */
    End(&Open);
    EXPECT(FsRtlOplockIsSharedRequest(One.Irp));
    Begin(&Open, Files[0], IRP_MJ_FILE_SYSTEM_CONTROL)->Parameters.FileSystemControl.FsControlCode =
        FSCTL_REQUEST_BATCH_OPLOCK;
    EXPECT(!FsRtlOplockIsSharedRequest(Open.Irp));
    /* [DDI:FsRtlOplockBreakToNone] all of them, at once */
    EXPECT_STATUS(FsRtlOplockBreakToNone(&Oplock, IoGetCurrentIrpStackLocation(Open.Irp), Open.Irp,
                                         NULL, NULL, NULL),
                  STATUS_SUCCESS);
    EXPECT(One.Done && Two.Done && !FsRtlCurrentOplock(&Oplock));
    EXPECT_EQ(One.Iosb.Information, FILE_OPLOCK_BROKEN_TO_NONE);
    End(&Open);
    End(&One);
    End(&Two);
}

/* [DDI:FsRtlOplockBreakToNoneEx] OPLOCK_FLAG_COMPLETE_IF_OPLOCKED: the break goes on, and nobody waits for it. */
static VOID
InProgress(VOID)
{
    REQUEST Holder, Open, Ack;

    EXPECT_STATUS(Control(&Holder, Files[0], FSCTL_REQUEST_OPLOCK_LEVEL_1, 1), STATUS_PENDING);
    Begin(&Open, Files[1], IRP_MJ_SET_INFORMATION);
    EXPECT_STATUS(FsRtlOplockBreakToNoneEx(&Oplock, Open.Irp, OPLOCK_FLAG_COMPLETE_IF_OPLOCKED,
                                           NULL, NULL, NULL),
                  STATUS_OPLOCK_BREAK_IN_PROGRESS);
    EXPECT(Holder.Done && Holder.Iosb.Information == FILE_OPLOCK_BROKEN_TO_NONE);
    EXPECT_STATUS(Control(&Ack, Files[0], FSCTL_OPLOCK_BREAK_ACK_NO_2, 2), STATUS_SUCCESS);
    EXPECT(!FsRtlCurrentOplock(&Oplock));
    End(&Ack);
    End(&Open);
    End(&Holder);
}

/* [LEARN: FSCTL_OPLOCK_BREAK_NOTIFY]: completed when the break that is under way is over, at once if there is none; who waits may be cancelled. */
static VOID
Notified(VOID)
{
    REQUEST Holder, Open, Other, Ack, Notify, Cancelled;

    EXPECT_STATUS(Control(&Notify, Files[1], FSCTL_OPLOCK_BREAK_NOTIFY, 0), STATUS_SUCCESS);
    EXPECT(Notify.Done && Notify.Iosb.Status == STATUS_SUCCESS);
    End(&Notify);
    EXPECT_STATUS(Control(&Holder, Files[0], FSCTL_REQUEST_OPLOCK_LEVEL_1, 1), STATUS_PENDING);
    EXPECT_STATUS(Control(&Notify, Files[1], FSCTL_OPLOCK_BREAK_NOTIFY, 0), STATUS_SUCCESS);
    EXPECT(Notify.Done); /* granted, and not being broken */
    End(&Notify);
    EXPECT_STATUS(Operation(&Open, Files[1], IRP_MJ_CREATE, FILE_READ_DATA, FILE_OPEN),
                  STATUS_PENDING);
    EXPECT_STATUS(Operation(&Other, Files[1], IRP_MJ_CREATE, FILE_READ_DATA, FILE_OPEN),
                  STATUS_PENDING);
    EXPECT_STATUS(Control(&Notify, Files[1], FSCTL_OPLOCK_BREAK_NOTIFY, 0), STATUS_PENDING);
    EXPECT_STATUS(Control(&Cancelled, Files[1], FSCTL_OPLOCK_BREAK_NOTIFY, 0), STATUS_PENDING);
    EXPECT(!Notify.Done && !Cancelled.Done && Open.Waits && Other.Waits);
    EXPECT(IoCancelIrp(Cancelled.Irp));
    EXPECT(Cancelled.Done && Cancelled.Iosb.Status == STATUS_CANCELLED);
    EXPECT(IoCancelIrp(Other.Irp)); /* goes on, and finds that it was cancelled */
    EXPECT(!Other.Waits && Other.Irp->IoStatus.Status == STATUS_CANCELLED);
    EXPECT(!Notify.Done && Open.Waits);
    EXPECT_STATUS(Control(&Ack, Files[0], FSCTL_OPLOCK_BREAK_ACK_NO_2, 2), STATUS_SUCCESS);
    EXPECT(Notify.Done && Notify.Iosb.Status == STATUS_SUCCESS && !Open.Waits);
    EXPECT(!FsRtlCurrentOplock(&Oplock));
    End(&Ack);
    End(&Notify);
    End(&Cancelled);
    End(&Other);
    End(&Open);
    End(&Holder);
}

static VOID
Last(VOID)
{
    REQUEST One;

    /* what is granted when the oplock goes is broken */
    EXPECT_STATUS(Control(&One, Files[0], FSCTL_REQUEST_OPLOCK_LEVEL_2, 0), STATUS_PENDING);
    FsRtlUninitializeOplock(&Oplock);
    EXPECT(One.Done);
    End(&One);
    for (int i = 0; i < 2; i++) {
        ObDereferenceObject(Files[i]);
        ZwClose(Handles[i]);
    }
}

TEST_DRIVER(TEST(Prepare), TEST(Flags), TEST(Required), TEST(LevelOne), TEST(BatchOplock),
            TEST(Shared), TEST(InProgress), TEST(Notified), TEST(Last))
