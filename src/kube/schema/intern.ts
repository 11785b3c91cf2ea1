/**
 * One string for equal strings, as far as they come close together: objects of a cluster repeat the same few words.
 *
 * @module
 */

const SLOTS = 8192;
/** Longer text is hardly ever repeated. */
const MAX_LENGTH = 64;

const slots: (string | undefined)[] = new Array(SLOTS).fill(undefined);

/** Gives back an equal string, one that is in use already where it is at hand. */
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
