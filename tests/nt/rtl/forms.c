/*
 * forms.c - addresses and characters in all their forms: IP addresses written and read again by other means, UTF-8 of bytes at the bounds of what is well-formed.
 * [ip2string: RtlIpv4StringToAddress, RtlIpv4AddressToStringEx, RtlIpv6StringToAddress, RtlIpv6AddressToStringEx], [RFC 4291 2.2], [RFC 5952],
 * [DDI:ntifs/rtlutf8tounicoden], [DDI:ntifs/rtlunicodetoutf8n], [Unicode, table 3-7 and "U+FFFD Substitution of Maximal Subparts"]
 */
#include "../ntlab-test.h"
#include <stdio.h>

NTSYSAPI NTSTATUS NTAPI RtlIpv4StringToAddressA(PCSTR, BOOLEAN, PCSTR *, PVOID);
NTSYSAPI NTSTATUS NTAPI RtlIpv4StringToAddressW(PCWSTR, BOOLEAN, PCWSTR *, PVOID);
NTSYSAPI NTSTATUS NTAPI RtlIpv6StringToAddressA(PCSTR, PCSTR *, PVOID);
NTSYSAPI NTSTATUS NTAPI RtlIpv6StringToAddressW(PCWSTR, PCWSTR *, PVOID);
NTSYSAPI PSTR NTAPI RtlIpv4AddressToStringA(const VOID *, PSTR);
NTSYSAPI PWSTR NTAPI RtlIpv4AddressToStringW(const VOID *, PWSTR);
NTSYSAPI PSTR NTAPI RtlIpv6AddressToStringA(const VOID *, PSTR);
NTSYSAPI PWSTR NTAPI RtlIpv6AddressToStringW(const VOID *, PWSTR);
NTSYSAPI LONG NTAPI RtlIpv4AddressToStringExA(const VOID *, USHORT, PSTR, PULONG);
NTSYSAPI LONG NTAPI RtlIpv4AddressToStringExW(const VOID *, USHORT, PWSTR, PULONG);
NTSYSAPI LONG NTAPI RtlIpv6AddressToStringExA(const VOID *, ULONG, USHORT, PSTR, PULONG);
NTSYSAPI LONG NTAPI RtlIpv6AddressToStringExW(const VOID *, ULONG, USHORT, PWSTR, PULONG);

static ULONG Seed = 101;
static int Wrong;

static ULONG
Random(ULONG Below)
{
    Seed = Seed * 1664525 + 1013904223;
    return (Seed >> 8) % Below;
}

static VOID
Widen(const CHAR *Text, PWCHAR Wide)
{
    do {
        *Wide++ = (UCHAR)*Text;
    } while (*Text++ != 0);
}

/* ---- IPv4 ---- */

