/**
 * A light Request for a Hono Context: method, url and headers come from the exchange, and other properties make a
 * native Request. Hooks read the exchange; this serves generic middleware.
 *
 * @module
 */
import type { ServerExchange } from "../contract.ts";

interface Light {
  exchange: ServerExchange;
  fields: Headers | undefined;
  full: Request | undefined;
}

/**
 * Makes the Request of an exchange. It is a function because a class that extends Request must call its constructor.
 */
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
  // the body is relayed between sockets, and is not part of this Request
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
