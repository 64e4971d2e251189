/*
 * lznt1.c - compression and back. [ntifs: RtlCompressBuffer, RtlDecompressBuffer, RtlDecompressFragment,
 * RtlGetCompressionWorkSpaceSize; MS-XCA 2.5, 3.3]
 */
#include "../ntlab-test.h"

#define SIZE (3 * 4096 + 1000)

static UCHAR Plain[SIZE], Packed[SIZE + 4096], Again[SIZE + 4096];
static PVOID Work;

/* The example of MS-XCA. */
static VOID
Example(VOID)
{
    static const char Text[] =
        "F# F# G A A G F# E D D E F# F# E E F# F# G A A G F# E D D E F# E D D E E F# D E F# G F# D "
        "E F# G F# E D E A F# F# G A A G F# E D D E F# E D D";
    static UCHAR Data[] = {0x38, 0xb0, 0x88, 0x46, 0x23, 0x20, 0x00, 0x20, 0x47, 0x20, 0x41, 0x00,
                           0x10, 0xa2, 0x47, 0x01, 0xa0, 0x45, 0x20, 0x44, 0x00, 0x08, 0x45, 0x01,
                           0x50, 0x79, 0x00, 0xc0, 0x45, 0x20, 0x05, 0x24, 0x13, 0x88, 0x05, 0xb4,
                           0x02, 0x4a, 0x44, 0xef, 0x03, 0x58, 0x02, 0x8c, 0x09, 0x16, 0x01, 0x48,
                           0x45, 0x00, 0xbe, 0x00, 0x9e, 0x00, 0x04, 0x01, 0x18, 0x90, 0x00};
    ULONG Final = 0;

    EXPECT_STATUS(RtlDecompressBuffer(COMPRESSION_FORMAT_LZNT1, Again, sizeof(Again), Data,
                                      sizeof(Data), &Final),
                  STATUS_SUCCESS);
    EXPECT(RtlEqualMemory(Again, Text, sizeof(Text) - 1));
    EXPECT(Final == sizeof(Text) - 1 || Final == sizeof(Text)); /* with its terminator */
    EXPECT_STATUS(
        RtlDecompressBuffer(COMPRESSION_FORMAT_LZNT1, Again, sizeof(Again), Data, 20, &Final),
        STATUS_BAD_COMPRESSION_BUFFER); /* cut off */
    Data[1] = 0xD0;
    EXPECT_STATUS(RtlDecompressBuffer(COMPRESSION_FORMAT_LZNT1, Again, sizeof(Again), Data,
                                      sizeof(Data), &Final),
                  STATUS_BAD_COMPRESSION_BUFFER); /* no chunk */
}

