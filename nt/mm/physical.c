/*
 * physical.c - \Device\PhysicalMemory: the section in which an offset is a physical address.
 *
 * Drivers of old map device memory into programs by it. Where there is memory (pages.c: a physical address is the guest
 * address) a view shows it; what no device has is zero and each view's own. No program may open it, whoever runs it.
 * [Windows Server 2003 SP1: "Device\PhysicalMemory Object"; wdm: ZwMapViewOfSection, which rounds the offset down]
 */
#include "mi.h"

#define PHYSICAL_BITS 52

BOOLEAN
MiHasMemory(ULONG64 Physical, ULONG64 Size)
{
    for (ULONG64 At = 0; At < Size; At += PAGE_SIZE) {
        if ((HcPage(Physical + At) & ABI_COMMITTED) != 0) {
            return TRUE;
        }
    }
    return FALSE;
}

VOID
MiCreatePhysicalMemory(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\PhysicalMemory");
    SECURITY_DESCRIPTOR Descriptor;
    OBJECT_ATTRIBUTES Attributes;
    PMI_SECTION Section;
    ACL Nobody;

    RtlCreateAcl(&Nobody, sizeof(Nobody), ACL_REVISION);
    RtlCreateSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    RtlSetDaclSecurityDescriptor(&Descriptor, TRUE, &Nobody, FALSE);
    RtlSetOwnerSecurityDescriptor(&Descriptor, SeExports->SeLocalSystemSid, FALSE);
    RtlSetGroupSecurityDescriptor(&Descriptor, SeExports->SeLocalSystemSid, FALSE);
    InitializeObjectAttributes(&Attributes, &Name,
                               OBJ_PERMANENT | OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               &Descriptor);
    if (NT_SUCCESS(ObCreateObject(KernelMode, MmSectionObjectTypeP, &Attributes, KernelMode, NULL,
                                  sizeof(MI_SECTION), 0, sizeof(MI_SECTION), (PVOID *)&Section))) {
        Section->Protection = PAGE_EXECUTE_READWRITE;
        Section->Attributes = SEC_COMMIT;
        Section->Size = Section->Committed = 1ull << PHYSICAL_BITS;
        Section->Physical = TRUE;
        ObInsertObject(Section, NULL, SECTION_ALL_ACCESS, 0, NULL, NULL);
    }
}
