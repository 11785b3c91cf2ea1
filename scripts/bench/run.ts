/**
 * Compares processor time per request with nginx and haproxy, in short alternating bursts. By hand, on Linux, with
 * `apt-get install nginx haproxy wrk nghttp2-client` done and dist/sallyport compiled:
 *
 *     bun scripts/bench/run.ts [--rounds 5] [--seconds 3] [--variants plain,log,tls,http2] [--peers nginx,haproxy,sallyport]
 *
 * Prints a table for the README. Trust the ratios, which come from
 * bursts of the same minute, more than the figures beside them.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { makeSelfSigned } from "../../src/proxy/tls/self-signed.ts";
import { backend } from "./backend.ts";
import { freePorts, start, type Started, stopAll, until } from "./child.ts";
import { haproxy } from "./haproxy.ts";
import { burst, burstOfStreams, writeScript } from "./load.ts";
import { nginx } from "./nginx.ts";
import { cpuMs, residentBytes, treeOf } from "./process-tree.ts";
import { sallyport } from "./sallyport.ts";
import { type Sample, summarise, table } from "./table.ts";
import type { Peer, Workload } from "./workload.ts";

const CONNECTIONS = 64;
const WARM_UP_SECONDS = 5;

const VARIANTS = {
  plain: { log: false, tls: false, http2: false },
  log: { log: true, tls: false, http2: false },
  tls: { log: false, tls: true, http2: false },
  http2: { log: false, tls: true, http2: true },
};
type Variant = keyof typeof VARIANTS;

const root = join(import.meta.dirname, "..", "..");

function option(name: string, fallback: string): string {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1] ?? fallback;
}

const rounds = Number(option("rounds", "5"));
const seconds = Number(option("seconds", "3"));
const variants = option("variants", "plain,log,tls,http2").split(",").filter((name): name is Variant =>
  name in VARIANTS
);
const executable = join(root, option("bin", "dist/sallyport"));
const known: readonly Peer[] = [
  nginx("nginx", false),
  nginx("nginx-buffered-log", true),
  haproxy,
  sallyport(executable),
];
const wanted = option("peers", "nginx,nginx-buffered-log,haproxy,sallyport").split(",");
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
const script = writeScript(folder);
const errors = join(folder, "errors.log");
start(backend(folder, workload.backendPort), errors);
await until(workload.backendPort, "/", "backend", 200, 5000);

for (const variant of variants) {
  const { log, tls, http2 } = VARIANTS[variant];
  const running = new Map<Peer, { process: Started; port: number }>();
  const samples: Sample[] = [];
  for (const [i, peer] of peers.entries()) {
    // What differs between the two kinds of nginx is the log only.
    if (peer.name === "nginx-buffered-log" && !log) continue;
    const httpPort = firstPort + 10 * (i + 1);
    const started = start(peer.prepare(workload, { httpPort, httpsPort: httpPort + 1, log }), errors);
    running.set(peer, { process: started, port: tls ? httpPort + 1 : httpPort });
    await until(httpPort, "/service-9/x", "h999.bench.example", 200, 20_000);
  }
  for (let round = -1; round < rounds; round++) {
    for (const [peer, { process, port }] of running) {
      const tree = treeOf(process.pid);
      const before = cpuMs(tree);
      const load = http2 ? burstOfStreams : burst;
      const result = await load({
        url: `${tls ? "https" : "http"}://127.0.0.1:${port}/`,
        connections: CONNECTIONS,
        // The first round only warms up: just-in-time compilers need some tens of thousands of requests.
        seconds: round < 0 ? WARM_UP_SECONDS : seconds,
        script: http2 ? folder : script,
      });
      const cpu = cpuMs(tree) - before;
      if (round >= 0) samples.push({ peer: peer.name, cpuMs: cpu, residentBytes: residentBytes(tree), ...result });
    }
  }
  console.log(`\n${table(variant, summarise(samples, "nginx"))}`);
  await Promise.all([...running.values()].map(({ process }) => process.stop()));
}
await stopAll();
rmSync(folder, { recursive: true });
