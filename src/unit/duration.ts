/**
 * Durations in milliseconds: nginx (`1h 30m`, `10s`, `500ms`, bare seconds) and Go (`1m30s`, `1.5h`).
 *
 * @module
 */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Units of nginx, the largest first; each may occur once, in this order. A month has 30 days, a year 365. */
const NGINX_UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ["y", 365 * DAY],
  ["M", 30 * DAY],
  ["w", 7 * DAY],
  ["d", DAY],
  ["h", HOUR],
  ["m", MINUTE],
  ["s", SECOND],
  ["ms", 1],
];

const GO_UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  "μs": 1e-3,
  ms: 1,
  s: SECOND,
  m: MINUTE,
  h: HOUR,
};

const NGINX_PART = /([0-9]{1,12})(ms|[yMwdhms])?( *)/y;
const GO_PART = /([0-9]{1,15}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})(ns|us|µs|μs|ms|s|m|h)/y;

/**
 * A time as nginx writes it. A number without a unit counts seconds, and must be the last part.
 *
 * @returns milliseconds, or `undefined` when the text is something else.
 * @see https://nginx.org/en/docs/syntax.html
 */
export function parseDuration(text: string): number | undefined {
  if (text === "" || text.endsWith(" ")) return undefined;
  let total = 0;
  let rank = -1;
  NGINX_PART.lastIndex = 0;
  while (NGINX_PART.lastIndex < text.length) {
    const match = NGINX_PART.exec(text);
    if (match === null) return undefined;
    const unit = match[2] ?? "s";
    const next = NGINX_UNITS.findIndex(([name]) => name === unit);
    if (next <= rank) return undefined;
    if (match[2] === undefined && NGINX_PART.lastIndex < text.length) return undefined;
    rank = next;
    total += Number(match[1]) * NGINX_UNITS[next]![1];
  }
  return Number.isSafeInteger(total) ? total : undefined;
}

/**
 * A duration as Go's `time.ParseDuration` reads it: each part has a unit and may have a fraction; only `0` needs no
 * unit. Negative durations are refused. Fractions of a millisecond are rounded.
 */
export function parseGoDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (text === "") return undefined;
  let total = 0;
  GO_PART.lastIndex = 0;
  while (GO_PART.lastIndex < text.length) {
    const match = GO_PART.exec(text);
    if (match === null) return undefined;
    total += Number(match[1]) * GO_UNITS[match[2]!]!;
  }
  const ms = Math.round(total);
  return Number.isSafeInteger(ms) ? ms : undefined;
}
