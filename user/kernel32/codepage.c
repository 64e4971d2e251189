/*
 * codepage.c - text between UTF-16 and bytes. CP_ACP is 1252, CP_OEMCP 437, and there are UTF-8 and ISO 8859-1.
 */
#include "user/kernel32/base.h"

static UINT
BaseCodePage(UINT CodePage)
{
    switch (CodePage) {
    case CP_ACP:
    case CP_THREAD_ACP:
    case CP_MACCP:
        return 1252;
    case CP_OEMCP:
        return 437;
    default:
        return CodePage;
    }
}

UINT WINAPI
GetACP(VOID)
{
    return 1252;
}

UINT WINAPI
GetOEMCP(VOID)
{
    return 437;
}

BOOL WINAPI
IsValidCodePage(UINT CodePage)
{
    return CodePage == 1252 || CodePage == 437 || CodePage == CP_UTF8 || CodePage == 28591 ||
           CodePage == 20127;
}

/* Units needed, or written; 0 with the last error. The NT routines count what does not fit by Room 0. */
int WINAPI
MultiByteToWideChar(UINT CodePage, DWORD Flags, LPCCH Source, int SourceLength, LPWSTR Target,
                    int Room)
{
    ULONG Bytes =
              SourceLength < 0 && Source != NULL ? (ULONG)strlen(Source) + 1 : (ULONG)SourceLength,
          Written = 0, Index;
    NTSTATUS Status = STATUS_SUCCESS;

    CodePage = BaseCodePage(CodePage);
    if (SourceLength == 0 || Room < 0 || Source == NULL || !IsValidCodePage(CodePage) ||
        (Room != 0 && (Target == NULL || (PVOID)Target == Source))) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return 0;
    }
    if (CodePage == CP_UTF8) {
        ULONG Needed;

        Status = RtlUTF8ToUnicodeN(NULL, 0, &Needed, Source, Bytes);
        if (Status == STATUS_SOME_NOT_MAPPED && (Flags & MB_ERR_INVALID_CHARS) != 0) {
            BaseFailWith(ERROR_NO_UNICODE_TRANSLATION);
            return 0;
        }
        if (Room == 0) {
            return (int)(Needed / sizeof(WCHAR));
        }
        if (Needed > (ULONG)Room * sizeof(WCHAR)) {
            RtlUTF8ToUnicodeN(Target, (ULONG)Room * sizeof(WCHAR), &Written, Source, Bytes);
            BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
            return 0;
        }
        RtlUTF8ToUnicodeN(Target, (ULONG)Room * sizeof(WCHAR), &Written, Source, Bytes);
        return (int)(Written / sizeof(WCHAR));
    }
    if (Room == 0) {
        return (int)Bytes; /* the other code pages: one unit for each byte */
    }
    if (CodePage == 1252) {
        RtlMultiByteToUnicodeN(Target, (ULONG)Room * sizeof(WCHAR), &Written, Source, Bytes);
    } else if (CodePage == 437) {
        RtlOemToUnicodeN(Target, (ULONG)Room * sizeof(WCHAR), &Written, Source, Bytes);
    } else {
        for (Index = 0; Index < Bytes && Index < (ULONG)Room; Index++) {
            Target[Index] = (UCHAR)Source[Index];
        }
        Written = Index * sizeof(WCHAR);
    }
    if (Bytes > (ULONG)Room) {
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    return (int)(Written / sizeof(WCHAR));
}

/* One unit in a single-byte code page; FALSE if it has no such character. */
static BOOL
BaseNarrow(UINT CodePage, WCHAR Unit, PCHAR Byte)
{
    ULONG Written;
    WCHAR Back = 0;

    if (CodePage == 28591 || CodePage == 20127) {
        *Byte = (CHAR)Unit;
        return Unit < (CodePage == 20127 ? 0x80 : 0x100);
    }
    if (CodePage == 437) {
        RtlUnicodeToOemN(Byte, 1, &Written, &Unit, sizeof(WCHAR));
        RtlOemToUnicodeN(&Back, sizeof(Back), &Written, Byte, 1);
    } else {
        RtlUnicodeToMultiByteN(Byte, 1, &Written, &Unit, sizeof(WCHAR));
        RtlMultiByteToUnicodeN(&Back, sizeof(Back), &Written, Byte, 1);
    }
    return Back == Unit;
}

