/**
 * Passive health of the endpoints of one upstream: those that refused a connection or did not answer in time are suspects
 * for a moment, and are tried last. When the moment is over, one request finds out: a success clears the endpoint, another
 * failure makes the next moment longer. Nothing here costs a request anything while all is well.
 *
 * ingress-nginx has no such thing: there, every request finds out for itself.
 *
 * @module
 */
import type { Endpoint } from "../../snapshot/snapshot.ts";
import type { AttemptOutcome } from "../contract.ts";
import { endpointKey } from "./contract.ts";
import { NOBODY } from "./tried.ts";

/** How long an endpoint is a suspect after its first failure, and at most; each failure to come back doubles it. */
const FIRST_MS = 2_000;
const LONGEST_MS = 10_000;

interface Peer {
  readonly endpoint: Endpoint;
  /** Moments in a row; 0: nothing is held against it. */
  failures: number;
  /** A request is finding out whether it is back. */
  probed: boolean;
  /** When the last of them was noted. */
  failedMs: number;
  /** End of the moment. */
  untilMs: number;
  /** When it last answered. */
  answeredMs: number;
}

/** Which endpoints of an upstream are in doubt. */
export class Suspects {
  #peers: ReadonlyMap<Endpoint, Peer> = new Map();
  /** Endpoints that failed since they last answered. */
  #failing = 0;
  #list: readonly Endpoint[] = NOBODY;
  /** When the list changes by itself. */
  #changesMs = Infinity;
  readonly #nowMs: () => number;

  /** @param nowMs milliseconds, never going back */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Replaces the endpoints; what is known about those that stay is kept. */
  update(endpoints: readonly Endpoint[]): void {
    const former = new Map<string, Peer>();
    for (const peer of this.#peers.values()) former.set(endpointKey(peer.endpoint), peer);
    const peers = new Map<Endpoint, Peer>();
    this.#failing = 0;
    for (const endpoint of endpoints) {
      const known = former.get(endpointKey(endpoint));
      peers.set(endpoint, {
        failures: 0,
        probed: false,
        failedMs: 0,
        untilMs: 0,
        answeredMs: -Infinity,
        ...known,
        endpoint,
      });
      if (known !== undefined && known.failures > 0) this.#failing++;
    }
    this.#peers = peers;
    this.#collect();
  }

  /** Those in doubt now, each once. */
  list(): readonly Endpoint[] {
    if (this.#failing === 0) return NOBODY;
    if (this.#nowMs() >= this.#changesMs) this.#collect();
    return this.#list;
  }

  /** An endpoint is about to be tried: if its moment is over, this request finds out and no other for the time being. */
  picked(endpoint: Endpoint): void {
    if (this.#failing === 0) return;
    const peer = this.#find(endpoint);
    const nowMs = this.#nowMs();
    if (peer === undefined || peer.failures === 0 || nowMs < peer.untilMs) return;
    peer.probed = true;
    peer.untilMs = nowMs + momentMs(peer.failures);
    this.#collect();
  }

  /** Tells how an attempt went. */
  observe(endpoint: Endpoint, outcome: AttemptOutcome, elapsedMs: number): void {
    if (outcome === "failed") return;
    const peer = this.#find(endpoint);
    if (peer === undefined) return;
    const nowMs = this.#nowMs();
    if (outcome === "answered") {
      peer.answeredMs = nowMs;
      if (peer.failures === 0) return;
      peer.failures = 0;
      peer.probed = false;
      this.#failing--;
    } else {
      // whole milliseconds are counted: what happened in the same one is taken to have been before
      const startedMs = nowMs - Math.max(0, elapsedMs - 1);
      // it has answered others in the meantime, or they all failed together
      if (peer.answeredMs > startedMs || (peer.failures > 0 && peer.failedMs > startedMs)) return;
      if (peer.failures === 0) this.#failing++;
      // further failures of those who had nowhere else to go say nothing new
      if (peer.failures === 0 || peer.probed) peer.failures++;
      peer.probed = false;
      peer.failedMs = nowMs;
      peer.untilMs = nowMs + momentMs(peer.failures);
    }
    this.#collect();
  }

  /** Requests that began before an update know their endpoint by its former object. */
  #find(endpoint: Endpoint): Peer | undefined {
    const peer = this.#peers.get(endpoint);
    if (peer !== undefined) return peer;
    for (const each of this.#peers.values()) {
      if (each.endpoint.port === endpoint.port && each.endpoint.address === endpoint.address) return each;
    }
    return undefined;
  }

  #collect(): void {
    this.#changesMs = Infinity;
    if (this.#failing === 0) {
      this.#list = NOBODY;
      return;
    }
    const nowMs = this.#nowMs();
    const list: Endpoint[] = [];
    for (const peer of this.#peers.values()) {
      if (peer.failures === 0 || peer.untilMs <= nowMs) continue;
      list.push(peer.endpoint);
      if (peer.untilMs < this.#changesMs) this.#changesMs = peer.untilMs;
    }
    this.#list = list;
  }
}

function momentMs(failures: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
}
