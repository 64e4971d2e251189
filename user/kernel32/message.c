/*
 * message.c - FormatMessage: find a text, put the arguments into it.
 *
 * Sources: a string, a message table of an image (RT_MESSAGETABLE), the system's table. %1 to %99 are inserts,
 * strings unless !format! says otherwise; %n %r %t %b are white space, %0 ends the text without a line end. Everything is
 * done in UTF-16; the A form converts at both ends and takes 8-bit strings as arguments.
 */
#include "user/kernel32/base.h"
#include "user/kernel32/message.h"

#define MESSAGE_ROOM 0x4000

typedef struct _BASE_OUTPUT {
    PWSTR Text;
    ULONG Length;
    ULONG Column; /* where the last line can be broken, for a maximum width */
} BASE_OUTPUT, *PBASE_OUTPUT;

static VOID
BasePut(PBASE_OUTPUT Output, WCHAR Character)
{
    if (Output->Length < MESSAGE_ROOM - 1) {
        Output->Text[Output->Length++] = Character;
    }
}

static PCWSTR
BaseTableMessage(HMODULE Module, DWORD Id, PBOOL Wide, PULONG Bytes)
{
    HRSRC Resource = FindResourceExW(Module, (LPCWSTR)(ULONG_PTR)11, (LPCWSTR)(ULONG_PTR)1, 0);
    PMESSAGE_RESOURCE_DATA Data;
    ULONG Block;

    if (Resource == NULL) {
        return NULL;
    }
    Data = LoadResource(Module, Resource);
    for (Block = 0; Block < Data->NumberOfBlocks; Block++) {
        PMESSAGE_RESOURCE_BLOCK Range = &Data->Blocks[Block];

        if (Id >= Range->LowId && Id <= Range->HighId) {
            PMESSAGE_RESOURCE_ENTRY Entry = (PVOID)((PUCHAR)Data + Range->OffsetToEntries);
            DWORD Index;

            for (Index = Range->LowId; Index < Id; Index++) {
                Entry = (PVOID)((PUCHAR)Entry + Entry->Length);
            }
            *Wide = Entry->Flags & MESSAGE_RESOURCE_UNICODE;
            *Bytes = Entry->Length - FIELD_OFFSET(MESSAGE_RESOURCE_ENTRY, Text);
            return (PCWSTR)Entry->Text;
        }
    }
    return NULL;
}

static PCSTR
BaseSystemText(DWORD Id)
{
    ULONG Index;

    if ((Id & 0xFFFF0000) == 0x80070000) {
        Id &= 0xFFFF;
    }
    for (Index = 0; Index < BaseSystemMessageCount; Index++) {
        if (BaseSystemMessages[Index].Number == Id) {
            return BaseSystemMessages[Index].Text;
        }
    }
    return NULL;
}

