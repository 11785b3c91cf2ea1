/**
 * HPACK decoder: header blocks in, field lines out. Facts about a name or value are stored with its table entry, so
 * that an indexed field costs one array access.
 *
 * @see RFC 7541
 * @module
 */
import { Buffer } from "node:buffer";
import { decodeHuffman } from "./huffman.ts";
import { STATIC_TABLE, STATIC_TABLE_ENTRIES } from "./static-table.ts";

/**
 * Kind of a field line for the message rules (RFC 9113 section 8). Numbers, because the decoder compares them for every
 * line.
 */
export const FieldKind = {
  ordinary: 0,
  method: 1,
  scheme: 2,
  authority: 3,
  path: 4,
  cookie: 5,
  host: 6,
  contentLength: 7,
  /** `te: trailers`, the only allowed value. */
  te: 8,
  expect: 9,
  /** Makes the message malformed: a bad name or value, a connection-specific field, an unknown pseudo-field. */
  malformed: 10,
} as const;

/** One decoded field line; shared with the tables, so never changed. */
export interface HpackField {
  readonly name: string;
  readonly value: string;
  readonly kind: number;
}

/** The connection cannot go on: COMPRESSION_ERROR. */
export class HpackError extends SyntaxError {
  override readonly name = "HpackError";
}

const KINDS: Readonly<Record<string, number>> = {
  __proto__: null as never,
  ":method": FieldKind.method,
  ":scheme": FieldKind.scheme,
  ":authority": FieldKind.authority,
  ":path": FieldKind.path,
  "cookie": FieldKind.cookie,
  "host": FieldKind.host,
  "content-length": FieldKind.contentLength,
  "te": FieldKind.te,
  "expect": FieldKind.expect,
  "connection": FieldKind.malformed,
  "proxy-connection": FieldKind.malformed,
  "keep-alive": FieldKind.malformed,
  "transfer-encoding": FieldKind.malformed,
  "upgrade": FieldKind.malformed,
};

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const VALUE = /^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?$/;

/** Returns the kind of a field line; linear in its length. */
function kindOf(name: string, value: string): number {
  const kind = KINDS[name] ?? (TOKEN.test(name) ? FieldKind.ordinary : FieldKind.malformed);
  if (!VALUE.test(value)) return FieldKind.malformed;
  if (kind === FieldKind.te && value.toLowerCase() !== "trailers") return FieldKind.malformed;
  return kind;
}

const STATIC_FIELDS: readonly HpackField[] = Array.from({ length: STATIC_TABLE_ENTRIES }, (_, i) => {
  const name = STATIC_TABLE[2 * i]!;
  const value = STATIC_TABLE[2 * i + 1]!;
  return { name, value, kind: name === ":status" ? FieldKind.malformed : kindOf(name, value) };
});

/** Buffer for decoded Huffman texts, one at a time; all connections share it. */
let scratch: Buffer = Buffer.alloc(0);

/** Bytes that each entry counts for beside its name and value (RFC 7541 section 4.1). */
const ENTRY_OVERHEAD_BYTES = 32;

/** One direction of one connection. */
export class HpackDecoder {
  /** Ring of entries, newest at `#head - 1`. Its length is a power of two. */
  #ring: (HpackField | undefined)[] = new Array(64).fill(undefined);
  #head = 0;
  #count = 0;
  #bytes = 0;
  #capacity: number;
  readonly #maxCapacity: number;
  readonly #maxListBytes: number;
  readonly #maxTextBytes: number;
  #at = 0;

  /**
   * @param tableBytes SETTINGS_HEADER_TABLE_SIZE that was announced
   * @param maxListBytes size of a header list (names, values, 32 bytes a line); what is beyond is decoded and dropped
   */
  constructor(tableBytes: number, maxListBytes: number) {
    this.#capacity = this.#maxCapacity = tableBytes;
    this.#maxListBytes = maxListBytes;
    this.#maxTextBytes = Math.max(maxListBytes, tableBytes) + 1;
  }

