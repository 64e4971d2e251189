/* file.c - streams and descriptors on files. Works in the current folder, or skips what needs one.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <direct.h>
#include <share.h>
#include <sys/stat.h>
#include <wchar.h>

#define NAME "crt-file.tmp"

static char Buffer[20000];

static int
Raw(char *To, int Size)
{
    int Fd = _open(NAME, _O_RDONLY | _O_BINARY), Got;

    if (Fd < 0) {
        return -1;
    }
    Got = _read(Fd, To, Size);
    _close(Fd);
    return Got;
}

static void
TextAndBinary(void)
{
    FILE *f = fopen(NAME, "w");
    fpos_t Position;
    int c, Lines = 0;

    CHECK(fputs("one\ntwo\n", f) == 0 && ftell(f) == 10);
    CHECK(fprintf(f, "%d\n", 3) == 2 && fclose(f) == 0);
    CHECK(Raw(Buffer, 100) == 13 && memcmp(Buffer, "one\r\ntwo\r\n3\r\n", 13) == 0);
    f = fopen(NAME, "rt");
    CHECK(fgets(Buffer, 100, f) != NULL && strcmp(Buffer, "one\n") == 0 && ftell(f) == 5);
    CHECK(fgetpos(f, &Position) == 0 && fgetc(f) == 't' && ftell(f) == 6);
    CHECK(fsetpos(f, &Position) == 0 && fgets(Buffer, 3, f) != NULL && strcmp(Buffer, "tw") == 0);
    CHECK(fgets(Buffer, 100, f) != NULL && strcmp(Buffer, "o\n") == 0);
    CHECK(ungetc('Z', f) == 'Z' && fgetc(f) == 'Z' && fgetc(f) == '3');
    CHECK(fgetc(f) == '\n' && !feof(f) && fgetc(f) == EOF && feof(f));
    rewind(f);
    while ((c = fgetc(f)) != EOF) {
        Lines += c == '\n';
    }
    CHECK(Lines == 3 && fseek(f, 0, SEEK_END) == 0 && ftell(f) == 13 && !feof(f));
    CHECK(fseek(f, -3, SEEK_CUR) == 0 && fgetc(f) == '3');
    fclose(f);
    f = fopen(NAME, "rb");
    CHECK(fread(Buffer, 1, 100, f) == 13 && Buffer[3] == '\r' && feof(f));
    fclose(f);
    /* a text file with LF alone: positions are right all the same */
    f = fopen(NAME, "wb");
    fputs("a\nbb\nccc\n", f);
    fclose(f);
    f = fopen(NAME, "r");
    CHECK(fgets(Buffer, 100, f) != NULL && ftell(f) == 2 && fgets(Buffer, 100, f) != NULL);
    fclose(f);
    f = fopen(NAME, "wb");
    fputs("ab\x1A"
          "cd",
          f);
    fclose(f);
    f = fopen(NAME, "r");
    CHECK(fread(Buffer, 1, 100, f) == 2); /* Ctrl+Z ends a text file */
    fclose(f);
}

static void
Update(void)
{
    FILE *f = fopen(NAME, "w+b");
    int i, Good = 1;

    for (i = 0; i < 5000; i++) {
        fputc(i & 0xFF, f);
    }
    CHECK(ftell(f) == 5000);
    rewind(f);
    for (i = 0; i < 5000; i++) {
        Good &= fgetc(f) == (i & 0xFF);
    }
    CHECK(Good);
    fseek(f, 100, SEEK_SET);
    CHECK(fwrite("XYZ", 1, 3, f) == 3);
    fseek(f, 99, SEEK_SET);
    CHECK(fread(Buffer, 1, 5, f) == 5 && memcmp(Buffer, "\x63XYZ\x67", 5) == 0);
    CHECK(_filelength(_fileno(f)) == 5000);
    fclose(f);
    f = fopen(NAME, "ab");
    CHECK(fputs("end", f) == 0 && fflush(f) == 0 && ftell(f) == 5003);
    fclose(f);
    f = fopen(NAME, "r+b");
    CHECK(fseek(f, -3, SEEK_END) == 0 && fgetc(f) == 'e');
    fclose(f);
    f = fopen(NAME, "wb");
    memset(Buffer, 'q', sizeof(Buffer));
    CHECK(fputc('1', f) == '1' && fwrite(Buffer, 1, sizeof(Buffer), f) == sizeof(Buffer) &&
          fputc('2', f) == '2');
    fclose(f);
    f = fopen(NAME, "rb");
    CHECK(fgetc(f) == '1' && fread(Buffer, 1, sizeof(Buffer), f) == sizeof(Buffer) &&
          Buffer[19999] == 'q' && fgetc(f) == '2' && fgetc(f) == EOF);
    fclose(f);
}

