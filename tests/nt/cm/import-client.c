/*
 * import-client.c - reads what import.reg and import4.reg have put into the registry (`ntlab run --reg`).
 * [KB310516] "How to add, modify, or delete registry subkeys and values by using a .reg file": the headings of both
 * versions, "[-", "=-", dword, hex and hex(n); REGEDIT4's strings in hex(2) and hex(7) are ANSI.
 */
#include "../ntlab-client.h"

#define ROOT "Software\\NtlabImport"

static BYTE Data[256];
static DWORD Size, Type;

/* The error of the query. */
static LONG
Get(const char *Key, const char *Name)
{
    HKEY Handle;
    LONG Error = RegOpenKeyExA(HKEY_LOCAL_MACHINE, Key, 0, KEY_READ, &Handle);

    if (Error != 0) {
        return Error;
    }
    memset(Data, 0xCC, sizeof(Data));
    Size = sizeof(Data);
    Error = RegQueryValueExA(Handle, Name, NULL, &Type, Data, &Size);
    RegCloseKey(Handle);
    return Error;
}

static BOOL
IsText(const char *Key, const char *Name, const char *Expected)
{
    return Get(Key, Name) == 0 && Type == REG_SZ && Size == strlen(Expected) + 1 &&
           strcmp((char *)Data, Expected) == 0;
}

static BOOL
Is(const char *Key, const char *Name, DWORD OfType, const void *Expected, DWORD Length)
{
    HKEY Handle;
    WCHAR Wide[32] = {0};

    for (int i = 0; Name[i] != 0; i++) {
        Wide[i] = (BYTE)Name[i];
    }
    if (RegOpenKeyExA(HKEY_LOCAL_MACHINE, Key, 0, KEY_READ, &Handle) != 0) {
        return FALSE;
    }
    Size = sizeof(Data);
    if (RegQueryValueExW(Handle, Wide, NULL, &Type, Data, &Size) != 0) {
        Size = ~0u;
    }
    RegCloseKey(Handle);
    return Type == OfType && Size == Length && memcmp(Data, Expected, Length) == 0;
}

static DWORD
Count(const char *Key, BOOL Values)
{
    HKEY Handle;
    DWORD Keys = 99, Others = 99;

    if (RegOpenKeyExA(HKEY_LOCAL_MACHINE, Key, 0, KEY_READ, &Handle) != 0) {
        return 99;
    }
    RegQueryInfoKeyA(Handle, NULL, NULL, NULL, &Keys, NULL, NULL, &Others, NULL, NULL, NULL, NULL);
    RegCloseKey(Handle);
    return Values ? Others : Keys;
}

#define FORMS "Software\\NtlabForms"

/* The forms that quotes, escapes, blanks and continued lines may take. */
static void
Forms(void)
{
    EXPECT(IsText(FORMS, "Ends", "C:\\"));
    EXPECT(IsText(FORMS, "After", "one"));
    EXPECT(IsText(FORMS, "Quote at the end", "a\""));
    EXPECT(IsText(FORMS, "a\\b\"c", "name"));
    EXPECT(IsText(FORMS, "Three", "one\r\n\r\nthree\\\"\\"));
    EXPECT(IsText(FORMS, "Blank line after", "x"));
    EXPECT(IsText(FORMS, "Trailing", "blanks outside"));
    EXPECT(IsText(FORMS, "Inside", "blanks inside  "));
    EXPECT(IsText(FORMS, NULL, "second"));
    EXPECT(IsText(FORMS, "Tab", "tabs"));
    EXPECT(Is(FORMS, "dword", REG_DWORD, "\x98\xBA\xDC\xFE", 4));
    EXPECT(Is(FORMS, "Short", REG_DWORD, "\7\0\0\0", 4));
    EXPECT(Is(FORMS, "Odd", REG_BINARY, "\x01\x02\x0A\x0F", 4));
    EXPECT(Is(FORMS, "Wrapped", REG_MULTI_SZ, L"a\0", 6));
    EXPECT(Is(FORMS, "Mine", 0x12345678, "", 1));
    EXPECT(IsText(FORMS, "Minus", "-"));
    EXPECT(IsText(FORMS, "Name=with", "equals=too"));
    EXPECT(IsText(FORMS, "[bracket]", "[in]"));
    EXPECT_EQ(Get(FORMS, "Commented"), ERROR_FILE_NOT_FOUND);
    EXPECT_EQ(Get(FORMS, "Unclosed"), ERROR_FILE_NOT_FOUND);
    EXPECT(Is(FORMS, "Next", REG_DWORD, "\2\0\0\0", 4)); /* what is not closed ends with its line */
    EXPECT(IsText(FORMS "\\Case", "In", "case"));
    EXPECT(IsText("Software\\Classes\\NtlabForms", "In", "short classes"));
    EXPECT(IsText("SYSTEM\\CurrentControlSet\\NtlabForms", "In", "current"));
    EXPECT(IsText("SYSTEM\\ControlSet001\\NtlabForms", "In", "current")); /* the link's target */
    EXPECT_EQ(Count("SYSTEM\\CurrentControlSet\\NtlabForms", FALSE), 0);
    EXPECT_EQ(Count(FORMS "\\Tree", FALSE), 1);
    EXPECT_EQ(Count(FORMS "\\Tree", TRUE), 0);
    EXPECT_EQ(Count(FORMS "\\Tree\\A", FALSE), 99);
    EXPECT_EQ(Count(FORMS, FALSE), 3);
    EXPECT(Is(FORMS "\\Last", "Data", REG_BINARY, "\1\2", 2) || Get(FORMS "\\Last", "Data") != 0);
}

