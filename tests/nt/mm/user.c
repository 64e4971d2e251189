/*
 * user.c - a driver and the memory of the process that calls it: sections and their views, copies between processes, secured
 * ranges, locked pages of another process; and the rarer system allocations.
 * [DDI:ntifs/mmmapviewinsystemspace], [DDI:ntifs/mmcreatesection] by ZwCreateSection's page, [DDI:ntddk/mmcopymemory],
 * [DDI:ntddk/mmsecurevirtualmemory], [DDI:ntddk/mmunsecurevirtualmemory], [DDI:ntddk/mmprobeandlockprocesspages],
 * [DDI:wdm/mmallocatemappingaddress], [DDI:wdm/mmallocatecontiguousmemoryspecifycache], [DDI:wdm/mmcreatemdl],
 * [DDI:wdm/mmmapiospace], [DDI:ntddk/mmgetphysicalmemoryranges], [DDI:wdm/mmprotectmdlsystemaddress]
 */
#include "../ntlab-test.h"

NTKERNELAPI NTSTATUS NTAPI MmCreateSection(PVOID *, ACCESS_MASK, POBJECT_ATTRIBUTES, PLARGE_INTEGER,
                                           ULONG, ULONG, HANDLE, PFILE_OBJECT);
NTKERNELAPI NTSTATUS NTAPI MmMapViewOfSection(PVOID, PEPROCESS, PVOID *, ULONG_PTR, SIZE_T,
                                              PLARGE_INTEGER, PSIZE_T, SECTION_INHERIT, ULONG,
                                              ULONG);
NTKERNELAPI NTSTATUS NTAPI MmUnmapViewOfSection(PEPROCESS, PVOID);
NTKERNELAPI NTSTATUS NTAPI MmMapViewInSystemSpace(PVOID, PVOID *, PSIZE_T);
NTKERNELAPI NTSTATUS NTAPI MmUnmapViewInSystemSpace(PVOID);
NTKERNELAPI NTSTATUS NTAPI MmCopyVirtualMemory(PEPROCESS, PVOID, PEPROCESS, PVOID, SIZE_T,
                                               KPROCESSOR_MODE, PSIZE_T);
NTKERNELAPI HANDLE NTAPI MmSecureVirtualMemory(PVOID, SIZE_T, ULONG);
NTKERNELAPI VOID NTAPI MmUnsecureVirtualMemory(HANDLE);
NTKERNELAPI VOID NTAPI MmProbeAndLockProcessPages(PMDL, PEPROCESS, KPROCESSOR_MODE, LOCK_OPERATION);
NTKERNELAPI PVOID NTAPI MmGetVirtualForPhysical(PHYSICAL_ADDRESS);

NTSYSAPI NTSTATUS NTAPI ZwProtectVirtualMemory(HANDLE, PVOID *, PSIZE_T, ULONG, PULONG);
typedef union _FROM {
    PVOID VirtualAddress;
    PHYSICAL_ADDRESS PhysicalAddress;
} FROM;            /* MM_COPY_ADDRESS */
#define PHYSICAL 1 /* MM_COPY_MEMORY_PHYSICAL */
#define VIRTUAL  2 /* MM_COPY_MEMORY_VIRTUAL */
NTKERNELAPI NTSTATUS NTAPI MmCopyMemory(PVOID, FROM, SIZE_T, ULONG, PSIZE_T);

NTKERNELAPI PVOID NTAPI MmAllocateContiguousNodeMemory(SIZE_T, PHYSICAL_ADDRESS, PHYSICAL_ADDRESS,
                                                       PHYSICAL_ADDRESS, ULONG, ULONG);
NTKERNELAPI PVOID NTAPI MmMapIoSpaceEx(PHYSICAL_ADDRESS, SIZE_T, ULONG);

static PEPROCESS Me;
static PVOID Section;

static PUCHAR
Allocate(SIZE_T Size, ULONG Protection)
{
    PVOID Base = NULL;

    EXPECT_STATUS(ZwAllocateVirtualMemory(ZwCurrentProcess(), &Base, 0, &Size,
                                          MEM_RESERVE | MEM_COMMIT, Protection),
                  STATUS_SUCCESS);
    return Base;
}

