import { createHash } from "node:crypto";
import type { TreeNode } from "../../lib/model";
import { type ReportInput, renderReport } from "../../lib/report";
import { textFeature } from "../model/models";
import { AWKWARD_NAMES, awkwardReport } from "./helpers/awkward";
import { blobs, houses, iris, madeUp } from "./helpers/data";
import { attribute, byTag, type Element, pageOf, textOf } from "./helpers/dom";
import { modelOf, reportOf, train } from "./helpers/inputs";
import { labels, numbers, uneven } from "./helpers/made-up-trees";

const irisReport = train(iris());
const housesReport = train(houses(300), { maxDepth: 5, minNumSamples: 8 });
const forestReport = train(blobs(4, 400, 5), { algorithm: "forest", trees: 3, maxDepth: 6 });

describe("the page", () => {
    const reports: [string, ReportInput][] = [
        ["a classification", irisReport],
        ["a regression", housesReport],
        ["a forest", forestReport],
        ["names with markup, in other scripts and very long", awkwardReport()],
        ["a tree of one leaf", reportOf(modelOf(madeUp(numbers(2), labels(2)), [uneven(1, numbers(2), 2)]))],
    ];

    it.each(reports)("is valid HTML with unique ids for %s", (_, input) => {
        const { elements, errors } = pageOf(input);
        expect(errors).toEqual([]);
        const ids = elements.map((element) => attribute(element, "id")).filter((id) => id !== undefined);
        expect(ids).toEqual([...new Set(ids)]);
        const links = byTag(elements, "a").map((link) => attribute(link, "href")?.slice(1));
        expect(ids).toEqual(expect.arrayContaining(links));
    });

    it.each(reports)("has its headings in order for %s", (_, input) => {
        const headings = pageOf(input).elements.filter(({ tagName }) => /^h\d$/.test(tagName));
        expect(headings.map(({ tagName }) => tagName)).toEqual(["h1", ...headings.slice(1).map(() => "h2")]);
        expect(headings.length).toBeGreaterThan(3);
    });

    it.each(reports)("allows only its own script and styles, and loads nothing, for %s", (_, input) => {
        const { elements } = pageOf(input);
        const policy = attribute(
            elements.find((element) => attribute(element, "http-equiv") === "Content-Security-Policy"),
            "content",
        );
        const hash = (element: Element | undefined) => {
            const [child] = element?.childNodes ?? [];
            const text = child !== undefined && "value" in child ? child.value : "";
            return `sha256-${createHash("sha256").update(text).digest("base64")}`;
        };
        const scripts = byTag(elements, "script").filter((element) => attribute(element, "type") === undefined);
        expect(scripts).toHaveLength(1);
        expect(byTag(elements, "style")).toHaveLength(1);
        expect(policy).toBe(
            `default-src 'none'; style-src '${hash(byTag(elements, "style")[0])}'; script-src '${hash(scripts[0])}'; base-uri 'none'; form-action 'none'`,
        );
        const loading = elements
            .flatMap(({ attrs }) => attrs)
            .filter(({ name }) => /^(src|srcset|data|style|on\w+)$/.test(name));
        expect(loading).toEqual([]);
        expect(elements.map(({ tagName }) => tagName)).not.toEqual(
            expect.arrayContaining([expect.stringMatching(/^(img|iframe|object|embed|link|base)$/)]),
        );
    });

    it("is identical for identical input", () => {
        expect(renderReport(train(iris()))).toBe(renderReport(irisReport));
    });

    it("shows names literally, including markup", () => {
        const { text, elements } = pageOf(awkwardReport());
        for (const name of AWKWARD_NAMES.slice(0, 11)) {
            expect(text).toContain(name);
        }
        expect(textOf(byTag(elements, "h1")[0])).toBe(AWKWARD_NAMES[0]);
        expect(textOf(byTag(elements, "title")[0])).toContain(AWKWARD_NAMES[0]);
    });

    it.each<[string, () => ReportInput, number]>([
        ["iris", () => irisReport, 60_000],
        [
            "10,000 leaves",
            () => reportOf(modelOf(madeUp(numbers(12), labels(5), 120_000), [uneven(10_000, numbers(12), 5)])),
            1_500_000,
        ],
        [
            "100,000 leaves",
            () => reportOf(modelOf(madeUp(numbers(12), undefined, 1_200_000), [uneven(100_000, numbers(12), 0)])),
            2_000_000,
        ],
        [
            "1,000 features and 1,000 classes",
            () => reportOf(modelOf(madeUp(numbers(1000), labels(1000), 60_000), [uneven(3000, numbers(1000), 1000)])),
            2_000_000,
        ],
        [
            "5,000 trees with 1,000 leaves each",
            () => {
                const roots = [uneven(1000, numbers(500), 2), uneven(1000, numbers(500), 2)];
                const model = modelOf(
                    madeUp(numbers(500), labels(2), 60_000),
                    Array.from({ length: 5000 }, (_, index) => roots[index % 2] as TreeNode),
                    "forest",
                );
                const values = Array.from({ length: 800 }, (_, index) => (index % 7) / 7);
                const input = reportOf(model);
                const rows = Array.from({ length: 400 }, (__, row) => row);
                const table = {
                    rowCount: 60_000,
                    target: new Uint16Array(60_000),
                    lineOf: (row: number) => row + 2,
                    columns: numbers(500).map(({ name }) => ({ name, isText: false, at: (row: number) => row % 977 })),
                };
                return { ...input, table, test: { ...input.test, rows, values } };
            },
            500_000,
        ],
        [
            "100,000 texts of 10,000 characters",
            () => {
                const text = textFeature("text", []);
                const input = reportOf(modelOf(madeUp([text], undefined, 100_000), [uneven(2, [text], 0)]));
                const columns = [{ name: "text", isText: true, at: (row: number) => `${row}${"x".repeat(10_000)}` }];
                const table = {
                    rowCount: 1000,
                    target: new Float64Array(1000),
                    lineOf: (row: number) => row + 2,
                    columns,
                };
                return { ...input, table };
            },
            100_000,
        ],
    ])("is small for %s", (_, input, bytes) => {
        expect(pageOf(input()).size).toBeLessThan(bytes);
    });
});
