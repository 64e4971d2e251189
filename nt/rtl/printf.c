/*
 * printf.c - the formatting engine behind DbgPrint, sprintf, swprintf and their relatives.
 *
 * Microsoft's dialect: %s is of the width of the format, %S of the other; h (narrow) and w or l
 * (wide) say it explicitly; %Z and %hZ print an ANSI_STRING, %wZ a UNICODE_STRING; I64, I32 and I
 * are sizes; %p is 16 capital hex digits. There is no floating point in the kernel: %e, %f, %g and
 * %a print nothing but take their argument, as the vector registers are not the kernel's to use. %n
 * is not supported.
 *
 *   P1  Nothing is written beyond Room units; Length goes on counting.
 *   P2  A character of the other width goes through the ANSI code page.
 *
 * Source: Microsoft Learn, "Format specification syntax: printf and wprintf functions", "Type" and
 * "Size and distance specification"; DbgPrint (wdm.h).
 */
#include "nt/rtl/rtlp.h"

typedef struct _RTLP_PRINT {
    PVOID Buffer;
    SIZE_T Room;   /* units */
    SIZE_T Length; /* units that a buffer without end would hold */
    BOOLEAN Wide;  /* what Buffer and Format hold */
    const VOID *Format;
} RTLP_PRINT, *PRTLP_PRINT;

typedef struct _RTLP_SPEC {
    BOOLEAN Left, Plus, Space, Alternate, Zero;
    LONG Width;
    LONG Precision; /* -1: none */
    enum { SizeNone, SizeChar, SizeShort, SizeLong, SizeLongLong, SizePointer, SizeWide } Size;
} RTLP_SPEC, *PRTLP_SPEC;

static WCHAR
RtlpFormatUnit(const RTLP_PRINT *Print)
{
    return Print->Wide ? *(const WCHAR *)Print->Format : *(const UCHAR *)Print->Format;
}

static VOID
RtlpNextFormat(PRTLP_PRINT Print)
{
    Print->Format = (const UCHAR *)Print->Format + (Print->Wide ? sizeof(WCHAR) : sizeof(CHAR));
}

/* Puts a unit of the output's own width. */
static VOID
RtlpPut(PRTLP_PRINT Print, WCHAR Unit)
{
    if (Print->Length < Print->Room) { /* P1 */
        if (Print->Wide) {
            ((PWSTR)Print->Buffer)[Print->Length] = Unit;
        } else {
            ((PCHAR)Print->Buffer)[Print->Length] = (CHAR)Unit;
        }
    }
    Print->Length++;
}

/* Puts a character of either width. */
static VOID
RtlpPutCharacter(PRTLP_PRINT Print, WCHAR Character, BOOLEAN Wide)
{
    UCHAR Byte;

    if (Wide == Print->Wide) {
        RtlpPut(Print, Character);
    } else if (Wide) { /* P2 */
        RtlpUnitToAnsi(Character, &Byte);
        RtlpPut(Print, Byte);
    } else {
        RtlpPut(Print, RtlpAnsiToUnit((UCHAR)Character));
    }
}

static VOID
RtlpPad(PRTLP_PRINT Print, LONG Count, WCHAR Unit)
{
    while (Count-- > 0) {
        RtlpPut(Print, Unit);
    }
}

static VOID
RtlpPutString(PRTLP_PRINT Print, const RTLP_SPEC *Spec, const VOID *String, SIZE_T Count,
              BOOLEAN Wide)
{
    LONG Length = (LONG)min(Count, 0x7FFFFFFF), Index;

    if (!Spec->Left) {
        RtlpPad(Print, Spec->Width - Length, Spec->Zero ? '0' : ' ');
    }
    for (Index = 0; Index < Length; Index++) {
        RtlpPutCharacter(Print, Wide ? ((PCWCH)String)[Index] : ((const UCHAR *)String)[Index],
                         Wide);
    }
    if (Spec->Left) {
        RtlpPad(Print, Spec->Width - Length, ' ');
    }
}

