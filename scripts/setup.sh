#!/usr/bin/env bash
# Installs what a make target needs and this machine lacks. Says nothing where nothing is missing.
#   scripts/setup.sh build    to build and run: a C compiler, Rust, WebKitGTK for the window
#   scripts/setup.sh test     to test: cargo-deny, cargo-nextest, cargo-fuzz, schemathesis, and a desktop without a screen
#   scripts/setup.sh page     to build the web page: Node.js with npm
#   scripts/setup.sh deny | nextest | fuzz     one of these alone
#   scripts/setup.sh bench    what is measured beside the recorder: Redis
# Nothing goes into the checkout. Distribution packages are asked for by name, everything else goes to the cache folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/chasm-recorder
tools=$cache/tools
venv=${CHASM_VENV:-$cache/venv}
PATH=$PATH:$tools/bin
missing=()

say() { printf 'setup: %s\n' "$*" >&2; }

have() { command -v "$1" >/dev/null 2>&1; }

# The distribution package that brings a program, where it is not there.
want() {
  have "$1" || missing+=("$2")
}

install_packages() {
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! have apt-get; then
    say "please install: ${missing[*]} (named as in Debian)"
    return 1
  fi
  local root=(env DEBIAN_FRONTEND=noninteractive)
  [ "$(id -u)" = 0 ] || root=(sudo "${root[@]}")
  say "installing ${missing[*]}"
  "${root[@]}" apt-get -o DPkg::Lock::Timeout=300 -qq update
  "${root[@]}" apt-get -o DPkg::Lock::Timeout=300 -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
  missing=()
}

need_rust() {
  have cargo && return
  say "cargo is not here: install Rust with rustup; rust-toolchain.toml names the version"
  return 1
}

want_python() {
  python3 -c 'import venv, ensurepip' >/dev/null 2>&1 || missing+=(python3-venv)
}

make_venv() {
  "$venv/bin/python3" -m pip --version >/dev/null 2>&1 && return
  python3 -m venv --clear "$venv"
}

pip() { "$venv/bin/python3" -m pip --quiet --disable-pip-version-check "$@"; }

# The packages of requirements.txt, whose text is kept beside them to know them by.
python_packages() {
  local stamp=$venv/requirements.txt
  if [ ! -x "$venv/bin/schemathesis" ] || ! cmp -s scripts/requirements.txt "$stamp"; then
    make_venv
    say "installing schemathesis"
    pip install --requirement scripts/requirements.txt
    cp scripts/requirements.txt "$stamp"
  fi
  mkdir -p "$tools/bin"
  ln -sf "$venv/bin/schemathesis" "$tools/bin/schemathesis"
}

runs() { cargo "${1#cargo-}" --version >/dev/null 2>&1; }

# A cargo tool: the machine's own, else a wheel, else built here.
cargo_tool() {
  runs "$1" && return
  say "installing $1"
  wheel "$1" && return
  local version
  version=$(sed -n "s/^astral-dev-toolchain-$1==\([^ ]*\).*/\1/p" scripts/tools.txt)
  say "no wheel of $1 $version runs here: building it, which takes minutes"
  env -u CARGO_TARGET_DIR cargo install --quiet --locked --root "$tools" --version "$version" "$1"
}

wheel() {
  local pin=$tools/$1.txt
  mkdir -p "$tools/bin"
  have python3 && make_venv || return 1
  grep "^astral-dev-toolchain-$1==" scripts/tools.txt >"$pin"
  pip install --no-deps --only-binary :all: --require-hashes --requirement "$pin" 2>/dev/null || return 1
  ln -sf "$venv/bin/$1" "$tools/bin/$1"
  runs "$1" && return
  rm -f "$tools/bin/$1"
  return 1
}

basics() {
  want cc build-essential
  want c++ build-essential
  want pkg-config pkg-config
}

# Vite's own demand. A distribution's Node.js may be older: then the user has to choose where a newer one comes from.
need_node() {
  node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' && return
  say "Node.js $(node --version) is too old to build the web page: 20.19 or newer is needed (https://nodejs.org)"
  return 1
}

# The window's library, with what it is built against.
webkit() {
  pkg-config --exists webkit2gtk-4.1 2>/dev/null || missing+=(libwebkit2gtk-4.1-dev)
}

# A desktop for the tests: X server, message bus, panel, notifications, window manager, pictures, the window's driver, a browser.
desktop() {
  want Xvfb xvfb
  want dbus-daemon dbus
  want xfce4-panel xfce4-panel
  compgen -G '/usr/lib/*/xfce4/xfconf/xfconfd' >/dev/null || missing+=(xfconf)
  want dunst dunst
  want openbox openbox
  want import imagemagick
  want xdotool xdotool
  want WebKitWebDriver webkit2gtk-driver
  want chromium chromium
  want optipng optipng
  # the page in Chinese; by its own list, for fontconfig may not be there yet
  compgen -G '/usr/share/fonts/opentype/noto/NotoSansCJK-*' >/dev/null || missing+=(fonts-noto-cjk)
}

# What the package is made and looked at with.
packaging() {
  have apt-get || return 0
  want dpkg-shlibdeps dpkg-dev
  want desktop-file-validate desktop-file-utils
  want man man-db
}

# A function, so that the whole script is read before any of it runs: an edit meanwhile changes nothing.
main() {
  case ${1:-} in
    build)
      basics
      webkit
      install_packages
      need_rust
      ;;
    test)
      basics
      want npm npm
      webkit
      desktop
      packaging
      want_python
      want curl curl
      install_packages
      need_rust
      python_packages
      cargo_tool cargo-deny
      cargo_tool cargo-nextest
      cargo_tool cargo-fuzz
      ;;
    page)
      want npm npm
      install_packages
      need_node
      ;;
    deny | nextest | fuzz)
      basics
      want_python
      install_packages
      need_rust
      cargo_tool "cargo-$1"
      ;;
    bench)
      basics
      want redis-server redis-server
      install_packages
      need_rust
      ;;
    *)
      sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
      exit 2
      ;;
  esac
}

main "$@"; exit
