/*
 * fltlib.c - fltlib.dll: the filter manager as programs see it.
 *
 * Each routine is one control request to one of the manager's two devices; statuses of its facility become HRESULTs of
 * FACILITY_FLTMGR, others those of Win32. An enumeration is a block of memory that knows what comes next.
 * [LEARN: fltuser.h, FilterConnectCommunicationPort, FilterGetMessage; nt-semantics-2 1.11]
 */
#include <fltUser.h>
#include <ntlab-fltioctl.h>

static HRESULT
FltlibResult(NTSTATUS Status)
{
    if (NT_SUCCESS(Status)) {
        return Status == STATUS_PENDING ? HRESULT_FROM_WIN32(ERROR_IO_PENDING) : S_OK;
    }
    if (((ULONG)Status & 0xFFFF0000) == 0xC01C0000) {
        return (HRESULT)(0x801F0000 | (Status & 0xFFFF));
    }
    return HRESULT_FROM_WIN32(RtlNtStatusToDosErrorNoTeb(Status));
}

static NTSTATUS
FltlibOpen(PCWSTR Name, PVOID Ea, ULONG EaLength, ULONG Options, LPSECURITY_ATTRIBUTES Security,
           PHANDLE Handle)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING Path;

    RtlInitUnicodeString(&Path, Name);
    InitializeObjectAttributes(&Attributes, &Path,
                               OBJ_CASE_INSENSITIVE |
                                   (Security != NULL && Security->bInheritHandle ? OBJ_INHERIT : 0),
                               NULL, Security != NULL ? Security->lpSecurityDescriptor : NULL);
    return NtCreateFile(Handle, FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, &Attributes, &Iosb,
                        NULL, 0, 0, FILE_OPEN_IF, Options, Ea, EaLength);
}

/* A request to the manager itself. */
static NTSTATUS
FltlibAsk(ULONG Code, PVOID In, ULONG InLength, PVOID Out, ULONG OutLength, PULONG Returned)
{
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;
    HANDLE Handle;

    Status = FltlibOpen(L"\\FileSystem\\Filters\\FltMgr", NULL, 0, FILE_SYNCHRONOUS_IO_NONALERT,
                        NULL, &Handle);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Iosb.Information = 0;
    Status =
        NtDeviceIoControlFile(Handle, NULL, NULL, NULL, &Iosb, Code, In, InLength, Out, OutLength);
    if (Returned != NULL) {
        *Returned = (ULONG)Iosb.Information;
    }
    NtClose(Handle);
    return Status;
}

static HRESULT
FltlibLoad(LPCWSTR Name, ULONG Code)
{
    struct {
        USHORT NameSize;
        WCHAR Name[FLTP_NAME_CHARS];
    } Load;
    ULONG Units = 0;

    if (Name == NULL) {
        return E_INVALIDARG;
    }
    while (Name[Units] != 0 && Units < FLTP_NAME_CHARS) {
        Load.Name[Units] = Name[Units];
        Units++;
    }
    if (Units == 0 || Units == FLTP_NAME_CHARS) {
        return E_INVALIDARG;
    }
    Load.NameSize = (USHORT)(Units * sizeof(WCHAR));
    return FltlibResult(FltlibAsk(Code, &Load, sizeof(Load), NULL, 0, NULL));
}

HRESULT WINAPI
FilterLoad(LPCWSTR lpFilterName)
{
    return FltlibLoad(lpFilterName, IOCTL_FLT_LOAD);
}

HRESULT WINAPI
FilterUnload(LPCWSTR lpFilterName)
{
    return FltlibLoad(lpFilterName, IOCTL_FLT_UNLOAD);
}

/* FALSE: too long. */
static BOOL
FltlibCopy(PWSTR To, LPCWSTR From)
{
    ULONG i = 0;

    for (; From != NULL && From[i] != 0; i++) {
        if (i + 1 >= FLTP_NAME_CHARS) {
            return FALSE;
        }
        To[i] = From[i];
    }
    To[i] = 0;
    return TRUE;
}

static HRESULT
FltlibAttach(ULONG Code, LPCWSTR Filter, LPCWSTR Volume, LPCWSTR Altitude, LPCWSTR Instance,
             DWORD Room, LPWSTR Created)
{
    FLTP_ATTACH Attach;
    NTSTATUS Status;

    if (Filter == NULL || Volume == NULL || !FltlibCopy(Attach.Filter, Filter) ||
        !FltlibCopy(Attach.Volume, Volume) || !FltlibCopy(Attach.Instance, Instance) ||
        !FltlibCopy(Attach.Altitude, Altitude)) {
        return E_INVALIDARG;
    }
    Status = FltlibAsk(Code, &Attach, sizeof(Attach), &Attach, sizeof(Attach), NULL);
    if (NT_SUCCESS(Status) && Created != NULL) {
        ULONG i = 0;

        for (; Attach.Instance[i] != 0 && (i + 1) * sizeof(WCHAR) < Room; i++) {
            Created[i] = Attach.Instance[i];
        }
        Created[i] = 0;
    }
    return FltlibResult(Status);
}

