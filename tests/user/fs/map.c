/*
 * map.c - files in memory: a view and a handle see each other; pages come and go by paging I/O.
 */
#include "fs.h"

#ifndef SECTION_ALL
#define SECTION_ALL 0xF001F
#endif

static HANDLE
Section(HANDLE File, LONGLONG Size, ULONG Protection, NTSTATUS *Status)
{
    LARGE_INTEGER Maximum = {.QuadPart = Size};
    HANDLE Handle = NULL;

    *Status = NtCreateSection(&Handle, SECTION_ALL, NULL, Size != 0 ? &Maximum : NULL, Protection,
                              SEC_COMMIT, File);
    return Handle;
}

static PUCHAR
View(HANDLE SectionHandle, LONGLONG Offset, SIZE_T Size, ULONG Protection, NTSTATUS *Status)
{
    LARGE_INTEGER At = {.QuadPart = Offset};
    PVOID Base = NULL;

    *Status = NtMapViewOfSection(SectionHandle, GetCurrentProcess(), &Base, 0, 0, &At, &Size, 2, 0,
                                 Protection);
    return Base;
}

static void
Coherent(void)
{
    HANDLE File = Make(L"mapped"), Map;
    char Text[16];
    NTSTATUS Status;
    PUCHAR Base;

    Write(File, 0, "written before", 14);
    Map = Section(File, 0, PAGE_READWRITE, &Status);
    EXPECT_STATUS(Status, STATUS_SUCCESS);
    Base = View(Map, 0, 0, PAGE_READWRITE, &Status);
    EXPECT_STATUS(Status, STATUS_SUCCESS);
    EXPECT(memcmp(Base, "written before", 14) ==
           0);              // [Win32:CreateFileMapping] coherent with file I/O
    EXPECT_EQ(Base[14], 0); // beyond the end of the file: zeros to the end of the page
    Write(File, 8, "after!", 6);
    EXPECT(memcmp(Base, "written after!", 14) == 0);
    memcpy(Base, "W", 1);
    EXPECT_STATUS(Read(File, 0, Text, 14), STATUS_SUCCESS);
    EXPECT(memcmp(Text, "Written after!", 14) == 0);
    NtClose(Map);
    EXPECT_EQ(Base[0], 'W'); // the view stays without the section's handle
    NtClose(File);
    EXPECT_EQ(Base[1], 'r'); // and without the file's
    Base[1] = 'R';
    EXPECT_STATUS(NtUnmapViewOfSection(GetCurrentProcess(), Base), STATUS_SUCCESS);
    File = Make(L"mapped");
    Read(File, 0, Text, 14);
    EXPECT(memcmp(Text, "WRitten after!", 14) ==
           0); // written by then, or still in memory: it makes no difference
    NtClose(File);
}

/* What a view has written reaches the disk by the mapped-page writer or by a flush. */
static void
Paging(void)
{
    HANDLE File = Make(L"paging"), Map, Raw;
    static UCHAR Disk[8192];
    NTSTATUS Status;
    PUCHAR Base;
    PVOID From;
    SIZE_T Size;

    EXPECT_STATUS(SetSize(File, 8192), STATUS_SUCCESS);
    Map = Section(File, 0, PAGE_READWRITE, &Status);
    Base = View(Map, 0, 0, PAGE_READWRITE, &Status);
    NtClose(Map);
    memset(Base, 0x11, 8192);
    From = Base;
    Size = 4096;
    EXPECT_STATUS(NtFlushVirtualMemory(GetCurrentProcess(), &From, &Size, &Iosb),
                  STATUS_SUCCESS); // [Win32:FlushViewOfFile]
    Open(L"paging", GENERIC_READ, SHARE_ALL, FILE_OPEN, FILE_NO_INTERMEDIATE_BUFFERING, &Raw);
    EXPECT_STATUS(Read(Raw, 0, Disk, 8192), STATUS_SUCCESS);
    EXPECT(Disk[0] == 0x11 && Disk[4095] == 0x11 && Disk[8191] == 0x11);
    Base[5000] = 0x22;
    Sleep(20000); // the mapped-page writer
    EXPECT_STATUS(Read(Raw, 0, Disk, 8192), STATUS_SUCCESS);
    EXPECT_EQ(Disk[5000], 0x22);
    Base[5000] = 0x33; // dirty again after it was written
    EXPECT_STATUS(Read(File, 5000, Disk, 1), STATUS_SUCCESS);
    EXPECT_EQ(Disk[0], 0x33);
    NtClose(Raw);
    NtUnmapViewOfSection(GetCurrentProcess(), Base);
    NtClose(File);
}

