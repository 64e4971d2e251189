/*
 * fileinfo.c - what is known of an open file: size, position, times, type, name.
 */
#include "user/kernel32/base.h"

DWORD WINAPI
GetFileType(HANDLE File)
{
    FILE_FS_DEVICE_INFORMATION Device;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;

    File = BaseRealHandle(File);
    Status =
        NtQueryVolumeInformationFile(File, &Iosb, &Device, sizeof(Device), FileFsDeviceInformation);
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return FILE_TYPE_UNKNOWN;
    }
    SetLastError(ERROR_SUCCESS);
    switch (Device.DeviceType) {
    case FILE_DEVICE_CD_ROM:
    case FILE_DEVICE_CD_ROM_FILE_SYSTEM:
    case FILE_DEVICE_CONTROLLER:
    case FILE_DEVICE_DATALINK:
    case FILE_DEVICE_DFS:
    case FILE_DEVICE_DISK:
    case FILE_DEVICE_DISK_FILE_SYSTEM:
    case FILE_DEVICE_VIRTUAL_DISK:
    case FILE_DEVICE_NETWORK_FILE_SYSTEM:
        return FILE_TYPE_DISK;
    case FILE_DEVICE_NAMED_PIPE:
        return FILE_TYPE_PIPE;
    case FILE_DEVICE_CONSOLE:
    case FILE_DEVICE_KEYBOARD:
    case FILE_DEVICE_MOUSE:
    case FILE_DEVICE_NULL:
    case FILE_DEVICE_PARALLEL_PORT:
    case FILE_DEVICE_PRINTER:
    case FILE_DEVICE_SERIAL_PORT:
    case FILE_DEVICE_SCREEN:
    case FILE_DEVICE_SOUND:
    case FILE_DEVICE_MODEM:
        return FILE_TYPE_CHAR;
    default:
        return FILE_TYPE_UNKNOWN;
    }
}

BOOL WINAPI
GetFileSizeEx(HANDLE File, PLARGE_INTEGER Size)
{
    FILE_STANDARD_INFORMATION Standard;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status = NtQueryInformationFile(BaseRealHandle(File), &Iosb, &Standard,
                                             sizeof(Standard), FileStandardInformation);

    if (NT_SUCCESS(Status)) {
        *Size = Standard.EndOfFile;
    }
    return BaseResult(Status);
}

DWORD WINAPI
GetFileSize(HANDLE File, LPDWORD High)
{
    LARGE_INTEGER Size;

    if (!GetFileSizeEx(File, &Size)) {
        return INVALID_FILE_SIZE;
    }
    if (High != NULL) {
        *High = Size.HighPart;
    } else if (Size.HighPart != 0) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_FILE_SIZE;
    }
    if (Size.LowPart == INVALID_FILE_SIZE) {
        SetLastError(ERROR_SUCCESS);
    }
    return Size.LowPart;
}

BOOL WINAPI
SetFilePointerEx(HANDLE File, LARGE_INTEGER Distance, PLARGE_INTEGER New, DWORD Method)
{
    FILE_POSITION_INFORMATION Position;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;

    File = BaseRealHandle(File);
    switch (Method) {
    case FILE_BEGIN:
        Position.CurrentByteOffset = Distance;
        break;
    case FILE_CURRENT:
        Status = NtQueryInformationFile(File, &Iosb, &Position, sizeof(Position),
                                        FilePositionInformation);
        if (!NT_SUCCESS(Status)) {
            return BaseFail(Status);
        }
        Position.CurrentByteOffset.QuadPart += Distance.QuadPart;
        break;
    case FILE_END:
        if (!GetFileSizeEx(File, &Position.CurrentByteOffset)) {
            return FALSE;
        }
        Position.CurrentByteOffset.QuadPart += Distance.QuadPart;
        break;
    default:
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    if (Position.CurrentByteOffset.QuadPart < 0) {
        return BaseFailWith(ERROR_NEGATIVE_SEEK);
    }
    Status =
        NtSetInformationFile(File, &Iosb, &Position, sizeof(Position), FilePositionInformation);
    if (NT_SUCCESS(Status) && New != NULL) {
        *New = Position.CurrentByteOffset;
    }
    return BaseResult(Status);
}

DWORD WINAPI
SetFilePointer(HANDLE File, LONG Distance, PLONG High, DWORD Method)
{
    LARGE_INTEGER Move, New;

    Move.QuadPart = Distance;
    if (High != NULL) {
        Move.LowPart = (ULONG)Distance;
        Move.HighPart = *High;
    }
    if (!SetFilePointerEx(File, Move, &New, Method)) {
        return INVALID_SET_FILE_POINTER;
    }
    if (High != NULL) {
        *High = New.HighPart;
    } else if (New.HighPart != 0) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_SET_FILE_POINTER;
    }
    if (New.LowPart == INVALID_SET_FILE_POINTER) {
        SetLastError(ERROR_SUCCESS);
    }
    return New.LowPart;
}

