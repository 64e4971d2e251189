/*
 * module.c - images of the system half: the kernel, drivers, what they import.
 *
 * The host maps, relocates and binds; a driver that imports from another image which is not loaded yet
 * (an export driver) makes that one load first. PsLoadedModuleList is what drivers walk: the kernel
 * first, then the others in the order of their loading.
 *
 * INIT sections go when DriverEntry has returned; a jump back into one then faults, as on Windows.
 * PAGE sections stay: memory is never short, but the verifier may ask where they are.
 */
#include "mi.h"
#include "abi/imagebytes.h"
#include "nt/inc/imagefile.h"
#include "nt/inc/left.h"
#include "nt/inc/io.h"
#include "nt/inc/visit.h"

static const char *
MiBaseName(const char *Name)
{
    const char *Last = Name;

    for (; *Name != 0; Name++) {
        if (*Name == '\\' || *Name == '/') {
            Last = Name + 1;
        }
    }
    return Last;
}

static BOOLEAN
MiSameName(PUNICODE_STRING Module, const char *Name)
{
    USHORT i;

    for (i = 0; i < Module->Length / sizeof(WCHAR); i++) {
        WCHAR a = Module->Buffer[i], b = (UCHAR)Name[i];

        if (b == 0 || RtlUpcaseUnicodeChar(a) != RtlUpcaseUnicodeChar(b)) {
            return FALSE;
        }
    }
    return Name[i] == 0;
}

PKI_MODULE
MiFindModuleByName(const char *Name)
{
    PLIST_ENTRY Entry;

    for (Entry = PsLoadedModuleList.Flink; Entry != &PsLoadedModuleList; Entry = Entry->Flink) {
        PKI_MODULE Module = CONTAINING_RECORD(Entry, KI_MODULE, InLoadOrderLinks);

        if (MiSameName(&Module->BaseDllName, Name)) {
            return Module;
        }
    }
    return NULL;
}

PKI_MODULE
MiFindModule(const VOID *Address)
{
    PLIST_ENTRY Entry;

    for (Entry = PsLoadedModuleList.Flink; Entry != &PsLoadedModuleList; Entry = Entry->Flink) {
        PKI_MODULE Module = CONTAINING_RECORD(Entry, KI_MODULE, InLoadOrderLinks);

        if ((ULONG64)Address - (ULONG64)Module->DllBase < Module->SizeOfImage) {
            return Module;
        }
    }
    return NULL;
}

/* The file of an image that is loaded; a name without folders: of one that another imports from. */
static NTSTATUS
MiOpenSystemImage(const char *Name, PMI_SECTION *Section)
{
    static const char Folder[] = "\\SystemRoot\\System32\\drivers\\";
    ULONG Prefix = Name[0] == '\\' ? 0 : sizeof(Folder) - 1, Length = (ULONG)strlen(Name), Bytes;
    UNICODE_STRING Path = {0, (USHORT)((Prefix + Length + 1) * sizeof(WCHAR)), NULL};
    NTSTATUS Status;
    PWSTR Buffer;

    *Section = NULL;
    if (!IopIsVolumeMounted()) {
        return STATUS_SUCCESS; /* and nothing else of the loader is to be seen in a driver's pool */
    }
    Path.Buffer = Buffer = ExpAllocate(Path.MaximumLength, MI_TAG_MODULE);
    RtlUTF8ToUnicodeN(Buffer, Prefix * sizeof(WCHAR), &Bytes, Folder, Prefix);
    Path.Length = (USHORT)Bytes;
    RtlUTF8ToUnicodeN(Buffer + Bytes / sizeof(WCHAR), Length * sizeof(WCHAR), &Bytes, Name, Length);
    Path.Length += (USHORT)Bytes;
    Status = MiOpenImageFile(&Path, FALSE, (PVOID *)Section);
    ExpFree(Buffer);
    return Status;
}

