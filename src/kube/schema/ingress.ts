/**
 * Ingress of networking.k8s.io/v1, and of v1beta1 (also as extensions/v1beta1), checked as by the API server, with two
 * differences: a missing pathType is accepted (as before v1), and the class may be in the annotation and in the spec.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/networking-resources/ingress-v1/
 *
 * @module
 */
import * as v from "valibot";
import { isIP } from "node:net";
import type { Ingress, IngressBackend, IngressPath, IngressRule, IngressTls, ServiceBackendPort } from "../objects.ts";
import {
  invalid,
  list,
  mapping,
  oneOf,
  optional,
  PORT_NAME_RULE,
  portNumber,
  requiredTextIf,
  text,
  textIf,
  textOrEmpty,
  wanted,
} from "./field.ts";
import { metadata } from "./metadata.ts";
import { isDnsLabel, isDnsSubdomain, isPortName, isWildcardDns } from "./name.ts";
import type { Unsourced } from "./unsourced.ts";

const SERVICE_NAME_RULE = "must be the name of a Service: at most 63 lower-case letters, digits and '-'";
const HOST_RULE = "must be a DNS name, or one with '*' as its first label";

const serviceName = requiredTextIf(isDnsLabel, SERVICE_NAME_RULE);

/** Port of a backend; Go's zero values "" and 0 mean "not set". */
const port = v.pipe(
  mapping({
    name: textIf(isPortName, PORT_NAME_RULE),
    number: v.nullish(v.union([v.literal(0), portNumber], wanted("a number between 1 and 65535")), 0),
  }),
  v.rawTransform(({ dataset: { value }, addIssue, NEVER }): ServiceBackendPort => {
    if (value.name !== "" && value.number !== 0) {
      addIssue({ message: `Invalid value: "${value.name}": cannot set both a port name and a port number` });
      return NEVER;
    }
    if (value.number !== 0) return { kind: "number", number: value.number };
    if (value.name !== "") return { kind: "name", name: value.name };
    addIssue({ message: "Required value: port name or number" });
    return NEVER;
  }),
);

const resource = v.pipe(
  mapping({ apiGroup: textOrEmpty, kind: requiredTextIf(() => true, ""), name: requiredTextIf(() => true, "") }),
  v.transform((value) => [value.apiGroup, value.kind, value.name].filter((part) => part !== "").join("/")),
);

const BETA_SPELLING = "serviceName and servicePort are fields of v1beta1; v1 has service.name and service.port.number";
const V1_SPELLING = "service is a field of networking.k8s.io/v1; v1beta1 has serviceName and servicePort";

const backend = v.pipe(
  mapping({
    service: optional(mapping({ name: serviceName, port })),
    resource: optional(resource),
    serviceName: v.optional(v.unknown()),
  }),
  v.rawTransform(({ dataset: { value }, addIssue, NEVER }): IngressBackend => {
    const { service, resource } = value;
    if (service && resource !== undefined && resource !== null) {
      addIssue({ message: "Invalid value: cannot set both resource and service" });
      return NEVER;
    }
    if (service) return { kind: "service", name: service.name, port: service.port };
    if (resource !== undefined && resource !== null) return { kind: "resource", resource };
    const other = value.serviceName === undefined ? "" : `: ${BETA_SPELLING}`;
    addIssue({ message: `Required value: service or resource${other}` });
    return NEVER;
  }),
);

/** serviceName and servicePort; a port in digits is a number, as clients of that version wrote it. */
const betaBackend = v.pipe(
  mapping({
    serviceName: textIf(isDnsLabel, SERVICE_NAME_RULE),
    servicePort: optional(v.union([
      portNumber,
      v.pipe(text, v.regex(/^[1-9]\d{0,4}$/), v.transform(Number), portNumber),
      v.pipe(text, v.check((value) => value === "" || isPortName(value), invalid(PORT_NAME_RULE))),
    ], wanted("a number between 1 and 65535 or a port name"))),
    resource: optional(resource),
    service: v.optional(v.unknown()),
  }),
  v.rawTransform(({ dataset: { value }, addIssue, NEVER }): IngressBackend => {
    if (value.serviceName !== "") {
      if (value.servicePort === undefined || value.servicePort === null || value.servicePort === "") {
        addIssue({ message: "Required value: servicePort" });
        return NEVER;
      }
      const port: ServiceBackendPort = typeof value.servicePort === "number"
        ? { kind: "number", number: value.servicePort }
        : { kind: "name", name: value.servicePort };
      return { kind: "service", name: value.serviceName, port };
    }
    if (value.resource !== undefined && value.resource !== null) {
      return { kind: "resource", resource: value.resource };
    }
    const other = value.service === undefined ? "" : `: ${V1_SPELLING}`;
    addIssue({ message: `Required value: serviceName${other}` });
    return NEVER;
  }),
);

