import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { type Emulator, startEmulator } from "../../emulator/src";
import { describeWithChromium } from "../helpers/chromium";

const PROJECT_ID = "demo-project";
const NEW_BUCKET = "made-by-a-web-page";

/** A request that a web page tries to send. */
interface Try {
    readonly path: string;
    readonly init?: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string };
}

/** These requests read the console, the APIs and a token, create a bucket, and switch a VM off. */
const TRIES: readonly Try[] = [
    { path: "/" },
    { path: `/storage/v1/b?project=${PROJECT_ID}`, init: { headers: { authorization: "Bearer guessed" } } },
    { path: "/v2/" },
    {
        path: `/storage/v1/b?project=${PROJECT_ID}`,
        init: {
            method: "POST",
            headers: { authorization: "Bearer guessed", "content-type": "application/json" },
            body: JSON.stringify({ name: NEW_BUCKET }),
        },
    },
    // This request does not need a preflight, because a form on any page may send it.
    {
        path: `/storage/v1/b?project=${PROJECT_ID}`,
        init: { method: "POST", body: JSON.stringify({ name: NEW_BUCKET }) },
    },
    { path: "/computeMetadata/v1/instance/service-accounts/default/token" },
    { path: "/emulator/v1/machine/systemctl", init: { method: "POST", body: '{"args":["poweroff"]}' } },
];

describeWithChromium("a web page in Chromium", (executablePath) => {
    let folder: string;
    let emulator: Emulator;
    let elsewhere: Server;
    let browser: Browser;

    beforeAll(async () => {
        folder = mkdtempSync(path.join(tmpdir(), "browser-"));
        emulator = await startEmulator({ dataDir: folder, runtime: "process" });
        elsewhere = createServer((_request, response) => {
            response.setHeader("content-type", "text/html");
            response.end("<!doctype html><title>a page elsewhere</title>");
        });
        elsewhere.listen(0, "127.0.0.1");
        await once(elsewhere, "listening");
        browser = await chromium.launch({
            executablePath,
            args: [
                "--no-sandbox",
                "--disable-quic",
                "--disable-background-networking",
                // Some browsers do not protect local addresses, so the emulator must be safe without that.
                "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
                "--host-resolver-rules=MAP *.example 127.0.0.1",
            ],
        });
    });
    afterAll(async () => {
        await browser.close();
        elsewhere.close();
        await emulator.stop();
        rmSync(folder, { recursive: true, force: true });
    });

    /** Tries everything from the page, and returns the responses that a script could read. */
    async function attack(page: Page, target: string): Promise<{ status: number; text: string }[]> {
        return page.evaluate(
            async ([root, tries]) => {
                const read: { status: number; text: string }[] = [];
                for (const { path: target, init } of tries) {
                    for (const mode of ["cors", "no-cors"] as const) {
                        const response = await fetch(root + target, { ...init, mode }).catch(() => undefined);
                        if (response !== undefined && response.type !== "opaque") {
                            read.push({ status: response.status, text: await response.text() });
                        }
                    }
                }
                return read;
            },
            [target, TRIES] as const,
        );
    }

    async function bucketNames(): Promise<string[]> {
        return (await emulator.inventory()).map(({ name }) => name);
    }

    it("cannot read or change anything from a foreign origin", async () => {
        const page = await browser.newPage();
        await page.goto(`http://elsewhere.example:${(elsewhere.address() as AddressInfo).port}/`);
        const read = await attack(page, emulator.url);
        await page.close();

        expect(read).toEqual([]);
        await expect(bucketNames()).resolves.toEqual([]);
    });

    it("cannot read or change anything through DNS rebinding", async () => {
        const rebound = `http://rebound.example:${emulator.port}`;
        const page = await browser.newPage();
        // The attacker serves the page, then makes its host name point to this machine.
        await page.route(`${rebound}/page`, (route) =>
            route.fulfill({ contentType: "text/html", body: "<!doctype html><title>rebound</title>" }),
        );
        await page.goto(`${rebound}/page`);
        const read = await attack(page, rebound);
        await page.close();

        // The browser treats this as same-origin, so a script can read every response.
        expect(read).toHaveLength(2 * TRIES.length);
        expect(read.map(({ status }) => status)).toEqual(read.map(() => 403));
        expect(read.every(({ text }) => text.includes("rebound.example"))).toBe(true);
        await expect(bucketNames()).resolves.toEqual([]);
    });
});
