import { tableRows } from "./helpers/markdown";
import { filesNamed, textOf } from "./helpers/source-files";

const sources = filesNamed(/\.(ts|tsx|js|cjs|mjs)$/);
const written = [...sources, ...filesNamed(/\.(md|sh|py|yaml|service)$/)].filter((file) => file !== "CONTRIBUTING.md");

describe("doc comments", () => {
    it('never start with "What" or "Who"', () => {
        const wrong = sources.flatMap((file) =>
            [...textOf(file).matchAll(/\/\*\*[\s*]*(?<start>(What|Who|Whoever|Whose)\b[^\n]*)/g)].map(
                (match) => `${file}: ${match.groups?.start}`,
            ),
        );

        expect(wrong).toEqual([]);
    });
});

describe("comments", () => {
    it("wrap at 120 columns, except for addresses and types", () => {
        const wrong = [...sources, ...filesNamed(/(\.(sh|py|yaml|yml|service)|^\.ci\/run)$/)].flatMap((file) =>
            textOf(file)
                .split("\n")
                .filter((line) => line.length > 120 && /^\s*(#|\/\/|\/?\*)/.test(line))
                .filter((line) => !/https?:\/\/|@(?:typedef|param \{)|^#\w+[ {]/.test(line))
                .map((line) => `${file}: ${line.trim().slice(0, 60)}`),
        );

        expect(wrong).toEqual([]);
    });
});

describe("the words that CONTRIBUTING.md replaces", () => {
    const rows = tableRows("CONTRIBUTING.md", "instead of").map(([words = ""]) =>
        words.replaceAll("`", "").split(", "),
    );
    const words = rows.flat();

    it("are listed", () => {
        expect(words.length).toBeGreaterThan(5);
    });

    it.each(words)("include %j, which no source file or document contains", (word) => {
        const pattern = new RegExp(`\\b${word.replaceAll(" ", "\\s+(?:[*#/]+\\s+)?")}\\b`, "i");
        const found = written.filter((file) => pattern.test(textOf(file)));

        expect(found).toEqual([]);
    });
});

describe("prose", () => {
    it.each([
        ["puts a word after only", /(?<![-.\w]|= )only[.;](?=\s|$)/m],
        ["writes including, not also, after a comma", /, also (?:after|during|for|if|in|on|those|when|with|without)\b/],
        ["writes a percentage without a space", /\d %(?! *[\d(])/],
    ])("%s", (_, pattern) => {
        const found = written
            .filter((file) => file !== "tests/language.test.ts" && pattern.test(textOf(file)))
            .map((file) => `${file}: ${pattern.exec(textOf(file))?.[0]}`);

        expect(found).toEqual([]);
    });
});