static void
CopyOnWrite(void)
{
    HANDLE File = Make(L"copy"), Map;
    NTSTATUS Status;
    PUCHAR Base, Other;
    char Text[8];

    Write(File, 0, "original", 8);
    Map = Section(File, 0, PAGE_WRITECOPY, &Status);
    EXPECT_STATUS(Status, STATUS_SUCCESS);
    Base = View(Map, 0, 0, PAGE_WRITECOPY, &Status);
    EXPECT_STATUS(Status, STATUS_SUCCESS);
    Other = View(Map, 0, 0, PAGE_READONLY, &Status);
    Base[0] = 'O';
    EXPECT_EQ(Base[0], 'O');
    EXPECT_EQ(Other[0], 'o'); // [Win32:MapViewOfFile] FILE_MAP_COPY: the file's page is left alone
    Read(File, 0, Text, 8);
    EXPECT_EQ(Text[0], 'o');
    Write(File, 1, "R", 1);
    EXPECT_EQ(Other[1], 'R');
    EXPECT_EQ(Base[1], 'r'); // a copy no longer follows
    NtUnmapViewOfSection(GetCurrentProcess(), Base);
    NtUnmapViewOfSection(GetCurrentProcess(), Other);
    // a section for reading cannot be seen for writing
    NtClose(Map);
    Map = Section(File, 0, PAGE_READONLY, &Status);
    Base = View(Map, 0, 0, PAGE_READWRITE, &Status);
    EXPECT_STATUS(Status, STATUS_SECTION_PROTECTION); // [DDI:wdm/zwmapviewofsection]
    NtClose(Map);
    NtClose(File);
}

static void
Limits(void)
{
    HANDLE File, Map, Second;
    NTSTATUS Status;
    PUCHAR Base;

    Delete(L"limits");
    File = Make(L"limits");
    Section(File, 0, PAGE_READWRITE, &Status);
    EXPECT_STATUS(Status, STATUS_MAPPED_FILE_SIZE_ZERO); // [DDI:wdm/zwcreatesection]
    Map = Section(File, 10000, PAGE_READONLY, &Status);
    EXPECT_STATUS(Status, STATUS_SECTION_TOO_BIG); // ... beyond the end, not for writing
    Map = Section(File, 10000, PAGE_READWRITE, &Status);
    EXPECT_STATUS(Status, STATUS_SUCCESS);
    EXPECT_EQ(SizeOf(File), 10000); // ... for writing the file grows
    Base = View(Map, 0, 0x10000, PAGE_READONLY, &Status);
    EXPECT_STATUS(Status, STATUS_INVALID_VIEW_SIZE);
    Base = View(Map, 100, 0, PAGE_READONLY, &Status);
    EXPECT_STATUS(Status, STATUS_MAPPED_ALIGNMENT);
    Base = View(Map, 0, 0, PAGE_READWRITE, &Status);
    EXPECT_STATUS(Status, STATUS_SUCCESS);
    EXPECT_STATUS(SetSize(File, 100), STATUS_USER_MAPPED_FILE); // [DDI:ntifs/mmcanfilebetruncated]
    EXPECT_STATUS(SetSize(File, 20000), STATUS_SUCCESS);
    EXPECT_STATUS(Open(L"limits", GENERIC_WRITE, SHARE_ALL, FILE_OVERWRITE, 0, &Second),
                  STATUS_USER_MAPPED_FILE);
    // a writable view counts as a writer that shares nothing is asked of
    EXPECT_STATUS(
        Open(L"limits", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, FILE_OPEN, 0, &Second),
        STATUS_SHARING_VIOLATION); // [DDI:ntifs/mmdoesfilehaveuserwritablereferences]
    NtUnmapViewOfSection(GetCurrentProcess(), Base);
    NtClose(Map);
    EXPECT_STATUS(SetSize(File, 100), STATUS_SUCCESS);
    NtClose(File);
    // rights: what a section needs of the file's handle
    Open(L"limits", FILE_WRITE_DATA, SHARE_ALL, FILE_OPEN, 0, &File);
    Section(File, 0, PAGE_READONLY, &Status);
    EXPECT_STATUS(Status, STATUS_ACCESS_DENIED);
    NtClose(File);
    Open(L"limits", FILE_READ_DATA, SHARE_ALL, FILE_OPEN, 0, &File);
    Section(File, 0, PAGE_READWRITE, &Status);
    EXPECT_STATUS(Status, STATUS_ACCESS_DENIED);
    NtClose(File);
    Open(L"", FILE_LIST_DIRECTORY, SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE, &File);
    Section(File, 0, PAGE_READONLY, &Status);
    EXPECT_STATUS(Status, STATUS_INVALID_FILE_FOR_SECTION);
    NtClose(File);
}

