/*
 * imagefile.h - an image that is read from its file: what nt/io, nt/mm and nt/ps tell each other of it.
 *
 * As long as no volume is mounted nothing can differ from what the host has, and images are the host's files by name. Then a file is
 * opened, a section made of it, and the section says where its bytes come from (nt/mm/imagefile.c).
 */
#ifndef NT_INC_IMAGEFILE_H
#define NT_INC_IMAGEFILE_H

#include "nt/inc/ke.h"

/* nt/io/source.c */
BOOLEAN IopIsVolumeMounted(VOID);
/* The path that the host knows the file's bytes by, if nothing has changed them and nobody stands between: L"\\Device\\HostFilesC\\..." */
BOOLEAN IopQuerySource(PFILE_OBJECT FileObject, PUNICODE_STRING Path);

/* nt/mm/imagefile.c */
/* *Section NULL with success: nothing is mounted, the image is the host's. Checked: by the caller's rights. */
NTSTATUS MiOpenImageFile(PUNICODE_STRING Path, BOOLEAN Checked, PVOID *Section);
/* As MiMapUserImage; Section may be NULL. The reference stays the caller's. */
NTSTATUS MiMapImageFile(PEPROCESS Process, const char *Name, PVOID Section, PVOID *Base,
                        struct abi_image *Info);

#endif
