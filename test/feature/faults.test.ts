import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openEcho } from "../support/echo.ts";
import { Opened } from "../support/opened.ts";
import { parseExposition } from "../support/exposition.ts";
import { ask, ingressManifest, Sallyport, serviceManifest } from "../support/sallyport.ts";

/** Where it throws, and the status that its request gets; `null`: a response that breaks off. */
const FAULTS: readonly (readonly [path: string, status: number | null])[] = [
  ["/request", 500],
  ["/request-late", 500],
  ["/response", 500],
  ["/response-late", 500],
  ["/middleware", 500],
  ["/middleware-late", 500],
  ["/stream", null],
  // these belong to no exchange
  ["/timer", 200],
  ["/forgotten", 200],
];
const TIMES = 3;
const METRIC = "nginx_ingress_controller_internal_errors_total";

const backend = new Opened().keep(await openEcho());

function faulty(): Promise<Sallyport> {
  const ingress = ingressManifest("a", "a.example", "echo").replace(
    "metadata: {name: a}",
    `metadata: {name: a, annotations: {nginx.ingress.kubernetes.io/enable-cors: "true"}}`,
  );
  const manifests = {
    "a.yaml": serviceManifest("echo", "127.0.0.1", backend.port) + ingress + ingressManifest("b", "b.example", "echo"),
  };
  const entry = new URL("../support/faulty-program.ts", import.meta.url);
  return Sallyport.startProgram(entry, manifests, "--workers=0", "--enable-metrics");
}

async function errors(sallyport: Sallyport): Promise<number> {
  const families = parseExposition((await ask(sallyport.ports.healthz, "/metrics")).body);
  return families.get(METRIC)!.samples[0]!.value;
}

describe("a fault of the program", () => {
  it("costs its request at most, is counted, and told once a kind", { timeout: 60_000 }, async () => {
    await using sallyport = await faulty();
    assert.equal(await errors(sallyport), 0);
    const neighbour = sallyport.get("b.example", "/?delay=500");
    for (const [path, status] of FAULTS) {
      for (let i = 0; i < TIMES; i++) {
        const told = await sallyport.get("a.example", path).catch(() => null);
        assert.equal(told?.status ?? null, status, path);
        assert.doesNotMatch(told?.body ?? "", /fault/);
      }
    }
    assert.equal((await neighbour).status, 200);
    assert.equal((await sallyport.get("a.example", "/")).status, 200);
    assert.equal(await errors(sallyport), FAULTS.length * TIMES);
    const lines = sallyport.log.filter(({ level }) => level === "error");
    assert.equal(lines.length, FAULTS.length, lines.map((line) => JSON.stringify(line)).join("\n"));
  });
});
