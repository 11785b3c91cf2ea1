/**
 * Field names in directives.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-5.1
 * @module
 */
import type { Position } from "../syntax/mod.ts";
import type { BlockReader } from "./directive.ts";

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Fields that frame the message or belong to the connection, which the proxy writes itself. */
const FRAMING: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Checks a name; false: the proxy writes the field itself, and a note says so. */
export function checkFieldName(reader: BlockReader, at: Position, name: string): boolean {
  if (!TOKEN.test(name)) reader.fail(at, `"${name}" is no field name`);
  if (!FRAMING.has(name.toLowerCase())) return true;
  reader.note(at, `field "${name}" is always set by the proxy itself`, "the value is not used");
  return false;
}
