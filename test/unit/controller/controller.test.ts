import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Compilation, Compiler } from "../../../src/compiler/contract.ts";
import { type CompilationObserver, Controller } from "../../../src/controller/mod.ts";
import type { Diagnostic } from "../../../src/diagnostic.ts";
import type { StoreChange, StoreView } from "../../../src/kube/mod.ts";
import { type Logger, ManualClock } from "../../../src/observe/mod.ts";
import { type Snapshot, type SnapshotUpdate, updateOf, type VirtualHost } from "../../../src/snapshot/mod.ts";

const host = (name: string) => ({ name }) as unknown as VirtualHost;

function snapshotOf(...hosts: string[]): Snapshot {
  const virtualHosts = Object.fromEntries(hosts.map((name) => [name, host(name)]));
  return {
    globals: { of: hosts.join() },
    listeners: {},
    tlsProfiles: {},
    virtualHosts,
    upstreams: {},
    certificates: {},
  } as unknown as Snapshot;
}

function compilationOf(snapshot: Snapshot, diagnostics: readonly Diagnostic[] = []): Compilation {
  const update = updateOf({ virtualHosts: { set: Object.values(snapshot.virtualHosts), remove: [] } });
  return { snapshot, update, diagnostics, newDiagnostics: diagnostics, goneDiagnostics: [] };
}

function change(key: string, from: 0 | 1 = 1, to: 0 | 1 = 1): StoreChange {
  const object = {} as unknown as StoreChange["after"];
  return { key, kind: "Ingress", before: from ? object : undefined, after: to ? object : undefined };
}

/** A controller on a clock turned by hand, with a compiler and a data plane that do as `steps` say. */
function stage(
  options: {
    publish?: (update: SnapshotUpdate) => void | Promise<void>;
    observers?: readonly CompilationObserver[];
  } = {},
) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = (level: string): Logger["info"] => (message, fields) => {
    const { ms: _ms, publishMs: _p, ...rest } = fields ?? {};
    const shown = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    if (level !== "debug") lines.push(`${level} ${message} ${JSON.stringify(shown)}`);
  };
  const compiled: (readonly StoreChange[])[] = [];
  const published: SnapshotUpdate[] = [];
  const state = { next: (): Compilation => compilationOf(snapshotOf("a")), compilers: 0 };
  const controller = new Controller({
    view: {} as StoreView,
    createCompiler: (): Compiler => {
      state.compilers++;
      return { compile: (_view, changes) => (compiled.push(changes), state.next()) };
    },
    publish: options.publish ?? ((update) => void published.push(update)),
    logger: { debug: log("debug"), info: log("info"), warning: log("warning"), error: log("error") },
    ...options.observers === undefined ? {} : { observers: options.observers },
    clock,
    holdOffMs: 3,
    holdOffCeilingMs: 30,
  });
  return { clock, controller, lines, compiled, published, state };
}

