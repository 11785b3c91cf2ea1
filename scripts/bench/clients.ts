/**
 * What clients cost that do nothing, or next to it: memory of Sallyport and of nginx for each connection. By hand, on
 * Linux, with nginx installed and dist/sallyport compiled; needs `ulimit -n` of twice the number of clients:
 *
 *     bun scripts/bench/clients.ts [--idle 5000] [--slow 1000] [--bin dist/sallyport]
 *
 * Idle clients have had one answer, and stay; slow ones send a byte a second of the head of their request.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join, resolve } from "node:path";
import process from "node:process";
import { connect as connectTls } from "node:tls";
import { makeSelfSigned } from "../../src/proxy/tls/self-signed.ts";
import { backend } from "./backend.ts";
import { freePorts, start, stopAll, until } from "./child.ts";
import { nginx } from "./nginx.ts";
import { cpuMs, residentBytes, treeOf } from "./process-tree.ts";
import { sallyport } from "./sallyport.ts";
import { hosts, type PeerOptions } from "./workload.ts";

const HOST = hosts()[0]!;
const HEAD = `GET /service-0/x HTTP/1.1\r\nHost: ${HOST}\r\nUser-Agent: bench\r\nAccept: */*\r\nX-Long: ${
  "x".repeat(2000)
}`;
/** Connections that are opened at a time. */
const AT_ONCE = 64;
/** Clients that are there before anything is measured: what is set up once is not counted for each. */
const WARM_UP = 500;
/** Time over which processor time is measured. */
const MEASURE_MS = 8000;
const RESTING_MS = 4000;
const RESTING_TRIES = 10;
const RESTING_BYTES = 256 * 1024;

function option(name: string, fallback: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1] ?? fallback;
}

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

function dial(port: number, tls: boolean): Promise<Socket> {
  return new Promise((done, failed) => {
    const at = { port, host: "127.0.0.1" };
    const socket: Socket = tls
      ? connectTls({ ...at, servername: HOST, rejectUnauthorized: false }, () => done(socket))
      : connect({ ...at, noDelay: true }, () => done(socket));
    socket.once("error", failed);
  });
}

async function idle(port: number, tls: boolean): Promise<Socket> {
  const socket = await dial(port, tls);
  socket.write(`GET /service-0/x HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  await new Promise((done) => socket.once("data", done));
  return socket;
}

async function slow(port: number, tls: boolean): Promise<Socket> {
  const socket = await dial(port, tls);
  let at = 40;
  socket.write(HEAD.slice(0, at));
  const timer = setInterval(() => socket.write(HEAD[at++ % HEAD.length]!), 1000);
  socket.once("close", () => clearInterval(timer));
  return socket;
}

/** Proportional memory once it has come to rest: what a start, or garbage, left is given back late. */
async function restingBytes(pid: number): Promise<number> {
  let bytes = residentBytes(treeOf(pid));
  for (let tries = 0; tries < RESTING_TRIES; tries++) {
    await sleep(RESTING_MS);
    const now = residentBytes(treeOf(pid));
    if (Math.abs(now - bytes) < RESTING_BYTES) return now;
    bytes = now;
  }
  return bytes;
}

async function many(count: number, open: () => Promise<Socket>): Promise<Socket[]> {
  const sockets: Socket[] = [];
  await Promise.all(Array.from({ length: AT_ONCE }, async (_, i) => {
    for (let n = i; n < count; n += AT_ONCE) sockets.push(await open());
  }));
  return sockets;
}

const counts = { idle: Number(option("idle", "5000")), slow: Number(option("slow", "1000")) };
const folder = join(import.meta.dirname, "..", "..", "tmp", `clients-${process.pid}`);
mkdirSync(folder, { recursive: true });
const firstPort = await freePorts(60);
const certificate = await makeSelfSigned({ commonName: "bench", organization: "bench", names: [HOST], days: 90 });
const workload = { folder, backendPort: firstPort, certificate };
const errors = join(folder, "errors.log");
start(backend(folder, firstPort), errors);
await until(firstPort, "/", "backend", 200, 5000);

const rows: string[] = [];
let port = firstPort + 10;
for (const tls of [false, true]) {
  for (const kind of ["idle", "slow"] as const) {
    const cells: string[] = [];
    for (const peer of [nginx("nginx", false), sallyport(resolve(option("bin", "dist/sallyport")), "sallyport")]) {
      const options: PeerOptions = {
        httpPort: port,
        httpsPort: port + 1,
        log: false,
        requestBuffering: true,
        workers: null,
      };
      port += 5;
      const command = peer.prepare(workload, options);
      if (peer.name === "nginx") {
        const file = join(folder, "nginx", "nginx.conf");
        writeFileSync(
          file,
          readFileSync(file, "utf8").replace("worker_connections 4096", "worker_connections 16384")
            // what is slow here would be cut
            .replace("keepalive_timeout 75s", "client_header_timeout 600s; keepalive_timeout 600s"),
        );
      }
      const started = start(command, errors);
      await until(options.httpPort, "/service-9/x", HOST, 200, 20_000);
      const target = tls ? options.httpsPort : options.httpPort;
      const open = (): Promise<Socket> => kind === "idle" ? idle(target, tls) : slow(target, tls);
      const first = await many(WARM_UP, open);
      const before = await restingBytes(started.pid);
      const rest = await many(counts[kind], open);
      const perClient = (await restingBytes(started.pid) - before) / counts[kind] / 1024;
      const tree = treeOf(started.pid);
      const usedMs = cpuMs(tree);
      await sleep(MEASURE_MS);
      const processor = 100 * (cpuMs(tree) - usedMs) / MEASURE_MS;
      const alive = [...first, ...rest].filter((socket) => !socket.destroyed).length;
      if (alive < WARM_UP + counts[kind]) {
        console.error(`clients: ${WARM_UP + counts[kind] - alive} were cut by ${peer.name}`);
      }
      cells.push(perClient.toFixed(1), processor.toFixed(1));
      for (const socket of [...first, ...rest]) socket.destroy();
      await started.stop();
    }
    rows.push(`| ${counts[kind]} ${kind}, ${tls ? "TLS" : "plain"} | ${cells.join(" | ")} |`);
    console.error(rows.at(-1));
  }
}
console.log(`| Clients | nginx: KiB each | nginx: % of a processor | Sallyport: KiB each | Sallyport: % of a processor |
|---|---:|---:|---:|---:|
${rows.join("\n")}`);
await stopAll();
rmSync(folder, { recursive: true, force: true });
process.exit(0);
