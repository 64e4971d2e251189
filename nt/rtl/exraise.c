/*
 * exraise.c - the kernel's own names for raising an exception.
 *
 * Source: Microsoft Learn: ExRaiseStatus, ExRaiseAccessViolation, ExRaiseDatatypeMisalignment (ntddk.h).
 */
#include "nt/rtl/rtlp.h"

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
