/**
 * HTTP/2 for servers, without sockets: HPACK, frames, and a session that turns bytes into requests and answers into bytes.
 *
 * @see RFC 9113, RFC 7541
 * @module
 */
export { CLIENT_PREFACE, ErrorCode } from "./frame.ts";
export type { HpackField } from "./hpack-decoder.ts";
export { type H2Request, toHttp1Head } from "./request.ts";
export type { FieldLines } from "./frame-writer.ts";
export type { SessionLimits, SessionSink } from "./contract.ts";
export { ServerSession } from "./session.ts";
export { H2Stream } from "./stream.ts";
