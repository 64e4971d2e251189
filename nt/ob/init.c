/*
 * init.c - the object manager comes up.
 *
 * Phase 0 makes the types and the tree of directories, without security: no token exists. Phase 1
 * gives the directories their descriptors.
 */
#include "obp.h"
#include "nt/inc/protect.h"

static const GENERIC_MAPPING ObpDirectoryMapping = {
    STANDARD_RIGHTS_READ | 0x0003,  /* query, traverse */
    STANDARD_RIGHTS_WRITE | 0x000C, /* create object, create subdirectory */
    STANDARD_RIGHTS_EXECUTE | 0x0003,
    DIRECTORY_ALL_ACCESS,
};
static const GENERIC_MAPPING ObpLinkMapping = {
    STANDARD_RIGHTS_READ | SYMBOLIC_LINK_QUERY,
    STANDARD_RIGHTS_WRITE,
    STANDARD_RIGHTS_EXECUTE | SYMBOLIC_LINK_QUERY,
    SYMBOLIC_LINK_ALL_ACCESS,
};
static const GENERIC_MAPPING ObpTypeMapping = {
    STANDARD_RIGHTS_READ,
    STANDARD_RIGHTS_WRITE,
    STANDARD_RIGHTS_EXECUTE,
    STANDARD_RIGHTS_REQUIRED | 1,
};

/* Who may create there: users only where Windows lets them. */
static const struct {
    PCWSTR Path;
    BOOLEAN UsersCreate;
} ObpTree[] = {
    {L"\\ObjectTypes", FALSE},
    {L"\\GLOBAL??", FALSE},
    {L"\\Device", FALSE},
    {L"\\Driver", FALSE},
    {L"\\FileSystem", FALSE},
    {L"\\KernelObjects", FALSE},
    {L"\\Security", FALSE},
    {L"\\BaseNamedObjects", TRUE},
    {L"\\BaseNamedObjects\\Restricted", TRUE},
    {L"\\Sessions", FALSE},
    {L"\\Sessions\\BNOLINKS", FALSE},
    {L"\\Sessions\\0", FALSE},
    {L"\\Sessions\\0\\DosDevices", FALSE},
    {L"\\Sessions\\1", FALSE},
    {L"\\Sessions\\1\\BaseNamedObjects", TRUE},
    {L"\\RPC Control", TRUE},
    {L"\\Windows", FALSE},
    {L"\\KnownDlls", FALSE},
};

static const PCWSTR ObpLinks[][2] = {
    {L"\\DosDevices", L"\\??"},
    {L"\\GLOBAL??\\GLOBALROOT", L""},
    {L"\\GLOBAL??\\Global", L"\\GLOBAL??"},
    {L"\\BaseNamedObjects\\Global", L"\\BaseNamedObjects"},
    {L"\\BaseNamedObjects\\Local", L"\\BaseNamedObjects"},
    {L"\\BaseNamedObjects\\Session", L"\\Sessions\\BNOLINKS"},
    {L"\\Sessions\\BNOLINKS\\0", L"\\BaseNamedObjects"},
    {L"\\Sessions\\BNOLINKS\\1", L"\\Sessions\\1\\BaseNamedObjects"},
    {L"\\Sessions\\0\\BaseNamedObjects", L"\\BaseNamedObjects"},
    {L"\\Sessions\\1\\DosDevices", L"\\GLOBAL??"},
    {L"\\Sessions\\1\\BaseNamedObjects\\Global", L"\\BaseNamedObjects"},
    {L"\\Sessions\\1\\BaseNamedObjects\\Local", L"\\Sessions\\1\\BaseNamedObjects"},
    {L"\\Sessions\\1\\BaseNamedObjects\\Session", L"\\Sessions\\BNOLINKS"},
};