static VOID
Parameters(VOID)
{
    ULONG Buffer = 0, Fragment = 0, Final;

    EXPECT_STATUS(RtlGetCompressionWorkSpaceSize(COMPRESSION_FORMAT_NONE, &Buffer, &Fragment),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RtlGetCompressionWorkSpaceSize(COMPRESSION_FORMAT_DEFAULT, &Buffer, &Fragment),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RtlGetCompressionWorkSpaceSize(9, &Buffer, &Fragment),
                  STATUS_UNSUPPORTED_COMPRESSION);
    EXPECT_STATUS(RtlGetCompressionWorkSpaceSize(COMPRESSION_FORMAT_LZNT1, &Buffer, &Fragment),
                  STATUS_SUCCESS);
    EXPECT(Buffer != 0 && Fragment != 0);
    Work = ExAllocatePoolWithTag(PagedPool, Buffer, 'tseT');
    EXPECT_STATUS(RtlCompressBuffer(COMPRESSION_FORMAT_NONE, Plain, SIZE, Packed, sizeof(Packed),
                                    4096, &Final, Work),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RtlCompressBuffer(9, Plain, SIZE, Packed, sizeof(Packed), 4096, &Final, Work),
                  STATUS_UNSUPPORTED_COMPRESSION);
    EXPECT_STATUS(RtlCompressBuffer(COMPRESSION_FORMAT_LZNT1 | 0x700, Plain, SIZE, Packed,
                                    sizeof(Packed), 4096, &Final, Work),
                  STATUS_NOT_SUPPORTED);
    EXPECT_STATUS(
        RtlDecompressBuffer(COMPRESSION_FORMAT_DEFAULT, Again, sizeof(Again), Packed, 10, &Final),
        STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(RtlDecompressBuffer(9, Again, sizeof(Again), Packed, 10, &Final),
                  STATUS_UNSUPPORTED_COMPRESSION);
}

static ULONG
RoundTrip(NTSTATUS Expected)
{
    ULONG Size = 0, Back = 0;

    EXPECT_STATUS(RtlCompressBuffer(COMPRESSION_FORMAT_LZNT1 | COMPRESSION_ENGINE_STANDARD, Plain,
                                    SIZE, Packed, sizeof(Packed), 4096, &Size, Work),
                  Expected);
    RtlFillMemory(Again, sizeof(Again), 0xEE);
    EXPECT_STATUS(
        RtlDecompressBuffer(COMPRESSION_FORMAT_LZNT1, Again, sizeof(Again), Packed, Size, &Back),
        STATUS_SUCCESS);
    EXPECT_EQ(Back, SIZE);
    EXPECT(RtlEqualMemory(Again, Plain, SIZE));
    EXPECT_EQ(Again[SIZE], 0xEE);
    return Size;
}

static VOID
ThereAndBack(VOID)
{
    ULONG Random = 1, Size, Final;

    RtlZeroMemory(Plain, sizeof(Plain));
    EXPECT(RoundTrip(STATUS_BUFFER_ALL_ZEROS) < 100);
    for (ULONG i = 0; i < SIZE; i++) {
        Plain[i] = (UCHAR)("the quick brown fox "[i % 20] + i / 4096);
    }
    Size = RoundTrip(STATUS_SUCCESS);
    EXPECT(Size < SIZE / 10);
    EXPECT_STATUS(RtlCompressBuffer(COMPRESSION_FORMAT_LZNT1, Plain, SIZE, Packed, Size - 1, 4096,
                                    &Final, Work),
                  STATUS_BUFFER_TOO_SMALL);
    /* what no repetition is in grows by a header each chunk */
    for (ULONG i = 0; i < SIZE; i++) {
        Random = Random * 1103515245 + 12345;
        Plain[i] = (UCHAR)(Random >> 16);
    }
    EXPECT_EQ(RoundTrip(STATUS_SUCCESS), SIZE + 4 * 2);
}

static VOID
Fragments(VOID)
{
    ULONG Size = 0, Final = 0;

    for (ULONG i = 0; i < SIZE; i++) {
        Plain[i] = (UCHAR)(i / 7);
    }
    RtlCompressBuffer(COMPRESSION_FORMAT_LZNT1, Plain, SIZE, Packed, sizeof(Packed), 4096, &Size,
                      Work);
    EXPECT_STATUS(RtlDecompressFragment(COMPRESSION_FORMAT_LZNT1, Again, 5000, Packed, Size, 4090,
                                        &Final, Work),
                  STATUS_SUCCESS);
    EXPECT_EQ(Final, 5000);
    EXPECT(RtlEqualMemory(Again, Plain + 4090, 5000));
    EXPECT_STATUS(RtlDecompressFragment(COMPRESSION_FORMAT_LZNT1, Again, 5000, Packed, Size,
                                        SIZE - 10, &Final, Work),
                  STATUS_SUCCESS);
    EXPECT_EQ(Final, 10); /* the end of the buffer */
    ExFreePoolWithTag(Work, 'tseT');
}

/* [MS-XCA] 2.5: a chunk stands for 4096 bytes: what a short one does not have is zero, if another follows. From every place about the seams. */
static VOID
ShortChunks(VOID)
{
    static UCHAR Two[] = {0x04, 0x30, 'a', 'b', 'c', 'd', 'e', 0x02, 0x30, 'x', 'y', 'z'};
    static const ULONG From[] = {0, 1, 4, 5, 6, 4094, 4095, 4096, 4097, 4098};
    static UCHAR Whole[4099], Part[5000];
    ULONG Final = 0;

    RtlCopyMemory(Whole, "abcde", 5);
    RtlCopyMemory(Whole + 4096, "xyz", 3);
    for (ULONG i = 0; i < RTL_NUMBER_OF(From); i++) {
        for (ULONG Room = 1; Room <= sizeof(Part); Room = Room * 3 + 1) {
            ULONG Wanted = min(sizeof(Whole) - From[i], Room);

            RtlFillMemory(Part, sizeof(Part), 0xCC);
            EXPECT_STATUS(RtlDecompressFragment(COMPRESSION_FORMAT_LZNT1, Part, Room, Two,
                                                sizeof(Two), From[i], &Final, Packed),
                          STATUS_SUCCESS);
            EXPECT_EQ(Final, Wanted);
            EXPECT(RtlEqualMemory(Part, Whole + From[i], Wanted) && Part[Wanted] == 0xCC);
        }
    }
    EXPECT_STATUS(RtlDecompressBuffer(COMPRESSION_FORMAT_LZNT1, Part, sizeof(Part), Two,
                                      sizeof(Two) - 1, &Final),
                  STATUS_BAD_COMPRESSION_BUFFER); /* the last chunk is cut off */
}

TEST_DRIVER(TEST(Example), TEST(Parameters), TEST(ThereAndBack), TEST(Fragments), TEST(ShortChunks))
