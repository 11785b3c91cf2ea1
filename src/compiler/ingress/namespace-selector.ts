/**
 * Selects the watched namespaces: --watch-namespace or --watch-namespace-selector.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 * @module
 */

/** True when the labels are selected. */
export type LabelSelector = (labels: Readonly<Record<string, string>>) => boolean;

const KEY = String.raw`[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,251}[A-Za-z0-9])?`;
const VALUE = String.raw`[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?`;
const EXISTS = new RegExp(`^(!?)\\s*(${KEY})$`);
const EQUALITY = new RegExp(`^(${KEY})\\s*(==|=|!=)\\s*((?:${VALUE})?)$`);
const SET = new RegExp(`^(${KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);

/** Splits at commas outside of parentheses. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === "(") depth++;
    else if (char === ")") depth--;
    else if (char === "," && depth === 0) {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return terms.map((term) => term.trim());
}

function parseTerm(term: string): LabelSelector | undefined {
  const exists = EXISTS.exec(term);
  if (exists !== null) {
    const wanted = exists[1] === "";
    const key = exists[2]!;
    return (labels) => Object.hasOwn(labels, key) === wanted;
  }
  const equality = EQUALITY.exec(term);
  if (equality !== null) {
    const [, key, operator, value] = equality;
    const wanted = operator !== "!=";
    return (labels) => (Object.hasOwn(labels, key!) && labels[key!] === value) === wanted;
  }
  const set = SET.exec(term);
  if (set === null) return undefined;
  const key = set[1]!;
  const wanted = set[2] === "in";
  const values = new Set(set[3]!.split(",").map((value) => value.trim()));
  return (labels) => (Object.hasOwn(labels, key) && values.has(labels[key]!)) === wanted;
}

/** `a=b,c!=d,e in (f,g),h,!i`; `undefined` when the text is no selector. An empty text selects everything. */
export function parseLabelSelector(text: string): LabelSelector | undefined {
  if (text.trim() === "") return () => true;
  const terms: LabelSelector[] = [];
  for (const text_ of splitTerms(text)) {
    const term = parseTerm(text_);
    if (term === undefined) return undefined;
    terms.push(term);
  }
  return (labels) => terms.every((term) => term(labels));
}
