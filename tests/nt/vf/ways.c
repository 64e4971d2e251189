/*
 * ways.c - the ways on which an address of user mode comes to a driver, and who guards its use: random requests, against a model.
 *
 * The address is the request's buffer, that of a read or a write, or a word of its input, of whatever method; the buffers lie in one page or in several. It is used by loads and
 * stores of all widths, copies and MDLs, probed wholly, in part or not; a __try stands in one of the functions on the way, or only seems to. What is stored may be
 * what was never written, or an address of the kernel. `judged: ROUTINE RULE`: judged.py.
 * [wdm: "Using Neither Buffered Nor Direct I/O", "Buffer handling", MmProbeAndLockPages; x64 exception handling: scope tables; docs/rules: UserBuffer...]
 */
#include <ntifs.h>
#include "numbered.h"
#include "ways.h"
#define DEVICE L"JudgedWays"
#include "judged.h"

static PUCHAR Region;
static HANDLE Child;
static PEPROCESS Attached;
static KAPC_STATE ApcState;
static PULONG Never; /* a block that nobody writes to */
static ULONG Reads;  /* which request the next read or write is */

typedef struct _WORDS {
    ULONG Word[4];
} WORDS;

static WORDS
Stored(const STEP *Step, const ULONG *OfStack)
{
    WORDS Words = {{0x11111111, 0x11111111, 0x11111111, 0x11111111}};

    if (Step->Value == OF_POOL) {
        Words.Word[Step->Index] = *(volatile ULONG *)Never;
    } else if (Step->Value == OF_STACK) {
        Words.Word[Step->Index] = *(const volatile ULONG *)OfStack;
    } else if (Step->Value == ADDRESS) {
        *(ULONG64 UNALIGNED *)&Words.Word[Step->Index] = (ULONG64)&Region;
    }
    return Words;
}

static inline __attribute__((always_inline)) VOID
LoadByte(PUCHAR At, ULONG Way)
{
    UCHAR Local[2] = {0};

    switch (Way) {
    case 0:
        __asm__ volatile("movzbl (%0), %%eax" : : "r"(At) : "rax", "memory");
        break;
    case 1:
        __asm__ volatile("movsbl (%0), %%eax" : : "r"(At) : "rax", "memory");
        break;
    case 2:
        __asm__ volatile("movb (%0), %%al" : : "r"(At) : "rax", "memory");
        break;
    case 3:
        __asm__ volatile("cmpb $0, (%0)" : : "r"(At) : "cc", "memory");
        break;
    case 4:
        __asm__ volatile("cmpb %%al, (%0)" : : "r"(At) : "cc", "memory");
        break;
    case 5:
        __asm__ volatile("cmpb (%0), %%al" : : "r"(At) : "cc", "memory");
        break;
    case 6:
        __asm__ volatile("testb %%al, (%0)" : : "r"(At) : "cc", "memory");
        break;
    case 7:
        __asm__ volatile("testb $1, (%0)" : : "r"(At) : "cc", "memory");
        break;
    case 8:
        __asm__ volatile("lodsb" : "+S"(At) : : "rax", "memory");
        break;
    case 9:
        __asm__ volatile("scasb" : "+D"(At) : : "cc", "memory");
        break;
    case 10:
        __asm__ volatile("cmpsb" : "+S"(At) : "D"(Local) : "cc", "memory");
        break;
    case 11:
        __asm__ volatile("movsb" : "+S"(At) : "D"(Local) : "memory");
        break;
    }
    (void)KeQueryPriorityThread(
        KeGetCurrentThread()); /* the string instructions have left the page open */
}

