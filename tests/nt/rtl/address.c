/*
 * address.c - IP addresses as text; the version of the system; numbers that look random.
 *
 * Sources: [DDI] the routine's page in ip2string.h, wdm.h, ntifs.h; [RFC] 4291 2.2, 5952.
 */
#include "../ntlab-test.h"

#undef RtlIsNtDdiVersionAvailable
NTSYSAPI BOOLEAN NTAPI RtlIsNtDdiVersionAvailable(ULONG Version);
NTSYSAPI NTSTATUS NTAPI RtlIpv4StringToAddressW(PCWSTR S, BOOLEAN Strict, PCWSTR *Terminator,
                                                PVOID Addr);
NTSYSAPI NTSTATUS NTAPI RtlIpv6StringToAddressA(PCSTR S, PCSTR *Terminator, PVOID Addr);
NTSYSAPI PSTR NTAPI RtlIpv6AddressToStringA(const VOID *Addr, PSTR S);
NTSYSAPI PWSTR NTAPI RtlIpv4AddressToStringW(const VOID *Addr, PWSTR S);

NTSYSAPI LONG NTAPI RtlIpv4AddressToStringExA(const VOID *Address, USHORT Port, PSTR AddressString,
                                              PULONG AddressStringLength);
NTSYSAPI LONG NTAPI RtlIpv6AddressToStringExW(const VOID *Address, ULONG ScopeId, USHORT Port,
                                              PWSTR AddressString, PULONG AddressStringLength);

/* Reads Text as IPv4; 0xFFFFFFFF if that fails, else the address as a number. */
static ULONG
Read4(PCWSTR Text, BOOLEAN Strict)
{
    UCHAR Address[4];
    PCWSTR End;

    if (RtlIpv4StringToAddressW(Text, Strict, &End, Address) != STATUS_SUCCESS) {
        return 0xFFFFFFFF;
    }
    return (ULONG)Address[0] << 24 | Address[1] << 16 | Address[2] << 8 | Address[3];
}

static VOID
Ipv4(VOID)
{
    static const UCHAR Address[4] = {192, 168, 0, 1};
    WCHAR Text[16];
    PCWSTR End;
    UCHAR Read[4];

    EXPECT_EQ(Read4(L"192.168.0.1", TRUE), 0xC0A80001);
    /* [DDI:RtlIpv4StringToAddress] not strict: fewer parts, octal and hexadecimal ones. */
    EXPECT_EQ(Read4(L"10.1", FALSE), 0x0A000001);
    EXPECT_EQ(Read4(L"0x7f.1", FALSE), 0x7F000001);
    EXPECT_EQ(Read4(L"0300.0250.1", FALSE), 0xC0A80001);
    /* The last part fills what is left, and fits in it; the others are bytes. */
    EXPECT_EQ(Read4(L"1.65534", FALSE), 0x0100FFFE);
    EXPECT_EQ(Read4(L"1.16777215", FALSE), 0x01FFFFFF);
    EXPECT_EQ(Read4(L"1.16777216", FALSE), 0xFFFFFFFF);
    EXPECT_EQ(Read4(L"1.2.65534", FALSE), 0x0102FFFE);
    EXPECT_EQ(Read4(L"1.2.65536", FALSE), 0xFFFFFFFF);
    EXPECT_EQ(Read4(L"16909060", FALSE), 0x01020304);
    EXPECT_EQ(Read4(L"4294967296", FALSE), 0xFFFFFFFF);
    EXPECT_EQ(Read4(L"1.2.3.255", FALSE), 0x010203FF);
    EXPECT_EQ(Read4(L"1.2.3.256", FALSE), 0xFFFFFFFF);
    EXPECT_EQ(Read4(L"256.1", FALSE), 0xFFFFFFFF);
    EXPECT_EQ(Read4(L"1.256.1", FALSE), 0xFFFFFFFF);
    EXPECT_EQ(Read4(L"1.", FALSE), 0xFFFFFFFF);
    EXPECT_EQ(Read4(L"1.2.3", TRUE), 0xFFFFFFFF);
    EXPECT_EQ(Read4(L"10.1", TRUE), 0xFFFFFFFF);
    EXPECT_EQ(Read4(L"1.2.3.256", TRUE), 0xFFFFFFFF);
    EXPECT_EQ(Read4(L"x", FALSE), 0xFFFFFFFF);
    /* [DDI] "Terminator ... the character that terminated the converted string". */
    EXPECT_STATUS(RtlIpv4StringToAddressW(L"1.2.3.4:80", TRUE, &End, Read), STATUS_SUCCESS);
    EXPECT_EQ(*End, ':');
    EXPECT(RtlIpv4AddressToStringW(Address, Text) == Text + 11 &&
           wcscmp(Text, L"192.168.0.1") == 0);
}

/* Reads Text as IPv6 and writes it again. */
static BOOLEAN
Becomes(PCSTR Text, PCSTR Wanted)
{
    UCHAR Address[16];
    CHAR Back[46];
    PCSTR End;

    if (RtlIpv6StringToAddressA(Text, &End, Address) != STATUS_SUCCESS || *End != 0) {
        return Wanted == NULL;
    }
    RtlIpv6AddressToStringA(Address, Back);
    return Wanted != NULL && strcmp(Back, Wanted) == 0;
}

