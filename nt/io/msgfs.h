/*
 * msgfs.h - what npfs and msfs have in common: drivers of ours whose files are messages between programs.
 *
 * All that is done to one name is in some order, whether the name is known or not: each request is a step on the
 * place of its name (MsgPlace), which the files that were opened by it remember. A pipe without a name is its
 * own place. Between that step and its end a request passes no schedule point, so it takes no references and touches
 * no memory of a program; what does is done before or after.
 *
 *   W1  A request that waits is a MSG_WAIT in one list. Irp is NULL once somebody has taken it, to complete it.
 *   W2  To cancel such a request is a step on the same place (cancel.c), and so is the end of its time-out.
 *   W3  The block is freed when list, request and timer have let go of it.
 */
#ifndef NT_IO_MSGFS_H
#define NT_IO_MSGFS_H

#include "nt/io/iop.h"

#define TAG_MSG    'sgsM'
#define MSG_PLACES 1024 /* names of one place are in some order, more is not wrong */

enum { MsgPipes, MsgMailslots, MsgDevices };

extern UCHAR MsgPlaces[MSG_PLACES]; /* iodata.c */
extern PDEVICE_OBJECT MsgDevice[MsgDevices];

struct _MSG_WAIT;

/* A wait was cancelled, and has just left its list. Requests that can go on are gathered. */
typedef VOID (*PMSG_WITHDRAWN)(struct _MSG_WAIT *Wait, PLIST_ENTRY Gathered);

typedef struct _MSG_TIMER {
    KTIMER Timer;
    KDPC Dpc;
} MSG_TIMER, *PMSG_TIMER;

/* The beginning of a block of pool. */
typedef struct _MSG_WAIT {
    LIST_ENTRY Links;         /* itself: in no list any more */
    PIRP Irp;                 /* W1 */
    PVOID Place;              /* its address alone */
    PMSG_WITHDRAWN Withdrawn; /* NULL: nothing follows */
    PMSG_TIMER Timer;         /* NULL: for ever */
    ULONG Holders;            /* W3 */
} MSG_WAIT, *PMSG_WAIT;

/* What a file's FsContext begins with. */
typedef struct _MSG_FILE {
    PVOID Place; /* NULL: what is done to it touches nothing */
} MSG_FILE, *PMSG_FILE;

/* Without case, and without the backslash that a name relative to the root directory lacks. */
PVOID MsgPlace(PCUNICODE_STRING Name);

/* Where the requests of a file are cancelled; NULL: it is no file of these drivers. */
PVOID MsgPlaceOfFile(PFILE_OBJECT FileObject);

/* A block of Bytes, zeroed, that begins with a MSG_WAIT, held by the list that it will be in. */
PVOID MsgNewWait(SIZE_T Bytes, ULONG Tag);
/* Irp waits in List from here on. Timeout: as KeSetTimer takes it, NULL: for ever. STATUS_PENDING, and the request can
   have ended by then, or STATUS_CANCELLED if it was cancelled before; then Wait is gone. */
NTSTATUS MsgWait(PLIST_ENTRY List, PMSG_WAIT Wait, PIRP Irp, PVOID Place, PLARGE_INTEGER Timeout);
/* Takes the wait out of its list; what else holds it keeps it. */
VOID MsgLeaveList(PMSG_WAIT Wait);
/* The request of a wait ends so, once the structures are whole again (rule L1 of iop.h). */
VOID MsgGather(PLIST_ENTRY Gathered, PMSG_WAIT Wait, NTSTATUS Status, ULONG_PTR Information);
/* And the wait leaves its list; without a request it only does that. */
VOID MsgEnd(PLIST_ENTRY Gathered, PMSG_WAIT Wait, NTSTATUS Status, ULONG_PTR Information);
VOID MsgCompleteGathered(PLIST_ENTRY Gathered, CCHAR PriorityBoost);

VOID MsgAnswerBasic(PFILE_BASIC_INFORMATION Basic, PULONG_PTR Information);
NTSTATUS MsgAnswerName(PIO_STACK_LOCATION Stack, PFILE_NAME_INFORMATION Name,
                       PULONG_PTR Information);
/* Which: MsgPipes, MsgMailslots. */
NTSTATUS MsgCreateDevice(PDRIVER_OBJECT DriverObject, PDRIVER_DISPATCH Dispatch, ULONG Which,
                         PUNICODE_STRING Device, PUNICODE_STRING Link);

#endif
