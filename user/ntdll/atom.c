/*
 * atom.c - atom tables: strings with a number, compared without case, each with a count.
 *
 *   A1  0xC000 to 0xFFFF are strings; "#n", or a pointer below 0xC000, is the integer atom n, which is in no table.
 *   A2  An atom lives until it has been deleted as often as it was added; a pinned one until the table is emptied with
 *       its pinned ones.
 *
 * A table takes no more than 0x4000 strings. Facts: About Atom Tables; AddAtom, GetAtomName; the native routines as they
 * behave on Windows.
 */
#include "user/ntdll/ntdllp.h"

#define ATOM_SIGNATURE 0x6D6F7441 /* "Atom" */
#define FIRST_STRING   0xC000
#define LONGEST_ATOM   255

typedef struct _RTLP_ATOM {
    LIST_ENTRY Links;
    USHORT Atom;
    BOOLEAN Pinned;
    ULONG Count;
    UNICODE_STRING Name; /* behind the structure, terminated */
} RTLP_ATOM, *PRTLP_ATOM;

typedef struct _RTL_ATOM_TABLE {
    ULONG Signature;
    ULONG Buckets;
    RTL_SRWLOCK Lock;
    ULONG Next; /* where the search for a free number begins */
    LIST_ENTRY Bucket[];
} RTL_ATOM_TABLE, *PRTL_ATOM_TABLE;

NTSTATUS NTAPI
RtlCreateAtomTable(ULONG Buckets, PRTL_ATOM_TABLE *AtomTable)
{
    PRTL_ATOM_TABLE Table;

    if (*AtomTable != NULL) {
        return STATUS_SUCCESS; /* the caller has one */
    }
    if (Buckets < 2 || Buckets > 509) {
        Buckets = 37;
    }
    Table = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY,
                            sizeof(*Table) + Buckets * sizeof(LIST_ENTRY));
    if (Table == NULL) {
        return STATUS_NO_MEMORY;
    }
    Table->Signature = ATOM_SIGNATURE;
    Table->Buckets = Buckets;
    Table->Next = FIRST_STRING;
    for (ULONG Index = 0; Index < Buckets; Index++) {
        InitializeListHead(&Table->Bucket[Index]);
    }
    *AtomTable = Table;
    return STATUS_SUCCESS;
}

/* A1. STATUS_NOT_FOUND: a string, whose length is in Length. */
static NTSTATUS
RtlpIntegerAtom(PCWSTR Name, PUSHORT Atom, PULONG Length)
{
    ULONG Value = 0;

    if ((ULONG_PTR)Name < 0x10000) {
        *Atom = (USHORT)(ULONG_PTR)Name;
        return Name == NULL || (ULONG_PTR)Name >= FIRST_STRING ? STATUS_INVALID_PARAMETER
                                                               : STATUS_SUCCESS;
    }
    *Length = (ULONG)wcslen(Name);
    if (*Length == 0) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (*Length > LONGEST_ATOM) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Name[0] != L'#' || Name[1] == 0) {
        return STATUS_NOT_FOUND;
    }
    for (PCWSTR At = Name + 1; *At != 0; At++) {
        if (*At < L'0' || *At > L'9' || Value > 0xFFFF) {
            return STATUS_NOT_FOUND;
        }
        Value = Value * 10 + *At - L'0';
    }
    *Atom = (USHORT)Value;
    return Value == 0 || Value >= FIRST_STRING ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

static PLIST_ENTRY
RtlpAtomBucket(PRTL_ATOM_TABLE Table, PCUNICODE_STRING Name)
{
    ULONG Hash = 0;

    RtlHashUnicodeString(Name, TRUE, 0 /* the default */, &Hash);
    return &Table->Bucket[Hash % Table->Buckets];
}

static PRTLP_ATOM
RtlpAtomByName(PLIST_ENTRY Bucket, PCUNICODE_STRING Name)
{
    for (PLIST_ENTRY At = Bucket->Flink; At != Bucket; At = At->Flink) {
        PRTLP_ATOM Found = CONTAINING_RECORD(At, RTLP_ATOM, Links);

        if (RtlEqualUnicodeString(&Found->Name, Name, TRUE)) {
            return Found;
        }
    }
    return NULL;
}

