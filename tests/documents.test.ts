import { existsSync } from "node:fs";
import path from "node:path";
import { anchorsOf, codeBlock, localLinks, proseLines } from "./helpers/markdown";
import { filesNamed, textOf } from "./helpers/source-files";

const ROOT = path.resolve(__dirname, "..");
const documents = filesNamed(/\.md$/);
/** Documents that `npm run bench` generates. */
const GENERATED = ["bench/results.md"];

describe("Markdown files", () => {
    it("wrap prose at 120 columns, except for tables, code blocks and link targets", () => {
        const long = documents
            .filter((file) => !GENERATED.includes(file))
            .flatMap((file) =>
                proseLines(file)
                    .filter((line) => !/^\s*\|/.test(line))
                    .filter((line) => [...line.replaceAll(/\]\([^)]*\)/g, "]()")].length > 120)
                    .map((line) => `${file}: ${line}`),
            );

        expect(long).toEqual([]);
    });

    it("link only to files and headings that exist", () => {
        const links = documents.flatMap((file) => localLinks(file).map((link) => ({ from: file, ...link })));
        const broken = links.filter(
            ({ file, anchor }) =>
                !existsSync(path.join(ROOT, file)) ||
                (anchor !== "" && !(file.endsWith(".md") && anchorsOf(file).includes(anchor))),
        );

        expect(links.length).toBeGreaterThan(20);
        expect(broken.map(({ from, target }) => `${from}: ${target}`)).toEqual([]);
    });

    it("have kebab-case names, except for the README, the changelog, the contributing guide and the security policy", () => {
        const names = documents.map((file) => path.basename(file));

        expect(names.filter((name) => !/^([a-z0-9-]+|README|CHANGELOG|CONTRIBUTING|SECURITY)\.md$/.test(name))).toEqual(
            [],
        );
    });
});

describe("the first Python example", () => {
    const withExamples = documents.filter((file) => codeBlock(file, "python") !== "");

    it.each(withExamples)("in %s imports the modules that it uses, and uses nothing deprecated", (file) => {
        const code = codeBlock(file, "python");
        const used = [...code.matchAll(/\b(io|json|os|storage|sys)\./g)].map(([, name]) => name);
        const imported = [...code.matchAll(/^(?:from \S+ )?import (.*)$/gm)].flatMap(([, names]) => names?.split(", "));

        expect(used.filter((name) => !imported.includes(name))).toEqual([]);
        expect(code).not.toContain("Blob.from_string");
    });
});

describe("docs/adr", () => {
    const records = filesNamed(/\.md$/, "docs/adr").sort();

    it("numbers its records in the order of the file names, without gaps", () => {
        const numbers = records.map((file) => Number(path.basename(file).slice(0, 4)));

        expect(numbers).toEqual(records.map((_, index) => index + 1));
    });

    it.each(records)(
        "contains %s, with its number in the heading and the sections Context, Decision and Consequences",
        (file) => {
            const headings = textOf(file).match(/^#{1,2} .*$/gm) ?? [];

            expect(headings[0]).toMatch(new RegExp(`^# ${Number(path.basename(file).slice(0, 4))}\\. \\S`));
            expect(headings).toEqual(expect.arrayContaining(["## Context", "## Decision", "## Consequences"]));
        },
    );
});
