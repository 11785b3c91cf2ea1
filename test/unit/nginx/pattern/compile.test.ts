import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { compilePattern, instantiate, type Matcher } from "../../../../src/nginx/pattern/mod.ts";
import type { Pattern } from "../../../../src/snapshot/snapshot.ts";

function pattern(text: string, prefix?: "^", caseInsensitive = false): Pattern {
  const result = compilePattern(text, { caseInsensitive, ...(prefix === undefined ? {} : { prefix }) });
  assert.ok(result.ok, result.ok ? "" : `${text}: ${result.message} at ${result.offset}`);
  return result.pattern;
}

function matcher(text: string, prefix?: "^", caseInsensitive = false): Matcher {
  return instantiate(pattern(text, prefix, caseInsensitive));
}

describe("compilePattern()", () => {
  const native: readonly (readonly [text: string, source: string, prefix?: "^"])[] = [
    ["/lb/(zl/.*)", "^/lb/(zl/[^\\n]*)", "^"],
    ["/something(/|$)(.*)", "^/something(/|(?=\\n?$))([^\\n]*)", "^"],
    ["(Scrapy|Go-http-client|HttpClient|curl)", "(Scrapy|Go-http-client|HttpClient|curl)"],
    ["\\.php$", "\\.php(?=\\n?$)"],
    ["^/(?!api|adm)(.*)$", "^/(?!api|adm)([^\\n]*)(?=\\n?$)"],
    ["/users/([0-9]+)/posts/([a-z]+)", "^/users/(\\d+)/posts/([a-z]+)", "^"],
    ["^https?://([a-z0-9-]+\\.)?example\\.com$", "^https?://([\\-0-9a-z]+\\.)?example\\.com(?=\\n?$)"],
    ["[[:digit:][:^print:]]", "[^ -/:-~]"],
    ["\\Aa\\z", "^a$"],
    ["(?P<a>x)(?'b'y)(?<c>z)", "(?<a>x)(?<b>y)(?<c>z)"],
    ["(?i)ab(?-i)cd", "[Aa][Bb]cd"],
    ["a(?i:b)c", "a[Bb]c"],
    ["(?s)a.b", "a[^]b"],
    ["(?x) a b # no more\n c", "abc"],
    ["\\Qa.b\\E+", "a\\.b+"],
    ["a{,3}", "a\\{,3\\}"],
    ["\\x41\\x{42}\\103\\cA\\e", "ABC\\x01\\x1b"],
    ["[]a]", "[\\]a]"],
    ["[a\\-z]", "[\\-az]"],
    ["\\h\\R", "[\\x09 \\xa0](?:\\x0d\\n|[\\n-\\x0d\\x85])"],
    ["(a)\\1", "(a)(?:\\1)"],
    ["^[a-z]++/x", "^[a-z]+/x"],
    ["^/(?>foo|bar)/", "^/(?:foo|bar)/"],
    ["a*+$", "a*(?=\\n?$)", "^"],
    ["a(?#comment)b", "ab"],
    // Only the start of a line need be tried.
    [".*curl", "(?<![^\\n])[^\\n]*curl"],
    ["(.*)a|.*b", "(?<![^\\n])(?:([^\\n]*)a|[^\\n]*b)"],
    ["\u{1f600}+", "\\u{1f600}+"],
  ];
  for (const [text, source, prefix] of native) {
    test(`translates ${JSON.stringify(text)} for the native engine`, () => {
      const result = pattern(text, prefix);
      assert.equal(result.engine, "native");
      assert.equal(result.source, (prefix ?? "") === "^" && !source.startsWith("^") ? `^${source}` : source);
      assert.equal(result.text, text);
    });
  }

  const dangerous: readonly string[] = [
    "(a+)+b",
    "(a*)*b",
    "(a|a)*b",
    "(a|aa)+$",
    "(a?){30}a{30}",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$",
    "(x+x+)+y",
    "(.*)*$",
    "^(a|b|ab)*c$",
    "\\s+$",
    "/.*/x",
    "^/(.*)/foo/(.*)$",
    "(\\w+\\s?)*$",
    "^(?:.?.?.?.?.?.?.?.?.?.?)*x",
    "(?:a|b|c)*?(?:b|c)*d",
    "(?:.*[a-z]){40}[!?]",
  ];
  for (const text of dangerous) {
    test(`gives ${JSON.stringify(text)} to the linear engine`, () => {
      assert.equal(pattern(text).engine, "linear");
    });
  }

  test("gives a repeat whose rounds do not set the same groups to the linear engine, which keeps them as PCRE does", () => {
    const result = matcher("^(?:(a)|b)*$");
    assert.deepEqual(result.exec("ab"), ["ab", "a"]);
  });

  const refused: readonly (readonly [text: string, message: RegExp, offset: number])[] = [
    ["a(", /"\(" without "\)"/, 1],
    ["a)b", /"\)" without "\("/, 1],
    ["[a", /"\[" without "\]"/, 0],
    ["[z-a]", /out of order/, 2],
    ["*a", /nothing to repeat/, 0],
    ["a**", /quantifier follows a quantifier/, 2],
    ["a{3,2}", /out of order/, 1],
    ["a{1001}", /must not be over 1000/, 1],
    ["\\", /backslash ends/, 0],
    ["\\pL", /not supported/, 0],
    ["\\K", /not supported/, 0],
    ["(?R)", /recursion/, 0],
    ["(?(1)a|b)", /conditional/, 0],
    ["(?|a|b)", /branch reset/, 0],
    ["(*SKIP)", /verbs/, 0],
    ["(?<n>a)(?<n>b)", /used twice/, 10],
    ["(\\w+)\\1", /without a longest length/, 5],
    ["(['\"]).*\\1", /linear time/, 0],
    ["(?:(a)|b)\\1", /need not have matched/, 9],
    ["\\2(a)(b)", /not closed before/, 0],
    ["x(?=.*y)", /before the first loop of an anchored/, 1],
    ["^(?=(a+)+b)", /more than linear time/, 1],
    ["(?<=a+)b", /lookbehind without a longest/, 0],
    ["a*+a", /possessive/, 0],
    ["(?>a|ab)c", /atomic/, 0],
    ["a*+^", /possessive/, 0],
    ["(?:a++){2}", /possessive/, 3],
    ["^\\d*[0-9](|.\\d*[0-9]|)*$", /rather match nothing/, 9],
    ["(?:a??b?)*", /rather match nothing/, 0],
    ["(?:(a)|b?)*", /may match nothing/, 0],
    ["[a-z]{1,200}x", /more than 100 ways open/, 0],
    ["(?:.{0,60}){15}[!?]", /more than 100 ways open/, 0],
    ["(?:a{1000}){1000}", /too large/, 0],
    ["((a{0,100}){0,100}){0,100}", /too large/, 0],
    ["[[.x.]]", /collating/, 1],
    ["[[:nope:]]", /unknown POSIX class "nope"/, 1],
    ["(".repeat(101), /deeper than 100/, 100],
    ["a".repeat(5000), /longer than 4096/, 4096],
  ];
  for (const [text, message, offset] of refused) {
    test(`refuses ${JSON.stringify(text.slice(0, 40))} with the offset`, () => {
      const result = compilePattern(text, { caseInsensitive: false });
      assert.ok(!result.ok);
      assert.match(result.message, message);
      assert.equal(result.offset, offset);
    });
  }

  test("counts offsets from the start of the text as given, not of the prefix", () => {
    const result = compilePattern("/a(", { caseInsensitive: true, prefix: "^" });
    assert.ok(!result.ok);
    assert.equal(result.offset, 2);
  });

  test("gives plain JSON", () => {
    const result = pattern("^/(a+)+$");
    assert.deepEqual(JSON.parse(JSON.stringify(result)), result);
  });
});

