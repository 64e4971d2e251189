/*
 * name.c - from a name to an object and back.
 *
 * A name is walked one component at a time from the root directory or the caller's RootDirectory. An
 * object with a Parse method takes over what is left of the name: a device makes a file object of it,
 * a symbolic link sends us back to the start with another name.
 *
 *   N1  Between the last look into a directory and the insertion no schedule point is passed.
 *   N2  A walk starts again at most OBP_MAX_REPARSE times.
 *   N3  Case does not count if the caller says so (OBJ_CASE_INSENSITIVE), or if what is wanted is a directory, a symbolic link, or
 *       one of the I/O manager's objects (the policy "Require case insensitivity for non-Windows subsystems", which is on by default).
 *   N4  What is inserted goes into a directory: on the way there only symbolic links are followed.
 *   N5  Whether Insert may be created is asked before its name is looked for: that passes schedule points (N1).
 *
 * \?? is not an object: it names \GLOBAL??, the one device map that there is.
 */
#include "obp.h"
#include "nt/inc/life.h"

#define OBP_MAX_REPARSE 160 /* two for each of the 63 links that nt/io/reparse.c follows */
#define OBP_CREATE_ACCESS(Type)                                                                    \
    ((Type) == ObpDirectoryType ? 0x0008 /* DIRECTORY_CREATE_SUBDIRECTORY */                       \
                                : 0x0004 /* DIRECTORY_CREATE_OBJECT */)

/* Takes the first component off Remaining, which keeps its leading backslash. FALSE: malformed. */
BOOLEAN
ObpNextComponent(PUNICODE_STRING Remaining, PUNICODE_STRING Component)
{
    USHORT i = 0, Count;

    if (Remaining->Length != 0 && Remaining->Buffer[0] == L'\\') {
        Remaining->Buffer++;
        Remaining->Length -= sizeof(WCHAR);
    }
    Count = Remaining->Length / sizeof(WCHAR);
    while (i < Count && Remaining->Buffer[i] != L'\\') {
        i++;
    }
    Component->Buffer = Remaining->Buffer;
    Component->Length = Component->MaximumLength = i * sizeof(WCHAR);
    Remaining->Buffer += i;
    Remaining->Length -= i * sizeof(WCHAR);
    Remaining->MaximumLength = Remaining->Length;
    return i != 0;
}

static BOOLEAN
ObpIsDosDevices(PCUNICODE_STRING Component)
{
    return Component->Length == 2 * sizeof(WCHAR) && Component->Buffer[0] == L'?' &&
           Component->Buffer[1] == L'?';
}

NTSTATUS
ObpReplaceName(PUNICODE_STRING CompleteName, PCUNICODE_STRING New)
{
    PWSTR Buffer = ExpAllocate(New->Length + sizeof(WCHAR), OBP_TAG_NAME);

    RtlCopyMemory(Buffer, New->Buffer, New->Length);
    ExpFree(CompleteName->Buffer);
    CompleteName->Buffer = Buffer;
    CompleteName->Length = New->Length;
    CompleteName->MaximumLength = New->Length + sizeof(WCHAR);
    return STATUS_SUCCESS;
}

/* Insert goes into Directory under Component, if the caller may create there. */
static NTSTATUS
ObpInsertName(POBP_DIRECTORY Directory, PUNICODE_STRING Component, PVOID Insert,
              KPROCESSOR_MODE Mode)
{
    POBP_OBJECT Object = ObpObject(Insert);
    PWSTR Buffer;

    Buffer = ExpAllocate(Component->Length + sizeof(WCHAR), OBP_TAG_NAME);
    RtlCopyMemory(Buffer, Component->Buffer, Component->Length);
    Object->Name.Buffer = Buffer;
    Object->Name.Length = Component->Length;
    Object->Name.MaximumLength = Component->Length + sizeof(WCHAR);
    ObpInsertInDirectory(Directory, Object);
    return STATUS_SUCCESS;
}

static NTSTATUS
ObpMayCreate(POBP_DIRECTORY Directory, PVOID Insert, KPROCESSOR_MODE Mode)
{
    ACCESS_STATE State;
    ULONG64 Aux[64];
    NTSTATUS Status;

    if (Mode == KernelMode) {
        return STATUS_SUCCESS;
    }
    Status = SepCreateAccessState(&State, Aux, OBP_CREATE_ACCESS(ObpTypeOf(Insert)),
                                  &ObpDirectoryType->GenericMapping);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObpCheckAccess(Directory, &State, Mode);
    SeDeleteAccessState(&State);
    return Status;
}

