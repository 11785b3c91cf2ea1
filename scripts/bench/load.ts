/**
 * Load by wrk: a burst of requests spread over all hosts and paths.
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
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
  const child = spawn("wrk", ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, url], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (text: Buffer) => output += text);
  child.stderr.on("data", (text: Buffer) => output += text);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const line = output.match(/^\{.*\}$/m)?.[0];
  if (code !== 0 || line === undefined) throw new Error(`wrk failed: ${output}`);
  return JSON.parse(line) as Burst;
}
