/**
 * Interface of the compiler: objects in, snapshot and diagnostics out.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import type { StoreChange, StoreView } from "../kube/mod.ts";
import type { LastGood } from "./last-good.ts";
import type { Snapshot, SnapshotUpdate } from "../snapshot/snapshot.ts";

/**
 * Flags that change what is compiled, under the names of ingress-nginx. Objects are `namespace/name`, empty for none.
 */
export interface CompilerOptions {
  readonly ingressClass: string;
  readonly controllerClass: string;
  readonly ingressClassByName: boolean;
  readonly watchIngressWithoutClass: boolean;
  readonly configMap: string;
  readonly defaultBackendService: string;
  readonly defaultSslCertificate: string;
  readonly watchNamespace: string;
  readonly watchNamespaceSelector: string;
  readonly annotationsPrefix: string;
  readonly enableAnnotationValidation: boolean;
  readonly enableSslPassthrough: boolean;
  readonly disableCatchAll: boolean;
  readonly disableSvcExternalName: boolean;
  readonly deepInspect: boolean;
  readonly enableTopologyAwareRouting: boolean;
  /** --bind-address; empty: all addresses. Default: all. */
  readonly bindAddress?: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Endpoints on 127.0.0.0/8 with this port are left out, so that no Service reaches the admin API. */
  readonly statusPort?: number;
  /** Zone of this machine, for topology hints. Unknown: hints are not used. */
  readonly zone?: string;
  /** Last good versions of objects that become unusable. Default: none at first. */
  readonly lastGood?: LastGood;
  /** Milliseconds since the epoch, for the validity of certificates. Default: Date.now. */
  readonly now?: () => number;
}

/** What holds where an option is left out: the defaults of ingress-nginx. */
export const COMPILER_DEFAULTS: CompilerOptions = {
  ingressClass: "nginx",
  controllerClass: "k8s.io/ingress-nginx",
  ingressClassByName: false,
  watchIngressWithoutClass: false,
  configMap: "",
  defaultBackendService: "",
  defaultSslCertificate: "",
  watchNamespace: "",
  watchNamespaceSelector: "",
  annotationsPrefix: "nginx.ingress.kubernetes.io",
  enableAnnotationValidation: true,
  enableSslPassthrough: false,
  disableCatchAll: false,
  disableSvcExternalName: false,
  deepInspect: true,
  enableTopologyAwareRouting: false,
  httpPort: 80,
  httpsPort: 443,
};

/** Result of one compilation. */
export interface Compilation {
  readonly snapshot: Snapshot;
  /** From the former compilation's snapshot to this one. */
  readonly update: SnapshotUpdate;
  /** All current diagnostics, sorted by object, then field. */
  readonly diagnostics: readonly Diagnostic[];
  /** New diagnostics. */
  readonly newDiagnostics: readonly Diagnostic[];
  /** Those that held before only. */
  readonly goneDiagnostics: readonly Diagnostic[];
}

/**
 * Incremental compiler: compiles again the virtual hosts, upstreams and certificates that `changes` touch. The first
 * call compiles everything.
 */
export interface Compiler {
  compile(view: StoreView, changes: readonly StoreChange[]): Compilation;
}
