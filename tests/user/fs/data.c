/*
 * data.c - bytes: reading and writing, cached and not, sizes, the file pointer, flushing.
 */
#include "fs.h"

static UCHAR Big[0x30000], Copy[0x30000];

static void
ReadWrite(void)
{
    HANDLE File = Make(L"data");
    char Text[32] = "";

    EXPECT_STATUS(Write(File, 0, "hello world", 11), STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, 11);
    EXPECT_STATUS(Read(File, 0, Text, sizeof(Text)),
                  STATUS_SUCCESS); // [DDI:wdm/zwreadfile] fewer bytes at the end
    EXPECT_EQ(Iosb.Information, 11);
    EXPECT(memcmp(Text, "hello world", 11) == 0);
    EXPECT_STATUS(Read(File, 6, Text, 5), STATUS_SUCCESS);
    EXPECT(memcmp(Text, "world", 5) == 0);
    EXPECT_STATUS(Read(File, 11, Text, 1),
                  STATUS_END_OF_FILE); // [DDI:wdm/zwreadfile] at or beyond the end
    EXPECT_STATUS(Read(File, 100, Text, 1), STATUS_END_OF_FILE);
    EXPECT_STATUS(Read(File, 3, Text, 0), STATUS_SUCCESS); // nothing is asked for
    EXPECT_EQ(SizeOf(File), 11);
    // a hole reads as zero
    EXPECT_STATUS(Write(File, 10000, "x", 1), STATUS_SUCCESS);
    EXPECT_EQ(SizeOf(File), 10001);
    EXPECT_STATUS(Read(File, 11, Copy, 10000 - 11), STATUS_SUCCESS);
    for (int i = 0; i < 10000 - 11; i++) {
        if (Copy[i] != 0) {
            EXPECT(!"the hole has something in it");
            break;
        }
    }
    NtClose(File);
}

static void
Pointer(void)
{
    HANDLE File = Make(L"pointer");
    LARGE_INTEGER At = {.QuadPart = -1};
    char Text[8];
    LONGLONG Position;

    // [DDI:wdm/zwwritefile] the file pointer of a synchronous handle
    EXPECT_STATUS(NtWriteFile(File, NULL, NULL, NULL, &Iosb, "abcd", 4, NULL, NULL),
                  STATUS_SUCCESS);
    EXPECT_STATUS(NtWriteFile(File, NULL, NULL, NULL, &Iosb, "efgh", 4, NULL, NULL),
                  STATUS_SUCCESS);
    NtQueryInformationFile(File, &Iosb, &Position, sizeof(Position), (FILE_INFORMATION_CLASS)14);
    EXPECT_EQ(Position, 8);
    Position = 2;
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Position, sizeof(Position), 14),
                  STATUS_SUCCESS);
    EXPECT_STATUS(NtReadFile(File, NULL, NULL, NULL, &Iosb, Text, 3, NULL, NULL), STATUS_SUCCESS);
    EXPECT(memcmp(Text, "cde", 3) == 0);
    // FILE_WRITE_TO_END_OF_FILE
    At.u.LowPart = 0xFFFFFFFF;
    At.u.HighPart = -1;
    EXPECT_STATUS(NtWriteFile(File, NULL, NULL, NULL, &Iosb, "Z", 1, &At, NULL), STATUS_SUCCESS);
    EXPECT_EQ(SizeOf(File), 9);
    NtClose(File);
    // a handle that may only append writes at the end whatever it says
    Open(L"pointer", FILE_APPEND_DATA, SHARE_ALL, FILE_OPEN, 0, &File);
    EXPECT_STATUS(Write(File, 0, "Y", 1), STATUS_SUCCESS);
    NtClose(File);
    File = Make(L"pointer");
    Read(File, 8, Text, 2);
    EXPECT(Text[0] == 'Z' && Text[1] == 'Y');
    NtClose(File);
}

