#!/usr/bin/env bash
# Measures this server and other queues side by side on this machine, and writes a page with a table and plots.
# usage: infra/bench/compare.sh [--peers a,b,c] [--rounds 5] [--seconds 3] [--warm-up 1] [--out dir] [--list] [--help]
#
# Every peer is started once, with a temporary directory and on the loopback address; then each round loads one after
# the other, so that what the machine does at a moment strikes all alike. A peer that is not installed is left out with
# a line. Everything is stopped and deleted at the end, also after Ctrl-C. --list names the peers and says which can
# run here; --out is infra/docs/benchmarks unless given; BENCH_PORT (24200) and the ports after it are used.
#
# On Debian:  apt-get install --no-install-recommends memcached beanstalkd redis-server nats-server rabbitmq-server
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
server=$root/artifacts/bin/Siberite.Server/release/siberite.dll
ctl=$root/artifacts/bin/Siberite.Ctl/release/siberitectl.dll
drivers=$root/artifacts/bin/Siberite.Benchmarks/release/Siberite.Benchmarks.dll
rabbit=/usr/lib/rabbitmq/bin
port=${BENCH_PORT:-24200}
all=(memcached siberite-os siberite-always siberite-reliable beanstalkd beanstalkd-always redis-always
  redis-everysec nats rabbitmq)
size=64
connections=50

rounds=5
seconds=3
warm_up=1
out=$root/infra/docs/benchmarks
peers=("${all[@]}")

say() { echo "compare: $*" >&2; }
usage() { sed -n '2,3s/^# //p' "$0"; }

# The program a peer needs; empty for those built here.
program() {
  case $1 in
    siberite-*) ;;
    redis-*) echo redis-server ;;
    beanstalkd*) echo beanstalkd ;;
    rabbitmq) echo "$rabbit/rabbitmq-server" ;;
    nats) echo nats-server ;;
    *) echo "$1" ;;
  esac
}

is_here() { local name; name=$(program "$1"); [ -z "$name" ] || command -v "$name" >/dev/null; }

list() {
  local peer
  for peer in "${all[@]}"; do
    if is_here "$peer"; then echo "$peer"; else echo "$peer (not installed: $(program "$peer"))"; fi
  done
}

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --peers) IFS=, read -r -a peers <<<"${2:?}"; shift ;;
      --rounds) rounds=${2:?}; shift ;;
      --seconds) seconds=${2:?}; shift ;;
      --warm-up) warm_up=${2:?}; shift ;;
      --out) out=${2:?}; shift ;;
      --list) list; exit 0 ;;
      --help | -h) usage; exit 0 ;;
      *) usage >&2; exit 2 ;;
    esac
    shift
  done
  local peer
  for peer in "${peers[@]}"; do
    [[ " ${all[*]} " == *" $peer "* ]] || { say "there is no peer '$peer'; --list names them"; exit 2; }
  done
  [[ $rounds =~ ^[1-9][0-9]?$ ]] || { say "--rounds must be 1 to 99"; exit 2; }
  [[ $seconds =~ ^[0-9]{1,3}(\.[0-9]+)?$ && $warm_up =~ ^[0-9]{1,3}(\.[0-9]+)?$ ]] ||
    { say "--seconds and --warm-up must be seconds below 1000"; exit 2; }
}

started=()
work=
stop_all() {
  local pid
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do
    for _ in {1..100}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null || true
  done
  [ -z "$work" ] || rm -rf "$work"
}

# launch <peer> <command...>: in the background, its output in a file of its own.
launch() {
  local peer=$1; shift
  "$@" >"$work/$peer.log" 2>&1 &
  started+=($!)
}

is_open() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Returns when somebody listens.
await() {
  for _ in {1..300}; do is_open "$2" && return; sleep 0.1; done
  say "$1 does not come up:"; tail -n 5 "$work/$1.log" >&2; exit 1
}

# Every peer has two ports of its own.
port_of() {
  local index
  for index in "${!all[@]}"; do
    if [ "${all[$index]}" = "$1" ]; then echo $((port + 2 * index)); fi
  done
}

start_siberite() { # <peer> <durability>
  launch "$1" dotnet "$server" -listen "127.0.0.1:$(port_of "$1")" -admin "127.0.0.1:$(($(port_of "$1") + 1))" \
    -data "$work/$1" -durability "$2"
}

start_redis() { # <peer> <appendfsync>
  launch "$1" redis-server --bind 127.0.0.1 --port "$(port_of "$1")" --dir "$work/$1" --save "" --appendonly yes \
    --appendfsync "$2"
}