/* Parts of which each may be too large for its place, in each base; the last one fills what is left. */
static VOID
Ipv4(VOID)
{
    static const ULONG64 Bounds[] = {0,         1,          7,           8,           9,
                                     255,       256,        65535,       65536,       0xFFFFFF,
                                     0x1000000, 0xFFFFFFFF, 0x100000000, 0x1000000000};
    static const char *const Ends[] = {"", ":80", " ", "g", ".", "x"};

    Wrong = 0;
    for (ULONG i = 0; i < 8000; i++) {
        ULONG Parts = 1 + Random(4), End = Random(RTL_NUMBER_OF(Ends)), Length = 0;
        UCHAR Expected[4] = {0}, Narrow[4], WideRead[4];
        BOOLEAN Strict = Random(2), Good = !Strict || Parts == 4;
        ULONG64 Value = 0;
        CHAR Text[128];
        WCHAR Wide[128];
        PCSTR After;
        PCWSTR WideAfter;
        NTSTATUS Status, WideStatus;

        for (ULONG k = 0; k < Parts; k++) {
            ULONG Base = Random(4) == 0 ? (Random(2) ? 8 : 16) : 10,
                  Bytes = k + 1 < Parts ? 1 : 5 - Parts;
            ULONG64 Part = Random(3) == 0  ? Bounds[Random(RTL_NUMBER_OF(Bounds))]
                           : k + 1 < Parts ? Random(256)
                                           : Random(1 << (8 * min(Bytes, 3)));

            Base = Base == 8 && Part == 0 ? 10 : Base;
            Length += (ULONG)_snprintf(Text + Length, 40,
                                       Base == 10  ? "%I64u"
                                       : Base == 8 ? "0%I64o"
                                       : Random(2) ? "0x%I64x"
                                                   : "0X%I64X",
                                       Part);
            Good &= (!Strict || Base == 10) && Part < 1ull << (8 * Bytes);
            Value = Value << (8 * Bytes) | Part;
            if (k + 1 < Parts) {
                Text[Length++] = '.';
            }
        }
        strcpy(Text + Length, Ends[End]);
        if (Ends[End][0] == '.' && Parts < 4) {
            Good = FALSE; /* a part that is empty */
        }
        for (ULONG k = 0; k < 4; k++) {
            Expected[k] = (UCHAR)(Value >> (24 - 8 * k));
        }
        if (Parts == 1 && Text[0] == '0' && End == 5) {
            continue; /* 0x: the end is part of it */
        }
        if (End == 5 && (strcmp(Text + Length - 1, "0x") == 0)) {
            continue;
        }
        Widen(Text, Wide);
        Status = RtlIpv4StringToAddressA(Text, Strict, &After, Narrow);
        WideStatus = RtlIpv4StringToAddressW(Wide, Strict, &WideAfter, WideRead);
        Wrong += Status != (Good ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER) ||
                 WideStatus != Status || WideAfter - Wide != After - Text;
        if (Good) {
            Wrong += !RtlEqualMemory(Narrow, Expected, 4) ||
                     !RtlEqualMemory(WideRead, Expected, 4) || After != Text + Length;
        }
    }
    EXPECT_EQ(Wrong, 0);
}

static VOID
Ipv4Written(VOID)
{
    Wrong = 0;
    for (ULONG i = 0; i < 300; i++) {
        UCHAR Address[4] = {(UCHAR)Random(256), (UCHAR)Random(12), (UCHAR)Random(120),
                            (UCHAR)Random(256)};
        USHORT Port = (USHORT)(Random(3) == 0 ? 0 : Random(65536));
        CHAR Expected[32], Text[32];
        WCHAR Wide[32], WideExpected[32];
        ULONG Bytes, Room = Random(30), Length = Room;

        Bytes = (ULONG)_snprintf(Expected, sizeof(Expected), "%u.%u.%u.%u", Address[0], Address[1],
                                 Address[2], Address[3]);
        Wrong +=
            RtlIpv4AddressToStringA(Address, Text) != Text + Bytes || strcmp(Text, Expected) != 0;
        Widen(Expected, WideExpected);
        Wrong += RtlIpv4AddressToStringW(Address, Wide) != Wide + Bytes ||
                 wcscmp(Wide, WideExpected) != 0;
        if (Port != 0) {
            Bytes += (ULONG)_snprintf(Expected + Bytes, 10, ":%u", (USHORT)(Port << 8 | Port >> 8));
        }
        Widen(Expected, WideExpected);
        Bytes++;
        memset(Text, 0x55, sizeof(Text));
        memset(Wide, 0x55, sizeof(Wide));
        Wrong += RtlIpv4AddressToStringExA(Address, Port, Text, &Length) !=
                     (Room < Bytes ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS) ||
                 Length != Bytes;
        Wrong +=
            Room < Bytes ? Text[0] != 0x55 : strcmp(Text, Expected) != 0 || Text[Bytes] != 0x55;
        Length = Room;
        Wrong += RtlIpv4AddressToStringExW(Address, Port, Wide, &Length) !=
                     (Room < Bytes ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS) ||
                 Length != Bytes;
        Wrong += Room < Bytes ? Wide[0] != 0x5555
                              : wcscmp(Wide, WideExpected) != 0 || Wide[Bytes] != 0x5555;
        Wrong += RtlIpv4AddressToStringExA(NULL, Port, Text, &Length) != STATUS_INVALID_PARAMETER;
        Wrong += RtlIpv4AddressToStringExA(Address, Port, Text, NULL) != STATUS_INVALID_PARAMETER;
        Length = 30;
        Wrong +=
            RtlIpv4AddressToStringExA(Address, Port, NULL, &Length) != STATUS_INVALID_PARAMETER ||
            Length != Bytes;
    }
    EXPECT_EQ(Wrong, 0);
}