static VOID
RtlpPutTerminated(PRTLP_PRINT Print, const RTLP_SPEC *Spec, const VOID *String, BOOLEAN Wide)
{
    SIZE_T Limit = Spec->Precision < 0 ? (SIZE_T)-1 : (SIZE_T)Spec->Precision, Count = 0;

    if (String == NULL) {
        String = Wide ? (const VOID *)L"(null)" : (const VOID *)"(null)";
    }
    while (Count < Limit && (Wide ? ((PCWCH)String)[Count] != 0 : ((PCSZ)String)[Count] != 0)) {
        Count++;
    }
    RtlpPutString(Print, Spec, String, Count, Wide);
}

static VOID
RtlpPutCounted(PRTLP_PRINT Print, const RTLP_SPEC *Spec, const STRING *String, BOOLEAN Wide)
{
    SIZE_T Count;

    if (String == NULL || String->Buffer == NULL) {
        RtlpPutTerminated(Print, Spec, NULL, Wide);
        return;
    }
    Count = String->Length / (Wide ? sizeof(WCHAR) : sizeof(CHAR));
    if (Spec->Precision >= 0 && Count > (SIZE_T)Spec->Precision) {
        Count = (SIZE_T)Spec->Precision;
    }
    RtlpPutString(Print, Spec, String->Buffer, Count, Wide);
}

static VOID
RtlpPutNumber(PRTLP_PRINT Print, RTLP_SPEC *Spec, ULONGLONG Value, ULONG Base, BOOLEAN Capital,
              WCHAR Sign)
{
    const char *Alphabet = Capital ? "0123456789ABCDEF" : "0123456789abcdef";
    CHAR Digits[32];
    LONG Count = 0, Zeros, Prefix = Sign != 0 ? 1 : 0;
    BOOLEAN Hex = Spec->Alternate && Base == 16 && Value != 0;

    while (Value != 0) {
        Digits[Count++] = Alphabet[Value % Base];
        Value /= Base;
    }
    if (Count == 0 && Spec->Precision != 0) {
        Digits[Count++] = '0';
    }
    Zeros = Spec->Precision - Count;
    if (Spec->Alternate && Base == 8 && Zeros <= 0 && (Count == 0 || Digits[Count - 1] != '0')) {
        Zeros = 1;
    }
    Prefix += Hex ? 2 : 0;
    if (Spec->Zero && !Spec->Left && Spec->Precision < 0) {
        Zeros = max(Zeros, Spec->Width - Prefix - Count);
    }
    Zeros = max(Zeros, 0);
    if (!Spec->Left) {
        RtlpPad(Print, Spec->Width - Prefix - Zeros - Count, ' ');
    }
    if (Sign != 0) {
        RtlpPut(Print, Sign);
    }
    if (Hex) {
        RtlpPut(Print, '0');
        RtlpPut(Print, Capital ? 'X' : 'x');
    }
    RtlpPad(Print, Zeros, '0');
    Prefix += Zeros + Count;
    while (Count > 0) {
        RtlpPut(Print, (WCHAR)Digits[--Count]);
    }
    if (Spec->Left) {
        RtlpPad(Print, Spec->Width - Prefix, ' ');
    }
}

static LONG
RtlpParseNumber(PRTLP_PRINT Print)
{
    LONG Value = 0;

    while (RtlpFormatUnit(Print) >= '0' && RtlpFormatUnit(Print) <= '9') {
        Value = Value * 10 + (RtlpFormatUnit(Print) - '0');
        RtlpNextFormat(Print);
    }
    return Value;
}

