/**
 * Compression of responses by gzip and brotli (ConfigMap use-gzip, gzip-*, enable-brotli, brotli-*). Has no annotation.
 *
 * As in nginx: statuses 200, 403 and 404 only, never a body that has a coding already, never a part of one (206), only
 * for HTTP/1.1 and later; ETag becomes weak, Vary names Accept-Encoding whether or not this client takes a coding.
 * Where a client takes both, brotli is used.
 *
 * @see nginx ngx_http_gzip_module, RFC 9110 sections 8.4 and 12.5.3
 * @module
 */
import type { Exchange } from "../http/exchange.ts";
import { listHasToken } from "../http/mod.ts";
import { compilePattern, instantiate, type Matcher } from "../nginx/pattern/mod.ts";
import type { Pattern } from "../snapshot/snapshot.ts";
import type { PolicyInput, PolicyModule } from "./contract.ts";

/** Settings of one coding: level and conditions. */
export interface CodingSettings {
  readonly level: number;
  /** Smallest Content-Length, bytes; bodies without one are always large enough. */
  readonly minLengthBytes: number;
  /** Media types, lower case, text/html included; `*` for all. */
  readonly types: readonly string[];
}

export interface CompressionPolicy {
  readonly gzip: CodingSettings & { readonly disable: Pattern | null } | null;
  readonly brotli: CodingSettings | null;
}

/** Expression of nginx's `msie6`. */
const MSIE6 = "^(?!.*SV1).*MSIE [4-6]\\.";
const MEDIA_TYPE = /^(?:\*|[\w!#$%&'+.^`|~-]+\/[\w!#$%&'+.^`|~-]+)$/;
const STATUSES: ReadonlySet<number> = new Set([200, 403, 404]);

const made = new WeakMap<PolicyInput["config"], CompressionPolicy | null>();

export const compression = {
  name: "compression",
  scope: "location",
  phase: "access",
  sharedHooks: true,
  withoutIngress: true,
  annotations: [],
  parse(input): CompressionPolicy | undefined {
    const { config } = input;
    // One object for all locations.
    let policy = made.get(config);
    if (policy === undefined) made.set(config, policy = read(input));
    return policy ?? undefined;
  },
  hooks({ gzip, brotli }) {
    const disable = gzip?.disable ? instantiate(gzip.disable) : null;
    const gzipTypes = new Set(gzip?.types);
    const brotliTypes = new Set(brotli?.types);
    return {
      response(c) {
        const exchange = c.env;
        const { response } = exchange;
        if (response === null || !STATUSES.has(exchange.status) || response.has("content-encoding")) return;
        const type = mediaType(response.get("content-type"));
        const length = bodyLength(exchange);
        const byBrotli = brotli !== null && matches(brotli, brotliTypes, type, length);
        const byGzip = gzip !== null && matches(gzip, gzipTypes, type, length);
        if (!byBrotli && !byGzip) return;
        if (!varies(response.getAll("vary"))) response.append("Vary", "Accept-Encoding");
        if (exchange.version === "1.0") return;
        const accepted = exchange.request.getAll("accept-encoding").join(",");
        if (accepted === "") return;
        if (byBrotli && accepts(accepted, "br")) return encode(exchange, "br", brotli.level);
        if (byGzip && accepts(accepted, "gzip") && !isDisabled(disable, exchange)) encode(exchange, "gzip", gzip.level);
      },
    };
  },
} satisfies PolicyModule<CompressionPolicy, "compression">;

/** Reads every key, whichever codings are on, so that unreadable values are reported. */
function read(input: PolicyInput): CompressionPolicy | null {
  const gzip = { ...readCoding(input, "gzip"), disable: readDisable(input) };
  const brotli = readCoding(input, "brotli");
  const byGzip = input.config.get("use-gzip");
  const byBrotli = input.config.get("enable-brotli");
  return byGzip || byBrotli ? { gzip: byGzip ? gzip : null, brotli: byBrotli ? brotli : null } : null;
}

function readCoding(input: PolicyInput, prefix: "gzip" | "brotli"): CodingSettings {
  return {
    level: input.config.get(`${prefix}-level`),
    minLengthBytes: input.config.get(`${prefix}-min-length`),
    types: [...new Set([...readTypes(input, prefix), "text/html"])].sort(),
  };
}

function readTypes(input: PolicyInput, prefix: "gzip" | "brotli"): string[] {
  const key = `${prefix}-types` as const;
  return input.config.get(key).toLowerCase().split(/\s+/).filter((type) => {
    if (MEDIA_TYPE.test(type)) return true;
    input.config.reportValue(key, type, "media types or *, separated by spaces", "the entry is left out");
    return false;
  });
}

function readDisable(input: PolicyInput): Pattern | null {
  const text = input.config.get("gzip-disable");
  if (text === "") return null;
  const result = compilePattern(text === "msie6" ? MSIE6 : text, { caseInsensitive: true, bytes: true });
  if (result.ok) return result.pattern;
  input.config.report("gzip-disable", {
    reason: "InvalidConfigValue",
    severity: "warning",
    message: `read gzip-disable "${text}": ${result.message} (character ${result.offset + 1})`,
    effect: "gzip is used for all clients that take it",
  });
  return null;
}

function isDisabled(disable: Matcher | null, exchange: Exchange): boolean {
  return disable !== null && disable.test(exchange.request.get("user-agent") ?? "");
}

function mediaType(value: string | undefined): string {
  if (value === undefined) return "";
  const end = value.indexOf(";");
  return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
}

/** Content-Length, or Infinity when there is none. */
function bodyLength(exchange: Exchange): number {
  const text = exchange.response!.get("content-length");
  return text === undefined ? Infinity : Number(text);
}

function matches(settings: CodingSettings, types: ReadonlySet<string>, type: string, length: number): boolean {
  return length >= settings.minLengthBytes && (types.has(type) || types.has("*"));
}

function varies(values: readonly string[]): boolean {
  return values.some((value) => listHasToken(value, "accept-encoding") || value.trim() === "*");
}

/** RFC 9110 section 12.4.2, and not 0. */
const WEIGHT = /^q=(?:1(?:\.0{0,3})?|0\.[0-9]{0,3})$/;

/**
 * True when an Accept-Encoding list accepts a coding by its name; as in nginx, `*` and unreadable items do not count.
 */
function accepts(list: string, coding: string): boolean {
  for (const item of list.toLowerCase().split(",")) {
    const [name, weight = "", ...more] = item.split(";").map((part) => part.trim());
    if (name !== coding) continue;
    return more.length === 0 && (weight === "" || (WEIGHT.test(weight) && Number(weight.slice(2)) > 0));
  }
  return false;
}

function encode(exchange: Exchange, name: "gzip" | "br", level: number): void {
  const response = exchange.response!;
  const etag = response.get("etag");
  if (etag?.startsWith('"')) response.set("ETag", `W/${etag}`);
  else if (etag?.startsWith("W/") === false) response.delete("etag");
  response.delete("content-length");
  response.delete("accept-ranges");
  response.set("Content-Encoding", name);
  exchange.bodyCoding = { name, level };
}
