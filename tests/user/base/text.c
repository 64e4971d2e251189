/*
 * text.c - code pages, messages, time, heaps, system information.
 */
#include "../../nt/ntlab-client.h"

static void
CodePages(void)
{
    WCHAR Wide[32];
    char Narrow[32];
    BOOL Used = FALSE;

    EXPECT_EQ(MultiByteToWideChar(CP_UTF8, 0, "h\xC3\xA9\xF0\x9F\x98\x80", -1, Wide, 32), 5);
    EXPECT(Wide[1] == 0xE9 && Wide[2] == 0xD83D && Wide[3] == 0xDE00 && Wide[4] == 0);
    EXPECT_EQ(MultiByteToWideChar(CP_UTF8, 0, "abc", 3, NULL, 0), 3);
    EXPECT_EQ(MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, "\xFF", 1, Wide, 32), 0);
    EXPECT_EQ(GetLastError(), ERROR_NO_UNICODE_TRANSLATION);
    EXPECT_EQ(MultiByteToWideChar(1252, 0, "\x80", 1, Wide, 32), 1);
    EXPECT_EQ(Wide[0], 0x20AC);
    EXPECT_EQ(MultiByteToWideChar(1252, 0, "abcd", 4, Wide, 2), 0);
    EXPECT_EQ(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    EXPECT_EQ(WideCharToMultiByte(CP_UTF8, 0, L"\x20AC", 1, Narrow, 32, NULL, NULL), 3);
    EXPECT(memcmp(Narrow, "\xE2\x82\xAC", 3) == 0);
    EXPECT_EQ(WideCharToMultiByte(1252, 0, L"a\x0416", 2, Narrow, 32, NULL, &Used), 2);
    EXPECT(Used && Narrow[1] == '?');
    EXPECT_EQ(WideCharToMultiByte(1252, 0, L"abc", -1, NULL, 0, NULL, NULL), 4);
    EXPECT_EQ(lstrcmpiA("HELLO", "hello"), 0);
    EXPECT(lstrcmpA("a", "b") < 0);
    EXPECT_EQ(CompareStringA(LOCALE_USER_DEFAULT, NORM_IGNORECASE, "abc", -1, "ABD", -1),
              CSTR_LESS_THAN);
}

static DWORD
Format(DWORD Flags, const char *Text, char *Buffer, DWORD Room, ...)
{
    va_list Arguments;
    DWORD Length;

    va_start(Arguments, Room);
    Length =
        FormatMessageA(FORMAT_MESSAGE_FROM_STRING | Flags, Text, 0, 0, Buffer, Room, &Arguments);
    va_end(Arguments);
    return Length;
}

static void
Messages(void)
{
    char Buffer[256], *Allocated = NULL;

    EXPECT(FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                          ERROR_ACCESS_DENIED, 0, Buffer, sizeof(Buffer), NULL) != 0);
    EXPECT(strcmp(Buffer, "Access is denied.\r\n") == 0 ||
           strcmp(Buffer, "Access denied.\r\n") == 0);
    EXPECT(Format(0, "%1 is %2!d!%n%%", Buffer, sizeof(Buffer), "six", 6) != 0);
    EXPECT(strcmp(Buffer, "six is 6\r\n%") == 0);
    EXPECT(Format(0, "%2!04x!-%1!s!", Buffer, sizeof(Buffer), "x", 255) != 0);
    EXPECT(strcmp(Buffer, "00ff-x") == 0);
    EXPECT_EQ(Format(0, "0123456789", Buffer, 4), 0);
    EXPECT(FormatMessageA(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM, NULL, 2, 0,
                          (char *)&Allocated, 0, NULL) != 0);
    EXPECT(Allocated != NULL && LocalFree(Allocated) == NULL);
    EXPECT_EQ(FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM, NULL, 0x2EADBEEF, 0, Buffer,
                             sizeof(Buffer), NULL),
              0);
}

static void
Time(void)
{
    SYSTEMTIME System = {2024, 2, 0, 29, 12, 34, 56, 789}, Back;
    FILETIME File;
    LARGE_INTEGER A, B, Frequency;
    ULONGLONG Before;

    EXPECT(SystemTimeToFileTime(&System, &File));
    EXPECT_EQ(((ULONGLONG)File.dwHighDateTime << 32) | File.dwLowDateTime, 133536836967890000ull);
    EXPECT(FileTimeToSystemTime(&File, &Back));
    EXPECT(Back.wYear == 2024 && Back.wMonth == 2 && Back.wDay == 29 && Back.wDayOfWeek == 4 &&
           Back.wMilliseconds == 789);
    System.wDay = 30;
    EXPECT(!SystemTimeToFileTime(&System, &File));
    EXPECT(QueryPerformanceFrequency(&Frequency) && Frequency.QuadPart > 0);
    QueryPerformanceCounter(&A);
    Before = GetTickCount64();
    Sleep(100);
    QueryPerformanceCounter(&B);
    EXPECT(GetTickCount64() - Before >= 90);
    EXPECT((B.QuadPart - A.QuadPart) * 1000 / Frequency.QuadPart >= 90);
}

