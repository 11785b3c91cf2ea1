/**
 * Lists of endpoints: which ones a balancer skips, and comparison by address.
 *
 * @module
 */
import type { Endpoint } from "../../snapshot/snapshot.ts";

/** No endpoints. */
export const NO_ENDPOINTS: readonly Endpoint[] = [];

/** Endpoints tried in the current round; a new round begins when all `size` endpoints have been tried. */
function currentRound(tried: readonly Endpoint[], size: number): readonly Endpoint[] {
  if (tried.length === 0) return tried;
  const rest = size === 0 ? 0 : tried.length % size;
  return rest === 0 ? NO_ENDPOINTS : tried.slice(tried.length - rest);
}

/**
 * Endpoints to skip: those tried in this round, and the ejected ones while there are others. Never all of them.
 *
 * @param size number of endpoints, ejected ones included
 */
export function endpointsToSkip(
  tried: readonly Endpoint[],
  ejected: readonly Endpoint[],
  size: number,
): readonly Endpoint[] {
  const round = currentRound(tried, size);
  if (ejected.length === 0) return round;
  const all = round.length === 0 ? ejected : [...round, ...ejected.filter((each) => !includesEndpoint(round, each))];
  return all.length < size ? all : round;
}

/** Compares by address and port, because an update may have replaced the objects. */
export function includesEndpoint(tried: readonly Endpoint[], endpoint: Endpoint): boolean {
  for (const other of tried) {
    if (other === endpoint || (other.port === endpoint.port && other.address === endpoint.address)) return true;
  }
  return false;
}
