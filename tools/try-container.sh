#!/bin/sh
# Does an installed ntlab work in an unprivileged container?  tools/try-container.sh INSTALLED DRIVER.sys [ROOT]
#
# INSTALLED is what `make install PREFIX=...` has made, ROOT a Debian 12 without anything (debootstrap makes one beside it if it
# is not there). The container is a user namespace of its own without any privilege outside, with new process ids, and ROOT as /.
# In it run what docs/ci runs: doctor, and check with --out. Status 0 if doctor is content and check came to a verdict.
set -eu
installed=$(realpath "$1")
driver=$(realpath "$2")
root=${3:-$installed.root}
here=$(pwd)
case $root in /*) ;; *) root=$here/$root ;; esac
if [ ! -d "$root/usr" ]; then
    debootstrap --variant=minbase bookworm "$root" >"$root.log" 2>&1 || { tail -3 "$root.log"; exit 1; }
fi
mkdir -p "$root/opt" "$root/project/driver"
rm -rf "$root/opt/ntlab" "$root/project/ntlab-out"
cp -r "$installed" "$root/opt/ntlab"
cp "$driver" "$root/project/driver/driver.sys"
# The package's dependencies, which apt would bring.
ldd "$installed/bin/ntlab" | grep -oE '/[^ ]*(Zydis|Zycore|seccomp)[^ ]*' | while read -r library; do
    cp -L "$library" "$root/usr/lib/x86_64-linux-gnu/"
done
unshare --user --map-root-user --pid --fork --mount-proc="$root/proc" chroot "$root" /bin/sh -c '
    cd /project && PATH=/opt/ntlab/bin:$PATH
    ntlab doctor || exit 1
    status=0
    ntlab check driver/driver.sys --budget 10s --out ntlab-out || status=$?
    ls ntlab-out
    [ $status -le 1 ] && [ -s ntlab-out/report.sarif ] && [ -s ntlab-out/report.xml ]'
