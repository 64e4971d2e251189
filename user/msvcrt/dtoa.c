/*
 * dtoa.c - a double becomes decimal digits, exactly.
 *
 * A double is M * 2^E. With E >= 0 it is the integer M << E; else it is M * 5^-E with -E decimal
 * places. Either is a big integer of at most 767 digits, kept in words of nine digits. All digits
 * are written out and then rounded where the caller wants the last one. A tie goes away from zero,
 * as in msvcrt.dll (the UCRT has rounded to even since Windows 10 version 2004, documented under
 * printf).
 */
#include "crt.h"
#include "crtdata.h"

#define WORDS 128
#define BASE  1000000000u

typedef struct {
    unsigned int Word[WORDS]; /* least significant first */
    int Count;
} BIG;

static void
Multiply(BIG *Big, unsigned int Factor)
{
    unsigned __int64 Carry = 0;
    int i;

    for (i = 0; i < Big->Count; i++) {
        Carry += (unsigned __int64)Big->Word[i] * Factor;
        Big->Word[i] = (unsigned int)(Carry % BASE);
        Carry /= BASE;
    }
    if (Carry != 0) {
        Big->Word[Big->Count++] = (unsigned int)Carry;
    }
}

/*
 * The digits of a finite Value >= 0, without leading or trailing rules of any format.
 * Fixed: Count digits after the decimal point; else Count digits in all (at least 1).
 * Digits gets them without a zero in front (none at all if the value rounds to 0, Fixed), at most
 * CRT_DIGITS of them; *Point is where the decimal point stands, counted from the first digit.
 * Returns their number; digits wanted beyond that are zeros.
 */
int
CrtDigits(double Value, int Fixed, int Count, char *Digits, int *Point)
{
    unsigned __int64 Bits = *(unsigned __int64 *)&Value & 0x7FFFFFFFFFFFFFFFull;
    unsigned __int64 Mantissa = Bits & 0xFFFFFFFFFFFFFull;
    int Exponent = (int)(Bits >> 52), Places = 0, Length = 0, Keep, i, j;
    BIG Big;

    if (Bits == 0) {
        *Point = Fixed ? 0 : 1;
        if (!Fixed) {
            Digits[Length++] = '0';
        }
        return Length;
    }
    if (Exponent != 0) {
        Mantissa |= 1ull << 52;
    } else {
        Exponent = 1;
    }
    Exponent -= 1075;
    while ((Mantissa & 1) == 0) {
        Mantissa >>= 1;
        Exponent++;
    }
    Big.Count = 0;
    for (; Mantissa != 0; Mantissa /= BASE) {
        Big.Word[Big.Count++] = (unsigned int)(Mantissa % BASE);
    }
    for (; Exponent > 0; Exponent -= i) {
        i = Exponent < 29 ? Exponent : 29;
        Multiply(&Big, 1u << i);
    }
    Places = -Exponent;
    for (; Exponent < 0; Exponent += i) {
        static const unsigned int Fives[] = {
            1, 5, 25, 125, 625, 3125, 15625, 78125, 390625, 1953125, 9765625, 48828125, 244140625};

        i = Exponent < -12 ? 12 : -Exponent;
        Multiply(&Big, Fives[i]);
    }

    for (i = Big.Count - 1; i >= 0; i--) {
        unsigned int Word = Big.Word[i];

        for (j = 8; j >= 0; j--) {
            Digits[Length + j] = (char)('0' + Word % 10);
            Word /= 10;
        }
        Length += 9;
    }
    for (i = 0; Digits[i] == '0'; i++) {
    }
    Length -= i;
    memmove(Digits, Digits + i, Length);
    *Point = Length - Places;

    Keep = Fixed ? *Point + Count : Count;
    if (Keep < 0) {
        *Point = -Count;
        return 0;
    }
    if (Keep < Length) {
        int Up = Digits[Keep] >= '5';

        if (CrtUniversal && Digits[Keep] == '5' && (Keep == 0 || (Digits[Keep - 1] & 1) == 0)) {
            for (i = Keep + 1; i < Length && Digits[i] == '0'; i++) {
            }
            Up = i < Length; /* a tie goes to the even digit */
        }
        Length = Keep;
        for (i = Keep - 1; Up && i >= 0; i--) {
            Up = Digits[i] == '9';
            Digits[i] = Up ? '0' : (char)(Digits[i] + 1);
        }
        if (Up) { /* all nines: one digit more in front */
            memmove(Digits + 1, Digits, Length);
            Digits[0] = '1';
            *Point += 1;
            if (Fixed) {
                Length++;
            } else if (Length == 0) {
                Length = 1;
            }
        }
    }
    return Length;
}

/* How much room CrtFormatDouble may need. */
size_t
CrtFormatDoubleSize(int Precision)
{
    return 400 + (Precision > 0 ? (size_t)Precision : 0);
}

static char *
WriteExponent(char *p, int Exponent, char Letter, int Digits)
{
    *p++ = Letter;
    *p++ = Exponent < 0 ? '-' : '+';
    if (Exponent < 0) {
        Exponent = -Exponent;
    }
    if (Digits >= 3 || Exponent >= 100) {
        *p++ = (char)('0' + Exponent / 100);
    }
    if (Digits >= 2) {
        *p++ = (char)('0' + Exponent / 10 % 10);
    }
    *p++ = (char)('0' + Exponent % 10);
    return p;
}

