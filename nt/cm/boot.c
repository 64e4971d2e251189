/*
 * boot.c - what the registry holds at boot: the hives of a freshly installed system, as far as drivers and
 * clients look, the version's data, and a key for each driver of the command line.
 *
 * The tree is made directly; services see it once \REGISTRY has its name.
 */
#include "cmp.h"

static VOID
CmpText(PCM_NODE Node, PCWSTR Name, ULONG Type, PCWSTR Text)
{
    UNICODE_STRING Value;
    ULONG Chars = 0;

    while (Text[Chars] != 0) {
        Chars++;
    }
    RtlInitUnicodeString(&Value, Name);
    CmpSetValue(Node, &Value, Type, Text, (Chars + (Type == REG_LINK ? 0 : 1)) * sizeof(WCHAR));
}

static VOID
CmpDword(PCM_NODE Node, PCWSTR Name, ULONG Data)
{
    UNICODE_STRING Value;

    RtlInitUnicodeString(&Value, Name);
    CmpSetValue(Node, &Value, REG_DWORD, &Data, sizeof(Data));
}

static const struct {
    PCWSTR Path; /* below \REGISTRY\MACHINE */
    PCWSTR Name; /* NULL: only the key */
    ULONG Type;
    PCWSTR Text;
    ULONG Dword;
} CmpBootValues[] = {
    {L"HARDWARE\\DESCRIPTION\\System", L"Identifier", REG_SZ, L"AT/AT COMPATIBLE"},
    {L"HARDWARE\\DESCRIPTION\\System", L"SystemBiosVersion", REG_SZ, L"NTLAB  - 1"},
    {L"HARDWARE\\DEVICEMAP", NULL},
    {L"HARDWARE\\RESOURCEMAP", NULL},
    {L"SAM", NULL},
    {L"SECURITY", NULL},
    {L"SYSTEM\\Select", L"Current", REG_DWORD, NULL, 1},
    {L"SYSTEM\\Select", L"Default", REG_DWORD, NULL, 1},
    {L"SYSTEM\\Select", L"LastKnownGood", REG_DWORD, NULL, 1},
    {L"SYSTEM\\Setup", L"SystemSetupInProgress", REG_DWORD, NULL, 0},
    {L"SYSTEM\\MountedDevices", NULL},
    {L"SYSTEM\\ControlSet001\\Control", L"CurrentUser", REG_SZ, L"USERNAME"},
    {L"SYSTEM\\ControlSet001\\Control", L"SystemStartOptions", REG_SZ, L" NOEXECUTE=OPTIN"},
    {L"SYSTEM\\ControlSet001\\Control\\Class", NULL},
    {L"SYSTEM\\ControlSet001\\Control\\DeviceClasses", NULL},
    {L"SYSTEM\\ControlSet001\\Control\\CI", NULL},
    {L"SYSTEM\\ControlSet001\\Control\\ComputerName\\ComputerName", L"ComputerName", REG_SZ,
     L"NTLAB"},
    {L"SYSTEM\\ControlSet001\\Control\\ComputerName\\ActiveComputerName", L"ComputerName", REG_SZ,
     L"NTLAB"},
    {L"SYSTEM\\ControlSet001\\Control\\CrashControl", L"CrashDumpEnabled", REG_DWORD, NULL, 7},
    {L"SYSTEM\\ControlSet001\\Control\\FileSystem", L"NtfsDisable8dot3NameCreation", REG_DWORD,
     NULL, 2},
    {L"SYSTEM\\ControlSet001\\Control\\FileSystem", L"LongPathsEnabled", REG_DWORD, NULL, 0},
    {L"SYSTEM\\ControlSet001\\Control\\GroupOrderList", NULL},
    {L"SYSTEM\\ControlSet001\\Control\\Lsa", NULL},
    {L"SYSTEM\\ControlSet001\\Control\\Nls\\CodePage", L"ACP", REG_SZ, L"1252"},
    {L"SYSTEM\\ControlSet001\\Control\\Nls\\CodePage", L"OEMCP", REG_SZ, L"437"},
    {L"SYSTEM\\ControlSet001\\Control\\Nls\\Language", L"Default", REG_SZ, L"0409"},
    {L"SYSTEM\\ControlSet001\\Control\\ProductOptions", L"ProductType", REG_SZ, L"WinNT"},
    {L"SYSTEM\\ControlSet001\\Control\\ServiceGroupOrder", NULL},
    {L"SYSTEM\\ControlSet001\\Control\\Session Manager", L"ProtectionMode", REG_DWORD, NULL, 1},
    {L"SYSTEM\\ControlSet001\\Control\\Session Manager\\Environment", L"ComSpec", REG_EXPAND_SZ,
     L"%SystemRoot%\\system32\\cmd.exe"},
    {L"SYSTEM\\ControlSet001\\Control\\Session Manager\\Environment", L"OS", REG_SZ, L"Windows_NT"},
    {L"SYSTEM\\ControlSet001\\Control\\Session Manager\\Environment", L"Path", REG_EXPAND_SZ,
     L"%SystemRoot%\\system32;%SystemRoot%"},
    {L"SYSTEM\\ControlSet001\\Control\\Session Manager\\Environment", L"PROCESSOR_ARCHITECTURE",
     REG_SZ, L"AMD64"},
    {L"SYSTEM\\ControlSet001\\Control\\Session Manager\\Environment", L"TEMP", REG_EXPAND_SZ,
     L"%SystemRoot%\\TEMP"},
    {L"SYSTEM\\ControlSet001\\Control\\Session Manager\\Environment", L"windir", REG_EXPAND_SZ,
     L"%SystemRoot%"},
    {L"SYSTEM\\ControlSet001\\Control\\Session Manager\\Kernel", NULL},
    {L"SYSTEM\\ControlSet001\\Control\\Session Manager\\Memory Management",
     L"ClearPageFileAtShutdown", REG_DWORD, NULL, 0},
    {L"SYSTEM\\ControlSet001\\Control\\Session Manager\\Power", NULL},
    {L"SYSTEM\\ControlSet001\\Control\\TimeZoneInformation", L"Bias", REG_DWORD, NULL, 0},
    {L"SYSTEM\\ControlSet001\\Control\\TimeZoneInformation", L"StandardName", REG_SZ, L"UTC"},
    {L"SYSTEM\\ControlSet001\\Control\\TimeZoneInformation", L"TimeZoneKeyName", REG_SZ, L"UTC"},
    {L"SYSTEM\\ControlSet001\\Control\\WMI", NULL},
    {L"SYSTEM\\ControlSet001\\Enum\\Root", NULL},
    {L"SYSTEM\\ControlSet001\\Hardware Profiles\\Current", NULL},
    {L"SYSTEM\\ControlSet001\\Services\\FltMgr", L"Type", REG_DWORD, NULL, 2},
    {L"SYSTEM\\ControlSet001\\Services\\FltMgr", L"Start", REG_DWORD, NULL, 0},
    {L"SYSTEM\\ControlSet001\\Services\\FltMgr", L"ErrorControl", REG_DWORD, NULL, 3},
    {L"SYSTEM\\ControlSet001\\Services\\FltMgr", L"Group", REG_SZ, L"FSFilter Infrastructure"},
    {L"SYSTEM\\ControlSet001\\Services\\FltMgr", L"ImagePath", REG_EXPAND_SZ,
     L"\\SystemRoot\\System32\\drivers\\fltmgr.sys"},
    {L"SOFTWARE\\Classes", NULL},
    {L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion", L"ProgramFilesDir", REG_SZ,
     L"C:\\Program Files"},
    {L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion", L"CommonFilesDir", REG_SZ,
     L"C:\\Program Files\\Common Files"},
    {L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies", NULL},
    {L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", L"SystemRoot", REG_SZ, L"C:\\Windows"},
    {L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", L"PathName", REG_SZ, L"C:\\Windows"},
    {L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", L"InstallationType", REG_SZ, L"Client"},
    {L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", L"CurrentType", REG_SZ,
     L"Multiprocessor Free"},
    {L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", L"EditionID", REG_SZ, L"Professional"},
    {L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", L"RegisteredOwner", REG_SZ, L"ntlab"},
    {L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options", NULL},
    {L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList", NULL},
    {L"SOFTWARE\\Policies\\Microsoft", NULL},
};

static PCM_NODE
CmpMachine(PCWSTR Path)
{
    return CmpMakePath(CmpMakePath(CmpRoot, L"MACHINE"), Path);
}

/* A number as decimal text. */
static PCWSTR
CmpDecimal(ULONG Value, PWCHAR Buffer, ULONG Chars)
{
    UNICODE_STRING Text = {.Buffer = Buffer, .MaximumLength = (USHORT)(Chars * sizeof(WCHAR))};

    RtlIntegerToUnicodeString(Value, 10, &Text);
    Buffer[Text.Length / sizeof(WCHAR)] = 0;
    return Buffer;
}

static VOID
CmpFillVersion(VOID)
{
    PCM_NODE Node = CmpMachine(L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion");
    const KI_VERSION *V = KiVersion;
    WCHAR Number[16], Version[16] = {0}, Wide[64] = {0};
    static const struct {
        ULONG Major, Minor;
        PCWSTR Product;
    } Products[] = {{5, 1, L"Microsoft Windows XP"},
                    {5, 2, L"Microsoft Windows Server 2003"},
                    {6, 0, L"Windows Vista (TM) Business"},
                    {6, 1, L"Windows 7 Professional"},
                    {6, 2, L"Windows 8 Pro"},
                    {6, 3, L"Windows 8.1 Pro"},
                    {10, 0, L"Windows 10 Pro"}};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Products); i++) {
        if (Products[i].Major == V->MajorVersion && Products[i].Minor == V->MinorVersion) {
            CmpText(Node, L"ProductName", REG_SZ, Products[i].Product);
        }
    }
    CmpText(Node, L"CurrentBuild", REG_SZ,
            CmpDecimal(V->BuildNumber, Number, RTL_NUMBER_OF(Number)));
    CmpText(Node, L"CurrentBuildNumber", REG_SZ, Number);
    if (V->MajorVersion >= 10) {
        CmpText(Node, L"CurrentVersion", REG_SZ, L"6.3"); /* frozen there */
        CmpDword(Node, L"CurrentMajorVersionNumber", V->MajorVersion);
        CmpDword(Node, L"CurrentMinorVersionNumber", V->MinorVersion);
        CmpDword(Node, L"UBR", 1);
        CmpText(Node, L"ReleaseId", REG_SZ, L"2009");
        CmpText(Node, L"DisplayVersion", REG_SZ, V->BuildNumber >= 26100 ? L"24H2" : L"22H2");
    } else {
        Version[0] = (WCHAR)(L'0' + V->MajorVersion);
        Version[1] = L'.';
        Version[2] = (WCHAR)(L'0' + V->MinorVersion);
        CmpText(Node, L"CurrentVersion", REG_SZ, Version);
    }
    if (V->CsdVersion != NULL && V->CsdVersion[0] != 0) {
        for (ULONG i = 0; i < RTL_NUMBER_OF(Wide) - 1 && V->CsdVersion[i] != 0; i++) {
            Wide[i] = (UCHAR)V->CsdVersion[i];
        }
        CmpText(Node, L"CSDVersion", REG_SZ, Wide);
    }
    CmpDword(CmpMachine(L"SYSTEM\\ControlSet001\\Control\\Windows"), L"CSDVersion",
             V->ServicePack << 8);
    CmpText(CmpMachine(L"SYSTEM\\ControlSet001\\Control\\Session Manager\\Environment"),
            L"NUMBER_OF_PROCESSORS", REG_SZ,
            CmpDecimal(KiProcessorCount, Number, RTL_NUMBER_OF(Number)));
    for (ULONG i = 0; i < KiProcessorCount; i++) {
        PCM_NODE Cpu = CmpMakePath(CmpMachine(L"HARDWARE\\DESCRIPTION\\System\\CentralProcessor"),
                                   CmpDecimal(i, Number, RTL_NUMBER_OF(Number)));

        CmpText(Cpu, L"Identifier", REG_SZ, L"Intel64 Family 6 Model 94 Stepping 3");
        CmpText(Cpu, L"VendorIdentifier", REG_SZ, L"GenuineIntel");
        CmpText(Cpu, L"ProcessorNameString", REG_SZ, L"ntlab virtual processor");
        CmpDword(Cpu, L"~MHz", 2000);
    }
}

/* A descriptor whose entries the subkeys inherit. User: full access for that SID; NULL: for administrators. */
static PSECURITY_DESCRIPTOR
CmpHiveDescriptor(PSID User)
{
    UCHAR Buffer[256];
    PACL Dacl = (PACL)Buffer;
    SECURITY_DESCRIPTOR Absolute;
    PSECURITY_DESCRIPTOR Relative;
    ULONG Length = 0;

    RtlCreateAcl(Dacl, sizeof(Buffer), ACL_REVISION);
    if (User != NULL) {
        RtlAddAccessAllowedAceEx(Dacl, ACL_REVISION, CONTAINER_INHERIT_ACE, CMP_KEY_ALL_ACCESS,
                                 User);
    } else {
        RtlAddAccessAllowedAceEx(Dacl, ACL_REVISION, CONTAINER_INHERIT_ACE, CMP_KEY_READ,
                                 SeExports->SeWorldSid);
    }
    RtlAddAccessAllowedAceEx(Dacl, ACL_REVISION, CONTAINER_INHERIT_ACE, CMP_KEY_ALL_ACCESS,
                             SeExports->SeLocalSystemSid);
    RtlAddAccessAllowedAceEx(Dacl, ACL_REVISION, CONTAINER_INHERIT_ACE, CMP_KEY_ALL_ACCESS,
                             SeExports->SeAliasAdminsSid);
    RtlAddAccessAllowedAceEx(Dacl, ACL_REVISION, CONTAINER_INHERIT_ACE, CMP_KEY_READ,
                             SeExports->SeRestrictedSid);
    Dacl->AclSize = sizeof(ACL);
    for (ULONG i = 0; i < Dacl->AceCount; i++) {
        Dacl->AclSize += ((PACE_HEADER)(Buffer + Dacl->AclSize))->AceSize;
    }
    RtlCreateSecurityDescriptor(&Absolute, SECURITY_DESCRIPTOR_REVISION);
    RtlSetOwnerSecurityDescriptor(&Absolute, SeExports->SeAliasAdminsSid, FALSE);
    RtlSetGroupSecurityDescriptor(&Absolute, SeExports->SeLocalSystemSid, FALSE);
    RtlSetDaclSecurityDescriptor(&Absolute, TRUE, Dacl, FALSE);
    RtlAbsoluteToSelfRelativeSD(&Absolute, NULL, &Length);
    Relative = ExpAllocate(Length, CMP_TAG_NODE);
    RtlAbsoluteToSelfRelativeSD(&Absolute, Relative, &Length);
    return Relative;
}

/* Gives each node that has no descriptor a copy of its parent's. */
static VOID
CmpSecureTree(PCM_NODE Node)
{
    for (PLIST_ENTRY At = Node->Children.Flink; At != &Node->Children; At = At->Flink) {
        PCM_NODE Child = CONTAINING_RECORD(At, CM_NODE, Link);

        if (Child->Security == NULL) {
            ULONG Length = RtlLengthSecurityDescriptor(Node->Security);

            Child->Security = ExpAllocate(Length, CMP_TAG_NODE);
            RtlCopyMemory(Child->Security, Node->Security, Length);
        }
        CmpSecureTree(Child);
    }
}

/* The hive of a user of the command line. */
static VOID
CmpFillUser(ULONG Kind)
{
    PACCESS_TOKEN Token = SepMakeToken(Kind);
    UNICODE_STRING Sid;
    PTOKEN_USER User;
    PCM_NODE Node;

    if (NT_SUCCESS(SeQueryInformationToken(Token, TokenUser, (PVOID *)&User))) {
        if (NT_SUCCESS(RtlConvertSidToUnicodeString(&Sid, User->User.Sid, TRUE))) {
            Node = CmpMakePath(CmpMakePath(CmpRoot, L"USER"), Sid.Buffer);
            if (Node->Security == NULL) {
                Node->Security = CmpHiveDescriptor(User->User.Sid);
            }
            CmpText(CmpMakePath(Node, L"Environment"), L"TEMP", REG_EXPAND_SZ,
                    L"%SystemRoot%\\TEMP");
            CmpMakePath(Node, L"Software\\Microsoft\\Windows\\CurrentVersion");
            CmpMakePath(Node, L"Control Panel\\International");
            CmpMakePath(Node, L"Volatile Environment")->Volatile = TRUE;
            RtlFreeUnicodeString(&Sid);
        }
        ExFreePool(User);
    }
    ObDereferenceObject(Token);
}

/* Of the groups that Windows has, those of drivers. [K: "What Determines When a Driver Is Loaded"; IFS: load order groups
 * and altitudes for minifilter drivers] */
static VOID
CmpFillGroups(VOID)
{
    static const WCHAR List[] =
        L"System Reserved\0EMS\0WdfLoadGroup\0Boot Bus Extender\0System Bus Extender\0SCSI "
        L"miniport\0Port\0Primary Disk\0SCSI Class\0SCSI CDROM Class\0FSFilter "
        L"Infrastructure\0FSFilter System\0FSFilter Bottom\0FSFilter Copy Protection\0FSFilter "
        L"Security Enhancer\0FSFilter Open File\0FSFilter Physical Quota Management\0FSFilter "
        L"Virtualization\0FSFilter Encryption\0FSFilter Compression\0FSFilter Imaging\0FSFilter "
        L"HSM\0FSFilter Cluster File System\0FSFilter System Recovery\0FSFilter Quota "
        L"Management\0FSFilter Content Screener\0FSFilter Continuous Backup\0FSFilter "
        L"Replication\0FSFilter Anti-Virus\0FSFilter Undelete\0FSFilter Activity "
        L"Monitor\0FSFilter Top\0Filter\0Boot File System\0Base\0Pointer Port\0Keyboard "
        L"Port\0Pointer Class\0Keyboard Class\0Video Init\0Video\0Video Save\0File "
        L"System\0Streams Drivers\0NDIS Wrapper\0PNP_TDI\0NDIS\0TDI\0NetBIOSGroup\0Extended "
        L"Base\0";
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, L"List");
    CmpSetValue(CmpMachine(L"SYSTEM\\ControlSet001\\Control\\ServiceGroupOrder"), &Name,
                REG_MULTI_SZ, List, sizeof(List));
}

VOID
CmpFillBootKeys(VOID)
{
    PCM_NODE Link;
    ULONG Length;
    CHAR Name[12] = "reg", *Text;

    CmpMachine(L"HARDWARE")->Volatile = TRUE; /* and so is all below it */
    for (ULONG i = 0; i < RTL_NUMBER_OF(CmpBootValues); i++) {
        PCM_NODE Node = CmpMachine(CmpBootValues[i].Path);

        if (CmpBootValues[i].Name == NULL) {
            continue;
        }
        if (CmpBootValues[i].Text != NULL) {
            CmpText(Node, CmpBootValues[i].Name, CmpBootValues[i].Type, CmpBootValues[i].Text);
        } else {
            CmpDword(Node, CmpBootValues[i].Name, CmpBootValues[i].Dword);
        }
    }
    Link = CmpMachine(L"SYSTEM\\CurrentControlSet");
    Link->IsLink = TRUE;
    Link->Volatile = TRUE;
    CmpText(Link, L"SymbolicLinkValue", REG_LINK, L"\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001");
    CmpFillVersion();
    CmpFillGroups();
    CmpRoot->Security = CmpHiveDescriptor(NULL);
    CmpMakePath(CmpRoot, L"USER\\.DEFAULT\\Software");
    CmpMakePath(CmpRoot, L"USER\\.DEFAULT\\Environment");
    CmpMakePath(CmpRoot, L"USER\\S-1-5-19");
    CmpMakePath(CmpRoot, L"USER\\S-1-5-20");
    CmpFillUser(ABI_TOKEN_SYSTEM);
    CmpFillUser(ABI_TOKEN_ADMIN);
    CmpFillUser(ABI_TOKEN_USER);
    for (ULONG i = 0; (Length = (ULONG)HcConfig(Name, NULL, 0)) != 0; i++) {
        Text = ExpAllocate(Length + 1, CMP_TAG_TEMP);
        HcConfig(Name, Text, Length);
        CmpImportText(Text, Length, i);
        ExpFree(Text);
        KiFormatText(Name, sizeof(Name), "reg:%u", i + 1); /* the host's names of further files */
    }
    CmpSecureTree(CmpRoot);
}

NTSTATUS
CmpCreateServiceKey(PCWSTR Name, PCWSTR ImagePath, PUNICODE_STRING KeyPath)
{
    static const WCHAR Prefix[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";
    PCM_NODE Node = CmpMakePath(CmpMachine(L"SYSTEM\\ControlSet001\\Services"), Name);
    static const struct {
        PCWSTR Name;
        ULONG Value;
    } Dwords[] = {{L"Type", SERVICE_KERNEL_DRIVER},
                  {L"Start", 3 /* SERVICE_DEMAND_START */},
                  {L"ErrorControl", 1}};
    CHAR Key[80] = "inf:", *Text;
    UNICODE_STRING Value;
    ULONG Chars = 0, Length;
    WCHAR Altitude[16];

    while (Name[Chars] != 0) {
        Chars++;
    }
    RtlUnicodeToUTF8N(Key + 4, sizeof(Key) - 5, &Length, Name, Chars * sizeof(WCHAR));
    Key[4 + Length] = 0;
    Length = (ULONG)HcConfig(Key, NULL, 0);
    if (Length != 0) {
        Text = ExpAllocate(Length, CMP_TAG_TEMP);
        HcConfig(Key, Text, Length);
        CmpApplyInf(Node, Name, Text, Length);
        ExpFree(Text);
    }
    RtlCopyMemory(Key, "flt:", 4);
    Length = (ULONG)HcConfig(Key, NULL, 0);
    if (Length != 0 && Length < RTL_NUMBER_OF(Altitude)) { /* a minifilter without an INF */
        HcConfig(Key, Key, Length);
        for (ULONG i = 0; i < Length; i++) {
            Altitude[i] = (UCHAR)Key[i];
        }
        Altitude[Length] = 0;
        RtlInitUnicodeString(&Value, L"Instances");
        if (CmpFindChild(Node, &Value) == NULL) {
            CmpMakeUpInstances(Node, Name, Altitude);
            CmpMakePath(Node, L"Parameters"); /* drivers of INFs with AddReg expect it */
        }
    }
    Chars = 0;

    /* What a .reg file or an INF said stays. */
    for (ULONG i = 0; i < RTL_NUMBER_OF(Dwords); i++) {
        RtlInitUnicodeString(&Value, Dwords[i].Name);
        if (CmpFindValue(Node, &Value) == NULL) {
            CmpDword(Node, Dwords[i].Name, Dwords[i].Value);
        }
    }
    RtlInitUnicodeString(&Value, L"ImagePath");
    if (CmpFindValue(Node, &Value) == NULL) {
        CmpText(Node, L"ImagePath", REG_EXPAND_SZ, ImagePath);
    }
    CmpSecureTree(CmpMachine(L"SYSTEM\\ControlSet001\\Services"));
    while (Name[Chars] != 0) {
        Chars++;
    }
    KeyPath->Length = (USHORT)(sizeof(Prefix) - sizeof(WCHAR) + Chars * sizeof(WCHAR));
    KeyPath->MaximumLength = KeyPath->Length + sizeof(WCHAR);
    KeyPath->Buffer = ExpAllocate(KeyPath->MaximumLength, CMP_TAG_NODE);
    RtlCopyMemory(KeyPath->Buffer, Prefix, sizeof(Prefix));
    RtlCopyMemory(KeyPath->Buffer + RTL_NUMBER_OF(Prefix) - 1, Name, Chars * sizeof(WCHAR));
    return STATUS_SUCCESS;
}

BOOLEAN
CmInitSystem(ULONG Phase)
{
    UNICODE_STRING Name;

    if (Phase == 0) {
        CmpInitializeKeyType();
        return TRUE;
    }
    RtlInitUnicodeString(&Name, L"REGISTRY");
    CmpRoot = CmpNewNode(NULL, &Name);
    CmpTouch(CmpRoot);
    CmpFillBootKeys();
    CmpPublishRoot();
    return TRUE;
}
