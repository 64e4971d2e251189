#!/usr/bin/env bash
# run-wine.sh MSVCRT.dll UCRTBASE.dll CLIENT.exe... - runs each client under wine with our run time beside it.
# Exit 77 (skipped) without wine. Wine's own files go to a folder that is removed at the end.
set -u
command -v wine >/dev/null || { echo "wine is not installed"; exit 77; }
msvcrt=$(realpath "$1")
ucrtbase=$(realpath "$2")
shift 2
work=$(mktemp -d)
trap 'WINEPREFIX=$work/prefix wineserver -k 2>/dev/null; sleep 0.2; rm -rf "$work"' EXIT
export WINEPREFIX=$work/prefix WINEDEBUG=-all DISPLAY=
mkdir "$work/run"
cp "$msvcrt" "$work/run/msvcrt.dll"
cp "$ucrtbase" "$work/run/ucrtbase.dll"
WINEDLLOVERRIDES="mscoree=d;mshtml=d" wine cmd /c exit >/dev/null 2>&1
export WINEDLLOVERRIDES="msvcrt=n,b;ucrtbase=n,b;winedbg.exe=d"
failed=0
for client in "$@"; do
    name=$(basename "$client")
    cp "$client" "$work/run/$name"
    (cd "$work/run" && timeout 60 wine "$name" </dev/null >out.txt 2>err.txt)
    status=$?
    tail -n 1 "$work/run/out.txt"
    if [ $status -ne 0 ]; then
        echo "$name: exit status $status"
        cat "$work/run/out.txt" "$work/run/err.txt"
        failed=1
    fi
done
exit $failed
