/*
 * A minifilter to begin with: it sees opens, and lets them pass. With it goes minifilter.inf.
 *
 *     cmake -B build -DCMAKE_TOOLCHAIN_FILE=NTLAB/sdk/cmake/ntlab.cmake && cmake --build build
 *     NTLAB/build/ntlab run build/minifilter.sys -- client.exe
 */
#include <FltKernel.h>
#include <dontuse.h>
#include <suppress.h>

#pragma prefast(disable : __WARNING_ENCODE_MEMBER_FUNCTION_POINTER, "not a member")

DRIVER_INITIALIZE DriverEntry;
static PFLT_FILTER Filter;

_Function_class_(PFLT_FILTER_UNLOAD_CALLBACK)
    _IRQL_requires_max_(PASSIVE_LEVEL) static NTSTATUS FLTAPI
    Unload(_In_ FLT_FILTER_UNLOAD_FLAGS Flags)
{
    UNREFERENCED_PARAMETER(Flags);
    PAGED_CODE();
    FltUnregisterFilter(Filter);
    return STATUS_SUCCESS;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCreate(_Inout_ PFLT_CALLBACK_DATA Data, _In_ PCFLT_RELATED_OBJECTS FltObjects,
          _Flt_CompletionContext_Outptr_ PVOID *CompletionContext)
{
    PFLT_FILE_NAME_INFORMATION Name;

    UNREFERENCED_PARAMETER(FltObjects);
    *CompletionContext = NULL;
    if (NT_SUCCESS(FltGetFileNameInformation(
            Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &Name))) {
        DbgPrint("minifilter: %wZ\n", &Name->Name);
        FltReleaseFileNameInformation(Name);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {{IRP_MJ_CREATE, 0, PreCreate, NULL},
                                                        {IRP_MJ_OPERATION_END}};

static const FLT_REGISTRATION Registration = {
    sizeof(FLT_REGISTRATION), FLT_REGISTRATION_VERSION, 0, NULL, Operations, Unload};

#pragma alloc_text(INIT, DriverEntry)
#pragma alloc_text(PAGE, Unload)

NTSTATUS
DriverEntry(_In_ PDRIVER_OBJECT DriverObject, _In_ PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(RegistryPath);
    ExInitializeDriverRuntime(DrvRtPoolNxOptIn);
    Status = FltRegisterFilter(DriverObject, &Registration, &Filter);
    if (NT_SUCCESS(Status)) {
        Status = FltStartFiltering(Filter);
        if (!NT_SUCCESS(Status)) {
            FltUnregisterFilter(Filter);
        }
    }
    return Status;
}
