/*
 * aux_klib.h - the auxiliary kernel library: what is loaded, and what an image exports. The routines are in
 * sdk/lib/aux_klib.c, which a driver links statically, as on Windows. [DDI: aux_klib.h]
 */
#ifndef _AUX_KLIB_H
#define _AUX_KLIB_H

#ifdef __cplusplus
extern "C" {
#endif

#ifndef AUX_KLIB_MODULE_PATH_LEN
#define AUX_KLIB_MODULE_PATH_LEN 256
#endif

typedef struct _AUX_MODULE_BASIC_INFO {
    PVOID ImageBase;
} AUX_MODULE_BASIC_INFO, *PAUX_MODULE_BASIC_INFO;

typedef struct _AUX_MODULE_EXTENDED_INFO {
    AUX_MODULE_BASIC_INFO BasicInfo;
    ULONG ImageSize;
    USHORT FileNameOffset;
    UCHAR FullPathName[AUX_KLIB_MODULE_PATH_LEN];
} AUX_MODULE_EXTENDED_INFO, *PAUX_MODULE_EXTENDED_INFO;

NTSTATUS NTAPI AuxKlibInitialize(VOID);
NTSTATUS NTAPI AuxKlibQueryModuleInformation(PULONG BufferSize, ULONG ElementSize, PVOID QueryInfo);
struct _IMAGE_EXPORT_DIRECTORY *NTAPI AuxKlibGetImageExportDirectory(PVOID ImageBase);

#ifdef __cplusplus
}
#endif

#endif
