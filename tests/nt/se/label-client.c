/*
 * label-client.c - mandatory integrity: what a label's policy takes from tokens below its level, whatever the DACL grants; without a label an object
 * is of medium level and may not be written from below. [LEARN: "Mandatory Integrity Control"], [LEARN:winnt/system_mandatory_label_ace],
 * [LEARN:securitybaseapi/accesscheck].
 */
#include "../ntlab-client.h"

#define ALL 7 /* read, write, execute */

static GENERIC_MAPPING Mapping = {1, 2, 4, ALL};

static struct {
    SECURITY_DESCRIPTOR Absolute;
    ULONG64 Dacl[16], Sacl[16];
} Object;

static PSID
Sid(BYTE Authority, DWORD Sub)
{
    static SID Place[4];
    static int Next;
    SID *Made = &Place[Next++ % 4];
    SID_IDENTIFIER_AUTHORITY Of = {{0, 0, 0, 0, 0, Authority}};

    InitializeSid(Made, &Of, 1);
    *GetSidSubAuthority(Made, 0) = Sub;
    return Made;
}

/* An object that the DACL lets everyone do everything with. Level 0: no label. */
static void
Make(DWORD Level, DWORD Policy, BYTE Flags)
{
    PACL Dacl = (PACL)Object.Dacl, Sacl = (PACL)Object.Sacl;

    InitializeSecurityDescriptor(&Object.Absolute, SECURITY_DESCRIPTOR_REVISION);
    InitializeAcl(Dacl, sizeof(Object.Dacl), ACL_REVISION);
    EXPECT(AddAccessAllowedAce(Dacl, ACL_REVISION, ALL, Sid(1, 0)));
    SetSecurityDescriptorDacl(&Object.Absolute, TRUE, Dacl, FALSE);
    SetSecurityDescriptorOwner(&Object.Absolute, Sid(5, 18), FALSE);
    SetSecurityDescriptorGroup(&Object.Absolute, Sid(5, 18), FALSE);
    if (Level != 0) {
        SYSTEM_MANDATORY_LABEL_ACE *Ace = (PVOID)(Sacl + 1);

        InitializeAcl(Sacl, sizeof(Object.Sacl), ACL_REVISION);
        Ace->Header.AceType = SYSTEM_MANDATORY_LABEL_ACE_TYPE;
        Ace->Header.AceFlags = Flags;
        Ace->Header.AceSize = 8 + 12;
        Ace->Mask = Policy;
        CopySid(12, &Ace->SidStart, Sid(16, Level));
        Sacl->AceCount = 1;
        SetSecurityDescriptorSacl(&Object.Absolute, TRUE, Sacl, FALSE);
    }
}

static HANDLE Token;

/* The rights that are granted of those that are wanted; 0: refused. */
static DWORD
Check(DWORD Wanted)
{
    BYTE Used[256];
    DWORD Room = sizeof(Used), Granted = 0xEEEEEEEE;
    BOOL Status = 7;

    EXPECT(AccessCheck(&Object.Absolute, Token, Wanted, &Mapping, (PPRIVILEGE_SET)Used, &Room,
                       &Granted, &Status));
    EXPECT(Status == TRUE ||
           (Status == FALSE && Granted == 0 && GetLastError() == ERROR_ACCESS_DENIED));
    return Granted & ALL;
}

static void
Labels(DWORD Mine)
{
    static const DWORD Levels[] = {0x1000, 0x2000, 0x3000, 0x4000}; /* low, medium, high, system */

    for (int i = 0; i < 4; i++) {
        for (DWORD Policy = 0; Policy < 8; Policy++) {
            DWORD Left = Levels[i] <= Mine
                             ? ALL
                             : (Policy & 2 ? 0 : 1) | (Policy & 1 ? 0 : 2) | (Policy & 4 ? 0 : 4);

            Make(Levels[i], Policy, 0);
            EXPECT_EQ(Check(MAXIMUM_ALLOWED), Left);
            for (DWORD Wanted = 1; Wanted <= ALL; Wanted++) {
                EXPECT_EQ(Check(Wanted), (Wanted & ~Left) == 0 ? Wanted : 0);
            }
        }
        Make(Levels[i], ALL, INHERIT_ONLY_ACE | OBJECT_INHERIT_ACE); /* not for the object itself */
        EXPECT_EQ(Check(MAXIMUM_ALLOWED), Mine >= 0x2000 ? ALL : 5);
    }
    Make(0, 0, 0);
    EXPECT_EQ(Check(MAXIMUM_ALLOWED), Mine >= 0x2000 ? ALL : 5);
}

int
main(int Count, char **Words)
{
    BOOL Admin = Count > 1 && Words[1][0] == 'a';
    TOKEN_MANDATORY_LABEL Low = {{NULL, SE_GROUP_INTEGRITY}};
    HANDLE Process;

    OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &Process);
    EXPECT(DuplicateTokenEx(Process, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation,
                            TokenImpersonation, &Token));
    Labels(Admin ? 0x3000 : 0x2000);
    Low.Label.Sid = Sid(16, 0x1000);
    EXPECT(SetTokenInformation(Token, TokenIntegrityLevel, &Low, sizeof(Low) + 12));
    Labels(0x1000);
    CloseHandle(Token);
    CloseHandle(Process);
    return TEST_DONE();
}
