#!/usr/bin/env bash
# What the controller costs while nothing happens: three idle masters, default intervals.
# bench/idle.sh [SECONDS]        prints cpu (share of a core) and memory (RSS)
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-120}
bin=${TIDEWRIGHT_BIN_DIR:-build/release/bin}
place=$(mktemp -d)
pids=()
stop() {
  kill "${pids[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$place"
}
trap stop EXIT
ports=(17411 17412 17413)
for port in "${ports[@]}"; do
  mkdir "$place/$port"
  redis-server --port "$port" --bind 127.0.0.1 --cluster-enabled yes --dir "$place/$port" --save "" \
    >"$place/$port/log" 2>&1 &
  pids+=($!)
done
for port in "${ports[@]}"; do
  until redis-cli -p "$port" ping >/dev/null 2>&1; do sleep 0.1; done
done
redis-cli --cluster create "${ports[@]/#/127.0.0.1:}" --cluster-yes >/dev/null
cat >"$place/tidewright.yaml" <<YAML
cluster: idle
data_dir: $place/data
grpc: {listen: "127.0.0.1:17420"}
metrics: {listen: "127.0.0.1:17421"}
redis: {seeds: ["127.0.0.1:17411"]}
policy: {shard_capacity: {requests: 50000}}
YAML
"$bin/tidewright" --config "$place/tidewright.yaml" 2>"$place/log" &
daemon=$!
pids+=("$daemon")
sleep 10
ticks() { awk '{print $14 + $15}' "/proc/$daemon/stat"; }
before=$(ticks)
sleep "$seconds"
after=$(ticks)
awk -v t="$((after - before))" -v hz="$(getconf CLK_TCK)" -v s="$seconds" \
  'BEGIN { printf "cpu: %.2f %% of a core over %d s\n", 100 * t / hz / s, s }'
awk '/VmRSS/ { printf "memory: %.1f MB resident\n", $2 / 1024 }' "/proc/$daemon/status"
