/**
 * Unknown fields of an Ingress, which are mostly misspelt and have no effect.
 *
 * @module
 */
import { nearest } from "../../unit/mod.ts";
import { isMapping } from "./field.ts";

/** Fields that a mapping may have, and the content of each; `true`: anything. */
interface Fields {
  readonly [name: string]: true | Fields | readonly [Fields];
}

const METADATA: Fields = {
  name: true,
  generateName: true,
  namespace: true,
  uid: true,
  labels: true,
  annotations: true,
  creationTimestamp: true,
  generation: true,
  resourceVersion: true,
  selfLink: true,
  deletionTimestamp: true,
  deletionGracePeriodSeconds: true,
  finalizers: true,
  ownerReferences: true,
  managedFields: true,
  clusterName: true,
};

const RESOURCE: Fields = { apiGroup: true, kind: true, name: true };

function ingress(defaultBackend: string, backend: Fields): Fields {
  return {
    apiVersion: true,
    kind: true,
    metadata: METADATA,
    status: true,
    spec: {
      ingressClassName: true,
      [defaultBackend]: backend,
      rules: [{ host: true, http: { paths: [{ path: true, pathType: true, backend }] } }],
      tls: [{ hosts: true, secretName: true }],
    },
  };
}

const V1 = ingress("defaultBackend", {
  service: { name: true, port: { name: true, number: true } },
  resource: RESOURCE,
});
const V1_BETA_1 = ingress("backend", { serviceName: true, servicePort: true, resource: RESOURCE });

/** Bound of the reported fields. */
const MAX_UNKNOWN = 10;

/** An unknown field, and the known name nearest to it. */
export interface UnknownField {
  /** Path of the field. */
  readonly path: readonly (string | number)[];
  /** The nearest known name. */
  readonly like: string | undefined;
  /** Scope of the object without the field, when that is wider than intended, or nothing. */
  readonly widens: "all-hosts" | "all-paths" | "no-paths" | undefined;
}

/** Returns the unknown fields, in the order of the document. */
export function unknownIngressFields(value: unknown, beta: boolean): UnknownField[] {
  const found: Found[] = [];
  look(value, beta ? V1_BETA_1 : V1, [], found);
  return found.map(({ path, around, fields }) => {
    const name = String(path.at(-1));
    const widens = widensOf(value, path, around);
    return { path, widens, like: nearestField(name, Object.keys(fields), widens) };
  });
}

interface Found {
  readonly path: readonly (string | number)[];
  /** The mapping that contains the field. */
  readonly around: Readonly<Record<string, unknown>>;
  /** Known fields of the mapping. */
  readonly fields: Fields;
}

function look(value: unknown, fields: Fields, path: readonly (string | number)[], found: Found[]): void {
  if (!isMapping(value)) return;
  for (const name of Object.keys(value)) {
    if (found.length >= MAX_UNKNOWN) return;
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) found.push({ path: [...path, name], around: value, fields });
    else if (field === true) continue;
    else if (!isList(field)) look(value[name], field, [...path, name], found);
    else {
      const items = value[name];
      if (!Array.isArray(items)) continue;
      for (const [i, item] of items.entries()) look(item, field[0], [...path, name, i], found);
    }
  }
}

function isList(field: Fields | readonly [Fields]): field is readonly [Fields] {
  return Array.isArray(field);
}

const HOST_LIKE =
  /^(?:(?:virtual|server|dns|http|ingress)?[_-]?hosts?(?:[_-]?names?)?|(?:server|domain|dns)[_-]?names?|domains?|fqdns?|dns)$/i;
const PATH_LIKE = /^(?:url|uri|location|prefix|(?:http|url)?[_-]?paths?(?:[_-]?prefix)?)$/i;
/** Fields of a rule beside its host, which may stand a level too high. */
const NOT_A_HOST = ["http", "paths", "path", "pathType", "backend"];

function isNone(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

/**
 * Scope that a misspelt field opens: a rule without a host is for all hosts, an empty path takes all paths. A rule without
 * `http` serves none.
 */
function widensOf(
  object: unknown,
  path: readonly (string | number)[],
  around: Readonly<Record<string, unknown>>,
): UnknownField["widens"] {
  const name = String(path.at(-1));
  const [top, group, rank] = path;
  if (top !== "spec" || group === "tls") return undefined;
  const spec = isMapping(object) && isMapping(object["spec"]) ? object["spec"] : {};
  const rules = Array.isArray(spec["rules"]) ? spec["rules"].filter(isMapping) : [];
  const isHost = HOST_LIKE.test(name) || nearest(name, ["host", "hosts"]) !== undefined;
  if (group !== "rules" || typeof rank !== "number") {
    return isHost && path.length === 2 && rules.some((rule) => isNone(rule["host"])) ? "all-hosts" : undefined;
  }
  const rule: unknown = (spec["rules"] as readonly unknown[])[rank];
  const isInRule = path.length === 4;
  const mayBeHost = isHost || (isInRule && nearest(name, NOT_A_HOST) === undefined);
  if (mayBeHost && isMapping(rule) && isNone(rule["host"])) return "all-hosts";
  if (isInRule && isNone(around["http"])) return "no-paths";
  const isInPath = path.length === 7 && path[4] === "paths";
  const isPath = PATH_LIKE.test(name) || nearest(name, ["path"]) !== undefined;
  return isInPath && isPath && isNone(around["path"]) ? "all-paths" : undefined;
}

/** Names of fields that differ between v1beta1 and v1. */
const OTHER_VERSION: Readonly<Record<string, string>> = {
  backend: "defaultBackend",
  defaultBackend: "backend",
  secret: "secretName",
  ingressClass: "ingressClassName",
  className: "ingressClassName",
};

function nearestField(name: string, known: readonly string[], widens: UnknownField["widens"]): string | undefined {
  if (widens === "all-hosts" && HOST_LIKE.test(name)) return "host";
  if (widens === "all-paths") return "path";
  if (widens === "no-paths") return "http";
  const other = Object.hasOwn(OTHER_VERSION, name) ? OTHER_VERSION[name] : undefined;
  if (other !== undefined && known.includes(other)) return other;
  const small = name.toLowerCase();
  return known.find((each) => each.toLowerCase() === small) ?? nearest(name, known);
}