HRESULT WINAPI
FilterAttach(LPCWSTR lpFilterName, LPCWSTR lpVolumeName, LPCWSTR lpInstanceName,
             DWORD dwCreatedInstanceNameLength, LPWSTR lpCreatedInstanceName)
{
    return FltlibAttach(IOCTL_FLT_ATTACH, lpFilterName, lpVolumeName, NULL, lpInstanceName,
                        dwCreatedInstanceNameLength, lpCreatedInstanceName);
}

HRESULT WINAPI
FilterAttachAtAltitude(LPCWSTR lpFilterName, LPCWSTR lpVolumeName, LPCWSTR lpAltitude,
                       LPCWSTR lpInstanceName, DWORD dwCreatedInstanceNameLength,
                       LPWSTR lpCreatedInstanceName)
{
    return FltlibAttach(IOCTL_FLT_ATTACH, lpFilterName, lpVolumeName, lpAltitude, lpInstanceName,
                        dwCreatedInstanceNameLength, lpCreatedInstanceName);
}

HRESULT WINAPI
FilterDetach(LPCWSTR lpFilterName, LPCWSTR lpVolumeName, LPCWSTR lpInstanceName)
{
    return FltlibAttach(IOCTL_FLT_DETACH, lpFilterName, lpVolumeName, NULL, lpInstanceName, 0,
                        NULL);
}

/* ---- enumerations ---- */

typedef struct _FLTLIB_FIND {
    ULONG Kind;
    ULONG Next;
    WCHAR Name[FLTP_NAME_CHARS];
} FLTLIB_FIND, *PFLTLIB_FIND;

static HRESULT
FltlibNext(HANDLE Handle, ULONG Class, LPVOID Buffer, DWORD Size, LPDWORD Returned)
{
    PFLTLIB_FIND Find = Handle;
    FLTP_FIND Ask = {Find->Kind, Find->Next, Class};
    NTSTATUS Status;

    FltlibCopy(Ask.Name, Find->Name);
    Status = FltlibAsk(IOCTL_FLT_FIND, &Ask, sizeof(Ask), Buffer, Size, Returned);
    if (NT_SUCCESS(Status)) {
        Find->Next++;
    } else if (Status == STATUS_NO_MORE_ENTRIES) {
        return HRESULT_FROM_WIN32(ERROR_NO_MORE_ITEMS);
    } else if (Status == STATUS_BUFFER_TOO_SMALL) {
        return HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER);
    }
    return FltlibResult(Status);
}

static HRESULT
FltlibFirst(ULONG Kind, LPCWSTR Name, ULONG Class, LPVOID Buffer, DWORD Size, LPDWORD Returned,
            LPHANDLE Handle)
{
    PFLTLIB_FIND Find = HeapAlloc(GetProcessHeap(), 0, sizeof(*Find));
    HRESULT Result;

    if (Find == NULL) {
        return E_OUTOFMEMORY;
    }
    Find->Kind = Kind;
    Find->Next = 0;
    if (!FltlibCopy(Find->Name, Name)) {
        HeapFree(GetProcessHeap(), 0, Find);
        return E_INVALIDARG;
    }
    Result = FltlibNext(Find, Class, Buffer, Size, Returned);
    if (FAILED(Result)) {
        HeapFree(GetProcessHeap(), 0, Find);
    } else {
        *Handle = Find;
    }
    return Result;
}

static HRESULT
FltlibEnd(HANDLE Handle)
{
    HeapFree(GetProcessHeap(), 0, Handle);
    return S_OK;
}

HRESULT WINAPI
FilterFindFirst(FILTER_INFORMATION_CLASS dwInformationClass, LPVOID lpBuffer, DWORD dwBufferSize,
                LPDWORD lpBytesReturned, LPHANDLE lpFilterFind)
{
    return FltlibFirst(FltpFindFilters, NULL, dwInformationClass, lpBuffer, dwBufferSize,
                       lpBytesReturned, lpFilterFind);
}

