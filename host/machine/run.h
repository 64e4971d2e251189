/*
 * run.h - one run of the machine: what is asked for, and what came of it.
 *
 * host/cli fills a struct run_request, machine_run executes it in a worker of its own and fills a
 * struct run_result. Everything that the guest prints arrives in order through `output`.
 */
#ifndef HOST_MACHINE_RUN_H
#define HOST_MACHINE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "abi/hypercall.h"
#include "abi/machine.h"

/* For what is called without the guest's vector registers saved. */
#define GENERAL_REGISTERS_ONLY __attribute__((target("general-regs-only")))

#define RUN_MAX_FILES    4096
#define RUN_MAX_BREAKS   32
#define RUN_MAX_IMAGES   128
#define RUN_MAX_PROMOTED 32
#define RUN_MAX_MISSED   16
#define RUN_MAX_SHARED   16384
#define RUN_MAX_SPINS    1024
#define RUN_MAX_WATCHED  64

/* Channels of `output` beyond enum abi_channel. */
enum {
    RUN_REPORT = 16,  /* lines for the report, as the kernel wrote them */
    RUN_NOTE = 17,    /* the machine's own remarks: dropped port writes and the like */
    RUN_SERVICE = 19, /* lines of `ntlab syscalls` */
    RUN_BREAK = 18,   /* the worker has stopped at a break and waits */
};

/* What is a schedule point while exploring. */
enum run_granularity {
    RUN_API,     /* calls of the kernel, and what the compiler has put calls in front of */
    RUN_ATOMICS, /* atomic instructions of drivers and clients */
    RUN_MEMORY,  /* and their other accesses to memory that several agents touch */
};

/* Bytes that several agents touch: bit i of `bytes` is that at word + i; bit 8 + i: an access begins or
   ends there. */
struct run_shared {
    uint64_t word;
    uint64_t bytes;
};
#define RUN_SHARED_OBJECT                                                                          \
    0x10000 /* of `bytes`: `word` is the key of an object (host/explore/private.c) */
#define RUN_SHARED_PULSED 0x20000 /* `word` is an event that is pulsed (host/explore/pulse.c) */
#define RUN_SHARED_IMAGE                                                                           \
    0x40000 /* `word` is an image that goes while clients are there (host/explore/returns.c) */
/* `word` is a thread to which others queue kernel APCs (host/explore/targets.c). */
#define RUN_SHARED_NORMAL_TARGET  0x80000
#define RUN_SHARED_SPECIAL_TARGET 0x100000
#define RUN_SHARED_POLLED                                                                          \
    24 /* the bits from this one on: the bytes that loops which sleep look at */
#define RUN_SHARED_OTHER                                                                           \
    (RUN_SHARED_OBJECT | RUN_SHARED_PULSED | RUN_SHARED_IMAGE | RUN_SHARED_NORMAL_TARGET |         \
     RUN_SHARED_SPECIAL_TARGET) /* no memory */

/* A point at which an agent would only poll in vain, while all these values are the same. */
#define RUN_SPIN_READS 8
#define RUN_SPIN_STATE 0x1000
struct run_spin {
    uint64_t key; /* its registers and stack */
    uint64_t reads;
    uint64_t site; /* its code; not kept for a replay, which learns nothing */
    struct run_spin_read {
        uint64_t address, value;
        uint32_t size; /* bytes; RUN_SPIN_STATE: whether the dispatcher object there is signaled */
        uint32_t reserved;
    } read[RUN_SPIN_READS];
};

/* What runs have shown of the code, shared by all workers of a search; see M4 and host/search/learn.c. */
struct run_learned {
    uint32_t freely; /* a later run may have points that an earlier one had not */
    uint32_t grown;  /* something was learnt that the search did not know */
    uint32_t
        polls; /* a loop sleeps, or has no schedule point, and looks at memory in code of which accesses are not seen */
    uint32_t shared_count;
    struct run_shared shared[RUN_MAX_SHARED];
    uint32_t spin_count;
    struct run_spin spin[RUN_MAX_SPINS];
    uint32_t cut;          /* an access touched more shared places than an operation has room for */
    uint32_t instrumented; /* the compiler has put calls in front of a driver's accesses */
    uint32_t points;       /* accesses that are patched, and those that could not be */
    uint32_t missed;
    char missed_at[RUN_MAX_MISSED][128];
};

