/**
 * What an annotation family is: declarations, plain data, and hooks.
 *
 * A policy file has, top to bottom: the `@module` comment; annotation declarations; the `XxxPolicy` type (plain data,
 * it stands in the snapshot); `parse` (annotations -> policy or diagnostics, runs in the compiler); `hooks` (policy ->
 * functions on Hono's Context, runs once in the data plane when its tables are built); one exported object that
 * `satisfies PolicyModule<XxxPolicy>`. `./mod.ts` lists the policies in the order in which they run.
 *
 * @module
 */
import type { Context, MiddlewareHandler } from "hono";
import type { GenericSchema } from "valibot";
import type { Diagnostic } from "../diagnostic.ts";
import type { Answer, BodyTransform, Exchange, LocationFacts } from "../http/exchange.ts";
import type { Globals, Policies } from "../snapshot/snapshot.ts";
import type { ConfigReader } from "./config-reader.ts";
import type { Risk } from "./risk.ts";
import type { PolicyState } from "./state.ts";
import type { Subrequest } from "./subrequest.ts";

/** What an invalid value costs, as in ingress-nginx (annotations.json `onInvalid`). */
export type OnInvalid =
  /** A warning, and the value counts as not given. */
  | "ignore"
  /** The Ingress is not (re)loaded; its last good version stays. */
  | "drop-ingress"
  /** Every location of the Ingress answers 503. */
  | "deny-location";

/** Declares one annotation. */
export interface AnnotationDeclaration {
  /** Without prefix, e.g. `proxy-body-size`. */
  readonly key: string;
  /** Former names, tried in order when `key` is absent. */
  readonly aliases?: readonly string[];
  /** Text of the annotation -> accepted or not (validation as ingress-nginx does it). */
  readonly schema: GenericSchema<string, unknown>;
  readonly scope: "location" | "host" | "upstream" | "ingress";
  readonly risk: Risk;
  readonly onInvalid: OnInvalid;
  /** With `ignore`: what an invalid value counts as, where that is not the same as not given. */
  readonly invalidCountsAs?: string;
  /** It restricts access: not honoured means 503. */
  readonly guardsAccess: boolean;
  /** One sentence for the reference table. */
  readonly doc: string;
}

/** What `parse` may look at: one Ingress, and what its annotations refer to. */
export interface PolicyInput {
  /** Empty for locations that come from no Ingress; so is `ingressName`. */
  readonly namespace: string;
  readonly ingressName: string;
  /** Paths and hosts of its rules. */
  readonly paths: readonly string[];
  readonly hosts: readonly string[];
  /** Value of a declared annotation (aliases applied), validated; `undefined` when absent or invalid. */
  annotation(key: string): string | undefined;
  readonly globals: Globals;
  /** Reads the controller's ConfigMap, whose values hold where an annotation is absent. */
  readonly config: ConfigReader;
  secret(namespace: string, name: string): ReadonlyMap<string, Uint8Array> | undefined;
  configMap(namespace: string, name: string): ReadonlyMap<string, string> | undefined;
  /** Reports about an annotation of this Ingress; object, source and full annotation name are filled in. */
  report(
    finding: Pick<Diagnostic, "reason" | "severity" | "message" | "effect"> & { readonly annotation: string },
  ): void;
  /** The access rule cannot be built: all locations of the Ingress answer 503. */
  deny(reason: string): void;
}

/** Hono's Context of an exchange: `c.env` is the {@link Exchange}. */
export type ExchangeContext = Context<{ Bindings: Exchange }>;

/**
 * The location search begins anew with the changed path (`rewrite ... last` in a location); of a host-wide policy: the
 * same as going on. After ten rounds the request is answered 500.
 */
export const SEARCH_AGAIN: unique symbol = Symbol("search again");

/** What a request hook says: nothing (go on), the whole response, or {@link SEARCH_AGAIN}. */
export type RequestVerdict = Answer | Response | typeof SEARCH_AGAIN | undefined | void;

