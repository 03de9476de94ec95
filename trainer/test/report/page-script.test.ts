import type { Page } from "playwright-core";
import { describeWithChromium } from "../../../tests/helpers/chromium";
import type { Feature, Model, TreeNode } from "../../lib/model";
import { predictRow } from "../model/predict";
import { blobs, type Data, houses, iris, madeUp } from "./helpers/data";
import { modelOf, reportOf, train } from "./helpers/inputs";
import { numbers, uneven } from "./helpers/made-up-trees";
import { LIGHT, withReports } from "./helpers/open-report";

const irisReport = train(iris());
const housesReport = train(houses(300), { maxDepth: 6, minNumSamples: 8 });
const forestReport = train(houses(120), { algorithm: "forest", trees: 7, maxDepth: 5, minNumSamples: 4 });
const binaryReport = train(blobs(2, 400, 5), { algorithm: "forest", trees: 9, maxDepth: 3 });
const bigModel = modelOf(madeUp(numbers(12), undefined, 120_000), [uneven(10_000, numbers(12), 0)]);

const gaps: Data = { ...madeUp(numbers(1), undefined), columns: [[1, 3, Number.NaN]], y: [0, 1, 2] };
const gapsModel = modelOf(gaps, [
    {
        ...{ splitColumn: 0, splitValue: 2, missingLeft: true, numberSamples: 3 },
        left: { distribution: 10, numberSamples: 2 },
        right: { distribution: 20, numberSamples: 1 },
    },
]);

const day: Feature = { name: "day", kind: "date", missing: true, order: "ymd", parts: ["time", "month", "hour"] };
const branch = (splitColumn: number, splitValue: number, left: TreeNode, right: TreeNode): TreeNode => {
    return { splitColumn, splitValue, left, right, numberSamples: 4 };
};
const datesModel = modelOf(madeUp([day], undefined), [
    branch(
        0,
        0,
        { distribution: 1 },
        branch(1, 6, { distribution: 2 }, branch(2, 12, { distribution: 3 }, { distribution: 4 })),
    ),
]);

