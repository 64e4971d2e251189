/*
 * shard.c - what is in shard.h.
 *
 * Results may be added up only if they are of one search: the same binaries and the same options. All
 * that must be the same is hashed to one `identity`; the facts that went into it stand in search.txt too,
 * so that a difference can be named.
 */
#include "host/cli/shard.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "host/report/report.h"

static bool
number_from(const char *name, unsigned long *out)
{
    const char *text = getenv(name);
    char *end;

    if (text == NULL || *text == 0) {
        return false;
    }
    *out = strtoul(text, &end, 10);
    return *end == 0;
}

int
shard_from_environment(struct options *options)
{
    unsigned long index, count, first = 0, step = 1;
    const char *who;

    if (options->sharded) {
        return 0;
    }
    if (number_from("SLURM_ARRAY_TASK_ID", &index) &&
        number_from("SLURM_ARRAY_TASK_COUNT", &count)) {
        who = "SLURM_ARRAY_TASK_ID";
        number_from("SLURM_ARRAY_TASK_MIN", &first);
        number_from("SLURM_ARRAY_TASK_STEP", &step);
    } else if (number_from("JOB_COMPLETION_INDEX", &index)) {
        who = "JOB_COMPLETION_INDEX";
        if (!number_from("JOB_COMPLETIONS", &count)) {
            return usage_error(
                "JOB_COMPLETION_INDEX is set, but not JOB_COMPLETIONS, the number of "
                "all parts: set it, or give --shard");
        }
    } else {
        return 0;
    }
    if (index < first || step == 0 || (index - first) % step != 0) {
        return usage_error("%s: %lu is no index from %lu on in steps of %lu", who, index, first,
                           step);
    }
    index = (index - first) / step;
    if (count == 0 || count > SHARD_MAX || index >= count) {
        return usage_error("%s: part %lu of %lu makes no sense", who, index + 1, count);
    }
    options->shard = (uint32_t)index;
    options->shards = (uint32_t)count;
    options->sharded = true;
    fprintf(stderr, "ntlab: shard %lu/%lu (%s)\n", index + 1, count, who);
    return 0;
}

static int
make_folder(const char *path)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST ? 0
                                                     : usage_error("%s: %s", path, strerror(errno));
}

int
shard_folder(struct search *search)
{
    const struct options *options = search->options;
    char folder[200];
    int status;

    if (options->out == NULL) {
        if (search->version[0] != 0 && (status = make_folder(search->folder)) == 0) {
            snprintf(search->findings_folder, sizeof(search->findings_folder), "%s/%s",
                     search->folder, search->version);
            search->folder = search->findings_folder;
            return 0;
        }
        return search->version[0] != 0 ? status : 0;
    }
    snprintf(folder, sizeof(folder), "%.140s%s%.50s", options->out, search->version[0] ? "/" : "",
             search->version);
    status = make_folder(options->out);
    if (status == 0 && search->version[0] != 0) {
        status = make_folder(folder);
    }
    if (status == 0 && options->sharded) {
        snprintf(search->out, sizeof(search->out), "%.200s/shard-%u-of-%u", folder,
                 options->shard + 1, options->shards);
        status = make_folder(search->out);
    } else {
        snprintf(search->out, sizeof(search->out), "%.200s", folder);
    }
    snprintf(search->findings_folder, sizeof(search->findings_folder), "%s/findings", search->out);
    search->folder = search->findings_folder;
    return status;
}

/* What must be the same in all shards. */
static void
write_identity(FILE *out, const struct search *search)
{
    const struct options *options = search->options;
    const struct run_request *request = &search->request;
    const struct abi_boot *boot = &request->boot;
    const struct run_search *plan = &search->plan;
    uint8_t digest[32];
    char hash[65];

    fprintf(out, "is ntlab %s\nis os %u %u\nis seed %lu\n", NTLAB_VERSION, boot->os, boot->build,
            boot->seed);
    fprintf(out, "is strategy %s depth %u bound %u\nis granularity %s\n", plan->strategy,
            plan->depth, plan->bound, granularity_name(options->granularity));
    fprintf(out, "is inject %x\n", boot->inject);
    fprintf(out, "is budget %lu runs, %g s, %s\n", plan->runs, plan->seconds,
            plan->first ? "first" : "all");
    for (uint32_t i = 0; i < boot->clients; i++) {
        fprintf(out, "is client %u %s\n", boot->client[i].token, boot->client[i].command);
    }
    for (size_t i = 0; i < request->files; i++) {
        if (!request->file[i].directory && search_uses(request, &request->file[i])) {
            report_hash_file(&request->file[i], hash);
            fprintf(out, "is file %s %s\n", request->file[i].guest_path, hash);
        }
    }
    for (size_t i = 0; i < request->configs; i++) {
        report_hash(request->config[i].text, request->config[i].length, digest);
        fprintf(out, "is config %s %02x%02x%02x%02x\n", request->config[i].key, digest[0],
                digest[1], digest[2], digest[3]);
    }
}

int
shard_write(const struct search *search)
{
    const struct pool_outcome *outcome = &search->outcome;
    const struct tally *tally = &outcome->tally;
    const char *item;
    char path[400];
    FILE *out;

    if (search->out[0] == 0) {
        return 0;
    }
    snprintf(path, sizeof(path), "%s/search.txt", search->out);
    out = fopen(path, "w");
    if (out == NULL) {
        return usage_error("%s: %s", path, strerror(errno));
    }
    write_identity(out, search);
    fprintf(out, "shard %u %u\noutcome %s\n", search->pool.shard, search->pool.shards,
            outcome_name(outcome->outcome));
    fprintf(out, "runs %lu\ntraces %lu\nbad %lu\nblocked %lu\nseconds %.3f\nstatus %d\n",
            tally->runs, tally->traces, tally->bad, tally->blocked, outcome->seconds,
            search->status);
    if (outcome->outcome != SEARCH_EXHAUSTED) { /* what is exhausted is within any bound */
        fprintf(out, "bound %u\n", tally->bound);
    }
    for (size_t i = 0; (item = search_assumption(search, i)) != NULL; i++) {
        fprintf(out, "assumption %s\n", item);
    }
    for (size_t i = 0; i < search->findings; i++) {
        const struct confirmed *confirmed = &search->confirmed[i];
        const struct search_finding *finding = &confirmed->finding;

        fprintf(out, "finding %s %016lx %016lx %016lx %lu %u %u %u %s findings/%zu.ntr %s\n",
                confirmed->note.severity, finding->signature, finding->wanted, finding->circle,
                finding->times, finding->preemptions, finding->injections, finding->schedule_length,
                confirmed->note.fingerprint[0] != 0 ? confirmed->note.fingerprint : "-", i + 1,
                confirmed->note.message);
    }
    for (size_t i = 0; i < tally->looses; i++) {
        fprintf(out, "crash %016lx %016lx %s\n", tally->loose[i].crash, tally->loose[i].signature,
                tally->loose[i].counted ? "counted" : "left");
    }
    if (tally->looked != 0) {
        fprintf(out, "looked %lu\n", tally->looked);
    }
    for (uint32_t i = 0; i < tally->kept; i++) {
        fprintf(out, "trace %016lx %lu\n", tally->trace[i].hash, tally->trace[i].times);
    }
    fputs("end\n", out);
    return fclose(out) == 0 ? 0 : usage_error("%s: %s", path, strerror(errno));
}
