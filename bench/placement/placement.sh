#!/usr/bin/env bash
# Placement in one run: small cases beside CBC, slots, and the shared snapshot when it is there.
# bench/placement/placement.sh [--cbc SECONDS]     how long CBC may try the snapshot, default not at all
# Needs Debian's coinor-cbc, which nothing else here uses: installed by apt-get when it is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
cbc=0
[ "${1:-}" != --cbc ] || cbc=$2
if ! command -v cbc >/dev/null; then
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends coinor-cbc >/dev/null
fi
[ -d build/release ] || cmake --preset release >/dev/null
cmake --build --preset release --target placement_bench >/dev/null
bench=build/release/bin/placement_bench
nice -n 10 "$bench" small
nice -n 10 "$bench" slots
snapshot=${TIDEWRIGHT_SHARED:-../shared}/placement/bytedance_medium.json
if [ -e "$snapshot" ]; then
  nice -n 10 "$bench" snapshot "$snapshot" --cbc "$cbc"
else
  echo "snapshot: left out, there is no $snapshot"
fi
