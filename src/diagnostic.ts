/**
 * Findings about objects, annotations and settings, as data: never thrown, never dropped.
 *
 * @module
 */

/** error: something that was asked for is not served; warning: served, but not as written; info: worth knowing. */
export type Severity = "error" | "warning" | "info";

/** Where an object was read from, or what a finding is about. */
export type SourceRef = FileRef | ApiRef | MemoryRef;

/** A place in a file, or a whole file or folder. Lines and columns count from 1. */
export interface FileRef {
  readonly kind: "file";
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** An object of a Kubernetes API server. */
export interface ApiRef {
  readonly kind: "api";
  /** Context of the kubeconfig, or another name of the cluster. */
  readonly cluster: string;
  readonly object: ObjectRef;
  /** `metadata.resourceVersion` of the version that was read. */
  readonly resourceVersion: string;
}

/** An object that the embedding program has set. */
export interface MemoryRef {
  readonly kind: "memory";
  /** Name of the source that holds it. */
  readonly name: string;
}

/** Names an object as kubectl does. `namespace` is empty for cluster-wide kinds. */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** One finding about one object. */
export interface Diagnostic {
  /** CamelCase, stable, e.g. `AnnotationNotHonoured`; becomes the reason of a Kubernetes Event. */
  readonly reason: string;
  readonly severity: Severity;
  readonly object?: ObjectRef;
  /** Full annotation name, prefix included. */
  readonly annotation?: string;
  /** Path of the field as kubectl writes it, e.g. `spec.rules[0].http.paths[1].backend.service.port.number`. */
  readonly field?: string;
  /** What is wrong: the action, the value in quotes, what is wanted; no full stop. */
  readonly message: string;
  /** Consequence, e.g. `the location answers 503`. */
  readonly effect?: string;
  /**
   * Something that was asked for is not served, or is answered with 5xx, although the severity is not error; `check`
   * ends with status 1.
   */
  readonly unserved?: true;
  readonly source?: SourceRef;
}

/** Formats `Kind/namespace/name`, or `Kind/name` for cluster-wide kinds. */
export function formatObject({ kind, namespace, name }: ObjectRef): string {
  return namespace === "" ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}

/**
 * Formats `file:line:column`, as editors and compilers do; `cluster "c", Kind/namespace/name, resourceVersion 1`;
 * `memory "name"`.
 */
export function formatSource(source: SourceRef): string {
  switch (source.kind) {
    case "file": {
      const { file, line, column } = source;
      if (line === undefined) return file;
      return column === undefined ? `${file}:${line}` : `${file}:${line}:${column}`;
    }
    case "api": {
      const { cluster, object, resourceVersion } = source;
      return `cluster ${JSON.stringify(cluster)}, ${formatObject(object)}, resourceVersion ${resourceVersion}`;
    }
    case "memory":
      return `memory ${JSON.stringify(source.name)}`;
    default:
      return source satisfies never;
  }
}
