/*
 * io.h - the I/O manager as the other components see it.
 */
#ifndef NT_INC_IO_H
#define NT_INC_IO_H

/* The whole life of a driver from the command line. ServicePath: \Registry\Machine\... */
NTSTATUS IopLoadDriver(PUNICODE_STRING ServicePath);
NTSTATUS IopUnloadDriver(PUNICODE_STRING ServicePath);
/* The name of its driver object, as the service's key has it now; and an unload by that name. */
VOID IopDriverName(PUNICODE_STRING ServicePath, PUNICODE_STRING Name, PWSTR Buffer, USHORT Bytes);
NTSTATUS IopUnloadNamed(PUNICODE_STRING Name);
NTSTATUS IopLoadFilterManager(VOID); /* \FileSystem\FltMgr, if its image is there */
/* Stands for the lists of requests of all threads of a process in a search's steps (cancel.c, X5). */
#define IOP_REQUESTS_OF(Process) (&((PKPROCESS)(Process))->ThreadListHead)
/* cancel.c, for what the environment may do: the oldest request that may be cancelled now, or NULL. */
PIRP IopOldestIrp(PETHREAD Thread);
VOID IopCancelOldest(PETHREAD Thread,
                     BOOLEAN InSteps); /* no schedule point comes before it is chosen */
BOOLEAN IopIsCancelLockHeld(VOID);
BOOLEAN IopIsItemQueued(PIO_WORKITEM Item); /* and its routine has not begun */
/* Why the last IopLoadDriver failed, for people: ": what the image loader said", or that DriverEntry returned it. */
const char *IopLoadFailure(VOID);
/* A routine refuses what a driver asks for, for a reason that the status does not tell: said if DriverEntry gives up. */
VOID IopNoteRefusal(NTSTATUS Status, const char *Why);
/* After IopUnloadNamed: has the unload been put off for good? Text says what holds the driver. */
BOOLEAN IopIsUnloadDeferred(PUNICODE_STRING Name, char *Text, ULONG Bytes);
/* In front of taking an IRP's cancel routine away, while schedules are explored: who cancels it comes before or after (cancel.c, X4). */
VOID IopExchangePoint(PIRP Irp);
VOID IopRundownThread(PETHREAD Thread); /* thread exit: cancel and wait for its IRPs */
/* Paging I/O of whole pages, synchronous, without an APC. Iosb->Information: bytes. */
NTSTATUS IopPageIo(PFILE_OBJECT FileObject, PMDL Mdl, ULONG64 Offset, BOOLEAN Write,
                   PIO_STATUS_BLOCK Iosb);
NTSTATUS NTAPI IoPageRead(PFILE_OBJECT FileObject, PMDL Mdl, PLARGE_INTEGER Offset, PKEVENT Event,
                          PIO_STATUS_BLOCK IoStatusBlock);
NTSTATUS NTAPI IoSynchronousPageWrite(PFILE_OBJECT FileObject, PMDL Mdl, PLARGE_INTEGER Offset,
                                      PKEVENT Event, PIO_STATUS_BLOCK IoStatusBlock);

/* What nt/fsrtl keeps with I/O objects: a driver's FsFilter callbacks (nonpaged pool, freed with it); the contexts
   that filters hang on a file object. */
PVOID *IopFsFilterCallbacks(PDRIVER_OBJECT DriverObject);
PLIST_ENTRY IopFileContexts(PFILE_OBJECT FileObject);
PDEVICE_OBJECT IopLowerDevice(PDEVICE_OBJECT DeviceObject); /* not referenced */

/* Shutdown notification, last first. */
VOID IopShutdownDrivers(VOID);

#endif
