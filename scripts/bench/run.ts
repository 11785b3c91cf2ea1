/**
 * Compares processor time per request with nginx and haproxy, in short alternating bursts. By hand, on Linux, with
 * `apt-get install nginx haproxy wrk nghttp2-client` done and dist/sallyport compiled:
 *
 *     bun scripts/bench/run.ts [--rounds 5] [--seconds 3] [--variants plain,tls] [--peers nginx,sallyport] [--other old/sallyport]
 *
 * Variants: see VARIANTS. Prints a table for the README. Trust the ratios, which come from
 * bursts of the same minute, more than the figures beside them.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { makeSelfSigned } from "../../src/proxy/tls/self-signed.ts";
import { backend, sink } from "./backend.ts";
import { ecdsaCertificate } from "./certificate.ts";
import { freePorts, start, type Started, stopAll, until } from "./child.ts";
import { haproxy } from "./haproxy.ts";
import {
  type Burst,
  burst,
  burstOfDownloads,
  burstOfHandshakes,
  burstOfLists,
  burstOfPages,
  burstOfPatterns,
  burstOfStreamedDownloads,
  burstOfStreamedUploads,
  burstOfStreams,
  burstOfUploads,
  type BurstOptions,
  writeScripts,
} from "./load.ts";
import { nginx } from "./nginx.ts";
import { cpuMs, residentBytes, treeOf } from "./process-tree.ts";
import { sallyport } from "./sallyport.ts";
import { median, type Sample, summarise, table } from "./table.ts";
import type { Peer, Workload } from "./workload.ts";

const CONNECTIONS = 64;
const WARM_UP_SECONDS = 5;

interface VariantSpec {
  /** What is counted; processor time is divided by it. */
  readonly unit: string;
  readonly load: (options: BurstOptions) => Promise<Burst>;
  readonly log?: boolean;
  readonly tls?: boolean;
  /** Default: {@link CONNECTIONS}. */
  readonly connections?: number;
  /** The key of the certificate is of P-256. Default: RSA, 2048 bits. */
  readonly ecdsa?: boolean;
  /** The backend is the one that reads bodies. */
  readonly upload?: boolean;
  /** Default: `true`. */
  readonly requestBuffering?: boolean;
  /** Each proxy runs so many times, with so many workers. Default: once with one process for everything. */
  readonly workers?: readonly number[];
  /** Default: responses are not compressed. */
  readonly gzipLevel?: number;
}

const VARIANTS = {
  plain: { unit: "request", load: burst },
  log: { unit: "request", load: burst, log: true },
  tls: { unit: "request", load: burst, tls: true },
  http2: { unit: "request", load: burstOfStreams, tls: true },
  page: { unit: "request", load: burstOfPages },
  handshakes: { unit: "connection", load: burstOfHandshakes, tls: true },
  "handshakes-ecdsa": { unit: "connection", load: burstOfHandshakes, tls: true, ecdsa: true },
  download: { unit: "MiB", load: burstOfDownloads, connections: 8 },
  "download-tls": { unit: "MiB", load: burstOfDownloads, connections: 8, tls: true },
  upload: { unit: "MiB", load: burstOfUploads, connections: 8, upload: true },
  "upload-streamed": { unit: "MiB", load: burstOfUploads, connections: 8, upload: true, requestBuffering: false },
  "http2-download": { unit: "MiB", load: burstOfStreamedDownloads, connections: 8, tls: true },
  "http2-upload": { unit: "MiB", load: burstOfStreamedUploads, connections: 8, tls: true, upload: true },
  gzip: { unit: "request", load: burstOfLists, gzipLevel: 6 },
  workers: { unit: "request", load: burst, workers: [1, 2] },
  "workers-patterns": { unit: "request", load: burstOfPatterns, workers: [1, 2] },
  "workers-gzip": { unit: "request", load: burstOfLists, workers: [1, 2], gzipLevel: 6 },
} as const satisfies Record<string, VariantSpec>;
type Variant = keyof typeof VARIANTS;

const root = join(import.meta.dirname, "..", "..");

function option(name: string, fallback: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1] ?? fallback;
}

