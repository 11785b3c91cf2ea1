/**
 * What policies are given: annotations validated as the compiler does it, settings with the defaults, and scopes.
 *
 * @module
 */
import { ManualClock } from "../../src/observe/mod.ts";
import { ConfigReader } from "../../src/policy/mod.ts";
import { KeptState } from "../../src/proxy/state/mod.ts";
import * as v from "valibot";
import type { AnnotationDeclaration, HookScope, PolicyInput, PolicyModule } from "../../src/policy/contract.ts";
import { policies } from "../../src/policy/mod.ts";
import type { Globals, Policies } from "../../src/snapshot/snapshot.ts";

/** Settings that change one group or another; the rest is ingress-nginx's defaults. */
export type FakeGlobals = { readonly [K in keyof Globals]?: Partial<Globals[K]> };

const DEFAULTS: Globals = {
  ports: { http: 80, https: 443 },
  realIp: {
    useForwardedHeaders: false,
    enableRealIp: false,
    computeFullForwardedFor: false,
    forwardedForHeader: "x-forwarded-for",
    forwardedHostHeader: "x-forwarded-host",
    trustedCidrs: ["0.0.0.0/0"],
  },
  headers: {
    generateRequestId: true,
    proxyAddOriginalUriHeader: false,
    enableUnderscoresInHeaders: false,
    ignoreInvalidHeaders: true,
    hideHeaders: [],
    allowBackendServerHeader: false,
    serverTokens: false,
    proxySetHeaders: [],
    addHeaders: [],
  },
  redirect: { code: 308, usePortInRedirects: false, noTlsRedirectLocations: ["/.well-known/acme-challenge"] },
  hsts: { enabled: true, maxAgeSeconds: 31536000, includeSubdomains: true, preload: false },
  tls: {
    rejectHandshake: false,
    useHttp2: true,
    http2MaxConcurrentStreams: 128,
  },
  client: {
    headerTimeoutMs: 60_000,
    bodyTimeoutMs: 60_000,
    keepAliveMs: 75_000,
    keepAliveRequests: 1000,
    headerBufferBytes: 1024,
    largeHeaderBuffers: { count: 4, bytes: 8192 },
  },
  upstreamKeepAlive: { connections: 320, timeoutMs: 60_000, requests: 10_000, lifetimeMs: 3_600_000 },
  accessLog: { enabled: true, path: "stdout", format: "", escape: "default", ofDefaultBackend: false, skipUrls: [] },
  workerProcesses: "auto",
  workerShutdownTimeoutMs: 240_000,
  errorLogLevel: "notice",
};

export function fakeGlobals(given: FakeGlobals = {}): Globals {
  const merged = Object.entries(DEFAULTS).map(([key, value]) => {
    const own = given[key as keyof Globals];
    return [key, typeof value === "object" && own !== undefined ? { ...value, ...own as object } : own ?? value];
  });
  return Object.fromEntries(merged) as Globals;
}

/** What stands around the annotations. */
export interface FakeSurroundings {
  readonly config?: Readonly<Record<string, string>>;
  readonly globals?: FakeGlobals;
  /** By `namespace/name`. */
  readonly configMaps?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** False: --enable-annotation-validation=false. */
  readonly validate?: boolean;
  readonly paths?: readonly string[];
  readonly hosts?: readonly string[];
}

/** What came of one Ingress. */
export interface Parsed<P> {
  readonly policy: P | undefined;
  /** Findings of `parse`, as `annotation: message`. */
  readonly findings: readonly string[];
  /** Reasons why the locations are closed. */
  readonly denied: readonly string[];
  /** Keys of values that the schemas refused, with what follows. */
  readonly invalid: readonly string[];
}

const declared = new Map<string, AnnotationDeclaration>(
  policies.flatMap((policy) => policy.annotations.map((each) => [each.key, each] as const)),
);

/** Validates the annotations and runs `parse`. */
export function parsePolicy<P>(
  module: PolicyModule<P>,
  annotations: Readonly<Record<string, string>> = {},
  around: FakeSurroundings = {},
): Parsed<P> {
  const findings: string[] = [];
  const denied: string[] = [];
  const invalid: string[] = [];
  const own = new Map(module.annotations.map((each) => [each.key, each] as const));
  const valid = new Map<string, string>();
  for (const [key, declaration] of new Map([...declared, ...own])) {
    const name = [key, ...declaration.aliases ?? []].find((each) => annotations[each] !== undefined);
    if (name === undefined) continue;
    if (around.validate === false || v.safeParse(declaration.schema, annotations[name]).success) {
      valid.set(key, annotations[name]!);
    } else invalid.push(`${key}: ${declaration.onInvalid}`);
  }
  const look = (from: FakeSurroundings["configMaps"], namespace: string, name: string) => {
    const data = from?.[`${namespace}/${name}`];
    return data === undefined ? undefined : Object.entries(data);
  };
  const input: PolicyInput = {
    namespace: "default",
    ingressName: "app",
    paths: around.paths ?? ["/"],
    hosts: around.hosts ?? ["a.example"],
    annotation: (key) => valid.get(key),
    globals: fakeGlobals(around.globals),
    config: new ConfigReader(
      new Map(Object.entries(around.config ?? {})),
      (key, finding) => findings.push(`${key}: ${finding.message}`),
    ),
    secret: (namespace, name) => {
      const entries = look(around.secrets, namespace, name);
      return entries && new Map(entries.map(([key, text]) => [key, new TextEncoder().encode(text)]));
    },
    configMap: (namespace, name) => {
      const entries = look(around.configMaps, namespace, name);
      return entries && new Map(entries);
    },
    report: (finding) => findings.push(`${finding.annotation}: ${finding.message}`),
    deny: (reason) => denied.push(reason),
  };
  const policy = module.parse(input);
  if (policy !== undefined) JSON.parse(JSON.stringify(policy));
  return { policy, findings, denied, invalid };
}

/** What a test may say of a scope; the rest is location `/` of Ingress default/app, without certificates. */
export interface FakeScope {
  readonly globals?: FakeGlobals;
  /** Path of the location; `null`: the scope of a host. */
  readonly path?: string | null;
  readonly regexMode?: boolean;
  readonly certificates?: readonly string[];
  readonly hostPolicies?: Policies;
}

export function fakeScope(given: FakeScope = {}): HookScope {
  return {
    globals: fakeGlobals(given.globals),
    location: given.path === null ? null : {
      namespace: "default",
      ingressName: "app",
      serviceName: "echo",
      servicePort: "80",
      path: given.path ?? "/",
      upstreamName: "default-echo-80",
      alternativeUpstreamName: "",
    },
    hostPolicies: given.hostPolicies ?? {},
    regexMode: given.regexMode ?? false,
    hasCertificate: (host) => given.certificates?.includes(host) === true,
    state: new KeptState({ clock: new ManualClock() }),
    subrequest: () => Promise.reject(new TypeError("no subrequests here")),
  };
}