static inline __attribute__((always_inline)) VOID
Use(const CASE *This, PUCHAR First, PUCHAR Second)
{
    struct {
        ULONG Never[16];
        UCHAR Above[512]; /* what called us has left something there */
    } Local;
    UCHAR Copy[128];
    PVOID From, To;
    SIZE_T Count;

    __asm__ volatile("" : : "r"(&Local) : "memory");
    for (ULONG i = 0; i < sizeof(Copy); i++) {
        *(volatile UCHAR *)&Copy[i] = 0x11;
    }
#pragma clang loop unroll(disable)
    for (ULONG i = 0; i < STEPS; i++) {
        const STEP *Step = &This->Step[i];
        PUCHAR At = (Step->Out ? Second : First) + Step->Offset;
        WORDS Words = {{0}};

        if (Step->Kind >= STORE4 && Step->Kind <= STORE16) {
            Words = Stored(Step, Local.Never);
        }
        switch (Step->Kind) {
        case PROBE:
            ProbeForRead(At, Step->Bytes, 1);
            break;
        case CALL:
            (void)KeQueryPriorityThread(KeGetCurrentThread());
            break;
        case LOAD:
            __asm__ volatile("movl (%0), %%eax" : : "r"(At) : "rax", "memory");
            break;
        case COMPARE:
            __asm__ volatile("cmpl $0, (%0)" : : "r"(At) : "cc", "memory");
            break;
        case LOAD16:
            __asm__ volatile("movups (%0), %%xmm1" : : "r"(At) : "xmm1", "memory");
            break;
        case MOVE:
            From = At;
            To = Copy;
            Count = 1;
            __asm__ volatile("rep movsl" : "+S"(From), "+D"(To), "+c"(Count) : : "memory");
            (void)KeQueryPriorityThread(KeGetCurrentThread());
            break;
        case BYTES:
            LoadByte(At, Step->Bytes % 12);
            break;
        case COPY_IN:
            RtlCopyMemory(Copy, At, Step->Bytes);
            break;
        case COPY_OUT:
            RtlCopyMemory(At, Copy, Step->Bytes);
            break;
        case STORE4:
            __asm__ volatile("movl %0, (%1)" : : "r"(Words.Word[0]), "r"(At) : "memory");
            break;
        case STORE8:
            __asm__ volatile("movq %0, (%1)" : : "r"(*(PULONG64)&Words), "r"(At) : "memory");
            break;
        case STORE16:
            __asm__ volatile("movups %0, %%xmm1\n\tmovups %%xmm1, (%1)"
                             :
                             : "m"(Words), "r"(At)
                             : "xmm1", "memory");
            break;
        case LOCK_USER:
        case LOCK_KERNEL: {
            PMDL Mdl = IoAllocateMdl(At, Step->Bytes, FALSE, FALSE, NULL);

            MmProbeAndLockPages(Mdl, Step->Kind == LOCK_USER ? UserMode : KernelMode, IoReadAccess);
            MmUnlockPages(Mdl);
            IoFreeMdl(Mdl);
            break;
        }
        case ATTACH:
            (void)PsLookupProcessByProcessId(Child, &Attached);
            KeStackAttachProcess((PKPROCESS)Attached, &ApcState);
            __asm__ volatile("movl (%0), %%eax" : : "r"(At) : "rax", "memory");
            break;
        }
    }
}

