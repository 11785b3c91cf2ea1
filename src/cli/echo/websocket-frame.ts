/**
 * WebSocket frames: bytes in, messages out; no sockets.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-5
 * @module
 */
import { Buffer } from "node:buffer";

/** Longest message, bytes. */
const MAX_MESSAGE_BYTES = 1 << 20;
const MAX_CONTROL_BYTES = 125;

/** Opcodes that are read. */
export const TEXT = 1;
const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;
const CONTINUATION = 0;

/** A whole message, or a control frame. */
export interface Message {
  readonly opcode: number;
  readonly data: Buffer;
}

/** The peer broke the protocol; `code` goes into the close frame (RFC 6455 section 7.4.1). */
export class FrameError extends Error {
  override readonly name = "FrameError";
  constructor(readonly code: 1002 | 1007 | 1009, message: string) {
    super(message);
  }
}

/** Assembles the messages of a client from bytes that are split anywhere. */
export class FrameReader {
  #bytes: Buffer = Buffer.alloc(0);
  #opcode = 0;
  #parts: Buffer[] = [];
  #length = 0;

  /**
   * Returns the messages that these bytes complete.
   *
   * @throws {FrameError}
   */
  *read(bytes: Uint8Array): Generator<Message> {
    this.#bytes = this.#bytes.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#bytes, bytes]);
    for (;;) {
      const message = this.#next();
      if (message === undefined) return;
      if (message !== null) yield message;
    }
  }

  /** Returns a message; `null` for a fragment of one; `undefined` when more bytes are needed. */
  #next(): Message | null | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 2) return undefined;
    const first = bytes[0]!;
    const second = bytes[1]!;
    const opcode = first & 0x0f;
    const final = (first & 0x80) !== 0;
    if ((first & 0x70) !== 0) throw new FrameError(1002, "reserved bits are set");
    if ((second & 0x80) === 0) throw new FrameError(1002, "a client's frame is not masked");
    let length = second & 0x7f;
    let at = 2;
    if (length === 126) {
      if (bytes.length < 4) return undefined;
      length = bytes.readUInt16BE(2);
      at = 4;
    } else if (length === 127) {
      if (bytes.length < 10) return undefined;
      length = bytes.readUInt32BE(2) * 2 ** 32 + bytes.readUInt32BE(6);
      at = 10;
    }
    if (opcode >= 8 && (!final || length > MAX_CONTROL_BYTES)) {
      throw new FrameError(1002, "a control frame is too long");
    }
    if (this.#length + length > MAX_MESSAGE_BYTES) throw new FrameError(1009, "the message is too long");
    if (bytes.length < at + 4 + length) return undefined;
    const mask = bytes.subarray(at, at + 4);
    const data = Buffer.from(bytes.subarray(at + 4, at + 4 + length));
    for (let i = 0; i < data.length; i++) data[i]! ^= mask[i & 3]!;
    this.#bytes = bytes.subarray(at + 4 + length);
    return opcode >= 8 ? { opcode, data } : this.#assemble(opcode, final, data);
  }

  #assemble(opcode: number, final: boolean, data: Buffer): Message | null {
    if (opcode !== CONTINUATION && opcode !== TEXT && opcode !== BINARY) throw new FrameError(1002, "unknown opcode");
    if ((opcode === CONTINUATION) === (this.#opcode === 0)) throw new FrameError(1002, "fragments are out of order");
    if (opcode !== CONTINUATION) this.#opcode = opcode;
    this.#parts.push(data);
    this.#length += data.length;
    // Empty fragments use memory too.
    if (this.#parts.length > 10_000) throw new FrameError(1009, "the message has too many fragments");
    if (!final) return null;
    const message = { opcode: this.#opcode, data: Buffer.concat(this.#parts) };
    this.#opcode = 0;
    this.#parts = [];
    this.#length = 0;
    if (message.opcode === TEXT && !isUtf8(message.data)) throw new FrameError(1007, "the text is not UTF-8");
    return message;
  }
}

function isUtf8(data: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(data);
    return true;
  } catch {
    return false;
  }
}

/** Formats an unmasked frame of a server. */
export function formatFrame(opcode: number, data: Uint8Array): Buffer {
  const { length } = data;
  let head: Buffer;
  if (length < 126) {
    head = Buffer.from([0x80 | opcode, length]);
  } else if (length < 65_536) {
    head = Buffer.from([0x80 | opcode, 126, length >> 8, length & 0xff]);
  } else {
    head = Buffer.alloc(10);
    head[0] = 0x80 | opcode;
    head[1] = 127;
    head.writeUInt32BE(length, 6);
  }
  return Buffer.concat([head, data]);
}
