/*
 * oplocktable.c - what each operation does to each kind of oplock, and which is granted beside which: the documentation's tables, every cell.
 * [IFS: irp-mj-create2, irp-mj-read2, irp-mj-write2, irp-mj-lock-control2, irp-mj-set-information2, irp-mj-file-system-control2,
 * irp-mj-cleanup2, granting-oplocks, acknowledging-oplock-breaks; ntifs: FsRtlOplockFsctrl, FsRtlCheckOplockEx, FsRtlOplockBreakH]
 */
#define HANDLES 3
#include "oplock.h"

#define REQUEST_OPLOCK CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 144, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define READ           1
#define HANDLE_TOO     2
#define WRITE          4
#define KINDS          8
#define SWITCHED       ((NTSTATUS)0x00000215)

static const struct {
    ULONG Code, Level;
} Kinds[KINDS] = {
    {FSCTL_REQUEST_OPLOCK_LEVEL_1, READ | WRITE},
    {FSCTL_REQUEST_OPLOCK_LEVEL_2, READ},
    {FSCTL_REQUEST_BATCH_OPLOCK, READ | WRITE | HANDLE_TOO},
    {FSCTL_REQUEST_FILTER_OPLOCK, READ | WRITE | HANDLE_TOO},
    {REQUEST_OPLOCK, READ},
    {REQUEST_OPLOCK, READ | HANDLE_TOO},
    {REQUEST_OPLOCK, READ | WRITE},
    {REQUEST_OPLOCK, READ | WRITE | HANDLE_TOO},
};
enum { LEVEL1, LEVEL2, BATCH, FILTER, R, RH, RW, RWH };

typedef struct _OPERATION {
    const char *Name;
    /* By kind: the level that is left (0, R, H for RH, w for RW; . is no break) and who waits (W the operation, a nobody but an
       acknowledgment is due, - neither); ?? is not said. */
    const char *Effects;
    const char *Own; /* the same for the owner's own operation: only what is always broken */
    UCHAR Major;
    ULONG Detail; /* a disposition, a class, a code */
    ACCESS_MASK Access;
    ULONG Options;
} OPERATION;

#define NO_BREAK    ".. .. .. .. .. .. .. .."
#define ONLY_LEVEL2 ".. 0- .. .. .. .. .. .."
#define CHANGES     "0W 0- 0W 0W 0- 0a 0W 0W"
#define NAMES       ".. .. 0W 0W .. RW .. wW"

