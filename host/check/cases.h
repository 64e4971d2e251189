/*
 * cases.h - between the files that make the cases and the one that runs them (cases.c says what there is).
 *
 *     cases.c      the list; what is tried first
 *     requests.c   one client's requests: what their buffers hold
 *     walks.c      everything once; reads, writes and files
 *     together.c   several clients at once
 *     running.c    each case in a process of its own, and what came of it
 */
#ifndef NTLAB_CHECK_CASES_H
#define NTLAB_CHECK_CASES_H

#include "host/check/check.h"

#define MAX_STORMS 16 /* codes of a device that have a case of their own */

/* What a search costs at least: the boot, learning, and the schedules that are always tried. */
#define LEAST_SECONDS 0.5

/* cases.c */
extern struct one_case case_list[MAX_CASES];
extern size_t cases;
void cases_make(struct check *check);
struct one_case *case_add(const char *name, const char *what); /* NULL: there is no room */
void case_client(struct check *check, struct one_case *one, enum abi_token token,
                 const char *words);                      /* one: NULL is none */
enum abi_token case_weakest(const struct device *device); /* who may open it */

/* Of one device, the `number`th from 1; each adds what there is to try. NULL: files. */
/* requests.c */
void fuzz_cases(struct check *check, const struct device *device, size_t number);
void unknown_case(struct check *check, const struct device *device, size_t number);
void sequence_case(struct check *check, const struct device *device, size_t number);
bool case_make_sequence(struct check *check, struct one_case *one);
void hostile_cases(struct check *check, const struct device *device, size_t number);
/* walks.c */
const char *case_files_words(const struct check *check, const char *name, bool attach, bool detach);
void io_case(struct check *check, const struct device *device, size_t number);
void walk_case(struct check *check, const struct device *device, size_t number);
void nomem_case(struct check *check, const struct device *device, size_t number);
void load_case(struct check *check, const struct device *device, size_t number);
/* together.c */
size_t case_storm_words(const struct device *device, const char *how, size_t from, size_t most,
                        char *words, size_t size);
void storm_cases(struct check *check, const struct device *device, size_t number);
void fine_cases(struct check *check, const struct device *device, size_t number);
void together_case(struct check *check, const struct device *device, size_t number);
void cancel_cases(struct check *check, const struct device *device, size_t number);
void reload_case(struct check *check, const struct device *device);
void activity_cases(struct check *check, const struct device *first);

#endif
