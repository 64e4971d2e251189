/*
 * user.c - memory of user mode that a driver uses directly: METHOD_NEITHER, and reads and writes that are neither buffered
 * nor direct.
 *
 * While a dispatch routine has such a request, the pages of its buffers are closed, and so are those to which a pointer in
 * its input leads, of whatever method. A use by code of the driver is a fault, which comes here: the page is opened for
 * that one instruction (a single step), and closed again. After so many steps, and for a `rep movs`, it stays open until
 * the driver next calls the kernel. What is seen:
 *     in no __try                       UserBufferTry: the function tables say whether the instruction, or the call that led
 *                                       to it, lies in the scope of a handler
 *     not probed since the request came UserBufferProbe
 *     a read of what was read before    DoubleFetch, with both places; copies (memcpy) show what they read by their arguments
 * Other code (the kernel's copies, user mode itself, other threads) only finds the page open again.
 * In another process the address belongs to nobody: UserBufferProcess. [wdm: "Using Neither Buffered Nor Direct I/O",
 * ProbeForRead; DoubleFetch of the WDM rule set; nt-semantics 7.1]
 */
#include "special.h"

#define VF_ALWAYS 4096
#define VF_OFTEN  0x8000
#define VF_INNER  256 /* bytes of the input in which pointers are looked for */
#define VF_STEPS  48  /* single steps of one buffer in one request */
#define FLAG_TF   0x100ull

static ULONG64
VfFirstPage(PVF_USER Buffer)
{
    return Buffer->Start & ~(ULONG64)(PAGE_SIZE - 1);
}

static ULONG
VfPagesOf(PVF_USER Buffer)
{
    return (ULONG)((Buffer->Start + Buffer->Bytes - VfFirstPage(Buffer) + PAGE_SIZE - 1) /
                   PAGE_SIZE);
}

/* What the page's protection is while it is open, if another buffer that lies in it has closed it; else 0. */
static UCHAR
VfClosedBy(PVF_USER Than, ULONG64 Page)
{
    for (ULONG i = 0; i < VF_USERS; i++) {
        PVF_USER Buffer = &VfUsers[i];

        if (Buffer != Than && Buffer->Callout != NULL && Buffer->Process == Than->Process &&
            Page >= VfFirstPage(Buffer) && Page < Buffer->Start + Buffer->Bytes) {
            return Buffer->Protection[(Page - VfFirstPage(Buffer)) / PAGE_SIZE];
        }
    }
    return 0;
}

static VOID
VfClosePages(PVF_USER Buffer)
{
    for (ULONG i = 0; i < VfPagesOf(Buffer); i++) {
        ULONG64 At = VfFirstPage(Buffer) + (ULONG64)i * PAGE_SIZE;
        ULONG Page = HcPage(At);

        if ((Page & ABI_COMMITTED) != 0 && (Page & ABI_PROT_READ) != 0) {
            Buffer->Protection[i] =
                (UCHAR)(Page & (ABI_PROT_READ | ABI_PROT_WRITE | ABI_PROT_EXECUTE));
            HcProtect(At, PAGE_SIZE, ABI_NONE);
        } else if (Buffer->Protection[i] == 0) {
            Buffer->Protection[i] = VfClosedBy(Buffer, At);
        }
    }
    Buffer->Closed = TRUE;
}

static VOID
VfOpenPages(PVF_USER Buffer)
{
    for (ULONG i = 0; i < VfPagesOf(Buffer); i++) {
        ULONG64 At = VfFirstPage(Buffer) + (ULONG64)i * PAGE_SIZE;

        if (Buffer->Protection[i] != 0 && (HcPage(At) & ABI_COMMITTED) != 0) {
            HcProtect(At, PAGE_SIZE, Buffer->Protection[i]);
        }
    }
    Buffer->Closed = FALSE;
}

