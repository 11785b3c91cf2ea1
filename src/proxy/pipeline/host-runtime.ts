/**
 * A virtual host at run time. Its tables and handlers are made at its first request: most hosts of a large cluster are
 * idle, and an update must not build all of them.
 *
 * @module
 */
import type { ExchangeContext, FoundLocation, RequestVerdict } from "../../policy/mod.ts";
import type { Location, VirtualHost } from "../../snapshot/snapshot.ts";
import { type LocationHit, type LocationRule, LocationTable } from "../router/mod.ts";
import type { ServerExchange } from "../contract.ts";
import { type CompiledHooks, compileHooks } from "./compile-hooks.ts";
import { type ResponseStep, runSteps, type Step } from "./hook-chain.ts";
import { compileLocation, type LocationRuntime } from "./location-runtime.ts";
import type { HostMiddleware } from "./middleware.ts";
import type { TableContext } from "./table-context.ts";

/** Slot of the location table; the location is compiled when it is first found. */
export interface Slot {
  readonly location: Location | null;
  runtime: LocationRuntime | null;
}

/** Locations of a host in addition to those of the snapshot. */
export type ExtraLocations = readonly (readonly [rule: LocationRule, location: LocationRuntime])[];

/** Compiled host policies. */
interface HostHooks {
  readonly steps: readonly Step[];
  readonly response: readonly ResponseStep[];
  readonly locate: CompiledHooks["locate"];
  readonly foreign: boolean;
}

/** No location of the host matches a path. */
const NOWHERE: FoundLocation = { exact: false, prefixLength: -1, regex: false };

/** A host of the tables. */
export class HostRuntime {
  #locations: LocationTable<Slot> | null = null;
  #hooks: HostHooks | null = null;
  /** Of the program that embeds the data plane. */
  readonly #middleware: HostMiddleware | null;

  constructor(
    readonly host: VirtualHost,
    readonly tables: TableContext,
    readonly extra: ExtraLocations = [],
  ) {
    this.#middleware = tables.sources.middleware?.of(host) ?? null;
  }

  /** As {@link CompiledHooks.foreign}. */
  get foreign(): boolean {
    return this.#compiled().foreign;
  }

  /** True when the host has steps before the location search, or location blocks of its own. */
  get hasSteps(): boolean {
    const { steps, locate } = this.#compiled();
    return steps.length > 0 || locate.length > 0;
  }

  /** Returns the block of a host policy that handles the path in place of the location found. */
  block(exchange: ServerExchange, hit: LocationHit<Slot> | undefined): Step | undefined {
    for (const locate of this.#compiled().locate) {
      const block = locate(exchange, hit?.found ?? NOWHERE);
      if (block !== undefined) return block;
    }
    return undefined;
  }

  get responseSteps(): readonly ResponseStep[] {
    return this.#compiled().response;
  }

  /** Runs the steps of the host before the location search; see {@link runSteps}. */
  runSteps(c: ExchangeContext): RequestVerdict | Promise<RequestVerdict> {
    return runSteps(this.#compiled().steps, c);
  }

  /** Finds the location of a decoded, normalised path, and compiles it. */
  find(path: string): LocationHit<Slot> | undefined {
    this.#locations ??= this.#makeTable();
    const hit = this.#locations.find(path);
    if (hit === undefined) return undefined;
    const slot = hit.value;
    slot.runtime ??= compileLocation(
      slot.location!,
      this.host.name,
      this.host.regexMode,
      this.host.policies,
      this.tables,
      this.#middleware,
    );
    return hit;
  }

  #makeTable(): LocationTable<Slot> {
    const rules: [LocationRule, Slot][] = [];
    const redirects: [LocationRule, Slot][] = [];
    const slots = new Map<string, Slot>();
    for (const location of this.host.locations) {
      const { match, path, pathType } = location;
      if (match.kind === "slash-redirect") {
        redirects.push([{ kind: "exact", path: match.path, slashRedirect: true }, { location, runtime: null }]);
        continue;
      }
      // the two rules of a Prefix path differ in nothing else
      const key = `${pathType} ${path}`;
      let slot = slots.get(key);
      if (slot === undefined) slots.set(key, slot = { location, runtime: null });
      rules.push([match, slot]);
    }
    for (const [rule, runtime] of this.extra) rules.push([rule, { location: null, runtime }]);
    // after the other rules: an exact location of that path is served and not redirected
    return new LocationTable([...rules, ...redirects]);
  }

  #compiled(): HostHooks {
    if (this.#hooks !== null) return this.#hooks;
    const { sources, globals } = this.tables;
    try {
      const hooks = compileHooks("host", this.host.policies, {
        globals,
        location: null,
        hostPolicies: this.host.policies,
        regexMode: this.host.regexMode,
        hasCertificate: this.tables.hasCertificate,
        subrequest: this.tables.subrequest,
        state: this.tables.sources.state,
      }, sources.modules);
      const { rewrite, access, response, locate, foreign } = hooks;
      this.#hooks = { steps: [...rewrite, ...access], response, locate, foreign };
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      sources.logger.error("cannot build a virtual host, it answers 503", { host: this.host.name, cause });
      const failure = { code: "denied", cause: `the virtual host cannot be built: ${cause}` } as const;
      this.#hooks = { steps: [() => ({ status: 503, failure })], response: [], locate: [], foreign: false };
    }
    return this.#hooks;
  }
}
