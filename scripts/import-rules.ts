/**
 * Checks the arrows between the rooms of src: which room imports which, which packages it uses, that files starting with
 * `_` stay private to their folder, and that only src/runtime knows what it runs on. In rooms with rooms of their own,
 * which of these imports which, too. That rooms are entered by their doors, and that no files import each other in a circle,
 * types included.
 *
 *     bun scripts/import-rules.ts
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import process from "node:process";

/** What a room may import. */
interface Room {
  readonly rooms: readonly string[];
  /** Rooms of which it may import types only. */
  readonly types?: readonly string[];
  readonly packages?: readonly string[];
}

/** Rooms that know nobody above them; everyone but them may import them. */
const LEAVES = ["diagnostic", "proxy-error", "unit", "net", "http"];

/** A file directly under src is a room of its own. `cli` may import all. */
export const ROOMS: Readonly<Record<string, Room>> = {
  "diagnostic": { rooms: [] },
  "proxy-error": { rooms: [] },
  "runtime": { rooms: [] },
  "unit": { rooms: [] },
  "net": { rooms: ["unit"] },
  "http": { rooms: ["unit", "net"] },
  "observe": { rooms: ["unit", "net", "http"] },
  "nginx": { rooms: ["unit", "net", "http", "diagnostic"], types: ["snapshot"], packages: ["re2js"] },
  "policy": {
    rooms: [...LEAVES, "observe", "nginx"],
    types: ["snapshot", "kube"],
    packages: ["hono", "valibot", "jose"],
  },
  "snapshot": { rooms: ["unit", "net", "http"], types: ["policy"] },
  "kube": {
    rooms: ["unit", "net", "observe", "diagnostic"],
    packages: ["valibot", "js-yaml", "yaml", "@kubernetes/client-node"],
  },
  "compiler": { rooms: [...LEAVES, "kube", "policy", "nginx", "snapshot"], packages: ["valibot"] },
  "proxy": { rooms: [...LEAVES, "snapshot", "policy", "nginx", "observe", "runtime"], packages: ["hono"] },
  "worker": { rooms: ["snapshot", "proxy", "observe", "runtime"] },
  "controller": { rooms: [...LEAVES, "kube", "compiler", "snapshot", "observe"] },
  "admin": { rooms: [...LEAVES, "snapshot", "observe"], packages: ["hono"] },
  // what embedding programs may use of each room
  "library": { rooms: [...LEAVES, "kube", "policy", "snapshot", "observe", "compiler", "controller", "proxy"] },
};

/** Key of {@link SUB_ROOMS} for those that have none of their own. */
const OTHERS = "...";

/**
 * Rooms within a room, and files that lie beside them: what each may import of the others. Whoever imports `*` puts the
 * others together.
 */
export const SUB_ROOMS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "proxy": {
    "contract": [],
    "deadline-wheel": [],
    "held-bytes": [],
    "listen-error": [],
    "listener-set": ["listen-error"],
    "unnamed-file": [],
    "send-progress": [],
    "wire-settings": ["contract"],
    "router": [],
    "state": [],
    "tls": [],
    "balancer": ["contract"],
    "exchange": ["contract", "deadline-wheel", "unnamed-file"],
    // none of these three knows another
    "listener": ["contract", "deadline-wheel", "exchange", "held-bytes", "tls", "send-progress"],
    "forward": ["contract", "exchange", "held-bytes", "unnamed-file"],
    "upstream": ["contract", "deadline-wheel", "exchange", "send-progress"],
    "subrequest": ["contract", "balancer", "deadline-wheel", "exchange"],
    "pipeline": ["contract", "balancer", "router"],
    "wire": ["*"],
    "data-plane": ["*"],
    "mod": ["*"],
  },
  "nginx": {
    "byte-text": [],
    "media-type": [],
    "pattern": [],
    "syntax": [],
    "finding": ["syntax"],
    "variable": ["byte-text"],
    "template": ["byte-text", "variable"],
    "program": ["template"],
    "block-match": ["byte-text", "pattern", "program"],
    // neither of these two knows the other: what one compiles, the program, the other runs
    "directive": ["pattern", "program", "syntax", "template", "variable"],
    "interpreter": ["byte-text", "media-type", "pattern", "program", "template", "variable"],
    "snippet": [
      "block-match",
      "byte-text",
      "directive",
      "finding",
      "pattern",
      "program",
      "syntax",
      "template",
      "variable",
    ],
    "mod": ["*"],
  },
  "compiler": {
    // hosts, upstreams and certificates are compiled of what all routing APIs come to, and know none of them
    "route": ["certificate", "contract", "diagnose"],
    "certificate": ["diagnose"],
    "certificate-store": ["certificate", "diagnostic-index", "last-good"],
    "diagnostic-index": [],
    "ingress": ["contract", "diagnose", "order", "route", "settings"],
    [OTHERS]: ["*"],
  },
};