static VOID
VfWatch(PVF_CALLOUT Callout, PVOID Address, ULONG Bytes, BOOLEAN ReadOnly, BOOLEAN Inner)
{
    /* Low addresses are anybody's: what lies there says nothing of whose the buffer is. */
    if ((ULONG64)Address < ABI_SLICE_SIZE || Bytes == 0 || Bytes > VF_USER_BYTES ||
        !ABI_IS_USER(Address)) {
        return;
    }
    for (ULONG i = 0; i < VF_USERS; i++) {
        PVF_USER Buffer = &VfUsers[i];

        if (Buffer->Callout == NULL) {
            RtlZeroMemory(Buffer, sizeof(*Buffer));
            Buffer->Callout = Callout;
            Buffer->Thread = KiThread();
            Buffer->Process = PspCurrentProcess();
            Buffer->Start = (ULONG64)Address;
            Buffer->Bytes = Bytes;
            Buffer->Input = ReadOnly;
            Buffer->Inner = Inner;
            VfUserCount++;
            VfClosePages(Buffer);
            return;
        }
    }
}

/* Closing pages costs microseconds: the first requests of each kind are watched, then one in 64, in the end one in 1024. */
BOOLEAN
VfIsWorthWatching(PIO_STACK_LOCATION Stack, ULONG Kind)
{
    ULONG64 Key = (ULONG64)Stack->MajorFunction << 32 | (ULONG64)Kind << 40 |
                  (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL
                       ? Stack->Parameters.DeviceIoControl.IoControlCode
                       : 0);
    ULONG64 Count = VfSetFind(&VfWatchedCodes, Key) + 1;

    VfSetPut(&VfWatchedCodes, Key, Count);
    return Count <= VF_ALWAYS || Count % (Count <= VF_OFTEN ? 64 : 1024) == 0;
}

/* Pointers to memory of the process in the first bytes of a request's input. Bytes behind one: to the end of its page. */
static VOID
VfWatchInner(PVF_CALLOUT Callout, const VOID *Input, ULONG Bytes)
{
    const ULONG64 *Words = Input;

    for (ULONG i = 0; i < min(Bytes, VF_INNER) / 8; i++) {
        ULONG64 Address = Words[i];
        BOOLEAN Known = FALSE;

        if (Address < ABI_SLICE_SIZE || !ABI_IS_USER(Address) ||
            (HcPage(Address) & (ABI_COMMITTED | ABI_PROT_READ)) !=
                (ABI_COMMITTED | ABI_PROT_READ)) {
            continue;
        }
        for (ULONG j = 0; j < VF_USERS; j++) {
            Known = Known ||
                    (VfUsers[j].Callout == Callout && (VfUsers[j].Start ^ Address) < PAGE_SIZE);
        }
        if (!Known) {
            VfWatch(Callout, (PVOID)Address, PAGE_SIZE - (ULONG)(Address & (PAGE_SIZE - 1)), FALSE,
                    TRUE);
        }
    }
}

static BOOLEAN
VfIsReadable(const VOID *Address, ULONG Bytes)
{
    ULONG64 Wanted = ABI_COMMITTED | ABI_PROT_READ;

    return ABI_IS_USER(Address) && (ULONG64)Address >= ABI_SLICE_SIZE &&
           (HcPage((ULONG64)Address) & Wanted) == Wanted &&
           (HcPage((ULONG64)Address + Bytes - 1) & Wanted) == Wanted;
}

static VOID
VfWatchControl(PVF_CALLOUT Callout, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    ULONG Code = Stack->Parameters.DeviceIoControl.IoControlCode;
    ULONG Bytes = Stack->Parameters.DeviceIoControl.InputBufferLength;
    PVOID Input = Stack->Parameters.DeviceIoControl.Type3InputBuffer;

    if (METHOD_FROM_CTL_CODE(Code) != METHOD_NEITHER) {
        if (Bytes >= 8 && Irp->AssociatedIrp.SystemBuffer != NULL && VfIsWorthWatching(Stack, 1)) {
            VfWatchInner(Callout, Irp->AssociatedIrp.SystemBuffer, Bytes);
        }
        return;
    }
    if (!VfIsWorthWatching(Stack, 1)) {
        return;
    }
    if (Bytes >= 8 && VfIsReadable(Input, min(Bytes, VF_INNER))) {
        VfWatchInner(Callout, Input, Bytes);
    }
    VfWatch(Callout, Input, Bytes, TRUE, FALSE);
    VfWatch(Callout, Irp->UserBuffer, Stack->Parameters.DeviceIoControl.OutputBufferLength, FALSE,
            FALSE);
}

