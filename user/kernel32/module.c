/*
 * module.c - loaded images: find, load, free, exports, names, resources.
 *
 * A module that is loaded as data only has bit 0 (data file) or bit 1 (image resource) of its handle set; it is
 * mapped, nothing of it runs, and GetProcAddress does not know it.
 */
#include "user/kernel32/base.h"

static HMODULE
BaseHandleOf(LPCWSTR Name, ULONG Flags)
{
    UNICODE_STRING String;
    PVOID Base;
    NTSTATUS Status;

    if (Name == NULL) {
        return NtCurrentPeb()->ImageBaseAddress;
    }
    RtlInitUnicodeString(&String, Name);
    Status = LdrGetDllHandleEx(Flags, NULL, NULL, &String, &Base);
    if (!NT_SUCCESS(Status)) {
        BaseFailWith(ERROR_MOD_NOT_FOUND);
        return NULL;
    }
    return Base;
}

HMODULE WINAPI
GetModuleHandleW(LPCWSTR Name)
{
    return BaseHandleOf(Name, 1);
}

ANSI_FORM(HMODULE, GetModuleHandleA, (LPCSTR Name), Name, NULL, GetModuleHandleW(Wide.Buffer))

BOOL WINAPI
GetModuleHandleExW(DWORD Flags, LPCWSTR Name, HMODULE *Module)
{
    PLDR_DATA_TABLE_ENTRY Entry;

    *Module = NULL;
    if ((Flags & GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS) == 0) {
        *Module =
            BaseHandleOf(Name, (Flags & GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT) != 0 ? 1 : 0);
        if (*Module != NULL && (Flags & GET_MODULE_HANDLE_EX_FLAG_PIN) != 0) {
            LdrAddRefDll(1, *Module);
        }
        return *Module != NULL;
    }
    if (!NT_SUCCESS(LdrFindEntryForAddress((PVOID)Name, &Entry))) {
        return BaseFailWith(ERROR_MOD_NOT_FOUND);
    }
    *Module = Entry->DllBase;
    if ((Flags & GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT) == 0) {
        LdrAddRefDll((Flags & GET_MODULE_HANDLE_EX_FLAG_PIN) != 0, *Module);
    }
    return TRUE;
}

BOOL WINAPI
GetModuleHandleExA(DWORD Flags, LPCSTR Name, HMODULE *Module)
{
    UNICODE_STRING Wide;
    BOOL Result;

    if ((Flags & GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS) != 0) {
        return GetModuleHandleExW(Flags, (LPCWSTR)Name, Module);
    }
    if (!BaseToWide(&Wide, Name)) {
        return FALSE;
    }
    Result = GetModuleHandleExW(Flags, Wide.Buffer, Module);
    RtlFreeUnicodeString(&Wide);
    return Result;
}

DWORD WINAPI
GetModuleFileNameW(HMODULE Module, LPWSTR Buffer, DWORD Room)
{
    UNICODE_STRING Name;
    NTSTATUS Status;

    if (Room == 0) {
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        return 0;
    }
    Name.Buffer = Buffer;
    Name.Length = 0;
    Name.MaximumLength = (USHORT)(min(Room, 0x7FFF) * sizeof(WCHAR));
    Status = LdrGetDllFullName(Module, &Name);
    if (Status == STATUS_BUFFER_TOO_SMALL) {
        Buffer[Room - 1] = 0; /* cut off */
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        return Room;
    }
    if (!NT_SUCCESS(Status)) {
        BaseFailWith(ERROR_MOD_NOT_FOUND);
        return 0;
    }
    SetLastError(ERROR_SUCCESS);
    return Name.Length / sizeof(WCHAR);
}

DWORD WINAPI
GetModuleFileNameA(HMODULE Module, LPSTR Buffer, DWORD Room)
{
    WCHAR Wide[600];
    DWORD Length = GetModuleFileNameW(Module, Wide, RTL_NUMBER_OF(Wide));

    if (Length == 0) {
        return 0;
    }
    if (Length >= Room) {
        if (Room != 0) {
            BaseToAnsi(Wide, Room - 1, Buffer, Room);
        }
        BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
        return Room;
    }
    return BaseToAnsi(Wide, Length, Buffer, Room);
}

