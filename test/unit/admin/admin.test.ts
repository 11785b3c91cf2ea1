import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { request } from "node:http";
import { after, before, describe, it } from "node:test";
import {
  type AdminListener,
  type AdminSource,
  controllerFamilies,
  createHealthApp,
  createStatusApp,
  FindingMetrics,
  OrphanMetrics,
  processFamilies,
  serveApp,
} from "../../../src/admin/mod.ts";
import type { Diagnostic } from "../../../src/diagnostic.ts";
import { formatMetrics } from "../../../src/observe/mod.ts";
import type { Snapshot } from "../../../src/snapshot/mod.ts";
import { parseExposition } from "../../support/exposition.ts";

const PRIVATE_KEY = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
  .export({ type: "pkcs8", format: "pem" }).toString();

const SNAPSHOT = {
  globals: { ports: { http: 80, https: 443 } },
  listeners: {},
  tlsProfiles: {},
  virtualHosts: {
    "a.example": {
      name: "a.example",
      names: [],
      tls: { kind: "terminate", certificate: "d/a", serverNames: ["a.example"] },
      policies: {},
      regexMode: false,
      locations: [],
    },
  },
  upstreams: {
    "d-echo-http": {
      name: "d-echo-http",
      namespace: "d",
      service: "echo",
      port: "http",
      balancer: { kind: "hash", key: "$remote_addr", subsetSize: 3 },
      endpoints: [{ address: "127.0.0.2", port: 81, pod: "echo-0", weight: 1 }],
      dns: null,
    },
    "d-echo-80": {
      name: "d-echo-80",
      namespace: "d",
      service: "echo",
      port: "80",
      balancer: { kind: "round-robin" },
      endpoints: [{ address: "127.0.0.2", port: 81, pod: "echo-0", weight: 1 }, {
        address: "::1",
        port: 81,
        pod: "",
        weight: 1,
      }],
      dns: null,
    },
  },
  certificates: {
    "d/a": {
      id: "d/a",
      certificatePem: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      privateKeyPem: PRIVATE_KEY,
      sha1: "",
      names: ["a.example"],
      notAfterMs: 1e12,
    },
  },
} as unknown as Snapshot;

const FINDING: Diagnostic = { reason: "R", severity: "warning", message: "m" };
const state = {
  unready: null as string | null,
  snapshot: SNAPSHOT as Snapshot | null,
  lastSucceeded: true,
  diagnostics: [FINDING] as readonly Diagnostic[],
};
const source: AdminSource = {
  unready: () => state.unready,
  snapshot: () => state.snapshot,
  diagnostics: () => state.diagnostics,
  serving: () => ({ accepted: 10, active: 4, requests: 20, inFlight: 1 }),
  updates: () => ({ applied: 2, failed: 1, lastSucceeded: state.lastSucceeded, lastAppliedAtMs: 1_700_000_000_500 }),
};
const metrics = {
  source,
  orphans: new OrphanMetrics(),
  findings: new FindingMetrics(),
  version: "1.2.3",
  namespace: "ns",
  pod: 'pod"x',
  controllerClass: "k8s.io/c",
};

interface Told {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: string;
}

function ask(port: number, path: string, options: { method?: string; headers?: Record<string, string> } = {}) {
  return new Promise<Told>((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, path, agent: false, ...options }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => body += text)
        .on("end", () => resolve({ status: response.statusCode!, type: response.headers["content-type"], body }));
    });
    outgoing.on("error", reject).end();
  });
}

const reported: unknown[] = [];