/* A dispatch routine is about to be called. */
VOID
VfUserCalled(PVF_CALLOUT Callout)
{
    PIRP Irp = (PIRP)Callout->Arg[1];
    PIO_STACK_LOCATION Stack = Callout->Stack;

    if (Irp->RequestorMode != UserMode || KiThread()->VfCallout != Callout ||
        Callout->Outer != NULL || !(VfIsOn(VfRuleUserBufferTry) || VfIsOn(VfRuleDoubleFetch))) {
        return;
    }
    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        VfWatchControl(Callout, Irp, Stack);
    } else if ((Stack->MajorFunction == IRP_MJ_READ || Stack->MajorFunction == IRP_MJ_WRITE) &&
               (Stack->DeviceObject->Flags & (DO_BUFFERED_IO | DO_DIRECT_IO)) == 0 &&
               VfIsWorthWatching(Stack, 1)) {
        VfWatch(Callout, Irp->UserBuffer, Stack->Parameters.Read.Length,
                Stack->MajorFunction == IRP_MJ_WRITE, FALSE);
    }
}

VOID
VfUserReturn(PVF_CALLOUT Callout)
{
    for (ULONG i = 0; VfUserCount != 0 && i < VF_USERS; i++) {
        if (VfUsers[i].Callout == Callout) {
            if (PspCurrentProcess() == VfUsers[i].Process) {
                VfOpenPages(&VfUsers[i]);
            }
            VfUsers[i].Callout = NULL;
            VfUserCount--;
        }
    }
}

/* The driver calls the kernel: what it uses next is a use of its own. */
VOID
VfUserBetween(VOID)
{
    for (ULONG i = 0; i < VF_USERS; i++) {
        PVF_USER Buffer = &VfUsers[i];

        if (Buffer->Callout != NULL && !Buffer->Closed && Buffer->Thread == KiThread() &&
            PspCurrentProcess() == Buffer->Process) {
            VfClosePages(Buffer);
        }
    }
}

/* Does a handler's scope hold the place? The language-specific data is that of __C_specific_handler: a count, and begin,
   end, handler and target of each scope. */
static BOOLEAN
VfInScope(ULONG64 Rip, ULONG64 Base, PRUNTIME_FUNCTION Function)
{
    PUCHAR Info = (PUCHAR)(Base + Function->UnwindData);
    ULONG Codes = Info[2], Count, Rva = (ULONG)(Rip - Base);
    PULONG Data;

    if ((Info[0] >> 3 & UNW_FLAG_EHANDLER) == 0) {
        return FALSE;
    }
    Data = (PULONG)(Info + 4 + 2 * ((Codes + 1) & ~1u));
    Count = Data[1];
    for (ULONG i = 0; i < Count && i < 256; i++) {
        const ULONG *Scope = &Data[2 + 4 * i];

        if (Rva >= Scope[0] && Rva < Scope[1] && Scope[3] != 0) {
            return TRUE; /* without a target it is a __finally */
        }
    }
    return FALSE;
}

/* Is a frame between the place and the dispatch routine's caller guarded by a __try of the driver? `Behind`: the place is
   where a call returns to. */
static BOOLEAN
VfIsGuarded(PVF_USER Buffer, PCONTEXT Context, ULONG Behind)
{
    for (ULONG i = 0; i < 32 && Context->Rip != 0 && Context->Rsp < (ULONG64)Buffer->Callout; i++) {
        ULONG64 Base = 0, Establisher, Before = Context->Rsp;
        PRUNTIME_FUNCTION Function;
        PVOID Data;

        Context->Rip = HcOriginalRip(Context->Rip);
        Function = RtlLookupFunctionEntry(Context->Rip, &Base, NULL);
        if (Function == NULL) {
            Context->Rip = *(PULONG64)Context->Rsp;
            Context->Rsp += 8;
            continue;
        }
        if (VfIsVerified((PVOID)Context->Rip) &&
            VfInScope(i == 0 ? Context->Rip - Behind : Context->Rip - 1, Base, Function)) {
            return TRUE;
        }
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, Base, Context->Rip, Function, Context, &Data,
                         &Establisher, NULL);
        if (Context->Rsp <= Before) {
            break;
        }
    }
    return FALSE;
}

