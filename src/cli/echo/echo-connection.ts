/**
 * One connection of the echo backend: reads requests one after the other, and answers each with a record of it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import {
  errorPage,
  formatHttpDate,
  hasResponseBody,
  INCOMPLETE,
  reasonPhrase,
  REFUSED,
  RequestHead,
  type RequestLimits,
  RequestReader,
} from "../../http/mod.ts";
import { acceptKey, echoWebSocket } from "./websocket.ts";

/** Body of an answer. */
export interface EchoRecord {
  readonly name: string;
  readonly method: string;
  /** Request-target as received. */
  readonly path: string;
  readonly httpVersion: string;
  /** Field lines in order, as received. */
  readonly headers: readonly (readonly [string, string])[];
  /** First 64 KiB of the body, as UTF-8. */
  readonly body: string;
  readonly bodySize: number;
  /** `address:port` of the peer. */
  readonly remote: string;
  /** Serial number of the connection. */
  readonly connection: number;
  /** Serial number of the request on its connection. */
  readonly request: number;
}

const LIMITS: RequestLimits = {
  maxLineBytes: 65_536,
  maxHeadBytes: 262_144,
  maxFields: 250,
  dropUnderscores: false,
  keepInvalidNames: true,
};
const MAX_SHOWN_BODY_BYTES = 65_536;
const MAX_DELAY_MS = 600_000;
/** Milliseconds without a byte after which a connection is closed. */
const IDLE_MS = 600_000;

/** Serves `socket` until it ends. */
export class EchoConnection {
  readonly #socket: Socket;
  readonly #name: string;
  readonly #serial: number;
  readonly #reader = new RequestReader(new RequestHead());
  /** Bytes that arrived while an answer was pending. */
  #waiting: Buffer[] = [];
  #busy = false;
  #inHead = true;
  #requests = 0;
  #body: Buffer[] = [];
  #bodyKept = 0;

  constructor(socket: Socket, name: string, serial: number) {
    this.#socket = socket;
    this.#name = name;
    this.#serial = serial;
    socket.setNoDelay(true);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("data", this.#receive);
    socket.on("end", () => {
      if (!this.#busy) socket.end();
    });
  }

  readonly #receive = (bytes: Buffer): void => {
    if (this.#busy) {
      this.#waiting.push(bytes);
      this.#socket.pause();
      return;
    }
    const reader = this.#reader;
    let at = 0;
    while (at < bytes.length) {
      if (this.#inHead) {
        const end = reader.readHead(bytes, at, LIMITS);
        if (end === INCOMPLETE) return;
        if (end === REFUSED) return this.#refuse();
        at = end;
        this.#inHead = false;
        if (reader.head.upgrade && this.#upgrade(bytes.subarray(at))) return;
        if (reader.head.expectsContinue && !reader.bodyDone) this.#socket.write("HTTP/1.1 100 Continue\r\n\r\n");
      } else {
        const end = reader.readBody(bytes, at);
        if (end === REFUSED) return this.#refuse();
        this.#keep(bytes);
        at = end;
      }
      if (!reader.bodyDone) continue;
      if (at < bytes.length) this.#waiting.push(bytes.subarray(at));
      this.#answer();
      return;
    }
  };

  #keep(bytes: Buffer): void {
    const { data } = this.#reader;
    for (let i = 0; i < data.length && this.#bodyKept < MAX_SHOWN_BODY_BYTES; i += 2) {
      const end = Math.min(data[i + 1]!, data[i]! + MAX_SHOWN_BODY_BYTES - this.#bodyKept);
      this.#body.push(Buffer.from(bytes.subarray(data[i]!, end)));
      this.#bodyKept += end - data[i]!;
    }
  }

  #refuse(): void {
    const body = errorPage(400);
    this.#socket.end(
      `HTTP/1.1 400 Bad Request\r\nDate: ${formatHttpDate(Date.now())}\r\nContent-Type: text/html\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }

  #record(): EchoRecord {
    const { head } = this.#reader;
    const { remoteAddress = "", remotePort = 0 } = this.#socket;
    return {
      name: this.#name,
      method: head.method,
      path: head.target,
      httpVersion: `1.${head.minorVersion}`,
      headers: [...head],
      body: Buffer.concat(this.#body).toString("utf8"),
      bodySize: this.#reader.dataBytes,
      remote: remoteAddress.includes(":") ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`,
      connection: this.#serial,
      request: this.#requests,
    };
  }

  /** Turns the connection into a WebSocket if the request asks for it; returns whether it did. */
  #upgrade(early: Uint8Array): boolean {
    const { head } = this.#reader;
    const key = head.get("sec-websocket-key");
    if (key === undefined || head.get("upgrade")?.toLowerCase() !== "websocket" || head.method !== "GET") return false;
    this.#requests++;
    const socket = this.#socket;
    socket.off("data", this.#receive);
    socket.setTimeout(0);
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`,
    );
    echoWebSocket(socket, early, JSON.stringify(this.#record()));
    return true;
  }

  #answer(): void {
    this.#busy = true;
    this.#requests++;
    const record = this.#record();
    this.#body = [];
    this.#bodyKept = 0;
    const options = readOptions(record.path);
    if (options.delayMs === 0) this.#write(record, options.status);
    else setTimeout(() => this.#write(record, options.status), options.delayMs);
  }

  #write(record: EchoRecord, status: number): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    const { head } = this.#reader;
    const { keepAlive } = head;
    const body = JSON.stringify(record);
    const sized = hasResponseBody(status) || status === 304;
    const text = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\nDate: ${formatHttpDate(Date.now())}\r\n` +
      "Content-Type: application/json\r\n" + (sized ? `Content-Length: ${Buffer.byteLength(body)}\r\n` : "") +
      `Connection: ${keepAlive ? "keep-alive" : "close"}\r\n\r\n` +
      (hasResponseBody(status) && record.method !== "HEAD" ? body : "");
    if (!keepAlive || socket.readableEnded) {
      socket.end(text);
      return;
    }
    const next = (): void => {
      this.#reader.next();
      this.#inHead = true;
      this.#busy = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      if (waiting.length > 0) this.#receive(Buffer.concat(waiting));
      if (!this.#busy) socket.resume();
    };
    if (socket.write(text)) next();
    else socket.once("drain", next);
  }
}

/** Reads `?status=503&delay=200`: status of the answer, and milliseconds before it. */
function readOptions(path: string): { status: number; delayMs: number } {
  const question = path.indexOf("?");
  if (question < 0) return { status: 200, delayMs: 0 };
  const query = new URLSearchParams(path.slice(question + 1));
  const status = Number(query.get("status") ?? 200);
  const delayMs = Number(query.get("delay") ?? 0);
  return {
    status: Number.isInteger(status) && status >= 200 && status <= 599 ? status : 200,
    delayMs: delayMs > 0 && delayMs <= MAX_DELAY_MS ? delayMs : 0,
  };
}
