/* locks.h - what the drivers suspend and misuse agree on with their clients. */
#define LOCKS_CODE(n) CTL_CODE(0x8125, 0x800 + (n), METHOD_BUFFERED, FILE_ANY_ACCESS)
#define LOCKS_HOLD    LOCKS_CODE(0) /* input: the form; returns when LOCKS_LEAVE has let it go */
#define LOCKS_LEAVE   LOCKS_CODE(1)
#define LOCKS_LOOK    LOCKS_CODE(2) /* output: LOCKS_SEEN */
#define LOCKS_CHECK   LOCKS_CODE(3) /* input: LOCKS_SEEN, what the client found out */
#define LOCKS_MISUSE  LOCKS_CODE(4) /* input: the form, the misuse */
#define LOCKS_FORMS   LOCKS_CODE(5) /* output: how many there are */

typedef struct _LOCKS_SEEN {
    ULONG Form;
    LONG Exists; /* on this system */
    LONG Inside;
    LONG Beats;   /* of the holder, counting */
    LONG Left;    /* the release has been executed */
    LONG Blocked; /* the client's finding: it went on while suspended */
} LOCKS_SEEN;
