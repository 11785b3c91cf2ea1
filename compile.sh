#!/bin/sh
# Makes one executable for each target under dist/: ./compile.sh [linux-x64|linux-arm64|darwin-arm64 ...]
# Without a target: dist/sallyport, for this machine. See scripts/compile.ts.
set -eu
cd "$(dirname "$0")"
./scripts/setup.sh
# Bun's cache would lie in the home folder; 0: none.
export BUN_RUNTIME_TRANSPILER_CACHE_PATH="${BUN_RUNTIME_TRANSPILER_CACHE_PATH-0}"
exec node_modules/.bin/bun scripts/compile.ts "$@"
