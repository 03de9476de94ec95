import type { Finding } from "../../lib/findings";
import type { ReportInput } from "../../lib/report";
import type { TableColumn } from "../../lib/report/input";
import { blobs, houses, iris, madeUp } from "./helpers/data";
import { attribute, byTag, cellsOf, hasClass, pageOf, textOf } from "./helpers/dom";
import { modelOf, reportOf, train } from "./helpers/inputs";
import { labels, numbers, uneven } from "./helpers/made-up-trees";

const irisReport = train(iris());
const housesReport = train(houses(300), { maxDepth: 5, minNumSamples: 8 });
const forestReport = train(blobs(4, 400, 5), { algorithm: "forest", trees: 3, maxDepth: 6 });

describe("the headline", () => {
    it("compares the accuracy with the baseline", () => {
        const { accuracy = 0, testRows } = irisReport.metrics;
        const { text } = pageOf(irisReport);
        expect(text).toContain(`${Number((accuracy * 100).toFixed(1))}% accuracy`);
        expect(text).toContain(
            `Of ${testRows} rows that the model had not seen, it predicted the right class for ${Math.round(accuracy * testRows)}.`,
        );
        expect(text).toContain(
            "Always predicting Iris-setosa, the most common class among them, would be right for 10.",
        );
        expect(text).not.toContain("no better than that");
    });

    it("says so if a model is no better than the baseline", () => {
        const { metrics } = irisReport;
        const poor = { ...irisReport, metrics: { ...metrics, accuracy: 0.3, baselineAccuracy: 0.4 } };
        expect(pageOf(poor).text).toContain("The model is no better than that");
        const { rmse = 0 } = housesReport.metrics;
        const worse = { ...housesReport, metrics: { ...housesReport.metrics, r2: -0.21 } };
        expect(pageOf(worse).text).toContain("The model is no better than that");
        expect(pageOf(worse).text).toContain(
            `Always predicting the mean would give ${grouped(rmse / Math.sqrt(1.21))}`,
        );
    });

    it("compares a regression with always predicting the mean", () => {
        const { actual } = housesReport.test;
        const values = Array.from(actual);
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
        const { text } = pageOf(housesReport);
        expect(text).toContain(`Always predicting the mean would give ${grouped(deviation)}.`);
        expect(text).toContain(`${grouped(housesReport.metrics.rmse ?? 0)} RMSE`);
    });

    it("omits the comparison if all tested values are equal", () => {
        const flat = { ...housesReport, metrics: { ...housesReport.metrics, r2: null } };
        const { text } = pageOf(flat);
        expect(text).toContain("The tested values do not vary");
        expect(text).not.toContain("NaN");
    });

    it("reports the out-of-bag and cross-validated metrics", () => {
        const metrics = {
            ...forestReport.metrics,
            outOfBag: { rows: 399, accuracy: 0.875 },
            cv: { folds: 5, measure: "accuracy", mean: 0.853, std: 0.0214 },
        };
        const { text } = pageOf({ ...forestReport, metrics });
        expect(text).toContain("by the trees that did not see it: 87.5% of 399 rows");
        expect(text).toContain(
            "Over 5 folds of the other rows, its accuracy is 85.3% on average (standard deviation 2.1%)",
        );
        const chosen = { ...metrics, cv: { folds: 5, measure: "brierScore", mean: 0.11, std: 0.02, accuracy: 0.853 } };
        expect(pageOf({ ...forestReport, metrics: chosen }).text).toContain("its accuracy is 85.3% on average.");
    });

    function grouped(value: number): string {
        return Number(value.toPrecision(4)).toLocaleString("en-US");
    }
});

