/*
 * names.c - names that are long, reserved or odd. [MSDN: Naming Files, Paths, and Namespaces; DDI:wdm/zwcreatefile; MS-FSA 2.1.5.1;
 * SMP:filesys/fastfat/create.c]
 */
#include "fs.h"
#include <string.h>

/* A name of Length characters below ROOT; the buffer is good until the next call. */
static NTSTATUS
OpenLength(ULONG Length, ULONG Disposition, ULONG Options)
{
    static WCHAR Long[40000];
    UNICODE_STRING Name = {.Buffer = Long};
    OBJECT_ATTRIBUTES Object;
    ULONG Prefix = (ULONG)wcslen(ROOT);
    HANDLE Handle;
    NTSTATUS Status;

    wcscpy(Long, ROOT);
    for (ULONG i = Prefix; i < Length; i++) {
        Long[i] = (i - Prefix) % 100 == 0 ? L'\\' : L'a';
    }
    Long[Length] = 0;
    Name.Length = (USHORT)(Length * sizeof(WCHAR));
    Name.MaximumLength = Name.Length;
    InitializeObjectAttributes(&Object, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtCreateFile(&Handle, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &Object, &Iosb, NULL, 0,
                          SHARE_ALL, Disposition, Options | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    if (NT_SUCCESS(Status)) {
        NtClose(Handle);
    }
    return Status;
}

static NTSTATUS
Try(PCWSTR Name)
{
    HANDLE Handle;
    NTSTATUS Status =
        Open(Name, GENERIC_WRITE | DELETE, SHARE_ALL, FILE_OPEN_IF, FILE_DELETE_ON_CLOSE, &Handle);

    if (NT_SUCCESS(Status)) {
        NtClose(Handle);
    }
    return Status;
}

static void
Long(void)
{
    static WCHAR Component[300];
    char Path[400] = "C:\\fs-test\\";

    /* A component has up to 255 characters. */
    for (int i = 0; i < 256; i++) {
        Component[i] = L'c';
    }
    EXPECT_STATUS(Try(Component), STATUS_OBJECT_NAME_INVALID);
    Component[255] = 0;
    EXPECT_STATUS(Try(Component), STATUS_SUCCESS);
    /* A path has up to 32,767, "approximate, because the prefix may be expanded to a longer string": of a device here. */
    EXPECT_STATUS(OpenLength(32740, FILE_OPEN, 0), STATUS_OBJECT_PATH_NOT_FOUND);
    EXPECT_STATUS(OpenLength(32740, FILE_CREATE, FILE_DIRECTORY_FILE),
                  STATUS_OBJECT_PATH_NOT_FOUND);
    EXPECT_STATUS(OpenLength(32767, FILE_OPEN, 0), STATUS_OBJECT_NAME_INVALID);
    /* Folder in folder, as deep as names go. */
    for (ULONG Length = 15 + 100; Length <= 32700; Length += 100) {
        NTSTATUS Status = OpenLength(Length, FILE_CREATE, FILE_DIRECTORY_FILE);

        if (!NT_SUCCESS(Status)) {
            EXPECT_STATUS(Status, STATUS_SUCCESS);
            return;
        }
    }
    EXPECT_STATUS(OpenLength(32615, FILE_OPEN, FILE_DIRECTORY_FILE), STATUS_SUCCESS);
    /* Win32 without \\?\: MAX_PATH. [Win32: CreateFile] */
    memset(Path + strlen(Path), 'd', 260);
    EXPECT(CreateFileA(Path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL) ==
           INVALID_HANDLE_VALUE);
}

static void
Characters(void)
{
    static const WCHAR Bad[] = L"\"*<>?|/";
    WCHAR Name[8] = L"x_y";
    HANDLE Handle;

    for (int i = 0; Bad[i] != 0; i++) {
        Name[1] = Bad[i];
        EXPECT_STATUS(Try(Name), STATUS_OBJECT_NAME_INVALID);
    }
    for (WCHAR c = 1; c < 32; c += 10) {
        Name[1] = c;
        EXPECT_STATUS(Try(Name), STATUS_OBJECT_NAME_INVALID);
    }
    EXPECT_STATUS(Try(L"a\\\\b"), STATUS_OBJECT_NAME_INVALID);
    EXPECT_STATUS(Try(L"a:b:c"), STATUS_OBJECT_NAME_INVALID);
    EXPECT_STATUS(Try(L"a:b:$NONSENSE"), STATUS_OBJECT_NAME_INVALID);
    /* Half of a surrogate pair is a character like any other: names are no UTF-16 that anybody checks. */
    EXPECT_STATUS(Try(L"\xD800"), STATUS_SUCCESS);
    EXPECT_STATUS(Try(L"\xDFFFx\xD801"), STATUS_SUCCESS);
    EXPECT_STATUS(Try(L"\xFFFE\xFFFF"), STATUS_SUCCESS);
    /* Two such names are not the same. */
    EXPECT_STATUS(Open(L"\xD802", GENERIC_WRITE, SHARE_ALL, FILE_CREATE, 0, &Handle),
                  STATUS_SUCCESS);
    NtClose(Handle);
    EXPECT(Exists(L"\xD802"));
    EXPECT(!Exists(L"\xD803"));
    EXPECT(!Exists(L"\xFFFD"));
}

/* To the file system they are names; Win32 makes devices of them, or takes dots and blanks away. */
static void
Reserved(void)
{
    HANDLE Handle;

    EXPECT_STATUS(Try(L"CON"), STATUS_SUCCESS);
    EXPECT_STATUS(Try(L"nul.txt"), STATUS_SUCCESS);
    EXPECT_STATUS(Try(L"COM1"), STATUS_SUCCESS);
    Handle = CreateFileA("NUL", GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT(Handle != INVALID_HANDLE_VALUE && GetFileType(Handle) == FILE_TYPE_CHAR);
    CloseHandle(Handle);
    Handle = CreateFileA("C:\\fs-test\\dotted. . ", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    EXPECT(Handle != INVALID_HANDLE_VALUE);
    CloseHandle(Handle);
    EXPECT(Exists(L"dotted")); // [MSDN: Naming Files] no trailing blanks and dots
    EXPECT_STATUS(Open(L"trailing.", GENERIC_WRITE, SHARE_ALL, FILE_OPEN_IF, 0, &Handle),
                  STATUS_SUCCESS);
    NtClose(Handle);
    EXPECT(!Exists(L"trailing"));
}

/* How many entries of the folder a pattern of Win32 finds. */
static ULONG
Found(PCSTR Pattern)
{
    WIN32_FIND_DATAA Data;
    HANDLE Find = FindFirstFileA(Pattern, &Data);
    ULONG Count = 0;

    if (Find == INVALID_HANDLE_VALUE) {
        return 0;
    }
    do {
        Count++;
    } while (FindNextFileA(Find, &Data));
    FindClose(Find);
    return Count;
}

/* [Win32: FindFirstFile; DDI:ntifs/fsrtlisnameinexpression] */
static void
Patterns(void)
{
    static const PCSTR Names[] = {"x", "x.y", ".z", "..z", "x.y.z"};
    WIN32_FIND_DATAA Data;
    HANDLE Handle;

    EXPECT(CreateDirectoryA("C:\\fs-test\\patterns", NULL));
    for (ULONG i = 0; i < RTL_NUMBER_OF(Names); i++) {
        char Name[40] = "C:\\fs-test\\patterns\\";

        strcat(Name, Names[i]);
        CloseHandle(CreateFileA(Name, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL));
    }
    EXPECT_EQ(Found("C:\\fs-test\\patterns\\*"), 7);
    EXPECT_EQ(Found("C:\\fs-test\\patterns\\*.*"), 7);
    // a point at the end: what has no extension, by its own or its short name; the folder and its parent too
    EXPECT_EQ(Found("C:\\fs-test\\patterns\\*."), 5);
    EXPECT_EQ(Found("C:\\fs-test\\patterns\\?"), 3);
    EXPECT_EQ(Found("C:\\fs-test\\patterns\\x.*"), 3);
    EXPECT_EQ(Found("C:\\fs-test\\patterns\\<<"), 7); // each < takes up to the last point
    // a name with a backslash at its end names nothing, in a folder or in none
    EXPECT(FindFirstFileA("C:\\fs-test\\patterns\\", &Data) == INVALID_HANDLE_VALUE &&
           GetLastError() == ERROR_FILE_NOT_FOUND);
    EXPECT(FindFirstFileA("C:\\fs-test\\none\\", &Data) == INVALID_HANDLE_VALUE &&
           GetLastError() == ERROR_PATH_NOT_FOUND);
    Handle = FindFirstFileA("C:\\fs-test\\nul", &Data); // a device is found as a file, once
    EXPECT(Handle != INVALID_HANDLE_VALUE && strcmp(Data.cFileName, "nul") == 0);
    EXPECT(!FindNextFileA(Handle, &Data) && GetLastError() == ERROR_NO_MORE_FILES);
    FindClose(Handle);
}

/* [Win32: GetFullPathName; MSDN: Naming Files] */
static void
Full(void)
{
    static const struct {
        PCSTR Given, Whole, Part;
    } Paths[] = {
        {"c:/x/.", "c:\\x", "x"},           {"c:/x/./", "c:\\x\\", NULL},
        {"c:/x/..", "c:\\", NULL},          {"c:/x/y/..", "c:\\x", "x"},
        {"nul", "\\\\.\\nul", NULL},        {"c:com1:z", "\\\\.\\com1", NULL},
        {"\\\\server", "\\\\server", NULL},
    };
    char Text[64];
    PSTR Part;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Paths); i++) {
        ULONG Length = GetFullPathNameA(Paths[i].Given, sizeof(Text), Text, &Part);

        EXPECT_EQ(Length, strlen(Paths[i].Whole));
        EXPECT(strcmp(Text, Paths[i].Whole) == 0);
        EXPECT(Paths[i].Part == NULL ? Part == NULL
                                     : Part != NULL && strcmp(Part, Paths[i].Part) == 0);
    }
    // a device's name in a folder that is not there opens nothing
    EXPECT(CreateFileA("C:\\fs-test\\none\\nul", GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL) ==
           INVALID_HANDLE_VALUE);
    // who has a current folder has it open, so that it stays
    EXPECT(CreateDirectoryA("C:\\fs-test\\current", NULL));
    EXPECT(SetCurrentDirectoryA("C:\\fs-test\\current"));
    EXPECT(!RemoveDirectoryA("C:\\fs-test\\current") && GetLastError() == ERROR_SHARING_VIOLATION);
    EXPECT(SetCurrentDirectoryA("C:\\"));
    EXPECT(RemoveDirectoryA("C:\\fs-test\\current"));
}

/* [Win32: ReplaceFile] the temporary file is open by nobody else, the replaced one by who lets it be deleted. */
static void
Replacing(void)
{
    static const PCSTR Old = "C:\\fs-test\\replaced", New = "C:\\fs-test\\replacement";
    HANDLE Handle;

    CloseHandle(CreateFileA(Old, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL));
    CloseHandle(CreateFileA(New, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL));
    Handle = CreateFileA(New, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                         OPEN_EXISTING, 0, NULL);
    EXPECT(!ReplaceFileA(Old, New, NULL, 0, NULL, NULL) &&
           GetLastError() == ERROR_SHARING_VIOLATION);
    CloseHandle(Handle);
    SetFileAttributesA(Old, FILE_ATTRIBUTE_READONLY);
    EXPECT(!ReplaceFileA(Old, New, NULL, 0, NULL, NULL) && GetLastError() == ERROR_ACCESS_DENIED);
    SetFileAttributesA(Old, FILE_ATTRIBUTE_NORMAL);
    Handle = CreateFileA(Old, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                         OPEN_EXISTING, 0, NULL);
    EXPECT(ReplaceFileA(Old, New, NULL, 0, NULL, NULL));
    CloseHandle(Handle);
    EXPECT(GetFileAttributesA(New) == INVALID_FILE_ATTRIBUTES);
    EXPECT_EQ(Found("C:\\fs-test\\replaced*"), 1); // the old one went with its last handle
    DeleteFileA(Old);
}

int
main(void)
{
    BeginFs();
    Patterns();
    Full();
    Replacing();
    Long();
    Characters();
    Reserved();
    return TEST_DONE();
}