/* Bytes [Address, Address + Size) are read at Place. Another place at which any of them was read before. */
static const VOID *
VfReadBefore(PVF_USER Buffer, ULONG64 Address, ULONG64 Size, const VOID *Place)
{
    const VOID *Former = NULL;

    for (ULONG i = 0; i < Buffer->Reads; i++) {
        if (Buffer->Read[i].Place != Place &&
            Address < Buffer->Read[i].Start + Buffer->Read[i].Bytes &&
            Buffer->Read[i].Start < Address + Size) {
            Former = Buffer->Read[i].Place;
        }
    }
    if (Buffer->Reads < RTL_NUMBER_OF(Buffer->Read)) {
        Buffer->Read[Buffer->Reads].Start = Address;
        Buffer->Read[Buffer->Reads].Bytes = Size;
        Buffer->Read[Buffer->Reads++].Place = Place;
    }
    return Former;
}

/* The buffer that the address lies in; else one that has closed its page. */
static PVF_USER
VfWatched(ULONG64 Address)
{
    PVF_USER Found = NULL;

    for (ULONG i = 0; VfUserCount != 0 && i < VF_USERS; i++) {
        PVF_USER Buffer = &VfUsers[i];

        if (Buffer->Callout == NULL || !Buffer->Closed) {
            continue;
        }
        if (Address - Buffer->Start < Buffer->Bytes) {
            return Buffer;
        }
        if (Address - VfFirstPage(Buffer) < (ULONG64)VfPagesOf(Buffer) * PAGE_SIZE) {
            Found = Buffer;
        }
    }
    return Found;
}

/* Prefixes of an instruction, REX among them, are passed over. */
static const UCHAR *
VfOpcode(const VOID *Rip)
{
    const UCHAR *At = Rip;

    while (*At == 0x66 || *At == 0xF2 || *At == 0xF3 || (*At & 0xF0) == 0x40) {
        At++;
    }
    return At;
}

/* Texts are read byte by byte, looked at first and then copied; what is checked of a byte is what is read then. */
static BOOLEAN
VfReadsByte(const VOID *Rip)
{
    const UCHAR *At = VfOpcode(Rip);

    return *At == 0x8A || *At == 0x80 || *At == 0x38 || *At == 0x3A || *At == 0x84 || *At == 0xF6 ||
           *At == 0xA4 || *At == 0xAC || *At == 0xA6 || *At == 0xAE ||
           (At[0] == 0x0F && (At[1] == 0xB6 || At[1] == 0xBE));
}

/* Words behind the address that the instruction may have written; 0: none is looked at. */
static ULONG
VfWordsWritten(PVF_USER Buffer, ULONG64 Address)
{
    ULONG64 End = min(Buffer->Start + Buffer->Bytes, (Address | (PAGE_SIZE - 1)) + 1);

    return (Address & 3) != 0 ? 0 : (ULONG)min((End - Address) / 4, 4);
}

/* The page is open for the instruction that has faulted, and no longer: else a second use would not be seen. */
static VOID
VfStep(PVF_USER Buffer, struct abi_trap *Raw, ULONG64 Address, BOOLEAN Write)
{
    const UCHAR *At = VfOpcode((PVOID)Raw->rip);
    BOOLEAN Copies = *At >= 0xA4 && *At <= 0xAF && *At != 0xA8 && *At != 0xA9;

    if (Buffer->Steps < VF_STEPS && !Copies && Raw->rip == Raw->original_rip &&
        (Raw->rflags & FLAG_TF) == 0) {
        Buffer->Steps++;
        Buffer->Stepping = TRUE;
        Buffer->StepAddress = Write ? Address : 0;
        if (Write) {
            RtlCopyMemory(Buffer->StepOld, (PVOID)Address,
                          4 * (SIZE_T)VfWordsWritten(Buffer, Address));
        }
        Raw->rflags |= FLAG_TF;
    }
}

