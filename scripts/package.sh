#!/usr/bin/env bash
# Builds the Debian package, and prints its path on the last line.
#   scripts/package.sh                  from release binaries
#   scripts/package.sh --debug          from debug binaries; quick, and big
#   scripts/package.sh --from FOLDER    from the binaries that lie there already
#   scripts/package.sh … --to FOLDER    the package goes there [default: bundle/deb beside the binaries]
# By hand and not by Tauri's bundler: the recorder needs nothing of GTK and WebKit, so that they are recommended, not needed; and a
# second program, manual pages, completions and a clean removal belong to it. Output goes to the cache folder, never to the checkout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
umask 022

programs=(chasm chasm-recorder chasm-recorder-tray chasm-recorder-shell)
target=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/chasm-recorder/target}
profile=release
from=
to=

die() { printf 'package: %s\n' "$*" >&2; exit 1; }

have() { command -v "$1" >/dev/null 2>&1 || die "$1 is not here: it is in Debian's package $2"; }

# The workspace is built as a whole for debugging, as the tests do it, so that nothing is built twice.
build() {
  case $profile in
    debug) CARGO_TARGET_DIR=$target cargo build --workspace --bins ;;
    *) CARGO_TARGET_DIR=$target cargo build --release -p chasm-recorder -p chasm-cli --bins ;;
  esac
}

# filled TEMPLATE NAME=VALUE…: the template's text with each @NAME@ replaced.
filled() {
  local text pair
  text=$(<"$1")
  shift
  for pair in "$@"; do
    text=${text//"@${pair%%=*}@"/"${pair#*=}"}
  done
  printf '%s\n' "$text"
}

put() { install -D -m 644 "$1" "$root/$2"; }

# Everything that is installed.
lay_out() {
  local name size folder man=$work/man
  for name in "${programs[@]}"; do
    install -D -m 755 "$from/$name" "$root/usr/bin/$name"
    strip --strip-unneeded "$root/usr/bin/$name"
  done
  put packaging/chasm-recorder.desktop usr/share/applications/chasm-recorder.desktop
  for size in 32x32:32x32 64x64:64x64 128x128:128x128 128x128@2x:256x256 icon:512x512; do
    put "icons/${size%:*}.png" "usr/share/icons/hicolor/${size#*:}/apps/chasm-recorder.png"
  done
  put icons/chasm.svg usr/share/icons/hicolor/scalable/apps/chasm-recorder.svg

  mkdir "$man"
  "$from/chasm" man --out "$man"
  filled packaging/chasm-recorder.1 "VERSION=$version" >"$man/chasm-recorder.1"
  cp packaging/chasm-recorder-tray.1 packaging/chasm-recorder-shell.1 "$man"
  gzip -9n "$man"/*
  for name in "$man"/*; do
    put "$name" "usr/share/man/man1/${name##*/}"
  done

  for name in bash:bash-completion/completions/chasm zsh:zsh/vendor-completions/_chasm \
    fish:fish/vendor_completions.d/chasm.fish; do
    "$from/chasm" completions "${name%%:*}" >"$work/completions"
    put "$work/completions" "usr/share/${name#*:}"
  done
  papers
}

papers() {
  local folder=usr/share/doc/chasm-recorder
  # the licence, as the format wants it: a space before each line, a dot in empty ones
  filled packaging/deb/copyright "MIT=$(sed -e 1,4d -e 's/^$/./' -e 's/^/ /' LICENSE-MIT)" >"$work/copyright"
  gzip -9nc CHANGELOG.md >"$work/changelog"
  gzip -9nc <<<"chasm-recorder ($version) unstable; urgency=medium

  * What is new is in changelog.gz.

 -- ${maintainer}  $(LC_ALL=C date --utc --date="@$SOURCE_DATE_EPOCH" --rfc-email)" >"$work/debian"
  packaging/third-party.sh | gzip -9n >"$work/third-party"
  put "$work/copyright" "$folder/copyright"
  put "$work/changelog" "$folder/changelog.gz"
  put "$work/debian" "$folder/changelog.Debian.gz"
  put "$work/third-party" "$folder/THIRD-PARTY.gz"
}

# What the programs are linked against: what records is needed, what draws is recommended.
libraries() {
  local bin=$root/usr/bin
  mkdir -p "$work/debian-stub/debian"
  printf 'Source: chasm-recorder\n\nPackage: chasm-recorder\nArchitecture: any\n' >"$work/debian-stub/debian/control"
  (cd "$work/debian-stub" && dpkg-shlibdeps -O -dDepends "$bin/chasm" "$bin/chasm-recorder" \
    -dRecommends "$bin/chasm-recorder-tray" "$bin/chasm-recorder-shell" 2>"$work/shlibdeps.log") || { cat "$work/shlibdeps.log" >&2; exit 1; }
}

control() {
  local found depends recommends
  found=$(libraries)
  depends=$(sed -n 's/^shlibs:Depends=//p' <<<"$found")
  recommends=$(sed -n 's/^shlibs:Recommends=//p' <<<"$found")
  if [ -z "$depends" ] || [ -z "$recommends" ]; then
    die "what the programs are linked against cannot be found out: $found"
  fi
  # the promise of ADR 5
  [[ $depends != *webkit* && $depends != *gtk* ]] || die "the recorder is linked against what draws: $depends"
  mkdir "$root/DEBIAN"
  filled packaging/deb/control "VERSION=$version" "ARCHITECTURE=$architecture" "MAINTAINER=$maintainer" \
    "SIZE=$(du -sk --apparent-size "$root/usr" | cut -f1)" "DEPENDS=$depends" "RECOMMENDS=$recommends" >"$root/DEBIAN/control"
  install -m 755 packaging/deb/prerm "$root/DEBIAN/prerm"
  (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
}

main() {
  while [ $# -gt 0 ]; do
    case $1 in
      --debug) profile=debug ;;
      --from | --to)
        [ $# -ge 2 ] || die "$1 needs a folder"
        printf -v "${1#--}" %s "$2"
        shift
        ;;
      *)
        sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
    esac
    shift
  done
  have dpkg-deb dpkg
  have dpkg-shlibdeps dpkg-dev
  have strip binutils
  if [ -z "$from" ]; then
    build
    from=$target/$profile
  fi
  from=$(realpath "$from")
  to=${to:-$from/bundle/deb}

  version=$(cargo pkgid -p chasm-recorder)
  version=${version##*[#@]}-1
  [ "$profile" != debug ] || version=$version~debug
  architecture=$(dpkg --print-architecture)
  maintainer='The Chasm Recorder contributors <chasm-recorder@localhost>'
  # one commit gives the same package, byte by byte
  export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  root=$work/root

  lay_out
  control
  mkdir -p "$to"
  package=$to/chasm-recorder_${version}_$architecture.deb
  compression=(-Zxz)
  [ "$profile" != debug ] || compression=(-Zgzip -z1)
  dpkg-deb --root-owner-group "${compression[@]}" --build "$root" "$package" >/dev/null
  printf '%s\n' "$package"
}

main "$@"; exit
