/*
 * shard.h - a search that is spread over machines: which part is ours, and what it leaves in its folder.
 *
 *     DIR/shard-3-of-8/      of `--out DIR --shard 3/8`; without a shard DIR itself
 *         search.txt         one fact a line: what `ntlab merge` adds up
 *         report.json        the same as --json
 *         findings/1.ntr     each one replays anywhere
 */
#ifndef HOST_CLI_SHARD_H
#define HOST_CLI_SHARD_H

#include "host/cli/explore.h"

#define SHARD_MAX 100000

/* Without --shard: what Slurm or Kubernetes has told this process; says so. 0, or STATUS_USAGE after a
   message. */
int shard_from_environment(struct options *options);
/* Makes the folder for results; search->folder and search->out lie in it. 0 or STATUS_USAGE. */
int shard_folder(struct search *search);
/* Writes search.txt. 0 or STATUS_USAGE. */
int shard_write(const struct search *search);

#endif
