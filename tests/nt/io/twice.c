/*
 * twice.c - two threads unload one driver at the same time: its Unload is called once, and the other is told that the driver is
 * about to go or gone. [DDI:wdm/zwunloaddriver; nt-semantics 6.2]
 */
#include "../ntlab-test.h"

#define ROUNDS 20

static UNICODE_STRING Target = RTL_CONSTANT_STRING(
    L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\io-twice-imaged");
static KEVENT Go;
static NTSTATUS Said[2];

static VOID NTAPI
Unloader(PVOID Which)
{
    KeWaitForSingleObject(&Go, Executive, KernelMode, FALSE, NULL);
    Said[(ULONG_PTR)Which] = ZwUnloadDriver(&Target);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
UnloadedOnce(VOID)
{
    HANDLE Thread[2];

    for (ULONG Round = 0; Round < ROUNDS; Round++) {
        NTSTATUS Status = ZwLoadDriver(&Target);

        EXPECT(NT_SUCCESS(Status) || Status == STATUS_IMAGE_ALREADY_LOADED);
        KeInitializeEvent(&Go, NotificationEvent, FALSE);
        for (ULONG_PTR i = 0; i < 2; i++) {
            PsCreateSystemThread(&Thread[i], THREAD_ALL_ACCESS, NULL, NULL, NULL, Unloader,
                                 (PVOID)i);
        }
        KeSetEvent(&Go, 0, FALSE);
        for (ULONG i = 0; i < 2; i++) {
            ZwWaitForSingleObject(Thread[i], FALSE, NULL);
            ZwClose(Thread[i]);
        }
        EXPECT(NT_SUCCESS(Said[0]) != NT_SUCCESS(Said[1]));
        Status = NT_SUCCESS(Said[0]) ? Said[1] : Said[0];
        EXPECT(Status == STATUS_DELETE_PENDING || Status == STATUS_OBJECT_NAME_NOT_FOUND);
    }
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    static const NTLAB_TEST Tests[] = {TEST(UnloadedOnce)};

    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
