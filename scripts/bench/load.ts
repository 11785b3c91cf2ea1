/**
 * Load by wrk: a burst of requests spread over all hosts and paths. Over HTTP/2, and for handshakes, by h2load, which knows
 * one host only.
 */
import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { median } from "./table.ts";
import { DOWNLOAD, hosts, LIST, PAGE, paths, PATTERNS, UPLOAD_BYTES } from "./workload.ts";

const MIB = 1024 * 1024;

export interface Burst {
  /** What was done: requests, connections, or mebibytes of bodies. */
  readonly units: number;
  /** Connections that broke, and answers that were none. */
  readonly errors: number;
  /** Answers with a status of 400 or more. */
  readonly badStatuses: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface LoadBurst extends Burst {
  /** Received. */
  readonly bytes: number;
}

export interface BurstOptions {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Folder with the scripts of {@link writeScripts}. */
  readonly folder: string;
}

/** Requests are made before the burst begins, so that wrk has time to send them. */
export function writeScripts(
  folder: string,
  all: readonly string[] = hosts(),
  under: readonly string[] = paths(),
): void {
  writeFileSync(
    join(folder, "load.lua"),
    `local hosts = {${all.map((host) => `"${host}"`).join(",")}}
local paths = {${under.map((path) => `"${path}"`).join(",")}}
local requests = {}
local at = 0
init = function()
  for p = 1, #paths do
    for h = 1, #hosts do
      requests[#requests + 1] = wrk.format("GET", paths[p] .. "/x?y=1", {
        ["Host"] = hosts[h], ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        ["Accept"] = "*/*", ["Accept-Encoding"] = "gzip, deflate, br", ["Accept-Language"] = "en",
      })
    end
  end
end
request = function()
  at = (at + 7919) % #requests
  return requests[at + 1]
end
${DONE}`,
  );
  const host = `wrk.headers["Host"] = "${all.at(-1)}"`;
  writeFileSync(join(folder, "page.lua"), `wrk.path = "${PAGE.path}"\n${host}\n${DONE}`);
  const gzip = `wrk.headers["Accept-Encoding"] = "gzip"`;
  writeFileSync(join(folder, "list.lua"), `wrk.path = "${LIST.path}"\n${host}\n${gzip}\n${DONE}`);
  const patterns = `wrk.headers["Host"] = "${PATTERNS.host}"`;
  writeFileSync(join(folder, "patterns.lua"), `wrk.path = "${PATTERNS.request}"\n${patterns}\n${DONE}`);
  writeFileSync(join(folder, "download.lua"), `wrk.path = "${DOWNLOAD.path}"\n${host}\n${DONE}`);
  const upload = `wrk.method = "POST"\nwrk.path = "${under[0]}/upload"\nwrk.body = string.rep("x", ${UPLOAD_BYTES})`;
  writeFileSync(join(folder, "upload.lua"), `${upload}\n${host}\n${DONE}`);
}

const DONE = `done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"units":%d,"bytes":%d,"errors":%d,"badStatuses":%d,"p50Ms":%.3f,"p99Ms":%.3f}\\n',
    summary.requests, summary.bytes, e.connect + e.read + e.write + e.timeout, e.status,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
`;

export function burst(options: BurstOptions): Promise<Burst> {
  return runWrk(options, "load.lua");
}

/** Requests for {@link PAGE}. */
export function burstOfPages(options: BurstOptions): Promise<Burst> {
  return runWrk(options, "page.lua");
}

/** Requests for {@link LIST} by a client that takes gzip. */
export function burstOfLists(options: BurstOptions): Promise<Burst> {
  return runWrk(options, "list.lua");
}

/** Requests for {@link PATTERNS}. */
export function burstOfPatterns(options: BurstOptions): Promise<Burst> {
  return runWrk(options, "patterns.lua");
}

/** Large responses, counted in MiB; what was received of the last ones counts, too. */
export async function burstOfDownloads(options: BurstOptions): Promise<Burst> {
  const result = await runWrk(options, "download.lua");
  return { ...result, units: result.bytes / MIB };
}

/** Large requests, counted in MiB. */
export async function burstOfUploads(options: BurstOptions): Promise<Burst> {
  const result = await runWrk(options, "upload.lua");
  return { ...result, units: result.units * UPLOAD_BYTES / MIB };
}

async function runWrk({ url, connections, seconds, folder }: BurstOptions, script: string): Promise<LoadBurst> {
  const output = await run("wrk", ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", join(folder, script), url]);
  const line = output.match(/^\{.*\}$/m)?.[0];
  if (line === undefined) throw new Error(`wrk failed: ${output}`);
  return JSON.parse(line) as LoadBurst;
}

/** Connections with one request each, so many at a time; no TLS session is resumed. Times are those to the first byte. */
export async function burstOfHandshakes({ url, connections, seconds }: BurstOptions): Promise<Burst> {
  const { port } = new URL(url);
  const host = hosts().at(-1);
  const load = ["--h1", "-t1", "-n", `${connections}`, "-c", `${connections}`, "-H", `:authority: ${host}`];
  const target = [`--connect-to=127.0.0.1:${port}`, `https://${host}:${port}/service-0/x`];
  const means: number[] = [];
  const slowest: number[] = [];
  let units = 0;
  let errors = 0;
  for (const end = performance.now() + 1000 * seconds; performance.now() < end;) {
    const output = await run("h2load", [...load, ...target]);
    const succeeded = Number(output.match(/(\d+) succeeded/)?.[1] ?? 0);
    units += succeeded;
    errors += connections - succeeded;
    const [, max = "", mean = ""] = output.match(/time to 1st byte: +\S+ +(\S+) +(\S+)/) ?? [];
    slowest.push(milliseconds(max));
    means.push(milliseconds(mean));
  }
  return { units, errors, badStatuses: 0, p50Ms: median(means), p99Ms: median(slowest) };
}

/** Of h2load's `1.23ms`, `850us` and `1.02s`. */
function milliseconds(text: string): number {
  const factor = text.endsWith("us") ? 0.001 : text.endsWith("ms") ? 1 : 1000;
  return Number.parseFloat(text) * factor;
}

/** Streams at a time on each connection of {@link burstOfStreams}. */
const STREAMS = 4;

/** {@link burst} over HTTP/2. */
export function burstOfStreams(options: BurstOptions): Promise<Burst> {
  return runH2load(options, paths().map((path) => `${path}/x?y=1`), [`-m${STREAMS}`]);
}

/** {@link burstOfDownloads} over HTTP/2. */
export async function burstOfStreamedDownloads(options: BurstOptions): Promise<Burst> {
  const result = await runH2load(options, [DOWNLOAD.path], ["-m1"]);
  return { ...result, units: result.bytes / MIB };
}

/** {@link burstOfUploads} over HTTP/2. */
export async function burstOfStreamedUploads(options: BurstOptions): Promise<Burst> {
  const body = join(options.folder, "upload");
  writeFileSync(body, "x".repeat(UPLOAD_BYTES));
  const result = await runH2load(options, [`${paths()[0]}/upload`], [`-m${STREAMS}`, "-d", body]);
  return { ...result, units: result.units * UPLOAD_BYTES / MIB };
}

async function runH2load(
  { url, connections, seconds, folder }: BurstOptions,
  targets: readonly string[],
  more: readonly string[],
): Promise<LoadBurst> {
  const uris = join(folder, "uris.txt");
  const log = join(folder, "h2load.log");
  writeFileSync(uris, targets.map((target) => `${url.replace(/\/$/, "")}${target}\n`).join(""));
  rmSync(log, { force: true });
  const fields = [
    `:authority: ${hosts().at(-1)}`,
    "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "accept: */*",
    "accept-encoding: gzip, deflate, br",
    "accept-language: en",
  ].flatMap((field) => ["-H", field]);
  const load = ["-t1", `-c${connections}`, `-D${seconds}`, `--log-file=${log}`, "-i", uris, ...more];
  const output = await run("h2load", [...load, ...fields]);
  const done = output.match(/(\d+) done, .* (\d+) errored/);
  const statuses = output.match(/status codes: (\d+) 2xx, \d+ 3xx, (\d+) 4xx, (\d+) 5xx/);
  const bytes = output.match(/\((\d+)\) data$/m);
  if (done === null || statuses === null || bytes === null) throw new Error(`h2load failed: ${output}`);
  // Start, status and microseconds of each request.
  const times = readFileSync(log, "utf8").trim().split("\n").map((line) => Number(line.split("\t")[2])).sort((a, b) =>
    a - b
  );
  const percentile = (share: number): number => (times[Math.floor(times.length * share)] ?? 0) / 1000;
  return {
    units: Number(statuses[1]),
    bytes: Number(bytes[1]),
    // Connections that end after keepalive_requests cost nginx's clients what they had just sent.
    errors: 0,
    badStatuses: Number(statuses[2]) + Number(statuses[3]),
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
  };
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (text: Buffer) => output += text);
  child.stderr.on("data", (text: Buffer) => output += text);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new Error(`${program} failed: ${output}`);
  return output;
}
