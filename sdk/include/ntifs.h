/*
 * ntifs.h - mingw-w64's, and behind it what it lacks.
 */
#ifndef NTLAB_NTIFS_H
#define NTLAB_NTIFS_H
#include <ntddk.h>
/* FS_FILTER_PARAMETERS has grown since. */
#define PageProtection                                                                             \
    PageProtection;                                                                                \
    struct _FS_FILTER_SECTION_SYNC_OUTPUT *OutputInformation;                                      \
    ULONG Flags;                                                                                   \
    ULONG AllocationAttributes
/* FILE_RENAME_INFORMATION and FILE_LINK_INFORMATION are the Ex classes' too. */
#define ReplaceIfExists                                                                            \
    : 0;                                                                                           \
    union {                                                                                        \
        UCHAR ReplaceIfExists;                                                                     \
        ULONG Flags;                                                                               \
    }
/* Since Windows 8 the header of a stream has its oplock. What it begins with is set up by ntlab-ifs.h's routine. */
#if NTDDI_VERSION >= 0x06020000
#define FileContextSupportPointer                                                                  \
    FileContextSupportPointer;                                                                     \
    union {                                                                                        \
        PVOID Oplock;                                                                              \
        PVOID ReservedForRemote;                                                                   \
    };                                                                                             \
    PVOID ReservedContext
#define FsRtlSetupAdvancedHeader DdkFsRtlSetupAdvancedHeader
#endif
/* In no header of Microsoft's: sources declare these themselves, one also as a pointer of that name. */
#define ZwQueryInformationProcess DdkZwQueryInformationProcess
#define _PORT_MESSAGE             _DDK_PORT_MESSAGE
#define PORT_MESSAGE              DDK_PORT_MESSAGE
#define PPORT_MESSAGE             PDDK_PORT_MESSAGE
#include_next <ntifs.h>
#undef ZwQueryInformationProcess
#undef _PORT_MESSAGE
#undef PORT_MESSAGE
#undef PPORT_MESSAGE
#undef PageProtection
#undef ReplaceIfExists
#undef FileContextSupportPointer
#undef FsRtlSetupAdvancedHeader
#include <ntlab-ifs.h>
#endif
