#!/usr/bin/env bash
# Plays the cluster's faults at length, with the membership profiles Fast and Default, and measures how long queues are
# unavailable. The same tests run, shorter and with Fast alone, in infra/test.sh.
# usage: infra/campaign.sh [test filters]      such as --filter-method "*paused*"
#
# CAMPAIGN_PROFILES ("Fast Default") are the profiles, SIBERITE_CAMPAIGN_JOINS (200) is how many silos join.
# SIBERITE_CAMPAIGN_TABLE (artifacts/unavailability.md) gets the rows of infra/docs/unavailability.md added. Needs root
# for the partitions: they are made in network namespaces of the tests' own.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 SIBERITE_CAMPAIGN=1
export SIBERITE_CAMPAIGN_TABLE=${SIBERITE_CAMPAIGN_TABLE:-$PWD/artifacts/unavailability.md}

dotnet build tests/Siberite.Truth.Tests -c Release -v quiet
status=0
for profile in ${CAMPAIGN_PROFILES:-Fast Default}; do
  echo "profile $profile"
  SIBERITE_CAMPAIGN_PROFILE=$profile dotnet test --project tests/Siberite.Truth.Tests -c Release --no-build \
    --no-progress "$@" || status=$?
done
echo "the table is in $SIBERITE_CAMPAIGN_TABLE"
exit "$status"