static VOID
RtlpParseSize(PRTLP_PRINT Print, PRTLP_SPEC Spec)
{
    WCHAR Unit = RtlpFormatUnit(Print);

    if (Unit == 'h') {
        Spec->Size = SizeShort;
        RtlpNextFormat(Print);
        if (RtlpFormatUnit(Print) == 'h') {
            Spec->Size = SizeChar;
            RtlpNextFormat(Print);
        }
    } else if (Unit == 'l') {
        Spec->Size = SizeLong;
        RtlpNextFormat(Print);
        if (RtlpFormatUnit(Print) == 'l') {
            Spec->Size = SizeLongLong;
            RtlpNextFormat(Print);
        }
    } else if (Unit == 'w') {
        Spec->Size = SizeWide;
        RtlpNextFormat(Print);
    } else if (Unit == 'z' || Unit == 't' || Unit == 'j') {
        Spec->Size = Unit == 'j' ? SizeLongLong : SizePointer;
        RtlpNextFormat(Print);
    } else if (Unit == 'I') {
        const VOID *Here;
        WCHAR Next;

        RtlpNextFormat(Print);
        Here = Print->Format;
        Next = RtlpFormatUnit(Print);
        Spec->Size = SizePointer;
        if (Next == '6' || Next == '3') {
            RtlpNextFormat(Print);
            if (RtlpFormatUnit(Print) == (Next == '6' ? '4' : '2')) {
                Spec->Size = Next == '6' ? SizeLongLong : SizeLong;
                RtlpNextFormat(Print);
            } else {
                Print->Format = Here;
            }
        }
    }
}

static ULONGLONG
RtlpTakeInteger(const RTLP_SPEC *Spec, BOOLEAN Signed, va_list *Arguments)
{
    switch (Spec->Size) {
    case SizeLongLong:
    case SizePointer:
        return va_arg(*Arguments, ULONGLONG);
    case SizeShort:
        return Signed ? (ULONGLONG)(LONGLONG)(SHORT)va_arg(*Arguments, int)
                      : (USHORT)va_arg(*Arguments, int);
    case SizeChar:
        return Signed ? (ULONGLONG)(LONGLONG)(CHAR)va_arg(*Arguments, int)
                      : (UCHAR)va_arg(*Arguments, int);
    default:
        return Signed ? (ULONGLONG)(LONGLONG)va_arg(*Arguments, int) : va_arg(*Arguments, unsigned);
    }
}

/* Is the %s, %c or %Z at hand (Capital: %S, %C) of wide characters? */
static BOOLEAN
RtlpIsWide(const RTLP_PRINT *Print, const RTLP_SPEC *Spec, BOOLEAN Capital)
{
    if (Spec->Size == SizeShort) {
        return FALSE;
    }
    if (Spec->Size == SizeWide || Spec->Size == SizeLong) {
        return TRUE;
    }
    return Capital ? !Print->Wide : Print->Wide;
}

static VOID
RtlpConversion(PRTLP_PRINT Print, PRTLP_SPEC Spec, WCHAR Type, va_list *Arguments)
{
    ULONGLONG Value;

    switch (Type) {
    case 'd':
    case 'i':
        Value = RtlpTakeInteger(Spec, TRUE, Arguments);
        if ((LONGLONG)Value < 0) {
            RtlpPutNumber(Print, Spec, 0 - Value, 10, FALSE, '-');
        } else {
            RtlpPutNumber(Print, Spec, Value, 10, FALSE, Spec->Plus ? '+' : Spec->Space ? ' ' : 0);
        }
        break;
    case 'u':
        RtlpPutNumber(Print, Spec, RtlpTakeInteger(Spec, FALSE, Arguments), 10, FALSE, 0);
        break;
    case 'o':
        RtlpPutNumber(Print, Spec, RtlpTakeInteger(Spec, FALSE, Arguments), 8, FALSE, 0);
        break;
    case 'x':
    case 'X':
        RtlpPutNumber(Print, Spec, RtlpTakeInteger(Spec, FALSE, Arguments), 16, Type == 'X', 0);
        break;
    case 'p':
        Spec->Precision = 16;
        RtlpPutNumber(Print, Spec, (ULONGLONG)va_arg(*Arguments, PVOID), 16, TRUE, 0);
        break;
    case 'c':
    case 'C': {
        BOOLEAN Wide = RtlpIsWide(Print, Spec, Type == 'C');
        WCHAR Character = (WCHAR)va_arg(*Arguments, int);
        UCHAR Byte = (UCHAR)Character;

        RtlpPutString(Print, Spec, Wide ? (PVOID)&Character : (PVOID)&Byte, 1, Wide);
        break;
    }
    case 's':
    case 'S': {
        BOOLEAN Wide = RtlpIsWide(Print, Spec, Type == 'S');

        RtlpPutTerminated(Print, Spec, va_arg(*Arguments, PVOID), Wide);
        break;
    }
    case 'Z':
        RtlpPutCounted(Print, Spec, va_arg(*Arguments, const STRING *),
                       Spec->Size == SizeWide || Spec->Size == SizeLong);
        break;
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case 'a':
    case 'A':
        (void)va_arg(*Arguments, ULONGLONG);
        break;
    case 'n':
        (void)va_arg(*Arguments, PVOID);
        break;
    default:
        RtlpPut(Print, Type); /* %% and what is no conversion */
        break;
    }
}

