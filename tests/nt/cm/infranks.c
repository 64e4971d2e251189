/*
 * infranks.c - which of many sections counts on which system: infranks.inf. [DT: inf-manufacturer-section, "the TargetOSVersion decoration":
 * the architecture must be this one; of those for versions and builds that are not later than the system's the latest; one without
 * a decoration only where no other fits; combining-platform-extensions-with-operating-system-versions]
 */
#include "../ntlab-test.h"

/* The numbers in the INF, by the version and build from which on they are for. */
static const struct {
    ULONG Major, Minor, Build, Which;
} Table[] = {{6, 0, 0, 1},       {6, 1, 0, 2},      {6, 2, 0, 4},      {6, 3, 0, 5},
             {10, 0, 0, 6},      {10, 0, 16299, 7}, {10, 0, 19045, 8}, {10, 0, 19046, 9},
             {10, 0, 26101, 10}, {10, 1, 0, 11},    {11, 0, 0, 12}};

static VOID
Ranks(VOID)
{
    RTL_OSVERSIONINFOW Version = {.dwOSVersionInfoSize = sizeof(Version)};
    ULONG Best = 0, Which = 99;
    RTL_QUERY_REGISTRY_TABLE Query[2] = {{0}};

    RtlGetVersion(&Version);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Table); i++) {
        if (Table[i].Major < Version.dwMajorVersion ||
            (Table[i].Major == Version.dwMajorVersion &&
             (Table[i].Minor < Version.dwMinorVersion ||
              (Table[i].Minor == Version.dwMinorVersion &&
               Table[i].Build <= Version.dwBuildNumber)))) {
            Best = Table[i].Which;
        }
    }
    Query[0].Flags = RTL_QUERY_REGISTRY_DIRECT;
    Query[0].Name = L"Which";
    Query[0].EntryContext = &Which;
    EXPECT_STATUS(RtlQueryRegistryValues(RTL_REGISTRY_SERVICES, L"cm-infranks", Query, NULL, NULL),
                  STATUS_SUCCESS);
    EXPECT_EQ(Which, Best);
}

TEST_DRIVER(TEST(Ranks))
