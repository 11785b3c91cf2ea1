#!/bin/sh
# Installs, compiles, and serves examples/ on this machine, with two backends of our own behind it, until Ctrl-C.
# Writes nothing outside the checkout. HTTP_PORT and HTTPS_PORT choose other ports than 8080 and 8443.
set -eu
cd "$(dirname "$0")/.."
http=${HTTP_PORT:-8080}
https=${HTTPS_PORT:-8443}
host=xxx.your-domain.com

./scripts/setup.sh
./compile.sh

started=
end() {
  trap - EXIT INT TERM HUP
  for pid in $started; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf tmp/demo
  exit "${1:-0}"
}
trap 'end $?' EXIT
trap 'end 0' INT TERM HUP

mkdir -p tmp/demo
BUN_RUNTIME_TRANSPILER_CACHE_PATH=0 node_modules/.bin/bun scripts/demo-certificate.ts wetwin/xxx.com "$host" > tmp/demo/certificate.json

dist/sallyport echo --bind-address 127.0.0.1 --port 9001 --name zl-1 &
started="$started $!"
dist/sallyport echo --bind-address 127.0.0.1 --port 9002 --name zl-2 &
started="$started $!"
dist/sallyport --manifests examples --manifests tmp/demo --bind-address 127.0.0.1 \
  --http-port "$http" --https-port "$https" --healthz-port 10254 --status-port 10246 &
proxy=$!
started="$started $proxy"

# Ready means that the health port answers; Node is there in any case, curl perhaps not.
node -e '
  const http = require("node:http");
  const end = Date.now() + 20000;
  (function ask() {
    http.get("http://127.0.0.1:10254/healthz", (res) => res.statusCode === 200 ? process.exit(0) : again())
      .on("error", again);
    function again() { Date.now() > end ? process.exit(1) : setTimeout(ask, 50); }
  })();
' &
asking=$!
while kill -0 "$asking" 2>/dev/null; do
  kill -0 "$proxy" 2>/dev/null || { kill "$asking" 2>/dev/null; echo "demo: sallyport has ended" >&2; exit 1; }
  sleep 0.1
done
wait "$asking" || { echo "demo: sallyport is not ready after 20 s" >&2; exit 1; }

cat <<TEXT

Sallyport serves examples/ on 127.0.0.1, ports $http and $https. To try:

  # answered by zl-1 and zl-2 in turn; the path is rewritten, X-Real-IP and Backend-Pod come back
  curl -ik -A Mozilla/5.0 --resolve $host:$https:127.0.0.1 https://$host:$https/lb/zl/hello?x=1

  # plain HTTP is sent to HTTPS
  curl -i -A Mozilla/5.0 -H 'Host: $host' http://127.0.0.1:$http/lb/zl/hello

  # curl by its own name is turned away by the server-snippet
  curl -ik --resolve $host:$https:127.0.0.1 https://$host:$https/lb/zl/hello

  # what is in force
  curl http://127.0.0.1:10246/configuration/backends

Change examples/*.yaml and look again. Ctrl-C ends everything.

TEXT
wait "$proxy"
