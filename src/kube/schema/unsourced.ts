/**
 * An object without its source.
 *
 * @module
 */
import type { SourceRef } from "../../diagnostic.ts";

/** The object without `source`. */
export type Unsourced<T extends { readonly source: SourceRef }> = Omit<T, "source">;