/** Rooms whose own rooms have doors: a file `mod.ts`, by which the others enter. */
export const DOORED: ReadonlySet<string> = new Set(["nginx", "proxy"]);

/** Files by which another room may be entered beside its door, and why. */
export const SIDE_DOORS: Readonly<Record<string, string>> = {
  "src/http/exchange.ts": "types alone, for those who have nothing to do with the codecs",
  "src/http/fields.ts": "a type alone, as above",
  "src/policy/contract.ts": "types alone: the door loads all families",
  "src/runtime/hold-signals.ts": "the first module that is run, before there is time for others",
  "src/snapshot/snapshot.ts": "plain data; those who only read it do not load what compares and sends it",
};

/** Imports of types that close a circle, and why they may. */
export const TYPE_CIRCLES: Readonly<Record<string, string>> = {
  "src/snapshot/snapshot.ts src/policy/mod.ts":
    "the snapshot holds what the families of policies parse, and their hooks read the snapshot",
  "src/runtime/_bun-handle.ts src/runtime/_bun-socket.ts": "a handle of Bun and the socket around it know each other",
};

/** One broken rule. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

const COMMENT_OR_STRING = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const IMPORT =
  /^[ \t]*(?:import|export)\s+(type\s)?(?:[^;"'`]*?\sfrom\s*)?["']([^"'\n]+)["']|\bimport\(\s*["']([^"'\n]+)["']/gm;
const RUNTIME_GLOBAL = /(?<![.\w$])(Bun|Deno)\s*[.[(]/g;

/** @param files text by path from the root of the project, with `/` */
export function checkImports(files: Iterable<readonly [path: string, text: string]>): Violation[] {
  const violations: Violation[] = [];
  /** What each file of src imports. */
  const arrows = new Map<string, Arrow[]>();
  for (const [file, text] of files) {
    const report = (line: number, message: string): void => void violations.push({ file, line, message });
    const code = blank(text, (piece) => piece.startsWith("/"));
    for (const found of importsOf(code)) {
      const message = found.specifier.startsWith(".") ? checkFile(file, found) : checkPackage(file, found.specifier);
      if (message !== null) report(found.line, message);
      if (!found.specifier.startsWith(".") || roomOf(file) === null) continue;
      const to = posix.normalize(posix.join(posix.dirname(file), found.specifier));
      if (found.typeOnly && TYPE_CIRCLES[`${file} ${to}`] !== undefined) continue;
      const known = arrows.get(file) ?? [];
      known.push({ to, line: found.line });
      arrows.set(file, known);
    }
    if (roomOf(file) === null || roomOf(file) === "runtime") continue;
    for (const match of blank(text, () => true).matchAll(RUNTIME_GLOBAL)) {
      report(lineAt(text, match.index), `the global ${match[1]} belongs into src/runtime`);
    }
  }
  for (const circle of circlesOf(arrows)) violations.push(circle);
  return violations;
}

interface Arrow {
  readonly to: string;
  readonly line: number;
}

/** One violation for each arrow that closes a circle. */
function circlesOf(arrows: ReadonlyMap<string, readonly Arrow[]>): Violation[] {
  const violations: Violation[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    path.push(file);
    for (const { to, line } of arrows.get(file) ?? []) {
      const at = path.indexOf(to);
      if (at >= 0) {
        const circle = [...path.slice(at), to].map((each) => `"${each}"`).join(" imports ");
        violations.push({ file, line, message: `files import each other in a circle: ${circle}` });
      } else if (!done.has(to)) visit(to);
    }
    path.pop();
    done.add(file);
  };
  for (const file of arrows.keys()) if (!done.has(file)) visit(file);
  return violations;
}

