/**
 * Complete responses that the program makes: their fields and their bytes.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type Answer, errorPage, FieldList, hasResponseBody, utf8AsLatin1 } from "../../http/mod.ts";
import { encodeWhole } from "./encoded-body.ts";
import type { OpenExchange } from "./open-exchange.ts";
import { NO_BODY } from "./downstream.ts";

/** Fields of an answer, before policies edit them. */
export function answerFields(answer: Answer): FieldList {
  const fields = new FieldList();
  const contentType = answer.contentType ?? (isEmptyPage(answer) ? "" : "text/html");
  if (contentType !== "" && hasResponseBody(answer.status)) fields.add("Content-Type", contentType);
  if (answer.fields !== undefined) {
    for (const [name, value] of answer.fields) {
      if (name.length === 12 && name.toLowerCase() === "content-type") fields.set(name, value);
      else fields.add(name, value);
    }
  }
  return fields;
}

/** True when the connection closes after the answer, as in nginx. */
export function closesConnection({ close, status }: Answer): boolean {
  return close === true || status === 400 || status === 413 || status === 414 || status === 500 || status === 501;
}

/** Writes head and body, with the status and the fields that policies have left. */
export function writeAnswer(exchange: OpenExchange, body: Answer["body"]): void {
  const { bodyCoding, bodyTransform, status, downstream } = exchange;
  const sendsBody = exchange.method !== "HEAD";
  if (!hasResponseBody(status)) downstream.sendHead(exchange, NO_BODY);
  else if (bodyCoding === null && bodyTransform === null && typeof body !== "object") {
    const text = body === undefined ? page(status) : utf8AsLatin1(body);
    downstream.sendHead(exchange, text.length);
    if (sendsBody && text !== "") downstream.writeText(text);
  } else {
    const given = typeof body === "object" ? body : Buffer.from(body ?? page(status), "utf8");
    const whole = bodyTransform === null
      ? given
      : Buffer.concat([bodyTransform.transform(given), bodyTransform.flush()]);
    const bytes = bodyCoding === null ? whole : encodeWhole(bodyCoding, whole);
    downstream.sendHead(exchange, bytes.length);
    if (sendsBody && bytes.length > 0) downstream.write(bytes, 0, bytes.length);
  }
}

/** nginx has no page for some statuses, and names no type then. */
function isEmptyPage({ body, status }: Answer): boolean {
  return status >= 400 && body === undefined && errorPage(status) === "";
}

/** The body of an answer: its own, or nginx's page. */
export function answerBody({ body, status }: Answer): string | Uint8Array {
  return body ?? page(status);
}

function page(status: number): string {
  return status >= 300 ? errorPage(status) : "";
}
