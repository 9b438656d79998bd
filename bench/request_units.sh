#!/bin/bash
# Measures what each command costs a redis-server in main-thread CPU, protocol and system calls
# included, relative to a small GET: the weights in stores/redis/request_units.cc.
#
#   bench/request_units.sh [CALLS] [ROUNDS]     prints "command  weight  usec_main_thread  usec_exec"
#
# Values are 64 bytes, collections hold 64 small elements, 50 connections, no pipelining. The cheapest
# round counts: noise only ever adds cost.
set -euo pipefail
calls=${1:-6000}
rounds=${2:-15}
directory=$(mktemp -d)
port=$((20000 + RANDOM % 20000))
redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$directory" \
  --logfile "$directory/log" --daemonize no &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; rm -rf "$directory"' EXIT
cli() { redis-cli -p "$port" "$@"; }
until cli ping >/dev/null 2>&1; do sleep 0.05; done

value=$(head -c 64 /dev/zero | tr '\0' x)
fill() {
  cli flushall >/dev/null
  redis-benchmark -p "$port" -q -n 20000 -r 10000 -P 20 set "s:__rand_int__" "$value" >/dev/null
  for type in "hset h: f" "rpush l:" "sadd t:" "zadd z: 1"; do
    read -r command prefix extra <<<"$type"
    for i in $(seq 64); do
      case $command in
        hset) echo "hset $prefix f$i v$i" ;;
        zadd) echo "zadd $prefix $i m$i" ;;
        *) echo "$command $prefix e$i" ;;
      esac
    done | cli --pipe >/dev/null
  done
}
main_thread_usec() {
  cli info cpu | tr -d '\r' | awk -F: '/main_thread/ { s += $2 } END { printf "%d", s * 1e6 }'
}
# measure COMMAND WORDS… -> "cpu_usec exec_usec" for one call
measure() {
  cli config resetstat >/dev/null
  local before after
  before=$(main_thread_usec)
  redis-benchmark -p "$port" -q -n "$calls" -r 10000 -c 50 "$@" >/dev/null
  after=$(main_thread_usec)
  local exec_usec
  exec_usec=$(cli info commandstats | tr -d '\r' | awk -F'[=,]' -v c="cmdstat_${1,,}:calls" '$1 == c { print $6 }')
  awk -v d=$((after - before)) -v n="$calls" -v e="${exec_usec:-0}" 'BEGIN { print d / n, e }'
}

s='s:__rand_int__'
commands=(
  "get $s"
  "set $s $value" "setex $s 1000 $value" "psetex $s 1000000 $value" "setnx $s v" "getset $s $value"
  "getdel $s" "getex $s" "append a:__rand_int__ x" "strlen $s" "getrange $s 0 9" "setrange $s 0 xy"
  "incr n:__rand_int__" "decr n:__rand_int__" "incrby n:__rand_int__ 3" "decrby n:__rand_int__ 3"
  "incrbyfloat f:__rand_int__ 1.5" "exists $s" "type $s" "ttl $s" "pttl $s" "expire $s 1000"
  "pexpire $s 1000000" "expireat $s 4000000000" "persist $s" "del $s" "unlink $s" "touch $s"
  "getbit $s 7" "setbit b:__rand_int__ 7 1"
  "hget h: f7" "hset h: f7 v" "hsetnx h: f7 v" "hdel h: none" "hexists h: f7" "hincrby hn: f 1" "hlen h:" "hstrlen h: f7"
  "lpush q:__rand_int__ v" "rpush q:__rand_int__ v" "lpop q:__rand_int__" "rpop q:__rand_int__" "llen l:"
  "lindex l: 3" "lset l: 3 v" "lmove l: l: left right" "rpoplpush l: l:"
  "lrem l: 1 none" "sadd t: e7" "srem t: none" "sismember t: e7" "scard t:" "spop t2:" "srandmember t:"
  "zadd z: 1 m7" "zrem z: none" "zscore z: m7" "zincrby z: 1 m7" "zcard z:" "zrank z: m7" "zcount z: 1 9" "zpopmin z2:"
  "xadd x: maxlen 64 * f v" "xlen x:" "pfadd p: v" "publish c v" "ping" "dbsize"
)
declare -A cost exec_time  # the least of the rounds so far, by command
keep_least() {
  local -n least=$1
  [[ -v least[$2] ]] && awk -v a="${least[$2]}" -v b="$3" 'BEGIN { exit !(a <= b) }' || least[$2]=$3
}
# Round after round, so that a noisy minute spoils one round of many commands, not all of one.
for _ in $(seq "$rounds"); do
  fill
  for line in "${commands[@]}"; do
    read -r -a words <<<"$line"
    read -r usec exec_usec <<<"$(measure "${words[@]}")"
    keep_least cost "${words[0]}" "$usec"
    keep_least exec_time "${words[0]}" "$exec_usec"
    case ${words[0]} in del | unlink | getdel) fill ;; esac
  done
done
echo "# $(redis-server --version | cut -d' ' -f1-3); $calls calls, $rounds rounds"
echo "# command  weight  usec_main_thread  usec_exec"
for line in "${commands[@]}"; do
  name=${line%% *}
  awk -v n="$name" -v c="${cost[$name]}" -v g="${cost[get]}" -v e="${exec_time[$name]}" \
    'BEGIN { printf "%-12s %6.2f %6.2f %6.2f\n", n, c / g, c, e }'
done
