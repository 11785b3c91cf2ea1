/**
 * Which endpoints are not taken yet: they have been tried in the current round over all of them, or are in doubt.
 *
 * @module
 */
import type { Endpoint } from "../../snapshot/snapshot.ts";

/** No endpoints. */
export const NOBODY: readonly Endpoint[] = [];

/** Those of `tried` that count: once every one of `size` endpoints has been tried, a new round begins. */
function currentRound(tried: readonly Endpoint[], size: number): readonly Endpoint[] {
  if (tried.length === 0) return tried;
  const rest = size === 0 ? 0 : tried.length % size;
  return rest === 0 ? NOBODY : tried.slice(tried.length - rest);
}

/**
 * Endpoints to pass over: those tried in this round, and the suspects for as long as there are others. Never all.
 *
 * @param size number of endpoints, the suspects among them
 */
export function passedOver(
  tried: readonly Endpoint[],
  suspects: readonly Endpoint[],
  size: number,
): readonly Endpoint[] {
  const round = currentRound(tried, size);
  if (suspects.length === 0) return round;
  const all = round.length === 0 ? suspects : [...round, ...suspects.filter((each) => !wasTried(round, each))];
  return all.length < size ? all : round;
}

/** Endpoints are compared by address: an update may have replaced the objects. */
export function wasTried(tried: readonly Endpoint[], endpoint: Endpoint): boolean {
  for (const other of tried) {
    if (other === endpoint || (other.port === endpoint.port && other.address === endpoint.address)) return true;
  }
  return false;
}
