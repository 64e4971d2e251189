/*
 * callback.c - ObRegisterCallbacks: drivers that watch handles to processes and threads.
 *
 * Callbacks stand in each type's list by altitude, highest first. Before a handle is made the pre
 * callbacks run from the top down and may take access rights away, never add any; afterwards the post
 * callbacks of those that ran go from the bottom up. Both run in a critical region (documented).
 *
 * C1  No callback of it is called any more when ObUnRegisterCallbacks returns: it waits for those that are. The block lives
 *     until who has chosen it, and has then found that it goes, has looked at it (Holders).
 * C2  To choose who is called, and to register or go, are steps on all types' lists (OBP_CALLBACKS).
 */
#include "obp.h"
#include "nt/inc/left.h"
#include "nt/inc/life.h"

#define OBP_TAG_CALLBACK  'lCbO'
#define OBP_MAX_CALLBACKS 64

typedef struct _OBP_CALLBACK {
    LIST_ENTRY Links; /* of the type, highest altitude first */
    struct _OBP_REGISTRATION *Registration;
    POBJECT_TYPE Type;
    OB_OPERATION Operations;
    POB_PRE_OPERATION_CALLBACK Pre;
    POB_POST_OPERATION_CALLBACK Post;
} OBP_CALLBACK, *POBP_CALLBACK;

typedef struct _OBP_REGISTRATION {
    PVOID Context;
    UNICODE_STRING Altitude;
    EX_RUNDOWN_REF Rundown;
    ULONG Holders; /* C1 */
    ULONG Count;
    OBP_CALLBACK Callback[];
} OBP_REGISTRATION, *POBP_REGISTRATION;

struct _OBP_CALL {
    POBJECT_TYPE Type;
    PVOID Object;
    OB_OPERATION Operation;
    BOOLEAN Kernel;
    ULONG Count;
    struct {
        POBP_CALLBACK Callback;
        PVOID CallContext;
    } Entry[OBP_MAX_CALLBACKS];
};

USHORT NTAPI
ObGetFilterVersion(VOID)
{
    return OB_FLT_REGISTRATION_VERSION;
}

/* Altitudes are decimal numbers of any length, with an optional fraction. */
static LONG
ObpCompareAltitudes(PCUNICODE_STRING A, PCUNICODE_STRING B)
{
    USHORT IntegerA = 0, IntegerB = 0, StartA = 0, StartB = 0, i;
    USHORT CountA = A->Length / sizeof(WCHAR), CountB = B->Length / sizeof(WCHAR);

    while (StartA < CountA && A->Buffer[StartA] == L'0') {
        StartA++;
    }
    while (StartB < CountB && B->Buffer[StartB] == L'0') {
        StartB++;
    }
    while (StartA + IntegerA < CountA && A->Buffer[StartA + IntegerA] != L'.') {
        IntegerA++;
    }
    while (StartB + IntegerB < CountB && B->Buffer[StartB + IntegerB] != L'.') {
        IntegerB++;
    }
    if (IntegerA != IntegerB) {
        return IntegerA < IntegerB ? -1 : 1;
    }
    for (i = 0; StartA + i < CountA || StartB + i < CountB; i++) {
        WCHAR a = StartA + i < CountA ? A->Buffer[StartA + i] : L'0';
        WCHAR b = StartB + i < CountB ? B->Buffer[StartB + i] : L'0';

        if (a == L'.' || b == L'.') {
            continue;
        }
        if (a != b) {
            return a < b ? -1 : 1;
        }
    }
    return 0;
}

/* Documented: callbacks must lie in an image that was linked with /INTEGRITYCHECK. */
static BOOLEAN
ObpIsTrustedCallback(PVOID Routine)
{
    PKI_MODULE Module = MiFindModule(Routine);

    return Module != NULL &&
           ((Module->Flags & 0x20 /* from FORCE_INTEGRITY */) || !Module->UnderTest);
}

