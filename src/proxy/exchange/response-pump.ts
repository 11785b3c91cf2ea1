/**
 * Sends a WHATWG Response, which generic Hono middleware makes. It is not on the hot path.
 *
 * @module
 */
import { FieldList, hasResponseBody } from "../../http/mod.ts";
import type { OpenExchange } from "./open-exchange.ts";
import { type HookWaiter, NO_BODY, UNKNOWN_LENGTH } from "./downstream.ts";

/** Fields that the wire writes itself. */
const FRAMING: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "transfer-encoding",
]);

/** Sends one response. */
export class ResponsePump implements HookWaiter {
  readonly #exchange: OpenExchange;
  readonly #response: Response;
  #reader: ReadableStreamDefaultReader | null = null;
  #drained: (() => void) | null = null;
  #cancelled = false;

  constructor(exchange: OpenExchange, response: Response) {
    this.#exchange = exchange;
    this.#response = response;
  }

  start(): void {
    const exchange = this.#exchange;
    const fields = new FieldList();
    for (const [name, value] of this.#response.headers) if (!FRAMING.has(name)) fields.add(name, value);
    exchange.status = this.#response.status;
    exchange.response = fields;
    if (exchange.runHook(this)) this.hooked();
  }

  hooked(): void {
    const exchange = this.#exchange;
    const { body } = this.#response;
    const length = this.#response.headers.get("content-length");
    if (!hasResponseBody(exchange.status)) {
      body?.cancel().catch(() => {});
      exchange.beginResponse(NO_BODY);
      return exchange.finish();
    }
    const known = length !== null && /^[0-9]{1,15}$/.test(length) ? Number(length) : UNKNOWN_LENGTH;
    if (exchange.method === "HEAD" || body === null) {
      body?.cancel().catch(() => {});
      exchange.beginResponse(body === null && known === UNKNOWN_LENGTH ? 0 : known);
      return exchange.finish();
    }
    exchange.beginResponse(known);
    const reader = body.getReader() as ReadableStreamDefaultReader;
    this.#reader = reader;
    this.#pump(reader, known).catch((error: unknown) => {
      if (!this.#cancelled) exchange.internalError(error);
    });
  }

  async #pump(reader: ReadableStreamDefaultReader, known: number): Promise<void> {
    const exchange = this.#exchange;
    let sent = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (this.#cancelled) return;
      if (done) break;
      sent += value.length;
      if (known !== UNKNOWN_LENGTH && sent > known) {
        throw new RangeError("send a response: the body is longer than its length");
      }
      if (!exchange.write(value, 0, value.length)) {
        await new Promise<void>((resolve) => this.#drained = resolve);
        if (this.#cancelled) return;
      } else exchange.downstream.flush();
    }
    if (known !== UNKNOWN_LENGTH && sent < known) {
      throw new RangeError("send a response: the body is shorter than its length");
    }
    exchange.finish();
  }

  clientDrained(): void {
    const drained = this.#drained;
    this.#drained = null;
    drained?.();
  }

  /** The client has gone. */
  cancel(): void {
    this.#cancelled = true;
    this.#reader?.cancel().catch(() => {});
    this.clientDrained();
  }
}
