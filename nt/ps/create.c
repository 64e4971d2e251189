/*
 * create.c - user processes and their threads.
 *
 * A new thread's user context is RtlUserThreadStart(Start, Argument); as on Windows it does not begin there
 * but at ntdll!LdrInitializeThunk(CONTEXT *, ntdll's base), which initialises process or thread and
 * continues with that context. Memory of the new process is written through its alias, so the
 * creator need not attach.
 */
#include "nt/ps/psp.h"
#include "nt/inc/imagefile.h"

#define PSP_DEFAULT_STACK 0x100000
#define PSP_STACK_END     0x4000 /* below what a stack commits at first, at least */

ULONG64
PspUserEntry(PCSTR Name)
{
    return HcFindExport("ntdll.dll", Name);
}

static NTSTATUS
PspMakeStack(PEPROCESS Process, SIZE_T Reserve, SIZE_T Commit, PVOID *Low, PVOID *Limit,
             PVOID *High)
{
    PVOID Base = NULL, Guard;
    SIZE_T Size, GuardSize = PAGE_SIZE;
    NTSTATUS Status;

    /* The first page has a thread's first frames. The lowest is never used; the guard and two are left to overflows. */
    Commit = (max(Commit, 1) + PAGE_SIZE - 1) & ~(SIZE_T)(PAGE_SIZE - 1);
    if (Reserve < Commit + PSP_STACK_END) {
        Reserve = (Commit + PSP_STACK_END + 0xFFFFF) & ~0xFFFFFull;
    }
    Size = (Reserve + 0xFFFF) & ~0xFFFFull;

    Status = MiAllocateUser(Process, &Base, &Size, MEM_RESERVE, PAGE_READWRITE);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *Low = Base;
    *High = (PVOID)((ULONG64)Base + Size);
    *Limit = (PVOID)((ULONG64)*High - Commit);
    Status = MiAllocateUser(Process, Limit, &Commit, MEM_COMMIT, PAGE_READWRITE);
    if (NT_SUCCESS(Status)) {
        Guard = (PVOID)((ULONG64)*Limit - PAGE_SIZE);
        Status =
            MiAllocateUser(Process, &Guard, &GuardSize, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);
    }
    return Status;
}

static VOID
PspFreeMemory(PEPROCESS Process, PVOID Base)
{
    SIZE_T Size = 0;

    if (Base != NULL) {
        MiFreeUser(Process, &Base, &Size, MEM_RELEASE);
    }
}

