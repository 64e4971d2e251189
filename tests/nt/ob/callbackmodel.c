/*
 * callbackmodel.c - object callbacks against a model: registrations at drawn altitudes come and go while handles to a process and to a thread are made and
 * duplicated; who is called, in which order, and every field of what it is told. [DDI:wdm/obregistercallbacks],
 * [DDI:wdm/_ob_pre_operation_information], [DDI:wdm/_ob_post_operation_information], [DDI:wdm/_ob_pre_create_handle_information],
 * [DDI:wdm/_ob_pre_duplicate_handle_information]
 */
#include "../ntlab-test.h"

#define SLOTS 6
#define MOST  64
#define STEPS 1500

typedef struct _SLOT {
    PVOID Registration; /* NULL: none */
    ULONG Altitude;     /* in thousandths */
    ULONG Count;
    struct {
        POBJECT_TYPE Type;
        OB_OPERATION Operations;
        BOOLEAN Pre, Post;
    } Watched[2];
    ACCESS_MASK Strip, Add;
} SLOT, *PSLOT;

typedef struct _CALL {
    ULONG Slot;
    BOOLEAN Post, Kernel;
    OB_OPERATION Operation;
    PVOID Object, Context;
    POBJECT_TYPE Type;
    NTSTATUS Status;
    ACCESS_MASK Desired, Original; /* of a post call what was granted */
    PVOID Source, Target;
} CALL;

static SLOT Slots[SLOTS];
static CALL Seen[MOST], Expected[MOST];
static ULONG SeenCount, ExpectedCount, Seed = 5, Outside;
static ULONG Wrong[12];

static ULONG
Any(ULONG Below)
{
    return RtlRandomEx(&Seed) % Below;
}

static OB_PREOP_CALLBACK_STATUS NTAPI
Pre(PVOID Context, POB_PRE_OPERATION_INFORMATION Information)
{
    PSLOT Slot = Context;
    CALL *Call = &Seen[SeenCount++ % MOST];
    POB_PRE_OPERATION_PARAMETERS Parameters = Information->Parameters;

    Outside += !KeAreApcsDisabled() || KeGetCurrentIrql() != PASSIVE_LEVEL;
    RtlZeroMemory(Call, sizeof(*Call));
    Call->Slot = (ULONG)(Slot - Slots);
    Call->Kernel = Information->KernelHandle != 0;
    Call->Operation = Information->Operation;
    Call->Object = Information->Object;
    Call->Type = Information->ObjectType;
    Call->Context = Information->CallContext;
    if (Information->Operation == OB_OPERATION_HANDLE_DUPLICATE) {
        Call->Desired = Parameters->DuplicateHandleInformation.DesiredAccess;
        Call->Original = Parameters->DuplicateHandleInformation.OriginalDesiredAccess;
        Call->Source = Parameters->DuplicateHandleInformation.SourceProcess;
        Call->Target = Parameters->DuplicateHandleInformation.TargetProcess;
        Parameters->DuplicateHandleInformation.DesiredAccess =
            (Call->Desired & ~Slot->Strip) | Slot->Add;
    } else {
        Call->Desired = Parameters->CreateHandleInformation.DesiredAccess;
        Call->Original = Parameters->CreateHandleInformation.OriginalDesiredAccess;
        Parameters->CreateHandleInformation.DesiredAccess =
            (Call->Desired & ~Slot->Strip) | Slot->Add;
    }
    Information->CallContext = (PVOID)(0x1000 + (ULONG_PTR)Call->Slot);
    return OB_PREOP_SUCCESS;
}

