/**
 * Reads what an upstream sends up to the head of its final response; interim responses on the way go on to the client.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.2
 * @module
 */
import type { Buffer } from "node:buffer";
import { type FieldMask, INCOMPLETE, REFUSED, type ResponseReader } from "../../http/mod.ts";
import type { OpenExchange } from "../exchange/open-exchange.ts";

/** Interim responses (1xx) to one request. */
const MAX_INTERIM = 32;

/**
 * Returns the offset after the head, which the reader has then, {@link INCOMPLETE}, or {@link REFUSED}: its `error` says
 * why.
 *
 * @param maxBytes longest head
 * @param hidden fields that clients do not get
 */
export function readFinalHead(
  reader: ResponseReader,
  bytes: Buffer,
  exchange: OpenExchange,
  maxBytes: number,
  hidden: FieldMask,
): number {
  const toHead = exchange.method === "HEAD";
  let at = 0;
  while (at < bytes.length) {
    const end = reader.readHead(bytes, at, maxBytes, toHead);
    if (end < 0) return end;
    at = end;
    const { head } = reader;
    if (head.status >= 200 || head.status === 101) return at;
    if (reader.interims === MAX_INTERIM) {
      reader.error = { kind: "malformed", message: "the upstream sent too many interim responses", offset: at };
      return REFUSED;
    }
    // the client's 100 is ours to send
    if (head.status !== 100) {
      head.drop("content-length");
      exchange.downstream.sendInterim(head.status, head.format(hidden));
    }
    reader.nextAfterInterim();
  }
  return INCOMPLETE;
}
