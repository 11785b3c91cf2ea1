/**
 * Field sections that do not come from the wire: responses made here, trailers, HTTP/2.
 *
 * @module
 */
import type { Fields } from "./fields.ts";
import { utf8AsLatin1 } from "./latin1.ts";
import { isToken } from "./method.ts";

const FORBIDDEN = /[\r\n\0]/;

/** Checks the value of a field. @throws {TypeError} a CR, LF or NUL, which would break the message */
export function checkFieldValue(name: string, value: string): void {
  if (FORBIDDEN.test(value)) throw new TypeError(`set field "${name}": the value has a CR, LF or NUL`);
}

/**
 * Lower-case names of fields that only the wire writes: they frame the message or belong to the connection. Fields with
 * these names that a policy or a ConfigMap sets are not sent.
 */
export const WIRE_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

// deno-lint-ignore no-control-regex
const BYTES = /^[\x00-\xff]*$/;

/**
 * Checks a field line, and returns its value with one char a byte, as heads are written. A value with a char beyond
 * U+00FF is encoded as UTF-8: cut to one byte, such a char might become a line end.
 */
export function fieldBytes(name: string, value: string): string {
  if (!isToken(name)) throw new TypeError(`set field "${name}": the name is no token`);
  checkFieldValue(name, value);
  return fieldValueBytes(value);
}

/** The value with one char a byte; unchanged unless it has a char beyond U+00FF. */
export function fieldValueBytes(value: string): string {
  return BYTES.test(value) ? value : utf8AsLatin1(value);
}

/** A list of field lines that records which names were edited. */
export class FieldList implements Fields {
  /** Lower-case name, name, value; three places a line. */
  #lines: string[] = [];
  #edited: Set<string> | null = null;

  constructor(lines?: Iterable<readonly [name: string, value: string]>) {
    if (lines) { for (const [name, value] of lines) this.add(name, value); }
  }

  /** Adds a line as received: it does not count as an edit. */
  add(name: string, value: string): void {
    this.#lines.push(name.toLowerCase(), name, fieldBytes(name, value));
  }

  get edited(): boolean {
    return this.#edited !== null;
  }

  isEdited(lowerName: string): boolean {
    return this.#edited !== null && this.#edited.has(lowerName);
  }

  get(lowerName: string): string | undefined {
    for (let i = 0; i < this.#lines.length; i += 3) if (this.#lines[i] === lowerName) return this.#lines[i + 2];
    return undefined;
  }

  getAll(lowerName: string): string[] {
    const values: string[] = [];
    for (let i = 0; i < this.#lines.length; i += 3) {
      if (this.#lines[i] === lowerName) values.push(this.#lines[i + 2]!);
    }
    return values;
  }

  has(lowerName: string): boolean {
    return this.get(lowerName) !== undefined;
  }

  set(name: string, value: string): void {
    fieldBytes(name, value);
    this.delete(name.toLowerCase());
    this.append(name, value);
  }

  append(name: string, value: string): void {
    this.add(name, value);
    this.#mark(name.toLowerCase());
  }

  delete(lowerName: string): boolean {
    this.#mark(lowerName);
    if (!this.has(lowerName)) return false;
    const kept: string[] = [];
    for (let i = 0; i < this.#lines.length; i += 3) {
      if (this.#lines[i] !== lowerName) kept.push(this.#lines[i]!, this.#lines[i + 1]!, this.#lines[i + 2]!);
    }
    this.#lines = kept;
    return true;
  }

  #mark(lowerName: string): void {
    this.#edited ??= new Set();
    this.#edited.add(lowerName);
  }

  /** Names and values in turn; cheaper than iterating, which makes a pair for each line. */
  list(): string[] {
    const out: string[] = [];
    for (let i = 0; i < this.#lines.length; i += 3) out.push(this.#lines[i + 1]!, this.#lines[i + 2]!);
    return out;
  }

  *[Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    for (let i = 0; i < this.#lines.length; i += 3) yield [this.#lines[i + 1]!, this.#lines[i + 2]!];
  }
}
