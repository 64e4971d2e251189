/*
 * mutantob.c - mutant objects: what user mode calls mutexes.
 */
#include "exp.h"

#ifndef MUTANT_QUERY_STATE
#define MUTANT_QUERY_STATE 1
#endif
#ifndef MUTANT_ALL_ACCESS
#define MUTANT_ALL_ACCESS (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | MUTANT_QUERY_STATE)
#endif

static const GENERIC_MAPPING ExpMutantMapping = {
    STANDARD_RIGHTS_READ | MUTANT_QUERY_STATE, STANDARD_RIGHTS_WRITE,
    STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, MUTANT_ALL_ACCESS};

static VOID
ExpDeleteMutant(PVOID Object)
{
    /* An owner that has died would have abandoned it; one that lives must let go of a freed object. */
    KeReleaseMutant(Object, 1, TRUE, FALSE);
}

static const OB_METHODS ExpMutantMethods = {.Delete = ExpDeleteMutant};

VOID
ExpInitializeMutants(VOID)
{
    NTSTATUS Status = ObpCreateType(L"Mutant", &ExpMutantMethods, &ExpMutantMapping,
                                    MUTANT_ALL_ACCESS, sizeof(KMUTANT), 0, &ExMutantObjectTypeP);

    ASSERT(NT_SUCCESS(Status));
    ExMutantObjectType = (POBJECT_TYPE *)ExMutantObjectTypeP;
}

NTSTATUS NTAPI
NtCreateMutant(PHANDLE MutantHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
               BOOLEAN InitialOwner)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PKMUTANT Mutant;
    NTSTATUS Status = ExpProbeHandle(MutantHandle, Mode);

    if (NT_SUCCESS(Status)) {
        Status = ObCreateObject(Mode, ExMutantObjectTypeP, ObjectAttributes, Mode, NULL,
                                sizeof(*Mutant), 0, 0, (PVOID *)&Mutant);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeInitializeMutant(Mutant, InitialOwner);
    return ObpInsertFor(Mutant, DesiredAccess, MutantHandle, Mode);
}

NTSTATUS NTAPI
NtOpenMutant(PHANDLE MutantHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObpOpenService(MutantHandle, DesiredAccess, ObjectAttributes, ExMutantObjectTypeP);
}

NTSTATUS NTAPI
NtReleaseMutant(HANDLE MutantHandle, PLONG PreviousCount)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PKMUTANT Mutant;
    LONG Previous;
    NTSTATUS Status = ExpProbeResult(PreviousCount, sizeof(LONG), Mode);

    if (NT_SUCCESS(Status)) {
        Status = ObReferenceObjectByHandle(MutantHandle, 0, ExMutantObjectTypeP, Mode,
                                           (PVOID *)&Mutant, NULL);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    __try {
        Previous = KeReleaseMutant(Mutant, 1, FALSE, FALSE);
        ExpStoreLong(PreviousCount, Previous, Mode);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode(); /* STATUS_MUTANT_NOT_OWNED, STATUS_ABANDONED */
    }
    ObDereferenceObject(Mutant);
    return Status;
}

NTSTATUS NTAPI
NtQueryMutant(HANDLE MutantHandle, ULONG MutantInformationClass, PVOID MutantInformation,
              ULONG Length, PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    struct {
        LONG CurrentCount;
        BOOLEAN OwnedByCaller;
        BOOLEAN AbandonedState;
    } Information = {0};
    ULONG Bytes = sizeof(Information);
    PKMUTANT Mutant;
    NTSTATUS Status;

    if (MutantInformationClass != 0) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length != sizeof(Information)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Status = ObReferenceObjectByHandle(MutantHandle, MUTANT_QUERY_STATE, ExMutantObjectTypeP, Mode,
                                       (PVOID *)&Mutant, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Information.CurrentCount = KeReadStateMutex(Mutant);
    Information.OwnedByCaller = Mutant->OwnerThread == KiThread();
    Information.AbandonedState = Mutant->Abandoned;
    ObDereferenceObject(Mutant);
    Status = ExpCopyOut(MutantInformation, &Information, sizeof(Information), Mode);
    if (NT_SUCCESS(Status) && ReturnLength != NULL) {
        Status = ExpCopyOut(ReturnLength, &Bytes, sizeof(Bytes), Mode);
    }
    return Status;
}
