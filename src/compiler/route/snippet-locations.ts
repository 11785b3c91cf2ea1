/**
 * Location blocks of snippets beside the locations that are generated for the paths of a host.
 *
 * Of two equal ones nginx refuses the configuration (`duplicate location`). Here the generated one would win without a
 * word, and a block that keeps somebody out would have no effect: so the host answers 503.
 *
 * @module
 */
import type { Diagnostic } from "../../diagnostic.ts";
import {
  type BlockMatch,
  comesBefore,
  equalBlockMatch,
  formatBlockMatch,
  instantiate,
  type LocationBlock,
  neverInside,
  overshadows,
  type SnippetProgram,
  takesOnlyPath,
  toBytes,
} from "../../nginx/mod.ts";
import type { Location, Policies, VirtualHost } from "../../snapshot/snapshot.ts";
import { diagnose, nameOrigin } from "../diagnose.ts";
import type { RouteContribution } from "./contribution.ts";

/** What is known of a host before its snippets are checked. */
export interface HostDraft extends Pick<VirtualHost, "name" | "policies" | "regexMode" | "locations"> {
  readonly routes: readonly RouteContribution[];
}

interface Placed extends LocationBlock {
  /** It stands in the ConfigMap's snippet: its expressions are tried after the generated locations. */
  readonly late: boolean;
}

/** Policies of the host; closed when a block of its server-snippet, or of the ConfigMap's, stands twice. */
export function refuseDuplicates(draft: HostDraft, diagnostics: Diagnostic[]): Policies {
  const own = draft.policies["server-snippet"]?.program.locations ?? [];
  const global = draft.policies["global-server-snippet"]?.program.locations ?? [];
  if (own.length + global.length === 0) return draft.policies;
  const blocks: Placed[] = [
    ...own.map((block) => ({ ...block, late: false })),
    ...global.map((block) => ({ ...block, late: true })),
  ];
  const report = reporter(draft, diagnostics);
  let denied: string | undefined;
  for (const [i, block] of blocks.entries()) {
    const twin = draft.locations.find((location) =>
      block.late || location.match.kind !== "regex" ? equalBlockMatch(asBlock(location) ?? NOTHING, block.match) : false
    );
    const former = block.late ? own.find(({ match }) => equalBlockMatch(match, block.match)) : undefined;
    if (twin === undefined && former === undefined) {
      const why = whyWithoutEffect(draft, blocks, i);
      if (why !== undefined) {
        report(block, twin, {
          reason: "LocationWithoutEffect",
          severity: "warning",
          message: `serve ${placeOf(block)} on host "${draft.name}": ${why}`,
          effect: "the block never gets a request",
        });
      }
      continue;
    }
    const message = `serve ${placeOf(block)} on host "${draft.name}": ${
      twin === undefined
        ? `${placeOf({ ...former!, late: false })} is the same`
        : `${nameOf(twin, draft)} makes the same location`
    }`;
    denied ??= message;
    report(block, twin, { reason: "DuplicateLocation", severity: "error", message, effect: "the host answers 503" });
  }
  if (denied === undefined) return draft.policies;
  const program = { statements: [], settings: [], locations: [], denied };
  return { ...draft.policies, "server-snippet": { program } };
}

/** Matches no block: those of snippets have names. */
const NOTHING: BlockMatch = { kind: "named", name: "" };

/** A generated location as nginx would have it; `undefined`: it would have none. */
function asBlock({ match }: Location): BlockMatch | undefined {
  switch (match.kind) {
    case "exact":
      return match;
    case "prefix":
      return { ...match, final: false };
    case "regex":
      return { kind: "regex", pattern: match.pattern, caseInsensitive: true };
    case "slash-redirect":
      return undefined;
    default:
      return match satisfies never;
  }
}

/** Why a block that nginx takes never gets a request; `undefined`: it may get some. */
function whyWithoutEffect(draft: HostDraft, blocks: readonly Placed[], at: number): string | undefined {
  const { regexMode, locations } = draft;
  const { match, late } = blocks[at]!;
  const exact = locations.find((location) => takesOnlyPath(asBlock(location) ?? NOTHING, match));
  if (exact !== undefined) return `${nameOf(exact, draft)} takes all of its requests`;
  if (regexMode) {
    const root = 'the paths of the host are regular expressions, and that of "/" takes all of its requests';
    if (match.kind === "regex" && late) return root;
    if (match.kind === "prefix" && !match.final && match.path.startsWith("/")) return `${root}; "^~" lets it win`;
  }
  // within one snippet that has been told already
  const by = blocks.find((other, i) =>
    other.late !== late &&
    (((match.kind === "prefix" || i < at) && overshadows(other.match, match)) || takesOnlyPath(other.match, match))
  );
  if (by !== undefined) return `${placeOf(by)} takes all of its requests`;
  const prefixes = [...blocks, ...locations].flatMap(({ match: each }) =>
    each.kind === "prefix" && !("final" in each && each.final) ? [each.path] : []
  );
  const earlier = blocks.slice(0, at).map((each) => each.match);
  const final = blocks.find((other) => comesBefore(other.match, match, prefixes, earlier));
  return final === undefined ? undefined : `${placeOf(final)} takes all of its requests`;
}

