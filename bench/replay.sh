#!/usr/bin/env bash
# Both policies, every baseline and the optima over a folder of traces, beside reference figures.
# bench/replay.sh [--subset] [--baselines-only] [FOLDER] [tidectl replay's own options]
#   FOLDER             default ../shared/traces; of an INDEX.tsv its five-minute traces are taken
#   --subset           a fixed selection of short traces, in minutes
#   --baselines-only   leaves our policies out
# The summary stays in build/replay/summary.json.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${TIDEWRIGHT_BIN_DIR:-build/release/bin}
folder=../shared/traces
subset=no
policies=(--policy bench/replay_policy.yaml --policy bench/replay_policy_economy.yaml)
while [ $# -gt 0 ]; do
  case $1 in
    --subset) subset=yes ;;
    --baselines-only) policies=(--policy none) ;;
    -*) break ;;
    *) folder=$1 ;;
  esac
  shift
done
[ -x "$bin/tidectl" ] || { echo "replay: $bin/tidectl is not built" >&2; exit 1; }
[ -d "$folder" ] || { echo "replay: there is no folder $folder: nothing was measured" >&2; exit 1; }
if [ "$subset" = yes ]; then
  names=(crane__input3 crane__input8 crane__input12 crane__input14 msftmon__ingress-03
    msftmon__machine-01 msftmon__mongo-01 msftmon__mongo-04 nab__ec2_cpu_utilization_77c1ca
    nab__ec2_network_in_5abac7 nab__elb_request_count_8c0756)
elif [ -e "$folder/INDEX.tsv" ]; then
  mapfile -t names < <(awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; ++i) column[$i] = i; next }
    $column["step_s"] == 300 { sub(/\.csv$/, "", $column["file"]); print $column["file"] }' \
    "$folder/INDEX.tsv")
else
  mapfile -t names < <(cd "$folder" && ls ./*.csv | sed 's|^\./||; s|\.csv$||')
fi
traces=()
for name in "${names[@]}"; do
  [ -e "$folder/$name.csv" ] && traces+=(--trace "$folder/$name.csv")
done
[ ${#traces[@]} -gt 0 ] || { echo "replay: $folder holds none of the traces" >&2; exit 1; }
mkdir -p build/replay
"$bin/tidectl" replay "${traces[@]}" "${policies[@]}" --baselines --optimum \
  --summary build/replay/summary.json "$@"
[ "$subset" = yes ] || python3 bench/replay_reference.py build/replay/summary.json
