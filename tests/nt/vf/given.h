/* given.h - the requests, as the driver and its client both make them up (given.c). */
#define SEED 4711
#include "../draw.h"

#define REQUESTS 400
#define MOST     2200 /* bytes of an input */
#define NOWHERE  0xFFFF
#define WHO      (REQUESTS + 1) /* the request that says which processes are meant */

enum {
    PORT_READ,
    PORT_WRITE,
    REGISTER_READ,
    REGISTER_WRITE,
    MAPPED,
    COPIED,
    COPIED_VIRTUAL,
    COPIED_NOTHING,
    VIEW,
    OTHER_VIEW,
    OPENED,
    POINTED,
    ENDED,
    FILE_OPEN_NAMED,
    FILE_ENDED,
    FILE_MADE,
    KEY_OPENED,
    KINDS
};

typedef struct _CASE {
    unsigned char Kind, Width; /* bytes of the number in the input */
    unsigned short Bytes, At;  /* of the input, and where the number stands in it; NOWHERE */
    unsigned long long Number;
    unsigned char Other, Flags;
    unsigned long Access;
} CASE;

static CASE Case[REQUESTS];

#define ONE_OF(Array) Array[Any(sizeof(Array) / sizeof((Array)[0]))]

static void
MakeUp(void)
{
    static const unsigned short Ports[] = {0xFFEF, 0xFFF0, 0xFFF1, 0xFFFF, 0x0080};
    static const unsigned Registers[] = {0x1FFFF,    0x20000,    0x3FFFFFFF, 0x40000000, 0x40000FFF,
                                         0x40001000, 0xBFFFFFFF, 0xC0000000, 0xC0011FFF, 0xC0012000,
                                         0x174,      0x175,      0x176,      0x177,      0xC0000080,
                                         0xC0000081, 0xC0000083, 0xC0000084};
    static const unsigned long long Memory[] = {1ull << 40, (1ull << 40) - 0x10000,
                                                (1ull << 40) + 0x1000, 1ull << 41, 0x1230000};
    static const unsigned long Access[] = {0x00101000, 0x00001000, 0x00000400, 0x00101001,
                                           0x001F0FFF};
    static const unsigned short Lengths[] = {2,   4,   6,   8,   12,  16,  60, 508,
                                             510, 512, 514, 516, 520, 524, 600};

    for (unsigned i = 0; i < REQUESTS; i++) {
        CASE *This = &Case[i];

        unsigned Draw = Any(8); /* of registers there are most bounds */

        This->Kind = (unsigned char)(Draw < 2    ? REGISTER_READ + Draw
                                     : Draw == 2 ? OPENED + Any(3)
                                                 : Any(KINDS));
        This->Bytes = ONE_OF(Lengths);
        This->Width = (unsigned char)(Any(2) == 0 ? 4 : 8);
        This->Other = (unsigned char)Any(2);
        This->Flags = (unsigned char)(Any(2) == 0 ? 0 : Any(4));
        This->Access = ONE_OF(Access);
        switch (This->Kind) {
        case PORT_READ:
        case PORT_WRITE:
            This->Number = ONE_OF(Ports);
            This->Width = 2;
            break;
        case REGISTER_READ:
        case REGISTER_WRITE:
            This->Number = ONE_OF(Registers);
            break;
        case VIEW:
        case OTHER_VIEW:
            This->Number = ONE_OF(Memory) & ~0xFFFFull;
            break;
        default:
            This->Number = ONE_OF(Memory);
        }
        if (This->Kind >=
            FILE_OPEN_NAMED) { /* a name: of Width characters, which stands there narrow or wide */
            This->Width = (unsigned char)(6 + Any(24));
            This->Bytes = (unsigned short)(Any(3) == 0 ? 2000 + Any(200) : Any(140));
            This->At = (unsigned short)Any(This->Bytes / 2 + 1u);
            This->At = This->Bytes > 2000 ? (unsigned short)(2048 - Any(80)) : This->At;
        } else {
            unsigned Most = This->Bytes / This->Width * This->Width;

            This->At = (unsigned short)(Any(3) == 0 ? Most - min(Most, This->Width)
                                                    : Any(This->Bytes / 4 + 1u) * 4 +
                                                          (Any(8) == 0 ? 2 : 0));
            This->At = Any(12) == 0 ? NOWHERE : This->At;
        }
    }
}