static void
Heaps(void)
{
    HANDLE Heap = HeapCreate(0, 0, 0);
    char *Blocks[200], *Big;

    EXPECT(Heap != NULL);
    for (int Index = 0; Index < 200; Index++) {
        Blocks[Index] = HeapAlloc(Heap, HEAP_ZERO_MEMORY, Index * 37);
        if (Blocks[Index] == NULL || ((ULONG_PTR)Blocks[Index] & 15) != 0 ||
            (Index > 0 && Blocks[Index][Index * 37 - 1] != 0)) {
            EXPECT(!"aligned, zeroed");
        }
        memset(Blocks[Index], Index, Index * 37);
    }
    for (int Index = 0; Index < 200; Index += 2) {
        EXPECT_LINE(HeapFree(Heap, 0, Blocks[Index]), "HeapFree");
    }
    Blocks[3] = HeapReAlloc(Heap, HEAP_ZERO_MEMORY, Blocks[3], 5000);
    EXPECT(Blocks[3] != NULL && Blocks[3][110] == 3 && Blocks[3][111] == 0 && Blocks[3][4999] == 0);
    EXPECT_EQ(HeapSize(Heap, 0, Blocks[3]), 5000);
    Big = HeapAlloc(Heap, 0, 3 << 20);
    EXPECT(Big != NULL);
    Big[(3 << 20) - 1] = 1;
    EXPECT_EQ(HeapSize(Heap, 0, Big), 3 << 20);
    EXPECT(HeapFree(Heap, 0, Big));
    EXPECT(HeapValidate(Heap, 0, NULL));
    EXPECT(HeapDestroy(Heap));
    HGLOBAL Moveable = GlobalAlloc(GMEM_MOVEABLE | GMEM_ZEROINIT, 100);
    EXPECT(Moveable != NULL && GlobalSize(Moveable) >= 100);
    char *Memory = GlobalLock(Moveable);
    EXPECT(Memory != NULL && Memory[99] == 0);
    EXPECT(!GlobalUnlock(Moveable) && GetLastError() == NO_ERROR);
    EXPECT(GlobalFree(Moveable) == NULL);
}

static void
System(void)
{
    SYSTEM_INFO Information;
    OSVERSIONINFOA Version = {sizeof(Version)};
    char Text[64];
    DWORD Length = sizeof(Text);

    GetSystemInfo(&Information);
    EXPECT_EQ(Information.dwPageSize, 0x1000);
    EXPECT_EQ(Information.dwAllocationGranularity, 0x10000);
    EXPECT(Information.dwNumberOfProcessors >= 1);
    EXPECT_EQ(Information.wProcessorArchitecture, PROCESSOR_ARCHITECTURE_AMD64);
    EXPECT(GetVersionExA(&Version) && Version.dwMajorVersion >= 5);
    EXPECT(GetComputerNameA(Text, &Length) && strlen(Text) == Length);
    EXPECT(GetCurrentProcessorNumber() < Information.dwNumberOfProcessors);
    EXPECT(GetStdHandle(STD_OUTPUT_HANDLE) != NULL);
    EXPECT_EQ(MulDiv(7, 3, 2), 11);
    EXPECT(ExpandEnvironmentStringsA("[%NTLAB_NONE%]", Text, sizeof(Text)) == 15 &&
           strcmp(Text, "[%NTLAB_NONE%]") == 0);
    SetEnvironmentVariableA("NTLAB_NONE", "x");
    EXPECT(ExpandEnvironmentStringsA("[%NTLAB_NONE%]", Text, sizeof(Text)) != 0 &&
           strcmp(Text, "[x]") == 0);
}