/* The driver has written there itself: what did it give? */
static VOID
VfJudgeWritten(PVF_USER Buffer, struct abi_trap *Raw)
{
    const ULONG *At = (const ULONG *)Buffer->StepAddress;
    ULONG Count = At == NULL ? 0 : VfWordsWritten(Buffer, Buffer->StepAddress);

    for (ULONG i = 0; i < Count; i++) {
        if (At[i] == Buffer->StepOld[i]) {
            continue;
        }
        if (At[i] == VF_STACK32 || At[i] == VF_UNINIT32) {
            VfViolateAtTrap(
                At[i] == VF_STACK32 ? VfRuleStackUninitialized : VfRulePoolUninitialized, Raw,
                "%a gives the user at 0x%p what was never written: the user reads what "
                "was in that memory before",
                (PVOID)Raw->original_rip, &At[i]);
            return;
        }
        if (i != 0 && VF_IS_SYSTEM_HALF(At[i]) &&
            VfSetFind(&VfSent, *(const ULONG64 UNALIGNED *)&At[i - 1]) == 0) {
            VfViolateAtTrap(VfRuleKernelAddress, Raw,
                            "%a gives the user at 0x%p the value 0x%p, an address of the kernel",
                            (PVOID)Raw->original_rip, &At[i - 1], *(PVOID *)&At[i - 1]);
            return;
        }
    }
}

BOOLEAN
VfUserStep(struct abi_trap *Raw)
{
    BOOLEAN Ours = FALSE;

    for (ULONG i = 0; VfUserCount != 0 && i < VF_USERS; i++) {
        PVF_USER Buffer = &VfUsers[i];

        if (Buffer->Callout != NULL && Buffer->Stepping && Buffer->Thread == KiThread()) {
            Buffer->Stepping = FALSE;
            Ours = TRUE;
            VfJudgeWritten(Buffer, Raw);
            if (!Buffer->Closed && PspCurrentProcess() == Buffer->Process) {
                VfClosePages(Buffer);
            }
        }
    }
    return Ours;
}

/* A fault at an address of user mode. TRUE: try again. */
BOOLEAN
VfUserFault(struct abi_trap *Raw, ULONG64 Address, BOOLEAN Write)
{
    PVF_USER Buffer = VfWatched(Address);
    PVOID Rip = (PVOID)Raw->original_rip;
    const VOID *Former;
    CONTEXT Context;
    ULONG Protection;

    if (Buffer == NULL) {
        ULONG64 Slice = PspCurrentProcess()->Pcb.Slice;

        if (Raw->previous_mode == KernelMode && VfIsVerified(Rip) && Slice != 0 &&
            Address >= ABI_SLICE_SIZE && Address / ABI_SLICE_SIZE != Slice &&
            (HcPage(Address) & ABI_COMMITTED) != 0) {
            VfViolateAtTrap(VfRuleUserBufferProcess, Raw,
                            "%a uses the address 0x%p, which is memory of another process than the "
                            "current one",
                            Rip, (PVOID)Address);
        }
        return FALSE;
    }
    if (Raw->previous_mode == KernelMode && PspCurrentProcess() != Buffer->Process) {
        if (VfIsVerified(Rip)) {
            VfViolateAtTrap(VfRuleUserBufferProcess, Raw,
                            "%a uses the user's buffer 0x%p in another process than the request "
                            "came from",
                            Rip, (PVOID)Address);
        }
        return FALSE;
    }
    VfOpenPages(Buffer);
    Protection = Buffer->Protection[(Address - VfFirstPage(Buffer)) / PAGE_SIZE];
    if (Protection == 0 || (Write && !(Protection & ABI_PROT_WRITE))) {
        return FALSE; /* it is a fault without us as well */
    }
    if (Raw->previous_mode != KernelMode || KiThread() != Buffer->Thread || !VfIsVerified(Rip) ||
        Address - Buffer->Start >= Buffer->Bytes) {
        return TRUE;
    }
    KiContextOfTrap(Raw, &Context);
    if (!VfIsGuarded(Buffer, &Context, 0)) {
        VfViolateAtTrap(VfRuleUserBufferTry, Raw,
                        "%a %s the user's buffer at 0x%p outside of __try: the user can free the "
                        "memory at any time",
                        Rip, Write ? "writes to" : "reads", (PVOID)Address);
    }
    if (!Buffer->Probed) {
        VfViolateAtTrap(VfRuleUserBufferProbe, Raw,
                        "%a %s the user's buffer at 0x%p without having probed it: the address may "
                        "be the kernel's",
                        Rip, Write ? "writes to" : "reads", (PVOID)Address);
    } else if (Address >= Buffer->ProbedTo) {
        VfViolateAtTrap(VfRuleUserBufferProbe, Raw,
                        "%a %s the user's buffer at 0x%p, of which only %u bytes were probed: what "
                        "lies behind may be the kernel's",
                        Rip, Write ? "writes to" : "reads", (PVOID)Address,
                        (ULONG)(Buffer->ProbedTo - Buffer->Start));
    }
    VfStep(Buffer, Raw, Address, Write);
    if (!Write && !VfReadsByte(Rip)) {
        Former = VfReadBefore(Buffer, Address, 1, Rip);
        if (Former != NULL) {
            VfViolateAtTrap(VfRuleDoubleFetch, Raw,
                            "%a reads the user's memory at 0x%p, which was read at %a before: the "
                            "user can change it in between",
                            Rip, (PVOID)Address, Former);
        }
    }
    return TRUE;
}