describe("health app", () => {
  let listener: AdminListener;
  before(async () => {
    const app = createHealthApp({ source, path: "/healthz", metrics: () => processFamilies() });
    listener = await serveApp(app, "127.0.0.1", 0, (error) => reported.push(error));
  });
  after(() => listener.close());

  it("answers ok while requests are served", async () => {
    state.unready = null;
    assert.deepEqual(await ask(listener.port, "/healthz"), {
      status: 200,
      type: "text/plain;charset=UTF-8",
      body: "ok",
    });
    assert.equal((await ask(listener.port, "/healthz", { method: "HEAD" })).status, 200);
    assert.equal((await ask(listener.port, "/healthz/ping")).body, "ok");
    assert.match((await ask(listener.port, "/healthz?verbose")).body, /^\[\+\]ping ok\n.*\nhealthz check passed\n$/);
  });

  it("answers 500 with the reason otherwise", async () => {
    state.unready = "shutting down";
    const { status, body } = await ask(listener.port, "/healthz");
    assert.equal(status, 500);
    assert.equal(body, "[+]ping ok\n[-]nginx-ingress-controller failed: shutting down\nhealthz check failed\n");
    assert.equal((await ask(listener.port, "/healthz/nginx-ingress-controller")).status, 500);
    assert.equal((await ask(listener.port, "/healthz/ping")).status, 200);
    state.unready = null;
  });

  it("tells how well the sources are, and fails for none", async () => {
    const sources = [
      { name: "manifests", state: { kind: "degraded", reason: "no such file" } },
      { name: "memory", state: { kind: "synced" } },
      { name: "late", state: { kind: "starting" } },
    ] as const;
    const app = createHealthApp({ source: { ...source, sources: () => sources }, path: "/healthz", metrics: () => [] });
    const reply = await app.request("/healthz?verbose");
    assert.equal(reply.status, 200);
    assert.deepEqual((await reply.text()).split("\n").slice(2, 5), [
      "[+]source manifests degraded: no such file",
      "[+]source memory ok",
      "[-]source late failed: it has not told all of its objects yet",
    ]);
    const families = controllerFamilies({
      ...metrics,
      source: { ...source, snapshot: () => null, sources: () => sources },
    });
    const family = families.find(({ name }) => name === "nginx_ingress_controller_source_synced");
    assert.deepEqual(family?.samples.map(({ labels, value }) => [labels?.["source"], value]), [
      ["manifests", 0],
      ["memory", 1],
      ["late", 0],
    ]);
  });

  it("answers 404 elsewhere, and 400 to targets that are no paths", async () => {
    assert.equal((await ask(listener.port, "/no-such-path")).status, 404);
    assert.equal((await ask(listener.port, "http://x/healthz")).status, 400);
    assert.equal((await ask(listener.port, "/healthz", { method: "POST" })).status, 404);
  });

  it("shows metrics", async () => {
    const { body, type } = await ask(listener.port, "/metrics");
    assert.match(type!, /^text\/plain; ?version=0\.0\.4/);
    assert.match(body, /^process_resident_memory_bytes \d+$/m);
  });

  it("answers 500 to an exception of the app, and reports it", async () => {
    const broken = createHealthApp({
      source,
      path: "/healthz",
      metrics: () => {
        throw new Error("no metrics");
      },
    });
    const other = await serveApp(broken, "127.0.0.1", 0, (error) => reported.push(error));
    try {
      assert.equal((await ask(other.port, "/metrics")).status, 500);
      assert.deepEqual(reported.map(String), ["Error: no metrics"]);
    } finally {
      reported.length = 0;
      await other.close();
    }
  });

  it("rejects when the port is in use", async () => {
    const app = createHealthApp({ source, path: "/healthz", metrics: () => [] });
    await assert.rejects(serveApp(app, "127.0.0.1", listener.port, () => {}), { code: "EADDRINUSE" });
  });
});