/* A file that the guest may see, mapped before the worker starts. */
struct run_file {
    char *guest_path; /* C:\Windows\System32\drivers\foo.sys */
    char *host_path;
    const uint8_t *data;
    size_t size;
    bool directory;
};

struct run_config {
    const char *key; /* "reg", "inf:foo" */
    const char *text;
    size_t length;
};

/* Where the run shall stop: an instruction of an image, by its file name. */
struct run_break {
    char image[64];
    uint32_t rva;
};

struct run_result;

/*
 * A search, or with `replay` one run along a given schedule. A schedule is the answer to each
 * question of the kernel (the name of an agent) from the first one on; where it ends, whoever asked
 * goes on if it can.
 */
struct run_search {
    const char *strategy; /* host/explore/strategy.h */
    uint64_t seed;
    uint64_t runs;  /* budget; 0: none */
    double seconds; /* budget; 0: none */
    bool first;     /* stop at the first finding */
    bool from_root; /* no snapshots in the middle of a run */
    bool
        open; /* each run leaves processes open to each other at first, where that saves calls of Linux */
    bool few;       /* processors are fewer than threads, and priorities decide (nt/ke/few.c) */
    uint32_t depth; /* of PCT */
    uint32_t bound; /* of preemptions or delays: 1 + the last one; 0: as far as the budget goes */
    uint32_t steps; /* of PCT: k; 0: learnt */
    uint32_t shard, shards; /* shards > 1: only this part (from 0) of all is searched */
    bool replay;
    bool stuck;       /* of a replay: at its end whoever still could step polls in vain */
    bool tolerant;    /* of a replay: who cannot step is passed over */
    uint32_t stop_at; /* of a replay: stops before this choice, counted from 1; 0: nowhere */
    /* A replay, or making small, of what was seen in the middle of a run: its signature; there the run ends
       (host/explore/sighting.c). */
    uint64_t wanted;
    const uint32_t *schedule;
    size_t schedule_length;
};

#define SEARCH_FINDINGS  64
#define SEARCH_SAMPLE    10000
#define SEARCH_SCHEDULES (1u << 20) /* answers, of all findings together */
#define SEARCH_LOOSE     8192
#define SEARCH_TRACES    1024

enum search_outcome {
    SEARCH_STOPPED,   /* at a finding */
    SEARCH_EXHAUSTED, /* nothing is left */
    SEARCH_BOUNDED,   /* nothing is left within the bound */
    SEARCH_BUDGET,    /* the budget is spent */
};

struct search_finding {
    struct abi_stop stop;
    uint64_t hash;
    uint64_t times;                     /* runs that ended so */
    uint32_t schedule, schedule_length; /* in `schedule` */
    uint32_t preemptions;
    uint32_t injections;
    uint64_t signature; /* host/explore/signature.c */
    /* Of a schedule that was minimised: */
    uint32_t trials;        /* runs that it took; 0: it was not */
    uint32_t certified;     /* all schedules with fewer preemptions were tried */
    uint32_t no_return;     /* after so many steps nothing helped any more ... */
    uint32_t failed_before; /* ... and one step earlier so many of */
    uint32_t continuations; /* so many continuations failed */
    uint32_t died;          /* the run ended its worker: it cannot be made smaller */
    /* Not 0: seen in the middle of a run: see run_search. Other than `signature`: that is what the schedule
       may lead to (host/explore/order.c). */
    uint64_t wanted;
    uint32_t points; /* what was known of schedule points when it was found: host/search/learn.h */
    uint64_t
        circle; /* of a hang: the signature of the circle that it ends with; 0: none was seen */
};

/* A crash that several shards may have come to: host/explore/split.c, V5. */
struct search_loose {
    uint64_t crash;     /* what tells it */
    uint64_t signature; /* of its finding */
    bool counted;       /* by this shard; else it is another's, if that one has come to it */
};

