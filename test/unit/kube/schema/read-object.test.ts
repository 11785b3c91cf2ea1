import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readObject } from "../../../../src/kube/mod.ts";
import type { KubeObject } from "../../../../src/kube/mod.ts";

const SOURCE = { kind: "file", file: "a.yaml", line: 1 } as const;

/** The object, or a failure of the test. */
function good(value: unknown): KubeObject {
  const reading = readObject(value, SOURCE);
  assert.equal(reading.kind, "object", JSON.stringify(reading));
  return (reading as { object: KubeObject }).object;
}

/** `field: message` of each finding. */
function problems(value: unknown): string[] {
  const reading = readObject(value, SOURCE);
  if (reading.kind !== "invalid") return [reading.kind];
  return reading.diagnostics.map(({ field, message }) => field === undefined ? message : `${field}: ${message}`);
}

type Json = Record<string, unknown>;

const PATH = { path: "/", pathType: "Prefix", backend: { service: { name: "echo", port: { number: 80 } } } };

function ingress(spec: unknown, metadata: Json = {}, apiVersion = "networking.k8s.io/v1"): Json {
  return { apiVersion, kind: "Ingress", metadata: { name: "a", ...metadata }, spec };
}

function withPath(path: Json): Json {
  return ingress({ rules: [{ host: "a.example", http: { paths: [{ ...PATH, ...path }] } }] });
}

function service(spec: Json): Json {
  return { apiVersion: "v1", kind: "Service", metadata: { name: "s" }, spec };
}

