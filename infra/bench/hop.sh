#!/usr/bin/env bash
# What a request costs that is answered by another silo than the one it was sent to, and how cost grows with silos.
# usage: infra/bench/hop.sh [--rounds 5] [--pipelined 400000] [--single 20000] [--rate 3000] [--seconds 5] [--help]
#
# Three clusters of plain processes on the loopback address, of one, two and three silos, each with a PostgreSQL and
# an HAProxy of its own (infra/cluster.sh). Silos run on HOP_SILO_CPUS (all but the first), everything else on
# HOP_LOAD_CPUS (the first). The cost is the CPU time of all silos of a cluster, from /proc/<pid>/stat, by request.
# Each round sets and then gets all items through their home, and through a silo that is not (--pipelined requests, 64
# under way on each connection; --single ones, one under way); then it asks each cluster, through its HAProxy, so many
# times a second whatever it does (--rate, for --seconds). 48 connections, 10 queues, items of 64 bytes, durability os.
#
# A table of medians goes to standard output. Returns 1 if a pipelined request through another silo costs more than
# HOP_LIMIT (3) times one through the home. HOP_PORT (25000) and the 150 ports after it are used.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
ctl=$root/artifacts/bin/Siberite.Ctl/release/siberitectl.dll
port=${HOP_PORT:-25000}
limit=${HOP_LIMIT:-3}
last=$(($(nproc --all) - 1))
silo_cpus=${HOP_SILO_CPUS:-$([ "$last" -gt 0 ] && echo "1-$last" || echo 0)}
load_cpus=${HOP_LOAD_CPUS:-0}
connections=48
rounds=5
pipelined=400000
single=20000
rate=3000
seconds=5
sizes=(1 2 3)
work=

say() { echo "hop: $*" >&2; }
usage() { sed -n '3s/^# //p' "$0"; }

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h) usage; exit 0 ;;
      --rounds) rounds=${2:-} ;;
      --pipelined) pipelined=${2:-} ;;
      --single) single=${2:-} ;;
      --rate) rate=${2:-} ;;
      --seconds) seconds=${2:-} ;;
      *) usage >&2; exit 2 ;;
    esac
    [[ ${2:-} =~ ^[1-9][0-9]{0,7}$ ]] || { say "$1 must be a whole number above 0"; exit 2; }
    shift 2
  done
}

# Each cluster has fifty ports of its own; see infra/cluster.sh for what they are.
port_of() { echo $((port + 50 * ($1 - 1))); }
silo_of() { echo "127.0.0.1:$(($(port_of "$1") + 10 + $2))"; }
admin_of() { echo "127.0.0.1:$(($(port_of "$1") + 20 + $2))"; }
pid_of() { cat "$work/$1/run/$2.pid"; }

cluster() { # <size> <verb>
  CLUSTER_DATA=$work/$1 CLUSTER_PORT=$(port_of "$1") CLUSTER_SILOS=$1 Siberite__Storage__Durability=Os \
    taskset -c "$silo_cpus" "$root/infra/cluster.sh" "$2" >"$work/cluster$1.log" 2>&1 ||
    { say "a cluster of $1 did not go $2: $(tail -n 1 "$work/cluster$1.log")"; return 1; }
}

stop_all() {
  local size
  for size in "${sizes[@]}"; do [ ! -d "$work/$size" ] || cluster "$size" down || true; done
  rm -rf "$work"
}

# Clock ticks that all silos of a cluster have used. The name in the second field may have blanks in it.
ticks_of() {
  local silo
  for silo in $(seq "$1"); do sed 's/.*) //' "/proc/$(pid_of "$1" "silo$silo")/stat"; done |
    awk '{ ticks += $12 + $13 } END { print ticks }'
}

bench() { # <target> <prefix> <more options...>
  local target=$1 prefix=$2; shift 2
  taskset -c "$load_cpus" dotnet "$ctl" bench --target "$target" --prefix "$prefix" --connections "$connections" \
    --json "$work/report.json" "$@" >"$work/report.txt" 2>&1 || { tail -n 3 "$work/report.txt" >&2; return 1; }
}

# Whole number of what the last report says.
field() { sed -n "s/^  \"$1\": \([0-9]*\)[0-9.]*,*$/\1/p" "$work/report.json"; }