describeWithChromium("the script of the report in Chromium", (executablePath) => {
    const open = withReports(executablePath, {
        iris: irisReport,
        houses: housesReport,
        forest: forestReport,
        binary: binaryReport,
        gaps: reportOf(gapsModel),
        dates: reportOf(datesModel),
        big: reportOf(bigModel),
    });

    describe("keyboard navigation", () => {
        it("moves through links, fields, buttons and the tree, in that order", async () => {
            const { page } = await open("iris", LIGHT);
            const order: string[] = [];
            for (let step = 0; step < 80; step++) {
                await page.keyboard.press("Tab");
                const focused = await page.evaluate(() => {
                    const element = document.activeElement;
                    return element === null || element === document.body
                        ? ""
                        : element.id || element.tagName.toLowerCase();
                });
                if (focused === "") {
                    break;
                }
                order.push(focused);
            }
            const splits = await page.locator("#tree summary").count();
            const fields = await page.locator("#row [data-column]").evaluateAll((items) => items.map(({ id }) => id));
            expect(order).toEqual([
                ...["a", "a", "a", "a", "a"],
                ...fields,
                "button",
                ...["unfold", "fold"],
                ...Array.from({ length: splits }, () => "summary"),
                ...["div", "div"],
            ]);
            await page.context().close();
        });

        it("shows the focus", async () => {
            const { page } = await open("iris", LIGHT);
            await page.keyboard.press("Tab");
            const width = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineWidth);
            expect(Number.parseFloat(width)).toBeGreaterThanOrEqual(2);
            await page.context().close();
        });

        it("folds and unfolds nodes", async () => {
            const { page } = await open("houses", LIGHT);
            const visible = () => page.locator("#tree li:visible").count();
            const first = await visible();
            await page.locator("#fold").focus();
            await page.keyboard.press("Enter");
            expect(await visible()).toBe(1);
            await page.locator("#tree summary").first().focus();
            await page.keyboard.press("Space");
            expect(await visible()).toBe(3);
            await page.locator("#unfold").focus();
            await page.keyboard.press("Enter");
            expect(await visible()).toBe(await page.locator("#tree li").count());
            expect(await visible()).toBeGreaterThan(first);
            await page.context().close();
        });

        it("predicts a row while it is being typed, and restores the typical values", async () => {
            const { page } = await open("iris", LIGHT);
            const answer = page.locator("#answer");
            const typical = await answer.textContent();
            expect(typical).toMatch(/^Iris-versicolor \(/);
            await page.locator("#c2").focus();
            await page.keyboard.press("Control+A");
            await page.keyboard.type("1.4");
            expect(await answer.textContent()).toBe("Iris-setosa (100%)");
            await page.keyboard.press("Control+A");
            await page.keyboard.type("long");
            expect(await answer.textContent()).toBe("PetalLengthCm must be a number.");
            expect(await page.locator("#c2").getAttribute("aria-invalid")).toBe("true");
            expect(await page.locator("#tree .on").count()).toBe(0);
            await page.locator("#row button").focus();
            await page.keyboard.press("Enter");
            await page.waitForFunction(() => document.querySelector("[aria-invalid]") === null);
            expect(await answer.textContent()).toBe(typical);
            await page.context().close();
        });

        it("moves the threshold", async () => {
            const { page } = await open("binary", LIGHT);
            const { actual, values = [] } = binaryReport.test;
            const expected = (cut: number) => {
                const rows = Array.from(actual, (label, row) => ({ label, share: values[2 * row + 1] as number }));
                const count = (label: number, above: boolean) =>
                    rows.filter((row) => row.label === label && row.share >= cut === above).length;
                return [count(1, true), count(1, false), count(0, true), count(0, false)].map(String);
            };
            const shown = () => page.locator(".counts td").allTextContents();
            expect(await shown()).toEqual(expected(0.5));
            await page.locator("#cut").focus();
            for (let step = 0; step < 20; step++) {
                await page.keyboard.press("ArrowLeft");
            }
            expect(await page.locator("#cut-value").textContent()).toBe("30%");
            const counts = expected(0.3);
            expect(counts).not.toEqual(expected(0.5));
            expect(await shown()).toEqual(counts);
            const [found = 0, missed = 0, wrong = 0, right = 0] = counts.map(Number);
            const percent = (share: number) => `${Number((100 * share).toFixed(1))}%`;
            expect(await page.locator("#t-recall").textContent()).toBe(percent(found / (found + missed)));
            expect(await page.locator("#t-precision").textContent()).toBe(percent(found / (found + wrong)));
            const dot = page.locator("#roc");
            const [x, y] = [await dot.getAttribute("cx"), await dot.getAttribute("cy")].map(Number);
            const [left, bottom, side] = await dot.evaluate(({ dataset }) =>
                [dataset.left, dataset.bottom, dataset.side].map(Number),
            );
            expect(((x as number) - (left as number)) / (side as number)).toBeCloseTo(wrong / (wrong + right), 6);
            expect(((bottom as number) - (y as number)) / (side as number)).toBeCloseTo(found / (found + missed), 6);
            await page.context().close();
        });
    });

    describe("the prediction for a row", () => {
        it.each<[string, Model, Data, number]>([
            ["iris", irisReport.model, iris(), 150],
            ["houses", housesReport.model, houses(300), 300],
            ["forest", forestReport.model, houses(120), 120],
            ["binary", binaryReport.model, blobs(2, 400, 5), 100],
            ["gaps", gapsModel, gaps, 3],
        ])(
            "is that of predictRow for %s, and the path through the first tree ends at its leaf",
            async (name, model, data, rows) => {
                const { page } = await open(name, LIGHT);
                for (let row = 0; row < rows; row++) {
                    const cells = cellsOf(model, data, row);
                    await fill(page, cells);
                    const named = model.features.map(({ name }, place) => [name, cells[place] ?? ""]);
                    const expected = predictRow(model, Object.fromEntries(named));
                    const shown = await readWay(page);
                    const { verdicts } = walk(
                        model.trees.at(0)?.root as TreeNode,
                        data.columns.map((column) => column[row] as number),
                    );
                    expect(shown.verdicts).toEqual(model.trees.length === 1 ? verdicts : []);
                    expect(shown.marked).toBe(verdicts.length + 1);
                    if (expected.task === "classification") {
                        const share = Number(((expected.probabilities[expected.label] as number) * 100).toFixed(1));
                        expect(shown.answer).toBe(`${expected.label} (${share}%)`);
                    } else {
                        expect(shown.answer).toBe(String(Number(expected.value.toPrecision(6))));
                    }
                }
                await page.context().close();
            },
        );

        it("uses the parts of a date", async () => {
            const { page } = await open("dates", LIGHT);
            for (const date of ["2024-02-29", "2024-12-31 23:59", "1969-07-20T20:17", ""]) {
                await fill(page, [date]);
                const expected = predictRow(datesModel, { day: date });
                const value = expected.task === "regression" ? expected.value : Number.NaN;
                expect((await readWay(page)).answer).toBe(String(value));
            }
            await fill(page, ["soon"]);
            expect((await readWay(page)).answer).toBe("day must be a date such as 2024-12-31.");
            await page.context().close();
        });

        it("follows its path to the end even if only part of the tree is drawn", async () => {
            const { page } = await open("big", LIGHT);
            const values = numbers(12).map((_, place) => (place * 37.3) % 100);
            await fill(page, values.map(String));
            const { verdicts, leaf } = walk(bigModel.trees.at(0)?.root as TreeNode, values);
            expect(verdicts.length).toBeGreaterThan(5);
            const shown = await readWay(page);
            expect(shown.verdicts).toEqual(verdicts);
            expect(shown.answer).toBe(String(Number((leaf.distribution as number).toPrecision(6))));
            await page.context().close();
        });
    });

    /** Enters a row into the form; undefined represents a missing value. */
    async function fill(page: Page, values: readonly (string | undefined)[]): Promise<void> {
        await page.evaluate((texts) => {
            for (const [place, text] of texts.entries()) {
                const field = document.querySelector<HTMLInputElement | HTMLSelectElement>(`#c${place}`);
                if (field) {
                    field.value = field instanceof HTMLSelectElement ? `=${text}` : (text ?? "");
                }
            }
            document.querySelector("#row [data-column]")?.dispatchEvent(new Event("input", { bubbles: true }));
        }, values);
    }

    /** The cells of a row as in a file, with undefined for a missing number. */
    function cellsOf({ features }: Model, { columns }: Data, row: number): (string | undefined)[] {
        return features.map((feature, place) => {
            const value = columns[place]?.[row] as number;
            if (Number.isNaN(value)) {
                return undefined;
            }
            return feature.kind === "text" ? feature.categories[value] : String(value);
        });
    }

    async function readWay(page: Page): Promise<{ answer: string; verdicts: string[]; marked: number; last: string }> {
        return await page.evaluate(() => ({
            answer: document.getElementById("answer")?.textContent ?? "",
            verdicts: [...document.querySelectorAll("#way b")].map(({ textContent }) => textContent ?? ""),
            marked: document.querySelectorAll("#tree .on").length,
            last: document.querySelector("#tree [aria-current]")?.textContent ?? "",
        }));
    }
});

/** The path through a tree according to the model format: values below the threshold go left. */
function walk(root: TreeNode, row: readonly number[]): { verdicts: string[]; leaf: TreeNode } {
    const verdicts: string[] = [];
    let node = root;
    while (node.left !== undefined && node.right !== undefined) {
        const value = row[node.splitColumn as number] as number;
        const goesLeft = value < (node.splitValue as number) || (Number.isNaN(value) && node.missingLeft === true);
        verdicts.push(goesLeft ? "yes" : "no");
        node = goesLeft ? node.left : node.right;
    }
    return { verdicts, leaf: node };
}
