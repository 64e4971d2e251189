/*
 * known.c - \KnownDlls: sections of the DLLs that every process wants, made once. Loading them opens no file.
 */
#include "mi.h"

/* Everyone may map them and run what is in them; administrators and the system may do all. */
static VOID
MiDescribeKnownDll(PSECURITY_DESCRIPTOR Absolute, PACL Acl, ULONG Bytes)
{
    RtlCreateAcl(Acl, Bytes, ACL_REVISION);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION,
                           READ_CONTROL | SECTION_QUERY | SECTION_MAP_READ | SECTION_MAP_EXECUTE,
                           SeExports->SeWorldSid);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION, SECTION_ALL_ACCESS, SeExports->SeAliasAdminsSid);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION, SECTION_ALL_ACCESS, SeExports->SeLocalSystemSid);
    RtlCreateSecurityDescriptor(Absolute, SECURITY_DESCRIPTOR_REVISION);
    RtlSetDaclSecurityDescriptor(Absolute, TRUE, Acl, FALSE);
    RtlSetOwnerSecurityDescriptor(Absolute, SeExports->SeAliasAdminsSid, FALSE);
    RtlSetGroupSecurityDescriptor(Absolute, SeExports->SeLocalSystemSid, FALSE);
}

static NTSTATUS
MiAddKnownDll(PCWSTR Path, const char *Image)
{
    SECURITY_DESCRIPTOR Descriptor;
    UCHAR Acl[256];

    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    PMI_SECTION Section;
    struct abi_image Info;
    NTSTATUS Status;
    ULONG Length = (ULONG)strlen(Image);

    Status = MiReadImageHeaders(Image, &Info);
    if (!NT_SUCCESS(Status)) {
        return Status; /* not in the box */
    }
    RtlInitUnicodeString(&Name, Path);
    MiDescribeKnownDll(&Descriptor, (PACL)Acl, sizeof(Acl));
    InitializeObjectAttributes(&Attributes, &Name,
                               OBJ_PERMANENT | OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               &Descriptor);
    Status = ObCreateObject(KernelMode, MmSectionObjectTypeP, &Attributes, KernelMode, NULL,
                            sizeof(MI_SECTION), 0, sizeof(MI_SECTION), (PVOID *)&Section);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Section->Protection = PAGE_EXECUTE;
    Section->Attributes = SEC_IMAGE;
    Section->Info = Info;
    Section->Size = Info.size;
    Section->Image = ExpAllocate(Length + 1, MI_TAG_SECTION);
    RtlCopyMemory(Section->Image, Image, Length + 1);
    return ObInsertObject(Section, NULL, SECTION_MAP_READ | SECTION_MAP_EXECUTE, 0, NULL, NULL);
}

VOID
MiCreateKnownDlls(VOID)
{
    static const struct {
        PCWSTR Name;
        const char *Image;
    } Known[] = {
        {L"\\KnownDlls\\ntdll.dll", "C:\\Windows\\System32\\ntdll.dll"},
        {L"\\KnownDlls\\kernel32.dll", "C:\\Windows\\System32\\kernel32.dll"},
        {L"\\KnownDlls\\advapi32.dll", "C:\\Windows\\System32\\advapi32.dll"},
        {L"\\KnownDlls\\msvcrt.dll", "C:\\Windows\\System32\\msvcrt.dll"},
        {L"\\KnownDlls\\user32.dll", "C:\\Windows\\System32\\user32.dll"},
        {L"\\KnownDlls\\psapi.dll", "C:\\Windows\\System32\\psapi.dll"},
    };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Known); i++) {
        MiAddKnownDll(Known[i].Name, Known[i].Image);
    }
}