const pathType = v.nullish(oneOf(["Exact", "ImplementationSpecific", "Prefix"]));

/** Parts that Exact and Prefix paths must not contain, because request paths are normalised before the comparison. */
const UNRESOLVED = ["//", "/./", "/../", "%2f", "%2F"] as const;

function pathProblem(path: string, type: IngressPath["pathType"] | null | undefined): string | undefined {
  const literal = type === "Exact" || type === "Prefix";
  if (!path.startsWith("/")) {
    return path === "" && !literal ? undefined : "must be an absolute path: must begin with '/'";
  }
  if (!literal) return undefined;
  const found = UNRESOLVED.find((part) => path.includes(part));
  if (found !== undefined) return `must not contain '${found}'`;
  const end = ["/..", "/."].find((part) => path.endsWith(part));
  return end === undefined ? undefined : `must not end with '${end}'`;
}

function path(backend: v.GenericSchema<unknown, IngressBackend>): v.GenericSchema<unknown, IngressPath> {
  return v.pipe(
    mapping({ path: textOrEmpty, pathType, backend }),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const { path, pathType } = dataset.value;
      const problem = pathProblem(path, pathType);
      if (problem === undefined) return;
      addIssue({
        message: invalid(problem)({ input: path } as v.BaseIssue<unknown>),
        path: [{ type: "object", origin: "value", input: dataset.value, key: "path", value: path }],
      });
    }),
    v.transform((value): IngressPath => ({
      path: value.path === "" ? "/" : value.path,
      pathType: value.pathType ?? "ImplementationSpecific",
      backend: value.backend,
    })),
  );
}

function isHost(host: string): boolean {
  if (host.startsWith("*")) return isWildcardDns(host);
  return isDnsSubdomain(host) && isIP(host) === 0;
}

const host = v.nullish(
  v.pipe(text, v.toLowerCase(), v.check((value) => value === "" || isHost(value), invalid(HOST_RULE))),
  "",
);

function rule(path: v.GenericSchema<unknown, IngressPath>): v.GenericSchema<unknown, IngressRule> {
  const paths = v.pipe(list(path), v.check((paths) => paths.length > 0, "Required value"));
  return v.pipe(
    mapping({ host, http: optional(mapping({ paths })) }),
    v.transform((value): IngressRule => ({ host: value.host, paths: value.http?.paths ?? [] })),
  );
}

const tls: v.GenericSchema<unknown, IngressTls> = mapping({
  hosts: list(v.pipe(text, v.toLowerCase(), v.check((value) => value === "" || isHost(value), invalid(HOST_RULE)))),
  secretName: textIf(isDnsSubdomain, "must be the name of a Secret: lower-case letters, digits, '-' and '.'"),
});

const NOTHING = "Required value: either a default backend or rules must be there";
const ingressClassName = textIf(isDnsSubdomain, "must be the name of an IngressClass");

type Spec = Ingress["spec"];

const notRead = v.optional(v.pipe(v.unknown(), v.transform((): null => null)));

/** Schema of the spec; v1beta1 has `backend` in place of `defaultBackend`. */
function spec(
  backend: v.GenericSchema<unknown, IngressBackend>,
  name: "backend" | "defaultBackend",
): v.GenericSchema<unknown, Spec> {
  return v.pipe(
    mapping({
      ingressClassName,
      defaultBackend: name === "defaultBackend" ? optional(backend) : notRead,
      backend: name === "backend" ? optional(backend) : notRead,
      rules: list(rule(path(backend))),
      tls: list(tls),
    }),
    v.transform(({ ingressClassName, defaultBackend, backend, rules, tls }): Spec => ({
      ingressClassName,
      defaultBackend: defaultBackend ?? backend ?? null,
      rules,
      tls,
    })),
    v.check((value) => value.rules.length > 0 || value.defaultBackend !== null, NOTHING),
  );
}

function ingress(spec: v.GenericSchema<unknown, Spec>): v.GenericSchema<unknown, Unsourced<Ingress>> {
  return mapping({ kind: v.literal("Ingress"), metadata: metadata({ scope: "namespaced", name: "subdomain" }), spec });
}

/** networking.k8s.io/v1 */
export const ingressV1: v.GenericSchema<unknown, Unsourced<Ingress>> = ingress(spec(backend, "defaultBackend"));

/** networking.k8s.io/v1beta1 and extensions/v1beta1 */
export const ingressV1beta1: v.GenericSchema<unknown, Unsourced<Ingress>> = ingress(spec(betaBackend, "backend"));