describe("the confusion matrix", () => {
    it("has row and column headings, counts and shares", () => {
        const matrix = pageOf(irisReport).elements.find((element) => hasClass(element, "matrix"));
        expect(matrix && byTag(matrix, "th").map((head) => [textOf(head), attribute(head, "scope")])).toEqual([
            ...["Iris-setosa", "Iris-versicolor", "Iris-virginica"].map((label) => [label, "col"]),
            ...["Iris-setosa", "Iris-versicolor", "Iris-virginica"].map((label) => [label, "row"]),
        ]);
        const counts = irisReport.metrics.confusionMatrix ?? [];
        const support = (irisReport.metrics.classes ?? []).map((item) => item.support);
        const shown = counts.map((line, row) =>
            line.map((count) => {
                const share = Number(((100 * count) / (support[row] as number)).toFixed(1));
                return count === 0 ? "0" : `${count} ${share}%`;
            }),
        );
        expect(
            cellsOf(matrix)
                .slice(1)
                .map((cells) => cells.slice(1)),
        ).toEqual(shown);
    });

    it("is replaced by the most common mistakes if there are many classes", () => {
        const input = reportOf(modelOf(madeUp(numbers(3), labels(40)), [uneven(50, numbers(3), 40)]));
        const { elements, text } = pageOf(input);
        expect(elements.filter((element) => hasClass(element, "matrix"))).toEqual([]);
        const table = byTag(elements, "table").find(
            (item) => textOf(byTag(item, "caption")[0]) === "The most common mistakes",
        );
        const mistakes = (input.metrics.confusionMatrix ?? []).flatMap((line, actual) =>
            line.filter((count, predicted) => actual !== predicted && count > 0),
        );
        const listed = cellsOf(table)
            .slice(1)
            .map((cells) => Number(cells[2]));
        expect(listed).toEqual(mistakes.sort((a, b) => b - a).slice(0, 20));
        expect(text).toContain(`${mistakes.length - 20} rarer pairs of 40 classes not shown`);
        expect(text).toContain("The 20 classes with the lowest F1, of 40");
    });
});

describe("the features", () => {
    it("are listed by importance, with a count of those that are never used", () => {
        const table = pageOf(irisReport).elements.find((element) => hasClass(element, "importances"));
        const asked = (irisReport.metrics.featureImportances ?? []).filter(({ importance }) => importance > 0);
        expect(cellsOf(table).slice(1)).toEqual(
            asked.map(({ feature, importance }) => [feature, "", `${(importance * 100).toFixed(1)}%`]),
        );
        expect(pageOf(irisReport).text).toContain(`${4 - asked.length} features are never used`);
    });

    it("are shown with histograms, and with their ranges or most common values", () => {
        const columns = pageOf(housesReport).elements.find((element) => hasClass(element, "columns"));
        const items = (columns && byTag(columns, "li").map(textOf)) ?? [];
        expect(items.map((text) => text.replaceAll(/[\d.,]+/g, "N"))).toEqual([
            "area in m²N to N median N",
            "district textN values: Meadows N%N Altstadt N%N North N%N Harbour N%N and N others; N% missing",
            "builtN to N median N; N% missing",
            "kilometres to the centreN to N median N",
            "walls textN values: timber N%N concrete N%N brick N%",
        ]);
        const present = (housesReport.table?.columns[1] as TableColumn | undefined) ?? { at: () => Number.NaN };
        const values = Array.from({ length: 300 }, (_, row) => present.at(row) as number).filter(Number.isFinite);
        expect(items[2]).toContain(`; ${Number((100 * (1 - values.length / 300)).toFixed(1))}% missing`);
        expect(items[2]).toContain(`${Math.min(...values)} to ${Math.max(...values)}`);
    });

    it("have one bar for each range of values, divided into the colours of the classes", () => {
        const columns = pageOf(irisReport).elements.find((element) => hasClass(element, "columns"));
        const [drawing] = (columns && byTag(columns, "svg")) ?? [];
        const bars = (drawing ? byTag(drawing, "path") : []).flatMap((path) => {
            const [, hue] = (attribute(path, "class") ?? "").split(" ");
            const heights = [...(attribute(path, "d") ?? "").matchAll(/v([\d.]+)/g)].map(([, height]) =>
                Number(height),
            );
            return hue === undefined ? [] : [[hue, heights.reduce((sum, height) => sum + height, 0)] as const];
        });
        const total = bars.reduce((sum, [, height]) => sum + height, 0);
        expect(bars.map(([hue, height]) => [hue, Math.round((3 * height) / total)])).toEqual([
            ["h0", 1],
            ["h1", 1],
            ["h2", 1],
        ]);
    });

    it("are listed by permutation importance if the metrics contain it", () => {
        const permutationImportances = ["PetalWidthCm", "SepalLengthCm", "PetalLengthCm", "SepalWidthCm"].map(
            (feature, index) => ({ feature, importance: [0.3, 0.02, -0.01, 0][index] as number }),
        );
        const metrics = { ...irisReport.metrics, permutationImportances };
        const { elements, text } = pageOf({ ...irisReport, metrics });
        const table = elements.find((element) => hasClass(element, "importances"));
        expect(cellsOf(table).map(([feature, , loss]) => [feature, loss])).toEqual([
            ["Feature", "Loss of accuracy"],
            ["PetalWidthCm", "30.0%"],
            ["SepalLengthCm", "2.0%"],
            ["PetalLengthCm", "−1.0%"],
        ]);
        expect(text).toContain("1 feature is never used");
    });

    it("are omitted if the metrics do not contain importances", () => {
        const { featureImportances, ...metrics } = irisReport.metrics;
        expect(featureImportances).toHaveLength(4);
        const { elements } = pageOf({ ...irisReport, metrics });
        expect(elements.map((element) => attribute(element, "id"))).not.toContain("importances");
    });
});

