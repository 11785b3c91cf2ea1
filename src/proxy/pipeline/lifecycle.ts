/**
 * The rare hooks of a location: transforms of the response body, replacement of the response, and actions at the end of
 * the exchange. Locations without them pay nothing.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Answer, BodyTransform, Exchange } from "../../http/exchange.ts";
import { hasResponseBody } from "../../http/mod.ts";
import type { ExchangeContext, PolicyHooks } from "../../policy/mod.ts";
import type { CompiledHooks } from "./compile-hooks.ts";
import { isPromise } from "./hook-chain.ts";

/** Rare hooks of a location, in order of execution. */
export interface Lifecycle {
  readonly body: readonly NonNullable<PolicyHooks["body"]>[];
  readonly replace: readonly NonNullable<PolicyHooks["replace"]>[];
  readonly end: readonly NonNullable<PolicyHooks["end"]>[];
}

/** Returns the rare hooks; `null` when there are none. */
export function lifecycleOf({ body, replace, end }: CompiledHooks): Lifecycle | null {
  return body.length + replace.length + end.length === 0 ? null : { body, replace, end };
}

/**
 * Collects the transforms of the body, and adjusts the head: no length, a weak ETag, no ranges. Parts of a body (206)
 * and responses without a body stay unchanged.
 */
export function transformBody(c: ExchangeContext, hooks: Lifecycle["body"]): void {
  const exchange = c.env;
  const { response, status } = exchange;
  if (response === null || !hasResponseBody(status) || status === 206) return;
  const transforms: BodyTransform[] = [];
  for (const hook of hooks) {
    const transform = hook(c);
    if (transform !== undefined) transforms.push(transform);
  }
  if (transforms.length === 0) return;
  response.delete("content-length");
  response.delete("accept-ranges");
  const etag = response.get("etag");
  if (etag?.startsWith('"')) response.set("ETag", `W/${etag}`);
  exchange.bodyTransform = transforms.length === 1 ? transforms[0]! : new Chain(transforms);
}

/** Returns the first answer that a hook gives in place of the response. */
export function findReplacement(
  c: ExchangeContext,
  hooks: Lifecycle["replace"],
  from: number = 0,
): Answer | undefined | Promise<Answer | undefined> {
  for (let i = from; i < hooks.length; i++) {
    const found = hooks[i]!(c);
    if (found === undefined) continue;
    if (!isPromise(found)) return found;
    return found.then((late) => late ?? findReplacement(c, hooks, i + 1));
  }
  return undefined;
}

/** Applies several transforms in order. */
class Chain implements BodyTransform {
  constructor(readonly transforms: readonly BodyTransform[]) {}

  transform(bytes: Uint8Array): Uint8Array {
    return this.transforms.reduce((given, each) => given.length === 0 ? given : each.transform(given), bytes);
  }

  flush(): Uint8Array {
    const parts: Uint8Array[] = [];
    this.transforms.forEach((each, i) => {
      let rest = each.flush();
      for (const later of this.transforms.slice(i + 1)) if (rest.length > 0) rest = later.transform(rest);
      parts.push(rest);
    });
    return Buffer.concat(parts);
  }
}

/** Runs the end hooks; an exception of one does not stop the others. */
export function runEndHooks(exchange: Exchange, hooks: Lifecycle["end"], report: (error: unknown) => void): void {
  for (const hook of hooks) {
    try {
      hook(exchange);
    } catch (error) {
      report(error);
    }
  }
}
