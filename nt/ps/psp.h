/*
 * psp.h - nt/ps's own header: processes and threads as objects, their birth, their end.
 *
 * nt/ke knows how a thread runs; this component knows what it belongs to: process, handle table, token,
 * address space, ids. It must not know files or drivers, except to call nt/io when a thread ends.
 *
 *   P1  A process lives (in PsActiveProcessHead) from creation until its last thread has ended.
 *   P2  Ids follow from agents' names: a thread's id is 4 * its agent's slot, a process's the same for a
 *       slot of its own. System is 4.
 *   P3  A thread ends only in its own context (PspExitThread). Who terminates another queues two APCs: a normal
 *       kernel one, which a critical region holds off, and from it a user one.
 *
 * Files: psdata, process (objects, System), create (user processes), thread, exit, terminate (of others),
 * notify, query, set, lookup, context, token, job, init (the run itself).
 * Lock order: none; schedule points only at calls of the dispatcher.
 */
#ifndef NT_PS_PSP_H
#define NT_PS_PSP_H

#include "nt/inc/ke.h"
#include "nt/inc/ex.h"
#include "nt/inc/ob.h"
#include "nt/inc/ps.h"
#include "nt/inc/mm.h"
#include "nt/inc/io.h"
#include "nt/inc/se.h"
#include "nt/inc/cm.h"

#endif