int WINAPI
WideCharToMultiByte(UINT CodePage, DWORD Flags, LPCWCH Source, int SourceLength, LPSTR Target,
                    int Room, LPCCH Default, LPBOOL UsedDefault)
{
    ULONG Units =
              SourceLength < 0 && Source != NULL ? (ULONG)wcslen(Source) + 1 : (ULONG)SourceLength,
          Written = 0, Index;
    NTSTATUS Status;

    CodePage = BaseCodePage(CodePage);
    if (SourceLength == 0 || Room < 0 || Source == NULL || !IsValidCodePage(CodePage) ||
        (Room != 0 && (Target == NULL || Target == (PVOID)Source)) ||
        (CodePage == CP_UTF8 && (Default != NULL || UsedDefault != NULL))) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return 0;
    }
    if (UsedDefault != NULL) {
        *UsedDefault = FALSE;
    }
    if (CodePage == CP_UTF8) {
        ULONG Needed;

        Status = RtlUnicodeToUTF8N(NULL, 0, &Needed, Source, Units * sizeof(WCHAR));
        if (Status == STATUS_SOME_NOT_MAPPED && (Flags & WC_ERR_INVALID_CHARS) != 0) {
            BaseFailWith(ERROR_NO_UNICODE_TRANSLATION);
            return 0;
        }
        if (Room == 0) {
            return (int)Needed;
        }
        RtlUnicodeToUTF8N(Target, (ULONG)Room, &Written, Source, Units * sizeof(WCHAR));
        if (Needed > (ULONG)Room) {
            BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
            return 0;
        }
        return (int)Written;
    }
    for (Index = 0; Index < Units && (Room == 0 || Written < (ULONG)Room); Index++, Written++) {
        CHAR Byte = 0;

        if (!BaseNarrow(CodePage, Source[Index], &Byte)) {
            Byte = Default != NULL ? *Default : '?';
            if (UsedDefault != NULL) {
                *UsedDefault = TRUE;
            }
            if (IS_HIGH_SURROGATE(Source[Index]) && Index + 1 < Units &&
                IS_LOW_SURROGATE(Source[Index + 1])) {
                Index++;
            }
        }
        if (Room != 0) {
            Target[Written] = Byte;
        }
    }
    if (Index < Units) {
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    return (int)Written;
}

BOOL WINAPI
IsDBCSLeadByteEx(UINT CodePage, BYTE Byte)
{
    return FALSE; /* no code page here has lead bytes */
}

BOOL WINAPI
IsDBCSLeadByte(BYTE Byte)
{
    return FALSE;
}

BOOL WINAPI
GetCPInfo(UINT CodePage, LPCPINFO Information)
{
    CodePage = BaseCodePage(CodePage);
    if (!IsValidCodePage(CodePage)) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    RtlZeroMemory(Information, sizeof(*Information));
    Information->MaxCharSize = CodePage == CP_UTF8 ? 4 : 1;
    Information->DefaultChar[0] = '?';
    return TRUE;
}

BOOL WINAPI
GetCPInfoExW(UINT CodePage, DWORD Flags, LPCPINFOEXW Information)
{
    RtlZeroMemory(Information, sizeof(*Information));
    if (!GetCPInfo(CodePage, (LPCPINFO)Information)) {
        return FALSE;
    }
    Information->UnicodeDefaultChar = L'?';
    Information->CodePage = BaseCodePage(CodePage);
    _snwprintf(Information->CodePageName, MAX_PATH, L"%u", Information->CodePage);
    return TRUE;
}

BOOL WINAPI
GetCPInfoExA(UINT CodePage, DWORD Flags, LPCPINFOEXA Information)
{
    CPINFOEXW Wide;

    if (!GetCPInfoExW(CodePage, Flags, &Wide)) {
        return FALSE;
    }
    RtlCopyMemory(Information, &Wide, FIELD_OFFSET(CPINFOEXA, CodePageName));
    for (ULONG Index = 0; Index < MAX_PATH; Index++) {
        Information->CodePageName[Index] = (CHAR)Wide.CodePageName[Index]; /* digits */
    }
    return TRUE;
}

BOOL WINAPI
AreFileApisANSI(VOID)
{
    return TRUE;
}
