/*
 * services-client.c - what a driver's service depends on. [Win32: CreateService: lpDependencies, StartService: "If a service is in a
 * group ...", ControlService: ERROR_DEPENDENT_SERVICES_RUNNING, EnumDependentServices, QueryServiceConfig]
 */
#include "ntlab-client.h"

#define FOLDER "C:\\services-test\\"

static SC_HANDLE Manager;

static SC_HANDLE
Make(const char *Name, const char *Group, const char *Dependencies)
{
    char Path[MAX_PATH];

    sprintf(Path, FOLDER "%s.sys", Name);
    EXPECT(CopyFileA("C:\\Windows\\System32\\drivers\\io-services-imaged.sys", Path, TRUE));
    return CreateServiceA(Manager, Name, Name, SERVICE_ALL_ACCESS, SERVICE_KERNEL_DRIVER,
                          SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, Path, Group, NULL,
                          Dependencies, NULL, NULL);
}

static DWORD
Start(SC_HANDLE Service)
{
    return StartServiceA(Service, 0, NULL) ? 0 : GetLastError();
}

static DWORD
Stop(SC_HANDLE Service)
{
    SERVICE_STATUS State;

    return ControlService(Service, SERVICE_CONTROL_STOP, &State) ? 0 : GetLastError();
}

static DWORD
StateOf(SC_HANDLE Service)
{
    SERVICE_STATUS State = {0};

    QueryServiceStatus(Service, &State);
    return State.dwCurrentState;
}

int
main(void)
{
    union {
        QUERY_SERVICE_CONFIGA Config;
        ENUM_SERVICE_STATUSA List[4];
        char Room[2000];
    } Buffer;
    SC_HANDLE Base, Middle, Top, One, Two, Grouped, Lonely, Circle, Other;
    DWORD Needed, Count;

    CreateDirectoryA("C:\\services-test", NULL);
    Manager = OpenSCManagerA(NULL, NULL, SC_MANAGER_ALL_ACCESS);
    Base = Make("SvcBase", NULL, NULL);
    Middle = Make("SvcMiddle", NULL, "SvcBase\0");
    Top = Make("SvcTop", NULL, "SvcMiddle\0+SvcGroup\0");
    One = Make("SvcOne", "SvcGroup", NULL);
    Two = Make("SvcTwo", "SvcGroup", NULL);
    EXPECT(Base && Middle && Top && One && Two);

    EXPECT(QueryServiceConfigA(Top, &Buffer.Config, sizeof(Buffer), &Needed));
    EXPECT(memcmp(Buffer.Config.lpDependencies, "SvcMiddle\0+SvcGroup\0", 21) == 0);
    EXPECT(QueryServiceConfigA(Base, &Buffer.Config, sizeof(Buffer), &Needed));
    EXPECT(Buffer.Config.lpDependencies[0] == 0);

    /* what it depends on is started first, and what that depends on; of a group every member is tried */
    EXPECT_EQ(Start(Top), 0);
    EXPECT_EQ(StateOf(Base), SERVICE_RUNNING);
    EXPECT_EQ(StateOf(Middle), SERVICE_RUNNING);
    EXPECT_EQ(StateOf(One), SERVICE_RUNNING);
    EXPECT_EQ(StateOf(Two), SERVICE_RUNNING);
    EXPECT_EQ(Start(Top), ERROR_SERVICE_ALREADY_RUNNING);
    EXPECT_EQ(Start(Base), ERROR_SERVICE_ALREADY_RUNNING);

    EXPECT(EnumDependentServicesA(Base, SERVICE_STATE_ALL, Buffer.List, sizeof(Buffer), &Needed,
                                  &Count));
    EXPECT_EQ(Count, 1);
    EXPECT(strcmp(Buffer.List[0].lpServiceName, "SvcMiddle") == 0);
    EXPECT(!EnumDependentServicesA(Base, SERVICE_STATE_ALL, NULL, 0, &Needed, &Count));
    EXPECT_EQ(GetLastError(), ERROR_MORE_DATA);
    EXPECT(Needed >= sizeof(ENUM_SERVICE_STATUSA) && Count == 0);
    EXPECT(EnumDependentServicesA(Base, SERVICE_INACTIVE, Buffer.List, sizeof(Buffer), &Needed,
                                  &Count));
    EXPECT_EQ(Count, 0);

    /* not while a service that depends on it runs */
    EXPECT_EQ(Stop(Base), ERROR_DEPENDENT_SERVICES_RUNNING);
    EXPECT_EQ(StateOf(Base), SERVICE_RUNNING);
    EXPECT_EQ(Stop(Middle), ERROR_DEPENDENT_SERVICES_RUNNING);
    EXPECT_EQ(Stop(Top), 0);
    EXPECT_EQ(Stop(Middle), 0);
    EXPECT_EQ(Stop(Base), 0);
    EXPECT_EQ(Stop(Base), ERROR_SERVICE_NOT_ACTIVE);
    EXPECT_EQ(Stop(One), 0);
    EXPECT_EQ(Stop(Two), 0);

    /* one member of the group that runs is enough */
    EXPECT(DeleteFileA(FOLDER "SvcOne.sys"));
    Grouped = Make("SvcGrouped", NULL, "+SvcGroup\0");
    EXPECT_EQ(Start(Grouped), 0);
    EXPECT_EQ(StateOf(One), SERVICE_STOPPED);
    EXPECT_EQ(StateOf(Two), SERVICE_RUNNING);
    EXPECT_EQ(Stop(Grouped), 0);
    EXPECT_EQ(Stop(Two), 0);
    EXPECT(DeleteFileA(FOLDER "SvcTwo.sys"));
    EXPECT_EQ(Start(Grouped), ERROR_SERVICE_DEPENDENCY_FAIL);

    /* a dependency that is disabled, absent, or the service itself */
    EXPECT(ChangeServiceConfigA(Base, SERVICE_NO_CHANGE, SERVICE_DISABLED, SERVICE_NO_CHANGE, NULL,
                                NULL, NULL, NULL, NULL, NULL, NULL));
    EXPECT_EQ(Start(Middle), ERROR_SERVICE_DEPENDENCY_FAIL);
    EXPECT_EQ(Start(Base), ERROR_SERVICE_DISABLED);
    Lonely = Make("SvcLonely", NULL, "SvcNobody\0");
    EXPECT_EQ(Start(Lonely), ERROR_SERVICE_DEPENDENCY_DELETED);
    EXPECT(ChangeServiceConfigA(Lonely, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE, SERVICE_NO_CHANGE,
                                NULL, NULL, NULL, "\0", NULL, NULL, NULL));
    EXPECT_EQ(Start(Lonely), 0); /* it depends on nothing any more */
    EXPECT_EQ(Stop(Lonely), 0);
    Circle = Make("SvcCircle", NULL, "SvcOther\0");
    Other = Make("SvcOther", NULL, "SvcCircle\0");
    EXPECT_EQ(Start(Circle), ERROR_CIRCULAR_DEPENDENCY);
    EXPECT_EQ(Start(Other), ERROR_CIRCULAR_DEPENDENCY);
    EXPECT_EQ(StateOf(Other), SERVICE_STOPPED);
    return TEST_DONE();
}
