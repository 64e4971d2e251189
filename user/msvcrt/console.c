/*
 * console.c - the conio functions, through the standard handles.
 *
 * Output goes to standard output past its stream's buffer, after that has been written. Input is a
 * byte at a time from standard input. Partial: nothing here reads single keys, so _kbhit says
 * whether the stream already holds a byte, and a key that has no character never comes.
 *
 * Programs loop "until a key is pressed", and in virtual time nobody can press one: what takes an hour there is over
 * at once. So a key counts as pressed 10 seconds of the program's time after it was first asked for.
 */
#include "crt.h"
#include "crtdata.h"

int
_putch(int Char)
{
    int Status;

    CrtLockStream(stdout);
    Status = CrtPutc(Char, stdout);
    if (Status != EOF && CrtFlush(stdout) != 0) {
        Status = EOF;
    }
    CrtUnlockStream(stdout);
    return Status;
}

int
_cputs(const char *Text)
{
    int Status;

    CrtLockStream(stdout);
    Status = fputs(Text, stdout);
    if (Status == 0) {
        Status = CrtFlush(stdout);
    }
    CrtUnlockStream(stdout);
    return Status == 0 ? 0 : -1;
}

int
_getch(void)
{
    int Char = CrtPutback;

    if (Char != -1) {
        CrtPutback = -1;
        return Char;
    }
    fflush(stdout);
    return fgetc(stdin);
}

int
_getche(void)
{
    int Char = _getch();

    if (Char != EOF) {
        _putch(Char);
    }
    return Char;
}

int
_ungetch(int Char)
{
    if (Char == EOF || CrtPutback != -1) {
        return EOF;
    }
    return CrtPutback = Char;
}

int
_kbhit(void)
{
    if (CrtPutback != -1 || stdin->_cnt > 0) {
        return 1;
    }
    if (CrtKeyAsked == 0) {
        CrtKeyAsked = GetTickCount64();
    }
    return GetTickCount64() - CrtKeyAsked >= 10000;
}

wint_t
_putwch(wchar_t Char)
{
    wint_t Status;

    CrtLockStream(stdout);
    Status = CrtPutwc(Char, stdout);
    CrtFlush(stdout);
    CrtUnlockStream(stdout);
    return Status;
}

int
_cputws(const wchar_t *Text)
{
    int Status;

    CrtLockStream(stdout);
    Status = fputws(Text, stdout);
    CrtFlush(stdout);
    CrtUnlockStream(stdout);
    return Status;
}
