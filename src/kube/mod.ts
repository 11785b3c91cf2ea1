/**
 * Kubernetes objects: typed, validated, normalised, and kept in a store that reports changes. A source (so far: folders
 * of manifests) fills the store, and reports changes and diagnostics. No content makes it throw, and a malformed object
 * affects no other object.
 *
 * @example The controller's use
 * ```ts ignore
 * const manifests = new ManifestSource({ folders: ["manifests"], logger });
 * const sources = new ObjectSources([manifests, new MemorySource()], { onChange: (changes) => {} });
 * await sources.start(); // rejects with ManifestFolderError when a folder is missing
 * sources.store; // filled, and followed
 * sources.diagnostics(); // all that stand now
 * await sources.stop();
 * ```
 *
 * @module
 */
export * from "./objects.ts";
export type { KubeObject } from "./schema/kinds.ts";
export type { StoreChange, StoreView } from "./store-view.ts";
export { keyOf, Store, type StoreBatch } from "./store.ts";
export {
  ManifestFolderError,
  type ManifestInput,
  type ManifestReading,
  type ManifestSourceOptions,
} from "./manifest/options.ts";
export { type ReadManifests, readManifests } from "./manifest/read-manifests.ts";
export { MemorySource } from "./memory-source.ts";
export type { ObjectSource, SourceReading, SourceState, SourceTarget } from "./source.ts";
export { ObjectSources, type ObjectSourcesOptions } from "./sources.ts";
export { ManifestSource } from "./manifest/source.ts";
export { type ObjectReading, readObject } from "./schema/mod.ts";
export { locateDiagnostics } from "./manifest/locate.ts";
