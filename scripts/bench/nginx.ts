/**
 * nginx as ingress-nginx sets it up: a server for each host, two locations for each Prefix path, the same fields set in
 * each, an upstream with kept connections for each Service.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  hosts,
  PATHS,
  paths,
  PATTERNS,
  patterns,
  type Peer,
  type PeerCommand,
  type PeerOptions,
  type Workload,
} from "./workload.ts";

const LOG_FORMAT = `'$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" ' ` +
  `'"$http_user_agent" $request_length $request_time [$proxy_upstream_name] [] $upstream_addr ' ` +
  `'$upstream_response_length $upstream_response_time $upstream_status $request_id'`;

function forward(requestBuffering: string): string {
  return `
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Request-ID $request_id;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Port $server_port;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Scheme $scheme;
      proxy_set_header X-Scheme $scheme;
      proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for;
      proxy_set_header Proxy "";
      proxy_connect_timeout 5s;
      proxy_send_timeout 60s;
      proxy_read_timeout 60s;
      proxy_buffering off;
      proxy_buffer_size 4k;
      proxy_buffers 4 4k;
      proxy_request_buffering ${requestBuffering};
      proxy_http_version 1.1;
      proxy_next_upstream error timeout;
      proxy_next_upstream_tries 3;
      client_max_body_size 64m;`;
}

/** @param name tells variants apart; `buffered`: the log is written 64 KB at a time, which ingress-nginx does not do */
export function nginx(name: string, buffered: boolean): Peer {
  return {
    name,
    prepare: (workload, options) => prepare(name, buffered, workload, options),
  };
}

function prepare(name: string, buffered: boolean, workload: Workload, options: PeerOptions): PeerCommand {
  const folder = join(workload.folder, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "tls.crt"), workload.certificate.certificatePem);
  writeFileSync(join(folder, "tls.key"), workload.certificate.privateKeyPem, { mode: 0o600 });
  const log = options.log
    ? `access_log ${folder}/access.log full${buffered ? " buffer=64k flush=1s" : ""};`
    : "access_log off;";
  const gzip = options.gzipLevel === undefined
    ? ""
    : `gzip on; gzip_comp_level ${options.gzipLevel}; gzip_http_version 1.1;
  gzip_proxied any; gzip_min_length 256; gzip_types application/json; gzip_vary on;`;
  const file = join(folder, "nginx.conf");
  writeFileSync(
    file,
    `daemon off;
worker_processes ${options.workers ?? 1};
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 4096; multi_accept on; use epoll; }
http {
  log_format full ${LOG_FORMAT};
  ${log}
  ${gzip}
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  default_type text/html;
  sendfile on; tcp_nopush on; tcp_nodelay on; server_tokens off;
  keepalive_timeout 75s; keepalive_requests 1000; reset_timedout_connection on;
  client_header_buffer_size 1k; client_body_buffer_size 8k; large_client_header_buffers 4 8k;
  server_names_hash_max_size 8192; server_names_hash_bucket_size 128; proxy_headers_hash_max_size 512;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  ssl_certificate ${folder}/tls.crt; ssl_certificate_key ${folder}/tls.key;
  ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:SSL:10m; ssl_session_tickets off; ssl_buffer_size 4k;
${
      Array.from({ length: PATHS }, (_, i) =>
        `  upstream service-${i} { server 127.0.0.1:${workload.backendPort}; keepalive 320; keepalive_requests 10000; keepalive_timeout 60s; }`)
        .join("\n")
    }
  server {
    listen 127.0.0.1:${options.httpPort} default_server reuseport backlog=4096;
    listen 127.0.0.1:${options.httpsPort} default_server reuseport backlog=4096 ssl http2;
    server_name _;
    location / { set $proxy_upstream_name ""; return 404; }
  }
${hosts().map((host) => server(host, prefixLocations(options), options)).join("\n")}
${server(PATTERNS.host, patternLocations(options), options)}
}
`,
  );
  return { command: ["nginx", "-c", file, "-p", folder] };
}

function prefixLocations({ requestBuffering }: PeerOptions): string {
  const fields = forward(requestBuffering ? "on" : "off");
  return paths().map((path, i) =>
    ["= " + path, path + "/"].map((match) => `
    location ${match} {
      set $proxy_upstream_name "default-service-${i}-80";${fields}
      proxy_pass http://service-${i};
    }`).join("")
  ).join("");
}

function patternLocations({ requestBuffering }: PeerOptions): string {
  const fields = forward(requestBuffering ? "on" : "off");
  return patterns().map((pattern) => `
    location ~* "^${pattern}" {
      set $proxy_upstream_name "default-service-0-80";${fields}
      proxy_pass http://service-0;
    }`).join("");
}

function server(host: string, locations: string, { httpPort, httpsPort }: PeerOptions): string {
  return `  server {
    listen 127.0.0.1:${httpPort}; listen 127.0.0.1:${httpsPort} ssl http2;
    server_name ${host};
    set $proxy_upstream_name "-";
    location / { return 404; }${locations}
  }`;
}