static const OPERATION Operations[] = {
    /*                 L1 L2 B  F  R  RH RW RWH */
    {"open to read", "RW .. RW .. .. .. RW HW", NO_BREAK, IRP_MJ_CREATE, FILE_OPEN, FILE_READ_DATA},
    {"execute", "RW .. RW .. .. .. RW HW", NO_BREAK, IRP_MJ_CREATE, FILE_OPEN_IF,
     FILE_EXECUTE | READ_CONTROL | FILE_READ_EA | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES |
         SYNCHRONIZE},
    {"open to write", "RW .. RW 0W .. .. RW HW", NO_BREAK, IRP_MJ_CREATE, FILE_OPEN,
     FILE_WRITE_DATA},
    {"append", "RW .. RW 0W .. .. RW HW", NO_BREAK, IRP_MJ_CREATE, FILE_CREATE, FILE_APPEND_DATA},
    {"write EAs", "RW .. RW 0W .. .. RW HW", NO_BREAK, IRP_MJ_CREATE, FILE_OPEN, FILE_WRITE_EA},
    {"delete", "RW .. RW 0W .. .. RW HW", NO_BREAK, IRP_MJ_CREATE, FILE_OPEN, DELETE},
    {"own", "RW .. RW 0W .. .. RW HW", NO_BREAK, IRP_MJ_CREATE, FILE_OPEN, WRITE_OWNER},
    {"supersede", CHANGES, NO_BREAK, IRP_MJ_CREATE, FILE_SUPERSEDE, FILE_WRITE_DATA},
    {"overwrite", CHANGES, NO_BREAK, IRP_MJ_CREATE, FILE_OVERWRITE, FILE_WRITE_DATA | DELETE},
    {"overwrite if", CHANGES, NO_BREAK, IRP_MJ_CREATE, FILE_OVERWRITE_IF,
     FILE_READ_DATA | FILE_WRITE_DATA},
    {"attributes", NO_BREAK, NO_BREAK, IRP_MJ_CREATE, FILE_OPEN,
     FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | SYNCHRONIZE},
    {"filter", "0W 0- 0W ?? 0- 0a 0W 0W", NO_BREAK, IRP_MJ_CREATE, FILE_OPEN, FILE_READ_ATTRIBUTES,
     FILE_RESERVE_OPFILTER},
    {"read", "RW .. RW .. .. .. RW HW", NO_BREAK, IRP_MJ_READ},
    {"write", CHANGES, ONLY_LEVEL2, IRP_MJ_WRITE},
    {"lock", "0W 0- 0W .. 0- 0a 0W 0a", ONLY_LEVEL2, IRP_MJ_LOCK_CONTROL},
    {"end of file", CHANGES, ONLY_LEVEL2, IRP_MJ_SET_INFORMATION, FileEndOfFileInformation},
    {"allocation", CHANGES, ONLY_LEVEL2, IRP_MJ_SET_INFORMATION, FileAllocationInformation},
    {"valid data", CHANGES, ONLY_LEVEL2, IRP_MJ_SET_INFORMATION, FileValidDataLengthInformation},
    {"zeroes", CHANGES, ONLY_LEVEL2, IRP_MJ_FILE_SYSTEM_CONTROL, FSCTL_SET_ZERO_DATA},
    {"other control", NO_BREAK, NO_BREAK, IRP_MJ_FILE_SYSTEM_CONTROL, FSCTL_GET_COMPRESSION},
    {"rename", NAMES, NO_BREAK, IRP_MJ_SET_INFORMATION, FileRenameInformation},
    {"short name", NAMES, NO_BREAK, IRP_MJ_SET_INFORMATION, FileShortNameInformation},
    {"link", NAMES, NO_BREAK, IRP_MJ_SET_INFORMATION, FileLinkInformation},
    {"disposition", ".. .. .. .. .. RW .. wW", NO_BREAK, IRP_MJ_SET_INFORMATION,
     FileDispositionInformation},
    {"times", NO_BREAK, NO_BREAK, IRP_MJ_SET_INFORMATION, FileBasicInformation},
    {"position", NO_BREAK, NO_BREAK, IRP_MJ_SET_INFORMATION, FilePositionInformation},
    {"query", NO_BREAK, NO_BREAK, IRP_MJ_QUERY_INFORMATION, FileStandardInformation},
    {"flush", NO_BREAK, NO_BREAK, IRP_MJ_FLUSH_BUFFERS},
    {"others' end", NO_BREAK, "0- 0- 0- 0- 0- 0- 0- 0-", IRP_MJ_CLEANUP},
};

/* Flags: 1 a request, 2 an acknowledgment; of FSCTL_REQUEST_OPLOCK. */
static NTSTATUS
Control(PREQUEST Request, ULONG File, ULONG Code, ULONG Level, ULONG Flags, ULONG Opens)
{
    PIO_STACK_LOCATION Stack = Begin(Request, Files[File], IRP_MJ_FILE_SYSTEM_CONTROL);

    Stack->Parameters.FileSystemControl.FsControlCode = Code;
    if (Code == REQUEST_OPLOCK) {
        Request->Buffer[0] = 1 | 12 << 16;
        Request->Buffer[1] = Level;
        Request->Buffer[2] = Flags;
        Stack->Parameters.FileSystemControl.InputBufferLength = 12;
        Stack->Parameters.FileSystemControl.OutputBufferLength = 24;
    }
    return FsRtlOplockFsctrl(&Oplock, Request->Irp, Opens);
}

/* Opens: of an exclusive one the handles, of a shared one whether there are byte-range locks. */
static NTSTATUS
Ask(PREQUEST Request, ULONG File, ULONG Kind)
{
    return Control(Request, File, Kinds[Kind].Code, Kinds[Kind].Level, 1,
                   Kinds[Kind].Level & WRITE ? 1 : 0);
}