NTSTATUS
ObpLookupName(OB_CAPTURE *Capture, KPROCESSOR_MODE Mode, POB_OPEN_PACKET Packet, PVOID Insert,
              PVOID *Found)
{
    UNICODE_STRING Complete, Remaining, Component;
    PVOID Root = NULL, Current, Object;
    BOOLEAN IgnoreCase = (Capture->Attributes & OBJ_CASE_INSENSITIVE) != 0 ||
                         Packet->DesiredType == NULL || Packet->DesiredType->IgnoresCase; /* N3 */
    ULONG Reparses;
    NTSTATUS Status, MayCreate = STATUS_SUCCESS;

    *Found = NULL;
    if (Capture->RootDirectory != NULL) {
        Status = ObReferenceObjectByHandle(Capture->RootDirectory, 0, NULL, Mode, &Root, NULL);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if (Capture->Name.Length != 0 && Capture->Name.Buffer[0] == L'\\' &&
            ObpTypeOf(Root)->Methods.Parse == NULL) {
            ObDereferenceObject(Root);
            return STATUS_OBJECT_PATH_SYNTAX_BAD;
        }
        if (ObpTypeOf(Root) != ObpDirectoryType &&
            (ObpTypeOf(Root)->Methods.Parse == NULL ||
             (ObpTypeOf(Root) == ObpSymbolicLinkType && Capture->Name.Length != 0))) {
            ObDereferenceObject(Root);
            return STATUS_OBJECT_TYPE_MISMATCH;
        }
        if (Capture->Name.Length == 0 && ObpTypeOf(Root) == ObpDirectoryType) {
            if (Insert != NULL) {
                ObDereferenceObject(Root);
                return STATUS_OBJECT_NAME_INVALID;
            }
            *Found = Root;
            return STATUS_SUCCESS;
        }
    } else if (Capture->Name.Length == 0 || Capture->Name.Buffer[0] != L'\\') {
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }

    Complete.Buffer = ExpAllocate(Capture->Name.Length + sizeof(WCHAR), OBP_TAG_NAME);
    Complete.Length = Capture->Name.Length;
    Complete.MaximumLength = Capture->Name.Length + sizeof(WCHAR);
    RtlCopyMemory(Complete.Buffer, Capture->Name.Buffer, Capture->Name.Length);

    for (Reparses = 0;; Reparses++) {
        if (Reparses > OBP_MAX_REPARSE) { /* N2 */
            Status = STATUS_OBJECT_PATH_NOT_FOUND;
            break;
        }
        Remaining = Complete;
        if (Root != NULL) {
            Current = Root;
        } else {
            Current = ObpRootDirectory;
            ObfReferenceObject(Current);
            if (Remaining.Length == sizeof(WCHAR)) { /* "\" */
                *Found = Current;
                Status = STATUS_SUCCESS;
                break;
            }
        }
        Root = NULL;
        /* Invariant of the walk: Current is referenced; Remaining is what it has to resolve. */
        for (;;) {
            POBJECT_TYPE Type = ObpTypeOf(Current);

            if (Type->Methods.Parse != NULL &&
                (Insert == NULL || Type == ObpSymbolicLinkType)) { /* N4 */
                Status = Type->Methods.Parse(Current, Packet, &Complete, &Remaining, Found);
                ObDereferenceObject(Current);
                break;
            }
            if (Remaining.Length == 0) {
                *Found = Current;
                Status = STATUS_SUCCESS;
                break;
            }
            if (Type != ObpDirectoryType) {
                ObDereferenceObject(Current);
                Status = Type->Methods.Parse != NULL ? STATUS_OBJECT_PATH_NOT_FOUND
                                                     : STATUS_OBJECT_TYPE_MISMATCH;
                break;
            }
            if (!ObpNextComponent(&Remaining, &Component)) {
                ObDereferenceObject(Current);
                Status = STATUS_OBJECT_NAME_INVALID;
                break;
            }
            if (Insert != NULL && Remaining.Length == 0) {
                MayCreate = ObpMayCreate(Current, Insert, Mode); /* N5 */
            }
            if (Current != ObpRootDirectory || !ObpIsDosDevices(&Component)) {
                ObpNamePoint(Current, &Component, Insert != NULL && Remaining.Length == 0);
            }
            if (Current == ObpRootDirectory && ObpIsDosDevices(&Component)) {
                Object = ObpGlobalDosDevices;
            } else {
                Object = ObpFindInDirectory(Current, &Component, IgnoreCase); /* N1 */
            }
            if (Object == NULL) {
                if (Remaining.Length != 0) {
                    Status = STATUS_OBJECT_PATH_NOT_FOUND;
                } else if (Insert == NULL) {
                    Status = STATUS_OBJECT_NAME_NOT_FOUND;
                } else if (!NT_SUCCESS(MayCreate)) {
                    Status = MayCreate;
                } else {
                    Status = ObpInsertName(Current, &Component, Insert, Mode);
                    if (NT_SUCCESS(Status)) {
                        ObfReferenceObject(Insert);
                        *Found = Insert;
                    }
                }
                ObDereferenceObject(Current);
                break;
            }
            ObpAddReference(Object);
            ObDereferenceObject(Current);
            Current = Object;
        }
        if (Status != STATUS_REPARSE) {
            break;
        }
        if (Capture->Attributes & OBJ_DONT_REPARSE) {
            Status = ((NTSTATUS)0xC000050BL) /* STATUS_REPARSE_POINT_ENCOUNTERED */;
            break;
        }
        if (Complete.Length == 0 || Complete.Buffer[0] != L'\\') {
            Status = STATUS_OBJECT_PATH_SYNTAX_BAD;
            break;
        }
    }
    ExpFree(Complete.Buffer);
    return Status;
}

