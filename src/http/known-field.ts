/**
 * Ids for the field names that the proxy reads, so that a head is indexed without a string for each name.
 *
 * @module
 */

/** Known names, in canonical spelling. The index is the id; id 0 is "not known". */
const NAMES = [
  "",
  "Host",
  "Connection",
  "Content-Length",
  "Transfer-Encoding",
  "TE",
  "Upgrade",
  "Keep-Alive",
  "Proxy-Connection",
  "Expect",
  "Trailer",
  "Date",
  "Server",
  "User-Agent",
  "Accept",
  "Accept-Encoding",
  "Accept-Language",
  "Cookie",
  "Set-Cookie",
  "Referer",
  "Origin",
  "Authorization",
  "Content-Type",
  "Content-Encoding",
  "Cache-Control",
  "If-None-Match",
  "If-Modified-Since",
  "ETag",
  "Last-Modified",
  "Location",
  "Vary",
  "Range",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Forwarded-Port",
  "X-Forwarded-Proto",
  "X-Forwarded-Scheme",
  "X-Forwarded-Prefix",
  "X-Scheme",
  "X-Real-IP",
  "X-Request-ID",
  "X-Original-Forwarded-For",
  "X-Original-Forwarded-Host",
  "X-Original-URI",
  "Proxy",
  "X-Accel-Buffering",
  "X-Accel-Redirect",
  "X-Accel-Expires",
  "X-Accel-Limit-Rate",
  "X-Accel-Charset",
  "Strict-Transport-Security",
  "HTTP2-Settings",
  "Proxy-Authenticate",
  "Proxy-Authorization",
] as const;

/** Ids of the names that the wire handles. */
export const HOST = 1;
export const CONNECTION = 2;
export const CONTENT_LENGTH = 3;
export const TRANSFER_ENCODING = 4;
export const UPGRADE = 6;
export const EXPECT = 9;

/** Number of ids, and length of a {@link FieldMask}. */
export const KNOWN_FIELDS: number = NAMES.length;

const LOWER: readonly string[] = NAMES.map((name) => name.toLowerCase());
const BY_NAME: ReadonlyMap<string, number> = new Map(LOWER.map((name, id) => [name, id] as const).slice(1));

/** Lower-case name of an id. */
export function knownFieldName(id: number): string {
  return LOWER[id] ?? "";
}

/** Id of a lower-case name; 0 if it is not known. */
export function knownFieldId(lowerName: string): number {
  return BY_NAME.get(lowerName) ?? 0;
}

// Hash of a name: its length, its middle letter and its last letter but three are different for all names (checked when
// the module loads).
const SLOTS = 128;
const table = new Uint8Array(SLOTS);

function slotOf(text: string, start: number, end: number): number {
  const length = end - start;
  const late = text.charCodeAt(length > 4 ? end - 4 : start) | 32;
  return (length + late * 21 + (text.charCodeAt(start + (length >> 1)) | 32) * 33) & (SLOTS - 1);
}

for (let id = 1; id < NAMES.length; id++) {
  const name = LOWER[id]!;
  const slot = slotOf(name, 0, name.length);
  if (table[slot] !== 0) throw new RangeError(`known fields "${name}" and "${LOWER[table[slot]!]}" share a slot`);
  table[slot] = id;
}

/** Id of the name in `text` from `start` to `end`; 0 if it is not known. */
export function knownFieldAt(text: string, start: number, end: number): number {
  const id = table[slotOf(text, start, end)]!;
  const canonical = NAMES[id]!;
  if (id === 0 || canonical.length !== end - start) return 0;
  if (text.startsWith(canonical, start) || text.startsWith(LOWER[id]!, start)) return id;
  return text.slice(start, end).toLowerCase() === LOWER[id] ? id : 0;
}

/** A set of names: known ones by id, others by name. It is compiled once and tested for each line of each head. */
export interface FieldMask {
  /** 1 for each id in the set. */
  readonly known: Uint8Array;
  /** Names in lower case that have no id; `null` when there is none. */
  readonly others: ReadonlySet<string> | null;
}

/** Compiles names in lower case. */
export function compileFieldMask(...sets: readonly Iterable<string>[]): FieldMask {
  const known = new Uint8Array(KNOWN_FIELDS);
  const others = new Set<string>();
  for (const set of sets) {
    for (const name of set) {
      const id = knownFieldId(name);
      if (id === 0) others.add(name);
      else known[id] = 1;
    }
  }
  return { known, others: others.size === 0 ? null : others };
}
