/**
 * Annotation texts with variables and captures: `/new/$1`, `$host`.
 *
 * @module
 */
import * as v from "valibot";
import type { Exchange } from "../http/exchange.ts";
import { compileTemplate, findAbsence, parseTemplate, TemplateError, variable, variablesOf } from "../nginx/mod.ts";
import { readText } from "./_read.ts";
import type { PolicyInput } from "./contract.ts";
import type { TextSchema } from "./_schema.ts";

/** True when every `$` in the text begins a variable or a capture. */
export function isTemplate(text: string): boolean {
  try {
    parseTemplate(text);
    return true;
  } catch (error) {
    if (error instanceof TemplateError) return false;
    throw error;
  }
}

/** Makes a schema demand that every `$` begins a variable or a capture. */
export function templateOf(schema: TextSchema): TextSchema {
  return v.pipe(
    v.string(),
    schema,
    v.check((text) => typeof text !== "string" || isTemplate(text), "want a name or a digit after each $"),
  );
}

/** Annotations that may set variables. */
const SNIPPETS = ["configuration-snippet", "server-snippet"] as const;
const CONFIG_SNIPPETS = ["location-snippet", "server-snippet"] as const;

/**
 * Reports variables of an annotation that are always empty: those without a value here, and those that are not defined
 * (by nginx, a snippet or a path).
 */
export function reportUnknownVariables(input: PolicyInput, annotation: string, text: string): void {
  for (const name of new Set(variablesOf(parseTemplate(text)))) {
    const absence = findAbsence(name);
    if (absence !== undefined && !mayBeDefined(input, name)) {
      input.report({
        reason: "VariableWithoutValue",
        severity: "info",
        annotation,
        message: `read ${annotation} "${text}": variable "$${name}" has no value here: ${absence.reason}`,
        effect: "it stands for the empty text",
      });
      continue;
    }
    if (variable(name) !== undefined || mayBeDefined(input, name)) continue;
    input.report({
      reason: "UnknownVariable",
      severity: "warning",
      annotation,
      message: `read ${annotation} "${text}": unknown variable "$${name}"`,
      effect: "it stands for nothing",
    });
  }
}

function mayBeDefined(input: PolicyInput, name: string): boolean {
  const texts = [
    ...SNIPPETS.map((key) => readText(input, key)),
    ...CONFIG_SNIPPETS.map((key) => input.config.get(key)),
    ...input.paths,
  ];
  // deliberately loose, because this only finds typing errors
  return (name === "subdomain" && input.hosts.some((host) => host.startsWith("*."))) ||
    texts.some((text) => text?.toLowerCase().includes(name) === true);
}

/** Values are bytes, one character each. `escapeCaptures`: as nginx does in a query or a redirect. */
export function compileText(text: string, escapeCaptures: boolean = false): (exchange: Exchange) => string {
  return compileTemplate(parseTemplate(text), escapeCaptures);
}
