#!/usr/bin/env bash
# Builds every fuzz target and runs each for so many seconds: `scripts/fuzz.sh SECONDS`. See fuzz/README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=$1
target=$(realpath -m "${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/chasm-recorder/target}")
export CARGO_TARGET_DIR=$target-fuzz
cd fuzz

targets=$(cargo fuzz list --fuzz-dir .)
[ -n "$targets" ] || { echo "there is no fuzz target" >&2; exit 1; }
cargo fuzz build --fuzz-dir . --sanitizer none
for name in $targets; do
  echo "== $name, $seconds s"
  # A single input of this length that takes 20 s is a finding.
  cargo fuzz run --fuzz-dir . --sanitizer none "$name" -- \
    -max_total_time="$seconds" -max_len=4096 -timeout=20 -print_final_stats=1
done
