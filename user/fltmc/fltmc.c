/*
 * fltmc.c - fltmc.exe: filters loaded, unloaded, attached, detached and listed. [LEARN: fltmc]
 *
 *     fltmc load NAME | unload NAME | filters | volumes | instances [-f NAME | -v VOLUME]
 *     fltmc attach NAME VOLUME [-i INSTANCE] [-a ALTITUDE] | detach NAME VOLUME [INSTANCE]
 */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>
#include <fltUser.h>

/* The filter manager's own errors are in fltlib.dll's message table. */
static int
Report(HRESULT Result, const char *What)
{
    WCHAR Text[300];

    if (!FAILED(Result)) {
        return 0;
    }
    printf("%s failed with error: 0x%08lx\n", What, (unsigned long)Result);
    if (FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_FROM_HMODULE |
                           FORMAT_MESSAGE_IGNORE_INSERTS,
                       GetModuleHandleW(L"fltlib.dll"), (DWORD)Result, 0, Text,
                       sizeof(Text) / sizeof(Text[0]), NULL) != 0) {
        printf("%ls", Text);
    }
    return 1;
}

/* A counted string of a structure. */
static void
Print(const void *Base, USHORT Offset, USHORT Length, int Width)
{
    const WCHAR *Text = (const WCHAR *)((const UCHAR *)Base + Offset);
    int Units = Length / (int)sizeof(WCHAR);

    for (int i = 0; i < Units || i < Width; i++) {
        putchar(i < Units ? (char)Text[i] : ' ');
    }
}

static int
Filters(void)
{
    union {
        FILTER_AGGREGATE_STANDARD_INFORMATION Info;
        UCHAR Bytes[2048];
    } Buffer;
    HANDLE Find;
    DWORD Returned;
    HRESULT Result;

    printf("Filter Name                     Num Instances    Altitude    Frame\n");
    printf("------------------------------  -------------  ------------  -----\n");
    Result = FilterFindFirst(FilterAggregateStandardInformation, &Buffer, sizeof(Buffer), &Returned,
                             &Find);
    if (FAILED(Result)) {
        return Result == HRESULT_FROM_WIN32(ERROR_NO_MORE_ITEMS) ? 0 : Report(Result, "filters");
    }
    do {
        Print(&Buffer, Buffer.Info.Type.MiniFilter.FilterNameBufferOffset,
              Buffer.Info.Type.MiniFilter.FilterNameLength, 30);
        printf("  %7lu        ", (unsigned long)Buffer.Info.Type.MiniFilter.NumberOfInstances);
        Print(&Buffer, Buffer.Info.Type.MiniFilter.FilterAltitudeBufferOffset,
              Buffer.Info.Type.MiniFilter.FilterAltitudeLength, 12);
        printf("  %4lu\n", (unsigned long)Buffer.Info.Type.MiniFilter.FrameID);
    } while (SUCCEEDED(FilterFindNext(Find, FilterAggregateStandardInformation, &Buffer,
                                      sizeof(Buffer), &Returned)));
    FilterFindClose(Find);
    return 0;
}

static int
Volumes(void)
{
    union {
        FILTER_VOLUME_STANDARD_INFORMATION Info;
        UCHAR Bytes[2048];
    } Buffer;
    WCHAR Name[1024], Dos[8];
    HANDLE Find;
    DWORD Returned;
    HRESULT Result;

    printf("Dos Name                        Volume Name\n");
    printf("------------------------------  ------------------------------\n");
    Result = FilterVolumeFindFirst(FilterVolumeStandardInformation, &Buffer, sizeof(Buffer),
                                   &Returned, &Find);
    if (FAILED(Result)) {
        return Result == HRESULT_FROM_WIN32(ERROR_NO_MORE_ITEMS) ? 0 : Report(Result, "volumes");
    }
    do {
        DWORD Units = Buffer.Info.FilterVolumeNameLength / sizeof(WCHAR);

        wmemcpy(Name, Buffer.Info.FilterVolumeName, Units);
        Name[Units] = 0;
        if (FAILED(FilterGetDosName(Name, Dos, 8))) {
            Dos[0] = 0;
        }
        Print(Dos, 0, (USHORT)(wcslen(Dos) * sizeof(WCHAR)), 32);
        Print(Name, 0, (USHORT)(Units * sizeof(WCHAR)), 0);
        printf("\n");
    } while (SUCCEEDED(FilterVolumeFindNext(Find, FilterVolumeStandardInformation, &Buffer,
                                            sizeof(Buffer), &Returned)));
    FilterVolumeFindClose(Find);
    return 0;
}

