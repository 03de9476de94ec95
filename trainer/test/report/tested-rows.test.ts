import type { ReportInput } from "../../lib/report";
import { blobs, houses, iris, madeUp } from "./helpers/data";
import { attribute, cellsOf, hasClass, pageOf, textOf } from "./helpers/dom";
import { modelOf, reportOf, train } from "./helpers/inputs";
import { labels, numbers, uneven } from "./helpers/made-up-trees";

const irisReport = train(iris());
const housesReport = train(houses(300), { maxDepth: 5, minNumSamples: 8 });
const forestReport = train(blobs(4, 400, 5), { algorithm: "forest", trees: 3, maxDepth: 6 });

describe("the worst predictions", () => {
    it("are, for a classification, the rows whose class had the lowest probability, with lines and values", () => {
        const { actual, values = [], rows = [] } = forestReport.test;
        const shares = Array.from(actual, (label, row) => ({
            line: (rows[row] as number) + 2,
            share: values[4 * row + label] as number,
        }));
        const expected = shares.sort((a, b) => a.share - b.share).slice(0, 10);
        const table = pageOf(forestReport).elements.find((element) => hasClass(element, "worst"));
        const [head, ...shown] = cellsOf(table);
        expect(head?.slice(0, 4)).toEqual([
            "Row in the file",
            "Actual",
            "Predicted",
            "Probability of the actual class",
        ]);
        expect(shown.map((cells) => cells[3])).toEqual(expected.map(({ share }) => `${(100 * share).toFixed(1)}%`));
        const worst = expected.filter(({ share }) => share < (expected.at(-1)?.share ?? 0)).map(({ line }) => line);
        expect(shown.map(([line]) => Number(line))).toEqual(expect.arrayContaining(worst));
        const [line = 0, value = ""] = [Number(shown[0]?.[0]), shown[0]?.[4]];
        const column = forestReport.table?.columns.find(({ name }) => name === head?.[4]);
        expect(column?.at(line - 2)).toBe(Number(value.replace("−", "-")));
    });

    it("are, for a regression, the rows with the largest errors", () => {
        const { actual, predictions } = housesReport.test;
        const errors = Array.from(actual, (value, row) => Math.abs((predictions[row] as number) - value));
        const largest = errors.sort((a, b) => b - a).slice(0, 10);
        const table = pageOf(housesReport).elements.find((element) => hasClass(element, "worst"));
        const shown = cellsOf(table)
            .slice(1)
            .map((cells) => Math.abs(Number(cells[3]?.replace("−", "-").replaceAll(",", ""))));
        expect(shown).toEqual(largest.map((error) => Number(error.toPrecision(4))));
    });
});

describe("the threshold", () => {
    const binary = train(blobs(2, 400, 5), { algorithm: "forest", trees: 9, maxDepth: 3 });

    it("has curves whose areas are the ROC AUC and the average precision in the metrics", () => {
        const { elements, text } = pageOf(binary);
        const { rocAuc = 0, averagePrecision = 0 } = binary.metrics;
        expect(text).toContain(`ROC curve, area ${Number((rocAuc ?? 0).toPrecision(3))}.`);
        expect(text).toContain(`average precision ${Number((averagePrecision ?? 0).toPrecision(3))}.`);
        const [roc] = elements.filter((element) => hasClass(element, "curve"));
        const dot = elements.find((element) => attribute(element, "id") === "roc");
        const [left, bottom, side] = ["left", "bottom", "side"].map((key) => Number(attribute(dot, `data-${key}`)));
        const points = [...(attribute(roc, "d") ?? "").matchAll(/([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [
            (Number(x) - (left as number)) / (side as number),
            ((bottom as number) - Number(y)) / (side as number),
        ]) as [number, number][];
        const area = points.slice(1).reduce((sum, [x, y], index) => {
            const [x0, y0] = points[index] as [number, number];
            return sum + ((x - x0) * (y + y0)) / 2;
        }, 0);
        expect(area).toBeCloseTo(rocAuc ?? 0, 2);
    });

    it("appears only in reports on two classes", () => {
        const ids = (input: ReportInput) => pageOf(input).elements.map((element) => attribute(element, "id"));
        expect(ids(binary)).toContain("thresholds");
        expect(ids(irisReport)).not.toContain("thresholds");
        expect(ids(housesReport)).not.toContain("thresholds");
    });
});

describe("the colours", () => {
    it("differ from class to class, and are the same everywhere for each class", () => {
        const { elements } = pageOf(irisReport);
        const dots = elements.filter((element) => hasClass(element, "dot"));
        const hues = new Map(dots.map((dot) => [textOf(dot), attribute(dot, "class")]));
        expect(Object.fromEntries(hues)).toEqual({
            "Iris-setosa": "dot h0",
            "Iris-versicolor": "dot h1",
            "Iris-virginica": "dot h2",
        });
        for (const dot of dots) {
            expect(attribute(dot, "class")).toBe(hues.get(textOf(dot)));
        }
    });

    it("differ for the eight most frequent of many classes, and are the same for all others", () => {
        const input = reportOf(modelOf(madeUp(numbers(3), labels(40)), [uneven(50, numbers(3), 40)]));
        const classes = (input.metrics.classes ?? []).map((measures, index) => ({ ...measures, support: index % 20 }));
        const { elements } = pageOf({ ...input, metrics: { ...input.metrics, classes } });
        const dots = elements.filter((element) => hasClass(element, "dot"));
        const hueOf = (label: string) =>
            attribute(
                dots.find((dot) => textOf(dot) === label),
                "class",
            );
        expect(["class 20", "class 40", "class 19"].map(hueOf)).toEqual(["dot h0", "dot h1", "dot h2"]);
        const used = new Set(dots.map((dot) => attribute(dot, "class")));
        expect([...used].sort()).toEqual(
            [...Array.from({ length: 8 }, (_, hue) => `dot h${hue}`), "dot hx"].filter((it) => used.has(it)),
        );
        expect(used).toContain("dot hx");
    });
});
