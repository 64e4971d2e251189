/* program.c - an ordinary program with mingw's run time, for the test of map. */
#include <stdio.h>

int
main(void)
{
    puts("hello");
    return 0;
}
