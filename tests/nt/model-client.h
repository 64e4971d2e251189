/*
 * model-client.h - a client that goes some random steps beside a model: what differs is counted, and said, as of which step. Who includes this defines SEED.
 */
#ifndef NTLAB_MODEL_CLIENT_H
#define NTLAB_MODEL_CLIENT_H

#include "draw.h"
#include "ntlab-client.h"

static ULONG Step;
static int Wrong;

static void
Is(int Line, const char *What, ULONG64 Got, ULONG64 Expected)
{
    if (Got != Expected) {
        Wrong++;
        printf("ntlab-test: note Is:%d step %lu %s got 0x%llx, expected 0x%llx\n", Line, Step, What,
               Got, Expected);
    }
}
#define IS(Got, Expected) Is(__LINE__, #Got, (ULONG64)(Got), (ULONG64)(Expected))

#endif
