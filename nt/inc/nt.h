/*
 * nt.h - included before every file of the kernel: the public DDK headers, bent in three places.
 *
 * 1. _NTOSKRNL_, _NTHAL_, _NTHALDLL_ and _NTSYSTEM_ turn the DDK's imports into definitions.
 * 2. wdm.h inlines the IRQL routines as CR8 moves and reads KUSER_SHARED_DATA through an address
 *    that a Linux process cannot map. Kernel code of ours never uses these forms: they are renamed
 *    away, and ours take their names.
 * 3. Some inline interlocked helpers become external under -fms-extensions: renamed likewise.
 */
#ifndef NT_INC_NT_H
#define NT_INC_NT_H

#ifndef __ASSEMBLER__ /* .S files are compiled with this header too and take only its guard */

#define _NTOSKRNL_
#define _NTHAL_
#define _NTHALDLL_
#define _NTSYSTEM_
#define _CRTIMP
#define _NTDRIVER_
#define NTSTRSAFE_LIB
#define WINVER       0x0A00
#define _WIN32_WINNT 0x0A00
#ifndef NTDDI_VERSION
#define NTDDI_VERSION 0x0A000008
#endif

#define KeGetCurrentIrql            DdkInlineKeGetCurrentIrql
#define KfLowerIrql                 DdkInlineKfLowerIrql
#define KeLowerIrql                 DdkInlineKeLowerIrql
#define KfRaiseIrql                 DdkInlineKfRaiseIrql
#define KeRaiseIrqlToDpcLevel       DdkInlineKeRaiseIrqlToDpcLevel
#define KeRaiseIrqlToSynchLevel     DdkInlineKeRaiseIrqlToSynchLevel
#define KeGetCurrentProcessorNumber DdkInlineKeGetCurrentProcessorNumber
/* psdk_inc declares these extern, wdm.h defines them static, and clang emits them in every object: only wdm.h's. */
#define __INTRINSIC_DEFINED_InterlockedBitTestAndSet
#define __INTRINSIC_DEFINED_InterlockedBitTestAndReset
#define __INTRINSIC_DEFINED_DdkInlineInterlockedBitTestAndSet
#define __INTRINSIC_DEFINED_DdkInlineInterlockedBitTestAndReset
#define InterlockedBitTestAndSet   DdkInlineInterlockedBitTestAndSet
#define InterlockedBitTestAndReset DdkInlineInterlockedBitTestAndReset

#include <ntifs.h>

#undef KeGetCurrentIrql
#undef KfLowerIrql
#undef KfRaiseIrql
#undef KeRaiseIrqlToDpcLevel
#undef KeRaiseIrqlToSynchLevel
#undef KeGetCurrentProcessorNumber
#undef KeLowerIrql
#undef KeRaiseIrql
#undef KeGetCurrentThread
#undef PsGetCurrentThread
#undef PsGetCurrentProcess
#undef SharedUserData

/* An inline function of ours has a body in every file: clang's __forceinline has none to call where a
   function with __try keeps it from being inlined. */
#undef FORCEINLINE
#define FORCEINLINE static inline __attribute__((always_inline))

#include <stddef.h>
#include <stdint.h>
#include <stdarg.h>

NTKERNELAPI KIRQL NTAPI KeGetCurrentIrql(VOID);
NTKERNELAPI VOID NTAPI KeLowerIrql(KIRQL NewIrql);
NTKERNELAPI KIRQL NTAPI KfRaiseIrql(KIRQL NewIrql);
NTKERNELAPI KIRQL NTAPI KeRaiseIrqlToDpcLevel(VOID);
NTKERNELAPI ULONG NTAPI KeGetCurrentProcessorNumber(VOID);
#define KeRaiseIrql(NewIrql, OldIrql) (*(OldIrql) = KfRaiseIrql(NewIrql))

#include "nt/inc/hc.h"
#include "nt/inc/assert.h"

#endif /* __ASSEMBLER__ */

#endif
