/**
 * A routing API that only tests have, with a store of its own: what a second API comes to is a second translator.
 *
 * @module
 */
import {
  type RouteCertificate,
  type RouteContribution,
  routeId,
  type RouteTranslator,
  type TouchedObjects,
  type Translation,
  type TranslationContext,
  upstreamId,
} from "../../src/compiler/mod.ts";
import { metadata } from "./compiler.ts";

/** Like an HTTPRoute with one rule: a host, a path, and Services by weight. */
export interface ToyRoute {
  /** `namespace/name`. */
  readonly name: string;
  readonly createdMs: number;
  readonly host: string;
  /** A prefix. */
  readonly path: string;
  /** `service:port` -> weight. */
  readonly backends: Readonly<Record<string, number>>;
  /** Name of a Secret of its namespace. */
  readonly secret?: string;
}

const NAME = "toy";

/** Objects are put and removed; the next compilation takes that in. */
export class ToyRoutes implements RouteTranslator {
  readonly name = NAME;
  readonly #routes = new Map<string, ToyRoute>();
  #touched = new Set<string>();

  constructor(routes: Iterable<ToyRoute> = []) {
    for (const route of routes) this.put(route);
  }

  put(route: ToyRoute): void {
    this.#routes.set(route.name, route);
    this.#touched.add(route.name);
  }

  remove(name: string): void {
    this.#routes.delete(name);
    this.#touched.add(name);
  }

  all(): readonly ToyRoute[] {
    return [...this.#routes.values()];
  }

  keys(): Iterable<string> {
    return this.#routes.keys();
  }

  touched(): TouchedObjects {
    const keys = this.#touched;
    this.#touched = new Set();
    return { all: false, keys };
  }

  translate(key: string, context: TranslationContext): Translation {
    const route = this.#routes.get(key);
    if (route === undefined) return { contribution: undefined, diagnostics: [] };
    return { contribution: contribute(route, context), diagnostics: [] };
  }
}

function contribute(route: ToyRoute, { common }: TranslationContext): RouteContribution {
  const { namespace, name } = metadata(route.name);
  const weighted = Object.entries(route.backends).map(([text, weight]) => {
    const [serviceName = "", servicePort = ""] = text.split(":");
    return { id: upstreamId(namespace, serviceName, servicePort), serviceName, servicePort, weight };
  });
  const certificates: readonly RouteCertificate[] = route.secret === undefined
    ? []
    : [{ id: `${namespace}/${route.secret}`, field: "secret" }];
  return {
    id: routeId(NAME, route.name),
    origin: { kind: "ToyRoute", metadata: { namespace, name }, source: { kind: "memory", name: NAME } },
    rank: { createdMs: route.createdMs, name: route.name },
    ref: { namespace, name },
    policies: { location: common.policies, host: {}, upstream: {} },
    denied: null,
    hosts: [route.host],
    hostless: false,
    matches: () => [{
      path: route.path,
      pathType: "Prefix",
      backend: { kind: "several", conditional: [], weighted, whenEmpty: "refuse" },
      field: "match",
    }],
    fallback: null,
    standIn: undefined,
    upstreams: new Set(weighted.map(({ id }) => id)),
    mentions: (id) => weighted.flatMap((each, i) => each.id === id ? [{ as: "match", field: `backends[${i}]` }] : []),
    certificates,
    listed: new Map(certificates.map((certificate) => [route.host, certificate])),
    reads: [],
    placeOf: (policy) => ({ field: `policies.${policy}` }),
  };
}
