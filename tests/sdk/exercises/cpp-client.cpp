/*
 * cpp-client.cpp - what MSVC takes in a program in C++: secure routines that know an array's size, and goto past an initialization.
 */
#include <windows.h>
#include <stdio.h>
#include <tchar.h>

static BOOL
Jump(PCWSTR Name)
{
    BOOL Found = FALSE;
    if (Name == NULL) {
        goto Exit;
    }
    size_t Length = wcslen(Name);
    if (Length == 0) {
        goto Exit;
    }
    Found = TRUE;
Exit:
    return Found;
}

int __cdecl wmain(int argc, LPCWSTR argv[])
{
    UNREFERENCED_PARAMETER(argc);
    char Narrow[16];
    char Again[16];
    WCHAR Wide[16];
    WCHAR More[16];
    strcpy_s(Narrow, "one");
    strcpy_s(Again, sizeof(Again), Narrow);
    strcat_s(Again, " two");
    char Part[16];
    strncpy_s(Part, Narrow, 2);
    _strupr_s(Part);
    printf("%s, %s, %s\n", Narrow, Again, Part);
    _strupr_s(Narrow);
    sprintf_s(Again, "%s %d", Narrow, 7);
    printf("%s, %d\n", Again, _snprintf_s(Narrow, _TRUNCATE, "%s", "abc"));
    wcscpy_s(Wide, L"wide");
    wcsncpy_s(More, Wide, 2);
    wcscat_s(More, L" more");
    _tprintf(_T("%ls %ls\n"), Wide, More);
    swprintf_s(Wide, L"%d %d", Jump(argv[0]), Jump(NULL));
    wprintf(L"jumped %ls\n", Wide);
    return 0;
}
