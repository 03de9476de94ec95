import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { AxeResults } from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { type Feature, type Model, predictRow, type TreeNode } from "../../../trainer/src/model-format";
import { type ReportInput, renderReport } from "../../../trainer/src/report-html";
import { describeWithChromium } from "../../helpers/chromium";
import {
    awkwardReport,
    blobs,
    chain,
    type Data,
    houses,
    iris,
    madeUp,
    modelOf,
    reportOf,
    train,
    uneven,
} from "./helpers/inputs";

/** A browser starts in a second or two; a machine under load gets its time. */
jest.setTimeout(120_000);

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const numbers = (count: number): Feature[] =>
    Array.from({ length: count }, (_, place) => ({ name: `feature ${place + 1}`, kind: "number", missing: false }));

const irisReport = train(iris());
const housesReport = train(houses(300), { maxDepth: 6, minNumSamples: 8 });
const bigModel = modelOf(madeUp(numbers(12), undefined, 120_000), [uneven(10_000, numbers(12), 0)]);

const REPORTS: Readonly<Record<string, ReportInput>> = {
    iris: irisReport,
    houses: housesReport,
    forest: withTrials(train(blobs(9, 450, 5), { algorithm: "forest", trees: 3, maxDepth: 6 })),
    awkward: awkwardReport(),
    big: reportOf(bigModel),
    deep: reportOf(modelOf(madeUp(numbers(12), undefined, 325), [chain(64, numbers(12))])),
};

function withTrials(input: ReportInput): ReportInput {
    const trials = Array.from({ length: 25 }, (_, place) => ({
        hyperparameters: {
            algorithm: place % 2 === 0 ? "tree" : "forest",
            maxDepth: place,
            minNumSamples: 3,
            gainThreshold: 0.01,
        },
        mean: 0.5 + place / 100,
        std: 0.01,
        scores: [0.5, 0.6],
        best: place === 24,
    }));
    const cv = { folds: 2, measure: "accuracy", mean: 0.74, std: 0.01 };
    return { ...input, metrics: { ...input.metrics, trials, cv, outOfBag: { rows: 450, accuracy: 0.8 } } };
}

const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 780 }, colorScheme: "light" };
const LIGHT: BrowserContextOptions = { viewport: { width: 1280, height: 900 }, colorScheme: "light" };
const DARK: BrowserContextOptions = { viewport: { width: 1280, height: 900 }, colorScheme: "dark" };

