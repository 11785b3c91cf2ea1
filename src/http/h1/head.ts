/**
 * A field section as received: one string, and the offsets of its lines. Reading, dropping, adding and formatting lines
 * copies only the values that are asked for.
 *
 * @module
 */
import { fieldBytes, WIRE_FIELDS } from "../field-list.ts";
import type { Fields } from "../fields.ts";
import { type FieldMask, KNOWN_FIELDS, knownFieldAt, knownFieldId } from "../known-field.ts";

const FIRST_CAPACITY = 32;
/** Places of a line in {@link Head.lines}. */
const STRIDE = 3;
/** Upper bound of WireSettings.maxFields, because a line number is kept in one byte. */
const MAX_LINES = 250;

/** Reason for which a head is refused. `offset`: of the wrong byte, from the start of the message. */
export interface HeadError {
  readonly kind: "malformed" | "target-too-long" | "fields-too-large" | "version" | "coding";
  readonly message: string;
  readonly offset: number;
}

/** One head at a time; {@link Head.reset} prepares for the next. */
export class Head implements Fields {
  /** The whole head, one char a byte. */
  protected text = "";
  /** Field lines, dropped ones included. */
  protected count = 0;
  /** Start of the name, its colon, end of the line without CRLF: three places a line. */
  protected lines: Int32Array = new Int32Array(FIRST_CAPACITY * STRIDE);
  #ids: Uint8Array = new Uint8Array(FIRST_CAPACITY);
  #gone: Uint8Array = new Uint8Array(FIRST_CAPACITY);
  /** Number of the first line of a known name, from 1. */
  readonly #first: Uint8Array = new Uint8Array(KNOWN_FIELDS);
  /** Where the line that ends the head begins. */
  #fieldsEnd = 0;
  /** Lines added: lower-case name, name, value. */
  #added: string[] | null = null;
  #edits = 0;
  /** 1 at the ids that were edited. */
  readonly #editedIds: Uint8Array = new Uint8Array(KNOWN_FIELDS);
  #editedOthers: Set<string> | null = null;

  /** Forgets the head and releases its text. */
  reset(): void {
    if (this.count > 0) {
      this.#gone.fill(0, 0, this.count);
      this.#first.fill(0);
      this.count = 0;
    }
    this.text = "";
    this.#added = null;
    if (this.#edits > 0) {
      this.#edits = 0;
      this.#editedIds.fill(0);
      this.#editedOthers = null;
    }
  }

