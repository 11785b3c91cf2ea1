/**
 * Kubernetes objects as they are needed here: typed, validated, normalised, and kept in a store that says what changed.
 *
 * Sources (folders of manifests, memory) fill the store and tell changes and findings; nothing that they read can
 * make them throw, and a bad object costs itself only.
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
export type { StoreChange, StoreView } from "./store-view.ts";
export { keyOf, Store, type StoreBatch } from "./store.ts";
export {
  ManifestFolderError,
  type ManifestInput,
  type ManifestReading,
  type ManifestSourceOptions,
} from "./manifest/options.ts";
export { type ReadManifests, readManifests } from "./manifest/once.ts";
export { MemorySource } from "./memory-source.ts";
export type { ObjectSource, SourceReading, SourceState, SourceTarget } from "./source.ts";
export { ObjectSources, type ObjectSourcesOptions } from "./sources.ts";
export { ManifestSource } from "./manifest/source.ts";
export { type ObjectReading, readObject } from "./schema/mod.ts";
export { pinpoint } from "./manifest/pinpoint.ts";
