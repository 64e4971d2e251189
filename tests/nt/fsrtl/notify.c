/*
 * notify.c - who watches a directory, and who is told, with requests of our own. [DDI: ntifs, FsRtlNotifyFilterChangeDirectory,
 * FsRtlNotifyFullChangeDirectory, FsRtlNotifyFilterReportChange, FsRtlNotifyCleanup, FsRtlNotifyCleanupAll]
 */
#include "notify.h"

static UNICODE_STRING Root = RTL_CONSTANT_STRING(L"\\"), Folder = RTL_CONSTANT_STRING(L"\\folder");
static PVOID Seen[2];
static BOOLEAN Answer, Traverses;
static int Opens[3]; /* what stands for handles */

static BOOLEAN NTAPI
Filter(PVOID FsContext, PVOID FilterContext)
{
    Seen[0] = FsContext;
    Seen[1] = FilterContext;
    return Answer;
}

static BOOLEAN NTAPI
Traverse(PVOID FsContext, PVOID TargetContext, PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    Seen[0] = FsContext;
    Seen[1] = TargetContext;
    return Traverses;
}

static VOID
Report(PCWSTR Name, USHORT Offset, ULONG Match, ULONG Action, PVOID Target, PVOID Context)
{
    UNICODE_STRING Full;

    RtlInitUnicodeString(&Full, Name);
    FsRtlNotifyFilterReportChange(Sync, &List, (PSTRING)&Full, Offset, NULL, NULL, Match, Action,
                                  Target, Context);
}

static BOOLEAN
Says(PREQUEST Request, ULONG Action, PCWSTR Name)
{
    PFILE_NOTIFY_INFORMATION Info = (PVOID)Request->Buffer;
    UNICODE_STRING Expected, Got;

    RtlInitUnicodeString(&Expected, Name);
    Got.Buffer = Info->FileName;
    Got.Length = Got.MaximumLength = (USHORT)Info->FileNameLength;
    return Request->Done && Request->Iosb.Status == STATUS_SUCCESS && Info->Action == Action &&
           RtlEqualUnicodeString(&Got, &Expected, FALSE) &&
           Request->Iosb.Information ==
               FIELD_OFFSET(FILE_NOTIFY_INFORMATION, FileName) + Expected.Length;
}

static VOID
Tells(VOID)
{
    REQUEST One, Two, Three;

    FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[0], (PSTRING)&Folder, FALSE, FALSE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&One, 256), NULL, NULL);
    FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[1], (PSTRING)&Root, TRUE, FALSE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&Two, 256), NULL, NULL);
    FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[2], (PSTRING)&Root, FALSE, FALSE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&Three, 256), NULL, NULL);
    /* a filter that nobody asked for */
    Report(L"\\folder\\file", 16, FILE_NOTIFY_CHANGE_SIZE, FILE_ACTION_MODIFIED, NULL, NULL);
    EXPECT(!One.Done && !Two.Done && !Three.Done);
    /* in the directory, and below one whose tree is watched: the names are relative */
    Report(L"\\folder\\file", 16, FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_ADDED, NULL, NULL);
    EXPECT(Says(&One, FILE_ACTION_ADDED, L"file"));
    EXPECT(Says(&Two, FILE_ACTION_ADDED, L"folder\\file"));
    EXPECT(!Three.Done);
    Report(L"\\top", 2, FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_REMOVED, NULL, NULL);
    EXPECT(Says(&Three, FILE_ACTION_REMOVED, L"top"));
    End(&One);
    End(&Two);
    End(&Three);
    /* what happened meanwhile was kept for the next request of that handle */
    FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[1], (PSTRING)&Root, TRUE, FALSE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&Two, 256), NULL, NULL);
    EXPECT(Says(&Two, FILE_ACTION_REMOVED, L"top"));
    End(&Two);
    for (int i = 0; i < 3; i++) {
        FsRtlNotifyCleanup(Sync, &List, &Opens[i]);
    }
    EXPECT(IsListEmpty(&List));
}

static VOID
Overflows(VOID)
{
    REQUEST One;

    /* no room for the name: the caller is to list the directory itself */
    FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[0], (PSTRING)&Folder, FALSE, FALSE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&One, 16), NULL, NULL);
    Report(L"\\folder\\a long name", 16, FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_ADDED, NULL,
           NULL);
    EXPECT(One.Done);
    EXPECT_STATUS(One.Iosb.Status, STATUS_NOTIFY_ENUM_DIR);
    EXPECT_EQ(One.Iosb.Information, 0);
    End(&One);
    /* IgnoreBuffer: that something happened is all */
    FsRtlNotifyCleanup(Sync, &List, &Opens[0]);
    FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[0], (PSTRING)&Folder, FALSE, TRUE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&One, 256), NULL, NULL);
    Report(L"\\folder\\x", 16, FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_ADDED, NULL, NULL);
    EXPECT(One.Done);
    EXPECT_STATUS(One.Iosb.Status, STATUS_NOTIFY_ENUM_DIR);
    End(&One);
    FsRtlNotifyCleanup(Sync, &List, &Opens[0]);
}

static const PCWSTR Names[] = {L"\\folder\\a",     L"\\folder\\bb",    L"\\folder\\ccc",
                               L"\\folder\\dddd",  L"\\folder\\eeeee", L"\\folder\\f",
                               L"\\folder\\gggggg"};

