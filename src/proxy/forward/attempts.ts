/**
 * The attempts to get one request answered: which endpoints were tried, what came of it, and whether there may be another
 * (proxy-next-upstream).
 *
 * @module
 */
import { isRetriedMethod, type UpstreamAttempt } from "../../http/mod.ts";
import { formatAuthority } from "../../net/mod.ts";
import { type ProxyErrorCode, STATUS_OF } from "../../proxy-error.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";
import type { AttemptOutcome, ForwardPlan } from "../contract.ts";

/** Conditions of proxy-next-upstream that an attempt can end on. */
export type FailureKind = "error" | "timeout" | "invalidHeader";

const NONE: readonly Endpoint[] = [];

/** All attempts of one request; the last one is the present one. */
export class Attempts {
  records!: UpstreamAttempt[];
  /** Endpoint of the present attempt; `null` before the first. */
  endpoint!: Endpoint | null;
  /** The present attempt; `null` before the first. */
  record!: UpstreamAttempt | null;
  /** The request, or a part of it, was written. */
  requestSent!: boolean;
  #plan!: ForwardPlan;
  #method!: string;
  /** Endpoints of all attempts; while there is only one, {@link Attempts.endpoint} stands for it. */
  #tried!: Endpoint[] | null;
  #count!: number;
  #startedMs!: number;
  #firstStartedMs!: number;

  constructor(plan: ForwardPlan, method: string) {
    this.take(plan, method);
  }

  /** Begins with a request, and forgets a former one. Its records stay with who has them. */
  take(plan: ForwardPlan, method: string): void {
    this.#plan = plan;
    this.#method = method;
    this.records = [];
    this.endpoint = null;
    this.record = null;
    this.requestSent = false;
    this.#tried = null;
    this.#count = 0;
    this.#startedMs = 0;
    this.#firstStartedMs = 0;
  }

  /** Chooses the endpoint of the next attempt; `undefined`: there is none left. */
  pick(): Endpoint | undefined {
    if (this.#count === 0) return this.#plan.pick(0, NONE);
    this.#tried ??= [this.endpoint!];
    return this.#plan.pick(this.#count, this.#tried);
  }

  begin(endpoint: Endpoint, nowMs: number): void {
    this.#tried?.push(endpoint);
    this.#count++;
    this.#start(endpoint, nowMs);
  }

  /**
   * Does the present attempt over: its connection had gone stale in the pool, which says nothing about the endpoint and so
   * does not count.
   */
  startOver(nowMs: number): void {
    this.records.pop();
    this.#start(this.endpoint!, nowMs);
  }

  #start(endpoint: Endpoint, nowMs: number): void {
    this.endpoint = endpoint;
    this.requestSent = false;
    this.#startedMs = nowMs;
    if (this.#firstStartedMs === 0) this.#firstStartedMs = nowMs;
    this.record = {
      address: addressOf(endpoint),
      pod: endpoint.pod,
      status: 0,
      responseMs: -1,
      connectMs: -1,
      headerMs: -1,
      responseBytes: 0,
    };
    this.records.push(this.record);
  }

  connected(nowMs: number): void {
    this.record!.connectMs = nowMs - this.#startedMs;
  }

  gotHead(status: number, nowMs: number): void {
    const record = this.record!;
    record.headerMs = nowMs - this.#startedMs;
    record.status = status;
  }

  /** The attempt is over; balancers are told how it went. */
  over(outcome: AttemptOutcome, nowMs: number): void {
    this.#end(nowMs);
    this.#observe(outcome);
  }

  /** What was not over is so now. */
  giveUp(nowMs: number): void {
    if (this.record !== null && this.record.responseMs < 0) this.#end(nowMs);
  }

  #end(nowMs: number): void {
    this.record!.responseMs = nowMs - this.#startedMs;
  }

  #observe(outcome: AttemptOutcome): void {
    this.#plan.observe?.(this.endpoint!, outcome, this.record!.responseMs);
  }

  /** The attempt is over without a response; unless it is done over, {@link Attempts.observeFailure} follows. */
  failed(code: ProxyErrorCode, nowMs: number): void {
    this.record!.status = STATUS_OF[code];
    this.#end(nowMs);
  }

  /** Is a response of that status one that proxy-next-upstream counts as a failure? */
  isFailure(status: number): boolean {
    const { statuses } = this.#plan.settings.retry;
    return statuses.length > 0 && statuses.includes(status);
  }

  /** Apart from the condition: may the request be sent once more? */
  mayRetry(nowMs: number): boolean {
    const { retry } = this.#plan.settings;
    if (retry.tries > 0 && this.#count >= retry.tries) return false;
    if (retry.timeoutMs > 0 && nowMs - this.#firstStartedMs >= retry.timeoutMs) return false;
    return !this.requestSent || retry.nonIdempotent || isRetriedMethod(this.#method);
  }

  /** Tells balancers of an attempt that failed. */
  observeFailure(code: ProxyErrorCode, kind: FailureKind): void {
    // where the next endpoint must not be tried, this one is not tried later either
    this.#observe(this.#plan.settings.retry[kind] && isOutOfReach(code) ? "unreachable" : "failed");
  }
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
