import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { Diagnostic } from "../../../src/diagnostic.ts";
import type { CompilerOptions } from "../../../src/compiler/contract.ts";
import { createCompiler, createLastGood } from "../../../src/compiler/mod.ts";
import { keyOf, type KubeObject, Store } from "../../../src/kube/mod.ts";
import {
  compilerOptions,
  configMap,
  ingress,
  ingressClass,
  NOW_MS,
  secret,
  service,
  slice,
} from "../../support/compiler.ts";

const pem = (file: string): string =>
  readFileSync(new URL(`../../fixture/certificate/${file}.pem`, import.meta.url), "utf8");

/** A compiler with its store: `put` and `remove` compile at once. */
function bench(options: Partial<CompilerOptions>, ...objects: KubeObject[]) {
  const store = new Store();
  store.apply({ put: objects, remove: [] });
  const compiler = createCompiler(compilerOptions(options));
  return {
    first: compiler.compile(store, []),
    put: (...put: KubeObject[]) => compiler.compile(store, store.apply({ put, remove: [] })),
    remove: (...gone: KubeObject[]) => compiler.compile(store, store.apply({ put: [], remove: gone.map(keyOf) })),
    again: () => compiler.compile(store, []),
  };
}

const app = ingress("app", { "a.example": { "/": "echo" } });
const echo = [service("echo", ["80:8080"]), slice("echo", ["10.0.0.1"])];

