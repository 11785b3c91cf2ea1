/**
 * One port of one Service -> {@link Upstream}.
 *
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import type { Service, ServicePort, StoreView } from "../../kube/mod.ts";
import { isIp, isLoopback, parseIp } from "../../net/mod.ts";
import type { BalancerSpec, Endpoint, Upstream } from "../../snapshot/snapshot.ts";
import type { CompilerOptions } from "../contract.ts";
import { diagnose, type Origin } from "../diagnose.ts";
import { selectEndpoints } from "./endpoints.ts";
import type { RouteContribution, RoutePolicies } from "./contribution.ts";
import type { CompiledAffinity } from "./session-affinity.ts";
import { type UpstreamParts } from "./upstream-id.ts";

/** One mention of the upstream by a route. */
export interface UpstreamUser {
  readonly origin: Origin;
  readonly field: string;
}

/** What an upstream is compiled from. */
export interface UpstreamInput {
  readonly name: string;
  readonly parts: UpstreamParts;
  /** Oldest route that refers to it: its balancing and service-upstream count. None for --default-backend-service. */
  readonly first: RouteContribution | undefined;
  /** What its routes say about affinity, which goes before other balancing. */
  readonly affinity: CompiledAffinity;
  /** All that refer to it, in any order. Asked for only when there is something to say. */
  users(): Iterable<UpstreamUser>;
  readonly view: StoreView;
  readonly options: CompilerOptions;
}

/** The upstream and its diagnostics. */
export interface CompiledUpstream {
  readonly upstream: Upstream;
  readonly diagnostics: readonly Diagnostic[];
}

interface Target {
  readonly endpoints: readonly Endpoint[];
  readonly dns: Upstream["dns"];
}

type Finding = Pick<Diagnostic, "reason" | "severity" | "message"> & { readonly effect?: string };

