/*
 * profile.c - win.ini, and private profiles whose name has no folder. [Win32:GetProfileString, GetPrivateProfileString]
 */
#include "../../nt/ntlab-client.h"
#include <string.h>

/* "If this parameter does not contain a full path to the file, the system searches for the file in the Windows directory." */
static void
Folder(void)
{
    CHAR Folder[MAX_PATH], Path[MAX_PATH + 32], Text[64];

    EXPECT(GetWindowsDirectoryA(Folder, MAX_PATH) != 0);
    wsprintfA(Path, "%s\\ntlabtest.ini", Folder);
    EXPECT(WritePrivateProfileStringA("a", "b", "c", "ntlabtest.ini"));
    EXPECT(GetFileAttributesA(Path) != INVALID_FILE_ATTRIBUTES);
    EXPECT_EQ(GetPrivateProfileStringA("a", "b", "", Text, sizeof(Text), "ntlabtest.ini"), 1);
    EXPECT(strcmp(Text, "c") == 0);
    EXPECT_EQ(GetPrivateProfileStringA("a", "b", "", Text, sizeof(Text), ".\\ntlabtest.ini"), 0);
    EXPECT(DeleteFileA(Path));
}

static void
WinIni(void)
{
    WCHAR Wide[16];
    CHAR Text[64];

    EXPECT(WriteProfileStringA("ntlabtest", "number", "42"));
    EXPECT_EQ(GetProfileIntW(L"ntlabtest", L"number", 7), 42);
    EXPECT_EQ(GetProfileIntA("ntlabtest", "other", 7), 7);
    EXPECT_EQ(GetProfileStringW(L"ntlabtest", L"number", L"", Wide, 16), 2);
    EXPECT(WriteProfileSectionA("ntlabtest", "x=1\0y=2\0"));
    EXPECT_EQ(GetProfileSectionA("ntlabtest", Text, sizeof(Text)), 8);
    EXPECT(memcmp(Text, "x=1\0y=2\0", 9) == 0);
    EXPECT(WriteProfileStringW(L"ntlabtest", NULL, NULL));
    EXPECT_EQ(GetProfileStringA("ntlabtest", "x", "none", Text, sizeof(Text)), 4);
}

int
main(void)
{
    Folder();
    WinIni();
    return TEST_DONE();
}