int
main(void)
{
    Forms();
    EXPECT(IsText(ROOT, NULL, "default"));
    EXPECT(IsText(ROOT, "Text", "a \"quoted\" back\\slash"));
    EXPECT(IsText(ROOT, "Empty", ""));
    EXPECT(Is(ROOT, "Number", REG_DWORD, "\xCD\xAB\0\0", 4));
    EXPECT(Is(ROOT, "Spaces", REG_DWORD, "\1\0\0\0", 4));
    EXPECT(Is(ROOT, "Bytes", REG_BINARY, "\1\2\3\xFF", 4)); /* continued behind the backslash */
    EXPECT(Is(ROOT, "Expand", REG_EXPAND_SZ, L"%A%", 8));
    EXPECT(Is(ROOT, "Several", REG_MULTI_SZ, L"a\0b\0", 10));
    EXPECT(Is(ROOT, "Quad", REG_QWORD, "\1\0\0\0\0\0\0\x80", 8));
    EXPECT(Is(ROOT, "None", REG_NONE, "", 0));
    EXPECT(Is(ROOT, "Gr\xFCn", REG_SZ, L"\x00DF", 4)); /* the file is UTF-8 here */
    EXPECT(IsText(ROOT, "Twice", "second"));
    EXPECT_EQ(Get(ROOT, "Gone"), ERROR_FILE_NOT_FOUND);
    /* what cannot be read is left out */
    EXPECT_EQ(Get(ROOT, "Bad"), ERROR_FILE_NOT_FOUND);
    EXPECT_EQ(Get(ROOT, "Worse"), ERROR_FILE_NOT_FOUND);
    EXPECT_EQ(Get(ROOT, "Worst"), ERROR_FILE_NOT_FOUND);
    EXPECT_EQ(Get(ROOT, "Type"), ERROR_FILE_NOT_FOUND);
    EXPECT(IsText(ROOT, "Lines", "one\r\ntwo ; no comment")); /* as Regedit exports a line break */
    EXPECT(Is(ROOT, "Upper", REG_DWORD, "\x0A\0\0", 4));
    EXPECT(Is(ROOT, "Big", 0x80000001, "\xAA", 1));
    EXPECT_EQ(Count(ROOT, TRUE), 15);
    EXPECT(IsText(ROOT "\\Sub\\Deep", "In", "deep"));
    EXPECT_EQ(Count(ROOT "\\Sub", TRUE), 0);
    EXPECT(IsText(ROOT "\\Other", "In", "other"));
    EXPECT_EQ(Get(ROOT "\\Dropped", "In"), ERROR_FILE_NOT_FOUND); /* with all below */
    EXPECT_EQ(Get(ROOT "\\Dropped\\Below", "In"), ERROR_FILE_NOT_FOUND);
    EXPECT_EQ(Get(ROOT, "In"), ERROR_FILE_NOT_FOUND);
    EXPECT(IsText(ROOT "\\Short", "In", "short"));
    EXPECT(IsText("Software\\Classes\\.ntlab", NULL, "classes"));
    EXPECT(IsText(ROOT "\\Indented", "In", "indented"));
    EXPECT(IsText(ROOT "\\Indented", "Last", "no newline"));
    EXPECT(Is(ROOT "\\Ansi", "Expand", REG_EXPAND_SZ, L"%A%", 8));
    EXPECT(Is(ROOT "\\Ansi", "Bytes", REG_BINARY, "%A", 2));
    EXPECT(IsText(ROOT "\\Ansi", "Plain", "text"));
    EXPECT(Is(ROOT "\\Ansi", "\xDC", REG_SZ, L"\xDF", 4)); /* text of REGEDIT4 is ANSI */
    EXPECT(Is(ROOT "\\Wide", "\xDC", REG_SZ, L"\x4E2D\xD83D\xDE00",
              8)); /* UTF-16, as Regedit writes it */
    EXPECT(Is(ROOT "\\Wide", "Back", REG_MULTI_SZ, L"a\0", 6));
    EXPECT_EQ(Count(ROOT, FALSE), 6); /* a deletion makes no key */
    TEST_DONE();
    return NtlabFailed != 0;
}