describe("the training", () => {
    it("is described with dropped columns, rows without a target, and hyperparameters", () => {
        const dataset = { ...irisReport.dataset, rowsWithoutTarget: 2 };
        const { text, elements } = pageOf({ ...irisReport, dataset });
        expect(text).toContain("2 rows without a value in the target");
        expect(text).toContain("Id (dropColumns)");
        expect(text).toContain("gs://flowers/data/717820ef0a/iris.csv");
        expect(text).toContain("one fitted on 120 and tested on the other 30");
        const table = byTag(elements, "table").find((item) => textOf(byTag(item, "caption")[0]) === "Hyperparameters");
        expect(cellsOf(table)).toEqual(
            expect.arrayContaining([
                ["minNumSamples", "3"],
                ["dropColumns", '["Id"]'],
            ]),
        );
    });

    it("lists the findings with the settings that change them", () => {
        const findings: Finding[] = [
            { kind: "constant", column: "y", message: "Column y is odd" },
            { kind: "leak", column: "z", message: "Column z predicts everything", setting: 'dropColumns=["z"]' },
        ];
        const { text, elements } = pageOf({ ...irisReport, metrics: { ...irisReport.metrics, findings } });
        const notice = elements.find((element) => hasClass(element, "notice"));
        expect(notice && byTag(notice, "li").map(textOf)).toEqual([
            "Column y is odd",
            'Column z predicts everything dropColumns=["z"]',
        ]);
        expect(text).toContain("with 4 features. 2 findings");
    });

    it("is described with the run id, the date, the duration and the machine", () => {
        const facts = Object.fromEntries(
            byTag(pageOf(irisReport).elements, "dl")
                .filter((list) => hasClass(list, "facts"))
                .flatMap((list) =>
                    byTag(list, "dt").map((term, index) => [textOf(term), textOf(byTag(list, "dd")[index])]),
                ),
        );
        expect(facts).toMatchObject({
            Run: "r-0123456789",
            Finished: "2026-11-27 03:04 UTC, after 2 minutes (125 s)",
            Machine: "2 processors, 7.8 GiB of memory",
        });
    });

    it("is labelled as that of a forest, and shows one tree as an example at the end", () => {
        const { text, elements } = pageOf(forestReport);
        const headings = byTag(elements, "h2").map(textOf);
        expect(headings[0]).toBe("Prediction for one row");
        expect(headings.at(-1)).toBe("One of the 3 trees");
        expect(text).toContain("A random forest of 3 trees, trained on 400 rows");
        expect(text).toContain("One of the 3 trees");
        expect(text).toContain("The first one is shown here as an example");
    });
});

