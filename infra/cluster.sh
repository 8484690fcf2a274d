#!/usr/bin/env bash
# A whole cluster on this machine as plain processes: PostgreSQL, three silos, HAProxy before them.
# usage: infra/cluster.sh up|down|status
#
# up starts what is not running and returns when all silos serve; down stops everything and keeps the data; status
# says what runs, and returns 0 if all of it does. CLUSTER_DATA (./cluster-data beside the sources) holds data and
# logs, CLUSTER_PORT (22133) is where memcache clients connect; the ports of the parts count up from it. CLUSTER_SILOS
# (3) is how many silos there are, 1 to 3.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
data=${CLUSTER_DATA:-$root/cluster-data}
port=${CLUSTER_PORT:-22133}
silos=(1 2 3)
silos=("${silos[@]:0:${CLUSTER_SILOS:-3}}")
server=$root/artifacts/bin/Siberite.Server/release/siberite.dll
ctl=$root/artifacts/bin/Siberite.Ctl/release/siberitectl.dll
pg_port=$((port + 40))
connection="Host=127.0.0.1;Port=$pg_port;Database=siberite;Username=siberite"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

memcache_of() { echo "127.0.0.1:$((port + 10 + $1))"; }
admin_of() { echo "127.0.0.1:$((port + 20 + $1))"; }
silo_port_of() { echo $((port + 30 + $1)); }

fail() { echo "cluster.sh: $*" >&2; exit 1; }
pid_of() { cat "$data/run/$1.pid" 2>/dev/null || true; }

# A number in a file may be another program's by now: ours has the data directory in its arguments.
is_running() {
  local pid; pid=$(pid_of "$1")
  [ -n "$pid" ] && { tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF "$data/"; } 2>/dev/null
}

