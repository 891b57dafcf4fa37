#!/bin/sh
# The course from the first pull to a cache, in one command and on this machine alone: Docker Hub is a
# sandbox, the private registry asks for ECR's login, the cache is Distribution.
#
# usage: examples/course/run.sh
# needs: dhlimit, a running containerd with nerdctl, docker-registry, htpasswd, curl. Where AWS_ENDPOINT_URL
# names a stand-in of AWS, the password of the private registry is asked of it, by aws.
set -eu

image=library/nginx:1.27
work=$(mktemp -d)
pids=''
clean() {
    for pid in $pids; do kill "$pid" 2> /dev/null || true; done
    wait
    rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM

step() { printf '\n== %s\n' "$*"; }

# Starts a program whose output goes to $work/NAME, and waits until a word stands there.
start() {
    name=$1 word=$2
    shift 2
    "$@" > "$work/$name" 2>&1 &
    pids="$pids $!"
    for _ in $(seq 200); do
        if grep -q "$word" "$work/$name"; then return 0; fi
        sleep 0.1
    done
    cat "$work/$name" >&2
    exit 1
}

# A registry of the distribution project with further lines in its configuration; its host is in $host.
registry() {
    name=$1
    mkdir -p "$work/$name.d"
    {
        printf 'version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: %s/%s.d\n' "$work" "$name"
        printf 'http:\n  addr: 127.0.0.1:0\n  secret: of-the-course\n'
        cat
    } > "$work/$name.yml"
    start "$name" 'listening on' docker-registry serve "$work/$name.yml"
    host=$(sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$work/$name")
}

step '1. Docker Hub, with six pulls an hour'
start sandbox 'http://' dhlimit sandbox --listen 127.0.0.1:0 --limit 6
hub=$(sed -n 's,^http://,,p' "$work/sandbox" | head -n 1)
hub=${hub%/}
export DHLIMIT_REGISTRY_URL="http://$hub" DHLIMIT_AUTH_URL="http://$hub"
dhlimit check "$image" -o plain

step '2. Pulled by nerdctl until the 429'
dhlimit stress "$hub/$image" --runtime nerdctl --yes -o table

step '3. A private registry: log in, name the image anew, push'
if [ -n "${AWS_ENDPOINT_URL:-}" ]; then
    password() { aws ecr get-login-password --region "${AWS_REGION:-eu-central-1}"; }
else
    password() { echo a-password-for-twelve-hours; }
fi
password | htpasswd -niB AWS > "$work/users"
registry private << CONFIG
auth:
  htpasswd:
    realm: private
    path: $work/users
CONFIG
private=$host
password | nerdctl login --username AWS --password-stdin "$private"
curl -sSf -X POST -H 'content-type: application/json' -d '{"identity":"127.0.0.1","remaining":6}' "http://$hub/_sandbox/set" > "$work/set"
echo 'an hour later'
nerdctl pull -q "$hub/$image"
nerdctl tag "$hub/$image" "$private/team/nginx:1.27"
nerdctl push -q "$private/team/nginx:1.27"
nerdctl rmi "$hub/$image" "$private/team/nginx:1.27"

step '4. Pulled from there ten times: no 429'
dhlimit stress "$private/team/nginx:1.27" --runtime nerdctl --count 10 --yes -o table

step '5. The same for a list of images, in one command that leaves pulls for others'
dhlimit mirror copy redis:7 "$private/team" --tool nerdctl --floor 1

step '6. A cache instead of copies: the first pull costs one, the next nothing'
registry cache << CONFIG
proxy:
  remoteurl: http://$hub
CONFIG
cache=$host
dhlimit mirror verify busybox:1 --through "$cache"
dhlimit stress "$cache/library/busybox:1" --runtime nerdctl --count 10 --yes -o table
dhlimit mirror verify busybox:1 --through "$cache"

step '7. What is left at Docker Hub'
dhlimit check "$image" -o plain
