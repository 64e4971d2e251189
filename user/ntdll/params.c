/*
 * params.c - process parameters, as NtCreateUserProcess takes them.
 *
 * One allocation: the structure, then every string (4-byte aligned), then the environment. Normalised: the
 * pointers are this process's; the kernel copies the block into the new process and moves them.
 */
#include "user/ntdll/ntdllp.h"

static VOID
RtlpPlace(PUCHAR *At, PUNICODE_STRING To, PCUNICODE_STRING From, USHORT Maximum)
{
    if (From == NULL) {
        return;
    }
    To->Length = From->Length;
    To->MaximumLength = max(Maximum, From->Length + (USHORT)sizeof(WCHAR));
    To->Buffer = (PWSTR)*At;
    RtlCopyMemory(*At, From->Buffer, From->Length);
    *At += (To->MaximumLength + 3) & ~3u;
}

static ULONG
RtlpRoom(PCUNICODE_STRING String)
{
    return String == NULL ? 0 : (String->Length + sizeof(WCHAR) + 3) & ~3u;
}

NTSTATUS NTAPI
RtlCreateProcessParametersEx(PRTL_USER_PROCESS_PARAMETERS *Result, PUNICODE_STRING ImagePath,
                             PUNICODE_STRING DllPath, PUNICODE_STRING CurrentDirectory,
                             PUNICODE_STRING CommandLine, PVOID Environment,
                             PUNICODE_STRING WindowTitle, PUNICODE_STRING Desktop,
                             PUNICODE_STRING Shell, PUNICODE_STRING Runtime, ULONG Flags)
{
    PRTL_USER_PROCESS_PARAMETERS Own = NtCurrentPeb()->ProcessParameters, Parameters;
    const USHORT FolderRoom = 2 * MAX_PATH * sizeof(WCHAR);
    SIZE_T Size, EnvironmentBytes = 0;
    PCWSTR Text;
    PUCHAR At;

    RtlAcquirePebLock();
    if (Environment == NULL) {
        Environment = Own->Environment;
    }
    if (CurrentDirectory == NULL) {
        CurrentDirectory = &Own->CurrentDirectory.DosPath;
    }
    if (CommandLine == NULL) {
        CommandLine = ImagePath;
    }
    for (Text = Environment; Text != NULL && *Text != 0; Text += wcslen(Text) + 1) {
    }
    if (Text != NULL) {
        EnvironmentBytes = (SIZE_T)((PUCHAR)(Text + 1) - (PUCHAR)Environment);
    }
    Size = sizeof(*Parameters) + RtlpRoom(ImagePath) + RtlpRoom(DllPath) +
           max(FolderRoom, RtlpRoom(CurrentDirectory)) + RtlpRoom(CommandLine) +
           RtlpRoom(WindowTitle) + RtlpRoom(Desktop) + RtlpRoom(Shell) + RtlpRoom(Runtime) + 16;
    Size = (Size + 15) & ~15ull;
    Parameters = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, Size + EnvironmentBytes);
    if (Parameters == NULL) {
        RtlReleasePebLock();
        return STATUS_NO_MEMORY;
    }
    Parameters->MaximumLength = Parameters->Length = (ULONG)Size;
    Parameters->Flags = RTL_USER_PROC_PARAMS_NORMALIZED;
    At = (PUCHAR)(Parameters + 1);
    RtlpPlace(&At, &Parameters->CurrentDirectory.DosPath, CurrentDirectory, FolderRoom);
    RtlpPlace(&At, &Parameters->DllPath, DllPath, 0);
    RtlpPlace(&At, &Parameters->ImagePathName, ImagePath, 0);
    RtlpPlace(&At, &Parameters->CommandLine, CommandLine, 0);
    RtlpPlace(&At, &Parameters->WindowTitle, WindowTitle, 0);
    RtlpPlace(&At, &Parameters->DesktopInfo, Desktop, 0);
    RtlpPlace(&At, &Parameters->ShellInfo, Shell, 0);
    RtlpPlace(&At, &Parameters->RuntimeData, Runtime, 0);
    if (EnvironmentBytes != 0) {
        Parameters->Environment = (PWSTR)((PUCHAR)Parameters + Size);
        Parameters->EnvironmentSize = EnvironmentBytes;
        RtlCopyMemory(Parameters->Environment, Environment, EnvironmentBytes);
    }
    RtlReleasePebLock();
    *Result = Parameters;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlCreateProcessParameters(PRTL_USER_PROCESS_PARAMETERS *Result, PUNICODE_STRING ImagePath,
                           PUNICODE_STRING DllPath, PUNICODE_STRING CurrentDirectory,
                           PUNICODE_STRING CommandLine, PVOID Environment,
                           PUNICODE_STRING WindowTitle, PUNICODE_STRING Desktop,
                           PUNICODE_STRING Shell, PUNICODE_STRING Runtime)
{
    return RtlCreateProcessParametersEx(Result, ImagePath, DllPath, CurrentDirectory, CommandLine,
                                        Environment, WindowTitle, Desktop, Shell, Runtime, 0);
}

NTSTATUS NTAPI
RtlDestroyProcessParameters(PRTL_USER_PROCESS_PARAMETERS Parameters)
{
    RtlFreeHeap(RtlProcessHeap(), 0, Parameters);
    return STATUS_SUCCESS;
}

/* The kernel and new processes take both forms; the block that we make is always normalised. */
PRTL_USER_PROCESS_PARAMETERS NTAPI
RtlNormalizeProcessParams(PRTL_USER_PROCESS_PARAMETERS Parameters)
{
    return Parameters;
}
