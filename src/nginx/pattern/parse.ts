/**
 * PCRE text -> tree.
 *
 * @see https://www.pcre.org/current/doc/html/pcre2pattern.html
 * @module
 */
import { ANY, type CharSet, complement, foldCase, NOT_NEWLINE, POSIX, single, union } from "./char-set.ts";
import { classEscape, parseEscape, type Reader } from "./escape.ts";
import { type Assertion, type Capture, type Look, type Node, PatternError } from "./tree.ts";

/** Longest pattern, in characters. */
const MAX_PATTERN_LENGTH = 4096;
/** Largest number in `{n,m}`, as in RE2. */
const MAX_REPEAT = 1000;
const MAX_DEPTH = 100;
const MAX_GROUPS = 200;

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly x: boolean;
  /** (?U): greedy and lazy change places. */
  readonly U: boolean;
}

/** Result of {@link parsePattern}. */
export interface ParsedPattern {
  readonly root: Node;
  readonly groups: readonly Capture[];
}

/** @throws {PatternError} what is not PCRE, or not supported */
export function parsePattern(text: string, ignoreCase: boolean, bytes: boolean = false): ParsedPattern {
  if (text.length > MAX_PATTERN_LENGTH) {
    throw new PatternError(`the expression is longer than ${MAX_PATTERN_LENGTH} characters`, MAX_PATTERN_LENGTH);
  }
  return new Parser(text, { i: ignoreCase, m: false, s: false, x: false, U: false }, bytes).parse();
}

class Parser implements Reader {
  at = 0;
  readonly groups: Capture[] = [];
  #count = 0;
  readonly #names = new Set<string>();
  #flags: Flags;
  #depth = 0;
  /** Groups that are set for sure at the present place: for back-references. */
  #sure: Capture[] = [];

  constructor(readonly text: string, flags: Flags, readonly bytes: boolean) {
    this.#flags = flags;
  }

  parse(): ParsedPattern {
    const root = this.#alternation();
    if (this.at < this.text.length) this.fail(`")" without "("`);
    return { root, groups: this.groups };
  }

  fail(message: string, offset: number = this.at): never {
    throw new PatternError(message, offset);
  }