/* Maps a file as an image, or as plain bytes, for its resources only. */
static HMODULE
BaseLoadAsData(LPCWSTR Name, BOOL AsImage)
{
    HANDLE File, Section;
    WCHAR Path[600];
    PVOID Base;

    if (SearchPathW(NULL, Name, L".dll", RTL_NUMBER_OF(Path), Path, NULL) == 0) {
        BaseFailWith(ERROR_FILE_NOT_FOUND);
        return NULL;
    }
    File = CreateFileW(Path, GENERIC_READ | (AsImage ? GENERIC_EXECUTE : 0),
                       FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
    if (File == INVALID_HANDLE_VALUE) {
        return NULL;
    }
    Section = CreateFileMappingW(File, NULL, PAGE_READONLY | (AsImage ? SEC_IMAGE : 0), 0, 0, NULL);
    CloseHandle(File);
    if (Section == NULL) {
        return NULL;
    }
    Base = MapViewOfFile(Section, FILE_MAP_READ, 0, 0, 0);
    CloseHandle(Section);
    return Base == NULL ? NULL : (HMODULE)((ULONG_PTR)Base | (AsImage ? 2 : 1));
}

HMODULE WINAPI
LoadLibraryExW(LPCWSTR Name, HANDLE File, DWORD Flags)
{
    WCHAR Path[600];
    UNICODE_STRING String;
    PVOID Base;
    NTSTATUS Status;

    if (Name == NULL || File != NULL) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    if ((Flags & (LOAD_LIBRARY_AS_DATAFILE | LOAD_LIBRARY_AS_DATAFILE_EXCLUSIVE |
                  LOAD_LIBRARY_AS_IMAGE_RESOURCE)) != 0) {
        return BaseLoadAsData(Name, (Flags & LOAD_LIBRARY_AS_IMAGE_RESOURCE) != 0);
    }
    RtlInitUnicodeString(&String, Name);
    while (String.Length > 0 && String.Buffer[String.Length / sizeof(WCHAR) - 1] == L' ') {
        String.Length -= sizeof(WCHAR);
    }
    if (BaseDllFolder[0] != 0 && wcspbrk(Name, L"\\/:") == NULL &&
        SearchPathW(BaseDllFolder, Name, L".dll", RTL_NUMBER_OF(Path), Path, NULL) != 0) {
        RtlInitUnicodeString(&String, Path); /* SetDllDirectory's folder comes before System32 */
    }
    Status = LdrLoadDll(NULL, NULL, &String, &Base);
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return NULL;
    }
    return Base;
}

HMODULE WINAPI
LoadLibraryW(LPCWSTR Name)
{
    return LoadLibraryExW(Name, NULL, 0);
}

ANSI_FORM(HMODULE, LoadLibraryExA, (LPCSTR Name, HANDLE File, DWORD Flags), Name, NULL,
          LoadLibraryExW(Wide.Buffer, File, Flags))

HMODULE WINAPI
LoadLibraryA(LPCSTR Name)
{
    return LoadLibraryExA(Name, NULL, 0);
}

BOOL WINAPI
FreeLibrary(HMODULE Module)
{
    if (Module == NULL) {
        return BaseFailWith(ERROR_INVALID_HANDLE);
    }
    if (((ULONG_PTR)Module & 3) != 0) {
        return BaseResult(
            NtUnmapViewOfSection(NtCurrentProcess(), (PVOID)((ULONG_PTR)Module & ~3ull)));
    }
    return BaseResult(LdrUnloadDll(Module));
}

