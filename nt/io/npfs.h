/*
 * npfs.h - \Device\NamedPipe: named and anonymous pipes.
 *
 * A pipe (NP_PIPE) has a name and what all of its instances share; an instance (NP_INSTANCE) joins one server's
 * file object with one client's. Data lies in the queue of the end that wrote it. An anonymous pipe is a
 * pipe without a name, whose client end is opened relative to the server's handle.
 *
 *     npfs.c      the driver: create, cleanup, close, information
 *     npqueue.c   a queue of messages and those who wait for one: read, write, flush
 *     npctl.c     file-system controls: listen, disconnect, peek, transceive, wait, impersonate
 *
 *   N1  Each file object has an NP_FILE (FsContext). Its Instance is NULL from the disconnect on: a client that
 *       was cut off can do nothing more but close.
 *   N2  A queue holds data or readers, never both.
 *   N3  How requests wait, and in which order they come, is in msgfs.h. A list of pipes and a wait for a name are steps on
 *       all of them (NpPipes): what lets an instance come, go, listen or be taken comes before or after those.
 *
 * [K: "CreateNamedPipe", "Named Pipe Type, Read, and Wait Modes", "ReadFile", "WriteFile"; MS-FSCC 2.3.45 to
 *  2.3.50, 2.4.36 to 2.4.38; ntifs.h]
 */
#ifndef NT_IO_NPFS_H
#define NT_IO_NPFS_H

#include "nt/io/msgfs.h"

#define TAG_NPFS 'sFpN'

enum { NpServer = 0, NpClient = 1 };

typedef struct _NP_PIPE {
    LIST_ENTRY Links;
    UNICODE_STRING Name; /* with its backslash; empty: anonymous */
    ULONG Type;          /* FILE_PIPE_BYTE_STREAM_TYPE, FILE_PIPE_MESSAGE_TYPE */
    ULONG Configuration; /* FILE_PIPE_INBOUND, FILE_PIPE_OUTBOUND, FILE_PIPE_FULL_DUPLEX */
    ULONG MaximumInstances, InstanceCount;
    ULONG Quota[2]; /* by who writes */
    LARGE_INTEGER DefaultTimeout;
    PSECURITY_DESCRIPTOR Security;
    LIST_ENTRY Instances;
} NP_PIPE, *PNP_PIPE;

typedef struct _NP_QUEUE {
    LIST_ENTRY Writes;  /* data and flushes, in order */
    LIST_ENTRY Readers; /* N2 */
    ULONG Bytes, Messages;
} NP_QUEUE, *PNP_QUEUE;

/* A request that waits, or data that does: without a request once its write has completed. */
typedef struct _NP_WAIT {
    MSG_WAIT Wait;
    PNP_QUEUE Queue; /* of a write or flush */
    ULONG Quota;
    ULONG Offset;  /* data: how much has been read */
    ULONG Length;  /* data: how much there is */
    BOOLEAN Flush; /* waits until what is before it has been read */
    UCHAR Data[];
} NP_WAIT, *PNP_WAIT;

struct _NP_FILE;

typedef struct _NP_INSTANCE {
    LIST_ENTRY Links;
    PNP_PIPE Pipe;
    ULONG State; /* FILE_PIPE_..._STATE */
    struct _NP_FILE *File[2];
    NP_QUEUE Queue[2]; /* by who writes */
    LIST_ENTRY Listeners;
    HANDLE ClientProcess, ServerProcess;
    BOOLEAN HasClientSecurity;
    SECURITY_CLIENT_CONTEXT ClientSecurity;
} NP_INSTANCE, *PNP_INSTANCE;

typedef struct _NP_FILE {
    MSG_FILE Message;
    PNP_INSTANCE Instance; /* N1 */
    ULONG End;
    BOOLEAN Root; /* the device or its root directory: no pipe */
    ULONG ReadMode, CompletionMode;
    ULONG Next; /* of an enumeration */
} NP_FILE, *PNP_FILE;

FORCEINLINE PNP_FILE
NpFile(PIO_STACK_LOCATION Stack)
{
    return Stack->FileObject->FsContext;
}

/* npfs.c */
NTSTATUS NpComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information);
VOID NpSetListening(PNP_INSTANCE Instance, PLIST_ENTRY Gathered);
/* TRUE: Security was the client's, and is the caller's to delete when nothing is half done any more. */
BOOLEAN NpForgetClient(PNP_INSTANCE Instance, PSECURITY_CLIENT_CONTEXT Security);
PNP_PIPE NpFindPipe(PUNICODE_STRING Name);

/* npqueue.c */
PNP_WAIT NpNewWait(ULONG Length);
VOID NpGatherList(PLIST_ENTRY List, NTSTATUS Status, PLIST_ENTRY Gathered);
VOID NpEmptyQueue(PNP_QUEUE Queue, NTSTATUS Status, PLIST_ENTRY Gathered);
/* Data stays, but nobody waits for it to be read any more. */
VOID NpReleaseWrites(PNP_QUEUE Queue, PLIST_ENTRY Gathered);
/* May the end read or write in the instance's state? */
NTSTATUS NpReadState(PNP_FILE File);
NTSTATUS NpWriteState(PNP_FILE File);
/* Both answer STATUS_PENDING when Irp waits now. */
NTSTATUS NpRead(PNP_FILE File, PIRP Irp, ULONG Length, PULONG_PTR Information,
                PLIST_ENTRY Gathered);
NTSTATUS NpWrite(PNP_FILE File, PIRP Irp, PVOID Buffer, ULONG Length, PULONG_PTR Information,
                 PLIST_ENTRY Gathered);
NTSTATUS NpFlush(PNP_FILE File, PIRP Irp);
ULONG NpCopyOut(PNP_FILE File, PUCHAR Buffer, ULONG Length, PNTSTATUS Status, BOOLEAN Take,
                PLIST_ENTRY Gathered);

/* npctl.c */
NTSTATUS NpControl(PIRP Irp, PIO_STACK_LOCATION Stack, PULONG_PTR Information,
                   PLIST_ENTRY Gathered);
VOID NpWakeWaiters(PNP_PIPE Pipe, PLIST_ENTRY Gathered);

extern LIST_ENTRY NpPipes, NpWaiters; /* iodata.c */

#endif