/* ---- IPv6 ---- */

static ULONG
GroupsText(const USHORT *Group, ULONG From, ULONG To, PCHAR Text, BOOLEAN Padded)
{
    ULONG Length = 0;

    for (ULONG i = From; i < To; i++) {
        Length += (ULONG)_snprintf(Text + Length, 8, Padded ? "%s%04X" : "%s%x",
                                   i == From ? "" : ":", Group[i]);
    }
    Text[Length] = 0;
    return Length;
}

static VOID
Text6(const USHORT *Group, PCHAR Text)
{
    static const USHORT Zero[8];
    ULONG Count = 8, Length = 0, Run = 0, At = 0;

    /* [RFC 4291] ::a.b.c.d, ::ffff:a.b.c.d; [RFC 5214] ISATAP: 0:5efe or 200:5efe before it */
    if (RtlEqualMemory(Group, Zero, 10) && (Group[5] == 0 || Group[5] == 0xFFFF) && Group[6] != 0) {
        Count = 6;
    }
    if ((Group[4] == 0 || Group[4] == 0x200) && Group[5] == 0x5EFE) {
        Count = 6;
    }
    for (ULONG Size = Count; Size >= 2 && Run == 0; Size--) {
        for (ULONG i = 0; i + Size <= Count && Run == 0; i++) {
            if (RtlEqualMemory(Group + i, Zero, Size * 2)) {
                Run = Size;
                At = i;
            }
        }
    }
    if (Run == 0) {
        Length = GroupsText(Group, 0, Count, Text, FALSE);
    } else {
        Length = GroupsText(Group, 0, At, Text, FALSE);
        Text[Length++] = ':';
        Text[Length++] = ':';
        Length += GroupsText(Group, At + Run, Count, Text + Length, FALSE);
    }
    if (Count == 6) {
        _snprintf(Text + Length, 20, "%s%u.%u.%u.%u", Text[Length - 1] == ':' ? "" : ":",
                  Group[6] >> 8, Group[6] & 255, Group[7] >> 8, Group[7] & 255);
    }
}

static VOID
DrawGroups(USHORT *Group, PUCHAR Address)
{
    for (ULONG i = 0; i < 8; i++) {
        ULONG Draw = Random(7);

        Group[i] = (USHORT)(Draw < 4    ? 0
                            : Draw == 4 ? Random(0x10000)
                            : Draw == 5 ? Random(0x100)
                                        : (0x5EFE - (i == 5 ? 0 : Random(3))));
        if (Draw == 5 && Random(3) == 0) {
            Group[i] = i == 4 ? 0x200 : 0xFFFF;
        }
        Address[2 * i] = (UCHAR)(Group[i] >> 8);
        Address[2 * i + 1] = (UCHAR)Group[i];
    }
}

static BOOLEAN
Reads(const CHAR *Text, const UCHAR *Expected, ULONG Length)
{
    UCHAR Narrow[16], Wide[16];
    WCHAR WideText[100];
    PCSTR After;
    PCWSTR WideAfter;

    Widen(Text, WideText);
    memset(Narrow, 0xCC, 16);
    return RtlIpv6StringToAddressA(Text, &After, Narrow) == STATUS_SUCCESS &&
           RtlIpv6StringToAddressW(WideText, &WideAfter, Wide) == STATUS_SUCCESS &&
           RtlEqualMemory(Narrow, Expected, 16) && RtlEqualMemory(Wide, Expected, 16) &&
           After == Text + Length && WideAfter == WideText + Length;
}

