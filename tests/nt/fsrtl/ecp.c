/*
 * ecp.c - extra create parameters, and the list of an IRP. [DDI: ntifs, FsRtlAllocateExtraCreateParameterList,
 * FsRtlInsertExtraCreateParameter, FsRtlGetEcpListFromIrp, FsRtlSetEcpListIntoIrp, FsRtlAcknowledgeEcp, FsRtlIsEcpAcknowledged,
 * FsRtlPrepareToReuseEcp, FsRtlIsEcpFromUserMode, FsRtlGetNextExtraCreateParameter]
 */
#include "../ntlab-test.h"

NTKERNELAPI VOID NTAPI FsRtlPrepareToReuseEcp(PVOID);

static const GUID One = {0x6a3f1c20, 0x1111, 0x4a4a, {1, 2, 3, 4, 5, 6, 7, 8}},
                  Two = {0x6a3f1c21, 0x2222, 0x4b4b, {1, 2, 3, 4, 5, 6, 7, 9}};
static ULONG Cleaned;

static VOID NTAPI
Clean(PVOID Context, LPCGUID Type)
{
    if (RtlEqualMemory(Type, &One, sizeof(One))) {
        Cleaned++;
    }
}

static VOID
Lists(VOID)
{
    PECP_LIST List;
    PVOID First, Second, Found, Next;
    ULONG Size;
    GUID Type;

    EXPECT_STATUS(FsRtlAllocateExtraCreateParameterList(0, &List), STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlAllocateExtraCreateParameter(&One, 24, 0, Clean, 'pceT', &First),
                  STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlAllocateExtraCreateParameter(&Two, 8, 0, NULL, 'pceT', &Second),
                  STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlInsertExtraCreateParameter(List, First), STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlInsertExtraCreateParameter(List, Second), STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlFindExtraCreateParameter(List, &One, &Found, &Size), STATUS_SUCCESS);
    EXPECT(Found == First && Size == 24);
    /* one after the other; behind the last there is none */
    EXPECT_STATUS(FsRtlGetNextExtraCreateParameter(List, NULL, &Type, &Next, &Size),
                  STATUS_SUCCESS);
    EXPECT(Next == First && Size == 24 && RtlEqualMemory(&Type, &One, sizeof(Type)));
    EXPECT_STATUS(FsRtlGetNextExtraCreateParameter(List, Next, NULL, &Next, NULL), STATUS_SUCCESS);
    EXPECT(Next == Second);
    EXPECT_STATUS(FsRtlGetNextExtraCreateParameter(List, Next, NULL, &Next, NULL),
                  STATUS_NOT_FOUND);
    /* who has understood one says so, once, until it is used again */
    EXPECT(!FsRtlIsEcpAcknowledged(First) && !FsRtlIsEcpFromUserMode(First));
    FsRtlAcknowledgeEcp(First);
    EXPECT(FsRtlIsEcpAcknowledged(First) && !FsRtlIsEcpAcknowledged(Second));
    FsRtlPrepareToReuseEcp(First);
    EXPECT(!FsRtlIsEcpAcknowledged(First));
    /* taken out it is the caller's; the list frees what it has, with its routine */
    EXPECT_STATUS(FsRtlRemoveExtraCreateParameter(List, &Two, &Found, &Size), STATUS_SUCCESS);
    EXPECT(Found == Second && Size == 8);
    EXPECT_STATUS(FsRtlFindExtraCreateParameter(List, &Two, NULL, NULL), STATUS_NOT_FOUND);
    FsRtlFreeExtraCreateParameter(Second);
    EXPECT_EQ(Cleaned, 0);
    FsRtlFreeExtraCreateParameterList(List);
    EXPECT_EQ(Cleaned, 1);
}

