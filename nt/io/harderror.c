/*
 * harderror.c - drivers tell the user that a device failed: by a normal kernel APC to the thread of the request.
 *
 * IoRaiseHardError: the dialog appears in the thread that issued the IRP, and the IRP is completed once the user
 * has answered. A thread that has normal kernel APCs disabled sees no dialog until it enables them: who waits for
 * the IRP before that waits for ever. With hard errors disabled the IRP is completed at once.
 *
 * IoRaiseInformationalHardError: nobody waits for the answer, a few may be queued.
 *
 *   E1  A pop-up is in IopPopups from the moment it is queued until the user has answered it.
 *   E2  A system thread has no desktop: no dialog appears (from Vista on, session 0).
 * Facts: [DDI:ntddk/ioraiseharderror], [DDI:ntddk/ioraiseinformationalharderror],
 * [DDI:ntddk/iosetthreadharderrormode]; docs/decisions.
 */
#include "nt/io/iop.h"

#define IOP_MAXIMUM_POPUPS 16 /* "too many": no document says how many */
#define IOP_OPTION_OK      1
#define IOP_OPTION_CANCEL  8 /* cancel, try again, continue */

typedef struct _IOP_POPUP {
    LIST_ENTRY Links; /* E1 */
    KAPC Apc;
    PIRP Irp; /* NULL: informational */
    NTSTATUS ErrorStatus;
    UNICODE_STRING String; /* its buffer lies behind */
} IOP_POPUP, *PIOP_POPUP;

/* The IRP fails as it stands, without data for the user's buffers. */
static VOID
IopFailWithoutData(PIRP Irp)
{
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_DISK_INCREMENT);
}

static VOID
IopForgetPopup(PIOP_POPUP Popup)
{
    RemoveEntryList(&Popup->Links);
    ExpFree(Popup);
}

static VOID NTAPI
IopPopupKernelRoutine(PKAPC Apc, PKI_NORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext,
                      PVOID *SystemArgument1, PVOID *SystemArgument2)
{
}

/* The thread ends before it could show the dialog. */
static VOID NTAPI
IopPopupRundown(PKAPC Apc)
{
    PIOP_POPUP Popup = CONTAINING_RECORD(Apc, IOP_POPUP, Apc);
    PIRP Irp = Popup->Irp;

    IopForgetPopup(Popup);
    if (Irp != NULL) {
        IopFailWithoutData(Irp);
    }
}

/* In the thread, at PASSIVE_LEVEL: the dialog. */
static VOID NTAPI
IopPopupNormalRoutine(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    PIOP_POPUP Popup = Context;
    PEPROCESS Process = PspThreadsProcess(PspCurrentThread());
    PIRP Irp = Popup->Irp;
    char Text[400], Label[128] = "";
    ULONG Bytes = 0;

    if (Process->Pcb.Slice != 0 || KiVersion->MajorVersion < 6) { /* E2 */
        RtlUnicodeToUTF8N(Label, sizeof(Label) - 1, &Bytes, Popup->String.Buffer,
                          Popup->String.Length);
        KiFormatText(Text, sizeof(Text), "%s - System Error: hard error %x %s\n",
                     Process->Pcb.Slice != 0 ? (const char *)Process->ImageFileName
                                             : "System Process",
                     (ULONG)Popup->ErrorStatus, Label);
        ExpAskUser(Text, Irp != NULL ? IOP_OPTION_CANCEL : IOP_OPTION_OK, KernelMode);
    }
    IopForgetPopup(Popup);
    if (Irp != NULL) {
        IopFailWithoutData(Irp); /* the user cancels */
    }
}

static BOOLEAN
IopQueuePopup(PETHREAD Thread, PIRP Irp, NTSTATUS ErrorStatus, PUNICODE_STRING String)
{
    ULONG Bytes = String != NULL ? String->Length : 0;
    PIOP_POPUP Popup = ExpAllocate(sizeof(*Popup) + Bytes, 'rEoI');

    Popup->Irp = Irp;
    Popup->ErrorStatus = ErrorStatus;
    Popup->String.Buffer = (PWCHAR)(Popup + 1);
    Popup->String.Length = Popup->String.MaximumLength = (USHORT)Bytes;
    if (Bytes != 0) {
        RtlCopyMemory(Popup->String.Buffer, String->Buffer, Bytes);
    }
    KeInitializeApc(&Popup->Apc, &Thread->Tcb, OriginalApcEnvironment, IopPopupKernelRoutine,
                    IopPopupRundown, IopPopupNormalRoutine, KernelMode, Popup);
    InsertTailList(&IopPopups, &Popup->Links);
    if (!KeInsertQueueApc(&Popup->Apc, NULL, NULL, 0)) { /* the thread is ending */
        IopForgetPopup(Popup);
        return FALSE;
    }
    return TRUE;
}

VOID NTAPI
IoRaiseHardError(PIRP Irp, PVPB Vpb, PDEVICE_OBJECT RealDeviceObject)
{
    PETHREAD Thread = Irp->Tail.Overlay.Thread;
    UNICODE_STRING Label = {0};

    if (Thread == NULL) {
        Thread = PspCurrentThread();
    }
    if (Vpb != NULL) {
        Label.Buffer = Vpb->VolumeLabel;
        Label.Length = Vpb->VolumeLabelLength;
    }
    if (Thread->HardErrorsDisabled || !IopQueuePopup(Thread, Irp, Irp->IoStatus.Status, &Label)) {
        IopFailWithoutData(Irp);
    }
}

BOOLEAN NTAPI
IoRaiseInformationalHardError(NTSTATUS ErrorStatus, PUNICODE_STRING String, PKTHREAD Thread)
{
    UNICODE_STRING None = {0};
    ULONG Count = 0;

    if (Thread == NULL) {
        /* The system itself: nobody is told from Vista on (E2). */
        if (KiVersion->MajorVersion < 6) {
            NOT_YET("IoRaiseInformationalHardError for no thread, before Vista");
        }
        return TRUE;
    }
    if (((PETHREAD)Thread)->HardErrorsDisabled) {
        return FALSE;
    }
    KiSchedulePoint(SP_OBJECT, &IopPopups);
    for (PLIST_ENTRY Entry = IopPopups.Flink; Entry != &IopPopups; Entry = Entry->Flink) {
        PIOP_POPUP Popup = CONTAINING_RECORD(Entry, IOP_POPUP, Links);

        if (Popup->Irp == NULL && Popup->ErrorStatus == ErrorStatus &&
            RtlEqualUnicodeString(&Popup->String, String != NULL ? String : &None, FALSE)) {
            return FALSE;
        }
        Count++;
    }
    return Count < IOP_MAXIMUM_POPUPS && IopQueuePopup((PETHREAD)Thread, NULL, ErrorStatus, String);
}

BOOLEAN NTAPI
IoSetThreadHardErrorMode(BOOLEAN EnableHardErrors)
{
    PETHREAD Thread = PspCurrentThread();
    BOOLEAN Enabled = !Thread->HardErrorsDisabled;

    Thread->HardErrorsDisabled = !EnableHardErrors;
    return Enabled;
}
