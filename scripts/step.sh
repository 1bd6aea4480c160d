#!/usr/bin/env bash
# Runs one step of `make test`: `scripts/step.sh NAME COMMAND…`. One line where it goes well; its log, and a line that names it,
# where it does not. Logs are kept in the cache folder.
set -uo pipefail

name=$1
shift
logs=${XDG_CACHE_HOME:-$HOME/.cache}/chasm-recorder/logs
mkdir -p "$logs"
log=$logs/$name.log

SECONDS=0
"$@" >"$log" 2>&1 </dev/null
code=$?
if [ "$code" -eq 0 ]; then
  printf 'ok      %-9s %4d s\n' "$name" "$SECONDS"
  exit 0
fi
printf -- '---- %s, the end of %s\n' "$name" "$log"
tail -n 300 "$log"
printf 'FAILED  %-9s %4d s   (%s: exit %d)\n' "$name" "$SECONDS" "$*" "$code"
exit "$code"
