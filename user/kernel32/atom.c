/*
 * atom.c - the atoms of a process: strings of up to 255 characters, compared without case, each with a count.
 *
 *   A1  0xC000 to 0xFFFF are strings; "#n", or a pointer below 0xC000, is the integer atom n, which is in no table.
 *   A2  An atom lives until DeleteAtom has been called as often as AddAtom.
 *
 * [LEARN: About Atom Tables; AddAtom, FindAtom, GetAtomName, DeleteAtom] Global atoms belong to the window station, which
 * is not there.
 */
#include "user/kernel32/base.h"

#define FIRST_STRING 0xC000

typedef struct _BASE_ATOM {
    LIST_ENTRY Entry;
    ATOM Atom;
    USHORT Length; /* characters */
    ULONG Count;
    WCHAR Text[256];
} BASE_ATOM, *PBASE_ATOM;

/* A1. TRUE: Name is an integer atom, or a mistake (0, with the last error). */
static BOOL
BaseIntegerAtom(LPCWSTR Name, ATOM *Atom)
{
    ULONG Value = 0;

    *Atom = 0;
    if ((ULONG_PTR)Name < 0x10000) {
        if ((ULONG_PTR)Name >= FIRST_STRING || Name == NULL) {
            BaseFailWith(ERROR_INVALID_PARAMETER);
        } else {
            *Atom = (ATOM)(ULONG_PTR)Name;
        }
        return TRUE;
    }
    if (Name[0] == L'#' && Name[1] != 0) {
        for (LPCWSTR At = Name + 1; *At != 0; At++) {
            if (*At < L'0' || *At > L'9' || Value > 0xFFFF) {
                return FALSE;
            }
            Value = Value * 10 + *At - L'0';
        }
        if (Value == 0 || Value >= FIRST_STRING) {
            BaseFailWith(ERROR_INVALID_PARAMETER);
        } else {
            *Atom = (ATOM)Value;
        }
        return TRUE;
    }
    if (Name[0] == 0 || wcslen(Name) > 255) {
        BaseFailWith(Name[0] == 0 ? ERROR_FILE_NOT_FOUND : ERROR_INVALID_PARAMETER);
        return TRUE;
    }
    return FALSE;
}

/* By name, or by number. BaseLock is held. */
static PBASE_ATOM
BaseLookAtom(LPCWSTR Name, ATOM Atom)
{
    for (PLIST_ENTRY At = BaseAtoms.Flink; At != NULL && At != &BaseAtoms; At = At->Flink) {
        PBASE_ATOM Found = CONTAINING_RECORD(At, BASE_ATOM, Entry);

        if (Name != NULL ? lstrcmpiW(Found->Text, Name) == 0 : Found->Atom == Atom) {
            return Found;
        }
    }
    return NULL;
}

ATOM WINAPI
AddAtomW(LPCWSTR Name)
{
    PBASE_ATOM Found;
    ATOM Atom;

    if (BaseIntegerAtom(Name, &Atom)) {
        return Atom;
    }
    RtlAcquireSRWLockExclusive(&BaseLock);
    if (BaseAtoms.Flink == NULL) {
        InitializeListHead(&BaseAtoms);
    }
    Found = BaseLookAtom(Name, 0);
    if (Found != NULL) {
        Found->Count++;
    } else {
        Found = RtlAllocateHeap(BaseHeap(), HEAP_ZERO_MEMORY, sizeof(*Found));
        for (Atom = FIRST_STRING; Found != NULL && BaseLookAtom(NULL, Atom) != NULL; Atom++) {
        }
        if (Found != NULL) {
            Found->Atom = Atom;
            Found->Count = 1;
            Found->Length = (USHORT)wcslen(Name);
            wcscpy(Found->Text, Name);
            InsertTailList(&BaseAtoms, &Found->Entry);
        }
    }
    Atom = Found != NULL ? Found->Atom : 0;
    RtlReleaseSRWLockExclusive(&BaseLock);
    if (Atom == 0) {
        BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
    }
    return Atom;
}