function placeOf({ match, late, line, column }: Placed): string {
  return `location "${formatBlockMatch(match)}" of server-snippet${
    late ? " of the ConfigMap" : ""
  }, line ${line}, column ${column},`;
}

function nameOf({ path, pathType, ingress }: Location, { routes }: HostDraft): string {
  const route = routes.find(({ ref }) => ref === ingress);
  return route === undefined
    ? `path "${path}" of the default backend`
    : `${pathType} path "${path}" of ${nameOrigin(route.origin)}`;
}

type Report = (
  block: Placed,
  twin: Location | undefined,
  finding: Pick<Diagnostic, "reason" | "severity" | "message" | "effect">,
) => void;

/** Blocks of a route are told to it, those of the ConfigMap to that of the path, or the first of the host. */
function reporter({ routes }: HostDraft, diagnostics: Diagnostic[]): Report {
  const owner = routes.find(({ hostless, policies }) => !hostless && policies.host["server-snippet"] !== undefined);
  return ({ late }, twin, finding) => {
    const route = late ? routes.find(({ ref }) => ref === twin?.ingress) ?? routes[0] : owner;
    if (route === undefined) diagnostics.push(finding);
    else {
      diagnostics.push(diagnose(route.origin, {
        ...finding,
        ...late ? {} : route.placeOf("server-snippet"),
      }));
    }
  };
}

/**
 * Locations of the host, closed where a block of a configuration-snippet, or of the ConfigMap's location-snippet, stands in
 * none that leads to it, or an equal one of the other snippet comes before it.
 */
export function refuseOutside(draft: HostDraft, diagnostics: Diagnostic[]): readonly Location[] {
  const holders = new Map<SnippetProgram, Location[]>();
  for (const location of draft.locations) {
    for (const program of location.policies["configuration-snippet"]?.programs ?? []) {
      if (program.locations.length === 0) continue;
      const known = holders.get(program);
      if (known === undefined) holders.set(program, [location]);
      else known.push(location);
    }
  }
  if (holders.size === 0) return draft.locations;
  const denied = new Map<Location, string>();
  for (const [program, locations] of holders) {
    for (const block of program.locations) {
      const place = `location "${formatBlockMatch(block.match)}" of a snippet of locations, line ${block.line}, ` +
        `column ${block.column},`;
      const message = `serve ${place} on host "${draft.name}"`;
      if (!locations.some((location) => mayHold(location, block.match))) {
        close(locations, "LocationWithoutEffect", `${message}: it is outside all paths that it stands in`);
        continue;
      }
      const twins = locations.filter((location) => {
        const programs = location.policies["configuration-snippet"]!.programs;
        return programs.slice(0, programs.indexOf(program)).some((other) =>
          other.locations.some(({ match }) => equalBlockMatch(match, block.match))
        );
      });
      if (twins.length > 0) {
        close(twins, "DuplicateLocation", `${message}: configuration-snippet of the Ingress has the same`);
      }
    }
  }
  return denied.size === 0
    ? draft.locations
    : draft.locations.map((location) =>
      denied.has(location) ? { ...location, denied: location.denied ?? denied.get(location)! } : location
    );

  function close(locations: readonly Location[], reason: string, message: string): void {
    const refs = new Set(locations.map(({ ingress }) => ingress));
    for (const location of locations) if (!denied.has(location)) denied.set(location, message);
    for (const { origin, ref } of draft.routes) {
      if (!refs.has(ref)) continue;
      const effect = `the paths of the ${origin.kind} on this host answer 503`;
      diagnostics.push(diagnose(origin, { reason, severity: "error", message, effect }));
    }
  }
}

/** May a request that reaches the location be for a block within it? */
function mayHold({ match, path }: Location, block: BlockMatch): boolean {
  switch (match.kind) {
    case "exact":
      return block.kind === "exact"
        ? block.path === match.path
        : block.kind === "prefix"
        ? match.path.startsWith(block.path)
        : block.kind === "regex" && instantiate(block.pattern).test(toBytes(match.path));
    case "prefix":
      return isPath(block)
        ? block.path.startsWith(match.path) || (block.kind === "prefix" && match.path.startsWith(block.path))
        : !neverInside(block, { ...match, final: false });
    case "regex": {
      if (!isPath(block)) return true;
      const literal = path.slice(0, Math.max(1, path.search(/.?[\\^$.|?*+()[{]|$/))).toLowerCase();
      const wanted = block.path.toLowerCase();
      return wanted.startsWith(literal) || (block.kind === "prefix" && literal.startsWith(wanted));
    }
    case "slash-redirect":
      return false;
    default:
      return match satisfies never;
  }
}

function isPath(match: BlockMatch): match is BlockMatch & { readonly kind: "exact" | "prefix" } {
  return match.kind === "exact" || match.kind === "prefix";
}
