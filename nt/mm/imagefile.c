/*
 * imagefile.c - images of files: what ImageSectionObject stands for.
 *
 * An image is made of the bytes that its file has when the first section of it is created, and all views show those until
 * the last section has gone: that is what Windows' image control areas do, but for pages that were never touched,
 * which it reads later. They come by one of two ways:
 *
 *     Host     the host's own file, if nothing changed it and no filter stands in between (nt/io/source.c)
 *     Memory   read by paging reads through the whole stack, headers first, as any filter sees them. The host takes the
 *              bytes from there each time the image is mapped.
 *
 *   F1  Read under AcquireForSectionSynchronization with PAGE_EXECUTE, as a data section: a filter that fails it has refused the
 *       execution. What is dirty in the cache is written before.
 *   F2  A driver keeps the section of its image (KI_MODULE.SectionPointer), a view its own: who wants to write or delete
 *       the file meanwhile is refused by MmFlushImageSection.
 *
 * [ntifs: FltAcquireForSectionSynchronization, MmFlushImageSection; nt-semantics-2 2.5]
 */
#include "mi.h"
#include "abi/imagebytes.h"
#include "nt/inc/fsrtl.h"
#include "nt/inc/imagefile.h"
#include "nt/inc/io.h"

NTSTATUS NTAPI MmCreateSection(PVOID *SectionObject, ACCESS_MASK DesiredAccess,
                               POBJECT_ATTRIBUTES ObjectAttributes, PLARGE_INTEGER MaximumSize,
                               ULONG Protection, ULONG Attributes, HANDLE FileHandle,
                               PFILE_OBJECT File);

#define MI_IMAGE_CLUSTER 16u          /* pages that one request reads */
#define MI_IMAGE_LIMIT   (1ull << 30) /* bytes of a file */

typedef struct _MI_IMAGE_MDL {
    MDL Mdl;
    PFN_NUMBER Frame[MI_IMAGE_CLUSTER];
} MI_IMAGE_MDL;

static VOID
MiFreeImageControl(PMI_IMAGE_CONTROL Control)
{
    if (Control->Memory != 0) {
        MiFreeSystem(Control->Memory, MI_AREA_SECTION);
    }
    if (Control->Host != NULL) {
        ExpFree(Control->Host);
    }
    ExpFree(Control);
}

static NTSTATUS
MiReadImagePages(PFILE_OBJECT FileObject, PMI_IMAGE_CONTROL Control, ULONG64 Offset, ULONG Bytes)
{
    ULONG64 Memory = Control->Memory + Offset;
    IO_STATUS_BLOCK Iosb;
    MI_IMAGE_MDL Mdl;
    NTSTATUS Status;

    MmInitializeMdl(&Mdl.Mdl, (PVOID)ABI_ALIAS(Memory), Bytes);
    for (ULONG i = 0; i < Bytes / PAGE_SIZE; i++) {
        Mdl.Frame[i] = Memory / PAGE_SIZE + i;
    }
    Mdl.Mdl.Process = NULL;
    Mdl.Mdl.MdlFlags |= MDL_PAGES_LOCKED;
    Status = IopPageIo(FileObject, &Mdl.Mdl, Offset, FALSE, &Iosb);
    return Status == STATUS_END_OF_FILE ? STATUS_SUCCESS : Status;
}

/* The header's page alone, then the rest. */
static NTSTATUS
MiReadImage(PFILE_OBJECT FileObject, PMI_IMAGE_CONTROL Control)
{
    ULONG64 Offset, Pages;
    LARGE_INTEGER End;
    NTSTATUS Status;
    ULONG Bytes;

    Status = FsRtlGetFileSize(FileObject, &End);
    if (!NT_SUCCESS(Status)) {
        return Status == STATUS_FILE_IS_A_DIRECTORY ? STATUS_INVALID_FILE_FOR_SECTION : Status;
    }
    if (End.QuadPart == 0 || (ULONG64)End.QuadPart > MI_IMAGE_LIMIT) {
        return End.QuadPart == 0 ? STATUS_INVALID_IMAGE_NOT_MZ : STATUS_SECTION_TOO_BIG;
    }
    Control->Size = (ULONG64)End.QuadPart;
    Pages = (Control->Size + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1);
    Control->Memory = MiAllocateSystem(Pages, PAGE_SIZE, MI_AREA_SECTION, ABI_NONE);
    if (Control->Memory == 0) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    for (Offset = 0; NT_SUCCESS(Status) && Offset < Pages; Offset += Bytes) {
        Bytes = Offset == 0 ? PAGE_SIZE
                            : (ULONG)min(Pages - Offset, (ULONG64)MI_IMAGE_CLUSTER * PAGE_SIZE);
        Status = MiReadImagePages(FileObject, Control, Offset, Bytes);
        if (Offset == 0 && NT_SUCCESS(Status)) {
            Status = MiParseImageHeaders(Control, &Control->Info);
        }
    }
    return Status;
}

