/**
 * The compiled settings of one block (host, location, or an `if` in a location), inherited ones included.
 *
 * @module
 */
import type { Answer, Exchange } from "../../http/exchange.ts";
import { CidrSet } from "../../net/mod.ts";
import type { AccessRule, ErrorPage } from "../program.ts";
import { compileTemplate, type Evaluate, ValueTooLong } from "../template.ts";
import { REDIRECTS, redirectTo } from "./answer.ts";
import {
  compileAddHeader,
  compileExpires,
  compileRequestEdit,
  compileResponseEdit,
  type Edit,
  safeValue,
} from "./fields.ts";
import type { Settings } from "./settings.ts";
import { FORBIDDEN } from "./verdict.ts";

/** Runs a location of a snippet for an error page; `undefined`: there is none for it. */
export interface PageSource {
  named(x: Exchange, name: string): Answer | undefined;
  uri(x: Exchange, uri: string): Answer | undefined;
}

export class Level {
  readonly defaultType: string;
  readonly settings: Readonly<Settings>;
  readonly #allowed: ((address: string) => boolean) | null;
  readonly #requestEdits: readonly Edit[];
  readonly #responseEdits: readonly Edit[];
  readonly #hidden: readonly string[];
  readonly #upstreamFields: readonly { readonly name: string; readonly lower: string; readonly value: Evaluate }[];
  readonly #errorPages: ReadonlyMap<number, (x: Exchange) => Answer | undefined>;

  /** `owner`: the program that it belongs to, so that a level of a location searched before is told apart. */
  constructor(settings: Readonly<Settings>, pages: PageSource, readonly owner: object) {
    this.settings = settings;
    this.defaultType = settings.defaultType;
    this.#allowed = compileAccess(settings.access);
    this.#requestEdits = settings.requestEdits.map(compileRequestEdit);
    const expires = settings.expires === null ? null : compileExpires(settings.expires);
    // the order of nginx's filters: headers-more, expires, add_header
    this.#responseEdits = [
      ...settings.responseEdits.map(compileResponseEdit),
      ...(expires === null ? [] : [expires]),
      ...settings.addHeaders.map(compileAddHeader),
    ];
    this.#hidden = settings.hidden;
    this.#upstreamFields = settings.upstreamFields.map(({ name, value }) => ({
      name,
      lower: name.toLowerCase(),
      value: compileTemplate(value),
    }));
    this.#errorPages = compileErrorPages(settings.errorPages, pages);
  }

  get editsRequest(): boolean {
    return this.#requestEdits.length > 0;
  }
  get editsResponse(): boolean {
    return this.#responseEdits.length > 0 || this.#hidden.length > 0;
  }
  get hasAccess(): boolean {
    return this.#allowed !== null;
  }
  get hasUpstreamFields(): boolean {
    return this.#upstreamFields.length > 0;
  }
  get hasErrorPages(): boolean {
    return this.#errorPages.size > 0;
  }

  /** `more_set_input_headers` and `more_clear_input_headers`. */
  editRequest(x: Exchange): void {
    for (const edit of this.#requestEdits) edit(x);
  }

  /** `allow` and `deny`. */
  access(x: Exchange): Answer | undefined {
    return this.#allowed === null || this.#allowed(x.clientAddress) ? undefined : this.error(x, FORBIDDEN);
  }

  /** `proxy_set_header`: what the upstream gets. */
  editUpstreamFields(x: Exchange): void {
    // Values may refer to fields that are about to change.
    const values = this.#upstreamFields.map(({ value }) => safeValue(value(x)));
    this.#upstreamFields.forEach(({ name, lower }, i) => {
      if (lower === "host") {
        if (values[i] !== "") x.forwardedHost = values[i]!;
      } else x.request.delete(lower);
      void name;
    });
    this.#upstreamFields.forEach(({ name, lower }, i) => {
      if (lower !== "host" && values[i] !== "") x.request.append(name, values[i]!);
    });
  }

  /** Header filters, in nginx's order. */
  editResponse(x: Exchange): void {
    if (x.response === null) return;
    if (x.attempts.length > 0) { for (const name of this.#hidden) x.response.delete(name); }
    for (const edit of this.#responseEdits) {
      try {
        edit(x);
      } catch (error) {
        // The field is left out; the response itself is good.
        if (!(error instanceof ValueTooLong)) throw error;
      }
    }
  }

  /** An answer without a body of its own, or the page that `error_page` names for it. */
  error(x: Exchange, answer: Answer): Answer {
    return this.#errorPages.get(answer.status)?.(x) ?? answer;
  }
}

/** `null`: everybody may pass. */
function compileAccess(rules: readonly AccessRule[]): ((address: string) => boolean) | null {
  if (rules.length === 0) return null;
  // Neighbours that say the same are one set.
  const groups: { readonly allow: boolean; readonly sources: string[] }[] = [];
  for (const { allow, source } of rules) {
    const last = groups.at(-1);
    if (last?.allow === allow) last.sources.push(source);
    else groups.push({ allow, sources: [source] });
  }
  const steps = groups.map(({ allow, sources }) => ({
    allow,
    all: sources.includes("all"),
    set: CidrSet.of(sources.filter((source) => source !== "all")),
  }));
  return (address) => {
    for (const { allow, all, set } of steps) if (all || set.has(address)) return allow;
    return true;
  };
}

function compileErrorPages(
  entries: readonly ErrorPage[],
  pages: PageSource,
): ReadonlyMap<number, (x: Exchange) => Answer | undefined> {
  const out = new Map<number, (x: Exchange) => Answer | undefined>();
  for (const entry of entries) {
    for (const status of entry.statuses) {
      // The first entry for a status counts.
      if (!out.has(status)) out.set(status, compilePage(entry, status, pages));
    }
  }
  return out;
}

function compilePage(
  { status, target }: ErrorPage,
  failed: number,
  pages: PageSource,
): (x: Exchange) => Answer | undefined {
  const finish = (answer: Answer | undefined): Answer | undefined => {
    if (answer === undefined || status === "handler") return answer;
    return { ...answer, status: status === "keep" ? failed : status };
  };
  switch (target.kind) {
    case "url": {
      const url = compileTemplate(target.url);
      const code = typeof status === "number" && REDIRECTS.has(status) ? status : 302;
      return (x) => redirectTo(x, code, url(x));
    }
    case "uri": {
      const uri = compileTemplate(target.uri);
      return (x) => finish(pages.uri(x, uri(x)));
    }
    case "named":
      return (x) => finish(pages.named(x, target.name));
    case "status":
      return () => ({ status: target.status });
    default:
      return target satisfies never;
  }
}