/* One that a search that samples has met: host/explore/variety.h. */
struct search_trace {
    uint64_t hash, times;
};

enum search_slept {
    SLEPT_GAVE_UP = 1,   /* one went on alone until it left */
    SLEPT_DIFFERENT = 2, /* one was taken for endless though its state was another one each time */
};

/* Shared memory; see M4. */
struct search_results {
    uint32_t outcome;
    uint32_t findings;
    uint64_t runs, traces, bad, blocked;
    uint32_t schedules; /* used of `schedule` */
    uint64_t digest;    /* of the trace hashes of all runs, in any order */
    uint64_t sample;  /* and of runs 0, SEARCH_SAMPLE ...: what shard 1/SEARCH_SAMPLE makes again */
    uint32_t agents;  /* most that took part in a run */
    uint32_t running; /* most threads that had a processor at once */
    uint32_t withheld; /* ABI_WITHHELD_... */
    uint32_t dirty;    /* 1: data of a file was left to be written later */
    uint32_t longest;  /* answers of the longest run */
    uint32_t
        beyond; /* 1: a run had more choices than a search keeps; of the last ones it tried no others */
    uint32_t slept;  /* enum search_slept: of loops that sleep not all was tried */
    uint32_t bound;  /* of preemptions or delays: 1 + the last one that was completed */
    bool whole;      /* a bounded search has not been bounded by it */
    double estimate; /* traces there are; 0: not known */
    uint32_t looses; /* used of `loose` */
    uint32_t many;   /* 1: it had no room for all */
    uint32_t kept;   /* used of `trace` ... */
    uint64_t looked; /* ... by so many runs: host/explore/variety.h */
    struct search_finding finding[SEARCH_FINDINGS];
    uint32_t schedule[SEARCH_SCHEDULES];
    struct search_loose loose[SEARCH_LOOSE];
    struct search_trace trace[SEARCH_TRACES]; /* by their hashes */
};

/*
 * How the system half is closed while user code runs. RUN_ISOLATION_AUTO: by keys where the processor has them; else by pages,
 * but not in a search or in a run that is one of many, nor where the host's clock runs: that is for measuring, and pages cost microseconds for each service.
 */
enum run_isolation {
    RUN_ISOLATION_AUTO,
    RUN_ISOLATION_OFF,
    RUN_ISOLATION_PAGES,
    RUN_ISOLATION_KEYS
};

struct run_request {
    struct abi_boot boot;
    struct run_file *file;
    size_t files;
    struct run_config *config;
    size_t configs;
    double run_timeout;    /* seconds of the processor: supervisor.c */
    uint64_t slice_points; /* schedule points that an agent gets in a row */
    bool trace;            /* keep every event, not only the last ones ... */
    bool steps;            /* ... and each step of a run: nt/ke/record.c */
    struct run_coverage
        *coverage; /* code whose execution is noted; `coverages` of them, host/machine/coverage.h */
    size_t coverages;
    uint64_t turn;            /* atomic instructions of user code likewise */
    uint32_t features;        /* enum abi_feature */
    bool quiet;               /* with ABI_FEATURE_SERVICES: only the summary */
    bool watch;               /* accesses of clients are looked at: watch.c */
    bool client_exit_ignored; /* to a search a client's exit code other than 0 is no finding */
    bool no_keys;             /* for tests: behave as on a machine without protection keys */
    bool
        one_of_many; /* as in a search, the system half is not closed by pages: the caller asks for hundreds of thousands of services */
    enum run_isolation isolation;
    enum run_granularity granularity;
    bool
        skips_private; /* what touches no shared object is no schedule point: host/explore/private.c */
    bool
        polls; /* at all granularities accesses to memory are seen, and to what loops that sleep look at they are points */
    const struct run_shared *shared; /* accesses to these are points ... */
    size_t shared_count;
    const struct run_spin *spins;
    size_t spin_count;
    struct run_learned *learned; /* ... NULL: and no others */
    uint32_t *
        polled; /* of a search, NULL: of a replay. Set where a loop is met that looks at memory without it being seen, or may */
    const struct run_search *explore; /* NULL: one run, round robin */
    struct search_results *results;   /* shared with the worker; not for a replay */
    struct unit_channel *channel;     /* of a search: host/explore/unit.h, shared; and its socket */
    int channel_fd;
    struct unit_deaths *deaths; /* schedules that end a worker; NULL: none are known */
    /* For tests: as with an x86-64-v2 processor, without AVX and faulting of cpuid and rdtsc. */
    bool plain_cpu;
    void (*output)(void *context, uint32_t channel, const char *text, size_t length);
    void *output_context;
    struct run_break break_at[RUN_MAX_BREAKS];
    size_t breaks;
    /* The run has stopped at a break, as `result` says. False: end it. */
    bool (*on_break)(void *context, const struct run_result *result);
    void *break_context;
};

