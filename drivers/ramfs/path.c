/*
 * path.c - from a name to a node: \directory\file:stream:type. [ntifs: FsRtlDissectName; FAT sample, create]
 *
 *     a component with characters that no name has, or empty     STATUS_OBJECT_NAME_INVALID
 *     on the way: missing, or no directory                        STATUS_OBJECT_PATH_NOT_FOUND
 *     on the way: a reparse point                                 STATUS_REPARSE, the rest is told
 *     the last one missing                                        success, Node NULL
 */
#include "ramfs.h"

BOOLEAN
RamIsLegalName(PCUNICODE_STRING Name)
{
    if (Name->Length == 0 || Name->Length > RAM_MAX_NAME * sizeof(WCHAR)) {
        return FALSE;
    }
    for (ULONG i = 0; i < Name->Length / sizeof(WCHAR); i++) {
        WCHAR Unit = Name->Buffer[i];

        if (Unit < 0x20 || Unit == L'"' || Unit == L'*' || Unit == L'/' || Unit == L':' ||
            Unit == L'<' || Unit == L'>' || Unit == L'?' || Unit == L'|' || Unit == L'\\') {
            return FALSE;
        }
    }
    return !(Name->Buffer[0] == L'.' &&
             (Name->Length == 2 || (Name->Length == 4 && Name->Buffer[1] == L'.')));
}

static BOOLEAN
RamIsLegalStream(PCUNICODE_STRING Name)
{
    if (Name->Length > RAM_MAX_NAME * sizeof(WCHAR)) {
        return FALSE;
    }
    for (ULONG i = 0; i < Name->Length / sizeof(WCHAR); i++) {
        if (Name->Buffer[i] == 0 || Name->Buffer[i] == L'/' || Name->Buffer[i] == L'\\' ||
            Name->Buffer[i] == L':') {
            return FALSE;
        }
    }
    return TRUE;
}

/* name:stream:type into its parts. `::$DATA` is the file's own bytes, `::$INDEX_ALLOCATION` a directory. */
static NTSTATUS
RamSplitStream(PRAM_PATH Path)
{
    UNICODE_STRING DataType = RTL_CONSTANT_STRING(L"$DATA"),
                   IndexType = RTL_CONSTANT_STRING(L"$INDEX_ALLOCATION"),
                   IndexName = RTL_CONSTANT_STRING(L"$I30"), Type = {};
    UNICODE_STRING Whole = Path->Last;
    ULONG Count = Whole.Length / sizeof(WCHAR), Colon = 0, Second;

    while (Colon < Count && Whole.Buffer[Colon] != L':') {
        Colon++;
    }
    if (Colon == Count) {
        return STATUS_SUCCESS;
    }
    for (Second = Colon + 1; Second < Count && Whole.Buffer[Second] != L':'; Second++) {
    }
    Path->Last.Length = (USHORT)(Colon * sizeof(WCHAR));
    Path->Stream.Buffer = Whole.Buffer + Colon + 1;
    Path->Stream.Length = Path->Stream.MaximumLength =
        (USHORT)((Second - Colon - 1) * sizeof(WCHAR));
    Path->HasStream = TRUE;
    if (Second < Count) {
        Type.Buffer = Whole.Buffer + Second + 1;
        Type.Length = Type.MaximumLength = (USHORT)((Count - Second - 1) * sizeof(WCHAR));
        if (RtlEqualUnicodeString(&Type, &IndexType, TRUE) &&
            (Path->Stream.Length == 0 || RtlEqualUnicodeString(&Path->Stream, &IndexName, TRUE))) {
            Path->MustBeDirectory = TRUE;
            Path->Stream.Length = 0;
            Path->HasStream = FALSE;
            return STATUS_SUCCESS;
        }
        if (!RtlEqualUnicodeString(&Type, &DataType, TRUE)) {
            return STATUS_OBJECT_NAME_INVALID;
        }
    } else if (Path->Stream.Length == 0) {
        return STATUS_OBJECT_NAME_INVALID; /* `name:` */
    }
    return RamIsLegalStream(&Path->Stream) ? STATUS_SUCCESS : STATUS_OBJECT_NAME_INVALID;
}