describe("readObject() of an Ingress", () => {
  test("normalises: defaults filled in, hosts in lower case, only what counts", () => {
    const object = good(ingress({
      rules: [{ host: "A.Example", http: { paths: [{ backend: PATH.backend }] } }, { host: "*.b.example" }],
      tls: [{ hosts: ["A.Example"] }, { secretName: "s" }],
      defaultBackend: { resource: { apiGroup: "k8s.example.com", kind: "StorageBucket", name: "assets" } },
    }, { creationTimestamp: "2024-01-01T00:00:00Z", annotations: { x: null, "n.io/y": "z" }, managedFields: [{}] }));
    assert.deepEqual(JSON.parse(JSON.stringify(object)), {
      kind: "Ingress",
      metadata: {
        namespace: "default",
        name: "a",
        uid: "",
        creationTimestampMs: 1704067200000,
        generation: 0,
        annotations: { x: "", "n.io/y": "z" },
        labels: {},
      },
      spec: {
        ingressClassName: "",
        defaultBackend: { kind: "resource", resource: "k8s.example.com/StorageBucket/assets" },
        rules: [
          {
            host: "a.example",
            paths: [{
              path: "/",
              pathType: "ImplementationSpecific",
              backend: { kind: "service", name: "echo", port: { kind: "number", number: 80 } },
            }],
          },
          { host: "*.b.example", paths: [] },
        ],
        tls: [{ hosts: ["a.example"], secretName: "" }, { hosts: [], secretName: "s" }],
      },
      source: SOURCE,
    });
  });

  for (const apiVersion of ["networking.k8s.io/v1beta1", "extensions/v1beta1"]) {
    test(`reads ${apiVersion}`, () => {
      const object = good(ingress(
        {
          backend: { serviceName: "rest", servicePort: 80 },
          rules: [{
            host: "a.example",
            http: {
              paths: [{ path: "/app", backend: { serviceName: "echo", servicePort: "http" } }, {
                backend: { serviceName: "echo", servicePort: "8080" },
              }],
            },
          }],
        },
        {},
        apiVersion,
      ));
      assert(object.kind === "Ingress");
      assert.deepEqual(object.spec.defaultBackend, {
        kind: "service",
        name: "rest",
        port: { kind: "number", number: 80 },
      });
      assert.deepEqual(object.spec.rules[0]?.paths.map((path) => path.backend), [
        { kind: "service", name: "echo", port: { kind: "name", name: "http" } },
        { kind: "service", name: "echo", port: { kind: "number", number: 8080 } },
      ]);
    });
  }

  const passing: [string, Json][] = [
    ["a path with groups of type Prefix", { path: "/lb/(zl/.*)" }],
    ["a path with a look-ahead of type Prefix", { path: "/(?!admin)[^/]+$" }],
    ["anything after the slash of ImplementationSpecific", {
      path: "/a//b/../%2f{",
      pathType: "ImplementationSpecific",
    }],
    ["no path of ImplementationSpecific", { path: "", pathType: "ImplementationSpecific" }],
    ["no pathType", { pathType: undefined }],
    ["pathType null", { pathType: null }],
    ["a named port", { backend: { service: { name: "echo", port: { name: "http" } } } }],
    ["an empty port name beside a number", { backend: { service: { name: "echo", port: { name: "", number: 80 } } } }],
  ];
  for (const [name, path] of passing) test(`accepts ${name}`, () => void good(withPath(path)));

  const AT = "spec.rules[0].http.paths[0]";
  const refused: [string, Json, string][] = [
    ["a relative path", { path: "a" }, `${AT}.path: Invalid value: "a": must be an absolute path: must begin with '/'`],
    [
      "no path of Exact",
      { path: "", pathType: "Exact" },
      `${AT}.path: Invalid value: "": must be an absolute path: must begin with '/'`,
    ],
    ["two slashes", { path: "/a//b" }, `${AT}.path: Invalid value: "/a//b": must not contain '//'`],
    ["a step up", { path: "/a/../b" }, `${AT}.path: Invalid value: "/a/../b": must not contain '/../'`],
    ["a step up at the end", { path: "/a/.." }, `${AT}.path: Invalid value: "/a/..": must not end with '/..'`],
    ["an encoded slash", { path: "/a%2Fb" }, `${AT}.path: Invalid value: "/a%2Fb": must not contain '%2F'`],
    [
      "an unknown pathType",
      { pathType: "Regex" },
      `${AT}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"`,
    ],
    ["no backend", { backend: undefined }, `${AT}.backend: Required value`],
    ["an empty backend", { backend: {} }, `${AT}.backend: Required value: service or resource`],
    [
      "both backends",
      { backend: { ...PATH.backend, resource: { kind: "x", name: "y" } } },
      `${AT}.backend: Invalid value: cannot set both resource and service`,
    ],
    [
      "a Service name in capitals",
      { backend: { service: { name: "Echo", port: { number: 80 } } } },
      `${AT}.backend.service.name: Invalid value: "Echo": must be the name of a Service: at most 63 lower-case letters, digits and '-'`,
    ],
    ["no port", { backend: { service: { name: "echo" } } }, `${AT}.backend.service.port: Required value`],
    [
      "an empty port",
      { backend: { service: { name: "echo", port: {} } } },
      `${AT}.backend.service.port: Required value: port name or number`,
    ],
    [
      "two ports",
      { backend: { service: { name: "echo", port: { name: "a", number: 1 } } } },
      `${AT}.backend.service.port: Invalid value: "a": cannot set both a port name and a port number`,
    ],
    [
      "port -1",
      { backend: { service: { name: "echo", port: { number: -1 } } } },
      `${AT}.backend.service.port.number: Invalid value: -1: must be between 1 and 65535`,
    ],
    [
      "port 70000",
      { backend: { service: { name: "echo", port: { number: 70000 } } } },
      `${AT}.backend.service.port.number: Invalid value: 70000: must be between 1 and 65535`,
    ],
    [
      "port 80.5",
      { backend: { service: { name: "echo", port: { number: 80.5 } } } },
      `${AT}.backend.service.port.number: Invalid value: 80.5: must be between 1 and 65535`,
    ],
    [
      "a port in quotes",
      { backend: { service: { name: "echo", port: { number: "x" } } } },
      `${AT}.backend.service.port.number: Invalid value: "x": must be a number between 1 and 65535`,
    ],
    [
      "fields of v1beta1",
      { backend: { serviceName: "echo", servicePort: 80 } },
      `${AT}.backend: Required value: service or resource: serviceName and servicePort are fields of v1beta1; v1 has ` +
      "service.name and service.port.number",
    ],
  ];
  for (const [name, path, problem] of refused) {
    test(`refuses ${name}`, () => assert.deepEqual(problems(withPath(path)), [problem]));
  }

  const HOST_RULE = "must be a DNS name, or one with '*' as its first label";
  for (
    const host of [
      "a..example",
      "1.2.3.4",
      "a_b.example",
      "*",
      "*.*.example",
      "a.*.example",
      "a.example:80",
      "-a.example",
      "a ",
      `${"a".repeat(254)}`,
    ]
  ) {
    test(`refuses host ${JSON.stringify(host.slice(0, 20))}`, () => {
      const quoted = host.length > 80 ? `"${host.slice(0, 80)}..."` : JSON.stringify(host);
      assert.deepEqual(problems(ingress({ rules: [{ host }], tls: [{ hosts: [host] }] })), [
        `spec.rules[0].host: Invalid value: ${quoted}: ${HOST_RULE}`,
        `spec.tls[0].hosts[0]: Invalid value: ${quoted}: ${HOST_RULE}`,
      ]);
    });
  }

  test("refuses a spec without rules and default backend", () => {
    assert.deepEqual(problems(ingress({})), ["spec: Required value: either a default backend or rules must be there"]);
    assert.deepEqual(problems(ingress(undefined)), ["spec: Required value"]);
    assert.deepEqual(problems(ingress({ rules: [{ http: {} }] })), ["spec.rules[0].http.paths: Required value"]);
  });

  test("tells all that is wrong with an object, up to ten findings", () => {
    const paths = Array.from({ length: 50 }, () => ({ ...PATH, pathType: "x" }));
    assert.equal(problems(ingress({ rules: [{ http: { paths } }] })).length, 10);
  });

  test("warns of unknown fields and reads the rest", () => {
    const reading = readObject(
      JSON.parse(`{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"a","anotations":{}},"spec":
        {"ingressclassname":"x","backend":{},"__proto__":{"polluted":true},"rules":[{"host":"a.example","paths":[]}]}}`),
      SOURCE,
    );
    assert(reading.kind === "object");
    assert.deepEqual(reading.warnings.map((warning) => `${warning.severity} ${warning.field}`), [
      "warning metadata.anotations",
      "warning spec.ingressclassname",
      "warning spec.backend",
      "warning spec[__proto__]",
      "error spec.rules[0].paths",
    ]);
    assert.equal((reading.object as unknown as Json)["polluted"], undefined);
  });

  for (const name of ["https", "Http", "paths", "htpp", "routes"]) {
    test(`${name} in the place of http is an error, as the rule serves nothing`, () => {
      const reading = readObject(ingress({ rules: [{ host: "a.example", [name]: { paths: [PATH] } }] }), SOURCE);
      assert(reading.kind === "object");
      assert.deepEqual(reading.warnings.map(({ severity, field, effect }) => [severity, field, effect]), [
        ["error", `spec.rules[0].${name}`, "the field is not read, and the rule, which has no http, serves nothing"],
      ]);
      assert.match(reading.warnings[0]!.message, /the nearest known one is http$/);
    });
  }

  test("a field more in a rule that has http is a warning", () => {
    const reading = readObject(ingress({ rules: [{ host: "a.example", http: { paths: [PATH] }, tls: true }] }), SOURCE);
    assert(reading.kind === "object");
    assert.deepEqual(reading.warnings.map(({ severity }) => severity), ["warning"]);
  });
});