FARPROC WINAPI
GetProcAddress(HMODULE Module, LPCSTR Name)
{
    ANSI_STRING String;
    PVOID Address = NULL;
    NTSTATUS Status;

    if (Module == NULL) {
        Module = NtCurrentPeb()->ImageBaseAddress;
    }
    if ((ULONG_PTR)Name < 0x10000) {
        Status = LdrGetProcedureAddress(Module, NULL, (ULONG)(ULONG_PTR)Name, &Address);
    } else {
        RtlInitAnsiString(&String, Name);
        Status = LdrGetProcedureAddress(Module, &String, 0, &Address);
    }
    if (!NT_SUCCESS(Status)) {
        BaseFailWith(Status == STATUS_DLL_NOT_FOUND ? ERROR_MOD_NOT_FOUND : ERROR_PROC_NOT_FOUND);
        return NULL;
    }
    return (FARPROC)Address;
}

HRSRC WINAPI
FindResourceExW(HMODULE Module, LPCWSTR Type, LPCWSTR Name, WORD Language)
{
    ULONG_PTR Path[3] = {(ULONG_PTR)Type, (ULONG_PTR)Name, Language};
    PIMAGE_RESOURCE_DATA_ENTRY Entry;
    ULONG Index;
    NTSTATUS Status;

    /* "#12" is the number 12. */
    for (Index = 0; Index < 2; Index++) {
        PCWSTR Text = (PCWSTR)Path[Index];

        if (Path[Index] >= 0x10000 && Text[0] == L'#') {
            for (Path[Index] = 0, Text++; *Text >= L'0' && *Text <= L'9'; Text++) {
                Path[Index] = Path[Index] * 10 + (*Text - L'0');
            }
        }
    }
    if (Module == NULL) {
        Module = NtCurrentPeb()->ImageBaseAddress;
    }
    Status = LdrFindResource_U((PVOID)((ULONG_PTR)Module & ~2ull), Path, 3, &Entry);
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return NULL;
    }
    return (HRSRC)Entry;
}

HRSRC WINAPI
FindResourceW(HMODULE Module, LPCWSTR Name, LPCWSTR Type)
{
    return FindResourceExW(Module, Type, Name, 0);
}

HRSRC WINAPI
FindResourceA(HMODULE Module, LPCSTR Name, LPCSTR Type)
{
    UNICODE_STRING WideName = {0}, WideType = {0};
    HRSRC Result = NULL;

    if (((ULONG_PTR)Name < 0x10000 || BaseToWide(&WideName, Name)) &&
        ((ULONG_PTR)Type < 0x10000 || BaseToWide(&WideType, Type))) {
        Result = FindResourceExW(Module, WideType.Buffer != NULL ? WideType.Buffer : (LPCWSTR)Type,
                                 WideName.Buffer != NULL ? WideName.Buffer : (LPCWSTR)Name, 0);
    }
    RtlFreeUnicodeString(&WideName);
    RtlFreeUnicodeString(&WideType);
    return Result;
}

HGLOBAL WINAPI
LoadResource(HMODULE Module, HRSRC Resource)
{
    PVOID Data;

    if (Module == NULL) {
        Module = NtCurrentPeb()->ImageBaseAddress;
    }
    if (((ULONG_PTR)Module & 1) != 0) {
        PVOID Base = (PVOID)((ULONG_PTR)Module & ~3ull);

        return RtlImageRvaToVa(RtlImageNtHeader(Base), Base,
                               ((PIMAGE_RESOURCE_DATA_ENTRY)Resource)->OffsetToData, NULL);
    }
    LdrAccessResource(Module, (PIMAGE_RESOURCE_DATA_ENTRY)Resource, &Data, NULL);
    return Data;
}

LPVOID WINAPI
LockResource(HGLOBAL Data)
{
    return Data;
}

BOOL WINAPI
FreeResource(HGLOBAL Data)
{
    return FALSE; /* 0 is success, for what needs no freeing */
}

DWORD WINAPI
SizeofResource(HMODULE Module, HRSRC Resource)
{
    return ((PIMAGE_RESOURCE_DATA_ENTRY)Resource)->Size;
}
