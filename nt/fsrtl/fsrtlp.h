/*
 * fsrtlp.h - the private header of nt/fsrtl: what every file system needs and none should write again.
 *
 *     name.c        names: matched, dissected, judged
 *     legal.c       which characters are legal where
 *     exception.c   pool or an exception; which exceptions a file system handles
 *
 * No state, no locks: everything here is a function of its arguments.
 */
#ifndef NT_FSRTL_FSRTLP_H
#define NT_FSRTL_FSRTLP_H

#define TAG_FSRTL 'rsFN'

#endif
