/**
 * HTTP as text and bytes: methods, statuses, dates, fields, paths, and the HTTP/1.1 codec. It accepts bytes that are
 * split anywhere, refuses what two implementations could read in two ways, and uses no sockets.
 *
 * @module
 */
export { Backlog } from "./backlog.ts";
export { readCookie } from "./cookie.ts";
export { formatDateLine, formatHttpDate } from "./date.ts";
export { badRequestPage, errorPage } from "./error-page.ts";
export type {
  Answer,
  BodyCoding,
  BodyTransform,
  Connection,
  Exchange,
  HttpVersion,
  LocationFacts,
  RedirectForm,
  TlsInfo,
  UpstreamAttempt,
} from "./exchange.ts";
export { checkFieldValue, FieldList, fieldValueBytes, WIRE_FIELDS } from "./field-list.ts";
export type { Fields } from "./fields.ts";
export { compileFieldMask, CONTENT_LENGTH, type FieldMask, knownFieldId } from "./known-field.ts";
export * as knownField from "./known-field.ts";
export { latin1Text, utf8AsLatin1 } from "./latin1.ts";
export { isRetriedMethod, isToken } from "./method.ts";
export { redirectLocation } from "./redirect-location.ts";
export { encodePath, hasDotSegment, normalizePath } from "./path.ts";
export { hasResponseBody, reasonPhrase, statusLine } from "./status.ts";
export { listHasToken, parseTokenList } from "./token-list.ts";
export { ChunkedTracker } from "./h1/chunked.ts";
export type { HeadError } from "./h1/head.ts";
export { CHUNKED, type HeadLengths, type HostLengths, RequestHead, type RequestLimits } from "./h1/request-head.ts";
export { INCOMPLETE, REFUSED, RequestReader } from "./h1/request-reader.ts";
export { ResponseHead, UNTIL_CLOSE } from "./h1/response-head.ts";
export { ResponseReader } from "./h1/response-reader.ts";