describe("readObject() of metadata", () => {
  test("refuses annotations that are not strings, as YAML often gives them", () => {
    assert.deepEqual(
      problems(ingress({ rules: [{}] }, { annotations: { "a.io/b": true, c: 8, d: ["x"] }, labels: { e: 1.5 } })),
      [
        "metadata.annotations[a.io/b]: Invalid value: true: must be a string: put it in quotes",
        "metadata.annotations.c: Invalid value: 8: must be a string: put it in quotes",
        "metadata.annotations.d: Invalid value: a list: must be a string: put it in quotes",
        "metadata.labels.e: Invalid value: 1.5: must be a string: put it in quotes",
      ],
    );
  });

  test("refuses __proto__ and other keys that are no names, and pollutes nothing", () => {
    const object = JSON.parse(
      '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n","labels":{"__proto__":"x","a b":"c"}}}',
    );
    assert.equal(problems(object).length, 2);
    assert.match(problems(object)[0]!, /^metadata\.labels\[__proto__\]: Invalid value: "__proto__": the name must be/);
    assert.equal(({} as Json)["x"], undefined);
  });

  test("gives annotations without a prototype", () => {
    const { metadata } = good(ingress({ rules: [{}] }, { annotations: { a: "b" } }));
    assert.equal(metadata.annotations["constructor"], undefined);
    assert.equal(good(ingress({ rules: [{}] })).metadata.annotations["toString"], undefined);
  });

  const NAME_RULE = "must be a DNS name: at most 253 lower-case letters, digits, '-' and '.'";
  const names: [unknown, string[]][] = [
    [undefined, ["metadata.name: Required value"]],
    ["", ["metadata.name: Required value"]],
    [7, ["metadata.name: Invalid value: 7: must be a string"]],
    ["A_b", [`metadata.name: Invalid value: "A_b": ${NAME_RULE}`]],
    ["../etc", [`metadata.name: Invalid value: "../etc": ${NAME_RULE}`]],
    ["xxx.your-domain.com", ["object"]],
  ];
  for (const [name, expected] of names) {
    test(`name ${JSON.stringify(name)}`, () =>
      assert.deepEqual(problems(ingress({ rules: [{}] }, { name })), expected));
  }

  test("bounds long text", () => {
    const long = "x".repeat(10_000_000);
    assert.deepEqual(problems(ingress({ rules: [{}] }, { annotations: { a: long } })), [
      "metadata.annotations: Too long: must have at most 262144 characters in all",
    ]);
    assert.deepEqual(problems(withPath({ path: `/${long}` })), [
      "spec.rules[0].http.paths[0].path: Too long: 10000001 characters: must have at most 4096",
    ]);
    assert.equal(problems(ingress({ rules: [{}] }, { name: long })).length, 1);
  });

  test("bounds long lists", () => {
    const rules = Array.from({ length: 10_001 }, () => 1);
    assert.deepEqual(problems(ingress({ rules })), ["spec.rules: Too many: 10001: must have at most 10000 items"]);
  });

  test("refuses what is no time", () => {
    assert.deepEqual(problems(ingress({ rules: [{}] }, { creationTimestamp: "yesterday" })), [
      'metadata.creationTimestamp: Invalid value: "yesterday": must be a time such as "2024-01-31T12:00:00Z"',
    ]);
    assert.equal(good(ingress({ rules: [{}] }, { creationTimestamp: null })).metadata.creationTimestampMs, 0);
  });
});

