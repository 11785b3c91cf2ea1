/**
 * One request on its way to an upstream and its response on the way back: attempts by the rules of proxy-next-upstream, and
 * a relay that lets the slower side set the pace.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  CHUNKED,
  hasResponseBody,
  INCOMPLETE,
  isRetriedMethod,
  REFUSED,
  ResponseHead,
  UNTIL_CLOSE,
  type UpstreamAttempt,
} from "../../http/mod.ts";
import { CONTENT_LENGTH, knownFieldId } from "../../http/known-field.ts";
import { formatAuthority } from "../../net/mod.ts";
import { ProxyError, type ProxyErrorCode, STATUS_OF } from "../../proxy-error.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";
import type { AttemptOutcome, ForwardPlan, ForwardSettings } from "../contract.ts";
import type { WireCore } from "../listener/core.ts";
import type { FinishOwner, HookWaiter, WireExchange } from "../listener/exchange.ts";
import { LastChunk, NO_BODY, UNKNOWN_LENGTH } from "../listener/transport.ts";
import type { UpstreamConnection, UpstreamOwner } from "../upstream/connection.ts";
import { filterTrailers, type ForwardMasks, masksOf } from "./masks.ts";
import { type BufferLimits, ResponseBuffer, type ResponseBufferOwner } from "./response-buffer.ts";
import { Tunnel, type TunnelOwner } from "./tunnel.ts";
import { Upload, type UploadOwner } from "./upload.ts";

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
  /** The response has been read; its end is on its way to the client. */
  finishing: 5,
  tunnel: 6,
  over: 7,
} as const;

/** Conditions of proxy-next-upstream that an attempt can end on. */
type FailureKind = "error" | "timeout" | "invalidHeader";

const DEFAULT_RESPONSE_HEAD_BYTES = 65536;
/** Interim responses (1xx) to one request. */
const MAX_INTERIM = 32;
const X_ACCEL_BUFFERING = knownFieldId("x-accel-buffering");

/** What a request line may have for a target; one char a byte. */
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;

/** The way of one request. */
export class Forward implements UpstreamOwner, UploadOwner, TunnelOwner, HookWaiter, FinishOwner, ResponseBufferOwner {
  readonly #exchange: WireExchange;
  readonly #core: WireCore;
  readonly #plan: ForwardPlan;
  readonly #settings: ForwardSettings;
  readonly #masks: ForwardMasks;
  readonly #attempts: UpstreamAttempt[] = [];
  readonly #tried: Endpoint[] = [];
  #step: number = Step.buffering;
  #connection: UpstreamConnection | null = null;
  #endpoint: Endpoint | null = null;
  #record: UpstreamAttempt | null = null;
  #startedMs = 0;
  #firstStartedMs = 0;
  /** The connection was used before; a failure may only mean that it was stale. */
  #reused = false;
  /** The request, or a part of it, was written. */
  #requestSent = false;
  /** `null`: the request has no body. */
  #upload: Upload | null = null;
  #tunnel: Tunnel | null = null;
  #interim = 0;
  /** Came in while the head was with the policies. */
  #early: Buffer | null = null;
  #earlyEnd: { readonly error: Error | null } | null = null;
  /** The upstream is paused for the client's sake. */
  #clientBlocked = false;
  #reusable = false;
  /** How much is kept for a slow client; `null`: nothing, the upstream is paused. */
  #limits: BufferLimits | null = null;
  /** Made when the client first falls behind. */
  #buffer: ResponseBuffer | null = null;
  /** What passes has the chunk framing of the upstream. */
  #framed = false;
  /** How the response ends once the client has got what is kept. */
  #ending: (() => void) | null = null;

  constructor(exchange: WireExchange, core: WireCore, plan: ForwardPlan) {
    this.#exchange = exchange;
    this.#core = core;
    this.#plan = plan;
    this.#settings = plan.settings;
    this.#masks = masksOf(plan.settings);
    exchange.attempts = this.#attempts;
  }