static NTSTATUS
MiLoad(const char *Name, ULONG Depth, PKI_MODULE *Found)
{
    PMI_SECTION Section;
    struct abi_image Info;
    PKI_MODULE Module, Other;
    NTSTATUS Status;
    ULONG Result, Asks;

    Status = MiOpenSystemImage(Name, &Section);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Asks = Section != NULL ? ABI_IMAGE_ASKS : 0;
    for (;;) {
        struct abi_stat Stat;

        Result = MiLoadImage(Name, Section, ABI_IMAGE_SYSTEM | Asks, 0, &Info);
        if (Result != ABI_IMAGE_NEEDS || Depth > 8) {
            break;
        }
        /* The filter manager is no mere library: whoever needs it finds it started. */
        Status = strcmp(MiBaseName(Info.message), "fltmgr.sys") == 0
                     ? IopLoadFilterManager()
                     : MiLoad(Info.message, Depth + 1, &Other);
        if (!NT_SUCCESS(Status) && Asks != 0 && HcFileStat(Info.message, &Stat) != 0) {
            Asks = 0; /* there is no such file: its routines are missing, and a call says so */
        } else if (!NT_SUCCESS(Status)) {
            break;
        }
    }
    if (Result != ABI_IMAGE_OK) {
        if (Section != NULL) {
            ObDereferenceObject(Section);
        }
        if (Result == ABI_IMAGE_NEEDS && Depth <= 8) {
            return Status;
        }
        RtlCopyMemory(MiLoadMessage, Info.message, sizeof(MiLoadMessage));
        return MiImageStatus(Result);
    }
    Module = MiMakeModule(Name, &Info);
    Module->SectionPointer = Section; /* imagefile.c, F2 */
    ExpOpenOwner(Module->DllBase);
    Module->UnderTest = PspIsDriverUnderTest(MiBaseName(Name)) || !MiIsImageOfHost(Section);
    InsertTailList(&PsLoadedModuleList, &Module->InLoadOrderLinks);
    KiTrace(EV_IMAGE_LOAD, Module->DllBase, 0, Module->SizeOfImage, 0, 0);
    *Found = Module;
    if (VfHooks != NULL) {
        VfHooks->ImageLoaded(Module);
    }
    PspCallImageNotify(&Module->FullDllName, NULL, Module);
    return STATUS_SUCCESS;
}

NTSTATUS
MmLoadSystemImage(const char *Name, PKI_MODULE *Module)
{
    MiLoadMessage[0] = 0;
    if (MiFindModuleByName(MiBaseName(Name)) != NULL) {
        return STATUS_IMAGE_ALREADY_LOADED;
    }
    return MiLoad(Name, 0, Module);
}

static MI_GONE *
MiFindUnloaded(const volatile VOID *Address)
{
    for (ULONG i = 0; i < min(MiUnloadedCount, MI_UNLOADED); i++) {
        if ((ULONG64)Address - MiUnloaded[i].Start < MiUnloaded[i].Size) {
            return MiFindModule((const VOID *)Address) == NULL ? &MiUnloaded[i] : NULL;
        }
    }
    return NULL;
}

BOOLEAN
MiIsUnloadedImage(const volatile VOID *Address)
{
    return MiFindUnloaded(Address) != NULL;
}

const char *
MiLeftByUnloaded(const VOID *Address)
{
    MI_GONE *Gone = MiFindUnloaded(Address);

    return Gone != NULL && Gone->Left[0] != 0 ? Gone->Left : NULL;
}

VOID
MiNoteNotReturned(const VOID *Routine)
{
    MI_GONE *Gone = MiFindUnloaded(Routine);

    if (Gone != NULL && Gone->Left[0] == 0) {
        KiFormatText(Gone->Left, sizeof(Gone->Left), "a call of %a that had not yet returned",
                     Routine);
    }
}

VOID
MmUnloadSystemImage(PKI_MODULE Module)
{
    MI_GONE *Gone;

    KiImageGoes(Module->DllBase);
    Gone = &MiUnloaded[MiUnloadedCount++ % MI_UNLOADED];
    KiTrace(EV_IMAGE_UNLOAD, Module->DllBase, 0, 0, 0, 0);
    if (VfHooks != NULL) {
        VfHooks->ImageUnloads(Module);
    }
    RemoveEntryList(&Module->InLoadOrderLinks);
    Gone->Start = (ULONG64)Module->DllBase;
    Gone->Size = Module->SizeOfImage;
    KiListLeft(Gone->Start, Gone->Size, Gone->Left, sizeof(Gone->Left));
    KiTellLeft(Module, Gone->Left);
    KiNoteImageGoes();
    HcImageUnload(Module->DllBase);
    if (Module->SectionPointer != NULL) {
        ObDereferenceObject(Module->SectionPointer);
    }
    MiFreeModule(Module);
}

/* Whole pages of sections that say so and are named INIT: .reloc and the like are discardable too, but
   are read when a driver is looked at. */
