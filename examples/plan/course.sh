#!/bin/sh
# The question that the course ends with: what do more nodes do? With a public address each, they help
# anonymous pulls: every node has a count of its own. On one account they hurt: all share one count.
# Twenty images a node, the limits of Docker Hub's newest policy.
#
# usage: examples/plan/course.sh
# needs: dhlimit, jq
set -eu

printf 'nodes  an address each    behind one address  on one account\n'
for nodes in 1 2 5 6 10 11 20 50 100; do
    # It ends with 1 where nothing fits, which is an answer here.
    plan=$(dhlimit plan --nodes "$nodes" --images 20 --strategy address-per-node,one-address,account -o json) || [ $? = 1 ]
    printf '%s\n' "$plan" | jq -r --arg nodes "$nodes" '
        def how: if .fits then "fits"
                 elif .done_at_seconds == null then "\(.nodes_done) of \($nodes) run"
                 else "after \(.done_at_seconds) s" end;
        def wide(n): . + " " * (n - length);
        [$nodes | wide(5)] + [.strategies[] | how | wide(17)] | join("  ") | sub(" +$"; "")'
done