/* The message as a zero-terminated string in heap memory. */
static PWSTR
BaseFindMessage(DWORD Flags, LPCVOID Source, DWORD Id, BOOL Ansi)
{
    PWSTR Copy = NULL;
    ULONG Bytes = 0, Written;
    BOOL Wide = FALSE;
    PCWSTR Table = NULL;
    PCSTR Narrow = NULL;

    if ((Flags & FORMAT_MESSAGE_FROM_STRING) != 0) {
        if (!Ansi) {
            Table = Source;
            Bytes = (ULONG)wcslen(Table) * sizeof(WCHAR);
            Wide = TRUE;
        } else {
            Narrow = Source;
        }
    }
    if (Table == NULL && Narrow == NULL && (Flags & FORMAT_MESSAGE_FROM_HMODULE) != 0) {
        Table = BaseTableMessage((HMODULE)Source, Id, &Wide, &Bytes);
    }
    if (Table == NULL && Narrow == NULL && (Flags & FORMAT_MESSAGE_FROM_SYSTEM) != 0) {
        Narrow = BaseSystemText(Id);
    }
    if (Table == NULL && Narrow == NULL) {
        BaseFailWith(ERROR_MR_MID_NOT_FOUND);
        return NULL;
    }
    if (Table == NULL) {
        Bytes = (ULONG)strlen(Narrow);
    } else if (!Wide) {
        Narrow = (PCSTR)Table;
    }
    Copy = RtlAllocateHeap(BaseHeap(), HEAP_ZERO_MEMORY, (Bytes + 3) * sizeof(WCHAR));
    if (Copy == NULL) {
        BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    if (Wide) {
        RtlCopyMemory(Copy, Table, Bytes);
    } else {
        RtlMultiByteToUnicodeN(Copy, Bytes * sizeof(WCHAR), &Written, Narrow, Bytes);
        if (Table == NULL && (Flags & FORMAT_MESSAGE_FROM_STRING) == 0) {
            wcscpy(Copy + Written / sizeof(WCHAR), L"\r\n");
        }
    }
    return Copy;
}

typedef struct _BASE_ARGUMENTS {
    DWORD_PTR Values[100];
    ULONG Known;
    va_list *List;
    const DWORD_PTR *Array;
} BASE_ARGUMENTS, *PBASE_ARGUMENTS;

static DWORD_PTR
BaseArgument(PBASE_ARGUMENTS Arguments, ULONG Number)
{
    while (Arguments->Known < Number && Arguments->Known < 99) {
        Arguments->Known++;
        Arguments->Values[Arguments->Known] = Arguments->Array != NULL
                                                  ? Arguments->Array[Arguments->Known - 1]
                                                  : va_arg(*Arguments->List, DWORD_PTR);
    }
    return Arguments->Values[min(Number, 99)];
}

/* %n or %n!format! at Text (behind the per cent sign); returns what follows. */
static PCWSTR
BaseInsert(PCWSTR Text, PBASE_OUTPUT Output, PBASE_ARGUMENTS Arguments, BOOL Ansi)
{
    WCHAR Format[32] = L"%";
    ULONG Number = *Text++ - L'0', Length = 1, Stars = 0;
    DWORD_PTR Value, Star[2] = {0, 0};
    WCHAR Last = L's';
    PWSTR To = Output->Text + Output->Length;
    ULONG Room = MESSAGE_ROOM - 1 - Output->Length;
    int Written;

    if (*Text >= L'0' && *Text <= L'9') {
        Number = Number * 10 + (*Text++ - L'0');
    }
    if (*Text == L'!') {
        for (Text++; *Text != 0 && *Text != L'!' && Length < 28; Text++) {
            if (*Text == L'*' && Stars < 2) {
                Star[Stars++] = BaseArgument(Arguments, Number++);
            }
            Format[Length++] = *Text;
            Last = *Text;
        }
        if (*Text == L'!') {
            Text++;
        }
    } else {
        Format[Length++] = L's';
    }
    Format[Length] = 0;
    /* In the A form %s is an 8-bit string: the wide formatter calls that %S, and the other way round. */
    if (Ansi && (Last == L's' || Last == L'S') &&
        (Length < 3 || (Format[Length - 2] != L'l' && Format[Length - 2] != L'h'))) {
        Format[Length - 1] = Last == L's' ? L'S' : L's';
    }
    Value = BaseArgument(Arguments, Number);
    if (Stars == 0) {
        Written = _snwprintf(To, Room, Format, Value);
    } else if (Stars == 1) {
        Written = _snwprintf(To, Room, Format, (int)Star[0], Value);
    } else {
        Written = _snwprintf(To, Room, Format, (int)Star[0], (int)Star[1], Value);
    }
    Output->Length += Written < 0 ? Room : (ULONG)Written;
    return Text;
}

static VOID
BaseExpand(PCWSTR Text, PBASE_OUTPUT Output, DWORD Flags, PBASE_ARGUMENTS Arguments, BOOL Ansi)
{
    BOOL OneLine = (Flags & FORMAT_MESSAGE_MAX_WIDTH_MASK) == FORMAT_MESSAGE_MAX_WIDTH_MASK;

    while (*Text != 0) {
        WCHAR Character = *Text++;

        if (Character == L'\r' || Character == L'\n') {
            if (Character == L'\r' && *Text == L'\n') {
                Text++;
            }
            if (OneLine) {
                BasePut(Output, L' ');
            } else {
                BasePut(Output, L'\r');
                BasePut(Output, L'\n');
            }
            continue;
        }
        if (Character != L'%') {
            BasePut(Output, Character);
            continue;
        }
        Character = *Text;
        if (Character >= L'1' && Character <= L'9') {
            if ((Flags & FORMAT_MESSAGE_IGNORE_INSERTS) != 0) {
                BasePut(Output, L'%');
                continue;
            }
            Text = BaseInsert(Text, Output, Arguments, Ansi);
            continue;
        }
        if (Character == 0) {
            break;
        }
        Text++;
        switch (Character) {
        case L'0':
            return;
        case L'n':
            BasePut(Output, L'\r');
            BasePut(Output, L'\n');
            break;
        case L'r':
            BasePut(Output, L'\r');
            break;
        case L't':
            BasePut(Output, L'\t');
            break;
        case L'b':
            BasePut(Output, L' ');
            break;
        default:
            if ((Flags & FORMAT_MESSAGE_IGNORE_INSERTS) != 0 && Character != L'%') {
                BasePut(Output, L'%');
            }
            BasePut(Output, Character);
            break;
        }
    }
}

static DWORD
BaseFormat(DWORD Flags, LPCVOID Source, DWORD Id, PVOID Buffer, DWORD Room, va_list *List,
           BOOL Ansi)
{
    BASE_ARGUMENTS Arguments;
    BASE_OUTPUT Output = {0};
    PWSTR Message;
    DWORD Result = 0, Need;
    ULONG Unit = Ansi ? 1 : sizeof(WCHAR), Written;
    PVOID Target = Buffer;

    Message = BaseFindMessage(Flags, Source, Id, Ansi);
    if (Message == NULL) {
        return 0;
    }
    Output.Text = RtlAllocateHeap(BaseHeap(), 0, MESSAGE_ROOM * sizeof(WCHAR));
    if (Output.Text == NULL) {
        BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
        goto FreeMessage;
    }
    Arguments.Known = 0;
    Arguments.Array = (Flags & FORMAT_MESSAGE_ARGUMENT_ARRAY) != 0 ? (const DWORD_PTR *)List : NULL;
    Arguments.List = List;
    if (List == NULL) {
        Flags |= FORMAT_MESSAGE_IGNORE_INSERTS;
    }
    BaseExpand(Message, &Output, Flags, &Arguments, Ansi);
    Output.Text[Output.Length] = 0;
    Need = Output.Length;
    if ((Flags & FORMAT_MESSAGE_ALLOCATE_BUFFER) != 0) {
        Target = RtlAllocateHeap(BaseHeap(), 0, max(Need + 1, Room) * Unit);
        if (Target == NULL) {
            BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
            goto FreeOutput;
        }
        *(PVOID *)Buffer = Target;
    } else if (Need + 1 > Room) {
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        goto FreeOutput;
    }
    if (Ansi) {
        RtlUnicodeToMultiByteN(Target, Need, &Written, Output.Text, Need * sizeof(WCHAR));
        ((PCHAR)Target)[Written] = 0;
        Result = Written;
    } else {
        RtlCopyMemory(Target, Output.Text, (Need + 1) * sizeof(WCHAR));
        Result = Need;
    }
FreeOutput:
    RtlFreeHeap(BaseHeap(), 0, Output.Text);
FreeMessage:
    RtlFreeHeap(BaseHeap(), 0, Message);
    return Result;
}

DWORD WINAPI
FormatMessageW(DWORD Flags, LPCVOID Source, DWORD Id, DWORD Language, LPWSTR Buffer, DWORD Room,
               va_list *Arguments)
{
    return BaseFormat(Flags, Source, Id, Buffer, Room, Arguments, FALSE);
}

DWORD WINAPI
FormatMessageA(DWORD Flags, LPCVOID Source, DWORD Id, DWORD Language, LPSTR Buffer, DWORD Room,
               va_list *Arguments)
{
    return BaseFormat(Flags, Source, Id, Buffer, Room, Arguments, TRUE);
}
