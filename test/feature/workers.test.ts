/**
 * Worker processes: what becomes of updates, connections and numbers while they come and go.
 *
 * @module
 */
import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { RequestMetricsOptions } from "../../src/observe/mod.ts";
import { runtime } from "../../src/runtime/mod.ts";
import type { SnapshotUpdate, VirtualHost } from "../../src/snapshot/mod.ts";
import { openEcho } from "../support/echo.ts";
import { Opened } from "../support/opened.ts";
import { firstUpdate, laterUpdate, location, upstream, virtualHost } from "../support/snapshot.ts";
import { runs, Workers } from "../support/worker-pool.ts";

const SLOW = { timeout: 30_000 };
const ECHO = "default-echo-80";
const METRICS: RequestMetricsOptions = {
  perHost: true,
  undefinedHosts: false,
  statusClasses: false,
  timeBuckets: [1],
  lengthBuckets: [1000],
  sizeBuckets: [1000],
  exclude: [],
  labels: {},
};
const backend = new Opened().keep(await openEcho());

const hostOf = (name: string): VirtualHost => virtualHost(name, [location("prefix /", ECHO)]);
const first = (...names: string[]): SnapshotUpdate =>
  firstUpdate({ hosts: names.map(hostOf), upstreams: [upstream(ECHO, [`127.0.0.1:${backend.port}`])] });
const bring = (...names: string[]): SnapshotUpdate => laterUpdate({ hosts: names.map(hostOf) });
/** Tables cannot be built from it. */
const POISON = laterUpdate({ hosts: [{ name: "poison.example" } as VirtualHost] });
const takeBack = laterUpdate({ hosts: [], removeHosts: ["poison.example"] });
/** Takes a worker some time to read. */
const large = (): SnapshotUpdate => bring(...Array.from({ length: 20_000 }, (_, i) => `h${i}.example`));

/** Workers that serve a.example. */
async function serving(options: ConstructorParameters<typeof Workers>[0] = {}): Promise<Workers> {
  const workers = new Workers(options);
  await workers.apply(first("a.example"));
  await workers.listen();
  return workers;
}