describeWithChromium("the report in Chromium", (executablePath) => {
    let browser: Browser;
    let folder: string;

    beforeAll(async () => {
        folder = mkdtempSync(path.join(tmpdir(), "report-"));
        for (const [name, input] of Object.entries(REPORTS)) {
            writeFileSync(path.join(folder, `${name}.html`), renderReport(input));
        }
        browser = await chromium.launch({ executablePath });
    });
    afterAll(async () => {
        await browser?.close();
        rmSync(folder, { recursive: true, force: true });
    });

    /** The report in a browser of its own; whatever it complains of or asks for is noted. */
    async function open(name: string, options: BrowserContextOptions): Promise<{ page: Page; noted: string[] }> {
        const context = await browser.newContext(options);
        const page = await context.newPage();
        const url = pathToFileURL(path.join(folder, `${name}.html`)).href;
        const noted: string[] = [];
        page.on("console", (message) => noted.push(message.text()));
        page.on("pageerror", (error) => noted.push(error.message));
        page.on("dialog", async (dialog) => {
            noted.push(dialog.message());
            await dialog.dismiss();
        });
        page.on("request", (request) => {
            if (request.url() !== url) {
                noted.push(request.url());
            }
        });
        await page.goto(url);
        return { page, noted };
    }

    const fitsTheWidth = (page: Page) =>
        page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);

    describe.each(Object.keys(REPORTS))("%s", (name) => {
        it.each<[string, BrowserContextOptions]>([
            ["in light", LIGHT],
            ["in dark", DARK],
            ["on a phone", PHONE],
        ])(
            "%s meets the accessibility rules, asks for nothing and is not wider than the screen",
            async (_, options) => {
                const { page, noted } = await open(name, options);
                await page.locator("#unfold").click();
                for (const summary of await page.locator(".fold > summary").all()) {
                    await summary.click();
                }
                await page.evaluate(AXE);
                const { violations } = await page.evaluate<AxeResults>(
                    "axe.run(document, { resultTypes: ['violations'] })",
                );
                const found = violations.map(({ id, nodes }) => [
                    id,
                    nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)),
                ]);
                expect(found).toEqual([]);
                expect(await fitsTheWidth(page)).toBe(true);
                expect(noted).toEqual([]);
                await page.context().close();
            },
        );

        it("is printed on A4, light, without anything cut off", async () => {
            const { page } = await open(name, { ...DARK, viewport: { width: 680, height: 960 } });
            const pdf = await page.pdf({ preferCSSPageSize: true });
            expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
            await page.emulateMedia({ media: "print", colorScheme: "dark" });
            expect(await fitsTheWidth(page)).toBe(true);
            const hidden = await page.evaluate(
                () =>
                    [...document.querySelectorAll<HTMLElement>(".scroll")].filter(
                        (box) => box.scrollWidth > box.clientWidth,
                    ).length,
            );
            expect(hidden).toBe(0);
            const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
            expect(colour).toBe("rgb(255, 255, 255)");
            const top = page.locator("#tree details.paper > ul > li");
            const visible = await top.evaluateAll(
                (nodes) => nodes.filter((node) => node.getClientRects().length > 0).length,
            );
            expect(visible).toBe(await top.count());
            await page.context().close();
        });
    });

    it("is read without a script: the tree is there, the form and the buttons are not", async () => {
        const { page } = await open("iris", { ...LIGHT, javaScriptEnabled: false });
        expect(await page.locator("#tree .answer:visible").count()).toBe(irisReport.metrics.treeLeaves);
        expect(await page.locator("form").isVisible()).toBe(false);
        expect(await page.locator("#unfold").isVisible()).toBe(false);
        await page.locator("#tree summary").first().click();
        expect(await page.locator("#tree .answer:visible").count()).toBe(0);
        await page.context().close();
    });

    describe("by keyboard", () => {
        it("leads through links, fields, buttons and the tree, in this order", async () => {
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

        it("shows where the focus is", async () => {
            const { page } = await open("iris", LIGHT);
            await page.keyboard.press("Tab");
            const width = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineWidth);
            expect(Number.parseFloat(width)).toBeGreaterThanOrEqual(2);
            await page.context().close();
        });

        it("folds and unfolds", async () => {
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

        it("follows a row while it is typed, and forgets it", async () => {
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

    describe("the way of a row", () => {
        it.each<[string, Model, Data, number]>([
            ["iris", irisReport.model, iris(), 150],
            ["houses", housesReport.model, houses(300), 300],
        ])(
            "of %s ends where predictRow does, for every row, and asks what the tree asks",
            async (name, model, data, rows) => {
                const { page } = await open(name, LIGHT);
                for (let row = 0; row < rows; row++) {
                    const cells = cellsOf(model, data, row);
                    await fill(page, cells);
                    const named = model.features.map(({ name }, place) => [name, cells[place] ?? ""]);
                    const expected = predictRow(model, Object.fromEntries(named));
                    const shown = await readWay(page);
                    const { verdicts, leaf } = walk(
                        model.trees[0]?.root as TreeNode,
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

        it("of a tree that is drawn in part is followed to its end", async () => {
            const { page } = await open("big", LIGHT);
            const values = numbers(12).map((_, place) => (place * 37.3) % 100);
            await fill(page, values.map(String));
            const { verdicts, leaf } = walk(bigModel.trees[0]?.root as TreeNode, values);
            const shown = await readWay(page);
            expect(shown.verdicts).toEqual(verdicts);
            expect(shown.answer).toContain(`${Number((leaf.distribution as number).toPrecision(6))} (`);
            await page.context().close();
        });
    });

    /** Puts a row into the form, as typing does; what the form does not ask for is nothing to the tree. */
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

    /** A row's cells as they stand in a file; undefined for a missing number. */
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

/** The way through a tree by the rule of the model format: below the threshold goes left. */
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
