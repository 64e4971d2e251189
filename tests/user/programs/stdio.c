/*
 * stdio.c - the C library as ordinary programs use it. What it must print stands in stdio.out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <math.h>
#include <locale.h>
#include <signal.h>
#include <setjmp.h>
#include <errno.h>
#include <wchar.h>
#include <ctype.h>
#include <assert.h>
#include <sys/stat.h>
#include <dirent.h>
#include <unistd.h>
#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <inttypes.h>
static int
cmp(const void *a, const void *b)
{
    return *(int *)a - *(int *)b;
}
static void
h(int s)
{
    printf("sig %d\n", s);
}
static void
bye(void)
{
    printf("bye\n");
}
int
main(int c, char **v)
{
    int a[] = {5, 3, 9, 1};
    qsort(a, 4, sizeof *a, cmp);
    printf("%d %d\n", a[0], a[3]);
    int k = 9;
    printf("%d\n", *(int *)bsearch(&k, a, 4, sizeof *a, cmp));
    FILE *f = fopen("C:\\t.txt", "w+");
    fprintf(f, "line %d\nline2\n", 1);
    rewind(f);
    char b[64];
    while (fgets(b, 64, f)) {
        printf("[%s]", b);
    }
    fseek(f, 0, SEEK_END);
    printf("%ld\n", ftell(f));
    fclose(f);
    struct stat st;
    stat("C:\\t.txt", &st);
    printf("%ld\n", (long)st.st_size);
    remove("C:\\t.txt");
    FILE *none = fopen("C:\\zz", "r");
    printf("%d %s\n", none == 0, strerror(errno));
    signal(SIGTERM, h);
    raise(SIGTERM);
    jmp_buf j;
    if (!setjmp(j)) {
        longjmp(j, 1);
    } else {
        printf("jmp\n");
    }
    time_t t = time(0);
    struct tm *m = localtime(&t);
    strftime(b, 64, "%Y", m);
    printf("%d\n", atoi(b) >= 2000);
    printf("%.3f %.3f %g %a\n", sin(1), pow(2, .5), 1e100, 1.0);
    printf("%s\n", setlocale(LC_ALL, "") ? "loc" : "no");
    printf("%lld %zu %ls\n", 1LL << 40, sizeof(long), L"wide");
    mkdir("C:\\dd");
    DIR *d = opendir("C:\\");
    struct dirent *e;
    int n = 0;
    while ((e = readdir(d))) {
        n += !strcmp(e->d_name, "dd");
    }
    closedir(d);
    printf("%d\n", n);
    rmdir("C:\\dd");
    char *p = getenv("PATH");
    printf("%d\n", p != 0);
    putenv("FOO=bar");
    printf("%s\n", getenv("FOO"));
    int fd = open("C:\\q.bin", O_RDWR | O_CREAT | O_TRUNC | O_BINARY, 0666);
    write(fd, "abc", 3);
    lseek(fd, 1, SEEK_SET);
    read(fd, b, 1);
    printf("%c\n", b[0]);
    close(fd);
    unlink("C:\\q.bin");
    atexit(bye);
    char *s = strdup("a,b,c");
    for (char *x = strtok(s, ","); x; x = strtok(0, ",")) {
        printf("%s;", x);
    }
    printf("%" PRId64 "\n", (int64_t)-1);
    sscanf("12 ab 3.5", "%d %s %lf", &n, b, (double[]){0});
    printf("%d%s\n", n, b);
    printf("%d\n", _getpid() > 0);
    FILE *tmp = tmpfile();
    printf("%d\n", tmp != 0);
    printf("%s %d\n", v[0] ? "argv" : "", c);
    clock_t ck = clock();
    printf("%d\n", ck >= 0);
    usleep(1000);
    printf("%d\n", system(NULL) != 0);
    fflush(stdout);
    return 3;
}
