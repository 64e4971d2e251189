/*
 * volume.c - the volume behind C:, pointer encoding, and other small things.
 */
#include "user/kernel32/base.h"

BOOL WINAPI
GetVolumeInformationW(LPCWSTR Root, LPWSTR Name, DWORD NameRoom, LPDWORD Serial, LPDWORD Component,
                      LPDWORD Flags, LPWSTR FileSystem, DWORD FileSystemRoom)
{
    struct {
        FILE_FS_VOLUME_INFORMATION Information;
        WCHAR Text[64];
    } Volume;
    struct {
        FILE_FS_ATTRIBUTE_INFORMATION Information;
        WCHAR Text[64];
    } Attribute;
    IO_STATUS_BLOCK Iosb;
    HANDLE File = CreateFileW(Root != NULL ? Root : L"C:\\", FILE_READ_ATTRIBUTES,
                              FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                              FILE_FLAG_BACKUP_SEMANTICS, NULL);
    NTSTATUS Status;

    if (File == INVALID_HANDLE_VALUE) {
        return FALSE;
    }
    RtlZeroMemory(&Volume, sizeof(Volume));
    RtlZeroMemory(&Attribute, sizeof(Attribute));
    Status = NtQueryVolumeInformationFile(File, &Iosb, &Volume, sizeof(Volume) - sizeof(WCHAR),
                                          FileFsVolumeInformation);
    if (NT_SUCCESS(Status)) {
        Status = NtQueryVolumeInformationFile(
            File, &Iosb, &Attribute, sizeof(Attribute) - sizeof(WCHAR), FileFsAttributeInformation);
    }
    NtClose(File);
    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    if (Name != NULL) {
        lstrcpynW(Name, Volume.Information.VolumeLabel,
                  (int)min(NameRoom, Volume.Information.VolumeLabelLength / sizeof(WCHAR) + 1));
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
    if (FileSystem != NULL) {
        lstrcpynW(FileSystem, Attribute.Information.FileSystemName,
                  (int)min(FileSystemRoom,
                           Attribute.Information.FileSystemNameLength / sizeof(WCHAR) + 1));
    }
    return TRUE;
}

/* The value is turned by a secret of the process on Windows; here by its own key, so that it is the same in every run. */
PVOID WINAPI
EncodePointer(PVOID Pointer)
{
    return (PVOID)(_rotr64((ULONG64)Pointer ^ (ULONG64)NtCurrentPeb(), 17));
}

PVOID WINAPI
DecodePointer(PVOID Pointer)
{
    return (PVOID)(_rotl64((ULONG64)Pointer, 17) ^ (ULONG64)NtCurrentPeb());
}

DWORD WINAPI
GetProcessVersion(DWORD Id)
{
    PIMAGE_NT_HEADERS Headers = RtlImageNtHeader(NtCurrentPeb()->ImageBaseAddress);

    return Headers->OptionalHeader.MajorSubsystemVersion << 16 |
           Headers->OptionalHeader.MinorSubsystemVersion;
}

UINT WINAPI
SetHandleCount(UINT Count)
{
    return Count;
}