listens() { (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
is_ready() { curl -fsS -o /dev/null --max-time 5 "http://$(admin_of "$1")/readyz" 2>/dev/null; }

# run NAME COMMAND...: starts it in the background with a log and a pid file of its own.
run() {
  local name=$1; shift
  is_running "$name" && return
  setsid "$@" >>"$data/log/$name.log" 2>&1 </dev/null &
  echo $! >"$data/run/$name.pid"
}

wait_for() {
  local what=$1 seconds=$2 name=$3; shift 3
  for ((i = 0; i < seconds * 5; i++)); do
    "$@" && return
    # By its number alone: a child that has not become its program yet has other arguments.
    kill -0 "$(pid_of "$name")" 2>/dev/null ||
      fail "$what: $name ended; the last of $data/log/$name.log: $(tail -n 1 "$data/log/$name.log")"
    sleep 0.2
  done
  fail "$what: not within $seconds s; see $data/log/$name.log"
}

# PostgreSQL refuses to run as root, and asks for a directory it may be in.
as_postgres=(env -C /)
[ "$(id -u)" -ne 0 ] || as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups env -C /)

find_tools() {
  pg_bin=$(find /usr/lib/postgresql/*/bin /usr/bin -maxdepth 1 -name initdb 2>/dev/null | sort -V | tail -n 1)
  [ -n "$pg_bin" ] || fail "PostgreSQL is not installed (Debian: apt-get install postgresql)"
  pg_bin=$(dirname "$pg_bin")
  haproxy=$(PATH=$PATH:/usr/sbin command -v haproxy) || fail "HAProxy is not installed (apt-get install haproxy)"
  command -v curl >/dev/null || fail "curl is not installed (apt-get install curl)"
}

build() {
  [ -f "$server" ] && [ -f "$ctl" ] && return
  command -v dotnet >/dev/null || fail "the .NET 10 SDK is not installed"
  echo "building the server and siberitectl ..."
  dotnet build -c Release -v quiet "$root/src/Siberite.Server/Siberite.Server.csproj" >"$data/log/build.log" &&
    dotnet build -c Release -v quiet "$root/src/Siberite.Ctl/Siberite.Ctl.csproj" >>"$data/log/build.log" ||
    fail "the build failed; see $data/log/build.log"
}

start_postgres() {
  mkdir -p "$data/postgres"
  chmod 711 "$data" # Its user may go through, and not look around.
  if [ "$(id -u)" -eq 0 ]; then
    chown postgres "$data/postgres"
    "${as_postgres[@]}" test -w "$data/postgres" ||
      fail "user postgres cannot reach $data; set CLUSTER_DATA to another place"
  fi
  chmod 700 "$data/postgres"
  if [ ! -f "$data/postgres/PG_VERSION" ]; then
    "${as_postgres[@]}" "$pg_bin/initdb" -D "$data/postgres" -U siberite -A trust -E UTF8 --no-locale \
      >"$data/log/initdb.log" ||
      fail "PostgreSQL could not make its directory; see $data/log/initdb.log"
  fi
  run postgres "${as_postgres[@]}" "$pg_bin/postgres" -D "$data/postgres" -p "$pg_port" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories= -c shared_buffers=32MB
  wait_for "starting PostgreSQL" 60 postgres "$pg_bin/pg_isready" -q -h 127.0.0.1 -p "$pg_port"
  "$pg_bin/psql" -h 127.0.0.1 -p "$pg_port" -U siberite -d postgres -AtqXc \
    "SELECT 1 FROM pg_database WHERE datname = 'siberite'" | grep -q 1 ||
    "$pg_bin/createdb" -h 127.0.0.1 -p "$pg_port" -U siberite siberite
}

start_silo() {
  Siberite__Cluster__ConnectionString=$connection run "silo$1" dotnet "$server" \
    --Siberite:Cluster:Mode=Cluster -name "silo$1" -silo-port "$(silo_port_of "$1")" -data "$data/silo$1" \
    -listen "$(memcache_of "$1")" -admin "$(admin_of "$1")"
}

start_haproxy() {
  local n variables=("SIBERITE_BIND=127.0.0.1:$port")
  for n in 1 2 3; do
    variables+=("SILO$n=$(memcache_of "$n")" "SILO${n}_ADMIN=$((port + 20 + n))")
  done
  cp "$root/infra/haproxy/haproxy.cfg" "$data/run/haproxy.cfg"
  run haproxy env "${variables[@]}" "$haproxy" -db -f "$data/run/haproxy.cfg"
  wait_for "starting HAProxy" 20 haproxy listens
}

up() {
  find_tools
  mkdir -p "$data/run" "$data/log"
  build
  start_postgres
  dotnet "$ctl" cluster init --connection "$connection" >"$data/log/init.log" 2>&1 ||
    fail "siberitectl cluster init: $(tail -n 1 "$data/log/init.log")"
  local n
  for n in "${silos[@]}"; do start_silo "$n"; done
  # After a crash of all, a silo first waits until the runs before it are given up.
  for n in "${silos[@]}"; do wait_for "starting silo $n" 180 "silo$n" is_ready "$n"; done
  start_haproxy
  status
}

stop() {
  local name=$1 signal=$2 pid i
  is_running "$name" || { rm -f "$data/run/$name.pid"; return 0; }
  pid=$(pid_of "$name")
  kill "-$signal" "$pid"
  for ((i = 0; i < 450; i++)); do
    is_running "$name" || { rm -f "$data/run/$name.pid"; return 0; }
    sleep 0.2
  done
  fail "$name ($pid) did not stop within 90 s; see $data/log/$name.log"
}

down() {
  local n
  stop haproxy TERM
  for n in "${silos[@]}"; do stop "silo$n" TERM; done
  stop postgres INT # A fast shutdown: clients are thrown out, everything is written.
  echo "stopped; data is kept in $data"
}

status() {
  local n all=0 word
  if is_running postgres; then word="running ($(pid_of postgres))"; else word=down; all=3; fi
  printf '%-9s %-16s %s\n' postgres "127.0.0.1:$pg_port" "$word"
  for n in "${silos[@]}"; do
    if ! is_running "silo$n"; then word=down; all=3
    elif is_ready "$n"; then word="ready ($(pid_of "silo$n")), pages on http://$(admin_of "$n")/"
    else word="not ready ($(pid_of "silo$n"))"; all=3; fi
    printf '%-9s %-16s %s\n' "silo$n" "$(memcache_of "$n")" "$word"
  done
  if is_running haproxy; then word="running ($(pid_of haproxy)): connect here"; else word=down; all=3; fi
  printf '%-9s %-16s %s\n' haproxy "127.0.0.1:$port" "$word"
  return $all
}

case "${1:-}" in
  up | down | status) "$1" ;;
  *) sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2 ;;
esac
