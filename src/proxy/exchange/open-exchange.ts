/**
 * One exchange as those see it who make its response: the forwarder, answers made here, Responses of middleware.
 *
 * @module
 */
import type { BodyCoding, BodyTransform, Fields, RequestHead, UpstreamAttempt } from "../../http/mod.ts";
import type { ProxyError } from "../../proxy-error.ts";
import type { Downstream, FinishOwner, HookWaiter, OutgoingResponse } from "./downstream.ts";

/** An exchange that has been decided on and is not over. */
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
  /** Body bytes may go through with the chunk framing of the upstream. */
  readonly passesChunks: boolean;
  /**
   * Lets policies edit the response head. True: go on now; false: `waiter` is called when a hook is done, or the exchange
   * has ended on an error.
   */
  runHook(waiter: HookWaiter): boolean;
  /** The head of a relayed response goes out. `bodyBytes` as in {@link Downstream.sendHead}. */
  beginResponse(bodyBytes: number): void;
  /** Writes data of the body; `false`: wait for `clientDrained`. */
  write(bytes: Uint8Array, start: number, end: number): boolean;
  /** The response is complete; `owner` is told when all of it has been handed on. */
  finish(trailers?: string, lastChunk?: number, owner?: FinishOwner | null): void;
  /** The response, or the whole exchange, is given up: the client sees a cut, never a forged end. */
  cut(): void;
  /** The exchange cannot go on. Before the response head the client is told, after it the response is cut. */
  fail(error: ProxyError): void;
  /** An attempt failed, but the exchange is not over by that; see {@link ExchangeHandler.attemptFailed}. */
  attemptFailed(error: ProxyError): void;
  /** An error of our own: the client gets 500, its text nobody but the log. */
  internalError(error: unknown): void;
  /** Somebody may know it when it is over: it is not used again for another request. */
  keep(): void;
  /** Tells the pipeline that it is over, once. */
  end(): void;
}
