/*
 * init.c - the object manager comes up.
 *
 * Phase 0 makes the types and the tree of directories, without security: no token exists. Phase 1
 * gives the directories their descriptors.
 */
#include "obp.h"

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
    ObpMakeLink(L"\\DosDevices", L"\\??");
    ObpMakeLink(L"\\GLOBAL??\\GLOBALROOT", L"");
    ObpMakeLink(L"\\GLOBAL??\\Global", L"\\GLOBAL??");
    ObpMakeLink(L"\\BaseNamedObjects\\Global", L"\\BaseNamedObjects");
    ObpMakeLink(L"\\BaseNamedObjects\\Local", L"\\BaseNamedObjects");
    ObpMakeLink(L"\\BaseNamedObjects\\Session", L"\\Sessions\\BNOLINKS");
    ObpMakeLink(L"\\Sessions\\BNOLINKS\\0", L"\\BaseNamedObjects");
    ObpMakeLink(L"\\Sessions\\BNOLINKS\\1", L"\\Sessions\\1\\BaseNamedObjects");
    ObpMakeLink(L"\\Sessions\\0\\BaseNamedObjects", L"\\BaseNamedObjects");
    ObpMakeLink(L"\\Sessions\\1\\DosDevices", L"\\GLOBAL??");
    ObpMakeLink(L"\\Sessions\\1\\BaseNamedObjects\\Global", L"\\BaseNamedObjects");
    ObpMakeLink(L"\\Sessions\\1\\BaseNamedObjects\\Local", L"\\Sessions\\1\\BaseNamedObjects");
    ObpMakeLink(L"\\Sessions\\1\\BaseNamedObjects\\Session", L"\\Sessions\\BNOLINKS");
}

/* Everyone may look; administrators and the system may do all; users may create where Tree says so. */
static VOID
ObpProtectDirectory(PVOID Directory, BOOLEAN UsersCreate)
{
    UCHAR Space[256];
    PACL Acl = (PACL)Space;
    SECURITY_DESCRIPTOR Absolute;
    PSECURITY_DESCRIPTOR Relative = NULL;
    POBP_OBJECT Object = ObpObject(Directory);
    NTSTATUS Status;

    RtlCreateAcl(Acl, sizeof(Space), ACL_REVISION);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION,
                           UsersCreate ? DIRECTORY_ALL_ACCESS & ~(WRITE_DAC | WRITE_OWNER | DELETE)
                                       : (ACCESS_MASK)(READ_CONTROL | 0x0003),
                           SeExports->SeWorldSid);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION, DIRECTORY_ALL_ACCESS, SeExports->SeAliasAdminsSid);
    RtlAddAccessAllowedAce(Acl, ACL_REVISION, DIRECTORY_ALL_ACCESS, SeExports->SeLocalSystemSid);
    RtlCreateSecurityDescriptor(&Absolute, SECURITY_DESCRIPTOR_REVISION);
    RtlSetDaclSecurityDescriptor(&Absolute, TRUE, Acl, FALSE);
    RtlSetOwnerSecurityDescriptor(&Absolute, SeExports->SeAliasAdminsSid, FALSE);
    RtlSetGroupSecurityDescriptor(&Absolute, SeExports->SeLocalSystemSid, FALSE);
    Status = SepCaptureDescriptor(&Absolute, KernelMode, &Relative);
    ASSERT(NT_SUCCESS(Status));
    Object->Header.SecurityDescriptor = Relative;
    Object->Header.Flags |= OBP_FLAG_SECURITY;
}

VOID
ObpSetDirectorySecurity(VOID)
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
}

BOOLEAN
ObInitSystem(ULONG Phase)
{
    if (Phase == 0) {
        ObpInitializePhase0();
    } else {
        ObpPhase = 1;
        ObpSetDirectorySecurity();
    }
    return TRUE;
}