BOOL WINAPI
SetEndOfFile(HANDLE File)
{
    FILE_POSITION_INFORMATION Position;
    FILE_END_OF_FILE_INFORMATION End;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status =
        NtQueryInformationFile(File, &Iosb, &Position, sizeof(Position), FilePositionInformation);

    if (NT_SUCCESS(Status)) {
        End.EndOfFile = Position.CurrentByteOffset;
        Status = NtSetInformationFile(File, &Iosb, &End, sizeof(End), FileEndOfFileInformation);
    }
    return BaseResult(Status);
}

BOOL WINAPI
GetFileTime(HANDLE File, LPFILETIME Creation, LPFILETIME Access, LPFILETIME Write)
{
    FILE_BASIC_INFORMATION Basic;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status =
        NtQueryInformationFile(File, &Iosb, &Basic, sizeof(Basic), FileBasicInformation);

    if (NT_SUCCESS(Status)) {
        if (Creation != NULL) {
            *Creation = *(LPFILETIME)&Basic.CreationTime;
        }
        if (Access != NULL) {
            *Access = *(LPFILETIME)&Basic.LastAccessTime;
        }
        if (Write != NULL) {
            *Write = *(LPFILETIME)&Basic.LastWriteTime;
        }
    }
    return BaseResult(Status);
}

BOOL WINAPI
SetFileTime(HANDLE File, const FILETIME *Creation, const FILETIME *Access, const FILETIME *Write)
{
    FILE_BASIC_INFORMATION Basic = {0};
    IO_STATUS_BLOCK Iosb;

    if (Creation != NULL) {
        Basic.CreationTime = *(PLARGE_INTEGER)Creation;
    }
    if (Access != NULL) {
        Basic.LastAccessTime = *(PLARGE_INTEGER)Access;
    }
    if (Write != NULL) {
        Basic.LastWriteTime = *(PLARGE_INTEGER)Write;
    }
    return BaseResult(
        NtSetInformationFile(File, &Iosb, &Basic, sizeof(Basic), FileBasicInformation));
}

BOOL WINAPI
GetFileInformationByHandle(HANDLE File, LPBY_HANDLE_FILE_INFORMATION Information)
{
    FILE_BASIC_INFORMATION Basic;
    FILE_STANDARD_INFORMATION Standard;
    FILE_INTERNAL_INFORMATION Internal;
    union {
        FILE_FS_VOLUME_INFORMATION Volume;
        UCHAR Room[sizeof(FILE_FS_VOLUME_INFORMATION) + 64];
    } Volume;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;

    File = BaseRealHandle(File);
    Status = NtQueryInformationFile(File, &Iosb, &Basic, sizeof(Basic), FileBasicInformation);
    if (NT_SUCCESS(Status)) {
        Status = NtQueryInformationFile(File, &Iosb, &Standard, sizeof(Standard),
                                        FileStandardInformation);
    }
    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    if (!NT_SUCCESS(NtQueryInformationFile(File, &Iosb, &Internal, sizeof(Internal),
                                           FileInternalInformation))) {
        Internal.IndexNumber.QuadPart = 0;
    }
    Status =
        NtQueryVolumeInformationFile(File, &Iosb, &Volume, sizeof(Volume), FileFsVolumeInformation);
    Information->dwVolumeSerialNumber = NT_ERROR(Status) ? 0 : Volume.Volume.VolumeSerialNumber;
    Information->dwFileAttributes = Basic.FileAttributes;
    Information->ftCreationTime = *(LPFILETIME)&Basic.CreationTime;
    Information->ftLastAccessTime = *(LPFILETIME)&Basic.LastAccessTime;
    Information->ftLastWriteTime = *(LPFILETIME)&Basic.LastWriteTime;
    Information->nFileSizeHigh = Standard.EndOfFile.HighPart;
    Information->nFileSizeLow = Standard.EndOfFile.LowPart;
    Information->nNumberOfLinks = Standard.NumberOfLinks;
    Information->nFileIndexHigh = Internal.IndexNumber.HighPart;
    Information->nFileIndexLow = Internal.IndexNumber.LowPart;
    return TRUE;
}