# measure <row> <size> <target> <prefix> <bench options...>: adds the microseconds of CPU that a request took.
measure() {
  local row=$1 size=$2 target=$3 prefix=$4 before after; shift 4
  before=$(ticks_of "$size")
  bench "$target" "$prefix" "$@"
  after=$(ticks_of "$size")
  awk -v ticks="$((after - before))" -v hertz="$(getconf CLK_TCK)" -v requests="$(field requests)" -v row="$row" \
    'BEGIN { if (requests + 0 <= 0) exit 1; printf "%s\t%.3f\n", row, ticks / hertz * 1e6 / requests }' \
    | tee -a "$work/rounds.tsv" >&2
}

# The queues of the hop have their home on silo 1: the others give away what they have while they are made.
make_queues() {
  local silo
  for silo in 2 3; do dotnet "$ctl" silo drain "silo$silo" --admin "$(admin_of 3 "$silo")" >"$work/drain.txt"; done
  bench "$(silo_of 3 1)" hop --pattern mixed --requests 2000
  bench "$(silo_of 3 2)" hop --pattern mixed --requests 2000
  for silo in 2 3; do
    dotnet "$ctl" silo drain "silo$silo" --stop --admin "$(admin_of 3 "$silo")" >"$work/drain.txt"
  done
}

# Code is compiled for good once it has run for a while, and for each side of a hop.
warm_up() {
  local size silo pipeline
  for size in "${sizes[@]}"; do
    for silo in $(seq "$size"); do
      for pipeline in 64 1; do
        bench "$(silo_of "$size" "$silo")" spread --pattern mixed --pipeline "$pipeline" \
          --requests $((pipeline == 1 ? single : pipelined))
      done
    done
  done
}

hop() { # <load> <pipeline> <requests>
  local way pattern silo
  for way in home other; do
    silo=1; [ "$way" = home ] || silo=2
    for pattern in set get; do
      measure "$1 $pattern $way" 3 "$(silo_of 3 "$silo")" hop --pattern "$pattern" --pipeline "$2" --requests "$3"
    done
  done
}

grow() {
  local size
  for size in "${sizes[@]}"; do
    measure "growth $size" "$size" "127.0.0.1:$(port_of "$size")" spread --pattern mixed --rate "$rate" \
      --duration "${seconds}s"
  done
}

median() { awk -F '\t' -v row="$1" '$1 == row { print $2 }' "$work/rounds.tsv" | sort -n | awk '{ values[NR] = $1 }
  END { middle = int((NR + 1) / 2); print (values[middle] + values[NR + 1 - middle]) / 2 }'; }

# 0 if the load was too short to be measured.
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f", b > 0 ? a / b : 0 }'; }

report() {
  local load pattern home other size one worst=0
  one=$(median 'growth 1')
  printf '| Load | Through the home | Through another silo: that one and the home | As a multiple |\n'
  printf '|---|---|---|---|\n'
  for load in pipelined single; do
    for pattern in set get; do
      home=$(median "$load $pattern home") other=$(median "$load $pattern other")
      printf '| %ss, %s | %.1f µs | %.1f µs | %s |\n' "$pattern" \
        "$([ "$load" = single ] && echo 'one at a time' || echo '64 pipelined')" "$home" "$other" \
        "$(ratio "$other" "$home")"
      [ "$load" = single ] || worst=$(printf '%s\n' "$worst" "$(ratio "$other" "$home")" | sort -g | tail -n 1)
    done
  done
  printf '\n| Silos, at %s requests/s | CPU of all silos by request | As a multiple of one silo |\n' "$rate"
  printf '|---|---|---|\n'
  for size in "${sizes[@]}"; do
    printf '| %s | %.1f µs | %s |\n' "$size" "$(median "growth $size")" "$(ratio "$(median "growth $size")" "$one")"
  done
  awk -v worst="$worst" -v limit="$limit" 'BEGIN { exit worst > limit }' ||
    { say "a pipelined request costs $worst times as much through another silo; it may be $limit"; return 1; }
}

main() {
  read_options "$@"
  [ -f "$ctl" ] || { say "build first: dotnet build Siberite.Orleans.sln -c Release"; exit 1; }
  work=$(mktemp -d)
  chmod 711 "$work" # PostgreSQL has a user of its own, who goes through it.
  trap stop_all EXIT
  trap 'exit 130' INT TERM
  local size round part
  for size in "${sizes[@]}"; do
    say "starting a cluster of $size"
    cluster "$size" up
    for part in postgres haproxy; do taskset -apc "$load_cpus" "$(pid_of "$size" "$part")" >"$work/pin.txt"; done
  done
  say "warming up"
  make_queues
  warm_up
  for round in $(seq "$rounds"); do
    say "round $round, µs of CPU by request"
    hop pipelined 64 "$pipelined"
    hop single 1 "$single"
    grow
  done
  report
}

main "$@"
