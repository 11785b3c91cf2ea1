/**
 * Outlier detection for the endpoints of one upstream. An endpoint that refuses a connection, or does not answer in time, is
 * ejected: for some seconds the balancer picks it only after all others. When that time is over, one request probes the
 * endpoint: a success returns it to the balancer, a failure ejects it again for longer. While no endpoint fails, a request
 * pays for one comparison.
 *
 * ingress-nginx has no outlier detection.
 *
 * @module
 */
import type { Endpoint } from "../../snapshot/snapshot.ts";
import type { AttemptOutcome } from "../contract.ts";
import { endpointKey } from "./contract.ts";
import { NO_ENDPOINTS } from "./endpoint-list.ts";

/** Length of the first ejection, and of the longest one; each failed probe doubles it. */
const FIRST_EJECTION_MS = 2_000;
const LONGEST_EJECTION_MS = 10_000;

interface Peer {
  readonly endpoint: Endpoint;
  /** Ejections in a row; 0: the endpoint is healthy. */
  failures: number;
  /** A request probes the endpoint. */
  probed: boolean;
  /** Time of the last failure that counted. */
  failedMs: number;
  /** End of the ejection. */
  untilMs: number;
  /** Time of the last response. */
  answeredMs: number;
}

/** Which endpoints of an upstream are ejected. */
export class OutlierDetection {
  #peers: ReadonlyMap<Endpoint, Peer> = new Map();
  /** Number of endpoints that have failed since their last response. */
  #failing = 0;
  #list: readonly Endpoint[] = NO_ENDPOINTS;
  /** When the next ejection ends. */
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

  /** Endpoints that are ejected now, each once. */
  ejected(): readonly Endpoint[] {
    if (this.#failing === 0) return NO_ENDPOINTS;
    if (this.#nowMs() >= this.#changesMs) this.#collect();
    return this.#list;
  }

  /** A request goes to the endpoint. When its ejection is over, this request is the probe, and no other request is for now. */
  picked(endpoint: Endpoint): void {
    if (this.#failing === 0) return;
    const peer = this.#find(endpoint);
    const nowMs = this.#nowMs();
    if (peer === undefined || peer.failures === 0 || nowMs < peer.untilMs) return;
    peer.probed = true;
    peer.untilMs = nowMs + ejectionMs(peer.failures);
    this.#collect();
  }

  /** Takes in the outcome of an attempt that took `elapsedMs`. */
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
      // times are whole milliseconds: an event in the same one counts as earlier
      const startedMs = nowMs - Math.max(0, elapsedMs - 1);
      // the endpoint has answered another request since this one began, or this failure belongs to those already counted
      if (peer.answeredMs > startedMs || (peer.failures > 0 && peer.failedMs > startedMs)) return;
      if (peer.failures === 0) this.#failing++;
      // an ejected endpoint gets requests when there is no other; their failures do not lengthen the ejection
      if (peer.failures === 0 || peer.probed) peer.failures++;
      peer.probed = false;
      peer.failedMs = nowMs;
      peer.untilMs = nowMs + ejectionMs(peer.failures);
    }
    this.#collect();
  }

  /** A request that began before an update holds the former object of its endpoint. */
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
      this.#list = NO_ENDPOINTS;
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

function ejectionMs(failures: number): number {
  return Math.min(LONGEST_EJECTION_MS, FIRST_EJECTION_MS * 2 ** (failures - 1));
}
