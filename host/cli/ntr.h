/*
 * ntr.h - a finding as one file: FINDING.ntr, a tar archive that replays anywhere.
 *
 *     replay.txt   what is needed to run it again: version, processors, drivers, clients, schedule
 *     report.txt   what it says, for people
 *     files/N      the images that took part (up to 20 MB each), and what else the guest was given
 */
#ifndef HOST_CLI_NTR_H
#define HOST_CLI_NTR_H

#include "host/cli/cli.h"
#include "host/machine/run.h"

struct ntr {
    struct run_request request;
    struct run_search replay;
    uint64_t hash;   /* of the run that found it */
    char folder[64]; /* its files, unpacked; removed by ntr_close */
    uint32_t *schedule;
    uint64_t
        replaced; /* by number: files of the command line that take the place of the archive's */
    struct run_spin spin[RUN_MAX_SPINS];
    struct run_shared shared[RUN_MAX_SHARED];
};

/* Writes the finding; `result` is of the run that confirmed it. 0, or STATUS_USAGE after a message. */
int ntr_write(const char *path, const struct options *options, const struct run_request *request,
              const struct run_result *result, const struct search_finding *finding,
              const uint32_t *schedule);
/* 0, STATUS_BAD_INPUT or STATUS_USAGE after a message. */
int ntr_open(const char *path, struct options *options, struct ntr *out);
void ntr_close(struct ntr *ntr);

#endif
