/**
 * Annotation texts with variables and captures in them: `/new/$1`, `$host`.
 *
 * @module
 */
import * as v from "valibot";
import type { Exchange } from "../http/exchange.ts";
import { compileTemplate, parseTemplate, TemplateError } from "../nginx/mod.ts";
import type { TextSchema } from "./_schema.ts";

/** Is it text in which every `$` begins a variable or a capture. */
export function isTemplate(text: string): boolean {
  try {
    parseTemplate(text);
    return true;
  } catch (error) {
    if (error instanceof TemplateError) return false;
    throw error;
  }
}

/** Adds to a schema that every `$` begins a variable or a capture. */
export function templateOf(schema: TextSchema): TextSchema {
  return v.pipe(
    v.string(),
    schema,
    v.check((text) => typeof text !== "string" || isTemplate(text), "want a name or a digit after each $"),
  );
}

/** Values are bytes, one character each. `escapeCaptures`: as nginx does in a query or a redirect. */
export function compileText(text: string, escapeCaptures: boolean = false): (exchange: Exchange) => string {
  return compileTemplate(parseTemplate(text), escapeCaptures);
}
