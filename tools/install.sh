#!/bin/sh
# What runs, and nothing else: install.sh BUILD ROOT (ROOT is DESTDIR and PREFIX together).
#     bin/ntlab                         the program
#     lib/ntlab/                        the kernel, DLLs and drivers that come with it; check/: the client of `check`
#     share/ntlab/samples/, share/doc/ntlab/
set -eu
build=$1
root=$2
install -D -m 755 "$build/ntlab" "$root/bin/ntlab"
mkdir -p "$root/lib/ntlab/check" "$root/share/ntlab/samples" "$root/share/doc/ntlab"
install -m 644 "$build"/box/*.exe "$build"/box/*.dll "$build"/box/*.sys "$root/lib/ntlab/"
install -p -m 644 "$build/nt/ntoskrnl.exe" "$build/nt/ntoskrnl.exe.sha256" "$root/lib/ntlab/"
install -m 644 "$build/user/check/ntlabcheck.exe" "$root/lib/ntlab/check/"
for folder in "$build"/samples/*/; do
    name=$(basename "$folder")
    for file in "$folder"*.sys "$folder"*.exe "$folder"*.dll "$folder"demo.txt "$folder"*.inf; do
        [ -f "$file" ] && install -D -m 644 "$file" "$root/share/ntlab/samples/$name/$(basename "$file")"
    done
    page=$(dirname "$0")/../samples/$name/README.md
    if [ -f "$page" ] && [ -d "$root/share/ntlab/samples/$name" ]; then
        install -m 644 "$page" "$root/share/ntlab/samples/$name/"
    fi
done
cp -r "$(dirname "$0")/../docs/." "$root/share/doc/ntlab/"
install -m 644 "$(dirname "$0")/../README.md" "$root/share/doc/ntlab/"
install -m 644 "$(dirname "$0")/../LICENSE" "$root/share/doc/ntlab/copyright"
