/*
 * runonce.c - one-time initialisation.
 *
 * The word holds the context, whose two low bits are free, and the state in them:
 *     0 not begun   1 one thread at work, others wait   2 done   3 asynchronous: several may be at work
 *
 * Facts: InitOnceBeginInitialize, InitOnceComplete, InitOnceExecuteOnce.
 */
#include "user/ntdll/ntdllp.h"

#define ONCE_STATE 3ull

VOID NTAPI
RtlRunOnceInitialize(PRTL_RUN_ONCE Once)
{
    Once->Ptr = NULL;
}

NTSTATUS NTAPI
RtlRunOnceBeginInitialize(PRTL_RUN_ONCE Once, ULONG Flags, PVOID *Context)
{
    if ((Flags & ~(RTL_RUN_ONCE_CHECK_ONLY | RTL_RUN_ONCE_ASYNC)) != 0 ||
        Flags == (RTL_RUN_ONCE_CHECK_ONLY | RTL_RUN_ONCE_ASYNC)) {
        return STATUS_INVALID_PARAMETER_2;
    }
    for (;;) {
        ULONG64 Word = *(volatile ULONG64 *)&Once->Ptr;

        switch (Word & ONCE_STATE) {
        case 2:
            if (Context != NULL) {
                *Context = (PVOID)(Word & ~ONCE_STATE);
            }
            return STATUS_SUCCESS;
        case 0:
            if ((Flags & RTL_RUN_ONCE_CHECK_ONLY) != 0) {
                return STATUS_UNSUCCESSFUL;
            }
            if (InterlockedCompareExchange64((volatile LONG64 *)&Once->Ptr,
                                             (Flags & RTL_RUN_ONCE_ASYNC) != 0 ? 3 : 1, 0) == 0) {
                return STATUS_PENDING;
            }
            break;
        case 1:
            if ((Flags & RTL_RUN_ONCE_CHECK_ONLY) != 0) {
                return STATUS_UNSUCCESSFUL;
            }
            if ((Flags & RTL_RUN_ONCE_ASYNC) != 0) {
                return STATUS_INVALID_PARAMETER_2;
            }
            RtlWaitOnAddress(&Once->Ptr, &Word, sizeof(Word), NULL);
            break;
        default:
            if ((Flags & RTL_RUN_ONCE_CHECK_ONLY) != 0) {
                return STATUS_UNSUCCESSFUL;
            }
            return (Flags & RTL_RUN_ONCE_ASYNC) != 0 ? STATUS_PENDING : STATUS_INVALID_PARAMETER_2;
        }
    }
}

NTSTATUS NTAPI
RtlRunOnceComplete(PRTL_RUN_ONCE Once, ULONG Flags, PVOID Context)
{
    BOOLEAN Failed = (Flags & RTL_RUN_ONCE_INIT_FAILED) != 0;
    ULONG64 Expected = (Flags & RTL_RUN_ONCE_ASYNC) != 0 ? 3 : 1;
    ULONG64 State, New = Failed ? 0 : ((ULONG64)Context | 2);

    if (((ULONG64)Context & ONCE_STATE) != 0 || (Failed && Context != NULL)) {
        return STATUS_INVALID_PARAMETER_3;
    }
    if ((Flags & ~(RTL_RUN_ONCE_INIT_FAILED | RTL_RUN_ONCE_ASYNC)) != 0 ||
        (Failed && Expected == 3)) {
        return STATUS_INVALID_PARAMETER_2;
    }
    State = *(volatile ULONG64 *)&Once->Ptr & ONCE_STATE;
    if ((State == 1 || State == 3) && State != Expected) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if ((ULONG64)InterlockedCompareExchange64((volatile LONG64 *)&Once->Ptr, (LONG64)New,
                                              (LONG64)Expected) != Expected) {
        return Expected == 3 ? STATUS_OBJECT_NAME_COLLISION : STATUS_UNSUCCESSFUL;
    }
    if (Expected == 1) {
        RtlWakeAddressAll(&Once->Ptr);
    }
    return STATUS_SUCCESS;
}
