/**
 * Families of variables by name: `$http_*`, `$sent_http_*`, `$upstream_http_*`, `$arg_*`, `$cookie_*`.
 *
 * @module
 */
import type { Exchange } from "../../http/exchange.ts";
import type { Fields } from "../../http/fields.ts";
import type { Getter, VariableFamily } from "./getter.ts";

/** All lines of a field, joined as nginx does. */
function lines(fields: Fields, name: string, separator: string): string | undefined {
  const value = fields.get(name);
  if (value === undefined) return undefined;
  const all = fields.getAll(name);
  return all.length > 1 ? all.join(separator) : value;
}

const http: VariableFamily = {
  prefix: "http_",
  getter(rest) {
    const name = rest.replaceAll("_", "-");
    const separator = name === "cookie" ? "; " : ", ";
    return (x) => lines(x.request, name, separator);
  },
};

const sentHttp: VariableFamily = {
  prefix: "sent_http_",
  getter(rest) {
    const name = rest.replaceAll("_", "-");
    return (x) => x.response === null ? undefined : lines(x.response, name, ", ");
  },
};

/** Fields of the response, with the changes of policies so far. */
const upstreamHttp: VariableFamily = {
  prefix: "upstream_http_",
  getter(rest) {
    const name = rest.replaceAll("_", "-");
    return (x) => x.response === null || x.attempts.length === 0 ? undefined : lines(x.response, name, ", ");
  },
};

const upstreamCookie: VariableFamily = {
  prefix: "upstream_cookie_",
  getter(rest) {
    return (x) => {
      if (x.response === null || x.attempts.length === 0) return undefined;
      for (const line of x.response.getAll("set-cookie")) {
        const value = pair(line.split(";", 1)[0]!, rest, ";");
        if (value !== undefined) return value;
      }
      return undefined;
    };
  },
};

const arg: VariableFamily = {
  prefix: "arg_",
  getter: (rest): Getter => (x) => x.query === undefined || x.query === "" ? undefined : pair(x.query, rest, "&"),
};

const cookie: VariableFamily = {
  prefix: "cookie_",
  getter: (rest): Getter => (x: Exchange) => {
    const value = lines(x.request, "cookie", "; ");
    return value === undefined ? undefined : pair(value, rest, ";");
  },
};

/** Value of the first `name=value` in a list; names are compared without regard to case. */
function pair(list: string, lowerName: string, separator: string): string | undefined {
  for (let start = 0; start < list.length;) {
    const found = list.indexOf(separator, start);
    const end = found < 0 ? list.length : found;
    if (separator === ";") { while (list.charCodeAt(start) === 0x20) start++; }
    const equals = start + lowerName.length;
    if (list.charCodeAt(equals) === 0x3d && equals < end && list.slice(start, equals).toLowerCase() === lowerName) {
      const value = list.slice(equals + 1, end);
      return separator === ";" ? value.trimEnd() : value;
    }
    start = end + 1;
  }
  return undefined;
}

/** Longest prefixes first. */
export const families: readonly VariableFamily[] = [upstreamCookie, upstreamHttp, sentHttp, cookie, http, arg];
