/*
 * hardware.c - what a program without rights may not choose either: ports, model-specific registers, physical memory,
 * addresses of the kernel.
 *
 * As in abuse.c: what is used stands in the input of the request. A driver that has looked at it, and knows its bounds, has
 * refused what no hardware has; so only such numbers are judged, and the client of `ntlab check` asks for them:
 *     ports            from 0xFFF0 on, where PCs have none
 *     registers        numbers between those of the processor, of the hypervisor and of AMD; and, written, the ones that
 *                      hold where a system call goes, which a driver leaves alone
 *     physical memory  from 1 TiB on
 *     addresses        that are not user mode's, where nothing is
 * [public advisories of vulnerable drivers; Intel SDM volume 4 for the registers' numbers]
 */
#include "special.h"

#define VF_NO_ADDRESS (1ull << 40)
#define VF_NO_PORT    0xFFF0
#define VF_FIELDS     0x3F   /* an address of a structure: fields of it are used */
#define VF_GRANULE    0xFFFF /* a view begins there */

static BOOLEAN
VfIsNoRegister(ULONG Number)
{
    return (Number >= 0x20000 && Number < 0x40000000) ||
           (Number > 0x40000FFF && Number < 0xC0000000) || Number > 0xC0011FFF;
}

/* IA32_SYSENTER_ESP, _EIP; IA32_STAR, LSTAR, CSTAR */
static BOOLEAN
VfIsEntryRegister(ULONG Number)
{
    return Number == 0x175 || Number == 0x176 || (Number >= 0xC0000081 && Number <= 0xC0000083);
}

VOID
VfHardware(struct abi_trap *Raw)
{
    ULONG Number = (ULONG)Raw->fault_address;
    BOOLEAN Write = Raw->error == ABI_WRITES_PORT || Raw->error == ABI_WRITES_REGISTER;
    const char *Verb = Write ? "writes to" : "reads";

    if (!VfIsVerified((PVOID)Raw->original_rip)) {
        return;
    }
    if (Raw->error == ABI_READS_PORT || Raw->error == ABI_WRITES_PORT) {
        if (VfIsOn(VfRuleUserPort) && Number >= VF_NO_PORT && VfIsPortGiven((USHORT)Number)) {
            VfViolateAtTrap(VfRuleUserPort, Raw,
                            "%a %s the I/O port 0x%x, which a program without rights has put into "
                            "its request: any device of the machine can be reached so",
                            (PVOID)Raw->original_rip, Verb, Number);
        }
    } else if (VfIsOn(VfRuleUserRegister) &&
               (VfIsNoRegister(Number) || (Write && VfIsEntryRegister(Number))) &&
               VfIsGiven(Number, Number)) {
        VfViolateAtTrap(VfRuleUserRegister, Raw,
                        "%a %s the model-specific register 0x%x, which a program without rights "
                        "has put into its request: where system calls go stands in such a one",
                        (PVOID)Raw->original_rip, Verb, Number);
    }
}

/* ---- addresses ---- */

static BOOLEAN
VfIsAddressGiven(ULONG64 Address)
{
    return VfIsOn(VfRuleUserAddress) && !ABI_IS_USER(Address) &&
           (HcPage(Address) & ABI_COMMITTED) == 0 && VfIsGiven(Address - VF_FIELDS, Address);
}

/* A fault of a verified driver, which is bug check 0x50 without us, __try or not. FALSE, if it comes back. */
BOOLEAN
VfAddressFault(struct abi_trap *Raw, ULONG64 Address, BOOLEAN Write)
{
    if (VfIsVerified((PVOID)Raw->original_rip) && VfIsAddressGiven(Address)) {
        VfViolateAtTrap(VfRuleUserAddress, Raw,
                        "%a %s the address 0x%p, which a program without rights has put into its "
                        "request: any memory of the kernel can be %s so",
                        (PVOID)Raw->original_rip, Write ? "writes to" : "reads", (PVOID)Address,
                        Write ? "changed" : "read");
    }
    return FALSE;
}

/* memcpy(To, From, Bytes) of the driver */
static VOID
VfCopiesGiven(PVF_FRAME Frame)
{
    for (ULONG i = 0; i < 2 && Frame->Arg[2] != 0; i++) {
        if (VfIsAddressGiven(Frame->Arg[i])) {
            VfViolate(VfRuleUserAddress, NULL, Frame,
                      "%a copies %s the address 0x%p, which a program without rights has put into "
                      "its request: any memory of the kernel can be %s so",
                      Frame->Caller, i == 0 ? "to" : "from", (PVOID)Frame->Arg[i],
                      i == 0 ? "changed" : "read");
        }
    }
}

