/*
 * language.c - what public sources take for granted of compiler and libraries: headers in any case, SAL, alloc_text,
 * comment pragmas, short names of structured exceptions, routines without NTAPI, a header that defines a variable, WPP,
 * resources in the list of sources, safe strings, wdmsec and aux_klib as static libraries, C++.
 */
#include <NtDDK.h>
#include <NTStrSafe.h>
#include <WdmSec.h>
#include <aux_klib.h>
#include "language.h"
#include "inline.h"
#include "language.tmh"

#pragma comment(lib, "wdmsec.lib")
#pragma warning(disable : 4201 4214)
#pragma prefast(disable : 28146, "not here")

DRIVER_INITIALIZE DriverEntry;
_Dispatch_type_(IRP_MJ_CREATE) _Dispatch_type_(IRP_MJ_CLOSE) DRIVER_DISPATCH Dispatch;
DRIVER_UNLOAD Unload;
void InCpp(void);

#ifdef ALLOC_PRAGMA
#pragma alloc_text(INIT, DriverEntry)
#pragma alloc_text(PAGE, Unload)
#endif

_Use_decl_annotations_ VOID
Unload(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\Language");

    PAGED_CODE();
    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(DriverObject->DeviceObject);
    TraceEvents(TRACE_LEVEL_INFORMATION, A, "gone %d", 3);
    WPP_CLEANUP(DriverObject);
}

_Use_decl_annotations_ NTSTATUS
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UNREFERENCED_PARAMETER(DeviceObject);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

VOID
Differs(_Inout_ struct differs *Context, _In_ USHORT Type)
{
    Context->Steps += Type;
}

static ULONG
Exceptions(void)
{
    volatile ULONG Steps = 0;
    LIST_ENTRY List;

    try {
        try {
            InitializeListHead(&List);
            Steps |= IsListEmpty(&List);
            Steps |= InlineStatic(InlineMacro(InlineForcedAlone(InlineForced(InlinePlain(1)))))
                     << 8;
            if (Shared == 0) {
                leave;
            }
            Steps |= 2;
        } finally {
            Steps |= AbnormalTermination() ? 4 : 8;
        }
        ExRaiseStatus(STATUS_DISK_FULL);
    }
    except(GetExceptionCode() == STATUS_DISK_FULL ? EXCEPTION_EXECUTE_HANDLER
                                                  : EXCEPTION_CONTINUE_SEARCH)
    {
        Steps |= 16;
    }
    return Steps;
}

static void
Strings(void)
{
    WCHAR Wide[8];
    CHAR Narrow[8], *End;
    size_t Length, Left;
    DECLARE_UNICODE_STRING_SIZE(Counted, 6);
    NTSTATUS Status[8];

    Status[0] = RtlStringCbPrintfW(Wide, sizeof(Wide), L"%d%ws", 12, L"345");
    Status[1] = RtlStringCbCatW(Wide, sizeof(Wide), L"6789");
    Status[2] = RtlStringCchCopyA(Narrow, 8, "abc");
    Status[3] = RtlStringCchCopyExA(Narrow, 8, "abcd", &End, &Left, STRSAFE_FILL_BEHIND_NULL);
    Status[4] = RtlStringCchLengthA(Narrow, 3, &Length);
    Status[5] = RtlUnicodeStringPrintf(&Counted, L"%s%d", L"12345", 678);
    DbgPrint("strings %ws %s %zu %Iu %wZ %x %x %x %x %x %x\n", Wide, Narrow, Left,
             (size_t)(End - Narrow), &Counted, Status[0], Status[1], Status[2], Status[3],
             Status[4], Status[5]);
}

NTSTATUS
DriverEntry(_In_ PDRIVER_OBJECT DriverObject, _In_ PUNICODE_STRING RegistryPath)
{
    static const GUID Class = {0x6ad5f0a2, 0x1a3c, 0x4d3c, {1, 2, 3, 4, 5, 6, 7, 8}};
    DECLARE_CONST_UNICODE_STRING(Bad, L"D:P(D;;GA;;;SY)");
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\Language");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\Language");
    PAUX_MODULE_EXTENDED_INFO Modules;
    PDEVICE_OBJECT Device;
    struct differs Different = {4};
    ULONG Size = 0, i;
    NTSTATUS Status;

    WPP_INIT_TRACING(DriverObject, RegistryPath);
    ExInitializeDriverRuntime(DrvRtPoolNxOptIn);
    DbgPrint("exceptions %x\n", Exceptions());
    Differs(&Different, 3);
    DbgPrint("differs %lu\n", Different.Steps);
    Shared = 1;
    DbgPrint("exceptions %x\n", Exceptions());
    Strings();
    InCpp();
    DbgPrint("shared %u\n", Shared);

    Status = AuxKlibInitialize();
    if (NT_SUCCESS(Status)) {
        Status = AuxKlibQueryModuleInformation(&Size, sizeof(*Modules), NULL);
    }
    Modules = ExAllocatePoolZero(PagedPool, Size, 'gnaL');
    if (NT_SUCCESS(Status) && Modules != NULL) {
        Status = AuxKlibQueryModuleInformation(&Size, sizeof(*Modules), Modules);
        for (i = 0; NT_SUCCESS(Status) && i < Size / sizeof(*Modules); i++) {
            PCSTR File = (PCSTR)Modules[i].FullPathName + Modules[i].FileNameOffset;

            if (_stricmp(File, "language.sys") == 0) {
                DbgPrint("module %s exports %d\n", File,
                         AuxKlibGetImageExportDirectory(Modules[i].BasicInfo.ImageBase) != NULL);
            }
        }
        ExFreePoolWithTag(Modules, 'gnaL');
    }

    Status = IoCreateDeviceSecure(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN,
                                  FILE_DEVICE_SECURE_OPEN, FALSE, &Bad, &Class, &Device);
    DbgPrint("a deny entry %x\n", Status);
    Status =
        IoCreateDeviceSecure(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN,
                             FALSE, &SDDL_DEVOBJ_SYS_ALL_ADM_ALL, &Class, &Device);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    DriverObject->MajorFunction[IRP_MJ_CREATE] = DriverObject->MajorFunction[IRP_MJ_CLOSE] =
        DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Dispatch;
    DriverObject->DriverUnload = Unload;
    return IoCreateSymbolicLink(&Link, &Name);
}
