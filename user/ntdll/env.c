/*
 * env.c - the environment: one block of zero-terminated "NAME=value" strings, ended by an empty one.
 *
 * The block of the process hangs off the process parameters; PEB lock. A block that nt/ps wrote is not heap
 * memory, so the first change copies it: EnvironmentVersion counts copies that are ours to free.
 *
 * Facts: "Environment Variables", SetEnvironmentVariable, ExpandEnvironmentStrings.
 */
#include "user/ntdll/ntdllp.h"

#define LONGEST_NAME 0x7FFE /* characters: a UNICODE_STRING */

VOID NTAPI
RtlAcquirePebLock(VOID)
{
    RtlEnterCriticalSection(&RtlpPebLock);
}

VOID NTAPI
RtlReleasePebLock(VOID)
{
    RtlLeaveCriticalSection(&RtlpPebLock);
}

/* Characters of the block, its last zero included. */
static SIZE_T
RtlpEnvironmentLength(PCWSTR Block)
{
    SIZE_T Length = 0;

    if (Block == NULL) {
        return 0;
    }
    while (Block[Length] != 0) {
        while (Block[Length] != 0) {
            Length++;
        }
        Length++;
    }
    return Length + 1;
}

static BOOLEAN
RtlpSameName(PCWSTR String, PCUNICODE_STRING Name)
{
    ULONG Index, Count = Name->Length / sizeof(WCHAR);

    for (Index = 0; Index < Count; Index++) {
        if (String[Index] == 0 ||
            RtlUpcaseUnicodeChar(String[Index]) != RtlUpcaseUnicodeChar(Name->Buffer[Index])) {
            return FALSE;
        }
    }
    return String[Count] == L'=';
}

/* The "NAME=value" string, or NULL. */
static PWSTR
RtlpFindVariable(PWSTR Block, PCUNICODE_STRING Name)
{
    if (Block == NULL || Name->Length == 0) {
        return NULL; /* "=C:=C:\..." has no empty name */
    }
    if (Name->Length == 0) {
        return NULL;
    }
    for (; *Block != 0; Block += wcslen(Block) + 1) {
        if (RtlpSameName(Block, Name)) {
            return Block;
        }
    }
    return NULL;
}

/* In characters. ReturnLength: those of the value; of a value that does not fit, with the one that ends it. */
NTSTATUS NTAPI
RtlQueryEnvironmentVariable(PWSTR Environment, PCWSTR Name, SIZE_T NameLength, PWSTR Value,
                            SIZE_T ValueLength, PSIZE_T ReturnLength)
{
    UNICODE_STRING Key;
    PWSTR Found = NULL;
    NTSTATUS Status = STATUS_VARIABLE_NOT_FOUND;

    *ReturnLength = 0;
    Key.Buffer = (PWSTR)Name;
    Key.Length = Key.MaximumLength = (USHORT)(NameLength * sizeof(WCHAR));
    RtlAcquirePebLock();
    if (NameLength <= LONGEST_NAME) {
        Found = RtlpFindVariable(
            Environment != NULL ? Environment : NtCurrentPeb()->ProcessParameters->Environment,
            &Key);
    }
    if (Found != NULL) {
        SIZE_T Length = wcslen(Found += NameLength + 1);

        *ReturnLength = Length + 1;
        Status = STATUS_BUFFER_TOO_SMALL;
        if (Length <= ValueLength) {
            RtlCopyMemory(Value, Found, (Length + (Length < ValueLength)) * sizeof(WCHAR));
            *ReturnLength = Length;
            Status = STATUS_SUCCESS;
        }
    }
    RtlReleasePebLock();
    return Status;
}

NTSTATUS NTAPI
RtlQueryEnvironmentVariable_U(PWSTR Environment, PUNICODE_STRING Name, PUNICODE_STRING Value)
{
    SIZE_T Length;
    NTSTATUS Status =
        RtlQueryEnvironmentVariable(Environment, Name->Buffer, Name->Length / sizeof(WCHAR),
                                    Value->Buffer, Value->MaximumLength / sizeof(WCHAR), &Length);

    if (Status == STATUS_BUFFER_TOO_SMALL) {
        Length--;
    }
    if (Status != STATUS_VARIABLE_NOT_FOUND) {
        Value->Length = (USHORT)min(Length * sizeof(WCHAR), 0xFFFE);
    }
    return Status;
}

