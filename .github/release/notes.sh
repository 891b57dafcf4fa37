#!/bin/sh
# What CHANGELOG.md says of a version; fails where it says nothing.
#
# usage: notes.sh VERSION
set -eu

notes=$(awk -v version="$1" '
    /^## / { is_ours = ($2 == version); next }
    is_ours { print }
' "$(dirname "$0")/../../CHANGELOG.md")
if [ -z "$(printf '%s' "$notes" | tr -d '[:space:]')" ]; then
    echo "CHANGELOG.md has nothing of $1" >&2
    exit 1
fi
printf '%s\n' "$notes" | sed '/./,$!d'