  take(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  #alternation(): Node {
    if (++this.#depth > MAX_DEPTH) this.fail(`groups are nested deeper than ${MAX_DEPTH}`);
    const outer = this.#sure;
    const items: Node[] = [];
    let single = true;
    do {
      this.#sure = [...outer];
      items.push(this.#sequence());
      if (this.text[this.at] === "|") single = false;
    } while (this.take("|"));
    if (!single) this.#sure = outer;
    this.#depth--;
    return items.length === 1 ? items[0]! : { kind: "alternation", items };
  }

  #sequence(): Node {
    const items: Node[] = [];
    while (this.at < this.text.length) {
      const c = this.text[this.at]!;
      if (c === "|" || c === ")") break;
      if (this.#flags.x && this.#skipExtended(c)) continue;
      if (this.take("\\Q")) {
        this.#quoted(items);
        continue;
      }
      if (this.take("\\E")) continue;
      const offset = this.at;
      const sure = this.#sure;
      const node = this.#atom(c);
      if (node === undefined) continue;
      items.push(this.#quantified(node, offset, sure));
    }
    return items.length === 1 ? items[0]! : { kind: "sequence", items };
  }

  #skipExtended(c: string): boolean {
    if (c === "#") {
      const end = this.text.indexOf("\n", this.at);
      this.at = end < 0 ? this.text.length : end + 1;
      return true;
    }
    if (!/[ \t-\r]/.test(c)) return false;
    this.at++;
    return true;
  }

  #quoted(items: Node[]): void {
    const close = this.text.indexOf("\\E", this.at);
    const end = close < 0 ? this.text.length : close;
    while (this.at < end) {
      const offset = this.at;
      const node = this.#literal();
      // A quantifier after \E belongs to the last character.
      if (this.at >= end && close >= 0) {
        this.at = end + 2;
        items.push(this.#quantified(node, offset, this.#sure));
        return;
      }
      items.push(node);
    }
    this.at = close < 0 ? end : end + 2;
  }

  #set(set: CharSet): Node {
    return { kind: "set", set: this.#flags.i ? foldCase(set, this.bytes) : set };
  }

  #literal(): Node {
    const code = this.text.codePointAt(this.at)!;
    this.at += code > 0xffff ? 2 : 1;
    return this.#set(single(code));
  }

  /** One element without its quantifier; `undefined` when it only changed flags or was a comment. */
  #atom(c: string): Node | undefined {
    switch (c) {
      case "(":
        return this.#group();
      case "[":
        return this.#class();
      case ".":
        this.at++;
        return { kind: "set", set: this.#flags.s ? ANY : NOT_NEWLINE };
      case "^":
        this.at++;
        return { kind: "assert", what: this.#flags.m ? "line-start" : "start" };
      case "$":
        this.at++;
        return { kind: "assert", what: this.#flags.m ? "line-end" : "end-or-newline" };
      case "\\":
        return this.#escape();
      case "*":
      case "+":
      case "?":
        return this.fail(`"${c}" has nothing to repeat`);
      case "{":
        if (this.#bounds(this.at) !== undefined) this.fail(`"{" has nothing to repeat`);
        return this.#literal();
      default:
        return this.#literal();
    }
  }

  #escape(): Node {
    const offset = this.at;
    const escape = parseEscape(this, this.#count);
    switch (escape.kind) {
      case "char":
        return this.#set(single(escape.code));
      case "set":
        return { kind: "set", set: escape.set };
      case "assert":
        return { kind: "assert", what: escape.what as Assertion };
      case "node":
        return escape.node;
      case "reference": {
        const wanted = escape.group;
        const group = this.groups.find((g) => typeof wanted === "number" ? g.index === wanted : g.name === wanted);
        if (group === undefined) this.fail(`back-reference to group "${wanted}" that is not closed before it`, offset);
        if (!this.#sure.includes(group)) {
          this.fail(`back-reference to group "${wanted}" that need not have matched is not supported`, offset);
        }
        return { kind: "back-reference", group, ignoreCase: this.#flags.i, offset };
      }
      default:
        return escape satisfies never;
    }
  }

  #group(): Node | undefined {
    const offset = this.at++;
    const flags = this.#flags;
    let node: Node | undefined;
    if (this.take("*")) this.fail(`"(*" verbs are not supported`, offset);
    if (!this.take("?")) node = this.#capture(undefined, offset);
    else if (this.take("#")) {
      const end = this.text.indexOf(")", this.at);
      if (end < 0) this.fail("comment without end", offset);
      this.at = end + 1;
      return undefined;
    } else if (
      this.take("P<") || (this.text[this.at + 1] !== "=" && this.text[this.at + 1] !== "!" && this.take("<"))
    ) {
      node = this.#capture(this.#name(">"), offset);
    } else if (this.take("'")) node = this.#capture(this.#name("'"), offset);
    else if (this.take("P=")) return this.#namedReference(offset);
    else if (this.take(":")) node = this.#alternation();
    else if (this.take(">")) node = { kind: "atomic", item: this.#alternation(), offset };
    else if (this.take("=")) node = this.#look(false, false, offset);
    else if (this.take("!")) node = this.#look(false, true, offset);
    else if (this.take("<=")) node = this.#look(true, false, offset);
    else if (this.take("<!")) node = this.#look(true, true, offset);
    else if (this.take("|")) this.fail(`branch reset "(?|" is not supported`, offset);
    else if (this.take("(")) this.fail("conditional groups are not supported", offset);
    else if (/^(?:R|[0-9]|[+-][0-9]|&|P>)/.test(this.text.slice(this.at, this.at + 2))) {
      this.fail("recursion is not supported", offset);
    } else if (this.take("C")) this.fail("callouts are not supported", offset);
    else {
      this.#inlineFlags(offset);
      if (this.take(")")) return undefined;
      if (!this.take(":")) this.fail("unknown kind of group", offset);
      node = this.#alternation();
    }
    if (!this.take(")")) this.fail(`"(" without ")"`, offset);
    this.#flags = flags;
    // Its own node, so that a quantifier does not bind to the last item of a sequence only.
    return node;
  }

  #look(behind: boolean, negated: boolean, offset: number): Look {
    const sure = this.#sure;
    const item = this.#alternation();
    if (negated) this.#sure = sure;
    return { kind: "look", behind, negated, item, offset };
  }

  #capture(name: string | undefined, offset: number): Capture {
    const index = ++this.#count;
    if (index > MAX_GROUPS) this.fail(`more than ${MAX_GROUPS} groups`, offset);
    const capture: Capture = { kind: "capture", index, name, item: this.#alternation() };
    this.groups.push(capture);
    this.#sure = [...this.#sure, capture];
    return capture;
  }

  #name(end: string): string {
    const offset = this.at;
    const close = this.text.indexOf(end, offset);
    const name = close < 0 ? "" : this.text.slice(offset, close);
    if (!/^[A-Za-z_]\w{0,31}$/.test(name)) this.fail("name of a group: 1 to 32 letters, digits and _ expected", offset);
    if (this.#names.has(name)) this.fail(`group name "${name}" is used twice`, offset);
    this.#names.add(name);
    this.at = close + 1;
    return name;
  }

  #namedReference(offset: number): Node {
    const close = this.text.indexOf(")", this.at);
    const name = this.text.slice(this.at, close < 0 ? this.at : close);
    const group = this.groups.find((g) => g.name === name);
    if (group === undefined || !this.#sure.includes(group)) {
      this.fail(`back-reference to group "${name}" that need not have matched is not supported`, offset);
    }
    this.at = close + 1;
    return { kind: "back-reference", group, ignoreCase: this.#flags.i, offset };
  }

  #inlineFlags(offset: number): void {
    const flags = { ...this.#flags };
    if (this.take("^")) Object.assign(flags, { i: false, m: false, s: false, x: false });
    let value = true;
    for (;; this.at++) {
      const c = this.text[this.at];
      if (c === "-") value = false;
      else if (c === "i" || c === "m" || c === "s" || c === "x" || c === "U") flags[c] = value;
      else if (c === ":" || c === ")") break;
      else this.fail(c === undefined ? `"(" without ")"` : `flag "${c}" is not supported`, offset);
    }
    this.#flags = flags;
  }

  #quantified(node: Node, offset: number, sureBefore: Capture[]): Node {
    let out = node;
    for (;;) {
      if (this.#flags.x) { while (this.at < this.text.length && this.#skipExtended(this.text[this.at]!)); }
      const quantifierAt = this.at;
      const c = this.text[this.at];
      let min: number;
      let max: number;
      if (c === "*") [min, max] = [0, Infinity];
      else if (c === "+") [min, max] = [1, Infinity];
      else if (c === "?") [min, max] = [0, 1];
      else {
        const bounds = c === "{" ? this.#bounds(this.at) : undefined;
        if (bounds === undefined) return out;
        [min, max] = bounds;
        this.at = this.text.indexOf("}", this.at);
      }
      this.at++;
      if (out !== node) this.fail("a quantifier follows a quantifier", quantifierAt);
      let mode: "greedy" | "lazy" | "possessive" = this.#flags.U ? "lazy" : "greedy";
      if (this.take("?")) mode = this.#flags.U ? "greedy" : "lazy";
      else if (this.take("+")) mode = "possessive";
      if (min === 0) this.#sure = sureBefore;
      out = { kind: "repeat", item: node, min, max, mode, offset };
    }
  }

  #bounds(at: number): [number, number] | undefined {
    const match = /^\{([0-9]+)(?:(,)([0-9]*))?\}/.exec(this.text.slice(at, at + 32));
    if (match === null) return undefined;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === "" ? Infinity : Number(match[3]);
    if (min > MAX_REPEAT || (max !== Infinity && max > MAX_REPEAT)) {
      this.fail(`numbers in "{}" must not be over ${MAX_REPEAT}`, at);
    }
    if (max < min) this.fail(`numbers in "{}" are out of order`, at);
    return [min, max];
  }

  #class(): Node {
    const offset = this.at++;
    const negated = this.take("^");
    const parts: CharSet[] = [];
    for (let first = true;; first = false) {
      const c = this.text[this.at];
      if (c === undefined) this.fail(`"[" without "]"`, offset);
      if (c === "]" && !first) break;
      const from = this.#classAtom();
      if (typeof from !== "number") {
        parts.push(from);
        continue;
      }
      const next = this.text[this.at + 1];
      if (this.text[this.at] !== "-" || next === "]" || next === undefined) {
        parts.push(single(from));
        continue;
      }
      const hyphen = this.at++;
      const to = this.#classAtom();
      if (typeof to !== "number") parts.push(single(from), single(0x2d), to);
      else if (to < from) this.fail("range out of order in a class", hyphen);
      else parts.push([from, to]);
    }
    this.at++;
    let set = union(...parts);
    if (this.#flags.i) set = foldCase(set, this.bytes);
    return { kind: "set", set: negated ? complement(set) : set };
  }

  #classAtom(): number | CharSet {
    const offset = this.at;
    const c = this.text[offset]!;
    if (c === "[" && /[:.=]/.test(this.text[offset + 1] ?? "")) {
      const kind = this.text[offset + 1]!;
      const match = /^\[([:.=])(\^?)([a-z]*)\1\]/.exec(this.text.slice(offset, offset + 20));
      if (match !== null) {
        if (kind !== ":") this.fail("collating elements are not supported", offset);
        const set = Object.hasOwn(POSIX, match[3]!) ? POSIX[match[3]!] : undefined;
        if (set === undefined) this.fail(`unknown POSIX class "${match[3]}"`, offset);
        this.at += match[0].length;
        return match[2] === "^" ? complement(set) : set;
      }
    }
    if (c === "\\") return classEscape(this);
    const code = this.text.codePointAt(offset)!;
    this.at += code > 0xffff ? 2 : 1;
    return code;
  }
}
