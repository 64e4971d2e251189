/*
 * fuzz.c - random system services with random arguments: whatever a client passes, the kernel stays up.
 *
 *     base-fuzz.exe [CALLS [SEED [raw]]]
 *
 * Numbers of both tables and of none; arguments that are small, handles of all types, pointers that are good, bad, odd, at the end of
 * a page, in the kernel's half. Left out are the services that end or suspend the fuzzer itself, that wait without a
 * time-out, or that give its memory away. The `syscall` is this image's own; with `raw`, one
 * in memory that was made executable at run time. A status is never
 * looked at: what counts is that the run goes on, and that its end is reached.
 */
#include <windows.h>
#include <winternl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ULONG64 State;
static BYTE *Memory; /* 64 KiB, the page behind it is not there */
static HANDLE Handles[16];
static ULONG HandleCount;
static BYTE Excluded[0x2000];

static ULONG64
Random(void)
{
    State ^= State << 13;
    State ^= State >> 7;
    State ^= State << 17;
    return State * 0x2545F4914F6CDD1Dull;
}

/* They would end the fuzzer, or let it wait for ever. */
static const char *const Never[] = {
    "NtTerminateProcess",
    "NtTerminateThread",
    "NtSuspendThread",
    "NtSuspendProcess",
    "NtRaiseException",
    "NtContinue",
    "NtRaiseHardError",
    "NtWaitForSingleObject",
    "NtWaitForMultipleObjects",
    "NtSignalAndWaitForSingleObject",
    "NtDelayExecution",
    "NtRemoveIoCompletion",
    "NtRemoveIoCompletionEx",
    "NtWaitForAlertByThreadId",
    "NtWaitForKeyedEvent",
    "NtReleaseKeyedEvent",
    "NtWaitForDebugEvent",
    "NtFreeVirtualMemory",
    "NtUnmapViewOfSection",
    "NtUnmapViewOfSectionEx",
    "NtProtectVirtualMemory",
    "NtAllocateVirtualMemory",
    "NtMapViewOfSection",
    "NtWriteVirtualMemory",
    "NtReadVirtualMemory",
    "NtClose",
    "NtSetContextThread",
    "NtQueueApcThread",
    "NtQueueApcThreadEx",
    "NtQueueApcThreadEx2",
    "NtDebugActiveProcess",
    "NtSetInformationProcess",
    "NtSetInformationThread",
    "NtSetInformationObject",
    "NtCreateProcess",
    "NtCreateProcessEx",
    "NtCreateUserProcess",
    "NtCreateThread",
    "NtCreateThreadEx",
    "NtSetSystemTime",
    "NtShutdownSystem",
    "NtLoadDriver",
    "NtUnloadDriver",
    "NtFsControlFile",
    "NtNotifyChangeDirectoryFile",
    "NtNotifyChangeKey",
    "NtLockFile",
    "NtCallbackReturn",
    "NtDuplicateObject",
    "NtAssignProcessToJobObject",
    "NtTerminateJobObject",
    "NtReadFile",
    "NtReplyWaitReceivePort",
    "NtRequestWaitReplyPort",
    "NtSetInformationJobObject",
    "NtSetInformationDebugObject",
    "NtRemoveProcessDebug",
    "NtTestAlert",
    "NtAlertThread",
    "NtDisplayString",
    "NtSetDefaultLocale",
    "NtNotifyChangeMultipleKeys",
    "NtSetTimer",
    "NtSetTimerEx",
    "NtSetTimer2",
    "NtAdjustGroupsToken",
};

/* The fifth argument lies at rsp + 28h when the instruction is executed. */
NTSTATUS CallService(ULONG Number, ULONG64 *Argument);
__asm__(".intel_syntax noprefix\n    .text\n    .globl CallService\nCallService:\n"
        "    push r14\n    push r15\n    push rdi\n    push rsi\n    mov r14, rsp\n    mov r15, "
        "rdx\n    mov eax, ecx\n"
        "    sub rsp, 0xC0\n    and rsp, -16\n    lea rdi, [rsp + 0x28]\n    lea rsi, [r15 + 32]\n "
        "   mov ecx, 14\n    cld\n    rep movsq\n"
        "    mov r10, [r15]\n    mov rdx, [r15 + 8]\n    mov r8, [r15 + 16]\n    mov r9, [r15 + "
        "24]\n    syscall\n"
        "    mov rsp, r14\n    pop rsi\n    pop rdi\n    pop r15\n    pop r14\n    ret\n    "
        ".att_syntax prefix\n");

/* The same by a `syscall` in memory of our own, which no loader has seen. */
NTSTATUS CallRaw(ULONG Number, ULONG64 *Argument);
void *RawCode;
__asm__(".intel_syntax noprefix\n    .text\n    .globl CallRaw\nCallRaw:\n"
        "    push r14\n    push r15\n    push rdi\n    push rsi\n    mov r14, rsp\n    mov r15, "
        "rdx\n    mov eax, ecx\n"
        "    sub rsp, 0xC0\n    and rsp, -16\n    lea rdi, [rsp + 0x20]\n    lea rsi, [r15 + 32]\n "
        "   mov ecx, 14\n    cld\n    rep movsq\n"
        "    mov r10, [r15]\n    mov rdx, [r15 + 8]\n    mov r8, [r15 + 16]\n    mov r9, [r15 + "
        "24]\n    call [rip + RawCode]\n"
        "    mov rsp, r14\n    pop rsi\n    pop rdi\n    pop r15\n    pop r14\n    ret\n    "
        ".att_syntax prefix\n");

