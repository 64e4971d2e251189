#!/bin/sh
# Every test: tools/run-tests.sh [--soak] [--only TEXT] BUILD; see tools/run_tests.py.
exec python3 "$(dirname "$0")/run_tests.py" "$@"
