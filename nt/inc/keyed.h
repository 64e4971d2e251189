/* keyed.h - what nt/ke asks nt/ex about critical sections of user mode. */
#ifndef NT_INC_KEYED_H
#define NT_INC_KEYED_H

/* The current thread waits for a critical section, as its TEB says: a wait that cannot end is the verdict. */
VOID ExpCheckSectionWait(VOID);

#endif