describe("Controller", () => {
  it("compiles everything at the start, and says so in one line", async () => {
    const { controller, compiled, published, lines } = stage();
    await controller.start();
    assert.deepEqual(compiled, [[]]);
    assert.equal(published.length, 1);
    assert.deepEqual(lines, ['info first configuration compiled {"hosts":1,"upstreams":0,"certificates":0}']);
    assert.equal(controller.state.applied, 1);
    assert.equal(controller.state.lastSucceeded, true);
  });

  it("rejects when the first compilation fails", async () => {
    const { controller, state } = stage();
    state.next = () => {
      throw new Error("broken");
    };
    await assert.rejects(controller.start(), /broken/);
  });

  it("compiles a burst once, with one change for each object", async () => {
    const { controller, clock, compiled, lines } = stage();
    await controller.start();
    controller.changed([change("Ingress/d/a", 0, 1)]);
    clock.advance(2);
    controller.changed([change("Ingress/d/a"), change("Ingress/d/b", 0, 1)]);
    clock.advance(2);
    controller.changed([change("Ingress/d/b", 1, 0), change("Ingress/d/c", 1, 0)]);
    clock.advance(2.9);
    assert.equal(compiled.length, 1);
    clock.advance(0.1);
    assert.deepEqual(compiled[1]!.map((c) => [c.key, c.before !== undefined, c.after !== undefined]), [
      ["Ingress/d/a", false, true],
      ["Ingress/d/c", true, false],
    ]);
    assert.match(lines[1]!, /^info configuration applied {"changed":"Ingress\/d\/a, Ingress\/d\/c","hosts":1/);
  });

  it("cuts a burst that does not end at the ceiling", async () => {
    const { controller, clock, compiled } = stage();
    await controller.start();
    for (let i = 0; i < 40; i++) {
      controller.changed([change(`Ingress/d/${i}`, 0, 1)]);
      clock.advance(1);
    }
    assert.equal(compiled.length, 2);
    assert.equal(compiled[1]!.length, 31 - 1);
    clock.advance(3);
    assert.equal(compiled.length, 3);
    assert.equal(compiled[2]!.length, 10);
  });

  it("does nothing about changes that cancel each other out", async () => {
    const { controller, clock, compiled } = stage();
    await controller.start();
    controller.changed([change("Ingress/d/a", 0, 1), change("Ingress/d/a", 1, 0)]);
    controller.changed([]);
    clock.advance(100);
    assert.equal(compiled.length, 1);
  });

  it("keeps the last good state when the compiler throws, and sets everything when it works again", async () => {
    const { controller, clock, published, lines, state } = stage();
    const known: Diagnostic = { reason: "Known", severity: "warning", message: "known" };
    state.next = () => compilationOf(snapshotOf("a", "b"), [known]);
    await controller.start();
    state.next = () => {
      throw new TypeError("x is undefined");
    };
    controller.changed([change("Ingress/d/a")]);
    clock.advance(10);
    assert.equal(published.length, 1);
    assert.equal(controller.state.lastSucceeded, false);
    assert.equal(controller.state.failed, 1);
    assert.deepEqual(Object.keys(controller.state.snapshot!.virtualHosts), ["a", "b"]);
    assert.equal(
      lines.at(-1),
      'error cannot compile the objects: the former configuration stays in force {"error":"x is undefined"}',
    );

    state.next = () => compilationOf(snapshotOf("b", "c"), [known, { ...known, message: "new" }]);
    controller.changed([change("Ingress/d/a")]);
    clock.advance(10);
    assert.equal(state.compilers, 2);
    assert.deepEqual(published[1]!.virtualHosts, { set: [host("b"), host("c")], remove: ["a"] });
    assert.notEqual(published[1]!.globals, undefined);
    assert.equal(controller.state.lastSucceeded, true);
    assert.equal(lines.filter((line) => line.startsWith("warning known")).length, 1);
    assert.equal(lines.filter((line) => line.startsWith("warning new")).length, 1);
  });

  it("takes away what a refused update may have left behind", async () => {
    const refusals: unknown[] = [];
    const published: SnapshotUpdate[] = [];
    const { controller, clock, state, lines } = stage({
      publish: (update) => {
        if (refusals.length > 0) throw refusals.pop();
        published.push(update);
      },
    });
    await controller.start();
    refusals.push(new Error("no memory"));
    state.next = () => compilationOf(snapshotOf("a", "half"));
    controller.changed([change("Ingress/d/a")]);
    clock.advance(10);
    assert.equal(lines.at(-1), 'error cannot put the configuration into force {"error":"no memory"}');
    assert.deepEqual(Object.keys(controller.state.snapshot!.virtualHosts), ["a"]);
    assert.deepEqual(published[1]!.virtualHosts, { set: [host("a")], remove: ["half"] }, "back at once");
    state.next = () => compilationOf(snapshotOf("z"));
    controller.changed([change("Ingress/d/a")]);
    clock.advance(10);
    assert.deepEqual(published[2]!.virtualHosts, { set: [host("z")], remove: ["a", "half"] });
  });

  it("goes back before it goes on, when that takes time", async () => {
    const answers: { resolve(): void; reject(error: Error): void }[] = [];
    const published: SnapshotUpdate[] = [];
    const { controller, clock, state, lines } = stage({
      publish: (update) => {
        if (published.push(update) === 1) return;
        return new Promise<void>((resolve, reject) => answers.push({ resolve, reject }));
      },
    });
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    await controller.start();
    state.next = () => compilationOf(snapshotOf("half"));
    controller.changed([change("Ingress/d/a")]);
    clock.advance(10);
    answers[0]!.reject(new Error("one of two said no"));
    await settled();
    assert.deepEqual(published[2]!.virtualHosts, { set: [host("a")], remove: ["half"] });
    state.next = () => compilationOf(snapshotOf("z"));
    controller.changed([change("Ingress/d/a")]);
    clock.advance(10);
    assert.equal(published.length, 3);
    answers[1]!.reject(new Error("nor that"));
    await settled();
    assert.match(lines.at(-1)!, /^error cannot restore the former configuration.*nor that/);
    clock.advance(10);
    assert.deepEqual(published[3]!.virtualHosts, { set: [host("z")], remove: ["a", "half"] });
    answers[2]!.resolve();
    await settled();
    assert.deepEqual(Object.keys(controller.state.snapshot!.virtualHosts), ["z"]);
  });

  it("publishes one update at a time when that takes time", async () => {
    let release: () => void = () => {};
    let count = 0;
    const { controller, clock, compiled } = stage({
      publish: () => count++ === 0 ? undefined : new Promise<void>((resolve) => release = resolve),
    });
    await controller.start();
    controller.changed([change("Ingress/d/a")]);
    clock.advance(3);
    assert.equal(compiled.length, 2);
    assert.equal(controller.state.applied, 1);
    controller.changed([change("Ingress/d/b")]);
    clock.advance(100);
    assert.equal(compiled.length, 2);
    release();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(controller.state.applied, 2);
    clock.advance(3);
    assert.equal(compiled.length, 3);
  });

  it("logs new findings by severity, with file, object and annotation, errors first", async () => {
    const { controller, lines, state } = stage();
    state.next = () =>
      compilationOf(snapshotOf("a"), [
        { reason: "Surprise", severity: "info", message: "the host is in regex mode" },
        {
          reason: "AnnotationInvalid",
          severity: "error",
          message: 'cannot read "x"',
          effect: "the location answers 503",
          object: { kind: "Ingress", namespace: "d", name: "a" },
          annotation: "nginx.ingress.kubernetes.io/x",
          source: { kind: "file", file: "a.yaml", line: 3, column: 7 },
        },
      ]);
    await controller.start();
    assert.deepEqual(lines.slice(0, 2), [
      'error cannot read "x" {"reason":"AnnotationInvalid","effect":"the location answers 503",' +
      '"object":"Ingress/d/a","annotation":"nginx.ingress.kubernetes.io/x","file":"a.yaml:3:7"}',
      'info the host is in regex mode {"reason":"Surprise"}',
    ]);
  });

  it("bounds the lines about findings", async () => {
    const { controller, lines, state } = stage();
    const many = Array.from(
      { length: 1000 },
      (_, i) => ({ reason: "R", severity: "warning", message: `${i}` } as const),
    );
    state.next = () => compilationOf(snapshotOf("a"), many);
    await controller.start();
    assert.equal(lines.length, 202);
    assert.match(lines[200]!, /further diagnostics are not logged.*"count":800/);
  });

  it("compiles no more after stop()", async () => {
    const { controller, clock, compiled } = stage();
    await controller.start();
    controller.changed([change("Ingress/d/a")]);
    controller.stop();
    controller.changed([change("Ingress/d/b")]);
    clock.advance(100);
    assert.equal(compiled.length, 1);
  });

  it("tells observers what came of each compilation, and goes on when one of them throws", async () => {
    const told: string[] = [];
    const known: Diagnostic = { reason: "R", severity: "info", message: "known" };
    const other: Diagnostic = { ...known, message: "other" };
    const texts = (diagnostics: readonly Diagnostic[]) => diagnostics.map(({ message }) => message).join();
    const broken: CompilationObserver = {
      published: () => {
        throw new Error("not my day");
      },
    };
    const observer: CompilationObserver = {
      published: ({ first, snapshot, changes, diagnostics, newDiagnostics, goneDiagnostics }) =>
        told.push([
          first,
          Object.keys(snapshot.virtualHosts),
          changes.map(({ key }) => key),
          ...[diagnostics, newDiagnostics, goneDiagnostics].map(texts),
        ].join(" ")),
      failed: ({ stage, error, changes }) => told.push(`${stage} ${error} ${changes.length}`),
    };
    const { controller, clock, state, lines } = stage({ observers: [broken, {}, observer] });
    const step = (next: () => Compilation): void => {
      state.next = next;
      controller.changed([change("Ingress/d/a")]);
      clock.advance(10);
    };
    state.next = () => compilationOf(snapshotOf("a"), [known]);
    await controller.start();
    step(() => ({ ...compilationOf(snapshotOf("b"), [other]), goneDiagnostics: [known] }));
    step(() => {
      throw new TypeError("x");
    });
    // a new compiler: it calls all new, and none gone
    step(() => compilationOf(snapshotOf("c"), [{ ...other, source: { kind: "memory", name: "m" } }, known]));
    step(() => {
      throw new TypeError("y");
    });
    step(() => compilationOf(snapshotOf("c"), [known]));
    assert.deepEqual(told, [
      "true a  known known ",
      "false b Ingress/d/a other other known",
      "compile TypeError: x 1",
      "false c Ingress/d/a other,known known ",
      "compile TypeError: y 1",
      "false c Ingress/d/a known  other",
    ]);
    assert.equal(controller.state.applied, 4);
    assert.match(lines[0]!, /^error an observer of compilations failed .*not my day/);
  });
});
