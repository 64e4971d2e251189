/*
 * mount.c - volumes by their own names, \\?\Volume{...}\: one after the other, and of a drive.
 *
 * The names are the mount manager's links in \??; a volume is known by the device that its link leads to. [LEARN: Naming a
 * Volume, FindFirstVolume]
 */
#include "user/kernel32/base.h"

#define VOLUME_LENGTH 48 /* "Volume{...}" as a link */

typedef struct _BASE_VOLUMES {
    ULONG Count, Next;
    WCHAR Name[26][VOLUME_LENGTH];
} BASE_VOLUMES, *PBASE_VOLUMES;

static PBASE_VOLUMES
BaseVolumes(VOID)
{
    PBASE_VOLUMES Volumes = RtlAllocateHeap(BaseHeap(), HEAP_ZERO_MEMORY, sizeof(*Volumes));
    PWSTR Names = RtlAllocateHeap(BaseHeap(), 0, 0x10000);

    if (Volumes != NULL && Names != NULL && QueryDosDeviceW(NULL, Names, 0x8000) != 0) {
        for (PWSTR At = Names; *At != 0 && Volumes->Count < 26; At += wcslen(At) + 1) {
            if (_wcsnicmp(At, L"Volume{", 7) == 0 && wcslen(At) < VOLUME_LENGTH) {
                wcscpy(Volumes->Name[Volumes->Count++], At);
            }
        }
    }
    RtlFreeHeap(BaseHeap(), 0, Names);
    return Volumes;
}

static BOOL
BaseVolumeName(LPCWSTR Link, LPWSTR Buffer, DWORD Room)
{
    if (wcslen(Link) + 6 > Room) {
        return BaseFailWith(ERROR_FILENAME_EXCED_RANGE);
    }
    wcscpy(Buffer, L"\\\\?\\");
    wcscat(Buffer, Link);
    wcscat(Buffer, L"\\");
    return TRUE;
}

BOOL WINAPI
FindNextVolumeW(HANDLE Find, LPWSTR Name, DWORD Room)
{
    PBASE_VOLUMES Volumes = (PBASE_VOLUMES)Find;

    if (Volumes->Next == Volumes->Count) {
        return BaseFailWith(ERROR_NO_MORE_FILES);
    }
    return BaseVolumeName(Volumes->Name[Volumes->Next], Name, Room) && ++Volumes->Next != 0;
}

HANDLE WINAPI
FindFirstVolumeW(LPWSTR Name, DWORD Room)
{
    PBASE_VOLUMES Volumes = BaseVolumes();

    if (Volumes == NULL || !FindNextVolumeW((HANDLE)Volumes, Name, Room)) {
        RtlFreeHeap(BaseHeap(), 0, Volumes);
        return INVALID_HANDLE_VALUE;
    }
    return (HANDLE)Volumes;
}

BOOL WINAPI
FindVolumeClose(HANDLE Find)
{
    return RtlFreeHeap(BaseHeap(), 0, Find);
}

HANDLE WINAPI
FindFirstVolumeA(LPSTR Name, DWORD Room)
{
    WCHAR Wide[VOLUME_LENGTH + 8];
    HANDLE Find = FindFirstVolumeW(Wide, RTL_NUMBER_OF(Wide));

    if (Find != INVALID_HANDLE_VALUE && BaseToAnsi(Wide, (DWORD)wcslen(Wide), Name, Room) >= Room) {
        FindVolumeClose(Find);
        BaseFailWith(ERROR_FILENAME_EXCED_RANGE);
        return INVALID_HANDLE_VALUE;
    }
    return Find;
}

BOOL WINAPI
FindNextVolumeA(HANDLE Find, LPSTR Name, DWORD Room)
{
    WCHAR Wide[VOLUME_LENGTH + 8];

    if (!FindNextVolumeW(Find, Wide, RTL_NUMBER_OF(Wide))) {
        return FALSE;
    }
    return BaseToAnsi(Wide, (DWORD)wcslen(Wide), Name, Room) < Room
               ? TRUE
               : BaseFailWith(ERROR_FILENAME_EXCED_RANGE);
}

