#!/usr/bin/env bash
# Installs what the build needs and this machine lacks. Silent when nothing is missing.
set -eu
packages="gcc libc6-dev clang-19 lld-19 llvm-19 libclang-rt-19-dev clang-format-19 mingw-w64 meson ninja-build libzydis-dev libseccomp-dev pkg-config python3 slurm-wlm"
# Only the test of the HTML report needs a browser; without one it is skipped.
[ -n "${WITH_BROWSER:-}" ] && packages="$packages chromium fonts-dejavu-core"
missing=""
for package in $packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
echo "installing:$missing" >&2
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null; then SUDO=sudo; else
        echo "error: these Debian packages are missing and this user cannot install them:$missing" >&2
        exit 1
    fi
fi
${SUDO:-} apt-get update -q >/dev/null
DEBIAN_FRONTEND=noninteractive ${SUDO:-} apt-get install -y -q --no-install-recommends $missing >/dev/null
