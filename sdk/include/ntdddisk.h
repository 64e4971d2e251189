/*
 * ntdddisk.h - mingw-w64's, and behind it what it lacks. [DDI: ntdddisk.h]
 */
#ifndef NTLAB_NTDDDISK_H
#define NTLAB_NTDDDISK_H
#include_next <ntdddisk.h>

#ifndef IOCTL_DISK_GET_CLUSTER_INFO
#define IOCTL_DISK_GET_CLUSTER_INFO                                                                \
    CTL_CODE(IOCTL_DISK_BASE, 0x0085, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_DISK_SET_CLUSTER_INFO                                                                \
    CTL_CODE(IOCTL_DISK_BASE, 0x0086, METHOD_BUFFERED, FILE_READ_ACCESS | FILE_WRITE_ACCESS)
#define DISK_CLUSTER_FLAG_ENABLED              0x0000000000000001ULL
#define DISK_CLUSTER_FLAG_CSV                  0x0000000000000002ULL
#define DISK_CLUSTER_FLAG_IN_MAINTENANCE       0x0000000000000004ULL
#define DISK_CLUSTER_FLAG_PNP_ARRIVAL_COMPLETE 0x0000000000000008ULL
typedef struct _DISK_CLUSTER_INFO {
    ULONG Version;
    ULONGLONG Flags;
    ULONGLONG FlagsMask;
    BOOLEAN Notify;
} DISK_CLUSTER_INFO, *PDISK_CLUSTER_INFO;
#endif

#endif
