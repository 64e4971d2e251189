/* key-client.c - a service that works until q is typed; with a number: its user, who takes so many milliseconds. */
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
    int Key;

    if (argc > 1) {
        Sleep(atoi(argv[1]));
        printf("worked\n");
        return 0;
    }
    printf("ready\n");
    fflush(stdout);
    do {
        Key = getchar();
    } while (Key != 'q');
    printf("key %c\n", Key);
    return 0;
}
