/*
 * directory.c - object directories.
 *
 * A directory holds one reference on each entry, and each entry one on its directory, so a directory
 * lives as long as anything in it. Enumeration goes by bucket and within it by name: what a caller
 * sees depends on what is there, not on who came first.
 *
 *   R1  To the explorer each name of a directory is an object of its own: to look for it reads it, to insert or remove it
 *       writes it. Who does that reads the directory's list as well, which an enumeration writes.
 */
#include "obp.h"
#include "nt/inc/life.h"

static ULONG
ObpFullHash(PCUNICODE_STRING Name)
{
    ULONG Hash = 0;
    USHORT i;

    for (i = 0; i < Name->Length / sizeof(WCHAR); i++) {
        Hash = Hash * 31 + RtlUpcaseUnicodeChar(Name->Buffer[i]);
    }
    return Hash;
}

static ULONG
ObpHashName(PCUNICODE_STRING Name)
{
    return ObpFullHash(Name) % OBP_BUCKETS;
}

/* R1. A name that is not there has an address too: one inside of its bucket. The first byte of all is the directory. */
PVOID
ObpNameKey(POBP_DIRECTORY Directory, PCUNICODE_STRING Name)
{
    ULONG Hash = ObpFullHash(Name);

    return (PUCHAR)&Directory->Bucket[Hash % OBP_BUCKETS] + 1 +
           Hash / OBP_BUCKETS % (sizeof(LIST_ENTRY) - 1);
}

VOID
ObpNamePoint(POBP_DIRECTORY Directory, PCUNICODE_STRING Name, BOOLEAN Changes)
{
    PVOID Key = ObpNameKey(Directory, Name);

    if (Changes) {
        KiAcquirePoint(SP_OBJECT, Key, NULL, KI_ALSO_READS(Directory));
    } else {
        KiSchedulePoint(SP_REFERENCE, Key);
    }
}

/* Without case, of those that differ in nothing else the newest. */
PVOID
ObpFindInDirectory(POBP_DIRECTORY Directory, PCUNICODE_STRING Name, BOOLEAN IgnoreCase)
{
    PLIST_ENTRY Head = &Directory->Bucket[ObpHashName(Name)], Entry;

    for (Entry = Head->Flink; Entry != Head; Entry = Entry->Flink) {
        POBP_OBJECT Object = CONTAINING_RECORD(Entry, OBP_OBJECT, DirectoryLinks);

        if (RtlEqualUnicodeString(&Object->Name, Name, IgnoreCase)) {
            return OBP_BODY(Object);
        }
    }
    return NULL;
}

VOID
ObpInsertInDirectory(POBP_DIRECTORY Directory, POBP_OBJECT Object)
{
    PLIST_ENTRY Head = &Directory->Bucket[ObpHashName(&Object->Name)], Entry;

    for (Entry = Head->Flink; Entry != Head; Entry = Entry->Flink) {
        if (RtlCompareUnicodeString(&CONTAINING_RECORD(Entry, OBP_OBJECT, DirectoryLinks)->Name,
                                    &Object->Name, TRUE) >= 0) {
            break;
        }
    }
    InsertTailList(Entry, &Object->DirectoryLinks);
    Object->Directory = Directory;
    Object->Header.PointerCount++;
    ObpObject(Directory)->Header.PointerCount++;
}

VOID
ObpRemoveName(POBP_OBJECT Object)
{
    POBP_DIRECTORY Directory = Object->Directory;

    RemoveEntryList(&Object->DirectoryLinks);
    Object->Directory = NULL;
    ObDereferenceObject(OBP_BODY(Object));
    ObDereferenceObject(Directory);
}

static VOID
ObpInitializeDirectory(POBP_DIRECTORY Directory)
{
    ULONG i;

    for (i = 0; i < OBP_BUCKETS; i++) {
        InitializeListHead(&Directory->Bucket[i]);
    }
}

/* For the tree that exists from the start: permanent, made without checks. */
static PVOID
ObpMakeObject(PCWSTR Path, POBJECT_TYPE Type, ULONG Size)
{
    OB_CAPTURE Capture;
    OB_OPEN_PACKET Packet;
    UNICODE_STRING Name;
    POBP_OBJECT Object;
    PVOID Body, Found;
    NTSTATUS Status;

    Body = ObpAllocateObject(Type, Size);
    Object = ObpObject(Body);
    Object->Header.Flags = OBP_FLAG_PERMANENT | OBP_FLAG_KERNEL;
    if (Type == ObpDirectoryType) {
        ObpInitializeDirectory(Body);
    }
    if (Path == NULL) {
        return Body;
    }
    RtlInitUnicodeString(&Name, Path);
    RtlZeroMemory(&Capture, sizeof(Capture));
    RtlZeroMemory(&Packet, sizeof(Packet));
    Capture.Name = Name;
    Packet.DesiredType = Type;
    Status = ObpLookupName(&Capture, KernelMode, &Packet, Body, &Found);
    ASSERT(NT_SUCCESS(Status) && Found == Body);
    Object->Header.PointerCount--;
    return Body;
}

PVOID
ObpMakeDirectory(PCWSTR Path)
{
    return ObpMakeObject(Path, ObpDirectoryType, sizeof(OBP_DIRECTORY));
}

PVOID
ObpMakeLink(PCWSTR Path, PCWSTR Target)
{
    POBP_LINK Link = ObpMakeObject(Path, ObpSymbolicLinkType, sizeof(OBP_LINK));
    UNICODE_STRING String;

    RtlInitUnicodeString(&String, Target);
    Link->Target.Buffer = ExpAllocate(String.Length + sizeof(WCHAR), OBP_TAG_NAME);
    RtlCopyMemory(Link->Target.Buffer, Target, String.Length);
    Link->Target.Length = String.Length;
    Link->Target.MaximumLength = String.Length + sizeof(WCHAR);
    return Link;
}

