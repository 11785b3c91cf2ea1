/**
 * Looks for leaks: rounds of requests (plain, TLS, HTTP/2, uploads), of clients that leave in the middle of everything, of
 * upstreams that fail in each way, and of changes of the configuration meanwhile; after each round what is left after
 * garbage was collected. By hand, on Linux, with nginx, wrk and h2load installed:
 *
 *     bun scripts/bench/leak.ts [--rounds 5] [--seconds 10]
 *
 * Prints a row a round; the figures must not go on growing, descriptors must come back.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { connect as connectTls } from "node:tls";
import { makeSelfSigned } from "../../src/proxy/tls/self-signed.ts";
import { EchoServer } from "../../src/cli/echo/echo-server.ts";
import { backend } from "./backend.ts";
import { freePorts, start, stopAll, until } from "./child.ts";
import { FAULTY_PATHS, FaultyBackend } from "./faulty-backend.ts";
import { burst, burstOfStreams, burstOfUploads, writeScripts } from "./load.ts";
import { residentBytes } from "./process-tree.ts";
import { ingress, sallyport, service, writeManifest } from "./sallyport.ts";
import { hosts } from "./workload.ts";

const HOST = "echo.example";
const FAULTY_HOST = "faulty.example";
const CHANGING_HOST = "changing.example";
/** Between two changes of the configuration. */
const CHANGE_MS = 250;
const RUDE_CLIENTS = 4;
const SETTLE_MS = 3000;
const MIB = 1024 * 1024;

function option(name: string, fallback: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1] ?? fallback;
}

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const rounds = Number(option("rounds", "5"));
const seconds = Number(option("seconds", "10"));

const folder = join(import.meta.dirname, "..", "..", "tmp", `leak-${process.pid}`);
mkdirSync(folder, { recursive: true });
const firstPort = await freePorts(8);
const [backendPort, echoPort, port] = [firstPort, firstPort + 1, firstPort + 2];
const errors = join(folder, "errors.log");
start(backend(folder, backendPort), errors);
await until(backendPort, "/", "backend", 200, 5000);
const echo = new EchoServer({ name: "echo", address: "127.0.0.1", port: echoPort });
await echo.start();
const faulty = await FaultyBackend.open();
const certificate = await makeSelfSigned({ commonName: "bench", organization: "bench", names: [HOST], days: 90 });
const { command } = sallyport("sallyport", "sallyport").prepare({ folder, backendPort, certificate }, {
  httpPort: port,
  httpsPort: port + 1,
  log: true,
  requestBuffering: true,
  workers: null,
});
const manifests = join(folder, "sallyport", "manifests");
writeManifest(manifests, "rude", [
  ...service("echo", echoPort),
  ingress(HOST, [["/", "echo"]]),
  ...service("faulty", faulty.port),
  ingress(FAULTY_HOST, [["/", "faulty"]]),
]);
let changes = 0;

/** Other paths and endpoints each time, now and then none. */
function change(): void {
  const n = changes++;
  const temporary = join(folder, "changing.yaml");
  const objects = n % 7 === 0 ? service(`changing-${n % 3}`, echoPort) : [
    ...service(`changing-${n % 3}`, n % 2 === 0 ? echoPort : backendPort),
    ingress(CHANGING_HOST, [["/", `changing-${n % 3}`], [`/path-${n}`, "echo"]]),
  ];
  writeFileSync(temporary, objects.map((object) => JSON.stringify(object)).join("\n---\n"));
  renameSync(temporary, join(manifests, "changing.yaml"));
}

const report = join(folder, "report.json");
const args = command.slice(command.indexOf("sallyport") + 1);
const own = [process.execPath, join(import.meta.dirname, "leak-process.ts"), "run"];
const started = start({
  command: ["env", `TMPDIR=${folder}`, `LEAK_REPORT=${report}`, ...own, ...args],
}, errors);
writeScripts(folder);

const head = (method: string, fields = "", host = HOST, path = "/service-0/x"): string =>
  `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`;
const UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/** What a client sends before it is gone, and whether it waits for something first. */
const RUDE: readonly { readonly bytes: string; readonly waits: boolean }[] = [
  { bytes: "", waits: false },
  { bytes: "GET / HT", waits: false },
  { bytes: head("GET"), waits: false },
  { bytes: head("GET").replace("/x", "/x?delay=50"), waits: false },
  { bytes: head("GET") + head("GET") + head("GET"), waits: true },
  { bytes: head("POST", "Content-Length: 100000\r\n") + "x".repeat(40_000), waits: false },
  { bytes: head("POST", "Content-Length: 40000\r\n") + "x".repeat(40_000), waits: true },
  { bytes: head("POST", "Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n", waits: false },
  { bytes: head("POST", "Content-Length: 9\r\nExpect: 100-continue\r\n"), waits: true },
  { bytes: head("GET", UPGRADE), waits: true },
  { bytes: head("GET", UPGRADE) + "\x81\x85\x00\x00\x00\x00hello", waits: true },
  { bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", waits: true },
  { bytes: "rubbish\r\n\r\n", waits: true },
  { bytes: head("GET", "", CHANGING_HOST), waits: true },
  ...FAULTY_PATHS.map((path) => ({ bytes: head("GET", "", FAULTY_HOST, path), waits: path !== "/never" })),
  ...FAULTY_PATHS.map((path) => ({
    bytes: head("POST", "Content-Length: 20000\r\n", FAULTY_HOST, path) + "x".repeat(20_000),
    waits: path !== "/never",
  })),
];

let left = 0;

function beRude(n: number): Promise<void> {
  const { bytes, waits } = RUDE[n % RUDE.length]!;
  const tls = n % 3 === 0;
  return new Promise((done) => {
    const at = { port: tls ? port + 1 : port, host: "127.0.0.1" };
    const ready = (): void => {
      if (bytes !== "") socket.write(bytes, "latin1");
      if (waits) socket.once("data", () => socket.destroy());
      else setTimeout(() => n % 2 === 0 ? socket.resetAndDestroy?.() ?? socket.destroy() : socket.destroy(), n % 7);
    };
    const socket: Socket = tls
      ? connectTls({ ...at, servername: HOST, rejectUnauthorized: false }, ready)
      : connect(at, ready);
    // one in a while leaves in its handshake
    if (tls && n % 30 === 0) setTimeout(() => socket.destroy(), 1);
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(guard);
      left++;
      done();
    });
    const guard = setTimeout(() => socket.destroy(), 5000);
  });
}

interface Left {
  readonly heapSize: number;
  readonly objectCount: number;
  readonly objectTypeCounts: Readonly<Record<string, number>>;
}

async function look(): Promise<Left> {
  rmSync(report, { force: true });
  process.kill(started.pid, "SIGUSR2");
  while (!existsSync(report)) await sleep(50);
  return JSON.parse(readFileSync(report, "utf8"));
}

console.log(
  "| Round | requests | clients that left | changes | resident MiB | descriptors | heap MiB | objects | grew most |",
);
console.log("|---|---:|---:|---:|---:|---:|---:|---:|---|");
await until(port, "/service-9/x", hosts()[0]!, 200, 30_000);
let requests = 0;
let former: Left | undefined;
for (let round = 0; round <= rounds; round++) {
  let going = true;
  const rude = Array.from({ length: RUDE_CLIENTS }, async (_, i) => {
    for (let n = i; going; n += RUDE_CLIENTS + 1) await beRude(n);
  });
  const changing = setInterval(change, CHANGE_MS);
  const common = { connections: 32, seconds: Math.ceil(seconds / 4), folder };
  const [url, secureUrl] = [`http://127.0.0.1:${port}/`, `https://127.0.0.1:${port + 1}/`];
  requests += (await burst({ ...common, url })).units;
  requests += (await burst({ ...common, url: secureUrl })).units;
  requests += (await burstOfStreams({ ...common, url: secureUrl })).units;
  requests += (await burstOfUploads({ ...common, connections: 8, url })).units;
  going = false;
  clearInterval(changing);
  await Promise.all(rude);
  await sleep(SETTLE_MS);
  const now = await look();
  const descriptors = readdirSync(`/proc/${started.pid}/fd`).length;
  const grown = Object.entries(now.objectTypeCounts)
    .map(([type, count]) => [type, count - (former?.objectTypeCounts[type] ?? 0)] as const)
    .sort((a, b) => b[1] - a[1]).slice(0, 4).map(([type, more]) => `${type} ${more}`);
  const cells = [
    round === 0 ? "warm-up" : round,
    requests,
    left,
    changes,
    (residentBytes([started.pid]) / MIB).toFixed(0),
    descriptors,
    (now.heapSize / MIB).toFixed(1),
    now.objectCount,
    former === undefined ? "" : grown.join(", "),
  ];
  console.log(`| ${cells.join(" | ")} |`);
  former = now;
}
await stopAll();
await echo.close();
faulty.close();
rmSync(folder, { recursive: true, force: true });
process.exit(0);