static PRTLP_ATOM
RtlpAtomByNumber(PRTL_ATOM_TABLE Table, USHORT Atom)
{
    for (ULONG Index = 0; Index < Table->Buckets; Index++) {
        PLIST_ENTRY Bucket = &Table->Bucket[Index];

        for (PLIST_ENTRY At = Bucket->Flink; At != Bucket; At = At->Flink) {
            PRTLP_ATOM Found = CONTAINING_RECORD(At, RTLP_ATOM, Links);

            if (Found->Atom == Atom) {
                return Found;
            }
        }
    }
    return NULL;
}

static VOID
RtlpFreeAtom(PRTLP_ATOM Atom)
{
    RemoveEntryList(&Atom->Links);
    RtlFreeHeap(RtlProcessHeap(), 0, Atom);
}

/* Lock held exclusive. */
static NTSTATUS
RtlpNewAtom(PRTL_ATOM_TABLE Table, PLIST_ENTRY Bucket, PCUNICODE_STRING Name, PRTLP_ATOM *Result)
{
    ULONG Tried = 0;
    PRTLP_ATOM New;

    while (RtlpAtomByNumber(Table, (USHORT)Table->Next) != NULL) {
        Table->Next = Table->Next == 0xFFFF ? FIRST_STRING : Table->Next + 1;
        if (++Tried == 0x4000) {
            return STATUS_NO_MEMORY;
        }
    }
    New = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY,
                          sizeof(*New) + Name->Length + sizeof(WCHAR));
    if (New == NULL) {
        return STATUS_NO_MEMORY;
    }
    New->Atom = (USHORT)Table->Next;
    New->Name.Buffer = (PWSTR)(New + 1);
    New->Name.Length = Name->Length;
    New->Name.MaximumLength = Name->Length + sizeof(WCHAR);
    RtlCopyMemory(New->Name.Buffer, Name->Buffer, Name->Length);
    InsertTailList(Bucket, &New->Links);
    Table->Next = Table->Next == 0xFFFF ? FIRST_STRING : Table->Next + 1;
    *Result = New;
    return STATUS_SUCCESS;
}

