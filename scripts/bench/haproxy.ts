/**
 * haproxy with the same hosts and paths: a map from host and path to a backend, the same fields set.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hosts, PATHS, paths, type Peer, type PeerCommand, type PeerOptions, type Workload } from "./workload.ts";

const LOG_FORMAT =
  '%ci - - [%T] "%HM %HU %HV" %ST %B "-" "%[capture.req.hdr(0)]" %U %Tt [%b] [] %si:%sp %B %Tr %ST %ID';

export const haproxy: Peer = { name: "haproxy", prepare };

function prepare(workload: Workload, options: PeerOptions): PeerCommand {
  const folder = join(workload.folder, "haproxy");
  mkdirSync(folder, { recursive: true });
  const pem = join(folder, "tls.pem");
  writeFileSync(pem, workload.certificate.certificatePem + workload.certificate.privateKeyPem, { mode: 0o600 });
  const map = join(folder, "routes.map");
  const routes = hosts().flatMap((host) => paths().map((path, i) => `${host}${path} service-${i}`));
  writeFileSync(map, `${routes.join("\n")}\n`);
  const file = join(folder, "haproxy.cfg");
  writeFileSync(
    file,
    `global
  nbthread ${options.workers ?? 1}
  maxconn 4096
  noreuseport
  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
${options.log ? "  log stdout len 2048 format raw local0" : ""}
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 75s
  option redispatch
  retries 2
  http-reuse always
  unique-id-format %{+X}o%ci%cp%fi%fp%Ts%rt%pid
frontend in
  bind 127.0.0.1:${options.httpPort}
  bind 127.0.0.1:${options.httpsPort} ssl crt ${pem} alpn h2,http/1.1
${options.log ? `  log global\n  log-format '${LOG_FORMAT}'\n  capture request header User-Agent len 256` : ""}
  http-request set-header X-Request-ID %[unique-id]
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
  http-request set-header X-Forwarded-Scheme %[ssl_fc,iif(https,http)]
  http-request set-header X-Scheme %[ssl_fc,iif(https,http)]
  http-request del-header Proxy
  use_backend %[base,map_beg(${map},none)]
backend none
  http-request return status 404
${
      Array.from({ length: PATHS }, (_, i) =>
        `backend service-${i}\n  server a 127.0.0.1:${workload.backendPort} pool-max-conn 320`).join("\n")
    }
`,
  );
  return { command: ["haproxy", "-db", "-f", file], stdout: join(folder, "access.log") };
}
