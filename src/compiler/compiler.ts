/**
 * The passes, in order: configuration, routes, certificates, hosts, upstreams, snapshot. Each one works off what the
 * changes, and the passes before it, have marked.
 *
 * @module
 */
import type { StoreChange, StoreView } from "../kube/mod.ts";
import { applyUpdate, equalData } from "../snapshot/mod.ts";
import {
  CATCH_ALL,
  type Certificate,
  DEFAULT_BACKEND,
  DEFAULT_CERTIFICATE,
  type Listener,
  type LocationBackend,
  type Snapshot,
  type SnapshotUpdate,
  type TlsProfile,
  type Upstream,
  type VirtualHost,
} from "../snapshot/snapshot.ts";
import { AliasIndex } from "./route/alias-index.ts";
import { BackendMaker, onlyBackend } from "./route/backends.ts";
import { CertificateStore } from "./certificate-store.ts";
import { chosenUpstreams, judgeChosen } from "./route/chosen-upstreams.ts";
import { type Configuration, readConfiguration } from "./configuration.ts";
import type { Compilation, Compiler, CompilerOptions } from "./contract.ts";
import { compareRoutes, type RouteContribution, routeId } from "./route/contribution.ts";
import { DependencyIndex } from "./route/dependency-index.ts";
import { DiagnosticIndex } from "./diagnostic-index.ts";
import { type Dirty, markAll, markChanges } from "./dirty.ts";
import { aliasesOf } from "./route/host-names.ts";
import { IngressTranslator } from "./ingress/translator.ts";
import { createLastGood, type LastGood } from "./last-good.ts";
import { Outgoing } from "./outgoing.ts";
import { compileAffinity, speaksOfAffinity } from "./route/session-affinity.ts";
import { compileUpstream, type UpstreamUser } from "./route/upstream.ts";
import type { RouteTranslator, TranslationContext } from "./route/translator.ts";
import { partsOf, UpstreamNames } from "./route/upstream-id.ts";
import { compileVirtualHost, type HostContext } from "./route/virtual-host.ts";

/** Keeps compiled objects, and the indexes of their dependencies. */
export class IncrementalCompiler implements Compiler {
  readonly #options: CompilerOptions;
  readonly #fallback: LocationBackend;
  readonly #nowMs: () => number;
  readonly #lastGood: LastGood;

  readonly #ingresses: IngressTranslator;
  /** By name. */
  readonly #translators: ReadonlyMap<string, RouteTranslator>;
  /** In force, by id. */
  readonly #routes = new Map<string, RouteContribution>();
  readonly #index = new DependencyIndex();
  readonly #aliases = new AliasIndex();
  readonly #names = new UpstreamNames();
  readonly #diagnostics = new DiagnosticIndex();
  readonly #certificates: CertificateStore;
  readonly #hosts = new Map<string, VirtualHost>();
  /** By id. */
  readonly #upstreams = new Map<string, Upstream>();
  /** Id of route -> upstreams that its snippets name; those only that name some. */
  readonly #chosen = new Map<string, ReadonlySet<string>>();
  /** Certificate -> hosts that are served with it. */
  readonly #served = new Map<string, number>();

  #configuration: Configuration | undefined;
  #snapshot: Snapshot | null = null;

