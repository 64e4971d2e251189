/*
 * fsrtl.h - what mm and cc need of nt/fsrtl and the DDK does not declare.
 *
 * Each acquire enters a critical region and each release leaves it, so a page writer that holds a file cannot be
 * suspended. [ntifs: FsRtlAcquireFileExclusive; FsRtlRegisterFileSystemFilterCallbacks]
 */
#ifndef NT_INC_FSRTL_H
#define NT_INC_FSRTL_H

/* An error means that nothing is held. */
NTSTATUS NTAPI FsRtlAcquireToCreateMappedSection(PFILE_OBJECT FileObject,
                                                 ULONG SectionPageProtection);
NTSTATUS NTAPI FsRtlAcquireFileForCcFlushEx(PFILE_OBJECT FileObject);
VOID NTAPI FsRtlAcquireFileForCcFlush(PFILE_OBJECT FileObject);
VOID NTAPI FsRtlReleaseFileForCcFlush(PFILE_OBJECT FileObject);
NTSTATUS NTAPI FsRtlAcquireFileForModWriteEx(PFILE_OBJECT FileObject, PLARGE_INTEGER EndingOffset,
                                             PERESOURCE *ResourceToRelease);
BOOLEAN NTAPI FsRtlAcquireFileForModWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER EndingOffset,
                                          PERESOURCE *ResourceToRelease);
VOID NTAPI FsRtlReleaseFileForModWrite(PFILE_OBJECT FileObject, PERESOURCE ResourceToRelease);

/* The FILE_LOCK or OPLOCK that a request waits for, which is what a step on either touches; NULL: for none. */
PVOID FsRtlpPlaceOfLock(PIRP Irp);
PVOID FsRtlpPlaceOfOplock(PIRP Irp);

#endif