static ULONG64
Argument(void)
{
    ULONG64 Value = Random();

    switch (Value % 16) {
    case 0:
        return 0;
    case 1:
        return Value >> 40 & 0xFF;
    case 2:
        return 1ull << (Value >> 40 & 63);
    case 3:
    case 4:
    case 5:
        return (ULONG64)Handles[(Value >> 20) % HandleCount];
    case 6:
    case 7:
    case 8:
        return (ULONG64)Memory + ((Value >> 20) % 0x10000 & ~7ull);
    case 9:
        return (ULONG64)Memory + 0x10000 - ((Value >> 20) & 31);
    case 10:
        return (ULONG64)Memory + ((Value >> 20) % 0x10000);
    case 11:
        return 0x0000400000000000ull + (Value >> 20 & 0xFFFFFFF8);
    case 12:
        return 0xFFFF800000000000ull | Value >> 20;
    case 13:
        return (ULONG64)(LONG64) - (LONG64)(Value >> 30 & 7);
    case 14:
        return Value & 0xFFFFFFFF;
    default:
        return Value;
    }
}

/* What pointers lead to: numbers, handles, more pointers, strings with lengths of all kinds. */
static void
Stir(void)
{
    ULONG64 *Word = (ULONG64 *)(Memory + (Random() % 0xFFE0 & ~7ull));

    Word[0] = Argument();
    Word[1] = Argument();
    Word[2] = Random() & 0x00FF00FF;
    Word[3] = (ULONG64)Memory + (Random() % 0x10000 & ~1ull);
}

int
main(int Arguments, char **Text)
{
    ULONG Calls = Arguments > 1 ? strtoul(Text[1], NULL, 0) : 100000, Left = 0;
    HMODULE Ntdll = GetModuleHandleA("ntdll");
    char Path[MAX_PATH];

    State = Arguments > 2 ? strtoull(Text[2], NULL, 0) * 2 + 1 : 88172645463325252ull;
    for (ULONG Index = 0; Index < sizeof(Never) / sizeof(Never[0]); Index++) {
        BYTE *Stub = (BYTE *)(void *)GetProcAddress(Ntdll, Never[Index]);

        if (Stub != NULL && Stub[3] == 0xB8) {
            Excluded[*(ULONG *)(Stub + 4) & 0x1FFF] = 1;
            Left++;
        }
    }
    if (Arguments > 3) {
        RawCode = VirtualAlloc(NULL, 0x1000, MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE);
        memcpy(RawCode, "\x0F\x05\xC3", 3); /* syscall; ret */
    }
    Memory = VirtualAlloc(NULL, 0x20000, MEM_RESERVE, PAGE_NOACCESS);
    VirtualAlloc(Memory, 0x10000, MEM_COMMIT, PAGE_READWRITE);
    GetTempPathA(sizeof(Path) - 16, Path);
    strcat(Path, "fuzz.tmp");
    Handles[HandleCount++] = CreateEventA(NULL, TRUE, FALSE, NULL);
    Handles[HandleCount++] = CreateMutexA(NULL, FALSE, NULL);
    Handles[HandleCount++] = CreateSemaphoreA(NULL, 1, 5, NULL);
    Handles[HandleCount++] = CreateFileA(Path, GENERIC_READ | GENERIC_WRITE, 7, NULL, CREATE_ALWAYS,
                                         FILE_FLAG_OVERLAPPED, NULL);
    Handles[HandleCount++] =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x10000, NULL);
    Handles[HandleCount++] = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    Handles[HandleCount++] = CreateWaitableTimerA(NULL, TRUE, NULL);
    Handles[HandleCount++] = (HANDLE)0x1234;
    Handles[HandleCount++] = NULL;
    OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &Handles[HandleCount]);
    HandleCount++;
    if (RegOpenKeyExA(HKEY_LOCAL_MACHINE, "SYSTEM", 0, KEY_READ, (HKEY *)&Handles[HandleCount]) ==
        0) {
        HandleCount++;
    }
    for (ULONG Index = 0; Index < Calls; Index++) {
        ULONG64 Values[18];
        ULONG64 Choice = Random();
        ULONG Number = Choice % 32 == 0 ? (ULONG)(Choice >> 32) : (ULONG)(Choice >> 32) % 0x1C0;

        if ((Number & 0x2000) == 0 &&
            Excluded[Number & 0x1FFF]) /* higher bits are not looked at */ {
            continue;
        }
        for (int Which = 0; Which < 18; Which++) {
            Values[Which] = Argument();
        }
        if (Index % 8 == 0) {
            Stir();
        }
        (RawCode != NULL ? CallRaw : CallService)(Number, Values);
    }
    printf("fuzz: %lu calls, %lu services left out, the kernel is up\n", Calls, Left);
    return 0;
}
