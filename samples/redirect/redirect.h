/*
 * redirect.h - an isolating minifilter: files below one folder are stored with their nibbles swapped, and their clients see
 * them as they wrote them.
 *
 * The filter stands between two views of a file. What a client opens is a file object of ours: its FsContext, its
 * section object pointers and so its cache and its mapped views belong to the filter. Behind it stands a second file
 * object, opened with FltCreateFileEx2 below the instance (a shadow): the file system knows this one only. So the file
 * system's cache never holds the clients' data, nor ours the file system's.
 *
 *     driver.c    registration, the folder, unloading
 *     create.c    opening: the shadow, the clients' file object, sharing, oplocks
 *     data.c      reads and writes: cached ones through Cc, paging ones from the shadow, transformed
 *     inform.c    everything else: sizes, names, locks, oplocks, cleanup, close, what mm acquires
 *
 * Swapping nibbles is its own inverse and leaves zero what it is. So a hole in the file, and what lies between its valid
 * data length and its end, read as zeros in both views, and the file system can keep both for us.
 *
 * Locks, in this order: Main (a file's size and data), Paging (the same against paging I/O), then whatever the file system takes for a request on a shadow. It never calls up, so there is no way back.
 *
 *   D1  A file is known by its stream context on the shadow, which is the RD_FILE itself: it lives as long as the
 *       file system's stream, or as long as a file object of ours refers to it.
 *   D2  Each open has a shadow of its own, opened with the client's access and sharing: the file system decides both.
 *       Its handle is closed with the client's last handle; its file object with the client's file object, which a
 *       mapped view can keep for long. Paging I/O needs the file object only.
 *   D3  FileSize is the file system's, always: it is set below first.
 */
#ifndef REDIRECT_H
#define REDIRECT_H

#include <fltKernel.h>

#define RD_TAG  'ideR'
#define RD_NODE ((CSHORT)0x5244)

typedef struct _RD_FILE {
    FSRTL_ADVANCED_FCB_HEADER Header; /* first: FsContext */
    FAST_MUTEX Mutex;
    ERESOURCE Main, Paging;
    SECTION_OBJECT_POINTERS Sections;
    FILE_LOCK Locks;
    OPLOCK Oplock;
    LIST_ENTRY Links;     /* RdFiles, while Opens is not 0 */
    ULONG Handles, Opens; /* until cleanup, until close */
} RD_FILE, *PRD_FILE;

/* FsContext2 of a client's file object. */
typedef struct _RD_OPEN {
    PFILE_OBJECT Shadow;
    HANDLE Handle; /* NULL: cleaned up */
} RD_OPEN, *PRD_OPEN;

/* driver.c */
extern PFLT_FILTER RdFilter;
extern UNICODE_STRING RdFolder;
extern EX_RUNDOWN_REF RdOpening; /* held by each open; run down, opens fail */
extern FAST_MUTEX RdFilesMutex;
extern LIST_ENTRY RdFiles;

static inline PRD_FILE
RdFileOf(PFILE_OBJECT FileObject)
{
    PRD_FILE File = FileObject != NULL ? FileObject->FsContext : NULL;

    return File != NULL && File->Header.NodeTypeCode == RD_NODE &&
                   File->Header.NodeByteSize == sizeof(RD_FILE) &&
                   File->Header.Resource == &File->Main
               ? File
               : NULL;
}

static inline PFILE_OBJECT
RdShadowOf(PFILE_OBJECT FileObject)
{
    return ((PRD_OPEN)FileObject->FsContext2)->Shadow;
}

static inline FLT_PREOP_CALLBACK_STATUS
RdComplete(PFLT_CALLBACK_DATA Data, NTSTATUS Status, ULONG_PTR Information)
{
    Data->IoStatus.Status = Status;
    Data->IoStatus.Information = Information;
    return FLT_PREOP_COMPLETE;
}

/* The file system gets it, on the shadow. */
static inline FLT_PREOP_CALLBACK_STATUS
RdPass(PFLT_CALLBACK_DATA Data)
{
    Data->Iopb->TargetFileObject = RdShadowOf(Data->Iopb->TargetFileObject);
    FltSetCallbackDataDirty(Data);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

/* create.c */
FLT_PREOP_CALLBACK_STATUS FLTAPI RdPreCreate(PFLT_CALLBACK_DATA Data,
                                             PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context);
VOID FLTAPI RdFileGone(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE ContextType);
BOOLEAN RdIsInside(PUNICODE_STRING Path);
NTSTATUS RdQueryName(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, PUNICODE_STRING Name);

/* data.c */
NTSTATUS RdSetSize(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, LONGLONG Size);
VOID RdNewSize(PRD_FILE File, PFILE_OBJECT FileObject, LONGLONG Size);
NTSTATUS RdFlush(PRD_FILE File);
FLT_PREOP_CALLBACK_STATUS FLTAPI RdPreRead(PFLT_CALLBACK_DATA Data,
                                           PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context);
FLT_PREOP_CALLBACK_STATUS FLTAPI RdPreWrite(PFLT_CALLBACK_DATA Data,
                                            PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context);

/* inform.c */
FLT_PREOP_CALLBACK_STATUS FLTAPI RdPreOther(PFLT_CALLBACK_DATA Data,
                                            PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context);
FLT_PREOP_CALLBACK_STATUS FLTAPI RdPreSection(PFLT_CALLBACK_DATA Data,
                                              PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context);

#endif
