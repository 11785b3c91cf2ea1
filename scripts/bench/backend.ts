/**
 * The backend of all proxies: an nginx that answers from memory, so that it is never what holds a proxy back.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { DOWNLOAD, LIST, listBody, PAGE, type PeerCommand } from "./workload.ts";

export function backend(folder: string, port: number): PeerCommand {
  const own = join(folder, "backend");
  mkdirSync(own, { recursive: true });
  const file = join(own, "nginx.conf");
  for (const { path, bytes } of [PAGE, DOWNLOAD]) {
    mkdirSync(join(own, "files", dirname(path)), { recursive: true });
    writeFileSync(join(own, "files", path), new Uint8Array(bytes).fill(120));
  }
  writeFileSync(join(own, "files", LIST.path), listBody());
  writeFileSync(
    file,
    `daemon off;
worker_processes 1;
pid ${own}/nginx.pid;
error_log ${own}/error.log error;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path ${own}/body; proxy_temp_path ${own}/proxy; fastcgi_temp_path ${own}/fastcgi;
  uwsgi_temp_path ${own}/uwsgi; scgi_temp_path ${own}/scgi;
  keepalive_requests 1000000000; keepalive_time 10h; keepalive_timeout 1h;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { default_type application/json; return 200 '{"id":17,"name":"benchmark","text":"a small answer, as of an API"}'; }
    location = ${PAGE.path} { root ${own}/files; sendfile on; tcp_nopush on; }
    location = ${LIST.path} { root ${own}/files; sendfile on; tcp_nopush on; default_type application/json; }
    location = ${DOWNLOAD.path} { root ${own}/files; sendfile on; sendfile_max_chunk 512k; }
  }
}
`,
  );
  return { command: ["nginx", "-c", file, "-p", own] };
}

/** What takes uploads. nginx would answer before it has read them, or write them to its disk. */
export function sink(port: number): PeerCommand {
  return { command: [process.execPath, join(import.meta.dirname, "sink.ts"), String(port)] };
}
