/*
 * errlog.c - error log entries: written to the debugger's channel as a line.
 * [wdm: IoAllocateErrorLogEntry, IoWriteErrorLogEntry]
 */
#include "nt/io/iop.h"
#include "nt/inc/left.h"

typedef struct _IOP_ERROR_ENTRY {
    ULONG Size;
    PVOID IoObject;
    IO_ERROR_LOG_PACKET Packet;
} IOP_ERROR_ENTRY, *PIOP_ERROR_ENTRY;

PVOID NTAPI
IoAllocateErrorLogEntry(PVOID IoObject, UCHAR EntrySize)
{
    PIOP_ERROR_ENTRY Entry;
    ULONG Size;

    if (EntrySize < sizeof(IO_ERROR_LOG_PACKET) || EntrySize > ERROR_LOG_MAXIMUM_SIZE) {
        return NULL;
    }
    Size = FIELD_OFFSET(IOP_ERROR_ENTRY, Packet) + EntrySize;
    Entry = ExAllocatePoolWithTag(NonPagedPool, Size, 'rEoI');
    if (Entry == NULL) {
        return NULL;
    }
    RtlZeroMemory(Entry, Size);
    ObReferenceObject(IoObject);
    Entry->Size = Size;
    Entry->IoObject = IoObject;
    KiNoteMade("an entry of the error log, neither written nor freed,", &Entry->Packet,
               __builtin_return_address(0));
    return &Entry->Packet;
}

VOID NTAPI
IoFreeErrorLogEntry(PVOID ElEntry)
{
    PIOP_ERROR_ENTRY Entry = CONTAINING_RECORD(ElEntry, IOP_ERROR_ENTRY, Packet);

    KiForgetMade(ElEntry);
    ObDereferenceObject(Entry->IoObject);
    ExFreePoolWithTag(Entry, 'rEoI');
}

VOID NTAPI
IoWriteErrorLogEntry(PVOID ElEntry)
{
    PIOP_ERROR_ENTRY Entry = CONTAINING_RECORD(ElEntry, IOP_ERROR_ENTRY, Packet);
    PDRIVER_OBJECT DriverObject = Entry->IoObject;

    if (DriverObject->Type == IO_TYPE_DEVICE) {
        DriverObject = ((PDEVICE_OBJECT)Entry->IoObject)->DriverObject;
    }
    Entry->Packet.SequenceNumber = IopErrorLogSequence++;
    DbgPrint("event log: %wZ: error 0x%08x, final status 0x%08x, unique value 0x%x\n",
             &DriverObject->DriverName, Entry->Packet.ErrorCode, Entry->Packet.FinalStatus,
             Entry->Packet.UniqueErrorValue);
    IoFreeErrorLogEntry(ElEntry);
}
