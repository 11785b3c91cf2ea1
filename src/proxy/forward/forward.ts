/**
 * One request on its way to an upstream and its response on the way back: attempts by the rules of proxy-next-upstream, a
 * relay that lets the slower side set the pace, tunnels.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  CHUNKED,
  hasResponseBody,
  INCOMPLETE,
  isRetriedMethod,
  latin1Text,
  REFUSED,
  UNTIL_CLOSE,
  type UpstreamAttempt,
} from "../../http/mod.ts";
import { formatAuthority } from "../../net/mod.ts";
import { ProxyError, type ProxyErrorCode, STATUS_OF } from "../../proxy-error.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";
import type { ForwardPlan, ForwardSettings } from "../contract.ts";
import type { WireCore } from "../listener/core.ts";
import type { HookWaiter, WireExchange } from "../listener/exchange.ts";
import { type BodySink, LastChunk, NO_BODY, type TunnelSink, UNKNOWN_LENGTH } from "../listener/transport.ts";
import type { UpstreamConnection, UpstreamOwner } from "../upstream/connection.ts";
import { BodySpool, type SpoolOwner, type SpoolReader } from "./body-spool.ts";
import { filterTrailers, type ForwardMasks, masksOf } from "./masks.ts";

/** How far the present attempt has come. */
const Step = {
  /** The request's body is being read; no attempt yet. */
  buffering: 0,
  connecting: 1,
  /** The request is being sent, or its response awaited. */
  waiting: 2,
  /** The head of the response is with the policies. */
  hook: 3,
  relaying: 4,
  tunnel: 5,
  over: 6,
} as const;

/** Conditions of proxy-next-upstream that an attempt can end on. */
type FailureKind = "error" | "timeout" | "invalidHeader";

const DEFAULT_RESPONSE_HEAD_BYTES = 65536;
/** Interim responses (1xx) to one request. */
const MAX_INTERIM = 32;
/** Body in memory up to this size goes into one write with the head. */
const MAX_JOINED_BYTES = 16384;

/** The record of an attempt; it is filled in as the attempt goes on. */
interface AttemptRecord extends UpstreamAttempt {
  readonly address: string;
  readonly pod: string;
}

/** The way of one request. */
export class Forward implements UpstreamOwner, BodySink, SpoolOwner, SpoolReader, TunnelSink, HookWaiter {
  readonly #exchange: WireExchange;
  readonly #core: WireCore;
  readonly #plan: ForwardPlan;
  readonly #settings: ForwardSettings;
  readonly #masks: ForwardMasks;
  readonly #attempts: AttemptRecord[] = [];
  readonly #tried: Endpoint[] = [];
  #step: number = Step.buffering;
  #connection: UpstreamConnection | null = null;
  #endpoint: Endpoint | null = null;
  #record: AttemptRecord | null = null;
  #startedMs = 0;
  #firstStartedMs = 0;
  /** The connection was used before; a failure may only mean that it was stale. */
  #reused = false;
  /** The request, or a part of it, was written. */
  #requestSent = false;
  /** The body was written to its end. */
  #uploadDone = true;
  /** Parts of a streamed body are gone: the request cannot be sent again. */
  #streamed = false;
  #streaming = false;
  #spool: BodySpool | null = null;
  #chunkedUpload = false;
  #bodyBytes = 0;
  #upgrade = false;
  #interim = 0;
  /** Came in while the head was with the policies. */
  #early: Buffer | null = null;
  #earlyEnd: { readonly error: Error | null } | null = null;
  #clientBlocked = false;

  constructor(exchange: WireExchange, core: WireCore, plan: ForwardPlan) {
    this.#exchange = exchange;
    this.#core = core;
    this.#plan = plan;
    this.#settings = plan.settings;
    this.#masks = masksOf(plan.settings);
    exchange.attempts = this.#attempts;
  }

  start(): void {
    const { requestBodyBytes, request, transport } = this.#exchange;
    const { maxBodyBytes } = this.#settings;
    if (maxBodyBytes > 0 && requestBodyBytes > maxBodyBytes) return this.#bodyTooLarge();
    this.#upgrade = request.upgrade;
    if (requestBodyBytes === 0) return this.#next(this.#pick());
    this.#uploadDone = false;
    const { requestBuffering, httpVersion, bodyBufferBytes } = this.#settings;
    if (requestBuffering || (requestBodyBytes === CHUNKED && httpVersion === "1.0")) {
      this.#spool = new BodySpool(this, bodyBufferBytes);
      transport.readBody(this);
    } else {
      this.#streaming = true;
      this.#next(this.#pick());
    }
  }

