/**
 * Fields of an Ingress that the API does not have: most often a slip of the pen, and silently without effect.
 *
 * @module
 */
import { isMapping } from "./field.ts";

/** Names of the fields that a mapping may have, and what each holds; `true`: anything. */
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

/** More than these are not told. */
const MAX_UNKNOWN = 10;

/** Steps to each field that is not known, in the order of the document. */
export function unknownIngressFields(value: unknown, beta: boolean): (string | number)[][] {
  const found: (string | number)[][] = [];
  look(value, beta ? V1_BETA_1 : V1, [], found);
  return found;
}

function look(value: unknown, fields: Fields, path: readonly (string | number)[], found: (string | number)[][]): void {
  if (!isMapping(value)) return;
  for (const name of Object.keys(value)) {
    if (found.length >= MAX_UNKNOWN) return;
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) found.push([...path, name]);
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
