/*
 * create.c - CreateProcess: find the program, make its parameters, one service call.
 *
 * The child's thread is created suspended, gets its standard handles, then runs. Standard handles: those of
 * STARTUPINFO with STARTF_USESTDHANDLES (they must be inheritable), else the parent's are duplicated into the child,
 * as a console is shared. Facts: CreateProcess, "Parsing C Command-Line Arguments", "Inheritance".
 */
#include "user/kernel32/base.h"

/* The program of a command line whose name is not given: each way to end the first word, until a file is found. */
static BOOL
BaseFindProgram(LPWSTR CommandLine, LPWSTR Path, DWORD Room)
{
    LPWSTR Start = CommandLine, End;
    WCHAR Saved;
    DWORD Length;

    if (*Start == L'"') {
        Start++;
        for (End = Start; *End != 0 && *End != L'"'; End++) {
        }
        Saved = *End;
        *End = 0;
        Length = SearchPathW(NULL, Start, L".exe", Room, Path, NULL);
        *End = Saved;
        return Length != 0 && Length < Room;
    }
    for (End = Start;; End++) {
        if (*End != 0 && *End != L' ' && *End != L'\t') {
            continue;
        }
        Saved = *End;
        *End = 0;
        Length = SearchPathW(NULL, Start, L".exe", Room, Path, NULL);
        *End = Saved;
        if (Length != 0 && Length < Room) {
            return TRUE;
        }
        if (*End == 0) {
            return BaseFailWith(ERROR_FILE_NOT_FOUND);
        }
    }
}

/* An environment of 8-bit strings as one of UTF-16, in heap memory. */
static PWSTR
BaseWideEnvironment(LPCSTR Block)
{
    ULONG Length = 0, Written;
    PWSTR Wide;

    while (Block[Length] != 0) {
        Length += (ULONG)strlen(Block + Length) + 1;
    }
    Length++;
    Wide = RtlAllocateHeap(BaseHeap(), 0, Length * sizeof(WCHAR));
    if (Wide != NULL) {
        RtlMultiByteToUnicodeN(Wide, Length * sizeof(WCHAR), &Written, Block, Length);
    }
    return Wide;
}

static VOID
BaseString(PUNICODE_STRING String, LPCWSTR Text)
{
    RtlInitUnicodeString(String, Text);
}

static NTSTATUS
BaseMakeParameters(PRTL_USER_PROCESS_PARAMETERS *Parameters, LPCWSTR Path, LPCWSTR CommandLine,
                   LPCWSTR Folder, PWSTR Environment, LPSTARTUPINFOW Startup)
{
    UNICODE_STRING Image, Command, Directory, Title, Desktop, Shell, Runtime;
    WCHAR Full[600];
    DWORD Length;
    NTSTATUS Status;

    BaseString(&Image, Path);
    BaseString(&Command, CommandLine);
    BaseString(&Title, Startup->lpTitle != NULL ? Startup->lpTitle : Path);
    BaseString(&Desktop, Startup->lpDesktop != NULL ? Startup->lpDesktop : L"WinSta0\\Default");
    BaseString(&Shell, L"");
    Runtime.Buffer = (PWSTR)Startup->lpReserved2;
    Runtime.Length = Runtime.MaximumLength = Startup->cbReserved2;
    if (Folder != NULL) {
        Length = GetFullPathNameW(Folder, RTL_NUMBER_OF(Full) - 2, Full, NULL);
        if (Length == 0 || Length >= RTL_NUMBER_OF(Full) - 2 ||
            (GetFileAttributesW(Full) & FILE_ATTRIBUTE_DIRECTORY) == 0 ||
            GetFileAttributesW(Full) == INVALID_FILE_ATTRIBUTES) {
            return STATUS_NOT_A_DIRECTORY; /* ERROR_DIRECTORY */
        }
        if (Full[Length - 1] != L'\\') {
            Full[Length++] = L'\\';
            Full[Length] = 0;
        }
        BaseString(&Directory, Full);
    }
    Status = RtlCreateProcessParametersEx(
        Parameters, &Image, NULL, Folder != NULL ? &Directory : NULL, &Command, Environment, &Title,
        &Desktop, &Shell, &Runtime, RTL_USER_PROC_PARAMS_NORMALIZED);
    if (NT_SUCCESS(Status)) {
        PRTL_USER_PROCESS_PARAMETERS Made = *Parameters;

        Made->StartingX = Startup->dwX;
        Made->StartingY = Startup->dwY;
        Made->CountX = Startup->dwXSize;
        Made->CountY = Startup->dwYSize;
        Made->CountCharsX = Startup->dwXCountChars;
        Made->CountCharsY = Startup->dwYCountChars;
        Made->FillAttribute = Startup->dwFillAttribute;
        Made->WindowFlags = Startup->dwFlags;
        Made->ShowWindowFlags = Startup->wShowWindow;
        if ((Startup->dwFlags & STARTF_USESTDHANDLES) != 0) {
            Made->StandardInput = Startup->hStdInput;
            Made->StandardOutput = Startup->hStdOutput;
            Made->StandardError = Startup->hStdError;
        }
    }
    return Status;
}

