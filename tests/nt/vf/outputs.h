/* outputs.h - the requests, as the driver and its client both make them up (outputs.c). */
#define SEED 1601
#include "../draw.h"

#define REQUESTS 100
#define MOST     64
#define NOWHERE  0xFF

enum { BUFFERED, DIRECT, READS, FROM_POOL, FROM_STACK, KINDS };

typedef struct _CASE {
    unsigned char Kind, Input, Output; /* bytes */
    unsigned char From, To;            /* what the driver writes of the output */
    unsigned char Address,
        Sent; /* where it writes an address of the kernel, and where the program has sent it; NOWHERE */
    unsigned char Other; /* it is another one, which nobody has sent */
    unsigned char Given; /* bytes that it says it gives */
} CASE;

static CASE Case[REQUESTS];

static void
MakeUp(void)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        CASE *This = &Case[i];

        This->Kind = (unsigned char)(i == 0 ? BUFFERED : Any(KINDS));
        This->Input =
            (unsigned char)(This->Kind == BUFFERED || This->Kind == DIRECT ? Any(MOST / 2 + 1) : 0);
        This->Output = (unsigned char)(8 + Any(MOST - 7));
        This->From = (unsigned char)Any(This->Output / 2);
        This->To = (unsigned char)(This->From + Any(This->Output - This->From + 1u));
        if (Any(2) != 0) {
            This->From = 0;
            This->To = This->Output;
        }
        This->Address = (unsigned char)(Any(3) == 0 ? 4 * Any(This->Output / 4 - 1u) : NOWHERE);
        This->Sent = (unsigned char)(i > 20 && Any(6) == 0 && This->Input >= 8
                                         ? 4 * Any(This->Input / 4 - 1u)
                                         : NOWHERE);
        This->Other = (unsigned char)(Any(3) == 0);
        This->Given = (unsigned char)Any(This->Output + 1u);
    }
    Case[0] = (CASE){BUFFERED, 0,       8, 0, 8,
                     0,        NOWHERE, 0, 8}; /* from which the program knows an address */
}
