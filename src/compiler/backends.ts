/**
 * Backends of locations.
 *
 * @module
 */
import type { BackendSet, ConditionalBackend, UpstreamRef } from "../snapshot/snapshot.ts";

/** Shared by all locations with one upstream; never written to. */
const NO_CONDITIONS: readonly ConditionalBackend[] = [];

/** The set of a location with one upstream, which gets all requests. */
export function onlyBackend(ref: UpstreamRef): BackendSet {
  return { kind: "upstreams", conditional: NO_CONDITIONS, weighted: [{ ...ref, weight: 1 }], whenEmpty: "refuse" };
}
