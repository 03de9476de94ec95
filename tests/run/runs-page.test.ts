import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Page } from "playwright-core";
import { renderRunsPage, writeRunsPage } from "../../run/runs-page";
import { readSavedRuns } from "../../run/saved-runs";
import { describeWithChromium } from "../helpers/chromium";
import { statusOf } from "./fakes";

let root: string;
beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "runs-page-"));
});
afterEach(() => rmSync(root, { recursive: true }));

interface Given {
    metrics?: Record<string, unknown>;
    hyperparameters?: Record<string, unknown>;
    runName?: string;
    state?: "SUCCEEDED" | "FAILED";
    day?: number;
}

function addRun(
    id: string,
    { metrics, hyperparameters = {}, runName, state = "SUCCEEDED", day = 1 }: Given = {},
): void {
    const folder = path.join(root, id);
    mkdirSync(folder);
    const [startedAt, finishedAt] = [`2026-01-0${day}T00:00:00Z`, `2026-01-0${day}T00:02:05Z`];
    writeFileSync(
        path.join(folder, "status.json"),
        JSON.stringify(statusOf({ runId: id.slice(0, 12), state, startedAt, finishedAt })),
    );
    const manifest = {
        schema: 1,
        runId: id,
        runName,
        hyperparameters,
        target: "y",
        dropColumns: [],
        cost: { usd: 0.0123, isExample: state === "FAILED" },
        machine: { type: "e2-small", provisioning: "spot" },
    };
    writeFileSync(path.join(folder, "manifest.json"), JSON.stringify(manifest));
    if (metrics) {
        writeFileSync(path.join(folder, "metrics.json"), JSON.stringify(metrics));
        writeFileSync(path.join(folder, "report.html"), "<!doctype html><title>Report</title>");
    }
}

describe("the page about all runs", () => {
    it("reads every run and earlier attempt in the folder, oldest first, and nothing else", async () => {
        addRun("r-000000000b", {
            day: 2,
            metrics: { accuracy: 0.9, schema: 1, note: "x" },
            hyperparameters: { a: [1] },
        });
        addRun("r-000000000a.20260101T000205Z", { day: 1, state: "FAILED", runName: "first" });
        mkdirSync(path.join(root, "r-000000000c"));
        mkdirSync(path.join(root, "notes"));
        writeFileSync(path.join(root, "index.html"), "");

        await expect(readSavedRuns(root)).resolves.toEqual([
            expect.objectContaining({
                id: "r-000000000a.20260101T000205Z",
                name: "first",
                state: "FAILED",
                hasReport: false,
            }),
            {
                id: "r-000000000b",
                name: null,
                state: "SUCCEEDED",
                reason: null,
                attempt: 1,
                startedAt: "2026-01-02T00:00:00Z",
                finishedAt: "2026-01-02T00:02:05Z",
                seconds: 125,
                costUsd: 0.0123,
                exampleCostUsd: null,
                dataset: null,
                datasetHash: null,
                image: null,
                machine: "e2-small",
                provisioning: "spot",
                parameters: { a: "[1]", target: "y" },
                metrics: { accuracy: 0.9 },
                hasReport: true,
            },
        ]);
    });

    it("is replaced as a whole", async () => {
        addRun("r-000000000a");
        await writeRunsPage(root, () => undefined);
        const before = readFileSync(path.join(root, "index.html"), "utf8");
        addRun("r-000000000b");
        await writeRunsPage(root, () => undefined);
        expect(readFileSync(path.join(root, "index.html"), "utf8")).not.toBe(before);
        expect(readdirSync(root).sort()).toEqual(["index.html", "r-000000000a", "r-000000000b"]);
    });

    it("does not prevent results from being saved if it cannot be written", async () => {
        mkdirSync(path.join(root, "index.html/x"), { recursive: true });
        const printed: string[] = [];
        await writeRunsPage(root, (line) => printed.push(line));
        expect(printed).toEqual([expect.stringMatching(/index\.html could not be written: /)]);
        expect(readdirSync(root)).toEqual(["index.html"]);
    });

    it("never treats text from a trainer as HTML", () => {
        expect(renderRunsPage('</title>"&', [])).toContain("<title>Runs of &lt;/title>&quot;&amp;</title>");
    });
});

