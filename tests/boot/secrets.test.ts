import { PROJECT_ID } from "./helpers/backend";
import { TestVm } from "./helpers/vm";

const concurrently = test.concurrent;

/** A value containing everything that quoting, a line-based format or a shell could corrupt. */
const AWKWARD = "two lines\n\"double\" 'single' $HOME `id` \\n %s ünïcode \u{1f511}\ttab = # \n\n";
/** Prints variables in base64, so that the log shows every byte. */
const print = (...names: string[]) =>
    names.map((name) => `printf '%s' "$${name}" | base64 | tr -d '\\n'; echo`).join(";");
const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("a boot with secret variables", () => {
    concurrently("passes them to the container byte for byte, and leaves no trace in files or arguments", async () => {
        await TestVm.with({}, async (vm) => {
            const awkward = await vm.google.backend.makeSecret("awkward", "old", AWKWARD);
            const large = await vm.google.backend.makeSecret("large", "x".repeat(65_536));
            // Variables with the same names as the script's own must not interfere with it.
            vm.config.secretEnv = {
                API_KEY: `${awkward}/versions/2`,
                LARGE: `${large}/versions/1`,
                STATE: `${awkward}/versions/1`,
                ARGS: `${awkward}/versions/1`,
                options: `${awkward}/versions/2`,
            };
            vm.config.args = ["--a=b", "--c=d"];
            await vm.boot({ trainer: `${print("API_KEY", "STATE", "ARGS", "options")}; echo \${#LARGE}` });
            expect(await vm.status()).toMatchObject({ state: "SUCCEEDED" });
            expect((await vm.log()).split("\n")).toEqual([
                base64(AWKWARD),
                base64("old"),
                base64("old"),
                base64(AWKWARD),
                "65536",
                "",
            ]);
            const run = vm.dockerCalls().find(([verb]) => verb === "run");
            expect(run?.slice(-3)).toEqual([vm.config.image, "--a=b", "--c=d"]);
            expect(run?.filter((word) => ["API_KEY", "LARGE", "STATE"].includes(word))).toHaveLength(3);
            expect(JSON.stringify(vm.dockerCalls())).not.toContain("two lines");
            // `docker rm` removes the stub's record of the container, and its log.
            expect(vm.dockerCalls().at(-1)).toEqual(["rm", "--force", "--volumes", "gcp-trainer"]);
            expect(vm.filesWith("two lines")).toEqual([]);
            expect(vm.filesWith("xxxxxxxxxxxxxxxx")).toEqual([]);
        });
    });

    concurrently("reads them before it pulls the image, and again when it starts the container", async () => {
        await TestVm.with({}, async (vm) => {
            const name = await vm.google.backend.makeSecret("key", "value");
            vm.config.secretEnv = { KEY: `${name}/versions/1` };
            await vm.boot();
            const accesses = vm.google.requests.filter((line) => line.includes(":access"));
            // Each version is read until two responses match.
            expect(accesses).toEqual(Array(4).fill(`GET /v1/${name}/versions/1:access`));
        });
    });

    concurrently("waits for the grant, for overloaded servers and for a response with a payload", async () => {
        await TestVm.with({ timing: { grantSeconds: 60 } }, async (vm) => {
            const name = await vm.google.backend.makeSecret("key", "value");
            vm.config.secretEnv = { KEY: `${name}/versions/1` };
            vm.google.faults.push(
                { match: /:access/, times: 1, answer: 403, message: "Permission denied" },
                { match: /:access/, times: 1, answer: 401, message: "Invalid Credentials" },
                { match: /:access/, times: 1, answer: 503 },
                { match: /:access/, times: 1, answer: 200, message: "not a payload" },
            );
            await vm.boot({ trainer: 'echo "$KEY"' });
            expect(await vm.status()).toMatchObject({ state: "SUCCEEDED" });
            expect(await vm.log()).toBe("value\n");
        });
    });

    concurrently("tolerates a denied request when the container starts, because grants propagate slowly", async () => {
        await TestVm.with({}, async (vm) => {
            const name = await vm.google.backend.makeSecret("key", "value");
            vm.config.secretEnv = { KEY: `${name}/versions/1` };
            const second = /:access/;
            let seen = 0;
            second.test = (line) => line.includes(":access") && ++seen === 3;
            vm.google.faults.push({ match: second, answer: 403, message: "Permission denied" });
            await vm.boot({ trainer: 'echo "$KEY"' });
            expect([await vm.log(), seen]).toEqual(["value\n", 5]);
        });
    });

    for (const [what, prepare, reason] of [
        [
            "missing grant (names the role)",
            async (vm: TestVm, name: string) => {
                await vm.google.backend.post(`/v1/${name}:setIamPolicy`, { policy: { bindings: [] } });
                return `${name}/versions/1`;
            },
            /is not allowed to read the secret of the variable KEY \(HTTP 403: Permission 'secretmanager.versions.access' denied.*grant it roles\/secretmanager\.secretAccessor on projects\/demo-project\/secrets\/key and run pulumi up/,
        ],
        [
            "missing version (names it)",
            async (_vm: TestVm, name: string) => `${name}/versions/7`,
            /projects\/demo-project\/secrets\/key\/versions\/7 for the variable KEY does not exist/,
        ],
        [
            "disabled version (names its state)",
            async (vm: TestVm, name: string) => {
                await vm.google.backend.post(`/v1/${name}/versions/1:disable`);
                return `${name}/versions/1`;
            },
            /versions\/1 for the variable KEY cannot be read \(HTTP 400: .*is in DISABLED state.*enable it/,
        ],
        [
            "missing access scope (names it)",
            async (vm: TestVm, name: string) => {
                vm.google.faults.push({
                    match: /:access/,
                    answer: 403,
                    message: "Request had insufficient authentication scopes.",
                });
                return `${name}/versions/1`;
            },
            /needs the access scope https:\/\/www\.googleapis\.com\/auth\/cloud-platform/,
        ],
        [
            "value with a NUL character",
            async (vm: TestVm) => `${await vm.google.backend.makeSecret("binary", Buffer.from([1, 0, 2]))}/versions/1`,
            /contains a NUL character, which the environment variable KEY cannot contain/,
        ],
    ] as const) {
        concurrently(`reports why a value cannot be read: ${what}`, async () => {
            await TestVm.with({ timing: { grantSeconds: 2 } as never }, async (vm) => {
                const name = await vm.google.backend.makeSecret("key", "value");
                vm.config.secretEnv = { KEY: await prepare(vm, name) };
                await vm.boot();
                expect(await vm.status()).toMatchObject({
                    state: "FAILED",
                    exitCode: null,
                    reason: expect.stringMatching(reason),
                });
                expect(vm.dockerCalls()).toEqual([["rm", "--force", "--volumes", "gcp-trainer"]]);
            });
        });
    }

    concurrently("also removes the container if the run fails, is stopped, or has already ended", async () => {
        await TestVm.with({}, async (vm) => {
            const name = await vm.google.backend.makeSecret("key", "value");
            vm.config.secretEnv = { KEY: `${name}/versions/1` };
            const last = () => vm.dockerCalls().at(-1)?.slice(0, 2);
            await vm.boot({ trainer: "exit 3" });
            expect([(await vm.status())?.state, last()]).toEqual(["FAILED", ["rm", "--force"]]);
            const before = vm.dockerCalls().length;
            await vm.boot();
            expect([vm.dockerCalls().length, last()]).toEqual([before + 1, ["rm", "--force"]]);
        });
    });

    concurrently("works with the emulated VM's own curl and timeout", async () => {
        await TestVm.with({}, async (vm) => {
            const name = await vm.google.backend.makeSecret("key", AWKWARD);
            vm.config.secretEnv = { KEY: `${name}/versions/1` };
            vm.shims = true;
            await vm.boot({ trainer: print("KEY") });
            expect(await vm.log()).toBe(`${base64(AWKWARD)}\n`);
        });
    });
});

it("a boot without secret variables sends nothing to Secret Manager and keeps the container", async () => {
    await TestVm.with({}, async (vm) => {
        await vm.boot();
        expect(vm.google.requests.filter((line) => line.includes(`/v1/projects/${PROJECT_ID}`))).toEqual([]);
        expect(vm.dockerCalls().filter(([verb]) => verb === "rm")).toHaveLength(1);
    });
});
