/*
 * left.h - what leads into a driver's image or came out of it: each component lists its own (nt/ke/left.c collects).
 */
#ifndef NT_INC_LEFT_H
#define NT_INC_LEFT_H

#include "nt/inc/ke.h"

/* Of every routine that is registered, whoever's it is. */
typedef VOID KI_LEFT_SAY(PVOID Context, const char *What, const volatile VOID *Object,
                         PVOID Routine);

VOID PspListRoutines(KI_LEFT_SAY *Say, PVOID Context);
VOID CmpListRoutines(KI_LEFT_SAY *Say, PVOID Context);
VOID ObpListRoutines(KI_LEFT_SAY *Say, PVOID Context);
VOID ExpListRoutines(KI_LEFT_SAY *Say, PVOID Context);
VOID IopListRoutines(KI_LEFT_SAY *Say, PVOID Context);

/* Pool that the image at Base has allocated and nobody has freed, by tag: nt/ex/owned.c. */
VOID ExpOpenOwner(PVOID Base);
typedef VOID EXP_OWNED_SAY(PVOID Context, ULONG Tag, ULONG Count, SIZE_T Bytes);
VOID ExpCloseOwner(PVOID Base, EXP_OWNED_SAY *Say, PVOID Context);

/* Symbolic links that code in [Start, Start + Size) has made: nt/io/symlink.c. */
typedef VOID IOP_LINK_SAY(PVOID Context, PCWSTR Name);
VOID IopListLinks(ULONG64 Start, ULONG64 Size, IOP_LINK_SAY *Say, PVOID Context);

/* Kernel handles that the image at Start has made: nt/ob/owner.c. */
typedef VOID OBP_HANDLE_SAY(PVOID Context, HANDLE Handle, PCUNICODE_STRING Type,
                            PCUNICODE_STRING Name);
VOID ObpListHandles(ULONG64 Start, OBP_HANDLE_SAY *Say, PVOID Context);

/* Work items that have left their queue and not come to an end, Object one, Routine NULL where a worker has none. */
VOID ExpListAtWork(KI_LEFT_SAY *Say, PVOID Context);
PVOID ExpCallbackOfDpc(PKDPC Dpc); /* the DPC of an EX_TIMER: its callback; else NULL */

/* What is made in memory that the kernel does not list, and undone again: nt/ke/made.c. Caller: whose code has made it. */
VOID KiNoteMade(const char *What, const volatile VOID *Object, PVOID Caller);
VOID KiForgetMade(const volatile VOID *Object);
VOID KiListMade(ULONG64 Start, ULONG64 Size, KI_LEFT_SAY *Say, PVOID Context);

VOID SepListRoutines(KI_LEFT_SAY *Say, PVOID Context);

/* Tells that the image stays although its unload routine has returned: Count references to its driver object are left. */
VOID KiTellKept(PKI_MODULE Module, ULONG Count);

/* Tells what the image leaves behind, before it goes; not if the verifier does. Left: KiListLeft's text. */
VOID KiTellLeft(PKI_MODULE Module, const char *Left);

#endif
