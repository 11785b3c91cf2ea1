/**
 * An HTTP/1 connection to an endpoint: a session with one exchange at a time, which is also the lease of that exchange.
 * Between two exchanges it waits in its pool.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { CHUNKED, INCOMPLETE, REFUSED, ResponseHead, ResponseReader, UNTIL_CLOSE } from "../../http/mod.ts";
import { runtime } from "../../runtime/mod.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";
import type { ForwardPlan, UpstreamTls } from "../contract.ts";
import { type DeadlineWheel, Timed } from "../deadline-wheel.ts";
import {
  LastChunk,
  type LeaseOwner,
  NO_BODY,
  type UpstreamLease,
  type UpstreamRequest,
  type UpstreamSession,
} from "../exchange/mod.ts";
import { SendProgress } from "../send-progress.ts";
import { openTls } from "./open-tls.ts";
import { formatRequest } from "./request-text.ts";
import { writeChunk } from "./write-chunk.ts";

/** Longest response head when the settings give none. */
const DEFAULT_RESPONSE_HEAD_BYTES = 65536;
/** Bound of interim responses (1xx) to one request. */
const MAX_INTERIM = 32;

/** Connections to one address (and TLS settings). */
export interface EndpointPool {
  readonly key: string;
  /** `address port`: the key without TLS settings. */
  readonly address: string;
  /** The endpoint has left: connections in use close when they are given back. */
  retired: boolean;
  /** Idle connections, the last used one last. */
  readonly idle: UpstreamConnection[];
  /** Number of open connections, idle or not. */
  live: number;
}

/** Owner of connections between exchanges. */
export interface ConnectionHome {
  /** Whether idle connections are kept; if not, requests carry `Connection: close`. */
  readonly keepsConnections: boolean;
  /** Removes an idle connection that can no longer be used. */
  dropIdle(connection: UpstreamConnection): void;
  /** Takes a connection back: keeps it if it can be used again within the limits. */
  giveBack(connection: UpstreamConnection): void;
  /** Closes a connection that is in use. */
  discard(connection: UpstreamConnection): void;
  /** Closes a connection in use after its written bytes have gone out. */
  finish(connection: UpstreamConnection): void;
}

/** State of reading the response. */
const Reading = {
  /** No request has been sent. */
  nothing: 0,
  head: 1,
  /** The owner handles the head; later bytes wait. */
  held: 2,
  body: 3,
  /** The response has been read to its end. */
  done: 4,
  tunnel: 5,
} as const;

/** One connection. */
export class UpstreamConnection extends Timed implements UpstreamSession, UpstreamLease {
  readonly reader: ResponseReader = new ResponseReader(new ResponseHead());
  readonly socket: Socket;
  owner: LeaseOwner | null;
  /** Number of exchanges so far, the current one included. */
  requests = 1;
  readonly createdMs: number;
  received = false;
  closed = false;
  /** A response was read to its end, no byte followed, and the upstream keeps the connection open. */
  reusable = false;
  /** Links of the list of idle connections, the longest idle first; only the pool uses them. */
  idleNext: UpstreamConnection | null = null;
  idlePrevious: UpstreamConnection | null = null;
  #reading: number = Reading.nothing;
  #maxHeadBytes = DEFAULT_RESPONSE_HEAD_BYTES;
  #toHead = false;
  /** The request body is chunked. */
  #chunked = false;
  #requestDone = false;
  #framed = false;
  #paused = false;
  /** Bytes that came while the owner handled the head. */
  #held: Buffer | null = null;
  /** The upstream ended while the owner handled the head; `null`: it did not. */
  #heldEnd: { readonly error: Error | null } | null = null;
  readonly #progress: SendProgress;
  #sendTimeoutMs = 0;
  #error: Error | null = null;
  #ended = false;
  readonly #home: ConnectionHome;