describe("compile()", () => {
  test("touches only the upstream when its endpoints change", () => {
    const { first, put } = bench({}, app, ...echo);
    const { snapshot, update } = put(slice("echo", ["10.0.0.1", "10.0.0.2"]));
    assert.deepEqual(update.upstreams.set.map(({ endpoints }) => endpoints.length), [2]);
    assert.deepEqual(update.virtualHosts, { set: [], remove: [] });
    assert.equal(snapshot.virtualHosts, first.snapshot.virtualHosts);
    assert.equal(snapshot.certificates, first.snapshot.certificates);
  });

  test("leaves no upstream under a name that it had before it went and came back in one run", () => {
    const store = new Store();
    const compiler = createCompiler(compilerOptions());
    const [one, other] = [ingress("a/one", { h: { "/": "b-c" } }), ingress("a-b/other", { h: { "/": "c" } })];
    store.apply({ put: [one, other], remove: [] });
    const before = compiler.compile(store, []).snapshot;
    assert.deepEqual(Object.keys(before.upstreams), ["a-b-c-80", "a/b-c/80"]);
    const gone = store.apply({ put: [], remove: [keyOf(one), keyOf(other)] });
    const came = store.apply({ put: [ingress("a/two", { h: { "/": "b-c" } })], remove: [] });
    const { snapshot } = compiler.compile(store, [...gone, ...came]);
    assert.deepEqual(Object.keys(snapshot.upstreams), ["a-b-c-80"]);
    assert.equal(snapshot.upstreams["a-b-c-80"]?.namespace, "a");
  });

  test("touches only the hosts of the Ingress that changes", () => {
    const other = ingress("other", { "b.example": { "/": "echo" } });
    const { first, put } = bench({}, app, other, ...echo);
    const { snapshot, update } = put(ingress("app", { "a.example": { "/x": "echo" } }));
    assert.deepEqual(update.virtualHosts.set.map(({ name }) => name), ["a.example"]);
    assert.deepEqual(update.upstreams, { set: [], remove: [] });
    assert.equal(snapshot.virtualHosts["b.example"], first.snapshot.virtualHosts["b.example"]);
  });

  test("changes the certificate, and no host, when a Secret is renewed for the same names", () => {
    const tls = { tls: [{ hosts: ["c.example"], secretName: "c" }] };
    const { put } = bench(
      {},
      ingress("c", { "c.example": { "/": "echo" } }, tls),
      secret("c", { "tls.crt": pem("chain.crt"), "tls.key": pem("chain.key") }),
    );
    const { update } = put(secret("c", { "tls.crt": pem("expired.crt"), "tls.key": pem("chain.key") }));
    assert.deepEqual(update.certificates.set.map(({ id }) => id), ["default/c"]);
    assert.deepEqual(update.virtualHosts.set, []);
  });

  describe("an Ingress without class", () => {
    const bare = (annotations: Record<string, string> = {}) =>
      ingress("bare", { "a.example": { "/": "echo" } }, { className: "", annotations });
    const ours = "k8s.io/ingress-nginx";
    const aDefault = (name: string, controller: string, createdMs = 0, value = "true") =>
      ingressClass(name, controller, { "ingressclass.kubernetes.io/is-default-class": value }, createdMs);
    const legacy = "kubernetes.io/ingress.class";
    const rows: [what: string, objects: KubeObject[], served: boolean, options?: Partial<CompilerOptions>][] = [
      ["a default class of ours", [bare(), aDefault("a", ours)], true],
      ["a class that is no default", [bare(), ingressClass("nginx", ours)], false],
      ['a class whose annotation is not "true"', [bare(), aDefault("nginx", ours, 0, "yes")], false],
      ["a default class of another controller", [bare(), aDefault("b", "x/y"), ingressClass("nginx", ours)], false],
      [
        "a default class of another controller and --watch-ingress-without-class",
        [bare(), aDefault("b", "x/y")],
        false,
        { watchIngressWithoutClass: true },
      ],
      ["two default classes, ours the newer one", [bare(), aDefault("a", "x/y", 1), aDefault("b", ours, 2)], true],
      ["two default classes, ours the older one", [bare(), aDefault("a", ours, 1), aDefault("b", "x/y", 2)], false],
      ["two default classes of one age, ours the first", [bare(), aDefault("b", "x/y"), aDefault("a", ours)], true],
      ["a default class, and another one in its annotation", [bare({ [legacy]: "x" }), aDefault("a", ours)], false],
      ["a default class, and an empty annotation", [bare({ [legacy]: "" }), aDefault("a", ours)], false],
    ];
    for (const [what, objects, served, options] of rows) {
      test(`is ${served ? "" : "not "}served with ${what}`, () => {
        const { first: { snapshot, diagnostics } } = bench(options ?? {}, ...objects, ...echo);
        assert.equal("a.example" in snapshot.virtualHosts, served);
        assert.equal(diagnostics.some(({ reason }) => reason === "IngressClassNotOurs"), !served);
      });
    }

    test("follows a class that becomes the default, and is it no longer", () => {
      const { first, put, remove } = bench({}, bare(), ingressClass("nginx", ours), ...echo);
      assert.deepEqual(Object.keys(first.snapshot.virtualHosts), ["_"]);
      assert.ok("a.example" in put(aDefault("nginx", ours)).snapshot.virtualHosts);
      assert.ok(!("a.example" in put(ingressClass("nginx", ours)).snapshot.virtualHosts));
      put(aDefault("nginx", ours));
      assert.ok(!("a.example" in remove(aDefault("nginx", ours)).snapshot.virtualHosts));
    });
  });

  test("tells when the ConfigMap of --configmap is not there", () => {
    const { first, put, remove } = bench({ configMap: "ingress/c" }, app, ...echo);
    const found = (diagnostics: readonly Diagnostic[]) =>
      diagnostics.filter(({ reason }) => reason === "ConfigMapNotFound");
    assert.equal(found(first.diagnostics)[0]?.message, 'find ConfigMap "ingress/c": there is none');
    assert.deepEqual(found(put(configMap("ingress/c", {})).diagnostics), []);
    assert.equal(found(remove(configMap("ingress/c", {})).diagnostics).length, 1);
  });

  test("tells of annotations that stand among the labels", () => {
    const labels = { "nginx.ingress.kubernetes.io/whitelist-source-range": "10.0.0.0/8", "app": "x" };
    const labelled = { ...app, metadata: { ...app.metadata, labels } };
    const [finding, ...more] = bench({}, labelled, ...echo).first.diagnostics;
    assert.deepEqual(more, []);
    assert.equal(finding?.severity, "error");
    assert.equal(finding?.field, "metadata.labels[nginx.ingress.kubernetes.io/whitelist-source-range]");
    assert.equal(finding?.effect, "it has no effect: access is not restricted by it");
  });

  for (
    const [what, former, findings] of [
      ["tells of a former name that another list stands beside", "11.0.0.0/8", 1],
      ["takes the same list under both names", "10.0.0.0/8", 0],
    ] as const
  ) {
    test(what, () => {
      const annotations = { "allowlist-source-range": "10.0.0.0/8", "whitelist-source-range": former };
      const both = ingress("app", { "a.example": { "/": "echo" } }, { annotations });
      const { diagnostics } = bench({}, both, ...echo).first;
      assert.deepEqual(
        diagnostics.map(({ severity, annotation, message }) => `${severity} ${annotation}: ${message}`),
        findings === 0 ? [] : [
          "warning nginx.ingress.kubernetes.io/whitelist-source-range: read whitelist-source-range: it is another name of " +
          "allowlist-source-range, which is given, too",
        ],
      );
    });
  }

  describe("a certificate in use", () => {
    const tls = { tls: [{ hosts: ["c.example"], secretName: "c" }] };
    const user = ingress("c", { "c.example": { "/": "echo" } }, tls);
    const good = secret("c", { "tls.crt": pem("chain.crt"), "tls.key": pem("chain.key") });
    const validUntil = new Date(new X509Certificate(pem("chain.crt")).validTo).toISOString();
    const broken: [string, Record<string, string>][] = [
      ["has no pair any more", {}],
      ["has no key any more", { "tls.crt": pem("chain.crt") }],
      ["turns into garbage", { "tls.crt": "garbage", "tls.key": "garbage" }],
      ["has a key that does not fit", { "tls.crt": pem("chain.crt"), "tls.key": pem("rsa.key") }],
    ];
    for (const [what, data] of broken) {
      test(`stays when its Secret ${what}, with a finding`, () => {
        const { first, put, remove } = bench({}, user, good);
        const second = put(secret("c", data));
        assert.deepEqual(second.update.certificates, { set: [], remove: [] });
        assert.deepEqual(second.update.virtualHosts, { set: [], remove: [] });
        assert.equal(second.snapshot.certificates["default/c"], first.snapshot.certificates["default/c"]);
        const finding = second.newDiagnostics.find(({ reason }) => reason === "InvalidCertificate");
        assert.equal(finding?.object?.kind, "Secret");
        assert.equal(finding?.severity, "error");
        assert.equal(finding?.effect, `its last good certificate, valid until ${validUntil}, stays in force`);
        // another fault, and still the first certificate
        assert.equal(
          put(secret("c", { "tls.key": "x" })).snapshot.certificates["default/c"],
          first.snapshot.certificates["default/c"],
        );
        const mended = put(good);
        assert.deepEqual(mended.diagnostics.filter(({ reason }) => reason === "InvalidCertificate"), []);
        put(secret("c", data));
        const gone = remove(good);
        assert.deepEqual(gone.update.certificates.remove, ["default/c"]);
        assert.ok(gone.diagnostics.some(({ reason }) => reason === "SecretNotFound"));
        // what comes then was never good
        assert.equal(put(secret("c", data)).snapshot.certificates["default/c"], undefined);
      });
    }

    test("is forgotten when nobody uses it any more", () => {
      const { put, remove } = bench({}, user, good);
      put(secret("c", {}));
      remove(user);
      assert.equal(put(user).snapshot.certificates["default/c"], undefined);
    });

    test("stays as the default certificate, too", () => {
      const { first, put } = bench({ defaultSslCertificate: "default/c" }, good);
      const [id] = Object.keys(first.snapshot.certificates);
      const { snapshot, diagnostics } = put(secret("c", { "tls.crt": "x", "tls.key": "y" }));
      assert.equal(snapshot.certificates[id!], first.snapshot.certificates[id!]);
      assert.equal(diagnostics.filter(({ reason }) => reason === "InvalidCertificate").length, 1);
    });
  });

  test("takes a host away with its last Ingress, and its upstream", () => {
    const { remove } = bench({}, app, ...echo);
    const { update, snapshot } = remove(app);
    assert.deepEqual(update.virtualHosts.remove, ["a.example"]);
    assert.deepEqual(update.upstreams.remove, ["default-echo-80"]);
    assert.deepEqual(Object.keys(snapshot.virtualHosts), ["_"]);
  });

  test("gives an alias to the next host when a rule host goes", () => {
    const aliased = ingress("aliased", { "a.example": {} }, { annotations: { "server-alias": "b.example" } });
    const ruled = ingress("ruled", { "b.example": {} });
    const { first, remove, put } = bench({}, aliased, ruled);
    assert.deepEqual(first.snapshot.virtualHosts["a.example"]?.names, [{ kind: "exact", name: "a.example" }]);
    assert.equal(remove(ruled).snapshot.virtualHosts["a.example"]?.names.length, 2);
    assert.equal(put(ruled).snapshot.virtualHosts["a.example"]?.names.length, 1);
  });

  test("keeps the last good version of an Ingress whose update is refused, and says so", () => {
    const good = ingress("app", { "a.example": {} }, { annotations: { "server-alias": "b.example" } });
    const bad = ingress("app", { "c.example": {} }, { annotations: { "server-alias": "b;c" } });
    const { first, put, remove } = bench({}, good);
    const refused = put(bad);
    assert.equal(refused.snapshot.virtualHosts["a.example"], first.snapshot.virtualHosts["a.example"]);
    assert.equal(refused.snapshot.virtualHosts["c.example"], undefined);
    assert.deepEqual(refused.newDiagnostics.map(({ reason, effect }) => [reason, effect]), [
      ["InvalidAnnotation", "its last good version stays in force"],
    ]);
    const mended = put(ingress("app", { "c.example": {} }));
    assert.deepEqual(Object.keys(mended.snapshot.virtualHosts), ["_", "c.example"]);
    assert.deepEqual(mended.diagnostics, []);
    assert.deepEqual(Object.keys(remove(good).snapshot.virtualHosts), ["_"]);
  });

  test("tells of upstreams that a snippet names, and that there are not, as long as that is so", () => {
    const snippet = 'set $proxy_upstream_name "default-green-80"; if ($arg_x) { set $proxy_upstream_name "b-x-80"; }';
    const chooser = ingress("app", { "a.example": { "/": "echo" } }, {
      annotations: { "configuration-snippet": snippet },
    });
    const green = ingress("green", { "g.example": { "/": "green" } });
    const foreign = ingress("b/x", { "x.example": { "/": "x" } });
    const { first, put, remove } = bench(
      {},
      chooser,
      ...echo,
      service("green", ["80:8080"]),
      slice("green", ["10.0.0.2"]),
    );
    const told = ({ diagnostics }: typeof first): string[] =>
      diagnostics.filter(({ reason }) => reason === "UpstreamNotFound").map(({ message }) => message);
    const [none, other] = ["no Ingress refers to such a Service and port", 'it belongs to namespace "b"'];
    const of = (name: string, why: string): string =>
      `set $proxy_upstream_name "${name}": want an upstream of namespace "default" as namespace-service-port; ${why}`;
    assert.deepEqual(told(first), [of("b-x-80", none), of("default-green-80", none)]);
    assert.deepEqual(told(put(green)), [of("b-x-80", none)]);
    assert.deepEqual(told(put(foreign)), [of("b-x-80", other)]);
    assert.deepEqual(told(remove(green)), [of("b-x-80", other), of("default-green-80", none)]);
    assert.deepEqual(told(remove(chooser)), []);
  });

  describe("a compiler that takes the place of another one", () => {
    const good = ingress("app", { "a.example": {} }, {
      annotations: { "server-alias": "b.example" },
      tls: [{ hosts: ["a.example"], secretName: "c" }],
    });
    const bad = ingress("app", { "c.example": {} }, { annotations: { "server-alias": "b;c" } });
    const pair = secret("c", { "tls.crt": pem("chain.crt"), "tls.key": pem("chain.key") });

    test("keeps the versions that the former one keeps", () => {
      const options = { lastGood: createLastGood() };
      const { first, put } = bench(options, good, pair);
      put(bad, secret("c", {}));
      const { snapshot, diagnostics } = bench(options, bad, secret("c", {})).first;
      assert.deepEqual(snapshot, first.snapshot);
      const reasons = new Set(diagnostics.map(({ reason }) => reason));
      assert.ok(reasons.has("InvalidAnnotation") && reasons.has("InvalidCertificate"));
    });

    test("lets those go that nothing refers to any more", () => {
      const options = { lastGood: createLastGood() };
      bench(options, good, pair);
      bench(options);
      assert.deepEqual([options.lastGood.ingresses.size, options.lastGood.certificates.size], [0, 0]);
    });
  });

  test("serves no version that the present settings forbid", () => {
    const risky = ingress("app", { "a.example": {} }, { annotations: { "server-alias": "b.example" } });
    const { first, put } = bench({ configMap: "ingress/c" }, configMap("ingress/c", {}), risky);
    assert.ok(first.snapshot.virtualHosts["a.example"]);
    assert.equal(
      put(configMap("ingress/c", { "annotations-risk-level": "Low" })).snapshot.virtualHosts["a.example"],
      undefined,
    );
    assert.ok(put(configMap("ingress/c", { "annotations-risk-level": "High" })).snapshot.virtualHosts["a.example"]);
  });

  test("has snippets on without --configmap, and off with an empty one", () => {
    const snippet = ingress("app", { "a.example": {} }, { annotations: { "server-snippet": "return 418;" } });
    const reasons = (options: Partial<CompilerOptions>): string[] =>
      bench(options, snippet).first.diagnostics.map(({ reason }) => reason);
    assert.ok(!reasons({}).includes("SnippetNotAllowed"));
    assert.deepEqual(reasons({ configMap: "ingress/c" }), ["ConfigMapNotFound", "SnippetNotAllowed"]);
  });

  test("closes everything when a ConfigMap key that keeps requests out is not honoured", () => {
    const { first } = bench(
      { configMap: "ingress/c" },
      app,
      ...echo,
      configMap("ingress/c", { "enable-modsecurity": "true" }),
    );
    const denied = Object.values(first.snapshot.virtualHosts).flatMap(({ locations }) =>
      locations.map(({ denied }) => denied)
    );
    assert.deepEqual([...new Set(denied)], ["read enable-modsecurity: it is not honoured yet"]);
  });

  test("follows a ConfigMap that adds fields", () => {
    const { first, put } = bench(
      { configMap: "ingress/c" },
      configMap("ingress/c", { "add-headers": "ingress/fields" }),
      configMap("ingress/fields", { "X-A": "one" }),
    );
    assert.deepEqual(first.snapshot.globals.headers.addHeaders, [["X-A", "one"]]);
    const { update } = put(configMap("ingress/fields", { "X-A": "two" }));
    assert.deepEqual(update.globals?.headers.addHeaders, [["X-A", "two"]]);
  });

  test("reports a certificate that expires while nothing changes, once", () => {
    let nowMs = Date.UTC(2020, 5, 1);
    const tls = { tls: [{ hosts: ["c.example"], secretName: "c" }] };
    const { first, again } = bench(
      { now: () => nowMs },
      ingress("c", { "c.example": { "/": "echo" } }, tls),
      ...echo,
      secret("c", { "tls.crt": pem("expired.crt"), "tls.key": pem("chain.key") }),
    );
    assert.deepEqual(first.diagnostics.map(({ reason }) => reason), []);
    nowMs = Date.UTC(2020, 11, 25);
    assert.deepEqual(again().newDiagnostics.map(({ reason }) => reason), ["CertificateExpiresSoon"]);
    nowMs = NOW_MS;
    assert.deepEqual(again().newDiagnostics.map(({ reason }) => reason), ["CertificateExpired"]);
    assert.deepEqual(again().newDiagnostics, []);
  });

  test("leaves out what belongs to other namespaces", () => {
    const objects = [ingress("a/one", { "a.example": {} }), ingress("b/two", { "b.example": {} })];
    const hosts = (options: Partial<CompilerOptions>): string[] =>
      Object.keys(bench(options, ...objects).first.snapshot.virtualHosts);
    assert.deepEqual(hosts({ watchNamespace: "a" }), ["_", "a.example"]);
    assert.deepEqual(hosts({ watchNamespaceSelector: "kubernetes.io/metadata.name in (b)" }), ["_", "b.example"]);
  });

  test("refuses a selector that is none", () => {
    assert.throws(() => createCompiler(compilerOptions({ watchNamespaceSelector: "a=(" })), RangeError);
  });

  test("uses topology hints where they are wanted and complete", () => {
    const zones = (...names: string[]) =>
      slice("echo", names.map((_, i) => `10.0.0.${i + 1}`)).endpoints.map((each, i) => ({
        ...each,
        forZones: [names[i]!],
      }));
    const auto = service("echo", ["80:8080"]);
    const objects = [
      app,
      { ...auto, metadata: { ...auto.metadata, annotations: { "service.kubernetes.io/topology-mode": "Auto" } } },
      { ...slice("echo", ["10.0.0.1"]), endpoints: zones("here", "there") },
    ];
    const addresses = (options: Partial<CompilerOptions>) =>
      bench(options, ...objects).first.snapshot.upstreams["default-echo-80"]?.endpoints.map(({ address }) => address);
    assert.deepEqual(addresses({ enableTopologyAwareRouting: true, zone: "here" }), ["10.0.0.1"]);
    assert.deepEqual(addresses({ enableTopologyAwareRouting: true }), ["10.0.0.1", "10.0.0.2"]);
    assert.deepEqual(addresses({ zone: "here" }), ["10.0.0.1", "10.0.0.2"]);
  });

  test("survives 10,000 alternations in a path without hanging", () => {
    const long = ingress("long", { "a.example": { [`/(${"a|".repeat(10_000)})*$`]: "echo" } }, {
      annotations: { "use-regex": "true" },
    });
    const { first } = bench({}, long, ...echo);
    assert.ok(first.snapshot.virtualHosts["a.example"]);
  });
});
