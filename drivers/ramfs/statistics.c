/*
 * statistics.c - FSCTL_FILESYSTEM_GET_STATISTICS. [MS-FSA 2.1.5.10.7; MS-FSCC 2.3.12; winioctl: FILESYSTEM_STATISTICS]
 *
 * What is counted are transfers to and from the disk for files of users: paging I/O and what passes the cache by, as the FAT sample
 * counts them. Nothing that the file system keeps for itself lies on this disk, so there are no others. Each processor counts
 * for itself; a number wraps.
 */
#include "ramfs.h"

/* What goes with the type NTFS, of which there is nothing to count here. */
#define RAM_STATISTICS                                                                             \
    ((sizeof(FILESYSTEM_STATISTICS) + sizeof(NTFS_STATISTICS) + 63u) & ~(SIZE_T)63)

VOID
RamCount(PRAM_VOLUME Volume, BOOLEAN Write, ULONG Bytes)
{
    PRAM_COUNTS Counts = &Volume->Counts[KeGetCurrentProcessorNumber() % RAM_PROCESSORS];

    if (Write) {
        Counts->Writes++;
        Counts->WriteBytes += Bytes;
    } else {
        Counts->Reads++;
        Counts->ReadBytes += Bytes;
    }
}

static VOID
RamFillStatistics(PRAM_COUNTS Counts, PFILESYSTEM_STATISTICS Info)
{
    RtlZeroMemory(Info, RAM_STATISTICS);
    Info->FileSystemType = FILESYSTEM_STATISTICS_TYPE_NTFS;
    Info->Version = 1;
    Info->SizeOfCompleteStructure = (ULONG)RAM_STATISTICS;
    Info->UserFileReads = Info->UserDiskReads = Counts->Reads;
    Info->UserFileReadBytes = Counts->ReadBytes;
    Info->UserFileWrites = Info->UserDiskWrites = Counts->Writes;
    Info->UserFileWriteBytes = Counts->WriteBytes;
}

NTSTATUS
RamTellStatistics(PRAM_REQUEST Request)
{
    PUCHAR Buffer = Request->Irp->AssociatedIrp.SystemBuffer;
    ULONG Out = Request->Stack->Parameters.FileSystemControl.OutputBufferLength, Used = 0;
    ULONG Processors = min((ULONG)KeNumberProcessors, RAM_PROCESSORS);
    union {
        FILESYSTEM_STATISTICS Info;
        UCHAR Bytes[RAM_STATISTICS];
    } One;

    if (Out < sizeof(FILESYSTEM_STATISTICS)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    for (ULONG i = 0; i < Processors && Used < Out; i++) {
        ULONG Copy = (ULONG)min(RAM_STATISTICS, (SIZE_T)(Out - Used));

        RamFillStatistics(&Request->Volume->Counts[i], &One.Info);
        RtlCopyMemory(Buffer + Used, One.Bytes, Copy);
        Used += Copy;
    }
    Request->Information = Used;
    return Used < Processors * RAM_STATISTICS ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}