/* The volume of a drive "C:\", or of a volume's name itself. */
BOOL WINAPI
GetVolumeNameForVolumeMountPointW(LPCWSTR Point, LPWSTR Name, DWORD Room)
{
    WCHAR Device[64], Target[300], Other[300];
    SIZE_T Length = wcslen(Point);
    PBASE_VOLUMES Volumes;
    BOOL Found = FALSE;

    if (Length == 0 || Point[Length - 1] != L'\\' || Length > 60) {
        return BaseFailWith(ERROR_INVALID_NAME);
    }
    wcscpy(Device, wcsncmp(Point, L"\\\\?\\", 4) == 0 ? Point + 4 : Point);
    Device[wcslen(Device) - 1] = 0;
    if (wcschr(Device, L'\\') != NULL) {
        return BaseFailWith(ERROR_NOT_A_REPARSE_POINT); /* a folder that is no mount point */
    }
    if (QueryDosDeviceW(Device, Target, RTL_NUMBER_OF(Target)) == 0) {
        return FALSE;
    }
    Volumes = BaseVolumes();
    for (ULONG i = 0; Volumes != NULL && i < Volumes->Count && !Found; i++) {
        if (QueryDosDeviceW(Volumes->Name[i], Other, RTL_NUMBER_OF(Other)) != 0 &&
            _wcsicmp(Other, Target) == 0) {
            Found = TRUE;
            if (!BaseVolumeName(Volumes->Name[i], Name, Room)) {
                RtlFreeHeap(BaseHeap(), 0, Volumes);
                return FALSE;
            }
        }
    }
    RtlFreeHeap(BaseHeap(), 0, Volumes);
    return Found ? TRUE : BaseFailWith(ERROR_INVALID_PARAMETER);
}

BOOL WINAPI
GetVolumeNameForVolumeMountPointA(LPCSTR Point, LPSTR Name, DWORD Room)
{
    WCHAR Wide[VOLUME_LENGTH + 8];
    UNICODE_STRING WidePoint;
    BOOL Result;

    if (!BaseToWide(&WidePoint, Point)) {
        return FALSE;
    }
    Result = GetVolumeNameForVolumeMountPointW(WidePoint.Buffer, Wide, RTL_NUMBER_OF(Wide));
    RtlFreeUnicodeString(&WidePoint);
    if (Result && BaseToAnsi(Wide, (DWORD)wcslen(Wide), Name, Room) >= Room) {
        return BaseFailWith(ERROR_FILENAME_EXCED_RANGE);
    }
    return Result;
}

/* The drives of a volume: "C:\", zero, zero. */
BOOL WINAPI
GetVolumePathNamesForVolumeNameW(LPCWSTR Volume, LPWCH Names, DWORD Room, PDWORD Needed)
{
    WCHAR Device[64], Target[300], Other[300], Drive[3] = L"A:";
    SIZE_T Length = Volume != NULL ? wcslen(Volume) : 0;
    DWORD Count = 0;

    if (Length < 6 || Length > 60 || Volume[Length - 1] != L'\\' ||
        wcsncmp(Volume, L"\\\\?\\", 4) != 0) {
        return BaseFailWith(ERROR_INVALID_NAME);
    }
    wcscpy(Device, Volume + 4);
    Device[wcslen(Device) - 1] = 0;
    if (QueryDosDeviceW(Device, Target, RTL_NUMBER_OF(Target)) == 0) {
        return FALSE;
    }
    for (; Drive[0] <= L'Z'; Drive[0]++) {
        if (QueryDosDeviceW(Drive, Other, RTL_NUMBER_OF(Other)) != 0 &&
            _wcsicmp(Other, Target) == 0) {
            if (Count + 5 <= Room) {
                Names[Count] = Drive[0];
                wcscpy(Names + Count + 1, L":\\");
                Names[Count + 4] = 0;
            }
            Count += 4;
        }
    }
    Count++;
    if (Needed != NULL) {
        *Needed = Count;
    }
    if (Count == 1 && Room != 0) {
        Names[0] = 0;
    }
    return Count <= Room ? TRUE : BaseFailWith(ERROR_MORE_DATA);
}