/* A create's. What it is given goes with it. */
static VOID
OfIrps(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:\\");
    OBJECT_ATTRIBUTES Object;
    IO_STATUS_BLOCK Iosb;
    PECP_LIST List, Got = (PVOID)1;
    PIO_STACK_LOCATION Stack;
    PFILE_OBJECT File;
    HANDLE Handle;
    PIRP Irp = IoAllocateIrp(1, FALSE);

    InitializeObjectAttributes(&Object, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    EXPECT_STATUS(ZwOpenFile(&Handle, FILE_LIST_DIRECTORY, &Object, &Iosb,
                             FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_DIRECTORY_FILE),
                  STATUS_SUCCESS);
    ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, NULL);
    IoSetNextIrpStackLocation(Irp);
    Stack = IoGetCurrentIrpStackLocation(Irp);
    Stack->MajorFunction = IRP_MJ_CREATE;
    Stack->FileObject = File;
    EXPECT_STATUS(FsRtlGetEcpListFromIrp(Irp, &Got), STATUS_SUCCESS);
    EXPECT(Got == NULL); /* none is no error */
    EXPECT_STATUS(FsRtlAllocateExtraCreateParameterList(0, &List), STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlSetEcpListIntoIrp(Irp, List), STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlGetEcpListFromIrp(Irp, &Got), STATUS_SUCCESS);
    EXPECT(Got == List);
    EXPECT_STATUS(FsRtlSetEcpListIntoIrp(Irp, List), STATUS_INVALID_PARAMETER); /* there is one */
    IoFreeIrp(Irp);
    FsRtlFreeExtraCreateParameterList(List); /* no create has taken it */
    ObDereferenceObject(File);
    ZwClose(Handle);
}

static ULONG Freed;
static PVOID FreedContext;

static VOID NTAPI
OnFree(PVOID Context, LPCGUID Type)
{
    Freed++;
    FreedContext = Context;
}

/* From a list of blocks that are kept: what is given back is what the next one gets. [DDI:ntifs/fsrtlinitextracreateparameterlookasidelist],
   [DDI:ntifs/fsrtlallocateextracreateparameterfromlookasidelist] */
static VOID
Lookasides(VOID)
{
    static const GUID Type = {0x55555555, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
    static union {
        PAGED_LOOKASIDE_LIST Paged;
        NPAGED_LOOKASIDE_LIST NonPaged;
    } List;
    static const ULONG Kinds[] = {0, FSRTL_ECP_LOOKASIDE_FLAG_NONPAGED_POOL};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Kinds); i++) {
        PVOID First = NULL, Second = NULL, Again = NULL;

        Freed = 0;
        RtlZeroMemory(&List, sizeof(List));
        FsRtlInitExtraCreateParameterLookasideList(&List, Kinds[i], 64, 'tseT');
        EXPECT_STATUS(
            FsRtlAllocateExtraCreateParameterFromLookasideList(&Type, 64, 0, OnFree, &List, &First),
            STATUS_SUCCESS);
        EXPECT_STATUS(
            FsRtlAllocateExtraCreateParameterFromLookasideList(&Type, 64, 0, NULL, &List, &Second),
            STATUS_SUCCESS);
        EXPECT(First != NULL && Second != NULL && First != Second);
        RtlFillMemory(First, 64, 0x5A);
        FsRtlFreeExtraCreateParameter(First);
        EXPECT(Freed == 1 && FreedContext == First);
        EXPECT_STATUS(
            FsRtlAllocateExtraCreateParameterFromLookasideList(&Type, 8, 0, NULL, &List, &Again),
            STATUS_SUCCESS);
        EXPECT_EQ(Again, First);
        FsRtlFreeExtraCreateParameter(Again);
        FsRtlFreeExtraCreateParameter(Second);
        EXPECT_EQ(Freed, 1); /* the others have no callback */
        EXPECT(List.NonPaged.L.TotalAllocates == 3 && List.NonPaged.L.TotalFrees == 3);
        FsRtlDeleteExtraCreateParameterLookasideList(&List, Kinds[i]);
    }
}

TEST_DRIVER(TEST(Lists), TEST(OfIrps), TEST(Lookasides))
