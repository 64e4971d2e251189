/*
 * given.c - what a program without rights may choose: ports, registers, physical memory, processes and names that stand in its request, or beside
 * it, against a model of what of it the driver must not use.
 *
 * A number of 32 bits or 64 stands in the first 512 bytes at a multiple of four, a port at one of two, a name anywhere in the first 2048. Each request has a
 * routine of its own, for a rule is told once for each place. `judged: ROUTINE RULE`: judged.py.
 * [docs/rules: UserPort, UserRegister, UserPhysicalAddress, UserProcessOpened, UserProcessEnded, UserNameOpened]
 */
#include <ntifs.h>
#include "numbered.h"
#include "given.h"
#define DEVICE L"JudgedGiven"
#include "judged.h"

NTSYSAPI NTSTATUS NTAPI ZwTerminateProcess(HANDLE, NTSTATUS);
NTSYSAPI NTSTATUS NTAPI ZwDeleteFile(POBJECT_ATTRIBUTES);
typedef struct {
    ULONG64 Address;
} COPY_ADDRESS;
NTKERNELAPI NTSTATUS NTAPI MmCopyMemory(PVOID, COPY_ADDRESS, SIZE_T, ULONG, PSIZE_T);

static ULONG64 Victim, Client; /* processes */
static HANDLE Physical, Section;
static ULONG Target;
static volatile SIZE_T Nothing;

/* What a process's case names: another process or the program itself. */
static ULONG64
Process(const CASE *This)
{
    return This->Other ? Victim : Client;
}

static VOID
NameOf(const CASE *This, PWCHAR Name)
{
    for (ULONG i = 0; i < This->Width; i++) {
        Name[i] = (WCHAR)(i == 0 ? L'\\' : L'a' + (This->Number + i) % 20);
    }
    Name[This->Width] = 0;
}

