/*
 * volume.c - the volume behind C:, pointer encoding, and other small things.
 */
#include "user/kernel32/base.h"

/* The volume's root, by a path that ends with a backslash; NULL: the current directory's. [LEARN: GetVolumeInformation] */
static HANDLE
BaseOpenRoot(LPCWSTR Root)
{
    struct {
        FILE_NAME_INFORMATION Information;
        WCHAR Text[4];
    } Name;
    WCHAR Current[MAX_PATH] = L"";
    UNICODE_STRING Path;
    IO_STATUS_BLOCK Iosb;
    OBJECT_ATTRIBUTES Attributes;
    NTSTATUS Status;
    HANDLE File;

    if (Root == NULL) {
        if (GetCurrentDirectoryW(MAX_PATH, Current) == 0 ||
            !GetVolumePathNameW(Current, Current, MAX_PATH)) {
            return INVALID_HANDLE_VALUE;
        }
        Root = Current;
    }
    if (!BaseNtPath(Root, &Path)) {
        return INVALID_HANDLE_VALUE;
    }
    if (Path.Length == 0 || Path.Buffer[Path.Length / sizeof(WCHAR) - 1] != L'\\') {
        RtlFreeUnicodeString(&Path);
        BaseFailWith(ERROR_INVALID_NAME);
        return INVALID_HANDLE_VALUE;
    }
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenFile(&File, SYNCHRONIZE | FILE_READ_ATTRIBUTES, &Attributes, &Iosb,
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                        FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT);
    RtlFreeUnicodeString(&Path);
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return INVALID_HANDLE_VALUE;
    }
    if ((NtQueryInformationFile(File, &Iosb, &Name, sizeof(Name), FileNameInformation) ==
             STATUS_BUFFER_OVERFLOW ||
         Name.Information.FileNameLength != sizeof(WCHAR))) {
        NtClose(File);
        BaseFailWith(ERROR_DIR_NOT_ROOT);
        return INVALID_HANDLE_VALUE;
    }
    return File;
}

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
    HANDLE File = BaseOpenRoot(Root);
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
