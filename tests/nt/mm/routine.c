/*
 * routine.c - MmGetSystemRoutineAddress knows what this version of Windows has, no more: it is how a driver that loads
 * everywhere uses what only some versions bring. [DDI:wdm/mmgetsystemroutineaddress]: "If the specified routine is not
 * available on the current system, this routine returns NULL."; first versions from each routine's own page.
 */
#include "../ntlab-test.h"

typedef struct ROUTINE {
    PCWSTR Name;
    ULONG Major, Minor; /* of the version that brought it */
} ROUTINE;

static const ROUTINE Routines[] = {
    {L"KeSetEvent", 5, 0},
    {L"KeAreApcsDisabled", 5, 1},           /* [DDI:wdm/keareapcsdisabled] XP */
    {L"KeAreAllApcsDisabled", 5, 2},        /* [DDI:wdm/keareallapcsdisabled] Server 2003 */
    {L"KeEnterGuardedRegion", 5, 2},        /* [DDI:ntddk/keenterguardedregion] Server 2003 */
    {L"KeAcquireGuardedMutex", 5, 2},       /* [DDI:wdm/keacquireguardedmutex] Server 2003 */
    {L"EtwRegister", 6, 0},                 /* [DDI:wdm/etwregister] Vista */
    {L"ExSetResourceOwnerPointerEx", 6, 1}, /* [DDI:ntifs/exsetresourceownerpointerex] 7 */
    {L"ExAllocateTimer", 6, 3},             /* [DDI:wdm/exallocatetimer] 8.1 */
    {L"ExAllocatePool2", 10, 0},            /* [DDI:wdm/exallocatepool2] 10, 2004 */
};

static VOID
KnownSinceTheirVersion(VOID)
{
    RTL_OSVERSIONINFOW Version = {.dwOSVersionInfoSize = sizeof(Version)};

    EXPECT_STATUS(RtlGetVersion(&Version), STATUS_SUCCESS);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Routines); i++) {
        const ROUTINE *Routine = &Routines[i];
        BOOLEAN Here =
            Version.dwMajorVersion > Routine->Major ||
            (Version.dwMajorVersion == Routine->Major && Version.dwMinorVersion >= Routine->Minor);
        UNICODE_STRING Name;

        RtlInitUnicodeString(&Name, Routine->Name);
        EXPECT_EQ(MmGetSystemRoutineAddress(&Name) != NULL, Here);
    }
}

TEST_DRIVER(TEST(KnownSinceTheirVersion))
