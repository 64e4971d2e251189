/*
 * known.c - \KnownDlls: everyone may map the sections of the DLLs that each process wants, and nobody but
 * administrators may do more; the loader maps them from there and opens no file [Windows Internals, "Image loader":
 * KnownDLLs; NtOpenSection].
 */
#include "ntlab-client.h"
#include <winternl.h>

#ifndef STATUS_ACCESS_DENIED
#define STATUS_ACCESS_DENIED ((NTSTATUS)0xC0000022L)
#endif

NTSTATUS NTAPI NtOpenSection(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);

static NTSTATUS
Open(PCWSTR Name, ACCESS_MASK Access)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING String;
    HANDLE Section = NULL;
    NTSTATUS Status;

    RtlInitUnicodeString(&String, Name);
    InitializeObjectAttributes(&Attributes, &String, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenSection(&Section, Access, &Attributes);
    if (Section != NULL) {
        CloseHandle(Section);
    }
    return Status;
}

int
main(int Count, char **Words)
{
    int Admin = Count > 1 && strcmp(Words[1], "admin") == 0;

    EXPECT_EQ(Open(L"\\KnownDlls\\ntdll.dll", SECTION_MAP_READ | SECTION_MAP_EXECUTE), 0);
    EXPECT_EQ(Open(L"\\KnownDlls\\kernel32.dll", SECTION_MAP_READ | SECTION_MAP_EXECUTE), 0);
    EXPECT_EQ(Open(L"\\KnownDlls\\ADVAPI32.DLL", SECTION_MAP_READ | SECTION_MAP_EXECUTE), 0);
    EXPECT_EQ(Open(L"\\KnownDlls\\msvcrt.dll", SECTION_MAP_READ | SECTION_MAP_EXECUTE), 0);
    EXPECT_EQ(Open(L"\\KnownDlls\\kernel32.dll", SECTION_MAP_WRITE),
              Admin ? 0 : STATUS_ACCESS_DENIED);
    EXPECT_EQ(Open(L"\\KnownDlls\\kernel32.dll", WRITE_DAC), Admin ? 0 : STATUS_ACCESS_DENIED);
    return TEST_DONE();
}
