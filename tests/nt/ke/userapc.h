/* userapc.h - what userapc.c and userapc-client.c agree on. */
#define USER_CODE(n) CTL_CODE(0x8127, 0x800 + (n), METHOD_BUFFERED, FILE_ANY_ACCESS)
#define USER_QUEUE   USER_CODE(0) /* input: USER_REQUEST; for the calling thread */
#define USER_LOOK    USER_CODE(1) /* output: USER_SEEN */
#define USER_RESET   USER_CODE(2)
#define USER_AGAIN                                                                                 \
    USER_CODE(3) /* waits, takes the APC back, waits again: USER_SEEN.First, Second */
#define USER_ATTACH USER_CODE(4) /* two waiters, the first attached: USER_SEEN.Order */

/* What the kernel routine does. */
enum { UserPlain, UserCancel, UserChange, UserInterrupted, UserRemove };

typedef struct _USER_REQUEST {
    PVOID Routine, Context;
    ULONG What;
} USER_REQUEST;

typedef struct _USER_SEEN {
    LONG Kernel, KernelIrql, Rundown, Refused;
    LONG Pending;                   /* the special kernel APC waited while the kernel routine ran */
    LONG Kernelmode, First, Second; /* statuses of the waits */
    char Order[8];
} USER_SEEN;