NTSTATUS NTAPI
ObRegisterCallbacks(POB_CALLBACK_REGISTRATION Register, PVOID *RegistrationHandle)
{
    POBP_REGISTRATION New;
    PLIST_ENTRY Entry;
    USHORT i;

    if ((Register->Version & 0xFF00) != OB_FLT_REGISTRATION_VERSION ||
        Register->OperationRegistrationCount == 0 || Register->Altitude.Length == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    for (i = 0; i < Register->OperationRegistrationCount; i++) {
        OB_OPERATION_REGISTRATION *Operation = &Register->OperationRegistration[i];
        POBJECT_TYPE Type = *Operation->ObjectType;

        if (!(Operation->Operations &
              (OB_OPERATION_HANDLE_CREATE | OB_OPERATION_HANDLE_DUPLICATE)) ||
            Operation->ObjectType == NULL || !Type->SupportsObjectCallbacks ||
            (Operation->PreOperation == NULL && Operation->PostOperation == NULL)) {
            return STATUS_INVALID_PARAMETER;
        }
        if ((Operation->PreOperation != NULL &&
             !ObpIsTrustedCallback((PVOID)Operation->PreOperation)) ||
            (Operation->PostOperation != NULL &&
             !ObpIsTrustedCallback((PVOID)Operation->PostOperation))) {
            IopNoteRefusal(STATUS_ACCESS_DENIED,
                           "ObRegisterCallbacks wants an image linked with /INTEGRITYCHECK");
            return STATUS_ACCESS_DENIED;
        }
    }
    New = ExpAllocate(sizeof(*New) + Register->OperationRegistrationCount * sizeof(OBP_CALLBACK) +
                          Register->Altitude.Length,
                      OBP_TAG_CALLBACK);
    New->Holders = 1;
    New->Context = Register->RegistrationContext;
    New->Count = Register->OperationRegistrationCount;
    New->Altitude.Buffer = (PWSTR)&New->Callback[New->Count];
    New->Altitude.Length = New->Altitude.MaximumLength = Register->Altitude.Length;
    RtlCopyMemory(New->Altitude.Buffer, Register->Altitude.Buffer, Register->Altitude.Length);
    ExInitializeRundownProtection(&New->Rundown);
    KiChanges(OBP_CALLBACKS); /* C2 */
    for (i = 0; i < New->Count; i++) {
        POBJECT_TYPE Type = *Register->OperationRegistration[i].ObjectType;

        for (Entry = Type->CallbackList.Flink; Entry != &Type->CallbackList; Entry = Entry->Flink) {
            if (ObpCompareAltitudes(
                    &CONTAINING_RECORD(Entry, OBP_CALLBACK, Links)->Registration->Altitude,
                    &New->Altitude) == 0) {
                ExpFree(New);
                return STATUS_FLT_INSTANCE_ALTITUDE_COLLISION;
            }
        }
    }
    for (i = 0; i < New->Count; i++) {
        OB_OPERATION_REGISTRATION *Operation = &Register->OperationRegistration[i];
        POBP_CALLBACK Callback = &New->Callback[i];

        Callback->Registration = New;
        Callback->Type = *Operation->ObjectType;
        Callback->Operations = Operation->Operations;
        Callback->Pre = Operation->PreOperation;
        Callback->Post = Operation->PostOperation;
        for (Entry = Callback->Type->CallbackList.Flink; Entry != &Callback->Type->CallbackList;
             Entry = Entry->Flink) {
            if (ObpCompareAltitudes(
                    &CONTAINING_RECORD(Entry, OBP_CALLBACK, Links)->Registration->Altitude,
                    &New->Altitude) < 0) {
                break;
            }
        }
        InsertTailList(Entry, &Callback->Links);
    }
    *RegistrationHandle = New;
    return STATUS_SUCCESS;
}

static VOID
ObpReleaseRegistration(POBP_REGISTRATION Registration)
{
    if (--Registration->Holders == 0) {
        ExpFree(Registration);
    }
}

VOID NTAPI
ObUnRegisterCallbacks(PVOID RegistrationHandle)
{
    POBP_REGISTRATION Registration = RegistrationHandle;
    ULONG i;

    KiChanges(OBP_CALLBACKS);
    for (i = 0; i < Registration->Count; i++) {
        RemoveEntryList(&Registration->Callback[i].Links);
    }
    ExWaitForRundownProtectionRelease(&Registration->Rundown); /* C1 */
    ObpReleaseRegistration(Registration);
}

/* Runs the pre callbacks; what they leave of the access goes back in *Access. */
PVOID
ObpCallPre(POBJECT_TYPE Type, PVOID Object, BOOLEAN Kernel, ACCESS_MASK *Access, PEPROCESS Source,
           PEPROCESS Target)
{
    OBP_CALL *Call = ExpAllocate(sizeof(*Call), OBP_TAG_CALLBACK);
    OB_PRE_OPERATION_INFORMATION Information;
    OB_PRE_OPERATION_PARAMETERS Parameters;
    ACCESS_MASK Original = *Access;
    PLIST_ENTRY Entry;
    ULONG i;

    Call->Type = Type;
    Call->Object = Object;
    Call->Kernel = Kernel;
    Call->Operation = Target != NULL ? OB_OPERATION_HANDLE_DUPLICATE : OB_OPERATION_HANDLE_CREATE;
    /* C2, in the step in which the caller has seen that there are some: who is called is chosen before the first one is. */
    for (Entry = Type->CallbackList.Flink; Entry != &Type->CallbackList; Entry = Entry->Flink) {
        POBP_CALLBACK Callback = CONTAINING_RECORD(Entry, OBP_CALLBACK, Links);

        if ((Callback->Operations & Call->Operation) && Call->Count < OBP_MAX_CALLBACKS) {
            Callback->Registration->Holders++;
            Call->Entry[Call->Count++].Callback = Callback;
        }
    }
    for (i = 0; i < Call->Count; i++) {
        POBP_REGISTRATION Registration = Call->Entry[i].Callback->Registration;

        if (!ExAcquireRundownProtection(&Registration->Rundown)) {
            Call->Entry[i].Callback = NULL;
            ObpReleaseRegistration(Registration);
        }
    }
    KeEnterCriticalRegion();
    for (i = 0; i < Call->Count; i++) {
        POBP_CALLBACK Callback = Call->Entry[i].Callback;

        if (Callback == NULL || Callback->Pre == NULL) {
            continue;
        }
        RtlZeroMemory(&Information, sizeof(Information));
        RtlZeroMemory(&Parameters, sizeof(Parameters));
        Information.Operation = Call->Operation;
        Information.KernelHandle = Kernel;
        Information.Object = Object;
        Information.ObjectType = Type;
        Information.Parameters = &Parameters;
        Parameters.CreateHandleInformation.DesiredAccess = *Access;
        Parameters.CreateHandleInformation.OriginalDesiredAccess = Original;
        if (Target != NULL) {
            Parameters.DuplicateHandleInformation.SourceProcess = Source;
            Parameters.DuplicateHandleInformation.TargetProcess = Target;
        }
        if (VfCall == NULL) {
            Callback->Pre(Callback->Registration->Context, &Information);
        } else {
            VF_CALL(OB_PREOP_CALLBACK_STATUS, VfCallback, Callback->Pre,
                    Callback->Registration->Context, &Information, 0, 0);
        }
        Call->Entry[i].CallContext = Information.CallContext;
        if (!Kernel) {
            *Access &= Parameters.CreateHandleInformation.DesiredAccess;
        }
    }
    KeLeaveCriticalRegion();
    return Call;
}

VOID
ObpCallPost(PVOID Context, NTSTATUS Status, ACCESS_MASK Granted)
{
    OBP_CALL *Call = Context;
    OB_POST_OPERATION_INFORMATION Information;
    OB_POST_OPERATION_PARAMETERS Parameters;
    ULONG i;

    KeEnterCriticalRegion();
    for (i = Call->Count; i-- != 0;) {
        POBP_CALLBACK Callback = Call->Entry[i].Callback;

        if (Callback == NULL) {
            continue;
        }
        if (Callback->Post != NULL) {
            RtlZeroMemory(&Information, sizeof(Information));
            Information.Operation = Call->Operation;
            Information.KernelHandle = Call->Kernel;
            Information.Object = Call->Object;
            Information.ObjectType = Call->Type;
            Information.CallContext = Call->Entry[i].CallContext;
            Information.ReturnStatus = Status;
            Information.Parameters = &Parameters;
            Parameters.CreateHandleInformation.GrantedAccess = Granted;
            if (VfCall == NULL) {
                Callback->Post(Callback->Registration->Context, &Information);
            } else {
                VF_CALL(VOID, VfCallback, Callback->Post, Callback->Registration->Context,
                        &Information, 0, 0);
            }
        }
        ExReleaseRundownProtection(&Callback->Registration->Rundown);
        ObpReleaseRegistration(Callback->Registration);
    }
    KeLeaveCriticalRegion();
    ExpFree(Call);
}

VOID
ObpListRoutines(KI_LEFT_SAY *Say, PVOID Context)
{
    for (ULONG Index = 0; Index < OBP_MAX_TYPES; Index++) {
        POBJECT_TYPE Type = ObpTypes[Index];

        if (Type == NULL || !Type->SupportsObjectCallbacks) {
            continue;
        }
        for (PLIST_ENTRY Entry = Type->CallbackList.Flink; Entry != &Type->CallbackList;
             Entry = Entry->Flink) {
            POBP_CALLBACK Callback = CONTAINING_RECORD(Entry, OBP_CALLBACK, Links);

            Say(Context, "an object callback", Callback->Registration,
                Callback->Pre != NULL ? (PVOID)Callback->Pre : (PVOID)Callback->Post);
        }
    }
}
