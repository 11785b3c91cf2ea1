/**
 * Determines from changed objects what must be compiled again.
 *
 * @module
 */
import type { KubeObject, StoreChange } from "../kube/mod.ts";
import { CATCH_ALL, DEFAULT_BACKEND, DEFAULT_CERTIFICATE } from "../snapshot/snapshot.ts";
import type { Configuration } from "./configuration.ts";
import type { CompilerOptions } from "./contract.ts";
import type { DependencyIndex } from "./route/dependency-index.ts";
import { nameOf } from "./order.ts";

/** Parts that a run must compile again. Passes add parts for later passes. */
export class Dirty {
  configuration = false;
  /** All routes. */
  everything = false;
  /** Ids of routes. */
  readonly routes: Set<string> = new Set();
  /** Ids of certificates. */
  readonly certificates: Set<string> = new Set();
  /** Names of virtual hosts. */
  readonly hosts: Set<string> = new Set();
  /** Ids of upstreams. */
  readonly upstreams: Set<string> = new Set();
}

/** Marks everything, for the first run. */
export function markAll(options: CompilerOptions): Dirty {
  const dirty = new Dirty();
  dirty.configuration = true;
  dirty.everything = true;
  dirty.hosts.add(CATCH_ALL);
  if (options.defaultBackendService !== "") dirty.upstreams.add(DEFAULT_BACKEND);
  if (options.defaultSslCertificate !== "") dirty.certificates.add(DEFAULT_CERTIFICATE);
  return dirty;
}

/** Marks what the changes touch, for a later run. */
export function markChanges(
  changes: readonly StoreChange[],
  options: CompilerOptions,
  index: DependencyIndex,
  configuration: Configuration | undefined,
): Dirty {
  const dirty = new Dirty();
  for (const { key, kind, before, after } of changes) {
    for (const object of [before, after]) {
      if (object !== undefined) markObject(object, options, index, dirty);
    }
    for (const name of index.reads.get(key)) dirty.routes.add(name);
    if (kind === "ConfigMap" && configuration?.reads.has(key) === true) dirty.configuration = true;
  }
  return dirty;
}

function markObject(object: KubeObject, options: CompilerOptions, index: DependencyIndex, dirty: Dirty): void {
  const name = nameOf(object);
  switch (object.kind) {
    case "Service":
    case "Endpoints":
      markService(name, options, index, dirty);
      break;
    case "EndpointSlice":
      markService(`${object.metadata.namespace}/${object.serviceName}`, options, index, dirty);
      break;
    case "Secret":
      if (index.secrets.has(name)) dirty.certificates.add(name);
      if (name === options.defaultSslCertificate) dirty.certificates.add(DEFAULT_CERTIFICATE);
      break;
      // the objects that routes are made of, of whatever API, are their translators' business
  }
}

function markService(service: string, options: CompilerOptions, index: DependencyIndex, dirty: Dirty): void {
  for (const id of index.services.get(service)) dirty.upstreams.add(id);
  if (service === options.defaultBackendService) dirty.upstreams.add(DEFAULT_BACKEND);
}
