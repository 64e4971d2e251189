/*
 * section.c - section objects.
 *
 *     SEC_COMMIT    memory of its own, in the system's mappings, where nobody can reach it: views show it
 *     SEC_RESERVE   the same, committed by who commits in a view
 *     SEC_IMAGE     an executable (imagefile.c): each view is an image of its own
 *     of a file     its control area (control.c); of a file that cannot be cached, a copy of its bytes
 *
 *   S1  A section of a file is made under AcquireForSectionSynchronization of its file system.
 */
#include "mi.h"
#include "nt/inc/fsrtl.h"

static const GENERIC_MAPPING MiSectionMapping = {
    STANDARD_RIGHTS_READ | SECTION_QUERY | SECTION_MAP_READ,
    STANDARD_RIGHTS_WRITE | SECTION_MAP_WRITE,
    STANDARD_RIGHTS_EXECUTE | SECTION_MAP_EXECUTE,
    SECTION_ALL_ACCESS,
};

static VOID
MiDeleteSection(PVOID Object)
{
    PMI_SECTION Section = Object;

    if (Section->Backing != 0) {
        MiFreeSystem(Section->Backing, MI_AREA_SECTION);
    }
    if (Section->Image != NULL) {
        ExpFree(Section->Image);
    }
    if (Section->Control != NULL) {
        PMI_CONTROL Control = Section->Control;

        MiBackOnStream(Control->Pointers);
        Control->Sections--;
        if (Control->Sections == 0) {
            Control->SectionSize = 0;
        }
        if (Section->Protection & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) {
            Control->WritableSections--;
        }
        MiDereferenceControl(Control);
    }
    if (Section->FileObject != NULL) {
        if (Section->ImageCounted) {
            MiCloseImage(Section);
        }
        ObDereferenceObject(Section->FileObject);
    }
}

VOID
MiCreateSectionType(VOID)
{
    static const OB_METHODS Methods = {.Delete = MiDeleteSection};

    ObpCreateType(L"Section", &Methods, &MiSectionMapping, SECTION_ALL_ACCESS, sizeof(MI_SECTION),
                  OBP_NOT_WAITABLE, &MmSectionObjectTypeP);
    MmSectionObjectType = MmSectionObjectTypeP;
}

/* What a view with this protection needs of the section handle. */
NTSTATUS
MiProtectionAccess(ULONG Protection, PACCESS_MASK Access)
{
    switch (Protection & 0xFF) {
    case PAGE_NOACCESS:
    case PAGE_READONLY:
    case PAGE_WRITECOPY:
        *Access = SECTION_MAP_READ;
        return STATUS_SUCCESS;
    case PAGE_READWRITE:
        *Access = SECTION_MAP_WRITE;
        return STATUS_SUCCESS;
    case PAGE_EXECUTE:
        *Access = SECTION_MAP_EXECUTE;
        return STATUS_SUCCESS;
    case PAGE_EXECUTE_READ:
    case PAGE_EXECUTE_WRITECOPY:
        *Access = SECTION_MAP_READ | SECTION_MAP_EXECUTE;
        return STATUS_SUCCESS;
    case PAGE_EXECUTE_READWRITE:
        *Access = SECTION_MAP_WRITE | SECTION_MAP_EXECUTE;
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_PAGE_PROTECTION;
    }
}

/* S1. Size 0: as long as the file. A file that is shorter grows, if the section may be written. */
static NTSTATUS
MiOpenFile(PMI_SECTION Section, ULONG64 Size)
{
    PFILE_OBJECT FileObject = Section->FileObject;
    BOOLEAN Writable = (Section->Protection & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) != 0;
    LARGE_INTEGER End;
    NTSTATUS Status;

    Status = FsRtlAcquireToCreateMappedSection(FileObject, Section->Protection);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FsRtlGetFileSize(FileObject, &End);
    if (NT_SUCCESS(Status)) {
        if (Size == 0) {
            Size = (ULONG64)End.QuadPart;
        }
        if (Size == 0) {
            Status = STATUS_MAPPED_FILE_SIZE_ZERO;
        } else if (Size > (ULONG64)End.QuadPart) {
            FILE_END_OF_FILE_INFORMATION New = {{.QuadPart = (LONGLONG)Size}};

            Status = Writable
                         ? IoSetInformation(FileObject, FileEndOfFileInformation, sizeof(New), &New)
                         : STATUS_SECTION_TOO_BIG;
        }
    }
    if (NT_SUCCESS(Status)) {
        PMI_CONTROL Control;

        MiBackOnStream(FileObject->SectionObjectPointer);
        Control = MiReferenceControl(FileObject);
        Section->Control = Control;
        Section->Size = Size;
        Control->Sections++;
        if (Control->SectionSize < Size) {
            Control->SectionSize = Size;
        }
        Control->WritableSections += Writable ? 1 : 0;
    } else if (Status == STATUS_FILE_IS_A_DIRECTORY) {
        Status = STATUS_INVALID_FILE_FOR_SECTION;
    }
    FsRtlReleaseFile(FileObject);
    return Status;
}