static NTSTATUS
Do(PREQUEST Request, ULONG File, const OPERATION *Operation, ULONG Flags, ULONG IrpFlags)
{
    PIO_STACK_LOCATION Stack = Begin(Request, Files[File], Operation->Major);
    NTSTATUS Status;

    Request->Irp->Flags |= IrpFlags;
    switch (Operation->Major) {
    case IRP_MJ_CREATE:
        Request->Security.AccessState = &Request->Access;
        Request->Security.DesiredAccess = Operation->Access;
        Request->Access.OriginalDesiredAccess = Operation->Access;
        Stack->Parameters.Create.SecurityContext = &Request->Security;
        Stack->Parameters.Create.Options = Operation->Detail << 24 | Operation->Options;
        Stack->Parameters.Create.ShareAccess =
            FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
        break;
    case IRP_MJ_WRITE:
        Stack->Parameters.Write.Length = 1;
        break;
    case IRP_MJ_SET_INFORMATION:
        Stack->Parameters.SetFile.FileInformationClass = (FILE_INFORMATION_CLASS)Operation->Detail;
        Stack->Parameters.SetFile.Length = sizeof(Request->Buffer);
        *(PBOOLEAN)Request->Buffer = TRUE; /* to be deleted; what is there may be replaced */
        break;
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        Stack->Parameters.FileSystemControl.FsControlCode = Operation->Detail;
        break;
    }
    Request->Waits = TRUE;
    Status = FsRtlCheckOplockEx(&Oplock, Request->Irp, Flags, Request, Over, NULL);
    if (Status != STATUS_PENDING) {
        Request->Waits = FALSE;
    }
    return Status;
}

static ULONG
LevelOf(char Effect)
{
    return Effect == 'R'   ? READ
           : Effect == 'H' ? READ | HANDLE_TOO
           : Effect == 'w' ? READ | WRITE
                           : 0;
}

/* The notice that the owner of Kind has got is that of a break to Level. */
static BOOLEAN
IsBroken(PREQUEST Holder, ULONG Kind, ULONG Level, BOOLEAN Acknowledged)
{
    if (!Holder->Done || Holder->Iosb.Status != STATUS_SUCCESS) {
        return FALSE;
    }
    if (Kind < R) {
        return Holder->Iosb.Information ==
               (ULONG)(Level & READ ? FILE_OPLOCK_BROKEN_TO_LEVEL_2 : FILE_OPLOCK_BROKEN_TO_NONE);
    }
    /* REQUEST_OPLOCK_OUTPUT_BUFFER */
    return Holder->Iosb.Information == 24 && Holder->Buffer[0] == (1 | 24 << 16) &&
           Holder->Buffer[1] == Kinds[Kind].Level && Holder->Buffer[2] == Level &&
           (Holder->Buffer[3] & 1) == Acknowledged;
}

static VOID
ExpectCell(BOOLEAN Good, const char *What, ULONG Kind, int Line)
{
    NtlabReport(Good, Line, What);
    if (!Good) {
        DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "ntlab-test: note %s:%d kind %u\n",
                   NtlabCase, Line, Kind);
    }
}
#define CELL(Condition) ExpectCell((Condition) ? TRUE : FALSE, Operation->Name, Kind, __LINE__)

static BOOLEAN
IsIdle(VOID)
{
    return !FsRtlCurrentOplock(&Oplock) && !FsRtlCurrentBatchOplock(&Oplock) &&
           !FsRtlCurrentOplockH(&Oplock) && FsRtlOplockIsFastIoPossible(&Oplock);
}

enum { ACCEPT, REFUSE, CLOSE_PENDING, CLEANUP, CANCEL, WAYS };