  /**
   * @param translators of further routing APIs, beside that of Ingresses
   * @throws {RangeError} an option has a bad value
   */
  constructor(options: CompilerOptions, translators: readonly RouteTranslator[] = []) {
    this.#options = options;
    this.#nowMs = options.now ?? Date.now;
    this.#lastGood = options.lastGood ?? createLastGood();
    this.#certificates = new CertificateStore(
      this.#diagnostics,
      options.defaultSslCertificate,
      this.#lastGood.certificates,
    );
    this.#ingresses = new IngressTranslator(options, this.#lastGood.ingresses);
    this.#translators = new Map([this.#ingresses, ...translators].map((translator) => [translator.name, translator]));
    const [, service = ""] = options.defaultBackendService.split("/");
    this.#fallback = options.defaultBackendService === ""
      ? { kind: "not-found" }
      : onlyBackend({ upstream: DEFAULT_BACKEND, serviceName: service, servicePort: "" });
  }

  compile(view: StoreView, changes: readonly StoreChange[]): Compilation {
    const dirty = this.#snapshot === null
      ? markAll(this.#options)
      : markChanges(changes, this.#options, this.#index, this.#configuration);
    const virtualHosts = new Outgoing<VirtualHost>();
    const upstreams = new Outgoing<Upstream>();
    const certificates = new Outgoing<Certificate>();

    const listeners = new Outgoing<Listener>();
    const tlsProfiles = new Outgoing<TlsProfile>();

    const globals = this.#passConfiguration(view, dirty);
    const configuration = this.#configuration!;
    listeners.replaceAll(this.#snapshot?.listeners, configuration.listeners);
    tlsProfiles.replaceAll(this.#snapshot?.tlsProfiles, configuration.tlsProfiles);
    this.#passRoutes(view, changes, dirty, upstreams);
    const nowMs = this.#nowMs();
    this.#passCertificates(view, dirty, nowMs);
    this.#passHosts(dirty, virtualHosts);
    this.#passUpstreams(view, dirty, upstreams);
    this.#judgeChosen(dirty);
    this.#passServedCertificates(dirty, certificates);

    const update: SnapshotUpdate = {
      ...globals === undefined ? {} : { globals },
      listeners: listeners.finish(this.#snapshot?.listeners),
      tlsProfiles: tlsProfiles.finish(this.#snapshot?.tlsProfiles),
      virtualHosts: virtualHosts.finish(this.#snapshot?.virtualHosts),
      upstreams: upstreams.finish(this.#snapshot?.upstreams),
      certificates: certificates.finish(this.#snapshot?.certificates),
    };
    this.#snapshot = applyUpdate(this.#snapshot, update);
    const { all, added, removed } = this.#diagnostics.settle();
    return { snapshot: this.#snapshot, update, diagnostics: all, newDiagnostics: added, goneDiagnostics: removed };
  }

  /** Gives the globals when they are new. */
  #passConfiguration(view: StoreView, dirty: Dirty): Snapshot["globals"] | undefined {
    if (!dirty.configuration) return undefined;
    const former = this.#configuration;
    const configuration = readConfiguration(view, this.#options, former);
    this.#configuration = configuration;
    this.#ingresses.configure(configuration);
    dirty.everything = true;
    if (former === undefined || !equalData(former.common, configuration.common)) {
      dirty.hosts.add(CATCH_ALL);
      if (!equalData(former?.common.hostPolicies, configuration.common.hostPolicies)) {
        for (const host of this.#hosts.keys()) dirty.hosts.add(host);
      }
    }
    this.#diagnostics.replace("configuration", configuration.diagnostics);
    return former?.globals === configuration.globals ? undefined : configuration.globals;
  }

  #passRoutes(
    view: StoreView,
    changes: readonly StoreChange[],
    dirty: Dirty,
    upstreams: Outgoing<Upstream>,
  ): void {
    for (const translator of this.#translators.values()) {
      const { all, keys } = translator.touched(changes);
      for (const key of keys) dirty.routes.add(routeId(translator.name, key));
      if (!all && !dirty.everything) continue;
      for (const key of translator.keys(view)) dirty.routes.add(routeId(translator.name, key));
      const own = routeId(translator.name, "");
      for (const id of this.#routes.keys()) if (id.startsWith(own)) dirty.routes.add(id);
    }
    const context: TranslationContext = { view, common: this.#configuration!.common };
    for (const id of dirty.routes) this.#refresh(id, context, dirty, upstreams);
  }

  #refresh(id: string, context: TranslationContext, dirty: Dirty, upstreams: Outgoing<Upstream>): void {
    const space = id.indexOf(" ");
    const translator = this.#translators.get(id.slice(0, space))!;
    const { contribution: after, diagnostics } = translator.translate(id.slice(space + 1), context);
    this.#diagnostics.replace(id, diagnostics);
    const before = this.#routes.get(id);
    if (before !== undefined && after !== undefined && sameRoute(before, after)) return;
    if (after === undefined) this.#routes.delete(id);
    else this.#routes.set(id, after);
    const chosen = after === undefined ? undefined : chosenUpstreams(after);
    if (chosen !== undefined && chosen.size > 0) this.#chosen.set(id, chosen);
    else if (this.#chosen.delete(id)) this.#diagnostics.replace(`chosen ${id}`, []);
    // the new one first: what both have never goes away
    const came = after === undefined ? undefined : this.#replaceIn(before, after);
    const went = before === undefined || after !== undefined ? undefined : this.#index.remove(before);
    for (const route of [before, after]) {
      if (route === undefined) continue;
      for (const host of route.hosts) dirty.hosts.add(host);
      for (const upstream of route.upstreams) dirty.upstreams.add(upstream);
      for (const certificate of route.certificates) if (certificate.id !== null) dirty.certificates.add(certificate.id);
    }
    for (const host of [...came?.hosts ?? [], ...went?.hosts ?? []]) {
      for (const claimant of this.#aliases.claimants(host)) dirty.hosts.add(claimant);
    }
    this.#renameUpstreams(came?.upstreams ?? [], went?.upstreams ?? [], dirty, upstreams);
  }

  /** Notes `after` in place of `before`; tells what came or went by that. */
  #replaceIn(
    before: RouteContribution | undefined,
    after: RouteContribution,
  ): { upstreams: string[]; hosts: string[] } {
    const went = before === undefined ? undefined : this.#index.remove(before);
    const came = this.#index.add(after);
    const difference = (a: readonly string[], b: readonly string[]): string[] => [
      ...new Set(a).symmetricDifference(new Set(b)),
    ];
    return {
      upstreams: difference(came.upstreams, went?.upstreams ?? []),
      hosts: difference(came.hosts, went?.hosts ?? []),
    };
  }

  #renameUpstreams(
    came: readonly string[],
    went: readonly string[],
    dirty: Dirty,
    upstreams: Outgoing<Upstream>,
  ): void {
    const renamed: string[] = [];
    for (const id of [...came, ...went]) {
      if (this.#index.upstreams.has(id)) renamed.push(...this.#names.add(id));
      else renamed.push(...this.#names.remove(id));
    }
    for (const id of renamed) {
      const former = this.#upstreams.get(id);
      if (former !== undefined) {
        upstreams.remove(former.name);
        this.#upstreams.delete(id);
      }
      dirty.upstreams.add(id);
      for (const name of this.#index.upstreams.get(id)) {
        for (const host of this.#routes.get(name)?.hosts ?? []) dirty.hosts.add(host);
      }
    }
  }

  #passCertificates(view: StoreView, dirty: Dirty, nowMs: number): void {
    for (const id of dirty.certificates) {
      if (id !== DEFAULT_CERTIFICATE && !this.#index.secrets.has(id)) {
        this.#certificates.forget(id);
        continue;
      }
      if (!this.#certificates.read(id, view, nowMs)) continue;
      const users = id === DEFAULT_CERTIFICATE ? this.#routes.keys() : this.#index.secrets.get(id);
      for (const name of users) {
        const route = this.#routes.get(name);
        if (route === undefined || route.certificates.length === 0) continue;
        for (const host of route.hosts) dirty.hosts.add(host);
      }
    }
    if (this.#snapshot === null) this.#certificates.forgetUnread();
    this.#certificates.age(nowMs);
  }

  #routesOf(host: string): RouteContribution[] {
    const routes: RouteContribution[] = [];
    for (const id of this.#index.hosts.get(host)) routes.push(this.#routes.get(id)!);
    return routes.sort(compareRoutes);
  }

  #passHosts(dirty: Dirty, virtualHosts: Outgoing<VirtualHost>): void {
    const routes = new Map<string, readonly RouteContribution[]>();
    for (const host of dirty.hosts) {
      const own = this.#routesOf(host);
      routes.set(host, own);
      // the set grows during the iteration: hosts with the same alias are compiled too
      for (const other of this.#aliases.replace(host, aliasesOf(own)?.aliases ?? [])) dirty.hosts.add(other);
    }
    const configuration = this.#configuration!;
    for (const [host, own] of routes) {
      const former = this.#hosts.get(host);
      if (own.length === 0 && host !== CATCH_ALL) {
        this.#diagnostics.replace(`host ${host}`, []);
        if (former === undefined) continue;
        this.#serve(former, -1, dirty);
        this.#hosts.delete(host);
        virtualHosts.remove(host);
        continue;
      }
      const context: HostContext = {
        fallback: this.#fallback,
        backends: new BackendMaker((id) => this.#names.nameOf(id)),
        common: configuration.common,
        certificate: (id) => this.#certificates.get(id),
        findOwner: (alias) => this.#findOwner(alias, host),
      };
      const { virtualHost, diagnostics } = compileVirtualHost(host, own, context);
      this.#diagnostics.replace(`host ${host}`, diagnostics);
      if (former !== undefined && equalData(former, virtualHost)) continue;
      this.#serve(virtualHost, 1, dirty);
      if (former !== undefined) this.#serve(former, -1, dirty);
      this.#hosts.set(host, virtualHost);
      virtualHosts.set(host, virtualHost);
    }
  }

  #findOwner(alias: string, host: string): string | undefined {
    if (this.#index.hosts.has(alias)) return "it is the host of a rule";
    const other = this.#aliases.earlierClaimant(alias, host);
    return other === undefined ? undefined : `it is an alias of host "${other}"`;
  }

  #serve({ tls }: VirtualHost, by: 1 | -1, dirty: Dirty): void {
    if (tls.kind !== "terminate") return;
    this.#served.set(tls.certificate, (this.#served.get(tls.certificate) ?? 0) + by);
    dirty.certificates.add(tls.certificate);
  }

  #passUpstreams(view: StoreView, dirty: Dirty, upstreams: Outgoing<Upstream>): void {
    const isUsed = (id: string): boolean => id === DEFAULT_BACKEND || this.#index.upstreams.has(id);
    // removals first: another upstream may take over the name
    for (const id of dirty.upstreams) {
      const used = isUsed(id);
      if (!used) this.#diagnostics.replace(`upstream ${id}`, []);
      const former = this.#upstreams.get(id);
      if (former === undefined) continue;
      // one that went and came back in this run may have another name than before
      if (used && (id === DEFAULT_BACKEND || former.name === this.#names.nameOf(id))) continue;
      this.#upstreams.delete(id);
      upstreams.remove(former.name);
    }
    for (const id of dirty.upstreams) {
      if (!isUsed(id)) continue;
      const former = this.#upstreams.get(id);
      const isDefault = id === DEFAULT_BACKEND;
      const { first, affine } = this.#lookAtUsers(id);
      const { upstream, diagnostics } = compileUpstream({
        name: isDefault ? DEFAULT_BACKEND : this.#names.nameOf(id),
        parts: partsOf(isDefault ? `${this.#options.defaultBackendService}/` : id),
        first,
        affinity: compileAffinity(id, affine),
        users: () => this.#usersOf(id),
        view,
        options: this.#options,
      });
      this.#diagnostics.replace(`upstream ${id}`, diagnostics);
      if (former !== undefined && equalData(former, upstream)) continue;
      this.#upstreams.set(id, upstream);
      upstreams.set(upstream.name, upstream);
    }
  }

  /** Upstreams that snippets name may have come or gone. */
  #judgeChosen(dirty: Dirty): void {
    if (this.#chosen.size === 0 || (dirty.upstreams.size === 0 && dirty.routes.size === 0)) return;
    const byName = new Map<string, Upstream>();
    for (const upstream of this.#upstreams.values()) byName.set(upstream.name, upstream);
    for (const [id, chosen] of this.#chosen) {
      const route = this.#routes.get(id)!;
      this.#diagnostics.replace(`chosen ${id}`, judgeChosen(route, chosen, (each) => byName.get(each)));
    }
  }

  /** The oldest route that refers to an upstream, and those that speak of affinity. */
  #lookAtUsers(
    id: string,
  ): { readonly first: RouteContribution | undefined; readonly affine: readonly RouteContribution[] } {
    let first: RouteContribution | undefined;
    const affine: RouteContribution[] = [];
    for (const name of this.#index.upstreams.get(id)) {
      const route = this.#routes.get(name)!;
      if (first === undefined || compareRoutes(route, first) < 0) first = route;
      if (speaksOfAffinity(route)) affine.push(route);
    }
    return { first, affine };
  }

  *#usersOf(id: string): Iterable<UpstreamUser> {
    for (const name of this.#index.upstreams.get(id)) {
      const route = this.#routes.get(name)!;
      for (const { field } of route.mentions(id)) yield { origin: route.origin, field };
    }
  }

  /** Certificates that some host is served with, and the default one. */
  #passServedCertificates(dirty: Dirty, certificates: Outgoing<Certificate>): void {
    for (const id of dirty.certificates) {
      const former = this.#snapshot?.certificates[id];
      if (this.#served.get(id) === 0) this.#served.delete(id);
      const wanted = this.#served.has(id) || id === DEFAULT_CERTIFICATE;
      const certificate = wanted ? this.#certificates.certificate(id) : undefined;
      if (certificate === undefined) {
        if (former !== undefined) certificates.remove(id);
      } else if (former === undefined || !equalData(former, certificate)) certificates.set(id, certificate);
    }
  }
}

/** True when two contributions of one id compile to the same. */
function sameRoute(a: RouteContribution, b: RouteContribution): boolean {
  return a.origin === b.origin && a.denied === b.denied && a.standIn === b.standIn && equalData(a.reads, b.reads) &&
    equalData(a.policies, b.policies);
}
