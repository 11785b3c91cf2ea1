/**
 * Compiled changes of request and response fields.
 *
 * @module
 */
import type { Exchange } from "../../http/exchange.ts";
import type { Fields } from "../../http/fields.ts";
import type { AddHeader, ClearHeaders, Expires, ResponseFilter, SetHeaders, SetInputHeaders } from "../program.ts";
import { compileTemplate } from "../template.ts";

export type Edit = (x: Exchange) => void;

/** Statuses that `add_header` without `always`, and `expires`, act on. */
const SUCCESSFUL: ReadonlySet<number> = new Set([200, 201, 204, 206, 301, 302, 303, 304, 307, 308]);

// deno-lint-ignore no-control-regex
const UNSAFE = /[\x00-\x08\x0a-\x1f\x7f]/;

/** A value of a request could hold line ends and other controls; nginx would send them. */
export function safeValue(value: string): string {
  // deno-lint-ignore no-control-regex
  return UNSAFE.test(value) ? value.replace(/[\x00-\x08\x0a-\x1f\x7f]+/g, " ") : value;
}

export function compileAddHeader({ name, value, always }: AddHeader): Edit {
  const evaluate = compileTemplate(value);
  const lower = name.toLowerCase();
  const replaces = lower === "etag" || lower === "last-modified";
  return (x) => {
    if (!always && !SUCCESSFUL.has(x.status)) return;
    const text = safeValue(evaluate(x));
    if (text === "") {
      if (replaces) x.response!.delete(lower);
      return;
    }
    if (replaces) x.response!.set(name, text);
    else x.response!.append(name, text);
  };
}

export function compileResponseEdit(edit: SetHeaders | ClearHeaders): Edit {
  const applies = compileFilter(edit);
  if (edit.kind === "more_clear_headers") {
    const { names, prefixes } = edit;
    return (x) => {
      if (!applies(x)) return;
      for (const name of names) x.response!.delete(name);
      if (prefixes.length > 0) deletePrefixed(x.response!, prefixes);
    };
  }
  const headers = edit.headers.map(({ name, value }) => ({
    name,
    lower: name.toLowerCase(),
    value: compileTemplate(value),
  }));
  const { append } = edit;
  return (x) => {
    if (!applies(x)) return;
    for (const { name, lower, value } of headers) {
      const text = safeValue(value(x));
      if (text === "") x.response!.delete(lower);
      else if (append) x.response!.append(name, text);
      else x.response!.set(name, text);
    }
  };
}

function compileFilter({ statuses, types }: ResponseFilter): (x: Exchange) => boolean {
  if (statuses.length === 0 && types.length === 0) return () => true;
  return (x) =>
    (statuses.length === 0 || statuses.includes(x.status)) &&
    (types.length === 0 || types.includes(mediaType(x.response!)));
}

/** Content-Type without parameters, lower case. */
function mediaType(fields: Fields): string {
  const value = fields.get("content-type") ?? "";
  const semicolon = value.indexOf(";");
  return (semicolon < 0 ? value : value.slice(0, semicolon)).trim().toLowerCase();
}

/** Never those that frame the message. */
const KEPT: ReadonlySet<string> = new Set(["connection", "content-length", "transfer-encoding", "upgrade", "trailer"]);

function deletePrefixed(fields: Fields, prefixes: readonly string[]): void {
  const doomed = new Set<string>();
  for (const [name] of fields) {
    const lower = name.toLowerCase();
    if (!KEPT.has(lower) && prefixes.some((prefix) => lower.startsWith(prefix))) doomed.add(lower);
  }
  for (const name of doomed) fields.delete(name);
}

export function compileRequestEdit(edit: SetInputHeaders): Edit {
  const headers = edit.headers.map(({ name, value }) => ({
    name,
    lower: name.toLowerCase(),
    value: compileTemplate(value),
  }));
  const { types, replaceOnly, clearPrefixes } = edit;
  return (x) => {
    if (types.length > 0 && !types.includes(mediaType(x.request))) return;
    for (const { name, lower, value } of headers) {
      if (replaceOnly && !x.request.has(lower)) continue;
      const text = safeValue(value(x));
      if (text === "") x.request.delete(lower);
      else x.request.set(name, text);
    }
    if (clearPrefixes.length > 0) deletePrefixed(x.request, clearPrefixes);
  };
}

const EPOCH = "Thu, 01 Jan 1970 00:00:01 GMT";
const FAR = "Thu, 31 Dec 2037 23:55:55 GMT";

/** `null`: nothing to do. */
export function compileExpires(when: Expires["when"]): Edit | null {
  switch (when.kind) {
    case "off":
      return null;
    case "epoch":
      return writeExpires(() => [EPOCH, "no-cache"]);
    case "max":
      return writeExpires(() => [FAR, "max-age=315360000"]);
    case "after": {
      const { seconds, modified } = when;
      return writeExpires((x) => {
        const now = Math.floor(Date.now() / 1000);
        const base = modified ? lastModified(x) ?? now : now;
        const age = base + seconds - now;
        return [date(base + seconds), age < 0 ? "no-cache" : `max-age=${age}`];
      });
    }
    case "daily": {
      const { seconds } = when;
      return writeExpires(() => {
        const now = new Date();
        const next = new Date(now);
        next.setHours(0, 0, seconds, 0);
        if (next <= now) next.setDate(next.getDate() + 1);
        return [next.toUTCString(), `max-age=${Math.floor((next.getTime() - now.getTime()) / 1000)}`];
      });
    }
    default:
      return when satisfies never;
  }
}

function writeExpires(make: (x: Exchange) => readonly [expires: string, cacheControl: string]): Edit {
  return (x) => {
    if (!SUCCESSFUL.has(x.status)) return;
    const [expires, cacheControl] = make(x);
    x.response!.set("Expires", expires);
    x.response!.set("Cache-Control", cacheControl);
  };
}

function date(seconds: number): string {
  return new Date(seconds * 1000).toUTCString();
}

function lastModified(x: Exchange): number | undefined {
  const value = x.response!.get("last-modified");
  const milliseconds = value === undefined ? NaN : Date.parse(value);
  return Number.isNaN(milliseconds) ? undefined : Math.floor(milliseconds / 1000);
}
