import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { renderSweepPage } from "../../run/sweep-page";
import { describeWithChromium } from "../helpers/chromium";

const idOf = (index: number) => `p-${String(index).padStart(10, "0")}`;
/** A sweep of numbers, words and text that must not become HTML; the second point has failed. */
const TABLE = {
    schema: 1,
    runId: "r-0123456789",
    state: "SUCCEEDED",
    metric: "accuracy",
    goal: "maximize",
    best: idOf(3),
    counts: { points: 6, succeeded: 5, failed: 1 },
    points: Array.from({ length: 6 }, (_, index) => ({
        point: idOf(index),
        arguments: { depth: 2 ** index, kind: index % 2 === 0 ? "<b>gini" : "</script>entropy", same: 1 },
        state: index === 1 ? "FAILED" : "SUCCEEDED",
        exitCode: index === 1 ? 65 : 0,
        metric: index === 1 ? null : index === 3 ? 0.9 : index / 10,
        attempts: 1,
        minutes: 1.5,
        reason: index === 1 ? "The trainer failed (exit code 65)" : null,
    })),
};

describeWithChromium("the page of a sweep", (executablePath) => {
    it.each([
        ["a desktop, light", { width: 1200, height: 900 }, "light" as const],
        ["a phone, dark", { width: 390, height: 800 }, "dark" as const],
    ])("plots the metric against each parameter that differs, on %s", async (_, viewport, colorScheme) => {
        const folder = mkdtempSync(path.join(tmpdir(), "sweep-page-"));
        const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
        try {
            const file = path.join(folder, "sweep.html");
            writeFileSync(file, renderSweepPage(TABLE, { [idOf(3)]: 0.5 }, "$0.50 for 9 minutes"));
            const page = await browser.newPage({ viewport, colorScheme });
            const errors: string[] = [];
            page.on("pageerror", (error) => errors.push(String(error)));
            await page.goto(pathToFileURL(file).href);

            expect(errors).toEqual([]);
            expect(await page.locator("figure h3").allTextContents()).toEqual(["depth", "kind"]);
            expect(await page.locator("figure").first().locator(".dot").count()).toBe(5);
            expect(await page.locator("#best h2").textContent()).toBe("Best point");
            expect(await page.locator("#best b").first().textContent()).toBe("0.9");
            expect(await page.locator("tbody tr").first().locator("td").first().textContent()).toBe(idOf(3));
            expect(await page.locator("main b").count()).toBe(1);
            expect(await page.locator("#summary").textContent()).toContain("; cost: $0.50 for 9 minutes");
            expect(await page.locator("tbody tr").first().textContent()).toContain("$0.5000");
            expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);

            // A point is selected with the keyboard, and every plot marks it.
            await page.locator("#row-4").focus();
            await page.keyboard.press("Enter");
            expect(await page.locator(".dot.chosen").count()).toBe(2);
            expect(await page.evaluate(() => document.activeElement?.id)).toBe("row-4");
            await page.locator("#sort-metric").focus();
            await page.keyboard.press("Enter");
            expect(await page.locator("th[aria-sort=ascending]").textContent()).toContain("accuracy");
        } finally {
            await browser.close();
            rmSync(folder, { recursive: true });
        }
    });
});

it("the page about a sweep contains text from a config only as JSON", () => {
    const page = renderSweepPage({ ...TABLE, runId: "<r>" });

    expect(page).not.toContain("<b>gini");
    expect(page).not.toContain("</script>entropy");
    expect(page).toContain("<title>Sweep r></title>");
});