static void
Rights(void)
{
    HANDLE File;
    char Text[4];

    Open(L"data", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &File);
    EXPECT_STATUS(Write(File, 0, "x", 1), STATUS_ACCESS_DENIED); // [DDI:wdm/zwwritefile]
    EXPECT_STATUS(SetSize(File, 0), STATUS_ACCESS_DENIED);       // [DDI:ntifs/ntsetinformationfile]
    NtClose(File);
    Open(L"data", FILE_WRITE_DATA, SHARE_ALL, FILE_OPEN, 0, &File);
    EXPECT_STATUS(Read(File, 0, Text, 1), STATUS_ACCESS_DENIED);
    NtClose(File);
}

static void
Sizes(void)
{
    HANDLE File = Make(L"sizes");
    FILE_STANDARD_INFO Info;

    EXPECT_STATUS(Write(File, 0, "0123456789", 10), STATUS_SUCCESS);
    EXPECT_STATUS(SetSize(File, 4), STATUS_SUCCESS); // [DDI:ntddk/_file_end_of_file_information]
    EXPECT_EQ(SizeOf(File), 4);
    EXPECT_STATUS(SetSize(File, 8), STATUS_SUCCESS);
    EXPECT_STATUS(Read(File, 0, Copy, 8), STATUS_SUCCESS);
    EXPECT(memcmp(Copy, "0123\0\0\0\0", 8) == 0); // what was cut off does not come back
    EXPECT_STATUS(SetSize(File, -1), STATUS_INVALID_PARAMETER);
    NtQueryInformationFile(File, &Iosb, &Info, sizeof(Info), (FILE_INFORMATION_CLASS)5);
    EXPECT_EQ(Info.AllocationSize.QuadPart, 4096); // whole clusters
    EXPECT_EQ(Info.NumberOfLinks, 1);
    EXPECT_EQ(Info.DeletePending, FALSE);
    EXPECT_EQ(Info.Directory, FALSE);
    // FileAllocationInformation below the size cuts the file; above, it only reserves
    {
        LONGLONG Size = 0x20000;

        EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Size, sizeof(Size), 19), STATUS_SUCCESS);
        NtQueryInformationFile(File, &Iosb, &Info, sizeof(Info), (FILE_INFORMATION_CLASS)5);
        EXPECT_EQ(Info.AllocationSize.QuadPart, 0x20000);
        EXPECT_EQ(Info.EndOfFile.QuadPart, 8);
        Size = 2;
        EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Size, sizeof(Size), 19), STATUS_SUCCESS);
        EXPECT_EQ(SizeOf(File), 2);
    }
    NtClose(File);
    MakeFolder(L"folder");
    Open(L"folder", FILE_WRITE_DATA | FILE_LIST_DIRECTORY, SHARE_ALL, FILE_OPEN,
         FILE_DIRECTORY_FILE, &File);
    EXPECT_STATUS(SetSize(File, 10),
                  STATUS_INVALID_PARAMETER); // of a directory, as NTFS says it
    EXPECT_STATUS(Read(File, 0, Copy, 1), STATUS_INVALID_DEVICE_REQUEST);
    NtClose(File);
}

static void
Uncached(void)
{
    HANDLE Plain = Make(L"uncached"), File;
    LONGLONG Odd = 100;

    for (unsigned i = 0; i < sizeof(Big); i++) {
        Big[i] = (UCHAR)(i * 7 + i / 256);
    }
    EXPECT_STATUS(Write(Plain, 0, Big, sizeof(Big)), STATUS_SUCCESS);
    EXPECT_STATUS(Open(L"uncached", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN,
                       FILE_NO_INTERMEDIATE_BUFFERING, &File),
                  STATUS_SUCCESS);
    memset(Copy, 0, sizeof(Copy));
    // what was written to the cache is seen by who reads the disk
    EXPECT_STATUS(Read(File, 0, Copy, sizeof(Copy)), STATUS_SUCCESS);
    EXPECT(memcmp(Big, Copy, sizeof(Big)) == 0);
    EXPECT_STATUS(Read(File, 100, Copy, 512),
                  STATUS_INVALID_PARAMETER); // [DDI:wdm/zwreadfile] whole sectors
    EXPECT_STATUS(Read(File, 0, Copy, 100), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Odd, sizeof(Odd), 14),
                  STATUS_INVALID_PARAMETER); // [DDI: FILE_POSITION_INFORMATION] so is a position
    // and the other way
    memset(Copy, 0x5A, 4096);
    EXPECT_STATUS(Write(File, 4096, Copy, 4096), STATUS_SUCCESS);
    EXPECT_STATUS(Read(Plain, 4096, Big, 4096), STATUS_SUCCESS);
    EXPECT(memcmp(Big, Copy, 4096) == 0);
    EXPECT_STATUS(NtFlushBuffersFile(Plain, &Iosb), STATUS_SUCCESS);
    NtClose(File);
    NtClose(Plain);
    // write-through
    EXPECT_STATUS(Open(L"through", GENERIC_READ | GENERIC_WRITE, SHARE_ALL, FILE_OPEN_IF,
                       FILE_WRITE_THROUGH, &File),
                  STATUS_SUCCESS);
    EXPECT_STATUS(Write(File, 10, "through", 7), STATUS_SUCCESS);
    EXPECT_STATUS(Read(File, 10, Copy, 7), STATUS_SUCCESS);
    EXPECT(memcmp(Copy, "through", 7) == 0);
    NtClose(File);
}