  // ---- attempts

  #pick(): Endpoint | undefined {
    return this.#plan.pick(this.#tried.length, this.#tried);
  }

  #next(endpoint: Endpoint | undefined): void {
    if (endpoint === undefined) {
      return this.#fail(
        new ProxyError("upstream-none", "upstream", "no", "there is no endpoint to send the request to"),
      );
    }
    this.#tried.push(endpoint);
    this.#attempt(endpoint, false);
  }

  #attempt(endpoint: Endpoint, fresh: boolean): void {
    this.#endpoint = endpoint;
    this.#requestSent = false;
    this.#startedMs = this.#core.clock.nowMs();
    if (this.#firstStartedMs === 0) this.#firstStartedMs = this.#startedMs;
    this.#record = {
      address: addressOf(endpoint),
      pod: endpoint.pod,
      status: 0,
      responseMs: -1,
      connectMs: -1,
      headerMs: -1,
      responseBytes: 0,
    };
    this.#attempts.push(this.#record);
    const { pools } = this.#core;
    const tls = this.#settings.tls ?? null;
    const pooled = fresh ? null : pools.take(endpoint, tls, this);
    this.#reused = pooled !== null;
    if (pooled !== null) {
      this.#connection = pooled;
      this.#record.connectMs = 0;
      return this.#send();
    }
    this.#step = Step.connecting;
    // a body that a former attempt began to read waits for this one
    if (this.#streaming) this.#exchange.transport.pauseBody();
    this.#connection = pools.connect(endpoint, tls, this);
    this.#connection.setDeadline(this.#settings.connectTimeoutMs);
  }

  upstreamConnected(): void {
    if (this.#step !== Step.connecting) return;
    this.#record!.connectMs = this.#core.clock.nowMs() - this.#startedMs;
    this.#send();
  }

  /** Writes the request's head, and of its body what is there. */
  #send(): void {
    this.#step = Step.waiting;
    this.#requestSent = true;
    const connection = this.#connection!;
    const head = this.#head();
    const spool = this.#spool;
    if (spool !== null) {
      if (spool.inMemory && spool.bytes <= MAX_JOINED_BYTES) {
        this.#uploadDone = true;
        this.#wrote(connection.socket.write(head + spool.text(), "latin1"));
      } else {
        this.#uploadDone = false;
        this.#wrote(connection.socket.write(head, "latin1"));
        spool.read(this);
      }
      return;
    }
    this.#wrote(connection.socket.write(head, "latin1"));
    if (this.#streaming) {
      const { transport } = this.#exchange;
      transport.resumeBody();
      transport.readBody(this);
    }
  }

  #head(): string {
    const exchange = this.#exchange;
    const { httpVersion, connectionField } = this.#settings;
    const { request, requestBodyBytes } = exchange;
    let text = `${exchange.method} ${this.#plan.target} HTTP/${httpVersion}\r\n${this.#plan.fieldBlock}`;
    if (this.#upgrade && httpVersion === "1.1") {
      text += `Upgrade: ${request.get("upgrade")}\r\nConnection: upgrade\r\n`;
    } else if (connectionField !== undefined) text += `Connection: ${connectionField}\r\n`;
    else if (!this.#core.pools.keepsConnections) text += "Connection: close\r\n";
    text += request.format(this.#masks.request);
    this.#chunkedUpload = false;
    if (this.#spool !== null) text += `Content-Length: ${this.#spool.bytes}\r\n`;
    else if (requestBodyBytes > 0) text += `Content-Length: ${requestBodyBytes}\r\n`;
    else if (requestBodyBytes === CHUNKED) {
      text += "Transfer-Encoding: chunked\r\n";
      this.#chunkedUpload = true;
    } else if (request.has("content-length")) text += "Content-Length: 0\r\n";
    return `${text}\r\n`;
  }

  /** After a write to the upstream. */
  #wrote(more: boolean): boolean {
    const connection = this.#connection;
    if (connection === null) return false;
    if (!more) connection.setDeadline(this.#settings.sendTimeoutMs);
    else if (this.#uploadDone) connection.setDeadline(this.#settings.readTimeoutMs);
    // the client's own deadline holds while its body is awaited
    else if (this.#step === Step.waiting) connection.clearDeadline();
    return more;
  }

  // ---- the request's body

  bodyData(bytes: Uint8Array, start: number, end: number): void {
    if (this.#step === Step.over) return;
    const length = end - start;
    this.#bodyBytes += length;
    const { maxBodyBytes } = this.#settings;
    if (maxBodyBytes > 0 && this.#bodyBytes > maxBodyBytes) return this.#bodyTooLarge();
    if (this.#spool !== null) return this.#spool.add(bytes, start, end);
    const connection = this.#connection;
    if (connection === null) return;
    this.#streamed = true;
    const { socket } = connection;
    let more: boolean;
    if (!this.#chunkedUpload) {
      more = socket.write(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    } else if (length <= MAX_JOINED_BYTES) {
      more = socket.write(`${length.toString(16)}\r\n${latin1Text(bytes, start, end)}\r\n`, "latin1");
    } else {
      socket.cork();
      socket.write(`${length.toString(16)}\r\n`, "latin1");
      socket.write(bytes.subarray(start, end));
      more = socket.write("\r\n", "latin1");
      socket.uncork();
    }
    if (!this.#wrote(more)) this.#exchange.transport.pauseBody();
  }

  bodyEnd(trailers: string): void {
    if (this.#step === Step.over) return;
    const spool = this.#spool;
    if (spool !== null) return spool.complete();
    this.#uploadDone = true;
    const connection = this.#connection;
    if (connection === null) return;
    if (!this.#chunkedUpload) {
      if (this.#step === Step.waiting && connection.socket.writableLength === 0) {
        connection.setDeadline(this.#settings.readTimeoutMs);
      }
      return;
    }
    this.#wrote(connection.socket.write(`0\r\n${filterTrailers(trailers, this.#settings.dropFields)}\r\n`, "latin1"));
  }

  upstreamDrained(): void {
    const connection = this.#connection!;
    if (this.#step === Step.tunnel) {
      connection.setDeadline(this.#settings.readTimeoutMs);
      return this.#exchange.transport.resumeBody();
    }
    if (this.#uploadDone) {
      if (this.#step === Step.waiting) connection.setDeadline(this.#settings.readTimeoutMs);
      return;
    }
    if (this.#step === Step.waiting) connection.clearDeadline();
    else connection.setDeadline(this.#settings.readTimeoutMs);
    if (this.#spool !== null) this.#spool.resume();
    else this.#exchange.transport.resumeBody();
  }

  spoolFull(): void {
    this.#exchange.transport.pauseBody();
  }

  spoolDrained(): void {
    this.#exchange.transport.resumeBody();
  }

  spoolReady(): void {
    if (this.#step === Step.buffering) this.#next(this.#pick());
  }

  spoolFailed(error: Error): void {
    if (this.#step === Step.over) return;
    this.#giveUpConnection();
    this.#exchange.internalError(error);
  }

  spoolData(bytes: Uint8Array): boolean {
    const connection = this.#connection;
    if (connection === null || this.#step > Step.relaying) return false;
    return this.#wrote(connection.socket.write(bytes));
  }

  spoolEnd(): void {
    this.#uploadDone = true;
    if (this.#connection !== null && this.#step === Step.waiting) {
      this.#connection.setDeadline(this.#settings.readTimeoutMs);
    }
  }

  #bodyTooLarge(): void {
    this.#giveUpConnection();
    this.#exchange.closeAfter = true;
    const message = "the body of the request is larger than proxy-body-size allows";
    this.#fail(new ProxyError("downstream-body-too-large", "downstream", "no", message));
  }

  // ---- the response

  upstreamData(bytes: Buffer): void {
    switch (this.#step) {
      case Step.waiting:
        return this.#readHead(bytes);
      case Step.hook:
        this.#early = this.#early === null ? bytes : concat(this.#early, bytes);
        return;
      case Step.relaying:
        return this.#relay(bytes, 0);
      case Step.tunnel:
        this.#connection!.setDeadline(this.#settings.readTimeoutMs);
        return this.#tunnelToClient(bytes, 0);
      default:
        // bytes before the request was sent
        return this.#attemptFailed("upstream-malformed", "invalidHeader", "the upstream spoke before it was asked");
    }
  }

  #readHead(bytes: Buffer): void {
    const connection = this.#connection!;
    const { reader } = connection;
    const maxBytes = this.#settings.maxResponseHeadBytes ?? DEFAULT_RESPONSE_HEAD_BYTES;
    const toHead = this.#exchange.method === "HEAD";
    let at = 0;
    while (at < bytes.length) {
      const end = reader.readHead(bytes, at, maxBytes, toHead);
      if (end === INCOMPLETE) break;
      if (end === REFUSED) return this.#attemptFailed("upstream-malformed", "invalidHeader", reader.error!.message);
      at = end;
      const { status } = reader.head;
      if (status >= 200 || status === 101) return this.#gotHead(bytes, at);
      if (++this.#interim > MAX_INTERIM) {
        return this.#attemptFailed(
          "upstream-malformed",
          "invalidHeader",
          "the upstream sent too many interim responses",
        );
      }
      // the client's 100 is ours to send
      if (status !== 100) this.#exchange.transport.sendInterim(status, reader.head.format(this.#masks.response));
      reader.next();
    }
    if (this.#uploadDone) connection.setDeadline(this.#settings.readTimeoutMs);
  }

  #gotHead(bytes: Buffer, at: number): void {
    const exchange = this.#exchange;
    const connection = this.#connection!;
    const record = this.#record!;
    const { head } = connection.reader;
    record.headerMs = this.#core.clock.nowMs() - this.#startedMs;
    record.status = head.status;
    if (head.status === 101 && (!this.#upgrade || head.minorVersion === 0)) {
      return this.#attemptFailed("upstream-malformed", "invalidHeader", "the upstream upgraded without being asked");
    }
    if (this.#settings.retry.statuses.includes(head.status) && this.#mayRetry()) {
      const endpoint = this.#pick();
      if (endpoint !== undefined) {
        record.responseMs = record.headerMs;
        this.#observe("failed");
        this.#giveUpConnection();
        return this.#next(endpoint);
      }
    }
    head.dropMask(head.status === 101 ? this.#masks.upgrade : this.#masks.response);
    exchange.status = head.status;
    exchange.response = head;
    this.#step = Step.hook;
    connection.clearDeadline();
    if (exchange.runHook(this)) return this.#begin(bytes, at);
    if (this.#connection !== connection) return;
    // the policies take their time: what comes meanwhile waits
    connection.socket.pause();
    this.#early = this.#early === null ? bytes.subarray(at) : concat(bytes.subarray(at), this.#early);
  }

  hooked(): void {
    const connection = this.#connection;
    if (connection === null || this.#step !== Step.hook) return;
    const early = this.#early!;
    this.#early = null;
    this.#begin(early, 0);
    if (this.#connection !== connection) return;
    if (this.#earlyEnd !== null) this.upstreamEnded(this.#earlyEnd.error);
    else if (!this.#clientBlocked) connection.socket.resume();
  }

  #begin(bytes: Buffer, at: number): void {
    const exchange = this.#exchange;
    const { reader } = this.#connection!;
    const { head } = reader;
    if (exchange.status === 101) return this.#beginTunnel(bytes, at);
    this.#step = Step.relaying;
    if (reader.bodyBytes === 0) {
      exchange.beginResponse(head.hasLength && exchange.status !== 204 ? head.bodyBytes : NO_BODY);
    } else if (!hasResponseBody(exchange.status)) return this.#dropBody();
    else exchange.beginResponse(reader.bodyBytes > 0 ? reader.bodyBytes : UNKNOWN_LENGTH);
    this.#relay(bytes, at);
  }

  /** A policy made a status of it that has no body. */
  #dropBody(): void {
    this.#exchange.beginResponse(NO_BODY);
    this.#step = Step.over;
    this.#record!.responseMs = this.#core.clock.nowMs() - this.#startedMs;
    this.#observe("answered");
    this.#exchange.transport.end("", LastChunk.unsent);
    this.#exchange.end();
    this.#giveUpConnection();
    this.#spool?.discard();
    this.#exchange.transport.release();
  }

  #relay(bytes: Buffer, at: number): void {
    const connection = this.#connection!;
    const { reader } = connection;
    const { transport } = this.#exchange;
    let end = at;
    let more = true;
    let framed = false;
    if (!reader.bodyDone) {
      const before = reader.dataBytes;
      end = reader.readBody(bytes, at);
      if (end === REFUSED) {
        transport.flush();
        return this.#cut();
      }
      this.#record!.responseBytes += reader.dataBytes - before;
      framed = reader.bodyBytes === CHUNKED && transport.passesChunks;
      const parts = framed ? reader.kept : reader.data;
      for (let i = 0; i < parts.length; i += 2) {
        more = framed
          ? transport.writeFramed(bytes, parts[i]!, parts[i + 1]!)
          : transport.write(bytes, parts[i]!, parts[i + 1]!);
        if (this.#connection !== connection) return;
      }
    }
    if (reader.bodyDone) return this.#complete(framed, end < bytes.length);
    transport.flush();
    if (more) connection.setDeadline(this.#settings.readTimeoutMs);
    else {
      this.#clientBlocked = true;
      connection.clearDeadline();
      connection.socket.pause();
    }
  }

  clientDrained(): void {
    if (!this.#clientBlocked) return;
    this.#clientBlocked = false;
    const connection = this.#connection;
    if (connection === null) return;
    connection.setDeadline(this.#settings.readTimeoutMs);
    connection.socket.resume();
  }

  /** @param surplus bytes came after the response */
  #complete(framed: boolean, surplus: boolean): void {
    const connection = this.#connection!;
    const { reader } = connection;
    const exchange = this.#exchange;
    const reusable = reader.head.keepAlive && this.#uploadDone && !surplus && reader.bodyBytes !== UNTIL_CLOSE &&
      connection.socket.writableLength === 0;
    const trailers = reader.trailers === "" ? "" : filterTrailers(reader.trailers, this.#settings.hideFields);
    this.#step = Step.over;
    this.#connection = null;
    this.#record!.responseMs = this.#core.clock.nowMs() - this.#startedMs;
    connection.owner = null;
    this.#spool?.discard();
    exchange.transport.end(
      trailers,
      !framed ? LastChunk.unsent : reader.trailers === "" ? LastChunk.ended : LastChunk.sent,
    );
    this.#observe("answered");
    exchange.end();
    if (reusable) this.#core.pools.release(connection);
    else this.#core.pools.discard(connection);
    exchange.transport.release();
  }

  upstreamEnded(error: Error | null): void {
    const connection = this.#connection!;
    switch (this.#step) {
      case Step.connecting:
        return this.#attemptFailed("upstream-refused", "error", error === null ? "closed at once" : error.message);
      case Step.waiting: {
        const message = connection.received
          ? "the upstream closed in its response head"
          : "the upstream closed without a response";
        return this.#attemptFailed(
          "upstream-closed",
          "error",
          error === null ? message : `${message}: ${error.message}`,
        );
      }
      case Step.hook:
        // what has come is relayed first
        this.#earlyEnd = { error };
        return;
      case Step.relaying:
        if (error === null && connection.reader.endOfStream()) return this.#complete(false, false);
        return this.#cut();
      case Step.tunnel:
        return this.#endTunnel();
    }
  }

  upstreamTimedOut(): void {
    switch (this.#step) {
      case Step.connecting:
        return this.#attemptFailed("upstream-connect-timeout", "timeout", "the connection was not made in time");
      case Step.waiting:
        return this.#attemptFailed("upstream-timeout", "timeout", "the upstream did not answer in time");
      case Step.relaying:
        return this.#cut();
      case Step.tunnel:
        return this.#endTunnel();
    }
  }

  // ---- failures

  #attemptFailed(code: ProxyErrorCode, kind: FailureKind, message: string): void {
    const connection = this.#connection!;
    const stale = this.#reused && !connection.received && kind === "error";
    const record = this.#record!;
    record.status = STATUS_OF[code];
    record.responseMs = this.#core.clock.nowMs() - this.#startedMs;
    this.#giveUpConnection();
    const replayable = !this.#streamed;
    if (stale && replayable && isRetriedMethod(this.#exchange.method)) {
      // it says nothing about the endpoint, so it does not count as an attempt
      this.#attempts.pop();
      return this.#attempt(this.#endpoint!, true);
    }
    this.#observe("failed");
    const error = new ProxyError(code, "upstream", stale ? "if-reused" : "yes", `${message} (${record.address})`);
    if (!this.#settings.retry[kind] || !this.#mayRetry()) return this.#fail(error);
    const endpoint = this.#pick();
    if (endpoint === undefined) this.#fail(error);
    else this.#next(endpoint);
  }

  /** Apart from the condition: may the request be sent once more? */
  #mayRetry(): boolean {
    const { retry } = this.#settings;
    if (this.#streamed) return false;
    if (retry.tries > 0 && this.#tried.length >= retry.tries) return false;
    if (retry.timeoutMs > 0 && this.#core.clock.nowMs() - this.#firstStartedMs >= retry.timeoutMs) return false;
    return !this.#requestSent || retry.nonIdempotent || isRetriedMethod(this.#exchange.method);
  }

  #observe(outcome: "answered" | "failed"): void {
    this.#plan.observe?.(this.#endpoint!, outcome, this.#record!.responseMs);
  }

  #giveUpConnection(): void {
    const connection = this.#connection;
    this.#connection = null;
    this.#spool?.stop();
    if (connection !== null) this.#core.pools.discard(connection);
  }

  #fail(error: ProxyError): void {
    this.#step = Step.over;
    this.#spool?.discard();
    this.#exchange.fail(error);
  }

  /** The response breaks off; so it does for the client. */
  #cut(): void {
    const record = this.#record!;
    record.responseMs = this.#core.clock.nowMs() - this.#startedMs;
    this.#giveUpConnection();
    this.#observe("failed");
    this.#step = Step.over;
    this.#spool?.discard();
    this.#exchange.cut();
  }

  /** The client has gone. */
  cancel(): void {
    if (this.#step === Step.over) return;
    this.#step = Step.over;
    const record = this.#record;
    if (record !== null && record.responseMs < 0) record.responseMs = this.#core.clock.nowMs() - this.#startedMs;
    this.#giveUpConnection();
    this.#spool?.discard();
  }

  // ---- tunnels

  #beginTunnel(bytes: Buffer, at: number): void {
    this.#step = Step.tunnel;
    this.#connection!.setDeadline(this.#settings.readTimeoutMs);
    this.#exchange.beginResponse(NO_BODY);
    if (at < bytes.length) this.#tunnelToClient(bytes, at);
    if (this.#step === Step.tunnel) this.#exchange.transport.tunnel(this);
  }

  #tunnelToClient(bytes: Buffer, at: number): void {
    this.#record!.responseBytes += bytes.length - at;
    if (this.#exchange.transport.write(bytes, at, bytes.length)) return;
    this.#clientBlocked = true;
    this.#connection?.socket.pause();
  }

  tunnelData(bytes: Uint8Array): void {
    const connection = this.#connection;
    if (connection === null) return;
    this.#exchange.requestBytes += bytes.length;
    connection.setDeadline(this.#settings.readTimeoutMs);
    if (!connection.socket.write(bytes)) this.#exchange.transport.pauseBody();
  }

  tunnelDrained(): void {
    this.clientDrained();
  }

  tunnelEnd(): void {
    this.#endTunnel();
  }

  /** Either side ended: what was written goes out, then the other side is ended too, as nginx does. */
  #endTunnel(): void {
    if (this.#step === Step.over) return;
    this.#step = Step.over;
    const connection = this.#connection!;
    this.#connection = null;
    this.#record!.responseMs = this.#core.clock.nowMs() - this.#startedMs;
    this.#core.pools.finish(connection);
    this.#observe("answered");
    const exchange = this.#exchange;
    exchange.end();
    exchange.transport.release();
  }
}

/** `ip:port`; made once for each endpoint object. */
const addresses = new WeakMap<Endpoint, string>();

function addressOf(endpoint: Endpoint): string {
  let address = addresses.get(endpoint);
  if (address === undefined) {
    address = formatAuthority(endpoint.address, endpoint.port);
    addresses.set(endpoint, address);
  }
  return address;
}

function concat(first: Uint8Array, second: Uint8Array): Buffer {
  return Buffer.concat([first, second]);
}
