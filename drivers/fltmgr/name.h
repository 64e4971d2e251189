/*
 * name.h - between name.c, normalize.c and provider.c.
 */
#ifndef NAME_H
#define NAME_H

#include "fltp.h"

/* What a normalization needs besides the path. */
typedef struct _FLTP_EXPANSION {
    PFLT_INSTANCE Instance;
    PFLT_INSTANCE Provider; /* N5; NULL: the directories say */
    PFILE_OBJECT FileObject;
    FLT_NORMALIZE_NAME_FLAGS Flags;
    PVOID Context; /* the provider's */
} FLTP_EXPANSION, *PFLTP_EXPANSION;

/* normalize.c */
NTSTATUS FltpNormalize(PFLTP_EXPANSION Expansion, PUNICODE_STRING Path);
VOID FltpCutDataSuffix(PUNICODE_STRING Path);

/* provider.c */
PFLT_INSTANCE FltpProvider(PFLT_INSTANCE Instance, BOOLEAN Itself);
NTSTATUS FltpGenerate(PFLT_INSTANCE Provider, PFILE_OBJECT FileObject, PFLT_CALLBACK_DATA Data,
                      FLT_FILE_NAME_OPTIONS Options, PUNICODE_STRING Path, PBOOLEAN Cache);
BOOLEAN FltpExpands(PFLT_INSTANCE Provider);
NTSTATUS FltpAskProvider(PFLTP_EXPANSION Expansion, PCUNICODE_STRING Path, USHORT VolumeLength,
                         PCUNICODE_STRING Component, PFILE_NAMES_INFORMATION Names);

#endif
