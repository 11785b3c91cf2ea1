/**
 * A reader of HTTP/1.1 messages that forgives nothing, written apart from the one that is tested.
 *
 * @module
 */

/** One message. */
export interface Message {
  readonly head: string;
  /** By lower-case name, in order. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const LINES = `(?:${TOKEN}:[\\t\\x20-\\x7e\\x80-\\xff]*\\r\\n)*\\r\\n$`;
const HEADS = {
  request: new RegExp(`^${TOKEN} [\\x21-\\x7e\\x80-\\xff]+ HTTP/1\\.[01]\\r\\n${LINES}`),
  response: new RegExp(`^HTTP/1\\.1 [1-5][0-9]{2} [\\t\\x20-\\x7e\\x80-\\xff]*\\r\\n${LINES}`),
};

/** Reads all messages of a direction of a connection, one char a byte. Throws an Error that says what is wrong. */
export function readMessages(text: string, kind: "request" | "response", toHead = false): Message[] {
  const messages: Message[] = [];
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf("\r\n\r\n", at);
    if (end < 0) throw new Error(`an unfinished head: ${JSON.stringify(text.slice(at))}`);
    const head = text.slice(at, end + 4);
    if (!HEADS[kind].test(head)) throw new Error(`a malformed head: ${JSON.stringify(head)}`);
    at = end + 4;
    const fields = readFields(head);
    const status = kind === "response" ? Number(head.slice(9, 12)) : 200;
    const bodiless = toHead || status < 200 || status === 204 || status === 304;
    const [body, next] = bodiless ? ["", at] : readBody(text, at, fields, kind, head);
    messages.push({ head, fields, body });
    at = next;
  }
  return messages;
}

function readFields(head: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const line of head.split("\r\n").slice(1, -2)) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const values = fields.get(name) ?? [];
    values.push(line.slice(colon + 1).trim());
    fields.set(name, values);
  }
  for (const name of ["content-length", "transfer-encoding", "host", "date", "location"]) {
    if ((fields.get(name)?.length ?? 0) > 1) throw new Error(`${name} is repeated: ${JSON.stringify(head)}`);
  }
  if (fields.has("content-length") && fields.has("transfer-encoding")) {
    throw new Error(`two framings: ${JSON.stringify(head)}`);
  }
  if (!head.startsWith("HTTP/") && !fields.has("host")) throw new Error(`no Host: ${JSON.stringify(head)}`);
  return fields;
}

function readBody(
  text: string,
  at: number,
  fields: ReadonlyMap<string, readonly string[]>,
  kind: "request" | "response",
  head: string,
): [body: string, next: number] {
  if (fields.get("transfer-encoding")?.[0] === "chunked") return readChunks(text, at);
  const length = fields.get("content-length")?.[0];
  if (length === undefined && kind === "request") return ["", at];
  if (length === undefined || !/^[0-9]+$/.test(length)) throw new Error(`no length: ${JSON.stringify(head)}`);
  const end = at + Number(length);
  if (end > text.length) throw new Error(`the body is cut off: ${JSON.stringify(text.slice(at))}`);
  return [text.slice(at, end), end];
}

function readChunks(text: string, at: number): [body: string, next: number] {
  let body = "";
  for (;;) {
    const line = text.indexOf("\r\n", at);
    const size = line < 0 ? "" : text.slice(at, line);
    if (!/^[0-9a-fA-F]+$/.test(size)) throw new Error(`a malformed chunk: ${JSON.stringify(text.slice(at))}`);
    at = line + 2;
    const length = parseInt(size, 16);
    body += text.slice(at, at + length);
    at += length;
    if (length === 0) {
      const end = text.startsWith("\r\n", at) ? at : text.indexOf("\r\n\r\n", at) + 2;
      if (end < 2) throw new Error("the trailer section is cut off");
      return [body, end + 2];
    }
    if (!text.startsWith("\r\n", at)) throw new Error(`a chunk without its end: ${JSON.stringify(text.slice(at))}`);
    at += 2;
  }
}
