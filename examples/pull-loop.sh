#!/bin/sh
# Pulls and removes an image until the 429 comes, as the course's second loop did with nerdctl in
# Lima: pull, look, remove, again. dhlimit stress is that loop, for any runtime; it removes only what
# it pulled, and says which 429 came.
#
#   pull-loop.sh [IMAGE] [OPTION...]      RUNTIME=lima  what pulls: lima, nerdctl, docker, podman, …
#                                         FLOOR=0       stop while so many pulls are left
#
# These pulls count. Against Docker Hub it asks first; pull-loop.sh alpine:latest --sandbox practises
# on a registry of its own, with RUNTIME=builtin even without any runtime.
set -eu

image=ratelimitpreview/test:latest
case ${1:-} in
'' | -*) ;;
*)
    image=$1
    shift
    ;;
esac

exec dhlimit stress "$image" --runtime "${RUNTIME:-lima}" --floor "${FLOOR:-0}" "$@"
