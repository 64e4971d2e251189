#!/usr/bin/env python3
"""check.py NTLAB CLIENT.exe EXPECTED STATUS: an ordinary program, built by mingw, prints and ends as it does on Windows."""
import subprocess
import sys

ntlab, client, expected, status = sys.argv[1:]
result = subprocess.run([ntlab, "run", "--run-timeout", "100s", "--", client], capture_output=True, timeout=110)
printed, said = result.stdout.replace(b"\r", b"").decode(), result.stderr.decode()
wanted = open(expected, encoding="utf-8").read()
if printed != wanted or f"exit code {status}" not in said + "exit code 0":
    sys.exit(f"printed:\n{printed}\nwanted:\n{wanted}\n{said}")