/* The owner of a broken oplock answers in one of the ways that it may; Waiting goes on, or not yet. */
static VOID
Acknowledge(const OPERATION *Operation, ULONG Kind, ULONG Level, ULONG Way, PREQUEST Waiting)
{
    static const OPERATION Ends = {"cleanup", NULL, NULL, IRP_MJ_CLEANUP};
    BOOLEAN Waits = Waiting->Waits;
    REQUEST Ack, Wrong, Cleanup;
    NTSTATUS Status;

    CELL(FsRtlCurrentOplock(&Oplock) && !FsRtlOplockIsFastIoPossible(&Oplock));
    /* nothing is granted in between, and only the owner answers, in the words of its kind */
    CELL(Ask(&Wrong, 1, LEVEL2) == STATUS_OPLOCK_NOT_GRANTED && Wrong.Done);
    End(&Wrong);
    CELL(Control(&Wrong, 1, FSCTL_OPLOCK_BREAK_ACKNOWLEDGE, 0, 0, 0) ==
         STATUS_INVALID_OPLOCK_PROTOCOL);
    End(&Wrong);
    CELL(Control(&Wrong, 0, Kind < R ? REQUEST_OPLOCK : FSCTL_OPLOCK_BREAK_ACKNOWLEDGE, 0, 2, 0) ==
         STATUS_INVALID_OPLOCK_PROTOCOL);
    CELL(Wrong.Done && Wrong.Iosb.Status == STATUS_INVALID_OPLOCK_PROTOCOL);
    End(&Wrong);
    CELL(Waiting->Waits == Waits);
    if (Way == CLEANUP) {
        CELL(Do(&Cleanup, 0, &Ends, 0, 0) == STATUS_SUCCESS);
        End(&Cleanup);
        CELL(!Waiting->Waits && IsIdle());
        return;
    }
    if (Way == CANCEL && Waits) {
        CELL(IoCancelIrp(Waiting->Irp));
        CELL(!Waiting->Waits && Waiting->Irp->IoStatus.Status == STATUS_CANCELLED);
        CELL(FsRtlCurrentOplock(&Oplock)); /* the break is not over for that */
    }
    if (Kind >= R) {
        Status = Control(&Ack, 0, REQUEST_OPLOCK, Way == REFUSE ? 0 : Level, 2, 0);
        Level = Way == REFUSE ? 0 : Level;
    } else {
        Status = Control(&Ack, 0,
                         Way == REFUSE          ? FSCTL_OPLOCK_BREAK_ACK_NO_2
                         : Way == CLOSE_PENDING ? FSCTL_OPBATCH_ACK_CLOSE_PENDING
                                                : FSCTL_OPLOCK_BREAK_ACKNOWLEDGE,
                         0, 0, 0);
        Level = Way == ACCEPT || Way == CANCEL ? Level & READ : 0;
    }
    if (Way == CLOSE_PENDING && (Kind == BATCH || Kind == FILTER)) {
        CELL(Status == STATUS_SUCCESS && Ack.Done && Waiting->Waits == Waits);
        CELL(Do(&Cleanup, 0, &Ends, 0, 0) == STATUS_SUCCESS);
        End(&Cleanup);
    } else if (Level != 0) {
        CELL(Status == STATUS_PENDING && !Ack.Done);
        CELL(FsRtlCurrentOplock(&Oplock));
        CELL(FsRtlCurrentOplockH(&Oplock) == ((Level & HANDLE_TOO) != 0));
        CELL(!FsRtlCurrentBatchOplock(&Oplock));
        CELL(!Waiting->Waits);
        CELL(Do(&Cleanup, 0, &Ends, 0, 0) == STATUS_SUCCESS && Ack.Done);
        End(&Cleanup);
    } else {
        CELL(Status == STATUS_SUCCESS && Ack.Done && Ack.Iosb.Status == STATUS_SUCCESS);
    }
    End(&Ack);
    CELL(!Waiting->Waits && IsIdle());
}

