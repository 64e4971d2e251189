/*
 * lists.c - what programs ask for in lists: values of a key, services, processes and their modules, folders; and
 * dates and times as text. One import from a DLL of Windows that this program never calls.
 * [K: "RegEnumValue", "RegGetValue", "EnumServicesStatus", "StartServiceCtrlDispatcher", "EnumProcessModules",
 *  "GetDateFormat", "GetTimeFormat"]
 */
#include "../../nt/ntlab-client.h"
#include <psapi.h>
#include <shellapi.h>

static void
SameObject(void)
{
    HMODULE Module = GetModuleHandleA("kernelbase.dll"); /* Windows' kernel32 does not forward it */
    BOOL(WINAPI * CompareHandles)
    (HANDLE, HANDLE) = (PVOID)GetProcAddress(
        Module != NULL ? Module : GetModuleHandleA("kernel32.dll"), "CompareObjectHandles");
    HANDLE Event = CreateEventA(NULL, TRUE, FALSE, NULL), Other = CreateEventA(NULL, 1, 0, NULL),
           Copy;

    EXPECT(DuplicateHandle(GetCurrentProcess(), Event, GetCurrentProcess(), &Copy, SYNCHRONIZE,
                           FALSE, 0));
    /* [K: "CompareObjectHandles"] "if the two handles refer to the same kernel object", whatever their access */
    EXPECT(CompareHandles(Event, Copy));
    EXPECT(!CompareHandles(Event, Other));
    CloseHandle(Copy);
    EXPECT(!CompareHandles(Event, Copy));
    CloseHandle(Event);
    CloseHandle(Other);
}

/* [K: "CreateFileMapping", "MapViewOfFile"] FILE_MAP_COPY: the file needs GENERIC_READ only, and what is written
   "does not modify the original file". */
