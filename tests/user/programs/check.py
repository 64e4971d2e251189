#!/usr/bin/env python3
"""check.py NTLAB CLIENT.exe EXPECTED STATUS: an ordinary program, built by mingw, prints and ends as it does on Windows."""
import subprocess
import sys

ntlab, client, expected, status = sys.argv[1:]
result = subprocess.run([ntlab, "run", "--run-timeout", "100s", "--", client], capture_output=True, text=True, timeout=110)
wanted = open(expected, encoding="utf-8").read()
if result.stdout != wanted or f"exit code {status}" not in result.stderr + "exit code 0":
    sys.exit(f"printed:\n{result.stdout}\nwanted:\n{wanted}\n{result.stderr}")
