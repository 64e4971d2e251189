/*
 * ipaddress.c - IP addresses as text.
 *
 * IPv4: four parts, or fewer, the last of which fills what is left (not with Strict); each decimal,
 * octal (0) or hexadecimal (0x). IPv6: groups of hexadecimal digits, "::" once for the longest run
 * of zeros, the last 32 bits perhaps as IPv4. Terminator points behind what was understood.
 * Addresses are in network order.
 *
 * Source: Microsoft Learn: RtlIpv4StringToAddress, RtlIpv4AddressToString, RtlIpv6StringToAddress,
 * RtlIpv6AddressToString (ip2string.h); RFC 4291 2.2; RFC 5952.
 */
#include "nt/rtl/rtlp.h"

/* The text of either width, as code units. */
typedef struct _RTLP_TEXT {
    const VOID *Start;
    BOOLEAN Wide;
} RTLP_TEXT;

static WCHAR
RtlpAt(RTLP_TEXT Text, ULONG Index)
{
    return Text.Wide ? ((PCWSTR)Text.Start)[Index] : ((const UCHAR *)Text.Start)[Index];
}

static LONG
RtlpDigit(WCHAR Unit, ULONG Base)
{
    LONG Digit = Unit >= '0' && Unit <= '9'                     ? Unit - '0'
                 : (Unit | 0x20) >= 'a' && (Unit | 0x20) <= 'f' ? (Unit | 0x20) - 'a' + 10
                                                                : 99;

    return Digit < (LONG)Base ? Digit : -1;
}