static NTSTATUS
Protect(PUCHAR Base, SIZE_T Size, ULONG Protection)
{
    PVOID Start = Base;
    ULONG Old;

    return ZwProtectVirtualMemory(ZwCurrentProcess(), &Start, &Size, Protection, &Old);
}

static NTSTATUS
Free(PUCHAR Base)
{
    PVOID Start = Base;
    SIZE_T Size = 0;

    return ZwFreeVirtualMemory(ZwCurrentProcess(), &Start, &Size, MEM_RELEASE);
}

/* The same pages, seen by the process and by the system. */
static VOID
Views(VOID)
{
    LARGE_INTEGER Size = {.QuadPart = 0x3000}, Offset = {.QuadPart = 0};
    PVOID Base = NULL, Second = NULL, System = NULL;
    SIZE_T View = 0, SystemView = 0;

    EXPECT_STATUS(MmCreateSection(&Section, SECTION_ALL_ACCESS, NULL, &Size, PAGE_READWRITE,
                                  SEC_COMMIT, NULL, NULL),
                  STATUS_SUCCESS);
    EXPECT_STATUS(
        MmMapViewOfSection(Section, Me, &Base, 0, 0, &Offset, &View, ViewUnmap, 0, PAGE_READWRITE),
        STATUS_SUCCESS);
    EXPECT(View == 0x3000 && Base <= MmHighestUserAddress);
    EXPECT_STATUS(MmMapViewInSystemSpace(Section, &System, &SystemView), STATUS_SUCCESS);
    EXPECT(SystemView == 0x3000 && System > MmHighestUserAddress);
    *(PULONG)Base = 0x11223344;
    EXPECT_EQ(*(PULONG)System, 0x11223344);
    ((PULONG)System)[0x2FFC / 4] = 7;
    EXPECT_EQ(((PULONG)Base)[0x2FFC / 4], 7);
    SystemView = 1; /* rounded up */
    EXPECT_STATUS(MmMapViewInSystemSpace(Section, &Second, &SystemView), STATUS_SUCCESS);
    EXPECT_EQ(SystemView, 0x1000);
    EXPECT_EQ(*(PULONG)Second, 0x11223344);
    EXPECT_STATUS(MmUnmapViewInSystemSpace(Second), STATUS_SUCCESS);
    SystemView = 0x4000;
    EXPECT_STATUS(MmMapViewInSystemSpace(Section, &Second, &SystemView), STATUS_INVALID_VIEW_SIZE);
    EXPECT_STATUS(MmUnmapViewOfSection(Me, Base), STATUS_SUCCESS);
    EXPECT_STATUS(MmUnmapViewOfSection(Me, Base), STATUS_NOT_MAPPED_VIEW);
    EXPECT(!MmIsAddressValid(Base));
    Base = NULL; /* what was written stays */
    EXPECT_STATUS(
        MmMapViewOfSection(Section, Me, &Base, 0, 0, &Offset, &View, ViewUnmap, 0, PAGE_READONLY),
        STATUS_SUCCESS);
    EXPECT_EQ(*(PULONG)Base, 0x11223344);
    EXPECT_RAISES(*(volatile ULONG *)Base = 1, STATUS_ACCESS_VIOLATION);
    EXPECT_STATUS(MmUnmapViewOfSection(Me, Base), STATUS_SUCCESS);
    EXPECT_STATUS(MmUnmapViewInSystemSpace(System), STATUS_SUCCESS);
    EXPECT_STATUS(MmUnmapViewInSystemSpace(System), STATUS_NOT_MAPPED_VIEW);
    ObDereferenceObject(Section);
    Size.QuadPart = 0;
    EXPECT_STATUS(MmCreateSection(&Section, SECTION_ALL_ACCESS, NULL, &Size, PAGE_READWRITE,
                                  SEC_COMMIT, NULL, NULL),
                  STATUS_INVALID_PARAMETER_4);
}

