/*
 * services.h - copies of one driver as services, which a client makes. Before: SERVICES, the services' name without its number; IMAGE, what the driver is
 * installed as; COPIES, the folder of C: that they are copied to, and the files' name without number and extension.
 */
#include <winternl.h>
#include <stdio.h>

NTSTATUS NTAPI NtLoadDriver(PUNICODE_STRING);
NTSTATUS NTAPI NtUnloadDriver(PUNICODE_STRING);
NTSTATUS NTAPI RtlAdjustPrivilege(ULONG, BOOLEAN, BOOLEAN, PBOOLEAN);

static char Key[200]; /* of the service that was named last, below HKEY_LOCAL_MACHINE */

static UNICODE_STRING *
Service(int Number)
{
    static WCHAR Path[200];
    static UNICODE_STRING Name;

    sprintf(Key, "System\\CurrentControlSet\\Services\\" SERVICES "%d", Number);
    swprintf(Path, 200, L"\\Registry\\Machine\\%hs", Key);
    RtlInitUnicodeString(&Name, Path);
    return &Name;
}

/* Mode: what the driver is to do; its own affair. */
static void
Make(int Number, DWORD Mode, DWORD Start)
{
    char Image[100];
    DWORD Type = 1;
    HKEY Handle;

    Service(Number);
    sprintf(Image, "\\??\\C:\\" COPIES "%d.sys", Number);
    EXPECT(CopyFileA("C:\\Windows\\System32\\drivers\\" IMAGE, Image + 4, TRUE));
    RegCreateKeyA(HKEY_LOCAL_MACHINE, Key, &Handle);
    RegSetValueExA(Handle, "Type", 0, REG_DWORD, (BYTE *)&Type, sizeof(Type));
    RegSetValueExA(Handle, "Start", 0, REG_DWORD, (BYTE *)&Start, sizeof(Start));
    RegSetValueExA(Handle, "Mode", 0, REG_DWORD, (BYTE *)&Mode, sizeof(Mode));
    RegSetValueExA(Handle, "ImagePath", 0, REG_EXPAND_SZ, (BYTE *)Image, (DWORD)strlen(Image) + 1);
    RegCloseKey(Handle);
}

/* What the driver has said of itself there. */
static DWORD
Said(const char *Name, DWORD Nothing)
{
    DWORD Value = 0, Length = sizeof(Value);

    return RegGetValueA(HKEY_LOCAL_MACHINE, Key, Name, RRF_RT_REG_DWORD, NULL, &Value, &Length) == 0
               ? Value
               : Nothing;
}
