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
