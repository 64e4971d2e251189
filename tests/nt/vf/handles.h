/* handles.h - the requests, as the driver and its client both make them up (handles.c). */
#define SEED 2718
#include "../draw.h"

#define REQUESTS 200

enum {
    OPENS,
    OPENS_UNNAMED,
    REFERENCES,
    SETS,
    QUERIES,
    CLOSES,
    READS_EVENT,
    RELEASES,
    ASKS_PROCESS,
    ASKS_THREAD,
    KINDS
};
enum { OF_CLIENT, OWN_USER, OWN_KERNEL, OWN_ELSEWHERE, PSEUDO, HANDLES }; /* whose handle */
enum { AN_EVENT, A_SEMAPHORE, A_PROCESS, A_THREAD, OBJECTS }; /* what the client's handle names */

typedef struct _CASE {
    unsigned char Kind, Whose, Object;
    unsigned char Kernel;    /* access mode, or the attribute */
    unsigned char Typed;     /* the object type is named */
    unsigned char Forgotten; /* it is dereferenced and referenced with its type before it is used */
} CASE;

static CASE Case[REQUESTS];

static void
MakeUp(void)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        CASE *This = &Case[i];

        This->Kind = (unsigned char)Any(KINDS);
        This->Whose = (unsigned char)Any(HANDLES);
        This->Object = (unsigned char)Any(OBJECTS);
        This->Kernel = (unsigned char)Any(2);
        This->Typed = (unsigned char)Any(2);
        This->Forgotten = (unsigned char)(Any(3) == 0);
        if (This->Kind >= READS_EVENT) {
            This->Whose = OF_CLIENT;
        } else if (This->Kind != REFERENCES) {
            This->Object = AN_EVENT;
        }
        if (This->Whose == PSEUDO && This->Kind != REFERENCES) {
            This->Whose = OF_CLIENT;
        }
        if (This->Kind == CLOSES && (This->Whose == OF_CLIENT || This->Whose == OWN_ELSEWHERE)) {
            This->Whose = OWN_KERNEL;
        }
    }
}