static VOID NTAPI
Post(PVOID Context, POB_POST_OPERATION_INFORMATION Information)
{
    CALL *Call = &Seen[SeenCount++ % MOST];

    Outside += !KeAreApcsDisabled() || KeGetCurrentIrql() != PASSIVE_LEVEL;
    RtlZeroMemory(Call, sizeof(*Call));
    Call->Slot = (ULONG)((PSLOT)Context - Slots);
    Call->Post = TRUE;
    Call->Kernel = Information->KernelHandle != 0;
    Call->Operation = Information->Operation;
    Call->Object = Information->Object;
    Call->Type = Information->ObjectType;
    Call->Context = Information->CallContext;
    Call->Status = Information->ReturnStatus;
    Call->Desired = Information->Operation == OB_OPERATION_HANDLE_DUPLICATE
                        ? Information->Parameters->DuplicateHandleInformation.GrantedAccess
                        : Information->Parameters->CreateHandleInformation.GrantedAccess;
}

/* Registers Slot: one type or two, at an altitude that may be somebody's. */
static VOID
Register(PSLOT Slot)
{
    static const struct {
        PCWSTR Text;
        ULONG Value;
    } Altitudes[] = {{L"999", 999000},      {L"1000", 1000000},       {L"1000.5", 1000500},
                     {L"1000.25", 1000250}, {L"20000.125", 20000125}, {L"20000.13", 20000130},
                     {L"20001", 20001000},  {L"100000", 100000000},   {L"9", 9000}};
    OB_OPERATION_REGISTRATION Operations[2];
    OB_CALLBACK_REGISTRATION Registration = {.Version = OB_FLT_REGISTRATION_VERSION};
    ULONG Altitude = Any(RTL_NUMBER_OF(Altitudes)), First = Any(2);
    BOOLEAN Collides = FALSE;
    NTSTATUS Status;

    RtlZeroMemory(Operations, sizeof(Operations));
    Slot->Altitude = Altitudes[Altitude].Value;
    Slot->Count = 1 + Any(2);
    Slot->Strip = Any(4) == 0 ? 0 : 1 << Any(8);
    Slot->Add = Any(4) == 0 ? 1 << Any(8) : 0;
    for (ULONG i = 0; i < Slot->Count; i++) {
        ULONG Which = 1 + Any(3), Calls = 1 + Any(3);

        Operations[i].ObjectType = (POBJECT_TYPE *)((First + i) & 1 ? PsThreadType : PsProcessType);
        Operations[i].Operations = (Which & 1 ? OB_OPERATION_HANDLE_CREATE : 0) |
                                   (Which & 2 ? OB_OPERATION_HANDLE_DUPLICATE : 0);
        Operations[i].PreOperation = Calls & 1 ? Pre : NULL;
        Operations[i].PostOperation = Calls & 2 ? Post : NULL;
        Slot->Watched[i].Type = *Operations[i].ObjectType;
        Slot->Watched[i].Operations = Operations[i].Operations;
        Slot->Watched[i].Pre = (Calls & 1) != 0;
        Slot->Watched[i].Post = (Calls & 2) != 0;
        for (PSLOT Other = Slots; Other < Slots + SLOTS; Other++) {
            for (ULONG j = 0; Other->Registration != NULL && j < Other->Count; j++) {
                Collides |= Other->Watched[j].Type == Slot->Watched[i].Type &&
                            Other->Altitude == Slot->Altitude;
            }
        }
    }
    Registration.OperationRegistration = Operations;
    Registration.OperationRegistrationCount = (USHORT)Slot->Count;
    Registration.RegistrationContext = Slot;
    RtlInitUnicodeString(&Registration.Altitude, Altitudes[Altitude].Text);
    Status = ObRegisterCallbacks(&Registration, &Slot->Registration);
    Wrong[0] += Status != (Collides ? STATUS_FLT_INSTANCE_ALTITUDE_COLLISION : STATUS_SUCCESS);
    if (!NT_SUCCESS(Status)) {
        Slot->Registration = NULL;
    }
}