static NTSTATUS
RtlpFindAtom(PRTL_ATOM_TABLE Table, PCWSTR AtomName, BOOLEAN Add, PUSHORT Result)
{
    UNICODE_STRING Name;
    PLIST_ENTRY Bucket;
    PRTLP_ATOM Found;
    USHORT Atom;
    ULONG Length;
    NTSTATUS Status = RtlpIntegerAtom(AtomName, &Atom, &Length);

    if (Status != STATUS_NOT_FOUND) {
        if (NT_SUCCESS(Status) && Result != NULL) {
            *Result = Atom;
        }
        return Status;
    }
    Status = STATUS_SUCCESS;
    Name.Buffer = (PWSTR)AtomName;
    Name.Length = Name.MaximumLength = (USHORT)(Length * sizeof(WCHAR));
    RtlAcquireSRWLockExclusive(&Table->Lock);
    Bucket = RtlpAtomBucket(Table, &Name);
    Found = RtlpAtomByName(Bucket, &Name);
    if (Found == NULL) {
        Status = Add ? RtlpNewAtom(Table, Bucket, &Name, &Found) : STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (NT_SUCCESS(Status)) {
        Found->Count += Add ? 1 : 0;
        if (Result != NULL) {
            *Result = Found->Atom;
        }
    }
    RtlReleaseSRWLockExclusive(&Table->Lock);
    return Status;
}

NTSTATUS NTAPI
RtlAddAtomToAtomTable(PRTL_ATOM_TABLE AtomTable, PWSTR AtomName, PUSHORT Atom)
{
    return RtlpFindAtom(AtomTable, AtomName, TRUE, Atom);
}

NTSTATUS NTAPI
RtlLookupAtomInAtomTable(PRTL_ATOM_TABLE AtomTable, PWSTR AtomName, PUSHORT Atom)
{
    return RtlpFindAtom(AtomTable, AtomName, FALSE, Atom);
}

NTSTATUS NTAPI
RtlDeleteAtomFromAtomTable(PRTL_ATOM_TABLE AtomTable, USHORT Atom)
{
    NTSTATUS Status = STATUS_SUCCESS;
    PRTLP_ATOM Found;

    if (Atom < FIRST_STRING) {
        return Atom == 0 ? STATUS_INVALID_HANDLE : STATUS_SUCCESS;
    }
    RtlAcquireSRWLockExclusive(&AtomTable->Lock);
    Found = RtlpAtomByNumber(AtomTable, Atom);
    if (Found == NULL) {
        Status = STATUS_INVALID_HANDLE;
    } else if (Found->Pinned) {
        Status = STATUS_WAS_LOCKED;
    } else if (--Found->Count == 0) {
        RtlpFreeAtom(Found);
    }
    RtlReleaseSRWLockExclusive(&AtomTable->Lock);
    return Status;
}

NTSTATUS NTAPI
RtlPinAtomInAtomTable(PRTL_ATOM_TABLE AtomTable, USHORT Atom)
{
    NTSTATUS Status = STATUS_SUCCESS;
    PRTLP_ATOM Found;

    if (Atom < FIRST_STRING) {
        return Atom == 0 ? STATUS_INVALID_HANDLE : STATUS_SUCCESS;
    }
    RtlAcquireSRWLockExclusive(&AtomTable->Lock);
    Found = RtlpAtomByNumber(AtomTable, Atom);
    if (Found == NULL) {
        Status = STATUS_INVALID_HANDLE;
    } else {
        Found->Pinned = TRUE;
    }
    RtlReleaseSRWLockExclusive(&AtomTable->Lock);
    return Status;
}

/* Length counts bytes; the name is cut to what fits with its terminator. */
NTSTATUS NTAPI
RtlQueryAtomInAtomTable(PRTL_ATOM_TABLE AtomTable, USHORT Atom, PULONG Usage, PULONG Flags,
                        PWSTR AtomName, PULONG AtomNameLength)
{
    NTSTATUS Status = STATUS_SUCCESS;
    WCHAR Digits[8] = L"#";
    UNICODE_STRING Name = {.Buffer = Digits + 1, .MaximumLength = sizeof(Digits) - sizeof(WCHAR)};
    ULONG Count = 1, Pinned = 1;
    PRTLP_ATOM Found = NULL;

    RtlAcquireSRWLockShared(&AtomTable->Lock);
    if (Atom < FIRST_STRING) {
        Status = Atom == 0 ? STATUS_INVALID_PARAMETER : RtlIntegerToUnicodeString(Atom, 10, &Name);
        Name.Buffer = Digits;
        Name.Length += sizeof(WCHAR);
    } else {
        Found = RtlpAtomByNumber(AtomTable, Atom);
        Status = Found != NULL ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
    }
    if (Found != NULL) {
        Name = Found->Name;
        Count = Found->Count;
        Pinned = Found->Pinned;
    }
    if (NT_SUCCESS(Status)) {
        if (Usage != NULL) {
            *Usage = Count;
        }
        if (Flags != NULL) {
            *Flags = Pinned;
        }
        if (AtomName != NULL && AtomNameLength != NULL) {
            ULONG Room = *AtomNameLength;

            *AtomNameLength = Name.Length;
            if (Room < sizeof(WCHAR)) {
                Status = STATUS_BUFFER_TOO_SMALL;
            } else {
                ULONG Bytes = min((ULONG)Name.Length, (Room & ~1u) - (ULONG)sizeof(WCHAR));

                RtlCopyMemory(AtomName, Name.Buffer, Bytes);
                AtomName[Bytes / sizeof(WCHAR)] = 0;
                *AtomNameLength = Bytes;
            }
        }
    }
    RtlReleaseSRWLockShared(&AtomTable->Lock);
    return Status;
}

NTSTATUS NTAPI
RtlEmptyAtomTable(PRTL_ATOM_TABLE AtomTable, BOOLEAN DeletePinned)
{
    RtlAcquireSRWLockExclusive(&AtomTable->Lock);
    for (ULONG Index = 0; Index < AtomTable->Buckets; Index++) {
        PLIST_ENTRY Bucket = &AtomTable->Bucket[Index];

        for (PLIST_ENTRY At = Bucket->Flink, Next; At != Bucket; At = Next) {
            PRTLP_ATOM Found = CONTAINING_RECORD(At, RTLP_ATOM, Links);

            Next = At->Flink;
            if (DeletePinned || !Found->Pinned) {
                RtlpFreeAtom(Found);
            }
        }
    }
    RtlReleaseSRWLockExclusive(&AtomTable->Lock);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlDestroyAtomTable(PRTL_ATOM_TABLE AtomTable)
{
    RtlEmptyAtomTable(AtomTable, TRUE);
    AtomTable->Signature = 0;
    RtlFreeHeap(RtlProcessHeap(), 0, AtomTable);
    return STATUS_SUCCESS;
}