function checkFile(file: string, { specifier, typeOnly }: Import): string | null {
  const target = posix.normalize(posix.join(posix.dirname(file), specifier));
  if (posix.basename(target).startsWith("_") && posix.dirname(target) !== posix.dirname(file)) {
    return `"${target}" is private to its folder`;
  }
  const from = roomOf(file);
  const to = roomOf(target);
  if (from === null) return null;
  // the library exports whatever the types of the doors name, wherever that is declared
  const noDoor = from !== to && from !== "library" && to !== null && !isDoor(target)
    ? `"${target}" is no door of ${to}`
    : null;
  if (from === "cli") return noDoor;
  if (from === to) return checkSubRoom(from, file, target);
  if (to === null) return `"${specifier}" lies outside src`;
  const room = ROOMS[from];
  if (room === undefined) return `the room "${from}" is not in the table of scripts/import-rules.ts`;
  if (room.rooms.includes(to) || (typeOnly && room.types?.includes(to) === true)) return noDoor;
  return room.types?.includes(to) === true ? `${from} may import only types of ${to}` : `${from} may not import ${to}`;
}

function checkSubRoom(room: string, file: string, target: string): string | null {
  const rooms = SUB_ROOMS[room];
  const from = subRoomOf(file);
  const to = subRoomOf(target);
  if (rooms === undefined || from === to) return null;
  const allowed = rooms[from] ?? rooms[OTHERS];
  if (allowed === undefined) return `"${room}/${from}" is not in the table of scripts/import-rules.ts`;
  if (!allowed.includes("*") && !allowed.includes(to)) return `${room}/${from} may not import ${room}/${to}`;
  if (DOORED.has(room) && target.split("/").length > 3 && !target.endsWith(`/${to}/mod.ts`)) {
    return `"${target}" is no door of ${room}/${to}`;
  }
  return null;
}

/** `mod.ts` of the room, or of a room within it. */
function isDoor(target: string): boolean {
  return target.split("/").length === 2 || target.endsWith("/mod.ts") || SIDE_DOORS[target] !== undefined;
}

function subRoomOf(file: string): string {
  return (file.split("/")[2] ?? "").replace(/\.ts$/, "");
}

function checkPackage(file: string, specifier: string): string | null {
  const from = roomOf(file);
  if (from === null || specifier.startsWith("node:")) return null;
  if (specifier === "bun" || specifier.startsWith("bun:")) {
    return from === "runtime" ? null : `"${specifier}" belongs into src/runtime`;
  }
  const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  if (from === "cli" || ROOMS[from]?.packages?.includes(name) === true) return null;
  return `${from} may not import the package "${name}"`;
}

/** `null` for a file outside src. */
function roomOf(file: string): string | null {
  const parts = file.split("/");
  if (parts[0] !== "src" || parts[1] === undefined) return null;
  return parts.length === 2 ? parts[1].replace(/\.ts$/, "") : parts[1];
}

function importsOf(code: string): Import[] {
  return [...code.matchAll(IMPORT)].map((match) => ({
    specifier: match[2] ?? match[3] ?? "",
    typeOnly: match[1] !== undefined,
    line: lineAt(code, match.index + match[0].length),
  }));
}

/** Puts spaces in place of comments or strings, so that lines stay where they are. */
function blank(text: string, which: (piece: string) => boolean): string {
  return text.replace(COMMENT_OR_STRING, (piece) => which(piece) ? piece.replace(/[^\n]/g, " ") : piece);
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

function* sources(root: string): Iterable<readonly [string, string]> {
  for (const entry of readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
    const path = join(entry.parentPath, entry.name);
    yield [posix.normalize(path.slice(root.length + 1)), readFileSync(path, "utf8")];
  }
}

if (import.meta.main) {
  const violations = checkImports(sources(dirname(import.meta.dirname)));
  for (const { file, line, message } of violations) console.error(`${file}:${line}: ${message}`);
  if (violations.length > 0) process.exit(1);
}