/* One cell. */
static VOID
Cell(const OPERATION *Operation, ULONG Kind, BOOLEAN Own, ULONG Flags, ULONG Way)
{
    const char *Effect = (Own ? Operation->Own : Operation->Effects) + 3 * Kind;
    ULONG Level = LevelOf(Effect[0]);
    BOOLEAN Goes = (Flags & OPLOCK_FLAG_COMPLETE_IF_OPLOCKED) != 0;
    REQUEST Holder, Other;
    NTSTATUS Status;

    if (Effect[0] == '?') {
        return;
    }
    CELL(Ask(&Holder, 0, Kind) == STATUS_PENDING && !Holder.Done);
    CELL(FsRtlCurrentOplock(&Oplock));
    CELL(FsRtlCurrentBatchOplock(&Oplock) == (Kind == BATCH || Kind == FILTER));
    CELL(FsRtlOplockIsSharedRequest(Holder.Irp) == (Kind == LEVEL2 || Kind == R || Kind == RH));
    Status = Do(&Other, Own ? 0 : 1, Operation, Flags, 0);
    CELL(Status == (Effect[1] != 'W' ? STATUS_SUCCESS
                    : Goes           ? STATUS_OPLOCK_BREAK_IN_PROGRESS
                                     : STATUS_PENDING));
    CELL(Other.Waits == (Effect[1] == 'W' && !Goes));
    if (Effect[0] == '.') {
        CELL(!Holder.Done);
        CELL(IoCancelIrp(Holder.Irp));
        CELL(Holder.Done && Holder.Iosb.Status == STATUS_CANCELLED);
    } else {
        CELL(IsBroken(&Holder, Kind, Level, Effect[1] != '-'));
    }
    if (Effect[1] == 'W' || Effect[1] == 'a') {
        Acknowledge(Operation, Kind, Level, Way, &Other);
    }
    CELL(IsIdle());
    End(&Other);
    End(&Holder);
}

static VOID
Prepare(VOID)
{
    OpenAll(L"\\??\\C:\\oplock-table");
}

static VOID
Breaks(VOID)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(Operations); i++) {
        for (ULONG Kind = 0; Kind < KINDS; Kind++) {
            BOOLEAN Waits = Operations[i].Effects[3 * Kind + 1] >= 'W';

            for (ULONG Way = 0; Way < (Waits ? WAYS : 1); Way++) {
                Cell(&Operations[i], Kind, FALSE, 0, Way);
            }
            Cell(&Operations[i], Kind, FALSE, OPLOCK_FLAG_COMPLETE_IF_OPLOCKED, ACCEPT);
            Cell(&Operations[i], Kind, TRUE, 0, ACCEPT);
        }
    }
}

/* Paging I/O asks for none; a sharing violation for the handles; nobody's key counts where everything goes. */
static VOID
Others(VOID)
{
    static const OPERATION Write = {"paging write", NULL, NULL, IRP_MJ_WRITE},
                           Open = {"if oplocked",
                                   NULL,
                                   NULL,
                                   IRP_MJ_CREATE,
                                   FILE_OPEN,
                                   FILE_WRITE_DATA,
                                   FILE_COMPLETE_IF_OPLOCKED},
                           Kept = {"disposition off", NULL, NULL, IRP_MJ_SET_INFORMATION,
                                   FileDispositionInformation};

    for (ULONG Kind = 0; Kind < KINDS; Kind++) {
        const OPERATION *Operation = &Write;
        REQUEST Holder, Other;
        NTSTATUS Status;

        CELL(Ask(&Holder, 0, Kind) == STATUS_PENDING);
        CELL(Do(&Other, 1, &Write, 0, IRP_PAGING_IO) == STATUS_SUCCESS && !Holder.Done);
        End(&Other);
        /* a file that is not to be deleted after all */
        Operation = &Kept;
        Begin(&Other, Files[1], IRP_MJ_SET_INFORMATION)->Parameters.SetFile.FileInformationClass =
            FileDispositionInformation;
        CELL(FsRtlCheckOplock(&Oplock, Other.Irp, &Other, Over, NULL) == STATUS_SUCCESS);
        CELL(!Holder.Done);
        /* the owner's own violation breaks nothing, another's the handles */
        IoGetCurrentIrpStackLocation(Other.Irp)->MajorFunction = IRP_MJ_CREATE;
        IoGetCurrentIrpStackLocation(Other.Irp)->FileObject = Files[0];
        CELL(FsRtlOplockBreakH(&Oplock, Other.Irp, 0, &Other, Over, NULL) == STATUS_SUCCESS);
        CELL(!Holder.Done);
        IoGetCurrentIrpStackLocation(Other.Irp)->FileObject = Files[1];
        Other.Waits = TRUE;
        Status = FsRtlOplockBreakH(&Oplock, Other.Irp, 0, &Other, Over, NULL);
        if (Kind == RH || Kind == RWH) {
            CELL(Status == STATUS_PENDING && Other.Waits);
            CELL(IsBroken(&Holder, Kind, Kinds[Kind].Level & ~HANDLE_TOO, TRUE));
            Acknowledge(Operation, Kind, Kinds[Kind].Level & ~HANDLE_TOO, ACCEPT, &Other);
        } else {
            CELL(Status == STATUS_SUCCESS && !Holder.Done);
            IoCancelIrp(Holder.Irp);
        }
        End(&Other);
        End(&Holder);
        /* the create that does not want to wait */
        Operation = &Open;
        CELL(Ask(&Holder, 0, Kind) == STATUS_PENDING);
        Status = Do(&Other, 1, &Open, 0, 0);
        CELL(Status ==
             (Kinds[Kind].Level & WRITE ? STATUS_OPLOCK_BREAK_IN_PROGRESS : STATUS_SUCCESS));
        CELL(!Other.Waits && Holder.Done == ((Kinds[Kind].Level & WRITE) != 0));
        if (Holder.Done) {
            Acknowledge(Operation, Kind, Kind == FILTER ? 0 : Kinds[Kind].Level & ~WRITE, REFUSE,
                        &Other);
        } else {
            IoCancelIrp(Holder.Irp);
        }
        End(&Other);
        End(&Holder);
        CELL(IsIdle());
    }
}