describe("readObject() of a Service", () => {
  const spec = (value: Json) => {
    const object = good(service(value));
    assert(object.kind === "Service");
    return object.spec;
  };

  test("fills in defaults", () => {
    assert.deepEqual(spec({ ports: [{ port: 80 }] }), {
      type: "ClusterIP",
      clusterIP: "",
      externalName: "",
      ports: [{ name: "", protocol: "TCP", port: 80, targetPort: 80, appProtocol: "" }],
      publishNotReadyAddresses: false,
      hasSelector: false,
    });
  });

  test("reads headless, NodePort, LoadBalancer and ExternalName", () => {
    assert.equal(spec({ clusterIP: "None", selector: { app: "x" } }).hasSelector, true);
    assert.equal(
      spec({ type: "NodePort", ports: [{ port: 80, nodePort: 30000, targetPort: "web" }] }).ports[0]?.targetPort,
      "web",
    );
    assert.equal(spec({ type: "LoadBalancer", ports: [{ port: 53, protocol: "UDP" }] }).ports[0]?.protocol, "UDP");
    assert.equal(spec({ type: "ExternalName", externalName: "db.example." }).externalName, "db.example.");
  });

  const refused: [Json, string][] = [
    [{ ports: [{ port: -1 }] }, "spec.ports[0].port: Invalid value: -1: must be between 1 and 65535"],
    [{ ports: [{ port: 70000 }] }, "spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535"],
    [{ ports: [{ port: "x" }] }, 'spec.ports[0].port: Invalid value: "x": must be a number'],
    [{ ports: [{}] }, "spec.ports[0].port: Required value"],
    [
      { ports: [{ port: 1, targetPort: 70000 }] },
      "spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535",
    ],
    [
      { ports: [{ port: 1, protocol: "HTTP" }] },
      'spec.ports[0].protocol: Unsupported value: "HTTP": supported values: "TCP", "UDP", "SCTP"',
    ],
    [
      { type: "External" },
      'spec.type: Unsupported value: "External": supported values: "ClusterIP", "NodePort", "LoadBalancer", "ExternalName"',
    ],
    [{ type: "ExternalName" }, "spec.externalName: Required value"],
    [{ clusterIP: "x" }, 'spec.clusterIP: Invalid value: "x": must be an IP address or "None"'],
    [{ ports: {} }, "spec.ports: Invalid value: a mapping: must be a list"],
  ];
  for (const [value, problem] of refused) {
    test(`refuses ${JSON.stringify(value)}`, () => assert.deepEqual(problems(service(value)), [problem]));
  }
});