BOOL WINAPI
GetVolumePathNamesForVolumeNameA(LPCSTR Volume, LPCH Names, DWORD Room, PDWORD Needed)
{
    WCHAR Wide[128];
    UNICODE_STRING WideVolume;
    DWORD Count = 0;
    BOOL Result;

    if (Volume == NULL) {
        return BaseFailWith(ERROR_INVALID_NAME);
    }
    if (!BaseToWide(&WideVolume, Volume)) {
        return FALSE;
    }
    Result = GetVolumePathNamesForVolumeNameW(WideVolume.Buffer, Wide, RTL_NUMBER_OF(Wide), &Count);
    RtlFreeUnicodeString(&WideVolume);
    if (Needed != NULL) {
        *Needed = Count;
    }
    if (!Result) {
        return FALSE;
    }
    if (Count > Room) {
        return BaseFailWith(ERROR_MORE_DATA);
    }
    for (DWORD i = 0; i < Count; i++) {
        Names[i] = (CHAR)Wide[i];
    }
    return TRUE;
}

BOOL WINAPI
SetVolumeLabelW(LPCWSTR Root, LPCWSTR Label)
{
    struct {
        ULONG Length;
        WCHAR Text[34];
    } Name; /* FILE_FS_LABEL_INFORMATION */
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;
    HANDLE File;
    SIZE_T Length = Label != NULL ? wcslen(Label) : 0;

    if (Length > 32) {
        return BaseFailWith(ERROR_LABEL_TOO_LONG);
    }
    File = CreateFileW(Root != NULL ? Root : L"\\", FILE_WRITE_DATA,
                       FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (File == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    Name.Length = (ULONG)(Length * sizeof(WCHAR));
    RtlCopyMemory(Name.Text, Label, Name.Length);
    Status = NtSetVolumeInformationFile(File, &Iosb, &Name, sizeof(ULONG) + Name.Length,
                                        2 /* FileFsLabelInformation */);
    NtClose(File);
    return BaseResult(Status);
}

BOOL WINAPI
SetVolumeLabelA(LPCSTR Root, LPCSTR Label)
{
    UNICODE_STRING Wide[2] = {{0}};
    BOOL Result = FALSE;

    if (BaseToWide(&Wide[0], Root) && BaseToWide(&Wide[1], Label)) {
        Result = SetVolumeLabelW(Wide[0].Buffer, Wide[1].Buffer);
    }
    RtlFreeUnicodeString(&Wide[0]);
    RtlFreeUnicodeString(&Wide[1]);
    return Result;
}

BOOL WINAPI
GetVolumeInformationByHandleW(HANDLE File, LPWSTR Name, DWORD NameRoom, LPDWORD Serial,
                              LPDWORD Component, LPDWORD Flags, LPWSTR System, DWORD SystemRoom)
{
    struct {
        FILE_FS_VOLUME_INFORMATION Information;
        WCHAR Text[64];
    } Volume = {0};
    struct {
        FILE_FS_ATTRIBUTE_INFORMATION Information;
        WCHAR Text[64];
    } Attribute = {0};
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status = NtQueryVolumeInformationFile(
        File, &Iosb, &Volume, sizeof(Volume) - sizeof(WCHAR), FileFsVolumeInformation);

    if (NT_SUCCESS(Status)) {
        Status = NtQueryVolumeInformationFile(
            File, &Iosb, &Attribute, sizeof(Attribute) - sizeof(WCHAR), FileFsAttributeInformation);
    }
    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    if (Name != NULL) {
        lstrcpynW(Name, Volume.Information.VolumeLabel, (int)NameRoom);
    }
    if (Serial != NULL) {
        *Serial = Volume.Information.VolumeSerialNumber;
    }
    if (Component != NULL) {
        *Component = Attribute.Information.MaximumComponentNameLength;
    }
    if (Flags != NULL) {
        *Flags = Attribute.Information.FileSystemAttributes;
    }
    if (System != NULL) {
        lstrcpynW(System, Attribute.Information.FileSystemName, (int)SystemRoom);
    }
    return TRUE;
}
