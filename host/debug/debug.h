/*
 * debug.h - looks into a run that has stopped: the commands that WinDbg has taught people.
 *
 *     dwarf.c, index.c     types, functions and data of a PE file (dwarf.h)
 *     types.c, view.c, dt.c   types as WinDbg writes them (types.h)
 *     debug.c       the modules of a run, its memory, names of addresses, fields of structures
 *     expression.c  what an argument means: numbers, registers, symbols
 *     code.c        u, uf, lm, x, ln
 *     memory.c      dq dd dw db dp da du
 *     stack.c       k, r: stacks of any thread, from unwind data
 *     threads.c     !thread, !process, !apc, !irql
 *     locks.c       !locks
 *     queues.c      !timer, !dpcs
 *     objects.c     !irp, !devobj, !drvobj, !handle, !object
  *     fill.c        the current thread for a report that the kernel could not write
 *     prompt.c      reads commands, finds and runs them
 *
 *   D3  Nothing here runs guest code or writes guest memory. What is read may be nonsense: each read may
 *       fail, each list has a most, each text is reduced to printable characters.
 *   D4  Offsets come from the type table of the image; only what has no type is known by number,
 *       and says so.
 */
#ifndef HOST_DEBUG_DEBUG_H
#define HOST_DEBUG_DEBUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "host/debug/dwarf.h"
#include "host/machine/run.h"
#include "host/report/report.h"

#define DEBUG_MAX_LIST 4096 /* steps along a list of the guest's */

struct module {
    const char *name; /* "nt", "foo.sys" */
    char stem[64];    /* "foo": what stands before `!` */
    const char *path; /* host file */
    const uint8_t *file;
    size_t file_size;
    uint64_t base, size;
    const struct run_image *image; /* NULL without a run */
    struct pe *pe;
    struct dwarf *dwarf; /* opened when asked for: debug_symbols */
};

struct debug {
    FILE *out;
    uint32_t os;
    bool live; /* at a break: the run can go on */
    const struct run_request *request;
    const struct run_result *result; /* NULL: files only */
    struct report_options options;
    struct module *module;
    size_t modules;
    size_t images;   /* of the result that are modules already */
    uint64_t thread; /* that commands mean: KTHREAD */
    uint64_t next;   /* where the next u goes on */
    uint64_t dump;   /* where the next d goes on */
    char dump_kind;
};

/* Modules of a run, or (result NULL) the files that `request` has. */
struct debug *debug_open(FILE *out, uint32_t os, const struct run_request *request,
                         const struct run_result *result, const struct report_options *options);
/* The run has stopped again. */
void debug_stopped(struct debug *debug, const struct run_result *result);
void debug_close(struct debug *debug);
/* A file without a run, at its preferred base; NULL if it is no image (error tells). */
struct module *debug_add_file(struct debug *debug, const struct run_file *file, uint64_t base);

struct module *debug_module_at(const struct debug *debug, uint64_t address);
/* "nt", "foo", "foo.sys", "ntoskrnl"; NULL. */
struct module *debug_module(struct debug *debug, const char *name);
struct dwarf *debug_symbols(struct module *module);
/* "nt!KiFoo+0x12", "foo.sys+0x1234"; false: in no module. */
bool debug_name(struct debug *debug, uint64_t address, char *out, size_t size);
/* Address of IMAGE!SYMBOL or SYMBOL (any module, the kernel first). */
bool debug_symbol(struct debug *debug, const char *name, uint64_t *address);

/* False where there is no memory, or nothing has ever been there. */
bool debug_read(struct debug *debug, uint64_t address, void *out, size_t size);
bool debug_u64(struct debug *debug, uint64_t address, uint64_t *out);
/* A UNICODE_STRING as UTF-8 without control characters; "" if it cannot be read. */
void debug_string(struct debug *debug, uint64_t address, char *out, size_t size);
void debug_bytes(struct debug *debug, uint64_t address, size_t length, char *out, size_t size);

