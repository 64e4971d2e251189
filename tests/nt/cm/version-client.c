/*
 * version-client.c - what the registry says of the system, as installers and set-up programs read it.
 * [LEARN:sysinfo/operating-system-version], [LEARN:setupapi/hklm-software-microsoft-windows-nt-currentversion]: CurrentVersion is frozen at
 * 6.3 from Windows 10 on. Argument: the version, build and product that are expected.
 */
#include "../ntlab-client.h"

#define KEY "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"

static const char *
Text(const char *Path, const char *Name)
{
    static char Value[260];
    DWORD Length = sizeof(Value), Type = 0;

    Value[0] = 0;
    EXPECT_EQ(RegGetValueA(HKEY_LOCAL_MACHINE, Path, Name, RRF_RT_REG_SZ, &Type, Value, &Length),
              0);
    EXPECT_EQ(Type, REG_SZ);
    EXPECT_EQ(Length, strlen(Value) + 1);
    return Value;
}

int
main(int argc, char **argv)
{
    EXPECT(argc == 4);
    EXPECT(strcmp(Text(KEY, "CurrentVersion"), argv[1]) == 0);
    EXPECT(strcmp(Text(KEY, "CurrentBuild"), argv[2]) == 0);
    EXPECT(strcmp(Text(KEY, "CurrentBuildNumber"), argv[2]) == 0);
    EXPECT(strcmp(Text(KEY, "SystemRoot"), "C:\\Windows") == 0);
    EXPECT(strcmp(Text(KEY, "ProductName"), argv[3]) == 0);
    EXPECT(strcmp(Text("SOFTWARE\\Microsoft\\Windows\\CurrentVersion", "ProgramFilesDir"),
                  "C:\\Program Files") == 0);
    TEST_DONE();
    return NtlabFailed != 0;
}
