#!/bin/sh
# Starts one server of the cluster in compose.yaml: nats.conf takes names and passwords from the environment, which come from files.
set -eu
for file in /run/secrets/nats-*; do
  user=$(basename "$file" | sed 's/^nats-//' | tr '[:lower:]' '[:upper:]')
  export "PARLEY_NATS_${user}_PASSWORD=$(cat "$file")"
done
route="nats://route:$PARLEY_NATS_ROUTE_PASSWORD@"
PARLEY_NATS_SERVER_NAME=$(hostname)
PARLEY_NATS_ROUTES="['${route}nats-1:6222', '${route}nats-2:6222', '${route}nats-3:6222']"
export PARLEY_NATS_SERVER_NAME PARLEY_NATS_ROUTES
exec nats-server -c /etc/nats/nats.conf