/* Of two of one handle (the older one is switched: s), and of one beside another's: + granted, - not granted, b granted when the other was
   broken to none; . is not said, or cannot be, for an exclusive one wants no other handle. */
static const char *const OwnGrants[KINDS] = {
    /* held:   L1 L2 B F R RH RW RWH */
    [LEVEL1] = "-b------", [LEVEL2] = "-+--.-.-", [BATCH] = "-b------", [FILTER] = "-b------",
    [R] = "-.--s---",      [RH] = "----ss--",     [RW] = "----s-s-",    [RWH] = "----ssss",
};
static const char *const OtherGrants[KINDS] = {
    [LEVEL2] = "-+--+---",
    [R] = "-+--++--",
    [RH] = "----++--",
};

static VOID
Grant(ULONG Held, ULONG Asked, ULONG File, char Expected)
{
    static const OPERATION Beside = {"granted beside"};
    const OPERATION *Operation = &Beside;
    ULONG Kind = 16 * Held + Asked;
    REQUEST Holder, Other;
    NTSTATUS Status;

    if (Expected == '.') {
        return;
    }
    CELL(Ask(&Holder, 0, Held) == STATUS_PENDING);
    Status = Ask(&Other, File, Asked);
    if (Expected == '-') {
        CELL(Status == STATUS_OPLOCK_NOT_GRANTED && Other.Done);
        CELL(Other.Iosb.Status == STATUS_OPLOCK_NOT_GRANTED);
        CELL(!Holder.Done);
    } else {
        CELL(Status == STATUS_PENDING && !Other.Done);
        CELL(Expected != '+' || !Holder.Done);
        CELL(Expected != 's' || (Holder.Done && Holder.Iosb.Status == SWITCHED));
        CELL(Expected != 'b' || IsBroken(&Holder, Held, 0, FALSE));
        CELL(IoCancelIrp(Other.Irp) && Other.Iosb.Status == STATUS_CANCELLED);
    }
    if (!Holder.Done) {
        CELL(IoCancelIrp(Holder.Irp) && Holder.Iosb.Status == STATUS_CANCELLED);
    }
    End(&Other);
    End(&Holder);
    CELL(IsIdle());
}

