/**
 * Text -> field value.
 *
 * @module
 */

// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/g;

/**
 * A value (bytes, one character each) that cannot break the message: decoded text of a request (captures, variables) may
 * have line ends in it, and such characters are percent-encoded.
 */
export function fieldValue(text: string): string {
  return text.replace(CONTROLS, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}