ATOM WINAPI
FindAtomW(LPCWSTR Name)
{
    PBASE_ATOM Found;
    ATOM Atom;

    if (BaseIntegerAtom(Name, &Atom)) {
        return Atom;
    }
    RtlAcquireSRWLockShared(&BaseLock);
    Found = BaseLookAtom(Name, 0);
    Atom = Found != NULL ? Found->Atom : 0;
    RtlReleaseSRWLockShared(&BaseLock);
    if (Atom == 0) {
        BaseFailWith(ERROR_FILE_NOT_FOUND);
    }
    return Atom;
}

/* 0, or the atom with ERROR_INVALID_HANDLE: A2. */
ATOM WINAPI
DeleteAtom(ATOM Atom)
{
    PBASE_ATOM Found;

    if (Atom < FIRST_STRING) {
        return 0;
    }
    RtlAcquireSRWLockExclusive(&BaseLock);
    Found = BaseLookAtom(NULL, Atom);
    if (Found != NULL && --Found->Count == 0) {
        RemoveEntryList(&Found->Entry);
        RtlFreeHeap(BaseHeap(), 0, Found);
    }
    RtlReleaseSRWLockExclusive(&BaseLock);
    if (Found == NULL) {
        BaseFailWith(ERROR_INVALID_HANDLE);
        return Atom;
    }
    return 0;
}

UINT WINAPI
GetAtomNameW(ATOM Atom, LPWSTR Buffer, int Room)
{
    WCHAR Number[8];
    LPCWSTR Text = Number;
    PBASE_ATOM Found = NULL;
    UINT Length = 0;

    if (Room <= 0) {
        BaseFailWith(ERROR_MORE_DATA);
        return 0;
    }
    RtlAcquireSRWLockShared(&BaseLock);
    if (Atom >= FIRST_STRING) {
        Found = BaseLookAtom(NULL, Atom);
        Text = Found != NULL ? Found->Text : NULL;
    } else {
        PWSTR At = Number + 7;

        *At = 0;
        for (ULONG Rest = Atom; Rest != 0; Rest /= 10) {
            *--At = (WCHAR)(L'0' + Rest % 10);
        }
        *--At = L'#';
        Text = Atom != 0 ? At : NULL;
    }
    if (Text != NULL) {
        Length = (UINT)min(wcslen(Text), (SIZE_T)Room - 1);
        RtlCopyMemory(Buffer, Text, Length * sizeof(WCHAR));
        Buffer[Length] = 0;
    }
    RtlReleaseSRWLockShared(&BaseLock);
    if (Text == NULL) {
        BaseFailWith(ERROR_INVALID_HANDLE);
    }
    return Length;
}

/* A number in place of a name is passed on as it is. */
static ATOM
BaseAtomOf(LPCSTR Name, ATOM(WINAPI *Routine)(LPCWSTR Name))
{
    UNICODE_STRING Wide;
    ATOM Atom;

    if ((ULONG_PTR)Name < 0x10000) {
        return Routine((LPCWSTR)Name);
    }
    if (!BaseToWide(&Wide, Name)) {
        return 0;
    }
    Atom = Routine(Wide.Buffer);
    RtlFreeUnicodeString(&Wide);
    return Atom;
}

ATOM WINAPI
AddAtomA(LPCSTR Name)
{
    return BaseAtomOf(Name, AddAtomW);
}

ATOM WINAPI
FindAtomA(LPCSTR Name)
{
    return BaseAtomOf(Name, FindAtomW);
}

UINT WINAPI
GetAtomNameA(ATOM Atom, LPSTR Buffer, int Room)
{
    WCHAR Wide[256];
    UINT Length;

    if (Room <= 0) {
        BaseFailWith(ERROR_MORE_DATA);
        return 0;
    }
    Length = GetAtomNameW(Atom, Wide, (int)min(Room, 256));
    if (Length == 0) {
        return 0;
    }
    return BaseToAnsi(Wide, Length, Buffer, (DWORD)Room);
}

/* The size of the table is a hint. */
BOOL WINAPI
InitAtomTable(DWORD Size)
{
    return TRUE;
}