/** Functions that one location (or host) runs for one policy. Only hooks that are needed are present. */
export interface PolicyHooks {
  /** Before proxying. A promise costs, so return one only when there is something to wait for. */
  readonly request?: (c: ExchangeContext) => RequestVerdict | Promise<RequestVerdict>;
  /** When the head of the final response is known, whoever made it; edits `c.env.status` and `c.env.response`. */
  readonly response?: (c: ExchangeContext) => void | Promise<void>;
  /** As {@link PolicyHooks.request}, but in the access phase whatever the phase of the policy. */
  readonly access?: (c: ExchangeContext) => RequestVerdict | Promise<RequestVerdict>;
  /**
   * Of host-wide policies: location blocks of their own, which compete with the locations of the host. Asked in every
   * location search; `undefined`: no block takes the path. The function that comes back handles the request alone.
   */
  readonly locate?: (exchange: Exchange, found: FoundLocation) => ((c: ExchangeContext) => RequestVerdict) | undefined;
  /** What to answer in place of an answer made here without a body of its own (nginx error_page). */
  readonly errorPage?: (exchange: Exchange, answer: Answer) => Answer;
  /**
   * When the head of the final response is known, before the response hooks: what its body goes through. Content-Length,
   * ETag and Accept-Ranges are seen to. Not asked for responses without a body, nor for parts of one (206).
   */
  readonly body?: (c: ExchangeContext) => BodyTransform | undefined;
  /**
   * When the head of the final response is known, before all else: an answer in its place, such as the page of another
   * upstream, which it may ask for by {@link HookScope.subrequest}. The rest of the response is not read.
   */
  readonly replace?: (c: ExchangeContext) => Answer | undefined | Promise<Answer | undefined>;
  /** When the exchange is over, however it ended; for every location that it has been in, once for each time. Must be quick. */
  readonly end?: (exchange: Exchange) => void;
  /**
   * Generic Hono middleware around proxying, after the request hooks: it may answer, throw an HTTPException, read the body
   * of the request, or call `next` and then change `c.res`, its body included. Slower than hooks: for what waits or is rare,
   * and for ready-made middleware.
   */
  readonly middleware?: MiddlewareHandler<{ Bindings: Exchange }>;
}

/** How the locations of a host match a path. */
export interface FoundLocation {
  /** One matches exactly. */
  readonly exact: boolean;
  /** Length of the longest prefix; -1: none. */
  readonly prefixLength: number;
  /** A regular expression matches. */
  readonly regex: boolean;
}

/** What hooks may precompute from. `location` is `null` for host-wide policies. */
export interface HookScope {
  readonly globals: Globals;
  readonly location: LocationFacts | null;
  /** Path that the location matches by, where that is not the path as written: `/foo/` of Prefix `/foo`. */
  readonly matchPath?: string;
  /** Policies of the virtual host. */
  readonly hostPolicies: Policies;
  /** The host's locations are regexes. */
  readonly regexMode: boolean;
  /** Asked at request time: is a certificate registered for this host (lower case): by its own name or as `*.` and its rest? */
  hasCertificate(host: string): boolean;
  /** Asks an upstream or a URL on behalf of a request. */
  readonly subrequest: Subrequest;
  /** Counts and caches that outlive the tables. */
  readonly state: PolicyState;
}

/**
 * When a location's request hooks run. `rewrite`: first, before it counts whether the upstream has endpoints (503);
 * `access`: after that, up to proxying. Host-wide policies are all `rewrite`, and run before the location search.
 */
export type Phase = "rewrite" | "access";

/** One annotation family. */
export interface PolicyModule<P, N extends string = string> {
  /** Key in the snapshot's `policies`. */
  readonly name: N;
  /** Where the policy is put: on each location of the Ingress, on the host (first Ingress that has one wins), or on the upstream. */
  readonly scope: "location" | "host" | "upstream";
  readonly phase: Phase;
  /**
   * Locations that come from no Ingress (the root of `_`), or all hosts, have the policy too: parsed without annotations,
   * with empty names. Absent: they have not.
   */
  readonly withoutIngress?: true;
  /**
   * Names of host-wide policies. On hosts with one of them `hooks` is asked for every location, with `undefined` for those
   * that have no policy of their own.
   */
  readonly joins?: readonly string[];
  /** The compiler alone reads it: it does not stand in the snapshot. */
  readonly compilerOnly?: true;
  /** An Ingress without rules does not put the policy on the root of `_`, which answers for all hosts. */
  readonly offRoot?: true;
  /** The root that a host has before any rule does not have the policy: it is for the paths of rules. */
  readonly rulesOnly?: true;
  /** `hooks` depends on the policy alone: all locations with the same policy object share what it returns. */
  readonly sharedHooks?: true;
  readonly annotations: readonly AnnotationDeclaration[];
  /** `undefined`: nothing to do for this Ingress. The result must be plain JSON data. */
  parse(input: PolicyInput): P | undefined;
  /** `undefined`: nothing to do at request time (settings that the data plane reads straight from the policy data). */
  hooks?(policy: P, scope: HookScope): PolicyHooks | undefined;
}

/**
 * A family that has hooks. Where hooks read the policies of the host, the module names this type: their own type is made of
 * all modules, and cannot be inferred from one of them.
 */
export type HookedModule<P, N extends string> = PolicyModule<P, N> & Required<Pick<PolicyModule<P, N>, "hooks">>;
