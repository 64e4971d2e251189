/* failing.h - what the driver whose device fails, the filter over it and their client agree on. */
#define FAILING_CODE(n) CTL_CODE(0x8125, 0x800 + (n), METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FAILING_MODE    FAILING_CODE(0) /* to the filter: how it sends reads down */
#define FAILING_INFORM  FAILING_CODE(1) /* input: enum, output: FAILING_ANSWER */
#define FAILING_RAISE                                                                              \
    FAILING_CODE(2) /* ExRaiseHardError, OptionOk; input: disable first; output: response */
#define FAILING_SWITCH                                                                             \
    FAILING_CODE(3) /* IoSetThreadHardErrorMode(input); output: what it returned */

enum { /* FAILING_MODE, bits */
       FailingPlain = 0,
       FailingCritical = 1,
       FailingGuarded = 2,
       FailingQuiet = 4, /* IoSetThreadHardErrorMode(FALSE) before */
};

enum { /* FAILING_INFORM */
       InformOnce,
       InformNobody, /* no thread */
       InformQuiet,
       InformInRegion,
};

typedef struct _FAILING_ANSWER {
    ULONG First, Same, OtherString, OtherStatus, More, Again;
} FAILING_ANSWER;
