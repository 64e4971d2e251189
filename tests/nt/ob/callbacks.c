/*
 * callbacks.c - ObRegisterCallbacks from an image without /INTEGRITYCHECK, and its parameters.
 * [DDI:wdm/obregistercallbacks], [DDI:wdm/obgetfilterversion]
 */
#include "../ntlab-test.h"

static OB_PREOP_CALLBACK_STATUS NTAPI
Pre(PVOID Context, POB_PRE_OPERATION_INFORMATION Information)
{
    return OB_PREOP_SUCCESS;
}

static OB_OPERATION_REGISTRATION Operation;
static OB_CALLBACK_REGISTRATION Registration;

static VOID
Prepare(VOID)
{
    Operation.ObjectType = (POBJECT_TYPE *)PsProcessType;
    Operation.Operations = OB_OPERATION_HANDLE_CREATE;
    Operation.PreOperation = Pre;
    Operation.PostOperation = NULL;
    Registration.Version = OB_FLT_REGISTRATION_VERSION;
    Registration.OperationRegistrationCount = 1;
    Registration.OperationRegistration = &Operation;
    RtlInitUnicodeString(&Registration.Altitude, L"321000");
}

static VOID
Version(VOID)
{
    EXPECT_EQ(ObGetFilterVersion(), OB_FLT_REGISTRATION_VERSION);
}

static VOID
UnsignedImagesAreRefused(VOID)
{
    PVOID Handle;

    Prepare();
    EXPECT_STATUS(ObRegisterCallbacks(&Registration, &Handle), STATUS_ACCESS_DENIED);
}

static VOID
ParametersAreChecked(VOID)
{
    PVOID Handle;

    Prepare();
    Registration.Version = 0x200;
    EXPECT_STATUS(ObRegisterCallbacks(&Registration, &Handle), STATUS_INVALID_PARAMETER);
    Prepare();
    Operation.PreOperation = NULL;
    EXPECT_STATUS(ObRegisterCallbacks(&Registration, &Handle), STATUS_INVALID_PARAMETER);
    Prepare();
    Operation.Operations = 0;
    EXPECT_STATUS(ObRegisterCallbacks(&Registration, &Handle), STATUS_INVALID_PARAMETER);
    Prepare();
    Operation.ObjectType = (POBJECT_TYPE *)ExEventObjectType;
    EXPECT_STATUS(ObRegisterCallbacks(&Registration, &Handle), STATUS_INVALID_PARAMETER);
}

/*
 * The loader keeps the flag in the driver's entry of the module list; setting it there stands for
 * linking with /INTEGRITYCHECK.
 */
static struct {
    PVOID Links[12];
    UCHAR Names[8];
    ULONG Flags;
} *Module;

static LONG PreCalls, PostCalls, Outside;
static PVOID LastObject;
static ACCESS_MASK LastGranted, LastOriginal;
static char Order[8];
static LONG OrderCount;

static OB_PREOP_CALLBACK_STATUS NTAPI
Strip(PVOID Context, POB_PRE_OPERATION_INFORMATION Information)
{
    PreCalls++;
    Outside += !KeAreApcsDisabled();
    LastObject = Information->Object;
    LastOriginal = Information->Parameters->CreateHandleInformation.OriginalDesiredAccess;
    Information->Parameters->CreateHandleInformation.DesiredAccess &=
        ~(ACCESS_MASK)1; /* PROCESS_TERMINATE */
    Information->CallContext = (PVOID)0x77;
    if (OrderCount < 7) {
        Order[OrderCount++] = *(char *)Context;
    }
    return OB_PREOP_SUCCESS;
}

static VOID NTAPI
Post(PVOID Context, POB_POST_OPERATION_INFORMATION Information)
{
    PostCalls++;
    if (Information->CallContext == (PVOID)0x77) {
        LastGranted = Information->Parameters->CreateHandleInformation.GrantedAccess;
    }
    if (OrderCount < 7) {
        Order[OrderCount++] = *(char *)Context + ('a' - 'A');
    }
}

static VOID
HandlesAreSeen(VOID)
{
    OBJECT_HANDLE_INFORMATION Handles;
    PVOID First, Second;
    HANDLE Handle;
    PVOID Object;

    Module->Flags |= 0x20;
    Prepare();
    Operation.Operations = OB_OPERATION_HANDLE_CREATE | OB_OPERATION_HANDLE_DUPLICATE;
    Operation.PreOperation = Strip;
    Operation.PostOperation = Post;
    Registration.RegistrationContext = "L";
    EXPECT_STATUS(ObRegisterCallbacks(&Registration, &First), STATUS_SUCCESS);
    EXPECT_STATUS(ObRegisterCallbacks(&Registration, &Second),
                  STATUS_FLT_INSTANCE_ALTITUDE_COLLISION);
    RtlInitUnicodeString(&Registration.Altitude, L"321000.5");
    Registration.RegistrationContext = "H";
    EXPECT_STATUS(ObRegisterCallbacks(&Registration, &Second), STATUS_SUCCESS);

    EXPECT_STATUS(ObOpenObjectByPointer(PsGetCurrentProcess(), 0, NULL, 0x0011, *PsProcessType,
                                        KernelMode, &Handle),
                  STATUS_SUCCESS);
    EXPECT_EQ(PreCalls, 2);
    EXPECT_EQ(PostCalls, 2);
    EXPECT(LastObject == PsGetCurrentProcess());
    EXPECT_EQ(LastOriginal, 0x0011);
    EXPECT_EQ(LastGranted, 0x0010);
    EXPECT(Order[0] == 'H' && Order[1] == 'L' && Order[2] == 'l' &&
           Order[3] == 'h'); /* by altitude, and back */
    ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Object, &Handles);
    EXPECT_EQ(Handles.GrantedAccess, 0x0010);
    ObDereferenceObject(Object);
    ZwClose(Handle);
    /* what is taken from a kernel handle does not count */
    ObOpenObjectByPointer(PsGetCurrentProcess(), OBJ_KERNEL_HANDLE, NULL, 0x0011, *PsProcessType,
                          KernelMode, &Handle);
    ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Object, &Handles);
    EXPECT_EQ(Handles.GrantedAccess, 0x0011);
    ObDereferenceObject(Object);
    ZwClose(Handle);
    EXPECT_EQ(PreCalls, 4);
    EXPECT_EQ(Outside, 0); /* always in a critical region */
    ObUnRegisterCallbacks(First);
    ObUnRegisterCallbacks(Second);
    ObOpenObjectByPointer(PsGetCurrentProcess(), OBJ_KERNEL_HANDLE, NULL, 0x0011, *PsProcessType,
                          KernelMode, &Handle);
    ZwClose(Handle);
    EXPECT_EQ(PreCalls, 4);
}

static const NTLAB_TEST Tests[] = {TEST(Version), TEST(UnsignedImagesAreRefused),
                                   TEST(ParametersAreChecked), TEST(HandlesAreSeen)};

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DriverObject->DriverUnload = Unload;
    Module = DriverObject->DriverSection;
    C_ASSERT(FIELD_OFFSET(__typeof__(*Module), Flags) == 0x68);
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    return STATUS_SUCCESS;
}
