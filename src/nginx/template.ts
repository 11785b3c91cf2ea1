/**
 * Parameters with variables: `text`, `$name`, `${name}`, `$1`.
 *
 * @module
 */
import type { Exchange } from "../http/exchange.ts";
import { asBytes, toBytes } from "./byte-text.ts";
import { variableGetter } from "./variable/mod.ts";

/** Plain JSON data: a text, or parts in order. Texts are bytes (see byte-text.ts). */
export type Template = string | readonly TemplatePart[];

export type TemplatePart =
  | string
  | { readonly variable: string }
  /** Group of the last match, 1 to 9. */
  | { readonly capture: number };

/** Error for a parameter that is no template. `offset` counts characters from its start. */
export class TemplateError extends SyntaxError {
  override readonly name = "TemplateError";

  constructor(message: string, readonly offset: number) {
    super(message);
  }
}

/** A value exceeds {@link MAX_VALUE_LENGTH} while a request is served. */
export class ValueTooLong extends RangeError {
  override readonly name = "ValueTooLong";
}

/** Longest value of a request, bytes; a longer one ends the request with 500. */
const MAX_VALUE_LENGTH = 64 * 1024;

const NAME = /[A-Za-z0-9_]+/y;

/** @throws {TemplateError} */
export function parseTemplate(text: string): Template {
  const parts: TemplatePart[] = [];
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0) break;
    if (dollar > at) parts.push(toBytes(text.slice(at, dollar)));
    const next = text[dollar + 1];
    if (next !== undefined && next >= "0" && next <= "9") {
      parts.push({ capture: Number(next) });
      at = dollar + 2;
      continue;
    }
    const braced = next === "{";
    NAME.lastIndex = dollar + (braced ? 2 : 1);
    const name = NAME.exec(text)?.[0];
    if (name === undefined) throw new TemplateError('a variable name expected after "$"', dollar);
    at = NAME.lastIndex;
    if (braced) {
      if (text[at] !== "}") throw new TemplateError(`"}" expected after "\${${name}"`, dollar);
      at++;
    }
    parts.push(/^[0-9]$/.test(name) ? { capture: Number(name) } : { variable: name.toLowerCase() });
  }
  if (at < text.length) parts.push(toBytes(text.slice(at)));
  if (parts.length === 0) return "";
  return parts.length === 1 && typeof parts[0] === "string" ? parts[0] : parts;
}

/** Names of the variables in a template. */
export function variablesOf(template: Template): string[] {
  if (typeof template === "string") return [];
  return template.flatMap((part) => typeof part === "object" && "variable" in part ? [part.variable] : []);
}

/** True when a template contains groups of a match. */
export function hasCaptures(template: Template): boolean {
  return typeof template !== "string" && template.some((part) => typeof part === "object" && "capture" in part);
}

/** Evaluates a template for a request. Throws {@link ValueTooLong}. */
export type Evaluate = (x: Exchange) => string;

/** Compiles a template; variables that are not built in are those that snippets set. */
export function compileTemplate(template: Template, escapeCaptures: boolean = false): Evaluate {
  if (typeof template === "string") return () => template;
  const parts = template.map((part): string | Evaluate => {
    if (typeof part === "string") return part;
    if ("variable" in part) return variableGetter(part.variable);
    const { capture } = part;
    return escapeCaptures
      ? (x) => escapeCapture(x, asBytes(x.captures?.[capture] ?? ""))
      : (x) => asBytes(x.captures?.[capture] ?? "");
  });
  const [first, second] = parts;
  if (parts.length === 1 && typeof first === "function") return (x) => bounded(first(x));
  if (parts.length === 2 && typeof first === "string" && typeof second === "function") {
    return (x) => bounded(first + second(x));
  }
  return (x) => {
    let out = "";
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!;
      out = bounded(out + (typeof part === "string" ? part : part(x)));
    }
    return out;
  };
}

function bounded(value: string): string {
  if (value.length > MAX_VALUE_LENGTH) {
    throw new ValueTooLong(`Cannot make a value longer than ${MAX_VALUE_LENGTH} bytes`);
  }
  return value;
}

// Space, controls, `" # % & + ; < > ? \ ^ ` { | }` and bytes beyond ASCII: what nginx 1.21.1 and later escape in arguments.
// deno-lint-ignore no-control-regex
const ESCAPED = /[\x00-\x20"#%&+;<>?\\^`{|}\x7f-\xff]/g;

/** Escapes a group, as nginx does only when the path of the request contained escapes. */
function escapeCapture(x: Exchange, value: string): string {
  const mark = x.target.indexOf("?");
  const path = mark < 0 ? x.target : x.target.slice(0, mark);
  return path.includes("%") || path.includes("+") ? value.replace(ESCAPED, escapeByte) : value;
}

/** `%XX` */
export function escapeByte(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

const ESCAPE = /%([0-9A-Fa-f]{2})/g;

/**
 * Decodes the target of a redirect by `rewrite` as nginx does: escapes of characters above `%` and below DEL, up to the
 * first `?`, an escaped one included.
 */
export function unescapeRedirect(target: string): string {
  const mark = target.indexOf("?");
  const end = mark < 0 ? target.length : mark;
  if (!target.slice(0, end).includes("%")) return target;
  let done = false;
  const path = target.slice(0, end).replace(ESCAPE, (escape, digits: string) => {
    const code = parseInt(digits, 16);
    if (done || code <= 0x25 || code >= 0x7f) return escape;
    done = code === 0x3f;
    return String.fromCharCode(code);
  });
  return path + target.slice(end);
}
