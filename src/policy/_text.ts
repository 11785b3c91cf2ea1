/**
 * Text with captures and variables, as annotations have it: `/new/$1`, `${host}-$arg_id`.
 *
 * @module
 */
import type { Exchange } from "../http/exchange.ts";

/** Gives the text its values for one exchange. */
export type TextOf = (exchange: Exchange) => string;

const PART = /\$(?:([1-9])|(?:\{([A-Za-z0-9_]+)\}|([A-Za-z_][A-Za-z0-9_]*)))/g;

/**
 * Compiles the text once. Captures are those of the last match; a variable or capture without a value is empty. A `$`
 * that begins neither stands for itself. `escape` is applied to captures.
 */
export function compileText(
  text: string,
  variable: (name: string) => TextOf,
  escape: (exchange: Exchange, capture: string) => string = (_, capture) => capture,
): TextOf {
  const parts: (string | TextOf)[] = [];
  let end = 0;
  for (const found of text.matchAll(PART)) {
    if (found.index > end) parts.push(text.slice(end, found.index));
    end = found.index + found[0].length;
    if (found[1] === undefined) {
      parts.push(variable(found[2] ?? found[3]!));
      continue;
    }
    const group = Number(found[1]);
    parts.push((exchange) => {
      const capture = exchange.captures?.[group];
      return capture === undefined ? "" : escape(exchange, capture);
    });
  }
  if (end < text.length) parts.push(text.slice(end));
  const [first, second, third] = parts;
  if (first === undefined) return () => "";
  if (parts.length === 1) return typeof first === "string" ? () => first : first;
  // The common `/prefix/$1`.
  if (parts.length === 2 && typeof first === "string" && typeof second === "function" && third === undefined) {
    return (exchange) => first + second(exchange);
  }
  return (exchange) => {
    let out = "";
    for (const part of parts) out += typeof part === "string" ? part : part(exchange);
    return out;
  };
}
