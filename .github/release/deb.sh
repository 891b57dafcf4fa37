#!/usr/bin/env bash
# The Debian package, of the same table in Cargo.toml that cargo-deb reads, by dpkg-deb alone.
#
# usage: deb.sh PROGRAM ARCHITECTURE FOLDER      such as: deb.sh target/x86_64-unknown-linux-musl/dist/dhlimit amd64 out
# needs: python3 (3.11 or later), dpkg-deb
set -euo pipefail

program=$(realpath "$1") architecture=$2
mkdir -p "$3"
folder=$(realpath "$3")
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

python3 - "$program" "$architecture" "$work" << 'PYTHON'
import gzip, os, pathlib, shutil, sys, textwrap, tomllib

program, architecture, root = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
package = tomllib.loads(pathlib.Path("Cargo.toml").read_text())["package"]
deb = package["metadata"]["deb"]
size = 0
for source, target, mode in deb["assets"]:
    path = pathlib.Path(program if source.startswith("target/") else source)
    place = root / target / (path.name if target.endswith("/") else "")
    if source.startswith("target/"):
        place = root / target / "dhlimit"
    data = path.read_bytes()
    # Debian's policy has manual pages and change logs compressed.
    if "/man/" in target or path.name == "CHANGELOG.md":
        place, data = place.with_name(place.name + ".gz"), gzip.compress(data, 9, mtime=0)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    place.chmod(int(mode, 8))
    size += len(data)
for folder, _, _ in os.walk(root):
    os.chmod(folder, 0o755)
control = root / "DEBIAN"
control.mkdir()
description = textwrap.wrap(deb["extended-description"], 78)
(control / "control").write_text(
    f"Package: {package['name']}\nVersion: {package['version']}-1\nArchitecture: {architecture}\n"
    f"Maintainer: {deb['maintainer']}\nSection: {deb['section']}\nPriority: {deb['priority']}\n"
    f"Recommends: {deb['recommends']}\nInstalled-Size: {size // 1024 + 1}\n"
    f"Homepage: {package['repository']}\nDescription: {package['description']}\n"
    + "".join(f" {line}\n" for line in description)
)
PYTHON

version=$(sed -n 's/^Version: //p' "$work/DEBIAN/control")
package="$folder/dhlimit_${version}_$architecture.deb"
dpkg-deb --build --root-owner-group -Zxz "$work" "$package" > /dev/null
echo "$package"
