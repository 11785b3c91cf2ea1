/**
 * The attempts of one request: the endpoints tried, their outcomes, and whether another attempt is allowed
 * (proxy-next-upstream).
 *
 * @module
 */
import { isRetriedMethod, type UpstreamAttempt } from "../../http/mod.ts";
import { formatAuthority } from "../../net/mod.ts";
import { type ProxyErrorCode, STATUS_OF } from "../../proxy-error.ts";
import type { Endpoint } from "../../snapshot/snapshot.ts";
import type { AttemptOutcome, ForwardPlan } from "../contract.ts";

/** Conditions of proxy-next-upstream by which an attempt can fail. */
export type FailureKind = "error" | "timeout" | "invalidHeader";

const NONE: readonly Endpoint[] = [];

/** Attempts of one request; the last one is the current one. */
export class Attempts {
  records!: UpstreamAttempt[];
  /** Endpoint of the current attempt; `null` before the first. */
  endpoint!: Endpoint | null;
  /** Record of the current attempt; `null` before the first. */
  record!: UpstreamAttempt | null;
  /** The request, or a part of it, has been written. */
  requestSent!: boolean;
  #plan!: ForwardPlan;
  #method!: string;
  /** Endpoints of all attempts; `null` while {@link Attempts.endpoint} is the only one. */
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

  /** Picks the endpoint of the next attempt; `undefined` when none is left. */
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
   * Repeats the current attempt: its pooled connection was stale, which says nothing about the endpoint and does not
   * count.
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

  /** Ends the attempt, and reports its outcome to the balancer. */
  over(outcome: AttemptOutcome, nowMs: number): void {
    this.#end(nowMs);
    this.#observe(outcome);
  }

  /** Ends the attempt if it is not over. */
  giveUp(nowMs: number): void {
    if (this.record !== null && this.record.responseMs < 0) this.#end(nowMs);
  }

  #end(nowMs: number): void {
    this.record!.responseMs = nowMs - this.#startedMs;
  }

  #observe(outcome: AttemptOutcome): void {
    this.#plan.observe?.(this.endpoint!, outcome, this.record!.responseMs);
  }

  /** Ends the attempt without a response; {@link Attempts.observeFailure} follows unless it is repeated. */
  failed(code: ProxyErrorCode, nowMs: number): void {
    this.record!.status = STATUS_OF[code];
    this.#end(nowMs);
  }

  /** True when proxy-next-upstream counts a response with this status as a failure. */
  isFailure(status: number): boolean {
    const { statuses } = this.#plan.settings.retry;
    return statuses.length > 0 && statuses.includes(status);
  }

  /** True when the request may be sent again, apart from the condition. */
  mayRetry(nowMs: number): boolean {
    const { retry } = this.#plan.settings;
    if (retry.tries > 0 && this.#count >= retry.tries) return false;
    if (retry.timeoutMs > 0 && nowMs - this.#firstStartedMs >= retry.timeoutMs) return false;
    return !this.requestSent || retry.nonIdempotent || isRetriedMethod(this.#method);
  }

  /** Reports a failed attempt to the balancer. */
  observeFailure(code: ProxyErrorCode, kind: FailureKind): void {
    // where proxy-next-upstream does not name the condition, it does not eject the endpoint either
    this.#observe(this.#plan.settings.retry[kind] && isOutOfReach(code) ? "unreachable" : "failed");
  }
}

/** True when the code is about the endpoint, and not about one request. */
function isOutOfReach(code: ProxyErrorCode): boolean {
  return code === "upstream-refused" || code === "upstream-connect-timeout" || code === "upstream-timeout";
}

/** `ip:port` of each endpoint object, made once. */
const addresses = new WeakMap<Endpoint, string>();

function addressOf(endpoint: Endpoint): string {
  let address = addresses.get(endpoint);
  if (address === undefined) {
    address = formatAuthority(endpoint.address, endpoint.port);
    addresses.set(endpoint, address);
  }
  return address;
}