const rounds = Number(option("rounds", "5"));
const seconds = Number(option("seconds", "3"));
const variants = option("variants", Object.keys(VARIANTS).join(",")).split(",").filter((name): name is Variant =>
  name in VARIANTS
);
const executable = join(root, option("bin", "dist/sallyport"));
/** An executable that {@link executable} is compared with, as `other`. */
const other = option("other", "");
const known: readonly Peer[] = [
  nginx("nginx", false),
  nginx("nginx-buffered-log", true),
  haproxy,
  ...(other === "" ? [] : [sallyport(resolve(other), "other")]),
  sallyport(executable, "sallyport"),
];
const wanted = option("peers", "nginx,nginx-buffered-log,haproxy,other,sallyport").split(",");
const peers = known.filter((peer) => wanted.includes(peer.name));
if (wanted.includes("sallyport") && !existsSync(executable)) {
  console.error(`bench: no ${executable}, run ./compile.sh first`);
  process.exit(2);
}

const folder = join(root, "tmp", `bench-${process.pid}`);
const firstPort = await freePorts(100);
mkdirSync(folder, { recursive: true });
const workload: Workload = {
  folder,
  backendPort: firstPort,
  certificate: await makeSelfSigned({
    commonName: "*.bench.example",
    organization: "Sallyport benchmark",
    names: ["*.bench.example"],
    days: 90,
  }),
};
writeScripts(folder);
const errors = join(folder, "errors.log");
start(backend(folder, workload.backendPort), errors);
await until(workload.backendPort, "/", "backend", 200, 5000);
const sinkPort = firstPort + 1;
start(sink(sinkPort), errors);
await until(sinkPort, "/", "backend", 200, 5000);

for (const variant of variants) {
  const spec: VariantSpec = VARIANTS[variant];
  const { log = false, tls = false, requestBuffering = true, connections = CONNECTIONS } = spec;
  const running: { name: string; process: Started; port: number }[] = [];
  const samples: Sample[] = [];
  const counts: readonly (number | null)[] = spec.workers ?? [null];
  for (const peer of peers) {
    // What differs between the two kinds of nginx is the log only.
    if (peer.name === "nginx-buffered-log" && !log) continue;
    for (const workers of counts) {
      const httpPort = firstPort + 10 * (running.length + 1);
      const options = {
        httpPort,
        httpsPort: httpPort + 1,
        log,
        requestBuffering,
        workers,
        ...(spec.gzipLevel === undefined ? {} : { gzipLevel: spec.gzipLevel }),
      };
      const work: Workload = {
        ...workload,
        folder: join(folder, `workers-${workers}`),
        ...(spec.upload === true ? { backendPort: sinkPort } : {}),
        ...(spec.ecdsa === true ? { certificate: ecdsaCertificate(folder) } : {}),
      };
      const started = start(peer.prepare(work, options), errors);
      running.push({ name: nameOf(peer, workers), process: started, port: tls ? httpPort + 1 : httpPort });
      await until(httpPort, "/service-9/x", "h999.bench.example", 200, 20_000);
    }
  }
  for (let round = -1; round < rounds; round++) {
    for (const { name, process, port } of running) {
      const tree = treeOf(process.pid);
      const before = cpuMs(tree);
      const began = performance.now();
      const result = await spec.load({
        url: `${tls ? "https" : "http"}://127.0.0.1:${port}/`,
        connections,
        // The first round only warms up: just-in-time compilers need some tens of thousands of requests.
        seconds: round < 0 ? WARM_UP_SECONDS : seconds,
        folder,
      });
      const took = (performance.now() - began) / 1000;
      const cpu = cpuMs(tree) - before;
      if (round < 0) continue;
      samples.push({ peer: name, cpuMs: cpu, residentBytes: residentBytes(tree), seconds: took, ...result });
    }
  }
  console.log(`\n${table(variant, spec.unit, summarise(samples, running[0]?.name ?? ""))}\n`);
  if (spec.workers !== undefined) { for (const peer of peers) console.log(gain(samples, peer, spec.workers)); }
  await Promise.all(running.map(({ process }) => process.stop()));
}
await stopAll();
rmSync(folder, { recursive: true });

function nameOf({ name }: Peer, workers: number | null): string {
  return workers === null ? name : `${name}, workers: ${workers}`;
}

/** What several workers give, as a multiple of what the first number of them gave in the same round. */
function gain(samples: readonly Sample[], peer: Peer, [first = 1, ...others]: readonly number[]): string {
  const rates = (workers: number): number[] =>
    samples.filter((sample) => sample.peer === nameOf(peer, workers)).map(({ units, seconds }) => units / seconds);
  const base = rates(first);
  return others.map((workers) => {
    const gains = rates(workers).map((rate, round) => rate / (base[round] ?? NaN));
    const shown = `${median(gains).toFixed(2)} (${gains.map((gain) => gain.toFixed(2)).join(", ")})`;
    return `${peer.name}: ${workers} workers give ${shown} × what ${first} gives`;
  }).join("\n");
}
