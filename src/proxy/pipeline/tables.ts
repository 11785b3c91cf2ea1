/**
 * The tables of the data plane, updated by differences of the snapshot. An update rebuilds only what it changes; a
 * request keeps the host that it found, with everything below it.
 *
 * @module
 */
import type { Logger } from "../../observe/mod.ts";
import { policies, type PolicyModule, type PolicyState, type Subrequest } from "../../policy/mod.ts";
import { CATCH_ALL, type Endpoint, type SnapshotUpdate, type VirtualHost } from "../../snapshot/snapshot.ts";
import { EndpointReferences, UpstreamGroup } from "../balancer/mod.ts";
import { type HostMatch, HostTable } from "../router/mod.ts";
import { compileExtraFields } from "./extra-fields.ts";
import { OwnLengths } from "./head-lengths.ts";
import { type ExtraLocations, HostRuntime } from "./host-runtime.ts";
import { type MiddlewareRule, MiddlewareRules } from "./middleware.ts";
import { TableContext } from "./table-context.ts";

/** Options of the tables. */
export interface TablesOptions {
  readonly logger: Logger;
  hasCertificate(host: string): boolean;
  readonly subrequest: Subrequest;
  readonly state: PolicyState;
  /** Hono middleware by host and path. Default: none. */
  readonly middleware?: readonly MiddlewareRule[];
  /** Counts and logs an error of a middleware. Default: it is ignored. */
  readonly report?: (error: unknown) => void;
  /** Policies in order of execution. Default: those of the policy room. */
  readonly modules?: readonly PolicyModule<unknown>[];
  /** Called with endpoints that no upstream contains any more. */
  readonly onLeave?: (endpoints: readonly Endpoint[]) => void;
  /** Locations of the catch-all host in addition to those of the snapshot. */
  readonly catchAllLocations: ExtraLocations;
}

/** Hosts and upstreams. */
export class Tables {
  readonly #options: TablesOptions;
  readonly #middleware: MiddlewareRules | null;
  readonly #hosts = new HostTable<HostRuntime>();
  readonly #groups = new Map<string, UpstreamGroup>();
  readonly #references = new EndpointReferences();
  /** An update is changing upstreams; endpoints that have left are known at its end. */
  #changing = false;
  #context: TableContext | null = null;
  /** Hosts whose request heads may be longer or shorter than those of others. */
  readonly headLengths: OwnLengths = new OwnLengths();

  constructor(options: TablesOptions) {
    this.#options = options;
    const { middleware = [] } = options;
    this.#middleware = middleware.length === 0 ? null : new MiddlewareRules(middleware);
  }

  /** Applies an update; the first one must contain the globals. */
  apply(update: SnapshotUpdate): void {
    this.#changing = true;
    for (const name of update.upstreams.remove) {
      this.#groups.get(name)?.retire();
      this.#groups.delete(name);
    }
    for (const upstream of update.upstreams.set) this.#group(upstream.name).update(upstream);
    this.#changing = false;
    this.#tellUnreferenced();

    const changed = new Map<string, VirtualHost>();
    if (update.globals !== undefined) {
      const { headers } = update.globals;
      this.#context = new TableContext(
        update.globals,
        {
          request: compileExtraFields("proxy-set-headers", headers.proxySetHeaders, this.#options.logger),
          response: compileExtraFields("add-headers", headers.addHeaders, this.#options.logger),
        },
        {
          logger: this.#options.logger,
          modules: this.#options.modules ?? policies,
          hasCertificate: (host) => this.#options.hasCertificate(host),
          subrequest: this.#options.subrequest,
          state: this.#options.state,
          middleware: this.#middleware,
          report: this.#options.report ?? (() => {}),
          upstream: (name) => this.#group(name),
          findUpstream: (name) => {
            const group = this.#groups.get(name);
            return group?.namespace === undefined ? undefined : group;
          },
        },
      );
      for (const { host } of this.#hosts.values()) changed.set(host.name, host);
    }
    const context = this.#context;
    if (context === null) throw new TypeError("the first update of the data plane must have the globals");
    for (const name of update.virtualHosts.remove) changed.delete(name);
    for (const host of update.virtualHosts.set) changed.set(host.name, host);
    for (const name of update.virtualHosts.remove) this.headLengths.remove(name);
    for (const host of update.virtualHosts.set) this.headLengths.set(host);
    this.#hosts.change(
      [...changed.values()].map((host) => [host.name, host.names, this.#makeHost(host, context)]),
      update.virtualHosts.remove,
    );
  }

  /** Finds the host of an authority in any spelling; `undefined` only before the first update. */
  match(authority: string): HostMatch<HostRuntime> | undefined {
    return this.#hosts.match(authority);
  }

  /** The upstream of that name; one without endpoints when there is none. */
  upstream(name: string): UpstreamGroup {
    return this.#group(name);
  }

  get context(): TableContext | null {
    return this.#context;
  }

  /** Ends look-ups of names. */
  close(): void {
    for (const group of this.#groups.values()) group.retire();
    this.#groups.clear();
  }

  #makeHost(host: VirtualHost, context: TableContext): HostRuntime {
    return new HostRuntime(host, context, host.name === CATCH_ALL ? this.#options.catchAllLocations : []);
  }

  #group(name: string): UpstreamGroup {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = new UpstreamGroup(name, this.#options.logger, {
        onChange: (before, after) => {
          this.#references.replace(before, after);
          if (!this.#changing) this.#tellUnreferenced();
        },
      });
      this.#groups.set(name, group);
    }
    return group;
  }

  #tellUnreferenced(): void {
    const unreferenced = this.#references.takeUnreferenced();
    if (unreferenced.length > 0) this.#options.onLeave?.(unreferenced);
  }
}