static VOID
Copies(VOID)
{
    PUCHAR User = Allocate(0x2000, PAGE_READWRITE);
    UCHAR Local[16] = "0123456789abcde";
    FROM From;
    SIZE_T Done = 99;

    EXPECT_STATUS(MmCopyVirtualMemory(Me, Local, Me, User + 0xFF8, 16, KernelMode, &Done),
                  STATUS_SUCCESS);
    EXPECT_EQ(Done, 16);
    EXPECT(RtlEqualMemory(User + 0xFF8, Local, 16));
    User[0xFF8] = 'X';
    EXPECT_STATUS(MmCopyVirtualMemory(Me, User + 0xFF8, Me, Local, 16, KernelMode, &Done),
                  STATUS_SUCCESS);
    EXPECT(Local[0] == 'X' && Local[15] == 0);
    EXPECT_STATUS(MmCopyVirtualMemory(Me, User, Me, User + 0x1000, 8, UserMode, &Done),
                  STATUS_SUCCESS);
    EXPECT_EQ(Done, 8);
    EXPECT_STATUS(MmCopyVirtualMemory(Me, User, Me, Local, 8, UserMode, &Done),
                  STATUS_ACCESS_VIOLATION); /* for user mode, kernel addresses are none */
    EXPECT_EQ(Done, 0);
    EXPECT_STATUS(MmCopyVirtualMemory(Me, User, Me, Local, 0, KernelMode, &Done), STATUS_SUCCESS);
    EXPECT_EQ(Done, 0);
    From.VirtualAddress = Local;
    EXPECT_STATUS(MmCopyMemory(User + 0x10, From, 16, VIRTUAL, &Done), STATUS_SUCCESS);
    EXPECT(Done == 16 && RtlEqualMemory(User + 0x10, Local, 16));
    From.PhysicalAddress = MmGetPhysicalAddress(Local);
    EXPECT(From.PhysicalAddress.QuadPart != 0);
    EXPECT_STATUS(MmCopyMemory(User + 0x20, From, 8, PHYSICAL, &Done), STATUS_SUCCESS);
    EXPECT(Done == 8 && RtlEqualMemory(User + 0x20, Local, 8));
    EXPECT_EQ(User[0x28], 0);
    EXPECT_STATUS(MmCopyMemory(User, From, 8, 0, &Done), STATUS_INVALID_PARAMETER_4);
    EXPECT_STATUS(MmCopyMemory(User, From, 8, 3, &Done), STATUS_INVALID_PARAMETER_4);
    From.VirtualAddress = (PVOID)0x0000600000000000; /* nothing is there */
    EXPECT_STATUS(MmCopyMemory(User, From, 8, VIRTUAL, &Done), STATUS_INVALID_ADDRESS);
    EXPECT_EQ(Done, 0);
    EXPECT_STATUS(Free(User), STATUS_SUCCESS);
}

static VOID
Secured(VOID)
{
    PUCHAR User = Allocate(0x3000, PAGE_READWRITE);
    HANDLE Secure, Again;

    Secure = MmSecureVirtualMemory(User, 0x2000, PAGE_READWRITE);
    EXPECT(Secure != NULL);
    EXPECT(!NT_SUCCESS(Protect(User, 0x1000, PAGE_READONLY)));
    EXPECT(!NT_SUCCESS(Protect(User, 0x1000, PAGE_NOACCESS)));
    EXPECT(!NT_SUCCESS(Free(User)));
    Again = MmSecureVirtualMemory(User, 0x1000, PAGE_READONLY);
    EXPECT(Again != NULL);
    MmUnsecureVirtualMemory(Again);
    EXPECT(!NT_SUCCESS(Free(User))); /* the other holds */
    MmUnsecureVirtualMemory(Secure);
    EXPECT_STATUS(Protect(User, 0x1000, PAGE_READONLY), STATUS_SUCCESS);
    EXPECT_EQ(MmSecureVirtualMemory(User, 0x1000, PAGE_READWRITE), NULL); /* not writable now */
    Secure = MmSecureVirtualMemory(User, 0x1000, PAGE_READONLY);
    EXPECT(Secure != NULL);
    EXPECT(!NT_SUCCESS(Protect(User, 0x1000, PAGE_NOACCESS)));
    EXPECT_STATUS(Protect(User, 0x1000, PAGE_READWRITE), STATUS_SUCCESS); /* more is no harm */
    MmUnsecureVirtualMemory(Secure);
    EXPECT_STATUS(Free(User), STATUS_SUCCESS);
    EXPECT_EQ(MmSecureVirtualMemory(User, 0x1000, PAGE_READONLY), NULL);
    EXPECT_EQ(MmSecureVirtualMemory(&Secure, 8, PAGE_READONLY), NULL); /* not of the user's */
}

