/*
 * client.c - a lock that is overwritten: the article's custom lock, and a buffer index that may reach one past the end.
 *
 * Five threads take numbers out of a ring and clear each place. What lies behind the last place is the lock's counter.
 * `>` where `>=` belongs, and every 4097th round clears the counter of a lock that others are waiting for; so whoever leaves
 * believes that it was alone, and wakes nobody. With `fixed` as argument the index is right, and all of them end.
 */
#include <windows.h>
#include <stdio.h>
#include <string.h>

#define THREADS 5
#define ROUNDS  20000
#define SLOTS   4096

static struct RING {
    LONG Sum;
    ULONG Next;
    LONG Slot[SLOTS];
    volatile LONG Inside; /* of the lock: who owns it or wants to */
    HANDLE Event;
} Ring;

static ULONG Last = SLOTS; /* the highest index; SLOTS - 1 would be right */

static void
Enter(void)
{
    if (InterlockedIncrement(&Ring.Inside) > 1) {
        WaitForSingleObject(Ring.Event, INFINITE);
    }
}

static void
Leave(void)
{
    if (InterlockedDecrement(&Ring.Inside) > 0) {
        SetEvent(Ring.Event);
    }
}

static DWORD WINAPI
Worker(PVOID Argument)
{
    for (LONG Round = 0; Round < ROUNDS; Round++) {
        Enter();
        Ring.Sum += Ring.Slot[Ring.Next];
        Ring.Slot[Ring.Next] = 0;
        if (++Ring.Next > Last) {
            Ring.Next = 0;
        }
        Leave();
    }
    return 0;
}

int
main(int Arguments, char **Argument)
{
    HANDLE Thread[THREADS];

    if (Arguments > 1 && strcmp(Argument[1], "fixed") == 0) {
        Last = SLOTS - 1;
    }
    Ring.Event = CreateEventA(NULL, FALSE, FALSE, NULL); /* a synchronization event */
    for (int Index = 0; Index < SLOTS; Index++) {
        Ring.Slot[Index] = Index;
    }
    for (int Index = 0; Index < THREADS; Index++) {
        Thread[Index] = CreateThread(NULL, 0, Worker, NULL, 0, NULL);
    }
    WaitForMultipleObjects(THREADS, Thread, TRUE, INFINITE);
    printf("all threads have ended, %ld taken\n", Ring.Sum);
    return Ring.Sum != SLOTS * (SLOTS - 1) / 2;
}