/* What the watchers must be told of a handle that is made; the access that they leave. */
static ACCESS_MASK
Expect(OB_OPERATION Operation, POBJECT_TYPE Type, PVOID Object, BOOLEAN Kernel, ACCESS_MASK Access)
{
    ULONG Order[SLOTS], Index[SLOTS], Count = 0;
    ACCESS_MASK Left = Access;
    PVOID Process = Operation == OB_OPERATION_HANDLE_DUPLICATE ? PsGetCurrentProcess() : NULL;

    for (ULONG i = 0; i < SLOTS; i++) {
        for (ULONG j = 0; Slots[i].Registration != NULL && j < Slots[i].Count; j++) {
            ULONG At = Count;

            if (Slots[i].Watched[j].Type != Type || !(Slots[i].Watched[j].Operations & Operation)) {
                continue;
            }
            for (; At > 0 && Slots[Order[At - 1]].Altitude < Slots[i].Altitude; At--) {
                Order[At] = Order[At - 1];
                Index[At] = Index[At - 1];
            }
            Order[At] = i;
            Index[At] = j;
            Count++;
        }
    }
    ExpectedCount = 0;
    for (ULONG i = 0; i < Count; i++) {
        PSLOT Slot = &Slots[Order[i]];

        if (Slot->Watched[Index[i]].Pre) {
            Expected[ExpectedCount++] =
                (CALL){Order[i], FALSE, Kernel, Operation, Object,  NULL,
                       Type,     0,     Left,   Access,    Process, Process};
            Left = Kernel ? Left : Left & ((Left & ~Slot->Strip) | Slot->Add);
        }
    }
    for (ULONG i = Count; i-- != 0;) {
        PSLOT Slot = &Slots[Order[i]];

        if (Slot->Watched[Index[i]].Post) {
            Expected[ExpectedCount++] =
                (CALL){Order[i],
                       TRUE,
                       Kernel,
                       Operation,
                       Object,
                       Slot->Watched[Index[i]].Pre ? (PVOID)(0x1000 + (ULONG_PTR)Order[i]) : NULL,
                       Type,
                       STATUS_SUCCESS,
                       Left,
                       0,
                       NULL,
                       NULL};
        }
    }
    return Left;
}

static VOID
Compare(HANDLE Handle, ACCESS_MASK Left)
{
    OBJECT_HANDLE_INFORMATION Information;
    PVOID Object;

    Wrong[1] += SeenCount != ExpectedCount;
    for (ULONG i = 0; i < SeenCount && i < ExpectedCount; i++) {
        CALL *A = &Seen[i], *B = &Expected[i];

        Wrong[2] += A->Slot != B->Slot || A->Post != B->Post;
        Wrong[3] += A->Kernel != B->Kernel;
        Wrong[4] += A->Operation != B->Operation;
        Wrong[5] += A->Object != B->Object || A->Type != B->Type;
        Wrong[6] += A->Context != B->Context;
        Wrong[7] += A->Status != B->Status;
        Wrong[8] += A->Desired != B->Desired || A->Original != B->Original;
        Wrong[9] += A->Source != B->Source || A->Target != B->Target;
    }
    Wrong[10] += ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Object, &Information) !=
                 STATUS_SUCCESS;
    Wrong[10] += Information.GrantedAccess != Left;
    ObDereferenceObject(Object);
}

/* A handle is made, and perhaps another of it. */
static VOID
Use(VOID)
{
    BOOLEAN Thread = Any(2), Kernel = Any(3) == 0;
    POBJECT_TYPE Type = Thread ? *PsThreadType : *PsProcessType;
    PVOID Object = Thread ? (PVOID)PsGetCurrentThread() : (PVOID)PsGetCurrentProcess();
    ACCESS_MASK Access = 0x100 | Any(0x100), Left, Again;
    HANDLE Handle, Copy;

    Left = Expect(OB_OPERATION_HANDLE_CREATE, Type, Object, Kernel, Access);
    SeenCount = 0;
    if (ObOpenObjectByPointer(Object, Kernel ? OBJ_KERNEL_HANDLE : 0, NULL, Access, Type,
                              KernelMode, &Handle) != STATUS_SUCCESS) {
        Wrong[11]++;
        return;
    }
    Compare(Handle, Left);
    if (Any(2)) {
        BOOLEAN Same = Any(2), CopyKernel = Any(3) == 0;

        Access = Same ? Left : Left & (0x100 | Any(0x100));
        Again = Expect(OB_OPERATION_HANDLE_DUPLICATE, Type, Object, CopyKernel, Access);
        SeenCount = 0;
        if (ZwDuplicateObject(NtCurrentProcess(), Handle, NtCurrentProcess(), &Copy,
                              Same ? 0 : Access, CopyKernel ? OBJ_KERNEL_HANDLE : 0,
                              Same ? DUPLICATE_SAME_ACCESS : 0) != STATUS_SUCCESS) {
            Wrong[11]++;
        } else {
            Compare(Copy, Again);
            ZwClose(Copy);
        }
    }
    ZwClose(Handle);
}

