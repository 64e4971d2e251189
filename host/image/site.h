/* site.h - private to host/image: which instructions are sites. */
#ifndef HOST_IMAGE_SITE_H
#define HOST_IMAGE_SITE_H

#include "host/image/discover.h"
#include "host/image/patch.h"

struct site_rules {
    const struct image *image;
    const struct patch_options *options;
    struct code_list slots;      /* pointer slots that only we write, as [begin, end) pairs */
    struct code_list candidates; /* with options->ours: where a site could be, ascending */
};

/* False without memory; to be ended in either case. */
bool site_rules_begin(struct site_rules *rules, const struct image *image,
                      const struct patch_options *options);
void site_rules_end(struct site_rules *rules);

/* A code_classify: ctx is the struct site_rules. An enum patch_kind, or -1. */
int site_classify(void *ctx, uint32_t rva, const uint8_t *bytes, const struct insn *insn);

#endif
