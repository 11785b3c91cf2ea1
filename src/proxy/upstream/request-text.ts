/**
 * Format of a request head for an HTTP/1 upstream.
 *
 * @module
 */
import { CHUNKED, CONTENT_LENGTH } from "../../http/mod.ts";
import type { ForwardPlan } from "../contract.ts";
import { masksOf, NO_BODY, type UpstreamRequest } from "../exchange/mod.ts";

/**
 * Formats the head, its empty line included.
 *
 * @param keepsConnection the connection may be used again
 * @param bodyBytes as in {@link UpstreamLease.send}
 */
export function formatRequest(
  { method, request }: UpstreamRequest,
  plan: ForwardPlan,
  keepsConnection: boolean,
  bodyBytes: number,
): string {
  const { httpVersion, connectionField } = plan.settings;
  let text = `${method} ${plan.target} HTTP/${httpVersion}\r\n${plan.fieldBlock}`;
  if (request.upgrade && httpVersion === "1.1") {
    text += `Upgrade: ${request.get("upgrade")}\r\nConnection: upgrade\r\n`;
  } else if (connectionField !== undefined) text += `Connection: ${connectionField}\r\n`;
  else if (!keepsConnection) text += "Connection: close\r\n";
  text += request.format(masksOf(plan.settings).request);
  if (bodyBytes === CHUNKED) text += "Transfer-Encoding: chunked\r\n";
  else if (bodyBytes !== NO_BODY) text += `Content-Length: ${bodyBytes}\r\n`;
  else if (request.hasKnown(CONTENT_LENGTH)) text += "Content-Length: 0\r\n";
  return `${text}\r\n`;
}