start_rabbitmq() {
  local own; own=$(port_of rabbitmq)
  export ERL_EPMD_PORT=$((port + 40)) ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_DIST_PORT=$((own + 1)) \
    RABBITMQ_NODENAME=compare@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$own \
    RABBITMQ_MNESIA_BASE=$work/rabbitmq RABBITMQ_LOG_BASE=$work/rabbitmq RABBITMQ_HOME=/usr/lib/rabbitmq \
    RABBITMQ_ENABLED_PLUGINS_FILE=$work/rabbitmq/plugins RABBITMQ_CONF_ENV_FILE=$work/rabbitmq/none \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
  launch epmd epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1
  HOME=$work/rabbitmq launch rabbitmq "$rabbit/rabbitmq-server"
}

start() {
  local own; own=$(port_of "$1")
  if is_open "$own"; then say "port $own is in use; set BENCH_PORT"; exit 1; fi
  mkdir -p "$work/$1"
  case $1 in
    memcached) launch "$1" memcached -u nobody -l 127.0.0.1 -p "$own" -t 2 -m 512 -c 2048 ;;
    siberite-os) start_siberite "$1" os ;;
    siberite-*) start_siberite "$1" always ;;
    beanstalkd) launch "$1" beanstalkd -l 127.0.0.1 -p "$own" -b "$work/$1" ;;
    beanstalkd-always) launch "$1" beanstalkd -l 127.0.0.1 -p "$own" -b "$work/$1" -f 0 ;;
    redis-*) start_redis "$1" "${1#redis-}" ;;
    nats) launch "$1" nats-server -a 127.0.0.1 -p "$own" -js -sd "$work/$1" ;;
    rabbitmq) start_rabbitmq ;;
  esac
  await "$1" "$own"
}

# Whole number of what a JSON report says, without its fraction.
field() { sed -n "s/^  \"$2\": \([0-9]*\)[0-9.]*,*$/\1/p" "$1"; }

bench() { # <peer> <pipeline> <pattern>: hits are items that went in and out
  dotnet "$ctl" bench --target "127.0.0.1:$(port_of "$1")" --pattern "$3" --connections "$connections" \
    --pipeline "$2" --size "$size" --queues 10 --duration "${seconds}s" --warm-up "${warm_up}s" \
    --json "$work/report.json" >"$work/report.txt" 2>&1 || { cat "$work/report.txt" >&2; return 1; }
  awk -v hits="$(field "$work/report.json" hits)" \
    -v seconds="$(sed -n 's/^  "seconds": \([0-9.]*\),*$/\1/p' "$work/report.json")" \
    'BEGIN { printf "%d\n", hits / seconds }'
}

redis_rate() { # <peer> <pipeline> <count> <command...>
  local peer=$1 pipeline=$2 count=$3; shift 3
  redis-benchmark -p "$(port_of "$peer")" -c "$connections" -P "$pipeline" -n "$count" -r 10 --csv "$@" |
    sed -n '2s/^"[^"]*","\([0-9.]*\)".*/\1/p'
}

# Pushes and pops apart, as redis-benchmark can; their harmonic sum is what goes in and out.
redis_items() { # <peer> <pipeline>
  local payload push pop count
  payload=$(printf 'x%.0s' $(seq "$size"))
  push=$(redis_rate "$1" "$2" 20000 LPUSH queue:__rand_int__ "$payload")
  count=$(awk -v rate="$push" -v time="$seconds" 'BEGIN { printf "%d\n", 1000 + rate * time / 2 }')
  push=$(redis_rate "$1" "$2" "$count" LPUSH queue:__rand_int__ "$payload")
  pop=$(redis_rate "$1" "$2" "$count" RPOP queue:__rand_int__)
  redis-cli -p "$(port_of "$1")" flushall >/dev/null
  awk -v push="$push" -v pop="$pop" 'BEGIN { printf "%d\n", 1 / (1 / push + 1 / pop) }'
}

measure() { # <peer> <pipeline>
  case $1 in
    siberite-reliable) bench "$1" "$2" reliable ;;
    memcached | siberite-*) bench "$1" "$2" mixed ;;
    redis-*) redis_items "$1" "$2" ;;
    *) dotnet "$drivers" peer "${1%-always}" --port "$(port_of "$1")" --connections "$connections" --pipeline "$2" \
        --size "$size" --warm-up "$warm_up" --seconds "$seconds" ;;
  esac
}

