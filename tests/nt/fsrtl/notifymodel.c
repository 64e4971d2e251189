/*
 * notifymodel.c - directory notification against a model: handles that watch a directory or all below it ask, files change, requests are cancelled and handles
 * closed, some thousand times; what was collected meanwhile, record for record, what did not fit, and who is not told.
 * [DDI:ntifs/fsrtlnotifyfilterchangedirectory], [DDI:ntifs/fsrtlnotifyfilterreportchange], [DDI:ntifs/fsrtlnotifycleanup],
 * [LEARN:winnt/file_notify_information], [LEARN:winbase/readdirectorychangesw]
 */
#include "notify.h"

#define HANDLES  4
#define REQUESTS 3
#define STEPS    4000
#define ROOM     160

/* What the package must know of a handle. */
typedef struct _WATCH {
    BOOLEAN Known, Tree, Ignores, Overflow, Ready;
    ULONG Filter, Room, Used, Last;
    UNICODE_STRING Directory;
    UCHAR Buffer[ROOM];
    REQUEST Requests[REQUESTS];
} WATCH, *PWATCH;

static const UNICODE_STRING Directories[] = {
    RTL_CONSTANT_STRING(L"\\"), RTL_CONSTANT_STRING(L"\\a"), RTL_CONSTANT_STRING(L"\\a\\bc"),
    RTL_CONSTANT_STRING(L"\\A\\b")};
static const struct {
    UNICODE_STRING Name;
    ULONG Last; /* where the last part begins, in characters */
} Targets[] = {{RTL_CONSTANT_STRING(L"\\x"), 1},
               {RTL_CONSTANT_STRING(L"\\a"), 1},
               {RTL_CONSTANT_STRING(L"\\a\\file"), 3},
               {RTL_CONSTANT_STRING(L"\\ab\\file"), 4},
               {RTL_CONSTANT_STRING(L"\\a\\bc\\in"), 6},
               {RTL_CONSTANT_STRING(L"\\A\\B\\x.y"), 5},
               {RTL_CONSTANT_STRING(L"\\a\\b\\c\\d"), 7},
               {RTL_CONSTANT_STRING(L"\\a\\bcd"), 3},
               {RTL_CONSTANT_STRING(L"\\other\\a long name that takes its room"), 7}};
static const UNICODE_STRING StreamName = RTL_CONSTANT_STRING(L"stream");

static WATCH Watches[HANDLES];
static ULONG Seed = 11, Clock, Wrong[10];

static ULONG
Any(ULONG Below)
{
    return RtlRandomEx(&Seed) % Below;
}

/* Record for record; what lies between them is nobody's. */
static BOOLEAN
IsSame(PUCHAR One, PUCHAR Two)
{
    for (;;) {
        PFILE_NOTIFY_INFORMATION A = (PVOID)One, B = (PVOID)Two;

        if (A->NextEntryOffset != B->NextEntryOffset || A->Action != B->Action ||
            A->FileNameLength != B->FileNameLength ||
            !RtlEqualMemory(A->FileName, B->FileName, A->FileNameLength)) {
            return FALSE;
        }
        if (A->NextEntryOffset == 0) {
            return TRUE;
        }
        One += A->NextEntryOffset;
        Two += A->NextEntryOffset;
    }
}

/* The request has ended so, and is over. */
static VOID
Ended(PREQUEST Request, NTSTATUS Status, PUCHAR Bytes, ULONG Length)
{
    Wrong[0] += !Request->Done;
    Wrong[1] += Request->Iosb.Status != Status;
    Wrong[2] += Request->Iosb.Information != Length;
    Wrong[3] += Length != 0 && !IsSame(Request->Buffer, Bytes);
    IoFreeIrp(Request->Irp);
    Request->Irp = NULL;
}

static VOID
Deliver(PWATCH Watch, PREQUEST Request)
{
    if (Watch->Overflow || Watch->Ignores || Watch->Used > Request->Length) {
        Ended(Request, STATUS_NOTIFY_ENUM_DIR, NULL, 0);
    } else {
        Ended(Request, STATUS_SUCCESS, Watch->Buffer, Watch->Used);
    }
    Watch->Used = Watch->Last = 0;
    Watch->Overflow = Watch->Ready = FALSE;
}

