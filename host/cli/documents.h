/*
 * documents.h - the files that --html, --sarif, --junit, --coverage and --out ask for, of a run or a search.
 */
#ifndef HOST_CLI_DOCUMENTS_H
#define HOST_CLI_DOCUMENTS_H

#include "host/cli/cli.h"
#include "host/report/note.h"

/* Does somebody want to see events? Then they are kept. */
bool documents_timeline(const struct options *options);
/* Before the first run: what has to be noted while it goes on. */
void documents_prepare(const struct options *options, struct run_request *request);
/* The drivers' names, else the clients'. */
void documents_subject(const struct run_request *request, char *out, size_t size);
void documents_folder(const char *folder); /* makes it */
/* Writes them; `folder`: --out's, NULL or empty: none. 0, or STATUS_USAGE after a message. */
int documents_write(const struct options *options, const struct run_request *request,
                    const struct note_head *head, const struct note *note, size_t count,
                    const char *folder);
/* From now on what is written is also sent there, for another process: note_receive. */
void documents_hand_over(FILE *out);
void documents_release(struct run_request *request);

#endif
