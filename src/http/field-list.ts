/**
 * Fields kept as a list, for sections that were not read from the wire: responses made here, trailers, HTTP/2.
 *
 * @module
 */
import type { Fields } from "./fields.ts";

const FORBIDDEN = /[\r\n\0]/;

/** Throws a TypeError for a value that would break the message: CR, LF, NUL. */
export function checkFieldValue(name: string, value: string): void {
  if (FORBIDDEN.test(value)) throw new TypeError(`set field "${name}": the value has a CR, LF or NUL`);
}

/** A list of lines; also remembers what was edited. */
export class FieldList implements Fields {
  /** Lower-case name, name, value; three places a line. */
  #lines: string[] = [];
  #edited: Set<string> | null = null;

  constructor(lines?: Iterable<readonly [name: string, value: string]>) {
    if (lines) { for (const [name, value] of lines) this.add(name, value); }
  }

  /** Adds a line as received: it does not count as an edit. */
  add(name: string, value: string): void {
    checkFieldValue(name, value);
    this.#lines.push(name.toLowerCase(), name, value);
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
    checkFieldValue(name, value);
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

  /** The lines, names and values in turn: what iterating gives, without a pair for each. */
  list(): string[] {
    const out: string[] = [];
    for (let i = 0; i < this.#lines.length; i += 3) out.push(this.#lines[i + 1]!, this.#lines[i + 2]!);
    return out;
  }

  *[Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    for (let i = 0; i < this.#lines.length; i += 3) yield [this.#lines[i + 1]!, this.#lines[i + 2]!];
  }
}