#define ONE(n)                                                                                     \
    __attribute__((noinline)) static VOID W##n(PUCHAR First, PUCHAR Second)                        \
    {                                                                                              \
        Use(&Case[1##n - 100], First, Second);                                                     \
    }
#define NAME(n) {"W" #n, W##n},
#define ALL(x)  x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9)
ALL(TEN)
static const struct {
    const char *Name;
    VOID (*Routine)(PUCHAR First, PUCHAR Second);
} Routines[REQUESTS] = {ALL(NAMES)};

/* ---- who guards it ---- */

static int
Raised(VOID)
{
    if (Attached != NULL) {
        KeUnstackDetachProcess(&ApcState);
        ObDereferenceObject(Attached);
        Attached = NULL;
    }
    return EXCEPTION_EXECUTE_HANDLER;
}

static volatile ULONG Spent;

__attribute__((noinline)) static VOID
Other(VOID)
{
    Spent++;
}

__attribute__((noinline)) static VOID
Plainly(ULONG Number, PUCHAR First, PUCHAR Second)
{
    Routines[Number].Routine(First, Second);
    Spent++;
}

__attribute__((noinline)) static VOID
Farther(ULONG Number, PUCHAR First, PUCHAR Second)
{
    Plainly(Number, First, Second);
    Spent++;
}

__attribute__((noinline)) static VOID
InMiddle(ULONG Number, PUCHAR First, PUCHAR Second)
{
    __try {
        Plainly(Number, First, Second);
    } __except (Raised()) {
        Spent++;
    }
}

__attribute__((noinline)) static VOID
InFinally(ULONG Number, PUCHAR First, PUCHAR Second)
{
    __try {
        Plainly(Number, First, Second);
    } __finally {
        Spent++;
    }
}

__attribute__((noinline)) static VOID
Beside(ULONG Number, PUCHAR First, PUCHAR Second)
{
    __try {
        Other();
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Spent++;
    }
    Routines[Number].Routine(First, Second);
    __try {
        Other();
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Spent++;
    }
}

__attribute__((noinline)) static VOID
InSecond(ULONG Number, PUCHAR First, PUCHAR Second)
{
    __try {
        Other();
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Spent++;
    }
    __try {
        Routines[Number].Routine(First, Second);
    } __except (Raised()) {
        Spent++;
    }
}

static VOID
Guarded(ULONG Number, PUCHAR First, PUCHAR Second)
{
    switch (Case[Number].Guard) {
    case UNGUARDED:
        Plainly(Number, First, Second);
        break;
    case CALLER:
        __try {
            Routines[Number].Routine(First, Second);
        } __except (Raised()) {
            Spent++;
        }
        break;
    case MIDDLE:
        InMiddle(Number, First, Second);
        break;
    case DEEP:
        __try {
            Farther(Number, First, Second);
        } __except (Raised()) {
            Spent++;
        }
        break;
    case FINALLY:
        InFinally(Number, First, Second);
        break;
    case FINALLY_IN:
        __try {
            InFinally(Number, First, Second);
        } __except (Raised()) {
            Spent++;
        }
        break;
    case BESIDE:
        Beside(Number, First, Second);
        break;
    case SECOND:
        InSecond(Number, First, Second);
        break;
    }
}

/* ---- the edges of a scope: [A, B) is guarded by what its entry says, and the load is at L ---- */

#define EDGE(Name, Prologue, Epilogue, Body, Handler)                                              \
    __asm__(".text\n.globl " #Name "\n.def " #Name "; .scl 2; .type 32; .endef\n.p2align 4\n"      \
            ".seh_proc " #Name "\n" #Name ":\n" Prologue ".seh_endprologue\n" Body Epilogue        \
            "ret\n" Handler ".seh_endproc\n");                                                     \
    VOID Name(PVOID At);
#define ONE_CODE            "subq $40, %rsp\n.seh_stackalloc 40\n"
#define ONE_END             "addq $40, %rsp\n"
#define TWO_CODES           "pushq %rbx\n.seh_pushreg %rbx\nsubq $32, %rsp\n.seh_stackalloc 32\n"
#define TWO_END             "addq $32, %rsp\npopq %rbx\n"
#define USE                 "movl (%rcx), %eax\n"
#define SCOPE(A, B, Target) ".long " A "@IMGREL\n.long " B "@IMGREL\n.long 1\n.long " Target "\n"
#define ONE_SCOPE(A, B, Target)                                                                    \
    ".seh_handler __C_specific_handler, @except\n.seh_handlerdata\n.long 1\n" SCOPE(               \
        A, B, Target) ".text\n"

EDGE(E0, ONE_CODE, ONE_END, USE ".LA0: nop\n.LB0: nop\n", ONE_SCOPE(".LA0", ".LB0", ".LB0@IMGREL"))
EDGE(E1, ONE_CODE, ONE_END, ".LA1: " USE "nop\n.LB1: nop\n",
     ONE_SCOPE(".LA1", ".LB1", ".LB1@IMGREL"))
EDGE(E2, TWO_CODES, TWO_END, ".LA2: nop\n" USE ".LB2: nop\n",
     ONE_SCOPE(".LA2", ".LB2", ".LB2@IMGREL"))
EDGE(E3, TWO_CODES, TWO_END, ".LA3: nop\n.LB3: " USE, ONE_SCOPE(".LA3", ".LB3", ".LB3@IMGREL"))
EDGE(E4, ONE_CODE, ONE_END, ".LA4: nop\n" USE ".LB4: nop\n", ONE_SCOPE(".LA4", ".LB4", "0"))
#define TWO_SCOPES(n)                                                                              \
    ".seh_handler __C_specific_handler, @except\n.seh_handlerdata\n.long 2\n" SCOPE(               \
        ".LA" #n, ".LB" #n, ".LD" #n "@IMGREL")                                                    \
        SCOPE(".LC" #n, ".LD" #n, ".LD" #n "@IMGREL") ".text\n"
EDGE(E5, TWO_CODES, TWO_END, ".LA5: nop\n.LB5: nop\n.LC5: " USE ".LD5: nop\n", TWO_SCOPES(5))
EDGE(E6, TWO_CODES, TWO_END, ".LA6: nop\n.LB6: nop\n" USE ".LC6: nop\n.LD6: nop\n", TWO_SCOPES(6))
EDGE(E7, ONE_CODE, ONE_END, ".LA7: nop\n" USE ".LB7: nop\n",
     ".seh_handler __C_specific_handler, @unwind\n.seh_handlerdata\n.long 1\n" SCOPE(
         ".LA7", ".LB7", ".LB7@IMGREL") ".text\n")
EDGE(E13, ONE_CODE, ONE_END, USE, "")

/* Without unwind data: its caller is where it returns to. */
#define LEAF(Name)                                                                                 \
    __asm__(".text\n.globl " #Name "\n.def " #Name                                                 \
            "; .scl 2; .type 32; .endef\n.p2align 4\n" #Name ":\n" USE "ret\n");                   \
    VOID Name(PVOID At);
LEAF(E8)
LEAF(E9)
LEAF(E10)
LEAF(E11)
LEAF(E12)
EDGE(Calls10, ONE_CODE, ONE_END, ".LA10: call E10\n.LB10: nop\n",
     ONE_SCOPE(".LA10", ".LB10", ".LB10@IMGREL"))
EDGE(Calls11, TWO_CODES, TWO_END, ".LA11: nop\n.LB11: call E11\nnop\n",
     ONE_SCOPE(".LA11", ".LB11", ".LB11@IMGREL"))
EDGE(Calls12, ONE_CODE, ONE_END, "call E12\n.LA12: nop\n.LB12: nop\n",
     ONE_SCOPE(".LA12", ".LB12", ".LB12@IMGREL"))

static const struct {
    const char *Name;
    VOID (*Routine)(PVOID At);
    BOOLEAN Guarded;
} Edges[EDGES] = {{"E0", E0, FALSE},       {"E1", E1, TRUE},       {"E2", E2, TRUE},
                  {"E3", E3, FALSE},       {"E4", E4, FALSE},      {"E5", E5, TRUE},
                  {"E6", E6, FALSE},       {"E7", E7, FALSE},      {"E8", E8, FALSE},
                  {"E9", E9, TRUE},        {"E10", Calls10, TRUE}, {"E11", Calls11, FALSE},
                  {"E12", Calls12, FALSE}, {"E13", E13, FALSE}};

static VOID
ActEdge(ULONG Edge, PUCHAR At)
{
    if (Edge == 9) {
        __try {
            ProbeForRead(At, 4, 1);
            Edges[Edge].Routine(At);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Spent++;
        }
        return;
    }
    ProbeForRead(At, 4, 1);
    Edges[Edge].Routine(At);
    Spent++;
}

/* ---- the model ---- */

typedef struct _BUFFER { /* what of the user's memory the verifier knows to be a buffer */
    BOOLEAN Known, Probed;
    ULONG Start, End, ProbedTo;
    UCHAR ReadBy
        [128]; /* by its bytes: the kind of step that has read it; a copy reads all of its bytes, a load is known by its first */
} BUFFER;

static VOID
Say(ULONG Number, const char *Rule)
{
    DbgPrint("judged: %s %s\n", Routines[Number].Name, Rule);
}

static VOID
JudgeUse(ULONG Number, const BUFFER *Buffer, ULONG At, ULONG Bytes)
{
    UCHAR Guard = Case[Number].Guard;

    if (Guard == UNGUARDED || Guard == FINALLY || Guard == BESIDE) {
        Say(Number, "UserBufferTry");
    }
    if (!Buffer->Probed || At + Bytes > max(Buffer->ProbedTo, Buffer->Start)) {
        Say(Number, "UserBufferProbe");
    }
}

static VOID
JudgeRead(ULONG Number, BUFFER *Buffer, UCHAR Kind, ULONG At, ULONG Bytes)
{
    for (ULONG i = At; i < At + Bytes; i++) {
        PUCHAR By = &Buffer->ReadBy[i - Case[Number].Start[Case[Number].Start[1] == Buffer->Start]];

        if (*By != 0 && *By != Kind) {
            Say(Number, "DoubleFetch");
        }
        *By = Kind;
    }
}

static VOID
JudgeStore(ULONG Number, const STEP *Step, const BUFFER *Buffer, ULONG At)
{
    ULONG End = min(Buffer->End, (At | 0xFFF) + 1);
    ULONG Words = (At & 3) != 0 ? 0 : (End - At) / 4;

    if (Step->Value == OF_POOL && Step->Index < Words) {
        Say(Number, "PoolUninitialized");
    } else if (Step->Value == OF_STACK && Step->Index < Words) {
        Say(Number, "StackUninitialized");
    } else if (Step->Value == ADDRESS && Step->Index + 1u < Words) {
        Say(Number, "KernelAddress");
    }
}

static VOID
Probe(BUFFER *Buffers, ULONG Start, ULONG Bytes)
{
    for (ULONG i = 0; i < 2; i++) {
        if (Buffers[i].Known && Start < Buffers[i].End &&
            Buffers[i].Start < Start + max(Bytes, 1)) {
            Buffers[i].Probed = TRUE;
            Buffers[i].ProbedTo = max(Buffers[i].ProbedTo, Start + Bytes);
        }
    }
}

static VOID
MakeBuffers(const CASE *This, BUFFER *Buffers)
{
    ULONG Seen = min(This->Input, 256);

    for (ULONG i = 0; i < 2; i++) {
        Buffers[i].Start = This->Start[i];
        Buffers[i].End = This->Start[i] + This->Bytes[i];
        Buffers[i].Known = i == 0 ? This->Protection != NO_ACCESS : This->Carrier == TYPE3;
    }
    if (IsInner(This) && Buffers[0].Known) {
        Buffers[0].Known = 8u * This->Word + 8 <= Seen;
        if (This->Other != NO_WORD && 8u * This->Other + 8 <= Seen) {
            Buffers[0].Known = TRUE;
            Buffers[0].Start -= 8;
        }
    }
}

static VOID
Judge(ULONG Number)
{
    const CASE *This = &Case[Number];
    BUFFER Buffers[2];

    RtlZeroMemory(Buffers, sizeof(Buffers));
    MakeBuffers(This, Buffers);
    for (ULONG i = 0; i < STEPS; i++) {
        const STEP *Step = &This->Step[i];
        BUFFER *Buffer = &Buffers[Step->Out];
        ULONG At = This->Start[Step->Out] + (ULONG)(LONG)Step->Offset;
        BOOLEAN Writes = Step->Kind >= STORE4 && Step->Kind <= STORE16;
        ULONG Bytes = Step->Kind == COPY_IN || Step->Kind == COPY_OUT ? Step->Bytes : 1;

        if (Step->Kind == CALL) {
            continue;
        }
        if (At >= 0x1000 * PAGE_RO &&
            (This->Protection == NO_ACCESS || (This->Protection != RW && Writes))) {
            return; /* it raises */
        }
        if (Step->Kind == PROBE || Step->Kind == LOCK_USER) {
            Probe(Buffers, At, Step->Bytes);
        } else if (Step->Kind == ATTACH) {
            Say(Number, "UserBufferProcess");
            return;
        } else if (!Buffer->Known) {
            continue;
        } else if (Step->Kind == LOCK_KERNEL) {
            if (!Buffer->Probed) {
                Say(Number, "UserBufferProbe");
            }
        } else {
            JudgeUse(Number, Buffer, At, Bytes);
            if (Writes) {
                JudgeStore(Number, Step, Buffer, At);
            } else if (Step->Kind != BYTES && Step->Kind != COPY_OUT) {
                JudgeRead(Number, Buffer, Step->Kind, At, Bytes);
            }
        }
    }
}

/* ---- */

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Number = NumberOf(Stack);

    if (Stack->MajorFunction == IRP_MJ_READ || Stack->MajorFunction == IRP_MJ_WRITE) {
        while (Case[Reads].Carrier != READ && Case[Reads].Carrier != WRITE) {
            Reads++;
        }
        Number = Reads++;
    }
    if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL && Number == REQUESTS) {
        Region = ((PUCHAR *)Irp->AssociatedIrp.SystemBuffer)[0];
        Child = ((PHANDLE)Irp->AssociatedIrp.SystemBuffer)[1];
    } else if (Number >= DRAWN && Number < REQUESTS) {
        ActEdge(Number - DRAWN, Stack->Parameters.DeviceIoControl.Type3InputBuffer);
        SayWhetherLast(Number);
    } else if (Number < DRAWN) {
        Guarded(Number, Region + Case[Number].Start[0], Region + Case[Number].Start[1]);
    }
    return Complete(Irp);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    ExFreePoolWithTag(Never, 'yaWJ');
    DeleteDevice(Driver);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    MakeUp();
    for (ULONG i = 0; i < DRAWN; i++) {
        Judge(i); /* here: what a call leaves on the stack is not what was never written */
    }
    for (ULONG i = 0; i < EDGES; i++) {
        if (!Edges[i].Guarded) {
            DbgPrint("judged: %s UserBufferTry\n", Edges[i].Name);
        }
    }
    Never = ExAllocatePoolWithTag(NonPagedPoolNx, 64, 'yaWJ');
    return MakeDevice(Driver, Dispatch, Unload);
}
