#!/usr/bin/env bash
# Installs what the tests need on Debian, builds, and runs every test. The last line sums them up.
# usage: infra/test.sh [--fast]      --fast leaves out the slow tests (crashes, clusters, browsers, clients)
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

packages=(postgresql haproxy procps python3-pylibmc python3-pymemcache libmemcached-tools chromium chromium-driver
  e2fsprogs netcat-openbsd iproute2 nftables)
command -v npm >/dev/null || packages+=(nodejs npm)
installed=$(dpkg-query -W -f '${db:Status-Status}\n' "${packages[@]}" 2>/dev/null | grep -cx installed || true)
if [ "$installed" -ne "${#packages[@]}" ]; then
  root=(); [ "$(id -u)" -eq 0 ] || root=(sudo)
  "${root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

dotnet build Siberite.Orleans.sln -c Release -v quiet
dotnet format Siberite.Orleans.sln --no-restore --verify-no-changes

filter=()
[ "${1:-}" = --fast ] && filter=(--filter-not-trait Category=Slow)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
dotnet test --solution Siberite.Orleans.sln -c Release --no-build --max-parallel-test-modules 1 --no-progress \
  "${filter[@]}" 2>&1 | tee "$log" || status=$?
count() { sed -n "s/^ *$1: \([0-9]*\)$/\1/p" "$log" | tail -n 1; }
echo "$(count succeeded) passed, $(count failed) failed, $(count skipped) skipped"
exit "$status"
