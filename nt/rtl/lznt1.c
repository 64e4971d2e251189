/*
 * lznt1.c - LZNT1, the compression of NTFS. [ntifs: RtlCompressBuffer, RtlDecompressBuffer, RtlDecompressFragment,
 * RtlGetCompressionWorkSpaceSize; MS-XCA 2.5]
 *
 * A buffer is a row of chunks of 4,096 bytes (the last one may have fewer), each behind a header of 16 bits:
 *
 *     bits 0-11   bytes that follow, less 1        bits 12-14   3        bit 15   set: they are compressed
 *
 * A header of 0 ends the row. Compressed bytes are groups of eight elements behind a byte of flags, the lowest first: 0 a
 * byte as it is, 1 a word: how far back (less 1) in its upper bits, how many bytes (less 3) in its lower. The upper part has
 * as many bits as the chunk's bytes so far need, four at least.
 */
#include "nt/rtl/rtlp.h"

#define LZ_CHUNK      4096u
#define LZ_SIGNATURE  3u
#define LZ_COMPRESSED 0x8000u
#define LZ_LEAST      3u
#define LZ_HASHES     4096u

#define LZ_FORMAT(FormatAndEngine) ((FormatAndEngine) & 0x00FF)
#define LZ_ENGINE(FormatAndEngine) ((FormatAndEngine) & 0xFF00)

/* The last place in the chunk where three bytes of that hash began, plus 1. */
typedef struct _LZ_WORK {
    USHORT Last[LZ_HASHES];
} LZ_WORK, *PLZ_WORK;

/* Bits for the length, with Done bytes of the chunk behind. */
static ULONG
RtlpLengthBits(ULONG Done)
{
    ULONG Bits = 12;

    for (ULONG Reach = 16; Reach < Done; Reach <<= 1) {
        Bits--;
    }
    return Bits;
}

static NTSTATUS
RtlpCheckFormat(USHORT FormatAndEngine)
{
    switch (LZ_FORMAT(FormatAndEngine)) {
    case COMPRESSION_FORMAT_NONE:
    case COMPRESSION_FORMAT_DEFAULT:
        return STATUS_INVALID_PARAMETER;
    case COMPRESSION_FORMAT_LZNT1:
        return STATUS_SUCCESS;
    }
    return STATUS_UNSUPPORTED_COMPRESSION;
}

/* ---- decompression ---- */

/* One chunk's Length compressed bytes into Out; the bytes made. ~0: they are not LZNT1. */
static ULONG
RtlpExpandChunk(const UCHAR *In, ULONG Length, PUCHAR Out)
{
    ULONG At = 0, Done = 0;

    while (At < Length) {
        UCHAR Flags = In[At++];

        for (ULONG Bit = 0; Bit < 8 && At < Length; Bit++) {
            ULONG Word, Bits, Back, Count;

            if ((Flags & (1u << Bit)) == 0) {
                if (Done == LZ_CHUNK) {
                    return ~0u;
                }
                Out[Done++] = In[At++];
                continue;
            }
            if (At + 2 > Length) {
                return ~0u;
            }
            Word = In[At] | ((ULONG)In[At + 1] << 8);
            At += 2;
            Bits = RtlpLengthBits(Done);
            Back = (Word >> Bits) + 1;
            Count = (Word & ((1u << Bits) - 1)) + LZ_LEAST;
            if (Back > Done || Done + Count > LZ_CHUNK) {
                return ~0u;
            }
            for (; Count != 0; Count--, Done++) {
                Out[Done] = Out[Done - Back]; /* they may overlap */
            }
        }
    }
    return Done;
}