/*
 * The full name. Length counts the OBJECT_NAME_INFORMATION, the name and its terminator; an object
 * without a name has an empty one.
 */
NTSTATUS NTAPI
ObQueryNameString(PVOID Body, POBJECT_NAME_INFORMATION Info, ULONG Length, PULONG ReturnLength)
{
    POBP_OBJECT Object = ObpObject(Body), Walk;
    ULONG Bytes = 0, Needed;
    PWSTR Write;

    if (Object->Type->Methods.QueryName != NULL) {
        return Object->Type->Methods.QueryName(Body, Info, Length, ReturnLength);
    }
    if (Body == ObpRootDirectory) {
        Bytes = sizeof(WCHAR);
    } else {
        for (Walk = Object; Walk->Directory != NULL; Walk = ObpObject(Walk->Directory)) {
            Bytes += sizeof(WCHAR) + Walk->Name.Length;
        }
        /* A directory on the way that has lost its own name shows as "...". */
        if (Bytes != 0 && OBP_BODY(Walk) != ObpRootDirectory) {
            Bytes += 4 * sizeof(WCHAR);
        }
    }
    Needed = sizeof(*Info) + (Bytes ? Bytes + sizeof(WCHAR) : 0);
    *ReturnLength = Needed;
    if (Length < Needed) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if (Bytes == 0) {
        RtlZeroMemory(Info, sizeof(*Info));
        return STATUS_SUCCESS;
    }
    Write = (PWSTR)((PUCHAR)(Info + 1) + Bytes);
    *Write = 0;
    if (Body == ObpRootDirectory) {
        *--Write = L'\\';
    } else {
        for (Walk = Object; Walk->Directory != NULL; Walk = ObpObject(Walk->Directory)) {
            Write -= Walk->Name.Length / sizeof(WCHAR);
            RtlCopyMemory(Write, Walk->Name.Buffer, Walk->Name.Length);
            *--Write = L'\\';
        }
        if (OBP_BODY(Walk) != ObpRootDirectory) {
            Write -= 4;
            RtlCopyMemory(Write, L"\\...", 4 * sizeof(WCHAR));
        }
    }
    Info->Name.Buffer = Write;
    Info->Name.Length = (USHORT)Bytes;
    Info->Name.MaximumLength = (USHORT)(Bytes + sizeof(WCHAR));
    return STATUS_SUCCESS;
}

static LONG64
ObpNoneOfThem(PVOID Object)
{
    return 0;
}

/* The name goes at once where there is no handle. */
static PVOID
ObpNameWithoutHandles(PVOID Which, PVOID *Reads)
{
    POBP_OBJECT Object = Which;

    if (Object->Header.HandleCount != 0 || Object->Directory == NULL) {
        return NULL;
    }
    *Reads = Object->Directory;
    return ObpNameKey(Object->Directory, &Object->Name);
}

/* Comes before or behind each handle that is made or closed: O5. */
VOID
ObpMakeTemporary(PVOID Body)
{
    POBP_OBJECT Object = ObpObject(Body);
    KI_GIVES_BACK Given = {MAXLONG64, &Object->Header.HandleCount, ObpNoneOfThem, Object,
                           ObpNameWithoutHandles};

    KiAcquirePoint(SP_OBJECT, &Object->Header.HandleCount, KiStaysReferenced, (ULONG_PTR)&Given);
    Object->Header.Flags &= ~OBP_FLAG_PERMANENT;
    if (Object->Header.HandleCount == 0 && Object->Directory != NULL) {
        ObpRemoveName(Object);
    }
}

VOID NTAPI
ObMakeTemporaryObject(PVOID Body)
{
    ObpMakeTemporary(Body);
}

NTSTATUS NTAPI
NtMakeTemporaryObject(HANDLE Handle)
{
    NTSTATUS Status;
    PVOID Body;

    Status = ObReferenceObjectByHandle(Handle, DELETE, NULL, KiPreviousMode(), &Body, NULL);
    if (NT_SUCCESS(Status)) {
        ObpMakeTemporary(Body);
        ObDereferenceObject(Body);
    }
    return Status;
}

NTSTATUS NTAPI
NtMakePermanentObject(HANDLE Handle)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    NTSTATUS Status;
    PVOID Body;

    if (!SepHasPrivilege(RtlConvertUlongToLuid(SE_CREATE_PERMANENT_PRIVILEGE), Mode)) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    Status = ObReferenceObjectByHandle(Handle, 0, NULL, Mode, &Body, NULL);
    if (NT_SUCCESS(Status)) {
        KiSchedulePoint(SP_OBJECT, &ObpObject(Body)->Header.HandleCount);
        if (ObpObject(Body)->Directory != NULL) {
            ObpObject(Body)->Header.Flags |= OBP_FLAG_PERMANENT;
        }
        ObDereferenceObject(Body);
    }
    return Status;
}