static VOID
Steps(VOID)
{
    for (ULONG Step = 0; Step < STEPS; Step++) {
        PSLOT Slot = &Slots[Any(SLOTS)];

        if (Any(4) != 0) {
            Use();
        } else if (Slot->Registration == NULL) {
            Register(Slot);
        } else {
            ObUnRegisterCallbacks(Slot->Registration);
            Slot->Registration = NULL;
        }
    }
    for (ULONG i = 0; i < SLOTS; i++) {
        if (Slots[i].Registration != NULL) {
            ObUnRegisterCallbacks(Slots[i].Registration);
        }
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Wrong); i++) {
        EXPECT_EQ(Wrong[i], 0);
    }
    EXPECT_EQ(Outside, 0); /* always in a critical region */
}

static ACCESS_MASK
OpenMost(ACCESS_MASK Besides, BOOLEAN Kernel)
{
    OBJECT_HANDLE_INFORMATION Information = {0};
    HANDLE Handle;
    PVOID Object;

    SeenCount = 0;
    if (NT_SUCCESS(ObOpenObjectByPointer(PsGetCurrentProcess(), Kernel ? OBJ_KERNEL_HANDLE : 0,
                                         NULL, MAXIMUM_ALLOWED | Besides, *PsProcessType,
                                         KernelMode, &Handle))) {
        ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Object, &Information);
        ObDereferenceObject(Object);
        ZwClose(Handle);
    }
    return Information.GrantedAccess;
}

/* All that may be had, but for what a callback takes away. */
static VOID
Most(VOID)
{
    OB_OPERATION_REGISTRATION Operation = {(POBJECT_TYPE *)PsProcessType,
                                           OB_OPERATION_HANDLE_CREATE, Pre, Post};
    OB_CALLBACK_REGISTRATION Registration = {.Version = OB_FLT_REGISTRATION_VERSION,
                                             .OperationRegistrationCount = 1,
                                             .RegistrationContext = &Slots[0],
                                             .OperationRegistration = &Operation};
    ACCESS_MASK All = OpenMost(0, FALSE);

    RtlInitUnicodeString(&Registration.Altitude, L"1000");
    RtlZeroMemory(&Slots[0], sizeof(Slots[0]));
    EXPECT_STATUS(ObRegisterCallbacks(&Registration, &Slots[0].Registration), STATUS_SUCCESS);
    EXPECT_EQ(OpenMost(0, FALSE), All); /* it takes nothing */
    for (ULONG Bit = 0; Bit < 8; Bit++) {
        Slots[0].Strip = 1u << Bit;
        EXPECT_EQ(OpenMost(0, FALSE), All & ~Slots[0].Strip);
        EXPECT_EQ(SeenCount, 2);
        EXPECT_EQ(Seen[1].Desired, All & ~Slots[0].Strip);
        EXPECT_EQ(OpenMost(SYNCHRONIZE | Slots[0].Strip, FALSE), All & ~Slots[0].Strip);
        EXPECT_EQ(OpenMost(0, TRUE), All);
    }
    ObUnRegisterCallbacks(Slots[0].Registration);
}

TEST_DRIVER(TEST(Steps), TEST(Most))
