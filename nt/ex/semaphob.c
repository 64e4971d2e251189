/*
 * semaphob.c - semaphore objects: handles to KSEMAPHOREs.
 */
#include "exp.h"

static const GENERIC_MAPPING ExpSemaphoreMapping = {
    STANDARD_RIGHTS_READ | SEMAPHORE_QUERY_STATE, STANDARD_RIGHTS_WRITE | SEMAPHORE_MODIFY_STATE,
    STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, SEMAPHORE_ALL_ACCESS};
static const OB_METHODS ExpSemaphoreMethods;

VOID
ExpInitializeSemaphores(VOID)
{
    NTSTATUS Status =
        ObpCreateType(L"Semaphore", &ExpSemaphoreMethods, &ExpSemaphoreMapping,
                      SEMAPHORE_ALL_ACCESS, sizeof(KSEMAPHORE), 0, &ExSemaphoreObjectTypeP);

    ASSERT(NT_SUCCESS(Status));
    ExSemaphoreObjectType = (POBJECT_TYPE *)ExSemaphoreObjectTypeP;
}

NTSTATUS NTAPI
NtCreateSemaphore(PHANDLE SemaphoreHandle, ACCESS_MASK DesiredAccess,
                  POBJECT_ATTRIBUTES ObjectAttributes, LONG InitialCount, LONG MaximumCount)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PKSEMAPHORE Semaphore;
    NTSTATUS Status = ExpProbeHandle(SemaphoreHandle, Mode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (MaximumCount <= 0 || InitialCount < 0 || InitialCount > MaximumCount) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ObCreateObject(Mode, ExSemaphoreObjectTypeP, ObjectAttributes, Mode, NULL,
                            sizeof(*Semaphore), 0, 0, (PVOID *)&Semaphore);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeInitializeSemaphore(Semaphore, InitialCount, MaximumCount);
    return ObpInsertFor(Semaphore, DesiredAccess, SemaphoreHandle, Mode);
}

NTSTATUS NTAPI
NtOpenSemaphore(PHANDLE SemaphoreHandle, ACCESS_MASK DesiredAccess,
                POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObpOpenService(SemaphoreHandle, DesiredAccess, ObjectAttributes, ExSemaphoreObjectTypeP);
}

NTSTATUS NTAPI
NtReleaseSemaphore(HANDLE SemaphoreHandle, LONG ReleaseCount, PLONG PreviousCount)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PKSEMAPHORE Semaphore;
    LONG Previous;
    NTSTATUS Status = ExpProbeResult(PreviousCount, sizeof(LONG), Mode);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (ReleaseCount <= 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ObReferenceObjectByHandle(SemaphoreHandle, SEMAPHORE_MODIFY_STATE,
                                       ExSemaphoreObjectTypeP, Mode, (PVOID *)&Semaphore, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    __try {
        Previous = KeReleaseSemaphore(Semaphore, 1, ReleaseCount, FALSE);
        ExpStoreLong(PreviousCount, Previous, Mode);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode(); /* STATUS_SEMAPHORE_LIMIT_EXCEEDED */
    }
    ObDereferenceObject(Semaphore);
    return Status;
}

NTSTATUS NTAPI
NtQuerySemaphore(HANDLE SemaphoreHandle, ULONG SemaphoreInformationClass,
                 PVOID SemaphoreInformation, ULONG Length, PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    struct {
        LONG CurrentCount;
        LONG MaximumCount;
    } Information;
    ULONG Bytes = sizeof(Information);
    PKSEMAPHORE Semaphore;
    NTSTATUS Status;

    if (SemaphoreInformationClass != 0) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length != sizeof(Information)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Status = ObReferenceObjectByHandle(SemaphoreHandle, SEMAPHORE_QUERY_STATE,
                                       ExSemaphoreObjectTypeP, Mode, (PVOID *)&Semaphore, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Information.CurrentCount = KeReadStateSemaphore(Semaphore);
    Information.MaximumCount = Semaphore->Limit;
    ObDereferenceObject(Semaphore);
    Status = ExpCopyOut(SemaphoreInformation, &Information, sizeof(Information), Mode);
    if (NT_SUCCESS(Status) && ReturnLength != NULL) {
        Status = ExpCopyOut(ReturnLength, &Bytes, sizeof(Bytes), Mode);
    }
    return Status;
}