static void
Modes(void)
{
    char Own[64];
    FILE *f;

    errno = 0;
    CHECK(fopen("no-such-file.tmp", "r") == NULL && errno == ENOENT);
    errno = 0;
    CHECK(fopen(NAME, "q") == NULL && errno == EINVAL);
    f = fopen(NAME, "w");
    CHECK(fgetc(f) == EOF);
    clearerr(f);
    CHECK(!ferror(f));
    CHECK(setvbuf(f, Own, _IOFBF, sizeof(Own)) == 0);
    fputs("buffered", f);
    CHECK(_filelength(_fileno(f)) == 0);
    CHECK(fflush(f) == 0 && _filelength(_fileno(f)) == 8);
    CHECK(setvbuf(f, NULL, _IONBF, 0) == 0);
    fputs("now", f);
    CHECK(_filelength(_fileno(f)) == 11);
    fclose(f);
    f = freopen(NAME, "r", fopen(NAME, "a"));
    CHECK(f != NULL && fgetc(f) == 'b');
    fclose(f);
    f = fopen(NAME, "w");
    CHECK(fwprintf(f, L"w%sx%d", L"ide", 5) == 6);
    fclose(f);
    f = fopen(NAME, "r");
    CHECK(fgetwc(f) == 'w' && fgetws((wchar_t *)Buffer, 50, f) != NULL &&
          wcscmp((wchar_t *)Buffer, L"idex5") == 0);
    fclose(f);
    f = fopen(NAME, "wb");
    fputwc(0x1234, f);
    fclose(f);
    CHECK(Raw(Buffer, 10) == 2 && Buffer[0] == 0x34 && Buffer[1] == 0x12);
    f = tmpfile();
    if (f != NULL) {
        CHECK(fputs("t", f) == 0 && fseek(f, 0, SEEK_SET) == 0 && fgetc(f) == 't');
        fclose(f);
    } else {
        SKIP("no folder for temporary files");
    }
    f = fopen(NAME, "w+");
    fprintf(f, "12 3.5 word\n");
    rewind(f);
    {
        int i = 0;
        double d = 0;

        CHECK(fscanf(f, "%d %lf %s", &i, &d, Buffer) == 3 && i == 12 && d == 3.5 &&
              !strcmp(Buffer, "word"));
        CHECK(fgetc(f) == '\n');
    }
    fclose(f);
}

static void
Descriptors(void)
{
    struct _stat64 Stat;
    struct _finddata64i32_t Found;
    intptr_t Search;
    int Fd = _open(NAME, _O_CREAT | _O_TRUNC | _O_RDWR | _O_TEXT, _S_IREAD | _S_IWRITE), Copy;

    CHECK(Fd >= 3 && _write(Fd, "a\nb\n", 4) == 4 && _tell(Fd) == 6);
    CHECK(_lseek(Fd, 0, SEEK_SET) == 0 && _read(Fd, Buffer, 100) == 4 &&
          memcmp(Buffer, "a\nb\n", 4) == 0);
    CHECK(_eof(Fd) == 1);
    CHECK(_setmode(Fd, _O_BINARY) == _O_TEXT && _lseek(Fd, 0, SEEK_SET) == 0 &&
          _read(Fd, Buffer, 100) == 6);
    Copy = _dup(Fd);
    CHECK(Copy > Fd && _lseek(Copy, 0, SEEK_CUR) == 6 && _close(Copy) == 0);
    CHECK(_chsize(Fd, 100) == 0 && _filelengthi64(Fd) == 100 && _chsize(Fd, 3) == 0 &&
          _filelength(Fd) == 3);
    CHECK(_fstat64(Fd, &Stat) == 0 && Stat.st_size == 3 && (Stat.st_mode & _S_IFREG) != 0);
    CHECK(!_isatty(Fd) && _get_osfhandle(Fd) != -1 && _commit(Fd) == 0);
    CHECK(_close(Fd) == 0);
    errno = 0;
    CHECK(_close(Fd) == -1 && errno == EBADF);
    CHECK(_write(99, "", 1) == -1 && errno == EBADF);
    errno = 0;
    CHECK(_open(NAME, _O_CREAT | _O_EXCL | _O_RDWR, _S_IWRITE) == -1 && errno == EEXIST);
    CHECK(_stat64(NAME, &Stat) == 0 && Stat.st_size == 3);
    CHECK(_stat64("no-such-file.tmp", &Stat) == -1 && errno == ENOENT);
    CHECK(_access(NAME, 0) == 0 && _access(NAME, 6) == 0 && _access("no-such-file.tmp", 0) == -1);
    Search = _findfirst64i32("crt-file.tm?", &Found);
    CHECK(Search != -1 && _stricmp(Found.name, NAME) == 0 && Found.size == 3);
    CHECK(_findnext64i32(Search, &Found) == -1 && errno == ENOENT && _findclose(Search) == 0);
    CHECK(rename(NAME, "crt-file2.tmp") == 0 && _access(NAME, 0) == -1);
    CHECK(remove("crt-file2.tmp") == 0 && remove("crt-file2.tmp") == -1 && errno == ENOENT);
    CHECK(_mkdir("crt-folder.tmp") == 0 && _mkdir("crt-folder.tmp") == -1 && errno == EEXIST);
    CHECK(_rmdir("crt-folder.tmp") == 0);
}

static void
Paths(void)
{
    char Drive[_MAX_DRIVE], Folder[_MAX_DIR], Name[_MAX_FNAME], Extension[_MAX_EXT],
        Path[_MAX_PATH];

    _splitpath("c:\\dir\\sub.x\\name.tar.gz", Drive, Folder, Name, Extension);
    CHECK(!strcmp(Drive, "c:") && !strcmp(Folder, "\\dir\\sub.x\\") && !strcmp(Name, "name.tar") &&
          !strcmp(Extension, ".gz"));
    _makepath(Path, "d", "a\\b", "n", "txt");
    CHECK_TEXT(Path, "d:a\\b\\n.txt");
    CHECK(_getcwd(Path, sizeof(Path)) == Path && Path[1] == ':');
}

int
main(void)
{
    FILE *f = fopen(NAME, "w");

    Paths();
    if (f == NULL) {
        SKIP("the current folder takes no files");
        return Summary("file");
    }
    fclose(f);
    TextAndBinary();
    Update();
    Modes();
    Descriptors();
    remove(NAME);
    return Summary("file");
}
