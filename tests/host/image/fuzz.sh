#!/bin/sh
# fuzz.sh TARGET CORPUS WORK: runs the fuzzer for FUZZ_SECONDS (20), keeping what it finds in WORK.
set -eu
mkdir -p "$3"
exec "$1" -max_total_time="${FUZZ_SECONDS:-20}" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
    -print_final_stats=1 -artifact_prefix="$3/" "$3" "$2"
