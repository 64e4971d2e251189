/* wide.c - a client with wmain (-municode). */
#include "check.h"

#include <wchar.h>
#include <io.h>
#include <fcntl.h>

int
wmain(int Argc, wchar_t **Argv, wchar_t **Environment)
{
    wchar_t Text[64];
    FILE *f;

    CHECK(Argc == 1 && Argv[0] != NULL && Argv[1] == NULL && Environment != NULL);
    CHECK(_wputenv(L"CRT_WIDE=v\x20AC") == 0 && wcscmp(_wgetenv(L"CRT_WIDE"), L"v\x20AC") == 0);
    CHECK((unsigned char)getenv("CRT_WIDE")[1] == 0x80);
    CHECK(swprintf_s(Text, 64, L"%s %d", L"x", 5) == 3 && wcscmp(Text, L"x 5") == 0);
    CHECK(_snwprintf(Text, 64, L"%-5s|%5.2f|%c", L"ab", 3.14159, L'z') == 13 &&
          wcscmp(Text, L"ab   | 3.14|z") == 0);
    CHECK(wprintf(L"%s", L"wide text to a byte stream\n") == 27);
    CHECK(fputwc(0x20AC, stderr) == WEOF); /* no such byte in the C locale */
    clearerr(stderr);
    f = _wfopen(L"crt-wide.tmp", L"w, ccs=UTF-8");
    if (f != NULL) {
        fclose(f);
        f = _wfopen(L"crt-wide.tmp", L"wb");
        CHECK(_setmode(_fileno(f), _O_U16TEXT) == _O_BINARY && fputws(L"a\n", f) >= 0);
        CHECK(fclose(f) == 0);
        f = _wfopen(L"crt-wide.tmp", L"rb");
        CHECK(fgetc(f) == 'a' && fgetc(f) == 0 && fgetc(f) == '\r' && fgetc(f) == 0 &&
              fgetc(f) == '\n');
        fclose(f);
        CHECK(_wremove(L"crt-wide.tmp") == 0);
    } else {
        SKIP("the current folder takes no files");
    }
    return Summary("wide");
}
