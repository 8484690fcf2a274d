#!/usr/bin/env bash
# Measures whether queues that nobody touches slow those that are used: a server with nothing else beside one with
# idle queues, cursors and items for the sweep to look after. Prints a table; see infra/docs/measurements.md.
# usage: infra/bench/laden.sh [rounds, 5] [seconds, 3] [idle queues, 1000] [cursors, 100]
#
# Both run all the time and are loaded in turns, first the one and then the other, so that what the machine does at a
# moment strikes both. What counts is the ratio, and of that the processor time: others do not take part in it.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
server=$root/artifacts/bin/Siberite.Server/release/siberite.dll
ctl=$root/artifacts/bin/Siberite.Ctl/release/siberitectl.dll
rounds=${1:-5}
seconds=${2:-3}
queues=${3:-1000}
cursors=${4:-100}
port=${BENCH_PORT:-24300}
loads=("1 4" "64 1") # Commands under way for a connection, and how many times the seconds.
work=$(mktemp -d)
declare -A pid=() at=([plain]=$port [laden]=$((port + 2)))

stop_all() {
  for name in "${!pid[@]}"; do kill "${pid[$name]}" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap stop_all EXIT
trap 'exit 130' INT TERM

start() { # <name> [further arguments]
  local name=$1; shift
  dotnet "$server" -listen "127.0.0.1:${at[$name]}" -admin "127.0.0.1:$((${at[$name]} + 1))" -data "$work/$name" \
    -durability os "$@" >"$work/$name.log" 2>&1 &
  pid[$name]=$!
  for _ in {1..300}; do
    if (: <"/dev/tcp/127.0.0.1/${at[$name]}") 2>/dev/null; then return; fi
    sleep 0.1
  done
  echo "laden: $name does not come up: $(tail -n 3 "$work/$name.log")" >&2; exit 1
}

# Five items in every queue, and cursors that have read one of them.
fill() {
  local i j line
  exec 3<>"/dev/tcp/127.0.0.1/${at[laden]}"
  for ((i = 0; i < queues; i++)); do
    for j in {1..5}; do printf 'set idle%d 0 0 5 noreply\r\nitem%d\r\n' "$i" "$j"; done
  done >&3
  for ((i = 0; i < cursors; i++)); do printf 'get idle%d.reader\r\n' "$((i % queues))"; done >&3
  printf 'version\r\n' >&3
  until [[ ${line:-} == VERSION* ]]; do
    read -r line <&3
    [[ $line != *ERROR* ]] || { echo "laden: $line" >&2; exit 1; }
  done
  exec 3>&-
}

ticks() { awk '{ print $14 + $15 }' "/proc/${pid[$1]}/stat"; }
resident() { awk '/^VmRSS/ { printf "%d", $2 / 1024 }' "/proc/${pid[$1]}/status"; }
field() { sed -n "s/^  \"$1\": \([0-9.]*\),*$/\1/p" "$work/report.json"; }

# Prints items a second, and microseconds of the server's processor time for an item.
measure() { # <name> <commands under way> <times the seconds>
  local before; before=$(ticks "$1")
  dotnet "$ctl" bench --target "127.0.0.1:${at[$1]}" --pattern mixed --connections 50 --pipeline "$2" --size 64 \
    --queues 10 --duration "$((seconds * $3))s" --warm-up 0s --json "$work/report.json" >"$work/bench.txt" 2>&1 ||
    { cat "$work/bench.txt" >&2; exit 1; }
  awk -v hits="$(field hits)" -v time="$(field seconds)" -v cpu="$(($(ticks "$1") - before))" \
    -v hertz="$(getconf CLK_TCK)" 'BEGIN { print hits / time, cpu / hertz / hits * 1000000 }'
}

median() {
  sort -n | awk '{ all[NR] = $1 } END { printf "%.2f", (all[int((NR + 1) / 2)] + all[int(NR / 2) + 1]) / 2 }'
}

start plain
start laden --Siberite:Queues:idle*:MaxAge=1.00:00:00
fill
for under in 1 64 1 64; do
  for name in plain laden; do measure "$name" "$under" 1 >"$work/warm-up"; done
done

for ((round = 1; round <= rounds; round++)); do
  for load in "${loads[@]}"; do
    for name in plain laden; do
      # shellcheck disable=SC2086 # A load is two words.
      measure "$name" $load >>"$work/${load%% *}.$name"
    done
  done
done

echo "| Commands under way, each of 50 | Items/s, laden to plain | CPU for an item, laden to plain | plain |"
echo "|---|---|---|---|"
for load in "${loads[@]}"; do
  under=${load%% *}
  paste "$work/$under.plain" "$work/$under.laden" >"$work/both"
  echo "| $under | $(awk '{ print $3 / $1 }' "$work/both" | median) | $(awk '{ print $4 / $2 }' "$work/both" |
    median) | $(awk '{ print $2 }' "$work/both" | median) µs |"
done
echo
echo "Resident: plain $(resident plain) MB, laden $(resident laden) MB, with $queues idle queues and $cursors cursors."
declare -A idle=()
for name in plain laden; do idle[$name]=$(ticks "$name"); done
sleep 20
echo "Hundredths of a second of CPU in 20 s of idleness: plain $(($(ticks plain) - idle[plain]))," \
  "laden $(($(ticks laden) - idle[laden]))."