static VOID
RtlpFormat(PRTLP_PRINT Print, va_list *Arguments)
{
    WCHAR Unit;

    while ((Unit = RtlpFormatUnit(Print)) != 0) {
        RTLP_SPEC Spec = {.Precision = -1};

        RtlpNextFormat(Print);
        if (Unit != '%') {
            RtlpPut(Print, Unit);
            continue;
        }
        for (;; RtlpNextFormat(Print)) {
            Unit = RtlpFormatUnit(Print);
            if (Unit == '-') {
                Spec.Left = TRUE;
            } else if (Unit == '+') {
                Spec.Plus = TRUE;
            } else if (Unit == ' ') {
                Spec.Space = TRUE;
            } else if (Unit == '#') {
                Spec.Alternate = TRUE;
            } else if (Unit == '0') {
                Spec.Zero = TRUE;
            } else {
                break;
            }
        }
        if (Unit == '*') {
            Spec.Width = va_arg(*Arguments, int);
            if (Spec.Width < 0) {
                Spec.Left = TRUE;
                Spec.Width = -Spec.Width;
            }
            RtlpNextFormat(Print);
        } else {
            Spec.Width = RtlpParseNumber(Print);
        }
        if (RtlpFormatUnit(Print) == '.') {
            RtlpNextFormat(Print);
            if (RtlpFormatUnit(Print) == '*') {
                Spec.Precision = va_arg(*Arguments, int);
                RtlpNextFormat(Print);
            } else {
                Spec.Precision = RtlpParseNumber(Print);
            }
        }
        RtlpParseSize(Print, &Spec);
        Unit = RtlpFormatUnit(Print);
        if (Unit == 0) {
            break;
        }
        RtlpNextFormat(Print);
        RtlpConversion(Print, &Spec, Unit, Arguments);
    }
}

/*
 * Both: the length wanted; what fits is in Buffer, without a terminator if there is no room for
 * one.
 */
SIZE_T
RtlpFormatNarrow(PCHAR Buffer, SIZE_T Room, PCSZ Format, va_list Arguments)
{
    RTLP_PRINT Print = {Buffer, Room, 0, FALSE, Format};
    va_list Copy;

    va_copy(Copy, Arguments);
    RtlpFormat(&Print, &Copy);
    va_end(Copy);
    if (Print.Length < Room) {
        Buffer[Print.Length] = 0;
    }
    return Print.Length;
}

SIZE_T
RtlpFormatWide(PWSTR Buffer, SIZE_T Room, PCWSTR Format, va_list Arguments)
{
    RTLP_PRINT Print = {Buffer, Room, 0, TRUE, Format};
    va_list Copy;

    va_copy(Copy, Arguments);
    RtlpFormat(&Print, &Copy);
    va_end(Copy);
    if (Print.Length < Room) {
        Buffer[Print.Length] = 0;
    }
    return Print.Length;
}
