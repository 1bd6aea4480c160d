#!/usr/bin/env bash
# Draws every icon from icons/chasm.svg. Needed only when the drawing changes: the PNGs are in the repository.
# Needs librsvg2-bin, optipng and imagemagick (Debian's names).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

source=icons/chasm.svg
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tool in rsvg-convert:librsvg2-bin optipng:optipng convert:imagemagick; do
  command -v "${tool%%:*}" >/dev/null || { echo "icons: ${tool%%:*} is missing: apt-get install ${tool#*:}" >&2; exit 1; }
done

# draw SIZE FILE CSS: the CSS says which group is seen, and in which ink
draw() {
  printf '%s' "$3" >"$work/style.css"
  rsvg-convert --width "$1" --height "$1" --stylesheet "$work/style.css" --output "$2" "$source"
  # kept as 8-bit RGBA, which is what the program reads
  optipng -quiet -o5 -strip all -nb -nc -np "$2"
}

app() { draw "$1" "$2" ''; }

# A state in its colours for light and for dark panels (docs: the states of the UI).
state() {
  local size
  for size in 16 22 24 32 48 64; do
    draw "$size" "icons/tray/$1-light-$size.png" "#app { display: none !important } #$1 { display: inline !important; fill: $2 !important }"
    draw "$size" "icons/tray/$1-dark-$size.png" "#app { display: none !important } #$1 { display: inline !important; fill: $3 !important }"
  done
}

# A number as four bytes, the highest first.
be32() {
  local hex
  hex=$(printf '%08x' "$1")
  printf '%b' "\\x${hex:0:2}\\x${hex:2:2}\\x${hex:4:2}\\x${hex:6:2}"
}

# macOS: a list of PNGs, each under the four letters of its size.
icns() {
  local entry file
  for entry in ic07:128 ic08:256 ic09:512 ic10:1024; do
    file=$work/app-${entry#*:}.png
    printf '%s' "${entry%%:*}"
    be32 $(($(stat -c %s "$file") + 8))
    cat "$file"
  done >"$work/entries"
  printf 'icns'
  be32 $(($(stat -c %s "$work/entries") + 8))
  cat "$work/entries"
}

mkdir -p icons/tray
for size in 16 24 32 48 64 128 256 512 1024; do
  app "$size" "$work/app-$size.png"
done
cp "$work/app-32.png" icons/32x32.png
cp "$work/app-64.png" icons/64x64.png
cp "$work/app-128.png" icons/128x128.png
cp "$work/app-256.png" icons/128x128@2x.png
cp "$work/app-512.png" icons/icon.png
icns >icons/icon.icns
convert "$work"/app-{16,24,32,48,64,256}.png icons/icon.ico

state recording '#0f7b5f' '#3ecf9f'
state idle '#57606a' '#c3cad2'
state paused '#57606a' '#c3cad2'
state attention '#9a5b00' '#e3a13a'
state error '#b3261e' '#ff7b72'
