/**
 * Pools of connections to endpoints.
 *
 * @module
 */
import type { Endpoint } from "../../snapshot/snapshot.ts";
import type { UpstreamTls, WireSettings } from "../contract.ts";
import type { DeadlineWheel } from "../deadline-wheel.ts";
import type { LeaseOwner, UpstreamSource } from "../exchange/mod.ts";
import { type ConnectionHome, type EndpointPool, UpstreamConnection } from "./connection.ts";

/** Longest time to send what was written to a connection before it closes. */
const FINISH_MS = 30_000;

/** Limits of idle connections. */
export type IdleLimits = WireSettings["upstreamIdle"];

/** All connections of a process by address. Endpoints with the same address share them, whatever their upstream. */
export class UpstreamPools implements ConnectionHome, UpstreamSource {
  #limits: IdleLimits;
  readonly #wheel: DeadlineWheel;
  readonly #byKey = new Map<string, EndpointPool>();
  /** Pools by endpoint object, which saves the key for each request. */
  readonly #byEndpoint = new WeakMap<Endpoint, EndpointPool>();
  #idle = 0;
  #live = 0;
  /** Ends of the list of idle connections, in the order in which they became idle. */
  #oldest: UpstreamConnection | null = null;
  #newest: UpstreamConnection | null = null;
  #closing = false;

  constructor(wheel: DeadlineWheel, limits: IdleLimits) {
    this.#wheel = wheel;
    this.#limits = limits;
  }

  /** Takes over new limits. Open connections stay within them. */
  update(limits: IdleLimits): void {
    this.#limits = limits;
    while (this.#idle > limits.connections) this.dropIdle(this.#oldest!);
  }

  /** Number of open connections. */
  get liveConnections(): number {
    return this.#live;
  }

  /** Closes the connection that has been idle for the longest; false when there is none. */
  dropOldestIdle(): boolean {
    if (this.#oldest === null) return false;
    this.dropIdle(this.#oldest);
    return true;
  }

  /** Number of idle connections. */
  get idleConnections(): number {
    return this.#idle;
  }

  get keepsConnections(): boolean {
    return this.#limits.connections > 0;
  }

  /** Returns an idle connection; `null` when there is none. */
  take(endpoint: Endpoint, tls: UpstreamTls | null, owner: LeaseOwner): UpstreamConnection | null {
    const { idle } = this.#pool(endpoint, tls);
    const connection = idle.pop();
    if (connection === undefined) return null;
    this.#unlink(connection);
    return connection.lease(owner);
  }

  /** Opens a connection, and reports to the owner. */
  connect(endpoint: Endpoint, tls: UpstreamTls | null, owner: LeaseOwner): UpstreamConnection {
    const pool = this.#pool(endpoint, tls);
    const connection = new UpstreamConnection(this.#wheel, this, pool, endpoint, tls, owner);
    pool.live++;
    this.#live++;
    this.#byKey.set(pool.key, pool);
    return connection;
  }

  giveBack(connection: UpstreamConnection): void {
    const limits = this.#limits;
    if (
      !connection.usable || !connection.reusable || this.#closing || connection.pool.retired ||
      limits.connections <= 0 ||
      connection.requests >= limits.requests ||
      this.#wheel.nowMs - connection.createdMs >= limits.lifetimeMs
    ) return this.discard(connection);
    if (this.#idle >= limits.connections) this.dropIdle(this.#oldest!);
    connection.rest();
    connection.setDeadline(limits.timeoutMs);
    connection.pool.idle.push(connection);
    connection.idlePrevious = this.#newest;
    if (this.#newest === null) this.#oldest = connection;
    else this.#newest.idleNext = connection;
    this.#newest = connection;
    this.#idle++;
  }

  discard(connection: UpstreamConnection): void {
    if (connection.closed) return;
    connection.destroy();
    this.#forget(connection);
  }

  finish(connection: UpstreamConnection): void {
    if (connection.closed) return;
    connection.close(FINISH_MS);
    this.#forget(connection);
  }

  #forget(connection: UpstreamConnection): void {
    const { pool } = connection;
    this.#live--;
    if (--pool.live === 0 && this.#byKey.get(pool.key) === pool) this.#byKey.delete(pool.key);
  }

  dropIdle(connection: UpstreamConnection): void {
    const { idle } = connection.pool;
    const at = idle.indexOf(connection);
    if (at < 0) return;
    idle.splice(at, 1);
    this.#unlink(connection);
    this.discard(connection);
  }

  /** Closes the idle connections to endpoints that have left now, those in use when they are given back. */
  drain(endpoints: readonly Endpoint[]): void {
    const addresses = new Set(endpoints.map(addressKey));
    for (const pool of [...this.#byKey.values()]) {
      if (!addresses.has(pool.address)) continue;
      pool.retired = true;
      // an endpoint that comes back gets a new pool
      this.#byKey.delete(pool.key);
      for (const connection of [...pool.idle]) this.dropIdle(connection);
    }
  }

  /** Closes idle connections now, the others when they are given back. */
  close(): void {
    this.#closing = true;
    while (this.#oldest !== null) this.dropIdle(this.#oldest);
  }

  #unlink(connection: UpstreamConnection): void {
    const { idlePrevious, idleNext } = connection;
    if (idlePrevious === null) this.#oldest = idleNext;
    else idlePrevious.idleNext = idleNext;
    if (idleNext === null) this.#newest = idlePrevious;
    else idleNext.idlePrevious = idlePrevious;
    connection.idlePrevious = null;
    connection.idleNext = null;
    this.#idle--;
  }

  #pool(endpoint: Endpoint, tls: UpstreamTls | null): EndpointPool {
    if (tls !== null) return this.#named(addressKey(endpoint), ` ${tls.key}`);
    let pool = this.#byEndpoint.get(endpoint);
    // a pool without connections is removed, and another may have taken its place
    if (pool === undefined || pool.live === 0 || pool.retired) {
      pool = this.#named(addressKey(endpoint), "");
      this.#byEndpoint.set(endpoint, pool);
    }
    return pool;
  }

  #named(address: string, suffix: string): EndpointPool {
    const key = address + suffix;
    return this.#byKey.get(key) ?? { key, address, retired: false, idle: [], live: 0 };
  }
}

function addressKey({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