  /**
   * Indexes the lines from `start` on; their grammar has been checked. Returns the offset after the head, or -1 when
   * there are more than `maxLines`.
   */
  protected index(text: string, start: number, maxLines: number): number {
    this.text = text;
    let pos = start;
    let n = 0;
    while (text.charCodeAt(pos) !== 13) {
      if (n === this.#ids.length) {
        if (n >= maxLines || n >= MAX_LINES) {
          this.count = n;
          return -1;
        }
        this.#grow();
      } else if (n >= maxLines) {
        this.count = n;
        return -1;
      }
      const colon = text.indexOf(":", pos);
      const end = text.indexOf("\r", colon);
      const id = knownFieldAt(text, pos, colon);
      const at = n * STRIDE;
      this.lines[at] = pos;
      this.lines[at + 1] = colon;
      this.lines[at + 2] = end;
      this.#ids[n] = id;
      n++;
      if (id !== 0 && this.#first[id] === 0) this.#first[id] = n;
      pos = end + 2;
    }
    this.count = n;
    this.#fieldsEnd = pos;
    return pos + 2;
  }

  #grow(): void {
    const capacity = Math.min(this.#ids.length * 2, MAX_LINES);
    const lines = new Int32Array(capacity * STRIDE);
    lines.set(this.lines);
    this.lines = lines;
    const ids = new Uint8Array(capacity);
    ids.set(this.#ids);
    this.#ids = ids;
    const gone = new Uint8Array(capacity);
    gone.set(this.#gone);
    this.#gone = gone;
  }

  /**
   * Drops lines whose names contain characters other than letters, digits and `-`, as nginx does. Rare heads only need
   * it.
   */
  protected dropOddNames(keepUnderscores: boolean): void {
    const fine = keepUnderscores ? /^[A-Za-z0-9_-]+$/ : /^[A-Za-z0-9-]+$/;
    for (let i = 0; i < this.count; i++) if (!fine.test(this.#name(i))) this.#gone[i] = 1;
  }

  /** Value of the first line of a known name as received; `undefined` if there is none. */
  known(id: number): string | undefined {
    const n = this.#first[id]!;
    return n === 0 || this.#gone[n - 1] !== 0 ? undefined : this.#value(n - 1);
  }

  /** True when a line with a known name was received. */
  hasKnown(id: number): boolean {
    const n = this.#first[id]!;
    return n !== 0 && this.#gone[n - 1] === 0;
  }

  /** True when more than one line has the known name. Its first line must exist. */
  protected repeated(id: number): boolean {
    for (let i = this.#first[id]!; i < this.count; i++) if (this.#ids[i] === id) return true;
    return false;
  }

  /** Offset of the first line of a known name. */
  protected offsetOf(id: number): number {
    const n = this.#first[id]!;
    return n === 0 ? 0 : this.lines[(n - 1) * STRIDE]!;
  }

  /** Drops the received lines of a name; unlike {@link Head.delete}, this does not count as an edit. */
  drop(lowerName: string): boolean {
    let found = false;
    const id = knownFieldId(lowerName);
    if (id !== 0 && this.#first[id] === 0) return false;
    for (let i = 0; i < this.count; i++) {
      if (this.#gone[i] === 0 && this.#is(i, id, lowerName)) {
        this.#gone[i] = 1;
        found = true;
      }
    }
    if (id !== 0) this.#first[id] = 0;
    return found;
  }

  #is(i: number, id: number, lowerName: string): boolean {
    if (id !== 0 || this.#ids[i] !== 0) return this.#ids[i] === id;
    const start = this.lines[i * STRIDE]!;
    const end = this.lines[i * STRIDE + 1]!;
    return end - start === lowerName.length && (this.text.charCodeAt(start) | 32) === (lowerName.charCodeAt(0) | 32) &&
      this.text.slice(start, end).toLowerCase() === lowerName;
  }

  #name(i: number): string {
    return this.text.slice(this.lines[i * STRIDE]!, this.lines[i * STRIDE + 1]!);
  }

  #value(i: number): string {
    const text = this.text;
    let start = this.lines[i * STRIDE + 1]! + 1;
    let end = this.lines[i * STRIDE + 2]!;
    while (start < end && isBlank(text.charCodeAt(start))) start++;
    while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
    return text.slice(start, end);
  }

  get(lowerName: string): string | undefined {
    const id = knownFieldId(lowerName);
    if (id !== 0) {
      const n = this.#first[id]!;
      if (n !== 0 && this.#gone[n - 1] === 0) return this.#value(n - 1);
    } else {
      for (let i = 0; i < this.count; i++) {
        if (this.#gone[i] === 0 && this.#is(i, 0, lowerName)) return this.#value(i);
      }
    }
    const added = this.#added;
    if (added !== null) { for (let i = 0; i < added.length; i += 3) if (added[i] === lowerName) return added[i + 2]; }
    return undefined;
  }

  getAll(lowerName: string): string[] {
    const values: string[] = [];
    const id = knownFieldId(lowerName);
    for (let i = 0; i < this.count; i++) {
      if (this.#gone[i] === 0 && this.#is(i, id, lowerName)) values.push(this.#value(i));
    }
    const added = this.#added;
    if (added !== null) {
      for (let i = 0; i < added.length; i += 3) if (added[i] === lowerName) values.push(added[i + 2]!);
    }
    return values;
  }

  has(lowerName: string): boolean {
    return this.get(lowerName) !== undefined;
  }

  set(name: string, value: string): void {
    const bytes = fieldBytes(name, value);
    const lowerName = name.toLowerCase();
    this.delete(lowerName);
    (this.#added ??= []).push(lowerName, name, bytes);
  }

  append(name: string, value: string): void {
    const bytes = fieldBytes(name, value);
    const lowerName = name.toLowerCase();
    this.#mark(lowerName);
    (this.#added ??= []).push(lowerName, name, bytes);
  }

  delete(lowerName: string): boolean {
    this.#mark(lowerName);
    let found = this.drop(lowerName);
    const added = this.#added;
    if (added !== null) {
      const kept: string[] = [];
      for (let i = 0; i < added.length; i += 3) {
        if (added[i] === lowerName) found = true;
        else kept.push(added[i]!, added[i + 1]!, added[i + 2]!);
      }
      this.#added = kept;
    }
    return found;
  }

  #mark(lowerName: string): void {
    this.#edits++;
    const id = knownFieldId(lowerName);
    if (id !== 0) this.#editedIds[id] = 1;
    else (this.#editedOthers ??= new Set()).add(lowerName);
  }

  get edited(): boolean {
    return this.#edits > 0;
  }

  isEdited(lowerName: string): boolean {
    if (this.#edits === 0) return false;
    const id = knownFieldId(lowerName);
    return id !== 0 ? this.#editedIds[id] !== 0 : this.#editedOthers !== null && this.#editedOthers.has(lowerName);
  }

  *[Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    for (let i = 0; i < this.count; i++) if (this.#gone[i] === 0) yield [this.#name(i), this.#value(i)];
    const added = this.#added;
    if (added !== null) { for (let i = 0; i < added.length; i += 3) yield [added[i + 1]!, added[i + 2]!]; }
  }

  /** Names and values in turn; cheaper than iterating, which makes a pair for each line. */
  list(): string[] {
    const out: string[] = [];
    for (let i = 0; i < this.count; i++) if (this.#gone[i] === 0) out.push(this.#name(i), this.#value(i));
    const added = this.#added;
    if (added !== null) { for (let i = 0; i < added.length; i += 3) out.push(added[i + 1]!, added[i + 2]!); }
    return out;
  }

  /** Lines to send, each with CRLF: the received ones that the mask does not contain, then the added ones. */
  format(mask: FieldMask): string {
    const { known, others } = mask;
    const { text, lines } = this;
    let out = "";
    let run = -1;
    for (let i = 0, at = 0; i < this.count; i++, at += STRIDE) {
      const id = this.#ids[i]!;
      const dropped = this.#gone[i] !== 0 ||
        (id !== 0 ? known[id] !== 0 : others !== null && others.has(this.#name(i).toLowerCase()));
      if (dropped) {
        if (run >= 0) {
          out += text.slice(run, lines[at]!);
          run = -1;
        }
      } else if (run < 0) run = lines[at]!;
    }
    if (run >= 0) out += text.slice(run, this.#fieldsEnd);
    const added = this.#added;
    if (added !== null) {
      for (let i = 0; i < added.length; i += 3) {
        if (!WIRE_FIELDS.has(added[i]!)) out += `${added[i + 1]}: ${added[i + 2]}\r\n`;
      }
    }
    return out;
  }

  /** Drops the received lines that the mask contains; this does not count as an edit. */
  dropMask(mask: FieldMask): void {
    const { known, others } = mask;
    for (let i = 0; i < this.count; i++) {
      const id = this.#ids[i]!;
      if (id !== 0 ? known[id] !== 0 : others !== null && others.has(this.#name(i).toLowerCase())) {
        this.#gone[i] = 1;
      }
    }
  }
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