  start(): void {
    // policies may have taken their time
    this.#core.tick();
    const { requestBodyBytes, target } = this.#exchange;
    if (this.#plan.target !== target && !TARGET.test(this.#plan.target)) {
      throw new RangeError(`forward to ${JSON.stringify(this.#plan.target)}: the target cannot be sent`);
    }
    if (requestBodyBytes === 0) return this.#next(this.#pick());
    const { maxBodyBytes } = this.#settings;
    if (maxBodyBytes > 0 && requestBodyBytes > maxBodyBytes) return this.uploadTooLarge();
    this.#upload = new Upload(this.#exchange, this.#settings, this);
    this.#upload.start();
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
    const { pools, nowMs } = this.#core;
    this.#endpoint = endpoint;
    this.#requestSent = false;
    this.#startedMs = nowMs;
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
    const tls = this.#settings.tls ?? null;
    const pooled = fresh ? null : pools.take(endpoint, tls, this);
    this.#reused = pooled !== null;
    if (pooled !== null) {
      this.#connection = pooled;
      this.#record.connectMs = 0;
      return this.#send();
    }
    this.#step = Step.connecting;
    this.#upload?.hold();
    if (!this.#core.mayConnect && !pools.dropOldestIdle()) {
      this.#core.tellFull();
      this.#record.status = STATUS_OF["upstream-refused"];
      return this.#fail(new ProxyError("upstream-refused", "internal", "no", "too many files are open"));
    }
    this.#connection = pools.connect(endpoint, tls, this);
    this.#connection.setDeadline(this.#settings.connectTimeoutMs);
  }