/* Gives the child copies of this process's standard handles, in its parameters. */
static VOID
BaseShareStandardHandles(HANDLE Process)
{
    PRTL_USER_PROCESS_PARAMETERS Own = NtCurrentPeb()->ProcessParameters;
    HANDLE Handles[3] = {Own->StandardInput, Own->StandardOutput, Own->StandardError};
    PROCESS_BASIC_INFORMATION Basic;
    PVOID Theirs;
    ULONG Index;

    if (!NT_SUCCESS(NtQueryInformationProcess(Process, ProcessBasicInformation, &Basic,
                                              sizeof(Basic), NULL)) ||
        !NT_SUCCESS(NtReadVirtualMemory(
            Process, (PUCHAR)Basic.PebBaseAddress + FIELD_OFFSET(PEB, ProcessParameters), &Theirs,
            sizeof(Theirs), NULL))) {
        return;
    }
    for (Index = 0; Index < 3; Index++) {
        if (Handles[Index] == NULL ||
            !NT_SUCCESS(NtDuplicateObject(NtCurrentProcess(), Handles[Index], Process,
                                          &Handles[Index], 0, 0,
                                          DUPLICATE_SAME_ACCESS | 4 /* same attributes */))) {
            Handles[Index] = NULL;
        }
    }
    NtWriteVirtualMemory(Process,
                         (PUCHAR)Theirs + FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, StandardInput),
                         Handles, sizeof(Handles), NULL);
}

/*
 * [LEARN:processthreadsapi/createprocessw], dwCreationFlags: a class that is not given is normal, but for the child of an idle or below-normal process, which has its
 * parent's; a real-time one that the parent may not give is high.
 */
static VOID
BaseGivePriorityClass(HANDLE Process, DWORD Flags)
{
    DWORD Class =
        Flags & (IDLE_PRIORITY_CLASS | BELOW_NORMAL_PRIORITY_CLASS | NORMAL_PRIORITY_CLASS |
                 ABOVE_NORMAL_PRIORITY_CLASS | HIGH_PRIORITY_CLASS | REALTIME_PRIORITY_CLASS);

    if (Class == 0) {
        Class = GetPriorityClass(NtCurrentProcess());
        if (Class != IDLE_PRIORITY_CLASS && Class != BELOW_NORMAL_PRIORITY_CLASS) {
            return;
        }
    }
    if (!SetPriorityClass(Process, Class) && Class == REALTIME_PRIORITY_CLASS) {
        SetPriorityClass(Process, HIGH_PRIORITY_CLASS);
    }
}