VOID
MmFreeDriverInitialization(PKI_MODULE Module)
{
    PIMAGE_SECTION_HEADER Section;
    PIMAGE_NT_HEADERS64 Nt = MiMappedHeaders((ULONG64)Module->DllBase, &Section);
    ULONG i;

    for (i = 0; i < Nt->FileHeader.NumberOfSections; i++) {
        ULONG64 Start, End;

        if (!(Section[i].Characteristics & IMAGE_SCN_MEM_DISCARDABLE) ||
            RtlCompareMemory(Section[i].Name, "INIT", 4) != 4) {
            continue;
        }
        Start = (ULONG64)Module->DllBase + Section[i].VirtualAddress;
        End = (Start + Section[i].Misc.VirtualSize + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1);
        if ((Start & (PAGE_SIZE - 1)) == 0 && End > Start) {
            HcDecommit(Start, End - Start);
        }
    }
}

PVOID NTAPI
MmGetSystemRoutineAddress(PUNICODE_STRING SystemRoutineName)
{
    char *Name = MiHostPath(SystemRoutineName);
    PVOID Address = (PVOID)HcFindExport("ntoskrnl.exe", Name);

    ExpFree(Name);
    return Address;
}

/* Paging of drivers: everything is resident; what is asked for is checked and granted. */
PVOID NTAPI
MmLockPagableDataSection(PVOID AddressWithinSection)
{
    PKI_MODULE Module = MiFindModule(AddressWithinSection);
    PIMAGE_SECTION_HEADER Section;
    PIMAGE_NT_HEADERS64 Nt;
    ULONG i;

    if (Module == NULL) {
        KeBugCheckEx(MEMORY_MANAGEMENT, 0x1234, (ULONG_PTR)AddressWithinSection, 1, 0);
    }
    Nt = MiMappedHeaders((ULONG64)Module->DllBase, &Section);
    for (i = 0; i < Nt->FileHeader.NumberOfSections; i++) {
        if ((ULONG64)AddressWithinSection - ((ULONG64)Module->DllBase + Section[i].VirtualAddress) <
            Section[i].Misc.VirtualSize) {
            return (PUCHAR)Module->DllBase + Section[i].VirtualAddress; /* the handle */
        }
    }
    KeBugCheckEx(MEMORY_MANAGEMENT, 0x1234, (ULONG_PTR)AddressWithinSection, 0, 0);
}

VOID NTAPI
MmLockPagableSectionByHandle(PVOID ImageSectionHandle)
{
}

VOID NTAPI
MmUnlockPagableImageSection(PVOID ImageSectionHandle)
{
}

PVOID NTAPI
MmPageEntireDriver(PVOID AddressWithinSection)
{
    PKI_MODULE Module = MiFindModule(AddressWithinSection);

    return Module != NULL ? Module->DllBase : NULL;
}

VOID NTAPI
MmResetDriverPaging(PVOID AddressWithinSection)
{
}

/* By any address in it. */
LOGICAL NTAPI
MmIsDriverVerifyingByAddress(PVOID AddressWithinSection)
{
    return VfHooks != NULL && VfHooks->IsVerified(AddressWithinSection);
}

LOGICAL NTAPI
MmIsDriverVerifying(PDRIVER_OBJECT DriverObject)
{
    return MmIsDriverVerifyingByAddress(DriverObject->DriverStart);
}

NTSTATUS NTAPI
MmIsVerifierEnabled(PULONG VerifierFlags)
{
    *VerifierFlags = VfHooks != NULL ? VfHooks->Flags() : 0;
    return VfHooks != NULL ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}

/* The kernel's own module: mapped by the host before the first instruction. */
VOID
MiAddKernelModule(VOID)
{
    PIMAGE_SECTION_HEADER Section;
    PIMAGE_NT_HEADERS64 Nt = MiMappedHeaders(ABI_KERNEL_BASE, &Section);
    struct abi_image Info;
    PKI_MODULE Module;

    RtlZeroMemory(&Info, sizeof(Info));
    Info.base = ABI_KERNEL_BASE;
    Info.size = Nt->OptionalHeader.SizeOfImage;
    Info.entry = ABI_KERNEL_BASE + Nt->OptionalHeader.AddressOfEntryPoint;
    Info.preferred = Nt->OptionalHeader.ImageBase;
    Info.checksum = Nt->OptionalHeader.CheckSum;
    Info.timestamp = Nt->FileHeader.TimeDateStamp;
    Module = MiMakeModule("\\SystemRoot\\system32\\ntoskrnl.exe", &Info);
    InsertTailList(&PsLoadedModuleList, &Module->InLoadOrderLinks);
}