/* \Device\HostFilesC\x to C:\x, if the file still is called that: what it is called is what reports say. */
static char *
MiHostSource(PUNICODE_STRING Source, PUNICODE_STRING Name)
{
    static const ULONG Prefix = 17; /* \Device\HostFiles */
    ULONG Last = Source->Length / sizeof(WCHAR), OfName = Name->Length / sizeof(WCHAR);
    UNICODE_STRING One, Other, Tail;
    char *Path, *Tailed;

    while (Last > 0 && Source->Buffer[Last - 1] != L'\\') {
        Last--;
    }
    while (OfName > 0 && Name->Buffer[OfName - 1] != L'\\') {
        OfName--;
    }
    One.Buffer = Source->Buffer + Last;
    One.Length = One.MaximumLength = (USHORT)(Source->Length - Last * sizeof(WCHAR));
    Other.Buffer = Name->Buffer + OfName;
    Other.Length = Other.MaximumLength = (USHORT)(Name->Length - OfName * sizeof(WCHAR));
    if (Last <= Prefix || !RtlEqualUnicodeString(&One, &Other, TRUE)) {
        return NULL;
    }
    Tail.Buffer = Source->Buffer + Prefix + 1;
    Tail.Length = Tail.MaximumLength = (USHORT)(Source->Length - (Prefix + 1) * sizeof(WCHAR));
    Tailed = MiHostPath(&Tail);
    Path = ExpAllocate(strlen(Tailed) + 3, MI_TAG_SECTION);
    Path[0] = (char)Source->Buffer[Prefix];
    Path[1] = ':';
    RtlCopyMemory(Path + 2, Tailed, strlen(Tailed) + 1);
    ExpFree(Tailed);
    return Path;
}

/* F1 */
static NTSTATUS
MiMakeImageControl(PFILE_OBJECT FileObject, PUNICODE_STRING Name, PMI_IMAGE_CONTROL *Result)
{
    PSECTION_OBJECT_POINTERS Pointers = FileObject->SectionObjectPointer;
    PMI_IMAGE_CONTROL Control;
    UNICODE_STRING Source;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;

    Control = ExpAllocate(sizeof(*Control), MI_TAG_SECTION);
    RtlZeroMemory(Control, sizeof(*Control));
    if (Pointers->DataSectionObject != NULL) {
        CcFlushCache(Pointers, NULL, 0, &Iosb);
    }
    Source.Buffer = ExpAllocate(1024, MI_TAG_SECTION);
    Source.MaximumLength = 1024;
    if (IopQuerySource(FileObject, &Source)) {
        Control->Host = MiHostSource(&Source, Name);
    }
    ExpFree(Source.Buffer);
    Status = Control->Host != NULL ? MiParseImageHeaders(Control, &Control->Info)
                                   : MiReadImage(FileObject, Control);
    if (!NT_SUCCESS(Status)) {
        MiFreeImageControl(Control);
        return Status;
    }
    *Result = Control;
    return STATUS_SUCCESS;
}