/* In characters; a value of NULL removes the variable. */
NTSTATUS NTAPI
RtlSetEnvironmentVar(PWSTR *Environment, PCWSTR Name, SIZE_T NameLength, PCWSTR Value,
                     SIZE_T ValueLength)
{
    UNICODE_STRING Key;
    PRTL_USER_PROCESS_PARAMETERS Parameters = NtCurrentPeb()->ProcessParameters;
    PWSTR Old, New, Found, Place;
    SIZE_T OldLength, Skip, Added, At;
    ULONG Index;

    if (NameLength == 0 || NameLength > LONGEST_NAME) {
        return STATUS_INVALID_PARAMETER;
    }
    for (Index = 1; Index < NameLength; Index++) {
        if (Name[Index] == L'=') {
            return STATUS_INVALID_PARAMETER;
        }
    }
    Key.Buffer = (PWSTR)Name;
    Key.Length = Key.MaximumLength = (USHORT)(NameLength * sizeof(WCHAR));
    RtlAcquirePebLock();
    Old = Environment != NULL ? *Environment : Parameters->Environment;
    OldLength = RtlpEnvironmentLength(Old);
    if (OldLength == 0) {
        OldLength = 1;
    }
    Found = RtlpFindVariable(Old, &Key);
    Skip = Found != NULL ? wcslen(Found) + 1 : 0;
    Added = Value != NULL ? NameLength + ValueLength + 2 : 0;
    if (Added == 0 && Found == NULL) {
        RtlReleasePebLock();
        return STATUS_SUCCESS;
    }
    New = RtlAllocateHeap(RtlProcessHeap(), 0, (OldLength - Skip + Added) * sizeof(WCHAR));
    if (New == NULL) {
        RtlReleasePebLock();
        return STATUS_NO_MEMORY;
    }
    /* A variable keeps its place; a new one goes where the sorted block wants it. */
    Place = Found;
    if (Place == NULL && Old != NULL) {
        for (Place = Old; *Place != 0; Place += wcslen(Place) + 1) {
            UNICODE_STRING Other;

            for (Index = *Place == L'=' ? 1 : 0; Place[Index] != 0 && Place[Index] != L'=';
                 Index++) {
            }
            Other.Buffer = Place;
            Other.Length = Other.MaximumLength = (USHORT)(Index * sizeof(WCHAR));
            if (RtlCompareUnicodeString(&Key, &Other, TRUE) < 0) {
                break;
            }
        }
    }
    At = Place != NULL ? (SIZE_T)(Place - Old) : 0;
    if (Old != NULL) {
        RtlCopyMemory(New, Old, At * sizeof(WCHAR));
        RtlCopyMemory(New + At + Added, Old + At + Skip, (OldLength - At - Skip) * sizeof(WCHAR));
    } else {
        New[Added] = 0;
    }
    if (Added != 0) {
        PWSTR To = New + At;

        RtlCopyMemory(To, Name, NameLength * sizeof(WCHAR));
        To += NameLength;
        *To++ = L'=';
        RtlCopyMemory(To, Value, ValueLength * sizeof(WCHAR));
        To[ValueLength] = 0;
    }
    if (Environment != NULL) {
        *Environment = New;
        if (Old != NULL) {
            RtlFreeHeap(RtlProcessHeap(), 0, Old);
        }
    } else {
        Parameters->Environment = New;
        Parameters->EnvironmentSize = (OldLength - Skip + Added) * sizeof(WCHAR);
        if (Parameters->EnvironmentVersion++ != 0) {
            RtlFreeHeap(RtlProcessHeap(), 0, Old);
        }
    }
    RtlReleasePebLock();
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlSetEnvironmentVariable(PWSTR *Environment, PUNICODE_STRING Name, PUNICODE_STRING Value)
{
    return RtlSetEnvironmentVar(Environment, Name->Buffer, Name->Length / sizeof(WCHAR),
                                Value != NULL ? Value->Buffer : NULL,
                                Value != NULL ? Value->Length / sizeof(WCHAR) : 0);
}

NTSTATUS NTAPI
RtlCreateEnvironment(BOOLEAN Inherit, PWSTR *Environment)
{
    PWSTR Old;
    SIZE_T Length = 1;
    PWSTR New;

    RtlAcquirePebLock();
    Old = NtCurrentPeb()->ProcessParameters->Environment;
    if (Inherit && Old != NULL) {
        Length = RtlpEnvironmentLength(Old);
    }
    New = RtlAllocateHeap(RtlProcessHeap(), HEAP_ZERO_MEMORY, Length * sizeof(WCHAR));
    if (New != NULL && Length > 1) {
        RtlCopyMemory(New, Old, Length * sizeof(WCHAR));
    }
    RtlReleasePebLock();
    *Environment = New;
    return New != NULL ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

NTSTATUS NTAPI
RtlDestroyEnvironment(PWSTR Environment)
{
    RtlFreeHeap(RtlProcessHeap(), 0, Environment);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlExpandEnvironmentStrings_U(PWSTR Environment, PUNICODE_STRING Source, PUNICODE_STRING Target,
                              PULONG ReturnLength)
{
    ULONG Count = Source->Length / sizeof(WCHAR), Room = Target->MaximumLength / sizeof(WCHAR);
    ULONG In = 0, Out = 0;

    RtlAcquirePebLock();
    if (Environment == NULL) {
        Environment = NtCurrentPeb()->ProcessParameters->Environment;
    }
    while (In < Count) {
        PCWSTR From = Source->Buffer + In;
        ULONG Length = 1, Used = 1, End;

        if (*From == L'%') {
            for (End = In + 1; End < Count && Source->Buffer[End] != L'%'; End++) {
            }
            if (End < Count) {
                UNICODE_STRING Name;
                PWSTR Found;

                Name.Buffer = Source->Buffer + In + 1;
                Name.Length = Name.MaximumLength = (USHORT)((End - In - 1) * sizeof(WCHAR));
                Found = Name.Length != 0 ? RtlpFindVariable(Environment, &Name) : NULL;
                if (Found != NULL) {
                    From = Found + Name.Length / sizeof(WCHAR) + 1;
                    Length = (ULONG)wcslen(From);
                    Used = End + 1 - In;
                }
            }
        }
        if (Out + Length < Room) {
            RtlCopyMemory(Target->Buffer + Out, From, Length * sizeof(WCHAR));
        }
        Out += Length;
        In += Used;
    }
    RtlReleasePebLock();
    if (Out < Room) {
        Target->Buffer[Out] = 0;
    }
    Target->Length = (USHORT)(min(Out, Room) * sizeof(WCHAR));
    if (ReturnLength != NULL) {
        *ReturnLength = (Out + 1) * sizeof(WCHAR);
    }
    return Out < Room ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL;
}
