/*
 * client.c - the two processes: one suspends its own thread inside the driver, the other only wants to use the device.
 *
 *     critical-region.exe attack CHOICE     needs no right but to open the device
 *     critical-region.exe use CHOICE
 *     critical-region.exe update CHOICE     what `ntlab explore` needs of both: one use, and no word of suspension
 *
 * The first process is also refused a handle to suspend the second one's thread with: its own are all that it may suspend.
 * Exit code 0: all came as the article says, as far as one can come here at all.
 */
#include <windows.h>
#include <winioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "critical-region.h"

static ULONG Choice;

/* Each thread has a file of its own: requests of a synchronous file wait for each other. */
static HANDLE
Open(void)
{
    HANDLE Device = CreateFileA("\\\\.\\CriticalRegion", GENERIC_READ | GENERIC_WRITE,
                                FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);

    if (Device == INVALID_HANDLE_VALUE) {
        printf("\\\\.\\CriticalRegion: error %lu\n", GetLastError());
        exit(1);
    }
    return Device;
}

static BOOL
Ask(HANDLE Device, DWORD Code, void *Out, DWORD Length)
{
    DWORD Done;

    return DeviceIoControl(Device, Code, &Choice, sizeof(Choice), Out, Length, &Done, NULL);
}

static void
Must(BOOL Condition, const char *What)
{
    if (!Condition) {
        printf("%s: error %lu\n", What, GetLastError());
        exit(1);
    }
}

static DWORD WINAPI
Hold(void *Parameter)
{
    return Ask(Open(), IOCTL_HOLD, NULL, 0) ? 0 : 1;
}

/* This process has every right on its own thread. It has none on the other process. */
static int
Attack(void)
{
    HANDLE Thread = CreateThread(NULL, 0, Hold, NULL, 0, NULL);
    HANDLE Device = Open(), Other;
    HOLDER_STATE Holder;
    DWORD Code = 1;

    Must(Thread != NULL, "CreateThread");
    Must(Ask(Device, IOCTL_WAIT_INSIDE, &Holder, sizeof(Holder)), "IOCTL_WAIT_INSIDE");
    printf("IRQL %lu, %s\n", Holder.Irql,
           Holder.Irql > 1                              ? "no APC can come"
           : Holder.AllApcsDisabled && Holder.Irql == 0 ? "in a guarded region"
           : Holder.ApcsDisabled                        ? "in a critical region"
           : Holder.AllApcsDisabled                     ? "no APC can come"
                                                        : "every APC can come");
    Other = OpenThread(THREAD_SUSPEND_RESUME, FALSE, Holder.OtherThread);
    Must(Other == NULL && GetLastError() == ERROR_ACCESS_DENIED, "OpenThread is not refused");
    fflush(stdout);
    Must(SuspendThread(Thread) == 0, "SuspendThread");
    Must(Ask(Device, IOCTL_SUSPENDED, NULL, 0), "IOCTL_SUSPENDED");
    Must(Ask(Device, IOCTL_WAIT_DONE, NULL, 0), "IOCTL_WAIT_DONE");
    Must(ResumeThread(Thread) == 1, "ResumeThread");
    WaitForSingleObject(Thread, INFINITE);
    GetExitCodeThread(Thread, &Code);
    return (int)Code;
}

static int
Use(void)
{
    HANDLE Device = Open();
    USE_RESULT Result;

    Must(Ask(Device, IOCTL_WAIT_TURN, NULL, 0), "IOCTL_WAIT_TURN");
    Must(Ask(Device, IOCTL_USE, &Result, sizeof(Result)), "IOCTL_USE");
    if (Result.TimedOut) {
        printf("the second process gave up waiting\n");
    } else if (Result.Torn != 0) {
        printf("the second process was not delayed: two threads inside\n");
    }
    fflush(stdout);
    Must(Ask(Device, IOCTL_DONE, NULL, 0), "IOCTL_DONE");
    /* Whatever lets one in keeps the others out, except a region: that is no lock. */
    return (Result.Torn != 0) != (Choice == RegionAlone);
}

static int
Update(void)
{
    Must(Ask(Open(), IOCTL_UPDATE, NULL, 0), "IOCTL_UPDATE");
    return 0;
}

int
main(int Count, char **Arguments)
{
    static const char *const Names[] = CHOICE_NAMES;

    while (Count > 2 && Choice < Choices && strcmp(Names[Choice], Arguments[2]) != 0) {
        Choice++;
    }
    if (Count != 3 || Choice == Choices) {
        printf("critical-region.exe attack|use|update CHOICE\n");
        return 2;
    }
    return strcmp(Arguments[1], "attack") == 0   ? Attack()
           : strcmp(Arguments[1], "update") == 0 ? Update()
                                                 : Use();
}