describe("the trials", () => {
    const trials = Array.from({ length: 30 }, (_, place) => ({
        hyperparameters: { maxDepth: place + 1, algorithm: place % 2 === 0 ? "tree" : "forest" },
        mean: 0.5 + ((place * 7) % 30) / 100,
        std: 0.01,
        scores: [0.5, 0.6],
        best: place === 17,
    }));

    it("are listed from best to worst, the chosen one first", () => {
        const cv = { folds: 2, measure: "accuracy", mean: 0.79, std: 0.01 };
        const { elements } = pageOf({ ...irisReport, metrics: { ...irisReport.metrics, trials, cv } });
        const rows = elements
            .filter((element) => hasClass(element, "trials"))
            .flatMap((table) => cellsOf(table).slice(1));
        expect(rows).toHaveLength(30);
        const means = rows.map((cells) => Number.parseFloat(cells[1] as string));
        expect(means).toEqual(trials.map(({ mean }) => Number((mean * 100).toFixed(1))).sort((a, b) => b - a));
        expect(rows[0]).toEqual(["chosen", "79.0%", "1.0%", "", "18", "forest"]);
    });

    it("are listed with the smallest error first for a regression", () => {
        const cv = { folds: 2, measure: "rmse", mean: 0.5, std: 0.01 };
        const turned = trials.map((trial) => ({ ...trial, best: trial.mean === 0.5 }));
        const { elements } = pageOf({ ...housesReport, metrics: { ...housesReport.metrics, trials: turned, cv } });
        const rows = elements
            .filter((element) => hasClass(element, "trials"))
            .flatMap((table) => cellsOf(table).slice(1));
        const means = rows.map((cells) => Number(cells[1]));
        expect(means).toEqual([...means].sort((a, b) => a - b));
        expect(rows.map(([rank]) => rank).slice(0, 3)).toEqual(["chosen", "2", "3"]);
    });

    it("are described with the measure and the sample used to compare them, and the reason for the choice", () => {
        const cv = { folds: 5, rows: 80, measure: "brierScore", mean: 0.1, std: 0.01, accuracy: 0.9 };
        const scored = trials.map((trial) => ({ ...trial, accuracy: 1 - trial.mean }));
        const metrics = { ...irisReport.metrics, trials: scored, cv, choice: "Chose the tree: it is simple" };
        const { text, elements } = pageOf({ ...irisReport, metrics });
        expect(text).toContain("5 folds of 80 of the 120 training rows.");
        expect(text).toContain("Chose the tree: it is simple. The figure at the top is for a model of this kind");
        expect(text).not.toContain("best was then tested");
        const [head, first] = cellsOf(elements.find((element) => hasClass(element, "trials")));
        expect(head?.slice(1, 5)).toEqual(["Mean Brier score", "Standard deviation", "Range as a drawing", "Accuracy"]);
        expect(first?.slice(0, 5)).toEqual(["chosen", "0.79", "0.01", "", "21.0%"]);
    });
});

describe("the errors of a regression", () => {
    it("are drawn as one point per tested row, up to 2000", () => {
        const circles = (input: ReportInput) => {
            const points = pageOf(input).elements.find((element) => hasClass(element, "points"));
            return points === undefined ? 0 : byTag(points, "circle").length;
        };
        expect(circles(housesReport)).toBe(housesReport.test.actual.length);
        const many = Float64Array.from({ length: 5000 }, (_, row) => row);
        const metrics = { ...housesReport.metrics, testRows: 5000 };
        const input = { ...housesReport, metrics, test: { ...housesReport.test, actual: many, predictions: many } };
        expect(circles(input)).toBe(2000);
        expect(pageOf(input).text).toContain("2,000 of 5,000 tested rows");
    });

    it("are summarised as quantiles", () => {
        const actual = Array.from({ length: 10 }, () => 100);
        const predicted = actual.map((value, row) => value + (row % 2 === 0 ? 1 : -1) * (row + 1));
        const metrics = { ...housesReport.metrics, testRows: 10 };
        const { elements } = pageOf({
            ...housesReport,
            metrics,
            test: { ...housesReport.test, actual, predictions: predicted },
        });
        const table = byTag(elements, "table").find(
            (item) => textOf(byTag(item, "caption")[0]) === "The errors in numbers",
        );
        expect(cellsOf(table)).toEqual(
            expect.arrayContaining([
                ["Half of the rows are off by at most", "5"],
                ["Nine out of ten are off by at most", "9"],
                ["The worst is off by", "10"],
                ["Predicted too high", "50%"],
            ]),
        );
    });
});
