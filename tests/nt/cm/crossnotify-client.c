/*
 * crossnotify-client.c - a key that one process watches and another one changes, or closes under the watch: the status block and the event are the watcher's, and who made the change goes on where it was.
 * [LEARN:winreg/nf-winreg-regnotifychangekeyvalue], [DDI:wdm/zwnotifychangekey].
 */
#include "../ntlab-client.h"
#include <string.h>
#include <winternl.h>

NTSTATUS NTAPI NtNotifyChangeKey(HANDLE, HANDLE, PVOID, PVOID, PIO_STATUS_BLOCK, ULONG, BOOLEAN,
                                 PVOID, ULONG, BOOLEAN);

#define CHANGED  0x10C /* STATUS_NOTIFY_ENUM_DIR */
#define CLEANED  0x10B /* STATUS_NOTIFY_CLEANUP */
#define KEY_NAME "SOFTWARE\\crossnotify"
#define ROUNDS   4

static int
Watch(void)
{
    HANDLE Ready = OpenEventA(EVENT_ALL_ACCESS, FALSE, "crossnotify-ready"),
           Told = CreateEventA(NULL, TRUE, FALSE, NULL);
    IO_STATUS_BLOCK Iosb[2];
    int Good = 0;
    HKEY Key;

    RegOpenKeyExA(HKEY_LOCAL_MACHINE, KEY_NAME, 0, KEY_NOTIFY, &Key);
    for (int i = 0; i < ROUNDS; i++) {
        memset(Iosb, 0x5A, sizeof(Iosb));
        ResetEvent(Told);
        if (NtNotifyChangeKey(Key, Told, NULL, NULL, &Iosb[0], REG_NOTIFY_CHANGE_LAST_SET | 1,
                              i & 1, NULL, 0, TRUE) != 0x103) {
            return 1;
        }
        SetEvent(Ready);
        WaitForSingleObject(Told, INFINITE);
        Good += Iosb[0].Status == CHANGED && (ULONG)Iosb[1].Status == 0x5A5A5A5A;
    }
    /* The last watch ends with its key: the watcher closes it itself. */
    ResetEvent(Told);
    NtNotifyChangeKey(Key, Told, NULL, NULL, &Iosb[0], 4, FALSE, NULL, 0, TRUE);
    RegCloseKey(Key);
    Good += WaitForSingleObject(Told, 0) == 0 && Iosb[0].Status == CLEANED;
    return Good == ROUNDS + 1 ? 7 : 2;
}

static ULONG Pattern[2048];

static ULONG
Sum(void)
{
    ULONG All = 0;

    for (int i = 0; i < 2048; i++) {
        All = All * 31 + Pattern[i];
    }
    return All;
}

int
main(int Count, char **Words)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child;
    char Path[MAX_PATH];
    HANDLE Ready;
    HKEY Key, Below;
    DWORD Code;
    ULONG Was;

    if (Count > 1) {
        return Watch();
    }
    for (int i = 0; i < 2048; i++) {
        Pattern[i] = (ULONG)i * 7919;
    }
    Was = Sum();
    Ready = CreateEventA(NULL, FALSE, FALSE, "crossnotify-ready");
    EXPECT_EQ(RegCreateKeyExA(HKEY_LOCAL_MACHINE, KEY_NAME, 0, NULL, REG_OPTION_VOLATILE,
                              KEY_ALL_ACCESS, NULL, &Key, NULL),
              0);
    GetModuleFileNameA(NULL, Path, sizeof(Path));
    strcat(Path, " watch");
    EXPECT(CreateProcessA(NULL, Path, NULL, NULL, FALSE, 0, NULL, NULL, &Startup, &Child));
    for (DWORD i = 0; i < ROUNDS; i++) {
        WaitForSingleObject(Ready, INFINITE);
        if (i & 1) { /* the watch is of the whole tree then */
            EXPECT_EQ(RegCreateKeyExA(Key, "below", 0, NULL, REG_OPTION_VOLATILE, KEY_ALL_ACCESS,
                                      NULL, &Below, NULL),
                      0);
            EXPECT_EQ(RegSetValueExA(Below, "v", 0, REG_DWORD, (BYTE *)&i, 4), 0);
            RegCloseKey(Below);
        } else {
            EXPECT_EQ(RegSetValueExA(Key, "v", 0, REG_DWORD, (BYTE *)&i, 4), 0);
        }
        EXPECT_EQ(Sum(), Was);
        Pattern[i]++;
        Was = Sum();
        EXPECT_EQ(GetCurrentProcessId() != Child.dwProcessId, 1);
    }
    EXPECT_EQ(WaitForSingleObject(Child.hProcess, INFINITE), 0);
    EXPECT(GetExitCodeProcess(Child.hProcess, &Code));
    EXPECT_EQ(Code, 7);
    RegDeleteKeyA(Key, "below");
    RegCloseKey(Key);
    RegDeleteKeyA(HKEY_LOCAL_MACHINE, KEY_NAME);
    return TEST_DONE();
}