describe("instantiate()", () => {
  const empty: readonly (readonly [text: string, subject: string, found: readonly (string | undefined)[]])[] = [
    ["(a*)*", "aa", ["aa", ""]],
    ["^(a?)+b", "ab", ["ab", ""]],
    ["^/x(/|$)?", "/x", ["/x", ""]],
    ["^/x(/|$)??", "/x/", ["/x", undefined]],
    ["^(a?){0,3}", "a", ["a", ""]],
    ["^/([^/]*/?)*", "/a/b", ["/a/b", ""]],
    ["^(?:(a)|b)*", "ab", ["ab", "a"]],
  ];
  for (const [text, subject, found] of empty) {
    test(`leaves the groups of ${JSON.stringify(text)} in ${subject} as PCRE does`, () => {
      assert.deepEqual([...matcher(text).exec(subject)!], found);
    });
  }

  const places: readonly (readonly [text: string, subject: string, found: string | undefined])[] = [
    ["(?<=\\W).+", "ab%cd", "cd"],
    ["(?=b).*", "aabc", "bc"],
    ["(?!a)[^/]+", "aabc", "bc"],
    ["(?:(?<=/)).*", "x/y", "y"],
    ["\\Z(?m)^", "a\n", undefined],
    ["(?m)^b", "a\nb", "b"],
    ["(?m)^$", "a\n\n", ""],
    ["(?m)^", "", ""],
  ];
  for (const [text, subject, found] of places) {
    test(`finds ${JSON.stringify(text)} in ${JSON.stringify(subject)} where PCRE does`, () => {
      assert.equal(matcher(text).exec(subject)?.[0], found);
      assert.equal(matcher(text).test(subject), found !== undefined);
    });
  }

  for (const text of ["([ab]*?)(b?)$", "^(?:a|b|ab)*(b?)$"]) {
    test(`finds the end of ${JSON.stringify(text)} before a last line feed`, () => {
      const result = matcher(text);
      assert.equal(pattern(text).engine, "linear");
      assert.equal(result.exec("aab\n")![0], "aab");
      assert.equal(result.test("aab\n"), true);
      assert.equal(result.test("aab\nc"), text.startsWith("("));
    });
  }

  test("finds a match anywhere, with its groups", () => {
    const result = matcher("/(?<kind>[a-z]+)/([0-9]+)?");
    assert.deepEqual([...result.exec("/x/users/")!], ["/x/", "x", undefined]);
    assert.equal(result.groupCount, 2);
    assert.deepEqual([...result.groups], [["kind", 1]]);
    assert.equal(result.exec("users"), null);
  });

  test("puts the prefix before the first alternative only, as pasted text would", () => {
    const result = matcher("/a|/b", "^");
    assert.equal(result.test("/x/a"), false);
    assert.equal(result.test("/x/b"), true);
  });

  for (const engine of ["native", "linear"] as const) {
    const text = engine === "native" ? "^/([a-z.]*)$" : "^/((?:[a-z.]+)*)$";
    test(`lets $ match before a last line feed on the ${engine} engine`, () => {
      assert.equal(pattern(text).engine, engine);
      const result = matcher(text);
      assert.equal(result.test("/x.php"), true);
      assert.equal(result.test("/x.php\n"), true);
      assert.equal(result.test("/x.php\n\n"), false);
      assert.equal(result.exec("/x.php\n")?.[1], "x.php");
    });
    test(`folds ASCII letters onto ASCII letters only on the ${engine} engine`, () => {
      const result = matcher(engine === "native" ? "^k[a-s]$" : "^(?:k[a-s]+)+$", undefined, true);
      assert.equal(result.test("KS"), true);
      assert.equal(result.test("\u212as"), false);
      assert.equal(result.test("k\u017f"), false);
    });
    test(`takes . for one line's characters on the ${engine} engine`, () => {
      const result = matcher(engine === "native" ? "^a.b" : "^(?:a.b)+.*x?.*$");
      assert.equal(result.test("a\rb"), true);
      assert.equal(result.test("a\u2028b"), true);
      assert.equal(result.test("a\nb"), false);
    });
  }

  test("answers hostile texts on the engine that was chosen", () => {
    const hostile = "a".repeat(8000) + "\u0000";
    for (const text of ["(a+)+$", "(a*)*b", "(a|aa)+$", "^(a|b|ab)*c$", "(x+x+)+y", ".*.*.*=.*", "(a?){40}a{40}b"]) {
      assert.equal(matcher(text).test(hostile), false, text);
    }
  });
});