describe("readObject() of endpoints", () => {
  test("reads EndpointSlices of v1 and v1beta1", () => {
    const slice = (apiVersion: string, endpoint: Json) =>
      good({
        apiVersion,
        kind: "EndpointSlice",
        metadata: { name: "s-1", labels: { "kubernetes.io/service-name": "s" } },
        addressType: "IPv4",
        endpoints: [{ addresses: ["10.0.0.1"], targetRef: { kind: "Pod", name: "s-0" }, ...endpoint }],
        ports: [{ port: 8080 }, { name: "all", port: null }],
      });
    const v1 = slice("discovery.k8s.io/v1", {
      conditions: { ready: null },
      nodeName: "n",
      zone: "z",
      hints: { forZones: [{ name: "z" }] },
    });
    const beta = slice("discovery.k8s.io/v1beta1", {
      topology: { "kubernetes.io/hostname": "n", "topology.kubernetes.io/zone": "z" },
      hints: { forZones: [{ name: "z" }] },
    });
    assert.deepEqual(JSON.parse(JSON.stringify(v1)), JSON.parse(JSON.stringify(beta)));
    assert(v1.kind === "EndpointSlice");
    assert.equal(v1.serviceName, "s");
    assert.deepEqual(v1.endpoints, [{
      addresses: ["10.0.0.1"],
      ready: true,
      serving: true,
      terminating: false,
      podName: "s-0",
      zone: "z",
      nodeName: "n",
      forZones: ["z"],
    }]);
    assert.deepEqual(v1.ports, [{ name: "", protocol: "TCP", port: 8080 }]);
  });

  test("refuses an address of another kind", () => {
    const value = (addressType: string, address: string) => ({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "s" },
      addressType,
      endpoints: [{ addresses: [address] }],
    });
    assert.deepEqual(problems(value("IPv6", "10.0.0.1")), [
      'endpoints[0].addresses[0]: Invalid value: "10.0.0.1": must be an IPv6 address',
    ]);
    assert.deepEqual(problems(value("IPv4", "x")), [
      'endpoints[0].addresses[0]: Invalid value: "x": must be an IPv4 address',
    ]);
    assert.deepEqual(problems(value("FQDN", "db.example")), ["object"]);
  });

  test("reads Endpoints and leaves out what is not ready", () => {
    const object = good({
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: { name: "s", namespace: "n" },
      subsets: [{
        addresses: [{ ip: "10.254.18.46" }],
        notReadyAddresses: [{ ip: "10.0.0.9" }],
        ports: [{ port: 80 }],
      }],
    });
    assert(object.kind === "Endpoints");
    assert.deepEqual(object.subsets, [{
      addresses: [{ ip: "10.254.18.46", podName: "", nodeName: "" }],
      ports: [{ name: "", protocol: "TCP", port: 80 }],
    }]);
    assert.deepEqual(
      problems({
        apiVersion: "v1",
        kind: "Endpoints",
        metadata: { name: "s" },
        subsets: [{ addresses: [{ ip: "10.0.0.300" }] }],
      }),
      ['subsets[0].addresses[0].ip: Invalid value: "10.0.0.300": must be an IP address'],
    );
  });
});

