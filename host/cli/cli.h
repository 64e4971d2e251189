/*
 * cli.h - the command line: one file per subcommand, options that several share in options.c.
 *
 * The contract of options, statuses and JSON fields is docs/commands.md. stdout belongs to the
 * client; what ntlab says goes to stderr.
 */
#ifndef HOST_CLI_CLI_H
#define HOST_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "host/machine/run.h"
#include "abi/hypercall.h"

#define NTLAB_VERSION "0.1.0"

enum status {
    STATUS_CLEAN = 0,
    STATUS_FINDING = 1,
    STATUS_USAGE = 2,
    STATUS_BAD_INPUT = 3,
    STATUS_UNSUPPORTED = 4,
    STATUS_INTERNAL = 5,
    STATUS_REQUIREMENT = 6,
};

#define MAX_LIST 64

/* A worker that is killed from outside while it confirms a finding or makes it small is replaced so often. */
#define FINDING_ATTEMPTS 8

struct list {
    const char *item[MAX_LIST];
    size_t count;
};

struct client {
    enum abi_token token;
    const char *command; /* as given to --client, else NULL */
    char **argv;         /* after `--`, zero-terminated, else NULL */
};

/* enum abi_inject */
#define INJECTIONS_DEFAULT 1 /* explore: events of all kinds in a run */
#define INJECT_DEFAULT       /* explore */                                                         \
    (ABI_INJECT_SUSPEND | ABI_INJECT_CANCEL | ABI_INJECT_UNLOAD | ABI_INJECT_WRITEBACK)

struct options {
    uint32_t os; /* row of the version table */
    uint32_t build;
    struct list drivers, inf, reg, dir, symbols, source_map;
    struct list verifier, rules; /* --verifier, --rule */
    bool fail_alloc, fail_always, fail_after_entry;
    uint32_t fail_number;  /* --fail-alloc=N; 0: each in turn */
    bool brief;            /* a run without a finding says nothing */
    struct lowmem *lowmem; /* takes which distinct stacks have allocated; NULL: nobody asks */
    struct client client[ABI_MAX_CLIENTS];
    size_t clients;
    uint32_t cpus;
    bool cpus_given;
    bool host_clock;
    uint64_t seed;
    double run_timeout;
    double virtual_timeout;
    bool kd;
    struct list breaks;   /* --break */
    const char *commands; /* -c */
    bool dbg;
    bool client_exit_ignored;
    const char *json, *trace, *html, *sarif, *junit, *coverage, *out;
    const char *kernel; /* --kernel: another ntoskrnl.exe; for tests */
    /* explore */
    bool explores;
    bool timelines;    /* events of findings are wanted, for another command's page */
    bool quiet;        /* nothing is said of what is made up */
    bool stdout_taken; /* by --json -, of the search that this run is part of */
    enum run_granularity granularity;
    const char *strategy;
    bool open;      /* processes, to each other: run.h */
    bool from_root; /* --snapshots root: none in the middle of a run */
    uint64_t budget_runs;
    double budget_seconds;
    uint64_t depth;
    uint64_t
        injections; /* events in a run at most; 0: INJECTIONS_DEFAULT in `explore`, no limit elsewhere */
    uint32_t inject; /* enum abi_inject */
    bool inject_given;
    bool first, keep_going;
    bool tolerant;                /* replay */
    uint32_t stop_at;             /* replay: a choice, from 1; 0: none */
    uint32_t jobs, shard, shards; /* shard: from 0 */
    bool sharded;                 /* --shard was given */
    enum { REQUIRE_NOTHING, REQUIRE_BOUNDED, REQUIRE_EXHAUSTED } require;
    uint32_t require_bound;
    bool budgeted; /* --budget was given */
    enum { EFFORT_NORMAL, EFFORT_QUICK, EFFORT_THOROUGH } effort;
    uint32_t bound; /* --bound: 1 + the number; 0: not given */
    enum run_isolation isolation;
    bool no_keys; /* --no-protection-keys: an expert's option, and the tests' */
    bool stages, mitigations, summary; /* syscalls; --mitigations of run too */
    bool plain_cpu;                    /* --cpu-model v2: the same */
};

/* Fills *out with defaults and what argv says. 0, or STATUS_USAGE after a message. */
int options_parse(int argc, char **argv, struct options *out);
/* Is that option of that command right? `where` it stands goes in front of the message. 0, or STATUS_USAGE. */
int options_check(const char *where, const char *command, const char *option, const char *value);
const char *os_name(uint32_t row);
uint32_t os_default_build(uint32_t row);
[[gnu::format(printf, 1, 2)]] int usage_error(const char *format, ...);

/* What `name` means: 0; -1 if it is none. */
int granularity_parse(const char *name, enum run_granularity *out);
const char *granularity_name(enum run_granularity granularity);

/* lowmem.c: --fail-alloc. */
int lowmem_parse(const char *text, struct options *out);
void lowmem_config(const struct options *options, char *out, size_t size);
int lowmem_run(struct options *options, char **argv);
struct report;
void lowmem_take(struct lowmem *lowmem, struct report *report);
/* Distinct stacks that have allocated, by the kernel's lines in a report (nt/vf/lowmem.c); NULL has none. */
uint32_t lowmem_stacks(const char *report);

/* verifier.c: the rules that are on, as text for the kernel to free, or NULL. 0, or STATUS_USAGE after a message. */
int verifier_config(const struct options *options, char **out);

/* Writes a JSON string with its quotes. */
void json_string(FILE *out, const char *text);

int command_imports(int argc, char **argv);
int command_run(int argc, char **argv);
int command_explore(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_dbg(int argc, char **argv); /* explore.c */
int command_report(int argc, char **argv);
int command_check(int argc, char **argv);
int command_test(int argc, char **argv);
int command_syscalls(int argc, char **argv);
int command_merge(int argc, char **argv);
int command_demo(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_dt_type(int argc, char **argv); /* inspect.c */
int command_unassemble(int argc, char **argv);

/* session.c: --break, -c and --dbg of a run */
struct run_request;
struct run_result;
struct report_options;
struct session;
/* 0, or STATUS_USAGE after a message; *out is there to be closed either way. */
int session_open(const struct options *options, struct run_request *request,
                 const struct report_options *report_options, struct session **out);
void session_end(struct session *session, const struct run_result *result, bool clean);
void session_close(struct session *session);

/* request.c: opens all files that a run with these options needs. */
/* What comes with ntlab; and the .dll, .sys and .exe files in the folder of `path`. 0 or
 * STATUS_USAGE. */
int request_box(struct run_request *out);
int request_siblings(struct run_request *out, const char *path);
/* For a single run: what the client's standard streams are. In searches they are terminals, whatever ntlab's own are. */
void request_streams(struct run_request *out);
int request_build(const struct options *options, struct run_request *out);
bool request_minifilter(const struct run_request *request, const char *path);
/* Without any file. */
void request_defaults(const struct options *options, struct run_request *out);

/* run.c: one run and its report; `result` may be NULL, else its memory is the caller's to close. */
int single_run(const struct options *options, struct run_request *request, const char *command,
               char **argv, struct run_result *result);
/* The same; what documents say of it goes to *note, for the caller to free, and none is written. What the guest prints and the
   report go to `streams`; NULL: stdout and stderr. */
struct note;
struct run_streams {
    FILE *out, *err;
};
int single_run_noted(const struct options *options, struct run_request *request,
                     const char *command, char **argv, const struct run_streams *streams,
                     struct run_result *result, struct note *note);

#endif
