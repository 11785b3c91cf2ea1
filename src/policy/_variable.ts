/**
 * Variables in annotation texts.
 *
 * @module
 */
import type { TextOf } from "./_text.ts";

/** The value of a variable: those set by snippets and by named groups. */
export function variable(name: string): TextOf {
  return (exchange) => exchange.variables?.get(name) ?? "";
}
