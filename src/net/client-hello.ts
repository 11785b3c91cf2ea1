/**
 * Reads the server name from the ClientHello, the first message of a TLS client. Bytes in, an outcome out; the bytes
 * are kept, because the TLS server or the upstream that takes the connection needs them all.
 *
 * @see RFC 8446, sections 4.1.2 and 5.1; RFC 6066, section 3
 * @module
 */

/** Longest ClientHello, without the headers of its records, that is read. Those of browsers take about 2000 bytes. */
export const CLIENT_HELLO_LIMIT_BYTES = 16_384;
/** Bound of the bytes with the record headers, however small the records are. */
const CLIENT_HELLO_WIRE_LIMIT_BYTES = 2 * CLIENT_HELLO_LIMIT_BYTES;

/** Outcome of the bytes so far. */
export type ClientHello =
  /** More bytes are needed. */
  | { readonly kind: "incomplete" }
  /** `serverName` as sent; `null` when none was sent. */
  | { readonly kind: "hello"; readonly serverName: string | null }
  /** The bytes are no ClientHello, are malformed, or are too many. */
  | { readonly kind: "invalid"; readonly message: string };

const RECORD_HEADER_BYTES = 5;
const HANDSHAKE_RECORD = 22;
/** Longest record (RFC 8446, section 5.1). */
const RECORD_LIMIT_BYTES = 16_384;
const MESSAGE_HEADER_BYTES = 4;
const CLIENT_HELLO = 1;
const SERVER_NAME_EXTENSION = 0;
const HOST_NAME = 0;
/** Accepted server names: RFC 6066 wants ASCII; some clients send text that is no host name, such as an IP address. */
const HOST_NAME_TEXT = /^[!-~]{1,255}$/;
const INCOMPLETE: ClientHello = { kind: "incomplete" };

