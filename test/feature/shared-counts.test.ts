import assert from "node:assert/strict";
import process from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runtime } from "../../src/runtime/mod.ts";
import { firstUpdate, location, ofTest, virtualHost } from "../support/snapshot.ts";
import { fakeGlobals } from "../support/policy.ts";
import { Workers } from "../support/worker-pool.ts";

const PROGRAM = fileURLToPath(new URL("../support/counting-worker.ts", import.meta.url));

interface Levels {
  readonly requests: number;
  readonly held: number;
  readonly pid: number;
}

function hostWith(path: string) {
  const policies = ofTest({ counting: { path } });
  return virtualHost("a.example", [location("prefix /", undefined, { policies })]);
}

async function ask(workers: Workers, path: string): Promise<Levels> {
  return JSON.parse((await workers.get("a.example", path)).body) as Levels;
}

/** Asks, each time on a new connection, until every worker that runs says that. */
async function untilAllSay(workers: Workers, wanted: Partial<Levels>): Promise<void> {
  const agree = new Set<number>();
  while (!workers.pool.pids.every((pid) => agree.has(pid))) {
    const levels = await ask(workers, "/peek");
    const agrees = Object.entries(wanted).every(([name, level]) => levels[name as keyof Levels] === level);
    if (agrees) agree.add(levels.pid);
  }
}

async function start(): Promise<Workers> {
  const workers = new Workers({ command: runtime().selfCommand(PROGRAM) });
  await workers.apply(firstUpdate({ globals: fakeGlobals(), hosts: [hostWith("/")] }));
  await workers.listen();
  return workers;
}

describe("counts of policies", () => {
  test("are summed over two workers, and kept when the configuration changes", async () => {
    await using workers = await start();
    for (let i = 0; i < 40; i++) await ask(workers, "/count");
    await untilAllSay(workers, { requests: 40 });
    await workers.apply(firstUpdate({ hosts: [hostWith("/other")] }));
    await untilAllSay(workers, { requests: 40 });
    await ask(workers, "/count");
    await untilAllSay(workers, { requests: 41 });
  });

  test("that do not leak lose the share of a worker that dies, and reach the one that takes its place", async () => {
    await using workers = await start();
    const shares = new Map<number, number>();
    while (shares.size < 2 || [...shares.values()].reduce((sum, share) => sum + share, 0) < 10) {
      const { pid } = await ask(workers, "/hold");
      shares.set(pid, (shares.get(pid) ?? 0) + 1);
    }
    const total = [...shares.values()].reduce((sum, share) => sum + share, 0);
    await untilAllSay(workers, { held: total });
    const [victim] = shares.keys();
    process.kill(victim!, "SIGKILL");
    await workers.logged("worker serves again");
    await untilAllSay(workers, { held: total - shares.get(victim!)! });
    assert.ok(!workers.pool.pids.includes(victim!));
  });
});
