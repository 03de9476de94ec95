import type { Page } from "playwright-core";
import { describeWithChromium } from "../../../tests/helpers/chromium";
import { type Model, predictRow, type TreeNode } from "../../lib/model";
import { type Data, houses, iris, madeUp } from "./helpers/data";
import { modelOf, reportOf, train } from "./helpers/inputs";
import { numbers, uneven } from "./helpers/made-up-trees";
import { LIGHT, withReports } from "./helpers/open-report";

const irisReport = train(iris());
const housesReport = train(houses(300), { maxDepth: 6, minNumSamples: 8 });
const bigModel = modelOf(madeUp(numbers(12), undefined, 120_000), [uneven(10_000, numbers(12), 0)]);

describeWithChromium("the script of the report in Chromium", (executablePath) => {
    const open = withReports(executablePath, { iris: irisReport, houses: housesReport, big: reportOf(bigModel) });

    describe("keyboard navigation", () => {
        it("moves through links, fields, buttons and the tree, in this order", async () => {
            const { page } = await open("iris", LIGHT);
            const order: string[] = [];
            for (let step = 0; step < 60; step++) {
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
                ...["a", "a", "a", "a"],
                ...fields,
                "button",
                ...["unfold", "fold"],
                ...Array.from({ length: splits }, () => "summary"),
                "div",
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

        it("follows a row while it is being typed, and clears it", async () => {
            const { page } = await open("iris", LIGHT);
            const answer = page.locator("#answer");
            expect(await answer.textContent()).toBe("Fill in PetalLengthCm to begin.");
            await page.locator("#c2").focus();
            await page.keyboard.type("5");
            expect(await answer.textContent()).toBe("Next: PetalWidthCm");
            expect(await page.locator("#tree .on").count()).toBe(2);
            await page.keyboard.press("Tab");
            await page.keyboard.type("wide");
            expect(await answer.textContent()).toBe("PetalWidthCm must be a number.");
            expect(await page.locator("#c3").getAttribute("aria-invalid")).toBe("true");
            await page.keyboard.press("Enter");
            expect(await page.locator("#tree [aria-current]").count()).toBe(1);
            await page.keyboard.press("Tab");
            await page.keyboard.press("Enter");
            await page.waitForFunction(() => document.querySelectorAll("#tree .on").length === 0);
            expect(await answer.textContent()).toBe("Fill in PetalLengthCm to begin.");
            await page.context().close();
        });
    });

    describe("the path of a row", () => {
        it.each<[string, Model, Data, number]>([
            ["iris", irisReport.model, iris(), 150],
            ["houses", housesReport.model, houses(300), 300],
        ])(
            "of %s ends at the leaf that predictRow finds for every row, and shows the same questions as the tree",
            async (name, model, data, rows) => {
                const { page } = await open(name, LIGHT);
                for (let row = 0; row < rows; row++) {
                    const cells = cellsOf(model, data, row);
                    await fill(page, cells);
                    const named = model.features.map(({ name }, place) => [name, cells[place] ?? ""]);
                    const expected = predictRow(model, Object.fromEntries(named));
                    const shown = await readWay(page);
                    const { verdicts, leaf } = walk(
                        model.trees.at(0)?.root as TreeNode,
                        data.columns.map((column) => column[row] as number),
                    );
                    expect(shown.verdicts).toEqual(verdicts);
                    expect(shown.marked).toBe(verdicts.length + 1);
                    if (expected.task === "classification") {
                        const share = Number(((expected.probabilities[expected.label] as number) * 100).toFixed(1));
                        expect(shown.answer).toBe(`${expected.label} (${share}\u00a0% of ${rowsText(leaf)})`);
                        expect(shown.last).toContain(expected.label);
                    } else {
                        expect(shown.answer).toBe(
                            `${Number(expected.value.toPrecision(6))} (the mean of ${rowsText(leaf)})`,
                        );
                    }
                }
                await page.context().close();
            },
        );

        it("is followed to the end even if the tree is only partly drawn", async () => {
            const { page } = await open("big", LIGHT);
            const values = numbers(12).map((_, place) => (place * 37.3) % 100);
            await fill(page, values.map(String));
            const { verdicts, leaf } = walk(bigModel.trees.at(0)?.root as TreeNode, values);
            const shown = await readWay(page);
            expect(shown.verdicts).toEqual(verdicts);
            expect(shown.answer).toContain(`${Number((leaf.distribution as number).toPrecision(6))} (`);
            await page.context().close();
        });
    });

    /** Fills a row into the form by typing. Columns that are missing from the form are not used by the tree. */
    async function fill(page: Page, values: readonly (string | undefined)[]): Promise<void> {
        await page.evaluate((texts) => {
            for (const [place, text] of texts.entries()) {
                const field = document.querySelector<HTMLInputElement | HTMLSelectElement>(`#c${place}`);
                const missing = document.querySelector<HTMLInputElement>(`[data-missing="${place}"]`);
                if (field) {
                    field.value = field instanceof HTMLSelectElement ? `=${text}` : (text ?? "");
                }
                if (missing) {
                    missing.checked = text === null || text === undefined;
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

/** The path through a tree by the rule of the model format: values below the threshold go left. */
function walk(root: TreeNode, row: readonly number[]): { verdicts: string[]; leaf: TreeNode } {
    const verdicts: string[] = [];
    let node = root;
    while (node.left !== undefined && node.right !== undefined) {
        const goesLeft = (row[node.splitColumn as number] as number) < (node.splitValue as number);
        verdicts.push(goesLeft ? "yes" : "no");
        node = goesLeft ? node.left : node.right;
    }
    return { verdicts, leaf: node };
}

function rowsText({ numberSamples = 0 }: TreeNode): string {
    return numberSamples === 1 ? "1 row" : `${numberSamples} rows`;
}