  /**
   * Decodes one complete header block and adds its lines to `lines`.
   *
   * @returns whether all lines fitted in the limit; lines beyond it are left out, the tables stay in step
   * @throws HpackError (also HuffmanError) when the connection must end with COMPRESSION_ERROR
   */
  decode(block: Uint8Array, start: number, end: number, lines: HpackField[]): boolean {
    this.#at = start;
    let room = this.#maxListBytes;
    let updates = 0;
    while (this.#at < end) {
      const byte = block[this.#at]!;
      let field: HpackField;
      if (byte & 0x80) {
        field = this.#entry(this.#integer(block, end, 7));
      } else if (byte & 0x40) {
        field = this.#literal(block, end, 6);
        this.#insert(field);
      } else if (byte & 0x20) {
        if (lines.length > 0 || ++updates > 2) {
          throw new HpackError("a table size update is not at the beginning of the block");
        }
        const size = this.#integer(block, end, 5);
        if (size > this.#maxCapacity) {
          throw new HpackError(`the table size ${size} is over the ${this.#maxCapacity} allowed`);
        }
        this.#capacity = size;
        this.#evict(0);
        continue;
      } else {
        field = this.#literal(block, end, 4);
      }
      room -= field.name.length + field.value.length + ENTRY_OVERHEAD_BYTES;
      if (room >= 0) lines.push(field);
    }
    return room >= 0;
  }

  #literal(block: Uint8Array, end: number, prefixBits: number): HpackField {
    const index = this.#integer(block, end, prefixBits);
    const name = index === 0 ? this.#string(block, end) : this.#entry(index).name;
    const value = this.#string(block, end);
    return { name, value, kind: kindOf(name, value) };
  }

  #entry(index: number): HpackField {
    if (index === 0) throw new HpackError("index 0 is not in the tables");
    if (index <= STATIC_TABLE_ENTRIES) return STATIC_FIELDS[index - 1]!;
    const back = index - STATIC_TABLE_ENTRIES;
    if (back > this.#count) throw new HpackError(`index ${index} is not in the tables`);
    return this.#ring[(this.#head - back) & (this.#ring.length - 1)]!;
  }

  #insert(field: HpackField): void {
    const size = field.name.length + field.value.length + ENTRY_OVERHEAD_BYTES;
    this.#evict(size);
    if (size > this.#capacity) return;
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[this.#head & (this.#ring.length - 1)] = field;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#count++;
    this.#bytes += size;
  }

  #evict(room: number): void {
    while (this.#count > 0 && this.#bytes + room > this.#capacity) {
      const at = (this.#head - this.#count) & (this.#ring.length - 1);
      const oldest = this.#ring[at]!;
      this.#bytes -= oldest.name.length + oldest.value.length + ENTRY_OVERHEAD_BYTES;
      this.#ring[at] = undefined;
      this.#count--;
    }
  }

  #grow(): void {
    const { length } = this.#ring;
    const ring = new Array<HpackField | undefined>(length * 2).fill(undefined);
    for (let i = 0; i < this.#count; i++) ring[i] = this.#ring[(this.#head - this.#count + i) & (length - 1)];
    this.#ring = ring;
    this.#head = this.#count;
  }

  /** RFC 7541 section 5.1, at most 2^28. */
  #integer(block: Uint8Array, end: number, prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = block[this.#at++]! & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= end) throw new HpackError("an integer is cut off");
      const byte = block[this.#at++]!;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new HpackError("an integer has more than 28 bits");
  }

  #string(block: Uint8Array, end: number): string {
    if (this.#at >= end) throw new HpackError("a string is cut off");
    const huffman = (block[this.#at]! & 0x80) !== 0;
    const length = this.#integer(block, end, 7);
    const start = this.#at;
    this.#at += length;
    if (this.#at > end) throw new HpackError("a string is cut off");
    if (!huffman) return latin1(block, start, this.#at);
    if (scratch.length < this.#maxTextBytes) scratch = Buffer.allocUnsafeSlow(this.#maxTextBytes);
    return scratch.toString("latin1", 0, decodeHuffman(block, start, this.#at, scratch, this.#maxTextBytes));
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}