describe("readObject() of Secrets and ConfigMaps", () => {
  const secret = (rest: Json) => ({ apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, ...rest });

  test("decodes data, and stringData goes before it", () => {
    const object = good(secret({ data: { a: "aGVsbG8=", b: "aGV\nsbG8=", c: null }, stringData: { a: "ü" } }));
    assert(object.kind === "Secret");
    assert.equal(object.type, "Opaque");
    assert.deepEqual([...object.data].map(([key, bytes]) => [key, new TextDecoder().decode(bytes)]), [
      ["a", "ü"],
      ["b", "hello"],
      ["c", ""],
    ]);
  });

  test("keeps the type", () => {
    const object = good(secret({ type: "kubernetes.io/tls" }));
    assert.equal(object.kind === "Secret" && object.type, "kubernetes.io/tls");
  });

  test("refuses what is no base64, and never repeats a value", () => {
    const found = problems(secret({ data: { a: "se cret", "tls.key": "aGVsbG8" }, stringData: { b: 12345 } }));
    assert.deepEqual(found, [
      "data.a: Invalid value: must be base64 with padding (plain text goes in stringData)",
      "data[tls.key]: Invalid value: must be base64 with padding (plain text goes in stringData)",
      "stringData.b: Invalid value: must be a string: put it in quotes",
    ]);
    assert.deepEqual(problems(secret({ data: "hunter2" })), ["data: Invalid value: must be a mapping"]);
  });

  test("bounds data at 1 MiB", () => {
    assert.deepEqual(problems(secret({ stringData: { a: "x".repeat(1_200_000) } })), [
      "Too long: data must have at most 1048576 bytes",
    ]);
    assert.deepEqual(problems(secret({ data: { a: "x".repeat(10_000_000) } })), [
      "data: Too long: must have at most 1048576 bytes",
    ]);
  });

  test("reads a ConfigMap and passes over binaryData", () => {
    const object = good({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "c" },
      data: JSON.parse('{"9000":"default/db:8443","__proto__":"x"}'),
      binaryData: { b: 1 },
    });
    assert(object.kind === "ConfigMap");
    assert.deepEqual([...object.data], [["9000", "default/db:8443"], ["__proto__", "x"]]);
    assert.deepEqual(
      problems({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { a: true, "b/c": "" } }),
      [
        "data.a: Invalid value: true: must be a string: put it in quotes",
        `data[b/c]: Invalid value: "b/c": the key must be letters, digits, '-', '_' and '.'`,
      ],
    );
  });
});

