/**
 * Types of variables.
 *
 * @module
 */
import type { Exchange } from "../../http/exchange.ts";

/** Returns the value for a request, in bytes (see byte-text.ts); `undefined`: not found, which logs show as `-`. */
export type Getter = (x: Exchange) => string | undefined;

/** Variables of one family by name, lower case. */
export type VariableTable = Readonly<Record<string, Getter>>;

/** A family of variables that share a prefix, e.g. `http_`. */
export interface VariableFamily {
  readonly prefix: string;
  /** `rest`: what follows the prefix, not empty. */
  getter(rest: string): Getter;
}

/** Milliseconds as seconds with three decimals, as nginx writes times. */
export function formatSeconds(milliseconds: number): string {
  return (Math.max(0, milliseconds) / 1000).toFixed(3);
}
