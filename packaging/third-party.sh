#!/usr/bin/env bash
# Prints the licence notices of all crates that are built into the programs, each text once, under the names of those it is for;
# then those of the web page's packages, as its build has written them down.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

sources=("${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/)
declare -A users=() file_of=()
order=() silent=()

# name version licence
crates() {
  cargo tree --quiet -p chasm-recorder -p chasm-cli --edges normal --prefix none --format '{p}|{l}' |
    sed -n 's/^\([^ ]*\) v\([^ |]*\)\( (proc-macro)\)\?|\([^(]*\)$/\1 \2 \4/p' | sort -u
}

notices() {
  local folder
  for folder in "${sources[@]}"; do
    find "$folder$1-$2" -maxdepth 1 -type f \
      \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'notice*' -o -iname 'copyright*' -o -iname 'unlicense*' \) 2>/dev/null
  done | sort
}

while read -r name version licence; do
  files=$(notices "$name" "$version")
  [ -n "$files" ] || silent+=("$name $version ($licence)")
  while read -r sum file; do
    [ -n "$sum" ] || continue
    [ -n "${file_of[$sum]:-}" ] || { file_of[$sum]=$file; order+=("$sum"); }
    users[$sum]+="$name $version ($licence)"$'\n'
  done < <([ -z "$files" ] || xargs -d '\n' sha256sum <<<"$files")
done < <(crates)

[ ${#order[@]} -gt 0 ] || { echo "third-party: no notices found below ${sources[*]}" >&2; exit 1; }
rule=$(printf '=%.0s' {1..78})
for sum in "${order[@]}"; do
  printf '%s\n%s%s\n\n' "$rule" "${users[$sum]}" "$rule"
  cat "${file_of[$sum]}"
  echo
done
[ ${#silent[@]} -eq 0 ] || {
  printf '%s\nWithout a text of their own in what they publish:\n' "$rule"
  printf '%s\n' "${silent[@]}"
}

page=ui/dist/.vite/license.md
[ -f "$page" ] || { echo "third-party: $page is not there: build the web page with \`make page\`" >&2; exit 1; }
printf '%s\nThe web page:\n%s\n\n' "$rule" "$rule"
cat "$page"
