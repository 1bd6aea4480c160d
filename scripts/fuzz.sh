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

# The fixtures of the editors' readers, each in all places that the target knows (its first byte).
seeds=$CARGO_TARGET_DIR/seeds/editors
rm -rf "$seeds" && mkdir -p "$seeds"
find ../crates/editors/tests/fixtures -type f -size -4k -print0 | while IFS= read -r -d '' file; do
  for place in {0..13}; do
    { printf '%b' "\\x$(printf %02x "$place")"; cat "$file"; } >"$seeds/$(cksum <<<"$file" | cut -d' ' -f1)-$place"
  done
done

for name in $targets; do
  echo "== $name, $seconds s"
  # Finds go to the first folder; what is in the second one is read too.
  corpora=(corpus/"$name")
  mkdir -p "${corpora[0]}"
  [ ! -d "$CARGO_TARGET_DIR/seeds/$name" ] || corpora+=("$CARGO_TARGET_DIR/seeds/$name")
  # A single input of this length that takes 20 s is a finding.
  cargo fuzz run --fuzz-dir . --sanitizer none "$name" "${corpora[@]}" -- \
    -max_total_time="$seconds" -max_len=4096 -timeout=20 -print_final_stats=1
done