static PREQUEST
Oldest(PWATCH Watch)
{
    PREQUEST Found = NULL;

    for (PREQUEST Request = Watch->Requests; Request < Watch->Requests + REQUESTS; Request++) {
        if (Request->Irp != NULL && (Found == NULL || Request->Order < Found->Order)) {
            Found = Request;
        }
    }
    return Found;
}

static VOID
Ask(PWATCH Watch)
{
    static const ULONG Lengths[] = {16, 40, 100, ROOM};
    ULONG Length = Lengths[Any(4)], Directory = Any(RTL_NUMBER_OF(Directories));
    BOOLEAN Tree = Any(2), Ignores = Any(8) == 0;
    ULONG Filter = Any(4) == 0 ? FILE_NOTIFY_CHANGE_SIZE
                               : FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_ATTRIBUTES;
    PREQUEST Request = NULL;

    for (ULONG i = 0; i < REQUESTS; i++) {
        Request = Watch->Requests[i].Irp == NULL ? &Watch->Requests[i] : Request;
    }
    if (Request == NULL) {
        return;
    }
    if (!Watch->Known) { /* the first one of the handle says how it is watched */
        RtlZeroMemory(Watch, sizeof(*Watch));
        Watch->Known = TRUE;
        Watch->Tree = Tree;
        Watch->Ignores = Ignores;
        Watch->Filter = Filter;
        Watch->Room = Length;
        Watch->Directory = Directories[Directory];
    }
    Begin(Request, Length);
    Request->Order = ++Clock;
    FsRtlNotifyFilterChangeDirectory(Sync, &List, Watch, (PSTRING)&Watch->Directory, Tree, Ignores,
                                     Filter, Request->Irp, NULL, NULL, NULL);
    if (Watch->Ready) {
        Deliver(Watch, Request);
    } else {
        Wrong[4] += Request->Done;
    }
}

static BOOLEAN
IsBelow(PWATCH Watch, ULONG Target, PULONG Start)
{
    UNICODE_STRING Front = Targets[Target].Name;

    *Start =
        Watch->Directory.Length == sizeof(WCHAR) ? 1 : Watch->Directory.Length / sizeof(WCHAR) + 1;
    Front.Length = (USHORT)((*Start - 1) * sizeof(WCHAR));
    return Targets[Target].Name.Length > *Start * sizeof(WCHAR) &&
           Targets[Target].Name.Buffer[*Start - 1] == L'\\' &&
           (Front.Length == 0 || RtlEqualUnicodeString(&Front, &Watch->Directory, TRUE)) &&
           (Watch->Tree || Targets[Target].Last == *Start);
}

static VOID
Collect(PWATCH Watch, ULONG Target, ULONG Start, ULONG Action, BOOLEAN Stream)
{
    ULONG Length = Targets[Target].Name.Length - Start * sizeof(WCHAR),
          At = (Watch->Used + 3) & ~3u;
    ULONG Whole = Length + (Stream ? StreamName.Length + sizeof(WCHAR) : 0);
    PFILE_NOTIFY_INFORMATION Info = (PVOID)(Watch->Buffer + At);

    Watch->Ready = Action != FILE_ACTION_RENAMED_OLD_NAME; /* both names are told at once */
    if (Watch->Overflow) {
        return;
    }
    if (At + FIELD_OFFSET(FILE_NOTIFY_INFORMATION, FileName) + Whole > Watch->Room) {
        Watch->Overflow = TRUE;
        Watch->Used = Watch->Last = 0;
        return;
    }
    Info->NextEntryOffset = 0;
    Info->Action = Action;
    Info->FileNameLength = Whole;
    RtlCopyMemory(Info->FileName, Targets[Target].Name.Buffer + Start, Length);
    if (Stream) {
        Info->FileName[Length / sizeof(WCHAR)] = L':';
        RtlCopyMemory(Info->FileName + Length / sizeof(WCHAR) + 1, StreamName.Buffer,
                      StreamName.Length);
    }
    if (At != 0) {
        ((PFILE_NOTIFY_INFORMATION)(Watch->Buffer + Watch->Last))->NextEntryOffset =
            At - Watch->Last;
    }
    Watch->Last = At;
    Watch->Used = At + FIELD_OFFSET(FILE_NOTIFY_INFORMATION, FileName) + Whole;
}