/* On failure *Index is where it stopped. */
static NTSTATUS
RtlpReadIpv4(RTLP_TEXT Text, PULONG Index, BOOLEAN Strict, PUCHAR Address)
{
    ULONG64 Part[4];
    ULONG Parts = 0, Value, Last;

    for (;;) {
        ULONG Base = 10, Digits = 0;
        ULONG64 Number = 0;

        if (RtlpAt(Text, *Index) == '0') {
            if ((RtlpAt(Text, *Index + 1) | 0x20) == 'x') {
                Base = 16;
                *Index += 2;
            } else if (RtlpDigit(RtlpAt(Text, *Index + 1), 10) >= 0) {
                Base = 8;
            }
            if (Strict && Base != 10) {
                return STATUS_INVALID_PARAMETER;
            }
        }
        while (RtlpDigit(RtlpAt(Text, *Index), Base) >= 0) {
            Number = Number * Base + (ULONG64)RtlpDigit(RtlpAt(Text, *Index), Base);
            if (Number > 0xFFFFFFFF) {
                return STATUS_INVALID_PARAMETER;
            }
            Digits++;
            ++*Index;
        }
        if (Digits == 0) {
            return STATUS_INVALID_PARAMETER;
        }
        Part[Parts++] = Number;
        if (Parts == 4 || RtlpAt(Text, *Index) != '.') {
            break;
        }
        ++*Index;
    }
    if (Strict && Parts != 4) {
        return STATUS_INVALID_PARAMETER;
    }
    Last = (ULONG)Part[Parts - 1];
    for (Value = 0; Value + 1 < Parts; Value++) {
        if (Part[Value] > 255) {
            return STATUS_INVALID_PARAMETER;
        }
        Address[Value] = (UCHAR)Part[Value];
    }
    /* The last part fills the bytes that are left. */
    if (Parts > 1 && Last >> (8 * (5 - Parts)) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    for (Value = Parts - 1; Value < 4; Value++) {
        Address[Value] = (UCHAR)(Last >> (8 * (3 - Value)));
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
RtlpReadIpv6(RTLP_TEXT Text, PULONG Index, PUCHAR Address)
{
    ULONG Filled = 0, Gap = 16;
    UCHAR Bytes[16];

    memset(Bytes, 0, sizeof(Bytes));
    if (RtlpAt(Text, *Index) == ':') {
        if (RtlpAt(Text, *Index + 1) != ':') {
            return STATUS_INVALID_PARAMETER;
        }
        *Index += 2;
        Gap = 0;
    }
    while (Filled < 16 && RtlpDigit(RtlpAt(Text, *Index), 16) >= 0) {
        ULONG Value = 0, Digits = 0, Start = *Index;

        while (Digits < 4 && RtlpDigit(RtlpAt(Text, *Index), 16) >= 0) {
            Value = Value * 16 + (ULONG)RtlpDigit(RtlpAt(Text, *Index), 16);
            Digits++;
            ++*Index;
        }
        if (RtlpAt(Text, *Index) == '.' && Filled <= 12) {
            *Index = Start;
            if (RtlpReadIpv4(Text, Index, TRUE, Bytes + Filled) != STATUS_SUCCESS) {
                return STATUS_INVALID_PARAMETER;
            }
            Filled += 4;
            break;
        }
        Bytes[Filled++] = (UCHAR)(Value >> 8);
        Bytes[Filled++] = (UCHAR)Value;
        if (RtlpAt(Text, *Index) != ':' || Filled == 16) {
            break;
        }
        if (RtlpAt(Text, *Index + 1) == ':') {
            if (Gap != 16) {
                break;
            }
            *Index += 2;
            Gap = Filled;
        } else if (RtlpDigit(RtlpAt(Text, *Index + 1), 16) >= 0) {
            ++*Index;
        } else {
            return STATUS_INVALID_PARAMETER;
        }
    }
    if (Gap == 16 ? Filled != 16 : Filled > 14) {
        return STATUS_INVALID_PARAMETER;
    }
    memset(Address, 0, 16);
    memcpy(Address, Bytes, min(Gap, Filled));
    if (Gap != 16) {
        memcpy(Address + 16 - (Filled - Gap), Bytes + Gap, Filled - Gap);
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
RtlIpv4StringToAddressW(PCWSTR S, BOOLEAN Strict, PCWSTR *Terminator, PVOID Addr)
{
    RTLP_TEXT Text = {S, TRUE};
    ULONG Index = 0;
    NTSTATUS Status = RtlpReadIpv4(Text, &Index, Strict, Addr);

    *Terminator = S + Index;
    return Status;
}

NTSTATUS NTAPI
RtlIpv4StringToAddressA(PCSTR S, BOOLEAN Strict, PCSTR *Terminator, PVOID Addr)
{
    RTLP_TEXT Text = {S, FALSE};
    ULONG Index = 0;
    NTSTATUS Status = RtlpReadIpv4(Text, &Index, Strict, Addr);

    *Terminator = S + Index;
    return Status;
}

NTSTATUS NTAPI
RtlIpv6StringToAddressW(PCWSTR S, PCWSTR *Terminator, PVOID Addr)
{
    RTLP_TEXT Text = {S, TRUE};
    ULONG Index = 0;
    NTSTATUS Status = RtlpReadIpv6(Text, &Index, Addr);

    *Terminator = S + Index;
    return Status;
}

NTSTATUS NTAPI
RtlIpv6StringToAddressA(PCSTR S, PCSTR *Terminator, PVOID Addr)
{
    RTLP_TEXT Text = {S, FALSE};
    ULONG Index = 0;
    NTSTATUS Status = RtlpReadIpv6(Text, &Index, Addr);

    *Terminator = S + Index;
    return Status;
}

/* Both write a terminator and return where it is. */
static PCHAR
RtlpWriteIpv4(const UCHAR *Address, PCHAR Text)
{
    ULONG Byte;

    for (Byte = 0; Byte < 4; Byte++) {
        if (Byte != 0) {
            *Text++ = '.';
        }
        RtlIntegerToChar(Address[Byte], 10, 4, Text);
        Text += strlen(Text);
    }
    return Text;
}

static PCHAR
RtlpWriteIpv6(const UCHAR *Address, PCHAR Text)
{
    ULONG Group[8], Index, Best = 8, BestLength = 1, Count = 8;

    for (Index = 0; Index < 8; Index++) {
        Group[Index] = (ULONG)Address[2 * Index] << 8 | Address[2 * Index + 1];
    }
    /*
     * IPv4-mapped (::ffff:a.b.c.d), IPv4-compatible (::a.b.c.d) and ISATAP addresses end in IPv4.
     */
    if ((Group[0] | Group[1] | Group[2] | Group[3] | Group[4]) == 0 && Group[6] != 0 &&
        (Group[5] == 0 || Group[5] == 0xFFFF)) {
        Count = 6;
    } else if ((Group[4] & 0xFDFF) == 0 && Group[5] == 0x5EFE) {
        Count = 6;
    }
    for (Index = 0; Index < Count; Index++) {
        ULONG Length = 0;

        while (Index + Length < Count && Group[Index + Length] == 0) {
            Length++;
        }
        if (Length > BestLength) {
            BestLength = Length;
            Best = Index;
        }
    }
    for (Index = 0; Index < Count; Index++) {
        ULONG Shift;
        BOOLEAN Any = FALSE;

        if (Index == Best) {
            *Text++ = ':';
            *Text++ = ':';
            Index += BestLength - 1;
            continue;
        }
        if (Index != 0 && Index != Best + BestLength) {
            *Text++ = ':';
        }
        for (Shift = 16; Shift > 0; Shift -= 4) {
            ULONG Digit = Group[Index] >> (Shift - 4) & 15;

            if (Digit != 0 || Any || Shift == 4) {
                *Text++ = "0123456789abcdef"[Digit];
                Any = TRUE;
            }
        }
    }
    if (Count == 6) {
        if (Best + BestLength != 6) {
            *Text++ = ':';
        }
        return RtlpWriteIpv4(Address + 12, Text);
    }
    *Text = 0;
    return Text;
}

static PWSTR
RtlpWiden(const CHAR *Text, PWSTR Target)
{
    while ((*Target = (UCHAR)*Text++) != 0) {
        Target++;
    }
    return Target;
}

PSTR NTAPI
RtlIpv4AddressToStringA(const VOID *Addr, PSTR S)
{
    return RtlpWriteIpv4(Addr, S);
}

PWSTR NTAPI
RtlIpv4AddressToStringW(const VOID *Addr, PWSTR S)
{
    CHAR Text[16];

    RtlpWriteIpv4(Addr, Text);
    return RtlpWiden(Text, S);
}

PSTR NTAPI
RtlIpv6AddressToStringA(const VOID *Addr, PSTR S)
{
    return RtlpWriteIpv6(Addr, S);
}

PWSTR NTAPI
RtlIpv6AddressToStringW(const VOID *Addr, PWSTR S)
{
    CHAR Text[46];

    RtlpWriteIpv6(Addr, Text);
    return RtlpWiden(Text, S);
}

/* Characters of a decimal number, which they follow Text with. */
static PSTR
RtlpWriteDecimal(ULONG Value, PSTR Text)
{
    CHAR Digits[10];
    ULONG Count = 0;

    do {
        Digits[Count++] = (CHAR)('0' + Value % 10);
        Value /= 10;
    } while (Value != 0);
    while (Count != 0) {
        *Text++ = Digits[--Count];
    }
    *Text = 0;
    return Text;
}

/* Copies with the null, in the width that is asked for; the length that is given back counts it. */
static LONG
RtlpReturnAddress(const CHAR *Text, PVOID Target, BOOLEAN Wide, PULONG Length)
{
    ULONG Needed = (ULONG)strlen(Text) + 1, Room = *Length;

    *Length = Needed;
    if (Target == NULL || Room < Needed) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Wide) {
        RtlpWiden(Text, Target);
    } else {
        RtlCopyMemory(Target, Text, Needed);
    }
    return STATUS_SUCCESS;
}

static LONG
RtlpIpv4ToStringEx(const VOID *Address, USHORT Port, PVOID String, BOOLEAN Wide, PULONG Length)
{
    CHAR Text[32];
    PSTR End;

    if (Address == NULL || Length == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    End = RtlpWriteIpv4(Address, Text);
    if (Port != 0) { /* in network order */
        *End++ = ':';
        RtlpWriteDecimal((USHORT)(Port << 8 | Port >> 8), End);
    }
    return RtlpReturnAddress(Text, String, Wide, Length);
}

static LONG
RtlpIpv6ToStringEx(const VOID *Address, ULONG ScopeId, USHORT Port, PVOID String, BOOLEAN Wide,
                   PULONG Length)
{
    CHAR Text[80];
    PSTR End = Text;

    if (Address == NULL || Length == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Port != 0) {
        *End++ = '[';
    }
    End = RtlpWriteIpv6(Address, End);
    if (ScopeId != 0) {
        *End++ = '%';
        End = RtlpWriteDecimal(ScopeId, End);
    }
    if (Port != 0) {
        *End++ = ']';
        *End++ = ':';
        RtlpWriteDecimal((USHORT)(Port << 8 | Port >> 8), End);
    }
    return RtlpReturnAddress(Text, String, Wide, Length);
}

LONG NTAPI
RtlIpv4AddressToStringExA(const VOID *Address, USHORT Port, PSTR AddressString,
                          PULONG AddressStringLength)
{
    return RtlpIpv4ToStringEx(Address, Port, AddressString, FALSE, AddressStringLength);
}

LONG NTAPI
RtlIpv4AddressToStringExW(const VOID *Address, USHORT Port, PWSTR AddressString,
                          PULONG AddressStringLength)
{
    return RtlpIpv4ToStringEx(Address, Port, AddressString, TRUE, AddressStringLength);
}

LONG NTAPI
RtlIpv6AddressToStringExA(const VOID *Address, ULONG ScopeId, USHORT Port, PSTR AddressString,
                          PULONG AddressStringLength)
{
    return RtlpIpv6ToStringEx(Address, ScopeId, Port, AddressString, FALSE, AddressStringLength);
}

LONG NTAPI
RtlIpv6AddressToStringExW(const VOID *Address, ULONG ScopeId, USHORT Port, PWSTR AddressString,
                          PULONG AddressStringLength)
{
    return RtlpIpv6ToStringEx(Address, ScopeId, Port, AddressString, TRUE, AddressStringLength);
}
