/*
 * lcov.h - what of the drivers ran, before and after a run or a search.
 */
#ifndef HOST_REPORT_LCOV_H
#define HOST_REPORT_LCOV_H

#include "host/machine/coverage.h"
#include "host/report/report.h"

struct coverage_numbers {
    size_t functions, functions_run, blocks, blocks_run, branches, branches_run;
};

/* Coverage of all drivers of the request is noted from now on; for all its runs together. */
void coverage_prepare(struct run_request *request);
void coverage_release(struct run_request *request);
void coverage_count(const struct run_request *request, const struct run_coverage *coverage,
                    struct coverage_numbers *out);
void lcov_write(FILE *out, const struct run_request *request, const struct report_options *options);

#endif
