/*
 * messages-client.c - two threads and one pipe, or one mailslot: which comes first is open, and the exit code says which
 * was. messages-client.exe CASE FIRST: of the two threads the one of that number (0, 1) is made first.
 */
#include <windows.h>
#include <string.h>

#define PIPE "\\\\.\\pipe\\ntlab-order"
#define SLOT "\\\\.\\mailslot\\ntlab-order"

static HANDLE Server, Client;
static BOOL Second; /* the second thread came too late, or too early */

static HANDLE
MakePipe(void)
{
    return CreateNamedPipeA(PIPE, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE,
                            PIPE_UNLIMITED_INSTANCES, 64, 64, 0, NULL);
}

static HANDLE
Open(const char *Name, DWORD Access, DWORD Share)
{
    return CreateFileA(Name, Access, Share, NULL, OPEN_EXISTING, 0, NULL);
}

static HANDLE
MakeBoth(void)
{
    Server = MakePipe();
    Client = Open(PIPE, GENERIC_READ | GENERIC_WRITE, 0);
    return Client;
}

static BOOL
Write(HANDLE File, const char *Text)
{
    OVERLAPPED Overlapped = {0};
    DWORD Count;

    return WriteFile(File, Text, 1, &Count, &Overlapped);
}

/* Two writers. */
static DWORD WINAPI
WriteA(LPVOID Unused)
{
    Write(Client, "a");
    return 0;
}

static DWORD WINAPI
WriteB(LPVOID Unused)
{
    Write(Client, "b");
    return 0;
}

static DWORD WINAPI
SlotA(LPVOID Unused)
{
    Write(Open(SLOT, GENERIC_WRITE, FILE_SHARE_READ), "a");
    return 0;
}

static DWORD WINAPI
SlotB(LPVOID Unused)
{
    Write(Open(SLOT, GENERIC_WRITE, FILE_SHARE_READ), "b");
    return 0;
}

/* The server's end goes, and the other thread writes or opens. */
static DWORD WINAPI
CloseServer(LPVOID Unused)
{
    CloseHandle(Server);
    return 0;
}

static DWORD WINAPI
Disconnect(LPVOID Unused)
{
    DisconnectNamedPipe(Server);
    return 0;
}

static DWORD WINAPI
WriteClient(LPVOID Unused)
{
    Second = Write(Client, "x");
    return 0;
}

static DWORD WINAPI
OpenPipe(LPVOID Unused)
{
    Second = Open(PIPE, GENERIC_READ, 0) != INVALID_HANDLE_VALUE;
    return 0;
}

/* A read that waits is cancelled, or gets its byte. */
static OVERLAPPED Reading;
static char Got;

static DWORD WINAPI
Cancel(LPVOID Unused)
{
    CancelIoEx(Server, &Reading);
    return 0;
}

/* Somebody waits for an instance, not for ever, and one is made. */
static DWORD WINAPI
MakeAnother(LPVOID Unused)
{
    MakePipe();
    return 0;
}

static DWORD WINAPI
WaitForOne(LPVOID Unused)
{
    Second = WaitNamedPipeA(PIPE, 10);
    return 0;
}

/* A slot's read gives up after some time, or gets its message. */
static DWORD WINAPI
ReadSlot(LPVOID Unused)
{
    DWORD Count;

    Second = ReadFile(Server, &Got, 1, &Count, NULL);
    return 0;
}

static const struct {
    const char *Name;
    LPTHREAD_START_ROUTINE Thread[2];
} Cases[] = {
    {"pipe", {WriteA, WriteB}},
    {"mailslot", {SlotA, SlotB}},
    {"closed", {CloseServer, WriteClient}},
    {"disconnected", {Disconnect, WriteClient}},
    {"name", {CloseServer, OpenPipe}},
    {"slot-closed", {CloseServer, WriteClient}},
    {"cancelled", {Cancel, WriteClient}},
    {"instance", {MakeAnother, WaitForOne}},
    {"slot-time", {SlotA, ReadSlot}},
};

static void
Prepare(const char *Case)
{
    if (strcmp(Case, "mailslot") == 0 || strncmp(Case, "slot", 4) == 0) {
        Server = CreateMailslotA(SLOT, 0, strcmp(Case, "slot-time") == 0 ? 10 : 0, NULL);
        Client = Open(SLOT, GENERIC_WRITE, FILE_SHARE_READ);
    } else if (strcmp(Case, "name") == 0) {
        Server = MakePipe();
    } else {
        MakeBoth();
    }
    if (strcmp(Case, "cancelled") == 0) {
        ReadFile(Server, &Got, 1, NULL, &Reading);
    }
}

/* What was first, as far as the second thread does not say so. */
static int
First(const char *Case)
{
    OVERLAPPED Overlapped = {0};
    DWORD Count;

    if (strcmp(Case, "pipe") == 0 || strcmp(Case, "mailslot") == 0) {
        ReadFile(Server, &Got, 1, &Count, Case[0] == 'p' ? &Overlapped : NULL);
        return Got == 'b';
    }
    if (strcmp(Case, "cancelled") == 0) {
        return GetOverlappedResult(Server, &Reading, &Count, TRUE);
    }
    return Second;
}

int
main(int Count, char **Arguments)
{
    HANDLE Thread[2];

    for (int Index = 0; Count > 2 && Index < (int)(sizeof(Cases) / sizeof(Cases[0])); Index++) {
        if (strcmp(Cases[Index].Name, Arguments[1]) == 0) {
            int One = Arguments[2][0] == '1';

            Prepare(Arguments[1]);
            Thread[0] = CreateThread(NULL, 0, Cases[Index].Thread[One], NULL, 0, NULL);
            Thread[1] = CreateThread(NULL, 0, Cases[Index].Thread[!One], NULL, 0, NULL);
            WaitForMultipleObjects(2, Thread, TRUE, INFINITE);
            return First(Arguments[1]);
        }
    }
    return 2;
}