static inline __attribute__((always_inline)) VOID
Act(const CASE *This)
{
    ULONG Attributes =
        (This->Flags & 1 ? OBJ_KERNEL_HANDLE : 0) | (This->Flags & 2 ? OBJ_FORCE_ACCESS_CHECK : 0);
    OBJECT_ATTRIBUTES Of;
    UNICODE_STRING String;
    WCHAR Name[40];
    IO_STATUS_BLOCK Iosb;
    CLIENT_ID Id = {0};
    LARGE_INTEGER Offset;
    SIZE_T Bytes = 0x1000;
    PVOID Base = NULL, Object;
    HANDLE Handle = NULL;
    ULONG Low, High;

    __try {
        switch (This->Kind) {
        case PORT_READ:
            __asm__ volatile("inl %w1, %0" : "=a"(Low) : "d"((USHORT)This->Number));
            break;
        case PORT_WRITE:
            __asm__ volatile("outb %b0, %w1" : : "a"(0), "d"((USHORT)This->Number));
            break;
        case REGISTER_READ:
            __asm__ volatile("rdmsr" : "=a"(Low), "=d"(High) : "c"((ULONG)This->Number));
            break;
        case REGISTER_WRITE:
            __asm__ volatile("wrmsr" : : "a"(0), "d"(0), "c"((ULONG)This->Number));
            break;
        case MAPPED:
            Base = MmMapIoSpace((PHYSICAL_ADDRESS){.QuadPart = (LONG64)This->Number}, 0x1000,
                                MmNonCached);
            if (Base != NULL) {
                MmUnmapIoSpace(Base, 0x1000);
            }
            break;
        case COPIED:
        case COPIED_VIRTUAL:
            MmCopyMemory(&Target, (COPY_ADDRESS){This->Number}, sizeof(Target),
                         This->Kind == COPIED ? 1 : 2, &Bytes);
            break;
        case COPIED_NOTHING:
            RtlCopyMemory(&Target, (PVOID)(0xFFFF900000000000 + This->Number), Nothing);
            break;
        case VIEW:
        case OTHER_VIEW:
            Offset.QuadPart = (LONG64)This->Number + (This->Flags & 1 ? 0x1000 : 0);
            ZwMapViewOfSection(This->Kind == VIEW ? Physical : Section, ZwCurrentProcess(), &Base,
                               0, 0, &Offset, &Bytes, ViewUnmap, 0, PAGE_READWRITE);
            if (Base != NULL) {
                ZwUnmapViewOfSection(ZwCurrentProcess(), Base);
            }
            break;
        case OPENED:
            InitializeObjectAttributes(&Of, NULL, Attributes, NULL, NULL);
            Id.UniqueProcess = (HANDLE)Process(This);
            ZwOpenProcess(&Handle, This->Access, &Of, &Id);
            break;
        case POINTED:
            if (NT_SUCCESS(
                    PsLookupProcessByProcessId((HANDLE)Process(This), (PEPROCESS *)&Object))) {
                ObOpenObjectByPointer(Object, Attributes, NULL, This->Access, *PsProcessType,
                                      This->Number == 1ull << 40 ? UserMode : KernelMode, &Handle);
                ObDereferenceObject(Object);
            }
            break;
        case ENDED:
            InitializeObjectAttributes(&Of, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
            Id.UniqueProcess = (HANDLE)Process(This);
            if (NT_SUCCESS(ZwOpenProcess(&Handle, 1 /* PROCESS_TERMINATE */, &Of, &Id)) &&
                This->Other) {
                ZwTerminateProcess(Handle, STATUS_SUCCESS);
            }
            break;
        default:
            NameOf(This, Name);
            RtlInitUnicodeString(&String, Name);
            InitializeObjectAttributes(&Of, &String, Attributes, NULL, NULL);
            if (This->Kind == FILE_OPEN_NAMED) {
                ZwOpenFile(&Handle, GENERIC_READ, &Of, &Iosb, 0, 0);
            } else if (This->Kind == FILE_ENDED) {
                ZwDeleteFile(&Of);
            } else if (This->Kind == FILE_MADE) {
                IoCreateFile(&Handle, GENERIC_READ, &Of, &Iosb, NULL, 0, 0, FILE_OPEN, 0, NULL, 0,
                             CreateFileTypeNone, NULL, This->Other ? IO_FORCE_ACCESS_CHECK : 0);
            } else {
                ZwOpenKey(&Handle, KEY_READ, &Of);
            }
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
    if (Handle != NULL) {
        ZwClose(Handle);
    }
}

#define ONE(n)                                                                                     \
    __attribute__((noinline)) static VOID G##n(VOID)                                               \
    {                                                                                              \
        Act(&Case[1##n - 1000]);                                                                   \
    }
#define NAME(n)    {"G" #n, G##n},
#define TENS(x, n) x(n##0) x(n##1) x(n##2) x(n##3) x(n##4) x(n##5) x(n##6) x(n##7) x(n##8) x(n##9)
TENS(TEN, 0)
TENS(TEN, 1)
TENS(TEN, 2)
TENS(TEN, 3)
static const struct {
    const char *Name;
    VOID (*Routine)(VOID);
} Routines[REQUESTS] = {TENS(NAMES, 0) TENS(NAMES, 1) TENS(NAMES, 2) TENS(NAMES, 3)};

/* ---- the model ---- */

static BOOLEAN
Stands(const UCHAR *Input, ULONG Bytes, ULONG Step, ULONG Size, ULONG64 From, ULONG64 To)
{
    for (ULONG i = 0; i < 512 && i + Size <= Bytes; i += Step) {
        ULONG64 Value = 0;

        RtlCopyMemory(&Value, Input + i, Size);
        if (i + min(Step, 4) <= 512 && Value >= From && Value <= To) {
            return TRUE;
        }
    }
    return FALSE;
}

static BOOLEAN
NumberStands(const UCHAR *Input, ULONG Bytes, ULONG64 From, ULONG64 To)
{
    return Stands(Input, Bytes, 4, 8, From, To) ||
           (To <= MAXULONG && Stands(Input, Bytes, 4, 4, From, To));
}

static BOOLEAN
NameStands(const CASE *This, const UCHAR *Input)
{
    ULONG Bytes = min(This->Bytes, 2048), Count = min(This->Width, 24);
    WCHAR Name[40];

    NameOf(This, Name);
    for (ULONG At = 0; At < Bytes; At++) {
        for (ULONG Size = 1; Size <= 2; Size++) {
            ULONG k = 0;

            while (k < Count && At + (k + 1) * Size <= Bytes &&
                   Input[At + k * Size] == (UCHAR)Name[This->Width - Count + k] &&
                   (Size == 1 || Input[At + k * Size + 1] == 0)) {
                k++;
            }
            if (k == Count) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

static VOID
Say(ULONG Number, const char *Rule, BOOLEAN Judged)
{
    if (Judged) {
        DbgPrint("judged: %s %s\n", Routines[Number].Name, Rule);
    }
}

static VOID
Judge(ULONG Number, const UCHAR *Input)
{
    const CASE *This = &Case[Number];
    ULONG Register = (ULONG)This->Number;
    ULONG64 Whole = This->Number & ~0xFFFFull;
    BOOLEAN Given = NumberStands(Input, This->Bytes, This->Number, This->Number), Entry, None;
    BOOLEAN Named = NumberStands(Input, This->Bytes, Process(This), Process(This));

    switch (This->Kind) {
    case PORT_READ:
    case PORT_WRITE:
        Say(Number, "UserPort",
            Register >= 0xFFF0 && Stands(Input, This->Bytes, 2, 2, Register, Register));
        break;
    case REGISTER_READ:
    case REGISTER_WRITE:
        Entry = Register == 0x175 || Register == 0x176 ||
                (Register >= 0xC0000081 && Register <= 0xC0000083);
        None = (Register >= 0x20000 && Register <= 0x3FFFFFFF) ||
               (Register >= 0x40001000 && Register <= 0xBFFFFFFF) || Register >= 0xC0012000;
        Say(Number, "UserRegister", Given && (None || (Entry && This->Kind == REGISTER_WRITE)));
        break;
    case MAPPED:
    case COPIED:
        Say(Number, "UserPhysicalAddress", Given && This->Number >= 1ull << 40);
        break;
    case VIEW:
        Say(Number, "UserPhysicalAddress",
            This->Number >= 1ull << 40 && NumberStands(Input, This->Bytes, Whole, Whole | 0xFFFF));
        break;
    case OPENED:
    case POINTED:
        Say(Number, "UserProcessOpened",
            Named && This->Other && This->Flags == 0 && (This->Access & ~0x00101000u) != 0 &&
                (This->Kind == OPENED || This->Number != 1ull << 40));
        break;
    case ENDED:
        Say(Number, "UserProcessEnded", Named && This->Other);
        break;
    case FILE_OPEN_NAMED:
    case FILE_ENDED:
    case FILE_MADE:
    case KEY_OPENED:
        Say(Number, "UserNameOpened",
            This->Width >= 8 && (This->Flags & 2) == 0 &&
                (This->Kind != FILE_MADE || !This->Other) && NameStands(This, Input));
        break;
    }
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Number = NumberOf(Stack);
    const UCHAR *Input = Irp->AssociatedIrp.SystemBuffer;

    if (Number == WHO) {
        Victim = *(const ULONG64 *)Input;
        Client = (ULONG64)PsGetCurrentProcessId();
    } else if (Number < REQUESTS) {
        if (IoGetRequestorProcess(Irp) != NULL) {
            Judge(Number, Input);
        }
        Routines[Number].Routine();
        SayWhetherLast(Number);
    }
    return Complete(Irp);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    ZwClose(Physical);
    ZwClose(Section);
    DeleteDevice(Driver);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Memory = RTL_CONSTANT_STRING(L"\\DEVICE\\PhysicalMemory");
    UNICODE_STRING Own = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\JudgedGiven");
    LARGE_INTEGER Bytes = {.QuadPart = 0x10000};
    OBJECT_ATTRIBUTES Attributes;

    MakeUp();
    InitializeObjectAttributes(&Attributes, &Own, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateSection(&Section, SECTION_ALL_ACCESS, &Attributes, &Bytes, PAGE_READWRITE, SEC_COMMIT,
                    NULL);
    ZwClose(Section);
    InitializeObjectAttributes(&Attributes, &Memory, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    ZwOpenSection(&Physical, SECTION_MAP_READ | SECTION_MAP_WRITE, &Attributes);
    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateSection(&Section, SECTION_ALL_ACCESS, &Attributes, &Bytes, PAGE_READWRITE, SEC_COMMIT,
                    NULL);
    return MakeDevice(Driver, Dispatch, Unload);
}
