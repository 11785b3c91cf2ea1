/**
 * Whatever changes came in whatever order: compiling them one after the other leads to what compiling everything at once
 * leads to, the updates add up to the snapshots, and what stays the same keeps its identity.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { createCompiler, createLastGood } from "../../src/compiler/mod.ts";
import { keyOf, type KubeObject, Store } from "../../src/kube/mod.ts";
import { applyUpdate, diffSnapshots, equalData, type Snapshot } from "../../src/snapshot/mod.ts";
import { compilerOptions, configMap, ingress, metadata, secret, service, slice } from "../support/compiler.ts";
import { type Random, random } from "../support/random.ts";
import { type ToyRoute, ToyRoutes } from "../support/toy-routes.ts";

const pem = (file: string): string =>
  readFileSync(new URL(`../fixture/certificate/${file}.pem`, import.meta.url), "utf8");

const PAIRS = [
  { "tls.crt": pem("rsa.crt"), "tls.key": pem("rsa.key") },
  { "tls.crt": pem("ecdsa.crt"), "tls.key": pem("ecdsa.key") },
  { "tls.crt": pem("rsa.crt"), "tls.key": pem("ecdsa.key") },
  { "other": "x" },
];
const NAMESPACES = ["a", "a-b"];
const HOSTS = ["a.example", "b.example", "*.wild.example", "", "c.example"];
const PATHS = ["/", "/foo", "/foo/", "=/foo", "/re/(.*)", "/bad("];
// namespaces and names that meet in one upstream name
const SERVICES = ["b-c", "c", "d"];
const SECRETS = ["one", "two"];
const ANNOTATIONS: readonly (readonly [string, readonly string[]])[] = [
  ["rewrite-target", ["/$1", "/foo"]],
  ["use-regex", ["true", "false", "perhaps"]],
  ["server-alias", ["z.example", "b.example,y.example", "*.wild.example", "b;c"]],
  ["app-root", ["/start"]],
  ["proxy-body-size", ["1m", "2m"]],
  ["allowlist-source-range", ["10.0.0.0/8", "nonsense"]],
  ["service-upstream", ["true"]],
  ["no-such-thing", ["x"]],
  ["canary", ["true"]],
];

function make(kind: number, next: Random): KubeObject {
  const namespace = next.of(NAMESPACES);
  switch (kind) {
    case 0: {
      const annotations: Record<string, string> = {};
      for (let i = next(3); i > 0; i--) {
        const [key, values] = next.of(ANNOTATIONS);
        annotations[key] = next.of(values);
      }
      const rules: Record<string, Record<string, string>> = {};
      for (let i = next(3); i > 0; i--) {
        const paths: Record<string, string> = {};
        for (let j = next(3); j > 0; j--) paths[next.of(PATHS)] = `${next.of(SERVICES)}:${next.of(["80", "http"])}`;
        rules[next.of(HOSTS)] = paths;
      }
      const bare = Object.keys(rules).length === 0;
      return ingress(`${namespace}/i${next(6)}`, rules, {
        annotations,
        createdMs: next(3),
        className: next.of(["nginx", "nginx", "nginx", "other"]),
        tls: next(2) === 0 ? [] : [{ hosts: [next.of(HOSTS)], secretName: next.of([...SECRETS, ""]) }],
        ...(bare || next(4) === 0 ? { defaultBackend: next.of(SERVICES) } : {}),
      });
    }
    case 1:
      return service(`${namespace}/${next.of(SERVICES)}`, [next.of(["80", "http=80", "http=80:8080"])]);
    case 2:
      return slice(
        `${namespace}/${next.of(SERVICES)}`,
        [next.of(["10.0.0.1", "!10.0.0.2"]), "10.0.0.3"],
        [next.of(["8080", "http=8080"])],
        next.of(["x", "y"]),
      );
    case 3:
      return secret(`${namespace}/${next.of(SECRETS)}`, next.of(PAIRS) as Record<string, string>);
    case 4:
      return configMap(
        "ingress/controller",
        next.of<Record<string, string>>([
          {},
          { "hsts": "false" },
          { "ssl-redirect": "false", "no-such-key": "x" },
          { "service-upstream": "true", "annotations-risk-level": "Critical" },
          { "enable-modsecurity": "true" },
          { "block-user-agents": "bad" },
        ]),
      );
    default:
      return {
        kind: "IngressClass",
        source: { kind: "memory", name: "property" },
        metadata: metadata(next.of(["nginx", "other"]), { namespace: "" }),
        spec: { controller: next.of(["k8s.io/ingress-nginx", "example.com/other"]) },
      };
  }
}

function makeToy(next: Random): ToyRoute {
  return {
    // may be that of an Ingress
    name: `${next.of(NAMESPACES)}/i${next(3)}`,
    createdMs: next(3),
    host: next.of(HOSTS.filter((host) => host !== "")),
    path: next.of(["/", "/foo", "/toy"]),
    backends: { [`${next.of(SERVICES)}:80`]: 1, [`${next.of(SERVICES)}:http`]: next(3) },
    ...next(2) === 0 ? {} : { secret: next.of(SECRETS) },
  };
}

const options = compilerOptions({
  configMap: "ingress/controller",
  defaultBackendService: "a/d",
  defaultSslCertificate: "a/one",
});

function checkIdentity(before: Snapshot, after: Snapshot): void {
  for (const part of ["listeners", "tlsProfiles", "virtualHosts", "upstreams", "certificates"] as const) {
    for (const [key, value] of Object.entries(after[part])) {
      const former = before[part][key];
      if (former !== undefined && equalData(former, value)) {
        assert.equal(former, value, `${part} ${key} is the same object`);
      }
    }
    assert.deepEqual(Object.keys(after[part]), Object.keys(after[part]).sort(), `${part} are in order`);
  }
}

describe("compile(), change by change", () => {
  for (let seed = 1; seed <= 12; seed++) {
    test(`comes to what one compilation of everything comes to (seed ${seed})`, () => {
      const next = random(seed);
      const store = new Store();
      const lastGood = createLastGood();
      const toys = new ToyRoutes();
      const compiler = createCompiler({ ...options, lastGood }, [toys]);
      let former = compiler.compile(store, []);
      for (let step = 0; step < 60; step++) {
        const put: KubeObject[] = [];
        const remove: string[] = [];
        for (let i = 1 + next(3); i > 0; i--) {
          const object = make(Math.min(next(14), 13) < 8 ? 0 : next(6), next);
          if (next(4) === 0) remove.push(keyOf(object));
          else put.push(object);
        }
        const changes = store.apply({ put, remove });
        if (next(3) === 0) {
          const toy = makeToy(next);
          if (next(4) === 0) toys.remove(toy.name);
          else toys.put(toy);
        }
        // as a compiler that takes the place of another one
        const inherited = {
          ...options,
          lastGood: { ingresses: new Map(lastGood.ingresses), certificates: new Map(lastGood.certificates) },
        };
        const now = compiler.compile(store, changes);
        const whole = createCompiler(inherited, [new ToyRoutes(toys.all())]).compile(store, []);

        assert.deepEqual(now.snapshot, whole.snapshot, `snapshot of step ${step}`);
        assert.deepEqual(now.diagnostics, whole.diagnostics, `diagnostics of step ${step}`);
        assert.deepEqual(applyUpdate(former.snapshot, now.update), now.snapshot, `update of step ${step}`);
        assert.deepEqual(diffSnapshots(former.snapshot, now.snapshot), now.update, `nothing more in step ${step}`);
        checkIdentity(former.snapshot, now.snapshot);
        const known = new Set(former.diagnostics.map((each) => JSON.stringify({ ...each, source: null })));
        for (const each of now.diagnostics) {
          const isNew = !known.has(JSON.stringify({ ...each, source: null }));
          assert.equal(now.newDiagnostics.includes(each), isNew, `${each.message} is new in step ${step}: ${isNew}`);
        }
        const present = new Set(now.diagnostics.map((each) => JSON.stringify({ ...each, source: null })));
        const gone = former.diagnostics.map((each) => JSON.stringify({ ...each, source: null }))
          .filter((text) => !present.has(text));
        assert.deepEqual(now.goneDiagnostics.map((each) => JSON.stringify({ ...each, source: null })), gone);
        former = now;
      }
      const nothing = { set: [], remove: [] };
      assert.deepEqual(
        compiler.compile(store, []).update,
        { listeners: nothing, tlsProfiles: nothing, virtualHosts: nothing, upstreams: nothing, certificates: nothing },
        "no change, no update",
      );
    });
  }
});