/* Every page is tried: to be written, not to be read. [DDI:wdm/probeforwrite] */
static VOID
Probes(VOID)
{
    PUCHAR User = Allocate(0x3000, PAGE_READWRITE);

    User[0x1FFF] = 0x5A;
    EXPECT_RAISES(ProbeForWrite(User, 0x3000, 8), STATUS_SUCCESS);
    EXPECT_EQ(User[0x1FFF], 0x5A); /* and nothing is changed */
    EXPECT_RAISES(ProbeForWrite(User + 4, 8, 8), STATUS_DATATYPE_MISALIGNMENT);
    EXPECT_RAISES(ProbeForWrite(User + 4, 8, 4), STATUS_SUCCESS);
    EXPECT_STATUS(Protect(User + 0x2000, 0x1000, PAGE_READONLY), STATUS_SUCCESS);
    EXPECT_RAISES(ProbeForWrite(User, 0x2000, 1), STATUS_SUCCESS);
    EXPECT_RAISES(ProbeForWrite(User + 0xFFF, 0x1002, 1), STATUS_ACCESS_VIOLATION);
    EXPECT_RAISES(ProbeForWrite(User + 0x2000, 1, 1), STATUS_ACCESS_VIOLATION);
    EXPECT_RAISES(ProbeForRead(User + 0x2000, 1, 1), STATUS_SUCCESS);
    EXPECT_RAISES(ProbeForWrite(User + 0x2000, 0, 1), STATUS_SUCCESS); /* nothing to write */
    EXPECT_RAISES(ProbeForWrite(&Me, 8, 1), STATUS_ACCESS_VIOLATION);  /* the system's */
    EXPECT_RAISES(ProbeForRead(&Me, 8, 1), STATUS_ACCESS_VIOLATION);
    EXPECT_STATUS(Free(User), STATUS_SUCCESS);
}

static VOID
Mdls(VOID)
{
    PUCHAR User = Allocate(0x2000, PAGE_READWRITE);
    PMDL Mdl = MmCreateMdl(NULL, User + 0x10, 0x1800);
    PUCHAR Mapped;

    EXPECT(Mdl != NULL);
    EXPECT_EQ(MmGetMdlByteCount(Mdl), 0x1800);
    EXPECT_EQ(MmGetMdlByteOffset(Mdl), 0x10);
    EXPECT_EQ(MmGetMdlVirtualAddress(Mdl), User + 0x10);
    EXPECT_EQ(MmSizeOfMdl(User + 0xFFF, 2), sizeof(MDL) + 2 * sizeof(PFN_NUMBER));
    EXPECT_EQ(MmSizeOfMdl(User, 0x1000), sizeof(MDL) + sizeof(PFN_NUMBER));
    EXPECT_STATUS(MmProtectMdlSystemAddress(Mdl, PAGE_READONLY), STATUS_NOT_MAPPED_VIEW);
    MmProbeAndLockProcessPages(Mdl, Me, UserMode, IoWriteAccess);
    EXPECT(Mdl->MdlFlags & MDL_PAGES_LOCKED);
    EXPECT_EQ(Mdl->Process, Me);
    Mapped = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
    Mapped[0] = 0x5A;
    EXPECT_EQ(User[0x10], 0x5A);
    MmUnlockPages(Mdl);
    EXPECT(!(Mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA)));
    EXPECT_STATUS(Protect(User, 0x1000, PAGE_READONLY), STATUS_SUCCESS);
    EXPECT_RAISES(MmProbeAndLockProcessPages(Mdl, Me, UserMode, IoWriteAccess),
                  STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(PsGetCurrentProcess(), Me); /* back in our own process */
    EXPECT(!(Mdl->MdlFlags & MDL_PAGES_LOCKED));
    EXPECT_EQ(MmCreateMdl(Mdl, User, 0x20), Mdl); /* in memory that is given */
    EXPECT_EQ(MmGetMdlByteCount(Mdl), 0x20);
    ExFreePool(Mdl);
    EXPECT_STATUS(Free(User), STATUS_SUCCESS);
}

