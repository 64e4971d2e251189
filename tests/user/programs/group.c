/* group.c - cleanup groups, barriers of threads, private profiles, drives. */
#include <windows.h>
#include <stdio.h>
#include <string.h>

static LONG Ran, Cancelled, Lasts;
static HANDLE Go;
static SYNCHRONIZATION_BARRIER Barrier;

static VOID CALLBACK
Work(PTP_CALLBACK_INSTANCE Instance, PVOID Context, PTP_WORK Item)
{
    InterlockedIncrement(&Ran);
}

static VOID CALLBACK
Ticks(PTP_CALLBACK_INSTANCE Instance, PVOID Context, PTP_TIMER Timer)
{
    InterlockedIncrement(&Ran);
}

static VOID CALLBACK
Waits(PTP_CALLBACK_INSTANCE Instance, PVOID Context)
{
    WaitForSingleObject(Go, INFINITE);
}

static VOID CALLBACK
Cancel(PVOID Context, PVOID Parameter)
{
    InterlockedIncrement(&Cancelled);
}

static DWORD WINAPI
Crosser(PVOID Unused)
{
    for (int Round = 0; Round < 20; Round++) {
        if (EnterSynchronizationBarrier(&Barrier, 0)) {
            InterlockedIncrement(&Lasts);
        }
    }
    return 0;
}

static void
Groups(void)
{
    PTP_CLEANUP_GROUP Group = CreateThreadpoolCleanupGroup();
    TP_CALLBACK_ENVIRON Environment;
    LARGE_INTEGER Due = {.QuadPart = -10000};
    PTP_TIMER Timer;
    PTP_WORK Item;

    InitializeThreadpoolEnvironment(&Environment);
    SetThreadpoolCallbackCleanupGroup(&Environment, Group, Cancel);
    Item = CreateThreadpoolWork(Work, NULL, &Environment);
    for (int Index = 0; Index < 5; Index++) {
        SubmitThreadpoolWork(Item);
    }
    Timer = CreateThreadpoolTimer(Ticks, NULL, &Environment);
    SetThreadpoolTimer(Timer, (FILETIME *)&Due, 1000, 0);
    Sleep(50);
    CloseThreadpoolCleanupGroupMembers(Group, FALSE, NULL); /* waits for all that is queued */
    printf("ran %ld cancelled %ld\n", Ran, Cancelled);
    Go = CreateEventA(NULL, FALSE, FALSE, NULL);
    TrySubmitThreadpoolCallback(Waits, NULL, &Environment);
    Sleep(5);
    SetEvent(Go);
    CloseThreadpoolCleanupGroupMembers(Group, TRUE, NULL); /* a callback that runs is waited for */
    CloseThreadpoolCleanupGroup(Group);
    printf("closed\n");
}

static void
Profiles(void)
{
    char Text[100];
    DWORD Length;

    DeleteFileA("C:\\test.ini");
    printf("%d %d %d %d\n", WritePrivateProfileStringA("one", "a", "1", "C:\\test.ini"),
           WritePrivateProfileStringA("two", "x", "\"quoted \"", "C:\\test.ini"),
           WritePrivateProfileStringA("one", "b", "0x10", "C:\\test.ini"),
           WritePrivateProfileStringA("one", "A", "5", "C:\\test.ini"));
    GetPrivateProfileStringA("ONE", "a", "none", Text, sizeof(Text), "C:\\test.ini");
    printf("[%s] ", Text);
    GetPrivateProfileStringA("two", "x", "none", Text, sizeof(Text), "C:\\test.ini");
    printf("[%s] ", Text);
    GetPrivateProfileStringA("two", "nothing", "none  ", Text, sizeof(Text), "C:\\test.ini");
    printf("[%s] ", Text);
    printf("%u %u\n", GetPrivateProfileIntA("one", "b", 7, "C:\\test.ini"),
           GetPrivateProfileIntA("one", "c", 7, "C:\\test.ini"));
    Length = GetPrivateProfileStringA(NULL, NULL, NULL, Text, sizeof(Text), "C:\\test.ini");
    printf("%lu %s %s %d\n", Length, Text, Text + 4, Text[8] == 0);
    Length = GetPrivateProfileStringA("one", NULL, NULL, Text, sizeof(Text), "C:\\test.ini");
    printf("%lu %s %s\n", Length, Text, Text + 2);
    Length = GetPrivateProfileStringA("two", "x", NULL, Text, 4, "C:\\test.ini");
    printf("%lu %s\n", Length, Text);
    WritePrivateProfileStringA("one", "a", NULL, "C:\\test.ini");
    WritePrivateProfileStringA("two", NULL, NULL, "C:\\test.ini");
    GetPrivateProfileStringA("one", "a", "gone", Text, sizeof(Text), "C:\\test.ini");
    printf("%s ", Text);
    GetPrivateProfileStringA("two", "x", "gone", Text, sizeof(Text), "C:\\test.ini");
    printf("%s\n", Text);
    DeleteFileA("C:\\test.ini");
}

int
main(void)
{
    char Text[120], Root[8];
    DWORD Sectors, Bytes, Free, All;
    HANDLE Thread[3];

    Groups();
    InitializeSynchronizationBarrier(&Barrier, 3, -1);
    for (int Index = 0; Index < 3; Index++) {
        Thread[Index] = CreateThread(NULL, 0, Crosser, NULL, 0, NULL);
    }
    WaitForMultipleObjects(3, Thread, TRUE, INFINITE);
    DeleteSynchronizationBarrier(&Barrier);
    printf("last %ld\n", Lasts);
    Profiles();
    GetLogicalDriveStringsA(sizeof(Text), Text);
    printf("%d %d\n", strncmp(Text, "C:\\", 3) == 0, GetVolumePathNameA("C:\\Windows\\x", Root, 8));
    printf("%s\n", Root);
    printf("%d ", GetDiskFreeSpaceA("C:\\", &Sectors, &Bytes, &Free, &All));
    printf("%d\n", Bytes >= 512 && All >= Free);
    printf("%d\n", GetVolumeInformationA("C:\\", Text, sizeof(Text), NULL, NULL, NULL, NULL, 0));
    return 0;
}
