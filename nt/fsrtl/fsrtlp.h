/*
 * fsrtlp.h - the private header of nt/fsrtl: what every file system needs and none should write again.
 *
 *     name.c        names: matched, dissected, judged
 *     legal.c       which characters are legal where
 *     exception.c   pool or an exception; which exceptions a file system handles
 *     context.c     what filters hang on streams, files and file objects
 *     fsfilter.c    operations that mm and cc ask for without an IRP, down a device stack
 *
 * No state of its own: what it keeps lies in structures of file systems, filters and the I/O manager.
 */
#ifndef NT_FSRTL_FSRTLP_H
#define NT_FSRTL_FSRTLP_H

#define TAG_FSRTL 'rsFN'

#endif