describeWithChromium("the page about all runs, in a browser,", (executablePath) => {
    async function open(action: (page: Page, problems: string[]) => Promise<void>, width = 1200): Promise<void> {
        await writeRunsPage(root, () => undefined);
        const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
        try {
            const page = await browser.newPage({ viewport: { width, height: 800 } });
            const problems: string[] = [];
            page.on("pageerror", (error) => problems.push(error.message));
            page.on("console", (message) => problems.push(...(message.type() === "error" ? [message.text()] : [])));
            await page.goto(pathToFileURL(path.join(root, "index.html")).href);
            await action(page, problems);
        } finally {
            await browser.close();
        }
    }

    it("shows metrics and the parameters that differ, sorts the runs, marks the best and compares two", async () => {
        const evil = "<img src=x onerror=document.title='bad'>";
        addRun("r-000000000a", {
            day: 1,
            metrics: { accuracy: 0.91, logLoss: 0.3 },
            hyperparameters: { maxDepth: 3, same: 1 },
        });
        addRun("r-000000000b", {
            day: 2,
            runName: evil,
            metrics: { accuracy: 0.95, logLoss: 0.4 },
            hyperparameters: { maxDepth: 5, same: 1 },
        });
        addRun("r-000000000c", { day: 3, state: "FAILED", hyperparameters: { maxDepth: 7, same: 1 } });
        await open(async (page, problems) => {
            const heads = await page.locator("#table th").allTextContents();
            expect(heads).toEqual([
                "",
                "Run",
                "State",
                "Started (UTC) ↓",
                "Duration",
                "Cost",
                "Machine",
                "Data",
                "maxDepth",
                "accuracy",
                "logLoss",
            ]);
            const ids = () => page.locator("#table tbody td:nth-child(2) a").allTextContents();
            expect(await ids()).toEqual(["r-000000000c", evil, "r-000000000a"]);
            expect(await page.locator("#table tbody tr:has-text('best')").textContent()).toContain(evil);
            expect(await page.locator("#table td.best").allTextContents()).toEqual([
                expect.stringContaining(evil),
                "0.95",
                "0.3",
            ]);
            await page.locator("#table button", { hasText: "logLoss" }).click();
            expect((await ids())[1]).toBe("r-000000000a");
            await page.locator("#metric").selectOption("logLoss");
            expect(await page.locator("#table tbody tr:has-text('best')").textContent()).toContain("r-000000000a");
            expect(await page.locator("#chart rect").count()).toBe(2);
            await page.getByLabel("Compare r-000000000a").check();
            // The report itself cannot contain the cost.
            expect(await page.locator("iframe").count()).toBe(1);
            expect(await page.locator("#comparison tr:has-text('Cost') td").allTextContents()).toEqual(["$0.0123"]);
            await page.getByLabel(`Compare ${evil}`).check();
            expect(await page.locator("#comparison tr.differs th").allTextContents()).toEqual([
                "Started",
                "maxDepth",
                "accuracy",
                "logLoss",
            ]);
            expect(await page.locator("iframe").count()).toBe(2);
            expect(await page.title()).toBe(`Runs of ${path.basename(root)}`);
            // The price of the failed run is an example from an emulator.
            await page.goto(`${pathToFileURL(path.join(root, "index.html")).href}#r-000000000c`);
            await page.reload();
            expect(await page.locator("#comparison thead th").allTextContents()).toEqual(["", "r-000000000c"]);
            expect(await page.locator("#comparison tr:has-text('Cost') td").allTextContents()).toEqual([
                "$0.0123 (example)",
            ]);
            expect(problems).toEqual([]);
        });
    });

    it("shows a chart whose labels are neither squeezed nor overlap, on a phone and after it is rotated", async () => {
        for (const day of [1, 2, 3, 4, 5, 6]) {
            addRun(`r-000000000${day}`, { day, metrics: { accuracy: 0.90111 + day / 100 } });
        }
        const labels = (page: Page) =>
            page.evaluate(`(() => {
                const texts = [...document.querySelectorAll("#chart text")];
                const boxes = texts.map((text) => text.getBoundingClientRect());
                const overlaps = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
                const isSqueezed = (text) => text.getScreenCTM().a < 0.95 * text.getScreenCTM().d;
                return {
                    count: texts.length,
                    squeezed: texts.filter(isSqueezed).length,
                    overlapping: boxes.filter((a, index) => boxes.slice(index + 1).some((b) => overlaps(a, b))).length,
                };
            })()`);
        await open(async (page, problems) => {
            expect(await labels(page)).toEqual({ count: 6, squeezed: 0, overlapping: 0 });
            await page.setViewportSize({ width: 800, height: 390 });
            await page.waitForFunction("document.querySelectorAll('#chart text').length > 6");
            expect(await labels(page)).toEqual({ count: 12, squeezed: 0, overlapping: 0 });
            expect(problems).toEqual([]);
        }, 390);
    });

    it("fits on a phone, with one run and without metrics", async () => {
        addRun("r-000000000a");
        await open(async (page, problems) => {
            expect(await page.locator("#summary").textContent()).toContain("1 run on this machine");
            expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
            expect(problems).toEqual([]);
        }, 390);
        expect(existsSync(path.join(root, "index.html"))).toBe(true);
    });
});
