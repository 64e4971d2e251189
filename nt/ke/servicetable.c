/*
 * servicetable.c - from the number of a system service to its routine.
 *
 * A number has two parts: bits 0 to 11 the index in a table, bit 12 which table. A descriptor says where a table is; there are
 * two arrays of two:
 *     KeServiceDescriptorTable         threads as they begin: ours, nothing
 *     KeServiceDescriptorTableShadow   threads that have called a service of the second table: ours, and that one,
 *                                      which on Windows is win32k's and here whatever a driver has added
 * A table has 32 bits for each service: the routine's offset from the table << 4, and how many of its arguments lie on the
 * stack. So routine and table must not be more than 128 MiB apart: they are in one image.
 *
 * Facts: nt-semantics 8.1, 8.2.
 */
#include "nt/ke/ki.h"
#include "nt/ke/account.h"

extern PVOID KiServiceRoutines[]; /* generated: tools/gen_services.py */
extern UCHAR KiArgumentTable[];
extern ULONG KiServiceLimit;

static NTSTATUS NTAPI
KiInvalidService(VOID)
{
    return STATUS_INVALID_SYSTEM_SERVICE;
}

static LONG
KiCompactEntry(PLONG Table, PVOID Routine, ULONG StackArguments)
{
    return (LONG)(((LONG64)Routine - (LONG64)Table) << 4 | (LONG64)StackArguments);
}

VOID
KiInitializeServices(VOID)
{
    ASSERT(KiServiceLimit == KI_SERVICES);
    for (ULONG Index = 0; Index < KI_SERVICES; Index++) {
        PVOID Routine = KiServiceRoutines[Index];

        KiServiceTable[Index] =
            KiCompactEntry(KiServiceTable, Routine != NULL ? Routine : (PVOID)KiInvalidService,
                           KiArgumentTable[Index]);
    }
    KeServiceDescriptorTable[0].Base = KiServiceTable;
    KeServiceDescriptorTable[0].Limit = KI_SERVICES;
    KeServiceDescriptorTable[0].Number = KiArgumentTable;
    KeServiceDescriptorTableShadow[0] = KeServiceDescriptorTable[0];
}

PVOID
KiFindService(ULONG Number, PULONG StackArguments)
{
    PKSERVICE_TABLE_DESCRIPTOR Table = (KiThread()->ThreadFlags & KI_GUI_THREAD)
                                           ? KeServiceDescriptorTableShadow
                                           : KeServiceDescriptorTable;
    ULONG Index = Number & 0xFFF;
    LONG Entry;

    Table += Number >> 12 & 1;
    if ((Number & 0x2000) != 0 || Index >= Table->Limit) {
        return NULL;
    }
    Entry = Table->Base[Index];
    *StackArguments = Entry & 0xF;
    return (PVOID)((LONG64)Table->Base + (Entry >> 4));
}

/* The thread has called a service of the second table. FALSE: nobody has added one. */
BOOLEAN
KiConvertToGuiThread(VOID)
{
    if (KeServiceDescriptorTableShadow[1].Limit == 0) {
        return FALSE;
    }
    KiThread()->ThreadFlags |= KI_GUI_THREAD;
    return TRUE;
}

/*
 * Adds the second table. It comes as pointers to the routines and is made compact where it lies; Number has for each
 * routine the bytes of its stack arguments as 32-bit code would count them, 4 for each.
 */
BOOLEAN NTAPI
KeAddSystemServiceTable(PULONG_PTR Base, PULONG Count, ULONG Limit, PUCHAR Number, ULONG Index)
{
    PLONG Table = (PLONG)Base;

    if (Index != 1 || KeServiceDescriptorTableShadow[1].Limit != 0 || Limit == 0 ||
        Limit > 0x1000) {
        return FALSE;
    }
    for (ULONG i = 0; i < Limit; i++) {
        LONG64 Distance = (LONG64)Base[i] - (LONG64)Table;

        if (Number[i] > 14 * 4 || Distance < -(1 << 27) || Distance >= 1 << 27) {
            return FALSE;
        }
    }
    for (ULONG i = 0; i < Limit;
         i++) { /* each entry is half as long as the pointer it is made from */
        Table[i] = KiCompactEntry(Table, (PVOID)Base[i], Number[i] / 4);
    }
    KeServiceDescriptorTableShadow[1] = (KSERVICE_TABLE_DESCRIPTOR){
        .Base = Table, .Count = Count, .Limit = Limit, .Number = Number};
    return TRUE;
}

/* Threads that use it stay GUI threads; their next call of it is no service. */
BOOLEAN NTAPI
KeRemoveSystemServiceTable(ULONG Index)
{
    if (Index != 1 || KeServiceDescriptorTableShadow[1].Limit == 0) {
        return FALSE;
    }
    RtlZeroMemory(&KeServiceDescriptorTableShadow[1], sizeof(KeServiceDescriptorTableShadow[1]));
    return TRUE;
}

/* ---- told to the host: `ntlab syscalls` ---- */

static VOID
KiDescribeService(struct abi_service *Service)
{
    PETHREAD Thread = PspCurrentThread();

    RtlZeroMemory(Service, sizeof(*Service));
    Service->number = KiThread()->SystemCallNumber;
    Service->process = (ULONG)(ULONG_PTR)Thread->Cid.UniqueProcess;
    Service->thread = (ULONG)(ULONG_PTR)Thread->Cid.UniqueThread;
    Service->time_100ns = Machine->time_100ns;
    Service->name = KiThread()->Agent.Name;
}

/* From KiSystemCall64Observed. */
VOID
KiTellService(PKI_FRAME Frame, PULONG64 Stack)
{
    struct abi_service Service;
    ULONG StackArguments = 0;

    if (KiAccounts()) {
        KiAccountFrom(KiTurn->stamp[18], ABI_ACCOUNT_TELL);
    }
    KiDescribeService(&Service);
    KiFindService(Service.number, &StackArguments);
    Service.argument[0] = Frame->Trap.R10;
    Service.argument[1] = Frame->Trap.Rdx;
    Service.argument[2] = Frame->Trap.R8;
    Service.argument[3] = Frame->Trap.R9;
    for (ULONG Index = 0; Index < StackArguments && Index < 14; Index++) {
        Service.argument[4 + Index] = Stack[Index];
    }
    Service.count = 4 + StackArguments;
    HcService(&Service, FALSE, 0);
    KiAccount(ABI_ACCOUNT_SERVICE);
}

VOID
KiToldService(ULONG64 Result)
{
    struct abi_service Service;

    if (KiAccounts()) {
        KiAccountFrom(KiTurn->stamp[17], ABI_ACCOUNT_TELL);
    }
    KiDescribeService(&Service);
    HcService(&Service, TRUE, Result);
    KiAccount(ABI_ACCOUNT_LEAVE);
}