static BOOLEAN
VfMeets(PVF_USER Buffer, ULONG64 Start, ULONG64 Bytes)
{
    return Buffer->Callout != NULL && Start < Buffer->Start + Buffer->Bytes &&
           Buffer->Start < Start + Bytes;
}

static VOID
VfProbed(ULONG64 Start, ULONG64 Bytes)
{
    for (ULONG i = 0; VfUserCount != 0 && i < VF_USERS; i++) {
        PVF_USER Buffer = &VfUsers[i];

        if (VfMeets(Buffer, Start, max(Bytes, 1))) {
            Buffer->Probed = TRUE;
            Buffer->ProbedTo = max(Buffer->ProbedTo, Start + Bytes);
        }
    }
}

/* ProbeForRead(Address, Length, Alignment), ProbeForWrite */
static VOID
VfProbes(PVF_FRAME Frame)
{
    VfProbed(Frame->Arg[0], Frame->Arg[1]);
}

/* The kernel has touched the pages, which has opened them. */
static ULONG64
VfTouched(PVF_FRAME Frame, ULONG64 Result)
{
    if (VfUserCount != 0) {
        VfUserBetween();
    }
    return Result;
}

/* MmProbeAndLockPages(Mdl, Mode, Operation) does as well, for what user mode has given; with KernelMode it looks at nothing. */
static VOID
VfLocksPages(PVF_FRAME Frame)
{
    PMDL Mdl = (PMDL)Frame->Arg[0];
    ULONG64 Start = (ULONG64)Mdl->StartVa + Mdl->ByteOffset;

    if ((KPROCESSOR_MODE)Frame->Arg[1] != KernelMode) {
        VfProbed(Start, Mdl->ByteCount);
    }
    for (ULONG i = 0; VfUserCount != 0 && i < VF_USERS; i++) {
        PVF_USER Buffer = &VfUsers[i];

        if (!VfMeets(Buffer, Start, Mdl->ByteCount)) {
            continue;
        }
        if (!Buffer->Probed && Buffer->Thread == KiThread()) {
            VfViolate(VfRuleUserBufferProbe, NULL, Frame,
                      "%a locks the user's buffer at 0x%p with AccessMode KernelMode and without "
                      "having probed it: the address may be the kernel's",
                      Frame->Caller, (PVOID)Start);
        }
    }
    for (ULONG i = 0; VfUserCount != 0 && i < VF_USERS; i++) {
        if (VfUsers[i].Callout != NULL && VfUsers[i].Closed &&
            PspCurrentProcess() == VfUsers[i].Process) {
            VfOpenPages(&VfUsers[i]);
        }
    }
}

