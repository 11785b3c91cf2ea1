/**
 * An object without its source.
 *
 * @module
 */
import type { KubeObject } from "../objects.ts";

/** The object without `source`. */
export type Unsourced<T extends KubeObject> = Omit<T, "source">;