/* Fields of the kernel's structures by name. */
bool debug_offset(struct debug *debug, const char *type, const char *field, uint64_t *offset);
uint64_t debug_sizeof(struct debug *debug, const char *type);
/* An integer, pointer or bit field; signed ones are extended. False where it cannot be read. */
bool debug_field(struct debug *debug, const char *type, uint64_t address, const char *field,
                 uint64_t *out);
/* The same, 0 where it cannot be read. */
uint64_t debug_get(struct debug *debug, const char *type, uint64_t address, const char *field);
uint64_t debug_address_of(struct debug *debug, const char *type, uint64_t address,
                          const char *field);
/* Name of a field's value in its enumeration; NULL. */
const char *debug_enumerator(struct debug *debug, const char *type, int64_t value);
/*
 * Walks a LIST_ENTRY: *link starts as the head's address. Gives the structure that holds the link
 * as `field`; false at the end, or where the list is broken (said on out).
 */
bool debug_next(struct debug *debug, uint64_t head, uint64_t *link, const char *type,
                const char *field, uint64_t *entry, unsigned *steps);
/* A global of the kernel's. */
bool debug_global(struct debug *debug, const char *name, uint64_t *address);

void debug_print64(FILE *out, uint64_t value); /* 00004000`12345678 */

/* expression.c: false after a message on out. */
bool debug_evaluate(struct debug *debug, const char *text, uint64_t *out);
/* A register of the stop by name, without @. */
bool debug_register(const struct debug *debug, const char *name, uint64_t *out);

/* code.c */
/* Lines from `address`: `count` instructions, or up to `end` if that is not 0. The address behind. */
uint64_t debug_unassemble(struct debug *debug, uint64_t address, unsigned count, uint64_t end);
/* The function around an address, by unwind data or symbols; false: not known. */
bool debug_function(struct debug *debug, uint64_t address, uint64_t *begin, uint64_t *end);

/* threads.c */
struct thread_state {
    uint64_t address, process, cpu;
    unsigned state;
    uint64_t rip, gpr[16]; /* where it is */
    bool known;
};
uint64_t debug_current_thread(struct debug *debug, uint64_t cpu);
uint64_t debug_processor(struct debug *debug, uint64_t cpu); /* KIPCR; 0 */
/* "0004.0010", and the image's name */
void debug_cid(struct debug *debug, uint64_t thread, char *out, size_t size);
/* The process that a number means: its address or its id; 0: none. */
uint64_t debug_process(struct debug *debug, uint64_t number);
void debug_process_name(struct debug *debug, uint64_t process, char *out, size_t size);
/* Calls back for each thread of each process; false from it ends the walk. */
void debug_threads(struct debug *debug, bool (*call)(struct debug *, uint64_t thread, void *),
                   void *context);
void debug_print_thread(struct debug *debug, uint64_t thread, bool stack);

/* stack.c */
bool debug_thread_state(struct debug *debug, uint64_t thread, struct thread_state *out);
void debug_print_stack(struct debug *debug, uint64_t thread, unsigned indent, bool numbers);

/* What a command is given: words, and the line behind its name. */
struct arguments {
    char *word[16];
    size_t count;
    const char *rest;
};
typedef void debug_command(struct debug *debug, const struct arguments *arguments);
debug_command command_u, command_uf, command_lm, command_x, command_ln;
debug_command command_dump;
debug_command command_k, command_r;
debug_command command_thread, command_process, command_apc, command_irql;
debug_command command_locks, command_cs;
debug_command command_timer, command_dpcs;
debug_command command_irp, command_devobj, command_drvobj, command_handle, command_object;
debug_command command_dt;

/* prompt.c */
enum debug_next { DEBUG_END, DEBUG_GO, DEBUG_QUIT };
/* Runs the commands of a line, separated by `;`. DEBUG_END: none of them leaves the prompt. */
enum debug_next debug_line(struct debug *debug, const char *line);

#endif