/* What stands before a file's path: the device's name, a drive with \\?\, a volume's name, or nothing. */
static BOOL
BaseVolumePrefix(PWSTR Device, DWORD Flags, PWSTR Prefix, DWORD Room)
{
    WCHAR Drive[3] = L"A:", Target[300];
    PWSTR End = wcsncmp(Device, L"\\Device\\", 8) == 0 ? wcschr(Device + 8, L'\\') : NULL;

    if (End != NULL) {
        *End = 0;
    }
    if ((Flags & VOLUME_NAME_NT) != 0) {
        lstrcpynW(Prefix, Device, (int)Room);
        return TRUE;
    }
    for (; Drive[0] <= L'Z'; Drive[0]++) {
        if (QueryDosDeviceW(Drive, Target, RTL_NUMBER_OF(Target)) != 0 &&
            _wcsicmp(Target, Device) == 0) {
            wcscpy(Prefix, L"\\\\?\\");
            wcscat(Prefix, Drive);
            if ((Flags & VOLUME_NAME_GUID) != 0) {
                wcscpy(Target, Drive);
                wcscat(Target, L"\\");
                if (!GetVolumeNameForVolumeMountPointW(Target, Prefix, Room)) {
                    return FALSE;
                }
                Prefix[wcslen(Prefix) - 1] = 0; /* the path begins with it */
            }
            return TRUE;
        }
    }
    return BaseFailWith(ERROR_PATH_NOT_FOUND); /* a device without a drive */
}

DWORD WINAPI
GetFinalPathNameByHandleW(HANDLE File, LPWSTR Buffer, DWORD Room, DWORD Flags)
{
    struct {
        OBJECT_NAME_INFORMATION Information;
        WCHAR Text[600];
    } Device = {0};
    struct {
        FILE_NAME_INFORMATION Information;
        WCHAR Text[1024];
    } Name;
    WCHAR Prefix[300] = L"";
    IO_STATUS_BLOCK Iosb;
    ULONG Length, Before;
    NTSTATUS Status =
        NtQueryObject(File, ObjectNameInformation, &Device, sizeof(Device) - sizeof(WCHAR), NULL);

    if (NT_SUCCESS(Status)) {
        Status = NtQueryInformationFile(File, &Iosb, &Name, sizeof(Name), FileNameInformation);
    }
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return 0;
    }
    if ((Flags & VOLUME_NAME_NONE) == 0 &&
        !BaseVolumePrefix(Device.Information.Name.Buffer, Flags, Prefix, RTL_NUMBER_OF(Prefix))) {
        return 0;
    }
    Before = (ULONG)wcslen(Prefix);
    Length = Name.Information.FileNameLength / sizeof(WCHAR);
    if (Before + Length + 1 > Room) {
        return Before + Length + 1;
    }
    RtlCopyMemory(Buffer, Prefix, Before * sizeof(WCHAR));
    RtlCopyMemory(Buffer + Before, Name.Information.FileName, Length * sizeof(WCHAR));
    Buffer[Before + Length] = 0;
    return Before + Length;
}

DWORD WINAPI
GetFinalPathNameByHandleA(HANDLE File, LPSTR Buffer, DWORD Room, DWORD Flags)
{
    WCHAR Wide[620];
    DWORD Length = GetFinalPathNameByHandleW(File, Wide, RTL_NUMBER_OF(Wide), Flags);

    return Length == 0 ? 0 : BaseToAnsi(Wide, Length, Buffer, Room);
}
