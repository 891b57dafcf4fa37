#!/bin/sh
# A release's archive: the program, its completions and manual page, the licence; and its checksum beside it.
# The same input gives the same bytes.
#
# usage: archive.sh PROGRAM VERSION TARGET FOLDER
set -eu

program=$1 version=$2 target=$3 folder=$4
root=$(cd "$(dirname "$0")/../.." && pwd)
name="dhlimit-$version-$target"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/$name/completions" "$folder"
install -m 755 "$program" "$work/$name/dhlimit"
for file in README.md CHANGELOG.md LICENSE; do install -m 644 "$root/$file" "$work/$name/"; done
for file in "$root"/completions/*; do install -m 644 "$file" "$work/$name/completions/"; done

archive="$folder/$name.tar.gz"
# GNU tar; where tar is another one (macOS), gtar is GNU's.
tar=tar
if command -v gtar > /dev/null; then tar=gtar; fi
"$tar" --sort=name --mtime='2026-01-01 00:00:00Z' --owner=0 --group=0 --numeric-owner \
    --format=ustar -C "$work" -cf - "$name" | gzip -9n > "$archive"

if command -v sha256sum > /dev/null; then sum=sha256sum; else sum='shasum -a 256'; fi
(cd "$folder" && $sum "$name.tar.gz" > "$name.tar.gz.sha256")
echo "$archive"