static VOID
Ipv6(VOID)
{
    Wrong = 0;
    for (ULONG i = 0; i < 3000; i++) {
        ULONG Length, Needed, Room = Random(75), Scope = Random(2) ? 0 : Random(1 << 24), At, Run;
        USHORT Group[8], Port = (USHORT)(Random(2) ? 0 : Random(65536));
        UCHAR Address[16];
        CHAR Expected[80], Text[80], Other[80];
        WCHAR Wide[80], WideExpected[80];

        DrawGroups(Group, Address);
        Text6(Group, Expected);
        Length = (ULONG)strlen(Expected);
        Widen(Expected, WideExpected);
        Wrong +=
            RtlIpv6AddressToStringA(Address, Text) != Text + Length || strcmp(Text, Expected) != 0;
        Wrong += RtlIpv6AddressToStringW(Address, Wide) != Wide + Length ||
                 wcscmp(Wide, WideExpected) != 0;
        Wrong += !Reads(Expected, Address, Length);
        strcpy(Text + Length, Random(2) ? "%3" : "]:80"); /* what is behind it is not its */
        Wrong += !Reads(Text, Address, Length);
        Length = GroupsText(Group, 0, 8, Other, TRUE); /* nothing left out, in capitals */
        Wrong += !Reads(Other, Address, Length);
        Length = GroupsText(Group, 0, 6, Other, FALSE);
        Length += (ULONG)_snprintf(Other + Length, 20, ":%u.%u.%u.%u", Address[12], Address[13],
                                   Address[14], Address[15]);
        Wrong += !Reads(Other, Address, Length);
        for (At = 0; At < 8 && Group[At] != 0;
             At++) { /* a run of zeros that is not the longest, or a part of one */
        }
        for (Run = 0; At + Run < 8 && Group[At + Run] == 0 && Run < 1 + Random(4); Run++) {
        }
        if (Run != 0) {
            Length = GroupsText(Group, 0, At, Other, FALSE);
            Other[Length++] = ':';
            Other[Length++] = ':';
            Length += GroupsText(Group, At + Run, 8, Other + Length, FALSE);
            Wrong += !Reads(Other, Address, Length);
        }
        _snprintf(Other, sizeof(Other), Port != 0 ? "[%s" : "%s", Expected);
        if (Scope != 0) {
            _snprintf(Other + strlen(Other), 12, "%%%u", Scope);
        }
        if (Port != 0) {
            _snprintf(Other + strlen(Other), 10, "]:%u", (USHORT)(Port << 8 | Port >> 8));
        }
        Needed = (ULONG)strlen(Other) + 1;
        Widen(Other, WideExpected);
        Length = Room;
        memset(Text, 0x55, sizeof(Text));
        memset(Wide, 0x55, sizeof(Wide));
        Wrong += RtlIpv6AddressToStringExA(Address, Scope, Port, Text, &Length) !=
                     (Room < Needed ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS) ||
                 Length != Needed;
        Wrong += Room < Needed ? Text[0] != 0x55 : strcmp(Text, Other) != 0 || Text[Needed] != 0x55;
        Length = Room;
        Wrong += RtlIpv6AddressToStringExW(Address, Scope, Port, Wide, &Length) !=
                     (Room < Needed ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS) ||
                 Length != Needed;
        Wrong += Room < Needed ? Wide[0] != 0x5555
                               : wcscmp(Wide, WideExpected) != 0 || Wide[Needed] != 0x5555;
        Wrong +=
            RtlIpv6AddressToStringExA(NULL, 0, Port, Text, &Length) != STATUS_INVALID_PARAMETER;
        Wrong +=
            RtlIpv6AddressToStringExA(Address, 0, Port, Text, NULL) != STATUS_INVALID_PARAMETER;
    }
    EXPECT_EQ(Wrong, 0);
}

