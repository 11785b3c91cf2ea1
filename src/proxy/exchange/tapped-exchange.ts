/**
 * An exchange whose response middleware handles before the client gets any of it. Without a read, the body goes from
 * socket to socket. When middleware reads it, it gets the body, and the client gets what the middleware makes of it.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type { Answer, BodyCoding, BodyTransform, Fields, RequestHead, UpstreamAttempt } from "../../http/mod.ts";
import { hasResponseBody } from "../../http/mod.ts";
import type { ProxyError } from "../../proxy-error.ts";
import type { KnownResponse, ResponseTap } from "../contract.ts";
import type { Downstream, FinishOwner, HookWaiter } from "./downstream.ts";
import type { Forwarding } from "./forwarder.ts";
import type { OpenExchange } from "./open-exchange.ts";
import { answerBody, answerFields, closesConnection } from "./own-answer.ts";

/** The exchange below a {@link TappedExchange}. */
export interface TappableExchange extends OpenExchange {
  readonly over: boolean;
  /** What to answer to a failure; `null`: the exchange has ended on an error of our own. */
  failureAnswer(error: ProxyError): Answer | null;
}

/** What has become of the response. */
type State =
  /** There is no head yet. */
  | "awaited"
  /** The tap has the head, the body waits. */
  | "known"
  /** It goes to the client. */
  | "passed"
  /** The tap reads the body. */
  | "read"
  /** An answer in its place, or nothing more to come. */
  | "over";

/** Stands between the forwarder and the exchange. */
export class TappedExchange implements OpenExchange, KnownResponse {
  body: KnownResponse["body"] = null;
  readonly #exchange: TappableExchange;
  readonly #tap: ResponseTap;
  readonly #downstream: Downstream;
  #state: State = "awaited";
  #waiter: HookWaiter | null = null;
  #forwarding: Forwarding | null = null;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;

  /** @param downstream that of the exchange, or one that gives the body of the request once more */
  constructor(exchange: TappableExchange, downstream: Downstream, tap: ResponseTap) {
    this.#exchange = exchange;
    this.#downstream = downstream;
    this.#tap = tap;
  }

  attach(forwarding: Forwarding): void {
    this.#forwarding = forwarding;
  }

  /** The body goes, or has gone, to the tap. */
  get isRead(): boolean {
    return this.#controller !== null && this.#state !== "known" && this.#state !== "passed";
  }

  /** The exchange is over, whatever is still on its way from the upstream. */
  stop(): void {
    if (this.#state === "over") return;
    const before = this.#state;
    this.#state = "over";
    if (before === "passed") return;
    this.#forwarding?.cancel();
    this.#breakOff(new TypeError("the exchange is over"));
  }

  #breakOff(error: unknown): void {
    try {
      this.#controller?.error(error);
    } catch {
      // it was closed
    }
  }

  // ---- for the tap

  get untouched(): boolean {
    return this.#state === "known";
  }

  pass(): void {
    if (this.#state !== "known") throw new TypeError("pass a response on: it is not waiting");
    this.#state = "passed";
    const waiter = this.#waiter!;
    if (this.#exchange.runHook(waiter)) waiter.hooked();
  }

  #pull(): void {
    if (this.#state === "known") {
      this.#state = "read";
      this.#waiter!.hooked();
    } else if (this.#state === "read") this.#forwarding!.clientDrained();
  }

  // ---- for the forwarder

  keep(): void {
    this.#exchange.keep();
  }

  runHook(waiter: HookWaiter): boolean {
    const { method, status } = this.#exchange;
    if (this.#state !== "awaited") return false;
    this.#state = "known";
    this.#waiter = waiter;
    if (method !== "HEAD" && status !== 101 && hasResponseBody(status)) {
      this.body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: () => {
          if (this.#state === "known" || this.#state === "read") {
            this.#state = "over";
            this.#forwarding!.cancel();
          }
        },
      }, { highWaterMark: 0 });
    }
    this.#tap.responseKnown(this);
    return false;
  }

  fail(error: ProxyError): void {
    if (this.#state !== "awaited") {
      if (this.#state === "passed") this.#exchange.fail(error);
      else this.#breakOff(error);
      return;
    }
    const answer = this.#exchange.failureAnswer(error);
    if (answer === null) return;
    this.#state = "over";
    const exchange = this.#exchange;
    exchange.status = answer.status;
    exchange.response = answerFields(answer);
    if (closesConnection(answer)) exchange.closeAfter = true;
    this.body = hasResponseBody(answer.status) ? answerBody(answer) : null;
    this.#tap.responseKnown(this);
  }

  beginResponse(bodyBytes: number): void {
    if (this.#state === "passed") this.#exchange.beginResponse(bodyBytes);
  }

  get passesChunks(): boolean {
    return this.#state === "passed" && this.#exchange.passesChunks;
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#state === "passed") return this.#exchange.write(bytes, start, end);
    if (this.#state !== "read" || start === end) return true;
    const controller = this.#controller!;
    // the buffer is used again
    controller.enqueue(Uint8Array.prototype.slice.call(bytes as Buffer, start, end));
    return (controller.desiredSize ?? 0) > 0;
  }

  finish(trailers?: string, lastChunk?: number, owner?: FinishOwner | null): void {
    if (this.#state === "passed") return this.#exchange.finish(trailers, lastChunk, owner);
    if (this.#state === "read") {
      this.#state = "over";
      this.#controller!.close();
    }
    owner?.responseFinished();
  }

  cut(): void {
    if (this.#state === "passed") return this.#exchange.cut();
    this.#state = "over";
    this.#breakOff(new TypeError("the upstream broke off its response"));
  }

  end(): void {
    this.#exchange.end();
  }

  internalError(error: unknown): void {
    this.#exchange.internalError(error);
  }

  attemptFailed(error: ProxyError): void {
    this.#exchange.attemptFailed(error);
  }

  get downstream(): Downstream {
    return this.#downstream;
  }

  get request(): RequestHead {
    return this.#exchange.request;
  }

  get target(): string {
    return this.#exchange.target;
  }

  get method(): string {
    return this.#exchange.method;
  }

  get requestBodyBytes(): number {
    return this.#exchange.requestBodyBytes;
  }

  get headSent(): boolean {
    return this.#exchange.headSent;
  }

  get bodyCoding(): BodyCoding | null {
    return this.#exchange.bodyCoding;
  }

  get bodyTransform(): BodyTransform | null {
    return this.#exchange.bodyTransform;
  }

  get requestBytes(): number {
    return this.#exchange.requestBytes;
  }

  set requestBytes(value: number) {
    this.#exchange.requestBytes = value;
  }

  get status(): number {
    return this.#exchange.status;
  }

  set status(value: number) {
    this.#exchange.status = value;
  }

  get response(): Fields | null {
    return this.#exchange.response;
  }

  set response(value: Fields | null) {
    this.#exchange.response = value;
  }

  get attempts(): readonly UpstreamAttempt[] {
    return this.#exchange.attempts;
  }

  set attempts(value: readonly UpstreamAttempt[]) {
    this.#exchange.attempts = value;
  }

  get closeAfter(): boolean {
    return this.#exchange.closeAfter;
  }

  set closeAfter(value: boolean) {
    this.#exchange.closeAfter = value;
  }

  get sentBytes(): number {
    return this.#exchange.sentBytes;
  }

  set sentBytes(value: number) {
    this.#exchange.sentBytes = value;
  }

  get sentBodyBytes(): number {
    return this.#exchange.sentBodyBytes;
  }

  set sentBodyBytes(value: number) {
    this.#exchange.sentBodyBytes = value;
  }
}
