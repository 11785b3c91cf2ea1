/**
 * nginx's variables, for snippets and for the access log. A file per family.
 *
 * @module
 */
import type { Exchange } from "../../http/exchange.ts";
import { asBytes } from "../byte-text.ts";
import { findAbsence } from "./absent.ts";
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

export { type Absence, findAbsence } from "./absent.ts";

/** Names with a value, without families. */
export const variableNames: readonly string[] = [...TABLE.keys()].sort();

/**
 * Variables of the controller's maps and the like, which nginx lets snippets set: what they set holds from then on. So it
 * does for those of {@link findAbsence} that only the controller's template defines.
 */
const SETTABLE: ReadonlySet<string> = new Set([
  ..."connection_upgrade loggable literal_dollar block_ua block_ref balancer_ewma_score cors target redirect_to subdomain"
    .split(
      " ",
    ),
  ..."auth_cookie auth_path auth_keepalive_share_vars auth_response_headers cache_key tmp_cache_key uid_reset".split(
    " ",
  ),
]);

/** True when a snippet may set the variable, although nginx or the controller defines it. `name`: lower case. */
export function isSettable(name: string): boolean {
  return SETTABLE.has(name) || /^(?:authheader|geoip2_)./.test(name);
}

const nothing: Getter = () => undefined;

function find(name: string): Getter | undefined {
  const lower = name.toLowerCase();
  const known = findDefined(lower);
  if (known === undefined || !isSettable(lower)) return known;
  return (x) => x.variables?.get(lower) ?? known(x);
}

function findDefined(lower: string): Getter | undefined {
  const known = TABLE.get(lower);
  if (known !== undefined) return known;
  const family = families.find(({ prefix }) => lower.startsWith(prefix) && lower.length > prefix.length);
  if (family !== undefined) return family.getter(lower.slice(family.prefix.length));
  return findAbsence(lower) === undefined ? undefined : nothing;
}

/** True for a variable of nginx or the controller, and not of a snippet. */
export function isVariable(name: string): boolean {
  return find(name) !== undefined;
}

/**
 * Returns a getter of a variable, whose value is empty when not found; `undefined` for a name that is not defined.
 * Values are bytes, one character each. Look it up once, when tables are built.
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
