/**
 * What clients cost that do nothing, or next to it: memory of Sallyport and of nginx for each connection. By hand, on
 * Linux, with nginx installed and dist/sallyport compiled; needs `ulimit -n` of 10,000 and more:
 *
 *     bun scripts/bench/clients.ts [--kinds idle,slow-head] [--wire plain,tls] [--count N] [--bin dist/sallyport]
 *
 * Every kind gets a process of its own. Some clients of the kind come first, so that what is set up once, compilers
 * included, is not counted; and there are so many that the garbage of those does not matter.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join, resolve } from "node:path";
import process from "node:process";
import { makeSelfSigned } from "../../src/proxy/tls/self-signed.ts";
import { backend, sink } from "./backend.ts";
import { freePorts, start, stopAll, until } from "./child.ts";
import { nginx } from "./nginx.ts";
import { cpuMs, residentBytes, treeOf } from "./process-tree.ts";
import { sallyport } from "./sallyport.ts";
import { type Kind, KINDS, openClients } from "./slow-client.ts";
import { hosts, type Peer, type PeerOptions } from "./workload.ts";

const HOST = hosts()[0]!;
/** Clients that are there before anything is measured. */
const WARM_UP = 300;
/** Time over which processor time is measured. */
const MEASURE_MS = 8000;
const RESTING_MS = 4000;
/** Whoever takes nothing of a response is cut after a minute, by when all must be measured. */
const RESTING_TRIES = 5;
const RESTING_BYTES = 128 * 1024;
const PORTS = 120;

type Patience = readonly [file: string, changes: readonly (readonly [from: string, to: string])[]];
const NGINX_PATIENCE: Patience = ["nginx/nginx.conf", [
  ["worker_connections 4096", "worker_connections 16384"],
  ["keepalive_timeout 75s", "client_header_timeout 600s; keepalive_timeout 600s; send_timeout 600s"],
]];
const SALLYPORT_PATIENCE: Patience = ["sallyport/manifests/services.yaml", [
  ['"disable-access-log"', '"client-header-timeout":"600","keep-alive":"600","disable-access-log"'],
]];

function option(name: string, fallback: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1] ?? fallback;
}

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Proportional memory once it has come to rest: what a start, or garbage, left is given back late. */
async function restingBytes(pid: number): Promise<number> {
  let bytes = residentBytes(treeOf(pid));
  for (let tries = 0, still = 0; tries < RESTING_TRIES && still < 2; tries++) {
    await sleep(RESTING_MS);
    const now = residentBytes(treeOf(pid));
    still = Math.abs(now - bytes) < RESTING_BYTES ? still + 1 : 0;
    bytes = now;
  }
  return bytes;
}

const kinds = option("kinds", Object.keys(KINDS).join(",")).split(",").filter((name): name is Kind => name in KINDS);
const wires = option("wire", "plain,tls").split(",");
const folder = join(import.meta.dirname, "..", "..", "tmp", `clients-${process.pid}`);
mkdirSync(folder, { recursive: true });
const firstPort = await freePorts(PORTS);
const certificate = await makeSelfSigned({ commonName: "bench", organization: "bench", names: [HOST], days: 90 });
const errors = join(folder, "errors.log");
start(backend(folder, firstPort), errors);
await until(firstPort, "/", "backend", 200, 5000);
const sinkPort = firstPort + 1;
start(sink(sinkPort), errors);
await until(sinkPort, "/", "backend", 200, 5000);

let port = firstPort + 10;

interface Cost {
  /** Kibibytes for each client. */
  readonly kib: number;
  /** Of one processor, for all. */
  readonly percent: number;
}

async function measure(peer: Peer, kind: Kind, tls: boolean): Promise<Cost> {
  const { client } = KINDS[kind];
  const count = Number(option("count", String(KINDS[kind].count)));
  const options: PeerOptions = {
    httpPort: port,
    httpsPort: port + 1,
    log: false,
    requestBuffering: true,
    workers: null,
  };
  port += 5;
  const backendPort = kind === "slow-upload" ? sinkPort : firstPort;
  const command = peer.prepare({ folder, backendPort, certificate }, options);
  // What is slow here would be cut.
  const [file, changes] = peer.name === "nginx" ? NGINX_PATIENCE : SALLYPORT_PATIENCE;
  let text = readFileSync(join(folder, file), "utf8");
  for (const [from, to] of changes) text = text.replace(from, to);
  writeFileSync(join(folder, file), text);
  const started = start(command, errors);
  await until(options.httpPort, "/service-9/x", HOST, 200, 20_000);
  const target = { port: tls ? options.httpsPort : options.httpPort, tls, host: HOST };
  const clients: Socket[] = await openClients(WARM_UP, () => client(target));
  const before = await restingBytes(started.pid);
  clients.push(...await openClients(count, () => client(target)));
  const kib = (await restingBytes(started.pid) - before) / count / 1024;
  const tree = treeOf(started.pid);
  const usedMs = cpuMs(tree);
  await sleep(MEASURE_MS);
  const percent = 100 * (cpuMs(tree) - usedMs) / MEASURE_MS;
  const cut = clients.filter((socket) => socket.destroyed).length;
  if (cut > 0) console.error(`clients: ${cut} were cut by ${peer.name}`);
  for (const socket of clients) socket.destroy();
  await started.stop();
  return { kib, percent };
}

const rows: string[] = [];
for (const kind of kinds) {
  for (const tls of [false, true]) {
    if (!wires.includes(tls ? "tls" : "plain") || (kind === "idle-h2" && !tls)) continue;
    const cells: string[] = [];
    for (const peer of [nginx("nginx", false), sallyport(resolve(option("bin", "dist/sallyport")), "sallyport")]) {
      const { kib, percent } = await measure(peer, kind, tls);
      cells.push(kib.toFixed(1), percent.toFixed(1));
    }
    rows.push(`| \`${kind}\`, ${tls ? "TLS" : "plain"}: ${KINDS[kind].doing} | ${cells.join(" | ")} |`);
    console.error(rows.at(-1));
  }
}
console.log(`| Clients | nginx: KiB each | nginx: % of a processor | Sallyport: KiB each | Sallyport: % of a processor |
|---|---:|---:|---:|---:|
${rows.join("\n")}`);
await stopAll();
rmSync(folder, { recursive: true, force: true });
process.exit(0);
