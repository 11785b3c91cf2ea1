/**
 * What the ConfigMap and the flags come to, for all Ingresses together.
 *
 * @module
 */
import type { Diagnostic } from "../diagnostic.ts";
import { type ObjectKey, objectKey, type StoreView } from "../kube/mod.ts";
import { equalData } from "../snapshot/equal.ts";
import { DEFAULT_TLS_PROFILE, type Globals, type SnapshotRecords } from "../snapshot/snapshot.ts";
import { nearest } from "../unit/mod.ts";
import { knownConfigKeys } from "./config-keys.ts";
import type { CompilerOptions } from "./contract.ts";
import { compileGlobals } from "./globals.ts";
import { askForConfigKeys, type EntryContext, parseWithoutIngress, type WithoutIngress } from "./ingress-entry.ts";
import { compileListeners } from "./listeners.ts";
import { compileDefaultProfile } from "./tls-profiles.ts";
import { type AnnotationSettings, ConfigData, ConfigReader, readAnnotationSettings, shorten } from "./settings.ts";

/** Read anew when one of `reads` changes. */
export interface Configuration {
  readonly settings: AnnotationSettings;
  readonly globals: Globals;
  readonly listeners: SnapshotRecords["listeners"];
  readonly tlsProfiles: SnapshotRecords["tlsProfiles"];
  readonly entryContext: Omit<EntryContext, "view">;
  readonly withoutIngress: WithoutIngress;
  /** ConfigMaps that it was made from. */
  readonly reads: ReadonlySet<ObjectKey>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Keys that policies ask for only where an annotation makes them count. */
const ASKED_BY_ANNOTATIONS = ["global-allowed-response-headers"];
/** Keys that matter to other parts of a cluster installation, not to what is served. */
const NOT_ABOUT_SERVING = ["strict-validate-path-type"];

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
  const config = new ConfigData(configMap?.data ?? []);
  const reader = new ConfigReader(config, configMap);

  const settings = readAnnotationSettings(reader, configured);
  let globals = compileGlobals(reader, options, view, (key) => reads.add(key));
  if (former !== undefined && equalData(former.globals, globals)) globals = former.globals;
  const listeners = compileListeners(reader, options);
  const tlsProfiles = { [DEFAULT_TLS_PROFILE]: compileDefaultProfile(reader) };
  const open: EntryContext = {
    view,
    globals,
    config,
    annotationsPrefix: options.annotationsPrefix,
    allowCrossNamespace: settings.allowCrossNamespace,
    closed: null,
  };
  askForConfigKeys({ ...open, reportConfig: (key, finding) => reader.report(key, finding) });
  const closed = judgeKeys(reader);
  const { view: _, ...entryContext } = { ...open, closed };
  return {
    settings,
    globals,
    listeners,
    tlsProfiles,
    entryContext,
    withoutIngress: parseWithoutIngress({ ...open, closed }),
    reads,
    diagnostics: reader.diagnostics,
  };
}

/** Reports the keys that nothing here honours; gives the reason to close everything if one of them keeps requests out. */
function judgeKeys(reader: ConfigReader): string | null {
  let closed: string | null = null;
  for (const [key, value] of reader.data) {
    if (reader.data.asked.has(key) || ASKED_BY_ANNOTATIONS.includes(key) || NOT_ABOUT_SERVING.includes(key)) continue;
    const known = knownConfigKeys.find((each) => each.key === key);
    if (known === undefined) {
      const like = nearest(key, knownConfigKeys.map((each) => each.key));
      reader.report(key, {
        reason: "UnknownConfigKey",
        severity: "warning",
        message: `read "${shorten(key)}": unknown key${like === undefined ? "" : `; the nearest known one is ${like}`}`,
        effect: "it has no effect",
      });
      continue;
    }
    const text = value.trim();
    if (text === "" || text === known.default) continue;
    if (known.kind === "guard") {
      const message = `read ${key}: it is not honoured yet`;
      closed ??= message;
      reader.report(key, {
        reason: "ConfigKeyNotHonoured",
        severity: "error",
        message,
        effect: "everything answers 503, for it may keep requests out",
      });
    } else if (known.kind === "tuning") {
      reader.report(key, {
        reason: "ConfigKeyNotHonoured",
        severity: "info",
        message: `read ${key}: it tunes what is not used here`,
        effect: "it has no effect",
      });
    } else {
      reader.report(key, {
        reason: "ConfigKeyNotHonoured",
        severity: "warning",
        message: `read ${key}: it is not honoured yet`,
        effect: "it has no effect",
      });
    }
  }
  return closed;
}
