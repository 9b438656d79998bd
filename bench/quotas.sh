#!/usr/bin/env bash
# Quotas over 15-minute means of twelve short traces: our policies with DynamoDB's limit on decreases,
# then with three a day, beside the same forecasts with decreases taken as they come, target tracking
# and the optimum within the same limits.
# bench/quotas.sh [FOLDER]     default ../shared/traces; half an hour on one core
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${TIDEWRIGHT_BIN_DIR:-build/release/bin}
folder=${1:-../shared/traces}
[ -x "$bin/tidectl" ] || { echo "quotas: $bin/tidectl is not built" >&2; exit 1; }
[ -d "$folder" ] || { echo "quotas: there is no folder $folder: nothing was measured" >&2; exit 1; }
names=(crane__input3 crane__input8 crane__input12 crane__input14 msftmon__ingress-03
  msftmon__machine-01 msftmon__mongo-01 msftmon__mongo-02 msftmon__mongo-04
  nab__ec2_cpu_utilization_77c1ca nab__ec2_network_in_5abac7 nab__elb_request_count_8c0756)
means=build/quotas/means
rm -rf "$means" && mkdir -p "$means"
for name in "${names[@]}"; do
  python3 - "$folder/$name.csv" > "$means/$name.csv" <<'PYTHON'
import csv, datetime, sys
def seconds(text):
    try:
        return float(text)
    except ValueError:
        time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        return time.replace(tzinfo=datetime.timezone.utc).timestamp()
cells = {}
for row in list(csv.reader(open(sys.argv[1])))[1:]:
    cells.setdefault(int(seconds(row[0]) // 900), []).append(float(row[1]))
whole = [cell for cell, values in cells.items() if len(values) == 3]
print("timestamp,value")
for cell in range(min(whole), max(whole) + 1):
    print(f"{cell * 900},{sum(cells[cell]) / len(cells[cell]):.9g}")
PYTHON
done
run() { nice -n 5 "$bin/tidectl" replay --quota --trace "$means" --optimum --jobs 1 "$@"; }
run --policy bench/quota_policy_economy.yaml --policy bench/quota_policy.yaml --baselines \
  --summary build/quotas/dynamodb.json
run --policy bench/quota_policy_three.yaml --baselines --summary build/quotas/three.json