/* The stream part of a name that is nothing else: of the node that it is relative to. */
static NTSTATUS
RamWalkStream(PRAM_NODE Start, PUNICODE_STRING Name, PRAM_PATH Path)
{
    Path->Last = *Name;
    Path->Node = Start;
    return RamSplitStream(Path);
}

NTSTATUS
RamWalk(PRAM_REQUEST Request, PRAM_VOLUME Volume, PRAM_NODE Start, PUNICODE_STRING FullName,
        ULONG Options, BOOLEAN CaseSensitive, BOOLEAN TargetDirectory, PRAM_PATH Path)
{
    UNICODE_STRING Rest = *FullName, Component;
    PRAM_NODE Node = Start;
    PRAM_LINK Link = NULL;
    NTSTATUS Status;

    RtlZeroMemory(Path, sizeof(*Path));
    if (Rest.Length >= 2 * sizeof(WCHAR) && Rest.Buffer[0] == L'\\' && Rest.Buffer[1] == L'\\') {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (Rest.Length != 0 && Rest.Buffer[0] == L':' && Start != NULL) {
        return RamWalkStream(Start, &Rest, Path);
    }
    if (Rest.Length > sizeof(WCHAR) && Rest.Buffer[Rest.Length / sizeof(WCHAR) - 1] == L'\\') {
        Rest.Length -= sizeof(WCHAR);
        Path->MustBeDirectory = TRUE;
        if (Rest.Buffer[Rest.Length / sizeof(WCHAR) - 1] == L'\\') {
            return STATUS_OBJECT_NAME_INVALID;
        }
    }
    if (Rest.Length == sizeof(WCHAR) && Rest.Buffer[0] == L'\\') {
        Rest.Length = 0;
    }
    if (TargetDirectory && Rest.Length == 0) {
        return STATUS_INVALID_PARAMETER; /* the root cannot be a target */
    }
    while (Rest.Length != 0) {
        FsRtlDissectName(Rest, &Component, &Rest);
        Path->Last = Component;
        Path->Directory = Node;
        if (Rest.Length == 0) {
            Status = RamSplitStream(Path);
            if (!NT_SUCCESS(Status)) {
                return Status;
            }
            if (Path->HasStream && Path->Last.Length == 0 && Node == Volume->Root) {
                Path->Node = Node; /* \:stream */
                Path->Directory = NULL;
                return STATUS_SUCCESS;
            }
        } else if (Rest.Buffer[0] == L'\\') {
            return STATUS_OBJECT_NAME_INVALID; /* an empty component */
        }
        if (!RamIsLegalName(&Path->Last)) {
            return STATUS_OBJECT_NAME_INVALID;
        }
        if (!Node->Directory) {
            return TargetDirectory && Rest.Length == 0 ? STATUS_INVALID_PARAMETER
                                                       : STATUS_OBJECT_PATH_NOT_FOUND;
        }
        /* A target is looked for in its directory, which is what is opened, and not passed through. */
        if (Request != NULL && !(TargetDirectory && Rest.Length == 0) &&
            !RamMayTraverse(Request, Node)) {
            return STATUS_ACCESS_DENIED;
        }
        if (RamLoadChildren(Node) == STATUS_INSUFFICIENT_RESOURCES) {
            return STATUS_INSUFFICIENT_RESOURCES; /* whether it is there is not known */
        }
        Link = RamFindChild(Node, &Path->Last, CaseSensitive);
        if (Link == NULL) {
            if (Rest.Length != 0) {
                return STATUS_OBJECT_PATH_NOT_FOUND;
            }
            Path->Link = NULL;
            Path->Node = NULL;
            return STATUS_SUCCESS;
        }
        if (Rest.Length == 0 && TargetDirectory) {
            break;
        }
        Node = Link->Node;
        if (Node->Reparse != NULL && RamReparses(Request, Node, &Rest, Options, CaseSensitive)) {
            Path->Link = Link;
            Path->Node = Node;
            Path->Rest = Rest.Length != 0 ? Rest.Length + sizeof(WCHAR) : 0;
            return STATUS_REPARSE;
        }
    }
    Path->Link = Link;
    Path->Node = Link != NULL ? Link->Node : Node;
    return STATUS_SUCCESS;
}