static VOID
System(VOID)
{
    PHYSICAL_ADDRESS Low = {.QuadPart = 0}, High = {.QuadPart = -1}, None = {.QuadPart = 0}, Where,
                     Boundary = {.QuadPart = 0x4000}, Device = {.QuadPart = 0xFEB00010};
    PPHYSICAL_MEMORY_RANGE Ranges;
    PUCHAR Block, Other;
    PMDL Mdl;

    Block = MmAllocateContiguousMemorySpecifyCache(0x3000, Low, High, Boundary, MmCached);
    EXPECT(Block != NULL && ((ULONG_PTR)Block & (PAGE_SIZE - 1)) == 0);
    Where = MmGetPhysicalAddress(Block);
    EXPECT_EQ(MmGetPhysicalAddress(Block + 0x2FFF).QuadPart, Where.QuadPart + 0x2FFF);
    EXPECT_EQ(Where.QuadPart / 0x4000, (Where.QuadPart + 0x2FFF) / 0x4000); /* crosses none */
    EXPECT_EQ(MmGetVirtualForPhysical(Where), Block);
    RtlFillMemory(Block, 0x3000, 0x77);
    MmFreeContiguousMemorySpecifyCache(Block, 0x3000, MmCached);
    EXPECT(!MmIsAddressValid(Block));
    Block = MmAllocateContiguousMemorySpecifyCacheNode(0x1000, Low, High, None, MmNonCached,
                                                       MM_ANY_NODE_OK);
    EXPECT(Block != NULL);
    MmFreeContiguousMemory(Block);
    Block = MmAllocateContiguousNodeMemory(0x1000, Low, High, None, PAGE_READWRITE, MM_ANY_NODE_OK);
    EXPECT(Block != NULL);
    Block[0xFFF] = 1;
    MmFreeContiguousMemory(Block);
    Mdl = MmAllocatePagesForMdl(Low, High, None, 0x1800);
    EXPECT(Mdl != NULL && MmGetMdlByteCount(Mdl) == 0x2000);
    Block = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);
    EXPECT(Block != NULL && Block[0] == 0 && Block[0x1FFF] == 0); /* zeroed */
    MmFreePagesFromMdl(Mdl);
    ExFreePool(Mdl);
    EXPECT_EQ(MmAllocatePagesForMdl(Low, High, None, 0), NULL);
    /* a device's registers: the same page is the same memory */
    Block = MmMapIoSpace(Device, 8, MmNonCached);
    EXPECT_EQ((ULONG_PTR)Block & (PAGE_SIZE - 1), 0x10);
    *(PULONG)Block = 0xABCD;
    Other = MmMapIoSpaceEx(Device, 4, PAGE_READWRITE | PAGE_NOCACHE);
    EXPECT_EQ(*(PULONG)Other, 0xABCD);
    MmUnmapIoSpace(Other, 4);
    EXPECT_EQ(*(PULONG)Block, 0xABCD); /* the first mapping holds it */
    MmUnmapIoSpace(Block, 8);
    EXPECT(!MmIsAddressValid(Block));
    EXPECT_EQ(MmMapIoSpace(Device, 0, MmNonCached), NULL);
    Ranges = MmGetPhysicalMemoryRanges();
    EXPECT(Ranges != NULL && Ranges[0].NumberOfBytes.QuadPart > 0);
    EXPECT(Ranges[1].BaseAddress.QuadPart == 0 && Ranges[1].NumberOfBytes.QuadPart == 0);
    ExFreePool(Ranges);
    Block = MmAllocateMappingAddress(0x1800, 'paMt');
    EXPECT(Block != NULL && (PVOID)Block > MmHighestUserAddress && !MmIsAddressValid(Block));
    Other = MmAllocateMappingAddress(0x1000, 'paMt');
    EXPECT(Other != NULL && (Other >= Block + 0x2000 || Other + 0x1000 <= Block));
    MmFreeMappingAddress(Block, 'paMt');
    MmFreeMappingAddress(Other, 'paMt');
    EXPECT(MmQuerySystemSize() <= MmLargeSystem);
    EXPECT(!MmIsAddressValid((PVOID)0x10));
    EXPECT(MmIsAddressValid(&Device) && MmIsNonPagedSystemAddressValid(&Device));
}

