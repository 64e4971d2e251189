/*
 * startup.c - what a program gets before main and what happens after it.
 *
 * Run without arguments it starts itself with some, through _spawnv, and judges the exit codes.
 */
#include "check.h"

#include <process.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <math.h>
#include <signal.h>
#include <windows.h>

static int Order;

static void
First(void)
{
    Order = Order * 10 + 1;
    _exit(Order == 21 ? 42 : 43); /* the last registered ran first */
}

static void
Second(void)
{
    Order = Order * 10 + 2;
}

static void
OnAbort(int Signal)
{
    _exit(Signal == SIGABRT ? 22 : 23);
}

static int
Child(int Argc, char **Argv)
{
    if (strcmp(Argv[1], "args") == 0) {
        return Argc == 6 && !strcmp(Argv[2], "a b") && !strcmp(Argv[3], "c\"d") &&
                       !strcmp(Argv[4], "e\\f\\") && !strcmp(Argv[5], "")
                   ? 17
                   : 18;
    }
    if (strcmp(Argv[1], "atexit") == 0) {
        atexit(First);
        atexit(Second);
        exit(1);
    }
    if (strcmp(Argv[1], "abort") == 0) {
        signal(SIGABRT, OnAbort);
        abort();
    }
    if (strcmp(Argv[1], "env") == 0) {
        return getenv("CRT_TEST") != NULL && strcmp(getenv("crt_test"), "inherited") == 0 ? 19 : 20;
    }
    if (strcmp(Argv[1], "flush") == 0) {
        setvbuf(stdout, NULL, _IOFBF, 4096);
        printf("flushed by exit\n");
        return 21;
    }
    if (strcmp(Argv[1], "write") == 0) {
        return _write(atoi(Argv[2]), "child", 5) == 5 ? 24 : 25;
    }
    if (strcmp(Argv[1], "term") == 0) {
        raise(SIGTERM); /* the default: exit code 3 */
    }
    return 99;
}

static int
Start(const char *Self, const char *a, const char *b, const char *c, const char *d, const char *e)
{
    return (int)_spawnl(_P_WAIT, Self, "self", a, b, c, d, e, NULL);
}

int
main(int Argc, char **Argv)
{
    const char *Self = _pgmptr;
    char Text[100];
    size_t Needed;
    int Pair[2], Saved;
    intptr_t Process;
    int Code;

    if (Argc > 1) {
        return Child(Argc, Argv);
    }
    CHECK(Argc == 1 && Argv[1] == NULL && __argc == 1 && strcmp(__argv[0], Argv[0]) == 0);
    CHECK(Self != NULL && strstr(Self, ".exe") != NULL);
    CHECK(_putenv("CRT_TEST=inherited") == 0 && strcmp(getenv("CRT_TEST"), "inherited") == 0);
    CHECK(GetEnvironmentVariableA("CRT_TEST", Text, sizeof(Text)) == 9);
    CHECK(getenv_s(&Needed, Text, sizeof(Text), "CRT_TEST") == 0 && Needed == 10);
    CHECK(getenv("CRT_NO_SUCH_VARIABLE") == NULL);
    CHECK(_putenv("CRT_GONE=1") == 0 && _putenv("CRT_GONE=") == 0 && getenv("CRT_GONE") == NULL);
    CHECK(system(NULL) == 0 || system(NULL) == 1);
    CHECK(fabs(acos(0.5) - 1.0471975511965979) < 1e-15 && sinh(1) == 1.1752011936438014 &&
          tan(0.5) == 0.54630248984379053);
    CHECK(log10(1000) == 3 && frexp(8, &Code) == 0.5 && Code == 4);

    CHECK(Start(Self, "args", "\"a b\"", "c\\\"d", "e\\f\\", "\"\"") == 17);
    CHECK(Start(Self, "atexit", NULL, NULL, NULL, NULL) == 42);
    CHECK(Start(Self, "abort", NULL, NULL, NULL, NULL) == 22);
    CHECK(Start(Self, "env", NULL, NULL, NULL, NULL) == 19);
    CHECK(Start(Self, "term", NULL, NULL, NULL, NULL) == 3);
    errno = 0;
    CHECK(_spawnl(_P_WAIT, "no-such-program", "x", NULL) == -1 && errno == ENOENT);
    CHECK((Process = _spawnl(_P_NOWAIT, Self, "self", "env", NULL)) != -1);
    CHECK(_cwait(&Code, Process, 0) == Process && Code == 19);

    /* An open descriptor has its number and its place in the file in a child, too. */
    Saved = _open("startup.tmp", _O_CREAT | _O_RDWR | _O_BINARY | _O_TRUNC, 0600);
    CHECK(Saved > 2 && _write(Saved, "own ", 4) == 4);
    CHECK(Start(Self, "write", _itoa(Saved, Text, 10), NULL, NULL, NULL) == 24);
    CHECK(_tell(Saved) == 9 && _lseek(Saved, 0, SEEK_SET) == 0 && _read(Saved, Text, 9) == 9 &&
          memcmp(Text, "own child", 9) == 0);
    CHECK(_close(Saved) == 0 && remove("startup.tmp") == 0);
    errno = 0;
    if (_pipe(Pair, 4096, _O_TEXT) != 0 && errno == ENOSYS) {
        SKIP("the system has no pipes");
        return Summary("startup");
    }
    /* A child's standard output through a pipe: descriptors are inherited. */
    fflush(stdout);
    Saved = _dup(1);
    CHECK(_dup2(Pair[1], 1) == 0);
    Code = Start(Self, "flush", NULL, NULL, NULL, NULL);
    CHECK(_dup2(Saved, 1) == 0);
    _close(Saved);
    _close(Pair[1]);
    CHECK(Code == 21);
    Code = _read(Pair[0], Text, sizeof(Text) - 1);
    Text[Code > 0 ? Code : 0] = 0;
    CHECK_TEXT(Text, "flushed by exit\n");
    CHECK(_read(Pair[0], Text, 1) == 0);
    return Summary("startup");
}
