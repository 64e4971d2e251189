/*
 * input-client.c - a client that reads its input reads what comes after the other clients have ended: what they print, a person has seen by then.
 * It waits for a minute at most, and neither for itself nor for those that it comes of, who may be waiting for it.
 */
#include <string.h>
#include "../ntlab-client.h"

#define MARK L"C:\\mark.txt"

static ULONGLONG
TimeOfRead(VOID)
{
    char Byte;
    DWORD Done = 7;
    ULONGLONG Start = GetTickCount64();

    EXPECT(ReadFile(GetStdHandle(STD_INPUT_HANDLE), &Byte, 1, &Done, NULL));
    EXPECT_EQ(Done, 0);
    return GetTickCount64() - Start;
}

static VOID
Mark(VOID)
{
    HANDLE File = CreateFileW(MARK, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);

    EXPECT(File != INVALID_HANDLE_VALUE);
    CloseHandle(File);
}

static VOID
Read(VOID)
{
    ULONGLONG Time = TimeOfRead();

    EXPECT(Time >= 29000 && Time < 32000);
    EXPECT(GetFileAttributesW(MARK) != INVALID_FILE_ATTRIBUTES);
}

static VOID
Impatient(VOID)
{
    ULONGLONG Time = TimeOfRead();

    EXPECT(Time >= 59000 && Time < 63000);
    EXPECT(GetFileAttributesW(MARK) == INVALID_FILE_ATTRIBUTES);
}

static VOID
Alone(VOID)
{
    EXPECT(TimeOfRead() < 1000);
}

/* Runs the same program with one word less, and waits for it. */
static VOID
Run(int Count, char **Words)
{
    char Image[MAX_PATH], Command[MAX_PATH] = "child";
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child;
    DWORD Code = 99;

    GetModuleFileNameA(NULL, Image, sizeof(Image));
    for (int i = 0; i < Count; i++) {
        strcat(strcat(Command, " "), Words[i]);
    }
    EXPECT(CreateProcessA(Image, Command, NULL, NULL, TRUE, 0, NULL, NULL, &Startup, &Child));
    EXPECT_EQ(WaitForSingleObject(Child.hProcess, INFINITE), WAIT_OBJECT_0);
    EXPECT(GetExitCodeProcess(Child.hProcess, &Code));
    EXPECT_EQ(Code, 0);
    CloseHandle(Child.hProcess);
    CloseHandle(Child.hThread);
}

int
main(int Count, char **Arguments)
{
    PCSTR What = Count > 1 ? Arguments[1] : "";

    if (strcmp(What, "read") == 0) {
        Read();
    } else if (strcmp(What, "impatient") == 0) {
        Impatient();
    } else if (strcmp(What, "alone") == 0) {
        Alone();
    } else if (strcmp(What, "parent") == 0) {
        Run(Count - 2, Arguments + 2);
    } else {
        Sleep(strcmp(What, "write") == 0 ? 30000 : 90000);
        Mark();
    }
    return TEST_DONE();
}