/* What SEC_IMAGE makes of the section's file. */
NTSTATUS
MiOpenImage(PMI_SECTION Section)
{
    PFILE_OBJECT FileObject = Section->FileObject;
    PSECTION_OBJECT_POINTERS Pointers = FileObject->SectionObjectPointer;
    PMI_IMAGE_CONTROL Control;
    POBJECT_NAME_INFORMATION Name;
    ULONG Length = 0;
    NTSTATUS Status;

    if (Pointers == NULL) {
        return STATUS_INVALID_FILE_FOR_SECTION;
    }
    Name = ExpAllocate(1024, MI_TAG_SECTION);
    Status = ObQueryNameString(FileObject, Name, 1024, &Length);
    if (NT_SUCCESS(Status)) {
        Section->Image = MiHostPath(&Name->Name);
        Status = FsRtlAcquireToCreateMappedSection(FileObject, Section->Protection);
    }
    if (!NT_SUCCESS(Status)) {
        ExpFree(Name);
        return Status;
    }
    if (Pointers->ImageSectionObject == NULL) {
        Status = MiMakeImageControl(FileObject, &Name->Name, &Control);
        MiBackOnStream(Pointers);
        if (NT_SUCCESS(Status) && Pointers->ImageSectionObject == NULL) {
            Pointers->ImageSectionObject = Control;
        } else if (NT_SUCCESS(Status)) {
            MiFreeImageControl(Control); /* a file system that locks nothing let another be first */
        }
    }
    if (NT_SUCCESS(Status)) {
        Control = Pointers->ImageSectionObject;
        Control->Sections++;
        Section->ImageCounted = TRUE;
        Section->Info = Control->Info;
        Section->Size = Control->Info.size;
    }
    FsRtlReleaseFile(FileObject);
    ExpFree(Name);
    return Status;
}

VOID
MiCloseImage(PMI_SECTION Section)
{
    PSECTION_OBJECT_POINTERS Pointers = Section->FileObject->SectionObjectPointer;
    PMI_IMAGE_CONTROL Control = Pointers->ImageSectionObject;

    if (Control->Sections == 1) {
        MiBackOnStream(
            Pointers); /* the last one, as things are; who adds another has a file open */
    }
    if (--Control->Sections == 0) {
        Pointers->ImageSectionObject = NULL;
        MiFreeImageControl(Control);
    }
}

/* HcImageLoad of what the section stands for; Section NULL: of the host's file. */
ULONG
MiLoadImage(const char *Name, PMI_SECTION Section, ULONG Flags, ULONG64 Slice,
            struct abi_image *Info)
{
    PMI_IMAGE_CONTROL Control =
        Section != NULL && Section->ImageCounted
            ? (PMI_IMAGE_CONTROL)Section->FileObject->SectionObjectPointer->ImageSectionObject
            : NULL;

    if (Control == NULL) {
        return HcImageLoad(Name, Flags, Slice, Info);
    }
    if (Control->Host != NULL) {
        return HcImageLoad(Control->Host, Flags, Slice, Info);
    }
    Info->base = ABI_ALIAS(Control->Memory);
    Info->size = Control->Size;
    return HcImageLoad(Name, Flags | ABI_IMAGE_BYTES, Slice, Info);
}

BOOLEAN
MiIsImageOfHost(PMI_SECTION Section)
{
    return Section == NULL || !Section->ImageCounted ||
           ((PMI_IMAGE_CONTROL)Section->FileObject->SectionObjectPointer->ImageSectionObject)
                   ->Host != NULL;
}

NTSTATUS
MiOpenImageFile(PUNICODE_STRING Path, BOOLEAN Checked, PVOID *Section)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;
    HANDLE File;

    *Section = NULL;
    if (!IopIsVolumeMounted()) {
        return STATUS_SUCCESS;
    }
    InitializeObjectAttributes(&Attributes, Path,
                               OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE |
                                   (Checked ? OBJ_FORCE_ACCESS_CHECK : 0),
                               NULL, NULL);
    Status = ZwOpenFile(&File, FILE_EXECUTE | SYNCHRONIZE, &Attributes, &Iosb,
                        FILE_SHARE_READ | FILE_SHARE_DELETE,
                        FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MmCreateSection(Section, SECTION_ALL_ACCESS, NULL, NULL, PAGE_EXECUTE, SEC_IMAGE, File,
                             NULL);
    ZwClose(File);
    return Status;
}

NTSTATUS
MiMapImageFile(PEPROCESS Process, const char *Name, PVOID Section, PVOID *Base,
               struct abi_image *Info)
{
    PMI_SECTION Object = Section;
    NTSTATUS Status;

    if (Object == NULL) {
        return MiMapUserImage(Process, Name, Base, Info);
    }
    ObReferenceObject(Object);
    Object->Views++;
    Status = MiMapImage(Process, Name, NULL, Base, Info, Object);
    if (!NT_SUCCESS(Status)) {
        Object->Views--;
        ObDereferenceObject(Object);
    }
    return Status;
}