  upstreamConnected(): void {
    this.#core.tick();
    if (this.#step !== Step.connecting) return;
    this.#record!.connectMs = this.#core.nowMs - this.#startedMs;
    this.#send();
  }

  #send(): void {
    this.#step = Step.waiting;
    this.#requestSent = true;
    const { socket } = this.#connection!;
    const head = this.#head();
    if (this.#upload === null) this.uploadWrote(socket.write(head, "latin1"));
    else this.#upload.send(socket, head);
  }

  #head(): string {
    const { method, request } = this.#exchange;
    const { httpVersion, connectionField } = this.#settings;
    let text = `${method} ${this.#plan.target} HTTP/${httpVersion}\r\n${this.#plan.fieldBlock}`;
    if (request.upgrade && httpVersion === "1.1") {
      text += `Upgrade: ${request.get("upgrade")}\r\nConnection: upgrade\r\n`;
    } else if (connectionField !== undefined) text += `Connection: ${connectionField}\r\n`;
    else if (!this.#core.pools.keepsConnections) text += "Connection: close\r\n";
    text += request.format(this.#masks.request);
    if (this.#upload !== null) text += this.#upload.framing();
    else if (request.hasKnown(CONTENT_LENGTH)) text += "Content-Length: 0\r\n";
    return `${text}\r\n`;
  }

  // ---- the request's body

  uploadReady(): void {
    if (this.#step === Step.buffering) this.#next(this.#pick());
  }

  uploadWrote(more: boolean): void {
    const connection = this.#connection;
    if (connection === null) return;
    if (!more) connection.setDeadline(this.#settings.sendTimeoutMs);
    else if (this.#upload === null || this.#upload.done || this.#step > Step.waiting) {
      connection.setDeadline(this.#settings.readTimeoutMs);
    } // the client's own deadline holds while its body is awaited
    else connection.clearDeadline();
  }

  uploadTooLarge(): void {
    this.#giveUpConnection();
    this.#exchange.closeAfter = true;
    const message = "the body of the request is larger than proxy-body-size allows";
    this.#fail(new ProxyError("downstream-body-too-large", "downstream", "no", message));
  }

  uploadFailed(error: Error): void {
    this.#giveUpConnection();
    this.#exchange.closeAfter = true;
    this.#core.tellNoSpool(error);
    this.#fail(new ProxyError("internal", "internal", "no", "the body of the request cannot be kept"));
  }

  upstreamDrained(): void {
    this.uploadWrote(true);
    this.#upload?.drained();
  }

  // ---- the response

  upstreamData(bytes: Buffer): void {
    this.#core.tick();
    switch (this.#step) {
      case Step.waiting:
        return this.#readHead(bytes);
      case Step.hook:
        this.#early = this.#early === null ? bytes : Buffer.concat([this.#early, bytes]);
        return;
      case Step.relaying:
        return this.#relay(bytes, 0);
      case Step.finishing:
        this.#reusable = false;
        return;
      default:
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
      if (status !== 100) {
        reader.head.drop("content-length");
        this.#exchange.transport.sendInterim(status, reader.head.format(this.#masks.response));
      }
      reader.next();
    }
    if (this.#uploadDone) connection.setDeadline(this.#settings.readTimeoutMs);
  }

  get #uploadDone(): boolean {
    return this.#upload === null || this.#upload.done;
  }

  #gotHead(bytes: Buffer, at: number): void {
    const exchange = this.#exchange;
    const connection = this.#connection!;
    const record = this.#record!;
    const { head } = connection.reader;
    record.headerMs = this.#core.nowMs - this.#startedMs;
    record.status = head.status;
    if (head.status === 101 && (!exchange.request.upgrade || head.minorVersion === 0)) {
      return this.#attemptFailed("upstream-malformed", "invalidHeader", "the upstream upgraded without being asked");
    }
    const { statuses } = this.#settings.retry;
    if (statuses.length > 0 && statuses.includes(head.status) && this.#mayRetry()) {
      const endpoint = this.#pick();
      if (endpoint !== undefined) {
        record.responseMs = record.headerMs;
        this.#observe("failed");
        this.#giveUpConnection();
        return this.#next(endpoint);
      }
    }
    this.#limits = limitsOf(this.#settings, head);
    head.dropMask(head.status === 101 ? this.#masks.upgrade : this.#masks.response);
    exchange.status = head.status;
    exchange.response = head;
    this.#step = Step.hook;
    connection.clearDeadline();
    if (exchange.runHook(this)) return this.#begin(bytes, at);
    if (this.#connection !== connection) return;
    // the policies take their time: what comes meanwhile waits
    connection.socket.pause();
    const rest = bytes.subarray(at);
    this.#early = this.#early === null ? rest : Buffer.concat([rest, this.#early]);
  }

  hooked(): void {
    const connection = this.#connection;
    if (connection === null || this.#step !== Step.hook) return;
    this.#core.tick();
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
    if (exchange.status === 101) return this.#openTunnel(bytes, at);
    this.#step = Step.relaying;
    if (reader.bodyBytes === 0) {
      exchange.beginResponse(head.hasLength && exchange.status !== 204 ? head.bodyBytes : NO_BODY);
    } else if (hasResponseBody(exchange.status)) {
      exchange.beginResponse(reader.bodyBytes > 0 ? reader.bodyBytes : UNKNOWN_LENGTH);
    } else {
      // a policy made a status of it that has no body
      exchange.beginResponse(NO_BODY);
      return this.#complete("", LastChunk.unsent, false);
    }
    this.#relay(bytes, at);
  }

  #relay(bytes: Buffer, at: number): void {
    const connection = this.#connection!;
    const exchange = this.#exchange;
    const { reader } = connection;
    let end = at;
    let more = true;
    let framed = false;
    if (!reader.bodyDone) {
      const before = reader.dataBytes;
      end = reader.readBody(bytes, at);
      if (end === REFUSED) {
        exchange.transport.flush();
        return this.#cut();
      }
      this.#record!.responseBytes += reader.dataBytes - before;
      framed = reader.bodyBytes === CHUNKED && exchange.passesChunks;
      const parts = framed ? reader.kept : reader.data;
      const buffer = this.#buffer;
      for (let i = 0; i < parts.length; i += 2) {
        more = buffer !== null
          ? buffer.add(bytes, parts[i]!, parts[i + 1]!)
          : framed
          ? exchange.transport.writeFramed(bytes, parts[i]!, parts[i + 1]!)
          : exchange.write(bytes, parts[i]!, parts[i + 1]!);
        if (this.#connection !== connection) return;
      }
    }
    if (reader.bodyDone) {
      const trailers = filterTrailers(reader.trailers, this.#settings.hideFields);
      const last = !framed ? LastChunk.unsent : reader.trailers === "" ? LastChunk.ended : LastChunk.sent;
      return this.#complete(trailers, last, end === bytes.length);
    }
    exchange.transport.flush();
    if (!more && this.#buffer === null && this.#limits !== null) {
      this.#framed = framed;
      // connections come before files when descriptors are short
      const limits = this.#core.mayConnect ? this.#limits : { ...this.#limits, fileBytes: 0 };
      this.#buffer = new ResponseBuffer(this, limits, true);
      more = true;
    }
    if (more) connection.setDeadline(this.#settings.readTimeoutMs);
    else {
      this.#clientBlocked = true;
      connection.clearDeadline();
      connection.socket.pause();
    }
  }

  /** The client (or the encoder before it) takes bytes again. */
  clientDrained(): void {
    if (this.#buffer !== null) return this.#buffer.drained();
    this.#readOn();
  }

  #readOn(): void {
    if (this.#tunnel !== null || !this.#clientBlocked) return;
    this.#clientBlocked = false;
    const connection = this.#connection;
    if (connection === null || this.#step !== Step.relaying) return;
    connection.setDeadline(this.#settings.readTimeoutMs);
    connection.socket.resume();
  }

  /** @param clean nothing came behind the response */
  #complete(trailers: string, lastChunk: number, clean: boolean): void {
    const connection = this.#connection!;
    const { reader, socket } = connection;
    this.#step = Step.finishing;
    connection.clearDeadline();
    this.#reusable = clean && reader.bodyDone && reader.head.keepAlive && reader.bodyBytes !== UNTIL_CLOSE &&
      this.#uploadDone && socket.writableLength === 0;
    this.#record!.responseMs = this.#core.nowMs - this.#startedMs;
    this.#observe("answered");
    const exchange = this.#exchange;
    const keeps = this.#buffer !== null && !this.#buffer.empty;
    if (keeps || (this.#limits !== null && exchange.bodyCoding !== null)) {
      // The client takes its time, the connection need not wait for it; but the exchange goes on with this head.
      this.#upload?.discard();
      reader.head = new ResponseHead();
      this.#letGo();
    }
    if (keeps) this.#ending = () => exchange.finish(trailers, lastChunk, this);
    else exchange.finish(trailers, lastChunk, this);
  }

  responseFinished(): void {
    this.#step = Step.over;
    this.#upload?.discard();
    this.#buffer?.discard();
    this.#letGo();
  }

  #letGo(): void {
    const connection = this.#connection;
    this.#connection = null;
    if (connection === null) return;
    if (this.#reusable) this.#core.pools.release(connection);
    else this.#core.pools.discard(connection);
  }

  // ---- from the buffer

  bufferWrite(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#framed) return this.#exchange.transport.writeFramed(bytes, start, end);
    return this.#exchange.write(bytes, start, end);
  }

  bufferFlush(): void {
    this.#exchange.transport.flush();
  }

  bufferRoom(): void {
    this.#core.tick();
    this.#readOn();
  }

  bufferEmpty(): void {
    const ending = this.#ending;
    if (ending === null) return;
    this.#core.tick();
    this.#ending = null;
    this.#buffer!.discard();
    ending();
  }

  bufferFileFailed(error: Error): void {
    this.#core.tellNoFile(error);
  }

  bufferFailed(error: unknown): void {
    this.crashed(error);
  }

  upstreamEnded(error: Error | null): void {
    this.#core.tick();
    switch (this.#step) {
      case Step.connecting:
        return this.#attemptFailed("upstream-refused", "error", error === null ? "closed at once" : error.message);
      case Step.waiting: {
        const what = this.#connection!.received ? "in its response head" : "without a response";
        const why = error === null ? "" : `: ${error.message}`;
        return this.#attemptFailed("upstream-closed", "error", `the upstream closed ${what}${why}`);
      }
      case Step.hook:
        // what has come is relayed first
        this.#earlyEnd = { error };
        return;
      case Step.relaying:
        if (error === null && this.#connection!.reader.endOfStream()) {
          return this.#complete("", LastChunk.unsent, false);
        }
        return this.#cut();
      case Step.finishing:
        this.#reusable = false;
    }
  }

  upstreamTimedOut(): void {
    this.#core.tick();
    switch (this.#step) {
      case Step.connecting:
        return this.#attemptFailed("upstream-connect-timeout", "timeout", "the connection was not made in time");
      case Step.waiting:
        return this.#attemptFailed("upstream-timeout", "timeout", "the upstream did not answer in time");
      case Step.relaying:
        return this.#cut();
    }
  }

  crashed(error: unknown): void {
    this.cancel();
    this.#exchange.internalError(error);
  }

  // ---- failures

  #attemptFailed(code: ProxyErrorCode, kind: FailureKind, message: string): void {
    const stale = this.#reused && !this.#connection!.received && kind === "error";
    const record = this.#record!;
    record.status = STATUS_OF[code];
    record.responseMs = this.#core.nowMs - this.#startedMs;
    this.#giveUpConnection();
    if (stale && this.#upload?.lost !== true && isRetriedMethod(this.#exchange.method)) {
      // it says nothing about the endpoint, so it does not count as an attempt
      this.#attempts.pop();
      return this.#attempt(this.#endpoint!, true);
    }
    // where the next endpoint must not be tried, this one is not tried later either
    this.#observe(this.#settings.retry[kind] && isOutOfReach(code) ? "unreachable" : "failed");
    const error = new ProxyError(code, "upstream", stale ? "if-reused" : "yes", `${message} (${record.address})`);
    if (!this.#settings.retry[kind] || !this.#mayRetry()) return this.#fail(error);
    const endpoint = this.#pick();
    if (endpoint === undefined) this.#fail(error);
    else this.#next(endpoint);
  }

  /** Apart from the condition: may the request be sent once more? */
  #mayRetry(): boolean {
    const { retry } = this.#settings;
    if (this.#upload?.lost === true) return false;
    if (retry.tries > 0 && this.#tried.length >= retry.tries) return false;
    if (retry.timeoutMs > 0 && this.#core.nowMs - this.#firstStartedMs >= retry.timeoutMs) return false;
    return !this.#requestSent || retry.nonIdempotent || isRetriedMethod(this.#exchange.method);
  }

  #observe(outcome: AttemptOutcome): void {
    this.#plan.observe?.(this.#endpoint!, outcome, this.#record!.responseMs);
  }

  #giveUpConnection(): void {
    const connection = this.#connection;
    this.#connection = null;
    this.#upload?.stop();
    if (connection !== null) this.#core.pools.discard(connection);
  }

  #fail(error: ProxyError): void {
    this.#step = Step.over;
    this.#upload?.discard();
    this.#exchange.fail(error);
  }

  /** The response breaks off; so it does for the client. */
  #cut(): void {
    this.#record!.responseMs = this.#core.nowMs - this.#startedMs;
    this.#observe("failed");
    const ending = (): void => {
      this.cancel();
      this.#exchange.cut();
    };
    if (this.#buffer === null || this.#buffer.empty) return ending();
    this.#step = Step.finishing;
    this.#giveUpConnection();
    this.#upload?.discard();
    this.#ending = ending;
  }

  /** Gives everything up: the client has gone, or the response cannot go on. */
  cancel(): void {
    if (this.#step === Step.over) return;
    this.#core.tick();
    this.#step = Step.over;
    const record = this.#record;
    if (record !== null && record.responseMs < 0) record.responseMs = this.#core.nowMs - this.#startedMs;
    this.#giveUpConnection();
    this.#upload?.discard();
    this.#ending = null;
    this.#buffer?.discard();
  }

  // ---- tunnels

  #openTunnel(bytes: Buffer, at: number): void {
    this.#step = Step.tunnel;
    this.#exchange.beginResponse(NO_BODY);
    this.#tunnel = new Tunnel(this.#exchange, this.#connection!, this.#settings.readTimeoutMs, this);
    this.#tunnel.start(bytes, at);
  }

  tunnelOver(): void {
    this.#core.tick();
    if (this.#step !== Step.tunnel) return;
    this.#step = Step.over;
    const connection = this.#connection!;
    const record = this.#record!;
    this.#connection = null;
    record.responseMs = this.#core.nowMs - this.#startedMs;
    record.responseBytes += this.#tunnel!.bytes;
    this.#core.pools.finish(connection);
    this.#observe("answered");
    this.#exchange.end();
    this.#exchange.transport.release();
  }
}

/** How much of a response is kept for a slow client, as the location and the upstream want it; `null`: nothing. */
function limitsOf(settings: ForwardSettings, head: ResponseHead): BufferLimits | null {
  const { responseBuffering } = settings;
  if (responseBuffering === undefined || responseBuffering === null) return null;
  const told = head.hasKnown(X_ACCEL_BUFFERING) ? head.get("x-accel-buffering")?.toLowerCase() : undefined;
  if (told === "yes") return responseBuffering;
  return told === "no" || !responseBuffering.enabled ? null : responseBuffering;
}

/** Does it speak against the endpoint, and not against one request. */
function isOutOfReach(code: ProxyErrorCode): boolean {
  return code === "upstream-refused" || code === "upstream-connect-timeout" || code === "upstream-timeout";
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
