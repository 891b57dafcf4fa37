#!/bin/sh
# A rolling update of 30 nodes behind one address, 8 images each: how many nodes may be replaced every ten
# minutes without a 429, and how fast is it then?
#
# usage: examples/plan/rolling-update.sh
# needs: dhlimit, jq
set -eu

plan() { dhlimit plan --nodes 30 --images 8 --strategy one-address -o json "$@" || [ $? = 1 ]; }
surge=$(plan --arrival rolling:1/10m --solve surge | jq '.solved[0].strategies[0].value')
echo "surge: $surge nodes every 10 minutes"
plan --arrival "rolling:$surge/10m" | jq -r '.strategies[0] | "at that pace: refused \(.refused), all run after \(.done_at_seconds) s"'
plan --arrival "rolling:$((surge + 1))/10m" | jq -r '.strategies[0] | "with one more: refused \(.refused), all run after \(.done_at_seconds) s"'