static VOID
Grants(VOID)
{
    static const OPERATION Alone = {"granted alone"};
    const OPERATION *Operation = &Alone;
    REQUEST Request;

    for (ULONG Kind = 0; Kind < KINDS; Kind++) {
        BOOLEAN Shared = !(Kinds[Kind].Level & WRITE);

        /* a synchronous handle; other handles, or byte-range locks */
        CELL(Ask(&Request, 2, Kind) == STATUS_OPLOCK_NOT_GRANTED && Request.Done);
        End(&Request);
        CELL(Control(&Request, 0, Kinds[Kind].Code, Kinds[Kind].Level, 1, Shared ? 1 : 2) ==
             STATUS_OPLOCK_NOT_GRANTED);
        End(&Request);
        for (ULONG Held = 0; Held < KINDS; Held++) {
            Grant(Held, Kind, 0, OwnGrants[Kind][Held]);
            if (OtherGrants[Kind] != NULL) {
                Grant(Held, Kind, 1, OtherGrants[Kind][Held]);
            }
        }
    }
    for (ULONG Level = 0; Level < 16; Level++) {
        ULONG Kind = Level;
        BOOLEAN Known = Level == 1 || Level == 3 || Level == 5 || Level == 7;
        NTSTATUS Status = Control(&Request, 0, REQUEST_OPLOCK, Level, 1, 0);

        CELL(Status == (Known ? STATUS_PENDING : STATUS_INVALID_PARAMETER));
        CELL(Request.Done == !Known);
        if (Known) {
            IoCancelIrp(Request.Irp);
        }
        End(&Request);
    }
    for (ULONG Kind = 0; Kind < 4; Kind++) {
        /* a buffer that is too small, for what is asked or for what is told */
        PIO_STACK_LOCATION Stack = Begin(&Request, Files[0], IRP_MJ_FILE_SYSTEM_CONTROL);

        Stack->Parameters.FileSystemControl.FsControlCode = REQUEST_OPLOCK;
        Stack->Parameters.FileSystemControl.InputBufferLength = Kind & 1 ? 12 : 11;
        Stack->Parameters.FileSystemControl.OutputBufferLength = Kind & 2 ? 24 : 23;
        Request.Buffer[0] = 1 | 12 << 16;
        Request.Buffer[1] = READ;
        Request.Buffer[2] = 1;
        CELL(FsRtlOplockFsctrl(&Oplock, Request.Irp, 0) ==
             (Kind == 3 ? STATUS_PENDING : STATUS_INVALID_PARAMETER));
        if (Kind == 3) {
            IoCancelIrp(Request.Irp);
        }
        End(&Request);
    }
}

/* Several shared ones: each goes by itself, and what breaks one breaks all but the writer's own. */
static VOID
Several(VOID)
{
    static const OPERATION Write = {"write beside several", NULL, NULL, IRP_MJ_WRITE};
    const OPERATION *Operation = &Write;

    for (ULONG Kind = LEVEL2; Kind <= RH; Kind += Kind == LEVEL2 ? R - LEVEL2 : 1) {
        REQUEST One, Two, Other, Ack;

        CELL(Ask(&One, 0, Kind) == STATUS_PENDING);
        CELL(Ask(&Two, 1, Kind) == STATUS_PENDING);
        CELL(Do(&Other, 1, &Write, 0, 0) == STATUS_SUCCESS);
        CELL(IsBroken(&One, Kind, 0, Kind == RH));
        CELL(Two.Done == (Kind == LEVEL2));
        End(&Other);
        if (Kind == RH) {
            CELL(Control(&Ack, 0, REQUEST_OPLOCK, 0, 2, 0) == STATUS_SUCCESS);
            End(&Ack);
        }
        if (!Two.Done) {
            CELL(FsRtlCurrentOplock(&Oplock));
            CELL(Do(&Other, 0, &Write, 0, 0) == STATUS_SUCCESS && Two.Done);
            End(&Other);
        }
        if (Kind == RH) {
            CELL(Control(&Ack, 1, REQUEST_OPLOCK, 0, 2, 0) == STATUS_SUCCESS);
            End(&Ack);
        }
        End(&One);
        End(&Two);
        CELL(IsIdle());
    }
}

static REQUEST Blocked;
static KEVENT Begun;
static NTSTATUS BlockedStatus;
static BOOLEAN BlockedOver;

