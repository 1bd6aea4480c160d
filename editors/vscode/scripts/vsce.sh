#!/usr/bin/env bash
# Installs what packs the extension into the cache. Says nothing where nothing is missing. Nothing goes into the checkout; no
# package's scripts are run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
wanted=$here/vsce/package.json
tool=${XDG_CACHE_HOME:-$HOME/.cache}/chasm-recorder/vsce

cmp -s "$wanted" "$tool/installed.json" && exit 0
echo "vsce.sh: installing vsce, about 100 MB, into $tool" >&2
mkdir -p "$tool"
rm -f "$tool/installed.json"
cp "$wanted" "$tool/package.json"
(cd "$tool" && npm install --ignore-scripts --omit=optional --no-audit --no-fund --no-package-lock --loglevel=error)
cp "$wanted" "$tool/installed.json"
