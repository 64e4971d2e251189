/*
 * ea.c - extended attributes: the form of the buffers. [ntifs: IoCheckEaBufferValidity]
 * NtQueryEaFile and NtSetEaFile come with the file systems that keep attributes.
 */
#include "nt/io/iop.h"

NTSTATUS NTAPI
IoCheckEaBufferValidity(PFILE_FULL_EA_INFORMATION EaBuffer, ULONG EaLength, PULONG ErrorOffset)
{
    PUCHAR Start = (PUCHAR)EaBuffer;
    PFILE_FULL_EA_INFORMATION Ea = EaBuffer;
    ULONG Size;

    for (;;) {
        *ErrorOffset = (ULONG)((PUCHAR)Ea - Start);
        if (EaLength < FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName)) {
            return STATUS_EA_LIST_INCONSISTENT;
        }
        Size = FIELD_OFFSET(FILE_FULL_EA_INFORMATION, EaName) + Ea->EaNameLength + 1 +
               Ea->EaValueLength;
        if (EaLength < Size || Ea->EaName[Ea->EaNameLength] != 0) {
            return STATUS_EA_LIST_INCONSISTENT;
        }
        if (Ea->NextEntryOffset == 0) {
            return STATUS_SUCCESS;
        }
        if (Ea->NextEntryOffset != ((Size + 3) & ~3u) || Ea->NextEntryOffset >= EaLength) {
            return STATUS_EA_LIST_INCONSISTENT;
        }
        EaLength -= Ea->NextEntryOffset;
        Ea = (PFILE_FULL_EA_INFORMATION)((PUCHAR)Ea + Ea->NextEntryOffset);
    }
}
