/**
 * Interface of an annotation family: declarations, plain data, and hooks.
 *
 * A policy file has, top to bottom: the `@module` comment; annotation declarations; the `XxxPolicy` type (plain data in
 * the snapshot); `parse` (annotations to policy or diagnostics, in the compiler); `hooks` (policy to functions on
 * Hono's Context, called in the data plane when its tables are built); one exported object that `satisfies
 * PolicyModule<XxxPolicy>`. `./mod.ts` lists the policies in order of execution.
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

/** Effect of an invalid value, as in ingress-nginx (annotations.json `onInvalid`). */
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
  /** Validates the text of the annotation as ingress-nginx does. */
  readonly schema: GenericSchema<string, unknown>;
  readonly scope: "location" | "host" | "upstream" | "ingress";
  readonly risk: Risk;
  readonly onInvalid: OnInvalid;
  /** With `ignore`: value that an invalid one counts as, when that is not the same as not given. */
  readonly invalidCountsAs?: string;
  /** The annotation restricts access: when it is not honoured, the answer is 503. */
  readonly guardsAccess: boolean;
  /** One sentence for the reference table. */
  readonly doc: string;
}

/** Input of `parse`: one Ingress, and the objects that its annotations refer to. */
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
  /** Reports a finding about an annotation of this Ingress; object, source and full annotation name are added. */
  report(
    finding: Pick<Diagnostic, "reason" | "severity" | "message" | "effect"> & { readonly annotation: string },
  ): void;
  /** The access rule cannot be built: all locations of the Ingress answer 503. */
  deny(reason: string): void;
}

/** Hono's Context of an exchange: `c.env` is the {@link Exchange}. */
export type ExchangeContext = Context<{ Bindings: Exchange }>;

/**
 * The location search begins again with the changed path (`rewrite ... last` in a location); for a host-wide policy,
 * the request goes on. After ten rounds the answer is 500.
 */
export const SEARCH_AGAIN: unique symbol = Symbol("search again");

/** Result of a request hook: nothing (go on), the whole response, or {@link SEARCH_AGAIN}. */
export type RequestVerdict = Answer | Response | typeof SEARCH_AGAIN | undefined | void;

/** Functions that one location (or host) runs for one policy. Only hooks that are needed are present. */
export interface PolicyHooks {
  /** Called before proxying. A promise costs time: return one only to wait for something. */
  readonly request?: (c: ExchangeContext) => RequestVerdict | Promise<RequestVerdict>;
  /**
   * Called when the head of the final response is known, whether an upstream or the program made it; edits
   * `c.env.status` and `c.env.response`.
   */
  readonly response?: (c: ExchangeContext) => void | Promise<void>;
  /** As {@link PolicyHooks.request}, but in the access phase whatever the phase of the policy. */
  readonly access?: (c: ExchangeContext) => RequestVerdict | Promise<RequestVerdict>;
  /**
   * For host-wide policies: location blocks that compete with the locations of the host. Called in every location
   * search; `undefined`: no block matches the path. The returned function handles the request alone.
   */
  readonly locate?: (exchange: Exchange, found: FoundLocation) => ((c: ExchangeContext) => RequestVerdict) | undefined;
  /** Returns a replacement for an own answer without a body (nginx error_page). */
  readonly errorPage?: (exchange: Exchange, answer: Answer) => Answer;
  /**
   * Called when the head of the final response is known, before the response hooks; returns a transform of the body.
   * Content-Length, ETag and Accept-Ranges are adjusted. Not called for responses without a body, nor for parts of one
   * (206).
   */
  readonly body?: (c: ExchangeContext) => BodyTransform | undefined;
  /**
   * Called first when the head of the final response is known; returns an answer in its place, such as the page of
   * another upstream by {@link HookScope.subrequest}. The rest of the response is not read.
   */
  readonly replace?: (c: ExchangeContext) => Answer | undefined | Promise<Answer | undefined>;
  /** Called when the exchange is over, for every location that it has been in, once for each time. It must be quick. */
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
  /** It redirects to the path with a slash behind it. A snippet's location of just this path comes before it. */
  readonly slashRedirect?: true;
  /** Length of the longest prefix; -1: none. */
  readonly prefixLength: number;
  /** A regular expression matches. */
  readonly regex: boolean;
}

/** Input of `hooks`, to precompute from. `location` is `null` for host-wide policies. */
export interface HookScope {
  readonly globals: Globals;
  readonly location: LocationFacts | null;
  /** Path that the location matches by, where that is not the path as written: `/foo/` of Prefix `/foo`. */
  readonly matchPath?: string;
  /** Policies of the virtual host. */
  readonly hostPolicies: Policies;
  /** The host's locations are regexes. */
  readonly regexMode: boolean;
  /**
   * True when a certificate is registered for the host (lower case), by its own name or as `*.` and its rest. For use
   * at request time.
   */
  hasCertificate(host: string): boolean;
  /** Sends a request to an upstream or a URL on behalf of a request. */
  readonly subrequest: Subrequest;
  /** Counts and caches that outlive the tables. */
  readonly state: PolicyState;
}

/**
 * Phase of a location's request hooks. `rewrite`: first, before the check for endpoints (503); `access`: after it,
 * before proxying. Host-wide policies all run in `rewrite`, before the location search.
 */
export type Phase = "rewrite" | "access";

/** One annotation family. */
export interface PolicyModule<P, N extends string = string> {
  /** Key in the snapshot's `policies`. */
  readonly name: N;
  /**
   * Place of the policy: each location of the Ingress, the host (the first Ingress with one counts), or the upstream.
   */
  readonly scope: "location" | "host" | "upstream";
  readonly phase: Phase;
  /**
   * Locations without an Ingress (the root of `_`), or all hosts, have the policy too, parsed without annotations and
   * with empty names. Default: they do not.
   */
  readonly withoutIngress?: true;
  /**
   * Names of host-wide policies. On hosts with one of them `hooks` is called for every location, with `undefined` for
   * those without a policy.
   */
  readonly joins?: readonly string[];
  /** Only the compiler reads the policy; it is not in the snapshot. */
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
 * A family with hooks. A module whose hooks read policies of the host names this type: the type of those policies is
 * made of all modules, and cannot be inferred from one of them.
 */
export type HookedModule<P, N extends string> = PolicyModule<P, N> & Required<Pick<PolicyModule<P, N>, "hooks">>;
