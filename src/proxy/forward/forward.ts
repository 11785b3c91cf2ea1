/**
 * One request on its way to an upstream and its response on the way back: attempts by the rules of proxy-next-upstream, and
 * a relay that lets the slower side set the pace.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { hasResponseBody, INCOMPLETE, isRetriedMethod, REFUSED, ResponseHead, UNTIL_CLOSE } from "../../http/mod.ts";
import { ProxyError, type ProxyErrorCode, type ProxyErrorSource, STATUS_OF } from "../../proxy-error.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";
import type { ForwardPlan, ForwardSettings } from "../contract.ts";
import type { WireCore } from "../exchange/core.ts";
import type { OpenExchange } from "../exchange/open-exchange.ts";
import { type FinishOwner, type HookWaiter, LastChunk, NO_BODY, UNKNOWN_LENGTH } from "../exchange/downstream.ts";
import type { UpstreamConnection, UpstreamOwner } from "../upstream/connection.ts";
import type { UpstreamPools } from "../upstream/pool.ts";
import { Attempts, type FailureKind } from "./attempts.ts";
import { connectionCause } from "./connection-cause.ts";
import { readFinalHead } from "./final-head.ts";
import { filterTrailers, type ForwardMasks, masksOf } from "./masks.ts";
import { checkTarget, formatRequest } from "./request-text.ts";
import { type RelayOwner, ResponseRelay } from "./response-relay.ts";
import { Step } from "./step.ts";
import { Tunnel, type TunnelOwner } from "./tunnel.ts";
import { Upload, type UploadOwner } from "./upload.ts";

/** Longest response head where the settings do not say. */
const DEFAULT_RESPONSE_HEAD_BYTES = 65536;

/** The way of one request. */
export class Forward implements UpstreamOwner, UploadOwner, TunnelOwner, HookWaiter, FinishOwner, RelayOwner {
  readonly #exchange: OpenExchange;
  readonly #core: WireCore;
  readonly #pools: UpstreamPools;
  readonly #plan: ForwardPlan;
  readonly #settings: ForwardSettings;
  readonly #masks: ForwardMasks;
  readonly #attempts: Attempts;
  #step: number = Step.buffering;
  #connection: UpstreamConnection | null = null;
  /** The connection was used before; a failure may only mean that it was stale. */
  #reused = false;
  /** `null`: the request has no body. */
  #upload: Upload | null = null;
  #tunnel: Tunnel | null = null;
  /** `null` until there is a head. */
  #relay: ResponseRelay | null = null;

  constructor(exchange: OpenExchange, core: WireCore, pools: UpstreamPools, plan: ForwardPlan) {
    this.#exchange = exchange;
    this.#core = core;
    this.#pools = pools;
    this.#plan = plan;
    this.#settings = plan.settings;
    this.#masks = masksOf(plan.settings);
    this.#attempts = new Attempts(plan, exchange.method);
    exchange.attempts = this.#attempts.records;
  }

  start(): void {
    // policies may have taken their time
    this.#core.tick();
    const { requestBodyBytes, target } = this.#exchange;
    checkTarget(this.#plan, target);
    if (requestBodyBytes === 0) return this.#next(this.#attempts.pick());
    const { maxBodyBytes } = this.#settings;
    if (maxBodyBytes > 0 && requestBodyBytes > maxBodyBytes) return this.uploadTooLarge();
    this.#upload = new Upload(this.#exchange, this.#settings, this);
    this.#upload.start();
  }

  // ---- attempts

  #next(endpoint: Endpoint | undefined): void {
    if (endpoint === undefined) {
      return this.#fail("upstream-none", "upstream", "there is no endpoint to send the request to");
    }
    this.#attempts.begin(endpoint, this.#core.nowMs);
    this.#attempt(endpoint, false);
  }

