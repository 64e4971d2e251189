/*
 * fsrtlp.h - the private header of nt/fsrtl: what every file system needs and none should write again.
 *
 *     name.c        names: matched, dissected, judged
 *     legal.c       which characters are legal where
 *     exception.c   pool or an exception; which exceptions a file system handles
 *     fsfilter.c    operations that mm and cc ask for without an IRP, down a device stack
 *     fastio.c      the standard fast I/O entries
 *     filelock.c    byte-range locks      oplock.c   opportunistic locks
 *     notify.c      directory changes     tunnel.c   the tunnel cache
 *     context.c     what filters hang on streams, files and file objects   fsmisc.c   the rest
 *     ecp.c         extra create parameters
 *
 * What state there is hangs on the file system's own structures. Locks: as in nt/io, lists are changed between two
 * schedule points.
 */
#ifndef NT_FSRTL_FSRTLP_H
#define NT_FSRTL_FSRTLP_H

#include "nt/inc/ke.h"
#include "nt/inc/ob.h"
#include "nt/inc/ex.h"
#include "nt/inc/ps.h"
#include "nt/inc/mm.h"
#include "nt/inc/io.h"
#include "nt/inc/fsrtl.h"

#define TAG_FSRTL 'rsFN'

/* The DDK's headers have the flags of before Windows 8. [ntifs: FsRtlCheckOplockEx] */
#define OPLOCK_FLAG_PARENT_OBJECT           0x00000010
#define OPLOCK_FLAG_CLOSING_DELETE_ON_CLOSE 0x00000020

#endif