HRESULT WINAPI
FilterFindNext(HANDLE hFilterFind, FILTER_INFORMATION_CLASS dwInformationClass, LPVOID lpBuffer,
               DWORD dwBufferSize, LPDWORD lpBytesReturned)
{
    return FltlibNext(hFilterFind, dwInformationClass, lpBuffer, dwBufferSize, lpBytesReturned);
}

HRESULT WINAPI
FilterFindClose(HANDLE hFilterFind)
{
    return FltlibEnd(hFilterFind);
}

HRESULT WINAPI
FilterVolumeFindFirst(FILTER_VOLUME_INFORMATION_CLASS dwInformationClass, LPVOID lpBuffer,
                      DWORD dwBufferSize, LPDWORD lpBytesReturned, PHANDLE lpVolumeFind)
{
    return FltlibFirst(FltpFindVolumes, NULL, dwInformationClass, lpBuffer, dwBufferSize,
                       lpBytesReturned, lpVolumeFind);
}

HRESULT WINAPI
FilterVolumeFindNext(HANDLE hVolumeFind, FILTER_VOLUME_INFORMATION_CLASS dwInformationClass,
                     LPVOID lpBuffer, DWORD dwBufferSize, LPDWORD lpBytesReturned)
{
    return FltlibNext(hVolumeFind, dwInformationClass, lpBuffer, dwBufferSize, lpBytesReturned);
}

HRESULT WINAPI
FilterVolumeFindClose(HANDLE hVolumeFind)
{
    return FltlibEnd(hVolumeFind);
}

HRESULT WINAPI
FilterInstanceFindFirst(LPCWSTR lpFilterName, INSTANCE_INFORMATION_CLASS dwInformationClass,
                        LPVOID lpBuffer, DWORD dwBufferSize, LPDWORD lpBytesReturned,
                        LPHANDLE lpFilterInstanceFind)
{
    return FltlibFirst(FltpFindInstancesOfFilter, lpFilterName, dwInformationClass, lpBuffer,
                       dwBufferSize, lpBytesReturned, lpFilterInstanceFind);
}

HRESULT WINAPI
FilterInstanceFindNext(HANDLE hFilterInstanceFind, INSTANCE_INFORMATION_CLASS dwInformationClass,
                       LPVOID lpBuffer, DWORD dwBufferSize, LPDWORD lpBytesReturned)
{
    return FltlibNext(hFilterInstanceFind, dwInformationClass, lpBuffer, dwBufferSize,
                      lpBytesReturned);
}

HRESULT WINAPI
FilterInstanceFindClose(HANDLE hFilterInstanceFind)
{
    return FltlibEnd(hFilterInstanceFind);
}

HRESULT WINAPI
FilterVolumeInstanceFindFirst(LPCWSTR lpVolumeName, INSTANCE_INFORMATION_CLASS dwInformationClass,
                              LPVOID lpBuffer, DWORD dwBufferSize, LPDWORD lpBytesReturned,
                              LPHANDLE lpVolumeInstanceFind)
{
    return FltlibFirst(FltpFindInstancesOfVolume, lpVolumeName, dwInformationClass, lpBuffer,
                       dwBufferSize, lpBytesReturned, lpVolumeInstanceFind);
}

HRESULT WINAPI
FilterVolumeInstanceFindNext(HANDLE hVolumeInstanceFind,
                             INSTANCE_INFORMATION_CLASS dwInformationClass, LPVOID lpBuffer,
                             DWORD dwBufferSize, LPDWORD lpBytesReturned)
{
    return FltlibNext(hVolumeInstanceFind, dwInformationClass, lpBuffer, dwBufferSize,
                      lpBytesReturned);
}

HRESULT WINAPI
FilterVolumeInstanceFindClose(HANDLE hVolumeInstanceFind)
{
    return FltlibEnd(hVolumeInstanceFind);
}

