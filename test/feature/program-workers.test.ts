/**
 * The whole program with worker processes: how many there are, how they end with it, what they count.
 *
 * @module
 */
import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { availableCores } from "../../src/observe/mod.ts";
import { openEcho } from "../support/echo.ts";
import { Opened } from "../support/opened.ts";
import { ask, ingressManifest, Sallyport, serviceManifest } from "../support/sallyport.ts";
import { runs } from "../support/worker-pool.ts";

const SLOW = { timeout: 30_000 };
const backend = new Opened().keep(await openEcho());
const manifests: Record<string, string> = {
  "a.yaml": serviceManifest("echo", "127.0.0.1", backend.port) + ingressManifest("a", "a.example", "echo"),
};

function configMap(workerProcesses: string): string {
  return `apiVersion: v1
kind: ConfigMap
metadata: {name: controller, namespace: ingress}
data: {worker-processes: "${workerProcesses}"}
`;
}

/** Resolves when none of the processes runs. */
async function gone(pids: readonly number[]): Promise<void> {
  while (pids.some(runs)) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Resolves when there are so many workers. */
async function comesTo(sallyport: Sallyport, count: number): Promise<void> {
  while (sallyport.workers.length !== count) await new Promise((resolve) => setTimeout(resolve, 10));
}

const some = async (sallyport: Sallyport, count: number, path = "/"): Promise<number[]> => {
  const told = await Promise.all(Array.from({ length: count }, () => sallyport.get("a.example", path)));
  return [...new Set(told.map(({ status }) => status))];
};

describe("sallyport run with workers", () => {
  it("has as many as there are cores, and none when there is but one", SLOW, async () => {
    await using sallyport = await Sallyport.start(manifests, "--workers=auto");
    const cores = availableCores();
    assert.equal(sallyport.workers.length, cores > 1 ? cores : 0);
    assert.deepEqual(await some(sallyport, 20), [200]);
  });

  it("follows worker-processes, also while it runs", SLOW, async () => {
    await using sallyport = await Sallyport.start(
      { ...manifests, "config.yaml": configMap("3") },
      "--workers=auto",
      "--configmap=ingress/controller",
    );
    assert.equal(sallyport.workers.length, 3);
    const seen = sallyport.log.length;
    sallyport.write("config.yaml", configMap("2"));
    await sallyport.logged((line) => line.message === "number of workers changes" && line["to"] === 2, seen);
    await sallyport.logged((line) => line.message === "configuration applied", seen);
    await comesTo(sallyport, 2);
    assert.deepEqual(await some(sallyport, 20), [200]);
  });

  it("serves alone when worker-processes is 1, and says that a change has to wait", SLOW, async () => {
    await using sallyport = await Sallyport.start(
      { ...manifests, "config.yaml": configMap("1") },
      "--workers=auto",
      "--configmap=ingress/controller",
    );
    assert.equal((await sallyport.get("a.example", "/")).status, 200);
    await gone(sallyport.workers);
    sallyport.write("config.yaml", configMap("3"));
    await sallyport.logged((line) =>
      line.message === "worker-processes takes effect when the program is started again"
    );
    assert.deepEqual(sallyport.workers, []);
  });

  it("obeys the flag before the ConfigMap", SLOW, async () => {
    await using sallyport = await Sallyport.start(
      { ...manifests, "config.yaml": configMap("3") },
      "--workers=0",
      "--configmap=ingress/controller",
    );
    assert.deepEqual(sallyport.workers, []);
    assert.equal((await sallyport.get("a.example", "/")).status, 200);
  });

  it("leaves no worker behind when it is killed", SLOW, async () => {
    await using sallyport = await Sallyport.start(manifests, "--workers=2");
    const { workers } = sallyport;
    const cut = sallyport.get("a.example", "/?delay=60000").catch(() => "cut");
    await some(sallyport, 5);
    sallyport.signal("SIGKILL");
    await gone(workers);
    assert.equal(await cut, "cut");
  });

  it("leaves no worker behind on a second signal, not even one that hangs", SLOW, async () => {
    await using sallyport = await Sallyport.start(manifests, "--workers=2");
    const { workers } = sallyport;
    process.kill(workers[0]!, "SIGSTOP");
    sallyport.signal("SIGTERM");
    await sallyport.logged((line) => line.message === "shutting down");
    assert.equal((await sallyport.insist("SIGTERM")).code, 143);
    await gone(workers);
  });

  it("leaves no worker behind when a port is in use", SLOW, async () => {
    await using first = await Sallyport.start(manifests, "--workers=2");
    const second = await Sallyport.start(manifests, "--workers=2", `--http-port=${first.ports.http}`)
      .then(() => "serves", (error: Error) => error.message);
    assert.match(second, new RegExp(`cannot listen on 127.0.0.1, port ${first.ports.http} .*in use`));
    assert.deepEqual(await some(first, 20), [200]);
  });

  it("shows the requests of all workers, those that died included", SLOW, async () => {
    await using sallyport = await Sallyport.start(manifests, "--workers=2", "--enable-metrics");
    const { healthz, status } = sallyport.ports;
    const counted = async (): Promise<number> => {
      const { body } = await ask(healthz, "/metrics");
      return Number(/^nginx_ingress_controller_requests\{.*ingress="a".*\} (\d+)$/m.exec(body)?.[1]);
    };
    await some(sallyport, 20);
    assert.equal(await counted(), 20);
    const seen = sallyport.log.length;
    process.kill(sallyport.workers[0]!, "SIGKILL");
    await sallyport.logged((line) => line.message === "worker serves again", seen);
    await some(sallyport, 7);
    assert.equal(await counted(), 27);
    const { body } = await ask(healthz, "/metrics");
    assert.match(body, /^nginx_ingress_controller_request_duration_seconds_count\{.*ingress="a".*\} 27$/m);
    assert.match(body, /^nginx_ingress_controller_nginx_process_requests_total\{.*\} 27$/m);
    assert.match(body, /^nginx_ingress_controller_nginx_process_num_procs\{.*\} 3$/m);
    assert.match((await ask(status, "/nginx_status")).body, /^ 27 27 27 $/m);
  });

  for (const workers of [0, 2]) {
    it(`serves on, and ends, while nobody reads the access log, with ${workers} workers`, SLOW, async () => {
      await using sallyport = await Sallyport.start(manifests, `--workers=${workers}`);
      sallyport.pauseStdout();
      const path = `/${"x".repeat(3000)}`;
      for (let i = 0; i < 60; i++) assert.deepEqual(await some(sallyport, 25, path), [200]);
      sallyport.signal("SIGTERM");
      await sallyport.logged((line) => line.message === "ended");
      sallyport.resumeStdout();
      assert.equal((await sallyport.ended).code, 0);
    });
  }
});
