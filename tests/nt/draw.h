/*
 * draw.h - which way a model goes: numbers that are the same in every run. Who includes this defines SEED.
 */
#ifndef NTLAB_DRAW_H
#define NTLAB_DRAW_H

static unsigned Seed = SEED;

/* Below 65,536 at most. */
static inline unsigned
Any(unsigned Below)
{
    Seed = Seed * 1103515245 + 12345;
    return (Seed >> 16) % Below;
}

/* Below 16,777,216 at most. */
static inline unsigned
Draw(unsigned Below)
{
    Seed = Seed * 1103515245 + 12345;
    return (Seed >> 8) % Below;
}

#endif
