/**
 * Load by wrk: a burst of requests spread over all hosts and paths. Over HTTP/2 by h2load, which knows one host only.
 */
import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hosts, paths } from "./workload.ts";

export interface Burst {
  readonly requests: number;
  /** Connections that broke, and answers that were none. */
  readonly errors: number;
  /** Answers with a status of 400 or more. */
  readonly badStatuses: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface BurstOptions {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Script from {@link writeScript}. */
  readonly script: string;
}

/** Requests are made before the burst begins, so that wrk has time to send them. */
export function writeScript(
  folder: string,
  all: readonly string[] = hosts(),
  under: readonly string[] = paths(),
): string {
  const file = join(folder, "load.lua");
  writeFileSync(
    file,
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
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"errors":%d,"badStatuses":%d,"p50Ms":%.3f,"p99Ms":%.3f}\\n', summary.requests,
    e.connect + e.read + e.write + e.timeout, e.status, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
`,
  );
  return file;
}

export async function burst({ url, connections, seconds, script }: BurstOptions): Promise<Burst> {
  const output = await run("wrk", ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, url]);
  const line = output.match(/^\{.*\}$/m)?.[0];
  if (line === undefined) throw new Error(`wrk failed: ${output}`);
  return JSON.parse(line) as Burst;
}

/** Streams at a time on each connection of {@link burstOfStreams}. */
const STREAMS = 4;

/** The same over HTTP/2. `script` is the folder for files that are needed for a moment. */
export async function burstOfStreams({ url, connections, seconds, script: folder }: BurstOptions): Promise<Burst> {
  const uris = join(folder, "uris.txt");
  const log = join(folder, "h2load.log");
  writeFileSync(uris, paths().map((path) => `${url.replace(/\/$/, "")}${path}/x?y=1\n`).join(""));
  rmSync(log, { force: true });
  const fields = [
    `:authority: ${hosts().at(-1)}`,
    "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "accept: */*",
    "accept-encoding: gzip, deflate, br",
    "accept-language: en",
  ].flatMap((field) => ["-H", field]);
  const load = ["-t1", `-c${connections}`, `-m${STREAMS}`, `-D${seconds}`, `--log-file=${log}`, "-i", uris];
  const output = await run("h2load", [...load, ...fields]);
  const done = output.match(/(\d+) done, .* (\d+) errored/);
  const statuses = output.match(/status codes: (\d+) 2xx, \d+ 3xx, (\d+) 4xx, (\d+) 5xx/);
  if (done === null || statuses === null) throw new Error(`h2load failed: ${output}`);
  // Start, status and microseconds of each request.
  const times = readFileSync(log, "utf8").trim().split("\n").map((line) => Number(line.split("\t")[2])).sort((a, b) =>
    a - b
  );
  const percentile = (share: number): number => (times[Math.floor(times.length * share)] ?? 0) / 1000;
  return {
    requests: Number(statuses[1]),
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
