/**
 * One request and its response: what policies see, and how it is answered. One class serves every version of HTTP; the
 * {@link Downstream} hides the protocol.
 *
 * @module
 */
import { type Answer, type HttpVersion, normalizePath, type RequestHead } from "../../http/mod.ts";
import { ProxyError } from "../../proxy-error.ts";
import type { ForwardPlan, ResponseTap, ServerConnection, ServerExchange } from "../contract.ts";
import { Followers } from "./followers.ts";
import type { Forwarding } from "./forwarder.ts";
import type { WireCore } from "./core.ts";
import { ChangedBody, type ChangedBodyOwner } from "./changed-body.ts";
import { ExchangeFacts } from "./exchange-facts.ts";
import { answerFields, closesConnection, writeAnswer } from "./own-answer.ts";
import { KeptBody } from "./kept-body.ts";
import { ResponsePump } from "./response-pump.ts";
import { type TappableExchange, TappedExchange } from "./tapped-exchange.ts";
import {
  type Downstream,
  type FinishOwner,
  type HookWaiter,
  LastChunk,
  NO_BODY,
  UNKNOWN_LENGTH,
} from "./downstream.ts";

/** Stages of an exchange, in order. They are numbers because the hot path compares them for every event. */
const Stage = { open: 0, decided: 1, headSent: 2, over: 3 } as const;

