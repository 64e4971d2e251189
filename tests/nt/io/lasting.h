/*
 * lasting.h - what lasting.c and its client agree on.
 */
#ifndef LASTING_H
#define LASTING_H

#define LASTING(Function)                                                                          \
    CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800 + (Function), METHOD_BUFFERED, FILE_ANY_ACCESS)
#define LASTING_HOLD   LASTING(0) /* kept, and cannot be cancelled */
#define LASTING_CANCEL LASTING(1) /* kept until it is cancelled */
#define LASTING_LATE   LASTING(2) /* kept; ends a tenth of a second after it is cancelled */
#define LASTING_FINISH LASTING(3) /* ends all that are kept, as the input says */
#define LASTING_COUNT  LASTING(4) /* how many are kept */
#define LASTING_MAKE   LASTING(5) /* ends as the input says, at once */
#define LASTING_FAST   LASTING(6) /* by the fast I/O entry */

typedef struct _LASTING_END {
    LONG Status;
    ULONG Information; /* so many bytes of 0x5A */
    ULONG Pended;      /* it was marked pending before */
} LASTING_END;

#endif