/* ---- physical memory ---- */

/* MmMapIoSpace(Address, Bytes, Type), MmMapIoSpaceEx(Address, Bytes, Protect) */
static VOID
VfMapsPhysical(PVF_FRAME Frame)
{
    if (VfIsOn(VfRuleUserPhysicalAddress) && Frame->Arg[0] >= VF_NO_ADDRESS &&
        VfIsGiven(Frame->Arg[0], Frame->Arg[0])) {
        VfViolate(VfRuleUserPhysicalAddress, NULL, Frame,
                  "%a maps %u bytes at the physical address 0x%p, which a program without rights "
                  "has put into its request: any memory of the machine can be mapped so",
                  Frame->Caller, (ULONG)Frame->Arg[1], (PVOID)Frame->Arg[0]);
    }
}

/* MmCopyMemory(Target, Source, Bytes, Flags, &Transferred): Source is 8 bytes, by value */
static VOID
VfCopiesPhysical(PVF_FRAME Frame)
{
    if (VfIsOn(VfRuleUserPhysicalAddress) && ((ULONG)Frame->Arg[3] & 1 /* physical */) != 0 &&
        Frame->Arg[1] >= VF_NO_ADDRESS && VfIsGiven(Frame->Arg[1], Frame->Arg[1])) {
        VfViolate(VfRuleUserPhysicalAddress, NULL, Frame,
                  "%a copies %u bytes from the physical address 0x%p, which a program without "
                  "rights has put into its request: any memory of the machine can be read so",
                  Frame->Caller, (ULONG)Frame->Arg[2], (PVOID)Frame->Arg[1]);
    }
}

/* ZwOpenSection(&Handle, Access, &Attributes) */
static ULONG64
VfOpenedSection(PVF_FRAME Frame, ULONG64 Result)
{
    static const UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\PhysicalMemory");
    POBJECT_ATTRIBUTES Attributes = (POBJECT_ATTRIBUTES)Frame->Arg[2];

    if (NT_SUCCESS((NTSTATUS)Result) && Attributes != NULL && Attributes->ObjectName != NULL &&
        RtlEqualUnicodeString(Attributes->ObjectName, &Name, TRUE)) {
        VfSetPut(&VfPhysicalMemory, *(PULONG64)Frame->Arg[0], 1);
    }
    return Result;
}

static VOID
VfClosesSection(PVF_FRAME Frame)
{
    if (VfPhysicalMemory.Count != 0) {
        VfSetRemove(&VfPhysicalMemory, Frame->Arg[0]);
    }
}

/* ZwMapViewOfSection(Section, Process, &Base, ZeroBits, Commit, &Offset, ...); the driver may have rounded the offset. */
static VOID
VfMapsView(PVF_FRAME Frame)
{
    PLARGE_INTEGER Offset = (PLARGE_INTEGER)Frame->Arg[5];
    ULONG64 Physical = Offset != NULL ? (ULONG64)Offset->QuadPart : 0;

    if (VfIsOn(VfRuleUserPhysicalAddress) && Physical >= VF_NO_ADDRESS &&
        VfSetFind(&VfPhysicalMemory, Frame->Arg[0]) != 0 &&
        VfIsGiven(Physical & ~(ULONG64)VF_GRANULE, Physical | VF_GRANULE)) {
        VfViolate(
            VfRuleUserPhysicalAddress, NULL, Frame,
            "%a maps \\Device\\PhysicalMemory at the physical address 0x%p, which a program "
            "without rights has put into its request: any memory of the machine can be mapped "
            "so",
            Frame->Caller, (PVOID)Physical);
    }
}

VOID
VfInitHardware(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(MmMapIoSpace, VfMapsPhysical, NULL),
        VF_HOOK(MmMapIoSpaceEx, VfMapsPhysical, NULL),
        VF_HOOK(MmCopyMemory, VfCopiesPhysical, NULL),
        VF_HOOK(ZwOpenSection, NULL, VfOpenedSection),
        VF_HOOK(ZwMapViewOfSection, VfMapsView, NULL),
        VF_HOOK(ZwClose, VfClosesSection, NULL),
        VF_HOOK(memcpy, VfCopiesGiven, NULL),
        VF_HOOK(memmove, VfCopiesGiven, NULL),
        VF_HOOK(RtlCopyMemory, VfCopiesGiven, NULL),
        VF_HOOK(RtlMoveMemory, VfCopiesGiven, NULL),
    };

    if (VfIsOn(VfRuleUserPort) || VfIsOn(VfRuleUserRegister)) {
        Machine->hardware = ABI_HARDWARE_TOLD;
    }
    VF_ADD_HOOKS(Rows);
}