/* A handle to a filter, or to an instance, is what finds it again. */
static HRESULT
FltlibHandle(ULONG Kind, LPCWSTR Filter, LPCWSTR Other, ULONG NameClass, PHANDLE Handle)
{
    union {
        FILTER_FULL_INFORMATION Filter;
        INSTANCE_FULL_INFORMATION Instance;
        UCHAR Bytes[4096];
    } Buffer;
    PFLTLIB_FIND Find = HeapAlloc(GetProcessHeap(), 0, sizeof(*Find));
    HRESULT Result;
    DWORD Returned;

    if (Find == NULL) {
        return E_OUTOFMEMORY;
    }
    Find->Kind = Kind;
    Find->Next = 0;
    FltlibCopy(Find->Name, Kind == FltpFindFilters ? NULL : Filter);
    for (;;) {
        UNICODE_STRING Name, Wanted;

        Result = FltlibNext(Find, NameClass, &Buffer, sizeof(Buffer), &Returned);
        if (FAILED(Result)) {
            HeapFree(GetProcessHeap(), 0, Find);
            return Result == HRESULT_FROM_WIN32(ERROR_NO_MORE_ITEMS)
                       ? (HRESULT)(Kind == FltpFindFilters ? 0x801F0013 : 0x801F0015)
                       : Result;
        }
        RtlInitUnicodeString(&Wanted, Other);
        if (Kind == FltpFindFilters) {
            Name.Buffer = Buffer.Filter.FilterNameBuffer;
            Name.Length = Name.MaximumLength = Buffer.Filter.FilterNameLength;
        } else {
            Name.Buffer = (PWSTR)(Buffer.Bytes + Buffer.Instance.VolumeNameBufferOffset);
            Name.Length = Name.MaximumLength = Buffer.Instance.VolumeNameLength;
        }
        if (RtlEqualUnicodeString(&Name, &Wanted, TRUE)) {
            Find->Next--; /* it stays at this one */
            *Handle = Find;
            return S_OK;
        }
    }
}

HRESULT WINAPI
FilterCreate(LPCWSTR lpFilterName, HFILTER *hFilter)
{
    return FltlibHandle(FltpFindFilters, NULL, lpFilterName, FilterFullInformation, hFilter);
}

HRESULT WINAPI
FilterClose(HFILTER hFilter)
{
    return FltlibEnd(hFilter);
}

HRESULT WINAPI
FilterInstanceCreate(LPCWSTR lpFilterName, LPCWSTR lpVolumeName, LPCWSTR lpInstanceName,
                     HFILTER_INSTANCE *hInstance)
{
    return FltlibHandle(FltpFindInstancesOfFilter, lpFilterName, lpVolumeName,
                        InstanceFullInformation, hInstance);
}

HRESULT WINAPI
FilterInstanceClose(HFILTER_INSTANCE hInstance)
{
    return FltlibEnd(hInstance);
}

static HRESULT
FltlibSame(HANDLE Handle, ULONG Class, LPVOID Buffer, DWORD Size, LPDWORD Returned)
{
    FLTLIB_FIND Copy = *(PFLTLIB_FIND)Handle;

    return FltlibNext(&Copy, Class, Buffer, Size, Returned);
}

HRESULT WINAPI
FilterGetInformation(HFILTER hFilter, FILTER_INFORMATION_CLASS dwInformationClass, LPVOID lpBuffer,
                     DWORD dwBufferSize, LPDWORD lpBytesReturned)
{
    return FltlibSame(hFilter, dwInformationClass, lpBuffer, dwBufferSize, lpBytesReturned);
}

HRESULT WINAPI
FilterInstanceGetInformation(HFILTER_INSTANCE hInstance,
                             INSTANCE_INFORMATION_CLASS dwInformationClass, LPVOID lpBuffer,
                             DWORD dwBufferSize, LPDWORD lpBytesReturned)
{
    return FltlibSame(hInstance, dwInformationClass, lpBuffer, dwBufferSize, lpBytesReturned);
}

/* ---- ports ---- */

HRESULT WINAPI
FilterConnectCommunicationPort(LPCWSTR lpPortName, DWORD dwOptions, LPCVOID lpContext,
                               WORD wSizeOfContext, LPSECURITY_ATTRIBUTES lpSecurityAttributes,
                               HANDLE *hPort)
{
    struct {
        ULONG NextEntryOffset;
        UCHAR Flags;
        UCHAR EaNameLength;
        USHORT EaValueLength;
        CHAR EaName[8];
        PUNICODE_STRING PortName;
        PVOID PortName64;
        USHORT SizeOfContext;
        UCHAR Padding[6];
        UCHAR Context[];
    } *Ea;
    ULONG Length = sizeof(*Ea) + wSizeOfContext;
    UNICODE_STRING Name;
    NTSTATUS Status;

    *hPort = INVALID_HANDLE_VALUE;
    if ((lpContext == NULL) != (wSizeOfContext == 0) ||
        (dwOptions & ~FLT_PORT_FLAG_SYNC_HANDLE) != 0) {
        return E_INVALIDARG;
    }
    if (wSizeOfContext >= 0xFFE8) {
        return HRESULT_FROM_WIN32(ERROR_ARITHMETIC_OVERFLOW);
    }
    Ea = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, Length);
    if (Ea == NULL) {
        return E_OUTOFMEMORY;
    }
    RtlInitUnicodeString(&Name, lpPortName);
    Ea->EaNameLength = 7;
    Ea->EaValueLength = (USHORT)(0x18 + wSizeOfContext);
    memcpy(Ea->EaName, "FLTPORT", 8);
    Ea->PortName = &Name;
    Ea->PortName64 = NULL;
    Ea->SizeOfContext = wSizeOfContext;
    memcpy(Ea->Context, lpContext, wSizeOfContext);
    Status = FltlibOpen(L"\\FileSystem\\Filters\\FltMgrMsg", Ea, Length,
                        dwOptions & FLT_PORT_FLAG_SYNC_HANDLE ? FILE_SYNCHRONOUS_IO_NONALERT : 0,
                        lpSecurityAttributes, hPort);
    HeapFree(GetProcessHeap(), 0, Ea);
    if (!NT_SUCCESS(Status)) {
        *hPort = INVALID_HANDLE_VALUE;
    }
    return FltlibResult(Status);
}