/* Without a routine it is the caller that waits. */
static VOID NTAPI
Waits(PVOID Context)
{
    KeSetEvent(&Begun, 0, FALSE);
    BlockedStatus = FsRtlCheckOplock(&Oplock, Blocked.Irp, NULL, NULL, NULL);
    BlockedOver = TRUE;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

enum { ACKNOWLEDGED, CANCELLED_WHILE, CANCELLED_BEFORE, ENDINGS };

static VOID
Here(VOID)
{
    static const OPERATION Wait = {"the caller waits"};
    static const ULONG Broken[] = {LEVEL1, BATCH, FILTER, RW, RWH};
    const OPERATION *Operation = &Wait;
    LARGE_INTEGER Some = {.QuadPart = -20 * 10000};
    REQUEST Holder, Ack;
    HANDLE Handle;
    PVOID Thread;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Broken) * ENDINGS; i++) {
        ULONG Kind = Broken[i / ENDINGS], How = i % ENDINGS;

        CELL(Ask(&Holder, 0, Kind) == STATUS_PENDING);
        Begin(&Blocked, Files[1], IRP_MJ_WRITE)->Parameters.Write.Length = 1;
        if (How == CANCELLED_BEFORE) {
            IoCancelIrp(Blocked.Irp);
        }
        BlockedOver = FALSE;
        KeInitializeEvent(&Begun, NotificationEvent, FALSE);
        PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Waits, NULL);
        ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Thread, NULL);
        ZwClose(Handle);
        KeWaitForSingleObject(&Begun, Executive, KernelMode, FALSE, NULL);
        while (!Holder.Done) {
            KeDelayExecutionThread(KernelMode, FALSE, &Some);
        }
        CELL(IsBroken(&Holder, Kind, 0, TRUE));
        if (How == CANCELLED_BEFORE) {
            KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
        } else {
            CELL(KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, &Some) ==
                 STATUS_TIMEOUT);
            CELL(!BlockedOver);
        }
        if (How == CANCELLED_WHILE) {
            CELL(IoCancelIrp(Blocked.Irp));
            KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
        }
        CELL(Control(&Ack, 0, Kind >= R ? REQUEST_OPLOCK : FSCTL_OPLOCK_BREAK_ACK_NO_2, 0, 2, 0) ==
             STATUS_SUCCESS);
        KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
        CELL(BlockedStatus == (How == ACKNOWLEDGED ? STATUS_SUCCESS : STATUS_CANCELLED));
        CELL(IsIdle());
        ObDereferenceObject(Thread);
        End(&Ack);
        End(&Blocked);
        End(&Holder);
    }
}

/* OPLOCK_FSCTRL_FLAG_ALL_KEYS_MATCH: several handles of one key are as good as one; of byte-range locks it says nothing. */
static VOID
Keys(VOID)
{
    static const OPERATION Match = {"all keys match"};
    const OPERATION *Operation = &Match;

    for (ULONG Kind = R; Kind < KINDS; Kind++) {
        for (ULONG i = 0; i < 4; i++) {
            ULONG Flags = i & 1, Opens = i & 2 ? 3 : Kinds[Kind].Level & WRITE ? 1 : 0;
            BOOLEAN May = Opens < 2 || (Flags != 0 && (Kinds[Kind].Level & WRITE));
            REQUEST Request;
            PIO_STACK_LOCATION Stack = Begin(&Request, Files[0], IRP_MJ_FILE_SYSTEM_CONTROL);

            Stack->Parameters.FileSystemControl.FsControlCode = REQUEST_OPLOCK;
            Stack->Parameters.FileSystemControl.InputBufferLength = 12;
            Stack->Parameters.FileSystemControl.OutputBufferLength = 24;
            Request.Buffer[0] = 1 | 12 << 16;
            Request.Buffer[1] = Kinds[Kind].Level;
            Request.Buffer[2] = 1;
            CELL(FsRtlOplockFsctrlEx(&Oplock, Request.Irp, Opens, Flags) ==
                 (May ? STATUS_PENDING : STATUS_OPLOCK_NOT_GRANTED));
            if (May) {
                IoCancelIrp(Request.Irp);
            }
            End(&Request);
            CELL(IsIdle());
        }
    }
}

static VOID
Last(VOID)
{
    FsRtlUninitializeOplock(&Oplock);
    for (int i = 0; i < 3; i++) {
        ObDereferenceObject(Files[i]);
        ZwClose(Handles[i]);
    }
}

TEST_DRIVER(TEST(Prepare), TEST(Breaks), TEST(Others), TEST(Grants), TEST(Several), TEST(Here),
            TEST(Keys), TEST(Last))
