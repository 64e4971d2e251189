/*
 * leaks.h - as many objects of every type, and as much pool under each tag, after a round of calls as before it.
 * [LEARN:winternl/ntqueryobject] (ObjectTypesInformation, as debuggers and process viewers read it); SystemPoolTagInformation, as
 * poolmon reads it.
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtQueryObject(HANDLE, OBJECT_INFORMATION_CLASS, PVOID, ULONG, PULONG);

typedef struct _TYPE {
    UNICODE_STRING Name;
    ULONG Objects, Handles;
} TYPE;

static ULONG64 Space[8192];
static ULONG Objects[2][128], Handles[2][128], Count;
static WCHAR Names[128][32];

typedef struct _TAG {
    ULONG Tag, PagedAllocs, PagedFrees;
    SIZE_T PagedUsed;
    ULONG NonPagedAllocs, NonPagedFrees;
    SIZE_T NonPagedUsed;
} TAG;

static struct {
    ULONG64 Count;
    TAG Tag[1024];
} Pool[2];

static const TAG *
FindTag(int Where, ULONG Tag)
{
    static const TAG None;

    for (ULONG i = 0; i < (ULONG)Pool[Where].Count; i++) {
        if (Pool[Where].Tag[i].Tag == Tag) {
            return &Pool[Where].Tag[i];
        }
    }
    return &None;
}

static void
Look(int Where)
{
    ULONG Length;
    BYTE *At = (BYTE *)(Space + 1);

    Sleep(1000); /* what goes with a delay is gone */
    EXPECT_EQ(NtQueryObject(NULL, 3, Space, sizeof(Space), &Length), 0);
    Count = *(ULONG *)Space;
    for (ULONG i = 0; i < Count && i < 128; i++) {
        TYPE *Type = (TYPE *)At;

        Objects[Where][i] = Type->Objects;
        Handles[Where][i] = Type->Handles;
        lstrcpynW(Names[i], Type->Name.Buffer, 32);
        At += 0x68 + ((Type->Name.MaximumLength + 7) & ~7);
    }
    EXPECT_EQ(NtQuerySystemInformation(22, &Pool[Where], sizeof(Pool[Where]), &Length), 0);
    EXPECT_EQ(Length, 8 + (ULONG)Pool[Where].Count * sizeof(TAG));
}

/* No tag has more blocks, and none of them more bytes, than before. */
static void
ComparePool(void)
{
    BOOL Same = TRUE;

    for (ULONG i = 0; i < (ULONG)Pool[1].Count; i++) {
        const TAG *Now = &Pool[1].Tag[i], *Then = FindTag(0, Now->Tag);
        ULONG Blocks[2] = {
            Then->PagedAllocs - Then->PagedFrees + Then->NonPagedAllocs - Then->NonPagedFrees,
            Now->PagedAllocs - Now->PagedFrees + Now->NonPagedAllocs - Now->NonPagedFrees};
        SIZE_T Bytes[2] = {Then->PagedUsed + Then->NonPagedUsed,
                           Now->PagedUsed + Now->NonPagedUsed};

        if (Blocks[0] != Blocks[1] || Bytes[0] != Bytes[1]) {
            Same = FALSE;
            printf("ntlab-test: note %s:%d pool with the tag %.4s: %lu then %lu blocks, %llu then "
                   "%llu bytes\n",
                   __func__, __LINE__, (const char *)&Now->Tag, Blocks[0], Blocks[1],
                   (ULONG64)Bytes[0], (ULONG64)Bytes[1]);
        }
    }
    EXPECT(Pool[1].Count >= 20);
    EXPECT(Same);
}

static void
CompareObjects(void)
{
    char Text[128];

    EXPECT(Count >= 20 && Count < 128);
    for (ULONG i = 0; i < Count; i++) {
        sprintf(Text, "%ls: as many objects and handles as before", Names[i]);
        EXPECT_LINE(Objects[0][i] == Objects[1][i] && Handles[0][i] == Handles[1][i], Text);
        if (Objects[0][i] != Objects[1][i] || Handles[0][i] != Handles[1][i]) {
            printf("ntlab-test: note %s:%d %lu then %lu objects, %lu then %lu handles\n", __func__,
                   __LINE__, Objects[0][i], Objects[1][i], Handles[0][i], Handles[1][i]);
        }
    }
}
