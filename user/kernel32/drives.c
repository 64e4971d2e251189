/*
 * drives.c - volumes as A routines see them, drive letters as text, free space by clusters; barriers of threads.
 */
#include "user/kernel32/base.h"

BOOL WINAPI
GetVolumeInformationA(LPCSTR Root, LPSTR Name, DWORD NameRoom, LPDWORD Serial, LPDWORD Component,
                      LPDWORD Flags, LPSTR FileSystem, DWORD FileSystemRoom)
{
    WCHAR WideName[64], WideSystem[64];
    UNICODE_STRING Wide;
    BOOL Result;

    if (!BaseToWide(&Wide, Root)) {
        return FALSE;
    }
    Result =
        GetVolumeInformationW(Wide.Buffer, WideName, 64, Serial, Component, Flags, WideSystem, 64);
    RtlFreeUnicodeString(&Wide);
    if (!Result) {
        return FALSE;
    }
    if ((Name != NULL &&
         BaseToAnsi(WideName, (DWORD)wcslen(WideName), Name, NameRoom) >= NameRoom) ||
        (FileSystem != NULL && BaseToAnsi(WideSystem, (DWORD)wcslen(WideSystem), FileSystem,
                                          FileSystemRoom) >= FileSystemRoom)) {
        return BaseFailWith(ERROR_BAD_LENGTH);
    }
    return TRUE;
}

BOOL WINAPI
GetDiskFreeSpaceW(LPCWSTR Root, LPDWORD SectorsPerCluster, LPDWORD BytesPerSector,
                  LPDWORD FreeClusters, LPDWORD Clusters)
{
    HANDLE File = CreateFileW(Root != NULL ? Root : L"C:\\", FILE_READ_ATTRIBUTES,
                              FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                              FILE_FLAG_BACKUP_SEMANTICS, NULL);
    FILE_FS_SIZE_INFORMATION Size;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;

    if (File == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    Status = NtQueryVolumeInformationFile(File, &Iosb, &Size, sizeof(Size), FileFsSizeInformation);
    NtClose(File);
    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    *SectorsPerCluster = Size.SectorsPerAllocationUnit;
    *BytesPerSector = Size.BytesPerSector;
    *FreeClusters = (DWORD)Size.AvailableAllocationUnits.QuadPart;
    *Clusters = (DWORD)Size.TotalAllocationUnits.QuadPart;
    return TRUE;
}

BOOL WINAPI
GetDiskFreeSpaceA(LPCSTR Root, LPDWORD SectorsPerCluster, LPDWORD BytesPerSector,
                  LPDWORD FreeClusters, LPDWORD Clusters)
{
    UNICODE_STRING Wide;
    BOOL Result;

    if (!BaseToWide(&Wide, Root)) {
        return FALSE;
    }
    Result =
        GetDiskFreeSpaceW(Wide.Buffer, SectorsPerCluster, BytesPerSector, FreeClusters, Clusters);
    RtlFreeUnicodeString(&Wide);
    return Result;
}

/* "C:\" with a zero for each, and one more: the length without that one, or the room that it takes with it. */
DWORD WINAPI
GetLogicalDriveStringsW(DWORD Room, LPWSTR Buffer)
{
    DWORD Drives = GetLogicalDrives(), Length = 0;

    for (DWORD Rest = Drives; Rest != 0; Rest &= Rest - 1) {
        Length += 4;
    }
    if (Room < Length + 1) {
        return Length + 1;
    }
    for (WCHAR Letter = 'A'; Drives != 0; Letter++, Drives >>= 1) {
        if (Drives & 1) {
            *Buffer++ = Letter;
            *Buffer++ = ':';
            *Buffer++ = '\\';
            *Buffer++ = 0;
        }
    }
    *Buffer = 0;
    return Length;
}

DWORD WINAPI
GetLogicalDriveStringsA(DWORD Room, LPSTR Buffer)
{
    WCHAR Wide[26 * 4 + 1];
    DWORD Length = GetLogicalDriveStringsW(26 * 4 + 1, Wide);

    if (Room < Length + 1) {
        return Length + 1;
    }
    for (DWORD Index = 0; Index <= Length; Index++) {
        Buffer[Index] = (CHAR)Wide[Index];
    }
    return Length;
}

/* The whole in SYNCHRONIZATION_BARRIER: how many still have to come in this round, the round, how many there are. */
typedef struct _BASE_BARRIER {
    volatile LONG Left;
    volatile LONG Round;
    LONG Total;
    volatile LONG Inside; /* have not yet left EnterSynchronizationBarrier */
} BASE_BARRIER, *PBASE_BARRIER;

BOOL WINAPI
InitializeSynchronizationBarrier(LPSYNCHRONIZATION_BARRIER Handle, LONG Total, LONG Spin)
{
    PBASE_BARRIER Barrier = (PVOID)Handle;

    if (Total <= 0 || Spin < -1) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    *Barrier = (BASE_BARRIER){.Left = Total, .Total = Total};
    return TRUE;
}

/* TRUE for the last one that comes, and only for it. */
BOOL WINAPI
EnterSynchronizationBarrier(LPSYNCHRONIZATION_BARRIER Handle, DWORD Flags)
{
    PBASE_BARRIER Barrier = (PVOID)Handle;
    LONG Round = Barrier->Round;
    BOOL Last;

    InterlockedIncrement(&Barrier->Inside);
    Last = InterlockedDecrement(&Barrier->Left) == 0;
    if (Last) {
        Barrier->Left = Barrier->Total;
        InterlockedIncrement(&Barrier->Round);
        RtlWakeAddressAll((PVOID)&Barrier->Round);
    }
    while (Barrier->Round == Round) {
        RtlWaitOnAddress((PVOID)&Barrier->Round, &Round, sizeof(Round), NULL);
    }
    if (InterlockedDecrement(&Barrier->Inside) == 0) {
        RtlWakeAddressAll((PVOID)&Barrier->Inside);
    }
    return Last;
}

/* Those who are still on their way out are waited for. */
BOOL WINAPI
DeleteSynchronizationBarrier(LPSYNCHRONIZATION_BARRIER Handle)
{
    PBASE_BARRIER Barrier = (PVOID)Handle;
    LONG Inside;

    while ((Inside = Barrier->Inside) != 0) {
        RtlWaitOnAddress((PVOID)&Barrier->Inside, &Inside, sizeof(Inside), NULL);
    }
    return TRUE;
}
