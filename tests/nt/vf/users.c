/*
 * users.c - how a driver may use memory of user mode (METHOD_NEITHER): random uses, against a model of what is wrong with them.
 *
 * Each request is some steps: a probe of so many bytes, a read, a copy, a write. The model knows what was probed and what was read before.
 * Each request has a routine of its own, in a __try or not, for a rule is told once for each place. `judged: ROUTINE RULE`: judged.py.
 * [wdm: "Using Neither Buffered Nor Direct I/O", "Buffer handling"; DDI ProbeForRead; docs/rules: UserBufferTry, UserBufferProbe, DoubleFetch]
 */
#include <ntifs.h>
#include "numbered.h"
#include "users.h"
#define DEVICE L"JudgedUsers"
#include "judged.h"

#define SEED 20231
#include "../draw.h"

enum { PROBE, READ, READ_AGAIN, READ_BYTE, COPY, WRITE, GIVE, STEP_KINDS };

typedef struct _STEP {
    UCHAR Kind, Offset, Bytes;
} STEP;

#define STEPS 4
typedef struct _CASE {
    BOOLEAN Guarded;
    STEP Step[STEPS];
} CASE;

static CASE Case[REQUESTS];
static volatile ULONG Sink;

static inline __attribute__((always_inline)) VOID
Use(const CASE *This, PUCHAR Input, PUCHAR Output)
{
    UCHAR Local[BUFFER];

    for (ULONG i = 0; i < BUFFER; i++) {
        *(volatile UCHAR *)&Local[i] = 0x11;
    }
    for (ULONG i = 0; i < STEPS; i++) {
        const STEP *Step = &This->Step[i];

        switch (Step->Kind) {
        case PROBE:
            ProbeForRead(Input, Step->Bytes, 1);
            ProbeForRead(Output, Step->Bytes, 1);
            break;
        case READ:
            __asm__ volatile("movl (%1), %0" : "=r"(Sink) : "r"(Input + Step->Offset) : "memory");
            break;
        case READ_AGAIN:
            __asm__ volatile("movl (%1), %0" : "=r"(Sink) : "r"(Input + Step->Offset) : "memory");
            break;
        case READ_BYTE:
            __asm__ volatile("movzbl (%1), %0" : "=r"(Sink) : "r"(Input + Step->Offset) : "memory");
            break;
        case COPY:
            RtlCopyMemory(Local, Input + Step->Offset, Step->Bytes);
            break;
        case WRITE:
            __asm__ volatile("movl %0, (%1)"
                             :
                             : "r"(0x11111111), "r"(Output + Step->Offset)
                             : "memory");
            break;
        case GIVE:
            RtlCopyMemory(Output + Step->Offset, Local, Step->Bytes);
            break;
        }
    }
}

#define ONE(n)                                                                                     \
    __attribute__((noinline)) static VOID U##n(PUCHAR Input, PUCHAR Output)                        \
    {                                                                                              \
        Use(&Case[1##n - 100], Input, Output);                                                     \
    }
#define NAME(n) {"U" #n, U##n},
#define ALL(x)  x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9)
ALL(TEN)
static const struct {
    const char *Name;
    VOID (*Routine)(PUCHAR Input, PUCHAR Output);
} Routines[REQUESTS] = {ALL(NAMES)};

/* ---- the model ---- */

static VOID
Judge(ULONG Number)
{
    const CASE *This = &Case[Number];
    ULONG Probed = 0; /* bytes of both buffers; 0: none */
    UCHAR ReadBy[BUFFER] = {
        0}; /* the kind of step that has read it, and 1; a copy reads all of its bytes, a load is known by its first */

    for (ULONG i = 0; i < STEPS; i++) {
        const STEP *Step = &This->Step[i];
        ULONG Bytes = Step->Kind == COPY || Step->Kind == GIVE ? Step->Bytes : 1;

        if (Step->Kind == PROBE) {
            Probed = max(Probed, Step->Bytes);
            continue;
        }
        if (!This->Guarded) {
            DbgPrint("judged: %s UserBufferTry\n", Routines[Number].Name);
        }
        if (Step->Offset + Bytes > Probed) {
            DbgPrint("judged: %s UserBufferProbe\n", Routines[Number].Name);
        }
        if (Step->Kind == READ || Step->Kind == READ_AGAIN || Step->Kind == COPY) {
            for (ULONG k = Step->Offset; k < Step->Offset + Bytes; k++) {
                if (ReadBy[k] != 0 && ReadBy[k] != Step->Kind) {
                    DbgPrint("judged: %s DoubleFetch\n", Routines[Number].Name);
                }
                ReadBy[k] = Step->Kind;
            }
        }
    }
}

static VOID
Fill(VOID)
{
    for (ULONG i = 0; i < REQUESTS; i++) {
        Case[i].Guarded = Any(2) == 0;
        for (ULONG k = 0; k < STEPS; k++) {
            STEP *Step = &Case[i].Step[k];

            Step->Kind = (UCHAR)(k == 0 && Any(4) != 0 ? PROBE : Any(STEP_KINDS));
            Step->Offset = (UCHAR)(4 * Any(BUFFER / 4));
            Step->Bytes =
                (UCHAR)(Step->Kind == PROBE ? 1 + Any(BUFFER) : 1 + Any(BUFFER - Step->Offset));
        }
    }
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Number = NumberOf(Stack);
    PUCHAR Input, Output = Irp->UserBuffer;

    if (Number < REQUESTS) {
        Input = Stack->Parameters.DeviceIoControl.Type3InputBuffer;
        Judge(Number);
        if (Case[Number].Guarded) {
            __try {
                Routines[Number].Routine(Input, Output);
            } __except (EXCEPTION_EXECUTE_HANDLER) {
                DbgPrint("judged: raised\n");
            }
        } else {
            Routines[Number].Routine(Input, Output);
        }
        SayWhetherLast(Number);
    }
    return Complete(Irp);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    Fill();
    return MakeDevice(Driver, Dispatch, DeleteDevice);
}