  constructor(
    wheel: DeadlineWheel,
    home: ConnectionHome,
    readonly pool: EndpointPool,
    endpoint: Endpoint,
    tls: UpstreamTls | null,
    owner: LeaseOwner,
  ) {
    super(wheel);
    this.#home = home;
    this.owner = owner;
    this.createdMs = wheel.nowMs;
    const { address: host, port } = endpoint;
    const socket = tls === null ? runtime().tcp.connect(host, port) : openTls(host, port, tls);
    this.socket = socket;
    this.#progress = new SendProgress(socket, null);
    socket.on(tls === null ? "connect" : "secureConnect", () => this.#guard((owner) => owner.upstreamConnected()));
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("drain", () => {
      this.#progress.clear();
      this.#guard((owner) => owner.upstreamDrained());
    });
    socket.on("end", () => this.#end(null));
    socket.on("error", (error: Error) => {
      this.#error = error;
    });
    socket.on("close", () => this.#end(this.#error ?? new Error("the connection was closed")));
  }

  get room(): number {
    return this.owner === null && this.usable ? 1 : 0;
  }

  lease(owner: LeaseOwner): this {
    this.owner = owner;
    this.requests++;
    this.received = false;
    this.reusable = false;
    return this;
  }

  get head(): ResponseHead {
    return this.reader.head;
  }

  get bodyBytes(): number {
    return this.reader.bodyBytes;
  }

  get dataBytes(): number {
    return this.reader.dataBytes;
  }

  get emptied(): boolean {
    return this.socket.writableLength === 0;
  }

  // ---- sending

  send(request: UpstreamRequest, plan: ForwardPlan, bodyBytes: number, body: string | null): boolean {
    this.#reading = Reading.head;
    this.#maxHeadBytes = plan.settings.maxResponseHeadBytes ?? DEFAULT_RESPONSE_HEAD_BYTES;
    this.#toHead = request.method === "HEAD";
    this.#chunked = bodyBytes === CHUNKED;
    this.#requestDone = body !== null || bodyBytes === NO_BODY;
    this.#framed = false;
    const head = formatRequest(request, plan, this.#home.keepsConnections, bodyBytes);
    return this.socket.write(body === null ? head : head + body, "latin1");
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    const { socket } = this;
    if (this.#chunked) return writeChunk(socket, bytes, start, end);
    return socket.write(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
  }

  end(trailers: string): boolean {
    this.#requestDone = true;
    if (this.#chunked) return this.socket.write(`0\r\n${trailers}\r\n`, "latin1");
    return !this.socket.writableNeedDrain;
  }

  // ---- receiving

  #received(bytes: Buffer): void {
    this.received = true;
    const { owner } = this;
    if (owner !== null) {
      try {
        this.#take(bytes, owner);
      } catch (error) {
        owner.crashed(error);
      }
    } else if (!this.closed) this.#home.dropIdle(this); // bytes without a request
  }

  #take(bytes: Buffer, owner: LeaseOwner): void {
    switch (this.#reading) {
      case Reading.head:
        return this.#readHead(bytes, owner);
      case Reading.held:
        this.#held = this.#held === null ? bytes : Buffer.concat([this.#held, bytes]);
        return;
      case Reading.body:
        return this.#readBody(bytes, 0, owner);
      case Reading.done:
        this.reusable = false;
        return;
      case Reading.tunnel:
        return owner.upstreamData(bytes, 0, bytes.length);
      default:
        return owner.upstreamMalformed("the upstream spoke before it was asked");
    }
  }

  /** @see https://www.rfc-editor.org/rfc/rfc9110#section-15.2 */
  #readHead(bytes: Buffer, owner: LeaseOwner): void {
    const { reader } = this;
    let at = 0;
    while (at < bytes.length) {
      const end = reader.readHead(bytes, at, this.#maxHeadBytes, this.#toHead);
      if (end === INCOMPLETE) return;
      if (end === REFUSED) return owner.upstreamMalformed(reader.error!.message);
      at = end;
      const { head } = reader;
      if (head.status >= 200 || head.status === 101) return this.#gotHead(bytes, at, owner);
      if (reader.interims === MAX_INTERIM) {
        return owner.upstreamMalformed("the upstream sent too many interim responses");
      }
      owner.upstreamInterim(head);
      if (this.owner !== owner) return;
      reader.nextAfterInterim();
    }
  }

  #gotHead(bytes: Buffer, at: number, owner: LeaseOwner): void {
    this.#reading = Reading.held;
    if (owner.upstreamHead()) return this.#readOn(bytes, at, owner);
    if (this.owner !== owner) return;
    this.pause();
    this.#held = bytes.subarray(at);
  }

  /** Reads the bytes after a head that the owner has handled. */
  #readOn(bytes: Buffer, at: number, owner: LeaseOwner): void {
    if (this.#reading === Reading.tunnel) {
      if (at < bytes.length) this.owner?.upstreamData(bytes, at, bytes.length);
    } else if (this.owner === owner) {
      this.#reading = Reading.body;
      this.#readBody(bytes, at, owner);
    }
  }

  #readBody(bytes: Buffer, at: number, owner: LeaseOwner): void {
    const { reader } = this;
    let end = at;
    if (!reader.bodyDone) {
      end = reader.readBody(bytes, at);
      if (end === REFUSED) return owner.upstreamMalformed("the framing of the response is broken");
      const parts = this.#framed ? reader.kept : reader.data;
      for (let i = 0; i < parts.length; i += 2) {
        owner.upstreamData(bytes, parts[i]!, parts[i + 1]!);
        if (this.owner !== owner) return;
      }
    }
    if (reader.bodyDone) this.#complete(owner, end === bytes.length);
    else owner.upstreamFlush();
  }

  /** `clean`: no byte followed the response. */
  #complete(owner: LeaseOwner, clean: boolean): void {
    const { bodyBytes, head, trailers } = this.reader;
    this.#reading = Reading.done;
    this.reusable = clean && head.keepAlive && bodyBytes !== UNTIL_CLOSE && this.#requestDone && this.emptied;
    const lastChunk = !this.#framed ? LastChunk.unsent : trailers === "" ? LastChunk.ended : LastChunk.sent;
    owner.upstreamComplete(trailers, lastChunk);
  }

  #end(error: Error | null): void {
    if (this.closed) this.stopTiming();
    if (this.#ended) return;
    this.#ended = true;
    if (this.owner !== null) this.#guard((owner) => this.#tellEnd(owner, error));
    else if (!this.closed) this.#home.dropIdle(this);
    else this.socket.destroy();
  }

  #tellEnd(owner: LeaseOwner, error: Error | null): void {
    if (this.#reading === Reading.held) this.#heldEnd = { error };
    else if (this.#reading === Reading.done) this.reusable = false;
    else if (this.#reading === Reading.body && error === null && this.reader.endOfStream()) {
      this.#complete(owner, false);
    } else owner.upstreamEnded(error);
  }

  keepFraming(): boolean {
    return this.#framed = this.reader.bodyBytes === CHUNKED;
  }

  tunnel(owner: LeaseOwner): void {
    this.#reading = Reading.tunnel;
    this.owner = owner;
    this.#chunked = false;
  }

  pause(): void {
    this.#paused = true;
    this.socket.pause();
  }

  resume(): void {
    if (this.#paused) {
      this.#paused = false;
      this.socket.resume();
    }
    if (this.#held === null) return;
    const held = this.#held;
    const end = this.#heldEnd;
    const { owner } = this;
    this.#held = null;
    this.#heldEnd = null;
    if (owner === null) return;
    this.#readOn(held, 0, owner);
    if (end !== null && this.owner !== null) this.#tellEnd(this.owner, end.error);
  }

  #guard(action: (owner: LeaseOwner) => void): void {
    const { owner } = this;
    if (owner === null) return;
    try {
      action(owner);
    } catch (error) {
      owner.crashed(error);
    }
  }

  // ---- the end

  /** True while the connection can be written to. */
  get usable(): boolean {
    return !this.closed && !this.#ended;
  }

  release(keepsHead: boolean): void {
    if (keepsHead) this.reader.head = new ResponseHead();
    if (this.#paused) this.resume();
    this.#home.giveBack(this);
  }

  abandon(): void {
    this.#home.discard(this);
  }

  finish(): void {
    this.#home.finish(this);
  }

  /** Prepares for the next exchange. */
  rest(): void {
    this.owner = null;
    this.#reading = Reading.nothing;
    this.reader.next();
  }

  awaitEndpoint(ms: number): void {
    this.#progress.mark();
    this.#sendTimeoutMs = ms;
    this.setDeadline(ms);
  }

  override expired(): void {
    if (this.closed) {
      this.stopTiming();
      this.socket.destroy();
    } else if (this.#progress.advances) this.awaitEndpoint(this.#sendTimeoutMs);
    else if (this.owner !== null) this.#guard((owner) => owner.upstreamTimedOut());
    else this.#home.dropIdle(this);
  }

  /** Closes the connection after its written bytes have gone out, or after `graceMs`. */
  close(graceMs: number): void {
    this.closed = true;
    this.owner = null;
    this.setDeadline(graceMs);
    this.socket.resume();
    this.socket.end();
    this.socket.once("finish", () => this.socket.destroy());
  }

  /** Closes the connection at once. */
  destroy(): void {
    if (this.closed) return;
    this.closed = true;
    this.owner = null;
    this.stopTiming();
    this.socket.destroy();
  }
}