fact() { printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$@" >>"$work/facts.tsv"; }

describe() {
  local version none='nothing' commit driver
  commit=$(git -C "$root" rev-parse --short HEAD 2>/dev/null || echo "no commit")
  case $1 in
    memcached) version=$(memcached -V | tr -dc '0-9.') driver='siberitectl bench --pattern mixed' ;;
    siberite-*) version="commit $commit" driver='siberitectl bench --pattern mixed' ;;
    beanstalkd*) version=$(beanstalkd -v | tr -dc '0-9.') driver='Siberite.Benchmarks peer beanstalkd' ;;
    redis-*) version=$(redis-server --version | sed 's/.*v=\([0-9.]*\).*/\1/')
      driver='redis-benchmark LPUSH, then RPOP' ;;
    nats) version=$(nats-server -v | tr -dc '0-9.') driver='Siberite.Benchmarks peer nats (NATS.Net)' ;;
    rabbitmq) version=$(dpkg-query -W -f '${Version}' rabbitmq-server 2>/dev/null | sed 's/-.*//')
      driver='Siberite.Benchmarks peer rabbitmq (RabbitMQ.Client)' ;;
  esac
  case $1 in
    memcached) fact "$1" 'memcached, a cache' "$version" 'everything' 'memcached -t 2 -m 512' "$driver" ;;
    siberite-os) fact "$1" 'Siberite.Orleans, os' "$version" 'up to 30 s' 'siberite -durability os' "$driver" ;;
    siberite-always) fact "$1" 'Siberite.Orleans' "$version" "$none" 'siberite -durability always' "$driver" ;;
    siberite-reliable) fact "$1" 'Siberite.Orleans, close/open' "$version" "$none" 'siberite -durability always' \
      'siberitectl bench --pattern reliable' ;;
    beanstalkd) fact "$1" 'beanstalkd, 50 ms' "$version" 'up to 50 ms' 'beanstalkd -b dir' "$driver" ;;
    beanstalkd-always) fact "$1" 'beanstalkd, always' "$version" "$none" 'beanstalkd -b dir -f 0' "$driver" ;;
    redis-always) fact "$1" 'Redis lists, always' "$version" "$none" \
      'redis-server --appendonly yes --appendfsync always' "$driver" ;;
    redis-everysec) fact "$1" 'Redis lists, everysec' "$version" 'up to 2 s' \
      'redis-server --appendonly yes --appendfsync everysec' "$driver" ;;
    nats) fact "$1" 'NATS JetStream' "$version" 'up to 2 min' 'nats-server -js' "$driver" ;;
    rabbitmq) fact "$1" 'RabbitMQ quorum queues' "$version" "$none" 'rabbitmq-server' "$driver" ;;
  esac
}

machine() {
  local memory system
  memory=$(awk '/^MemTotal/ { printf "%d", $2 / 1048576 + 0.5 }' /proc/meminfo)
  system=$(sed -n 's/^PRETTY_NAME="\(.*\)"$/\1/p' /etc/os-release)
  echo "$(nproc) cores and $memory GiB shared by peer and load driver, Linux $(uname -r | cut -d. -f1-2), $system"
}

main() {
  read_options "$@"
  local here=() peer round pipeline load items
  for peer in "${peers[@]}"; do
    if is_here "$peer"; then here+=("$peer"); else say "$peer is left out: $(program "$peer") is not installed"; fi
  done
  [ ${#here[@]} -gt 0 ] || { say "there is nothing to measure"; exit 1; }
  local file
  for file in "$server" "$ctl" "$drivers"; do
    [ -f "$file" ] || { say "build first: dotnet build Siberite.Orleans.sln -c Release"; exit 1; }
  done

  work=$(mktemp -d)
  trap stop_all EXIT
  trap 'exit 130' INT TERM
  for peer in "${here[@]}"; do
    say "starting $peer"
    start "$peer"
    describe "$peer"
  done

  for round in $(seq "$rounds"); do
    for peer in "${here[@]}"; do
      for pipeline in 1 64; do
        load="$connections connections"
        [ "$pipeline" = 1 ] || load="$connections connections x $pipeline pipelined"
        if items=$(measure "$peer" "$pipeline" 2>"$work/driver.log"); then
          say "round $round, $peer, $load: $items items/s"
          printf '%s\t%s\t%s\n' "$peer" "$load" "$items" >>"$work/rounds.tsv"
        else
          say "round $round, $peer, $load: no figure: $(tail -n 3 "$work/driver.log")"
        fi
      done
    done
  done

  dotnet "$drivers" compare "$work/facts.tsv" "$work/rounds.tsv" "$(machine)" \
    "$rounds alternating rounds of $seconds s each after $warm_up s of warm-up" "$out"
  say "wrote $out/comparison.md"
}

main "$@"