BOOL WINAPI
CreateProcessInternalW(HANDLE Token, LPCWSTR Application, LPWSTR CommandLine,
                       LPSECURITY_ATTRIBUTES ProcessSecurity, LPSECURITY_ATTRIBUTES ThreadSecurity,
                       BOOL Inherit, DWORD Flags, LPVOID Environment, LPCWSTR Folder,
                       LPSTARTUPINFOW Startup, LPPROCESS_INFORMATION Information, PHANDLE NewToken)
{
    OBJECT_ATTRIBUTES ProcessAttributes, ThreadAttributes;
    PRTL_USER_PROCESS_PARAMETERS Parameters = NULL;
    struct {
        SIZE_T TotalLength;
        PS_ATTRIBUTE Attributes[6];
    } List;
    PS_CREATE_INFO Info = {.Size = sizeof(Info)};
    UNICODE_STRING NtPath;
    CLIENT_ID ClientId = {0};
    HANDLE Process, Thread;
    PWSTR Path = NULL, Copy = NULL, Wide = NULL;
    DWORD Length;
    NTSTATUS Status;
    BOOL Result = FALSE;
    ULONG Count = 2, ProcessFlags = Inherit ? PROCESS_CREATE_FLAGS_INHERIT_HANDLES : 0;

    NtPath.Buffer = NULL;
    RtlZeroMemory(Information, sizeof(*Information));
    Path = RtlAllocateHeap(BaseHeap(), 0, 1024 * sizeof(WCHAR));
    if (Path == NULL) {
        return BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
    }
    if (Application != NULL) {
        Length = GetFullPathNameW(Application, 1024, Path, NULL);
        if (Length == 0 || Length >= 1024) {
            BaseFailWith(ERROR_PATH_NOT_FOUND);
            goto Done;
        }
    } else if (CommandLine == NULL || *CommandLine == 0) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        goto Done;
    } else {
        Copy = RtlAllocateHeap(BaseHeap(), 0, (wcslen(CommandLine) + 1) * sizeof(WCHAR));
        if (Copy == NULL) {
            BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
            goto Done;
        }
        wcscpy(Copy, CommandLine);
        if (!BaseFindProgram(Copy, Path, 1024)) {
            BaseFailWith(ERROR_FILE_NOT_FOUND);
            goto Done;
        }
    }
    if (!BaseNtPath(Path, &NtPath)) {
        goto Done;
    }
    if (Environment != NULL && (Flags & CREATE_UNICODE_ENVIRONMENT) == 0) {
        Wide = BaseWideEnvironment(Environment);
        Environment = Wide;
    }
    Status = BaseMakeParameters(&Parameters, Path, CommandLine != NULL ? CommandLine : Path, Folder,
                                Environment, Startup);
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        goto Done;
    }
    InitializeObjectAttributes(
        &ProcessAttributes, NULL,
        ProcessSecurity != NULL && ProcessSecurity->bInheritHandle ? OBJ_INHERIT : 0, NULL,
        ProcessSecurity != NULL ? ProcessSecurity->lpSecurityDescriptor : NULL);
    InitializeObjectAttributes(
        &ThreadAttributes, NULL,
        ThreadSecurity != NULL && ThreadSecurity->bInheritHandle ? OBJ_INHERIT : 0, NULL,
        ThreadSecurity != NULL ? ThreadSecurity->lpSecurityDescriptor : NULL);
    RtlZeroMemory(&List, sizeof(List));
    List.Attributes[0].Attribute = PS_ATTRIBUTE_IMAGE_NAME;
    List.Attributes[0].Size = NtPath.Length;
    List.Attributes[0].ValuePtr = NtPath.Buffer;
    List.Attributes[1].Attribute = PS_ATTRIBUTE_CLIENT_ID;
    List.Attributes[1].Size = sizeof(ClientId);
    List.Attributes[1].ValuePtr = &ClientId;
    if (Token != NULL) {
        List.Attributes[2].Attribute = PS_ATTRIBUTE_TOKEN;
        List.Attributes[2].Size = sizeof(Token);
        List.Attributes[2].ValuePtr = Token;
        Count = 3;
    }
    if ((Flags & (DEBUG_PROCESS | DEBUG_ONLY_THIS_PROCESS)) != 0) {
        Status = DbgUiConnectToDbg();
        if (!NT_SUCCESS(Status)) {
            BaseFail(Status);
            goto Done;
        }
        List.Attributes[Count].Attribute = PS_ATTRIBUTE_DEBUG_OBJECT;
        List.Attributes[Count].Size = sizeof(HANDLE);
        List.Attributes[Count].ValuePtr = DbgUiGetThreadDebugObject();
        Count++;
        if ((Flags & DEBUG_ONLY_THIS_PROCESS) != 0) {
            ProcessFlags |= PROCESS_CREATE_FLAGS_NO_DEBUG_INHERIT;
        }
    }
    if ((Flags & EXTENDED_STARTUPINFO_PRESENT) != 0) {
        LPPROC_THREAD_ATTRIBUTE_LIST Extended = ((LPSTARTUPINFOEXW)Startup)->lpAttributeList;
        SIZE_T Bytes;
        PVOID Value = BaseFindAttribute(Extended, PROC_THREAD_ATTRIBUTE_PARENT_PROCESS, &Bytes);

        if (Value != NULL) {
            List.Attributes[Count].Attribute = PS_ATTRIBUTE_PARENT_PROCESS;
            List.Attributes[Count].Size = sizeof(HANDLE);
            List.Attributes[Count].ValuePtr = *(PHANDLE)Value;
            Count++;
        }
        Value = BaseFindAttribute(Extended, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, &Bytes);
        if (Value != NULL) {
            for (SIZE_T i = 0; i < Bytes / sizeof(HANDLE); i++) {
                DWORD HandleFlags = 0;

                if (!Inherit ||
                    (Count == 2 && (!GetHandleInformation(((PHANDLE)Value)[i], &HandleFlags) ||
                                    (HandleFlags & HANDLE_FLAG_INHERIT) == 0))) {
                    BaseFailWith(ERROR_INVALID_PARAMETER);
                    goto Done;
                }
            }
            List.Attributes[Count].Attribute = PS_ATTRIBUTE_HANDLE_LIST;
            List.Attributes[Count].Size = Bytes;
            List.Attributes[Count].ValuePtr = Value;
            Count++;
        }
    }
    List.TotalLength = FIELD_OFFSET(PS_ATTRIBUTE_LIST, Attributes) + Count * sizeof(PS_ATTRIBUTE);
    Status = NtCreateUserProcess(&Process, &Thread, PROCESS_ALL_ACCESS, THREAD_ALL_ACCESS,
                                 &ProcessAttributes, &ThreadAttributes, ProcessFlags,
                                 THREAD_CREATE_FLAGS_CREATE_SUSPENDED, Parameters, &Info,
                                 (PPS_ATTRIBUTE_LIST)&List);
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        goto Done;
    }
    BaseGivePriorityClass(Process, Flags);
    if ((Startup->dwFlags & STARTF_USESTDHANDLES) == 0 &&
        (Flags & (DETACHED_PROCESS | CREATE_NEW_CONSOLE)) == 0) {
        BaseShareStandardHandles(Process);
    }
    if ((Flags & CREATE_SUSPENDED) == 0) {
        NtResumeThread(Thread, NULL);
    }
    Information->hProcess = Process;
    Information->hThread = Thread;
    Information->dwProcessId = (DWORD)(ULONG_PTR)ClientId.UniqueProcess;
    Information->dwThreadId = (DWORD)(ULONG_PTR)ClientId.UniqueThread;
    Result = TRUE;
