import { readFileSync } from "node:fs";
import type { AxeResults, RunOptions } from "axe-core";
import type { BrowserContextOptions, Page } from "playwright-core";
import { describeWithChromium } from "../../../tests/helpers/chromium";
import type { ReportInput } from "../../lib/report";
import { awkwardReport } from "./helpers/awkward";
import { blobs, houses, iris, madeUp } from "./helpers/data";
import { modelOf, reportOf, train } from "./helpers/inputs";
import { chain, numbers, uneven } from "./helpers/made-up-trees";
import { DARK, LIGHT, PHONE, withReports } from "./helpers/open-report";

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const irisReport = train(iris());

const REPORTS: Readonly<Record<string, ReportInput>> = {
    iris: irisReport,
    houses: train(houses(300), { maxDepth: 6, minNumSamples: 8 }),
    forest: withTrials(train(blobs(9, 450, 5), { algorithm: "forest", trees: 3, maxDepth: 6 })),
    binary: train(blobs(2, 400, 5), { algorithm: "forest", trees: 3, maxDepth: 3 }),
    awkward: awkwardReport(),
    big: reportOf(modelOf(madeUp(numbers(12), undefined, 120_000), [uneven(10_000, numbers(12), 0)])),
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

describeWithChromium("the report in Chromium", (executablePath) => {
    const open = withReports(executablePath, REPORTS);

    const fitsTheWidth = (page: Page) =>
        page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);

    describe.each(Object.keys(REPORTS))("%s", (name) => {
        // Colours do not depend on the width of the screen, and nothing else depends on the colour scheme.
        it.each<[string, BrowserContextOptions, RunOptions]>([
            ["in light mode", LIGHT, {}],
            ["in dark mode", DARK, { runOnly: ["color-contrast", "link-in-text-block"] }],
            ["on a phone", PHONE, { rules: { "color-contrast": { enabled: false } } }],
        ])(
            "%s meets the accessibility rules, sends no requests, and is not wider than the screen",
            async (_, options, rules) => {
                const { page, noted } = await open(name, options);
                await page.locator("#unfold").click();
                for (const summary of await page.locator(".fold > summary").all()) {
                    await summary.click();
                }
                await page.evaluate(AXE);
                const { violations, passes } = await page.evaluate<AxeResults>(
                    `axe.run(document, ${JSON.stringify({ ...rules, resultTypes: ["violations"] })})`,
                );
                expect(passes.length).toBeGreaterThan(0);
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

        it("prints on A4 in light colours with nothing cut off", async () => {
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

    it("is readable without a script: it shows the tree, but neither a form nor buttons", async () => {
        const { page } = await open("iris", { ...LIGHT, javaScriptEnabled: false });
        expect(await page.locator("#tree .answer:visible").count()).toBe(irisReport.metrics.treeLeaves);
        expect(await page.locator("form").isVisible()).toBe(false);
        expect(await page.locator("#unfold").isVisible()).toBe(false);
        await page.locator("#tree summary").first().click();
        expect(await page.locator("#tree .answer:visible").count()).toBe(0);
        await page.context().close();
    });
});
