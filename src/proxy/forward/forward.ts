/**
 * Forwards one request to an upstream, and its response to the client: attempts by the rules of proxy-next-upstream,
 * and a relay at the speed of the slower side.
 *
 * @module
 */
import { hasResponseBody, isRetriedMethod, type ResponseHead } from "../../http/mod.ts";
import { ProxyError, type ProxyErrorCode, type ProxyErrorSource, STATUS_OF } from "../../proxy-error.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";
import type { ForwardPlan, ForwardSettings } from "../contract.ts";
import {
  filterTrailers,
  type FinishOwner,
  type Forwarding,
  type ForwardMasks,
  type HookWaiter,
  LastChunk,
  type LeaseOwner,
  masksOf,
  NO_BODY,
  type OpenExchange,
  UNKNOWN_LENGTH,
  type UpstreamLease,
  type UpstreamSource,
  type WireCore,
} from "../exchange/mod.ts";
import { Attempts, type FailureKind } from "./attempts.ts";
import { connectionCause } from "./connection-cause.ts";
import { type RelayOwner, ResponseRelay } from "./response-relay.ts";
import { Step } from "./step.ts";
import { Tunnel, type TunnelOwner } from "./tunnel.ts";
import { Upload, type UploadOwner } from "./upload.ts";

/** Characters of a request-target; one char a byte. */
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;

/** Forwards one request. */
export class Forward implements Forwarding, LeaseOwner, UploadOwner, TunnelOwner, HookWaiter, FinishOwner, RelayOwner {
  readonly #exchange: OpenExchange;
  readonly #core: WireCore;
  #source: UpstreamSource;
  readonly #attempts: Attempts;
  #plan!: ForwardPlan;
  #settings!: ForwardSettings;
  #masks!: ForwardMasks;
  #step!: number;
  #lease!: UpstreamLease | null;
  /** The connection was used before, so a failure may only mean that it was stale. */
  #reused!: boolean;
  /** Upload of the body; `null`: the request has none. */
  #upload!: Upload | null;
  /** The head has been passed on in the current event. */
  #justBegun!: boolean;
  #tunnel!: Tunnel | null;
  /** Relay of the response; `null` before its head. */
  #relay!: ResponseRelay | null;
  #spareRelay: ResponseRelay | null = null;

  constructor(exchange: OpenExchange, core: WireCore, source: UpstreamSource, plan: ForwardPlan) {
    this.#exchange = exchange;
    this.#core = core;
    this.#source = source;
    this.#attempts = new Attempts(plan, exchange.method);
    this.#begins(plan);
  }

  /** Begins anew, with another request of the exchange; the former one has been answered to its end. */
  take(plan: ForwardPlan, source: UpstreamSource): void {
    this.#source = source;
    this.#attempts.take(plan, this.#exchange.method);
    this.#begins(plan);
  }

