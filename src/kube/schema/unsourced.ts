/**
 * An object before it is told where it was read from.
 *
 * @module
 */
import type { KubeObject } from "../objects.ts";

/** The object without `source`. */
export type Unsourced<T extends KubeObject> = Omit<T, "source">;
