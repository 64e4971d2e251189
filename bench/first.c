/*
 * first.c - a client without a C library: its entry point prints the time, `entered UNITS`, in 100 ns since
 * 1601. What was the time when it was started is the runner's to know; the difference is what a boot costs.
 */
#include <windows.h>

NTSYSAPI NTSTATUS NTAPI NtQuerySystemTime(PLARGE_INTEGER SystemTime);

void
Entry(void)
{
    LARGE_INTEGER Time;
    char Text[40] = "entered ";
    char Digits[24];
    int Count = 0, At = 8;
    DWORD Written;

    NtQuerySystemTime(&Time);
    for (ULONGLONG Rest = Time.QuadPart; Rest != 0; Rest /= 10) {
        Digits[Count++] = '0' + Rest % 10;
    }
    while (Count != 0) {
        Text[At++] = Digits[--Count];
    }
    Text[At++] = '\n';
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), Text, At, &Written, NULL);
    ExitProcess(0);
}