  #begins(plan: ForwardPlan): void {
    this.#plan = plan;
    this.#settings = plan.settings;
    this.#masks = masksOf(plan.settings);
    this.#step = Step.buffering;
    this.#lease = null;
    this.#reused = false;
    this.#upload = null;
    this.#justBegun = false;
    this.#tunnel = null;
    this.#relay = null;
    this.#exchange.attempts = this.#attempts.records;
  }

  start(): void {
    // policies may have delayed the request
    this.#core.tick();
    const { downstream, requestBodyBytes, target } = this.#exchange;
    checkTarget(this.#plan, target);
    // an HTTP/2 request without Content-Length may have a body
    if (requestBodyBytes === 0 && downstream.requestComplete) return this.#next(this.#attempts.pick());
    const { maxBodyBytes } = this.#settings;
    if (maxBodyBytes > 0 && requestBodyBytes > maxBodyBytes) return this.uploadTooLarge();
    // files may tell of it later
    this.#exchange.keep();
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
    const source = this.#source;
    const tls = this.#settings.tls ?? null;
    const pooled = fresh ? null : source.take(endpoint, tls, this);
    this.#reused = pooled !== null;
    if (pooled !== null) {
      this.#lease = pooled;
      this.#attempts.record!.connectMs = 0;
      return this.#send();
    }
    this.#step = Step.connecting;
    this.#upload?.hold();
    if (!this.#core.mayConnect && !source.dropOldestIdle()) {
      this.#core.tellFull();
      this.#attempts.record!.status = STATUS_OF["upstream-refused"];
      return this.#fail("upstream-refused", "internal", "too many files are open");
    }
    this.#lease = source.connect(endpoint, tls, this);
    this.#lease.setDeadline(this.#settings.connectTimeoutMs);
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
    const lease = this.#lease!;
    if (this.#upload === null) this.uploadWrote(lease.send(this.#exchange, this.#plan, NO_BODY, null));
    else this.#upload.send(lease, this.#plan);
  }

  // ---- the request's body

  uploadReady(): void {
    if (this.#step === Step.buffering) this.#next(this.#attempts.pick());
  }

  uploadWrote(more: boolean): void {
    const lease = this.#lease;
    if (lease === null) return;
    if (!more) lease.awaitEndpoint(this.#settings.sendTimeoutMs);
    else if (this.#upload === null || this.#upload.done || this.#step > Step.waiting) {
      lease.setDeadline(this.#settings.readTimeoutMs);
    } // the client's deadline applies while its body is awaited
    else lease.clearDeadline();
  }

  uploadTooLarge(): void {
    this.#abandon();
    this.#exchange.closeAfter = true;
    this.#fail("downstream-body-too-large", "downstream", "the body is larger than proxy-body-size allows");
  }

  uploadFailed(error: Error): void {
    this.#abandon();
    this.#exchange.closeAfter = true;
    this.#core.tellNoSpool(error);
    this.#fail("internal", "internal", "the body of the request cannot be kept");
  }

  upstreamDrained(): void {
    this.uploadWrote(true);
    this.#upload?.drained();
  }

  // ---- the response

  upstreamInterim(head: ResponseHead): void {
    this.#core.tick();
    // the downstream itself sends 100 to the client
    if (head.status !== 100) {
      head.drop("content-length");
      this.#exchange.downstream.sendInterim(head.status, head.format(this.#masks.response));
    }
    // as in nginx, the head must arrive within the timeout; only an interim response restarts it
    if (this.#uploadDone) this.#lease?.setDeadline(this.#settings.readTimeoutMs);
  }

  get #uploadDone(): boolean {
    return this.#upload === null || this.#upload.done;
  }

  upstreamHead(): boolean {
    this.#core.tick();
    const exchange = this.#exchange;
    const lease = this.#lease!;
    const { head } = lease;
    this.#attempts.gotHead(head.status, this.#core.nowMs);
    if (head.status === 101 && (!exchange.request.upgrade || head.minorVersion === 0)) {
      this.#attemptFailed("upstream-malformed", "invalidHeader", "the upstream upgraded without being asked");
      return true;
    }
    const next = this.#attempts.isFailure(head.status) && this.#mayRetry() ? this.#attempts.pick() : undefined;
    if (next !== undefined) {
      this.#attempts.over("failed", this.#core.nowMs);
      this.#abandon();
      this.#next(next);
      return true;
    }
    this.#relay = this.#spareRelay ??= new ResponseRelay(exchange, this.#core, this);
    this.#relay.take(this.#settings, lease, this.#attempts.record!);
    head.dropMask(head.status === 101 || head.status === 426 ? this.#masks.upgrade : this.#masks.response);
    exchange.status = head.status;
    exchange.response = head;
    this.#step = Step.hook;
    lease.clearDeadline();
    // bytes that come while policies handle the head wait
    if (!exchange.runHook(this)) return false;
    this.#justBegun = true;
    this.#begin();
    return true;
  }

  hooked(): void {
    const lease = this.#lease;
    if (lease === null || this.#step !== Step.hook) return;
    this.#core.tick();
    this.#begin();
    if (this.#lease === lease) lease.resume();
  }

  #begin(): void {
    const exchange = this.#exchange;
    const { bodyBytes, head } = this.#lease!;
    if (exchange.status === 101) return this.#openTunnel();
    this.#step = Step.relaying;
    if (bodyBytes === 0) {
      exchange.beginResponse(head.hasLength && exchange.status !== 204 ? head.bodyBytes : NO_BODY);
    } else if (hasResponseBody(exchange.status)) {
      exchange.beginResponse(bodyBytes > 0 ? bodyBytes : UNKNOWN_LENGTH);
      this.#relay!.begin();
    } else {
      // a policy has set a status without a body
      exchange.beginResponse(NO_BODY);
      this.#abandon();
      this.#complete("", LastChunk.unsent);
    }
  }

  upstreamData(bytes: Uint8Array, start: number, end: number): void {
    this.#relay!.data(bytes, start, end);
  }

  upstreamFlush(): void {
    this.#core.tick();
    this.#justBegun = false;
    this.#relay!.flush();
  }

  upstreamComplete(trailers: string, lastChunk: number): void {
    // a short response comes in one piece, so no time has passed since its head
    if (!this.#justBegun) this.#core.tick();
    this.#lease!.clearDeadline();
    this.#relay!.complete();
    this.#complete(filterTrailers(trailers, this.#settings.hideFields), lastChunk);
  }

  clientDrained(): void {
    this.#relay?.clientDrained();
  }

  #complete(trailers: string, lastChunk: number): void {
    this.#step = Step.finishing;
    this.#attempts.over("answered", this.#core.nowMs);
    const exchange = this.#exchange;
    const relay = this.#relay!;
    const { keeps } = relay;
    if (keeps || (relay.limits !== null && exchange.bodyCoding !== null)) {
      // A slow client need not keep the connection; the exchange goes on with this head.
      this.#upload?.discard();
      this.#letGo(true);
    }
    if (keeps) this.#finishLater(relay, trailers, lastChunk);
    else exchange.finish(trailers, lastChunk, this);
  }

  /** When the client has taken what is kept for it. */
  #finishLater(relay: ResponseRelay, trailers: string, lastChunk: number): void {
    relay.endWith(() => this.#exchange.finish(trailers, lastChunk, this));
  }

  responseFinished(): void {
    this.#step = Step.over;
    this.#upload?.discard();
    this.#relay?.discard();
    this.#letGo(false);
  }

  #letGo(keepsHead: boolean): void {
    const lease = this.#lease;
    this.#lease = null;
    this.#relay?.detach();
    lease?.release(keepsHead);
  }

  upstreamEnded(error: Error | null): void {
    this.#core.tick();
    switch (this.#step) {
      case Step.connecting:
        return this.#attemptFailed("upstream-refused", "error", connectionCause(error));
      case Step.waiting: {
        const what = this.#lease!.received ? "in its response head" : "without a response";
        const why = error === null ? "" : `: ${connectionCause(error)}`;
        return this.#attemptFailed("upstream-closed", "error", `the upstream closed ${what}${why}`);
      }
      case Step.relaying:
        return this.#cut("upstream-closed", `the upstream broke off its response: ${connectionCause(error)}`);
    }
  }

  upstreamMalformed(message: string): void {
    this.#core.tick();
    if (this.#step !== Step.relaying) return this.#attemptFailed("upstream-malformed", "invalidHeader", message);
    this.#exchange.downstream.flush();
    this.#cut("upstream-malformed", message);
  }

  upstreamTimedOut(): void {
    this.#core.tick();
    switch (this.#step) {
      case Step.connecting:
        return this.#attemptFailed("upstream-connect-timeout", "timeout", "the connection was not made in time");
      case Step.waiting:
        return this.#attemptFailed("upstream-timeout", "timeout", "the upstream did not answer in time");
      case Step.relaying:
        return this.#cut("upstream-timeout", "the upstream did not go on with its response in time");
    }
  }

  crashed(error: unknown): void {
    this.cancel();
    this.#exchange.internalError(error);
  }

  // ---- failures

  #attemptFailed(code: ProxyErrorCode, kind: FailureKind, message: string): void {
    const stale = this.#reused && !this.#lease!.received && kind === "error";
    const attempts = this.#attempts;
    attempts.failed(code, this.#core.nowMs);
    this.#abandon();
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

  #abandon(): void {
    this.#exchange.keep();
    this.#upload?.stop();
    const lease = this.#lease;
    this.#lease = null;
    this.#relay?.detach();
    lease?.abandon();
  }

  #fail(code: ProxyErrorCode, source: ProxyErrorSource, message: string): void {
    this.#step = Step.over;
    this.#upload?.discard();
    this.#exchange.fail(new ProxyError(code, source, "no", message));
  }

  /** The upstream's response broke off, so the client's response is cut. */
  #cut(code: ProxyErrorCode, message: string): void {
    this.#attempts.over("failed", this.#core.nowMs);
    this.#exchange.attemptFailed(new ProxyError(code, "upstream", "no", message));
    const relay = this.#relay!;
    const ending = (): void => {
      this.cancel();
      this.#exchange.cut();
    };
    if (!relay.keeps) return ending();
    this.#step = Step.finishing;
    this.#abandon();
    this.#upload?.discard();
    relay.endWith(ending);
  }

  /** Cancels the request: the client has gone, or the response cannot go on. */
  cancel(): void {
    if (this.#step === Step.over) return;
    this.#core.tick();
    this.#step = Step.over;
    this.#attempts.giveUp(this.#core.nowMs);
    this.#abandon();
    this.#upload?.discard();
    this.#relay?.discard();
  }

  // ---- tunnels

  #openTunnel(): void {
    this.#step = Step.tunnel;
    this.#exchange.beginResponse(NO_BODY);
    this.#tunnel = new Tunnel(this.#exchange, this.#lease!, this.#settings.readTimeoutMs, this);
    this.#tunnel.start();
  }

  tunnelOver(): void {
    this.#core.tick();
    if (this.#step !== Step.tunnel) return;
    this.#step = Step.over;
    const lease = this.#lease!;
    this.#lease = null;
    this.#attempts.record!.responseBytes += this.#tunnel!.bytes;
    lease.finish();
    this.#attempts.over("answered", this.#core.nowMs);
    this.#exchange.end();
    this.#exchange.downstream.release();
  }
}

/** Throws when the target of the plan, which a rewrite may have made, cannot stand in a request line. */
function checkTarget(plan: ForwardPlan, received: string): void {
  if (plan.target !== received && !TARGET.test(plan.target)) {
    throw new RangeError(`forward to ${JSON.stringify(plan.target)}: the target cannot be sent`);
  }
}
