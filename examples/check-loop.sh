#!/bin/sh
# Shows the pull limit every few seconds, as the course's first loop did with curl and jq: a token, a
# HEAD, two headers. dhlimit does all of it in one command, and a HEAD costs no pull.
#
#   check-loop.sh [IMAGE]      INTERVAL=10  seconds between looks (Docker Hub: no fewer than 10)
#                              TIMES=0      looks to take; 0: until Ctrl-C
set -eu

image=${1:-ratelimitpreview/test:latest}
interval=${INTERVAL:-10}
times=${TIMES:-0}

looked=0
while :; do
    # 0: pulls are left. 1: none. Anything else is no reading, and the message has said why.
    code=0
    left=$(dhlimit check "$image" --anonymous --format '{remaining} of {limit} left, counted as {source}') || code=$?
    case $code in
    0 | 1) printf '%s  %s\n' "$(date -u +%H:%M:%S)" "$left" ;;
    *) exit "$code" ;;
    esac
    looked=$((looked + 1))
    [ "$looked" != "$times" ] || exit 0
    sleep "$interval"
done
