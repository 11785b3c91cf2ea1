/**
 * An exchange, as the makers of its response use it: the forwarder, own answers, Responses of middleware.
 *
 * @module
 */
import type { BodyCoding, BodyTransform, Fields, RequestHead, UpstreamAttempt } from "../../http/mod.ts";
import type { ProxyError } from "../../proxy-error.ts";
import type { Downstream, FinishOwner, HookWaiter, OutgoingResponse } from "./downstream.ts";

/** An exchange that is decided and not over. */
export interface OpenExchange extends OutgoingResponse {
  readonly downstream: Downstream;
  readonly request: RequestHead;
  readonly target: string;
  /** Body length from Content-Length; 0: no body; -1: unknown. */
  readonly requestBodyBytes: number;
  requestBytes: number;
  status: number;
  response: Fields | null;
  attempts: readonly UpstreamAttempt[];
  readonly bodyCoding: BodyCoding | null;
  readonly bodyTransform: BodyTransform | null;
  closeAfter: boolean;
  /** True when the body may keep the chunk framing of the upstream. */
  readonly passesChunks: boolean;
  /**
   * Lets policies edit the response head. True: go on at once. False: `waiter` is called when the hooks are done, or
   * the exchange has ended with an error.
   */
  runHook(waiter: HookWaiter): boolean;
  /** Sends the head of a relayed response. `bodyBytes` as in {@link Downstream.sendHead}. */
  beginResponse(bodyBytes: number): void;
  /** Writes data of the body; `false`: wait for `clientDrained`. */
  write(bytes: Uint8Array, start: number, end: number): boolean;
  /** Completes the response; `owner` is called when all of it has been passed on. */
  finish(trailers?: string, lastChunk?: number, owner?: FinishOwner | null): void;
  /** Gives the response or the exchange up: the client sees a cut, never a forged end. */
  cut(): void;
  /** The exchange failed. Before the response head the client gets an answer, after it the response is cut. */
  fail(error: ProxyError): void;
  /** An attempt failed and the exchange goes on; see {@link ExchangeHandler.attemptFailed}. */
  attemptFailed(error: ProxyError): void;
  /** An internal error: the client gets 500, and the log gets the text. */
  internalError(error: unknown): void;
  /** The exchange may still be referenced when it is over: it is not reused for another request. */
  keep(): void;
  /** Ends the exchange in the pipeline, once. */
  end(): void;
}