/* What is no address, or one and something behind it. */
static VOID
NoAddresses(VOID)
{
    static const struct {
        const char *Text;
        LONG Length; /* -1: none */
    } Rows[] = {
        {"", -1},
        {":", -1},
        {":1", -1},
        {"::", 2},
        {":::", 2},
        {"1", -1},
        {"1:", -1},
        {"1::", 3},
        {"1::2::3", 4},
        {"1:2:3:4:5:6:7", -1},
        {"1:2:3:4:5:6:7:8", 15},
        {"1:2:3:4:5:6:7:8:9", 15},
        {"1:2:3:4:5:6:7::", 15},
        {"::2:3:4:5:6:7:8", 15},
        {"1:2:3:4:5:6:7:8::", 15},
        {"12345::", -1},
        {"1:2:g", -1},
        {"::g", 2},
        {"::1.2.3.4", 9},
        {"::1.2.3", -1},
        {"::1.2.3.256", -1},
        {"::01.2.3.4", -1},
        {"1:2:3:4:5:6:1.2.3.4", 19},
        {"1:2:3:4:5:6:7:1.2.3.4", 15},
        {"1:2:3:4:5:1.2.3.4", -1},
        {"::ffff:1.2.3.4:5", 14},
        {"1:2:3:4:5:6:7:8.", 15},
    };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Rows); i++) {
        UCHAR Address[16];
        WCHAR Wide[40];
        PCSTR After = NULL;
        PCWSTR WideAfter = NULL;
        NTSTATUS Status = RtlIpv6StringToAddressA(Rows[i].Text, &After, Address);

        Widen(Rows[i].Text, Wide);
        EXPECT_EQ(Status, Rows[i].Length < 0 ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS);
        EXPECT_EQ(RtlIpv6StringToAddressW(Wide, &WideAfter, Address), Status);
        EXPECT_EQ(WideAfter - Wide, After - Rows[i].Text);
        if (Rows[i].Length >= 0) {
            EXPECT_EQ(After - Rows[i].Text, Rows[i].Length);
        }
    }
}

/* ---- UTF-8 ---- */