/* [LEARN:winnt/file_notify_information] Each record begins at a multiple of four, and says where the next one does; the last says zero. */
static VOID
Walk(PREQUEST Request, ULONG Count)
{
    PUCHAR At = Request->Buffer;

    for (ULONG i = 0; i < Count; i++) {
        PFILE_NOTIFY_INFORMATION Info = (PVOID)At;
        UNICODE_STRING Expected, Got;

        RtlInitUnicodeString(&Expected, Names[i] + 8);
        Got.Buffer = Info->FileName;
        Got.Length = Got.MaximumLength = (USHORT)Info->FileNameLength;
        EXPECT(RtlEqualUnicodeString(&Got, &Expected, FALSE));
        EXPECT_EQ(Info->Action, i % 2 ? FILE_ACTION_MODIFIED : FILE_ACTION_ADDED);
        EXPECT_EQ(Info->NextEntryOffset % 4, 0);
        EXPECT_EQ(Info->NextEntryOffset != 0, i + 1 < Count);
        At += Info->NextEntryOffset;
    }
}

/* What happens while no request waits is kept in its order, as much as the first request had room for. */
static VOID
Collects(VOID)
{
    for (ULONG Count = 2; Count <= RTL_NUMBER_OF(Names); Count++) {
        REQUEST One;

        FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[0], (PSTRING)&Folder, FALSE, FALSE,
                                       FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&One, 256), NULL, NULL);
        Report(L"\\folder\\first", 16, FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_ADDED, NULL, NULL);
        EXPECT(Says(&One, FILE_ACTION_ADDED, L"first"));
        End(&One);
        for (ULONG i = 0; i < Count; i++) {
            Report(Names[i], 16, FILE_NOTIFY_CHANGE_FILE_NAME,
                   i % 2 ? FILE_ACTION_MODIFIED : FILE_ACTION_ADDED, NULL, NULL);
        }
        FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[0], (PSTRING)&Folder, FALSE, FALSE,
                                       FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&One, 256), NULL, NULL);
        EXPECT(One.Done);
        EXPECT_STATUS(One.Iosb.Status, STATUS_SUCCESS);
        Walk(&One, Count);
        End(&One);
        FsRtlNotifyCleanup(Sync, &List, &Opens[0]);
    }
}

/* [DDI:FsRtlNotifyFilterChangeDirectory] FilterCallback: FALSE keeps the change from that handle. */
static VOID
Filters(VOID)
{
    REQUEST One;
    int Target, Context;

    FsRtlNotifyFilterChangeDirectory(Sync, &List, &Opens[0], (PSTRING)&Folder, FALSE, FALSE,
                                     FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&One, 256), NULL, NULL,
                                     Filter);
    Answer = FALSE;
    Report(L"\\folder\\hidden", 16, FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_ADDED, NULL,
           &Context);
    EXPECT(!One.Done);
    EXPECT(Seen[0] == &Opens[0] && Seen[1] == &Context);
    Answer = TRUE;
    Report(L"\\folder\\shown", 16, FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_ADDED, NULL, &Context);
    EXPECT(Says(&One, FILE_ACTION_ADDED, L"shown"));
    End(&One);
    FsRtlNotifyCleanup(Sync, &List, &Opens[0]);
    /* TraverseCallback: asked of what lies below, with what the report says of the target */
    FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[0], (PSTRING)&Root, TRUE, FALSE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&One, 256), Traverse, NULL);
    Traverses = FALSE;
    Report(L"\\folder\\secret", 16, FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_ADDED, &Target, NULL);
    EXPECT(!One.Done);
    EXPECT(Seen[0] == &Opens[0] && Seen[1] == &Target);
    Traverses = TRUE;
    Report(L"\\folder\\open", 16, FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_ADDED, &Target, NULL);
    EXPECT(Says(&One, FILE_ACTION_ADDED, L"folder\\open"));
    End(&One);
}

static VOID
Ends(VOID)
{
    REQUEST One, Two;

    /* the handle is closed: its requests end */
    FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[0], (PSTRING)&Root, TRUE, FALSE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&One, 256), NULL, NULL);
    FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[1], (PSTRING)&Root, TRUE, FALSE,
                                   FILE_NOTIFY_CHANGE_SIZE, Begin(&Two, 256), NULL, NULL);
    FsRtlNotifyCleanup(Sync, &List, &Opens[0]);
    EXPECT(One.Done && !Two.Done);
    EXPECT_STATUS(One.Iosb.Status, STATUS_NOTIFY_CLEANUP);
    End(&One);
    /* cancelled */
    EXPECT(IoCancelIrp(Two.Irp));
    EXPECT(Two.Done);
    EXPECT_STATUS(Two.Iosb.Status, STATUS_CANCELLED);
    End(&Two);
    /* all of a volume */
    FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[0], (PSTRING)&Root, TRUE, FALSE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&One, 256), NULL, NULL);
    FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[2], (PSTRING)&Root, TRUE, FALSE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&Two, 256), NULL, NULL);
    FsRtlNotifyCleanupAll(Sync, &List);
    EXPECT(One.Done && Two.Done && IsListEmpty(&List));
    End(&One);
    End(&Two);
    FsRtlNotifyUninitializeSync(&Sync);
    EXPECT(Sync == NULL);
    ObDereferenceObject(File);
    ZwClose(Handle);
}

TEST_DRIVER(TEST(Prepare), TEST(Tells), TEST(Overflows), TEST(Collects), TEST(Filters), TEST(Ends))
