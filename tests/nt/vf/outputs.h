/* outputs.h - the requests, as the driver and its client both make them up (outputs.c). */
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

static unsigned
Random(unsigned Below)
{
    static unsigned Seed = 1601;

    Seed = Seed * 1103515245 + 12345;
    return (Seed >> 16) % Below;
}

static void
MakeUp(void)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        CASE *This = &Case[i];

        This->Kind = (unsigned char)(i == 0 ? BUFFERED : Random(KINDS));
        This->Input =
            (unsigned char)(This->Kind == BUFFERED || This->Kind == DIRECT ? Random(MOST / 2 + 1)
                                                                           : 0);
        This->Output = (unsigned char)(8 + Random(MOST - 7));
        This->From = (unsigned char)Random(This->Output / 2);
        This->To = (unsigned char)(This->From + Random(This->Output - This->From + 1u));
        if (Random(2) != 0) {
            This->From = 0;
            This->To = This->Output;
        }
        This->Address =
            (unsigned char)(Random(3) == 0 ? 4 * Random(This->Output / 4 - 1u) : NOWHERE);
        This->Sent = (unsigned char)(i > 20 && Random(6) == 0 && This->Input >= 8
                                         ? 4 * Random(This->Input / 4 - 1u)
                                         : NOWHERE);
        This->Other = (unsigned char)(Random(3) == 0);
        This->Given = (unsigned char)Random(This->Output + 1u);
    }
    Case[0] = (CASE){BUFFERED, 0,       8, 0, 8,
                     0,        NOWHERE, 0, 8}; /* from which the program knows an address */
}
