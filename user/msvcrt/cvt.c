/*
 * cvt.c - _ecvt, _fcvt, _gcvt and their checked forms: digits without a format.
 */
#include "crt.h"
#include "crtdata.h"

static int
Negative(double Value)
{
    return (int)(*(unsigned __int64 *)&Value >> 63);
}

/* "1#INF" and its like as if they were digits before and behind a point: rounded where they are cut. */
static int
Special(unsigned __int64 Bits, int Want, char *Digits)
{
    int Length;

    strcpy(Digits, (Bits << 12) == 0                     ? "1#INF"
                   : (Bits & 0x0008000000000000ull) == 0 ? "1#SNAN"
                   : Bits == 0xFFF8000000000000ull       ? "1#IND"
                                                         : "1#QNAN");
    Length = (int)strlen(Digits);
    if (Want > 0 && Want < Length) {
        if (Digits[Want] >= '5') {
            Digits[Want - 1]++;
        }
        Length = Want;
    }
    return Length;
}

/* Digits padded with zeros to what was asked for; Text must have room for Size. */
static errno_t
Convert(char *Text, size_t Size, double Value, int Fixed, int Count, int *Point, int *Sign)
{
    unsigned __int64 Bits = *(unsigned __int64 *)&Value;
    char Digits[CRT_DIGITS + 8];
    int Length, Want, i;

    *Sign = Negative(Value);
    if ((Bits & 0x7FF0000000000000ull) == 0x7FF0000000000000ull) {
        Want = Fixed ? Count + 1 : Count;
        *Point = 1;
        Length = Special(Bits, Want, Digits);
    } else if (Value == 0) {
        Length = 0;
        Want = Count;
        *Point = 0;
    } else {
        Length = CrtDigits(Value, Fixed, Fixed ? Count : max(Count, 1), Digits, Point);
        Want = Fixed ? *Point + Count : Count;
        if (Length == 0 ||
            Want <= 0) { /* nothing is left: where the point stands is told all the same */
            Want = 0;
            CrtDigits(Value, 0, 17, Digits, Point);
            *Point += !Fixed && Digits[0] >= '5';
        } else if (Length > 17 && !CrtUniversal) {
            Length = CrtDigits(Value, 0, 17, Digits, Point);
        }
    }
    if (Want < 0) {
        Want = 0;
    }
    if ((size_t)Want >= Size) {
        *Text = 0;
        return errno = ERANGE;
    }
    for (i = 0; i < Want; i++) {
        Text[i] = i < Length ? Digits[i] : '0';
    }
    Text[Want] = 0;
    return 0;
}

static char *
Buffer(int Count, size_t *Size)
{
    PCRT_THREAD Thread = CrtThread();

    *Size = 400 + (Count > 0 ? (size_t)Count : 0);
    free(Thread->CvtText);
    return Thread->CvtText = malloc(*Size);
}

char *
_ecvt(double Value, int Count, int *Point, int *Sign)
{
    size_t Size;
    char *Text = Buffer(Count, &Size);

    if (Text != NULL) {
        Convert(Text, Size, Value, 0, Count, Point, Sign);
    }
    return Text;
}

char *
_fcvt(double Value, int Count, int *Point, int *Sign)
{
    size_t Size;
    char *Text = Buffer(Count, &Size);

    if (Text != NULL) {
        Convert(Text, Size, Value, 1, Count, Point, Sign);
    }
    return Text;
}

errno_t
_ecvt_s(char *Text, size_t Size, double Value, int Count, int *Point, int *Sign)
{
    if (Text == NULL || Size == 0 || Point == NULL || Sign == NULL) {
        return errno = EINVAL;
    }
    return Convert(Text, Size, Value, 0, Count, Point, Sign);
}

errno_t
_fcvt_s(char *Text, size_t Size, double Value, int Count, int *Point, int *Sign)
{
    if (Text == NULL || Size == 0 || Point == NULL || Sign == NULL) {
        return errno = EINVAL;
    }
    return Convert(Text, Size, Value, 1, Count, Point, Sign);
}

/* As %g with an exponent from that number of digits on; a point always stays ("100."). */
char *
_gcvt(double Value, int Count, char *Text)
{
    char *p = Text, *Exponent;

    if (Negative(Value)) {
        *p++ = '-';
    }
    CrtFormatDouble(p, Value, 'g', Count, 0);
    if (strpbrk(p, ".#") == NULL) {
        Exponent = strchr(p, 'e');
        if (Exponent == NULL) {
            strcat(p, ".");
        } else {
            memmove(Exponent + 1, Exponent, strlen(Exponent) + 1);
            *Exponent = '.';
        }
    }
    return Text;
}

errno_t
_gcvt_s(char *Text, size_t Size, double Value, int Count)
{
    char Whole[512];

    if (Text == NULL || Size == 0) {
        return errno = EINVAL;
    }
    if (Count < 0 || (size_t)Count >= Size || Count > 400) {
        *Text = 0;
        return errno = ERANGE;
    }
    return strcpy_s(Text, Size, _gcvt(Value, Count, Whole));
}