describe("status app", () => {
  let listener: AdminListener;
  before(async () => {
    listener = await serveApp(
      createStatusApp({ source, healthPath: "/healthz" }),
      "127.0.0.1",
      0,
      (error) => reported.push(error),
    );
  });
  after(() => listener.close());
  const json = async (path: string) => JSON.parse((await ask(listener.port, path)).body);

  it("lists backends as ingress-nginx does, the default backend among them", async () => {
    const backends = await json("/configuration/backends");
    assert.deepEqual(backends.map((b: { name: string }) => b.name), [
      "d-echo-80",
      "d-echo-http",
      "upstream-default-backend",
    ]);
    assert.deepEqual(backends[0].endpoints, [{ address: "127.0.0.2", port: "81" }, { address: "::1", port: "81" }]);
    assert.equal(backends[0].port, 80);
    assert.equal(backends[1].port, "http");
    assert.deepEqual(backends[1].upstreamHashByConfig, {
      "upstream-hash-by": "$remote_addr",
      "upstream-hash-by-subset": true,
      "upstream-hash-by-subset-size": 3,
    });
  });

  it("shows the snapshot and certificates, but never a key", async () => {
    const shown = await ask(listener.port, "/configuration");
    assert.equal(JSON.parse(shown.body).certificates["d/a"].privateKeyPem, "<redacted>");
    const certificate = await ask(listener.port, "/configuration/certs?hostname=A.example");
    assert.match(certificate.body, /BEGIN CERTIFICATE/);
    for (const path of ["/configuration", "/configuration/backends", "/configuration/certs?hostname=a.example"]) {
      assert.ok(!(await ask(listener.port, path)).body.includes("PRIVATE"), path);
    }
    assert.equal((await ask(listener.port, "/configuration/certs?hostname=b.example")).status, 404);
    assert.equal((await ask(listener.port, "/configuration/certs")).status, 400);
  });

  it("shows all findings", async () => {
    assert.deepEqual(await json("/configuration/diagnostics"), [{ reason: "R", severity: "warning", message: "m" }]);
  });

  it("tells whether there is a configuration", async () => {
    assert.equal((await ask(listener.port, "/is-dynamic-lb-initialized")).body, "OK");
    state.snapshot = null;
    assert.equal((await ask(listener.port, "/is-dynamic-lb-initialized")).status, 500);
    assert.equal((await ask(listener.port, "/configuration")).status, 503);
    state.snapshot = SNAPSHOT;
    assert.equal((await ask(listener.port, "/healthz")).status, 200);
  });

  it("writes stub_status as nginx does", async () => {
    const { body } = await ask(listener.port, "/nginx_status");
    assert.equal(
      body,
      "Active connections: 4 \nserver accepts handled requests\n 10 10 20 \nReading: 0 Writing: 1 Waiting: 3 \n",
    );
  });

  it("takes no changes, and answers only under the machine's own names", async () => {
    assert.equal((await ask(listener.port, "/configuration/backends", { method: "POST" })).status, 404);
    assert.equal((await ask(listener.port, "/")).status, 404);
    assert.equal((await ask(listener.port, "/configuration", { headers: { host: "evil.example" } })).status, 403);
    assert.equal((await ask(listener.port, "/configuration", { headers: { host: "localhost:1" } })).status, 200);
    assert.equal(
      (await ask(listener.port, "/configuration", { headers: { host: "127.0.0.1.evil.example" } })).status,
      403,
    );
  });
});

