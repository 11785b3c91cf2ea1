/**
 * What a program that embeds Sallyport may use, and all that the types of it name. Importing it starts nothing.
 *
 * @see docs/library.md
 * @module
 */
export { type Compilation, type Compiler, type CompilerOptions, createCompiler } from "./compiler/mod.ts";
export {
  compilationLog,
  type CompilationObserver,
  Controller,
  type ControllerOptions,
  type ControllerState,
  type FailedCompilation,
  type PublishedCompilation,
} from "./controller/mod.ts";
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
} from "./diagnostic.ts";
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
} from "./kube/mod.ts";
export { createLogger, type Logger, type LoggerOptions } from "./observe/mod.ts";
export { DataPlane, type DataPlaneOptions, type ListenOptions } from "./proxy/mod.ts";
export { redact, type Snapshot, type SnapshotUpdate } from "./snapshot/mod.ts";

// What these name.
export type { LocateDiagnostics } from "./controller/diagnostic-log.ts";
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
} from "./http/exchange.ts";
export type { FieldList } from "./http/field-list.ts";
export type { Fields } from "./http/fields.ts";
export type { ManifestLimits } from "./kube/manifest/limits.ts";
export type { ReadManifests } from "./kube/manifest/read-manifests.ts";
export type { ManifestInput, ManifestReading } from "./kube/manifest/options.ts";
export type { FileVersion } from "./kube/manifest/tree.ts";
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
} from "./kube/objects.ts";
export type { StoreChange, StoreView } from "./kube/store-view.ts";
export type { StoreBatch } from "./kube/store.ts";
export type { ProxyAddresses } from "./net/proxy-protocol.ts";
export type { Clock } from "./observe/clock.ts";
export type { FailureLogOptions, RequestFailure } from "./observe/failure-log.ts";
export type { InternalErrorLog } from "./observe/internal-error-log.ts";
export type { LogLevel, LogValue } from "./observe/logger.ts";
export type { StubStatus } from "./observe/stub-status.ts";
export type { LogFormat } from "./observe/text-logger.ts";
export type { ConfigKey, ConfigKeyOf, ConfigValue, ErrorLogLevel } from "./policy/config-key.ts";
export type { ConfigFinding, ConfigReader, ReportConfig } from "./policy/config-reader.ts";
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
} from "./policy/contract.ts";
export { SEARCH_AGAIN } from "./policy/contract.ts";
export type { Risk } from "./policy/risk.ts";
export type { PolicyMap } from "./policy/mod.ts";
export type { Cache, CacheOptions, Counts, CountsOptions, PolicyState } from "./policy/state.ts";
export type { Subrequest, SubrequestOptions, SubrequestResponse, SubrequestTarget } from "./policy/subrequest.ts";
export type { StreamConnection, StreamHandler } from "./proxy/contract.ts";
export type { DataPlaneCounters } from "./proxy/data-plane.ts";
export type { ListenFailure } from "./proxy/listener-set.ts";
export type { Middleware, MiddlewareContext, MiddlewareRule } from "./proxy/pipeline/middleware.ts";
export type { CountsDelta } from "./proxy/state/kept-state.ts";
export type { Amounts } from "./proxy/state/level-table.ts";
export type { KeyPair } from "./proxy/tls/context-cache.ts";
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
} from "./snapshot/snapshot.ts";
export type { CertificateReading } from "./compiler/certificate.ts";
export type { GoodCertificate, LastGood } from "./compiler/last-good.ts";
export type { Origin } from "./compiler/diagnose.ts";
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
} from "./compiler/route/contribution.ts";
export type { RouteTranslator, TouchedObjects, Translation, TranslationContext } from "./compiler/route/translator.ts";
export type { KubeObject } from "./kube/schema/kinds.ts";
