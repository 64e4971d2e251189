/*
 * ledger.h - the units of a search: who has which, what they came to, and what all of it is.
 *
 * The result of a search with a budget in runs must not depend on how many workers there are or how
 * fast they are. It does not, because there is one order, that of a search by a single worker, and
 * because what is done out of order is counted where it belongs in that order:
 *
 *   L1  A unit's result follows from its state alone (strategy.h).
 *   L2  Blocks of runs are added in the order of their numbers. Those behind the end (the first finding, with
 *       `first`) do not count, whoever has done them.
 *   L3  A tree is one unit, the root. A busy unit may give away a part, a subtree that it has not come to;
 *       the part is a unit then. When its search comes to the part it takes over what that came to: figures,
 *       and the races that ask something of questions above. If nobody has begun the part it
 *       takes it back; if somebody is at it, the unit waits and its worker does something else.
 *       Only the root's result counts. So a part is only something known earlier than needed, and
 *       nothing is counted twice.
 *   L4  Which part is given away, and when, is a matter of chance, and changes nothing: the part would have begun
 *       with the same state (a question's answers are tried in the order in which they
 *       were asked for; those asked for before sleep).
 *   L5  A unit whose worker was lost goes on from the state that was last said (unit.h, U1).
 *
 *   L6  A part is the unit's own from the next time that its worker speaks. Until then the unit's state is
 *       from before it, and the part must be there if the worker is lost.
 *
 * With a budget in time whatever has been done counts.
 */
#ifndef HOST_SEARCH_LEDGER_H
#define HOST_SEARCH_LEDGER_H

#include "host/explore/strategy.h"
#include "host/search/tally.h"
#include "host/explore/unit.h"

enum unit_status { UNIT_WAITS_FOR_WORKER, UNIT_BUSY, UNIT_WAITS_FOR_PART, UNIT_AT_END };

struct bytes {
    uint8_t *data;
    uint32_t length;
};

struct unit {
    uint32_t number;
    struct unit *parent; /* of a part */
    struct unit *needs;  /* WAITS_FOR_PART */
    struct unit *taken;  /* part that its worker was told of: L6 */
    enum unit_status status;
    enum unit_end end;
    bool begun;            /* a worker has had it */
    bool dropped;          /* nobody wants it any more, but a worker is at it */
    uint64_t first, limit; /* of a block */
    struct bytes state, asks;
    struct tally tally;
    struct unit *next;
};

struct ledger {
    enum strategy_kind kind;
    uint64_t runs; /* budget, UINT64_MAX: none */
    bool first;
    uint64_t stride, offset; /* of a shard's runs */
    struct unit *units;      /* by number */
    uint32_t numbers;
    uint64_t given;     /* runs that have been handed out in blocks */
    uint64_t added;     /* and added to `total` */
    struct tally total; /* of blocks that were added */
    bool over;          /* `outcome` stands */
    enum unit_end outcome;
};

void ledger_open(struct ledger *ledger, enum strategy_kind kind, uint64_t runs, bool first,
                 uint32_t shard, uint32_t shards);
void ledger_close(struct ledger *ledger);
/* A unit that waits for a worker, which is busy then; NULL: there is none. `block`: runs of a new block. */
struct unit *ledger_get(struct ledger *ledger, uint64_t block);
/* Its worker was lost. */
void ledger_lost(struct ledger *ledger, struct unit *unit);
/* The unit's worker has spoken: L6. To be called before its figures are added. */
void ledger_heard(struct ledger *ledger, struct unit *unit);
/* What a worker has said; its figures have been added to unit->tally. */
bool ledger_offer(struct ledger *ledger, struct unit *unit, const struct unit_channel *channel);
enum unit_answer ledger_need(struct ledger *ledger, struct unit *unit,
                             struct unit_channel *channel);
bool ledger_keep(struct unit *unit, const struct unit_channel *channel);
bool ledger_done(struct ledger *ledger, struct unit *unit, const struct unit_channel *channel);
/* All that has been done, whether it is complete or not. */
void ledger_sum(struct ledger *ledger, struct tally *out);
/* Runs that a unit of a tree may still do. */
uint64_t ledger_left(const struct ledger *ledger, const struct unit *unit);
/* Adds figures, without what busy workers have not said yet. */
struct pool_progress;
void ledger_progress(const struct ledger *ledger, struct pool_progress *progress);

#endif
