/*
 * tunnel.c - what a name that is gone leaves to the next file of that name. [DDI: ntifs, FsRtlXxxTunnelCache; KB 172190]
 */
#include "../ntlab-test.h"

static TUNNEL Cache;
static UNICODE_STRING LongName = RTL_CONSTANT_STRING(L"a long name.txt"),
                      ShortName = RTL_CONSTANT_STRING(L"ALONGN~1.TXT"),
                      Other = RTL_CONSTANT_STRING(L"other");

typedef struct _FOUND {
    BOOLEAN Found;
    WCHAR ShortBuffer[12], LongBuffer[32];
    UNICODE_STRING Short, Long;
    ULONG Length;
    ULONG64 Data[2];
} FOUND;

static BOOLEAN
Find(ULONGLONG Directory, PUNICODE_STRING Name, FOUND *It)
{
    RtlZeroMemory(It, sizeof(*It));
    It->Short.Buffer = It->ShortBuffer;
    It->Short.MaximumLength = sizeof(It->ShortBuffer);
    It->Long.Buffer = It->LongBuffer;
    It->Long.MaximumLength = sizeof(It->LongBuffer);
    It->Length = sizeof(It->Data);
    return FsRtlFindInTunnelCache(&Cache, Directory, Name, &It->Short, &It->Long, &It->Length,
                                  It->Data);
}

static VOID
Finds(VOID)
{
    UNICODE_STRING Shouted = RTL_CONSTANT_STRING(L"A LONG NAME.TXT");
    ULONG64 Data = 0x1234;
    FOUND It;

    FsRtlInitializeTunnelCache(&Cache);
    EXPECT(!Find(1, &LongName, &It));
    FsRtlAddToTunnelCache(&Cache, 1, &ShortName, &LongName, FALSE, sizeof(Data), &Data);
    EXPECT(Find(1, &LongName, &It));
    EXPECT(RtlEqualUnicodeString(&It.Short, &ShortName, FALSE));
    EXPECT(RtlEqualUnicodeString(&It.Long, &LongName, FALSE));
    EXPECT(It.Length == sizeof(Data) && It.Data[0] == 0x1234);
    EXPECT(Find(1, &Shouted, &It));   /* whatever the case */
    EXPECT(!Find(2, &LongName, &It)); /* of that directory alone */
    EXPECT(!Find(1, &Other, &It));
    EXPECT(!Find(1, &ShortName, &It)); /* KeyByShortName: FALSE */
    /* a later entry of that name is the one that counts */
    Data = 0x5678;
    FsRtlAddToTunnelCache(&Cache, 1, &ShortName, &LongName, FALSE, sizeof(Data), &Data);
    EXPECT(Find(1, &LongName, &It) && It.Data[0] == 0x5678);
    /* by the short name */
    FsRtlAddToTunnelCache(&Cache, 3, &ShortName, &LongName, TRUE, sizeof(Data), &Data);
    EXPECT(Find(3, &ShortName, &It) && RtlEqualUnicodeString(&It.Long, &LongName, FALSE));
    EXPECT(!Find(3, &LongName, &It));
}

/* [DDI:FsRtlFindInTunnelCache] a long name that does not fit has a buffer of pool, which the caller frees. */
static VOID
LongNames(VOID)
{
    UNICODE_STRING Short = {0, 24, NULL}, Long;
    WCHAR ShortBuffer[12], LongBuffer[2];
    ULONG Length = sizeof(ULONG64);
    ULONG64 Data;

    Short.Buffer = ShortBuffer;
    Long.Buffer = LongBuffer;
    Long.Length = 0;
    Long.MaximumLength = sizeof(LongBuffer);
    EXPECT(FsRtlFindInTunnelCache(&Cache, 1, &LongName, &Short, &Long, &Length, &Data));
    EXPECT(Long.Buffer != LongBuffer && RtlEqualUnicodeString(&Long, &LongName, FALSE));
    if (Long.Buffer != LongBuffer) {
        ExFreePool(Long.Buffer);
    }
}

static VOID
Forgets(VOID)
{
    LARGE_INTEGER Long = {.QuadPart = -20 * 10000000ll};
    ULONG64 Data = 1;
    FOUND It;

    FsRtlAddToTunnelCache(&Cache, 4, &ShortName, &LongName, FALSE, sizeof(Data), &Data);
    FsRtlDeleteKeyFromTunnelCache(&Cache, 1); /* the directory is gone: all its entries */
    EXPECT(!Find(1, &LongName, &It));
    EXPECT(Find(4, &LongName, &It));
    KeDelayExecutionThread(KernelMode, FALSE, &Long); /* 15 seconds is what an entry lives */
    EXPECT(!Find(4, &LongName, &It));
    FsRtlAddToTunnelCache(&Cache, 4, &ShortName, &LongName, FALSE, sizeof(Data), &Data);
    FsRtlDeleteTunnelCache(&Cache); /* nothing of it is left: the verifier looks */
}

TEST_DRIVER(TEST(Finds), TEST(LongNames), TEST(Forgets))
