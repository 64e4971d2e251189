/*
 * refused.c - starts itself with a word at which notifyex.c refuses the process: CreateProcess fails.
 */
#include "../ntlab-client.h"

int
main(int Count, char **Arguments)
{
    STARTUPINFOA Startup = {sizeof(Startup)};
    PROCESS_INFORMATION Process;
    char Self[MAX_PATH], Command[MAX_PATH + 16];

    if (Count > 1) {
        return 9; /* must not run */
    }
    GetModuleFileNameA(NULL, Self, sizeof(Self));
    sprintf(Command, "\"%s\" refused", Self);
    EXPECT(!CreateProcessA(NULL, Command, NULL, NULL, FALSE, 0, NULL, NULL, &Startup, &Process));
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    return TEST_DONE();
}
