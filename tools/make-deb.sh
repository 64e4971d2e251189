#!/bin/sh
# A Debian package: make-deb.sh BUILD OUT. Debian 12 has all that it depends on; no compiler is needed to run.
set -eu
build=$1
out=$2
tools=$(dirname "$0")
version=$("$build/ntlab" --version | cut -d' ' -f2)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
"$tools/install.sh" "$build" "$root/usr"
strip --strip-debug "$root/usr/bin/ntlab"
mkdir "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<CONTROL
Package: ntlab
Version: $version
Architecture: amd64
Maintainer: the ntlab authors <ntlab@example.org>
Depends: libc6 (>= 2.36), libseccomp2 (>= 2.5.0), libzydis4.0
Recommends: llvm-19 | llvm
Section: devel
Priority: optional
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Description: runs Windows kernel drivers on Linux, deterministically
 ntlab maps unmodified x64 .sys and .exe files into a sandboxed process and gives them an NT kernel that decides
 every thread switch. Thousands of schedules are tried each second; what fails is explained and replayed.
 llvm-symbolizer, which is recommended, names functions and lines.
CONTROL
dpkg-deb --build --root-owner-group -Zxz "$root" "$out/ntlab_${version}_amd64.deb" >/dev/null
echo "$out/ntlab_${version}_amd64.deb"