/** Reads one ClientHello from any pieces and records, in time linear in its length. */
export class ClientHelloReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;
  /** Number of {@link ClientHelloReader.bytes} that have been parsed. */
  #read = 0;
  /** Bytes left in the current record. */
  #recordLeft = 0;
  #message: Uint8Array = new Uint8Array(MESSAGE_HEADER_BYTES);
  #messageLength = 0;
  #outcome: ClientHello = INCOMPLETE;

  /** All bytes so far, including those after the message. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Takes the next bytes of the connection. Once the outcome is known, further bytes are only kept. */
  push(bytes: Uint8Array): ClientHello {
    this.#keep(bytes);
    if (this.#outcome.kind === "incomplete") this.#outcome = this.#step();
    return this.#outcome;
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (this.#length === 0) this.#bytes = bytes;
    else {
      if (length > this.#bytes.length) {
        const larger = new Uint8Array(2 * length);
        larger.set(this.bytes);
        this.#bytes = larger;
      }
      this.#bytes.set(bytes, this.#length);
    }
    this.#length = length;
  }

  #step(): ClientHello {
    while (this.#read < this.#length) {
      if (this.#recordLeft === 0) {
        const problem = this.#readRecordHeader();
        if (problem !== null) return problem;
      }
      const taken = Math.min(this.#recordLeft, this.#length - this.#read, this.#message.length - this.#messageLength);
      this.#message.set(this.#bytes.subarray(this.#read, this.#read + taken), this.#messageLength);
      this.#read += taken;
      this.#recordLeft -= taken;
      this.#messageLength += taken;
      if (this.#messageLength < this.#message.length) continue;
      if (this.#messageLength > MESSAGE_HEADER_BYTES) return parseMessage(this.#message);
      const problem = this.#readMessageHeader();
      if (problem !== null) return problem;
    }
    return INCOMPLETE;
  }

  #readRecordHeader(): ClientHello | null {
    const at = this.#read;
    if (at > CLIENT_HELLO_WIRE_LIMIT_BYTES) {
      return invalid(`the ClientHello takes more than ${CLIENT_HELLO_WIRE_LIMIT_BYTES} bytes`);
    }
    if (this.#bytes[at] !== HANDSHAKE_RECORD) return invalid("a record carries no handshake message");
    if (this.#length < at + RECORD_HEADER_BYTES) return INCOMPLETE;
    if (this.#bytes[at + 1] !== 3) return invalid(`the record version ${this.#bytes[at + 1]} is unknown`);
    const length = this.#bytes[at + 3]! << 8 | this.#bytes[at + 4]!;
    if (length === 0) return invalid("a record of the handshake is empty");
    if (length > RECORD_LIMIT_BYTES) {
      return invalid(`a record has ${length} bytes, ${RECORD_LIMIT_BYTES} are allowed`);
    }
    this.#read = at + RECORD_HEADER_BYTES;
    this.#recordLeft = length;
    return null;
  }

  #readMessageHeader(): ClientHello | null {
    const [type, high = 0, middle = 0, low = 0] = this.#message;
    if (type !== CLIENT_HELLO) return invalid(`the first handshake message has type ${type}, want a ClientHello`);
    const length = high << 16 | middle << 8 | low;
    if (length > CLIENT_HELLO_LIMIT_BYTES) {
      return invalid(`the ClientHello has ${length} bytes, ${CLIENT_HELLO_LIMIT_BYTES} are allowed`);
    }
    if (length === 0) return invalid("the ClientHello is empty");
    const message = new Uint8Array(MESSAGE_HEADER_BYTES + length);
    message.set(this.#message);
    this.#message = message;
    return null;
  }
}

function invalid(message: string): ClientHello {
  return { kind: "invalid", message };
}

/** @param message whole, its header included */
function parseMessage(message: Uint8Array): ClientHello {
  // legacy_version and random
  let at = MESSAGE_HEADER_BYTES + 2 + 32;
  // legacy_session_id, cipher_suites, legacy_compression_methods: each follows its length
  for (const lengthBytes of [1, 2, 1]) {
    at += lengthBytes + lengthAt(message, at, lengthBytes);
    if (at > message.length) return invalid("the ClientHello ends in its middle");
  }
  if (at === message.length) return { kind: "hello", serverName: null };
  const end = at + 2 + lengthAt(message, at, 2);
  if (end !== message.length) return invalid("the extensions do not end with the ClientHello");
  return parseExtensions(message.subarray(at + 2));
}

/** Big-endian number of `lengthBytes` bytes; 0 past the end of `bytes`. */
function lengthAt(bytes: Uint8Array, at: number, lengthBytes: number): number {
  let length = 0;
  for (let i = 0; i < lengthBytes; i++) length = length << 8 | (bytes[at + i] ?? 0);
  return length;
}

/** Other extensions, those of RFC 8701 (GREASE) included, are skipped. */
function parseExtensions(extensions: Uint8Array): ClientHello {
  let serverName: string | null = null;
  for (let at = 0; at < extensions.length;) {
    const begin = at + 4;
    const end = begin + lengthAt(extensions, at + 2, 2);
    if (end > extensions.length) return invalid("an extension ends behind the ClientHello");
    if (lengthAt(extensions, at, 2) === SERVER_NAME_EXTENSION) {
      if (serverName !== null) return invalid("there are two server_name extensions");
      serverName = parseServerName(extensions.subarray(begin, end));
      if (serverName === null) return invalid("the server_name extension is malformed");
    }
    at = end;
  }
  return { kind: "hello", serverName };
}

/**
 * Accepts exactly one host name, as all clients send it: the TLS library must not read another name than this parser.
 */
function parseServerName(extension: Uint8Array): string | null {
  const nameAt = 2 + 1 + 2;
  if (extension.length <= nameAt || lengthAt(extension, 0, 2) !== extension.length - 2) return null;
  if (extension[2] !== HOST_NAME || lengthAt(extension, 3, 2) !== extension.length - nameAt) return null;
  let name = "";
  for (let i = nameAt; i < extension.length; i++) name += String.fromCharCode(extension[i]!);
  return HOST_NAME_TEXT.test(name) ? name : null;
}
