/**
 * Kubernetes objects as they are needed here: typed, validated, normalised, and kept in a store that says what changed.
 *
 * A source (so far: folders of manifests) fills the store and reports changes and findings; nothing that it reads can
 * make it throw, and a bad object costs itself only.
 *
 * @example The controller's use
 * ```ts ignore
 * const store = new Store();
 * const source = new ManifestSource({ folders: ["manifests"], logger, store, onChange: (changes, diagnostics) => {} });
 * const first = await source.start(); // ManifestReading; rejects with ManifestFolderError when a folder is missing
 * source.diagnostics(); // all that stand now
 * await source.stop();
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
export { ManifestSource } from "./manifest/source.ts";
export { type ObjectReading, readObject } from "./schema/mod.ts";
export { pinpoint } from "./manifest/pinpoint.ts";
