/**
 * The Request of a Hono Context, cut down: it answers method, url and headers from the exchange, and becomes a native
 * Request only when something else is asked of it. Hooks read the exchange itself; this is for generic middleware.
 *
 * @module
 */
import type { ServerExchange } from "../contract.ts";

interface Light {
  exchange: ServerExchange;
  fields: Headers | undefined;
  full: Request | undefined;
}

/** Makes the Request of an exchange. A plain function, because a class that extends Request must call its constructor. */
export const LightRequest = function (this: Light, exchange: ServerExchange): void {
  this.exchange = exchange;
  this.fields = undefined;
  this.full = undefined;
} as unknown as { new (exchange: ServerExchange): Request };

function native(light: Light): Request {
  return light.full ??= new Request(urlOf(light.exchange), {
    method: light.exchange.method,
    headers: headersOf(light),
  });
}

function urlOf(exchange: ServerExchange): string {
  return `${exchange.scheme}://${exchange.authority === "" ? exchange.host : exchange.authority}${exchange.target}`;
}

function headersOf(light: Light): Headers {
  if (light.fields === undefined) {
    const headers = new Headers();
    for (const [name, value] of light.exchange.request) headers.append(name, value);
    light.fields = headers;
  }
  return light.fields;
}

const properties: PropertyDescriptorMap & ThisType<Light> = {
  method: {
    get(): string {
      return this.exchange.method;
    },
  },
  url: {
    get(): string {
      return urlOf(this.exchange);
    },
  },
  headers: {
    get(): Headers {
      return headersOf(this);
    },
  },
  // the body goes from socket to socket, never through here
  body: { value: null },
  bodyUsed: { value: false },
};
const rest: PropertyDescriptorMap = {};
for (const name of ["cache", "credentials", "destination", "integrity", "mode", "redirect", "referrer", "signal"]) {
  rest[name] = {
    get(this: Light): unknown {
      return native(this)[name as keyof Request];
    },
  };
}
for (const name of ["arrayBuffer", "blob", "bytes", "clone", "formData", "json", "text"]) {
  rest[name] = {
    value(this: Light): unknown {
      return (native(this)[name as keyof Request] as () => unknown)();
    },
  };
}
LightRequest.prototype = Object.create(Request.prototype, { ...properties, ...rest });