/* Table 3-7: which bytes may follow which. */
static const struct {
    UCHAR From, To, Low, High, Length;
} WellFormed[] = {
    {0x00, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

static ULONG
Decode(const UCHAR *Bytes, ULONG Left, PULONG Code)
{
    *Code = MAXULONG;
    for (ULONG i = 0; i < RTL_NUMBER_OF(WellFormed); i++) {
        ULONG Value = Bytes[0] &
                      (WellFormed[i].Length == 1 ? 0x7F : 0xFF >> (WellFormed[i].Length + 1)),
              k;

        if (Bytes[0] < WellFormed[i].From || Bytes[0] > WellFormed[i].To) {
            continue;
        }
        for (k = 1; k < WellFormed[i].Length; k++) {
            if (k >= Left || Bytes[k] < (k == 1 ? WellFormed[i].Low : 0x80) ||
                Bytes[k] > (k == 1 ? WellFormed[i].High : 0xBF)) {
                return k;
            }
            Value = Value * 64 + Bytes[k] % 64;
        }
        *Code = Value;
        return k;
    }
    return 1;
}

static VOID
Utf8ToUnicode(VOID)
{
    static const UCHAR Bounds[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                   0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
                                   0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};

    Wrong = 0;
    for (ULONG i = 0; i < 20000; i++) {
        ULONG Length = 1 + Random(6), Units = 0, Room, Given, Fits = 0;
        NTSTATUS Whole = STATUS_SUCCESS, Expected, Status;
        UCHAR Bytes[8];
        WCHAR Text[16], Read[16];

        for (ULONG k = 0; k < Length; k++) {
            Bytes[k] = Random(8) == 0 ? (UCHAR)Random(256) : Bounds[Random(RTL_NUMBER_OF(Bounds))];
            if (k != 0 && Random(2)) {
                Bytes[k] = (UCHAR)(0x80 + Random(64));
            }
        }
        Room = Random(Length + 2);
        Expected = STATUS_SUCCESS;
        for (ULONG At = 0, Code; At < Length;) {
            ULONG Before = Units;

            At += Decode(Bytes + At, Length - At, &Code);
            if (Code == MAXULONG) {
                Whole = STATUS_SOME_NOT_MAPPED;
                Expected = Expected == STATUS_BUFFER_TOO_SMALL ? Expected : Whole;
                Code = 0xFFFD;
            }
            if (Code < 0x10000) {
                Text[Units++] = (WCHAR)Code;
            } else {
                Text[Units++] = (WCHAR)(0xD7C0 + Code / 0x400);
                Text[Units++] = (WCHAR)(0xDC00 + Code % 0x400);
            }
            if (Expected != STATUS_BUFFER_TOO_SMALL) {
                Fits = Units <= Room ? Units : Before;
                Expected = Units <= Room ? Expected : STATUS_BUFFER_TOO_SMALL;
            }
        }
        Given = 77;
        Wrong +=
            RtlUTF8ToUnicodeN(NULL, 0, &Given, (PCCH)Bytes, Length) != Whole || Given != Units * 2;
        memset(Read, 0xCC, sizeof(Read));
        Given = 77;
        Status = RtlUTF8ToUnicodeN(Read, Room * 2 + Random(2), &Given, (PCCH)Bytes, Length);
        Wrong += Status != Expected || Given != Fits * 2 || !RtlEqualMemory(Read, Text, Fits * 2) ||
                 Read[Fits] != 0xCCCC;
    }
    EXPECT_EQ(Wrong, 0);
}

static VOID
UnicodeToUtf8(VOID)
{
    static const WCHAR Bounds[] = {0,      0x41,   0x7F,   0x80,   0x7FF,  0x800,  0xFFF,  0x1000,
                                   0xD7FF, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xE000, 0xFFFD, 0xFFFF};

    Wrong = 0;
    for (ULONG i = 0; i < 20000; i++) {
        ULONG Length = 1 + Random(5), Count = 0, Room = Random(14), Given = 77, Fits = 0;
        NTSTATUS Whole = STATUS_SUCCESS, Expected = STATUS_SUCCESS, Status;
        WCHAR Text[8];
        UCHAR Bytes[32], Read[32];

        for (ULONG k = 0; k < Length; k++) {
            Text[k] =
                Random(4) == 0 ? (WCHAR)Random(0x10000) : Bounds[Random(RTL_NUMBER_OF(Bounds))];
            if (k != 0 && (Text[k - 1] & 0xFC00) == 0xD800 && Random(2)) {
                Text[k] = (WCHAR)(0xDC00 + Random(0x400));
            }
        }
        for (ULONG At = 0; At < Length;) {
            ULONG Code = Text[At++], Before = Count;

            if ((Code & 0xF800) == 0xD800) {
                if (Code < 0xDC00 && At < Length && (Text[At] & 0xFC00) == 0xDC00) {
                    Code = 0x10000 + (Code - 0xD800) * 0x400 + (Text[At++] - 0xDC00);
                } else {
                    Code = 0xFFFD;
                    Whole = STATUS_SOME_NOT_MAPPED;
                    Expected = Expected == STATUS_BUFFER_TOO_SMALL ? Expected : Whole;
                }
            }
            if (Code < 0x80) {
                Bytes[Count++] = (UCHAR)Code;
            } else if (Code < 0x800) {
                Bytes[Count++] = (UCHAR)(0xC0 + Code / 64);
                Bytes[Count++] = (UCHAR)(0x80 + Code % 64);
            } else if (Code < 0x10000) {
                Bytes[Count++] = (UCHAR)(0xE0 + Code / 4096);
                Bytes[Count++] = (UCHAR)(0x80 + Code / 64 % 64);
                Bytes[Count++] = (UCHAR)(0x80 + Code % 64);
            } else {
                Bytes[Count++] = (UCHAR)(0xF0 + Code / 262144);
                Bytes[Count++] = (UCHAR)(0x80 + Code / 4096 % 64);
                Bytes[Count++] = (UCHAR)(0x80 + Code / 64 % 64);
                Bytes[Count++] = (UCHAR)(0x80 + Code % 64);
            }
            if (Expected != STATUS_BUFFER_TOO_SMALL) {
                Fits = Count <= Room ? Count : Before;
                Expected = Count <= Room ? Expected : STATUS_BUFFER_TOO_SMALL;
            }
        }
        Wrong += RtlUnicodeToUTF8N(NULL, 0, &Given, Text, Length * 2) != Whole || Given != Count;
        memset(Read, 0xCC, sizeof(Read));
        Given = 77;
        Status = RtlUnicodeToUTF8N((PCHAR)Read, Room, &Given, Text, Length * 2);
        Wrong += Status != Expected || Given != Fits || !RtlEqualMemory(Read, Bytes, Fits) ||
                 Read[Fits] != 0xCC;
    }
    EXPECT_EQ(Wrong, 0);
}

TEST_DRIVER(TEST(Ipv4), TEST(Ipv4Written), TEST(Ipv6), TEST(NoAddresses), TEST(Utf8ToUnicode),
            TEST(UnicodeToUtf8))