NTSTATUS
PspCreateUserThread(PEPROCESS Process, PVOID Start, PVOID Argument, SIZE_T StackReserve,
                    SIZE_T StackCommit, PETHREAD *Result)
{
    PVOID Low = NULL, Limit, High, Teb = NULL;
    SIZE_T TebSize = PSP_TEB_SIZE;
    CONTEXT Context;
    KAPC_STATE State;
    ULONG64 Rsp, Thunk, UserStart, Ntdll;
    PVOID TebAlias;
    PETHREAD Thread;
    NTSTATUS Status;

    Status = PspMakeStack(Process, StackReserve != 0 ? StackReserve : PSP_DEFAULT_STACK,
                          StackCommit, &Low, &Limit, &High);
    if (!NT_SUCCESS(Status)) {
        goto FreeMemory;
    }
    Status = MiAllocateUser(Process, &Teb, &TebSize, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    if (!NT_SUCCESS(Status)) {
        goto FreeMemory;
    }
    KeStackAttachProcess(&Process->Pcb, &State);
    Thunk = PspUserEntry("LdrInitializeThunk");
    UserStart = PspUserEntry("RtlUserThreadStart");
    KeUnstackDetachProcess(&State);
    Ntdll = (ULONG64)Process->Ntdll;
    if (Thunk == 0 || UserStart == 0) {
        Status = STATUS_ENTRYPOINT_NOT_FOUND;
        goto FreeMemory;
    }

    RtlZeroMemory(&Context, sizeof(Context));
    Context.ContextFlags = CONTEXT_FULL;
    Context.Rip = UserStart;
    Context.Rcx = (ULONG64)Start;
    Context.Rdx = (ULONG64)Argument;
    Context.Rsp = (ULONG64)High - 0x28;
    Context.EFlags = 0x200;
    Context.SegCs = 0x33;
    Context.SegSs = Context.SegDs = Context.SegEs = Context.SegGs = 0x2B;
    Context.SegFs = 0x53;
    Context.MxCsr = 0x1F80;
    Context.FltSave.ControlWord = 0x27F;
    Context.FltSave.MxCsr = 0x1F80;
    Rsp = ((ULONG64)High - 0x100 - sizeof(CONTEXT)) & ~0x3Full;
    RtlCopyMemory(PSP_ALIAS(Rsp), &Context, sizeof(Context));
    Context.Rip = Thunk;
    if (Process->Pcb.InstrumentationCallback != NULL) { /* as in KiInstrument */
        Context.R10 = Thunk;
        Context.Rip = (ULONG64)Process->Pcb.InstrumentationCallback;
    }
    Context.Rcx = Rsp;
    Context.Rdx = Ntdll;
    Context.Rsp = Rsp - 0x28; /* as after a call: home space above the return address */

    Status = PspCreateThreadObject(Process, PspUserThreadStartup,
                                   PspCurrentProcess() != Process ? Process : NULL, &Context, Teb,
                                   &Thread);
    if (!NT_SUCCESS(Status)) {
        goto FreeMemory;
    }
    Thread->StartAddress = Start;
    Thread->Win32StartAddress = Start;
    TebAlias = PSP_ALIAS(Teb);
    PSP_FIELD(TebAlias, TEB_STACK_BASE, PVOID) = High;
    PSP_FIELD(TebAlias, TEB_STACK_LIMIT, PVOID) = Limit;
    PSP_FIELD(TebAlias, TEB_SELF, PVOID) = Teb;
    PSP_FIELD(TebAlias, TEB_PROCESS_ID, HANDLE) = Thread->Cid.UniqueProcess;
    PSP_FIELD(TebAlias, TEB_THREAD_ID, HANDLE) = Thread->Cid.UniqueThread;
    PSP_FIELD(TebAlias, TEB_PEB, PVOID) = Process->Peb;
    PSP_FIELD(TebAlias, TEB_DEALLOCATION, PVOID) = Low;
    *Result = Thread;
    return STATUS_SUCCESS;

FreeMemory:
    PspFreeMemory(Process, Teb);
    PspFreeMemory(Process, Low);
    return Status;
}

/* Copies one string behind the parameters; the address is the child's. */
static VOID
PspPlaceString(PUCHAR Alias, ULONG64 User, PULONG Used, PUNICODE_STRING To, PCUNICODE_STRING From)
{
    To->Length = From->Length;
    To->MaximumLength = From->Length + sizeof(WCHAR);
    To->Buffer = (PWSTR)(User + *Used);
    RtlCopyMemory(Alias + *Used, From->Buffer, From->Length);
    *Used = (*Used + From->Length + sizeof(WCHAR) + 7) & ~7u;
}

/* What the child reads as its parameters, PEB and environment. Source: the parent's, in kernel memory. */
static NTSTATUS
PspPlaceParameters(PEPROCESS Process, PSP_PARAMETERS *Source, struct abi_image *Image)
{
    PVOID Parameters = NULL, Environment = NULL, Peb = NULL;
    SIZE_T Size, EnvironmentSize, PebSize = PSP_PEB_SIZE;
    PSP_PARAMETERS *To;
    ULONG Used = (sizeof(PSP_PARAMETERS) + 0x3F) & ~0x3Fu;
    PUCHAR PebAlias;
    NTSTATUS Status;

    Size = Used + Source->CurrentDirectory.Length + Source->DllPath.Length +
           Source->ImagePathName.Length + Source->CommandLine.Length + Source->WindowTitle.Length +
           Source->DesktopInfo.Length + Source->ShellInfo.Length + Source->RuntimeData.Length +
           0x100;
    Status = MiAllocateUser(Process, &Parameters, &Size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    EnvironmentSize = Source->EnvironmentSize;
    if (NT_SUCCESS(Status)) {
        SIZE_T Rounded = EnvironmentSize;

        Status = MiAllocateUser(Process, &Environment, &Rounded, MEM_COMMIT | MEM_RESERVE,
                                PAGE_READWRITE);
    }
    if (NT_SUCCESS(Status)) {
        Status = MiAllocateUser(Process, &Peb, &PebSize, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    To = PSP_ALIAS(Parameters);
    To->MaximumLength = (ULONG)Size;
    To->Length = (ULONG)Size;
    To->Flags = Source->Flags | 1; /* normalised: pointers, not offsets */
    To->ConsoleHandle = Source->ConsoleHandle;
    RtlCopyMemory(To->Standard, Source->Standard, sizeof(To->Standard));
    RtlCopyMemory(To->Window, Source->Window,
                  FIELD_OFFSET(PSP_PARAMETERS, WindowTitle) - FIELD_OFFSET(PSP_PARAMETERS, Window));
    PspPlaceString((PUCHAR)To, (ULONG64)Parameters, &Used, &To->CurrentDirectory,
                   &Source->CurrentDirectory);
    PspPlaceString((PUCHAR)To, (ULONG64)Parameters, &Used, &To->DllPath, &Source->DllPath);
    PspPlaceString((PUCHAR)To, (ULONG64)Parameters, &Used, &To->ImagePathName,
                   &Source->ImagePathName);
    PspPlaceString((PUCHAR)To, (ULONG64)Parameters, &Used, &To->CommandLine, &Source->CommandLine);
    PspPlaceString((PUCHAR)To, (ULONG64)Parameters, &Used, &To->WindowTitle, &Source->WindowTitle);
    PspPlaceString((PUCHAR)To, (ULONG64)Parameters, &Used, &To->DesktopInfo, &Source->DesktopInfo);
    if (Source->ShellInfo.Length != 0) {
        PspPlaceString((PUCHAR)To, (ULONG64)Parameters, &Used, &To->ShellInfo, &Source->ShellInfo);
    }
    if (Source->RuntimeData.Length != 0) { /* what the parent's run time tells the child's */
        PspPlaceString((PUCHAR)To, (ULONG64)Parameters, &Used, &To->RuntimeData,
                       &Source->RuntimeData);
    }
    RtlCopyMemory(PSP_ALIAS(Environment), Source->Environment, EnvironmentSize);
    To->Environment = Environment;
    To->EnvironmentSize = EnvironmentSize;

    PebAlias = PSP_ALIAS(Peb);
    Process->Peb = Peb;
    PSP_FIELD(PebAlias, PEB_BEING_DEBUGGED, UCHAR) = 0;
    PSP_FIELD(PebAlias, PEB_IMAGE_BASE, PVOID) = Process->SectionBaseAddress;
    PSP_FIELD(PebAlias, PEB_PARAMETERS, PVOID) = Parameters;
    PSP_FIELD(PebAlias, PEB_PROCESSORS, ULONG) = KiProcessorCount;
    PSP_FIELD(PebAlias, PEB_HEAP_RESERVE, ULONG64) = 0x100000;
    PSP_FIELD(PebAlias, PEB_HEAP_RESERVE + 8, ULONG64) = 0x2000;
    PSP_FIELD(PebAlias, PEB_OS_MAJOR, ULONG) = KiVersion->MajorVersion;
    PSP_FIELD(PebAlias, PEB_OS_MINOR, ULONG) = KiVersion->MinorVersion;
    PSP_FIELD(PebAlias, PEB_OS_BUILD, USHORT) = (USHORT)KiVersion->BuildNumber;
    PSP_FIELD(PebAlias, PEB_OS_PLATFORM, ULONG) = 2;
    PSP_FIELD(PebAlias, PEB_SUBSYSTEM, ULONG) = Image->subsystem;
    PSP_FIELD(PebAlias, PEB_SUBSYSTEM + 4, ULONG) = Image->subsystem_version >> 16;
    PSP_FIELD(PebAlias, PEB_SUBSYSTEM + 8, ULONG) = Image->subsystem_version & 0xFFFF;
    PSP_FIELD(PebAlias, PEB_SESSION, ULONG) = PsGetProcessSessionId(Process);
    return STATUS_SUCCESS;
}

UNICODE_STRING
PspLastComponent(PCUNICODE_STRING Path)
{
    ULONG Start = Path->Length / sizeof(WCHAR);
    UNICODE_STRING Last;

    while (Start != 0 && Path->Buffer[Start - 1] != L'\\') {
        Start--;
    }
    Last.Buffer = Path->Buffer + Start;
    Last.Length = Last.MaximumLength = Path->Length - (USHORT)(Start * sizeof(WCHAR));
    return Last;
}

/* ImageFileName, ImagePath, and the path for the host's store of images. */
static VOID
PspSetNames(PEPROCESS Process, PCUNICODE_STRING Path, char *Utf8, ULONG Room)
{
    UNICODE_STRING Last = PspLastComponent(Path);
    ULONG Length;

    for (ULONG Index = 0;
         Index < sizeof(Process->ImageFileName) - 1 && Index < Last.Length / sizeof(WCHAR);
         Index++) {
        Process->ImageFileName[Index] = (UCHAR)Last.Buffer[Index];
    }
    Process->ImagePath.Buffer = ExpAllocate(Path->Length + sizeof(WCHAR), 'hpsP');
    RtlCopyMemory(Process->ImagePath.Buffer, Path->Buffer, Path->Length);
    Process->ImagePath.Length = Path->Length;
    Process->ImagePath.MaximumLength = Path->Length + sizeof(WCHAR);
    RtlUnicodeToUTF8N(Utf8, Room - 1, &Length, Path->Buffer, Path->Length);
    Utf8[Length] = 0;
}

/* A process and its first thread, not yet started. Parameters in kernel memory. */
static NTSTATUS
PspCreateFromImage(PCUNICODE_STRING ImagePath, PACCESS_TOKEN Token, PEPROCESS Parent,
                   PSP_PARAMETERS *Parameters, BOOLEAN Checked, PEPROCESS *Result,
                   PETHREAD *FirstThread, struct abi_image *Image)
{
    PVOID Section;
    PEPROCESS Process;
    KAPC_STATE State;
    struct abi_image Ntdll;
    char Name[300];
    PVOID Base;
    NTSTATUS Status;

    Status = MiOpenImageFile((PUNICODE_STRING)ImagePath, Checked, &Section);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = PspCreateProcessObject(Parent, Token, TRUE, &Process);
    if (!NT_SUCCESS(Status)) {
        if (Section != NULL) {
            ObDereferenceObject(Section);
        }
        return Status;
    }
    PspSetNames(Process, ImagePath, Name, sizeof(Name));
    MiSetFirstAgent(Process, KiAgent()->Name); /* until it has a thread of its own */
    KeStackAttachProcess(&Process->Pcb, &State);
    Status = MiMapImageFile(Process, Name, Section, &Process->SectionBaseAddress, Image);
    if (NT_SUCCESS(Status)) {
        Status = MiMapUserImage(Process, "C:\\Windows\\System32\\ntdll.dll", &Base, &Ntdll);
        Process->Ntdll = Base;
    }
    KeUnstackDetachProcess(&State);
    if (Section != NULL) {
        ObDereferenceObject(Section); /* the view has its own reference */
    }
    if (NT_SUCCESS(Status)) {
        Status = PspPlaceParameters(Process, Parameters, Image);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspCreateUserThread(Process, (PVOID)Image->entry, Process->Peb,
                                     Image->stack_reserve, Image->stack_commit, FirstThread);
    }
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(Process); /* and all that it has */
        return Status;
    }
    ObpSetFirstAgent(Process->HandleTable, (*FirstThread)->Tcb.Agent.Name);
    MiSetFirstAgent(Process, (*FirstThread)->Tcb.Agent.Name);
    KiTrace(EV_PROCESS_CREATE, Process, (ULONG64)Process->UniqueProcessId, Process->Pcb.Slice, 0,
            0);
    *Result = Process;
    return STATUS_SUCCESS;
}

static const WCHAR PspEnvironment[] = L"ALLUSERSPROFILE=C:\\ProgramData\0"
                                      L"APPDATA=C:\\Users\\ntlab\\AppData\\Roaming\0"
                                      L"COMPUTERNAME=NTLAB\0"
                                      L"ComSpec=C:\\Windows\\System32\\cmd.exe\0"
                                      L"HOMEDRIVE=C:\0"
                                      L"HOMEPATH=\\Users\\ntlab\0"
                                      L"LOCALAPPDATA=C:\\Users\\ntlab\\AppData\\Local\0"
                                      L"NUMBER_OF_PROCESSORS=4\0"
                                      L"OS=Windows_NT\0"
                                      L"PATH=C:\\Windows\\System32;C:\\Windows\0"
                                      L"PATHEXT=.COM;.EXE;.BAT;.CMD\0"
                                      L"PROCESSOR_ARCHITECTURE=AMD64\0"
                                      L"ProgramData=C:\\ProgramData\0"
                                      L"ProgramFiles=C:\\Program Files\0"
                                      L"PUBLIC=C:\\Users\\Public\0"
                                      L"SystemDrive=C:\0"
                                      L"SystemRoot=C:\\Windows\0"
                                      L"TEMP=C:\\Windows\\Temp\0"
                                      L"TMP=C:\\Windows\\Temp\0"
                                      L"USERDOMAIN=NTLAB\0"
                                      L"USERNAME=ntlab\0"
                                      L"USERPROFILE=C:\\Users\\ntlab\0"
                                      L"windir=C:\\Windows\0";

/* The standard handles of a client: the console device's files, opened in the child's table. */
static VOID
PspOpenStandardHandles(PEPROCESS Process)
{
    static const PCWSTR Names[2][3] = {
        {L"\\Device\\ConDrv\\Input", L"\\Device\\ConDrv\\Output", L"\\Device\\ConDrv\\Error"},
        {L"\\Device\\ConPipe\\Input", L"\\Device\\ConPipe\\Output", L"\\Device\\ConPipe\\Error"}};
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK Iosb;
    KAPC_STATE State;
    PSP_PARAMETERS *Parameters;

    KeStackAttachProcess(&Process->Pcb, &State);
    for (ULONG Index = 0; Index < 3; Index++) {
        RtlInitUnicodeString(&Name, Names[PspBoot.piped >> Index & 1][Index]);
        InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_INHERIT, NULL,
                                   NULL);
        if (!NT_SUCCESS(ZwCreateFile(
                &Process->StdHandles[Index],
                (Index == 0 ? FILE_GENERIC_READ : FILE_GENERIC_WRITE | FILE_READ_ATTRIBUTES) |
                    SYNCHRONIZE,
                &Attributes, &Iosb, NULL, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN,
                FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0))) {
            Process->StdHandles[Index] = NULL;
        }
    }
    KeUnstackDetachProcess(&State);
    Parameters = PSP_ALIAS(PSP_FIELD(PSP_ALIAS(Process->Peb), PEB_PARAMETERS, PVOID));
    RtlCopyMemory(Parameters->Standard, Process->StdHandles, sizeof(Process->StdHandles));
}

NTSTATUS
PspCreateUserProcess(PCWSTR ImagePath, PCWSTR CommandLine, PACCESS_TOKEN Token, PEPROCESS Parent,
                     BOOLEAN InheritHandles, PVOID Unused, PEPROCESS *Process, PETHREAD *Thread)
{
    PSP_PARAMETERS Parameters;
    UNICODE_STRING Path, Dos;
    struct abi_image Image;
    NTSTATUS Status;

    RtlZeroMemory(&Parameters, sizeof(Parameters));
    RtlInitUnicodeString(&Path, ImagePath);
    Dos = Path;
    if (Path.Length > 8 && Path.Buffer[1] == L'?') {
        Dos.Buffer += 4; /* past \??\ */
        Dos.Length -= 8;
    }
    Parameters.ImagePathName = Dos;
    RtlInitUnicodeString(&Parameters.CommandLine, CommandLine);
    RtlInitUnicodeString(&Parameters.CurrentDirectory, L"C:\\ntlab\\");
    RtlInitUnicodeString(&Parameters.DllPath, L"C:\\Windows\\System32");
    Parameters.WindowTitle = Dos;
    RtlInitUnicodeString(&Parameters.DesktopInfo, L"Winsta0\\Default");
    Parameters.Environment = (PVOID)PspEnvironment;
    Parameters.EnvironmentSize = sizeof(PspEnvironment);
    Status = PspCreateFromImage(&Path, Token, Parent, &Parameters, FALSE, Process, Thread, &Image);
    if (NT_SUCCESS(Status)) {
        PspOpenStandardHandles(*Process);
        if (Parent == NULL) {
            (*Process)->InheritedFromUniqueProcessId = PsInitialSystemProcess->UniqueProcessId;
        }
    }
    return Status;
}

/* NtCreateUserProcess and NtCreateThreadEx: attributes, as public headers (phnt) describe them. */
typedef struct _PSP_ATTRIBUTE {
    ULONG_PTR Attribute;
    SIZE_T Size;
    ULONG_PTR Value;
    PSIZE_T ReturnLength;
} PSP_ATTRIBUTE;

typedef struct _PSP_ATTRIBUTE_LIST {
    SIZE_T TotalLength;
    PSP_ATTRIBUTE Attributes[1];
} PSP_ATTRIBUTE_LIST;

#define PSP_ATTRIBUTE_PARENT     0x60000
#define PSP_ATTRIBUTE_TOKEN      0x60002
#define PSP_ATTRIBUTE_CLIENT_ID  0x10003
#define PSP_ATTRIBUTE_TEB        0x10004
#define PSP_ATTRIBUTE_IMAGE_NAME 0x20005
#define PSP_ATTRIBUTE_DEBUG      0x60001
#define PSP_ATTRIBUTE_HANDLES    0x2000B
#define PSP_CREATE_PROCESS       0x80 /* the access that PROCESS_CREATE_PROCESS is */
#define PSP_INHERIT_HANDLES      0x4
#define PSP_NO_DEBUG_INHERIT     0x2
#define PSP_CREATE_SUSPENDED     0x1
#define PSP_HIDE_FROM_DEBUGGER   0x4

static PSP_ATTRIBUTE *
PspFindAttribute(PSP_ATTRIBUTE_LIST *List, ULONG_PTR Attribute)
{
    SIZE_T Count = List != NULL ? (List->TotalLength - sizeof(SIZE_T)) / sizeof(PSP_ATTRIBUTE) : 0;

    for (SIZE_T Index = 0; Index < Count && Index < 32; Index++) {
        if (List->Attributes[Index].Attribute == Attribute) {
            return &List->Attributes[Index];
        }
    }
    return NULL;
}

/* All of the list is user mode's. Raises. */
static VOID
PspProbeAttributes(PSP_ATTRIBUTE_LIST *List)
{
    ProbeForRead(List, sizeof(*List), 8);
    ProbeForRead(List, List->TotalLength, 8);
}

/* What is asked for by an attribute; nothing if it is not. Raises. */
static VOID
PspAnswerAttribute(PSP_ATTRIBUTE_LIST *List, ULONG_PTR Which, const VOID *Answer, SIZE_T Bytes)
{
    PSP_ATTRIBUTE *Attribute = PspFindAttribute(List, Which);
    PVOID Place;

    if (Attribute != NULL) {
        Place = (PVOID)Attribute->Value;
        ProbeForWrite(Place, Bytes, 1);
        RtlCopyMemory(Place, Answer, Bytes);
    }
}

/* Copies the caller's parameters into pool: strings and environment with them. Raises on bad memory. */
static PSP_PARAMETERS *
PspCaptureParameters(PSP_PARAMETERS *User)
{
    PSP_PARAMETERS *Copy;
    UNICODE_STRING *Strings[8];
    SIZE_T Environment, Total;
    PUCHAR Place;

    ProbeForRead(User, sizeof(*User), 8);
    Environment = User->EnvironmentSize;
    Total = sizeof(*Copy) + Environment + User->CurrentDirectory.Length + User->DllPath.Length +
            User->ImagePathName.Length + User->CommandLine.Length + User->WindowTitle.Length +
            User->DesktopInfo.Length + User->ShellInfo.Length + User->RuntimeData.Length + 64;
    if (Environment > 0x100000) {
        ExRaiseStatus(STATUS_INVALID_PARAMETER);
    }
    Copy = ExpAllocate(Total, 'apsP');
    RtlCopyMemory(Copy, User, sizeof(*Copy));
    Strings[0] = &Copy->CurrentDirectory;
    Strings[1] = &Copy->DllPath;
    Strings[2] = &Copy->ImagePathName;
    Strings[3] = &Copy->CommandLine;
    Strings[4] = &Copy->WindowTitle;
    Strings[5] = &Copy->DesktopInfo;
    Strings[6] = &Copy->ShellInfo;
    Strings[7] = &Copy->RuntimeData;
    Place = (PUCHAR)(Copy + 1);
    __try {
        for (ULONG Index = 0; Index < RTL_NUMBER_OF(Strings); Index++) {
            PWSTR Buffer = Strings[Index]->Buffer;

            ProbeForRead(Buffer, Strings[Index]->Length, 2);
            if (Place + Strings[Index]->Length > (PUCHAR)Copy + Total - Environment) {
                ExRaiseStatus(STATUS_INVALID_PARAMETER); /* it grew behind our back */
            }
            RtlCopyMemory(Place, Buffer, Strings[Index]->Length);
            Strings[Index]->Buffer = (PWSTR)Place;
            Place += (Strings[Index]->Length + 7) & ~7u;
        }
        Place = (PUCHAR)Copy + Total - Environment;
        ProbeForRead(Copy->Environment, Environment, 2);
        RtlCopyMemory(Place, Copy->Environment, Environment);
        Copy->Environment = Place;
        Copy->EnvironmentSize = Environment;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        NTSTATUS Status = GetExceptionCode();

        ExpFree(Copy);
        ExRaiseStatus(Status);
    }
    return Copy;
}

/* The handles that alone are inherited. Raises on bad memory. */
static PHANDLE
PspCaptureHandles(PSP_ATTRIBUTE *Attribute, PSIZE_T Count)
{
    SIZE_T Bytes = Attribute->Size;
    PVOID User = (PVOID)Attribute->Value;
    PHANDLE Handles;

    if (Bytes == 0 || Bytes % sizeof(HANDLE) != 0 || Bytes > 0x10000) {
        ExRaiseStatus(STATUS_INVALID_PARAMETER);
    }
    ProbeForRead(User, Bytes, sizeof(HANDLE));
    Handles = ExpAllocate(Bytes, 'hpsP');
    __try {
        RtlCopyMemory(Handles, User, Bytes);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        NTSTATUS Status = GetExceptionCode();

        ExpFree(Handles);
        ExRaiseStatus(Status);
    }
    *Count = Bytes / sizeof(HANDLE);
    return Handles;
}

static NTSTATUS
PspCreationToken(PSP_ATTRIBUTE *Attribute, PEPROCESS Parent, PACCESS_TOKEN *Token)
{
    if (Attribute == NULL) {
        *Token = Parent->Token;
        SepReferenceToken(*Token);
        return STATUS_SUCCESS;
    }
    return ObReferenceObjectByHandle((HANDLE)Attribute->Value, TOKEN_ASSIGN_PRIMARY,
                                     SeTokenObjectTypeP, KiPreviousMode(), (PVOID *)Token, NULL);
}

NTSTATUS NTAPI
NtCreateUserProcess(PHANDLE ProcessHandle, PHANDLE ThreadHandle, ACCESS_MASK ProcessAccess,
                    ACCESS_MASK ThreadAccess, POBJECT_ATTRIBUTES ProcessAttributes,
                    POBJECT_ATTRIBUTES ThreadAttributes, ULONG ProcessFlags, ULONG ThreadFlags,
                    PVOID UserParameters, PVOID CreateInfo, PVOID AttributeList)
{
    PEPROCESS Parent = PspCurrentProcess(), Process = NULL, Named = NULL;
    PSP_PARAMETERS *Parameters = NULL;
    PSP_ATTRIBUTE *Attribute;
    PACCESS_TOKEN Token;
    PDBGK_OBJECT Debug = NULL;
    PHANDLE Handles = NULL;
    SIZE_T HandleCount = 0;
    PETHREAD Thread = NULL;
    UNICODE_STRING Path = {0};
    struct abi_image Image;
    HANDLE NewProcess = NULL, NewThread = NULL;
    ULONG Count;
    NTSTATUS Status = STATUS_SUCCESS;

    __try {
        ProbeForWrite(ProcessHandle, sizeof(HANDLE), 8);
        ProbeForWrite(ThreadHandle, sizeof(HANDLE), 8);
        PspProbeAttributes(AttributeList);
        Attribute = PspFindAttribute(AttributeList, PSP_ATTRIBUTE_IMAGE_NAME);
        if (Attribute == NULL || Attribute->Size == 0 || Attribute->Size > 0x7FFE ||
            (ThreadFlags & PSP_HIDE_FROM_DEBUGGER) != 0) {
            Status = STATUS_INVALID_PARAMETER;
        } else {
            Path.Length = Path.MaximumLength = (USHORT)Attribute->Size;
            Path.Buffer = ExpAllocate(Path.Length, 'hpsP');
            ProbeForRead((PVOID)Attribute->Value, Path.Length, 2);
            RtlCopyMemory(Path.Buffer, (PVOID)Attribute->Value, Path.Length);
            Parameters = PspCaptureParameters(UserParameters);
            Attribute = PspFindAttribute(AttributeList, PSP_ATTRIBUTE_DEBUG);
            if (Attribute != NULL) {
                Status = ObReferenceObjectByHandle(
                    (HANDLE)Attribute->Value, 2 /* DEBUG_PROCESS_ASSIGN */, DbgkDebugObjectType,
                    KiPreviousMode(), (PVOID *)&Debug, NULL);
            }
            Attribute = PspFindAttribute(AttributeList, PSP_ATTRIBUTE_PARENT);
            if (NT_SUCCESS(Status) && Attribute != NULL) {
                Status = ObReferenceObjectByHandle((HANDLE)Attribute->Value, PSP_CREATE_PROCESS,
                                                   PsProcessTypeP, KiPreviousMode(),
                                                   (PVOID *)&Named, NULL);
                Parent = NT_SUCCESS(Status) ? Named : Parent;
            }
            Attribute = PspFindAttribute(AttributeList, PSP_ATTRIBUTE_HANDLES);
            if (NT_SUCCESS(Status) && Attribute != NULL) {
                Handles = PspCaptureHandles(Attribute, &HandleCount);
            }
            if (NT_SUCCESS(Status)) {
                Status = PspCreationToken(PspFindAttribute(AttributeList, PSP_ATTRIBUTE_TOKEN),
                                          Parent, &Token);
            }
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    if (!NT_SUCCESS(Status)) {
        goto Free;
    }
    Status = PspCreateFromImage(&Path, Token, Parent, Parameters, TRUE, &Process, &Thread, &Image);
    ObDereferenceObject(Token);
    if (!NT_SUCCESS(Status)) {
        goto Free;
    }
    if ((ProcessFlags & PSP_INHERIT_HANDLES) != 0 && Handles == NULL) {
        ObpInheritHandles(Process, Parent);
    } else {
        for (SIZE_T Index = 0; Index < HandleCount; Index++) {
            ObpCopyHandle(Process, Parent, Handles[Index]);
        }
        for (ULONG Index = 0; Index < 3; Index++) {
            ObpCopyHandle(Process, Parent, Parameters->Standard[Index]);
        }
    }
    DbgkInherit(Process, Parent, Debug);
    Process->NoDebugInherit = (ProcessFlags & PSP_NO_DEBUG_INHERIT) != 0;
    Status = PspNotifyProcess(Process, Parent, PspCurrentThread(), TRUE);
    if (NT_SUCCESS(Status)) {
        Status = ObOpenObjectByPointer(Process, 0, NULL, ProcessAccess, PsProcessTypeP, KernelMode,
                                       &NewProcess);
    }
    if (NT_SUCCESS(Status)) {
        Status = ObOpenObjectByPointer(Thread, 0, NULL, ThreadAccess, PsThreadTypeP, KernelMode,
                                       &NewThread);
    }
    if ((ThreadFlags & PSP_CREATE_SUSPENDED) != 0) {
        KiSuspendThread(&Thread->Tcb, &Count);
    }
    if (!NT_SUCCESS(Status)) {
        Thread->Terminating = TRUE;
        PspTerminateThread(Thread, Status);
    }
    PspStartThread(Thread);
    if (NT_SUCCESS(Status)) {
        __try {
            *ProcessHandle = NewProcess;
            *ThreadHandle = NewThread;
            PspAnswerAttribute(AttributeList, PSP_ATTRIBUTE_CLIENT_ID, &Thread->Cid,
                               sizeof(CLIENT_ID));
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
    }
    ObDereferenceObject(Thread);
    ObDereferenceObject(Process);
Free:
    if (Debug != NULL) {
        ObDereferenceObject(Debug);
    }
    if (Named != NULL) {
        ObDereferenceObject(Named);
    }
    if (Handles != NULL) {
        ExpFree(Handles);
    }
    if (Path.Buffer != NULL) {
        ExpFree(Path.Buffer);
    }
    if (Parameters != NULL) {
        ExpFree(Parameters);
    }
    return Status;
}

NTSTATUS NTAPI
NtCreateThreadEx(PHANDLE ThreadHandle, ACCESS_MASK Access, POBJECT_ATTRIBUTES ObjectAttributes,
                 HANDLE ProcessHandle, PVOID Start, PVOID Argument, ULONG Flags, SIZE_T ZeroBits,
                 SIZE_T StackCommit, SIZE_T StackReserve, PVOID AttributeList)
{
    PEPROCESS Process;
    PETHREAD Thread;
    HANDLE Handle;
    ULONG Count, HandleFlags = 0;
    NTSTATUS Status = STATUS_SUCCESS;

    __try {
        ProbeForWrite(ThreadHandle, sizeof(HANDLE), 8);
        if (AttributeList != NULL) {
            PspProbeAttributes(AttributeList);
        }
        if (ObjectAttributes != NULL) {
            ProbeForRead(ObjectAttributes, sizeof(*ObjectAttributes), 8);
            HandleFlags = ObjectAttributes->Attributes & OBJ_INHERIT;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_CREATE_THREAD, PsProcessTypeP,
                                       KiPreviousMode(), (PVOID *)&Process, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Process->Exiting || Process->Pcb.Slice == 0) {
        Status = STATUS_PROCESS_IS_TERMINATING;
        goto Dereference;
    }
    Status = PspCreateUserThread(Process, Start, Argument, StackReserve, StackCommit, &Thread);
    if (!NT_SUCCESS(Status)) {
        goto Dereference;
    }
    Status = ObOpenObjectByPointer(Thread, HandleFlags, NULL, Access, PsThreadTypeP, KernelMode,
                                   &Handle);
    if (!NT_SUCCESS(Status)) {
        PVOID Teb = Thread->Tcb.Teb, Stack = PSP_FIELD(PSP_ALIAS(Teb), TEB_DEALLOCATION, PVOID);

        ObDereferenceObject(Thread);
        PspFreeMemory(Process, Teb);
        PspFreeMemory(Process, Stack);
        goto Dereference;
    }
    Thread->HideFromDebugger = (Flags & PSP_HIDE_FROM_DEBUGGER) != 0;
    PSP_FIELD(PSP_ALIAS(Process->Peb), PEB_THREADS, ULONG) = TRUE; /* user/ntdll/explored.c */
    if ((Flags & PSP_CREATE_SUSPENDED) != 0) {
        KiSuspendThread(&Thread->Tcb, &Count);
    }
    __try {
        *ThreadHandle = Handle;
        PspAnswerAttribute(AttributeList, PSP_ATTRIBUTE_CLIENT_ID, &Thread->Cid, sizeof(CLIENT_ID));
        PspAnswerAttribute(AttributeList, PSP_ATTRIBUTE_TEB, &Thread->Tcb.Teb, sizeof(PVOID));
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    PspStartThread(Thread);
    ObDereferenceObject(Thread);
Dereference:
    ObDereferenceObject(Process);
    return Status;
}
