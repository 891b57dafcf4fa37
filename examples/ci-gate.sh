#!/bin/sh
# Before a pipeline pulls: go on only if enough pulls remain, wait a while if not.
#
#   ci-gate.sh NEED [[--] COMMAND...]  WAIT=10m           the longest wait
#                                      IMAGE=…            the image to ask for
#                                      ON_UNKNOWN=fail    pass: a registry that cannot be asked stops nobody
#
# With COMMAND it runs that behind the open gate, passes its exit code on and says how many pulls it
# used. Without, its own exit code is the answer: 0 go on, 1 too few pulls, else see dhlimit man.
set -eu

need=${1:?how many pulls does the pipeline need? ci-gate.sh NEED [[--] COMMAND...]}
shift
[ "${1-}" != -- ] || shift
[ $# -eq 0 ] || set -- -- "$@"

code=0
dhlimit gate --need "$need" --wait="${WAIT:-10m}" --on-unknown "${ON_UNKNOWN:-fail}" \
    "${IMAGE:-ratelimitpreview/test:latest}" "$@" || code=$?
if [ $# -eq 0 ]; then
    case $code in
    1) echo 'ci-gate: closed; whose pulls are they? dhlimit check --all-identities' >&2 ;;
    4) echo 'ci-gate: credentials refused, or no access to the image; is the login of this job in place?' >&2 ;;
    esac
fi
exit "$code"