/* A file whose driver has not said where its sections are kept has none. [DDI:ntifs/ntcreatesection] */
static NTSTATUS
MiOpenData(PMI_SECTION Section, ULONG64 Size)
{
    return Section->FileObject->SectionObjectPointer != NULL ? MiOpenFile(Section, Size)
                                                             : STATUS_INVALID_FILE_FOR_SECTION;
}

/* Takes over the reference to FileObject. */
static NTSTATUS
MiCreateSection(PMI_SECTION Section, ULONG64 Size, ULONG Protection, ULONG Attributes,
                PFILE_OBJECT FileObject)
{
    ULONG64 Pages = (Size + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1);

    Section->Protection = Protection;
    Section->Attributes = Attributes;
    Section->FileObject = FileObject;
    if (Attributes & SEC_IMAGE) {
        return MiOpenImage(Section);
    }
    if (FileObject != NULL) {
        return MiOpenData(Section, Size);
    }
    Section->Size = Pages;
    Section->Backing = MiAllocateSystem(Pages, PAGE_SIZE, MI_AREA_SECTION, ABI_NONE);
    if (Section->Backing == 0) {
        return STATUS_SECTION_TOO_BIG;
    }
    if (Attributes & SEC_COMMIT) {
        Section->Committed = Pages;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
MiCheckAttributes(ULONG Attributes, BOOLEAN File, ULONG64 Size)
{
    ULONG Kind = Attributes & (SEC_COMMIT | SEC_RESERVE | SEC_IMAGE);

    if ((Attributes & ~(ULONG)(SEC_COMMIT | SEC_RESERVE | SEC_IMAGE | SEC_NOCACHE |
                               SEC_WRITECOMBINE | SEC_BASED | SEC_IMAGE_NO_EXECUTE)) ||
        (Kind != SEC_COMMIT && Kind != SEC_RESERVE && Kind != SEC_IMAGE)) {
        return STATUS_INVALID_PARAMETER_6;
    }
    if (!File && (Attributes & SEC_IMAGE)) {
        return STATUS_INVALID_FILE_FOR_SECTION;
    }
    if (!File && Size == 0) {
        return STATUS_INVALID_PARAMETER_4;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtCreateSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess,
                POBJECT_ATTRIBUTES ObjectAttributes, PLARGE_INTEGER MaximumSize,
                ULONG SectionPageProtection, ULONG AllocationAttributes, HANDLE FileHandle)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PFILE_OBJECT FileObject = NULL;
    ULONG64 Size = 0;
    PMI_SECTION Section;
    ACCESS_MASK Unused;
    NTSTATUS Status;

    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(SectionHandle, sizeof(HANDLE), sizeof(HANDLE));
            if (MaximumSize != NULL) {
                ProbeForRead(MaximumSize, sizeof(*MaximumSize), sizeof(ULONG));
            }
        }
        if (MaximumSize != NULL) {
            Size = (ULONG64)MaximumSize->QuadPart;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    if (!MiIsValidProtection(SectionPageProtection) || (SectionPageProtection & PAGE_GUARD) ||
        (SectionPageProtection & 0xFF) == PAGE_NOACCESS ||
        !NT_SUCCESS(MiProtectionAccess(SectionPageProtection, &Unused))) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    Status = MiCheckAttributes(AllocationAttributes, FileHandle != NULL, Size);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (FileHandle != NULL) {
        ACCESS_MASK Access = SectionPageProtection & PAGE_EXECUTE ? 0 : FILE_READ_DATA;

        if (SectionPageProtection &
            (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)) {
            Access |= FILE_EXECUTE;
        }
        if (SectionPageProtection & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) {
            Access |= FILE_WRITE_DATA;
        }
        Status = ObReferenceObjectByHandle(FileHandle, Access, IoFileObjectTypeP, Mode,
                                           (PVOID *)&FileObject, NULL);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Status = ObCreateObject(Mode, MmSectionObjectTypeP, ObjectAttributes, Mode, NULL,
                            sizeof(MI_SECTION), 0, sizeof(MI_SECTION), (PVOID *)&Section);
    if (!NT_SUCCESS(Status)) {
        if (FileObject != NULL) {
            ObDereferenceObject(FileObject);
        }
        return Status;
    }
    Status =
        MiCreateSection(Section, Size, SectionPageProtection, AllocationAttributes, FileObject);
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(Section);
        return Status;
    }
    return ObpInsertFor(Section, DesiredAccess, SectionHandle, Mode);
}

/* Undocumented but exported: the object without a handle. */
NTSTATUS NTAPI
MmCreateSection(PVOID *SectionObject, ACCESS_MASK DesiredAccess,
                POBJECT_ATTRIBUTES ObjectAttributes, PLARGE_INTEGER MaximumSize, ULONG Protection,
                ULONG Attributes, HANDLE FileHandle, PFILE_OBJECT File)
{
    ULONG64 Size = MaximumSize != NULL ? (ULONG64)MaximumSize->QuadPart : 0;
    PFILE_OBJECT FileObject = File;
    PMI_SECTION Section;
    NTSTATUS Status;

    Status = MiCheckAttributes(Attributes, FileHandle != NULL || File != NULL, Size);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (FileObject != NULL) {
        ObReferenceObject(FileObject);
    } else if (FileHandle != NULL) {
        Status = ObReferenceObjectByHandle(FileHandle, 0, IoFileObjectTypeP, KernelMode,
                                           (PVOID *)&FileObject, NULL);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Status = ObCreateObject(KernelMode, MmSectionObjectTypeP, ObjectAttributes, KernelMode, NULL,
                            sizeof(MI_SECTION), 0, sizeof(MI_SECTION), (PVOID *)&Section);
    if (!NT_SUCCESS(Status)) {
        if (FileObject != NULL) {
            ObDereferenceObject(FileObject);
        }
        return Status;
    }
    Status = MiCreateSection(Section, Size, Protection, Attributes, FileObject);
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(Section);
        return Status;
    }
    *SectionObject = Section;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtOpenSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObpOpenService(SectionHandle, DesiredAccess, ObjectAttributes, MmSectionObjectTypeP);
}

typedef struct _MI_SECTION_BASIC {
    PVOID BaseAddress;
    ULONG AllocationAttributes;
    LARGE_INTEGER MaximumSize;
} MI_SECTION_BASIC;

typedef struct _MI_IMAGE_DETAILS {
    PVOID TransferAddress;
    ULONG ZeroBits;
    SIZE_T MaximumStackSize;
    SIZE_T CommittedStackSize;
    ULONG SubSystemType;
    USHORT SubSystemMinorVersion;
    USHORT SubSystemMajorVersion;
    USHORT MajorOperatingSystemVersion;
    USHORT MinorOperatingSystemVersion;
    USHORT ImageCharacteristics;
    USHORT DllCharacteristics;
    USHORT Machine;
    BOOLEAN ImageContainsCode;
    UCHAR ImageFlags;
    ULONG LoaderFlags;
    ULONG ImageFileSize;
    ULONG CheckSum;
} MI_IMAGE_DETAILS;
C_ASSERT(sizeof(MI_IMAGE_DETAILS) == 0x40);

VOID
MiFillImageInformation(const struct abi_image *Image, PVOID TransferAddress, PVOID Buffer)
{
    MI_IMAGE_DETAILS *Info = Buffer;

    RtlZeroMemory(Info, sizeof(*Info));
    Info->TransferAddress = TransferAddress;
    Info->MaximumStackSize = Image->stack_reserve;
    Info->CommittedStackSize = Image->stack_commit;
    Info->SubSystemType = Image->subsystem;
    Info->SubSystemMajorVersion = (USHORT)(Image->subsystem_version >> 16);
    Info->SubSystemMinorVersion = (USHORT)Image->subsystem_version;
    Info->MajorOperatingSystemVersion = (USHORT)(Image->os_version >> 16);
    Info->MinorOperatingSystemVersion = (USHORT)Image->os_version;
    Info->ImageCharacteristics = (USHORT)Image->characteristics;
    Info->DllCharacteristics = Image->dll_characteristics;
    Info->Machine = IMAGE_FILE_MACHINE_AMD64;
    Info->ImageContainsCode = TRUE;
    Info->ImageFileSize = (ULONG)Image->size;
    Info->CheckSum = Image->checksum;
}

NTSTATUS NTAPI
NtQuerySection(HANDLE SectionHandle, ULONG Class, PVOID Buffer, SIZE_T Length, PSIZE_T ReturnLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    SIZE_T Needed = Class == 0 ? sizeof(MI_SECTION_BASIC) : sizeof(MI_IMAGE_DETAILS);
    MI_IMAGE_DETAILS Image;
    MI_SECTION_BASIC Basic;
    PMI_SECTION Section;
    NTSTATUS Status;

    if (Class > 1) {
        return STATUS_INVALID_INFO_CLASS;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(Buffer, Length, sizeof(ULONG));
            if (ReturnLength != NULL) {
                ProbeForWrite(ReturnLength, sizeof(SIZE_T), sizeof(SIZE_T));
            }
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    if (Length < Needed) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Status = ObReferenceObjectByHandle(SectionHandle, SECTION_QUERY, MmSectionObjectTypeP, Mode,
                                       (PVOID *)&Section, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Class == 0) {
        RtlZeroMemory(&Basic, sizeof(Basic));
        Basic.AllocationAttributes = Section->Attributes;
        if (Section->FileObject != NULL) {
            Basic.AllocationAttributes &= ~(ULONG)(SEC_COMMIT | SEC_RESERVE);
            Basic.AllocationAttributes |= SEC_FILE;
        }
        Basic.MaximumSize.QuadPart = (LONGLONG)Section->Size;
    } else if (!(Section->Attributes & SEC_IMAGE)) {
        Status = STATUS_SECTION_NOT_IMAGE;
    } else {
        MiFillImageInformation(&Section->Info,
                               (PVOID)(Section->Info.preferred + Section->Info.entry), &Image);
    }
    ObDereferenceObject(Section);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    __try {
        RtlCopyMemory(Buffer, Class == 0 ? (PVOID)&Basic : (PVOID)&Image, Needed);
        if (ReturnLength != NULL) {
            *ReturnLength = Needed;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return Status;
}
