/**
 * A session in memory that carries many exchanges at once: the test answers each as it likes, in any order.
 *
 * @module
 */
import { CHUNKED, latin1Text, ResponseHead } from "../../src/http/mod.ts";
import type { ForwardPlan } from "../../src/proxy/contract.ts";
import { LastChunk } from "../../src/proxy/exchange/downstream.ts";
import type {
  LeaseOwner,
  UpstreamLease,
  UpstreamRequest,
  UpstreamSession,
  UpstreamSource,
} from "../../src/proxy/exchange/upstream-session.ts";

/** One exchange of a session. */
export class MemoryLease implements UpstreamLease {
  owner: LeaseOwner | null;
  readonly head: ResponseHead = new ResponseHead();
  bodyBytes = 0;
  dataBytes = 0;
  received = false;
  readonly emptied = true;
  /** What became of it. */
  state: "open" | "released" | "abandoned" | "finished" = "open";
  paused = false;
  deadlineMs = Infinity;
  method = "";
  target = "";
  /** Of the request, one char a byte. */
  body = "";
  requestEnded = false;
  requestTrailers = "";
  /** The next writes say that the session is full. */
  full = false;
  readonly #session: MemorySession;

  constructor(session: MemorySession, owner: LeaseOwner) {
    this.#session = session;
    this.owner = owner;
  }

  send(request: UpstreamRequest, plan: ForwardPlan, bodyBytes: number, body: string | null): boolean {
    this.method = request.method;
    this.target = plan.target;
    this.body = body ?? "";
    this.requestEnded = body !== null || bodyBytes < CHUNKED;
    return !this.full;
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    this.body += latin1Text(bytes, start, end);
    return !this.full;
  }

  end(trailers: string): boolean {
    this.requestEnded = true;
    this.requestTrailers = trailers;
    return !this.full;
  }

  keepFraming(): boolean {
    return false;
  }

  tunnel(): void {
    throw new TypeError("no Upgrade here");
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  setDeadline(ms: number): void {
    this.deadlineMs = ms;
  }

  clearDeadline(): void {
    this.deadlineMs = Infinity;
  }

  awaitEndpoint(ms: number): void {
    this.deadlineMs = ms;
  }

  release(): void {
    this.#over("released");
  }

  abandon(): void {
    this.#over("abandoned");
  }

  finish(): void {
    this.#over("finished");
  }

  #over(state: MemoryLease["state"]): void {
    this.state = state;
    this.owner = null;
    this.#session.left();
  }

  // ---- what the upstream does

  /** Sends a head: `lines` after the status line, each with CRLF. Returns whether the owner goes on. */
  answerHead(status: number, lines: string, bodyBytes: number): boolean {
    this.received = true;
    this.head.parse(`HTTP/1.1 ${status} \r\n${lines}\r\n`, 65536);
    if (status < 200) {
      this.owner!.upstreamInterim(this.head);
      this.head.reset();
      return true;
    }
    this.bodyBytes = bodyBytes;
    return this.owner!.upstreamHead();
  }

  data(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.dataBytes += bytes.length;
    this.owner!.upstreamData(bytes, 0, bytes.length);
    this.owner?.upstreamFlush();
  }

  complete(trailers = ""): void {
    this.owner!.upstreamComplete(trailers, LastChunk.unsent);
  }
}

/** The session, and a source of its leases. */
export class MemorySession implements UpstreamSession, UpstreamSource {
  readonly leases: MemoryLease[] = [];
  /** Exchanges at a time now. */
  active = 0;
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get room(): number {
    return this.#capacity - this.active;
  }

  lease(owner: LeaseOwner): MemoryLease {
    const lease = new MemoryLease(this, owner);
    this.leases.push(lease);
    this.active++;
    return lease;
  }

  left(): void {
    this.active--;
  }

  take(_endpoint: unknown, _tls: unknown, owner: LeaseOwner): MemoryLease | null {
    return this.room > 0 ? this.lease(owner) : null;
  }

  /** It has no other session to offer: the lease never gets connected. */
  connect(_endpoint: unknown, _tls: unknown, owner: LeaseOwner): MemoryLease {
    return this.lease(owner);
  }

  dropOldestIdle(): boolean {
    return false;
  }
}
