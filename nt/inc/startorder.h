/*
 * startorder.h - the order in which drivers are loaded at boot: nt/io/startorder.c.
 */
#ifndef NT_INC_STARTORDER_H
#define NT_INC_STARTORDER_H

/* Order[i]: the index of the driver to load as the i-th, by its service key. */
VOID IopOrderStarts(PUNICODE_STRING Paths, ULONG Count, PULONG Order);

#endif
