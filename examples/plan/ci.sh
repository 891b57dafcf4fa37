#!/bin/sh
# A pipeline with a matrix: 60 runs a day, 12 jobs each, on runners without the images, 6 images a job,
# all on one account. Does it fit, how many jobs and runs would, and for how many pulls must the gate ask?
#
# usage: examples/plan/ci.sh
# needs: dhlimit, jq
set -eu

plan=$(dhlimit plan --runs-per-day 60 --jobs 12 --images 6 --strategy account -o json) || [ $? = 1 ]
printf '%s\n' "$plan" | jq -r '.strategies[0] | "\(.pulls) pulls a day, \(.refused) refused: \(if .fits then "it fits" else "it does not fit" end)"'
printf '%s\n' "$plan" | jq -r '.solved[] | "most \(if .what == "runs" then "runs a day" else "jobs of a run" end): \(.strategies[0].value)"'
# With as many jobs as that, the first step of each is a gate that asks for its pulls.
jobs=$(printf '%s\n' "$plan" | jq '.solved[] | select(.what == "concurrency").strategies[0].value')
dhlimit plan --runs-per-day 60 --jobs "$jobs" --images 6 --strategy account -o json |
    jq -r --arg jobs "$jobs" '.strategies[0] | "with \($jobs) jobs: \(.pulls) pulls a day, \(.refused) refused, dhlimit gate --need \(.gate_need)"'