static int
FormatHex(char *Text, unsigned __int64 Bits, char Type, int Precision, int Alternate)
{
    const char *Hex = Type == 'a' ? "0123456789abcdef" : "0123456789ABCDEF";
    unsigned __int64 Mantissa = Bits & 0xFFFFFFFFFFFFFull;
    int Exponent = (int)(Bits >> 52) & 0x7FF, i;
    char Number[8], *p = Text;

    if (Exponent != 0) {
        Mantissa |= 1ull << 52;
        Exponent -= 1023;
    } else if (Mantissa != 0) {
        Exponent = -1022;
    }
    if (Precision < 0) {
        Precision = 13;
    }
    if (Precision < 13) {
        Mantissa += 1ull << (51 - 4 * Precision);
    }
    *p++ = '0';
    *p++ = Type == 'a' ? 'x' : 'X';
    *p++ = Hex[Mantissa >> 52];
    if (Precision > 0 || Alternate) {
        *p++ = '.';
    }
    for (i = 0; i < Precision; i++) {
        *p++ = i < 13 ? Hex[(Mantissa >> (48 - 4 * i)) & 15] : '0';
    }
    *p++ = Type == 'a' ? 'p' : 'P';
    *p++ = Exponent < 0 ? '-' : '+';
    _itoa(Exponent < 0 ? -Exponent : Exponent, Number, 10);
    strcpy(p, Number);
    return (int)(p - Text + strlen(Number));
}

/* inf, nan, nan(ind), nan(snan), as the UCRT has them. */
static int
FormatSpecial(char *Text, unsigned __int64 Bits, char Type)
{
    strcpy(Text, (Bits << 12) == 0                     ? "inf"
                 : (Bits & 0x0008000000000000ull) == 0 ? "nan(snan)"
                 : Bits == 0xFFF8000000000000ull       ? "nan(ind)"
                                                       : "nan");
    if (Type < 'a') {
        _strupr(Text);
    }
    return (int)strlen(Text);
}

/*
 * What printf writes for the absolute value: types e E f F g G a A. Precision -1 is the default.
 * Infinity and NaN read 1.#INF, 1.#QNAN, 1.#IND and are cut, rounded and padded as if they were
 * digits, as msvcrt.dll does. Returns the length; Text is ended by 0.
 */
int
CrtFormatDouble(char *Text, double Value, char Type, int Precision, int Alternate)
{
    char Digits[CRT_DIGITS + 64], *p = Text;
    unsigned __int64 Bits = *(unsigned __int64 *)&Value;
    char Lower = Type >= 'a' ? Type : (char)(Type + 32);
    int General = Lower == 'g', Fixed = Lower == 'f', Length, Point, Special = 0, i;

    if (Lower == 'a' && (Bits & 0x7FF0000000000000ull) != 0x7FF0000000000000ull) {
        return FormatHex(Text, Bits & 0x7FFFFFFFFFFFFFFFull, Type, Precision, Alternate);
    }
    if (Precision < 0) {
        Precision = 6;
    }
    if (General && Precision == 0) {
        Precision = 1;
    }
    if ((Bits & 0x7FF0000000000000ull) == 0x7FF0000000000000ull) {
        int Keep = Fixed || Lower == 'a' ? Precision + 1 : General ? Precision : Precision + 1;

        if (CrtUniversal) {
            return FormatSpecial(Text, Bits, Type);
        }
        Special = 1;
        if (Lower == 'a') {
            Fixed = 1;
        }
        strcpy(Digits, (Bits << 12) == 0                     ? "1#INF"
                       : (Bits & 0x0008000000000000ull) == 0 ? "1#SNAN"
                       : Bits == 0xFFF8000000000000ull       ? "1#IND"
                                                             : "1#QNAN");
        Length = (int)strlen(Digits);
        Point = 1;
        if (Keep < Length) {
            if (Digits[Keep] >= '5') {
                Digits[Keep - 1]++;
            }
            Length = Keep;
        }
    } else if (Fixed) {
        Length = CrtDigits(Value, 1, Precision, Digits, &Point);
    } else {
        Length = CrtDigits(Value, 0, General ? Precision : Precision + 1, Digits, &Point);
    }
    if (!CrtUniversal && !Special && Length > 17) {
        Length =
            CrtDigits(Value, 0, 17, Digits, &Point); /* msvcrt.dll knows no more; zeros follow */
    }

    if (General) {
        int Significant = Precision;

        if (!Alternate) {
            while (Length > 1 && Digits[Length - 1] == '0') {
                Length--;
            }
            Significant = Length;
        }
        Fixed = Special || (Point - 1 >= -4 && Point - 1 < Precision);
        Precision = Fixed ? Significant - Point : Significant - 1;
        if (Precision < 0) {
            Precision = 0;
        }
    }
    if (Fixed) {
        if (Point <= 0) {
            *p++ = '0';
        }
        for (i = 0; i < Point; i++) {
            *p++ = i < Length ? Digits[i] : '0';
        }
        if (Precision > 0 || Alternate) {
            *p++ = '.';
        }
        for (i = Point; i < Point + Precision; i++) {
            *p++ = i >= 0 && i < Length ? Digits[i] : '0';
        }
    } else {
        *p++ = Digits[0];
        if (Precision > 0 || Alternate) {
            *p++ = '.';
        }
        for (i = 1; i <= Precision; i++) {
            *p++ = i < Length ? Digits[i] : '0';
        }
        p = WriteExponent(p, Value == 0 || Special ? 0 : Point - 1, Type >= 'a' ? 'e' : 'E',
                          CrtThreeDigits ? 3 : 2);
    }
    *p = 0;
    return (int)(p - Text);
}