Done:
    if (Parameters != NULL) {
        RtlDestroyProcessParameters(Parameters);
    }
    RtlFreeHeap(BaseHeap(), 0, Wide);
    RtlFreeHeap(BaseHeap(), 0, NtPath.Buffer);
    RtlFreeHeap(BaseHeap(), 0, Copy);
    RtlFreeHeap(BaseHeap(), 0, Path);
    return Result;
}

BOOL WINAPI
CreateProcessW(LPCWSTR Application, LPWSTR CommandLine, LPSECURITY_ATTRIBUTES ProcessSecurity,
               LPSECURITY_ATTRIBUTES ThreadSecurity, BOOL Inherit, DWORD Flags, LPVOID Environment,
               LPCWSTR Folder, LPSTARTUPINFOW Startup, LPPROCESS_INFORMATION Information)
{
    return CreateProcessInternalW(NULL, Application, CommandLine, ProcessSecurity, ThreadSecurity,
                                  Inherit, Flags, Environment, Folder, Startup, Information, NULL);
}

BOOL WINAPI
CreateProcessInternalA(HANDLE Token, LPCSTR Application, LPSTR CommandLine,
                       LPSECURITY_ATTRIBUTES ProcessSecurity, LPSECURITY_ATTRIBUTES ThreadSecurity,
                       BOOL Inherit, DWORD Flags, LPVOID Environment, LPCSTR Folder,
                       LPSTARTUPINFOA Startup, LPPROCESS_INFORMATION Information, PHANDLE NewToken)
{
    UNICODE_STRING WideApplication = {0}, WideCommand = {0}, WideFolder = {0}, WideTitle = {0},
                   WideDesktop = {0};
    STARTUPINFOEXW WideExtended = {0};
    LPSTARTUPINFOW Wide = &WideExtended.StartupInfo;
    BOOL Result = FALSE;

    RtlCopyMemory(&WideExtended, Startup,
                  (Flags & EXTENDED_STARTUPINFO_PRESENT) != 0 ? sizeof(STARTUPINFOEXA)
                                                              : sizeof(STARTUPINFOA));
    if (BaseToWide(&WideApplication, Application) && BaseToWide(&WideCommand, CommandLine) &&
        BaseToWide(&WideFolder, Folder) && BaseToWide(&WideTitle, Startup->lpTitle) &&
        BaseToWide(&WideDesktop, Startup->lpDesktop)) {
        Wide->lpTitle = WideTitle.Buffer;
        Wide->lpDesktop = WideDesktop.Buffer;
        Result = CreateProcessInternalW(
            Token, WideApplication.Buffer, WideCommand.Buffer, ProcessSecurity, ThreadSecurity,
            Inherit, Flags, Environment, WideFolder.Buffer, Wide, Information, NewToken);
    }
    RtlFreeUnicodeString(&WideApplication);
    RtlFreeUnicodeString(&WideCommand);
    RtlFreeUnicodeString(&WideFolder);
    RtlFreeUnicodeString(&WideTitle);
    RtlFreeUnicodeString(&WideDesktop);
    return Result;
}

