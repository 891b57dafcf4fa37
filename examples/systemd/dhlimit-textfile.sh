#!/bin/sh
# Writes the pull limit where node_exporter's textfile collector reads it (--collector.textfile.directory).
# The file is put in place whole, by rename: the collector never sees half of one.
#
#   dhlimit-textfile.sh [FOLDER]      IMAGE=…  the image to ask for
set -eu

folder=${1:-/var/lib/prometheus/node-exporter}
new=$(mktemp "$folder/.dhlimit.XXXXXX")
trap 'rm -f "$new"' EXIT
# A signal ends a shell without its EXIT trap, unless the signal is caught.
trap 'exit 1' INT TERM HUP

# A used-up limit (1) or a registry that is not reached (3) is a reading as well: the metrics say so.
code=0
dhlimit check "${IMAGE:-ratelimitpreview/test:latest}" -o prometheus > "$new" || code=$?
[ -s "$new" ] || exit "$code"
chmod 644 "$new"
mv "$new" "$folder/dhlimit.prom"
