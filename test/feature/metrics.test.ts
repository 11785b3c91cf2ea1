/**
 * What a scrape of the whole program shows: the names, labels and buckets that dashboards of ingress-nginx ask for.
 *
 * @module
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openEcho } from "../support/echo.ts";
import { Opened } from "../support/opened.ts";
import { type Family, parseExposition } from "../support/exposition.ts";
import { ask, ingressManifest, Sallyport, serviceManifest } from "../support/sallyport.ts";

const SLOW = { timeout: 30_000 };
const P = "nginx_ingress_controller_";
const CONTROLLER = ["controller_class", "controller_namespace", "controller_pod"];
const REQUEST = [...CONTROLLER, "canary", "host", "ingress", "method", "namespace", "path", "service", "status"].sort();

/** Name -> type and labels. */
const EXPECTED: Readonly<Record<string, readonly [type: string, labels: readonly string[]]>> = {
  requests: ["counter", REQUEST],
  request_duration_seconds: ["histogram", REQUEST],
  connect_duration_seconds: ["histogram", REQUEST],
  header_duration_seconds: ["histogram", REQUEST],
  response_duration_seconds: ["histogram", REQUEST],
  request_size: ["histogram", REQUEST],
  response_size: ["histogram", REQUEST],
  bytes_sent: ["histogram", REQUEST],
  build_info: ["gauge", [...CONTROLLER, "release", "build", "repository"].sort()],
  config_hash: ["gauge", CONTROLLER],
  config_last_reload_successful: ["gauge", CONTROLLER],
  config_last_reload_successful_timestamp_seconds: ["gauge", CONTROLLER],
  success: ["counter", CONTROLLER],
  subrequests_total: ["counter", CONTROLLER],
  subrequest_failures_total: ["counter", CONTROLLER],
  subrequests_in_flight: ["gauge", CONTROLLER],
  internal_errors_total: ["counter", CONTROLLER],
  orphan_ingress: ["gauge", [...CONTROLLER, "ingress", "namespace", "type"]],
  nginx_process_connections_total: ["counter", [...CONTROLLER, "state"]],
  nginx_process_requests_total: ["counter", CONTROLLER],
  nginx_process_connections: ["gauge", [...CONTROLLER, "state"]],
  nginx_process_num_procs: ["gauge", CONTROLLER],
  nginx_process_cpu_seconds_total: ["counter", CONTROLLER],
  nginx_process_resident_memory_bytes: ["gauge", CONTROLLER],
  nginx_process_oldest_start_time_seconds: ["gauge", CONTROLLER],
};

const BUCKETS: Readonly<Record<string, string>> = {
  request_duration_seconds: "0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf",
  response_size: "10 20 30 40 50 60 70 80 90 100 +Inf",
  bytes_sent: "10 100 1000 10000 100000 1000000 10000000 +Inf",
};

const backend = new Opened().keep(await openEcho());
const manifests: Record<string, string> = {
  "a.yaml": serviceManifest("echo", "127.0.0.1", backend.port) + ingressManifest("a", "a.example", "echo"),
  "b.yaml": ingressManifest("b", "b.example", "nowhere"),
};

async function scrape(sallyport: Sallyport): Promise<Map<string, Family>> {
  return parseExposition((await ask(sallyport.ports.healthz, "/metrics")).body);
}

const sum = (family: Family | undefined, suffix: string): number =>
  (family?.samples ?? []).filter(({ name }) => name.endsWith(suffix)).reduce((n, { value }) => n + value, 0);

describe("/metrics", () => {
  for (const workers of [0, 2]) {
    it(`has names, labels and buckets of ingress-nginx, with ${workers} workers`, SLOW, async () => {
      await using sallyport = await Sallyport.start(manifests, `--workers=${workers}`, "--enable-metrics");
      const hosts = ["a.example", "b.example", "a.example", "unknown.example"];
      await Promise.all(hosts.flatMap((host) => [sallyport.get(host, "/"), sallyport.get(host, "/x?y")]));
      const families = await scrape(sallyport);
      for (const [name, [type, labels]] of Object.entries(EXPECTED)) {
        const family = families.get(P + name);
        assert.equal(family?.type, type, name);
        for (const sample of family!.samples) {
          const { le: _, ...rest } = sample.labels;
          assert.deepEqual(Object.keys(rest).sort(), labels, name);
        }
      }
      for (const [name, bounds] of Object.entries(BUCKETS)) {
        const buckets = families.get(P + name)!.samples.filter((sample) => sample.name.endsWith("_bucket"));
        assert.equal([...new Set(buckets.map(({ labels }) => labels["le"]))].join(" "), bounds, name);
      }
      assert.equal(sum(families.get(`${P}requests`), "requests"), 6, "hosts that no Ingress names are left out");
      assert.equal(sum(families.get(`${P}request_duration_seconds`), "_count"), 6);
      assert.equal(sum(families.get(`${P}connect_duration_seconds`), "_count"), 4, "where there was an upstream");
      assert.equal(sum(families.get(`${P}nginx_process_requests_total`), "_total"), 8);
      assert.equal(sum(families.get(`${P}nginx_process_num_procs`), "_procs"), workers + 1);
    });
  }

  it("shows the process alone without --enable-metrics", SLOW, async () => {
    await using sallyport = await Sallyport.start(manifests, "--workers=0");
    await sallyport.get("a.example", "/");
    const names = [...(await scrape(sallyport)).keys()];
    assert.ok(names.includes("process_resident_memory_bytes"));
    assert.deepEqual(names.filter((name) => !name.startsWith("process_")), []);
  });

  it("follows the flags about requests", SLOW, async () => {
    await using sallyport = await Sallyport.start(
      manifests,
      "--workers=2",
      "--enable-metrics",
      "--metrics-per-host=false",
      "--report-status-classes",
      "--time-buckets=0.5,2",
      "--exclude-socket-metrics=nginx_ingress_controller_bytes_sent,request_size",
    );
    await Promise.all(["a.example", "b.example", "unknown.example"].map((host) => sallyport.get(host, "/")));
    const families = await scrape(sallyport);
    const requests = families.get(`${P}requests`)!.samples;
    assert.deepEqual(requests.map(({ labels }) => labels["status"]).sort(), ["2xx", "4xx", "5xx"]);
    assert.ok(requests.every(({ labels }) => labels["host"] === undefined));
    const durations = families.get(`${P}request_duration_seconds`)!.samples;
    assert.deepEqual([...new Set(durations.map(({ labels }) => labels["le"]).filter(Boolean))], ["0.5", "2", "+Inf"]);
    assert.equal(families.has(`${P}bytes_sent`), false);
    assert.equal(families.has(`${P}request_size`), false);
    assert.equal(families.has(`${P}response_size`), true);
  });
});
