/*
 * harderrors-client.c - NtRaiseHardError: what is shown of each kind of parameter, what is answered, what is refused, and a mode in which
 * nothing is shown. [PH:ntexapi.h; LEARN: SetErrorMode, SetThreadErrorMode]
 */
#include "ntlab-client.h"

typedef struct {
    USHORT Length, Maximum;
    const WCHAR *Buffer;
} STRING16;

LONG NTAPI NtRaiseHardError(LONG, ULONG, ULONG, PVOID, ULONG, PULONG);

#define UNKNOWN 0xC0AB1234 /* no sentence is known for it */

static DWORD Response;

static DWORD
Raise(ULONG Count, ULONG Strings, const void *Parameters, ULONG Options)
{
    Response = 77;
    return (DWORD)NtRaiseHardError((LONG)UNKNOWN, Count, Strings, (PVOID)Parameters, Options,
                                   &Response);
}

int
main(void)
{
    WCHAR First[] = L"first", Odd[] = {'o', 0xE4, 'd', 0};
    STRING16 One = {10, 12, First}, Two = {6, 8, Odd}, Bad = {6, 8, (const WCHAR *)0x12340000};
    const void *Both[] = {&One, &Two}, *Unreadable[] = {&Bad, (const void *)0x12340000};
    ULONG_PTR Plain[] = {1, 2, 3, 4, 5};
    /* AbortRetryIgnore, Ok, OkCancel, RetryCancel, YesNo, YesNoCancel, -, OkNoWait, CancelTryContinue */
    static const DWORD Answers[] = {2, 6, 6, 3, 8, 8, 0, 6, 3};

    SetErrorMode(0);
    EXPECT_EQ(Raise(2, 3, Both, 1), 0); /* shown: first o?d */
    EXPECT_EQ(Response, 6);             /* Ok */
    EXPECT_EQ(Raise(2, 3, Unreadable, 1), 0);
    EXPECT_EQ(Raise(1, 0, Plain, 1), 0);
    for (ULONG i = 0; i < ARRAYSIZE(Answers); i++) {
        if (i != 6) {
            EXPECT_EQ(Raise(0, 0, NULL, i), 0);
            EXPECT_EQ(Response, Answers[i]);
        }
    }
    EXPECT_EQ(Raise(6, 0, Plain, 1), 0xC00000F0); /* the second parameter */
    EXPECT_EQ(Raise(0, 0, NULL, 9), 0xC00000F2);  /* the fourth */
    EXPECT_EQ(Response, 77);
    EXPECT_EQ(Raise(5, 0, (PVOID)0x12340000, 1), 0xC0000005);
    EXPECT_EQ((DWORD)NtRaiseHardError((LONG)UNKNOWN, 0, 0, NULL, 1, (PULONG)0x12340000),
              0xC0000005);
    SetErrorMode(SEM_FAILCRITICALERRORS); /* nothing is shown */
    EXPECT_EQ(Raise(2, 3, Both, 1), 0);
    EXPECT_EQ(Response, 0); /* ReturnToCaller */
    SetErrorMode(0);
    EXPECT_EQ(Raise(0, 0, NULL, 1), 0);
    EXPECT_EQ(Response, 6);
    EXPECT(SetThreadErrorMode(SEM_FAILCRITICALERRORS, NULL));
    EXPECT_EQ(Raise(0, 0, NULL, 1), 0);
    EXPECT_EQ(Response, 0);
    return TEST_DONE();
}
