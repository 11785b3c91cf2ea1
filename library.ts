/**
 * What a program that embeds Sallyport may use, and all that the types of it name. Importing it starts nothing.
 *
 * @see docs/library.md
 * @module
 */
export { type Compilation, type Compiler, type CompilerOptions, createCompiler } from "./src/compiler/mod.ts";
export {
  compilationLog,
  type CompilationObserver,
  Controller,
  type ControllerOptions,
  type ControllerState,
  type FailedCompilation,
  type PublishedCompilation,
} from "./src/controller/mod.ts";
export {
  type ApiRef,
  type Diagnostic,
  type FileRef,
  formatObject,
  formatSource,
  type MemoryRef,
  type ObjectRef,
  type Severity,
  type SourceRef,
} from "./src/diagnostic.ts";
export {
  ManifestSource,
  type ManifestSourceOptions,
  MemorySource,
  type ObjectSource,
  ObjectSources,
  type ObjectSourcesOptions,
  readManifests,
  type SourceReading,
  type SourceState,
  type SourceTarget,
  Store,
} from "./src/kube/mod.ts";
export { createLogger, type Logger, type LoggerOptions } from "./src/observe/mod.ts";
export { DataPlane, type DataPlaneOptions, type ListenOptions } from "./src/proxy/mod.ts";
export { redact, type Snapshot, type SnapshotUpdate } from "./src/snapshot/mod.ts";

// What these name.
export type { LocateDiagnostics } from "./src/controller/diagnostic-log.ts";
export type {
  Answer,
  AnswerFailure,
  BodyCoding,
  BodyTransform,
  Connection,
  Exchange,
  HttpVersion,
  LocationFacts,
  RedirectForm,
  TlsInfo,
  UpstreamAttempt,
} from "./src/http/exchange.ts";
export type { FieldList } from "./src/http/field-list.ts";
export type { Fields } from "./src/http/fields.ts";
export type { ManifestLimits } from "./src/kube/manifest/limits.ts";
export type { ReadManifests } from "./src/kube/manifest/read-manifests.ts";
export type { ManifestInput, ManifestReading } from "./src/kube/manifest/options.ts";
export type { FileVersion } from "./src/kube/manifest/tree.ts";
export type {
  ConfigMap,
  EndpointAddress,
  EndpointPort,
  Endpoints,
  EndpointSlice,
  Ingress,
  IngressBackend,
  IngressClass,
  IngressPath,
  IngressRule,
  IngressTls,
  Metadata,
  Namespace,
  ObjectKey,
  Secret,
  Service,
  ServiceBackendPort,
  ServicePort,
} from "./src/kube/objects.ts";
export type { StoreChange, StoreView } from "./src/kube/store-view.ts";
export type { StoreBatch } from "./src/kube/store.ts";
export type { ProxyAddresses } from "./src/net/proxy-protocol.ts";
export type { Clock } from "./src/observe/clock.ts";
export type { FailureLogOptions, RequestFailure } from "./src/observe/failure-log.ts";
export type { InternalErrorLog } from "./src/observe/internal-error-log.ts";
export type { LogLevel, LogValue } from "./src/observe/logger.ts";
export type { StubStatus } from "./src/observe/stub-status.ts";
export type { LogFormat } from "./src/observe/text-logger.ts";
export type { ConfigKey, ConfigKeyOf, ConfigValue, ErrorLogLevel } from "./src/policy/config-key.ts";
export type { ConfigFinding, ConfigReader, ReportConfig } from "./src/policy/config-reader.ts";
export type {
  AnnotationDeclaration,
  ExchangeContext,
  FoundLocation,
  HookScope,
  OnInvalid,
  Phase,
  PolicyHooks,
  PolicyInput,
  PolicyModule,
  RequestVerdict,
} from "./src/policy/contract.ts";
export { SEARCH_AGAIN } from "./src/policy/contract.ts";
export type { Risk } from "./src/policy/risk.ts";
export type { PolicyMap } from "./src/policy/mod.ts";
export type { Cache, CacheOptions, Counts, CountsOptions, PolicyState } from "./src/policy/state.ts";
export type { Subrequest, SubrequestOptions, SubrequestResponse, SubrequestTarget } from "./src/policy/subrequest.ts";
export type { StreamConnection, StreamHandler } from "./src/proxy/contract.ts";
export type { DataPlaneCounters } from "./src/proxy/data-plane.ts";
export type { ListenFailure } from "./src/proxy/listener-set.ts";
export type { Middleware, MiddlewareContext, MiddlewareRule } from "./src/proxy/pipeline/middleware.ts";
export type { CountsDelta } from "./src/proxy/state/kept-state.ts";
export type { Amounts } from "./src/proxy/state/level-table.ts";
export type { KeyPair } from "./src/proxy/tls/context-cache.ts";
export type {
  AffinityCookie,
  BackendCondition,
  BackendSet,
  BalancerSpec,
  Certificate,
  Changes,
  ConditionalBackend,
  Endpoint,
  Globals,
  HostName,
  HostTls,
  IngressRef,
  Listener,
  ListenerAddress,
  Location,
  LocationBackend,
  LocationMatch,
  PartValues,
  Pattern,
  Policies,
  RecordChanges,
  RecordPart,
  SnapshotRecords,
  TlsProfile,
  Upstream,
  UpstreamRef,
  ValueMatch,
  VirtualHost,
  WeightedBackend,
} from "./src/snapshot/snapshot.ts";
export type { CertificateReading } from "./src/compiler/certificate.ts";
export type { GoodCertificate, LastGood } from "./src/compiler/last-good.ts";
export type { Origin } from "./src/compiler/diagnose.ts";
export type {
  CommonPolicies,
  Rank,
  RouteBackend,
  RouteCertificate,
  RouteContribution,
  RouteFallback,
  RouteMatch,
  RoutePolicies,
  UpstreamMention,
  UpstreamTarget,
} from "./src/compiler/route/contribution.ts";
export type {
  RouteTranslator,
  TouchedObjects,
  Translation,
  TranslationContext,
} from "./src/compiler/route/translator.ts";
export type { KubeObject } from "./src/kube/schema/kinds.ts";
