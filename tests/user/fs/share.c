/*
 * share.c - who may open a file together with whom. [DDI:wdm/iocheckshareaccess], [DDI:wdm/zwcreatefile] ShareAccess
 */
#include "fs.h"

/* The first open has Access and Share; may the second have its own? */
static void
Pair(ACCESS_MASK Access, ULONG Share, ACCESS_MASK Access2, ULONG Share2, BOOL Good)
{
    HANDLE First, Second;
    NTSTATUS Status;

    EXPECT_STATUS(Open(L"shared", Access, Share, FILE_OPEN_IF, 0, &First), STATUS_SUCCESS);
    Status = Open(L"shared", Access2, Share2, FILE_OPEN, 0, &Second);
    EXPECT_STATUS(Status, Good ? STATUS_SUCCESS : STATUS_SHARING_VIOLATION);
    if (NT_SUCCESS(Status)) {
        NtClose(Second);
    }
    NtClose(First);
}

static void
Matrix(void)
{
    static const struct {
        ACCESS_MASK Access;
        ULONG Share;
    } Sides[] = {
        {FILE_READ_DATA, 0},
        {FILE_READ_DATA, FILE_SHARE_READ},
        {FILE_READ_DATA, SHARE_ALL},
        {FILE_WRITE_DATA, 0},
        {FILE_WRITE_DATA, FILE_SHARE_WRITE},
        {FILE_WRITE_DATA, SHARE_ALL},
        {FILE_EXECUTE, FILE_SHARE_READ},
        {FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE},
        {DELETE, FILE_SHARE_DELETE},
        {DELETE, SHARE_ALL},
    };

    for (unsigned i = 0; i < sizeof(Sides) / sizeof(Sides[0]); i++) {
        for (unsigned j = 0; j < sizeof(Sides) / sizeof(Sides[0]); j++) {
            ACCESS_MASK First = Sides[i].Access, Second = Sides[j].Access;
            ULONG Need = 0, Needed = 0;

            /* What each must share is what the other does: reading and executing, writing and appending, deleting. */
            Need |= Second & (FILE_READ_DATA | FILE_EXECUTE) ? FILE_SHARE_READ : 0;
            Need |= Second & (FILE_WRITE_DATA | FILE_APPEND_DATA) ? FILE_SHARE_WRITE : 0;
            Need |= Second & DELETE ? FILE_SHARE_DELETE : 0;
            Needed |= First & (FILE_READ_DATA | FILE_EXECUTE) ? FILE_SHARE_READ : 0;
            Needed |= First & (FILE_WRITE_DATA | FILE_APPEND_DATA) ? FILE_SHARE_WRITE : 0;
            Needed |= First & DELETE ? FILE_SHARE_DELETE : 0;
            Pair(First, Sides[i].Share, Second, Sides[j].Share,
                 (Need & ~Sides[i].Share) == 0 && (Needed & ~Sides[j].Share) == 0);
        }
    }
}

static void
NotCounted(void)
{
    HANDLE File;

    // opens for attributes only neither refuse nor are refused
    Pair(FILE_READ_ATTRIBUTES, 0, GENERIC_READ | GENERIC_WRITE, 0, TRUE);
    Pair(GENERIC_READ | GENERIC_WRITE, 0, FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES, 0, TRUE);
    Pair(READ_CONTROL, 0, DELETE, 0, TRUE);
    // [SMP:fastfat/create.c] overwriting counts as writing, superseding as deleting, for the check
    Open(L"shared", FILE_READ_DATA, FILE_SHARE_READ | FILE_SHARE_DELETE, FILE_OPEN_IF, 0, &File);
    {
        HANDLE Second;

        EXPECT_STATUS(Open(L"shared", FILE_READ_ATTRIBUTES, SHARE_ALL, FILE_OVERWRITE, 0, &Second),
                      STATUS_SHARING_VIOLATION);
        EXPECT_STATUS(Open(L"shared", FILE_READ_DATA, SHARE_ALL, FILE_SUPERSEDE, 0, &Second),
                      STATUS_SUCCESS);
        NtClose(Second);
    }
    NtClose(File);
    // a stream has sharing of its own
    Open(L"shared", GENERIC_READ | GENERIC_WRITE, 0, FILE_OPEN, 0, &File);
    {
        HANDLE Stream;

        EXPECT_STATUS(Open(L"shared:s", GENERIC_READ, 0, FILE_OPEN_IF, 0, &Stream),
                      STATUS_SUCCESS); // [IFS:oplock-overview]
        NtClose(Stream);
    }
    NtClose(File);
}

int
main(void)
{
    BeginFs();
    Matrix();
    NotCounted();
    return TEST_DONE();
}