/* Skip bytes of what comes out are left away; a chunk that is short and not the last stands for zeros. */
static NTSTATUS
RtlpExpand(PUCHAR Out, ULONG OutSize, const UCHAR *In, ULONG InSize, ULONG Skip, PULONG Final)
{
    ULONG At = 0, Made = 0, Length, Count, Gap = 0;
    UCHAR Chunk[LZ_CHUNK];

    *Final = 0;
    while (At + 2 <= InSize && Made < OutSize) {
        USHORT Header = (USHORT)(In[At] | (In[At + 1] << 8));

        if (Header == 0) {
            break;
        }
        At += 2;
        Length = (Header & 0xFFFu) + 1;
        if (((Header >> 12) & 7) != LZ_SIGNATURE || Length > InSize - At) {
            return STATUS_BAD_COMPRESSION_BUFFER;
        }
        if (Header & LZ_COMPRESSED) {
            Count = RtlpExpandChunk(In + At, Length, Chunk);
            if (Count == ~0u) {
                return STATUS_BAD_COMPRESSION_BUFFER;
            }
        } else {
            Count = Length;
            RtlCopyMemory(Chunk, In + At, Length);
        }
        At += Length;
        for (; Gap != 0 && Made < OutSize; Gap--) {
            Out[Made++] = 0;
        }
        if (Skip >= LZ_CHUNK) {
            Skip -= LZ_CHUNK;
            continue;
        }
        for (ULONG i = Skip; i < Count && Made < OutSize; i++) {
            Out[Made++] = Chunk[i];
        }
        Gap = LZ_CHUNK - max(Count, Skip);
        Skip = 0;
    }
    if (InSize != 0 && At == 0) {
        return STATUS_BAD_COMPRESSION_BUFFER; /* not even a header */
    }
    *Final = Made;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlDecompressBuffer(USHORT CompressionFormat, PUCHAR UncompressedBuffer,
                    ULONG UncompressedBufferSize, PUCHAR CompressedBuffer,
                    ULONG CompressedBufferSize, PULONG FinalUncompressedSize)
{
    NTSTATUS Status = RtlpCheckFormat(CompressionFormat);

    return !NT_SUCCESS(Status)
               ? Status
               : RtlpExpand(UncompressedBuffer, UncompressedBufferSize, CompressedBuffer,
                            CompressedBufferSize, 0, FinalUncompressedSize);
}

NTSTATUS NTAPI
RtlDecompressFragment(USHORT CompressionFormat, PUCHAR UncompressedFragment,
                      ULONG UncompressedFragmentSize, PUCHAR CompressedBuffer,
                      ULONG CompressedBufferSize, ULONG FragmentOffset,
                      PULONG FinalUncompressedSize, PVOID WorkSpace)
{
    NTSTATUS Status = RtlpCheckFormat(CompressionFormat);

    return !NT_SUCCESS(Status)
               ? Status
               : RtlpExpand(UncompressedFragment, UncompressedFragmentSize, CompressedBuffer,
                            CompressedBufferSize, FragmentOffset, FinalUncompressedSize);
}

/* ---- compression ---- */

static ULONG
RtlpHash(const UCHAR *At)
{
    return ((At[0] << 8) ^ (At[1] << 4) ^ At[2]) & (LZ_HASHES - 1);
}

static ULONG
RtlpMatch(const UCHAR *One, const UCHAR *Two, ULONG Most)
{
    ULONG Count = 0;

    while (Count < Most && One[Count] == Two[Count]) {
        Count++;
    }
    return Count;
}

/* The longest run that was there before, at the place that the hash remembers; 0: none worth a word. */
static ULONG
RtlpFind(PLZ_WORK Work, const UCHAR *In, ULONG At, ULONG Length, PULONG Back)
{
    ULONG Most = min(Length - At, (1u << RtlpLengthBits(At)) - 1 + LZ_LEAST), Count, Hash;
    USHORT Last;

    if (Length - At < LZ_LEAST) {
        return 0;
    }
    Hash = RtlpHash(In + At);
    Last = Work->Last[Hash];
    Work->Last[Hash] = (USHORT)(At + 1);
    if (Last == 0) {
        return 0;
    }
    *Back = At - (Last - 1u);
    Count = RtlpMatch(In + At, In + Last - 1, Most);
    return Count < LZ_LEAST ? 0 : Count;
}

/* The bytes written to Out; 0: they would be more than Room. */
static ULONG
RtlpPackChunk(PLZ_WORK Work, const UCHAR *In, ULONG Length, PUCHAR Out, ULONG Room)
{
    ULONG At = 0, Made = 0, Flags = 0, Bit = 8;

    RtlZeroMemory(Work, sizeof(*Work));
    while (At < Length) {
        ULONG Back = 0, Count, Word;

        if (Bit == 8) {
            if (Made == Room) {
                return 0;
            }
            Flags = Made++;
            Out[Flags] = 0;
            Bit = 0;
        }
        Count = RtlpFind(Work, In, At, Length, &Back);
        if (Made + (Count != 0 ? 2 : 1) > Room) {
            return 0;
        }
        if (Count == 0) {
            Out[Made++] = In[At++];
        } else {
            Word = ((Back - 1) << RtlpLengthBits(At)) | (Count - LZ_LEAST);
            Out[Made++] = (UCHAR)Word;
            Out[Made++] = (UCHAR)(Word >> 8);
            Out[Flags] |= (UCHAR)(1u << Bit);
            At += Count;
        }
        Bit++;
    }
    return Made;
}

NTSTATUS NTAPI
RtlGetCompressionWorkSpaceSize(USHORT CompressionFormatAndEngine,
                               PULONG CompressBufferWorkSpaceSize,
                               PULONG CompressFragmentWorkSpaceSize)
{
    NTSTATUS Status = RtlpCheckFormat(CompressionFormatAndEngine);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (LZ_ENGINE(CompressionFormatAndEngine) > COMPRESSION_ENGINE_MAXIMUM) {
        return STATUS_NOT_SUPPORTED;
    }
    *CompressBufferWorkSpaceSize = sizeof(LZ_WORK);
    *CompressFragmentWorkSpaceSize = LZ_CHUNK;
    return STATUS_SUCCESS;
}

/* A chunk that does not become smaller stands as it is. */
static NTSTATUS
RtlpPack(PLZ_WORK Work, const UCHAR *In, ULONG InSize, PUCHAR Out, ULONG OutSize, PULONG Final)
{
    ULONG Made = 0;

    for (ULONG At = 0; At < InSize; At += LZ_CHUNK) {
        ULONG Length = min(LZ_CHUNK, InSize - At), Count;
        USHORT Header = (USHORT)(LZ_SIGNATURE << 12);

        if (OutSize - Made < 2 + 1) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        Count = RtlpPackChunk(Work, In + At, Length, Out + Made + 2,
                              min(Length - 1, OutSize - Made - 2));
        if (Count != 0) {
            Header |= LZ_COMPRESSED;
        } else {
            if (OutSize - Made - 2 < Length) {
                return STATUS_BUFFER_TOO_SMALL;
            }
            RtlCopyMemory(Out + Made + 2, In + At, Length);
            Count = Length;
        }
        Header |= (USHORT)(Count - 1);
        Out[Made] = (UCHAR)Header;
        Out[Made + 1] = (UCHAR)(Header >> 8);
        Made += 2 + Count;
    }
    *Final = Made;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlCompressBuffer(USHORT CompressionFormatAndEngine, PUCHAR UncompressedBuffer,
                  ULONG UncompressedBufferSize, PUCHAR CompressedBuffer, ULONG CompressedBufferSize,
                  ULONG UncompressedChunkSize, PULONG FinalCompressedSize, PVOID WorkSpace)
{
    NTSTATUS Status = RtlpCheckFormat(CompressionFormatAndEngine);
    BOOLEAN Zeros = TRUE;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (LZ_ENGINE(CompressionFormatAndEngine) > COMPRESSION_ENGINE_MAXIMUM) {
        return STATUS_NOT_SUPPORTED;
    }
    Status = RtlpPack(WorkSpace, UncompressedBuffer, UncompressedBufferSize, CompressedBuffer,
                      CompressedBufferSize, FinalCompressedSize);
    for (ULONG i = 0; i < UncompressedBufferSize && Zeros; i++) {
        Zeros = UncompressedBuffer[i] == 0;
    }
    return NT_SUCCESS(Status) && Zeros && UncompressedBufferSize != 0 ? STATUS_BUFFER_ALL_ZEROS
                                                                      : Status;
}