static void
Long(void)
{
    HANDLE File = Make(L"long");

    for (unsigned i = 0; i < sizeof(Big); i++) {
        Big[i] = (UCHAR)(i ^ (i >> 8));
    }
    for (int i = 0; i < 40; i++) { // 7.5 MiB, over several segments of the cache
        if (!NT_SUCCESS(Write(File, i * (LONGLONG)sizeof(Big) + 3, Big, sizeof(Big)))) {
            EXPECT(!"a long write");
        }
    }
    EXPECT_EQ(SizeOf(File), 40ll * sizeof(Big) + 3);
    for (int i = 0; i < 40; i += 13) {
        EXPECT_STATUS(Read(File, i * (LONGLONG)sizeof(Big) + 3, Copy, sizeof(Copy)),
                      STATUS_SUCCESS);
        EXPECT(memcmp(Big, Copy, sizeof(Big)) == 0);
    }
    NtClose(File);
    Sleep(5000); // the lazy writer has been here
    File = Make(L"long");
    EXPECT_STATUS(Read(File, 20 * (LONGLONG)sizeof(Big) + 3, Copy, sizeof(Copy)), STATUS_SUCCESS);
    EXPECT(memcmp(Big, Copy, sizeof(Big)) == 0);
    NtClose(File);
}

static void
Bad(void)
{
    HANDLE File = Make(L"bad");
    LARGE_INTEGER At = {.QuadPart = 0};

    // a buffer that is not there
    EXPECT_STATUS(NtWriteFile(File, NULL, NULL, NULL, &Iosb, (PVOID)0x1000, 100, &At, NULL),
                  STATUS_INVALID_USER_BUFFER);
    EXPECT_STATUS(Write(File, 0, "0123456789", 10), STATUS_SUCCESS);
    EXPECT_STATUS(NtReadFile(File, NULL, NULL, NULL, &Iosb, (PVOID)0x1000, 10, &At, NULL),
                  STATUS_ACCESS_VIOLATION);
    At.QuadPart = -5;
    EXPECT_STATUS(NtReadFile(File, NULL, NULL, NULL, &Iosb, Copy, 10, &At, NULL),
                  STATUS_INVALID_PARAMETER);
    NtClose(File);
}

/* A write whose bytes cannot be read leaves the file as long as it was. [DDI: ZwWriteFile] */
static void
Failing(void)
{
    FILE_STANDARD_INFORMATION Standard;
    HANDLE File = Make(L"failing");

    EXPECT_STATUS(NtWriteFile(File, NULL, NULL, NULL, &Iosb, NULL, 14, NULL, NULL),
                  STATUS_INVALID_USER_BUFFER);
    EXPECT_STATUS(
        NtQueryInformationFile(File, &Iosb, &Standard, sizeof(Standard), (FILE_INFORMATION_CLASS)5),
        STATUS_SUCCESS);
    EXPECT_EQ(Standard.EndOfFile.QuadPart, 0);
    NtClose(File);
}

int
main(void)
{
    BeginFs();
    Failing();
    ReadWrite();
    Pointer();
    Rights();
    Sizes();
    Uncached();
    Long();
    Bad();
    return TEST_DONE();
}
