/**
 * `compile/<case>.in.yaml` -> `compile/<case>.out.yaml`: what a set of objects is compiled to, and what is said about it.
 * A document `kind: CompilerOptions` sets flags; `${file:NAME}` stands for a file of test/fixture/certificate. Policies,
 * globals, listeners and TLS profiles are shown as far as they differ from those of an Ingress and a ConfigMap that say nothing.
 *
 * UPDATE_GOLDEN=1 writes what came out.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { describe, test } from "node:test";
import { parseAllDocuments, stringify } from "yaml";
import { createCompiler } from "../../src/compiler/mod.ts";
import type { CompilerOptions } from "../../src/compiler/contract.ts";
import type { Diagnostic } from "../../src/diagnostic.ts";
import { type KubeObject, readObject, Store } from "../../src/kube/mod.ts";
import { DEFAULT_TLS_PROFILE, equalData, redact, type Snapshot } from "../../src/snapshot/mod.ts";
import { compilerOptions } from "../support/compiler.ts";

const folder = new URL("./compile/", import.meta.url);
const fixtures = new URL("../fixture/certificate/", import.meta.url);

interface Case {
  readonly options: Partial<CompilerOptions>;
  readonly objects: readonly KubeObject[];
}

function read(name: string): Case {
  const text = readFileSync(new URL(`${name}.in.yaml`, folder), "utf8").replace(
    /\$\{file:([a-z.-]+)\}/g,
    (_, file: string) => JSON.stringify(readFileSync(new URL(file, fixtures), "utf8")),
  );
  const objects: KubeObject[] = [];
  let options: Partial<CompilerOptions> = {};
  for (const document of parseAllDocuments(text)) {
    assert.deepEqual(document.errors, []);
    const value = document.toJS() as Record<string, unknown>;
    if (value["kind"] === "CompilerOptions") {
      options = value["options"] as Partial<CompilerOptions>;
      continue;
    }
    const reading = readObject(value, { kind: "file", file: `${name}.in.yaml` });
    assert.equal(reading.kind, "object", `${name}: ${JSON.stringify(reading)}`);
    if (reading.kind === "object") objects.push(reading.object);
  }
  return { options, objects };
}

function compile({ options, objects }: Case): { snapshot: Snapshot; diagnostics: readonly Diagnostic[] } {
  const store = new Store();
  store.apply({ put: objects, remove: [] });
  return createCompiler(compilerOptions(options)).compile(store, []);
}

/** What Ingresses and ConfigMaps that say nothing come to. */
function defaults(): Snapshot {
  const value = {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "plain" },
    spec: {
      ingressClassName: "nginx",
      rules: [{ host: "a.example", http: { paths: [{ backend: { service: { name: "s", port: { number: 1 } } } }] } }],
    },
  };
  const reading = readObject(value, { kind: "memory", name: "defaults" });
  assert.equal(reading.kind, "object");
  return compile({ options: {}, objects: reading.kind === "object" ? [reading.object] : [] }).snapshot;
}

type Plain = Record<string, unknown>;

/** Entries of `given` that are not in `usual`; with `null` for those of `usual` that are missing. */
function beyond(given: Plain, usual: Plain): Plain {
  const shown: Plain = {};
  for (const [key, value] of Object.entries(given)) if (!equalData(value, usual[key])) shown[key] = value;
  for (const key of Object.keys(usual)) if (!(key in given)) shown[key] = null;
  return shown;
}

const plain = defaults();
const plainPolicies = plain.virtualHosts["a.example"]!.locations[0]!.policies;
const rootPolicies = plain.virtualHosts["_"]!.locations[0]!.policies;

function show({ snapshot, diagnostics }: ReturnType<typeof compile>): Plain {
  const shown = redact(snapshot);
  const globals: Plain = {};
  for (const [group, value] of Object.entries(shown.globals)) {
    const usual = (plain.globals as unknown as Plain)[group];
    if (equalData(value, usual)) continue;
    globals[group] = typeof value === "object" ? beyond(value as Plain, usual as Plain) : value;
  }
  const virtualHosts = Object.fromEntries(
    Object.entries(shown.virtualHosts).map(([name, host]) => [name, {
      ...host,
      name: undefined,
      tlsProfile: host.tlsProfile === DEFAULT_TLS_PROFILE ? undefined : host.tlsProfile,
      locations: host.locations.map((location) => ({
        ...location,
        ingress: location.ingress === null ? null : `${location.ingress.namespace}/${location.ingress.name}`,
        policies: beyond(location.policies, location.ingress === null ? rootPolicies : plainPolicies),
      })),
    }]),
  );
  const certificates = Object.fromEntries(
    Object.entries(shown.certificates).map(([id, certificate]) => [id, {
      names: certificate.names,
      chain: certificate.certificatePem.match(/BEGIN/g)?.length,
      privateKeyPem: certificate.privateKeyPem,
    }]),
  );
  const listeners = beyond(shown.listeners, plain.listeners);
  const tlsProfiles = beyond(shown.tlsProfiles, plain.tlsProfiles);
  return {
    globals,
    listeners: Object.keys(listeners).length === 0 ? undefined : listeners,
    tlsProfiles: Object.keys(tlsProfiles).length === 0 ? undefined : tlsProfiles,
    virtualHosts,
    upstreams: shown.upstreams,
    certificates,
    diagnostics: diagnostics.map(({ severity, reason, object, field, annotation, message, effect }) => ({
      [severity]: reason,
      object: object === undefined ? undefined : `${object.kind} ${object.namespace}/${object.name}`,
      field,
      annotation,
      message,
      effect,
    })),
  };
}

const names = readdirSync(folder).filter((file) => file.endsWith(".in.yaml")).map((file) => file.slice(0, -8)).sort();

describe("compile()", () => {
  test("has golden cases", () => assert.ok(names.length > 0));
  for (const name of names) {
    test(name, () => {
      const input = read(name);
      const result = compile(input);
      assert.deepEqual(JSON.parse(JSON.stringify(result.snapshot)), result.snapshot, "survives JSON");
      const backwards = compile({ ...input, objects: input.objects.toReversed() });
      assert.deepEqual(backwards, result, "the order of the objects does not matter");
      const out = new URL(`${name}.out.yaml`, folder);
      const text = stringify(JSON.parse(JSON.stringify(show(result))), { lineWidth: 0, aliasDuplicateObjects: false });
      if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(out, text);
      assert.equal(text, readFileSync(out, "utf8"));
    });
  }
});
