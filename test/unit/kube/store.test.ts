import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { keyOf, type KubeObject, readObject, Store } from "../../../src/kube/mod.ts";

function object(value: unknown, line = 1): KubeObject {
  const reading = readObject(value, { kind: "file", file: "a.yaml", line });
  assert(reading.kind === "object", JSON.stringify(reading));
  return reading.object;
}

function slice(name: string, service: string, address = "10.0.0.1", line = 1): KubeObject {
  const labels = { "kubernetes.io/service-name": service };
  return object({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name, labels },
    addressType: "IPv4",
    endpoints: [{ addresses: [address] }],
  }, line);
}

function secret(value: string, line = 1): KubeObject {
  return object({ apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { a: value } }, line);
}

describe("Store", () => {
  test("tells what came, changed and went, each once", () => {
    const store = new Store();
    const first = secret("a");
    const second = secret("b");
    assert.deepEqual(store.apply({ put: [first], remove: [] }), [
      { key: "Secret/default/s", kind: "Secret", before: undefined, after: first },
    ]);
    assert.deepEqual(store.apply({ put: [second], remove: [] }), [
      { key: "Secret/default/s", kind: "Secret", before: first, after: second },
    ]);
    assert.deepEqual(store.apply({ put: [], remove: ["Secret/default/s", "Secret/default/none", "No/such/kind"] }), [
      { key: "Secret/default/s", kind: "Secret", before: second, after: undefined },
    ]);
    assert.equal(store.size, 0);
  });

  test("tells nothing of an object that says the same, and knows where it stands now", () => {
    const store = new Store();
    store.apply({ put: [secret("a", 1)], remove: [] });
    assert.deepEqual(store.apply({ put: [secret("a", 9)], remove: [] }), []);
    assert.deepEqual(store.secret("default", "s")?.source, { kind: "file", file: "a.yaml", line: 9 });
  });

  test("puts an object that is removed and put in one batch", () => {
    const store = new Store();
    const first = secret("a");
    store.apply({ put: [first], remove: [] });
    const second = secret("b");
    assert.deepEqual(store.apply({ put: [second], remove: [keyOf(first)] }).map((change) => change.after), [second]);
  });

  test("has the slices of a Service sorted by name, and follows the label", () => {
    const store = new Store();
    store.apply({ put: [slice("b", "x"), slice("a", "x"), slice("c", "y"), slice("d", "")], remove: [] });
    const names = (service: string) => store.endpointSlices("default", service).map((slice) => slice.metadata.name);
    assert.deepEqual(names("x"), ["a", "b"]);
    store.apply({ put: [slice("a", "y"), slice("b", "x", "10.0.0.2")], remove: [] });
    assert.deepEqual(names("x"), ["b"]);
    assert.deepEqual(store.endpointSlices("default", "x")[0]?.endpoints[0]?.addresses, ["10.0.0.2"]);
    assert.deepEqual(names("y"), ["a", "c"]);
    store.apply({ put: [], remove: ["EndpointSlice/default/a", "EndpointSlice/default/b", "EndpointSlice/default/c"] });
    assert.deepEqual([...names("x"), ...names("y")], []);
  });

  test("finds objects by kind, namespace and name", () => {
    const store = new Store();
    store.apply({
      put: [
        object({ apiVersion: "v1", kind: "Namespace", metadata: { name: "n", labels: { a: "b" } } }),
        object({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", namespace: "n" } }),
        object({ apiVersion: "v1", kind: "Service", metadata: { name: "s", namespace: "n" }, spec: {} }),
      ],
      remove: [],
    });
    assert.equal(store.namespace("n")?.metadata.labels["a"], "b");
    assert.equal(store.configMap("n", "c")?.metadata.name, "c");
    assert.equal(store.configMap("default", "c"), undefined);
    assert.equal(store.service("n", "s")?.kind, "Service");
    assert.equal(store.endpoints("n", "s"), undefined);
    assert.equal(store.get("ConfigMap/n/c")?.kind, "ConfigMap");
    assert.equal(store.get("Nobody/n/c"), undefined);
    assert.deepEqual([...store.ofKind("Service")].map(({ spec }) => spec.type), ["ClusterIP"]);
    assert.deepEqual([...store.ofKind("Secret")], []);
    assert.deepEqual([...store.objects()].map(keyOf).sort(), ["ConfigMap/n/c", "Namespace//n", "Service/n/s"]);
  });
});
