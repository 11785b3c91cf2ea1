/**
 * Which endpoints have been tried in the current round over all of them.
 *
 * @module
 */
import type { Endpoint } from "../../snapshot/snapshot.ts";

const NONE: readonly Endpoint[] = [];

/** Those of `tried` that count: once every one of `size` endpoints has been tried, a new round begins. */
export function currentRound(tried: readonly Endpoint[], size: number): readonly Endpoint[] {
  if (tried.length === 0) return tried;
  const rest = size === 0 ? 0 : tried.length % size;
  return rest === 0 ? NONE : tried.slice(tried.length - rest);
}

/** Endpoints are compared by address: an update may have replaced the objects. */
export function wasTried(tried: readonly Endpoint[], endpoint: Endpoint): boolean {
  for (const other of tried) {
    if (other === endpoint || (other.port === endpoint.port && other.address === endpoint.address)) return true;
  }
  return false;
}
