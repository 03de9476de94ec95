import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { type ReportInput, renderReport } from "../../../lib/report";

/** Browser settings for viewing a report. */
export const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 780 }, colorScheme: "light" };
export const LIGHT: BrowserContextOptions = { viewport: { width: 1280, height: 900 }, colorScheme: "light" };
export const DARK: BrowserContextOptions = { viewport: { width: 1280, height: 900 }, colorScheme: "dark" };

/** Opens a report by name, and records all errors and requests of the page. */
export type OpenReport = (name: string, options: BrowserContextOptions) => Promise<{ page: Page; noted: string[] }>;

/** Writes the reports to files and starts a browser for the enclosing tests. Afterwards, both are removed. */
export function withReports(executablePath: string, reports: Readonly<Record<string, ReportInput>>): OpenReport {
    let browser: Browser | undefined;
    let folder: string;

    beforeAll(async () => {
        folder = mkdtempSync(path.join(tmpdir(), "report-"));
        for (const [name, input] of Object.entries(reports)) {
            writeFileSync(path.join(folder, `${name}.html`), renderReport(input));
        }
        browser = await chromium.launch({ executablePath });
    });
    afterAll(async () => {
        await browser?.close();
        rmSync(folder, { recursive: true, force: true });
    });

    return async (name, options) => {
        const context = await (browser as Browser).newContext(options);
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
    };
}
