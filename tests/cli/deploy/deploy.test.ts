import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { deploy, type Kind } from "../../../cli/deploy/deploy";
import { UsageError } from "../../../cli/shared/usage-error";
import { reasonWithoutTerminal, TerminalCommand } from "../../helpers/terminal-command";

// `pulumi` is a stub that sends recorded events through the Automation API's own protocol. tests/e2e/engine uses the
// real one.
const ROOT = path.resolve(__dirname, "../../..");
const RUN = "pulumi-nodejs:dynamic/gcp-trainer:TrainingRun";
const BUCKET = "gcp:storage/bucket:Bucket";
const INSTANCE = "gcp:compute/instance:Instance";

let folder: string;
beforeEach(() => {
    folder = realpathSync(mkdtempSync(path.join(tmpdir(), "deploy-")));
    mkdirSync(path.join(folder, "bin"));
    writeFileSync(
        path.join(folder, "bin", "pulumi"),
        `#!/bin/sh\nNODE_PATH="${ROOT}/node_modules" exec "${process.execPath}" "${path.join(__dirname, "stub-pulumi.js")}" "$@"\n`,
        { mode: 0o755 },
    );
    writeFileSync(path.join(folder, "outputs.json"), "{}");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const env = (PATH = path.join(folder, "bin")) => ({
    ...process.env,
    STUB_FOLDER: folder,
    PATH: `${PATH}:/usr/bin:/bin`,
});
const touch = (name: string) => writeFileSync(path.join(folder, name), "");

function given(...events: object[]): void {
    writeFileSync(path.join(folder, "events"), events.map((event) => JSON.stringify(event)).join("\n"));
}

const urnOf = (type: string, name: string) =>
    `urn:pulumi:dev::gcp-trainer::gcp-trainer:index:TrainingJob$${type}::${name}`;
const metadata = (type: string, name: string, op: string) => ({
    op,
    urn: urnOf(type, name),
    type,
    new: { custom: true },
});
const start = (type: string, name: string, op = "create") => ({
    resourcePreEvent: { metadata: metadata(type, name, op) },
});
const end = (type: string, name: string, op = "create") => ({
    resOutputsEvent: { metadata: metadata(type, name, op) },
});
const printed = (message: string, severity = "info") => ({
    diagnosticEvent: { urn: urnOf(RUN, "trainer-run"), message: `<{%reset%}>${message}\n<{%reset%}>`, severity },
});
const summary = { summaryEvent: { durationSeconds: 41, resourceChanges: { create: 2, same: 3 } } };

const describeWithTerminal = reasonWithoutTerminal() === undefined ? describe : describe.skip;

describeWithTerminal("npm run up in a terminal of 80x24", () => {
    const up = () =>
        new TerminalCommand(path.join(ROOT, "cli/deploy/main.ts"), ["up", "-s", "dev"], { cwd: ROOT, env: env() });

    it("shows the resources, the trainer's log and the results, with the progress in the last lines", async () => {
        const lines = Array.from({ length: 40 }, (_, index) => printed(`| epoch ${index}`));
        given(
            start(BUCKET, "trainer-data"),
            end(BUCKET, "trainer-data"),
            start(RUN, "trainer-run"),
            printed(`| ${"x".repeat(100)}`),
            printed("| <<{%reset%}>{%reset%}> \u001b[2J"),
            {
                diagnosticEvent: {
                    urn: "urn:pulumi:dev::gcp-trainer::pulumi:pulumi:Stack::gcp-trainer-dev",
                    message: "| <{%reset%}> without colours\n",
                    severity: "info",
                    color: "never",
                },
            },
            ...lines,
            { waitFor: "seen" },
            end(RUN, "trainer-run"),
            summary,
        );
        writeFileSync(
            path.join(folder, "outputs.json"),
            JSON.stringify({ metrics: { accuracy: 0.93333 }, resultsDir: "models/dev/r-0", leftToBill: ["boot disk"] }),
        );
        const command = up();
        await command.shows(/epoch 39/);
        await command.shows(/^Ctrl-C twice detaches; the run continues$/);

        expect(command.screen).toHaveLength(24);
        expect(command.screen.at(-2)).toMatch(/^1 done, in progress: trainer-run \d+ s$/);
        expect(command.screen.slice(0, 22)).toEqual(Array.from({ length: 22 }, (_, index) => `| epoch ${index + 18}`));
        touch("seen");
        await expect(command.ended).resolves.toBe(0);
        expect(command.history.map((line) => line.replace(/ +\d+\.\d s$/, ""))).toEqual([
            "+ bucket",
            `| ${"x".repeat(78)}`,
            "x".repeat(22),
            "| <{%reset%}> \\x1b[2J",
            "| <{%reset%}> without colours",
            ...Array.from({ length: 40 }, (_, index) => `| epoch ${index}`),
            "+ run",
            "",
            "Metrics reported by the trainer:",
            "  accuracy  0.93333",
            "Results, verified, in models/dev/r-0/",
            "Billed until npm run destroy -- -s dev:",
            "  boot disk",
            "Resources: 2 created, 3 unchanged in 41 s",
        ]);
        expect(readFileSync(path.join(folder, "calls"), "utf8")).not.toContain("stack select");
    });

    it("detaches after two Ctrl-Cs, each of which Pulumi receives once", async () => {
        given(start(RUN, "trainer-run"), { waitFor: "never" });
        const command = up();
        await command.shows(/^Ctrl-C twice detaches/);
        command.type("\x03");
        await command.shows(/^Ctrl-C again detaches; the run continues$/);
        expect(readFileSync(path.join(folder, "interrupts"), "utf8")).toBe("x");
        command.type("\x03");

        await expect(command.ended).resolves.toBe(130);
        expect(readFileSync(path.join(folder, "interrupts"), "utf8")).toBe("xx");
        expect(command.history).toEqual([
            "",
            "The run continues. To follow it: npm run logs -- --follow -s dev",
            "To reattach: npm run up -- -s dev",
        ]);
    });

    it("detaches after two Ctrl-Cs, even if Pulumi receives them as one", async () => {
        given(start(RUN, "trainer-run"), { waitFor: "never" });
        touch("busy");
        const command = up();
        await command.shows(/^Ctrl-C twice detaches/);
        command.type("\x03");
        await command.shows(/^Ctrl-C again detaches; the run continues$/);
        command.type("\x03");

        await expect(command.ended).resolves.toBe(130);
        expect(readFileSync(path.join(folder, "interrupts"), "utf8")).toBe("xxx");
    });
});

describeWithTerminal("npm run destroy in a terminal", () => {
    it("asks for the stack's name, even without colours", async () => {
        given(summary);
        const command = new TerminalCommand(path.join(ROOT, "cli/deploy/main.ts"), ["destroy", "-s", "dev"], {
            cwd: ROOT,
            env: { ...env(), NO_COLOR: "1" },
        });
        await command.shows(/Type its name to continue: $/);
        command.type("dev\r");

        await expect(command.ended).resolves.toBe(0);
        expect(readFileSync(path.join(folder, "calls"), "utf8")).toContain("destroy");
    });
});

describe("outside a terminal,", () => {
    const before = process.env;
    beforeEach(() => {
        process.env = env();
    });
    afterEach(() => {
        process.env = before;
    });

    /** Runs a command whose output is not a terminal. */
    async function run(kind: Kind, args: string[]): Promise<{ status: number; stdout: string }> {
        let stdout = "";
        const write = (text: string) => {
            stdout += text;
        };
        const terminal = { isInteractive: false, isRewritable: false, hasColours: false, columns: 80, write };
        const status = await deploy(kind, args, { projectDir: ROOT, packageDir: folder, terminal });
        return { status, stdout };
    }

    it("npm run up prints plain lines, and the errors at the end", async () => {
        given(
            start(BUCKET, "trainer-data", "create-replacement"),
            end(BUCKET, "trainer-data", "create-replacement"),
            start(RUN, "trainer-run"),
            printed("| \u001b[31mred\u001b[0m"),
            printed("The trainer failed", "error"),
            { resOpFailedEvent: { metadata: metadata(RUN, "trainer-run", "create") } },
            { diagnosticEvent: { message: "update failed", severity: "error" } },
        );
        const { status, stdout } = await run("up", ["-s", "dev"]);

        expect(stdout.split("\n")).toEqual(["+ bucket", "| red", "", "error: The trainer failed", ""]);
        expect(status).toBe(1);
    });

    const outOfStock = (zone: string) => [
        start(INSTANCE, "trainer-vm"),
        {
            diagnosticEvent: {
                urn: urnOf(INSTANCE, "trainer-vm"),
                // https://github.com/CCExtractor/sample-platform/issues/901
                message: `Error waiting for instance to create: The zone 'projects/p/zones/${zone}' does not have enough resources available to fulfill the request.  Try a different zone, or try again later.\n`,
                severity: "error",
            },
        },
        { resOpFailedEvent: { metadata: metadata(INSTANCE, "trainer-vm", "create") } },
    ];
    const giveEach = (...updates: object[][]) =>
        updates.forEach((events, index) => {
            const lines = events.map((event) => JSON.stringify(event));
            writeFileSync(path.join(folder, `events.${index + 1}`), lines.join("\n"));
        });
    const updates = () => readFileSync(path.join(folder, "calls"), "utf8").match(/^up /gm)?.length;

    it("npm run up tries again after a stock-out, so that the program chooses the next zone", async () => {
        writeFileSync(path.join(folder, "zones"), '["us-central1-a","us-central1-b"]');
        giveEach(outOfStock("us-central1-a"), [end(INSTANCE, "trainer-vm"), summary]);
        const { status, stdout } = await run("up", ["-s", "dev"]);

        expect(stdout).toContain("\nus-central1-a is out of stock; trying again\n");
        expect(stdout).toContain("Resources: 2 created, 3 unchanged");
        expect({ status, updates: updates() }).toEqual({ status: 0, updates: 2 });
    });

    it("npm run up tries again if the last attempt of a run needs a different VM", async () => {
        giveEach(
            [printed("Run r-0 was interrupted on spot VMs, and its last attempt needs a standard VM.", "error")],
            [summary],
        );
        const { status, stdout } = await run("up", ["-s", "dev"]);

        expect(stdout).toContain("\nthe last attempt of the run needs a standard VM; trying again\n");
        expect({ stdout, status, updates: updates() }).toMatchObject({ status: 0, updates: 2 });
    });

    it.each([
        ["every zone is out of stock", '["us-central1-a","us-central1-b"]', 3],
        ["the stack has one zone", '["us-central1-a"]', 1],
    ])("npm run up fails if %s", async (_what, zones, count) => {
        writeFileSync(path.join(folder, "zones"), zones);
        giveEach(outOfStock("us-central1-a"), outOfStock("us-central1-b"), outOfStock("us-central1-a"));
        const { status, stdout } = await run("up", ["-s", "dev"]);

        expect(stdout).toMatch(/error: .*does not have enough resources available to fulfill the request/);
        expect({ status, updates: updates() }).toEqual({ status: 1, updates: count });
    });

    it("npm run preview prints what would change, with the changed properties", async () => {
        const step = { ...metadata(BUCKET, "trainer-data", "update"), diffs: ["labels", "location"] };
        given({ resourcePreEvent: { metadata: step, planning: true } }, summary);
        const { status, stdout } = await run("preview", ["-s", "dev"]);

        expect(stdout).toBe("~ bucket    labels, location\n\nResources: 2 to create, 3 unchanged\n");
        expect(status).toBe(0);
    });

    describe("changed resources", () => {
        const network = "gcp:compute/network:Network";
        const subnetwork = "gcp:compute/subnetwork:Subnetwork";
        const instance = "gcp:compute/instance:Instance";
        const account = "gcp:serviceaccount/account:Account";
        beforeEach(() => {
            const changed: [type: string, name: string, op: string][] = [
                [network, "trainer-network", "create"],
                [account, "trainer-account", "create"],
                [subnetwork, "trainer-subnetwork", "create"],
                [instance, "trainer-vm", "create-replacement"],
                [instance, "trainer-vm", "delete-replaced"],
                ["random:index/id:Id", "other", "update"],
            ];
            given(...changed.flatMap((step) => [start(...step), end(...step)]), summary);
        });

        it("are folded into one line for each kind of change to a part of the stack", async () => {
            const { stdout } = await run("up", ["-s", "dev"]);

            expect(stdout.split("\n").slice(0, 6)).toEqual([
                "+ network   2 resources",
                "+ identity",
                "+ VM",
                "- VM",
                "~ random:index:Id",
                "",
            ]);
        });

        it("are listed one by one with --verbose", async () => {
            const { stdout } = await run("up", ["-s", "dev", "--verbose"]);

            expect(stdout.split("\n").slice(0, 7)).toEqual([
                "+ gcp:compute:Network                  trainer-network",
                "+ gcp:serviceaccount:Account           trainer-account",
                "+ gcp:compute:Subnetwork               trainer-subnetwork",
                "+ gcp:compute:Instance                 trainer-vm",
                "- gcp:compute:Instance                 trainer-vm",
                "~ random:index:Id                      other",
                "",
            ]);
        });
    });

    it("npm run destroy requires --yes if there is no terminal on which to ask", async () => {
        await expect(run("destroy", ["-s", "dev"])).rejects.toThrow(
            new UsageError("--yes must be set if there is no terminal on which to ask (npm run destroy -- --yes)"),
        );
        expect(readFileSync(path.join(folder, "calls"), "utf8")).not.toContain("destroy");
    });

    it("an error from Pulumi is reported with the command that fixes it", async () => {
        writeFileSync(path.join(folder, "stderr"), "error: no stack named 'dev' found");
        const { status, stdout } = await run("up", ["-s", "dev"]);

        expect(stdout).toContain("error: no stack named 'dev' found (npx pulumi stack ls lists the stacks");
        expect(status).toBe(1);
    });

    it("without pulumi, the error names the command that installs it", async () => {
        writeFileSync(path.join(folder, "bin", "pulumi"), "#!/bin/sh\necho 'cannot be downloaded' >&2\nexit 1\n", {
            mode: 0o755,
        });
        await expect(run("up", ["-s", "dev"])).rejects.toThrow(
            /^Pulumi's command line, pulumi, must be on PATH; got "cannot be downloaded" \(curl -fsSL .*\)$/,
        );
    });
});
