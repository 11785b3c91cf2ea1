/**
 * Configuration from the ConfigMap and the flags, for all Ingresses.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import { type ConfigMap, type ObjectKey, objectKey, type StoreView } from "../kube/mod.ts";
import { type ConfigFinding, ConfigReader } from "../policy/mod.ts";
import { equalData } from "../snapshot/mod.ts";
import { DEFAULT_TLS_PROFILE, type Globals, type SnapshotRecords } from "../snapshot/snapshot.ts";
import type { CompilerOptions } from "./contract.ts";
import { refOf } from "./diagnose.ts";
import { compileGlobals } from "./globals.ts";
import { type EntryContext, parseWithoutIngress, readPolicyKeys } from "./ingress/policies.ts";
import type { CommonPolicies } from "./route/contribution.ts";
import { compileListeners } from "./listeners.ts";
import { compileDefaultProfile } from "./tls-profiles.ts";
import { type AnnotationSettings, readAnnotationSettings } from "./settings.ts";

/** Result of reading the ConfigMap; it is read again when one of `reads` changes. */
export interface Configuration {
  readonly settings: AnnotationSettings;
  readonly globals: Globals;
  readonly listeners: SnapshotRecords["listeners"];
  readonly tlsProfiles: SnapshotRecords["tlsProfiles"];
  readonly entryContext: Omit<EntryContext, "view">;
  readonly common: CommonPolicies;
  /** ConfigMaps that have been read. */
  readonly reads: ReadonlySet<ObjectKey>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the ConfigMap. `former` keeps the identity of what did not change. */
export function readConfiguration(
  view: StoreView,
  options: CompilerOptions,
  former: Configuration | undefined,
): Configuration {
  const reads = new Set<ObjectKey>();
  const configured = options.configMap !== "";
  const [namespace = "", name = ""] = options.configMap.split("/");
  if (configured) reads.add(objectKey("ConfigMap", namespace, name));
  const configMap = configured ? view.configMap(namespace, name) : undefined;
  const diagnostics: Diagnostic[] = [];
  if (configured && configMap === undefined) {
    diagnostics.push({
      reason: "ConfigMapNotFound",
      severity: "warning",
      field: "--configmap",
      message: `find ConfigMap "${options.configMap}": there is none`,
      effect: "the defaults hold, which leave snippet annotations out",
    });
  }
  let reading = true;
  const reader = new ConfigReader(configMap?.data ?? new Map(), (key, finding) => {
    // what policies find for each Ingress later has been reported for all of them here
    if (reading) diagnostics.push(locate(configMap, key, finding));
  });

  const settings = readAnnotationSettings(reader, configured);
  let globals = compileGlobals(reader, options, view, (key) => reads.add(key));
  if (former !== undefined && equalData(former.globals, globals)) globals = former.globals;
  const listeners = compileListeners(reader, options);
  const tlsProfiles = { [DEFAULT_TLS_PROFILE]: compileDefaultProfile(reader) };
  const open: EntryContext = {
    view,
    globals,
    config: reader,
    annotationsPrefix: options.annotationsPrefix,
    allowCrossNamespace: settings.allowCrossNamespace,
    closed: null,
  };
  readPolicyKeys(open);
  const closed = reader.reportUnhonoured();
  reading = false;
  const { view: _, ...entryContext } = { ...open, closed };
  return {
    settings,
    globals,
    listeners,
    tlsProfiles,
    entryContext,
    common: parseWithoutIngress({ ...open, closed }),
    reads,
    diagnostics,
  };
}

function locate(object: ConfigMap | undefined, key: string, finding: ConfigFinding): Diagnostic {
  const where = object === undefined ? {} : { object: refOf(object), source: object.source };
  return { ...finding, ...where, field: `data.${key}` };
}
