#!/bin/sh
# Entry of the image. The first argument is a service (api, ingest, …) or a command of parley (deploy, log, …).
# exec: node takes over this process, so that it is the one that gets SIGTERM.
set -eu
root=$(dirname "$0")/..

if [ -n "${1-}" ] && [ -f "$root/services/$1/dist/main.js" ]; then
  script=$root/services/$1/dist/main.js
  shift
else
  [ "${1-}" = parley ] && shift
  script=$root/cli/dist/parley.js
fi
exec node --enable-source-maps "$script" "$@"
