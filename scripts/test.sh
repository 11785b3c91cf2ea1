#!/bin/sh
# Installs what is missing and runs every check and test. --quick leaves the slow parts out. The last line is the sum:
# N passed, N failed, N skipped. Further arguments choose steps by name: ./scripts/test.sh types unit
set -eu
cd "$(dirname "$0")/.."
if ! command -v openssl >/dev/null 2>&1; then
  echo "test: the tests make their certificates with openssl, please install it (.ci/run does)" >&2
  exit 1
fi
./scripts/setup.sh
# Caches of the runtimes would lie in the home folder.
export DENO_DIR="$PWD/tmp/deno" BUN_RUNTIME_TRANSPILER_CACHE_PATH="$PWD/tmp/bun"
exec node_modules/.bin/bun scripts/test.ts "$@"