  #attempt(endpoint: Endpoint, fresh: boolean): void {
    const pools = this.#pools;
    const tls = this.#settings.tls ?? null;
    const pooled = fresh ? null : pools.take(endpoint, tls, this);
    this.#reused = pooled !== null;
    if (pooled !== null) {
      this.#connection = pooled;
      this.#attempts.record!.connectMs = 0;
      return this.#send();
    }
    this.#step = Step.connecting;
    this.#upload?.hold();
    if (!this.#core.mayConnect && !pools.dropOldestIdle()) {
      this.#core.tellFull();
      this.#attempts.record!.status = STATUS_OF["upstream-refused"];
      return this.#fail("upstream-refused", "internal", "too many files are open");
    }
    this.#connection = pools.connect(endpoint, tls, this);
    this.#connection.setDeadline(this.#settings.connectTimeoutMs);
  }

  upstreamConnected(): void {
    this.#core.tick();
    if (this.#step !== Step.connecting) return;
    this.#attempts.connected(this.#core.nowMs);
    this.#send();
  }

  #send(): void {
    this.#step = Step.waiting;
    this.#attempts.requestSent = true;
    const { socket } = this.#connection!;
    const keeps = this.#pools.keepsConnections;
    const head = formatRequest(this.#exchange, this.#plan, this.#masks.request, keeps, this.#upload);
    if (this.#upload === null) this.uploadWrote(socket.write(head, "latin1"));
    else this.#upload.send(socket, head);
  }

  // ---- the request's body

  uploadReady(): void {
    if (this.#step === Step.buffering) this.#next(this.#attempts.pick());
  }

  uploadWrote(more: boolean): void {
    const connection = this.#connection;
    if (connection === null) return;
    if (!more) connection.awaitEndpoint(this.#settings.sendTimeoutMs);
    else if (this.#upload === null || this.#upload.done || this.#step > Step.waiting) {
      connection.setDeadline(this.#settings.readTimeoutMs);
    } // the client's own deadline holds while its body is awaited
    else connection.clearDeadline();
  }

  uploadTooLarge(): void {
    this.#giveUpConnection();
    this.#exchange.closeAfter = true;
    this.#fail("downstream-body-too-large", "downstream", "the body is larger than proxy-body-size allows");
  }

  uploadFailed(error: Error): void {
    this.#giveUpConnection();
    this.#exchange.closeAfter = true;
    this.#core.tellNoSpool(error);
    this.#fail("internal", "internal", "the body of the request cannot be kept");
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
        return this.#relay!.hold(bytes);
      case Step.relaying:
        return this.#relay!.relay(bytes, 0);
      case Step.finishing:
        this.#connection!.reusable = false;
        return;
      default:
        return this.#attemptFailed("upstream-malformed", "invalidHeader", "the upstream spoke before it was asked");
    }
  }

  #readHead(bytes: Buffer): void {
    const { reader } = this.#connection!;
    const { interims } = reader;
    const maxBytes = this.#settings.maxResponseHeadBytes ?? DEFAULT_RESPONSE_HEAD_BYTES;
    const end = readFinalHead(reader, bytes, this.#exchange, maxBytes, this.#masks.response);
    if (end === REFUSED) return this.#attemptFailed("upstream-malformed", "invalidHeader", reader.error!.message);
    if (end !== INCOMPLETE) return this.#gotHead(bytes, end);
    // as in nginx the head has to be there in time; only an interim response gives it more
    if (reader.interims > interims && this.#uploadDone) this.#connection!.setDeadline(this.#settings.readTimeoutMs);
  }

  get #uploadDone(): boolean {
    return this.#upload === null || this.#upload.done;
  }

  #gotHead(bytes: Buffer, at: number): void {
    const exchange = this.#exchange;
    const connection = this.#connection!;
    const { head } = connection.reader;
    this.#attempts.gotHead(head.status, this.#core.nowMs);
    if (head.status === 101 && (!exchange.request.upgrade || head.minorVersion === 0)) {
      return this.#attemptFailed("upstream-malformed", "invalidHeader", "the upstream upgraded without being asked");
    }
    const next = this.#attempts.isFailure(head.status) && this.#mayRetry() ? this.#attempts.pick() : undefined;
    if (next !== undefined) {
      this.#attempts.over("failed", this.#core.nowMs);
      this.#giveUpConnection();
      return this.#next(next);
    }
    this.#relay = new ResponseRelay(exchange, this.#core, this.#settings, connection, this.#attempts.record!, this);
    head.dropMask(head.status === 101 || head.status === 426 ? this.#masks.upgrade : this.#masks.response);
    exchange.status = head.status;
    exchange.response = head;
    this.#step = Step.hook;
    connection.clearDeadline();
    if (exchange.runHook(this)) return this.#begin(bytes, at);
    if (this.#connection !== connection) return;
    // the policies take their time: what comes meanwhile waits
    connection.socket.pause();
    this.#relay.hold(bytes.subarray(at));
  }

  hooked(): void {
    const connection = this.#connection;
    if (connection === null || this.#step !== Step.hook) return;
    this.#core.tick();
    const relay = this.#relay!;
    // before anything else: a complete response gives the connection back to its pool, where it must not be paused
    if (relay.heldEnd === null) connection.socket.resume();
    this.#begin(relay.takeHeld(), 0);
    if (this.#connection === connection && relay.heldEnd !== null) this.upstreamEnded(relay.heldEnd.error);
  }

  #begin(bytes: Buffer, at: number): void {
    const exchange = this.#exchange;
    const { bodyBytes, head } = this.#connection!.reader;
    if (exchange.status === 101) return this.#openTunnel(bytes, at);
    this.#step = Step.relaying;
    if (bodyBytes === 0) {
      exchange.beginResponse(head.hasLength && exchange.status !== 204 ? head.bodyBytes : NO_BODY);
    } else if (hasResponseBody(exchange.status)) {
      exchange.beginResponse(bodyBytes > 0 ? bodyBytes : UNKNOWN_LENGTH);
    } else {
      // a policy made a status of it that has no body
      exchange.beginResponse(NO_BODY);
      return this.relayComplete(LastChunk.unsent, false);
    }
    this.#relay!.relay(bytes, at);
  }

  clientDrained(): void {
    this.#relay?.clientDrained();
  }

  relayComplete(lastChunk: number, clean: boolean): void {
    const connection = this.#connection!;
    const { reader, socket } = connection;
    const relay = this.#relay!;
    const trailers = filterTrailers(reader.trailers, this.#settings.hideFields);
    this.#step = Step.finishing;
    connection.clearDeadline();
    connection.reusable = clean && reader.bodyDone && reader.head.keepAlive && reader.bodyBytes !== UNTIL_CLOSE &&
      this.#uploadDone && socket.writableLength === 0;
    this.#attempts.over("answered", this.#core.nowMs);
    const exchange = this.#exchange;
    const { keeps } = relay;
    if (keeps || (relay.limits !== null && exchange.bodyCoding !== null)) {
      // The client takes its time, the connection need not wait for it; but the exchange goes on with this head.
      this.#upload?.discard();
      reader.head = new ResponseHead();
      this.#letGo();
    }
    if (keeps) relay.endWith(() => exchange.finish(trailers, lastChunk, this));
    else exchange.finish(trailers, lastChunk, this);
  }

  responseFinished(): void {
    this.#step = Step.over;
    this.#upload?.discard();
    this.#relay?.discard();
    this.#letGo();
  }

  #letGo(): void {
    const connection = this.#connection;
    this.#connection = null;
    this.#relay?.detach();
    if (connection !== null) this.#pools.giveBack(connection);
  }

  upstreamEnded(error: Error | null): void {
    this.#core.tick();
    switch (this.#step) {
      case Step.connecting:
        return this.#attemptFailed("upstream-refused", "error", connectionCause(error));
      case Step.waiting: {
        const what = this.#connection!.received ? "in its response head" : "without a response";
        const why = error === null ? "" : `: ${connectionCause(error)}`;
        return this.#attemptFailed("upstream-closed", "error", `the upstream closed ${what}${why}`);
      }
      case Step.hook:
        // what has come is relayed first
        this.#relay!.heldEnd = { error };
        return;
      case Step.relaying:
        if (error === null && this.#connection!.reader.endOfStream()) {
          return this.relayComplete(LastChunk.unsent, false);
        }
        return this.relayCut("upstream-closed", `the upstream broke off its response: ${connectionCause(error)}`);
      case Step.finishing:
        this.#connection!.reusable = false;
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
        return this.relayCut("upstream-timeout", "the upstream did not go on with its response in time");
    }
  }

  crashed(error: unknown): void {
    this.cancel();
    this.#exchange.internalError(error);
  }

  // ---- failures

  #attemptFailed(code: ProxyErrorCode, kind: FailureKind, message: string): void {
    const stale = this.#reused && !this.#connection!.received && kind === "error";
    const attempts = this.#attempts;
    attempts.failed(code, this.#core.nowMs);
    this.#giveUpConnection();
    if (stale && this.#upload?.lost !== true && isRetriedMethod(this.#exchange.method)) {
      attempts.startOver(this.#core.nowMs);
      return this.#attempt(attempts.endpoint!, true);
    }
    attempts.observeFailure(code, kind);
    const next = this.#settings.retry[kind] && this.#mayRetry() ? attempts.pick() : undefined;
    if (next === undefined) return this.#fail(code, "upstream", message);
    this.#exchange.attemptFailed(new ProxyError(code, "upstream", "yes", message));
    this.#next(next);
  }

  #mayRetry(): boolean {
    return this.#upload?.lost !== true && this.#attempts.mayRetry(this.#core.nowMs);
  }

  #giveUpConnection(): void {
    this.#upload?.stop();
    if (this.#connection !== null) this.#connection.reusable = false;
    this.#letGo();
  }

  #fail(code: ProxyErrorCode, source: ProxyErrorSource, message: string): void {
    this.#step = Step.over;
    this.#upload?.discard();
    this.#exchange.fail(new ProxyError(code, source, "no", message));
  }

  /** The response breaks off; so it does for the client. */
  relayCut(code: ProxyErrorCode, message: string): void {
    this.#attempts.over("failed", this.#core.nowMs);
    this.#exchange.attemptFailed(new ProxyError(code, "upstream", "no", message));
    const relay = this.#relay!;
    const ending = (): void => {
      this.cancel();
      this.#exchange.cut();
    };
    if (!relay.keeps) return ending();
    this.#step = Step.finishing;
    this.#giveUpConnection();
    this.#upload?.discard();
    relay.endWith(ending);
  }

  /** Gives everything up: the client has gone, or the response cannot go on. */
  cancel(): void {
    if (this.#step === Step.over) return;
    this.#core.tick();
    this.#step = Step.over;
    this.#attempts.giveUp(this.#core.nowMs);
    this.#giveUpConnection();
    this.#upload?.discard();
    this.#relay?.discard();
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
    this.#connection = null;
    this.#attempts.record!.responseBytes += this.#tunnel!.bytes;
    this.#pools.finish(connection);
    this.#attempts.over("answered", this.#core.nowMs);
    this.#exchange.end();
    this.#exchange.downstream.release();
  }
}
