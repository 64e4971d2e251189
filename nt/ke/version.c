/*
 * version.c - the version table: what `--os` selects. See nt/inc/version.h for the columns.
 *
 * nt51 is 32-bit XP's rules on x64, a system that never existed, for teaching.
 * Sources: nt-semantics 1.5, 3.7, 5.2, 6.4 (docs/decisions names the sources of contradictions).
 */
#include "nt/ke/ki.h"

static const KI_VERSION KiVersionTable[] = {
    {.Name = "nt51",
     .MajorVersion = 5,
     .MinorVersion = 1,
     .BuildNumber = 2600,
     .NtddiVersion = 0x05010300,
     .ServicePack = 3,
     .CsdVersion = "Service Pack 3"},
    {.Name = "ws2003",
     .MajorVersion = 5,
     .MinorVersion = 2,
     .BuildNumber = 3790,
     .NtddiVersion = 0x05020200,
     .ServicePack = 2,
     .CsdVersion = "Service Pack 2",
     .SpecialApcDisable = TRUE},
    {.Name = "vista",
     .MajorVersion = 6,
     .MinorVersion = 0,
     .BuildNumber = 6002,
     .NtddiVersion = 0x06000200,
     .ServicePack = 2,
     .CsdVersion = "Service Pack 2",
     .SpecialApcDisable = TRUE,
     .MandatoryIntegrity = TRUE},
    {.Name = "win7",
     .MajorVersion = 6,
     .MinorVersion = 1,
     .BuildNumber = 7601,
     .NtddiVersion = 0x06010000,
     .ServicePack = 1,
     .CsdVersion = "Service Pack 1",
     .SpecialApcDisable = TRUE,
     .MandatoryIntegrity = TRUE},
    {.Name = "win8",
     .MajorVersion = 6,
     .MinorVersion = 3,
     .BuildNumber = 9600,
     .NtddiVersion = 0x06030000,
     .CsdVersion = "",
     .Smep = TRUE,
     .GuardedMutexRaisesIrql = TRUE,
     .SpecialApcDisable = TRUE,
     .DriverLoadUnloadSerialized = TRUE,
     .NonPagedPoolNx = TRUE,
     .SuspendByEvent = TRUE,
     .MandatoryIntegrity = TRUE,
     .DirectNeedsTypecheck = TRUE,
     .LocksKnowOwner = TRUE},
    {.Name = "win10",
     .MajorVersion = 10,
     .MinorVersion = 0,
     .BuildNumber = 19045,
     .NtddiVersion = 0x0A00000B,
     .CsdVersion = "",
     .Smep = TRUE,
     .GuardedMutexRaisesIrql = TRUE,
     .SpecialApcDisable = TRUE,
     .DriverLoadUnloadSerialized = TRUE,
     .NonPagedPoolNx = TRUE,
     .PageFaultCodes = TRUE,
     .ZeroedPool = TRUE,
     .SuspendByEvent = TRUE,
     .MandatoryIntegrity = TRUE,
     .DirectNeedsTypecheck = TRUE,
     .LocksKnowOwner = TRUE},
    {.Name = "win11",
     .MajorVersion = 10,
     .MinorVersion = 0,
     .BuildNumber = 26100,
     .NtddiVersion = 0x0A000010,
     .CsdVersion = "",
     .Smep = TRUE,
     .GuardedMutexRaisesIrql = TRUE,
     .SpecialApcDisable = TRUE,
     .DriverLoadUnloadSerialized = TRUE,
     .NonPagedPoolNx = TRUE,
     .PageFaultCodes = TRUE,
     .ZeroedPool = TRUE,
     .SuspendByEvent = TRUE,
     .MandatoryIntegrity = TRUE,
     .DirectNeedsTypecheck = TRUE,
     .LocksKnowOwner = TRUE},
};

VOID
KiSelectVersion(ULONG Row, ULONG Build)
{
    ASSERT(Row < RTL_NUMBER_OF(KiVersionTable));
    KiVersionRow = KiVersionTable[Row];
    if (Build != 0) {
        KiVersionRow.BuildNumber = Build;
    }
}
