import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { readManifestText } from "../../src/kube/manifest/manifest-text.ts";
import { keyOf, type KubeObject, readObject, Store } from "../../src/kube/mod.ts";
import { ingressText } from "../support/manifest-folder.ts";
import { YAML_PIECES } from "../support/pieces.ts";
import { type Random, random } from "../support/random.ts";

const GOOD = `${ingressText("a", "a.example")}---
apiVersion: v1
kind: Service
metadata: {name: s, labels: &l {x: "1"}}
spec: {type: ClusterIP, ports: [{name: http, port: 80, targetPort: 8080, protocol: TCP}], selector: *l}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
data: {a: aGVsbG8=}
stringData:
  b: |
    text
    more
---
kind: List
items:
- apiVersion: discovery.k8s.io/v1
  kind: EndpointSlice
  metadata: {name: e, labels: {kubernetes.io/service-name: s}}
  addressType: IPv4
  endpoints: [{addresses: [10.0.0.1], conditions: {ready: true}}]
  ports: [{name: http, port: 8080}]
`;

/** Text with some bytes or pieces put in, taken out, doubled. */
function mutate(text: string, next: Random): Buffer {
  let bytes = Buffer.from(text);
  for (let n = next(6) + 1; n > 0; n--) {
    const at = next(bytes.length + 1);
    const end = Math.min(bytes.length, at + next(20));
    const middle = [
      () => Buffer.from(next.of(YAML_PIECES)),
      () => Buffer.from([next(256)]),
      () => Buffer.alloc(0),
      () => Buffer.concat([bytes.subarray(at, end), bytes.subarray(at, end)]),
    ][next(4)]!();
    bytes = Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(next(2) === 0 ? at : end)]);
  }
  return bytes;
}

const HOSTILE: readonly unknown[] = [
  undefined,
  null,
  true,
  -1,
  70000,
  80.5,
  NaN,
  Infinity,
  "",
  "x",
  "a".repeat(300),
  [],
  {},
  [[]],
  [null],
  { "": 1 },
  "\ud800",
  "../..",
  JSON.parse('{"__proto__":{"a":1}}'),
];

const OBJECTS: readonly unknown[] = [
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "a", annotations: { b: "c" } },
    spec: {
      ingressClassName: "n",
      defaultBackend: { service: { name: "s", port: { number: 1 } } },
      rules: [{
        host: "h.example",
        http: { paths: [{ path: "/", pathType: "Prefix", backend: { resource: { kind: "k", name: "n" } } }] },
      }],
      tls: [{ hosts: ["h.example"], secretName: "s" }],
    },
  },
  {
    apiVersion: "extensions/v1beta1",
    kind: "Ingress",
    metadata: { name: "a" },
    spec: {
      backend: { serviceName: "s", servicePort: "80" },
      rules: [{ http: { paths: [{ backend: { serviceName: "s", servicePort: 1 } }] } }],
    },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "s" },
    spec: {
      type: "ExternalName",
      externalName: "e.example",
      clusterIP: "None",
      ports: [{ name: "p", port: 1, targetPort: "t", protocol: "TCP" }],
      selector: { a: "b" },
    },
  },
  {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name: "s" },
    subsets: [{ addresses: [{ ip: "::1", targetRef: { kind: "Pod", name: "p" } }], ports: [{ port: 1 }] }],
  },
  {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "s" },
    addressType: "IPv4",
    endpoints: [{
      addresses: ["1.2.3.4"],
      conditions: { ready: true },
      hints: { forZones: [{ name: "z" }] },
      topology: {},
    }],
    ports: [{ port: 1 }],
  },
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "s" },
    type: "Opaque",
    data: { a: "" },
    stringData: { b: "c" },
  },
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { a: "b" } },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "IngressClass",
    metadata: { name: "c" },
    spec: { controller: "k8s.io/x" },
  },
  {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "n", labels: { a: "b" }, creationTimestamp: "2024-01-01T00:00:00Z", generation: 1, uid: "u" },
  },
];

/** A copy in which a value somewhere is a hostile one. */
function poison(value: unknown, next: Random): unknown {
  if (typeof value !== "object" || value === null || next(5) === 0) return next.of(HOSTILE);
  if (Array.isArray(value)) {
    const at = next(value.length || 1);
    return value.map((item, i) => i === at ? poison(item, next) : item);
  }
  const names = Object.keys(value);
  const name = next.of(names.length === 0 ? ["x"] : names);
  return { ...value, [name]: poison((value as Record<string, unknown>)[name], next) };
}

describe("any manifest", () => {
  test("readManifestText() ends with content or a finding, whatever the bytes", async () => {
    const next = random(20261);
    for (let i = 0; i < 3000; i++) {
      const bytes = mutate(GOOD, next);
      const reading = await readManifestText(next(4) === 0 ? "a.json" : "a.yaml", bytes);
      if (reading.kind === "broken") assert(reading.problem.message.length > 0);
      else new Store().apply({ put: reading.text.documents.flatMap((document) => document.objects), remove: [] });
    }
  });

  test("readManifestText() of changed bytes is the same with and without what was read before", async () => {
    const next = random(7);
    const first = await readManifestText("a.yaml", Buffer.from(GOOD));
    assert(first.kind === "read");
    let kept = 0;
    for (let i = 0; i < 500; i++) {
      const bytes = mutate(GOOD, next);
      const fresh = await readManifestText("a.yaml", bytes);
      const again = await readManifestText("a.yaml", bytes, first.text);
      if (again.kind !== "read" || fresh.kind !== "read") {
        assert.deepEqual(again, fresh, bytes.toString());
        continue;
      }
      assert.deepEqual(again.text.documents, fresh.text.documents, bytes.toString());
      // kept is what was good, is refused or may be, and is not there now; nothing without a refusal
      const present = new Set(fresh.text.documents.flatMap(({ objects }) => objects.map(keyOf)));
      const refused = new Set(fresh.text.documents.flatMap(({ refusals }) => refusals.map(({ key }) => key)));
      const expected: KubeObject[] = first.text.documents.flatMap(({ objects }) => objects)
        .filter((object) => !present.has(keyOf(object)) && (refused.has(null) || refused.has(keyOf(object))));
      assert.deepEqual(again.text.kept, expected, bytes.toString());
      kept += expected.length;
    }
    assert(kept > 10, String(kept));
  });

  test("readObject() gives a whole object or findings, whatever the values", () => {
    const next = random(42);
    for (let i = 0; i < 20_000; i++) {
      const value = poison(next.of(OBJECTS), next);
      const reading = readObject(value, { kind: "file", file: "a.yaml" });
      if (reading.kind !== "invalid") continue;
      assert(reading.diagnostics.length > 0);
      for (const { message } of reading.diagnostics) assert(message.length > 0 && message.length < 1000);
    }
  });
});
