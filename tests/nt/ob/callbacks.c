/*
 * callbacks.c - ObRegisterCallbacks from an image without /INTEGRITYCHECK, and its parameters.
 * [DDI:wdm/obregistercallbacks], [DDI:wdm/obgetfilterversion]
 */
#include "../ntlab-test.h"

static OB_PREOP_CALLBACK_STATUS NTAPI Pre(PVOID Context, POB_PRE_OPERATION_INFORMATION Information)
{
    return OB_PREOP_SUCCESS;
}

static OB_OPERATION_REGISTRATION Operation;
static OB_CALLBACK_REGISTRATION Registration;

static VOID Prepare(VOID)
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

static VOID Version(VOID)
{
    EXPECT_EQ(ObGetFilterVersion(), OB_FLT_REGISTRATION_VERSION);
}

static VOID UnsignedImagesAreRefused(VOID)
{
    PVOID Handle;

    Prepare();
    EXPECT_STATUS(ObRegisterCallbacks(&Registration, &Handle), STATUS_ACCESS_DENIED);
}

static VOID ParametersAreChecked(VOID)
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

TEST_DRIVER(TEST(Version), TEST(UnsignedImagesAreRefused), TEST(ParametersAreChecked))
