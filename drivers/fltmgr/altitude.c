/*
 * altitude.c - altitudes: decimal text of any precision.
 *
 * Digits with at most one point; leading zeros, and trailing zeros behind the point, do not count; the higher, the
 * farther from the file system. "03333" is above "100.123456". [DDI: FltAttachVolumeAtAltitude]
 */
#include "fltp.h"

BOOLEAN
FltpIsAltitude(PCUNICODE_STRING Altitude)
{
    ULONG Digits = 0, Points = 0;

    for (ULONG i = 0; i < Altitude->Length / sizeof(WCHAR); i++) {
        WCHAR Unit = Altitude->Buffer[i];

        if (Unit >= L'0' && Unit <= L'9') {
            Digits++;
        } else if (Unit == L'.') {
            Points++;
        } else {
            return FALSE;
        }
    }
    return Digits != 0 && Points <= 1;
}

typedef struct _FLTP_DECIMAL {
    PCWSTR Whole, Fraction;
    ULONG WholeDigits, FractionDigits;
} FLTP_DECIMAL;

static FLTP_DECIMAL
FltpSplit(PCUNICODE_STRING Altitude)
{
    ULONG Count = Altitude->Length / sizeof(WCHAR), Start = 0, Point = 0;
    FLTP_DECIMAL Decimal = {};

    while (Point < Count && Altitude->Buffer[Point] != L'.') {
        Point++;
    }
    while (Start < Point && Altitude->Buffer[Start] == L'0') {
        Start++;
    }
    while (Count > Point + 1 && Altitude->Buffer[Count - 1] == L'0') {
        Count--;
    }
    Decimal.Whole = Altitude->Buffer + Start;
    Decimal.WholeDigits = Point - Start;
    Decimal.Fraction = Altitude->Buffer + Point + 1;
    Decimal.FractionDigits = Count > Point + 1 ? Count - Point - 1 : 0;
    return Decimal;
}

/* Negative: One is below Two. */
LONG
FltpCompareAltitudes(PCUNICODE_STRING One, PCUNICODE_STRING Two)
{
    FLTP_DECIMAL A = FltpSplit(One), B = FltpSplit(Two);

    if (A.WholeDigits != B.WholeDigits) {
        return A.WholeDigits < B.WholeDigits ? -1 : 1;
    }
    for (ULONG i = 0; i < A.WholeDigits; i++) {
        if (A.Whole[i] != B.Whole[i]) {
            return A.Whole[i] < B.Whole[i] ? -1 : 1;
        }
    }
    for (ULONG i = 0; i < A.FractionDigits || i < B.FractionDigits; i++) {
        WCHAR X = i < A.FractionDigits ? A.Fraction[i] : L'0';
        WCHAR Y = i < B.FractionDigits ? B.Fraction[i] : L'0';

        if (X != Y) {
            return X < Y ? -1 : 1;
        }
    }
    return 0;
}