describe("WorkerPool", () => {
  it("serves an update from all workers when it says so", SLOW, async () => {
    await using workers = await serving();
    assert.deepEqual(await workers.statuses("a.example"), [200]);
    assert.deepEqual(await workers.statuses("b.example"), [404]);
    await workers.apply(bring("b.example"));
    assert.deepEqual(await workers.statuses("b.example"), [200]);
  });

  it("rejects an update that a worker refuses, and brings all back", SLOW, async () => {
    await using workers = await serving();
    const { pids } = workers.pool;
    await assert.rejects(workers.apply(POISON), { message: /^a worker process cannot apply the configuration: / });
    await workers.apply(takeBack);
    assert.deepEqual(await workers.statuses("a.example"), [200]);
    await workers.apply(bring("b.example"));
    assert.deepEqual(await workers.statuses("b.example"), [200]);
    assert.deepEqual(workers.pool.pids, pids);
  });

  it("replaces workers that refuse to be brought back, by some with what was good", SLOW, async () => {
    await using workers = await serving({ count: 1 });
    await assert.rejects(workers.apply(POISON));
    await assert.rejects(workers.apply(POISON));
    await workers.logged("worker serves again");
    assert.deepEqual(await workers.statuses("a.example"), [200]);
  });

  it("rejects an update that all workers die of", SLOW, async () => {
    const dying = fileURLToPath(new URL("../support/dying-worker.ts", import.meta.url));
    await using workers = new Workers({ command: [...runtime().selfCommand(dying), "apply"] });
    await assert.rejects(workers.apply(first("a.example")), {
      message: "the worker processes die of the configuration",
    });
  });

  for (const [what, command] of [["end at once", "false"], ["are not to be found", "/no/such/program"]] as const) {
    it(`says that workers ${what}`, SLOW, async () => {
      await using workers = new Workers({ command: [command] });
      await assert.rejects(workers.apply(first("a.example")), {
        name: "WorkerStartError",
        message: /^worker processes cannot be started: (status 1$|.*ENOENT|.*[Nn]o such)/,
      });
    });
  }

  it("gives up the start when a worker dies again and again before it listens", SLOW, async () => {
    const dying = fileURLToPath(new URL("../support/dying-worker.ts", import.meta.url));
    await using workers = new Workers({ command: [...runtime().selfCommand(dying), "listen"] });
    await workers.apply(first("a.example"));
    await assert.rejects(workers.listen(), { name: "WorkerStartError", message: /dies again and again: status 1$/ });
  });

  it("has a worker that is killed while it starts replaced, and waits for it", SLOW, async () => {
    await using workers = new Workers();
    process.kill(workers.pool.pids[0]!, "SIGKILL");
    await workers.apply(first("a.example"));
    process.kill(workers.pool.pids[0]!, "SIGKILL");
    await workers.listen();
    assert.equal(workers.pool.pids.length, 2);
    assert.deepEqual(await workers.statuses("a.example"), [200]);
  });

  for (const count of [1, 2]) {
    it(`loses no update to a worker that is killed while ${count} take${count === 1 ? "s" : ""} it`, SLOW, async () => {
      await using workers = await serving({ count });
      const applying = workers.apply(large());
      process.kill(workers.pool.pids[0]!, "SIGKILL");
      await applying;
      await workers.logged("worker serves again");
      assert.deepEqual(await workers.statuses("h19999.example"), [200]);
      assert.deepEqual(await workers.statuses("a.example"), [200]);
    });
  }

  it("gives a new worker the whole configuration", SLOW, async () => {
    await using workers = await serving();
    await workers.apply(bring("b.example"));
    const [victim] = workers.pool.pids;
    process.kill(victim!, "SIGKILL");
    await workers.logged("worker serves again");
    assert.ok(!workers.pool.pids.includes(victim!));
    assert.deepEqual(await workers.statuses("b.example"), [200]);
    await workers.apply(bring("c.example"));
    assert.deepEqual(await workers.statuses("c.example"), [200]);
  });

  it("replaces a worker that hangs", SLOW, async () => {
    await using workers = await serving({ silenceMs: 2500 });
    const [victim] = workers.pool.pids;
    process.kill(victim!, "SIGSTOP");
    // An update is not held up for longer than that.
    await workers.apply(bring("b.example"));
    await workers.logged("worker serves again");
    assert.ok(workers.lines.some((line) => line.includes("said nothing for 3 s")));
    assert.ok(!runs(victim!));
    assert.deepEqual(await workers.statuses("b.example"), [200]);
  });

  it("sums what workers count, those that died included", SLOW, async () => {
    await using workers = await serving({
      metrics: { options: METRICS, add: (counts) => void counted.push(...counts) },
    });
    const counted: typeof workers.counts = [];
    await workers.statuses("a.example", 20);
    await workers.pool.refresh();
    const requests = () => counted.reduce((sum, each) => sum + each.requests, 0);
    assert.equal(requests(), 20);
    assert.equal(workers.pool.counters().requests, 20);
    assert.equal(workers.pool.counters().processes, 2);
    for (const pid of workers.pool.pids) process.kill(pid, "SIGKILL");
    await workers.logged("worker serves again", 2);
    await workers.statuses("a.example", 5);
    await workers.pool.refresh();
    assert.equal(workers.pool.counters().requests, 25);
    assert.equal(requests(), 25);
  });

  it("does not wait for the numbers of a worker that does not answer", SLOW, async () => {
    await using workers = await serving();
    await workers.statuses("a.example", 20);
    await workers.pool.refresh();
    process.kill(workers.pool.pids[0]!, "SIGSTOP");
    await workers.pool.refresh();
    assert.equal(workers.pool.counters().requests, 20);
  });

  it("tells the sum of all workers at /nginx_status, whichever answers", SLOW, async () => {
    await using workers = await serving();
    await workers.statuses("a.example", 20);
    for (let i = 0; i < 6; i++) {
      const { body } = await workers.get("unknown.example", "/nginx_status");
      assert.match(body, new RegExp(`^ ${21 + i} ${21 + i} ${20 + i} $`, "m"));
    }
  });

  it("becomes more or fewer workers, without a failed request", SLOW, async () => {
    await using workers = await serving({ count: 1 });
    workers.pool.resize(3, 1000);
    await workers.logged("worker serves", 2);
    assert.equal(workers.pool.pids.length, 3);
    assert.deepEqual(await workers.statuses("a.example"), [200]);
    const slow = Promise.all(Array.from({ length: 12 }, () => workers.get("a.example", "/?delay=300")));
    await workers.statuses("a.example");
    workers.pool.resize(1, 5000);
    assert.deepEqual([...new Set((await slow).map(({ status }) => status))], [200]);
    await workers.pool.close(0);
    assert.equal(workers.pool.counters().requests, 60);
  });

  it("ends when all requests in flight have ended, with every line of the access log whole", SLOW, async () => {
    await using workers = await serving();
    const { pids } = workers.pool;
    const slow = Promise.all(Array.from({ length: 40 }, (_, i) => workers.get("a.example", `/slow-${i}-?delay=500`)));
    await workers.statuses("a.example");
    await workers.pool.close(10_000);
    assert.deepEqual([...new Set((await slow).map(({ status }) => status))], [200]);
    assert.ok(pids.every((pid) => !runs(pid)));
    const lines = workers.accessLog.split("\n");
    assert.equal(lines.pop(), "");
    assert.equal(lines.length, 64);
    assert.deepEqual(lines.filter((line) => !/^127\.0\.0\.1 .*"GET \/.* HTTP\/1\.1" 200 /.test(line)), []);
    for (let i = 0; i < 40; i++) assert.ok(lines.some((line) => line.includes(`/slow-${i}-`)));
  });

  it("ends although a worker is killed, or hangs, meanwhile", SLOW, async () => {
    await using workers = await serving();
    const cut = workers.get("a.example", "/?delay=60000").catch(() => "cut");
    await workers.statuses("a.example");
    const closing = workers.pool.close(60_000);
    for (const pid of workers.pool.pids) process.kill(pid, "SIGKILL");
    await closing;
    assert.equal(await cut, "cut");
    assert.deepEqual(workers.lines.filter((line) => line.includes("started again")), []);
  });

  it("says once what all workers have to say about an update", SLOW, async () => {
    await using workers = await serving();
    const { globals } = first();
    const accessLog = { ...globals!.accessLog, skipUrls: ["~("] };
    await workers.apply(laterUpdate({ globals: { ...globals!, accessLog } }));
    const told = workers.lines.filter((line) => line.includes("cannot read an expression of skip-access-log-urls"));
    assert.equal(told.length, 1);
  });
});