BOOL WINAPI
CreateProcessA(LPCSTR Application, LPSTR CommandLine, LPSECURITY_ATTRIBUTES ProcessSecurity,
               LPSECURITY_ATTRIBUTES ThreadSecurity, BOOL Inherit, DWORD Flags, LPVOID Environment,
               LPCSTR Folder, LPSTARTUPINFOA Startup, LPPROCESS_INFORMATION Information)
{
    return CreateProcessInternalA(NULL, Application, CommandLine, ProcessSecurity, ThreadSecurity,
                                  Inherit, Flags, Environment, Folder, Startup, Information, NULL);
}

UINT WINAPI
WinExec(LPCSTR CommandLine, UINT Show)
{
    STARTUPINFOA Startup = {
        .cb = sizeof(Startup), .dwFlags = STARTF_USESHOWWINDOW, .wShowWindow = (WORD)Show};
    PROCESS_INFORMATION Information;

    if (!CreateProcessA(NULL, (LPSTR)CommandLine, NULL, NULL, FALSE, 0, NULL, NULL, &Startup,
                        &Information)) {
        return GetLastError() <= 31 ? GetLastError() : ERROR_FILE_NOT_FOUND;
    }
    CloseHandle(Information.hThread);
    CloseHandle(Information.hProcess);
    return 33;
}