/* [K: "FormatMessage"] A width breaks lines at blanks; a per cent sign needs something behind it; * takes arguments. */
static void
Widths(void)
{
    DWORD_PTR Array[] = {6, 4, 2, 5, 3, 1};
    char Text[64] = "untouched";
    WCHAR Wide[8];

    EXPECT_EQ(
        FormatMessageA(FORMAT_MESSAGE_FROM_STRING | 11, "short long\nline", 0, 0, Text, 64, NULL),
        16);
    EXPECT(strcmp(Text, "short long\r\nline") == 0);
    EXPECT_EQ(FormatMessageA(FORMAT_MESSAGE_FROM_STRING | 8, "shortlongline", 0, 0, Text, 64, NULL),
              15);
    EXPECT(strcmp(Text, "shortlon\r\ngline") == 0);
    EXPECT_EQ(FormatMessageA(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY,
                             "%1!*.*u!,%4!*.*u!", 0, 0, Text, 64, (va_list *)Array),
              12);
    EXPECT(strcmp(Text, "  0002,  001") == 0);
    strcpy(Text, "untouched");
    EXPECT_EQ(FormatMessageA(FORMAT_MESSAGE_FROM_STRING, "test%", 0, 0, Text, 64, NULL), 0);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    EXPECT_EQ(FormatMessageA(FORMAT_MESSAGE_FROM_STRING, "%1", 0, 0, Text, 64, NULL), 0);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    EXPECT_EQ(FormatMessageA(0, "test", 0, 0, Text, 64, NULL), 0);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    EXPECT(strcmp(Text, "untouched") == 0);
    EXPECT_EQ(FormatMessageW(FORMAT_MESSAGE_FROM_STRING, L"test", 0, 0, Wide, 4, NULL), 0);
    EXPECT_EQ(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    EXPECT(wcscmp(Wide, L"tes") == 0);
    EXPECT_EQ(FormatMessageW(FORMAT_MESSAGE_FROM_STRING, L"", 0, 0, Wide, 4, NULL), 0);
    EXPECT(Wide[0] == 0);
}

/* [K: "TIME_ZONE_INFORMATION", "SystemTimeToTzSpecificLocalTime"] Central Europe: the last Sundays of March and October. */
static void
Zones(void)
{
    TIME_ZONE_INFORMATION Zone = {-60};
    SYSTEMTIME Winter = {2021, 1, 0, 15, 12}, Summer = {2021, 7, 0, 15, 12}, Got;
    SYSTEMTIME Before = {2021, 3, 0, 28, 0, 59}, After = {2021, 3, 0, 28, 1, 0};

    Zone.StandardDate.wMonth = 10;
    Zone.StandardDate.wDay = 5;
    Zone.StandardDate.wHour = 3;
    Zone.DaylightDate.wMonth = 3;
    Zone.DaylightDate.wDay = 5;
    Zone.DaylightDate.wHour = 2;
    Zone.DaylightBias = -60;
    EXPECT(SystemTimeToTzSpecificLocalTime(&Zone, &Winter, &Got) && Got.wHour == 13);
    EXPECT(TzSpecificLocalTimeToSystemTime(&Zone, &Winter, &Got) && Got.wHour == 11);
    EXPECT(SystemTimeToTzSpecificLocalTime(&Zone, &Summer, &Got) && Got.wHour == 14);
    EXPECT(TzSpecificLocalTimeToSystemTime(&Zone, &Summer, &Got) && Got.wHour == 10);
    EXPECT(SystemTimeToTzSpecificLocalTime(&Zone, &Before, &Got) && Got.wHour == 1);
    EXPECT(SystemTimeToTzSpecificLocalTime(&Zone, &After, &Got) && Got.wHour == 3);
}

/* What is longer than a UNICODE_STRING: values of variables count in characters, names of files are refused. */
static void
Long(void)
{
    static WCHAR Text[70001], Back[70001];

    wmemset(Text, L'x', 70000);
    EXPECT(SetEnvironmentVariableW(L"NTLAB_LONG", Text));
    EXPECT_EQ(GetEnvironmentVariableW(L"NTLAB_LONG", Back, 70000), 70001);
    EXPECT_EQ(GetEnvironmentVariableW(L"NTLAB_LONG", Back, 70001), 70000);
    EXPECT(wcscmp(Text, Back) == 0);
    EXPECT(SetEnvironmentVariableW(L"NTLAB_LONG", NULL));
    EXPECT(CreateFileW(Text, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) ==
           INVALID_HANDLE_VALUE);
    EXPECT_EQ(GetLastError(), ERROR_FILENAME_EXCED_RANGE);
}

/* [K: "GetEnvironmentVariable", "GetComputerNameEx", "HeapValidate"] */
static void
Small(void)
{
    char Text[8] = "foo";
    DWORD Size = 0;

    SetEnvironmentVariableA("NTLAB_TEXT", "value");
    EXPECT_EQ(GetEnvironmentVariableA("NTLAB_TEXT", Text, 5), 6);
    EXPECT(strcmp(Text, "foo") == 0); /* too small: left alone */
    SetEnvironmentVariableA("NTLAB_TEXT", "");
    SetLastError(77);
    EXPECT_EQ(GetEnvironmentVariableA("NTLAB_TEXT", NULL, 0), 1);
    EXPECT_EQ(GetLastError(), 77);
    EXPECT(!GetComputerNameExA(ComputerNameDnsHostname, NULL, &Size));
    EXPECT(GetLastError() == ERROR_MORE_DATA && Size > 1);
    EXPECT(IsTextUnicode(L"some text", 18, NULL) && !IsTextUnicode("some text", 9, NULL));
    EXPECT(!HeapValidate(GetProcessHeap(), 0, (PVOID)0xDEADBE00));
    EXPECT_EQ(WideCharToMultiByte(CP_ACP, 0, L"x", -1, NULL, 2, NULL, NULL), 0);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
}

int
main(void)
{
    CodePages();
    Messages();
    Time();
    Heaps();
    System();
    Widths();
    Zones();
    Long();
    Small();
    return TEST_DONE();
}