/* A driver reads and writes through a view: NtReadFile into a view of another file. */
static void
Through(void)
{
    HANDLE One = Make(L"one"), Two = Make(L"two"), Map;
    NTSTATUS Status;
    PUCHAR Base;
    char Text[8];

    Write(One, 0, "12345678", 8);
    SetSize(Two, 4096);
    Map = Section(Two, 0, PAGE_READWRITE, &Status);
    Base = View(Map, 0, 0, PAGE_READWRITE, &Status);
    NtClose(Map);
    EXPECT_STATUS(Read(One, 0, Base, 8), STATUS_SUCCESS);
    EXPECT_STATUS(Read(Two, 0, Text, 8), STATUS_SUCCESS);
    EXPECT(memcmp(Text, "12345678", 8) == 0);
    EXPECT_STATUS(Write(One, 8, Base, 8), STATUS_SUCCESS);
    EXPECT_STATUS(Read(One, 8, Text, 8), STATUS_SUCCESS);
    EXPECT(memcmp(Text, "12345678", 8) == 0);
    EXPECT_STATUS(Write(Two, 8, Base, 8), STATUS_SUCCESS); // of the file itself
    EXPECT(memcmp(Base + 8, "12345678", 8) == 0);
    NtUnmapViewOfSection(GetCurrentProcess(), Base);
    NtClose(One);
    NtClose(Two);
}

/* A deleted file lives in its view. */
static void
Deleted(void)
{
    HANDLE File = Make(L"deleted"), Map;
    NTSTATUS Status;
    PUCHAR Base;

    Write(File, 0, "still here", 10);
    Map = Section(File, 0, PAGE_READONLY, &Status);
    Base = View(Map, 0, 0, PAGE_READONLY, &Status);
    NtClose(Map);
    EXPECT_EQ(Base[0], 's');
    NtClose(File);
    // a mapped file is not deleted, but with its last handle [DDI:ntifs/mmflushimagesection, _file_disposition_information_ex]
    EXPECT_STATUS(Delete(L"deleted"), STATUS_CANNOT_DELETE);
    EXPECT(Exists(L"deleted"));
    {
        ULONG Posix = 3;

        Open(L"deleted", DELETE, SHARE_ALL, FILE_OPEN, 0, &File);
        EXPECT_STATUS(NtSetInformationFile(File, &Iosb, &Posix, sizeof(Posix), 64),
                      STATUS_CANNOT_DELETE);
        NtClose(File);
        EXPECT_STATUS(Open(L"deleted", DELETE, SHARE_ALL, FILE_OPEN, FILE_DELETE_ON_CLOSE, &File),
                      STATUS_SUCCESS);
        NtClose(File);
    }
    EXPECT(!Exists(L"deleted"));
    EXPECT(memcmp(Base, "still here", 10) == 0);
    EXPECT_STATUS(NtUnmapViewOfSection(GetCurrentProcess(), Base), STATUS_SUCCESS);
}

static LONG CALLBACK
Caught(PEXCEPTION_POINTERS Pointers)
{
    return EXCEPTION_CONTINUE_SEARCH;
}

static void
Faults(void)
{
    HANDLE File = Make(L"faults"), Map;
    NTSTATUS Status;
    PUCHAR Base;
    SIZE_T Done;
    char Byte;

    Write(File, 0, "x", 1);
    Map = Section(File, 0, PAGE_READWRITE, &Status);
    Base = View(Map, 0, 0, PAGE_READONLY, &Status);
    EXPECT(ReadProcessMemory(GetCurrentProcess(), Base, &Byte, 1, &Done) && Byte == 'x');
    EXPECT(!WriteProcessMemory(GetCurrentProcess(), Base, "y", 1, &Done)); // a view for reading
    EXPECT_STATUS(Read(File, 0, Base, 1), STATUS_ACCESS_VIOLATION);        // nor by a service
    NtUnmapViewOfSection(GetCurrentProcess(), Base);
    NtClose(Map);
    NtClose(File);
}

int
main(void)
{
    BeginFs();
    Coherent();
    Paging();
    CopyOnWrite();
    Limits();
    Through();
    Deleted();
    Faults();
    return TEST_DONE();
}
