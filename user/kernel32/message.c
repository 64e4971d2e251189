/*
 * message.c - FormatMessage: find a text, put the arguments into it.
 *
 * Sources: a string, a message table of an image (RT_MESSAGETABLE), the system's table. %1 to %99 are inserts,
 * strings unless !format! says otherwise; %n %r %t %b are white space, %0 ends the text without a line end. Everything is
 * done in UTF-16; the A form converts at both ends and takes 8-bit strings as arguments.
 */
#include "user/kernel32/base.h"
#include "user/kernel32/message.h"

#define LONGEST_NARROW 0x7FFF /* what the A form can make */

typedef struct _BASE_OUTPUT {
    PWSTR Text;
    ULONG Length, Room;
    ULONG Limit;     /* a buffer of this many characters is full: nothing more is looked at */
    ULONG Width;     /* lines are shorter than this; 0: as they come */
    ULONG LineStart; /* where the line begins */
    ULONG
    Blanks; /* where the last row of blanks of the line begins, if there is one behind LineStart */
    BOOL HaveBlanks;
    DWORD Error;
} BASE_OUTPUT, *PBASE_OUTPUT;

/* Room for Count more characters and the end. */
static BOOL
BaseRoomFor(PBASE_OUTPUT Output, ULONG Count)
{
    ULONG Room = max(Output->Room * 2, Output->Length + Count + 64);
    PWSTR Text;

    if (Output->Error != 0) {
        return FALSE;
    }
    if (Output->Length + Count < Output->Room) {
        return TRUE;
    }
    Text = RtlReAllocateHeap(BaseHeap(), 0, Output->Text, Room * sizeof(WCHAR));
    if (Text == NULL) {
        Output->Error = ERROR_NOT_ENOUGH_MEMORY;
        return FALSE;
    }
    Output->Text = Text;
    Output->Room = Room;
    return TRUE;
}

