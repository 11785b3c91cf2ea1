/**
 * nginx's variables, for snippets and for the access log. A file per family.
 *
 * @module
 */
import type { Exchange } from "../../http/exchange.ts";
import { asBytes } from "../byte-text.ts";
import { connection } from "./connection.ts";
import { families } from "./fields.ts";
import type { Getter } from "./getter.ts";
import { ingress } from "./ingress.ts";
import { request } from "./request.ts";
import { response } from "./response.ts";
import { time } from "./time.ts";

const TABLE: ReadonlyMap<string, Getter> = new Map(
  Object.entries({ ...request, ...connection, ...response, ...ingress, ...time }),
);

/** Names without families, for suggestions. */
export const variableNames: readonly string[] = [...TABLE.keys()].sort();

function find(name: string): Getter | undefined {
  const lower = name.toLowerCase();
  const known = TABLE.get(lower);
  if (known !== undefined) return known;
  const family = families.find(({ prefix }) => lower.startsWith(prefix) && lower.length > prefix.length);
  return family?.getter(lower.slice(family.prefix.length));
}

/** Is it one of nginx's or the controller's own (not one that a snippet sets)? */
export function isVariable(name: string): boolean {
  return find(name) !== undefined;
}

/**
 * Value of a variable, empty when not found; `undefined` for a name that nobody defines. Values are bytes, one character
 * each. Look it up once, when tables are built.
 *
 * @param name without `$`
 */
export function variable(name: string): ((x: Exchange) => string) | undefined {
  const getter = find(name);
  return getter && ((x) => getter(x) ?? "");
}

/** As {@link variable}, with `-` for what is not found, as nginx's log shows it. */
export function logVariable(name: string): ((x: Exchange) => string) | undefined {
  const getter = find(name);
  return getter && ((x) => getter(x) ?? "-");
}

/** As {@link variable}; a name that the table does not have is one that snippets set, empty until then. */
export function variableGetter(name: string): (x: Exchange) => string {
  return variable(name) ?? ((x) => asBytes(x.variables?.get(name) ?? ""));
}
