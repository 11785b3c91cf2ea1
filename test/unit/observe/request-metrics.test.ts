import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Exchange, LocationFacts } from "../../../src/http/mod.ts";
import { formatMetrics, RequestMetrics, type RequestMetricsOptions } from "../../../src/observe/mod.ts";

const FACTS: LocationFacts = {
  namespace: "d",
  ingressName: "my",
  serviceName: "echo",
  servicePort: "80",
  path: "/app",
  upstreamName: "d-echo-80",
  alternativeUpstreamName: "",
};
const ATTEMPT = { address: "127.0.0.1:1", status: 200, responseMs: 30, connectMs: 1, headerMs: 20, responseBytes: 9 };

function exchangeOf(more: Partial<Record<keyof Exchange, unknown>> = {}): Exchange {
  return {
    method: "GET",
    host: "a.example",
    status: 200,
    receivedAtMs: 1000,
    location: { ...FACTS },
    attempts: [ATTEMPT],
    requestBytes: 70,
    sentBytes: 600,
    ...more,
  } as unknown as Exchange;
}

function metricsWith(options: Partial<RequestMetricsOptions> = {}): RequestMetrics {
  const metrics = new RequestMetrics({
    perHost: true,
    undefinedHosts: false,
    statusClasses: false,
    timeBuckets: [0.01, 0.1],
    lengthBuckets: [50, 100],
    sizeBuckets: [1000],
    exclude: [],
    labels: { controller_class: "c" },
    ...options,
  });
  metrics.setHost("a.example", ["a.example"]);
  return metrics;
}

const linesOf = (metrics: RequestMetrics) => formatMetrics(metrics.families()).split("\n");
const LABELS = 'controller_class="c",status="200",method="GET",path="/app",namespace="d",ingress="my",service="echo",' +
  'canary="",host="a.example"';

