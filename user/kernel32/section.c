/*
 * section.c - file mappings.
 */
#include "user/kernel32/base.h"

HANDLE WINAPI
CreateFileMappingW(HANDLE File, LPSECURITY_ATTRIBUTES Security, DWORD Protection, DWORD High,
                   DWORD Low, LPCWSTR Name)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Text;
    LARGE_INTEGER Size = {.u = {Low, (LONG)High}};
    ULONG Kind = Protection &
                 (SEC_IMAGE | SEC_RESERVE | SEC_COMMIT | SEC_NOCACHE | SEC_FILE | SEC_LARGE_PAGES);
    ULONG Access = STANDARD_RIGHTS_REQUIRED | SECTION_QUERY | SECTION_MAP_READ;
    HANDLE Section = NULL;
    NTSTATUS Status;

    Protection &= ~Kind;
    switch (Protection) {
    case PAGE_READWRITE:
    case PAGE_EXECUTE_READWRITE:
        Access |= SECTION_MAP_WRITE;
        break;
    case PAGE_READONLY:
    case PAGE_WRITECOPY:
    case PAGE_EXECUTE_READ:
    case PAGE_EXECUTE_WRITECOPY:
        break;
    default:
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    if (Protection >= PAGE_EXECUTE || (Kind & SEC_IMAGE) != 0) {
        Access |= SECTION_MAP_EXECUTE;
    }
    if (File == INVALID_HANDLE_VALUE) {
        File = NULL;
        if (Size.QuadPart == 0) {
            BaseFailWith(ERROR_INVALID_PARAMETER);
            return NULL;
        }
    }
    Status = NtCreateSection(
        &Section, Access, BaseNamed(&Attributes, &Text, Name, Security, OBJ_OPENIF),
        Size.QuadPart != 0 ? &Size : NULL, Protection, Kind != 0 ? Kind : SEC_COMMIT, File);
    return BaseCreated(Status, Section);
}

ANSI_FORM(HANDLE, CreateFileMappingA,
          (HANDLE File, LPSECURITY_ATTRIBUTES Security, DWORD Protection, DWORD High, DWORD Low,
           LPCSTR Name),
          Name, NULL, CreateFileMappingW(File, Security, Protection, High, Low, Wide.Buffer))

/* Generic and standard rights are the section's own. */
static ULONG
BaseMapAccess(DWORD Access)
{
    if (Access == FILE_MAP_COPY) {
        return SECTION_MAP_READ;
    }
    return (Access & (0xF0000000 | READ_CONTROL | WRITE_DAC | WRITE_OWNER | DELETE | SYNCHRONIZE |
                      FILE_MAP_READ | FILE_MAP_WRITE | SECTION_QUERY)) |
           ((Access & FILE_MAP_EXECUTE) != 0 ? SECTION_MAP_EXECUTE_EXPLICIT : 0) |
           ((Access & FILE_MAP_ALL_ACCESS) == FILE_MAP_ALL_ACCESS ? SECTION_ALL_ACCESS : 0);
}

HANDLE WINAPI
OpenFileMappingW(DWORD Access, BOOL Inherit, LPCWSTR Name)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Text;
    HANDLE Section = NULL;
    NTSTATUS Status;

    if (Name == NULL) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    Status = NtOpenSection(&Section, BaseMapAccess(Access),
                           BaseNamed(&Attributes, &Text, Name, NULL, Inherit ? OBJ_INHERIT : 0));
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return NULL;
    }
    return Section;
}

ANSI_FORM(HANDLE, OpenFileMappingA, (DWORD Access, BOOL Inherit, LPCSTR Name), Name, NULL,
          OpenFileMappingW(Access, Inherit, Wide.Buffer))

LPVOID WINAPI
MapViewOfFileEx(HANDLE Section, DWORD Access, DWORD OffsetHigh, DWORD OffsetLow, SIZE_T Bytes,
                LPVOID Address)
{
    LARGE_INTEGER Offset = {.u = {OffsetLow, (LONG)OffsetHigh}};
    PVOID Base = Address;
    SIZE_T Size = Bytes;
    ULONG Protection;
    NTSTATUS Status;

    if ((Access & FILE_MAP_ALL_ACCESS) == FILE_MAP_COPY) {
        Protection = (Access & FILE_MAP_EXECUTE) != 0 ? PAGE_EXECUTE_WRITECOPY : PAGE_WRITECOPY;
    } else if ((Access & FILE_MAP_WRITE) != 0) {
        Protection = (Access & FILE_MAP_EXECUTE) != 0 ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE;
    } else if ((Access & FILE_MAP_READ) != 0) {
        Protection = (Access & FILE_MAP_EXECUTE) != 0 ? PAGE_EXECUTE_READ : PAGE_READONLY;
    } else {
        Protection = PAGE_NOACCESS;
    }
    Status = NtMapViewOfSection(Section, NtCurrentProcess(), &Base, 0, 0, &Offset, &Size, ViewShare,
                                0, Protection);
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return NULL;
    }
    return Base;
}

LPVOID WINAPI
MapViewOfFile(HANDLE Section, DWORD Access, DWORD OffsetHigh, DWORD OffsetLow, SIZE_T Bytes)
{
    return MapViewOfFileEx(Section, Access, OffsetHigh, OffsetLow, Bytes, NULL);
}

BOOL WINAPI
UnmapViewOfFile(LPCVOID Base)
{
    return BaseResult(NtUnmapViewOfSection(NtCurrentProcess(), (PVOID)Base));
}

BOOL WINAPI
FlushViewOfFile(LPCVOID Address, SIZE_T Bytes)
{
    IO_STATUS_BLOCK Iosb;
    PVOID Base = (PVOID)Address;

    return BaseResult(NtFlushVirtualMemory(NtCurrentProcess(), &Base, &Bytes, &Iosb));
}
