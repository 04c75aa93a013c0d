#!/bin/sh
# Makes the secrets of compose.yaml that are missing, each at random, in secrets/ beside it; those that exist stay as they are.
# Whoever may enter that folder may read them: containers run as users of their own, and find them one by one.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
sed -n 's|.*file: \(secrets/[a-z-]*\).*|\1|p' compose.yaml | while read -r file; do
  [ -s "$file" ] && continue
  # A letter first: NATS takes what begins with a digit for a number.
  printf 'p%s' "$(head -c 64 /dev/urandom | base64 | tr -dc 'A-Za-z0-9' | cut -c 1-48 | head -n 1)" >"$file"
  chmod 444 "$file"
  echo "made $file"
done