describe("controllerFamilies()", () => {
  it("has names and labels of ingress-nginx", () => {
    state.snapshot = null;
    const text = formatMetrics(controllerFamilies(metrics));
    state.snapshot = SNAPSHOT;
    const labels = 'controller_namespace="ns",controller_class="k8s.io/c",controller_pod="pod\\"x"';
    for (
      const line of [
        `nginx_ingress_controller_config_last_reload_successful{${labels}} 1`,
        `nginx_ingress_controller_config_last_reload_successful_timestamp_seconds{${labels}} 1700000000`,
        `nginx_ingress_controller_success{${labels}} 2`,
        `nginx_ingress_controller_errors{${labels}} 1`,
        `nginx_ingress_controller_nginx_process_connections{${labels},state="active"} 4`,
        `nginx_ingress_controller_nginx_process_connections_total{${labels},state="accepted"} 10`,
        `nginx_ingress_controller_nginx_process_requests_total{${labels}} 20`,
      ]
    ) assert.ok(text.split("\n").includes(line), line);
    assert.match(text, /^# TYPE nginx_ingress_controller_success counter$/m);
    parseExposition(text);
  });

  it("says that the last update failed", () => {
    state.snapshot = null;
    state.lastSucceeded = false;
    const text = formatMetrics(controllerFamilies(metrics));
    state.lastSucceeded = true;
    assert.match(text, /^nginx_ingress_controller_config_last_reload_successful\{.*\} 0$/m);
    assert.match(text, /^nginx_ingress_controller_config_hash\{.*\} 0$/m);
    const good = formatMetrics(controllerFamilies(metrics));
    assert.match(good, /^nginx_ingress_controller_config_hash\{.*\} 2$/m);
    state.snapshot = SNAPSHOT;
  });
});

describe("config_last_reload_successful", () => {
  const shown = (): string => {
    state.snapshot = null;
    const text = formatMetrics(controllerFamilies(metrics));
    state.snapshot = SNAPSHOT;
    return /^nginx_ingress_controller_config_last_reload_successful\{.*\} (\d)$/m.exec(text)![1]!;
  };
  const rows = [
    ["BrokenFile", "error", "0"],
    ["UnreadableFile", "error", "0"],
    ["UnreadableFolder", "error", "0"],
    ["TooManyFiles", "error", "0"],
    ["InvalidObject", "error", "0"],
    ["UnknownKind", "warning", "0"],
    ["ServiceNotFound", "error", "1"],
    ["UnknownField", "warning", "1"],
  ] as const;
  for (const [reason, severity, expected] of rows) {
    it(`is ${expected} while ${reason} stands, and 1 after that`, () => {
      state.diagnostics = [FINDING, { reason, severity, message: "m" }];
      assert.equal(shown(), expected);
      state.diagnostics = [FINDING];
      assert.equal(shown(), "1");
    });
  }
});

describe("FindingMetrics", () => {
  it("counts findings by severity and reason, and shows 0 for those that have been put right", () => {
    const findings = new FindingMetrics();
    const values = (...found: [Diagnostic["severity"], string][]) =>
      findings.family(found.map(([severity, reason]) => ({ severity, reason, message: "" })), { x: "y" }).samples
        .map(({ labels, value }) => [labels["severity"], labels["reason"], labels["x"], value]);
    assert.deepEqual(values(), []);
    assert.deepEqual(values(["error", "A"], ["warning", "B"], ["error", "A"], ["warning", "A"]), [
      ["error", "A", "y", 2],
      ["warning", "B", "y", 1],
      ["warning", "A", "y", 1],
    ]);
    assert.deepEqual(values(["warning", "B"]), [["error", "A", "y", 0], ["warning", "B", "y", 1], [
      "warning",
      "A",
      "y",
      0,
    ]]);
  });
});

describe("OrphanMetrics", () => {
  it("shows 1 for an Ingress without a Service or endpoints, and 0 once it is put right", () => {
    const orphans = new OrphanMetrics();
    const object = (name: string) => ({ kind: "Ingress", namespace: "d", name });
    const values = (...found: [string, string][]) =>
      orphans.family(
        found.map(([reason, name]) => ({ reason, severity: "error", message: "", object: object(name) })),
        { x: "y" },
      ).samples.map(({ labels, value }) => [labels["ingress"], labels["type"], labels["x"], value]);
    assert.deepEqual(values(["ServiceNotFound", "a"], ["NoReadyEndpoints", "b"], ["Other", "c"]), [
      ["a", "no-service", "y", 1],
      ["b", "no-endpoint", "y", 1],
    ]);
    assert.deepEqual(values(["NoReadyEndpoints", "b"]), [["a", "no-service", "y", 0], ["b", "no-endpoint", "y", 1]]);
  });
});