static void
CopyOnWrite(void)
{
    char Path[MAX_PATH];
    HANDLE File, Section;
    char *First, *Second;

    GetModuleFileNameA(NULL, Path, sizeof(Path));
    File = CreateFileA(Path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT(File != INVALID_HANDLE_VALUE);
    EXPECT(CreateFileMappingA(File, NULL, PAGE_READWRITE, 0, 0, NULL) == NULL);
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    Section = CreateFileMappingA(File, NULL, PAGE_WRITECOPY, 0, 0, NULL);
    EXPECT(Section != NULL);
    EXPECT(MapViewOfFile(Section, FILE_MAP_WRITE, 0, 0, 0) == NULL);
    First = MapViewOfFile(Section, FILE_MAP_COPY, 0, 0, 0);
    Second = MapViewOfFile(Section, FILE_MAP_COPY, 0, 0, 0);
    EXPECT(First != NULL && Second != NULL);
    EXPECT(First[0] == 'M' && First[1] == 'Z');
    First[0] = 'X';
    EXPECT(First[0] == 'X' && Second[0] == 'M');
    EXPECT(UnmapViewOfFile(First) && UnmapViewOfFile(Second));
    CloseHandle(Section);
    CloseHandle(File);
}

static void
Registry(void)
{
    DWORD Number = 7, Type, Size, Room, Values;
    char Name[16], Text[32];
    HKEY Key;
    int Seen = 0;

    EXPECT_EQ(RegCreateKeyExA(HKEY_CURRENT_USER, "Software\\NtlabLists", 0, NULL, 0, KEY_ALL_ACCESS,
                              NULL, &Key, NULL),
              0);
    RegSetValueExA(Key, "number", 0, REG_DWORD, (BYTE *)&Number, sizeof(Number));
    RegSetValueExA(Key, "text", 0, REG_SZ, (BYTE *)"words", 6);
    EXPECT_EQ(
        RegQueryInfoKeyA(Key, NULL, NULL, NULL, NULL, NULL, NULL, &Values, NULL, NULL, NULL, NULL),
        0);
    EXPECT_EQ(Values, 2);
    for (DWORD Index = 0;; Index++) {
        Room = sizeof(Name);
        Size = sizeof(Text);
        if (RegEnumValueA(Key, Index, Name, &Room, NULL, &Type, (BYTE *)Text, &Size) != 0) {
            EXPECT_EQ(Index, 2);
            break;
        }
        Seen += strcmp(Name, "number") == 0 && Type == REG_DWORD && Size == 4 && Room == 6;
        Seen +=
            strcmp(Name, "text") == 0 && Type == REG_SZ && Size == 6 && strcmp(Text, "words") == 0;
    }
    EXPECT_EQ(Seen, 2);
    Room = 3;
    EXPECT_EQ(RegEnumValueA(Key, 0, NULL, &Room, NULL, NULL, NULL, NULL), ERROR_INVALID_PARAMETER);
    EXPECT_EQ(RegEnumValueA(Key, 0, Name, NULL, NULL, NULL, NULL, NULL), ERROR_INVALID_PARAMETER);
    EXPECT_EQ(RegEnumValueW(Key, 0, NULL, &Room, NULL, NULL, NULL, NULL), ERROR_INVALID_PARAMETER);
    EXPECT_EQ(RegEnumValueA(Key, 0, Name, &Room, NULL, NULL, NULL, NULL), ERROR_MORE_DATA);
    Size = 3;
    EXPECT_EQ(RegGetValueA(HKEY_CURRENT_USER, "Software\\NtlabLists", "text", RRF_RT_REG_SZ, NULL,
                           Text, &Size),
              ERROR_MORE_DATA);
    EXPECT_EQ(Size, 6);
    EXPECT_EQ(RegGetValueA(Key, NULL, "text", RRF_RT_REG_DWORD, NULL, Text, &Size),
              ERROR_UNSUPPORTED_TYPE);
    EXPECT_EQ(RegSetKeyValueA(HKEY_CURRENT_USER, "Software\\NtlabLists\\Sub", "x", REG_SZ, "y", 2),
              0);
    EXPECT_EQ(RegDeleteKeyValueA(Key, "Sub", "x"), 0);
    EXPECT_EQ(RegDeleteKeyValueA(Key, "Sub", "x"), ERROR_FILE_NOT_FOUND);
    RegCloseKey(Key);
    EXPECT_EQ(RegDeleteTreeA(HKEY_CURRENT_USER, "Software\\NtlabLists"), 0);
}

static void
Services(void)
{
    SERVICE_TABLE_ENTRYA Table[] = {{"x", NULL}, {NULL, NULL}};
    SERVICE_DESCRIPTIONA Description = {"what it is for"};
    union {
        QUERY_SERVICE_CONFIGA Config;
        SERVICE_DESCRIPTIONA Description;
        ENUM_SERVICE_STATUSA Services[64];
        char Room[8192];
    } Buffer;
    DWORD Needed, Count, Resume = 0;
    SC_HANDLE Manager, Service;
    int Seen = 0;

    /* Started from a console, a service program learns that it is none. */
    EXPECT(!StartServiceCtrlDispatcherA(Table));
    EXPECT_EQ(GetLastError(), ERROR_FAILED_SERVICE_CONTROLLER_CONNECT);
    Manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_ALL_ACCESS);
    EXPECT(Manager != NULL);
    Service = CreateServiceA(Manager, "ntlablists", "Ntlab's lists", SERVICE_ALL_ACCESS,
                             SERVICE_KERNEL_DRIVER, SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL,
                             "C:\\nowhere\\lists.sys", NULL, NULL, NULL, NULL, NULL);
    EXPECT(Service != NULL);
    EXPECT(!QueryServiceConfigA(Service, NULL, 0, &Needed));
    EXPECT_EQ(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    EXPECT(Needed > sizeof(QUERY_SERVICE_CONFIGA) && Needed < sizeof(Buffer));
    EXPECT(QueryServiceConfigA(Service, &Buffer.Config, sizeof(Buffer), &Needed));
    EXPECT(strstr(Buffer.Config.lpBinaryPathName, "nowhere\\lists.sys") != NULL);
    EXPECT(strcmp(Buffer.Config.lpDisplayName, "Ntlab's lists") == 0);
    EXPECT(ChangeServiceConfig2A(Service, SERVICE_CONFIG_DESCRIPTION, &Description));
    EXPECT(QueryServiceConfig2A(Service, SERVICE_CONFIG_DESCRIPTION, (BYTE *)&Buffer,
                                sizeof(Buffer), &Needed));
    EXPECT(strcmp(Buffer.Description.lpDescription, "what it is for") == 0);
    EXPECT(EnumServicesStatusA(Manager, SERVICE_DRIVER, SERVICE_INACTIVE, Buffer.Services,
                               sizeof(Buffer), &Needed, &Count, &Resume));
    for (DWORD Index = 0; Index < Count; Index++) {
        Seen += strcmp(Buffer.Services[Index].lpServiceName, "ntlablists") == 0 &&
                strcmp(Buffer.Services[Index].lpDisplayName, "Ntlab's lists") == 0 &&
                Buffer.Services[Index].ServiceStatus.dwCurrentState == SERVICE_STOPPED;
    }
    EXPECT_EQ(Seen, 1);
    EXPECT(!EnumServicesStatusA(Manager, SERVICE_DRIVER, SERVICE_INACTIVE, NULL, 0, &Needed, &Count,
                                &Resume));
    EXPECT_EQ(GetLastError(), ERROR_MORE_DATA);
    EXPECT(Needed != 0 && Count == 0);
    EXPECT(DeleteService(Service));
    CloseServiceHandle(Service);
    CloseServiceHandle(Manager);
}

static void
Processes(void)
{
    HMODULE Modules[64];
    DWORD Ids[256], Needed, Seen = 0;
    char Name[MAX_PATH];

    EXPECT(EnumProcesses(Ids, sizeof(Ids), &Needed));
    for (DWORD Index = 0; Index < Needed / sizeof(DWORD); Index++) {
        Seen += Ids[Index] == GetCurrentProcessId();
    }
    EXPECT_EQ(Seen, 1);
    EXPECT(EnumProcessModules(GetCurrentProcess(), Modules, sizeof(Modules), &Needed));
    EXPECT(Needed >= 3 * sizeof(HMODULE) && Modules[0] == GetModuleHandleA(NULL));
    EXPECT(GetModuleBaseNameA(GetCurrentProcess(), GetModuleHandleA("ntdll.dll"), Name,
                              sizeof(Name)) == 9);
    EXPECT(_stricmp(Name, "ntdll.dll") == 0);
    EXPECT(GetProcessImageFileNameA(GetCurrentProcess(), Name, sizeof(Name)) != 0);
    EXPECT(strncmp(Name, "\\Device\\HarddiskVolume", 22) == 0);
}

static void
Accounts(void)
{
    UCHAR Sid[SECURITY_MAX_SID_SIZE];
    DWORD SidSize = sizeof(Sid), NameSize = 64, DomainSize = 64;
    char Name[64], Domain[64];
    SID_NAME_USE Use;

    EXPECT(LookupAccountNameA(NULL, "Everyone", Sid, &SidSize, Domain, &DomainSize, &Use));
    EXPECT(Use == SidTypeWellKnownGroup && DomainSize == 0 && SidSize == 12);
    SidSize = sizeof(Sid);
    EXPECT(CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, Sid, &SidSize));
    EXPECT(LookupAccountSidA(NULL, Sid, Name, &NameSize, Domain, &DomainSize, &Use) == 0);
    EXPECT_EQ(GetLastError(), ERROR_INSUFFICIENT_BUFFER); /* the last call left 0 for the domain */
    EXPECT_EQ(DomainSize, 8);
    NameSize = 64;
    EXPECT(LookupAccountSidA(NULL, Sid, Name, &NameSize, Domain, &DomainSize, &Use));
    EXPECT(strcmp(Name, "Administrators") == 0 && strcmp(Domain, "BUILTIN") == 0);
    EXPECT(Use == SidTypeAlias && NameSize == 14 && DomainSize == 7);
    EXPECT(!LookupAccountNameA(NULL, "no such account", Sid, &SidSize, Domain, &DomainSize, &Use));
    EXPECT_EQ(GetLastError(), ERROR_NONE_MAPPED);
}