/* An offset in it is a physical address, rounded down to what a view can begin at. [wdm: ZwMapViewOfSection] */
static void
Physical(void)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\PhysicalMemory");
    PHYSICAL_ADDRESS Any = {.QuadPart = -1}, Address;
    OBJECT_ATTRIBUTES Attributes;
    LARGE_INTEGER Offset;
    PULONG Block = MmAllocateContiguousMemory(PAGE_SIZE, Any), Seen;
    PUCHAR Base = NULL;
    SIZE_T Bytes = PAGE_SIZE;
    HANDLE Section;

    InitializeObjectAttributes(&Attributes, &Name,
                               OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | OBJ_FORCE_ACCESS_CHECK,
                               NULL, NULL);
    EXPECT_STATUS(ZwOpenSection(&Section, SECTION_MAP_READ, &Attributes), STATUS_ACCESS_DENIED);
    Attributes.Attributes &= ~OBJ_FORCE_ACCESS_CHECK;
    EXPECT_STATUS(ZwOpenSection(&Section, SECTION_MAP_READ | SECTION_MAP_WRITE, &Attributes),
                  STATUS_SUCCESS);
    EXPECT(Block != NULL);
    Block[3] = 0x12345678;
    Address = MmGetPhysicalAddress(Block);
    Offset = Address;
    EXPECT_STATUS(ZwMapViewOfSection(Section, ZwCurrentProcess(), (PVOID *)&Base, 0, Bytes, &Offset,
                                     &Bytes, ViewUnmap, 0, PAGE_READWRITE),
                  STATUS_SUCCESS);
    EXPECT_EQ(Offset.QuadPart, Address.QuadPart & ~0xFFFFll);
    EXPECT(Bytes >= (SIZE_T)(Address.QuadPart - Offset.QuadPart) + PAGE_SIZE);
    Seen = (PULONG)(Base + (Address.QuadPart - Offset.QuadPart));
    EXPECT_EQ(Seen[3], 0x12345678);
    Seen[4] = 0x9ABCDEF0;
    EXPECT_EQ(Block[4], 0x9ABCDEF0);
    EXPECT_STATUS(ZwUnmapViewOfSection(ZwCurrentProcess(), Base), STATUS_SUCCESS);
    MmFreeContiguousMemory(Block);
    ZwClose(Section);
}

static NTSTATUS NTAPI
Open(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    static const NTLAB_TEST Tests[] = {TEST(Views), TEST(Copies), TEST(Secured), TEST(Probes),
                                       TEST(Mdls),  TEST(System), TEST(Physical)};

    Me = PsGetCurrentProcess();
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_CREATE) {
        NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\PsWho");

    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(DriverObject->DeviceObject);
}

/* The device's name is that of ps/who.c: one client opens both. */
NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\PsWho");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\PsWho");
    PDEVICE_OBJECT Device;

    DriverObject->MajorFunction[IRP_MJ_CREATE] = Open;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Open;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Open;
    DriverObject->DriverUnload = Unload;
    IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    return IoCreateSymbolicLink(&Link, &Name);
}
