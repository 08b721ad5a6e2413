#!/bin/sh
# Joins the Ray cluster that AUTODISTILL_RAY_ADDRESS names, as a node without slots, and drives jobs on it.
set -eu
if [ "${AUTODISTILL_RAY_ADDRESS:-local}" != local ]; then
  ray start --address="$AUTODISTILL_RAY_ADDRESS" --num-cpus=0 --num-gpus=0
fi
exec python -m workers