static VOID
Ipv6(VOID)
{
    EXPECT(Becomes("2001:db8:0:0:1:0:0:1",
                   "2001:db8::1:0:0:1")); /* [RFC 5952] 4.2.3: the first of the longest */
    EXPECT(Becomes("::1", "::1"));
    EXPECT(Becomes("::", "::"));
    EXPECT(Becomes("fe80::", "fe80::"));
    EXPECT(Becomes("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"));
    EXPECT(Becomes("::ffff:10.0.0.1", "::ffff:10.0.0.1"));
    EXPECT(Becomes("FF02::FB", "ff02::fb"));
    EXPECT(Becomes("1::2::3", NULL));
    EXPECT(Becomes("1:2:3", NULL));
    EXPECT(Becomes("12345::", NULL));
}

static VOID
Version(VOID)
{
    RTL_OSVERSIONINFOEXW Info = {.dwOSVersionInfoSize = sizeof(Info), .wReserved = 9};
    ULONGLONG Mask = VerSetConditionMask(0, VER_MAJORVERSION, VER_GREATER_EQUAL);

    EXPECT_STATUS(RtlGetVersion((PRTL_OSVERSIONINFOW)&Info), STATUS_SUCCESS);
    EXPECT(Info.dwMajorVersion >= 5 && Info.dwPlatformId == 2 && Info.dwBuildNumber != 0);
    EXPECT(Info.wProductType == VER_NT_WORKSTATION && Info.wReserved == 0);
    /*
     * [DDI:RtlVerifyVersionInfo] STATUS_REVISION_MISMATCH if the system does not have what is asked
     * for.
     */
    EXPECT_STATUS(RtlVerifyVersionInfo(&Info, VER_MAJORVERSION, Mask), STATUS_SUCCESS);
    Info.dwMajorVersion++;
    EXPECT_STATUS(RtlVerifyVersionInfo(&Info, VER_MAJORVERSION, Mask), STATUS_REVISION_MISMATCH);
    Info.dwMajorVersion--;
    Info.dwMinorVersion++;
    Mask = VerSetConditionMask(Mask, VER_MINORVERSION, VER_GREATER_EQUAL);
    EXPECT_STATUS(RtlVerifyVersionInfo(&Info, VER_MAJORVERSION | VER_MINORVERSION, Mask),
                  STATUS_REVISION_MISMATCH);
    EXPECT_STATUS(RtlVerifyVersionInfo(&Info, 0, Mask), STATUS_INVALID_PARAMETER);
    EXPECT(RtlIsNtDdiVersionAvailable(0x05000000) && !RtlIsNtDdiVersionAvailable(0x0F000000));
}

/*
 * [DDI:RtlRandom] "a random number that is uniformly distributed in the range [0..MAXLONG-1]", by
 * the seed.
 */
static VOID
Random(VOID)
{
    ULONG Seed = 1, Same = 1, Index, Bad = 0;
    ULONG Tenths[10] = {0};

    for (Index = 0; Index < 10000; Index++) {
        ULONG Value = RtlRandom(&Seed);

        Bad += Value >= 0x7FFFFFFF;
        Tenths[(ULONG64)Value * 10 / 0x7FFFFFFF % 10]++;
        Bad += RtlRandom(&Same) != Value;
    }
    for (Index = 0; Index < 10; Index++) {
        Bad += Tenths[Index] < 850 || Tenths[Index] > 1150;
    }
    EXPECT_EQ(Bad, 0);
}

static VOID
WithPort(VOID)
{
    static const UCHAR Four[4] = {10, 0, 0, 255}, Six[16] = {0xfe, 0x80, [15] = 1};
    WCHAR Wide[65];
    CHAR Text[22];
    ULONG Length;

    /* [DDI:RtlIpv4AddressToStringEx] the port is in network order and left out if it is 0; the length counts the null. */
    Length = sizeof(Text);
    EXPECT_STATUS(RtlIpv4AddressToStringExA(Four, 0x5000, Text, &Length), STATUS_SUCCESS);
    EXPECT(strcmp(Text, "10.0.0.255:80") == 0 && Length == 14);
    EXPECT_STATUS(RtlIpv4AddressToStringExA(Four, 0, Text, &Length), STATUS_SUCCESS);
    EXPECT(strcmp(Text, "10.0.0.255") == 0 && Length == 11);
    /* [DDI] too small: STATUS_INVALID_PARAMETER, and the length that it takes. */
    Length = 10;
    EXPECT_STATUS(RtlIpv4AddressToStringExA(Four, 0, Text, &Length), STATUS_INVALID_PARAMETER);
    EXPECT_EQ(Length, 11);
    /* [DDI:RtlIpv6AddressToStringEx] brackets where there is a port; the scope behind a percent sign. */
    Length = RTL_NUMBER_OF(Wide);
    EXPECT_STATUS(RtlIpv6AddressToStringExW(Six, 3, 0xBB01, Wide, &Length), STATUS_SUCCESS);
    EXPECT(wcscmp(Wide, L"[fe80::1%3]:443") == 0 && Length == 16);
    Length = RTL_NUMBER_OF(Wide);
    EXPECT_STATUS(RtlIpv6AddressToStringExW(Six, 0, 0, Wide, &Length), STATUS_SUCCESS);
    EXPECT(wcscmp(Wide, L"fe80::1") == 0);
}

TEST_DRIVER(TEST(WithPort), TEST(Ipv4), TEST(Ipv6), TEST(Version), TEST(Random))
