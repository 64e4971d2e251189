/*
 * report.h - what a run came to, explained: for people in the order that `!analyze -v` has taught
 * them to read, for machines as the JSON object of docs/commands.md.
 *
 *     report.c           from a run's result and the kernel's lines to a struct report
 *     lines.c            the kernel's lines (nt/ke/report.c says their form)
 *     rules.c            rules of the verifier, and who has broken them
 *     calls.c            the last driver calls, from the trace ring
 *     place.c            an address becomes image!symbol+offset [file @ line]
 *     symbolizer.c       llvm-symbolizer as a child process, and reading its JSON
 *     unwind.c           the stack where the kernel could not tell it
 *     code.c             the faulting instruction, disassembled
 *     waits.c            who waits for whom; a circle is a deadlock
 *     stores.c           which store changed what the waiting threads of a client counted
 *     explain.c          the one sentence at the top; whose mistake it is
 *     story.h            what each thread did, from the steps that a replay has recorded
 *     bugcheck_names.c, bugcheck_text.c, verifier_text.c, words.c   tables
 *     text.c, json.c     the two forms
 *     note.h             other forms, and documents of several findings
 *
 * Rules:
 *   R1  All that comes from the worker may be nonsense (machine.h, M4): lengths are bounded, text
 * is reduced to printable characters, addresses are looked up and never followed. R2  A field that
 * is not known is left out. It is never guessed.
 */
#ifndef HOST_REPORT_REPORT_H
#define HOST_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "host/machine/run.h"
#include "host/report/rules.h"

enum origin {
    ORIGIN_NONE,   /* in no image */
    ORIGIN_OURS,   /* the kernel and what else comes with ntlab */
    ORIGIN_DRIVER, /* a driver of the command line, or what it loaded */
    ORIGIN_CLIENT,
};

/* A place in the source; where functions were inlined there are several for one address. */
struct source {
    char *symbol; /* NULL: not known */
    char *file;   /* NULL: not known; after --source-map */
    unsigned line;
};

/* An address, explained. The same address gives the same place. */
struct place {
    uint64_t address;
    bool is_return;                /* a return address: the call before it is meant */
    const struct run_image *image; /* NULL: in none */
    uint32_t rva;
    enum origin origin;
    struct source
        *source; /* innermost first; the last one is the function that the offset is from */
    size_t sources;
    uint32_t offset;
    bool exact;    /* from debug information, not from the nearest export */
    bool resolved; /* the symbolizer has been asked */
};

struct frame {
    uint64_t rip, rsp;
    struct place *place;
};

struct region {
    bool guarded;
    uint64_t lock; /* that it came with, 0 none */
    struct place *caller;
};

/* A lock that a thread holds. */
struct held {
    char kind[16], access[12];
    uint64_t object;
    struct place *caller; /* NULL: not known */
};

/* An APC that is queued to a thread. */
struct apc {
    char kind[12]; /* special, normal, user, suspend */
    uint64_t address, irp;
    struct place *kernel, *normal;
};

#define MAX_OWNERS 8

struct wait {
    char kind[16];
    uint64_t object;
    uint64_t owner[MAX_OWNERS]; /* threads */
    size_t owners;
    char access[12], held[12]; /* of a resource: exclusive, shared */
};

struct irp {
    uint64_t address, major, minor, code, device, driver, pending, cancel;
    bool known; /* more than the address */
};

struct thread {
    uint64_t address, tid, pid, process, cpu, irql, current, system, priority, base, teb, initial;
    uint64_t stack_base, stack_limit, stack, start, switches, reason, mode, alertable, suspend;
    uint64_t previous, service, spin, agent, attached, due;
    int32_t kernel_apc, special_apc;
    char name[32], state[16], attached_name[32];
    struct place *start_place;
    struct region *region;
    size_t regions;
    struct held *held;
    size_t helds;
    struct apc *apc;
    size_t apcs;
    struct wait *wait;
    size_t waits;
    struct irp *irp;
    size_t irps;
    struct frame *frame;
    size_t frames;
    bool bare;      /* nothing but processor, IRQL and stack is known */
    bool in_driver; /* a frame of it is a driver's */
};

/* --fail-alloc: a stack of a driver's that allocates, and where. */
struct allocation {
    uint64_t number;
    struct place *place;
};

/* A pool block that holds an address of interest. */
struct pool {
    uint64_t address, block, bytes, tag, freed;
};

struct exception {
    uint64_t code, at, count, first, second;
    bool present;
};

struct cpu {
    uint64_t number, irql, thread, idle, dpc, routine, spin;
    struct place *routine_place;
};

