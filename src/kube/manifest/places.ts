/**
 * Finds the places of values in a YAML or JSON document.
 *
 * @module
 */
import { type Event, EVENT_ID, getScalarValue, parseEvents } from "js-yaml";
import { MAX_DEPTH } from "./yaml.ts";

/** Place in a text; line and column count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Step into a value: name of a field, or index in a list. */
export type PathStep = string | number;

/** Places of a document, which is parsed at the first look-up: there may be thousands of diagnostics about it. */
export class Places {
  readonly #text: string;
  #parsed: readonly Event[] | undefined;
  #lines: number[] | undefined;
  /** Events of the items of each list, by the event that begins the list. */
  readonly #lists = new Map<number, readonly number[]>();

  constructor(text: string) {
    this.#text = text;
  }

  /**
   * Place of the value at `path`, or of the innermost existing value around it; of a value that says nothing (`host:`), the
   * place of its key or list. Undefined for text that does not parse.
   */
  locate(path: readonly PathStep[]): Position | undefined {
    const events = this.#events;
    let at = this.#root;
    let around = at;
    for (const step of path) {
      const child = this.#childOf(at, step);
      if (child === -1) break;
      // a key that is found is a scalar: the event before its value
      around = events[at]?.type === EVENT_ID.MAPPING ? child - 1 : at;
      at = child;
    }
    const event = isEmpty(events[at]) ? events[around] : events[at];
    return event === undefined ? undefined : this.#positionOf(startOf(event));
  }

  /** Places of the items of the list at the top-level key `items`. */
  items(): Position[] {
    const list = this.#childOf(this.#root, "items");
    if (this.#events[list]?.type !== EVENT_ID.SEQUENCE) return [];
    return this.#itemsOf(list).map((at) => this.#positionOf(startOf(this.#events[at]!)));
  }

  get #events(): readonly Event[] {
    if (this.#parsed === undefined) {
      try {
        this.#parsed = parseEvents(this.#text, { maxDepth: MAX_DEPTH });
      } catch {
        this.#parsed = [];
      }
    }
    return this.#parsed;
  }

  get #root(): number {
    return this.#events[0]?.type === EVENT_ID.DOCUMENT ? 1 : 0;
  }

  /** Index of the event of a child, or -1. */
  #childOf(parent: number, step: PathStep): number {
    const events = this.#events;
    const type = events[parent]?.type;
    if (type === EVENT_ID.SEQUENCE && typeof step === "number") return this.#itemsOf(parent)[step] ?? -1;
    if (type !== EVENT_ID.MAPPING) return -1;
    for (let at = parent + 1; at < events.length && events[at]!.type !== EVENT_ID.POP;) {
      const key = events[at]!;
      const value = endOf(events, at);
      if (key.type === EVENT_ID.SCALAR && getScalarValue(this.#text, key) === String(step)) return value;
      at = endOf(events, value);
    }
    return -1;
  }

  #itemsOf(list: number): readonly number[] {
    const known = this.#lists.get(list);
    if (known !== undefined) return known;
    const events = this.#events;
    const items: number[] = [];
    for (let at = list + 1; at < events.length && events[at]!.type !== EVENT_ID.POP; at = endOf(events, at)) {
      items.push(at);
    }
    this.#lists.set(list, items);
    return items;
  }

  #positionOf(offset: number): Position {
    const lines = this.#lines ??= lineStarts(this.#text);
    // The last line that begins at or before the offset.
    let low = 0;
    for (let high = lines.length - 1; low < high;) {
      const middle = (low + high + 1) >> 1;
      if (lines[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - lines[low]! + 1 };
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", end + 1)) starts.push(end + 1);
  return starts;
}

/** Index of the event after a value. */
function endOf(events: readonly Event[], at: number): number {
  let depth = 0;
  for (let i = at; i < events.length; i++) {
    const type = events[i]!.type;
    if (type === EVENT_ID.MAPPING || type === EVENT_ID.SEQUENCE || type === EVENT_ID.DOCUMENT) depth++;
    else if (type === EVENT_ID.POP) depth--;
    if (depth <= 0) return i + 1;
  }
  return events.length;
}

function isEmpty(event: Event | undefined): boolean {
  return event?.type === EVENT_ID.SCALAR && event.valueStart < 0;
}

function startOf(event: Event): number {
  switch (event.type) {
    case EVENT_ID.SCALAR:
      return Math.max(event.valueStart, 0);
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return event.start;
    case EVENT_ID.ALIAS:
      return Math.max(event.anchorStart, 0);
    default:
      return 0;
  }
}

/** Parses a field path as kubectl writes it: `spec.rules[0].host`, `data[tls.crt]`. */
export function fieldSteps(field: string): PathStep[] {
  const steps: PathStep[] = [];
  for (const [, index, key, name] of field.matchAll(/\[(\d+)\]|\[([^\]]*)\]|([^.[\]]+)/g)) {
    steps.push(index !== undefined ? Number(index) : key ?? name ?? "");
  }
  return steps;
}
