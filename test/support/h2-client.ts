/**
 * An HTTP/2 client that sends frames as it is told, right or wrong.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { HpackDecoder, type HpackField } from "../../src/http/h2/hpack-decoder.ts";
import { Waiting } from "./waiting.ts";

/** RFC 9113 section 6. */
export const Type = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** One frame as it came. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(type: number, flags: number, stream: number, payload: Uint8Array | string = ""): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(bytes.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, bytes]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** RFC 7541 section 5.1, for lengths of strings. */
function length(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  for (value -= 127; value >= 128; value >>>= 7) bytes.push(value & 127 | 128);
  return Buffer.from([...bytes, value]);
}

/** A header block of literals that leaves the table alone. */
export function block(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [
    Buffer.from([0]),
    length(name.length),
    Buffer.from(name, "latin1"),
    length(value.length),
    Buffer.from(value, "latin1"),
  ]));
}

/** The header block of a request. */
export function request(path: string, options: {
  readonly method?: string;
  readonly authority?: string;
  readonly fields?: readonly (readonly [name: string, value: string])[];
} = {}): Buffer {
  const { method = "GET", authority = "a.example", fields = [] } = options;
  return block([[":method", method], [":scheme", "http"], [":authority", authority], [":path", path], ...fields]);
}

/** One connection; it acknowledges nothing by itself, unless it is told to. */
export class H2Client {
  readonly frames: Frame[] = [];
  ended = false;
  #rest: Buffer = Buffer.alloc(0);
  readonly #waiting: Waiting = new Waiting(() => this.ended, () => this.told());

  constructor(readonly socket: Socket) {
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    for (const event of ["end", "close"]) {
      socket.on(event, () => {
        this.ended = true;
        this.#waiting.look();
      });
    }
    socket.on("error", () => {});
  }

  /** Opens a connection with prior knowledge; sends preface and SETTINGS. */
  static open(port: number, settings: Uint8Array = Buffer.alloc(0)): Promise<H2Client> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => {
        socket.off("error", reject);
        const client = new H2Client(socket);
        client.start(settings);
        resolve(client);
      });
      socket.once("error", reject);
    });
  }

  start(settings: Uint8Array = Buffer.alloc(0)): void {
    this.socket.write(Buffer.concat([Buffer.from(PREFACE, "latin1"), frame(Type.settings, 0, 0, settings)]));
  }

  send(...frames: Uint8Array[]): boolean {
    return this.socket.write(Buffer.concat(frames));
  }

  #received(bytes: Buffer): void {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (rest.length >= 9) {
      const end = 9 + rest.readUIntBE(0, 3);
      if (rest.length < end) break;
      this.frames.push({
        type: rest[3]!,
        flags: rest[4]!,
        stream: rest.readUInt32BE(5),
        payload: Buffer.from(rest.subarray(9, end)),
      });
      rest = rest.subarray(end);
    }
    this.#rest = rest;
    this.#waiting.look();
  }

  /** Resolves when `condition` holds; it is looked at after each event. */
  until(condition: () => boolean, what: string): Promise<void> {
    return this.#waiting.until(condition, what);
  }

  /** The frames so far, for messages. */
  told(): string {
    const names = Object.keys(Type);
    return this.frames.slice(-20).map((f) => `${names[f.type]} ${f.stream} ${f.flags} ${f.payload.length}`).join(", ");
  }

  /** Resolves with the first frame of that type on that stream, with all of these flags. */
  async frame(type: number, stream: number, flags = 0): Promise<Frame> {
    const wanted = (f: Frame): boolean => f.type === type && f.stream === stream && (f.flags & flags) === flags;
    await this.until(() => this.frames.some(wanted), `a frame of type ${type} on stream ${stream}`);
    return this.frames.find(wanted)!;
  }

  /** Resolves with the fields of the response head of a stream; the n-th block of it, from 0. */
  async head(stream: number, n = 0): Promise<Record<string, string>> {
    const heads = (): Frame[] => this.frames.filter((f) => f.stream === stream && f.type === Type.headers);
    await this.until(() => heads().length > n, `header block ${n} of stream ${stream}`);
    const lines: HpackField[] = [];
    const { payload } = heads()[n]!;
    // our encoder leaves the table alone, so blocks can be read one by one
    new HpackDecoder(0, 1 << 20).decode(payload, 0, payload.length, lines);
    return Object.fromEntries(lines.map(({ name, value }) => [name, value]));
  }

  /** Resolves when the stream has ended, one way or the other, with its body; rejects when it was reset by an error. */
  async body(stream: number): Promise<Buffer> {
    const wanted = (f: Frame): boolean =>
      f.stream === stream && ((f.type <= Type.headers && (f.flags & END_STREAM) !== 0) || f.type === Type.reset);
    await this.until(() => this.frames.some(wanted), `the end of stream ${stream}`);
    const end = this.frames.find(wanted)!;
    if (end.type === Type.reset) throw new Error(`stream ${stream} was reset: ${end.payload.readUInt32BE(0)}`);
    return Buffer.concat(this.frames.filter((f) => f.stream === stream && f.type === Type.data).map((f) => f.payload));
  }

  /** Resolves when the other side ended or cut. */
  async end(): Promise<void> {
    await this.until(() => this.ended, "the end");
  }

  close(): void {
    this.socket.destroy();
  }
}