static VOID
ObpInitializePhase0(VOID)
{
    static const OB_METHODS LinkMethods = {.Delete = ObpDeleteLink, .Parse = ObpParseLink};
    ULONG i;

    KeInitializeEvent(&ObpDefaultObject, NotificationEvent, TRUE);
    ObpCreateType(L"Type", NULL, &ObpTypeMapping, ObpTypeMapping.GenericAll, 0, OBP_NOT_WAITABLE,
                  &ObpTypeType);
    ObpCreateType(L"Directory", NULL, &ObpDirectoryMapping, DIRECTORY_ALL_ACCESS, 0,
                  OBP_NOT_WAITABLE, &ObpDirectoryType);
    ObpCreateType(L"SymbolicLink", &LinkMethods, &ObpLinkMapping, SYMBOLIC_LINK_ALL_ACCESS, 0,
                  OBP_NOT_WAITABLE, &ObpSymbolicLinkType);
    ObpIgnoreCase(ObpDirectoryType);
    ObpIgnoreCase(ObpSymbolicLinkType);
    ObpKernelTable = ObpCreateHandleTable(NULL);
    ObpSetFirstAgent(ObpKernelTable, KiAgent()->Name);

    ObpRootDirectory = ObpMakeDirectory(NULL);
    for (i = 0; i < RTL_NUMBER_OF(ObpTree); i++) {
        PVOID Directory = ObpMakeDirectory(ObpTree[i].Path);

        if (i == 0) {
            ObpTypesDirectory = Directory;
        } else if (i == 1) {
            ObpGlobalDosDevices = Directory;
        }
    }
    for (i = 2; i < ObpTypeCount; i++) {
        POBP_OBJECT Object = ObpObject(ObpTypes[i]);

        Object->Name.Buffer = ExpAllocate(ObpTypes[i]->Name.Length, OBP_TAG_NAME);
        Object->Name.Length = Object->Name.MaximumLength = ObpTypes[i]->Name.Length;
        RtlCopyMemory(Object->Name.Buffer, ObpTypes[i]->Name.Buffer, ObpTypes[i]->Name.Length);
        ObpInsertInDirectory(ObpTypesDirectory, Object);
    }
}

VOID
ObpDescribePublic(PSECURITY_DESCRIPTOR Descriptor, PACL Acl, ACCESS_MASK World, ACCESS_MASK All)
{
    RtlCreateAcl(Acl, OBP_PUBLIC_ACL, ACL_REVISION);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION, World, SeExports->SeWorldSid);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION, All, SeExports->SeAliasAdminsSid);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION, All, SeExports->SeLocalSystemSid);
    RtlCreateSecurityDescriptor(Descriptor, SECURITY_DESCRIPTOR_REVISION);
    RtlSetDaclSecurityDescriptor(Descriptor, TRUE, Acl, FALSE);
    RtlSetOwnerSecurityDescriptor(Descriptor, SeExports->SeAliasAdminsSid, FALSE);
    RtlSetGroupSecurityDescriptor(Descriptor, SeExports->SeLocalSystemSid, FALSE);
}

static VOID
ObpProtect(PVOID Body, ACCESS_MASK World, ACCESS_MASK All)
{
    UCHAR Acl[OBP_PUBLIC_ACL];
    SECURITY_DESCRIPTOR Absolute;
    PSECURITY_DESCRIPTOR Relative = NULL;
    POBP_OBJECT Object = ObpObject(Body);
    NTSTATUS Status;

    ObpDescribePublic(&Absolute, (PACL)Acl, World, All);
    Status = SepCaptureDescriptor(&Absolute, KernelMode, &Relative);
    ASSERT(NT_SUCCESS(Status));
    Object->Header.SecurityDescriptor = Relative;
    Object->Header.Flags |= OBP_FLAG_SECURITY;
}

/* Everyone may look; users may create where ObpTree says so. */
static VOID
ObpProtectDirectory(PVOID Directory, BOOLEAN UsersCreate)
{
    ObpProtect(Directory,
               UsersCreate ? DIRECTORY_ALL_ACCESS & ~(WRITE_DAC | WRITE_OWNER | DELETE)
                           : (ACCESS_MASK)(READ_CONTROL | 0x0003),
               DIRECTORY_ALL_ACCESS);
}

VOID
ObpProtectNames(VOID)
{
    UNICODE_STRING Name;
    PVOID Directory;
    ULONG i;

    ObpProtectDirectory(ObpRootDirectory, FALSE);
    for (i = 0; i < RTL_NUMBER_OF(ObpTree); i++) {
        RtlInitUnicodeString(&Name, ObpTree[i].Path);
        if (NT_SUCCESS(ObReferenceObjectByName(&Name, 0, NULL, 0, ObpDirectoryType, KernelMode,
                                               NULL, &Directory))) {
            ObpProtectDirectory(Directory, ObpTree[i].UsersCreate);
            ObDereferenceObject(Directory);
        }
    }
    for (i = 0; i < RTL_NUMBER_OF(ObpLinks); i++) {
        ObpProtect(ObpMakeLink(ObpLinks[i][0], ObpLinks[i][1]), ObpLinkMapping.GenericRead,
                   SYMBOLIC_LINK_ALL_ACCESS);
    }
}

BOOLEAN
ObInitSystem(ULONG Phase)
{
    if (Phase == 0) {
        ObpInitializePhase0();
    } else {
        ObpPhase = 1;
        ObpProtectNames();
    }
    return TRUE;
}