/* The instances of one filter, or of one volume. */
static int
InstancesOf(PCWSTR Filter, PCWSTR Volume)
{
    union {
        INSTANCE_FULL_INFORMATION Info;
        UCHAR Bytes[4096];
    } Buffer;
    DWORD Returned;
    HRESULT Result;
    HANDLE Find;

    Result = Filter != NULL
                 ? FilterInstanceFindFirst(Filter, InstanceFullInformation, &Buffer, sizeof(Buffer),
                                           &Returned, &Find)
                 : FilterVolumeInstanceFindFirst(Volume, InstanceFullInformation, &Buffer,
                                                 sizeof(Buffer), &Returned, &Find);
    if (FAILED(Result)) {
        return Result == HRESULT_FROM_WIN32(ERROR_NO_MORE_ITEMS) ? 0 : Report(Result, "instances");
    }
    do {
        Print(&Buffer, Buffer.Info.FilterNameBufferOffset, Buffer.Info.FilterNameLength, 22);
        Print(&Buffer, Buffer.Info.VolumeNameBufferOffset, Buffer.Info.VolumeNameLength, 38);
        Print(&Buffer, Buffer.Info.AltitudeBufferOffset, Buffer.Info.AltitudeLength, 14);
        Print(&Buffer, Buffer.Info.InstanceNameBufferOffset, Buffer.Info.InstanceNameLength, 0);
        printf("\n");
        Result = Filter != NULL ? FilterInstanceFindNext(Find, InstanceFullInformation, &Buffer,
                                                         sizeof(Buffer), &Returned)
                                : FilterVolumeInstanceFindNext(Find, InstanceFullInformation,
                                                               &Buffer, sizeof(Buffer), &Returned);
    } while (SUCCEEDED(Result));
    FilterInstanceFindClose(Find);
    return 0;
}

static int
Instances(int Count, WCHAR **Words)
{
    union {
        FILTER_FULL_INFORMATION Info;
        UCHAR Bytes[2048];
    } Buffer;
    WCHAR Name[300];
    HANDLE Find;
    DWORD Returned;

    printf("Filter                Volume Name                           Altitude      Instance "
           "Name\n");
    printf("--------------------  ------------------------------------  ------------  "
           "-------------\n");
    if (Count == 2 && wcscmp(Words[0], L"-f") == 0) {
        return InstancesOf(Words[1], NULL);
    }
    if (Count == 2 && wcscmp(Words[0], L"-v") == 0) {
        return InstancesOf(NULL, Words[1]);
    }
    if (FAILED(FilterFindFirst(FilterFullInformation, &Buffer, sizeof(Buffer), &Returned, &Find))) {
        return 0;
    }
    do {
        DWORD Units = Buffer.Info.FilterNameLength / sizeof(WCHAR);

        wmemcpy(Name, Buffer.Info.FilterNameBuffer, Units);
        Name[Units] = 0;
        InstancesOf(Name, NULL);
    } while (
        SUCCEEDED(FilterFindNext(Find, FilterFullInformation, &Buffer, sizeof(Buffer), &Returned)));
    FilterFindClose(Find);
    return 0;
}

static int
Attach(int Count, WCHAR **Words)
{
    PCWSTR Instance = NULL, Altitude = NULL;
    WCHAR Created[300];
    HRESULT Result;

    for (int i = 2; i + 1 < Count; i += 2) {
        if (wcscmp(Words[i], L"-i") == 0) {
            Instance = Words[i + 1];
        } else if (wcscmp(Words[i], L"-a") == 0) {
            Altitude = Words[i + 1];
        }
    }
    Result = Altitude != NULL
                 ? FilterAttachAtAltitude(Words[0], Words[1], Altitude, Instance, sizeof(Created),
                                          Created)
                 : FilterAttach(Words[0], Words[1], Instance, sizeof(Created), Created);
    if (SUCCEEDED(Result)) {
        printf("ATTACH succeeded.  Instance name: %ls\n", Created);
    }
    return Report(Result, "Attach");
}

/* An administrator has SeLoadDriverPrivilege, disabled. */
static void
EnablePrivilege(void)
{
    TOKEN_PRIVILEGES Privileges = {1, {{{0, 0}, SE_PRIVILEGE_ENABLED}}};
    HANDLE Token;

    if (OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &Token)) {
        LookupPrivilegeValueW(NULL, L"SeLoadDriverPrivilege", &Privileges.Privileges[0].Luid);
        AdjustTokenPrivileges(Token, FALSE, &Privileges, 0, NULL, NULL);
        CloseHandle(Token);
    }
}

int
wmain(int Count, WCHAR **Words)
{
    PCWSTR Verb = Count > 1 ? Words[1] : L"";

    EnablePrivilege();
    if (wcscmp(Verb, L"load") == 0 && Count == 3) {
        return Report(FilterLoad(Words[2]), "Load");
    }
    if (wcscmp(Verb, L"unload") == 0 && Count == 3) {
        return Report(FilterUnload(Words[2]), "Unload");
    }
    if (wcscmp(Verb, L"filters") == 0 || Count == 1) {
        return Filters();
    }
    if (wcscmp(Verb, L"volumes") == 0) {
        return Volumes();
    }
    if (wcscmp(Verb, L"instances") == 0) {
        return Instances(Count - 2, Words + 2);
    }
    if (wcscmp(Verb, L"attach") == 0 && Count >= 4) {
        return Attach(Count - 2, Words + 2);
    }
    if (wcscmp(Verb, L"detach") == 0 && (Count == 4 || Count == 5)) {
        return Report(FilterDetach(Words[2], Words[3], Count == 5 ? Words[4] : NULL), "Detach");
    }
    printf(
        "fltmc load NAME | unload NAME | filters | volumes | instances [-f NAME | -v VOLUME]\n"
        "fltmc attach NAME VOLUME [-i INSTANCE] [-a ALTITUDE] | detach NAME VOLUME [INSTANCE]\n");
    return 2;
}