struct run_image {
    char name[64];
    char path[256]; /* guest path */
    uint64_t base;
    uint64_t size;
    uint64_t slice; /* 0: system */
};

/* A store that was not atomic into a word that atomic instructions change. */
struct run_store {
    uint64_t site, address, before, after;
    uint32_t size, agent;
};

/* The last atomic instruction of a thread, and the last store to what it changes. */
struct run_watch {
    uint32_t agent, size;
    uint64_t site, address;
    uint64_t value; /* that it found */
    struct run_store store;
};

struct run_patches {
    uint32_t images;
    uint32_t jumps;
    uint32_t breakpoints;
    uint32_t left;
};

enum run_end {
    RUN_STOPPED,     /* the kernel said why: `stop` */
    RUN_NO_PROGRESS, /* the watchdog: `where` */
    RUN_DIED,        /* the worker was killed by a signal or left: `message` */
    RUN_FAILED,      /* our own failure: `message` */
    RUN_AT_BREAK,    /* it has not ended: on_break is called */
    RUN_QUIT,        /* on_break said so */
};

#define RUN_TOO_SLOW "the run did not end in time"

/* It still went on. Where it was then follows from the machine's speed: who runs it again sees it elsewhere. */
static inline bool
run_is_too_slow(const struct abi_stop *stop)
{
    return stop->verdict == ABI_LIVELOCK &&
           strncmp(stop->message, RUN_TOO_SLOW, sizeof(RUN_TOO_SLOW) - 1) == 0;
}

struct run_result {
    enum run_end end;
    struct abi_stop stop;
    struct abi_trap registers;
    uint32_t mode;
    uint32_t irql;
    uint32_t cpu;
    bool has_keys;    /* processes are kept apart by protection keys, the system half from user mode
                         too */
    bool pages;       /* the system half from user mode by page protection */
    bool host_closed; /* and the host's memory from guest code */
    char where[256];
    char message[1024];
    bool killed;  /* RUN_FAILED: from outside */
    bool crashed; /* RUN_FAILED: a signal in the host's own code */
    struct run_image image[RUN_MAX_IMAGES];
    size_t images;
    struct run_patches patches;
    char promoted[RUN_MAX_PROMOTED][128]; /* branches that were made schedule points (promote.c) */
    size_t promotions;
    struct run_watch watch[RUN_MAX_WATCHED];
    size_t watched;
    int memory; /* memfd with the guest's memory at its end; the caller closes it */
    double seconds;
    uint64_t points;
    uint64_t hash;
};

/* 0, or negative errno if not even a worker could be started (`message` says why). */
int machine_run(const struct run_request *request, struct run_result *result);

/* run_request.c */
struct run_file *request_add_file(struct run_request *request, const char *guest_path,
                                  const char *host_path);
/* files.c: by any spelling of a guest path, or by a bare file name; NULL if there is none. */
const struct run_file *files_find(const struct run_request *request, const char *path);
/* Name of the entry number `index` of a folder of the guest; NULL past the end. */
const char *files_entry(const struct run_request *request, const char *folder, uint64_t index);
void request_free(struct run_request *request);

#endif
