/**
 * Kinds of flag values: each function makes declarations of one kind.
 *
 * @module
 */
import { parseBoolean, parseGoDuration } from "../../unit/mod.ts";
import type { Flag, FlagFacts, ParseValue } from "./declaration.ts";

function declare<T>(placeholder: string, value: T, shown: string, parse: ParseValue<T>, facts: FlagFacts): Flag<T> {
  const { group, doc, state = "honoured", short } = facts;
  const flag = { default: value, shownDefault: shown, placeholder, repeatable: false, parse, group, state, doc };
  return short === undefined ? flag : { ...flag, short };
}

/** A boolean: `--x`, `--x=true`, `--x=false`; like Go's flags also 1, 0, t, f, T, F, TRUE, True, ... */
export function bool(value: boolean, facts: FlagFacts): Flag<boolean> {
  return declare("", value, value ? "true" : "", parseBool, facts);
}

function parseBool(text: string): boolean {
  const value = parseBoolean(text);
  if (value === undefined) throw new RangeError("want true or false");
  return value;
}

/** Any text. */
export function text(placeholder: string, value: string, facts: FlagFacts): Flag<string> {
  return declare(placeholder, value, value, (t) => t, facts);
}

/** Any text; the flag may be given several times. */
export function texts(placeholder: string, facts: FlagFacts): Flag<readonly string[]> {
  const flag = declare<readonly string[]>(placeholder, [], "", (t) => {
    if (t === "") throw new RangeError("want a name");
    return [t];
  }, facts);
  return { ...flag, repeatable: true };
}

/** One of `choices`, exactly. */
export function choice<C extends string>(choices: readonly C[], value: C, facts: FlagFacts): Flag<C> {
  return declare(choices.join("|"), value, value, (t) => {
    const found = choices.find((c) => c === t);
    if (found === undefined) throw new RangeError(`want one of ${choices.join(", ")}`);
    return found;
  }, facts);
}

/** Name of a Kubernetes object, `namespace/name`; empty for none. */
export function objectName(facts: FlagFacts): Flag<string> {
  return declare("NAMESPACE/NAME", "", "", (t) => {
    if (t !== "" && !/^[a-z0-9][a-z0-9.-]{0,252}\/[a-z0-9][a-z0-9.-]{0,252}$/.test(t)) {
      throw new RangeError("want namespace/name");
    }
    return t;
  }, facts);
}

/** Whole number from `min` to `max`. */
export function integer(
  placeholder: string,
  value: number,
  facts: FlagFacts,
  range: { readonly min: number; readonly max: number } = { min: -2147483648, max: 2147483647 },
): Flag<number> {
  return declare(placeholder, value, String(value), (t) => {
    const n = /^[+-]?\d{1,15}$/.test(t) ? Number(t) : NaN;
    if (!(n >= range.min && n <= range.max)) {
      throw new RangeError(`want a whole number from ${range.min} to ${range.max}`);
    }
    return n;
  }, facts);
}

/** Whole number from 0 to `max`, or `auto`. */
export function countOrAuto(max: number, facts: FlagFacts): Flag<number | "auto"> {
  return declare<number | "auto">("N|auto", "auto", "auto", (t) => {
    if (t === "auto") return t;
    const n = /^\d{1,15}$/.test(t) ? Number(t) : NaN;
    if (!(n <= max)) throw new RangeError(`want auto or a whole number from 0 to ${max}`);
    return n;
  }, facts);
}

/** TCP or UDP port; 0: any free one. */
export function port(value: number, facts: FlagFacts): Flag<number> {
  return integer("PORT", value, facts, { min: 0, max: 65535 });
}

/** Number with fraction. */
export function decimal(value: number, facts: FlagFacts): Flag<number> {
  return declare("NUMBER", value, String(value), parseDecimal, facts);
}

function parseDecimal(t: string): number {
  const n = /^[+-]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(?:e[+-]?\d{1,2})?$/i.test(t) ? Number(t) : NaN;
  if (Number.isNaN(n)) throw new RangeError("want a number");
  return n;
}

/** Numbers in rising order, separated by commas. */
export function buckets(value: readonly number[], facts: FlagFacts): Flag<readonly number[]> {
  return declare("N,N,...", value, value.join(","), (t) => {
    const numbers = t.split(",").map((part) => parseDecimal(part.trim()));
    if (numbers.length > 100) throw new RangeError("want at most 100 numbers");
    if (numbers.some((n, i) => i > 0 && n <= numbers[i - 1]!)) throw new RangeError("want rising numbers");
    return numbers;
  }, facts);
}

/** Words separated by commas. */
export function words(value: readonly string[], facts: FlagFacts): Flag<readonly string[]> {
  return declare("A,B,...", value, value.join(","), (t) => t.split(",").map((w) => w.trim()).filter((w) => w), facts);
}

/** A duration of Go (`1h2m3.5s`, `300ms`, `0`), in milliseconds. */
export function duration(valueMs: number, facts: FlagFacts): Flag<number> {
  return declare("DURATION", valueMs, `${valueMs / 1000}s`, (t) => {
    const ms = parseGoDuration(t.replace(/^[+-]/, ""));
    if (ms === undefined) throw new RangeError("want a duration such as 30s or 1m30s");
    return t.startsWith("-") ? -ms : ms;
  }, facts);
}
