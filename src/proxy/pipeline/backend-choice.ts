/**
 * Which backend of a location gets a request: the one that the client is bound to, else that of the first condition that
 * holds, else one drawn by weight.
 *
 * @module
 */
import type { Exchange, LocationFacts } from "../../http/exchange.ts";
import { instantiate, variableGetter } from "../../nginx/mod.ts";
import type { BackendCondition, BackendSet, ValueMatch } from "../../snapshot/snapshot.ts";
import { drawByWeight, type UpstreamGroup } from "../balancer/mod.ts";

/** One upstream of a location with several. */
export class Candidate {
  #group: UpstreamGroup;

  constructor(
    group: UpstreamGroup,
    /** Facts of the location for the requests that this upstream gets. */
    readonly facts: LocationFacts,
    readonly upstream: (name: string) => UpstreamGroup,
  ) {
    this.#group = group;
  }

  /** Upstreams leave the tables, and others of the same name come. */
  get group(): UpstreamGroup {
    if (this.#group.retired) this.#group = this.upstream(this.#group.name);
    return this.#group;
  }
}

interface Rule {
  readonly holds: (exchange: Exchange) => boolean;
  readonly candidate: Candidate;
}

interface Share {
  readonly candidate: Candidate;
  readonly weight: number;
}

/** The backends of one location that has more than one. */
export class BackendChoice {
  /** The first of the weighted backends: the location goes by it. */
  readonly main: Candidate;
  /** Requests for other backends go to {@link BackendChoice.main} when those have no endpoints. */
  readonly emptyToMain: boolean;
  /** Each upstream once, the main one first. */
  readonly #candidates: readonly Candidate[];
  readonly #rules: readonly Rule[];
  readonly #shares: readonly Share[];
  readonly #random: () => number;

  /**
   * @param facts those of the location, for requests that its main upstream gets
   * @param upstream finds an upstream of the tables
   * @throws {SyntaxError} an expression was not made by `compilePattern`
   */
  constructor(
    set: BackendSet,
    facts: LocationFacts,
    upstream: (name: string) => UpstreamGroup,
    random: () => number = Math.random,
  ) {
    const byName = new Map<string, Candidate>();
    const candidateOf = (name: string): Candidate => {
      let candidate = byName.get(name);
      if (candidate === undefined) {
        const own = byName.size === 0 ? facts : { ...facts, alternativeUpstreamName: name };
        byName.set(name, candidate = new Candidate(upstream(name), own, upstream));
      }
      return candidate;
    };
    this.#shares = set.weighted.map(({ upstream, weight }) => ({ candidate: candidateOf(upstream), weight }));
    this.#rules = set.conditional.map(({ when, upstream }) => {
      return { holds: compileCondition(when), candidate: candidateOf(upstream) };
    });
    this.main = this.#shares[0]!.candidate;
    this.emptyToMain = set.whenEmpty === "first";
    this.#candidates = [...byName.values()];
    this.#random = random;
  }

  /** The backend of a request, whether or not that has endpoints. */
  choose(exchange: Exchange): Candidate {
    for (const candidate of this.#candidates) if (candidate.group.isBound(exchange)) return candidate;
    for (const { holds, candidate } of this.#rules) if (holds(exchange)) return candidate;
    return drawByWeight(this.#shares, ({ weight }) => weight, this.#random)?.candidate ?? this.main;
  }
}

function compileCondition(when: BackendCondition): (exchange: Exchange) => boolean {
  switch (when.kind) {
    case "header": {
      const fits = compileMatch(when.match);
      // as nginx finds $http_name: "-" and "_" are the same, and several lines are one
      const name = when.name.toLowerCase().replaceAll("_", "-");
      const get = variableGetter(`http_${name}`);
      return (exchange) => exchange.request.has(name) && fits(get(exchange));
    }
    case "cookie": {
      const get = variableGetter(`cookie_${when.name.toLowerCase()}`);
      return (exchange) => exchange.request.has("cookie") && get(exchange) === when.value;
    }
    default:
      return when satisfies never;
  }
}

function compileMatch(match: ValueMatch): (value: string) => boolean {
  switch (match.kind) {
    case "exact":
      return (value) => value === match.value;
    case "pattern": {
      const matcher = instantiate(match.pattern);
      return (value) => matcher.test(value);
    }
    default:
      return match satisfies never;
  }
}