static void
Folders(void)
{
    WIN32_FIND_DATAA Data;
    HANDLE Find = FindFirstFileA("C:\\*", &Data);
    int Windows = 0;

    EXPECT(Find != INVALID_HANDLE_VALUE);
    do {
        Windows += _stricmp(Data.cFileName, "Windows") == 0 &&
                   (Data.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    } while (FindNextFileA(Find, &Data));
    EXPECT_EQ(GetLastError(), ERROR_NO_MORE_FILES);
    EXPECT_EQ(Windows, 1);
    FindClose(Find);
}

static void
Dates(void)
{
    SYSTEMTIME Time = {2024, 2, 0, 29, 15, 4, 9, 0};
    LCID English = MAKELCID(MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US), SORT_DEFAULT);
    char Text[64];

    EXPECT_EQ(GetDateFormatA(English, 0, &Time, "yyyy'-'MM'-'dd ddd MMM", Text, sizeof(Text)), 19);
    EXPECT(strcmp(Text, "2024-02-29 Thu Feb") == 0);
    GetDateFormatA(English, DATE_LONGDATE, &Time, NULL, Text, sizeof(Text));
    EXPECT(strcmp(Text, "Thursday, February 29, 2024") == 0);
    GetTimeFormatA(English, 0, &Time, NULL, Text, sizeof(Text));
    EXPECT(strcmp(Text, "3:04:09 PM") == 0);
    EXPECT_EQ(GetTimeFormatA(English, 0, &Time, "HH':'mm''s", Text, 3), 0);
    EXPECT_EQ(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    Time.wDay = 31; /* of February */
    EXPECT_EQ(GetDateFormatA(English, 0, &Time, NULL, Text, sizeof(Text)), 0);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
}

#define PROFILE "C:\\lists.ini"

/* [K: "GetPrivateProfileSection", "GetPrivateProfileSectionNames", "WritePrivateProfileSection"] */
static void
Profiles(void)
{
    WCHAR Wide[64];
    char Text[64];
    HANDLE File;
    DWORD Count;

    EXPECT(WritePrivateProfileSectionA("one", "a=1\0b = two words\0", PROFILE));
    EXPECT(WritePrivateProfileStringA("two", "c", "3", PROFILE));
    EXPECT_EQ(GetPrivateProfileSectionA("ONE", Text, sizeof(Text), PROFILE), 16);
    EXPECT(memcmp(Text, "a=1\0b=two words\0", 17) == 0);
    /* "the return value is equal to nSize minus two", and two zeros end what there is room for. */
    EXPECT_EQ(GetPrivateProfileSectionA("one", Text, 8, PROFILE), 6);
    EXPECT(memcmp(Text, "a=1\0b=\0", 8) == 0);
    EXPECT_EQ(GetPrivateProfileSectionA("one", Text, 17, PROFILE), 15); /* all but one would fit */
    EXPECT(Text[15] == 0 && Text[16] == 0);
    EXPECT_EQ(GetPrivateProfileSectionNamesA(Text, 9, PROFILE), 7);
    EXPECT(Text[7] == 0 && Text[8] == 0);
    EXPECT_EQ(GetPrivateProfileSectionA("none", Text, sizeof(Text), PROFILE), 0);
    EXPECT(Text[0] == 0 && Text[1] == 0);
    EXPECT_EQ(GetPrivateProfileSectionNamesA(Text, sizeof(Text), PROFILE), 8);
    EXPECT(memcmp(Text, "one\0two\0", 9) == 0);
    EXPECT_EQ(GetPrivateProfileSectionNamesW(Wide, 64, L"C:\\lists.ini"), 8);
    EXPECT(memcmp(Wide, L"one\0two\0", 9 * sizeof(WCHAR)) == 0);
    /* "Replaces the keys and values for the specified section" */
    EXPECT(WritePrivateProfileSectionW(L"one", L"d=4\0", L"C:\\lists.ini"));
    EXPECT_EQ(GetPrivateProfileSectionW(L"one", Wide, 64, L"C:\\lists.ini"), 4);
    EXPECT(memcmp(Wide, L"d=4\0", 5 * sizeof(WCHAR)) == 0);
    EXPECT(GetPrivateProfileIntA("two", "c", 0, PROFILE) == 3);
    EXPECT(DeleteFileA(PROFILE));
    /* Nobody's share access keeps a profile from being read. */
    File = CreateFileA(PROFILE, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS,
                       FILE_FLAG_DELETE_ON_CLOSE, NULL);
    EXPECT(WriteFile(File, "[one]\r\na=12\r\n", 13, &Count, NULL));
    EXPECT_EQ(GetPrivateProfileIntA("one", "a", 0, PROFILE), 12);
    CloseHandle(File);
}

static void
Affinity(void)
{
    GROUP_AFFINITY Group;

    EXPECT(GetThreadGroupAffinity(GetCurrentThread(), &Group) && Group.Mask != 0);
    EXPECT(!GetThreadGroupAffinity(GetCurrentThread(), NULL));
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    EXPECT(!SetThreadGroupAffinity(GetCurrentThread(), NULL, NULL));
    EXPECT_EQ(GetLastError(), ERROR_NOACCESS);
}

int
main(int Count, char **Arguments)
{
    SameObject();
    CopyOnWrite();
    Registry();
    Services();
    Processes();
    Accounts();
    Folders();
    Dates();
    if (Count > 99) {
        printf("%p\n", (void *)CommandLineToArgvW(GetCommandLineW(), &Count));
    }
    Profiles();
    Affinity();
    return TEST_DONE();
}
