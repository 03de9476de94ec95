import {
    formatDifference,
    formatMegabytes,
    formatRatio,
    formatSeconds,
    spreadOf,
    standardError,
} from "../../bench/results/numbers";
import { renderResults, type SectionRun } from "../../bench/results/results";

const RUN: SectionRun = {
    name: "fit",
    title: "Fit",
    command: "npm run bench",
    startedAt: "2026-01-02T03:04:05.000Z",
    seconds: 60,
    result: {
        notes: ["What was compared."],
        tables: [{ caption: "Times", header: ["peer", "fit"], rows: [["ours", "1.00 s"]] }],
        targets: [
            { target: "half the time", measured: "0.300 of it", met: true },
            { target: "a tenth of the time", measured: "0.300 of it", met: false },
        ],
    },
};

describe("results.md", () => {
    it("describes the machine, and contains every target with its measurement and the tables of each section", () => {
        const text = renderResults(["Machine: 2 processors"], [RUN]);

        expect(text).toContain("- Machine: 2 processors\n");
        expect(text).toContain(
            "| half the time       | 0.300 of it | yes    |\n| a tenth of the time | 0.300 of it | **no** |\n",
        );
        expect(text).toContain("## Fit\n\n`npm run bench`, 2026-01-02T03:04:05.000Z, 60 s\n\nWhat was compared.\n");
        expect(text).toContain("**Times**\n\n| peer | fit    |\n| ---- | ------ |\n| ours | 1.00 s |\n");
    });

    it("wraps prose at 120 columns", () => {
        const long = { ...RUN, result: { notes: ["word ".repeat(60).trim()], tables: [], targets: [] } };
        const prose = renderResults([], [long])
            .split("\n")
            .filter((line) => line.startsWith("word"));

        expect(prose.map((line) => line.length)).toEqual([119, 119, 59]);
        expect(prose.join(" ")).toBe(long.result.notes[0]);
    });

    it("shows the error of a failed section and counts it as a missed target", () => {
        const { result: _, ...about } = RUN;
        const text = renderResults([], [{ ...about, error: "Error: no Docker engine" }]);

        expect(text).toContain("| Fit    | the section failed, see below | **no** |");
        expect(text).toContain("Failed:\n\n```\nError: no Docker engine\n```\n");
    });
});

describe("numbers in a table", () => {
    it.each([
        [formatSeconds(12.345), "12.3 s"],
        [formatSeconds(0.0456), "45.6 ms"],
        [formatMegabytes(1_259_000_000), "1259 MB"],
        [formatRatio(0.25), "0.250"],
        [formatRatio(1 / 312), "1/312"],
        [formatDifference(-0.00256), "−0.0026"],
    ])("are formatted correctly: %s", (formatted, expected) => {
        expect(formatted).toBe(expected);
    });
});

describe("statistics", () => {
    it("include the minimum, median and maximum", () => {
        expect(spreadOf([5, 1, 3])).toEqual({ min: 1, median: 3, max: 5 });
        expect(spreadOf([4, 1, 2, 10])).toEqual({ min: 1, median: 3, max: 10 });
    });

    it("reject an empty list", () => {
        expect(() => spreadOf([])).toThrow("A spread needs at least one value; got none");
    });

    it("include a standard error: the standard deviation divided by the square root of the count", () => {
        expect(standardError([1, 2, 3, 4])).toBeCloseTo(Math.sqrt(5 / 3) / 2, 12);
    });
});
