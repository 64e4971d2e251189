/*
 * raise.c - exceptions that executive code raises.
 */
#include "nt/inc/ke.h"

DECLSPEC_NORETURN VOID NTAPI RtlRaiseStatus(NTSTATUS Status);

DECLSPEC_NORETURN VOID NTAPI
ExRaiseStatus(NTSTATUS Status)
{
    RtlRaiseStatus(Status);
}

DECLSPEC_NORETURN VOID NTAPI
ExRaiseAccessViolation(VOID)
{
    RtlRaiseStatus(STATUS_ACCESS_VIOLATION);
}

DECLSPEC_NORETURN VOID NTAPI
ExRaiseDatatypeMisalignment(VOID)
{
    RtlRaiseStatus(STATUS_DATATYPE_MISALIGNMENT);
}
