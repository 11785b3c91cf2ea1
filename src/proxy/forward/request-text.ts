/**
 * The head of a request as the upstream gets it.
 *
 * @module
 */
import { CONTENT_LENGTH } from "../../http/known-field.ts";
import type { FieldMask } from "../../http/mod.ts";
import type { ForwardPlan } from "../contract.ts";
import type { OpenExchange } from "../exchange/open-exchange.ts";
import type { Upload } from "./upload.ts";

/** What a request line may have for a target; one char a byte. */
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;

/** Throws when the target of the plan, which may come out of a rewrite, cannot stand in a request line. */
export function checkTarget(plan: ForwardPlan, received: string): void {
  if (plan.target !== received && !TARGET.test(plan.target)) {
    throw new RangeError(`forward to ${JSON.stringify(plan.target)}: the target cannot be sent`);
  }
}

/**
 * Formats the head, its empty line included.
 *
 * @param mask lines of the client that are not sent
 * @param keepsConnection the connection may be used again
 * @param upload `null`: no body
 */
export function formatRequest(
  exchange: OpenExchange,
  plan: ForwardPlan,
  mask: FieldMask,
  keepsConnection: boolean,
  upload: Upload | null,
): string {
  const { method, request } = exchange;
  const { httpVersion, connectionField } = plan.settings;
  let text = `${method} ${plan.target} HTTP/${httpVersion}\r\n${plan.fieldBlock}`;
  if (request.upgrade && httpVersion === "1.1") {
    text += `Upgrade: ${request.get("upgrade")}\r\nConnection: upgrade\r\n`;
  } else if (connectionField !== undefined) text += `Connection: ${connectionField}\r\n`;
  else if (!keepsConnection) text += "Connection: close\r\n";
  text += request.format(mask);
  if (upload !== null) text += upload.framing();
  else if (request.hasKnown(CONTENT_LENGTH)) text += "Content-Length: 0\r\n";
  return `${text}\r\n`;
}
