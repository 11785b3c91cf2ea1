import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { blockClients } from "../../../src/policy/block-clients.ts";
import { fakeExchange, runRequest } from "../../support/exchange.ts";
import { parsePolicy } from "../../support/policy.ts";

function statusFor(config: Record<string, string>, headers: Record<string, string>): number {
  const { policy } = parsePolicy(blockClients, {}, { config });
  if (policy === undefined) return 200;
  return runRequest(blockClients.hooks(JSON.parse(JSON.stringify(policy))), fakeExchange({ headers }))?.status ?? 200;
}

describe("block-clients", () => {
  const agents = { "block-user-agents": "~*chrome\\/68\\.0,AlphaBot, ~^Case" };
  const rows: [name: string, config: Record<string, string>, headers: Record<string, string>, status: number][] = [
    ["refuses a whole value in any case", agents, { "User-Agent": "alphabot" }, 403],
    ["passes a value that only begins so", agents, { "User-Agent": "AlphaBot/2" }, 200],
    ["refuses by an expression in any case", agents, { "User-Agent": "Mozilla Chrome/68.0.1" }, 403],
    ["refuses by an expression in its case", agents, { "User-Agent": "CaseBot" }, 403],
    ["passes another case", agents, { "User-Agent": "casebot" }, 200],
    ["passes requests without the field", agents, {}, 200],
    ["refuses by referer", { "block-referers": "~spam" }, { Referer: "http://spam.example/" }, 403],
    ["looks at its own field only", { "block-referers": "~spam" }, { "User-Agent": "spam" }, 200],
    ["does nothing without entries", { "block-user-agents": " , " }, { "User-Agent": "x" }, 200],
    ["closes all hosts for an expression that cannot be read", { "block-referers": "~(" }, {}, 503],
  ];
  for (const [name, config, headers, status] of rows) {
    test(name, () => assert.equal(statusFor(config, headers), status));
  }

  test("reports an expression that cannot be read", () => {
    const { findings } = parsePolicy(blockClients, {}, { config: { "block-user-agents": "~(" } });
    assert.match(findings[0]!, /^block-user-agents: read "~\(" of block-user-agents: /);
  });
});
