/**
 * Shares equal strings that occur close together, because the objects of a cluster repeat the same words.
 *
 * @module
 */

const SLOTS = 8192;
/** Longest text that is shared; longer text is rarely repeated. */
const MAX_LENGTH = 64;

const slots: (string | undefined)[] = new Array(SLOTS).fill(undefined);

/** Returns an equal string, one that is in use already if it is known. */
export function intern(text: string): string {
  const { length } = text;
  if (length > MAX_LENGTH) return text;
  let hash = length;
  for (let at = 0; at < length; at++) hash = Math.imul(hash, 31) + text.charCodeAt(at) | 0;
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const known = slots[slot];
  if (known === text) return known;
  slots[slot] = text;
  return text;
}