const NONE: Target = { endpoints: [], dns: null };
const NO_ENDPOINTS = "requests answer 503";
const HOST_NAME = /^(?=.{1,253}\.?$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\.?$/;

/** Finds the Service, its port and its endpoints. Never fails: an upstream without endpoints answers 503. */
export function compileUpstream(input: UpstreamInput): CompiledUpstream {
  const { name, parts, first, affinity, view } = input;
  const findings: Finding[] = [];
  const service = view.service(parts.namespace, parts.service);
  const policies = first?.policies.upstream ?? {};
  const target = service === undefined ? NONE : findTarget(service, policies, input, findings);
  const isEmpty = target.endpoints.length === 0 && target.dns === null;
  if (service === undefined) {
    findings.push({
      reason: "ServiceNotFound",
      severity: "error",
      message: `find Service "${parts.namespace}/${parts.service}": there is none`,
    });
  } else if (isEmpty && !findings.some(({ severity }) => severity !== "info")) {
    findings.push({
      reason: "NoReadyEndpoints",
      severity: "warning",
      message: `find endpoints of Service "${parts.namespace}/${parts.service}": none is ready`,
    });
  }
  return {
    upstream: {
      name,
      namespace: parts.namespace,
      service: parts.service,
      port: parts.port,
      balancer: affinity.balancer ?? balancerOf(policies),
      ...target,
    },
    diagnostics: [...affinity.diagnostics, ...findings.length === 0 ? [] : spread(findings, isEmpty, input)],
  };
}

/** A finding about a Service is one for each route that refers to it. */
function spread(found: readonly Finding[], isEmpty: boolean, { first, users }: UpstreamInput): Diagnostic[] {
  const findings = isEmpty ? found.map(unserve) : found;
  if (first === undefined) {
    const effect = "unknown hosts and paths answer 404";
    return findings.map((finding) => ({ effect, ...finding, field: "--default-backend-service" }));
  }
  const diagnostics: Diagnostic[] = [];
  for (const { origin, field } of users()) {
    for (const finding of findings) {
      diagnostics.push(diagnose(origin, { effect: NO_ENDPOINTS, ...finding, field }));
    }
  }
  return diagnostics;
}

/** What leaves an upstream without any endpoint is more than a warning to those that ask whether all is served. */
function unserve(finding: Finding): Finding & Pick<Diagnostic, "unserved"> {
  return finding.severity === "warning" ? { ...finding, unserved: true } : finding;
}

function balancerOf(policies: RoutePolicies["upstream"]): BalancerSpec {
  const policy = policies["load-balance"];
  return policy?.balancer ?? { kind: "round-robin" };
}

/**
 * The Service port that a route means: by number, targetPort as text, or name; the first that fits. A TCP port goes
 * before a UDP one of the same number.
 */
function findPort(service: Service, wanted: string): ServicePort | undefined {
  const fits = ({ port, targetPort, name }: ServicePort): boolean =>
    wanted === "" || String(port) === wanted || String(targetPort) === wanted || name === wanted;
  const { ports } = service.spec;
  return ports.find((port) => port.protocol === "TCP" && fits(port)) ?? ports.find(fits);
}

function findTarget(
  service: Service,
  policies: RoutePolicies["upstream"],
  input: UpstreamInput,
  findings: Finding[],
): Target {
  const { parts, view, options } = input;
  if (service.spec.type === "ExternalName") return externalTarget(service, input, findings);
  const port = findPort(service, parts.port);
  if (port === undefined) {
    findings.push({
      reason: "ServicePortNotFound",
      severity: "error",
      message: `find port "${parts.port}" of Service "${parts.namespace}/${parts.service}": it has ${
        describe(service)
      }`,
    });
    return NONE;
  }
  if (port.protocol !== "TCP") {
    findings.push({
      reason: "ServicePortNotFound",
      severity: "error",
      message:
        `use port "${parts.port}" of Service "${parts.namespace}/${parts.service}": its protocol is ${port.protocol}, wanted TCP`,
    });
    return NONE;
  }
  const { clusterIP } = service.spec;
  if (policies["service-upstream"] !== undefined && clusterIP !== "None" && isIp(clusterIP)) {
    return { endpoints: [{ address: clusterIP, port: port.port, pod: "", weight: 1 }], dns: null };
  }
  const endpoints = selectEndpoints(service, port, view, options, ({ reason, severity, message }) => {
    // one bad endpoint does not stop the others
    findings.push({ reason, severity, message: `${message} (Service "${parts.namespace}/${parts.service}")` });
  });
  if (endpoints.length === 0) return NONE;
  for (const [i, finding] of findings.entries()) findings[i] = { ...finding, effect: "the other endpoints are used" };
  return { endpoints, dns: null };
}

function describe(service: Service): string {
  const ports = service.spec.ports.slice(0, 8).map(({ name, port }) =>
    name === "" ? String(port) : `${port} (${name})`
  );
  return ports.length === 0 ? "no ports" : ports.join(", ");
}

/** ExternalName: a name that the data plane looks up. Addresses and this machine are refused. */
function externalTarget(service: Service, { parts, options }: UpstreamInput, findings: Finding[]): Target {
  const refuse = (message: string): Target => {
    findings.push({ reason: "ExternalNameRefused", severity: "error", message });
    return NONE;
  };
  const name = service.spec.externalName.toLowerCase();
  const where = `Service "${parts.namespace}/${parts.service}"`;
  if (options.disableSvcExternalName) {
    return refuse(`use ${where} of type ExternalName: --disable-svc-external-name forbids it`);
  }
  const bare = name.endsWith(".") ? name.slice(0, -1) : name;
  const words = parseIp(bare);
  if (bare === "localhost" || bare.endsWith(".localhost") || (words !== undefined && isLoopback(words))) {
    return refuse(`use externalName "${name}" of ${where}: it is this machine`);
  }
  if (words !== undefined || !HOST_NAME.test(name) || /^[0-9.]+$/.test(bare)) {
    return refuse(`look up externalName "${name}" of ${where}: want a DNS name`);
  }
  const port = externalPort(service, parts.port);
  if (port === undefined) {
    findings.push({
      reason: "ServicePortNotFound",
      severity: "error",
      message: `find port "${parts.port}" of ${where}: it has ${describe(service)}`,
    });
    return NONE;
  }
  return { endpoints: [], dns: { hostname: name, port } };
}

/** The targetPort of the port meant; a number that the Service does not list stands for itself. */
function externalPort(service: Service, wanted: string): number | undefined {
  const { ports } = service.spec;
  const number = /^[0-9]+$/.test(wanted) ? Number(wanted) : undefined;
  const port = wanted === ""
    ? ports[0]
    : ports.find((each) => number === undefined ? each.name === wanted : each.port === number);
  if (port !== undefined) return typeof port.targetPort === "number" ? port.targetPort : port.port;
  return number !== undefined && number >= 1 && number <= 65535 ? number : undefined;
}
