/*
 * ntlab-wdk.h - what newer WDK headers declare and mingw-w64's do not: behind ntifs.h, ntddk.h and wdm.h.
 * [DDI: wdm.h, ntddk.h, ntifs.h]
 */
#ifndef NTLAB_WDK_H
#define NTLAB_WDK_H

#include <ntlab-sal.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef POOL_NX_OPTIN
#define POOL_NX_OPTIN 1
#endif
#ifndef POOL_ZERO_ALLOCATION
#define POOL_ZERO_ALLOCATION 1024
#endif

typedef ULONG64 POOL_FLAGS;
#define POOL_FLAG_REQUIRED_START    0x0000000000000001ULL
#define POOL_FLAG_USE_QUOTA         0x0000000000000001ULL
#define POOL_FLAG_UNINITIALIZED     0x0000000000000002ULL
#define POOL_FLAG_SESSION           0x0000000000000004ULL
#define POOL_FLAG_CACHE_ALIGNED     0x0000000000000008ULL
#define POOL_FLAG_RAISE_ON_FAILURE  0x0000000000000020ULL
#define POOL_FLAG_NON_PAGED         0x0000000000000040ULL
#define POOL_FLAG_NON_PAGED_EXECUTE 0x0000000000000080ULL
#define POOL_FLAG_PAGED             0x0000000000000100ULL

NTKERNELAPI PVOID NTAPI ExAllocatePool2(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag);

#define DrvRtPoolNxOptIn 0x00000001
FORCEINLINE VOID
ExInitializeDriverRuntime(ULONG RuntimeFlags)
{
    (void)RuntimeFlags; /* NonPagedPool means what the source says */
}

FORCEINLINE PVOID
ExAllocatePoolZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    PVOID Memory = ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);

    if (Memory != NULL) {
        RtlZeroMemory(Memory, NumberOfBytes);
    }
    return Memory;
}

FORCEINLINE PVOID
ExAllocatePoolUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);
}

FORCEINLINE PVOID
ExAllocatePoolQuotaZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    PVOID Memory = ExAllocatePoolWithQuotaTag(PoolType, NumberOfBytes, Tag);

    if (Memory != NULL) {
        RtlZeroMemory(Memory, NumberOfBytes);
    }
    return Memory;
}

#ifndef MdlMappingNoExecute
#define MdlMappingNoWrite   0x80000000
#define MdlMappingNoExecute 0x40000000
#endif
#ifndef NT_ANALYSIS_ASSUME
#define NT_ANALYSIS_ASSUME(_exp) ((void)0)
#endif
#ifndef RTL_QUERY_REGISTRY_TYPECHECK
#define RTL_QUERY_REGISTRY_TYPECHECK       0x00000100
#define RTL_QUERY_REGISTRY_TYPECHECK_SHIFT 24
#define RTL_QUERY_REGISTRY_TYPECHECK_MASK  (0xff << RTL_QUERY_REGISTRY_TYPECHECK_SHIFT)
#endif
#ifndef FILE_DISPOSITION_DELETE
#define FILE_DISPOSITION_DO_NOT_DELETE             0x00000000
#define FILE_DISPOSITION_DELETE                    0x00000001
#define FILE_DISPOSITION_POSIX_SEMANTICS           0x00000002
#define FILE_DISPOSITION_FORCE_IMAGE_SECTION_CHECK 0x00000004
#define FILE_DISPOSITION_ON_CLOSE                  0x00000008
typedef struct _FILE_DISPOSITION_INFORMATION_EX {
    ULONG Flags;
} FILE_DISPOSITION_INFORMATION_EX, *PFILE_DISPOSITION_INFORMATION_EX;
#endif

typedef struct _NTLAB_FILE_ID_128 {
    UCHAR Identifier[16];
} NTLAB_FILE_ID_128;
#ifndef _FILE_ID_128
typedef NTLAB_FILE_ID_128 FILE_ID_128, *PFILE_ID_128;
typedef struct _FILE_ID_INFORMATION {
    ULONGLONG VolumeSerialNumber;
    FILE_ID_128 FileId;
} FILE_ID_INFORMATION, *PFILE_ID_INFORMATION;
#endif

NTKERNELAPI VOID NTAPI KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime);
NTKERNELAPI PCHAR NTAPI PsGetProcessImageFileName(PEPROCESS Process);

#ifdef __cplusplus
}
#endif

#endif
