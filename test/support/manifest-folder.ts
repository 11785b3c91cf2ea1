/**
 * A folder of manifests that goes away with its test, a source that follows it, and something to wait with.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { logDiagnostics } from "../../src/controller/mod.ts";
import type { FileRef, SourceRef } from "../../src/diagnostic.ts";
import {
  type ManifestReading,
  ManifestSource,
  type ManifestSourceOptions,
  type SourceTarget,
  Store,
  type StoreChange,
} from "../../src/kube/mod.ts";
import type { Logger, LogValue } from "../../src/observe/logger.ts";

/** Log lines as they were written. */
export class LogLines implements Logger {
  readonly lines: { level: string; message: string; fields: Readonly<Record<string, LogValue>> }[] = [];

  debug(message: string, fields: Readonly<Record<string, LogValue>> = {}): void {
    this.lines.push({ level: "debug", message, fields });
  }
  info(message: string, fields: Readonly<Record<string, LogValue>> = {}): void {
    this.lines.push({ level: "info", message, fields });
  }
  warning(message: string, fields: Readonly<Record<string, LogValue>> = {}): void {
    this.lines.push({ level: "warning", message, fields });
  }
  error(message: string, fields: Readonly<Record<string, LogValue>> = {}): void {
    this.lines.push({ level: "error", message, fields });
  }
}

/** A folder on disk. */
export class TempFolder {
  readonly path: string = mkdtempSync(join(tmpdir(), "sallyport-"));
  readonly #outside: string = mkdtempSync(join(tmpdir(), "sallyport-"));
  #n = 0;

  constructor(t: TestContext) {
    t.after(() => {
      rmSync(this.path, { recursive: true, force: true });
      rmSync(this.#outside, { recursive: true, force: true });
    });
  }

  at(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string | Uint8Array): void {
    mkdirSync(dirname(this.at(name)), { recursive: true });
    writeFileSync(this.at(name), text);
  }

  /** As editors do: a new file takes the place of the old one. */
  replace(name: string, text: string): void {
    const other = join(this.#outside, String(this.#n++));
    writeFileSync(other, text);
    renameSync(other, this.at(name));
  }

  /** Makes a link, or has it lead elsewhere, in one step. */
  link(name: string, target: string): void {
    const other = `${this.at(name)}.link${this.#n++}`;
    symlinkSync(target, other);
    renameSync(other, this.at(name));
  }

  remove(name: string): void {
    rmSync(this.at(name), { recursive: true });
  }
}

/** A started source with what it told. */
export interface Following {
  readonly store: Store;
  readonly source: ManifestSource;
  readonly reading: ManifestReading;
  readonly log: LogLines;
  readonly changes: StoreChange[];
  /** Resolves when `test` holds, looking after each change that is told; fails after five seconds. */
  until(what: string, test: () => boolean): Promise<void>;
}

/** Starts a source that ends with the test. */
export async function follow(
  t: TestContext,
  folders: readonly string[],
  options: Partial<ManifestSourceOptions> = {},
  rest: Partial<SourceTarget> = {},
): Promise<Following> {
  const store = new Store();
  const log = new LogLines();
  const changes: StoreChange[] = [];
  const waiting = new Set<() => void>();
  const told = (): void => {
    for (const look of [...waiting]) look();
  };
  const source = new ManifestSource({ folders, logger: log, ...options });
  let started = false;
  const target: SourceTarget = {
    get: (key) => store.get(key),
    apply: (batch) => {
      const more = store.apply(batch);
      if (!started) return;
      changes.push(...more);
      told();
    },
    diagnosticsChanged: (news) => {
      void logDiagnostics(log, news);
      told();
    },
    stateChanged: told,
    ...rest,
  };
  t.after(() => source.stop());
  const reading = await source.start(target);
  started = true;
  log.lines.splice(log.lines.findIndex(({ message }) => message === "manifests read"), 1);
  const until = (what: string, test: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(look);
        reject(new Error(`waited for ${what}; have ${[...hostsOf(store)].join(", ")}`));
      }, 5000);
      const look = () => {
        if (!test()) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { store, source, reading, log, changes, until };
}

/** A source that must be a place in a file. */
export function fileSource(source: SourceRef | undefined): FileRef {
  assert(source?.kind === "file", JSON.stringify(source));
  return source;
}

/** Hosts of all Ingresses, sorted. */
export function hostsOf(store: Store): string[] {
  return [...store.ingresses()].flatMap((ingress) => ingress.spec.rules.map((rule) => rule.host)).sort();
}

/** Text of an Ingress. */
export function ingressText(name: string, host: string, service = "echo"): string {
  return `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ${name}, namespace: default}
spec:
  ingressClassName: nginx
  rules: [{host: ${host}, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: ${service}, port: {number: 80}}}}]}}]
`;
}
