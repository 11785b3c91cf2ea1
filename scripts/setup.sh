#!/bin/sh
# Brings node_modules to what package-lock.json says, and the two runtimes into place. Needs Node 20, npm and a shell.
# npm may be set up not to run install scripts, so those of `bun` and `deno` are run here by hand.
# Does nothing, and needs no network, when all is there.
set -eu
cd "$(dirname "$0")/.."

missing() {
  echo "setup: $1 is needed and was not found" >&2
  exit 1
}
command -v node >/dev/null 2>&1 || missing "node (version 20 or later)"
command -v npm >/dev/null 2>&1 || missing "npm"

if ! node scripts/lock-matches.mjs; then
  echo "setup: installing packages" >&2
  # npm's cache and logs would lie in the home folder.
  npm_config_cache="$PWD/tmp/npm" npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier >&2
  rm -rf tmp/npm
fi

# A package whose install script has not run has a few lines of text where the executable belongs.
placed() {
  [ -n "$(find "$1" -size +1024k 2>/dev/null)" ]
}
if ! placed node_modules/bun/bin/bun.exe; then
  echo "setup: putting bun into place" >&2
  (cd node_modules/bun && node install.js) >&2
  placed node_modules/bun/bin/bun.exe || missing "the bun executable for this machine (optional package of 'bun')"
fi
if ! placed node_modules/deno/deno; then
  echo "setup: putting deno into place" >&2
  (cd node_modules/deno && node install.cjs) >&2
  placed node_modules/deno/deno || missing "the deno executable for this machine (optional package of 'deno')"
fi