/** One request. */
export class WireExchange extends ExchangeFacts
  implements ServerExchange, TappableExchange, HookWaiter, ChangedBodyOwner {
  // all but what is used again is set by `take`, for each request
  /** Actions to run when the exchange is over. */
  #followers!: Followers | null;
  #stage!: number;
  #forward!: Forwarding | null;
  #pump!: ResponsePump | null;
  #answer!: Answer | null;
  /** Once the head is out, of a body that is not sent as it comes. */
  #changed!: ChangedBody | null;
  /** What middleware has read of the request's body. */
  #kept!: KeptBody | null;
  /** Stands before the forwarder while middleware looks at the response. */
  #tapped!: TappedExchange | null;
  /** Number of times that the response was replaced. */
  #replacements!: number;
  /** The response went out to its end. */
  #complete!: boolean;
  /** See {@link WireExchange.keep}. */
  #known!: boolean;
  /** What is used again, too. */
  spare: unknown = null;
  #spareForward: Forwarding | null = null;
  readonly #core: WireCore;

  /** As {@link WireExchange.take}. */
  constructor(
    core: WireCore,
    downstream: Downstream,
    connection: ServerConnection,
    request: RequestHead,
    version: HttpVersion,
    scheme: "http" | "https",
    requestBodyBytes: number,
  ) {
    super();
    this.#core = core;
    this.take(downstream, connection, request, version, scheme, requestBodyBytes);
  }

  /**
   * Begins with a request: the first one, or, when it is {@link WireExchange.reusable}, another. Nothing of a former one is
   * left.
   *
   * @param requestBodyBytes as {@link Exchange.requestBodyBytes}; the rest of the request is as its head has it
   */
  take(
    downstream: Downstream,
    connection: ServerConnection,
    request: RequestHead,
    version: HttpVersion,
    scheme: "http" | "https",
    requestBodyBytes: number,
  ): void {
    const core = this.#core;
    this.takeFacts(downstream, connection, request, version, scheme, requestBodyBytes, core.nowMs);
    this.#followers = null;
    this.#stage = Stage.open;
    this.#forward = null;
    this.#pump = null;
    this.#answer = null;
    this.#changed = null;
    this.#replacements = 0;
    this.#complete = false;
    this.#known = false;
    this.#kept = null;
    this.#tapped = null;
    core.counters.requests++;
    core.counters.inFlight++;
  }

  keep(): void {
    this.#known = true;
  }

  /**
   * It is over, its response went out to its end, and nothing that still runs knows it: it may {@link WireExchange.take}
   * another request.
   */
  get reusable(): boolean {
    return this.#complete && !this.#known;
  }

  /** True when the exchange is over. */
  get over(): boolean {
    return this.#stage === Stage.over;
  }

  /** The response head has been passed to the downstream. */
  get headSent(): boolean {
    return this.#stage >= Stage.headSent;
  }

  /** Decodes the path, and passes the request to the pipeline. */
  begin(): void {
    // as in nginx: TRACE would show the client fields that proxies have added
    if (this.method === "TRACE") return this.answer({ status: 405, close: true });
    const path = normalizePath(this.path);
    if (path === undefined) {
      return this.fail(
        new ProxyError("downstream-malformed", "downstream", "no", "the path of the request is malformed"),
      );
    }
    this.path = path;
    try {
      this.#core.handler.request(this);
    } catch (error) {
      return this.internalError(error);
    }
    // a later decision may hold the exchange
    if (this.#stage === Stage.open) this.#known = true;
  }

  answer(answer: Answer): void {
    if (!this.#decide("answer")) return;
    try {
      this.#prepare(answer);
    } catch (error) {
      this.internalError(error);
    }
  }

  respond(response: Response): void {
    if (!this.#decide("respond to")) {
      response.body?.cancel().catch(() => {});
      return;
    }
    this.#send(response);
  }

  #send(response: Response): void {
    this.#known = true;
    this.#pump = new ResponsePump(this, response);
    try {
      this.#pump.start();
    } catch (error) {
      this.internalError(error);
    }
  }

  respondInstead(response: Response): void {
    const tapped = this.#tapped;
    if (this.#stage === Stage.over) {
      response.body?.cancel().catch(() => {});
      return;
    }
    if (tapped === null || this.#stage >= Stage.headSent || this.#pump !== null) {
      throw new TypeError("respond to the exchange: it has been answered");
    }
    // a body that is being read goes on, until the exchange is over
    if (tapped.isRead) this.#forward = null;
    else this.#dropWork();
    this.#send(response);
  }

  requestStream(maxBytes: number): ReadableStream<Uint8Array> | null {
    if (this.requestBodyBytes === 0) return null;
    if (this.#kept === null) {
      const kept = this.#kept = new KeptBody(this.downstream, maxBytes);
      this.whenOver(() => kept.stop("the exchange is over"));
    }
    return this.#kept.stream;
  }

  forward(plan: ForwardPlan, tap?: ResponseTap): void {
    if (!this.#decide("forward")) return;
    try {
      if (tap === undefined) {
        this.#forward = this.#spareForward = this.#core.forwarder.forward(this, plan, this.#spareForward);
      } else {
        this.#forward = this.#forwardTapped(plan, tap);
      }
      this.#forward.start();
    } catch (error) {
      this.internalError(error);
    }
  }

  #forwardTapped(plan: ForwardPlan, tap: ResponseTap): Forwarding {
    const tapped = this.#tapped = new TappedExchange(this, this.#kept ?? this.downstream, tap);
    const forward = this.#core.forwarder.forward(tapped, plan, null);
    tapped.attach(forward);
    this.whenOver(() => tapped.stop());
    return forward;
  }

  /** Marks the exchange as decided. False: the client has gone, and no answer is needed. */
  #decide(what: string): boolean {
    if (this.#stage === Stage.over) return false;
    if (this.#stage !== Stage.open) throw new TypeError(`${what} the exchange: it has been answered`);
    this.#stage = Stage.decided;
    return true;
  }

  /** The exchange failed. Before the response head the client gets an answer, after it the response is cut. */
  fail(error: ProxyError): void {
    if (this.#stage >= Stage.headSent) return this.cut();
    this.#stage = Stage.decided;
    const answer = this.failureAnswer(error);
    if (answer !== null) this.#prepare(answer);
  }

  failureAnswer(error: ProxyError): Answer | null {
    try {
      return this.#core.handler.failure(this, error);
    } catch (thrown) {
      this.internalError(thrown);
      return null;
    }
  }

  attemptFailed(error: ProxyError): void {
    this.#core.handler.attemptFailed?.(this, error);
  }

  /** An internal error: the client gets 500, and the log gets the text. */
  internalError(error: unknown): void {
    this.#known = true;
    this.#core.internalError(error);
    this.#dropWork();
    if (this.#stage >= Stage.headSent) return this.cut();
    this.#stage = Stage.decided;
    this.#answer = { status: 500, close: true };
    this.bodyCoding = null;
    this.bodyTransform = null;
    try {
      this.#setAnswer(this.#answer);
      this.#writeAnswer();
    } catch (second) {
      this.#core.internalError(second);
      this.cut();
    }
  }

  #prepare(answer: Answer): void {
    this.#answer = answer;
    if (answer.close === "abort") {
      this.status = answer.status;
      return this.cut();
    }
    this.#setAnswer(answer);
    if (this.runHook(this)) this.#writeAnswer();
  }

  /** The response hooks have finished the head of the answer. */
  hooked(): void {
    this.#writeAnswer();
  }

  replace(answer: Answer | Response): void {
    if (this.#stage >= Stage.headSent) throw new TypeError("replace the response: its head has been sent");
    this.#known = true;
    this.#replacements++;
    this.#dropWork();
    this.bodyCoding = null;
    this.bodyTransform = null;
    if (answer instanceof Response) this.#send(answer);
    else this.#prepare(answer);
  }

  #setAnswer(answer: Answer): void {
    this.status = answer.status;
    this.response = answerFields(answer);
    if (closesConnection(answer)) this.closeAfter = true;
  }

  #writeAnswer(): void {
    const { body } = this.#answer!;
    this.#answer = null;
    this.#stage = Stage.headSent;
    writeAnswer(this, body);
    this.finish();
  }

  /**
   * Lets policies edit the response head. True: go on at once. False: `waiter` is called when the hooks are done, or
   * the exchange has ended with an error.
   */
  runHook(waiter: HookWaiter): boolean {
    const before = this.#replacements;
    let wait: void | Promise<void>;
    try {
      wait = this.#core.handler.responseHead(this);
    } catch (error) {
      this.internalError(error);
      return false;
    }
    if (wait === undefined) return this.#replacements === before;
    this.#hookLater(wait, waiter, before);
    return false;
  }

  #hookLater(wait: Promise<void>, waiter: HookWaiter, before: number): void {
    this.#known = true;
    wait.then(() => {
      if (this.#stage === Stage.over || this.#replacements !== before) return;
      try {
        waiter.hooked();
      } catch (error) {
        this.internalError(error);
      }
    }, (error: unknown) => {
      if (this.#stage !== Stage.over) this.internalError(error);
    });
  }

  /** Sends the head of a relayed response. */
  beginResponse(bodyBytes: number): void {
    this.#stage = Stage.headSent;
    const { bodyCoding, bodyTransform } = this;
    if (bodyCoding === null && bodyTransform === null || bodyBytes === NO_BODY) {
      return this.downstream.sendHead(this, bodyBytes);
    }
    if (this.method === "HEAD") return this.downstream.sendHead(this, NO_BODY);
    this.#known = true;
    this.#changed = new ChangedBody(this, bodyCoding, bodyTransform, bodyBytes);
    this.downstream.sendHead(this, UNKNOWN_LENGTH);
  }

  /** True when the body may keep the chunk framing of the upstream. */
  get passesChunks(): boolean {
    return this.#changed === null && this.downstream.passesChunks;
  }

  /** Writes data of the body; `false`: wait. */
  write(bytes: Uint8Array, start: number, end: number): boolean {
    const changed = this.#changed;
    return changed === null ? this.downstream.write(bytes, start, end) : changed.write(bytes, start, end);
  }

  bodyDrained(): void {
    if (this.#forward !== null) this.#forward.clientDrained();
    else this.#pump?.clientDrained();
  }

  bodyFailed(error: unknown): void {
    if (this.#stage !== Stage.over) this.internalError(error);
  }

  /** Completes the response; `owner` is called when all of it has been passed on. */
  finish(trailers = "", lastChunk: number = LastChunk.unsent, owner: FinishOwner | null = null): void {
    const changed = this.#changed;
    if (changed === null) return this.#finished(trailers, lastChunk, owner);
    this.#finishChanged(changed, trailers, lastChunk, owner);
  }

  #finishChanged(changed: ChangedBody, trailers: string, lastChunk: number, owner: FinishOwner | null): void {
    changed.end(() => {
      this.#changed = null;
      this.#finished(trailers, lastChunk, owner);
    });
  }

  #finished(trailers: string, lastChunk: number, owner: FinishOwner | null): void {
    this.downstream.end(trailers, lastChunk);
    this.end();
    this.#complete = true;
    owner?.responseFinished();
    this.downstream.release();
  }

  /** Gives the response or the exchange up: the client sees a cut, never a forged end. */
  cut(): void {
    if (this.#stage === Stage.over) return;
    this.#changed?.destroy();
    this.#changed = null;
    this.downstream.abort();
    this.end();
    this.downstream.release();
  }

  /** The client has gone. The log gets `status` (400: in the middle of its request), unless there is one already. */
  clientGone(status: 400 | 499 = 499): void {
    if (this.#stage === Stage.over) return;
    if (this.#stage < Stage.headSent) this.status = status;
    this.#dropWork();
    this.end();
  }

  /**
   * The client did not send its body in time: as in nginx, the connection closes without an answer, and the log has
   * 408.
   */
  clientTimedOut(): void {
    if (this.#stage === Stage.over) return;
    if (this.#stage < Stage.headSent) this.status = 408;
    this.#dropWork();
    this.cut();
  }

  /** The request body is malformed. */
  bodyMalformed(message: string): void {
    if (this.#stage === Stage.over) return;
    this.#dropWork();
    this.closeAfter = true;
    this.fail(new ProxyError("downstream-malformed", "downstream", "no", message));
  }

  clientDrained(): void {
    if (this.#changed === null) this.bodyDrained();
    else this.#changed.clientDrained();
  }

  #dropWork(): void {
    const [changed, forward, pump] = [this.#changed, this.#forward, this.#pump];
    // what is given up may take its time
    this.#known = true;
    this.#changed = null;
    this.#forward = null;
    this.#pump = null;
    try {
      changed?.destroy();
      forward?.cancel();
      pump?.cancel();
    } catch (error) {
      // the exchange must end all the same
      this.#core.internalError(error);
    }
  }

  whenOver(action: () => void): () => void {
    if (this.#stage === Stage.over) {
      action();
      return () => {};
    }
    this.#known = true;
    return (this.#followers ??= new Followers()).add(action);
  }

  /** Ends the exchange in the pipeline, once. */
  end(): void {
    if (this.#stage === Stage.over) return;
    this.#stage = Stage.over;
    this.#core.counters.inFlight--;
    this.#followers?.tell((error) => this.#core.internalError(error));
    try {
      this.#core.handler.end(this);
    } catch (error) {
      this.#core.internalError(error);
    }
  }
}
