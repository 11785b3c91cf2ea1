/**
 * A server exchange without a wire: it keeps what the pipeline decides.
 *
 * @module
 */
import { FieldList } from "../../src/http/mod.ts";
import type { Answer } from "../../src/http/exchange.ts";
import type {
  ExchangeHandler,
  ForwardPlan,
  ResponseTap,
  ServerConnection,
  ServerExchange,
} from "../../src/proxy/contract.ts";
import { type FakeExchange, fakeExchange } from "./exchange.ts";

/** What became of an exchange. */
export interface FakeServerExchange extends ServerExchange {
  readonly answered: readonly Answer[];
  readonly responded: readonly Response[];
  readonly forwarded: readonly ForwardPlan[];
  /** Of the last plan. */
  readonly tap: ResponseTap | null;
}

/** An exchange that runs the handler's response hooks as soon as it is answered. */
export function fakeServerExchange(given: FakeExchange = {}, handler?: ExchangeHandler): FakeServerExchange {
  const base = fakeExchange(given);
  const lines: [string, string][] = base.authority === "" ? [] : [["Host", base.authority]];
  for (const [name, value] of Object.entries(given.headers ?? {})) {
    for (const each of [value].flat()) lines.push([name, each]);
  }
  const answered: Answer[] = [];
  const responded: Response[] = [];
  const forwarded: ForwardPlan[] = [];
  const exchange: FakeServerExchange = {
    ...base,
    requestId: given.requestId ?? (given.headers?.["X-Request-ID"] as string | undefined) ?? base.requestId,
    connection: { ...base.connection, memo: null } as ServerConnection,
    request: new FieldList(lines),
    route: null,
    spare: null,
    answered,
    responded,
    forwarded,
    answer(answer) {
      answered.push(answer);
      exchange.status = answer.status;
      exchange.response = new FieldList(answer.fields ?? []);
      void handler?.responseHead(exchange);
    },
    replace(answer) {
      if (answer instanceof Response) exchange.respond(answer);
      else exchange.answer(answer);
    },
    respond(response) {
      responded.push(response);
    },
    whenOver: () => () => {},
    keep: () => {},
    respondInstead(response) {
      responded.push(response);
    },
    requestStream: () => null,
    tap: null,
    forward(plan, tap) {
      forwarded.push(plan);
      Object.assign(exchange, { tap: tap ?? null });
    },
  };
  return exchange;
}
