import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium, type Page } from "playwright-core";
import { TestEmulator } from "../../emulator/src/testing";
import { ACCOUNT, cloudConfig, PROJECT_ID, TestInstance } from "../../emulator/test/vm/support";
import { describeWithChromium } from "../helpers/chromium";

const BUCKET = "seen-by-a-web-page";
const NEW_BUCKET = "made-by-a-web-page";
const NEW_OBJECT = "made-by-a-web-page";

/** A request that a web page tries to send. */
interface Try {
    readonly path: string;
    readonly init?: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string };
}

/** These requests read the console, the APIs and a token, create a bucket and an object, and switch a VM off. */
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
    {
        path: "/computeMetadata/v1/instance/service-accounts/default/token",
        init: { headers: { "Metadata-Flavor": "Google" } },
    },
    { path: "/emulator/v1/guest/systemctl", init: { method: "POST", body: '{"args":["poweroff"]}' } },
    {
        path: "/emulator/v1/guest/systemctl",
        init: { method: "POST", headers: { "Metadata-Flavor": "Google" }, body: '{"args":["poweroff"]}' },
    },
    { path: `/storage/v1/b/${BUCKET}/o` },
    {
        path: `/upload/storage/v1/b/${BUCKET}/o?uploadType=media&name=${NEW_OBJECT}`,
        init: { method: "POST", body: "x" },
    },
];

describeWithChromium("a web page in Chromium", (executablePath) => {
    let emulator: TestEmulator;
    let vm: TestInstance;
    /** The emulator's ports, by name. */
    let ports: Readonly<Record<"main" | "vm", number>>;
    let elsewhere: Server;
    let browser: Browser;

    beforeAll(async () => {
        emulator = await TestEmulator.start({ runtime: "process" });
        await emulator.ok("POST", `/v1/projects/${PROJECT_ID}/serviceAccounts`, { body: { accountId: "trainer" } });
        await emulator.makeBucket(BUCKET, {}, PROJECT_ID);
        const bindings = [{ role: "roles/storage.admin", members: [`serviceAccount:${ACCOUNT}`] }];
        await emulator.ok("PUT", `/storage/v1/b/${BUCKET}/iam`, { body: { bindings } });
        // Programs in the VM know the port of its control server, so the VM prints it.
        const userData = cloudConfig({}, 'echo "control $EMULATOR_VM_CONTROL"');
        const scopes = ["https://www.googleapis.com/auth/devstorage.full_control"];
        vm = await TestInstance.create(emulator, "vm", userData, { serviceAccounts: [{ email: ACCOUNT, scopes }] });
        const printed = /control http:\/\/[^/]*:(\d+)/.exec(await vm.untilSerial("control http"));
        ports = { main: emulator.port, vm: Number(printed?.[1]) };
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
    });

    /** Tries all the requests from the page, and returns the responses that a script could read. */
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

    async function expectNoChange(): Promise<void> {
        const names = (await emulator.inventory()).map(({ name }) => name);
        expect(names).toContain(BUCKET);
        expect(names).not.toContain(NEW_BUCKET);
        await expect(emulator.bucket(BUCKET).list("")).resolves.toEqual([]);
        await expect(vm.status()).resolves.toBe("RUNNING");
    }

    it.each(["main", "vm"] as const)(
        "cannot read or change anything on the %s port from a foreign origin",
        async (port) => {
            const page = await browser.newPage();
            await page.goto(`http://elsewhere.example:${(elsewhere.address() as AddressInfo).port}/`);
            const read = await attack(page, `http://127.0.0.1:${ports[port]}`);
            await page.close();

            expect(read).toEqual([]);
            await expectNoChange();
        },
    );

    it.each(["main", "vm"] as const)(
        "cannot read or change anything on the %s port through DNS rebinding",
        async (port) => {
            const rebound = `http://rebound.example:${ports[port]}`;
            const page = await browser.newPage();
            // The attacker serves the page, then makes its host name resolve to this machine.
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
            await expectNoChange();
        },
    );
});
