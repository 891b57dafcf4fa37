#!/bin/sh
# A cluster that sleeps at night: in the morning 40 empty nodes come at once and pull 25 images each, four
# seconds a pull, as their kubelets let them (5 pulls a second, 10 at once). What is the cheapest way?
#
# usage: examples/plan/morning.sh
# needs: dhlimit
set -eu

# It ends with 1 where nothing fits.
dhlimit plan --nodes 40 --images 25 --pull-time 4s --kubelet-qps 5 --kubelet-burst 10