static VOID
BasePut(PBASE_OUTPUT Output, WCHAR Character)
{
    if (BaseRoomFor(Output, 1)) {
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
        __try {
            Table = BaseTableMessage((HMODULE)Source, Id, &Wide, &Bytes);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Table = NULL; /* no image at all */
        }
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

static VOID
BaseNewLine(PBASE_OUTPUT Output)
{
    BasePut(Output, L'\r');
    BasePut(Output, L'\n');
    Output->LineStart = Output->Length;
    Output->HaveBlanks = FALSE;
}

/* A character of a line: one that reaches the width is broken where its last blanks are, which go, or right here. */
static VOID
BasePutInLine(PBASE_OUTPUT Output, WCHAR Character)
{
    BOOL AfterBlank =
        Output->Length > Output->LineStart && Output->Text[Output->Length - 1] == L' ';
    ULONG From, Rest;

    if (Character == L' ' && !AfterBlank) {
        Output->Blanks = Output->Length;
        Output->HaveBlanks = TRUE;
    }
    BasePut(Output, Character);
    if (Output->Width == 0 || Output->Length - Output->LineStart < Output->Width ||
        !BaseRoomFor(Output, 2)) {
        return;
    }
    if (!Output->HaveBlanks) {
        BaseNewLine(Output);
        return;
    }
    for (From = Output->Blanks; From < Output->Length && Output->Text[From] == L' '; From++) {
    }
    Rest = Output->Length - From;
    RtlMoveMemory(Output->Text + Output->Blanks + 2, Output->Text + From, Rest * sizeof(WCHAR));
    Output->Text[Output->Blanks] = L'\r';
    Output->Text[Output->Blanks + 1] = L'\n';
    Output->LineStart = Output->Blanks + 2;
    Output->Length = Output->LineStart + Rest;
    Output->HaveBlanks = FALSE;
}

#define LONGEST_INSERT 0x1000000

static VOID
BasePutFormatted(PBASE_OUTPUT Output, PCWSTR Format, ULONG Stars, const DWORD_PTR *Star,
                 DWORD_PTR Value)
{
    for (ULONG Room = 256; Room <= LONGEST_INSERT; Room *= 4) {
        PWSTR Text = RtlAllocateHeap(BaseHeap(), 0, Room * sizeof(WCHAR));
        int Length;

        if (Text == NULL) {
            Output->Error = ERROR_NOT_ENOUGH_MEMORY;
            return;
        }
        Length = Stars == 0   ? _snwprintf(Text, Room, Format, Value)
                 : Stars == 1 ? _snwprintf(Text, Room, Format, (int)Star[0], Value)
                              : _snwprintf(Text, Room, Format, (int)Star[0], (int)Star[1], Value);
        for (int Index = 0; Index < Length; Index++) {
            BasePutInLine(Output, Text[Index]);
        }
        RtlFreeHeap(BaseHeap(), 0, Text);
        if (Length >= 0) {
            return;
        }
    }
    Output->Error = ERROR_INVALID_PARAMETER;
}

/* %n or %n!format! at Text (behind the per cent sign); returns what follows. */
static PCWSTR
BaseInsert(PCWSTR Text, PBASE_OUTPUT Output, PBASE_ARGUMENTS Arguments, BOOL Ansi)
{
    WCHAR Format[32] = L"%";
    ULONG Number = *Text++ - L'0', Length = 1, Stars = 0;
    DWORD_PTR Value, Star[2] = {0, 0};
    WCHAR Last = L's';

    if (*Text >= L'0' && *Text <= L'9') {
        Number = Number * 10 + (*Text++ - L'0');
    }
    if (*Text == L'!') {
        for (Text++; *Text != 0 && *Text != L'!' && Length < 28; Text++) {
            if (*Text == L'*' && Stars < 2) {
                /* The first is n, then come those that nobody has taken yet. */
                Star[Stars] = BaseArgument(Arguments, Stars == 0 ? Number : Arguments->Known + 1);
                Stars++;
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
    if (Stars != 0 && Arguments->Array == NULL) {
        Value = va_arg(*Arguments->List, DWORD_PTR); /* not counted in a list, but in an array */
    } else {
        Value = BaseArgument(Arguments, Stars != 0 ? Arguments->Known + 1 : Number);
    }
    BasePutFormatted(Output, Format, Stars, Star, Value);
    return Text;
}

/* With FORMAT_MESSAGE_IGNORE_INSERTS only %0, %n, %r and %t mean something. */
static VOID
BaseExpand(PCWSTR Text, PBASE_OUTPUT Output, DWORD Flags, PBASE_ARGUMENTS Arguments, BOOL Ansi)
{
    BOOL Ignore = (Flags & FORMAT_MESSAGE_IGNORE_INSERTS) != 0;
    BOOL OneLine = (Flags & FORMAT_MESSAGE_MAX_WIDTH_MASK) != 0;

    while (*Text != 0 && Output->Error == 0 && Output->Length < Output->Limit) {
        WCHAR Character = *Text++;

        if (Character == L'\r' || Character == L'\n') {
            if (Character == L'\r' && *Text == L'\n') {
                Text++;
            }
            if (OneLine) {
                BasePutInLine(Output, L' ');
            } else {
                BaseNewLine(Output);
            }
            continue;
        }
        if (Character != L'%') {
            BasePutInLine(Output, Character);
            continue;
        }
        Character = *Text;
        if (Character == 0 && !Ignore) {
            Output->Error = ERROR_INVALID_PARAMETER;
            break;
        }
        if (Character >= L'1' && Character <= L'9' && !Ignore) {
            if (Arguments->List == NULL) {
                Output->Error = ERROR_INVALID_PARAMETER;
                break;
            }
            Text = BaseInsert(Text, Output, Arguments, Ansi);
            continue;
        }
        Text += Character != 0;
        switch (Character) {
        case L'0':
            return;
        case L'n':
            BaseNewLine(Output);
            break;
        case L'r':
            BasePut(Output, L'\r');
            Output->LineStart = Output->Length;
            Output->HaveBlanks = FALSE;
            break;
        case L't':
            BasePutInLine(Output, L'\t');
            break;
        default:
            if (Ignore) {
                BasePutInLine(Output, L'%');
                Text -= Character != 0; /* it may be a per cent sign with a meaning of its own */
            } else {
                BasePutInLine(Output, Character == L'b' ? L' ' : Character);
            }
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

    if ((Flags & FORMAT_MESSAGE_ALLOCATE_BUFFER) != 0) {
        if (Buffer == NULL) {
            BaseFailWith(Ansi ? ERROR_NOT_ENOUGH_MEMORY : ERROR_INVALID_PARAMETER);
            return 0;
        }
        *(PVOID *)Buffer = NULL;
    }
    if ((Flags & (FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_FROM_HMODULE |
                  FORMAT_MESSAGE_FROM_SYSTEM)) == 0 ||
        ((Flags & FORMAT_MESSAGE_FROM_STRING) != 0 && Source == NULL)) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return 0;
    }
    if (Buffer == NULL && !Ansi) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return 0;
    }
    Message = BaseFindMessage(Flags, Source, Id, Ansi);
    if (Message == NULL) {
        return 0;
    }
    Output.Room = 0x400;
    Output.Limit = Ansi || (Flags & FORMAT_MESSAGE_ALLOCATE_BUFFER) != 0 ? MAXULONG : max(Room, 1u);
    Output.Text = RtlAllocateHeap(BaseHeap(), 0, Output.Room * sizeof(WCHAR));
    if (Output.Text == NULL) {
        BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
        goto FreeMessage;
    }
    Output.Width = Flags & FORMAT_MESSAGE_MAX_WIDTH_MASK;
    if (Output.Width == FORMAT_MESSAGE_MAX_WIDTH_MASK) {
        Output.Width = 0; /* no line is too long */
    }
    Arguments.Known = 0;
    Arguments.Array = (Flags & FORMAT_MESSAGE_ARGUMENT_ARRAY) != 0 ? (const DWORD_PTR *)List : NULL;
    Arguments.List = List;
    BaseExpand(Message, &Output, Flags, &Arguments, Ansi);
    if (Output.Error == 0 && Output.Length == 0) {
        Output.Error = 235; /* ERROR_NO_WORK_DONE */
    } else if (Output.Error == 0 && Ansi && Output.Length >= LONGEST_NARROW) {
        Output.Error = ERROR_INVALID_PARAMETER;
    }
    if (Output.Error != 0) {
        if (Output.Error == 235 && !Ansi && Room != 0 &&
            (Flags & FORMAT_MESSAGE_ALLOCATE_BUFFER) == 0) {
            *(PWSTR)Buffer = 0; /* an empty text, in the W form */
        }
        BaseFailWith(Output.Error);
        goto FreeOutput;
    }
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
        if (!Ansi && Room != 0) { /* the W form gives what fits */
            RtlCopyMemory(Target, Output.Text, (Room - 1) * sizeof(WCHAR));
            ((PWSTR)Target)[Room - 1] = 0;
        }
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