describe("readObject() of other things", () => {
  test("reads cluster-wide kinds without a namespace", () => {
    const object = good({
      apiVersion: "networking.k8s.io/v1",
      kind: "IngressClass",
      metadata: { name: "nginx", namespace: "x" },
      spec: { controller: "k8s.io/ingress-nginx" },
    });
    assert.equal(object.metadata.namespace, "");
    assert.equal(object.kind === "IngressClass" && object.spec.controller, "k8s.io/ingress-nginx");
  });

  test("passes over other kinds, and kinds of one name in other groups", () => {
    assert.deepEqual(problems({ apiVersion: "apps/v1", kind: "Deployment" }), ["passed-over"]);
    assert.deepEqual(problems({ apiVersion: "serving.knative.dev/v1", kind: "Service" }), ["passed-over"]);
    assert.deepEqual(problems({ apiVersion: "v1", kind: "constructor" }), ["passed-over"]);
    assert.deepEqual(problems({ apiVersion: "v1", kind: "__proto__" }), ["passed-over"]);
    for (const kind of ["Pod", "ServiceAccount", "Event", "Node"]) {
      assert.deepEqual(problems({ apiVersion: "v1", kind }), ["passed-over"], kind);
    }
    assert.deepEqual(problems({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" }), ["passed-over"]);
  });

  test("tells of a kind that is nearly one of its group", () => {
    assert.deepEqual(problems({ apiVersion: "networking.k8s.io/v1", kind: "Ingres" }), [
      'kind: unknown kind "Ingres" of networking.k8s.io/v1; the nearest known one is Ingress',
    ]);
    assert.deepEqual(problems({ apiVersion: "v1", kind: "configmap" }), [
      'kind: unknown kind "configmap" of v1; the nearest known one is ConfigMap',
    ]);
    assert.deepEqual(problems({ apiVersion: "apps/v1", kind: "Ingres" }), ["passed-over"]);
  });

  test("refuses an unknown version of a known kind", () => {
    assert.deepEqual(problems({ apiVersion: "networking.k8s.io/v2", kind: "Ingress" }), [
      'apiVersion: Unsupported value: "networking.k8s.io/v2": supported values: "networking.k8s.io/v1", ' +
      '"networking.k8s.io/v1beta1", "extensions/v1beta1"',
    ]);
  });

  test("refuses what is no object", () => {
    assert.deepEqual(problems("text"), ['Invalid value: "text": must be a Kubernetes object']);
    assert.deepEqual(problems([1]), ["Invalid value: a list: must be a Kubernetes object"]);
    assert.deepEqual(problems({}), ["kind: Required value"]);
    assert.deepEqual(problems({ kind: 1 }), ["kind: Invalid value: 1: must be a string"]);
    assert.deepEqual(problems({ kind: "Ingress" }), ["apiVersion: Required value"]);
  });
});

/** `severity field: message; effect` of what is said about an Ingress that is read. */
function warnings(value: unknown): string[] {
  const reading = readObject(value, SOURCE);
  assert(reading.kind === "object", JSON.stringify(reading));
  return reading.warnings.map(({ severity, field, message, effect }) => `${severity} ${field}: ${message}; ${effect}`);
}

describe("readObject() names fields that are misspelt", () => {
  const NONE_HERE = "unknown field: an Ingress of networking.k8s.io/v1 has none of this name here";
  const FOR_ALL = "the field is not read, and the rule, which has no host, is for all hosts";
  const http = { paths: [PATH] };
  const HOSTS: readonly [what: string, spec: Json, field: string][] = [
    ["hosts: a list", { rules: [{ hosts: ["a.example"], http }] }, "spec.rules[0].hosts"],
    ["Host", { rules: [{ Host: "a.example", http }] }, "spec.rules[0].Host"],
    ["hostname", { rules: [{ hostname: "a.example", http }] }, "spec.rules[0].hostname"],
    ["hst", { rules: [{ hst: "a.example", http }] }, "spec.rules[0].hst"],
    ["an empty host beside it", { rules: [{ host: "", hosts: ["a.example"], http }] }, "spec.rules[0].hosts"],
    [
      "the second rule",
      { rules: [{ host: "b.example", http }, { domain: "a.example", http }] },
      "spec.rules[1].domain",
    ],
    ["host a level too high", { host: "a.example", rules: [{ http }] }, "spec.host"],
    ["host a level too low", { rules: [{ http: { host: "a.example", ...http } }] }, "spec.rules[0].http.host"],
    [
      "host within a path",
      { rules: [{ http: { paths: [{ ...PATH, host: "a.example" }] } }] },
      "spec.rules[0].http.paths[0].host",
    ],
  ];
  for (const [what, spec, field] of HOSTS) {
    test(`and make a rule for all hosts an error: ${what}`, () => {
      assert.deepEqual(warnings(ingress(spec)), [
        `error ${field}: ${NONE_HERE}; the nearest known one is host; ${FOR_ALL}`,
      ]);
    });
  }

  test("also where nothing is like them", () => {
    assert.deepEqual(warnings(ingress({ rules: [{ vanity: "a.example", http }] })), [
      `error spec.rules[0].vanity: ${NONE_HERE}; ${FOR_ALL}`,
    ]);
  });

  test("and warn where the rule has its host", () => {
    assert.deepEqual(warnings(ingress({ rules: [{ host: "a.example", hosts: ["b.example"], http }] })), [
      `warning spec.rules[0].hosts: ${NONE_HERE}; the nearest known one is host; the field is not read`,
    ]);
    assert.deepEqual(warnings(ingress({ rules: [{ http, paths: [] }] })), [
      `warning spec.rules[0].paths: ${NONE_HERE}; the field is not read`,
    ]);
    assert.deepEqual(warnings(ingress({ rules: [{ http }], tls: [{ host: "a.example" }] })), [
      `warning spec.tls[0].host: ${NONE_HERE}; the nearest known one is hosts; the field is not read`,
    ]);
  });

  const SPLIT =
    "the rule has paths and no host, and the one before it a host and no paths: they may be one rule, with a " +
    "dash too many; the rule, which has no host, is for all hosts";
  for (
    const [what, rules, said] of [
      ["a rule that a dash too many has split", [{ host: "a.example" }, { http }], `error spec.rules[1]: ${SPLIT}`],
      [
        "one with nothing in its half",
        [{ host: "a.example", http: null }, { host: null, http }],
        `error spec.rules[1]: ${SPLIT}`,
      ],
      [
        "a host that is null",
        [{ host: "a.example", http }, { host: null, http }],
        "warning spec.rules[1].host: the host is null; the rule, which has no host, is for all hosts",
      ],
    ] as const
  ) test(`and warn of ${what}`, () => assert.deepEqual(warnings(ingress({ rules })), [said]));

  for (
    const [what, rules] of [
      ["a rule without a host", [{ http }]],
      ["a host that is empty", [{ host: "", http }]],
      ["a rule without a host behind one with paths", [{ host: "a.example", http }, { http }]],
      ["a host without paths", [{ host: "a.example" }]],
      ["a host without paths behind a rule without a host", [{ http }, { host: "a.example" }]],
    ] as const
  ) test(`and take ${what}`, () => assert.deepEqual(warnings(ingress({ rules })), []));

  test("and make a path that takes all paths an error", () => {
    const path = { Path: "/admin", pathType: "ImplementationSpecific", backend: PATH.backend };
    assert.deepEqual(warnings(ingress({ rules: [{ host: "a.example", http: { paths: [path] } }] })), [
      `error spec.rules[0].http.paths[0].Path: ${NONE_HERE}; the nearest known one is path; ` +
      "the field is not read, and the path, which is empty, takes all paths of the host",
    ]);
  });

  test("also where that makes the object invalid", () => {
    assert.deepEqual(problems(ingress({ rule: [{ host: "a.example", http }] })), [
      "spec: Required value: either a default backend or rules must be there",
      `spec.rule: ${NONE_HERE}; the nearest known one is rules`,
    ]);
    assert.deepEqual(problems(ingress({ backend: PATH.backend })), [
      "spec: Required value: either a default backend or rules must be there",
      `spec.backend: ${NONE_HERE}; the nearest known one is defaultBackend`,
    ]);
  });
});

describe("readObject() knows the versions of an Ingress", () => {
  test("and that v1 wants a pathType", () => {
    const paths = [{ ...PATH, pathType: undefined }, PATH, { ...PATH, path: "/b", pathType: null }];
    const spec = { rules: [{ host: "a.example", http: { paths } }] };
    assert.deepEqual(warnings(ingress(spec)).map((line) => line.split(":")[0]), [
      "warning spec.rules[0].http.paths[0].pathType",
      "warning spec.rules[0].http.paths[2].pathType",
    ]);
    const backend = { serviceName: "echo", servicePort: 80 };
    const beta = { rules: [{ host: "a.example", http: { paths: [{ path: "/", backend }] } }] };
    assert.deepEqual(warnings(ingress(beta, {}, "networking.k8s.io/v1beta1")), []);
  });

  test("and says how v1beta1 writes a backend", () => {
    assert.deepEqual(
      problems(ingress({ rules: [{ host: "a.example", http: { paths: [PATH] } }] }, {}, "networking.k8s.io/v1beta1")),
      [
        "spec.rules[0].http.paths[0].backend: Required value: serviceName: service is a field of networking.k8s.io/v1; " +
        "v1beta1 has serviceName and servicePort",
      ],
    );
  });

  for (const apiVersion of ["v1", "networking.k8s.io", "apps/v1", "network.k8s.io/v1", "networking.k8.io/v1"]) {
    test(`and refuses ${apiVersion}`, () => {
      const [first, ...more] = problems(ingress({ rules: [{ host: "a.example" }] }, {}, apiVersion));
      assert.match(first!, /^apiVersion: Unsupported value: .*"networking\.k8s\.io\/v1"/);
      assert.deepEqual(more, []);
    });
  }
});

describe("readObject() names kinds that route requests elsewhere", () => {
  const KINDS = [
    ["gateway.networking.k8s.io/v1", "HTTPRoute"],
    ["gateway.networking.k8s.io/v1beta1", "HTTPRoute"],
    ["gateway.networking.k8s.io/v1alpha2", "TCPRoute"],
    ["traefik.io/v1alpha1", "IngressRoute"],
    ["traefik.containo.us/v1alpha1", "IngressRoute"],
    ["k8s.nginx.org/v1", "VirtualServer"],
    ["projectcontour.io/v1", "HTTPProxy"],
    ["networking.istio.io/v1beta1", "VirtualService"],
    ["route.openshift.io/v1", "Route"],
  ] as const;
  for (const [apiVersion, kind] of KINDS) {
    test(`${kind} of ${apiVersion}`, () => {
      const reading = readObject({ apiVersion, kind, metadata: { name: "a" } }, SOURCE);
      assert(reading.kind === "invalid");
      const [finding, ...more] = reading.diagnostics;
      assert.deepEqual(more, []);
      assert.equal(finding?.reason, "KindNotServed");
      assert.equal(finding.severity, "warning");
      assert.equal(finding.unserved, true);
      assert.deepEqual(finding.object, { kind, namespace: "default", name: "a" });
    });
  }

  test("and passes over what goes with them", () => {
    for (const kind of ["Gateway", "GatewayClass", "ReferenceGrant"]) {
      assert.deepEqual(problems({ apiVersion: "gateway.networking.k8s.io/v1", kind }), ["passed-over"], kind);
    }
    assert.deepEqual(problems({ apiVersion: "example.com/v1", kind: "HTTPRoute" }), ["passed-over"]);
    assert.deepEqual(problems({ apiVersion: "networking.internal.knative.dev/v1alpha1", kind: "Ingress" }), [
      "passed-over",
    ]);
  });
});
