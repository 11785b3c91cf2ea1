/**
 * HTTP/1.1 clients that never stop: requests on kept connections, and WebSockets.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { formatFrame, TEXT } from "../../src/cli/echo/websocket-frame.ts";
import type { Whereabouts } from "./judge.ts";

/** Longest that any answer is waited for: it is lost then. */
const PATIENCE_MS = 20_000;

/** Where to connect to. */
export interface Target {
  readonly port: number;
  readonly tls: boolean;
  readonly host: string;
}

/** A response, read whole. */
export interface Answer {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Opens a socket; it can be listened to before it is connected. */
export function dial({ port, tls, host }: Target, protocols: readonly string[] = ["http/1.1"]): Socket {
  const at = { port, host: "127.0.0.1" };
  if (!tls) return connect({ ...at, noDelay: true });
  return connectTls({ ...at, servername: host, rejectUnauthorized: false, ALPNProtocols: [...protocols] });
}

/** One connection that asks and is answered in turn. */
export class Connection implements Whereabouts {
  worker = 0;
  readonly openedAtMs: number = performance.now();
  readonly socket: Socket;
  /** No request may follow. */
  over = false;
  /** Takes what comes after a switch of protocols. */
  onData: ((bytes: Buffer) => void) | undefined;
  onLost: (error: Error) => void = () => {};
  readonly #target: Target;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  constructor(target: Target) {
    this.#target = target;
    this.socket = dial(target);
    this.socket.on("data", (bytes: Buffer) => {
      if (this.onData !== undefined) return this.onData(bytes);
      this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
      this.#read();
    });
    this.socket.on("error", (error: Error) => this.#lost(error));
    this.socket.on("end", () => this.#lost(new Error("ended by the other side")));
    this.socket.on("close", () => this.#lost(new Error("closed")));
  }

  /** Sends a request and resolves with its answer; rejects when the connection is lost. */
  async ask(method: string, path: string, body = "", fields = "", host = this.#target.host): Promise<Answer> {
    const length = body === "" ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await new Promise<Answer>((resolve, reject) => {
        if (this.over) throw new Error("asked on a connection that is over");
        timer = setTimeout(() => reject(new Error(`no answer to ${method} ${path}`)), PATIENCE_MS);
        this.#waiting = { resolve, reject };
        this.socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${length}${fields}\r\n${body}`);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
  }

  close(): void {
    this.over = true;
    this.onLost = () => {};
    this.socket.destroy();
  }

  #lost(error: Error): void {
    this.over = true;
    this.#waiting?.reject(error);
    this.onLost(error);
    this.onLost = () => {};
    this.socket.destroy();
  }

  #read(): void {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return;
    const [line = "", ...lines] = this.#received.toString("latin1", 0, end).split("\r\n");
    const status = Number(line.slice(9, 12));
    const fields = new Map(lines.map((text) => {
      const colon = text.indexOf(":");
      return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()];
    }));
    const length = status === 101 ? 0 : Number(fields.get("content-length") ?? NaN);
    if (Number.isNaN(length)) return this.#lost(new Error(`an answer without a length: ${line}`));
    if (this.#received.length < end + 4 + length) return;
    const body = this.#received.toString("utf8", end + 4, end + 4 + length);
    this.#received = this.#received.subarray(end + 4 + length);
    this.worker = Number(fields.get("x-worker") ?? this.worker);
    if (fields.get("connection") === "close") this.over = true;
    this.#waiting?.resolve({ status, fields, body });
  }
}

/** A WebSocket whose backend sends everything back. */
export class EchoedWebSocket {
  readonly connection: Connection;
  #expected: Buffer = Buffer.alloc(0);
  #said: (() => void) | undefined;

  constructor(target: Target) {
    this.connection = new Connection(target);
  }

  /** Resolves with the status of the answer: 101 when it is open. */
  async open(): Promise<number> {
    const { status } = await this.connection.ask(
      "GET",
      "/socket",
      "",
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    );
    this.connection.onData = (bytes) => this.#received(bytes);
    return status;
  }

  /** Sends a message, and resolves when it has come back. */
  async exchange(text: string): Promise<void> {
    const plain = Buffer.from(formatFrame(TEXT, Buffer.from(text)));
    const mask = [1, 2, 3, 4];
    const payload = Buffer.from(text).map((byte, i) => byte ^ mask[i & 3]!);
    this.#expected = plain;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error("a message did not come back")), PATIENCE_MS);
      this.#said = resolve;
      this.connection.onLost = reject;
      this.connection.socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, ...mask]), payload]));
    }).finally(() => clearTimeout(timer));
  }

  #received(bytes: Buffer): void {
    if (!this.#expected.subarray(0, bytes.length).equals(bytes)) {
      this.connection.socket.destroy(new Error(`unexpected bytes: ${bytes.toString("hex").slice(0, 100)}`));
      return;
    }
    this.#expected = this.#expected.subarray(bytes.length);
    if (this.#expected.length === 0) this.#said?.();
  }
}
