/**
 * A second routing API beside Ingresses: a translator of its own, and nothing else.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { type Compilation, createCompiler } from "../../../src/compiler/mod.ts";
import { type KubeObject, Store } from "../../../src/kube/mod.ts";
import { compilerOptions, ingress, secret, service, slice } from "../../support/compiler.ts";
import { type ToyRoute, ToyRoutes } from "../../support/toy-routes.ts";

const pem = (file: string): string =>
  readFileSync(new URL(`../../fixture/certificate/${file}.pem`, import.meta.url), "utf8");

const toy: ToyRoute = {
  name: "default/toy",
  createdMs: 2,
  host: "a.example",
  path: "/toy",
  backends: { "one:80": 9, "two:80": 1 },
};
/** A name of the certificate. */
const CERTIFIED = "a.example";
const services = [service("one"), slice("one", ["10.0.0.1"]), service("two"), slice("two", ["10.0.0.2"])];

class World {
  readonly store = new Store();
  readonly toys: ToyRoutes;
  readonly #compiler;

  constructor(objects: readonly KubeObject[], toys: readonly ToyRoute[]) {
    this.toys = new ToyRoutes(toys);
    this.#compiler = createCompiler(compilerOptions(), [this.toys]);
    this.store.apply({ put: objects, remove: [] });
    this.first = this.compile();
  }

  readonly first: Compilation;

  compile(put: readonly KubeObject[] = [], remove: readonly string[] = []): Compilation {
    return this.#compiler.compile(this.store, this.store.apply({ put, remove }));
  }
}

function paths({ snapshot }: Compilation, host = "a.example"): string[] {
  return (snapshot.virtualHosts[host]?.locations ?? []).map(({ match, ingress, backend }) => {
    const to = backend.kind === "upstreams"
      ? backend.weighted.map(({ upstream, weight }) => `${upstream}*${weight}`).join("+")
      : backend.kind;
    return `${match.kind} ${match.kind === "regex" ? match.pattern.text : match.path} ${ingress?.name} ${to}`;
  });
}

const said = ({ diagnostics }: Compilation): string[] =>
  diagnostics.map(({ object, field, reason, message }) => `${object?.kind} ${field}: ${reason}: ${message}`);

describe("a second translator", () => {
  it("has its routes in one host with those of Ingresses", () => {
    const { first } = new World([ingress("web", { "a.example": { "/": "one" } }, { createdMs: 1 }), ...services], [
      toy,
    ]);
    assert.deepEqual(paths(first), [
      "prefix /toy/ toy default-one-80*9+default-two-80*1",
      "exact /toy toy default-one-80*9+default-two-80*1",
      "prefix / web default-one-80*1",
    ]);
    assert.deepEqual(first.diagnostics, []);
    assert.deepEqual(first.snapshot.upstreams["default-two-80"]?.endpoints.map(({ address }) => address), ["10.0.0.2"]);
  });

  it("competes by age, and findings name the objects as they are called", () => {
    const web = (createdMs: number): KubeObject => ingress("web", { "a.example": { "/toy": "one" } }, { createdMs });
    const { first } = new World([web(1), ...services], [toy]);
    assert.match(paths(first)[0]!, / web /);
    assert.deepEqual(said(first), [
      'ToyRoute match.path: DuplicatePath: serve Prefix path "/toy" of host "a.example": ' +
      'Ingress "default/web" has it already',
    ]);
    const { first: other } = new World([web(3), ...services], [toy]);
    assert.match(paths(other)[0]!, / toy /);
    assert.deepEqual(said(other), [
      'Ingress spec.rules[0].http.paths[0].path: DuplicatePath: serve Prefix path "/toy" of host "a.example": ' +
      'ToyRoute "default/toy" has it already',
    ]);
  });

  it("tells of Services that there are not at the place that refers to them", () => {
    const { first } = new World([service("one"), slice("one", ["10.0.0.1"])], [toy]);
    assert.deepEqual(said(first), ['ToyRoute backends[1]: ServiceNotFound: find Service "default/two": there is none']);
  });

  it("brings certificates", () => {
    const world = new World(services, [{ ...toy, host: CERTIFIED, secret: "tls" }]);
    assert.deepEqual(said(world.first).map((each) => each.split(":").slice(0, 2).join(":")), [
      "ToyRoute secret: SecretNotFound",
    ]);
    const { snapshot, diagnostics } = world.compile([
      secret("tls", { "tls.crt": pem("rsa.crt"), "tls.key": pem("rsa.key") }),
    ]);
    assert.deepEqual(diagnostics, []);
    assert.deepEqual(snapshot.virtualHosts[CERTIFIED]?.tls, {
      kind: "terminate",
      certificate: "default/tls",
      serverNames: [CERTIFIED],
    });
    assert.ok(snapshot.certificates["default/tls"]?.names.includes(CERTIFIED));
  });

  it("costs what changes: hosts of others keep their identity", () => {
    const world = new World([
      ingress("web", { "a.example": { "/": "one" }, "b.example": { "/": "one" } }),
      ...services,
    ], [toy]);
    world.toys.put({ ...toy, path: "/other" });
    const next = world.compile();
    assert.deepEqual(next.update.virtualHosts.set.map(({ name }) => name), ["a.example"]);
    assert.equal(next.snapshot.virtualHosts["b.example"], world.first.snapshot.virtualHosts["b.example"]);
    assert.match(paths(next)[0]!, /^prefix \/other\/ toy /);
    world.toys.remove(toy.name);
    const last = world.compile();
    assert.deepEqual(paths(last), ["prefix / web default-one-80*1"]);
    assert.deepEqual(last.update.upstreams.remove, ["default-two-80"]);
  });
});
