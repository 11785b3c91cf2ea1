import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";
import { it } from "node:test";
import type { TLSSocket } from "node:tls";
import { makeSelfSigned } from "../../src/proxy/tls/self-signed.ts";
import { random } from "../support/random.ts";
import { Sallyport } from "../support/sallyport.ts";
import { Churn, HOST, SOCKET_HOST } from "./churn.ts";
import { Connection, type Target } from "./h1-client.ts";
import { Judge } from "./judge.ts";
import { keepAsking, keepAskingH2, keepTalking, sleep, type Weather } from "./traffic.ts";

const STORM_MS = 1000 * Number(process.env["STORM_SECONDS"] ?? 20);
const SEED = Number(process.env["STORM_SEED"] ?? 3);
const KILL_EVERY_MS = 3500;
const WORKERS = 2;
const WEB_SOCKETS = 1000;
const CLIENTS = 6;
/** Connections that are made to meet all workers: the kernel deals them out as it likes. */
const MAX_TRIES = 400;

/** A WebSocket takes two descriptors here, and as many in a worker when the other is dead. */
function webSockets(): number {
  const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? Infinity);
  return Math.min(WEB_SOCKETS, Math.floor((limit - 300) / 4));
}

async function killWorkers(weather: Weather, sallyport: Sallyport, seen: Set<number>): Promise<void> {
  for (let n = 0;; n++) {
    await sleep(KILL_EVERY_MS);
    if (!weather.going) return;
    const workers = sallyport.workers;
    assert.equal(workers.length, WORKERS);
    for (const pid of workers) seen.add(pid);
    const from = sallyport.log.length;
    const pid = workers[n % WORKERS]!;
    const over = weather.judge.kill(pid);
    process.kill(pid, "SIGKILL");
    await sallyport.logged((line) => line.message.startsWith("worker died"), from);
    over();
    await sallyport.logged((line) => line.message === "worker serves again", from);
  }
}

/** Asks until every worker has answered, and shows each answer to `look`. */
async function meetAll(target: Target, workers: readonly number[], look: (connection: Connection) => Promise<void>) {
  const missing = new Set(workers);
  for (let n = 0; missing.size > 0; n++) {
    assert.ok(n < MAX_TRIES, `workers ${[...missing].join(", ")} answer nobody`);
    const connection = new Connection(target);
    try {
      await look(connection);
      assert.ok(workers.includes(connection.worker), `unknown worker ${connection.worker}`);
      missing.delete(connection.worker);
    } finally {
      connection.close();
    }
  }
}

it("a storm of changes and killed workers costs no request and no WebSocket but those of the killed", async () => {
  const pairs = await Promise.all(
    Array.from(
      { length: 4 },
      () => makeSelfSigned({ commonName: HOST, organization: "storm", names: [HOST], days: 90 }),
    ),
  );
  const churn = new Churn(random(SEED), pairs);
  const manifests = await churn.begin();
  const judge = new Judge();
  const weather: Weather = { judge, going: true };
  await using sallyport = await Sallyport.start(manifests, `--workers=${WORKERS}`, "--configmap=default/storm");
  churn.follow(sallyport);
  const plain = { port: sallyport.ports.http, tls: false, host: HOST };
  const secure = { port: sallyport.ports.https, tls: true, host: HOST };
  const sockets = { ...plain, host: SOCKET_HOST };
  const seen = new Set<number>(sallyport.workers);

  const clients: Promise<void>[] = [];
  for (let id = 0; id < webSockets(); id++) clients.push(keepTalking(weather, sockets, id));
  for (let id = 0; id < CLIENTS; id++) {
    clients.push(keepAsking(weather, plain, id), keepAsking(weather, secure, id), keepAskingH2(weather, secure, id));
  }
  const blowing = churn.blow(weather);
  const killing = killWorkers(weather, sallyport, seen);
  await sleep(STORM_MS);
  weather.going = false;
  await Promise.all([blowing, killing, ...clients]);

  // Every worker serves the last state.
  const last = await churn.settle(weather);
  const workers = sallyport.workers;
  for (const pid of workers) seen.add(pid);
  assert.equal(workers.length, WORKERS);
  await meetAll(plain, workers, async (connection) => {
    const { status, fields } = await connection.ask("GET", "/last");
    assert.deepEqual([status, fields.get("x-version")], [200, last.version]);
    for (const host of last.hosts) assert.equal((await connection.ask("GET", "/", "", "", host)).status, 200, host);
    assert.equal((await connection.ask("GET", "/", "", "", last.gone)).status, 404);
  });
  const fingerprint = new X509Certificate(last.certificate.certificatePem).fingerprint256;
  await meetAll(secure, workers, async (connection) => {
    const { status } = await connection.ask("GET", "/last");
    assert.equal(status, 200);
    assert.equal((connection.socket as TLSSocket).getPeerCertificate().fingerprint256, fingerprint);
  });

  sallyport.signal("SIGTERM");
  const { code, stdout } = await sallyport.ended;
  await churn.end();
  console.log(JSON.stringify({ changes: churn.changes, kills: judge.kills, ...judge.counts }));
  // A backend that stops resets a connection that it has not accepted yet: that request is sent to the next endpoint.
  const expected = ["worker died", "an attempt failed, the next endpoint is tried"];
  const told = sallyport.log.filter(({ level, message }) =>
    (level === "error" || level === "warning") && !expected.some((start) => message.startsWith(start))
  );
  assert.deepEqual(judge.failures, []);
  assert.equal(code, 0);
  assert.deepEqual(told, []);
  for (const pid of seen) assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  const torn = stdout.split("\n").slice(0, -1).filter((line) => !/^127\.0\.0\.1 - - \[.*\S{32}$/.test(line));
  assert.deepEqual(torn.slice(0, 3), []);
  assert.ok(judge.kills >= 2, `only ${judge.kills} workers killed`);
});
