/**
 * The program with a policy that is full of faults: the path of a request to a location with CORS says where it throws.
 *
 * @module
 */
import process from "node:process";
import { main } from "../../src/cli/main.ts";
import type { Exchange } from "../../src/http/mod.ts";
import type { PolicyHooks } from "../../src/policy/mod.ts";
import { cors } from "../../src/policy/cors.ts";

function fault(where: string): never {
  throw new Error(`a fault in ${where}`);
}

const path = (c: { readonly env: Exchange }): string => c.env.path;

const FAULTY: PolicyHooks = {
  request: (c) => {
    switch (path(c)) {
      case "/request":
        return fault("a request hook");
      case "/request-late":
        return Promise.resolve().then(() => fault("a request hook's promise"));
      case "/stream":
        return new Response(new ReadableStream({ pull: () => fault("a stream") }));
      case "/timer":
        setTimeout(() => fault("a timer"), 1);
        return undefined;
      case "/forgotten":
        void Promise.reject(new Error("a fault in a promise that nobody waits for"));
        return undefined;
      default:
        return undefined;
    }
  },
  response: (c) => {
    if (path(c) === "/response") fault("a response hook");
    return path(c) === "/response-late" ? Promise.resolve().then(() => fault("a response hook's promise")) : undefined;
  },
  middleware: async (c, next) => {
    if (path(c) === "/middleware") fault("Hono middleware");
    await next();
    if (path(c) === "/middleware-late") fault("Hono middleware, on the way back");
  },
};

(cors as { hooks: unknown }).hooks = () => FAULTY;
void main(process.argv.slice(2)).then((code) => process.exit(code));
