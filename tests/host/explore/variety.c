/*
 * variety.c - how many different ones there were among many, from those kept: exactly up to SEARCH_TRACES, within some percent above,
 * and the same for any parts that the many are added up from.
 */
#include <stdlib.h>
#include <string.h>
#include "host/explore/strategy.h"
#include "host/explore/variety.h"
#include "tests/host/check.h"

struct kept {
    struct search_trace trace[SEARCH_TRACES];
    uint32_t used;
};

static void
add(struct kept *kept, uint64_t hash)
{
    kept->used = variety_add(kept->trace, kept->used, (struct search_trace){hash, 1});
}

static uint64_t
hash_of(uint64_t number)
{
    struct random random = {.state = number};

    return random_next(&random);
}

/* `runs` draws of `kinds` different ones, seen whole and in `parts`. */
static void
draw(uint64_t seed, uint64_t kinds, uint64_t runs, uint32_t parts, double off)
{
    struct kept *part = calloc(parts, sizeof(*part)), *whole = calloc(2, sizeof(*whole)),
                *sum = whole + 1;
    uint8_t *met = calloc(kinds, 1);
    struct random random = {.state = seed};
    uint64_t distinct = 0, once = 0, told;

    for (uint64_t i = 0; i < runs; i++) {
        uint64_t kind = random_below(&random, kinds);

        distinct += met[kind] == 0;
        once += met[kind] == 0;
        once -= met[kind] == 1;
        met[kind] += met[kind] < 2;
        add(whole, hash_of(kind ^ seed << 32));
        add(&part[random_below(&random, parts)], hash_of(kind ^ seed << 32));
    }
    for (uint32_t i = 0; i < parts; i++) {
        for (uint32_t j = 0; j < part[i].used; j++) {
            sum->used = variety_add(sum->trace, sum->used, part[i].trace[j]);
        }
    }
    told = variety_traces(whole->trace, whole->used);
    CHECK(whole->used == sum->used &&
          memcmp(whole->trace, sum->trace, whole->used * sizeof(*whole->trace)) == 0);
    if (distinct < SEARCH_TRACES) {
        CHECK(told == distinct);
        CHECK(variety_chance(whole->trace, whole->used) == (double)once / (double)runs);
    }
    CHECK((double)told >= (double)distinct * (1 - off));
    CHECK((double)told <= (double)distinct * (1 + off));
    CHECK(variety_chance(whole->trace, whole->used) >= (double)once / (double)runs - off);
    CHECK(variety_chance(whole->trace, whole->used) <= (double)once / (double)runs + off);
    free(met);
    free(part);
    free(whole);
}

int
main(void)
{
    CHECK(variety_traces(NULL, 0) == 0 && variety_chance(NULL, 0) == 0);
    for (uint64_t seed = 1; seed < 6; seed++) {
        draw(seed, 1, 1, 1, 0);
        draw(seed, 6, 1000, 3, 0);
        draw(seed, 1000, 500, 7, 0);
        draw(seed, 1022, 20000, 2, 0);
        draw(seed, 1024, 40000, 7, 0.01);
        draw(seed, 5000, 40000, 3, 0.1);
        draw(seed, 200000, 100000, 5, 0.1);
    }
    return check_done("variety");
}