/* Waits, whatever kind of handle it is. */
static NTSTATUS
FltlibPort(HANDLE Port, ULONG Code, LPVOID In, DWORD InLength, LPVOID Out, DWORD OutLength,
           LPDWORD Returned)
{
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;
    HANDLE Event = CreateEventW(NULL, TRUE, FALSE, NULL);

    if (Event == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Iosb.Information = 0;
    Status =
        NtDeviceIoControlFile(Port, Event, NULL, NULL, &Iosb, Code, In, InLength, Out, OutLength);
    if (Status == STATUS_PENDING) {
        WaitForSingleObject(Event, INFINITE);
        Status = Iosb.Status;
    }
    NtClose(Event);
    if (Returned != NULL) {
        *Returned = (DWORD)Iosb.Information;
    }
    return Status;
}

HRESULT WINAPI
FilterSendMessage(HANDLE hPort, LPVOID lpInBuffer, DWORD dwInBufferSize, LPVOID lpOutBuffer,
                  DWORD dwOutBufferSize, LPDWORD lpBytesReturned)
{
    return FltlibResult(FltlibPort(hPort, IOCTL_FLT_SEND_MESSAGE, lpInBuffer, dwInBufferSize,
                                   lpOutBuffer, dwOutBufferSize, lpBytesReturned));
}

HRESULT WINAPI
FilterGetMessage(HANDLE hPort, PFILTER_MESSAGE_HEADER lpMessageBuffer, DWORD dwMessageBufferSize,
                 LPOVERLAPPED lpOverlapped)
{
    NTSTATUS Status;

    if (lpOverlapped == NULL) {
        Status = FltlibPort(hPort, IOCTL_FLT_GET_MESSAGE, NULL, 0, lpMessageBuffer,
                            dwMessageBufferSize, NULL);
    } else {
        HANDLE Event = (HANDLE)((ULONG_PTR)lpOverlapped->hEvent & ~(ULONG_PTR)1);

        lpOverlapped->Internal = STATUS_PENDING;
        Status = NtDeviceIoControlFile(
            hPort, Event, NULL, (ULONG_PTR)lpOverlapped->hEvent & 1 ? NULL : (PVOID)lpOverlapped,
            (PIO_STATUS_BLOCK)lpOverlapped, IOCTL_FLT_GET_MESSAGE, NULL, 0, lpMessageBuffer,
            dwMessageBufferSize);
        if (NT_SUCCESS(Status)) {
            Status = STATUS_PENDING; /* delivered already: the event and the port say so */
        }
    }
    return FltlibResult(Status);
}

HRESULT WINAPI
FilterReplyMessage(HANDLE hPort, PFILTER_REPLY_HEADER lpReplyBuffer, DWORD dwReplyBufferSize)
{
    return FltlibResult(FltlibPort(hPort, IOCTL_FLT_REPLY_MESSAGE, lpReplyBuffer, dwReplyBufferSize,
                                   NULL, 0, NULL));
}

/* \Device\HarddiskVolume1 as C: */
HRESULT WINAPI
FilterGetDosName(LPCWSTR lpVolumeName, LPWSTR lpDosName, DWORD dwDosNameBufferSize)
{
    WCHAR Drive[3] = L"A:", Target[MAX_PATH];

    for (; Drive[0] <= L'Z'; Drive[0]++) {
        if (QueryDosDeviceW(Drive, Target, MAX_PATH) != 0 && lstrcmpiW(Target, lpVolumeName) == 0) {
            if (dwDosNameBufferSize < 3) {
                return HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER);
            }
            memcpy(lpDosName, Drive, sizeof(Drive));
            return S_OK;
        }
    }
    return HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
}

BOOL WINAPI
DllMain(HINSTANCE Instance, DWORD Reason, LPVOID Reserved)
{
    return TRUE;
}