/* The driver lets the kernel read or write [Start, Start + Bytes) of the buffer: the same is asked of it. */
static VOID
VfJudgeTransfer(PVF_FRAME Frame, PVF_USER Buffer, ULONG64 Start, ULONG64 Bytes, BOOLEAN Write)
{
    const char *Verb = Write ? "copies to" : "copies from";
    CONTEXT Context;

    VfContextOf(Frame, &Context);
    if (!VfIsGuarded(Buffer, &Context, 1)) {
        VfViolate(VfRuleUserBufferTry, NULL, Frame,
                  "%a %s the user's buffer at 0x%p outside of __try: the user can free the memory "
                  "at any time",
                  Frame->Caller, Verb, (PVOID)Start);
    }
    if (!Buffer->Probed) {
        VfViolate(
            VfRuleUserBufferProbe, NULL, Frame,
            "%a %s the user's buffer at 0x%p without having probed it: the address may be the "
            "kernel's",
            Frame->Caller, Verb, (PVOID)Start);
    } else if (Start + Bytes > max(Buffer->ProbedTo, Buffer->Start)) {
        VfViolate(
            VfRuleUserBufferProbe, NULL, Frame,
            "%a %s %u bytes of the user's buffer at 0x%p, of which only %u bytes were probed: "
            "what lies behind may be the kernel's",
            Frame->Caller, Verb, (ULONG)Bytes, (PVOID)Start,
            (ULONG)(Buffer->ProbedTo - Buffer->Start));
    }
}

/* memcpy(To, From, Bytes) of the driver: what it reads is known without a fault. */
static VOID
VfCopies(PVF_FRAME Frame)
{
    for (ULONG i = 0; VfUserCount != 0 && i < VF_USERS; i++) {
        PVF_USER Buffer = &VfUsers[i];

        if (Buffer->Callout == NULL || Buffer->Thread != KiThread() || Frame->Arg[2] == 0) {
            continue;
        }
        for (ULONG To = 0; To < 2; To++) {
            ULONG64 Start = Frame->Arg[1 - To];

            if (Start >= Buffer->Start && Start < Buffer->Start + Buffer->Bytes) {
                VfJudgeTransfer(Frame, Buffer, Start, Frame->Arg[2], (BOOLEAN)(1 - To == 0));
            }
        }
    }
    if (ABI_IS_USER(Frame->Arg[0]) && !ABI_IS_USER(Frame->Arg[1]) && VfUserCount != 0) {
        VfGivesTo(Frame, (const VOID *)Frame->Arg[1], Frame->Arg[2]);
    }
    for (ULONG i = 0; VfUserCount != 0 && i < VF_USERS; i++) {
        PVF_USER Buffer = &VfUsers[i];
        const VOID *Former;

        if (Buffer->Thread != KiThread() || Frame->Arg[2] == 0 ||
            !VfMeets(Buffer, Frame->Arg[1], Frame->Arg[2])) {
            continue;
        }
        Former = VfReadBefore(Buffer, Frame->Arg[1], Frame->Arg[2], Frame->Caller);
        if (Former != NULL) {
            VfViolate(VfRuleDoubleFetch, NULL, Frame,
                      "%a copies the user's memory at 0x%p, of which a part was read at %a before: "
                      "the user can change it in between",
                      Frame->Caller, (PVOID)Frame->Arg[1], Former);
        }
    }
}

VOID
VfInitUser(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(ProbeForRead, VfProbes, NULL),
        VF_HOOK(ProbeForWrite, VfProbes, VfTouched),
        VF_HOOK(MmProbeAndLockPages, VfLocksPages, NULL),
        VF_HOOK(memcpy, VfCopies, VfTouched),
        VF_HOOK(memmove, VfCopies, VfTouched),
        VF_HOOK(RtlCopyMemory, VfCopies, VfTouched),
        VF_HOOK(RtlMoveMemory, VfCopies, VfTouched),
    };

    VF_ADD_HOOKS(Rows);
}