describe("RequestMetrics", () => {
  it("counts requests with their labels, through tables built anew", () => {
    const metrics = metricsWith();
    for (let i = 0; i < 3; i++) metrics.record(exchangeOf(), 1050);
    const lines = linesOf(metrics);
    assert.ok(lines.includes(`nginx_ingress_controller_requests{${LABELS}} 3`));
    assert.ok(lines.includes("# TYPE nginx_ingress_controller_requests counter"));
  });

  it("keeps histograms of times and sizes, summed up to each bound", () => {
    const metrics = metricsWith();
    metrics.record(exchangeOf(), 1005);
    metrics.record(exchangeOf(), 1050);
    metrics.record(exchangeOf(), 3000);
    const lines = linesOf(metrics);
    const name = "nginx_ingress_controller_request_duration_seconds";
    assert.ok(lines.includes(`${name}_bucket{${LABELS},le="0.01"} 1`));
    assert.ok(lines.includes(`${name}_bucket{${LABELS},le="0.1"} 2`));
    assert.ok(lines.includes(`${name}_bucket{${LABELS},le="+Inf"} 3`));
    assert.ok(lines.includes(`${name}_count{${LABELS}} 3`));
    assert.ok(lines.some((line) => line.startsWith(`${name}_sum{${LABELS}} 2.055`)));
    assert.ok(lines.includes(`nginx_ingress_controller_bytes_sent_sum{${LABELS}} 1800`));
    assert.ok(lines.includes(`nginx_ingress_controller_response_duration_seconds_count{${LABELS}} 3`));
  });

  it("leaves out upstream times that are not known, or of several attempts", () => {
    const metrics = metricsWith();
    metrics.record(exchangeOf({ attempts: [] }), 1050);
    metrics.record(exchangeOf({ attempts: [ATTEMPT, ATTEMPT] }), 1050);
    metrics.record(exchangeOf({ attempts: [{ ...ATTEMPT, connectMs: -1, headerMs: -1, responseMs: -1 }] }), 1050);
    assert.ok(!linesOf(metrics).some((line) => line.includes("response_duration")));
    assert.ok(!linesOf(metrics).some((line) => line.includes("connect_duration")));
  });

  it("passes over hosts that no Ingress names, unless asked", () => {
    const metrics = metricsWith();
    metrics.record(exchangeOf({ host: "b.example" }), 1050);
    assert.deepEqual(metrics.families()[0]!.samples, []);
    const all = metricsWith({ undefinedHosts: true });
    all.record(exchangeOf({ host: "b.example" }), 1050);
    assert.equal(all.families()[0]!.samples[0]!.labels["host"], "b.example");
    const none = metricsWith({ perHost: false });
    none.record(exchangeOf({ host: "b.example" }), 1050);
    assert.equal("host" in none.families()[0]!.samples[0]!.labels, false);
  });

  it("knows hosts by all their names, as long as one virtual host has them", () => {
    const metrics = metricsWith();
    metrics.setHost("b.example", ["b.example", "alias.example"]);
    metrics.setHost("c.example", ["c.example", "alias.example"]);
    metrics.setHost("c.example", ["c.example"]);
    metrics.record(exchangeOf({ host: "alias.example" }), 1050);
    metrics.removeHost("b.example");
    metrics.removeHost("b.example");
    metrics.record(exchangeOf({ host: "alias.example" }), 1050);
    assert.equal(metrics.families()[0]!.samples[0]!.value, 1);
  });

  it("shows classes of statuses when asked, and leaves out what is not wanted", () => {
    const exclude = ["nginx_ingress_controller_bytes_sent", "request_size"];
    const metrics = metricsWith({ statusClasses: true, exclude });
    metrics.record(exchangeOf({ status: 404 }), 1050);
    const lines = linesOf(metrics);
    assert.ok(lines.some((line) => line.includes('status="4xx"')));
    assert.ok(!lines.some((line) => /bytes_sent|request_size/.test(line)));
    assert.ok(lines.some((line) => line.includes("response_size_count")));
  });

  it("does not let clients make up labels", () => {
    const metrics = metricsWith();
    for (let i = 0; i < 1000; i++) metrics.record(exchangeOf({ method: `M${i}` }), 1050);
    assert.deepEqual(metrics.families()[0]!.samples.map((s) => [s.labels["method"], s.value]), [["OTHER", 1000]]);
  });

  it("begins no more series than it may, and counts on in those that there are", () => {
    const metrics = metricsWith({ undefinedHosts: true, maxSeries: 2 });
    for (const host of ["a.example", "b.example", "c.example", "a.example"]) metrics.record(exchangeOf({ host }), 1050);
    const counted = () => metrics.families()[0]!.samples.map(({ labels, value }) => [labels["host"], value]);
    assert.deepEqual(counted(), [["a.example", 2], ["b.example", 1]]);
    metrics.take();
    metrics.record(exchangeOf({ host: "c.example" }), 1050);
    assert.deepEqual(counted(), [["c.example", 1]], "what was handed over makes room");
    metrics.retain(new Set());
    for (const host of ["d.example", "e.example"]) metrics.record(exchangeOf({ host }), 1050);
    assert.deepEqual(counted(), [["d.example", 1], ["e.example", 1]], "and so does what was forgotten");
  });

  it("counts requests for each upstream of a location apart", () => {
    const metrics = metricsWith();
    metrics.record(exchangeOf(), 1050);
    for (let i = 0; i < 2; i++) {
      metrics.record(exchangeOf({ location: { ...FACTS, alternativeUpstreamName: "d-new-80" } }), 1050);
    }
    const counted = (from: RequestMetrics) => from.families()[0]!.samples.map((s) => [s.labels["canary"], s.value]);
    assert.deepEqual(counted(metrics), [["", 1], ["d-new-80", 2]]);
    const other = metricsWith();
    other.add(metrics.take());
    assert.deepEqual(counted(other), [["", 1], ["d-new-80", 2]]);
  });

  it("forgets Ingresses that are gone", () => {
    const metrics = metricsWith();
    const location = { ...FACTS };
    metrics.record(exchangeOf({ location }), 1050);
    metrics.retain(new Set(["d/my"]));
    assert.equal(metrics.families()[0]!.samples.length, 1);
    metrics.retain(new Set());
    assert.deepEqual(metrics.families()[0]!.samples, []);
    // A request that began before the change ends after it.
    metrics.record(exchangeOf({ location }), 1050);
    assert.equal(metrics.families()[0]!.samples[0]!.value, 1);
  });

  it("hands over what it counted, to be added up elsewhere", () => {
    const sum = metricsWith();
    const workers = [metricsWith({ labels: {} }), metricsWith({ labels: {} })];
    const over = (): void => workers.forEach((worker) => sum.add(JSON.parse(JSON.stringify(worker.take()))));
    for (const worker of workers) worker.record(exchangeOf(), 1005);
    over();
    assert.deepEqual(workers[0]!.families()[0]!.samples, []);
    const location = { ...FACTS };
    workers[1]!.record(exchangeOf({ location }), 1050);
    over();
    workers[1]!.record(exchangeOf({ location, status: 404 }), 1050);
    over();
    over();

    const alone = metricsWith();
    for (const atMs of [1005, 1005, 1050]) alone.record(exchangeOf(), atMs);
    alone.record(exchangeOf({ status: 404 }), 1050);
    assert.deepEqual(linesOf(sum), linesOf(alone));
  });

  it("keeps what was counted elsewhere without an Ingress, and forgets that of Ingresses that are gone", () => {
    const worker = metricsWith({ undefinedHosts: true });
    worker.record(exchangeOf({ location: null, status: 400 }), 1050);
    worker.record(exchangeOf(), 1050);
    const sum = metricsWith();
    sum.add(JSON.parse(JSON.stringify(worker.take())));
    sum.retain(new Set());
    assert.deepEqual(sum.families()[0]!.samples.map(({ labels }) => labels["status"]), ["400"]);
  });

  it("begins a location that was forgotten anew, for all who ask for it", () => {
    const metrics = metricsWith();
    const [former, latter] = [{ ...FACTS }, { ...FACTS }];
    metrics.record(exchangeOf({ location: former }), 1050);
    metrics.retain(new Set());
    metrics.record(exchangeOf({ location: latter }), 1050);
    metrics.record(exchangeOf({ location: former }), 1050);
    assert.equal(metrics.families()[0]!.samples[0]!.value, 2);
  });
});
