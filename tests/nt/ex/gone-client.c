/*
 * gone-client.c - the place for a handle can be written to when a service looks, and not when the object has been made: another thread takes the page's
 * protection from under it. A service that says that it succeeded has stored the handle. [DDI:wdm/probeforwrite: "another thread ... might change the protection"]
 */
#include "ntlab-client.h"
#include <string.h>
#include <winternl.h>

#define ROUNDS 30000
#define KINDS  5

NTSTATUS NTAPI NtCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG, BOOLEAN);
NTSTATUS NTAPI NtCreateSemaphore(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, LONG, LONG);
NTSTATUS NTAPI NtCreateMutant(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, BOOLEAN);
NTSTATUS NTAPI NtCreateTimer(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG);
NTSTATUS NTAPI NtCreateKeyedEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, ULONG);

#define NO_HANDLE ((HANDLE)0x77777777)
#define NO_ACCESS ((NTSTATUS)0xC0000005)

static HANDLE *Place;          /* whose protection comes and goes */
static HANDLE volatile *Shown; /* the same page */
static volatile LONG Over;

static DWORD WINAPI
Protects(void *Unused)
{
    DWORD Old;

    while (!Over) {
        VirtualProtect(Place, 1, PAGE_READONLY, &Old);
        VirtualProtect(Place, 1, PAGE_READWRITE, &Old);
    }
    return 0;
}

static NTSTATUS
Create(ULONG Kind)
{
    switch (Kind) {
    case 0:
        return NtCreateEvent(Place, EVENT_ALL_ACCESS, NULL, 0, FALSE);
    case 1:
        return NtCreateSemaphore(Place, SEMAPHORE_ALL_ACCESS, NULL, 0, 1);
    case 2:
        return NtCreateMutant(Place, MUTANT_ALL_ACCESS, NULL, FALSE);
    case 3:
        return NtCreateTimer(Place, TIMER_ALL_ACCESS, NULL, 0);
    default:
        return NtCreateKeyedEvent(Place, GENERIC_ALL, NULL, 0);
    }
}

static DWORD
Handles(void)
{
    DWORD Count;

    GetProcessHandleCount(GetCurrentProcess(), &Count);
    return Count;
}

int
main(void)
{
    ULONG Refused = 0, Wrong = 0, Number = 1;
    BOOLEAN Untold[KINDS] = {0};
    HANDLE Section, Thread;
    DWORD Before;

    Section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x1000, NULL);
    Place = MapViewOfFile(Section, FILE_MAP_WRITE, 0, 0, 0);
    Shown = MapViewOfFile(Section, FILE_MAP_WRITE, 0, 0, 0);
    Thread = CreateThread(NULL, 0, Protects, NULL, 0, NULL);
    Before = Handles();
    for (ULONG Round = 0; Round < ROUNDS && memchr(Untold, FALSE, KINDS) != NULL; Round++) {
        ULONG Kind = (Number = Number * 1103515245 + 12345) / 65536 % KINDS;
        NTSTATUS Status;

        *Shown = NO_HANDLE;
        Status = Create(Kind);
        if (Status == 0) {
            Wrong += *Shown == NO_HANDLE || !CloseHandle(*Shown);
        } else {
            Refused++;
            Wrong += Status != NO_ACCESS || *Shown != NO_HANDLE;
            if (Handles() != Before) { /* it was made, and nobody has been told its handle */
                Untold[Kind] = TRUE;
                Before++;
            }
            Sleep(0);
        }
    }
    EXPECT_EQ(memchr(Untold, FALSE, KINDS), NULL);
    EXPECT_EQ(Wrong, 0);
    EXPECT_EQ(Handles(), Before);
    EXPECT(Refused != 0);
    Over = 1;
    WaitForSingleObject(Thread, INFINITE);
    CloseHandle(Thread);
    return TEST_DONE();
}