static VOID
Change(VOID)
{
    ULONG Target = Any(RTL_NUMBER_OF(Targets)), Start;
    ULONG Match = 1u << Any(4), Action = FILE_ACTION_ADDED + Any(5);
    BOOLEAN Stream = Any(6) == 0, Full = Any(2);
    UNICODE_STRING Name = Targets[Target].Name;

    (Full ? FsRtlNotifyFullReportChange(
                Sync, &List, (PSTRING)&Name, (USHORT)(Targets[Target].Last * sizeof(WCHAR)),
                Stream ? (PSTRING)&StreamName : NULL, NULL, Match, Action, NULL)
          : FsRtlNotifyFilterReportChange(
                Sync, &List, (PSTRING)&Name, (USHORT)(Targets[Target].Last * sizeof(WCHAR)),
                Stream ? (PSTRING)&StreamName : NULL, NULL, Match, Action, NULL, NULL));
    for (PWATCH Watch = Watches; Watch < Watches + HANDLES; Watch++) {
        PREQUEST Request;

        if (!Watch->Known || !(Watch->Filter & Match) || !IsBelow(Watch, Target, &Start)) {
            continue;
        }
        Collect(Watch, Target, Start, Action, Stream);
        Request = Oldest(Watch);
        if (Watch->Ready && Request != NULL) {
            Deliver(Watch, Request);
        }
    }
}

static VOID
CleanUp(PWATCH Watch)
{
    FsRtlNotifyCleanup(Sync, &List, Watch);
    for (PREQUEST Request = Watch->Requests; Request < Watch->Requests + REQUESTS; Request++) {
        if (Request->Irp != NULL) {
            Ended(Request, STATUS_NOTIFY_CLEANUP, NULL, 0);
        }
    }
    Watch->Known = FALSE;
}

static VOID
Cancel(PWATCH Watch)
{
    PREQUEST Request = &Watch->Requests[Any(REQUESTS)];

    if (Request->Irp != NULL) {
        Wrong[5] += !IoCancelIrp(Request->Irp);
        Ended(Request, STATUS_CANCELLED, NULL, 0);
    }
}

/* Nobody else's request has ended. */
static VOID
Check(VOID)
{
    ULONG Known = 0, Listed = 0;

    for (PWATCH Watch = Watches; Watch < Watches + HANDLES; Watch++) {
        Known += Watch->Known;
        for (ULONG i = 0; i < REQUESTS; i++) {
            Wrong[6] += Watch->Requests[i].Irp != NULL && Watch->Requests[i].Done;
        }
    }
    for (PLIST_ENTRY Entry = List.Flink; Entry != &List; Entry = Entry->Flink) {
        Listed++;
    }
    Wrong[7] += Known != Listed;
}

static VOID
Steps(VOID)
{
    Prepare();
    for (ULONG Step = 0; Step < STEPS; Step++) {
        PWATCH Watch = &Watches[Any(HANDLES)];
        ULONG What = Any(32);

        if (What < 12) {
            Ask(Watch);
        } else if (What < 28) {
            Change();
        } else if (What < 30) {
            Cancel(Watch);
        } else if (What < 31) {
            CleanUp(Watch);
        }
        Check();
    }
    for (ULONG i = 0; i < HANDLES; i++) {
        CleanUp(&Watches[i]);
    }
    EXPECT(IsListEmpty(&List));
    FsRtlNotifyUninitializeSync(&Sync);
    ObDereferenceObject(File);
    ZwClose(Handle);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Wrong); i++) {
        EXPECT_EQ(Wrong[i], 0);
    }
}

TEST_DRIVER(TEST(Steps))