struct registers {
    bool present, trap;
    uint64_t rip, rsp, flags, fault, error, vector;
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
};

/* One call of a dispatch routine, of the last ones. */
struct call {
    uint32_t agent;
    uint64_t device, irp, code, time;
    uint32_t status;
    uint8_t major, minor, irql, cpu;
    bool returned, completed;
    uint32_t completed_status;
    uint64_t information;
    struct place *routine;
};

/* A user stack as it was when the kernel told of it. */
struct kept_memory {
    uint64_t address;
    uint8_t bytes[0x2000];
    size_t size;
};

struct report_options {
    const char *const *symbols; /* folders with PDB files */
    size_t symbol_folders;
    const char *const *source_map; /* OLD=NEW */
    size_t source_maps;
    bool client_exit_ignored;
    const char *os;
    uint32_t build;
};

struct report;
/* Has the version a count of guarded regions? (5.1 has none: its one count is 32 bits wide.) */
bool report_has_special(const struct report *report);

enum verdict {
    VERDICT_CLEAN,
    VERDICT_FINDING,
    VERDICT_UNSUPPORTED,
    VERDICT_BAD_INPUT,
    VERDICT_ERROR
};

struct report {
    const struct run_request *request;
    const struct run_result *result;
    struct report_options options;
    enum verdict verdict;
    const char *kind;  /* of a finding: as in docs/commands.md */
    const char *blame; /* driver, client, system-known, unknown */
    const char *severity;
    char message[1024]; /* the sentence */
    char fingerprint[20];
    struct place *culprit; /* first frame of a driver or client; NULL */
    struct registers registers;
    struct exception exception; /* that nobody took */
    struct pool pool[8];
    size_t pools;
    struct allocation *allocation;
    size_t allocations;
    uint64_t broken; /* where writing the report has faulted, 0: it is whole */
    struct cpu *cpu;
    size_t cpus;
    struct thread *thread; /* [0]: where it happened, if the kernel said anything */
    size_t threads;
    struct call *call;
    size_t calls;
    struct place **place;
    size_t places;
    struct violation *violation; /* of the verifier's rules, in their order */
    size_t violations;
    bool symbolized;     /* llvm-symbolizer was found and answered */
    bool nobody;         /* no thread did it: all of them wait */
    struct story *story; /* story.h; NULL: its steps were not recorded */
    size_t *circle;      /* threads that wait for each other; indices */
    size_t circles;
};

/* Everything that can be known about a run that has ended. `lines` is what came on RUN_REPORT. */
struct report *report_make(const struct run_request *request, const struct run_result *result,
                           const char *lines, size_t length, const struct report_options *options);
void report_free(struct report *report);
/* Exit status of the command (docs/commands.md). */
int report_status(const struct report *report);

/* `width`: of the columns of a schedule, 0: as they are in files. */
void report_text(FILE *out, const struct report *report, bool colour, unsigned width);
/* wrap.c: to standard error, as it suits a terminal if that is one. */
void report_show(FILE *to, const struct report *report);
void text_show(const char *text);
void text_wrap(FILE *out, const char *text, unsigned width);
unsigned terminal_columns(int fd); /* 0: it is none */
/* stores.c: what another run of the same hang has shown, with run_request.watch. */
void report_stores(FILE *out, const struct report *report, const struct run_result *again);
/* The JSON object; argv is the command line. */
/* One element of its `findings`. */
void report_json_finding(FILE *out, const struct report *report);
void report_json(FILE *out, const struct report *report, const char *command, char **argv);

/* ---- between the files of this folder ---- */

void *report_grow(void *array, size_t *count, size_t size); /* room for one more, zeroed */

void lines_read(struct report *report, const char *lines, size_t length);
void calls_read(struct report *report);
/* Registers in the order of their encoding: rax rcx rdx rbx rsp rbp rsi rdi r8..r15. */
void unwind_user(struct report *report, struct thread *thread, const uint64_t gpr[16],
                 const struct kept_memory *kept);
void unwind_result(struct report *report);
/* host/debug/fill.c: reads what the kernel knows of the current thread, if there is one. */
void debug_fill_thread(struct report *report, struct thread *thread);
/* Appends the frames from these registers on to `thread`. */
void unwind_from(struct report *report, struct thread *thread, uint64_t rip,
                 const uint64_t gpr[16]);
