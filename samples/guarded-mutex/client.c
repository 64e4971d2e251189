/*
 * client.c - has one page read: guarded-mutex.exe zw|internal|routine nothing|irql|apcs|all-apcs [at-once]
 *
 * Exit code 0: it has been read. ERROR_NOT_SUPPORTED: this version cannot be asked that. If the read never ends, neither does
 * this client.
 */
#include <windows.h>
#include <winioctl.h>
#include <stdio.h>
#include <string.h>
#include "guarded-mutex.h"

static ULONG
Find(const char *Word, const char *const *Words)
{
    ULONG i = 0;

    while (Words[i] != NULL && strcmp(Words[i], Word) != 0) {
        i++;
    }
    return i;
}

int
main(int Count, char **Arguments)
{
    static const char *const By[] = {"zw", "internal", "routine", NULL},
                             *const Ask[] = {"nothing", "irql", "apcs", "all-apcs", NULL},
                             *const Answer[] = {"FALSE", "TRUE", "not there"};
    LOCK_STATE State;
    PAGE_IN_RESULT Result;
    PAGE_IN Page;
    HANDLE Device;
    DWORD Done;

    if (Count < 3 || By[Page.By = Find(Arguments[1], By)] == NULL ||
        Ask[Page.Ask = Find(Arguments[2], Ask)] == NULL) {
        printf("guarded-mutex.exe zw|internal|routine nothing|irql|apcs|all-apcs [at-once]\n");
        return 2;
    }
    Page.AtOnce = Count > 3 && strcmp(Arguments[3], "at-once") == 0;
    Device = CreateFileA("\\\\.\\GuardedMutex", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                         OPEN_EXISTING, 0, NULL);
    if (Device == INVALID_HANDLE_VALUE ||
        !DeviceIoControl(Device, IOCTL_LOOK, NULL, 0, &State, sizeof(State), &Done, NULL)) {
        printf("\\\\.\\GuardedMutex: error %lu\n", GetLastError());
        return 1;
    }
    printf("under the %s: IRQL %lu, KeAreApcsDisabled %s, KeAreAllApcsDisabled %s\n",
           State.Guarded ? "guarded mutex" : "fast mutex", State.Irql, Answer[State.ApcsDisabled],
           Answer[State.AllApcsDisabled]);
    fflush(stdout);
    if (!DeviceIoControl(Device, IOCTL_PAGE_IN, &Page, sizeof(Page), &Result, sizeof(Result), &Done,
                         NULL)) {
        return GetLastError() == ERROR_NOT_SUPPORTED ? ERROR_NOT_SUPPORTED : 1;
    }
    printf("%lu bytes read %s\n", Result.Bytes,
           Result.Posted ? "by a worker thread" : "in the thread itself");
    return Result.Bytes == BLOCK_BYTES ? 0 : 1;
}