NTSTATUS NTAPI
NtCreateDirectoryObject(PHANDLE DirectoryHandle, ACCESS_MASK DesiredAccess,
                        POBJECT_ATTRIBUTES ObjectAttributes)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    NTSTATUS Status;
    PVOID Body;

    Status = ExpProbeHandle(DirectoryHandle, Mode);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObCreateObject(Mode, ObpDirectoryType, ObjectAttributes, Mode, NULL,
                            sizeof(OBP_DIRECTORY), 0, 0, &Body);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    ObpInitializeDirectory(Body);
    return ObpInsertFor(Body, DesiredAccess, DirectoryHandle, Mode);
}

NTSTATUS NTAPI
NtOpenDirectoryObject(PHANDLE DirectoryHandle, ACCESS_MASK DesiredAccess,
                      POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObpOpenService(DirectoryHandle, DesiredAccess, ObjectAttributes, ObpDirectoryType);
}

typedef struct _OBP_DIRECTORY_INFORMATION {
    UNICODE_STRING Name;
    UNICODE_STRING TypeName;
} OBP_DIRECTORY_INFORMATION, *POBP_DIRECTORY_INFORMATION;

/*
 * Entries first, a zero entry after the last, then the strings. More entries than fit:
 * STATUS_MORE_ENTRIES; not even one: STATUS_BUFFER_TOO_SMALL with the length it takes.
 */
NTSTATUS NTAPI
NtQueryDirectoryObject(HANDLE DirectoryHandle, PVOID Buffer, ULONG Length,
                       BOOLEAN ReturnSingleEntry, BOOLEAN RestartScan, PULONG Context,
                       PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    POBP_DIRECTORY Directory;
    POBP_DIRECTORY_INFORMATION Info;
    ULONG Skip, Index, Count, Needed, i, StringBytes;
    PLIST_ENTRY Entry;
    PUCHAR Temporary, Strings;
    NTSTATUS Status;
    BOOLEAN More = FALSE;

    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(Buffer, Length, sizeof(WCHAR));
            ProbeForWrite(Context, sizeof(ULONG), sizeof(ULONG));
            if (ReturnLength != NULL) {
                ProbeForWrite(ReturnLength, sizeof(ULONG), sizeof(ULONG));
            }
        }
        Skip = RestartScan ? 0 : *Context;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    Status = ObReferenceObjectByHandle(DirectoryHandle, DIRECTORY_QUERY, ObpDirectoryType, Mode,
                                       (PVOID *)&Directory, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiSchedulePoint(SP_OBJECT, Directory);
    /* First pass: how many fit. Needed counts the zero entry at the end. */
    Needed = sizeof(OBP_DIRECTORY_INFORMATION);
    Index = Count = StringBytes = 0;
    for (i = 0; i < OBP_BUCKETS && !More; i++) {
        for (Entry = Directory->Bucket[i].Flink; Entry != &Directory->Bucket[i];
             Entry = Entry->Flink) {
            POBP_OBJECT Object = CONTAINING_RECORD(Entry, OBP_OBJECT, DirectoryLinks);
            ULONG Size =
                sizeof(*Info) + Object->Name.Length + Object->Type->Name.Length + 2 * sizeof(WCHAR);

            if (Index++ < Skip) {
                continue;
            }
            if (Count == 1 && ReturnSingleEntry) {
                break;
            }
            if (Needed + Size > Length) {
                More = TRUE;
                if (Count == 0) {
                    Needed += Size;
                }
                break;
            }
            Needed += Size;
            StringBytes += Size - sizeof(*Info);
            Count++;
        }
    }
    if (Count == 0) {
        Status = More ? STATUS_BUFFER_TOO_SMALL : STATUS_NO_MORE_ENTRIES;
        ObDereferenceObject(Directory);
        __try {
            if (ReturnLength != NULL) {
                *ReturnLength = More ? Needed : sizeof(*Info);
            }
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
        return Status;
    }
    Temporary = ExpAllocate(Needed, OBP_TAG_TEMPORARY);
    Info = (POBP_DIRECTORY_INFORMATION)Temporary;
    Strings = Temporary + (Count + 1) * sizeof(*Info);
    Index = 0;
    for (i = 0; i < OBP_BUCKETS; i++) {
        for (Entry = Directory->Bucket[i].Flink; Entry != &Directory->Bucket[i];
             Entry = Entry->Flink) {
            POBP_OBJECT Object = CONTAINING_RECORD(Entry, OBP_OBJECT, DirectoryLinks);
            PUNICODE_STRING Source[2] = {&Object->Name, &Object->Type->Name};
            PUNICODE_STRING Target[2] = {&Info->Name, &Info->TypeName};
            ULONG k;

            if (Index++ < Skip || Index > Skip + Count) {
                continue;
            }
            for (k = 0; k < 2; k++) {
                RtlCopyMemory(Strings, Source[k]->Buffer, Source[k]->Length);
                Target[k]->Buffer = (PWSTR)((PUCHAR)Buffer + (Strings - Temporary));
                Target[k]->Length = Source[k]->Length;
                Target[k]->MaximumLength = Source[k]->Length + sizeof(WCHAR);
                Strings += Source[k]->Length + sizeof(WCHAR);
            }
            Info++;
        }
    }
    ObDereferenceObject(Directory);
    Status = More && !ReturnSingleEntry ? STATUS_MORE_ENTRIES : STATUS_SUCCESS;
    __try {
        RtlCopyMemory(Buffer, Temporary, Needed);
        *Context = Skip + Count;
        if (ReturnLength != NULL) {
            *ReturnLength = Needed;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    ExpFree(Temporary);
    return Status;
}