void waits_judge(struct report *report);
const char *wait_kind(const char *kind); /* "fast mutex" of "fast-mutex" */
/* suspended.c: of a finding of kind suspend-dos; NULL where the report lacks them. */
const struct thread *suspended_thread(const struct report *report);
const struct thread *suspended_victim(const struct report *report);
void suspended_missing(const struct report *report, char *out, size_t size);
void suspended_explain(const struct report *report, char *out, size_t size);
void explain_refine(struct report *report, const char *text, char *out, size_t size);
void explain_collect(struct report *report, const char *text); /* places that a text names */
void explain(struct report *report);

struct place *place_of(struct report *report, uint64_t address, bool is_return);
void places_resolve(struct report *report);
void places_forget(struct report *report);
/* "foo.sys!FooRead+0x12", "foo.sys+0x1234", "0x0000400000001000" */
void place_name(const struct place *place, char *out, size_t size);
/* The line to show: the innermost one that is not a header's of the compiler, the WDK or the SDK. NULL: none is known. */
const struct source *place_source(const struct place *place);
/* What lies at a data address: "kernel stack of this thread", "foo.sys+0x10"; false: nothing known.
 */
bool place_data(const struct report *report, uint64_t address, char *out, size_t size);
/* The file behind an image of the run; NULL if there is none. */
const struct run_file *place_file(const struct report *report, const struct run_image *image);
/* How an image is called in symbols: "nt" for the kernel, else its file name. */
const char *place_module(const struct run_image *image);

struct symbol_query {
    const char *path; /* host file */
    uint32_t rva;
    struct source *source; /* out */
    size_t sources;
    uint64_t start; /* out: address of the function in the file, 0 unknown */
};
/* Asks llvm-symbolizer; false if it cannot be run. Sources of queries without an answer stay NULL.
 */
bool symbolizer_ask(const struct report_options *options, struct symbol_query *query, size_t count);
/* Which debug information there is for an image: "pdb", "dwarf" or "none". */
const char *symbols_of(const struct report *report, const struct run_image *image);

struct code_line {
    uint8_t bytes[16];
    size_t length;
    char text[128];
    char operand[96]; /* "ds:00000000`00000010=????????", or "" */
    uint64_t target;  /* address of its memory operand */
    bool has_target, is_write, is_call;
};
/* The instruction at the faulting rip; false if its bytes cannot be had. */
bool code_at(const struct report *report, uint64_t rip, struct code_line *out);

/* bugcheck_names.c; NULL if there is no name */
const char *bugcheck_name(uint32_t code);

enum parameter_kind {
    P_VALUE,
    P_NONE,    /* reserved or not used */
    P_CODE,    /* an address of code */
    P_ADDRESS, /* an address of data */
    P_IRQL,
    P_STATUS,   /* an exception code or NTSTATUS */
    P_ACCESS,   /* 0 read, 1 write, 8 execute */
    P_ACCESS50, /* the same as bugcheck 0x50 has it since 1507 */
    P_THREAD,
    P_PROCESS,
    P_IRP,
    P_APC, /* SpecialApcDisable << 16 | KernelApcDisable */
};

struct parameter_text {
    enum parameter_kind kind;
    const char *text;
};

struct bugcheck_text {
    uint32_t code;
    const char *summary;
    struct parameter_text parameter[4];
};

/* What a value of one parameter means, and with it the others. */
struct value_text {
    uint32_t code;
    uint64_t value; /* of the first parameter */
    const char *text;
    struct parameter_text rest[3]; /* text NULL: as in bugcheck_text */
};

const struct bugcheck_text *bugcheck_text(uint32_t code);
const struct value_text *bugcheck_value(uint32_t code, uint64_t first);
extern const struct value_text verifier_values[]; /* 0xC4, 0xC9; ends with code 0 */

/* words.c */
const char *word_irql(uint64_t irql);          /* "PASSIVE_LEVEL" */
const char *word_major(unsigned major);        /* "IRP_MJ_READ" */
const char *word_status(uint32_t status);      /* "STATUS_ACCESS_VIOLATION"; NULL */
const char *word_status_text(uint32_t status); /* "an access violation"; NULL */
const char *word_reason(uint64_t reason);      /* KWAIT_REASON: "Executive" */
const char *word_method(uint64_t code);        /* "METHOD_NEITHER" */
const char *word_access(uint64_t access);      /* "read", "wrote", "executed" of P_ACCESS */

void report_hash(const void *data, size_t size, uint8_t digest[32]); /* SHA-256 */
void report_hash_by_hand(const void *data, size_t size,
                         uint8_t digest[32]); /* where the processor has no instructions for it */
void report_hash_file(const struct run_file *file, char text[65]);

#endif
